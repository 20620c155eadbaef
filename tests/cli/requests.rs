//! What comes in as a request: what is wrong with it is said by its place, and what is the same is read the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::NOW_TEXT;
use mint::container::{crlf, utf8_bom, utf16_be, utf16_le};
use serde_json::{Value, json};

use super::{GOOD, with};
use crate::support::binary::{call, check, codes, folder, key_of, small, write};

#[test]
fn what_is_wrong_with_a_request_is_said_with_its_pointer() {
    let small = small();
    let request = small.request_of(json!([
        {"name": "a", "source": {"pem": small.good.pem()}},
        {"name": "b", "source": {"tls": {"host": "h"}}},
    ]));
    let with = |pointer: &str, value: Value| (format!("{pointer} = {value}"), with(&request, pointer, value));
    let text = request.to_string();
    let twice = |from: &str, to: &str| (format!("{to} for {from}"), text.replacen(from, to, 1));
    let rows = [
        with("/subjects/0/nmae", json!("x")),
        with("/sbujects", json!([])),
        with("/a~b", json!(1)),
        twice("{\"", "{\"a/b\":1,\""),
        with("/policy/macth", json!("key")),
        with("/subjects/1/source/tls/prot", json!(1)),
        with(
            "/subjects/0/install",
            json!({"windows_store": {"location": "LocalMachine", "store": "My", "x": 1}}),
        ),
        with("/reference_document", json!({"membres": []})),
        twice("{\"", "{\"protocol\":1,\""),
        twice("{\"name\":\"a\"", "{\"name\":\"a\",\"name\":\"a\""),
        twice(
            "\"policy\":{",
            "\"policy\":{\"severity\":{\"expired\":\"info\",\"expired\":\"info\"},",
        ),
        twice("\"host\":\"h\"", "\"host\":\"h\",\"host\":\"h\""),
        ("the request twice".into(), format!("{text} {text}")),
        ("] after it".into(), format!("{text}]")),
        with("/protocol", json!(2)),
        with("/protocol", json!(-1)),
        with("/protocol", json!("1")),
        with("/protocol", Value::Null),
        twice("\"protocol\":1,", ""),
        with("/subjects", json!([])),
        with("/subjects", Value::Null),
        twice("\"subjects\":", "\"intermediates\":[],\"candidates\":"),
        with("/subjects/0/name", json!(7)),
        with("/subjects/0/name", Value::Null),
        with("/subjects/0/name", json!("")),
        with("/subjects/0/names", json!("x")),
        with("/subjects/0/names", json!(["a b"])),
        with("/subjects", json!({})),
        with("/policy", json!("x")),
        with("/policy/match", json!("keys")),
        with("/policy/match", json!(1)),
        with("/policy/valid_at", json!("yesterday")),
        with("/policy/warn_before_expiry", json!("30")),
        with("/policy/warn_before_expiry", json!(30)),
        with("/policy/severity", json!({"issuer-differs": "info"})),
        with("/policy/severity", json!({"nonsense": "info"})),
        with("/policy/severity", json!({"expired": "fatal"})),
        with("/policy/extended_key_usage", json!(["x"])),
        with("/policy/distrust", json!([{"key_sha256": "ab"}])),
        with(
            "/policy/distrust",
            json!([{"key_sha256": "ab".repeat(32), "path": "x"}]),
        ),
        with("/reference/-", json!({"name": "x"})),
        with("/reference/-", json!({"name": "x", "source": "a", "authority": "b"})),
        with("/reference/-", json!({"name": "fe01", "source": "a"})),
        with("/subjects/-", json!({"name": "a", "source": "a"})),
        with("/subjects/-", json!({"name": "c"})),
        with("/subjects/-", json!({"name": "c", "source": "a", "any_of": []})),
        with("/subjects/0/source", json!({})),
        with("/subjects/0/source", json!({"path": "a", "pem": "b"})),
        with("/subjects/0/source", json!({"path": "a", "private_key": true})),
        with("/subjects/0/source", json!({"der": "a", "password": "b"})),
        with(
            "/subjects/0/source",
            json!({"path": "a", "password": "b", "password_env": "c"}),
        ),
        with("/subjects/0/source", json!({"path": ""})),
        with("/subjects/0/source", json!("")),
        with("/subjects/0/source", json!(7)),
        with("/subjects/0/source", json!("-")),
        with("/subjects/0/source", json!("lync:Default")),
        with("/subjects/0/source", json!("https://x")),
        with("/subjects/0/source", json!("ab:x")),
        with("/subjects/0/source", json!("store:Nowhere/My")),
        with("/subjects/0/source", json!("tls://")),
        with("/subjects/0/source", json!("tls://h:0")),
        with("/subjects/0/source", json!("tls://h:99999")),
        with("/subjects/1/source/tls/port", json!(0)),
        with("/subjects/1/source/tls/timeout", json!(0)),
        with("/subjects/1/source/tls/timeout", json!(1.5)),
        with("/authorities", json!(["tls:x"])),
        with("/subjects/0/install", json!({})),
        with("/subjects/0/install", json!({"certificate": "a", "by": "caller"})),
        with("/authorities", json!([{"pem": ""}, "tls://ca.contoso.com"])),
        with(
            "/authorities",
            json!([{"tls": {"host": "ca.contoso.com", "port": 5061}}]),
        ),
        with(
            "/reference",
            json!([{"name": "ca", "authority": "TLS://ca.contoso.com"}]),
        ),
        with(
            "/reference",
            json!([{"name": "ca", "authority": {"tls": {"host": "ca.contoso.com"}}}]),
        ),
        with("/subjects/0/install", json!({"by": "me"})),
    ];
    let said = rows.map(|(put, stdin)| {
        let ran = call(&["check"], &stdin);
        let (code, pointer, message) = ran.error();
        format!(
            "{put}\n  {code} at {:?}: {message}\n",
            pointer.as_deref().unwrap_or("no place")
        )
    });
    insta::assert_snapshot!(said.concat(), @r#"
    /subjects/0/nmae = "x"
      bad-request at "/subjects/0/nmae": unknown field "nmae"; known here: name, use, names, effective_from, source, any_of, candidates, install
    /sbujects = []
      bad-request at "/sbujects": unknown field "sbujects"; known here: protocol, requirement, host, node, collected_at, reference, reference_document, subjects, authorities, intermediates, candidates, policy
    /a~b = 1
      bad-request at "/a~0b": unknown field "a~b"; known here: protocol, requirement, host, node, collected_at, reference, reference_document, subjects, authorities, intermediates, candidates, policy
    {"a/b":1," for {"
      bad-request at "/a~1b": unknown field "a/b"; known here: protocol, requirement, host, node, collected_at, reference, reference_document, subjects, authorities, intermediates, candidates, policy
    /policy/macth = "key"
      bad-request at "/policy/macth": unknown field "macth"; known here: profile, match, level, proof, references, valid_at, warn_before_expiry, renew_before, names, extended_key_usage, distrust, severity
    /subjects/1/source/tls/prot = 1
      bad-request at "/subjects/1/source/tls/prot": unknown field "prot"; known here: host, port, server_name, starttls, timeout
    /subjects/0/install = {"windows_store":{"location":"LocalMachine","store":"My","x":1}}
      bad-request at "/subjects/0/install/windows_store/x": unknown field "x"; known here: location, store, exportable, friendly_name, thumbprint
    /reference_document = {"membres":[]}
      bad-request at "/reference_document/membres": unknown field "membres"; known here: path, protocol, kind, tool, requirement, host, node, collected_at, members, authorities, intermediates, findings
    {"protocol":1," for {"
      bad-request at "": duplicate key "protocol"
    {"name":"a","name":"a" for {"name":"a"
      bad-request at "/subjects/0": duplicate key "name"
    "policy":{"severity":{"expired":"info","expired":"info"}, for "policy":{
      bad-request at "/policy/severity": duplicate key "expired"
    "host":"h","host":"h" for "host":"h"
      bad-request at "/subjects/1/source/tls": duplicate key "host"
    the request twice
      bad-json at "": expected one JSON value, found something after it
    ] after it
      bad-json at "": expected one JSON value, found something after it
    /protocol = 2
      unsupported-protocol at "/protocol": expected protocol 1, found 2
    /protocol = -1
      unsupported-protocol at "/protocol": expected protocol 1, found -1
    /protocol = "1"
      bad-request at "/protocol": expected a whole number from 0 to 4294967295, found a string
    /protocol = null
      bad-request at "/protocol": expected a whole number from 0 to 4294967295, found null
     for "protocol":1,
      bad-request at "": missing field "protocol"
    /subjects = []
      bad-request at "/subjects": expected at least one subject
    /subjects = null
      bad-request at "/subjects": expected at least one subject
    "intermediates":[],"candidates": for "subjects":
      bad-request at "/candidates/0/name": unknown field "name"; known here: path, pem, der, chain, private_key, key_provider, store, pkcs12, tls, windows_store, password_file, password_env, password
    /subjects/0/name = 7
      bad-request at "/subjects/0/name": expected a string, found a number
    /subjects/0/name = null
      bad-request at "/subjects/0/name": expected a string, found null
    /subjects/0/name = ""
      bad-request at "/subjects/0/name": the name is empty
    /subjects/0/names = "x"
      bad-request at "/subjects/0/names": expected a list, found a string; write ["pchat01.contoso.com"]
    /subjects/0/names = ["a b"]
      bad-request at "/subjects/0/names/0": expected a host name in ASCII (xn-- for internationalised ones) or an IP address
    /subjects = {}
      bad-request at "/subjects": expected a list, found an object; write [{"name": "pchat01", "source": "pchat01.pem"}]
    /policy = "x"
      bad-request at "/policy": expected an object, found a string; write {"profile": "lync-server-2013"}
    /policy/match = "keys"
      bad-request at "/policy/match": expected one of key, authority, name, found another word
    /policy/match = 1
      bad-request at "/policy/match": expected one of key, authority, name, found a number
    /policy/valid_at = "yesterday"
      bad-request at "/policy/valid_at": expected a time such as 2026-11-20T00:00:00Z (RFC 3339, Z, whole seconds)
    /policy/warn_before_expiry = "30"
      bad-request at "/policy/warn_before_expiry": expected a duration such as 72h, 30d or 2w
    /policy/warn_before_expiry = 30
      bad-request at "/policy/warn_before_expiry": expected a string, found a number
    /policy/severity = {"issuer-differs":"info"}
      bad-request at "/policy/severity/issuer-differs": issuer-differs may be raised, not lowered below error
    /policy/severity = {"nonsense":"info"}
      bad-request at "/policy/severity": unknown finding code "nonsense"
    /policy/severity = {"expired":"fatal"}
      bad-request at "/policy/severity/expired": expected one of info, warning, doubt, error, found another word
    /policy/extended_key_usage = ["x"]
      bad-request at "/policy/extended_key_usage/0": expected a dotted OID or one of serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, OCSPSigning, anyExtendedKeyUsage
    /policy/distrust = [{"key_sha256":"ab"}]
      bad-request at "/policy/distrust/0/key_sha256": expected 64 hexadecimal digits, found 2 characters
    /policy/distrust = [{"key_sha256":"abababababababababababababababababababababababababababababababab","path":"x"}]
      bad-request at "/policy/distrust/0": expected key_sha256 alone, or a source without it
    /reference/- = {"name":"x"}
      bad-request at "/reference/1": expected exactly one of source, authority, key_sha256; write {"name": "fe01", "source": "fe01.pem"}
    /reference/- = {"authority":"b","name":"x","source":"a"}
      bad-request at "/reference/1": expected exactly one of source, authority, key_sha256; write {"name": "fe01", "source": "fe01.pem"}
    /reference/- = {"name":"fe01","source":"a"}
      bad-request at "/reference/1": a member of the reference named "fe01" stands before it; name and use must be unique
    /subjects/- = {"name":"a","source":"a"}
      bad-request at "/subjects/2": a subject named "a" stands before it; name and use must be unique
    /subjects/- = {"name":"c"}
      bad-request at "/subjects/2": expected source, any_of, or install with a place of its own
    /subjects/- = {"any_of":[],"name":"c","source":"a"}
      bad-request at "/subjects/2": expected one of source and any_of, found both
    /subjects/0/source = {}
      bad-request at "/subjects/0/source": expected exactly one of path, pem, der, pkcs12, tls, windows_store
    /subjects/0/source = {"path":"a","pem":"b"}
      bad-request at "/subjects/0/source": expected exactly one of path, pem, der, pkcs12, tls, windows_store
    /subjects/0/source = {"path":"a","private_key":true}
      bad-request at "/subjects/0/source": chain, private_key, key_provider and store go with der alone
    /subjects/0/source = {"der":"a","password":"b"}
      bad-request at "/subjects/0/source": a password goes with path, pem or pkcs12 alone
    /subjects/0/source = {"password":"b","password_env":"c","path":"a"}
      bad-request at "/subjects/0/source": expected at most one of password_file, password_env, password
    /subjects/0/source = {"path":""}
      bad-request at "/subjects/0/source": the path is empty
    /subjects/0/source = ""
      bad-request at "/subjects/0/source": the path is empty
    /subjects/0/source = 7
      bad-request at "/subjects/0/source": expected a source (a string or an object), found a number
    /subjects/0/source = "-"
      bad-request at "/subjects/0/source": - (standard input) is allowed on the command line alone; write ./- for a file of that name
    /subjects/0/source = "lync:Default"
      bad-request at "/subjects/0/source": unknown scheme lync:; the PowerShell module resolves lync:USE on the server itself: use SameCADsc (SameCACertificate) or win_same_ca there
    /subjects/0/source = "https://x"
      bad-request at "/subjects/0/source": unknown scheme https:; write tls://host:port to read what a server presents
    /subjects/0/source = "ab:x"
      bad-request at "/subjects/0/source": unknown scheme ab:; known are tls: and store:; write ./ before a path that looks like one
    /subjects/0/source = "store:Nowhere/My"
      bad-request at "/subjects/0/source": expected store:LocalMachine/STORE[/THUMBPRINT] or store:CurrentUser/STORE[/THUMBPRINT]
    /subjects/0/source = "tls://"
      bad-request at "/subjects/0/source": expected a host name or an address, as tls.host or in tls://host[:port]
    /subjects/0/source = "tls://h:0"
      bad-request at "/subjects/0/source": expected a port from 1 to 65535, as tls.port or in tls://host:port
    /subjects/0/source = "tls://h:99999"
      bad-request at "/subjects/0/source": expected a port from 1 to 65535 after tls://host:
    /subjects/1/source/tls/port = 0
      bad-request at "/subjects/1/source": expected a port from 1 to 65535, as tls.port or in tls://host:port
    /subjects/1/source/tls/timeout = 0
      bad-request at "/subjects/1/source": expected 1 to 3600 seconds as tls.timeout
    /subjects/1/source/tls/timeout = 1.5
      bad-request at "/subjects/1/source/tls/timeout": expected a whole number from 0 to 4294967295, found a number
    /authorities = ["tls:x"]
      bad-request at "/authorities/0": expected tls://host[:port]
    /subjects/0/install = {}
      bad-request at "/subjects/0/install": expected exactly one of certificate, pkcs12_path, windows_store, by
    /subjects/0/install = {"by":"caller","certificate":"a"}
      bad-request at "/subjects/0/install": expected exactly one of certificate, pkcs12_path, windows_store, by
    /authorities = [{"pem":""},"tls://ca.contoso.com"]
      bad-request at "/authorities/1": tls://ca.contoso.com:443 is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file (same-ca inspect --save FILE), look at it, and give the file
    /authorities = [{"tls":{"host":"ca.contoso.com","port":5061}}]
      bad-request at "/authorities/0": tls://ca.contoso.com:5061 is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file (same-ca inspect --save FILE), look at it, and give the file
    /reference = [{"authority":"TLS://ca.contoso.com","name":"ca"}]
      bad-request at "/reference/0/authority": tls://ca.contoso.com:443 is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file (same-ca inspect --save FILE), look at it, and give the file
    /reference = [{"authority":{"tls":{"host":"ca.contoso.com"}},"name":"ca"}]
      bad-request at "/reference/0/authority": tls://ca.contoso.com:443 is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file (same-ca inspect --save FILE), look at it, and give the file
    /subjects/0/install = {"by":"me"}
      bad-request at "/subjects/0/install/by": expected one of caller, found another word
    "#);
}

#[test]
fn what_is_no_json_is_said_in_words() {
    let good = small().good_request().to_string();
    let deep = |open: &str, close: &str| open.repeat(1_000_000) + &close.repeat(1_000_000);
    let rows = [
        ("nothing", Vec::new()),
        ("blanks", b" \r\n ".to_vec()),
        ("a byte order mark alone", utf8_bom("")),
        ("UTF-16 with its mark", utf16_le(&good)),
        ("UTF-16, big endian", utf16_be(&good)),
        (
            "UTF-16 without a mark",
            good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        ("a byte that begins nothing", b"\xff".to_vec()),
        (
            "Latin-1",
            good.replace("fe01", "\u{fe}")
                .into_bytes()
                .iter()
                .map(|&b| if b == 0xc3 { 0xff } else { b })
                .collect(),
        ),
        ("cut", good.as_bytes()[..good.len() - 1].to_vec()),
        ("a number that begins with 0", b"{\"protocol\":01}".to_vec()),
        ("single quotes", b"{'protocol':1}".to_vec()),
        ("a comma too many", b"{\"protocol\":1,}".to_vec()),
        ("a comment", b"{\"protocol\":1} // x".to_vec()),
        ("a number too large", b"{\"protocol\":1e999}".to_vec()),
        ("half a character", b"{\"x\":\"\\ud800\"}".to_vec()),
        ("lists without end", deep("[", "]").into_bytes()),
        ("objects without end", deep("{\"a\":", "}").into_bytes()),
        (
            "lists that do not end",
            format!("{{\"protocol\":1,\"x\":{}}}", "[".repeat(100_000)).into_bytes(),
        ),
    ];
    let said = rows.map(|(what, stdin)| {
        let (code, _, message) = call(&["check"], &stdin).error();
        format!("{what}\n  {code}: {message}\n")
    });
    insta::assert_snapshot!(said.concat(), @r"
    nothing
      bad-json: expected a JSON object, found nothing
    blanks
      bad-json: expected a JSON object, found nothing
    a byte order mark alone
      bad-json: expected a JSON object, found nothing
    UTF-16 with its mark
      bad-json: expected UTF-8, found UTF-16: write the request as UTF-8
    UTF-16, big endian
      bad-json: expected UTF-8, found UTF-16: write the request as UTF-8
    UTF-16 without a mark
      bad-json: expected UTF-8, found UTF-16: write the request as UTF-8
    a byte that begins nothing
      bad-json: not UTF-8 from byte 0 on
    Latin-1
      bad-json: not UTF-8 from byte 820 on
    cut
      bad-json: not JSON: EOF while parsing an object at line 1 column 2523
    a number that begins with 0
      bad-json: not JSON: invalid number at line 1 column 14
    single quotes
      bad-json: not JSON: key must be a string at line 1 column 2; JSON writes names and text in double quotes
    a comma too many
      bad-json: not JSON: trailing comma at line 1 column 15
    a comment
      bad-json: expected one JSON value, found something after it
    a number too large
      bad-json: not JSON: number out of range at line 1 column 17
    half a character
      bad-json: not JSON: unexpected end of hex escape at line 1 column 13
    lists without end
      bad-json: not JSON: recursion limit exceeded at line 1 column 128
    objects without end
      bad-json: not JSON: recursion limit exceeded at line 1 column 636
    lists that do not end
      bad-json: not JSON: recursion limit exceeded at line 1 column 145
    ");
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
    use crate::support::binary::{run, same_ca};
    let small = small();
    let own = folder("odd-names");
    for name in ["C:\\x", "\\\\server\\x", "./store:x", "a1:b", "é:x", "x y", "tls", "-"] {
        std::fs::write(own.join(name.trim_start_matches("./")), small.good.pem()).unwrap();
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
