//! Every format that a fleet report is written in.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::waivers::WAIVERS;
use super::*;
use crate::support::binary::run;
use crate::support::not_run;

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
