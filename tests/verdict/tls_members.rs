//! Members of the reference that were read by TLS, and how a reference document keeps them.

use mint::Digest;
use same_ca::protocol::Code;

use super::reference::SAME;
use super::*;

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
fn a_ca_certificate_that_was_given_is_not_asked_for_where_the_member_answered_under_another_name() {
    let w = World::new();
    let fe01 = w.fe("fe01");
    let told = |asked: Ask| {
        let report = asked.subject(&w.fe("subject"), &[]).check();
        let findings = &report.reference.members[0].findings;
        let finding = findings
            .iter()
            .find(|finding| finding.code == Code::ReferenceUnanchored);
        let finding = finding.expect("it is said");
        (finding.message.clone(), finding.hint.clone().unwrap_or_default())
    };
    let (message, hint) = told(ask().tls("10.0.0.1", &[&fe01, &w.ca.cert]).authorities(&[&w.ca.cert]));
    assert!(
        message.starts_with("10.0.0.1 was read by TLS, and its certificate does not cover that name"),
        "{message}"
    );
    assert!(
        hint.starts_with("ask for it by a name that its certificate covers"),
        "{hint}"
    );
    let (message, hint) = told(ask().tls("fe01.contoso.com", &[&fe01, &w.ca.cert]));
    assert!(
        message.ends_with("no certificate that you trust confirms its CA"),
        "{message}"
    );
    assert!(hint.starts_with("add its CA certificate"), "{hint}");
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
