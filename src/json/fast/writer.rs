//! JSON into memory, for what is written by the million: the bytes that serde_json writes.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{
    Error as _, Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct,
    Serializer,
};
use serde_json::Error;

use rayon::prelude::*;

use super::plain_length;

/// Elements that one thread makes ready at a time: some 64 KiB of records, which stay in its cache.
const PART: usize = 64;
/// Parts that are made ready while as many are written.
const PARTS: usize = 64;

/// Writes the elements of a list, with commas between them, made ready on all cores while others are written; `push` adds
/// one to what is in memory.
pub fn elements<T: Sync>(
    elements: &[T],
    out: &mut dyn Write,
    push: impl Fn(&mut Vec<u8>, &T) -> Result<(), Error> + Sync,
) -> io::Result<()> {
    let make = |(part, (buffer, elements)): (usize, (&mut Vec<u8>, &[T]))| -> io::Result<()> {
        buffer.clear();
        for (index, element) in elements.iter().enumerate() {
            if part > 0 || index > 0 {
                buffer.push(b',');
            }
            push(buffer, element)?;
        }
        Ok(())
    };
    let mut ready = vec![Vec::new(); PARTS];
    let mut written = vec![Vec::new(); PARTS];
    let mut filled = 0;
    let mut rounds = elements.chunks(PART * PARTS).enumerate();
    loop {
        let round = rounds.next();
        let mut made = Ok(());
        rayon::in_place_scope(|scope| -> io::Result<()> {
            if let Some((number, elements)) = round {
                let (ready, made, make) = (&mut ready, &mut made, &make);
                scope.spawn(move |_| {
                    let parts = ready.par_iter_mut().zip(elements.par_chunks(PART)).enumerate();
                    *made = parts.try_for_each(|(part, with)| make((number * PARTS + part, with)));
                });
            }
            written.iter().take(filled).try_for_each(|part| out.write_all(part))
        })?;
        made?;
        let Some((_, elements)) = round else { return Ok(()) };
        std::mem::swap(&mut ready, &mut written);
        filled = elements.len().div_ceil(PART);
    }
}

/// Adds a value to what is in memory.
pub fn push(out: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Error> {
    value.serialize(Compact::new(out))
}

/// Adds a text to what is in memory, quoted and escaped.
pub fn string(out: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    let bytes = text.as_bytes();
    if plain_length(bytes) < bytes.len() {
        return serde_json::to_writer(out, text);
    }
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    out.extend_from_slice(bytes);
    out.push(b'"');
    Ok(())
}

/// JSON that is at hand, for [`push()`] only.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a>(pub &'a str);

/// What [`Raw`] is called on the way through serde.
const RAW: &str = "same-ca raw";

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(RAW, self.0)
    }
}

/// A serializer into memory. The keys of maps are texts, and there are no variants with content in what it is for.
struct Compact<'a> {
    out: &'a mut Vec<u8>,
    /// Whether a text is JSON already.
    raw: bool,
}

impl<'a> Compact<'a> {
    fn new(out: &'a mut Vec<u8>) -> Compact<'a> {
        Compact { out, raw: false }
    }

    fn number(self, number: u64) {
        let mut digits = [0; 20];
        let (mut rest, mut first) = (number, digits.len());
        loop {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.out.extend_from_slice(&digits[first..]);
    }

    fn list(self, begin: u8, end: u8) -> List<'a> {
        self.out.push(begin);
        List {
            out: self.out,
            begun: false,
            end,
        }
    }
}

macro_rules! through_serde_json {
    ($($method:ident($type:ty))+) => {
        $(fn $method(self, value: $type) -> Result<(), Error> {
            serde_json::to_writer(self.out, &value)
        })+
    };
}

macro_rules! numbers {
    ($($method:ident($type:ty))+) => {
        $(fn $method(self, number: $type) -> Result<(), Error> {
            self.number(number.into());
            Ok(())
        })+
    };
}

impl<'a> Serializer for Compact<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = List<'a>;
    type SerializeStruct = List<'a>;
    type SerializeStructVariant = Impossible<(), Error>;

    numbers! {
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
    }

    through_serde_json! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i128(i128)
        serialize_u128(u128) serialize_f32(f32) serialize_f64(f64) serialize_char(char) serialize_bytes(&[u8])
    }

    fn serialize_i64(self, number: i64) -> Result<(), Error> {
        if number < 0 {
            self.out.push(b'-');
        }
        self.number(number.unsigned_abs());
        Ok(())
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<(), Error> {
        if self.raw {
            self.out.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        string(self.out, text)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(Compact {
            raw: name == RAW,
            out: self.out,
        })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(not_here(variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'a>, Error> {
        Ok(self.list(b'[', b']'))
    }

    fn serialize_tuple(self, _: usize) -> Result<List<'a>, Error> {
        Ok(self.list(b'[', b']'))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'a>, Error> {
        Ok(self.list(b'[', b']'))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Error>, Error> {
        Err(not_here(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<List<'a>, Error> {
        Ok(self.list(b'{', b'}'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<List<'a>, Error> {
        Ok(self.list(b'{', b'}'))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Error>, Error> {
        Err(not_here(variant))
    }
}

fn not_here(what: &str) -> Error {
    Error::custom(format!("{what} is not written here"))
}

/// A list or an object under way.
struct List<'a> {
    out: &'a mut Vec<u8>,
    begun: bool,
    end: u8,
}

impl List<'_> {
    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if std::mem::replace(&mut self.begun, true) {
            self.out.push(b',');
        }
        value.serialize(Compact::new(self.out))
    }

    fn finish(self) {
        self.out.push(self.end);
    }
}

macro_rules! list {
    ($($kind:ident $method:ident)+) => {
        $(impl $kind for List<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish();
                Ok(())
            }
        })+
    };
}

list! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
}

impl SerializeMap for List<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.element(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.out.push(b':');
        value.serialize(Compact::new(self.out))
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl SerializeStruct for List<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        // The fields of our types have plain names.
        debug_assert_eq!(plain_length(name.as_bytes()), name.len());
        self.out.extend_from_slice(if self.begun { b",\"" } else { b"\"" });
        self.begun = true;
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.serialize(Compact::new(self.out))
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Sample {
        number: i64,
        text: String,
        none: Option<u32>,
        yes: bool,
        list: Vec<(u64, &'static str, f64)>,
        #[serde(rename = "use", skip_serializing_if = "Vec::is_empty")]
        empty: Vec<u8>,
        map: std::collections::BTreeMap<&'static str, String>,
        kind: Kind,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        OfTwo,
    }

    fn sample(index: usize) -> Sample {
        let texts = [
            "",
            "plain",
            "\"\\/\u{1}\n\u{7f}é\u{2028}<",
            "0123456\u{1f}",
            "01234567\"",
        ];
        Sample {
            number: [0, -1, i64::MIN, i64::MAX, 10][index % 5],
            text: texts[index % texts.len()].into(),
            none: (index.is_multiple_of(3)).then_some(u32::MAX),
            yes: index.is_multiple_of(2),
            list: vec![(u64::MAX, "a", 0.5); index % 3],
            empty: vec![0; index % 2],
            map: [("a", "\"".to_owned()), ("b.c\n", String::new())]
                .into_iter()
                .take(index % 3)
                .collect(),
            kind: Kind::OfTwo,
        }
    }

    #[test]
    fn a_list_has_the_bytes_of_serde_json_however_long_it_is() {
        for length in [0, 1, PART, PART + 1, PART * PARTS, 3 * PART * PARTS + 5] {
            let list: Vec<Sample> = (0..length).map(sample).collect();
            let mut out = b"[".to_vec();
            elements(&list, &mut out, push).unwrap();
            out.push(b']');
            let expected = serde_json::to_vec(&list).unwrap();
            assert!(out == expected, "{length}: {}", String::from_utf8_lossy(&out));
        }
    }

    #[test]
    fn what_is_json_already_is_written_as_it_is() {
        let mut out = Vec::new();
        push(&mut out, &("\"", Raw("{\"a\":[\"\\n\"]}"), Some("b"))).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), r#"["\"",{"a":["\n"]},"b"]"#);
    }

    #[test]
    fn a_writer_that_fails_is_told() {
        struct Full;

        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let error = elements(&[1u32, 2], &mut Full, push).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
