//! Writes PKCS#12 (RFC 7292): one private key, its certificate, and what proved it.

use aes::Aes256;
use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockEncryptMut, KeyIvInit};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::encrypted_data::EncryptedData;
use cms::enveloped_data::EncryptedContentInfo;
use der::asn1::{Any, Null, OctetString, SetOfVec};
use der::{Encode, Result};
use des::TdesEde3;
use hmac::{Hmac, Mac};
use pkcs12::cert_type::CertBag;
use pkcs12::digest_info::DigestInfo;
use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use pkcs12::mac_data::MacData;
use pkcs12::pbe_params::{EncryptedPrivateKeyInfo, Pbes2Params, Pbkdf2Params, Pkcs12PbeParams};
use pkcs12::pfx::{Pfx, Version};
use pkcs12::safe_bag::SafeBag;
use sha1::Sha1;
use sha2::Sha256;
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::{Attribute, Attributes};
use zeroize::Zeroizing;

use crate::asn1::oid::{self, ObjectIdentifier};

/// Iterations of the old scheme: what Windows and OpenSSL write. More would not help: its cipher is the weak part.
const LEGACY_ITERATIONS: u32 = 2_048;
/// Iterations with AES: a tenth of a second on an old server, and well within what readers allow.
const AES_ITERATIONS: u32 = 100_000;

/// How a file is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Triple DES and SHA-1 by PKCS#12's own derivation, which every reader knows.
    Legacy,
    /// AES-256 and SHA-256 by PBES2.
    Aes,
}

/// What goes into a file.
#[derive(Clone, Copy)]
pub struct Contents<'a> {
    /// The certificate of the key, as DER.
    pub certificate: &'a [u8],
    /// What ties the certificate to its key, any octets: Windows finds the one by the other.
    pub local_key_id: &'a [u8],
    /// The certificates that proved it, as DER.
    pub chain: &'a [&'a [u8]],
    /// The private key, PKCS#8. Secret.
    pub key: &'a [u8],
}

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

/// A PKCS#12 file. No password and an empty one are written alike: as a terminator only, as OpenSSL and Windows do.
///
/// # Errors
/// Where the contents are longer than a file can be: 256 MiB.
pub fn write(contents: &Contents, password: Option<&str>, encryption: Encryption, salts: &Salts) -> Result<Vec<u8>> {
    let cipher = Cipher::new(password.unwrap_or_default(), encryption);
    let local_key_id = local_key_id(contents.local_key_id)?;

    let mut certificates = vec![certificate_bag(contents.certificate, Some(local_key_id.clone()))?];
    for certificate in contents.chain {
        certificates.push(certificate_bag(certificate, None)?);
    }
    let (encryption_algorithm, encrypted) = cipher.encrypt(contents.key, &salts.key, &salts.vectors[0])?;
    let shrouded = EncryptedPrivateKeyInfo {
        encryption_algorithm,
        encrypted_data: OctetString::new(encrypted)?,
    };
    let keys = vec![SafeBag {
        bag_id: oid::SHROUDED_KEY_BAG,
        bag_value: shrouded.to_der()?,
        bag_attributes: Some(local_key_id),
    }];

    let safes = vec![
        cipher.encrypted_safe(&certificates.to_der()?, &salts.certificates, &salts.vectors[1])?,
        plain_safe(keys.to_der()?)?,
    ];
    let safes = safes.to_der()?;
    let pfx = Pfx {
        version: Version::V3,
        mac_data: Some(cipher.mac(&safes, &salts.mac)?),
        auth_safe: plain_safe(safes)?,
    };
    pfx.to_der()
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
    fn encrypt(&self, plain: &[u8], salt: &[u8; 16], vector: &[u8; 16]) -> Result<(AlgorithmIdentifierOwned, Vec<u8>)> {
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
                let parameters = Pkcs12PbeParams {
                    salt: OctetString::new(salt)?,
                    iterations: LEGACY_ITERATIONS as i32,
                };
                Ok((algorithm(oid::PBE_SHA1_3DES, &parameters)?, padded(cipher, plain)))
            }
            Encryption::Aes => {
                let mut key = Zeroizing::new([0; 32]);
                pbkdf2::pbkdf2_hmac::<Sha256>(&self.utf8, salt, AES_ITERATIONS, &mut *key);
                let cipher = Encryptor::<Aes256>::new(&(*key).into(), &(*vector).into());
                let derivation = Pbkdf2Params {
                    salt: OctetString::new(&salt[..])?,
                    iteration_count: AES_ITERATIONS,
                    key_length: None,
                    prf: algorithm(oid::HMAC_WITH_SHA256, &Null)?,
                };
                let parameters = Pbes2Params {
                    kdf: algorithm(oid::PBKDF2, &derivation)?,
                    encryption: algorithm(oid::AES_256_CBC, &OctetString::new(&vector[..])?)?,
                };
                Ok((algorithm(oid::PBES2, &parameters)?, padded(cipher, plain)))
            }
        }
    }

    /// Encrypted SafeContents (RFC 5652 §8).
    fn encrypted_safe(&self, safe: &[u8], salt: &[u8; 16], vector: &[u8; 16]) -> Result<ContentInfo> {
        let (content_enc_alg, encrypted) = self.encrypt(safe, salt, vector)?;
        let data = EncryptedData {
            version: CmsVersion::V0,
            enc_content_info: EncryptedContentInfo {
                content_type: oid::DATA,
                content_enc_alg,
                encrypted_content: Some(OctetString::new(encrypted)?),
            },
            unprotected_attrs: None,
        };
        Ok(ContentInfo {
            content_type: oid::ENCRYPTED_DATA,
            content: Any::encode_from(&data)?,
        })
    }

    /// MacData (RFC 7292 §4).
    fn mac(&self, protected: &[u8], salt: &[u8; 16]) -> Result<MacData> {
        let kind = Pkcs12KeyType::Mac;
        let (digest, iterations, mac) = match self.encryption {
            Encryption::Legacy => {
                let key = derive_key::<Sha1>(&self.utf16, salt, kind, LEGACY_ITERATIONS as i32, 20);
                (oid::SHA1, LEGACY_ITERATIONS, keyed::<Hmac<Sha1>>(key, protected))
            }
            Encryption::Aes => {
                let key = derive_key::<Sha256>(&self.utf16, salt, kind, AES_ITERATIONS as i32, 32);
                (oid::SHA256, AES_ITERATIONS, keyed::<Hmac<Sha256>>(key, protected))
            }
        };
        Ok(MacData {
            mac: DigestInfo {
                algorithm: algorithm(digest, &Null)?,
                digest: OctetString::new(mac)?,
            },
            mac_salt: OctetString::new(&salt[..])?,
            iterations: iterations as i32,
        })
    }
}

/// Encrypts, padded to whole blocks.
fn padded(cipher: impl BlockEncryptMut, plain: &[u8]) -> Vec<u8> {
    /// Room for the padding: the largest block.
    const BLOCK: usize = 16;
    let mut buffer = vec![0; plain.len() + BLOCK];
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

fn algorithm<P: der::Tagged + der::EncodeValue>(
    oid: ObjectIdentifier,
    parameters: &P,
) -> Result<AlgorithmIdentifierOwned> {
    Ok(AlgorithmIdentifierOwned {
        oid,
        parameters: Some(Any::encode_from(parameters)?),
    })
}

/// SafeContents, or safes, that are not encrypted.
fn plain_safe(der: Vec<u8>) -> Result<ContentInfo> {
    Ok(ContentInfo {
        content_type: oid::DATA,
        content: Any::encode_from(&OctetString::new(der)?)?,
    })
}

fn certificate_bag(der: &[u8], attributes: Option<Attributes>) -> Result<SafeBag> {
    let bag = CertBag {
        cert_id: oid::X509_CERTIFICATE,
        cert_value: OctetString::new(der)?,
    };
    Ok(SafeBag {
        bag_id: oid::CERTIFICATE_BAG,
        bag_value: bag.to_der()?,
        bag_attributes: attributes,
    })
}

/// The attribute by which Windows finds the certificate of a key.
fn local_key_id(identifier: &[u8]) -> Result<Attributes> {
    let value = Any::encode_from(&OctetString::new(identifier)?)?;
    let attribute = Attribute {
        oid: oid::LOCAL_KEY_ID,
        values: SetOfVec::from_iter([value])?,
    };
    SetOfVec::from_iter([attribute])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_given_salts_is_the_same_to_the_octet() {
        let (certificate, issuer, key) = ([0x30; 700], [0x31; 200], [0x32; 1200]);
        let contents = Contents {
            certificate: &certificate,
            local_key_id: &[7; 20],
            chain: &[&issuer, &issuer],
            key: &key,
        };
        let salts = Salts {
            key: [1; 16],
            certificates: [2; 16],
            mac: [3; 16],
            vectors: [[4; 16], [5; 16]],
        };
        for (password, encryption, expected) in [
            (
                Some("pässword"),
                Encryption::Legacy,
                "2b5d12f8a1879c8e4c2cd28cb22f195ae49705e90b2e8238d7330810e7f63f59",
            ),
            (
                Some("password"),
                Encryption::Aes,
                "1d6c3d3fd5e9fea0b85252dc431e80833f9611d7c4ad40f4551ba3364573bd41",
            ),
            (
                None,
                Encryption::Legacy,
                "fa8979e76565fc7246fa12345e712736f97740283d99309a54964ebf4ee60d2d",
            ),
            (
                None,
                Encryption::Aes,
                "708e1f9181461914f91bd933c8e9a3da113c26aecb7ea67be9f9989609b7bbdc",
            ),
        ] {
            let written = write(&contents, password, encryption, &salts).unwrap();
            assert_eq!(
                openssl::sha::sha256(&written)
                    .map(|octet| format!("{octet:02x}"))
                    .concat(),
                expected,
                "{password:?}, {encryption:?}"
            );
        }
    }
}
