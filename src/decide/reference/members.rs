//! Each member by itself: the keys and roots behind it, and its findings.

use crate::cert::{Certificate, Verification, verify};
use crate::decide::case::{Case, Member, Read};
use crate::decide::common_findings::{limited, not_signed, unsupported};
use crate::decide::evaluated::{EvaluatedMember, IssuerKey};
use crate::decide::policy::{Rules, certificate_findings, covers_host, root_expired};
use crate::decide::trust::{CertificateStore, Issuers, Limit, Path, SignatureVerifier, names_a_usable_key, path};
use crate::protocol::{Code, Finding, Level, References, Severity};

/// The keys and roots behind one member.
pub fn issuers_of(case: &Case, verifier: &mut SignatureVerifier<'_>, member: &Member) -> EvaluatedMember {
    let mut stands = EvaluatedMember::default();
    let Read::Certificate { certificate, .. } = &member.read else {
        return stands;
    };
    stands.issuers = verifier.find_issuers(certificate, true, &[], |_| false);
    (stands.reached, stands.limit) = anchors(verifier, certificate, &stands.issuers, case.policy.level);
    stands.anchors = countable(verifier.store, &stands.reached);
    stands.forged = is_forged(verifier.store, certificate, &stands.issuers);
    stands.holds_ca = certificate.presents_as_ca() || is_self_signed(verifier.store, certificate, &stands.issuers);
    stands
}

/// The CAs behind a certificate: every root that it reaches at level root, and what kept the search from being complete.
pub fn anchors(
    verifier: &mut SignatureVerifier<'_>,
    certificate: &Certificate,
    issuers: &Issuers,
    level: Level,
) -> (Vec<IssuerKey>, Option<Limit>) {
    if issuers.keys.is_empty() {
        return (Vec::new(), None);
    }
    if level == Level::Issuing {
        let (name, keys) = (certificate.issuer().clone(), issuers.keys.clone());
        return (vec![IssuerKey { name, keys, path: None }], None);
    }
    let roots = path::to_roots(verifier, certificate);
    let anchor = |path: Path| {
        Some(IssuerKey {
            name: path.root_name(verifier.store)?.clone(),
            keys: vec![path.root_key],
            path: Some(path),
        })
    };
    (roots.paths.into_iter().filter_map(anchor).collect(), roots.limit)
}

/// Of the roots that a member reaches, those that may count: they and all above its issuer are trusted, and its issuer's
/// certificate too where any path is wholly trusted.
pub fn countable(store: &CertificateStore, reached: &[IssuerKey]) -> Vec<IssuerKey> {
    let with = |counts: fn(&Path, &CertificateStore) -> bool| -> Vec<IssuerKey> {
        let counts = |anchor: &&IssuerKey| anchor.path.as_ref().is_none_or(|path| counts(path, store));
        reached.iter().filter(counts).cloned().collect()
    };
    let wholly = with(Path::is_trusted);
    if wholly.is_empty() {
        with(Path::is_trusted_above_issuer)
    } else {
        wholly
    }
}

/// What can be said of one member by itself.
pub fn look_at(
    case: &Case,
    verifier: &mut SignatureVerifier<'_>,
    member: &Member,
    stands: &EvaluatedMember,
) -> Vec<Finding> {
    let rules = Rules::of_member(&case.policy);
    let mut findings: Vec<Finding> = member.findings.iter().cloned().map(|read| rules.settle(read)).collect();
    let Read::Certificate {
        certificate,
        chain,
        tls_host,
    } = &member.read
    else {
        return findings;
    };
    if stands.issuers.is_unsupported() {
        findings.push(unsupported(&rules, verifier.store, certificate));
    }
    if stands.issuers.is_limited() || stands.reached.is_empty() && stands.limit.is_some() {
        // As little as where no key is at hand, unless what was not tried decides whether an identical certificate passes.
        let decides = case.policy.level == Level::Root || names_a_usable_key(verifier.store, certificate);
        let usual = if decides { Severity::Doubt } else { Severity::Warning };
        let finding = limited(&rules, stands.limit);
        findings.push(finding.severity(rules.raised(Code::LimitReached, usual)));
    }
    if stands.forged {
        findings.push(not_signed(&rules, certificate));
    }
    if certificate.presents_as_ca() {
        let finding = match chain.iter().any(|behind| !behind.presents_as_ca()) {
            true => rules.finding(Code::ReferenceIsCa, "first"),
            false => rules.finding(Code::ReferenceIsCa, "alone"),
        };
        findings.push(finding.value("subject", certificate.subject().rfc4514()));
    }
    if is_self_signed(verifier.store, certificate, &stands.issuers) {
        let finding = rules.finding(Code::SelfSigned, "member");
        findings.push(finding.value("subject", certificate.subject().rfc4514()));
    }
    if let Some(host) = tls_host {
        let finding = match confirmation(case, verifier, certificate, &stands.issuers, host) {
            Confirmation::Given => None,
            Confirmation::OfAnotherName => Some(rules.finding(Code::ReferenceUnanchored, "not-covered")),
            Confirmation::Missing => Some(rules.finding(Code::ReferenceUnanchored, "tls")),
        };
        findings.extend(finding.map(|finding| finding.value("host", host)));
    }
    for anchor in stands.anchors.iter().filter(|anchor| anchor.path.is_some()) {
        let root = anchor.keys.first().filter(|root| !stands.issuers.keys.contains(root));
        if let Some((end, _)) = root.and_then(|&root| verifier.key_end(root)) {
            findings.extend(root_expired(&rules, &anchor.name, end, case.valid_at));
        }
    }
    let end = stands.issuers.shown().and_then(|key| verifier.key_end(key));
    findings.extend(certificate_findings(&rules, certificate, end, case.valid_at));
    findings
}

/// Whether a certificate is signed by its own key. One that names itself as its issuer, under an algorithm that nothing
/// here verifies, is taken for one: no CA is known to have issued it.
pub fn is_self_signed(store: &CertificateStore, certificate: &Certificate, issuers: &Issuers) -> bool {
    let own = certificate.key().id();
    if issuers.keys.iter().any(|&key| store.key(key).id == own) {
        return true;
    }
    // Its key is not the key of a CA, so it was not tried.
    certificate.is_self_issued() && verify(certificate, certificate.key()) != Verification::Invalid
}

/// Whether a member that no known key verifies points to a trusted key that could have.
pub fn is_forged(store: &CertificateStore, certificate: &Certificate, issuers: &Issuers) -> bool {
    !issuers.any() && issuers.gap.is_none() && names_a_usable_key(store, certificate)
}

/// What the operator vouches for says of the CA of a member that was read by TLS.
enum Confirmation {
    /// It confirms that CA.
    Given,
    /// It would, if the member's certificate covered the host that was asked.
    OfAnotherName,
    Missing,
}

/// Whether something that the operator vouches for confirms the CA of a member that was read by TLS.
fn confirmation(
    case: &Case,
    verifier: &mut SignatureVerifier<'_>,
    certificate: &Certificate,
    issuers: &Issuers,
    host: &str,
) -> Confirmation {
    let store = verifier.store;
    if issuers.distrusted.is_some() || issuers.keys.is_empty() {
        return Confirmation::Missing;
    }
    let pinned = |member: &Member| match &member.read {
        Read::Authority(pin) => issuers.keys.iter().any(|&key| store.key(key).id == pin.key().id()),
        Read::Key(pin) => issuers.keys.iter().any(|&key| store.key(key).id == *pin),
        _ => false,
    };
    if case.members.iter().any(pinned) {
        return Confirmation::Given;
    }
    // A member that was read otherwise and that the same key signed says as much.
    for other in &case.members {
        if let Read::Certificate {
            certificate: other,
            tls_host: None,
            ..
        } = &other.read
            && issuers.keys.iter().any(|&key| verifier.verifies_for(other, key, true))
        {
            return Confirmation::Given;
        }
    }
    let trusted = issuers.keys.iter().any(|&key| store.key(key).trusted)
        || path::to_roots(verifier, certificate)
            .paths
            .iter()
            .any(|path| path.root_is_trusted(store));
    match trusted {
        true if covers_host(certificate, host) => Confirmation::Given,
        true => Confirmation::OfAnotherName,
        false => Confirmation::Missing,
    }
}

/// A server that might disagree was not asked.
pub fn say_unreadable(case: &Case, rules: &Rules<'_>, member: &Member, stands: &mut EvaluatedMember) {
    let code = Code::ReferenceUnreadable;
    let usual = match case.policy.references {
        References::Agree => Severity::Doubt,
        References::Any => Severity::Warning,
    };
    let severity = rules.raised(code, usual);
    let mut said = false;
    for finding in &mut stands.findings {
        said |= finding.code == code;
        finding.severity = match finding.code == code {
            true => severity,
            false => rules.member_unreadable(finding),
        };
    }
    if !said {
        let finding = Finding::of(Code::ReferenceUnreadable, "member").value("member", &member.name);
        let finding = finding.severity(severity);
        stands.findings.push(finding.pointer(member.pointer.clone()));
    }
}
