//! What comes in as a request: what is wrong with it is said by its place, and what is the same is read the same.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::NOW_TEXT;
use mint::container::{crlf, utf8_bom, utf16_be, utf16_le};
use serde_json::{Value, json};

use super::{GOOD, with};
use crate::support::binary::{call, check, codes, folder, key_of, run, same_ca, small, write};

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
