//! The minter's estates through the binary: the verdicts that they were minted for, and the report as people read it.

use std::path::{Path, PathBuf};
use std::process::Command;

use mint::Estate;
use serde_json::Value;

use crate::support::assert_valid;
use crate::support::binary::{run, same_ca};

type Write = fn(&Path) -> std::io::Result<Estate>;

fn minted(name: &str, write: Write) -> Estate {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("estates").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    write(&folder).unwrap()
}

/// The binary in the folder of an estate, given its request.
fn checked(estate: &Estate, arguments: &[&str]) -> String {
    let request = std::fs::read(estate.dir.join("check.json")).unwrap();
    let mut command = same_ca(&["check"]);
    command.args(arguments);
    answered(command, estate, request)
}

fn answered(mut command: Command, estate: &Estate, input: impl AsRef<[u8]> + Send) -> String {
    command.current_dir(&estate.dir);
    let ran = run(command, input);
    assert_eq!((ran.code, &*ran.stderr), (0, ""));
    ran.text().to_owned()
}

#[test]
fn every_subject_of_an_estate_is_judged_as_it_was_minted_to_be() {
    let estates: [(&str, Write); 2] = [("lync", Estate::lync), ("rekeyed-root", Estate::rekeyed_root)];
    for (name, write) in estates {
        let estate = minted(name, write);
        let report: Value = serde_json::from_str(&checked(&estate, &[])).unwrap();
        assert_valid("report", &report);
        let subjects = report["subjects"].as_array().unwrap();
        assert_eq!(subjects.len(), estate.expected.len(), "{name}");
        let has = |subject: &Value, code: &str| {
            let findings = subject["findings"].as_array().unwrap();
            findings.iter().any(|finding| finding["code"] == code)
        };
        for (subject, expected) in subjects.iter().zip(&estate.expected) {
            let text = |key: &str| subject[key].as_str().unwrap_or_default();
            let found = [text("name"), text("use"), text("status"), text("relation")];
            let wanted = [expected.name, expected.r#use, expected.status, expected.relation];
            assert_eq!(found, wanted, "{name}: {subject:#}");
            if let Some(code) = expected.code {
                let with: Vec<_> = subjects.iter().filter(|subject| has(subject, code)).collect();
                assert_eq!(with, [subject], "{name}: {code} is on this subject alone");
            }
        }
        let worst = ["noncompliant", "undetermined", "compliant"]
            .into_iter()
            .find(|status| estate.expected.iter().any(|expected| expected.status == *status));
        assert_eq!(report["status"].as_str(), worst, "{name}");
    }
}

#[test]
fn the_report_on_the_demo_estate_reads_like_this() {
    let estate = minted("lync-text", Estate::lync);
    insta::assert_snapshot!("lync_estate", checked(&estate, &["--format", "text"]));
}

#[test]
fn the_report_on_the_demo_estate_is_the_same_byte_for_byte_when_asked_again() {
    let estate = minted("lync-again", Estate::lync);
    assert_eq!(checked(&estate, &[]), checked(&estate, &[]));
}

#[test]
fn a_batch_says_of_each_subject_what_one_check_says_of_all() {
    let estate = minted("lync-batch", Estate::lync);
    let whole: Value = serde_json::from_str(&checked(&estate, &[])).unwrap();
    let lines: Vec<String> = estate.request["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| {
            let mut request = estate.request.clone();
            request["subjects"] = Value::Array(vec![subject.clone()]);
            request.to_string()
        })
        .collect();
    let output = answered(same_ca(&["batch"]), &estate, lines.join("\r\n"));
    let reports: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reports.len(), lines.len());
    for (report, subject) in reports.iter().zip(whole["subjects"].as_array().unwrap()) {
        assert_valid("report", report);
        assert_eq!(report["subjects"][0], *subject);
        assert_eq!(report["reference"], whole["reference"]);
    }
}
