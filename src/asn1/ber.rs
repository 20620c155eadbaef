//! A small reader of BER (ITU-T X.690): one element after another, nothing allocated but joined octet strings.
//!
//! PKCS#7 and PKCS#12 files are written in BER, indefinite lengths and constructed strings included. What is to be
//! kept (a certificate) is a slice of the input, never a re-encoding.

use zeroize::Zeroizing;

pub use super::der::{BIT_STRING, ENUMERATED, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, UTC_TIME};

/// Open constructed elements at once. PKCS#12 at its most nested, all of it indefinite, is about ten deep.
const MAX_DEPTH: usize = 32;

/// Elements looked at to find the end of one indefinite length, and pieces of one constructed string. Writers cut
/// strings into pieces of about 1,000 bytes, so the largest file that is read holds some 70,000.
const MAX_ELEMENTS: usize = 1_000_000;

/// `[0]`, constructed: explicit, or the implicit form of something constructed.
pub const CONTEXT_0: u8 = super::der::constructed(0);
/// `[0]`, primitive: the implicit form of a string in one piece.
pub const CONTEXT_0_PRIMITIVE: u8 = super::der::primitive(0);

const CONSTRUCTED: u8 = 0x20;
const END_OF_CONTENTS: u8 = 0x00;

/// One element: tag, contents, and the whole of its bytes.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    pub tag: u8,
    pub contents: &'a [u8],
    pub raw: &'a [u8],
    pub indefinite: bool,
}

impl<'a> Element<'a> {
    /// The elements inside.
    pub fn children(&self) -> Reader<'a> {
        Reader { rest: self.contents }
    }

    /// The bytes of an octet string, joined where it comes in pieces (X.690 §8.7.3), under its own tag or an
    /// implicit `[0]`.
    pub fn octets(&self) -> Result<Zeroizing<Vec<u8>>, Flaw> {
        if !matches!(self.tag & !CONSTRUCTED, OCTET_STRING | CONTEXT_0_PRIMITIVE) {
            return Err(Flaw::Unexpected);
        }
        if self.tag & CONSTRUCTED == 0 {
            return Ok(Zeroizing::new(self.contents.to_vec()));
        }
        // Never longer than the pieces with their headers: no growth leaves copies of a secret behind.
        let mut joined = Zeroizing::new(Vec::with_capacity(self.contents.len()));
        // Bytes left after each open piece; None while an indefinite one is open.
        let mut open: Vec<Option<&'a [u8]>> = Vec::new();
        let mut rest = self.contents;
        let mut seen = 0;
        loop {
            if rest.is_empty() {
                match open.pop() {
                    None => return Ok(joined),
                    Some(None) => return Err(Flaw::Truncated),
                    Some(Some(after)) => rest = after,
                }
                continue;
            }
            seen += 1;
            if seen > MAX_ELEMENTS {
                return Err(Flaw::TooMany);
            }
            let header = Header::read(rest)?;
            let (_, inside) = rest.split_at_checked(header.length).ok_or(Flaw::Truncated)?;
            match (header.tag, header.contents) {
                (END_OF_CONTENTS, Some(0)) => match open.pop() {
                    Some(None) => rest = inside,
                    _ => return Err(Flaw::Unexpected),
                },
                (OCTET_STRING, Some(length)) => {
                    let (piece, after) = inside.split_at_checked(length).ok_or(Flaw::Truncated)?;
                    joined.extend_from_slice(piece);
                    rest = after;
                }
                (tag, length) if tag == OCTET_STRING | CONSTRUCTED => {
                    if open.len() >= MAX_DEPTH {
                        return Err(Flaw::TooDeep);
                    }
                    match length {
                        None => {
                            open.push(None);
                            rest = inside;
                        }
                        Some(length) => {
                            let (pieces, after) = inside.split_at_checked(length).ok_or(Flaw::Truncated)?;
                            open.push(Some(after));
                            rest = pieces;
                        }
                    }
                }
                _ => return Err(Flaw::Unexpected),
            }
        }
    }

    /// A non-negative INTEGER that fits.
    pub fn unsigned(&self) -> Result<u64, Flaw> {
        if self.tag != INTEGER {
            return Err(Flaw::Unexpected);
        }
        match self.contents {
            [] => Err(Flaw::Unexpected),
            [first, ..] if first & 0x80 != 0 => Err(Flaw::Number),
            digits => {
                let start = digits.iter().position(|&digit| digit != 0).unwrap_or(digits.len());
                let digits = digits.get(start..).unwrap_or_default();
                if digits.len() > size_of::<u64>() {
                    return Err(Flaw::Number);
                }
                Ok(digits.iter().fold(0, |number, &digit| number << 8 | u64::from(digit)))
            }
        }
    }
}

/// Elements one after another.
#[derive(Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next element; `None` at the end. After a flaw there is no telling where the next one starts: it is the
    /// end.
    pub fn next(&mut self) -> Result<Option<Element<'a>>, Flaw> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let bytes = std::mem::take(&mut self.rest);
        let header = Header::read(bytes)?;
        if header.tag == END_OF_CONTENTS {
            return Err(Flaw::Unexpected);
        }
        let inside = bytes.get(header.length..).ok_or(Flaw::Truncated)?;
        let (length, closing) = match header.contents {
            Some(length) => (length, 0),
            None => (indefinite_length(inside)?, 2),
        };
        let contents = inside.get(..length).ok_or(Flaw::Truncated)?;
        let (raw, rest) = bytes
            .split_at_checked(header.length + length + closing)
            .ok_or(Flaw::Truncated)?;
        self.rest = rest;
        Ok(Some(Element {
            tag: header.tag,
            contents,
            raw,
            indefinite: header.contents.is_none(),
        }))
    }

    /// The next element, which must be there.
    pub fn any(&mut self) -> Result<Element<'a>, Flaw> {
        self.next()?.ok_or(Flaw::Missing)
    }

    /// The next element, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Result<Element<'a>, Flaw> {
        let element = self.any()?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(Flaw::Unexpected)
        }
    }
}

/// What is wrong with an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Truncated,
    TooDeep,
    TooMany,
    Length,
    HighTag,
    Missing,
    Unexpected,
    Number,
}

impl Flaw {
    /// The words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::TooDeep => "nested too deep",
            Self::TooMany => "cut into too many pieces",
            Self::Length => "a length that cannot be",
            Self::HighTag => "a tag that no certificate file has",
            Self::Missing => "an element is missing",
            Self::Unexpected => "an element where another belongs",
            Self::Number => "a number out of range",
        }
    }
}

/// Tag and length; `contents` is `None` for an indefinite length.
struct Header {
    tag: u8,
    length: usize,
    contents: Option<usize>,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        let &[tag, first, ref more @ ..] = bytes else {
            return Err(Flaw::Truncated);
        };
        if tag & 0x1f == 0x1f {
            return Err(Flaw::HighTag);
        }
        let octets = match first {
            0..=0x7f => {
                return Ok(Self {
                    tag,
                    length: 2,
                    contents: Some(usize::from(first)),
                });
            }
            0x80 if tag & CONSTRUCTED != 0 => {
                return Ok(Self {
                    tag,
                    length: 2,
                    contents: None,
                });
            }
            // Four octets of length are 4 GiB, far above the largest file.
            0x81..=0x84 => usize::from(first & 0x7f),
            _ => return Err(Flaw::Length),
        };
        let digits = more.get(..octets).ok_or(Flaw::Truncated)?;
        let contents = digits
            .iter()
            .fold(0u64, |number, &digit| number << 8 | u64::from(digit));
        let contents = usize::try_from(contents).map_err(|_| Flaw::Length)?;
        Ok(Self {
            tag,
            length: 2 + octets,
            contents: Some(contents),
        })
    }
}

/// The length of contents that end-of-contents octets close, these not counted.
fn indefinite_length(bytes: &[u8]) -> Result<usize, Flaw> {
    let mut open = 1;
    let mut at = 0;
    for _ in 0..MAX_ELEMENTS {
        let rest = bytes.get(at..).ok_or(Flaw::Truncated)?;
        let header = Header::read(rest)?;
        match (header.tag, header.contents) {
            (END_OF_CONTENTS, Some(0)) => {
                open -= 1;
                if open == 0 {
                    return Ok(at);
                }
                at += header.length;
            }
            (END_OF_CONTENTS, _) => return Err(Flaw::Unexpected),
            (_, Some(length)) => {
                at = at
                    .checked_add(header.length)
                    .and_then(|at| at.checked_add(length))
                    .ok_or(Flaw::Length)?;
            }
            (_, None) => {
                open += 1;
                if open > MAX_DEPTH {
                    return Err(Flaw::TooDeep);
                }
                at += header.length;
            }
        }
    }
    Err(Flaw::TooMany)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(bytes: &[u8]) -> Result<Element<'_>, Flaw> {
        Reader::new(bytes).any()
    }

    #[test]
    fn a_length_longer_than_the_bytes_is_truncated() {
        for bytes in [
            &[0x30][..],
            &[0x30, 0x01],
            &[0x30, 0x82, 0x01],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(only(bytes).err(), Some(Flaw::Truncated), "{bytes:x?}");
        }
    }

    #[test]
    fn an_indefinite_length_ends_at_its_own_end_of_contents() {
        let bytes = [
            0x30, 0x80, 0x30, 0x80, 0x02, 0x01, 0x00, 0x00, 0x00, 0x04, 0x02, 0, 0, 0, 0, 0x05, 0x00,
        ];
        let mut reader = Reader::new(&bytes);
        let outer = reader.any().unwrap();
        assert_eq!(outer.contents, &bytes[2..13]);
        assert_eq!(outer.raw, &bytes[..15]);
        assert!(outer.indefinite);
        assert_eq!(reader.rest(), &bytes[15..]);
        assert_eq!(only(&bytes[..14]).err(), Some(Flaw::Truncated));
        assert_eq!(
            only(&[0x04, 0x80, 0, 0]).err(),
            Some(Flaw::Length),
            "a primitive has a length"
        );
    }

    #[test]
    fn an_octet_string_in_pieces_is_joined() {
        // 24 80 { 04 01 'a', 24 03 { 04 01 'b' }, 24 80 { 04 01 'c' } 00 00 } 00 00
        let bytes = [
            0x24, 0x80, 4, 1, b'a', 0x24, 3, 4, 1, b'b', 0x24, 0x80, 4, 1, b'c', 0, 0, 0, 0,
        ];
        assert_eq!(only(&bytes).unwrap().octets().unwrap().as_slice(), b"abc");
        let foreign = [0x24, 0x04, 0x02, 0x02, 0x01, 0x01];
        assert_eq!(only(&foreign).unwrap().octets().err(), Some(Flaw::Unexpected));
        let unclosed = [0x24, 0x02, 0x24, 0x80];
        assert_eq!(only(&unclosed).unwrap().octets().err(), Some(Flaw::Truncated));
    }

    #[test]
    fn nesting_without_end_is_refused_not_followed() {
        let mut open = [0x24, 0x80].repeat(100_000);
        assert_eq!(only(&open).err(), Some(Flaw::TooDeep));
        open.extend([0, 0].repeat(100_000));
        assert_eq!(only(&open).err(), Some(Flaw::TooDeep));
        let mut definite = vec![4, 0];
        while definite.len() < 60_000 {
            let length = u32::try_from(definite.len()).unwrap().to_be_bytes();
            definite = [&[0x24, 0x84], &length[..], &definite].concat();
        }
        assert_eq!(only(&definite).unwrap().octets().err(), Some(Flaw::TooDeep));
    }

    #[test]
    fn pieces_without_number_are_refused() {
        let bytes = [&[0x30, 0x80][..], &[4, 0].repeat(MAX_ELEMENTS + 1), &[0, 0]].concat();
        assert_eq!(only(&bytes).err(), Some(Flaw::TooMany));
    }

    #[test]
    fn numbers_are_read_only_when_they_fit_and_are_not_negative() {
        assert_eq!(only(&[2, 2, 0x08, 0x00]).unwrap().unsigned(), Ok(2048));
        assert_eq!(
            only(&[2, 9, 0, 255, 255, 255, 255, 255, 255, 255, 255])
                .unwrap()
                .unsigned(),
            Ok(u64::MAX)
        );
        assert_eq!(only(&[2, 1, 0xff]).unwrap().unsigned(), Err(Flaw::Number));
        assert_eq!(
            only(&[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap().unsigned(),
            Err(Flaw::Number)
        );
        assert_eq!(only(&[2, 0]).unwrap().unsigned(), Err(Flaw::Unexpected));
        assert_eq!(only(&[4, 1, 1]).unwrap().unsigned(), Err(Flaw::Unexpected));
    }
}
