//! What sources really hold: the answer of `same-ca inspect`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::CertificateFacts;
use super::finding::Finding;
use super::report::Tool;
use super::time::Timestamp;

/// What sources hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// Always 1.
    pub protocol: u32,
    /// Always `inspection`.
    pub kind: InspectionKind,
    /// The program that wrote it.
    pub tool: Tool,
    /// The caller's name for the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
    /// The caller's name for the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What the caller's inventory calls the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// When the caller collected what it sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected_at: Option<Timestamp>,
    /// The sources, in the order given.
    pub subjects: Vec<InspectedSubject>,
}

/// The word that tells an inspection from other documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InspectionKind {
    /// An inspection.
    Inspection,
}

/// What one subject's sources hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectedSubject {
    /// What to call it.
    pub name: String,
    /// What the server uses the certificate for.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// What each of its sources holds.
    pub sources: Vec<InspectedSource>,
}

/// What one source holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectedSource {
    /// The source as people write it.
    pub source: String,
    /// `PEM`, `DER`, `PKCS#7`, `PKCS#12`, `TLS`, `folder`, …; absent where nothing could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Its certificates, in the order found.
    pub certificates: Vec<InspectedCertificate>,
    /// How many private keys it holds.
    pub private_keys: usize,
    /// What could not be read, and whether one certificate stands for the source.
    pub findings: Vec<Finding>,
}

/// One certificate of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectedCertificate {
    /// Whether it is the one that stands for the source where one certificate is meant.
    pub chosen: bool,
    /// Whether its private key is there; absent is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<bool>,
    /// Its facts, with `pem` and `chain`.
    pub facts: CertificateFacts,
}
