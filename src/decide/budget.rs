//! How much work one subject may cause. Counted in steps, never in time, so that the same request gives the same report.

/// Signatures checked for one subject: enough to try every key of a large machine store (some 500 roots) on a whole
/// store of certificates, and at the slowest key that is accepted still a matter of seconds.
const SIGNATURES: u32 = 16_384;
/// Steps of path building for one subject: a real hierarchy needs a handful, a hostile mesh of cross-certificates
/// could ask for any number.
const STEPS: u32 = 2_048;

/// What is left of the work allowed.
#[derive(Debug, Clone)]
pub struct Budget {
    signatures: u32,
    steps: u32,
    exhausted: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            signatures: SIGNATURES,
            steps: STEPS,
            exhausted: false,
        }
    }
}

impl Budget {
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
