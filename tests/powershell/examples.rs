//! The examples: configurations for the class resource, and the road of servers without PowerShell 5.1.

use std::fs;

use mint::{Estate, NOW_TEXT};
use serde_json::Value;

use super::{json, repository, text};
use crate::support::binary::{folder, run, same_ca};

fn schema() -> Value {
    json("dsc/SameCADsc/SameCACertificate.dsc.adaptedresource.json")["schema"]["embedded"].clone()
}

#[test]
fn every_document_for_an_adapter_is_one_that_the_class_takes() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(repository("dsc/examples/adapter")).unwrap() {
        let path = entry.unwrap().path();
        let document: Value = serde_yaml_ng::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for resource in document["resources"].as_array().unwrap() {
            assert_eq!(resource["type"], "SameCADsc/SameCACertificate");
            let mut properties = resource["properties"].clone();
            // What DSC puts in the place of a secret parameter.
            if properties["CandidateCredential"] == "[parameters('pfx')]" {
                let credential = serde_json::json!({"username": "pfx", "password": "x"});
                properties["CandidateCredential"] = serde_json::json!({"secureObject": credential});
            }
            let errors: Vec<String> = validator
                .iter_errors(&properties)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
            // Lync's cmdlets are not PowerShell 7's.
            let lync = properties.to_string().contains("lync:");
            let adapter = resource["directives"]["requireAdapter"].as_str();
            assert_eq!(
                adapter,
                lync.then_some("Microsoft.Adapter/WindowsPowerShell"),
                "{}",
                path.display()
            );
            seen += 1;
        }
    }
    assert_eq!(seen, 4);
}

#[test]
fn every_configuration_sets_properties_that_the_class_has() {
    let schema = schema();
    let known = schema["properties"].as_object().unwrap();
    let common = ["DependsOn", "PsDscRunAsCredential"];
    for name in ["AssertPersistentChat", "EnforceWebServices", "RequestAndEnforce"] {
        let script = text(&format!("dsc/examples/psdsc/{name}.ps1"));
        let mut lines = script
            .lines()
            .skip_while(|line| !line.trim_start().starts_with("SameCACertificate "));
        let block = lines.by_ref().take_while(|line| line.trim() != "}");
        let set: Vec<&str> = block
            .filter_map(|line| line.split_once(" = "))
            .map(|(name, _)| name.trim())
            .collect();
        assert!(set.contains(&"Name") && set.contains(&"Subject"), "{name}: {set:?}");
        assert!(
            set.iter()
                .any(|given| ["Reference", "ReferencePath", "PinnedKey"].contains(given)),
            "{name}"
        );
        for given in set {
            let writable = known.get(given).is_some_and(|property| property["readOnly"] != true);
            assert!(writable || common.contains(&given), "{name}: {given}");
        }
    }
}

#[test]
fn the_script_for_old_servers_asks_what_the_binary_answers() {
    let folder = folder("powershell-script");
    Estate::lync(&folder).unwrap();
    fs::rename(folder.join("ca/CertEnroll"), folder.join("CertEnroll")).unwrap();
    let mut command = same_ca(&[
        "reference",
        "fe01/Default.pem",
        "fe02/Default.cer",
        "fe03/Default.p7b",
        "--authority",
        "CertEnroll",
        "--output",
        "lync-internal.reference.json",
    ]);
    command.current_dir(&folder);
    assert_eq!(run(command, "").code, 0);
    // The batch file's own line, without the streams that cmd.exe gives.
    let batch = text("dsc/examples/script/check.cmd");
    let line = batch
        .lines()
        .find_map(|line| line.strip_prefix("same-ca.exe "))
        .unwrap();
    let arguments: Vec<&str> = line.split(" <").next().unwrap().split(' ').collect();
    assert!(line.ends_with("< check.json > report.json"), "{line}");
    assert!(
        batch.split_inclusive('\n').all(|line| line.ends_with("\r\n")),
        "cmd.exe wants CRLF"
    );
    let mut request = json("dsc/examples/script/check.json");
    request["policy"]["valid_at"] = NOW_TEXT.into();
    let mut answers = Vec::new();
    for (subject, password) in [
        ("pchat01/pchat01.pfx", "contoso-1"),
        ("pchat02/pchat02.pfx", "contoso-2"),
    ] {
        request["subjects"][0]["source"] = serde_json::json!({"path": subject, "password": password});
        let mut command = same_ca(&arguments);
        command.current_dir(&folder);
        let ran = run(command, request.to_string());
        answers.push((ran.code, ran.json()["status"].clone()));
    }
    assert_eq!(answers, [(0, "compliant".into()), (1, "noncompliant".into())]);
    let mut command = same_ca(&arguments);
    command.current_dir(&folder);
    assert_eq!(run(command, "{").code, 2);
}
