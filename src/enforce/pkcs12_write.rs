//! Writes PKCS#12 (RFC 7292): one private key, its certificate, and what proved it.

use aes::Aes256;
use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockEncryptMut, KeyIvInit};
use des::TdesEde3;
use hmac::{Hmac, Mac};
use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::cert::Certificate;
use crate::protocol::Encryption;

use super::plan::Credentials;

/// Iterations of the old scheme: what Windows and OpenSSL write. More would not help: its cipher is the weak part.
const LEGACY_ITERATIONS: u32 = 2_048;
/// Iterations with AES: a tenth of a second on an old server, and well within what readers allow.
const AES_ITERATIONS: u32 = 100_000;

/// 1.2.840.113549.1.7.1 data and .6 encryptedData.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// 1.2.840.113549.1.12.10.1.2 pkcs8ShroudedKeyBag and .3 certBag.
const SHROUDED_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x02];
const CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03];
/// 1.2.840.113549.1.9.22.1 x509Certificate, 1.2.840.113549.1.9.21 localKeyID.
const X509: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];
/// 1.2.840.113549.1.12.1.3 pbeWithSHAAnd3-KeyTripleDES-CBC.
const TRIPLE_DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03];
/// 1.2.840.113549.1.5.13 PBES2, .12 PBKDF2, 1.2.840.113549.2.9 hmacWithSHA256, 2.16.840.1.101.3.4.1.42 aes256-CBC.
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09];
const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
/// 1.3.14.3.2.26 SHA-1, 2.16.840.1.101.3.4.2.1 SHA-256.
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_0_PRIMITIVE: u8 = 0x80;
const NULL: &[u8] = &[0x05, 0x00];
const INTEGER_0: &[u8] = &[0x02, 0x01, 0x00];
const INTEGER_3: &[u8] = &[0x02, 0x01, 0x03];

/// What must be random in a file, each file its own.
#[derive(Debug, Clone, Copy)]
pub struct Salts {
    /// For the key.
    pub key: [u8; 16],
    /// For the certificates.
    pub certificates: [u8; 16],
    /// For the MAC.
    pub mac: [u8; 16],
    /// Where AES begins: for the key, then for the certificates.
    pub vectors: [[u8; 16]; 2],
}

impl Salts {
    /// Fresh ones; `None` where the system has no randomness.
    pub fn random() -> Option<Self> {
        let mut bytes = [[0; 16]; 5];
        for part in &mut bytes {
            aws_lc_rs::rand::fill(part).ok()?;
        }
        let [key, certificates, mac, first, second] = bytes;
        Some(Salts {
            key,
            certificates,
            mac,
            vectors: [first, second],
        })
    }
}

/// A PKCS#12 file. No password and an empty one are written alike: a terminator alone, as OpenSSL and Windows do.
pub fn write(
    credentials: &Credentials,
    password: Option<&str>,
    encryption: Encryption,
    salts: &Salts,
) -> Zeroizing<Vec<u8>> {
    let cipher = Cipher::new(password.unwrap_or_default(), encryption);
    let identifier = credentials.certificate.sha1();
    let attribute = attribute(&identifier);

    let mut certificates = vec![certificate_bag(&credentials.certificate, &attribute)];
    certificates.extend(credentials.chain.iter().map(|one| certificate_bag(one, &[])));
    let certificates: Vec<&[u8]> = certificates.iter().map(|bag| bag.as_slice()).collect();
    let certificates = element(SEQUENCE, &certificates);

    let (algorithm, encrypted) = cipher.encrypt(&credentials.key, &salts.key, &salts.vectors[0]);
    let shrouded = element(SEQUENCE, &[&algorithm, &element(OCTETS, &[&encrypted])]);
    let keys = element(SEQUENCE, &[&bag(SHROUDED_KEY, &shrouded, &attribute)]);

    let safes = element(
        SEQUENCE,
        &[
            &cipher.encrypted_safe(&certificates, &salts.certificates, &salts.vectors[1]),
            &data(&keys),
        ],
    );
    let mac = cipher.mac(&safes, &salts.mac);
    element(SEQUENCE, &[INTEGER_3, &data(&safes), &mac])
}

/// How one file is encrypted, with the forms of its password.
struct Cipher {
    encryption: Encryption,
    utf8: Zeroizing<Vec<u8>>,
    /// UTF-16BE with its terminator.
    utf16: Zeroizing<Vec<u8>>,
}

impl Cipher {
    fn new(password: &str, encryption: Encryption) -> Self {
        let mut utf16 = Zeroizing::new(Vec::with_capacity(2 * password.len() + 2));
        for unit in password.encode_utf16().chain([0]) {
            utf16.extend_from_slice(&unit.to_be_bytes());
        }
        Cipher {
            encryption,
            utf8: Zeroizing::new(password.as_bytes().to_vec()),
            utf16,
        }
    }

    /// The AlgorithmIdentifier, and what it makes of `plain`.
    fn encrypt(&self, plain: &[u8], salt: &[u8; 16], vector: &[u8; 16]) -> (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>) {
        match self.encryption {
            Encryption::Legacy => {
                // Windows writes eight octets of salt, and nothing else is known of old readers.
                let salt = salt.first_chunk::<8>().map_or(&salt[..], |salt| &salt[..]);
                let derive = |kind, length| {
                    Zeroizing::new(derive_key::<Sha1>(
                        &self.utf16,
                        salt,
                        kind,
                        LEGACY_ITERATIONS as i32,
                        length,
                    ))
                };
                let (key, vector) = (derive(Pkcs12KeyType::EncryptionKey, 24), derive(Pkcs12KeyType::Iv, 8));
                let (mut fixed, mut begin) = (Zeroizing::new([0; 24]), [0; 8]);
                fixed.iter_mut().zip(key.iter()).for_each(|(to, from)| *to = *from);
                begin.iter_mut().zip(vector.iter()).for_each(|(to, from)| *to = *from);
                let cipher = Encryptor::<TdesEde3>::new(&(*fixed).into(), &begin.into());
                let parameters = element(SEQUENCE, &[&element(OCTETS, &[salt]), &integer(LEGACY_ITERATIONS)]);
                let algorithm = element(SEQUENCE, &[&element(OID, &[TRIPLE_DES]), &parameters]);
                (algorithm, padded(cipher, plain))
            }
            Encryption::Aes => {
                let mut key = Zeroizing::new([0; 32]);
                pbkdf2::pbkdf2_hmac::<Sha256>(&self.utf8, salt, AES_ITERATIONS, &mut *key);
                let cipher = Encryptor::<Aes256>::new(&(*key).into(), &(*vector).into());
                let prf = element(SEQUENCE, &[&element(OID, &[HMAC_SHA256]), NULL]);
                let parameters = element(SEQUENCE, &[&element(OCTETS, &[salt]), &integer(AES_ITERATIONS), &prf]);
                let derivation = element(SEQUENCE, &[&element(OID, &[PBKDF2]), &parameters]);
                let scheme = element(SEQUENCE, &[&element(OID, &[AES_256_CBC]), &element(OCTETS, &[vector])]);
                let both = element(SEQUENCE, &[&derivation, &scheme]);
                let algorithm = element(SEQUENCE, &[&element(OID, &[PBES2]), &both]);
                (algorithm, padded(cipher, plain))
            }
        }
    }

    /// ContentInfo of encrypted SafeContents (RFC 5652 §8).
    fn encrypted_safe(&self, safe: &[u8], salt: &[u8; 16], vector: &[u8; 16]) -> Zeroizing<Vec<u8>> {
        let (algorithm, encrypted) = self.encrypt(safe, salt, vector);
        let info = element(
            SEQUENCE,
            &[
                &element(OID, &[DATA]),
                &algorithm,
                &element(CONTEXT_0_PRIMITIVE, &[&encrypted]),
            ],
        );
        let content = element(SEQUENCE, &[INTEGER_0, &info]);
        element(
            SEQUENCE,
            &[&element(OID, &[ENCRYPTED_DATA]), &element(CONTEXT_0, &[&content])],
        )
    }

    /// MacData (RFC 7292 §4).
    fn mac(&self, protected: &[u8], salt: &[u8; 16]) -> Zeroizing<Vec<u8>> {
        let kind = Pkcs12KeyType::Mac;
        let (oid, iterations, digest) = match self.encryption {
            Encryption::Legacy => {
                let key = derive_key::<Sha1>(&self.utf16, salt, kind, LEGACY_ITERATIONS as i32, 20);
                (SHA1, LEGACY_ITERATIONS, keyed::<Hmac<Sha1>>(key, protected))
            }
            Encryption::Aes => {
                let key = derive_key::<Sha256>(&self.utf16, salt, kind, AES_ITERATIONS as i32, 32);
                (SHA256, AES_ITERATIONS, keyed::<Hmac<Sha256>>(key, protected))
            }
        };
        let algorithm = element(SEQUENCE, &[&element(OID, &[oid]), NULL]);
        let info = element(SEQUENCE, &[&algorithm, &element(OCTETS, &[&digest])]);
        element(SEQUENCE, &[&info, &element(OCTETS, &[salt]), &integer(iterations)])
    }
}

/// Encrypts, padded to whole blocks.
fn padded(cipher: impl BlockEncryptMut, plain: &[u8]) -> Zeroizing<Vec<u8>> {
    /// Room for the padding: the largest block.
    const BLOCK: usize = 16;
    let mut buffer = Zeroizing::new(vec![0; plain.len() + BLOCK]);
    buffer.iter_mut().zip(plain).for_each(|(to, from)| *to = *from);
    let length = cipher.encrypt_padded_mut::<Pkcs7>(&mut buffer, plain.len());
    // The padding always fits.
    let length = length.map_or(0, <[u8]>::len);
    buffer.truncate(length);
    buffer
}

fn keyed<M: Mac + hmac::digest::KeyInit>(key: Vec<u8>, protected: &[u8]) -> Vec<u8> {
    let key = Zeroizing::new(key);
    // HMAC takes a key of any length.
    <M as Mac>::new_from_slice(&key)
        .map(|mac| mac.chain_update(protected).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

/// ContentInfo of plain data.
fn data(content: &[u8]) -> Zeroizing<Vec<u8>> {
    let octets = element(OCTETS, &[content]);
    element(SEQUENCE, &[&element(OID, &[DATA]), &element(CONTEXT_0, &[&octets])])
}

fn certificate_bag(certificate: &Certificate, attributes: &[u8]) -> Zeroizing<Vec<u8>> {
    let octets = element(OCTETS, &[certificate.der()]);
    let value = element(SEQUENCE, &[&element(OID, &[X509]), &element(CONTEXT_0, &[&octets])]);
    bag(CERTIFICATE, &value, attributes)
}

fn bag(kind: &[u8], value: &[u8], attributes: &[u8]) -> Zeroizing<Vec<u8>> {
    element(
        SEQUENCE,
        &[&element(OID, &[kind]), &element(CONTEXT_0, &[value]), attributes],
    )
}

/// The attribute by which Windows finds the certificate of a key.
fn attribute(identifier: &[u8]) -> Zeroizing<Vec<u8>> {
    let values = element(SET, &[&element(OCTETS, &[identifier])]);
    element(SET, &[&element(SEQUENCE, &[&element(OID, &[LOCAL_KEY_ID]), &values])])
}

/// A small INTEGER, not negative.
fn integer(number: u32) -> Zeroizing<Vec<u8>> {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take(3).take_while(|byte| **byte == 0).count();
    let significant = bytes.get(zeros..).unwrap_or_default();
    let sign: &[u8] = match significant.first() {
        Some(0x80..) => &[0],
        _ => &[],
    };
    element(0x02, &[sign, significant])
}

/// One element of DER around its parts, in memory of the final size at once: growing would leave copies behind.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let bytes = length.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = bytes.get(zeros..).unwrap_or_default();
    let mut der = Zeroizing::new(Vec::with_capacity(2 + significant.len() + length));
    der.push(tag);
    if length < 0x80 {
        der.push(length as u8);
    } else {
        der.push(0x80 | significant.len() as u8);
        der.extend_from_slice(significant);
    }
    for part in parts {
        der.extend_from_slice(part);
    }
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_integers_are_der() {
        assert_eq!(element(OCTETS, &[&[7; 3]]).as_slice(), [4, 3, 7, 7, 7]);
        assert_eq!(element(OCTETS, &[&[0; 128]])[..3], [4, 0x81, 0x80]);
        assert_eq!(element(OCTETS, &[&[0; 200], &[0; 100]])[..4], [4, 0x82, 0x01, 0x2c]);
        assert_eq!(integer(0).as_slice(), [2, 1, 0]);
        assert_eq!(integer(128).as_slice(), [2, 2, 0, 128]);
        assert_eq!(integer(2048).as_slice(), [2, 2, 8, 0]);
        assert_eq!(integer(100_000).as_slice(), [2, 3, 1, 0x86, 0xa0]);
    }
}
