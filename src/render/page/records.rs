//! The table of hosts: its frame, and the records as the data that `page.js` draws it from.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use serde_json::value::RawValue;

use crate::json::fast::writer;
use crate::protocol::fleet::{FleetReference, FleetReport, Record, RecordFinding, RecordSubject, State};
use crate::protocol::{Relation, Sha256Hex, Status, Timestamp};
use crate::render::words::{self, digest};

/// Records in the table, the worst first: what a browser still searches and sorts at once. JSON and CSV have them all.
pub const RECORDS_SHOWN: usize = 50_000;
/// References that are shown with their records: an estate has a few.
const REFERENCES_SHOWN: usize = 1_000;
/// Keys of CAs, and requirements, that records can be selected by: a list that a person can look through.
const CHOICES: usize = 200;

pub(super) fn records(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(
        b"<section id=\"records\" aria-labelledby=\"h-records\" aria-busy=\"true\" tabindex=\"-1\">\n<h2 id=\"h-records\">Hosts</h2>\n",
    )?;
    if report.records.len() > RECORDS_SHOWN {
        writeln!(
            out,
            "<p><strong>The worst {RECORDS_SHOWN} of {} records are shown.</strong> The fleet report as JSON and CSV has them all.</p>",
            report.records.len()
        )?;
    }
    out.write_all(
        b"<noscript><p>The table of hosts needs the script of this page, which your browser does not run.</p></noscript>\n\
          <div class=\"controls\" role=\"search\" aria-label=\"Hosts\">\n\
          <div><label for=\"search\">Search hosts, names, issuers, keys, findings</label><input id=\"search\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\"></div>\n\
          <div><label for=\"state\">State</label><select id=\"state\"><option value=\"\">all</option></select></div>\n\
          <div><label for=\"requirement\">Requirement</label><select id=\"requirement\"><option value=\"\">all</option></select></div>\n\
          <div><label for=\"key\">Signed by</label><select id=\"key\"><option value=\"\">any key</option></select></div>\n</div>\n\
          <div class=\"pages\"><span id=\"count\" role=\"status\"></span><button type=\"button\" class=\"plain\" id=\"previous\">Previous</button>\
          <button type=\"button\" class=\"plain\" id=\"next\">Next</button><button type=\"button\" class=\"plain\" id=\"clear\">Show all</button></div>\n\
          <table id=\"hosts\" role=\"table\" aria-labelledby=\"h-records\">\n<thead role=\"rowgroup\"><tr role=\"row\">",
    )?;
    for (by, label) in [
        ("host", "Host"),
        ("requirement", "Requirement"),
        ("state", "State"),
        ("findings", "Reasons"),
        ("end", "First to end"),
        ("collected", "Collected"),
    ] {
        write!(
            out,
            "<th role=\"columnheader\" scope=\"col\"><button type=\"button\" data-sort=\"{by}\">{label}</button></th>"
        )?;
    }
    out.write_all(b"</tr></thead>\n<tbody id=\"rows\" role=\"rowgroup\"></tbody>\n</table>\n</section>\n</main>\n")
}

/// How the script finds the subjects under a key: its digest and the issuer's name as they have it.
pub(super) fn key_choice(key: Option<&Sha256Hex>, issuer: Option<&str>) -> String {
    let key = key.map(ToString::to_string).unwrap_or_default();
    format!("{key} {}", issuer.unwrap_or_default())
}

/// Writes what the script reads, as JSON.
pub(super) fn data(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    let (before, rows, after) = parts(report);
    // Two objects and the list between them become one.
    let before = serde_json::to_vec(&before)?;
    out.write_all(before.strip_suffix(b"}").unwrap_or(&before))?;
    out.write_all(b",\"records\":[")?;
    writer::elements(&rows, out, writer::push)?;
    out.write_all(b"],")?;
    let after = serde_json::to_vec(&after)?;
    out.write_all(after.strip_prefix(b"{").unwrap_or(&after))
}

/// What the script reads, before the records. Repeated texts are written once, in `texts`, and named by their index;
/// -1 is none.
#[derive(Serialize)]
struct Before<'a> {
    states: [&'static str; 6],
    requirements: Vec<i64>,
    keys: Vec<(String, String)>,
    waivers: Vec<String>,
    references: BTreeMap<&'a str, &'a FleetReference>,
}

/// What the script reads after the records.
#[derive(Serialize)]
struct After<'a> {
    details: Vec<&'a RawValue>,
    texts: Vec<Cow<'a, str>>,
}

/// The records that are shown, the worst first.
pub(super) fn shown(report: &FleetReport) -> Vec<&Record> {
    let mut of_state = State::ALL.map(|state| Vec::with_capacity(report.totals.of(state).min(RECORDS_SHOWN)));
    for record in &report.records {
        let list = State::ALL.iter().zip(&mut of_state);
        for (_, list) in list.filter(|(state, list)| **state == record.state && list.len() < RECORDS_SHOWN) {
            list.push(&**record);
        }
    }
    of_state.into_iter().flatten().take(RECORDS_SHOWN).collect()
}

fn parts(report: &FleetReport) -> (Before<'_>, Vec<Row<'_>>, After<'_>) {
    let mut texts = Texts::default();
    let mut details = Vec::new();
    let rows: Vec<Row<'_>> = shown(report)
        .into_iter()
        .map(|record| Row::new(record, &mut texts, &mut details))
        .collect();
    let mut requirements: Vec<i64> = rows
        .iter()
        .map(|row| row.requirement)
        .filter(|&index| index >= 0)
        .collect();
    requirements.sort_unstable();
    requirements.dedup();
    requirements.truncate(CHOICES);
    let keys = report.authorities.iter().flat_map(|authority| {
        authority
            .generations
            .iter()
            .filter(|key| key.subjects > 0)
            .map(move |key| {
                let value = key_choice(key.key_sha256.as_ref(), authority.subject.as_deref());
                let sha256 = key.key_sha256.map_or_else(|| "no known key".into(), digest);
                let subject = authority.subject.as_deref().unwrap_or("a pinned key");
                (value, format!("{} {sha256} {subject}", words::standing(key.standing)))
            })
    });
    let mut references = BTreeMap::new();
    if report.references.len() <= REFERENCES_SHOWN {
        references.extend(report.references.iter().map(|reference| (&*reference.id, reference)));
    }
    let waiver = |waiver: &crate::protocol::fleet::WaiverReport| {
        let ticket = waiver
            .waiver
            .ticket
            .as_deref()
            .map(|ticket| format!(" ({ticket})"))
            .unwrap_or_default();
        format!("{}{ticket}, until {}", waiver.waiver.reason, waiver.waiver.until)
    };
    let before = Before {
        states: State::ALL.map(State::as_str),
        requirements,
        keys: keys.take(CHOICES).collect(),
        waivers: report.waivers.iter().map(waiver).collect(),
        references,
    };
    let after = After {
        details,
        texts: texts.list,
    };
    (before, rows, after)
}

/// A record with the places of its texts.
struct Row<'a> {
    record: &'a Record,
    state: usize,
    requirement: i64,
    source: i64,
    reference: i64,
    subjects: Vec<Places>,
    /// One more than the place of its details; 0 is none.
    details: usize,
}

impl<'a> Row<'a> {
    pub(super) fn new(record: &'a Record, texts: &mut Texts<'a>, details: &mut Vec<&'a RawValue>) -> Self {
        let subjects = record.subjects.iter().map(|subject| Places {
            use_: texts.place(subject.use_.as_deref()),
            status: texts.place(subject.status.map(Status::as_str)),
            relation: texts.place(subject.relation.map(Relation::as_str)),
            proof: texts.place(subject.proof.map(words::proof)),
            key: texts.digest(subject.issued_by.as_ref().map(|issuer| &issuer.key_sha256)),
            key_from: texts.place(
                subject
                    .issued_by
                    .as_ref()
                    .map(|issuer| words::key_from(issuer.key_from)),
            ),
            issuer: texts.place(subject.certificate.as_ref().map(|certificate| &*certificate.issuer)),
            findings: subject.findings.iter().map(|finding| texts.finding(finding)).collect(),
        });
        let subjects = subjects.collect();
        let place = match &record.details {
            Some(full) => {
                details.push(full);
                details.len()
            }
            None => 0,
        };
        Row {
            record,
            state: State::ALL
                .iter()
                .position(|state| *state == record.state)
                .unwrap_or_default(),
            requirement: texts.place(record.requirement.as_deref()),
            source: texts.place(Some(&record.source)),
            reference: texts.place(Some(&record.reference)),
            subjects,
            details: place,
        }
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.record;
        (
            words::called(record),
            self.requirement,
            self.state,
            u8::from(record.stale),
            record.collected_at.map(Timestamp::unix),
            record.valid_at.unix(),
            self.source,
            record.line,
            self.reference,
            &record.waived_by,
            Subjects(self),
            self.details,
            u8::from(record.from_future),
        )
            .serialize(serializer)
    }
}

struct Subjects<'a>(&'a Row<'a>);

impl Serialize for Subjects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Subjects(row) = self;
        // A subject called like its record is written as 0.
        let called = words::called(row.record);
        let host = called.as_deref();
        let subjects = row.subjects.iter().zip(&row.record.subjects);
        serializer.collect_seq(subjects.map(|(places, subject)| Subject(places, subject, host)))
    }
}

struct Subject<'a>(&'a Places, &'a RecordSubject, Option<&'a str>);

impl Serialize for Subject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Subject(places, subject, host) = self;
        let certificate = subject.certificate.as_ref();
        let mut fields = serializer.serialize_seq(Some(13))?;
        // Most subjects are called as their host is.
        match *host == Some(&*subject.name) {
            true => fields.serialize_element(&0)?,
            false => fields.serialize_element(&subject.name)?,
        }
        for place in [
            places.use_,
            places.status,
            places.relation,
            places.proof,
            places.key,
            places.key_from,
        ] {
            fields.serialize_element(&place)?;
        }
        fields.serialize_element(&certificate.map(|certificate| &certificate.subject))?;
        fields.serialize_element(&places.issuer)?;
        fields.serialize_element(&certificate.map(|certificate| certificate.not_before.unix()))?;
        fields.serialize_element(&certificate.map(|certificate| certificate.not_after.unix()))?;
        fields.serialize_element(&certificate.map(|certificate| certificate.sha256))?;
        fields.serialize_element(&places.findings)?;
        fields.end()
    }
}

/// The places of a subject's texts.
struct Places {
    use_: i64,
    status: i64,
    relation: i64,
    proof: i64,
    key: i64,
    key_from: i64,
    issuer: i64,
    findings: Vec<[i64; 4]>,
}

/// Texts by their place.
#[derive(Default)]
struct Texts<'a> {
    list: Vec<Cow<'a, str>>,
    places: HashMap<&'a str, i64>,
    digests: HashMap<&'a Sha256Hex, i64>,
}

impl<'a> Texts<'a> {
    fn place(&mut self, text: Option<&'a str>) -> i64 {
        let Some(text) = text else { return -1 };
        *self.places.entry(text).or_insert_with(|| {
            self.list.push(text.into());
            self.list.len() as i64 - 1
        })
    }

    pub(super) fn digest(&mut self, digest: Option<&'a Sha256Hex>) -> i64 {
        let Some(digest) = digest else { return -1 };
        *self.digests.entry(digest).or_insert_with(|| {
            self.list.push(digest.to_string().into());
            self.list.len() as i64 - 1
        })
    }

    fn finding(&mut self, finding: &'a RecordFinding) -> [i64; 4] {
        [
            self.place(Some(&finding.code)),
            self.place(Some(finding.severity.as_str())),
            self.place(Some(&finding.message)),
            self.place(finding.hint.as_deref()),
        ]
    }
}
