//! Trying private keys: last of all, and no more than a subject may cost.

use std::sync::Arc;

use crate::cert::{PrivateKey, PublicKey};

/// What trying private keys may cost for one subject, in units of some hundred microseconds: ten seconds, enough for five
/// keys of the slowest kind (the small signatures of SLH-DSA) and for a thousand of RSA.
const TRIALS: u32 = 100_000;

/// The private keys that a source carries, and what to call the source.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// The keys, as far as they say whose they are.
    pub keys: Arc<[Arc<PrivateKey>]>,
    /// What holds them: `pchat01.pfx`.
    pub place: String,
}

/// What came of looking for the private key of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFound {
    /// It is there, and works, or its keeper says so.
    Present,
    /// It is not there.
    Missing,
    /// Another certificate's is there in its place, and works.
    Mismatch,
    /// Nothing is known.
    Unknown,
    /// It was not tried, because too many others were.
    Untried,
}

/// What is left of the work allowed.
#[derive(Debug, Clone)]
pub struct Trials {
    left: u32,
}

impl Default for Trials {
    fn default() -> Self {
        Trials { left: TRIALS }
    }
}

impl Trials {
    /// Whether one of these keys works for a public key; `None` where that was not tried to the end.
    pub fn any_works(&mut self, keys: &[Arc<PrivateKey>], wanted: &PublicKey) -> Option<bool> {
        self.first(keys.iter().filter(|private| private.id() == wanted.id()))
    }

    /// Looks for the private key of a certificate among these.
    pub fn find(&mut self, keys: &[Arc<PrivateKey>], wanted: &PublicKey) -> KeyFound {
        match self.any_works(keys, wanted) {
            Some(true) => return KeyFound::Present,
            None => return KeyFound::Untried,
            Some(false) => {}
        }
        // Whether it is another's changes only what is said.
        match self.first(keys.iter().filter(|private| private.id() != wanted.id())) {
            Some(true) => KeyFound::Mismatch,
            Some(false) | None => KeyFound::Missing,
        }
    }

    /// A key costs the same whether it was tried before or not, so that the order of subjects changes nothing.
    fn first<'k>(&mut self, mut keys: impl Iterator<Item = &'k Arc<PrivateKey>>) -> Option<bool> {
        loop {
            let Some(private) = keys.next() else { return Some(false) };
            self.left = self.left.checked_sub(private.cost())?;
            if private.works() {
                return Some(true);
            }
        }
    }
}
