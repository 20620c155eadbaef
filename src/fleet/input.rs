//! One JSON document into records: a report, a fleet report, or what `dsc config` wrote.
//!
//! Reports are read more kindly than requests: a field that is not known is passed over, because a newer same-ca may
//! have written it. What is needed is checked, and what is refused is named.

mod checks;
mod fleet_report;
mod refusal;
mod report;

pub use super::piece::{FleetPart, LIST_LIMIT, NAME_LIMIT, Origin, Piece, TEXT_LIMIT};
pub use refusal::DETAIL_LIMIT;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::fast::reader as fast;
use crate::protocol::fleet::{FleetReference, Record, Text, UnreadableCode};
use crate::protocol::{Status, Timestamp};

use super::dsc;
use super::texts::cut;
use super::wire::Document;
use checks::{Stated, Weight, check_protocol, of_whom, own_name, word};
use refusal::{Refusable, error_object, no_object, refused};
use report::sha256;

/// Raw references that are known again by their bytes. Reports of one run share one; the rest is read each time.
const KNOWN_REFERENCES: usize = 64;

/// Reads documents, for any number of threads.
#[derive(Debug)]
pub struct Documents {
    /// Read much more often than written: a lock would be the place where all threads meet.
    known: [OnceLock<(Box<str>, Known)>; KNOWN_REFERENCES],
    by_id: RwLock<HashMap<Text, Arc<FleetReference>>>,
    detailed: AtomicBool,
}

/// A reference that was read.
#[derive(Debug, Clone)]
struct Known {
    id: Text,
    weight: Weight,
}

impl Default for Documents {
    fn default() -> Self {
        Documents {
            known: [const { OnceLock::new() }; KNOWN_REFERENCES],
            by_id: RwLock::default(),
            detailed: AtomicBool::new(true),
        }
    }
}

impl Documents {
    /// From now on no record keeps its subjects in full: there are too many.
    pub fn in_short(&self) {
        self.detailed.store(false, Ordering::Relaxed);
    }

    /// Reads one document.
    pub fn read(&self, bytes: &[u8], origin: Origin<'_>, found: &mut Vec<Piece>) {
        self.read_of_run(bytes, origin, None, found);
    }

    /// Reads one document that may stand in another, written by a run that began then: for a report without times.
    fn read_of_run(&self, bytes: &[u8], origin: Origin<'_>, run: Option<Timestamp>, found: &mut Vec<Piece>) {
        let bytes = bytes.trim_ascii();
        // As text it is checked once, not string by string.
        let Ok(text) = simdutf8::basic::from_utf8(bytes) else {
            return found.push(origin.unreadable(UnreadableCode::BadJson, "not UTF-8"));
        };
        match bytes.first() {
            Some(b'{') => {}
            None => {
                return found
                    .push(origin.unreadable(UnreadableCode::BadJson, "expected a JSON document, found nothing"));
            }
            // `dsc resource test` writes the results of a group so.
            Some(b'[') if dsc::read_list(&self.reader(), bytes, origin, found) => return,
            Some(_) => return found.push(no_object(bytes, origin)),
        }
        match fast::from_str(text).map_or_else(|| serde_json::from_str::<Document<'_>>(text), Ok) {
            Ok(document) => self.sort_out(bytes, document, origin, run, found),
            Err(error) => found.push(refused(bytes, &error, origin)),
        }
    }

    /// What reads a report that stands in another document.
    fn reader(&self) -> impl Fn(&[u8], Origin<'_>, Option<Timestamp>, &mut Vec<Piece>) {
        |bytes, origin, run, found| self.read_of_run(bytes, origin, run, found)
    }

    fn sort_out(
        &self,
        bytes: &[u8],
        document: Document<'_>,
        origin: Origin<'_>,
        run: Option<Timestamp>,
        found: &mut Vec<Piece>,
    ) {
        if let Some(kind) = &document.kind {
            if kind.0 != "fleet" {
                let message = format!("expected a report, found a document of kind {:?}", cut(&kind.0, 64));
                return found.push(origin.unreadable(UnreadableCode::NotAReport, &message));
            }
            if let Err((code, message)) = self.fleet(bytes, document.protocol, origin, found) {
                found.push(origin.unreadable(code, &message));
            }
            return;
        }
        let of_dsc = [&document.results, &document.actual_state, &document.after_state];
        if document.protocol.is_none() && of_dsc.into_iter().any(Option::is_some) {
            return dsc::read(&self.reader(), bytes, origin, found);
        }
        if let Some(error) = document.error {
            let (code, message) = error_object(document.protocol, error.0);
            return found.push(origin.unreadable(code, &message));
        }
        match self.report(bytes, document, origin, run) {
            Ok(record) => found.push(Piece::Record(record)),
            Err((code, message)) => found.push(origin.unreadable(code, &message)),
        }
    }

    fn report(
        &self,
        bytes: &[u8],
        document: Document<'_>,
        origin: Origin<'_>,
        run: Option<Timestamp>,
    ) -> Refusable<Box<Record>> {
        let (Some(protocol), Some(reference), Some(status)) = (document.protocol, document.reference, &document.status)
        else {
            let message = "expected a report of same-ca: protocol, status and reference are not all there";
            return Err((UnreadableCode::NotAReport, message.into()));
        };
        check_protocol(protocol)?;
        let bad = |message: String| (UnreadableCode::BadReport, message);
        let valid_at = document
            .valid_at
            // The state of a PowerShell resource leaves out when it was made, so that equal states are equal texts.
            .or(run)
            .ok_or_else(|| bad("missing field \"valid_at\"".into()))?;
        let status = word::<Status>(&status.0).map_err(|error| bad(format!("status: {error}")))?;
        let host = document.host.map(|host| own_name("host", &host.0)).transpose()?;
        let requirement = document
            .requirement
            .map(|requirement| self.name("requirement", &requirement.0))
            .transpose()?;
        let node = document.node.map(|node| own_name("node", &node.0)).transpose()?;
        let Known { id: reference, weight } = self.reference(reference)?;
        // As long as it must be: collecting what may fail leaves room for more.
        let mut subjects = Vec::with_capacity(document.subjects.0.len());
        for subject in document.subjects.0 {
            subjects.push(self.subject(subject, host.as_ref())?);
        }
        let stated = Stated {
            status,
            compliant: document.compliant,
            summary: document.summary,
        };
        stated.check(&subjects, weight).map_err(|wrong| {
            let called = node.as_deref().or(host.as_deref());
            bad(of_whom(called, &wrong))
        })?;
        Ok(Box::new(Record {
            node,
            host,
            requirement,
            collected_at: document.collected_at,
            valid_at,
            status,
            state: Default::default(),
            stale: false,
            from_future: false,
            hosts_of_node: Box::default(),
            waived_by: Box::default(),
            source: origin.source.clone(),
            line: origin.line,
            sha256: sha256(bytes),
            reference,
            subjects: subjects.into(),
            details: self.details(bytes),
        }))
    }

    /// The subjects in full, while the fleet is small enough to keep them.
    fn details(&self, bytes: &[u8]) -> Option<Box<RawValue>> {
        #[derive(Deserialize)]
        struct Full<'a> {
            #[serde(borrow)]
            subjects: &'a RawValue,
        }
        if !self.detailed.load(Ordering::Relaxed) {
            return None;
        }
        let full: Full<'_> = serde_json::from_slice(bytes).ok()?;
        canonical(full.subjects)
    }

    /// The reference of a record that was read here.
    pub fn reference_of(&self, id: &Text) -> Option<Arc<FleetReference>> {
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        by_id.get(id).cloned()
    }
}

/// The same value in one spelling, whichever program wrote it, if it is small enough to be kept.
fn canonical(raw: &RawValue) -> Option<Box<RawValue>> {
    /// What is cut away when it is written anew is space between values; this much of it may be there.
    const SPACE: usize = 4;
    if raw.get().len() > DETAIL_LIMIT * SPACE {
        return None;
    }
    let value: serde_json::Value = serde_json::from_str(raw.get()).ok()?;
    let list = value.as_array()?;
    let canonical = serde_json::value::to_raw_value(list).ok()?;
    (list.iter().all(serde_json::Value::is_object) && canonical.get().len() <= DETAIL_LIMIT).then_some(canonical)
}
