//! Distinguished names: from text as people write it, or value by value with the string type that one wants.

use super::der;

/// A value with the ASN.1 string type that it is encoded in.
#[derive(Clone, Debug)]
pub enum Text<'a> {
    Printable(&'a str),
    Utf8(&'a str),
    /// UCS-2, big endian.
    Bmp(&'a str),
    /// T61String: written as Latin-1, as everybody does.
    Teletex(&'a str),
    /// UCS-4, big endian.
    Universal(&'a str),
    Ia5(&'a str),
    Numeric(&'a str),
    /// Any encoding at all, header included.
    Der(&'a [u8]),
}

impl Text<'_> {
    pub fn der(&self) -> Vec<u8> {
        match self {
            Text::Printable(s) => der::tlv(0x13, &[s.as_bytes()]),
            Text::Utf8(s) => der::tlv(0x0c, &[s.as_bytes()]),
            Text::Bmp(s) => der::tlv(
                0x1e,
                &[&s.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>()],
            ),
            Text::Teletex(s) => der::tlv(0x14, &[&s.chars().map(|c| c as u8).collect::<Vec<_>>()]),
            Text::Universal(s) => der::tlv(
                0x1c,
                &[&s.chars().flat_map(|c| (c as u32).to_be_bytes()).collect::<Vec<_>>()],
            ),
            Text::Ia5(s) => der::tlv(0x16, &[s.as_bytes()]),
            Text::Numeric(s) => der::tlv(0x12, &[s.as_bytes()]),
            Text::Der(der) => der.to_vec(),
        }
    }
}

/// A Name, as its DER.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Name(Vec<u8>);

impl Name {
    /// From RFC 4514 text: the last RDN of the text is the first of the encoding. `\,`, `\2C` and `+` work; string
    /// types are what AD CS chooses: IA5String for DC and E, PrintableString where it fits, UTF8String otherwise.
    pub fn parse(text: &str) -> Name {
        let rdns = split(text, ',').into_iter().rev().map(|rdn| {
            let attributes = split(&rdn, '+').into_iter().map(|attribute| {
                let (kind, value) = attribute
                    .split_once('=')
                    .unwrap_or_else(|| panic!("no `=` in {attribute:?}"));
                let (kind, value) = (kind.trim(), unescape(value));
                let text = match kind.to_ascii_uppercase().as_str() {
                    "DC" | "E" => Text::Ia5(&value),
                    _ if printable(&value) => Text::Printable(&value),
                    _ => Text::Utf8(&value),
                };
                der::seq(&[&der::oid(attribute_oid(kind)), &text.der()])
            });
            der::set_of(attributes.collect())
        });
        Name(if text.is_empty() {
            der::seq(&[])
        } else {
            der::seq(&[&rdns.collect::<Vec<_>>().concat()])
        })
    }

    /// One single-valued RDN for each pair, in the order of the encoding (`DC=com` first).
    pub fn ordered(attributes: &[(&str, Text)]) -> Name {
        let rdns: Vec<_> = attributes.iter().map(std::slice::from_ref).collect();
        Name::of_rdns(&rdns)
    }

    /// RDNs of any number of attributes, in the order of the encoding.
    pub fn of_rdns(rdns: &[&[(&str, Text)]]) -> Name {
        let rdns = rdns.iter().map(|rdn| {
            der::set_of(
                rdn.iter()
                    .map(|(kind, text)| der::seq(&[&der::oid(attribute_oid(kind)), &text.der()]))
                    .collect(),
            )
        });
        Name(der::seq(&[&rdns.collect::<Vec<_>>().concat()]))
    }

    pub fn from_der(der: &[u8]) -> Name {
        Name(der.to_vec())
    }

    pub fn der(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Name {
        Name::parse(text)
    }
}

impl From<&Name> for Name {
    fn from(name: &Name) -> Name {
        name.clone()
    }
}

/// Short names of the attribute types; anything else is taken for a dotted OID.
fn attribute_oid(kind: &str) -> &str {
    match kind.to_ascii_uppercase().as_str() {
        "CN" => "2.5.4.3",
        "SN" => "2.5.4.4",
        "SERIALNUMBER" => "2.5.4.5",
        "C" => "2.5.4.6",
        "L" => "2.5.4.7",
        "ST" => "2.5.4.8",
        "STREET" => "2.5.4.9",
        "O" => "2.5.4.10",
        "OU" => "2.5.4.11",
        "T" => "2.5.4.12",
        "GN" => "2.5.4.42",
        "DC" => "0.9.2342.19200300.100.1.25",
        "UID" => "0.9.2342.19200300.100.1.1",
        "E" => "1.2.840.113549.1.9.1",
        _ => kind,
    }
}

fn printable(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c))
}

/// The pieces between unescaped separators.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == separator {
            pieces.push(String::new());
            continue;
        }
        let piece = pieces.last_mut().expect("never empty");
        piece.push(c);
        if c == '\\' {
            piece.extend(chars.next());
        }
    }
    pieces
}

fn unescape(text: &str) -> String {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] != b'\\' {
            out.push(bytes[i]);
            i += 1;
        } else if let Some(byte) = text.get(i + 1..i + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            i += 3;
        } else {
            out.push(bytes[i + 1]);
            i += 2;
        }
    }
    String::from_utf8(out).expect("UTF-8 after the escapes")
}
