//! The newest record of each node (or else host) and requirement. Any order and grouping of the same reports gives the
//! same.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rayon::prelude::*;

use crate::protocol::Timestamp;
use crate::protocol::fleet::{FleetReference, MissingHost, Record, ReportsRead, Text, Unreadable};

use super::input::Documents;
use super::piece::Piece;

/// Records up to which each keeps its subjects in full. The number of records only grows with what is read, so what is
/// kept does not depend on the order of reading.
pub const DETAILED_RECORDS: usize = 5_000;
/// Unreadable files and lines that are named; the rest is counted.
pub const NAMED_UNREADABLE: usize = 1_000;
/// Hosts that are kept of a node whose reports name several.
const HOSTS_OF_NODE: usize = 20;
/// How far a report may be ahead of the instant that is judged, in seconds: clocks differ, and a report may be collected
/// while another one is.
const AHEAD: i64 = 3600;

/// What was read so far.
#[derive(Debug, Default)]
pub struct Fleet {
    records: Vec<Kept>,
    /// The place of each record.
    places: HashMap<Key, usize>,
    references: HashMap<Text, Arc<FleetReference>>,
    /// The reference of the last record: most have the same.
    reference: Option<Text>,
    /// What is later is from the future; absent where nothing is.
    as_of: Option<Timestamp>,
    newest: Option<Timestamp>,
    /// The newest instant that a fleet report among what was read was judged at.
    judged_at: Option<Timestamp>,
    read: u64,
    superseded: u64,
    unreadable: Vec<Unreadable>,
    /// How many more there were than are named.
    unreadable_more: u64,
    /// Hosts that fleet reports say are missing, and why.
    missing: (Vec<Text>, Vec<MissingHost>),
}

/// What makes a record one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A node, or else a host, and a requirement.
    Host(Text, Option<Text>),
    /// A report without host: its source, its line and what it says.
    Alone(Text, Option<u64>, [u8; 32]),
}

impl Key {
    /// The key of a record.
    pub fn of(record: &Record) -> Self {
        match record.called() {
            Some(host) if is_key(host) => Key::Host(host.clone(), record.requirement.clone()),
            Some(host) => Key::Host((&*host_key(host)).into(), record.requirement.clone()),
            None => Key::Alone(record.source.clone(), record.line, record.sha256.0),
        }
    }
}

/// A host's name as it is compared: DNS names have no case, and may end in a dot.
pub fn host_key(host: &str) -> Box<str> {
    without_dot(host).to_ascii_lowercase().into()
}

fn without_dot(host: &str) -> &str {
    host.strip_suffix('.').filter(|name| !name.is_empty()).unwrap_or(host)
}

/// Whether a host's name is as it is compared: most are.
fn is_key(host: &str) -> bool {
    !host.ends_with('.') && !host.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether two names are of one host.
pub fn same_host(one: &str, other: &str) -> bool {
    without_dot(one).eq_ignore_ascii_case(without_dot(other))
}

/// Whether both are there, and of one host.
pub fn both_same_host(one: Option<&Text>, other: Option<&Text>) -> bool {
    one.zip(other).is_some_and(|(one, other)| same_host(one, other))
}

/// Whether a report is from the future of an instant.
pub fn is_from_future(record: &Record, as_of: Option<Timestamp>) -> bool {
    as_of.is_some_and(|as_of| record.time() > as_of.plus(AHEAD))
}

impl Fleet {
    /// Nothing read yet. What is later than `as_of`, if it is given, is from the future.
    pub fn new(as_of: Option<Timestamp>) -> Self {
        Fleet {
            as_of,
            ..Fleet::default()
        }
    }

    /// Adds what was found in documents.
    pub fn add(&mut self, found: impl IntoIterator<Item = Piece>, documents: &Documents) {
        for piece in found {
            self.piece(piece, documents);
        }
    }

    fn piece(&mut self, piece: Piece, documents: &Documents) {
        match piece {
            Piece::Record(record) => {
                self.read += 1;
                if self.reference.as_ref() != Some(&record.reference) {
                    if !self.references.contains_key(&record.reference) {
                        let reference = documents.reference_of(&record.reference);
                        self.references
                            .extend(reference.map(|reference| (reference.id.clone(), reference)));
                    }
                    self.reference = Some(record.reference.clone());
                }
                self.record(record, documents);
            }
            Piece::Fleet(part) => {
                self.read = self.read.saturating_add(part.reports.read);
                self.superseded = self.superseded.saturating_add(part.reports.superseded);
                let named = part.reports.unreadable_named.len() as u64;
                let more = part.reports.unreadable.saturating_sub(named);
                self.unreadable_more = self.unreadable_more.saturating_add(more);
                part.reports
                    .unreadable_named
                    .into_iter()
                    .for_each(|one| self.unreadable(one));
                for reference in part.references {
                    self.references
                        .entry(reference.id.clone())
                        .or_insert_with(|| Arc::new(reference));
                }
                self.judged_at = self.judged_at.max(part.as_of);
                self.missing.0.extend(part.missing);
                self.missing.1.extend(part.missing_reasons);
                for record in part.records.into_iter().chain(part.set_aside) {
                    self.record(record, documents);
                }
            }
            Piece::Unreadable(unreadable) => self.unreadable(unreadable),
        }
    }

    fn record(&mut self, mut record: Box<Record>, documents: &Documents) {
        if self.records.len() > DETAILED_RECORDS {
            record.details = None;
        }
        // Of one host and requirement the newest counts, so the newest of all counts too.
        self.newest = self.newest.max(Some(record.time()));
        match self.places.entry(Key::of(&record)) {
            Entry::Vacant(vacant) => {
                vacant.insert(self.records.len());
                self.another(record, documents);
            }
            Entry::Occupied(place) => {
                if let Some(standing) = self.records.get_mut(*place.get()) {
                    self.superseded += standing.add(record, self.as_of);
                }
            }
        }
    }

    fn another(&mut self, record: Box<Record>, documents: &Documents) {
        self.records.push(Kept::new(record));
        if self.records.len() == DETAILED_RECORDS + 1 {
            documents.in_short();
            self.records.iter_mut().for_each(|kept| kept.record.details = None);
        }
    }

    /// The newest instant that a fleet report among what was read was judged at.
    pub fn judged_at(&self) -> Option<Timestamp> {
        self.judged_at
    }

    /// The newest time in the reports.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Keeps the first ones by name, so that which are named does not depend on the order of reading.
    fn unreadable(&mut self, unreadable: Unreadable) {
        self.unreadable.push(unreadable);
        if self.unreadable.len() >= 2 * NAMED_UNREADABLE {
            self.trim_unreadable();
        }
    }

    fn trim_unreadable(&mut self) {
        self.unreadable.sort();
        let more = self.unreadable.len().saturating_sub(NAMED_UNREADABLE);
        self.unreadable.truncate(NAMED_UNREADABLE);
        self.unreadable_more = self.unreadable_more.saturating_add(more as u64);
    }

    /// What was read.
    pub fn finish(mut self) -> Read {
        self.trim_unreadable();
        let reports = ReportsRead {
            read: self.read,
            superseded: self.superseded,
            unreadable: self.unreadable_more.saturating_add(self.unreadable.len() as u64),
            unreadable_named: self.unreadable,
        };
        let mut kept = self.records;
        kept.par_sort_unstable_by(Kept::order);
        let set_aside = kept.iter_mut().filter_map(|kept| kept.set_aside.take()).collect();
        let records: Vec<Box<Record>> = kept.into_par_iter().map(|kept| kept.record).collect();
        let mut references: Vec<Arc<FleetReference>> = self.references.into_values().collect();
        references.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Read {
            reports,
            records,
            set_aside,
            references,
            missing: self.missing.0,
            missing_reasons: self.missing.1,
        }
    }
}

/// All that was read, in order.
#[derive(Debug)]
pub struct Read {
    /// How much it was.
    pub reports: ReportsRead,
    /// The records by name, requirement and source.
    pub records: Vec<Box<Record>>,
    /// Those from the future that count for nothing, in the same order.
    pub set_aside: Vec<Box<Record>>,
    /// The references that were read with them, by id.
    pub references: Vec<Arc<FleetReference>>,
    /// Hosts that were missing from fleet reports that were read.
    pub missing: Vec<Text>,
    /// Why, where it is known.
    pub missing_reasons: Vec<MissingHost>,
}

/// The newest counts, then the worst status, then the SHA-256; of the same report, the first place.
fn rank(record: &Record) -> impl Ord + '_ {
    let place = Reverse((&record.source, record.line));
    (record.time(), record.status, record.sha256, place)
}

/// Of reports from the future the worst counts: their times say nothing.
fn rank_of_future(record: &Record) -> impl Ord + '_ {
    let place = Reverse((&record.source, record.line));
    (record.status, Reverse(record.time()), record.sha256, place)
}

/// A record with what mostly decides its place: worked out while the record is at hand anyway.
#[derive(Debug)]
struct Kept {
    /// The first bytes of the host as a number: it sorts as the host does.
    begins: u128,
    record: Box<Record>,
    /// One from the future, where `record` is not.
    set_aside: Option<Box<Record>>,
}

impl Kept {
    fn new(record: Box<Record>) -> Self {
        // Those without host stand last: no UTF-8 begins with these bytes.
        let mut begins = u128::MAX;
        if let Some(host) = record.called() {
            let mut bytes = [0; 16];
            let of_host = without_dot(host).bytes();
            bytes
                .iter_mut()
                .zip(of_host)
                .for_each(|(byte, of_host)| *byte = of_host.to_ascii_lowercase());
            begins = u128::from_be_bytes(bytes);
        }
        Kept {
            begins,
            record,
            set_aside: None,
        }
    }

    /// Adds a record of the same key, and says how many count for nothing any more.
    fn add(&mut self, mut record: Box<Record>, as_of: Option<Timestamp>) -> u64 {
        let hosts = hosts_of_node(&self.record, &record);
        let is_future = |record: &Record| is_from_future(record, as_of);
        let superseded = match (is_future(&self.record), is_future(&record)) {
            (false, false) => {
                if rank(&record) > rank(&self.record) {
                    self.record = record;
                }
                1
            }
            (true, true) => {
                if rank_of_future(&record) > rank_of_future(&self.record) {
                    self.record = record;
                }
                1
            }
            (true, false) => {
                std::mem::swap(&mut self.record, &mut record);
                self.set_aside(record)
            }
            (false, true) => self.set_aside(record),
        };
        self.record.hosts_of_node = hosts;
        superseded
    }

    fn set_aside(&mut self, mut record: Box<Record>) -> u64 {
        // It is listed, not shown.
        record.details = None;
        record.hosts_of_node = Box::default();
        match &mut self.set_aside {
            Some(standing) => {
                if rank_of_future(&record) > rank_of_future(standing) {
                    *standing = record;
                }
                1
            }
            None => {
                self.set_aside = Some(record);
                0
            }
        }
    }

    /// By host, requirement and place.
    fn order(&self, next: &Self) -> Ordering {
        let (one, other) = (&*self.record, &*next.record);
        let bytes = |host| str::bytes(without_dot(host)).map(|byte| byte.to_ascii_lowercase());
        self.begins
            .cmp(&next.begins)
            .then_with(|| match (one.called(), other.called()) {
                (Some(one), Some(other)) => bytes(one).cmp(bytes(other)),
                (one, other) => one.is_none().cmp(&other.is_none()),
            })
            .then_with(|| one.requirement.cmp(&other.requirement))
            .then_with(|| (&one.source, one.line, one.sha256).cmp(&(&other.source, other.line, other.sha256)))
    }
}

/// The first hosts that reports of one node name, where they name more than one: of both records together.
fn hosts_of_node(one: &Record, other: &Record) -> Box<[Text]> {
    let named = |record: &Record| {
        let own = record.host.as_deref().map(host_key).map(Text::from);
        let others = record.hosts_of_node.iter().cloned();
        own.into_iter().chain(others).collect::<Vec<_>>()
    };
    let same = both_same_host(one.host.as_ref(), other.host.as_ref());
    if one.node.is_none() && other.node.is_none()
        || (same && one.hosts_of_node.is_empty() && other.hosts_of_node.is_empty())
    {
        return Box::default();
    }
    first_hosts(named(one).into_iter().chain(named(other)))
}

/// The first hosts by name, if they are more than one.
pub fn first_hosts(hosts: impl Iterator<Item = Text>) -> Box<[Text]> {
    let mut hosts: Vec<Text> = hosts.collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts.truncate(HOSTS_OF_NODE);
    if hosts.len() < 2 {
        return Box::default();
    }
    hosts.into()
}
