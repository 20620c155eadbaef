//! Files: what is written, what is kept, what is refused.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;

use same_ca::protocol::FaultCode;
use serde_json::{Value, json};

use super::*;
use crate::support::binary::{self, same_ca};

/// Runs what-if, then the same for good, then again: what-if must foretell the run and touch nothing, and the second run
/// must change nothing.
pub(super) fn enforced(scene: &Scene, request: &Value) -> Value {
    let before = scene.files();
    let foretold = what_if(request);
    assert_eq!(scene.files(), before, "what-if touches nothing");
    let report = run(request);
    assert_eq!(foretold, report, "what-if foretells the run");
    let after = scene.files();
    let again = run(request);
    assert_eq!(again["changed"], false, "{again:#}");
    assert_eq!(again["actions"], json!([]));
    assert_eq!(again["status"], report["status"]);
    assert_eq!(scene.files(), after, "the second run changes nothing");
    assert!(
        scene.files().keys().all(|name| !name.starts_with('.')),
        "nothing is left behind: {:?}",
        scene.files().keys()
    );
    report
}

#[test]
fn a_pair_of_another_ca_is_replaced_and_the_report_says_what_was_done() {
    let scene = Scene::new().with_bad_pair();
    let (new, new_key) = scene.good("new", FUTURE);
    let old = scene.bad().0;
    let report = enforced(&scene, &scene.pair());
    assert_eq!(report["status"], "compliant");
    assert_eq!(report["changed"], true);
    let paths = json!([scene.text("place/www.pem"), scene.text("place/www.key")]);
    assert_eq!(
        report["actions"],
        json!([{"action": "install", "subject": HOST, "candidate": 0, "source": scene.text("new.pem"), "certificate": new.sha256(),
                "paths": paths, "backups": []}])
    );
    assert_eq!(report["subjects"][0]["before"]["sha256"], old.sha256());
    assert_eq!(report["subjects"][0]["after"]["sha256"], new.sha256());
    // The issuing CA is sent along, the root is not: clients know it or do not.
    assert_eq!(
        scene.read("place/www.pem"),
        (new.pem() + &scene.ca.cert.pem()).as_bytes()
    );
    assert_eq!(scene.read("place/www.key"), new_key.pkcs8_pem().as_bytes());
}

#[test]
fn a_compliant_place_is_left_alone() {
    let scene = Scene::new().with_bad_pair();
    let (cert, key) = scene.good("standing", days(100));
    scene.write("place/www.pem", cert.pem().as_bytes());
    scene.write("place/www.key", key.pkcs8_pem().as_bytes());
    let before = fs::metadata(scene.path("place")).unwrap();
    let report = enforced(&scene, &scene.pair());
    assert_eq!(
        (&report["changed"], &report["status"]),
        (&json!(false), &json!("compliant"))
    );
    let after = fs::metadata(scene.path("place")).unwrap();
    assert_eq!(
        (before.modified().unwrap(), before.created().ok()),
        (after.modified().unwrap(), after.created().ok())
    );
}

#[test]
fn one_file_takes_certificate_path_and_key() {
    let scene = Scene::new().with_bad_pair();
    let (cert, key) = scene.bad();
    let path = scene.write("place/all.pem", (cert.pem() + &key.pkcs8_pem()).as_bytes());
    set_mode(&scene.path("place/all.pem"), 0o644);
    let report = enforced(&scene, &scene.request(json!({"certificate": path})));
    assert_eq!(report["status"], "compliant");
    let (new, new_key) = scene.good("new", FUTURE);
    let whole = new.pem() + &scene.ca.cert.pem() + &new_key.pkcs8_pem();
    assert_eq!(scene.read("place/all.pem"), whole.as_bytes());
    assert_mode(&scene.path("place/all.pem"), 0o640, "others could have read the key");
}

#[test]
fn another_spelling_of_one_file_is_one_file() {
    let scene = Scene::new().with_bad_pair();
    let (cert, key) = scene.bad();
    let path = scene.write("place/all.pem", (cert.pem() + &key.pkcs8_pem()).as_bytes());
    let other = scene.text("place/../place/all.pem");
    let report = enforced(
        &scene,
        &scene.request(json!({"certificate": path, "private_key": other})),
    );
    assert_eq!(report["status"], "compliant", "{report:#}");
    assert_eq!(report["actions"][0]["paths"], json!([path]));
}

#[test]
fn a_chain_has_a_file_of_its_own_where_one_is_named() {
    let scene = Scene::new().with_bad_pair();
    let mut install = scene.pair()["subjects"][0]["install"].clone();
    install["chain"] = json!(scene.text("place/chain.pem"));
    let report = enforced(&scene, &scene.request(install));
    assert_eq!(report["status"], "compliant", "{report:#}");
    assert_eq!(
        scene.read("place/www.pem"),
        scene.good("new", FUTURE).0.pem().as_bytes()
    );
    assert_eq!(scene.read("place/chain.pem"), scene.ca.cert.pem().as_bytes());
    assert_mode(&scene.path("place/chain.pem"), 0o644, "mode");
}

#[test]
fn a_root_that_issues_to_servers_leaves_no_empty_chain_file() {
    let mut scene = Scene::new();
    scene.ca = Ca::root("CN=Contoso Flat Root CA,DC=contoso,DC=com");
    scene.write("fe01.pem", scene.ca.server("fe01.contoso.com").build().pem().as_bytes());
    scene.write("ca.pem", scene.ca.cert.pem().as_bytes());
    for standing in [None, Some(scene.other.cert.pem())] {
        let chain_path = scene.text("place/chain.pem");
        if let Some(standing) = &standing {
            scene.write("place/chain.pem", standing.as_bytes());
        }
        let (cert, key) = scene.bad();
        scene.write("place/www.pem", cert.pem().as_bytes());
        scene.write("place/www.key", key.pkcs8_pem().as_bytes());
        let (new, key) = scene.good("new", FUTURE);
        scene.write("new.pem", (new.pem() + &key.pkcs8_pem()).as_bytes());
        let mut request = scene.pair();
        request["subjects"][0]["install"]["chain"] = json!(chain_path);
        assert_eq!(enforced(&scene, &request)["status"], "compliant");
        assert_eq!(scene.read("place/www.pem"), new.pem().as_bytes());
        let chain = scene.files().remove("chain.pem");
        assert_eq!(
            chain,
            standing.map(String::into_bytes),
            "an empty file is one that servers refuse"
        );
    }
}

#[test]
fn the_whole_path_to_a_vouched_root_is_sent_along() {
    let scene = Scene::new().with_bad_pair();
    let root = Ca::root("CN=Top,DC=contoso,DC=com");
    let policy = root.issue_ca("CN=Policy CA,DC=contoso,DC=com");
    let issuing = policy.issue_ca("CN=Third CA,DC=contoso,DC=com");
    let key = Key::ec("P-256", "third");
    let builder = CertBuilder::server(HOST, &key).issuer(&issuing);
    let cert = builder.validity(PAST, FUTURE).build();
    // The policy CA comes with the candidate alone.
    let pfx = P12::legacy("hunter2").cert(&cert).cert(&policy.cert).key(&key).build();
    let mut request = scene.pair();
    request["candidates"] = json!([{"path": scene.write("third.pfx", &pfx), "password": "hunter2"}]);
    let server = issuing.server("fe03.contoso.com").build().pem();
    request["reference"][0]["source"] = json!({"path": scene.write("fe03.pem", server.as_bytes())});
    let vouched = issuing.cert.pem() + &root.cert.pem();
    request["authorities"] = json!([{"path": scene.write("third-ca.pem", vouched.as_bytes())}]);
    let report = enforced(&scene, &request);
    assert_eq!(report["status"], "compliant", "{report:#}");
    let expected = cert.pem() + &issuing.cert.pem() + &policy.cert.pem();
    assert_eq!(scene.read("place/www.pem"), expected.as_bytes());
}

#[test]
fn an_empty_place_is_filled_and_its_new_key_is_the_owners_alone() {
    let scene = Scene::new().with_bad_pair();
    fs::remove_file(scene.path("place/www.pem")).unwrap();
    fs::remove_file(scene.path("place/www.key")).unwrap();
    let report = enforced(&scene, &scene.pair());
    assert_eq!(report["status"], "compliant");
    assert_eq!(report["subjects"][0]["before"], Value::Null);
    assert_mode(&scene.path("place/www.key"), 0o600, "mode");
    assert_mode(&scene.path("place/www.pem"), 0o644, "mode");
}

#[test]
fn a_key_that_misses_or_does_not_fit_is_noncompliant_and_mended() {
    for key in [None, Some(Key::ec("P-256", "another"))] {
        let scene = Scene::new().with_bad_pair();
        let (cert, _) = scene.good("standing", FUTURE);
        scene.write("place/www.pem", cert.pem().as_bytes());
        fs::remove_file(scene.path("place/www.key")).unwrap();
        if let Some(key) = key {
            scene.write("place/www.key", key.pkcs8_pem().as_bytes());
        }
        let mut request = scene.pair();
        request["candidates"] = json!([]);
        let report = run(&request);
        assert_eq!(report["status"], "noncompliant");
        assert!(codes(&report, 0)[0].starts_with("private-key-mis"), "{report:#}");
        let report = enforced(&scene, &scene.pair());
        assert_eq!(
            (&report["status"], &report["changed"]),
            (&json!("compliant"), &json!(true))
        );
    }
}

#[test]
fn candidates_may_be_whole_folders_with_keys_in_files_of_their_own() {
    let scene = Scene::new().with_bad_pair();
    let (short, short_key) = scene.good("short", days(50));
    let (long, long_key) = scene.good("long", days(500));
    scene.write("pool/1.pem", short.pem().as_bytes());
    scene.write("pool/1.key", short_key.pkcs8_pem().as_bytes());
    scene.write("pool/2.der", long.der());
    scene.write("pool/2.key", long_key.sec1_pem().as_bytes());
    scene.write("pool/readme.txt", b"what may be installed");
    let mut request = scene.pair();
    request["candidates"] = json!([{"path": scene.text("pool")}]);
    let report = enforced(&scene, &request);
    assert_eq!(report["actions"][0]["certificate"], long.sha256());
    assert_eq!(scene.read("place/www.key"), long_key.pkcs8_pem().as_bytes());
    let passed = report["subjects"][0]["passed_over"].as_array().unwrap();
    assert!(
        passed.iter().any(|one| one["certificate"]["sha256"] == short.sha256()),
        "{passed:#?}"
    );
}

#[test]
fn a_candidate_without_its_key_at_hand_is_passed_over_and_said_so() {
    use openssl::base64::encode_block;
    let scene = Scene::new().with_bad_pair();
    let (cert, _) = scene.good("new", FUTURE);
    let mut request = scene.pair();
    // The caller says that it has the key; it cannot be put into a file.
    request["candidates"] = json!([{"der": encode_block(cert.der()), "private_key": true}]);
    let before = scene.files();
    let report = enforced(&scene, &request);
    assert_eq!(
        (&report["status"], &report["changed"]),
        (&json!("noncompliant"), &json!(false))
    );
    assert_eq!(scene.files(), before);
    let passed = &report["subjects"][0]["passed_over"][0]["findings"];
    assert!(passed.to_string().contains("private-key-missing"), "{passed:#}");
}

#[test]
fn the_caller_is_told_what_to_assign_and_nothing_is_written() {
    use openssl::base64::encode_block;
    let scene = Scene::new().with_bad_pair();
    let (cert, _) = scene.good("new", FUTURE);
    let mut request = scene.request(json!({"by": "caller"}));
    request["subjects"][0]["any_of"] = json!([{"path": scene.text("place/www.pem")}]);
    request["candidates"] = json!([{"der": encode_block(cert.der()), "private_key": true}]);
    for report in [run(&request), what_if(&request)] {
        assert_eq!(
            (&report["status"], &report["changed"]),
            (&json!("noncompliant"), &json!(false))
        );
        assert_eq!(
            report["actions"],
            json!([{"action": "assign", "by": "caller", "subject": HOST, "candidate": 0, "source": "inline DER",
                    "certificate": cert.sha256(), "paths": [], "backups": []}])
        );
    }
}

#[cfg(not(windows))]
#[test]
fn a_windows_store_is_refused_in_clear_words() {
    let scene = Scene::new().with_bad_pair();
    let report = run(&scene.request(json!({"windows_store": {"location": "LocalMachine", "store": "My"}})));
    assert!(codes(&report, 0).contains(&"install-refused".to_owned()), "{report:#}");
    assert_eq!(report["status"], "noncompliant");
    assert_eq!(report["changed"], false);
}

#[test]
fn renewal_waits_for_its_time_and_for_a_candidate_that_lasts_longer() {
    for (standing, before, expected) in [(20, "30d", true), (40, "30d", false), (20, "14d", false)] {
        let scene = Scene::new().with_bad_pair();
        let (cert, key) = scene.good("standing", days(standing));
        scene.write("place/www.pem", cert.pem().as_bytes());
        scene.write("place/www.key", key.pkcs8_pem().as_bytes());
        let mut request = scene.pair();
        request["policy"]["renew_before"] = json!(before);
        let report = enforced(&scene, &request);
        assert_eq!(report["changed"], expected, "{standing} days, renewed {before} before");
        assert_eq!(report["status"], "compliant");
        let (shorter, key) = scene.good("shorter", days(standing - 1));
        scene.write("place/www.pem", cert.pem().as_bytes());
        scene.write("place/www.key", scene.good("standing", 0).1.pkcs8_pem().as_bytes());
        scene.write("new.pem", (shorter.pem() + &key.pkcs8_pem()).as_bytes());
        assert_eq!(
            enforced(&scene, &request)["changed"],
            false,
            "a shorter one replaces nothing"
        );
    }
}

#[cfg(unix)]
#[test]
fn links_special_files_and_open_folders_are_refused_untouched() {
    let refused = |scene: &Scene, request: &Value, words: &str| {
        let before = scene.files();
        for report in [what_if(request), run(request)] {
            assert_eq!(codes(&report, 0)[0], "install-refused", "{report:#}");
            assert_eq!(
                (&report["status"], &report["changed"]),
                (&json!("noncompliant"), &json!(false))
            );
            let message = report["subjects"][0]["findings"][0]["message"].as_str().unwrap();
            assert!(message.contains(words), "{message}");
        }
        assert_eq!(scene.files(), before);
    };
    let scene = Scene::new().with_bad_pair();
    fs::rename(scene.path("place/www.key"), scene.path("elsewhere.key")).unwrap();
    symlink("../elsewhere.key", scene.path("place/www.key")).unwrap();
    refused(&scene, &scene.pair(), "symbolic link");
    assert!(fs::symlink_metadata(scene.path("place/www.key")).unwrap().is_symlink());

    let scene = Scene::new().with_bad_pair();
    set_mode(&scene.path("place"), 0o777);
    refused(&scene, &scene.pair(), "everyone can write");
    set_mode(&scene.path("place"), 0o1777);
    assert_eq!(run(&scene.pair())["status"], "compliant");

    let scene = Scene::new().with_bad_pair();
    let install = json!({"certificate": scene.text("place"), "private_key": scene.text("place/www.key")});
    refused(&scene, &scene.request(install), "no ordinary file");

    let scene = Scene::new().with_bad_pair();
    let install = json!({"certificate": scene.text("nowhere/www.pem")});
    refused(&scene, &scene.request(install), "no such");

    let scene = Scene::new().with_bad_pair();
    let install = json!({"certificate": "/dev/null", "private_key": scene.text("place/www.key")});
    let before = scene.files();
    assert_eq!(codes(&run(&scene.request(install)), 0)[0], "install-refused");
    assert_eq!(scene.files(), before);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_key_is_refused_and_not_waited_for() {
    let scene = Scene::new().with_bad_pair();
    fs::remove_file(scene.path("place/www.key")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(scene.path("place/www.key"))
        .status();
    assert!(made.unwrap().success());
    let report = run(&scene.pair());
    assert_eq!(codes(&report, 0)[0], "install-refused", "{report:#}");
}

#[test]
fn subjects_that_share_a_place_agree_or_are_refused() {
    let scene = Scene::new().with_bad_pair();
    let mut request = scene.pair();
    let first = request["subjects"][0].clone();
    let mut second = first.clone();
    second["use"] = json!("WebServicesExternal");
    request["subjects"] = json!([first, second]);
    let report = enforced(&scene, &request);
    assert_eq!(report["status"], "compliant");
    assert_eq!(
        report["actions"].as_array().unwrap().len(),
        1,
        "one place, one installation"
    );
    assert_eq!(report["subjects"][0]["before"], report["subjects"][1]["before"]);
    assert_eq!(report["subjects"][0]["after"], report["subjects"][1]["after"]);

    for (field, value) in [
        ("names", json!(["other.contoso.com"])),
        ("install", json!({"certificate": scene.text("place/www.pem")})),
        (
            "install",
            json!({"certificate": scene.text("place/../place/www.pem"), "private_key": scene.text("place/x.key")}),
        ),
        ("install", json!({"pkcs12_path": scene.text("place/www.key")})),
    ] {
        let mut differing = request.clone();
        differing["subjects"][1][field] = value;
        let fault = run_logged(&differing, false).0.unwrap_err();
        assert_eq!(fault.code, FaultCode::BadRequest);
        assert_eq!(fault.pointer.as_deref(), Some("/subjects/1/install"), "{fault}");
    }
}

#[test]
fn a_source_beside_a_place_is_judged_in_addition_and_afterwards() {
    let scene = Scene::new().with_bad_pair();
    let mut request = scene.pair();
    // What the service presents is still the old certificate.
    scene.write("presented.pem", scene.bad().0.pem().as_bytes());
    request["subjects"][0]["source"] = json!({"path": scene.text("presented.pem")});
    let report = run(&request);
    assert_eq!(
        (&report["changed"], &report["status"]),
        (&json!(true), &json!("noncompliant"))
    );
    assert_eq!(report["subjects"][0]["relation"], "same", "the place itself is mended");
    let message = report["subjects"][0]["findings"][0]["message"].as_str().unwrap();
    assert!(message.starts_with(&scene.text("presented.pem")), "{message}");
    request["subjects"][0]["source"] = json!({"path": scene.text("place/www.pem")});
    assert_eq!(run(&request)["status"], "compliant", "read after the installation");
}

#[test]
fn without_install_nothing_but_a_check_is_done() {
    let scene = Scene::new().with_bad_pair();
    let mut request = scene.pair();
    request["subjects"][0] = json!({"name": HOST, "names": [HOST], "source": {"path": scene.text("place/www.pem")}});
    let before = scene.files();
    let report = run(&request);
    assert_eq!(
        (&report["changed"], &report["status"]),
        (&json!(false), &json!("noncompliant"))
    );
    assert_eq!(report["actions"], json!([]));
    assert_eq!(scene.files(), before);
}

#[test]
fn no_secret_is_in_any_output() {
    let scene = Scene::new().with_bad_pair();
    let mut pfx = scene.pkcs12();
    pfx["subjects"][0]["install"] = json!({"pkcs12_path": scene.text("place/www.pfx"), "password": "hunter2"});
    let (_, key) = scene.good("new", FUTURE);
    let secret: Vec<String> = key
        .pkcs8_pem()
        .lines()
        .filter(|line| line.len() > 30 && !line.contains('-'))
        .map(Into::into)
        .collect();
    for request in [scene.pair(), pfx] {
        for what_if in [true, false] {
            let (report, log) = run_logged(&request, what_if);
            let shown = report.unwrap().to_string() + &log;
            assert!(!shown.contains("hunter2") && !shown.contains("PRIVATE KEY"), "{shown}");
            assert!(secret.iter().all(|line| !shown.contains(line.as_str())));
        }
    }
}

#[test]
fn flags_say_the_same_as_a_request() {
    let scene = Scene::new().with_bad_pair();
    let run = |what_if: &[&str]| {
        let mut command = same_ca(&["enforce"]);
        command.args([
            "--reference",
            &scene.text("fe01.pem"),
            "--authority",
            &scene.text("ca.pem"),
        ]);
        command.args([
            "--name",
            HOST,
            "--candidate",
            &scene.text("new.pem"),
            "--valid-at",
            NOW_TEXT,
        ]);
        command.args(["--install-certificate", &scene.text("place/www.pem")]);
        command
            .args(["--install-key", &scene.text("place/www.key")])
            .args(what_if);
        let ran = binary::run(command, "");
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.text().to_owned()
    };
    let foretold = run(&["--what-if"]);
    assert!(foretold.starts_with("WOULD CHANGE  what if"));
    let done = run(&[]);
    assert!(done.starts_with("CHANGED\n"));
    for line in [
        "    before      CN=www.contoso.com, of CN=Fabrikam CA,DC=fabrikam,DC=com, expires 20",
        "    after       CN=www.contoso.com, of CN=Contoso Issuing CA,DC=contoso,DC=com, expires 20",
        &format!("    file        {}", scene.text("place/www.key")),
    ] {
        assert!(foretold.contains(line) && done.contains(line), "{line}\n{done}");
    }
    assert!(run(&["--exit-code"]).starts_with("NOTHING CHANGED"));
}

#[test]
fn the_estate_of_the_demo_is_mended() {
    let scene = Scene::new();
    mint::Estate::lync(&scene.path("estate")).unwrap();
    let request: Value = serde_json::from_slice(&scene.read("estate/enforce.json")).unwrap();
    assert_valid("request", &request);
    let run = || {
        let mut command = same_ca(&["enforce", "--exit-code"]);
        command.current_dir(scene.path("estate"));
        let ran = binary::run(command, request.to_string());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.json()
    };
    let report = run();
    assert_eq!(
        (&report["status"], &report["changed"]),
        (&json!("compliant"), &json!(true))
    );
    assert_eq!(report["actions"][1]["backups"].as_array().unwrap().len(), 1);
    assert_eq!(run()["changed"], false);
}
