//! A report: the verdict first, then what breaks the rule, then the rest, then what sets the rule.

use std::io::{self, Write};

use crate::protocol::{CertificateFacts, Code, IssuedBy, PassedOver, Report, Status, SubjectReport, Timestamp};
use crate::render::words::{self, digest, ending, name, time};

use super::findings::{findings, heading, relation_line, status_tone};
use super::lines::{Lines, Tone, Toned, called};
use super::reference::reference;

/// Writes a report: the subjects grouped noncompliant, undetermined, compliant, in request order within each group.
pub fn report(report: &Report, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Lines { out, colour };
    let tone = status_tone(report.status);
    lines.line(
        0,
        &[
            (tone, &heading(report.status)),
            (Tone::Plain, "  "),
            (Tone::Bold, &report.message),
        ],
    )?;
    for (label, value) in [
        ("requirement", &report.requirement),
        ("host", &report.host),
        ("node", &report.node),
    ] {
        if let Some(value) = value {
            lines.field(0, label, &[(Tone::Plain, value)])?;
        }
    }
    if let Some(collected_at) = report.collected_at {
        lines.field(0, "collected", &[(Tone::Plain, &time(collected_at))])?;
    }
    lines.field(0, "valid at", &[(Tone::Plain, &time(report.valid_at))])?;
    lines.field(0, "revocation", &[(Tone::Plain, "not checked")])?;

    let rule = &report.reference;
    let mut members = rule.members.iter();
    let has_reference = !rule.authorities.is_empty() || members.any(|member| member.certificate.is_some());
    for status in [
        Some(Status::Noncompliant),
        Some(Status::Undetermined),
        Some(Status::Compliant),
        None,
    ] {
        let subjects: Vec<_> = report
            .subjects
            .iter()
            .filter(|subject| subject.status == status)
            .collect();
        if subjects.is_empty() {
            continue;
        }
        lines.blank()?;
        match status {
            Some(status) => {
                let count = format!("{} ({})", heading(status), subjects.len());
                let meaning = format!("  {}", words::status(status));
                lines.line(0, &[(status_tone(status), &count), (Tone::Dim, &meaning)])?;
            }
            None => lines.line(0, &[(Tone::Bold, &format!("NOT JUDGED ({})", subjects.len()))])?,
        }
        for one in subjects {
            subject(&mut lines, one, report.valid_at, has_reference)?;
        }
    }
    lines.blank()?;
    reference(&mut lines, &report.reference, &report.subjects, report.valid_at)
}

pub(super) fn subject(
    lines: &mut Lines<'_>,
    subject: &SubjectReport,
    now: Timestamp,
    has_reference: bool,
) -> io::Result<()> {
    lines.line(2, &[(Tone::Bold, &called(&subject.name, subject.use_.as_deref()))])?;
    if let Some(relation) = subject.relation {
        relation_line(lines, 4, relation, subject.proof, has_reference)?;
    }
    if let Some(facts) = &subject.certificate {
        certificate_lines(lines, 4, facts, subject.issued_by.as_ref(), now)?;
    }
    findings(lines, 4, &subject.findings)?;
    for passed in subject.passed_over.iter().flatten() {
        passed_over(lines, passed, has_reference)?;
    }
    Ok(())
}

/// The few facts by which a person knows a certificate. The subject's name is left out where the name already says it.
fn certificate_lines(
    lines: &mut Lines<'_>,
    indent: usize,
    facts: &CertificateFacts,
    issued_by: Option<&IssuedBy>,
    now: Timestamp,
) -> io::Result<()> {
    lines.field(indent, "certificate", &[(Tone::Plain, name(&facts.subject))])?;
    lines.field(indent, "issuer", &[(Tone::Plain, name(&facts.issuer))])?;
    if let Some(issued_by) = issued_by {
        let carrier = match &issued_by.subject {
            // Usually the CA's name is the issuer's, which is one line above.
            Some(subject) if *subject == facts.issuer => String::new(),
            Some(subject) => format!(" of {}", name(subject)),
            None => String::new(),
        };
        let from = words::key_from(issued_by.key_from);
        let text = format!("key {}{carrier}, from {from}", digest(issued_by.key_sha256));
        lines.field(indent, "signed by", &[(Tone::Plain, &text)])?;
    }
    lines.field(indent, "expires", &expiry(facts, now).each())
}

pub(super) fn passed_over(lines: &mut Lines<'_>, passed: &PassedOver, has_reference: bool) -> io::Result<()> {
    // Older versions did not say which source it is.
    let which = match (&passed.source, &passed.certificate) {
        (Some(source), Some(facts)) => format!("{source} (thumbprint {})", facts.sha1),
        (Some(source), None) => source.clone(),
        (None, _) => format!("{} {}", words::chosen_from(passed.from), passed.index + 1),
    };
    let name = passed
        .certificate
        .as_ref()
        .map_or("no certificate", |facts| name(&facts.subject));
    let is_ca = passed.findings.iter().any(|finding| finding.code == Code::SubjectIsCa);
    lines.line(
        4,
        &[
            (Tone::Dim, "passed over "),
            (Tone::Plain, &which),
            (Tone::Plain, ": "),
            (Tone::Plain, name),
            (
                Tone::Dim,
                if is_ca {
                    "  (a CA certificate, not a server's)"
                } else {
                    ""
                },
            ),
        ],
    )?;
    // It came along with a server's certificate: what else it lacks for a server is no news.
    if is_ca {
        return Ok(());
    }
    if let Some(relation) = passed.relation {
        relation_line(lines, 6, relation, passed.proof, has_reference)?;
    }
    findings(lines, 6, &passed.findings)
}

fn expiry(facts: &CertificateFacts, now: Timestamp) -> Toned {
    if now < facts.not_before {
        let text = format!(
            "{}; valid only from {}",
            ending(facts.not_after, now),
            time(facts.not_before)
        );
        return Toned {
            tone: Tone::Doubt,
            text,
        };
    }
    let tone = if facts.not_after < now { Tone::Bad } else { Tone::Plain };
    Toned {
        tone,
        text: ending(facts.not_after, now),
    }
}
