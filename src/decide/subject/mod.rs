//! One subject against a reference: its one certificate, the one that fits among several, and the candidate that would
//! replace it.

mod evaluate;
mod findings;
mod select;
mod trials;

pub use trials::{Keys, Trials};

use std::sync::Arc;

use crate::cert::Certificate;
use crate::protocol::{Finding, Phrase, Relation, SubjectReport, Timestamp, hex};

/// One subject, read and parsed.
#[derive(Debug, Clone)]
pub struct SubjectCase<'a> {
    /// What to call it.
    pub name: &'a str,
    /// What the server uses the certificate for.
    pub use_: Option<&'a str>,
    /// Names that its certificate must cover.
    pub names: &'a [String],
    /// The instant at which its validity is judged.
    pub at: Timestamp,
    /// The current certificate.
    pub given: Given,
    /// What may replace it; `None` where nothing was offered.
    pub candidates: Option<Arc<[Offer]>>,
}

/// The certificates that a subject may use.
#[derive(Debug, Clone)]
pub enum Given {
    /// One certificate, or why there is none.
    One(Box<Offer>),
    /// Several, of which one that fits is enough.
    AnyOf(Vec<Offer>),
}

/// A certificate as a source presents it.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Zero-based index of its source, as given.
    pub index: usize,
    /// Its source as people write it; of what a folder holds, the file.
    pub source: Arc<str>,
    /// The certificate; `None` where none could be had, and the findings say why.
    pub certificate: Option<Arc<Certificate>>,
    /// What its source holds besides.
    pub brought: Arc<[Arc<Certificate>]>,
    /// What is known of its private key, before any is tried.
    pub key: KeyPresence,
    /// The private keys that its source carries; `key` is then what they say of themselves.
    pub keys: Keys,
    /// What kept a private key of the source from being read, where that is known.
    pub key_trouble: Option<Phrase>,
    /// The Windows provider that keeps the key.
    pub key_provider: Option<String>,
    /// What was found while reading.
    pub findings: Vec<Finding>,
    /// Why the installer cannot, or must not, install it: it may fit, but it is never chosen.
    pub not_installable: Option<Finding>,
}

impl Offer {
    /// What to call it: its source, and the thumbprint of its certificate.
    fn called(&self) -> String {
        match &self.certificate {
            Some(certificate) => format!("{} (thumbprint {})", self.source, hex(&certificate.sha1())),
            None => self.source.to_string(),
        }
    }
}

/// What is known of a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPresence {
    /// It is there, by the word of its reader or by what it says itself.
    Present,
    /// It is there, by the word of a caller who keeps it: it can be used where it is, and not be copied.
    Elsewhere,
    /// It is not there.
    Absent,
    /// Nothing is known.
    Unknown,
}

/// A subject's report, and the candidate that would replace its certificate.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The report on the current certificate.
    pub report: SubjectReport,
    /// The current certificate.
    pub certificate: Option<Arc<Certificate>>,
    /// The candidate that fits best, where the current certificate is to be replaced.
    pub chosen: Option<Chosen>,
}

/// The candidate that fits best.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Its position among the candidates' certificates.
    pub position: usize,
    /// Zero-based index of its source.
    pub index: usize,
    /// Its source as people write it.
    pub source: Arc<str>,
    /// The CA certificates that proved it, issuer first.
    pub path: Vec<Arc<Certificate>>,
    /// The verdict on it.
    pub relation: Relation,
}
