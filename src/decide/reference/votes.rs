//! Who votes, and which authorities follow from the votes.

use crate::cert::{Certificate, Name};
use crate::decide::case::Case;
use crate::decide::evaluated::{Authority, EvaluatedReference, IssuerKey};
use crate::decide::policy::Rules;
use crate::decide::trust::{JoinedKey, SignatureVerifier, grow};
use crate::protocol::{Code, JoinedBy, Level, Match, References, Severity, Timestamp};

use super::pins::allow_pins;

/// Which authorities follow from the votes or the pins.
pub fn allow(case: &Case, verifier: &mut SignatureVerifier<'_>, evaluated: &mut EvaluatedReference) {
    evaluated.holds_ca = evaluated.members.iter().any(|member| member.holds_ca);
    evaluated.any_verified = evaluated.members.iter().any(|member| member.issuers.any());
    elect(case, evaluated);
    if evaluated.pinned {
        allow_pins(case, verifier, evaluated);
        return;
    }
    let by_key = case.policy.match_ == Match::Key;
    let mut authorities: Vec<Authority> = Vec::new();
    for (index, member) in evaluated.members.iter().enumerate().filter(|(_, member)| member.votes) {
        for anchor in &member.anchors {
            vote(&mut authorities, index, anchor, by_key);
        }
    }
    // Roots that rollover joins are one, under `key` too.
    if !by_key || case.policy.level == Level::Root {
        authorities = merge(verifier, authorities);
    }
    if !by_key {
        for authority in &mut authorities {
            authority.grow(verifier);
        }
    }
    if authorities.is_empty() && case.policy.level == Level::Issuing {
        authorities = named_only(case, evaluated);
    }
    authorities.sort_by_key(|authority| authority.members.iter().min().copied());
    evaluated.authorities = authorities;
}

/// Who votes.
pub fn elect(case: &Case, evaluated: &mut EvaluatedReference) {
    let eligible: Vec<usize> = (0..case.members.len())
        .filter(|&index| {
            let stands = &evaluated.members[index];
            case.members[index].read.certificate().is_some() && !stands.is_distrusted() && !stands.anchors.is_empty()
        })
        .collect();
    let leaves = eligible.iter().any(|&index| !evaluated.members[index].holds_ca);
    let valid = |index: usize| {
        let certificate = case.members[index].read.certificate();
        certificate.is_some_and(|certificate| is_valid(certificate, case.valid_at))
    };
    let counts = |index: &usize| !leaves || !evaluated.members[*index].holds_ca;
    let mut voters: Vec<usize> = eligible.into_iter().filter(counts).collect();
    if case.policy.references == References::Agree && voters.iter().any(|&index| valid(index)) {
        voters.retain(|&index| valid(index));
    }
    for (index, stands) in evaluated.members.iter_mut().enumerate() {
        stands.votes = voters.binary_search(&index).is_ok();
    }
}

pub fn is_valid(certificate: &Certificate, at: Timestamp) -> bool {
    certificate.not_before() <= at && at <= certificate.not_after()
}

pub fn vote(authorities: &mut Vec<Authority>, member: usize, anchor: &IssuerKey, by_key: bool) {
    let mut mine = Authority::of(anchor.name.clone(), &anchor.keys, member);
    let mut index = 0;
    while index < authorities.len() {
        let other = &authorities[index];
        let shares = anchor.keys.iter().any(|&key| other.joined(key).is_some());
        if shares && (by_key || other.is_named(&anchor.name)) {
            let mut other = authorities.remove(index);
            other.absorb(mine);
            mine = other;
        } else {
            index += 1;
        }
    }
    authorities.push(mine);
}

/// Makes one authority of those of one name that rollover joins.
pub fn merge(verifier: &mut SignatureVerifier<'_>, authorities: Vec<Authority>) -> Vec<Authority> {
    let mut merged: Vec<Authority> = Vec::new();
    for mut grown in authorities {
        while let Some(index) = merged.iter().position(|other| {
            let keys = grown.first_keys();
            let mut shared = grown.names.iter().filter(|name| other.is_named(name));
            shared.any(|name| joins(verifier, name, &keys, &other.first_keys()))
        }) {
            let mut other = merged.remove(index);
            other.absorb(grown);
            grown = other;
        }
        merged.push(grown);
    }
    merged
}

/// Whether rollover that starts at a trusted key of one side reaches a key of the other. An untrusted key joins nobody: who
/// can write beside one member's certificate can have his key sign the honest one's.
pub fn joins(verifier: &mut SignatureVerifier<'_>, name: &Name, one: &[usize], other: &[usize]) -> bool {
    let store = verifier.store;
    [(one, other), (other, one)].into_iter().any(|(from, to)| {
        let trusted = from.iter().filter(|&&key| store.key(key).trusted);
        let mut keys: Vec<JoinedKey> = trusted.map(|&key| JoinedKey::first(key, JoinedBy::Member)).collect();
        if keys.is_empty() {
            return false;
        }
        grow(verifier, name, &mut keys);
        to.iter().any(|key| keys.iter().any(|joined| joined.key == *key))
    })
}

/// Where none votes: the members' issuer names, without keys.
pub fn named_only(case: &Case, evaluated: &EvaluatedReference) -> Vec<Authority> {
    let mut authorities: Vec<Authority> = Vec::new();
    for (index, (member, stands)) in case.members.iter().zip(&evaluated.members).enumerate() {
        let Some(certificate) = member.read.certificate().filter(|_| !stands.is_distrusted()) else {
            continue;
        };
        match authorities
            .iter_mut()
            .find(|authority| authority.is_named(certificate.issuer()))
        {
            Some(authority) => authority.members.push(index),
            None => authorities.push(Authority::of(certificate.issuer().clone(), &[], index)),
        }
    }
    authorities
}

pub fn say_distrusted(case: &Case, evaluated: &mut EvaluatedReference) {
    let another_votes = evaluated.members.iter().any(|member| member.votes);
    for (member, stands) in case.members.iter().zip(&mut evaluated.members) {
        if stands.is_distrusted() {
            let rules = Rules::of_member(&case.policy);
            let finding = rules
                .finding(Code::AuthorityDistrusted, "member")
                .value("member", &member.name);
            let severity = match another_votes {
                true => rules.raised(Code::AuthorityDistrusted, Severity::Warning),
                false => finding.severity,
            };
            stands.findings.push(finding.severity(severity));
        }
    }
}
