//! What the manifest says, by the rules of DSC: one that breaks them vanishes silently from its list of resources.

use super::*;

#[test]
fn the_manifest_keeps_the_rules_of_dsc() {
    let dsc = Dsc::new("manifest");
    let manifest = dsc.manifest.as_object().unwrap();
    assert_eq!(
        manifest["$schema"],
        "https://aka.ms/dsc/schemas/v3/bundled/resource/manifest.json"
    );
    // No hyphens: ^\w+(\.\w+)*\/\w+$
    let name = manifest["type"].as_str().unwrap();
    let (owner, resource) = name.split_once('/').unwrap();
    let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    assert!(owner.split('.').all(word) && word(resource), "{name}");
    let version: Vec<&str> = manifest["version"].as_str().unwrap().split('.').collect();
    assert!(
        version.len() == 3 && version.iter().all(|part| part.parse::<u32>().is_ok()),
        "{version:?}"
    );
    // Fields of DSC 3.2, and no exit codes: a code with a meaning swallows what is told on standard error.
    let known = [
        "$schema",
        "type",
        "version",
        "description",
        "tags",
        "get",
        "test",
        "set",
        "export",
        "validate",
        "schema",
    ];
    for field in manifest.keys() {
        assert!(known.contains(&field.as_str()), "{field}");
    }
    for operation in ["get", "test", "set", "export", "validate"] {
        let method = manifest[operation].as_object().unwrap();
        for field in method.keys() {
            let known = ["executable", "args", "input", "return", "implementsPretest"];
            assert!(known.contains(&field.as_str()), "{operation}: {field}");
        }
    }
    assert_eq!(manifest["test"]["return"], "stateAndDiff");
    assert_eq!(manifest["set"]["return"], "stateAndDiff");
    assert_eq!(manifest["set"]["implementsPretest"], true);
    assert!(
        manifest["set"]["args"]
            .as_array()
            .unwrap()
            .contains(&json!({"whatIfArg": "--what-if"}))
    );
}

#[test]
fn the_embedded_schema_stands_alone() {
    fn keywords(schema: &Value, found: &mut Vec<(String, Value)>) {
        match schema {
            Value::Array(list) => list.iter().for_each(|item| keywords(item, found)),
            Value::Object(map) => {
                for (keyword, value) in map {
                    found.push((keyword.clone(), value.clone()));
                    keywords(value, found);
                }
            }
            _ => {}
        }
    }
    let dsc = Dsc::new("schema");
    let schema = &dsc.manifest["schema"]["embedded"];
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(jsonschema::draft202012::meta::is_valid(schema));
    let mut found = Vec::new();
    keywords(schema, &mut found);
    let absent = ["$ref", "$dynamicRef", "$id", "$anchor", "$defs"];
    assert!(!found.iter().any(|(keyword, _)| absent.contains(&keyword.as_str())));
    // Not enforced in 2020-12; a property of that name would be an object.
    assert!(
        !found
            .iter()
            .any(|(keyword, value)| keyword == "format" && value.is_string())
    );
    assert!(
        found
            .iter()
            .any(|(keyword, value)| keyword == "pattern" && value.is_string())
    );
}

#[test]
fn the_program_prints_the_schema_that_the_manifest_embeds() {
    let dsc = Dsc::new("printed");
    let printed = binary::call(&["dsc", "schema"], "");
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    let mut printed = printed.json();
    printed.as_object_mut().unwrap().remove("title");
    let mut embedded = dsc.manifest["schema"]["embedded"].clone();
    embedded.as_object_mut().unwrap().remove("title");
    assert!(printed == embedded, "run `make schemas`");
}
