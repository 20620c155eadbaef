//! `same-ca check`: request in, report out; nothing is changed.

use rayon::prelude::*;

use crate::cli::CheckArgs;
use crate::decide::{self, Reference};
use crate::error::Error;
use crate::explain::{self, Voice};
use crate::protocol::{
    Fault, Finding, PROTOCOL, ReferenceReport, Report, Request, Revocation, Subject, SubjectReport, Timestamp, Tool,
};
use crate::source::SourceReader;

use super::flags;
use super::subjects::Candidates;
use super::verdict::Verdict;
use super::{Context, Streams};
use super::{request, subjects};

/// Subjects from which on they are judged on all cores: starting threads costs more than a few verdicts.
const PARALLEL_FROM: usize = 64;

/// Runs `same-ca check`.
///
/// # Errors
/// Where the question cannot be answered, or the answer not be written.
pub fn run(args: &CheckArgs, streams: &mut Streams<'_>, context: &Context<'_>) -> Result<u8, Error> {
    let typed = args.request != Default::default();
    let asked = typed.then(|| flags::check(&args.request)).transpose()?;
    let example = "same-ca check --reference fe01.pem --subject pchat01.pem";
    let verdict = Verdict::of(asked, example, streams, |request, stdin| check(request, stdin, context))?;
    verdict.tell(streams, &args.output, args.exit_code, context, |_, _, _| Ok(()))
}

/// Answers one request. `stdin` is what a source `-` reads.
///
/// # Errors
/// Where the request itself cannot be answered; what concerns one subject is a finding on it.
pub fn check(request: &Request, stdin: Option<&[u8]>, context: &Context<'_>) -> Result<Report, Fault> {
    request.check()?;
    let reader = SourceReader::new(stdin, context.env, context.log);
    reader.prefetch(request::tls_sources(request), &context.servers_read());
    let reference = Reference::new(request::case(request, &reader, context.clock))?;
    let candidates = Candidates::read(&request.candidates, &reader);
    let subjects = judge(&reference, &request.subjects, &reader, &candidates);
    Ok(report(Head::of(request), &reference, section(&reference), subjects))
}

/// The verdicts on subjects, in order.
pub(super) fn judge(
    reference: &Reference,
    subjects: &[Subject],
    reader: &SourceReader<'_>,
    candidates: &Candidates,
) -> Vec<SubjectReport> {
    let one = |subject: &Subject| {
        let case = subjects::subject(subject, reader, reference.policy(), reference.valid_at(), candidates);
        let mut report = reference.settle(&case).report;
        beside(&mut report, reference, subject, reader);
        report
    };
    if subjects.len() < PARALLEL_FROM {
        subjects.iter().map(one).collect()
    } else {
        subjects.par_iter().map(one).collect()
    }
}

/// Judges the source beside a subject's own place in addition: its findings join those of the place.
pub(super) fn beside(report: &mut SubjectReport, reference: &Reference, subject: &Subject, reader: &SourceReader<'_>) {
    let case = subjects::beside(subject, reader, reference.policy(), reference.valid_at());
    let (Some(case), Some(source)) = (case, &subject.source) else {
        return;
    };
    let label = source.label();
    let judged = reference.settle(&case).report;
    for finding in judged.findings {
        let known = report.findings.iter().any(|known| known.says_what(&finding));
        let says_so = finding.values.get("source").is_some_and(|source| *source == label);
        if !known && says_so {
            report.findings.push(finding);
        } else if !known {
            let beside = Finding::of(finding.code, "beside")
                .value("source", label.clone())
                .cause(&finding);
            report.findings.push(Finding {
                severity: finding.severity,
                pointer: finding.pointer,
                ..beside
            });
        }
    }
    report
        .findings
        .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    report.status = report.status.max(judged.status);
}

/// The caller's words, carried into the report.
#[derive(Clone)]
pub(super) struct Head {
    pub requirement: Option<String>,
    pub host: Option<String>,
    pub node: Option<String>,
    pub collected_at: Option<Timestamp>,
}

impl Head {
    pub(super) fn of(request: &Request) -> Self {
        Head {
            requirement: request.requirement.clone(),
            host: request.host.clone(),
            node: request.node.clone(),
            collected_at: request.collected_at,
        }
    }
}

/// The reference section, in words.
pub(super) fn section(reference: &Reference) -> ReferenceReport {
    let mut section = reference.report().clone();
    explain::reference(&mut section, Voice::Request);
    section
}

/// Puts a report together. `R` is the reference section, or its JSON where many reports share it.
pub(super) fn report<R>(head: Head, rule: &Reference, reference: R, mut subjects: Vec<SubjectReport>) -> Report<R> {
    subjects
        .iter_mut()
        .for_each(|subject| explain::subject(subject, Voice::Request));
    let valid_at = rule.valid_at();
    let summary = decide::summary(&subjects);
    let status = decide::status(&summary);
    Report {
        protocol: PROTOCOL,
        tool: Tool::this(),
        requirement: head.requirement,
        host: head.host,
        node: head.node,
        collected_at: head.collected_at,
        valid_at,
        status,
        compliant: status == crate::protocol::Status::Compliant,
        revocation: Revocation::NotChecked,
        message: explain::verdict(&summary, &subjects, rule.report(), Voice::Request),
        summary,
        reference,
        subjects,
        changed: None,
        actions: None,
    }
}
