//! Reports inside what DSC writes.

use serde_json::{Value, json};

use super::*;

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
