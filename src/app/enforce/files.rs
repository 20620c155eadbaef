//! A place of files: plan, simulate, apply.

use crate::app::places;
use crate::app::subjects::Candidates;
use crate::decide::{Chosen, Settled, SubjectCase};
use crate::enforce::install::{self, CurrentFile, Leftover};
use crate::enforce::plan::{self, Known, Plan, PlannedFile};
use crate::pkcs12::Salts;
use crate::protocol::Secret;
use crate::protocol::{Action, ActionKind, Code, Finding, Hex, Place, Status, Subject, SubjectReport};
use crate::source::Overlay;

use super::Run;
use super::outcome::{action, facts, finished, refused};
use super::place::{Files, Locks, said};

impl Run<'_> {
    /// Finishes or undoes what an interrupted run left in a place.
    pub(super) fn recover(&mut self, place: &mut Files<'_>, locks: &Locks) {
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
        let mended = place.files.iter().filter(|_| interrupted.concerns_files());
        self.changed = true;
        self.actions.push(Action {
            action: ActionKind::Recover,
            subject: subject.name.clone(),
            use_: subject.use_.clone(),
            by: None,
            candidate: None,
            source: None,
            certificate: None,
            paths: mended.map(|file| file.path.clone()).collect(),
            backups: Vec::new(),
        });
    }

    /// A subject with a place of files.
    pub(super) fn with_files(
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
            // The files are on disk now. In a what-if run, a later subject of the same place finds them as they would be.
            self.overlay = place.bare(std::mem::take(&mut self.overlay));
        }
        report
    }

    pub(super) fn settle(
        &mut self,
        subject: &Subject,
        place: &mut Files<'_>,
        candidates: &Candidates,
    ) -> SubjectReport {
        let current = self.examine(place);
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
        let done = match (unfit, &current) {
            (Some(why), _) => Err(why.clone()),
            (None, None) => Err(Finding::of(Code::InstallRefused, "unread")),
            (None, Some(current)) => self.replace(subject, place, (current, backup), &case, chosen, candidates),
        };
        match done {
            Ok(settled) => SubjectReport {
                passed_over: first.report.passed_over,
                ..finished(&settled, Some(before))
            },
            Err(why) => {
                // Whatever was tried, what is there now is judged.
                if current.is_none() || !self.what_if {
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

    /// Reads the current files of a place, once: what is judged is what is replaced.
    fn examine(&mut self, place: &mut Files<'_>) -> Option<Vec<CurrentFile>> {
        if place.unfit.is_some() || place.stuck.is_some() {
            return None;
        }
        let mut current = match install::examine(&place.targets) {
            Ok(current) => current,
            Err(trouble) => {
                place.unfit = Some(said(&trouble, self.context));
                return None;
            }
        };
        for (file, one) in place.files.iter().zip(&mut current) {
            // An interrupted run would have been mended by now.
            if let Some(content) = self.overlay.file(&file.path) {
                one.content = content.as_ref().map(|content| (**content).clone());
            }
        }
        self.overlay = place.over(
            std::mem::take(&mut self.overlay),
            current.iter().map(|one| one.content.clone()),
        );
        Some(current)
    }

    /// Plans the installation of the chosen candidate, simulates it, and applies it unless this is a what-if run.
    /// `backup` says whether the current files are kept.
    fn replace(
        &mut self,
        subject: &Subject,
        place: &mut Files<'_>,
        (current, backup): (&[CurrentFile], bool),
        case: &SubjectCase<'_>,
        chosen: &Chosen,
        candidates: &Candidates,
    ) -> Result<Settled, Finding> {
        let credentials = self.credentials(subject, case, chosen)?;
        let mut current = current;
        if credentials.chain.is_empty() && place.files.last().is_some_and(PlannedFile::is_chain_alone) {
            // A root issued it: there is no chain to send, and servers refuse an empty file. The current file stays.
            place.files.pop();
            place.targets.pop();
            current = current.split_last().map_or(current, |(_, rest)| rest);
        }
        let password = match &place.install.place {
            Place::Pkcs12 { path, password, .. } => self.reader().password(password.as_ref(), path).map_err(refused)?,
            _ => None,
        };
        let salts = Salts::random().ok_or_else(|| Finding::of(Code::InstallFailed, "no-randomness"))?;
        let known = Known {
            credentials: &credentials,
            password: password.as_ref().map(Secret::expose),
            salts: &salts,
            current: current.iter().map(CurrentFile::bytes).collect(),
            backup,
        };
        let plan = plan::plan(&place.files, &known).map_err(|trouble| said(&trouble, self.context))?;
        install::check_room(&place.targets, &plan.contents).map_err(|trouble| said(&trouble, self.context))?;

        let (simulated, mut settled) = self.simulate(subject, place, &plan, candidates)?;
        if self.what_if {
            self.overlay = simulated;
        } else {
            settled = self.apply(subject, place, current, &plan, candidates)?;
        }
        self.changed = true;
        let certificate = Hex(*credentials.certificate.sha256());
        self.actions.push(Action {
            paths: place.files.iter().map(|file| file.path.clone()).collect(),
            backups: install::backups(&place.targets, current, plan.backup.as_deref()),
            ..action(ActionKind::Install, subject, chosen, certificate)
        });
        Ok(settled)
    }

    /// The verdict on the planned files, before they are written: what a candidate's source proved, the files may not.
    fn simulate(
        &self,
        subject: &Subject,
        place: &Files<'_>,
        plan: &Plan,
        candidates: &Candidates,
    ) -> Result<(Overlay, Settled), Finding> {
        let overlay = place.over(self.overlay.clone(), plan.contents.iter().cloned().map(Some));
        let settled = self.settled(subject, candidates, &overlay);
        if settled.report.status == Some(Status::Compliant) {
            return Ok((overlay, settled));
        }
        let path = place.files.first().map_or("", |file| file.path.as_str());
        Err(match settled.report.findings.first() {
            Some(cause) => Finding::of(Code::InstallRefused, "not-proven-there")
                .value("place", path)
                .cause(cause),
            None => Finding::of(Code::InstallRefused, "another-fits").value("place", path),
        })
    }

    /// Writes the planned files, and returns the verdict on what is then on disk.
    fn apply(
        &mut self,
        subject: &Subject,
        place: &mut Files<'_>,
        current: &[CurrentFile],
        plan: &Plan,
        candidates: &Candidates,
    ) -> Result<Settled, Finding> {
        let left = install::install(&place.targets, current, &plan.contents, plan.backup.as_deref());
        let left = left.map_err(|trouble| self.failed(&trouble))?;
        place.notes.extend(self.leftovers(&left));
        self.overlay = place.bare(std::mem::take(&mut self.overlay));
        Ok(self.reference.settle(&self.case(subject, candidates)))
    }

    fn leftovers(&self, left: &[Leftover]) -> Vec<Finding> {
        let finding = |left: &Leftover| {
            let path = left.path.display();
            (self.context.log)(&format!("{path}: {}", left.cause));
            Finding::of(Code::LeftoverFile, "kept").value("path", path.to_string())
        };
        left.iter().map(finding).collect()
    }
}

/// The refusal of a place whose files cannot be read: their purpose is unknown, so they are not replaced.
fn left_alone(found: &Finding) -> Finding {
    Finding::of(Code::InstallRefused, "place-unreadable").cause(found)
}
