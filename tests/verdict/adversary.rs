//! What somebody can do who writes one reference server's file, one whole member, or all that a subject brings.

use mint::forge;
use mint::{CA_PAST, DAY, PAST};

use super::*;

const SAME: &str = "compliant same/signature";

/// An attacker with a CA of the reference's name, its parent, and that parent's certificate over the genuine key.
struct Rogue {
    parent: Ca,
    ca: Ca,
    over_genuine: Cert,
}

fn rogue(w: &World) -> Rogue {
    let parent = Ca::root_with("CN=Rogue Root CA", &Key::ec("P-256", "rogue root"));
    let ca = parent.issue_ca_with(CONTOSO, &Key::ec("P-256", "rogue"));
    let over_genuine = CertBuilder::authority(CONTOSO, &w.ca.key).issuer(&parent).build();
    Rogue {
        parent,
        ca,
        over_genuine,
    }
}

/// Nothing that this verdict is, is a pass.
fn refused(ask: &Ask, certs: &[&Cert]) -> String {
    let verdict = ask.verdict(certs);
    assert!(!verdict.starts_with("compliant"), "{verdict}");
    verdict
}

#[test]
fn what_stands_beside_a_members_certificate_makes_no_foreign_certificate_compliant() {
    let w = World::new();
    let rogue = rogue(&w);
    let beside = [&w.fe("fe01"), &rogue.over_genuine, &rogue.parent.cert, &rogue.ca.cert];
    let foreign = leaf(&rogue.ca, "p");
    for (how, asked) in [
        ("file", ask().file("fe01", &beside)),
        ("tls", ask().tls("fe01.contoso.com", &beside)),
        ("document", ask().documented("fe01", "other", &beside)),
    ] {
        for asked in [asked.clone(), asked.authorities(&[&w.ca.cert])] {
            for level in ["issuing", "root"] {
                let asked = asked.clone().policy("level", level);
                let verdict = refused(&asked, &[&foreign, &rogue.ca.cert, &rogue.parent.cert]);
                assert!(!verdict.contains("same/"), "{how}, {level}: {verdict}");
            }
        }
    }
}

#[test]
fn one_rogue_member_beside_two_honest_ones_makes_nothing_of_its_own_compliant() {
    let w = World::new();
    let rogue = rogue(&w);
    let (alien, foreign) = (leaf(&rogue.ca, "fe03"), leaf(&rogue.ca, "p"));
    let three = |old: bool, beside: &[&Cert]| {
        let honest = |host: &str| match old {
            true => builder(&w.ca, host).validity(PAST, PAST + DAY).build(),
            false => leaf(&w.ca, host),
        };
        let mut all = vec![&alien];
        all.extend(beside);
        ask()
            .file("fe01", &[&honest("fe01")])
            .file("fe02", &[&honest("fe02")])
            .file("fe03", &all)
    };
    let link = rogue.ca.cross_certify(&w.ca);
    let hashed = CertBuilder::authority(CONTOSO, &rogue.ca.key)
        .issuer(&rogue.parent)
        .previous_ca_hash(&mint::Digest::Sha1.hash(w.ca.cert.der()))
        .build();
    let by_name = |ask: Ask| ask.policy("match", "name");
    // Identical to a member that nothing verifies.
    refused(&three(false, &[]), &[&alien]);
    // A vote that only the subject's evidence makes.
    refused(&three(false, &[]), &[&foreign, &rogue.ca.cert]);
    refused(&three(false, &[]), &[&alien, &rogue.ca.cert]);
    // An untrusted key that signed the honest key's certificate, or names it by a previous-CA-hash.
    for beside in [&link, &hashed, &rogue.over_genuine] {
        for asked in [
            three(false, &[&rogue.ca.cert, beside]),
            three(true, &[&rogue.ca.cert, beside]),
        ] {
            for asked in [
                asked.clone(),
                asked.clone().found(&[&w.ca.cert]),
                asked.authorities(&[&w.ca.cert]),
            ] {
                refused(&asked, &[&foreign, &rogue.ca.cert, &rogue.parent.cert]);
                refused(&by_name(asked), &[&foreign, &rogue.ca.cert]);
            }
        }
    }
    // At level root with two trusted roots, where the honest members reach none.
    let roots = three(false, &[&rogue.ca.cert]).authorities(&[&rogue.parent.cert, &w.fabrikam.cert]);
    refused(&roots.policy("level", "root"), &[&foreign, &rogue.ca.cert]);
}

#[test]
fn the_references_disagreement_names_the_certificate_that_would_join_them() {
    let w = World::new();
    let asked = ask()
        .file("fe01", &[&w.fe("fe01")])
        .file("fe02", &[&leaf(&w.rekeyed, "fe02")])
        .authorities(&[&w.ca.cert, &w.rekeyed.cert])
        .found(&[&w.root.cert]);
    let report = asked.on(&[&leaf(&w.ca, "p")]);
    let hint = finding(&report, "references-disagree").hint.clone().unwrap();
    assert!(hint.contains(&w.root.cert.sha256()), "{hint}");
}

#[test]
fn the_second_key_under_which_an_ecdsa_signature_verifies_takes_nothing_away() {
    let ca = Ca::root_with(CONTOSO, &Key::ec("P-256", "ca"));
    let (fe01, subject) = (leaf(&ca, "fe01"), leaf(&ca, "p"));
    let over = |key: &Key, name: &str| {
        CertBuilder::authority(name, key)
            .sign_with(&Key::ec("P-256", "mallory"))
            .build()
    };
    let of = |cert: &Cert| forge::recovered_ec_key(cert, &ca.key);
    for name in [CONTOSO, "CN=Aaaa", "CN=Zzzz"] {
        let (member, own) = (over(&of(&fe01), name), over(&of(&subject), name));
        for certs in [
            [&ca.cert, &member, &own],
            [&own, &member, &ca.cert],
            [&member, &ca.cert, &own],
        ] {
            let found = ask().file("fe01", &[&fe01]).found(&certs);
            assert_eq!(found.verdict(&[&subject]), SAME, "{name}");
            let beside = ask().file("fe01", &[&fe01, certs[0], certs[1], certs[2]]);
            assert_eq!(beside.verdict(&[&subject]), SAME, "{name}");
            let trusted = ask().file("fe01", &[&fe01, &member]).authorities(&[&ca.cert]);
            assert_eq!(trusted.verdict(&[&subject, &own]), SAME, "{name}");
        }
    }
}

#[test]
fn junk_that_a_subject_brings_softens_no_refusal_under_a_key_pin() {
    let w = World::new();
    let foreign = leaf(&w.fabrikam, "p");
    let junk = CertBuilder::authority("CN=Junk", &w.ca.key)
        .sign_with(&Key::ec("P-256", "mallory"))
        .build();
    let pinned = ask().pin_key("ca", &w.ca.key).found(&[&w.ca.cert]);
    let different = "noncompliant different/null: issuer-differs=error";
    assert_eq!(pinned.verdict(&[&foreign]), different);
    assert_eq!(pinned.verdict(&[&foreign, &junk]), different);
    // What the subject brings is not at hand: the pinned key is as unknown as without it.
    let alone = ask().pin_key("ca", &w.ca.key);
    let unproven = "undetermined unproven/null: ca-certificate-missing=doubt";
    assert_eq!(alone.verdict(&[&foreign]), unproven);
    assert_eq!(alone.verdict(&[&foreign, &junk]), unproven);
    assert_eq!(alone.verdict(&[&leaf(&w.ca, "p"), &junk]), SAME);
}

#[test]
fn a_member_that_points_to_a_trusted_key_without_an_identifier_of_its_own_is_invalid_too() {
    let w = World::new();
    let silent = CertBuilder::authority(CONTOSO, &w.ca.key)
        .issuer(&w.root)
        .ski(mint::Ski::Absent)
        .build();
    let forged = builder(&w.ca, "fe01").sign_with(&Key::ec("P-256", "mallory")).build();
    let asked = ask().file("fe01", &[&forged]).authorities(&[&silent]);
    assert_eq!(
        asked.standing(),
        "ca-certificate-missing=warning; fe01: signature-invalid=error"
    );
    assert!(refused(&asked, &[&forged]).contains("signature-invalid"));
}

#[test]
fn a_parent_whose_key_does_not_count_untrusted_earns_the_hint_and_not_the_error() {
    let w = World::new();
    for key in [Key::rsa(1024, "weak parent"), Key::ec("secp256k1", "weak parent")] {
        let parent = Ca::root_with("CN=Weak Root CA", &key);
        let old = parent.issue_ca_with(CONTOSO, &w.ca.key);
        let new = parent.issue_ca_with(CONTOSO, &w.rekeyed.key);
        let asked = ask()
            .file("fe01", &[&leaf(&old, "fe01")])
            .authorities(&[&old.cert, &new.cert]);
        let hinted = "undetermined name-only/signature: issuer-key-differs=doubt link-refused=info";
        assert_eq!(
            asked.clone().found(&[&parent.cert]).verdict(&[&leaf(&new, "p")]),
            hinted
        );
        assert_eq!(
            asked.authorities(&[&parent.cert]).verdict(&[&leaf(&new, "p")]),
            "compliant rollover/signature"
        );
    }
}

#[test]
fn an_unverified_member_beside_one_that_votes_leaves_a_doubt() {
    let w = World::new();
    let md5 = Ca::root_with(CONTOSO, &Key::rsa(2048, "ca"));
    let unsupported = builder(&md5, "fe02").digest(mint::Digest::Md5).build();
    let beside = |member: &Cert| {
        ask()
            .file("fe01", &[&leaf(&md5, "fe01")])
            .file("fe02", &[member])
            .authorities(&[&md5.cert])
    };
    assert_eq!(beside(&unsupported).standing(), "fe02: algorithm-unsupported=doubt");
    assert_eq!(
        beside(&leaf(&w.look_alike, "fe02")).standing(),
        "references-disagree=error"
    );
    assert_eq!(
        beside(&leaf(&w.fabrikam, "fe02")).standing(),
        "references-disagree=error"
    );
}

#[test]
fn evidence_that_lends_no_key_is_said_with_its_reason() {
    let w = World::new();
    let why = |asked: Ask| {
        let report = asked.on(&[&leaf(&w.ca, "p")]);
        let unused = report
            .reference
            .findings
            .iter()
            .filter(|one| word(&one.code) == "evidence-unused");
        unused.map(|one| one.message.clone()).collect::<Vec<_>>()
    };
    let base = ask().file("fe01", &[&w.fe("fe01")]);
    let ca = || CertBuilder::authority(CONTOSO, &w.ca.key).issuer(&w.root);
    let weak = Ca::root_with("CN=Weak", &Key::rsa(1024, "weak"));
    for (given, untrusted, words) in [
        (ca().no_basic_constraints().build(), false, "no basicConstraints"),
        (ca().not_ca().build(), false, "CA:FALSE"),
        (ca().key_usage(&[mint::usage::CRL_SIGN]).build(), false, "keyCertSign"),
        (w.fe("fe09"), false, "not a CA certificate"),
        (weak.cert.clone(), true, "2048"),
    ] {
        let asked = match untrusted {
            true => base.clone().found(&[&given]),
            false => base.clone().authorities(&[&given]),
        };
        let said = why(asked);
        assert!(said.len() == 1 && said[0].contains(words), "{words}: {said:?}");
    }
    assert!(why(base.authorities(&[&w.ca.cert, &weak.cert])).is_empty());
}

#[test]
fn a_verdict_that_rests_on_the_network_says_so_first_and_is_not_called_proven() {
    let w = World::new();
    let asked = ask().tls("fe01.contoso.com", &[&w.fe("fe01"), &w.ca.cert]);
    let report = asked.on(&[&leaf(&w.ca, "p")]);
    assert_eq!(verdict(&report.subjects[0]), SAME);
    assert!(
        report
            .message
            .starts_with("the verdict depends on whoever answered for fe01.contoso.com"),
        "{}",
        report.message
    );
    let beside = asked.file("fe02", &[&w.fe("fe02")]).on(&[&leaf(&w.ca, "p")]);
    assert_eq!(beside.message, "the subject is under the reference CA");
}

#[test]
fn an_end_that_only_the_subject_tells_is_a_warning_at_most() {
    let w = World::new();
    let ended = CertBuilder::authority(CONTOSO, &w.ca.key)
        .issuer(&w.root)
        .validity(CA_PAST, PAST - DAY)
        .build();
    let asked = ask().file("fe01", &[&w.fe("fe01")]);
    assert_eq!(
        asked.verdict(&[&leaf(&w.ca, "p"), &ended]),
        "compliant same/signature: ca-expired=warning issued-after-ca-expiry=warning"
    );
}

#[test]
fn a_renewal_of_the_ca_that_only_the_subject_brings_counts_where_a_trusted_key_signed_it() {
    let w = World::new();
    let of = || CertBuilder::authority(CONTOSO, &w.ca.key);
    let ended = of().issuer(&w.root).validity(CA_PAST, PAST - DAY).build();
    let renewed = of().issuer(&w.root).build();
    let made_up = of().issuer(&w.look_alike).build();
    let asked = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.root.cert, &ended]);
    let late = "noncompliant same/signature: ca-expired=warning issued-after-ca-expiry=error";
    let subject = leaf(&w.ca, "p");
    assert_eq!(asked.verdict(&[&subject]), late);
    assert_eq!(asked.verdict(&[&subject, &made_up]), late);
    assert_eq!(asked.verdict(&[&subject, &renewed, &made_up]), SAME);
}

#[test]
fn an_identical_certificate_under_a_distrusted_key_that_the_subject_brings_is_refused() {
    let w = World::new();
    let fe01 = w.fe("fe01");
    let distrust = json!([{ "key_sha256": w.ca.key.spki_sha256() }]);
    let asked = ask().file("fe01", &[&fe01]).policy("distrust", distrust);
    assert_eq!(asked.verdict(&[&fe01]), "compliant same/identical");
    let brought = asked.verdict(&[&fe01, &w.ca.cert]);
    assert!(
        brought.starts_with("noncompliant") && brought.contains("authority-distrusted=error"),
        "{brought}"
    );
}

#[test]
fn a_key_that_is_distrusted_in_the_encoding_for_pss_is_distrusted_in_every_other() {
    let ca = Ca::root_with(CONTOSO, &Key::rsa(2048, "ca"));
    let pss = |parameters: &[u8]| {
        CertBuilder::authority(CONTOSO, &ca.key.as_pss_key(parameters))
            .sign_with(&Key::ec("P-256", "mallory"))
            .build()
    };
    let reference = ask().file("fe01", &[&leaf(&ca, "fe01")]);
    // NULL is none of the parameters that RFC 4055 §3.1 knows, and no matter: the key is meant.
    let (absent, null) = (pss(&[]), pss(&[5, 0]));
    for asked in [
        reference.clone().distrust(&[&absent]),
        reference.clone().distrust(&[&null]),
        reference.authorities(&[&ca.cert]).distrust(&[&null]),
    ] {
        for certs in [vec![&leaf(&ca, "p")], vec![&leaf(&ca, "p"), &ca.cert]] {
            let verdict = refused(&asked, &certs);
            assert!(verdict.contains("authority-distrusted=error"), "{verdict}");
        }
    }
}

#[test]
fn an_expired_root_is_said_at_level_root() {
    let w = World::new();
    let ended = CertBuilder::authority(ROOT, &w.root.key)
        .validity(CA_PAST, PAST - DAY)
        .build();
    let asked = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&ended, &w.ca.cert])
        .policy("level", "root");
    assert_eq!(asked.standing(), "fe01: ca-expired=warning");
    assert_eq!(
        asked.verdict(&[&leaf(&w.ca, "p")]),
        "compliant same/signature: ca-expired=warning"
    );
}

#[test]
fn a_path_longer_than_is_followed_is_a_limit_and_no_missing_certificate() {
    let w = World::new();
    let mut ca = Ca::root("CN=Level 00");
    let mut all = vec![ca.cert.clone()];
    for depth in 1..14 {
        ca = ca.issue_ca(format!("CN=Level {depth:02}").as_str());
        all.push(ca.cert.clone());
    }
    let all: Vec<&Cert> = all.iter().collect();
    let asked = ask().file("fe01", &[&w.fe("fe01")]).authorities(&all);
    let asked = asked.authorities(&[&w.ca.cert, &w.root.cert]).policy("level", "root");
    let report = asked.on(&[&leaf(&ca, "p")]);
    assert_eq!(
        verdict(&report.subjects[0]),
        "undetermined unproven/null: limit-reached=doubt"
    );
    assert!(finding(&report, "limit-reached").message.contains("12 CA certificates"));
}
