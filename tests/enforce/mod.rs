//! `enforce`: what it chooses, what it writes, and what is left when it is stopped.

mod access;
mod caller;
#[cfg(unix)]
mod faults;
mod files;
mod keys;
mod pkcs12;
mod properties;
mod runs;
mod unreadable;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use mint::{Ca, Cert, CertBuilder, DAY, FUTURE, Key, NOW_TEXT, P12, PAST};
use same_ca::app::{Context, enforce};
use same_ca::protocol::{Fault, Report, Timestamp};
use serde_json::{Value, json};

use crate::support::assert_valid;
use crate::support::request::ask;

pub const HOST: &str = "www.contoso.com";

/// A CA that sets the rule, another one, and a folder of a server's files, below a folder of its own that goes away.
pub struct Scene {
    pub root: PathBuf,
    pub ca: Ca,
    pub other: Ca,
}

impl Scene {
    pub fn new() -> Scene {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("same-ca-enforce-{}-{count}", std::process::id()));
        fs::create_dir_all(root.join("place")).unwrap();
        let root = fs::canonicalize(root).unwrap();
        let top = Ca::root("CN=Contoso Root CA,DC=contoso,DC=com");
        let ca = top.issue_ca("CN=Contoso Issuing CA,DC=contoso,DC=com");
        let other = Ca::root("CN=Fabrikam CA,DC=fabrikam,DC=com");
        let scene = Scene { root, ca, other };
        scene.write("fe01.pem", scene.ca.server("fe01.contoso.com").build().pem().as_bytes());
        scene.write("ca.pem", (scene.ca.cert.pem() + &top.cert.pem()).as_bytes());
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        self.text(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// A certificate of the CA for the host, with its key.
    pub fn good(&self, label: &str, until: i64) -> (Cert, Key) {
        let key = Key::ec("P-256", label);
        let builder = CertBuilder::server(HOST, &key).issuer(&self.ca).validity(PAST, until);
        (builder.build(), key)
    }

    /// The same of the other CA: what is to be replaced.
    pub fn bad(&self) -> (Cert, Key) {
        let key = Key::ec("P-256", "old");
        (CertBuilder::server(HOST, &key).issuer(&self.other).build(), key)
    }

    /// Puts a pair of the other CA into `place/www.pem` and `place/www.key`, and a good one into `new.pem`.
    pub fn with_bad_pair(self) -> Scene {
        let (cert, key) = self.bad();
        self.write("place/www.pem", cert.pem().as_bytes());
        self.write("place/www.key", key.pkcs8_pem().as_bytes());
        set_mode(&self.path("place/www.key"), 0o600);
        let (cert, key) = self.good("new", FUTURE);
        self.write("new.pem", (cert.pem() + &key.pkcs8_pem()).as_bytes());
        self
    }

    /// A request for one subject at `install`, with `new.pem` as its candidate.
    pub fn request(&self, install: Value) -> Value {
        let at = |name: &str| json!({ "path": self.text(name) });
        ask()
            .member("fe01", at("fe01.pem"))
            .authority_source(at("ca.pem"))
            .candidate_source(at("new.pem"))
            .policy("valid_at", NOW_TEXT)
            .request_on(&[json!({"name": HOST, "names": [HOST], "install": install})])
    }

    /// The request for the pair of PEM files.
    pub fn pair(&self) -> Value {
        let (certificate, key) = (self.text("place/www.pem"), self.text("place/www.key"));
        self.request(json!({"certificate": certificate, "private_key": key}))
    }

    /// The request for a PKCS#12 file, which is written first with a pair of the other CA.
    pub fn pkcs12(&self) -> Value {
        let (cert, key) = self.bad();
        let path = self.write("place/www.pfx", &P12::legacy("hunter2").cert(&cert).key(&key).build());
        let password = self.write("www.pass", b"hunter2\n");
        self.request(json!({"pkcs12_path": path, "password_file": password}))
    }

    /// All files of the place.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.path("place")).unwrap().map(|entry| entry.unwrap());
        entries
            .map(|entry| {
                (
                    entry.file_name().into_string().unwrap(),
                    fs::read(entry.path()).unwrap(),
                )
            })
            .collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Sets who may use a file, where that is a mode.
pub fn set_mode(path: &Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let _ = (path, mode);
}

/// Checks who may use a file, where that is a mode; the tests for Windows look at access lists.
#[track_caller]
pub fn assert_mode(path: &Path, wanted: u32, what: &str) {
    #[cfg(unix)]
    assert_eq!(mode(path), wanted, "{what}");
    let _ = (path, wanted, what);
}

#[cfg(unix)]
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs a request in this process; the report as the JSON that it is written as, and what was logged.
pub fn run_logged(request: &Value, what_if: bool) -> (Result<Value, Fault>, String) {
    assert_valid("request", request);
    let request = same_ca::json::read(&serde_json::to_vec(request).unwrap()).unwrap();
    let log = Mutex::new(String::new());
    let context = Context {
        clock: Timestamp::from_unix(mint::NOW),
        env: &|_| None,
        progress: &|_| (),
        log: &|line| log.lock().unwrap().push_str(&format!("{line}\n")),
    };
    let report: Result<Report, Fault> = enforce::enforce(&request, None, what_if, &context);
    let report = report.map(|report| {
        let written = serde_json::to_value(&report).unwrap();
        assert_valid("report", &written);
        written
    });
    let logged = log.lock().unwrap().clone();
    (report, logged)
}

pub fn run(request: &Value) -> Value {
    run_logged(request, false).0.unwrap()
}

pub fn what_if(request: &Value) -> Value {
    run_logged(request, true).0.unwrap()
}

/// The codes of the findings of a subject.
pub fn codes(report: &Value, subject: usize) -> Vec<String> {
    let findings = report["subjects"][subject]["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

/// Days from the tests' own now.
pub fn days(number: i64) -> i64 {
    mint::NOW + number * DAY
}
