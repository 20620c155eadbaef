//! The word of an enum's variant, as serde writes it: so that no table says it a second time.

use std::fmt;

use serde::ser::{Error, Impossible, Serialize, Serializer};

/// What serde writes for a variant that holds nothing; empty for anything else.
pub fn word(value: &impl Serialize) -> &'static str {
    value.serialize(Word).unwrap_or_default()
}

/// Takes the name of a unit variant, and nothing else.
struct Word;

/// Not a unit variant.
#[derive(Debug)]
struct NoWord;

impl fmt::Display for NoWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no variant that holds nothing")
    }
}

impl std::error::Error for NoWord {}

impl Error for NoWord {
    fn custom<T: fmt::Display>(_: T) -> Self {
        NoWord
    }
}

macro_rules! none_of {
    ($($method:ident($($argument:ty),*) -> $result:ty;)+) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$result, NoWord> {
            Err(NoWord)
        })+
    };
}

impl Serializer for Word {
    type Ok = &'static str;
    type Error = NoWord;
    type SerializeSeq = Impossible<Self::Ok, NoWord>;
    type SerializeTuple = Impossible<Self::Ok, NoWord>;
    type SerializeTupleStruct = Impossible<Self::Ok, NoWord>;
    type SerializeTupleVariant = Impossible<Self::Ok, NoWord>;
    type SerializeMap = Impossible<Self::Ok, NoWord>;
    type SerializeStruct = Impossible<Self::Ok, NoWord>;
    type SerializeStructVariant = Impossible<Self::Ok, NoWord>;

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Self::Ok, NoWord> {
        Ok(variant)
    }

    none_of! {
        serialize_bool(bool) -> Self::Ok;
        serialize_i8(i8) -> Self::Ok;
        serialize_i16(i16) -> Self::Ok;
        serialize_i32(i32) -> Self::Ok;
        serialize_i64(i64) -> Self::Ok;
        serialize_u8(u8) -> Self::Ok;
        serialize_u16(u16) -> Self::Ok;
        serialize_u32(u32) -> Self::Ok;
        serialize_u64(u64) -> Self::Ok;
        serialize_f32(f32) -> Self::Ok;
        serialize_f64(f64) -> Self::Ok;
        serialize_char(char) -> Self::Ok;
        serialize_str(&str) -> Self::Ok;
        serialize_bytes(&[u8]) -> Self::Ok;
        serialize_none() -> Self::Ok;
        serialize_unit() -> Self::Ok;
        serialize_unit_struct(&'static str) -> Self::Ok;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<Self::Ok, NoWord> {
        Err(NoWord)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<Self::Ok, NoWord> {
        Err(NoWord)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Self::Ok, NoWord> {
        Err(NoWord)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Relation, Status};

    #[test]
    fn a_variant_has_the_word_that_serde_writes_and_nothing_else_has_one() {
        assert_eq!(word(&Relation::BadSignature), "bad-signature");
        assert_eq!(word(&Status::Compliant), "compliant");
        assert_eq!(word(&"compliant"), "");
        assert_eq!(word(&Some(Status::Compliant)), "");
    }
}
