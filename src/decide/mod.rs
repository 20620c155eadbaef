//! The verdict. Pure: certificates, policy and one instant in, findings out. No input or output, no clock.
//!
//! A verdict is a proof, nothing that a subject presents can talk it into compliance, and "cannot tell" is never "yes".

mod case;
mod common_findings;
mod evaluated;
mod host_name;
mod policy;
mod reference;
mod relation;
mod subject;
mod trust;

pub use case::{Case, Member, Read};
pub use policy::covers_host;
pub use reference::Reference;
pub use subject::{Chosen, Given, KeyPresence, Keys, Offer, Settled, SubjectCase, Trials};

use crate::protocol::{Status, SubjectReport, Summary};

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
