//! `same-ca enforce`: installs a candidate where a subject is not compliant, and judges the result.

mod files;
mod outcome;
mod place;
mod store;

use crate::cli::EnforceArgs;
use crate::decide::{Chosen, Reference, Settled, SubjectCase};
use crate::enforce::plan::{self, Credentials};
use crate::enforce::{InstallError, windows_store};
use crate::error::Error;
use crate::protocol::{
    Action, ActionKind, Code, Fault, Finding, Hex, Place, Report, Request, Severity, Source, Status, Subject,
    SubjectReport, TlsSource,
};
use crate::render::text;
use crate::source::{Overlay, SourceReader};

use super::check::{Head, beside, report, section};
use super::subjects::{self, Candidates};
use super::verdict::Verdict;
use super::{Context, Streams, flags, places, request};
use outcome::{action, finished, offered, refused};
use place::{lock, places, said};

/// Runs `same-ca enforce`.
///
/// # Errors
/// Where the question cannot be answered, or the answer not be written.
pub fn run(args: &EnforceArgs, streams: &mut Streams<'_>, context: &Context<'_>) -> Result<u8, Error> {
    let typed = args.request != Default::default() || args.install != Default::default();
    let asked = typed
        .then(|| flags::enforce(&args.request, &args.install))
        .transpose()?;
    let example = "same-ca enforce --reference fe01.pem --candidate new.pem --install-certificate www.pem";
    let verdict = Verdict::of(asked, example, streams, |request, stdin| {
        enforce(request, stdin, args.what_if, context)
    })?;
    verdict.tell(streams, &args.output, args.exit_code, context, |report, look, out| {
        text::actions(report, args.what_if, look.colour, out)
    })
}

/// Answers one request, and installs what it asks for. Under `what_if` nothing is touched, and the report says what
/// would be. `stdin` is what a source `-` reads.
///
/// # Errors
/// Where the request itself cannot be answered, and then nothing was touched; what concerns one subject is a finding on
/// it.
pub fn enforce(request: &Request, stdin: Option<&[u8]>, what_if: bool, context: &Context<'_>) -> Result<Report, Fault> {
    request.check()?;
    let mut places = places(request, context)?;
    let reader = SourceReader::new(stdin, context.env, context.log);
    reader.prefetch(read_before(request), &context.servers_read());
    let reference = Reference::new(request::case(request, &reader, context.clock))?;
    let mut run = Run {
        request,
        reader,
        overlay: Overlay::default(),
        reference: &reference,
        context,
        what_if,
        changed: false,
        actions: Vec::new(),
    };
    // Held until the end of the run, so that what was judged is what is replaced. What-if locks too: what another run
    // is about to finish is not what an interrupted one left. A lock is on the open folder, and leaves nothing in it.
    let locks = lock(&places, context);
    for (index, place) in places.iter_mut().enumerate() {
        if place.leader == index {
            run.recover(place, &locks);
        }
    }
    let candidates = Candidates::read(&request.candidates, &run.reader());
    let mut subjects = Vec::with_capacity(request.subjects.len());
    for (index, subject) in request.subjects.iter().enumerate() {
        let place = places.iter().position(|place| place.subject == index);
        let mut report = match place {
            None => run.without_files(subject, &candidates),
            Some(place) => run.with_files(subject, place, &mut places, &candidates),
        };
        beside(&mut report, &reference, subject, &run.reader());
        subjects.push(report);
    }
    let (changed, actions) = (run.changed, run.actions);
    let mut report = report(Head::of(request), &reference, section(&reference), subjects);
    report.changed = Some(changed);
    report.actions = Some(actions);
    Ok(report)
}

/// The TLS servers that are read at once, and once. What is judged beside a place is read after the installation.
fn read_before(request: &Request) -> Vec<&TlsSource> {
    let later: Vec<&TlsSource> = request
        .subjects
        .iter()
        .filter(|subject| places::own_files(subject).is_some())
        .filter_map(|subject| subject.source.as_ref().and_then(request::tls_source))
        .collect();
    let mut sources = request::tls_sources(request);
    sources.retain(|source| !later.contains(source));
    sources
}

struct Run<'a> {
    request: &'a Request,
    reader: SourceReader<'a>,
    /// The files and stores as this run found them, or as it would leave them.
    overlay: Overlay,
    reference: &'a Reference,
    context: &'a Context<'a>,
    what_if: bool,
    changed: bool,
    actions: Vec<Action>,
}

impl<'a> Run<'a> {
    /// A subject whose place, if it has one, is not of files.
    fn without_files(&mut self, subject: &Subject, candidates: &Candidates) -> SubjectReport {
        let case = self.case(subject, candidates);
        let settled = self.reference.settle(&case);
        let chosen = settled.chosen.as_ref();
        let mut report = finished(&settled, None);
        match subject.install.as_ref().map(|install| &install.place) {
            Some(Place::Caller) => {
                if let Some((chosen, certificate)) = chosen.and_then(|chosen| Some((chosen, offered(&case, chosen)?))) {
                    self.actions.push(Action {
                        by: Some("caller".into()),
                        ..action(ActionKind::Assign, subject, chosen, Hex(*certificate.sha256()))
                    });
                }
            }
            Some(Place::WindowsStore(store)) if windows_store::SUPPORTED => {
                return self.with_store(subject, store, &case, &settled, candidates);
            }
            Some(Place::WindowsStore(_)) => {
                self.add(&mut report, Finding::of(Code::InstallRefused, "no-store-here"));
            }
            _ => {}
        }
        report
    }

    /// The finding of what went wrong while files were changed.
    fn failed(&mut self, trouble: &InstallError) -> Finding {
        // Some of them may have been replaced, so the report must not say that nothing changed.
        self.changed |= matches!(trouble, InstallError::Unfinished { .. });
        said(trouble, self.context)
    }

    /// What goes into the files. The private key is read and tried again: its file may have changed.
    fn credentials(&self, subject: &Subject, case: &SubjectCase<'_>, chosen: &Chosen) -> Result<Credentials, Finding> {
        let gone = || Finding::of(Code::InstallRefused, "candidate-gone");
        let certificate = offered(case, chosen).ok_or_else(gone)?.clone();
        let source = self.candidate(subject, chosen.index).ok_or_else(gone)?;
        let key = self.reader().private_key(source, certificate.key()).map_err(refused)?;
        let key = key
            .to_pkcs8(certificate.key().spki_der())
            .ok_or_else(|| Finding::of(Code::InstallRefused, "key-form").value("source", source.label()))?;
        Ok(Credentials {
            certificate,
            chain: plan::chain(&chosen.path),
            key,
        })
    }

    /// The source of a candidate: the subject's come first, then the request's.
    fn candidate<'s>(&'s self, subject: &'s Subject, index: usize) -> Option<&'s Source> {
        match index.checked_sub(subject.candidates.len()) {
            None => subject.candidates.get(index),
            Some(index) => self.request.candidates.get(index),
        }
    }

    /// Reads what this run found or would leave.
    fn reader(&self) -> SourceReader<'a> {
        self.reader.over(self.overlay.clone())
    }

    fn case<'s>(&self, subject: &'s Subject, candidates: &Candidates) -> SubjectCase<'s>
    where
        'a: 's,
    {
        let (policy, valid_at) = (self.reference.policy(), self.reference.valid_at());
        subjects::subject(subject, &self.reader(), policy, valid_at, candidates)
    }

    /// The verdict on a subject, were the files and stores as an overlay has them.
    fn settled(&self, subject: &Subject, candidates: &Candidates, overlay: &Overlay) -> Settled {
        let (policy, valid_at) = (self.reference.policy(), self.reference.valid_at());
        let reader = self.reader.over(overlay.clone());
        self.reference
            .settle(&subjects::subject(subject, &reader, policy, valid_at, candidates))
    }

    /// Adds a finding to a report, of the weight that the policy gives it at least.
    fn add(&self, report: &mut SubjectReport, finding: Finding) {
        let given = self.reference.policy().severity.of(finding.code);
        let severity = given.map_or(finding.severity, |given| given.max(finding.severity));
        let status = match severity {
            Severity::Error => Some(Status::Noncompliant),
            Severity::Doubt => Some(Status::Undetermined),
            Severity::Warning | Severity::Info => None,
        };
        report.status = report.status.max(status);
        // Before findings of the same severity: it says why they are still there.
        report.findings.insert(0, finding.severity(severity));
        report
            .findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    }
}
