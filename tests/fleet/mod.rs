//! `same-ca fleet` as a process: what is read, what is joined, what is written, and what hostile reports cannot do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::Config;
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

#[test]
fn the_newest_report_of_a_host_and_requirement_counts() {
    let other = |mut report: Value| {
        report["requirement"] = "other".into();
        report
    };
    let fleet = fleet(ndjson(&[
        said("a.example", "noncompliant", 1),
        said("A.example.", "compliant", 3),
        said("a.example", "noncompliant", 2),
        other(said("a.example", "undetermined", 1)),
    ]));
    let found: Vec<_> = fleet["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| &record["status"])
        .collect();
    assert_eq!(found, ["undetermined", "compliant"], "by requirement");
    assert_eq!(fleet["reports"]["read"], 4);
    assert_eq!(fleet["reports"]["superseded"], 2);
    assert_eq!(fleet["as_of"], "2026-11-20T03:00:00Z");
    assert_eq!(fleet["message"], "2 records of 1 host: 1 undetermined, 1 compliant");
}

#[test]
fn of_reports_of_one_time_the_worst_counts_whatever_came_first() {
    let (good, bad) = (said("a.example", "compliant", 1), said("a.example", "noncompliant", 1));
    for order in [[&good, &bad], [&bad, &good]] {
        let fleet = fleet(ndjson(&order.map(Clone::clone)));
        assert_eq!(states(&fleet), [("a.example".into(), "noncompliant".into())]);
    }
}

#[test]
fn a_report_without_host_is_listed_by_its_file_and_joined_with_none() {
    let folder = folder("alone");
    let mut report = said("x", "compliant", 1);
    report.as_object_mut().unwrap().remove("host");
    for name in ["one.json", "two.json"] {
        fs::write(folder.join(name), report.to_string()).unwrap();
    }
    let fleet = fleet_in(&folder, &["."], "");
    let sources: Vec<_> = fleet["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| &record["source"])
        .collect();
    assert_eq!(sources, ["./one.json", "./two.json"]);
}

#[test]
fn reports_are_found_in_files_of_every_kind() {
    let folder = folder("kinds");
    let pretty = |report: &Value| serde_json::to_string_pretty(report).unwrap();
    let hosts: Vec<Value> = (0..9).map(|index| said(&format!("h{index}"), "compliant", 1)).collect();
    fs::create_dir_all(folder.join("deep/er")).unwrap();
    fs::write(folder.join("pretty.json"), pretty(&hosts[0])).unwrap();
    fs::write(
        folder.join("lines.ndjson"),
        format!("\u{feff}{}", ndjson(&hosts[1..3]).replace('\n', "\r\n")),
    )
    .unwrap();
    fs::write(
        folder.join("several.json"),
        format!("{}\n{}", pretty(&hosts[3]), pretty(&hosts[4])),
    )
    .unwrap();
    fs::write(folder.join("deep/er/six.JSON"), hosts[5].to_string()).unwrap();
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(pretty(&hosts[6]).encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(folder.join("powershell.json"), utf16).unwrap();
    fs::write(folder.join("README.txt"), "not a report").unwrap();
    fs::write(folder.join(".half.json.1.tmp"), "{").unwrap();
    let whole = fleet_in(&folder, &["."], "");
    let names: Vec<String> = states(&whole).into_iter().map(|(host, _)| host).collect();
    assert_eq!(names, ["h0", "h1", "h2", "h3", "h4", "h5", "h6"]);
    assert_eq!(whole["reports"]["unreadable"], 0);

    let some = fleet_in(
        &folder,
        &["*.ndjson", "deep/**/*.JSON", "-", "lines.ndjson"],
        ndjson(&hosts[7..]),
    );
    let names: Vec<String> = states(&some).into_iter().map(|(host, _)| host).collect();
    assert_eq!(names, ["h1", "h2", "h5", "h7", "h8"]);
    assert_eq!(some["reports"]["read"], 5, "a file that is named twice is read once");
}

#[test]
fn results_of_dsc_are_read_and_nested_groups_walked() {
    let state = |report: Value| json!({"actualState": {"requirement": "x", "status": "compliant", "report": report}});
    let document = json!({
        "metadata": {"Microsoft.DSC": {"version": "3.2.0", "operation": "test"}},
        "results": [
            {"name": "one", "type": "SameCA/Certificate", "result": {"desiredState": {}, "inDesiredState": true,
                "actualState": {"report": said("dsc1", "compliant", 1)}, "differingProperties": []}},
            {"name": "group", "type": "Microsoft.DSC/Group", "result": [
                {"name": "inner", "type": "Microsoft.DSC/Assertion", "result": [
                    {"name": "two", "type": "SameCADsc/SameCACertificate", "result": state(said("dsc2", "noncompliant", 1))}]},
                {"name": "three", "type": "SameCADsc/SameCACertificate",
                    "result": state(Value::String(said("dsc3", "compliant", 1).to_string()))}]},
            {"name": "other", "type": "Microsoft/OSInfo", "result": {"actualState": {"report": 1}}},
            {"name": "without", "type": "SameCA/Certificate", "result": {"actualState": {}}}
        ],
        "messages": [], "hadErrors": false
    });
    let fleet = fleet(serde_json::to_string_pretty(&document).unwrap());
    let names: Vec<String> = states(&fleet).into_iter().map(|(host, _)| host).collect();
    assert_eq!(names, ["dsc1", "dsc2", "dsc3"]);
    assert_eq!(unreadable(&fleet), [(None, "bad-report".into())]);
    let single = json!({"actualState": {"report": said("dsc4", "compliant", 1)}});
    assert_eq!(states(&self::fleet(single.to_string()))[0].0, "dsc4");
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

#[test]
fn a_report_that_contradicts_itself_is_unreadable_by_name_and_hides_no_other() {
    let with = |status: &str, change: &dyn Fn(&mut Value)| {
        let mut report = said("forged.example", status, 9);
        change(&mut report);
        report
    };
    let forged = [
        with("noncompliant", &|report| {
            report["status"] = "compliant".into();
            report["compliant"] = true.into();
        }),
        with("noncompliant", &|report| report["compliant"] = true.into()),
        with("noncompliant", &|report| {
            report["subjects"][0]["status"] = "compliant".into();
        }),
        with("compliant", &|report| {
            report["subjects"][0]["findings"] = json!([{"code": "x", "severity": "doubt", "message": "m"}]);
        }),
        with("compliant", &|report| {
            report["reference"]["findings"] = json!([{"code": "x", "severity": "error", "message": "m"}]);
        }),
        with("compliant", &|report| {
            report["subjects"][0]["relation"] = "different".into();
        }),
        with("compliant", &|report| {
            report["subjects"][0]["certificate"] = Value::Null;
        }),
        with("compliant", &|report| report["subjects"][0]["status"] = Value::Null),
        with("compliant", &|report| report["subjects"] = json!([])),
        with("compliant", &|report| report["summary"]["noncompliant"] = 1.into()),
        with("undetermined", &|report| report["subjects"][0]["findings"] = json!([])),
        with("noncompliant", &|report| report["subjects"][0]["findings"] = json!([])),
    ];
    let real = said("forged.example", "noncompliant", 1);
    for forged in &forged {
        let fleet = fleet(ndjson(&[real.clone(), forged.clone()]));
        assert_eq!(
            states(&fleet),
            [("forged.example".into(), "noncompliant".into())],
            "{forged}"
        );
        assert_eq!(unreadable(&fleet), [(Some(2), "bad-report".into())], "{forged}");
        let message = fleet["reports"]["unreadable_named"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("forged.example: "), "{message}");
    }
    // In a fleet report the record alone, and not the others in it.
    let folder = folder("forged");
    let mut part = fleet(ndjson(&[real.clone(), said("other.example", "compliant", 1)]));
    part["records"][0]["status"] = "compliant".into();
    fs::write(folder.join("part.json"), part.to_string()).unwrap();
    let joined = fleet_in(&folder, &["part.json"], "");
    assert_eq!(states(&joined), [("other.example".into(), "compliant".into())]);
    assert_eq!(unreadable(&joined), [(None, "bad-report".into())]);
    let mut part = fleet(real.to_string());
    part["records"][0]["details"][0]["status"] = "compliant".into();
    assert_eq!(unreadable(&fleet(part.to_string())), [(None, "bad-report".into())]);
    // The page must not show what the record does not say.
    if let Some(faults) = faults("verdict/09-fleet-forged") {
        let fleet = fleet_in(&faults, &[".", "--as-of", "2026-12-20T02:00:00Z"], "");
        assert_eq!(states(&fleet), [("h2.x".into(), "noncompliant".into())]);
        assert_eq!(unreadable(&fleet), [(None, "bad-report".into())]);
        assert_eq!(fleet["set_aside"][0]["collected_at"], "2099-01-01T00:00:00Z");
    }
}

#[test]
fn a_report_from_the_future_hides_no_other_and_is_shown_as_one() {
    let folder = folder("future");
    let later = |status: &str| {
        let mut report = said("a.example", status, 1);
        report["collected_at"] = "2099-01-01T00:00:00Z".into();
        report
    };
    let (real, as_of) = (
        said("a.example", "noncompliant", 1),
        ["--as-of", "2026-11-20T02:00:00Z"],
    );
    for order in [[real.clone(), later("compliant")], [later("compliant"), real.clone()]] {
        let fleet = fleet_in(&folder, &as_of, ndjson(&order));
        assert_eq!(states(&fleet), [("a.example".into(), "noncompliant".into())]);
        assert_eq!(fleet["set_aside"].as_array().unwrap().len(), 1);
        assert!(fleet["findings"].to_string().contains("report-from-future"));
    }
    // Alone it counts, and is shown as what it is; of several the worst.
    let fleet = fleet_in(&folder, &as_of, ndjson(&[later("compliant"), later("undetermined")]));
    assert_eq!(states(&fleet), [("a.example".into(), "undetermined".into())]);
    assert_eq!(fleet["records"][0]["from_future"], true);
    let text = ran(
        &folder,
        &["-", "--format", "text", "--as-of", as_of[1]],
        later("compliant").to_string(),
    );
    assert!(
        text.output.contains("dated after the time of this fleet report"),
        "{}",
        text.output
    );
    assert_eq!(
        ran(
            &folder,
            &["-", "--fail-on", "from-future", "--as-of", as_of[1]],
            later("compliant").to_string()
        )
        .code,
        1
    );
    // Clocks differ: up to an hour is no future.
    let near = said("a.example", "compliant", 3);
    let fleet = fleet_in(&folder, &as_of, ndjson(&[real, near]));
    assert_eq!(states(&fleet), [("a.example".into(), "compliant".into())]);
}

#[test]
fn the_clock_is_what_is_judged_at_so_that_reports_grow_stale_when_all_collection_stops() {
    let mut command = same_ca(&["fleet", "--format", "json", "--max-age", "1d"]);
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    // Older than any day on which this can run.
    let mut report = said("a.example", "compliant", 1);
    report["collected_at"] = "2020-01-01T00:00:00Z".into();
    let ran = run(command, report.to_string());
    let fleet: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(states(&fleet), [("a.example".into(), "stale".into())]);
    assert!(fleet["as_of"].as_str().unwrap() > "2026-01-01");
}

#[test]
fn of_one_dsc_document_the_worst_instance_of_a_host_and_requirement_counts() {
    let instance = |report: Value| json!({"name": "n", "type": "SameCA/Certificate", "result": {"actualState": {"report": report}}});
    let good = instance(said("a.example", "compliant", 5));
    let bad = instance(said("a.example", "noncompliant", 2));
    for (metadata, time) in [
        (
            json!({"Microsoft.DSC": {"startDatetime": "2026-11-20T03:00:00.25+02:00"}}),
            "2026-11-20T01:00:00Z",
        ),
        (json!({}), "2026-11-20T02:00:00Z"),
    ] {
        for results in [json!([good, bad]), json!([bad, good])] {
            let fleet = fleet(json!({"metadata": metadata, "results": results}).to_string());
            assert_eq!(states(&fleet), [("a.example".into(), "noncompliant".into())]);
            assert_eq!(fleet["records"][0]["collected_at"], time);
            assert_eq!(fleet["reports"]["read"], 2);
        }
    }
}

#[test]
fn a_report_without_times_in_the_state_of_a_powershell_resource_is_of_the_run_that_the_document_is_of() {
    let mut report = said("dsc1", "noncompliant", 1);
    report.as_object_mut().unwrap().remove("collected_at");
    report.as_object_mut().unwrap().remove("valid_at");
    let run = json!({"Microsoft.DSC": {"startDatetime": "2026-11-20T03:00:00+02:00"}});
    let result = |states: Value| {
        json!({"metadata": run, "hadErrors": false, "messages": [], "results": [
            {"name": "n", "type": "SameCADsc/SameCACertificate", "result": states}]})
    };
    let state = |report: &Value| json!({"Name": "n", "Status": "noncompliant", "Report": report.to_string()});
    for states in [
        json!({"actualState": state(&report)}),
        json!({"desiredState": {}, "actualState": state(&report), "inDesiredState": false}),
        json!({"beforeState": {}, "afterState": state(&report), "changedProperties": []}),
        json!({"actualState": {"Name": "n", "Report": report}}),
    ] {
        let fleet = fleet(result(states.clone()).to_string());
        assert_eq!(unreadable(&fleet), [], "{states}");
        let record = &fleet["records"][0];
        assert_eq!(record["collected_at"], "2026-11-20T01:00:00Z", "{states}");
        assert_eq!(record["valid_at"], "2026-11-20T01:00:00Z", "{states}");
        assert_eq!(record["status"], "noncompliant", "{states}");
    }
    // Where nothing says when it was, it is named and not taken for now.
    let timeless = json!({"actualState": state(&report)});
    let fleet = fleet(timeless.to_string());
    assert_eq!(fleet["records"], json!([]));
    assert_eq!(unreadable(&fleet).len(), 1);
}

#[test]
fn every_shape_that_dsc_writes_gives_the_records_that_its_results_hold() {
    let ours = |name: &str, result: Value| json!({"name": name, "type": "SameCA/Certificate", "result": result});
    let group = |result: Value| json!({"name": "group", "type": "Microsoft.DSC/Group", "result": result});
    let good = json!({"report": said("good", "compliant", 1)});
    let bad = json!({"report": said("bad", "noncompliant", 1)});
    let (get, test) = (
        json!({"actualState": good}),
        json!({"desiredState": {}, "actualState": bad, "inDesiredState": false}),
    );
    let set = json!({"beforeState": bad, "afterState": good, "changedProperties": ["status"]});
    let resources = json!({"resources": [{"type": "SameCA/Certificate", "name": "a", "properties": good}]});
    for (name, document, expected) in [
        (
            "a group of one, got",
            json!({"results": [group(json!({"actualState": ours("a", get.clone())}))]}),
            "good compliant",
        ),
        (
            "groups, got",
            json!({"results": [group(json!([group(json!([ours("a", get.clone())]))]))]}),
            "good compliant",
        ),
        (
            "a group, tested",
            json!({"results": [group(json!({"desiredState": resources, "actualState": [ours("b", test.clone())]}))]}),
            "bad noncompliant",
        ),
        (
            "an assertion, tested",
            json!({"results": [group(json!({"desiredState": resources, "actualState": resources}))]}),
            "good compliant",
        ),
        (
            "a group, set",
            json!({"results": [group(json!({"beforeState": [ours("b", test.clone())], "afterState": [ours("a", set.clone())]}))]}),
            "good compliant",
        ),
        (
            "one, set",
            json!({"results": [ours("a", set.clone())]}),
            "good compliant",
        ),
        ("one resource, set", set.clone(), "good compliant"),
        ("one resource, tested", test.clone(), "bad noncompliant"),
        (
            "a group as one resource",
            json!({"actualState": [ours("a", get.clone())]}),
            "good compliant",
        ),
        (
            "results of a group alone",
            json!([ours("b", test.clone())]),
            "bad noncompliant",
        ),
    ] {
        let text = match name.len() % 2 {
            0 => document.to_string(),
            _ => serde_json::to_string_pretty(&document).unwrap(),
        };
        let fleet = fleet(text);
        let (host, status) = expected.split_once(' ').unwrap();
        assert_eq!(states(&fleet), [(host.into(), status.into())], "{name}");
        assert_eq!(fleet["reports"]["unreadable"], 0, "{name}: {}", fleet["reports"]);
    }
    // What cannot be read is named, and never dropped.
    for (name, document) in [
        (
            "no report",
            json!({"results": [group(json!([ours("web", json!({"actualState": {}}))]))]}),
        ),
        (
            "before alone",
            json!({"results": [ours("web", json!({"beforeState": good, "afterState": null}))]}),
        ),
        ("no state", json!({"results": [ours("web", json!([]))]})),
        (
            "an error",
            json!({"results": [], "hadErrors": true, "messages": [{"name": "web", "type": "SameCA/Certificate", "message": "m", "level": "Error"}]}),
        ),
    ] {
        let fleet = fleet(document.to_string());
        let named = &fleet["reports"]["unreadable_named"];
        assert_eq!(named.as_array().unwrap().len(), 1, "{name}: {named}");
        assert!(
            named[0]["message"].as_str().unwrap().starts_with("web: "),
            "{name}: {named}"
        );
    }
    let mut deep = ours("deep", get);
    for _ in 0..200 {
        deep = group(json!([deep]));
    }
    assert_eq!(
        fleet(json!({"results": [deep]}).to_string())["reports"]["unreadable"],
        1
    );

    let Some(faults) = faults("dsc") else { return };
    for (name, read, expected) in [
        ("assert", 2, &[("vm", "compliant")][..]),
        (
            "copy",
            3,
            &[
                ("fe01.contoso.com", "compliant"),
                ("fe02.contoso.com", "compliant"),
                ("fe03.contoso.com", "compliant"),
            ],
        ),
        (
            "group",
            2,
            &[
                ("pchat01.contoso.com", "compliant"),
                ("pchat02.contoso.com", "noncompliant"),
            ],
        ),
        ("include", 1, &[("pchat01.contoso.com", "compliant")]),
    ] {
        for operation in ["get", "test", "set"] {
            for version in ["3.2", "3.4"] {
                let file = format!("{name}-{operation}-{version}.json");
                if !faults.join(&file).exists() {
                    assert_eq!((name, operation), ("copy", "set"));
                    continue;
                }
                let fleet = fleet_in(&faults, &[&file], "");
                let expected: Vec<_> = expected
                    .iter()
                    .map(|(host, state)| (host.to_string(), state.to_string()))
                    .collect();
                assert_eq!(states(&fleet), expected, "{file}: {}", fleet["reports"]);
                assert_eq!(
                    (&fleet["reports"]["read"], &fleet["reports"]["unreadable"]),
                    (&json!(read), &json!(0)),
                    "{file}"
                );
            }
        }
    }
}

#[test]
fn yaml_gets_one_line_that_says_how_to_write_json() {
    let folder = folder("yaml");
    let yaml = "executionInformation:\n  startDatetime: x\nresults:\n- name: a\n  type: SameCA/Certificate\n";
    fs::write(folder.join("dsc.json"), yaml.repeat(200)).unwrap();
    fs::write(folder.join("large.json"), yaml.repeat(60_000)).unwrap();
    let files = ["dsc.json", "large.json"].map(|file| (None::<u64>, file));
    let fleet = fleet_in(&folder, &["."], "");
    assert_eq!(unreadable(&fleet), files.map(|_| (None, "bad-json".to_owned())));
    assert!(fleet["reports"].to_string().contains("-o json"), "{}", fleet["reports"]);
    assert_eq!(unreadable(&self::fleet(format!("---\n- {yaml}"))).len(), 1);
    // A line that is broken is one of many.
    let lines = self::fleet(format!("results: x\n{}\n", said("a", "compliant", 1)));
    assert_eq!(states(&lines).len(), 1);
}

#[cfg(unix)]
#[test]
fn a_special_file_in_a_folder_is_named_and_never_waited_for() {
    let folder = folder("special");
    let made = Command::new("mkfifo").arg(folder.join("pipe.json")).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("/dev/zero", folder.join("zero.json")).unwrap();
    std::os::unix::fs::symlink("/dev/tty", folder.join("tty.ndjson")).unwrap();
    fs::write(folder.join("real.json"), said("a", "compliant", 1).to_string()).unwrap();
    let fleet = fleet_in(&folder, &["."], "");
    assert_eq!(states(&fleet), [("a".into(), "compliant".into())]);
    assert_eq!(unreadable(&fleet), [1, 2, 3].map(|_| (None, "bad-file".to_owned())));
    for arguments in [
        &["/dev/zero"][..],
        &["--waivers", "pipe.json"],
        &["--expected-hosts", "zero.json"],
    ] {
        assert_eq!(ran(&folder, arguments, "").code, 2, "{arguments:?}");
    }
}

#[test]
fn thousands_of_waivers_on_thousands_of_hosts_take_no_time_to_speak_of() {
    let folder = folder("many-waivers");
    let waiver = |host: String| json!({"host": host, "reason": "r", "approved_by": "me", "approved_at": "2026-11-01", "until": "2026-12-01"});
    let named = (0..5000).map(|index| waiver(format!("host{index}.contoso.com")));
    let patterns = (0..1000).map(|index| waiver(format!("*{index}.fabrikam.com")));
    fs::write(
        folder.join("w.json"),
        json!(named.chain(patterns).collect::<Vec<_>>()).to_string(),
    )
    .unwrap();
    let reports: Vec<Value> = (0..5000)
        .map(|index| said(&format!("host{index}.contoso.com"), "noncompliant", 1))
        .collect();
    let begun = std::time::Instant::now();
    let fleet = fleet_in(&folder, &["--waivers", "w.json"], ndjson(&reports));
    assert_eq!(fleet["totals"]["waived"], 5000);
    // Unoptimised, beside other tests: it took minutes before.
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn every_format_says_why_a_host_is_missing_and_a_joined_report_still_does() {
    let folder = folder("why-missing");
    let missing = json!([
        {"host": "off.contoso.com", "reason": "unreachable", "message": "Connection <refused>"},
        {"host": "bare.contoso.com", "reason": "no-binary"},
        // It has reported after all.
        {"host": "A.example", "reason": "skipped"},
    ]);
    fs::write(folder.join("missing.json"), missing.to_string()).unwrap();
    fs::write(folder.join("hosts"), "late.contoso.com\nOFF.contoso.com\n").unwrap();
    let files = ["html", "json", "csv", "junit", "prometheus", "markdown"];
    let mut arguments = vec!["-", "--missing", "missing.json", "--expected-hosts", "hosts"];
    let flags: Vec<String> = files.iter().map(|name| format!("--{name}=out.{name}")).collect();
    arguments.extend(flags.iter().map(String::as_str));
    let part = fleet_in(&folder, &arguments, said("a.example", "compliant", 1).to_string());
    assert_eq!(part["status"], "missing");
    assert_eq!(
        part["missing"],
        json!(["bare.contoso.com", "late.contoso.com", "OFF.contoso.com"])
    );
    let reasons = json!([
        {"host": "bare.contoso.com", "reason": "no-binary"},
        {"host": "OFF.contoso.com", "reason": "unreachable", "message": "Connection <refused>"},
    ]);
    assert_eq!(part["missing_reasons"], reasons);
    for (name, words) in [
        (
            "html",
            "OFF.contoso.com: <span class=\"code\">unreachable</span>: Connection &lt;refused&gt;",
        ),
        ("csv", "\"unreachable\",\"Connection <refused>\""),
        (
            "junit",
            "a host that was expected: unreachable: Connection &lt;refused&gt;",
        ),
        ("prometheus", "same_ca_fleet_missing_hosts{reason=\"no-binary\"} 1"),
        ("markdown", "bare.contoso.com: no-binary"),
        ("markdown", "OFF.contoso.com: unreachable: Connection"),
    ] {
        let text = fs::read_to_string(folder.join(format!("out.{name}"))).unwrap();
        assert!(text.contains(words), "{name}: {text}");
    }
    let text = ran(&folder, &["--format", "text", "out.json"], "").output;
    assert!(text.contains("bare.contoso.com  no-binary"), "{text}");

    // Who was missing from a part is missing from the whole, whatever the order, unless another part speaks of it.
    fs::write(
        folder.join("late.json"),
        said("late.contoso.com", "compliant", 2).to_string(),
    )
    .unwrap();
    let other = json!([{"host": "off.contoso.com", "reason": "not-asked", "message": "later"}]);
    fs::write(folder.join("other.json"), other.to_string()).unwrap();
    fleet_in(
        &folder,
        &["late.json", "--missing", "other.json", "--json", "second.json"],
        "",
    );
    for order in [["out.json", "second.json"], ["second.json", "out.json"]] {
        let whole = fleet_in(&folder, &order, "");
        assert_eq!(whole["missing"], json!(["bare.contoso.com", "OFF.contoso.com"]));
        assert_eq!(whole["missing_reasons"], reasons);
    }

    for (wrong, words) in [
        ("{}", "expected a JSON list"),
        ("[{\"host\": \"x\", \"reason\": \"gone\"}]", "unknown variant `gone`"),
        ("[{\"host\": \"\", \"reason\": \"skipped\"}]", "the name of a host"),
    ] {
        fs::write(folder.join("wrong.json"), wrong).unwrap();
        let run = ran(&folder, &["out.json", "--missing", "wrong.json"], "");
        assert_eq!(run.code, 2);
        assert!(
            run.errors.contains("--missing wrong.json: ") && run.errors.contains(words),
            "{}",
            run.errors
        );
    }
}

#[test]
fn records_are_keyed_by_what_an_inventory_calls_the_host() {
    let of = |node: &str, host: &str, status: &str, hour: u32| {
        let mut report = said(host, status, hour);
        report["node"] = node.into();
        report
    };
    let folder = folder("nodes");
    fs::write(folder.join("hosts"), "web-a\nweb-b\nweb-c\n").unwrap();
    // Two nodes behind one host name stay two; names of nodes are compared as those of hosts are.
    let two = [
        of("web-a", "web.contoso.com", "compliant", 1),
        of("WEB-B", "web.contoso.com", "noncompliant", 2),
    ];
    let fleet = fleet_in(&folder, &["--expected-hosts", "hosts"], ndjson(&two));
    let nodes: Vec<_> = fleet["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| &record["node"])
        .collect();
    assert_eq!(nodes, ["web-a", "WEB-B"]);
    assert_eq!(fleet["missing"], json!(["web-c"]));
    assert_eq!(fleet["shared_nodes"], json!([]));
    // One node that names two hosts is named, in whatever order and requirement they come.
    let mut other = of("web-a", "y.contoso.com", "compliant", 1);
    other["requirement"] = "other".into();
    for reports in [
        [
            of("web-a", "x.contoso.com", "noncompliant", 1),
            of("web-a", "Y.contoso.com", "compliant", 2),
        ],
        [
            of("web-a", "Y.contoso.com", "compliant", 2),
            of("web-a", "x.contoso.com", "noncompliant", 1),
        ],
        [of("web-a", "x.contoso.com", "noncompliant", 1), other],
    ] {
        let fleet = self::fleet(ndjson(&reports));
        assert_eq!(
            fleet["shared_nodes"],
            json!([{"node": "web-a", "hosts": ["x.contoso.com", "y.contoso.com"]}])
        );
        assert!(fleet["findings"].to_string().contains("node-shared"));
        assert_eq!(self::fleet(fleet.to_string())["shared_nodes"], fleet["shared_nodes"]);
    }
    let text = ran(&folder, &["-", "--format", "text"], two[1].to_string()).output;
    assert!(text.contains("WEB-B (web.contoso.com)"), "{text}");
}

#[test]
fn a_line_that_is_no_report_is_counted_and_named_and_hurts_no_other() {
    let mut newer = said("b", "compliant", 1);
    newer["protocol"] = 2.into();
    let mut without = said("b", "compliant", 1);
    without.as_object_mut().unwrap().remove("valid_at");
    let mut wrong = said("b", "compliant", 1);
    wrong["subjects"][0]["status"] = "fine".into();
    let good = said("good", "compliant", 1).to_string();
    let twice = good.replacen("\"host\"", "\"host\":\"x\",\"host\"", 1);
    let cut = &good[..good.len() / 2];
    let lines = [
        (cut.to_owned(), "bad-json"),
        ("NaN".into(), "bad-json"),
        (good.replacen("\"good\"", "NaN", 1), "bad-json"),
        (newer.to_string(), "unsupported-protocol"),
        (r#"{"protocol":"two"}"#.into(), "unsupported-protocol"),
        (without.to_string(), "bad-report"),
        (wrong.to_string(), "bad-report"),
        (twice, "bad-report"),
        ("[1,2]".into(), "not-a-report"),
        (r#"{"name":"package","version":"1.0.0"}"#.into(), "not-a-report"),
        (
            r#"{"protocol":1,"kind":"inspection","subjects":[]}"#.into(),
            "not-a-report",
        ),
        (
            r#"{"protocol":1,"error":{"code":"bad-json","message":"not JSON"}}"#.into(),
            "error",
        ),
        ("[".repeat(200_000), "bad-json"),
        ("{\"a\":".repeat(100_000), "bad-json"),
    ];
    let mut text = String::new();
    for (line, _) in &lines {
        text.push_str(&format!("{line}\n\n"));
    }
    text.push_str(&good);
    let fleet = fleet(text);
    assert_eq!(states(&fleet), [("good".into(), "compliant".into())]);
    let expected: Vec<_> = lines
        .iter()
        .zip(0u64..)
        .map(|((_, code), index)| (Some(index * 2 + 1), (*code).to_owned()))
        .collect();
    assert_eq!(unreadable(&fleet), expected, "{:#}", fleet["reports"]);
    assert_eq!(fleet["status"], "undetermined", "what could not be read is never a yes");
    assert_eq!(fleet["compliant"], false);
}

#[test]
fn a_long_string_or_list_is_cut_or_refused_by_name() {
    let long = "x".repeat(10 * 1024 * 1024);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut report = said("a", "noncompliant", 1);
        change(&mut report);
        report
    };
    let many = vec![json!({"name": "s"}); 100_001];
    let fleet = fleet(ndjson(&[
        with(&|report| report["host"] = long.clone().into()),
        with(&|report| report["subjects"][0]["name"] = long.clone().into()),
        with(&|report| report["subjects"] = many.clone().into()),
        with(&|report| report["subjects"][0]["findings"][0]["message"] = long.clone().into()),
        with(&|report| report["unknown"] = json!({"deep": [[[[[long]]]]]})),
        said("b", "compliant", 1),
    ]));
    let found = unreadable(&fleet);
    assert_eq!(
        found,
        [1, 2, 3].map(|line| (Some(line), "bad-report".to_owned())),
        "{:#}",
        fleet["reports"]
    );
    assert_eq!(states(&fleet).len(), 2, "a field that nobody knows is passed over");
    assert!(fleet.to_string().len() < 100_000);
}

#[test]
fn nothing_found_is_never_a_yes() {
    let folder = folder("nothing");
    fs::create_dir_all(folder.join("empty")).unwrap();
    let fleet = fleet_in(&folder, &["empty"], "");
    assert_eq!(
        (&fleet["status"], &fleet["compliant"]),
        (&json!("undetermined"), &json!(false))
    );
    assert_eq!(fleet["message"], "No report was found, so nothing is known");
    assert_eq!(ran(&folder, &["empty", "--fail-on", "undetermined"], "").code, 1);
    for arguments in [
        &["no-such.json"][..],
        &["no-*.json"],
        &["-", "-"],
        &["empty", "--waivers", "no-such"],
    ] {
        let ran = ran(&folder, arguments, "");
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(
            ran.errors.starts_with("same-ca: ") && ran.errors.lines().count() == 1,
            "{}",
            ran.errors
        );
    }
}

#[test]
fn a_stale_report_says_nothing_good_and_everything_bad() {
    let reports = ndjson(&[
        said("old-good", "compliant", 1),
        said("old-bad", "noncompliant", 1),
        said("new", "compliant", 23),
    ]);
    let here = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let fleet = fleet_in(here, &["--max-age", "12h"], reports.clone());
    let expected = [("new", "compliant"), ("old-bad", "noncompliant"), ("old-good", "stale")];
    assert_eq!(
        states(&fleet),
        expected.map(|(host, state)| (host.to_owned(), state.to_owned()))
    );
    let later = fleet_in(here, &["--max-age", "12h", "--as-of", "2026-11-25T00:00:00Z"], reports);
    assert_eq!(later["totals"]["stale"], 2);
    assert!(
        later["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|group| group["code"] == "report-stale" && group["hosts"] == 3)
    );
}

const WAIVERS: &str = "[[waivers]]\nhost = \"A*\"\nfinding = \"expired\"\nreason = \"r\"\nticket = \"T-1\"\napproved_by = \"me\"\n\
    approved_at = 2026-11-01\nuntil = 2026-11-30\n\
    [[waivers]]\nhost = \"b\"\nreason = \"r\"\napproved_by = \"me\"\napproved_at = 2026-01-01\nuntil = 2026-02-01\n";

#[test]
fn waivers_cover_what_they_name_until_their_date_and_no_more() {
    let folder = folder("waivers");
    fs::write(folder.join("w.toml"), WAIVERS).unwrap();
    let mut two = said("a2", "noncompliant", 1);
    let findings = two["subjects"][0]["findings"].as_array_mut().unwrap();
    findings.push(json!({"code": "cdp-missing", "severity": "error", "message": "m"}));
    let reports = ndjson(&[
        said("a1", "noncompliant", 1),
        two,
        said("b", "noncompliant", 1),
        said("c", "compliant", 1),
    ]);
    let fleet = fleet_in(&folder, &["--waivers", "w.toml"], reports.clone());
    let expected = [
        ("a1", "waived"),
        ("a2", "noncompliant"),
        ("b", "noncompliant"),
        ("c", "compliant"),
    ];
    assert_eq!(
        states(&fleet),
        expected.map(|(host, state)| (host.to_owned(), state.to_owned()))
    );
    let became: Vec<_> = fleet["waivers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["state"], &one["records"]))
        .collect();
    assert_eq!(became, [(&json!("used"), &json!(2)), (&json!("expired"), &json!(0))]);
    let codes: Vec<_> = fleet["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (&group["code"], &group["waived"]))
        .collect();
    assert!(codes.contains(&(&json!("expired"), &json!(2))) && codes.contains(&(&json!("waiver-expired"), &json!(0))));
    let later = fleet_in(
        &folder,
        &["--waivers", "w.toml", "--as-of", "2026-12-01T00:00:00Z"],
        reports.clone(),
    );
    assert_eq!(later["totals"]["waived"], 0);
    for (what, code) in [
        ("waived", 1),
        ("waiver-expired", 1),
        ("stale", 0),
        ("missing,unreadable", 0),
        ("stale,noncompliant", 1),
    ] {
        assert_eq!(
            ran(&folder, &["--waivers", "w.toml", "--fail-on", what], reports.clone()).code,
            code,
            "{what}"
        );
    }
}

#[test]
fn a_waiver_of_a_certificate_covers_that_certificate_alone() {
    let folder = folder("fingerprint");
    let bad = said("a", "noncompliant", 1);
    let sha1 = bad["subjects"][0]["certificate"]["sha1"]
        .as_str()
        .unwrap()
        .to_uppercase();
    let waiver = json!([{"fingerprint": sha1, "reason": "r", "approved_by": "me", "approved_at": "2026-11-01", "until": "2026-12-01"}]);
    fs::write(folder.join("w.json"), waiver.to_string()).unwrap();
    let mut replaced = said("b", "noncompliant", 1);
    replaced["subjects"][0]["certificate"]["sha1"] = "00".repeat(20).into();
    let fleet = fleet_in(&folder, &["--waivers", "w.json"], ndjson(&[bad, replaced]));
    let expected = [("a", "waived"), ("b", "noncompliant")];
    assert_eq!(
        states(&fleet),
        expected.map(|(host, state)| (host.to_owned(), state.to_owned()))
    );
}

#[test]
fn a_doubt_on_the_reference_is_waived_only_by_a_waiver_that_names_it_or_the_whole_host() {
    let folder = folder("reference-doubt");
    let mut doubtful = said("a", "undetermined", 1);
    doubtful["subjects"][0]["findings"] = json!([]);
    doubtful["reference"]["findings"] = json!([{"code": "references-disagree", "severity": "error", "message": "m"}]);
    for (named, state) in [
        (json!({"host": "a"}), "waived"),
        (json!({"finding": "references-disagree"}), "waived"),
        (json!({"host": "a", "finding": "expired"}), "undetermined"),
        (json!({"subject": "a"}), "undetermined"),
    ] {
        let mut waiver =
            json!({"reason": "r", "approved_by": "me", "approved_at": "2026-11-01", "until": "2026-12-01"});
        waiver
            .as_object_mut()
            .unwrap()
            .extend(named.as_object().unwrap().clone());
        fs::write(folder.join("w.json"), json!({"waivers": [waiver]}).to_string()).unwrap();
        let fleet = fleet_in(&folder, &["--waivers", "w.json"], doubtful.to_string());
        assert_eq!(states(&fleet), [("a".to_owned(), state.to_owned())], "{named}");
    }
}

#[test]
fn what_changed_since_before_is_told() {
    let folder = folder("drift");
    let before = [
        said("fixed", "noncompliant", 1),
        said("gone", "compliant", 1),
        said("newly", "compliant", 1),
        said("same", "compliant", 1),
        said("still", "undetermined", 1),
    ];
    fs::write(folder.join("before.json"), fleet(ndjson(&before)).to_string()).unwrap();
    let now = [
        said("fixed", "compliant", 2),
        said("newly", "noncompliant", 2),
        said("same", "compliant", 2),
        said("still", "noncompliant", 2),
        said("unknown", "noncompliant", 2),
    ];
    let arguments = ["--previous", "before.json", "--fail-on", "newly-failing"];
    assert_eq!(ran(&folder, &arguments, ndjson(&now)).code, 1);
    let fleet = fleet_in(&folder, &arguments[..2], ndjson(&now));
    let drift = &fleet["drift"];
    let hosts = |list: &str| -> Vec<String> {
        let entries = drift[list].as_array().unwrap().iter();
        entries
            .map(|entry| entry["host"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(drift["since"], "2026-11-20T01:00:00Z");
    assert_eq!(hosts("newly_failing"), ["newly", "unknown"]);
    assert_eq!(hosts("fixed"), ["fixed"]);
    assert_eq!(hosts("still_failing"), ["still"]);
    assert_eq!(hosts("gone"), ["gone"]);
    assert_eq!(drift["appeared"], 1);
}

#[test]
fn a_look_alike_stands_next_to_the_real_ca() {
    let lines: Vec<Value> = (0..300).map(report).collect();
    let fleet = fleet(ndjson(&lines));
    let authority = &fleet["authorities"][0];
    assert_eq!(
        (&authority["allowed"], &authority["subject"]),
        (&json!(true), &json!("CN=Contoso Issuing CA,DC=contoso,DC=com"))
    );
    let keys = authority["generations"].as_array().unwrap();
    let standings: Vec<_> = keys.iter().map(|key| key["standing"].as_str().unwrap()).collect();
    assert_eq!(standings, ["reference", "rollover", "look-alike"]);
    let under = |relation: &str| {
        lines
            .iter()
            .filter(|report| report["subjects"][0]["relation"] == relation)
            .count()
    };
    assert_eq!(keys[1]["subjects"], under("rollover"));
    assert_eq!(keys[2]["subjects"], under("name-only"));
    assert_eq!(keys[2]["accepted"], 0);
    assert!(keys[2]["hints"][0].as_str().unwrap().contains("look-alike"));
    assert_eq!(fleet["authorities"][1]["allowed"], false);
    let expiry = &fleet["expiry"];
    let months: u64 = expiry["months"]
        .as_array()
        .unwrap()
        .iter()
        .map(|month| month["subjects"].as_u64().unwrap())
        .sum();
    let ends = lines
        .iter()
        .filter(|report| report["subjects"][0]["certificate"].is_object())
        .count() as u64;
    assert_eq!(
        expiry["expired"].as_u64().unwrap() + months + expiry["later"].as_u64().unwrap(),
        ends
    );
}

#[test]
fn the_reports_of_the_demo_estate_are_joined_as_they_were_written() {
    let estate = mint::Estate::lync(&folder("demo")).unwrap();
    let mut lines = String::new();
    for subject in estate.request["subjects"].as_array().unwrap() {
        let mut request = estate.request.clone();
        request["host"] = format!(
            "{}-{}",
            subject["name"].as_str().unwrap(),
            subject["use"].as_str().unwrap()
        )
        .into();
        request["subjects"] = json!([subject]);
        lines.push_str(&format!("{request}\n"));
    }
    let mut command = same_ca(&["batch"]);
    command.current_dir(&estate.dir);
    let fleet = fleet_in(&estate.dir, &[], run(command, lines).stdout);
    let expected = |status: &str| {
        estate
            .expected
            .iter()
            .filter(|subject| subject.status == status)
            .count()
    };
    for status in ["compliant", "noncompliant", "undetermined"] {
        assert_eq!(fleet["totals"][status], expected(status), "{status}");
    }
    assert_eq!(fleet["reports"]["unreadable"], 0);
    let details = &fleet["records"][0]["details"][0];
    assert!(details["evidence"][0]["signer_key_sha256"].is_string(), "{details:#}");
}

/// What the joined slices are judged at: an hour and more before the newest of them.
const AS_OF: &str = "2026-11-20T21:30:00Z";

/// Joins slices, each a fleet report, in the groups and the order given.
fn joined(folder: &Path, slices: &[Vec<Value>], nested: bool) -> String {
    let mut names = Vec::new();
    for (index, slice) in slices.iter().enumerate() {
        fs::write(folder.join(format!("slice{index}")), ndjson(slice)).unwrap();
        let name = format!("part{index}.json");
        let part = ran(
            folder,
            &[&format!("slice{index}"), "--json", &name, "--as-of", AS_OF],
            "",
        );
        assert_eq!(part.code, 0, "{}", part.errors);
        names.push(name);
    }
    if nested && names.len() > 2 {
        let (last, first) = names.split_last().unwrap();
        let mut arguments: Vec<&str> = first.iter().rev().map(String::as_str).collect();
        arguments.extend(["--json", "most.json", "--as-of", AS_OF]);
        assert_eq!(ran(folder, &arguments, "").code, 0);
        names = vec![last.clone(), "most.json".into()];
    }
    let mut arguments: Vec<&str> = names.iter().map(String::as_str).collect();
    arguments.extend([
        "--format", "json", "--html", "out.html", "--csv", "out.csv", "--junit", "out.xml", "--as-of", AS_OF,
    ]);
    let whole = ran(folder, &arguments, "");
    assert_eq!(whole.code, 0, "{}", whole.errors);
    let files = ["out.html", "out.csv", "out.xml"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
    // Where a report was read is of the run that read it.
    let places = |text: String| {
        text.replace("slice0", "slice")
            .replace("slice1", "slice")
            .replace("slice2", "slice")
    };
    places(whole.output + &files.concat())
}

#[test]
fn slices_joined_in_any_order_and_grouping_give_the_same_bytes_as_one_run() {
    let one = || {
        let status = prop::sample::select(vec!["compliant", "noncompliant", "undetermined"]);
        // Few hosts and hours, so that many are of one host and one time; 23 is from the future of what is judged.
        let hour = prop::sample::select(vec![1, 2, 3, 22, 23]);
        let kind = prop::sample::select(vec!["real", "real", "real", "forged", "broken", "node", "node", "dsc"]);
        (0..4usize, status, hour, 0..3usize, kind)
    };
    let config = Config {
        // Each case starts a dozen processes.
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    };
    proptest!(config, |(reports in prop::collection::vec(one(), 1..20))| {
        let folder = folder("joined");
        let mut slices: [Vec<Value>; 3] = Default::default();
        for (host, status, hour, slice, kind) in &reports {
            let mut report = said(&format!("host{host}"), status, *hour);
            match *kind {
                "broken" => report["protocol"] = 3.into(),
                "forged" if *status == "compliant" => report["status"] = "noncompliant".into(),
                "forged" => report["status"] = "compliant".into(),
                "node" => report["node"] = format!("node{}", host % 2).into(),
                "dsc" => {
                    let state = |report: &Value| json!({"actualState": {"report": report}});
                    let instance = |report: &Value| json!({"name": "x", "type": "SameCA/Certificate", "result": state(report)});
                    let other = said(&format!("host{host}"), "compliant", 23);
                    report = json!({"metadata": {"Microsoft.DSC": {"startDatetime": format!("2026-11-20T{hour:02}:00:00.5+00:00")}},
                        "results": [instance(&report), instance(&other)]});
                }
                _ => {}
            }
            slices[*slice].push(report);
        }
        // Read from the same places, all at once.
        for (index, slice) in slices.iter().enumerate() {
            fs::write(folder.join(format!("slice{index}")), ndjson(slice)).unwrap();
        }
        let arguments = ["slice2", "slice0", "slice1", "--format", "json", "--html", "one.html", "--csv", "one.csv", "--junit", "one.xml", "--as-of", AS_OF];
        let whole = ran(&folder, &arguments, "");
        prop_assert_eq!(whole.code, 0);
        let files = ["one.html", "one.csv", "one.xml"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
        let places = |text: String| text.replace("slice0", "slice").replace("slice1", "slice").replace("slice2", "slice");
        let at_once = places(whole.output + &files.concat());
        prop_assert_eq!(&at_once, &joined(&folder, &slices, false));
        prop_assert_eq!(&at_once, &joined(&folder, &slices, true));
    });
}

#[test]
fn evidence_is_kept_in_small_fleets_and_left_out_of_large_ones_whatever_the_grouping() {
    let folder = folder("evidence");
    let mut large = Vec::new();
    reports::write(5_001, &mut large).unwrap();
    let lines: Vec<&[u8]> = large.split_inclusive(|&byte| byte == b'\n').collect();
    let small = lines[..5_000].concat();
    let with = fleet_in(&folder, &[], small.clone());
    assert!(
        with["records"]
            .as_array()
            .unwrap()
            .iter()
            .all(|record| record["details"].is_array())
    );
    let without = fleet_in(&folder, &[], large.clone());
    assert!(
        without["records"]
            .as_array()
            .unwrap()
            .iter()
            .all(|record| record.get("details").is_none())
    );
    fs::write(folder.join("most.json"), with.to_string()).unwrap();
    let joined = fleet_in(&folder, &["most.json", "-"], lines[5_000]);
    let of = |fleet: &Value| -> Vec<Value> {
        let mut records = fleet["records"].clone();
        for record in records.as_array_mut().unwrap() {
            record.as_object_mut().unwrap().remove("line");
        }
        records.as_array().unwrap().clone()
    };
    assert!(of(&joined) == of(&without));
}

#[test]
fn a_cell_is_never_a_formula_and_a_parser_reads_the_table_back() {
    let folder = folder("csv");
    let names = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(1)",
        "\tx",
        "＝1",
        "a\"b,c",
        "line\r\nbreak",
        "plain",
    ];
    let reports: Vec<Value> = names.iter().map(|name| said(name, "noncompliant", 1)).collect();
    fs::write(folder.join("hosts"), "missing.example\n").unwrap();
    let run = ran(
        &folder,
        &["-", "--csv", "out.csv", "--expected-hosts", "hosts"],
        ndjson(&reports),
    );
    assert_eq!(run.code, 0, "{}", run.errors);
    let rows = parsed(&fs::read_to_string(folder.join("out.csv")).unwrap());
    assert_eq!(rows.len(), names.len() + 2);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    let hosts: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{cell}");
        assert!(!cell.contains(['\r', '\n']), "{cell:?}");
    }
    for host in [
        "'=cmd|' /C calc'!A0",
        "'+1",
        "a\"b,c",
        r"line\u{d}\u{a}break",
        "plain",
        "missing.example",
    ] {
        assert!(hosts.contains(&host), "{host} in {hosts:?}");
    }
}

/// RFC 4180, as its grammar says.
fn parsed(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' => {
                while let Some(c) = characters.next() {
                    match c {
                        '"' if characters.peek() == Some(&'"') => cell.push(characters.next().unwrap()),
                        '"' => break,
                        c => cell.push(c),
                    }
                }
                assert!(
                    matches!(characters.peek(), Some(',' | '\r')),
                    "something after a quoted cell"
                );
            }
            ',' => row.push(std::mem::take(&mut cell)),
            '\r' => {
                assert_eq!(characters.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => panic!("{c:?} outside of quotes"),
        }
    }
    assert!(row.is_empty() && cell.is_empty(), "the last row is not ended");
    rows
}

/// Reports whose every text is hostile, with all that a fleet report can say.
fn hostile(folder: &Path) -> Vec<u8> {
    let evil = [
        "<script>x</script>",
        "]]>&\"'",
        "a\u{0}\u{1b}[2J\u{202e}\u{ffff}b",
        "| a | b |\n# x\n```",
        "{\"x\\\"}\\n",
        "@all http://x",
    ];
    let mut reports: Vec<Value> = Vec::new();
    for (index, text) in evil.iter().enumerate() {
        let mut report = said(text, ["noncompliant", "undetermined", "compliant"][index % 3], 1);
        report["requirement"] = (*text).into();
        report["subjects"][0]["use"] = (*text).into();
        report["subjects"][0]["certificate"]["issuer"] = format!("CN={text}").into();
        let severity = ["error", "doubt", "warning"][index % 3];
        report["subjects"][0]["findings"] =
            json!([{"code": text, "severity": severity, "message": text, "hint": text, "expected": text}]);
        report["reference"]["authorities"][0]["subject"] = format!("CN={text}").into();
        reports.push(report);
    }
    let mut alone = said("x", "compliant", 1);
    alone.as_object_mut().unwrap().remove("host");
    reports.push(alone);
    fs::write(folder.join("hosts"), "never.example\n<script>\n").unwrap();
    fs::write(folder.join("w.toml"), WAIVERS).unwrap();
    (ndjson(&reports) + "broken <script>\n").into_bytes()
}

const EVERY_FILE: [&str; 16] = [
    "-",
    "--expected-hosts",
    "hosts",
    "--waivers",
    "w.toml",
    "--html",
    "out.html",
    "--junit",
    "out.xml",
    "--prometheus",
    "out.prom",
    "--markdown",
    "out.md",
    "--max-age",
    "1h",
    "--format=text",
];

#[test]
fn hostile_texts_are_texts_in_every_format() {
    let folder = folder("hostile");
    let input = hostile(&folder);
    let run = ran(&folder, &EVERY_FILE, input);
    assert_eq!(run.code, 0, "{}", run.errors);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    for text in [&run.output, &read("out.xml"), &read("out.md"), &read("out.prom")] {
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\0']), "{text:?}");
    }
    assert!(!read("out.md").contains("<script>") && !read("out.md").contains("@all"));
    let html = read("out.html");
    assert_eq!(html.matches("<script").count(), 2, "the data and our own script");
    assert_eq!(html.matches("</script").count(), 2);
    assert!(
        !html.contains(" style=\"") && !html.contains(" onclick"),
        "the policy of the page would refuse it"
    );
    let prometheus = read("out.prom");
    assert!(
        prometheus
            .lines()
            .all(|line| line.starts_with("# ") || line.starts_with("same_ca_")),
        "{prometheus}"
    );
    assert!(read("out.md").lines().filter(|line| line.starts_with('|')).count() > 10);
}

#[test]
fn the_tools_of_others_accept_what_is_written() {
    let folder = folder("tools");
    let input = hostile(&folder);
    assert_eq!(ran(&folder, &EVERY_FILE, input).code, 0);
    let tool = |name: &str, arguments: &[&str], input: &str| {
        let Ok(input) = fs::read(folder.join(input)) else {
            panic!("{input}")
        };
        if Command::new(name).arg("--version").output().is_err() {
            return not_run(&format!("{name} on what fleet writes ({name} is not installed)"));
        }
        let mut command = Command::new(name);
        command.current_dir(&folder).args(arguments);
        let run = run(command, input);
        let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), run.stderr);
        assert_eq!(run.code, 0, "{name}: {said}");
    };
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fleet/junit.xsd");
    tool("promtool", &["check", "metrics"], "out.prom");
    tool(
        "xmllint",
        &["--noout", "--nonet", "--schema", schema.to_str().unwrap(), "-"],
        "out.xml",
    );
}

#[test]
fn undetermined_stale_and_missing_are_errors_for_jenkins_and_never_passes() {
    let folder = folder("junit");
    fs::write(folder.join("hosts"), "never.example\n").unwrap();
    fs::write(folder.join("w.toml"), WAIVERS).unwrap();
    let mut empty = said("empty", "undetermined", 9);
    empty["subjects"] = json!([]);
    empty["summary"] = json!({"total": 0, "compliant": 0, "noncompliant": 0, "undetermined": 0});
    let reports = ndjson(&[
        said("a1", "noncompliant", 9),
        said("bad", "noncompliant", 9),
        said("doubt", "undetermined", 9),
        empty,
        said("good", "compliant", 9),
        said("old", "compliant", 1),
    ]);
    let run = ran(
        &folder,
        &[
            "-",
            "--junit",
            "out.xml",
            "--expected-hosts",
            "hosts",
            "--waivers",
            "w.toml",
            "--max-age",
            "6h",
        ],
        reports,
    );
    assert_eq!(run.code, 0, "{}", run.errors);
    let xml = fs::read_to_string(folder.join("out.xml")).unwrap();
    let outcome = |host: &str| {
        let case = xml
            .lines()
            .find(|line| line.contains(&format!("classname=\"{host}\"")))
            .unwrap();
        ["<failure", "<error", "<skipped"]
            .into_iter()
            .find(|outcome| case.contains(outcome))
            .unwrap_or("passed")
    };
    for (host, expected) in [
        ("a1", "<skipped"),
        ("bad", "<failure"),
        ("doubt", "<error"),
        ("empty", "<error"),
        ("good", "passed"),
        ("old", "<error"),
        ("never.example", "<error"),
    ] {
        assert_eq!(outcome(host), expected, "{host}\n{xml}");
    }
    assert!(
        xml.contains("tests=\"6\" failures=\"1\" errors=\"3\" skipped=\"1\""),
        "{xml}"
    );
}

#[test]
fn two_answers_into_one_file_are_refused_by_their_flags() {
    let folder = folder("same-file");
    for other in ["x", "./x"] {
        let ran = ran(
            &folder,
            &["-", "--html", "x", "--json", other],
            said("a", "compliant", 1).to_string(),
        );
        assert_eq!(ran.code, 2);
        assert!(
            ran.errors.contains("--html and --json name the same file"),
            "{}",
            ran.errors
        );
        assert!(!folder.join("x").exists());
    }
}

#[test]
fn standard_output_is_json_for_programs_and_text_for_people() {
    let folder = folder("output");
    fs::write(folder.join("r.json"), said("a", "compliant", 1).to_string()).unwrap();
    let piped = ran(&folder, &[], said("a", "compliant", 1).to_string());
    assert_eq!(piped.output.lines().count(), 1);
    assert!(piped.output.starts_with("{\"protocol\":1,\"kind\":\"fleet\""));
    let named = ran(&folder, &["r.json"], "");
    assert!(
        named.output.starts_with("COMPLIANT  1 record of 1 host: 1 compliant\n"),
        "{}",
        named.output
    );
    let failed = ran(&folder, &["no-such.json", "--format", "json"], "");
    let error: Value = serde_json::from_str(&failed.output).unwrap();
    assert_eq!((failed.code, &error["error"]["code"]), (2, &json!("bad-usage")));
}
