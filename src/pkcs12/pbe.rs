//! Password-based encryption and integrity: the schemes of PKCS#12 (RFC 7292 appendix C), PBES2 (RFC 8018 §6.2),
//! and the MAC of a PKCS#12 file, PBMAC1 (RFC 9579) included.
//!
//! Iteration counts come from the file. Each derivation is paid for from a [`PasswordBudget`] before it begins.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, InnerIvInit, KeyIvInit};
use des::TdesEde3;
use hmac::{Hmac, Mac};
use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use rc2::Rc2;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use zeroize::Zeroizing;

use super::Error;
use crate::asn1::ber::{self, Element, Flaw, Reader};
use crate::asn1::oid::{self, ObjectIdentifier};

/// Calls of a hash's compression function that the passwords of one input may cost, all derivations together.
/// 600,000 iterations of PBKDF2 for a key and for a safe and of the MAC, the most that is in use (NSS), cost three
/// millions. All of it takes half a second of SHA-1 or SHA-256 and two seconds of SHA-512 on one core of a server,
/// a few seconds without SHA instructions.
pub const MAX_COMPRESSIONS: u64 = 8_000_000;

/// Octets of the shortest PBMAC1 key that is accepted (RFC 9579 §9).
const MIN_PBMAC1_KEY: usize = 20;

/// What setting up one derivation costs, in compressions: without it a hundred thousand bags of one iteration each
/// would be free.
const DERIVATION: u64 = 16;

/// Bytes that are wiped when they are dropped.
type Wiped = Zeroizing<Vec<u8>>;

/// What may still be spent.
pub struct PasswordBudget {
    left: u64,
}

impl Default for PasswordBudget {
    fn default() -> Self {
        Self::of(MAX_COMPRESSIONS)
    }
}

impl PasswordBudget {
    pub fn of(compressions: u64) -> Self {
        Self { left: compressions }
    }

    /// Pays for `blocks` blocks of output, `iterations` rounds each of `each` compressions, over `input` bytes of
    /// salt and password.
    fn spend(&mut self, iterations: u32, each: u64, blocks: usize, input: usize) -> Result<(), Error> {
        let rounds = u64::from(iterations) * each + DERIVATION + input as u64 / 32;
        match self.left.checked_sub(rounds.saturating_mul(blocks as u64)) {
            Some(left) => self.left = left,
            None => {
                return Err(Error::TooLarge {
                    what: "password iterations",
                    limit: MAX_COMPRESSIONS,
                });
            }
        }
        Ok(())
    }
}

/// The forms that one password takes.
#[derive(Clone)]
pub struct Secrets {
    /// In the order to try them; never empty.
    forms: Vec<Secret>,
    given: bool,
}

#[derive(Clone)]
struct Secret {
    /// For PBKDF2: UTF-8.
    utf8: Wiped,
    /// For PKCS#12's own derivation: UTF-16BE with a terminator, or nothing at all.
    utf16: Wiped,
}

/// Which bytes of a password count.
type Form = fn(&Secret) -> &[u8];

impl Secret {
    fn utf8(&self) -> &[u8] {
        &self.utf8
    }

    fn utf16(&self) -> &[u8] {
        &self.utf16
    }
}

impl Secrets {
    /// No password and an empty one differ in PKCS#12 (no bytes, or a terminator alone), and writers disagree which
    /// is which: both are tried. Of a password beyond ASCII, old OpenSSL widens the bytes of its UTF-8.
    pub fn of(password: Option<&str>) -> Self {
        let given = password.is_some();
        let password = password.unwrap_or_default();
        let secret = |units: &mut dyn Iterator<Item = u16>| {
            // Twice the UTF-8 and the terminator: no growth leaves copies behind.
            let mut utf16 = Zeroizing::new(Vec::with_capacity(2 * password.len() + 2));
            units.for_each(|unit| utf16.extend_from_slice(&unit.to_be_bytes()));
            utf16.extend_from_slice(&[0, 0]);
            Secret {
                utf8: Zeroizing::new(password.as_bytes().to_vec()),
                utf16,
            }
        };
        let mut forms = vec![secret(&mut password.encode_utf16())];
        if password.is_empty() {
            forms.insert(
                0,
                Secret {
                    utf8: Zeroizing::default(),
                    utf16: Zeroizing::default(),
                },
            );
        } else if !password.is_ascii() {
            forms.push(secret(&mut password.bytes().map(u16::from)));
        }
        Self { forms, given }
    }

    /// Whether there was a password, empty or not.
    pub fn given(&self) -> bool {
        self.given
    }

    /// Whether there was a password, and not an empty one.
    pub fn is_a_word(&self) -> bool {
        self.given && self.forms.iter().any(|secret| !secret.utf8.is_empty())
    }

    /// Tries one form after another, `form` saying which bytes of it count; what was tried is not tried again.
    fn first<T>(
        &self,
        form: Form,
        mut attempt: impl FnMut(&[u8]) -> Result<Option<T>, Error>,
    ) -> Result<Option<(usize, T)>, Error> {
        let mut tried: Option<&[u8]> = None;
        for (index, secret) in self.forms.iter().enumerate() {
            let bytes = form(secret);
            if tried == Some(bytes) {
                continue;
            }
            if let Some(opened) = attempt(bytes)? {
                return Ok(Some((index, opened)));
            }
            tried = Some(bytes);
        }
        Ok(None)
    }
}

/// Decrypts an `EncryptedPrivateKeyInfo` (RFC 5958 §3); `None` where the password does not open it. What comes out is one
/// SEQUENCE, and for the caller to recognise. Secret.
///
/// # Errors
/// Where it is damaged, or encrypted in a way that is not known here or costs too much.
pub fn open_key(der: &[u8], secrets: &Secrets, budget: &mut PasswordBudget) -> Result<Option<Wiped>, Error> {
    let damaged = Error::damaged("encrypted private key");
    let mut fields = Reader::new(der).expect(ber::SEQUENCE).map_err(&damaged)?.children();
    let algorithm = fields.expect(ber::SEQUENCE).map_err(&damaged)?;
    let ciphertext = fields.any().and_then(|element| element.octets()).map_err(&damaged)?;
    open(&algorithm, &ciphertext, secrets, budget)
}

/// Decrypts what must be one SEQUENCE; `None` where no form of the password makes it one.
pub(super) fn open(
    algorithm: &Element,
    ciphertext: &[u8],
    secrets: &Secrets,
    budget: &mut PasswordBudget,
) -> Result<Option<Wiped>, Error> {
    let scheme = Scheme::read(algorithm)?;
    let form: Form = match scheme.derivation {
        Derivation::Pkcs12 { .. } => Secret::utf16,
        Derivation::Pbkdf2(..) => Secret::utf8,
    };
    let opened = secrets.first(form, |password| {
        let (key, iv) = scheme.key_and_iv(password, budget)?;
        Ok(scheme
            .cipher
            .decrypt(&key, &iv, ciphertext)
            .filter(|plain| is_one_sequence(plain)))
    })?;
    Ok(opened.map(|(_, plain)| plain))
}

/// Whether the `MacData` of a PKCS#12 file (RFC 7292 §4) fits what it protects. Where that shows which form of the
/// password is the right one, only that form stays.
pub(super) fn verify_mac(
    mac: &Element,
    protected: &[u8],
    secrets: &mut Secrets,
    budget: &mut PasswordBudget,
) -> Result<bool, Error> {
    let damaged = Error::damaged("MAC of the PKCS#12 file");
    let mut fields = mac.children();
    let mut digest = fields.expect(ber::SEQUENCE).map_err(&damaged)?.children();
    let (oid, parameters) = algorithm(&digest.expect(ber::SEQUENCE).map_err(&damaged)?).map_err(&damaged)?;
    let expected = digest.any().and_then(|element| element.octets()).map_err(&damaged)?;
    if oid == oid::PBMAC1.as_bytes() {
        let mut parameters = parameters.ok_or(Flaw::Missing).map_err(&damaged)?.children();
        let kdf = parameters.expect(ber::SEQUENCE).map_err(&damaged)?;
        let scheme = parameters
            .expect(ber::SEQUENCE)
            .and_then(|element| algorithm(&element))
            .map_err(&damaged)?;
        let hash = oid::find(HMACS, scheme.0).ok_or_else(|| unsupported("MAC", scheme.0))?;
        let (kdf, length) = Pbkdf2::read(&kdf)?;
        // RFC 9579 §4: the length is required; one hash, at most a block, is all that a key can use. A key of a few octets
        // is found by trying them all, so that it protects nothing.
        let length = length
            .filter(|length| (1..=128).contains(length))
            .ok_or(Flaw::Number)
            .map_err(&damaged)?;
        if length < MIN_PBMAC1_KEY {
            return Err(Error::Unsupported {
                what: format!("MAC of the PKCS#12 file: its key has {length} octets, and RFC 9579 asks for 20"),
            });
        }
        let verified = secrets.first(Secret::utf8, |password| {
            let key = kdf.derive(password, length, budget)?;
            Ok(hash.verify(&key, protected, &expected).then_some(()))
        })?;
        return Ok(verified.is_some());
    }
    let hash = oid::find(DIGESTS, oid).ok_or_else(|| unsupported("MAC", oid))?;
    let salt = fields.any().and_then(|element| element.octets()).map_err(&damaged)?;
    let iterations = match fields.next().map_err(&damaged)? {
        None => 1,
        Some(element) => iterations(&element).map_err(&damaged)?,
    };
    let verified = secrets.first(Secret::utf16, |password| {
        let key = hash.pkcs12_key(password, &salt, Pkcs12KeyType::Mac, iterations, hash.length(), budget)?;
        Ok(hash.verify(&key, protected, &expected).then_some(()))
    })?;
    let Some((index, ())) = verified else { return Ok(false) };
    secrets.forms = secrets.forms.drain(index..=index).collect();
    Ok(true)
}

/// How a password becomes a key, and what the key then opens.
struct Scheme {
    cipher: Cipher,
    derivation: Derivation,
}

enum Derivation {
    /// RFC 7292 appendix B, SHA-1: key and IV.
    Pkcs12 { salt: Wiped, iterations: u32 },
    /// The key; the IV is in the file.
    Pbkdf2(Pbkdf2, Vec<u8>),
}

impl Scheme {
    fn read(element: &Element) -> Result<Self, Error> {
        let damaged = Error::damaged("encryption parameters");
        let (oid, parameters) = algorithm(element).map_err(&damaged)?;
        if oid == oid::PBES2.as_bytes() {
            let mut parameters = parameters.ok_or(Flaw::Missing).map_err(&damaged)?.children();
            let kdf = parameters.expect(ber::SEQUENCE).map_err(&damaged)?;
            let (oid, iv) = parameters
                .expect(ber::SEQUENCE)
                .and_then(|element| algorithm(&element))
                .map_err(&damaged)?;
            let cipher = oid::find(PBES2_CIPHERS, oid).ok_or_else(|| unsupported("encryption", oid))?;
            let iv = iv.ok_or(Flaw::Missing).map_err(&damaged)?;
            if iv.contents.len() != cipher.iv_length() {
                return Err(damaged(Flaw::Number));
            }
            let (kdf, length) = Pbkdf2::read(&kdf)?;
            if length.is_some_and(|length| length != cipher.key_length()) {
                return Err(damaged(Flaw::Number));
            }
            return Ok(Self {
                cipher,
                derivation: Derivation::Pbkdf2(kdf, iv.contents.to_vec()),
            });
        }
        let cipher = oid::find(PKCS12_CIPHERS, oid).ok_or_else(|| unsupported("encryption", oid))?;
        let mut parameters = parameters.ok_or(Flaw::Missing).map_err(&damaged)?.children();
        let salt = parameters
            .any()
            .and_then(|element| element.octets())
            .map_err(&damaged)?;
        let iterations = parameters
            .any()
            .and_then(|element| iterations(&element))
            .map_err(&damaged)?;
        Ok(Self {
            cipher,
            derivation: Derivation::Pkcs12 { salt, iterations },
        })
    }

    fn key_and_iv(&self, password: &[u8], budget: &mut PasswordBudget) -> Result<(Wiped, Wiped), Error> {
        let (key, iv) = (self.cipher.key_length(), self.cipher.iv_length());
        match &self.derivation {
            Derivation::Pbkdf2(kdf, iv) => Ok((kdf.derive(password, key, budget)?, Zeroizing::new(iv.clone()))),
            Derivation::Pkcs12 { salt, iterations } => {
                let mut derive = |kind, length| match length {
                    0 => Ok(Zeroizing::default()),
                    _ => Hash::Sha1.pkcs12_key(password, salt, kind, *iterations, length, budget),
                };
                Ok((
                    derive(Pkcs12KeyType::EncryptionKey, key)?,
                    derive(Pkcs12KeyType::Iv, iv)?,
                ))
            }
        }
    }
}

/// PBKDF2 (RFC 8018 §5.2) with its parameters.
struct Pbkdf2 {
    salt: Wiped,
    iterations: u32,
    hash: Hash,
}

impl Pbkdf2 {
    /// The function that an AlgorithmIdentifier names, and the length of key if it says one.
    fn read(element: &Element) -> Result<(Self, Option<usize>), Error> {
        let damaged = Error::damaged("encryption parameters");
        let (oid, parameters) = algorithm(element).map_err(&damaged)?;
        if oid != oid::PBKDF2.as_bytes() {
            return Err(unsupported("key derivation", oid));
        }
        let mut parameters = parameters.ok_or(Flaw::Missing).map_err(&damaged)?.children();
        let salt = parameters
            .expect(ber::OCTET_STRING)
            .and_then(|element| element.octets())
            .map_err(&damaged)?;
        let iterations = parameters
            .any()
            .and_then(|element| iterations(&element))
            .map_err(&damaged)?;
        let mut next = parameters.next().map_err(&damaged)?;
        let mut length = None;
        if let Some(element) = next.filter(|element| element.tag == ber::INTEGER) {
            let number = element.unsigned().map_err(&damaged)?;
            length = Some(usize::try_from(number).map_err(|_| damaged(Flaw::Number))?);
            next = parameters.next().map_err(&damaged)?;
        }
        let hash = match next {
            None => Hash::Sha1,
            Some(element) => {
                let (oid, _) = algorithm(&element).map_err(&damaged)?;
                oid::find(HMACS, oid).ok_or_else(|| unsupported("key derivation", oid))?
            }
        };
        Ok((Self { salt, iterations, hash }, length))
    }

    fn derive(&self, password: &[u8], length: usize, budget: &mut PasswordBudget) -> Result<Wiped, Error> {
        let blocks = length.div_ceil(self.hash.length());
        budget.spend(self.iterations, 2, blocks, self.salt.len() + password.len())?;
        Ok(self.hash.pbkdf2(password, &self.salt, self.iterations, length))
    }
}

#[derive(Clone, Copy)]
enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
    TripleDesTwoKeys,
    /// Bytes of key, all of them effective.
    Rc2 {
        key: usize,
    },
    Rc4 {
        key: usize,
    },
}

/// The ciphers of PBES2 (RFC 8018 appendix B.2).
const PBES2_CIPHERS: &[(ObjectIdentifier, Cipher)] = &[
    (oid::AES_256_CBC, Cipher::Aes256),
    (oid::AES_192_CBC, Cipher::Aes192),
    (oid::AES_128_CBC, Cipher::Aes128),
    (oid::DES_EDE3_CBC, Cipher::TripleDes),
];

/// The ciphers of PKCS#12's own schemes (RFC 7292 appendix C).
const PKCS12_CIPHERS: &[(ObjectIdentifier, Cipher)] = &[
    (oid::PBE_SHA1_3DES, Cipher::TripleDes),
    (oid::PBE_SHA1_RC2_40, Cipher::Rc2 { key: 5 }),
    (oid::PBE_SHA1_RC2_128, Cipher::Rc2 { key: 16 }),
    (oid::PBE_SHA1_2DES, Cipher::TripleDesTwoKeys),
    (oid::PBE_SHA1_RC4_128, Cipher::Rc4 { key: 16 }),
    (oid::PBE_SHA1_RC4_40, Cipher::Rc4 { key: 5 }),
];

impl Cipher {
    fn key_length(self) -> usize {
        match self {
            Self::Aes128 | Self::TripleDesTwoKeys => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
            Self::Rc2 { key } | Self::Rc4 { key } => key,
        }
    }

    fn iv_length(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            Self::TripleDes | Self::TripleDesTwoKeys | Self::Rc2 { .. } => 8,
            Self::Rc4 { .. } => 0,
        }
    }

    /// The plaintext, its padding taken off; `None` where the padding is wrong.
    fn decrypt(self, key: &[u8], iv: &[u8], ciphertext: &[u8]) -> Option<Wiped> {
        let mut data = Zeroizing::new(ciphertext.to_vec());
        let length = match self {
            Self::Aes128 => unpad(cbc::Decryptor::<Aes128>::new_from_slices(key, iv).ok()?, &mut data),
            Self::Aes192 => unpad(cbc::Decryptor::<Aes192>::new_from_slices(key, iv).ok()?, &mut data),
            Self::Aes256 => unpad(cbc::Decryptor::<Aes256>::new_from_slices(key, iv).ok()?, &mut data),
            Self::TripleDes => unpad(cbc::Decryptor::<TdesEde3>::new_from_slices(key, iv).ok()?, &mut data),
            Self::TripleDesTwoKeys => {
                // The third key is the first.
                let mut keys = Zeroizing::new([0; 24]);
                let (two, third) = keys.split_at_mut(16);
                two.copy_from_slice(key.get(..16)?);
                third.copy_from_slice(key.get(..8)?);
                unpad(
                    cbc::Decryptor::<TdesEde3>::new_from_slices(keys.as_slice(), iv).ok()?,
                    &mut data,
                )
            }
            Self::Rc2 { .. } => {
                let rc2 = Rc2::new_with_eff_key_len(key, key.len() * 8);
                unpad(cbc::Decryptor::<Rc2>::inner_iv_slice_init(rc2, iv).ok()?, &mut data)
            }
            Self::Rc4 { .. } => {
                rc4(key, &mut data);
                Some(data.len())
            }
        }?;
        data.truncate(length);
        Some(data)
    }
}

/// Decrypts in place; the length without the padding.
fn unpad(cipher: impl BlockDecryptMut, data: &mut [u8]) -> Option<usize> {
    cipher.decrypt_padded_mut::<Pkcs7>(data).ok().map(<[u8]>::len)
}

/// RC4, which no maintained crate is worth having for: only PKCS#12 files of the nineties use it.
fn rc4(key: &[u8], data: &mut [u8]) {
    let mut state: Zeroizing<[u8; 256]> = Zeroizing::new(std::array::from_fn(|index| index as u8));
    let mut j = 0u8;
    for (i, key) in (0..=255u8).zip(key.iter().cycle()) {
        j = j.wrapping_add(state[usize::from(i)]).wrapping_add(*key);
        state.swap(usize::from(i), usize::from(j));
    }
    let (mut i, mut j) = (0u8, 0u8);
    for byte in data {
        i = i.wrapping_add(1);
        j = j.wrapping_add(state[usize::from(i)]);
        state.swap(usize::from(i), usize::from(j));
        *byte ^= state[usize::from(state[usize::from(i)].wrapping_add(state[usize::from(j)]))];
    }
}

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512_224,
    Sha512_256,
}

/// The expression with `$D` standing for the hash's type.
macro_rules! with_hash {
    ($hash:expr, $D:ident => $body:expr) => {
        match $hash {
            Hash::Sha1 => with_hash!(@ Sha1, $D, $body),
            Hash::Sha224 => with_hash!(@ Sha224, $D, $body),
            Hash::Sha256 => with_hash!(@ Sha256, $D, $body),
            Hash::Sha384 => with_hash!(@ Sha384, $D, $body),
            Hash::Sha512 => with_hash!(@ Sha512, $D, $body),
            Hash::Sha512_224 => with_hash!(@ Sha512_224, $D, $body),
            Hash::Sha512_256 => with_hash!(@ Sha512_256, $D, $body),
        }
    };
    (@ $hash:ty, $D:ident, $body:expr) => {{
        type $D = $hash;
        $body
    }};
}

const DIGESTS: &[(ObjectIdentifier, Hash)] = &[
    (oid::SHA1, Hash::Sha1),
    (oid::SHA256, Hash::Sha256),
    (oid::SHA384, Hash::Sha384),
    (oid::SHA512, Hash::Sha512),
    (oid::SHA224, Hash::Sha224),
    (oid::SHA512_224, Hash::Sha512_224),
    (oid::SHA512_256, Hash::Sha512_256),
];

const HMACS: &[(ObjectIdentifier, Hash)] = &[
    (oid::HMAC_WITH_SHA1, Hash::Sha1),
    (oid::HMAC_WITH_SHA256, Hash::Sha256),
    (oid::HMAC_WITH_SHA384, Hash::Sha384),
    (oid::HMAC_WITH_SHA512, Hash::Sha512),
    (oid::HMAC_WITH_SHA224, Hash::Sha224),
    (oid::HMAC_WITH_SHA512_224, Hash::Sha512_224),
    (oid::HMAC_WITH_SHA512_256, Hash::Sha512_256),
];

impl Hash {
    fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 | Self::Sha512_224 => 28,
            Self::Sha256 | Self::Sha512_256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn verify(self, key: &[u8], data: &[u8], expected: &[u8]) -> bool {
        with_hash!(self, D => Hmac::<D>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(data).verify_slice(expected).is_ok()))
    }

    fn pbkdf2(self, password: &[u8], salt: &[u8], iterations: u32, length: usize) -> Wiped {
        let mut key = Zeroizing::new(vec![0; length]);
        with_hash!(self, D => pbkdf2::pbkdf2_hmac::<D>(password, salt, iterations, &mut key));
        key
    }

    fn pkcs12_key(
        self,
        password: &[u8],
        salt: &[u8],
        kind: Pkcs12KeyType,
        iterations: u32,
        length: usize,
        budget: &mut PasswordBudget,
    ) -> Result<Wiped, Error> {
        budget.spend(
            iterations,
            1,
            length.div_ceil(self.length()),
            salt.len() + password.len(),
        )?;
        // What the budget allows always fits.
        let rounds = i32::try_from(iterations).unwrap_or(i32::MAX);
        Ok(Zeroizing::new(
            with_hash!(self, D => derive_key::<D>(password, salt, kind, rounds, length)),
        ))
    }
}

/// The parts of an AlgorithmIdentifier.
fn algorithm<'a>(element: &Element<'a>) -> Result<(&'a [u8], Option<Element<'a>>), Flaw> {
    if element.tag != ber::SEQUENCE {
        return Err(Flaw::Unexpected);
    }
    let mut fields = element.children();
    Ok((fields.expect(ber::OID)?.contents, fields.next()?))
}

/// At least one; no implementation does none.
fn iterations(element: &Element) -> Result<u32, Flaw> {
    match u32::try_from(element.unsigned()?) {
        Ok(0) | Err(_) => Err(Flaw::Number),
        Ok(iterations) => Ok(iterations),
    }
}

fn is_one_sequence(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    reader.expect(ber::SEQUENCE).is_ok() && reader.rest().is_empty()
}

fn unsupported(what: &str, oid: &[u8]) -> Error {
    Error::Unsupported {
        what: format!("{what} algorithm {}", spelled(oid)),
    }
}

/// An object identifier as dotted numbers, where it is a short one.
fn spelled(oid: &[u8]) -> String {
    /// Longest that is spelled out: no registered algorithm has a longer one, and a report stays small.
    const MAX_SPELLED: usize = 32;
    let dotted = oid::dotted(oid).filter(|_| oid.len() <= MAX_SPELLED);
    dotted.unwrap_or_else(|| "of no known name".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc4_gives_the_published_keystream() {
        // RFC 6229, the 40-bit key 0102030405.
        let mut data = [0; 16];
        rc4(&[1, 2, 3, 4, 5], &mut data);
        assert_eq!(data, 0xb239_6305_f03d_c027_ccc3_524a_0a11_18a8u128.to_be_bytes());
    }

    #[test]
    fn identifiers_are_spelled_out_when_they_can_be() {
        assert_eq!(spelled(oid::PBES2.as_bytes()), "1.2.840.113549.1.5.13");
        assert_eq!(spelled(&[0x88, 0x37]), "2.999");
        assert_eq!(spelled(&[0x2a; 33]), "of no known name");
        assert_eq!(spelled(&[0xff; 12]), "of no known name");
        assert_eq!(spelled(&[]), "of no known name");
    }

    #[test]
    fn no_password_is_two_forms_and_one_beyond_ascii_too() {
        let forms = |password| {
            Secrets::of(password)
                .forms
                .iter()
                .map(|s| s.utf16.to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(forms(None), [vec![], vec![0, 0]]);
        assert_eq!(forms(Some("")), [vec![], vec![0, 0]]);
        assert_eq!(forms(Some("a")), [vec![0, b'a', 0, 0]]);
        assert_eq!(forms(Some("ä")), [vec![0, 0xe4, 0, 0], vec![0, 0xc3, 0, 0xa4, 0, 0]]);
        assert_eq!(forms(Some("😀"))[0], [0xd8, 0x3d, 0xde, 0x00, 0, 0]);
    }

    #[test]
    fn a_budget_is_spent_by_all_derivations_together() {
        let mut budget = PasswordBudget::default();
        assert_eq!(budget.spend(1_000_000, 2, 3, 0), Ok(()));
        assert!(matches!(budget.spend(1_000_000, 2, 1, 0), Err(Error::TooLarge { .. })));
        assert_eq!(budget.spend(10, 1, 1, 0), Ok(()), "what is refused costs nothing");
        assert!(budget.spend(u32::MAX, 2, usize::MAX, usize::MAX).is_err());
    }
}
