//! Places that hold what cannot be opened, or is no certificate: they stay as they are, unless the request says otherwise.

use mint::container;
use serde_json::{Value, json};

use super::*;

/// What-if, then the run: both must say the same, and what-if touches nothing.
#[track_caller]
fn both(scene: &Scene, request: &Value) -> Value {
    let before = scene.files();
    let foretold = what_if(request);
    assert_eq!(scene.files(), before, "what-if touches nothing");
    let report = run(request);
    assert_eq!(foretold, report, "what-if foretells the run");
    report
}

#[track_caller]
fn checked(request: &Value) -> Value {
    let report = crate::support::check_json(request.clone());
    serde_json::to_value(report).unwrap()
}

/// A place of which a file holds `content`: `check` says what it cannot read, `enforce` leaves it, and replaces it, with a
/// backup, where that is asked for.
#[track_caller]
fn stays(what: &str, scene: &Scene, request: &Value, file: &str, content: &[u8]) {
    scene.write(file, content);
    let before = scene.files();
    let report = both(scene, request);
    assert_eq!(scene.files(), before, "{what}: nothing is touched");
    let found = codes(&report, 0);
    assert_eq!(found[0], "install-refused", "{what}: {report:#}");
    assert_eq!(report["status"], "noncompliant", "{what}");
    assert_eq!(
        (&report["changed"], &report["actions"]),
        (&json!(false), &json!([])),
        "{what}"
    );
    assert_eq!(
        report["subjects"][0]["before"], report["subjects"][0]["after"],
        "{what}"
    );
    let hint = report["subjects"][0]["findings"][0]["hint"].as_str().unwrap();
    assert!(hint.contains("replace_unreadable"), "{what}: {hint}");
    assert_ne!(checked(request)["status"], "compliant", "{what}");

    let mut asked = request.clone();
    asked["subjects"][0]["install"]["replace_unreadable"] = json!(true);
    let report = both(scene, &asked);
    assert_eq!(
        (&report["changed"], &report["status"]),
        (&json!(true), &json!("compliant")),
        "{what}: {report:#}"
    );
    let backups = report["actions"][0]["backups"].as_array().unwrap();
    let kept: Vec<Vec<u8>> = backups
        .iter()
        .map(|path| fs::read(path.as_str().unwrap()).unwrap())
        .collect();
    assert!(
        kept.iter().any(|kept| kept == content),
        "{what}: the old file is kept: {backups:?}"
    );
    let again = run(&asked);
    assert_eq!(
        (&again["changed"], &again["status"]),
        (&json!(false), &json!("compliant")),
        "{what}"
    );
}

#[test]
fn a_pkcs12_place_that_cannot_be_opened_stays_as_it_is() {
    let (cert, key) = Scene::new().bad();
    let archive = |password: &str| P12::legacy(password).cert(&cert).key(&key).build();
    let aes = P12::new("another").cert(&cert).key(&key).build();
    let no_certificate = P12::legacy("hunter2").key(&key).build();
    for (what, content) in [
        ("another password", archive("another")),
        ("another password, new algorithms", aes),
        ("no password", archive("")),
        ("a Java key store", b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01".to_vec()),
        ("a text", b"managed by hand, see the wiki\n".to_vec()),
        ("a page", b"<!DOCTYPE html><html><body>404</body></html>".to_vec()),
        ("a private key", key.pkcs8_pem().into_bytes()),
        ("a key alone, in PKCS#12", no_certificate),
        ("a cut archive", archive("hunter2")[..200].to_vec()),
        ("an archive of another kind", b"PK\x03\x04rest".to_vec()),
        ("nothing", Vec::new()),
        ("noise", (0..=255).cycle().take(4096).collect()),
    ] {
        let scene = Scene::new().with_bad_pair();
        let request = scene.pkcs12();
        stays(what, &scene, &request, "place/www.pfx", &content);
    }
}

#[test]
fn pem_files_that_are_none_stay_as_they_are() {
    let scene = Scene::new();
    let (cert, key) = scene.bad();
    let locked = container::encrypted_private_key(&key.pkcs8_der(), "another");
    let locked = container::pem("ENCRYPTED PRIVATE KEY", &locked);
    for (what, file, content) in [
        ("a text for a certificate", "place/www.pem", "see the wiki\n".to_owned()),
        ("a key for a certificate", "place/www.pem", key.pkcs8_pem()),
        ("an empty certificate file", "place/www.pem", String::new()),
        ("a text for a key", "place/www.key", "see the wiki\n".to_owned()),
        ("a certificate for a key", "place/www.key", cert.pem()),
        ("a locked key", "place/www.key", locked.clone()),
        ("an empty key file", "place/www.key", String::new()),
        ("a text for a chain", "place/chain.pem", "see the wiki\n".to_owned()),
        ("a key for a chain", "place/chain.pem", key.pkcs8_pem()),
    ] {
        let scene = Scene::new().with_bad_pair();
        let mut request = scene.pair();
        if file.ends_with("chain.pem") {
            request["subjects"][0]["install"]["chain"] = json!(scene.text(file));
        }
        stays(what, &scene, &request, file, content.as_bytes());
    }
    let scene = Scene::new().with_bad_pair();
    let request = scene.request(json!({"certificate": scene.text("place/all.pem")}));
    stays(
        "a locked key beside its certificate",
        &scene,
        &request,
        "place/all.pem",
        (cert.pem() + &locked).as_bytes(),
    );
}

#[test]
fn what_is_readable_or_not_there_is_installed_over_as_before() {
    let scene = Scene::new().with_bad_pair();
    scene.write("place/chain.pem", b"");
    let mut request = scene.pair();
    request["subjects"][0]["install"]["chain"] = json!(scene.text("place/chain.pem"));
    let report = both(&scene, &request);
    assert_eq!(
        (&report["status"], &report["changed"]),
        (&json!("compliant"), &json!(true))
    );
    assert_eq!(report["actions"][0]["backups"], json!([]));

    let scene = Scene::new().with_bad_pair();
    let mut request = scene.pkcs12();
    fs::remove_file(scene.path("place/www.pfx")).unwrap();
    request["subjects"][0]["install"]["replace_unreadable"] = json!(true);
    assert_eq!(codes(&checked(&request), 0)[0], "certificate-missing");
    let report = both(&scene, &request);
    assert_eq!(
        (&report["status"], &report["subjects"][0]["before"]),
        (&json!("compliant"), &Value::Null)
    );
    assert_eq!(report["actions"][0]["backups"], json!([]));
}

#[test]
fn without_a_candidate_that_fits_an_unreadable_place_is_only_said() {
    let scene = Scene::new().with_bad_pair();
    let mut request = scene.pkcs12();
    scene.write("place/www.pfx", b"see the wiki\n");
    request["candidates"] = json!([]);
    let report = both(&scene, &request);
    assert_eq!(
        (codes(&report, 0), &report["status"]),
        (vec!["certificate-unreadable".to_owned()], &json!("undetermined"))
    );
}

#[cfg(unix)]
#[test]
fn what_is_no_ordinary_file_is_refused_whatever_the_request_allows() {
    use std::os::unix::fs::symlink;
    type Make = fn(&Path);
    let makes: [(&str, Make); 4] = [
        ("a folder", |path| fs::create_dir(path).unwrap()),
        ("a link to a file", |path| symlink("www.pem", path).unwrap()),
        ("a link that leads nowhere", |path| symlink("nowhere", path).unwrap()),
        ("a pipe", |path| {
            assert!(
                std::process::Command::new("mkfifo")
                    .arg(path)
                    .status()
                    .unwrap()
                    .success()
            );
        }),
    ];
    for (what, make) in makes {
        let scene = Scene::new().with_bad_pair();
        let mut request = scene.pkcs12();
        fs::remove_file(scene.path("place/www.pfx")).unwrap();
        make(&scene.path("place/www.pfx"));
        request["subjects"][0]["install"]["replace_unreadable"] = json!(true);
        let reports = [what_if(&request), run(&request)];
        assert_eq!(reports[0], reports[1], "{what}");
        assert_eq!(codes(&reports[0], 0)[0], "install-refused", "{what}: {:#}", reports[0]);
        assert_eq!(reports[0]["changed"], false);
        assert!(
            fs::symlink_metadata(scene.path("place/www.pfx")).is_ok_and(|it| !it.is_file()),
            "{what}"
        );
        assert_ne!(
            codes(&checked(&request), 0)[0],
            "certificate-missing",
            "{what}: something stands there"
        );
    }
    let scene = Scene::new().with_bad_pair();
    let mut request = scene.pkcs12();
    request["subjects"][0]["install"]["pkcs12_path"] = json!("/dev/null");
    let reports = [what_if(&request), run(&request)];
    assert_eq!(codes(&reports[0], 0)[0], "install-refused");
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn a_pkcs12_place_needs_a_password_if_only_an_empty_one() {
    let scene = Scene::new().with_bad_pair();
    let place = json!({"pkcs12_path": scene.text("place/www.pfx")});
    let fault = run_logged(&scene.request(place.clone()), false).0.unwrap_err();
    assert_eq!(fault.pointer.as_deref(), Some("/subjects/0/install"));
    assert!(fault.message.contains("\"password\": \"\""), "{fault}");
    let mut empty = place;
    empty["password"] = json!("");
    let report = both(&scene, &scene.request(empty));
    assert_eq!(report["status"], "compliant", "{report:#}");
}
