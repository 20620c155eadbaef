//! PKCS#12 (RFC 7292): files of certificates and private keys, read and written, and the encryption by password that they
//! share with private keys in PKCS#8.
//!
//! The input is hostile: iteration counts come from the file, and every derivation is paid for from a [`PasswordBudget`].

mod pbe;
mod read;
mod write;

pub use pbe::{PasswordBudget, Secrets, open_key};
pub use read::{Bag, read};
pub use write::{Contents, Encryption, Salts, write};

use crate::asn1::ber::Flaw;

/// Why something in a PKCS#12 file, or an encrypted private key, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It is protected, and no password was given.
    PasswordMissing,
    /// The password given, which may be empty, is not the one of the file.
    PasswordWrong,
    /// Begins as it should and goes wrong.
    Damaged {
        /// What is damaged.
        what: &'static str,
        /// How.
        flaw: Flaw,
    },
    /// Well formed, and beyond what is read here.
    Unsupported {
        /// What it is.
        what: String,
    },
    /// Over a limit.
    TooLarge {
        /// What is counted, in the plural.
        what: &'static str,
        /// The most that is accepted.
        limit: u64,
    },
}

impl Error {
    fn damaged(what: &'static str) -> impl Fn(Flaw) -> Self {
        move |flaw| Self::Damaged { what, flaw }
    }
}
