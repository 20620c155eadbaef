//! Subject alternative names.

use super::*;

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
