//! Fleet reports: what the reports of many hosts say together.
//!
//! What was read (`records`, `references`, and of `reports` the counts) is read back when fleet reports are joined. All
//! the rest is worked out from it, anew each time.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::finding::Severity;
use super::report::{JoinedBy, KeyFrom, Proof, Relation, Revocation, Status, Tool};
use super::time::Timestamp;
use super::values::{Sha256Hex, Span, Thumbprint};
use super::word::word;

/// A text that many records share.
pub type Text = Arc<str>;

/// One fleet report.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "FleetReport")]
pub struct FleetReport<R = Vec<Box<Record>>> {
    /// Always 1.
    pub protocol: u32,
    /// Always `fleet`.
    pub kind: FleetKind,
    /// The program that wrote it.
    pub tool: Tool,
    /// The instant at which age, waivers and expiry are judged: the clock unless another was asked for. Absent where the
    /// newest time in the reports was asked for and there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The age from which on a report is stale, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Span>,
    /// The worst state there is; `undetermined` at best where nothing was read or something could not be read.
    pub status: State,
    /// Whether every record is compliant, none of them stale or missing, and everything could be read.
    pub compliant: bool,
    /// Revocation is never checked, and this says so.
    pub revocation: Revocation,
    /// The verdict in one sentence.
    pub message: String,
    /// How many records are in which state. `missing` counts hosts: never add these together.
    pub totals: Totals,
    /// What was read.
    pub reports: ReportsRead,
    /// Expected hosts that no report speaks of.
    pub missing: Vec<Text>,
    /// Why hosts of `missing` did not report, where it is known, in the same order.
    pub missing_reasons: Vec<MissingHost>,
    /// The CAs of the estate, those that references allow first.
    pub authorities: Vec<EstateAuthority>,
    /// What was found, grouped by code and severity, the gravest first.
    pub findings: Vec<FindingGroup>,
    /// When the subjects' certificates end.
    pub expiry: Expiry,
    /// What changed since the previous fleet report, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// The waivers that were given, in their order, and what became of them.
    pub waivers: Vec<WaiverReport>,
    /// Reports from the future of `as_of` that count for nothing, because another report speaks of the same host and
    /// requirement. They are kept so that fleet reports can be joined.
    pub set_aside: Vec<Box<Record>>,
    /// Nodes whose reports name more than one host.
    pub shared_nodes: Vec<SharedNode>,
    /// The references that the records were judged against, by id.
    pub references: Vec<FleetReference>,
    /// One record a node (or else host) and requirement, by name.
    pub records: R,
}

impl FleetReport {
    /// The same without its records, which are then written by themselves.
    pub fn without_records(&self) -> FleetReport<[(); 0]> {
        FleetReport {
            protocol: self.protocol,
            kind: self.kind,
            tool: self.tool.clone(),
            as_of: self.as_of,
            max_age: self.max_age,
            status: self.status,
            compliant: self.compliant,
            revocation: self.revocation,
            message: self.message.clone(),
            totals: self.totals,
            reports: self.reports.clone(),
            missing: self.missing.clone(),
            missing_reasons: self.missing_reasons.clone(),
            authorities: self.authorities.clone(),
            findings: self.findings.clone(),
            expiry: self.expiry.clone(),
            drift: self.drift.clone(),
            waivers: self.waivers.clone(),
            set_aside: self.set_aside.clone(),
            shared_nodes: self.shared_nodes.clone(),
            references: self.references.clone(),
            records: [],
        }
    }
}

/// What kind of document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FleetKind {
    /// A fleet report.
    #[serde(rename = "fleet")]
    Fleet,
}

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

/// A reference that records were judged against, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FleetReference {
    /// The first half of the SHA-256 of the rest as JSON.
    pub id: Text,
    /// The authorities that it allows.
    pub authorities: Vec<ReferenceAuthority>,
    /// Its members.
    pub members: Vec<ReferenceMember>,
    /// What was found about it as a whole.
    pub findings: Vec<RecordFinding>,
}

/// An authority that a reference allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReferenceAuthority {
    /// Its name; absent for a pinned key that no certificate at hand carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Text>,
    /// The members that vote for it, or the pin.
    pub members: Vec<Text>,
    /// Its keys.
    pub keys: Vec<ReferenceKey>,
}

/// A key of an authority that a reference allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReferenceKey {
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub key_sha256: Sha256Hex,
    /// AD CS CA version of the newest certificate that carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_version: Option<Text>,
    /// When the last of these ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Why it belongs to the authority.
    pub joined_by: JoinedBy,
}

/// A member of a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReferenceMember {
    /// What to call it.
    pub name: Text,
    /// What the server uses the certificate for.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<Text>,
    /// The key that verified it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_by: Option<RecordIssuer>,
    /// Its certificate, or the pinned CA certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<RecordCertificate>,
    /// What was found about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<RecordFinding>,
}

/// A CA of the estate by its name, with every key that signs, or is said to sign, under that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EstateAuthority {
    /// Its name; absent for a pinned key that no certificate at hand carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Text>,
    /// Whether a reference allows it.
    pub allowed: bool,
    /// The requirements whose references allow it.
    pub requirements: Vec<Text>,
    /// Its keys: those that are allowed first, then by how many subjects are under them.
    pub generations: Vec<Generation>,
}

/// One key under a CA's name, and who is under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Generation {
    /// SHA-256 of its SubjectPublicKeyInfo; absent for subjects that name this CA and that no known key verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<Sha256Hex>,
    /// What it is to the estate.
    pub standing: Standing,
    /// AD CS CA version of the newest certificate that carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_version: Option<Text>,
    /// When the last of these ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Why it belongs to the authority, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_by: Option<JoinedBy>,
    /// Members of references whose certificates it signed.
    pub members: usize,
    /// Hosts with a subject under it.
    pub hosts: usize,
    /// Subjects under it.
    pub subjects: usize,
    /// Of these, subjects whose relation to their reference is `same` or `rollover`.
    pub accepted: usize,
    /// The first hosts under it, by name.
    pub hosts_named: Vec<Text>,
    /// What would prove the link to the authority where it is missing, as the reports say it.
    pub hints: Vec<Text>,
}

/// What a key is to the estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// A reference's own certificates, or a pin, have it.
    Reference,
    /// Proven rollover joins it to a reference's.
    Rollover,
    /// It signs under the name of an allowed authority, and nothing proves that it belongs to it.
    LookAlike,
    /// The name of an allowed authority is claimed, and no known key verified that.
    Unproven,
    /// Another CA.
    Other,
}

impl Standing {
    /// The word that the protocol uses.
    pub fn as_str(self) -> &'static str {
        word(&self)
    }
}

/// Findings of one code and severity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FindingGroup {
    /// The code: a report's, or of the fleet itself `report-stale`, `report-from-future`, `report-unreadable`,
    /// `host-missing`, `node-shared`, `waiver-expired`, `waiver-unused`.
    pub code: Text,
    /// How much it weighs.
    pub severity: Severity,
    /// Hosts that it was found on.
    pub hosts: usize,
    /// How often it was found.
    pub count: usize,
    /// Of these, how often a waiver in force covers it.
    pub waived: usize,
    /// One of its messages.
    pub message: Text,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Text>,
    /// The first hosts that it was found on, by name.
    pub hosts_named: Vec<Text>,
}

impl FindingGroup {
    /// Code of reports that are too old.
    pub const REPORT_STALE: &str = "report-stale";
    /// Code of reports from the future of the instant that is judged.
    pub const REPORT_FROM_FUTURE: &str = "report-from-future";
    /// Code of nodes whose reports name more than one host.
    pub const NODE_SHARED: &str = "node-shared";
    /// Code of what could not be read as a report.
    pub const REPORT_UNREADABLE: &str = "report-unreadable";
    /// Code of expected hosts that did not report.
    pub const HOST_MISSING: &str = "host-missing";
    /// Code of waivers whose date is past.
    pub const WAIVER_EXPIRED: &str = "waiver-expired";
    /// Code of waivers that cover nothing.
    pub const WAIVER_UNUSED: &str = "waiver-unused";

    /// Whether it is about the fleet itself: no record has it.
    pub fn is_of_fleet(&self) -> bool {
        let codes = [
            Self::REPORT_STALE,
            Self::REPORT_FROM_FUTURE,
            Self::NODE_SHARED,
            Self::REPORT_UNREADABLE,
            Self::HOST_MISSING,
            Self::WAIVER_EXPIRED,
            Self::WAIVER_UNUSED,
        ];
        codes.contains(&&*self.code)
    }
}

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
