//! The tables of relation and status.

use mint::{Aki, Digest, Name, Text};

use super::*;

const MATCHES: [&str; 3] = ["key", "authority", "name"];
const PROOFS: [&str; 3] = ["signature", "key-identifier", "name"];

/// Judges under every match and every proof.
fn all(shown: &str, ask: &Ask, certs: &[&Cert], expected: impl Fn(&str, &str) -> &'static str) {
    let mut list = Vec::new();
    let words: Vec<(String, Ask, &str)> = MATCHES
        .iter()
        .flat_map(|match_| PROOFS.iter().map(move |proof| (*match_, *proof)))
        .map(|(match_, proof)| {
            let asked = ask.clone().policy("match", match_).policy("proof", proof);
            (
                format!("{shown}, match {match_}, proof {proof}"),
                asked,
                expected(match_, proof),
            )
        })
        .collect();
    for (shown, ask, expected) in &words {
        list.push((shown.as_str(), ask.clone(), certs.to_vec(), *expected));
    }
    rows(&list);
}

#[test]
fn the_issuers_name_and_a_members_key_are_the_same_ca_under_every_match() {
    let w = World::new();
    let ask = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&w.ca.cert]);
    all(
        "same",
        &ask,
        &[&leaf(&w.ca, "pchat01")],
        |_, _| "compliant same/signature",
    );
}

#[test]
fn a_key_that_rollover_added_passes_but_under_match_key() {
    let w = World::new();
    let ask = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.root.cert, &w.ca.cert, &w.rekeyed.cert]);
    all(
        "rollover",
        &ask,
        &[&leaf(&w.rekeyed, "pchat01")],
        |match_, _| match match_ {
            "key" => "noncompliant name-only/signature: issuer-key-differs=error",
            _ => "compliant rollover/signature",
        },
    );
}

#[test]
fn the_members_key_under_another_name_passes_with_a_warning_under_match_key_alone() {
    let w = World::new();
    let ask = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&w.ca.cert]);
    let renamed = builder(&w.ca, "pchat01").issuer_name(FABRIKAM).build();
    all("key-only", &ask, &[&renamed], |match_, _| match match_ {
        "key" => "compliant key-only/signature: issuer-name-differs=warning",
        _ => "noncompliant key-only/signature: issuer-name-differs=error",
    });
}

#[test]
fn a_rolled_over_key_under_another_name_is_another_ca() {
    let w = World::new();
    let ask = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.root.cert, &w.ca.cert, &w.rekeyed.cert]);
    let renamed = builder(&w.rekeyed, "pchat01").issuer_name(FABRIKAM).build();
    all(
        "different",
        &ask,
        &[&renamed],
        |_, _| "noncompliant different/signature: issuer-differs=error",
    );
}

#[test]
fn another_name_is_another_ca() {
    let w = World::new();
    let reference = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&w.ca.cert]);
    let subject = leaf(&w.fabrikam, "pchat01");
    all(
        "unknown CA",
        &reference,
        &[&subject],
        |_, _| "noncompliant different/name: issuer-differs=error",
    );
    let known = reference.authorities(&[&w.fabrikam.cert]);
    all(
        "known CA",
        &known,
        &[&subject],
        |_, _| "noncompliant different/signature: issuer-differs=error",
    );
    let nothing = ask().file("fe01", &[&w.fe("fe01")]);
    all(
        "without a key to compare",
        &nothing,
        &[&subject],
        |match_, _| match match_ {
            "key" => "undetermined unproven/null: ca-certificate-missing=doubt",
            _ => "noncompliant different/name: issuer-differs=error",
        },
    );
}

#[test]
fn without_a_ca_certificate_the_same_name_is_unproven_unless_a_claim_may_count() {
    let w = World::new();
    let ask = ask().file("fe01", &[&w.fe("fe01")]);
    all(
        "equal key identifiers",
        &ask,
        &[&leaf(&w.ca, "pchat01")],
        |_, proof| match proof {
            "signature" => "undetermined unproven/key-identifier: ca-certificate-missing=doubt",
            _ => "compliant unproven/key-identifier: weak-evidence=warning",
        },
    );
    let by_name = |_: &str, proof: &str| match proof {
        "name" => "compliant unproven/name: weak-evidence=warning",
        _ => "undetermined unproven/name: ca-certificate-missing=doubt",
    };
    let without = builder(&w.ca, "pchat01").aki(Aki::Absent).build();
    all("no key identifier", &ask, &[&without], by_name);
    let other = leaf(&w.look_alike, "pchat01");
    all("another key identifier", &ask, &[&other], by_name);
    let silent = super::ask().file("fe01", &[&builder(&w.ca, "fe01").aki(Aki::Absent).build()]);
    all(
        "no key identifier in the member",
        &silent,
        &[&leaf(&w.ca, "pchat01")],
        by_name,
    );
    all("none in either", &silent, &[&without], by_name);
}

#[test]
fn a_claim_does_not_stand_in_for_a_proof_that_was_to_be_had() {
    let w = World::new();
    let reference = ask().file("fe01", &[&w.fe("fe01")]);
    let subject = leaf(&w.ca, "pchat01");
    // A CA certificate of the name is at hand: it could have proved it, and did not.
    let beside = reference.clone().authorities(&[&w.look_alike.cert]);
    all(
        "a look-alike's certificate",
        &beside,
        &[&subject],
        |_, _| "undetermined unproven/key-identifier: ca-certificate-missing=doubt",
    );
    // What the subject brings is not at hand, and takes nothing away but by a signature.
    all(
        "one that the subject brings",
        &reference,
        &[&subject, &w.look_alike.cert],
        |_, proof| match proof {
            "signature" => "undetermined unproven/key-identifier: ca-certificate-missing=doubt",
            _ => "compliant unproven/key-identifier: weak-evidence=warning",
        },
    );
    all(
        "one that the subject brings and that signed it",
        &reference,
        &[&leaf(&w.look_alike, "pchat01"), &w.look_alike.cert],
        |_, _| "undetermined unproven/name: ca-certificate-missing=doubt",
    );
    // A known key verifies the subject: it is the authority's by name alone, and the authority has none to compare.
    let renamed = CertBuilder::authority("CN=Somebody", &w.look_alike.key).build();
    let known = reference.clone().authorities(&[&renamed]);
    let other = leaf(&w.look_alike, "pchat01");
    all(
        "a known key signed it",
        &known,
        &[&other],
        |_, _| "undetermined unproven/name: ca-certificate-missing=doubt",
    );
    // Nor does a claim help where names differ under match key, or where a key is pinned.
    let differs = leaf(&w.fabrikam, "pchat01");
    let by_name = |ask: Ask, match_: &str| ask.policy("proof", "name").policy("match", match_);
    rows(&[
        (
            "match key, other name",
            by_name(reference.clone(), "key"),
            vec![&differs],
            "undetermined unproven/null: ca-certificate-missing=doubt",
        ),
        (
            "key pin",
            by_name(ask().pin_key("ca", &w.ca.key), "name"),
            vec![&subject],
            "undetermined unproven/null: ca-certificate-missing=doubt",
        ),
        (
            "certificate pin",
            by_name(ask().pin("ca", &w.ca.cert), "authority"),
            vec![&other],
            "undetermined name-only/name: issuer-key-differs=doubt",
        ),
    ]);
}

#[test]
fn another_known_key_of_the_name_is_a_look_alike() {
    let w = World::new();
    let reference = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&w.ca.cert]);
    let subject = leaf(&w.look_alike, "pchat01");
    let known = |match_: &str, proof: &str| match (match_, proof) {
        ("name", "name") => "compliant name-only/signature: issuer-key-differs=warning weak-evidence=warning",
        _ => "noncompliant name-only/signature: issuer-key-differs=error",
    };
    let vouched = reference.clone().authorities(&[&w.look_alike.cert]);
    all("vouched", &vouched, &[&subject], known);
    all(
        "found",
        &reference.clone().found(&[&w.look_alike.cert]),
        &[&subject],
        known,
    );
    all(
        "brought by the subject",
        &reference,
        &[&subject, &w.look_alike.cert],
        known,
    );
}

#[test]
fn an_unknown_key_of_the_name_is_a_doubt() {
    let w = World::new();
    let reference = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&w.ca.cert]);
    let unknown = |match_: &str, proof: &str| match (match_, proof) {
        ("name", "name") => "compliant name-only/name: issuer-key-differs=warning weak-evidence=warning",
        _ => "undetermined name-only/name: issuer-key-differs=doubt",
    };
    all(
        "another identifier",
        &reference,
        &[&leaf(&w.look_alike, "pchat01")],
        unknown,
    );
    let silent = builder(&w.look_alike, "pchat01").aki(Aki::Absent).build();
    all("no identifier", &reference, &[&silent], unknown);
    let foreign = builder(&w.look_alike, "pchat01").aki(Aki::IssuerSerial).build();
    all("issuer and serial number alone", &reference, &[&foreign], unknown);
}

#[test]
fn a_link_that_would_count_if_it_were_vouched_makes_a_doubt_of_the_error() {
    let w = World::new();
    let ask = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.ca.cert])
        .found(&[&w.root.cert, &w.rekeyed.cert]);
    all(
        "parent found",
        &ask,
        &[&leaf(&w.rekeyed, "pchat01")],
        |match_, proof| match (match_, proof) {
            ("name", "name") => {
                "compliant name-only/signature: issuer-key-differs=warning link-refused=info weak-evidence=warning"
            }
            _ => "undetermined name-only/signature: issuer-key-differs=doubt link-refused=info",
        },
    );
}

#[test]
fn a_signature_that_the_key_it_names_did_not_make_is_bad() {
    let w = World::new();
    let ask = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&w.ca.cert]);
    let forged = builder(&w.ca, "pchat01")
        .sign_with(&Key::ec("P-256", "mallory"))
        .build();
    let bad = |_: &str, _: &str| "noncompliant bad-signature/key-identifier: signature-invalid=error";
    all("another key's signature", &ask, &[&forged], bad);
    let rolled = ask.clone().authorities(&[&w.root.cert, &w.rekeyed.cert]);
    let forged = builder(&w.rekeyed, "pchat01")
        .sign_with(&Key::ec("P-256", "mallory"))
        .build();
    all(
        "naming a key that rollover added",
        &rolled,
        &[&forged],
        |match_, proof| match match_ {
            // Under `match: key` rollover adds none.
            "key" => "undetermined name-only/name: issuer-key-differs=doubt",
            _ => bad(match_, proof),
        },
    );
    // Nor does a CA certificate that the forger brings, with a key that nothing can verify with, leave it open.
    let useless = Ca::root_with(CONTOSO, &Key::ec("P-256", "mallory").with_explicit_curve());
    let forged = builder(&w.ca, "pchat01")
        .sign_with(&Key::ec("P-256", "mallory"))
        .build();
    all(
        "with a key of explicit parameters",
        &ask,
        &[&forged, &useless.cert],
        bad,
    );
    // An attacker who brings a certificate that claims the identifier changes nothing but who is known.
    let mallory = CertBuilder::authority(CONTOSO, &Key::ec("P-256", "mallory"))
        .ski(mint::Ski::Bytes(w.ca.key.identifier()))
        .build_ca();
    let claimed = leaf(&mallory, "pchat01");
    all(
        "with the forger's CA certificate",
        &ask,
        &[&claimed, &mallory.cert],
        |match_, proof| match (match_, proof) {
            ("name", "name") => "compliant name-only/signature: issuer-key-differs=warning weak-evidence=warning",
            _ => "noncompliant name-only/signature: issuer-key-differs=error",
        },
    );
}

#[test]
fn an_algorithm_that_proves_nothing_leaves_it_unproven() {
    let w = World::new();
    let ca = Ca::root_with(CONTOSO, &Key::rsa(2048, "ca"));
    let reference = ask().file("fe01", &[&leaf(&ca, "fe01")]).authorities(&[&ca.cert]);
    let md5 = builder(&ca, "pchat01").digest(Digest::Md5).build();
    all(
        "MD5",
        &reference,
        &[&md5],
        |_, _| "undetermined unproven/key-identifier: algorithm-unsupported=doubt",
    );
    let elsewhere = builder(&w.fabrikam, "pchat01")
        .sign_with(&Key::rsa(2048, "ca"))
        .digest(Digest::Md5)
        .build();
    all(
        "MD5 under another name",
        &reference,
        &[&elsewhere],
        |match_, _| match match_ {
            "key" => "undetermined unproven/null: algorithm-unsupported=doubt",
            _ => "noncompliant different/name: issuer-differs=error",
        },
    );
}

#[test]
fn what_cannot_be_read_is_a_doubt() {
    let w = World::new();
    let reference = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&w.ca.cert]);
    for match_ in MATCHES {
        for proof in PROOFS {
            let asked = reference.clone().policy("match", match_).policy("proof", proof);
            let report = asked.report(&[json!({ "name": "gone", "source": { "path": "/nowhere/at/all.pem" } })]);
            assert_eq!(
                verdict(&report.subjects[0]),
                "undetermined unreadable/null: certificate-unreadable=doubt"
            );
            assert!(report.subjects[0].certificate.is_none() && report.subjects[0].issued_by.is_none());
        }
    }
}

#[test]
fn the_certificate_of_a_voting_member_is_identical_with_or_without_a_ca_certificate() {
    let w = World::new();
    let fe01 = w.fe("fe01");
    all(
        "unverified",
        &ask().file("fe01", &[&fe01]),
        &[&fe01],
        |_, _| "compliant same/identical",
    );
    // A verified signature says more.
    let verified = ask().file("fe01", &[&fe01]).authorities(&[&w.ca.cert]);
    all("verified", &verified, &[&fe01], |_, _| "compliant same/signature");
}

#[test]
fn identical_holds_under_its_conditions_alone() {
    let w = World::new();
    let (fe01, fe02) = (w.fe("fe01"), leaf(&w.fabrikam, "fe02"));
    let twin = leaf(&w.look_alike, "fe02");
    let expired = builder(&w.look_alike, "fe02")
        .validity(mint::PAST, mint::PAST + 86_400)
        .build();
    let two = ask().file("fe01", &[&fe01]).file("fe02", &[&fe02]);
    let forged = builder(&w.ca, "fe02").sign_with(&Key::ec("P-256", "mallory")).build();
    rows(&[
        (
            "none verified, and they disagree: of no member",
            two.clone(),
            vec![&fe02],
            "undetermined unproven/key-identifier: ca-certificate-missing=doubt references-disagree=doubt",
        ),
        (
            "any: of any member",
            two.clone().policy("references", "any"),
            vec![&fe02],
            "compliant same/identical",
        ),
        (
            "any: of a member that another's CA certificate does not verify",
            two.clone().policy("references", "any").authorities(&[&w.ca.cert]),
            vec![&fe02],
            "compliant same/identical",
        ),
        (
            "agree, one verified: not of one that does not vote",
            ask()
                .file("fe01", &[&fe01])
                .file("fe02", &[&twin])
                .authorities(&[&w.ca.cert]),
            vec![&twin],
            "undetermined name-only/name: issuer-key-differs=doubt references-disagree=doubt",
        ),
        (
            "lowered to a warning, disagreement is disagreement still",
            two.clone()
                .policy("severity", json!({ "references-disagree": "warning" })),
            vec![&fe02],
            "undetermined unproven/key-identifier: ca-certificate-missing=doubt",
        ),
        (
            "none verified, one name: of neither, as they are two",
            ask().file("fe01", &[&fe01]).file("fe02", &[&twin]),
            vec![&twin],
            "undetermined unproven/key-identifier: ca-certificate-missing=doubt",
        ),
        (
            "none verified, all of them it",
            ask().file("fe01", &[&twin]).file("fe02", &[&twin]),
            vec![&twin],
            "compliant same/identical",
        ),
        (
            "none verified: of an expired one too, which is expired",
            ask().file("fe02", &[&expired]),
            vec![&expired],
            "noncompliant same/identical: expired=error",
        ),
        (
            "not to a member whose signature is wrong",
            ask()
                .file("fe02", &[&forged])
                .authorities(&[&w.ca.cert])
                .policy("references", "any"),
            vec![&forged],
            "undetermined unproven/name: ca-certificate-missing=doubt signature-invalid=doubt",
        ),
        (
            "not with a pin",
            ask().file("fe02", &[&fe02]).pin("ca", &w.ca.cert),
            vec![&fe02],
            "noncompliant different/name: issuer-differs=error references-disagree=doubt",
        ),
        (
            "not with a pin under any",
            ask()
                .file("fe02", &[&fe02])
                .pin_key("ca", &w.fabrikam.key)
                .policy("references", "any"),
            vec![&fe02],
            "undetermined unproven/null: ca-certificate-missing=doubt",
        ),
    ]);
}

#[test]
fn of_several_authorities_the_best_status_stands_and_of_equal_ones_the_higher_row() {
    let w = World::new();
    let other = World {
        ca: w.fabrikam.clone(),
        ..World::new()
    };
    let base = ask()
        .file("fe01", &[&w.fe("fe01")])
        .file("fe02", &[&other.fe("fe02")])
        .authorities(&[&w.ca.cert, &w.fabrikam.cert])
        .policy("references", "any");
    let renamed = builder(&w.ca, "pchat01").issuer_name(FABRIKAM).build();
    let cross = builder(&w.look_alike, "pchat01").build();
    rows(&[
        (
            "the first",
            base.clone(),
            vec![&leaf(&w.ca, "p")],
            "compliant same/signature",
        ),
        (
            "the second",
            base.clone(),
            vec![&leaf(&w.fabrikam, "p")],
            "compliant same/signature",
        ),
        (
            "key-only to one, name-only to the other: the higher row",
            base.clone(),
            vec![&renamed],
            "noncompliant key-only/signature: issuer-name-differs=error",
        ),
        (
            "different from one, a doubt to the other: the better status",
            base.clone(),
            vec![&cross],
            "undetermined name-only/name: issuer-key-differs=doubt",
        ),
    ]);
}

#[test]
fn names_are_compared_as_rfc_5280_asks() {
    let w = World::new();
    let reference = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&w.ca.cert]);
    let written = |rdns: &[&[(&str, Text<'_>)]]| builder(&w.ca, "p").issuer_name(Name::of_rdns(rdns)).build();
    let contoso = || Text::Ia5("CONTOSO");
    let com = || Text::Ia5("com");
    let folded = written(&[
        &[("DC", com())],
        &[("DC", contoso())],
        &[("CN", Text::Bmp("contoso  issuing ca "))],
    ]);
    let reversed = written(&[
        &[("CN", Text::Utf8("Contoso Issuing CA"))],
        &[("DC", contoso())],
        &[("DC", com())],
    ]);
    rows(&[
        (
            "case, space and string type aside",
            reference.clone(),
            vec![&folded],
            "compliant same/signature",
        ),
        (
            "the order of RDNs is kept",
            reference,
            vec![&reversed],
            "noncompliant key-only/signature: issuer-name-differs=error",
        ),
    ]);
}

#[test]
fn under_any_the_name_of_a_member_that_could_not_be_verified_is_not_another_ca() {
    let w = World::new();
    let (subject, alien) = (
        leaf(&w.fabrikam, "p"),
        Ca::root_with(FABRIKAM, &Key::ec("P-256", "mallory")),
    );
    let two = ask()
        .file("fe01", &[&w.fe("fe01")])
        .file("fe02", &[&leaf(&w.fabrikam, "fe02")])
        .authorities(&[&w.ca.cert])
        .policy("references", "any");
    let doubt = "undetermined unproven/null: ca-certificate-missing=doubt";
    rows(&[
        ("its CA is unknown", two.clone(), vec![&subject], doubt),
        (
            "a name alone does not help there",
            two.clone().policy("proof", "name"),
            vec![&subject],
            doubt,
        ),
        (
            "the subject brings its CA",
            two.clone(),
            vec![&subject, &w.fabrikam.cert],
            "undetermined unproven/null: ca-certificate-missing=doubt references-disagree=warning",
        ),
        (
            "the subject brings another of the name",
            two.clone(),
            vec![&leaf(&alien, "p"), &alien.cert],
            doubt,
        ),
        (
            "a third name",
            two.clone(),
            vec![&stranger()],
            "noncompliant different/name: issuer-differs=error",
        ),
        (
            "under agree it is another CA",
            two.policy("references", "agree"),
            vec![&subject],
            "noncompliant different/name: issuer-differs=error references-disagree=doubt",
        ),
    ]);
}

#[test]
fn an_authority_whose_key_cannot_be_used_leaves_its_name_unproven() {
    let w = World::new();
    let dsa = Ca::root_with(CONTOSO, &Key::dsa("ca"));
    let explicit = Ca::root_with(CONTOSO, &Key::ec("P-256", CONTOSO).with_explicit_curve());
    let pinned = |ca: &Ca| ask().pin("ca", &ca.cert);
    let other = leaf(&w.fabrikam, "p");
    rows(&[
        (
            "explicit parameters",
            pinned(&explicit),
            vec![&leaf(&w.ca, "p")],
            "undetermined unproven/name: algorithm-unsupported=doubt",
        ),
        (
            "another name",
            pinned(&dsa),
            vec![&other],
            "noncompliant different/name: issuer-differs=error",
        ),
        (
            "another name under match key",
            pinned(&dsa).policy("match", "key"),
            vec![&other],
            "undetermined unproven/null: ca-certificate-missing=doubt",
        ),
    ]);
    let verdict = pinned(&dsa).verdict(&[&leaf(&dsa, "p")]);
    assert_eq!(verdict, "undetermined unproven/name: algorithm-unsupported=doubt");
}

#[test]
fn what_cannot_be_read_in_evidence_is_a_warning_and_hides_nothing_beside_it() {
    let w = World::new();
    let mut asked = ask().file("fe01", &[&w.fe("fe01")]);
    asked.intermediates.push(json!({ "path": "/nowhere/at/all.cer" }));
    asked.authorities.push(json!({ "path": "/nowhere/at/all.cer" }));
    let asked = asked.authorities(&[&w.ca.cert]);
    assert_eq!(asked.verdict(&[&leaf(&w.ca, "p")]), "compliant same/signature");
    assert_eq!(
        asked.standing(),
        "certificate-unreadable=warning certificate-unreadable=warning"
    );
    let report = asked.on(&[&leaf(&w.ca, "p")]);
    let pointers: Vec<_> = report
        .reference
        .findings
        .iter()
        .filter_map(|finding| finding.pointer.as_deref())
        .collect();
    assert_eq!(pointers, ["/authorities/0", "/intermediates/0"]);
}
