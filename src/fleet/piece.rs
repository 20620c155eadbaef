//! What documents are read into: records, fleet reports, and what could not be read.

use serde::Deserialize;

use super::texts::cut;
use crate::protocol::Timestamp;
use crate::protocol::fleet::{FleetReference, MissingHost, Record, ReportsRead, Text, Unreadable, UnreadableCode};

/// The longest name of a host, requirement or subject, in bytes: a DNS name has 253, a path 4,096 at most. A longer one
/// is refused, because cut names could be taken for each other.
pub const NAME_LIMIT: usize = 4096;
/// The longest other text that is kept, in bytes; the rest of it is left out. No message of ours comes near.
pub const TEXT_LIMIT: usize = 4096;
/// Subjects, members and findings that one list may hold: no host has so many, and each takes memory.
pub const LIST_LIMIT: usize = 100_000;
/// What was found in a document.
#[derive(Debug)]
pub enum Piece {
    /// A report. [`Documents::reference_of`] has its reference.
    Record(Box<Record>),
    /// A fleet report.
    Fleet(Box<FleetPart>),
    /// What could not be read.
    Unreadable(Unreadable),
}

/// What is read back of a fleet report.
#[derive(Debug, Deserialize)]
pub struct FleetPart {
    /// The instant that it was judged at.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
    /// What it was made of.
    pub reports: ReportsRead,
    /// The references of its records.
    pub references: Vec<FleetReference>,
    /// Its records.
    pub records: Vec<Box<Record>>,
    /// Its reports from the future that count for nothing.
    #[serde(default)]
    pub set_aside: Vec<Box<Record>>,
    /// The hosts that should have reported, and did not.
    #[serde(default)]
    pub missing: Vec<Text>,
    /// Why.
    #[serde(default)]
    pub missing_reasons: Vec<MissingHost>,
}

/// Where a document stands.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The file, as it was named.
    pub source: &'a Text,
    /// The line, from 1, where the file holds a document a line.
    pub line: Option<u64>,
}

impl Origin<'_> {
    /// What could not be read there.
    pub fn unreadable(&self, code: UnreadableCode, message: &str) -> Piece {
        Piece::Unreadable(Unreadable {
            source: self.source.clone(),
            line: self.line,
            code,
            message: cut(message, TEXT_LIMIT).into(),
        })
    }
}
