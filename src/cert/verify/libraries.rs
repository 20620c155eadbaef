//! Which library does what: aws-lc-rs what it can, OpenSSL the rest.

use crate::cert::algorithm::{Curve, KeyKind, SignatureAlgorithm};
use crate::cert::post_quantum::MlDsa;

use super::verification::Verification;
use super::{aws_lc, openssl};

/// The libraries' forms of one public key, each made when first needed.
#[derive(Default)]
pub struct Libraries {
    aws_lc: aws_lc::Keys,
    openssl: openssl::Key,
}

impl Libraries {
    /// Whether the key of this kind, whose SubjectPublicKeyInfo is `spki`, made the signature of a message.
    pub fn verify(
        &self,
        (kind, spki): (&KeyKind, &[u8]),
        algorithm: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Verification {
        let verified = self.aws_lc.verify((kind, spki), algorithm, message, signature);
        verified.unwrap_or_else(|| self.openssl.verify(spki, algorithm, message, signature))
    }
}

/// The uncompressed form of a compressed point, where a library has the curve. `spki` holds the same point.
pub fn decompress(spki: &[u8], curve: &Curve, point: &[u8]) -> Option<Vec<u8>> {
    match aws_lc::has_curve(curve) {
        true => aws_lc::decompress(curve, point),
        false => openssl::decompress(spki),
    }
}

/// The uncompressed public point of an EC secret (as many octets as the field), where a library has the curve.
pub fn point_of_private(curve_oid: &[u8], curve: &Curve, secret: &[u8]) -> Option<Vec<u8>> {
    match curve {
        Curve::P256 | Curve::P384 | Curve::P521 => aws_lc::point_of_private(curve, secret),
        _ => openssl::point_of_private(curve_oid, secret),
    }
}

/// The public key of an Ed25519 secret.
pub fn ed25519_of_private(seed: &[u8]) -> Option<Vec<u8>> {
    aws_lc::ed25519_of_private(seed)
}

/// The public key of an Ed448 secret, where a library has the curve.
pub fn ed448_of_private(secret: &[u8]) -> Option<Vec<u8>> {
    openssl::ed448_of_private(secret)
}

/// The public key of an ML-DSA private key in PKCS#8, in any form of RFC 9881 §6: seed, expanded, or both, which must agree.
pub fn ml_dsa_of_private(set: MlDsa, pkcs8: &[u8]) -> Option<Vec<u8>> {
    aws_lc::ml_dsa_of_private(set, pkcs8)
}

/// Whether an RSAPrivateKey signs `message` so that the public key verifies it; `Some` where it does, here and below.
pub fn rsa_works(pkcs1: &[u8], spki: &[u8], message: &[u8]) -> Option<()> {
    openssl::rsa_works(pkcs1, spki, message)
}

/// Whether an EC secret is that of a point, and signs.
pub fn ec_works(curve_oid: &[u8], curve: &Curve, secret: &[u8], point: &[u8], message: &[u8]) -> Option<()> {
    match curve {
        Curve::P256 | Curve::P384 | Curve::P521 => aws_lc::ec_works(curve, secret, point, message),
        _ => openssl::ec_works(curve_oid, secret, point, message),
    }
}

/// Whether an Ed25519 seed is that of a public key, and signs.
pub fn ed25519_works(seed: &[u8], public: &[u8], message: &[u8]) -> Option<()> {
    aws_lc::ed25519_works(seed, public, message)
}

/// Whether an ML-DSA private key in PKCS#8 is that of a public key, and signs.
pub fn ml_dsa_works(set: MlDsa, pkcs8: &[u8], public: &[u8], message: &[u8]) -> Option<()> {
    aws_lc::ml_dsa_works(set, pkcs8, public, message)
}

/// Whether an Ed448 or SLH-DSA private key in PKCS#8 makes signatures that verify under a public key.
pub fn pkcs8_works(pkcs8: &[u8], spki: &[u8], message: &[u8]) -> Option<()> {
    openssl::pkcs8_works(pkcs8, spki, message)
}
