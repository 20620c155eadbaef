//! The one builder of requests: put together piece by piece, for tests that change one thing at a time.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::{Cert, Key, container};
use same_ca::protocol::{Code, Relation, Report, Severity, Status, SubjectReport};
use serde_json::{Map, Value, json};

use crate::support::check_json;

/// A request in the making. Its fields are those of the request, for what no method says.
#[derive(Clone, Default)]
pub struct Ask {
    pub reference: Vec<Value>,
    /// The members of the reference document.
    pub document: Vec<Value>,
    pub document_authorities: Vec<String>,
    pub authorities: Vec<Value>,
    pub intermediates: Vec<Value>,
    pub candidates: Vec<Value>,
    pub subjects: Vec<Value>,
    pub policy: Map<String, Value>,
}

/// A request about a reference that has nothing yet.
pub fn ask() -> Ask {
    Ask::default()
}

/// The reference.
impl Ask {
    /// A server that was read where it is, with what lies beside its certificate: what it holds is trusted.
    pub fn file(self, name: &str, certs: &[&Cert]) -> Ask {
        self.member(name, pem(certs))
    }

    /// A server of any source.
    pub fn member(mut self, name: &str, source: Value) -> Ask {
        self.reference.push(json!({ "name": name, "source": source }));
        self
    }

    /// A server, called by its number, of whose certificate the operator has a file.
    pub fn reference(self, cert: &Cert) -> Ask {
        self.reference_source(der(cert, &[]))
    }

    /// A server of any source, called by its number.
    pub fn reference_source(self, source: Value) -> Ask {
        let name = format!("reference {}", self.reference.len());
        self.member(&name, source)
    }

    /// A server that was read by TLS, with what it sent: the reference document says so.
    pub fn tls(self, name: &str, certs: &[&Cert]) -> Ask {
        self.documented(name, "tls", certs)
    }

    /// The same, with the chain apart.
    pub fn tls_chain(self, name: &str, cert: &Cert, chain: &[&Cert]) -> Ask {
        self.tls(name, &[&[cert], chain].concat())
    }

    /// A member of the reference document.
    pub fn documented(mut self, name: &str, read_by: &str, certs: &[&Cert]) -> Ask {
        let chain: Vec<String> = certs[1..].iter().map(|cert| cert.pem()).collect();
        let certificate = json!({ "pem": certs[0].pem(), "chain": chain });
        self.document
            .push(json!({ "name": name, "read_by": read_by, "certificate": certificate }));
        self
    }

    /// A server that cannot be read.
    pub fn unreadable(self, name: &str) -> Ask {
        self.member(name, json!({ "path": "/nowhere/at/all.pem" }))
    }

    /// A pinned CA certificate.
    pub fn pin(mut self, name: &str, ca: &Cert) -> Ask {
        self.reference.push(json!({ "name": name, "authority": pem(&[ca]) }));
        self
    }

    /// A pinned CA certificate, called by its number.
    pub fn pinned(mut self, ca: &Cert) -> Ask {
        let name = format!("pin {}", self.reference.len());
        self.reference.push(json!({ "name": name, "authority": der(ca, &[]) }));
        self
    }

    /// A pinned key.
    pub fn pin_key(mut self, name: &str, key: &Key) -> Ask {
        self.reference
            .push(json!({ "name": name, "key_sha256": key.spki_sha256() }));
        self
    }

    /// A pinned key, called by its number.
    pub fn pinned_key(self, key: &Key) -> Ask {
        let name = format!("pin {}", self.reference.len());
        self.pin_key(&name, key)
    }
}

/// What else is at hand.
impl Ask {
    /// CA certificates that the operator answers for.
    pub fn authorities(mut self, certs: &[&Cert]) -> Ask {
        self.authorities.extend(certs.iter().map(|cert| pem(&[cert])));
        self
    }

    /// One of them, as DER.
    pub fn authority(self, cert: &Cert) -> Ask {
        self.authority_source(der(cert, &[]))
    }

    /// One of them, of any source.
    pub fn authority_source(mut self, source: Value) -> Ask {
        self.authorities.push(source);
        self
    }

    /// CA certificates that are merely at hand.
    pub fn found(mut self, certs: &[&Cert]) -> Ask {
        self.intermediates.extend(certs.iter().map(|cert| pem(&[cert])));
        self
    }

    /// One of them, as DER.
    pub fn intermediate(mut self, cert: &Cert) -> Ask {
        self.intermediates.push(der(cert, &[]));
        self
    }

    /// A certificate to be chosen, whose private key is there.
    pub fn candidate(self, cert: &Cert) -> Ask {
        self.candidate_source(with_key(cert, true))
    }

    /// One of any source.
    pub fn candidate_source(mut self, source: Value) -> Ask {
        self.candidates.push(source);
        self
    }

    /// One field of the policy.
    pub fn policy(mut self, name: &str, value: impl Into<Value>) -> Ask {
        self.policy.insert(name.into(), value.into());
        self
    }

    pub fn distrust(self, certs: &[&Cert]) -> Ask {
        let sources: Vec<Value> = certs.iter().map(|cert| pem(&[cert])).collect();
        self.policy("distrust", sources)
    }
}

/// The subjects, and the answer.
impl Ask {
    /// A subject with what it brings.
    pub fn subject(self, cert: &Cert, chain: &[&Cert]) -> Ask {
        self.subject_with(json!({"source": der(cert, chain)}))
    }

    /// A subject of any shape; it is called by its number.
    pub fn subject_with(mut self, mut subject: Value) -> Ask {
        subject["name"] = format!("subject {}", self.subjects.len()).into();
        self.subjects.push(subject);
        self
    }

    /// The request; what is empty is left out.
    pub fn request(&self) -> Value {
        let mut request = json!({ "protocol": 1, "subjects": self.subjects });
        for (name, list) in [
            ("reference", &self.reference),
            ("authorities", &self.authorities),
            ("intermediates", &self.intermediates),
            ("candidates", &self.candidates),
        ] {
            if !list.is_empty() {
                request[name] = json!(list);
            }
        }
        if !self.document.is_empty() {
            request["reference_document"] = json!({
                "protocol": 1, "kind": "reference", "members": self.document, "authorities": self.document_authorities,
            });
        }
        if !self.policy.is_empty() {
            request["policy"] = json!(self.policy);
        }
        request
    }

    /// The request about other subjects.
    pub fn request_on(&self, subjects: &[Value]) -> Value {
        let subjects = subjects.to_vec();
        Ask {
            subjects,
            ..self.clone()
        }
        .request()
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
}

/// A source: the first certificate, then its chain, in one text.
pub fn pem(certs: &[&Cert]) -> Value {
    json!({ "pem": container::pem_bundle(certs) })
}

/// A source: a certificate with what comes along, as DER.
pub fn der(cert: &Cert, chain: &[&Cert]) -> Value {
    let chain: Vec<String> = chain.iter().map(|cert| base64(cert.der())).collect();
    json!({"der": base64(cert.der()), "chain": chain})
}

/// A source of one certificate of whose private key something is known.
pub fn with_key(cert: &Cert, private_key: bool) -> Value {
    json!({ "der": base64(cert.der()), "private_key": private_key })
}

pub fn base64(der: &[u8]) -> String {
    STANDARD.encode(der)
}

/// The severity of a code on a subject, if it is there.
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
