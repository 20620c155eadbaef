//! Pins: what they allow in place of the votes.

use crate::decide::case::{Case, Read};
use crate::decide::evaluated::{Authority, EvaluatedReference, Kind};
use crate::decide::policy::Rules;
use crate::decide::trust::{CertificateStore, JoinedKey, SignatureVerifier};
use crate::protocol::{Code, Fault, JoinedBy, Level, Match, Severity};

use super::members::is_self_signed;

pub fn allow_pins(case: &Case, verifier: &mut SignatureVerifier<'_>, evaluated: &mut EvaluatedReference) {
    let store = verifier.store;
    for (index, member) in case.members.iter().enumerate() {
        let (id, names, kind) = match &member.read {
            Read::Authority(certificate) => (
                certificate.key().id(),
                vec![certificate.subject().clone()],
                Kind::PinnedCertificate,
            ),
            Read::Key(id) => (*id, Vec::new(), Kind::PinnedKey(*id)),
            _ => continue,
        };
        if store.distrusts(id) {
            continue;
        }
        let usable = store.key_of(id).filter(|&key| store.key(key).usable);
        let keys = usable.map(|key| JoinedKey::first(key, JoinedBy::Pin));
        let mut authority = Authority {
            kind,
            names,
            keys: keys.into_iter().collect(),
            members: vec![index],
            rolls: false,
            complete: true,
        };
        if kind == Kind::PinnedCertificate && case.policy.match_ != Match::Key {
            authority.grow(verifier);
        }
        evaluated.authorities.push(authority);
    }
}

pub fn say_distrusted_pins(case: &Case, store: &CertificateStore, evaluated: &mut EvaluatedReference) {
    for (member, stands) in case.members.iter().zip(&mut evaluated.members) {
        let id = match &member.read {
            Read::Authority(certificate) => certificate.key().id(),
            Read::Key(id) => *id,
            _ => continue,
        };
        if !store.distrusts(id) {
            continue;
        }
        let rules = Rules::of_member(&case.policy);
        let finding = rules
            .finding(Code::AuthorityDistrusted, "pin")
            .value("member", &member.name);
        let severity = match evaluated.authorities.is_empty() {
            true => finding.severity,
            false => rules.raised(Code::AuthorityDistrusted, Severity::Warning),
        };
        stands.findings.push(finding.severity(severity));
    }
}

/// A pin is a CA certificate, and at level root a self-signed one.
pub fn check_pins(case: &Case, verifier: &mut SignatureVerifier<'_>) -> Result<(), Fault> {
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
            if !issuers.any() || !is_self_signed(verifier.store, certificate, &issuers) {
                let message =
                    format!("expected a self-signed CA as a pin at level root, found {subject}, which is not");
                return Err(Fault::bad_request(member.pointer.clone(), message));
            }
        }
    }
    Ok(())
}
