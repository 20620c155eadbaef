//! A fleet report as a table: a row a subject, a row a host that is missing, a row a document that could not be read.
//!
//! RFC 4180, every cell quoted. A cell that a spreadsheet would take for a formula is preceded by an apostrophe (OWASP,
//! "CSV Injection"); control characters are written out.

use std::io::{self, Write};

use super::FleetFormat;
use super::safe::Safe;
use super::words;
use crate::protocol::fleet::{FleetReport, Record, RecordSubject, State, Waiver};
use crate::protocol::{Relation, Severity, Status};

const HEADINGS: [&str; 22] = [
    "host",
    "requirement",
    "state",
    "stale",
    "collected_at",
    "subject",
    "use",
    "status",
    "relation",
    "proof",
    "issuer",
    "issuer_key_sha256",
    "certificate_subject",
    "not_after",
    "certificate_sha256",
    "findings",
    "messages",
    "waivers",
    "source",
    "line",
    "node",
    "from_future",
];

/// The format of `--csv`.
pub struct Csv;

impl FleetFormat for Csv {
    fn flag(&self) -> &'static str {
        "csv"
    }

    fn help(&self) -> &'static str {
        "Write a table of all subjects"
    }

    fn write(&self, report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
        fleet(report, out)
    }
}

/// Writes the table.
pub fn fleet(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    row(out, &HEADINGS.map(str::to_owned))?;
    for record in &report.records {
        let waivers: Vec<String> = record
            .waived_by
            .iter()
            .filter_map(|&index| Some(ticket(&report.waivers.get(index)?.waiver)))
            .collect();
        if record.subjects.is_empty() {
            row(out, &cells(record, None, &waivers))?;
        }
        for subject in &record.subjects {
            row(out, &cells(record, Some(subject), &waivers))?;
        }
    }
    let reasons = words::missing_reasons(report);
    for host in &report.missing {
        let mut cells: [String; HEADINGS.len()] = Default::default();
        cells[0] = host.to_string();
        cells[2] = State::Missing.as_str().into();
        if let Some(why) = reasons.get(host) {
            cells[15] = why.reason.as_str().into();
            cells[16] = why.message.as_deref().unwrap_or_default().into();
        }
        row(out, &cells)?;
    }
    for unreadable in &report.reports.unreadable_named {
        let mut cells: [String; HEADINGS.len()] = Default::default();
        cells[2] = "unreadable".into();
        cells[15] = unreadable.code.as_str().into();
        cells[16] = unreadable.message.to_string();
        cells[18] = unreadable.source.to_string();
        cells[19] = unreadable.line.map(|line| line.to_string()).unwrap_or_default();
        row(out, &cells)?;
    }
    Ok(())
}

fn cells(record: &Record, subject: Option<&RecordSubject>, waivers: &[String]) -> [String; HEADINGS.len()] {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let certificate = subject.and_then(|subject| subject.certificate.as_ref());
    let issuer = subject.and_then(|subject| subject.issued_by.as_ref());
    let findings = || {
        let findings = subject.into_iter().flat_map(|subject| &subject.findings);
        findings.filter(|finding| finding.severity > Severity::Info)
    };
    let listed = |each: &mut dyn Iterator<Item = String>| each.collect::<Vec<_>>().join("; ");
    [
        text(record.host.as_deref()),
        text(record.requirement.as_deref()),
        record.state.as_str().into(),
        if record.stale { "yes" } else { "no" }.into(),
        record.collected_at.map(|at| at.to_string()).unwrap_or_default(),
        text(subject.map(|subject| &*subject.name)),
        text(subject.and_then(|subject| subject.use_.as_deref())),
        text(subject.and_then(|subject| subject.status).map(Status::as_str)),
        text(subject.and_then(|subject| subject.relation).map(Relation::as_str)),
        text(subject.and_then(|subject| subject.proof).map(super::words::proof_code)),
        text(certificate.map(|certificate| &*certificate.issuer)),
        issuer.map(|issuer| issuer.key_sha256.to_string()).unwrap_or_default(),
        text(certificate.map(|certificate| &*certificate.subject)),
        certificate
            .map(|certificate| certificate.not_after.to_string())
            .unwrap_or_default(),
        certificate
            .map(|certificate| certificate.sha256.to_string())
            .unwrap_or_default(),
        listed(&mut findings().map(|finding| format!("{} {}", finding.severity.as_str(), finding.code))),
        listed(&mut findings().map(|finding| finding.message.to_string())),
        waivers.join("; "),
        record.source.to_string(),
        record.line.map(|line| line.to_string()).unwrap_or_default(),
        text(record.node.as_deref()),
        if record.from_future { "yes" } else { "no" }.into(),
    ]
}

fn ticket(waiver: &Waiver) -> String {
    let ticket = waiver.ticket.as_deref().unwrap_or("waived");
    format!("{ticket} until {} by {}", waiver.until, waiver.approved_by)
}

fn row(out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
    for (index, cell) in cells.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let apostrophe = if is_formula(cell) { "'" } else { "" };
        let cell = Safe(cell).to_string().replace('"', "\"\"");
        write!(out, "{comma}\"{apostrophe}{cell}\"")?;
    }
    out.write_all(b"\r\n")
}

/// Whether a spreadsheet may take a cell for a formula: by its first character, in the width of East Asia too.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}
