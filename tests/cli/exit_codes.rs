//! The exit code of every outcome.

use serde_json::json;

use crate::support::binary::{call, folder, small};

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
