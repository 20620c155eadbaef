//! The verdict. Pure: certificates, policy and one instant in, findings out. No input or output, no clock.
//!
//! A verdict is a proof, nothing that a subject presents can talk it into compliance, and "cannot tell" is never "yes".

mod authority;
mod budget;
mod evidence;
mod judge;
mod names;
mod path;
mod policy;
mod relation;
mod rollover;

use std::sync::Arc;

use crate::cert::{Certificate, KeyId};
use crate::protocol::{
    Fault, Finding, KeyFrom, Level, Policy, ReferenceReport, Relation, Status, SubjectReport, Summary, Timestamp,
};

pub use authority::{Member, Read, is_ca};
pub use judge::{Chosen, Given, KeyPresence, Offer, Settled, SubjectCase};
pub use policy::covers_host;

use authority::Standing;
use budget::Budget;
use evidence::{Memo, Pool, Prover};

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
    pool: Pool,
    memo: Memo,
    standing: Standing,
    report: ReferenceReport,
}

impl Reference {
    /// Works out what a case allows. Fails where a pin is not what a pin must be.
    pub fn new(case: Case) -> Result<Self, Fault> {
        let pool = pool_of(&case);
        let mut prover = Prover::new(&pool, Budget::of(case.members.len()), None);
        check_pins(&case, &mut prover)?;
        let standing = authority::evaluate(&case, &mut prover);
        let memo = prover.into_memo();
        let report = authority::report(&case, &standing, &pool);
        Ok(Reference {
            case,
            pool,
            memo,
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
fn pool_of(case: &Case) -> Pool {
    let mut pool = Pool::default();
    for (certificate, vouched, from) in &case.evidence {
        pool.add(certificate, *vouched, *from);
    }
    for member in &case.members {
        match &member.read {
            Read::Certificate {
                certificate,
                chain,
                tls_host,
            } => {
                for certificate in std::iter::once(certificate).chain(chain) {
                    pool.add(certificate, tls_host.is_none(), member.from);
                }
            }
            Read::Authority(certificate) => {
                pool.add(certificate, true, KeyFrom::Pin);
                pool.pin(certificate.key().id());
            }
            Read::Key(key) => pool.pin(*key),
            Read::Nothing { .. } => {}
        }
    }
    for certificate in &case.distrusted {
        pool.add(certificate, false, KeyFrom::Distrust);
        pool.distrust(certificate.key().id());
    }
    for key in &case.distrusted_keys {
        pool.distrust(*key);
    }
    pool.seal();
    pool
}

/// A pin is a CA certificate, and at level root a self-signed one.
fn check_pins(case: &Case, prover: &mut Prover<'_>) -> Result<(), Fault> {
    for member in &case.members {
        let Read::Authority(certificate) = &member.read else {
            continue;
        };
        let subject = certificate.subject().rfc4514();
        let lends = prover.pool.key_of(certificate.key().id()).is_some();
        if !authority::is_ca(certificate) || !lends {
            let message =
                format!("expected a CA certificate as a pin, found {subject}, which may not sign certificates");
            return Err(Fault::bad_request(member.pointer.clone(), message));
        }
        let signer = prover.signer(certificate);
        let self_signed = signer.known().is_some() && authority::is_self_signed(prover, certificate, signer);
        if case.policy.level == Level::Root && !self_signed {
            let message = format!("expected a self-signed CA as a pin at level root, found {subject}, which is not");
            return Err(Fault::bad_request(member.pointer.clone(), message));
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

/// The verdict in one sentence.
pub fn message(summary: &Summary, subjects: &[SubjectReport]) -> String {
    /// Names that a sentence can carry; the subjects themselves hold the rest.
    const NAMED: usize = 5;
    let status = status(summary);
    let (count, what) = match status {
        Status::Compliant if summary.total == 1 => return "the subject is under the reference CA".into(),
        Status::Compliant => return format!("all {} subjects are under the reference CA", summary.total),
        Status::Noncompliant => {
            let other_ca = |subject: &&SubjectReport| {
                !matches!(
                    subject.relation,
                    Some(Relation::Same | Relation::Rollover | Relation::Unreadable) | None
                )
            };
            let mut failing = subjects
                .iter()
                .filter(|subject| subject.status == Some(Status::Noncompliant));
            let what = if failing.all(|subject| other_ca(&subject)) {
                "not under the reference CA"
            } else {
                "noncompliant"
            };
            (summary.noncompliant, what)
        }
        Status::Undetermined => (summary.undetermined, "undetermined"),
    };
    let verb = if count == 1 { "is" } else { "are" };
    let concerned: Vec<&SubjectReport> = subjects
        .iter()
        .filter(|subject| subject.status == Some(status))
        .collect();
    let mut named: Vec<String> = concerned.iter().take(NAMED).map(|subject| why(subject)).collect();
    if concerned.len() > NAMED {
        named.push(format!("and {} more", concerned.len() - NAMED));
    }
    let total = summary.total;
    let noun = if total == 1 { "subject" } else { "subjects" };
    format!("{count} of {total} {noun} {verb} {what}: {}", named.join("; "))
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
