//! A run that is killed, or told of a failure, at each of its system calls on the folder of the place.
//!
//! `strace` lists these calls and then injects the fault, one run for each call.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use openssl::pkcs12::Pkcs12;
use serde_json::Value;

use super::*;
use crate::support::not_run;

/// Runs at once: the machine has few cores, and each run mostly waits for the tracer.
const THREADS: usize = 4;
/// The failures that a file system gives.
const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EROFS", "EACCES"];

/// Files by their path below the folder, a hidden one's under `.name` too.
type Contents = BTreeMap<String, Vec<u8>>;

/// One call on the folder: its name, the how manieth of its name it is, and how strace wrote it.
#[derive(Debug, Clone)]
#[expect(dead_code, reason = "the line is for who reads a failure")]
struct Call {
    name: String,
    number: usize,
    line: String,
}

/// A place before a run, in a folder of its own for each run.
struct Fixture {
    scene: Scene,
    request: Value,
    old: Contents,
    made: AtomicUsize,
    mended: Mutex<BTreeSet<String>>,
}

impl Fixture {
    fn new(scene: Scene, request: Value) -> Fixture {
        let old = files(&scene.text("place"));
        Fixture {
            scene,
            request,
            old,
            made: AtomicUsize::new(0),
            mended: Mutex::default(),
        }
    }

    /// A fresh folder with the old files, and the request for it. The name has the same length for all.
    fn fresh(&self) -> (String, Value) {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let folder = self.scene.text(&format!("run-{number:05}"));
        for (name, content) in &self.old {
            let path = PathBuf::from(format!("{folder}/{name}"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            set_mode(&path, 0o600);
        }
        let text = self
            .request
            .to_string()
            .replace(&self.scene.text("place/"), &format!("{folder}/"));
        (folder, serde_json::from_str(&text).unwrap())
    }

    /// Whether what a run left, its files and their modes, is what none has left yet.
    fn is_news(&self, folder: &str) -> bool {
        let described = |(name, content): (&String, &Vec<u8>)| {
            let content = String::from_utf8_lossy(content).replace(folder, "");
            format!("{name} {:o} {content}", mode(format!("{folder}/{name}").as_ref()))
        };
        let described: Vec<String> = files(folder).iter().map(described).collect();
        self.mended.lock().unwrap().insert(described.join("\n"))
    }
}

fn files(folder: &str) -> Contents {
    let mut found = Contents::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            let below = files(path.to_str().unwrap()).into_iter();
            found.extend(below.map(|(inner, content)| (format!("{name}/{inner}"), content)));
        } else {
            found.insert(name, fs::read(path).unwrap());
        }
    }
    found
}

/// The path of what lies beside a file while it is replaced.
fn beside(name: &str, what: &str) -> String {
    match name.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/.{name}.same-ca-{what}"),
        None => format!(".{name}.same-ca-{what}"),
    }
}

/// The binary under strace, or by itself.
fn execute(tracer: &[&str], more: &[&str], request: &Value) -> Output {
    let binary = env!("CARGO_BIN_EXE_same-ca");
    let (program, arguments) = match tracer.split_first() {
        Some((program, arguments)) => (*program, [arguments, &[binary]].concat()),
        None => (binary, vec![]),
    };
    let mut child = Command::new(program)
        .args(arguments)
        .args(["enforce", "--format", "json"])
        .args(more)
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
        not_run("enforce killed and failing at each of its system calls (needs strace, and the right to trace)");
    }
    able
}

/// Every call that a whole run makes on the folder, in order.
fn calls(fixture: &Fixture) -> Vec<Call> {
    let (folder, request) = fixture.fresh();
    let trace = fixture.scene.text("trace");
    let output = execute(&["strace", "-f", "-y", "-o", &trace], &[], &request);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = parsed(&output);
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
fn all<T: Sync>(jobs: &[T], run: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    run(job);
                }
            });
        }
    });
}

/// The binary, with a fault at one of its calls. A call that is not on the folder after all fails the test.
fn injected(call: &Call, fault: &str, folder: &str, request: &Value) -> Output {
    let trace = format!("{folder}.trace");
    let only = format!("trace={}", call.name);
    let (fault, onwards) = match fault.strip_suffix(":for good") {
        Some(fault) => (fault, "+"),
        None => (fault, ""),
    };
    let inject = format!("inject={}:{fault}:when={}{onwards}", call.name, call.number);
    let mut tracer = vec!["strace", "-f", "-qq", "-y", "-o", &trace, "-e", &only, "-e", &inject];
    if !fault.starts_with("signal") {
        // Other calls then run at full speed; a signal is not delivered so.
        tracer.push("--seccomp-bpf");
    }
    let output = execute(&tracer, &[], request);
    let lines = fs::read_to_string(&trace).unwrap();
    let mut lines = lines.lines().filter(|line| !line.contains("+++"));
    let hit = match fault.starts_with("signal") {
        true => lines.next_back(),
        false => lines.find(|line| line.ends_with("(INJECTED)")),
    };
    assert!(
        hit.is_some_and(|line| line.contains(folder)),
        "{call:?} was met at {hit:?}"
    );
    output
}

fn hidden(files: &Contents) -> Vec<&String> {
    let is_hidden = |name: &&String| name.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
    files.keys().filter(is_hidden).collect()
}

fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The next run, as foretold: the desired state. And the one after it: no change. What was left once like this is not
/// tried again.
fn assert_mended(fixture: &Fixture, folder: &str, request: &Value, is_new: &dyn Fn(&Contents) -> bool, call: &Call) {
    if !fixture.is_news(folder) {
        return;
    }
    let left = files(folder);
    let foretold = parsed(&execute(&[], &["--what-if"], request));
    assert_eq!(files(folder), left, "what-if touches nothing, after {call:?}");
    let report = parsed(&execute(&[], &[], request));
    assert_eq!(foretold, report, "after {call:?}");
    assert_eq!(report["status"], "compliant", "after {call:?}: {report:#}");
    let mended = files(folder);
    assert!(is_new(&mended), "after {call:?}: {:?}", mended.keys());
    assert!(hidden(&mended).is_empty(), "after {call:?}: {:?}", mended.keys());
    let again = parsed(&execute(&[], &[], request));
    assert_eq!(
        (&again["changed"], &again["status"]),
        (&Value::from(false), &Value::from("compliant"))
    );
    assert_eq!(files(folder), mended, "after {call:?}");
}

/// Between two renames the names disagree, and everything is there beside them.
fn assert_both_are_there(
    fixture: &Fixture,
    left: &Contents,
    is_new: &dyn Fn(&Contents) -> bool,
    certificate: &str,
    call: &Call,
) {
    assert!(
        left.contains_key(&beside(certificate, "journal")),
        "{call:?}: {:?}",
        left.keys()
    );
    for (name, content) in &fixture.old {
        let saved = left.get(&beside(name, "old"));
        assert_eq!(saved, Some(content), "the old {name} is whole, after {call:?}");
    }
    let mut finished = left.clone();
    for name in fixture.old.keys() {
        if let Some(staged) = left.get(&beside(name, "new")) {
            finished.insert(name.clone(), staged.clone());
        }
    }
    assert!(is_new(&finished), "the new files are whole, after {call:?}");
}

/// The same once more, and then the new certificate is lost and no candidate at hand: the old files come back.
fn assert_undone_if_something_new_is_lost(fixture: &Fixture, certificate: &str, call: &Call) {
    let (folder, mut request) = fixture.fresh();
    injected(call, "signal=KILL", &folder, &request);
    fs::remove_file(format!("{folder}/{}", beside(certificate, "new"))).unwrap();
    request["candidates"] = Value::from(Vec::<Value>::new());
    let foretold = parsed(&execute(&[], &["--what-if"], &request));
    let report = parsed(&execute(&[], &[], &request));
    assert_eq!(foretold, report, "after {call:?}");
    assert_eq!(report["actions"][0]["action"], "recover");
    assert_eq!(
        (&report["changed"], &report["status"]),
        (&Value::from(true), &Value::from("noncompliant"))
    );
    assert_eq!(
        files(&folder),
        fixture.old,
        "the old files are whole, and alone, after {call:?}"
    );
}

/// Kills a run at each call: `is_new` tells the new files; the old ones are known by their bytes.
fn killed_everywhere(fixture: &Fixture, is_new: &(dyn Fn(&Contents) -> bool + Sync), certificate: &str) {
    let calls = calls(fixture);
    let between = AtomicUsize::new(0);
    all(&calls, |call| {
        let (folder, request) = fixture.fresh();
        let output = injected(call, "signal=KILL", &folder, &request);
        assert_eq!(output.status.signal(), Some(9), "killed at {call:?}");
        let left = files(&folder);
        let old = fixture
            .old
            .iter()
            .all(|(name, content)| left.get(name) == Some(content));
        let new = is_new(&left);
        if !old && !new {
            between.fetch_add(1, Ordering::Relaxed);
            assert_both_are_there(fixture, &left, is_new, certificate, call);
            assert_undone_if_something_new_is_lost(fixture, certificate, call);
        }
        assert_mended(fixture, &folder, &request, is_new, call);
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
    all(&jobs, |(call, error)| {
        let (folder, request) = fixture.fresh();
        let output = injected(call, &format!("error={error}"), &folder, &request);
        assert!(output.status.success(), "{error} at {call:?}: {output:?}");
        let report = parsed(&output);
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
        assert_mended(fixture, &folder, &request, is_new, call);
    });
    eprintln!(
        "failed at each of {} system calls on the folder, in {} ways",
        calls.len(),
        errors.len()
    );
}

/// From each call on, it and all later ones of its name fail: undoing fails too.
fn failing_for_good(fixture: &Fixture, is_new: &(dyn Fn(&Contents) -> bool + Sync), certificate: &str) {
    let changing = |call: &&Call| {
        let names = ["rename", "unlink", "link", "sync", "write"];
        names.iter().any(|name| call.name.contains(name))
    };
    let calls: Vec<Call> = calls(fixture).iter().filter(changing).cloned().collect();
    let unfinished = AtomicUsize::new(0);
    all(&calls, |call| {
        let (folder, request) = fixture.fresh();
        let output = injected(call, "error=EROFS:for good", &folder, &request);
        let left = files(&folder);
        if call.name != "write" {
            let report = parsed(&output);
            let codes = codes(&report, 0);
            let said = ["install-refused", "install-failed", "leftover-file"];
            assert!(
                is_new(&left) || codes.iter().any(|code| said.contains(&code.as_str())),
                "{call:?}: {codes:?}"
            );
            let old = fixture
                .old
                .iter()
                .all(|(name, content)| left.get(name) == Some(content));
            if !old && !is_new(&left) {
                unfinished.fetch_add(1, Ordering::Relaxed);
                assert_eq!(report["changed"], true, "{call:?}");
                assert_eq!(codes[0], "install-failed", "{call:?}");
                assert_both_are_there(fixture, &left, is_new, certificate, call);
            }
        }
        assert_mended(fixture, &folder, &request, is_new, call);
    });
    assert!(unfinished.into_inner() > 0, "one could neither be finished nor undone");
    eprintln!(
        "failed for good from each of {} changing calls on the folder",
        calls.len()
    );
}

fn pair() -> (Fixture, impl Fn(&Contents) -> bool + Sync) {
    let scene = Scene::new().with_bad_pair();
    let (cert, key) = scene.good("new", FUTURE);
    let pem = (cert.pem() + &scene.ca.cert.pem()).into_bytes();
    let key = key.pkcs8_pem().into_bytes();
    let is_new =
        move |files: &Contents| files.get("www.pem") == Some(&pem) && files.get("private/www.key") == Some(&key);
    // The key in a folder of its own, as servers have it.
    fs::create_dir(scene.path("place/private")).unwrap();
    fs::rename(scene.path("place/www.key"), scene.path("place/private/www.key")).unwrap();
    let mut request = scene.pair();
    request["subjects"][0]["install"]["private_key"] = Value::from(scene.text("place/private/www.key"));
    request["subjects"][0]["install"]["backup"] = Value::from(true);
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
    failing_for_good(&fixture, &is_new, "www.pem");
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
