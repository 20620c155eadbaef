//! Where reports come from: files of every kind, whatever lies beside them, and what is no report.

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::support::binary::{run, same_ca};

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
    let made = std::process::Command::new("mkfifo")
        .arg(folder.join("pipe.json"))
        .status()
        .unwrap();
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
