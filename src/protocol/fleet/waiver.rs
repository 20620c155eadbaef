//! Waivers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::protocol::word::word;

use super::Text;

/// A waiver and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct WaiverReport {
    /// The waiver as given.
    pub waiver: Waiver,
    /// What became of it.
    pub state: WaiverState,
    /// Records that it covers something of.
    pub records: usize,
}

/// An exception that somebody answers for. What it does not name, it covers all of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The host or node: a name, or a pattern with `*` and `?`; case does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Text>,
    /// The requirement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<Text>,
    /// The subject's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Text>,
    /// The finding's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Text>,
    /// SHA-256 or SHA-1 of the subject's certificate: another certificate is not covered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Text>,
    /// Why it is borne.
    pub reason: Text,
    /// Where it is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Text>,
    /// Who approved it.
    pub approved_by: Text,
    /// When: a date or an instant. It is not in force before.
    pub approved_at: Text,
    /// Until when: a date, whose whole day (UTC) counts, or an instant.
    pub until: Text,
}

/// What became of a waiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverState {
    /// It covers something.
    Used,
    /// It is in force and covers nothing.
    Unused,
    /// Its date is past: it covers nothing any more.
    Expired,
    /// It was approved later than `as_of`.
    NotYet,
}

impl WaiverState {
    /// The word that the protocol uses.
    pub fn as_str(self) -> &'static str {
        word(&self)
    }
}
