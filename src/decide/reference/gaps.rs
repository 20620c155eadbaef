//! What is missing: a reference that does not allow a verdict, and evidence that was not used.

use std::sync::Arc;

use crate::cert::{Certificate, IssuingFlaw, never_verifies};
use crate::decide::case::Case;
use crate::decide::common_findings::{identifier, limited, unsupported};
use crate::decide::evaluated::EvaluatedReference;
use crate::decide::policy::{Rules, issuing_flaw};
use crate::decide::trust::CertificateStore;
use crate::protocol::{Code, Finding, Phrase, Severity, hex};

use super::members::say_unreadable;

/// Finds where the reference does not allow a verdict.
pub fn missing(case: &Case, store: &CertificateStore, evaluated: &mut EvaluatedReference) {
    let rules = Rules::of_member(&case.policy);
    let readable = case.members.iter().filter(|member| member.read.is_readable());
    let pins = readable.clone().filter(|member| member.read.is_pin()).count();
    let any = readable.count();
    let said = |finding: &Finding| finding.code == Code::ReferenceMissing;
    // Why the first member could not be read, which is what to look at first.
    let why = |pin: bool| {
        let mut unread = case.members.iter().filter(|member| !member.read.is_readable());
        let member = unread.find(|member| !pin || member.read.is_pin())?;
        member.findings.first()
    };
    if any == 0 && evaluated.findings.iter().any(said) {
        // A document that cannot be read says so itself.
    } else if any == 0 {
        let finding = match (case.members.len(), why(false)) {
            (0, _) => rules.finding(Code::ReferenceMissing, "not-given"),
            (1, Some(cause)) => rules.finding(Code::ReferenceMissing, "unread").cause(cause),
            (count, Some(cause)) => rules
                .finding(Code::ReferenceMissing, "none-read")
                .value("count", count.to_string())
                .cause(cause),
            (count, None) => rules
                .finding(Code::ReferenceMissing, "unexplained")
                .value("count", count.to_string()),
        };
        evaluated.findings.push(finding);
    } else {
        if evaluated.pinned && pins == 0 {
            let finding = match why(true) {
                Some(cause) => rules.finding(Code::ReferenceMissing, "pin-unread").cause(cause),
                // It is said where the pin's key is distrusted.
                None => rules.finding(Code::ReferenceMissing, "no-pin"),
            };
            evaluated.findings.push(finding);
        }
        for (member, stands) in case.members.iter().zip(&mut evaluated.members) {
            if !member.read.is_readable() {
                say_unreadable(case, &rules, member, stands);
            }
        }
    }
    if !evaluated.any_verified
        && let Some(finding) = unverified(case, store, evaluated)
    {
        let severity = rules.raised(Code::CaCertificateMissing, Severity::Warning);
        evaluated.findings.push(finding.severity(severity));
    }
}

/// Why no key at hand verifies the first member with a certificate, where none verifies any.
pub fn unverified(case: &Case, store: &CertificateStore, evaluated: &EvaluatedReference) -> Option<Finding> {
    let rules = Rules::of_member(&case.policy);
    let mut members = case.members.iter().zip(&evaluated.members);
    let (member, stands, certificate) =
        members.find_map(|(member, stands)| Some((member, stands, member.read.certificate()?)))?;
    let issuer = certificate.issuer();
    let given: Vec<&Arc<Certificate>> = case.evidence.iter().map(|(certificate, ..)| certificate).collect();
    let of_issuer = |one: &&&Arc<Certificate>| one.subject() == issuer;
    let issues = |one: &&&Arc<Certificate>| one.issuing_flaw().is_none_or(|flaw| flaw == IssuingFlaw::Version1);
    let finding = if stands.issuers.is_unsupported() {
        rules
            .finding(Code::CaCertificateMissing, "unsupported")
            .cause(&unsupported(&rules, store, certificate))
    } else if let Some(why) = never_verifies(certificate) {
        rules
            .finding(Code::CaCertificateMissing, "never-verifies")
            .phrase("why", Phrase::named("signature", why))
    } else if let Some(cause) = unread_evidence(case).filter(|_| !given.iter().any(|one| of_issuer(&one))) {
        rules.finding(Code::CaCertificateMissing, "unread").cause(cause)
    } else if given.is_empty() {
        rules
            .finding(Code::CaCertificateMissing, "none-given")
            .value("issuer", issuer.rfc4514())
    } else if stands.issuers.is_limited() {
        rules
            .finding(Code::CaCertificateMissing, "limited")
            .cause(&limited(&rules, stands.limit))
    } else if given.iter().filter(of_issuer).any(|one| issues(&one)) {
        rules
            .finding(Code::CaCertificateMissing, "other-key")
            .value("issuer", issuer.rfc4514())
            .phrase("identifier", identifier(certificate))
    } else if let Some(unfit) = given
        .iter()
        .find(of_issuer)
        .or_else(|| match given.iter().any(|one| issues(&one)) {
            true => None,
            false => given.first(),
        })
    {
        rules
            .finding(Code::CaCertificateMissing, "may-not-sign")
            .value("given", unfit.subject().rfc4514())
            .value("issuer", issuer.rfc4514())
            .phrase("why", issuing_flaw(unfit.issuing_flaw().unwrap_or(IssuingFlaw::NotCa)))
    } else {
        rules
            .finding(Code::CaCertificateMissing, "none-signed")
            .value("issuer", issuer.rfc4514())
    };
    Some(finding.value("member", &member.name))
}

/// What kept evidence that was given from being read.
pub fn unread_evidence(case: &Case) -> Option<&Finding> {
    let of_evidence = |finding: &&Finding| {
        let pointer = finding.pointer.as_deref().unwrap_or_default();
        let lists = ["/authorities", "/intermediates", "/reference_document/"];
        lists.iter().any(|list| pointer.starts_with(list))
    };
    case.findings.iter().find(of_evidence)
}

/// Certificates that are given as evidence and may not issue others, with the reason.
pub fn unused_evidence(case: &Case, store: &CertificateStore) -> Vec<Finding> {
    /// A machine store may hold hundreds; the rest is counted.
    const NAMED: usize = 20;
    let rules = Rules::of_member(&case.policy);
    let mut findings = Vec::new();
    let mut more = 0;
    let mut seen = std::collections::HashSet::new();
    for (certificate, ..) in &case.evidence {
        let Some(held) = store.with_sha256(certificate.sha256()) else {
            continue;
        };
        if !seen.insert(*certificate.sha256()) || store.distrusts(certificate.key().id()) {
            continue;
        }
        let key = store.key_of(certificate.key().id()).map(|key| store.key(key));
        let why = match (held.issues, key) {
            (false, _) => certificate.issuing_flaw().map(issuing_flaw),
            (true, Some(key)) if !key.usable => {
                let public = certificate.key();
                let why = match key.trusted {
                    true => public.usable_when_vouched().err(),
                    false => public.usable_when_found().err(),
                };
                why.map(|why| Phrase::named("key", why))
            }
            (true, _) => None,
        };
        let Some(why) = why else { continue };
        if findings.len() == NAMED {
            more += 1;
            continue;
        }
        let finding = rules
            .finding(Code::EvidenceUnused, "flaw")
            .value("subject", certificate.subject().rfc4514())
            .value("sha256", hex(certificate.sha256()))
            .phrase("why", why);
        findings.push(finding);
    }
    if more > 0 {
        let finding = rules.finding(Code::EvidenceUnused, "more");
        findings.push(finding.value("count", more.to_string()));
    }
    findings
}
