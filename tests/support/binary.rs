//! The binary as its callers meet it: arguments and standard input in, exit code and two streams out.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use mint::{Ca, Cert, Key, NOW_TEXT};
use serde_json::{Value, json};

use crate::support::request::ask;

/// What came of a run.
pub struct Ran {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    /// The one JSON document on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        let (out, err) = (String::from_utf8_lossy(&self.stdout), &self.stderr);
        serde_json::from_slice(&self.stdout).unwrap_or_else(|why| panic!("{why}: {out:?}; on stderr {err:?}"))
    }

    /// The JSON documents on standard output, one a line.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        let text = self.text();
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "the last line is not ended: {text:?}"
        );
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// The error object: its code, pointer and message. Standard error must say the same in one line.
    #[track_caller]
    pub fn error(&self) -> (String, Option<String>, String) {
        let document = self.json();
        assert_eq!((self.code, &document["protocol"]), (2, &json!(1)), "{document}");
        crate::support::assert_valid("error", &document);
        let field = |name: &str| document["error"][name].as_str().map(str::to_owned);
        let message = field("message").unwrap();
        assert_eq!(self.stderr.lines().count(), 1, "{:?}", self.stderr);
        assert!(self.stderr.starts_with("same-ca: "), "{:?}", self.stderr);
        (field("code").unwrap(), field("pointer"), message)
    }
}

/// A run still to be started.
pub fn same_ca(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_same-ca"));
    command.args(arguments);
    command
}

/// Starts a command. Under wine this fails now and then, before anything of the program ran, when a process is not there
/// as soon as it should be: that one error, which Windows itself has no such reason for, is no answer and is asked again.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    const ERROR_INTERNAL_ERROR: i32 = 1359;
    let of_wine = |why: &io::Error| cfg!(windows) && why.raw_os_error() == Some(ERROR_INTERNAL_ERROR);
    let mut tries = 5;
    loop {
        let started = command.spawn();
        tries -= 1;
        if tries == 0 || !started.as_ref().is_err_and(of_wine) {
            return started;
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// Runs a command with bytes on standard input.
pub fn run(mut command: Command, stdin: impl AsRef<[u8]> + Send) -> Ran {
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = spawn(pipes).expect("the binary runs");
    let mut input = child.stdin.take().expect("a pipe");
    thread::scope(|scope| {
        scope.spawn(move || {
            // Who has heard enough closes it.
            let _ = input.write_all(stdin.as_ref());
        });
        let output = child.wait_with_output().expect("the binary ends");
        Ran {
            code: output.status.code().expect("no signal"),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    })
}

pub fn call(arguments: &[&str], stdin: impl AsRef<[u8]> + Send) -> Ran {
    run(same_ca(arguments), stdin)
}

/// Answers a request; the report is checked against its schema.
#[track_caller]
pub fn check(request: &Value) -> Value {
    let ran = call(&["check"], request.to_string());
    let report = ran.json();
    assert_eq!(ran.code, 0, "{report}");
    crate::support::assert_valid("report", &report);
    report
}

/// An empty folder of a test's own.
pub fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// Writes a file, and gives its path as text.
pub fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A reference of one server, and the CA above it.
pub struct Small {
    pub ca: Ca,
    pub fe01: Cert,
    pub good: Cert,
    /// Under another CA.
    pub other: Cert,
}

pub fn small() -> Small {
    let ca = Ca::root("CN=Contoso CA,DC=contoso,DC=com");
    let other = Ca::root("CN=Fabrikam CA,DC=fabrikam,DC=com");
    Small {
        fe01: ca.server("fe01.contoso.com").build(),
        good: ca.server("pchat01.contoso.com").build(),
        other: other.server("pchat02.contoso.com").build(),
        ca,
    }
}

impl Small {
    /// A request for one subject.
    pub fn request(&self, subject: Value) -> Value {
        self.request_of(json!([{"name": "pchat01", "source": subject}]))
    }

    pub fn request_of(&self, subjects: Value) -> Value {
        let ask = ask().file("fe01", &[&self.fe01]).authorities(&[&self.ca.cert]);
        ask.policy("valid_at", NOW_TEXT)
            .request_on(subjects.as_array().unwrap())
    }

    pub fn good_request(&self) -> Value {
        self.request(json!({"pem": self.good.pem()}))
    }
}

/// The key of a host's certificate as [`Ca::server`] makes it.
pub fn key_of(host: &str) -> Key {
    Key::ec("P-256", host)
}

/// The codes of a subject's findings.
pub fn codes(findings: &Value) -> Vec<&str> {
    findings
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}
