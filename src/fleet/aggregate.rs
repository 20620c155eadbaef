//! The newest record of each host and requirement. Any order and grouping of the same reports gives the same.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::Arc;

use rayon::prelude::*;

use crate::protocol::fleet::{FleetReference, Record, ReportsRead, Text, Unreadable};

use super::input::{Documents, Piece};

/// Records up to which each keeps its subjects in full. The number of records only grows with what is read, so what is
/// kept does not depend on the order of reading.
pub const DETAILED_RECORDS: usize = 5_000;
/// Unreadable files and lines that are named; the rest is counted.
pub const NAMED_UNREADABLE: usize = 1_000;

/// What was read so far.
#[derive(Debug, Default)]
pub struct Fleet {
    records: HashMap<Hashed, Box<Record>, BuildHasherDefault<Known>>,
    hasher: RandomState,
    references: HashMap<Text, Arc<FleetReference>>,
    read: u64,
    superseded: u64,
    unreadable: Vec<Unreadable>,
    /// How many more there were than are named.
    unreadable_more: u64,
}

/// What makes a record one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A host and a requirement.
    Host(Text, Option<Text>),
    /// A report without host: its source, its line and what it says.
    Alone(Text, Option<u64>, [u8; 32]),
}

impl Key {
    /// The key of a record.
    pub fn of(record: &Record) -> Self {
        match &record.host {
            Some(host) if is_key(host) => Key::Host(host.clone(), record.requirement.clone()),
            Some(host) => Key::Host((&*host_key(host)).into(), record.requirement.clone()),
            None => Key::Alone(record.source.clone(), record.line, record.sha256.0),
        }
    }
}

/// A key and its hash, so that a table that grows need not look at a million texts again.
#[derive(Debug)]
struct Hashed(u64, Key);

impl PartialEq for Hashed {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 && self.1 == other.1
    }
}

impl Eq for Hashed {}

impl Hash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// The hash that is known already.
#[derive(Debug, Default)]
struct Known(u64);

impl Hasher for Known {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes
            .iter()
            .for_each(|&byte| self.0 = self.0.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// A host's name as it is compared: DNS names have no case, and may end in a dot.
pub fn host_key(host: &str) -> Box<str> {
    let name = host.strip_suffix('.').filter(|name| !name.is_empty()).unwrap_or(host);
    name.to_ascii_lowercase().into()
}

/// Whether a host's name is as it is compared: most are.
fn is_key(host: &str) -> bool {
    !host.ends_with('.') && !host.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether two names are of one host.
pub fn same_host(one: &str, other: &str) -> bool {
    one == other || host_key(one) == host_key(other)
}

impl Fleet {
    /// Adds what was found in a document.
    pub fn add(&mut self, piece: Piece, documents: &Documents) {
        match piece {
            Piece::Record(record, reference) => {
                self.read += 1;
                if !self.references.contains_key(&reference.id) {
                    self.references.insert(reference.id.clone(), reference);
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
                part.records
                    .into_iter()
                    .for_each(|record| self.record(record, documents));
            }
            Piece::Unreadable(unreadable) => self.unreadable(unreadable),
        }
    }

    fn record(&mut self, mut record: Box<Record>, documents: &Documents) {
        if self.records.len() > DETAILED_RECORDS {
            record.details = None;
        }
        let key = Key::of(&record);
        match self.records.entry(Hashed(self.hasher.hash_one(&key), key)) {
            Entry::Vacant(vacant) => {
                vacant.insert(record);
                if self.records.len() == DETAILED_RECORDS + 1 {
                    documents.in_short();
                    self.records.values_mut().for_each(|record| record.details = None);
                }
            }
            Entry::Occupied(mut standing) => {
                self.superseded += 1;
                if rank(&record) > rank(standing.get()) {
                    standing.insert(record);
                }
            }
        }
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

    /// What was read, the records by host, requirement and source, and the references that they name, by id.
    pub fn finish(mut self) -> (ReportsRead, Vec<Box<Record>>, Vec<Arc<FleetReference>>) {
        self.trim_unreadable();
        let reports = ReportsRead {
            read: self.read,
            superseded: self.superseded,
            unreadable: self.unreadable_more.saturating_add(self.unreadable.len() as u64),
            unreadable_named: self.unreadable,
        };
        let records = self.records.into_iter();
        let mut records: Vec<(u128, Key, Box<Record>)> = records
            .map(|(Hashed(_, key), record)| (beginning(&key), key, record))
            .collect();
        records.par_sort_unstable_by(|(begins, a, one), (other_begins, b, other)| {
            begins
                .cmp(other_begins)
                .then_with(|| order(a, one).cmp(&order(b, other)))
        });
        let records: Vec<Box<Record>> = records.into_iter().map(|(_, _, record)| record).collect();
        let mut named: Vec<Arc<FleetReference>> = Vec::new();
        let mut references = self.references;
        for record in &records {
            named.extend(references.remove(&record.reference));
        }
        named.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        (reports, records, named)
    }
}

/// The newest counts, then the worst status, then the SHA-256; of the same report, the first place.
fn rank(record: &Record) -> impl Ord + '_ {
    let place = Reverse((&record.source, record.line));
    (record.time(), record.status, record.sha256, place)
}

/// The first bytes of a host as a number: it sorts as the host does, and decides most comparisons at hand.
fn beginning(key: &Key) -> u128 {
    match key {
        Key::Host(host, _) => {
            let mut bytes = [0; 16];
            bytes
                .iter_mut()
                .zip(host.bytes())
                .for_each(|(byte, of_host)| *byte = of_host);
            u128::from_be_bytes(bytes)
        }
        // Those without host stand last: no UTF-8 begins with these bytes.
        Key::Alone(..) => u128::MAX,
    }
}

fn order<'a>(key: &'a Key, record: &'a Record) -> impl Ord + 'a {
    let host = match key {
        Key::Host(host, _) => Some(host),
        // Those without host stand last.
        Key::Alone(..) => None,
    };
    (
        host.is_none(),
        host,
        &record.requirement,
        &record.source,
        record.line,
        record.sha256,
    )
}
