//! How much work one subject may cause. Counted in steps, never in time, so that the same request gives the same report.

/// Signatures checked for one subject, or for the reference: enough to try every key of a large machine store (some 500 roots) on a whole
/// store of certificates, and at the slowest key that is accepted still a matter of seconds.
const SIGNATURES: u32 = 16_384;
/// Steps of path building for one subject: a real hierarchy needs a handful, a hostile mesh of cross-certificates
/// could ask for any number.
const STEPS: u32 = 2_048;

/// Of each, for every member of the reference besides: one whose CA is not at hand is tried with the keys of a whole
/// machine store, and at level root its path is walked.
const SIGNATURES_FOR_A_MEMBER: u32 = 512;
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

    /// Takes one signature check; false when none is left.
    pub fn signature(&mut self) -> bool {
        Self::take(&mut self.signatures, &mut self.exhausted)
    }

    /// Takes one step of path building; false when none is left.
    pub fn step(&mut self) -> bool {
        Self::take(&mut self.steps, &mut self.exhausted)
    }

    /// Whether something was not tried for want of budget.
    pub fn exhausted(&self) -> bool {
        self.exhausted
    }

    fn take(left: &mut u32, exhausted: &mut bool) -> bool {
        match left.checked_sub(1) {
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
