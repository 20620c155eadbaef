use ::openssl::nid::Nid;
use ::openssl::pkey::{PKey, Private};

use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::testing::element;
use crate::cert::algorithm::Digest;
use crate::cert::post_quantum::SlhDsa;
use crate::cert::testing::{self, Mint, NULL, algorithm};

use super::*;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1");
const ECDSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4");
const NIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3");
const PSS: ObjectIdentifier = oid::RSASSA_PSS;

fn arc(base: ObjectIdentifier, arcs: &[u32]) -> ObjectIdentifier {
    arcs.iter().fold(base, |oid, arc| oid.push_arc(*arc).unwrap())
}

fn certificate(der: &[u8]) -> Certificate {
    Certificate::parse(der).unwrap()
}

/// Checks a good signature and three bad ones; `aws` says whether aws-lc-rs has the algorithm.
#[track_caller]
fn check(what: &str, der: &[u8], key: &PublicKey, aws: bool) {
    let good = certificate(der);
    let result = verify(&good, key);
    if !aws && cfg!(not(feature = "openssl")) {
        assert!(matches!(result, Verification::Unsupported(_)), "{what}: {result:?}");
        return;
    }
    assert_eq!(
        aws_lc::algorithm(key.kind(), good.signature().algorithm()).is_some(),
        aws,
        "{what}: which library"
    );
    assert_eq!(result, Verification::Valid, "{what}");
    assert_eq!(
        verify(&good, key),
        Verification::Valid,
        "{what}, again, with what is cached"
    );

    let serial = der.windows(4).position(|window| window == [2, 2, 1, 2]).unwrap() + 3;
    let mut changed = der.to_vec();
    changed[serial] ^= 0x40;
    assert_eq!(
        verify(&certificate(&changed), key),
        Verification::Invalid,
        "{what}: another message"
    );

    for from_the_end in [1, 20] {
        let mut changed = der.to_vec();
        let at = changed.len() - from_the_end;
        changed[at] ^= 1;
        assert_eq!(
            verify(&certificate(&changed), key),
            Verification::Invalid,
            "{what}: another signature"
        );
    }
}

fn rsa_certificate(key: &PKey<Private>, oid: ObjectIdentifier, digest: &str) -> Vec<u8> {
    let mut mint = Mint::new(testing::spki(key));
    mint.inner = algorithm(oid, Some(NULL));
    mint.signed(|tbs| testing::plain(key, digest, tbs))
}

fn ecdsa_certificate(key: &PKey<Private>, oid: ObjectIdentifier, digest: &str) -> Vec<u8> {
    let mut mint = Mint::new(testing::spki(key));
    mint.inner = algorithm(oid, None);
    mint.signed(|tbs| testing::plain(key, digest, tbs))
}

fn public(key: &PKey<Private>) -> PublicKey {
    PublicKey::from_spki(&testing::spki(key))
}

#[test]
fn rsa_signatures_of_every_digest_and_size_are_told_from_forgeries() {
    type Case = (ObjectIdentifier, &'static [u32], &'static str, [bool; 4]);
    let digests: [Case; 11] = [
        (RSA, &[5], "SHA1", [false, true, true, true]),
        (RSA, &[11], "SHA256", [false, true, true, true]),
        (RSA, &[12], "SHA384", [false, false, false, true]),
        (RSA, &[13], "SHA512", [false, true, true, true]),
        (RSA, &[14], "SHA224", [false; 4]),
        (RSA, &[15], "SHA512-224", [false; 4]),
        (RSA, &[16], "SHA512-256", [false; 4]),
        (NIST, &[14], "SHA3-256", [false; 4]),
        (NIST, &[16], "SHA3-512", [false; 4]),
        (oid::OIW_SHA1_WITH_RSA, &[], "SHA1", [false, true, true, true]),
        (oid::RIPEMD160_WITH_RSA, &[], "RIPEMD160", [false; 4]),
    ];
    for (index, bits) in [768, 1024, 1536, 2048].into_iter().enumerate() {
        let key = testing::rsa(bits);
        for (base, arcs, digest, aws) in digests {
            let der = rsa_certificate(&key, arc(base, arcs), digest);
            check(&format!("RSA {bits} {digest}"), &der, &public(&key), aws[index]);
        }
    }
}

#[test]
fn rsa_keys_of_odd_lengths_and_exponents_verify() {
    for (bits, exponent) in [
        (2048, 3),
        (2048, 17),
        (2047, 65_537),
        (1031, 65_537),
        (2048, (1 << 32) + 15),
    ] {
        let key = testing::rsa_with_exponent(bits, exponent);
        let der = rsa_certificate(&key, oid::SHA256_WITH_RSA, "SHA256");
        check(&format!("RSA {bits} e {exponent}"), &der, &public(&key), true);
    }
}

#[test]
fn absent_rsa_parameters_are_as_good_as_null_and_others_are_not() {
    let key = testing::rsa(2048);
    let mut mint = Mint::new(testing::spki(&key));
    mint.inner = algorithm(oid::SHA256_WITH_RSA, None);
    check(
        "absent",
        &mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)),
        &public(&key),
        true,
    );
    mint.inner = algorithm(oid::SHA256_WITH_RSA, Some(&[4, 0]));
    let odd = certificate(&mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)));
    assert_eq!(
        verify(&odd, &public(&key)),
        Verification::Unsupported("the signature algorithm has parameters that it must not have")
    );
}

#[test]
fn pss_signatures_are_told_from_forgeries() {
    let cases: [(u32, &[u32], &str, u8, bool); 11] = [
        (2048, &[1], "SHA256", 32, true),
        (2048, &[2], "SHA384", 48, true),
        (2048, &[3], "SHA512", 64, true),
        (2048, &[1], "SHA256", 20, false),
        (2048, &[1], "SHA256", 0, false),
        (2048, &[1], "SHA256", 222, false),
        (2048, &[4], "SHA224", 28, false),
        (2048, &[8], "SHA3-256", 32, false),
        (1024, &[1], "SHA256", 32, false),
        (1536, &[3], "SHA512", 64, false),
        (1025, &[1], "SHA256", 32, false),
    ];
    for (bits, arcs, digest, salt, aws) in cases {
        let key = testing::rsa(bits);
        let hash = arc(ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2"), arcs);
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(PSS, Some(&testing::pss_parameters(hash, hash, salt, 1)));
        let der = mint.signed(|tbs| testing::pss(&key, digest, digest, salt.into(), tbs));
        check(&format!("PSS {bits} {digest} salt {salt}"), &der, &public(&key), aws);
        assert!(certificate(&der).signature().is_pss());
    }
}

#[test]
fn pss_defaults_are_sha1_with_a_salt_of_20_octets() {
    let key = testing::rsa(2048);
    let mut mint = Mint::new(testing::spki(&key));
    mint.inner = algorithm(PSS, Some(&[0x30, 0]));
    let der = mint.signed(|tbs| testing::pss(&key, "SHA1", "SHA1", 20, tbs));
    check("PSS defaults", &der, &public(&key), false);
    assert_eq!(certificate(&der).signature().digest(), Some(Digest::Sha1));
}

#[test]
fn pss_salt_is_as_long_as_it_says() {
    let key = testing::rsa(2048);
    let hash = oid::SHA256;
    for (said, used) in [(32, 20), (20, 32), (33, 32)] {
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(PSS, Some(&testing::pss_parameters(hash, hash, said, 1)));
        let der = mint.signed(|tbs| testing::pss(&key, "SHA256", "SHA256", used, tbs));
        assert_ne!(
            verify(&certificate(&der), &public(&key)),
            Verification::Valid,
            "says {said}, has {used}"
        );
    }
}

#[test]
fn pss_with_another_trailer_or_an_unknown_hash_or_no_parameters_is_unsupported() {
    let key = testing::rsa(2048);
    let sha256 = oid::SHA256;
    let mut mint = Mint::new(testing::spki(&key));
    for parameters in [
        testing::pss_parameters(sha256, sha256, 32, 2),
        testing::pss_parameters(sha256, ObjectIdentifier::new_unwrap("1.2.3"), 32, 1),
        testing::pss_parameters(
            ObjectIdentifier::new_unwrap("1.2.3"),
            ObjectIdentifier::new_unwrap("1.2.3"),
            32,
            1,
        ),
        Vec::new(),
        NULL.to_vec(),
    ] {
        mint.inner = algorithm(PSS, Some(&parameters));
        let der = mint.signed(|tbs| testing::pss(&key, "SHA256", "SHA1", 32, tbs));
        let result = verify(&certificate(&der), &public(&key));
        assert!(
            matches!(result, Verification::Unsupported(_)),
            "{parameters:02x?}: {result:?}"
        );
    }
}

#[test]
fn a_pss_key_makes_only_the_signatures_that_it_says() {
    let key = testing::rsa(2048);
    let hash = oid::SHA256;
    let bits = der::only(&testing::spki(&key), der::SEQUENCE)
        .map(<[u8]>::to_vec)
        .unwrap();
    let mut reader = Reader::new(&bits);
    reader.element();
    let marked = |parameters: Option<&[u8]>| {
        let spki = element(der::SEQUENCE, &[&algorithm(PSS, parameters), reader.rest()]);
        PublicKey::from_spki(&spki)
    };
    let any = marked(None);
    let same = marked(Some(&testing::pss_parameters(hash, hash, 32, 1)));
    let longer = marked(Some(&testing::pss_parameters(hash, hash, 33, 1)));
    let sha1 = marked(Some(&[0x30, 0]));
    let mut mint = Mint::new(testing::spki(&key));
    mint.inner = algorithm(PSS, Some(&testing::pss_parameters(hash, hash, 32, 1)));
    let signed = certificate(&mint.signed(|tbs| testing::pss(&key, "SHA256", "SHA256", 32, tbs)));
    assert_eq!(verify(&signed, &any), Verification::Valid);
    assert_eq!(verify(&signed, &same), Verification::Valid);
    assert_eq!(verify(&signed, &longer), Verification::Invalid);
    assert_eq!(verify(&signed, &sha1), Verification::Invalid);
    let plain = certificate(&rsa_certificate(&key, oid::SHA256_WITH_RSA, "SHA256"));
    assert_eq!(verify(&plain, &public(&key)), Verification::Valid);
    assert_eq!(verify(&plain, &any), Verification::Invalid);
    assert_eq!([any.id(), same.id(), sha1.id()], [public(&key).id(); 3]);
}

#[test]
fn ecdsa_signatures_of_every_curve_and_digest_are_told_from_forgeries() {
    let curves = [
        (Nid::X9_62_PRIME256V1, [true, false, true, true, true]),
        (Nid::SECP384R1, [false, false, true, true, true]),
        (Nid::SECP521R1, [true, true, true, true, true]),
        (Nid::SECP256K1, [false, false, true, false, false]),
        (Nid::SECP224R1, [false; 5]),
        (Nid::X9_62_PRIME192V1, [false; 5]),
        (Nid::BRAINPOOL_P256R1, [false; 5]),
        (Nid::BRAINPOOL_P384R1, [false; 5]),
        (Nid::BRAINPOOL_P512R1, [false; 5]),
        (Nid::SECT283R1, [false; 5]),
    ];
    let digests: [(&[u32], &str); 5] = [
        (&[1], "SHA1"),
        (&[3, 1], "SHA224"),
        (&[3, 2], "SHA256"),
        (&[3, 3], "SHA384"),
        (&[3, 4], "SHA512"),
    ];
    for (curve, aws) in curves {
        let key = testing::ec(curve);
        for ((arcs, digest), aws) in digests.into_iter().zip(aws) {
            let der = ecdsa_certificate(&key, arc(ECDSA, arcs), digest);
            check(&format!("{curve:?} {digest}"), &der, &public(&key), aws);
        }
    }
    let key = testing::ec(Nid::X9_62_PRIME256V1);
    check(
        "SHA3",
        &ecdsa_certificate(&key, arc(NIST, &[10]), "SHA3-256"),
        &public(&key),
        false,
    );
}

#[test]
fn an_ecdsa_signature_in_ber_is_invalid() {
    let key = testing::ec(Nid::X9_62_PRIME256V1);
    let mut mint = Mint::new(testing::spki(&key));
    mint.inner = algorithm(arc(ECDSA, &[3, 2]), None);
    type Damage = fn(&[u8]) -> Vec<u8>;
    let damage: [Damage; 4] = [
        |good| [&[0x30, 0x81, good[1]], &good[2..]].concat(),
        |good| [good, &[0]].concat(),
        |good| {
            let rest = &good[2..];
            let padded = [&[0x02, rest[1] + 1, 0], &rest[2..]].concat();
            element(der::SEQUENCE, &[&padded])
        },
        |good| [&[0x30, 0x80], &good[2..], &[0, 0]].concat(),
    ];
    for damaged in damage {
        let der = mint.signed(|tbs| damaged(&testing::plain(&key, "SHA256", tbs)));
        assert_eq!(verify(&certificate(&der), &public(&key)), Verification::Invalid);
    }
}

#[test]
fn an_ecdsa_algorithm_with_null_parameters_in_both_fields_verifies() {
    let key = testing::ec(Nid::X9_62_PRIME256V1);
    let (absent, null) = (
        algorithm(arc(ECDSA, &[3, 2]), None),
        algorithm(arc(ECDSA, &[3, 2]), Some(NULL)),
    );
    let mut mint = Mint::new(testing::spki(&key));
    mint.inner = null.clone();
    check(
        "ECDSA with NULL",
        &mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)),
        &public(&key),
        true,
    );
    for (inner, outer) in [(&absent, &null), (&null, &absent)] {
        (mint.inner, mint.outer) = (inner.clone(), Some(outer.clone()));
        let signed = certificate(&mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)));
        assert_eq!(verify(&signed, &public(&key)), Verification::Invalid);
        assert!(never_verifies(&signed).unwrap().contains("differ"));
    }
    mint.outer = None;
    for odd in [&[4, 0][..], &[5, 1, 0], &[5, 0, 5, 0], &[0x30, 0]] {
        mint.inner = algorithm(arc(ECDSA, &[3, 2]), Some(odd));
        let signed = certificate(&mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)));
        assert!(
            matches!(verify(&signed, &public(&key)), Verification::Unsupported(_)),
            "{odd:02x?}"
        );
    }
}

#[test]
fn an_rsa_algorithm_without_parameters_in_both_fields_verifies() {
    let key = testing::rsa(2048);
    let mut mint = Mint::new(testing::spki(&key));
    mint.inner = algorithm(oid::SHA256_WITH_RSA, None);
    let der = mint.signed(|tbs| testing::plain(&key, "SHA256", tbs));
    check("RSA without parameters", &der, &public(&key), true);
}

#[test]
fn a_signature_with_unused_bits_verifies_under_no_key() {
    let key = testing::rsa(2048);
    let mut der = rsa_certificate(&key, oid::SHA256_WITH_RSA, "SHA256");
    let at = der.len() - 257;
    assert_eq!(der[at], 0);
    der[at] = 1;
    let signed = certificate(&der);
    assert_eq!(verify(&signed, &public(&key)), Verification::Invalid);
    assert!(never_verifies(&signed).unwrap().contains("unused bits"));
}

#[test]
fn ml_dsa_signatures_of_every_set_are_told_from_forgeries() {
    for (name, last, bits) in [
        ("ML-DSA-44", 17, 10_496),
        ("ML-DSA-65", 18, 15_616),
        ("ML-DSA-87", 19, 20_736),
    ] {
        let key = testing::post_quantum(name);
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(arc(NIST, &[last]), None);
        let der = mint.signed(|tbs| testing::edwards(&key, tbs));
        check(name, &der, &public(&key), true);
        let signed = certificate(&der);
        assert_eq!((&*signed.signature().name(), signed.signature().digest()), (name, None));
        let facts = signed.facts();
        assert_eq!((&*facts.key_algorithm, facts.key_bits), (name, Some(bits)));
        assert_eq!(bits as usize, key.bits() as usize, "as OpenSSL counts them");
        public(&key).usable_when_found().unwrap();
        let other = public(&testing::post_quantum(if last == 17 {
            "ML-DSA-65"
        } else {
            "ML-DSA-44"
        }));
        assert_eq!(verify(&signed, &other), Verification::Invalid);
        mint.inner = algorithm(arc(NIST, &[last]), Some(NULL));
        let odd = certificate(&mint.signed(|tbs| testing::edwards(&key, tbs)));
        assert!(matches!(verify(&odd, &public(&key)), Verification::Unsupported(_)));
    }
}

#[test]
fn slh_dsa_signatures_of_every_set_are_told_from_forgeries() {
    for (oid, name) in &SlhDsa::SETS {
        let key = testing::post_quantum(name);
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(*oid, None);
        // Small ones sign slowly: one of each hash is enough.
        if name.ends_with('s') && !name.ends_with("128s") {
            let facts = certificate(&mint.unsigned()).facts();
            assert_eq!((&*facts.key_algorithm, &*facts.signature_algorithm), (*name, *name));
            continue;
        }
        let der = mint.signed(|tbs| testing::edwards(&key, tbs));
        check(name, &der, &public(&key), false);
        let facts = certificate(&der).facts();
        assert_eq!((&*facts.key_algorithm, &*facts.signature_algorithm), (*name, *name));
        assert_eq!(facts.key_bits, Some(key.bits()), "as OpenSSL counts them");
        public(&key).usable_when_found().unwrap();
    }
}

#[test]
fn pss_with_another_mask_hash_verifies_with_that_hash_alone() {
    let key = testing::rsa(2048);
    let (sha256, sha1) = (oid::SHA256, oid::SHA1);
    for (digest, mask, digest_oid, mask_oid) in [("SHA256", "SHA1", sha256, sha1), ("SHA1", "SHA256", sha1, sha256)] {
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(PSS, Some(&testing::pss_parameters(digest_oid, mask_oid, 32, 1)));
        let der = mint.signed(|tbs| testing::pss(&key, digest, mask, 32, tbs));
        check(&format!("PSS {digest} with MGF1 {mask}"), &der, &public(&key), false);
        assert!(certificate(&der).signature().is_pss());
        let other = mint.signed(|tbs| testing::pss(&key, digest, digest, 32, tbs));
        let expected = match cfg!(feature = "openssl") {
            true => Verification::Invalid,
            false => verify(&certificate(&other), &public(&key)),
        };
        assert_eq!(verify(&certificate(&other), &public(&key)), expected);
    }
}

#[test]
fn eddsa_signatures_are_told_from_forgeries() {
    for (key, last, aws) in [
        (PKey::generate_ed25519().unwrap(), 112, true),
        (PKey::generate_ed448().unwrap(), 113, false),
    ] {
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(arc(ObjectIdentifier::new_unwrap("1.3.101"), &[last]), None);
        check(
            "EdDSA",
            &mint.signed(|tbs| testing::edwards(&key, tbs)),
            &public(&key),
            aws,
        );
    }
}

#[test]
fn inner_and_outer_algorithm_must_be_the_same() {
    let key = testing::rsa(2048);
    for (inner, outer) in [
        (
            algorithm(arc(RSA, &[5]), Some(NULL)),
            algorithm(arc(RSA, &[11]), Some(NULL)),
        ),
        (algorithm(arc(RSA, &[11]), None), algorithm(arc(RSA, &[11]), Some(NULL))),
    ] {
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = inner;
        mint.outer = Some(outer);
        let signed = certificate(&mint.signed(|tbs| testing::plain(&key, "SHA256", tbs)));
        assert!(!signed.signature().agrees());
        assert_eq!(verify(&signed, &public(&key)), Verification::Invalid);
    }
}

#[test]
fn an_rsa_signature_is_as_long_as_the_modulus() {
    let key = testing::rsa(2048);
    let mint = Mint::new(testing::spki(&key));
    for damaged in [
        |mut good: Vec<u8>| [vec![0], good.split_off(0)].concat(),
        |good: Vec<u8>| good[1..].to_vec(),
    ] {
        let der = mint.signed(|tbs| damaged(testing::plain(&key, "SHA256", tbs)));
        assert_eq!(verify(&certificate(&der), &public(&key)), Verification::Invalid);
    }
}

#[test]
fn an_algorithm_that_does_not_fit_the_key_is_invalid() {
    let (rsa, ec) = (testing::rsa(1024), testing::ec(Nid::X9_62_PRIME256V1));
    let by_rsa = certificate(&rsa_certificate(&rsa, oid::SHA256_WITH_RSA, "SHA256"));
    let by_ec = certificate(&ecdsa_certificate(&ec, arc(ECDSA, &[3, 2]), "SHA256"));
    assert_eq!(verify(&by_rsa, &public(&ec)), Verification::Invalid);
    assert_eq!(verify(&by_ec, &public(&rsa)), Verification::Invalid);
    assert_eq!(
        verify(&by_ec, &public(&testing::ec(Nid::SECP384R1))),
        Verification::Invalid
    );
    assert_eq!(
        verify(&by_ec, &public(&PKey::generate_ed25519().unwrap())),
        Verification::Invalid
    );
    let explicit = PublicKey::from_spki(&testing::spki_explicit(&ec));
    assert_eq!(verify(&by_rsa, &explicit), Verification::Invalid);
}

#[test]
fn broken_digests_and_unknown_algorithms_are_unsupported() {
    let key = testing::rsa(2048);
    let cases: [(ObjectIdentifier, &str, Option<Digest>); 9] = [
        (oid::MD5_WITH_RSA, "md5WithRSAEncryption", Some(Digest::Md5)),
        (oid::MD4_WITH_RSA, "md4WithRSAEncryption", Some(Digest::Md4)),
        (oid::MD2_WITH_RSA, "md2WithRSAEncryption", Some(Digest::Md2)),
        (oid::DSA_WITH_SHA1, "dsa-with-SHA1", Some(Digest::Sha1)),
        (oid::DSA_WITH_SHA256, "dsa-with-SHA256", Some(Digest::Sha256)),
        (oid::HASH_ML_DSA_65_WITH_SHA512, "HashML-DSA-65-SHA512", None),
        (
            oid::HASH_SLH_DSA_SHAKE_256F_WITH_SHAKE256,
            "HashSLH-DSA-SHAKE-256f-SHAKE256",
            None,
        ),
        (
            ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.47"),
            "2.16.840.1.101.3.4.3.47",
            None,
        ),
        (ObjectIdentifier::new_unwrap("1.2.3.4"), "1.2.3.4", None),
    ];
    for (oid, name, digest) in cases {
        let mut mint = Mint::new(testing::spki(&key));
        mint.inner = algorithm(oid, None);
        let signed = certificate(&mint.signed(|tbs| testing::plain(&key, "MD5", tbs)));
        assert_eq!(signed.signature().name(), name);
        assert_eq!(signed.signature().digest(), digest, "{name}");
        assert!(
            matches!(verify(&signed, &public(&key)), Verification::Unsupported(_)),
            "{name}"
        );
    }
}

#[test]
fn keys_that_could_be_made_to_fit_are_unsupported() {
    let ec = testing::ec(Nid::X9_62_PRIME256V1);
    let by_ec = certificate(&ecdsa_certificate(&ec, arc(ECDSA, &[3, 2]), "SHA256"));
    let explicit = PublicKey::from_spki(&testing::spki_explicit(&ec));
    assert!(matches!(verify(&by_ec, &explicit), Verification::Unsupported(_)));

    // With e = 1 any padded digest is its own signature.
    let key = testing::rsa(2048);
    let modulus = key.rsa().unwrap().n().to_vec();
    let signed = certificate(&rsa_certificate(&key, oid::SHA256_WITH_RSA, "SHA256"));
    for exponent in [&[1][..], &[2], &[0], &[4], &[2, 0, 0, 0, 1], &[0x7f; 9], &[0x7f; 200]] {
        let numbers = [
            element(der::INTEGER, &[&[0], &modulus]),
            element(der::INTEGER, &[exponent]),
        ];
        let inner = element(der::SEQUENCE, &[&numbers.concat()]);
        let spki = element(
            der::SEQUENCE,
            &[
                &algorithm(arc(RSA, &[1]), Some(NULL)),
                &element(der::BIT_STRING, &[&[0], &inner]),
            ],
        );
        let made = PublicKey::from_spki(&spki);
        assert!(matches!(made.kind(), KeyKind::Rsa { .. }), "{exponent:?}");
        assert!(
            matches!(verify(&signed, &made), Verification::Unsupported(_)),
            "{exponent:?}"
        );
    }
}

#[test]
fn one_key_verifies_on_many_threads_at_once() {
    let key = testing::rsa(2048);
    let signed = certificate(&rsa_certificate(&key, oid::SHA256_WITH_RSA, "SHA256"));
    let public = public(&key);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| assert_eq!(verify(&signed, &public), Verification::Valid)));
        }
    });
}
