//! Vouched and found evidence, which keys count, and what a subject may bring.

use mint::{Aki, Digest, Name, Pss, Ski, forge, usage};

use super::*;

/// A reference of one member under a CA, with nothing more.
fn under(ca: &Ca) -> Ask {
    ask().file("fe01", &[&leaf(ca, "fe01")])
}

const SAME: &str = "compliant same/signature";
const NOT_KNOWN: &str = "undetermined unproven/key-identifier: ca-certificate-missing=doubt";

#[test]
fn evidence_of_either_rank_proves() {
    let w = World::new();
    let (fe01, subject) = (w.fe("fe01"), leaf(&w.ca, "pchat01"));
    let none = ask().file("fe01", &[&fe01]);
    rows(&[
        ("nothing", none.clone(), vec![&subject], NOT_KNOWN),
        (
            "authorities",
            none.clone().authorities(&[&w.ca.cert]),
            vec![&subject],
            SAME,
        ),
        ("intermediates", none.clone().found(&[&w.ca.cert]), vec![&subject], SAME),
        (
            "the member's chain",
            ask().file("fe01", &[&fe01, &w.ca.cert]),
            vec![&subject],
            SAME,
        ),
        (
            "a TLS member's chain",
            ask().tls("fe01.contoso.com", &[&fe01, &w.ca.cert]),
            vec![&subject],
            SAME,
        ),
        (
            "what the subject brings",
            none.clone(),
            vec![&subject, &w.ca.cert],
            SAME,
        ),
        (
            "distrusted sources prove nothing but distrust",
            none.distrust(&[&w.look_alike.cert]),
            vec![&subject],
            NOT_KNOWN,
        ),
    ]);
}

#[test]
fn standing_in_authorities_widens_nothing_that_is_allowed() {
    let w = World::new();
    let subject = leaf(&w.look_alike, "pchat01");
    let reference = under(&w.ca).authorities(&[&w.ca.cert, &w.look_alike.cert, &w.fabrikam.cert]);
    rows(&[
        (
            "same name",
            reference.clone(),
            vec![&subject],
            "noncompliant name-only/signature: issuer-key-differs=error",
        ),
        (
            "any",
            reference.clone().policy("references", "any"),
            vec![&subject],
            "noncompliant name-only/signature: issuer-key-differs=error",
        ),
        (
            "other name",
            reference,
            vec![&leaf(&w.fabrikam, "p")],
            "noncompliant different/signature: issuer-differs=error",
        ),
    ]);
}

#[test]
fn only_a_ca_certificate_that_may_sign_certificates_lends_its_key() {
    let w = World::new();
    let key = &w.ca.key;
    let ca = || CertBuilder::authority(CONTOSO, key).issuer(&w.root);
    let no_sign = [usage::DIGITAL_SIGNATURE, usage::CRL_SIGN];
    let old = CertBuilder::new(CONTOSO, key)
        .version1()
        .validity(mint::CA_PAST, mint::CA_FUTURE);
    let old_subordinate = old.clone().issuer(&w.root).build();
    let (old_root, expired) = (old.build(), ca().validity(mint::CA_PAST, mint::PAST + 86_400).build());
    let (subject, row) = (leaf(&w.ca, "p"), |cert: &Cert, vouched: bool| match vouched {
        true => under(&w.ca).authorities(&[cert]),
        false => under(&w.ca).found(&[cert]),
    });
    let without_ca = ca().no_basic_constraints().build();
    let not_ca = ca().not_ca().build();
    let may_not = ca().key_usage(&no_sign).build();
    let silent = ca().no_key_usage().build();
    let ended = "compliant same/signature: ca-expired=warning";
    rows(&[
        (
            "no basic constraints, vouched",
            row(&without_ca, true),
            vec![&subject],
            NOT_KNOWN,
        ),
        (
            "no basic constraints, found",
            row(&without_ca, false),
            vec![&subject],
            NOT_KNOWN,
        ),
        ("cA FALSE", row(&not_ca, true), vec![&subject], NOT_KNOWN),
        (
            "key usage without keyCertSign, vouched",
            row(&may_not, true),
            vec![&subject],
            NOT_KNOWN,
        ),
        (
            "key usage without keyCertSign, found",
            row(&may_not, false),
            vec![&subject],
            NOT_KNOWN,
        ),
        ("no key usage", row(&silent, true), vec![&subject], SAME),
        ("version 1 root, vouched", row(&old_root, true), vec![&subject], SAME),
        (
            "version 1 root, found",
            row(&old_root, false),
            vec![&subject],
            NOT_KNOWN,
        ),
        (
            "version 1 root, brought",
            under(&w.ca),
            vec![&subject, &old_root],
            NOT_KNOWN,
        ),
        (
            "version 1, not a root",
            row(&old_subordinate, true),
            vec![&subject],
            NOT_KNOWN,
        ),
        (
            "key usage without keyCertSign, brought",
            under(&w.ca),
            vec![&subject, &may_not],
            NOT_KNOWN,
        ),
        ("expired, vouched", row(&expired, true), vec![&subject], ended),
        ("expired, found", row(&expired, false), vec![&subject], SAME),
    ]);
}

#[test]
fn a_key_that_nobody_vouches_for_counts_only_where_nobody_can_make_a_second_one() {
    let found = |ca: &Ca| under(ca).found(&[&ca.cert]);
    let vouched = |ca: &Ca| under(ca).authorities(&[&ca.cert]);
    let keys: [(&str, Key, bool, bool); 13] = [
        ("RSA 2048, e 65537", Key::rsa(2048, "ca"), true, true),
        ("RSA 3072", Key::rsa(3072, "ca"), true, true),
        ("RSA 1024", Key::rsa(1024, "ca"), true, false),
        ("RSA with e 3", Key::rsa_exponent(1024, 3, "e"), true, false),
        ("P-256", Key::ec("P-256", "k"), true, true),
        ("P-384", Key::ec("P-384", "k"), true, true),
        ("P-521", Key::ec("P-521", "k"), true, true),
        ("P-224", Key::ec("P-224", "k"), true, false),
        ("secp256k1", Key::ec("secp256k1", "k"), true, false),
        ("brainpoolP256r1", Key::ec("brainpoolP256r1", "k"), true, false),
        (
            "explicit parameters",
            Key::ec("P-256", "k").with_explicit_curve(),
            false,
            false,
        ),
        ("Ed25519", Key::ed25519("k"), true, true),
        ("Ed448", Key::ed448("k"), true, false),
    ];
    for (shown, key, when_vouched, when_found) in keys {
        let ca = Ca::root_with(CONTOSO, &key);
        let subject = leaf(&ca, "p");
        for (rank, ask, proves) in [
            ("vouched", vouched(&ca), when_vouched),
            ("found", found(&ca), when_found),
        ] {
            let verdict = ask.verdict(&[&subject]);
            assert_eq!(verdict.starts_with(SAME), proves, "{shown}, {rank}: {verdict}");
            assert_eq!(verdict.starts_with("compliant"), proves, "{shown}, {rank}: {verdict}");
        }
    }
}

#[test]
fn a_key_of_the_same_numbers_is_the_same_key_whatever_its_encoding() {
    let ec = Key::ec("P-256", "k");
    let rsa = Key::rsa(2048, "ca");
    let pairs = [
        ("compressed point", ec.clone(), ec.with_compressed_point()),
        ("no NULL parameters", rsa.clone(), rsa.without_null_parameters()),
        ("id-RSASSA-PSS", rsa.clone(), rsa.as_pss_key(&[])),
    ];
    for (shown, key, other) in pairs {
        let (plain, odd) = (
            Ca::root_with(CONTOSO, &key),
            CertBuilder::authority(CONTOSO, &key)
                .key(&other)
                .sign_with(&key)
                .build(),
        );
        let subject = leaf(&plain, "p");
        let reference = under(&plain).authorities(&[&plain.cert]).found(&[&odd]);
        assert_eq!(reference.verdict(&[&subject]), SAME, "{shown}");
        assert_eq!(
            reference.on(&[&subject]).reference.authorities[0].keys.len(),
            1,
            "{shown}"
        );
        assert_eq!(
            under(&plain)
                .pin_key("pin", &key)
                .found(&[&odd])
                .on(&[&subject])
                .reference
                .authorities
                .len(),
            1,
            "{shown}"
        );
    }
}

#[test]
fn a_key_made_to_fit_the_references_signature_joins_nobody_to_it() {
    // RSA: a huge exponent.
    let ca = Ca::root_with(CONTOSO, &Key::rsa(1024, "ca"));
    let fe01 = leaf(&ca, "fe01");
    let forged = Ca::root_with(CONTOSO, &forge::duplicate_signature_rsa_key(&fe01));
    let subject = leaf(&forged, "p");
    let reference = ask().file("fe01", &[&fe01]);
    for (shown, asked, certs) in [
        ("RSA, brought", reference.clone(), vec![&subject, &forged.cert]),
        ("RSA, found", reference.clone().found(&[&forged.cert]), vec![&subject]),
        (
            "RSA, vouched even",
            reference.clone().authorities(&[&forged.cert]),
            vec![&subject],
        ),
    ] {
        let verdict = asked.verdict(&certs);
        assert!(!verdict.starts_with("compliant"), "{shown}: {verdict}");
    }
    // ECDSA: explicit parameters.
    let key = Key::ec("P-256", "k");
    let ca = Ca::root_with(CONTOSO, &key);
    let fe01 = leaf(&ca, "fe01");
    for forged in [
        forge::duplicate_signature_ec_key(&fe01, &key),
        forge::same_point_ec_key(&key),
    ] {
        let forged = Ca::root_with(CONTOSO, &forged);
        let subject = leaf(&forged, "p");
        for asked in [
            ask().file("fe01", &[&fe01]),
            ask().file("fe01", &[&fe01]).authorities(&[&ca.cert]),
        ] {
            let verdict = asked.verdict(&[&subject, &forged.cert]);
            assert!(!verdict.starts_with("compliant"), "{verdict}");
            let verdict = asked.found(&[&forged.cert]).verdict(&[&subject]);
            assert!(!verdict.starts_with("compliant"), "{verdict}");
        }
    }
}

#[test]
fn where_two_keys_verify_one_member_the_vouched_one_counts() {
    let w = World::new();
    let fe01 = w.fe("fe01");
    let second = CertBuilder::authority(CONTOSO, &forge::recovered_ec_key(&fe01, &w.ca.key))
        .issuer(&w.look_alike)
        .ski(Ski::Bytes(w.ca.key.identifier()))
        .build();
    let vouched_key = w.ca.key.spki_sha256();
    for asked in [
        ask()
            .file("fe01", &[&fe01])
            .authorities(&[&w.ca.cert])
            .found(&[&second]),
        ask()
            .file("fe01", &[&fe01])
            .found(&[&second])
            .authorities(&[&w.ca.cert]),
        ask()
            .tls("fe01.contoso.com", &[&fe01, &second])
            .authorities(&[&w.ca.cert]),
    ] {
        let report = asked.on(&[&leaf(&w.ca, "p")]);
        assert_eq!(verdict(&report.subjects[0]), SAME);
        let keys = &report.reference.authorities[0].keys;
        assert_eq!(
            keys.iter().map(|key| key.key_sha256.to_string()).collect::<Vec<_>>(),
            [vouched_key.as_str()]
        );
    }
}

#[test]
fn a_signature_counts_only_if_it_is_right_in_every_part() {
    let ca = Ca::root_with(CONTOSO, &Key::rsa(2048, "ca"));
    let reference = under(&ca).authorities(&[&ca.cert]);
    let good = leaf(&ca, "p");
    let sha384 = builder(&ca, "p").digest(Digest::Sha384).build();
    let outer = forge::with_outer_algorithm(&good, sha384.algorithm());
    let inner = builder(&ca, "p").inner_algorithm(sha384.algorithm()).build();
    let stolen = forge::with_signature_of(&good, &leaf(&ca, "q"));
    let bad = "noncompliant bad-signature/key-identifier: signature-invalid=error";
    let pss = builder(&ca, "p").pss(Pss::new(Digest::Sha256)).build();
    let pss_ca = Ca::root_with(CONTOSO, &Key::rsa_pss(2048, "ca"));
    rows(&[
        ("good", reference.clone(), vec![&good], SAME),
        ("PSS", reference.clone(), vec![&pss], SAME),
        ("outer algorithm", reference.clone(), vec![&outer], bad),
        ("inner algorithm", reference.clone(), vec![&inner], bad),
        ("another's signature", reference.clone(), vec![&stolen], bad),
        (
            "PKCS#1 under a key for PSS alone",
            under(&pss_ca).authorities(&[&pss_ca.cert]),
            vec![&good],
            bad,
        ),
    ]);
    let trailing = forge::append_trailing(&good, b"\0x");
    let verdict = reference.verdict(&[&trailing]);
    assert!(
        !verdict.starts_with("compliant"),
        "octets after the certificate: {verdict}"
    );
}

#[test]
fn key_identifiers_are_hints_and_never_proof() {
    let w = World::new();
    let reference = under(&w.ca).authorities(&[&w.ca.cert]);
    let wrong = builder(&w.ca, "p").aki(Aki::KeyId(vec![7; 20])).build();
    let absent = builder(&w.ca, "p").aki(Aki::Absent).build();
    let serial = builder(&w.ca, "p").aki(Aki::IssuerSerial).build();
    let no_ski = CertBuilder::authority(CONTOSO, &w.ca.key)
        .issuer(&w.root)
        .ski(Ski::Absent)
        .build();
    rows(&[
        ("wrong", reference.clone(), vec![&wrong], SAME),
        ("absent", reference.clone(), vec![&absent], SAME),
        ("issuer and serial number", reference, vec![&serial], SAME),
        (
            "none in the CA certificate",
            under(&w.ca).authorities(&[&no_ski]),
            vec![&leaf(&w.ca, "p")],
            SAME,
        ),
    ]);
}

#[test]
fn what_a_subject_brings_serves_that_subject_alone() {
    let w = World::new();
    let reference = under(&w.ca);
    let subject = |name: &str, certs: &[&Cert]| json!({ "name": name, "source": source(certs) });
    let (a, b) = (leaf(&w.ca, "a"), leaf(&w.ca, "b"));
    let report = reference.report(&[subject("a", &[&a, &w.ca.cert]), subject("b", &[&b])]);
    assert_eq!(verdict(&report.subjects[0]), SAME);
    assert_eq!(verdict(&report.subjects[1]), NOT_KNOWN);
    // The reference section knows nothing of it, and its findings stand.
    assert_eq!(standing(&report), "ca-certificate-missing=warning");
    assert!(
        report
            .reference
            .authorities
            .iter()
            .all(|authority| authority.keys.is_empty())
    );
}

#[test]
fn what_a_subject_brings_lifts_no_finding_of_the_reference() {
    let w = World::new();
    let raised = json!({ "ca-certificate-missing": "error", "reference-unanchored": "error" });
    let subject = leaf(&w.ca, "p");
    let reference = under(&w.ca).policy("severity", raised.clone());
    rows(&[
        (
            "no CA certificate",
            reference,
            vec![&subject, &w.ca.cert],
            "undetermined same/signature: ca-certificate-missing=doubt",
        ),
        (
            "not anchored",
            ask()
                .tls("fe01.contoso.com", &[&w.fe("fe01"), &w.ca.cert])
                .policy("severity", raised),
            vec![&subject, &w.ca.cert, &w.root.cert],
            "undetermined same/signature: reference-unanchored=doubt",
        ),
    ]);
}

#[test]
fn a_disagreement_that_a_subject_brings_out_is_a_warning_on_it_alone_and_nobody_votes_for_it() {
    let w = World::new();
    let reference = ask()
        .file("fe01", &[&w.fe("fe01")])
        .file("fe02", &[&leaf(&w.look_alike, "fe02")]);
    let subject = |name: &str, certs: &[&Cert]| json!({ "name": name, "source": source(certs) });
    let (a, b) = (leaf(&w.ca, "a"), leaf(&w.ca, "b"));
    let report = reference.report(&[
        subject("a", &[&a, &w.ca.cert, &w.look_alike.cert]),
        subject("b", &[&b]),
        subject("c", &[&b, &w.ca.cert]),
    ]);
    assert_eq!(
        verdict(&report.subjects[0]),
        "undetermined unproven/key-identifier: ca-certificate-missing=doubt references-disagree=warning"
    );
    assert_eq!(verdict(&report.subjects[1]), NOT_KNOWN);
    // With it fe01 would be verified and fe02 not, so nothing that it brings makes any vote.
    assert_eq!(verdict(&report.subjects[2]), NOT_KNOWN);
    assert_eq!(standing(&report), "ca-certificate-missing=warning");
}

#[test]
fn a_ca_certificate_that_a_subject_made_up_does_not_prolong_the_ca() {
    let w = World::new();
    let ended = CertBuilder::authority(CONTOSO, &w.ca.key)
        .issuer(&w.root)
        .validity(mint::CA_PAST, mint::PAST - 86_400)
        .build();
    // Anybody can write a certificate for a public key; this one is signed by a key of the subject's own.
    let made_up = CertBuilder::authority(CONTOSO, &w.ca.key).issuer(&w.look_alike).build();
    let subject = leaf(&w.ca, "p");
    let verdict = "noncompliant same/signature: ca-expired=warning issued-after-ca-expiry=error";
    let found = under(&w.ca).found(&[&ended]);
    let vouched = under(&w.ca).authorities(&[&ended]);
    rows(&[
        ("vouched", vouched.clone(), vec![&subject, &made_up], verdict),
        (
            "vouched, another found",
            vouched.clone().found(&[&made_up]),
            vec![&subject],
            verdict,
        ),
        (
            "vouched, another vouched",
            vouched.authorities(&[&made_up]),
            vec![&subject],
            SAME,
        ),
        (
            "found, another found",
            found.clone().found(&[&made_up]),
            vec![&subject],
            SAME,
        ),
        // An untrusted certificate that no trusted key signed says nothing of the key's end, the honest one included.
        ("found, with nothing brought", found.clone(), vec![&subject], SAME),
        ("found, another brought", found, vec![&subject, &made_up], SAME),
    ]);
}

#[test]
fn a_name_that_only_the_subject_claims_for_a_vouched_key_is_not_that_keys() {
    let w = World::new();
    // A certificate that gives the genuine CA's name to a key that the operator vouches for under another.
    let renamed = CertBuilder::authority(CONTOSO, &w.fabrikam.key)
        .sign_with(&Key::ec("P-256", "mallory"))
        .build();
    let reference = under(&w.ca).authorities(&[&w.ca.cert, &w.fabrikam.cert]);
    let subject = builder(&w.fabrikam, "p").issuer_name(Name::parse(CONTOSO)).build();
    rows(&[(
        "renamed",
        reference,
        vec![&subject, &renamed],
        "noncompliant name-only/signature: issuer-key-differs=error",
    )]);
}
