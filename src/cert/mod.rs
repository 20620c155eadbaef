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
mod signature;
#[cfg(test)]
mod testing;

pub use certificate::{Certificate, CertificateError, ExtendedKeyUsage};
pub use constraints::NameConstraints;
pub use key::{Curve, KeyId, KeyKind, PrivateKeyForm, PublicKey, public_key_of_private};
#[cfg(feature = "openssl")]
pub use library::initialise_openssl;
pub use name::Name;
pub use signature::{Digest, SignatureAlgorithm, SignatureInfo, Verification, foresee, verify};

/// Lower-case hex without separators.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    push_hex(&mut text, bytes);
    text
}

fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: [[u8; 2]; 256] = {
        let digits = b"0123456789abcdef";
        let mut table = [[0; 2]; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = [digits[byte >> 4], digits[byte & 15]];
            byte += 1;
        }
        table
    };
    // A chunk at a time keeps the check that this is UTF-8 out of the inner loop.
    let mut buffer = [0; 64];
    for chunk in bytes.chunks(32) {
        for (pair, &byte) in buffer.as_chunks_mut::<2>().0.iter_mut().zip(chunk) {
            *pair = DIGITS[usize::from(byte)];
        }
        let written = buffer.get(..chunk.len() * 2).unwrap_or_default();
        out.push_str(std::str::from_utf8(written).unwrap_or_default());
    }
}

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
