//! Passwords and private keys: none leaves by any way.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::{Key, P12, hex};
use serde_json::json;

use super::GOOD;
use crate::support::binary::{folder, key_of, run, same_ca, small, write};

/// Everything that a secret could be recognised by.
struct Secrets(Vec<(String, Vec<u8>)>);

impl Secrets {
    fn new(passwords: &[&str], keys: &[&Key]) -> Secrets {
        let mut marks: Vec<(String, Vec<u8>)> = Vec::new();
        for password in passwords {
            marks.push((format!("password {password}"), password.as_bytes().to_vec()));
            marks.push((
                format!("password {password} in hex"),
                hex(password.as_bytes()).into_bytes(),
            ));
            marks.push((
                format!("password {password} in base64"),
                STANDARD.encode(password).trim_end_matches('=').as_bytes()[..8].to_vec(),
            ));
        }
        for key in keys {
            let secret = key.ec_numbers().d.to_bytes_be();
            marks.push(("key in hex".into(), hex(&secret).into_bytes()));
            marks.push(("key".into(), secret.clone()));
            // Base64 of the key wherever it begins in a group of three.
            for lead in 0..3 {
                let text = STANDARD.encode([&vec![0; lead][..], &secret].concat());
                marks.push((format!("key in base64 at {lead}"), text.as_bytes()[4..36].to_vec()));
            }
        }
        Secrets(marks)
    }

    #[track_caller]
    fn assert_absent(&self, what: &str, bytes: &[u8]) {
        for (name, mark) in &self.0 {
            let found = bytes
                .windows(mark.len())
                .any(|window| window.eq_ignore_ascii_case(mark));
            assert!(!found, "{what}: the {name} is in {}", String::from_utf8_lossy(bytes));
        }
    }
}

#[test]
fn no_secret_leaves_by_any_road() {
    let small = small();
    let own = folder("secrets");
    let (wrong, right) = ("hunter2-WRONG-7d41", "correct-horse-9b3f");
    let key = key_of("pchat01.contoso.com");
    let secrets = Secrets::new(&[wrong, right], &[&key]);
    let archive = P12::new(right).iterations(64).cert(&small.good).key(&key).build();
    let (inline, key_pem) = (STANDARD.encode(&archive), key.pkcs8_pem());
    let mixed = small.good.pem() + &key_pem;
    let encrypted = key.pkcs8_pem_encrypted(right);
    let file = write(&own, "a.pfx", &archive);
    let (right_file, wrong_file) = (write(&own, "right", right), write(&own, "wrong", wrong));
    let (mixed_file, key_file) = (write(&own, "mixed.pem", &mixed), write(&own, "key.pem", &key_pem));
    let encrypted_file = write(&own, "enc.pem", small.good.pem() + &encrypted);
    // The key's own base64 without armour, as a person might paste it.
    let bare = STANDARD.encode(key.pkcs8_der());
    let one_line = key_pem.replace('\n', " ");
    let mut sources = vec![
        json!({"path": file, "password": right}),
        json!({"path": file, "password": wrong}),
        json!({"path": file, "password_file": right_file}),
        json!({"path": file, "password_file": wrong_file}),
        json!({"path": file, "password_env": "SAME_CA_TEST_SECRET"}),
        json!({"path": file, "password_env": "SAME_CA_TEST_WRONG"}),
        json!({"path": right_file}),
        json!({"path": right_file, "password": right}),
        json!({"path": mixed_file}),
        json!({"path": key_file}),
        json!({"path": encrypted_file, "password": right}),
        json!({"path": encrypted_file, "password": wrong}),
        json!({"path": own}),
        json!({"path": own, "password": right}),
        json!({"pem": mixed}),
        json!({"pem": key_pem}),
        json!({"pem": right}),
        json!({"pem": key_pem.replace("PRIVATE KEY", "CERTIFICATE")}),
        json!({"pem": key_pem.replace("-----END", "----END")}),
        json!({"der": bare}),
        json!({"der": STANDARD.encode(small.good.der()), "chain": [bare]}),
        json!({"pkcs12": inline, "password": right}),
        json!({"pkcs12": inline, "password": wrong}),
        json!({"pkcs12": inline}),
        json!({"pkcs12": bare, "password": wrong}),
        json!({"pkcs12": key_pem}),
        json!(key_pem),
        json!(one_line),
        json!({"path": key_pem}),
        json!({"path": one_line}),
        json!({"path": bare}),
        json!({"path": file, "password_file": key_pem}),
    ];
    // Wrong types and fields that are not known.
    for odd in [
        json!([right]),
        json!({"value": right}),
        json!({right: 1}).get("x").cloned().unwrap_or(json!([[right]])),
        json!({"a": {"b": right}}),
    ] {
        sources.push(json!({"path": file, "password": odd}));
        sources.push(json!({"pkcs12": odd}));
        sources.push(json!({"pem": odd}));
    }
    for name in ["passwrd", "passphrase", "key", "secret"] {
        sources.push(json!({"path": file, name: right}));
        sources.push(json!({"pem": small.good.pem(), name: key_pem}));
    }
    sources.push(json!({"path": file, "password": right, "password_env": wrong}));
    sources.push(json!({"tls": {"host": "127.0.0.1", "port": 1}, "password": right}));
    sources.push(json!({"tls": {"host": "127.0.0.1", "port": right}}));
    sources.push(json!({"tls": {"host": "127.0.0.1", "starttls": right}}));
    sources.push(json!({"windows_store": {"location": right, "store": "My"}}));
    sources.push(json!({"windows_store": right}));

    let ask = |what: &str, arguments: &[&str], stdin: String| {
        let mut command = same_ca(arguments);
        command
            .env("SAME_CA_TEST_SECRET", right)
            .env("SAME_CA_TEST_WRONG", wrong)
            .env("RUST_BACKTRACE", "full");
        let ran = run(command, stdin);
        secrets.assert_absent(&format!("stdout of {what}"), &ran.stdout);
        secrets.assert_absent(&format!("stderr of {what}"), ran.stderr.as_bytes());
        assert!(
            !ran.stderr.contains("panicked") && !ran.stderr.contains("defect"),
            "{what}: {}",
            ran.stderr
        );
        ran
    };
    for source in &sources {
        let what = source.to_string();
        let roles = [
            small.request(source.clone()),
            json!({"protocol": 1, "reference": [{"name": "fe01", "source": source}], "subjects": [{"name": "a", "source": {"pem": small.good.pem()}}],
                "authorities": [source], "intermediates": [source], "candidates": [source], "policy": {"distrust": [source], "renew_before": "9999d"}}),
            small.request_of(
                json!([{"name": "a", "any_of": [source], "names": ["pchat01.contoso.com"], "candidates": [source]}]),
            ),
        ];
        let batch = roles.iter().map(|request| request.to_string() + "\n").collect();
        ask(&what, &["batch"], batch);
        ask(
            &what,
            &["inspect"],
            json!({"protocol": 1, "subjects": [{"name": "a", "source": source}]}).to_string(),
        );
        ask(
            &what,
            &["reference"],
            json!({"protocol": 1, "reference": [{"name": "a", "source": source}], "authorities": [source]}).to_string(),
        );
        ask(&what, &["check", "--format", "text"], roles[0].to_string());
    }
    // A reference document is made of certificates alone, also where the source had the key beside.
    for (line, good) in [
        (
            vec!["reference", &mixed_file, &file, "--password-file", &right_file],
            true,
        ),
        (vec!["reference", &mixed_file, "--authority", &mixed_file], true),
        (vec!["reference", &file, "--password-env", "SAME_CA_TEST_WRONG"], false),
        (
            vec!["reference", &file, "--password-env", "SAME_CA_TEST_WRONG", "--partial"],
            true,
        ),
        (
            vec![
                "inspect",
                &mixed_file,
                &key_file,
                &file,
                "--password-env",
                "SAME_CA_TEST_SECRET",
            ],
            true,
        ),
        (vec!["check", "--subject", &file, "--password", right], false),
        (
            vec!["check", "--subject", &file, &*format!("--password={right}").leak()],
            false,
        ),
        (
            vec![
                "check",
                "--format",
                "json",
                "--subject",
                &file,
                &*format!("--pasword={right}").leak(),
            ],
            false,
        ),
        (vec!["check", "--subject", &key_pem], false),
        (vec!["check", "--subject", &one_line], false),
        (vec!["check", "--format", "json", "--distrust", &one_line], false),
        (vec!["inspect", &bare], false),
        (vec!["check", "--help"], true),
    ] {
        let ran = ask(&line.join(" "), &line, String::new());
        assert_eq!(ran.code == GOOD, good, "{line:?}: {}", ran.stderr);
    }
    for install in [
        json!({"pkcs12_path": file, "password": wrong}),
        json!({"pkcs12_path": file, "password": right}),
        json!({"pkcs12_path": file, "password": [right]}),
        json!({"certificate": mixed_file, "private_key": key_pem}),
        json!({"certificate": mixed}),
        json!({"certificate": mixed_file, "password": right}),
        json!({"certificate": mixed_file, "chain": key_file}),
        json!({"certificate": mixed_file, "private_key": right_file}),
    ] {
        ask(
            &install.to_string(),
            &["check"],
            small.request_of(json!([{"name": "a", "install": install}])).to_string(),
        );
    }
    // As a reference document, and as JSON that is none.
    for document in [
        json!({"path": key_file}),
        json!({"path": right_file}),
        json!({"path": key_pem}),
        json!({"members": [{"name": "a", "certificate": {"pem": key_pem}}]}),
        json!({"members": [{"name": "a", "certificate": {"pem": mixed, "chain": [mixed]}}], "authorities": [key_pem]}),
    ] {
        let mut request = small.good_request();
        request["reference_document"] = document.clone();
        ask(&document.to_string(), &["check"], request.to_string());
    }
    for broken in [
        format!("{{\"password\":\"{right}\",,}}"),
        right.to_owned(),
        format!("\"{right}\""),
        format!("{{\"protocol\":1,\"x\":\"{right}"),
        key_pem.clone(),
    ] {
        ask(&broken, &["check"], broken.clone());
        ask(&broken, &["batch"], broken.clone());
    }
}
