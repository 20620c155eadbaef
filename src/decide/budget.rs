//! How much work one subject may cause. Counted in steps, never in time, so that the same request gives the same report.

use crate::cert::{Curve, KeyKind, PublicKey};

/// Work on signatures for one subject, or for the reference, in units of some ten microseconds: enough to try every key
/// of a large machine store (some 500 roots) on a whole store of certificates, and with the slowest keys that are
/// accepted still a matter of a second or two.
const SIGNATURES: u32 = 131_072;
/// Steps of path building for one subject: a real hierarchy needs a handful, a hostile mesh of cross-certificates
/// could ask for any number.
const STEPS: u32 = 2_048;
/// Of each, for every member of the reference besides: one whose CA is not at hand is tried with the keys of a whole
/// machine store, and at level root its path is walked.
const SIGNATURES_FOR_A_MEMBER: u32 = 4_096;
const STEPS_FOR_A_MEMBER: u32 = 64;

/// What is left of the work allowed.
#[derive(Debug, Clone)]
pub struct Budget {
    signatures: u32,
    steps: u32,
    exhausted: bool,
}

impl Budget {
    /// For a reference of so many members, by itself or with a subject.
    pub fn of(members: usize) -> Self {
        let members = u32::try_from(members).unwrap_or(u32::MAX);
        Budget {
            signatures: SIGNATURES.saturating_add(members.saturating_mul(SIGNATURES_FOR_A_MEMBER)),
            steps: STEPS.saturating_add(members.saturating_mul(STEPS_FOR_A_MEMBER)),
            exhausted: false,
        }
    }

    /// Takes one signature check with a key; false when not enough is left.
    pub fn signature(&mut self, key: &PublicKey) -> bool {
        Self::take(&mut self.signatures, cost(key), &mut self.exhausted)
    }

    /// Takes one step of path building; false when none is left.
    pub fn step(&mut self) -> bool {
        Self::take(&mut self.steps, 1, &mut self.exhausted)
    }

    /// Whether something was not tried for want of budget.
    pub fn exhausted(&self) -> bool {
        self.exhausted
    }

    fn take(left: &mut u32, cost: u32, exhausted: &mut bool) -> bool {
        match left.checked_sub(cost) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => {
                *exhausted = true;
                false
            }
        }
    }
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
