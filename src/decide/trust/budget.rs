//! How much work a verdict may cost. Counted in steps, never in time, so that the same request gives the same report.

use crate::cert::{Curve, KeyKind, PublicKey};

/// Signature checks of one rank for one member or one subject, in units of some ten microseconds: enough to try two
/// thousand keys of each usual curve, or ten thousand of RSA, and a matter of seconds with the slowest.
const SIGNATURES: u32 = 262_144;
/// Steps of path building of one rank: a real hierarchy needs a handful, a hostile mesh of cross-certificates could ask
/// for any number.
const STEPS: u32 = 2_048;
/// Again for every further certificate that may stand for one subject, since a folder of candidates may hold many: enough
/// for the trusted keys of a machine store, and for the untrusted keys of the authority.
const TRUSTED_FOR_EACH: u32 = 4_096;
const UNTRUSTED_FOR_EACH: u32 = 16;
const STEPS_FOR_EACH: u32 = 64;

/// Which of the two budgets a piece of work is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purse {
    /// A trusted key, tried on a certificate that is judged or trusted: nothing untrusted can spend this.
    Trusted,
    /// Everything else.
    Untrusted,
}

/// What is left of the work allowed for one member or one subject.
#[derive(Debug, Clone)]
pub struct Budget {
    trusted: Allowance,
    untrusted: Allowance,
}

#[derive(Debug, Clone)]
struct Allowance {
    signatures: u32,
    steps: u32,
    exhausted: bool,
}

impl Budget {
    /// For one judgement over so many certificates.
    pub fn of(certificates: usize) -> Self {
        let more = u32::try_from(certificates.saturating_sub(1)).unwrap_or(u32::MAX);
        let allowance = |signatures_for_each: u32| Allowance {
            signatures: SIGNATURES.saturating_add(more.saturating_mul(signatures_for_each)),
            steps: STEPS.saturating_add(more.saturating_mul(STEPS_FOR_EACH)),
            exhausted: false,
        };
        Budget {
            trusted: allowance(TRUSTED_FOR_EACH),
            untrusted: allowance(UNTRUSTED_FOR_EACH),
        }
    }

    /// Takes one signature check with a key; false when not enough is left.
    pub fn signature(&mut self, key: &PublicKey, purse: Purse) -> bool {
        let allowance = self.allowance(purse);
        take(&mut allowance.signatures, cost(key), &mut allowance.exhausted)
    }

    /// Takes one step of path building; false when none is left.
    pub fn step(&mut self, purse: Purse) -> bool {
        let allowance = self.allowance(purse);
        take(&mut allowance.steps, 1, &mut allowance.exhausted)
    }

    fn allowance(&mut self, purse: Purse) -> &mut Allowance {
        match purse {
            Purse::Trusted => &mut self.trusted,
            Purse::Untrusted => &mut self.untrusted,
        }
    }
}

fn take(left: &mut u32, cost: u32, exhausted: &mut bool) -> bool {
    match left.checked_sub(cost) {
        Some(rest) => *left = rest,
        None => *exhausted = true,
    }
    !*exhausted
}

/// What one signature check costs, as measured, in the same units: with RSA the square of the length, and between an
/// RSA key of 2048 bits and one of 16384 lies a factor of a hundred.
fn cost(key: &PublicKey) -> u32 {
    match key.kind() {
        KeyKind::Rsa { bits, .. } => (bits.saturating_mul(*bits) >> 20).max(1),
        KeyKind::Ec { curve: Curve::P256 } | KeyKind::Ed25519 => 8,
        KeyKind::Ec { curve: Curve::P384 } => 32,
        _ => 72,
    }
}
