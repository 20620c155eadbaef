//! The answer of a library.

/// What came of verifying a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// The key made the signature.
    Valid,
    /// The key did not make the signature.
    Invalid,
    /// It cannot be told, for the reason given.
    Unsupported(&'static str),
}
