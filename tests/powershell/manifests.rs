//! What stands beside the module's code: the native manifest, the adapted resource's, the module's own, and the help.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{json, text};

const MODULE: &str = "dsc/SameCADsc/SameCADsc.psm1";
const ADAPTED: &str = "dsc/SameCADsc/SameCACertificate.dsc.adaptedresource.json";

/// The properties of the class: attribute and type by name.
fn properties(class: &str) -> BTreeMap<String, (String, String)> {
    let mut found = BTreeMap::new();
    for line in class.lines() {
        let Some((attribute, rest)) = line
            .trim()
            .strip_prefix("[DscProperty(")
            .and_then(|rest| rest.split_once(")] ["))
        else {
            continue;
        };
        let (kind, name) = rest.split_once("] $").unwrap();
        // Other attributes may stand between.
        let kind = kind.rsplit("] [").next().unwrap();
        found.insert(name.to_owned(), (attribute.to_owned(), kind.to_owned()));
    }
    found
}

/// The class resource itself.
fn class() -> String {
    let module = text(MODULE);
    module.split("class SameCACertificate {").nth(1).unwrap().to_owned()
}

#[test]
fn the_module_carries_the_native_manifest_as_it_is() {
    assert_eq!(
        text("dsc/SameCADsc/same_ca.dsc.resource.json"),
        text("dsc/same_ca.dsc.resource.json"),
        "make schemas copies it"
    );
}

#[test]
fn the_collection_carries_the_same_runner_byte_for_byte() {
    assert_eq!(
        text("ansible/ansible_collections/sameca/pki/plugins/module_utils/SameCA.psm1"),
        text("dsc/SameCADsc/SameCA.psm1"),
    );
}

#[test]
fn the_adapted_manifest_says_what_the_class_says() {
    let adapted = json(ADAPTED);
    let known = [
        "$schema",
        "type",
        "kind",
        "version",
        "capabilities",
        "description",
        "author",
        "requireAdapter",
        "path",
        "schema",
    ];
    for field in adapted.as_object().unwrap().keys() {
        assert!(known.contains(&field.as_str()), "{field}");
    }
    assert_eq!(adapted["type"], "SameCADsc/SameCACertificate");
    assert_eq!(adapted["kind"], "resource");
    assert_eq!(adapted["requireAdapter"], "Microsoft.Adapter/PowerShell");
    assert_eq!(adapted["path"], "SameCADsc.psd1");
    assert_eq!(adapted["capabilities"], serde_json::json!(["get", "test", "set"]));
    let schema = &adapted["schema"]["embedded"];
    assert!(jsonschema::draft202012::meta::is_valid(schema));
    assert!(!schema.to_string().contains("$ref"));
    let mut described = schema["properties"].as_object().unwrap().clone();
    assert!(described.remove("_inDesiredState").is_some());
    let class = properties(&class());
    assert!(class.len() > 20, "{}", class.len());
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(names(described.keys().collect()), names(class.keys().collect()));
    let mut required = Vec::new();
    for (name, (attribute, kind)) in &class {
        let property = &described[name];
        let given = property["type"].as_array().map_or(&property["type"], |types| &types[0]);
        let wanted = match kind.as_str() {
            "string" => "string",
            "bool" => "boolean",
            "int" => "integer",
            "pscredential" => "object",
            list if list.ends_with("[]") => "array",
            other => panic!("{name}: {other}"),
        };
        assert_eq!(given, wanted, "{name}");
        assert_eq!(property["readOnly"] == true, attribute == "NotConfigurable", "{name}");
        assert_eq!(property["writeOnly"] == true, kind == "pscredential", "{name}");
        assert!(property["description"].is_string(), "{name}");
        if ["Key", "Mandatory"].contains(&attribute.as_str()) {
            required.push(Value::from(name.as_str()));
        }
    }
    assert_eq!(schema["required"].as_array().unwrap(), &required);
}

#[test]
fn a_state_shows_no_credential_and_every_property_beside() {
    let class = class();
    let get = class.split("[SameCACertificate] Get()").nth(1).unwrap();
    let get = get.split("[bool] Test()").next().unwrap();
    for (name, (attribute, kind)) in properties(&class) {
        let shown = match attribute.as_str() {
            "NotConfigurable" => get.contains(&format!("$state.{name} =")),
            _ => get.contains(&format!("'{name}'")),
        };
        assert_eq!(shown, kind != "pscredential", "{name}");
    }
}

#[test]
fn the_modules_manifest_lets_dsc_find_the_class() {
    let manifest = text("dsc/SameCADsc/SameCADsc.psd1");
    let line = |key: &str| manifest.lines().find(|line| line.trim_start().starts_with(key));
    assert!(
        line("DscResourcesToExport")
            .unwrap()
            .ends_with("@('SameCACertificate')")
    );
    assert!(line("RootModule").unwrap().ends_with("'SameCADsc.psm1'"));
    assert!(line("PowerShellVersion").unwrap().ends_with("'5.1'"));
    // With all three lists of exports the class is hidden from Get-Module -ListAvailable.
    assert!(line("AliasesToExport").is_none());
    let version = env!("CARGO_PKG_VERSION");
    assert!(line("ModuleVersion").unwrap().ends_with(&format!("'{version}'")));
    assert_eq!(json(ADAPTED)["version"], version);
}

#[test]
fn the_help_describes_every_property() {
    let help = text("dsc/SameCADsc/en-US/about_SameCADsc.help.txt");
    for name in properties(&class()).into_keys() {
        let heading = format!("    {name}\n");
        assert!(help.contains(&heading), "{name}");
    }
}

#[test]
fn every_function_that_is_exported_has_help_that_names_each_parameter() {
    let runner = text("dsc/SameCADsc/SameCA.psm1");
    let exported = runner.split("Export-ModuleMember -Function @(").nth(1).unwrap();
    let names: Vec<&str> = exported.split('\'').skip(1).step_by(2).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let body = runner
            .split(&format!("\nfunction {name} {{\n"))
            .nth(1)
            .unwrap_or_else(|| panic!("{name}"));
        let body = body.split("\n}\n").next().unwrap();
        let (help, rest) = body.trim_start().strip_prefix("<#").unwrap().split_once("#>").unwrap();
        for part in [".SYNOPSIS", ".EXAMPLE"] {
            assert!(help.contains(part), "{name}: {part}");
        }
        // The parameters stand in the first param block, each as `] $Name` or `, [string] $Name`.
        let block = rest.split("param(").nth(1).unwrap();
        let block = block.split("\n    )\n").next().unwrap().split(")\n").next().unwrap();
        let parameters: Vec<&str> = block
            .split('$')
            .skip(1)
            .map(|part| part.split(|letter: char| !letter.is_alphanumeric()).next().unwrap())
            .filter(|part| *part != "true")
            .collect();
        assert!(!parameters.is_empty(), "{name}");
        for parameter in &parameters {
            assert!(
                help.contains(&format!(".PARAMETER {parameter}\n")),
                "{name}: {parameter}"
            );
        }
        assert_eq!(
            help.matches(".PARAMETER ").count(),
            parameters.len(),
            "{name}: {parameters:?}"
        );
    }
}
