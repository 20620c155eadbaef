//! Parsed certificates, their keys, and signatures.
//!
//! [`Certificate`] is read once and then answers questions; [`verify`] says whether a key signed it.

mod algorithm;
mod certificate;
mod constraints;
mod extensions;
mod hash;
mod key;
mod name;
mod post_quantum;
mod private;
#[cfg(test)]
mod testing;
mod text;
mod verify;

pub use crate::asn1::KeyEncoding;
pub use algorithm::{Curve, Digest, KeyKind, SignatureAlgorithm, SignatureFlaw, SignatureInfo};
pub use certificate::{Certificate, CertificateError, IssuingFlaw};
pub use constraints::NameConstraints;
pub use extensions::{ExtendedKeyUsage, UnreadableExtension};
pub use key::{KeyId, PublicKey};
pub use name::Name;
pub use post_quantum::{MlDsa, SlhDsa};
pub use private::PrivateKey;
pub use text::visible;
#[cfg(feature = "openssl")]
pub use verify::initialise_openssl;
pub use verify::{Verification, foresee, never_verifies, verify};

use crate::protocol::values::{hex, push_hex};
use hash::{sha1, sha256};
