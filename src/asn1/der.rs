//! A strict DER reader over borrowed bytes: definite minimal lengths, low tag numbers, nothing copied.
//!
//! The envelope of a certificate is walked with this and not with `x509-parser`: that passes over octets hidden at the
//! end of a SEQUENCE, and its 3 µs a certificate are most of what a batch may spend on one beside RSA.

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OID: u8 = 0x06;
pub const ENUMERATED: u8 = 0x0a;
pub const UTF8_STRING: u8 = 0x0c;
pub const NUMERIC_STRING: u8 = 0x12;
pub const PRINTABLE_STRING: u8 = 0x13;
pub const TELETEX_STRING: u8 = 0x14;
pub const IA5_STRING: u8 = 0x16;
pub const UTC_TIME: u8 = 0x17;
pub const GENERALIZED_TIME: u8 = 0x18;
pub const VISIBLE_STRING: u8 = 0x1a;
pub const UNIVERSAL_STRING: u8 = 0x1c;
pub const BMP_STRING: u8 = 0x1e;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// The tag octet of context-specific tag `number`, constructed.
pub const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// The tag octet of context-specific tag `number`, primitive.
pub const fn primitive(number: u8) -> u8 {
    0x80 | number
}

/// One element: its tag octet, its contents, and both with the header.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    pub tag: u8,
    pub value: &'a [u8],
    pub raw: &'a [u8],
}

/// Reads elements one after the other. Every method answers `None` where the bytes are not what was asked for.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Whether the next element has this tag.
    pub fn at(&self, tag: u8) -> bool {
        self.rest.first() == Some(&tag)
    }

    #[inline]
    pub fn element(&mut self) -> Option<Element<'a>> {
        let (&tag, after) = self.rest.split_first()?;
        // A tag number over 30 takes more octets; nothing in a certificate has one.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, after) = after.split_first()?;
        let (length, header) = if first < 0x80 {
            (usize::from(first), 2)
        } else {
            // 0x80 is the indefinite form; four octets count more than any certificate holds.
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return None;
            }
            let octets = after.get(..count)?;
            let length = octets.iter().fold(0usize, |n, &o| n << 8 | usize::from(o));
            if octets.first() == Some(&0) || length < 0x80 {
                return None;
            }
            (length, 2 + count)
        };
        let raw = self.rest.get(..header.checked_add(length)?)?;
        self.rest = self.rest.get(raw.len()..)?;
        Some(Element {
            tag,
            value: raw.get(header..)?,
            raw,
        })
    }

    /// The contents of the next element, which must have this tag.
    #[inline]
    pub fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.at(tag) {
            Some(self.element()?.value)
        } else {
            None
        }
    }

    /// The contents of the next element if it has this tag; `None` only where it has and cannot be read.
    pub fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.at(tag) {
            Some(Some(self.element()?.value))
        } else {
            Some(None)
        }
    }

    /// `Some` at the end of the bytes.
    pub fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

/// The contents of the only element in `bytes`, which must have this tag.
pub fn only(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let mut reader = Reader::new(bytes);
    let value = reader.expect(tag)?;
    reader.end()?;
    Some(value)
}

/// The magnitude of a non-negative INTEGER, minimally encoded, without its sign octet.
pub fn unsigned(value: &[u8]) -> Option<&[u8]> {
    match value {
        [] => None,
        [0] => Some(value),
        [0, second, ..] if *second >= 0x80 => value.get(1..),
        [0, ..] => None,
        [first, ..] if *first < 0x80 => Some(value),
        _ => None,
    }
}

/// A non-negative INTEGER that fits in 64 bits.
pub fn small(value: &[u8]) -> Option<u64> {
    let magnitude = unsigned(value)?;
    if magnitude.len() > 8 {
        return None;
    }
    Some(magnitude.iter().fold(0, |n, &o| n << 8 | u64::from(o)))
}

/// The octets of a BIT STRING of whole octets.
pub fn octets(value: &[u8]) -> Option<&[u8]> {
    match value.split_first()? {
        (0, octets) => Some(octets),
        _ => None,
    }
}

/// A BOOLEAN. DER wants 0xff for TRUE; older software wrote other values, whose meaning is clear.
pub fn boolean(value: &[u8]) -> Option<bool> {
    match value {
        [octet] => Some(*octet != 0),
        _ => None,
    }
}

/// The text of a string type as its encoding says; `None` where it is no string type or breaks its own encoding.
pub fn text(tag: u8, value: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    use std::borrow::Cow;
    match tag {
        UTF8_STRING => std::str::from_utf8(value).ok().map(Cow::Borrowed),
        PRINTABLE_STRING | IA5_STRING | NUMERIC_STRING | VISIBLE_STRING => {
            if value.is_ascii() {
                std::str::from_utf8(value).ok().map(Cow::Borrowed)
            } else {
                None
            }
        }
        // T.61 by definition; in practice it is ISO 8859-1.
        TELETEX_STRING => Some(match std::str::from_utf8(value) {
            Ok(ascii) if ascii.is_ascii() => Cow::Borrowed(ascii),
            _ => Cow::Owned(value.iter().map(|&o| char::from(o)).collect()),
        }),
        BMP_STRING => {
            let (units, rest) = value.as_chunks::<2>();
            if !rest.is_empty() {
                return None;
            }
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units)
                .collect::<Result<String, _>>()
                .ok()
                .map(Cow::Owned)
        }
        UNIVERSAL_STRING => {
            let (units, rest) = value.as_chunks::<4>();
            if !rest.is_empty() {
                return None;
            }
            let chars = units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit)));
            chars.collect::<Option<String>>().map(Cow::Owned)
        }
        _ => None,
    }
}

/// What ASN.1 calls the type of a string; `None` for what is none.
pub fn string_type(tag: u8) -> Option<&'static str> {
    Some(match tag {
        UTF8_STRING => "UTF8String",
        NUMERIC_STRING => "NumericString",
        PRINTABLE_STRING => "PrintableString",
        TELETEX_STRING => "TeletexString",
        IA5_STRING => "IA5String",
        VISIBLE_STRING => "VisibleString",
        UNIVERSAL_STRING => "UniversalString",
        BMP_STRING => "BMPString",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_must_be_definite_minimal_and_within_the_bytes() {
        assert!(
            Reader::new(&[0x04, 0x81, 0x01, 0x00]).element().is_none(),
            "non-minimal"
        );
        assert!(Reader::new(&[0x30, 0x80, 0x00, 0x00]).element().is_none(), "indefinite");
        assert!(Reader::new(&[0x04, 0x02, 0x00]).element().is_none(), "truncated");
        assert!(
            Reader::new(&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff]).element().is_none(),
            "absurd"
        );
        assert!(Reader::new(&[0x1f, 0x81, 0x00, 0x00]).element().is_none(), "high tag");
        assert_eq!(Reader::new(&[0x04, 0x01, 0x07]).expect(OCTET_STRING), Some(&[7u8][..]));
    }

    #[test]
    fn integers_must_be_minimal_and_not_negative() {
        assert_eq!(small(&[0x00]), Some(0));
        assert_eq!(small(&[0x00, 0x80]), Some(128));
        assert_eq!(small(&[0x00, 0x7f]), None);
        assert_eq!(small(&[0x80]), None);
        assert_eq!(small(&[]), None);
        assert_eq!(small(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    }

    #[test]
    fn lengths_written_are_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let bytes = crate::asn1::testing::element(OCTET_STRING, &[&vec![7; length]]);
            assert_eq!(only(&bytes, OCTET_STRING).map(<[u8]>::len), Some(length));
        }
    }
}
