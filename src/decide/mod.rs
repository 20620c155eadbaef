//! The verdict. Pure: certificates, policy and one instant in, findings out. No input or output, no clock.
//!
//! A verdict is a proof, nothing that a subject presents can talk it into compliance, and "cannot tell" is never "yes".

mod authority;
mod budget;
mod judge;
mod names;
mod path;
mod policy;
mod refused;
mod relation;
mod rollover;
mod store;
mod trials;
mod verifier;

use std::sync::Arc;

use crate::cert::{Certificate, KeyId};
use crate::protocol::{
    Fault, Finding, KeyFrom, Level, Policy, ReferenceReport, Status, SubjectReport, Summary, Timestamp,
};

pub use authority::{Member, Read};
pub use judge::{Chosen, Given, KeyPresence, Offer, Settled, SubjectCase};
pub use policy::covers_host;
pub use trials::{Keys, Trials};

use authority::Standing;
use budget::Budget;
use store::CertificateStore;
use verifier::{SignatureCache, SignatureVerifier};

/// Everything but the subjects, read and parsed.
#[derive(Debug, Clone)]
pub struct Case {
    /// The members of the reference, in order.
    pub members: Vec<Member>,
    /// CA certificates beside those of the members: whether the operator answers for each, and where it came from.
    pub evidence: Vec<(Arc<Certificate>, bool, KeyFrom)>,
    /// Certificates whose keys are distrusted, whatever they may do.
    pub distrusted: Vec<Arc<Certificate>>,
    /// Keys that are distrusted.
    pub distrusted_keys: Vec<KeyId>,
    /// What was found while reading, as far as it concerns no single member.
    pub findings: Vec<Finding>,
    /// How strict to be.
    pub policy: Policy,
    /// The instant at which validity is judged.
    pub valid_at: Timestamp,
}

/// A reference that is worked out: subjects can be judged against it.
#[derive(Debug)]
pub struct Reference {
    case: Case,
    store: CertificateStore,
    cache: SignatureCache,
    standing: Standing,
    report: ReferenceReport,
}

impl Reference {
    /// Works out what a case allows. Fails where a pin is not what a pin must be.
    pub fn new(case: Case) -> Result<Self, Fault> {
        let store = store_of(&case);
        let mut verifier = SignatureVerifier::new(&store, Budget::of(case.members.len()), None);
        check_pins(&case, &mut verifier)?;
        let standing = authority::evaluate(&case, &mut verifier);
        let report = authority::report(&case, &mut verifier, &standing);
        let (cache, _) = verifier.into_parts();
        Ok(Reference {
            case,
            store,
            cache,
            standing,
            report,
        })
    }

    /// What sets the rule: the report's `reference` section, the same for every subject.
    pub fn report(&self) -> &ReferenceReport {
        &self.report
    }

    /// The policy that it was worked out under.
    pub fn policy(&self) -> &Policy {
        &self.case.policy
    }

    /// The instant at which validity is judged.
    pub fn valid_at(&self) -> Timestamp {
        self.case.valid_at
    }
}

/// What is at hand but for what subjects bring.
fn store_of(case: &Case) -> CertificateStore {
    let mut store = CertificateStore::default();
    for (certificate, trusted, from) in &case.evidence {
        store.add(certificate, *trusted, *from);
    }
    for member in &case.members {
        match &member.read {
            // Who can write one server's file shall not speak for the CA: what stands there is untrusted.
            Read::Certificate { certificate, chain, .. } => {
                for certificate in std::iter::once(certificate).chain(chain) {
                    store.add_of_member(certificate, member.from);
                }
            }
            Read::Authority(certificate) => {
                store.add(certificate, true, KeyFrom::Pin);
                store.pin(certificate.key().id());
            }
            Read::Key(key) => store.pin(*key),
            Read::Nothing { .. } => {}
        }
    }
    for certificate in &case.distrusted {
        store.add(certificate, false, KeyFrom::Distrust);
        store.distrust(certificate.key().id());
    }
    for key in &case.distrusted_keys {
        store.distrust(*key);
    }
    store.seal();
    store
}

/// A pin is a CA certificate, and at level root a self-signed one.
fn check_pins(case: &Case, verifier: &mut SignatureVerifier<'_>) -> Result<(), Fault> {
    for member in &case.members {
        let Read::Authority(certificate) = &member.read else {
            continue;
        };
        let subject = certificate.subject().rfc4514();
        let held = verifier.store.with_sha256(certificate.sha256());
        if !held.is_some_and(|held| held.issues) {
            let why = certificate
                .issuing_flaw()
                .map(|flaw| format!(": {flaw}"))
                .unwrap_or_default();
            let message =
                format!("expected a CA certificate as a pin, found {subject}, which may not sign certificates{why}");
            return Err(Fault::bad_request(member.pointer.clone(), message));
        }
        if case.policy.level == Level::Root {
            let issuers = verifier.issuers(certificate);
            if !issuers.any() || !authority::is_self_signed(verifier.store, certificate, &issuers) {
                let message =
                    format!("expected a self-signed CA as a pin at level root, found {subject}, which is not");
                return Err(Fault::bad_request(member.pointer.clone(), message));
            }
        }
    }
    Ok(())
}

/// Counts the subjects by status.
pub fn summary(subjects: &[SubjectReport]) -> Summary {
    let count = |status| subjects.iter().filter(|subject| subject.status == Some(status)).count();
    Summary {
        total: subjects.len(),
        compliant: count(Status::Compliant),
        noncompliant: count(Status::Noncompliant),
        undetermined: count(Status::Undetermined),
    }
}

/// The worst status of the subjects; of none it cannot be told.
pub fn status(summary: &Summary) -> Status {
    match summary {
        Summary { noncompliant: 1.., .. } => Status::Noncompliant,
        Summary { total: 0, .. } | Summary { undetermined: 1.., .. } => Status::Undetermined,
        _ => Status::Compliant,
    }
}
