//! Distrust: what it takes away, and that it leaves nothing to guess.

use mint::{CA_FUTURE, CA_PAST};

use super::reference::SAME;
use super::*;

#[test]
fn a_distrusted_key_allows_nothing() {
    let w = World::new();
    let (fe01, subject) = (w.fe("fe01"), leaf(&w.ca, "p"));
    let reference = ask().file("fe01", &[&fe01]).authorities(&[&w.ca.cert]);
    let by_key = |ask: Ask, key: &Key| ask.policy("distrust", json!([{ "key_sha256": key.spki_sha256() }]));
    let distrusted = "noncompliant unproven/null: authority-distrusted=doubt authority-distrusted=error ca-certificate-missing=doubt";
    let pin = ask().pin("ca", &w.ca.cert).file("fe01", &[&fe01]);
    rows(&[
        (
            "by source",
            reference.clone().distrust(&[&w.ca.cert]),
            vec![&subject],
            distrusted,
        ),
        (
            "by key",
            by_key(reference.clone(), &w.ca.key),
            vec![&subject],
            distrusted,
        ),
        (
            "identical lifts nothing",
            reference.clone().distrust(&[&w.ca.cert]),
            vec![&fe01],
            distrusted,
        ),
        (
            "identical under any lifts nothing",
            ask()
                .file("fe01", &[&fe01])
                .distrust(&[&w.ca.cert])
                .policy("references", "any"),
            vec![&fe01],
            "noncompliant same/identical: authority-distrusted=doubt authority-distrusted=error",
        ),
        (
            "a pin lifts nothing",
            pin.clone().distrust(&[&w.ca.cert]),
            vec![&subject],
            distrusted,
        ),
        (
            "a key pin lifts nothing",
            by_key(ask().pin_key("ca", &w.ca.key).found(&[&w.ca.cert]), &w.ca.key),
            vec![&subject],
            distrusted,
        ),
        (
            "another pin stands",
            ask()
                .pin("ca", &w.ca.cert)
                .pin("other", &w.fabrikam.cert)
                .distrust(&[&w.ca.cert]),
            vec![&leaf(&w.fabrikam, "p")],
            SAME,
        ),
        (
            "another member votes",
            ask()
                .file("fe01", &[&fe01])
                .file("fe02", &[&leaf(&w.fabrikam, "fe02")])
                .found(&[&w.fabrikam.cert])
                .distrust(&[&w.ca.cert]),
            vec![&leaf(&w.fabrikam, "p")],
            SAME,
        ),
        (
            "a distrusted source is no evidence for others",
            reference.distrust(&[&w.fabrikam.cert]),
            vec![&leaf(&w.fabrikam, "p")],
            "noncompliant different/signature: authority-distrusted=error issuer-differs=error",
        ),
    ]);
    standings(&[
        (
            "alone",
            ask().file("fe01", &[&fe01]).distrust(&[&w.ca.cert]),
            "fe01: authority-distrusted=error",
        ),
        (
            "beside one that votes",
            ask()
                .file("fe01", &[&fe01])
                .file("fe02", &[&leaf(&w.fabrikam, "fe02")])
                .found(&[&w.fabrikam.cert])
                .distrust(&[&w.ca.cert]),
            "fe01: authority-distrusted=warning",
        ),
    ]);
}

#[test]
fn a_distrusted_key_joins_nothing_and_is_joined_by_nothing() {
    let w = World::new();
    let reference = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&w.ca.cert]);
    let subject = leaf(&w.rekeyed, "p");
    // A link by the CA's own key, a common parent and a previous hash.
    let link = w.ca.cross_certify(&w.rekeyed);
    let hash = w.rekeyed.cert.clone();
    let by_hash = ask()
        .file("fe01", &[&leaf(&w.rekeyed, "fe01")])
        .authorities(&[&hash, &w.ca.cert]);
    let rolled = "noncompliant name-only/signature: authority-distrusted=error issuer-key-differs=error";
    // The hash in the trusted certificate says that a link was made.
    let hinted = "undetermined name-only/signature: issuer-key-differs=doubt link-refused=info";
    let alike = "noncompliant name-only/signature: issuer-key-differs=error";
    let parents = reference.clone().authorities(&[&w.root.cert, &w.rekeyed.cert]);
    rows(&[
        (
            "linked",
            reference.clone().found(&[&link]),
            vec![&subject],
            "compliant rollover/signature",
        ),
        (
            "linked and distrusted",
            reference.clone().found(&[&link]).distrust(&[&w.rekeyed.cert]),
            vec![&subject],
            rolled,
        ),
        (
            "by a common parent",
            parents.clone(),
            vec![&subject],
            "compliant rollover/signature",
        ),
        (
            "the parent is distrusted",
            parents.clone().distrust(&[&w.root.cert]),
            vec![&subject],
            hinted,
        ),
        (
            "joined and distrusted",
            parents.distrust(&[&w.rekeyed.cert]),
            vec![&subject],
            rolled,
        ),
        (
            "by a hash that the parent signed",
            by_hash.clone().authorities(&[&w.root.cert]),
            vec![&leaf(&w.ca, "p")],
            "compliant rollover/signature",
        ),
        (
            "the hash's parent is distrusted",
            by_hash.clone().distrust(&[&w.root.cert]),
            vec![&leaf(&w.ca, "p")],
            alike,
        ),
        (
            "the key of the hash is distrusted",
            by_hash.authorities(&[&w.root.cert]).distrust(&[&w.ca.cert]),
            vec![&leaf(&w.ca, "p")],
            rolled,
        ),
    ]);
}

#[test]
fn a_version_1_root_can_be_distrusted_too() {
    let w = World::new();
    let v1 = CertBuilder::new(CONTOSO, &w.ca.key)
        .version1()
        .validity(CA_PAST, CA_FUTURE)
        .build();
    let reference = ask()
        .file("fe01", &[&leaf(&w.fabrikam, "fe01")])
        .authorities(&[&w.fabrikam.cert])
        .distrust(&[&v1]);
    rows(&[
        (
            "others are as they were",
            reference.clone(),
            vec![&leaf(&w.fabrikam, "p")],
            SAME,
        ),
        (
            "what it signed is known",
            reference,
            vec![&leaf(&w.ca, "p")],
            "noncompliant different/signature: authority-distrusted=error issuer-differs=error",
        ),
    ]);
}

#[test]
fn a_distrust_that_cannot_be_read_leaves_all_in_doubt_and_one_that_may_not_sign_counts() {
    let w = World::new();
    let reference = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&w.ca.cert]);
    let asked = reference
        .clone()
        .policy("distrust", json!([{ "path": "/nowhere/at/all.cer" }]));
    assert!(
        asked
            .verdict(&[&leaf(&w.ca, "p")])
            .starts_with("undetermined same/signature: certificate-unreadable=doubt")
    );
    // A key is meant, whatever the certificate that names it may do.
    let over_the_ca_key = CertBuilder::server("any.example", &w.ca.key)
        .issuer(&w.fabrikam)
        .build();
    for certificates in [&[&over_the_ca_key][..], &[&w.fe("fe09"), &over_the_ca_key]] {
        let verdict = reference.clone().distrust(certificates).verdict(&[&leaf(&w.ca, "p")]);
        assert!(verdict.contains("authority-distrusted=error"), "{verdict}");
    }
    let of_a_server = reference.distrust(&[&w.fe("fe01")]);
    assert_eq!(of_a_server.verdict(&[&leaf(&w.ca, "p")]), SAME);
}
