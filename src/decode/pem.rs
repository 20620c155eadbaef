//! PEM (RFC 7468, and what is found beside it), and base64 without armour.
//!
//! One pass over the text. Between blocks there may be anything (`Bag Attributes`, subject lines, comments in any
//! encoding). Line ends are LF, CRLF or CR, or absent altogether.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::{Contents, DecodeError, Encoding, MAX_ITEMS, detect};
use crate::asn1::ber::{self, Reader};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// What armour begins with for the laxest of readers.
const MARK: &[u8] = b"-----BEGIN";

/// Longest line that no reader cuts: OpenSSL reads 254 octets at once.
const MAX_LINE: usize = 253;

/// Longest label, in bytes; the longest in use has 23.
const MAX_LABEL: usize = 64;

/// Padding and the bits left over vary between writers; neither changes a byte of the DER.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Why it is not clear which certificate comes first: armour in what is no text.
pub(super) const IN_BINARY: &str = "PEM stands in it, and it is no PEM file: readers of PEM take that";
const NOT_PLAIN: &str =
    "what stands first in it is PEM that not every reader takes (a label, blanks, line ends or lines that are unusual)";
const SOMETHING_BEFORE: &str = "PEM that not every reader passes over stands before the first certificate";

/// Whether there is anything that may begin armour, at any place.
pub(super) fn begins_anywhere(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, MARK).is_some()
}

/// Reads all blocks; false where there is not one armour line. `from_start` says that the text is the whole file: no byte
/// order mark is taken off.
pub(super) fn read(text: &[u8], from_start: bool, contents: &mut Contents) -> Result<bool, DecodeError> {
    let mut blocks = 0;
    let mut order = Order {
        text,
        from_start,
        looked_to: 0,
        nul: false,
        unclear_before: false,
        first: None,
    };
    let before = contents.certificates.len();
    for block in Blocks::of(text) {
        if blocks == MAX_ITEMS {
            return Err(DecodeError::TooLarge {
                what: "PEM blocks",
                limit: MAX_ITEMS as u64,
            });
        }
        contents.block = Some(blocks);
        order.before(&block);
        block.read(contents);
        order.after(&block, contents.certificates.len() > before);
        blocks += 1;
    }
    contents.block = None;
    contents.ambiguity = order.ambiguity();
    Ok(blocks > 0)
}

/// Which certificate comes first for readers stricter and laxer than this one: OpenSSL takes other labels, passes over
/// what does not stand at the start of a line, and cuts lines after 254 octets; Go passes over blocks that it cannot read.
///
/// Clear is a file whose first certificate stands in a block that all read alike, with nothing before it that any of them
/// could take for one; and one that holds one block alone.
struct Order<'a> {
    text: &'a [u8],
    from_start: bool,
    /// Up to where the beginnings of armour have been looked at.
    looked_to: usize,
    /// Whether the text read so far has a NUL, which ends lines for readers in C.
    nul: bool,
    /// Whether something that could be a certificate's armour comes before the first certificate.
    unclear_before: bool,
    /// The block of the first certificate: whether it is plain, and where it ends.
    first: Option<(bool, usize)>,
}

impl Order<'_> {
    /// Before a block is read: armour that this reader passed over.
    fn before(&mut self, block: &Block<'_>) {
        if self.first.is_none() {
            self.unclear_before |= self.armour(self.looked_to, block.begin);
            let looked_at = self.text.get(self.looked_to..block.after).unwrap_or_default();
            self.nul |= looked_at.contains(&0);
        }
    }

    fn after(&mut self, block: &Block<'_>, any: bool) {
        self.looked_to = block.after;
        if self.first.is_some() {
            return;
        }
        if any {
            self.first = Some((self.is_plain(block), block.after));
        } else {
            self.unclear_before |= !self.is_plainly_another(block);
        }
    }

    /// Whether armour may begin between two places.
    fn armour(&self, from: usize, to: usize) -> bool {
        self.text.get(from..to).is_some_and(begins_anywhere)
    }

    fn ambiguity(&self) -> Option<&'static str> {
        let (plain, end) = self.first?;
        if plain && !self.unclear_before {
            return None;
        }
        // Nothing else could come first.
        if !self.unclear_before && !self.armour(end, self.text.len()) {
            return None;
        }
        Some(if plain { SOMETHING_BEFORE } else { NOT_PLAIN })
    }

    /// The lines of a block as every reader sees them: its armour, each on a line of its own that begins there, and the
    /// body between.
    fn lines(&self, block: &Block<'_>) -> Option<&[u8]> {
        let text = self.text;
        let starts_line = match block.begin.checked_sub(1) {
            None => self.from_start,
            Some(before) => text.get(before) == Some(&b'\n'),
        };
        if !starts_line || self.nul {
            return None;
        }
        let (begin, body) = text.get(block.start..block.end)?.split_at_checked(
            text.get(block.start..block.end)?
                .iter()
                .position(|&byte| byte == b'\n')?
                + 1,
        )?;
        let rest = text.get(block.after..)?;
        let rest = rest.get(..rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()))?;
        let ends = begin.trim_ascii().is_empty() && rest.trim_ascii().is_empty() && body.ends_with(b"\n");
        ends.then_some(body)
    }

    /// Whether every reader takes this block for a certificate, and for the same one.
    fn is_plain(&self, block: &Block<'_>) -> bool {
        let Some(body) = self
            .lines(block)
            .filter(|_| block.label == b"CERTIFICATE" && block.body.is_ok())
        else {
            return false;
        };
        let mut digits = Vec::with_capacity(body.len());
        for line in body.split(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
            if line.len() > MAX_LINE || !line.iter().all(is_digit) {
                return false;
            }
            digits.extend_from_slice(line);
        }
        // The last piece is what follows the last line feed: nothing.
        let empty = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).is_empty();
        let lines = body.split(|&byte| byte == b'\n');
        if lines.filter(|line| empty(line)).count() > 1 {
            return false;
        }
        let strict = base64::engine::general_purpose::STANDARD.decode(&digits);
        strict.is_ok_and(|der| matches!(detect::whole(&der), detect::Kind::Certificate))
    }

    /// Whether every reader of certificates passes over this block, whole.
    fn is_plainly_another(&self, block: &Block<'_>) -> bool {
        let label = String::from_utf8_lossy(block.label);
        let certificates = label.contains("CERTIFICATE") && !label.ends_with("REQUEST");
        let container = ["PKCS", "CMS", "X509", "X.509"].iter().any(|part| label.contains(part)) && label != "X509 CRL";
        !certificates
            && !container
            && block.body.is_ok()
            && self.lines(block).is_some_and(|body| !begins_anywhere(body))
    }
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
    /// Where it begins, where its body does and ends, and where its END line's dashes end.
    begin: usize,
    start: usize,
    end: usize,
    after: usize,
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
            | b"PKCS12" => self.der().and_then(|der| contents.der(&der, Encoding::Pem)),
            b"TRUSTED CERTIFICATE" => self
                .der()
                .and_then(|der| contents.der(without_trust(&der), Encoding::Pem)),
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
                    begin,
                    start,
                    end: self.at,
                    after: self.at,
                    body: Err("no END line"),
                });
            };
            self.at = end;
            let closing = self.text.get(end..).filter(|rest| rest.starts_with(END));
            let Some((closed, after)) = closing.and_then(|_| self.label(end + END.len())) else {
                return Some(Block {
                    label,
                    begin,
                    start,
                    end,
                    after: end,
                    body: Err("no END line"),
                });
            };
            self.at = after;
            self.after_end = after;
            let body = match closed == label {
                true => self.text.get(start..end).ok_or("no body"),
                false => Err("its END line is another block's"),
            };
            return Some(Block {
                label,
                begin,
                start,
                end,
                after,
                body,
            });
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
