//! The reference document: what the internal servers use, read once and carried to every later check.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::{CertificateFacts, Word};
use super::finding::{Code, Finding, Phrase, Values};
use super::report::Tool;
use super::time::Timestamp;
use super::values::{Hex, Sha256Hex};

/// A reference document as `same-ca reference` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceDocument {
    /// Always 1.
    pub protocol: u32,
    /// Always `reference`.
    pub kind: DocumentKind,
    /// The program that wrote it.
    pub tool: Tool,
    /// The caller's name for the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
    /// The caller's name for the host that read the reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What the caller's inventory calls that host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// When the caller read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collected_at: Option<Timestamp>,
    /// The servers that set the rule, and pins.
    pub members: Vec<DocumentMember>,
    /// PEM of the CA certificates that the operator answers for: trusted.
    pub authorities: Vec<String>,
    /// PEM of other CA certificates that were given: untrusted.
    pub intermediates: Vec<String>,
    /// What was found while reading.
    pub findings: Vec<Finding>,
}

/// The word that tells a reference document from other documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DocumentKind {
    /// A reference document.
    Reference,
}

/// How a member was read: one read by TLS has to be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReadBy {
    /// From the server, by TLS: the network led there.
    Tls,
    /// In another way.
    Other,
}

/// One member of a reference document: a certificate, or a pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentMember {
    /// What to call it.
    pub name: String,
    /// What the server uses the certificate for.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// How it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_by: Option<ReadBy>,
    /// The host that was asked, where it was read by TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its certificate with `pem` and `chain`; of these alone is read back, the facts are worked out anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<DocumentCertificate>,
    /// A pin: one CA certificate with `pem`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<DocumentCertificate>,
    /// A pin: SHA-256 of a key's DER SubjectPublicKeyInfo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<Sha256Hex>,
    /// Why it could not be read: whoever uses the document learns that a server is missing from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<Unread>,
}

/// Why a member of a reference document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unread {
    /// Stable code.
    pub code: Code,
    /// What went wrong, in one sentence.
    pub message: String,
    /// Which text that is, as a finding has it; absent in what older versions wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What it was filled with, as a finding has it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub values: Values,
}

impl Unread {
    /// Why, as a text of the table.
    pub fn cause(&self) -> Option<Phrase> {
        let text = self.text.clone()?.into();
        let values = self.values.clone();
        Some(Phrase { text, values })
    }
}

macro_rules! document_certificate {
    ($($(#[$meta:meta])* $field:ident : $type:ty,)+) => {
        /// The facts of a certificate with its PEM. Whoever writes a document by hand needs `pem` alone.
        #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct DocumentCertificate {
            /// The certificate as PEM.
            pub pem: String,
            /// The certificates that came with it, as PEM.
            #[serde(default, deserialize_with = "super::values::null_default")]
            pub chain: Vec<String>,
            $($(#[$meta])* #[serde(default, skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)+
        }

        impl From<CertificateFacts> for DocumentCertificate {
            fn from(facts: CertificateFacts) -> Self {
                DocumentCertificate {
                    pem: facts.pem.unwrap_or_default(),
                    chain: facts.chain.unwrap_or_default(),
                    $($field: facts.$field.into(),)+
                }
            }
        }
    };
}

/// A digest as a document has it: by its text alone, as nothing reads it back.
impl<const N: usize> From<Hex<N>> for Option<String> {
    fn from(digest: Hex<N>) -> Self {
        Some(digest.to_string())
    }
}

document_certificate! {
    /// Subject as an RFC 4514 string.
    subject: String,
    /// Issuer as an RFC 4514 string.
    issuer: String,
    /// Subject attributes as encoded.
    subject_ordered: Vec<(Word, String)>,
    /// Issuer attributes as encoded.
    issuer_ordered: Vec<(Word, String)>,
    /// Serial number, hex.
    serial_number: String,
    /// First instant of the validity period.
    not_before: Timestamp,
    /// Last instant of the validity period.
    not_after: Timestamp,
    /// SHA-1 of the DER certificate.
    sha1: String,
    /// SHA-256 of the DER certificate.
    sha256: String,
    /// Algorithm of the key.
    key_algorithm: Word,
    /// Size of the key in bits.
    key_bits: u32,
    /// Named curve of an EC key.
    key_curve: String,
    /// SHA-256 of the key's SubjectPublicKeyInfo.
    key_sha256: String,
    /// Signature algorithm.
    signature_algorithm: Word,
    /// Subject alternative names.
    subject_alternative_names: Vec<String>,
    /// Subject key identifier, hex.
    subject_key_identifier: String,
    /// Authority key identifier, hex.
    authority_key_identifier: String,
    /// Extended key usages.
    extended_key_usage: Vec<Word>,
    /// Key usages.
    key_usage: Vec<Word>,
    /// Whether basicConstraints says cA TRUE.
    is_ca: bool,
    /// CRL distribution points.
    crl_distribution_points: Vec<String>,
    /// caIssuers URIs.
    ca_issuers: Vec<String>,
    /// AD CS certificate template.
    template: String,
    /// Version of an AD CS template.
    template_version: String,
    /// AD CS CA version.
    ca_version: String,
    /// AD CS previous CA hash.
    previous_ca_hash: String,
}

/// A reference document in a request: a path, or the document itself, of which `members` is needed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentInput {
    /// File that holds a reference document.
    #[serde(default)]
    pub path: Option<String>,
    /// Always 1.
    #[serde(default)]
    pub protocol: Option<u32>,
    /// Always `reference`.
    #[serde(default)]
    pub kind: Option<DocumentKind>,
    /// The program that wrote it. Not read back.
    #[serde(default)]
    pub tool: Option<Tool>,
    /// The caller's name for the rule. Not read back.
    #[serde(default)]
    pub requirement: Option<String>,
    /// Host that read the reference. Not read back.
    #[serde(default)]
    pub host: Option<String>,
    /// What an inventory calls that host. Not read back.
    #[serde(default)]
    pub node: Option<String>,
    /// When it was read. Not read back.
    #[serde(default)]
    pub collected_at: Option<Timestamp>,
    /// The servers that set the rule, and pins.
    #[serde(default)]
    pub members: Option<Vec<DocumentMember>>,
    /// PEM of the CA certificates that the operator answers for: trusted.
    #[serde(default)]
    pub authorities: Option<Vec<String>>,
    /// PEM of other CA certificates: untrusted.
    #[serde(default)]
    pub intermediates: Option<Vec<String>>,
    /// What was found while reading. Not read back.
    #[serde(default)]
    pub findings: Option<Vec<Finding>>,
}
