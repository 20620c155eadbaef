//! PKCS#12.

use super::*;

// PKCS#12.

/// Reads the estate's file, with its key.
#[track_caller]
fn opens(file: &[u8], password: Option<&str>) {
    let bundle = read(file, password);
    assert_eq!(bundle.problems, []);
    assert_eq!(
        (bundle.format, bundle.certificates),
        (Encoding::Pkcs12, estate().both())
    );
    let keys: Vec<_> = bundle.keys.iter().map(|key| (key.kind, key.der().to_vec())).collect();
    assert_eq!(keys, [(KeyEncoding::Pkcs8, estate().key())]);
}

#[test]
fn every_encryption_of_pkcs12_is_opened() {
    load_legacy();
    for algorithm in [
        Nid::PBE_WITHSHA1AND40BITRC2_CBC,
        Nid::PBE_WITHSHA1AND128BITRC2_CBC,
        Nid::PBE_WITHSHA1AND2_KEY_TRIPLEDES_CBC,
        Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC,
        Nid::PBE_WITHSHA1AND40BITRC4,
        Nid::PBE_WITHSHA1AND128BITRC4,
        Nid::AES_128_CBC,
        Nid::AES_192_CBC,
        Nid::AES_256_CBC,
        Nid::DES_EDE3_CBC,
    ] {
        let file = |password: &str| {
            let adjust = |builder: &mut openssl::pkcs12::Pkcs12Builder| {
                builder.key_algorithm(algorithm).cert_algorithm(algorithm);
            };
            estate().pkcs12(adjust, password)
        };
        opens(&file(PASSWORD), Some(PASSWORD));
        opens(&file("pässwörd 😀"), Some("pässwörd 😀"));
        let long = "a long password ".repeat(20);
        opens(&file(&long), Some(&long));
        opens(&indefinite(&file(PASSWORD)), Some(PASSWORD));
        assert_eq!(
            decode(&file(PASSWORD), Some("wrong")).unwrap_err(),
            DecodeError::PasswordWrong
        );
    }
}

#[test]
fn every_digest_of_the_mac_is_verified() {
    for digest in [
        MessageDigest::sha1(),
        MessageDigest::sha224(),
        MessageDigest::sha256(),
        MessageDigest::sha384(),
        MessageDigest::sha512(),
        MessageDigest::from_nid(Nid::from_raw(1094)).unwrap(),
        MessageDigest::from_nid(Nid::from_raw(1095)).unwrap(),
    ] {
        let file = estate().pkcs12(
            |builder| {
                builder.mac_md(digest);
            },
            PASSWORD,
        );
        opens(&file, Some(PASSWORD));
        assert_eq!(
            decode(&file, Some("Correct horse")).unwrap_err(),
            DecodeError::PasswordWrong
        );
        assert_eq!(decode(&file, None).unwrap_err(), DecodeError::PasswordMissing);
        assert_eq!(decode(&file, Some("")).unwrap_err(), DecodeError::PasswordWrong);
    }
}

#[test]
fn errors_read_as_people_expect() {
    let file = estate().pkcs12(|_| {}, PASSWORD);
    assert_eq!(refused(&file, Some("wrong")), "wrong password for the PKCS#12 file");
    assert_eq!(refused(&file, None), "the PKCS#12 file needs a password");
}

#[test]
fn every_pbes2_cipher_and_function_is_opened_without_a_mac() {
    let ciphers = [
        (Cipher::aes_128_cbc(), oid(oid::AES_128_CBC)),
        (Cipher::aes_192_cbc(), oid(oid::AES_192_CBC)),
        (Cipher::aes_256_cbc(), oid(oid::AES_256_CBC)),
        (Cipher::des_ede3_cbc(), oid(oid::DES_EDE3_CBC)),
    ];
    let functions = [
        None,
        Some((oid::HMAC_WITH_SHA1, MessageDigest::sha1())),
        Some((oid::HMAC_WITH_SHA224, MessageDigest::sha224())),
        Some((oid::HMAC_WITH_SHA256, MessageDigest::sha256())),
        Some((oid::HMAC_WITH_SHA384, MessageDigest::sha384())),
        Some((oid::HMAC_WITH_SHA512, MessageDigest::sha512())),
    ];
    let bags: Vec<_> = estate().both().iter().map(|der| certificate_bag(der)).collect();
    for (cipher, cipher_oid) in ciphers {
        for prf in functions {
            for key_length in [false, true] {
                let pbes2 = Pbes2 {
                    cipher,
                    cipher_oid: cipher_oid.clone(),
                    prf,
                    iterations: 3,
                    key_length,
                };
                let key = bag(oid::SHROUDED_KEY_BAG, &pbes2.key(&estate().key(), PASSWORD));
                let file = pfx(&[pbes2.safe(&bags, PASSWORD), data(&safe(&[key]))]);
                opens(&file, Some(PASSWORD));
                opens(&indefinite(&file), Some(PASSWORD));
                assert_eq!(decode(&file, Some("wrong")).unwrap_err(), DecodeError::PasswordWrong);
                assert_eq!(decode(&file, None).unwrap_err(), DecodeError::PasswordMissing);
            }
        }
    }
}

#[test]
fn an_empty_password_and_none_open_each_others_files() {
    for algorithm in [Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC, Nid::AES_256_CBC] {
        let file = estate().pkcs12(
            |builder| {
                builder.key_algorithm(algorithm).cert_algorithm(algorithm);
            },
            "",
        );
        opens(&file, None);
        opens(&file, Some(""));
    }
    // The other form, no bytes at all, which OpenSSL writes only for a NULL.
    let safes = tlv(ber::SEQUENCE, &[&data(&safe(&[certificate_bag(&estate().leaf())]))]);
    let key = derive_key::<sha1::Sha1>(&[], b"salt", Pkcs12KeyType::Mac, 5, 20);
    let digest = tlv(
        ber::SEQUENCE,
        &[
            &tlv(ber::SEQUENCE, &[&oid(oid::SHA1)]),
            &tlv(ber::OCTET_STRING, &[&hmac(MessageDigest::sha1(), &key, &safes)]),
        ],
    );
    let mac = tlv(
        ber::SEQUENCE,
        &[&digest, &tlv(ber::OCTET_STRING, &[b"salt"]), &integer(5)],
    );
    let file = tlv(ber::SEQUENCE, &[&integer(3), &data(&safes), &mac]);
    reads_as(&file, Encoding::Pkcs12, &[estate().leaf()]);
    assert_eq!(read(&file, Some("")).certificates, [estate().leaf()]);
    assert_eq!(decode(&file, Some("x")).unwrap_err(), DecodeError::PasswordWrong);
}

#[test]
fn pbmac1_is_verified() {
    let safes = tlv(ber::SEQUENCE, &[&data(&safe(&[certificate_bag(&estate().leaf())]))]);
    let file = |length: u32, iterations: u32| {
        let mut key = vec![0; 32];
        openssl::pkcs5::pbkdf2_hmac(PASSWORD.as_bytes(), b"salt", 9, MessageDigest::sha512(), &mut key).unwrap();
        let value = hmac(MessageDigest::sha256(), &key, &safes);
        let parameters = tlv(
            ber::SEQUENCE,
            &[
                &tlv(ber::OCTET_STRING, &[b"salt"]),
                &integer(iterations),
                &integer(length),
                &tlv(ber::SEQUENCE, &[&oid(oid::HMAC_WITH_SHA512), &[5, 0]]),
            ],
        );
        let kdf = tlv(ber::SEQUENCE, &[&oid(oid::PBKDF2), &parameters]);
        let scheme = tlv(ber::SEQUENCE, &[&oid(oid::HMAC_WITH_SHA256)]);
        let algorithm = tlv(
            ber::SEQUENCE,
            &[&oid(oid::PBMAC1), &tlv(ber::SEQUENCE, &[&kdf, &scheme])],
        );
        let digest = tlv(ber::SEQUENCE, &[&algorithm, &tlv(ber::OCTET_STRING, &[&value])]);
        let mac = tlv(
            ber::SEQUENCE,
            &[&digest, &tlv(ber::OCTET_STRING, &[b"NOT USED"]), &integer(1)],
        );
        tlv(ber::SEQUENCE, &[&integer(3), &data(&safes), &mac])
    };
    assert_eq!(read(&file(32, 9), Some(PASSWORD)).certificates, [estate().leaf()]);
    assert_eq!(
        decode(&file(32, 9), Some("wrong")).unwrap_err(),
        DecodeError::PasswordWrong
    );
    assert_eq!(decode(&file(32, 9), None).unwrap_err(), DecodeError::PasswordMissing);
    for length in [1, 2, 16, 19] {
        let why = refused(&file(length, 9), Some(PASSWORD));
        assert!(why.contains("octets, and RFC 9579 asks for 20"), "{length}: {why}");
    }
    for length in [0, 129, u32::MAX] {
        assert!(
            refused(&file(length, 9), Some(PASSWORD)).starts_with("damaged MAC"),
            "{length}"
        );
    }
    assert!(matches!(
        decode(&file(32, 400_000_000), Some(PASSWORD)),
        Err(DecodeError::TooLarge { .. })
    ));
}

#[test]
fn a_file_without_mac_and_encryption_needs_no_password() {
    let bags = [
        certificate_bag(&estate().leaf()),
        bag(oid::KEY_BAG, &estate().key()),
        certificate_bag(&estate().authority()),
    ];
    let file = pfx(&[data(&safe(&bags))]);
    for password in [None, Some("")] {
        opens(&file, password);
        opens(&indefinite(&file), password);
    }
    // A password that nothing checks is not taken for a right one.
    for file in [file.clone(), indefinite(&file)] {
        assert_eq!(
            decode(&file, Some("whatever")).unwrap_err(),
            DecodeError::PasswordUnchecked
        );
    }
    assert!(refused(&file, Some("whatever")).contains("nothing checks the password"));
    let text = format!("{}{}", pem("PKCS12", &file), pem("CERTIFICATE", &estate().authority()));
    assert_eq!(
        read(text.as_bytes(), Some("whatever")).certificates,
        [estate().authority()]
    );
    // Indefinite within the strings too.
    opens(&indefinite(&pfx(&[indefinite(&data(&indefinite(&safe(&bags))))])), None);
}

#[test]
fn a_password_without_mac_may_open_the_key_alone() {
    let key = bag(oid::SHROUDED_KEY_BAG, &Pbes2::aes256(2).key(&estate().key(), PASSWORD));
    let file = pfx(&[data(&safe(&[certificate_bag(&estate().leaf()), key]))]);
    let bundle = read(&file, None);
    assert_eq!(bundle.certificates, [estate().leaf()]);
    assert_eq!(
        told(&bundle),
        [(
            Some(1),
            "the private key is encrypted, and no password is given".to_owned()
        )]
    );
    assert!(bundle.keys.is_empty());
    assert_eq!(
        decode(&file, Some("wrong")).unwrap_err(),
        DecodeError::PasswordUnchecked
    );
    assert_eq!(read(&file, Some(PASSWORD)).keys.len(), 1);
}

#[test]
fn safes_in_safes_are_read_down_to_a_depth() {
    let nested = |depth: usize| {
        let mut bags = certificate_bag(&estate().leaf());
        for _ in 0..depth {
            bags = bag(oid::SAFE_CONTENTS_BAG, &safe(&[bags]));
        }
        pfx(&[data(&safe(&[certificate_bag(&estate().authority()), bags]))])
    };
    assert_eq!(
        read(&nested(4), None).certificates,
        [estate().authority(), estate().leaf()]
    );
    let bundle = read(&nested(5), None);
    assert_eq!(bundle.certificates, [estate().authority()]);
    assert_eq!(
        bundle.problems[0].error.to_string(),
        "damaged safe in the PKCS#12 file (nested too deep)"
    );
    assert_eq!(read(&nested(2000), None).problems.len(), 1);
}

#[test]
fn generations_of_one_ca_are_all_kept() {
    let (old, new) = (ec_key(), ec_key());
    let ca = |key, signer, serial| {
        Minted {
            subject: "Contoso CA",
            issuer: "Contoso CA",
            key,
            signer,
            version: 2,
            serial,
        }
        .x509()
        .to_der()
        .unwrap()
    };
    // Both keys self-signed, and each signed by the other.
    let generations = [
        ca(&old, &old, 1),
        ca(&new, &new, 2),
        ca(&new, &old, 3),
        ca(&old, &new, 4),
    ];
    let bags: Vec<_> = generations.iter().map(|der| certificate_bag(der)).collect();
    let started = Instant::now();
    reads_as(&pfx(&[data(&safe(&bags))]), Encoding::Pkcs12, &generations);
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn crl_secret_and_foreign_bags_are_not_looked_at() {
    let odd = |arc| bag(ObjectIdentifier::new_unwrap(arc), &tlv(ber::SEQUENCE, &[&[0xff; 3]]));
    let sdsi = bag(
        oid::CERTIFICATE_BAG,
        &tlv(
            ber::SEQUENCE,
            &[
                &oid(ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.2")),
                &tlv(ber::CONTEXT_0, &[&[5, 0]]),
            ],
        ),
    );
    let foreign = tlv(
        ber::SEQUENCE,
        &[&tlv(ber::OID, &[&[0x2b, 1]]), &tlv(ber::CONTEXT_0, &[&[5, 0]])],
    );
    let bags = [
        odd("1.2.840.113549.1.12.10.1.4"),
        odd("1.2.840.113549.1.12.10.1.5"),
        sdsi,
        foreign,
        certificate_bag(&estate().leaf()),
    ];
    reads_as(&pfx(&[data(&safe(&bags))]), Encoding::Pkcs12, &[estate().leaf()]);
}

#[test]
fn a_malformed_bag_or_safe_is_not_the_end_of_the_rest() {
    let leaf = certificate_bag(&estate().leaf());
    let truncated = certificate_bag(&estate().leaf()[..100]);
    let request = certificate_bag(&estate().request().to_der().unwrap());
    let no_key = bag(oid::KEY_BAG, &tlv(ber::SEQUENCE, &[&integer(1)]));
    let no_type = tlv(ber::SEQUENCE, &[&integer(1)]);
    let foreign = encrypted(&tlv(ber::SEQUENCE, &[&tlv(ber::OID, &[&[0x2b, 1]])]), &[0; 16]);
    let public = tlv(
        ber::SEQUENCE,
        &[&oid(oid::ENVELOPED_DATA), &tlv(ber::CONTEXT_0, &[&[5, 0]])],
    );
    let file = pfx(&[
        data(&safe(&[truncated, request, no_key, no_type, leaf])),
        foreign,
        public,
        data(&tlv(ber::SEQUENCE, &[&certificate_bag(&estate().authority()), &[0x30]])),
    ]);
    let bundle = read(&file, None);
    assert_eq!(bundle.certificates, estate().both());
    let problems: Vec<_> = bundle
        .problems
        .iter()
        .map(|p| (p.index.unwrap(), p.error.to_string()))
        .collect();
    let problems: Vec<_> = problems.iter().map(|(index, what)| (*index, what.as_str())).collect();
    assert_eq!(
        problems,
        [
            (0, "damaged certificate (truncated)"),
            (1, "not a certificate (found a certificate signing request)"),
            (2, "damaged private key (not the DER of one)"),
            (3, "damaged bag in the PKCS#12 file (an element where another belongs)"),
            (5, "unsupported encryption algorithm 1.3.1"),
            (6, "unsupported safe encrypted for a public key"),
            (8, "damaged safe in the PKCS#12 file (truncated)"),
        ]
    );
}

#[test]
fn a_pkcs12_file_without_certificates_says_so() {
    let file = pfx(&[data(&safe(&[bag(oid::KEY_BAG, &estate().key())]))]);
    assert_eq!(refused(&file, None), "no certificate in the PKCS#12 file");
    assert_eq!(decode_keys(&file, None).unwrap()[0].der(), estate().key());
}

#[test]
fn iterations_are_paid_for_before_they_are_done() {
    let started = Instant::now();
    let many = Pbes2::aes256(u32::MAX);
    let leaf = &[certificate_bag(&estate().leaf())];
    let file = pfx(&[many.safe(leaf, PASSWORD)]);
    assert_eq!(
        refused(&file, Some(PASSWORD)),
        format!("too large: more than {} password iterations", 8_000_000)
    );
    let file = pfx(&[many.safe(leaf, PASSWORD), data(&safe(leaf))]);
    let bundle = read(&file, None);
    assert_eq!((bundle.certificates.len(), bundle.problems.len()), (1, 1));
    assert_eq!(
        decode(&file, Some(PASSWORD)).unwrap_err(),
        DecodeError::PasswordUnchecked
    );
    // A file that is refused for its MAC is not read at all.
    let digest = tlv(ber::SEQUENCE, &[&oid(oid::SHA1)]);
    let digest = tlv(ber::SEQUENCE, &[&digest, &tlv(ber::OCTET_STRING, &[&[0; 20]])]);
    let mac = tlv(
        ber::SEQUENCE,
        &[&digest, &tlv(ber::OCTET_STRING, &[b"salt"]), &integer(u32::MAX)],
    );
    let file = pfx_with(&[data(&safe(leaf))], &mac);
    assert!(matches!(
        decode(&file, Some(PASSWORD)),
        Err(DecodeError::TooLarge { .. })
    ));
    let mac = tlv(
        ber::SEQUENCE,
        &[&digest, &tlv(ber::OCTET_STRING, &[b"salt"]), &integer(0)],
    );
    let file = pfx_with(&[data(&safe(leaf))], &mac);
    assert_eq!(
        refused(&file, None),
        "damaged MAC of the PKCS#12 file (a number out of range)"
    );
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn many_cheap_bags_do_not_cost_more_than_the_budget() {
    let shrouded = bag(
        oid::SHROUDED_KEY_BAG,
        &Pbes2::aes256(1_000).key(&estate().key(), PASSWORD),
    );
    let bags: Vec<_> = std::iter::repeat_n(shrouded, 500)
        .chain([certificate_bag(&estate().leaf())])
        .collect();
    let file = pfx(&[data(&safe(&bags))]);
    let contents = Contents::read(&file, None, crate::pkcs12::PasswordBudget::of(100_000)).unwrap();
    assert_eq!((contents.certificates.len(), contents.problems.len()), (1, 500));
    let over = contents
        .problems
        .iter()
        .filter(|problem| problem.error.to_string().starts_with("too large"))
        .count();
    assert_eq!(
        over, 451,
        "of two compressions an iteration and some for each derivation, 49 fit"
    );
}

#[test]
fn pkcs12_in_pem_is_pkcs12() {
    let file = estate().pkcs12(|_| {}, PASSWORD);
    for label in ["CERTIFICATE", "PKCS12"] {
        let bundle = read(pem(label, &file).as_bytes(), Some(PASSWORD));
        assert_eq!(
            (bundle.format, bundle.certificates),
            (Encoding::Pkcs12, estate().both())
        );
    }
    assert_eq!(
        refused(pem("CERTIFICATE", &file).as_bytes(), Some("x")),
        "wrong password for the PKCS#12 file"
    );
}
