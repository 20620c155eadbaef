//! Reference documents: what `same-ca reference` writes sets the same rule as what it read.

use mint::Digest;
use same_ca::app::{Context as Machine, reference};
use same_ca::protocol::{Request, Timestamp};

use super::*;

/// The document that is made of a reference, through its text.
fn document(asked: &Ask) -> Value {
    let mut request = asked.request_on(&[]);
    let map = request.as_object_mut().unwrap();
    map.retain(|name, value| !(value.as_array().is_some_and(Vec::is_empty) || name == "policy"));
    let request: Request = same_ca::json::read(&serde_json::to_vec(&request).unwrap()).unwrap();
    let machine = Machine {
        clock: Timestamp::from_unix(mint::NOW),
        env: &|_| None,
        progress: &|_| (),
        log: &|_| (),
    };
    let written = serde_json::to_value(reference::reference(&request, None, false, &machine).unwrap()).unwrap();
    support::assert_valid("reference", &written);
    written
}

/// The report on a subject against a document alone.
fn against(document: &Value, certs: &[&Cert]) -> Report {
    let subject = json!({ "name": "subject", "source": source(certs) });
    let request = json!({ "protocol": 1, "reference_document": document, "subjects": [subject] });
    let report = support::check_json(request.clone());
    evidence::recheck(&request, &report);
    report
}

#[test]
fn a_document_sets_the_rule_that_its_sources_set() {
    let w = World::new();
    let weak = Ca::root_with(CONTOSO, &Key::rsa(1024, "ca"));
    let host = "fe01.contoso.com";
    let fe01 = w.fe("fe01");
    let subjects = [
        leaf(&w.ca, "p"),
        leaf(&w.rekeyed, "p"),
        leaf(&w.look_alike, "p"),
        leaf(&w.fabrikam, "p"),
        leaf(&weak, "p"),
        fe01.clone(),
    ];
    let asks = [
        ask().file("fe01", &[&fe01]),
        ask().file("fe01", &[&fe01, &w.ca.cert, &w.root.cert]),
        ask().tls(host, &[&fe01, &w.ca.cert, &w.root.cert]),
        ask()
            .tls(host, &[&fe01, &w.ca.cert])
            .authorities(&[&w.root.cert, &w.ca.cert, &w.rekeyed.cert]),
        ask()
            .tls(host, &[&fe01, &w.ca.cert])
            .authorities(&[&w.root.cert, &w.rekeyed.cert]),
        ask()
            .file("fe01", &[&fe01])
            .authorities(&[&w.ca.cert, &w.look_alike.cert]),
        ask().tls("weak", &[&leaf(&weak, "fe01"), &weak.cert]),
        ask().file("weak", &[&leaf(&weak, "fe01"), &weak.cert]),
        ask().pin("ca", &w.ca.cert).file("fe01", &[&fe01]),
        ask().pin_key("ca", &w.ca.key).authorities(&[&w.ca.cert]),
        ask()
            .file("fe01", &[&fe01, &w.ca.cert])
            .file("fe02", &[&leaf(&w.fabrikam, "fe02"), &w.fabrikam.cert]),
        ask().file("fe01", &[&w.ca.cert]),
    ];
    for (index, asked) in asks.iter().enumerate() {
        let once = document(asked);
        // Reading a document back and writing it again changes nothing but where its chains stand.
        let mut again = ask();
        again.document = once["members"].as_array().unwrap().clone();
        let authorities = once["authorities"].as_array().unwrap();
        again.document_authorities = authorities.iter().map(|pem| pem.as_str().unwrap().to_owned()).collect();
        let twice = document(&again);
        assert_eq!(once["members"], twice["members"], "{index}");
        assert_eq!(once["authorities"], twice["authorities"], "{index}");
        for subject in &subjects {
            let direct = asked.on(&[subject, &w.rekeyed.cert]);
            let carried = against(&once, &[subject, &w.rekeyed.cert]);
            assert_eq!(verdict(&direct.subjects[0]), verdict(&carried.subjects[0]), "{index}");
            assert_eq!(standing(&direct), standing(&carried), "{index}");
        }
    }
}

#[test]
fn a_host_that_was_read_by_another_name_is_kept_for_its_anchor() {
    let w = World::new();
    let mut asked = ask().tls("Front End 1", &[&w.fe("fe01"), &w.ca.cert]);
    let unanchored = "Front End 1: reference-unanchored=warning";
    asked.document_authorities.push(w.root.cert.pem());
    assert_eq!(asked.standing(), unanchored);
    asked.document[0]["host"] = json!("fe01.contoso.com");
    assert_eq!(asked.standing(), "");
    let written = document(&asked);
    assert_eq!(written["members"][0]["host"], "fe01.contoso.com");
    assert_eq!(standing(&against(&written, &[&stranger()])), "");
}

#[test]
fn facts_in_a_document_are_worked_out_anew() {
    let w = World::new();
    let mut lies = document(&ask().file("fe01", &[&w.fe("fe01"), &w.ca.cert]));
    let honest = against(&lies, &[&leaf(&w.ca, "p")]);
    let facts = lies["members"][0]["certificate"].as_object_mut().unwrap();
    for name in ["subject", "issuer", "sha256", "key_sha256", "authority_key_identifier"] {
        facts.insert(name.into(), json!("00"));
    }
    facts.insert("is_ca".into(), json!(true));
    facts.insert("not_after".into(), json!("2020-01-01T00:00:00Z"));
    let report = against(&lies, &[&leaf(&w.ca, "p")]);
    assert_eq!(
        serde_json::to_value(report).unwrap(),
        serde_json::to_value(honest).unwrap()
    );
}

#[test]
fn a_document_that_cannot_be_read_is_no_reference() {
    let w = World::new();
    let subject = json!({ "name": "s", "source": source(&[&leaf(&w.ca, "p")]) });
    let request =
        json!({ "protocol": 1, "reference_document": { "path": "/nowhere/at/all.json" }, "subjects": [subject] });
    let report = support::check_json(request);
    assert_eq!(standing(&report), "reference-missing=doubt");
    assert_eq!(
        verdict(&report.subjects[0]),
        "undetermined unproven/null: ca-certificate-missing=doubt reference-missing=doubt"
    );
}

#[test]
fn a_server_that_could_not_be_read_is_said_by_every_check_through_the_document() {
    let w = World::new();
    let asked = ask()
        .unreadable("fe09")
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.ca.cert]);
    let mut request = asked.request_on(&[]);
    request
        .as_object_mut()
        .unwrap()
        .retain(|name, _| name == "protocol" || name == "reference" || name == "authorities");
    let request: Request = same_ca::json::read(&serde_json::to_vec(&request).unwrap()).unwrap();
    let machine = Machine {
        clock: Timestamp::from_unix(mint::NOW),
        env: &|_| None,
        progress: &|_| (),
        log: &|_| (),
    };
    let fault = reference::reference(&request, None, false, &machine).unwrap_err();
    assert_eq!(word(&fault.code), "reference-unreadable");
    assert_eq!(fault.pointer.as_deref(), Some("/reference/0/source"));
    assert!(
        fault
            .message
            .contains("fe09: /nowhere/at/all.pem: there is no such file"),
        "{fault}"
    );
    let written = serde_json::to_value(reference::reference(&request, None, true, &machine).unwrap()).unwrap();
    support::assert_valid("reference", &written);
    assert_eq!(written["members"][0]["unread"]["code"], "certificate-unreadable");
    let report = against(&written, &[&leaf(&w.ca, "p")]);
    let member = &report.reference.members[0];
    assert_eq!(
        (member.name.as_str(), word(&member.findings[0].code).as_str()),
        ("fe09", "reference-unreadable")
    );
    assert!(member.certificate.is_none() && member.issued_by.is_none());
    let pointer = member.findings[0].pointer.as_deref();
    assert_eq!(pointer, Some("/reference_document/members/0/unread"));
}

#[test]
fn a_document_keeps_the_rank_of_every_certificate_and_how_each_server_was_read() {
    let w = World::new();
    let mut asked = ask()
        .file("fe01", &[&w.fe("fe01"), &w.ca.cert])
        .authorities(&[&w.root.cert]);
    asked.intermediates.push(source(&[&w.rekeyed.cert]));
    let once = document(&asked);
    assert_eq!(once["members"][0]["read_by"], "other");
    assert_eq!(once["authorities"], json!([w.root.cert.pem()]));
    assert_eq!(once["intermediates"], json!([w.rekeyed.cert.pem()]));
    let mut carried = ask();
    carried.document = once["members"].as_array().unwrap().clone();
    let mut request = carried.request_on(&[]);
    request["reference_document"] = once.clone();
    request
        .as_object_mut()
        .unwrap()
        .retain(|name, _| name == "protocol" || name == "reference_document");
    let request: Request = same_ca::json::read(&serde_json::to_vec(&request).unwrap()).unwrap();
    let machine = Machine {
        clock: Timestamp::from_unix(mint::NOW),
        env: &|_| None,
        progress: &|_| (),
        log: &|_| (),
    };
    let twice = serde_json::to_value(reference::reference(&request, None, false, &machine).unwrap()).unwrap();
    for field in ["members", "authorities", "intermediates"] {
        assert_eq!(once[field], twice[field], "{field}");
    }
}

#[test]
fn the_same_certificate_again_is_dropped_and_another_is_a_member_of_its_own() {
    let w = World::new();
    let fe01 = w.fe("fe01");
    let names = |asked: &Ask| -> Vec<String> {
        let members = asked.on(&[&stranger()]).reference.members;
        members.into_iter().map(|member| member.name).collect()
    };
    let asked = ask().file("fe01", &[&fe01]).authorities(&[&w.ca.cert]);
    for read_by in ["other", "tls"] {
        assert_eq!(names(&asked.clone().documented("fe01", read_by, &[&fe01])), ["fe01"]);
    }
    let renewed = builder(&w.ca, "fe01").digest(Digest::Sha384).build();
    assert_eq!(
        names(&asked.clone().documented("fe01", "other", &[&renewed])),
        ["fe01", "fe01"]
    );
    assert_eq!(
        names(&asked.clone().documented("fe02", "other", &[&fe01])),
        ["fe01", "fe02"]
    );
}

#[test]
fn a_member_of_the_request_and_one_of_the_document_disagree_like_any_two() {
    let w = World::new();
    let asked = ask().file("fe01", &[&w.fe("fe01"), &w.ca.cert]);
    let renewed = builder(&w.ca, "fe01").digest(Digest::Sha384).build();
    let moved = leaf(&w.fabrikam, "fe01");
    standings(&[
        ("renewed", asked.clone().documented("fe01", "other", &[&renewed]), ""),
        (
            "moved to another CA",
            asked.clone().documented("fe01", "other", &[&moved, &w.fabrikam.cert]),
            "references-disagree=error",
        ),
        (
            "moved, without its CA",
            asked.documented("fe01", "other", &[&moved]),
            "references-disagree=error",
        ),
    ]);
}
