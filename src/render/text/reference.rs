//! What sets the rule: the reference of a report, and a reference document.

use std::io::{self, Write};

use crate::protocol::values::counted;
use crate::protocol::{
    AuthorityReport, DocumentMember, IssuedBy, JoinedBy, MemberReport, ReadBy, ReferenceDocument, ReferenceReport,
    SubjectReport, Timestamp,
};
use crate::render::words::{self, digest, ending, name};

use super::findings::findings;
use super::lines::{Lines, Tone, called};

/// Names in one line before the rest is counted.
const NAMES_SHOWN: usize = 8;

pub(super) fn reference(
    lines: &mut Lines<'_>,
    reference: &ReferenceReport,
    subjects: &[SubjectReport],
    now: Timestamp,
) -> io::Result<()> {
    lines.line(0, &[(Tone::Bold, "REFERENCE"), (Tone::Dim, "  what sets the rule")])?;
    if reference.authorities.is_empty() {
        lines.line(2, &[(Tone::Plain, "No CA is known to be allowed.")])?;
    }
    for allowed in &reference.authorities {
        authority(lines, allowed, &reference.members, subjects, now)?;
    }
    for member in &reference.members {
        reference_member(lines, member, now)?;
    }
    findings(lines, 2, &reference.findings)
}

/// An authority and its generations: which key, until when, why it counts, and who is under it.
pub(super) fn authority(
    lines: &mut Lines<'_>,
    authority: &AuthorityReport,
    members: &[MemberReport],
    subjects: &[SubjectReport],
    now: Timestamp,
) -> io::Result<()> {
    let subject = authority
        .subject
        .as_deref()
        .map_or("a key that no certificate at hand carries", name);
    lines.line(2, &[(Tone::Dim, "CA "), (Tone::Bold, subject)])?;
    if !authority.members.is_empty() {
        lines.field(
            4,
            "set by",
            &[(Tone::Plain, &listed(authority.members.iter().map(String::as_str)))],
        )?;
    }
    for key in &authority.keys {
        let generation = key
            .ca_version
            .as_deref()
            .map(|version| format!("{version} "))
            .unwrap_or_default();
        let until = key
            .not_after
            .map(|end| format!(", until {}", ending(end, now)))
            .unwrap_or_default();
        let under = |issued_by: &Option<IssuedBy>| issued_by.as_ref().is_some_and(|by| by.key_sha256 == key.key_sha256);
        let names = members
            .iter()
            .filter(|member| under(&member.issued_by))
            .map(|member| member.name.as_str());
        let names: Vec<_> = names.collect();
        let joined = match key.joined_by {
            // At level root, where the key of a root signed no server's certificate.
            JoinedBy::Member if names.is_empty() => "the root above a reference certificate",
            joined => words::joined_by(joined),
        };
        let text = format!("{generation}{}{until}; {joined}", digest(key.key_sha256));
        lines.field(4, "key", &[(Tone::Plain, &text)])?;
        let subjects = subjects.iter().filter(|subject| under(&subject.issued_by)).count();
        if !names.is_empty() {
            lines.field(6, "members", &[(Tone::Plain, &listed(names.into_iter()))])?;
        }
        lines.field(6, "subjects", &[(Tone::Plain, &subjects.to_string())])?;
    }
    Ok(())
}

/// A member in one line: its CA is listed above, unless nothing verified it.
fn reference_member(lines: &mut Lines<'_>, member: &MemberReport, now: Timestamp) -> io::Result<()> {
    let called = called(&member.name, member.use_.as_deref());
    let facts = match &member.certificate {
        Some(facts) => format!("  {}, expires {}", name(&facts.subject), ending(facts.not_after, now)),
        None => String::new(),
    };
    lines.line(2, &[(Tone::Bold, &called), (Tone::Plain, &facts)])?;
    if let (Some(facts), None) = (&member.certificate, &member.issued_by) {
        lines.field(4, "issuer", &[(Tone::Plain, name(&facts.issuer))])?;
    }
    findings(lines, 4, &member.findings)
}

/// Writes what a reference document holds, in a few lines: the document itself is JSON.
pub fn document_summary(
    document: &ReferenceDocument,
    now: Timestamp,
    colour: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut lines = Lines { out, colour };
    let members = counted(document.members.len(), "member", "members");
    let authorities = counted(document.authorities.len(), "CA certificate", "CA certificates");
    lines.line(
        0,
        &[(
            Tone::Bold,
            &format!("Reference document with {members} and {authorities}"),
        )],
    )?;
    for member in &document.members {
        document_member(&mut lines, member, now)?;
    }
    findings(&mut lines, 2, &document.findings)
}

fn document_member(lines: &mut Lines<'_>, member: &DocumentMember, now: Timestamp) -> io::Result<()> {
    lines.line(2, &[(Tone::Bold, &called(&member.name, member.use_.as_deref()))])?;
    let (what, held) = match (&member.certificate, &member.authority) {
        (Some(held), _) => ("certificate", Some(held)),
        (None, Some(held)) => ("pinned CA", Some(held)),
        (None, None) => ("", None),
    };
    if let Some(held) = held {
        for (label, value) in [(what, &held.subject), ("issuer", &held.issuer)] {
            if let Some(value) = value {
                lines.field(4, label, &[(Tone::Plain, name(value))])?;
            }
        }
        if let Some(end) = held.not_after {
            lines.field(4, "expires", &[(Tone::Plain, &ending(end, now))])?;
        }
    }
    if let Some(key) = member.key_sha256 {
        lines.field(4, "pinned key", &[(Tone::Plain, &key.to_string())])?;
    }
    if member.read_by == Some(ReadBy::Tls) {
        lines.field(
            4,
            "read by",
            &[(
                Tone::Plain,
                "TLS: confirm its CA with a CA certificate that you trust (--authority)",
            )],
        )?;
    }
    Ok(())
}

fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let total = names.len();
    let mut text = names.take(NAMES_SHOWN).collect::<Vec<_>>().join(", ");
    if total > NAMES_SHOWN {
        text.push_str(&format!(" and {} more", total - NAMES_SHOWN));
    }
    text
}
