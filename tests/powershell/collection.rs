//! The Windows modules of the Ansible collection: their options are what their documentation says, and mean what those of
//! the other modules mean.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{repository, text};
use crate::support::binary::{call, check, small};

const PLUGINS: &str = "ansible/ansible_collections/sameca/pki/plugins";

/// The options of the Windows modules: `key = value` parts by name.
fn options(script: &str, list: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let block = script
        .split(&format!("    ${list} = @{{\n"))
        .nth(1)
        .unwrap()
        .split("\n    }\n")
        .next()
        .unwrap();
    let parse = |line: &str| {
        let (name, body) = line.trim().split_once(" = @{ ").unwrap_or_else(|| panic!("{line}"));
        let parts = body
            .split(" }")
            .next()
            .unwrap()
            .split("; ")
            .map(|part| part.split_once(" = ").unwrap());
        (
            name.to_owned(),
            parts
                .map(|(key, value)| (key.to_owned(), value.trim_matches('\'').to_owned()))
                .collect(),
        )
    };
    block.lines().map(parse).collect()
}

fn documentation(module: &str) -> Value {
    serde_yaml_ng::from_str(&text(&format!("{PLUGINS}/modules/{module}.yml"))).unwrap()
}

#[test]
fn the_options_of_the_windows_modules_are_documented_as_they_are() {
    let runner = text(&format!("{PLUGINS}/module_utils/SameCA.psm1"));
    let question = runner.split("\nfunction ConvertTo-SameCAQuestion {").nth(1).unwrap();
    let question = question.split("\n}\n").next().unwrap();
    let script = text(&format!("{PLUGINS}/module_utils/SameCAOptions.psm1"));
    for module in ["win_same_ca", "win_same_ca_info"] {
        let mut options = options(&script, "options");
        if module == "win_same_ca" {
            options.extend(self::options(&script, "enforced"));
        }
        let documented = documentation(module)["DOCUMENTATION"]["options"].clone();
        let documented = documented.as_object().unwrap();
        assert!(options.len() > 10);
        let names: Vec<&String> = documented.keys().collect();
        for name in &names {
            assert!(
                options.contains_key(*name),
                "{module}: {name} is documented, and is no option"
            );
        }
        for (name, option) in &options {
            let page = documented
                .get(name)
                .unwrap_or_else(|| panic!("{module}: {name} is not documented"));
            assert_eq!(page["type"], option["type"].as_str(), "{module}: {name}");
            assert_eq!(
                page["elements"].as_str(),
                option.get("elements").map(String::as_str),
                "{module}: {name}"
            );
            assert_eq!(
                page["required"] == true,
                option.contains_key("required"),
                "{module}: {name}"
            );
            assert_eq!(
                page.get("aliases").is_some(),
                option.contains_key("aliases"),
                "{module}: {name}"
            );
            // What is given is what is read.
            let read = [format!("        {name} = '"), format!("'{name}'")];
            assert!(
                read.iter().any(|text| question.contains(text.as_str())),
                "{module}: {name} is not read"
            );
            let secret = name.ends_with("passphrase");
            assert_eq!(
                option.get("no_log").is_some_and(|value| value == "$true"),
                secret,
                "{module}: {name}"
            );
        }
    }
}

#[test]
fn a_reference_document_may_be_data_and_a_host_may_have_another_name() {
    let small = small();
    let folder = crate::support::binary::folder("powershell-document");
    let fe01 = crate::support::binary::write(&folder, "fe01.cer", small.fe01.der());
    let document: Value = call(&["reference", &fe01], "").json();
    let request = json!({
        "protocol": 1, "requirement": "chat", "host": "front-end-1", "collected_at": "2026-11-20T00:00:00Z",
        "reference": [], "reference_document": document,
        "subjects": [{"name": "lync:Default", "use": "Default", "any_of": []}],
        "authorities": [], "intermediates": [],
    });
    let report = check(&request);
    assert_eq!(
        (&report["host"], &report["status"]),
        (&json!("front-end-1"), &json!("noncompliant"))
    );
    assert_eq!(report["reference"]["members"].as_array().unwrap().len(), 1);
}

#[test]
fn the_windows_modules_load_the_runner_that_the_collection_carries() {
    for module in ["win_same_ca", "win_same_ca_info"] {
        let script = text(&format!("{PLUGINS}/modules/{module}.ps1"));
        assert!(script.starts_with("#!powershell\n"));
        assert!(script.contains("\n#AnsibleRequires -CSharpUtil Ansible.Basic\n"));
        for util in ["SameCA", "SameCAOptions"] {
            let line =
                format!("\n#AnsibleRequires -PowerShell ansible_collections.sameca.pki.plugins.module_utils.{util}\n");
            assert!(script.contains(&line), "{module}: {util}");
            assert!(repository(&format!("{PLUGINS}/module_utils/{util}.psm1")).exists());
        }
    }
}
