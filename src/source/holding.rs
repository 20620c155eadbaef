//! What a source holds, and which of its certificates is the one that is meant.

use std::collections::HashSet;
use std::sync::Arc;

use crate::cert::{Certificate, KeyId, PrivateKey, PublicKey};
use crate::decode::Encoding;
use crate::protocol::{Code, Finding, Phrase, StoreName};

/// What a source holds.
#[derive(Debug, Clone)]
pub struct Holding {
    /// How it was written or sent.
    pub format: Format,
    /// Its certificates, in the order found.
    pub certificates: Vec<HeldCertificate>,
    /// The private keys that it holds, as far as they say whose they are. None has been tried.
    pub keys: Vec<Arc<PrivateKey>>,
    /// What could not be read beside what could.
    pub problems: Vec<Finding>,
    /// Other observations: each becomes a finding on the subject or member that uses the source.
    pub notes: Vec<Finding>,
    /// Whether something that should have been the first certificate could not be read.
    pub first_is_unreadable: bool,
    /// Of a folder: the files that are clearly something else. Only `inspect` reports them.
    pub strangers: Vec<Finding>,
    /// Why other readers may take another of its certificates for the first, where they may.
    pub ambiguity: Option<&'static str>,
    /// What kept a private key from being read, where that is known.
    pub key_trouble: Option<Phrase>,
}

impl Holding {
    /// Nothing, read from a source of this format.
    pub fn new(format: Format) -> Self {
        Holding {
            format,
            certificates: Vec::new(),
            keys: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
            first_is_unreadable: false,
            strangers: Vec::new(),
            ambiguity: None,
            key_trouble: None,
        }
    }

    /// All certificates.
    pub fn all(&self) -> Arc<[Arc<Certificate>]> {
        self.certificates.iter().map(|held| held.certificate.clone()).collect()
    }

    /// Whether one of its private keys says that it is the one of this public key.
    pub fn claims(&self, key: &PublicKey) -> bool {
        self.keys.iter().any(|private| private.id() == key.id())
    }

    /// How many different private keys it holds.
    pub fn different_keys(&self) -> usize {
        let mut ids: Vec<KeyId> = self.keys.iter().map(|private| private.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    }

    /// The one certificate that stands for the source, by its position: of PEM and TLS the first; of PKCS#7, whose set
    /// has no order, the one that issued no other; of PKCS#12 the one whose public key fits the only private key.
    ///
    /// # Errors
    /// `source-ambiguous` where several could be meant, `certificate-unreadable` where the one that is meant cannot be read.
    pub fn one(&self, label: &str) -> Result<usize, Finding> {
        let positions = 0..self.certificates.len();
        let named: Vec<usize> = match self.format {
            Format::WindowsStore if self.certificates.is_empty() && self.problems.is_empty() => {
                return Err(Finding::of(Code::CertificateMissing, "store-empty").value("source", label));
            }
            _ if self.certificates.is_empty() => Vec::new(),
            _ if self.ambiguity.is_some() => return Err(self.ambiguous(label, &positions.collect::<Vec<_>>())),
            Format::Encoded(Encoding::Pem) if self.first_is_unreadable => {
                return Err(match self.problems.first() {
                    Some(cause) => Finding::of(Code::CertificateUnreadable, "first").cause(cause),
                    None => Finding::of(Code::CertificateUnreadable, "first-unknown").value("source", label),
                });
            }
            Format::Encoded(Encoding::Pem | Encoding::Der) | Format::Tls => return Ok(0),
            Format::Encoded(Encoding::Pkcs7) => positions.filter(|&position| !self.issued_another(position)).collect(),
            Format::Encoded(Encoding::Pkcs12) if self.keys.is_empty() && self.certificates.len() == 1 => vec![0],
            Format::Encoded(Encoding::Pkcs12) if self.different_keys() != 1 => positions.collect(),
            Format::Encoded(Encoding::Pkcs12) => {
                let fitting: Vec<usize> = positions
                    .clone()
                    .filter(|&position| self.claims(self.certificates[position].certificate.key()))
                    .collect();
                if fitting.is_empty() {
                    positions.collect()
                } else {
                    fitting
                }
            }
            Format::Folder | Format::WindowsStore => positions.collect(),
        };
        match named.as_slice() {
            [one] => Ok(*one),
            _ => Err(self.ambiguous(label, &named)),
        }
    }

    fn issued_another(&self, position: usize) -> bool {
        let subject = self.certificates[position].certificate.subject();
        let mut others = self
            .certificates
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != position);
        others.any(|(_, other)| other.certificate.issuer() == subject && !other.certificate.is_self_issued())
    }

    fn ambiguous(&self, label: &str, named: &[usize]) -> Finding {
        /// Certificates that a sentence can carry.
        const LISTED: usize = 8;
        let listed: Vec<String> = named
            .iter()
            .take(LISTED)
            .map(|&position| {
                let certificate = &self.certificates[position].certificate;
                let sha256 = crate::protocol::hex(certificate.sha256());
                format!("{} (SHA-256 {}…)", certificate.subject().rfc4514(), &sha256[..16])
            })
            .collect();
        let certificates = listed.join("; ");
        let listed = match named.len().checked_sub(LISTED) {
            None | Some(0) => Phrase::of("certificates.listed").value("certificates", certificates),
            Some(more) => Phrase::of("certificates.listed-and-more")
                .value("certificates", certificates)
                .value("more", more.to_string()),
        };
        if let Some(why) = self.ambiguity {
            return Finding::of(Code::SourceAmbiguous, "readers-differ")
                .value("source", label)
                .phrase("why", Phrase::named("ambiguous", why))
                .phrase("listed", listed);
        }
        let finding = match self.format {
            Format::Encoded(Encoding::Pkcs12) if self.different_keys() > 1 => {
                Finding::of(Code::SourceAmbiguous, "several-keys").value("keys", self.different_keys().to_string())
            }
            Format::Encoded(Encoding::Pkcs12) if self.keys.is_empty() => match &self.key_trouble {
                Some(why) => Finding::of(Code::SourceAmbiguous, "closed-key").phrase("why", why.clone()),
                None => Finding::of(Code::SourceAmbiguous, "no-key"),
            },
            Format::Encoded(Encoding::Pkcs12) => Finding::of(Code::SourceAmbiguous, "key-of-several"),
            Format::Folder => Finding::of(Code::SourceAmbiguous, "folder"),
            _ => Finding::of(Code::SourceAmbiguous, "several"),
        };
        finding
            .value("source", label)
            .value("count", self.certificates.len().to_string())
            .phrase("listed", listed)
    }

    /// Marks each certificate with whether a key of the source says that it fits. Where the format keeps keys beside certificates,
    /// none that fits means that there is none.
    pub(super) fn match_keys(&mut self, keeps_keys: bool) {
        let claimed: HashSet<KeyId> = self.keys.iter().map(|private| private.id()).collect();
        for held in &mut self.certificates {
            if claimed.contains(&held.certificate.key().id()) {
                held.private_key = Some(true);
            } else if keeps_keys {
                held.private_key = Some(false);
            }
        }
    }
}

/// One certificate of a source.
#[derive(Debug, Clone)]
pub struct HeldCertificate {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// Whether its private key is there, according to the key or the store that keeps it. The key has not been tried.
    pub private_key: Option<bool>,
    /// The Windows provider that keeps the key.
    pub key_provider: Option<String>,
    /// Other observations: each becomes a finding on the subject or member that uses it.
    pub notes: Vec<Finding>,
    /// How the source holds it: a folder may hold it in several files.
    pub forms: Vec<Form>,
    /// Of a folder: the file.
    pub file: Option<Arc<str>>,
}

impl HeldCertificate {
    /// A certificate of which nothing else is known.
    pub fn of(certificate: Certificate, form: Form) -> Self {
        HeldCertificate {
            certificate: Arc::new(certificate),
            private_key: None,
            key_provider: None,
            notes: Vec::new(),
            forms: vec![form],
            file: None,
        }
    }
}

/// How a source holds a certificate: whether a caller can install it depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// In a PKCS#12 file.
    Pkcs12 {
        /// How many private keys the file holds.
        keys: usize,
        /// Whether one of them is the certificate's.
        own_key: bool,
    },
    /// In a Windows certificate store, and in which, where that is known.
    Store(Option<StoreName>),
    /// In a format that is not imported with a key.
    Other(Format),
}

/// How a source was written or sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Certificates as a file has them, or inline.
    Encoded(Encoding),
    /// A folder of files.
    Folder,
    /// A server's answer.
    Tls,
    /// The Windows certificate store.
    WindowsStore,
}

impl Format {
    /// What to call it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Encoded(Encoding::Pem) => "PEM",
            Format::Encoded(Encoding::Der) => "DER",
            Format::Encoded(Encoding::Pkcs7) => "PKCS#7",
            Format::Encoded(Encoding::Pkcs12) => "PKCS#12",
            Format::Folder => "folder",
            Format::Tls => "TLS",
            Format::WindowsStore => "Windows certificate store",
        }
    }
}
