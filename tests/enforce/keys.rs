//! Private keys: those that work are installed, of every kind, and no others.

use mint::{container, der, key::RsaNumbers};
use serde_json::{Value, json};

use super::*;

/// A key whose public half is that of `key`, and whose secrets belong to another.
fn bogus(key: &Key, other: &Key) -> Key {
    let (own, foreign) = (key.rsa_numbers(), other.rsa_numbers());
    Key::from_rsa(RsaNumbers {
        n: own.n.clone(),
        e: own.e.clone(),
        d: foreign.d.clone(),
        p: foreign.p.clone(),
        q: foreign.q.clone(),
    })
}

/// The certificate of the CA for the host, over an RSA key, and that key.
fn rsa_pair(scene: &Scene) -> (Cert, Key) {
    let key = Key::rsa(2048, "server");
    (CertBuilder::server(HOST, &key).issuer(&scene.ca).build(), key)
}

fn check(request: &Value) -> Value {
    let mut request = request.clone();
    request["subjects"][0].as_object_mut().unwrap().remove("install");
    serde_json::to_value(crate::support::check_json(request)).unwrap()
}

#[test]
fn a_key_with_the_right_public_half_and_other_secrets_is_missing_in_every_form() {
    let scene = Scene::new().with_bad_pair();
    let (cert, key) = rsa_pair(&scene);
    let made_up = bogus(&key, &Key::rsa(2048, "other"));
    let pfx = P12::new("x").cert(&cert).key(&made_up).build();
    for (what, file) in [
        ("PKCS#8", (cert.pem() + &made_up.pkcs8_pem()).into_bytes()),
        ("PKCS#1", (cert.pem() + &made_up.pkcs1_pem()).into_bytes()),
        (
            "encrypted",
            (cert.pem() + &made_up.pkcs8_pem_encrypted("x")).into_bytes(),
        ),
        ("PKCS#12", pfx),
    ] {
        let path = scene.write("new.pem", &file);
        let source = json!({"path": path, "password": "x"});
        let mut request = scene.pair();
        request["candidates"] = json!([source]);
        let before = scene.files();
        for report in [what_if(&request), run(&request)] {
            assert_eq!(
                (&report["changed"], &report["status"]),
                (&json!(false), &json!("noncompliant")),
                "{what}"
            );
            let passed = &report["subjects"][0]["passed_over"][0]["findings"];
            let missing = passed
                .as_array()
                .unwrap()
                .iter()
                .any(|finding| finding["code"] == "private-key-missing");
            assert!(missing, "{what}: {passed:#}");
        }
        assert_eq!(scene.files(), before, "{what}: nothing is installed");
        request["subjects"][0]["source"] = source;
        request.as_object_mut().unwrap().remove("candidates");
        let report = check(&request);
        assert_eq!(report["status"], "noncompliant", "{what}");
        assert!(
            codes(&report, 0).contains(&"private-key-missing".to_owned()),
            "{what}: {report:#}"
        );
        // The right key beside it makes it good.
        let right = (cert.pem() + &made_up.pkcs8_pem() + &key.pkcs8_pem()).into_bytes();
        request["subjects"][0]["source"] = json!({"path": scene.write("both.pem", &right)});
        assert_eq!(check(&request)["status"], "compliant", "{what}");
    }
}

#[test]
fn a_working_key_of_another_certificate_is_a_mismatch_and_a_made_up_one_is_missing() {
    let scene = Scene::new().with_bad_pair();
    let (cert, key) = rsa_pair(&scene);
    let other = Key::rsa(2048, "other");
    for (what, wrong, code) in [
        ("another's", other.clone(), "private-key-mismatch"),
        ("another's, made up", bogus(&other, &key), "private-key-missing"),
        ("made up", bogus(&key, &other), "private-key-missing"),
        ("of another kind", Key::ec("P-384", "another"), "private-key-mismatch"),
    ] {
        // In the certificate's file, and in one of its own.
        scene.write("place/www.pem", cert.pem().as_bytes());
        scene.write("place/www.key", wrong.pkcs8_pem().as_bytes());
        let mut request = scene.pair();
        request.as_object_mut().unwrap().remove("candidates");
        let report = run(&request);
        assert!(
            codes(&report, 0).contains(&code.to_owned()),
            "{what}, own file: {report:#}"
        );
        let both = scene.write("both.pem", (cert.pem() + &wrong.pkcs8_pem()).as_bytes());
        request["subjects"][0]["source"] = json!({"path": both});
        let report = check(&request);
        assert_eq!(report["status"], "noncompliant", "{what}");
        assert!(codes(&report, 0).contains(&code.to_owned()), "{what}: {report:#}");
    }
    // Alone, it is not judged on its key.
    let mut request = scene.pair();
    request["subjects"][0]["source"] = json!({"path": scene.write("alone.pem", cert.pem().as_bytes())});
    request.as_object_mut().unwrap().remove("candidates");
    assert_eq!(check(&request)["status"], "compliant");
}

#[test]
fn of_a_pair_that_stands_with_a_key_that_does_not_work_the_next_run_makes_a_good_one() {
    let scene = Scene::new().with_bad_pair();
    let (cert, key) = rsa_pair(&scene);
    scene.write("place/www.pem", cert.pem().as_bytes());
    scene.write(
        "place/www.key",
        bogus(&key, &Key::rsa(2048, "other")).pkcs8_pem().as_bytes(),
    );
    let report = run(&scene.pair());
    assert_eq!(
        (&report["changed"], &report["status"]),
        (&json!(true), &json!("compliant"))
    );
    assert_eq!(
        scene.read("place/www.key"),
        scene.good("new", FUTURE).1.pkcs8_pem().as_bytes()
    );
}

/// The scene with a CA of this key, all files written anew.
fn under(ca: &Key) -> Scene {
    let mut scene = Scene::new().with_bad_pair();
    scene.ca = Ca::root_with("CN=Contoso Issuing CA,DC=contoso,DC=com", ca);
    scene.write("fe01.pem", scene.ca.server("fe01.contoso.com").build().pem().as_bytes());
    scene.write("ca.pem", scene.ca.cert.pem().as_bytes());
    scene
}

#[test]
fn estates_of_ml_dsa_and_slh_dsa_are_checked_inspected_referred_to_and_installed_in_pem_and_pkcs12() {
    for (of_ca, of_server) in [
        ("ML-DSA-44", "ML-DSA-87"),
        ("ML-DSA-65", "SLH-DSA-SHA2-128f"),
        ("ML-DSA-87", "ML-DSA-65"),
        ("SLH-DSA-SHA2-128f", "SLH-DSA-SHAKE-128f"),
        ("SLH-DSA-SHAKE-256f", "ML-DSA-44"),
    ] {
        let what = format!("{of_server} under {of_ca}");
        let scene = under(&Key::post_quantum(of_ca, "ca"));
        let key = Key::post_quantum(of_server, "server");
        let cert = CertBuilder::server(HOST, &key).issuer(&scene.ca).build();
        let pem = (cert.pem() + &key.pkcs8_pem()).into_bytes();
        let pfx = P12::new("x").cert(&cert).key(&key).build();
        for (form, file) in [("PEM", &pem), ("PKCS#12", &pfx)] {
            let what = format!("{what}, {form}");
            let new = json!({"path": scene.write("new.pem", file), "password": "x"});

            // check
            let mut request = scene.pair();
            request.as_object_mut().unwrap().remove("candidates");
            request["subjects"][0]["source"] = new.clone();
            let report = check(&request);
            assert_eq!(report["status"], "compliant", "{what}: {report:#}");
            assert_eq!(report["subjects"][0]["relation"], "same", "{what}");
            assert_eq!(report["subjects"][0]["proof"], "signature", "{what}");
            let facts = &report["subjects"][0]["certificate"];
            assert_eq!(
                (&facts["key_algorithm"], &facts["signature_algorithm"]),
                (&json!(of_server), &json!(of_ca))
            );
            assert_eq!(facts["key_bits"], key.private().bits(), "{what}");
            assert_eq!(facts["key_sha256"], key.spki_sha256(), "{what}");

            // inspect
            let asked: same_ca::protocol::Request =
                serde_json::from_value(json!({"protocol": 1, "subjects": [{"name": "a", "source": new}]})).unwrap();
            let context = Context {
                clock: Timestamp::from_unix(mint::NOW),
                env: &|_| None,
                progress: &|_| (),
                log: &|_| (),
            };
            let seen = same_ca::app::inspect::inspect(&asked, None, &context).unwrap();
            let seen = serde_json::to_value(&seen).unwrap();
            let one = &seen["subjects"][0]["sources"][0];
            assert_eq!(one["private_keys"], 1, "{what}: {seen:#}");
            assert_eq!(one["certificates"][0]["private_key"], true, "{what}: {seen:#}");

            // reference
            let asked =
                json!({"protocol": 1, "reference": request["reference"], "authorities": request["authorities"]});
            let asked = same_ca::json::read(&serde_json::to_vec(&asked).unwrap()).unwrap();
            let document = same_ca::app::reference::reference(&asked, None, false, &context).unwrap();
            let mut by_document = request.clone();
            by_document["reference"] = json!([]);
            by_document["authorities"] = json!([]);
            by_document["reference_document"] = serde_json::to_value(&document).unwrap();
            let report = check(&by_document);
            assert_eq!(report["status"], "compliant", "{what}: {report:#}");

            // enforce
            let (bad, bad_key) = scene.bad();
            scene.write("place/www.pem", bad.pem().as_bytes());
            scene.write("place/www.key", bad_key.pkcs8_pem().as_bytes());
            for place in [scene.pair(), scene.pkcs12()] {
                let mut place = place;
                place["candidates"] = json!([new]);
                let foretold = what_if(&place);
                let report = run(&place);
                assert_eq!(foretold, report, "{what}");
                assert_eq!(
                    (&report["status"], &report["changed"]),
                    (&json!("compliant"), &json!(true)),
                    "{what}: {report:#}"
                );
                assert_eq!(run(&place)["changed"], false, "{what}");
            }
            // OpenSSL reads what was written.
            let written = openssl::pkey::PKey::private_key_from_pem(&scene.read("place/www.key")).unwrap();
            assert_eq!(written.public_key_to_der().unwrap(), key.spki_der(), "{what}");
            let pfx = openssl::pkcs12::Pkcs12::from_der(&scene.read("place/www.pfx"))
                .unwrap()
                .parse2("hunter2")
                .unwrap();
            assert_eq!(pfx.pkey.unwrap().public_key_to_der().unwrap(), key.spki_der(), "{what}");
        }
    }
}

#[test]
fn an_ml_dsa_key_is_installed_in_every_form_and_not_where_its_halves_differ() {
    let scene = under(&Key::post_quantum("ML-DSA-65", "ca"));
    let (key, other) = (
        Key::post_quantum("ML-DSA-65", "server"),
        Key::post_quantum("ML-DSA-65", "other"),
    );
    let cert = CertBuilder::server(HOST, &key).issuer(&scene.ca).build();
    let halves = |key: &Key| {
        let pkcs8 = key.pkcs8_der();
        let inner = der::read(&pkcs8).0.children()[2].body.to_vec();
        let both = der::read(&inner).0;
        (both.children()[0].body.to_vec(), both.children()[1].body.to_vec())
    };
    let ((seed, expanded), (other_seed, _)) = (halves(&key), halves(&other));
    let pkcs8 = |inner: &[u8]| {
        let algorithm = der::algorithm("2.16.840.1.101.3.4.3.18", &[]);
        container::pem(
            "PRIVATE KEY",
            &der::seq(&[&der::int(0), &algorithm, &der::octets(inner)]),
        )
    };
    for (what, private, works) in [
        ("seed", pkcs8(&der::ctx_prim(0, &seed)), true),
        ("expanded", pkcs8(&der::octets(&expanded)), true),
        (
            "both",
            pkcs8(&der::seq(&[&der::octets(&seed), &der::octets(&expanded)])),
            true,
        ),
        (
            "halves of two",
            pkcs8(&der::seq(&[&der::octets(&other_seed), &der::octets(&expanded)])),
            false,
        ),
    ] {
        let (bad, bad_key) = scene.bad();
        scene.write("place/www.pem", bad.pem().as_bytes());
        scene.write("place/www.key", bad_key.pkcs8_pem().as_bytes());
        scene.write("new.pem", (cert.pem() + &private).as_bytes());
        let report = run(&scene.pair());
        assert_eq!(report["changed"], works, "{what}: {report:#}");
    }
}
