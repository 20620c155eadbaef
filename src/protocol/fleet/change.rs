//! Drift and expiry: what has changed, and what will.

use schemars::JsonSchema;
use serde::Serialize;

use crate::protocol::report::Status;
use crate::protocol::time::Timestamp;

use super::Text;

/// When the subjects' certificates end, seen from `as_of`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Expiry {
    /// Subjects whose certificates have ended.
    pub expired: usize,
    /// Subjects by the calendar month (UTC) in which their certificates end: this month and the 23 that follow.
    pub months: Vec<ExpiryMonth>,
    /// Subjects whose certificates end later.
    pub later: usize,
    /// The certificates that end next, soonest first.
    pub soonest: Vec<ExpirySoon>,
}

/// One month of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ExpiryMonth {
    /// `YYYY-MM`.
    pub month: String,
    /// Subjects whose certificates end in it, and have not ended at `as_of`.
    pub subjects: usize,
}

/// A certificate that ends soon.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ExpirySoon {
    /// Its end.
    pub not_after: Timestamp,
    /// The node or host, or the source of a report without either.
    pub host: Text,
    /// The subject.
    pub subject: Text,
}

/// What changed since the previous fleet report. Failing means: what the report says is not compliant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Drift {
    /// The previous report's `as_of`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Failing now, and not before, or not known before.
    pub newly_failing: Vec<DriftEntry>,
    /// Compliant now, and failing before.
    pub fixed: Vec<DriftEntry>,
    /// Failing now and before.
    pub still_failing: Vec<DriftEntry>,
    /// Known before, and no report speaks of it now.
    pub gone: Vec<DriftEntry>,
    /// Records that were not known before, failing or not.
    pub appeared: usize,
}

/// One host and requirement in the drift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DriftEntry {
    /// The node, or else the host.
    pub host: Text,
    /// The requirement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirement: Option<Text>,
    /// What was said before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Status>,
    /// What is said now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Status>,
}
