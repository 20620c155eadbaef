//! The algorithms of keys and signatures: their names, their parameters, and which of them count.

mod table;

use super::post_quantum::{MlDsa, SlhDsa};

use crate::asn1::der::{self, Reader};
use crate::asn1::oid;
use std::borrow::Cow;
#[cfg(feature = "openssl")]
pub(super) use table::NO_LIBRARY;
use table::{ALGORITHMS, BROKEN, DIGESTS, DSA, KNOWN_CURVES, Scheme};

/// What kind of key a SubjectPublicKeyInfo holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA (RFC 3279 §2.3.1, RFC 4055 §1.2).
    Rsa {
        /// Length of the modulus in bits.
        bits: u32,
        /// The public exponent; `None` where it is longer than 64 bits.
        exponent: Option<u64>,
        /// Whether the key is marked id-RSASSA-PSS, so that it makes no other signatures.
        pss_only: bool,
    },
    /// A point on a named curve (RFC 5480).
    Ec {
        /// The curve.
        curve: Curve,
    },
    /// An EC key that spells out its curve. Such a curve can be made to fit any signature (CVE-2020-0601).
    EcExplicit,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Ed448 (RFC 8410).
    Ed448,
    /// ML-DSA (RFC 9881).
    MlDsa(MlDsa),
    /// SLH-DSA (RFC 9909).
    SlhDsa(SlhDsa),
    /// DSA (RFC 3279 §2.3.2).
    Dsa,
    /// Another algorithm, or a key that cannot be understood: its dotted object identifier, empty if there is none.
    Other(String),
}

/// A named curve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256 (secp256r1, prime256v1).
    P256,
    /// NIST P-384 (secp384r1).
    P384,
    /// NIST P-521 (secp521r1).
    P521,
    /// Another curve whose name is known.
    Known {
        /// Its usual name, such as `brainpoolP256r1`.
        name: &'static str,
        /// Size of its field in bits.
        bits: u32,
    },
    /// A curve that is known only by its dotted object identifier.
    Other(String),
}

impl Curve {
    /// The usual name (`P-256`, `brainpoolP256r1`), else the dotted object identifier.
    pub fn name(&self) -> &str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
            Curve::Known { name, .. } => name,
            Curve::Other(oid) => oid,
        }
    }

    /// Size of the field in bits.
    pub fn bits(&self) -> Option<u32> {
        match self {
            Curve::P256 => Some(256),
            Curve::P384 => Some(384),
            Curve::P521 => Some(521),
            Curve::Known { bits, .. } => Some(*bits),
            Curve::Other(_) => None,
        }
    }

    /// By the contents of its object identifier.
    pub(super) fn from_oid(oid: &[u8]) -> Curve {
        match KNOWN_CURVES.iter().find(|(known, ..)| known.as_bytes() == oid) {
            Some((_, "P-256", _)) => Curve::P256,
            Some((_, "P-384", _)) => Curve::P384,
            Some((_, "P-521", _)) => Curve::P521,
            Some(&(_, name, bits)) => Curve::Known { name, bits },
            None => Curve::Other(oid::text(oid)),
        }
    }
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
    pub(super) fn length(self) -> usize {
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
            oid: oid::text(oid),
            why,
        };
        let Some((name, scheme)) = oid::find(ALGORITHMS, oid) else {
            let (name, algorithm) = match oid {
                [] => (
                    String::new(),
                    SignatureAlgorithm::Unsupported {
                        oid: String::new(),
                        why: UNREADABLE,
                    },
                ),
                _ => (oid::text(oid), unsupported("the signature algorithm is unknown")),
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
            Scheme::MlDsa(set) if parameters.is_empty() => (SignatureAlgorithm::MlDsa(set), None),
            Scheme::SlhDsa(set) if parameters.is_empty() => (SignatureAlgorithm::SlhDsa(set), None),
            Scheme::Ed25519 | Scheme::Ed448 | Scheme::MlDsa(_) | Scheme::SlhDsa(_) => (unsupported(PARAMETERS), None),
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
    /// Reads the DER of the parameters.
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
            read.mask = if oid == oid::MGF1.as_bytes() {
                hash(inner)?
            } else {
                None
            };
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
    pub fn allow(&self, digest: Digest, mask: Digest, salt_length: u32) -> bool {
        self.digest == Some(digest) && self.mask == Some(mask) && self.trailer == 1 && salt_length >= self.salt_length
    }
}

const PSS_UNREADABLE: &str = "the RSASSA-PSS parameters cannot be read";
const UNREADABLE: &str = "the signature algorithm cannot be read";
const PARAMETERS: &str = "the signature algorithm has parameters that it must not have";

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
    Some(oid::find(DIGESTS, oid))
}
