//! Parsed certificates, their keys, and signatures.
//!
//! [`Certificate`] is read once and then answers questions; [`verify`] says whether a key signed it.

mod algorithm;
mod certificate;
mod constraints;
mod extensions;
mod key;
mod name;
mod private;
#[cfg(test)]
mod testing;
mod text;
mod verify;

pub use crate::asn1::KeyEncoding;
pub use algorithm::{Curve, Digest, KeyKind, MlDsa, SignatureAlgorithm, SignatureFlaw, SignatureInfo, SlhDsa};
pub use certificate::{Certificate, CertificateError, IssuingFlaw};
pub use constraints::NameConstraints;
pub use extensions::{ExtendedKeyUsage, UnreadableExtension};
pub use key::{KeyId, PublicKey};
pub use name::Name;
pub use private::PrivateKey;
pub use text::visible;
#[cfg(feature = "openssl")]
pub use verify::initialise_openssl;
pub use verify::{Verification, foresee, never_verifies, verify};

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
