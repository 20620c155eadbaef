//! Answers as JSON: one compact line for programs, indented for people.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::FleetFormat;
use super::safe::is_unsafe;
use crate::json::fast::writer;
use crate::protocol::fleet::{FleetReport, Record};

/// Writes a document as one line.
pub fn line(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, document)?;
    out.write_all(b"\n")
}

/// The format of `--json`.
pub struct Json;

impl FleetFormat for Json {
    fn flag(&self) -> &'static str {
        "json"
    }

    fn help(&self) -> &'static str {
        "Write the fleet report, which `same-ca fleet` can read again"
    }

    fn write(&self, report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
        fleet(report, out)
    }
}

/// [`line()`] of a fleet report, whose records may be a million.
pub fn fleet(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    let mut rest = serde_json::to_vec(&report.without_records())?;
    if !rest.ends_with(b"[]}") {
        return line(report, out);
    }
    rest.truncate(rest.len() - b"]}".len());
    out.write_all(&rest)?;
    writer::elements(&report.records, out, |out, record| push(out, record))?;
    out.write_all(b"]}\n")
}

fn push(out: &mut Vec<u8>, record: &Record) -> Result<(), serde_json::Error> {
    match record.details {
        // They are copied as they were written, which only serde_json can do.
        Some(_) => serde_json::to_writer(out, record),
        None => writer::push(out, record),
    }
}

/// Writes a document indented by two spaces. What could steer a terminal is written as `\uXXXX`, which means the same.
pub fn pretty(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    document.serialize(&mut Serializer::with_formatter(
        &mut *out,
        SafePretty(PrettyFormatter::new()),
    ))?;
    out.write_all(b"\n")
}

/// serde_json's own indentation, with unsafe characters escaped: it escapes none above U+001F by itself.
struct SafePretty<'a>(PrettyFormatter<'a>);

impl Formatter for SafePretty<'_> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_unsafe) {
            let (before, after) = rest.split_at(at);
            out.write_all(before.as_bytes())?;
            let mut characters = after.chars();
            if let Some(c) = characters.next() {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::value::RawValue;

    use super::*;
    use crate::protocol::fleet::{RecordCertificate, RecordFinding, RecordIssuer, RecordSubject, State};
    use crate::protocol::{Hex, KeyFrom, Proof, Relation, Severity, Status, Timestamp};

    /// Bit by bit, each field that may be absent is there or not.
    fn record(bits: u32) -> Record {
        let there = |bit: u32| bits >> bit & 1 == 1;
        let time = |seconds: i64| Timestamp::from_unix(seconds + i64::from(bits));
        let finding = |index: u8| RecordFinding {
            code: "link-refused".into(),
            severity: [Severity::Info, Severity::Warning, Severity::Doubt, Severity::Error][usize::from(index) % 4],
            message: "says \"no\"\n".into(),
            hint: there(0).then(|| "look\u{2028}".into()),
        };
        let subject = |index: u8| RecordSubject {
            name: format!("fe01\\{index}").into(),
            use_: there(1).then(|| "Default".into()),
            status: there(2).then_some(Status::Undetermined),
            relation: there(3).then_some(Relation::NameOnly),
            proof: there(4).then_some(Proof::KeyIdentifier),
            issued_by: there(5).then(|| {
                Arc::new(RecordIssuer {
                    key_sha256: Hex([0x9a ^ index; 32]),
                    subject: there(6).then(|| "CN=Größe".into()),
                    key_from: KeyFrom::ReferenceDocument,
                })
            }),
            certificate: there(7).then(|| RecordCertificate {
                subject: "CN=a".into(),
                issuer: "CN=\u{7f}\u{1}".into(),
                not_before: time(-62_167_219_200),
                not_after: time(253_402_300_000),
                sha1: Hex(std::array::from_fn(|at| at as u8 * 13)),
                sha256: Hex(std::array::from_fn(|at| at as u8 * 8 + index)),
            }),
            findings: (0..u8::from(there(8)) * 4).map(finding).collect(),
        };
        Record {
            node: there(2).then(|| "fe01".into()),
            host: there(9).then(|| "FE01.contoso.com".into()),
            requirement: there(10).then(|| "".into()),
            collected_at: there(11).then(|| time(1_795_154_400)),
            valid_at: time(0),
            status: [Status::Compliant, Status::Noncompliant][usize::from(there(0))],
            state: State::ALL[bits as usize % 6],
            stale: there(12),
            from_future: there(3),
            hosts_of_node: vec!["a\"".into(); usize::from(there(5)) * 2].into(),
            waived_by: vec![7; usize::from(there(13)) * 2].into(),
            source: "a folder/fe01.json".into(),
            line: there(14).then_some(u64::MAX),
            sha256: Hex(std::array::from_fn(|at| !(at as u8))),
            reference: "00ff".into(),
            subjects: (0..(bits % 4) as u8).map(subject).collect(),
            details: there(15).then(|| RawValue::from_string(r#"[{"a": 1}]"#.into()).unwrap()),
        }
    }

    #[test]
    fn a_record_has_the_bytes_of_serde_json_whatever_it_lacks() {
        // Each field alone, each field missing, and much in between.
        let alone = (0..16).flat_map(|bit| [1 << bit | 3, !(1 << bit) & 0xffff]);
        for bits in alone.chain((0..0x1_0000).step_by(37)) {
            let record = record(bits);
            let mut out = Vec::new();
            push(&mut out, &record).unwrap();
            let expected = serde_json::to_string(&record).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{bits:b}");
        }
    }

    #[test]
    fn what_is_indented_holds_nothing_that_steers_a_terminal_and_means_the_same() {
        let document = serde_json::json!({"a\u{202e}": ["\u{9b}2J", "\u{1b}", "é\u{e0041}", []], "b": {}});
        let mut out = Vec::new();
        pretty(&document, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(|c: char| c != '\n' && is_unsafe(c)), "{text:?}");
        assert!(text.starts_with("{\n  \"a\\u202e\": [\n    \"\\u009b2J\",\n"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), document);
    }

    #[test]
    fn a_program_gets_one_line() {
        let mut out = Vec::new();
        line(&serde_json::json!({"a": "x\ny"}), &mut out).unwrap();
        assert_eq!(out, b"{\"a\":\"x\\ny\"}\n");
    }
}
