//! The golden requests of `tests/powershell/golden`: what the module sends for given properties and given certificates
//! of the machine, and the answer. The Pester tests build the request from the properties and compare it; here the
//! request goes through the binary.
//!
//! What stands in braces is filled in on either side: `{der:right}` (base64), `{sha1:…}`, `{sha256:…}`, `{key:…}` (of its
//! public key) for the certificates `right`, `newer`, `keyless` (of the CA `ca`, for this host) and `wrong` (of another),
//! `{file:…}` for a path in a folder of the test's own, `{host}`, `{now}` and `{secret}`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::{CA_FUTURE, Ca, Cert, DAY, Key, NOW_TEXT, P12, PAST};
use serde_json::{Map, Value, json};

use super::repository;
use crate::support::assert_valid;
use crate::support::binary::{call, folder, write};

const HOST: &str = "pchat01.contoso.com";
const SECRET: &str = "contoso-4";
/// What a golden file may say.
const FIELDS: [&str; 8] = [
    "says",
    "properties",
    "store",
    "lync",
    "request",
    "check",
    "enforce",
    "foreseen",
];

/// The certificates that the golden requests speak of, and the files.
struct Machine {
    folder: PathBuf,
    certificates: BTreeMap<&'static str, Cert>,
    ca_key: String,
}

impl Machine {
    fn new(name: &str) -> Machine {
        let folder = folder(&format!("powershell-{name}"));
        let ca = Ca::root("CN=Contoso Issuing CA,DC=contoso,DC=com");
        let other = Ca::root("CN=Fabrikam CA,DC=fabrikam,DC=com");
        let issue = |ca: &Ca, label: &str, until: i64| {
            let server = ca.server(HOST).key(&Key::ec("P-256", label));
            server.eku(&["serverAuth", "clientAuth"]).validity(PAST, until).build()
        };
        let end = CA_FUTURE - 30 * DAY;
        let certificates = BTreeMap::from([
            ("ca", ca.cert.clone()),
            ("right", issue(&ca, "right", end)),
            ("newer", issue(&ca, "newer", end + DAY)),
            ("keyless", issue(&ca, "keyless", end)),
            ("wrong", issue(&other, "wrong", end)),
        ]);
        write(&folder, "ca.cer", ca.cert.der());
        write(&folder, "right.cer", certificates["right"].der());
        for (file, who) in [("newer.pfx", "newer"), ("subject.pfx", "right")] {
            let p12 = P12::legacy(SECRET).certs(&[&certificates[who], &ca.cert]);
            write(&folder, file, p12.key(&Key::ec("P-256", who)).build());
        }
        let (reference, authority) = (folder.join("right.cer"), folder.join("ca.cer"));
        let arguments = [
            "reference",
            reference.to_str().unwrap(),
            "--authority",
            authority.to_str().unwrap(),
        ];
        let document = call(&arguments, "");
        assert_eq!(document.code, 0, "{}", document.stderr);
        write(&folder, "reference.json", &document.stdout);
        let inspected = call(&["inspect", "--format", "json", authority.to_str().unwrap()], "").json();
        let ca_key = find(&inspected, "key_sha256").unwrap();
        Machine {
            folder,
            certificates,
            ca_key,
        }
    }

    /// A golden value with what stands in braces filled in, keys of objects too.
    fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.fill_text(text).into(),
            Value::Array(list) => list.iter().map(|item| self.fill(item)).collect(),
            Value::Object(map) => map
                .iter()
                .map(|(name, value)| (self.fill_text(name), self.fill(value)))
                .collect::<Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }

    fn fill_text(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (word, after) = after.split_once('}').unwrap_or_else(|| panic!("an open brace: {text}"));
            filled += before;
            filled += &self.word(word);
            rest = after;
        }
        filled + rest
    }

    fn word(&self, word: &str) -> String {
        let (kind, what) = word.split_once(':').unwrap_or((word, ""));
        let certificate = || self.certificates.get(what).unwrap_or_else(|| panic!("{word}"));
        match kind {
            "host" => HOST.to_owned(),
            "now" => NOW_TEXT.to_owned(),
            "secret" => SECRET.to_owned(),
            "file" => self.folder.join(what).to_str().unwrap().to_owned(),
            "der" => STANDARD.encode(certificate().der()),
            "sha1" => certificate().sha1().to_uppercase(),
            "sha256" => certificate().sha256(),
            "key" if what == "ca" => self.ca_key.clone(),
            _ => panic!("nothing is filled in for {word}"),
        }
    }
}

/// The first value of a name, anywhere.
fn find(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Array(list) => list.iter().find_map(|item| find(item, name)),
        Value::Object(map) => match map.get(name).and_then(Value::as_str) {
            Some(found) => Some(found.to_owned()),
            None => map.values().find_map(|value| find(value, name)),
        },
        _ => None,
    }
}

/// The errors and doubts of a report: codes by the name of what they are about, as the Pester tests gather them.
fn findings(report: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let reference = &report["reference"];
    let named = |entry: &Value| (entry["name"].as_str().unwrap().to_owned(), entry["findings"].clone());
    let members = reference["members"].as_array().unwrap().iter().map(named);
    let subjects = report["subjects"].as_array().unwrap().iter().map(named);
    let all = std::iter::once(("reference".to_owned(), reference["findings"].clone()));
    for (name, list) in all.chain(members).chain(subjects) {
        for finding in list.as_array().unwrap() {
            if ["error", "doubt"].contains(&finding["severity"].as_str().unwrap()) {
                let code = finding["code"].as_str().unwrap().to_owned();
                found.entry(name.clone()).or_default().insert(code);
            }
        }
    }
    found
}

fn golden() -> Vec<(String, Value)> {
    let mut files: Vec<PathBuf> = fs::read_dir(repository("tests/powershell/golden"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let golden: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        for field in golden.as_object().unwrap().keys() {
            assert!(FIELDS.contains(&field.as_str()), "{name}: {field}");
        }
        (name, golden)
    };
    files.iter().map(read).collect()
}

#[test]
fn every_request_that_the_module_builds_is_answered_as_the_pester_tests_expect() {
    let golden = golden();
    assert!(golden.len() >= 30, "{}", golden.len());
    let mut wrong = Vec::new();
    for (name, golden) in golden {
        let machine = Machine::new(&name);
        let request = machine.fill(&golden["request"]);
        let expected = machine.fill(&golden["check"]);
        let ran = call(&["check"], request.to_string());
        assert!(!ran.stderr.contains(SECRET) && !ran.text().contains(SECRET), "{name}");
        if let Some(code) = expected["refused"].as_str() {
            let (got, pointer, message) = ran.error();
            assert_eq!(got, code, "{name}: {message}");
            assert!(pointer.is_some(), "{name}");
            continue;
        }
        assert_valid("request", &request);
        let report = ran.json();
        assert_valid("report", &report);
        for carried in ["requirement", "host", "collected_at"] {
            assert_eq!(report[carried], request[carried], "{name}");
        }
        let got = json!({"status": report["status"], "findings": findings(&report)});
        let expected_findings: BTreeMap<String, BTreeSet<String>> =
            serde_json::from_value(expected["findings"].clone()).unwrap();
        if got != json!({"status": expected["status"], "findings": expected_findings}) {
            wrong.push(format!("{name}: expected {expected:#}\ngot {got:#}"));
        }
        // Files are installed on Unix.
        let installs = !name.starts_with("path-install") || cfg!(unix);
        if let Some(actions) = golden.get("enforce").filter(|_| installs) {
            let got = enforce(&request);
            if got != machine.fill(actions) {
                wrong.push(format!("{name}: enforce gave {got:#}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The actions of a run, in the fields that the module reads.
fn enforce(request: &Value) -> Value {
    let report = call(&["enforce"], request.to_string()).json();
    assert_valid("report", &report);
    let candidates = request["candidates"].as_array().unwrap();
    let actions = report["actions"].as_array().unwrap();
    let read = |action: &Value| {
        // The module looks the source up by this index.
        assert!((action["candidate"].as_u64().unwrap() as usize) < candidates.len());
        let kept = ["action", "by", "subject", "use", "certificate"];
        let fields = kept
            .iter()
            .filter_map(|field| Some((*field, action.get(*field)?.clone())));
        Value::from_iter(fields)
    };
    actions.iter().map(read).collect()
}

#[test]
fn what_the_module_carries_out_is_compliant_the_next_time_and_then_nothing_is_done() {
    for (name, golden) in golden() {
        let chosen = match golden["enforce"].as_array().and_then(|actions| actions.first()) {
            Some(action) if action["by"] == "caller" => action,
            _ => continue,
        };
        let machine = Machine::new(&format!("{name}-after"));
        let mut request = machine.fill(&golden["request"]);
        let sha256 = machine.fill(&chosen["certificate"]);
        let who = machine
            .certificates
            .iter()
            .find(|(_, certificate)| sha256 == certificate.sha256())
            .unwrap()
            .0;
        let held = json!({"der": machine.word(&format!("der:{who}")), "private_key": true});
        // The place, as the module reads it again: a store has one more, a use has another, and what was staged is gone.
        let mut subject = request["subjects"][0].clone();
        match subject.get_mut("any_of") {
            Some(any_of) if chosen.get("use").is_none() => any_of.as_array_mut().unwrap().push(held),
            _ => {
                subject.as_object_mut().unwrap().remove("any_of");
                subject["source"] = held;
            }
        }
        request["subjects"] = json!([subject]);
        let report = call(&["check"], request.to_string()).json();
        assert_eq!(report["status"], "compliant", "{name}: {report:#}");
        assert_eq!(enforce(&request), json!([]), "{name}");
    }
}

#[test]
fn what_check_mode_foresees_is_what_the_run_brings_about() {
    let mut seen = 0;
    for (name, golden) in golden() {
        let by_caller = |action: &Value| action["by"] == "caller";
        let chosen = golden["enforce"]
            .as_array()
            .is_some_and(|actions| actions.iter().any(by_caller));
        assert_eq!(golden.get("foreseen").is_some(), chosen, "{name}");
        if !chosen {
            continue;
        }
        let machine = Machine::new(&format!("{name}-foreseen"));
        let mut request = machine.fill(&golden["request"]);
        request["subjects"] = machine.fill(&golden["foreseen"]);
        let report = call(&["enforce", "--what-if"], request.to_string()).json();
        assert_valid("report", &report);
        assert_eq!(report["status"], "compliant", "{name}: {report:#}");
        assert_eq!(report["actions"], json!([]), "{name}");
        // The certificate that a diff shows is the one that was chosen.
        let sha256 = machine.fill(&golden["enforce"][0]["certificate"]);
        assert_eq!(report["subjects"][0]["certificate"]["sha256"], sha256, "{name}");
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn a_golden_request_that_is_not_what_the_binary_takes_is_noticed() {
    let machine = Machine::new("planted");
    let (_, golden) = golden().into_iter().find(|(name, _)| name == "store-other-ca").unwrap();
    let mut request = machine.fill(&golden["request"]);
    let wrong = findings(&call(&["check"], request.to_string()).json());
    assert_eq!(wrong.len(), 1);
    request["subjects"][0]["source"] = json!({"der": machine.word("der:right"), "private_key": true});
    assert!(findings(&call(&["check"], request.to_string()).json()).is_empty());
    request["subjects"][0]["thumbprint"] = json!("00");
    let (code, pointer, _) = call(&["check"], request.to_string()).error();
    assert_eq!(
        (code.as_str(), pointer.as_deref()),
        ("bad-request", Some("/subjects/0/thumbprint"))
    );
    assert!(Path::new(&machine.word("file:ca.cer")).exists());
}
