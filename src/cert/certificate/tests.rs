use openssl::nid::Nid;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::*;
use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::testing::element;
use crate::cert::extensions::{DIRECTORY_NAME, EMAIL_NAME, OTHER_NAME, REGISTERED_ID, URI_NAME, X400_ADDRESS};
use crate::cert::testing::{self, Mint};
use crate::cert::{KeyKind, Verification, verify};

fn spki() -> Vec<u8> {
    testing::spki(&testing::ec(Nid::X9_62_PRIME256V1))
}

fn mint() -> Mint {
    Mint::new(spki())
}

fn parse(mint: &Mint) -> Result<Certificate, CertificateError> {
    Certificate::parse(mint.unsigned())
}

fn with(oid: ObjectIdentifier, value: &[u8]) -> Certificate {
    parse(&mint().extension(oid, false, value)).unwrap()
}

fn sequence_of(parts: &[Vec<u8>]) -> Vec<u8> {
    element(der::SEQUENCE, &[&parts.concat()])
}

fn oids(all: &[ObjectIdentifier]) -> Vec<u8> {
    sequence_of(
        &all.iter()
            .map(|oid| element(der::OID, &[oid.as_bytes()]))
            .collect::<Vec<_>>(),
    )
}

const CA_TRUE: &[u8] = &[0x30, 3, 1, 1, 0xff];

/// A certificate with everything that is read.
fn full() -> Mint {
    let uri = |text: &str| element(URI_NAME, &[text.as_bytes()]);
    let point = |name: &[u8]| {
        let full = element(0xa0, &[&element(0xa0, &[name])]);
        sequence_of(&[element(der::SEQUENCE, &[&full])])
    };
    let description = |oid: ObjectIdentifier, name: Vec<u8>| sequence_of(&[element(der::OID, &[oid.as_bytes()]), name]);
    let upn = element(0xa0, &[&element(der::UTF8_STRING, &[b"svc@contoso.com"])]);
    let names = sequence_of(&[
        element(DNS_NAME, &[b"fe01.contoso.com"]),
        element(DNS_NAME, &[b"*.contoso.com"]),
        element(IP_ADDRESS, &[&[10, 0, 0, 1]]),
        element(IP_ADDRESS, &[&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]),
        element(EMAIL_NAME, &[b"pki@contoso.com"]),
        uri("https://contoso.com/\n"),
        element(
            OTHER_NAME,
            &[
                &element(der::OID, &[oid::MICROSOFT_USER_PRINCIPAL_NAME.as_bytes()]),
                &upn,
            ],
        ),
        element(
            OTHER_NAME,
            &[
                &element(der::OID, &[ObjectIdentifier::new_unwrap("1.2.3").as_bytes()]),
                &upn,
            ],
        ),
        element(DIRECTORY_NAME, &[&testing::name(&[("CN", "a,b")])]),
        element(REGISTERED_ID, &[ObjectIdentifier::new_unwrap("1.2.3").as_bytes()]),
        element(X400_ADDRESS, &[]),
    ]);
    let subtree = sequence_of(&[element(DNS_NAME, &[b"contoso.com"])]);
    let bmp: Vec<u8> = "WebServer".encode_utf16().flat_map(u16::to_be_bytes).collect();
    mint()
        .extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 6, 1, 1, 0xff, 2, 1, 3])
        .extension(oid::KEY_USAGE, true, &[3, 2, 1, 0x86])
        .extension(
            oid::EXTENDED_KEY_USAGE,
            false,
            &oids(&[
                oid::SERVER_AUTH,
                oid::CLIENT_AUTH,
                ObjectIdentifier::new_unwrap("1.2.3.4"),
            ]),
        )
        .extension(oid::SUBJECT_ALTERNATIVE_NAME, false, &names)
        .extension(oid::SUBJECT_KEY_IDENTIFIER, false, &[4, 2, 0xab, 0xcd])
        .extension(
            oid::AUTHORITY_KEY_IDENTIFIER,
            false,
            &[0x30, 7, 0x80, 2, 0x12, 0x34, 0x82, 1, 9],
        )
        .extension(
            oid::CRL_DISTRIBUTION_POINTS,
            false,
            &point(&uri("http://pki.contoso.com/ca.crl")),
        )
        .extension(oid::NAME_CONSTRAINTS, true, &sequence_of(&[element(0xa0, &[&subtree])]))
        .extension(
            oid::AUTHORITY_INFO_ACCESS,
            false,
            &sequence_of(&[
                description(oid::OCSP, uri("http://ocsp.contoso.com")),
                description(oid::CA_ISSUERS, uri("http://pki.contoso.com/ca.cer")),
            ]),
        )
        .extension(oid::MICROSOFT_TEMPLATE_NAME, false, &element(der::BMP_STRING, &[&bmp]))
        .extension(oid::MICROSOFT_CA_VERSION, false, &[2, 3, 2, 0, 1])
        .extension(
            oid::MICROSOFT_PREVIOUS_CA_HASH,
            false,
            &element(der::OCTET_STRING, &[&[7; 20]]),
        )
}

#[test]
fn facts_say_what_the_certificate_says() {
    let certificate = parse(&full()).unwrap();
    let facts = certificate.facts();
    assert_eq!((facts.subject.as_str(), facts.issuer.as_str()), ("CN=Leaf", "CN=CA"));
    assert_eq!(facts.subject_ordered, [("CN".into(), "Leaf".to_owned())]);
    assert_eq!(facts.serial_number, "0102");
    assert_eq!(facts.not_before.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(facts.not_after.to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(facts.sha1.to_string(), openssl_hex(certificate.der(), "SHA1"));
    assert_eq!(facts.sha256.to_string(), openssl_hex(certificate.der(), "SHA256"));
    assert_eq!((&*facts.key_algorithm, facts.key_bits), ("EC", Some(256)));
    assert_eq!(facts.key_curve.as_deref(), Some("P-256"));
    assert_eq!(facts.key_sha256, Hex(certificate.key().id().0));
    assert_eq!(facts.signature_algorithm, "sha256WithRSAEncryption");
    assert_eq!(
        facts.subject_alternative_names,
        [
            "DNS:fe01.contoso.com",
            "DNS:*.contoso.com",
            "IP:10.0.0.1",
            "IP:2001:db8::1",
            "email:pki@contoso.com",
            "URI:https://contoso.com/\\0a",
            "UPN:svc@contoso.com",
            "other:1.2.3=#0c0f73766340636f6e746f736f2e636f6d",
            "DirName:CN=a\\,b",
            "RID:1.2.3",
            "other:x400Address=#",
        ]
    );
    assert_eq!(facts.subject_key_identifier.as_deref(), Some("abcd"));
    assert_eq!(facts.authority_key_identifier.as_deref(), Some("1234"));
    assert_eq!(facts.extended_key_usage, ["serverAuth", "clientAuth", "1.2.3.4"]);
    assert_eq!(facts.key_usage, ["digitalSignature", "keyCertSign", "cRLSign"]);
    assert!(facts.is_ca);
    assert_eq!(facts.crl_distribution_points, ["http://pki.contoso.com/ca.crl"]);
    assert_eq!(facts.ca_issuers, ["http://pki.contoso.com/ca.cer"]);
    assert_eq!(
        (facts.template.as_deref(), facts.template_version),
        (Some("WebServer"), None)
    );
    assert_eq!(facts.ca_version.as_deref(), Some("V1.2"));
    assert_eq!(facts.previous_ca_hash, Some("07".repeat(20)));
    assert_eq!((facts.pem, facts.chain), (None, None));
    assert_eq!(certificate.path_len(), Some(3));
    assert_eq!(certificate.ip_addresses().count(), 2);
    assert_eq!(
        certificate.dns_names().collect::<Vec<_>>(),
        ["fe01.contoso.com", "*.contoso.com"]
    );
    assert_eq!(certificate.common_names().collect::<Vec<_>>(), ["Leaf"]);
    assert_eq!(certificate.unknown_critical_extension(), None);
    assert!(certificate.has_crl_distribution_point());
    assert!(certificate.may_sign_certificates());
}

fn openssl_hex(bytes: &[u8], digest: &str) -> String {
    let digest = openssl::hash::MessageDigest::from_name(digest).unwrap();
    crate::cert::hex(&openssl::hash::hash(digest, bytes).unwrap())
}

#[test]
fn a_newer_template_is_said_by_object_identifier_and_version() {
    let value = sequence_of(&[
        element(
            der::OID,
            &[ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.21.8.1.2").as_bytes()],
        ),
        vec![2, 1, 100],
        vec![2, 1, 7],
    ]);
    let facts = with(oid::MICROSOFT_TEMPLATE, &value).facts();
    assert_eq!(facts.template.as_deref(), Some("1.3.6.1.4.1.311.21.8.1.2"));
    assert_eq!(facts.template_version.as_deref(), Some("100.7"));
}

#[test]
fn ca_version_is_certificate_index_and_key_index() {
    assert_eq!(
        with(oid::MICROSOFT_CA_VERSION, &[2, 1, 0])
            .facts()
            .ca_version
            .as_deref(),
        Some("V0.0")
    );
    assert_eq!(
        with(oid::MICROSOFT_CA_VERSION, &[2, 3, 1, 0, 1])
            .facts()
            .ca_version
            .as_deref(),
        Some("V1.1")
    );
    assert_eq!(
        with(oid::MICROSOFT_CA_VERSION, &[2, 3, 1, 0, 2])
            .facts()
            .ca_version
            .as_deref(),
        Some("V2.1")
    );
    assert_eq!(
        with(oid::MICROSOFT_CA_VERSION, &[2, 1, 0xff]).ca_version(),
        None,
        "negative"
    );
    assert_eq!(
        with(oid::MICROSOFT_CA_VERSION, &[2, 5, 1, 0, 0, 0, 0]).ca_version(),
        None,
        "over 32 bits"
    );
}

#[test]
fn an_authority_named_by_issuer_and_serial_number_is_no_key_identifier() {
    assert_eq!(
        with(oid::AUTHORITY_KEY_IDENTIFIER, &[0x30, 3, 0x82, 1, 9]).authority_key_identifier(),
        None
    );
}

#[test]
fn what_follows_a_certificate_is_refused() {
    let mut der = mint().unsigned();
    der.push(0);
    assert_eq!(
        Certificate::parse(der).unwrap_err(),
        CertificateError::Trailing { count: 1 }
    );
}

#[test]
fn what_is_no_certificate_is_refused_in_words() {
    assert_eq!(Certificate::parse(&[][..]).unwrap_err(), CertificateError::Empty);
    assert_eq!(
        Certificate::parse(vec![0x30; MAX_OCTETS + 1]).unwrap_err(),
        CertificateError::TooLarge {
            length: MAX_OCTETS + 1,
            limit: MAX_OCTETS
        }
    );
    let error = Certificate::parse(&b"-----BEGIN CERTIFICATE-----"[..]).unwrap_err();
    assert_eq!(error.to_string(), "not a certificate: malformed Certificate");
    let der = mint().unsigned();
    for length in 0..der.len() {
        assert!(Certificate::parse(&der[..length]).is_err(), "cut to {length}");
    }
}

#[test]
fn octets_hidden_in_a_sequence_are_refused() {
    let plain = mint();
    type Change = fn(&mut Mint);
    let broken: [(&str, Change); 4] = [
        ("notAfter", |mint| mint.not_after = vec![4, 0]),
        ("validity", |mint| mint.not_after.extend([5, 0])),
        ("serialNumber", |mint| mint.serial.clear()),
        ("subject", |mint| mint.subject = vec![0x31, 0]),
    ];
    for (part, change) in broken {
        let mut mint = plain.clone();
        change(&mut mint);
        assert_eq!(
            parse(&mint).unwrap_err(),
            CertificateError::Malformed { part },
            "{part}"
        );
    }
    let mut tbs = plain.clone();
    tbs.spki.extend([5, 0]);
    assert_eq!(
        parse(&tbs).unwrap_err(),
        CertificateError::Malformed { part: "tbsCertificate" }
    );
}

#[test]
fn versions_are_counted_from_one_and_unknown_ones_refused() {
    for (written, version) in [(None, 1), (Some(0), 1), (Some(1), 2), (Some(2), 3)] {
        let mut mint = mint();
        mint.version = written;
        assert_eq!(parse(&mint).unwrap().version(), version);
    }
    let mut mint = mint();
    mint.version = Some(3);
    assert_eq!(parse(&mint).unwrap_err(), CertificateError::Version { version: 3 });
}

#[test]
fn times_are_read_in_every_clear_form() {
    for (tag, text, expected) in [
        (der::UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59Z")),
        (der::UTC_TIME, "500101000000Z", Some("1950-01-01T00:00:00Z")),
        (der::UTC_TIME, "2601010000Z", Some("2026-01-01T00:00:00Z")),
        (der::UTC_TIME, "260101020000+0200", Some("2026-01-01T00:00:00Z")),
        (der::UTC_TIME, "251231223000-0130", Some("2026-01-01T00:00:00Z")),
        (der::GENERALIZED_TIME, "99991231235959Z", Some("9999-12-31T23:59:59Z")),
        (der::GENERALIZED_TIME, "00000101000000Z", Some("0000-01-01T00:00:00Z")),
        (der::GENERALIZED_TIME, "20240229120000Z", Some("2024-02-29T12:00:00Z")),
        (der::GENERALIZED_TIME, "19000228000000.5Z", Some("1900-02-28T00:00:00Z")),
        (der::GENERALIZED_TIME, "19000229000000Z", None),
        (der::GENERALIZED_TIME, "20260101000000", None),
        (der::UTC_TIME, "260230000000Z", None),
        (der::UTC_TIME, "261301000000Z", None),
        (der::UTC_TIME, "260101240000Z", None),
        (der::UTC_TIME, "260101000060Z", None),
        (der::UTC_TIME, "26010100000Z", None),
        (der::UTC_TIME, "260101000000Zx", None),
        (der::UTC_TIME, "", None),
        (der::UTF8_STRING, "260101000000Z", None),
    ] {
        let mut mint = mint();
        mint.not_before = element(tag, &[text.as_bytes()]);
        let read = parse(&mint)
            .ok()
            .map(|certificate| certificate.not_before().to_string());
        assert_eq!(read.as_deref(), expected, "{text}");
    }
}

#[test]
fn odd_serial_numbers_are_kept_as_they_are() {
    for serial in [&[0][..], &[0xff], &[0, 0x80], &[0, 1], &[0x5a; 40]] {
        let mut mint = mint();
        mint.serial = serial.to_vec();
        assert_eq!(parse(&mint).unwrap().serial(), serial);
    }
}

#[test]
fn a_ca_is_one_by_basic_constraints_of_a_version_3_certificate() {
    assert!(with(oid::BASIC_CONSTRAINTS, CA_TRUE).is_ca());
    assert!(with(oid::BASIC_CONSTRAINTS, &[0x30, 3, 1, 1, 1]).is_ca(), "TRUE as 1");
    assert!(!with(oid::BASIC_CONSTRAINTS, &[0x30, 0]).is_ca());
    assert!(!with(oid::BASIC_CONSTRAINTS, &[0x30, 3, 1, 1, 0]).is_ca());
    assert!(
        !with(oid::BASIC_CONSTRAINTS, &[0x30, 3, 1, 1, 0xff, 0]).is_ca(),
        "followed by something"
    );
    assert!(!parse(&mint()).unwrap().is_ca());
    let mut old = mint().extension(oid::BASIC_CONSTRAINTS, true, CA_TRUE);
    old.version = None;
    assert!(!parse(&old).unwrap().is_ca());
    let twice = mint().extension(oid::BASIC_CONSTRAINTS, true, CA_TRUE);
    let twice = twice.extension(oid::BASIC_CONSTRAINTS, true, CA_TRUE);
    assert!(!parse(&twice).unwrap().is_ca());
    assert_eq!(
        parse(&twice).unwrap().unknown_critical_extension().as_deref(),
        Some("2.5.29.19")
    );
}

#[test]
fn a_ca_without_key_cert_sign_lends_no_key() {
    assert!(parse(&mint()).unwrap().may_sign_certificates(), "absent");
    assert!(with(oid::KEY_USAGE, &[3, 2, 2, 0x04]).may_sign_certificates());
    assert!(!with(oid::KEY_USAGE, &[3, 2, 7, 0x80]).may_sign_certificates());
    assert!(!with(oid::KEY_USAGE, &[3, 1, 0]).may_sign_certificates(), "no bits");
    assert!(!with(oid::KEY_USAGE, &[4, 0]).may_sign_certificates(), "cannot be read");
    assert!(!with(oid::KEY_USAGE, &[]).may_sign_certificates(), "empty");
}

#[test]
fn an_extended_key_usage_that_cannot_be_read_allows_nothing() {
    assert!(parse(&mint()).unwrap().extended_key_usage().is_none());
    for value in [&[][..], &[0x30, 0], &[4, 0], &[0x30, 2, 4, 0]] {
        let certificate = with(oid::EXTENDED_KEY_USAGE, value);
        let usage = certificate.extended_key_usage().unwrap();
        assert!(
            usage.is_empty() && !usage.has_server_auth() && !usage.has_any(),
            "{value:02x?}"
        );
    }
    let any = with(oid::EXTENDED_KEY_USAGE, &oids(&[oid::ANY_EXTENDED_KEY_USAGE]));
    let usage = any.extended_key_usage().unwrap();
    assert!(usage.has_any() && !usage.has_server_auth() && !usage.has_client_auth());
    assert!(usage.has("anyExtendedKeyUsage") && usage.has("2.5.29.37.0") && !usage.has("serverAuth"));
}

#[test]
fn names_that_cannot_be_read_are_said() {
    assert!(!parse(&mint()).unwrap().has_unreadable_names());
    let broken = with(oid::SUBJECT_ALTERNATIVE_NAME, &[0x30, 4, DNS_NAME, 1, b'a', DNS_NAME]);
    assert!(broken.has_unreadable_names());
    assert_eq!(broken.dns_names().count(), 0, "what is damaged covers nothing");
    assert_eq!(broken.facts().subject_alternative_names, ["DNS:a"]);
    assert!(with(oid::SUBJECT_ALTERNATIVE_NAME, &[4, 0]).has_unreadable_names());
    let high = with(oid::SUBJECT_ALTERNATIVE_NAME, &[0x30, 3, DNS_NAME, 1, 0xff]);
    assert_eq!(high.dns_names().count(), 0, "no ASCII");
    assert_eq!(high.facts().subject_alternative_names, ["DNS:\\ff"]);
    assert!(high.has_unreadable_names());
}

#[test]
fn damaged_or_repeated_alternative_names_cover_no_name_of_any_kind() {
    let good = [
        element(DNS_NAME, &[b"sub.test"]),
        element(IP_ADDRESS, &[&[10, 0, 0, 1]]),
    ]
    .concat();
    let uri = element(URI_NAME, &[b"urn:a"]);
    for damage in [
        &[0x20, 0x61, 0x62, 0x63][..],
        &[DNS_NAME],
        &[DNS_NAME, 5, b'a'],
        &[0x30, 0],
        &[der::constructed(2), 0],
        &[der::primitive(9), 0],
        &[IP_ADDRESS, 3, 1, 2, 3],
        &[EMAIL_NAME, 1, 0x80],
        &[DIRECTORY_NAME, 2, 0x31, 0],
    ] {
        let value = element(der::SEQUENCE, &[&good, &uri, damage]);
        let certificate = with(oid::SUBJECT_ALTERNATIVE_NAME, &value);
        assert!(certificate.has_unreadable_names(), "{damage:02x?}");
        assert_eq!(certificate.dns_names().count(), 0, "{damage:02x?}");
        assert_eq!(certificate.ip_addresses().count(), 0, "{damage:02x?}");
        assert_eq!(certificate.other_alternative_names().count(), 0, "{damage:02x?}");
    }
    let names = element(der::SEQUENCE, &[&good, &uri]);
    assert_eq!(with(oid::SUBJECT_ALTERNATIVE_NAME, &names).dns_names().count(), 1);
    let behind = with(oid::SUBJECT_ALTERNATIVE_NAME, &[&names[..], &[0]].concat());
    assert!(behind.has_unreadable_names());
    let twice = mint().extension(oid::SUBJECT_ALTERNATIVE_NAME, false, &names);
    let twice = parse(&twice.extension(oid::SUBJECT_ALTERNATIVE_NAME, false, &names)).unwrap();
    assert!(twice.has_unreadable_names());
    assert_eq!((twice.dns_names().count(), twice.ip_addresses().count()), (0, 0));
}

#[test]
fn different_alternative_names_are_different_texts() {
    let other = |value: &[u8]| {
        let explicit = element(der::constructed(0), &[value]);
        element(
            OTHER_NAME,
            &[
                &element(der::OID, &[ObjectIdentifier::new_unwrap("1.2.3").as_bytes()]),
                &explicit,
            ],
        )
    };
    let names = [
        element(DNS_NAME, &[b"a\\00.test"]),
        element(DNS_NAME, &[b"a\0.test"]),
        element(DNS_NAME, &[b"a\x80.test"]),
        element(DNS_NAME, &[b"a\x81.test"]),
        element(DNS_NAME, &["a\u{fffd}.test".as_bytes()]),
        element(DNS_NAME, &[b"a\\\0.test"]),
        element(DNS_NAME, &[b"a\\5c00.test"]),
        element(DNS_NAME, &[b"a\\b.test"]),
        other(&[5, 0]),
        other(&[4, 1, 7]),
        element(X400_ADDRESS, &[&[5, 0]]),
        element(X400_ADDRESS, &[]),
        element(der::primitive(9), &[&[1]]),
        element(der::primitive(9), &[&[2]]),
    ];
    let certificate = with(
        oid::SUBJECT_ALTERNATIVE_NAME,
        &element(der::SEQUENCE, &[&names.concat()]),
    );
    let texts = certificate.facts().subject_alternative_names;
    assert_eq!(texts[..2], ["DNS:a\\5c00.test", "DNS:a\\00.test"]);
    assert_eq!(texts[7], "DNS:a\\b.test", "a backslash that begins nothing stays");
    let mut different = texts.clone();
    different.sort();
    different.dedup();
    assert_eq!((texts.len(), different.len()), (names.len(), names.len()), "{texts:?}");
}

#[test]
fn key_usages_are_read_as_windows_writes_them() {
    for (value, bits) in [
        (&[3, 4, 0, 6, 0, 0][..], &["keyCertSign", "cRLSign"][..]),
        (&[3, 5, 0, 6, 0, 0, 0], &["keyCertSign", "cRLSign"]),
        (
            &[3, 5, 0, 0xb0, 0, 0, 0],
            &["digitalSignature", "keyEncipherment", "dataEncipherment"],
        ),
        (&[3, 3, 0, 4, 0x80], &["keyCertSign", "decipherOnly"]),
        (&[3, 2, 0, 4], &["keyCertSign"]),
        (&[3, 1, 0], &[]),
        (&[3, 2, 3, 4], &[]),
    ] {
        let certificate = with(oid::KEY_USAGE, value);
        assert_eq!(certificate.key_usage(), bits, "{value:02x?}");
        assert_eq!(certificate.may_sign_certificates(), bits.contains(&"keyCertSign"));
        assert!(certificate.unreadable_extensions().is_empty(), "{value:02x?}");
    }
    for broken in [&[3, 1, 1][..], &[3, 2, 8, 4], &[3, 0], &[3, 2, 0, 4, 0], &[4, 2, 0, 4]] {
        let certificate = with(oid::KEY_USAGE, broken);
        assert!(!certificate.may_sign_certificates(), "{broken:02x?}");
        assert_eq!(certificate.unreadable_extensions().len(), 1, "{broken:02x?}");
    }
}

#[test]
fn why_a_certificate_lends_no_key_is_said() {
    let basic = |value: &[u8]| mint().extension(oid::BASIC_CONSTRAINTS, true, value);
    let usage = |mint: Mint, value: &[u8]| mint.extension(oid::KEY_USAGE, true, value);
    let flaw = |mint: Mint| {
        let certificate = parse(&mint).unwrap();
        (certificate.issuing_flaw(), certificate.presents_as_ca())
    };
    const SIGNS: &[u8] = &[3, 2, 2, 4];
    assert_eq!(flaw(basic(CA_TRUE)), (None, true));
    assert_eq!(flaw(usage(basic(CA_TRUE), SIGNS)), (None, true));
    assert_eq!(flaw(mint()), (Some(IssuingFlaw::NoBasicConstraints), false));
    assert_eq!(
        flaw(usage(mint(), SIGNS)),
        (Some(IssuingFlaw::NoBasicConstraints), false)
    );
    assert_eq!(flaw(basic(&[0x30, 0])), (Some(IssuingFlaw::NotCa), false));
    for broken in [
        &[][..],
        &[4, 0],
        &[0x30, 3, 1, 1, 0xff, 0],
        &[0x30, 5, 1, 1, 0xff, 5, 0],
        &[0x30, 4, 1, 2, 1, 1],
    ] {
        let expected = (Some(IssuingFlaw::BasicConstraintsUnreadable), true);
        assert_eq!(flaw(basic(broken)), expected, "{broken:02x?}");
    }
    for (first, second) in [(CA_TRUE, CA_TRUE), (&[0x30, 0], CA_TRUE), (&[0x30, 0], &[0x30, 0])] {
        let twice = basic(first).extension(oid::BASIC_CONSTRAINTS, false, second);
        assert_eq!(flaw(twice), (Some(IssuingFlaw::BasicConstraintsRepeated), true));
    }
    assert_eq!(
        flaw(usage(basic(CA_TRUE), &[3, 2, 7, 0x80])),
        (Some(IssuingFlaw::NoKeyCertSign), true)
    );
    assert_eq!(
        flaw(usage(basic(CA_TRUE), &[4, 0])),
        (Some(IssuingFlaw::KeyUsageUnreadable), true)
    );
    let twice = usage(usage(basic(CA_TRUE), SIGNS), SIGNS);
    assert_eq!(flaw(twice), (Some(IssuingFlaw::KeyUsageRepeated), true));
    let old = |mut mint: Mint, version| {
        mint.version = version;
        mint.subject = mint.issuer.clone();
        mint
    };
    assert_eq!(flaw(old(mint(), None)), (Some(IssuingFlaw::Version1), true));
    assert_eq!(
        flaw(old(mint(), Some(1))),
        (Some(IssuingFlaw::NoBasicConstraints), false)
    );
    assert_eq!(flaw(old(basic(CA_TRUE), None)), (Some(IssuingFlaw::OldVersion), true));
    assert_eq!(flaw(old(basic(&[0x30, 0]), None)), (Some(IssuingFlaw::NotCa), false));
    assert_eq!(
        flaw(old(usage(mint(), &[3, 2, 7, 0x80]), None)),
        (Some(IssuingFlaw::NoKeyCertSign), true)
    );
    let mut issued = mint();
    issued.version = None;
    assert_eq!(flaw(issued), (Some(IssuingFlaw::NoBasicConstraints), false));
}

#[test]
fn extensions_whose_absence_would_be_good_news_are_said_where_they_cannot_be_read() {
    let said = |mint: Mint| -> Vec<String> {
        let certificate = parse(&mint).unwrap();
        certificate
            .unreadable_extensions()
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert!(said(full()).is_empty());
    let each = [
        (oid::KEY_USAGE, "keyUsage"),
        (oid::EXTENDED_KEY_USAGE, "extKeyUsage"),
        (oid::SUBJECT_ALTERNATIVE_NAME, "subjectAltName"),
        (oid::CRL_DISTRIBUTION_POINTS, "cRLDistributionPoints"),
    ];
    for (oid, name) in each {
        let broken = mint().extension(oid, false, &[0x30, 2, 5, 0]);
        assert_eq!(said(broken), [format!("{name} cannot be read")]);
        let value: &[u8] = if oid == oid::KEY_USAGE {
            &[3, 2, 5, 0xa0]
        } else {
            &[0x30, 0]
        };
        let twice = mint().extension(oid, false, value).extension(oid, false, value);
        assert_eq!(said(twice), [format!("{name} stands twice")]);
    }
    let purposes = oids(&[oid::SERVER_AUTH]);
    let mut damaged = purposes.clone();
    damaged[1] += 2;
    damaged.extend([5, 0]);
    let certificate = with(oid::EXTENDED_KEY_USAGE, &damaged);
    assert!(
        !certificate.extended_key_usage().unwrap().has_server_auth(),
        "damaged, it serves no purpose"
    );
    let hidden = element(der::SEQUENCE, &[&element(der::SEQUENCE, &[&[0x81, 2, 1, 6], &[5, 0]])]);
    assert_eq!(
        said(mint().extension(oid::CRL_DISTRIBUTION_POINTS, false, &hidden)).len(),
        1
    );
}

#[test]
fn a_ca_certificate_without_key_identifier_has_that_of_its_public_key() {
    let ca = mint().extension(oid::BASIC_CONSTRAINTS, true, CA_TRUE);
    let certificate = parse(&ca).unwrap();
    let point = openssl::pkey::PKey::public_key_from_der(certificate.key().spki_der()).unwrap();
    let group = point.ec_key().unwrap();
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let form = openssl::ec::PointConversionForm::UNCOMPRESSED;
    let bits = group.public_key().to_bytes(group.group(), form, &mut context).unwrap();
    assert_eq!(certificate.key_identifier(), Some(&openssl::sha::sha1(&bits)[..]));
    let named = parse(&ca.extension(oid::SUBJECT_KEY_IDENTIFIER, false, &[4, 1, 7])).unwrap();
    assert_eq!(named.key_identifier(), Some(&[7][..]));
    assert_eq!(parse(&mint()).unwrap().key_identifier(), None, "a server's");
}

#[test]
fn a_signature_with_unused_bits_is_read_and_is_no_whole_one() {
    let der = mint().signed(|_| vec![0xa0; 64]);
    let at = der.len() - 65;
    assert!(parse(&mint()).unwrap().signature_is_whole());
    for (unused, read) in [(0, Some(true)), (4, Some(false)), (7, Some(false)), (8, None)] {
        let mut changed = der.clone();
        changed[at] = unused;
        let certificate = Certificate::parse(&changed[..]).ok();
        assert_eq!(
            certificate.map(|certificate| certificate.signature_is_whole()),
            read,
            "{unused}"
        );
    }
}

#[test]
fn a_distribution_point_counts_with_a_name_only() {
    let reasons_only = sequence_of(&[element(der::SEQUENCE, &[&[0x81, 2, 1, 6]])]);
    assert!(!with(oid::CRL_DISTRIBUTION_POINTS, &reasons_only).has_crl_distribution_point());
    assert!(!with(oid::CRL_DISTRIBUTION_POINTS, &[0x30, 0]).has_crl_distribution_point());
    assert!(!with(oid::CRL_DISTRIBUTION_POINTS, &[4, 0]).has_crl_distribution_point());
}

#[test]
fn critical_extensions_that_nothing_understands_are_said() {
    let odd = ObjectIdentifier::new_unwrap("1.2.3.4");
    let critical = parse(&mint().extension(odd, true, &[5, 0])).unwrap();
    assert_eq!(critical.unknown_critical_extension().as_deref(), Some("1.2.3.4"));
    assert_eq!(
        parse(&mint().extension(odd, false, &[5, 0]))
            .unwrap()
            .unknown_critical_extension(),
        None
    );
    let policies = parse(&mint().extension(oid::CERTIFICATE_POLICIES, true, &[0x30, 0])).unwrap();
    assert_eq!(policies.unknown_critical_extension(), None);
    for oid in [
        oid::BASIC_CONSTRAINTS,
        oid::KEY_USAGE,
        oid::NAME_CONSTRAINTS,
        oid::SUBJECT_ALTERNATIVE_NAME,
        oid::EXTENDED_KEY_USAGE,
    ] {
        let broken = parse(&mint().extension(oid, true, &[0x30, 5])).unwrap();
        assert_eq!(broken.unknown_critical_extension(), Some(oid.to_string()));
    }
}

#[test]
fn a_key_that_cannot_be_understood_leaves_the_certificate_readable() {
    let mut mint = mint();
    mint.spki = vec![0x30, 0];
    let certificate = parse(&mint).unwrap();
    assert!(matches!(certificate.key().kind(), KeyKind::Other(_)));
    assert_eq!(certificate.facts().key_bits, None);
    mint.spki = vec![4, 0];
    assert!(parse(&mint).is_err());
}

#[test]
fn pem_is_what_openssl_reads() {
    let certificate = parse(&mint()).unwrap();
    let read = openssl::x509::X509::from_pem(certificate.pem().as_bytes()).unwrap();
    assert_eq!(read.to_der().unwrap(), certificate.der());
    assert_eq!(certificate.pem().as_bytes(), read.to_pem().unwrap());
}

#[test]
fn self_issued_is_by_name() {
    let mut mint = mint();
    assert!(!parse(&mint).unwrap().is_self_issued());
    mint.subject = testing::name(&[("CN", "ca ")]);
    assert!(parse(&mint).unwrap().is_self_issued());
}

#[test]
fn debug_output_is_short() {
    let certificate = parse(&full()).unwrap();
    let text = format!("{certificate:?}");
    assert!(text.starts_with("Certificate(CN=Leaf, ") && text.len() < 40, "{text}");
}

#[test]
fn certificates_are_shared_between_threads() {
    fn assert_shared<T: Send + Sync>() {}
    assert_shared::<Certificate>();
    assert_shared::<PublicKey>();
    assert_shared::<Name>();
}

/// Everything that can be asked of a certificate.
fn ask(certificate: &Certificate, key: &PublicKey) -> Verification {
    let _ = serde_json::to_string(&certificate.facts()).unwrap();
    let _ = (
        certificate.pem(),
        certificate.unknown_critical_extension(),
        certificate.path_len(),
    );
    let _ = (
        certificate.is_self_issued(),
        certificate.may_sign_certificates(),
        format!("{certificate:?}"),
    );
    let _ = (certificate.dns_names().count(), certificate.ip_addresses().count());
    let _ = certificate
        .name_constraints()
        .map(|constraints| constraints.allows(certificate));
    let _ = (
        certificate.key().usable_when_found(),
        verify(certificate, certificate.key()),
    );
    verify(certificate, key)
}

#[test]
fn random_damage_never_panics_never_verifies_and_is_read_as_another_parser_reads_it() {
    let rsa = testing::rsa(1024);
    let key = PublicKey::from_spki(&testing::spki(&rsa));
    let der = full().signed(|tbs| testing::plain(&rsa, "SHA256", tbs));
    assert_eq!(ask(&Certificate::parse(&der[..]).unwrap(), &key), Verification::Valid);

    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let (mut read, mut compared) = (0, 0);
    for _ in 0..10_000 {
        let mut damaged = der.clone();
        for _ in 0..=random(3) {
            match random(8) {
                0 => damaged.truncate(random(damaged.len()) + 1),
                1 => damaged.insert(random(damaged.len()), random(256) as u8),
                2 => drop(damaged.remove(random(damaged.len().max(2) - 1))),
                _ => {
                    let at = random(damaged.len());
                    damaged[at] = if random(2) == 0 {
                        damaged[at] ^ (1 << random(8))
                    } else {
                        random(256) as u8
                    };
                }
            }
            damaged.extend(damaged.is_empty().then_some(0));
        }
        let Ok(certificate) = Certificate::parse(&damaged[..]) else {
            continue;
        };
        read += 1;
        if damaged != der {
            assert_ne!(
                ask(&certificate, &key),
                Verification::Valid,
                "{}",
                crate::cert::hex(&damaged)
            );
        }
        let Ok(([], other)) = X509Certificate::from_der(&damaged) else {
            continue;
        };
        compared += 1;
        assert_eq!(certificate.subject().der(), other.subject().as_raw());
        assert_eq!(certificate.issuer().der(), other.issuer().as_raw());
        assert_eq!(certificate.serial(), other.raw_serial());
        assert_eq!(certificate.not_before().unix(), other.validity().not_before.timestamp());
        assert_eq!(certificate.not_after().unix(), other.validity().not_after.timestamp());
        assert_eq!(certificate.tbs(), other.tbs_certificate.as_ref());
    }
    assert!(
        read > 1_000 && compared > 1_000,
        "{read} read, {compared} compared: too few to say anything"
    );
}
