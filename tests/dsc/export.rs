//! Export: an instance for each certificate.

use super::*;

#[test]
fn a_folder_gives_an_instance_for_each_certificate_with_its_own_verdict() {
    let dsc = Dsc::new("export");
    let mut properties = dsc.properties();
    properties["subjects"] = json!([{"name": "fe03.contoso.com", "anyOf": ["fe03"]}]);
    let instances = dsc.export(&properties);
    // Default.p7b holds three, the others one each; the key has no instance.
    assert_eq!(instances.len(), 5, "{instances:#?}");
    let by_path = |path: &str| {
        let path_of = |instance: &Value| Some(instance["subjects"][0]["source"]["path"].as_str()?.replace('\\', "/"));
        let of = |instance: &&Value| path_of(instance).as_deref() == Some(path);
        instances
            .iter()
            .find(of)
            .unwrap_or_else(|| panic!("no instance of {path}"))
    };
    assert_eq!(by_path("fe03/WebServicesInternal.cer")["status"], "compliant");
    let expired = by_path("fe03/WebServicesExternal.pem");
    assert_eq!(expired["status"], "noncompliant");
    assert_eq!(expired["reasons"][0]["code"], "expired");
    assert_eq!(by_path("fe03/Default.p7b")["status"], "compliant");
    let names: std::collections::HashSet<_> = instances.iter().map(|one| one["_name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 5);
    for instance in &instances {
        assert_eq!(instance["requirement"], "persistent-chat");
        // Each can be asked again, and answers the same.
        let again = dsc.get(instance);
        assert_eq!(again["report"]["subjects"].as_array().unwrap().len(), 1);
        assert!(again.get("_name").is_none());
        same_again(&dsc, instance);
    }
}

/// An exported instance, fed to `test`, says what the export said.
fn same_again(dsc: &Dsc, instance: &Value) {
    assert!(instance.get("report").is_none(), "DSC exports no report");
    let (state, desired) = dsc.test(instance);
    assert_eq!(state["status"], instance["status"]);
    assert_eq!(state["reasons"], instance["reasons"]);
    assert_eq!(desired, instance["status"] == "compliant");
}

#[test]
fn an_instance_says_in_words_what_is_wrong_with_the_reference() {
    let dsc = Dsc::new("export-reference");
    let mut properties = dsc.properties();
    properties["reference"] = json!([
        {"name": "fe01", "source": "fe01/Default.pem"},
        {"name": "fe02", "source": dsc.folder.join("absent.pem").to_str().unwrap()},
    ]);
    properties["subjects"] = json!([{"name": "s", "anyOf": ["fe03/WebServicesInternal.cer"]}]);
    let instances = dsc.export(&properties);
    assert_eq!(instances.len(), 1, "{instances:#?}");
    let reasons = instances[0]["reasons"].as_array().unwrap();
    let of_member = |reason: &&Value| reason["phrase"].as_str().unwrap().starts_with("doubt: fe02: ");
    let told = reasons.iter().find(of_member).unwrap()["phrase"].as_str().unwrap();
    assert!(told.contains("there is no such file"), "{told}");
    same_again(&dsc, &instances[0]);
}

#[test]
fn an_export_of_nothing_says_what_to_ask_where_there_is_no_store() {
    let dsc = Dsc::new("export-nothing");
    if cfg!(windows) {
        return;
    }
    for nothing in ["", "{}"] {
        let said = dsc.refused("export", nothing.as_bytes());
        assert!(said.contains("subjects") && said.contains("anyOf"), "{said}");
    }
}

#[test]
fn a_store_of_one_file_keeps_its_password_file() {
    let dsc = Dsc::new("export-file");
    let properties = of_subject(&dsc.properties(), "pchat01.contoso.com");
    let instances = dsc.export(&properties);
    // The server's certificate, two generations of the CA, and the root.
    assert_eq!(instances.len(), 4);
    let own = instances
        .iter()
        .find(|instance| instance["status"] == "compliant")
        .unwrap();
    assert_eq!(own["subjects"][0]["source"], properties["subjects"][0]["source"]);
    for other in instances.iter().filter(|instance| instance["status"] != "compliant") {
        assert!(other["subjects"][0]["source"]["der"].is_string());
        assert!(
            other["reasons"]
                .as_array()
                .unwrap()
                .iter()
                .any(|reason| reason["code"] == "subject-is-ca")
        );
    }
}

#[test]
fn what_stands_where_a_candidate_would_go_is_exported() {
    let dsc = Dsc::new("export-install");
    let properties = of_subject(&dsc.enforce_properties(), "pchat02.contoso.com");
    let install = &properties["subjects"][0]["install"];
    let instances = dsc.export(&properties);
    let own = instances
        .iter()
        .find(|instance| instance["subjects"][0]["source"]["path"] == install["pkcs12Path"])
        .unwrap_or_else(|| panic!("{instances:#?}"));
    assert_eq!(own["subjects"][0]["source"]["passwordFile"], install["passwordFile"]);
    assert_eq!(own["status"], "noncompliant");
    for instance in &instances {
        assert!(instance["subjects"][0].get("install").is_none() && instance.get("candidates").is_none());
        same_again(&dsc, instance);
    }
    // An empty place is no error: it holds no certificate.
    let mut empty = properties.clone();
    empty["subjects"][0]["install"]["pkcs12Path"] = json!("absent.pfx");
    assert!(dsc.export(&empty).is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_no_text_and_a_folder_in_the_folder_hide_nothing() {
    use std::os::unix::ffi::OsStrExt;
    let dsc = Dsc::new("export-names");
    let folder = dsc.folder.join("odd");
    fs::create_dir_all(folder.join("inner")).unwrap();
    fs::copy(dsc.folder.join("fe02/Default.cer"), folder.join("inner/a.cer")).unwrap();
    let name = std::ffi::OsStr::from_bytes(b"\xff.cer");
    fs::copy(dsc.folder.join("fe02/Default.cer"), folder.join(name)).unwrap();
    fs::write(folder.join("broken.cer"), b"\x30\x82\x01").unwrap();
    let properties = json!({"subjects": [{"name": "s", "anyOf": ["odd"]}]});
    let wrote = dsc.run("export", &serde_json::to_vec(&properties).unwrap(), false);
    assert_eq!((wrote.code, wrote.lines.len()), (0, 1), "{:?}", wrote.told);
    assert!(wrote.lines[0]["subjects"][0]["source"]["der"].is_string());
    let warned = wrote.told.iter().filter(|(level, _)| level == "warn");
    assert!(
        warned.clone().any(|(_, line)| line.contains("broken.cer")),
        "{:?}",
        wrote.told
    );
    assert_eq!(warned.count(), 1);
}

#[test]
fn without_a_reference_the_facts_are_told_and_no_verdict() {
    let dsc = Dsc::new("export-facts");
    let instances = dsc.export(&json!({"subjects": [{"name": "fe01", "anyOf": ["fe01"]}]}));
    assert!(!instances.is_empty());
    for instance in instances {
        assert_ne!(instance["status"], "compliant");
        let again = dsc.get(&instance);
        assert!(again["report"]["subjects"][0]["certificate"]["sha256"].is_string());
    }
}

#[test]
fn what_cannot_be_read_is_told_and_what_can_is_exported() {
    let dsc = Dsc::new("export-absent");
    let properties = json!({"subjects": [{"name": "s", "anyOf": ["absent", "fe01/Default.pem"]}]});
    let wrote = dsc.run("export", &serde_json::to_vec(&properties).unwrap(), false);
    assert_eq!((wrote.code, wrote.lines.len()), (0, 2));
    assert!(
        wrote
            .told
            .iter()
            .any(|(level, line)| level == "warn" && line.starts_with("absent: "))
    );
    let said = dsc.refused("export", br#"{"subjects":[{"name":"s","anyOf":["absent"]}]}"#);
    assert!(said.contains("absent"), "{said}");
    let empty = dsc.folder.join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(
        dsc.export(&json!({"subjects": [{"name": "s", "anyOf": ["empty"]}]}))
            .is_empty()
    );
}

#[test]
fn a_hostile_name_is_no_expression_of_dsc() {
    let dsc = Dsc::new("export-hostile");
    let ca = mint::Ca::root("CN=Contoso Root CA,DC=contoso,DC=com");
    let hostile = ca.server("[concat('a','b')]").build();
    fs::create_dir(dsc.folder.join("hostile")).unwrap();
    fs::write(dsc.folder.join("hostile/a.cer"), hostile.der()).unwrap();
    let instances = dsc.export(&json!({"subjects": [{"name": "s", "anyOf": ["hostile"]}]}));
    let name = instances[0]["_name"].as_str().unwrap();
    assert!(
        name.chars().all(|c| c.is_ascii_alphanumeric() || ".-* ".contains(c)),
        "{name}"
    );
}
