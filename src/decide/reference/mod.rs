//! The reference: which members vote, which authorities follow from it, and whether the members agree.

mod compare;
mod evaluate;
mod gaps;
mod members;
mod pins;
mod report;
mod votes;

pub use evaluate::evaluate_with_brought;
pub use gaps::unverified;
pub use members::{anchors, is_self_signed};

use crate::decide::case::{Case, Read};
use crate::decide::evaluated::EvaluatedReference;
use crate::decide::trust::{Budget, CertificateStore, SignatureCache, SignatureVerifier};
use crate::protocol::{Fault, KeyFrom, Policy, ReferenceReport, Timestamp};

/// A reference that is worked out: subjects can be judged against it.
#[derive(Debug)]
pub struct Reference {
    /// What it was worked out from.
    pub(in crate::decide) case: Case,
    /// What is at hand.
    pub(in crate::decide) store: CertificateStore,
    /// The signatures that were checked for it.
    pub(in crate::decide) cache: SignatureCache,
    /// The reference, from the certificates at hand alone.
    pub(in crate::decide) evaluated: EvaluatedReference,
    report: ReferenceReport,
}

impl Reference {
    /// Works out what a case allows. Fails where a pin is not what a pin must be.
    pub fn new(case: Case) -> Result<Self, Fault> {
        let store = store_of(&case);
        let mut verifier = SignatureVerifier::new(&store, Budget::of(case.members.len()), None);
        pins::check_pins(&case, &mut verifier)?;
        let evaluated = evaluate::evaluate(&case, &mut verifier);
        let report = report::report(&case, &mut verifier, &evaluated);
        let (cache, _) = verifier.into_parts();
        Ok(Reference {
            case,
            store,
            cache,
            evaluated,
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
            // Write access to one server's file must not decide which CA is trusted: the other certificates there are
            // untrusted.
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
