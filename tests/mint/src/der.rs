//! The little DER that minting needs: a writer that does as it is told, and a reader of what we wrote ourselves.

/// Universal tags, constructed bit included where DER wants it.
pub mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const OID: u8 = 0x06;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
}

/// One value with its header: `tag`, definite length in the fewest octets, `parts` one after the other.
pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|p| p.len()).sum();
    let mut out = vec![tag];
    if len < 0x80 {
        out.push(len as u8);
    } else {
        let be = len.to_be_bytes();
        let be = &be[be.iter().position(|b| *b != 0).unwrap()..];
        out.push(0x80 | be.len() as u8);
        out.extend_from_slice(be);
    }
    parts.iter().for_each(|p| out.extend_from_slice(p));
    out
}

pub fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(tag::SEQUENCE, parts)
}

/// SET OF in the order given; [`set_of`] sorts as DER asks.
pub fn set(parts: &[&[u8]]) -> Vec<u8> {
    tlv(tag::SET, parts)
}

/// SET OF in DER's order: ascending encodings.
pub fn set_of(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    tlv(tag::SET, &[&parts.concat()])
}

/// Context-specific and constructed: EXPLICIT, or IMPLICIT of a SEQUENCE or SET.
pub fn ctx(n: u8, parts: &[&[u8]]) -> Vec<u8> {
    tlv(0xa0 | n, parts)
}

/// Context-specific and primitive: IMPLICIT of a string or number.
pub fn ctx_prim(n: u8, body: &[u8]) -> Vec<u8> {
    tlv(0x80 | n, &[body])
}

pub fn null() -> Vec<u8> {
    vec![0x05, 0x00]
}

pub fn boolean(value: bool) -> Vec<u8> {
    tlv(tag::BOOLEAN, &[&[if value { 0xff } else { 0 }]])
}

/// A non-negative INTEGER from its big-endian magnitude.
pub fn uint(magnitude: &[u8]) -> Vec<u8> {
    let start = magnitude.iter().position(|b| *b != 0).unwrap_or(magnitude.len());
    let digits = &magnitude[start..];
    match digits.first() {
        None => tlv(tag::INTEGER, &[&[0]]),
        Some(b) if *b >= 0x80 => tlv(tag::INTEGER, &[&[0], digits]),
        Some(_) => tlv(tag::INTEGER, &[digits]),
    }
}

pub fn int(value: u64) -> Vec<u8> {
    uint(&value.to_be_bytes())
}

pub fn octets(body: &[u8]) -> Vec<u8> {
    tlv(tag::OCTET_STRING, &[body])
}

/// BIT STRING of whole octets.
pub fn bits(body: &[u8]) -> Vec<u8> {
    tlv(tag::BIT_STRING, &[&[0], body])
}

/// A named-bit list (bit 0 is the first): trailing zeros dropped, as DER asks.
pub fn named_bits(set: &[u8]) -> Vec<u8> {
    let Some(last) = set.iter().max().copied() else {
        return tlv(tag::BIT_STRING, &[&[0]]);
    };
    let mut body = vec![0u8; usize::from(last / 8) + 1];
    set.iter()
        .for_each(|bit| body[usize::from(bit / 8)] |= 0x80 >> (bit % 8));
    tlv(tag::BIT_STRING, &[&[7 - last % 8], &body])
}

/// An OBJECT IDENTIFIER from its dotted text.
pub fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted
        .split('.')
        .map(|arc| arc.parse().expect("a dotted OID"))
        .collect();
    let mut body = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
        (0..groups)
            .rev()
            .for_each(|g| body.push((arc >> (7 * g)) as u8 & 0x7f | if g > 0 { 0x80 } else { 0 }));
    }
    tlv(tag::OID, &[&body])
}

/// UTCTime until 2049, GeneralizedTime after (RFC 5280 §4.1.2.5), from seconds since 1970.
pub fn time(unix: i64) -> Vec<u8> {
    let t = time::OffsetDateTime::from_unix_timestamp(unix).expect("a time that fits a certificate");
    let rest = format!(
        "{:02}{:02}{:02}{:02}{:02}Z",
        u8::from(t.month()),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    );
    match t.year() {
        1950..2050 => tlv(tag::UTC_TIME, &[format!("{:02}{rest}", t.year() % 100).as_bytes()]),
        _ => tlv(tag::GENERALIZED_TIME, &[format!("{:04}{rest}", t.year()).as_bytes()]),
    }
}

/// AlgorithmIdentifier: an OID with its parameters as encoded (empty: absent).
pub fn algorithm(dotted: &str, parameters: &[u8]) -> Vec<u8> {
    seq(&[&oid(dotted), parameters])
}

/// One value of a DER that we hold: its tag, its content, the whole with its header.
#[derive(Clone, Copy, Debug)]
pub struct Tlv<'a> {
    pub tag: u8,
    pub body: &'a [u8],
    pub whole: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// The values inside, for a constructed one.
    pub fn children(&self) -> Vec<Tlv<'a>> {
        read_all(self.body)
    }
}

/// The first value of `der`, and what follows it.
pub fn read(der: &[u8]) -> (Tlv<'_>, &[u8]) {
    let (header, len) = match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let n = usize::from(long & 0x7f);
            (2 + n, der[2..2 + n].iter().fold(0, |len, b| len << 8 | usize::from(*b)))
        }
    };
    let tlv = Tlv {
        tag: der[0],
        body: &der[header..header + len],
        whole: &der[..header + len],
    };
    (tlv, &der[header + len..])
}

pub fn read_all(mut der: &[u8]) -> Vec<Tlv<'_>> {
    let mut all = Vec::new();
    while !der.is_empty() {
        let (tlv, rest) = read(der);
        all.push(tlv);
        der = rest;
    }
    all
}

/// The same value in BER's indefinite form, all the way down: every constructed value ends in two zero octets, and
/// octet strings of more than `chunk` octets are constructed of pieces of that size, as streaming writers (Java, NSS,
/// some appliances) make them.
pub fn ber_indefinite(der: &[u8], chunk: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for value in read_all(der) {
        let string = value.tag == tag::OCTET_STRING && value.body.len() > chunk;
        // A primitive [0] of this size is the encryptedContent of PKCS#7: IMPLICIT OCTET STRING.
        let implicit_string = value.tag == 0x80 && value.body.len() > chunk;
        if string || implicit_string {
            out.extend_from_slice(&[value.tag | 0x20, 0x80]);
            value.body.chunks(chunk).for_each(|piece| out.extend(octets(piece)));
            out.extend_from_slice(&[0, 0]);
        } else if value.tag & 0x20 != 0 {
            out.extend_from_slice(&[value.tag, 0x80]);
            out.extend(ber_indefinite(value.body, chunk));
            out.extend_from_slice(&[0, 0]);
        } else {
            out.extend_from_slice(value.whole);
        }
    }
    out
}
