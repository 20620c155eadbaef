//! What is asked: the reference that sets the rule, the subjects that must follow it, evidence and policy.

mod check;

pub use check::check_subjects;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de};

use super::document::DocumentInput;
use super::install::Install;
use super::policy::Policy;
use super::source::Source;
use super::time::Timestamp;
use super::values::{Sha256Hex, null_default};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Always 1.
    #[schemars(range(min = 1, max = 1))]
    pub protocol: u32,
    /// The caller's name for the rule; carried into the report.
    #[serde(default)]
    pub requirement: Option<String>,
    /// The caller's name for the host; carried into the report.
    #[serde(default)]
    pub host: Option<String>,
    /// What the caller's inventory calls the host, where that may differ from `host`; carried into the report.
    #[serde(default)]
    pub node: Option<String>,
    /// When the caller collected what it sends; carried into the report.
    #[serde(default)]
    pub collected_at: Option<Timestamp>,
    /// The servers that set the rule: the CA that they use is the expected CA.
    #[serde(default, deserialize_with = "null_default")]
    pub reference: Vec<Member>,
    /// A reference document, as `same-ca reference` writes it: a path, or the document itself.
    #[serde(default)]
    pub reference_document: Option<DocumentInput>,
    /// What must follow the rule; at least one.
    #[serde(default, deserialize_with = "null_default")]
    #[schemars(length(min = 1), required)]
    pub subjects: Vec<Subject>,
    /// CA certificates that the operator answers for.
    #[serde(default, deserialize_with = "null_default")]
    pub authorities: Vec<Source>,
    /// CA certificates that were found.
    #[serde(default, deserialize_with = "null_default")]
    pub intermediates: Vec<Source>,
    /// Certificates that may replace what stands.
    #[serde(default, deserialize_with = "null_default")]
    pub candidates: Vec<Source>,
    /// How strict to be.
    #[serde(default, deserialize_with = "null_default")]
    pub policy: Policy,
}

/// A server that sets the rule, or a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What to call it.
    pub name: String,
    /// What the server uses the certificate for.
    pub use_: Option<String>,
    /// What it is.
    pub kind: MemberKind,
}

/// What a member of the reference is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// A server's certificate.
    Source(Source),
    /// A pin: exactly one CA certificate.
    Authority(Source),
    /// A pin: the SHA-256 of a key's SubjectPublicKeyInfo.
    Key(Sha256Hex),
}

/// A member of the reference: a name and exactly one of `source`, `authority`, `key_sha256`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MemberFields {
    /// What to call it.
    #[schemars(length(min = 1))]
    name: String,
    /// What the server uses the certificate for.
    #[serde(default, rename = "use")]
    use_: Option<String>,
    /// The server's certificate.
    #[serde(default)]
    source: Option<Source>,
    /// A pin: a source of exactly one CA certificate.
    #[serde(default)]
    authority: Option<Source>,
    /// A pin: SHA-256 of a key's DER SubjectPublicKeyInfo.
    #[serde(default)]
    key_sha256: Option<Sha256Hex>,
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = MemberFields::deserialize(deserializer)?;
        let kind = match (fields.source, fields.authority, fields.key_sha256) {
            (Some(source), None, None) => MemberKind::Source(source),
            (None, Some(authority), None) => MemberKind::Authority(authority),
            (None, None, Some(key)) => MemberKind::Key(key),
            _ => {
                return Err(de::Error::custom(
                    "expected exactly one of source, authority, key_sha256",
                ));
            }
        };
        Ok(Member {
            name: fields.name,
            use_: fields.use_,
            kind,
        })
    }
}

impl JsonSchema for Member {
    fn schema_name() -> Cow<'static, str> {
        "Member".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        MemberFields::json_schema(generator)
    }
}

/// What must follow the rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// What to call it.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What the server uses the certificate for.
    #[serde(default, rename = "use")]
    pub use_: Option<String>,
    /// Names that the certificate must cover, all of them; replaces `policy.names`, `[]` with none.
    #[serde(default)]
    pub names: Option<Vec<String>>,
    /// Validity is judged at the later of this and `valid_at`: for a staged certificate.
    #[serde(default)]
    pub effective_from: Option<Timestamp>,
    /// Its certificate.
    #[serde(default)]
    pub source: Option<Source>,
    /// Sources of which one fitting certificate is enough.
    #[serde(default)]
    pub any_of: Option<Vec<Source>>,
    /// Certificates that may replace what stands, for this subject alone.
    #[serde(default, deserialize_with = "null_default")]
    pub candidates: Vec<Source>,
    /// Where its certificate stands, and where a candidate goes.
    #[serde(default)]
    pub install: Option<Install>,
}
