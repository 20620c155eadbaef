//! JSON as programs write it, read in one pass: reports come by the million, and most of each is passed over.
//!
//! It reads less than all of JSON, and takes nothing that serde_json refuses or reads in another way. What it does not
//! read is left to serde_json, which also says what is wrong. What is passed over is first compared with what stood under
//! the same key before, and with the fields that followed it: in the reports of one estate much is the same.

use std::cell::RefCell;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_json::value::RawValue;

use super::values::plain_length;

/// Objects and lists in each other that are passed over: no report comes near, and a number has so many bits.
const DEPTH: u32 = 64;
/// Places for keys: a report has some fifty different ones.
const KEYS: usize = 256;
/// Values that are remembered of each: an estate has a few rules and CAs.
const VALUES: usize = 4;
/// How often in a row a key's value may be another one before it is compared no more: digests always are.
const TRIES: u8 = 32;
/// The largest value that is remembered, in bytes: a reference of some thirty members.
const VALUE: usize = 64 * 1024;
/// The most fields that are remembered together, in bytes: they are copied as often as one is added.
const RUN: usize = 4 * 1024;
/// What a value that is wanted as it stands is called on the way through serde.
const RAW: &str = "same-ca raw";

thread_local! {
    static MEMORY: RefCell<Memory> = const { RefCell::new(Memory { values: Vec::new(), runs: Vec::new() }) };
}

/// Reads a document; none where it is not as programs write it, or not of this type.
pub(crate) fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    MEMORY.with_borrow_mut(|memory| {
        if memory.values.is_empty() {
            memory.values.resize_with(KEYS, Seen::default);
            memory.runs.resize_with(KEYS, Runs::default);
        }
        let mut reader = Reader {
            text,
            at: 0,
            key: "",
            key_at: 0,
            fields: &[],
            run: None,
            memory,
        };
        let value = T::deserialize(&mut reader).ok()?;
        reader.space();
        (reader.at == text.len()).then_some(value)
    })
}

/// A value as it stands in the document, known to be JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a>(pub &'a str);

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

/// What a thread remembers of the documents before, by the places of keys.
struct Memory {
    /// Values that were wanted as they stand.
    values: Vec<Seen>,
    /// Fields that were passed over.
    runs: Vec<Runs>,
}

/// Texts that stood where keys stood that share a place.
#[derive(Default)]
struct Seen {
    values: [Vec<u8>; VALUES],
    /// The one that is forgotten next.
    next: usize,
}

impl Seen {
    /// Which one the text begins with, and how long that is.
    fn find(&self, text: &[u8]) -> Option<(usize, usize)> {
        let mut seen = self.values.iter().enumerate();
        let found = seen.find(|(_, value)| !value.is_empty() && text.starts_with(value));
        found.map(|(index, value)| (index, value.len()))
    }

    fn remember(&mut self, value: &[u8]) {
        self.replace(self.next, value);
        self.next = (self.next + 1) % VALUES;
    }

    fn replace(&mut self, index: usize, value: &[u8]) {
        if let Some(place) = self.values.get_mut(index) {
            place.clear();
            place.extend_from_slice(value);
        }
    }
}

/// Fields that were passed over one after the other, keys and all: first each by itself, then as many as were seen again
/// together.
#[derive(Default)]
struct Runs {
    /// The fields that the type knows in whose objects they stood. Another type may want what this one passes over.
    known: &'static [&'static str],
    seen: Seen,
    /// How often in a row none of them was there.
    missed: u8,
}

/// Fields that were passed over just now, and where they are remembered.
#[derive(Clone, Copy)]
struct Run {
    start: usize,
    end: usize,
    place: usize,
    index: usize,
}

/// A document under way.
struct Reader<'a, 'de> {
    text: &'de str,
    at: usize,
    /// The last key, and where its quote stands.
    key: &'de str,
    key_at: usize,
    /// The fields that the type knows in whose object it stands.
    fields: &'static [&'static str],
    /// What was passed over before it.
    run: Option<Run>,
    memory: &'a mut Memory,
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
        let length = plain_length(self.rest());
        let end = self.at + length;
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

    /// The value of the last key, passed over.
    fn raw(&mut self) -> Result<&'de str, Unusual> {
        self.space();
        let start = self.at;
        // One of another kind may go on where it seems to end, as a number may; and is short.
        let lasts = matches!(self.rest(), [b'{' | b'[', ..]);
        let place = place(self.key, self.fields);
        let seen = self.memory.values.get(place).filter(|_| lasts);
        let known = seen.and_then(|seen| seen.find(self.rest()));
        match known {
            Some((_, length)) => self.at += length,
            None => self.skip_value()?,
        }
        let value = self.text.get(start..self.at).ok_or(Unusual)?;
        if known.is_none()
            && lasts
            && value.len() <= VALUE
            && let Some(seen) = self.memory.values.get_mut(place)
        {
            seen.remember(value.as_bytes());
        }
        Ok(value)
    }

    /// Passes over the field whose key was read last.
    fn skip_field(&mut self) -> Result<(), Unusual> {
        let place = place(self.key, self.fields);
        if self.skip_run(place) {
            return Ok(());
        }
        self.run = None;
        self.skip_value()?;
        let field = self.text.get(self.key_at..self.at).ok_or(Unusual)?;
        if let Some(runs) = self.memory.runs.get_mut(place)
            && runs.missed < TRIES
            && field.len() <= RUN
            // Where the type does not say what it knows, another may want what this one passes over.
            && !self.fields.is_empty()
        {
            runs.missed += 1;
            if !std::ptr::eq(runs.known, self.fields) {
                (runs.known, runs.seen) = (self.fields, Seen::default());
            }
            runs.seen.remember(field.as_bytes());
        }
        Ok(())
    }

    /// Passes over the field whose key was read last, and over those that are known to follow it, where they are the same
    /// as before.
    fn skip_run(&mut self, place: usize) -> bool {
        let from = self.text.as_bytes().get(self.key_at..).unwrap_or_default();
        let Some(runs) = self.memory.runs.get_mut(place) else {
            return false;
        };
        if runs.missed == TRIES || !std::ptr::eq(runs.known, self.fields) {
            return false;
        }
        let Some((index, length)) = runs.seen.find(from) else {
            return false;
        };
        // A number may go on.
        if !matches!(from.get(length), Some(b',' | b'}')) {
            return false;
        }
        runs.missed = 0;
        let start = self.key_at;
        let mut run = Run {
            start,
            end: start + length,
            place,
            index,
        };
        // Only a comma stands between: next time both are one.
        if let Some(before) = self.run
            && before.end + 1 == start
            && run.end - before.start <= RUN
        {
            run = Run { end: run.end, ..before };
            if let Some(runs) = self.memory.runs.get_mut(run.place) {
                let both = self.text.as_bytes().get(run.start..run.end).unwrap_or_default();
                runs.seen.replace(run.index, both);
            }
        }
        self.at = run.end;
        self.run = Some(run);
        true
    }
}

/// Where what stands under a key of a type is remembered. Those that meet at one place only push each other out.
fn place(key: &str, fields: &[&str]) -> usize {
    let of = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or_default());
    let bytes = key.as_bytes();
    let key = key.len() * 7 + of(bytes.first()) * 5 + of(bytes.last()) * 3 + of(bytes.get(bytes.len() / 2));
    (key + fields.len() * 31) % KEYS
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
        self.skip_field()?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Unusual> {
        match name {
            RAW => visitor.visit_borrowed_str(self.raw()?),
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
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unusual> {
        self.begins(b'{')?;
        let mut inside = Inside::new(self, b'}');
        inside.fields = fields;
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
    /// The fields that the type of an object knows.
    fields: &'static [&'static str],
    end: u8,
    begun: bool,
    ended: bool,
}

impl<'r, 'a, 'de> Inside<'r, 'a, 'de> {
    fn new(reader: &'r mut Reader<'a, 'de>, end: u8) -> Self {
        Inside {
            reader,
            fields: &[],
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
        let key_at = self.reader.at - 1;
        let key = self.reader.plain()?;
        self.reader.begins(b':')?;
        (self.reader.key, self.reader.key_at, self.reader.fields) = (key, key_at, self.fields);
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
    fn fields_that_are_passed_over_together_are_looked_for_in_each_document_anew() {
        let document = |middle: &str, last: &str| format!(r#"{{"a":"x","b":[1],"c":{middle},"d":1{last},"number":5}}"#);
        for _ in 0..4 {
            assert_eq!(agree(&document("true", "")).unwrap().number, Some(5));
        }
        assert_eq!(agree(&document("false", "")).unwrap().number, Some(5));
        // A number that goes on, with and without sense; and what comes in between.
        assert_eq!(agree(&document("true", "7")).unwrap().number, Some(5));
        assert!(agree(&document("true", "x")).is_none());
        assert!(agree(&document("true", " ")).is_some());
        assert!(agree(&document("true", r#","number":6"#)).is_none());
        assert_eq!(
            agree(&document(r#"true,"text":"b""#, "")).unwrap().text.as_deref(),
            Some("b")
        );
        for cut in 1..document("true", "").len() {
            assert!(agree(&document("true", "")[..cut]).is_none());
        }
    }

    #[test]
    fn what_one_type_passes_over_another_still_reads() {
        #[derive(Debug, Deserialize)]
        struct Other {
            x: u32,
        }

        let text = r#"{"y":0,"x":1,"z":2}"#;
        for _ in 0..4 {
            assert!(agree(text).is_some());
            assert_eq!(from_str::<Other>(text).unwrap().x, 1);
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
}
