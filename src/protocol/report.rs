//! What is answered: a verdict for each subject, what it rests on, and what to do next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::{CertificateFacts, Word};
use super::finding::{Code, Finding};
use super::time::Timestamp;
use super::values::Sha256Hex;
use super::word::word;

/// One report. `R` is the reference section: itself, or its JSON where many reports share it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Report")]
pub struct Report<R = ReferenceReport> {
    /// Always 1.
    pub protocol: u32,
    /// The program that answered.
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
    /// The instant at which validity was judged.
    pub valid_at: Timestamp,
    /// The worst status of the subjects.
    pub status: Status,
    /// Whether every subject is compliant.
    pub compliant: bool,
    /// Revocation is never checked, and this says so.
    pub revocation: Revocation,
    /// The verdict in one sentence.
    pub message: String,
    /// How many subjects have which status.
    pub summary: Summary,
    /// What sets the rule.
    pub reference: R,
    /// The subjects, in the order of the request.
    pub subjects: Vec<SubjectReport>,
    /// Of `enforce`: whether anything was changed (under `--what-if`: would be).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<bool>,
    /// Of `enforce`: what was done (under `--what-if`: would be).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<Action>>,
}

/// The program that wrote a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: Word,
    /// Its version.
    pub version: Word,
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Tool {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }
}

/// Whether the rule is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Proven.
    Compliant,
    /// It could not be told.
    Undetermined,
    /// The rule is broken.
    Noncompliant,
}

impl Status {
    /// The word that the protocol uses.
    pub fn as_str(self) -> &'static str {
        word(&self)
    }
}

/// What was done about revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Revocation {
    /// Neither CRLs nor OCSP were asked.
    NotChecked,
}

/// How many subjects have which status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// All subjects.
    pub total: usize,
    /// Proven to keep the rule.
    pub compliant: usize,
    /// Breaking it.
    pub noncompliant: usize,
    /// Could not be told.
    pub undetermined: usize,
}

/// What sets the rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceReport {
    /// The authorities that are allowed.
    pub authorities: Vec<AuthorityReport>,
    /// The members, in order: the request's, then the document's.
    pub members: Vec<MemberReport>,
    /// What was found about the reference as a whole.
    pub findings: Vec<Finding>,
}

impl ReferenceReport {
    /// The members, read by TLS and confirmed by nothing, on which the relation of any of these subjects rests: those of an
    /// authority of which every voting member is such a one.
    pub fn known_by_network(&self, subjects: &[SubjectReport]) -> Vec<&str> {
        let unconfirmed = |member: &&MemberReport| {
            let code = Code::ReferenceUnanchored;
            member.findings.iter().any(|finding| finding.code == code)
        };
        let members: Vec<&MemberReport> = self.members.iter().filter(unconfirmed).collect();
        let mut names: Vec<&str> = Vec::new();
        if members.is_empty() {
            return names;
        }
        let confirmed = |name: &str| !members.iter().any(|member| member.name == name);
        for first in subjects.iter().filter_map(|subject| subject.evidence.first()) {
            let mut add = |name: &str| {
                let known = members.iter().find(|member| member.name == name);
                names.extend(
                    known
                        .map(|member| member.name.as_str())
                        .filter(|name| !names.contains(name)),
                );
            };
            if first.kind == EvidenceKind::Identical {
                let same = |member: &&&MemberReport| {
                    let certificate = member.certificate.as_ref();
                    certificate.map(|facts| facts.sha256) == first.certificate
                };
                members.iter().filter(same).for_each(|member| add(&member.name));
                continue;
            }
            let holds = |authority: &&AuthorityReport| {
                authority
                    .keys
                    .iter()
                    .any(|key| Some(key.key_sha256) == first.signer_key_sha256)
            };
            let authority = self.authorities.iter().find(holds);
            let members = authority
                .map(|authority| authority.members.as_slice())
                .unwrap_or_default();
            if !members.iter().any(|name| confirmed(name)) {
                members.iter().for_each(|name| add(name));
            }
        }
        names
    }
}

/// One authority that is allowed, with its generations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorityReport {
    /// Its name; absent for a pinned key that no certificate at hand carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The members that vote for it, or the pin.
    pub members: Vec<String>,
    /// Its keys, those of the members first.
    pub keys: Vec<AuthorityKey>,
}

/// One key of an authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorityKey {
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub key_sha256: Sha256Hex,
    /// SHA-256 of the CA certificates at hand that carry it.
    pub certificates: Vec<Sha256Hex>,
    /// AD CS CA version of the newest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_version: Option<String>,
    /// When the last of them ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Why it belongs to the authority.
    pub joined_by: JoinedBy,
}

/// Why a key belongs to an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JoinedBy {
    /// It verified a member's certificate.
    Member,
    /// It is pinned.
    Pin,
    /// A key of the authority signed its certificate.
    Link,
    /// One parent signed its certificate and one for a key of the authority.
    CommonParent,
    /// A certificate of the authority names its certificate as the one before (AD CS).
    PreviousHash,
}

/// One member of the reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberReport {
    /// What to call it.
    pub name: String,
    /// What the server uses the certificate for.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// Its certificate, or the pinned CA certificate.
    pub certificate: Option<CertificateFacts>,
    /// The key that verified it.
    pub issued_by: Option<IssuedBy>,
    /// What was found about it.
    pub findings: Vec<Finding>,
}

/// The verdict on one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectReport {
    /// What to call it.
    pub name: String,
    /// What the server uses the certificate for.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// Whether it keeps the rule.
    pub status: Option<Status>,
    /// How it stands to the reference's CA.
    pub relation: Option<Relation>,
    /// How the relation is known.
    pub proof: Option<Proof>,
    /// The key that verified its certificate, matching or not.
    pub issued_by: Option<IssuedBy>,
    /// Each verified step that the relation rests on, reference side first.
    pub evidence: Vec<Evidence>,
    /// Its certificate.
    pub certificate: Option<CertificateFacts>,
    /// What was found about it.
    pub findings: Vec<Finding>,
    /// Of a subject with `any_of` or candidates: the certificates that were not chosen, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<Vec<PassedOver>>,
    /// Of `enforce`: the certificate that stood before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Option<Box<CertificateFacts>>>,
    /// Of `enforce`: the certificate that stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Option<Box<CertificateFacts>>>,
}

/// How a subject's certificate stands to an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// A key that signed the reference signed it, or it is the reference's own certificate.
    Same,
    /// A key that proven rollover joins to the reference's signed it.
    Rollover,
    /// The reference's key signed it, under another issuer name.
    KeyOnly,
    /// Another CA issued it.
    Different,
    /// The name is the same, and no usable key is at hand to tell.
    Unproven,
    /// The name is the same, the key is not: a look-alike, or a re-key that nothing at hand proves.
    NameOnly,
    /// It points to the reference's key, and no known key verifies it.
    BadSignature,
    /// No certificate could be had.
    Unreadable,
}

impl Relation {
    /// The word that the protocol uses.
    pub fn as_str(self) -> &'static str {
        word(&self)
    }
}

/// How a relation is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// By verified signatures.
    Signature,
    /// It is byte for byte a reference's certificate.
    Identical,
    /// By key identifiers alone, which are claims.
    KeyIdentifier,
    /// By names alone, which are claims.
    Name,
}

/// The key that verified a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuedBy {
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub key_sha256: Sha256Hex,
    /// Subject of the CA certificate that carries it; absent for a bare key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// SHA-256 of the CA certificate that carries it; absent for a bare key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Sha256Hex>,
    /// Where that certificate came from.
    pub key_from: KeyFrom,
}

/// Where a CA key came from; the first that holds it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyFrom {
    /// The request's `authorities`.
    Authorities,
    /// The reference document.
    ReferenceDocument,
    /// A pin.
    Pin,
    /// A source of the reference.
    Reference,
    /// The request's `intermediates`.
    Intermediates,
    /// What the subject brought.
    Subject,
    /// What a candidate brought.
    Candidate,
    /// A distrusted source: known for recognising what it signed, and for nothing else.
    Distrust,
}

/// One step that a relation rests on, which anybody can check again with the certificates.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What kind of step it is.
    pub kind: EvidenceKind,
    /// SHA-256 of the certificate that was signed or named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Sha256Hex>,
    /// SHA-256 of the key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_key_sha256: Option<Sha256Hex>,
    /// SHA-256 of the CA certificate that carries that key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_certificate: Option<Sha256Hex>,
    /// SHA-256 of the other certificate of the step: the twin of a common parent, or the one that names another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_certificate: Option<Sha256Hex>,
}

/// The kinds of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// A CA key signed a certificate.
    Issued,
    /// A key of the authority signed the CA certificate of another generation.
    Link,
    /// One parent signed two generations.
    CommonParent,
    /// A CA certificate names the one before by SHA-1.
    PreviousHash,
    /// Two certificates are the same bytes.
    Identical,
    /// A key or CA certificate is pinned.
    Pin,
}

/// A certificate that was not chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PassedOver {
    /// Whether it is one of `any_of` or a candidate.
    pub from: ChosenFrom,
    /// Zero-based index of its source, as given.
    pub index: usize,
    /// Its source as people write it, or the file of a folder; absent in what older versions wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its certificate.
    pub certificate: Option<CertificateFacts>,
    /// How it stands to the reference's CA.
    pub relation: Option<Relation>,
    /// How the relation is known.
    pub proof: Option<Proof>,
    /// Why it was not chosen.
    pub findings: Vec<Finding>,
}

/// The two lists that certificates are chosen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ChosenFrom {
    /// The subject's `any_of`.
    #[serde(rename = "any_of")]
    AnyOf,
    /// The subject's candidates, then the request's.
    #[serde(rename = "candidates")]
    Candidates,
}

/// One thing that `enforce` did or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What was done.
    pub action: ActionKind,
    /// Name of the subject.
    pub subject: String,
    /// Use of the subject.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// Who carries it out, if not this program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Zero-based index of the candidate, over the subject's candidates, then the request's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<usize>,
    /// The source of the candidate as people write it; absent in what older versions wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// SHA-256 of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Sha256Hex>,
    /// Files that were written.
    pub paths: Vec<String>,
    /// Files that keep what stood before.
    pub backups: Vec<String>,
}

/// The kinds of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionKind {
    /// A candidate was installed.
    Install,
    /// An interrupted run was finished or undone.
    Recover,
    /// The caller is told to assign.
    Assign,
}
