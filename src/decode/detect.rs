//! What bytes are, told by their content.

use zeroize::Zeroizing;

use super::KeyEncoding;
use crate::asn1::ber::{self, Element, Reader};

/// Something that is no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// What it is, with its article.
    pub name: &'static str,
    /// What to do next.
    pub hint: Option<&'static str>,
}

const fn found(name: &'static str) -> Found {
    Found { name, hint: None }
}

const fn hinted(name: &'static str, hint: &'static str) -> Found {
    Found { name, hint: Some(hint) }
}

pub(super) const CERTIFICATE: Found = found("a certificate");
pub(super) const NOTHING: Found = found("nothing");
/// What to do with a text that has PEM in it.
pub(super) const PEM_INSIDE: &str = "give the PEM in it by itself, its BEGIN at the start of a line";
const REQUEST: Found = hinted(
    "a certificate signing request",
    "give the certificate that the CA issued for it",
);
const REVOCATION_LIST: Found = found("a certificate revocation list");
const ATTRIBUTES: Found = found("an attribute certificate");
const PRIVATE_KEY: Found = hinted("a private key", "give the certificate that belongs to the key");
const ENCRYPTED_KEY: Found = hinted(
    "an encrypted private key",
    "give the certificate that belongs to the key",
);
const OPENSSH_KEY: Found = found("an OpenSSH private key");
const OPENSSH_PUBLIC_KEY: Found = found("an OpenSSH public key");
const PUBLIC_KEY: Found = found("a public key");
/// What only accompanies a key.
pub(super) const PARAMETERS: Found = found("key parameters");
const PGP: Found = found("PGP data");
pub(super) const CMS: Found = found("a CMS message without certificates");
const OCSP: Found = found("an OCSP response");
const JAVA_KEYSTORE: Found = hinted("a Java keystore", "export it with keytool as PKCS#12 or PEM");
const ZIP: Found = hinted("a ZIP archive", "unpack it first");
const HTML: Found = hinted(
    "an HTML page",
    "download the certificate itself, not the page that offers it",
);
const TEXT: Found = found("plain text");
const XML: Found = found("an XML document");
const JSON: Found = found("JSON");
const PDF: Found = found("a PDF document");
const BINARY: Found = found("binary data of no known kind");

/// Whether it is something that is never expected to hold a certificate. A text with a certificate in it has a hint.
pub(super) fn is_plain(found: Found) -> bool {
    const PLAIN: &[Found] = &[
        REQUEST,
        REVOCATION_LIST,
        ATTRIBUTES,
        PRIVATE_KEY,
        ENCRYPTED_KEY,
        OPENSSH_KEY,
        OPENSSH_PUBLIC_KEY,
        PUBLIC_KEY,
        PARAMETERS,
        PGP,
        OCSP,
        HTML,
        TEXT,
        XML,
        JSON,
        PDF,
    ];
    PLAIN.contains(&found)
}

/// What one element of DER or BER is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Certificate,
    /// How.
    DamagedCertificate(&'static str),
    Pkcs7,
    Pkcs12,
    Key(KeyEncoding),
    /// A private key of an encoding that nothing here uses (DSA).
    OtherKey,
    EncryptedKey,
    Other(Found),
}

impl Kind {
    /// What to call it.
    pub fn found(self) -> Found {
        match self {
            Self::Certificate | Self::DamagedCertificate(_) => CERTIFICATE,
            Self::Pkcs7 => found("a PKCS#7 file"),
            Self::Pkcs12 => found("a PKCS#12 file"),
            Self::Key(_) | Self::OtherKey => PRIVATE_KEY,
            Self::EncryptedKey => ENCRYPTED_KEY,
            Self::Other(found) => found,
        }
    }
}

/// Whether bytes can only be DER or BER: a SEQUENCE whose length is no ASCII character, or one that ends where they
/// end. (Text may begin with the digit 0, which is the tag of a SEQUENCE.)
pub(super) fn is_der(bytes: &[u8]) -> bool {
    match bytes {
        [ber::SEQUENCE, 0x80..=0x84, ..] => true,
        [ber::SEQUENCE, length, contents @ ..] => usize::from(*length) == contents.len() && !contents.is_empty(),
        _ => false,
    }
}

/// What bytes are that must be one element and nothing behind it.
pub(super) fn whole(bytes: &[u8]) -> Kind {
    let mut reader = Reader::new(bytes);
    match reader.next() {
        Ok(Some(only)) if reader.rest().is_empty() => element(&only),
        _ => Kind::Other(BINARY),
    }
}

/// What the first element of bytes is.
pub(super) fn prefix(bytes: &[u8]) -> Kind {
    match Reader::new(bytes).next() {
        Ok(Some(first)) => element(&first),
        _ => Kind::Other(BINARY),
    }
}

/// What an element is, by the tags in it.
pub(super) fn element(outer: &Element) -> Kind {
    use ber::{BIT_STRING, CONTEXT_0, ENUMERATED, INTEGER, OCTET_STRING, OID, SEQUENCE};
    const OTHER: Kind = Kind::Other(found("DER data of another kind"));
    if outer.tag != SEQUENCE {
        return OTHER;
    }
    let (tags, fields) = head(outer);
    let Some(first) = fields.first() else { return OTHER };
    // Keys are passed on as DER, the only encoding in use.
    let key = |encoding| if outer.indefinite { OTHER } else { Kind::Key(encoding) };
    let typed = fields.get(1).is_some_and(|second| head(second).0.first() == Some(&OID));
    match tags.as_slice() {
        [SEQUENCE, SEQUENCE, BIT_STRING] => match signed(first) {
            Kind::Certificate if outer.indefinite => {
                Kind::DamagedCertificate("an indefinite length, which a certificate must not have")
            }
            kind => kind,
        },
        [OID, CONTEXT_0] | [OID] => Kind::Pkcs7,
        [INTEGER, SEQUENCE, OCTET_STRING, ..] => key(KeyEncoding::Pkcs8),
        [INTEGER, SEQUENCE] | [INTEGER, SEQUENCE, SEQUENCE] if typed => Kind::Pkcs12,
        [INTEGER, OCTET_STRING, ..] => key(KeyEncoding::Sec1),
        tags if tags == [INTEGER; 9] || tags.strip_suffix(&[SEQUENCE]) == Some(&[INTEGER; 9]) => {
            key(KeyEncoding::Pkcs1)
        }
        tags if tags == [INTEGER; 6] => Kind::OtherKey,
        [SEQUENCE, OCTET_STRING] => Kind::EncryptedKey,
        [SEQUENCE, BIT_STRING] | [INTEGER, INTEGER] => Kind::Other(PUBLIC_KEY),
        [ENUMERATED, ..] => Kind::Other(OCSP),
        _ => OTHER,
    }
}

/// What binary data is by its first bytes.
pub(super) fn signature(bytes: &[u8]) -> Option<Found> {
    const SIGNATURES: &[(&[u8], Found)] = &[
        (b"\xfe\xed\xfe\xed", JAVA_KEYSTORE),
        (b"\xce\xce\xce\xce", JAVA_KEYSTORE),
        (b"PK\x03\x04", ZIP),
        (b"PK\x05\x06", ZIP),
        (b"openssh-key-v1\0", OPENSSH_KEY),
        (b"\x1e\xf1\xb5\xb0", found("a Microsoft private key file (PVK)")),
        (
            b"\0\0\0\0CERT",
            hinted("a serialized certificate store (SST)", "export it as PKCS#7"),
        ),
        (b"\x1f\x8b", found("gzip data")),
        (b"7z\xbc\xaf\x27\x1c", found("a 7-Zip archive")),
        (b"Rar!", found("a RAR archive")),
        (b"MSCF", found("a cabinet archive")),
        (b"%PDF-", PDF),
        (b"SQLite format 3\0", found("an SQLite database")),
        (b"MZ\x90", found("a Windows executable")),
        (b"\x7fELF", found("an executable")),
    ];
    SIGNATURES
        .iter()
        .find(|(start, _)| bytes.starts_with(start))
        .map(|&(_, found)| found)
}

/// What a PEM block is that holds no certificate.
pub(super) fn label(label: &[u8]) -> Found {
    match label {
        b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => REQUEST,
        b"X509 CRL" | b"CRL" => REVOCATION_LIST,
        b"ATTRIBUTE CERTIFICATE" => ATTRIBUTES,
        b"ENCRYPTED PRIVATE KEY" => ENCRYPTED_KEY,
        b"OPENSSH PRIVATE KEY" => OPENSSH_KEY,
        b"SSH2 PUBLIC KEY" => OPENSSH_PUBLIC_KEY,
        _ if label.starts_with(b"PGP ") => PGP,
        _ if label.ends_with(b"PRIVATE KEY") => PRIVATE_KEY,
        _ if label.ends_with(b"PUBLIC KEY") => PUBLIC_KEY,
        _ if label.ends_with(b"PARAMETERS") => PARAMETERS,
        _ => found("a PEM block of another kind"),
    }
}

/// The text of UTF-16, as ASCII with `?` for the rest: by its byte order mark, or by the zeros in it.
pub(super) fn utf16(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    /// Characters that must be ASCII where there is no mark: fewer may be chance.
    const SAMPLE: usize = 8;
    let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    let sample = |zero: usize, byte: usize| {
        bytes.len() >= 2 * SAMPLE
            && bytes
                .chunks_exact(2)
                .take(SAMPLE)
                .all(|pair| pair[zero] == 0 && plain(pair[byte]))
    };
    let big_endian = match bytes {
        [0xff, 0xfe, ..] => false,
        [0xfe, 0xff, ..] => true,
        _ if sample(1, 0) => false,
        _ if sample(0, 1) => true,
        _ => return None,
    };
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len() / 2));
    text.extend(
        bytes
            .chunks_exact(2)
            .map(|pair| match (u16::from_le_bytes([pair[0], pair[1]]), big_endian) {
                (unit, true) => unit.swap_bytes(),
                (unit, false) => unit,
            })
            .map(|unit| match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => byte,
                // Marks stand in the middle too, where files were joined.
                _ if unit == 0xfeff => b' ',
                _ => b'?',
            }),
    );
    Some(text)
}

/// UTF-8 without its byte order mark.
pub(super) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// What text is that holds no PEM.
pub(super) fn text(text: &[u8]) -> Found {
    /// Enough to tell: the rest of a large file is not searched.
    const LOOKED_AT: usize = 4096;
    let text = text.trim_ascii_start();
    if text.is_empty() {
        return found("nothing but white space");
    }
    let start = text.get(..LOOKED_AT).unwrap_or(text);
    if start.iter().any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31)) {
        return BINARY;
    }
    let begins = |with: &str| {
        start
            .get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
    };
    let holds = |what: &[u8]| {
        start
            .windows(what.len())
            .any(|window| window.eq_ignore_ascii_case(what))
    };
    let found = match start {
        _ if begins("<!doctype html") || begins("<html") || (begins("<") && holds(b"<html")) => HTML,
        [b'<', ..] => XML,
        [b'{' | b'[', ..] => JSON,
        _ if begins("SSH-1.") || begins("SSH-2.") => hinted(
            "an SSH banner",
            "the port belongs to an SSH server, not to a TLS server",
        ),
        _ if begins("ssh-") || begins("ecdsa-sha2-") || begins("sk-ssh-") || begins("---- BEGIN SSH2 PUBLIC KEY") => {
            OPENSSH_PUBLIC_KEY
        }
        _ if begins("PuTTY-User-Key-File-") => found("a PuTTY private key"),
        _ if begins("HTTP/1.") => found("an HTTP response"),
        _ => TEXT,
    };
    // Escaped in JSON, quoted, or behind other words.
    match holds(b"-----BEGIN CERTIFICATE") {
        true => Found {
            hint: Some(PEM_INSIDE),
            ..found
        },
        false => found,
    }
}

/// The tags of the first elements inside, and the elements; what follows a flaw is not there.
fn head<'a>(outer: &Element<'a>) -> (Vec<u8>, Vec<Element<'a>>) {
    /// One more than the longest of the kinds has, a multi-prime RSA key.
    const MOST: usize = 11;
    let mut reader = outer.children();
    let mut fields = Vec::with_capacity(MOST);
    while let (true, Ok(Some(field))) = (fields.len() < MOST, reader.next()) {
        fields.push(field);
    }
    (fields.iter().map(|field| field.tag).collect(), fields)
}

/// What a signed structure is, by what is signed.
fn signed(inner: &Element) -> Kind {
    use ber::{CONTEXT_0, GENERALIZED_TIME, INTEGER, SEQUENCE, UTC_TIME};
    let (tags, fields) = head(inner);
    match tags.as_slice() {
        [CONTEXT_0, INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, ..]
        | [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, ..] => Kind::Certificate,
        [INTEGER, SEQUENCE, SEQUENCE, UTC_TIME | GENERALIZED_TIME, ..]
        | [SEQUENCE, SEQUENCE, UTC_TIME | GENERALIZED_TIME, ..] => Kind::Other(REVOCATION_LIST),
        [INTEGER, SEQUENCE, SEQUENCE] | [INTEGER, SEQUENCE, SEQUENCE, CONTEXT_0]
            if fields
                .get(2)
                .is_some_and(|key| head(key).0 == [SEQUENCE, ber::BIT_STRING]) =>
        {
            Kind::Other(REQUEST)
        }
        [INTEGER, SEQUENCE, CONTEXT_0, SEQUENCE, INTEGER, ..] => Kind::Other(ATTRIBUTES),
        _ => Kind::DamagedCertificate("its fields are not those of a certificate"),
    }
}
