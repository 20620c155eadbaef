//! The reference worked out, from what is at hand and with what one subject brings.

use crate::decide::case::Case;
use crate::decide::evaluated::{EvaluatedMember, EvaluatedReference};
use crate::decide::policy::Rules;
use crate::decide::trust::{Budget, SignatureVerifier};
use crate::protocol::{Code, Level};

use super::compare::{compare_members, sides, strays};
use super::gaps::{missing, unused_evidence};
use super::members::{issuers_of, look_at};
use super::pins::allow_pins;
use super::votes::{allow, say_distrusted};

/// Evaluates what the reference allows, from the certificates at hand alone.
pub fn evaluate(case: &Case, verifier: &mut SignatureVerifier<'_>) -> EvaluatedReference {
    let rules = Rules::of_member(&case.policy);
    let mut members = Vec::with_capacity(case.members.len());
    for member in &case.members {
        verifier.budget = Budget::of(1);
        members.push(issuers_of(case, verifier, member));
    }
    verifier.budget = Budget::of(case.members.len());
    let mut evaluated = EvaluatedReference {
        members,
        findings: case.findings.iter().cloned().map(|read| rules.settle(read)).collect(),
        pinned: case.members.iter().any(|member| member.read.is_pin()),
        ..EvaluatedReference::default()
    };
    for (index, member) in case.members.iter().enumerate() {
        let findings = look_at(case, verifier, member, &evaluated.members[index]);
        let stands = &mut evaluated.members[index];
        stands.unanchored = findings.iter().any(|finding| finding.code == Code::ReferenceUnanchored);
        stands.findings = findings;
    }
    allow(case, verifier, &mut evaluated);
    say_distrusted(case, &mut evaluated);
    compare_members(case, verifier, &mut evaluated);
    missing(case, verifier.store, &mut evaluated);
    evaluated.findings.extend(unused_evidence(case, verifier.store));
    evaluated
}

/// The reference as it stands for one subject with what it brings (decision.md, 3.9): keys may join, and members may vote
/// where every one is then verified and all agree. Else the members' votes stay as they are; true where that is because
/// they do not agree.
pub fn evaluate_with_brought(
    case: &Case,
    verifier: &mut SignatureVerifier<'_>,
    base: &EvaluatedReference,
) -> (EvaluatedReference, bool) {
    let store = verifier.store;
    let mut evaluated = base.clone();
    if evaluated.pinned {
        evaluated.authorities.clear();
        allow_pins(case, verifier, &mut evaluated);
        return (evaluated, false);
    }
    let mut changed = false;
    for (member, stands) in case.members.iter().zip(&mut evaluated.members) {
        let settled = match case.policy.level {
            Level::Issuing => stands.issuers.keys.iter().any(|&key| store.key(key).trusted),
            Level::Root => stands
                .anchors
                .iter()
                .any(|anchor| anchor.path.as_ref().is_some_and(|path| path.is_trusted(store))),
        };
        // What is brought may show a key that is distrusted, and that settles more.
        if settled && !store.distrusts_any() {
            continue;
        }
        let with = issuers_of(case, verifier, member);
        changed |= with.anchors != stands.anchors || with.is_distrusted() != stands.is_distrusted();
        let (findings, forged, unanchored) = (std::mem::take(&mut stands.findings), stands.forged, stands.unanchored);
        *stands = EvaluatedMember {
            findings,
            forged,
            unanchored,
            ..with
        };
    }
    if changed {
        allow(case, verifier, &mut evaluated);
        let sides = sides(&evaluated);
        let strays = strays(case, verifier, &evaluated);
        let unverified = case.members.iter().zip(&evaluated.members).any(|(member, stands)| {
            member.read.certificate().is_some() && stands.anchors.is_empty() && !stands.is_distrusted()
        });
        let disagree = sides > 1 || !strays.is_empty();
        if !disagree && !unverified {
            return (evaluated, false);
        }
        return (grown_with_brought(verifier, base), disagree);
    }
    (grown_with_brought(verifier, base), false)
}

/// The votes as they are, with the keys that what a subject brings joins.
pub fn grown_with_brought(verifier: &mut SignatureVerifier<'_>, base: &EvaluatedReference) -> EvaluatedReference {
    let mut evaluated = base.clone();
    for authority in evaluated.authorities.iter_mut().filter(|authority| authority.rolls) {
        authority.keys.retain(|joined| joined.from.is_none());
        authority.grow(verifier);
    }
    evaluated
}
