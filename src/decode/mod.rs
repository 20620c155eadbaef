//! Bytes to DER: what a file holds, told by its content and never by its name.
//!
//! [`decode`] reads PEM bundles, DER, PKCS#7 and PKCS#12, and says of anything else what it is. What cannot be read
//! beside what can is a [`Problem`]; it hides nothing. Certificates come out as the bytes that were signed, in file
//! order: nothing is parsed, sorted or chained here.
//!
//! The input is hostile: work is linear in its length, password derivation is paid for from one budget a file, and
//! no error repeats bytes of it but the dotted form of an unknown algorithm.

mod detect;
mod pem;
mod pkcs7;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;

use zeroize::Zeroizing;

pub use crate::asn1::KeyEncoding;
use crate::asn1::{self, ber};
use crate::pkcs12::{self, Bag};
use detect::{Found, Kind};

/// Largest input, in bytes. A bundle of every public CA is below 1 MiB; the room is for exports of whole stores.
pub const MAX_INPUT_BYTES: usize = 64 << 20;

/// PEM blocks, or certificates of a PKCS#7, in one input. Each is at least a problem reported, so
/// the number bounds the report; a machine store has some hundreds.
pub const MAX_ITEMS: usize = 100_000;

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// How its certificates were written, which tells what their order means.
    pub format: Encoding,
    /// The certificates as DER, in file order; the same bytes a second time are dropped. Never empty.
    pub certificates: Vec<Vec<u8>>,
    /// The private keys that could be read, in file order; the same bytes a second time are dropped.
    pub keys: Vec<PrivateKeyDer>,
    /// What could not be read beside what could, in file order.
    pub problems: Vec<Problem>,
    /// Whether a certificate that could not be read stands before all that could.
    pub first_is_unreadable: bool,
    /// Of the certificates, by their positions, those behind whose DER stand line ends, blanks or NULs.
    pub padded: Vec<usize>,
    /// Why other readers may take another certificate of the file for the first, where they may.
    pub ambiguity: Option<&'static str>,
}

/// How the certificates of a file were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `BEGIN CERTIFICATE` blocks (RFC 7468): ordered, the server's certificate first by custom.
    Pem,
    /// One certificate in DER, bare or as base64 without armour.
    Der,
    /// PKCS#7 or CMS SignedData (RFC 5652), in DER, BER or PEM: a set, so the order means nothing.
    Pkcs7,
    /// PKCS#12 (RFC 7292), in DER, BER or PEM: the certificate that fits the private key stands out.
    Pkcs12,
}

/// A private key as DER. The bytes are wiped when it is dropped, and `Debug` does not show them.
#[derive(Clone)]
pub struct PrivateKeyDer {
    /// How the DER is to be read.
    pub kind: KeyEncoding,
    der: Zeroizing<Vec<u8>>,
}

/// Something that could not be read beside what could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub error: DecodeError,
    /// Whether it kept a private key from being read, or may have.
    pub of_key: bool,
    /// Zero-based position among its like: of the PEM block among all blocks, of the certificate in the PKCS#7 set,
    /// of the bag in the PKCS#12 (over all its safes; a safe that cannot be opened counts as one). `None`: of the
    /// file as a whole.
    pub index: Option<usize>,
}

/// Why nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// No bytes at all.
    #[error("empty: there is not one byte")]
    Empty,
    /// Something else, and what it is.
    #[error("not a certificate (found {found})")]
    NotACertificate {
        /// What it is, with its article.
        found: &'static str,
        /// What to do next, where there is something to say.
        hint: Option<&'static str>,
    },
    /// From [`decode_keys`] only: not a private key, and what it is instead.
    #[error("not a private key (found {found})")]
    NotAPrivateKey {
        /// What it is, with its article.
        found: &'static str,
    },
    /// A sound container that holds no certificate.
    #[error("no certificate in the {container}")]
    NoCertificate {
        /// The container.
        container: &'static str,
    },
    /// The file is protected, and no password was given.
    #[error("the PKCS#12 file needs a password")]
    PasswordMissing,
    /// The password given, which may be empty, is not the file's.
    #[error("wrong password for the PKCS#12 file")]
    PasswordWrong,
    /// A password is given, and nothing in the file tells a right one from a wrong one.
    #[error("wrong password for the PKCS#12 file, or a right one: it has no MAC, so nothing checks the password")]
    PasswordUnchecked,
    /// A private key is encrypted, and no password was given.
    #[error("the private key is encrypted, and no password is given")]
    KeyPasswordMissing,
    /// The password given does not open the private key.
    #[error("wrong password for the private key")]
    KeyPasswordWrong,
    /// Begins as it should and goes wrong.
    #[error("damaged {what} ({detail})")]
    Damaged {
        /// What is damaged.
        what: &'static str,
        /// How.
        detail: &'static str,
    },
    /// A DER certificate with something behind it, which no signature covers.
    #[error("damaged certificate (trailing bytes are not a certificate)")]
    TrailingBytes,
    /// Well formed, and beyond what is read here.
    #[error("unsupported {what}")]
    Unsupported {
        /// What it is.
        what: String,
    },
    /// Over a limit of this module.
    #[error("too large: more than {limit} {what}")]
    TooLarge {
        /// What is counted, in the plural.
        what: &'static str,
        /// The most that is accepted.
        limit: u64,
    },
}

/// Reads certificates, and the private keys beside them, out of the bytes of a file.
///
/// `password` opens a PKCS#12 file and encrypted PKCS#8 keys; absent or empty stands for both forms of none that
/// PKCS#12 knows. A DER file is one certificate, perhaps repeated: different ones in a row have no agreed order, and
/// are refused.
///
/// # Errors
/// Where not one certificate could be read: what the file is instead, or what is wrong with it.
pub fn decode(bytes: &[u8], password: Option<&str>) -> Result<Bundle, DecodeError> {
    Contents::read(bytes, password, pkcs12::PasswordBudget::default())?.bundle()
}

/// Whether a password may open something in these bytes: where it cannot, none need be read from anywhere.
pub fn may_need_password(bytes: &[u8]) -> bool {
    let holds = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    let armoured = holds("ENCRYPTED") || holds("PKCS12");
    if detect::is_der(bytes) {
        let plain = matches!(
            detect::prefix(bytes),
            Kind::Certificate | Kind::DamagedCertificate(_) | Kind::Pkcs7 | Kind::Key(_) | Kind::OtherKey
        );
        return !plain || armoured;
    }
    // What is no PEM in characters of one octet may be base64 of anything.
    armoured || !holds("-----BEGIN ")
}

/// Reads only the private keys, for a file that holds a key and need not hold a certificate: PEM, DER (PKCS#8,
/// PKCS#1, SEC1) or PKCS#12. In file order, the same bytes a second time dropped; never empty.
///
/// # Errors
/// Where not one private key could be read: what the file is instead, or what is wrong with it.
pub fn decode_keys(bytes: &[u8], password: Option<&str>) -> Result<Vec<PrivateKeyDer>, DecodeError> {
    let mut contents = match Contents::read(bytes, password, pkcs12::PasswordBudget::default()) {
        Err(DecodeError::NotACertificate { found, .. }) => return Err(DecodeError::NotAPrivateKey { found }),
        read => read?,
    };
    if contents.keys.is_empty() {
        let found = match contents.found {
            _ if contents.format.is_some() => detect::CERTIFICATE,
            Some(found) => found,
            None => detect::NOTHING,
        };
        let error = contents
            .key_error
            .or(contents.certificate_error.filter(|_| contents.format.is_none()));
        return Err(match error {
            None | Some(DecodeError::NotACertificate { .. }) => DecodeError::NotAPrivateKey { found: found.name },
            Some(error) => error,
        });
    }
    drop_repeated(&mut contents.keys, PrivateKeyDer::der);
    Ok(contents.keys)
}

impl PrivateKeyDer {
    /// The key as DER. Secret.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key as PKCS#8, the form that everything reads. `spki` is the public key of its certificate, which says the curve
    /// of a bare `ECPrivateKey`; `None` where it is no SubjectPublicKeyInfo, or the key is damaged. Secret.
    pub fn to_pkcs8(&self, spki: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        asn1::key::to_pkcs8(&self.der, self.kind, spki)
    }

    /// The key that `der` is.
    fn recognise(der: Zeroizing<Vec<u8>>) -> Result<Self, DecodeError> {
        match detect::whole(&der) {
            Kind::Key(kind) => Ok(Self { kind, der }),
            Kind::OtherKey => Err(DecodeError::Unsupported {
                what: "DSA private key".into(),
            }),
            _ => Err(DecodeError::Damaged {
                what: "private key",
                detail: "not the DER of one",
            }),
        }
    }
}

impl fmt::Debug for PrivateKeyDer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKeyDer")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl DecodeError {
    /// What to do next, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotACertificate { hint, .. } => *hint,
            _ => None,
        }
    }

    /// Whether it is plainly something else, in which nobody would look for a certificate: a revocation list, a request, a
    /// page, a key. Not so for an archive or a key store, which may hold some, or for what may be a damaged certificate.
    pub fn is_something_else(&self) -> bool {
        match *self {
            Self::NotACertificate { found, hint } => detect::is_plain(Found { name: found, hint }),
            _ => false,
        }
    }

    /// Whether PEM of a certificate stands in what was found, where no reader looks for it.
    pub fn holds_pem(&self) -> bool {
        self.hint() == Some(detect::PEM_INSIDE)
    }

    fn damaged(what: &'static str) -> impl Fn(ber::Flaw) -> Self {
        move |flaw| Self::Damaged {
            what,
            detail: flaw.words(),
        }
    }
}

/// What is found, as it is found.
struct Contents {
    secrets: pkcs12::Secrets,
    budget: pkcs12::PasswordBudget,
    /// The format of the first certificate.
    format: Option<Encoding>,
    certificates: Vec<Vec<u8>>,
    keys: Vec<PrivateKeyDer>,
    problems: Vec<Problem>,
    first_is_unreadable: bool,
    /// The certificates behind whose DER stands padding.
    padded: HashSet<Vec<u8>>,
    ambiguity: Option<&'static str>,
    /// The PEM block being read, which is then where every problem is.
    block: Option<usize>,
    /// The first thing that kept a certificate, or perhaps one, from being read.
    certificate_error: Option<DecodeError>,
    /// The same for a private key.
    key_error: Option<DecodeError>,
    /// The first thing recognised that is no certificate.
    found: Option<Found>,
}

impl Contents {
    fn read(bytes: &[u8], password: Option<&str>, budget: pkcs12::PasswordBudget) -> Result<Self, DecodeError> {
        if bytes.is_empty() {
            return Err(DecodeError::Empty);
        }
        if bytes.len() > MAX_INPUT_BYTES {
            return Err(DecodeError::TooLarge {
                what: "bytes",
                limit: MAX_INPUT_BYTES as u64,
            });
        }
        let mut contents = Self {
            secrets: pkcs12::Secrets::of(password),
            budget,
            format: None,
            certificates: Vec::new(),
            keys: Vec::new(),
            problems: Vec::new(),
            first_is_unreadable: false,
            padded: HashSet::new(),
            ambiguity: None,
            block: None,
            certificate_error: None,
            key_error: None,
            found: None,
        };
        if detect::is_der(bytes) {
            contents.binary(bytes)?;
            return Ok(contents);
        }
        if let Some(found) = detect::signature(bytes) {
            contents.found = Some(found);
            return Ok(contents);
        }
        let converted = detect::utf16(bytes);
        let text = converted.as_deref().map_or(detect::without_bom(bytes), Vec::as_slice);
        if pem::read(text, text.len() == bytes.len(), &mut contents)? {
            // Characters of two octets for us, and armour of one for others.
            if converted.is_some() && pem::begins_anywhere(bytes) {
                contents.ambiguity = Some(pem::IN_BINARY);
            }
            return Ok(contents);
        }
        match pem::bare(text) {
            Some(der) => contents.der(&der, Encoding::Der)?,
            None => contents.found = Some(detect::text(text)),
        }
        Ok(contents)
    }

    /// What was found, where a certificate is in it.
    fn bundle(mut self) -> Result<Bundle, DecodeError> {
        let Some(format) = self.format else {
            return Err(self
                .certificate_error
                .unwrap_or(self.found.unwrap_or(detect::NOTHING).into()));
        };
        drop_repeated(&mut self.certificates, |der| der);
        drop_repeated(&mut self.keys, PrivateKeyDer::der);
        let padded = |(index, der): (usize, &Vec<u8>)| self.padded.contains(der).then_some(index);
        let padded = self.certificates.iter().enumerate().filter_map(padded).collect();
        Ok(Bundle {
            format,
            certificates: self.certificates,
            keys: self.keys,
            problems: self.problems,
            first_is_unreadable: self.first_is_unreadable,
            padded,
            ambiguity: self.ambiguity,
        })
    }

    /// A file that begins as DER or BER does. Readers of PEM look for armour in it all the same.
    fn binary(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let armoured = pem::begins_anywhere(bytes);
        match self.der(bytes, Encoding::Der) {
            // A certificate may stand in the armour: it is read, so that it can be named.
            Err(error @ DecodeError::TrailingBytes) if armoured => {
                self.certificate_problem(None, error);
                pem::read(bytes, true, self)?;
            }
            read => read?,
        }
        if armoured && self.format.is_some() {
            self.ambiguity = Some(pem::IN_BINARY);
        }
        Ok(())
    }

    /// One element of DER or BER that may be anything; `plain` is the format of a certificate standing for itself.
    fn der(&mut self, bytes: &[u8], plain: Encoding) -> Result<(), DecodeError> {
        let mut reader = ber::Reader::new(bytes);
        let element = reader.any().map_err(DecodeError::damaged("DER data"))?;
        // Some exports hold the same certificate twice in a row.
        while reader.rest().starts_with(element.raw) && reader.any().is_ok() {}
        let padded = !reader.rest().is_empty() && reader.rest().iter().all(is_padding);
        let trailing = !reader.rest().is_empty() && !padded;
        match detect::element(&element) {
            Kind::Certificate if trailing => {
                return Err(match detect::prefix(reader.rest()) {
                    Kind::Certificate => DecodeError::Unsupported {
                        what: "file of several DER certificates (PEM or PKCS#7 can)".into(),
                    },
                    _ => DecodeError::TrailingBytes,
                });
            }
            Kind::Certificate => {
                self.certificate(element.raw, plain);
                if padded {
                    self.padded.insert(element.raw.to_vec());
                }
            }
            Kind::Pkcs7 => pkcs7::read(&element, self)?,
            Kind::Pkcs12 => self.pkcs12(&element)?,
            kind @ (Kind::Key(_) | Kind::OtherKey | Kind::EncryptedKey) => {
                self.found.get_or_insert(kind.found());
                let key = if padded { element.raw } else { bytes };
                self.key(Zeroizing::new(key.to_vec()), None);
                return Ok(());
            }
            kind => return Err(kind.into()),
        }
        if trailing {
            self.problem(
                None,
                &DecodeError::Damaged {
                    what: "file",
                    detail: "trailing bytes are not read",
                },
                false,
            );
        }
        Ok(())
    }

    fn certificate(&mut self, der: &[u8], format: Encoding) {
        self.format.get_or_insert(format);
        self.certificates.push(der.to_vec());
    }

    /// What the bags of a PKCS#12 file hold, in file order, several certificates of one subject included: chains are built
    /// elsewhere.
    fn pkcs12(&mut self, pfx: &ber::Element) -> Result<(), DecodeError> {
        let before = (self.certificates.len(), self.keys.len());
        let bags = pkcs12::read(pfx, &self.secrets, &mut self.budget)?;
        let mut password_verified = bags.password_verified;
        for (index, bag) in bags.found {
            match bag {
                Bag::Certificate(octets) => self.certificate_bag(index, octets),
                Bag::Key(der) => self.found_key(Some(index), PrivateKeyDer::recognise(der)),
                Bag::ShroudedKey(opened) => {
                    let key = self.opened_key(opened);
                    password_verified |= key.is_ok();
                    self.found_key(Some(index), key);
                }
                Bag::Unreadable(error) => self.unreadable_bag(index, error.into()),
            }
        }
        if let Some(error) = bags.ended {
            return Err(error.into());
        }
        let found_any = (self.certificates.len(), self.keys.len()) != before;
        if !password_verified && self.secrets.is_a_word() && found_any {
            // Whoever gives a password relies on what it opens.
            self.certificates.truncate(before.0);
            self.keys.truncate(before.1);
            return Err(DecodeError::PasswordUnchecked);
        }
        if self.certificates.len() == before.0 {
            self.certificate_error.get_or_insert(DecodeError::NoCertificate {
                container: "PKCS#12 file",
            });
        }
        self.found.get_or_insert(Kind::Pkcs12.found());
        Ok(())
    }

    fn certificate_bag(&mut self, index: usize, octets: Result<Zeroizing<Vec<u8>>, pkcs12::Error>) {
        let error = match octets {
            Ok(der) => {
                let mut reader = ber::Reader::new(&der);
                match reader.any().map(|element| detect::element(&element)) {
                    Ok(Kind::Certificate) if reader.rest().is_empty() => {
                        return self.certificate(&der, Encoding::Pkcs12);
                    }
                    Ok(Kind::Certificate) => DecodeError::TrailingBytes,
                    Ok(other) => other.into(),
                    Err(flaw) => DecodeError::damaged("certificate")(flaw),
                }
            }
            Err(error) => error.into(),
        };
        self.certificate_problem(Some(index), error);
    }

    /// A bag or a safe that may have held certificates or keys.
    fn unreadable_bag(&mut self, index: usize, error: DecodeError) {
        self.key_error.get_or_insert(error.clone());
        self.certificate_problem(Some(index), error);
        if let Some(problem) = self.problems.last_mut() {
            problem.of_key = true;
        }
    }

    /// A private key by itself, encrypted or not, in a file or a block of its own.
    fn key(&mut self, der: Zeroizing<Vec<u8>>, index: Option<usize>) {
        let key = match detect::whole(&der) {
            Kind::EncryptedKey => {
                let opened = pkcs12::open_key(&der, &self.secrets, &mut self.budget);
                self.opened_key(opened)
            }
            _ => PrivateKeyDer::recognise(der),
        };
        self.found_key(index, key);
    }

    /// The private key that a password has opened, or why there is none.
    fn opened_key(
        &self,
        opened: Result<Option<Zeroizing<Vec<u8>>>, pkcs12::Error>,
    ) -> Result<PrivateKeyDer, DecodeError> {
        match opened? {
            Some(der) => PrivateKeyDer::recognise(der),
            None if self.secrets.given() => Err(DecodeError::KeyPasswordWrong),
            None => Err(DecodeError::KeyPasswordMissing),
        }
    }

    fn found_key(&mut self, index: Option<usize>, key: Result<PrivateKeyDer, DecodeError>) {
        match key {
            Ok(key) => self.keys.push(key),
            Err(error) => self.key_problem(index, error),
        }
    }

    /// Something that keeps a certificate from being read.
    fn certificate_problem(&mut self, index: Option<usize>, error: DecodeError) {
        self.first_is_unreadable |= self.certificates.is_empty();
        self.problem(index, &error, false);
        self.certificate_error.get_or_insert(error);
    }

    /// Something that keeps a private key from being read.
    fn key_problem(&mut self, index: Option<usize>, error: DecodeError) {
        self.problem(index, &error, true);
        self.key_error.get_or_insert(error);
    }

    fn problem(&mut self, index: Option<usize>, error: &DecodeError, of_key: bool) {
        self.problems.push(Problem {
            error: error.clone(),
            of_key,
            index: self.block.or(index),
        });
    }
}

impl From<pkcs12::Error> for DecodeError {
    fn from(error: pkcs12::Error) -> Self {
        match error {
            pkcs12::Error::PasswordMissing => Self::PasswordMissing,
            pkcs12::Error::PasswordWrong => Self::PasswordWrong,
            pkcs12::Error::Damaged { what, flaw } => Self::damaged(what)(flaw),
            pkcs12::Error::Unsupported { what } => Self::Unsupported { what },
            pkcs12::Error::TooLarge { what, limit } => Self::TooLarge { what, limit },
        }
    }
}

impl From<Found> for DecodeError {
    fn from(found: Found) -> Self {
        Self::NotACertificate {
            found: found.name,
            hint: found.hint,
        }
    }
}

impl From<Kind> for DecodeError {
    /// Of what stands where a certificate belongs.
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::DamagedCertificate(detail) => Self::Damaged {
                what: "certificate",
                detail,
            },
            other => other.found().into(),
        }
    }
}

/// Whether an octet is of what editors and transfers leave behind a file: line ends, blanks, NULs.
fn is_padding(octet: &u8) -> bool {
    matches!(octet, b'\n' | b'\r' | b' ' | b'\t' | 0)
}

/// How long the one element of DER is that `bytes` hold, where nothing but line ends, blanks or NULs follows it.
pub fn without_padding(bytes: &[u8]) -> Option<usize> {
    let mut reader = ber::Reader::new(bytes);
    let length = reader.any().ok()?.raw.len();
    reader.rest().iter().all(is_padding).then_some(length)
}

/// Keeps the first of what has the same bytes.
fn drop_repeated<T>(items: &mut Vec<T>, bytes: impl Fn(&T) -> &[u8]) {
    let mut seen = HashSet::with_capacity(items.len());
    let first: Vec<bool> = items.iter().map(|item| seen.insert(bytes(item))).collect();
    let mut first = first.into_iter();
    items.retain(|_| first.next().unwrap_or(true));
}
