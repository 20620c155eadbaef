//! What changed since another fleet report.

use std::collections::HashMap;

use crate::protocol::fleet::{Drift, DriftEntry, Record, Text};
use crate::protocol::{Status, Timestamp};

use super::aggregate::Key;

/// What another fleet report said of each host and requirement.
#[derive(Debug, Default)]
pub struct Previous {
    since: Option<Timestamp>,
    said: HashMap<Key, (Text, Status)>,
}

impl Previous {
    /// Takes what is compared from the records of a fleet, and when it was judged. Reports without host have nothing to be known again by.
    pub fn new(records: &[Box<Record>], judged_at: Option<Timestamp>) -> Self {
        let said = records.iter().filter_map(|record| {
            let host = record.called()?.clone();
            Some((Key::of(record), (host, record.status)))
        });
        Previous {
            since: judged_at.or_else(|| records.iter().map(|record| record.time()).max()),
            said: said.collect(),
        }
    }

    /// Compares the records of now.
    pub fn drift(&self, records: &[Box<Record>]) -> Drift {
        let mut drift = Drift {
            since: self.since,
            newly_failing: Vec::new(),
            fixed: Vec::new(),
            still_failing: Vec::new(),
            gone: Vec::new(),
            appeared: 0,
        };
        let mut known_again = 0;
        let mut gone: HashMap<&Key, &(Text, Status)> = self.said.iter().collect();
        for record in records {
            let Some(host) = record.called() else { continue };
            let before = gone.remove(&Key::of(record)).map(|(_, status)| *status);
            known_again += usize::from(before.is_some());
            let entry = || DriftEntry {
                host: host.clone(),
                requirement: record.requirement.clone(),
                before,
                now: Some(record.status),
            };
            let failed = before.map(|before| before != Status::Compliant);
            match (failed, record.status != Status::Compliant) {
                (Some(true), true) => drift.still_failing.push(entry()),
                (_, true) => drift.newly_failing.push(entry()),
                (Some(true), false) => drift.fixed.push(entry()),
                (_, false) => {}
            }
            drift.appeared += usize::from(before.is_none());
        }
        debug_assert_eq!(known_again + gone.len(), self.said.len());
        drift.gone = gone
            .into_iter()
            .map(|(key, (host, status))| DriftEntry {
                host: host.clone(),
                requirement: match key {
                    Key::Host(_, requirement) => requirement.clone(),
                    Key::Alone(..) => None,
                },
                before: Some(*status),
                now: None,
            })
            .collect();
        drift
            .gone
            .sort_unstable_by(|a, b| (&a.host, &a.requirement).cmp(&(&b.host, &b.requirement)));
        drift
    }
}
