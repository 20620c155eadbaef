//! A place in a Windows store: plan, simulate, apply.

use std::sync::Arc;

use crate::app::places;
use crate::app::subjects::Candidates;
use crate::cert::Certificate;
use crate::decide::{Chosen, Settled, SubjectCase};
use crate::enforce::InstallError;
use crate::enforce::plan::{self, Credentials};
use crate::enforce::windows_store::{self, Import};
use crate::pkcs12::Salts;
use crate::protocol::install::WindowsStorePlace;
use crate::protocol::{
    Action, ActionKind, Code, Encryption, Finding, Hex, Source, Status, Subject, SubjectReport, WindowsStoreSource,
};
use crate::source::{HeldCertificate, Overlay};

use super::Run;
use super::outcome::{action, boxed, finished};
use super::place::said;

impl Run<'_> {
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
                // Whatever was tried, what is there now is judged.
                let settled = self.reference.settle(&self.case(subject, candidates));
                let mut report = finished(&settled, Some(before));
                self.add(&mut report, why);
                report
            }
        }
    }

    /// Simulates the import of the chosen candidate, and applies it unless this is a what-if run. Its CA certificates are not
    /// imported.
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

        let (simulated, mut settled) = self.simulate_import(subject, store, &place, certificate, candidates)?;
        if self.what_if {
            self.overlay = simulated;
        } else {
            settled = self.apply_import(subject, store, &label, &credentials, candidates)?;
        }
        self.changed = true;
        self.actions.push(Action {
            paths: vec![label],
            ..action(ActionKind::Install, subject, chosen, Hex(*certificate.sha256()))
        });
        Ok(settled)
    }

    /// The verdict on the store with the candidate in it, before it is imported: what a candidate's source proved, the
    /// store may not.
    fn simulate_import(
        &self,
        subject: &Subject,
        store: &WindowsStorePlace,
        place: &WindowsStoreSource,
        certificate: &Arc<Certificate>,
        candidates: &Candidates,
    ) -> Result<(Overlay, Settled), Finding> {
        let held = HeldCertificate {
            certificate: certificate.clone(),
            private_key: Some(true),
            key_provider: None,
            notes: Vec::new(),
            forms: Vec::new(),
            file: None,
        };
        let overlay = self.overlay.clone().with_certificate(place.clone(), held);
        let settled = self.settled(subject, candidates, &overlay);
        let would_use = settled.certificate.as_ref().map(|certificate| certificate.sha256());
        if settled.report.status == Some(Status::Compliant) && would_use == Some(certificate.sha256()) {
            return Ok((overlay, settled));
        }
        let place = Source::WindowsStore(place.clone()).label().into_owned();
        Err(match (store.thumbprint, settled.report.findings.first()) {
            (Some(_), _) => Finding::of(Code::InstallRefused, "other-thumbprint").value("place", place),
            (None, Some(cause)) => Finding::of(Code::InstallRefused, "not-proven-there")
                .value("place", place)
                .cause(cause),
            (None, None) => Finding::of(Code::InstallRefused, "another-fits").value("place", place),
        })
    }

    /// Imports the candidate, and returns the verdict on what is then in the store.
    fn apply_import(
        &mut self,
        subject: &Subject,
        store: &WindowsStorePlace,
        label: &str,
        credentials: &Credentials,
        candidates: &Candidates,
    ) -> Result<Settled, Finding> {
        let no_randomness = || Finding::of(Code::InstallFailed, "no-randomness");
        let salts = Salts::random().ok_or_else(no_randomness)?;
        let password = windows_store::passing_password().ok_or_else(no_randomness)?;
        let pkcs12 = plan::pkcs12(credentials, Some(&password), Encryption::Legacy, &salts)
            .map_err(|cause| self.failed(&InstallError::refused_for(label, cause)))?;
        let import = Import {
            place: store,
            label,
            certificate: credentials.certificate.der(),
            pkcs12: &pkcs12,
            password: &password,
        };
        windows_store::import(&import).map_err(|trouble| self.failed(&trouble))?;
        Ok(self.reference.settle(&self.case(subject, candidates)))
    }
}
