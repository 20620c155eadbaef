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

use mint::{Ca, Cert, CertBuilder, Key, container};
use same_ca::protocol::{Fault, Finding, Report, Severity, SubjectReport};

use crate::support;

/// The name of the CA that the reference uses.
const CONTOSO: &str = "CN=Contoso Issuing CA,DC=contoso,DC=com";
/// The name of its parent.
const ROOT: &str = "CN=Contoso Root CA,DC=contoso,DC=com";
/// A CA of another name.
const FABRIKAM: &str = "CN=Fabrikam Issuing CA,DC=fabrikam,DC=com";

/// A request in the making: certificates are inline, as PEM.
#[derive(Clone, Default)]
struct Ask {
    reference: Vec<Value>,
    document: Vec<Value>,
    document_authorities: Vec<String>,
    authorities: Vec<Value>,
    intermediates: Vec<Value>,
    candidates: Vec<Value>,
    policy: serde_json::Map<String, Value>,
}

/// A request about a reference that has nothing yet.
fn ask() -> Ask {
    Ask::default()
}

/// A SOURCE: the first certificate, then its chain.
fn source(certs: &[&Cert]) -> Value {
    json!({ "pem": container::pem_bundle(certs) })
}

/// A SOURCE of one certificate of whose private key something is known.
fn with_key(cert: &Cert, private_key: bool) -> Value {
    json!({ "der": base64(cert.der()), "private_key": private_key })
}

fn base64(der: &[u8]) -> String {
    openssl::base64::encode_block(der)
}

impl Ask {
    /// A member that was read where it is: what it holds is vouched.
    fn file(mut self, name: &str, certs: &[&Cert]) -> Ask {
        self.reference.push(json!({ "name": name, "source": source(certs) }));
        self
    }

    /// A member that was read by TLS: what it sent is found.
    fn tls(self, name: &str, certs: &[&Cert]) -> Ask {
        self.documented(name, "tls", certs)
    }

    /// A member of the reference document.
    fn documented(mut self, name: &str, read_by: &str, certs: &[&Cert]) -> Ask {
        let chain: Vec<String> = certs[1..].iter().map(|cert| cert.pem()).collect();
        let certificate = json!({ "pem": certs[0].pem(), "chain": chain });
        self.document
            .push(json!({ "name": name, "read_by": read_by, "certificate": certificate }));
        self
    }

    /// A member that cannot be read.
    fn unreadable(mut self, name: &str) -> Ask {
        self.reference
            .push(json!({ "name": name, "source": { "path": "/nowhere/at/all.pem" } }));
        self
    }

    fn pin(mut self, name: &str, ca: &Cert) -> Ask {
        self.reference.push(json!({ "name": name, "authority": source(&[ca]) }));
        self
    }

    fn pin_key(mut self, name: &str, key: &Key) -> Ask {
        self.reference
            .push(json!({ "name": name, "key_sha256": key.spki_sha256() }));
        self
    }

    fn authorities(mut self, certs: &[&Cert]) -> Ask {
        self.authorities.extend(certs.iter().map(|cert| source(&[cert])));
        self
    }

    fn found(mut self, certs: &[&Cert]) -> Ask {
        self.intermediates.extend(certs.iter().map(|cert| source(&[cert])));
        self
    }

    fn policy(mut self, name: &str, value: impl Into<Value>) -> Ask {
        self.policy.insert(name.into(), value.into());
        self
    }

    fn distrust(self, certs: &[&Cert]) -> Ask {
        let sources: Vec<Value> = certs.iter().map(|cert| source(&[cert])).collect();
        self.policy("distrust", sources)
    }

    fn candidate(mut self, cert: &Cert) -> Ask {
        self.candidates.push(with_key(cert, true));
        self
    }

    fn request(&self, subjects: &[Value]) -> Value {
        let mut request = json!({ "protocol": 1, "subjects": subjects });
        let mut set = |name: &str, value: Value| {
            request[name] = value;
        };
        if !self.reference.is_empty() {
            set("reference", json!(self.reference));
        }
        if !self.document.is_empty() {
            let authorities = &self.document_authorities;
            set(
                "reference_document",
                json!({ "protocol": 1, "kind": "reference", "members": self.document, "authorities": authorities }),
            );
        }
        set("authorities", json!(self.authorities));
        set("intermediates", json!(self.intermediates));
        set("candidates", json!(self.candidates));
        set("policy", json!(self.policy));
        request
    }

    /// The report on subjects as they stand in a request.
    fn report(&self, subjects: &[Value]) -> Report {
        let request = self.request(subjects);
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
        let request = serde_json::to_vec(&self.request(&[json!({ "name": "s", "source": source(&[&stranger()]) })]));
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
