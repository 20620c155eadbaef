//! What is judged: everything but the subjects, read and parsed.

use std::sync::Arc;

use crate::cert::{Certificate, KeyId};
use crate::protocol::{Finding, KeyFrom, Policy, Timestamp};

/// Everything but the subjects, read and parsed.
#[derive(Debug, Clone)]
pub struct Case {
    /// The members of the reference, in order.
    pub members: Vec<Member>,
    /// CA certificates beside those of the members: whether the operator answers for each, and where it came from.
    pub evidence: Vec<(Arc<Certificate>, bool, KeyFrom)>,
    /// Certificates whose keys are distrusted, whatever they may do.
    pub distrusted: Vec<Arc<Certificate>>,
    /// Keys that are distrusted.
    pub distrusted_keys: Vec<KeyId>,
    /// What was found while reading, as far as it concerns no single member.
    pub findings: Vec<Finding>,
    /// How strict to be.
    pub policy: Policy,
    /// The instant at which validity is judged.
    pub valid_at: Timestamp,
}

/// A member of the reference, read.
#[derive(Debug, Clone)]
pub struct Member {
    /// What to call it.
    pub name: String,
    /// What the server uses the certificate for.
    pub use_: Option<String>,
    /// What was read.
    pub read: Read,
    /// Where what it holds counts as coming from.
    pub from: KeyFrom,
    /// What was found while reading.
    pub findings: Vec<Finding>,
    /// Its place in the request.
    pub pointer: String,
}

/// What was read of a member.
#[derive(Debug, Clone)]
pub enum Read {
    /// A server's certificate, and what came with it.
    Certificate {
        /// The server's certificate.
        certificate: Arc<Certificate>,
        /// The other certificates of its source: untrusted, however they were read.
        chain: Vec<Arc<Certificate>>,
        /// The host, where it was read by TLS.
        tls_host: Option<String>,
    },
    /// A pin: a CA certificate.
    Authority(Arc<Certificate>),
    /// A pin: a key.
    Key(KeyId),
    /// Nothing; the findings say why.
    Nothing {
        /// Whether it was meant as a pin.
        pin: bool,
    },
}

impl Read {
    /// The server's certificate.
    pub fn certificate(&self) -> Option<&Arc<Certificate>> {
        match self {
            Read::Certificate { certificate, .. } => Some(certificate),
            _ => None,
        }
    }

    /// Whether it is a pin, one that could not be read included.
    pub fn is_pin(&self) -> bool {
        matches!(self, Read::Authority(_) | Read::Key(_) | Read::Nothing { pin: true })
    }

    /// Whether anything could be read.
    pub fn is_readable(&self) -> bool {
        !matches!(self, Read::Nothing { .. })
    }
}
