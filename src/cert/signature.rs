//! Signatures: what a certificate says made it, and whether a key did.
//!
//! The usual algorithms, ML-DSA among them, are verified by aws-lc-rs; what it lacks by OpenSSL, where the `openssl`
//! feature is on.

use std::borrow::Cow;
use std::sync::OnceLock;

use asn1_rs::oid;
use aws_lc_rs::digest;
use aws_lc_rs::signature::{self as aws, ParsedPublicKey, VerificationAlgorithm};

use super::certificate::Certificate;
use super::der::{self, Reader};
use super::key::{Curve, KeyKind, PublicKey};

/// What came of verifying a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// The key made the signature.
    Valid,
    /// The key did not make the signature.
    Invalid,
    /// It cannot be told, for the reason given.
    Unsupported(&'static str),
}

/// Whether `key` signed `certificate`. Whether the key may count at all is not asked here but for what makes a
/// verification meaningless: see [`PublicKey::usable_when_vouched`] and [`PublicKey::usable_when_found`].
///
/// Inner and outer algorithm must be the same and the signature whole octets ([`never_verifies`] tells these reasons
/// apart), and the algorithm must fit the key. MD2, MD4, MD5, DSA, keys with explicit curve parameters and what neither library has are [`Verification::Unsupported`].
pub fn verify(certificate: &Certificate, key: &PublicKey) -> Verification {
    if let Some(foreseen) = foresee(certificate, key) {
        return foreseen;
    }
    let info = certificate.signature();
    let signature = certificate.signature_value();
    if !is_well_formed(&info.algorithm, key, signature) {
        return Verification::Invalid;
    }
    key.libraries()
        .verify(key, &info.algorithm, certificate.tbs(), signature)
}

/// What [`verify`] will say, where that can be told from the algorithm and the kind of key alone; `None` where the
/// signature must be checked.
pub fn foresee(certificate: &Certificate, key: &PublicKey) -> Option<Verification> {
    if never_verifies(certificate).is_some() {
        return Some(Verification::Invalid);
    }
    let info = certificate.signature();
    let scheme = match &info.algorithm {
        SignatureAlgorithm::Unsupported { why, .. } => return Some(Verification::Unsupported(why)),
        supported => supported,
    };
    if key.is_unreadable() {
        return Some(Verification::Unsupported("the public key cannot be read"));
    }
    let fits = match (scheme, key.kind()) {
        (SignatureAlgorithm::RsaPkcs1(_), KeyKind::Rsa { pss_only, .. }) => !pss_only,
        (SignatureAlgorithm::RsaPss { .. }, KeyKind::Rsa { .. }) => true,
        (SignatureAlgorithm::Ecdsa(_), KeyKind::Ec { .. } | KeyKind::EcExplicit) => true,
        (SignatureAlgorithm::Ed25519, KeyKind::Ed25519) => true,
        (SignatureAlgorithm::Ed448, KeyKind::Ed448) => true,
        (SignatureAlgorithm::MlDsa(signed), KeyKind::MlDsa(key)) => signed == key,
        (SignatureAlgorithm::SlhDsa(signed), KeyKind::SlhDsa(key)) => signed == key,
        _ => false,
    };
    if !fits {
        return Some(Verification::Invalid);
    }
    key.usable_when_vouched().err().map(Verification::Unsupported)
}

/// Why no key at all verifies a certificate, in words, where its form alone tells.
pub fn never_verifies(certificate: &Certificate) -> Option<&'static str> {
    if !certificate.signature().agrees {
        return Some("its two signature algorithm fields, inside what is signed and beside it, differ");
    }
    (!certificate.signature_is_whole()).then_some("its signature field has unused bits, which no signature has")
}

/// A hash function, as a signature uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Digest {
    /// MD2 (RFC 1319); never verified.
    Md2,
    /// MD4 (RFC 1320); never verified.
    Md4,
    /// MD5 (RFC 1321); never verified.
    Md5,
    /// SHA-1 (FIPS 180-4).
    Sha1,
    /// SHA-224 (FIPS 180-4).
    Sha224,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// SHA-512/224 (FIPS 180-4).
    Sha512_224,
    /// SHA-512/256 (FIPS 180-4).
    Sha512_256,
    /// SHA3-224 (FIPS 202).
    Sha3_224,
    /// SHA3-256 (FIPS 202).
    Sha3_256,
    /// SHA3-384 (FIPS 202).
    Sha3_384,
    /// SHA3-512 (FIPS 202).
    Sha3_512,
    /// RIPEMD-160 (ISO/IEC 10118-3).
    Ripemd160,
}

impl Digest {
    /// The usual name: `SHA-256`.
    pub fn name(self) -> &'static str {
        match self {
            Digest::Md2 => "MD2",
            Digest::Md4 => "MD4",
            Digest::Md5 => "MD5",
            Digest::Sha1 => "SHA-1",
            Digest::Sha224 => "SHA-224",
            Digest::Sha256 => "SHA-256",
            Digest::Sha384 => "SHA-384",
            Digest::Sha512 => "SHA-512",
            Digest::Sha512_224 => "SHA-512/224",
            Digest::Sha512_256 => "SHA-512/256",
            Digest::Sha3_224 => "SHA3-224",
            Digest::Sha3_256 => "SHA3-256",
            Digest::Sha3_384 => "SHA3-384",
            Digest::Sha3_512 => "SHA3-512",
            Digest::Ripemd160 => "RIPEMD-160",
        }
    }

    /// Length of its output in octets.
    fn length(self) -> usize {
        match self {
            Digest::Md2 | Digest::Md4 | Digest::Md5 => 16,
            Digest::Sha1 | Digest::Ripemd160 => 20,
            Digest::Sha224 | Digest::Sha512_224 | Digest::Sha3_224 => 28,
            Digest::Sha256 | Digest::Sha512_256 | Digest::Sha3_256 => 32,
            Digest::Sha384 | Digest::Sha3_384 => 48,
            Digest::Sha512 | Digest::Sha3_512 => 64,
        }
    }
}

/// A signature algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1(Digest),
    /// RSASSA-PSS with MGF1 (RFC 4055 §3.1).
    RsaPss {
        /// Hash of the message.
        digest: Digest,
        /// Hash of MGF1, which is nearly always the same.
        mask: Digest,
        /// Length of the salt in octets.
        salt_length: u32,
    },
    /// ECDSA (RFC 5758 §3.2).
    Ecdsa(Digest),
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Ed448 (RFC 8410).
    Ed448,
    /// ML-DSA (RFC 9881).
    MlDsa(MlDsa),
    /// SLH-DSA, pure (RFC 9909).
    SlhDsa(SlhDsa),
    /// One that is not verified here.
    Unsupported {
        /// Its dotted object identifier, empty if there is none.
        oid: String,
        /// Why not, in words.
        why: &'static str,
    },
}

/// A parameter set of ML-DSA (FIPS 204).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MlDsa {
    /// ML-DSA-44.
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
}

impl MlDsa {
    /// `ML-DSA-65`.
    pub fn name(self) -> &'static str {
        match self {
            MlDsa::MlDsa44 => "ML-DSA-44",
            MlDsa::MlDsa65 => "ML-DSA-65",
            MlDsa::MlDsa87 => "ML-DSA-87",
        }
    }

    /// Octets of a public key and of a signature (FIPS 204, table 2).
    pub(super) fn lengths(self) -> (usize, usize) {
        match self {
            MlDsa::MlDsa44 => (1312, 2420),
            MlDsa::MlDsa65 => (1952, 3309),
            MlDsa::MlDsa87 => (2592, 4627),
        }
    }

    /// By the object identifier that stands for keys and signatures alike.
    pub(super) fn from_oid(oid: &[u8]) -> Option<MlDsa> {
        match oid.strip_prefix(NIST_SIGNATURES)? {
            [17] => Some(MlDsa::MlDsa44),
            [18] => Some(MlDsa::MlDsa65),
            [19] => Some(MlDsa::MlDsa87),
            _ => None,
        }
    }
}

/// A parameter set of SLH-DSA (FIPS 205), by its place among the object identifiers of NIST: SHA2-128s, -128f, -192s,
/// -192f, -256s, -256f, then the same of SHAKE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlhDsa(u8);

impl SlhDsa {
    /// The arc of the first set, below [`NIST_SIGNATURES`].
    const FIRST_ARC: u8 = 20;
    const NAMES: [&'static str; 12] = [
        "SLH-DSA-SHA2-128s",
        "SLH-DSA-SHA2-128f",
        "SLH-DSA-SHA2-192s",
        "SLH-DSA-SHA2-192f",
        "SLH-DSA-SHA2-256s",
        "SLH-DSA-SHA2-256f",
        "SLH-DSA-SHAKE-128s",
        "SLH-DSA-SHAKE-128f",
        "SLH-DSA-SHAKE-192s",
        "SLH-DSA-SHAKE-192f",
        "SLH-DSA-SHAKE-256s",
        "SLH-DSA-SHAKE-256f",
    ];

    /// `SLH-DSA-SHA2-128s`.
    pub fn name(self) -> &'static str {
        Self::NAMES.get(usize::from(self.0)).copied().unwrap_or_default()
    }

    /// Octets of a public key and of a signature (FIPS 205, table 2). A private key is twice a public one.
    pub(super) fn lengths(self) -> (usize, usize) {
        match self.0 % 6 {
            0 => (32, 7_856),
            1 => (32, 17_088),
            2 => (48, 16_224),
            3 => (48, 35_664),
            4 => (64, 29_792),
            _ => (64, 49_856),
        }
    }

    /// By the object identifier that stands for keys and signatures alike.
    pub(super) fn from_oid(oid: &[u8]) -> Option<SlhDsa> {
        let [arc] = oid.strip_prefix(NIST_SIGNATURES)? else {
            return None;
        };
        let set = arc.checked_sub(Self::FIRST_ARC)?;
        (usize::from(set) < Self::NAMES.len()).then_some(SlhDsa(set))
    }
}

/// Why an algorithm is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureFlaw {
    /// It proves nothing any more, or is no longer used: MD2, MD4, MD5, DSA.
    Broken,
    /// It is not encoded as its standard says.
    Malformed,
    /// Nothing here knows it.
    Unknown,
}

/// What a certificate says of its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureInfo {
    algorithm: SignatureAlgorithm,
    digest: Option<Digest>,
    name: Cow<'static, str>,
    agrees: bool,
    pss: bool,
}

impl SignatureInfo {
    /// The algorithm, as written beside the signature.
    pub fn algorithm(&self) -> &SignatureAlgorithm {
        &self.algorithm
    }

    /// The hash function, also of an algorithm that is not supported. `None` for EdDSA, ML-DSA, SLH-DSA, which have their
    /// own, and unknown algorithms.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The usual name (`sha256WithRSAEncryption`, `ecdsa-with-SHA256`, `rsassaPss`, `ML-DSA-65`), else the dotted object identifier.
    pub fn name(&self) -> Cow<'static, str> {
        self.name.clone()
    }

    /// Whether the algorithm inside what is signed is the one beside the signature (RFC 5280 §4.1.1.2).
    pub fn agrees(&self) -> bool {
        self.agrees
    }

    /// Whether this is RSASSA-PSS, supported or not.
    pub fn is_pss(&self) -> bool {
        self.pss
    }

    /// What is wrong with an algorithm that is not verified; `None` where it is.
    pub fn flaw(&self) -> Option<SignatureFlaw> {
        let SignatureAlgorithm::Unsupported { why, .. } = &self.algorithm else {
            return None;
        };
        Some(match *why {
            BROKEN | DSA => SignatureFlaw::Broken,
            PARAMETERS | UNREADABLE | PSS_UNREADABLE => SignatureFlaw::Malformed,
            _ => SignatureFlaw::Unknown,
        })
    }

    /// From the DER AlgorithmIdentifiers inside and beside.
    pub(super) fn new(inner: &[u8], outer: &[u8]) -> SignatureInfo {
        let agrees = inner == outer;
        let (oid, parameters) = algorithm_identifier(outer).unwrap_or_default();
        let unsupported = |why| SignatureAlgorithm::Unsupported {
            oid: der::dotted(oid),
            why,
        };
        if let Some((name, supported)) = post_quantum(oid) {
            let algorithm = match (supported, parameters) {
                (Some(algorithm), []) => algorithm,
                (Some(_), _) => unsupported(PARAMETERS),
                (None, _) => unsupported(NO_LIBRARY),
            };
            return SignatureInfo {
                algorithm,
                digest: None,
                name: name.into(),
                agrees,
                pss: false,
            };
        }
        let Some(&(_, name, scheme)) = ALGORITHMS.iter().find(|(known, ..)| *known == oid) else {
            let (name, algorithm) = match oid {
                [] => (
                    String::new(),
                    SignatureAlgorithm::Unsupported {
                        oid: String::new(),
                        why: UNREADABLE,
                    },
                ),
                _ => (der::dotted(oid), unsupported("the signature algorithm is unknown")),
            };
            return SignatureInfo {
                algorithm,
                digest: None,
                name: name.into(),
                agrees,
                pss: false,
            };
        };
        let null_or_absent = matches!(parameters, [] | [der::NULL, 0]);
        let (algorithm, digest) = match scheme {
            Scheme::Rsa(digest @ (Digest::Md2 | Digest::Md4 | Digest::Md5)) => (unsupported(BROKEN), Some(digest)),
            Scheme::Rsa(digest) if null_or_absent => (SignatureAlgorithm::RsaPkcs1(digest), Some(digest)),
            // RFC 5758 §3.2 wants none, and some CAs write NULL as for RSA: it changes nothing.
            Scheme::Ecdsa(digest) if null_or_absent => (SignatureAlgorithm::Ecdsa(digest), Some(digest)),
            Scheme::Rsa(digest) | Scheme::Ecdsa(digest) => (unsupported(PARAMETERS), Some(digest)),
            Scheme::Ed25519 if parameters.is_empty() => (SignatureAlgorithm::Ed25519, None),
            Scheme::Ed448 if parameters.is_empty() => (SignatureAlgorithm::Ed448, None),
            Scheme::Ed25519 | Scheme::Ed448 => (unsupported(PARAMETERS), None),
            Scheme::Pss => match PssParameters::parse(parameters) {
                None => (unsupported(PSS_UNREADABLE), None),
                Some(PssParameters {
                    digest: Some(digest),
                    mask: Some(mask),
                    salt_length,
                    trailer: 1,
                }) => {
                    let pss = SignatureAlgorithm::RsaPss {
                        digest,
                        mask,
                        salt_length,
                    };
                    (pss, Some(digest))
                }
                Some(other) => (unsupported("RSASSA-PSS with unusual parameters"), other.digest),
            },
            Scheme::Never(digest, why) => (unsupported(why), digest),
        };
        SignatureInfo {
            algorithm,
            digest,
            name: name.into(),
            agrees,
            pss: matches!(scheme, Scheme::Pss),
        }
    }
}

/// RSASSA-PSS-params (RFC 4055 §3.1), of a signature or of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PssParameters {
    /// `None` is one that is unknown.
    digest: Option<Digest>,
    mask: Option<Digest>,
    salt_length: u32,
    trailer: u64,
}

impl PssParameters {
    pub fn parse(parameters: &[u8]) -> Option<PssParameters> {
        let mut parts = Reader::new(der::only(parameters, der::SEQUENCE)?);
        let mut read = PssParameters {
            digest: Some(Digest::Sha1),
            mask: Some(Digest::Sha1),
            salt_length: 20,
            trailer: 1,
        };
        if let Some(digest) = parts.optional(der::constructed(0))? {
            read.digest = hash(digest)?;
        }
        if let Some(mask) = parts.optional(der::constructed(1))? {
            let (oid, inner) = algorithm_identifier(mask)?;
            read.mask = if oid == MGF1 { hash(inner)? } else { None };
        }
        if let Some(salt) = parts.optional(der::constructed(2))? {
            read.salt_length = u32::try_from(der::small(der::only(salt, der::INTEGER)?)?).ok()?;
        }
        if let Some(trailer) = parts.optional(der::constructed(3))? {
            read.trailer = der::small(der::only(trailer, der::INTEGER)?)?;
        }
        parts.end()?;
        Some(read)
    }

    /// Whether a key with these parameters makes such signatures (RFC 4055 §3.3).
    fn allow(&self, digest: Digest, mask: Digest, salt_length: u32) -> bool {
        self.digest == Some(digest) && self.mask == Some(mask) && self.trailer == 1 && salt_length >= self.salt_length
    }
}

/// The libraries' forms of one public key, each made when first needed; `None` inside is a key that the library refuses.
#[derive(Default)]
pub(super) struct Libraries {
    aws: [OnceLock<Option<ParsedPublicKey>>; AWS_SLOTS],
    #[cfg(feature = "openssl")]
    openssl: OnceLock<Option<openssl::pkey::PKey<openssl::pkey::Public>>>,
}

impl Libraries {
    fn verify(&self, key: &PublicKey, scheme: &SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Verification {
        if let Some((slot, algorithm)) = aws_algorithm(key.kind(), scheme)
            && let Some(cell) = self.aws.get(slot)
        {
            let parsed = cell.get_or_init(|| ParsedPublicKey::new(algorithm, aws_key(key)?).ok());
            if let Some(parsed) = parsed {
                // A digest made beforehand spares the library a context of its own and two copies of it.
                let verified = match aws_digest(scheme) {
                    Some(digest) => parsed.verify_digest_sig(&digest::digest(digest, message), signature),
                    None => parsed.verify_sig(message, signature),
                };
                return match verified {
                    Ok(()) => Verification::Valid,
                    Err(_) => Verification::Invalid,
                };
            }
        }
        self.verify_by_openssl(key, scheme, message, signature)
    }

    #[cfg(feature = "openssl")]
    fn verify_by_openssl(
        &self,
        key: &PublicKey,
        scheme: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Verification {
        let parsed = self.openssl.get_or_init(|| by_openssl::public_key(key.spki_der()));
        let Some(parsed) = parsed else {
            return Verification::Unsupported("no library here takes the public key");
        };
        by_openssl::verify(parsed, scheme, message, signature)
    }

    #[cfg(not(feature = "openssl"))]
    fn verify_by_openssl(&self, _: &PublicKey, _: &SignatureAlgorithm, _: &[u8], _: &[u8]) -> Verification {
        Verification::Unsupported("this build has no library for the signature algorithm with this key")
    }
}

/// The uncompressed form of a compressed point, where a library has the curve. `spki` holds the same point.
pub(super) fn decompress(spki: &[u8], curve: &Curve, point: &[u8]) -> Option<Vec<u8>> {
    use aws_lc_rs::encoding::AsDer;
    let Some(algorithm) = aws_curve(curve) else {
        return decompress_by_openssl(spki);
    };
    let key = ParsedPublicKey::new(algorithm, point).ok()?;
    let canonical = key.as_der().ok()?;
    let mut parts = Reader::new(der::only(canonical.as_ref(), der::SEQUENCE)?);
    parts.expect(der::SEQUENCE)?;
    let point = der::octets(parts.expect(der::BIT_STRING)?)?;
    (point.first() == Some(&4)).then(|| point.to_vec())
}

/// The uncompressed public point of an EC secret (as many octets as the field), where a library has the curve.
pub(super) fn point_of_private(curve_oid: &[u8], curve: &Curve, secret: &[u8]) -> Option<Vec<u8>> {
    use aws_lc_rs::agreement::{ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey};
    let algorithm = match curve {
        Curve::P256 => &ECDH_P256,
        Curve::P384 => &ECDH_P384,
        Curve::P521 => &ECDH_P521,
        _ => return point_by_openssl(curve_oid, secret),
    };
    let key = PrivateKey::from_private_key(algorithm, secret).ok()?;
    Some(key.compute_public_key().ok()?.as_ref().to_vec())
}

#[cfg(feature = "openssl")]
use by_openssl::{
    decompress as decompress_by_openssl, ed448_of_private as ed448_by_openssl, point as point_by_openssl,
};
#[cfg(feature = "openssl")]
pub(super) use by_openssl::{
    ec_works as ec_works_by_openssl, rsa_works as rsa_works_by_openssl, sign_and_verify as sign_and_verify_by_openssl,
};

#[cfg(not(feature = "openssl"))]
pub(super) fn ec_works_by_openssl(_: &[u8], _: &[u8], _: &[u8], _: &[u8]) -> Option<()> {
    None
}

#[cfg(not(feature = "openssl"))]
pub(super) fn sign_and_verify_by_openssl(_: &[u8], _: &[u8], _: &[u8]) -> Option<()> {
    None
}

#[cfg(not(feature = "openssl"))]
fn decompress_by_openssl(_: &[u8]) -> Option<Vec<u8>> {
    None
}

#[cfg(not(feature = "openssl"))]
fn point_by_openssl(_: &[u8], _: &[u8]) -> Option<Vec<u8>> {
    None
}

#[cfg(not(feature = "openssl"))]
fn ed448_by_openssl(_: &[u8]) -> Option<Vec<u8>> {
    None
}

/// The public key of an Ed448 secret, where a library has the curve.
pub(super) fn ed448_of_private(secret: &[u8]) -> Option<Vec<u8>> {
    ed448_by_openssl(secret)
}

/// What can be told of a signature without a library, and must be: some libraries take what the standard refuses.
fn is_well_formed(scheme: &SignatureAlgorithm, key: &PublicKey, signature: &[u8]) -> bool {
    match (scheme, key.kind()) {
        (SignatureAlgorithm::RsaPkcs1(_), KeyKind::Rsa { bits, .. }) => signature.len() == bits.div_ceil(8) as usize,
        (
            &SignatureAlgorithm::RsaPss {
                digest,
                mask,
                salt_length,
            },
            KeyKind::Rsa { bits, .. },
        ) => {
            // RFC 8017 §9.1.1: emLen = ⌈(bits − 1) / 8⌉ holds hash, salt and two octets.
            let room = u64::from((bits - 1).div_ceil(8));
            signature.len() == bits.div_ceil(8) as usize
                && room >= digest.length() as u64 + u64::from(salt_length) + 2
                && key.pss().is_none_or(|own| own.allow(digest, mask, salt_length))
        }
        // Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER } (RFC 3279 §2.2.3), and nothing but DER.
        (SignatureAlgorithm::Ecdsa(_), _) => {
            let parts = || {
                let mut parts = Reader::new(der::only(signature, der::SEQUENCE)?);
                der::unsigned(parts.expect(der::INTEGER)?)?;
                der::unsigned(parts.expect(der::INTEGER)?)?;
                parts.end()
            };
            parts().is_some()
        }
        (SignatureAlgorithm::Ed25519, _) => signature.len() == 64,
        (SignatureAlgorithm::Ed448, _) => signature.len() == 114,
        (SignatureAlgorithm::MlDsa(set), _) => signature.len() == set.lengths().1,
        (SignatureAlgorithm::SlhDsa(set), _) => signature.len() == set.lengths().1,
        _ => false,
    }
}

const BROKEN: &str = "MD2, MD4 and MD5 are broken";
const PSS_UNREADABLE: &str = "the RSASSA-PSS parameters cannot be read";
const UNREADABLE: &str = "the signature algorithm cannot be read";
const PARAMETERS: &str = "the signature algorithm has parameters that it must not have";
const NO_LIBRARY: &str = "no library here has the signature algorithm";

/// 2.16.840.1.101.3.4.3, signature algorithms of NIST.
const NIST_SIGNATURES: &[u8] = &oid!(raw 2.16.840.1.101.3.4.3);

const MGF1: &[u8] = &oid!(raw 1.2.840.113549.1.1.8);

#[derive(Clone, Copy)]
enum Scheme {
    Rsa(Digest),
    Ecdsa(Digest),
    Pss,
    Ed25519,
    Ed448,
    Never(Option<Digest>, &'static str),
}

const DSA: &str = "DSA is not supported";

/// Usual ones first: the list is searched for every certificate.
const ALGORITHMS: &[(&[u8], &str, Scheme)] = &[
    (
        &oid!(raw 1.2.840.113549.1.1.11),
        "sha256WithRSAEncryption",
        Scheme::Rsa(Digest::Sha256),
    ),
    (
        &oid!(raw 1.2.840.113549.1.1.5),
        "sha1WithRSAEncryption",
        Scheme::Rsa(Digest::Sha1),
    ),
    (
        &oid!(raw 1.2.840.113549.1.1.12),
        "sha384WithRSAEncryption",
        Scheme::Rsa(Digest::Sha384),
    ),
    (
        &oid!(raw 1.2.840.113549.1.1.13),
        "sha512WithRSAEncryption",
        Scheme::Rsa(Digest::Sha512),
    ),
    (
        &oid!(raw 1.2.840.10045.4.3.2),
        "ecdsa-with-SHA256",
        Scheme::Ecdsa(Digest::Sha256),
    ),
    (
        &oid!(raw 1.2.840.10045.4.3.3),
        "ecdsa-with-SHA384",
        Scheme::Ecdsa(Digest::Sha384),
    ),
    (
        &oid!(raw 1.2.840.10045.4.3.4),
        "ecdsa-with-SHA512",
        Scheme::Ecdsa(Digest::Sha512),
    ),
    (&oid!(raw 1.2.840.113549.1.1.10), "rsassaPss", Scheme::Pss),
    (&oid!(raw 1.3.101.112), "Ed25519", Scheme::Ed25519),
    (&oid!(raw 1.3.101.113), "Ed448", Scheme::Ed448),
    (
        &oid!(raw 1.2.840.10045.4.1),
        "ecdsa-with-SHA1",
        Scheme::Ecdsa(Digest::Sha1),
    ),
    (
        &oid!(raw 1.2.840.10045.4.3.1),
        "ecdsa-with-SHA224",
        Scheme::Ecdsa(Digest::Sha224),
    ),
    (
        &oid!(raw 1.2.840.113549.1.1.14),
        "sha224WithRSAEncryption",
        Scheme::Rsa(Digest::Sha224),
    ),
    (
        &oid!(raw 1.2.840.113549.1.1.15),
        "sha512-224WithRSAEncryption",
        Scheme::Rsa(Digest::Sha512_224),
    ),
    (
        &oid!(raw 1.2.840.113549.1.1.16),
        "sha512-256WithRSAEncryption",
        Scheme::Rsa(Digest::Sha512_256),
    ),
    // The OIW's number for the same thing, which old Microsoft tools write.
    (&oid!(raw 1.3.14.3.2.29), "sha1WithRSA", Scheme::Rsa(Digest::Sha1)),
    (
        &oid!(raw 1.3.36.3.3.1.2),
        "ripemd160WithRSA",
        Scheme::Rsa(Digest::Ripemd160),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.9),
        "ecdsa-with-SHA3-224",
        Scheme::Ecdsa(Digest::Sha3_224),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.10),
        "ecdsa-with-SHA3-256",
        Scheme::Ecdsa(Digest::Sha3_256),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.11),
        "ecdsa-with-SHA3-384",
        Scheme::Ecdsa(Digest::Sha3_384),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.12),
        "ecdsa-with-SHA3-512",
        Scheme::Ecdsa(Digest::Sha3_512),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.13),
        "RSA-SHA3-224",
        Scheme::Rsa(Digest::Sha3_224),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.14),
        "RSA-SHA3-256",
        Scheme::Rsa(Digest::Sha3_256),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.15),
        "RSA-SHA3-384",
        Scheme::Rsa(Digest::Sha3_384),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.16),
        "RSA-SHA3-512",
        Scheme::Rsa(Digest::Sha3_512),
    ),
    (
        &oid!(raw 1.2.840.113549.1.1.4),
        "md5WithRSAEncryption",
        Scheme::Rsa(Digest::Md5),
    ),
    (
        &oid!(raw 1.2.840.113549.1.1.3),
        "md4WithRSAEncryption",
        Scheme::Rsa(Digest::Md4),
    ),
    (
        &oid!(raw 1.2.840.113549.1.1.2),
        "md2WithRSAEncryption",
        Scheme::Rsa(Digest::Md2),
    ),
    (&oid!(raw 1.3.14.3.2.3), "md5WithRSA", Scheme::Rsa(Digest::Md5)),
    (
        &oid!(raw 1.2.840.10040.4.3),
        "dsa-with-SHA1",
        Scheme::Never(Some(Digest::Sha1), DSA),
    ),
    (
        &oid!(raw 1.3.14.3.2.27),
        "dsaWithSHA1",
        Scheme::Never(Some(Digest::Sha1), DSA),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.1),
        "dsa-with-SHA224",
        Scheme::Never(Some(Digest::Sha224), DSA),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.2),
        "dsa-with-SHA256",
        Scheme::Never(Some(Digest::Sha256), DSA),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.3),
        "dsa-with-SHA384",
        Scheme::Never(Some(Digest::Sha384), DSA),
    ),
    (
        &oid!(raw 2.16.840.1.101.3.4.3.4),
        "dsa-with-SHA512",
        Scheme::Never(Some(Digest::Sha512), DSA),
    ),
];

/// Whether a dotted object identifier is that of a parameter set of ML-DSA or SLH-DSA.
pub(super) fn is_post_quantum(dotted: &str) -> bool {
    let arc = dotted.strip_prefix("2.16.840.1.101.3.4.3.").map(str::parse::<u8>);
    let Some(Ok(arc)) = arc else { return false };
    let oid = [NIST_SIGNATURES, &[arc]].concat();
    MlDsa::from_oid(&oid).is_some() || SlhDsa::from_oid(&oid).is_some()
}

/// The name of a signature algorithm of FIPS 204 or 205, and the algorithm where a library has it: none has those that
/// sign a digest made beforehand.
fn post_quantum(oid: &[u8]) -> Option<(&'static str, Option<SignatureAlgorithm>)> {
    const DIGESTS: [&str; 15] = [
        "HashML-DSA-44-SHA512",
        "HashML-DSA-65-SHA512",
        "HashML-DSA-87-SHA512",
        "HashSLH-DSA-SHA2-128s-SHA256",
        "HashSLH-DSA-SHA2-128f-SHA256",
        "HashSLH-DSA-SHA2-192s-SHA512",
        "HashSLH-DSA-SHA2-192f-SHA512",
        "HashSLH-DSA-SHA2-256s-SHA512",
        "HashSLH-DSA-SHA2-256f-SHA512",
        "HashSLH-DSA-SHAKE-128s-SHAKE128",
        "HashSLH-DSA-SHAKE-128f-SHAKE128",
        "HashSLH-DSA-SHAKE-192s-SHAKE256",
        "HashSLH-DSA-SHAKE-192f-SHAKE256",
        "HashSLH-DSA-SHAKE-256s-SHAKE256",
        "HashSLH-DSA-SHAKE-256f-SHAKE256",
    ];
    const FIRST_DIGEST: u8 = 32;
    if let Some(set) = MlDsa::from_oid(oid) {
        return Some((set.name(), Some(SignatureAlgorithm::MlDsa(set))));
    }
    if let Some(set) = SlhDsa::from_oid(oid) {
        return Some((set.name(), Some(SignatureAlgorithm::SlhDsa(set))));
    }
    let [arc] = oid.strip_prefix(NIST_SIGNATURES)? else {
        return None;
    };
    let name = DIGESTS.get(usize::from(arc.checked_sub(FIRST_DIGEST)?))?;
    Some((name, None))
}

/// Hash functions by object identifier, as RSASSA-PSS parameters name them.
const HASHES: &[(&[u8], Digest)] = &[
    (&oid!(raw 2.16.840.1.101.3.4.2.1), Digest::Sha256),
    (&oid!(raw 2.16.840.1.101.3.4.2.2), Digest::Sha384),
    (&oid!(raw 2.16.840.1.101.3.4.2.3), Digest::Sha512),
    (&oid!(raw 1.3.14.3.2.26), Digest::Sha1),
    (&oid!(raw 2.16.840.1.101.3.4.2.4), Digest::Sha224),
    (&oid!(raw 2.16.840.1.101.3.4.2.5), Digest::Sha512_224),
    (&oid!(raw 2.16.840.1.101.3.4.2.6), Digest::Sha512_256),
    (&oid!(raw 2.16.840.1.101.3.4.2.7), Digest::Sha3_224),
    (&oid!(raw 2.16.840.1.101.3.4.2.8), Digest::Sha3_256),
    (&oid!(raw 2.16.840.1.101.3.4.2.9), Digest::Sha3_384),
    (&oid!(raw 2.16.840.1.101.3.4.2.10), Digest::Sha3_512),
];

/// Object identifier and parameters of a DER AlgorithmIdentifier.
fn algorithm_identifier(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = Reader::new(der::only(der, der::SEQUENCE)?);
    let oid = parts.expect(der::OID)?;
    let parameters = parts.rest();
    if !parts.is_empty() {
        parts.element()?;
        parts.end()?;
    }
    Some((oid, parameters))
}

/// The hash function that an AlgorithmIdentifier names; `Some(None)` where it is not known.
fn hash(der: &[u8]) -> Option<Option<Digest>> {
    let (oid, parameters) = algorithm_identifier(der)?;
    if !matches!(parameters, [] | [der::NULL, 0]) {
        return None;
    }
    Some(
        HASHES
            .iter()
            .find(|(known, _)| *known == oid)
            .map(|(_, digest)| *digest),
    )
}

/// One slot a digest and padding: aws-lc-rs ties a parsed key to its algorithm.
const AWS_SLOTS: usize = 7;

/// The algorithm of aws-lc-rs for such a signature under such a key, and the slot of the parsed key.
fn aws_algorithm(kind: &KeyKind, scheme: &SignatureAlgorithm) -> Option<(usize, &'static dyn VerificationAlgorithm)> {
    let found: (usize, &'static dyn VerificationAlgorithm) = match (kind, scheme) {
        (KeyKind::Rsa { bits: 1024..=8192, .. }, SignatureAlgorithm::RsaPkcs1(Digest::Sha1)) => {
            (0, &aws::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
        }
        (KeyKind::Rsa { bits: 1024..=8192, .. }, SignatureAlgorithm::RsaPkcs1(Digest::Sha256)) => {
            (1, &aws::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
        }
        (KeyKind::Rsa { bits: 2048..=8192, .. }, SignatureAlgorithm::RsaPkcs1(Digest::Sha384)) => {
            (2, &aws::RSA_PKCS1_2048_8192_SHA384)
        }
        (KeyKind::Rsa { bits: 1024..=8192, .. }, SignatureAlgorithm::RsaPkcs1(Digest::Sha512)) => {
            (3, &aws::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY)
        }
        // aws-lc-rs checks for a salt as long as the digest, and for nothing else.
        (
            KeyKind::Rsa { bits: 2048..=8192, .. },
            SignatureAlgorithm::RsaPss {
                digest,
                mask,
                salt_length,
            },
        ) if digest == mask => match (digest, salt_length) {
            (Digest::Sha256, 32) => (4, &aws::RSA_PSS_2048_8192_SHA256),
            (Digest::Sha384, 48) => (5, &aws::RSA_PSS_2048_8192_SHA384),
            (Digest::Sha512, 64) => (6, &aws::RSA_PSS_2048_8192_SHA512),
            _ => return None,
        },
        (KeyKind::Ec { curve }, SignatureAlgorithm::Ecdsa(digest)) => match (curve, digest) {
            (Curve::P256, Digest::Sha1) => (0, &aws::ECDSA_P256_SHA1_ASN1),
            (Curve::P256, Digest::Sha256) => (1, &aws::ECDSA_P256_SHA256_ASN1),
            (Curve::P256, Digest::Sha384) => (2, &aws::ECDSA_P256_SHA384_ASN1),
            (Curve::P256, Digest::Sha512) => (3, &aws::ECDSA_P256_SHA512_ASN1),
            (Curve::P384, Digest::Sha256) => (1, &aws::ECDSA_P384_SHA256_ASN1),
            (Curve::P384, Digest::Sha384) => (2, &aws::ECDSA_P384_SHA384_ASN1),
            (Curve::P384, Digest::Sha512) => (3, &aws::ECDSA_P384_SHA512_ASN1),
            (Curve::P521, Digest::Sha1) => (0, &aws::ECDSA_P521_SHA1_ASN1),
            (Curve::P521, Digest::Sha224) => (4, &aws::ECDSA_P521_SHA224_ASN1),
            (Curve::P521, Digest::Sha256) => (1, &aws::ECDSA_P521_SHA256_ASN1),
            (Curve::P521, Digest::Sha384) => (2, &aws::ECDSA_P521_SHA384_ASN1),
            (Curve::P521, Digest::Sha512) => (3, &aws::ECDSA_P521_SHA512_ASN1),
            (Curve::Known { name: "secp256k1", .. }, Digest::Sha256) => (1, &aws::ECDSA_P256K1_SHA256_ASN1),
            _ => return None,
        },
        (KeyKind::Ed25519, SignatureAlgorithm::Ed25519) => (0, &aws::ED25519),
        (KeyKind::MlDsa(MlDsa::MlDsa44), SignatureAlgorithm::MlDsa(_)) => (0, &aws::ML_DSA_44),
        (KeyKind::MlDsa(MlDsa::MlDsa65), SignatureAlgorithm::MlDsa(_)) => (0, &aws::ML_DSA_65),
        (KeyKind::MlDsa(MlDsa::MlDsa87), SignatureAlgorithm::MlDsa(_)) => (0, &aws::ML_DSA_87),
        _ => return None,
    };
    Some(found)
}

/// The digest that a scheme makes of the message, where aws-lc-rs has it; EdDSA and ML-DSA take the message itself.
fn aws_digest(scheme: &SignatureAlgorithm) -> Option<&'static digest::Algorithm> {
    match scheme {
        SignatureAlgorithm::RsaPkcs1(digest)
        | SignatureAlgorithm::RsaPss { digest, .. }
        | SignatureAlgorithm::Ecdsa(digest) => match digest {
            Digest::Sha1 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            Digest::Sha224 => Some(&digest::SHA224),
            Digest::Sha256 => Some(&digest::SHA256),
            Digest::Sha384 => Some(&digest::SHA384),
            Digest::Sha512 => Some(&digest::SHA512),
            _ => None,
        },
        _ => None,
    }
}

fn aws_curve(curve: &Curve) -> Option<&'static dyn VerificationAlgorithm> {
    match curve {
        Curve::P256 => Some(&aws::ECDSA_P256_SHA256_ASN1),
        Curve::P384 => Some(&aws::ECDSA_P384_SHA384_ASN1),
        Curve::P521 => Some(&aws::ECDSA_P521_SHA512_ASN1),
        Curve::Known { name: "secp256k1", .. } => Some(&aws::ECDSA_P256K1_SHA256_ASN1),
        _ => None,
    }
}

/// The key as aws-lc-rs takes it: the contents of the BIT STRING.
fn aws_key(key: &PublicKey) -> Option<&[u8]> {
    let mut parts = Reader::new(der::only(key.spki_der(), der::SEQUENCE)?);
    parts.expect(der::SEQUENCE)?;
    der::octets(parts.expect(der::BIT_STRING)?)
}

#[cfg(feature = "openssl")]
mod by_openssl {
    use openssl::bn::{BigNum, BigNumContext, BigNumContextRef};
    use openssl::ec::{EcGroup, EcKey, EcPoint, PointConversionForm};
    use openssl::error::ErrorStack;
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::{Id, PKey, Private, Public};
    use openssl::rsa::{Padding, Rsa};
    use openssl::sign::{RsaPssSaltlen, Signer, Verifier};

    use super::{Digest, NO_LIBRARY, SignatureAlgorithm, Verification};
    use crate::cert::{der, initialise_openssl};

    pub fn public_key(spki: &[u8]) -> Option<PKey<Public>> {
        initialise_openssl();
        PKey::public_key_from_der(spki).ok()
    }

    pub fn verify(key: &PKey<Public>, scheme: &SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Verification {
        let verifier = match scheme {
            SignatureAlgorithm::RsaPkcs1(digest) | SignatureAlgorithm::Ecdsa(digest) => {
                message_digest(*digest).and_then(|md| Verifier::new(md, key).ok())
            }
            SignatureAlgorithm::RsaPss {
                digest,
                mask,
                salt_length,
            } => pss(key, *digest, *mask, *salt_length),
            SignatureAlgorithm::Ed25519
            | SignatureAlgorithm::Ed448
            | SignatureAlgorithm::MlDsa(_)
            | SignatureAlgorithm::SlhDsa(_) => Verifier::new_without_digest(key).ok(),
            SignatureAlgorithm::Unsupported { .. } => None,
        };
        let Some(mut verifier) = verifier else {
            return Verification::Unsupported(NO_LIBRARY);
        };
        match verifier.verify_oneshot(signature, message) {
            Ok(true) => Verification::Valid,
            // OpenSSL answers some wrong signatures with an error, and a key that it takes is set up by now.
            Ok(false) | Err(_) => Verification::Invalid,
        }
    }

    fn pss(key: &PKey<Public>, digest: Digest, mask: Digest, salt_length: u32) -> Option<Verifier<'_>> {
        let md = message_digest(digest)?;
        let mut verifier = Verifier::new(md, key).ok()?;
        verifier.set_rsa_padding(Padding::PKCS1_PSS).ok()?;
        verifier
            .set_rsa_pss_saltlen(RsaPssSaltlen::custom(i32::try_from(salt_length).ok()?))
            .ok()?;
        verifier.set_rsa_mgf1_md(message_digest(mask)?).ok()?;
        Some(verifier)
    }

    fn message_digest(digest: Digest) -> Option<MessageDigest> {
        MessageDigest::from_nid(match digest {
            Digest::Md2 | Digest::Md4 | Digest::Md5 => return None,
            Digest::Sha1 => Nid::SHA1,
            Digest::Sha224 => Nid::SHA224,
            Digest::Sha256 => Nid::SHA256,
            Digest::Sha384 => Nid::SHA384,
            Digest::Sha512 => Nid::SHA512,
            Digest::Sha512_224 => return MessageDigest::from_name("SHA512-224"),
            Digest::Sha512_256 => return MessageDigest::from_name("SHA512-256"),
            Digest::Sha3_224 => Nid::SHA3_224,
            Digest::Sha3_256 => Nid::SHA3_256,
            Digest::Sha3_384 => Nid::SHA3_384,
            Digest::Sha3_512 => Nid::SHA3_512,
            Digest::Ripemd160 => Nid::RIPEMD160,
        })
    }

    pub fn decompress(spki: &[u8]) -> Option<Vec<u8>> {
        let key = public_key(spki)?.ec_key().ok()?;
        bytes(key.group(), key.public_key()).ok()
    }

    pub fn point(curve_oid: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
        initialise_openssl();
        let curve = openssl::asn1::Asn1Object::from_str(&der::dotted(curve_oid)).ok()?.nid();
        let group = EcGroup::from_curve_name(curve).ok()?;
        let mut secret = BigNum::from_slice(secret).ok()?;
        secret.set_const_time();
        let mut point = EcPoint::new(&group).ok()?;
        point
            .mul_generator2(&group, &secret, &mut *BigNumContext::new().ok()?)
            .ok()?;
        secret.clear();
        bytes(&group, &point).ok()
    }

    /// Whether a private key in PKCS#8 makes signatures that verify under a public key.
    pub fn sign_and_verify(pkcs8: &[u8], spki: &[u8], message: &[u8]) -> Option<()> {
        initialise_openssl();
        let key = PKey::private_key_from_pkcs8(pkcs8).ok()?;
        let made = Signer::new_without_digest(&key)
            .ok()?
            .sign_oneshot_to_vec(message)
            .ok()?;
        let public = public_key(spki)?;
        let verified = Verifier::new_without_digest(&public)
            .ok()?
            .verify_oneshot(&made, message);
        verified.is_ok_and(|good| good).then_some(())
    }

    fn sign_and_verify_digest(key: PKey<Private>, public: &PKey<Public>, message: &[u8]) -> Option<()> {
        let digest = MessageDigest::sha256();
        let made = Signer::new(digest, &key).ok()?.sign_oneshot_to_vec(message).ok()?;
        let verified = Verifier::new(digest, public).ok()?.verify_oneshot(&made, message);
        verified.is_ok_and(|good| good).then_some(())
    }

    /// Whether an RSAPrivateKey works. All its numbers must fit: OpenSSL passes over wrong ones that others use.
    pub fn rsa_works(pkcs1: &[u8], spki: &[u8], message: &[u8]) -> Option<()> {
        initialise_openssl();
        let key = Rsa::private_key_from_der(pkcs1).ok()?;
        let (p, q) = (key.p()?, key.q()?);
        let two_primes = |context: &mut BigNumContextRef| -> Result<bool, ErrorStack> {
            let one = BigNum::from_u32(1)?;
            let (mut wiped, mut less) = (Wiped(BigNum::new()?), [Wiped(BigNum::new()?), Wiped(BigNum::new()?)]);
            if p.is_negative() || q.is_negative() || p.num_bits() < 2 || q.num_bits() < 2 {
                return Ok(false);
            }
            wiped.0.checked_mul(p, q, context)?;
            let mut good = &*wiped.0 == key.n();
            let exponents = [key.dmp1(), key.dmq1()];
            for ((prime, less), exponent) in [p, q].into_iter().zip(&mut less).zip(exponents) {
                let Some(exponent) = exponent else { return Ok(false) };
                less.0.checked_sub(prime, &one)?;
                wiped.0.mod_mul(key.d(), key.e(), &less.0, context)?;
                good &= *wiped.0 == *one;
                wiped.0.nnmod(key.d(), &less.0, context)?;
                good &= &*wiped.0 == exponent;
            }
            let Some(coefficient) = key.iqmp().filter(|coefficient| *coefficient < p) else {
                return Ok(false);
            };
            wiped.0.mod_mul(coefficient, q, p, context)?;
            Ok(good && *wiped.0 == *one)
        };
        let consistent = match der::only(pkcs1, der::SEQUENCE)? {
            // Version 0: two primes, and no costly question whether they are: a signature tells.
            [der::INTEGER, 1, 0, ..] => two_primes(&mut *BigNumContext::new().ok()?).unwrap_or(false),
            _ => key.check_key().unwrap_or(false),
        };
        consistent.then_some(())?;
        sign_and_verify_digest(PKey::from_rsa(key).ok()?, &public_key(spki)?, message)
    }

    /// Whether a secret is that of a point, on a curve that aws-lc-rs lacks.
    pub fn ec_works(curve_oid: &[u8], secret: &[u8], point: &[u8], message: &[u8]) -> Option<()> {
        initialise_openssl();
        let curve = openssl::asn1::Asn1Object::from_str(&der::dotted(curve_oid)).ok()?.nid();
        let group = EcGroup::from_curve_name(curve).ok()?;
        let mut context = BigNumContext::new().ok()?;
        let point = EcPoint::from_bytes(&group, point, &mut context).ok()?;
        let secret = Wiped(BigNum::from_slice(secret).ok()?);
        let key = EcKey::from_private_components(&group, &secret.0, &point).ok()?;
        key.check_key().ok()?;
        let public = PKey::from_ec_key(EcKey::from_public_key(&group, &point).ok()?).ok()?;
        sign_and_verify_digest(PKey::from_ec_key(key).ok()?, &public, message)
    }

    /// A number that is wiped when it is dropped.
    struct Wiped(BigNum);

    impl Drop for Wiped {
        fn drop(&mut self) {
            self.0.clear();
        }
    }

    pub fn ed448_of_private(secret: &[u8]) -> Option<Vec<u8>> {
        initialise_openssl();
        PKey::private_key_from_raw_bytes(secret, Id::ED448)
            .ok()?
            .raw_public_key()
            .ok()
    }

    fn bytes(group: &openssl::ec::EcGroupRef, point: &openssl::ec::EcPointRef) -> Result<Vec<u8>, ErrorStack> {
        point.to_bytes(group, PointConversionForm::UNCOMPRESSED, &mut *BigNumContext::new()?)
    }
}

#[cfg(test)]
mod tests {
    use openssl::nid::Nid;
    use openssl::pkey::{PKey, Private};

    use super::*;
    use crate::cert::testing::{self, Mint, NULL, algorithm};

    const RSA: &[u8] = &oid!(raw 1.2.840.113549.1.1);
    const ECDSA: &[u8] = &oid!(raw 1.2.840.10045.4);
    const NIST: &[u8] = &oid!(raw 2.16.840.1.101.3.4.3);
    const PSS: &[u8] = &oid!(raw 1.2.840.113549.1.1.10);

    fn arc(base: &[u8], arcs: &[u8]) -> Vec<u8> {
        [base, arcs].concat()
    }

    fn certificate(der: &[u8]) -> Certificate {
        Certificate::parse(der).unwrap()
    }

    /// Checks a good signature and three bad ones; `aws` says whether aws-lc-rs has the algorithm.
    #[track_caller]
    fn check(what: &str, der: &[u8], key: &PublicKey, aws: bool) {
        let good = certificate(der);
        let result = verify(&good, key);
        if !aws && cfg!(not(feature = "openssl")) {
            assert!(matches!(result, Verification::Unsupported(_)), "{what}: {result:?}");
            return;
        }
        assert_eq!(
            aws_algorithm(key.kind(), good.signature().algorithm()).is_some(),
            aws,
            "{what}: which library"
        );
        assert_eq!(result, Verification::Valid, "{what}");
        assert_eq!(
            verify(&good, key),
            Verification::Valid,
            "{what}, again, with what is cached"
        );

        let serial = der.windows(4).position(|window| window == [2, 2, 1, 2]).unwrap() + 3;
        let mut changed = der.to_vec();
        changed[serial] ^= 0x40;
        assert_eq!(
            verify(&certificate(&changed), key),
            Verification::Invalid,
            "{what}: another message"
        );

        for from_the_end in [1, 20] {
            let mut changed = der.to_vec();
            let at = changed.len() - from_the_end;
            changed[at] ^= 1;
            assert_eq!(
                verify(&certificate(&changed), key),
                Verification::Invalid,
                "{what}: another signature"
            );
        }
    }

    fn rsa_certificate(key: &PKey<Private>, oid: &[u8], digest: &str) -> Vec<u8> {
        let mut mint = Mint::new(testing::spki(key));
        mint.inner = algorithm(oid, Some(NULL));
        mint.signed(|tbs| testing::plain(key, digest, tbs))
    }

    fn ecdsa_certificate(key: &PKey<Private>, oid: &[u8], digest: &str) -> Vec<u8> {
        let mut mint = Mint::new(testing::spki(key));
        mint.inner = algorithm(oid, None);
        mint.signed(|tbs| testing::plain(key, digest, tbs))
    }

    fn public(key: &PKey<Private>) -> PublicKey {
        PublicKey::from_spki(&testing::spki(key))
    }

    #[test]
    fn rsa_signatures_of_every_digest_and_size_are_told_from_forgeries() {
        type Case = (&'static [u8], &'static [u8], &'static str, [bool; 4]);
        let digests: [Case; 11] = [
            (RSA, &[5], "SHA1", [false, true, true, true]),
            (RSA, &[11], "SHA256", [false, true, true, true]),
            (RSA, &[12], "SHA384", [false, false, false, true]),
            (RSA, &[13], "SHA512", [false, true, true, true]),
            (RSA, &[14], "SHA224", [false; 4]),
            (RSA, &[15], "SHA512-224", [false; 4]),
            (RSA, &[16], "SHA512-256", [false; 4]),
            (NIST, &[14], "SHA3-256", [false; 4]),
            (NIST, &[16], "SHA3-512", [false; 4]),
            (&oid!(raw 1.3.14.3.2.29), &[], "SHA1", [false, true, true, true]),
            (&oid!(raw 1.3.36.3.3.1.2), &[], "RIPEMD160", [false; 4]),
        ];
        for (index, bits) in [768, 1024, 1536, 2048].into_iter().enumerate() {
            let key = testing::rsa(bits);
            for (base, arcs, digest, aws) in digests {
                let der = rsa_certificate(&key, &arc(base, arcs), digest);
                check(&format!("RSA {bits} {digest}"), &der, &public(&key), aws[index]);
            }
        }
    }

    #[test]
    fn rsa_keys_of_odd_lengths_and_exponents_verify() {
        for (bits, exponent) in [
            (2048, 3),
            (2048, 17),
            (2047, 65_537),
            (1031, 65_537),
            (2048, (1 << 32) + 15),
        ] {
            let key = testing::rsa_with_exponent(bits, exponent);
            let der = rsa_certificate(&key, testing::SHA256_RSA, "SHA256");
            check(&format!("RSA {bits} e {exponent}"), &der, &public(&key), true);
        }
    }

    #[test]
    fn absent_rsa_parameters_are_as_good_as_null_and_others_are_not() {
        let key = testing::rsa(2048);
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(testing::SHA256_RSA, None);
        check(
            "absent",
            &mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)),
            &public(&key),
            true,
        );
        mint.inner = algorithm(testing::SHA256_RSA, Some(&[4, 0]));
        let odd = certificate(&mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)));
        assert_eq!(verify(&odd, &public(&key)), Verification::Unsupported(PARAMETERS));
    }

    #[test]
    fn pss_signatures_are_told_from_forgeries() {
        let cases: [(u32, &[u8], &str, u8, bool); 11] = [
            (2048, &[1], "SHA256", 32, true),
            (2048, &[2], "SHA384", 48, true),
            (2048, &[3], "SHA512", 64, true),
            (2048, &[1], "SHA256", 20, false),
            (2048, &[1], "SHA256", 0, false),
            (2048, &[1], "SHA256", 222, false),
            (2048, &[4], "SHA224", 28, false),
            (2048, &[8], "SHA3-256", 32, false),
            (1024, &[1], "SHA256", 32, false),
            (1536, &[3], "SHA512", 64, false),
            (1025, &[1], "SHA256", 32, false),
        ];
        for (bits, arcs, digest, salt, aws) in cases {
            let key = testing::rsa(bits);
            let hash = arc(&oid!(raw 2.16.840.1.101.3.4.2), arcs);
            let mut mint = Mint::new(testing::spki(&key));
            mint.inner = algorithm(PSS, Some(&testing::pss_parameters(&hash, &hash, salt, 1)));
            let der = mint.signed(|tbs| testing::pss(&key, digest, digest, salt.into(), tbs));
            check(&format!("PSS {bits} {digest} salt {salt}"), &der, &public(&key), aws);
            assert!(certificate(&der).signature().is_pss());
        }
    }

    #[test]
    fn pss_defaults_are_sha1_with_a_salt_of_20_octets() {
        let key = testing::rsa(2048);
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(PSS, Some(&[0x30, 0]));
        let der = mint.signed(|tbs| testing::pss(&key, "SHA1", "SHA1", 20, tbs));
        check("PSS defaults", &der, &public(&key), false);
        assert_eq!(certificate(&der).signature().digest(), Some(Digest::Sha1));
    }

    #[test]
    fn pss_salt_is_as_long_as_it_says() {
        let key = testing::rsa(2048);
        let hash: &[u8] = &oid!(raw 2.16.840.1.101.3.4.2.1);
        for (said, used) in [(32, 20), (20, 32), (33, 32)] {
            let mut mint = Mint::new(testing::spki(&key));
            mint.inner = algorithm(PSS, Some(&testing::pss_parameters(hash, hash, said, 1)));
            let der = mint.signed(|tbs| testing::pss(&key, "SHA256", "SHA256", used, tbs));
            assert_ne!(
                verify(&certificate(&der), &public(&key)),
                Verification::Valid,
                "says {said}, has {used}"
            );
        }
    }

    #[test]
    fn pss_with_another_trailer_or_an_unknown_hash_or_no_parameters_is_unsupported() {
        let key = testing::rsa(2048);
        let sha256: &[u8] = &oid!(raw 2.16.840.1.101.3.4.2.1);
        let mut mint = Mint::new(testing::spki(&key));
        for parameters in [
            testing::pss_parameters(sha256, sha256, 32, 2),
            testing::pss_parameters(sha256, &oid!(raw 1.2.3), 32, 1),
            testing::pss_parameters(&oid!(raw 1.2.3), &oid!(raw 1.2.3), 32, 1),
            Vec::new(),
            NULL.to_vec(),
        ] {
            mint.inner = algorithm(PSS, Some(&parameters));
            let der = mint.signed(|tbs| testing::pss(&key, "SHA256", "SHA1", 32, tbs));
            let result = verify(&certificate(&der), &public(&key));
            assert!(
                matches!(result, Verification::Unsupported(_)),
                "{parameters:02x?}: {result:?}"
            );
        }
    }

    #[test]
    fn a_pss_key_makes_only_the_signatures_that_it_says() {
        let key = testing::rsa(2048);
        let hash: &[u8] = &oid!(raw 2.16.840.1.101.3.4.2.1);
        let bits = der::only(&testing::spki(&key), der::SEQUENCE)
            .map(<[u8]>::to_vec)
            .unwrap();
        let mut reader = Reader::new(&bits);
        reader.element();
        let marked = |parameters: Option<&[u8]>| {
            let spki = der::element(der::SEQUENCE, &[&algorithm(PSS, parameters), reader.rest()]);
            PublicKey::from_spki(&spki)
        };
        let any = marked(None);
        let same = marked(Some(&testing::pss_parameters(hash, hash, 32, 1)));
        let longer = marked(Some(&testing::pss_parameters(hash, hash, 33, 1)));
        let sha1 = marked(Some(&[0x30, 0]));
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(PSS, Some(&testing::pss_parameters(hash, hash, 32, 1)));
        let signed = certificate(&mint.signed(|tbs| testing::pss(&key, "SHA256", "SHA256", 32, tbs)));
        assert_eq!(verify(&signed, &any), Verification::Valid);
        assert_eq!(verify(&signed, &same), Verification::Valid);
        assert_eq!(verify(&signed, &longer), Verification::Invalid);
        assert_eq!(verify(&signed, &sha1), Verification::Invalid);
        let plain = certificate(&rsa_certificate(&key, testing::SHA256_RSA, "SHA256"));
        assert_eq!(verify(&plain, &public(&key)), Verification::Valid);
        assert_eq!(verify(&plain, &any), Verification::Invalid);
        assert_eq!([any.id(), same.id(), sha1.id()], [public(&key).id(); 3]);
    }

    #[test]
    fn ecdsa_signatures_of_every_curve_and_digest_are_told_from_forgeries() {
        let curves = [
            (Nid::X9_62_PRIME256V1, [true, false, true, true, true]),
            (Nid::SECP384R1, [false, false, true, true, true]),
            (Nid::SECP521R1, [true, true, true, true, true]),
            (Nid::SECP256K1, [false, false, true, false, false]),
            (Nid::SECP224R1, [false; 5]),
            (Nid::X9_62_PRIME192V1, [false; 5]),
            (Nid::BRAINPOOL_P256R1, [false; 5]),
            (Nid::BRAINPOOL_P384R1, [false; 5]),
            (Nid::BRAINPOOL_P512R1, [false; 5]),
            (Nid::SECT283R1, [false; 5]),
        ];
        let digests: [(&[u8], &str); 5] = [
            (&[1], "SHA1"),
            (&[3, 1], "SHA224"),
            (&[3, 2], "SHA256"),
            (&[3, 3], "SHA384"),
            (&[3, 4], "SHA512"),
        ];
        for (curve, aws) in curves {
            let key = testing::ec(curve);
            for ((arcs, digest), aws) in digests.into_iter().zip(aws) {
                let der = ecdsa_certificate(&key, &arc(ECDSA, arcs), digest);
                check(&format!("{curve:?} {digest}"), &der, &public(&key), aws);
            }
        }
        let key = testing::ec(Nid::X9_62_PRIME256V1);
        check(
            "SHA3",
            &ecdsa_certificate(&key, &arc(NIST, &[10]), "SHA3-256"),
            &public(&key),
            false,
        );
    }

    #[test]
    fn an_ecdsa_signature_in_ber_is_invalid() {
        let key = testing::ec(Nid::X9_62_PRIME256V1);
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(&arc(ECDSA, &[3, 2]), None);
        type Damage = fn(&[u8]) -> Vec<u8>;
        let damage: [Damage; 4] = [
            |good| [&[0x30, 0x81, good[1]], &good[2..]].concat(),
            |good| [good, &[0]].concat(),
            |good| {
                let rest = &good[2..];
                let padded = [&[0x02, rest[1] + 1, 0], &rest[2..]].concat();
                der::element(der::SEQUENCE, &[&padded])
            },
            |good| [&[0x30, 0x80], &good[2..], &[0, 0]].concat(),
        ];
        for damaged in damage {
            let der = mint.signed(|tbs| damaged(&testing::plain(&key, "SHA256", tbs)));
            assert_eq!(verify(&certificate(&der), &public(&key)), Verification::Invalid);
        }
    }

    #[test]
    fn an_ecdsa_algorithm_with_null_parameters_in_both_fields_verifies() {
        let key = testing::ec(Nid::X9_62_PRIME256V1);
        let (absent, null) = (
            algorithm(&arc(ECDSA, &[3, 2]), None),
            algorithm(&arc(ECDSA, &[3, 2]), Some(NULL)),
        );
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = null.clone();
        check(
            "ECDSA with NULL",
            &mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)),
            &public(&key),
            true,
        );
        for (inner, outer) in [(&absent, &null), (&null, &absent)] {
            (mint.inner, mint.outer) = (inner.clone(), Some(outer.clone()));
            let signed = certificate(&mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)));
            assert_eq!(verify(&signed, &public(&key)), Verification::Invalid);
            assert!(never_verifies(&signed).unwrap().contains("differ"));
        }
        mint.outer = None;
        for odd in [&[4, 0][..], &[5, 1, 0], &[5, 0, 5, 0], &[0x30, 0]] {
            mint.inner = algorithm(&arc(ECDSA, &[3, 2]), Some(odd));
            let signed = certificate(&mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)));
            assert!(
                matches!(verify(&signed, &public(&key)), Verification::Unsupported(_)),
                "{odd:02x?}"
            );
        }
    }

    #[test]
    fn an_rsa_algorithm_without_parameters_in_both_fields_verifies() {
        let key = testing::rsa(2048);
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(testing::SHA256_RSA, None);
        let der = mint.signed(|tbs| testing::plain(&key, "SHA256", tbs));
        check("RSA without parameters", &der, &public(&key), true);
    }

    #[test]
    fn a_signature_with_unused_bits_verifies_under_no_key() {
        let key = testing::rsa(2048);
        let mut der = rsa_certificate(&key, testing::SHA256_RSA, "SHA256");
        let at = der.len() - 257;
        assert_eq!(der[at], 0);
        der[at] = 1;
        let signed = certificate(&der);
        assert_eq!(verify(&signed, &public(&key)), Verification::Invalid);
        assert!(never_verifies(&signed).unwrap().contains("unused bits"));
    }

    #[test]
    fn ml_dsa_signatures_of_every_set_are_told_from_forgeries() {
        for (name, last, bits) in [
            ("ML-DSA-44", 17, 10_496),
            ("ML-DSA-65", 18, 15_616),
            ("ML-DSA-87", 19, 20_736),
        ] {
            let key = testing::post_quantum(name);
            let mut mint = Mint::new(testing::spki(&key));
            mint.inner = algorithm(&arc(NIST, &[last]), None);
            let der = mint.signed(|tbs| testing::edwards(&key, tbs));
            check(name, &der, &public(&key), true);
            let signed = certificate(&der);
            assert_eq!((&*signed.signature().name(), signed.signature().digest()), (name, None));
            let facts = signed.facts();
            assert_eq!((&*facts.key_algorithm, facts.key_bits), (name, Some(bits)));
            assert_eq!(bits as usize, key.bits() as usize, "as OpenSSL counts them");
            public(&key).usable_when_found().unwrap();
            let other = public(&testing::post_quantum(if last == 17 {
                "ML-DSA-65"
            } else {
                "ML-DSA-44"
            }));
            assert_eq!(verify(&signed, &other), Verification::Invalid);
            mint.inner = algorithm(&arc(NIST, &[last]), Some(NULL));
            let odd = certificate(&mint.signed(|tbs| testing::edwards(&key, tbs)));
            assert!(matches!(verify(&odd, &public(&key)), Verification::Unsupported(_)));
        }
    }

    #[test]
    fn slh_dsa_signatures_of_every_set_are_told_from_forgeries() {
        for (index, name) in SlhDsa::NAMES.iter().enumerate() {
            let key = testing::post_quantum(name);
            let mut mint = Mint::new(testing::spki(&key));
            mint.inner = algorithm(&arc(NIST, &[20 + index as u8]), None);
            // Small ones sign slowly: one of each hash is enough.
            if name.ends_with('s') && !name.ends_with("128s") {
                let facts = certificate(&mint.unsigned()).facts();
                assert_eq!((&*facts.key_algorithm, &*facts.signature_algorithm), (*name, *name));
                continue;
            }
            let der = mint.signed(|tbs| testing::edwards(&key, tbs));
            check(name, &der, &public(&key), false);
            let facts = certificate(&der).facts();
            assert_eq!((&*facts.key_algorithm, &*facts.signature_algorithm), (*name, *name));
            assert_eq!(facts.key_bits, Some(key.bits()), "as OpenSSL counts them");
            public(&key).usable_when_found().unwrap();
        }
    }

    #[test]
    fn pss_with_another_mask_hash_verifies_with_that_hash_alone() {
        let key = testing::rsa(2048);
        let (sha256, sha1): (&[u8], &[u8]) = (&oid!(raw 2.16.840.1.101.3.4.2.1), &oid!(raw 1.3.14.3.2.26));
        for (digest, mask, digest_oid, mask_oid) in [("SHA256", "SHA1", sha256, sha1), ("SHA1", "SHA256", sha1, sha256)]
        {
            let mut mint = Mint::new(testing::spki(&key));
            mint.inner = algorithm(PSS, Some(&testing::pss_parameters(digest_oid, mask_oid, 32, 1)));
            let der = mint.signed(|tbs| testing::pss(&key, digest, mask, 32, tbs));
            check(&format!("PSS {digest} with MGF1 {mask}"), &der, &public(&key), false);
            assert!(certificate(&der).signature().is_pss());
            let other = mint.signed(|tbs| testing::pss(&key, digest, digest, 32, tbs));
            let expected = match cfg!(feature = "openssl") {
                true => Verification::Invalid,
                false => verify(&certificate(&other), &public(&key)),
            };
            assert_eq!(verify(&certificate(&other), &public(&key)), expected);
        }
    }

    #[test]
    fn eddsa_signatures_are_told_from_forgeries() {
        for (key, last, aws) in [
            (PKey::generate_ed25519().unwrap(), 112, true),
            (PKey::generate_ed448().unwrap(), 113, false),
        ] {
            let mut mint = Mint::new(testing::spki(&key));
            mint.inner = algorithm(&arc(&oid!(raw 1.3.101), &[last]), None);
            check(
                "EdDSA",
                &mint.signed(|tbs| testing::edwards(&key, tbs)),
                &public(&key),
                aws,
            );
        }
    }

    #[test]
    fn inner_and_outer_algorithm_must_be_the_same() {
        let key = testing::rsa(2048);
        for (inner, outer) in [
            (
                algorithm(&arc(RSA, &[5]), Some(NULL)),
                algorithm(&arc(RSA, &[11]), Some(NULL)),
            ),
            (
                algorithm(&arc(RSA, &[11]), None),
                algorithm(&arc(RSA, &[11]), Some(NULL)),
            ),
        ] {
            let mut mint = Mint::new(testing::spki(&key));
            mint.inner = inner;
            mint.outer = Some(outer);
            let signed = certificate(&mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)));
            assert!(!signed.signature().agrees());
            assert_eq!(verify(&signed, &public(&key)), Verification::Invalid);
        }
    }

    #[test]
    fn an_rsa_signature_is_as_long_as_the_modulus() {
        let key = testing::rsa(2048);
        let mint = Mint::new(testing::spki(&key));
        for damaged in [
            |mut good: Vec<u8>| [vec![0], good.split_off(0)].concat(),
            |good: Vec<u8>| good[1..].to_vec(),
        ] {
            let der = mint.signed(|tbs| damaged(testing::plain(&key, "SHA256", tbs)));
            assert_eq!(verify(&certificate(&der), &public(&key)), Verification::Invalid);
        }
    }

    #[test]
    fn an_algorithm_that_does_not_fit_the_key_is_invalid() {
        let (rsa, ec) = (testing::rsa(1024), testing::ec(Nid::X9_62_PRIME256V1));
        let by_rsa = certificate(&rsa_certificate(&rsa, testing::SHA256_RSA, "SHA256"));
        let by_ec = certificate(&ecdsa_certificate(&ec, &arc(ECDSA, &[3, 2]), "SHA256"));
        assert_eq!(verify(&by_rsa, &public(&ec)), Verification::Invalid);
        assert_eq!(verify(&by_ec, &public(&rsa)), Verification::Invalid);
        assert_eq!(
            verify(&by_ec, &public(&testing::ec(Nid::SECP384R1))),
            Verification::Invalid
        );
        assert_eq!(
            verify(&by_ec, &public(&PKey::generate_ed25519().unwrap())),
            Verification::Invalid
        );
        let explicit = PublicKey::from_spki(&testing::spki_explicit(&ec));
        assert_eq!(verify(&by_rsa, &explicit), Verification::Invalid);
    }

    #[test]
    fn broken_digests_and_unknown_algorithms_are_unsupported() {
        let key = testing::rsa(2048);
        let cases: [(&[u8], &str, Option<Digest>); 9] = [
            (
                &oid!(raw 1.2.840.113549.1.1.4),
                "md5WithRSAEncryption",
                Some(Digest::Md5),
            ),
            (
                &oid!(raw 1.2.840.113549.1.1.3),
                "md4WithRSAEncryption",
                Some(Digest::Md4),
            ),
            (
                &oid!(raw 1.2.840.113549.1.1.2),
                "md2WithRSAEncryption",
                Some(Digest::Md2),
            ),
            (&oid!(raw 1.2.840.10040.4.3), "dsa-with-SHA1", Some(Digest::Sha1)),
            (
                &oid!(raw 2.16.840.1.101.3.4.3.2),
                "dsa-with-SHA256",
                Some(Digest::Sha256),
            ),
            (&oid!(raw 2.16.840.1.101.3.4.3.33), "HashML-DSA-65-SHA512", None),
            (
                &oid!(raw 2.16.840.1.101.3.4.3.46),
                "HashSLH-DSA-SHAKE-256f-SHAKE256",
                None,
            ),
            (&oid!(raw 2.16.840.1.101.3.4.3.47), "2.16.840.1.101.3.4.3.47", None),
            (&oid!(raw 1.2.3.4), "1.2.3.4", None),
        ];
        for (oid, name, digest) in cases {
            let mut mint = Mint::new(testing::spki(&key));
            mint.inner = algorithm(oid, None);
            let signed = certificate(&mint.signed(|tbs| testing::plain(&key, "MD5", tbs)));
            assert_eq!(signed.signature().name(), name);
            assert_eq!(signed.signature().digest(), digest, "{name}");
            assert!(
                matches!(verify(&signed, &public(&key)), Verification::Unsupported(_)),
                "{name}"
            );
        }
    }

    #[test]
    fn keys_that_could_be_made_to_fit_are_unsupported() {
        let ec = testing::ec(Nid::X9_62_PRIME256V1);
        let by_ec = certificate(&ecdsa_certificate(&ec, &arc(ECDSA, &[3, 2]), "SHA256"));
        let explicit = PublicKey::from_spki(&testing::spki_explicit(&ec));
        assert!(matches!(verify(&by_ec, &explicit), Verification::Unsupported(_)));

        // With e = 1 any padded digest is its own signature.
        let key = testing::rsa(2048);
        let modulus = key.rsa().unwrap().n().to_vec();
        let signed = certificate(&rsa_certificate(&key, testing::SHA256_RSA, "SHA256"));
        for exponent in [&[1][..], &[2], &[0], &[4], &[2, 0, 0, 0, 1], &[0x7f; 9], &[0x7f; 200]] {
            let numbers = [
                der::element(der::INTEGER, &[&[0], &modulus]),
                der::element(der::INTEGER, &[exponent]),
            ];
            let inner = der::element(der::SEQUENCE, &[&numbers.concat()]);
            let spki = der::element(
                der::SEQUENCE,
                &[
                    &algorithm(&arc(RSA, &[1]), Some(NULL)),
                    &der::element(der::BIT_STRING, &[&[0], &inner]),
                ],
            );
            let made = PublicKey::from_spki(&spki);
            assert!(matches!(made.kind(), KeyKind::Rsa { .. }), "{exponent:?}");
            assert!(
                matches!(verify(&signed, &made), Verification::Unsupported(_)),
                "{exponent:?}"
            );
        }
    }

    #[test]
    fn one_key_verifies_on_many_threads_at_once() {
        let key = testing::rsa(2048);
        let signed = certificate(&rsa_certificate(&key, testing::SHA256_RSA, "SHA256"));
        let public = public(&key);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|_| assert_eq!(verify(&signed, &public), Verification::Valid)));
            }
        });
    }
}
