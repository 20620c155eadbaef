//! What is read as a certificate, and what is refused.

use super::*;

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
fn a_key_that_cannot_be_understood_leaves_the_certificate_readable() {
    let mut mint = mint();
    mint.spki = vec![0x30, 0];
    let certificate = parse(&mint).unwrap();
    assert!(matches!(certificate.key().kind(), KeyKind::Other(_)));
    assert_eq!(certificate.facts().key_bits, None);
    mint.spki = vec![4, 0];
    assert!(parse(&mint).is_err());
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
