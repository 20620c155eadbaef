//! The law of the verdict, rule by rule: each is shown where it bites and where it must not. Every compliant verdict's
//! evidence is checked again with OpenSSL.

mod adversary;
mod algorithms;
mod attacks;
mod distrust;
mod document;
mod estates;
mod evidence;
mod faults;
mod forgery;
mod level_root;
mod minted;
mod minted_forgeries;
mod names;
mod pins;
mod profiles;
mod ranks;
mod readers;
mod real_cases;
mod reference;
mod refused_links;
mod relation;
mod rollover;
mod subjects;
mod tls_members;
mod words;

use serde_json::{Value, json};

use mint::{Ca, Cert, CertBuilder, Key};
use same_ca::protocol::{Fault, Finding, Report, Severity, SubjectReport};

use crate::support;
use crate::support::request::{Ask, ask, base64, pem as source, with_key};

/// The name of the CA that the reference uses.
const CONTOSO: &str = "CN=Contoso Issuing CA,DC=contoso,DC=com";
/// The name of its parent.
const ROOT: &str = "CN=Contoso Root CA,DC=contoso,DC=com";
/// A CA of another name.
const FABRIKAM: &str = "CN=Fabrikam Issuing CA,DC=fabrikam,DC=com";

impl Ask {
    /// The report on subjects as they stand in a request.
    fn report(&self, subjects: &[Value]) -> Report {
        let request = self.request_on(subjects);
        let report = support::check_json(request.clone());
        evidence::recheck(&request, &report);
        report
    }

    /// The report on one certificate with what it brings.
    fn on(&self, certs: &[&Cert]) -> Report {
        self.report(&[json!({ "name": "subject", "source": source(certs) })])
    }

    /// The verdict on one certificate with what it brings, in one line.
    fn verdict(&self, certs: &[&Cert]) -> String {
        verdict(&self.on(certs).subjects[0])
    }

    /// What the report says of the reference, in one line.
    fn standing(&self) -> String {
        standing(&self.on(&[&stranger()]))
    }

    /// Why the request is refused.
    fn refusal(&self) -> Fault {
        let request = serde_json::to_vec(&self.request_on(&[json!({ "name": "s", "source": source(&[&stranger()]) })]));
        let request = same_ca::json::read(&request.unwrap()).unwrap();
        support::try_check(&request).expect_err("the request is refused")
    }
}

/// A certificate that has nothing to do with anything.
fn stranger() -> Cert {
    Ca::root("CN=Nobody").server("nobody.example").build()
}

fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value).unwrap() {
        Value::String(word) => word,
        Value::Null => "null".into(),
        other => panic!("not a word: {other}"),
    }
}

fn listed<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let mut list: Vec<String> = findings
        .into_iter()
        .map(|finding| format!("{}={}", word(&finding.code), word(&finding.severity)))
        .collect();
    list.sort();
    list.join(" ")
}

/// `compliant same/signature: weak-evidence=warning`
fn verdict(subject: &SubjectReport) -> String {
    let head = format!(
        "{} {}/{}: {}",
        word(&subject.status),
        word(&subject.relation),
        word(&subject.proof),
        listed(&subject.findings)
    );
    head.trim_end_matches([':', ' ']).to_owned()
}

/// `references-disagree=error; fe01: expired=warning`
fn standing(report: &Report) -> String {
    let mut parts = vec![listed(&report.reference.findings)];
    for member in &report.reference.members {
        if !member.findings.is_empty() {
            parts.push(format!("{}: {}", member.name, listed(&member.findings)));
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// The finding of a code, on the first subject.
fn finding<'a>(report: &'a Report, code: &str) -> &'a Finding {
    let found = report.subjects[0]
        .findings
        .iter()
        .find(|finding| word(&finding.code) == code);
    found.unwrap_or_else(|| panic!("no {code} in {}", verdict(&report.subjects[0])))
}

/// Whether a verdict rests on nothing that is less than a warning, for rows that say no more.
fn is_clean(subject: &SubjectReport) -> bool {
    subject
        .findings
        .iter()
        .all(|finding| finding.severity <= Severity::Info)
}

/// Runs rows of (what is shown, request, certificates of the subject, verdict), and tells of every row that fails.
fn rows(rows: &[(&str, Ask, Vec<&Cert>, &str)]) {
    let mut wrong = Vec::new();
    for (shown, ask, certs, expected) in rows {
        let found = ask.verdict(certs);
        if found != *expected {
            wrong.push(format!("{shown}:\n  expected {expected}\n     found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs rows of (what is shown, request, what is said of the reference).
fn standings(rows: &[(&str, Ask, &str)]) {
    let mut wrong = Vec::new();
    for (shown, ask, expected) in rows {
        let found = ask.standing();
        if found != *expected {
            wrong.push(format!("{shown}:\n  expected {expected}\n     found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A small world that most tests need: a root, the issuing CA under it, the same after a re-key, one of the same name
/// that is nobody's, and one of another name.
struct World {
    root: Ca,
    ca: Ca,
    /// The issuing CA's new key, certified by the same root.
    rekeyed: Ca,
    /// The same name, self-signed with a key of its own.
    look_alike: Ca,
    fabrikam: Ca,
}

impl World {
    fn new() -> World {
        let root = Ca::root(ROOT);
        let ca = root.issue_ca(CONTOSO);
        World {
            rekeyed: ca.rekey(&Key::ec("P-256", "contoso-1")),
            look_alike: Ca::root_with(CONTOSO, &Key::ec("P-256", "look-alike")),
            fabrikam: Ca::root(FABRIKAM),
            ca,
            root,
        }
    }

    /// A Front End server under the CA.
    fn fe(&self, host: &str) -> Cert {
        leaf(&self.ca, host)
    }
}

/// A server's certificate under a CA.
fn leaf(ca: &Ca, host: &str) -> Cert {
    ca.server(&format!("{host}.contoso.com")).build()
}

/// The same, still to be built.
fn builder(ca: &Ca, host: &str) -> CertBuilder {
    ca.server(&format!("{host}.contoso.com"))
}
