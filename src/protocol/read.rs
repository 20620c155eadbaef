//! Strict reading of one JSON value: unknown fields, duplicate keys and wrong types are refused with their JSON
//! pointer, and no refusal repeats a value, which might be a secret.
//!
//! The common case is one pass of serde. Only what that refuses is read again, slowly, to say where and why.

use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Expected, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::fault::{Fault, FaultCode, pointer_step};
use super::strict::{LIST_LIMIT, Strict};

/// The largest request that is read, in bytes: hosts send whole stores inline, nothing real comes near this.
pub const REQUEST_LIMIT: usize = 256 * 1024 * 1024;
/// The largest line of a batch, in bytes: bounds the memory of the window of lines.
pub const LINE_LIMIT: usize = 1024 * 1024;

/// Values that a refused request is taken apart into, to say where it is wrong: some 100 MiB. What is large in earnest
/// is large by long strings; a request of millions of numbers would otherwise take ten times its own size.
const DIAGNOSED_VALUES: usize = 1_000_000;

/// Reads exactly one JSON value of type `T`.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let bytes = without_bom(bytes);
    read_fast(bytes).map_err(|error| diagnose::<T>(bytes, &error))
}

/// [`read()`] without the words: one pass, which may borrow from `bytes`.
///
/// # Errors
/// For [`diagnose`] to say what is wrong; its own words may repeat a value.
pub fn read_fast<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, serde_json::Error> {
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let value = T::deserialize(Strict(&mut input))?;
    input.end()?;
    Ok(value)
}

/// Drops a UTF-8 byte order mark, which Windows tools write.
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// What is UTF-16 with a byte order mark as text: Windows PowerShell writes files so unless told otherwise. `None` where
/// there is no such mark. Half a character at the end is left out.
///
/// # Errors
/// Where it is no text in UTF-16.
pub fn from_utf16(bytes: &[u8]) -> Option<Result<String, NotUtf16>> {
    let (rest, unit): (_, fn([u8; 2]) -> u16) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => (rest, u16::from_be_bytes),
        _ => return None,
    };
    let (pairs, _) = rest.as_chunks::<2>();
    let text = char::decode_utf16(pairs.iter().map(|&pair| unit(pair))).collect::<Result<String, _>>();
    Some(text.map_err(|_| NotUtf16))
}

/// It has a byte order mark of UTF-16, and is no text in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotUtf16;

/// Says where and why `bytes`, which serde refused as a `T` with `error`, is wrong.
pub fn diagnose<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Fault {
    let bad_json = |message: String| Fault::new(FaultCode::BadJson, message);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return bad_json("expected a JSON object, found nothing".into());
    }
    // With or without a byte order mark: JSON begins with a character of ASCII.
    if matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..]) {
        return bad_json("expected UTF-8, found UTF-16: write the request as UTF-8".into());
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        return bad_json(format!("not UTF-8 from byte {} on", error.valid_up_to()));
    }
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let (mut duplicate, mut left) = (None, DIAGNOSED_VALUES);
    let tree = NodeSeed {
        pointer: String::new(),
        duplicate: &mut duplicate,
        left: &mut left,
    }
    .deserialize(&mut input);
    let tree = match tree {
        Ok(tree) => tree,
        Err(_) if duplicate.is_some() => return duplicate.unwrap_or_else(|| bad_json("duplicate key".into())),
        Err(_) if left == 0 && error.is_data() => {
            let message = "refused, and too large to say where: it holds more than 1,000,000 values";
            return Fault::bad_request("", message);
        }
        Err(_) if left == 0 => return bad_json(syntax(bytes, error)),
        Err(error) => return bad_json(syntax(bytes, &error)),
    };
    if input.end().is_err() {
        let message = "expected one JSON value, found something after it";
        return Fault {
            pointer: Some(String::new()),
            ..bad_json(message.into())
        };
    }
    if let Some(fault) = unsupported_protocol(&tree) {
        return fault;
    }
    match T::deserialize(Located {
        node: tree,
        pointer: String::new(),
    }) {
        Err(located) => {
            let pointer = located.pointer.unwrap_or_default();
            let form = match located.message.starts_with("expected ") {
                true => form(&pointer).map(|form| format!("; write {form}")).unwrap_or_default(),
                false => String::new(),
            };
            Fault::bad_request(pointer, located.message + &form)
        }
        // The two readings disagree: never to be expected, and not to be hidden. What serde says of data may repeat a value.
        Ok(_) if error.is_data() => bad_json("refused, at a place that could not be found".into()),
        Ok(_) => bad_json(syntax(bytes, error)),
    }
}

/// What serde_json says of a syntax error, which repeats no value, and what is meant where that can be told.
fn syntax(bytes: &[u8], error: &serde_json::Error) -> String {
    let line = bytes
        .split(|&byte| byte == b'\n')
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let at = line.get(error.column().saturating_sub(1)..).unwrap_or_default();
    let first = bytes.trim_ascii_start();
    let hint = if at.starts_with(b"//") || at.starts_with(b"/*") || at.starts_with(b"#") {
        "; JSON has no comments: remove it"
    } else if at.starts_with(b"'") || error.to_string().starts_with("key must be a string") {
        "; JSON writes names and text in double quotes"
    } else if [&b"True"[..], b"False", b"None"]
        .iter()
        .any(|word| at.starts_with(word))
    {
        "; JSON writes true, false and null in small letters"
    } else if error.to_string().starts_with("invalid escape") {
        "; in JSON a backslash is written twice, as in \"C:\\\\certificates\\\\a.pem\", or the path with /"
    } else if first.starts_with(b"---") || first.starts_with(b"- ") || looks_like_yaml(first) {
        "; this looks like YAML: write it as JSON"
    } else {
        ""
    };
    format!("not JSON: {error}{hint}")
}

fn looks_like_yaml(bytes: &[u8]) -> bool {
    let line = bytes
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default()
        .trim_ascii_end();
    let key = line
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    let rest = line.get(key..).unwrap_or_default();
    key > 0 && (rest == b":" || rest.starts_with(b": "))
}

/// How a part of a request is written, by its place.
fn form(pointer: &str) -> Option<&'static str> {
    let steps: Vec<&str> = pointer.split('/').skip(1).collect();
    let is_index = |step: &str| step.bytes().all(|byte| byte.is_ascii_digit());
    Some(match steps.as_slice() {
        [""] | [] => r#"{"protocol": 1, "reference": […], "subjects": […]}"#,
        ["subjects"] => r#"[{"name": "pchat01", "source": "pchat01.pem"}]"#,
        ["subjects", index] if is_index(index) => r#"{"name": "pchat01", "source": "pchat01.pem"}"#,
        ["reference"] => r#"[{"name": "fe01", "source": "fe01.pem"}]"#,
        ["reference", index] if is_index(index) => r#"{"name": "fe01", "source": "fe01.pem"}"#,
        ["reference_document"] => r#"{"path": "lync-internal.reference.json"}"#,
        ["authorities" | "intermediates" | "candidates"] => r#"["contoso-ca.pem"]"#,
        ["subjects", _, "names"] | ["policy", "names"] => r#"["pchat01.contoso.com"]"#,
        ["subjects", _, "any_of"] => r#"["store:LocalMachine/My"]"#,
        ["policy"] => r#"{"profile": "lync-server-2013"}"#,
        ["policy", "severity"] => r#"{"cdp-missing": "warning"}"#,
        _ => return None,
    })
}

fn unsupported_protocol(tree: &Node) -> Option<Fault> {
    let Node::Map(entries) = tree else { return None };
    let found = match entries.iter().find(|(key, _)| key == "protocol")? {
        (_, Node::Unsigned(1)) => return None,
        (_, Node::Unsigned(other)) => other.to_string(),
        (_, Node::Signed(other)) => other.to_string(),
        _ => return None,
    };
    Some(Fault {
        pointer: Some("/protocol".into()),
        ..Fault::new(
            FaultCode::UnsupportedProtocol,
            format!("expected protocol 1, found {found}"),
        )
    })
}

/// Refuses any protocol but 1, for requests that serde accepted.
pub fn check_protocol(found: u32) -> Result<(), Fault> {
    if found == super::PROTOCOL {
        return Ok(());
    }
    Err(Fault {
        pointer: Some("/protocol".into()),
        ..Fault::new(
            FaultCode::UnsupportedProtocol,
            format!("expected protocol 1, found {found}"),
        )
    })
}

/// For fields where null equals absent and absent means the default.
pub fn null_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A JSON value as parsed, keys in order, duplicates already refused.
enum Node {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    fn kind(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool(_) => "a boolean",
            Node::Unsigned(_) | Node::Signed(_) | Node::Float(_) => "a number",
            Node::Text(_) => "a string",
            Node::List(_) => "a list",
            Node::Map(_) => "an object",
        }
    }
}

struct NodeSeed<'a> {
    pointer: String,
    duplicate: &'a mut Option<Fault>,
    left: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        *self.left = self.left.saturating_sub(1);
        if *self.left == 0 {
            return Err(de::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Unsigned(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Signed(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        loop {
            let pointer = pointer_step(&self.pointer, &list.len().to_string());
            match items.next_element_seed(NodeSeed {
                pointer,
                duplicate: self.duplicate,
                left: self.left,
            })? {
                Some(_) if list.len() == LIST_LIMIT => {
                    let message =
                        format!("a list of more than {LIST_LIMIT} elements; batch takes any number of requests");
                    let fault = Fault::new(FaultCode::TooLarge, message);
                    *self.duplicate = Some(Fault {
                        pointer: Some(self.pointer),
                        ..fault
                    });
                    return Err(de::Error::custom("too long"));
                }
                Some(node) => list.push(node),
                None => return Ok(Node::List(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map: Vec<(String, Node)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                *self.duplicate = Some(Fault::bad_request(self.pointer, format!("duplicate key {key:?}")));
                return Err(de::Error::custom("duplicate key"));
            }
            let pointer = pointer_step(&self.pointer, &key);
            let node = entries.next_value_seed(NodeSeed {
                pointer,
                duplicate: self.duplicate,
                left: self.left,
            })?;
            map.push((key, node));
        }
        Ok(Node::Map(map))
    }
}

/// A node and where it stands.
struct Located {
    node: Node,
    pointer: String,
}

impl Located {
    /// What a type refuses after it has read the value belongs to this place too.
    fn read_as<'de, T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, LocatedError> {
        let pointer = self.pointer.clone();
        seed.deserialize(self).map_err(|error| error.at(&pointer))
    }
}

/// A refusal with the pointer of the innermost value that was refused.
#[derive(Debug)]
struct LocatedError {
    pointer: Option<String>,
    message: String,
    /// The unknown field, until the pointer of the object that holds it is known.
    field: Option<String>,
}

impl LocatedError {
    fn says(message: String) -> Self {
        LocatedError {
            pointer: None,
            message,
            field: None,
        }
    }

    fn at(mut self, pointer: &str) -> Self {
        if self.pointer.is_none() {
            self.pointer = Some(match self.field.take() {
                Some(field) => pointer_step(pointer, &field),
                None => pointer.to_owned(),
            });
        }
        self
    }
}

impl fmt::Display for LocatedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LocatedError {}

impl de::Error for LocatedError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        LocatedError::says(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        LocatedError::says(format!(
            "expected {}, found {}",
            expected_kind(expected),
            unexpected_kind(&found)
        ))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = unexpected_kind(&found).split(' ').next_back().unwrap_or_default();
        LocatedError::says(format!("expected {}, found another {found}", expected_kind(expected)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        LocatedError::says(format!("expected one of {}, found another word", expected.join(", ")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let message = format!("unknown field {field:?}; known here: {}", expected.join(", "));
        LocatedError {
            field: Some(field.to_owned()),
            ..LocatedError::says(message)
        }
    }

    fn missing_field(field: &'static str) -> Self {
        LocatedError::says(format!("missing field {field:?}"))
    }
}

/// What serde calls a type, in words of JSON.
fn expected_kind(expected: &dyn Expected) -> String {
    let words = expected.to_string();
    match words.as_str() {
        "u8" => "a whole number from 0 to 255".into(),
        "u16" => "a whole number from 0 to 65535".into(),
        "u32" => "a whole number from 0 to 4294967295".into(),
        "u64" | "usize" => "a whole number".into(),
        "a sequence" => "a list".into(),
        "a map" => "an object".into(),
        _ if words.starts_with("struct ") => "an object".into(),
        _ if words.starts_with("a tuple") => "a list of two strings".into(),
        _ => words,
    }
}

fn unexpected_kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        _ => "something else",
    }
}

impl<'de> Deserializer<'de> for Located {
    type Error = LocatedError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LocatedError> {
        let Located { node, pointer } = self;
        let result = match node {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(value),
            Node::Unsigned(value) => visitor.visit_u64(value),
            Node::Signed(value) => visitor.visit_i64(value),
            Node::Float(value) => visitor.visit_f64(value),
            Node::Text(value) => visitor.visit_string(value),
            Node::List(list) => visitor.visit_seq(Items {
                list: list.into_iter().enumerate(),
                pointer: &pointer,
            }),
            Node::Map(map) => visitor.visit_map(Entries {
                map: map.into_iter(),
                pointer: &pointer,
                value: None,
            }),
        };
        result.map_err(|error| error.at(&pointer))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LocatedError> {
        match self.node {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, LocatedError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, LocatedError> {
        let Located { node, pointer } = self;
        match node {
            Node::Text(text) => visitor.visit_enum(de::value::StringDeserializer::new(text)),
            other => Err(LocatedError::says(format!(
                "expected one of {}, found {}",
                variants.join(", "),
                other.kind()
            ))),
        }
        .map_err(|error| error.at(&pointer))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, LocatedError> {
        match &self.node {
            Node::List(_) => Err(LocatedError::says("expected an object, found a list".into()).at(&self.pointer)),
            _ => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

struct Items<'a> {
    list: std::iter::Enumerate<std::vec::IntoIter<Node>>,
    pointer: &'a str,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = LocatedError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, LocatedError> {
        let Some((index, node)) = self.list.next() else {
            return Ok(None);
        };
        let pointer = pointer_step(self.pointer, &index.to_string());
        Located { node, pointer }.read_as(seed).map(Some)
    }
}

struct Entries<'a> {
    map: std::vec::IntoIter<(String, Node)>,
    pointer: &'a str,
    value: Option<Located>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = LocatedError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, LocatedError> {
        let Some((key, node)) = self.map.next() else {
            return Ok(None);
        };
        self.value = Some(Located {
            node,
            pointer: pointer_step(self.pointer, &key),
        });
        seed.deserialize(de::value::StringDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, LocatedError> {
        match self.value.take() {
            Some(located) => located.read_as(seed),
            None => Err(LocatedError::says("a value without a key".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Request;

    fn refused(text: &str) -> Fault {
        read::<Request>(text.as_bytes()).expect_err(text)
    }

    #[test]
    fn a_wrong_form_is_told_with_the_right_one() {
        for (text, form) in [
            (
                r#"{"protocol":1,"subjects":["x.pem"]}"#,
                r#"{"name": "pchat01", "source": "pchat01.pem"}"#,
            ),
            (
                r#"{"protocol":1,"subjects":"x.pem"}"#,
                r#"[{"name": "pchat01", "source": "pchat01.pem"}]"#,
            ),
            (
                r#"{"protocol":1,"reference":["x.pem"]}"#,
                r#"{"name": "fe01", "source": "fe01.pem"}"#,
            ),
            (
                r#"{"protocol":1,"policy":"lync-server-2013"}"#,
                r#"{"profile": "lync-server-2013"}"#,
            ),
            (r#"{"protocol":1,"authorities":"x.pem"}"#, r#"["contoso-ca.pem"]"#),
            ("[]", r#"{"protocol": 1,"#),
        ] {
            let fault = refused(text);
            assert!(fault.message.contains(form), "{text}: {fault}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_by_what_it_is() {
        for (text, word) in [
            ("{\n  \"protocol\": 1, // the first\n  \"subjects\": []\n}", "comments"),
            ("{\"protocol\": 1 /* x */}", "comments"),
            ("# a request\n{}", "comments"),
            ("protocol: 1\nsubjects:\n- name: x\n", "YAML"),
            ("---\nprotocol: 1\n", "YAML"),
            ("{'protocol': 1}", "double quotes"),
            ("{protocol: 1}", "double quotes"),
            ("{\"requirement\": 'x'}", "double quotes"),
            ("{\"protocol\": 1, \"subjects\": None}", "small letters"),
            ("{\0\"\0p\0", "UTF-16"),
            (
                r#"{"protocol":1,"subjects":[{"name":"s","source":"C:\certs\x.pem"}]}"#,
                "backslash is written twice",
            ),
        ] {
            let fault = refused(text);
            assert!(
                fault.code == FaultCode::BadJson && fault.message.contains(word),
                "{text}: {fault}"
            );
        }
        assert!(!refused("{").message.contains(';'));
    }

    #[test]
    fn a_list_of_more_elements_than_memory_has_room_for_is_refused_by_its_place() {
        let many = |count: usize| vec![r#"{"name":"s","source":"x"}"#; count].join(",");
        let request = |subjects: &str| format!(r#"{{"protocol":1,"subjects":[{subjects}]}}"#);
        assert!(read::<Request>(request(&many(LIST_LIMIT)).as_bytes()).is_ok());
        let fault = refused(&request(&many(LIST_LIMIT + 1)));
        assert_eq!(fault.pointer.as_deref(), Some("/subjects"));
        assert_eq!(fault.code, FaultCode::TooLarge);
        assert!(fault.message.contains("100000"), "{fault}");
        let names = vec![r#""a""#; LIST_LIMIT + 1].join(",");
        let fault = refused(&request(&format!(r#"{{"name":"s","names":[{names}]}}"#)));
        assert_eq!(fault.pointer.as_deref(), Some("/subjects/0/names"));
    }

    #[test]
    fn an_object_written_as_a_list_of_its_fields_is_refused() {
        for (text, pointer) in [
            ("[]", ""),
            (
                r#"{"protocol":1,"subjects":[["a",null,null,null,"x.pem"]]}"#,
                "/subjects/0",
            ),
            (
                r#"{"protocol":1,"subjects":[{"name":"a","source":{"tls":["host"]}}]}"#,
                "/subjects/0/source/tls",
            ),
            (
                r#"{"protocol":1,"policy":[],"subjects":[{"name":"a","source":"x"}]}"#,
                "/policy",
            ),
        ] {
            let fault = refused(text);
            assert_eq!(fault.pointer.as_deref(), Some(pointer), "{text}");
            assert!(fault.message.starts_with("expected an object, found a list"), "{text}");
        }
    }

    #[test]
    fn what_is_refused_after_it_was_read_is_still_located() {
        let fault = refused(r#"{"protocol":1,"policy":{"valid_at":"2026"},"subjects":[{"name":"a","source":"x"}]}"#);
        assert_eq!(fault.pointer.as_deref(), Some("/policy/valid_at"));
        let fault =
            refused(r#"{"protocol":1,"subjects":[{"name":"a","source":"x"},{"name":"b","source":"lync:Default"}]}"#);
        assert_eq!(fault.pointer.as_deref(), Some("/subjects/1/source"));
    }

    #[test]
    fn numbers_out_of_range_are_told_from_other_kinds() {
        let port = |port: &str| {
            let text = r#"{"protocol":1,"subjects":[{"name":"a","source":{"tls":{"host":"h","port":PORT}}}]}"#;
            refused(&text.replace("PORT", port)).message
        };
        assert_eq!(
            port("99999"),
            "expected a whole number from 0 to 65535, found another number"
        );
        assert_eq!(
            port("\"443\""),
            "expected a whole number from 0 to 65535, found a string"
        );
    }
}
