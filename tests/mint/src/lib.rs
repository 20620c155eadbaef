//! The one certificate minter: everything that tests, measurements and the demo need to be signed, and everything that
//! must be refused.
//!
//! It writes DER and signatures of its own, so that it can forge what no library would issue, and imports nothing of the
//! library under test. With its feature `openssl` it mints what is old and odd as well, forges keys, and is fast. Keys, serial numbers, times, nonces and salts are all worked out from
//! what is asked for: the same calls give the same bytes. Every key here is PUBLIC, by construction. What cannot be
//! minted panics: the caller is a test.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "its callers are tests: what cannot be minted fails them, and names say what is minted"
)]

pub mod ca;
pub mod cert;
pub mod container;
pub mod der;
pub mod estate;
#[cfg(feature = "openssl")]
pub mod forge;
pub mod key;
pub mod name;

pub use ca::Ca;
pub use cert::{Aki, Cert, CertBuilder, San, Ski, csr, usage};
pub use container::P12;
pub use estate::Estate;
pub use key::{Digest, Key, Pss};
pub use name::{Name, Text};

/// The instant that tests judge at, in seconds since 1970.
pub const NOW: i64 = 1_795_132_800;
/// [`NOW`] in a request.
pub const NOW_TEXT: &str = "2026-11-20T00:00:00Z";
pub const DAY: i64 = 86_400;
/// 2026-01-01: where certificates begin.
pub const PAST: i64 = 1_767_225_600;
/// 2028-01-01: where they end.
pub const FUTURE: i64 = 1_830_297_600;
/// 2020-01-01: where CA certificates begin.
pub const CA_PAST: i64 = 1_577_836_800;
/// 2040-01-01: where they end.
pub const CA_FUTURE: i64 = 2_208_988_800;

/// Lower-case hex without separators.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
