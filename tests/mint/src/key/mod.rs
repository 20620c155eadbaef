//! Keys that anybody can make again: every one is worked out from its label, so none of them is a secret. NEVER use one
//! outside tests.

pub mod arithmetic;
mod digest;
mod ec;
#[cfg(feature = "openssl")]
mod odd;
mod rsa;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use num_bigint::BigUint;

pub use self::digest::{Digest, Pss};
pub use self::ec::{CURVES, Curve, EcNumbers, PointForm, digest_number};
#[cfg(feature = "openssl")]
pub use self::odd::explicit_parameters;
pub use self::rsa::{RsaNumbers, emsa_pkcs1};
use crate::{container, der, hex};

/// A private key with the SubjectPublicKeyInfo that certificates are to show. The same label gives the same key, in
/// every process.
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    material: Material,
    /// As certificates show it.
    spki: Vec<u8>,
    /// With NULL parameters for RSA, an uncompressed point on a named curve for EC.
    canonical_spki: Vec<u8>,
}

#[derive(Clone)]
enum Material {
    Rsa(Arc<RsaNumbers>),
    Ec(Arc<EcNumbers>),
    #[cfg_attr(not(feature = "openssl"), expect(dead_code, reason = "only OpenSSL has such keys"))]
    Odd(Arc<dyn OddKey>),
    /// No private half at all.
    Public,
}

/// A key of a kind that we do no arithmetic for.
trait OddKey: Send + Sync {
    /// PrivateKeyInfo.
    fn pkcs8(&self) -> Vec<u8>;
    /// The AlgorithmIdentifier of its signatures, where it is not the key's own.
    fn signature_algorithm(&self, digest: Digest) -> Option<Vec<u8>>;
    fn sign(&self, digest: Digest, message: &[u8]) -> Vec<u8>;
}

impl Key {
    /// RSA with e = 65537.
    pub fn rsa(bits: u32, label: &str) -> Key {
        Key::rsa_exponent(bits, 65537, label)
    }

    /// RSA with an odd exponent of one's choice.
    pub fn rsa_exponent(bits: u32, e: u64, label: &str) -> Key {
        cached(&format!("rsa{bits}-{e}-{label}"), |id| {
            Key::from_rsa(RsaNumbers::of(bits, e, id))
        })
    }

    /// RSA shown as id-RSASSA-PSS without parameters: certificates that it signs are PSS, whatever they ask for.
    pub fn rsa_pss(bits: u32, label: &str) -> Key {
        Key::rsa(bits, label).as_pss_key(&[])
    }

    /// EC on one of [`CURVES`], by its name.
    pub fn ec(curve: &str, label: &str) -> Key {
        let curve = Curve::named(curve);
        cached(&format!("ec-{}-{label}", curve.name), |id| {
            Key::from_ec(EcNumbers {
                curve,
                d: below(&curve.order(), id.as_bytes()),
                generator: None,
            })
        })
    }

    pub fn from_rsa(numbers: RsaNumbers) -> Key {
        let public = der::seq(&[&bn(&numbers.n), &bn(&numbers.e)]);
        let spki = der::seq(&[&der::algorithm(RSA_ENCRYPTION, &der::null()), &der::bits(&public)]);
        Key::new(Material::Rsa(Arc::new(numbers)), spki)
    }

    /// On a named curve.
    pub fn from_ec(numbers: EcNumbers) -> Key {
        let parameters = der::oid(numbers.curve.oid);
        Key::from_ec_with_parameters(numbers, &parameters)
    }

    /// With the parameters as they are given, such as a curve spelled out.
    pub fn from_ec_with_parameters(numbers: EcNumbers, parameters: &[u8]) -> Key {
        let point = numbers.public_point(PointForm::Uncompressed);
        let spki = der::seq(&[&der::algorithm(EC_PUBLIC_KEY, parameters), &der::bits(&point)]);
        Key::new(Material::Ec(Arc::new(numbers)), spki)
    }

    /// A public key whose private half nobody has: it can be certified, not sign.
    pub fn public_only(spki: &[u8]) -> Key {
        Key::new(Material::Public, spki.to_vec())
    }

    fn new(material: Material, spki: Vec<u8>) -> Key {
        Key(Arc::new(Inner {
            material,
            canonical_spki: spki.clone(),
            spki,
        }))
    }

    /// The same private key, shown by another SubjectPublicKeyInfo (which may be anything).
    pub fn with_spki(&self, spki: &[u8]) -> Key {
        let canonical_spki = self.0.canonical_spki.clone();
        Key(Arc::new(Inner {
            material: self.0.material.clone(),
            spki: spki.to_vec(),
            canonical_spki,
        }))
    }

    /// EC: the point in another form than uncompressed.
    pub fn with_point(&self, form: PointForm) -> Key {
        let ec = self.ec_numbers();
        self.with_spki(&der::seq(&[
            &der::algorithm(EC_PUBLIC_KEY, &der::oid(ec.curve.oid)),
            &der::bits(&ec.public_point(form)),
        ]))
    }

    /// EC: the point compressed.
    pub fn with_compressed_point(&self) -> Key {
        self.with_point(PointForm::Compressed)
    }

    /// EC: the point in X9.62's hybrid form.
    pub fn with_hybrid_point(&self) -> Key {
        self.with_point(PointForm::Hybrid)
    }

    /// RSA: rsaEncryption without its NULL.
    pub fn without_null_parameters(&self) -> Key {
        self.with_spki(&der::seq(&[
            &der::algorithm(RSA_ENCRYPTION, &[]),
            &der::bits(&self.public_key_bits()),
        ]))
    }

    /// RSA: as id-RSASSA-PSS, with these parameters (empty: none; see [`Pss::parameters`]).
    pub fn as_pss_key(&self, parameters: &[u8]) -> Key {
        self.with_spki(&der::seq(&[
            &der::algorithm(RSASSA_PSS, parameters),
            &der::bits(&self.public_key_bits()),
        ]))
    }

    /// The SubjectPublicKeyInfo as certificates show it.
    pub fn spki_der(&self) -> &[u8] {
        &self.0.spki
    }

    /// SHA-256 of the SubjectPublicKeyInfo with NULL parameters for RSA and an uncompressed point on a named curve for
    /// EC, in hex.
    pub fn spki_sha256(&self) -> String {
        hex(&Digest::Sha256.hash(&self.0.canonical_spki))
    }

    /// What the BIT STRING of the SubjectPublicKeyInfo holds.
    pub fn public_key_bits(&self) -> Vec<u8> {
        der::read(&self.0.spki).0.children()[1].body[1..].to_vec()
    }

    /// SHA-1 of the public key's bits: the key identifier of RFC 5280 §4.2.1.2 (1), and of AD CS.
    pub fn identifier(&self) -> Vec<u8> {
        Digest::Sha1.hash(&self.public_key_bits())
    }

    /// PKCS#8 PrivateKeyInfo.
    pub fn pkcs8_der(&self) -> Vec<u8> {
        let algorithm = der::read(&self.0.spki).0.children()[0].whole.to_vec();
        let inner = match &self.0.material {
            Material::Rsa(rsa) => rsa.pkcs1(),
            Material::Ec(ec) => ec.sec1(None),
            Material::Odd(key) => return key.pkcs8(),
            Material::Public => panic!("no private key"),
        };
        der::seq(&[&der::int(0), &algorithm, &der::octets(&inner)])
    }

    /// `BEGIN PRIVATE KEY`
    pub fn pkcs8_pem(&self) -> String {
        container::pem("PRIVATE KEY", &self.pkcs8_der())
    }

    /// `BEGIN ENCRYPTED PRIVATE KEY`: PBES2 with AES-256 and HMAC-SHA-256.
    pub fn pkcs8_pem_encrypted(&self, password: &str) -> String {
        container::pem(
            "ENCRYPTED PRIVATE KEY",
            &container::encrypted_private_key(&self.pkcs8_der(), password),
        )
    }

    /// `BEGIN RSA PRIVATE KEY`
    pub fn pkcs1_pem(&self) -> String {
        container::pem("RSA PRIVATE KEY", &self.rsa_numbers().pkcs1())
    }

    /// `BEGIN EC PRIVATE KEY`
    pub fn sec1_pem(&self) -> String {
        let ec = self.ec_numbers();
        container::pem("EC PRIVATE KEY", &ec.sec1(Some(&der::oid(ec.curve.oid))))
    }

    pub fn rsa_numbers(&self) -> &RsaNumbers {
        let Material::Rsa(rsa) = &self.0.material else {
            panic!("not an RSA key")
        };
        rsa
    }

    pub fn ec_numbers(&self) -> &EcNumbers {
        let Material::Ec(ec) = &self.0.material else {
            panic!("not an EC key")
        };
        ec
    }

    fn shows_pss(&self) -> bool {
        der::read(&self.0.spki).0.children()[0].children()[0].whole == der::oid(RSASSA_PSS)
    }

    /// The AlgorithmIdentifier of a signature by this key.
    pub fn signature_algorithm(&self, digest: Digest, pss: Option<Pss>) -> Vec<u8> {
        match &self.0.material {
            Material::Rsa(_) => match self.pss(digest, pss) {
                Some(pss) => der::algorithm(RSASSA_PSS, &pss.parameters()),
                None => der::algorithm(digest.rsa_oid(), &der::null()),
            },
            Material::Ec(_) => der::algorithm(digest.ecdsa_oid(), &[]),
            // Most kinds have one object identifier for key and signature.
            Material::Odd(key) => key
                .signature_algorithm(digest)
                .unwrap_or_else(|| der::read(&self.0.spki).0.children()[0].whole.to_vec()),
            Material::Public => panic!("no private key"),
        }
    }

    /// Signs, the same way every time: nonces and salts come from the message.
    pub fn sign(&self, digest: Digest, pss: Option<Pss>, message: &[u8]) -> Vec<u8> {
        match &self.0.material {
            Material::Rsa(rsa) => rsa.sign(digest, self.pss(digest, pss), message),
            Material::Ec(ec) => ec.sign(&digest.hash(message)),
            Material::Odd(key) => key.sign(digest, message),
            Material::Public => panic!("no private key"),
        }
    }

    /// RSA: what is asked for, or what the key itself says.
    fn pss(&self, digest: Digest, asked: Option<Pss>) -> Option<Pss> {
        asked.or(self.shows_pss().then(|| Pss::new(digest)))
    }
}

pub const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
pub const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
pub const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const MGF1: &str = "1.2.840.113549.1.1.8";

/// A non-negative number as INTEGER.
pub fn bn(number: &BigUint) -> Vec<u8> {
    der::uint(&number.to_bytes_be())
}

/// As many octets as one likes, worked out from a seed.
pub fn stream(seed: &[u8], len: usize) -> Vec<u8> {
    (0u32..)
        .flat_map(|i| Digest::Sha512.hash(&[&i.to_be_bytes(), seed].concat()))
        .take(len)
        .collect()
}

/// A number from 1 up to `limit`, exclusive, worked out from a seed.
pub fn below(limit: &BigUint, seed: &[u8]) -> BigUint {
    let wide = BigUint::from_bytes_be(&stream(seed, limit.bits().div_ceil(8) as usize + 16));
    wide % (limit - 1u8) + 1u8
}

fn cached(id: &str, make: impl FnOnce(&str) -> Key) -> Key {
    static KEYS: LazyLock<Mutex<HashMap<String, Key>>> = LazyLock::new(Default::default);
    if let Some(key) = KEYS.lock().unwrap().get(id) {
        return key.clone();
    }
    // Not under the lock: a slow key must not hold up the tests beside it, and made twice it is the same.
    let key = make(id);
    KEYS.lock().unwrap().entry(id.to_owned()).or_insert(key).clone()
}

/// A key of the pool worked out again: `rsa2048-65537-LABEL`.
pub fn fresh(id: &str) -> Key {
    let mut parts = id.strip_prefix("rsa").expect("an id of the pool").splitn(3, '-');
    let mut number = || {
        parts
            .next()
            .and_then(|n| n.parse::<u64>().ok())
            .expect("rsaBITS-EXPONENT-LABEL")
    };
    let (bits, e) = (number() as u32, number());
    Key::from_rsa(RsaNumbers::made(bits, e, id))
}
