//! A finding, and how a subject relates to the reference: lines that several answers have.

use std::io;

use crate::protocol::{Finding, Proof, Relation, Severity, Status};
use crate::render::words;

use super::lines::{Lines, Tone};

pub(super) fn relation_line(
    lines: &mut Lines<'_>,
    indent: usize,
    relation: Relation,
    proof: Option<Proof>,
    has_reference: bool,
) -> io::Result<()> {
    let said = match relation {
        Relation::Unproven if !has_reference => "There is no reference to compare it with.",
        _ => words::relation(relation, proof),
    };
    let known = proof
        .map(|proof| format!("  (known by {})", words::proof(proof)))
        .unwrap_or_default();
    lines.line(indent, &[(Tone::Plain, said), (Tone::Dim, &known)])
}

/// A finding in one line.
pub(super) fn finding_line(
    lines: &mut Lines<'_>,
    indent: usize,
    severity: Severity,
    code: &str,
    message: &str,
) -> io::Result<()> {
    let code = format!(" {code}: ");
    let tone = severity_tone(severity);
    lines.line(
        indent,
        &[(tone, severity.as_str()), (Tone::Dim, &code), (Tone::Plain, message)],
    )
}

pub(super) fn findings(lines: &mut Lines<'_>, indent: usize, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        finding_line(lines, indent, finding.severity, finding.code.as_str(), &finding.message)?;
        for (label, value) in [("expected", &finding.expected), ("actual", &finding.actual)] {
            if let Some(value) = value {
                lines.field(indent + 2, label, &[(Tone::Plain, value)])?;
            }
        }
        if let Some(pointer) = &finding.pointer {
            let place = if pointer.starts_with('/') {
                "in request"
            } else {
                "given as"
            };
            lines.field(indent + 2, place, &[(Tone::Dim, pointer)])?;
        }
        if let Some(hint) = &finding.hint {
            lines.line(indent + 2, &[(Tone::Bold, "→ "), (Tone::Plain, hint)])?;
        }
    }
    Ok(())
}

pub(super) fn status_tone(status: Status) -> Tone {
    match status {
        Status::Compliant => Tone::Good,
        Status::Undetermined => Tone::Doubt,
        Status::Noncompliant => Tone::Bad,
    }
}

pub(super) fn severity_tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Doubt => Tone::Doubt,
        Severity::Warning => Tone::Warning,
        Severity::Info => Tone::Dim,
    }
}

pub(super) fn heading(status: Status) -> String {
    status.as_str().to_uppercase()
}
