//! What a reference allows: votes, disagreement, pins, anchors and distrust.

use mint::{DAY, Digest, NOW, Name, PAST};

use super::*;

pub(super) const SAME: &str = "compliant same/signature";

/// A server's certificate that is not valid any more.
pub(super) fn expired(ca: &Ca, host: &str) -> Cert {
    builder(ca, host).validity(PAST, PAST + DAY).build()
}

#[test]
fn members_of_one_authority_agree_and_of_two_do_not() {
    let w = World::new();
    let (fe01, alike, other) = (w.fe("fe01"), leaf(&w.look_alike, "fe02"), leaf(&w.fabrikam, "fe02"));
    let all = [&w.ca.cert, &w.look_alike.cert, &w.fabrikam.cert];
    let two = |second: &Cert| ask().file("fe01", &[&fe01]).file("fe02", &[second]);
    let rekeyed = two(&leaf(&w.rekeyed, "fe02")).authorities(&[&w.root.cert, &w.ca.cert, &w.rekeyed.cert]);
    let renamed = builder(&w.ca, "fe02").issuer_name(FABRIKAM).build();
    let by = |ask: &Ask, match_: &str| ask.clone().policy("match", match_);
    standings(&[
        ("one key", two(&w.fe("fe02")).authorities(&all), ""),
        (
            "two keys of one name",
            two(&alike).authorities(&all),
            "references-disagree=error",
        ),
        ("two names", two(&other).authorities(&all), "references-disagree=error"),
        (
            "two names without a key",
            two(&other),
            "ca-certificate-missing=warning references-disagree=error",
        ),
        ("one name without a key", two(&alike), "ca-certificate-missing=warning"),
        ("any", two(&other).authorities(&all).policy("references", "any"), ""),
        (
            "any without a key",
            two(&other).policy("references", "any"),
            "ca-certificate-missing=warning",
        ),
        (
            "lowered",
            two(&other)
                .authorities(&all)
                .policy("severity", json!({"references-disagree": "info"})),
            "references-disagree=info",
        ),
        ("a proven re-key", rekeyed.clone(), ""),
        (
            "a proven re-key under match key",
            by(&rekeyed, "key"),
            "references-disagree=error",
        ),
        (
            "two keys of one name under match name",
            by(&two(&alike).authorities(&all), "name"),
            "references-disagree=error",
        ),
        (
            "two names under match name",
            by(&two(&other).authorities(&all), "name"),
            "references-disagree=error",
        ),
        (
            "one key under two names",
            two(&renamed).authorities(&all),
            "references-disagree=error",
        ),
        (
            "one key under two names under match key",
            by(&two(&renamed).authorities(&all), "key"),
            "",
        ),
        (
            "one verified, one not, one name",
            two(&alike).authorities(&[&w.ca.cert]),
            "references-disagree=error",
        ),
        (
            "one verified, one not, two names",
            two(&other).authorities(&[&w.ca.cert]),
            "references-disagree=error",
        ),
    ]);
}

#[test]
fn a_disagreement_leaves_every_subject_in_doubt() {
    let w = World::new();
    let base = ask()
        .file("fe01", &[&w.fe("fe01")])
        .file("fe02", &[&leaf(&w.fabrikam, "fe02")])
        .authorities(&[&w.ca.cert, &w.fabrikam.cert]);
    let subject = leaf(&w.ca, "p");
    let doubt = "undetermined same/signature: references-disagree=doubt";
    let lowered = |severity: &str| {
        base.clone()
            .policy("severity", json!({ "references-disagree": severity }))
    };
    rows(&[
        ("error", base.clone(), vec![&subject], doubt),
        ("lowered to a doubt", lowered("doubt"), vec![&subject], doubt),
        ("lowered to a warning", lowered("warning"), vec![&subject], SAME),
        ("lowered to info", lowered("info"), vec![&subject], SAME),
        ("any", base.clone().policy("references", "any"), vec![&subject], SAME),
        (
            "of neither",
            base.clone(),
            vec![&leaf(&w.look_alike, "p")],
            "undetermined name-only/name: issuer-key-differs=doubt references-disagree=doubt",
        ),
    ]);
}

#[test]
fn a_look_alike_among_the_members_pulls_nothing_over() {
    let w = World::new();
    let (fe01, alike, subject) = (w.fe("fe01"), leaf(&w.look_alike, "fe02"), leaf(&w.look_alike, "p"));
    // What the look-alike can sign: the genuine CA's key, as if it had been re-keyed to it.
    let link = w.look_alike.cross_certify(&w.ca);
    let doubtful = |verdict: &str| verdict.starts_with("undetermined") && verdict.contains("references-disagree=doubt");
    for (vouched, linked, ca_vouched, by_tls, first) in
        (0..32).map(|n| (n & 1 > 0, n & 2 > 0, n & 4 > 0, n & 8 > 0, n & 16 > 0))
    {
        let shown = format!(
            "vouched {vouched}, link {linked}, genuine CA vouched {ca_vouched}, by TLS {by_tls}, first {first}"
        );
        let mut asked = ask();
        asked = match ca_vouched {
            true => asked.authorities(&[&w.ca.cert]),
            false => asked.found(&[&w.ca.cert]),
        };
        if vouched {
            asked = asked.authorities(&[&w.look_alike.cert]);
        }
        let mut sent = vec![&alike, &w.look_alike.cert];
        if linked {
            sent.push(&link);
        }
        let genuine = |asked: Ask| asked.file("fe01", &[&fe01]);
        let other = |asked: Ask| match by_tls {
            true => asked.tls("fe02.contoso.com", &sent),
            false => asked.file("fe02", &sent),
        };
        let asked = if first {
            genuine(other(asked))
        } else {
            other(genuine(asked))
        };
        // A key that the operator answers for may join another to its own, as a CA's old key does; none other may.
        let joins = linked && vouched;
        for verdict in [asked.verdict(&[&subject]), asked.verdict(&[&leaf(&w.ca, "p")])] {
            assert!(
                if joins { verdict == SAME } else { doubtful(&verdict) },
                "{shown}: {verdict}"
            );
        }
    }
}

#[test]
fn a_member_that_is_not_valid_votes_only_while_no_valid_one_does() {
    let w = World::new();
    let old = expired(&w.ca, "fe01");
    let valid = leaf(&w.rekeyed, "fe02");
    let vouched = [&w.ca.cert, &w.rekeyed.cert];
    let alone = ask().file("fe01", &[&old]).authorities(&vouched);
    let early = builder(&w.ca, "fe01").validity(NOW + DAY, NOW + 400 * DAY).build();
    let ended = |cert: &Cert| ask().file("fe01", &[cert]).file("fe02", &[&valid]);
    standings(&[
        ("alone", alone.clone(), "fe01: expired=warning"),
        // Not joined: the expired one is judged, and is of another key.
        (
            "beside a valid one",
            ended(&old).authorities(&vouched),
            "references-disagree=error; fe01: expired=warning",
        ),
        (
            "not yet valid",
            ended(&early).authorities(&vouched),
            "references-disagree=error; fe01: not-yet-valid=warning",
        ),
        (
            "joined: as a subject would pass",
            ended(&old).authorities(&vouched).authorities(&[&w.root.cert]),
            "fe01: expired=warning",
        ),
        (
            "any: it is not judged",
            ended(&old).authorities(&vouched).policy("references", "any"),
            "fe01: expired=warning",
        ),
    ]);
    rows(&[
        ("alone", alone, vec![&leaf(&w.ca, "p")], SAME),
        (
            "any: it votes beside a valid one",
            ended(&old).authorities(&vouched).policy("references", "any"),
            vec![&leaf(&w.ca, "p")],
            SAME,
        ),
        (
            "joined: the subject under the valid one's key is the same, under the other's a rollover",
            ended(&old).authorities(&vouched).authorities(&[&w.root.cert]),
            vec![&leaf(&w.ca, "p")],
            "compliant rollover/signature",
        ),
    ]);
}

#[test]
fn validity_of_a_member_includes_both_ends() {
    let w = World::new();
    let until = |from: i64, to: i64| builder(&w.ca, "fe01").validity(from, to).build();
    let beside = leaf(&w.look_alike, "fe02");
    for (from, to, votes) in [
        (NOW - DAY, NOW, true),
        (NOW, NOW + 100 * DAY, true),
        (NOW - DAY, NOW - 1, false),
        (NOW + 1, NOW + 100 * DAY, false),
    ] {
        let asked = ask()
            .file("fe01", &[&until(from, to)])
            .file("fe02", &[&beside])
            .authorities(&[&w.ca.cert, &w.look_alike.cert]);
        assert_eq!(
            asked.on(&[&beside]).reference.authorities.len(),
            if votes { 2 } else { 1 },
            "{from} to {to}"
        );
    }
}

#[test]
fn a_ca_certificate_or_a_self_signed_one_as_member_lets_nobody_pass() {
    let w = World::new();
    let root_ca = Ca::root(CONTOSO);
    let self_signed = CertBuilder::server("fe01.contoso.com", &Key::ec("P-256", "fe01")).build();
    let v1 = CertBuilder::new(CONTOSO, &w.ca.key).version1().build();
    let (subject, other) = (leaf(&w.ca, "p"), leaf(&w.fabrikam, "p"));
    let ca_alone = ask().file("fe01", &[&w.ca.cert]).authorities(&[&w.root.cert]);
    standings(&[
        ("the CA alone", ca_alone.clone(), "fe01: reference-is-ca=error"),
        (
            "a self-signed CA",
            ask().file("fe01", &[&root_ca.cert]),
            "fe01: reference-is-ca=error self-signed=error",
        ),
        (
            "a self-signed server",
            ask().file("fe01", &[&self_signed]),
            "ca-certificate-missing=warning; fe01: self-signed=error",
        ),
        (
            "a version 1 root",
            ask().file("fe01", &[&v1]),
            "ca-certificate-missing=warning; fe01: reference-is-ca=error self-signed=error",
        ),
        (
            "beside a server, judged as one",
            ask()
                .file("fe01", &[&w.ca.cert])
                .file("fe02", &[&w.fe("fe02")])
                .authorities(&[&w.root.cert]),
            "references-disagree=error; fe01: reference-is-ca=error",
        ),
        ("with the CA as a pin", ask().pin("ca", &w.ca.cert), ""),
    ]);
    rows(&[
        (
            "issuer-differs is a doubt",
            ca_alone.clone(),
            vec![&subject],
            "undetermined different/signature: issuer-differs=doubt reference-is-ca=doubt same-root=info",
        ),
        (
            "of anybody's",
            ca_alone.clone(),
            vec![&other],
            "undetermined different/name: issuer-differs=doubt reference-is-ca=doubt",
        ),
        (
            "its own siblings are the same and in doubt",
            ca_alone,
            vec![&leaf(&w.root, "p")],
            "undetermined same/signature: reference-is-ca=doubt",
        ),
        (
            "beside a server, issuer-differs is a doubt still",
            ask()
                .file("fe01", &[&w.ca.cert])
                .file("fe02", &[&w.fe("fe02")])
                .authorities(&[&w.root.cert]),
            vec![&other],
            "undetermined different/name: issuer-differs=doubt reference-is-ca=doubt references-disagree=doubt",
        ),
        (
            "self-signed: identical, and an error",
            ask().file("fe01", &[&self_signed]),
            vec![&self_signed],
            "noncompliant same/identical: self-signed=doubt self-signed=error",
        ),
    ]);
}

#[test]
fn a_member_that_points_to_a_vouched_key_which_did_not_sign_it_is_invalid() {
    let w = World::new();
    let forged = builder(&w.ca, "fe01").sign_with(&Key::ec("P-256", "mallory")).build();
    let asked = ask().file("fe01", &[&forged]);
    let alien = leaf(&w.look_alike, "fe01");
    let useless = Ca::root_with(CONTOSO, &Key::ec("P-256", "mallory").with_explicit_curve());
    standings(&[
        (
            "beside a key of explicit parameters",
            ask().file("fe01", &[&forged, &useless.cert]).authorities(&[&w.ca.cert]),
            "ca-certificate-missing=warning; fe01: signature-invalid=error",
        ),
        (
            "vouched",
            asked.clone().authorities(&[&w.ca.cert]),
            "ca-certificate-missing=warning; fe01: signature-invalid=error",
        ),
        (
            "found",
            asked.clone().found(&[&w.ca.cert]),
            "ca-certificate-missing=warning",
        ),
        (
            "another identifier",
            ask().file("fe01", &[&alien]).authorities(&[&w.ca.cert]),
            "ca-certificate-missing=warning",
        ),
        (
            "a known key signed it",
            ask()
                .file("fe01", &[&builder(&w.ca, "fe01").sign_with(&w.look_alike.key).build()])
                .authorities(&[&w.ca.cert, &w.look_alike.cert]),
            "",
        ),
    ]);
}

#[test]
fn no_reference_is_a_doubt_and_so_is_an_unreadable_member_beside_a_readable_one() {
    let w = World::new();
    let subject = leaf(&w.ca, "p");
    standings(&[
        ("none", ask(), "reference-missing=doubt"),
        (
            "unreadable",
            ask().unreadable("fe01"),
            "reference-missing=doubt; fe01: reference-unreadable=doubt",
        ),
        (
            "beside a readable one",
            ask()
                .unreadable("fe01")
                .file("fe02", &[&w.fe("fe02")])
                .authorities(&[&w.ca.cert]),
            "fe01: reference-unreadable=doubt",
        ),
        (
            "beside a pin",
            ask().unreadable("fe01").pin_key("ca", &w.ca.key),
            "fe01: reference-unreadable=doubt",
        ),
        (
            "beside a readable one under any",
            ask()
                .unreadable("fe01")
                .file("fe02", &[&w.fe("fe02")])
                .authorities(&[&w.ca.cert])
                .policy("references", "any"),
            "fe01: reference-unreadable=warning",
        ),
        (
            "beside a readable one, lowered",
            ask()
                .unreadable("fe01")
                .file("fe02", &[&w.fe("fe02")])
                .authorities(&[&w.ca.cert])
                .policy("severity", json!({ "reference-unreadable": "info" })),
            "fe01: reference-unreadable=info",
        ),
    ]);
    rows(&[
        (
            "none",
            ask().authorities(&[&w.ca.cert]),
            vec![&subject],
            "undetermined unproven/null: ca-certificate-missing=doubt reference-missing=doubt",
        ),
        (
            "beside a readable one",
            ask()
                .unreadable("fe01")
                .file("fe02", &[&w.fe("fe02")])
                .authorities(&[&w.ca.cert]),
            vec![&subject],
            "undetermined same/signature: reference-unreadable=doubt",
        ),
    ]);
}

#[test]
fn what_concerns_a_member_alone_is_a_warning_at_most() {
    let ca = Ca::root_with(CONTOSO, &Key::rsa(2048, "ca"));
    let member = CertBuilder::new(Name::parse("CN=fe01"), &Key::rsa(1024, "leaf"))
        .issuer(&ca)
        .digest(Digest::Sha1)
        .validity(PAST, PAST + DAY)
        .build();
    let md5 = builder(&ca, "fe02").digest(Digest::Md5).build();
    let raised =
        json!({ "expired": "error", "key-weak": "error", "digest-weak": "doubt", "algorithm-unsupported": "error" });
    let asked = ask()
        .file("fe01", &[&member])
        .file("fe02", &[&md5])
        .authorities(&[&ca.cert])
        .policy("profile", "lync-server-2013")
        .policy("severity", raised);
    let said = asked.standing();
    assert_eq!(
        said,
        "fe01: cdp-missing=warning digest-weak=warning expired=warning key-weak=warning server-auth-missing=warning; \
         fe02: algorithm-unsupported=error digest-unsupported=warning",
        "whether a member agrees that nothing can verify is not known beside one that votes"
    );
    let good = builder(&ca, "p").build();
    let asked = asked.policy("references", "any");
    assert!(
        asked.verdict(&[&good]).starts_with("compliant same/signature"),
        "{}",
        asked.verdict(&[&good])
    );
}

#[test]
fn a_severity_is_raised_at_will_and_lowered_where_it_says_nothing_about_the_ca() {
    let w = World::new();
    let may = [
        "expired",
        "not-yet-valid",
        "issued-after-ca-expiry",
        "expires-soon",
        "ca-expired",
        "ca-expires-soon",
        "name-mismatch",
        "name-in-common-name",
        "server-auth-missing",
        "client-auth-missing",
        "cdp-missing",
        "key-unsupported",
        "key-weak",
        "digest-unsupported",
        "digest-weak",
        "reference-unanchored",
        "references-disagree",
    ];
    let may_not = [
        "issuer-differs",
        "issuer-key-differs",
        "issuer-name-differs",
        "signature-invalid",
        "certificate-missing",
        "none-fits",
        "reference-is-ca",
        "subject-is-ca",
        "self-signed",
        "several-roots",
        "authority-distrusted",
        "private-key-missing",
        "private-key-mismatch",
        "ca-certificate-missing",
        "certificate-unreadable",
        "source-ambiguous",
        "algorithm-unsupported",
        "limit-reached",
        "names-not-given",
        "reference-missing",
        "weak-evidence",
    ];
    let reference = ask().file("fe01", &[&w.fe("fe01")]).authorities(&[&w.ca.cert]);
    for code in may {
        reference
            .clone()
            .policy("severity", json!({ code: "info" }))
            .on(&[&leaf(&w.ca, "p")]);
    }
    for code in may_not {
        let fault = reference.clone().policy("severity", json!({ code: "info" })).refusal();
        assert_eq!(fault.pointer, Some(format!("/policy/severity/{code}")));
        reference
            .clone()
            .policy("severity", json!({ code: "error" }))
            .on(&[&leaf(&w.ca, "p")]);
    }
    let raised = |code: &str, ask: Ask| ask.policy("severity", json!({ code: "error" }));
    let key_only = builder(&w.ca, "p").issuer_name(FABRIKAM).build();
    rows(&[
        (
            "weak-evidence",
            raised(
                "weak-evidence",
                ask().file("fe01", &[&w.fe("fe01")]).policy("proof", "name"),
            ),
            vec![&leaf(&w.ca, "p")],
            "noncompliant unproven/key-identifier: weak-evidence=error",
        ),
        (
            "issuer-name-differs",
            raised("issuer-name-differs", reference.clone().policy("match", "key")),
            vec![&key_only],
            "noncompliant key-only/signature: issuer-name-differs=error",
        ),
        (
            "issuer-key-differs",
            raised("issuer-key-differs", reference.clone()),
            vec![&leaf(&w.look_alike, "p")],
            "noncompliant name-only/name: issuer-key-differs=error",
        ),
        (
            "references-disagree is lowered without an effect on relation",
            reference.policy("severity", json!({ "references-disagree": "info" })),
            vec![&leaf(&w.ca, "p")],
            SAME,
        ),
    ]);
}
