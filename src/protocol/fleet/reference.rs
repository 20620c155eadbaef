//! The references of the reports, and the CAs of the whole fleet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::protocol::report::JoinedBy;
use crate::protocol::time::Timestamp;
use crate::protocol::values::Sha256Hex;
use crate::protocol::word::word;

use super::Text;
use super::record::{RecordCertificate, RecordFinding, RecordIssuer};

/// A reference that records were judged against, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FleetReference {
    /// The first half of the SHA-256 of the rest as JSON.
    pub id: Text,
    /// The authorities that it allows.
    pub authorities: Vec<ReferenceAuthority>,
    /// Its members.
    pub members: Vec<ReferenceMember>,
    /// What was found about it as a whole.
    pub findings: Vec<RecordFinding>,
}

/// An authority that a reference allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReferenceAuthority {
    /// Its name; absent for a pinned key that no certificate at hand carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Text>,
    /// The members that vote for it, or the pin.
    pub members: Vec<Text>,
    /// Its keys.
    pub keys: Vec<ReferenceKey>,
}

/// A key of an authority that a reference allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReferenceKey {
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub key_sha256: Sha256Hex,
    /// AD CS CA version of the newest certificate that carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_version: Option<Text>,
    /// When the last of these ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Why it belongs to the authority.
    pub joined_by: JoinedBy,
}

/// A member of a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReferenceMember {
    /// What to call it.
    pub name: Text,
    /// What the server uses the certificate for.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<Text>,
    /// The key that verified it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_by: Option<RecordIssuer>,
    /// Its certificate, or the pinned CA certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<RecordCertificate>,
    /// What was found about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<RecordFinding>,
}

/// A CA of the estate by its name, with every key that signs, or is said to sign, under that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EstateAuthority {
    /// Its name; absent for a pinned key that no certificate at hand carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Text>,
    /// Whether a reference allows it.
    pub allowed: bool,
    /// The requirements whose references allow it.
    pub requirements: Vec<Text>,
    /// Its keys: those that are allowed first, then by how many subjects are under them.
    pub generations: Vec<Generation>,
}

/// One key under a CA's name, and who is under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Generation {
    /// SHA-256 of its SubjectPublicKeyInfo; absent for subjects that name this CA and that no known key verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<Sha256Hex>,
    /// What it is to the estate.
    pub standing: Standing,
    /// AD CS CA version of the newest certificate that carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_version: Option<Text>,
    /// When the last of these ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Why it belongs to the authority, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined_by: Option<JoinedBy>,
    /// Members of references whose certificates it signed.
    pub members: usize,
    /// Hosts with a subject under it.
    pub hosts: usize,
    /// Subjects under it.
    pub subjects: usize,
    /// Of these, subjects whose relation to their reference is `same` or `rollover`.
    pub accepted: usize,
    /// The first hosts under it, by name.
    pub hosts_named: Vec<Text>,
    /// What would prove the link to the authority where it is missing, as the reports say it.
    pub hints: Vec<Text>,
}

/// What a key is to the estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// A reference's own certificates, or a pin, have it.
    Reference,
    /// Proven rollover joins it to a reference's.
    Rollover,
    /// It signs under the name of an allowed authority, and nothing proves that it belongs to it.
    LookAlike,
    /// The name of an allowed authority is claimed, and no known key verified that.
    Unproven,
    /// Another CA.
    Other,
}

impl Standing {
    /// The word that the protocol uses.
    pub fn as_str(self) -> &'static str {
        word(&self)
    }
}
