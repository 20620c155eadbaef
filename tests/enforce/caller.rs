//! `by: caller`: the binary chooses among what the caller can carry out.

use serde_json::{Value, json};

use super::*;

/// A request whose subject is installed by the caller, with these candidates.
fn asked(scene: &Scene, install: Value, candidates: Value) -> Value {
    let mut request = scene.request(install);
    request["subjects"][0]["source"] = json!({"path": scene.text("place/www.pem")});
    request["candidates"] = candidates;
    request
}

/// A candidate as a wrapper reads it from a store.
fn in_store(cert: &Cert, store: Option<&str>) -> Value {
    let mut source = json!({"der": openssl::base64::encode_block(cert.der()), "private_key": true});
    if let Some(store) = store {
        source["store"] = json!({"location": "LocalMachine", "store": store});
    }
    source
}

/// Which candidate is chosen, by `enforce` and by its what-if alike.
#[track_caller]
fn chosen(request: &Value) -> (Option<u64>, Value) {
    let report = run(request);
    assert_eq!(report, what_if(request));
    assert_eq!(report["changed"], false);
    let actions = report["actions"].as_array().unwrap();
    assert!(actions.len() < 2, "{report:#}");
    (
        actions.first().map(|action| action["candidate"].as_u64().unwrap()),
        report,
    )
}

/// Why the candidate with this index is not installable, if it is not.
fn why(report: &Value, index: usize) -> Option<String> {
    let passed = report["subjects"][0]["passed_over"].as_array().unwrap();
    let findings = passed
        .iter()
        .filter(|one| one["index"] == index)
        .flat_map(|one| one["findings"].as_array().unwrap());
    let said = findings.filter(|finding| finding["code"] == "candidate-not-installable");
    let said: Vec<&Value> = said.collect();
    assert!(said.iter().all(|finding| finding["severity"] == "info"));
    said.first()
        .map(|finding| finding["message"].as_str().unwrap().to_owned())
}

#[test]
fn the_best_candidate_that_the_caller_can_install_is_chosen_and_the_others_say_why_not() {
    let scene = Scene::new().with_bad_pair();
    let (longest, key) = scene.good("longest", days(900));
    let pem = scene.write("longest.pem", (longest.pem() + &key.pkcs8_pem()).as_bytes());
    let (middle, middle_key) = scene.good("middle", days(800));
    let two = P12::legacy("").cert(&middle).key(&middle_key).key(&key).build();
    let two = scene.write("two.pfx", &two);
    let (short, short_key) = scene.good("short", days(700));
    let one = scene.write("one.pfx", &P12::legacy("").cert(&short).key(&short_key).build());
    let candidates = json!([pem, two, one]);
    let install = |accepts: Value| json!({"by": "caller", "accepts": accepts});

    let (index, report) = chosen(&asked(&scene, json!({"by": "caller"}), candidates.clone()));
    assert_eq!((index, why(&report, 1)), (Some(0), None));

    let accepts = json!({"forms": ["pkcs12"], "one_key": false});
    let (index, report) = chosen(&asked(&scene, install(accepts), candidates.clone()));
    assert_eq!(index, Some(1));
    assert_eq!(
        why(&report, 0).unwrap(),
        "it is given as PEM, and the caller installs PKCS#12 files"
    );

    let accepts = json!({"forms": ["pkcs12"], "one_key": true});
    let request = asked(&scene, install(accepts), candidates.clone());
    let (index, report) = chosen(&request);
    assert_eq!(index, Some(2));
    assert!(why(&report, 1).unwrap().contains("holds 2 private keys"), "{report:#}");
    assert_eq!(why(&report, 2), None);

    let mut without = request.clone();
    without["subjects"][0]["install"]["without"] = json!([short.sha256().to_uppercase()]);
    let (index, report) = chosen(&without);
    assert_eq!(index, None);
    assert_eq!(report["status"], "noncompliant");
    assert_eq!(why(&report, 2).unwrap(), "the caller asked not to choose it again");

    let accepts = json!({"forms": ["store", "pkcs12"], "one_key": true, "thumbprint": "00".repeat(20)});
    let (index, report) = chosen(&asked(&scene, install(accepts), candidates.clone()));
    assert_eq!(index, None);
    assert!(why(&report, 2).unwrap().contains("another"), "{report:#}");

    let accepts = json!({"forms": [], "one_key": true});
    let (index, report) = chosen(&asked(&scene, install(accepts), candidates));
    assert_eq!(index, None);
    assert!(
        why(&report, 2).unwrap().contains("the caller installs nothing"),
        "{report:#}"
    );
}

#[test]
fn a_candidate_of_another_store_is_passed_over_and_the_one_with_the_wanted_thumbprint_taken() {
    let scene = Scene::new().with_bad_pair();
    let (hosting, _) = scene.good("hosting", days(900));
    let (mine, _) = scene.good("mine", days(800));
    let (unknown, _) = scene.good("unknown", days(700));
    let candidates = json!([
        in_store(&hosting, Some("WebHosting")),
        in_store(&mine, Some("my")),
        in_store(&unknown, None),
    ]);
    let store = json!({"location": "LocalMachine", "store": "My"});
    let ask = |accepts: Value| asked(&scene, json!({"by": "caller", "accepts": accepts}), candidates.clone());

    let (index, _) = chosen(&ask(json!({"forms": ["store"]})));
    assert_eq!(index, Some(0));
    let (index, report) = chosen(&ask(json!({"forms": ["store"], "store": store})));
    assert_eq!(index, Some(1));
    let said = why(&report, 0).unwrap();
    assert!(
        said.contains("LocalMachine/WebHosting") && said.contains("LocalMachine/My"),
        "{said}"
    );
    let thumbprint = unknown.sha1().to_uppercase();
    let (index, report) = chosen(&ask(
        json!({"forms": ["store"], "store": store, "thumbprint": thumbprint}),
    ));
    assert_eq!(index, Some(2), "{report:#}");
    let (index, report) = chosen(&ask(json!({"forms": ["pkcs12"]})));
    assert_eq!(index, None);
    assert!(
        why(&report, 1).unwrap().contains("in the store LocalMachine/my"),
        "{report:#}"
    );
}

#[test]
fn of_a_folder_the_file_that_the_caller_can_install_counts() {
    let scene = Scene::new().with_bad_pair();
    let (best, best_key) = scene.good("best", days(900));
    scene.write("new/a.pem", (best.pem() + &best_key.pkcs8_pem()).as_bytes());
    let (both, both_key) = scene.good("both", days(800));
    scene.write("new/b.pem", (both.pem() + &both_key.pkcs8_pem()).as_bytes());
    scene.write("new/c.pfx", &P12::legacy("").cert(&both).key(&both_key).build());
    // Its key is in another file, so importing the archive would give a certificate without one.
    let (apart, apart_key) = scene.good("apart", days(850));
    scene.write("new/d.pfx", &P12::legacy("").cert(&apart).build());
    scene.write("new/d.key", apart_key.pkcs8_pem().as_bytes());
    let install = json!({"by": "caller", "accepts": {"forms": ["pkcs12"], "one_key": true}});
    let request = asked(&scene, install, json!([scene.text("new")]));
    let report = run(&request);
    assert_eq!(report["actions"][0]["certificate"], both.sha256(), "{report:#}");
    let passed = report["subjects"][0]["passed_over"].as_array().unwrap();
    assert_eq!(passed.len(), 2, "{report:#}");
    let text = report["subjects"][0]["passed_over"].to_string();
    assert!(text.contains("does not hold its private key"), "{text}");
}

#[test]
fn within_renew_before_a_candidate_that_the_caller_cannot_install_asks_for_nothing() {
    let scene = Scene::new().with_bad_pair();
    let (standing, key) = scene.good("standing", days(10));
    scene.write("place/www.pem", (standing.pem() + &key.pkcs8_pem()).as_bytes());
    let install = json!({"by": "caller", "accepts": {"forms": ["pkcs12"], "one_key": true}});
    let mut request = asked(&scene, install, json!([scene.text("new.pem")]));
    request["policy"]["renew_before"] = json!("14d");
    let (index, report) = chosen(&request);
    assert_eq!((index, &report["status"]), (None, &json!("compliant")), "{report:#}");
    let checked = crate::support::check_json(request.clone());
    assert_eq!(serde_json::to_value(checked.status).unwrap(), "compliant");
    request["subjects"][0]["install"]["accepts"] = Value::Null;
    let (index, report) = chosen(&request);
    assert_eq!((index, &report["status"]), (Some(0), &json!("noncompliant")));
}

#[test]
fn accepts_and_without_go_with_the_caller_alone() {
    let scene = Scene::new().with_bad_pair();
    let pair = scene.pair()["subjects"][0]["install"].clone();
    let refused = |field: &str, value: Value| {
        let mut install = pair.clone();
        install[field] = value;
        run_logged(&scene.request(install), true).0.unwrap_err()
    };
    for (field, value) in [
        ("accepts", json!({"forms": ["pkcs12"], "one_key": false})),
        ("without", json!(["00".repeat(32)])),
    ] {
        let fault = refused(field, value);
        assert_eq!(fault.pointer.unwrap(), format!("/subjects/0/install/{field}"));
        assert_eq!(fault.message, format!("{field} goes with by: caller alone"));
    }
    let store = json!({"location": "LocalMachine", "store": "My\\x"});
    let install = json!({"by": "caller", "accepts": {"forms": ["store"], "store": store}});
    let fault = run_logged(&asked(&scene, install, json!([])), true).0.unwrap_err();
    assert_eq!(fault.pointer.unwrap(), "/subjects/0/install/accepts/store/store");
}
