//! Keys that anybody can make again: every one is worked out from its label, so none of them is a secret. NEVER use one
//! outside tests.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use openssl::bn::{BigNum, BigNumContext};
use openssl::dsa::Dsa;
use openssl::ec::{EcGroup, EcPoint, EcPointRef, PointConversionForm};
use openssl::hash::{MessageDigest, hash};
use openssl::md::Md;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private, Public};
use openssl::pkey_ctx::{NonceType, PkeyCtx};
use openssl::rsa::Rsa;
use openssl::sign::Signer;

use super::{container, der, hex};

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
    Other(PKey<Private>),
    /// No private half at all.
    Public,
}

/// An RSA private key in its numbers, so that exponents which OpenSSL would not take can be had as well.
pub struct RsaNumbers {
    pub n: BigNum,
    pub e: BigNum,
    pub d: BigNum,
    pub p: BigNum,
    pub q: BigNum,
}

/// An EC private key, the curve's generator put aside where another one stands in its place.
pub struct EcNumbers {
    pub curve: &'static Curve,
    pub d: BigNum,
    /// Another generator G', as an uncompressed point.
    pub generator: Option<Vec<u8>>,
}

/// A curve that OpenSSL knows by name.
pub struct Curve {
    pub name: &'static str,
    pub oid: &'static str,
    nid: Nid,
}

impl Curve {
    pub fn group(&self) -> EcGroup {
        EcGroup::from_curve_name(self.nid).unwrap()
    }
}

/// The curves, by the names that people use.
pub static CURVES: [Curve; 10] = [
    Curve {
        name: "P-192",
        oid: "1.2.840.10045.3.1.1",
        nid: Nid::X9_62_PRIME192V1,
    },
    Curve {
        name: "P-224",
        oid: "1.3.132.0.33",
        nid: Nid::SECP224R1,
    },
    Curve {
        name: "P-256",
        oid: "1.2.840.10045.3.1.7",
        nid: Nid::X9_62_PRIME256V1,
    },
    Curve {
        name: "P-384",
        oid: "1.3.132.0.34",
        nid: Nid::SECP384R1,
    },
    Curve {
        name: "P-521",
        oid: "1.3.132.0.35",
        nid: Nid::SECP521R1,
    },
    Curve {
        name: "secp256k1",
        oid: "1.3.132.0.10",
        nid: Nid::SECP256K1,
    },
    Curve {
        name: "brainpoolP256r1",
        oid: "1.3.36.3.3.2.8.1.1.7",
        nid: Nid::BRAINPOOL_P256R1,
    },
    Curve {
        name: "brainpoolP320r1",
        oid: "1.3.36.3.3.2.8.1.1.9",
        nid: Nid::BRAINPOOL_P320R1,
    },
    Curve {
        name: "brainpoolP384r1",
        oid: "1.3.36.3.3.2.8.1.1.11",
        nid: Nid::BRAINPOOL_P384R1,
    },
    Curve {
        name: "brainpoolP512r1",
        oid: "1.3.36.3.3.2.8.1.1.13",
        nid: Nid::BRAINPOOL_P512R1,
    },
];

/// TEST KEYS, PUBLISHED WITH THE SOURCE. Kept only because working out an RSA key takes a while;
/// `the_pool_is_what_the_labels_give` checks one against its label, and `cargo run --example mint -- key
/// rsa2048-65537-LABEL` writes another.
static POOL: [(&str, &str); 17] = [
    ("rsa1024-65537-ca", include_str!("keys/rsa1024-65537-ca.pem")),
    ("rsa1024-65537-leaf", include_str!("keys/rsa1024-65537-leaf.pem")),
    ("rsa2048-65537-ca", include_str!("keys/rsa2048-65537-ca.pem")),
    (
        "rsa2048-65537-other-ca",
        include_str!("keys/rsa2048-65537-other-ca.pem"),
    ),
    ("rsa2048-65537-leaf", include_str!("keys/rsa2048-65537-leaf.pem")),
    (
        "rsa2048-65537-contoso-issuing-0",
        include_str!("keys/rsa2048-65537-contoso-issuing-0.pem"),
    ),
    (
        "rsa2048-65537-contoso-issuing-1",
        include_str!("keys/rsa2048-65537-contoso-issuing-1.pem"),
    ),
    (
        "rsa2048-65537-look-alike",
        include_str!("keys/rsa2048-65537-look-alike.pem"),
    ),
    ("rsa2048-65537-fe01", include_str!("keys/rsa2048-65537-fe01.pem")),
    ("rsa2048-65537-fe02", include_str!("keys/rsa2048-65537-fe02.pem")),
    ("rsa2048-65537-fe03", include_str!("keys/rsa2048-65537-fe03.pem")),
    ("rsa2048-65537-pchat01", include_str!("keys/rsa2048-65537-pchat01.pem")),
    ("rsa2048-65537-pchat02", include_str!("keys/rsa2048-65537-pchat02.pem")),
    (
        "rsa2048-65537-pchat02-new",
        include_str!("keys/rsa2048-65537-pchat02-new.pem"),
    ),
    ("rsa3072-65537-ca", include_str!("keys/rsa3072-65537-ca.pem")),
    (
        "rsa4096-65537-contoso-root",
        include_str!("keys/rsa4096-65537-contoso-root.pem"),
    ),
    ("dsa2048-parameters", include_str!("keys/dsa2048-parameters.pem")),
];

impl Key {
    /// RSA with e = 65537.
    pub fn rsa(bits: u32, label: &str) -> Key {
        Key::rsa_exponent(bits, 65537, label)
    }

    /// RSA with an odd exponent of one's choice.
    pub fn rsa_exponent(bits: u32, e: u64, label: &str) -> Key {
        cached(&format!("rsa{bits}-{e}-{label}"), |id| {
            Key::from_rsa(pooled_rsa(id).unwrap_or_else(|| rsa_numbers(bits, e, id)))
        })
    }

    /// RSA shown as id-RSASSA-PSS without parameters: certificates that it signs are PSS, whatever they ask for.
    pub fn rsa_pss(bits: u32, label: &str) -> Key {
        Key::rsa(bits, label).as_pss_key(&[])
    }

    /// EC on one of [`CURVES`], by its name.
    pub fn ec(curve: &str, label: &str) -> Key {
        let curve = CURVES
            .iter()
            .find(|c| c.name == curve)
            .unwrap_or_else(|| panic!("no curve {curve}"));
        cached(&format!("ec-{}-{label}", curve.name), |id| {
            let (mut order, mut ctx) = (BigNum::new().unwrap(), BigNumContext::new().unwrap());
            curve.group().order(&mut order, &mut ctx).unwrap();
            Key::from_ec(EcNumbers {
                curve,
                d: below(&order, id.as_bytes()),
                generator: None,
            })
        })
    }

    pub fn ed25519(label: &str) -> Key {
        cached(&format!("ed25519-{label}"), |id| {
            Key::from_pkey(PKey::private_key_from_raw_bytes(&stream(id.as_bytes(), 32), Id::ED25519).unwrap())
        })
    }

    pub fn ed448(label: &str) -> Key {
        cached(&format!("ed448-{label}"), |id| {
            Key::from_pkey(PKey::private_key_from_raw_bytes(&stream(id.as_bytes(), 57), Id::ED448).unwrap())
        })
    }

    /// ML-DSA or SLH-DSA, by the name of the parameter set. Another key in every process, whose signatures differ too.
    pub fn post_quantum(set: &str, label: &str) -> Key {
        cached(&format!("{set}-{label}"), |_| Key::from_pkey(generate(set)))
    }

    /// DSA of 2048 bits with a q of 256.
    pub fn dsa(label: &str) -> Key {
        cached(&format!("dsa2048-{label}"), |id| {
            let pem = POOL.iter().find(|(name, _)| *name == "dsa2048-parameters").unwrap().1;
            let base = PKey::private_key_from_pem(pem.as_bytes()).unwrap().dsa().unwrap();
            let x = below(base.q(), id.as_bytes());
            let (mut y, mut ctx) = (BigNum::new().unwrap(), BigNumContext::new().unwrap());
            y.mod_exp(base.g(), &x, base.p(), &mut ctx).unwrap();
            let [p, q, g] = [base.p(), base.q(), base.g()].map(|n| n.to_owned().unwrap());
            Key::from_pkey(PKey::from_dsa(Dsa::from_private_components(p, q, g, x, y).unwrap()).unwrap())
        })
    }

    pub fn from_rsa(numbers: RsaNumbers) -> Key {
        let public = der::seq(&[&bn(&numbers.n), &bn(&numbers.e)]);
        let spki = der::seq(&[&der::algorithm(RSA_ENCRYPTION, &der::null()), &der::bits(&public)]);
        Key::new(Material::Rsa(Arc::new(numbers)), spki)
    }

    /// On a named curve, or, where the numbers bring a generator of their own, with the parameters spelled out.
    pub fn from_ec(numbers: EcNumbers) -> Key {
        let parameters = match &numbers.generator {
            None => der::oid(numbers.curve.oid),
            Some(generator) => explicit_parameters(&numbers.curve.group(), generator),
        };
        let point = numbers.public_point(PointConversionForm::UNCOMPRESSED);
        let spki = der::seq(&[&der::algorithm(EC_PUBLIC_KEY, &parameters), &der::bits(&point)]);
        Key::new(Material::Ec(Arc::new(numbers)), spki)
    }

    /// A public key whose private half nobody has: it can be certified, not sign.
    pub fn public_only(spki: &[u8]) -> Key {
        Key::new(Material::Public, spki.to_vec())
    }

    fn from_pkey(pkey: PKey<Private>) -> Key {
        let spki = pkey.public_key_to_der().unwrap();
        Key::new(Material::Other(pkey), spki)
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

    /// EC: the point compressed.
    pub fn with_compressed_point(&self) -> Key {
        self.with_point(PointConversionForm::COMPRESSED)
    }

    /// EC: the point in X9.62's hybrid form.
    pub fn with_hybrid_point(&self) -> Key {
        self.with_point(PointConversionForm::HYBRID)
    }

    fn with_point(&self, form: PointConversionForm) -> Key {
        let ec = self.ec_numbers();
        self.with_spki(&der::seq(&[
            &der::algorithm(EC_PUBLIC_KEY, &der::oid(ec.curve.oid)),
            &der::bits(&ec.public_point(form)),
        ]))
    }

    /// EC: honest, but with the curve's parameters spelled out in place of its name.
    pub fn with_explicit_curve(&self) -> Key {
        let ec = self.ec_numbers();
        let group = ec.curve.group();
        let parameters = explicit_parameters(
            &group,
            &point_bytes(
                &group,
                group.generator_opt().unwrap(),
                PointConversionForm::UNCOMPRESSED,
            ),
        );
        let point = ec.public_point(PointConversionForm::UNCOMPRESSED);
        self.with_spki(&der::seq(&[
            &der::algorithm(EC_PUBLIC_KEY, &parameters),
            &der::bits(&point),
        ]))
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

    /// The public half as OpenSSL reads it.
    pub fn public(&self) -> PKey<Public> {
        PKey::public_key_from_der(&self.0.spki).unwrap()
    }

    /// The private half as OpenSSL reads it.
    pub fn private(&self) -> PKey<Private> {
        PKey::private_key_from_der(&self.pkcs8_der()).unwrap()
    }

    /// PKCS#8 PrivateKeyInfo.
    pub fn pkcs8_der(&self) -> Vec<u8> {
        let algorithm = der::read(&self.0.spki).0.children()[0].whole.to_vec();
        let inner = match &self.0.material {
            Material::Rsa(rsa) => rsa.pkcs1(),
            Material::Ec(ec) => ec.sec1(None),
            Material::Other(pkey) => return pkey.private_key_to_pkcs8().unwrap(),
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
            Material::Rsa(_) => match pss.or(self.shows_pss().then(|| Pss::new(digest))) {
                Some(pss) => der::algorithm(RSASSA_PSS, &pss.parameters()),
                None => der::algorithm(digest.rsa_oid(), &der::null()),
            },
            Material::Ec(_) => der::algorithm(digest.ecdsa_oid(), &[]),
            Material::Other(pkey) if pkey.id() == Id::DSA => der::algorithm(
                match digest {
                    Digest::Sha1 => "1.2.840.10040.4.3",
                    Digest::Sha224 => "2.16.840.1.101.3.4.3.1",
                    _ => "2.16.840.1.101.3.4.3.2",
                },
                &[],
            ),
            // Of all others key and signature have one object identifier.
            Material::Other(_) => der::read(&self.0.spki).0.children()[0].whole.to_vec(),
            Material::Public => panic!("no private key"),
        }
    }

    /// Signs, the same way every time: nonces and salts come from the message.
    pub fn sign(&self, digest: Digest, pss: Option<Pss>, message: &[u8]) -> Vec<u8> {
        match &self.0.material {
            Material::Rsa(rsa) => {
                let encoded = match pss.or(self.shows_pss().then(|| Pss::new(digest))) {
                    Some(pss) => emsa_pss(pss, message, rsa.n.num_bits() as usize),
                    None => emsa_pkcs1(digest, message, rsa.n.num_bytes() as usize),
                };
                rsa.private_operation(&encoded)
            }
            Material::Ec(ec) => ec.sign(&digest.hash(message)),
            Material::Other(pkey) if pkey.id() == Id::DSA => {
                let mut ctx = PkeyCtx::new(pkey).unwrap();
                let digest = if digest == Digest::Sha1 || digest == Digest::Sha224 {
                    digest
                } else {
                    Digest::Sha256
                };
                ctx.sign_init().unwrap();
                ctx.set_signature_md(digest.md()).unwrap();
                ctx.set_nonce_type(NonceType::DETERMINISTIC_K).unwrap();
                let mut signature = Vec::new();
                ctx.sign_to_vec(&digest.hash(message), &mut signature).unwrap();
                signature
            }
            Material::Other(pkey) => Signer::new_without_digest(pkey)
                .unwrap()
                .sign_oneshot_to_vec(message)
                .unwrap(),
            Material::Public => panic!("no private key"),
        }
    }
}

impl RsaNumbers {
    /// The encoded message to the power of d, by the factors.
    pub fn private_operation(&self, encoded: &[u8]) -> Vec<u8> {
        let mut ctx = BigNumContext::new().unwrap();
        let message = BigNum::from_slice(encoded).unwrap();
        assert!(message < self.n, "the message does not fit the modulus");
        let power = |prime: &BigNum, ctx: &mut BigNumContext| {
            let (mut exponent, mut base, mut out) =
                (BigNum::new().unwrap(), BigNum::new().unwrap(), BigNum::new().unwrap());
            exponent
                .nnmod(&self.d, &(prime - &BigNum::from_u32(1).unwrap()), ctx)
                .unwrap();
            base.nnmod(&message, prime, ctx).unwrap();
            out.mod_exp(&base, &exponent, prime, ctx).unwrap();
            out
        };
        let (mp, mq) = (power(&self.p, &mut ctx), power(&self.q, &mut ctx));
        let (mut inverse, mut h) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        inverse.mod_inverse(&self.q, &self.p, &mut ctx).unwrap();
        h.mod_mul(&(&mp - &mq), &inverse, &self.p, &mut ctx).unwrap();
        (&mq + &(&h * &self.q)).to_vec_padded(self.n.num_bytes()).unwrap()
    }

    /// RSAPrivateKey of RFC 8017.
    fn pkcs1(&self) -> Vec<u8> {
        let mut ctx = BigNumContext::new().unwrap();
        let one = BigNum::from_u32(1).unwrap();
        let [mut dp, mut dq, mut inverse] = [(); 3].map(|()| BigNum::new().unwrap());
        dp.nnmod(&self.d, &(&self.p - &one), &mut ctx).unwrap();
        dq.nnmod(&self.d, &(&self.q - &one), &mut ctx).unwrap();
        inverse.mod_inverse(&self.q, &self.p, &mut ctx).unwrap();
        let numbers = [&self.n, &self.e, &self.d, &self.p, &self.q, &dp, &dq, &inverse]
            .map(|n| bn(n))
            .concat();
        der::seq(&[&der::int(0), &numbers])
    }
}

impl EcNumbers {
    /// The curve, and the generator that this key counts from.
    pub fn base(&self) -> (EcGroup, EcPoint) {
        let group = self.curve.group();
        let point = match &self.generator {
            Some(bytes) => EcPoint::from_bytes(&group, bytes, &mut BigNumContext::new().unwrap()).unwrap(),
            None => group.generator_opt().unwrap().to_owned(&group).unwrap(),
        };
        (group, point)
    }

    pub fn public_point(&self, form: PointConversionForm) -> Vec<u8> {
        let (group, base) = self.base();
        let mut public = EcPoint::new(&group).unwrap();
        public
            .mul2(&group, &base, &self.d, &mut BigNumContext::new().unwrap())
            .unwrap();
        point_bytes(&group, &public, form)
    }

    /// ECPrivateKey of RFC 5915.
    fn sec1(&self, parameters: Option<&[u8]>) -> Vec<u8> {
        let width = (self.curve.group().order_bits() as i32 + 7) / 8;
        let parameters = parameters.map(|p| der::ctx(0, &[p])).unwrap_or_default();
        let public = der::ctx(1, &[&der::bits(&self.public_point(PointConversionForm::UNCOMPRESSED))]);
        der::seq(&[
            &der::int(1),
            &der::octets(&self.d.to_vec_padded(width).unwrap()),
            &parameters,
            &public,
        ])
    }

    /// ECDSA of a digest, written out because OpenSSL signs with the generator of the curve alone.
    fn sign(&self, digest: &[u8]) -> Vec<u8> {
        let mut ctx = BigNumContext::new().unwrap();
        let (group, base) = self.base();
        let [mut order, mut x, mut y, mut r, mut s, mut inverse] = [(); 6].map(|()| BigNum::new().unwrap());
        group.order(&mut order, &mut ctx).unwrap();
        let k = below(&order, &[&self.d.to_vec(), digest].concat());
        let mut point = EcPoint::new(&group).unwrap();
        point.mul2(&group, &base, &k, &mut ctx).unwrap();
        point.affine_coordinates(&group, &mut x, &mut y, &mut ctx).unwrap();
        r.nnmod(&x, &order, &mut ctx).unwrap();
        inverse.mod_inverse(&k, &order, &mut ctx).unwrap();
        s.mod_mul(&r, &self.d, &order, &mut ctx).unwrap();
        let sum = &s + &digest_number(digest, order.num_bits());
        s.mod_mul(&sum, &inverse, &order, &mut ctx).unwrap();
        der::seq(&[&bn(&r), &bn(&s)])
    }
}

/// The digests that certificates are signed over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Digest {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub fn hash(self, data: &[u8]) -> Vec<u8> {
        let digest = match self {
            Digest::Md5 => MessageDigest::md5(),
            Digest::Sha1 => MessageDigest::sha1(),
            Digest::Sha224 => MessageDigest::sha224(),
            Digest::Sha256 => MessageDigest::sha256(),
            Digest::Sha384 => MessageDigest::sha384(),
            Digest::Sha512 => MessageDigest::sha512(),
        };
        hash(digest, data).unwrap().to_vec()
    }

    fn md(self) -> &'static openssl::md::MdRef {
        match self {
            Digest::Md5 => Md::md5(),
            Digest::Sha1 => Md::sha1(),
            Digest::Sha224 => Md::sha224(),
            Digest::Sha256 => Md::sha256(),
            Digest::Sha384 => Md::sha384(),
            Digest::Sha512 => Md::sha512(),
        }
    }

    /// AlgorithmIdentifier of the digest alone, with NULL.
    pub fn algorithm(self) -> Vec<u8> {
        let oid = match self {
            Digest::Md5 => "1.2.840.113549.2.5",
            Digest::Sha1 => "1.3.14.3.2.26",
            Digest::Sha224 => "2.16.840.1.101.3.4.2.4",
            Digest::Sha256 => "2.16.840.1.101.3.4.2.1",
            Digest::Sha384 => "2.16.840.1.101.3.4.2.2",
            Digest::Sha512 => "2.16.840.1.101.3.4.2.3",
        };
        der::algorithm(oid, &der::null())
    }

    pub fn rsa_oid(self) -> &'static str {
        match self {
            Digest::Md5 => "1.2.840.113549.1.1.4",
            Digest::Sha1 => "1.2.840.113549.1.1.5",
            Digest::Sha224 => "1.2.840.113549.1.1.14",
            Digest::Sha256 => "1.2.840.113549.1.1.11",
            Digest::Sha384 => "1.2.840.113549.1.1.12",
            Digest::Sha512 => "1.2.840.113549.1.1.13",
        }
    }

    pub fn ecdsa_oid(self) -> &'static str {
        match self {
            Digest::Md5 => panic!("ECDSA has no algorithm with MD5"),
            Digest::Sha1 => "1.2.840.10045.4.1",
            Digest::Sha224 => "1.2.840.10045.4.3.1",
            Digest::Sha256 => "1.2.840.10045.4.3.2",
            Digest::Sha384 => "1.2.840.10045.4.3.3",
            Digest::Sha512 => "1.2.840.10045.4.3.4",
        }
    }
}

/// How RSASSA-PSS is done (RFC 4055 §3.1).
#[derive(Clone, Copy, Debug)]
pub struct Pss {
    pub hash: Digest,
    pub mgf: Digest,
    /// In octets.
    pub salt: usize,
}

impl Pss {
    /// One digest throughout, and a salt of its length.
    pub fn new(hash: Digest) -> Pss {
        Pss {
            hash,
            mgf: hash,
            salt: hash.hash(&[]).len(),
        }
    }

    /// RSASSA-PSS-params, defaults left out as DER asks.
    pub fn parameters(&self) -> Vec<u8> {
        let hash = if self.hash == Digest::Sha1 {
            vec![]
        } else {
            der::ctx(0, &[&self.hash.algorithm()])
        };
        let mgf = if self.mgf == Digest::Sha1 {
            vec![]
        } else {
            der::ctx(1, &[&der::algorithm(MGF1, &self.mgf.algorithm())])
        };
        let salt = if self.salt == 20 {
            vec![]
        } else {
            der::ctx(2, &[&der::int(self.salt as u64)])
        };
        der::seq(&[&hash, &mgf, &salt])
    }
}

pub const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
pub const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
pub const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const MGF1: &str = "1.2.840.113549.1.1.8";

/// EMSA-PKCS1-v1_5 of RFC 8017 §9.2, `len` octets.
pub fn emsa_pkcs1(digest: Digest, message: &[u8], len: usize) -> Vec<u8> {
    let info = der::seq(&[&digest.algorithm(), &der::octets(&digest.hash(message))]);
    let padding = len
        .checked_sub(info.len() + 3)
        .filter(|n| *n >= 8)
        .expect("a modulus long enough for the digest");
    [&[0, 1][..], &vec![0xff; padding], &[0], &info].concat()
}

/// EMSA-PSS of RFC 8017 §9.1 for a modulus of `modulus_bits`, its salt worked out from the message.
fn emsa_pss(pss: Pss, message: &[u8], modulus_bits: usize) -> Vec<u8> {
    let (bits, len) = (modulus_bits - 1, (modulus_bits - 1).div_ceil(8));
    let digest = pss.hash.hash(message);
    let salt = stream(&digest, pss.salt);
    let h = pss.hash.hash(&[&[0; 8][..], &digest, &salt].concat());
    let zeros = len
        .checked_sub(h.len() + salt.len() + 2)
        .expect("a modulus long enough for digest and salt");
    let mut db = [&vec![0; zeros][..], &[1], &salt].concat();
    let mask = (0u32..).flat_map(|i| pss.mgf.hash(&[&h[..], &i.to_be_bytes()].concat()));
    db.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    db[0] &= 0xff >> (8 * len - bits);
    let encoded = [&db[..], &h, &[0xbc]].concat();
    [&vec![0; modulus_bits.div_ceil(8) - len][..], &encoded].concat()
}

/// ECParameters with everything spelled out (RFC 3279 §2.3.5), for a curve over a prime field.
pub fn explicit_parameters(group: &EcGroup, generator: &[u8]) -> Vec<u8> {
    let mut ctx = BigNumContext::new().unwrap();
    let [mut p, mut a, mut b, mut order, mut cofactor] = [(); 5].map(|()| BigNum::new().unwrap());
    group.components_gfp(&mut p, &mut a, &mut b, &mut ctx).unwrap();
    group.order(&mut order, &mut ctx).unwrap();
    group.cofactor(&mut cofactor, &mut ctx).unwrap();
    let width = p.num_bytes();
    let [a, b] = [a, b].map(|n| der::octets(&n.to_vec_padded(width).unwrap()));
    der::seq(&[
        &der::int(1),
        &der::seq(&[&der::oid("1.2.840.10045.1.1"), &bn(&p)]),
        &der::seq(&[&a, &b]),
        &der::octets(generator),
        &bn(&order),
        &bn(&cofactor),
    ])
}

pub fn point_bytes(group: &EcGroup, point: &EcPointRef, form: PointConversionForm) -> Vec<u8> {
    point.to_bytes(group, form, &mut BigNumContext::new().unwrap()).unwrap()
}

/// A non-negative number as INTEGER.
pub fn bn(number: &openssl::bn::BigNumRef) -> Vec<u8> {
    der::uint(&number.to_vec())
}

/// The leftmost bits of a digest as the number that ECDSA signs.
pub fn digest_number(digest: &[u8], order_bits: i32) -> BigNum {
    let number = BigNum::from_slice(digest).unwrap();
    let excess = digest.len() as i32 * 8 - order_bits;
    if excess <= 0 {
        return number;
    }
    let mut out = BigNum::new().unwrap();
    out.rshift(&number, excess).unwrap();
    out
}

/// As many octets as one likes, worked out from a seed.
pub fn stream(seed: &[u8], len: usize) -> Vec<u8> {
    (0u32..)
        .flat_map(|i| Digest::Sha512.hash(&[&i.to_be_bytes(), seed].concat()))
        .take(len)
        .collect()
}

/// A number from 1 up to `limit`, exclusive, worked out from a seed.
pub fn below(limit: &openssl::bn::BigNumRef, seed: &[u8]) -> BigNum {
    let (mut out, mut ctx) = (BigNum::new().unwrap(), BigNumContext::new().unwrap());
    let wide = BigNum::from_slice(&stream(seed, limit.num_bytes() as usize + 16)).unwrap();
    let one = BigNum::from_u32(1).unwrap();
    out.nnmod(&wide, &(limit - &one), &mut ctx).unwrap();
    &out + &one
}

/// A key of a kind that the crate makes none of, by its name in OpenSSL.
#[allow(unsafe_code, reason = "the crate does not wrap the call")]
fn generate(name: &str) -> PKey<Private> {
    use foreign_types::ForeignType;
    let name = std::ffi::CString::new(name).unwrap();
    // SAFETY: it takes a name that ends in a zero, and gives a key of its own or none.
    unsafe {
        let key = openssl_sys::EVP_PKEY_Q_keygen(std::ptr::null_mut(), std::ptr::null(), name.as_ptr());
        assert!(!key.is_null(), "OpenSSL makes no {name:?}");
        PKey::from_ptr(key)
    }
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

/// Read from the pool, where it is there.
fn pooled_rsa(id: &str) -> Option<RsaNumbers> {
    let (_, pem) = POOL.iter().find(|(name, _)| *name == id)?;
    let rsa = Rsa::private_key_from_pem(pem.as_bytes()).unwrap();
    let [n, e, d, p, q] =
        [rsa.n(), rsa.e(), rsa.d(), rsa.p().unwrap(), rsa.q().unwrap()].map(|n| n.to_owned().unwrap());
    Some(RsaNumbers { n, e, d, p, q })
}

/// A key of the pool worked out again: `rsa2048-65537-LABEL`, or `dsa2048-parameters`, which is new every time.
pub fn fresh(id: &str) -> Key {
    if id == "dsa2048-parameters" {
        return Key::from_pkey(PKey::from_dsa(Dsa::generate(2048).unwrap()).unwrap());
    }
    let mut parts = id.strip_prefix("rsa").expect("an id of the pool").splitn(3, '-');
    let mut number = || {
        parts
            .next()
            .and_then(|n| n.parse::<u64>().ok())
            .expect("rsaBITS-EXPONENT-LABEL")
    };
    let (bits, e) = (number() as u32, number());
    Key::from_rsa(rsa_numbers(bits, e, id))
}

/// The RSA key of an id, by looking upwards for primes from where the id says.
fn rsa_numbers(bits: u32, e: u64, id: &str) -> RsaNumbers {
    let e = BigNum::from_slice(&e.to_be_bytes()).unwrap();
    let one = BigNum::from_u32(1).unwrap();
    let mut ctx = BigNumContext::new().unwrap();
    let mut prime = |which: &str| {
        let half = bits as i32 / 2;
        let mut p = BigNum::from_slice(&stream(format!("{id}/{which}").as_bytes(), half as usize / 8)).unwrap();
        // Both upper bits, so that the product has all its bits.
        [half - 1, half - 2, 0]
            .into_iter()
            .for_each(|bit| p.set_bit(bit).unwrap());
        let mut gcd = BigNum::new().unwrap();
        loop {
            gcd.gcd(&(&p - &one), &e, &mut ctx).unwrap();
            if gcd == one && p.is_prime_fasttest(0, &mut ctx, true).unwrap() {
                return p;
            }
            p.add_word(2).unwrap();
        }
    };
    let (p, q) = (prime("p"), prime("q"));
    let (n, phi, mut d) = (&p * &q, &(&p - &one) * &(&q - &one), BigNum::new().unwrap());
    d.mod_inverse(&e, &phi, &mut ctx).unwrap();
    RsaNumbers { n, e, d, p, q }
}
