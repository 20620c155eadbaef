//! Pins: CA certificates and keys that the operator names as the reference.

use mint::Digest;

use super::reference::SAME;
use super::*;

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
