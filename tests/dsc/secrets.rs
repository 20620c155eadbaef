//! Secrets: taken in every form, written in none. Every call looks for them in all that it wrote.

use super::*;
use mint::Key;
use openssl::base64::encode_block;

#[test]
fn passwords_are_taken_plain_and_wrapped() {
    let dsc = Dsc::new("passwords");
    let properties = of_subject(&dsc.properties(), "pchat01.contoso.com");
    let plain = json!({"path": "pchat01/pchat01.pfx", "password": "contoso-1"});
    let string = json!({"path": "pchat01/pchat01.pfx", "password": {"secureString": "contoso-1"}});
    for source in [
        plain.clone(),
        string.clone(),
        json!({ "secureObject": plain }),
        json!({ "secureObject": string }),
    ] {
        let mut asked = properties.clone();
        asked["subjects"][0]["source"] = source.clone();
        let (state, desired) = dsc.test(&asked);
        assert!(desired, "{source}: {}", state["reasons"]);
        assert!(dsc.get(&asked)["status"] == "compliant");
        // In a list, and with a wrong one: what is said of it does not repeat it.
        let mut any = properties.clone();
        any["subjects"][0].as_object_mut().unwrap().remove("source");
        any["subjects"][0]["anyOf"] = json!([source]);
        assert!(dsc.test(&any).1);
        assert!(!dsc.export(&any).is_empty());
    }
}

#[test]
fn a_wrong_password_is_an_answer_that_does_not_repeat_it() {
    let mut dsc = Dsc::new("wrong-password");
    dsc.secrets.push("correct horse battery staple".into());
    let mut properties = of_subject(&dsc.properties(), "pchat01.contoso.com");
    for password in [
        json!("correct horse battery staple"),
        json!({"secureString": "correct horse battery staple"}),
    ] {
        properties["subjects"][0]["source"] = json!({"path": "pchat01/pchat01.pfx", "password": password});
        let (state, desired) = dsc.test(&properties);
        assert!(!desired && state["status"] == "undetermined");
    }
    // Nor does a refusal, wherever the secret stands by mistake.
    for source in [
        json!({"path": "x", "password": "correct horse battery staple", "pem": "y"}),
        json!({"path": {"secureString": "correct horse battery staple"}}),
        json!({"path": "x", "password": {"secureObject": {"a": "correct horse battery staple"}}}),
        json!({"secureObject": {"path": "x", "passwort": "correct horse battery staple"}}),
        json!({"path": "x", "password": ["correct horse battery staple"]}),
    ] {
        properties["subjects"][0]["source"] = source;
        dsc.refused("get", &serde_json::to_vec(&properties).unwrap());
    }
}

#[test]
fn inline_pkcs12_and_private_keys_are_read_and_not_shown() {
    let mut dsc = Dsc::new("inline");
    let pfx = encode_block(&fs::read(dsc.folder.join("pchat01/pchat01.pfx")).unwrap());
    let candidate = fs::read_to_string(dsc.folder.join("candidates/fe03-WebServicesExternal.pem")).unwrap();
    dsc.secrets.push(pfx[..64].to_owned());
    let key = Key::rsa(2048, "fe03").pkcs8_pem();
    let key_lines = key.lines().filter(|line| !line.starts_with("-----"));
    dsc.secrets.extend(key_lines.map(str::to_owned));
    dsc.secrets.push("PRIVATE KEY".into());
    assert!(candidate.contains(key.lines().nth(1).unwrap()));

    let all = dsc.properties();
    for pkcs12 in [json!(pfx), json!({ "secureString": pfx })] {
        let mut properties = of_subject(&all, "pchat01.contoso.com");
        properties["subjects"][0]["source"] = json!({"pkcs12": pkcs12, "password": {"secureString": "contoso-1"}});
        let (state, desired) = dsc.test(&properties);
        assert!(desired && state["subjects"][0]["source"] == json!({}));
        assert!(!dsc.export(&properties).is_empty());
    }
    for pem in [json!(candidate), json!({ "secureString": candidate })] {
        let mut properties = of_subject(&all, "fe03.contoso.com");
        properties["subjects"][0] = json!({"name": "fe03.contoso.com", "source": {"pem": pem}});
        let (state, desired) = dsc.test(&properties);
        assert!(desired, "{}", state["reasons"]);
        // Of a plain one the certificates are shown.
        let shown = state["subjects"][0]["source"]["pem"].as_str().unwrap_or_default();
        assert_eq!(
            shown.matches("BEGIN CERTIFICATE").count(),
            if pem.is_string() { 2 } else { 0 }
        );
        assert!(!dsc.export(&properties).is_empty());
    }
    // In a wrong place it is refused, without a word of it.
    for source in [
        json!(key),
        json!({ "path": key }),
        json!({"der": encode_block(key.as_bytes())}),
    ] {
        let mut properties = of_subject(&all, "fe03.contoso.com");
        properties["subjects"][0] = json!({"name": "fe03.contoso.com", "source": source});
        dsc.run("get", &serde_json::to_vec(&properties).unwrap(), false);
    }
}

#[test]
fn set_takes_secrets_in_every_form() {
    for (form, install, candidate) in [
        (
            "plain",
            json!("contoso-2"),
            json!({"path": "candidates/pchat02.pfx", "password": "contoso-3"}),
        ),
        (
            "string",
            json!({"secureString": "contoso-2"}),
            json!({"path": "candidates/pchat02.pfx", "password": {"secureString": "contoso-3"}}),
        ),
        (
            "object",
            json!({"secureString": "contoso-2"}),
            json!({"secureObject": {"path": "candidates/pchat02.pfx", "password": "contoso-3"}}),
        ),
    ] {
        let dsc = Dsc::new(&format!("set-{form}"));
        let mut properties = of_subject(&dsc.enforce_properties(), "pchat02.contoso.com");
        properties["subjects"][0]["install"] = json!({"pkcs12Path": "pchat02/pchat02.pfx", "password": install});
        if form == "object" {
            let install = properties["subjects"][0]["install"].take();
            properties["subjects"][0]["install"] = json!({ "secureObject": install });
        }
        properties["candidates"] = json!([candidate]);
        assert!(dsc.set(&properties, true).1, "{form}");
        let (state, changed) = dsc.set(&properties, false);
        assert!(
            changed && state["status"] == "compliant",
            "{form}: {}",
            state["reasons"]
        );
        assert!(dsc.test(&properties).1, "{form}");
    }
}
