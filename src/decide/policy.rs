//! What a policy says of one certificate by itself: validity, names, usages, key, digest, and the weight of findings.

use std::net::IpAddr;

use crate::cert::{
    Certificate, Curve, Digest, ExtendedKeyUsage, IssuingFlaw, KeyKind, Name, SignatureAlgorithm, SignatureInfo,
    visible,
};
use crate::protocol::policy::{CLIENT_AUTH, EXTENDED_KEY_USAGES, SERVER_AUTH, extended_key_usage_oid};
use crate::protocol::{Code, Finding, Phrase, Policy, Profile, Severity, Span, Timestamp};

use super::host_name::{Coverage, coverage};

/// How long before its end a certificate is reported, unless the policy says otherwise.
const WARN_BEFORE_EXPIRY: Span = Span::days(30);
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
    pub fn finding(&self, code: Code, text: &str) -> Finding {
        let severity = self.raised(code, code.severity());
        let capped = self.of_member && is_capped_on_members(code);
        Finding::of(code, text).severity(if capped {
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
        let finding = match unreadable.repeated {
            true => rules.finding(Code::ExtensionUnreadable, "repeated"),
            false => rules.finding(Code::ExtensionUnreadable, "damaged"),
        };
        findings.push(finding.value("extension", unreadable.name));
    }
    validity(rules, certificate, at, &mut findings);
    if let Some(end) = end {
        ca_validity(rules, certificate, end, at, &mut findings);
    }
    key_and_digest(rules, certificate, &mut findings);
    if rules.policy.profile == Some(Profile::LyncServer2013) && !certificate.has_crl_distribution_point() {
        findings.push(rules.finding(Code::CdpMissing, "none"));
    }
    usages(rules, certificate, &mut findings);
    findings
}

fn validity(rules: &Rules<'_>, certificate: &Certificate, at: Timestamp, findings: &mut Vec<Finding>) {
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let soon = rules.policy.warn_before_expiry.unwrap_or(WARN_BEFORE_EXPIRY);
    if at < from {
        let finding = rules.finding(Code::NotYetValid, "begins");
        findings.push(finding.value("at", at.to_string()).value("from", from.to_string()));
    }
    if at > until {
        let finding = rules.finding(Code::Expired, "ended");
        findings.push(finding.value("at", at.to_string()).value("until", until.to_string()));
    } else if at.plus(soon.seconds()) >= until {
        let finding = rules.finding(Code::ExpiresSoon, "ends");
        findings.push(
            finding
                .value("until", until.to_string())
                .value("soon", soon.to_string()),
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
        let finding = rules.finding(Code::IssuedAfterCaExpiry, "begins");
        let mut finding = finding.value("from", from.to_string()).value("end", end.to_string());
        if only_brought {
            finding.severity = finding.severity.min(Severity::Warning);
        }
        findings.push(finding);
    }
    if at > end {
        let finding = rules.finding(Code::CaExpired, "ended");
        findings.push(finding.value("end", end.to_string()));
    } else if at.plus(soon.seconds()) >= end {
        let finding = rules.finding(Code::CaExpiresSoon, "ends");
        findings.push(finding.value("end", end.to_string()).value("soon", soon.to_string()));
    }
}

/// At level root: that the root above a certificate has expired.
pub fn root_expired(rules: &Rules<'_>, root: &Name, end: Timestamp, at: Timestamp) -> Option<Finding> {
    let finding = rules.finding(Code::CaExpired, "root");
    let finding = finding.value("root", root.rfc4514()).value("end", end.to_string());
    (at > end).then_some(finding)
}

fn key_and_digest(rules: &Rules<'_>, certificate: &Certificate, findings: &mut Vec<Finding>) {
    let lync = rules.policy.profile == Some(Profile::LyncServer2013);
    let key = certificate.key();
    match key.kind() {
        KeyKind::Rsa { bits, pss_only, .. } => {
            if lync && *pss_only {
                findings.push(rules.finding(Code::KeyUnsupported, "pss"));
            } else if lync && !matches!(bits, 1024 | 2048 | 4096) {
                let finding = rules.finding(Code::KeyUnsupported, "rsa-length");
                findings.push(finding.value("bits", bits.to_string()));
            }
            if *bits < RECOMMENDED_RSA_BITS {
                let finding = rules.finding(Code::KeyWeak, "rsa-length");
                findings.push(finding.value("bits", bits.to_string()));
            }
        }
        KeyKind::Ec {
            curve: Curve::P256 | Curve::P384 | Curve::P521,
        } => {}
        _ if !lync => {}
        KeyKind::Ec { curve } => {
            let finding = rules.finding(Code::KeyUnsupported, "curve");
            findings.push(finding.value("curve", curve.name()));
        }
        KeyKind::EcExplicit => findings.push(rules.finding(Code::KeyUnsupported, "explicit-curve")),
        _ if key.is_unreadable() => findings.push(rules.finding(Code::KeyUnsupported, "unreadable")),
        _ => {
            let finding = rules.finding(Code::KeyUnsupported, "algorithm");
            findings.push(finding.value("algorithm", key.algorithm_name()));
        }
    }
    let signature = certificate.signature();
    if lync && signature.is_pss() {
        findings.push(rules.finding(Code::PssUnsupported, "lync"));
    }
    match signature.digest() {
        Some(Digest::Sha1) => findings.push(rules.finding(Code::DigestWeak, "sha1")),
        Some(Digest::Sha224 | Digest::Sha256 | Digest::Sha384 | Digest::Sha512) => {}
        _ if lync => {
            let finding = rules.finding(Code::DigestUnsupported, "lync");
            findings.push(finding.phrase("signature", describe(signature)));
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
        let finding = match oid {
            SERVER_AUTH => rules.finding(Code::ServerAuthMissing, "lacks"),
            CLIENT_AUTH => rules.finding(Code::ClientAuthMissing, "lacks"),
            _ => rules.finding(Code::ExtendedKeyUsageMissing, "lacks"),
        };
        let actual = match usage {
            Some(usage) => Phrase::of("usages.listed").value("usages", usage.names().join(", ")),
            None => Phrase::of("usages.none"),
        };
        findings.push(finding.value("usage", usage_name(oid)).phrase("actual", actual));
    }
}

fn usage_name(oid: &str) -> &str {
    EXTENDED_KEY_USAGES
        .iter()
        .find(|(_, known)| *known == oid)
        .map_or(oid, |(name, _)| name)
}

/// What to call a signature that cannot be used, and why.
pub fn describe(signature: &SignatureInfo) -> Phrase {
    match signature.algorithm() {
        SignatureAlgorithm::Unsupported { why, .. } if signature.name().is_empty() => Phrase::named("signature", why),
        SignatureAlgorithm::Unsupported { why, .. } => Phrase::of("signature.with-reason")
            .value("name", signature.name())
            .phrase("why", Phrase::named("signature", why)),
        _ => Phrase::of("signature.called").value("name", signature.name()),
    }
}

/// Why a certificate may not issue others.
pub fn issuing_flaw(flaw: IssuingFlaw) -> Phrase {
    match flaw {
        IssuingFlaw::NoBasicConstraints => Phrase::of("issuing.no-basic-constraints"),
        IssuingFlaw::NotCa => Phrase::of("issuing.not-a-ca"),
        IssuingFlaw::BasicConstraintsUnreadable => Phrase::of("issuing.basic-constraints-unreadable"),
        IssuingFlaw::BasicConstraintsRepeated => Phrase::of("issuing.basic-constraints-repeated"),
        IssuingFlaw::NoKeyCertSign => Phrase::of("issuing.no-key-cert-sign"),
        IssuingFlaw::KeyUsageUnreadable => Phrase::of("issuing.key-usage-unreadable"),
        IssuingFlaw::KeyUsageRepeated => Phrase::of("issuing.key-usage-repeated"),
        IssuingFlaw::Version1 => Phrase::of("issuing.version-1"),
        IssuingFlaw::OldVersion => Phrase::of("issuing.old-version"),
    }
}

/// What is found of the names that a certificate must cover.
pub fn name_findings(rules: &Rules<'_>, certificate: &Certificate, names: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in names {
        match coverage(certificate, name) {
            Coverage::Alternative => {}
            Coverage::CommonName => {
                let finding = rules.finding(Code::NameInCommonName, "alone");
                findings.push(finding.value("name", name));
            }
            Coverage::None => {
                let finding = match near(certificate, name) {
                    Some(Near::AddressAsName) => rules.finding(Code::NameMismatch, "address-as-name"),
                    Some(Near::Alike) => rules.finding(Code::NameMismatch, "alike"),
                    None => rules.finding(Code::NameMismatch, "uncovered"),
                };
                findings.push(
                    finding
                        .value("name", name)
                        .phrase("covered", covered_names(certificate)),
                );
            }
        }
    }
    findings
}

/// How a name that is not covered looks like one that is.
enum Near {
    /// An IP address, written as a DNS name.
    AddressAsName,
    /// A DNS name with octets that do not show: blanks, NULs, format characters.
    Alike,
}

fn near(certificate: &Certificate, wanted: &str) -> Option<Near> {
    if certificate.has_unreadable_names() {
        return None;
    }
    let shown = |text: &str| {
        let shows = |c: &char| !c.is_whitespace() && !c.is_control() && (c.is_ascii() || c.is_alphanumeric());
        text.chars()
            .filter(shows)
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    let bare = wanted.trim_start_matches('[').trim_end_matches(']');
    let mut names = certificate.host_name_texts();
    match bare.parse::<IpAddr>() {
        Ok(address) => names
            .any(|name| name.parse::<IpAddr>() == Ok(address))
            .then_some(Near::AddressAsName),
        Err(_) => {
            let wanted = shown(wanted.strip_suffix('.').unwrap_or(wanted));
            names
                .any(|name| shown(name.strip_suffix('.').unwrap_or(&name)) == wanted)
                .then_some(Near::Alike)
        }
    }
}

/// The names that a certificate covers, each so that different ones are different texts.
fn covered_names(certificate: &Certificate) -> Phrase {
    if certificate.has_unreadable_names() {
        return Phrase::of("names.unreadable");
    }
    let mut names = certificate.host_names();
    if names.is_empty() {
        names = certificate.common_names().map(|name| visible(&name)).collect();
    }
    match names.is_empty() {
        true => Phrase::of("names.none"),
        false => Phrase::of("names.listed").value("names", names.join(", ")),
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
