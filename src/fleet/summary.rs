//! What the records say together: the CAs of the estate, what was found, and when certificates end.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use super::aggregate::both_same_host;
use crate::explain::{self, Voice};
use crate::protocol::fleet::{
    EstateAuthority, Expiry, ExpiryMonth, ExpirySoon, FindingGroup, FleetReference, Generation, Record, RecordFinding,
    ReportsRead, SharedNode, Standing, Text, WaiverReport, WaiverState,
};
use crate::protocol::{JoinedBy, Phrase, Relation, Severity, Sha256Hex, Timestamp};

/// Hosts that are named where they are counted: enough to begin with; the records have them all.
const HOSTS_NAMED: usize = 20;
/// Different hints that are kept for one key.
const HINTS: usize = 5;
/// Keys that are looked for one by one before they are looked up: an estate has a few.
const LATELY: usize = 16;
/// Months of the timeline: two years, longer than server certificates last.
const MONTHS: usize = 24;
/// Certificates that are named because they end next.
const SOONEST: usize = 20;
/// Findings whose hints say what would prove that a key belongs to an authority.
const LINK_CODES: [&str; 3] = ["link-refused", "issuer-key-differs", "ca-certificate-missing"];

/// What a record is called where its host stands.
pub(super) fn called(record: &Record) -> &Text {
    record.called().unwrap_or(&record.source)
}

/// Hosts in order, counted once each, the first of them named.
#[derive(Debug, Default)]
struct Hosts {
    number: usize,
    first: Option<Text>,
    last: Option<Text>,
    named: Vec<Text>,
}

impl Hosts {
    /// Records come sorted by host, so the same host follows itself.
    fn add(&mut self, host: &Text) {
        if both_same_host(self.last.as_ref(), Some(host)) {
            return;
        }
        self.number += 1;
        self.last = Some(host.clone());
        if self.first.is_none() {
            self.first = Some(host.clone());
        }
        if self.named.len() < HOSTS_NAMED {
            self.named.push(host.clone());
        }
    }

    /// Adds those of the records that follow.
    fn append(&mut self, next: Hosts) {
        let again = both_same_host(self.last.as_ref(), next.first.as_ref());
        self.number += next.number - usize::from(again);
        self.named.extend(next.named.into_iter().skip(usize::from(again)));
        self.named.truncate(HOSTS_NAMED);
        self.first = self.first.take().or(next.first);
        self.last = next.last.or(self.last.take());
    }
}

/// The CAs of the estate in the making.
#[derive(Default)]
pub(super) struct Estate {
    authorities: Vec<Authority>,
    /// By name as it is compared.
    by_name: HashMap<String, usize>,
    /// By name as written: most are written in one way.
    by_spelling: HashMap<Text, usize>,
    keys: Vec<Key>,
    /// The place of each key of each authority.
    by_key: HashMap<(usize, Option<Sha256Hex>), usize>,
    /// The keys that subjects were under lately, by the issuer as written and the key.
    lately: Vec<(Text, Option<Sha256Hex>, usize)>,
    /// Pinned keys that are allowed whatever the name.
    pinned: HashSet<Sha256Hex>,
}

#[derive(Default)]
struct Authority {
    /// The name as it is compared.
    name: String,
    subject: Option<Text>,
    allowed: bool,
    requirements: BTreeSet<Text>,
}

#[derive(Default)]
struct Key {
    authority: usize,
    sha256: Option<Sha256Hex>,
    joined_by: Option<JoinedBy>,
    newest: Option<(Option<Timestamp>, Option<Text>)>,
    members: BTreeSet<(Text, Option<Text>)>,
    hosts: Hosts,
    subjects: usize,
    accepted: usize,
    hints: BTreeSet<Text>,
}

impl Key {
    fn hint(&mut self, hint: Text) {
        self.hints.insert(hint);
        if self.hints.len() > HINTS {
            self.hints.pop_last();
        }
    }
}

impl Estate {
    /// Begins with what the references of the records allow.
    pub(super) fn new(asked: &Asked, references: &[Arc<FleetReference>]) -> Self {
        let mut estate = Estate::default();
        for reference in references.iter().filter(|reference| asked.has(reference)) {
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
                let requirements = asked.requirements.get(&reference.id).into_iter().flatten();
                authority.requirements.extend(requirements.cloned());
                for key in &allowed.keys {
                    let standing = estate.key(index, Some(key.key_sha256));
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
                let key = estate.key(index, Some(issuer.key_sha256));
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
        let index = self.named(compared);
        let subject = &mut self.authorities[index].subject;
        let first = subject.as_ref().is_none_or(|standing| name < standing);
        if first && !name.is_empty() {
            *subject = Some(name.clone());
        }
        self.by_spelling.insert(name.clone(), index);
        index
    }

    fn named(&mut self, name: String) -> usize {
        *self.by_name.entry(name).or_insert_with_key(|name| {
            self.authorities.push(Authority {
                name: name.clone(),
                ..Authority::default()
            });
            self.authorities.len() - 1
        })
    }

    fn key(&mut self, authority: usize, sha256: Option<Sha256Hex>) -> &mut Key {
        let place = self.place(authority, sha256);
        &mut self.keys[place]
    }

    fn place(&mut self, authority: usize, sha256: Option<Sha256Hex>) -> usize {
        *self.by_key.entry((authority, sha256)).or_insert_with(|| {
            self.keys.push(Key {
                authority,
                sha256,
                ..Key::default()
            });
            self.keys.len() - 1
        })
    }

    /// The key that a subject is under.
    fn signer(&mut self, issuer: &Text, sha256: Option<Sha256Hex>) -> &mut Key {
        let mut lately = self.lately.iter();
        let known = lately.find(|(known, key, _)| *key == sha256 && (Arc::ptr_eq(known, issuer) || known == issuer));
        let place = match known {
            Some(&(_, _, place)) => place,
            None => {
                let authority = self.index(issuer);
                let place = self.place(authority, sha256);
                if self.lately.len() == LATELY {
                    self.lately.clear();
                }
                self.lately.push((issuer.clone(), sha256, place));
                place
            }
        };
        &mut self.keys[place]
    }

    /// Adds the subjects of a record.
    pub(super) fn add(&mut self, record: &Record, reference: Option<&FleetReference>) {
        for subject in &record.subjects {
            let Some(certificate) = &subject.certificate else {
                continue;
            };
            let signer = subject.issued_by.as_ref().map(|issuer| issuer.key_sha256);
            let key = self.signer(&certificate.issuer, signer);
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
            hints.for_each(|hint| key.hint(hint.clone()));
        }
    }

    /// Adds what was found on the records that follow.
    pub(super) fn append(&mut self, next: Estate) {
        let mut places: Vec<usize> = Vec::with_capacity(next.authorities.len());
        for authority in next.authorities {
            let index = self.named(authority.name);
            let subject = &mut self.authorities[index].subject;
            *subject = [subject.take(), authority.subject].into_iter().flatten().min();
            places.push(index);
        }
        for found in next.keys {
            let key = self.key(places[found.authority], found.sha256);
            key.subjects += found.subjects;
            key.accepted += found.accepted;
            key.hosts.append(found.hosts);
            found.hints.into_iter().for_each(|hint| key.hint(hint));
        }
    }

    pub(super) fn finish(self) -> Vec<EstateAuthority> {
        let mut generations: Vec<Vec<Generation>> = Vec::new();
        generations.resize_with(self.authorities.len(), Vec::new);
        for key in self.keys {
            let authority = key.authority;
            let allowed = self.authorities[authority].allowed;
            generations[authority].push(generation(key, allowed, &self.pinned));
        }
        let mut authorities: Vec<EstateAuthority> = self
            .authorities
            .into_iter()
            .zip(generations)
            .map(|(authority, mut generations)| {
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
                    allowed: authority.allowed,
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

/// The references that records name, and the requirements of these records.
#[derive(Default)]
pub(super) struct Asked {
    requirements: HashMap<Text, HashSet<Text>>,
    /// The reference and requirement of the last record.
    last: Option<(Text, Option<Text>)>,
}

impl Asked {
    pub(super) fn add(&mut self, record: &Record) {
        // Most records have those of the one before.
        if let Some((reference, requirement)) = &self.last
            && *reference == record.reference
            && *requirement == record.requirement
        {
            return;
        }
        let of_reference = self.requirements.entry(record.reference.clone()).or_default();
        of_reference.extend(record.requirement.clone());
        self.last = Some((record.reference.clone(), record.requirement.clone()));
    }

    /// Whether a record names a reference.
    pub(super) fn has(&self, reference: &FleetReference) -> bool {
        self.requirements.contains_key(&reference.id)
    }

    pub(super) fn append(&mut self, next: Asked) {
        for (reference, requirements) in next.requirements {
            self.requirements.entry(reference).or_default().extend(requirements);
        }
    }
}

fn generation(key: Key, allowed: bool, pinned: &HashSet<Sha256Hex>) -> Generation {
    let sha256 = key.sha256;
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
    /// Whether the fleet's own words stand: what was found before is forgotten.
    own_words: bool,
}

impl Findings {
    /// Adds what was found on the records that follow.
    pub(super) fn append(&mut self, next: Findings) {
        for (key, found) in next.0 {
            match self.0.entry(key) {
                Entry::Vacant(vacant) => {
                    vacant.insert(found);
                }
                Entry::Occupied(mut group) => group.get_mut().append(found),
            }
        }
    }

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
        let text = Phrase::of("fleet.report-stale");
        self.of_fleet(FindingGroup::REPORT_STALE, Severity::Doubt, called(record), &text);
    }

    pub(super) fn add_from_future(&mut self, record: &Record) {
        let text = Phrase::of("fleet.report-from-future");
        self.of_fleet(FindingGroup::REPORT_FROM_FUTURE, Severity::Doubt, called(record), &text);
    }

    /// What was found on the records that count for nothing, and on nodes.
    pub(super) fn of_records(&mut self, set_aside: &[Box<Record>], shared: &[SharedNode]) {
        for record in set_aside {
            let text = Phrase::of("fleet.report-from-future-beside-another");
            let code = FindingGroup::REPORT_FROM_FUTURE;
            self.of_fleet(code, Severity::Warning, called(record), &text);
        }
        for node in shared {
            let text = Phrase::of("fleet.node-shared");
            self.of_fleet(FindingGroup::NODE_SHARED, Severity::Doubt, &node.node, &text);
        }
    }

    pub(super) fn of_the_fleet(&mut self, missing: &[Text], waivers: &[WaiverReport], reports: &ReportsRead) {
        for host in missing {
            let text = Phrase::of("fleet.host-missing");
            self.of_fleet(FindingGroup::HOST_MISSING, Severity::Doubt, host, &text);
        }
        for waiver in waivers {
            let host = waiver.waiver.host.clone().unwrap_or_else(|| "*".into());
            match waiver.state {
                WaiverState::Expired => {
                    let text = Phrase::of("fleet.waiver-expired");
                    self.of_fleet(FindingGroup::WAIVER_EXPIRED, Severity::Warning, &host, &text);
                }
                WaiverState::Unused => {
                    let text = Phrase::of("fleet.waiver-unused");
                    self.of_fleet(FindingGroup::WAIVER_UNUSED, Severity::Info, &host, &text);
                }
                WaiverState::Used | WaiverState::NotYet => {}
            }
        }
        for unreadable in &reports.unreadable_named {
            let text = Phrase::of("fleet.report-unreadable");
            let source = &unreadable.source;
            self.of_fleet(FindingGroup::REPORT_UNREADABLE, Severity::Doubt, source, &text);
        }
        let more = reports.unreadable - reports.unreadable_named.len() as u64;
        let key = (Reverse(Severity::Doubt), Text::from(FindingGroup::REPORT_UNREADABLE));
        if let Some(group) = self.0.get_mut(&key) {
            group.count += usize::try_from(more).unwrap_or(usize::MAX);
        }
    }

    fn of_fleet(&mut self, code: &str, severity: Severity, host: &Text, text: &Phrase) {
        let group = self.0.entry((Reverse(severity), code.into())).or_default();
        group.found(host, false);
        if !group.own_words {
            group.message = Some(explain::phrase(text, Voice::Request).into());
            group.hint = explain::hint(text, Voice::Request).map(Into::into);
            group.own_words = true;
        }
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

    fn append(&mut self, next: Group) {
        self.hosts.append(next.hosts);
        self.count += next.count;
        self.waived += next.waived;
        if next.own_words {
            (self.message, self.hint, self.own_words) = (next.message, next.hint, true);
            return;
        }
        if let Some(message) = &next.message {
            keep_smallest(&mut self.message, message);
        }
        if let Some(hint) = &next.hint {
            keep_smallest(&mut self.hint, hint);
        }
    }
}

fn keep_smallest(kept: &mut Option<Text>, text: &Text) {
    let smaller = kept.as_ref().is_none_or(|kept| !Arc::ptr_eq(kept, text) && text < kept);
    if smaller {
        *kept = Some(text.clone());
    }
}

/// When the subjects' certificates end, seen from an instant, in the making.
pub(super) struct Ends<'a> {
    as_of: Timestamp,
    months: &'a [(String, Timestamp)],
    expired: usize,
    /// By month; the last is what ends later.
    by_month: Vec<usize>,
    soonest: BinaryHeap<Ending>,
    /// What was among the soonest when it was added, in order.
    candidates: Vec<Ending>,
}

/// When a certificate ends, its host and its subject.
type Ending = (Timestamp, Text, Text);

impl<'a> Ends<'a> {
    /// Begins with [`months`] of the instant.
    pub(super) fn new(as_of: Timestamp, months: &'a [(String, Timestamp)]) -> Self {
        Ends {
            as_of,
            months,
            expired: 0,
            by_month: vec![0; MONTHS + 1],
            soonest: BinaryHeap::new(),
            candidates: Vec::new(),
        }
    }

    /// Adds a record. A stale report's certificates count too.
    pub(super) fn add(&mut self, record: &Record) {
        for subject in &record.subjects {
            let Some(certificate) = &subject.certificate else {
                continue;
            };
            let end = certificate.not_after;
            if end < self.as_of {
                self.expired += 1;
                continue;
            }
            // The months that begin at or before its end.
            let begun = self.months.partition_point(|(_, begin)| *begin <= end);
            if let Some(month) = self.by_month.get_mut(begun.saturating_sub(1)) {
                *month += 1;
            }
            if self.is_soon(end) {
                let ending = (end, called(record).clone(), subject.name.clone());
                self.candidates.push(ending.clone());
                self.keep(ending);
            }
        }
    }

    fn is_soon(&self, end: Timestamp) -> bool {
        self.soonest.len() < SOONEST || self.soonest.peek().is_some_and(|(latest, ..)| end < *latest)
    }

    fn keep(&mut self, ending: Ending) {
        self.soonest.push(ending);
        if self.soonest.len() > SOONEST {
            self.soonest.pop();
        }
    }

    /// Adds those of the records that follow. What was not among their soonest is not among those of all.
    pub(super) fn append(&mut self, next: Ends<'_>) {
        self.expired += next.expired;
        let months = self.by_month.iter_mut().zip(next.by_month);
        months.for_each(|(month, more)| *month += more);
        for ending in next.candidates {
            if self.is_soon(ending.0) {
                self.keep(ending);
            }
        }
    }

    pub(super) fn finish(self) -> Expiry {
        let shown = self.months.iter().take(MONTHS).zip(&self.by_month);
        let months = shown.map(|((month, _), &subjects)| ExpiryMonth {
            month: month.clone(),
            subjects,
        });
        let soon = |(not_after, host, subject): Ending| ExpirySoon {
            not_after,
            host,
            subject,
        };
        Expiry {
            expired: self.expired,
            months: months.collect(),
            later: self.by_month.iter().skip(self.months.len().min(MONTHS)).sum(),
            soonest: self.soonest.into_sorted_vec().into_iter().map(soon).collect(),
        }
    }
}

/// The month of an instant and those that follow, one more than are shown, with their first instants.
pub(super) fn months(as_of: Timestamp) -> Vec<(String, Timestamp)> {
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
