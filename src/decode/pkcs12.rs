//! The certificates and private keys of PKCS#12 (RFC 7292).
//!
//! Everything is kept in file order, several certificates of one subject included: chains are built elsewhere. The
//! MAC, where there is one, is verified before anything is read.

use zeroize::Zeroizing;

use super::ber::{self, Element, Flaw, Reader};
use super::detect::{self, Kind};
use super::pbe::{self, Secrets};
use super::{Contents, DecodeError, Format, MAX_ITEMS, PrivateKeyDer};

/// Safes within safes. Writers nest none; the format allows it.
const MAX_NESTING: usize = 4;

/// 1.2.840.113549.1.7, PKCS#7 content types: 1 data, 2 signed, 3 enveloped, 6 encrypted.
const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];
/// 1.2.840.113549.1.12.10.1, the bags: 1 key, 2 shrouded key, 3 certificate, 4 CRL, 5 secret, 6 safe.
const BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
/// 1.2.840.113549.1.9.22.1, a bag's X.509 certificate.
const X509_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];

/// Reads a PFX.
pub(super) fn read(pfx: &Element, contents: &mut Contents) -> Result<(), DecodeError> {
    let damaged = DecodeError::damaged("PKCS#12 file");
    let mut fields = pfx.children();
    let version = fields.any().and_then(|version| version.unsigned()).map_err(&damaged)?;
    if version != 3 {
        return Err(DecodeError::Unsupported {
            what: "version of PKCS#12".into(),
        });
    }
    let info = fields.expect(ber::SEQUENCE).map_err(&damaged)?;
    let mac = fields.next().map_err(&damaged)?;
    let (kind, content) = content_info(&info).map_err(&damaged)?;
    match kind {
        Some(1) => {}
        Some(2) => {
            return Err(DecodeError::Unsupported {
                what: "PKCS#12 file protected by a signature".into(),
            });
        }
        _ => return Err(damaged(Flaw::Unexpected)),
    }
    let safes = content.octets().map_err(&damaged)?;
    let mut secrets = contents.secrets.clone();
    let unprotected = mac.is_none();
    if let Some(mac) = mac
        && !pbe::verify_mac(&mac, &safes, &mut secrets, &mut contents.budget)?
    {
        return Err(if secrets.given() {
            DecodeError::PasswordWrong
        } else {
            DecodeError::PasswordMissing
        });
    }
    let before = (contents.certificates.len(), contents.keys.len());
    let mut safes = Reader::new(&safes).expect(ber::SEQUENCE).map_err(&damaged)?.children();
    let mut file = File {
        contents,
        secrets,
        bags: 0,
        opened: false,
    };
    loop {
        match safes.next() {
            Ok(None) => break,
            Ok(Some(safe)) => {
                if let Err(error) = file.safe(&safe)? {
                    file.unreadable_safe(error)?;
                }
            }
            Err(flaw) => file.unreadable_safe(damaged(flaw))?,
        }
    }
    let unchecked = unprotected && !file.opened && file.secrets.is_a_word();
    if unchecked && (contents.certificates.len(), contents.keys.len()) != before {
        // Whoever gives a password relies on what it opens.
        contents.certificates.truncate(before.0);
        contents.keys.truncate(before.1);
        return Err(DecodeError::PasswordUnchecked);
    }
    if contents.certificates.len() == before.0 {
        contents.certificate_error.get_or_insert(DecodeError::NoCertificate {
            container: "PKCS#12 file",
        });
    }
    contents.found.get_or_insert(Kind::Pkcs12.found());
    Ok(())
}

/// A PFX while its safes are read.
struct File<'a> {
    contents: &'a mut Contents,
    secrets: Secrets,
    /// Bags so far, a safe that cannot be opened counting as one.
    bags: usize,
    /// Whether the password has opened something.
    opened: bool,
}

impl File<'_> {
    /// One safe of the file. The outer error ends the file, the inner one the safe.
    fn safe(&mut self, info: &Element) -> Result<Result<(), DecodeError>, DecodeError> {
        match self.open(info) {
            Ok(safe) => self.bags(&mut Reader::new(&safe), MAX_NESTING),
            Err(error) => Ok(Err(error)),
        }
    }

    /// The SafeContents of a safe.
    fn open(&mut self, info: &Element) -> Result<Zeroizing<Vec<u8>>, DecodeError> {
        let damaged = DecodeError::damaged("safe in the PKCS#12 file");
        let (kind, content) = content_info(info).map_err(&damaged)?;
        match kind {
            Some(1) => content.octets().map_err(&damaged),
            Some(6) => {
                let mut fields = content.children();
                fields.expect(ber::INTEGER).map_err(&damaged)?;
                let mut encrypted = fields.expect(ber::SEQUENCE).map_err(&damaged)?.children();
                encrypted.expect(ber::OID).map_err(&damaged)?;
                let algorithm = encrypted.expect(ber::SEQUENCE).map_err(&damaged)?;
                let ciphertext = encrypted.any().map_err(&damaged)?;
                if !matches!(ciphertext.tag, ber::CONTEXT_0 | ber::CONTEXT_0_PRIMITIVE) {
                    return Err(damaged(Flaw::Unexpected));
                }
                let ciphertext = ciphertext.octets().map_err(&damaged)?;
                match pbe::open(&algorithm, &ciphertext, &self.secrets, &mut self.contents.budget)? {
                    Some(plain) => {
                        self.opened = true;
                        Ok(plain)
                    }
                    None if self.secrets.given() => Err(DecodeError::PasswordWrong),
                    None => Err(DecodeError::PasswordMissing),
                }
            }
            Some(3) => Err(DecodeError::Unsupported {
                what: "safe encrypted for a public key".into(),
            }),
            _ => Err(damaged(Flaw::Unexpected)),
        }
    }

    /// The bags of one SafeContents, in it safes down to `nesting`.
    fn bags(&mut self, safe: &mut Reader, nesting: usize) -> Result<Result<(), DecodeError>, DecodeError> {
        let damaged = DecodeError::damaged("safe in the PKCS#12 file");
        let mut bags = match safe.expect(ber::SEQUENCE) {
            Ok(bags) => bags.children(),
            Err(flaw) => return Ok(Err(damaged(flaw))),
        };
        loop {
            let bag = match bags.next() {
                Ok(None) => return Ok(Ok(())),
                Ok(Some(bag)) => bag,
                Err(flaw) => return Ok(Err(damaged(flaw))),
            };
            let index = self.count()?;
            match bag_value(&bag) {
                Ok((Some(1), value)) => self.key(index, PrivateKeyDer::recognise(Zeroizing::new(value.raw.to_vec()))),
                Ok((Some(2), value)) => {
                    let key = pbe::open_key(value.raw, &self.secrets, &mut self.contents.budget);
                    self.opened |= key.is_ok();
                    self.key(index, key);
                }
                Ok((Some(3), value)) => self.certificate(index, &value),
                Ok((Some(6), value)) if nesting > 0 => {
                    if let Err(error) = self.bags(&mut Reader::new(value.raw), nesting - 1)? {
                        self.unreadable(index, error);
                    }
                }
                Ok((Some(6), _)) => self.unreadable(index, damaged(Flaw::TooDeep)),
                // CRLs, secrets, and what others have added.
                Ok(_) => {}
                Err(flaw) => self.unreadable(index, DecodeError::damaged("bag in the PKCS#12 file")(flaw)),
            }
        }
    }

    fn certificate(&mut self, index: usize, bag: &Element) {
        let error = match certificate_der(bag) {
            // SDSI certificates, which nobody has.
            Ok(None) => return,
            Ok(Some(der)) => {
                let mut reader = Reader::new(&der);
                match reader.any().map(|element| detect::element(&element)) {
                    Ok(Kind::Certificate) if reader.rest().is_empty() => {
                        return self.contents.certificate(&der, Format::Pkcs12);
                    }
                    Ok(Kind::Certificate) => DecodeError::TrailingBytes,
                    Ok(other) => other.into(),
                    Err(flaw) => DecodeError::damaged("certificate")(flaw),
                }
            }
            Err(flaw) => DecodeError::damaged("certificate bag in the PKCS#12 file")(flaw),
        };
        self.contents.certificate_problem(Some(index), error);
    }

    fn key(&mut self, index: usize, key: Result<PrivateKeyDer, DecodeError>) {
        match key {
            Ok(key) => self.contents.keys.push(key),
            Err(error) => self.contents.key_problem(Some(index), error),
        }
    }

    fn unreadable_safe(&mut self, error: DecodeError) -> Result<(), DecodeError> {
        let index = self.count()?;
        self.unreadable(index, error);
        Ok(())
    }

    /// Something that may have held certificates or keys.
    fn unreadable(&mut self, index: usize, error: DecodeError) {
        self.contents.key_error.get_or_insert(error.clone());
        self.contents.certificate_problem(Some(index), error);
        // It may have held the key.
        if let Some(problem) = self.contents.problems.last_mut() {
            problem.of_key = true;
        }
    }

    fn count(&mut self) -> Result<usize, DecodeError> {
        let index = self.bags;
        if index == MAX_ITEMS {
            return Err(DecodeError::TooLarge {
                what: "bags in a PKCS#12 file",
                limit: MAX_ITEMS as u64,
            });
        }
        self.bags += 1;
        Ok(index)
    }
}

/// The content type, as its last arc under [`PKCS7`], and the content.
fn content_info<'a>(info: &Element<'a>) -> Result<(Option<u8>, Element<'a>), Flaw> {
    typed(info, PKCS7)
}

/// The bag type, as its last arc under [`BAG`], and the value.
fn bag_value<'a>(bag: &Element<'a>) -> Result<(Option<u8>, Element<'a>), Flaw> {
    typed(bag, BAG)
}

/// SEQUENCE { type OBJECT IDENTIFIER, value [0] EXPLICIT ANY, … }: the type's last arc under `arc`, and the value.
fn typed<'a>(element: &Element<'a>, arc: &[u8]) -> Result<(Option<u8>, Element<'a>), Flaw> {
    if element.tag != ber::SEQUENCE {
        return Err(Flaw::Unexpected);
    }
    let mut fields = element.children();
    let kind = match fields.expect(ber::OID)?.contents.strip_prefix(arc) {
        Some(&[last]) => Some(last),
        _ => None,
    };
    Ok((kind, fields.expect(ber::CONTEXT_0)?.children().any()?))
}

/// The certificate of a CertBag; `None` where it is of another type.
fn certificate_der(bag: &Element) -> Result<Option<Zeroizing<Vec<u8>>>, Flaw> {
    if bag.tag != ber::SEQUENCE {
        return Err(Flaw::Unexpected);
    }
    let mut fields = bag.children();
    if fields.expect(ber::OID)?.contents != X509_CERTIFICATE {
        return Ok(None);
    }
    fields.expect(ber::CONTEXT_0)?.children().any()?.octets().map(Some)
}
