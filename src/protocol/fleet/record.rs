//! One report of one host and requirement.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::protocol::finding::Severity;
use crate::protocol::report::{KeyFrom, Proof, Relation, Status};
use crate::protocol::time::Timestamp;
use crate::protocol::values::{Sha256Hex, Thumbprint};

use super::Text;
use super::state::State;

/// The newest report of one node, or else host, on one requirement. A report without either is a record of its own.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Record {
    /// What the caller's inventory calls the host, where the report says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Text>,
    /// The host; absent where the report names none: then `node` or `source` says which it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Text>,
    /// The requirement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<Text>,
    /// When it was collected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected_at: Option<Timestamp>,
    /// The instant at which validity was judged.
    pub valid_at: Timestamp,
    /// What the report says.
    pub status: Status,
    /// What holds now, waivers and age considered.
    #[serde(skip_deserializing)]
    pub state: State,
    /// Whether the report is older than `max_age`.
    #[serde(skip_deserializing, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// Whether the report is from the future of `as_of`. It counts only where no other report speaks of its host.
    #[serde(skip_deserializing, skip_serializing_if = "std::ops::Not::not")]
    pub from_future: bool,
    /// The first hosts, by name, that reports of the same node and requirement name, where they name more than one.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub hosts_of_node: Box<[Text]>,
    /// The waivers in force that cover something of it, by their zero-based place in `waivers`.
    #[serde(skip_deserializing, skip_serializing_if = "<[_]>::is_empty")]
    pub waived_by: Box<[usize]>,
    /// The file that it was read from, as it was named; `-` for standard input.
    pub source: Text,
    /// The line, from 1, where the file holds a document a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// SHA-256 of the report as it was read.
    pub sha256: Sha256Hex,
    /// The reference that it was judged against: an id of `references`.
    pub reference: Text,
    /// The subjects, in the order of the report.
    pub subjects: Box<[RecordSubject]>,
    /// The subjects in full, as the report has them, with their evidence: kept in fleets of at most 5,000 records, of
    /// reports whose subjects take at most 32 KiB. Elsewhere `source` has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<serde_json::Map<String, serde_json::Value>>>")]
    pub details: Option<Box<RawValue>>,
}

impl Record {
    /// When it was collected, or where that is not said, the instant that it judges.
    pub fn time(&self) -> Timestamp {
        self.collected_at.unwrap_or(self.valid_at)
    }

    /// What it is known by: its node, or else its host.
    pub fn called(&self) -> Option<&Text> {
        self.node.as_ref().or(self.host.as_ref())
    }
}

/// One subject in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecordSubject {
    /// What to call it.
    pub name: Text,
    /// What the server uses the certificate for.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<Text>,
    /// Whether it keeps the rule; absent where it was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// How it stands to the reference's CA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// How the relation is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// The key that verified its certificate, matching or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_by: Option<Arc<RecordIssuer>>,
    /// Its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<RecordCertificate>,
    /// What was found about it.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub findings: Box<[RecordFinding]>,
}

/// The key that verified a certificate, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecordIssuer {
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub key_sha256: Sha256Hex,
    /// Subject of the CA certificate that carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Text>,
    /// Where that certificate came from.
    pub key_from: KeyFrom,
}

/// A certificate in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecordCertificate {
    /// Subject as an RFC 4514 string.
    pub subject: Box<str>,
    /// Issuer as an RFC 4514 string.
    pub issuer: Text,
    /// First instant of the validity period.
    pub not_before: Timestamp,
    /// Last instant of the validity period.
    pub not_after: Timestamp,
    /// SHA-1 of the DER certificate (Windows calls it the thumbprint).
    pub sha1: Thumbprint,
    /// SHA-256 of the DER certificate.
    pub sha256: Sha256Hex,
}

/// A finding in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecordFinding {
    /// Its code, as the report has it.
    pub code: Text,
    /// How much it weighs.
    pub severity: Severity,
    /// What was found.
    pub message: Text,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Text>,
}
