//! Private keys: whose they say that they are, and whether they work.

use std::fmt;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use crate::asn1::KeyEncoding;
use crate::asn1::der::{self, Reader};
use crate::asn1::key::{
    Parameters, algorithm_identifier, private_key_info, public_key_octets, rsa_public_key, subject_public_key_info,
};
use crate::asn1::oid::{self, ObjectIdentifier};

use super::algorithm::{Curve, KeyKind};
use super::key::{KeyId, PublicKey, ec_spki, rsa_spki};
use super::post_quantum::{MlDsa, SlhDsa};
use super::verify::libraries;

/// A private key. The bytes are wiped when it is dropped, and `Debug` does not show them.
pub struct PrivateKey {
    der: Zeroizing<Vec<u8>>,
    form: KeyEncoding,
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
    pub fn read(der: &[u8], form: KeyEncoding) -> Option<PrivateKey> {
        let public = PublicKey::from_spki(&spki_of_private(der, form)?);
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
    pub fn form(&self) -> KeyEncoding {
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

/// What is signed: a text that cannot be mistaken for anything else.
const MESSAGE: &[u8] = b"same-ca tries whether a private key works. This is no certificate, and no handshake.";
/// Longest modulus that is tried: as long as one that may verify.
const MAX_RSA_BITS: u32 = 16_384;

/// `Some` where the key works.
fn try_it(private: &PrivateKey) -> Option<()> {
    let bits = public_key_octets(private.public.spki_der())?;
    let (inner, algorithm) = match private.form {
        KeyEncoding::Pkcs1 | KeyEncoding::Sec1 => (private.der(), None),
        KeyEncoding::Pkcs8 => {
            let parts = Pkcs8::read(private.der())?;
            // A public key that stands beside the secret must be its own, or readers disagree about the key.
            if let Some(beside) = parts.public {
                let spki = subject_public_key_info(parts.algorithm, beside)?;
                (PublicKey::from_spki(&spki).id() == private.id()).then_some(())?;
            }
            (parts.key, Some(parts.algorithm))
        }
    };
    match private.public.kind() {
        KeyKind::Rsa { bits, .. } if *bits <= MAX_RSA_BITS => {
            libraries::rsa_works(inner, private.public.spki_der(), MESSAGE)
        }
        KeyKind::Ec { curve } => {
            let oid = match algorithm {
                Some(algorithm) => {
                    let mut parts = Reader::new(der::only(algorithm, der::SEQUENCE)?);
                    parts.expect(der::OID)?;
                    Some(der::only(parts.rest(), der::OID)?)
                }
                None => None,
            };
            let parts = Sec1::read(inner, oid)?;
            if let Some(beside) = parts.public {
                let spki = ec_spki(parts.curve_oid, beside)?;
                (PublicKey::from_spki(&spki).id() == private.id()).then_some(())?;
            }
            libraries::ec_works(parts.curve_oid, curve, &parts.secret, bits, MESSAGE)
        }
        KeyKind::Ed25519 => libraries::ed25519_works(der::only(inner, der::OCTET_STRING)?, bits, MESSAGE),
        KeyKind::MlDsa(set) => libraries::ml_dsa_works(*set, &private_key_info(algorithm?, inner)?, bits, MESSAGE),
        KeyKind::Ed448 | KeyKind::SlhDsa(_) => {
            let plain = private_key_info(algorithm?, inner)?;
            libraries::pkcs8_works(&plain, private.public.spki_der(), MESSAGE)
        }
        _ => None,
    }
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

/// The SubjectPublicKeyInfo that belongs to a private key, by what the key says; `None` where it cannot be read.
fn spki_of_private(der: &[u8], form: KeyEncoding) -> Option<Vec<u8>> {
    match form {
        KeyEncoding::Pkcs1 => spki_of_pkcs1(der),
        KeyEncoding::Sec1 => spki_of_sec1(der, None),
        KeyEncoding::Pkcs8 => spki_of_pkcs8(der),
    }
}

/// RSAPrivateKey ::= SEQUENCE { version, n, e, secrets… }.
fn spki_of_pkcs1(private: &[u8]) -> Option<Vec<u8>> {
    let mut parts = Reader::new(der::only(private, der::SEQUENCE)?);
    parts.expect(der::INTEGER)?;
    let (modulus, exponent) = (parts.element()?, parts.element()?);
    if modulus.tag != der::INTEGER || exponent.tag != der::INTEGER {
        return None;
    }
    parts.expect(der::INTEGER)?;
    rsa_spki(&rsa_public_key(modulus.raw, exponent.raw)?)
}

/// ECPrivateKey ::= SEQUENCE { 1, privateKey, [0] curve OPTIONAL, [1] publicKey OPTIONAL }.
struct Sec1<'a> {
    curve_oid: &'a [u8],
    /// As many octets as the field, where the curve is known.
    secret: Zeroizing<Vec<u8>>,
    public: Option<&'a [u8]>,
}

impl<'a> Sec1<'a> {
    /// `curve_oid` is what stands around it.
    fn read(private: &'a [u8], curve_oid: Option<&'a [u8]>) -> Option<Sec1<'a>> {
        let mut parts = Reader::new(der::only(private, der::SEQUENCE)?);
        if parts.expect(der::INTEGER)? != [1] {
            return None;
        }
        let secret = parts.expect(der::OCTET_STRING)?;
        let own_curve = match parts.optional(der::constructed(0))? {
            Some(parameters) => Some(der::only(parameters, der::OID)?),
            None => None,
        };
        let curve_oid = match (own_curve, curve_oid) {
            (Some(own), Some(given)) if own != given => return None,
            (own, given) => given.or(own)?,
        };
        // Secrets are written with and without leading zeros; libraries want exactly as many octets as the field has.
        let secret = match Curve::from_oid(curve_oid).bits() {
            Some(bits) => {
                let length = bits.div_ceil(8) as usize;
                let from = secret.iter().position(|&octet| octet != 0)?;
                let significant = secret.get(from..)?;
                let mut padded = Zeroizing::new(Vec::with_capacity(length));
                padded.resize(length.checked_sub(significant.len())?, 0);
                padded.extend_from_slice(significant);
                padded
            }
            None => Zeroizing::new(secret.to_vec()),
        };
        let public = match parts.optional(der::constructed(1))? {
            Some(explicit) => Some(der::octets(der::only(explicit, der::BIT_STRING)?)?),
            None => None,
        };
        Some(Sec1 {
            curve_oid,
            secret,
            public,
        })
    }
}

fn spki_of_sec1(private: &[u8], curve_oid: Option<&[u8]>) -> Option<Vec<u8>> {
    let parts = Sec1::read(private, curve_oid)?;
    let curve = Curve::from_oid(parts.curve_oid);
    let point = match libraries::point_of_private(parts.curve_oid, &curve, &parts.secret) {
        Some(point) => point,
        None => parts.public?.to_vec(),
    };
    ec_spki(parts.curve_oid, &point)
}

/// PrivateKeyInfo ::= SEQUENCE { version, algorithm, privateKey OCTET STRING, … }.
fn spki_of_pkcs8(private: &[u8]) -> Option<Vec<u8>> {
    let mut parts = Reader::new(der::only(private, der::SEQUENCE)?);
    parts.expect(der::INTEGER)?;
    let identifier = parts.element().filter(|element| element.tag == der::SEQUENCE)?;
    let mut algorithm = Reader::new(identifier.value);
    let inner = parts.expect(der::OCTET_STRING)?;
    let oid = algorithm.expect(der::OID)?;
    let bare = |kind, public: &[u8]| subject_public_key_info(&algorithm_identifier(kind, Parameters::Absent)?, public);
    if let Some(set) = MlDsa::from_oid(oid) {
        let public = libraries::ml_dsa_of_private(set, &private_key_info(identifier.raw, inner)?)?;
        return bare(ObjectIdentifier::from_bytes(oid).ok()?, &public);
    }
    if let Some(set) = SlhDsa::from_oid(oid) {
        // RFC 9909 §6: the secrets, then the public key.
        let length = set.lengths().0;
        let public = inner.get(length..).filter(|_| inner.len() == 2 * length)?;
        return bare(ObjectIdentifier::from_bytes(oid).ok()?, public);
    }
    let is = |known: ObjectIdentifier| oid == known.as_bytes();
    if is(oid::RSA_ENCRYPTION) || is(oid::RSASSA_PSS) {
        spki_of_pkcs1(inner)
    } else if is(oid::EC_PUBLIC_KEY) {
        spki_of_sec1(inner, Some(der::only(algorithm.rest(), der::OID)?))
    } else if is(oid::ED25519) {
        let public = libraries::ed25519_of_private(der::only(inner, der::OCTET_STRING)?)?;
        bare(oid::ED25519, &public)
    } else if is(oid::ED448) {
        let public = libraries::ed448_of_private(der::only(inner, der::OCTET_STRING)?)?;
        bare(oid::ED448, &public)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use openssl::bn::BigNum;
    use openssl::nid::Nid;
    use openssl::pkey::{PKey, Private};

    use super::*;
    use crate::asn1::testing::element;
    use crate::cert::testing;

    fn read(der: &[u8], form: KeyEncoding) -> PrivateKey {
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
            let private = read(&key.private_key_to_pkcs8().unwrap(), KeyEncoding::Pkcs8);
            assert_eq!(private.id(), public(key).id());
            assert!(private.works_for(&public(key)), "{:?}", public(key));
            assert!(!private.works_for(&public(&testing::rsa(1024))));
            println!("{}: {:?}", public(key).algorithm_name(), started.elapsed());
        }
        let rsa = keys[1].rsa().unwrap().private_key_to_der().unwrap();
        assert!(read(&rsa, KeyEncoding::Pkcs1).works_for(&public(&keys[1])));
        let ec = keys[2].ec_key().unwrap().private_key_to_der().unwrap();
        assert!(read(&ec, KeyEncoding::Sec1).works_for(&public(&keys[2])));
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
            element(der::INTEGER, &[sign, &significant])
        };
        let numbers: Vec<Vec<u8>> = numbers.iter().map(number).collect();
        element(der::SEQUENCE, &[&[2, 1, 0], &numbers.concat()])
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
            let private = read(&pkcs1(numbers), KeyEncoding::Pkcs1);
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
        let curve = element(0xa0, &[&element(der::OID, &[oid::SECP256R1.as_bytes()])]);
        let beside = |key: &PKey<Private>| {
            let spki = testing::spki(key);
            element(
                0xa1,
                &[&element(der::BIT_STRING, &[&[0], public_key_octets(&spki).unwrap()])],
            )
        };
        let sec1 = |more: &[u8]| {
            let octets = element(der::OCTET_STRING, &[&secret]);
            read(
                &element(der::SEQUENCE, &[&[2, 1, 1], &octets, &curve, more]),
                KeyEncoding::Sec1,
            )
        };
        assert!(sec1(&[]).works_for(&public(&key)));
        assert!(sec1(&beside(&key)).works_for(&public(&key)));
        assert!(!sec1(&beside(&other)).works_for(&public(&key)));

        let (key, other) = (PKey::generate_ed25519().unwrap(), PKey::generate_ed25519().unwrap());
        let seed = element(der::OCTET_STRING, &[&key.raw_private_key().unwrap()]);
        let pkcs8 = |beside: &[u8]| {
            let algorithm = testing::algorithm(oid::ED25519, None);
            let octets = element(der::OCTET_STRING, &[&seed]);
            let public = element(0x81, &[&[0], beside]);
            read(
                &element(der::SEQUENCE, &[&[2, 1, 1], &algorithm, &octets, &public]),
                KeyEncoding::Pkcs8,
            )
        };
        assert!(pkcs8(&key.raw_public_key().unwrap()).works_for(&public(&key)));
        assert!(!pkcs8(&other.raw_public_key().unwrap()).works_for(&public(&key)));
    }

    #[test]
    fn an_ml_dsa_key_works_in_every_form_and_not_where_its_halves_differ() {
        for (name, oid) in [
            ("ML-DSA-44", oid::ML_DSA_44),
            ("ML-DSA-65", oid::ML_DSA_65),
            ("ML-DSA-87", oid::ML_DSA_87),
        ] {
            let (key, other) = (testing::post_quantum(name), testing::post_quantum(name));
            let parts = |key: &PKey<Private>| {
                let der = key.private_key_to_pkcs8().unwrap();
                let inner = Pkcs8::read(&der).unwrap().key.to_vec();
                let mut both = Reader::new(der::only(&inner, der::SEQUENCE).unwrap());
                let seed = both.expect(der::OCTET_STRING).unwrap().to_vec();
                (seed, both.expect(der::OCTET_STRING).unwrap().to_vec())
            };
            let ((seed, expanded), (other_seed, other_expanded)) = (parts(&key), parts(&other));
            let algorithm = testing::algorithm(oid, None);
            let private = |inner: &[u8]| PrivateKey::read(&private_key_info(&algorithm, inner)?, KeyEncoding::Pkcs8);
            let octets = |octets: &[u8]| element(der::OCTET_STRING, &[octets]);
            let both = |seed: &[u8], expanded: &[u8]| element(der::SEQUENCE, &[&octets(seed), &octets(expanded)]);
            for good in [element(0x80, &[&seed]), octets(&expanded), both(&seed, &expanded)] {
                assert!(private(&good).unwrap().works_for(&public(&key)), "{name}");
            }
            let mut damaged = expanded.clone();
            damaged[200] ^= 1;
            for bad in [
                both(&other_seed, &expanded),
                both(&seed, &other_expanded),
                octets(&damaged),
                element(0x80, &[&seed[1..]]),
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
            let private = read(&changed, KeyEncoding::Pkcs8);
            assert_eq!(private.works_for(&public(&key)), works, "{at} from the end");
            assert_eq!(private.works(), works, "{at} from the end");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = testing::rsa(1024);
        let text = format!("{:?}", read(&key.private_key_to_pkcs8().unwrap(), KeyEncoding::Pkcs8));
        assert_eq!(text, format!("PrivateKey(of {})", public(&key).id()));
    }
}
