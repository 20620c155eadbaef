//! What holds at one instant: the states of the records, and what they say together.

use std::sync::Arc;

use rayon::prelude::*;

use crate::protocol::fleet::{
    FleetKind, FleetReference, FleetReport, Record, RecordSubject, ReportsRead, SharedNode, State, Text, Totals,
    WaiverReport, WaiverState,
};
use crate::protocol::values::counted;
use crate::protocol::{PROTOCOL, Revocation, Severity, Span, Status, Timestamp, Tool};

use super::aggregate::{Fleet, Read, both_same_host, first_hosts, host_key, is_from_future};
use super::drift::Previous;
use super::expected::Expected;
use super::summary::{Asked, Ends, Estate, Findings, months};
use super::waivers::{About, Checked};

/// Records that one thread judges at a time: what it finds on them is joined in their order.
const PART: usize = 8192;

/// What a fleet is judged by.
#[derive(Debug, Default)]
pub struct Settings {
    /// The instant that the fleet was read for; without it, the newest time in the reports.
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
    let as_of = settings.as_of.or(fleet.newest());
    let Read {
        reports,
        mut records,
        set_aside,
        references,
        missing: missing_before,
        missing_reasons,
    } = fleet.finish();
    let months = as_of.map(months).unwrap_or_default();
    // Who was missing from a part of the fleet is missing from the whole, unless another part has a report.
    let mut expected = settings.expected.clone();
    expected.append(Expected::of_fleets(missing_before, missing_reasons));
    let judging = Judging {
        settings,
        as_of,
        months: &months,
        references: &references,
        expected: &expected,
        waivers: settings
            .waivers
            .iter()
            .map(|waiver| as_of.map_or(WaiverState::Unused, |as_of| waiver.state(as_of)))
            .collect(),
        about: About::new(&settings.waivers),
    };
    let parts: Vec<Part<'_>> = records
        .par_chunks_mut(PART)
        .map(|records| judging.part(records))
        .collect();
    let mut all = Part::new(&judging);
    parts.into_iter().for_each(|part| all.append(part));
    let Part {
        mut totals,
        mut findings,
        estate: of_records,
        asked,
        ends,
        waived,
        mut reported,
        hosts,
        ..
    } = all;
    reported.par_sort_unstable();
    let mut estate = Estate::new(&asked, &references);
    estate.append(of_records);
    let expiry = ends.map(Ends::finish).unwrap_or_default();
    let waivers = judging.waivers(&waived);
    let (missing, missing_reasons): (Vec<Text>, Vec<_>) = expected
        .missing(&reported)
        .map(|(host, why)| (Text::from(host), why))
        .unzip();
    let missing_reasons = missing_reasons.into_iter().flatten().collect();
    totals.missing = missing.len();
    let shared_nodes = shared_nodes(&records);
    findings.of_the_fleet(&missing, &waivers, &reports);
    findings.of_records(&set_aside, &shared_nodes);
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
        message: message(&totals, &reports, records.len(), hosts),
        totals,
        missing,
        missing_reasons,
        authorities: estate.finish(),
        findings: findings.finish(),
        expiry,
        drift: settings.previous.as_ref().map(|previous| previous.drift(&records)),
        waivers,
        set_aside,
        shared_nodes,
        references: references
            .into_iter()
            .filter(|reference| asked.has(reference))
            .map(Arc::unwrap_or_clone)
            .collect(),
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

/// The nodes whose reports name more than one host. Records come sorted by node.
fn shared_nodes(records: &[Box<Record>]) -> Vec<SharedNode> {
    let mut shared = Vec::new();
    for of_node in records.chunk_by(|one, other| both_same_host(one.called(), other.called())) {
        let Some(node) = of_node.iter().find_map(|record| record.node.as_ref()) else {
            continue;
        };
        let own = of_node.iter().filter_map(|record| record.host.as_deref());
        let own = own.map(|host| host_key(host).into());
        let others = of_node.iter().flat_map(|record| record.hosts_of_node.iter().cloned());
        let hosts = first_hosts(own.chain(others));
        if !hosts.is_empty() {
            shared.push(SharedNode {
                node: node.clone(),
                hosts: hosts.into(),
            });
        }
    }
    shared
}

/// What all records are judged by.
struct Judging<'a> {
    settings: &'a Settings,
    as_of: Option<Timestamp>,
    months: &'a [(String, Timestamp)],
    references: &'a [Arc<FleetReference>],
    expected: &'a Expected,
    /// The waivers' states, before it is known what they cover.
    waivers: Vec<WaiverState>,
    /// Which of them may be about which host.
    about: About,
}

/// What was found on records that follow each other.
struct Part<'a> {
    totals: Totals,
    findings: Findings,
    estate: Estate,
    asked: Asked,
    ends: Option<Ends<'a>>,
    /// The records that each waiver covers something of.
    waived: Vec<usize>,
    /// The hosts that reported, where hosts are expected.
    reported: Vec<Box<str>>,
    /// Records come sorted by host; those that name none count for one host each.
    hosts: usize,
    /// The hosts of the first and the last record.
    first: Option<Text>,
    last: Option<Text>,
}

impl<'a> Part<'a> {
    fn new(judging: &Judging<'a>) -> Self {
        Part {
            totals: Totals::default(),
            findings: Findings::default(),
            estate: Estate::default(),
            asked: Asked::default(),
            ends: judging.as_of.map(|as_of| Ends::new(as_of, judging.months)),
            waived: vec![0; judging.waivers.len()],
            reported: Vec::new(),
            hosts: 0,
            first: None,
            last: None,
        }
    }

    /// Adds the records that follow.
    fn append(&mut self, mut next: Part<'a>) {
        self.totals.add(&next.totals);
        self.findings.append(next.findings);
        self.estate.append(next.estate);
        self.asked.append(next.asked);
        if let (Some(ends), Some(next)) = (&mut self.ends, next.ends) {
            ends.append(next);
        }
        let waived = self.waived.iter_mut().zip(next.waived);
        waived.for_each(|(records, more)| *records += more);
        self.reported.append(&mut next.reported);
        self.hosts += next.hosts - usize::from(both_same_host(self.last.as_ref(), next.first.as_ref()));
        self.last = next.last;
    }
}

impl<'a> Judging<'a> {
    fn part(&self, records: &mut [Box<Record>]) -> Part<'a> {
        let mut part = Part::new(self);
        let mut last: Option<&Text> = None;
        part.first = records.first().and_then(|record| record.called().cloned());
        let mut reference: Option<&FleetReference> = None;
        for record in records {
            if reference.is_none_or(|reference| reference.id != record.reference) {
                reference = find(self.references, record);
            }
            record.stale = is_stale(record, self.as_of, self.settings.max_age);
            record.from_future = is_from_future(record, self.settings.as_of);
            let covered = self.cover(record, reference, &mut part);
            record.state = match record.status {
                Status::Noncompliant if !covered => State::Noncompliant,
                _ if record.stale => State::Stale,
                Status::Undetermined if !covered => State::Undetermined,
                Status::Compliant => State::Compliant,
                Status::Noncompliant | Status::Undetermined => State::Waived,
            };
            let record: &Record = record;
            if record.stale {
                part.findings.stale(record);
            }
            if record.from_future {
                part.findings.add_from_future(record);
            }
            part.totals.count(record.state);
            part.estate.add(record, reference);
            part.asked.add(record);
            if let Some(ends) = &mut part.ends {
                ends.add(record);
            }
            if !self.expected.is_empty() {
                let names = [&record.node, &record.host].into_iter().flatten();
                part.reported.extend(names.map(|name| host_key(name)));
            }
            part.hosts += usize::from(!both_same_host(last, record.called()));
            last = record.called();
        }
        part.last = last.cloned();
        part
    }

    /// Goes through what was found on a record, and says whether waivers cover each reason for which it is not
    /// compliant.
    fn cover(&self, record: &mut Record, reference: Option<&FleetReference>, part: &mut Part<'_>) -> bool {
        let given = &self.settings.waivers;
        let in_force = |index: &usize| self.waivers[*index] == WaiverState::Unused;
        let names: Vec<Box<str>> = match given.is_empty() {
            true => Vec::new(),
            false => [&record.node, &record.host]
                .into_iter()
                .flatten()
                .map(|name| host_key(name))
                .collect(),
        };
        let about: Vec<usize> = self
            .about
            .candidates(&names)
            .into_iter()
            .filter(in_force)
            .filter(|&index| given[index].is_about(record, &names))
            .collect();
        let mut used: Vec<usize> = Vec::new();
        let mut covers = |subject: Option<&RecordSubject>, code: Option<&str>| {
            let before = used.len();
            used.extend(about.iter().filter(|&&index| given[index].covers(subject, code)));
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
            part.findings.add(record, finding, covered);
            if finding.severity >= Severity::Doubt && record.status != Status::Compliant {
                of_reference = true;
                all_covered &= covered;
            }
        }
        for subject in &record.subjects {
            let mut has_reason = of_reference || !failing(subject);
            for finding in &subject.findings {
                let covered = covers(Some(subject), Some(&*finding.code));
                part.findings.add(record, finding, covered);
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
            part.waived[index] += 1;
        }
        record.waived_by = used.into();
        all_covered
    }

    /// The waivers, and what became of them.
    fn waivers(&self, waived: &[usize]) -> Vec<WaiverReport> {
        let each = self.settings.waivers.iter().zip(&self.waivers).zip(waived);
        each.map(|((checked, &state), &records)| WaiverReport {
            waiver: checked.waiver.clone(),
            state: if records > 0 { WaiverState::Used } else { state },
            records,
        })
        .collect()
    }
}

/// The worst state; what could not be read, or was not reported, is never compliant.
fn status(totals: &Totals, reports: &ReportsRead, records: &[Box<Record>]) -> State {
    let worst = State::ALL.into_iter().find(|&state| totals.of(state) > 0);
    let worst = worst.unwrap_or(State::Undetermined);
    match reports.unreadable > 0 || records.is_empty() {
        true => worst.max(State::Undetermined),
        false => worst,
    }
}

fn message(totals: &Totals, reports: &ReportsRead, records: usize, hosts: usize) -> String {
    let states = [
        State::Noncompliant,
        State::Undetermined,
        State::Stale,
        State::Waived,
        State::Compliant,
    ];
    let parts: Vec<String> = states
        .into_iter()
        .filter(|&state| totals.of(state) > 0)
        .map(|state| format!("{} {}", totals.of(state), state.as_str()))
        .collect();
    let mut message = match records {
        0 => "No report was found, so nothing is known".to_owned(),
        number => format!(
            "{} of {}: {}",
            counted(number, "record", "records"),
            counted(hosts, "host", "hosts"),
            parts.join(", ")
        ),
    };
    if totals.missing > 0 {
        let hosts = counted(totals.missing, "expected host", "expected hosts");
        message.push_str(&format!("; {hosts} missing"));
    }
    if reports.unreadable > 0 {
        let documents = counted(reports.unreadable, "document", "documents");
        message.push_str(&format!("; {documents} could not be read"));
    }
    message
}
