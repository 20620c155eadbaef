//! What the tests share: requests answered in this process, and the binary.

pub mod binary;
pub mod request;
pub mod servers;
pub mod session;

use same_ca::app::{Context, check};
use same_ca::protocol::{Fault, Report, Request, Timestamp};

/// Answers a request as the binary would, at the minter's own time; the report is checked against its schema.
pub fn check(request: &Request) -> Report {
    try_check(request).expect("the request can be answered")
}

/// Answers a request, or says why not.
pub fn try_check(request: &Request) -> Result<Report, Fault> {
    let context = Context {
        clock: Timestamp::from_unix(mint::NOW),
        env: &|_| None,
        progress: &|_| (),
        log: &|_| (),
    };
    let report = check::check(request, None, &context)?;
    let written = serde_json::to_value(&report).expect("a report can be written");
    assert_valid("report", &written);
    Ok(report)
}

/// Answers a request given as JSON.
pub fn check_json(request: serde_json::Value) -> Report {
    assert_valid("request", &request);
    let request = serde_json::to_vec(&request).expect("JSON can be written");
    check(&same_ca::json::read(&request).expect("the request can be read"))
}

/// Checks a value against one of the schemas.
pub fn assert_valid(name: &str, value: &serde_json::Value) {
    use std::collections::HashMap;
    use std::sync::{Mutex, OnceLock};
    static VALIDATORS: OnceLock<Mutex<HashMap<String, jsonschema::Validator>>> = OnceLock::new();
    let mut validators = VALIDATORS
        .get_or_init(Mutex::default)
        .lock()
        .expect("no test panics while it validates");
    let validator = validators.entry(name.to_owned()).or_insert_with(|| {
        let schema = same_ca::protocol::schema::schema(name).expect("a known schema");
        jsonschema::draft202012::new(schema.as_value()).expect("a schema")
    });
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    drop(validators);
    assert!(
        errors.is_empty(),
        "not a {name} by its schema:\n{}\n{value:#}",
        errors.join("\n")
    );
}

/// Says that a test could not be run here, past the harness that keeps what passing tests print to itself.
pub fn not_run(what: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "NOT RUN: {what}");
}
