//! What a policy says of one certificate by itself: validity, names, usages, key, digest, and the weight of findings.

use std::borrow::Cow;

use crate::cert::{Certificate, Curve, Digest, ExtendedKeyUsage, KeyKind, Name, SignatureAlgorithm, SignatureInfo};
use crate::protocol::request::{EXTENDED_KEY_USAGES, extended_key_usage_oid};
use crate::protocol::{Code, Finding, Policy, Profile, Severity, Span, Timestamp};

use super::names::{Coverage, coverage};

/// How long before its end a certificate is reported, unless the policy says otherwise.
const WARN_BEFORE_EXPIRY: Span = Span::days(30);
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
/// Below this an RSA key is weaker than recommended (NIST SP 800-131A; Microsoft recommends 2048 for Lync Server 2013).
const RECOMMENDED_RSA_BITS: u32 = 2048;

/// The weight of findings: the table's, as the policy changes it.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The policy.
    pub policy: &'a Policy,
    of_member: bool,
}

impl<'a> Rules<'a> {
    /// For a subject.
    pub fn of_subject(policy: &'a Policy) -> Self {
        Rules {
            policy,
            of_member: false,
        }
    }

    /// For a member of the reference, on which what does not concern its CA is a warning at most.
    pub fn of_member(policy: &'a Policy) -> Self {
        Rules {
            policy,
            of_member: true,
        }
    }

    /// A finding of the weight that the table and the policy give it.
    pub fn finding(&self, code: Code, message: impl Into<String>) -> Finding {
        let severity = self.raised(code, code.severity());
        let capped = self.of_member && is_capped_on_members(code);
        Finding::new(code, message).severity(if capped {
            severity.min(Severity::Warning)
        } else {
            severity
        })
    }

    /// The weight of a code whose usual weight here is `usual`.
    pub fn raised(&self, code: Code, usual: Severity) -> Severity {
        match self.policy.severity.of(code) {
            None => usual,
            Some(given) if code.may_be_lowered() => given,
            Some(given) => usual.max(given),
        }
    }

    /// A finding from reading, of the weight that the policy gives it.
    pub fn settle(&self, finding: Finding) -> Finding {
        let severity = self.raised(finding.code, finding.severity);
        finding.severity(severity)
    }

    /// The weight of a finding on a member that could not be read, while another could.
    pub fn member_unreadable(&self, finding: &Finding) -> Severity {
        self.policy
            .severity
            .of(finding.code)
            .unwrap_or(Severity::Warning)
            .max(Severity::Warning)
    }
}

/// Expiry, names, key, digest, profile findings and `algorithm-unsupported`.
fn is_capped_on_members(code: Code) -> bool {
    matches!(
        code,
        Code::Expired
            | Code::NotYetValid
            | Code::IssuedAfterCaExpiry
            | Code::ExpiresSoon
            | Code::CaExpired
            | Code::CaExpiresSoon
            | Code::NameMismatch
            | Code::NameInCommonName
            | Code::KeyUnsupported
            | Code::KeyWeak
            | Code::KeyProviderUnsupported
            | Code::DigestUnsupported
            | Code::DigestWeak
            | Code::PssUnsupported
            | Code::ServerAuthMissing
            | Code::ClientAuthMissing
            | Code::ExtendedKeyUsageMissing
            | Code::CdpMissing
            | Code::AlgorithmUnsupported
            | Code::PrivateKeyMissing
            | Code::PrivateKeyMismatch
            | Code::PossessionUnproven
            | Code::ExtensionUnreadable
    )
}

/// What is found of a certificate by itself, but for the names that it must cover: validity (at `at`), usages, key,
/// digest, and the end of the key that signed it (where only the subject brought its certificate, at most a warning).
pub fn certificate_findings(
    rules: &Rules<'_>,
    certificate: &Certificate,
    end: Option<(Timestamp, bool)>,
    at: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for unreadable in certificate.unreadable_extensions() {
        let message = format!("its {unreadable}, so nothing that it would allow is allowed");
        let hint = "renew it: the extension is damaged, and readers differ in what they make of it";
        findings.push(rules.finding(Code::ExtensionUnreadable, message).hint(hint));
    }
    validity(rules, certificate, at, &mut findings);
    if let Some(end) = end {
        ca_validity(rules, certificate, end, at, &mut findings);
    }
    key_and_digest(rules, certificate, &mut findings);
    if rules.policy.profile == Some(Profile::LyncServer2013) && !certificate.has_crl_distribution_point() {
        let hint = "issue it from a template whose CA publishes a CRL distribution point";
        findings.push(
            rules
                .finding(Code::CdpMissing, "it has no CRL distribution point")
                .hint(hint),
        );
    }
    usages(rules, certificate, &mut findings);
    findings
}

fn validity(rules: &Rules<'_>, certificate: &Certificate, at: Timestamp, findings: &mut Vec<Finding>) {
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let soon = rules.policy.warn_before_expiry.unwrap_or(WARN_BEFORE_EXPIRY);
    if at < from {
        let message = format!("it is not valid before {from}");
        findings.push(
            rules
                .finding(Code::NotYetValid, message)
                .expected(format!("valid at {at}"))
                .actual(from.to_string()),
        );
    }
    if at > until {
        let message = format!("it expired at {until}");
        let finding = rules
            .finding(Code::Expired, message)
            .expected(format!("valid at {at}"))
            .actual(until.to_string());
        findings.push(finding.hint("renew it under the reference's CA"));
    } else if at.plus(soon.seconds()) >= until {
        let message = format!("it expires at {until}, in less than {soon}");
        findings.push(
            rules
                .finding(Code::ExpiresSoon, message)
                .actual(until.to_string())
                .hint("renew it in time"),
        );
    }
}

fn ca_validity(
    rules: &Rules<'_>,
    certificate: &Certificate,
    (end, only_brought): (Timestamp, bool),
    at: Timestamp,
    findings: &mut Vec<Finding>,
) {
    let soon = rules.policy.warn_before_expiry.unwrap_or(WARN_BEFORE_EXPIRY);
    let from = certificate.not_before();
    if from > end {
        let message = format!("it begins at {from}, after its CA certificate ended at {end}");
        let hint = "if the CA was renewed, add its newer certificate to authorities";
        let mut finding = rules.finding(Code::IssuedAfterCaExpiry, message).hint(hint);
        if only_brought {
            finding.severity = finding.severity.min(Severity::Warning);
        }
        findings.push(finding);
    }
    if at > end {
        let message = format!("its CA certificate expired at {end}");
        let hint = "if the CA was renewed, add its newer certificate to authorities";
        findings.push(
            rules
                .finding(Code::CaExpired, message)
                .actual(end.to_string())
                .hint(hint),
        );
    } else if at.plus(soon.seconds()) >= end {
        let message = format!("its CA certificate expires at {end}, in less than {soon}");
        findings.push(
            rules
                .finding(Code::CaExpiresSoon, message)
                .actual(end.to_string())
                .hint("renew the CA certificate"),
        );
    }
}

/// At level root: that the root above a certificate has expired.
pub fn root_expired(rules: &Rules<'_>, root: &Name, end: Timestamp, at: Timestamp) -> Option<Finding> {
    let message = format!("the certificate of its root CA {} expired at {end}", root.rfc4514());
    let hint = "if the root was renewed, add its newer certificate to authorities";
    let finding = rules.finding(Code::CaExpired, message).actual(end.to_string());
    (at > end).then(|| finding.hint(hint))
}

fn key_and_digest(rules: &Rules<'_>, certificate: &Certificate, findings: &mut Vec<Finding>) {
    let lync = rules.policy.profile == Some(Profile::LyncServer2013);
    let unsupported = |what: String| {
        let expected = "RSA of 1024, 2048 or 4096 bits, or ECDSA on P-256, P-384 or P-521";
        rules
            .finding(
                Code::KeyUnsupported,
                format!("Lync Server 2013 does not support {what}"),
            )
            .expected(expected)
    };
    match certificate.key().kind() {
        KeyKind::Rsa { bits, pss_only, .. } => {
            if lync && (*pss_only || !matches!(bits, 1024 | 2048 | 4096)) {
                let what = if *pss_only {
                    "RSASSA-PSS keys".into()
                } else {
                    format!("RSA keys of {bits} bits")
                };
                findings.push(unsupported(what));
            }
            if *bits < RECOMMENDED_RSA_BITS {
                let message = format!("its RSA key has {bits} bits");
                let finding = rules
                    .finding(Code::KeyWeak, message)
                    .expected("2048 bits or more")
                    .actual(bits.to_string());
                findings.push(finding);
            }
        }
        KeyKind::Ec {
            curve: Curve::P256 | Curve::P384 | Curve::P521,
        } => {}
        KeyKind::Ec { curve } if lync => findings.push(unsupported(format!("keys on the curve {}", curve.name()))),
        _ if lync => findings.push(unsupported(format!("{} keys", certificate.key().algorithm_name()))),
        _ => {}
    }
    let signature = certificate.signature();
    if lync && signature.is_pss() {
        let message = "Lync Server 2013 does not support RSASSA-PSS signatures";
        let hint = "issue it without the alternate signature format (AD CS: AlternateSignatureAlgorithm=0)";
        findings.push(rules.finding(Code::PssUnsupported, message).hint(hint));
    }
    match signature.digest() {
        Some(Digest::Sha1) => {
            let hint = "renew it with SHA-256";
            findings.push(
                rules
                    .finding(Code::DigestWeak, "it is signed with SHA-1")
                    .actual("SHA-1")
                    .hint(hint),
            );
        }
        Some(Digest::Sha224 | Digest::Sha256 | Digest::Sha384 | Digest::Sha512) => {}
        _ if lync => {
            let message = format!(
                "Lync Server 2013 does not support its signature: {}",
                describe(signature)
            );
            findings.push(
                rules
                    .finding(Code::DigestUnsupported, message)
                    .expected("SHA-1 or SHA-2 (224 to 512 bits)"),
            );
        }
        _ => {}
    }
}

fn usages(rules: &Rules<'_>, certificate: &Certificate, findings: &mut Vec<Finding>) {
    let lync = rules.policy.profile == Some(Profile::LyncServer2013);
    let mut wanted: Vec<&str> = match rules.policy.profile {
        Some(Profile::LyncServer2013) => vec![SERVER_AUTH],
        Some(Profile::MutualTls) => vec![SERVER_AUTH, CLIENT_AUTH],
        None => Vec::new(),
    };
    for oid in rules
        .policy
        .extended_key_usage
        .iter()
        .filter_map(|usage| extended_key_usage_oid(usage))
    {
        if !wanted.contains(&oid) {
            wanted.push(oid);
        }
    }
    if wanted.is_empty() {
        return;
    }
    let usage = certificate.extended_key_usage();
    let names = |usage: ExtendedKeyUsage<'_>, oid: &str| match oid {
        SERVER_AUTH => usage.has_server_auth(),
        CLIENT_AUTH => usage.has_client_auth(),
        other => usage.has(other),
    };
    let covers = |oid: &str| usage.is_some_and(|usage| names(usage, oid) || (usage.has_any() && !lync));
    for oid in wanted.into_iter().filter(|oid| !covers(oid)) {
        let (code, what) = match oid {
            SERVER_AUTH => (Code::ServerAuthMissing, "server authentication"),
            CLIENT_AUTH => (Code::ClientAuthMissing, "client authentication"),
            other => (Code::ExtendedKeyUsageMissing, usage_name(other)),
        };
        let actual = match usage {
            Some(usage) => usage.names().join(", "),
            None => "no extended key usage".into(),
        };
        let message = format!("its extended key usage does not include {what}");
        findings.push(rules.finding(code, message).expected(usage_name(oid)).actual(actual));
    }
}

fn usage_name(oid: &str) -> &str {
    EXTENDED_KEY_USAGES
        .iter()
        .find(|(_, known)| *known == oid)
        .map_or(oid, |(name, _)| name)
}

/// What to call a signature that cannot be used, and why.
pub fn describe(signature: &SignatureInfo) -> String {
    match signature.algorithm() {
        SignatureAlgorithm::Unsupported { why, .. } => format!("{} ({why})", signature.name()),
        _ => signature.name().into_owned(),
    }
}

/// What is found of the names that a certificate must cover.
pub fn name_findings(rules: &Rules<'_>, certificate: &Certificate, names: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in names {
        match coverage(certificate, name) {
            Coverage::Alternative => {}
            Coverage::CommonName => {
                let message = format!("{name} is covered by the common name alone");
                let hint = "issue it with the name as subject alternative name";
                findings.push(rules.finding(Code::NameInCommonName, message).hint(hint));
            }
            Coverage::None => {
                let covered = covered_names(certificate);
                let message = format!("it does not cover {name}");
                findings.push(
                    rules
                        .finding(Code::NameMismatch, message)
                        .expected(name.clone())
                        .actual(covered),
                );
            }
        }
    }
    findings
}

fn covered_names(certificate: &Certificate) -> String {
    let addresses = certificate.ip_addresses().map(|address| address.to_string());
    let mut names: Vec<String> = certificate.dns_names().map(str::to_owned).chain(addresses).collect();
    if certificate.has_unreadable_names() {
        return "no name: its subject alternative names cannot be read".into();
    }
    if names.is_empty() {
        names = certificate.common_names().map(Cow::into_owned).collect();
    }
    if names.is_empty() {
        "no name".into()
    } else {
        names.join(", ")
    }
}

/// Whether a certificate covers every name.
pub fn covers_all(certificate: &Certificate, names: &[String]) -> bool {
    names.iter().all(|name| covers_host(certificate, name))
}

/// Whether a certificate covers a host name or an IP address.
pub fn covers_host(certificate: &Certificate, host: &str) -> bool {
    coverage(certificate, host) != Coverage::None
}
