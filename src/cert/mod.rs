//! Parsed certificates, and the one place that calls a crypto library.
//!
//! [`Certificate`] is read once and then answers questions; [`verify`] says whether a key signed it.

mod certificate;
mod constraints;
mod der;
mod key;
#[cfg(feature = "openssl")]
#[allow(unsafe_code, reason = "the crate does not wrap OpenSSL's own initialisation")]
mod library;
mod name;
mod private;
mod signature;
#[cfg(test)]
mod testing;

pub use certificate::{Certificate, CertificateError, ExtendedKeyUsage, IssuingFlaw, UnreadableExtension, visible};
pub use constraints::NameConstraints;
pub use key::{Curve, KeyId, KeyKind, PrivateKeyForm, PublicKey};
#[cfg(feature = "openssl")]
pub use library::initialise_openssl;
pub use name::Name;
pub use private::PrivateKey;
pub use signature::{
    Digest, MlDsa, SignatureAlgorithm, SignatureFlaw, SignatureInfo, SlhDsa, Verification, foresee, never_verifies,
    verify,
};

use crate::protocol::values::{hex, push_hex};

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    out
}

fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
    out
}
