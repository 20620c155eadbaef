//! Fleet reports joined: slices, what changed, CAs side by side.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use super::*;
use crate::reports;

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
