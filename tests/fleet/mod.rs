//! `same-ca fleet` as a process: what is read, what is joined, what is written, and what hostile reports cannot do.

mod dsc;
mod formats;
mod input;
mod joined;
mod newest;
mod waivers;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::reports;
use crate::support::binary::{run, same_ca};
use crate::support::{assert_valid, not_run};

/// A folder of its own for a test.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fleet").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

struct Ran {
    code: i32,
    output: String,
    errors: String,
}

fn ran(folder: &Path, arguments: &[&str], input: impl Into<Vec<u8>>) -> Ran {
    let mut command = same_ca(&["fleet"]);
    command.current_dir(folder).args(arguments);
    if !arguments.contains(&"--as-of") {
        command.args(["--as-of", "newest"]);
    }
    let run = run(command, input.into());
    Ran {
        code: run.code,
        output: String::from_utf8(run.stdout).unwrap(),
        errors: run.stderr,
    }
}

/// The fleet report, checked against its schema.
fn fleet_in(folder: &Path, arguments: &[&str], input: impl Into<Vec<u8>>) -> Value {
    let mut all = vec!["--format", "json"];
    all.extend(arguments);
    let ran = ran(folder, &all, input);
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""), "{}", ran.output);
    let report: Value = serde_json::from_str(&ran.output).unwrap();
    assert_valid("fleet-report", &report);
    report
}

fn fleet(input: impl Into<Vec<u8>>) -> Value {
    fleet_in(Path::new(env!("CARGO_TARGET_TMPDIR")), &[], input)
}

fn report(index: usize) -> Value {
    serde_json::to_value(reports::report(index, &reports::reference())).unwrap()
}

/// A report of a host with a status, collected so many hours after midnight.
fn said(host: &str, status: &str, hour: u32) -> Value {
    let mut report = (0..)
        .map(report)
        .find(|report| report["status"] == "compliant")
        .unwrap();
    let number = |of: &str| u32::from(status == of);
    report["summary"] = json!({"total": 1, "compliant": number("compliant"), "noncompliant": number("noncompliant"),
        "undetermined": number("undetermined")});
    report["host"] = host.into();
    report["collected_at"] = format!("2026-11-20T{hour:02}:00:00Z").into();
    report["status"] = status.into();
    report["compliant"] = (status == "compliant").into();
    let subject = &mut report["subjects"][0];
    subject["name"] = host.into();
    subject["status"] = status.into();
    subject["findings"] = match status {
        "compliant" => json!([]),
        "noncompliant" => json!([{"code": "expired", "severity": "error", "message": "it expired"}]),
        _ => json!([{"code": "limit-reached", "severity": "doubt", "message": "too much work"}]),
    };
    report
}

fn ndjson(reports: &[Value]) -> String {
    reports.iter().map(|report| format!("{report}\n")).collect()
}

fn states(fleet: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let records = fleet["records"].as_array().unwrap().iter();
    records
        .map(|record| (text(&record["host"]), text(&record["state"])))
        .collect()
}

fn unreadable(fleet: &Value) -> Vec<(Option<u64>, String)> {
    let named = fleet["reports"]["unreadable_named"].as_array().unwrap().iter();
    named
        .map(|one| (one["line"].as_u64(), one["code"].as_str().unwrap().to_owned()))
        .collect()
}

/// Inputs that once gave a wrong answer, where they are at hand.
fn faults(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/faults")
        .join(name);
    if path.is_dir() {
        return Some(path);
    }
    not_run(&format!("fleet on faults/{name} (it is not beside the repository)"));
    None
}
