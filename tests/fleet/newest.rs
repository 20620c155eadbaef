//! Which report of a host counts: the newest, and not for ever.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::support::binary::{run, same_ca};

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
