//! PEM (RFC 7468, and what is found beside it), and base64 without armour.
//!
//! One pass over the text. Between blocks anything may stand (`Bag Attributes`, subject lines, comments in any
//! encoding). Line ends are LF, CRLF or CR, or absent altogether.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::ber::{self, Reader};
use super::{Contents, DecodeError, Format, MAX_ITEMS, detect};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// Longest label, in bytes; the longest in use has 23.
const MAX_LABEL: usize = 64;

/// Padding and the bits left over vary between writers; neither changes a byte of the DER.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads all blocks; false where there is not one armour line.
pub(super) fn read(text: &[u8], contents: &mut Contents) -> Result<bool, DecodeError> {
    let mut blocks = 0;
    for block in Blocks::of(text) {
        if blocks == MAX_ITEMS {
            return Err(DecodeError::TooLarge {
                what: "PEM blocks",
                limit: MAX_ITEMS as u64,
            });
        }
        contents.block = Some(blocks);
        block.read(contents);
        blocks += 1;
    }
    contents.block = None;
    Ok(blocks > 0)
}

/// The DER of base64 without armour, if text is that.
pub(super) fn bare(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    /// Bytes; fewer hold nothing, and may be a word that begins with MI.
    const LEAST: usize = 32;
    decode(text).filter(|der| der.len() >= LEAST && detect::is_der(der))
}

/// One armoured block, its body still text.
struct Block<'a> {
    label: &'a [u8],
    /// Or what is wrong with the armour.
    body: Result<&'a [u8], &'static str>,
}

impl Block<'_> {
    fn read(&self, contents: &mut Contents) {
        let is_key = self.label.ends_with(b"PRIVATE KEY");
        let read = match self.label {
            b"CERTIFICATE"
            | b"X509 CERTIFICATE"
            | b"X.509 CERTIFICATE"
            | b"PKCS7"
            | b"PKCS #7 SIGNED DATA"
            | b"CMS"
            | b"PKCS12" => self.der().and_then(|der| contents.der(&der, Format::Pem)),
            b"TRUSTED CERTIFICATE" => self
                .der()
                .and_then(|der| contents.der(without_trust(&der), Format::Pem)),
            b"OPENSSH PRIVATE KEY" => Err(DecodeError::Unsupported {
                what: "OpenSSH private key".into(),
            }),
            _ if is_key => self.der().map(|der| contents.key(der, None)),
            _ => self.body.map(|_| ()).map_err(|detail| DecodeError::Damaged {
                what: "PEM block",
                detail,
            }),
        };
        let is_certificate = matches!(
            self.label,
            b"CERTIFICATE" | b"X509 CERTIFICATE" | b"X.509 CERTIFICATE" | b"TRUSTED CERTIFICATE"
        );
        if !is_certificate && contents.found.is_none_or(|found| found == detect::PARAMETERS) {
            contents.found = Some(detect::label(self.label));
        }
        match read {
            Ok(()) => {}
            Err(error) if is_key => contents.key_problem(None, error),
            Err(error) => contents.certificate_problem(None, error),
        }
    }

    fn der(&self) -> Result<Zeroizing<Vec<u8>>, DecodeError> {
        let what = "PEM block";
        let body = self.body.map_err(|detail| DecodeError::Damaged { what, detail })?;
        let body = match headers(body) {
            None => body,
            Some((headers, _)) if headers.windows(9).any(|window| window == b"ENCRYPTED") => {
                return Err(DecodeError::Unsupported {
                    what: "encryption of a traditional PEM key (rewrite it with openssl pkcs8 -topk8)".into(),
                });
            }
            Some((_, body)) => body,
        };
        decode(body).ok_or(DecodeError::Damaged {
            what,
            detail: "its body is not base64",
        })
    }
}

/// Armoured blocks in file order.
struct Blocks<'a> {
    text: &'a [u8],
    /// Where the next search begins, which is at an armour line's end or a place without meaning.
    at: usize,
    /// Where the last END line ended: a BEGIN may stand behind it on the same line.
    after_end: usize,
}

impl<'a> Blocks<'a> {
    fn of(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            after_end: 0,
        }
    }

    /// The next place where dashes begin, at or after `from`.
    fn dashes(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let rest = self.text.get(at..)?;
            at += rest.iter().position(|&byte| byte == b'-')?;
            let run = self.text.get(at..)?.iter().take_while(|&&byte| byte == b'-').count();
            if run >= DASHES.len() {
                return Some(at);
            }
            at += run;
        }
    }

    /// Whether nothing but blanks stands before `at` on its line.
    fn begins_line(&self, at: usize) -> bool {
        let before = self.text.get(self.after_end..at).unwrap_or_default();
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | 0xef | 0xbb | 0xbf);
        before
            .iter()
            .rev()
            .find(|byte| !blank(byte))
            .is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
    }

    /// The label that an armour line says behind `start`, and where that line's dashes end.
    fn label(&self, start: usize) -> Option<(&'a [u8], usize)> {
        let line = self.text.get(start..)?;
        let line = line.get(..MAX_LABEL + DASHES.len()).unwrap_or(line);
        let length = line.windows(DASHES.len()).position(|window| window == DASHES)?;
        let label = line.get(..length)?;
        let printable = !label.is_empty() && label.iter().all(|byte| matches!(byte, b' '..=b'~'));
        printable.then_some((label, start + length + DASHES.len()))
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        loop {
            let begin = self.dashes(self.at)?;
            let rest = self.text.get(begin..)?;
            // A longer run of dashes is a ruler, never armour.
            let run = rest.iter().take_while(|&&byte| byte == b'-').count();
            self.at = begin + run;
            if !rest.starts_with(BEGIN) || !self.begins_line(begin) {
                continue;
            }
            let Some((label, start)) = self.label(begin + BEGIN.len()) else {
                continue;
            };
            let Some(end) = self.dashes(start) else {
                self.at = self.text.len();
                return Some(Block {
                    label,
                    body: Err("no END line"),
                });
            };
            self.at = end;
            let closing = self.text.get(end..).filter(|rest| rest.starts_with(END));
            let Some((closed, after)) = closing.and_then(|_| self.label(end + END.len())) else {
                return Some(Block {
                    label,
                    body: Err("no END line"),
                });
            };
            self.at = after;
            self.after_end = after;
            let body = match closed == label {
                true => self.text.get(start..end).ok_or("no body"),
                false => Err("its END line is another block's"),
            };
            return Some(Block { label, body });
        }
    }
}

/// The bytes of base64, white space aside; `None` where it is not that.
fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    // Form feeds, vertical tabs and byte order marks of joined files do no harm either.
    digits.extend(
        text.iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace() && *byte != 0x0b),
    );
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(digits.len())]);
    let length = BASE64.decode_slice(digits.as_slice(), &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

/// The headers of RFC 1421 before a body, and the body: what stands before the first empty line.
fn headers(body: &[u8]) -> Option<(&[u8], &[u8])> {
    if !body.contains(&b':') {
        return None;
    }
    let end_of_line = if body.contains(&b'\n') { b'\n' } else { b'\r' };
    let mut at = 0;
    let mut begun = false;
    for line in body.split(|&byte| byte == end_of_line) {
        let empty = line.trim_ascii().is_empty();
        if empty && begun {
            break;
        }
        begun |= !empty;
        at += line.len() + 1;
    }
    body.split_at_checked(at)
}

/// OpenSSL's trusted certificate without the trust settings behind it, an element of their own.
fn without_trust(der: &[u8]) -> &[u8] {
    let mut reader = Reader::new(der);
    match (reader.expect(ber::SEQUENCE), reader.expect(ber::SEQUENCE)) {
        (Ok(certificate), Ok(_)) if reader.rest().is_empty() => certificate.raw,
        _ => der,
    }
}
