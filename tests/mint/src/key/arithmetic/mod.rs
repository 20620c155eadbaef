//! The arithmetic of keys, by OpenSSL where it is built in, and by ourselves for what the demo needs. Both give the same
//! (`the_minter_needs_no_openssl_for_the_demo`).

#[cfg(feature = "openssl")]
pub mod by_openssl;
pub mod plain;

#[cfg(feature = "openssl")]
pub use by_openssl::{is_prime, md5, mod_exp, multiply, order};
#[cfg(not(feature = "openssl"))]
pub use plain::{is_prime, md5, mod_exp, multiply, order};
