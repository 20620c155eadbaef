//! What the report says of a subject and its place.

use std::sync::Arc;

use crate::cert::Certificate;
use crate::decide::{Chosen, Given, Settled, SubjectCase};
use crate::protocol::{Action, ActionKind, CertificateFacts, Code, Finding, Sha256Hex, Subject, SubjectReport};

/// The facts of the certificate that is there, of a case of one certificate.
pub(super) fn facts(case: &SubjectCase<'_>) -> Option<Box<CertificateFacts>> {
    match &case.given {
        Given::One(offer) => offer.certificate.as_deref().map(boxed),
        Given::AnyOf(_) => None,
    }
}

pub(super) fn boxed(certificate: &Certificate) -> Box<CertificateFacts> {
    Box::new(certificate.facts())
}

/// A report with what was and what is.
pub(super) fn finished(settled: &Settled, before: Option<Option<Box<CertificateFacts>>>) -> SubjectReport {
    let after = settled.certificate.as_deref().map(boxed);
    SubjectReport {
        before: Some(before.unwrap_or_else(|| after.clone())),
        after: Some(after),
        ..settled.report.clone()
    }
}

pub(super) fn offered<'a>(case: &'a SubjectCase<'_>, chosen: &Chosen) -> Option<&'a Arc<Certificate>> {
    case.candidates.as_ref()?.get(chosen.position)?.certificate.as_ref()
}

pub(super) fn action(kind: ActionKind, subject: &Subject, chosen: &Chosen, certificate: Sha256Hex) -> Action {
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

/// The same as a reason for installing nothing.
pub(super) fn refused(finding: Finding) -> Finding {
    Finding::of(Code::InstallRefused, "cause").cause(&finding)
}
