//! A JSON value taken apart, each part with its pointer: what is read again to say where a request is wrong.

use std::fmt;

use serde::Deserializer;
use serde::de::{self, DeserializeSeed, Expected, MapAccess, SeqAccess, Unexpected, Visitor};

use super::objects::LIST_LIMIT;
use crate::protocol::fault::pointer_step;
use crate::protocol::{Fault, FaultCode};

/// A JSON value as parsed, keys in order, duplicates already refused.
pub enum Node {
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

pub struct NodeSeed<'a> {
    pointer: String,
    duplicate: &'a mut Option<Fault>,
    left: &'a mut usize,
}

impl<'a> NodeSeed<'a> {
    /// Takes a document apart into at most `left` values; what is refused on the way is said in `duplicate`.
    pub fn new(duplicate: &'a mut Option<Fault>, left: &'a mut usize) -> Self {
        NodeSeed {
            pointer: String::new(),
            duplicate,
            left,
        }
    }
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

/// A node and its place in the document.
pub struct Located {
    node: Node,
    pointer: String,
}

impl Located {
    /// A document as a whole.
    pub fn root(node: Node) -> Self {
        Located {
            node,
            pointer: String::new(),
        }
    }

    /// What a type refuses after it has read the value belongs to this place too.
    fn read_as<'de, T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, LocatedError> {
        let pointer = self.pointer.clone();
        seed.deserialize(self).map_err(|error| error.at(&pointer))
    }
}

/// A refusal with the pointer of the innermost value that was refused.
#[derive(Debug)]
pub struct LocatedError {
    pub pointer: Option<String>,
    pub message: String,
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
