//! What holds at one instant: the states of the records, and what they say together.

use std::sync::Arc;

use crate::protocol::fleet::{
    FleetKind, FleetReference, FleetReport, Record, RecordSubject, ReportsRead, State, Totals, WaiverReport,
    WaiverState,
};
use crate::protocol::{PROTOCOL, Revocation, Severity, Span, Status, Timestamp, Tool};

use super::aggregate::{Fleet, host_key, same_host};
use super::drift::Previous;
use super::estate::{Estate, Findings, expiry};
use super::expected::Expected;
use super::waivers::Checked;

/// What a fleet is judged by.
#[derive(Debug, Default)]
pub struct Settings {
    /// The instant; without it, the newest time in the reports.
    pub as_of: Option<Timestamp>,
    /// The age from which on a report is stale.
    pub max_age: Option<Span>,
    /// The hosts that should have reported.
    pub expected: Expected,
    /// The exceptions.
    pub waivers: Vec<Checked>,
    /// What to compare with.
    pub previous: Option<Previous>,
}

/// Judges what was read.
pub fn judge(fleet: Fleet, settings: &Settings) -> FleetReport {
    let (reports, mut records, references) = fleet.finish();
    let as_of = settings
        .as_of
        .or_else(|| records.iter().map(|record| record.time()).max());
    let mut waivers = Waivers::new(&settings.waivers, as_of);
    let mut findings = Findings::default();
    let mut estate = Estate::new(&records, &references);
    let mut totals = Totals::default();
    let mut reported: Vec<Box<str>> = Vec::new();
    for record in &mut records {
        let reference = find(&references, record);
        record.stale = is_stale(record, as_of, settings.max_age);
        let covered = waivers.cover(record, reference, &mut findings);
        record.state = match record.status {
            Status::Noncompliant if !covered => State::Noncompliant,
            _ if record.stale => State::Stale,
            Status::Undetermined if !covered => State::Undetermined,
            Status::Compliant => State::Compliant,
            Status::Noncompliant | Status::Undetermined => State::Waived,
        };
        if record.stale {
            findings.stale(record);
        }
        totals.count(record.state);
        estate.add(record, reference);
        if !settings.expected.is_empty()
            && let Some(host) = &record.host
        {
            reported.push(host_key(host));
        }
    }
    let missing: Vec<_> = settings.expected.missing(&reported).map(Into::into).collect();
    totals.missing = missing.len();
    let waivers = waivers.finish();
    findings.of_the_fleet(&missing, &waivers, &reports);
    let status = status(&totals, &reports, &records);
    FleetReport {
        protocol: PROTOCOL,
        kind: FleetKind::Fleet,
        tool: Tool::this(),
        as_of,
        max_age: settings.max_age,
        status,
        compliant: status == State::Compliant,
        revocation: Revocation::NotChecked,
        message: message(&totals, &reports, &records),
        totals,
        missing,
        authorities: estate.finish(),
        findings: findings.finish(),
        expiry: as_of.map(|as_of| expiry(&records, as_of)).unwrap_or_default(),
        drift: settings.previous.as_ref().map(|previous| previous.drift(&records)),
        waivers,
        references: references.into_iter().map(Arc::unwrap_or_clone).collect(),
        records,
        reports,
    }
}

fn find<'a>(references: &'a [Arc<FleetReference>], record: &Record) -> Option<&'a FleetReference> {
    let found = references.binary_search_by(|reference| reference.id.cmp(&record.reference));
    found
        .ok()
        .and_then(|index| references.get(index))
        .map(|reference| &**reference)
}

fn is_stale(record: &Record, as_of: Option<Timestamp>, max_age: Option<Span>) -> bool {
    let (Some(as_of), Some(max_age)) = (as_of, max_age) else {
        return false;
    };
    record.time().plus(max_age.seconds()) < as_of
}

/// The waivers, and what they were found to cover.
struct Waivers<'a> {
    given: &'a [Checked],
    states: Vec<WaiverState>,
    records: Vec<usize>,
}

impl<'a> Waivers<'a> {
    fn new(given: &'a [Checked], as_of: Option<Timestamp>) -> Self {
        let state = |waiver: &Checked| as_of.map_or(WaiverState::Unused, |as_of| waiver.state(as_of));
        Waivers {
            given,
            states: given.iter().map(state).collect(),
            records: vec![0; given.len()],
        }
    }

    /// Goes through what was found on a record, and says whether waivers cover each reason for which it is not
    /// compliant.
    fn cover(&mut self, record: &mut Record, reference: Option<&FleetReference>, findings: &mut Findings) -> bool {
        let about: Vec<usize> = match self.given {
            [] => Vec::new(),
            given => (0..given.len())
                .filter(|&index| self.states[index] == WaiverState::Unused || self.states[index] == WaiverState::Used)
                .filter(|&index| given[index].is_about(record))
                .collect(),
        };
        let mut used: Vec<usize> = Vec::new();
        let mut covers = |subject: Option<&RecordSubject>, code: Option<&str>| {
            let before = used.len();
            used.extend(about.iter().filter(|&&index| self.given[index].covers(subject, code)));
            used.len() > before
        };
        let failing = |subject: &RecordSubject| subject.status.is_none_or(|status| status != Status::Compliant);
        let mut all_covered = true;
        // The reference's own trouble is a reason for every subject that is not compliant.
        let mut of_reference = false;
        let members = reference.into_iter().flat_map(|reference| &reference.members);
        let own = reference.into_iter().flat_map(|reference| &reference.findings);
        for finding in own.chain(members.flat_map(|member| &member.findings)) {
            let covered = covers(None, Some(&*finding.code));
            findings.add(record, finding, covered);
            if finding.severity >= Severity::Doubt && record.status != Status::Compliant {
                of_reference = true;
                all_covered &= covered;
            }
        }
        for subject in &record.subjects {
            let mut has_reason = of_reference || !failing(subject);
            for finding in &subject.findings {
                let covered = covers(Some(subject), Some(&*finding.code));
                findings.add(record, finding, covered);
                if finding.severity >= Severity::Doubt && failing(subject) {
                    has_reason = true;
                    all_covered &= covered;
                }
            }
            if !has_reason {
                all_covered &= covers(Some(subject), None);
            }
        }
        if !record.subjects.iter().any(failing) && record.status != Status::Compliant && !of_reference {
            all_covered &= covers(None, None);
        }
        used.sort_unstable();
        used.dedup();
        for &index in &used {
            self.records[index] += 1;
            self.states[index] = WaiverState::Used;
        }
        record.waived_by = used;
        all_covered
    }

    fn finish(self) -> Vec<WaiverReport> {
        let each = self.given.iter().zip(self.states).zip(self.records);
        each.map(|((checked, state), records)| WaiverReport {
            waiver: checked.waiver.clone(),
            state,
            records,
        })
        .collect()
    }
}

/// The worst state; what nobody could read, or nobody said, is never a yes.
fn status(totals: &Totals, reports: &ReportsRead, records: &[Box<Record>]) -> State {
    let worst = State::ALL.into_iter().find(|&state| totals.of(state) > 0);
    let worst = worst.unwrap_or(State::Undetermined);
    match reports.unreadable > 0 || records.is_empty() {
        true => worst.max(State::Undetermined),
        false => worst,
    }
}

fn message(totals: &Totals, reports: &ReportsRead, records: &[Box<Record>]) -> String {
    // Records come sorted by host; those that name none count for one host each.
    let again = |pair: &&[Box<Record>]| match *pair {
        [one, other] => match (&one.host, &other.host) {
            (Some(one), Some(other)) => same_host(one, other),
            _ => false,
        },
        _ => false,
    };
    let hosts = records.len() - records.windows(2).filter(again).count();
    let mut parts: Vec<String> = Vec::new();
    for (state, words) in [
        (State::Noncompliant, "noncompliant"),
        (State::Undetermined, "undetermined"),
        (State::Stale, "stale"),
        (State::Waived, "waived"),
        (State::Compliant, "compliant"),
    ] {
        if totals.of(state) > 0 {
            parts.push(format!("{} {words}", totals.of(state)));
        }
    }
    let counted = |number: u64, one: &str, more: &str| format!("{number} {}", if number == 1 { one } else { more });
    let mut message = match records.len() {
        0 => "No report was found, so nothing is known".to_owned(),
        number => format!(
            "{} of {}: {}",
            counted(number as u64, "record", "records"),
            counted(hosts as u64, "host", "hosts"),
            parts.join(", ")
        ),
    };
    if totals.missing > 0 {
        let hosts = counted(totals.missing as u64, "expected host", "expected hosts");
        message.push_str(&format!("; {hosts} missing"));
    }
    if reports.unreadable > 0 {
        let documents = counted(reports.unreadable, "document", "documents");
        message.push_str(&format!("; {documents} could not be read"));
    }
    message
}
