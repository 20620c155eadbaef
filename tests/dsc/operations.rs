//! Get, test and set.

use mint::NOW_TEXT;

use super::*;

#[test]
fn the_state_is_what_check_says_of_the_same_request() {
    let dsc = Dsc::new("get");
    let state = dsc.get(&dsc.properties());
    let request = serde_json::to_vec(&dsc.estate.request).unwrap();
    let mut check = binary::same_ca(&["check"]);
    check.current_dir(&dsc.folder);
    let report = binary::run(check, request).json();
    assert_eq!(state["report"], report);
    assert_eq!(state["status"], "noncompliant");
    assert_eq!(state["requirement"], "persistent-chat");
    assert_eq!(state["host"], "ops01.contoso.com");
    // As given: nothing in it is a secret.
    for (name, value) in dsc.properties().as_object().unwrap() {
        assert_eq!(&state[name], value, "{name}");
    }
}

#[test]
fn reasons_say_what_breaks_the_rule_and_about_whom() {
    let dsc = Dsc::new("reasons");
    let state = dsc.get(&dsc.properties());
    let reasons = state["reasons"].as_array().unwrap();
    for (code, who) in [
        ("expired", "fe03.contoso.com (WebServicesExternal)"),
        ("issuer-key-differs", "pchat02.contoso.com (Default)"),
    ] {
        let reason = reasons.iter().find(|reason| reason["code"] == code).unwrap();
        let phrase = reason["phrase"].as_str().unwrap();
        assert!(phrase.starts_with(&format!("error: {who}: ")), "{phrase}");
    }
    let weights: Vec<_> = reasons
        .iter()
        .map(|reason| reason["phrase"].as_str().unwrap().starts_with("error:"))
        .collect();
    assert!(weights.is_sorted_by(|a, b| a >= b), "the worst first: {reasons:?}");
}

#[test]
fn only_what_is_proven_is_the_desired_state() {
    let dsc = Dsc::new("desired");
    let all = dsc.properties();
    let (state, desired) = dsc.test(&all);
    assert!(!desired && state["status"] == "noncompliant");
    let (state, desired) = dsc.test(&of_subject(&all, "pchat01.contoso.com"));
    assert!(desired && state["status"] == "compliant" && state["reasons"] == json!([]));
    // Nothing to compare with, nothing to check, nothing to read: none of them is a yes.
    let mut nothing = of_subject(&all, "pchat01.contoso.com");
    nothing["reference"] = json!([]);
    let (state, desired) = dsc.test(&nothing);
    assert!(!desired && state["status"] == "undetermined");
    assert_eq!(state["reasons"][0]["code"], "reference-missing");
    let mut empty = of_subject(&all, "pchat01.contoso.com");
    empty["subjects"] = json!([{"name": "empty", "names": ["empty.contoso.com"], "anyOf": []}]);
    assert!(!dsc.test(&empty).1);
    empty["subjects"] = json!([{"name": "absent", "source": "absent.pem"}]);
    let (state, desired) = dsc.test(&empty);
    assert!(!desired && state["reasons"][0]["code"] == "certificate-unreadable");
}

#[test]
fn the_machine_and_the_time_are_filled_in_where_they_are_not_given() {
    let dsc = Dsc::new("filled");
    let mut properties = of_subject(&dsc.properties(), "pchat01.contoso.com");
    for name in ["host", "collectedAt", "protocol"] {
        properties.as_object_mut().unwrap().remove(name);
    }
    let (state, desired) = dsc.test(&properties);
    assert!(desired);
    let host = state["host"].as_str().unwrap();
    assert!(!host.is_empty() && state["report"]["host"] == host);
    assert!(state["report"]["collected_at"].as_str().unwrap().ends_with('Z'));
    // A time that was not given would be a wrong one when the state is asked again.
    assert!(state.get("collectedAt").is_none());
    assert_eq!(state["report"]["valid_at"], NOW_TEXT);
}

#[test]
fn a_state_can_be_asked_again() {
    let dsc = Dsc::new("again");
    let (state, _) = dsc.test(&dsc.properties());
    let (again, _) = dsc.test(&state);
    assert_eq!(state, again);
}

#[test]
fn get_test_and_what_if_change_nothing() {
    let dsc = Dsc::new("unchanged");
    let before = dsc.files();
    let properties = dsc.enforce_properties();
    dsc.get(&properties);
    assert!(!dsc.test(&properties).1);
    let (state, changes) = dsc.set(&properties, true);
    assert!(changes, "{state:#}");
    assert_eq!(state["status"], "compliant");
    assert!(dsc.files() == before);
}

#[test]
fn set_brings_the_desired_state_about_and_then_has_nothing_to_do() {
    let dsc = Dsc::new("set");
    let properties = dsc.enforce_properties();
    assert!(!dsc.test(&properties).1);
    let (state, changed) = dsc.set(&properties, false);
    assert!(changed && state["status"] == "compliant", "{state:#}");
    assert!(dsc.test(&properties).1);
    let before = dsc.files();
    let (state, changed) = dsc.set(&properties, false);
    assert!(!changed && state["status"] == "compliant", "{state:#}");
    assert!(dsc.files() == before);
}

#[test]
fn set_that_finds_nothing_fitting_answers_and_warns() {
    let dsc = Dsc::new("nothing-fits");
    let mut properties = dsc.enforce_properties();
    properties["candidates"] = json!([]);
    let (state, changed) = dsc.set(&properties, false);
    assert!(!changed && state["status"] == "noncompliant");
    let wrote = dsc.run("set", &serde_json::to_vec(&properties).unwrap(), false);
    assert!(wrote.told.iter().any(|(level, _)| level == "warn"), "{:?}", wrote.told);
}

#[test]
fn only_what_cannot_be_answered_is_an_error_and_it_says_where() {
    let dsc = Dsc::new("refused");
    for operation in ["get", "test", "set", "export"] {
        for (input, words) in [
            ("", "subjects"),
            ("{", "not JSON"),
            ("[]", "object"),
            (r#"{"subjects":[]}"#, "at /subjects"),
            (r#"{"subjects":[{"name":"s","any_of":["x"]}]}"#, "anyOf"),
            (
                r#"{"subjects":[{"name":"s","source":"lync:Default"}]}"#,
                "SameCADsc/SameCACertificate",
            ),
            (r#"{"protocol":2,"subjects":[{"name":"s","source":"x"}]}"#, "protocol 1"),
            (
                r#"{"subjects":[{"name":"s","source":"x","anyOf":["x"]}]}"#,
                "expected one of source and anyOf",
            ),
        ] {
            if cfg!(windows) && operation == "export" && input.is_empty() {
                // That is a request there: for what its stores hold.
                continue;
            }
            let said = dsc.refused(operation, input.as_bytes());
            assert!(said.contains(words), "{operation} < {input}: {said}");
        }
    }
}

#[test]
fn standard_input_is_read_to_its_end_whatever_is_wrong() {
    let dsc = Dsc::new("drained");
    let long = vec![b'['; 1 << 20];
    dsc.refused("test", &long);
    for arguments in [&["dsc", "nonsense"][..], &["dsc", "get", "--what-if"], &["dsc"]] {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let wrote = dsc.start("same-ca", &arguments, &long);
        assert_eq!(wrote.code, 2);
        assert_eq!(wrote.told.len(), 1, "{:?}", wrote.told);
        assert_eq!(wrote.told[0].0, "error");
    }
}

#[test]
fn lync_sources_are_refused_wherever_they_stand_with_the_way_that_works() {
    let dsc = Dsc::new("lync");
    let properties = of_subject(&dsc.properties(), "pchat01.contoso.com");
    for (place, pointer) in [
        ("/subjects/0/source", "/subjects/0/source"),
        ("/reference/0/source", "/reference/0/source"),
        ("/authorities", "/authorities/0"),
        ("/candidates", "/candidates/0"),
        ("/policy/distrust", "/policy/distrust/0"),
    ] {
        let mut asked = properties.clone();
        let (parent, name) = place.rsplit_once('/').unwrap();
        let list = ["authorities", "candidates", "distrust"].contains(&name);
        let source = json!("lync:Default");
        asked.pointer_mut(parent).unwrap()[name] = if list { json!([source]) } else { source };
        for operation in ["get", "test", "set", "export"] {
            let said = dsc.refused(operation, &serde_json::to_vec(&asked).unwrap());
            for words in [
                pointer,
                "SameCADsc/SameCACertificate",
                "Microsoft.Adapter/WindowsPowerShell",
            ] {
                assert!(said.contains(words), "{operation} {place}: {said}");
            }
        }
    }
}

#[test]
fn dsc_is_told_as_much_as_it_wants_to_hear() {
    let dsc = Dsc::new("levels");
    let mut properties = of_subject(&dsc.properties(), "pchat01.contoso.com");
    properties["subjects"][0]["source"] = json!("absent.pem");
    let input = serde_json::to_vec(&properties).unwrap();
    let arguments = ["dsc", "set"].map(str::to_owned);
    for (level, heard) in [
        ("ERROR", &[][..]),
        ("WARN", &["warn"]),
        ("INFO", &["warn", "info"]),
        ("DEBUG", &["warn", "info", "debug"]),
        ("TRACE", &["warn", "info", "debug"]),
    ] {
        let wrote = dsc.start_at(level, "same-ca", &arguments, &input);
        assert_eq!((wrote.code, wrote.lines.len()), (0, 2), "{level}");
        for one in ["warn", "info", "debug"] {
            let told = wrote.told.iter().any(|(told, _)| told == one);
            assert_eq!(told, heard.contains(&one), "{one} at {level}: {:?}", wrote.told);
        }
    }
}

#[test]
fn a_reference_document_can_stand_in_the_properties() {
    let dsc = Dsc::new("document");
    let mut reference = binary::same_ca(&["reference", "fe01/Default.pem", "fe02/Default.cer"]);
    reference.current_dir(&dsc.folder);
    let done = binary::run(reference, "");
    assert_eq!(done.code, 0, "{}", done.stderr);
    let document = done.json();
    let mut properties = of_subject(&dsc.properties(), "pchat01.contoso.com");
    properties["reference"] = json!([]);
    properties["referenceDocument"] = json!({"members": as_properties(&document["members"])});
    let (state, desired) = dsc.test(&properties);
    assert!(desired, "{}", state["reasons"]);
    assert_eq!(state["report"]["reference"]["members"].as_array().unwrap().len(), 2);
    assert_eq!(state["referenceDocument"], properties["referenceDocument"]);
}

#[test]
fn what_would_bring_the_desired_state_about_is_among_the_reasons() {
    let dsc = Dsc::new("hints");
    // The certificate for the CA's old key stands beside the member alone.
    let mut properties = of_subject(&dsc.properties(), "pchat01.contoso.com");
    properties["authorities"]
        .as_array_mut()
        .unwrap()
        .retain(|path| path.to_string().contains("Root CA"));
    properties["reference"] = json!([{"name": "fe01.contoso.com", "source": "fe01/Default.pem"}]);
    let (state, desired) = dsc.test(&properties);
    let reasons = state["reasons"].as_array().unwrap();
    assert!(!desired);
    let reason = reasons.iter().find(|reason| reason["code"] == "link-refused");
    let phrase = reason.unwrap_or_else(|| panic!("{reasons:?}"))["phrase"]
        .as_str()
        .unwrap();
    assert!(
        phrase.contains("What to do: ") && phrase.contains("to authorities"),
        "{phrase}"
    );
    // Once somebody does, there is nothing left to say.
    properties["authorities"] = dsc.properties()["authorities"].clone();
    let (state, desired) = dsc.test(&properties);
    assert!(desired && state["reasons"] == json!([]), "{}", state["reasons"]);
}

#[test]
fn get_and_test_warn_where_the_rule_is_not_kept() {
    let dsc = Dsc::new("warned");
    let mut properties = of_subject(&dsc.properties(), "pchat01.contoso.com");
    let warned = |properties: &Value, operation: &str| {
        let arguments = ["dsc", operation].map(str::to_owned);
        let wrote = dsc.start_at("WARN", "same-ca", &arguments, &serde_json::to_vec(properties).unwrap());
        wrote.told.iter().map(|(level, _)| level.clone()).collect::<Vec<_>>()
    };
    for operation in ["get", "test"] {
        assert!(warned(&properties, operation).is_empty(), "{operation}");
    }
    properties["subjects"][0]["source"] = json!("absent.pem");
    for operation in ["get", "test", "set"] {
        assert_eq!(warned(&properties, operation), ["warn"], "{operation}");
    }
}

#[test]
fn reasons_say_why_a_candidate_was_passed_over_and_which_it_was() {
    let dsc = Dsc::new("passed-over");
    let mut properties = of_subject(&dsc.enforce_properties(), "pchat02.contoso.com");
    fs::write(dsc.folder.join("wrong.pass"), "wrong").unwrap();
    properties["candidates"] = json!([{"path": "candidates/pchat02.pfx", "passwordFile": "wrong.pass"}]);
    let (state, _) = dsc.set(&properties, false);
    let reasons = state["reasons"].to_string();
    assert!(
        reasons.contains("candidates/pchat02.pfx") && reasons.contains("password"),
        "{reasons}"
    );
    assert!(
        !reasons.contains("candidate 0") && !reasons.contains("candidate 1"),
        "{reasons}"
    );
}

#[test]
fn a_relative_path_that_leads_nowhere_is_told_with_the_folder_that_was_searched() {
    let dsc = Dsc::new("relative");
    let mut properties = of_subject(&dsc.properties(), "pchat01.contoso.com");
    properties["subjects"][0]["source"] = json!("absent.pem");
    // On Windows the canonical form of a path is not the one that people write.
    let folder = match cfg!(windows) {
        true => std::path::absolute(&dsc.folder).unwrap(),
        false => fs::canonicalize(&dsc.folder).unwrap(),
    };
    let (state, _) = dsc.test(&properties);
    let reason = state["reasons"][0]["phrase"].as_str().unwrap();
    assert!(reason.contains(folder.to_str().unwrap()), "{reason}");
    properties["subjects"][0]["source"] = json!(folder.join("absent.pem").to_str().unwrap());
    let (state, _) = dsc.test(&properties);
    assert!(!state["reasons"].to_string().contains("looked for in"));
    // Whatever letters of its path are the name of something.
    properties["subjects"][0]["name"] = json!("s");
    let (state, _) = dsc.test(&properties);
    assert!(!state["reasons"].to_string().contains("looked for in"));
}

#[test]
fn services_to_restart_are_listed_once_something_was_installed() {
    let dsc = Dsc::new("restart");
    let mut properties = dsc.enforce_properties();
    properties["restartServices"] = json!(["RTCSRV", "W3SVC"]);
    let restart = json!([{"service": "RTCSRV"}, {"service": "W3SVC"}]);
    assert!(dsc.get(&properties).get("_restartRequired").is_none());
    let (state, _) = dsc.test(&properties);
    assert_eq!(state["restartServices"], properties["restartServices"]);
    assert!(state.get("_restartRequired").is_none());
    let (state, changed) = dsc.set(&properties, false);
    assert!(changed && state["_restartRequired"] == restart, "{state:#}");
    let (state, changed) = dsc.set(&properties, false);
    assert!(!changed && state.get("_restartRequired").is_none());
    properties["restartServices"] = json!("RTCSRV");
    let said = dsc.refused("test", &serde_json::to_vec(&properties).unwrap());
    assert!(said.contains("/restartServices"), "{said}");
}

#[test]
fn validate_says_what_is_wrong_and_where_in_the_words_of_the_properties() {
    let dsc = Dsc::new("validate");
    let properties = dsc.properties();
    assert_eq!(dsc.validate(&serde_json::to_vec(&properties).unwrap()), None);
    for (input, words) in [
        ("", "subjects"),
        ("{", "not JSON"),
        (r#"{"subjects":[]}"#, "at /subjects"),
        (r#"{"subjects":[{"name":"s","any_of":["x"]}]}"#, "anyOf"),
        (
            r#"{"subjects":[{"name":"s","source":{"path":"x","passwort":"y"}}]}"#,
            "passwort",
        ),
        (
            r#"{"subjects":[{"name":"s","source":"lync:Default"}]}"#,
            "SameCADsc/SameCACertificate",
        ),
    ] {
        let said = dsc
            .validate(input.as_bytes())
            .unwrap_or_else(|| panic!("{input} is valid"));
        assert!(said.contains(words), "{input}: {said}");
    }
}
