//! Reads the bags of a PKCS#12 file (RFC 7292 §4), in file order. The MAC, where there is one, is verified before anything
//! else is read. What is in a bag is for the caller to judge.

use zeroize::Zeroizing;

use super::Error;
use super::pbe::{self, PasswordBudget, Secrets};
use crate::asn1::ber::{self, Element, Flaw, Reader};
use crate::asn1::oid::{self, ObjectIdentifier};

/// Bags in one file, a safe that cannot be opened counting as one. Each may be a problem reported, so the number bounds the
/// report; a machine store has some hundreds.
const MAX_BAGS: usize = 100_000;

/// Safes within safes. Writers nest none; the format allows it.
const MAX_NESTING: usize = 4;

/// The kinds of content of a safe (RFC 5652 §4 and after).
#[derive(Clone, Copy, PartialEq, Eq)]
enum ContentType {
    Data,
    SignedData,
    EnvelopedData,
    EncryptedData,
}

const CONTENT_TYPES: &[(ObjectIdentifier, ContentType)] = &[
    (oid::DATA, ContentType::Data),
    (oid::SIGNED_DATA, ContentType::SignedData),
    (oid::ENVELOPED_DATA, ContentType::EnvelopedData),
    (oid::ENCRYPTED_DATA, ContentType::EncryptedData),
];

/// The kinds of bag that are read (RFC 7292 §4.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum BagType {
    Key,
    ShroudedKey,
    Certificate,
    SafeContents,
}

const BAG_TYPES: &[(ObjectIdentifier, BagType)] = &[
    (oid::KEY_BAG, BagType::Key),
    (oid::SHROUDED_KEY_BAG, BagType::ShroudedKey),
    (oid::CERTIFICATE_BAG, BagType::Certificate),
    (oid::SAFE_CONTENTS_BAG, BagType::SafeContents),
];

/// The contents of a file.
#[derive(Default)]
pub struct Bags {
    /// The bags with their positions, over all safes; a safe that cannot be opened counts as one.
    pub found: Vec<(usize, Bag)>,
    /// Whether the password has been verified: by the MAC, or because it opened a safe.
    pub password_verified: bool,
    /// What ended the reading before the end of the file.
    pub ended: Option<Error>,
}

/// What one bag holds.
pub enum Bag {
    /// The octets of an X.509 certificate, whatever they are.
    Certificate(Result<Octets, Error>),
    /// The octets of a private key. Secret.
    Key(Octets),
    /// The octets of a private key, decrypted; `None` where the password does not open it. Secret.
    ShroudedKey(Result<Option<Octets>, Error>),
    /// Something that may have held certificates or keys.
    Unreadable(Error),
}

/// Octets that are wiped when they are dropped.
type Octets = Zeroizing<Vec<u8>>;

/// Reads a PFX.
///
/// # Errors
/// Where nothing in it can be read: it is damaged, protected in a way that is not known here, or by another password.
pub fn read(pfx: &Element, secrets: &Secrets, budget: &mut PasswordBudget) -> Result<Bags, Error> {
    let damaged = Error::damaged("PKCS#12 file");
    let mut fields = pfx.children();
    let version = fields.any().and_then(|version| version.unsigned()).map_err(&damaged)?;
    if version != 3 {
        return Err(Error::Unsupported {
            what: "version of PKCS#12".into(),
        });
    }
    let info = fields.expect(ber::SEQUENCE).map_err(&damaged)?;
    let mac = fields.next().map_err(&damaged)?;
    let (kind, content) = typed(&info, CONTENT_TYPES).map_err(&damaged)?;
    match kind {
        Some(ContentType::Data) => {}
        Some(ContentType::SignedData) => {
            return Err(Error::Unsupported {
                what: "PKCS#12 file protected by a signature".into(),
            });
        }
        _ => return Err(damaged(Flaw::Unexpected)),
    }
    let safes = content.octets().map_err(&damaged)?;
    let mut secrets = secrets.clone();
    let has_mac = mac.is_some();
    if let Some(mac) = mac
        && !pbe::verify_mac(&mac, &safes, &mut secrets, budget)?
    {
        return Err(wrong_password(&secrets));
    }
    let mut safes = Reader::new(&safes).expect(ber::SEQUENCE).map_err(&damaged)?.children();
    let mut file = File {
        secrets,
        budget,
        bags: Bags::default(),
        count: 0,
        opened: false,
    };
    let ended = loop {
        let read = match safes.next() {
            Ok(None) => break None,
            Ok(Some(safe)) => file.safe(&safe),
            Err(flaw) => Ok(Err(damaged(flaw))),
        };
        let unreadable = match read {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => file.unreadable_safe(error),
            Err(error) => Err(error),
        };
        if let Err(error) = unreadable {
            break Some(error);
        }
    };
    Ok(Bags {
        password_verified: has_mac || file.opened,
        ended,
        ..file.bags
    })
}

/// Why a protected part does not open.
fn wrong_password(secrets: &Secrets) -> Error {
    match secrets.given() {
        true => Error::PasswordWrong,
        false => Error::PasswordMissing,
    }
}

/// A PFX while its safes are read.
struct File<'a> {
    secrets: Secrets,
    budget: &'a mut PasswordBudget,
    bags: Bags,
    /// Bags so far, a safe that cannot be opened counting as one.
    count: usize,
    /// Whether the password has opened a safe.
    opened: bool,
}

/// The outer error ends the file, the inner one the safe.
type Safe = Result<Result<(), Error>, Error>;

impl File<'_> {
    /// One safe of the file.
    fn safe(&mut self, info: &Element) -> Safe {
        match self.open(info) {
            Ok(safe) => self.bags(&mut Reader::new(&safe), MAX_NESTING),
            Err(error) => Ok(Err(error)),
        }
    }

    /// The SafeContents of a safe.
    fn open(&mut self, info: &Element) -> Result<Octets, Error> {
        let damaged = Error::damaged("safe in the PKCS#12 file");
        let (kind, content) = typed(info, CONTENT_TYPES).map_err(&damaged)?;
        match kind {
            Some(ContentType::Data) => content.octets().map_err(&damaged),
            Some(ContentType::EncryptedData) => {
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
                let plain = pbe::open(&algorithm, &ciphertext, &self.secrets, self.budget)?;
                let plain = plain.ok_or_else(|| wrong_password(&self.secrets))?;
                self.opened = true;
                Ok(plain)
            }
            Some(ContentType::EnvelopedData) => Err(Error::Unsupported {
                what: "safe encrypted for a public key".into(),
            }),
            Some(ContentType::SignedData) | None => Err(damaged(Flaw::Unexpected)),
        }
    }

    /// The bags of one SafeContents, in it safes down to `nesting`.
    fn bags(&mut self, safe: &mut Reader, nesting: usize) -> Safe {
        let damaged = Error::damaged("safe in the PKCS#12 file");
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
            let index = self.next_index()?;
            let found = match typed(&bag, BAG_TYPES) {
                Ok((Some(BagType::Key), value)) => Bag::Key(Zeroizing::new(value.raw.to_vec())),
                Ok((Some(BagType::ShroudedKey), value)) => {
                    Bag::ShroudedKey(pbe::open_key(value.raw, &self.secrets, self.budget))
                }
                Ok((Some(BagType::Certificate), value)) => match certificate(&value) {
                    // SDSI certificates, which are not in use.
                    Ok(None) => continue,
                    Ok(Some(octets)) => Bag::Certificate(Ok(octets)),
                    Err(flaw) => Bag::Certificate(Err(Error::damaged("certificate bag in the PKCS#12 file")(flaw))),
                },
                Ok((Some(BagType::SafeContents), value)) if nesting > 0 => {
                    match self.bags(&mut Reader::new(value.raw), nesting - 1)? {
                        Ok(()) => continue,
                        Err(error) => Bag::Unreadable(error),
                    }
                }
                Ok((Some(BagType::SafeContents), _)) => Bag::Unreadable(damaged(Flaw::TooDeep)),
                // CRLs, secrets, and what others have added.
                Ok((None, _)) => continue,
                Err(flaw) => Bag::Unreadable(Error::damaged("bag in the PKCS#12 file")(flaw)),
            };
            self.bags.found.push((index, found));
        }
    }

    fn unreadable_safe(&mut self, error: Error) -> Result<(), Error> {
        let index = self.next_index()?;
        self.bags.found.push((index, Bag::Unreadable(error)));
        Ok(())
    }

    fn next_index(&mut self) -> Result<usize, Error> {
        let index = self.count;
        if index == MAX_BAGS {
            return Err(Error::TooLarge {
                what: "bags in a PKCS#12 file",
                limit: MAX_BAGS as u64,
            });
        }
        self.count += 1;
        Ok(index)
    }
}

/// SEQUENCE { type OBJECT IDENTIFIER, value [0] EXPLICIT ANY, … }: the type, where the table has it, and the value.
fn typed<'a, T: Copy>(
    element: &Element<'a>,
    types: &[(ObjectIdentifier, T)],
) -> Result<(Option<T>, Element<'a>), Flaw> {
    if element.tag != ber::SEQUENCE {
        return Err(Flaw::Unexpected);
    }
    let mut fields = element.children();
    let kind = oid::find(types, fields.expect(ber::OID)?.contents);
    Ok((kind, fields.expect(ber::CONTEXT_0)?.children().any()?))
}

/// The octets of the certificate of a CertBag; `None` where it is of another type.
fn certificate(bag: &Element) -> Result<Option<Octets>, Flaw> {
    if bag.tag != ber::SEQUENCE {
        return Err(Flaw::Unexpected);
    }
    let mut fields = bag.children();
    if fields.expect(ber::OID)?.contents != oid::X509_CERTIFICATE.as_bytes() {
        return Ok(None);
    }
    fields.expect(ber::CONTEXT_0)?.children().any()?.octets().map(Some)
}
