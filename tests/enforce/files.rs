//! Files: what is written, what is kept, what is refused.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, symlink};

use openssl::pkcs12::Pkcs12;
use same_ca::protocol::FaultCode;
use serde_json::{Value, json};

use super::*;
use crate::support::binary::{self, same_ca};
use crate::support::not_run;

/// Runs what-if, then the same for good, then again: what-if must foretell the run and touch nothing, and the second run
/// must change nothing.
fn enforced(scene: &Scene, request: &Value) -> Value {
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

#[cfg(unix)]
#[test]
fn mode_and_group_are_kept_unless_others_could_read_a_key() {
    let scene = Scene::new().with_bad_pair();
    for (before, after) in [(0o640, 0o640), (0o400, 0o400), (0o644, 0o640), (0o666, 0o660)] {
        let (cert, key) = scene.bad();
        scene.write("place/www.pem", cert.pem().as_bytes());
        fs::remove_file(scene.path("place/www.key")).unwrap();
        scene.write("place/www.key", key.pkcs8_pem().as_bytes());
        set_mode(&scene.path("place/www.key"), before);
        if is_root(&scene) {
            std::os::unix::fs::chown(scene.path("place/www.key"), Some(4241), Some(4242)).unwrap();
        } else {
            not_run("files of another user and group (needs root)");
        }
        let owner = |name: &str| {
            let metadata = fs::metadata(scene.path(name)).unwrap();
            (metadata.uid(), metadata.gid())
        };
        let (pem, key) = (owner("place/www.pem"), owner("place/www.key"));
        assert_eq!(run(&scene.pair())["status"], "compliant");
        assert_eq!((owner("place/www.pem"), owner("place/www.key")), (pem, key));
        assert_eq!(mode(&scene.path("place/www.key")), after, "from {before:o}");
    }
}

#[cfg(unix)]
fn is_root(scene: &Scene) -> bool {
    fs::metadata(&scene.root).unwrap().uid() == 0
}

#[cfg(target_os = "linux")]
#[test]
fn an_access_list_is_kept() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    const NAME: &str = "system.posix_acl_access";
    let scene = Scene::new().with_bad_pair();
    let path = scene.path("place/www.key");
    // acl(5): the owner reads and writes, user 4242 reads, the group and others do nothing, the mask is read.
    let mut list = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in [
        (1u16, 6u16, u32::MAX),
        (2, 4, 4242),
        (4, 0, u32::MAX),
        (16, 4, u32::MAX),
        (32, 0, u32::MAX),
    ] {
        list.extend([tag.to_le_bytes(), rights.to_le_bytes()].concat());
        list.extend(id.to_le_bytes());
    }
    if setxattr(&path, NAME, &list, XattrFlags::empty()).is_err() {
        return not_run("an access list that is kept (the file system has none)");
    }
    assert_eq!(run(&scene.pair())["changed"], true);
    let mut kept = vec![0; 256];
    let length = getxattr(&path, NAME, kept.as_mut_slice()).unwrap();
    assert_eq!(kept[..length], list);
    assert_eq!(mode(&path), 0o640);
}

#[cfg(unix)]
#[test]
fn a_key_is_not_given_to_whoever_put_a_file_there_first() {
    let scene = Scene::new().with_bad_pair();
    if !is_root(&scene) {
        return not_run("a file of another user in an open folder (needs root)");
    }
    for open in [0o1777, 0o775] {
        set_mode(&scene.path("place"), open);
        std::os::unix::fs::chown(scene.path("place/www.key"), Some(4241), None).unwrap();
        let before = scene.files();
        for report in [what_if(&scene.pair()), run(&scene.pair())] {
            let finding = &report["subjects"][0]["findings"][0];
            assert_eq!(finding["code"], "install-refused", "{report:#}");
            assert!(
                finding["message"].as_str().unwrap().contains("put it there"),
                "{finding}"
            );
        }
        assert_eq!(scene.files(), before);
    }
    // In its own folder it is the service's key, and stays so.
    std::os::unix::fs::chown(scene.path("place"), Some(4241), None).unwrap();
    assert_eq!(run(&scene.pair())["status"], "compliant");
    assert_eq!(fs::metadata(scene.path("place/www.key")).unwrap().uid(), 4241);
}

#[cfg(unix)]
/// The report to a user who is not root: this one, or nobody where this one is root. `None` where that cannot be had.
fn run_as_user(scene: &Scene, arguments: &[&str], request: &Value) -> Option<Value> {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_same-ca"));
    if is_root(scene) {
        use std::os::unix::process::CommandExt;
        command.uid(NOBODY).gid(NOBODY);
    }
    let pipe = std::process::Stdio::piped;
    command.args(arguments).current_dir("/");
    let mut child = command.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().ok()?;
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), request.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[cfg(unix)]
const NOBODY: u32 = 65534;

#[cfg(unix)]
#[test]
fn who_may_not_write_is_refused_before_anything_is_touched() {
    let scene = Scene::new().with_bad_pair();
    if !is_root(&scene) {
        set_mode(&scene.path("place"), 0o555);
    }
    let Some(report) = run_as_user(&scene, &["enforce"], &scene.pair()) else {
        return not_run("enforce by a user who may not write (the program cannot be run by another user here)");
    };
    assert_eq!(codes(&report, 0)[0], "install-refused", "{report:#}");
    let message = report["subjects"][0]["findings"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("permission denied; nothing was changed"), "{message}");
    assert_eq!(scene.files().len(), 2);
    assert_eq!(scene.read("place/www.pem"), scene.bad().0.pem().as_bytes());
    set_mode(&scene.path("place"), 0o755);
}

#[cfg(unix)]
#[test]
fn a_group_that_cannot_be_kept_is_refused_by_what_if_too() {
    use std::os::unix::fs::chown;
    let scene = Scene::new().with_bad_pair();
    if !is_root(&scene) {
        return not_run("a file of a group that its owner is not in (needs root)");
    }
    for name in ["new.pem", "place", "place/www.pem", "place/www.key"] {
        chown(scene.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    chown(scene.path("place/www.pem"), None, Some(4241)).unwrap();
    for arguments in [&["enforce", "--what-if"][..], &["enforce"]] {
        let Some(report) = run_as_user(&scene, arguments, &scene.pair()) else {
            return not_run(
                "a file of a group that its owner is not in (the program cannot be run by another user here)",
            );
        };
        let finding = &report["subjects"][0]["findings"][0];
        assert_eq!(finding["code"], "install-refused", "{report:#}");
        assert!(finding["message"].as_str().unwrap().contains("a group"), "{finding}");
    }
    // A folder that gives its group to new files keeps it without anybody's help.
    chown(scene.path("place"), None, Some(4241)).unwrap();
    chown(scene.path("place/www.key"), None, Some(4241)).unwrap();
    set_mode(&scene.path("place"), 0o2755);
    let report = run_as_user(&scene, &["enforce"], &scene.pair()).unwrap();
    assert_eq!(report["status"], "compliant", "{report:#}");
}

#[test]
fn backups_are_kept_on_request_and_closed_to_others() {
    let scene = Scene::new().with_bad_pair();
    set_mode(&scene.path("place/www.key"), 0o644);
    let (old, old_key) = (scene.read("place/www.pem"), scene.read("place/www.key"));
    let mut request = scene.pair();
    request["subjects"][0]["install"]["backup"] = json!(true);
    let report = enforced(&scene, &request);
    let backups: Vec<String> = serde_json::from_value(report["actions"][0]["backups"].clone()).unwrap();
    let [certificate, key] = backups.as_slice() else {
        panic!("{report:#}")
    };
    assert_eq!(
        (fs::read(certificate).unwrap(), fs::read(key).unwrap()),
        (old.clone(), old_key.clone())
    );
    assert_mode(key.as_ref(), 0o640, "mode");
    assert!(certificate.starts_with(&scene.text("place/www.pem.")) && certificate.ends_with(".bak"));
    // Put back by hand and replaced again: the same backup, once.
    fs::write(scene.path("place/www.pem"), &old).unwrap();
    fs::write(scene.path("place/www.key"), &old_key).unwrap();
    assert_eq!(run(&request)["actions"][0]["backups"], json!(backups));
    assert_eq!(scene.files().len(), 4);
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

#[test]
fn a_pkcs12_file_is_written_as_old_windows_reads_it_unless_asked_otherwise() {
    for (encryption, words) in [(None, "12.1.3"), (Some("aes"), "PBES2")] {
        let scene = Scene::new().with_bad_pair();
        let mut request = scene.pkcs12();
        if let Some(encryption) = encryption {
            request["subjects"][0]["install"]["encryption"] = json!(encryption);
        }
        let before = scene.files();
        let foretold = what_if(&request);
        assert_eq!(scene.files(), before);
        let report = run(&request);
        assert_eq!(
            (&report, &report["status"]),
            (&foretold, &json!("compliant")),
            "{words}"
        );
        let written = scene.files();
        assert_eq!(run(&request)["changed"], false);
        assert_eq!(scene.files(), written, "the second run changes nothing");
        let (cert, key) = scene.good("new", FUTURE);
        let parsed = Pkcs12::from_der(&scene.read("place/www.pfx"))
            .unwrap()
            .parse2("hunter2")
            .unwrap();
        assert_eq!(parsed.cert.unwrap().to_der().unwrap(), cert.der());
        assert!(parsed.pkey.unwrap().public_eq(&key.public()));
        let chain: Vec<_> = parsed.ca.unwrap().iter().map(|one| one.to_der().unwrap()).collect();
        assert_eq!(chain, [scene.ca.cert.der()]);
        // As `openssl` reads it: with the old algorithms alone, all of which it has to be told to allow.
        let shown = openssl_shows(&scene);
        let expected: &[&str] = match encryption {
            None => &[
                "MAC: sha1, Iteration 2048",
                "pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048",
            ],
            Some(_) => &[
                "MAC: sha256, Iteration 100000",
                "PBES2, PBKDF2, AES-256-CBC, Iteration 100000",
            ],
        };
        for line in expected.iter().filter(|_| shown.is_some()) {
            let shown = shown.as_deref().unwrap_or_default();
            assert!(shown.contains(line), "{line} in {shown}");
        }
        // pbeWithSHAAnd3-KeyTripleDES-CBC, and PBES2.
        let legacy = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03];
        let file = scene.read("place/www.pfx");
        let count = file.windows(legacy.len()).filter(|window| *window == legacy).count();
        assert_eq!(count, if encryption.is_none() { 2 } else { 0 });
    }
}

/// What `openssl pkcs12 -legacy -info` says of the file.
fn openssl_shows(scene: &Scene) -> Option<String> {
    let password = format!("file:{}", scene.text("www.pass"));
    let mut command = std::process::Command::new("openssl");
    command.args([
        "pkcs12",
        "-legacy",
        "-info",
        "-noout",
        "-in",
        &scene.text("place/www.pfx"),
    ]);
    let Ok(output) = command.args(["-passin", &password]).output() else {
        not_run("a PKCS#12 file read by the openssl command (which is not here)");
        return None;
    };
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    Some(said)
}

#[test]
fn a_password_is_needed_beyond_ascii_and_none_is_one_too() {
    for password in ["", "größe-😀"] {
        let scene = Scene::new().with_bad_pair();
        let mut request = scene.request(json!({"pkcs12_path": scene.text("place/new.pfx"), "password": password}));
        assert_eq!(run(&request)["status"], "compliant", "{password:?}");
        Pkcs12::from_der(&scene.read("place/new.pfx"))
            .unwrap()
            .parse2(password)
            .unwrap();
        assert_eq!(run(&request)["changed"], false);
        // Under another password it may be somebody else's.
        request["subjects"][0]["install"]["password"] = json!("another");
        let report = run(&request);
        assert_eq!(codes(&report, 0)[0], "install-refused", "{report:#}");
        assert_eq!(report["changed"], false);
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
    refused(&scene, &scene.pair(), "everybody may write");
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
fn what_a_key_file_says_is_not_followed_and_a_foreign_journal_stops_the_run() {
    let scene = Scene::new().with_bad_pair();
    scene.write("place/.www.pem.same-ca-journal", b"{}");
    let before = scene.files();
    for report in [what_if(&scene.pair()), run(&scene.pair())] {
        assert_eq!(codes(&report, 0)[0], "install-refused");
        assert_eq!(report["changed"], false);
    }
    assert_eq!(scene.files(), before);
    if cfg!(windows) {
        return;
    }
    set_mode(&scene.path("place/.www.pem.same-ca-journal"), 0o666);
    let message = run(&scene.pair())["subjects"][0]["findings"][0]["message"].to_string();
    assert!(message.contains("was not written by same-ca"), "{message}");
}

#[test]
fn leftovers_without_a_journal_are_taken_away_and_said() {
    let scene = Scene::new().with_bad_pair();
    scene.write("place/.www.key.same-ca-new", b"torn");
    let before = scene.files();
    let foretold = what_if(&scene.pair());
    assert_eq!(scene.files(), before);
    let report = run(&scene.pair());
    assert_eq!(report, foretold);
    let actions: Vec<&str> = report["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["recover", "install"]);
    assert_eq!(scene.files().len(), 2);
}

#[cfg(unix)]
#[test]
fn two_runs_at_once_exclude_each_other() {
    let scene = Scene::new().with_bad_pair();
    let folder = fs::File::open(scene.path("place")).unwrap();
    folder.lock().unwrap();
    let request = scene.pair();
    let run = std::thread::spawn(move || run(&request));
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert!(!run.is_finished(), "it waits for the other run");
    assert_eq!(scene.read("place/www.pem"), scene.bad().0.pem().as_bytes());
    drop(folder);
    assert_eq!(run.join().unwrap()["status"], "compliant");
}

#[test]
fn of_many_runs_at_once_one_installs_and_the_others_find_it_done() {
    let scene = Scene::new().with_bad_pair();
    let request = scene.pair();
    let runs: Vec<_> = (0..6).map(|_| request.clone()).collect();
    let runs: Vec<_> = runs
        .into_iter()
        .map(|request| std::thread::spawn(move || run(&request)))
        .collect();
    let reports: Vec<Value> = runs.into_iter().map(|run| run.join().unwrap()).collect();
    assert!(reports.iter().all(|report| report["status"] == "compliant"));
    assert_eq!(reports.iter().filter(|report| report["changed"] == true).count(), 1);
    assert_eq!(scene.files().len(), 2);
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
