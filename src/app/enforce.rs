//! `same-ca enforce`: puts a candidate where a subject is not compliant, and judges what then stands.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::cert::Certificate;
use crate::cli::EnforceArgs;
use crate::decide::{Chosen, Given, Reference, Settled, SubjectCase};
use crate::enforce::InstallError;
use crate::enforce::folder::Folder;
use crate::enforce::install::{self, CurrentFile, Leftover, Lock};
use crate::enforce::plan::{self, Claim, Credentials, PlannedFile};
use crate::enforce::target::{Folders, Target};
use crate::enforce::windows_store::{self, Import};
use crate::error::Error;
use crate::explain::{self, Voice};
use crate::pkcs12::Salts;
use crate::protocol::request::WindowsStorePlace;
use crate::protocol::{
    Action, ActionKind, CertificateFacts, Code, Encryption, Fault, Finding, Hex, Install, Place, Report, Request,
    Severity, Sha256Hex, Source, Status, Subject, SubjectReport, TlsSource, WindowsStoreSource,
};
use crate::render::text;
use crate::source::{HeldCertificate, Overlay, SourceReader};

use super::check::{Head, beside, report, section};
use super::flags;
use super::subjects::Candidates;
use super::verdict::Verdict;
use super::{Context, Streams};
use super::{places, request, subjects};

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

/// Answers one request, and installs what it asks for. Under `what_if` nothing is touched, and the report says what would
/// be. `stdin` is what a source `-` stands for.
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
    // HeldCertificate until the end of the run, so that what was judged is what is replaced. What-if locks too: what another run is
    // about to finish is not what an interrupted one left. A lock is on the open folder, and leaves nothing in it.
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

/// A subject's place of files.
struct Files<'a> {
    /// Index of the subject.
    subject: usize,
    install: &'a Install,
    slots: Vec<PlannedFile>,
    targets: Vec<Target>,
    /// The first place of the same files, an index among the places.
    leader: usize,
    /// Another spelling of the certificate's path, as the key's.
    alias: Option<&'a str>,
    /// What stood there before the run; known once it was read.
    before: Option<Option<Box<CertificateFacts>>>,
    /// Why nothing can be installed there; said where something is to be.
    unfit: Option<Finding>,
    /// Why an interrupted run could not be mended; always said.
    stuck: Option<Finding>,
    /// What is said once something was done.
    notes: Vec<Finding>,
}

impl Files<'_> {
    /// An overlay with these contents of its files.
    fn over(&self, overlay: Overlay, contents: impl Iterator<Item = Option<Zeroizing<Vec<u8>>>>) -> Overlay {
        let mut overlay = overlay;
        for (index, (slot, content)) in self.slots.iter().zip(contents).enumerate() {
            if let (0, Some(alias)) = (index, self.alias) {
                overlay = overlay.with_file(alias, content.clone());
            }
            overlay = overlay.with_file(&slot.path, content);
        }
        overlay
    }

    /// An overlay that says nothing of its files: what stands on disk counts.
    fn bare(&self, overlay: Overlay) -> Overlay {
        let paths = self.slots.iter().map(|slot| slot.path.as_str());
        paths.chain(self.alias).fold(overlay, Overlay::without_file)
    }
}

/// The places of files, in the order of their subjects.
fn places<'a>(request: &'a Request, context: &Context<'_>) -> Result<Vec<Files<'a>>, Fault> {
    let mut places: Vec<Files<'a>> = Vec::new();
    let mut folders = Folders::new();
    for (index, subject) in request.subjects.iter().enumerate() {
        let Some(install) = places::own_files(subject) else {
            continue;
        };
        let mut slots = plan::slots(&install.place, false);
        let mut resolved = resolve(&slots, &mut folders);
        let mut alias = None;
        if let (Place::Files { private_key, .. }, Ok([certificate, key, ..])) = (&install.place, resolved.as_deref())
            && private_key.is_some()
            && certificate.identity() == key.identity()
        {
            alias = private_key.as_deref();
            slots = plan::slots(&install.place, true);
            resolved = resolve(&slots, &mut folders);
        }
        let (targets, unfit) = match resolved {
            Ok(targets) => (targets, None),
            Err(trouble) => (Vec::new(), Some(said(&trouble, context))),
        };
        places.push(Files {
            subject: index,
            install,
            slots,
            targets,
            leader: places.len(),
            alias,
            before: None,
            unfit,
            stuck: None,
            notes: Vec::new(),
        });
    }
    let claims: Vec<Claim<'_>> = places
        .iter()
        .filter_map(|place| request.subjects.get(place.subject).map(|subject| (place, subject)))
        .map(|(place, subject)| Claim {
            subject: place.subject,
            install: place.install,
            names: subjects::names(subject, &request.policy),
            effective_from: subject.effective_from,
            candidates: &subject.candidates,
            files: match place.targets.is_empty() {
                false => place.targets.iter().map(Target::identity).collect(),
                true => place.slots.iter().map(|slot| PathBuf::from(&slot.path)).collect(),
            },
        })
        .collect();
    let leaders = plan::leaders(&claims)?;
    for (place, leader) in places.iter_mut().zip(leaders) {
        place.leader = leader;
    }
    Ok(places)
}

fn resolve(slots: &[PlannedFile], folders: &mut Folders) -> Result<Vec<Target>, InstallError> {
    slots.iter().map(|slot| Target::resolve(slot, folders)).collect()
}

type Locks = BTreeMap<PathBuf, Result<Lock, Finding>>;

/// Locks every folder, in one order for all runs, so that no two wait for each other.
fn lock(places: &[Files<'_>], context: &Context<'_>) -> Locks {
    let targets = places.iter().flat_map(|place| &place.targets);
    let folders: BTreeMap<PathBuf, &Arc<Folder>> = targets
        .map(|target| (target.folder().path().to_owned(), target.folder()))
        .collect();
    let lock = |(path, folder)| (path, Lock::take(folder).map_err(|trouble| said(&trouble, context)));
    folders.into_iter().map(lock).collect()
}

/// The finding of a trouble; what the system said goes to the log.
fn said(trouble: &InstallError, context: &Context<'_>) -> Finding {
    let finding = trouble.finding();
    if let Some(cause) = trouble.cause() {
        (context.log)(&format!("{}: {cause}", explain::message(&finding, Voice::Request)));
    }
    finding
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
    /// Finishes or undoes what an interrupted run left in a place.
    fn recover(&mut self, place: &mut Files<'_>, locks: &Locks) {
        let Some(subject) = self.request.subjects.get(place.subject) else {
            return;
        };
        let locked = place
            .targets
            .iter()
            .filter_map(|target| locks.get(target.folder().path()));
        let unlocked = locked.filter_map(|lock| lock.as_ref().err()).next().cloned();
        let interrupted = match install::interrupted(&place.targets) {
            Ok(None) => {
                place.unfit = place.unfit.take().or(unlocked);
                return;
            }
            Ok(Some(interrupted)) => interrupted,
            Err(trouble) => {
                place.stuck = Some(unlocked.unwrap_or_else(|| said(&trouble, self.context)));
                return;
            }
        };
        if unlocked.is_some() {
            place.stuck = unlocked;
            return;
        }
        let no_candidates = Candidates::default();
        place.before = Some(facts(&self.case(subject, &no_candidates)));
        if self.what_if {
            self.overlay = place.over(std::mem::take(&mut self.overlay), interrupted.contents.iter().cloned());
        } else {
            match install::recover(&place.targets, &interrupted) {
                Ok(left) => place.notes.extend(self.leftovers(&left)),
                Err(trouble) => {
                    place.stuck = Some(self.failed(&trouble));
                    return;
                }
            }
        }
        let mended = place.slots.iter().filter(|_| interrupted.concerns_files());
        self.changed = true;
        self.actions.push(Action {
            action: ActionKind::Recover,
            subject: subject.name.clone(),
            use_: subject.use_.clone(),
            by: None,
            candidate: None,
            source: None,
            certificate: None,
            paths: mended.map(|slot| slot.path.clone()).collect(),
            backups: Vec::new(),
        });
    }

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

    /// A subject whose place is a Windows certificate store, as it was found.
    fn with_store(
        &mut self,
        subject: &Subject,
        store: &WindowsStorePlace,
        case: &SubjectCase<'_>,
        first: &Settled,
        candidates: &Candidates,
    ) -> SubjectReport {
        let before = first.certificate.as_deref().map(boxed);
        let place = Source::WindowsStore(places::in_store(store)).label().into_owned();
        let something_to_do = first.report.status != Some(Status::Compliant) || first.chosen.is_some();
        if something_to_do && let Err(trouble) = windows_store::check_store(store, &place) {
            let mut report = finished(first, Some(before));
            self.add(&mut report, said(&trouble, self.context));
            return report;
        }
        let Some(chosen) = &first.chosen else {
            return finished(first, Some(before));
        };
        match self.import(subject, store, case, chosen, candidates) {
            Ok(settled) => SubjectReport {
                passed_over: first.report.passed_over.clone(),
                ..finished(&settled, Some(before))
            },
            Err(why) => {
                // Whatever was tried: what stands is judged.
                let settled = self.reference.settle(&self.case(subject, candidates));
                let mut report = finished(&settled, Some(before));
                self.add(&mut report, why);
                report
            }
        }
    }

    /// Imports the candidate that was chosen, or says what it would give. Of what proved it nothing is imported.
    fn import(
        &mut self,
        subject: &Subject,
        store: &WindowsStorePlace,
        case: &SubjectCase<'_>,
        chosen: &Chosen,
        candidates: &Candidates,
    ) -> Result<Settled, Finding> {
        let credentials = Credentials {
            chain: Vec::new(),
            ..self.credentials(subject, case, chosen)?
        };
        let certificate = &credentials.certificate;
        let place = places::in_store(store);
        let label = Source::WindowsStore(WindowsStoreSource {
            thumbprint: Some(Hex(certificate.sha1())),
            ..place.clone()
        })
        .label()
        .into_owned();

        // What would stand is judged before it stands: what a candidate's source proved, the store may not.
        let held = HeldCertificate {
            certificate: certificate.clone(),
            private_key: Some(true),
            key_provider: None,
            notes: Vec::new(),
            forms: Vec::new(),
            file: None,
        };
        let planned = self.overlay.clone().with_certificate(place, held);
        let mut settled = self.settled(subject, candidates, &planned);
        let stands = settled.certificate.as_ref().map(|stands| stands.sha256());
        if settled.report.status != Some(Status::Compliant) || stands != Some(certificate.sha256()) {
            let place = Source::WindowsStore(places::in_store(store)).label().into_owned();
            return Err(match (store.thumbprint, settled.report.findings.first()) {
                (Some(_), _) => Finding::of(Code::InstallRefused, "other-thumbprint").value("place", place),
                (None, Some(cause)) => Finding::of(Code::InstallRefused, "not-proven-there")
                    .value("place", place)
                    .cause(cause),
                (None, None) => Finding::of(Code::InstallRefused, "another-fits").value("place", place),
            });
        }
        if self.what_if {
            self.overlay = planned;
        } else {
            let no_randomness = || Finding::of(Code::InstallFailed, "no-randomness");
            let salts = Salts::random().ok_or_else(no_randomness)?;
            let password = windows_store::passing_password().ok_or_else(no_randomness)?;
            let pkcs12 = plan::pkcs12(&credentials, Some(&password), Encryption::Legacy, &salts)
                .map_err(|cause| self.failed(&InstallError::refused_for(&label, cause)))?;
            let import = Import {
                place: store,
                label: &label,
                certificate: certificate.der(),
                pkcs12: &pkcs12,
                password: &password,
            };
            windows_store::import(&import).map_err(|trouble| self.failed(&trouble))?;
            settled = self.reference.settle(&self.case(subject, candidates));
        }
        self.changed = true;
        self.actions.push(Action {
            paths: vec![label],
            ..action(ActionKind::Install, subject, chosen, Hex(*certificate.sha256()))
        });
        Ok(settled)
    }

    /// A subject with a place of files.
    fn with_files(
        &mut self,
        subject: &Subject,
        index: usize,
        places: &mut [Files<'_>],
        candidates: &Candidates,
    ) -> SubjectReport {
        let leader = places.get(index).map_or(index, |place| place.leader);
        if leader != index {
            let (before, trouble) = match places.get(leader) {
                Some(leader) => (leader.before.clone(), leader.stuck.clone().or(leader.unfit.clone())),
                None => (None, None),
            };
            let settled = self.reference.settle(&self.case(subject, candidates));
            let mut report = finished(&settled, before);
            if let Some(trouble) = trouble.filter(|_| settled.chosen.is_some()) {
                self.add(&mut report, trouble);
            }
            return report;
        }
        let Some(place) = places.get_mut(index) else {
            return self.without_files(subject, candidates);
        };
        let mut report = self.settle(subject, place, candidates);
        for note in std::mem::take(&mut place.notes) {
            self.add(&mut report, note);
        }
        if !self.what_if {
            // What stands is on disk; under what-if a later subject of the same place finds it as it would be.
            self.overlay = place.bare(std::mem::take(&mut self.overlay));
        }
        report
    }

    fn settle(&mut self, subject: &Subject, place: &mut Files<'_>, candidates: &Candidates) -> SubjectReport {
        let standing = self.examine(place);
        let case = self.case(subject, candidates);
        let before = place.before.get_or_insert_with(|| facts(&case)).clone();
        let first = self.reference.settle(&case);
        let Some(chosen) = &first.chosen else {
            let mut report = finished(&first, Some(before));
            if let Some(stuck) = &place.stuck {
                self.add(&mut report, stuck.clone());
            }
            return report;
        };
        let unreadable = places::unreadable(&place.install.place, &self.reader());
        let refused = match &unreadable {
            Some(found) if !place.install.replace_unreadable => Some(left_alone(found)),
            _ => None,
        };
        let backup = place.install.backup || unreadable.is_some();
        let unfit = place.stuck.as_ref().or(place.unfit.as_ref()).or(refused.as_ref());
        let done = match (unfit, &standing) {
            (Some(why), _) => Err(why.clone()),
            (None, None) => Err(Finding::of(Code::InstallRefused, "unread")),
            (None, Some(standing)) => self.replace(subject, place, (standing, backup), &case, chosen, candidates),
        };
        match done {
            Ok(settled) => SubjectReport {
                passed_over: first.report.passed_over,
                ..finished(&settled, Some(before))
            },
            Err(why) => {
                // Whatever was tried: what stands is judged.
                if standing.is_none() || !self.what_if {
                    self.overlay = place.bare(std::mem::take(&mut self.overlay));
                }
                let settled = self.reference.settle(&self.case(subject, candidates));
                let mut report = finished(&settled, Some(before));
                self.add(&mut report, why.clone());
                place.unfit = Some(why);
                report
            }
        }
    }

    /// Reads what stands at the files of a place, once: what is judged is what is replaced.
    fn examine(&mut self, place: &mut Files<'_>) -> Option<Vec<CurrentFile>> {
        if place.unfit.is_some() || place.stuck.is_some() {
            return None;
        }
        let mut standing = match install::examine(&place.targets) {
            Ok(standing) => standing,
            Err(trouble) => {
                place.unfit = Some(said(&trouble, self.context));
                return None;
            }
        };
        for (slot, one) in place.slots.iter().zip(&mut standing) {
            // An interrupted run would have been mended by now.
            if let Some(content) = self.overlay.file(&slot.path) {
                one.content = content.as_ref().map(|content| (**content).clone());
            }
        }
        self.overlay = place.over(
            std::mem::take(&mut self.overlay),
            standing.iter().map(|one| one.content.clone()),
        );
        Some(standing)
    }

    /// Installs the candidate that was chosen, or says what it would give. `backup` says whether the old files are kept.
    fn replace(
        &mut self,
        subject: &Subject,
        place: &mut Files<'_>,
        (standing, backup): (&[CurrentFile], bool),
        case: &SubjectCase<'_>,
        chosen: &Chosen,
        candidates: &Candidates,
    ) -> Result<Settled, Finding> {
        let credentials = self.credentials(subject, case, chosen)?;
        let mut standing = standing;
        if credentials.chain.is_empty() && place.slots.last().is_some_and(PlannedFile::is_chain_alone) {
            // A root issued it, so there is nothing to send along, and servers refuse an empty file: it is left alone.
            place.slots.pop();
            place.targets.pop();
            standing = standing.split_last().map_or(standing, |(_, rest)| rest);
        }
        let password = match &place.install.place {
            Place::Pkcs12 { path, password, .. } => self.reader().password(password.as_ref(), path).map_err(refused)?,
            _ => None,
        };
        let salts = Salts::random().ok_or_else(|| Finding::of(Code::InstallFailed, "no-randomness"))?;
        let password = password.as_ref().map(crate::protocol::Secret::expose);
        let contents = plan::contents(&place.slots, &credentials, password, &salts)
            .map_err(|trouble| said(&trouble, self.context))?;
        install::check_room(&place.targets, &contents).map_err(|trouble| said(&trouble, self.context))?;

        // What would stand is judged before it stands: what a candidate's source proved, the files may not.
        let planned = place.over(self.overlay.clone(), contents.iter().cloned().map(Some));
        let mut settled = self.settled(subject, candidates, &planned);
        if settled.report.status != Some(Status::Compliant) {
            let path = place.slots.first().map_or("", |slot| slot.path.as_str());
            return Err(match settled.report.findings.first() {
                Some(cause) => Finding::of(Code::InstallRefused, "not-proven-there")
                    .value("place", path)
                    .cause(cause),
                None => Finding::of(Code::InstallRefused, "another-fits").value("place", path),
            });
        }

        let stands = standing
            .iter()
            .map(|one| one.content.as_ref().map(|content| content.as_slice()));
        let suffix = backup.then(|| plan::backup_suffix(stands)).flatten();
        if self.what_if {
            self.overlay = planned;
        } else {
            let left = install::install(&place.targets, standing, &contents, suffix.as_deref());
            let left = left.map_err(|trouble| self.failed(&trouble))?;
            place.notes.extend(self.leftovers(&left));
            self.overlay = place.bare(std::mem::take(&mut self.overlay));
            settled = self.reference.settle(&self.case(subject, candidates));
        }
        self.changed = true;
        let certificate = Hex(*credentials.certificate.sha256());
        self.actions.push(Action {
            paths: place.slots.iter().map(|slot| slot.path.clone()).collect(),
            backups: install::backups(&place.targets, standing, suffix.as_deref()),
            ..action(ActionKind::Install, subject, chosen, certificate)
        });
        Ok(settled)
    }

    /// The finding of what went wrong while files were changed.
    fn failed(&mut self, trouble: &InstallError) -> Finding {
        // Some of them may have been replaced: nobody can say that nothing is changed.
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

    fn leftovers(&self, left: &[Leftover]) -> Vec<Finding> {
        let finding = |left: &Leftover| {
            let path = left.path.display();
            (self.context.log)(&format!("{path}: {}", left.cause));
            Finding::of(Code::LeftoverFile, "kept").value("path", path.to_string())
        };
        left.iter().map(finding).collect()
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
        // Before its equals: it says why they still stand.
        report.findings.insert(0, finding.severity(severity));
        report
            .findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    }
}

/// What stands for a case of one certificate.
fn facts(case: &SubjectCase<'_>) -> Option<Box<CertificateFacts>> {
    match &case.given {
        Given::One(offer) => offer.certificate.as_deref().map(boxed),
        Given::AnyOf(_) => None,
    }
}

fn boxed(certificate: &Certificate) -> Box<CertificateFacts> {
    Box::new(certificate.facts())
}

/// A report with what was and what is.
fn finished(settled: &Settled, before: Option<Option<Box<CertificateFacts>>>) -> SubjectReport {
    let after = settled.certificate.as_deref().map(boxed);
    SubjectReport {
        before: Some(before.unwrap_or_else(|| after.clone())),
        after: Some(after),
        ..settled.report.clone()
    }
}

fn offered<'a>(case: &'a SubjectCase<'_>, chosen: &Chosen) -> Option<&'a Arc<Certificate>> {
    case.candidates.as_ref()?.get(chosen.position)?.certificate.as_ref()
}

fn action(kind: ActionKind, subject: &Subject, chosen: &Chosen, certificate: Sha256Hex) -> Action {
    Action {
        action: kind,
        subject: subject.name.clone(),
        use_: subject.use_.clone(),
        by: None,
        candidate: Some(chosen.index),
        source: Some(chosen.source.to_string()),
        certificate: Some(certificate),
        paths: Vec::new(),
        backups: Vec::new(),
    }
}

/// What is said of a place whose files nobody could have read: what they are for is not known, so they stay.
fn left_alone(found: &Finding) -> Finding {
    Finding::of(Code::InstallRefused, "place-unreadable").cause(found)
}

/// The same as a reason for installing nothing.
fn refused(finding: Finding) -> Finding {
    Finding::of(Code::InstallRefused, "cause").cause(&finding)
}
