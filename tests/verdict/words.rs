//! What is said: the true cause first, what is at fault by its name, and nothing asked for that was given.

use mint::{Digest, San, der};

use super::*;

/// The texts of the first finding: its own, then that of its cause, and so on.
fn first(report: &Report) -> String {
    let finding = &report.subjects[0].findings[0];
    let mut texts = vec![finding.text.to_string()];
    let mut name = "cause".to_owned();
    while let Some(text) = finding.values.get(name.as_str()) {
        texts.push(text.clone());
        name.push_str(".cause");
    }
    texts.join(" < ")
}

fn hint(report: &Report) -> &str {
    report.subjects[0].findings[0].hint.as_deref().unwrap_or_default()
}

#[test]
fn the_true_cause_of_a_mistake_with_the_reference_is_the_headline_and_no_hint_asks_for_what_was_given() {
    let w = World::new();
    let (fe, subject) = (w.fe("fe01"), leaf(&w.ca, "p"));
    let other = leaf(&w.fabrikam, "q");
    let rows: &[(&str, Ask, &Cert, &str, &str)] = &[
        (
            "the file is missing",
            ask().unreadable("fe01").authorities(&[&w.ca.cert]),
            &subject,
            "reference-missing.in-reference < reference-missing.unread < reference-unreadable.source < certificate-unreadable.source",
            "the reference cannot be read: /nowhere/at/all.pem: there is no such file",
        ),
        (
            "no reference was given",
            ask().authorities(&[&w.ca.cert]),
            &subject,
            "reference-missing.in-reference < reference-missing.not-given",
            "no reference was given",
        ),
        (
            "no CA certificate was given",
            ask().file("fe01", &[&fe]),
            &subject,
            "ca-certificate-missing.reference < ca-certificate-missing.none-given",
            "no CA certificate was given",
        ),
        (
            "the one given is a server's",
            ask().file("fe01", &[&fe]).authorities(&[&w.fe("fe02")]),
            &subject,
            "ca-certificate-missing.reference < ca-certificate-missing.may-not-sign",
            "it is not a CA certificate",
        ),
        (
            "the one given may not sign",
            ask()
                .file("fe01", &[&fe])
                .authorities(&[&CertBuilder::authority(CONTOSO, &Key::ec("P-256", "no-sign"))
                    .key_usage(&[1])
                    .build()]),
            &subject,
            "ca-certificate-missing.reference < ca-certificate-missing.may-not-sign",
            "its keyUsage lacks keyCertSign",
        ),
        (
            "the one given is of another CA",
            ask().file("fe01", &[&fe]).authorities(&[&w.fabrikam.cert]),
            &subject,
            "ca-certificate-missing.reference < ca-certificate-missing.none-signed",
            "none of the CA certificates given signed the reference fe01",
        ),
        (
            "the one given has another key",
            ask().file("fe01", &[&fe]).authorities(&[&w.look_alike.cert]),
            &subject,
            "ca-certificate-missing.reference < ca-certificate-missing.other-key",
            "has the key that signed it",
        ),
        (
            "the reference and the subject are swapped",
            ask().file("ev", &[&other]).authorities(&[&w.ca.cert]),
            &subject,
            "issuer-differs.swapped",
            "whose certificate was given",
        ),
        (
            "they are swapped, under CAs of one name",
            ask()
                .file("ev", &[&leaf(&w.look_alike, "q")])
                .authorities(&[&w.ca.cert]),
            &subject,
            "ca-certificate-missing.swapped",
            "and not the one of the reference, ev",
        ),
        (
            "the reference begins with its CA",
            ask().file("fe01", &[&w.ca.cert, &fe]).authorities(&[&w.ca.cert]),
            &subject,
            "reference-is-ca.in-reference < reference-is-ca.first",
            "the file begins with the CA certificate",
        ),
    ];
    for (shown, asked, subject, texts, words) in rows {
        let report = asked.on(&[subject]);
        assert_eq!(first(&report), *texts, "{shown}");
        assert!(report.message.contains(words), "{shown}: {}", report.message);
        let asks = hint(&report);
        assert!(!asks.contains("see the findings"), "{shown}: {asks}");
        if asked.authorities.len() == 1 && asked.authorities[0] == source(&[&w.ca.cert]) {
            assert!(!asks.starts_with("add the certificate of"), "{shown}: {asks}");
        }
    }
}

#[test]
fn a_subject_that_begins_with_its_ca_is_told_so_before_anything_else() {
    let w = World::new();
    let asked = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.root.cert, &w.ca.cert]);
    let report = asked.on(&[&w.root.cert, &w.ca.cert, &leaf(&w.ca, "p")]);
    assert_eq!(first(&report), "subject-is-ca.first");
    assert_eq!(hint(&report), "put the server's own certificate first");
}

#[test]
fn the_key_or_algorithm_at_fault_is_named_and_renewing_is_advised_where_it_helps() {
    let explicit = Key::ec("P-256", "explicit");
    let negative = Key::rsa(2048, "negative");
    // A modulus whose first octet has the sign bit and no zero before it.
    let spki = {
        let numbers = negative.rsa_numbers();
        let modulus = numbers.n.to_bytes_be();
        let public = der::seq(&[&der::tlv(2, &[&modulus]), &der::tlv(2, &[&[1, 0, 1]])]);
        der::seq(&[
            &der::algorithm("1.2.840.113549.1.1.1", &der::null()),
            &der::bits(&public),
        ])
    };
    let cas = [
        (
            Ca::root_with(CONTOSO, &explicit.with_explicit_curve()),
            "explicit parameters",
        ),
        (Ca::root_with(CONTOSO, &negative.with_spki(&spki)), "cannot be read"),
    ];
    for (ca, why) in &cas {
        let asked = ask().file("fe01", &[&leaf(ca, "fe01")]).authorities(&[&ca.cert]);
        let report = asked.on(&[&leaf(ca, "p")]);
        let told = finding(&report, "algorithm-unsupported");
        assert!(
            told.message
                .contains(&format!("the key in the CA certificate {CONTOSO}"))
                && told.message.contains(why),
            "{}",
            told.message
        );
        assert!(
            told.hint.as_deref().unwrap().starts_with("renew the CA certificate"),
            "{told:?}"
        );
    }
    let w = World::new();
    let asked = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.root.cert, &w.ca.cert]);
    let rsa = Ca::root_with(CONTOSO, &Key::rsa(2048, "md5"));
    let md5 = ask()
        .file("fe01", &[&leaf(&rsa, "fe01")])
        .authorities(&[&rsa.cert])
        .on(&[&builder(&rsa, "p").digest(Digest::Md5).build()]);
    let told = finding(&md5, "algorithm-unsupported");
    assert!(told.message.contains("broken"), "{told:?}");
    let odd = der::algorithm("1.2.840.10045.4.3.2", &der::tlv(12, &[b"x"]));
    let malformed = builder(&w.ca, "p").inner_algorithm(&odd).outer_algorithm(&odd).build();
    let report = asked.on(&[&malformed]);
    let told = finding(&report, "algorithm-unsupported");
    assert!(told.message.contains("not encoded as the standard says"), "{told:?}");
    assert!(
        told.hint.as_deref().unwrap().starts_with("ask the operator of the CA"),
        "{told:?}"
    );
    let unknown = der::algorithm("1.2.3.4", &[]);
    let unknown = builder(&w.ca, "p")
        .inner_algorithm(&unknown)
        .outer_algorithm(&unknown)
        .build();
    let report = asked.on(&[&unknown]);
    let told = finding(&report, "algorithm-unsupported");
    assert!(
        told.hint.as_deref().unwrap().contains("newer version of same-ca"),
        "{told:?}"
    );
}

#[test]
fn a_reference_whose_algorithm_fields_differ_is_told_so_and_not_that_a_key_did_not_sign_it() {
    let w = World::new();
    let other = der::algorithm("1.2.840.10045.4.3.3", &[]);
    let fe = builder(&w.ca, "fe01").inner_algorithm(&other).build();
    let report = ask()
        .file("fe01", &[&fe])
        .authorities(&[&w.root.cert, &w.ca.cert])
        .on(&[&leaf(&w.ca, "p")]);
    let findings = report.reference.members[0]
        .findings
        .iter()
        .chain(&report.reference.findings);
    let told: Vec<&str> = findings.map(|finding| finding.message.as_str()).collect();
    assert!(told.iter().any(|message| message.contains("fields differ")), "{told:?}");
    assert!(!told.iter().any(|message| message.contains("did not sign")), "{told:?}");
}

#[test]
fn a_lync_key_that_is_refused_is_called_what_it_is() {
    let w = World::new();
    let asked = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.root.cert, &w.ca.cert])
        .policy("profile", "lync-server-2013");
    let key = Key::ec("P-256", "leaf-explicit").with_explicit_curve();
    let report = asked.on(&[&builder(&w.ca, "p").key(&key).build()]);
    let told = finding(&report, "key-unsupported");
    assert!(told.message.contains("explicit parameters"), "{told:?}");
    assert_ne!(told.expected, told.actual);
}

#[test]
fn names_that_read_alike_are_shown_with_what_differs() {
    let w = World::new();
    let alike = Ca::root("CN=Contoso Issuing CA\u{200a},DC=contoso,DC=com");
    let cyrillic = Ca::root("CN=\u{421}ontoso Issuing CA,DC=contoso,DC=com");
    for ca in [&alike, &cyrillic] {
        let report = ask()
            .file("fe01", &[&w.fe("fe01")])
            .authorities(&[&w.root.cert, &w.ca.cert, &ca.cert])
            .on(&[&leaf(ca, "p")]);
        if report.subjects[0].relation != Some(same_ca::protocol::Relation::Different) {
            // A blank more is the same name (RFC 4518).
            continue;
        }
        let told = finding(&report, "issuer-differs");
        assert_eq!(told.text, "issuer-differs.reads-alike", "{told:?}");
        let actual = told.actual.as_deref().unwrap();
        assert!(actual.contains("\\d0\\a1ontoso"), "{actual}");
        assert!(told.expected.as_deref().unwrap().contains("String Contoso"), "{told:?}");
    }
}

#[test]
fn a_name_that_is_not_covered_and_looks_like_one_that_is_shows_the_difference() {
    let w = World::new();
    let asked = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.root.cert, &w.ca.cert]);
    for (wanted, sans, text, shown) in [
        (
            "10.0.0.1",
            vec![San::dns("10.0.0.1")],
            "address-as-name",
            "10.0.0.1 as a DNS name",
        ),
        (
            "p.contoso.com",
            vec![San::dns("p.contoso.com ")],
            "alike",
            "p.contoso.com\\20",
        ),
        (
            "p.contoso.com",
            vec![San::dns("p.contoso.com\0")],
            "alike",
            "p.contoso.com\\00",
        ),
        (
            "p.contoso.com",
            vec![San::dns("q.contoso.com")],
            "uncovered",
            "q.contoso.com",
        ),
    ] {
        let report = asked
            .clone()
            .policy("names", json!([wanted]))
            .on(&[&builder(&w.ca, "p").sans(sans).build()]);
        let told = finding(&report, "name-mismatch");
        assert_eq!(told.text, format!("name-mismatch.{text}"), "{told:?}");
        assert!(told.actual.as_deref().unwrap().contains(shown), "{told:?}");
        assert_ne!(told.expected, told.actual);
    }
}

#[test]
fn under_match_key_the_newer_key_is_not_to_be_renewed_under_the_current_one() {
    let w = World::new();
    let under = |reference: &Ca, subject: &Ca| {
        ask()
            .file("fe01", &[&leaf(reference, "fe01")])
            .authorities(&[&w.root.cert, &w.ca.cert, &w.rekeyed.cert])
            .policy("match", "key")
            .on(&[&leaf(subject, "p")])
    };
    let newer = under(&w.ca, &w.rekeyed);
    let told = finding(&newer, "issuer-key-differs");
    assert_eq!(told.text, "issuer-key-differs.newer-key", "{told:?}");
    assert!(
        told.hint
            .as_deref()
            .unwrap()
            .starts_with("renew the certificates of the reference servers"),
        "{told:?}"
    );
    assert_ne!(told.expected, told.actual);
    let older = under(&w.rekeyed, &w.ca);
    let told = finding(&older, "issuer-key-differs");
    assert_eq!(told.text, "issuer-key-differs.older-key", "{told:?}");
    assert!(
        told.hint
            .as_deref()
            .unwrap()
            .starts_with("renew it under the CA's current key"),
        "{told:?}"
    );
}

#[test]
fn a_pass_on_a_claim_is_not_called_proven() {
    let w = World::new();
    let report = ask()
        .file("fe01", &[&w.fe("fe01")])
        .policy("proof", "name")
        .on(&[&leaf(&w.ca, "p")]);
    assert_eq!(report.status, same_ca::protocol::Status::Compliant);
    assert!(
        report.message.contains("without a verified signature"),
        "{}",
        report.message
    );
    let mut text = Vec::new();
    same_ca::render::text::report(&report, false, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains("proven"), "{text}");
}

#[test]
fn a_root_key_is_not_said_to_have_signed_a_servers_certificate() {
    let w = World::new();
    let report = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.root.cert, &w.ca.cert])
        .policy("level", "root")
        .on(&[&leaf(&w.ca, "p")]);
    let mut text = Vec::new();
    same_ca::render::text::report(&report, false, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("the root above a reference certificate"), "{text}");
    assert!(!text.contains("signed a reference certificate"), "{text}");
}

#[test]
fn a_key_that_its_password_does_not_open_is_told_where_the_key_is_missed() {
    let w = World::new();
    let key = Key::ec("P-256", "closed");
    let new = builder(&w.ca, "p").key(&key).build();
    let closed = json!({ "pem": new.pem() + &key.pkcs8_pem_encrypted("right"), "password": "wrong" });
    let mut request = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.root.cert, &w.ca.cert])
        .request_on(&[
            json!({ "name": "p", "names": ["p.contoso.com"], "source": source(&[&leaf(&w.fabrikam, "p")]) }),
        ]);
    request["candidates"] = json!([closed]);
    let report = support::check_json(request);
    let passed = report.subjects[0].passed_over.as_ref().unwrap();
    let told: Vec<&str> = passed
        .iter()
        .flat_map(|passed| &passed.findings)
        .map(|finding| finding.message.as_str())
        .collect();
    assert!(
        told.contains(&"its private key could not be read: wrong password for the private key"),
        "{told:?}"
    );
    assert!(
        passed
            .iter()
            .all(|passed| passed.source.as_deref() == Some("inline PEM"))
    );
}

#[test]
fn a_block_that_cannot_be_read_is_told_with_its_file_and_its_reason() {
    let w = World::new();
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("words-block");
    std::fs::create_dir_all(&folder).unwrap();
    let block = "-----BEGIN CERTIFICATE-----\nno base64 at all!\n-----END CERTIFICATE-----\n";
    std::fs::write(folder.join("garbage.pem"), leaf(&w.ca, "p").pem() + block).unwrap();
    let request = ask()
        .file("fe01", &[&w.fe("fe01")])
        .authorities(&[&w.root.cert, &w.ca.cert])
        .request_on(&[json!({ "name": "p", "source": { "path": folder.join("garbage.pem") } })]);
    let said = serde_json::to_string(&support::check_json(request).subjects[0].findings).unwrap();
    for word in ["base64", "garbage.pem"] {
        assert!(said.to_lowercase().contains(word), "{said}");
    }
}

#[test]
fn evidence_that_was_given_and_cannot_be_read_is_the_cause_and_not_asked_for_again() {
    let w = World::new();
    let mut request = ask()
        .file("fe01", &[&w.fe("fe01")])
        .request_on(&[json!({ "name": "p", "source": source(&[&leaf(&w.ca, "p")]) })]);
    request["authorities"] = json!([{ "path": "/nowhere/ca.pem" }]);
    let report = support::check_json(request);
    assert!(
        report.message.contains("/nowhere/ca.pem: there is no such file"),
        "{}",
        report.message
    );
    assert!(!hint(&report).contains("add the certificate"), "{}", hint(&report));
}

#[test]
fn a_reference_document_in_utf_16_is_read_and_a_certificate_in_its_place_is_named() {
    let w = World::new();
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("words-document");
    std::fs::create_dir_all(&folder).unwrap();
    let fe = w.fe("fe01");
    let document = json!({
        "protocol": 1, "kind": "reference", "authorities": [w.root.cert.pem(), w.ca.cert.pem()],
        "members": [{ "name": "fe01", "read_by": "other", "certificate": { "pem": fe.pem(), "chain": [] } }],
    });
    let asked = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        support::check_json(json!({
            "protocol": 1, "reference_document": { "path": path },
            "subjects": [{ "name": "p", "source": source(&[&leaf(&w.ca, "p")]) }],
        }))
    };
    for unit in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
        let text = format!("\u{feff}{document}");
        let bytes: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
        let report = asked("utf16.json", &bytes);
        assert_eq!(
            report.status,
            same_ca::protocol::Status::Compliant,
            "{}",
            report.message
        );
    }
    let report = asked("fe01.pem", fe.pem().as_bytes());
    assert!(
        report
            .message
            .contains("is not a reference document: it holds a certificate"),
        "{}",
        report.message
    );
}
