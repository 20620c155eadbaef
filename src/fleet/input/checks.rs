//! Whether what a record says of itself agrees with its subjects, and what its names may be.

use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::fleet::piece::NAME_LIMIT;
use crate::fleet::texts::cut;
use crate::fleet::wire::InSummary;
use crate::protocol::fleet::{FleetReference, RecordFinding, RecordSubject, Text, UnreadableCode};
use crate::protocol::{PROTOCOL, Relation, Severity, Status};

use super::refusal::Refusable;

/// How much the findings on a reference weigh.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight {
    /// The gravest on the reference as a whole: a doubt makes every subject undetermined at best.
    whole: Option<Severity>,
    /// The gravest on it or a member.
    pub(super) any: Option<Severity>,
}

impl Weight {
    pub(super) fn of(reference: &FleetReference) -> Self {
        let gravest = |findings: &[RecordFinding]| findings.iter().map(|finding| finding.severity).max();
        let whole = gravest(&reference.findings);
        let members = reference.members.iter().filter_map(|member| gravest(&member.findings));
        Weight {
            whole,
            any: members.max().max(whole),
        }
    }
}

/// What a report says of all its subjects.
pub(super) struct Stated {
    pub(super) status: Status,
    pub(super) compliant: Option<bool>,
    pub(super) summary: Option<InSummary>,
}

impl Stated {
    /// Whether the subjects bear it out. A report whose words contradict each other proves nothing.
    pub(super) fn check(&self, subjects: &[RecordSubject], reference: Weight) -> Result<(), String> {
        let mut worst = Status::Compliant;
        let mut counts = InSummary::default();
        for subject in subjects {
            let status = check_subject(subject, reference)?;
            worst = worst.max(status);
            counts.count(status);
        }
        if subjects.is_empty() {
            worst = Status::Undetermined;
        }
        if worst != self.status {
            let (said, found) = (self.status.as_str(), worst.as_str());
            return Err(format!("its status says {said}, and its subjects are {found}"));
        }
        if self
            .compliant
            .is_some_and(|compliant| compliant != (worst == Status::Compliant))
        {
            return Err(format!(
                "its status is {}, and its `compliant` says otherwise",
                worst.as_str()
            ));
        }
        if self.summary.as_ref().is_some_and(|summary| *summary != counts) {
            return Err("its summary does not count its subjects".into());
        }
        Ok(())
    }
}

/// Works a subject's status out from its findings, as a verdict does, and looks whether the subject says the same.
fn check_subject(subject: &RecordSubject, reference: Weight) -> Result<Status, String> {
    let name = cut(&subject.name, 256);
    let gravest = subject.findings.iter().map(|finding| finding.severity).max();
    let Some(stated) = subject.status else {
        return Ok(Status::Undetermined);
    };
    let doubtful = |severity: Option<Severity>| severity >= Some(Severity::Doubt);
    let found = match gravest {
        Some(Severity::Error) => Status::Noncompliant,
        Some(Severity::Doubt) => Status::Undetermined,
        _ if doubtful(reference.whole) => Status::Undetermined,
        // A member's doubt is one on the subjects unless the policy is content with other members.
        _ if doubtful(reference.any) && stated == Status::Undetermined => Status::Undetermined,
        _ => Status::Compliant,
    };
    if stated != found {
        let (stated, found) = (stated.as_str(), found.as_str());
        return Err(format!(
            "subject {name} says {stated}, and its findings make it {found}"
        ));
    }
    if stated != Status::Compliant {
        return Ok(stated);
    }
    let lacks = match subject.relation {
        None => Some("without a relation".to_owned()),
        Some(relation @ (Relation::Different | Relation::BadSignature | Relation::Unreadable)) => {
            Some(format!("with the relation {}", relation.as_str()))
        }
        Some(_) if subject.certificate.is_none() => Some("without a certificate".to_owned()),
        Some(_) => None,
    };
    match lacks {
        Some(lacks) => Err(format!("subject {name} is compliant {lacks}, which cannot be")),
        None => Ok(stated),
    }
}

/// A message about a record, with the name that it is known by.
pub(super) fn of_whom(called: Option<&str>, message: &str) -> String {
    match called {
        Some(called) => format!("{called}: {message}"),
        None => message.to_owned(),
    }
}

/// A name that few share.
pub(super) fn own_name(what: &str, name: &str) -> Refusable<Text> {
    check_name(what, name).map(|()| Text::from(name))
}

pub(super) fn check_name(what: &str, name: &str) -> Refusable<()> {
    if name.len() <= NAME_LIMIT {
        return Ok(());
    }
    let message = format!("{what} is longer than {NAME_LIMIT} bytes");
    Err((UnreadableCode::BadReport, message))
}

pub(super) fn check_protocol(protocol: u32) -> Refusable<()> {
    if protocol == PROTOCOL {
        return Ok(());
    }
    let message = format!("expected protocol {PROTOCOL}, found {protocol}");
    Err((UnreadableCode::UnsupportedProtocol, message))
}

/// One of a type's words, as the protocol writes them.
pub(super) fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    T::deserialize(text.into_deserializer())
        .map_err(|error: serde::de::value::Error| cut(&error.to_string(), 256).into_owned())
}
