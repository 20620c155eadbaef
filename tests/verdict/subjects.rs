//! Subjects: CAs and self-signed ones, one of several certificates, candidates, validity.

use mint::{CA_PAST, DAY, Digest, FUTURE, NOW, PAST, San};

use super::*;

const SAME: &str = "compliant same/signature";

/// A reference under a CA, whose certificate is vouched.
fn under(ca: &Ca) -> Ask {
    ask().file("fe01", &[&leaf(ca, "fe01")]).authorities(&[&ca.cert])
}

/// A CA of the usual name whose certificate ends, or begins, at another time.
fn ca_valid(from: i64, until: i64) -> Ca {
    CertBuilder::authority(CONTOSO, &Key::ec("P-256", CONTOSO))
        .validity(from, until)
        .build_ca()
}

/// The verdict on a subject that may be any of these.
fn any_of(asked: &Ask, names: &[&str], sources: &[Value]) -> SubjectReport {
    asked
        .report(&[json!({ "name": "s", "names": names, "any_of": sources })])
        .subjects
        .remove(0)
}

/// The verdict on a subject with names.
fn named(asked: &Ask, names: &[&str], certs: &[&Cert]) -> String {
    verdict(
        &asked
            .report(&[json!({ "name": "s", "names": names, "source": source(certs) })])
            .subjects[0],
    )
}

fn chosen(subject: &SubjectReport) -> Option<String> {
    subject.certificate.as_ref().map(|facts| facts.sha256.to_string())
}

#[test]
fn a_ca_or_a_self_signed_certificate_is_no_servers() {
    let w = World::new();
    let root_ca = Ca::root(CONTOSO);
    let self_signed = CertBuilder::server("p.contoso.com", &Key::ec("P-256", "p")).build();
    let posing = CertBuilder::server("p.contoso.com", &Key::ec("P-256", "p"))
        .subject(CONTOSO)
        .build();
    let old = CertBuilder::new(CONTOSO, &w.ca.key).version1().build();
    let old_leaf = CertBuilder::new("CN=p.contoso.com", &Key::ec("P-256", "p"))
        .issuer(&w.ca)
        .version1()
        .build();
    let not_ca = builder(&w.ca, "p").not_ca().build();
    let sub_ca = w.ca.issue_ca("CN=Sub CA");
    let by_root = ask()
        .file("fe01", &[&leaf(&w.root, "fe01")])
        .authorities(&[&w.root.cert]);
    rows(&[
        (
            "a CA under the CA",
            under(&w.ca),
            vec![&sub_ca.cert],
            "noncompliant same/signature: subject-is-ca=error",
        ),
        (
            "the reference's CA itself",
            by_root,
            vec![&w.ca.cert],
            "noncompliant same/signature: subject-is-ca=error",
        ),
        (
            "the self-signed CA itself",
            under(&root_ca),
            vec![&root_ca.cert],
            "noncompliant same/signature: self-signed=error subject-is-ca=error",
        ),
        (
            "a self-signed server",
            under(&w.ca),
            vec![&self_signed],
            "noncompliant different/name: issuer-differs=error self-signed=error",
        ),
        (
            "a self-signed server that calls itself the CA",
            under(&w.ca),
            vec![&posing],
            "noncompliant name-only/name: issuer-key-differs=doubt self-signed=error",
        ),
        (
            "a version 1 root",
            under(&w.ca),
            vec![&old],
            "noncompliant same/signature: self-signed=error subject-is-ca=error",
        ),
        ("a version 1 server", under(&w.ca), vec![&old_leaf], SAME),
        ("cA FALSE", under(&w.ca), vec![&not_ca], SAME),
        (
            "identical or not",
            ask().file("fe01", &[&self_signed]).policy("references", "any"),
            vec![&self_signed],
            "noncompliant same/identical: self-signed=doubt self-signed=error",
        ),
    ]);
}

#[test]
fn a_self_signature_that_cannot_be_verified_makes_no_servers_certificate_of_it() {
    let key = Key::rsa(2048, "leaf");
    let md5 = CertBuilder::server("p.contoso.com", &key).digest(Digest::Md5).build();
    let reference = ask().file("fe01", &[&md5]);
    rows(&[(
        "MD5, identical",
        reference.clone(),
        vec![&md5],
        "noncompliant same/identical: self-signed=doubt self-signed=error",
    )]);
    assert_eq!(
        reference.standing(),
        "ca-certificate-missing=warning; fe01: algorithm-unsupported=warning self-signed=error"
    );
}

#[test]
fn validity_includes_both_ends_and_is_judged_at_the_later_of_two_instants() {
    let w = World::new();
    let valid = |from: i64, until: i64| builder(&w.ca, "p").validity(from, until).build();
    let soon = "compliant same/signature: expires-soon=warning";
    let expired = "noncompliant same/signature: expired=error";
    let early = "noncompliant same/signature: not-yet-valid=error";
    rows(&[
        ("ends now", under(&w.ca), vec![&valid(PAST, NOW)], soon),
        ("ended a second ago", under(&w.ca), vec![&valid(PAST, NOW - 1)], expired),
        ("begins now", under(&w.ca), vec![&valid(NOW, FUTURE)], SAME),
        ("begins in a second", under(&w.ca), vec![&valid(NOW + 1, FUTURE)], early),
        (
            "ends in 31 days",
            under(&w.ca),
            vec![&valid(PAST, NOW + 31 * DAY)],
            SAME,
        ),
        (
            "ends in 29 days",
            under(&w.ca),
            vec![&valid(PAST, NOW + 29 * DAY)],
            soon,
        ),
        (
            "warned of later",
            under(&w.ca).policy("warn_before_expiry", "7d"),
            vec![&valid(PAST, NOW + 29 * DAY)],
            SAME,
        ),
        (
            "judged at another time",
            under(&w.ca).policy("valid_at", "2026-11-19T23:59:59Z"),
            vec![&valid(PAST, NOW - 1)],
            soon,
        ),
        (
            "lowered",
            under(&w.ca).policy("severity", json!({ "expired": "info" })),
            vec![&valid(PAST, NOW - 1)],
            "compliant same/signature: expired=info",
        ),
    ]);
    let staged = |from: &str, cert: &Cert| {
        let subject = json!({ "name": "s", "source": source(&[cert]), "effective_from": from });
        verdict(&under(&w.ca).report(&[subject]).subjects[0])
    };
    assert_eq!(
        staged("2026-12-01T00:00:00Z", &valid(NOW + DAY, FUTURE)),
        SAME,
        "staged"
    );
    assert_eq!(
        staged("2026-11-20T12:00:00Z", &valid(NOW + DAY, FUTURE)),
        early,
        "staged too early"
    );
    assert_eq!(
        staged("2026-12-01T00:00:00Z", &valid(PAST, NOW + DAY)),
        expired,
        "ends before it is used"
    );
    assert_eq!(
        staged("2026-01-02T00:00:00Z", &valid(PAST, NOW - 1)),
        expired,
        "valid_at is later"
    );
}

#[test]
fn a_key_ends_with_the_last_of_the_vouched_certificates_that_carry_it() {
    let short = ca_valid(CA_PAST, NOW - DAY);
    let (ended, renewed) = (short.cert.clone(), ca_valid(CA_PAST, FUTURE).cert);
    let before = builder(&short, "p").validity(PAST, FUTURE).build();
    let after = builder(&short, "p").validity(NOW - 3600, FUTURE).build();
    let at_the_end = builder(&short, "p").validity(NOW - DAY, FUTURE).build();
    let fe01 = builder(&short, "fe01").validity(PAST, FUTURE).build();
    let with = |vouched: &[&Cert], found: &[&Cert]| ask().file("fe01", &[&fe01]).authorities(vouched).found(found);
    let expired = "compliant same/signature: ca-expired=warning";
    let late = "noncompliant same/signature: ca-expired=warning issued-after-ca-expiry=error";
    rows(&[
        ("ended, issued before", with(&[&ended], &[]), vec![&before], expired),
        (
            "ended, issued at the last moment",
            with(&[&ended], &[]),
            vec![&at_the_end],
            expired,
        ),
        ("ended, issued after", with(&[&ended], &[]), vec![&after], late),
        (
            "renewed, both vouched",
            with(&[&ended, &renewed], &[]),
            vec![&after],
            SAME,
        ),
        (
            "renewed, the renewal vouched alone",
            with(&[&renewed], &[&ended]),
            vec![&after],
            SAME,
        ),
        (
            "the renewal is only found, and its own key signed it",
            with(&[&ended], &[&renewed]),
            vec![&after],
            SAME,
        ),
        ("none is vouched", with(&[], &[&ended, &renewed]), vec![&after], SAME),
        ("found and ended", with(&[], &[&ended]), vec![&after], late),
        (
            "lowered",
            with(&[&ended], &[]).policy("severity", json!({ "issued-after-ca-expiry": "warning" })),
            vec![&after],
            "compliant same/signature: ca-expired=warning issued-after-ca-expiry=warning",
        ),
    ]);
    let near = ca_valid(CA_PAST, NOW + 10 * DAY);
    rows(&[(
        "ends soon",
        under(&near),
        vec![&leaf(&near, "p")],
        "compliant same/signature: ca-expires-soon=warning",
    )]);
}

#[test]
fn every_name_must_be_covered_and_the_common_name_counts_only_without_a_dns_name() {
    let w = World::new();
    let reference = under(&w.ca);
    let covers = |sans: &[&str]| builder(&w.ca, "p").dns(sans).build();
    let common = builder(&w.ca, "p").sans(vec![]).build();
    let address = builder(&w.ca, "p")
        .sans(vec![San::Ip("192.0.2.1".parse().unwrap())])
        .build();
    let both = covers(&["p.contoso.com", "files.contoso.com"]);
    for (names, cert, expected) in [
        (&["p.contoso.com"][..], &both, SAME),
        (&["p.contoso.com", "FILES.contoso.com"], &both, SAME),
        (
            &["p.contoso.com", "q.contoso.com"],
            &both,
            "noncompliant same/signature: name-mismatch=error",
        ),
        (&["p.contoso.com"], &covers(&["*.contoso.com"]), SAME),
        (
            &["a.p.contoso.com"],
            &covers(&["*.contoso.com"]),
            "noncompliant same/signature: name-mismatch=error",
        ),
        (
            &["p.contoso.com"],
            &common,
            "compliant same/signature: name-in-common-name=warning",
        ),
        (
            &["p.contoso.com"],
            &covers(&["q.contoso.com"]),
            "noncompliant same/signature: name-mismatch=error",
        ),
        (&["192.0.2.1"], &address, SAME),
        (
            &["p.contoso.com"],
            &address,
            "compliant same/signature: name-in-common-name=warning",
        ),
        (&[], &covers(&["q.contoso.com"]), SAME),
    ] {
        assert_eq!(named(&reference, names, &[cert]), expected, "{names:?}");
    }
    // The policy's names, unless the subject has its own, or none.
    let policy = reference.policy("names", json!(["q.contoso.com"]));
    assert_eq!(
        policy.verdict(&[&both]),
        "noncompliant same/signature: name-mismatch=error"
    );
    assert_eq!(named(&policy, &["p.contoso.com"], &[&both]), SAME);
    assert_eq!(named(&policy, &[], &[&both]), SAME);
}

#[test]
fn a_private_key_that_is_known_to_be_absent_is_an_error() {
    let w = World::new();
    let cert = leaf(&w.ca, "p");
    let judged = |source: Value| {
        verdict(
            &under(&w.ca)
                .report(&[json!({ "name": "s", "source": source })])
                .subjects[0],
        )
    };
    assert_eq!(judged(with_key(&cert, true)), SAME);
    assert_eq!(
        judged(with_key(&cert, false)),
        "noncompliant same/signature: private-key-missing=error"
    );
    assert_eq!(judged(json!({ "der": base64(cert.der()) })), SAME);
}

#[test]
fn of_several_certificates_one_that_fits_is_enough() {
    let w = World::new();
    let name = "p.contoso.com";
    let good = leaf(&w.ca, "p");
    let (alike, other, expired) = (
        leaf(&w.look_alike, "p"),
        leaf(&w.fabrikam, "p"),
        builder(&w.ca, "p").validity(PAST, NOW - 1).build(),
    );
    let elsewhere = leaf(&w.ca, "q");
    let sources = |certs: &[&Cert]| certs.iter().map(|cert| source(&[cert])).collect::<Vec<_>>();
    let subject = any_of(
        &under(&w.ca),
        &[name],
        &sources(&[&alike, &other, &good, &expired, &elsewhere]),
    );
    assert_eq!(verdict(&subject), SAME);
    assert_eq!(chosen(&subject), Some(good.sha256()));
    let passed = subject.passed_over.as_ref().unwrap();
    assert_eq!(
        passed.iter().map(|passed| passed.index).collect::<Vec<_>>(),
        [0, 1, 3, 4]
    );
    let said: Vec<String> = passed
        .iter()
        .map(|passed| format!("{} {}", word(&passed.relation), listed(&passed.findings)))
        .collect();
    assert_eq!(
        said,
        [
            "name-only issuer-key-differs=doubt",
            "different issuer-differs=error",
            "same expired=error",
            "same name-mismatch=error"
        ]
    );
    // All certificates of one source are asked, and what it holds serves each.
    let bundle = any_of(
        &ask().file("fe01", &[&w.fe("fe01")]),
        &[name],
        &[source(&[&w.ca.cert, &good])],
    );
    assert_eq!(
        (verdict(&bundle).as_str(), chosen(&bundle)),
        (SAME, Some(good.sha256()))
    );
}

#[test]
fn a_certificate_fits_if_it_is_compliant_covers_the_names_and_may_have_its_key() {
    let w = World::new();
    let reference = under(&w.ca);
    let name = "p.contoso.com";
    let good = leaf(&w.ca, "p");
    let one = |source: Value| verdict(&any_of(&reference, &[name], &[source]));
    assert_eq!(one(source(&[&good])), SAME);
    assert_eq!(one(with_key(&good, true)), SAME);
    assert_eq!(
        one(with_key(&good, false)),
        "noncompliant same/signature: none-fits=error"
    );
    assert_eq!(
        one(source(&[&leaf(&w.fabrikam, "p")])),
        "noncompliant different/name: none-fits=error"
    );
    assert_eq!(
        one(source(&[&leaf(&w.look_alike, "p")])),
        "undetermined name-only/name: none-fits=doubt"
    );
    assert_eq!(
        one(source(&[&leaf(&w.ca, "q")])),
        "noncompliant same/signature: none-fits=error"
    );
    // A lowered name-mismatch makes it compliant, and yet it covers no name.
    let lowered = reference.clone().policy("severity", json!({ "name-mismatch": "info" }));
    let subject = any_of(&lowered, &[name], &[source(&[&leaf(&w.ca, "q")])]);
    assert_eq!(verdict(&subject), "noncompliant same/signature: none-fits=error");
    assert!(subject.certificate.is_none() && subject.issued_by.is_none());
    // The doubt of one is enough for a doubt; the best relation is told.
    let mixed = any_of(
        &reference,
        &[name],
        &[source(&[&leaf(&w.fabrikam, "p")]), source(&[&leaf(&w.look_alike, "p")])],
    );
    assert_eq!(verdict(&mixed), "undetermined name-only/name: none-fits=doubt");
    // A doubt on the reference is a doubt on all.
    let doubtful = reference.clone().file("fe02", &[&leaf(&w.fabrikam, "fe02")]);
    assert_eq!(
        verdict(&any_of(&doubtful, &[name], &[source(&[&good])])),
        "undetermined same/signature: none-fits=doubt references-disagree=doubt"
    );
    // Unreadable beside a good one, and alone.
    let gone = json!({ "path": "/nowhere/at/all.pem" });
    assert_eq!(
        verdict(&any_of(&reference, &[name], &[gone.clone(), source(&[&good])])),
        SAME
    );
    assert_eq!(
        verdict(&any_of(&reference, &[name], &[gone])),
        "undetermined unreadable/null: none-fits=doubt"
    );
}

#[test]
fn of_those_that_fit_the_one_that_lasts_longest_stands_and_of_equal_ones_the_smaller_digest() {
    let until = |ca: &Ca, days: i64| builder(ca, "p").validity(PAST, NOW + days * DAY).build();
    let ca = ca_valid(CA_PAST, NOW + 300 * DAY);
    let (short, long, longer) = (until(&ca, 100), until(&ca, 200), until(&ca, 400));
    let endless = until(&ca, 500);
    let reference = under(&ca);
    let stands = |certs: &[&Cert]| {
        let sources: Vec<Value> = certs.iter().map(|cert| source(&[cert])).collect();
        let subject = any_of(&reference, &["p.contoso.com"], &sources);
        assert_eq!(verdict(&subject), SAME);
        chosen(&subject).unwrap()
    };
    assert_eq!(stands(&[&short, &long]), long.sha256());
    assert_eq!(stands(&[&long, &short]), long.sha256());
    // Beyond the end of their CA certificate both last as long as it does.
    let smaller = longer.sha256().min(endless.sha256());
    assert_eq!(stands(&[&short, &longer, &endless]), smaller);
    assert_eq!(stands(&[&endless, &longer, &short]), smaller);
}

#[test]
fn nothing_at_all_is_a_missing_certificate_and_no_names_are_a_doubt() {
    let w = World::new();
    let reference = under(&w.ca);
    let missing = "noncompliant unreadable/null: certificate-missing=error";
    assert_eq!(verdict(&any_of(&reference, &["p.contoso.com"], &[])), missing);
    assert_eq!(verdict(&any_of(&reference, &[], &[])), missing);
    let good = source(&[&leaf(&w.ca, "p")]);
    let subject = any_of(&reference, &[], std::slice::from_ref(&good));
    assert_eq!(verdict(&subject), "undetermined same/signature: names-not-given=doubt");
    assert!(subject.certificate.is_none());
    // The policy's names will do.
    let subject = reference
        .policy("names", json!(["p.contoso.com"]))
        .report(&[json!({ "name": "s", "any_of": [good] })]);
    assert_eq!(verdict(&subject.subjects[0]), SAME);
}

#[test]
fn a_candidate_changes_nothing_but_through_renew_before() {
    let w = World::new();
    let ending = builder(&w.ca, "p").validity(PAST, NOW + 10 * DAY).build();
    let (next, alike) = (leaf(&w.ca, "p"), leaf(&w.look_alike, "p"));
    let ends = "compliant same/signature: expires-soon=warning";
    let due = "noncompliant same/signature: expires-soon=error";
    let renew = |asked: Ask| asked.policy("renew_before", "14d");
    let shorter = builder(&w.ca, "p").validity(PAST, NOW + 9 * DAY).build();
    let elsewhere = leaf(&w.ca, "q");
    let (base, long) = (under(&w.ca), leaf(&w.ca, "p"));
    rows(&[
        ("no renew_before", base.clone().candidate(&next), vec![&ending], ends),
        ("no candidate", renew(base.clone()), vec![&ending], ends),
        ("due", renew(base.clone()).candidate(&next), vec![&ending], due),
        ("not due", renew(base.clone()).candidate(&next), vec![&long], SAME),
        (
            "a candidate that ends earlier",
            renew(base.clone()).candidate(&shorter),
            vec![&ending],
            ends,
        ),
        (
            "one that is as long",
            renew(base.clone()).candidate(&ending),
            vec![&ending],
            ends,
        ),
        (
            "one that does not fit",
            renew(base.clone()).candidate(&alike),
            vec![&ending],
            ends,
        ),
        (
            "one for another name",
            renew(base.clone()).candidate(&elsewhere),
            vec![&ending],
            ends,
        ),
        (
            "one beside others that do not fit",
            renew(base.clone()).candidate(&alike).candidate(&next),
            vec![&ending],
            due,
        ),
        (
            "what is noncompliant stays what it is",
            renew(base.clone()).candidate(&next),
            vec![&leaf(&w.fabrikam, "p")],
            "noncompliant different/name: issuer-differs=error",
        ),
        (
            "what is undetermined stays what it is",
            base.clone().candidate(&next),
            vec![&alike],
            "undetermined name-only/name: issuer-key-differs=doubt",
        ),
        (
            "a candidate brings nothing for what stands",
            ask().file("fe01", &[&w.fe("fe01")]).candidate(&w.ca.cert),
            vec![&long],
            "undetermined unproven/key-identifier: ca-certificate-missing=doubt",
        ),
    ]);
    // Exactly at the border it is due, a second before it is not.
    for (seconds, expected) in [(0, due), (1, ends)] {
        let ending = builder(&w.ca, "p").validity(PAST, NOW + 14 * DAY + seconds).build();
        assert_eq!(
            renew(base.clone()).candidate(&next).verdict(&[&ending]),
            expected,
            "{seconds}"
        );
    }
    // Its private key must be known to be there.
    for key in [json!(null), json!(false)] {
        let mut asked = renew(base.clone());
        asked
            .candidates
            .push(json!({ "der": base64(next.der()), "private_key": key }));
        assert_eq!(asked.verdict(&[&ending]), ends, "{key}");
    }
}

#[test]
fn a_candidate_must_cover_what_it_replaces_where_no_names_are_given() {
    let w = World::new();
    let renew = under(&w.ca).policy("renew_before", "14d");
    let until = NOW + 10 * DAY;
    let two = builder(&w.ca, "p")
        .dns(&["p.contoso.com", "files.contoso.com"])
        .validity(PAST, until)
        .build();
    let next_two = builder(&w.ca, "p").dns(&["p.contoso.com", "files.contoso.com"]).build();
    let next_one = builder(&w.ca, "p").build();
    let bare = builder(&w.ca, "p").sans(vec![]).validity(PAST, until).build();
    let ends = "compliant same/signature: expires-soon=warning";
    let due = "noncompliant same/signature: expires-soon=error";
    rows(&[
        ("both", renew.clone().candidate(&next_two), vec![&two], due),
        ("one of two", renew.clone().candidate(&next_one), vec![&two], ends),
        (
            "no alternative name there",
            renew.clone().candidate(&next_one),
            vec![&bare],
            ends,
        ),
    ]);
    assert_eq!(
        named(&renew.clone().candidate(&next_one), &["p.contoso.com"], &[&two]),
        due,
        "names that are given decide"
    );
    // Nothing to replace and no names: nothing is chosen, and it says so.
    let empty = any_of(&renew.candidate(&next_one), &[], &[]);
    assert_eq!(
        verdict(&empty),
        "noncompliant unreadable/null: certificate-missing=error names-not-given=doubt"
    );
}

#[test]
fn a_candidate_must_cover_every_kind_of_name_of_what_it_replaces() {
    let w = World::new();
    let renew = under(&w.ca).policy("renew_before", "14d");
    let sans = |more: Option<San>| [San::dns("p.contoso.com")].into_iter().chain(more).collect::<Vec<_>>();
    let uri = || Some(San::Uri("sip:p.contoso.com".into()));
    let standing = builder(&w.ca, "p")
        .sans(sans(uri()))
        .validity(PAST, NOW + 10 * DAY)
        .build();
    let (without, with) = (
        builder(&w.ca, "p").build(),
        builder(&w.ca, "p").sans(sans(uri())).build(),
    );
    rows(&[
        (
            "without it",
            renew.clone().candidate(&without),
            vec![&standing],
            "compliant same/signature: expires-soon=warning",
        ),
        (
            "with it",
            renew.candidate(&with),
            vec![&standing],
            "noncompliant same/signature: expires-soon=error",
        ),
    ]);
}

#[test]
fn the_worst_subject_gives_the_report_its_status() {
    let w = World::new();
    let subject = |name: &str, cert: &Cert| json!({ "name": name, "source": source(&[cert]) });
    let (good, bad, doubtful) = (leaf(&w.ca, "p"), leaf(&w.fabrikam, "p"), leaf(&w.look_alike, "p"));
    let status = |list: &[Value]| word(&under(&w.ca).report(list).status);
    assert_eq!(status(&[subject("a", &good)]), "compliant");
    assert_eq!(status(&[subject("a", &good), subject("b", &doubtful)]), "undetermined");
    assert_eq!(
        status(&[subject("a", &doubtful), subject("b", &bad), subject("c", &good)]),
        "noncompliant"
    );
    let report = under(&w.ca).report(&[subject("a", &doubtful), subject("b", &bad), subject("c", &good)]);
    assert!(!report.compliant);
    assert!(is_clean(&report.subjects[2]));
    let summary = &report.summary;
    assert_eq!(
        (
            summary.total,
            summary.compliant,
            summary.noncompliant,
            summary.undetermined
        ),
        (3, 1, 1, 1)
    );
}

#[test]
fn what_signed_it_is_told_with_where_its_key_comes_from() {
    let w = World::new();
    let subject = leaf(&w.ca, "p");
    let from = |asked: Ask, certs: &[&Cert]| {
        let report = asked.on(certs);
        report.subjects[0]
            .issued_by
            .as_ref()
            .map(|by| (word(&by.key_from), by.key_sha256.to_string()))
    };
    let key = w.ca.key.spki_sha256();
    let told = |from: &str| Some((from.to_owned(), key.clone()));
    let fe01 = w.fe("fe01");
    assert_eq!(from(under(&w.ca), &[&subject]), told("authorities"));
    assert_eq!(
        from(ask().tls("fe01", &[&fe01, &w.ca.cert]), &[&subject]),
        told("reference-document")
    );
    assert_eq!(
        from(ask().file("fe01", &[&fe01, &w.ca.cert]), &[&subject]),
        told("reference")
    );
    assert_eq!(from(ask().pin("ca", &w.ca.cert), &[&subject]), told("pin"));
    assert_eq!(
        from(ask().file("fe01", &[&fe01]).found(&[&w.ca.cert]), &[&subject]),
        told("intermediates")
    );
    assert_eq!(
        from(ask().file("fe01", &[&fe01]), &[&subject, &w.ca.cert]),
        told("subject")
    );
    assert_eq!(from(ask().file("fe01", &[&fe01]), &[&subject]), None);
}
