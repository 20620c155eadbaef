//! What a reference allows: votes, disagreement, pins, anchors and distrust.

use mint::{CA_FUTURE, CA_PAST, DAY, Digest, NOW, Name, PAST};

use super::*;

const SAME: &str = "compliant same/signature";

/// A server's certificate that is not valid any more.
fn expired(ca: &Ca, host: &str) -> Cert {
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
fn with_a_pin_the_pins_alone_are_allowed() {
    let w = World::new();
    let (fe01, subject, other) = (w.fe("fe01"), leaf(&w.ca, "p"), leaf(&w.fabrikam, "p"));
    let pin = ask().pin("ca", &w.ca.cert);
    let agreeing = pin.clone().file("fe01", &[&fe01]);
    let disagreeing = pin
        .clone()
        .file("fe01", &[&leaf(&w.fabrikam, "fe01")])
        .found(&[&w.fabrikam.cert]);
    let disagrees = "undetermined same/signature: references-disagree=doubt";
    let different = "noncompliant different/signature: issuer-differs=error";
    rows(&[
        ("alone", pin.clone(), vec![&subject], SAME),
        (
            "alone, another CA",
            pin.clone(),
            vec![&other],
            "noncompliant different/name: issuer-differs=error",
        ),
        ("a member agrees", agreeing.clone(), vec![&subject], SAME),
        ("a member disagrees", disagreeing.clone(), vec![&subject], disagrees),
        (
            "under any too",
            disagreeing.clone().policy("references", "any"),
            vec![&subject],
            disagrees,
        ),
        (
            "a disagreeing member's CA is not allowed",
            disagreeing,
            vec![&other],
            "noncompliant different/signature: issuer-differs=error references-disagree=doubt",
        ),
        (
            "two pins are alternatives",
            pin.clone().pin("other", &w.fabrikam.cert),
            vec![&other],
            SAME,
        ),
        (
            "two pins are alternatives",
            pin.clone().pin_key("other", &w.fabrikam.key),
            vec![&subject],
            SAME,
        ),
        (
            "its rollover counts",
            pin.clone().authorities(&[&w.root.cert, &w.rekeyed.cert]),
            vec![&leaf(&w.rekeyed, "p")],
            "compliant rollover/signature",
        ),
        (
            "its rollover under match key",
            pin.clone()
                .authorities(&[&w.root.cert, &w.rekeyed.cert])
                .policy("match", "key"),
            vec![&leaf(&w.rekeyed, "p")],
            "noncompliant name-only/signature: issuer-key-differs=error",
        ),
        (
            "another name under its key",
            pin.clone(),
            vec![&builder(&w.ca, "p").issuer_name(FABRIKAM).build()],
            "noncompliant key-only/signature: issuer-name-differs=error",
        ),
        (
            "a member that cannot be verified does not disagree",
            pin.clone()
                .file("fe01", &[&builder(&w.ca, "fe01").digest(Digest::Sha256).build()]),
            vec![&subject],
            SAME,
        ),
        (
            "authorities widen no pin",
            pin.authorities(&[&w.fabrikam.cert]),
            vec![&other],
            different,
        ),
    ]);
}

#[test]
fn a_member_under_a_rolled_over_key_agrees_with_the_pin() {
    let w = World::new();
    let rolled = ask().pin("ca", &w.ca.cert).file("fe01", &[&leaf(&w.rekeyed, "fe01")]);
    standings(&[
        (
            "joined",
            rolled.clone().authorities(&[&w.root.cert, &w.rekeyed.cert]),
            "",
        ),
        (
            "not joined",
            rolled.clone().authorities(&[&w.rekeyed.cert]),
            "references-disagree=error",
        ),
        (
            "not known",
            rolled,
            "ca-certificate-missing=warning references-disagree=error",
        ),
    ]);
}

#[test]
fn a_key_pin_is_that_key_alone() {
    let w = World::new();
    let pin = ask().pin_key("ca", &w.ca.key);
    let subject = leaf(&w.ca, "p");
    let renamed = builder(&w.ca, "p").issuer_name(FABRIKAM).build();
    let differ = "noncompliant different/signature: issuer-differs=error";
    let no_carrier = "undetermined unproven/null: ca-certificate-missing=doubt";
    let carried = pin.clone().found(&[&w.ca.cert]);
    let weak = Ca::root_with(CONTOSO, &Key::rsa(1024, "ca"));
    let md5 = CertBuilder::server("p.contoso.com", &Key::ec("P-256", "p"))
        .issuer(&weak)
        .digest(Digest::Md5)
        .build();
    rows(&[
        ("carried by a found certificate", carried.clone(), vec![&subject], SAME),
        (
            "carried by what the subject brings",
            pin.clone(),
            vec![&subject, &w.ca.cert],
            SAME,
        ),
        ("whatever the name", carried.clone(), vec![&renamed], SAME),
        ("no carrier", pin.clone(), vec![&subject], no_carrier),
        (
            "no carrier, and another known key",
            pin.clone().found(&[&w.look_alike.cert]),
            vec![&leaf(&w.look_alike, "p")],
            differ,
        ),
        (
            "another known key",
            carried.clone().authorities(&[&w.look_alike.cert]),
            vec![&leaf(&w.look_alike, "p")],
            differ,
        ),
        (
            "an unknown key",
            carried.clone(),
            vec![&leaf(&w.look_alike, "p")],
            "noncompliant different/null: issuer-differs=error",
        ),
        (
            "no rollover",
            carried.clone().authorities(&[&w.root.cert, &w.rekeyed.cert]),
            vec![&leaf(&w.rekeyed, "p")],
            differ,
        ),
        (
            "it vouches for the key",
            ask().pin_key("ca", &weak.key).found(&[&weak.cert]),
            vec![&leaf(&weak, "p")],
            SAME,
        ),
        (
            "an unsupported algorithm",
            ask().pin_key("ca", &weak.key).found(&[&weak.cert]),
            vec![&md5],
            "undetermined unproven/null: algorithm-unsupported=doubt",
        ),
        ("match key", carried.policy("match", "key"), vec![&subject], SAME),
    ]);
}

#[test]
fn a_pin_is_one_ca_certificate_or_nothing_is_allowed() {
    let w = World::new();
    let fe01 = w.fe("fe01");
    let two = json!({ "name": "ca", "authority": source(&[&w.ca.cert, &w.root.cert]) });
    let mut ambiguous = ask().file("fe01", &[&fe01]).authorities(&[&w.ca.cert]);
    ambiguous.reference.push(two);
    let mut gone = ask().file("fe01", &[&fe01]).authorities(&[&w.ca.cert]);
    gone.reference
        .push(json!({ "name": "ca", "authority": { "path": "/nowhere/at/all.cer" } }));
    let unproven = |why: &str| {
        format!("undetermined unproven/null: ca-certificate-missing=doubt {why}=doubt reference-missing=doubt")
    };
    let subject = leaf(&w.ca, "p");
    let sorted = |text: String| {
        let (head, tail) = text.split_once(": ").unwrap();
        let mut codes: Vec<&str> = tail.split(' ').collect();
        codes.sort_unstable();
        format!("{head}: {}", codes.join(" "))
    };
    assert_eq!(ambiguous.verdict(&[&subject]), sorted(unproven("reference-unreadable")));
    assert_eq!(gone.verdict(&[&subject]), sorted(unproven("reference-unreadable")));
    // Beside a pin that can be read that one alone is allowed.
    let beside = gone.pin("other", &w.ca.cert);
    assert_eq!(
        beside.verdict(&[&subject]),
        "undetermined same/signature: reference-unreadable=doubt"
    );
    assert_eq!(beside.standing(), "ca: reference-unreadable=doubt");
    let fault = ask().pin("ca", &fe01).refusal();
    assert_eq!(fault.pointer.as_deref(), Some("/reference/0/authority"));
}

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

#[test]
fn a_member_read_by_tls_wants_confirmation() {
    let w = World::new();
    let (fe01, host) = (w.fe("fe01"), "fe01.contoso.com");
    let alone = ask().tls(host, &[&fe01, &w.ca.cert]);
    let unanchored = "fe01.contoso.com: reference-unanchored=warning";
    let elsewhere = ask().tls("other.contoso.com", &[&fe01, &w.ca.cert]);
    let raised = alone
        .clone()
        .policy("severity", json!({ "reference-unanchored": "error" }));
    let constrained = CertBuilder::authority(CONTOSO, &w.ca.key)
        .issuer(&w.root)
        .name_constraints(vec![mint::San::dns("fabrikam.com")], vec![])
        .build();
    standings(&[
        ("nothing confirms it", alone.clone(), unanchored),
        (
            "the issuer's certificate is vouched",
            alone.clone().authorities(&[&w.ca.cert]),
            "",
        ),
        (
            "another certificate for its key is vouched",
            alone.clone().authorities(&[&w.look_alike.cross_certify(&w.ca)]),
            "",
        ),
        ("found once more", alone.clone().found(&[&w.ca.cert]), unanchored),
        ("a key pin", alone.clone().pin_key("ca", &w.ca.key), ""),
        ("a pin", alone.clone().pin("ca", &w.ca.cert), ""),
        (
            "a member that was read otherwise, with the chain",
            alone.clone().file("fe02", &[&w.fe("fe02"), &w.ca.cert]),
            "",
        ),
        (
            "a member that was read otherwise, under the key",
            alone.clone().file("fe02", &[&w.fe("fe02")]),
            "",
        ),
        (
            "a second one read by TLS",
            alone.clone().tls("fe02.contoso.com", &[&w.fe("fe02"), &w.ca.cert]),
            "fe01.contoso.com: reference-unanchored=warning; fe02.contoso.com: reference-unanchored=warning",
        ),
        ("a vouched root above", alone.clone().authorities(&[&w.root.cert]), ""),
        ("a found root above", alone.clone().found(&[&w.root.cert]), unanchored),
        (
            "another root",
            alone.clone().authorities(&[&w.fabrikam.cert]),
            unanchored,
        ),
        (
            "a vouched root above, for another host",
            elsewhere.clone().authorities(&[&w.root.cert]),
            "other.contoso.com: reference-unanchored=warning",
        ),
        (
            "the issuer's certificate, for another host",
            elsewhere.authorities(&[&w.ca.cert]),
            "other.contoso.com: reference-unanchored=warning",
        ),
        (
            "a path that breaks name constraints",
            ask().tls(host, &[&fe01, &constrained]).authorities(&[&w.root.cert]),
            unanchored,
        ),
        (
            "no chain at all",
            ask().tls(host, &[&fe01]).authorities(&[&w.root.cert]),
            "ca-certificate-missing=warning; fe01.contoso.com: reference-unanchored=warning",
        ),
        ("raised", raised.clone(), "fe01.contoso.com: reference-unanchored=error"),
        ("read otherwise", ask().file(host, &[&fe01, &w.ca.cert]), ""),
    ]);
    rows(&[
        ("a warning on the member", alone, vec![&leaf(&w.ca, "p")], SAME),
        (
            "raised",
            raised,
            vec![&leaf(&w.ca, "p")],
            "undetermined same/signature: reference-unanchored=doubt",
        ),
    ]);
}

#[test]
fn a_reference_document_keeps_every_rank() {
    let weak = Ca::root_with(CONTOSO, &Key::rsa(1024, "ca"));
    let (fe01, subject) = (leaf(&weak, "fe01"), leaf(&weak, "p"));
    // A key of 1024 bits counts where it is vouched, which tells the ranks apart.
    let by = |read_by: &str| ask().documented("fe01", read_by, &[&fe01, &weak.cert]);
    let mut authority = ask().documented("fe01", "tls", &[&fe01]);
    authority.document_authorities.push(weak.cert.pem());
    let unproven = "undetermined unproven/key-identifier: ca-certificate-missing=doubt";
    rows(&[
        ("read by TLS", by("tls"), vec![&subject], unproven),
        ("read otherwise", by("other"), vec![&subject], unproven),
        ("the document's authorities", authority.clone(), vec![&subject], SAME),
    ]);
    assert_eq!(
        word(
            &authority.on(&[&subject]).subjects[0]
                .issued_by
                .as_ref()
                .unwrap()
                .key_from
        ),
        "reference-document"
    );
    let mut silent = by("other");
    silent.document[0].as_object_mut().unwrap().remove("read_by");
    assert_eq!(silent.verdict(&[&subject]), unproven, "what is not said is not vouched");
    // The facts in it are of no weight.
    let mut lying = by("tls");
    lying.document[0]["certificate"]["issuer"] = json!(FABRIKAM);
    lying.document[0]["certificate"]["key_sha256"] = json!("00");
    assert_eq!(lying.verdict(&[&subject]), unproven);
}

#[test]
fn a_document_member_of_the_same_name_is_one_of_its_own_and_the_same_again_is_dropped() {
    let w = World::new();
    let (fe01, renewed) = (w.fe("fe01"), builder(&w.ca, "fe01").digest(Digest::Sha384).build());
    let asked = ask().file("fe01", &[&fe01]).authorities(&[&w.ca.cert]);
    let count = |asked: &Ask| asked.on(&[&leaf(&w.ca, "p")]).reference.members.len();
    assert_eq!(count(&asked.clone().documented("fe01", "other", &[&fe01])), 1);
    assert_eq!(count(&asked.clone().documented("fe01", "tls", &[&fe01])), 1);
    assert_eq!(count(&asked.clone().documented("fe01", "other", &[&renewed])), 2);
    assert_eq!(count(&asked.documented("fe02", "other", &[&fe01])), 2);
    let mut pins = ask().pin_key("ca", &w.ca.key);
    pins.document
        .push(json!({ "name": "ca", "key_sha256": w.ca.key.spki_sha256() }));
    assert_eq!(count(&pins), 1);
    pins.document
        .push(json!({ "name": "ca", "authority": { "pem": w.ca.cert.pem() } }));
    assert_eq!(count(&pins), 2);
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
