//! Answers as text for people: the verdict first, then what breaks the rule, then the rest, then what sets the rule.

use std::io::{self, Write};

use super::safe::Safe;
use super::words;
use crate::protocol::inspection::{InspectedCertificate, InspectedSource, Inspection};
use crate::protocol::values::counted;
use crate::protocol::{
    ActionKind, AuthorityReport, CertificateFacts, Code, DocumentMember, Finding, IssuedBy, JoinedBy, MemberReport,
    PassedOver, Proof, ReadBy, ReferenceDocument, ReferenceReport, Relation, Report, Severity, Sha256Hex, Status,
    SubjectReport, Timestamp,
};

/// How many digits of a SHA-256 tell keys apart for people; JSON has them all.
const DIGEST_SHOWN: usize = 16;
/// How many names stand in one line before the rest is counted.
const NAMES_SHOWN: usize = 8;

/// Writes a report: the subjects grouped noncompliant, undetermined, compliant, in request order within each group.
pub fn report(report: &Report, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, colour };
    let tone = status_tone(report.status);
    page.line(
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
            page.field(0, label, &[(Tone::Plain, value)])?;
        }
    }
    if let Some(collected_at) = report.collected_at {
        page.field(0, "collected", &[(Tone::Plain, &time(collected_at))])?;
    }
    page.field(0, "valid at", &[(Tone::Plain, &time(report.valid_at))])?;
    page.field(0, "revocation", &[(Tone::Plain, "not checked")])?;

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
        page.blank()?;
        match status {
            Some(status) => {
                let count = format!("{} ({})", heading(status), subjects.len());
                let meaning = format!("  {}", words::status(status));
                page.line(0, &[(status_tone(status), &count), (Tone::Dim, &meaning)])?;
            }
            None => page.line(0, &[(Tone::Bold, &format!("NOT JUDGED ({})", subjects.len()))])?,
        }
        for one in subjects {
            subject(&mut page, one, report.valid_at, has_reference)?;
        }
    }
    page.blank()?;
    reference(&mut page, &report.reference, &report.subjects, report.valid_at)
}

/// Writes what an enforcement did, or under what-if would do: it stands before the report.
pub fn actions(report: &Report, what_if: bool, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, colour };
    let (headline, meaning) = match (what_if, report.changed) {
        (true, Some(true)) => (
            "WOULD CHANGE",
            "  what if: nothing was touched, and this is what a run would give",
        ),
        (true, _) => ("WOULD CHANGE NOTHING", "  what if: nothing was touched"),
        (false, Some(true)) => ("CHANGED", ""),
        (false, _) => ("NOTHING CHANGED", ""),
    };
    page.line(0, &[(Tone::Bold, headline), (Tone::Dim, meaning)])?;
    for action in report.actions.iter().flatten() {
        let subject = called(&action.subject, action.use_.as_deref());
        let what = words::action(action.action);
        page.line(2, &[(Tone::Bold, &subject), (Tone::Plain, ": "), (Tone::Plain, what)])?;
        if let Some(candidate) = action.candidate {
            let digest = action.certificate.map(digest).unwrap_or_default();
            // Older versions did not say which source it is.
            let source = action.source.clone();
            let source = source.unwrap_or_else(|| (candidate + 1).to_string());
            let text = format!("{source}, certificate {digest}");
            page.field(4, "candidate", &[(Tone::Plain, &text)])?;
        }
        let is_its = |one: &&SubjectReport| one.name == action.subject && one.use_ == action.use_;
        if let (ActionKind::Install, Some(subject)) = (action.action, report.subjects.iter().find(is_its)) {
            for (label, facts) in [("before", &subject.before), ("after", &subject.after)] {
                let described = match facts {
                    Some(Some(facts)) => {
                        let until = ending(facts.not_after, report.valid_at);
                        format!("{}, of {}, expires {until}", name(&facts.subject), name(&facts.issuer))
                    }
                    // Of a place that was replaced though it could not be read, nothing is known.
                    _ if label == "before" && !action.backups.is_empty() => "nothing that could be read".to_owned(),
                    _ => "no certificate".to_owned(),
                };
                page.field(4, label, &[(Tone::Plain, &described)])?;
            }
        }
        for path in &action.paths {
            page.field(4, "file", &[(Tone::Plain, path)])?;
        }
        for path in &action.backups {
            page.field(4, "backup", &[(Tone::Plain, path)])?;
        }
    }
    page.blank()
}

/// Writes what sources hold.
pub fn inspection(inspection: &Inspection, now: Timestamp, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, colour };
    let mut first = true;
    for subject in &inspection.subjects {
        for source in &subject.sources {
            if !std::mem::take(&mut first) {
                page.blank()?;
            }
            inspected_source(&mut page, &called(&subject.name, subject.use_.as_deref()), source, now)?;
        }
    }
    Ok(())
}

/// Writes what a reference document holds, in a few lines: the document itself is JSON.
pub fn document_summary(
    document: &ReferenceDocument,
    now: Timestamp,
    colour: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page { out, colour };
    let members = counted(document.members.len(), "member", "members");
    let authorities = counted(document.authorities.len(), "CA certificate", "CA certificates");
    page.line(
        0,
        &[(
            Tone::Bold,
            &format!("Reference document with {members} and {authorities}"),
        )],
    )?;
    for member in &document.members {
        document_member(&mut page, member, now)?;
    }
    findings(&mut page, 2, &document.findings)
}

fn subject(page: &mut Page<'_>, subject: &SubjectReport, now: Timestamp, has_reference: bool) -> io::Result<()> {
    page.line(2, &[(Tone::Bold, &called(&subject.name, subject.use_.as_deref()))])?;
    if let Some(relation) = subject.relation {
        relation_line(page, 4, relation, subject.proof, has_reference)?;
    }
    if let Some(facts) = &subject.certificate {
        certificate_lines(page, 4, facts, subject.issued_by.as_ref(), now)?;
    }
    findings(page, 4, &subject.findings)?;
    for passed in subject.passed_over.iter().flatten() {
        passed_over(page, passed, has_reference)?;
    }
    Ok(())
}

fn relation_line(
    page: &mut Page<'_>,
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
    page.line(indent, &[(Tone::Plain, said), (Tone::Dim, &known)])
}

/// The few facts by which a person knows a certificate. The subject's name is left out where the name already says it.
fn certificate_lines(
    page: &mut Page<'_>,
    indent: usize,
    facts: &CertificateFacts,
    issued_by: Option<&IssuedBy>,
    now: Timestamp,
) -> io::Result<()> {
    page.field(indent, "certificate", &[(Tone::Plain, name(&facts.subject))])?;
    page.field(indent, "issuer", &[(Tone::Plain, name(&facts.issuer))])?;
    if let Some(issued_by) = issued_by {
        let carrier = match &issued_by.subject {
            // The usual case: the CA's name is the issuer's, and stands one line above.
            Some(subject) if *subject == facts.issuer => String::new(),
            Some(subject) => format!(" of {}", name(subject)),
            None => String::new(),
        };
        let from = words::key_from(issued_by.key_from);
        let text = format!("key {}{carrier}, from {from}", digest(issued_by.key_sha256));
        page.field(indent, "signed by", &[(Tone::Plain, &text)])?;
    }
    page.field(indent, "expires", &expiry(facts, now).each())
}

/// A finding in one line.
pub(super) fn finding_line(
    page: &mut Page<'_>,
    indent: usize,
    severity: Severity,
    code: &str,
    message: &str,
) -> io::Result<()> {
    let code = format!(" {code}: ");
    let tone = severity_tone(severity);
    page.line(
        indent,
        &[(tone, severity.as_str()), (Tone::Dim, &code), (Tone::Plain, message)],
    )
}

fn findings(page: &mut Page<'_>, indent: usize, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        finding_line(page, indent, finding.severity, finding.code.as_str(), &finding.message)?;
        for (label, value) in [("expected", &finding.expected), ("actual", &finding.actual)] {
            if let Some(value) = value {
                page.field(indent + 2, label, &[(Tone::Plain, value)])?;
            }
        }
        if let Some(pointer) = &finding.pointer {
            let place = if pointer.starts_with('/') {
                "in request"
            } else {
                "given as"
            };
            page.field(indent + 2, place, &[(Tone::Dim, pointer)])?;
        }
        if let Some(hint) = &finding.hint {
            page.line(indent + 2, &[(Tone::Bold, "→ "), (Tone::Plain, hint)])?;
        }
    }
    Ok(())
}

fn passed_over(page: &mut Page<'_>, passed: &PassedOver, has_reference: bool) -> io::Result<()> {
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
    page.line(
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
        relation_line(page, 6, relation, passed.proof, has_reference)?;
    }
    findings(page, 6, &passed.findings)
}

fn reference(
    page: &mut Page<'_>,
    reference: &ReferenceReport,
    subjects: &[SubjectReport],
    now: Timestamp,
) -> io::Result<()> {
    page.line(0, &[(Tone::Bold, "REFERENCE"), (Tone::Dim, "  what sets the rule")])?;
    if reference.authorities.is_empty() {
        page.line(2, &[(Tone::Plain, "No CA is known to be allowed.")])?;
    }
    for allowed in &reference.authorities {
        authority(page, allowed, &reference.members, subjects, now)?;
    }
    for member in &reference.members {
        reference_member(page, member, now)?;
    }
    findings(page, 2, &reference.findings)
}

/// An authority and its generations: which key, until when, why it counts, and who is under it.
fn authority(
    page: &mut Page<'_>,
    authority: &AuthorityReport,
    members: &[MemberReport],
    subjects: &[SubjectReport],
    now: Timestamp,
) -> io::Result<()> {
    let subject = authority
        .subject
        .as_deref()
        .map_or("a key that no certificate at hand carries", name);
    page.line(2, &[(Tone::Dim, "CA "), (Tone::Bold, subject)])?;
    if !authority.members.is_empty() {
        page.field(
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
        page.field(4, "key", &[(Tone::Plain, &text)])?;
        let subjects = subjects.iter().filter(|subject| under(&subject.issued_by)).count();
        if !names.is_empty() {
            page.field(6, "members", &[(Tone::Plain, &listed(names.into_iter()))])?;
        }
        page.field(6, "subjects", &[(Tone::Plain, &subjects.to_string())])?;
    }
    Ok(())
}

/// A member in one line: its CA stands above, unless nothing verified it.
fn reference_member(page: &mut Page<'_>, member: &MemberReport, now: Timestamp) -> io::Result<()> {
    let called = called(&member.name, member.use_.as_deref());
    let facts = match &member.certificate {
        Some(facts) => format!("  {}, expires {}", name(&facts.subject), ending(facts.not_after, now)),
        None => String::new(),
    };
    page.line(2, &[(Tone::Bold, &called), (Tone::Plain, &facts)])?;
    if let (Some(facts), None) = (&member.certificate, &member.issued_by) {
        page.field(4, "issuer", &[(Tone::Plain, name(&facts.issuer))])?;
    }
    findings(page, 4, &member.findings)
}

fn document_member(page: &mut Page<'_>, member: &DocumentMember, now: Timestamp) -> io::Result<()> {
    page.line(2, &[(Tone::Bold, &called(&member.name, member.use_.as_deref()))])?;
    let (what, held) = match (&member.certificate, &member.authority) {
        (Some(held), _) => ("certificate", Some(held)),
        (None, Some(held)) => ("pinned CA", Some(held)),
        (None, None) => ("", None),
    };
    if let Some(held) = held {
        for (label, value) in [(what, &held.subject), ("issuer", &held.issuer)] {
            if let Some(value) = value {
                page.field(4, label, &[(Tone::Plain, name(value))])?;
            }
        }
        if let Some(end) = held.not_after {
            page.field(4, "expires", &[(Tone::Plain, &ending(end, now))])?;
        }
    }
    if let Some(key) = member.key_sha256 {
        page.field(4, "pinned key", &[(Tone::Plain, &key.to_string())])?;
    }
    if member.read_by == Some(ReadBy::Tls) {
        page.field(
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

fn inspected_source(page: &mut Page<'_>, subject: &str, source: &InspectedSource, now: Timestamp) -> io::Result<()> {
    let format = source
        .format
        .as_deref()
        .map(|format| format!("{format}, "))
        .unwrap_or_default();
    let certificates = counted(source.certificates.len(), "certificate", "certificates");
    let keys = counted(source.private_keys, "private key", "private keys");
    let holds = format!("  {format}{certificates}, {keys}");
    // A single source is its subject's name already; `-` only says what the source says in words.
    let named = if subject == source.source || subject == "-" {
        String::new()
    } else {
        format!("{subject}: ")
    };
    page.line(
        0,
        &[(Tone::Bold, &named), (Tone::Bold, &source.source), (Tone::Dim, &holds)],
    )?;
    for (index, certificate) in source.certificates.iter().enumerate() {
        inspected_certificate(page, index + 1, certificate, now)?;
    }
    findings(page, 2, &source.findings)
}

/// Names in one line: a comma inside one is written as `\2c`, so that it is not taken for the end of the name.
fn names(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| name.replace(',', "\\2c")).collect();
    names.join(", ")
}

fn inspected_certificate(
    page: &mut Page<'_>,
    number: usize,
    certificate: &InspectedCertificate,
    now: Timestamp,
) -> io::Result<()> {
    let facts = &certificate.facts;
    let chosen = if certificate.chosen {
        "  stands for the source"
    } else {
        ""
    };
    let number = format!("{number}. ");
    page.line(
        2,
        &[
            (Tone::Dim, &number),
            (Tone::Bold, name(&facts.subject)),
            (Tone::Good, chosen),
        ],
    )?;
    let mut field = |label: &str, value: &str| page.field(5, label, &[(Tone::Plain, value)]);
    field("issuer", name(&facts.issuer))?;
    field("serial", &facts.serial_number)?;
    field("valid from", &time(facts.not_before))?;
    field("expires", &ending(facts.not_after, now))?;
    if let Some(there) = certificate.private_key {
        field("private key", if there { "present" } else { "absent" })?;
    }
    field("key", &key(facts))?;
    field("key sha256", &facts.key_sha256.to_string())?;
    field("signature", &facts.signature_algorithm)?;
    field("is a CA", if facts.is_ca { "yes" } else { "no" })?;
    for (label, values) in [
        ("names", names(&facts.subject_alternative_names)),
        ("key usage", facts.key_usage.join(", ")),
        ("ext. usage", facts.extended_key_usage.join(", ")),
        ("CRL", facts.crl_distribution_points.join(", ")),
        ("CA issuers", facts.ca_issuers.join(", ")),
    ] {
        if !values.is_empty() {
            field(label, &values)?;
        }
    }
    let template = facts.template.as_ref().map(|template| match &facts.template_version {
        Some(version) => format!("{template} {version}"),
        None => template.clone(),
    });
    for (label, value) in [
        ("subject id", &facts.subject_key_identifier),
        ("issuer id", &facts.authority_key_identifier),
        ("template", &template),
        ("CA version", &facts.ca_version),
        ("CA before", &facts.previous_ca_hash),
    ] {
        if let Some(value) = value {
            field(label, value)?;
        }
    }
    field("sha1", &facts.sha1.to_string())?;
    field("sha256", &facts.sha256.to_string())
}

/// How a piece of text looks where colour is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Bold,
    Dim,
    Good,
    Warning,
    Doubt,
    Bad,
}

impl Tone {
    /// Its SGR parameters (ECMA-48 §8.3.117), in the 16 colours that every terminal has.
    fn sgr(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Bold => "1",
            Tone::Dim => "2",
            Tone::Good => "1;32",
            Tone::Warning => "33",
            Tone::Doubt => "1;33",
            Tone::Bad => "1;31",
        }
    }
}

/// The one way to the writer: every piece of text is made safe, and only a [`Tone`] makes an escape sequence.
pub(super) struct Page<'a> {
    pub out: &'a mut dyn Write,
    pub colour: bool,
}

impl Page<'_> {
    pub(super) fn line(&mut self, indent: usize, pieces: &[(Tone, &str)]) -> io::Result<()> {
        write!(self.out, "{:indent$}", "")?;
        for &(tone, text) in pieces.iter().filter(|(_, text)| !text.is_empty()) {
            if self.colour && tone != Tone::Plain {
                write!(self.out, "\x1b[{}m{}\x1b[0m", tone.sgr(), Safe(text))?;
            } else {
                write!(self.out, "{}", Safe(text))?;
            }
        }
        self.blank()
    }

    pub(super) fn field(&mut self, indent: usize, label: &str, pieces: &[(Tone, &str)]) -> io::Result<()> {
        let label = format!("{label:<12}");
        let pieces: Vec<_> = std::iter::once((Tone::Dim, label.as_str()))
            .chain(pieces.iter().copied())
            .collect();
        self.line(indent, &pieces)
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }
}

/// A text with a tone, owned.
struct Toned {
    tone: Tone,
    text: String,
}

impl Toned {
    fn each(&self) -> [(Tone, &str); 1] {
        [(self.tone, &self.text)]
    }
}

fn heading(status: Status) -> String {
    status.as_str().to_uppercase()
}

fn status_tone(status: Status) -> Tone {
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

fn called(name: &str, use_: Option<&str>) -> String {
    match use_ {
        Some(use_) => format!("{name} ({use_})"),
        None => name.to_owned(),
    }
}

/// A distinguished name, or words for the empty one.
pub(super) fn name(name: &str) -> &str {
    if name.is_empty() { "(empty name)" } else { name }
}

pub(super) fn digest(sha256: Sha256Hex) -> String {
    format!("{sha256:.DIGEST_SHOWN$}…")
}

fn key(facts: &CertificateFacts) -> String {
    let detail = match (&facts.key_curve, facts.key_bits) {
        (Some(curve), _) => format!(" {curve}"),
        (None, Some(bits)) => format!(" {bits} bits"),
        (None, None) => String::new(),
    };
    format!("{}{detail}", facts.key_algorithm)
}

fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let total = names.len();
    let mut text = names.take(NAMES_SHOWN).collect::<Vec<_>>().join(", ");
    if total > NAMES_SHOWN {
        text.push_str(&format!(" and {} more", total - NAMES_SHOWN));
    }
    text
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

/// An end of validity, and how far that is from `now`.
pub(super) fn ending(end: Timestamp, now: Timestamp) -> String {
    const DAY: u64 = 86_400;
    let days = end.unix().abs_diff(now.unix()) / DAY;
    let distance = match (end < now, days) {
        (false, 0) => "in less than a day".into(),
        (true, 0) => "less than a day ago".into(),
        (false, days) => format!("in {days} day{}", if days == 1 { "" } else { "s" }),
        (true, days) => format!("{days} day{} ago", if days == 1 { "" } else { "s" }),
    };
    format!("{} ({distance})", time(end))
}

/// An instant as people read it; the time zone stays.
pub(super) fn time(at: Timestamp) -> String {
    at.to_string().replace('T', " ").replace('Z', " UTC")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{AuthorityKey, ChosenFrom, Hex, JoinedBy, KeyFrom, Revocation, Summary, Tool};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn facts(subject: &str, issuer: &str, not_after: &str) -> CertificateFacts {
        CertificateFacts {
            subject: subject.into(),
            issuer: issuer.into(),
            subject_ordered: Vec::new(),
            issuer_ordered: Vec::new(),
            serial_number: "4a01".into(),
            not_before: at("2025-01-01T00:00:00Z"),
            not_after: at(not_after),
            sha1: Hex([0x11; 20]),
            sha256: Hex([0x22; 32]),
            key_algorithm: "RSA".into(),
            key_bits: Some(2048),
            key_curve: None,
            key_sha256: Hex([0x33; 32]),
            signature_algorithm: "sha256WithRSAEncryption".into(),
            subject_alternative_names: vec!["DNS:pchat01.contoso.com".into(), "IP:192.0.2.7".into()],
            subject_key_identifier: None,
            authority_key_identifier: Some("ab".repeat(20)),
            extended_key_usage: vec!["serverAuth".into()],
            key_usage: vec!["digitalSignature".into()],
            is_ca: false,
            crl_distribution_points: vec!["http://pki.contoso.com/ca.crl".into()],
            ca_issuers: Vec::new(),
            template: Some("1.3.6.1.4.1.311.21.8.1".into()),
            template_version: Some("100.4".into()),
            ca_version: None,
            previous_ca_hash: None,
            pem: None,
            chain: None,
        }
    }

    const CA: &str = "CN=Contoso Issuing CA,DC=contoso,DC=com";

    fn issued_by(key: u8, key_from: KeyFrom) -> Option<IssuedBy> {
        let (key_sha256, certificate) = (Hex([key; 32]), Some(Hex([0x44; 32])));
        Some(IssuedBy {
            key_sha256,
            subject: Some(CA.into()),
            certificate,
            key_from,
        })
    }

    fn subject(name: &str, status: Status, relation: Relation) -> SubjectReport {
        SubjectReport {
            name: name.into(),
            use_: None,
            status: Some(status),
            relation: Some(relation),
            proof: Some(Proof::Signature),
            issued_by: issued_by(0xa0, KeyFrom::Authorities),
            evidence: Vec::new(),
            certificate: Some(facts(&format!("CN={name}"), CA, "2027-11-20T00:00:00Z")),
            findings: Vec::new(),
            passed_over: None,
            before: None,
            after: None,
        }
    }

    /// A finding in words: its message, what was expected and found, and the hint, those that are not empty.
    fn said(code: Code, [message, expected, actual, hint]: [&str; 4]) -> Finding {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Finding {
            message: message.into(),
            expected: given(expected),
            actual: given(actual),
            hint: given(hint),
            ..Finding::of(code, "said")
        }
    }

    /// One report with everything that the text shows, hostile names included.
    fn sample() -> Report {
        let mut good = subject("fe01.contoso.com", Status::Compliant, Relation::Same);
        good.use_ = Some("WebServicesInternal".into());
        good.proof = Some(Proof::Identical);
        good.findings.push(said(
            Code::KeyWeak,
            ["the RSA key has 1024 bits", "2048 bits or more", "1024 bits", ""],
        ));
        let mut rekeyed = subject("pchat02.contoso.com", Status::Compliant, Relation::Rollover);
        rekeyed.issued_by = issued_by(0xb1, KeyFrom::Authorities);
        let mut alike = subject("pchat01.contoso.com", Status::Noncompliant, Relation::NameOnly);
        alike.use_ = Some("Default".into());
        alike.issued_by = issued_by(0xee, KeyFrom::Intermediates);
        alike.findings.push(said(
            Code::IssuerKeyDiffers,
            [
                "the issuer's name is the reference's, its key is another",
                "key a0a0a0a0a0a0a0a0…",
                "key eeeeeeeeeeeeeeee…",
                "request a new certificate from the CA named above",
            ],
        ));
        let mut hostile = subject("evil\x1b[2J\r\nCOMPLIANT", Status::Noncompliant, Relation::Different);
        hostile.certificate = Some(facts(
            "CN=\u{9b}31mred\u{202e}",
            "CN=Other\u{7}",
            "2026-11-01T00:00:00Z",
        ));
        hostile.issued_by = None;
        hostile.proof = None;
        hostile
            .findings
            .push(said(Code::Expired, ["it ended\x1b]0;title\x07 before", "", "", ""]));
        let mut unread = subject("pchat03.contoso.com", Status::Undetermined, Relation::Unreadable);
        unread.certificate = None;
        unread.issued_by = None;
        unread.proof = None;
        unread.findings.push(said(
            Code::CertificateUnreadable,
            [
                "pchat03.pfx: wrong password for the PKCS#12 file",
                "",
                "",
                "give the password with --password-file or password_file",
            ],
        ));
        let passed = |name: &str, findings| PassedOver {
            from: ChosenFrom::AnyOf,
            index: 0,
            source: Some("old.pfx".into()),
            certificate: Some(facts(name, CA, "2026-01-01T00:00:00Z")),
            relation: Some(Relation::Same),
            proof: Some(Proof::Signature),
            findings,
        };
        unread.passed_over = Some(vec![
            passed(
                "CN=old",
                vec![said(Code::Expired, ["its validity has ended", "", "", ""])],
            ),
            passed(
                "CN=Sub CA",
                vec![
                    said(Code::SubjectIsCa, ["it is a CA certificate", "", "", ""]),
                    said(Code::PrivateKeyMissing, ["its private key is not there", "", "", ""]),
                ],
            ),
        ]);
        let member = |name: &str, key: u8, findings| MemberReport {
            name: name.into(),
            use_: Some("Default".into()),
            certificate: Some(facts(&format!("CN={name}"), CA, "2026-12-01T00:00:00Z")),
            issued_by: issued_by(key, KeyFrom::Authorities),
            findings,
        };
        let key = |digits: u8, version: &str, joined_by| AuthorityKey {
            key_sha256: Hex([digits; 32]),
            certificates: vec![Hex([0x44; 32])],
            ca_version: Some(version.into()),
            not_after: Some(at("2030-01-01T00:00:00Z")),
            joined_by,
        };
        let unanchored = said(
            Code::ReferenceUnanchored,
            [
                "read by TLS, and confirmed by nothing vouched for",
                "",
                "",
                "give the CA certificate with --authority",
            ],
        );
        Report {
            protocol: 1,
            tool: Tool {
                name: "same-ca".into(),
                version: "0.0.0".into(),
            },
            requirement: Some("persistent-chat".into()),
            host: Some("pchat01.contoso.com".into()),
            node: None,
            collected_at: Some(at("2026-11-20T06:00:00Z")),
            valid_at: at("2026-11-20T00:00:00Z"),
            status: Status::Noncompliant,
            compliant: false,
            revocation: Revocation::NotChecked,
            message: "2 of 5 subjects are not under the reference CA".into(),
            summary: Summary {
                total: 5,
                compliant: 2,
                noncompliant: 2,
                undetermined: 1,
            },
            reference: ReferenceReport {
                authorities: vec![AuthorityReport {
                    subject: Some(CA.into()),
                    members: vec!["fe01.contoso.com".into(), "fe02.contoso.com".into()],
                    keys: vec![
                        key(0xa0, "V0.0", JoinedBy::Member),
                        key(0xb1, "V1.1", JoinedBy::CommonParent),
                    ],
                }],
                members: vec![
                    member("fe01.contoso.com", 0xa0, Vec::new()),
                    member("fe02.contoso.com", 0xa0, vec![unanchored]),
                ],
                findings: vec![
                    said(
                        Code::CertificateUnreadable,
                        ["old.cer: not a certificate (found an HTML page)", "", "", ""],
                    )
                    .severity(Severity::Warning)
                    .pointer("/authorities/1"),
                ],
            },
            subjects: vec![good, alike, rekeyed, hostile, unread],
            changed: None,
            actions: None,
        }
    }

    fn shown(colour: bool) -> String {
        let mut out = Vec::new();
        report(&sample(), colour, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_report_reads_like_this() {
        insta::assert_snapshot!(shown(false));
    }

    #[test]
    fn the_first_line_is_the_verdict() {
        assert!(shown(false).starts_with("NONCOMPLIANT  2 of 5 subjects are not under the reference CA\n"));
    }

    #[test]
    fn worse_subjects_stand_before_better_ones_and_keep_their_order() {
        let text = shown(false);
        let places: Vec<_> = [
            "pchat01.contoso.com (D",
            "evil",
            "pchat03",
            "fe01.contoso.com (W",
            "pchat02",
        ]
        .iter()
        .map(|name| text.find(name).unwrap())
        .collect();
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn nothing_that_a_certificate_says_reaches_the_terminal_as_a_control() {
        let plain = shown(false);
        assert!(
            !plain.contains(|c: char| c != '\n' && super::super::safe::is_unsafe(c)),
            "{plain:?}"
        );
        // With colour, taking our own sequences away leaves the plain text.
        let mut coloured = shown(true);
        assert_ne!(coloured, plain);
        for sgr in ["0", "1", "2", "1;32", "33", "1;33", "1;31"] {
            coloured = coloured.replace(&format!("\x1b[{sgr}m"), "");
        }
        assert_eq!(coloured, plain);
    }

    #[test]
    fn what_is_missing_stays_missing() {
        let text = shown(false);
        let unread = &text[text.find("pchat03.contoso.com").unwrap()..];
        let unread = &unread[..unread.find("passed over").unwrap()];
        assert!(
            !unread.contains("signed by") && !unread.contains("known by") && !unread.contains("expires"),
            "{unread}"
        );
    }

    #[test]
    fn an_inspection_reads_like_this() {
        let certificate = |chosen, private_key, name: &str| InspectedCertificate {
            chosen,
            private_key,
            facts: facts(name, CA, "2027-11-20T00:00:00Z"),
        };
        let source = |source: &str, certificates, findings| InspectedSource {
            source: source.into(),
            format: Some("PKCS#12".into()),
            certificates,
            private_keys: 1,
            findings,
        };
        let unreadable = said(
            Code::CertificateUnreadable,
            ["not a certificate (found a private key)", "", "", ""],
        );
        let inspection_of = Inspection {
            protocol: 1,
            kind: crate::protocol::inspection::InspectionKind::Inspection,
            tool: Tool {
                name: "same-ca".into(),
                version: "0.0.0".into(),
            },
            requirement: None,
            host: None,
            node: None,
            collected_at: None,
            subjects: vec![crate::protocol::inspection::InspectedSubject {
                name: "pchat01.pfx".into(),
                use_: None,
                sources: vec![
                    source(
                        "pchat01.pfx",
                        vec![
                            certificate(true, Some(true), "CN=pchat01"),
                            certificate(false, None, ""),
                        ],
                        vec![],
                    ),
                    InspectedSource {
                        format: None,
                        ..source("key.pem", vec![], vec![unreadable])
                    },
                ],
            }],
        };
        let mut out = Vec::new();
        inspection(&inspection_of, at("2026-11-20T00:00:00Z"), false, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn ends_are_told_in_days() {
        let now = at("2026-11-20T00:00:00Z");
        let told = |end: &str| ending(at(end), now);
        assert_eq!(
            told("2026-11-20T23:00:00Z"),
            "2026-11-20 23:00:00 UTC (in less than a day)"
        );
        assert_eq!(told("2026-11-21T00:00:00Z"), "2026-11-21 00:00:00 UTC (in 1 day)");
        assert_eq!(told("2026-11-18T00:00:00Z"), "2026-11-18 00:00:00 UTC (2 days ago)");
        assert_eq!(
            told("9999-12-31T23:59:59Z"),
            "9999-12-31 23:59:59 UTC (in 2912119 days)"
        );
    }
}
