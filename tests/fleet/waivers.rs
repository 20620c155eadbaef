//! Waivers: what they cover, and until when.

use std::fs;

use serde_json::{Value, json};

use super::*;

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

pub(super) const WAIVERS: &str = "[[waivers]]\nhost = \"A*\"\nfinding = \"expired\"\nreason = \"r\"\nticket = \"T-1\"\napproved_by = \"me\"\n\
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
