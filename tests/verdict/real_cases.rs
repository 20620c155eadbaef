//! Real certificates, where the corpora are at hand: pairs with the relation that they are expected to have.

use std::path::{Path, PathBuf};

use same_ca::protocol::{Relation, Request};

use crate::support;

/// The corpora stand beside a checkout, or where the environment says.
fn corpora() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let place = std::env::var_os("SAME_CA_CORPORA").map_or(beside, PathBuf::from);
    place.join("real-cases.json").is_file().then_some(place)
}

#[test]
fn every_real_pair_has_the_relation_that_is_expected() {
    let Some(corpora) = corpora() else {
        support::not_run("the corpora of real certificates are not here (set SAME_CA_CORPORA to run against them)");
        return;
    };
    let cases = std::fs::read(corpora.join("real-cases.json")).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_slice(&cases).unwrap();
    assert!(cases.len() >= 44, "the corpora hold {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let text = |key: &str| case[key].as_str().unwrap();
        let path = |name: &str| serde_json::json!(corpora.join(name));
        let authorities: Vec<_> = case["ca_cert_files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| path(f.as_str().unwrap()))
            .collect();
        let request: Request = serde_json::from_value(serde_json::json!({
            "protocol": 1,
            "reference": [{ "name": "a", "source": { "path": path(text("cert_a")) } }],
            "subjects": [{ "name": "b", "source": { "path": path(text("cert_b")) } }],
            "authorities": authorities,
        }))
        .unwrap();
        let report = support::check(&request);
        let relation = report.subjects[0].relation.unwrap();
        let expected: &[Relation] = match text("expect") {
            "same" => &[Relation::Same],
            "same-rollover" => &[Relation::Rollover],
            "different" => &[Relation::Different],
            "same-name-other-key" => &[Relation::NameOnly],
            "same-no-ca-cert" | "unsupported-algorithm" => &[Relation::Unproven],
            "same-name-bad-signature" => &[Relation::BadSignature, Relation::NameOnly],
            // Nothing at hand can tell, and that is not "same".
            "name-and-aki-equal-but-forged" => &[Relation::Unproven, Relation::BadSignature, Relation::NameOnly],
            other => panic!("{}: unknown expectation {other}", text("id")),
        };
        if !expected.contains(&relation) {
            wrong.push(format!(
                "{}: expected {}, found {}",
                text("id"),
                text("expect"),
                relation.as_str()
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} pairs:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
