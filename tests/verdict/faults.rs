//! Requests that once got a wrong answer, with the right one: a folder that this repository does not hold.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::binary::{run, same_ca};
use crate::support::not_run;

fn verdicts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/faults/verdict")
}

/// The bytes of a request, unpacked where it is packed; `None` where nothing here unpacks it.
fn request(path: &Path) -> Option<Vec<u8>> {
    if path.extension().is_none_or(|extension| extension != "xz") {
        return Some(fs::read(path).unwrap());
    }
    let unpacked = Command::new("xz").arg("-dc").arg(path).output().ok()?;
    unpacked.status.success().then_some(unpacked.stdout)
}

/// The words of a list in a row.
fn words<'a>(row: &'a Value, field: &str) -> Vec<&'a str> {
    row[field]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// What is wrong with the report on one row's request; empty where it is as it must be.
fn wrong(report: &Value, row: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let subject = &report["subjects"][0];
    let status = report["status"].as_str().unwrap_or_default();
    if !words(row, "status").contains(&status) {
        wrong.push(format!("status {status}, not one of {}", row["status"]));
    }
    let relation = subject["relation"].as_str().unwrap_or_default();
    if row["relation"].is_array() && !words(row, "relation").contains(&relation) {
        wrong.push(format!("relation {relation}, not one of {}", row["relation"]));
    }
    let members = report["reference"]["members"].as_array().into_iter().flatten();
    let places = [&report["reference"], subject].into_iter().chain(members);
    let findings = places.flat_map(|place| place["findings"].as_array().into_iter().flatten());
    let found: Vec<&str> = findings.filter_map(|finding| finding["code"].as_str()).collect();
    for code in words(row, "codes") {
        if !found.contains(&code) {
            wrong.push(format!("no {code} among {found:?}"));
        }
    }
    wrong
}

#[test]
fn requests_that_were_answered_wrongly_are_answered_rightly() {
    let folder = verdicts();
    let Ok(expected) = fs::read(folder.join("expected.json")) else {
        return not_run("the requests that were answered wrongly: ../shared/faults/verdict is not there");
    };
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let mut failed = Vec::new();
    let mut rows = 0;
    for (name, row) in expected.as_object().unwrap() {
        if name == "_" {
            continue;
        }
        let path = folder.join(name);
        let Some(bytes) = request(&path) else {
            not_run(&format!("{name}: no xz here to unpack it"));
            continue;
        };
        let mut check = same_ca(&["check"]);
        check.current_dir(path.parent().unwrap());
        let ran = run(check, bytes);
        rows += 1;
        let report = ran.json();
        let wrong = match ran.code {
            0 => wrong(&report, row),
            code => vec![format!("exit code {code}: {report}")],
        };
        failed.extend(wrong.into_iter().map(|why| format!("{name}: {why}")));
    }
    assert!(rows > 0, "the table has rows");
    assert!(
        failed.is_empty(),
        "{} of {rows} rows:\n{}",
        failed.len(),
        failed.join("\n")
    );
}
