//! The `reference` section of the report.

use crate::cert::Name;
use crate::decide::case::{Case, Read};
use crate::decide::evaluated::{Authority, EvaluatedReference, Kind};
use crate::decide::trust::SignatureVerifier;
use crate::protocol::{AuthorityKey, AuthorityReport, Hex, JoinedBy, MemberReport, ReferenceReport, Sha256Hex};

/// The report's `reference` section.
pub fn report(case: &Case, verifier: &mut SignatureVerifier<'_>, evaluated: &EvaluatedReference) -> ReferenceReport {
    let mut authorities = Vec::with_capacity(evaluated.authorities.len());
    for authority in &evaluated.authorities {
        authorities.push(authority_report(case, verifier, authority));
    }
    let store = verifier.store;
    let members = case
        .members
        .iter()
        .zip(&evaluated.members)
        .map(|(member, stands)| {
            let certificate = match &member.read {
                Read::Certificate { certificate, .. } | Read::Authority(certificate) => Some(certificate),
                Read::Key(_) | Read::Nothing { .. } => None,
            };
            MemberReport {
                name: member.name.clone(),
                use_: member.use_.clone(),
                certificate: certificate.map(|certificate| certificate.facts()),
                issued_by: certificate
                    .and_then(|certificate| Some(store.issued_by(stands.issuers.shown()?, certificate.issuer()))),
                findings: stands.findings.clone(),
            }
        })
        .collect();
    ReferenceReport {
        authorities,
        members,
        findings: evaluated.findings.clone(),
    }
}

pub fn authority_report(case: &Case, verifier: &mut SignatureVerifier<'_>, authority: &Authority) -> AuthorityReport {
    let store = verifier.store;
    let name = authority.names.first();
    let mut keys: Vec<AuthorityKey> = Vec::new();
    for joined in &authority.keys {
        let holders: Vec<_> = store
            .key(joined.key)
            .holders
            .iter()
            .map(|&index| store.held(index))
            .filter(|held| name.is_none_or(|_| authority.is_named(held.certificate.subject())))
            .collect();
        let newest = holders
            .iter()
            .max_by_key(|held| (held.certificate.not_after(), held.certificate.sha256()));
        let version = newest.and_then(|held| held.certificate.ca_version());
        let mut certificates: Vec<Sha256Hex> = holders.iter().map(|held| Hex(*held.certificate.sha256())).collect();
        certificates.sort_unstable();
        keys.push(AuthorityKey {
            key_sha256: Hex(store.key(joined.key).id.0),
            certificates,
            ca_version: version.map(|(certificate, key)| format!("V{certificate}.{key}")),
            not_after: verifier.key_end(joined.key).map(|(end, _)| end),
            joined_by: joined.by,
        });
    }
    if let (Kind::PinnedKey(id), true) = (authority.kind, keys.is_empty()) {
        keys.push(AuthorityKey {
            key_sha256: Hex(id.0),
            certificates: Vec::new(),
            ca_version: None,
            not_after: None,
            joined_by: JoinedBy::Pin,
        });
    }
    let subject = match authority.kind {
        Kind::PinnedKey(id) => store
            .key_of(id)
            .and_then(|key| store.holder(key, None))
            .map(|held| held.certificate.subject()),
        _ => name,
    };
    AuthorityReport {
        subject: subject.map(Name::rfc4514),
        members: authority
            .members
            .iter()
            .map(|&index| case.members[index].name.clone())
            .collect(),
        keys,
    }
}
