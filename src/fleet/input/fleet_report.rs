//! A fleet report, read again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::value::RawValue;

use crate::fleet::piece::{FleetPart, NAME_LIMIT, Origin, Piece, TEXT_LIMIT};
use crate::fleet::texts::{cut, reuse, share_issuer};
use crate::fleet::wire::{InCertificate, InFinding, InSubject, Limited};
use crate::protocol::fleet::{FleetReference, Record, RecordFinding, RecordSubject, Text, UnreadableCode};

use super::checks::{Stated, Weight, check_name, check_protocol, of_whom};
use super::refusal::Refusable;
use super::report::reference_id;
use super::{Documents, Known, canonical};

impl Documents {
    /// Reads a fleet report. An impossible record is reported by itself, and does not hide the others.
    pub(super) fn fleet(
        &self,
        bytes: &[u8],
        protocol: Option<u32>,
        origin: Origin<'_>,
        found: &mut Vec<Piece>,
    ) -> Refusable<()> {
        let bad = |message: String| (UnreadableCode::BadReport, message);
        check_protocol(protocol.ok_or_else(|| bad("missing field \"protocol\"".into()))?)?;
        check_elements(bytes)?;
        let mut part: FleetPart =
            serde_json::from_slice(bytes).map_err(|error| bad(cut(&error.to_string(), TEXT_LIMIT).into()))?;
        let missing = part
            .missing
            .iter()
            .chain(part.missing_reasons.iter().map(|host| &host.host));
        missing
            .into_iter()
            .try_for_each(|host| check_name("a missing host", host))?;
        // The id is computed again, so that other content cannot claim a known id.
        let mut known = HashMap::new();
        for reference in &mut part.references {
            let stated = std::mem::replace(&mut reference.id, "".into());
            self.share_reference(reference);
            reference.id = reference_id(reference);
            let weight = Weight::of(reference);
            let id = reference.id.clone();
            known.insert(stated, Known { id, weight });
        }
        let mut wrong = Vec::new();
        for records in [&mut part.records, &mut part.set_aside] {
            records.retain_mut(|record| match self.record_of_fleet(record, &known) {
                Ok(()) => true,
                Err(message) => {
                    let called = record.called().map(|name| cut(name, 256));
                    wrong.push(of_whom(called.as_deref(), &message));
                    false
                }
            });
        }
        found.push(Piece::Fleet(Box::new(part)));
        let wrong = wrong.iter();
        found.extend(wrong.map(|message| origin.unreadable(UnreadableCode::BadReport, message)));
        Ok(())
    }

    /// Looks whether a record of a fleet report can be, and makes it one of this run.
    fn record_of_fleet(&self, record: &mut Record, known: &HashMap<Text, Known>) -> Result<(), String> {
        let names = [
            ("node", &record.node),
            ("host", &record.host),
            ("requirement", &record.requirement),
        ];
        for (what, name) in names {
            if name.as_ref().is_some_and(|name| name.len() > NAME_LIMIT) {
                return Err(format!("{what} of a record is longer than {NAME_LIMIT} bytes"));
            }
        }
        let Some(Known { id, weight }) = known.get(&record.reference) else {
            return Err("it names a reference that is not there".into());
        };
        let stated = Stated {
            status: record.status,
            compliant: None,
            summary: None,
        };
        stated.check(&record.subjects, *weight)?;
        record.reference = id.clone();
        self.share_record(record);
        record.details = match record.details.take() {
            Some(details) => {
                if !says_the_same(&details, &record.subjects) {
                    return Err("its details and its subjects say different things".into());
                }
                let kept = self.detailed.load(Ordering::Relaxed);
                kept.then(|| canonical(&details)).flatten()
            }
            None => None,
        };
        Ok(())
    }

    fn share_reference(&self, reference: &mut FleetReference) {
        let own = reference.findings.iter_mut();
        for finding in own.chain(reference.members.iter_mut().flat_map(|member| &mut member.findings)) {
            self.share_finding(finding);
        }
    }

    fn share_record(&self, record: &mut Record) {
        reuse(&mut record.source);
        if let Some(requirement) = &mut record.requirement {
            reuse(requirement);
        }
        for subject in &mut record.subjects {
            if let Some(host) = record.host.as_ref().filter(|host| **host == subject.name) {
                subject.name = host.clone();
            }
            if let Some(use_) = &mut subject.use_ {
                reuse(use_);
            }
            if let Some(certificate) = &mut subject.certificate {
                reuse(&mut certificate.issuer);
            }
            subject.issued_by = subject.issued_by.take().map(|issuer| {
                let mut issuer = Arc::unwrap_or_clone(issuer);
                issuer.subject.iter_mut().for_each(reuse);
                share_issuer(issuer)
            });
            subject
                .findings
                .iter_mut()
                .for_each(|finding| self.share_finding(finding));
        }
    }

    fn share_finding(&self, finding: &mut RecordFinding) {
        reuse(&mut finding.code);
        reuse(&mut finding.message);
        if let Some(hint) = &mut finding.hint {
            reuse(hint);
        }
    }
}

/// Records, subjects, findings and members that one fleet report may hold together: a million hosts have half of them, and
/// each takes some 300 bytes of memory.
const ELEMENTS: usize = 20_000_000;

/// Bounds what a fleet report may take in memory: a small text can make many large elements.
fn check_elements(bytes: &[u8]) -> Refusable<()> {
    let objects = memchr::memchr_iter(b'{', bytes).count();
    if objects <= ELEMENTS {
        return Ok(());
    }
    let message = format!("a fleet report of more than {ELEMENTS} objects");
    Err((UnreadableCode::TooLarge, message))
}

/// Whether subjects in full say what the subjects in short say, as far as a verdict goes.
fn says_the_same(full: &RawValue, short: &[RecordSubject]) -> bool {
    let Ok(Limited(full)) = serde_json::from_str::<Limited<InSubject<'_>>>(full.get()) else {
        return false;
    };
    let same = |(full, short): (&InSubject<'_>, &RecordSubject)| {
        let findings = |(full, short): (&InFinding<'_>, &RecordFinding)| {
            *cut(&full.code.0, TEXT_LIMIT) == *short.code && full.severity == short.severity
        };
        let sha256 = |certificate: &InCertificate<'_>| certificate.sha256;
        *full.name.0 == *short.name
            && full.status == short.status
            && full.relation == short.relation
            && full.proof == short.proof
            && full.certificate.as_ref().map(sha256) == short.certificate.as_ref().map(|one| one.sha256)
            && full.findings.0.len() == short.findings.len()
            && full.findings.0.iter().zip(&short.findings).all(findings)
    };
    full.len() == short.len() && full.iter().zip(short).all(same)
}
