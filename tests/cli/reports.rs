//! Reports: their shape, the same everywhere, and safe to show.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;

use mint::{CertBuilder, Estate, Key, NOW_TEXT, Name, P12, Text};
use serde_json::{Value, json};

use super::{GOOD, with};
use crate::support::binary::{call, check, folder, key_of, run, same_ca, small, spawn, write};

#[test]
fn what_an_inventory_calls_a_host_is_carried_wherever_its_name_is() {
    let small = small();
    let mut request = small.good_request();
    request["host"] = json!("pchat01.contoso.com");
    request["node"] = json!("node-7");
    for command in ["check", "enforce", "batch"] {
        let answer = call(&[command], request.to_string()).json();
        assert_eq!(
            (&answer["host"], &answer["node"]),
            (&json!("pchat01.contoso.com"), &json!("node-7")),
            "{command}"
        );
    }
    let reference = json!({"protocol": 1, "node": "node-7", "reference": request["reference"]});
    assert_eq!(call(&["reference"], reference.to_string()).json()["node"], "node-7");
    let subjects = json!({"protocol": 1, "node": "node-7", "subjects": request["subjects"]});
    assert_eq!(call(&["inspect"], subjects.to_string()).json()["node"], "node-7");
    let path = write(&folder("node"), "good.pem", small.good.pem());
    let ran = call(
        &["check", "--subject", &path, "--node", "node-7", "--format", "json"],
        "",
    );
    assert_eq!(ran.json()["node"], "node-7");
    request.as_object_mut().unwrap().remove("node");
    assert_eq!(call(&["check"], request.to_string()).json().get("node"), None);
    request.as_object_mut().unwrap().remove("protocol");
    request["node"] = json!("node-7");
    let state: Value = serde_json::from_str(
        call(&["dsc", "get"], request.to_string().replace("valid_at", "validAt"))
            .text()
            .lines()
            .next()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        (&state["node"], &state["report"]["node"]),
        (&json!("node-7"), &json!("node-7"))
    );
}

/// A request with every kind of subject.
fn varied(own: &Path) -> Value {
    let small = small();
    let key = key_of("pchat01.contoso.com");
    let expired = small.ca.server("old.contoso.com").validity(0, 86_400).build();
    let archive = P12::new("p").cert(&small.good).cert(&small.ca.cert).key(&key).build();
    let mut request = small.request_of(json!([
        {"name": "good", "use": "Default", "names": ["pchat01.contoso.com"], "source": write(own, "good.pem", small.good.pem())},
        {"name": "other", "source": {"pem": small.other.pem()}},
        {"name": "archive", "source": {"path": write(own, "a.pfx", archive), "password": "p"}},
        {"name": "expired", "source": {"pem": expired.pem()}},
        {"name": "missing", "source": own.join("nowhere.pem")},
        {"name": "none", "any_of": [{"pem": small.other.pem()}, own.join("nowhere")], "names": ["pchat01.contoso.com"]},
        {"name": "one of", "any_of": [{"pem": small.other.pem()}, {"pem": small.good.pem()}], "names": ["pchat01.contoso.com"]},
        {"name": "empty", "any_of": [], "names": ["x.contoso.com"]},
        {"name": "install", "install": {"certificate": own.join("not-there.pem")}, "names": ["x.contoso.com"]},
        {"name": "ca", "source": {"pem": small.ca.cert.pem()}},
        {"name": "server", "source": {"tls": {"host": "127.0.0.1", "port": 1, "timeout": 1}}},
        {"name": "identical", "source": {"pem": small.fe01.pem()}},
    ]));
    request["requirement"] = json!("persistent-chat");
    request["host"] = json!("ops01.contoso.com");
    request["collected_at"] = json!("2026-11-20T06:00:00Z");
    request["policy"]["profile"] = json!("lync-server-2013");
    request["policy"]["renew_before"] = json!("14d");
    request["candidates"] = json!([{"pem": small.good.pem()}]);
    request["intermediates"] = json!(["nowhere.pem"]);
    request["reference"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "fe02", "source": own.join("nowhere.pem")}));
    request
}

#[test]
fn the_same_request_is_the_same_report_to_the_byte() {
    let own = folder("determinism");
    let request = varied(&own).to_string();
    let first = call(&["check"], &request);
    assert_eq!(first.code, GOOD, "{}", first.stderr);
    for (name, value) in [
        ("LANG", "de_DE.UTF-8"),
        ("LC_ALL", "C"),
        ("TZ", "Pacific/Kiritimati"),
        ("TZ", ""),
        ("HOSTNAME", "x"),
        ("RAYON_NUM_THREADS", "1"),
        ("NO_COLOR", "1"),
        ("RUST_LOG", "trace"),
    ] {
        let mut command = same_ca(&["check"]);
        command.env(name, value).current_dir(&own);
        assert_eq!(run(command, &request).stdout, first.stdout, "{name}={value}");
    }
    let batch = call(&["batch"], &request);
    assert_eq!(
        String::from_utf8(batch.stdout).unwrap(),
        String::from_utf8(first.stdout.clone()).unwrap()
    );
    let to_file = own.join("report.json");
    let ran = call(&["check", "--output", to_file.to_str().unwrap()], &request);
    assert_eq!((ran.code, ran.stdout.as_slice()), (GOOD, &b""[..]));
    assert_eq!(fs::read(&to_file).unwrap(), first.stdout);
    // Beside it stands nothing else, and a second time it is replaced.
    let ran = call(
        &["check", "--format", "text", "--output", to_file.to_str().unwrap()],
        &request,
    );
    assert_eq!((ran.code, ran.stdout.as_slice()), (GOOD, &b""[..]));
    let text = fs::read_to_string(&to_file).unwrap();
    assert!(!text.starts_with('{') && !text.contains('\x1b'), "{text}");
    let names: BTreeSet<_> = fs::read_dir(&own)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["a.pfx", "good.pem", "report.json"]
    );
}

#[test]
fn reports_have_the_shape_that_the_protocol_says() {
    let own = folder("shape");
    let request = varied(&own);
    let mut reports = vec![check(&request)];
    for (pointer, value) in [
        ("/reference", json!([])),
        ("/policy/match", json!("key")),
        ("/policy/match", json!("name")),
        ("/policy/level", json!("root")),
        ("/authorities", json!([])),
        ("/reference", json!([{"name": "pin", "key_sha256": "ab".repeat(32)}])),
    ] {
        reports.push(check(&serde_json::from_str(&with(&request, pointer, value)).unwrap()));
    }
    reports.push(check(&small().good_request()));
    let estate = Estate::lync(&own.join("estate")).unwrap();
    let mut command = same_ca(&["check"]);
    command.current_dir(&estate.dir);
    reports.push(run(command, estate.request.to_string()).json());
    for report in &reports {
        assert!(report.get("error").is_none());
        shape(report, "");
        let has = |value: &Value, names: &[&str]| {
            for name in names {
                assert!(value.get(*name).is_some(), "no {name} in {value:#}");
            }
        };
        let lists = |value: &Value, names: &[&str]| {
            for name in names {
                assert!(value[*name].is_array(), "no list {name} in {value:#}");
            }
        };
        has(
            report,
            &[
                "protocol",
                "tool",
                "valid_at",
                "status",
                "compliant",
                "revocation",
                "message",
                "summary",
                "reference",
                "subjects",
            ],
        );
        lists(report, &["subjects"]);
        lists(&report["reference"], &["authorities", "members", "findings"]);
        for member in report["reference"]["members"].as_array().unwrap() {
            has(member, &["name", "certificate", "issued_by"]);
            lists(member, &["findings"]);
        }
        for subject in report["subjects"].as_array().unwrap() {
            has(
                subject,
                &["name", "status", "relation", "proof", "issued_by", "certificate"],
            );
            lists(subject, &["evidence", "findings"]);
            if !subject["certificate"].is_null() {
                let names = [
                    "subject_ordered",
                    "issuer_ordered",
                    "subject_alternative_names",
                    "extended_key_usage",
                    "key_usage",
                    "crl_distribution_points",
                    "ca_issuers",
                ];
                lists(&subject["certificate"], &names);
            }
        }
        for authority in report["reference"]["authorities"].as_array().unwrap() {
            lists(authority, &["members", "keys"]);
            for key in authority["keys"].as_array().unwrap() {
                lists(key, &["certificates"]);
            }
        }
    }
}

/// No null but where the protocol has it, and no empty value but lists.
fn shape(value: &Value, pointer: &str) {
    match value {
        Value::Object(map) => {
            assert!(!map.is_empty(), "{pointer} is an empty object");
            for (key, value) in map {
                shape(value, &format!("{pointer}/{key}"));
            }
        }
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, value)| shape(value, &format!("{pointer}/{index}"))),
        Value::Null => {
            let parts: Vec<_> = pointer.split('/').skip(1).collect();
            let allowed = match parts.as_slice() {
                ["subjects", _, name] => ["relation", "proof", "issued_by", "certificate"].contains(name),
                ["reference", "members", _, name] => ["issued_by", "certificate"].contains(name),
                ["subjects", _, "passed_over", _, name] => ["relation", "proof", "certificate"].contains(name),
                _ => false,
            };
            assert!(allowed, "{pointer} is null");
        }
        Value::String(text) => assert!(
            !text.is_empty() || pointer.contains("_ordered/"),
            "{pointer} is an empty text"
        ),
        _ => {}
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_trouble() {
    let request = varied(&folder("pipe"));
    let lines = (request.to_string() + "\n").repeat(20);
    for (arguments, stdin) in [
        (&["batch"][..], lines),
        (&["schema", "report"], String::new()),
        (&["--help"], String::new()),
    ] {
        let mut command = same_ca(arguments);
        let pipes = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = spawn(pipes).unwrap();
        drop(child.stdout.take());
        let mut input = child.stdin.take().unwrap();
        let _ = input.write_all(stdin.as_bytes());
        drop(input);
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success(), "{arguments:?}");
        let about_files = |line: &&str| !line.contains("nowhere") && !line.contains("not-there");
        assert_eq!(said.lines().find(about_files), None, "{arguments:?}");
    }
}

#[test]
fn hostile_names_do_not_reach_the_terminal() {
    let small = small();
    let evil = "x\u{1b}[2J\u{7}\r\n\u{202e}gpj\u{9b}31m\u{0}\u{feff}\u{2028}";
    let name = Name::ordered(&[("CN", Text::Utf8(evil))]);
    let ca = CertBuilder::authority(&name, &Key::ec("P-256", "evil")).build_ca();
    let cert = ca
        .server("evil.contoso.com")
        .subject(&name)
        .dns(&["a\u{1b}[31m.contoso.com"])
        .build();
    let mut request = small.request_of(json!([{"name": "a\u{1b}[31m", "source": {"pem": cert.pem()}}, {"name": "b", "source": "no\u{1b}[2J\u{202e}where"}]));
    request["requirement"] = json!(evil);
    let inspect = json!({"protocol": 1, "subjects": request["subjects"]});
    for (arguments, request) in [
        (&["check", "--format", "text"][..], &request),
        (&["inspect", "--format", "text"], &inspect),
        (&["check"], &request),
        (&["inspect"], &inspect),
    ] {
        let ran = call(arguments, request.to_string());
        assert_eq!(ran.code, GOOD, "{}", ran.stderr);
        for text in [ran.text(), &ran.stderr] {
            let odd = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{feff}\u{2028}".contains(c);
            let json = arguments.len() == 1 && text == ran.text();
            // In JSON the last three are data, and escaped only where a person looks.
            assert_eq!(
                text.chars().find(|&c| if json {
                    c.is_ascii_control() && c != '\n'
                } else {
                    odd(c)
                }),
                None,
                "{arguments:?}: {text:?}"
            );
        }
    }
}

#[test]
fn flags_and_json_give_the_same_report() {
    let own = folder("flags");
    let small = small();
    let key = key_of("pchat01.contoso.com");
    let fe01 = write(&own, "fe01.pem", small.fe01.pem());
    let ca = write(&own, "ca.cer", small.ca.cert.der());
    let good = write(&own, "good.pfx", P12::new("p").cert(&small.good).key(&key).build());
    let other = write(&own, "other.pem", small.other.pem());
    let pass = write(&own, "pass", "p\n");
    let request = json!({
        "protocol": 1, "requirement": "chat", "host": "h",
        "reference": [{"name": fe01, "source": {"path": fe01, "password_file": pass}}],
        "subjects": [{"name": good, "source": {"path": good, "password_file": pass}}, {"name": other, "source": {"path": other, "password_file": pass}}],
        "authorities": [ca],
        "policy": {"valid_at": NOW_TEXT, "profile": "mutual-tls", "match": "key", "severity": {"client-auth-missing": "warning"}, "names": ["pchat01.contoso.com"]},
    });
    let line = [
        "check",
        "--reference",
        &fe01,
        "--subject",
        &good,
        "--subject",
        &other,
        "--password-file",
        &pass,
        "--authority",
        &ca,
        "--valid-at",
        NOW_TEXT,
        "--profile",
        "mutual-tls",
        "--match",
        "key",
        "--severity",
        "client-auth-missing=warning",
        "--name",
        "pchat01.contoso.com",
        "--requirement",
        "chat",
        "--host",
        "h",
        "--format",
        "json",
    ];
    let flags = call(&line, "").json();
    assert_eq!(flags, check(&request));
    let statuses: Vec<_> = flags["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| subject["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["compliant", "noncompliant"], "{flags:#}");
}

#[test]
fn a_hostile_openssl_configuration_changes_nothing() {
    let own = folder("openssl-conf");
    // With this, OpenSSL would find no algorithm at all.
    let conf = "config_diagnostics = 1\nopenssl_conf = all\n[all]\nalg_section = algorithms\nproviders = list\n[algorithms]\ndefault_properties = fips=yes\n\
        [list]\nevil = module\n[module]\nmodule = /nowhere/evil.so\nactivate = 1\n";
    let conf = write(&own, "openssl.cnf", conf);
    let ca = CertBuilder::authority("CN=Brainpool CA", &Key::ec("brainpoolP256r1", "brainpool")).build_ca();
    let (fe01, good) = (
        ca.server("fe01.contoso.com").build(),
        ca.server("pchat01.contoso.com").build(),
    );
    let request = json!({
        "protocol": 1,
        "reference": [{"name": "fe01", "source": {"pem": fe01.pem()}}],
        "subjects": [{"name": "a", "source": {"pem": good.pem()}}],
        "authorities": [{"pem": ca.cert.pem()}],
        "policy": {"valid_at": NOW_TEXT},
    });
    for conf in [None, Some(&conf)] {
        let mut command = same_ca(&["check"]);
        match conf {
            Some(conf) => command.env("OPENSSL_CONF", conf),
            None => command.env_remove("OPENSSL_CONF"),
        };
        let ran = run(command, request.to_string());
        assert_eq!(
            (&ran.json()["status"], ran.stderr.as_str()),
            (&json!("compliant"), ""),
            "{conf:?}: {:#}",
            ran.json()
        );
    }
}
