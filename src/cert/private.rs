//! Private keys: whose they say that they are, and whether they work.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::signature::{self as aws, KeyPair, PqdsaKeyPair, PqdsaSigningAlgorithm, UnparsedPublicKey};
use zeroize::Zeroizing;

use super::der::{self, Reader};
use super::key::{self, Curve, KeyId, KeyKind, PrivateKeyForm, PublicKey};
use super::signature::{self, MlDsa};

/// A private key. The bytes are wiped when it is dropped, and `Debug` does not show them.
pub struct PrivateKey {
    der: Zeroizing<Vec<u8>>,
    form: PrivateKeyForm,
    /// The public key that it says is its own.
    public: PublicKey,
    works: OnceLock<bool>,
}

impl PrivateKey {
    /// Reads a private key as far as to tell whose it says that it is; `None` where it cannot be read, or is of no known
    /// kind.
    ///
    /// The public key of an RSA or SLH-DSA key is read from it; that of an EC, EdDSA or ML-DSA key is worked out from the
    /// secret, and read from the structure only where no library has the curve.
    pub fn read(der: &[u8], form: PrivateKeyForm) -> Option<PrivateKey> {
        let public = PublicKey::from_spki(&key::spki_of_private(der, form)?);
        (!matches!(public.kind(), KeyKind::Other(_))).then(|| PrivateKey {
            der: Zeroizing::new(der.to_vec()),
            form,
            public,
            works: OnceLock::new(),
        })
    }

    /// The public key that it says is its own, by its identity.
    pub fn id(&self) -> KeyId {
        self.public.id()
    }

    /// The key as DER. Secret.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// How the DER is to be read.
    pub fn form(&self) -> PrivateKeyForm {
        self.form
    }

    /// Whether it works: it is consistent in itself, and a signature made with it verifies under the public key that it
    /// says is its own. Tried once.
    pub fn works(&self) -> bool {
        *self.works.get_or_init(|| try_it(self).is_some())
    }

    /// Whether it works, and is the one of this public key.
    pub fn works_for(&self, key: &PublicKey) -> bool {
        self.public.id() == key.id() && self.works()
    }

    /// What trying it costs, in units of some hundred microseconds: a signature.
    pub fn cost(&self) -> u32 {
        match self.public.kind() {
            // With the third power of the length.
            KeyKind::Rsa { bits, .. } => (bits / 1024).saturating_pow(3).max(1),
            KeyKind::MlDsa(_) => 10,
            KeyKind::SlhDsa(set) if set.name().ends_with('s') => 10_000,
            KeyKind::SlhDsa(_) => 1_000,
            _ => 10,
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(of {})", self.public.id())
    }
}

/// What is signed: anything that nobody would take for something else.
const MESSAGE: &[u8] = b"same-ca tries whether a private key works. This is no certificate, and no handshake.";

/// Longest modulus that is tried: as long as one that may verify.
const MAX_RSA_BITS: u32 = 16_384;

/// `Some` where the key works.
fn try_it(private: &PrivateKey) -> Option<()> {
    let bits = public_bits(private.public.spki_der())?;
    let (inner, algorithm) = match private.form {
        PrivateKeyForm::Pkcs1 | PrivateKeyForm::Sec1 => (private.der(), None),
        PrivateKeyForm::Pkcs8 => {
            let parts = Pkcs8::read(private.der())?;
            // A public key that stands beside the secret must be its own, or readers disagree about the key.
            if let Some(beside) = parts.public {
                let spki = der::element(
                    der::SEQUENCE,
                    &[parts.algorithm, &der::element(der::BIT_STRING, &[&[0], beside])],
                );
                (PublicKey::from_spki(&spki).id() == private.id()).then_some(())?;
            }
            (parts.key, Some(parts.algorithm))
        }
    };
    match private.public.kind() {
        KeyKind::Rsa { bits, .. } if *bits <= MAX_RSA_BITS => rsa(inner, private.public.spki_der()),
        KeyKind::Ec { curve } => {
            let oid = match algorithm {
                Some(algorithm) => {
                    let mut parts = Reader::new(der::only(algorithm, der::SEQUENCE)?);
                    parts.expect(der::OID)?;
                    Some(der::only(parts.rest(), der::OID)?)
                }
                None => None,
            };
            let parts = key::Sec1::read(inner, oid)?;
            if let Some(beside) = parts.public {
                let spki = key::ec_spki(parts.curve_oid, beside);
                (PublicKey::from_spki(&spki).id() == private.id()).then_some(())?;
            }
            ec(parts.curve_oid, curve, &parts.secret, bits)
        }
        KeyKind::Ed25519 => {
            let seed = der::only(inner, der::OCTET_STRING)?;
            let pair = aws::Ed25519KeyPair::from_seed_and_public_key(seed, bits).ok()?;
            let signature = pair.sign(MESSAGE);
            UnparsedPublicKey::new(&aws::ED25519, bits)
                .verify(MESSAGE, signature.as_ref())
                .ok()
        }
        KeyKind::MlDsa(set) => {
            let pair = ml_dsa(*set, algorithm?, inner)?;
            (pair.public_key().as_ref() == bits).then_some(())?;
            let mut made = vec![0; set.lengths().1];
            let length = pair.sign(MESSAGE, &mut made).ok()?;
            let (verifying, made) = (ml_dsa_algorithms(*set).1, made.get(..length)?);
            UnparsedPublicKey::new(verifying, bits).verify(MESSAGE, made).ok()
        }
        KeyKind::Ed448 | KeyKind::SlhDsa(_) => {
            let plain = pkcs8(algorithm?, inner);
            signature::sign_and_verify_by_openssl(&plain, private.public.spki_der(), MESSAGE)
        }
        _ => None,
    }
}

/// The contents of the BIT STRING of a SubjectPublicKeyInfo.
fn public_bits(spki: &[u8]) -> Option<&[u8]> {
    let mut parts = Reader::new(der::only(spki, der::SEQUENCE)?);
    parts.expect(der::SEQUENCE)?;
    der::octets(parts.expect(der::BIT_STRING)?)
}

/// The parts of PrivateKeyInfo (RFC 5208 §5) and OneAsymmetricKey (RFC 5958 §2).
struct Pkcs8<'a> {
    algorithm: &'a [u8],
    key: &'a [u8],
    public: Option<&'a [u8]>,
}

impl<'a> Pkcs8<'a> {
    fn read(der: &'a [u8]) -> Option<Pkcs8<'a>> {
        let mut parts = Reader::new(der::only(der, der::SEQUENCE)?);
        parts.expect(der::INTEGER)?;
        let algorithm = parts.element().filter(|algorithm| algorithm.tag == der::SEQUENCE)?.raw;
        let key = parts.expect(der::OCTET_STRING)?;
        parts.optional(der::constructed(0))?;
        let public = match (parts.optional(der::primitive(1))?, parts.optional(der::constructed(1))?) {
            (Some(bits), None) => Some(der::octets(bits)?),
            // Some write it as an explicit tag.
            (None, Some(explicit)) => Some(der::octets(der::only(explicit, der::BIT_STRING)?)?),
            (None, None) => None,
            (Some(_), Some(_)) => return None,
        };
        parts.end()?;
        Some(Pkcs8 { algorithm, key, public })
    }
}

/// PrivateKeyInfo, with nothing beside the key.
fn pkcs8(algorithm: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let octets = Zeroizing::new(der::element(der::OCTET_STRING, &[key]));
    Zeroizing::new(der::element(der::SEQUENCE, &[&[2, 1, 0], algorithm, &octets]))
}

fn ml_dsa_algorithms(set: MlDsa) -> (&'static PqdsaSigningAlgorithm, &'static dyn aws::VerificationAlgorithm) {
    match set {
        MlDsa::MlDsa44 => (&aws::ML_DSA_44_SIGNING, &aws::ML_DSA_44),
        MlDsa::MlDsa65 => (&aws::ML_DSA_65_SIGNING, &aws::ML_DSA_65),
        MlDsa::MlDsa87 => (&aws::ML_DSA_87_SIGNING, &aws::ML_DSA_87),
    }
}

/// The pair of an ML-DSA private key in any form of RFC 9881 §6: seed, expanded, or both, which must agree.
fn ml_dsa(set: MlDsa, algorithm: &[u8], key: &[u8]) -> Option<PqdsaKeyPair> {
    PqdsaKeyPair::from_pkcs8(ml_dsa_algorithms(set).0, &pkcs8(algorithm, key)).ok()
}

/// The public key of an ML-DSA private key; `algorithm` is its AlgorithmIdentifier.
pub(super) fn ml_dsa_public(set: MlDsa, algorithm: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    Some(ml_dsa(set, algorithm, key)?.public_key().as_ref().to_vec())
}

#[cfg(feature = "openssl")]
fn rsa(pkcs1: &[u8], spki: &[u8]) -> Option<()> {
    signature::rsa_works_by_openssl(pkcs1, spki, MESSAGE)
}

#[cfg(not(feature = "openssl"))]
fn rsa(pkcs1: &[u8], spki: &[u8]) -> Option<()> {
    let pair = aws::RsaKeyPair::from_der(pkcs1).ok()?;
    let mut made = vec![0; pair.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    pair.sign(&aws::RSA_PKCS1_SHA256, &random, MESSAGE, &mut made).ok()?;
    let public = UnparsedPublicKey::new(&aws::RSA_PKCS1_2048_8192_SHA256, public_bits(spki)?);
    public.verify(MESSAGE, &made).ok()
}

fn ec(curve_oid: &[u8], curve: &Curve, secret: &[u8], point: &[u8]) -> Option<()> {
    let (signing, verifying): (_, &dyn aws::VerificationAlgorithm) = match curve {
        Curve::P256 => (&aws::ECDSA_P256_SHA256_ASN1_SIGNING, &aws::ECDSA_P256_SHA256_ASN1),
        Curve::P384 => (&aws::ECDSA_P384_SHA384_ASN1_SIGNING, &aws::ECDSA_P384_SHA384_ASN1),
        Curve::P521 => (&aws::ECDSA_P521_SHA512_ASN1_SIGNING, &aws::ECDSA_P521_SHA512_ASN1),
        _ => return signature::ec_works_by_openssl(curve_oid, secret, point, MESSAGE),
    };
    let pair = aws::EcdsaKeyPair::from_private_key_and_public_key(signing, secret, point).ok()?;
    let made = pair.sign(&aws_lc_rs::rand::SystemRandom::new(), MESSAGE).ok()?;
    UnparsedPublicKey::new(verifying, point)
        .verify(MESSAGE, made.as_ref())
        .ok()
}

#[cfg(test)]
mod tests {
    use asn1_rs::oid;
    use openssl::bn::BigNum;
    use openssl::nid::Nid;
    use openssl::pkey::{PKey, Private};

    use super::*;
    use crate::cert::testing;

    fn read(der: &[u8], form: PrivateKeyForm) -> PrivateKey {
        PrivateKey::read(der, form).unwrap()
    }

    fn public(key: &PKey<Private>) -> PublicKey {
        PublicKey::from_spki(&testing::spki(key))
    }

    #[test]
    fn a_key_of_every_kind_works_for_its_public_key_and_for_no_other() {
        let mut keys = vec![
            testing::rsa(1024),
            testing::rsa(2048),
            testing::ec(Nid::X9_62_PRIME256V1),
            testing::ec(Nid::SECP384R1),
            testing::ec(Nid::SECP521R1),
            PKey::generate_ed25519().unwrap(),
        ];
        if cfg!(feature = "openssl") {
            keys.push(testing::ec(Nid::BRAINPOOL_P256R1));
            keys.push(testing::ec(Nid::SECP256K1));
            keys.push(PKey::generate_ed448().unwrap());
            keys.push(testing::post_quantum("SLH-DSA-SHA2-128f"));
            keys.push(testing::post_quantum("SLH-DSA-SHAKE-128s"));
        }
        for set in ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"] {
            keys.push(testing::post_quantum(set));
        }
        for key in &keys {
            let started = std::time::Instant::now();
            let private = read(&key.private_key_to_pkcs8().unwrap(), PrivateKeyForm::Pkcs8);
            assert_eq!(private.id(), public(key).id());
            assert!(private.works_for(&public(key)), "{:?}", public(key));
            assert!(!private.works_for(&public(&testing::rsa(1024))));
            println!("{}: {:?}", public(key).algorithm_name(), started.elapsed());
        }
        let rsa = keys[1].rsa().unwrap().private_key_to_der().unwrap();
        assert!(read(&rsa, PrivateKeyForm::Pkcs1).works_for(&public(&keys[1])));
        let ec = keys[2].ec_key().unwrap().private_key_to_der().unwrap();
        assert!(read(&ec, PrivateKeyForm::Sec1).works_for(&public(&keys[2])));
    }

    /// RSAPrivateKey of these numbers.
    fn pkcs1(numbers: &[Vec<u8>; 8]) -> Vec<u8> {
        let number = |number: &Vec<u8>| {
            let significant: Vec<u8> = number.iter().copied().skip_while(|&octet| octet == 0).collect();
            let sign: &[u8] = if significant.first().is_none_or(|&top| top >= 0x80) {
                &[0]
            } else {
                &[]
            };
            der::element(der::INTEGER, &[sign, &significant])
        };
        let numbers: Vec<Vec<u8>> = numbers.iter().map(number).collect();
        der::element(der::SEQUENCE, &[&[2, 1, 0], &numbers.concat()])
    }

    #[test]
    fn an_rsa_key_with_a_wrong_number_does_not_work() {
        let key = testing::rsa(2048);
        let rsa = key.rsa().unwrap();
        let numbers = [
            rsa.n().to_vec(),
            rsa.e().to_vec(),
            rsa.d().to_vec(),
            rsa.p().unwrap().to_vec(),
            rsa.q().unwrap().to_vec(),
            rsa.dmp1().unwrap().to_vec(),
            rsa.dmq1().unwrap().to_vec(),
            rsa.iqmp().unwrap().to_vec(),
        ];
        let works = |numbers: &[Vec<u8>; 8]| {
            let private = read(&pkcs1(numbers), PrivateKeyForm::Pkcs1);
            assert_eq!(private.id(), public(&key).id(), "the public half is right");
            private.works_for(&public(&key))
        };
        assert!(works(&numbers));
        for wrong in 2..8 {
            let mut changed = numbers.clone();
            changed[wrong][40] ^= 4;
            assert!(!works(&changed), "number {wrong}");
            changed[wrong] = vec![1];
            assert!(!works(&changed), "number {wrong} is one");
            changed[wrong] = vec![];
            assert!(!works(&changed), "number {wrong} is none");
        }
        let mut trivial = numbers.clone();
        (trivial[3], trivial[4]) = (numbers[0].clone(), vec![1]);
        assert!(!works(&trivial), "n times one");
        // Any multiple of the order does for d.
        let mut larger = numbers.clone();
        let one = BigNum::from_u32(1).unwrap();
        let less = |number: &openssl::bn::BigNumRef| {
            let mut less = BigNum::new().unwrap();
            less.checked_sub(number, &one).unwrap();
            less
        };
        let mut context = openssl::bn::BigNumContext::new().unwrap();
        let mut order = BigNum::new().unwrap();
        order
            .checked_mul(&less(rsa.p().unwrap()), &less(rsa.q().unwrap()), &mut context)
            .unwrap();
        let mut d = BigNum::new().unwrap();
        d.checked_add(rsa.d(), &order).unwrap();
        larger[2] = d.to_vec();
        if d.num_bits() <= 2048 {
            assert!(works(&larger));
        }
    }

    #[test]
    fn an_ec_or_eddsa_key_beside_which_another_public_key_stands_does_not_work() {
        let (key, other) = (testing::ec(Nid::X9_62_PRIME256V1), testing::ec(Nid::X9_62_PRIME256V1));
        let secret = key.ec_key().unwrap().private_key().to_vec();
        let curve = der::element(0xa0, &[&der::element(der::OID, &[&oid!(raw 1.2.840.10045.3.1.7)])]);
        let beside = |key: &PKey<Private>| {
            let spki = testing::spki(key);
            der::element(
                0xa1,
                &[&der::element(der::BIT_STRING, &[&[0], public_bits(&spki).unwrap()])],
            )
        };
        let sec1 = |more: &[u8]| {
            let octets = der::element(der::OCTET_STRING, &[&secret]);
            read(
                &der::element(der::SEQUENCE, &[&[2, 1, 1], &octets, &curve, more]),
                PrivateKeyForm::Sec1,
            )
        };
        assert!(sec1(&[]).works_for(&public(&key)));
        assert!(sec1(&beside(&key)).works_for(&public(&key)));
        assert!(!sec1(&beside(&other)).works_for(&public(&key)));

        let (key, other) = (PKey::generate_ed25519().unwrap(), PKey::generate_ed25519().unwrap());
        let seed = der::element(der::OCTET_STRING, &[&key.raw_private_key().unwrap()]);
        let pkcs8 = |beside: &[u8]| {
            let algorithm = testing::algorithm(&oid!(raw 1.3.101.112), None);
            let octets = der::element(der::OCTET_STRING, &[&seed]);
            let public = der::element(0x81, &[&[0], beside]);
            read(
                &der::element(der::SEQUENCE, &[&[2, 1, 1], &algorithm, &octets, &public]),
                PrivateKeyForm::Pkcs8,
            )
        };
        assert!(pkcs8(&key.raw_public_key().unwrap()).works_for(&public(&key)));
        assert!(!pkcs8(&other.raw_public_key().unwrap()).works_for(&public(&key)));
    }

    #[test]
    fn an_ml_dsa_key_works_in_every_form_and_not_where_its_halves_differ() {
        for (name, last) in [("ML-DSA-44", 17), ("ML-DSA-65", 18), ("ML-DSA-87", 19)] {
            let (key, other) = (testing::post_quantum(name), testing::post_quantum(name));
            let parts = |key: &PKey<Private>| {
                let der = key.private_key_to_pkcs8().unwrap();
                let inner = Pkcs8::read(&der).unwrap().key.to_vec();
                let mut both = Reader::new(der::only(&inner, der::SEQUENCE).unwrap());
                let seed = both.expect(der::OCTET_STRING).unwrap().to_vec();
                (seed, both.expect(der::OCTET_STRING).unwrap().to_vec())
            };
            let ((seed, expanded), (other_seed, other_expanded)) = (parts(&key), parts(&other));
            let algorithm = testing::algorithm(&[&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3][..], &[last]].concat(), None);
            let private = |inner: &[u8]| PrivateKey::read(&pkcs8(&algorithm, inner), PrivateKeyForm::Pkcs8);
            let octets = |octets: &[u8]| der::element(der::OCTET_STRING, &[octets]);
            let both = |seed: &[u8], expanded: &[u8]| der::element(der::SEQUENCE, &[&octets(seed), &octets(expanded)]);
            for good in [der::element(0x80, &[&seed]), octets(&expanded), both(&seed, &expanded)] {
                assert!(private(&good).unwrap().works_for(&public(&key)), "{name}");
            }
            let mut damaged = expanded.clone();
            damaged[200] ^= 1;
            for bad in [
                both(&other_seed, &expanded),
                both(&seed, &other_expanded),
                octets(&damaged),
                der::element(0x80, &[&seed[1..]]),
            ] {
                assert!(
                    !private(&bad).is_some_and(|private| private.works_for(&public(&key))),
                    "{name}"
                );
            }
        }
    }

    #[cfg(feature = "openssl")]
    #[test]
    fn an_slh_dsa_key_with_another_secret_does_not_work() {
        let key = testing::post_quantum("SLH-DSA-SHA2-128f");
        let good = key.private_key_to_pkcs8().unwrap();
        // SK.seed, SK.prf, PK.seed, PK.root (FIPS 205 §9.1), of 16 octets each. SK.prf is any: it makes salt alone.
        for (at, works) in [(1, false), (17, false), (33, true), (49, false)] {
            let mut changed = good.clone();
            let last = changed.len();
            changed[last - at] ^= 1;
            let private = read(&changed, PrivateKeyForm::Pkcs8);
            assert_eq!(private.works_for(&public(&key)), works, "{at} from the end");
            assert_eq!(private.works(), works, "{at} from the end");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = testing::rsa(1024);
        let text = format!(
            "{:?}",
            read(&key.private_key_to_pkcs8().unwrap(), PrivateKeyForm::Pkcs8)
        );
        assert_eq!(text, format!("PrivateKey(of {})", public(&key).id()));
    }
}
