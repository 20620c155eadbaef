//! Which keys count, what they verify, and which keys rollover joins: the evidence, looked up and tried within a budget.

mod budget;
pub mod path;
mod refused;
mod rollover;
mod store;
mod verifier;

pub use budget::Budget;
pub use path::{Limit, MAX_DEPTH, Path};
pub use refused::{Refused, joining_certificate, refused_link};
pub use rollover::{JoinedKey, grow, lineage};
pub use store::CertificateStore;
pub use verifier::{Issuers, SignatureCache, SignatureVerifier, names_a_usable_key, unusable_key};
