//! ASN.1: the only code that walks encodings by hand.
//!
//! [`der`] and [`ber`] read, strictly and without copying; [`time`] reads times; [`oid`] names the object identifiers; [`key`] turns
//! private keys into the one form that everything reads. What is written is written by RustCrypto's `der`, which refuses
//! BER and therefore cannot read for us.

pub mod ber;
pub mod der;
pub mod key;
pub mod oid;
#[cfg(test)]
pub mod testing;
pub mod time;

pub use key::KeyEncoding;
