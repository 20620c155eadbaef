//! Whether the members agree with each other, or with the pins.

use std::sync::Arc;

use crate::cert::Certificate;
use crate::decide::case::Case;
use crate::decide::common_findings::{limited, unsupported};
use crate::decide::evaluated::{Authority, EvaluatedReference, Kind};
use crate::decide::policy::Rules;
use crate::decide::relation::{Related, relate};
use crate::decide::trust::{Budget, CertificateStore, SignatureVerifier, joining_certificate};
use crate::protocol::{Code, Finding, Level, Match, References, Relation, Severity, hex};

use super::pins::say_distrusted_pins;
use super::votes::{joins, merge, named_only, vote};

/// Whether the members agree, or agree with the pins.
pub fn compare_members(case: &Case, verifier: &mut SignatureVerifier<'_>, evaluated: &mut EvaluatedReference) {
    let rules = Rules::of_member(&case.policy);
    let level = case.policy.level;
    let mut disagreements: Vec<Finding> = Vec::new();
    let names = allowed_names(case, evaluated);
    let not_under = |index: usize, certificate: &Certificate| {
        rules
            .finding(Code::ReferencesDisagree, "stray")
            .value("member", &case.members[index].name)
            .value("allowed", &names)
            .value("issuer", certificate.issuer().rfc4514())
    };
    if evaluated.pinned {
        say_distrusted_pins(case, verifier.store, evaluated);
    } else {
        several_roots(case, verifier, evaluated, &rules);
    }
    let agree = case.policy.references == References::Agree;
    if !evaluated.pinned && agree {
        if sides(evaluated) > 1 {
            let finding = match joining(verifier, evaluated) {
                None => rules.finding(Code::ReferencesDisagree, "sides"),
                Some(certificate) => rules
                    .finding(Code::ReferencesDisagree, "sides-joinable")
                    .value("joining", certificate.subject().rfc4514())
                    .value("joining_sha256", hex(certificate.sha256())),
            };
            disagreements.push(with_sides(case, finding, &evaluated.authorities));
        }
        let named = named_only(case, evaluated);
        let voted = evaluated.members.iter().any(|member| member.votes);
        if !voted && named.len() > 1 {
            let finding = rules.finding(Code::ReferencesDisagree, "sides");
            disagreements.push(with_sides(case, finding, &named));
        }
        for index in strays(case, verifier, evaluated) {
            if let Some(certificate) = case.members[index].read.certificate() {
                disagreements.push(not_under(index, certificate));
            }
        }
    }
    let voted = evaluated.members.iter().any(|member| member.votes);
    if evaluated.pinned || agree && voted {
        for index in 0..case.members.len() {
            let stands = &evaluated.members[index];
            let Some(certificate) = case.members[index].read.certificate() else {
                continue;
            };
            let verified = !stands.anchors.is_empty();
            if stands.is_distrusted() || verified && !evaluated.pinned {
                continue;
            }
            verifier.budget = Budget::of(1);
            let related = relate(
                case,
                verifier,
                evaluated,
                certificate,
                &stands.issuers,
                stands.as_subject(level),
                stands.limit,
            );
            // A claim that the policy lets count shows of a subject what it asks; of a member it leaves open whether it agrees.
            let unproven = related.relation == Relation::Unproven;
            let severity = related.severity(&case.policy);
            if !unproven && severity.is_none_or(|severity| severity < Severity::Doubt) {
                continue;
            }
            if !unproven {
                disagreements.push(not_under(index, certificate));
            } else if !evaluated.pinned {
                let finding = nobody_knows(case, &rules, verifier.store, index, &related);
                let findings = &mut evaluated.members[index].findings;
                findings.retain(|known| known.code != finding.code);
                findings.push(finding);
            }
        }
    }
    evaluated.findings.append(&mut disagreements);
}

/// How many groups of authorities no voting member links.
pub fn sides(evaluated: &EvaluatedReference) -> usize {
    let mut sides: Vec<Vec<usize>> = Vec::new();
    let voted = evaluated
        .authorities
        .iter()
        .filter(|authority| authority.kind == Kind::Voted);
    for authority in voted {
        let mut mine = authority.members.clone();
        sides.retain(|side| {
            let linked = side.iter().any(|member| mine.contains(member));
            if linked {
                mine.extend(side);
            }
            !linked
        });
        sides.push(mine);
    }
    sides.len()
}

/// The members that are verified and do not vote, as their time is over or they are no server's, and that agree with no
/// voting one.
pub fn strays(case: &Case, verifier: &mut SignatureVerifier<'_>, evaluated: &EvaluatedReference) -> Vec<usize> {
    let by_key = case.policy.match_ == Match::Key;
    let voted: Vec<&Authority> = evaluated
        .authorities
        .iter()
        .filter(|authority| authority.kind == Kind::Voted)
        .collect();
    let mut strays = Vec::new();
    for (index, stands) in evaluated.members.iter().enumerate() {
        if stands.votes || stands.is_distrusted() || stands.anchors.is_empty() || voted.is_empty() {
            continue;
        }
        let agrees = stands.anchors.iter().any(|anchor| {
            voted.iter().any(|authority| {
                let keys = authority.first_keys();
                let shares = anchor.keys.iter().any(|key| keys.contains(key));
                let named = authority.is_named(&anchor.name);
                let rolls = !by_key || case.policy.level == Level::Root;
                shares && (by_key || named) || rolls && named && joins(verifier, &anchor.name, &anchor.keys, &keys)
            })
        });
        if !agrees {
            strays.push(index);
        }
    }
    strays
}

/// The doubt that an unverified member leaves beside a voting one.
pub fn nobody_knows(
    case: &Case,
    rules: &Rules<'_>,
    store: &CertificateStore,
    index: usize,
    related: &Related,
) -> Finding {
    let member = &case.members[index];
    let code = related.unproven_code();
    let finding = match (code, member.read.certificate()) {
        (Code::AlgorithmUnsupported, Some(certificate)) => Finding::of(Code::AlgorithmUnsupported, "agreement")
            .value("member", &member.name)
            .cause(&unsupported(rules, store, certificate)),
        (Code::LimitReached, _) => Finding::of(Code::LimitReached, "agreement")
            .value("member", &member.name)
            .cause(&limited(rules, related.limit)),
        (_, Some(certificate)) => Finding::of(Code::CaCertificateMissing, "agreement")
            .value("member", &member.name)
            .value("issuer", certificate.issuer().rfc4514()),
        (_, None) => Finding::of(Code::CaCertificateMissing, "agreement")
            .value("member", &member.name)
            .value("issuer", ""),
    };
    let severity = rules.raised(code, Severity::Doubt);
    finding.severity(severity)
}

/// Says of each verified member whether it leads by itself to several roots that rollover does not make one.
pub fn several_roots(
    case: &Case,
    verifier: &mut SignatureVerifier<'_>,
    evaluated: &mut EvaluatedReference,
    rules: &Rules<'_>,
) {
    if case.policy.level != Level::Root {
        return;
    }
    for (index, member) in evaluated.members.iter_mut().enumerate() {
        if member.is_distrusted() || member.anchors.len() < 2 {
            continue;
        }
        let mut roots = Vec::new();
        for anchor in &member.anchors {
            vote(&mut roots, index, anchor, case.policy.match_ == Match::Key);
        }
        let roots = merge(verifier, roots);
        if roots.len() > 1 {
            let titles: Vec<String> = roots.iter().map(|root| root.title(case)).collect();
            let finding = rules
                .finding(Code::SeveralRoots, "leads")
                .value("member", &case.members[index].name)
                .value("count", roots.len().to_string())
                .value("roots", titles.join("; "));
            member.findings.push(finding);
        }
    }
}

/// The certificate that would join the members if it were given as an authority.
pub fn joining(verifier: &mut SignatureVerifier<'_>, evaluated: &EvaluatedReference) -> Option<Arc<Certificate>> {
    let voted: Vec<&Authority> = evaluated.authorities.iter().collect();
    for (position, one) in voted.iter().enumerate() {
        for other in &voted[position + 1..] {
            let Some(name) = one.names.iter().find(|name| other.is_named(name)) else {
                continue;
            };
            let (ours, theirs) = (one.first_keys(), other.first_keys());
            if let Some(index) = joining_certificate(verifier, name, &ours, &theirs) {
                return Some(verifier.store.held(index).certificate.clone());
            }
        }
    }
    None
}

/// Who uses which authority, in a finding of members that do not agree.
pub fn with_sides(case: &Case, finding: Finding, authorities: &[Authority]) -> Finding {
    let side = |authority: &Authority| {
        let members = authority.members.iter();
        let names: Vec<&str> = members.map(|&index| case.members[index].name.as_str()).collect();
        format!("{} ({})", authority.title(case), names.join(", "))
    };
    let sides: Vec<String> = authorities.iter().map(side).collect();
    let (first, rest) = sides
        .split_first()
        .map_or_else(Default::default, |(first, rest)| (first.clone(), rest.join("; ")));
    finding
        .value("count", sides.len().to_string())
        .value("sides", sides.join("; "))
        .value("first", first)
        .value("rest", rest)
}

pub fn allowed_names(case: &Case, evaluated: &EvaluatedReference) -> String {
    let names: Vec<String> = evaluated
        .authorities
        .iter()
        .map(|authority| authority.title(case))
        .collect();
    names.join("; ")
}
