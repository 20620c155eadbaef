//! The verdict in one sentence.

use super::{Row, Voice, phrase, row};
use crate::protocol::{Code, Phrase, ReferenceReport, Relation, Status, SubjectReport, Summary};

pub(super) const ROWS: &[Row] = &[
    row("verdict.one-compliant", "the subject is under the reference CA"),
    row(
        "verdict.all-compliant",
        "all {total} subjects are under the reference CA",
    ),
    row(
        "verdict.one-claimed",
        "the subject names the reference CA as its issuer, and the policy accepts that without a verified signature",
    ),
    row(
        "verdict.all-claimed",
        "all {total} subjects are accepted as under the reference CA, {claimed} of them by a key identifier or name alone, \
         without a verified signature",
    ),
    row(
        "verdict.one-other-ca",
        "1 of {total} {>noun} is not under the reference CA: {>subjects}",
    ),
    row(
        "verdict.several-other-ca",
        "{count} of {total} {>noun} are not under the reference CA: {>subjects}",
    ),
    row(
        "verdict.one-noncompliant",
        "1 of {total} {>noun} is noncompliant: {>subjects}",
    ),
    row(
        "verdict.several-noncompliant",
        "{count} of {total} {>noun} are noncompliant: {>subjects}",
    ),
    row(
        "verdict.one-undetermined",
        "1 of {total} {>noun} is undetermined: {>subjects}",
    ),
    row(
        "verdict.several-undetermined",
        "{count} of {total} {>noun} are undetermined: {>subjects}",
    ),
    row(
        "verdict.none-undetermined",
        "0 of 0 subjects are undetermined: there is none",
    ),
    row(
        "verdict.by-network",
        "the verdict depends on whoever answered for {members}, which no certificate that you trust confirms: {>verdict}",
    ),
    row("verdict.subject", "subject"),
    row("verdict.subjects", "subjects"),
    row("verdict.listed", "{subjects}"),
    row("verdict.listed-and-more", "{subjects}; and {more} more"),
];

/// The verdict of a report whose subjects are in words. It says first where it rests on what the network led to.
pub fn verdict(summary: &Summary, subjects: &[SubjectReport], rule: &ReferenceReport, voice: Voice) -> String {
    let verdict = sentence(summary, subjects);
    let network = rule.known_by_network(subjects);
    let said = match network.is_empty() {
        true => verdict,
        false => Phrase::of("verdict.by-network")
            .value("members", network.join(", "))
            .phrase("verdict", verdict),
    };
    phrase(&said, voice)
}

fn sentence(summary: &Summary, subjects: &[SubjectReport]) -> Phrase {
    let (count, status) = match summary {
        Summary { noncompliant: 1.., .. } => (summary.noncompliant, Status::Noncompliant),
        Summary { total: 0, .. } => return Phrase::of("verdict.none-undetermined"),
        Summary { undetermined: 1.., .. } => (summary.undetermined, Status::Undetermined),
        _ => return compliant(summary, subjects),
    };
    let concerned = || subjects.iter().filter(|subject| subject.status == Some(status));
    let other_ca = |subject: &SubjectReport| {
        !matches!(
            subject.relation,
            Some(Relation::Same | Relation::Rollover | Relation::Unreadable) | None
        )
    };
    let sentence = match (status, count) {
        (Status::Undetermined, 1) => Phrase::of("verdict.one-undetermined"),
        (Status::Undetermined, _) => Phrase::of("verdict.several-undetermined").value("count", count.to_string()),
        (_, 1) if concerned().all(other_ca) => Phrase::of("verdict.one-other-ca"),
        (_, _) if concerned().all(other_ca) => Phrase::of("verdict.several-other-ca").value("count", count.to_string()),
        (_, 1) => Phrase::of("verdict.one-noncompliant"),
        (_, _) => Phrase::of("verdict.several-noncompliant").value("count", count.to_string()),
    };
    let noun = match summary.total {
        1 => Phrase::of("verdict.subject"),
        _ => Phrase::of("verdict.subjects"),
    };
    sentence
        .value("total", summary.total.to_string())
        .phrase("noun", noun)
        .phrase("subjects", listed(concerned()))
}

fn compliant(summary: &Summary, subjects: &[SubjectReport]) -> Phrase {
    let is_claimed = |subject: &&SubjectReport| {
        let mut findings = subject.findings.iter();
        findings.any(|finding| finding.code == Code::WeakEvidence)
    };
    let claimed = subjects.iter().filter(is_claimed).count();
    match (summary.total, claimed) {
        (1, 0) => Phrase::of("verdict.one-compliant"),
        (1, _) => Phrase::of("verdict.one-claimed"),
        (total, 0) => Phrase::of("verdict.all-compliant").value("total", total.to_string()),
        (total, claimed) => Phrase::of("verdict.all-claimed")
            .value("total", total.to_string())
            .value("claimed", claimed.to_string()),
    }
}

/// The first subjects with what is wrong with each; the subjects themselves hold the rest.
fn listed<'s>(subjects: impl Iterator<Item = &'s SubjectReport>) -> Phrase {
    /// Subjects that a sentence can carry.
    const NAMED: usize = 5;
    let mut named: Vec<String> = Vec::new();
    let mut more = 0;
    for subject in subjects {
        match named.len() {
            NAMED => more += 1,
            _ => named.push(why(subject)),
        }
    }
    match more {
        0 => Phrase::of("verdict.listed").value("subjects", named.join("; ")),
        more => Phrase::of("verdict.listed-and-more")
            .value("subjects", named.join("; "))
            .value("more", more.to_string()),
    }
}

fn why(subject: &SubjectReport) -> String {
    let use_ = subject
        .use_
        .as_ref()
        .map(|use_| format!(" ({use_})"))
        .unwrap_or_default();
    match subject.findings.first() {
        Some(finding) => format!("{}{use_}: {}", subject.name, finding.message),
        None => format!("{}{use_}", subject.name),
    }
}
