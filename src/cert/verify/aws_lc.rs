//! aws-lc-rs: the usual signatures and ML-DSA, with the private keys of the same kinds tried.

use std::sync::OnceLock;

use aws_lc_rs::agreement::{ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey};
use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self as aws, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm,
    UnparsedPublicKey, VerificationAlgorithm,
};

use crate::asn1::key::public_key_octets;
use crate::cert::algorithm::{Curve, Digest, KeyKind, SignatureAlgorithm};
use crate::cert::post_quantum::MlDsa;

use super::verification::Verification;

/// The forms of one public key, each made when first needed; `None` inside is a key that the library refuses.
#[derive(Default)]
pub struct Keys([OnceLock<Option<ParsedPublicKey>>; SLOTS]);

impl Keys {
    /// `None` where the library lacks the algorithm for such a key, or refuses the key.
    pub fn verify(
        &self,
        (kind, spki): (&KeyKind, &[u8]),
        signed_with: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Option<Verification> {
        let (slot, algorithm) = algorithm(kind, signed_with)?;
        let parse = || ParsedPublicKey::new(algorithm, public_key_octets(spki)?).ok();
        let key = self.0.get(slot)?.get_or_init(parse).as_ref()?;
        // A digest made beforehand spares the library a context of its own and two copies of it.
        let verified = match digest_algorithm(signed_with) {
            Some(algorithm) => key.verify_digest_sig(&digest::digest(algorithm, message), signature),
            None => key.verify_sig(message, signature),
        };
        Some(match verified {
            Ok(()) => Verification::Valid,
            Err(_) => Verification::Invalid,
        })
    }
}

/// Whether points of a curve can be decompressed.
pub fn has_curve(curve: &Curve) -> bool {
    curve_algorithm(curve).is_some()
}

/// The uncompressed form of a compressed point.
pub fn decompress(curve: &Curve, point: &[u8]) -> Option<Vec<u8>> {
    let key = ParsedPublicKey::new(curve_algorithm(curve)?, point).ok()?;
    let canonical = key.as_der().ok()?;
    let point = public_key_octets(canonical.as_ref())?;
    (point.first() == Some(&4)).then(|| point.to_vec())
}

/// The uncompressed public point of an EC secret, as many octets as the field.
pub fn point_of_private(curve: &Curve, secret: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match curve {
        Curve::P256 => &ECDH_P256,
        Curve::P384 => &ECDH_P384,
        Curve::P521 => &ECDH_P521,
        _ => return None,
    };
    let key = PrivateKey::from_private_key(algorithm, secret).ok()?;
    Some(key.compute_public_key().ok()?.as_ref().to_vec())
}

/// The public key of an Ed25519 secret.
pub fn ed25519_of_private(seed: &[u8]) -> Option<Vec<u8>> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    Some(pair.public_key().as_ref().to_vec())
}

/// The public key of an ML-DSA private key in PKCS#8.
pub fn ml_dsa_of_private(set: MlDsa, pkcs8: &[u8]) -> Option<Vec<u8>> {
    let pair = PqdsaKeyPair::from_pkcs8(ml_dsa_algorithms(set).0, pkcs8).ok()?;
    Some(pair.public_key().as_ref().to_vec())
}

/// Whether an RSAPrivateKey signs `message` so that the public key verifies it. It passes over wrong numbers that others
/// use, so it is asked only where OpenSSL is not built in.
#[cfg(not(feature = "openssl"))]
pub fn rsa_works(pkcs1: &[u8], spki: &[u8], message: &[u8]) -> Option<()> {
    let pair = aws::RsaKeyPair::from_der(pkcs1).ok()?;
    let mut made = vec![0; pair.public_modulus_len()];
    pair.sign(&aws::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut made)
        .ok()?;
    let public = UnparsedPublicKey::new(&aws::RSA_PKCS1_2048_8192_SHA256, public_key_octets(spki)?);
    public.verify(message, &made).ok()
}

/// Whether an EC secret is that of a point, and signs.
pub fn ec_works(curve: &Curve, secret: &[u8], point: &[u8], message: &[u8]) -> Option<()> {
    let (signing, verifying): (_, &dyn VerificationAlgorithm) = match curve {
        Curve::P256 => (&aws::ECDSA_P256_SHA256_ASN1_SIGNING, &aws::ECDSA_P256_SHA256_ASN1),
        Curve::P384 => (&aws::ECDSA_P384_SHA384_ASN1_SIGNING, &aws::ECDSA_P384_SHA384_ASN1),
        Curve::P521 => (&aws::ECDSA_P521_SHA512_ASN1_SIGNING, &aws::ECDSA_P521_SHA512_ASN1),
        _ => return None,
    };
    let pair = EcdsaKeyPair::from_private_key_and_public_key(signing, secret, point).ok()?;
    let made = pair.sign(&SystemRandom::new(), message).ok()?;
    UnparsedPublicKey::new(verifying, point)
        .verify(message, made.as_ref())
        .ok()
}

/// Whether an Ed25519 seed is that of a public key, and signs.
pub fn ed25519_works(seed: &[u8], public: &[u8], message: &[u8]) -> Option<()> {
    let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public).ok()?;
    let made = pair.sign(message);
    UnparsedPublicKey::new(&aws::ED25519, public)
        .verify(message, made.as_ref())
        .ok()
}

/// Whether an ML-DSA private key in PKCS#8 is that of a public key, and signs.
pub fn ml_dsa_works(set: MlDsa, pkcs8: &[u8], public: &[u8], message: &[u8]) -> Option<()> {
    let (signing, verifying) = ml_dsa_algorithms(set);
    let pair = PqdsaKeyPair::from_pkcs8(signing, pkcs8).ok()?;
    (pair.public_key().as_ref() == public).then_some(())?;
    let mut made = vec![0; set.lengths().1];
    let length = pair.sign(message, &mut made).ok()?;
    let public = UnparsedPublicKey::new(verifying, public);
    public.verify(message, made.get(..length)?).ok()
}

/// One slot a digest and padding: aws-lc-rs ties a parsed key to its algorithm.
const SLOTS: usize = 7;

/// The algorithm of aws-lc-rs for such a signature under such a key, and the slot of the parsed key.
pub fn algorithm(kind: &KeyKind, scheme: &SignatureAlgorithm) -> Option<(usize, &'static dyn VerificationAlgorithm)> {
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
fn digest_algorithm(scheme: &SignatureAlgorithm) -> Option<&'static digest::Algorithm> {
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

fn curve_algorithm(curve: &Curve) -> Option<&'static dyn VerificationAlgorithm> {
    match curve {
        Curve::P256 => Some(&aws::ECDSA_P256_SHA256_ASN1),
        Curve::P384 => Some(&aws::ECDSA_P384_SHA384_ASN1),
        Curve::P521 => Some(&aws::ECDSA_P521_SHA512_ASN1),
        Curve::Known { name: "secp256k1", .. } => Some(&aws::ECDSA_P256K1_SHA256_ASN1),
        _ => None,
    }
}

fn ml_dsa_algorithms(set: MlDsa) -> (&'static PqdsaSigningAlgorithm, &'static dyn VerificationAlgorithm) {
    match set {
        MlDsa::MlDsa44 => (&aws::ML_DSA_44_SIGNING, &aws::ML_DSA_44),
        MlDsa::MlDsa65 => (&aws::ML_DSA_65_SIGNING, &aws::ML_DSA_65),
        MlDsa::MlDsa87 => (&aws::ML_DSA_87_SIGNING, &aws::ML_DSA_87),
    }
}
