//! The state of a record, and the totals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::protocol::word::word;

/// What holds for a record, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The rule is kept.
    Compliant,
    /// The rule is not kept or not proven, and waivers in force cover each reason.
    Waived,
    /// It could not be told.
    #[default]
    Undetermined,
    /// The report is too old to say what holds now. One that says that the rule is broken stays noncompliant.
    Stale,
    /// An expected host of which no report speaks.
    Missing,
    /// The rule is broken.
    Noncompliant,
}

impl State {
    /// Every state, the worst first.
    pub const ALL: [State; 6] = [
        State::Noncompliant,
        State::Missing,
        State::Stale,
        State::Undetermined,
        State::Waived,
        State::Compliant,
    ];

    /// The word that the protocol uses.
    pub fn as_str(self) -> &'static str {
        word(&self)
    }
}

/// How many records are in which state; of `missing`, how many hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Totals {
    /// Records that keep the rule, proven.
    pub compliant: usize,
    /// Records whose every reason is covered by a waiver in force.
    pub waived: usize,
    /// Records that break the rule.
    pub noncompliant: usize,
    /// Records of which it could not be told.
    pub undetermined: usize,
    /// Records that are too old to count, and do not break the rule.
    pub stale: usize,
    /// Expected hosts of which no report speaks.
    pub missing: usize,
}

impl Totals {
    /// The number of a state.
    pub fn of(&self, state: State) -> usize {
        match state {
            State::Compliant => self.compliant,
            State::Waived => self.waived,
            State::Undetermined => self.undetermined,
            State::Stale => self.stale,
            State::Missing => self.missing,
            State::Noncompliant => self.noncompliant,
        }
    }

    /// Adds those of other records.
    pub fn add(&mut self, other: &Totals) {
        let Totals {
            compliant,
            waived,
            noncompliant,
            undetermined,
            stale,
            missing,
        } = other;
        self.compliant += compliant;
        self.waived += waived;
        self.noncompliant += noncompliant;
        self.undetermined += undetermined;
        self.stale += stale;
        self.missing += missing;
    }

    /// Counts one more of a state.
    pub fn count(&mut self, state: State) {
        let number = match state {
            State::Compliant => &mut self.compliant,
            State::Waived => &mut self.waived,
            State::Undetermined => &mut self.undetermined,
            State::Stale => &mut self.stale,
            State::Missing => &mut self.missing,
            State::Noncompliant => &mut self.noncompliant,
        };
        *number += 1;
    }
}
