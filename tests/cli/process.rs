//! The binary as a process: exit codes, error objects, bad input, secrets, and reports that are the same everywhere.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
#[cfg(unix)]
use std::process::Command;
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::container::{crlf, p7b, pem, utf8_bom, utf16_be, utf16_le};
use mint::{Ca, CertBuilder, Estate, Key, NOW_TEXT, Name, P12, Text, hex};
use serde_json::{Value, json};

use crate::support::binary::{Ran, call, check, codes, folder, key_of, run, same_ca, small, spawn, write};

const GOOD: i32 = 0;

#[test]
fn every_outcome_has_its_exit_code() {
    let small = small();
    let good = small.good_request().to_string();
    let bad = small.request(json!({"pem": small.other.pem()})).to_string();
    let unknown = small.request(json!("nowhere.pem")).to_string();
    let reference = json!({"protocol": 1, "reference": [{"name": "fe01", "source": {"pem": small.fe01.pem()}}]});
    let unread = json!({"protocol": 1, "reference": [{"name": "fe01", "source": "nowhere.pem"}]}).to_string();
    let inspect = json!({"protocol": 1, "subjects": [{"name": "a", "source": {"pem": small.good.pem()}}]}).to_string();
    let reference = reference.to_string();
    for (arguments, stdin, code) in [
        ("check", good.as_str(), 0),
        ("check", &bad, 0),
        ("check", &unknown, 0),
        ("check --exit-code", &good, 0),
        ("check --exit-code", &bad, 1),
        ("check --exit-code", &unknown, 1),
        ("check", "{", 2),
        ("check --exit-code", "{", 2),
        ("check --bogus", &good, 2),
        ("check --format xml", &good, 2),
        ("check --format text", &bad, 0),
        ("check --format text --exit-code", &bad, 1),
        ("check --format text", "{", 2),
        ("check --subject nowhere.pem", "", 0),
        ("check --subject nowhere.pem --exit-code", "", 1),
        ("check --subject lync:Default", "", 2),
        ("inspect", &inspect, 0),
        ("inspect", &good, 2),
        ("inspect nowhere.pem", "", 0),
        ("reference", &reference, 0),
        ("reference", &unread, 2),
        ("reference --partial", &unread, 0),
        ("reference", &good, 2),
        ("reference nowhere.pem", "", 2),
        ("reference nowhere.pem --partial", "", 0),
        ("batch", "", 0),
        ("batch", &good, 0),
        ("batch", &bad, 0),
        ("batch --exit-code", &good, 0),
        ("batch --exit-code", &bad, 1),
        ("batch --exit-code", "{", 2),
        ("batch", "{", 2),
        ("schema report", "", 0),
        ("schema nonsense", "", 2),
        ("completions bash", "", 0),
        ("completions nonsense", "", 2),
        ("man", "", 0),
        ("", "", 2),
        ("nonsense", "", 2),
        ("--help", "", 0),
        ("check --help", "", 0),
        ("--version", "", 0),
    ] {
        let ran = call(&arguments.split_whitespace().collect::<Vec<_>>(), stdin);
        let out = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(ran.code, code, "same-ca {arguments}: {out} {}", ran.stderr);
        assert!(
            code != 2 || !ran.stderr.is_empty(),
            "same-ca {arguments} says nothing to people"
        );
    }
}

/// A request with one thing put in by hand.
fn with(request: &Value, pointer: &str, value: Value) -> String {
    let mut request = request.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match request.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.insert(key.into(), value)),
        Value::Array(list) => match key {
            "-" => list.push(value),
            index => list[index.parse::<usize>().unwrap()] = value,
        },
        _ => panic!("{pointer}"),
    }
    request.to_string()
}

#[test]
fn what_is_wrong_with_a_request_is_said_with_its_pointer() {
    let small = small();
    let request = small.request_of(json!([
        {"name": "a", "source": {"pem": small.good.pem()}},
        {"name": "b", "source": {"tls": {"host": "h"}}},
    ]));
    let with = |pointer: &str, value: Value| with(&request, pointer, value);
    let text = request.to_string();
    let twice = |from: &str, to: &str| text.replacen(from, to, 1);
    for (stdin, code, pointer, message) in [
        (
            with("/subjects/0/nmae", json!("x")),
            "bad-request",
            "/subjects/0/nmae",
            "unknown field \"nmae\"",
        ),
        (
            with("/sbujects", json!([])),
            "bad-request",
            "/sbujects",
            "unknown field",
        ),
        (with("/a~b", json!(1)), "bad-request", "/a~0b", "unknown field"),
        (twice("{\"", "{\"a/b\":1,\""), "bad-request", "/a~1b", "unknown field"),
        (
            with("/policy/macth", json!("key")),
            "bad-request",
            "/policy/macth",
            "unknown field",
        ),
        (
            with("/subjects/1/source/tls/prot", json!(1)),
            "bad-request",
            "/subjects/1/source/tls/prot",
            "unknown field",
        ),
        (
            with(
                "/subjects/0/install",
                json!({"windows_store": {"location": "LocalMachine", "store": "My", "x": 1}}),
            ),
            "bad-request",
            "/subjects/0/install/windows_store/x",
            "unknown field",
        ),
        (
            with("/reference_document", json!({"membres": []})),
            "bad-request",
            "/reference_document/membres",
            "unknown field",
        ),
        (
            twice("{\"", "{\"protocol\":1,\""),
            "bad-request",
            "",
            "duplicate key \"protocol\"",
        ),
        (
            twice("{\"name\":\"a\"", "{\"name\":\"a\",\"name\":\"a\""),
            "bad-request",
            "/subjects/0",
            "duplicate key",
        ),
        (
            twice(
                "\"policy\":{",
                "\"policy\":{\"severity\":{\"expired\":\"info\",\"expired\":\"info\"},",
            ),
            "bad-request",
            "/policy/severity",
            "duplicate key \"expired\"",
        ),
        (
            twice("\"host\":\"h\"", "\"host\":\"h\",\"host\":\"h\""),
            "bad-request",
            "/subjects/1/source/tls",
            "duplicate key",
        ),
        (format!("{text} {text}"), "bad-json", "", "something after"),
        (format!("{text}]"), "bad-json", "", "something after"),
        (
            with("/protocol", json!(2)),
            "unsupported-protocol",
            "/protocol",
            "expected protocol 1, found 2",
        ),
        (
            with("/protocol", json!(-1)),
            "unsupported-protocol",
            "/protocol",
            "expected protocol 1",
        ),
        (
            with("/protocol", json!("1")),
            "bad-request",
            "/protocol",
            "found a string",
        ),
        (with("/protocol", Value::Null), "bad-request", "/protocol", "found null"),
        (
            twice("\"protocol\":1,", ""),
            "bad-request",
            "",
            "missing field \"protocol\"",
        ),
        (with("/subjects", json!([])), "bad-request", "/subjects", "at least one"),
        (
            with("/subjects", Value::Null),
            "bad-request",
            "/subjects",
            "at least one",
        ),
        (
            twice("\"subjects\":", "\"intermediates\":[],\"candidates\":"),
            "bad-request",
            "/candidates/0/name",
            "unknown field",
        ),
        (
            with("/subjects/0/name", json!(7)),
            "bad-request",
            "/subjects/0/name",
            "expected a string, found a number",
        ),
        (
            with("/subjects/0/name", Value::Null),
            "bad-request",
            "/subjects/0/name",
            "found null",
        ),
        (
            with("/subjects/0/name", json!("")),
            "bad-request",
            "/subjects/0/name",
            "empty",
        ),
        (
            with("/subjects/0/names", json!("x")),
            "bad-request",
            "/subjects/0/names",
            "found a string",
        ),
        (
            with("/subjects/0/names", json!(["a b"])),
            "bad-request",
            "/subjects/0/names/0",
            "host name",
        ),
        (
            with("/subjects", json!({})),
            "bad-request",
            "/subjects",
            "expected a list, found an object",
        ),
        (
            with("/policy", json!("x")),
            "bad-request",
            "/policy",
            "expected an object, found a string",
        ),
        (
            with("/policy/match", json!("keys")),
            "bad-request",
            "/policy/match",
            "expected one of key, authority, name",
        ),
        (
            with("/policy/match", json!(1)),
            "bad-request",
            "/policy/match",
            "found a number",
        ),
        (
            with("/policy/valid_at", json!("yesterday")),
            "bad-request",
            "/policy/valid_at",
            "expected",
        ),
        (
            with("/policy/warn_before_expiry", json!("30")),
            "bad-request",
            "/policy/warn_before_expiry",
            "duration",
        ),
        (
            with("/policy/warn_before_expiry", json!(30)),
            "bad-request",
            "/policy/warn_before_expiry",
            "found a number",
        ),
        (
            with("/policy/severity", json!({"issuer-differs": "info"})),
            "bad-request",
            "/policy/severity/issuer-differs",
            "not lowered",
        ),
        (
            with("/policy/severity", json!({"nonsense": "info"})),
            "bad-request",
            "/policy/severity",
            "unknown finding code",
        ),
        (
            with("/policy/severity", json!({"expired": "fatal"})),
            "bad-request",
            "/policy/severity/expired",
            "expected one of",
        ),
        (
            with("/policy/extended_key_usage", json!(["x"])),
            "bad-request",
            "/policy/extended_key_usage/0",
            "serverAuth",
        ),
        (
            with("/policy/distrust", json!([{"key_sha256": "ab"}])),
            "bad-request",
            "/policy/distrust/0/key_sha256",
            "64 hexadecimal digits",
        ),
        (
            with(
                "/policy/distrust",
                json!([{"key_sha256": "ab".repeat(32), "path": "x"}]),
            ),
            "bad-request",
            "/policy/distrust/0",
            "alone",
        ),
        (
            with("/reference/-", json!({"name": "x"})),
            "bad-request",
            "/reference/1",
            "exactly one of source, authority, key_sha256",
        ),
        (
            with("/reference/-", json!({"name": "x", "source": "a", "authority": "b"})),
            "bad-request",
            "/reference/1",
            "exactly one",
        ),
        (
            with("/reference/-", json!({"name": "fe01", "source": "a"})),
            "bad-request",
            "/reference/1",
            "unique",
        ),
        (
            with("/subjects/-", json!({"name": "a", "source": "a"})),
            "bad-request",
            "/subjects/2",
            "unique",
        ),
        (
            with("/subjects/-", json!({"name": "c"})),
            "bad-request",
            "/subjects/2",
            "expected source, any_of, or install",
        ),
        (
            with("/subjects/-", json!({"name": "c", "source": "a", "any_of": []})),
            "bad-request",
            "/subjects/2",
            "found both",
        ),
        (
            with("/subjects/0/source", json!({})),
            "bad-request",
            "/subjects/0/source",
            "exactly one of path, pem",
        ),
        (
            with("/subjects/0/source", json!({"path": "a", "pem": "b"})),
            "bad-request",
            "/subjects/0/source",
            "exactly one of path, pem",
        ),
        (
            with("/subjects/0/source", json!({"path": "a", "private_key": true})),
            "bad-request",
            "/subjects/0/source",
            "go with der",
        ),
        (
            with("/subjects/0/source", json!({"der": "a", "password": "b"})),
            "bad-request",
            "/subjects/0/source",
            "a password goes with",
        ),
        (
            with(
                "/subjects/0/source",
                json!({"path": "a", "password": "b", "password_env": "c"}),
            ),
            "bad-request",
            "/subjects/0/source",
            "at most one of password_file",
        ),
        (
            with("/subjects/0/source", json!({"path": ""})),
            "bad-request",
            "/subjects/0/source",
            "empty",
        ),
        (
            with("/subjects/0/source", json!("")),
            "bad-request",
            "/subjects/0/source",
            "empty",
        ),
        (
            with("/subjects/0/source", json!(7)),
            "bad-request",
            "/subjects/0/source",
            "expected a source (a string or an object), found a number",
        ),
        (
            with("/subjects/0/source", json!("-")),
            "bad-request",
            "/subjects/0/source",
            "command line alone",
        ),
        (
            with("/subjects/0/source", json!("lync:Default")),
            "bad-request",
            "/subjects/0/source",
            "PowerShell module",
        ),
        (
            with("/subjects/0/source", json!("https://x")),
            "bad-request",
            "/subjects/0/source",
            "unknown scheme https",
        ),
        (
            with("/subjects/0/source", json!("ab:x")),
            "bad-request",
            "/subjects/0/source",
            "unknown scheme ab",
        ),
        (
            with("/subjects/0/source", json!("store:Nowhere/My")),
            "bad-request",
            "/subjects/0/source",
            "LocalMachine",
        ),
        (
            with("/subjects/0/source", json!("tls://")),
            "bad-request",
            "/subjects/0/source",
            "tls://host",
        ),
        (
            with("/subjects/0/source", json!("tls://h:0")),
            "bad-request",
            "/subjects/0/source",
            "port",
        ),
        (
            with("/subjects/0/source", json!("tls://h:99999")),
            "bad-request",
            "/subjects/0/source",
            "port",
        ),
        (
            with("/subjects/1/source/tls/port", json!(0)),
            "bad-request",
            "/subjects/1/source",
            "port from 1 to 65535",
        ),
        (
            with("/subjects/1/source/tls/timeout", json!(0)),
            "bad-request",
            "/subjects/1/source",
            "1 to 3600",
        ),
        (
            with("/subjects/1/source/tls/timeout", json!(1.5)),
            "bad-request",
            "/subjects/1/source/tls/timeout",
            "found a number",
        ),
        (
            with("/authorities", json!(["tls:x"])),
            "bad-request",
            "/authorities/0",
            "tls://host",
        ),
        (
            with("/subjects/0/install", json!({})),
            "bad-request",
            "/subjects/0/install",
            "exactly one of certificate",
        ),
        (
            with("/subjects/0/install", json!({"certificate": "a", "by": "caller"})),
            "bad-request",
            "/subjects/0/install",
            "exactly one of certificate",
        ),
        (
            with("/authorities", json!([{"pem": ""}, "tls://ca.contoso.com"])),
            "bad-request",
            "/authorities/1",
            "tls://ca.contoso.com:443 is read by TLS",
        ),
        (
            with(
                "/authorities",
                json!([{"tls": {"host": "ca.contoso.com", "port": 5061}}]),
            ),
            "bad-request",
            "/authorities/0",
            "same-ca inspect --save",
        ),
        (
            with(
                "/reference",
                json!([{"name": "ca", "authority": "TLS://ca.contoso.com"}]),
            ),
            "bad-request",
            "/reference/0/authority",
            "can be no trusted CA certificate",
        ),
        (
            with(
                "/reference",
                json!([{"name": "ca", "authority": {"tls": {"host": "ca.contoso.com"}}}]),
            ),
            "bad-request",
            "/reference/0/authority",
            "can be no trusted CA certificate",
        ),
        (
            with("/subjects/0/install", json!({"by": "me"})),
            "bad-request",
            "/subjects/0/install/by",
            "expected one of caller",
        ),
    ] {
        let ran = call(&["check"], &stdin);
        assert_eq!(ran.code, 2, "{stdin}");
        let found = ran.error();
        assert_eq!(
            (found.0.as_str(), found.1.as_deref()),
            (code, Some(pointer)),
            "{found:?}"
        );
        assert!(found.2.contains(message), "expected {message:?}: {found:?}");
    }
}

#[test]
fn what_is_no_json_is_said_in_words() {
    let good = small().good_request().to_string();
    let deep = |open: &str, close: &str| open.repeat(1_000_000) + &close.repeat(1_000_000);
    for (stdin, message) in [
        (Vec::new(), "found nothing"),
        (b" \r\n ".to_vec(), "found nothing"),
        (utf8_bom(""), "found nothing"),
        (utf16_le(&good), "UTF-16"),
        (utf16_be(&good), "UTF-16"),
        (good.encode_utf16().flat_map(u16::to_le_bytes).collect(), "UTF-16"),
        (b"\xff".to_vec(), "UTF-8"),
        (
            good.replace("fe01", "\u{fe}")
                .into_bytes()
                .iter()
                .map(|&b| if b == 0xc3 { 0xff } else { b })
                .collect(),
            "not UTF-8 from byte",
        ),
        (good.as_bytes()[..good.len() - 1].to_vec(), "not JSON"),
        (b"{\"protocol\":01}".to_vec(), "not JSON"),
        (b"{'protocol':1}".to_vec(), "not JSON"),
        (b"{\"protocol\":1,}".to_vec(), "not JSON"),
        (b"{\"protocol\":1} // x".to_vec(), "something after"),
        (b"{\"protocol\":1e999}".to_vec(), "not JSON"),
        (b"{\"x\":\"\\ud800\"}".to_vec(), "not JSON"),
        (deep("[", "]").into_bytes(), "recursion"),
        (deep("{\"a\":", "}").into_bytes(), "not JSON"),
        (
            format!("{{\"protocol\":1,\"x\":{}}}", "[".repeat(100_000)).into_bytes(),
            "recursion",
        ),
    ] {
        let found = call(&["check"], &stdin).error();
        assert_eq!(found.0, "bad-json", "{found:?}");
        assert!(found.2.contains(message), "expected {message:?}: {found:?}");
    }
}

#[test]
fn byte_order_marks_and_line_ends_are_no_matter() {
    let request = serde_json::to_string_pretty(&small().good_request()).unwrap();
    let plain = call(&["check"], &request);
    assert_eq!(plain.code, GOOD);
    for other in [
        utf8_bom(&request),
        crlf(&request).into_bytes(),
        format!("\n\n{request}\n\n").into_bytes(),
    ] {
        assert_eq!(call(&["check"], other).stdout, plain.stdout);
    }
}

#[test]
fn what_a_folder_of_ca_certificates_holds_besides_is_passed_over_and_what_may_be_one_is_said() {
    let small = small();
    let own = folder("certenroll");
    let key = key_of("request");
    let mut request = openssl::x509::X509Req::builder().unwrap();
    request.set_pubkey(&key.private()).unwrap();
    request
        .sign(&key.private(), openssl::hash::MessageDigest::sha256())
        .unwrap();
    let request = request.build();
    // A revocation list of nothing, as AD CS leaves it in CertEnroll: version, algorithm, issuer, thisUpdate, nextUpdate.
    let algorithm = [0x30, 5, 6, 3, 0x2a, 3, 4];
    let revoked = [
        &[0x30, 62, 0x30, 42, 2, 1, 1][..],
        &algorithm,
        &[0x30, 0, 0x17, 13],
        b"260101000000Z",
        &[0x17, 13],
        b"270101000000Z",
        &algorithm,
        &[3, 9, 0],
        &[1; 8],
    ]
    .concat();
    for (name, content) in [
        ("ca.crt", small.ca.cert.der().to_vec()),
        ("ca.crl", revoked),
        ("new.req", request.to_der().unwrap()),
        ("new.pem", request.to_pem().unwrap()),
        ("nsrev.asp", b"<html><body>revocation</body></html>".to_vec()),
        ("readme.txt", b"see the wiki".to_vec()),
        ("ca.key", key.pkcs8_pem().into_bytes()),
        ("locked.key", key.pkcs8_pem_encrypted("secret").into_bytes()),
        ("report.pdf", b"%PDF-1.7 rest".to_vec()),
    ] {
        write(&own, name, content);
    }
    for place in ["authorities", "intermediates"] {
        let mut request = small.good_request();
        request[place] = json!([own, {"pem": small.ca.cert.pem()}]);
        let report = check(&request);
        assert_eq!(report["reference"]["findings"], json!([]), "{place}: {report:#}");
    }
    for (name, content) in [
        ("cut.crt", small.other.der()[..200].to_vec()),
        ("empty.crt", Vec::new()),
        ("trust.jks", b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01".to_vec()),
        ("many.zip", b"PK\x03\x04rest".to_vec()),
        ("noise.cer", vec![7; 300]),
    ] {
        let path = write(&own, name, content);
        let mut request = small.good_request();
        request["authorities"] = json!([{"pem": small.ca.cert.pem()}, own]);
        let report = check(&request);
        let findings = report["reference"]["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 1, "{name}: {report:#}");
        assert_eq!(findings[0]["code"], "certificate-unreadable");
        assert_eq!(findings[0]["severity"], "warning");
        assert_eq!(findings[0]["pointer"], "/authorities/1");
        assert!(findings[0]["message"].as_str().unwrap().contains(name), "{findings:?}");
        assert_eq!(report["status"], "compliant", "{name}: it hides nothing beside it");
        fs::remove_file(path).unwrap();
    }
    // Who asks what a folder holds is told.
    let inspection = call(&["inspect", own.to_str().unwrap(), "--format", "json"], "").json();
    let findings = inspection["subjects"][0]["sources"][0]["findings"].as_array().unwrap();
    assert!(
        findings.len() >= 7 && findings.iter().all(|finding| finding["severity"] == "info"),
        "{inspection:#}"
    );
}

#[test]
fn what_a_server_sends_is_saved_to_be_looked_at_and_no_authority_by_itself() {
    let small = small();
    let own = folder("saved");
    let chain = write(&own, "chain.pem", small.good.pem() + &small.ca.cert.pem());
    let saved = own.join("saved.pem");
    let ran = call(&["inspect", &chain, "--save", saved.to_str().unwrap()], "");
    assert_eq!(ran.code, GOOD, "{}", ran.stderr);
    assert_eq!(
        fs::read_to_string(&saved).unwrap(),
        small.good.pem() + &small.ca.cert.pem()
    );
    let ran = call(&["inspect", "nowhere.pem", "--save", saved.to_str().unwrap()], "");
    assert_eq!(ran.code, 2);
    assert_eq!(
        fs::read_to_string(&saved).unwrap(),
        small.good.pem() + &small.ca.cert.pem()
    );
    for line in [
        vec!["check", "--subject", &chain, "--authority", "tls://ca.contoso.com"],
        vec![
            "check",
            "--subject",
            &chain,
            "--pin-authority",
            "tls://ca.contoso.com:5061",
        ],
        vec!["reference", &chain, "--authority", "tls://ca.contoso.com"],
        vec!["reference", "--pin-authority", "tls://ca.contoso.com"],
    ] {
        let ran = call(&line, "");
        assert_eq!(ran.code, 2, "{line:?}");
        assert!(
            ran.stderr.contains("inspect --save") && ran.stderr.contains("tls://ca.contoso.com"),
            "{}",
            ran.stderr
        );
    }
}

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

#[test]
fn a_pkcs12_place_on_the_command_line_needs_the_file_of_its_password() {
    let ran = call(
        &["enforce", "--reference", "fe01.pem", "--install-pkcs12", "www.pfx"],
        "",
    );
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--install-password-file"), "{}", ran.stderr);
}

#[test]
fn null_equals_absent_everywhere() {
    let small = small();
    let own = folder("null");
    let installed = write(
        &own,
        "installed.pem",
        small.good.pem() + &key_of("pchat01.contoso.com").pkcs8_pem(),
    );
    let der = STANDARD.encode(small.good.der());
    let plain = json!({
        "protocol": 1,
        "reference": [{"name": "fe01", "source": {"pem": small.fe01.pem()}}],
        "subjects": [
            {"name": "a", "source": {"der": der}},
            {"name": "b", "any_of": [{"pem": small.good.pem()}], "names": ["pchat01.contoso.com"]},
            {"name": "c", "install": {"certificate": installed}},
            {"name": "d", "source": {"tls": {"host": "127.0.0.1", "port": 1}}},
        ],
        "authorities": [{"pem": small.ca.cert.pem()}],
        "policy": {"valid_at": NOW_TEXT},
    });
    let expected = check(&plain);
    assert_eq!(expected["summary"]["compliant"], 3);
    let mut nulls = plain;
    fill(
        &mut nulls,
        "",
        &[
            "requirement",
            "host",
            "node",
            "collected_at",
            "reference_document",
            "intermediates",
            "candidates",
        ],
    );
    let source = [
        "path",
        "pem",
        "der",
        "chain",
        "private_key",
        "key_provider",
        "store",
        "pkcs12",
        "tls",
        "windows_store",
        "password_file",
        "password_env",
        "password",
    ];
    let subject = [
        "use",
        "names",
        "effective_from",
        "source",
        "any_of",
        "candidates",
        "install",
    ];
    for index in 0..4 {
        fill(&mut nulls, &format!("/subjects/{index}"), &subject);
    }
    for place in [
        "/reference/0/source",
        "/subjects/0/source",
        "/subjects/1/any_of/0",
        "/subjects/3/source",
        "/authorities/0",
    ] {
        fill(&mut nulls, place, &source);
    }
    fill(&mut nulls, "/reference/0", &["use", "authority", "key_sha256"]);
    fill(
        &mut nulls,
        "/subjects/2/install",
        &[
            "private_key",
            "chain",
            "pkcs12_path",
            "password_file",
            "password_env",
            "password",
            "windows_store",
            "by",
            "backup",
            "replace_unreadable",
            "accepts",
            "without",
        ],
    );
    fill(
        &mut nulls,
        "/subjects/3/source/tls",
        &["server_name", "starttls", "timeout"],
    );
    let policy = [
        "profile",
        "match",
        "level",
        "proof",
        "references",
        "warn_before_expiry",
        "renew_before",
        "names",
        "extended_key_usage",
        "distrust",
        "severity",
    ];
    fill(&mut nulls, "/policy", &policy);
    assert_eq!(check(&nulls), expected);
    nulls["policy"]["severity"] = json!({"expired": null});
    nulls["reference_document"] = json!(null);
    assert_eq!(check(&nulls), expected);
}

fn fill(request: &mut Value, pointer: &str, names: &[&str]) {
    let object = request.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
    for name in names {
        object.entry(*name).or_insert(Value::Null);
    }
}

#[test]
fn no_reference_at_all_is_a_finding_and_no_error() {
    let small = small();
    let mut request = small.good_request();
    let unreadable = [
        json!({"path": "nowhere.json"}),
        json!({"members": []}),
        json!({"members": null}),
    ];
    for (reference, document) in [(json!([]), json!(null)), (json!(null), json!(null))]
        .into_iter()
        .chain(unreadable.map(|document| (json!([]), document)))
    {
        request["reference"] = reference;
        request["reference_document"] = document;
        let report = check(&request);
        assert_eq!(
            codes(&report["reference"]["findings"]),
            ["reference-missing"],
            "{report:#}"
        );
        assert_eq!(
            (&report["status"], &report["compliant"]),
            (&json!("undetermined"), &json!(false))
        );
    }
}

#[cfg(unix)]
#[test]
fn strings_that_are_paths_are_read_as_paths() {
    let small = small();
    let own = folder("odd-names");
    for name in ["C:\\x", "\\\\server\\x", "./store:x", "a1:b", "é:x", "x y", "tls", "-"] {
        fs::write(own.join(name.trim_start_matches("./")), small.good.pem()).unwrap();
        let typed = if name == "-" { "./-" } else { name };
        let mut command = same_ca(&["check"]);
        command.current_dir(&own);
        let report = run(command, small.request(json!(typed)).to_string()).json();
        assert_eq!(report["status"], "compliant", "{name}: {report:#}");
        let mut command = same_ca(&["inspect", "--format", "json", "--", typed]);
        command.current_dir(&own);
        let inspection = run(command, "").json();
        assert_eq!(
            inspection["subjects"][0]["sources"][0]["certificates"]
                .as_array()
                .unwrap()
                .len(),
            1,
            "{name}"
        );
    }
    if cfg!(not(windows)) {
        // A store where there is none says so, and is no file.
        let report = check(&small.request(json!("store:LocalMachine/My")));
        assert_eq!(report["subjects"][0]["relation"], "unreadable");
    }
}

#[test]
fn standard_input_is_a_source_once_and_on_the_command_line_alone() {
    let small = small();
    let own = folder("stdin");
    let fe01 = write(&own, "fe01.pem", small.fe01.pem());
    let ca = write(&own, "ca.pem", small.ca.cert.pem());
    let line = [
        "check",
        "--reference",
        &fe01,
        "--authority",
        &ca,
        "--valid-at",
        NOW_TEXT,
        "--format",
        "json",
    ];
    let ran = call(&[&line[..], &["--subject", "-"]].concat(), small.good.pem());
    assert_eq!((ran.code, &ran.json()["status"]), (GOOD, &json!("compliant")));
    let ran = call(&[&line[..], &["--subject", "-"]].concat(), "");
    assert_eq!(ran.json()["subjects"][0]["relation"], "unreadable");
    let found = call(&[&line[..], &["--subject", "-", "--intermediate", "-"]].concat(), "").error();
    assert_eq!(found.0, "bad-usage", "{found:?}");
    // Any request flag means that standard input is no request.
    let ran = call(
        &[&line[..], &["--subject", "nowhere.pem"]].concat(),
        "{ this is no request",
    );
    assert_eq!(ran.code, GOOD);
}

/// The most memory that a process ever held, in bytes, asked while it runs.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// Writes a piece again and again until the process has heard enough, and says how it ended and what it held.
fn flooded(arguments: &[&str], head: &[u8], piece: &[u8], total: usize) -> (Ran, u64) {
    let mut command = same_ca(arguments);
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = spawn(pipes).unwrap();
    let (mut input, mut held, mut sent) = (child.stdin.take().unwrap(), 0, head.len());
    let mut going = input.write_all(head).is_ok();
    while going && sent < total {
        going = input.write_all(piece).is_ok();
        sent += piece.len();
        held = held.max(peak(child.id()).unwrap_or_default());
    }
    drop(input);
    while child.try_wait().unwrap().is_none() {
        held = held.max(peak(child.id()).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (
        Ran {
            code: output.status.code().unwrap(),
            stdout: output.stdout,
            stderr,
        },
        held,
    )
}

#[test]
fn a_request_of_a_gibibyte_is_refused_and_not_held() {
    let piece = vec![b' '; 4 << 20];
    let begun = Instant::now();
    let (ran, held) = flooded(&["check"], b"{\"protocol\":1,", &piece, 1 << 30);
    let (code, pointer, _) = ran.error();
    assert_eq!((code.as_str(), pointer.as_deref()), ("too-large", Some("")));
    assert!(held < 600 << 20, "held {} MiB", held >> 20);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_refused_request_of_many_values_is_not_taken_apart_without_bound() {
    let piece = b"0,".repeat(1 << 20);
    for (head, code, pointer) in [
        (&b"{\"protocol\":1,\"x\":["[..], "too-large", Some("/x")),
        (b"[0,", "too-large", Some("")),
        (b"{\"protocol\":1,\"host\":[", "too-large", Some("/host")),
    ] {
        let (ran, held) = flooded(&["check"], head, &piece, 20 << 20);
        let found = ran.error();
        assert_eq!((found.0.as_str(), found.1.as_deref()), (code, pointer), "{found:?}");
        assert!(held < 300 << 20, "held {} MiB", held >> 20);
    }
}

#[test]
fn a_bomb_of_pem_is_a_short_answer() {
    let small = small();
    let own = folder("bomb");
    let junk = pem("CERTIFICATE", &[0x30, 0]).repeat(60_000);
    let open = "-----BEGIN CERTIFICATE-----\n".repeat(60_000);
    let same = small.good.pem().repeat(6_000);
    for (name, content) in [("junk.pem", &junk), ("open.pem", &open), ("same.pem", &same)] {
        let path = write(&own, name, content);
        let begun = Instant::now();
        let request = small.request_of(
            json!([{"name": "bomb", "source": path}, {"name": "good", "source": {"pem": small.good.pem()}}]),
        );
        let ran = call(&["check"], with(&request, "/intermediates", json!([path])));
        let report = ran.json();
        assert_eq!(report["subjects"][1]["relation"], "same", "{name}");
        assert!(
            ran.stdout.len() < 2 << 20,
            "{name}: {} bytes of report",
            ran.stdout.len()
        );
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{name}: {:?}",
            begun.elapsed()
        );
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_named_and_read_no_further() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let small = small();
    let own = folder("special");
    let fifo = own.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    symlink("loop", own.join("loop")).unwrap();
    symlink("gone", own.join("dangling")).unwrap();
    let secret = write(&own, "secret.pem", small.good.pem());
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let readable_all_the_same = fs::read(&secret).is_ok();
    let locked = small.good.pem() + &key_of("locked").pkcs8_pem_encrypted("x");
    let locked = write(&own, "locked.pem", locked);
    let big = own.join("big");
    fs::File::create(&big).unwrap().set_len(3 << 40).unwrap();
    let at = |name: &str| own.join(name).to_str().unwrap().to_owned();
    for (path, why) in [
        (at("fifo"), "neither a file nor a folder"),
        ("/dev/zero".into(), "neither a file nor a folder"),
        ("/dev/null".into(), "neither a file nor a folder"),
        (at("loop"), "could not be read"),
        (at("dangling"), "no such file"),
        (at("nowhere"), "no such file"),
        (at("secret.pem/x"), "not a folder"),
        (at("big"), "larger than 64 MiB"),
        (at(""), "is a folder, and one certificate is expected"),
        (at(&"x".repeat(300)), "name of a file"),
        (
            at("secret.pem"),
            if readable_all_the_same { "" } else { "permission denied" },
        ),
    ] {
        let request = small.request_of(
            json!([{"name": "odd", "source": path}, {"name": "good", "source": {"pem": small.good.pem()}}]),
        );
        let report = check(&request);
        assert_eq!(report["subjects"][1]["status"], "compliant");
        if why.is_empty() {
            continue;
        }
        let odd = &report["subjects"][0];
        assert_eq!(
            (&odd["status"], &odd["relation"]),
            (&json!("undetermined"), &json!("unreadable")),
            "{path}"
        );
        let message = odd["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains(why) && message.contains(&path), "{path}: {message}");
        for as_password in [
            json!({"path": locked, "password_file": path}),
            json!({"path": path, "password": "x"}),
        ] {
            assert_ne!(check(&small.request(as_password))["subjects"][0]["relation"], "same");
        }
    }

    // A folder hides nothing behind what it cannot read.
    let many = own.join("many");
    fs::create_dir(&many).unwrap();
    fs::write(
        many.join(std::ffi::OsStr::from_bytes(b"ca-\xff.crt")),
        small.ca.cert.der(),
    )
    .unwrap();
    fs::write(many.join("README.txt"), "read me").unwrap();
    symlink("loop", many.join("loop")).unwrap();
    fs::create_dir(many.join("sub")).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(many.join("fifo"))
            .status()
            .unwrap()
            .success()
    );
    for index in 0..2000 {
        fs::write(many.join(format!("{index}.crt")), small.good.der()).unwrap();
    }
    let mut request = small.good_request();
    request["authorities"] = json!([many]);
    let report = check(&request);
    assert_eq!(report["status"], "compliant", "{:#}", report["reference"]["findings"]);
    let findings = &report["reference"]["findings"];
    assert!(
        findings
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["code"] != "evidence-unused")
            .all(|f| f["code"] == "certificate-unreadable" && f["pointer"] == "/authorities/0")
    );
    assert_eq!(findings.as_array().unwrap().len(), 3, "{findings:#}");
}

#[test]
fn an_archive_says_why_it_does_not_open() {
    let small = small();
    let own = folder("archives");
    let key = key_of("pchat01.contoso.com");
    let archive = P12::new("right")
        .cert(&small.good)
        .cert(&small.ca.cert)
        .key(&key)
        .build();
    let path = write(&own, "pchat01.pfx", &archive);
    let right = write(&own, "right", "right\r\nsecond line");
    let wrong = write(&own, "wrong", "wrong");
    let windows = own.join("windows").to_str().unwrap().to_owned();
    fs::write(&windows, utf16_le("right\r\n")).unwrap();
    let inline = STANDARD.encode(&archive);
    for (source, compliant) in [
        (json!({"path": path, "password": "right"}), true),
        (json!({"path": path, "password_file": right}), true),
        (json!({"path": path, "password_file": windows}), true),
        (json!({"path": path, "password_env": "SAME_CA_TEST_RIGHT"}), true),
        (json!({"pkcs12": inline, "password": "right"}), true),
        (json!({"path": path, "password": "wrong"}), false),
        (json!({"path": path, "password_file": wrong}), false),
        (json!({"path": path, "password_file": own.join("none")}), false),
        (json!({"path": path, "password_env": "SAME_CA_TEST_UNSET"}), false),
        (json!({"path": path}), false),
        (json!({"path": path, "password": ""}), false),
        (json!({"pkcs12": inline}), false),
        (json!({"pkcs12": "no base64!", "password": "right"}), false),
    ] {
        let mut command = same_ca(&["check"]);
        command
            .env("SAME_CA_TEST_RIGHT", "right")
            .env_remove("SAME_CA_TEST_UNSET");
        let report = run(command, small.request(source.clone()).to_string()).json();
        let subject = &report["subjects"][0];
        let expected = if compliant {
            ["compliant", "same"]
        } else {
            ["undetermined", "unreadable"]
        };
        assert_eq!(
            (&subject["status"], &subject["relation"]),
            (&json!(expected[0]), &json!(expected[1])),
            "{source}: {subject:#}"
        );
        if !compliant {
            let finding = &subject["findings"][0];
            assert_eq!(finding["code"], "certificate-unreadable", "{source}");
            assert!(
                ["password", "base64"]
                    .iter()
                    .any(|word| finding.to_string().contains(word)),
                "{source}: {finding}"
            );
        }
    }
}

#[test]
fn an_archive_of_several_keys_or_of_cas_that_certify_each_other_is_ambiguous_or_told_by_its_key() {
    let small = small();
    let (one, two) = (Ca::root("CN=One"), Ca::root("CN=Two"));
    let crossed = [&one.cross_certify(&two), &two.cross_certify(&one)];
    let host = key_of("pchat01.contoso.com");
    let source = |archive: P12| json!({"pkcs12": STANDARD.encode(archive.build()), "password": "p"});
    let several = P12::new("p")
        .cert(&small.good)
        .cert(&small.fe01)
        .key(&host)
        .key(&key_of("fe01.contoso.com"));
    let begun = Instant::now();
    for (archive, relation, code) in [
        (several, "unreadable", Some("source-ambiguous")),
        (P12::new("p").certs(&crossed), "unreadable", Some("source-ambiguous")),
        (
            P12::new("p")
                .certs(&crossed)
                .certs(&[&one.cert, &two.cert])
                .key(&one.key)
                .key(&two.key),
            "unreadable",
            Some("source-ambiguous"),
        ),
        (P12::new("p").certs(&crossed).cert(&small.good).key(&host), "same", None),
        (P12::new("p").key(&host), "unreadable", Some("certificate-unreadable")),
    ] {
        let report = check(&small.request(source(archive)));
        let subject = &report["subjects"][0];
        assert_eq!(subject["relation"], relation, "{subject:#}");
        assert_eq!(codes(&subject["findings"]).first().copied(), code, "{subject:#}");
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
    let set = |certs: &[&mint::Cert]| json!({"der": STANDARD.encode(p7b(certs))});
    assert_eq!(
        check(&small.request(set(&crossed)))["subjects"][0]["relation"],
        "unreadable"
    );
}

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
fn an_output_that_cannot_be_written_is_an_error() {
    let own = folder("output");
    let request = small().good_request().to_string();
    for path in [own.clone(), own.join("nowhere/report.json")] {
        let ran = call(&["check", "--output", path.to_str().unwrap()], &request);
        assert_eq!(ran.code, 2);
        let found = ran.error();
        assert_eq!(found.0, "internal");
        assert!(found.2.contains(path.to_str().unwrap()), "{found:?}");
    }
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
