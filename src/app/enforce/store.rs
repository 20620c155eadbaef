//! A place in a Windows store: plan, simulate, apply.

use crate::app::places;
use crate::app::subjects::Candidates;
use crate::decide::{Chosen, Settled, SubjectCase};
use crate::enforce::InstallError;
use crate::enforce::plan::{self, Credentials};
use crate::enforce::windows_store::{self, Import};
use crate::pkcs12::Salts;
use crate::protocol::install::WindowsStorePlace;
use crate::protocol::{
    Action, ActionKind, Code, Encryption, Finding, Hex, Source, Status, Subject, SubjectReport, WindowsStoreSource,
};
use crate::source::HeldCertificate;

use super::Run;
use super::outcome::{action, boxed, finished};
use super::place::said;

impl<'a> Run<'a> {
    /// A subject whose place is a Windows certificate store, as it was found.
    pub(super) fn with_store(
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
}
