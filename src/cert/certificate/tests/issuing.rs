//! Which certificates may issue others.

use super::*;

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
fn self_issued_is_by_name() {
    let mut mint = mint();
    assert!(!parse(&mint).unwrap().is_self_issued());
    mint.subject = testing::name(&[("CN", "ca ")]);
    assert!(parse(&mint).unwrap().is_self_issued());
}
