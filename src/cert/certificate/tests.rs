mod issuing;
mod names;
mod reading;

use openssl::nid::Nid;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::testing::element;
use crate::cert::extensions::{
    DIRECTORY_NAME, DNS_NAME, EMAIL_NAME, IP_ADDRESS, OTHER_NAME, REGISTERED_ID, URI_NAME, X400_ADDRESS,
};
use crate::cert::testing::{self, Mint};
use crate::cert::{KeyKind, Verification, verify};
use crate::protocol::values::Hex;

use super::*;

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
fn pem_is_what_openssl_reads() {
    let certificate = parse(&mint()).unwrap();
    let read = openssl::x509::X509::from_pem(certificate.pem().as_bytes()).unwrap();
    assert_eq!(read.to_der().unwrap(), certificate.der());
    assert_eq!(certificate.pem().as_bytes(), read.to_pem().unwrap());
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
