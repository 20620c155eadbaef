//! A run that is killed, or told of a failure, at each of its system calls on the folder of the place.
//!
//! `strace` lists these calls and then injects the fault, one run for each call.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use openssl::pkcs12::Pkcs12;
use serde_json::Value;

use super::*;

/// Runs at once: the machine has few cores, and each run mostly waits for the tracer.
const THREADS: usize = 4;
/// The failures that a file system gives.
const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EROFS", "EACCES"];

type Contents = BTreeMap<String, Vec<u8>>;

/// One call on the folder: its name, and the how manieth of its name it is.
#[derive(Debug, Clone)]
struct Call {
    name: String,
    number: usize,
    line: String,
}

/// A place before a run, in folders of their own for each run.
struct Fixture {
    scene: Scene,
    request: Value,
    old: Contents,
}

impl Fixture {
    fn new(scene: Scene, request: Value) -> Fixture {
        let old = scene.files();
        Fixture { scene, request, old }
    }

    /// A fresh folder with the old files, and the request for it. The name has the same length for all.
    fn fresh(&self, number: usize) -> (String, Value) {
        let folder = self.scene.text(&format!("run-{number:05}"));
        fs::create_dir_all(&folder).unwrap();
        for (name, content) in &self.old {
            let path = format!("{folder}/{name}");
            fs::write(&path, content).unwrap();
            set_mode(path.as_ref(), 0o600);
        }
        let text = self
            .request
            .to_string()
            .replace(&self.scene.text("place/"), &format!("{folder}/"));
        (folder, serde_json::from_str(&text).unwrap())
    }
}

fn files(folder: &str) -> Contents {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

/// The binary under strace, or by itself.
fn execute(tracer: &[&str], request: &Value) -> Output {
    let binary = env!("CARGO_BIN_EXE_same-ca");
    let (program, arguments) = match tracer.split_first() {
        Some((program, arguments)) => (*program, [arguments, &[binary]].concat()),
        None => (binary, vec![]),
    };
    let mut child = Command::new(program)
        .args(arguments)
        .args(["enforce", "--format", "json"])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A run that was killed reads no more.
    let _ = child.stdin.take().unwrap().write_all(request.to_string().as_bytes());
    child.wait_with_output().unwrap()
}

fn can_trace() -> bool {
    let ran = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "true"])
        .output();
    let able = ran.is_ok_and(|output| output.status.success());
    if !able {
        eprintln!("NOT RUN: killing enforce at each of its system calls (needs strace, and the right to trace)");
    }
    able
}

/// Every call that a whole run makes on the folder, in order.
fn calls(fixture: &Fixture) -> Vec<Call> {
    let (folder, request) = fixture.fresh(99_999);
    let trace = fixture.scene.text("trace");
    let output = execute(&["strace", "-f", "-y", "-o", &trace], &request);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["status"], "compliant", "{report:#}");
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in fs::read_to_string(&trace).unwrap().lines() {
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let Some((name, arguments)) = line.split_once('(') else {
            continue;
        };
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            continue;
        }
        let number = numbers.entry(name.to_owned()).or_default();
        *number += 1;
        let streams = arguments.starts_with("0<") || arguments.starts_with("1<");
        if arguments.contains(&folder) && !streams && name != "execve" {
            calls.push(Call {
                name: name.to_owned(),
                number: *number,
                line: line.to_owned(),
            });
        }
    }
    assert!(
        calls.iter().filter(|call| call.name.starts_with("rename")).count() >= 2,
        "{calls:#?}"
    );
    assert!(calls.iter().any(|call| call.name == "fsync"), "{calls:#?}");
    calls
}

/// Runs each of the jobs, some at once.
fn all<T: Sync>(jobs: &[T], run: impl Fn(usize, &T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    run(index, job);
                }
            });
        }
    });
}

fn inject(call: &Call, what: &str) -> String {
    format!("inject={}:{what}:when={}", call.name, call.number)
}

fn hidden(files: &Contents) -> Vec<&String> {
    files.keys().filter(|name| name.starts_with('.')).collect()
}

/// The next run, and the one after it: the desired state, and then no change.
fn assert_mended(folder: &str, request: &Value, is_new: &dyn Fn(&Contents) -> bool, call: &Call) {
    let next = execute(&[], request);
    let report: Value = serde_json::from_slice(&next.stdout).unwrap();
    assert_eq!(report["status"], "compliant", "after {call:?}: {report:#}");
    let mended = files(folder);
    assert!(is_new(&mended), "after {call:?}: {:?}", mended.keys());
    assert!(hidden(&mended).is_empty(), "after {call:?}: {:?}", mended.keys());
    let again: Value = serde_json::from_slice(&execute(&[], request).stdout).unwrap();
    assert_eq!(
        (&again["changed"], &again["status"]),
        (&Value::from(false), &Value::from("compliant"))
    );
    assert_eq!(files(folder), mended, "after {call:?}");
}

/// Kills a run at each call: `is_new` tells the new files; the old ones are known by their bytes.
fn killed_everywhere(fixture: &Fixture, is_new: &(dyn Fn(&Contents) -> bool + Sync), certificate: &str) {
    let calls = calls(fixture);
    let between = AtomicUsize::new(0);
    all(&calls, |index, call| {
        let (folder, request) = fixture.fresh(index);
        let inject = inject(call, "signal=KILL");
        let output = execute(&["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject], &request);
        assert_eq!(output.status.signal(), Some(9), "killed at {call:?}");
        let left = files(&folder);
        let old = fixture
            .old
            .iter()
            .all(|(name, content)| left.get(name) == Some(content));
        let new = is_new(&left);
        if !old && !new {
            // Between two renames the names disagree, and everything is there beside them.
            between.fetch_add(1, Ordering::Relaxed);
            assert!(
                left.contains_key(&format!(".{certificate}.same-ca-journal")),
                "{call:?}: {:?}",
                left.keys()
            );
            for (name, content) in &fixture.old {
                let saved = left.get(&format!(".{name}.same-ca-old"));
                assert_eq!(saved, Some(content), "the old {name} is whole, after {call:?}");
            }
            let mut finished = left.clone();
            for name in fixture.old.keys() {
                if let Some(staged) = left.get(&format!(".{name}.same-ca-new")) {
                    finished.insert(name.clone(), staged.clone());
                }
            }
            assert!(is_new(&finished), "the new files are whole, after {call:?}");
        }
        assert_mended(&folder, &request, is_new, call);
    });
    let expected = fixture.old.len() > 1;
    assert_eq!(
        between.into_inner() > 0,
        expected,
        "the moment between two renames was met"
    );
    eprintln!("killed at each of {} system calls on the folder", calls.len());
}

/// Fails each call in each way.
fn failed_everywhere(fixture: &Fixture, errors: &[&str], is_new: &(dyn Fn(&Contents) -> bool + Sync)) {
    let calls = calls(fixture);
    let jobs: Vec<(&Call, &str)> = calls
        .iter()
        .flat_map(|call| errors.iter().map(move |error| (call, *error)))
        .collect();
    all(&jobs, |index, (call, error)| {
        let (folder, request) = fixture.fresh(index);
        let inject = inject(call, &format!("error={error}"));
        let output = execute(&["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject], &request);
        assert!(output.status.success(), "{error} at {call:?}: {output:?}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let codes = codes(&report, 0);
        let left = files(&folder);
        if is_new(&left) {
            assert_eq!(report["changed"], true, "{error} at {call:?}: {report:#}");
            let said = codes.iter().any(|code| code == "leftover-file");
            assert!(
                hidden(&left).is_empty() || said,
                "{error} at {call:?}: {:?}",
                left.keys()
            );
        } else {
            assert_eq!(
                left, fixture.old,
                "{error} at {call:?}: the old files are whole, and alone"
            );
            assert_eq!(report["changed"], false, "{error} at {call:?}");
            let said = codes
                .iter()
                .any(|code| code == "install-refused" || code == "install-failed");
            assert!(
                said && report["status"] == "noncompliant",
                "{error} at {call:?}: {codes:?}"
            );
        }
        assert_mended(&folder, &request, is_new, call);
    });
    eprintln!(
        "failed at each of {} system calls on the folder, in {} ways",
        calls.len(),
        errors.len()
    );
}

fn pair() -> (Fixture, impl Fn(&Contents) -> bool + Sync) {
    let scene = Scene::new().with_bad_pair();
    let (cert, key) = scene.good("new", FUTURE);
    let pem = (cert.pem() + &scene.ca.cert.pem()).into_bytes();
    let key = key.pkcs8_pem().into_bytes();
    let is_new = move |files: &Contents| files.get("www.pem") == Some(&pem) && files.get("www.key") == Some(&key);
    let request = scene.pair();
    (Fixture::new(scene, request), is_new)
}

#[test]
fn a_run_that_is_killed_anywhere_leaves_both_pairs_and_the_next_one_ends_as_wanted() {
    if !can_trace() {
        return;
    }
    let (fixture, is_new) = pair();
    killed_everywhere(&fixture, &is_new, "www.pem");
}

#[test]
fn a_failure_anywhere_leaves_the_old_pair_whole_and_is_said() {
    if !can_trace() {
        return;
    }
    let (fixture, is_new) = pair();
    failed_everywhere(&fixture, &ERRORS, &is_new);
}

#[test]
fn a_pkcs12_file_with_a_backup_withstands_the_same() {
    if !can_trace() {
        return;
    }
    let scene = Scene::new().with_bad_pair();
    fs::remove_file(scene.path("place/www.pem")).unwrap();
    fs::remove_file(scene.path("place/www.key")).unwrap();
    let mut request = scene.pkcs12();
    request["subjects"][0]["install"]["backup"] = Value::from(true);
    let fixture = Fixture::new(scene, request);
    let cert = fixture.scene.good("new", FUTURE).0.der().to_vec();
    let is_new = |files: &Contents| {
        let parsed = files.get("www.pfx").and_then(|file| Pkcs12::from_der(file).ok());
        let parsed = parsed.and_then(|file| file.parse2("hunter2").ok());
        parsed
            .and_then(|parsed| parsed.cert)
            .is_some_and(|found| found.to_der().unwrap() == cert)
    };
    killed_everywhere(&fixture, &is_new, "www.pfx");
    failed_everywhere(&fixture, &["EIO"], &is_new);
}
