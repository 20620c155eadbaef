//! Links between two keys of a CA that were refused: what is said of them, and when.

use mint::{Aki, Ski};

use super::rollover::{ALIKE, REFUSED, ROLLED, key, roots, under};
use super::*;

#[test]
fn a_refused_link_names_the_certificate_to_add() {
    let w = World::new();
    let subject = leaf(&w.rekeyed, "p");
    let base = ask().file("fe01", &[&w.fe("fe01")]).found(&[&w.rekeyed.cert]);
    let hint = |asked: Ask, certs: &[&Cert]| finding(&asked.on(certs), "link-refused").hint.clone().unwrap();
    let parent = hint(
        base.clone().authorities(&[&w.ca.cert]).found(&[&w.root.cert]),
        &[&subject],
    );
    assert!(
        parent.contains(&w.root.cert.sha256()) && !parent.contains(&w.ca.cert.sha256()),
        "{parent}"
    );
    let twin = hint(
        base.clone().authorities(&[&w.root.cert]).found(&[&w.ca.cert]),
        &[&subject],
    );
    assert!(
        twin.contains(&w.ca.cert.sha256()) && !twin.contains(&w.root.cert.sha256()),
        "{twin}"
    );
    let missing = hint(base.clone().authorities(&[&w.ca.cert]), &[&subject]);
    assert!(
        missing.contains(ROOT) && missing.contains(&mint::hex(&w.root.key.identifier())),
        "{missing}"
    );
    // Doing what it says settles it.
    let settled = base.authorities(&[&w.ca.cert, &w.root.cert]);
    assert_eq!(settled.verdict(&[&subject]), ROLLED);
}

#[test]
fn a_missing_parent_is_named_only_where_both_certificates_point_to_it_and_nothing_else_signed_them() {
    let w = World::new();
    let base = under(&w.ca);
    let subject = leaf(&w.rekeyed, "p");
    let child = |aki: Aki| {
        CertBuilder::authority(CONTOSO, &w.rekeyed.key)
            .issuer(&w.root)
            .aki(aki)
            .build()
    };
    let silent_twin = CertBuilder::authority(CONTOSO, &w.ca.key)
        .issuer(&w.root)
        .aki(Aki::Absent)
        .build();
    let silent = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&silent_twin]);
    // Self-signed: it points to the name, or to the identifier, and the key that signed it is at hand.
    let claims = CertBuilder::authority(CONTOSO, &w.look_alike.key)
        .issuer_name(ROOT)
        .aki(Aki::KeyId(w.root.key.identifier()))
        .build();
    let attackers = Ca::root_with(ROOT, &key("mallory"));
    let by_attacker = CertBuilder::authority(CONTOSO, &w.look_alike.key)
        .issuer(&attackers)
        .aki(Aki::KeyId(w.root.key.identifier()))
        .build();
    let impostor = leaf(&w.look_alike, "p");
    rows(&[
        (
            "both point to it",
            base.clone(),
            vec![&subject, &w.rekeyed.cert],
            REFUSED,
        ),
        (
            "the child points by no identifier",
            base.clone(),
            vec![&subject, &child(Aki::Absent)],
            ALIKE,
        ),
        (
            "the child points to another",
            base.clone(),
            vec![&subject, &child(Aki::KeyId(vec![3; 20]))],
            ALIKE,
        ),
        (
            "the twin points by no identifier",
            silent,
            vec![&subject, &w.rekeyed.cert],
            ALIKE,
        ),
        (
            "the twin is only found",
            ask().file("fe01", &[&w.fe("fe01")]).found(&[&w.ca.cert]),
            vec![&subject, &w.rekeyed.cert],
            ALIKE,
        ),
        (
            "its own key signed what points there",
            base.clone(),
            vec![&impostor, &claims],
            ALIKE,
        ),
        (
            "a parent of the attacker's signed it",
            base.clone(),
            vec![&impostor, &by_attacker, &attackers.cert],
            ALIKE,
        ),
        (
            "a parent with that identifier is at hand and did not sign",
            base.found(&[&CertBuilder::authority(ROOT, &key("mallory"))
                .ski(Ski::Bytes(w.root.key.identifier()))
                .build()]),
            vec![&subject, &w.rekeyed.cert],
            ALIKE,
        ),
    ]);
}

#[test]
fn nothing_is_refused_where_nothing_is_wanting() {
    let w = World::new();
    let r = roots(CONTOSO);
    let said = |asked: Ask, certs: &[&Cert]| asked.verdict(certs).contains("link-refused");
    assert!(!said(under(&w.ca), &[&leaf(&w.ca, "p")]), "same");
    assert!(
        !said(
            under(&w.ca).authorities(&[&w.root.cert, &w.rekeyed.cert]),
            &[&leaf(&w.rekeyed, "p")]
        ),
        "rollover"
    );
    assert!(
        !said(
            under(&w.ca).authorities(&[&w.fabrikam.cert]),
            &[&leaf(&w.fabrikam, "p")]
        ),
        "different"
    );
    assert!(
        !said(under(&w.ca), &[&leaf(&w.rekeyed, "p")]),
        "its CA certificate is unknown"
    );
    assert!(
        !said(
            under(&r.old).found(&[&r.new.cert, &r.old_by_new]),
            &[&leaf(&r.new, "p")]
        ),
        "a root's link the wrong way"
    );
    let distrusted = under(&w.ca).found(&[&w.root.cert, &w.rekeyed.cert]);
    assert!(
        !said(distrusted.clone().distrust(&[&w.root.cert]), &[&leaf(&w.rekeyed, "p")]),
        "the parent is distrusted"
    );
    assert!(
        !said(distrusted.distrust(&[&w.rekeyed.cert]), &[&leaf(&w.rekeyed, "p")]),
        "the key is distrusted"
    );
}
