//! A fleet report as test results, in the form that Jenkins and GitLab read: a suite a requirement, a case a subject.
//!
//! What breaks the rule is a failure; what could not be told, is stale, is missing or could not be read is an error, and
//! never a pass; what waivers cover is skipped.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use super::FleetFormat;
use super::safe::is_unsafe;
use super::words;
use crate::protocol::fleet::{FindingGroup, FleetReport, Record, RecordSubject, State, Text};
use crate::protocol::{Severity, Status};

/// The format of `--junit`.
pub struct Junit;

impl FleetFormat for Junit {
    fn flag(&self) -> &'static str {
        "junit"
    }

    fn help(&self) -> &'static str {
        "Write test results for Jenkins and GitLab"
    }

    fn write(&self, report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
        fleet(report, out)
    }
}

/// Writes the test results.
pub fn fleet(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<Option<&Text>, Vec<&Record>> = BTreeMap::new();
    for record in &report.records {
        suites.entry(record.requirement.as_ref()).or_default().push(record);
    }
    out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"same-ca fleet\">\n")?;
    for (requirement, records) in suites {
        let name = requirement.map_or("same-ca", |requirement| requirement);
        suite(out, report, name, &|act| {
            records.iter().try_for_each(|record| each_case(report, record, act))
        })?;
    }
    if !report.missing.is_empty() {
        let reasons = words::missing_reasons(report);
        suite(out, report, "expected hosts", &|act| {
            report.missing.iter().try_for_each(|host| {
                let mut message = "no report speaks of a host that was expected".to_owned();
                if let Some(why) = reasons.get(host) {
                    message.push_str(&format!(": {}", why.words()));
                }
                let outcome = Outcome::Error("missing", message);
                act(Case {
                    class: host,
                    name: "report",
                    outcome,
                })
            })
        })?;
    }
    if report.reports.unreadable > 0 {
        suite(out, report, "documents", &|act| {
            report.reports.unreadable_named.iter().try_for_each(|one| {
                let name = one
                    .line
                    .map_or_else(|| "document".into(), |line| format!("line {line}"));
                let outcome = Outcome::Error(one.code.as_str(), one.message.to_string());
                act(Case {
                    class: &one.source,
                    name: &name,
                    outcome,
                })
            })?;
            let more = report.reports.unreadable - report.reports.unreadable_named.len() as u64;
            match more {
                0 => Ok(()),
                _ => {
                    let outcome = Outcome::Error("unreadable", format!("{more} more documents could not be read"));
                    act(Case {
                        class: "others",
                        name: "documents",
                        outcome,
                    })
                }
            }
        })?;
    }
    out.write_all(b"</testsuites>\n")
}

/// One test case.
struct Case<'a> {
    class: &'a str,
    name: &'a str,
    outcome: Outcome<'a>,
}

enum Outcome<'a> {
    Passed,
    Skipped(String),
    /// The type and the message.
    Failure(&'a str, String),
    Error(&'a str, String),
}

type Act<'a> = &'a mut dyn FnMut(Case<'_>) -> io::Result<()>;

/// Writes a suite, whose cases are gone through twice: the numbers come first.
fn suite(
    out: &mut dyn Write,
    report: &FleetReport,
    name: &str,
    cases: &dyn Fn(Act<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let (mut tests, mut failures, mut errors, mut skipped) = (0, 0, 0, 0);
    cases(&mut |case| {
        tests += 1;
        match case.outcome {
            Outcome::Passed => {}
            Outcome::Skipped(_) => skipped += 1,
            Outcome::Failure(..) => failures += 1,
            Outcome::Error(..) => errors += 1,
        }
        Ok(())
    })?;
    let timestamp = report
        .as_of
        .map(|as_of| format!(" timestamp=\"{}\"", as_of.to_string().trim_end_matches('Z')))
        .unwrap_or_default();
    writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" \
         time=\"0\"{timestamp}>",
        Xml(name)
    )?;
    cases(&mut |case| {
        let (class, name) = (Xml(case.class), Xml(case.name));
        write!(out, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\"")?;
        match case.outcome {
            Outcome::Passed => writeln!(out, "/>"),
            Outcome::Skipped(why) => writeln!(out, "><skipped message=\"{}\"/></testcase>", Xml(&why)),
            Outcome::Failure(kind, why) => {
                writeln!(
                    out,
                    "><failure type=\"{}\" message=\"{}\"/></testcase>",
                    Xml(kind),
                    Xml(&why)
                )
            }
            Outcome::Error(kind, why) => {
                writeln!(
                    out,
                    "><error type=\"{}\" message=\"{}\"/></testcase>",
                    Xml(kind),
                    Xml(&why)
                )
            }
        }
    })?;
    out.write_all(b"  </testsuite>\n")
}

fn each_case(report: &FleetReport, record: &Record, act: Act<'_>) -> io::Result<()> {
    let class = record.called().unwrap_or(&record.source);
    let mut passed = true;
    for subject in &record.subjects {
        let name = match &subject.use_ {
            Some(use_) => format!("{} ({use_})", subject.name),
            None => subject.name.to_string(),
        };
        let outcome = outcome(report, record, subject);
        passed &= matches!(outcome, Outcome::Passed);
        act(Case {
            class,
            name: &name,
            outcome,
        })?;
    }
    // A report that is not compliant for no subject that it names, or names none, is no pass either.
    if record.subjects.is_empty() || (passed && record.status != Status::Compliant) {
        let message = format!("the report is {}", record.state.as_str());
        let outcome = match record.state {
            State::Compliant => Outcome::Passed,
            State::Waived => Outcome::Skipped(waivers(report, record)),
            State::Noncompliant => Outcome::Failure("noncompliant", message),
            State::Undetermined | State::Stale | State::Missing => Outcome::Error(record.state.as_str(), message),
        };
        act(Case {
            class,
            name: "report",
            outcome,
        })?;
    }
    Ok(())
}

fn outcome<'a>(report: &FleetReport, record: &Record, subject: &'a RecordSubject) -> Outcome<'a> {
    let reasons = || {
        let reasons = subject
            .findings
            .iter()
            .filter(|finding| finding.severity >= Severity::Doubt);
        let reasons: Vec<&str> = reasons.map(|finding| &*finding.message).collect();
        match reasons.is_empty() {
            true => "see the reference of the report".to_owned(),
            false => reasons.join("; "),
        }
    };
    let kind = subject.findings.iter().max_by_key(|finding| finding.severity);
    let kind = kind.map_or("reference", |finding| &*finding.code);
    let failing = subject.status != Some(Status::Compliant);
    match (record.state, subject.status) {
        (State::Waived, _) if failing => Outcome::Skipped(waivers(report, record)),
        (_, Some(Status::Noncompliant)) => Outcome::Failure(kind, reasons()),
        _ if record.stale => Outcome::Error(
            FindingGroup::REPORT_STALE,
            "the report is older than what may still count".into(),
        ),
        _ if failing => Outcome::Error(kind, reasons()),
        _ => Outcome::Passed,
    }
}

fn waivers(report: &FleetReport, record: &Record) -> String {
    let waivers = record.waived_by.iter().filter_map(|&index| report.waivers.get(index));
    let each = waivers.map(|one| {
        let waiver = &one.waiver;
        let ticket = waiver
            .ticket
            .as_deref()
            .map(|ticket| format!("{ticket}, "))
            .unwrap_or_default();
        format!(
            "waived until {} by {} ({ticket}{})",
            waiver.until, waiver.approved_by, waiver.reason
        )
    });
    each.collect::<Vec<_>>().join("; ")
}

/// A text in an attribute: what XML 1.0 cannot hold, and what steers a terminal, is written out.
struct Xml<'a>(&'a str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\u{fffe}' | '\u{ffff}' => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c if is_unsafe(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
