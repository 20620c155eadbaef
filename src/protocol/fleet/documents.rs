//! What was read, and which hosts did not report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::protocol::word::word;

use super::Text;

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReportsRead {
    /// Reports that were read.
    pub read: u64,
    /// Of these, reports that a newer one of the same host and requirement took the place of.
    pub superseded: u64,
    /// Files and lines that could not be read.
    pub unreadable: u64,
    /// The first thousand of them.
    pub unreadable_named: Vec<Unreadable>,
}

/// A file or line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Unreadable {
    /// The file, as it was named; `-` for standard input.
    pub source: Text,
    /// The line, from 1, where the file holds a document a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Why, as a stable code.
    pub code: UnreadableCode,
    /// Why, in one sentence.
    pub message: Text,
}

/// Why something could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnreadableCode {
    /// The file itself could not be read.
    BadFile,
    /// It is no JSON in UTF-8, or was cut off.
    BadJson,
    /// It is a report by its looks, and not by its fields.
    BadReport,
    /// It is JSON, and no report.
    NotAReport,
    /// It is of another version of the protocol.
    UnsupportedProtocol,
    /// It is larger than the limit.
    TooLarge,
    /// It is an error object, which stands where a report would have.
    Error,
}

impl UnreadableCode {
    /// The word that the protocol uses.
    pub fn as_str(self) -> &'static str {
        word(&self)
    }
}

/// An expected host that did not report, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MissingHost {
    /// The host.
    pub host: Text,
    /// What kept it from reporting.
    pub reason: MissingReason,
    /// What was said of it, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Text>,
}

impl MissingHost {
    /// The reason in one line.
    pub fn words(&self) -> String {
        match &self.message {
            Some(message) => format!("{}: {message}", self.reason.as_str()),
            None => self.reason.as_str().to_owned(),
        }
    }
}

/// What kept a host from reporting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissingReason {
    /// It could not be reached.
    Unreachable,
    /// It was reached, and has no same-ca.
    NoBinary,
    /// It was asked, and what asks failed without a report.
    ModuleFailure,
    /// It was left out.
    Skipped,
    /// It was not asked.
    NotAsked,
}

impl MissingReason {
    /// Every reason, in the order in which the first one counts where several are given.
    pub const ALL: [MissingReason; 5] = [
        MissingReason::Unreachable,
        MissingReason::NoBinary,
        MissingReason::ModuleFailure,
        MissingReason::Skipped,
        MissingReason::NotAsked,
    ];

    /// The word that the protocol uses.
    pub fn as_str(self) -> &'static str {
        word(&self)
    }
}

/// A node whose reports name more than one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SharedNode {
    /// The node.
    pub node: Text,
    /// The first hosts that its reports name, by name.
    pub hosts: Vec<Text>,
}
