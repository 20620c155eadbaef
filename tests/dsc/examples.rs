//! The configuration documents of `dsc/examples`, with Contoso's estate where they look for it.

use super::*;

/// Where the examples keep the estate.
const PLACE: &str = "C:/ProgramData/same-ca";

/// The instances of our type in a document, groups opened.
fn instances(document: &Value, found: &mut Vec<Value>) {
    for resource in document["resources"].as_array().into_iter().flatten() {
        if resource["type"] == "SameCA/Certificate" {
            found.push(resource["properties"].clone());
        }
        instances(&resource["properties"], found);
    }
}

fn document(name: &str) -> Value {
    let path = repository().join("dsc/examples").join(name);
    serde_yaml_ng::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The instances of a document as they are asked here: in the estate's place, at the estate's time.
fn asked(dsc: &Dsc, document: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    instances(document, &mut found);
    let place = dsc.folder.to_str().unwrap().replace('\\', "/");
    let here = |properties: &Value| {
        let text = properties.to_string().replace(PLACE, &place);
        let mut properties: Value = serde_json::from_str(&text).unwrap();
        properties["policy"]["validAt"] = json!(mint::NOW_TEXT);
        properties
    };
    found.iter().map(here).collect()
}

/// The document that the examples read, written as they say.
fn write_reference(dsc: &Dsc) {
    let mut command = binary::same_ca(&[]);
    command
        .args(["reference", "fe01/Default.pem", "fe02/Default.cer", "fe03/Default.p7b"])
        .args([
            "--authority",
            "ca/CertEnroll",
            "--output",
            "lync-internal.reference.json",
        ])
        .current_dir(&dsc.folder);
    let done = binary::run(command, "");
    assert_eq!(done.code, 0, "{}", done.stderr);
}

#[test]
fn every_example_is_a_document_whose_instances_can_be_asked() {
    let dsc = Dsc::new("examples");
    write_reference(&dsc);
    let mut names: Vec<_> = fs::read_dir(repository().join("dsc/examples"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "assert.dsc.config.yaml",
            "enforce-then-install.dsc.config.yaml",
            "enforce.dsc.config.yaml",
            "export.dsc.config.yaml"
        ]
    );
    for name in names {
        let document = document(&name);
        assert_eq!(
            document["$schema"], "https://aka.ms/dsc/schemas/v3/bundled/config/document.json",
            "{name}"
        );
        let mut written = Vec::new();
        instances(&document, &mut written);
        assert!(!written.is_empty(), "{name}");
        for properties in &written {
            dsc.assert_valid(&name, properties);
            // Prefer files: DSC prints what it is given.
            assert!(!properties.to_string().contains("\"password\""), "{name}");
            // Nothing stands there on this machine: that is an answer too.
            assert!(!dsc.test(properties).1, "{name}");
            assert!(!dsc.set(properties, false).1, "{name}");
        }
        for properties in asked(&dsc, &document) {
            let state = dsc.get(&properties);
            assert!(state["requirement"].is_string(), "{name}");
            dsc.test(&properties);
            assert!(!dsc.export(&properties).is_empty() || properties["subjects"][0].get("install").is_some());
        }
    }
}

#[test]
fn the_assertion_holds_for_the_estate_and_names_what_it_guards() {
    let dsc = Dsc::new("example-assert");
    write_reference(&dsc);
    let document = document("assert.dsc.config.yaml");
    let mut requirements = Vec::new();
    for properties in asked(&dsc, &document) {
        let (state, desired) = dsc.test(&properties);
        assert!(desired, "{}", state["reasons"]);
        // DSC takes an assertion for held where its resources are, word for word, what the states say.
        assert_eq!(differing(&properties, &state), Vec::<String>::new());
        requirements.push(state["requirement"].clone());
    }
    let number = requirements.len();
    requirements.dedup();
    assert_eq!(requirements.len(), number, "each has its own");
    for resource in document["resources"][0]["properties"]["resources"].as_array().unwrap() {
        assert!(resource.get("dependsOn").is_none(), "no state has it");
    }
    let resources = document["resources"].as_array().unwrap();
    let (assertion, installation) = (&resources[0], &resources[1]);
    assert_eq!(assertion["type"], "Microsoft.DSC/Assertion");
    let id = format!(
        "[resourceId('Microsoft.DSC/Assertion', '{}')]",
        assertion["name"].as_str().unwrap()
    );
    assert_eq!(installation["dependsOn"], json!([id]));
    // Against the look-alike it does not hold.
    let mut other = asked(&dsc, &document).swap_remove(0);
    other["subjects"] = json!([subject(&dsc.properties(), "pchat02.contoso.com")]);
    assert!(!dsc.test(&other).1);
}

/// The properties that DSC's own comparison finds to differ (dscresource.rs, `get_diff`): what is expected and absent, or
/// is otherwise; of lists, elements without an equal one.
fn differing(expected: &Value, actual: &Value) -> Vec<String> {
    fn same(expected: &Value, actual: &Value) -> bool {
        match (expected, actual) {
            (Value::Object(_), Value::Object(_)) => differing(expected, actual).is_empty(),
            (Value::Array(expected), Value::Array(actual)) => {
                let found = |one: &Value| actual.iter().any(|other| same(one, other));
                expected.len() == actual.len() && expected.iter().all(found)
            }
            _ => expected == actual,
        }
    }
    let expected = expected.as_object().unwrap().iter();
    let differs = expected.filter(|(key, value)| !actual.get(key.as_str()).is_some_and(|actual| same(value, actual)));
    differs.map(|(key, _)| key.clone()).collect()
}

#[test]
fn an_enforcement_is_asserted_before_anything_depends_on_it() {
    let dsc = Dsc::new("example-then");
    let document = document("enforce-then-install.dsc.config.yaml");
    let [enforced, asserted] = asked(&dsc, &document).try_into().unwrap();
    assert!(!dsc.test(&asserted).1);
    let (state, changed) = dsc.set(&enforced, false);
    assert!(changed && state["_restartRequired"] == json!([{"service": "RTCSRV"}]));
    let (state, desired) = dsc.test(&asserted);
    assert!(desired, "{}", state["reasons"]);
    assert_eq!(differing(&asserted, &state), Vec::<String>::new());
    let resources = document["resources"].as_array().unwrap();
    assert_eq!(
        resources[1]["dependsOn"],
        json!(["[resourceId('SameCA/Certificate', 'Certificate of the Persistent Chat server')]"])
    );
    assert_eq!(
        resources[2]["dependsOn"],
        json!(["[resourceId('Microsoft.DSC/Assertion', 'The rule of Persistent Chat')]"])
    );
}

#[test]
fn the_enforcement_mends_the_estate() {
    let dsc = Dsc::new("example-enforce");
    let [properties] = asked(&dsc, &document("enforce.dsc.config.yaml")).try_into().unwrap();
    assert!(!dsc.test(&properties).1);
    assert!(dsc.set(&properties, true).1);
    assert!(!dsc.test(&properties).1);
    let (state, changed) = dsc.set(&properties, false);
    assert!(changed && state["status"] == "compliant", "{}", state["reasons"]);
    assert!(dsc.test(&properties).1);
    assert!(!dsc.set(&properties, false).1);
}

#[test]
fn the_export_lists_the_folder() {
    let dsc = Dsc::new("example-export");
    let [properties] = asked(&dsc, &document("export.dsc.config.yaml")).try_into().unwrap();
    // Three server certificates, and the CA's with the first.
    assert_eq!(dsc.export(&properties).len(), 4);
}
