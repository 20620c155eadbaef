//! Requests put together piece by piece, for the tests that change one thing at a time.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::Cert;
use same_ca::protocol::{Code, Relation, Report, Severity, Status, SubjectReport};
use serde_json::{Value, json};

use crate::support::check_json;

/// A request in the making.
#[derive(Clone)]
pub struct Scene(Value);

impl Scene {
    /// Nothing but the minter's instant to judge at.
    pub fn new() -> Scene {
        Scene(json!({
            "protocol": 1, "reference": [], "authorities": [], "intermediates": [], "subjects": [],
            "reference_document": {"protocol": 1, "kind": "reference", "members": []},
            "policy": {"valid_at": mint::NOW_TEXT},
        }))
    }

    /// A reference server whose certificate the operator has as a file, by itself.
    pub fn reference(self, cert: &Cert) -> Scene {
        self.reference_source(source(cert, &[]))
    }

    /// A reference server of any source.
    pub fn reference_source(self, source: Value) -> Scene {
        let name = format!("reference {}", self.0["reference"].as_array().unwrap().len());
        self.push("reference", json!({"name": name, "source": source}))
    }

    /// A pinned CA certificate.
    pub fn pin(self, cert: &Cert) -> Scene {
        let name = format!("pin {}", self.0["reference"].as_array().unwrap().len());
        self.push("reference", json!({"name": name, "authority": source(cert, &[])}))
    }

    /// A pinned key.
    pub fn pin_key(self, key: &mint::Key) -> Scene {
        let name = format!("pin {}", self.0["reference"].as_array().unwrap().len());
        self.push("reference", json!({"name": name, "key_sha256": key.spki_sha256()}))
    }

    /// A reference server that was read by TLS, with what it sent.
    pub fn tls(mut self, host: &str, cert: &Cert, chain: &[&Cert]) -> Scene {
        let chain: Vec<String> = chain.iter().map(|cert| cert.pem()).collect();
        let member = json!({"name": host, "read_by": "tls", "certificate": {"pem": cert.pem(), "chain": chain}});
        let members = self.0["reference_document"]["members"].as_array_mut().unwrap();
        members.push(member);
        self
    }

    /// A CA certificate that the operator answers for.
    pub fn authority(self, cert: &Cert) -> Scene {
        self.push("authorities", source(cert, &[]))
    }

    /// A CA certificate that is merely at hand.
    pub fn intermediate(self, cert: &Cert) -> Scene {
        self.push("intermediates", source(cert, &[]))
    }

    /// A subject with what it brings.
    pub fn subject(self, cert: &Cert, chain: &[&Cert]) -> Scene {
        self.subject_with(json!({"source": source(cert, chain)}))
    }

    /// A subject of any shape; it is given a name.
    pub fn subject_with(self, mut subject: Value) -> Scene {
        let name = format!("subject {}", self.0["subjects"].as_array().unwrap().len());
        subject["name"] = name.into();
        self.push("subjects", subject)
    }

    /// One field of the policy.
    pub fn policy(mut self, field: &str, value: impl Into<Value>) -> Scene {
        self.0["policy"][field] = value.into();
        self
    }

    /// The report.
    pub fn check(&self) -> Report {
        check_json(self.request())
    }

    /// The report on the first subject.
    pub fn first(&self) -> SubjectReport {
        self.check().subjects.remove(0)
    }

    /// The report on the first subject, and how long it took.
    pub fn timed(&self) -> (SubjectReport, Duration) {
        let request = serde_json::to_vec(&self.request()).unwrap();
        let request = same_ca::json::read(&request).unwrap();
        let start = Instant::now();
        let mut report = crate::support::check(&request);
        (report.subjects.remove(0), start.elapsed())
    }

    /// The request, without a document where nothing was read by TLS.
    pub fn request(&self) -> Value {
        let mut request = self.0.clone();
        if request["reference_document"]["members"].as_array().unwrap().is_empty() {
            request.as_object_mut().unwrap().remove("reference_document");
        }
        request
    }

    fn push(mut self, list: &str, value: Value) -> Scene {
        self.0[list].as_array_mut().unwrap().push(value);
        self
    }
}

/// A certificate with what comes along, as a source.
pub fn source(cert: &Cert, chain: &[&Cert]) -> Value {
    let chain: Vec<String> = chain.iter().map(|cert| STANDARD.encode(cert.der())).collect();
    json!({"der": STANDARD.encode(cert.der()), "chain": chain})
}

/// The weight of a code on a subject, if it is there.
pub fn weight(subject: &SubjectReport, code: Code) -> Option<Severity> {
    subject
        .findings
        .iter()
        .find(|finding| finding.code == code)
        .map(|finding| finding.severity)
}

/// Relation and status.
pub fn verdict(subject: &SubjectReport) -> (Relation, Status) {
    (subject.relation.unwrap(), subject.status.unwrap())
}
