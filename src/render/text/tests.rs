use crate::protocol::inspection::{InspectedCertificate, InspectedSource, Inspection};
use crate::protocol::{
    AuthorityKey, AuthorityReport, CertificateFacts, ChosenFrom, Code, Finding, Hex, IssuedBy, JoinedBy, KeyFrom,
    MemberReport, PassedOver, Proof, ReferenceReport, Relation, Report, Revocation, Severity, Status, SubjectReport,
    Summary, Timestamp, Tool,
};
use crate::render::words::ending;

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn facts(subject: &str, issuer: &str, not_after: &str) -> CertificateFacts {
    CertificateFacts {
        subject: subject.into(),
        issuer: issuer.into(),
        subject_ordered: Vec::new(),
        issuer_ordered: Vec::new(),
        serial_number: "4a01".into(),
        not_before: at("2025-01-01T00:00:00Z"),
        not_after: at(not_after),
        sha1: Hex([0x11; 20]),
        sha256: Hex([0x22; 32]),
        key_algorithm: "RSA".into(),
        key_bits: Some(2048),
        key_curve: None,
        key_sha256: Hex([0x33; 32]),
        signature_algorithm: "sha256WithRSAEncryption".into(),
        subject_alternative_names: vec!["DNS:pchat01.contoso.com".into(), "IP:192.0.2.7".into()],
        subject_key_identifier: None,
        authority_key_identifier: Some("ab".repeat(20)),
        extended_key_usage: vec!["serverAuth".into()],
        key_usage: vec!["digitalSignature".into()],
        is_ca: false,
        crl_distribution_points: vec!["http://pki.contoso.com/ca.crl".into()],
        ca_issuers: Vec::new(),
        template: Some("1.3.6.1.4.1.311.21.8.1".into()),
        template_version: Some("100.4".into()),
        ca_version: None,
        previous_ca_hash: None,
        pem: None,
        chain: None,
    }
}

const CA: &str = "CN=Contoso Issuing CA,DC=contoso,DC=com";

fn issued_by(key: u8, key_from: KeyFrom) -> Option<IssuedBy> {
    let (key_sha256, certificate) = (Hex([key; 32]), Some(Hex([0x44; 32])));
    Some(IssuedBy {
        key_sha256,
        subject: Some(CA.into()),
        certificate,
        key_from,
    })
}

fn subject(name: &str, status: Status, relation: Relation) -> SubjectReport {
    SubjectReport {
        name: name.into(),
        use_: None,
        status: Some(status),
        relation: Some(relation),
        proof: Some(Proof::Signature),
        issued_by: issued_by(0xa0, KeyFrom::Authorities),
        evidence: Vec::new(),
        certificate: Some(facts(&format!("CN={name}"), CA, "2027-11-20T00:00:00Z")),
        findings: Vec::new(),
        passed_over: None,
        before: None,
        after: None,
    }
}

/// A finding in words: its message, what was expected and found, and the hint, those that are not empty.
fn said(code: Code, [message, expected, actual, hint]: [&str; 4]) -> Finding {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Finding {
        message: message.into(),
        expected: given(expected),
        actual: given(actual),
        hint: given(hint),
        ..Finding::of(code, "said")
    }
}

/// One report with everything that the text shows, hostile names included.
fn sample() -> Report {
    let mut good = subject("fe01.contoso.com", Status::Compliant, Relation::Same);
    good.use_ = Some("WebServicesInternal".into());
    good.proof = Some(Proof::Identical);
    good.findings.push(said(
        Code::KeyWeak,
        ["the RSA key has 1024 bits", "2048 bits or more", "1024 bits", ""],
    ));
    let mut rekeyed = subject("pchat02.contoso.com", Status::Compliant, Relation::Rollover);
    rekeyed.issued_by = issued_by(0xb1, KeyFrom::Authorities);
    let mut alike = subject("pchat01.contoso.com", Status::Noncompliant, Relation::NameOnly);
    alike.use_ = Some("Default".into());
    alike.issued_by = issued_by(0xee, KeyFrom::Intermediates);
    alike.findings.push(said(
        Code::IssuerKeyDiffers,
        [
            "the issuer's name is the reference's, its key is another",
            "key a0a0a0a0a0a0a0a0…",
            "key eeeeeeeeeeeeeeee…",
            "request a new certificate from the CA named above",
        ],
    ));
    let mut hostile = subject("evil\x1b[2J\r\nCOMPLIANT", Status::Noncompliant, Relation::Different);
    hostile.certificate = Some(facts(
        "CN=\u{9b}31mred\u{202e}",
        "CN=Other\u{7}",
        "2026-11-01T00:00:00Z",
    ));
    hostile.issued_by = None;
    hostile.proof = None;
    hostile
        .findings
        .push(said(Code::Expired, ["it ended\x1b]0;title\x07 before", "", "", ""]));
    let mut unread = subject("pchat03.contoso.com", Status::Undetermined, Relation::Unreadable);
    unread.certificate = None;
    unread.issued_by = None;
    unread.proof = None;
    unread.findings.push(said(
        Code::CertificateUnreadable,
        [
            "pchat03.pfx: wrong password for the PKCS#12 file",
            "",
            "",
            "give the password with --password-file or password_file",
        ],
    ));
    let passed = |name: &str, findings| PassedOver {
        from: ChosenFrom::AnyOf,
        index: 0,
        source: Some("old.pfx".into()),
        certificate: Some(facts(name, CA, "2026-01-01T00:00:00Z")),
        relation: Some(Relation::Same),
        proof: Some(Proof::Signature),
        findings,
    };
    unread.passed_over = Some(vec![
        passed(
            "CN=old",
            vec![said(Code::Expired, ["its validity has ended", "", "", ""])],
        ),
        passed(
            "CN=Sub CA",
            vec![
                said(Code::SubjectIsCa, ["it is a CA certificate", "", "", ""]),
                said(Code::PrivateKeyMissing, ["its private key is not there", "", "", ""]),
            ],
        ),
    ]);
    let member = |name: &str, key: u8, findings| MemberReport {
        name: name.into(),
        use_: Some("Default".into()),
        certificate: Some(facts(&format!("CN={name}"), CA, "2026-12-01T00:00:00Z")),
        issued_by: issued_by(key, KeyFrom::Authorities),
        findings,
    };
    let key = |digits: u8, version: &str, joined_by| AuthorityKey {
        key_sha256: Hex([digits; 32]),
        certificates: vec![Hex([0x44; 32])],
        ca_version: Some(version.into()),
        not_after: Some(at("2030-01-01T00:00:00Z")),
        joined_by,
    };
    let unanchored = said(
        Code::ReferenceUnanchored,
        [
            "read by TLS, and confirmed by nothing vouched for",
            "",
            "",
            "give the CA certificate with --authority",
        ],
    );
    Report {
        protocol: 1,
        tool: Tool {
            name: "same-ca".into(),
            version: "0.0.0".into(),
        },
        requirement: Some("persistent-chat".into()),
        host: Some("pchat01.contoso.com".into()),
        node: None,
        collected_at: Some(at("2026-11-20T06:00:00Z")),
        valid_at: at("2026-11-20T00:00:00Z"),
        status: Status::Noncompliant,
        compliant: false,
        revocation: Revocation::NotChecked,
        message: "2 of 5 subjects are not under the reference CA".into(),
        summary: Summary {
            total: 5,
            compliant: 2,
            noncompliant: 2,
            undetermined: 1,
        },
        reference: ReferenceReport {
            authorities: vec![AuthorityReport {
                subject: Some(CA.into()),
                members: vec!["fe01.contoso.com".into(), "fe02.contoso.com".into()],
                keys: vec![
                    key(0xa0, "V0.0", JoinedBy::Member),
                    key(0xb1, "V1.1", JoinedBy::CommonParent),
                ],
            }],
            members: vec![
                member("fe01.contoso.com", 0xa0, Vec::new()),
                member("fe02.contoso.com", 0xa0, vec![unanchored]),
            ],
            findings: vec![
                said(
                    Code::CertificateUnreadable,
                    ["old.cer: not a certificate (found an HTML page)", "", "", ""],
                )
                .severity(Severity::Warning)
                .pointer("/authorities/1"),
            ],
        },
        subjects: vec![good, alike, rekeyed, hostile, unread],
        changed: None,
        actions: None,
    }
}

fn shown(colour: bool) -> String {
    let mut out = Vec::new();
    report(&sample(), colour, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_report_reads_like_this() {
    insta::assert_snapshot!(shown(false));
}

#[test]
fn the_first_line_is_the_verdict() {
    assert!(shown(false).starts_with("NONCOMPLIANT  2 of 5 subjects are not under the reference CA\n"));
}

#[test]
fn worse_subjects_stand_before_better_ones_and_keep_their_order() {
    let text = shown(false);
    let places: Vec<_> = [
        "pchat01.contoso.com (D",
        "evil",
        "pchat03",
        "fe01.contoso.com (W",
        "pchat02",
    ]
    .iter()
    .map(|name| text.find(name).unwrap())
    .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn nothing_that_a_certificate_says_reaches_the_terminal_as_a_control() {
    let plain = shown(false);
    assert!(
        !plain.contains(|c: char| c != '\n' && crate::render::safe::is_unsafe(c)),
        "{plain:?}"
    );
    // With colour, taking our own sequences away leaves the plain text.
    let mut coloured = shown(true);
    assert_ne!(coloured, plain);
    for sgr in ["0", "1", "2", "1;32", "33", "1;33", "1;31"] {
        coloured = coloured.replace(&format!("\x1b[{sgr}m"), "");
    }
    assert_eq!(coloured, plain);
}

#[test]
fn what_is_missing_stays_missing() {
    let text = shown(false);
    let unread = &text[text.find("pchat03.contoso.com").unwrap()..];
    let unread = &unread[..unread.find("passed over").unwrap()];
    assert!(
        !unread.contains("signed by") && !unread.contains("known by") && !unread.contains("expires"),
        "{unread}"
    );
}

#[test]
fn an_inspection_reads_like_this() {
    let certificate = |chosen, private_key, name: &str| InspectedCertificate {
        chosen,
        private_key,
        facts: facts(name, CA, "2027-11-20T00:00:00Z"),
    };
    let source = |source: &str, certificates, findings| InspectedSource {
        source: source.into(),
        format: Some("PKCS#12".into()),
        certificates,
        private_keys: 1,
        findings,
    };
    let unreadable = said(
        Code::CertificateUnreadable,
        ["not a certificate (found a private key)", "", "", ""],
    );
    let inspection_of = Inspection {
        protocol: 1,
        kind: crate::protocol::inspection::InspectionKind::Inspection,
        tool: Tool {
            name: "same-ca".into(),
            version: "0.0.0".into(),
        },
        requirement: None,
        host: None,
        node: None,
        collected_at: None,
        subjects: vec![crate::protocol::inspection::InspectedSubject {
            name: "pchat01.pfx".into(),
            use_: None,
            sources: vec![
                source(
                    "pchat01.pfx",
                    vec![
                        certificate(true, Some(true), "CN=pchat01"),
                        certificate(false, None, ""),
                    ],
                    vec![],
                ),
                InspectedSource {
                    format: None,
                    ..source("key.pem", vec![], vec![unreadable])
                },
            ],
        }],
    };
    let mut out = Vec::new();
    inspection(&inspection_of, at("2026-11-20T00:00:00Z"), false, &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

#[test]
fn ends_are_told_in_days() {
    let now = at("2026-11-20T00:00:00Z");
    let told = |end: &str| ending(at(end), now);
    assert_eq!(
        told("2026-11-20T23:00:00Z"),
        "2026-11-20 23:00:00 UTC (in less than a day)"
    );
    assert_eq!(told("2026-11-21T00:00:00Z"), "2026-11-21 00:00:00 UTC (in 1 day)");
    assert_eq!(told("2026-11-18T00:00:00Z"), "2026-11-18 00:00:00 UTC (2 days ago)");
    assert_eq!(
        told("9999-12-31T23:59:59Z"),
        "9999-12-31 23:59:59 UTC (in 2912119 days)"
    );
}
