//! Reports of an estate that does not exist, as many as are wanted: for measurements, and for pages with many hosts.
//!
//! No certificate is minted and no signature verified: what `fleet` reads is text. The shapes and lengths are those of
//! real reports, because they are written by the protocol's own types.

#![allow(dead_code, reason = "shared by path: each of its users needs another part of it")]

use std::io::{self, Write};

use same_ca::explain::{self, Voice};
use same_ca::protocol::{
    AuthorityKey, AuthorityReport, CertificateFacts, Code, Evidence, EvidenceKind, Finding, Hex, IssuedBy, JoinedBy,
    KeyFrom, MemberReport, Phrase, Proof, ReferenceReport, Relation, Report, Revocation, Severity, Sha256Hex, Status,
    SubjectReport, Summary, Timestamp, Tool,
};

const CA: &str = "CN=Contoso Issuing CA,DC=contoso,DC=com";
const OTHER_CA: &str = "CN=Fabrikam Public CA,O=Fabrikam,C=US";
const SITES: [&str; 6] = ["ams", "fra", "lon", "nyc", "sin", "syd"];
const ROLES: [&str; 5] = ["fe", "pchat", "edge", "dir", "med"];
const DAY: i64 = 86_400;

/// Writes one report a line, of `count` hosts.
pub fn write(count: usize, out: &mut dyn Write) -> io::Result<()> {
    let reference = reference();
    for index in 0..count {
        let report = report(index, &reference);
        serde_json::to_writer(&mut *out, &report)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// 2026-11-20T06:00:00Z.
pub const NOW: i64 = 1_795_154_400;

/// The report of one host: the same for the same number.
pub fn report(index: usize, reference: &ReferenceReport) -> Report<ReferenceReport> {
    let mut dice = Dice(index as u64 + 1);
    let site = SITES[dice.below(SITES.len())];
    let role = ROLES[dice.below(ROLES.len())];
    let host = format!("{role}{index:06}.{site}.contoso.com");
    let requirement = if role == "edge" {
        "edge-services"
    } else {
        "persistent-chat"
    };
    let collected = NOW - (dice.below(36 * 3600) as i64) - if dice.below(100) == 0 { 30 * DAY } else { 0 };
    let subject = subject(&host, index, &mut dice);
    let status = subject.status.unwrap_or(Status::Undetermined);
    let mut summary = Summary {
        total: 1,
        ..Summary::default()
    };
    match status {
        Status::Compliant => summary.compliant = 1,
        Status::Noncompliant => summary.noncompliant = 1,
        Status::Undetermined => summary.undetermined = 1,
    }
    Report {
        protocol: 1,
        tool: Tool::this(),
        requirement: Some(requirement.into()),
        host: Some(host),
        node: None,
        collected_at: Some(Timestamp::from_unix(collected)),
        valid_at: Timestamp::from_unix(collected),
        status,
        compliant: status == Status::Compliant,
        revocation: Revocation::NotChecked,
        message: match status {
            Status::Compliant => "1 of 1 subjects is under the reference CA".into(),
            _ => "1 of 1 subjects is not under the reference CA".into(),
        },
        summary,
        reference: reference.clone(),
        subjects: vec![subject],
        changed: None,
        actions: None,
    }
}

/// What sets the rule: one CA with two generations, and a pin.
pub fn reference() -> ReferenceReport {
    let key = |generation: u8, not_after: i64, joined_by| AuthorityKey {
        key_sha256: key_digest(generation),
        certificates: vec![digest(200 + u64::from(generation))],
        ca_version: Some(format!("V{generation}.{generation}")),
        not_after: Some(Timestamp::from_unix(not_after)),
        joined_by,
    };
    ReferenceReport {
        authorities: vec![AuthorityReport {
            subject: Some(CA.into()),
            members: vec!["Contoso Issuing CA".into()],
            keys: vec![
                key(0, NOW + 5 * 365 * DAY, JoinedBy::Pin),
                key(1, NOW + 10 * 365 * DAY, JoinedBy::CommonParent),
            ],
        }],
        members: vec![MemberReport {
            name: "Contoso Issuing CA".into(),
            use_: None,
            certificate: None,
            issued_by: None,
            findings: Vec::new(),
        }],
        findings: Vec::new(),
    }
}

fn subject(host: &str, index: usize, dice: &mut Dice) -> SubjectReport {
    let mut subject = SubjectReport {
        name: host.into(),
        use_: Some("Default".into()),
        status: Some(Status::Compliant),
        relation: Some(Relation::Same),
        proof: Some(Proof::Signature),
        issued_by: None,
        evidence: Vec::new(),
        certificate: None,
        findings: Vec::new(),
        passed_over: None,
        before: None,
        after: None,
    };
    let mut end = NOW + 30 * DAY + dice.below(700 * DAY as usize) as i64;
    let (mut generation, mut ca, mut from) = (0, CA, KeyFrom::Authorities);
    match dice.below(100) {
        0..55 => {}
        55..93 => {
            generation = 1;
            subject.relation = Some(Relation::Rollover);
        }
        93..95 => {
            (generation, from) = (2, KeyFrom::Subject);
            subject.relation = Some(Relation::NameOnly);
            subject.findings.push(
                Finding::of(Code::IssuerKeyDiffers, "look-alike")
                    .value("issuer", CA)
                    .value("file", "Contoso Issuing CA")
                    .phrase("expected", Phrase::of("ca.named").value("name", CA))
                    .phrase("actual", Phrase::of("ca.named").value("name", CA)),
            );
        }
        95 => {
            (generation, ca, from) = (3, OTHER_CA, KeyFrom::Intermediates);
            subject.relation = Some(Relation::Different);
            subject.findings.push(
                Finding::of(Code::IssuerDiffers, "other-ca")
                    .value("issuer", OTHER_CA)
                    .value("authority", CA)
                    .phrase("expected", Phrase::of("ca.named").value("name", CA))
                    .phrase("actual", Phrase::of("ca.named").value("name", OTHER_CA)),
            );
        }
        96..98 => {
            end = NOW - dice.below(90 * DAY as usize) as i64 - DAY;
            subject.findings.push(
                Finding::of(Code::Expired, "ended")
                    .value("at", Timestamp::from_unix(NOW).to_string())
                    .value("until", Timestamp::from_unix(end).to_string()),
            );
        }
        98 => {
            subject.relation = Some(Relation::Unreadable);
            subject.proof = None;
            subject.status = Some(Status::Undetermined);
            subject.findings.push(
                Finding::of(Code::CertificateUnreadable, "server")
                    .value("source", host)
                    .phrase("why", Phrase::of("tls.refused")),
            );
            explain::subject(&mut subject, Voice::Request);
            return subject;
        }
        _ => {
            end = NOW + dice.below(30 * DAY as usize) as i64 + DAY;
            subject.findings.push(
                Finding::of(Code::ExpiresSoon, "ends")
                    .value("until", Timestamp::from_unix(end).to_string())
                    .value("soon", "30d"),
            );
        }
    }
    if subject
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        subject.status = Some(Status::Noncompliant);
    }
    let facts = facts(host, index, ca, end);
    subject.issued_by = Some(IssuedBy {
        key_sha256: key_digest(generation),
        subject: Some(ca.into()),
        certificate: Some(digest(200 + u64::from(generation))),
        key_from: from,
    });
    subject.evidence = vec![Evidence {
        kind: EvidenceKind::Issued,
        certificate: Some(facts.sha256),
        signer_key_sha256: Some(key_digest(generation)),
        signer_certificate: Some(digest(200 + u64::from(generation))),
        other_certificate: None,
    }];
    subject.certificate = Some(facts);
    explain::subject(&mut subject, Voice::Request);
    subject
}

fn facts(host: &str, index: usize, ca: &str, end: i64) -> CertificateFacts {
    let pair = |name: &'static str, value: &str| (name.into(), value.to_owned());
    let number = index as u64 * 8 + 1000;
    CertificateFacts {
        subject: format!("CN={host},OU=Lync,O=Contoso,C=US"),
        issuer: ca.into(),
        subject_ordered: vec![
            pair("C", "US"),
            pair("O", "Contoso"),
            pair("OU", "Lync"),
            pair("CN", host),
        ],
        issuer_ordered: vec![
            pair("DC", "com"),
            pair("DC", "contoso"),
            pair("CN", "Contoso Issuing CA"),
        ],
        serial_number: format!("61{}", digest::<18>(number)),
        not_before: Timestamp::from_unix(end - 730 * DAY),
        not_after: Timestamp::from_unix(end),
        sha1: digest(number + 1),
        sha256: digest(number + 2),
        key_algorithm: "RSA".into(),
        key_bits: Some(2048),
        key_curve: None,
        key_sha256: digest(number + 3),
        signature_algorithm: "sha256WithRSAEncryption".into(),
        subject_alternative_names: vec![format!("DNS:{host}"), "DNS:pool01.contoso.com".into()],
        subject_key_identifier: Some(digest::<20>(number + 4).to_string()),
        authority_key_identifier: Some(digest::<20>(7).to_string()),
        extended_key_usage: vec!["serverAuth".into()],
        key_usage: vec!["digitalSignature".into(), "keyEncipherment".into()],
        is_ca: false,
        crl_distribution_points: vec!["http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA.crl".into()],
        ca_issuers: vec!["http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA.crt".into()],
        template: Some("WebServer".into()),
        template_version: None,
        ca_version: None,
        previous_ca_hash: None,
        pem: None,
        chain: None,
    }
}

fn key_digest(generation: u8) -> Sha256Hex {
    digest(u64::from(generation) + 1)
}

/// Bytes that look like a digest, the same for the same seed.
fn digest<const N: usize>(seed: u64) -> Hex<N> {
    let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
    let mut bytes = [0; N];
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&dice.next().to_be_bytes()[..chunk.len()]);
    }
    Hex(bytes)
}

/// SplitMix64 (Steele, Lea, Flood, 2014): small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}
