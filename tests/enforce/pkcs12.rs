//! PKCS#12 files as they are written.

use openssl::pkcs12::Pkcs12;
use serde_json::json;

use super::*;
use crate::support::not_run;

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
pub(super) fn openssl_shows(scene: &Scene) -> Option<String> {
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
