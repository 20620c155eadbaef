//! What the records say together: the CAs of the estate, what was found, and when certificates end.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use super::aggregate::same_host;
use crate::protocol::fleet::{
    EstateAuthority, Expiry, ExpiryMonth, ExpirySoon, FindingGroup, FleetReference, Generation, Record, RecordFinding,
    ReportsRead, Standing, State, Text, WaiverReport, WaiverState,
};
use crate::protocol::{JoinedBy, Relation, Severity, Sha256Hex, Timestamp};

/// Hosts that are named where they are counted: enough to begin with; the records have them all.
const HOSTS_NAMED: usize = 20;
/// Different hints that are kept for one key.
const HINTS: usize = 5;
/// Months of the timeline: two years, longer than server certificates last.
const MONTHS: usize = 24;
/// Certificates that are named because they end next.
const SOONEST: usize = 20;
/// Findings whose hints say what would prove that a key belongs to an authority.
const LINK_CODES: [&str; 3] = ["link-refused", "issuer-key-differs", "ca-certificate-missing"];

/// What a record is called where its host stands.
pub(super) fn called(record: &Record) -> &Text {
    record.host.as_ref().unwrap_or(&record.source)
}

/// Hosts in order, counted once each, the first of them named.
#[derive(Debug, Default)]
struct Hosts {
    number: usize,
    last: Option<Text>,
    named: Vec<Text>,
}

impl Hosts {
    /// Records come sorted by host, so the same host follows itself.
    fn add(&mut self, host: &Text) {
        if self.last.as_ref().is_some_and(|last| same_host(last, host)) {
            return;
        }
        self.number += 1;
        self.last = Some(host.clone());
        if self.named.len() < HOSTS_NAMED {
            self.named.push(host.clone());
        }
    }
}

/// The CAs of the estate in the making.
pub(super) struct Estate {
    authorities: Vec<Authority>,
    /// By name as it is compared.
    by_name: HashMap<String, usize>,
    /// By name as written: most are written in one way.
    by_spelling: HashMap<Text, usize>,
    /// Pinned keys that are allowed whatever the name.
    pinned: HashSet<Sha256Hex>,
}

#[derive(Default)]
struct Authority {
    subject: Option<Text>,
    allowed: bool,
    requirements: BTreeSet<Text>,
    keys: HashMap<Option<Sha256Hex>, Key>,
}

#[derive(Default)]
struct Key {
    joined_by: Option<JoinedBy>,
    newest: Option<(Option<Timestamp>, Option<Text>)>,
    members: BTreeSet<(Text, Option<Text>)>,
    hosts: Hosts,
    subjects: usize,
    accepted: usize,
    hints: BTreeSet<Text>,
}

impl Estate {
    /// Begins with what the references of the records allow.
    pub(super) fn new(records: &[Box<Record>], references: &[Arc<FleetReference>]) -> Self {
        let mut requirements: HashMap<&Text, HashSet<&Text>> = HashMap::new();
        for record in records {
            let of_reference = requirements.entry(&record.reference).or_default();
            of_reference.extend(&record.requirement);
        }
        let mut estate = Estate {
            authorities: Vec::new(),
            by_name: HashMap::new(),
            by_spelling: HashMap::new(),
            pinned: HashSet::new(),
        };
        for reference in references {
            for allowed in &reference.authorities {
                let index = match &allowed.subject {
                    Some(subject) => estate.index(subject),
                    None => {
                        estate.pinned.extend(allowed.keys.iter().map(|key| key.key_sha256));
                        estate.index(&Text::from(""))
                    }
                };
                let authority = &mut estate.authorities[index];
                authority.allowed = true;
                let requirements = requirements.get(&reference.id).into_iter().flatten();
                authority
                    .requirements
                    .extend(requirements.map(|&requirement| requirement.clone()));
                for key in &allowed.keys {
                    let standing = authority.keys.entry(Some(key.key_sha256)).or_default();
                    standing.joined_by = [standing.joined_by, Some(key.joined_by)].into_iter().flatten().min();
                    standing.newest = standing
                        .newest
                        .take()
                        .max(Some((key.not_after, key.ca_version.clone())));
                }
            }
            for member in &reference.members {
                let (Some(issuer), Some(certificate)) = (&member.issued_by, &member.certificate) else {
                    continue;
                };
                let index = estate.index(&certificate.issuer);
                let key = estate.authorities[index]
                    .keys
                    .entry(Some(issuer.key_sha256))
                    .or_default();
                key.members.insert((member.name.clone(), member.use_.clone()));
            }
        }
        estate
    }

    fn index(&mut self, name: &Text) -> usize {
        if let Some(&index) = self.by_spelling.get(name) {
            return index;
        }
        // Names are compared without case and with spaces as one, as the verdicts compare them where it matters.
        let compared = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let index = *self.by_name.entry(compared).or_insert_with(|| {
            self.authorities.push(Authority::default());
            self.authorities.len() - 1
        });
        let subject = &mut self.authorities[index].subject;
        let first = subject.as_ref().is_none_or(|standing| name < standing);
        if first && !name.is_empty() {
            *subject = Some(name.clone());
        }
        self.by_spelling.insert(name.clone(), index);
        index
    }

    /// Adds the subjects of a record.
    pub(super) fn add(&mut self, record: &Record, reference: Option<&FleetReference>) {
        for subject in &record.subjects {
            let Some(certificate) = &subject.certificate else {
                continue;
            };
            let index = self.index(&certificate.issuer);
            let signer = subject.issued_by.as_ref().map(|issuer| issuer.key_sha256);
            let key = self.authorities[index].keys.entry(signer).or_default();
            key.subjects += 1;
            key.hosts.add(called(record));
            if matches!(subject.relation, Some(Relation::Same | Relation::Rollover)) {
                key.accepted += 1;
                continue;
            }
            let own = subject
                .findings
                .iter()
                .filter(|finding| LINK_CODES.contains(&&*finding.code));
            let of_reference = reference.into_iter().flat_map(|reference| &reference.findings);
            let of_reference = of_reference.filter(|finding| *finding.code == *LINK_CODES[0]);
            let hints = own.chain(of_reference).filter_map(|finding| finding.hint.as_ref());
            for hint in hints {
                key.hints.insert(hint.clone());
                if key.hints.len() > HINTS {
                    key.hints.pop_last();
                }
            }
        }
    }

    pub(super) fn finish(self) -> Vec<EstateAuthority> {
        let pinned = self.pinned;
        let mut authorities: Vec<EstateAuthority> = self
            .authorities
            .into_iter()
            .map(|authority| {
                let allowed = authority.allowed;
                let keys = authority.keys.into_iter();
                let mut generations: Vec<Generation> = keys
                    .map(|(sha256, key)| generation(sha256, key, allowed, &pinned))
                    .collect();
                generations.sort_unstable_by_key(|key| {
                    (
                        key.standing,
                        Reverse(key.not_after),
                        Reverse(key.subjects),
                        key.key_sha256,
                    )
                });
                EstateAuthority {
                    subject: authority.subject,
                    allowed,
                    requirements: authority.requirements.into_iter().collect(),
                    generations,
                }
            })
            .collect();
        authorities.sort_by_cached_key(|authority| {
            let subjects: usize = authority.generations.iter().map(|key| key.subjects).sum();
            (!authority.allowed, Reverse(subjects), authority.subject.clone())
        });
        authorities
    }
}

fn generation(sha256: Option<Sha256Hex>, key: Key, allowed: bool, pinned: &HashSet<Sha256Hex>) -> Generation {
    let is_pinned = sha256.is_some_and(|sha256| pinned.contains(&sha256));
    let standing = match (key.joined_by, sha256) {
        (Some(JoinedBy::Member | JoinedBy::Pin), _) => Standing::Reference,
        (Some(_), _) => Standing::Rollover,
        (None, _) if is_pinned => Standing::Reference,
        (None, Some(_)) if allowed => Standing::LookAlike,
        (None, None) if allowed => Standing::Unproven,
        (None, _) => Standing::Other,
    };
    let (not_after, ca_version) = key.newest.unwrap_or_default();
    let shows_hints = matches!(standing, Standing::LookAlike | Standing::Unproven);
    Generation {
        key_sha256: sha256,
        standing,
        ca_version,
        not_after,
        joined_by: key.joined_by,
        members: key.members.len(),
        hosts: key.hosts.number,
        subjects: key.subjects,
        accepted: key.accepted,
        hosts_named: key.hosts.named,
        hints: if shows_hints {
            key.hints.into_iter().collect()
        } else {
            Vec::new()
        },
    }
}

/// What was found, by code and severity.
#[derive(Default)]
pub(super) struct Findings(BTreeMap<(Reverse<Severity>, Text), Group>);

#[derive(Default)]
struct Group {
    hosts: Hosts,
    count: usize,
    waived: usize,
    message: Option<Text>,
    hint: Option<Text>,
}

impl Findings {
    pub(super) fn add(&mut self, record: &Record, finding: &RecordFinding, waived: bool) {
        let group = self
            .0
            .entry((Reverse(finding.severity), finding.code.clone()))
            .or_default();
        group.found(called(record), waived);
        // The smallest: the same whatever was read first.
        keep_smallest(&mut group.message, &finding.message);
        if let Some(hint) = &finding.hint {
            keep_smallest(&mut group.hint, hint);
        }
    }

    pub(super) fn stale(&mut self, record: &Record) {
        let message = "The report is older than what may still count.";
        let hint = "Collect a new report from the host.";
        self.of_fleet("report-stale", Severity::Doubt, called(record), message, hint);
    }

    pub(super) fn of_the_fleet(&mut self, missing: &[Text], waivers: &[WaiverReport], reports: &ReportsRead) {
        for host in missing {
            let message = "No report speaks of a host that was expected.";
            let hint = "Find out why it did not report, or take it off the list of expected hosts.";
            self.of_fleet("host-missing", Severity::Doubt, host, message, hint);
        }
        for waiver in waivers {
            let host = waiver.waiver.host.clone().unwrap_or_else(|| "*".into());
            match waiver.state {
                WaiverState::Expired => {
                    let message = "A waiver's date is past: it covers nothing any more.";
                    let hint = "Mend what it covered, or have it approved anew.";
                    self.of_fleet("waiver-expired", Severity::Warning, &host, message, hint);
                }
                WaiverState::Unused => {
                    let message = "A waiver covers nothing.";
                    self.of_fleet("waiver-unused", Severity::Info, &host, message, "Take it off the list.");
                }
                WaiverState::Used | WaiverState::NotYet => {}
            }
        }
        for unreadable in &reports.unreadable_named {
            let message = "A document could not be read as a report.";
            let hint = "See which and why in the list of what could not be read.";
            let source = &unreadable.source;
            self.of_fleet("report-unreadable", Severity::Doubt, source, message, hint);
        }
        let more = reports.unreadable - reports.unreadable_named.len() as u64;
        let key = (Reverse(Severity::Doubt), Text::from("report-unreadable"));
        if let Some(group) = self.0.get_mut(&key) {
            group.count += usize::try_from(more).unwrap_or(usize::MAX);
        }
    }

    fn of_fleet(&mut self, code: &str, severity: Severity, host: &Text, message: &str, hint: &str) {
        let group = self.0.entry((Reverse(severity), code.into())).or_default();
        group.found(host, false);
        group.message = Some(message.into());
        group.hint = Some(hint.into());
    }

    pub(super) fn finish(self) -> Vec<FindingGroup> {
        let mut groups: Vec<FindingGroup> = self
            .0
            .into_iter()
            .map(|((Reverse(severity), code), group)| FindingGroup {
                code,
                severity,
                hosts: group.hosts.number,
                count: group.count,
                waived: group.waived,
                message: group.message.unwrap_or_else(|| "".into()),
                hint: group.hint,
                hosts_named: group.hosts.named,
            })
            .collect();
        groups.sort_by(|a, b| {
            let weight = |group: &FindingGroup| (Reverse(group.severity), Reverse(group.hosts));
            weight(a).cmp(&weight(b)).then_with(|| a.code.cmp(&b.code))
        });
        groups
    }
}

impl Group {
    fn found(&mut self, host: &Text, waived: bool) {
        self.count += 1;
        self.waived += usize::from(waived);
        self.hosts.add(host);
    }
}

fn keep_smallest(kept: &mut Option<Text>, text: &Text) {
    let smaller = kept.as_ref().is_none_or(|kept| !Arc::ptr_eq(kept, text) && text < kept);
    if smaller {
        *kept = Some(text.clone());
    }
}

/// When the subjects' certificates end, seen from an instant. A missing host has none; a stale report's still counts.
pub(super) fn expiry(records: &[Box<Record>], as_of: Timestamp) -> Expiry {
    let months = months(as_of);
    let mut expiry = Expiry {
        months: months
            .iter()
            .take(MONTHS)
            .map(|(month, _)| ExpiryMonth {
                month: month.clone(),
                subjects: 0,
            })
            .collect(),
        ..Expiry::default()
    };
    let mut soonest: BinaryHeap<(Timestamp, &Text, &Text)> = BinaryHeap::new();
    for record in records.iter().filter(|record| record.state != State::Missing) {
        for subject in &record.subjects {
            let Some(certificate) = &subject.certificate else {
                continue;
            };
            let end = certificate.not_after;
            if end < as_of {
                expiry.expired += 1;
                continue;
            }
            // The months that begin at or before its end.
            let begun = months.partition_point(|(_, begin)| *begin <= end);
            match expiry.months.get_mut(begun.saturating_sub(1)) {
                Some(month) => month.subjects += 1,
                None => expiry.later += 1,
            }
            if soonest.len() < SOONEST || soonest.peek().is_some_and(|(latest, ..)| end < *latest) {
                soonest.push((end, called(record), &subject.name));
                if soonest.len() > SOONEST {
                    soonest.pop();
                }
            }
        }
    }
    let soon = |(not_after, host, subject): (Timestamp, &Text, &Text)| ExpirySoon {
        not_after,
        host: host.clone(),
        subject: subject.clone(),
    };
    expiry.soonest = soonest.into_sorted_vec().into_iter().map(soon).collect();
    expiry
}

/// The month of an instant and those that follow, one more than are shown, with their first instants.
fn months(as_of: Timestamp) -> Vec<(String, Timestamp)> {
    let text = as_of.to_string();
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<usize>().ok());
    let first = number(0..4).unwrap_or(0) * 12 + number(5..7).unwrap_or(1) - 1;
    (first..=first + MONTHS)
        .filter_map(|month| {
            let text = format!("{:04}-{:02}", month / 12, month % 12 + 1);
            let begin = Timestamp::parse(&format!("{text}-01T00:00:00Z"))?;
            Some((text, begin))
        })
        .collect()
}
