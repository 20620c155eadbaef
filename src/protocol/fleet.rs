//! Fleet reports: what the reports of many hosts say together.
//!
//! What was read (`records`, `references`, and of `reports` the counts) is read back when fleet reports are joined. All
//! the rest is worked out from it, anew each time.

mod change;
mod documents;
mod record;
mod reference;
mod state;
mod waiver;

pub use change::{Drift, DriftEntry, Expiry, ExpiryMonth, ExpirySoon};
pub use documents::{MissingHost, MissingReason, ReportsRead, SharedNode, Unreadable, UnreadableCode};
pub use record::{Record, RecordCertificate, RecordFinding, RecordIssuer, RecordSubject};
pub use reference::{
    EstateAuthority, FleetReference, Generation, ReferenceAuthority, ReferenceKey, ReferenceMember, Standing,
};
pub use state::{State, Totals};
pub use waiver::{Waiver, WaiverReport, WaiverState};

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::Severity;
use super::report::{Revocation, Tool};
use super::time::Timestamp;
use super::values::Span;

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
