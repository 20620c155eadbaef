//! Signatures: whether a key made the one of a certificate.
//!
//! The usual algorithms, ML-DSA among them, are verified by aws-lc-rs; what it lacks by OpenSSL, where the `openssl`
//! feature is on. Each library has its own file, and [`libraries`] chooses.

mod aws_lc;
pub(super) mod libraries;
#[cfg_attr(not(feature = "openssl"), path = "no_openssl.rs")]
mod openssl;
#[cfg(feature = "openssl")]
#[allow(unsafe_code, reason = "the crate does not wrap OpenSSL's own initialisation")]
mod openssl_setup;
#[cfg(test)]
mod tests;
pub(super) mod verification;

#[cfg(feature = "openssl")]
pub use openssl_setup::initialise_openssl;
pub use verification::Verification;

use super::algorithm::{KeyKind, SignatureAlgorithm};
use super::certificate::Certificate;
use super::key::PublicKey;
use crate::asn1::der::{self, Reader};

/// Whether `key` signed `certificate`. Whether the key may count at all is not asked here but for what makes a
/// verification meaningless: see [`PublicKey::usable_when_vouched`] and [`PublicKey::usable_when_found`].
///
/// Inner and outer algorithm must be the same and the signature whole octets ([`never_verifies`] tells these reasons
/// apart), and the algorithm must fit the key. MD2, MD4, MD5, DSA, keys with explicit curve parameters and what neither library has are [`Verification::Unsupported`].
pub fn verify(certificate: &Certificate, key: &PublicKey) -> Verification {
    if let Some(foreseen) = foresee(certificate, key) {
        return foreseen;
    }
    let algorithm = certificate.signature().algorithm();
    let signature = certificate.signature_value();
    if !is_well_formed(algorithm, key, signature) {
        return Verification::Invalid;
    }
    key.verify(algorithm, certificate.tbs(), signature)
}

/// What [`verify`] will say, where the algorithm and the kind of key decide that; `None` where the
/// signature must be checked.
pub fn foresee(certificate: &Certificate, key: &PublicKey) -> Option<Verification> {
    if never_verifies(certificate).is_some() {
        return Some(Verification::Invalid);
    }
    let scheme = match certificate.signature().algorithm() {
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
    if !certificate.signature().agrees() {
        return Some("its two signature algorithm fields, inside what is signed and beside it, differ");
    }
    (!certificate.signature_is_whole()).then_some("its signature field has unused bits, which no signature has")
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
