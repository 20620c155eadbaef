//! The DSC resource, called as DSC calls it: by its manifest, with what the schema allows on standard input, and with
//! what is written checked against the schema.

mod examples;
mod export;
mod manifest;
mod operations;
mod secrets;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use mint::Estate;
use serde_json::{Map, Value, json};

use crate::support::binary;

/// Plays the part of DSC in a folder of its own, which holds the manifest and Contoso's estate.
struct Dsc {
    folder: PathBuf,
    manifest: Value,
    schema: jsonschema::Validator,
    /// What may stand in nothing that is written.
    secrets: Vec<String>,
    estate: Estate,
}

/// What a resource wrote.
struct Wrote {
    code: i32,
    lines: Vec<Value>,
    /// Level and text.
    told: Vec<(String, String)>,
    /// What is no JSON: DSC repeats it in the error that ends its run.
    plain: Vec<String>,
}

impl Dsc {
    fn new(test: &str) -> Dsc {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("dsc-{test}"));
        let _ = fs::remove_dir_all(&folder);
        let estate = Estate::lync(&folder).unwrap();
        let manifest = repository().join("dsc/same_ca.dsc.resource.json");
        fs::copy(&manifest, folder.join("same_ca.dsc.resource.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
        let schema = jsonschema::draft202012::new(&manifest["schema"]["embedded"]).unwrap();
        let secrets = ["contoso-1", "contoso-2", "contoso-3"].map(str::to_owned).to_vec();
        Dsc {
            folder,
            manifest,
            schema,
            secrets,
            estate,
        }
    }

    /// The properties that ask what the estate's own request asks.
    fn properties(&self) -> Value {
        as_properties(&self.estate.request)
    }

    /// The same for `enforce.json`.
    fn enforce_properties(&self) -> Value {
        let request = fs::read(self.folder.join("enforce.json")).unwrap();
        as_properties(&serde_json::from_slice(&request).unwrap())
    }

    fn assert_valid(&self, what: &str, instance: &Value) {
        let errors: Vec<String> = self
            .schema
            .iter_errors(instance)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{what}:\n{}\n{instance:#}", errors.join("\n"));
    }

    /// Runs what the manifest says for an operation, whatever comes of it.
    fn run(&self, operation: &str, input: &[u8], what_if: bool) -> Wrote {
        let method = &self.manifest[operation];
        assert_eq!(method["input"], "stdin", "{operation}");
        let mut arguments = Vec::new();
        for argument in method["args"].as_array().unwrap() {
            match (argument.as_str(), argument["whatIfArg"].as_str()) {
                (Some(argument), _) => arguments.push(argument.to_owned()),
                (None, Some(argument)) if what_if => arguments.push(argument.to_owned()),
                (None, argument) => assert!(argument.is_some(), "{argument:?} of {operation}"),
            }
        }
        self.start(method["executable"].as_str().unwrap(), &arguments, input)
    }

    fn start(&self, executable: &str, arguments: &[String], input: &[u8]) -> Wrote {
        self.start_at("TRACE", executable, arguments, input)
    }

    /// Runs a resource for a DSC that wants to hear this much.
    fn start_at(&self, level: &str, executable: &str, arguments: &[String], input: &[u8]) -> Wrote {
        let binary = Path::new(env!("CARGO_BIN_EXE_same-ca"));
        let mut command = Command::new(executable);
        command
            .args(arguments)
            .current_dir(&self.folder)
            // By its name, on PATH.
            .env("PATH", binary.parent().unwrap())
            .env("DSC_TRACE_LEVEL", level)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = binary::spawn(&mut command).unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // DSC fails where a resource does not read all of it.
        let writing = thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        writing.join().unwrap().expect("standard input is read to its end");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        self.assert_no_secret("standard output", stdout.as_bytes());
        self.assert_no_secret("standard error", stderr.as_bytes());
        assert!(stdout.is_empty() || stdout.ends_with('\n'));
        let is_json = |line: &&str| serde_json::from_str::<Value>(line).is_ok();
        let (json, plain): (Vec<&str>, Vec<&str>) = stderr.lines().partition(is_json);
        let told = json.into_iter().map(|line| {
            let object: Map<String, Value> = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            let (level, text) = object.into_iter().next().unwrap();
            assert!(
                ["error", "warn", "info", "debug", "trace"].contains(&level.as_str()),
                "{line}"
            );
            (level, text.as_str().unwrap().to_owned())
        });
        Wrote {
            code: output.status.code().unwrap(),
            told: told.collect(),
            plain: plain.into_iter().map(str::to_owned).collect(),
            lines: stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        }
    }

    fn assert_no_secret(&self, place: &str, written: &[u8]) {
        for secret in &self.secrets {
            let found = written.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in {place}: {}", String::from_utf8_lossy(written));
        }
    }

    /// An operation that must be answered: what goes in and what comes out fit the schema.
    fn call(&self, operation: &str, properties: &Value, what_if: bool) -> Vec<Value> {
        self.assert_valid("what is asked", properties);
        let wrote = self.run(operation, &serde_json::to_vec(properties).unwrap(), what_if);
        assert_eq!(wrote.code, 0, "{operation}: {:?}", wrote.told);
        let states = match self.manifest[operation]["return"].as_str() {
            Some("stateAndDiff") => 1,
            _ => wrote.lines.len(),
        };
        for state in &wrote.lines[..states] {
            self.assert_valid(operation, state);
            // DSC has what a resource wrote looked at by the resource.
            assert_eq!(self.validate(&serde_json::to_vec(state).unwrap()), None, "{state}");
        }
        wrote.lines
    }

    fn get(&self, properties: &Value) -> Value {
        let lines = self.call("get", properties, false);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].get("_inDesiredState").is_none());
        lines.into_iter().next().unwrap()
    }

    /// The state, and whether DSC takes it for the desired one: by the word and by the difference alike.
    fn test(&self, properties: &Value) -> (Value, bool) {
        let mut lines = self.call("test", properties, false);
        assert_eq!(lines.len(), 2);
        let differing = lines.pop().unwrap();
        let state = lines.pop().unwrap();
        let desired = state["_inDesiredState"].as_bool().unwrap();
        assert_eq!(differing, if desired { json!([]) } else { json!(["status"]) });
        (state, desired)
    }

    /// The state, and whether something was changed. What stood before it DSC learns from get.
    fn set(&self, properties: &Value, what_if: bool) -> (Value, bool) {
        self.get(properties);
        let before = self.files();
        let mut lines = self.call("set", properties, what_if);
        assert_eq!(lines.len(), 2);
        for (path, content) in self.files() {
            if !before.contains(&(path.clone(), content.clone())) {
                assert!(!what_if, "{}", path.display());
                self.assert_no_secret(&path.display().to_string(), &content);
            }
        }
        let differing = lines.pop().unwrap();
        let state = lines.pop().unwrap();
        assert!(state.get("_inDesiredState").is_none());
        let changed = state["report"]["changed"].as_bool().unwrap();
        assert_eq!(differing, if changed { json!(["status"]) } else { json!([]) });
        (state, changed)
    }

    fn export(&self, properties: &Value) -> Vec<Value> {
        let instances = self.call("export", properties, false);
        for instance in &instances {
            exported(instance).expect("DSC exports it");
        }
        instances
    }

    /// What is said of properties: nothing if they can be asked.
    fn validate(&self, input: &[u8]) -> Option<String> {
        let wrote = self.run("validate", input, false);
        assert_eq!((wrote.code, wrote.lines.len()), (0, 1), "{:?}", wrote.told);
        let answer = &wrote.lines[0];
        match answer["valid"].as_bool().unwrap() {
            true => None,
            false => Some(answer["reason"].as_str().unwrap().to_owned()),
        }
    }

    /// An operation that cannot be answered: why not.
    fn refused(&self, operation: &str, input: &[u8]) -> String {
        let wrote = self.run(operation, input, false);
        assert_ne!(wrote.code, 0);
        assert!(wrote.lines.is_empty(), "{:?}", wrote.lines);
        let errors: Vec<_> = wrote.told.into_iter().filter(|(level, _)| level == "error").collect();
        assert_eq!(errors.len(), 1, "{errors:?}");
        let said = errors.into_iter().next().unwrap().1;
        assert_eq!(wrote.plain, [format!("same-ca: {said}")], "DSC's own error repeats it");
        said
    }

    /// Every file of the folder with its content.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut folders = vec![self.folder.clone()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push((path.clone(), fs::read(path).unwrap())),
                }
            }
        }
        files.sort();
        files
    }
}

/// The properties of an exported instance as DSC writes them into a configuration: it refuses lists in lists
/// (configure/mod.rs, `escape_property_values`).
fn exported(instance: &Value) -> Result<(), String> {
    match instance {
        Value::Object(map) => map.values().try_for_each(exported),
        Value::Array(list) => list.iter().try_for_each(|element| match element {
            Value::Array(_) => Err("Nested arrays not supported".to_owned()),
            other => exported(other),
        }),
        _ => Ok(()),
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// A request as properties: its names in camelCase, by other means than the program's.
fn as_properties(request: &Value) -> Value {
    match request {
        Value::Array(list) => list.iter().map(as_properties).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| {
                let mut parts = name.split('_');
                let first = parts.next().unwrap().to_owned();
                let rest = parts.map(|part| part[..1].to_uppercase() + &part[1..]);
                let value = if name == "severity" {
                    value.clone()
                } else {
                    as_properties(value)
                };
                (first + &rest.collect::<String>(), value)
            })
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// One subject of the properties.
fn subject(properties: &Value, name: &str) -> Value {
    let subjects = properties["subjects"].as_array().unwrap();
    subjects.iter().find(|subject| subject["name"] == name).unwrap().clone()
}

/// The same properties with one subject alone.
fn of_subject(properties: &Value, name: &str) -> Value {
    let mut alone = properties.clone();
    alone["subjects"] = json!([subject(properties, name)]);
    alone
}
