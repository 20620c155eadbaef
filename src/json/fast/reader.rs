//! JSON as programs write it, read in one pass: reports come by the million, and most of each is passed over.
//!
//! It reads less than all of JSON, and takes nothing that serde_json refuses or reads in another way. What it does not
//! read is left to serde_json, which also says what is wrong. Objects and lists that are passed over are first compared
//! with those that stood under the same key before: in the reports of one estate many are the same.

use std::cell::RefCell;
use std::fmt;

use memchr::memchr2;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_json::value::RawValue;

use super::plain_length;

/// Objects and lists in each other that are passed over: no report comes near, and a number has so many bits.
const DEPTH: u32 = 64;
/// Keys whose values are remembered: a report has some twenty with objects and lists that are passed over.
const KEYS: usize = 64;
/// Values that are remembered of each: an estate has a few rules and CAs.
const VALUES: usize = 4;
/// The largest value that is remembered, in bytes: a reference of some thirty members.
const REMEMBERED: usize = 64 * 1024;
/// What a value that is wanted as it stands is called on the way through serde.
const RAW: &str = "same-ca raw";

thread_local! {
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

/// Reads a document; none where it is not as programs write it, or not of this type.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    SEEN.with_borrow_mut(|seen| {
        if seen.is_empty() {
            seen.resize_with(KEYS, Seen::default);
        }
        let mut reader = Reader {
            text,
            at: 0,
            key: "",
            seen,
        };
        let value = T::deserialize(&mut reader).ok()?;
        reader.space();
        (reader.at == text.len()).then_some(value)
    })
}

/// A value as it stands in the document, known to be JSON.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a>(pub &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl<'de> Visitor<'de> for Whole {
            type Value = Raw<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Raw<'de>, E> {
                Ok(Raw(text))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw<'de>, D::Error> {
                <&RawValue>::deserialize(deserializer).map(|raw| Raw(raw.get()))
            }
        }
        deserializer.deserialize_newtype_struct(RAW, Whole)
    }
}

/// What is not read here. Nobody sees it: serde_json says what is wrong.
#[derive(Debug)]
struct Unusual;

impl fmt::Display for Unusual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not as programs write it")
    }
}

impl std::error::Error for Unusual {}

impl serde::de::Error for Unusual {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Unusual
    }
}

/// Values that stood under keys that share a place.
#[derive(Default)]
struct Seen {
    values: [Vec<u8>; VALUES],
    /// The one that is forgotten next.
    next: usize,
}

impl Seen {
    /// How long the value is that the text begins with, if it was seen. Each ends in its own bracket, so what begins
    /// with it is it.
    fn length(&self, text: &[u8]) -> Option<usize> {
        let mut seen = self.values.iter().filter(|value| !value.is_empty());
        seen.find(|value| text.starts_with(value)).map(Vec::len)
    }

    fn remember(&mut self, value: &[u8]) {
        if value.len() > REMEMBERED {
            return;
        }
        if let Some(place) = self.values.get_mut(self.next) {
            place.clear();
            place.extend_from_slice(value);
        }
        self.next = (self.next + 1) % VALUES;
    }
}

/// A document under way.
struct Reader<'a, 'de> {
    text: &'de str,
    at: usize,
    /// The last key.
    key: &'de str,
    seen: &'a mut [Seen],
}

impl<'de> Reader<'_, 'de> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no space between values.
    fn next(&mut self) -> Result<u8, Unusual> {
        self.space();
        let byte = self.peek().ok_or(Unusual)?;
        self.at += 1;
        Ok(byte)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn begins(&mut self, with: u8) -> Result<(), Unusual> {
        match self.next()? == with {
            true => Ok(()),
            false => Err(Unusual),
        }
    }

    fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn literal(&mut self, word: &str) -> Result<(), Unusual> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(Unusual);
        }
        self.at += word.len();
        Ok(())
    }

    /// A string after its first quote, if nothing in it is escaped.
    fn plain(&mut self) -> Result<&'de str, Unusual> {
        let end = self.at + self.plain_length();
        let text = self.text.get(self.at..end).ok_or(Unusual)?;
        self.at = end;
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                Ok(text)
            }
            _ => Err(Unusual),
        }
    }

    /// [`plain_length()`] of the rest. Certificates are long strings, and for these to look for the end and then for what
    /// may not be before it are two short loops of vector instructions.
    fn plain_length(&self) -> usize {
        /// Longer than nearly all other strings.
        const LONG: usize = 128;
        let rest = self.rest();
        let (start, more) = rest.split_at(rest.len().min(LONG));
        let length = plain_length(start);
        if length < LONG {
            return length;
        }
        let end = memchr2(b'"', b'\\', more).unwrap_or(more.len());
        match more[..end].iter().fold(u8::MAX, |least, &byte| least.min(byte)) {
            0..0x20 => LONG + plain_length(more),
            _ => LONG + end,
        }
    }

    /// Passes over a string after its first quote.
    fn skip_string(&mut self) -> Result<(), Unusual> {
        loop {
            self.at += plain_length(self.rest());
            match self.rest() {
                [b'"', ..] => {
                    self.at += 1;
                    return Ok(());
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
                [b'\\', b'u', digits @ ..] => {
                    let four = digits.first_chunk::<4>().ok_or(Unusual)?;
                    if !four.iter().all(u8::is_ascii_hexdigit) {
                        return Err(Unusual);
                    }
                    self.at += 6;
                }
                _ => return Err(Unusual),
            }
        }
    }

    /// Passes over a key and its colon.
    fn skip_key(&mut self) -> Result<(), Unusual> {
        self.begins(b'"')?;
        self.skip_string()?;
        self.begins(b':')
    }

    /// Passes over the digits of a whole number after its sign and first digit.
    fn skip_digits(&mut self, first: u8) -> Result<(), Unusual> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        let wrong = first == b'0' && digits > 0;
        match self.peek() {
            Some(b'.' | b'e' | b'E') => Err(Unusual),
            _ if wrong => Err(Unusual),
            _ => Ok(()),
        }
    }

    /// Passes over a value.
    fn skip_value(&mut self) -> Result<(), Unusual> {
        // One bit for each object or list that is open, 1 for an object, and how many there are.
        let (mut open, mut depth) = (0u64, 0);
        loop {
            match self.next()? {
                b'"' => self.skip_string()?,
                b't' => self.literal("rue")?,
                b'f' => self.literal("alse")?,
                b'n' => self.literal("ull")?,
                b'-' => {
                    let first = self.peek().filter(u8::is_ascii_digit).ok_or(Unusual)?;
                    self.at += 1;
                    self.skip_digits(first)?;
                }
                first @ b'0'..=b'9' => self.skip_digits(first)?,
                bracket @ (b'{' | b'[') => {
                    let object = bracket == b'{';
                    self.space();
                    if self.peek() == Some(if object { b'}' } else { b']' }) {
                        self.at += 1;
                    } else if depth == DEPTH {
                        return Err(Unusual);
                    } else {
                        (open, depth) = (open << 1 | u64::from(object), depth + 1);
                        if object {
                            self.skip_key()?;
                        }
                        continue;
                    }
                }
                _ => return Err(Unusual),
            }
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let object = open & 1 == 1;
                match (self.next()?, object) {
                    (b',', true) => {
                        self.skip_key()?;
                        break;
                    }
                    (b',', false) => break,
                    (b'}', true) | (b']', false) => (open, depth) = (open >> 1, depth - 1),
                    _ => return Err(Unusual),
                }
            }
        }
    }

    /// Passes over the value of the last key, and returns it.
    fn skip(&mut self) -> Result<&'de str, Unusual> {
        self.space();
        let start = self.at;
        // A short one is passed over as fast as it is compared.
        let long = matches!(self.rest(), [b'{' | b'[', b'"' | b'[' | b'{', ..]);
        let place = place(self.key);
        let seen = self.seen.get(place).filter(|_| long);
        let known = seen.and_then(|seen| seen.length(self.rest()));
        match known {
            Some(length) => self.at += length,
            None => self.skip_value()?,
        }
        let value = self.text.get(start..self.at).ok_or(Unusual)?;
        if known.is_none()
            && long
            && let Some(seen) = self.seen.get_mut(place)
        {
            seen.remember(value.as_bytes());
        }
        Ok(value)
    }
}

/// Where the values of a key are remembered. Keys that meet at one place only push each other out.
fn place(key: &str) -> usize {
    let of = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or_default());
    let bytes = key.as_bytes();
    (key.len() * 7 + of(bytes.first()) * 5 + of(bytes.last()) * 3 + of(bytes.get(bytes.len() / 2))) % KEYS
}

impl<'de> Deserializer<'de> for &mut Reader<'_, 'de> {
    type Error = Unusual;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.space();
        match self.peek() {
            Some(b'"') => self.deserialize_str(visitor),
            Some(b'{') => self.deserialize_struct("", &[], visitor),
            _ => Err(Unusual),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Unusual> {
        match name {
            RAW => visitor.visit_borrowed_str(self.skip()?),
            _ => Err(Unusual),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.space();
        match self.peek() {
            Some(b'n') => {
                self.literal("null")?;
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        let first = self.next()?;
        let start = self.at - 1;
        if !first.is_ascii_digit() {
            return Err(Unusual);
        }
        self.skip_digits(first)?;
        let number = self.text.get(start..self.at).and_then(|digits| digits.parse().ok());
        visitor.visit_u32(number.ok_or(Unusual)?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.begins(b'"')?;
        let start = self.at;
        if let Ok(text) = self.plain() {
            return visitor.visit_borrowed_str(text);
        }
        self.at = start;
        self.skip_string()?;
        let quoted = self.text.get(start - 1..self.at).ok_or(Unusual)?;
        visitor.visit_string(serde_json::from_str(quoted).map_err(|_| Unusual)?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.deserialize_str(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unusual> {
        self.begins(b'"')?;
        visitor.visit_enum(BorrowedStrDeserializer::new(self.plain()?))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.begins(b'[')?;
        let mut inside = Inside::new(self, b']');
        let value = visitor.visit_seq(&mut inside)?;
        inside.ended.then_some(value).ok_or(Unusual)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unusual> {
        self.begins(b'{')?;
        let mut inside = Inside::new(self, b'}');
        let value = visitor.visit_map(&mut inside)?;
        inside.ended.then_some(value).ok_or(Unusual)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        map identifier
    }
}

/// The inside of an object or a list.
struct Inside<'r, 'a, 'de> {
    reader: &'r mut Reader<'a, 'de>,
    end: u8,
    begun: bool,
    ended: bool,
}

impl<'r, 'a, 'de> Inside<'r, 'a, 'de> {
    fn new(reader: &'r mut Reader<'a, 'de>, end: u8) -> Self {
        Inside {
            reader,
            end,
            begun: false,
            ended: false,
        }
    }

    /// Goes to the next element; says whether there is one.
    fn another(&mut self) -> Result<bool, Unusual> {
        self.reader.space();
        let byte = self.reader.peek().ok_or(Unusual)?;
        let first = !std::mem::replace(&mut self.begun, true);
        if byte == self.end && !self.ended {
            self.reader.at += 1;
            self.ended = true;
            return Ok(false);
        }
        match (first, byte) {
            (true, _) => Ok(true),
            (false, b',') => {
                self.reader.at += 1;
                Ok(true)
            }
            _ => Err(Unusual),
        }
    }
}

impl<'de> MapAccess<'de> for &mut Inside<'_, '_, 'de> {
    type Error = Unusual;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unusual> {
        if !self.another()? {
            return Ok(None);
        }
        self.reader.begins(b'"')?;
        let key = self.reader.plain()?;
        self.reader.begins(b':')?;
        self.reader.key = key;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unusual> {
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> SeqAccess<'de> for &mut Inside<'_, '_, 'de> {
    type Error = Unusual;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unusual> {
        match self.another()? {
            true => seed.deserialize(&mut *self.reader).map(Some),
            false => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Every kind of value that is read here, and some that is passed over.
    #[derive(Debug, PartialEq, Deserialize)]
    struct Sample {
        #[serde(default)]
        number: Option<u32>,
        #[serde(default)]
        text: Option<String>,
        #[serde(default)]
        kind: Option<Kind>,
        #[serde(default)]
        list: Vec<Sample>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        One,
        Two,
    }

    fn agree(text: &str) -> Option<Sample> {
        let read: Option<Sample> = from_str(text);
        if let Some(read) = &read {
            assert_eq!(serde_json::from_str::<Sample>(text).as_ref().ok(), Some(read), "{text}");
        }
        read
    }

    #[test]
    fn what_programs_write_is_read_and_what_they_pass_over_is_known_again() {
        let text = r#"{"number":7,"x":{"a":[1,-2,{"b":"\"\u00e9"}],"c":null},"text":"a\nb","kind":"two","list":[{},{"text":"é"}]}"#;
        for _ in 0..3 {
            let read = agree(text).unwrap();
            assert_eq!((read.number, read.text.as_deref()), (Some(7), Some("a\nb")));
            assert_eq!((read.kind, read.list.len()), (Some(Kind::Two), 2));
        }
        assert!(agree(" { \"list\" : [ ] , \"number\" : null }\n").is_some());
    }

    #[test]
    fn what_is_no_json_is_not_read_even_where_its_beginning_was_seen_before() {
        assert!(agree(r#"{"x":{"a":[1,2]}}"#).is_some());
        for text in [
            r#"{"x":{"a":[1,2]}"#,
            r#"{"x":{"a":[1,2]}]"#,
            r#"{"x":{"a":[1,2]}}}"#,
            r#"{"x":{"a":[1,2]},}"#,
            r#"{"x":{"a":[1,2}]}"#,
            r#"{"x":{"a":01}}"#,
            r#"{"x":{"a":-}}"#,
            r#"{"x":["\x"]}"#,
            r#"{"x":["\u12g4"]}"#,
            "{\"x\":[\"\u{1}\"]}",
            r#"{"x":[1,]}"#,
            r#"{"x":[tru]}"#,
            r#"{"text":"\ud800"}"#,
            r#"{"number":4294967296}"#,
            r#"{"number":1,"number":1}"#,
            r#"{,"number":1}"#,
            r#"{"list":[,{}]}"#,
            "",
        ] {
            assert!(agree(text).is_none(), "{text}");
        }
    }

    #[test]
    fn nothing_is_nested_too_deep_to_end() {
        let nested = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        // The innermost is empty: it is not gone into.
        assert!(agree(&nested(65)).is_some());
        assert!(agree(&nested(66)).is_none());
        assert!(agree(&nested(100_000)).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_taken_that_serde_json_refuses_or_reads_in_another_way(
            number in 0..3u32,
            text in "[a\\\\\"\u{e9}\u{1}/]{0,6}",
            passed in prop::collection::btree_map("[a-c]", prop::collection::vec("[\\[\\]{},:\"\\\\ x]{0,4}", 0..3), 0..4),
            changes in prop::collection::vec((0..200usize, "[\\[\\]{},:\"\\\\ 0-9a-f.\u{e9}]{0,2}"), 0..3),
        ) {
            let passed: BTreeMap<String, Vec<String>> = passed;
            let inner = serde_json::json!({"x": passed.clone(), "text": text});
            let document = serde_json::json!({"number": number, "text": text, "y": passed, "kind": "one", "list": [inner]});
            let whole = document.to_string();
            prop_assert!(agree(&whole).is_some());
            let mut characters: Vec<String> = whole.chars().map(String::from).collect();
            for (place, with) in changes {
                let place = place % characters.len();
                characters[place] = with;
            }
            agree(&characters.concat());
        }

        #[test]
        fn the_plain_beginning_of_a_string_ends_where_json_escapes(bytes in prop::collection::vec(prop::sample::select(b"a\"\\\x00\x1f\x20\x7f\xff!#[]".to_vec()), 0..40)) {
            let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
            prop_assert_eq!(plain_length(&bytes), bytes.iter().position(special).unwrap_or(bytes.len()));
        }
    }

    #[test]
    fn a_long_string_is_read_as_serde_json_reads_it() {
        for length in 120..140 {
            for odd in ["", "\u{1f}", "\\n", "\\x", "\u{7f}é", "\\\"", "\"", "\u{0}\""] {
                for after in [0, 1, 150] {
                    let text = format!("\"{}{odd}{}\"", "a".repeat(length), "b".repeat(after));
                    assert_eq!(from_str::<String>(&text), serde_json::from_str(&text).ok(), "{text:?}");
                }
            }
        }
    }
}
