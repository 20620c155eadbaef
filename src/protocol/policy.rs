//! How strict to be.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::fault::{Fault, pointer_step};
use super::finding::{Code, Severity};
use super::source::Distrust;
use super::time::Timestamp;
use super::values::{Span, null_default};

/// How strict to be. Everything has a default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Further requirements on the subjects' certificates.
    #[serde(default)]
    pub profile: Option<Profile>,
    /// What counts as the same CA.
    #[serde(default, rename = "match", deserialize_with = "null_default")]
    pub match_: Match,
    /// Which CA is meant: the one that issued, or the root above it.
    #[serde(default, deserialize_with = "null_default")]
    pub level: Level,
    /// The weakest evidence that may count.
    #[serde(default, deserialize_with = "null_default")]
    pub proof: ProofWanted,
    /// Whether the reference servers must agree.
    #[serde(default, deserialize_with = "null_default")]
    pub references: References,
    /// The instant at which validity is judged; the clock unless given.
    #[serde(default)]
    pub valid_at: Option<Timestamp>,
    /// How long before its end a certificate is reported as ending soon; 30d unless given.
    #[serde(default)]
    pub warn_before_expiry: Option<Span>,
    /// How long before its end a certificate is replaced by a candidate that lasts longer.
    #[serde(default)]
    pub renew_before: Option<Span>,
    /// Names that every subject must cover.
    #[serde(default, deserialize_with = "null_default")]
    pub names: Vec<String>,
    /// Extended key usages that every subject must have: a name such as `serverAuth`, or a dotted OID.
    #[serde(default, deserialize_with = "null_default")]
    pub extended_key_usage: Vec<String>,
    /// Keys that may not count.
    #[serde(default, deserialize_with = "null_default")]
    pub distrust: Vec<Distrust>,
    /// Severities that differ from the table.
    #[serde(default, deserialize_with = "null_default")]
    pub severity: Severities,
}

/// Further requirements on the subjects' certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Microsoft, "Certificate infrastructure requirements for Lync Server 2013": server authentication among the extended key
    /// usages (any purpose does not count); a CRL distribution point; a key of RSA 1024, 2048 or 4096 bits or of ECDSA on P-256,
    /// P-384 or P-521; a signature with SHA-1 (a warning) or SHA-2, not RSASSA-PSS; a private key that is not kept by CNG alone
    /// (a warning).
    #[serde(rename = "lync-server-2013")]
    LyncServer2013,
    /// Server and client authentication among the extended key usages.
    MutualTls,
}

/// What counts as the same CA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// One key signed both.
    Key,
    /// One key, or the same CA after a proven re-key.
    #[default]
    Authority,
    /// The same name; the weakest.
    Name,
}

/// Which CA is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The CA that issued the certificate.
    #[default]
    Issuing,
    /// The root CA above it.
    Root,
}

/// The weakest evidence that may count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProofWanted {
    /// A name: says nothing about the key.
    Name,
    /// A key identifier: a claim of whoever signed.
    KeyIdentifier,
    /// A verified signature.
    #[default]
    Signature,
}

/// Whether the reference servers must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum References {
    /// All must use one authority.
    #[default]
    Agree,
    /// Each one's authority is allowed.
    Any,
}

/// Severities that differ from the table: any code may be raised, few may be lowered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Severities(BTreeMap<Code, Severity>);

impl Severities {
    /// The severity that the policy gives to a code, if any.
    pub fn of(&self, code: Code) -> Option<Severity> {
        self.0.get(&code).copied()
    }

    /// Sets one; the caller checks that it may be set.
    pub fn set(&mut self, code: Code, severity: Severity) {
        self.0.insert(code, severity);
    }

    pub(super) fn check(&self, pointer: &str) -> Result<(), Fault> {
        for (code, &severity) in &self.0 {
            if severity < code.severity() && !code.may_be_lowered() {
                let message = format!(
                    "{} may be raised, not lowered below {}",
                    code.as_str(),
                    code.severity().as_str()
                );
                return Err(Fault::bad_request(pointer_step(pointer, code.as_str()), message));
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Severities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SeveritiesVisitor;
        impl<'de> Visitor<'de> for SeveritiesVisitor {
            type Value = Severities;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of finding codes and severities")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Severities, A::Error> {
                let mut severities = BTreeMap::new();
                while let Some(key) = map.next_key::<Cow<'_, str>>()? {
                    let code = Code::ALL.iter().find(|code| code.as_str() == key);
                    let Some(&code) = code else {
                        return Err(de::Error::custom(format!("unknown finding code {key:?}")));
                    };
                    if severities.contains_key(&code) {
                        return Err(de::Error::custom(format!("duplicate key {key:?}")));
                    }
                    if let Some(severity) = map.next_value::<Option<Severity>>()? {
                        severities.insert(code, severity);
                    }
                }
                Ok(Severities(severities))
            }
        }
        deserializer.deserialize_map(SeveritiesVisitor)
    }
}

impl JsonSchema for Severities {
    fn schema_name() -> Cow<'static, str> {
        "Severities".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let severity = generator.subschema_for::<Severity>();
        let codes: serde_json::Map<String, serde_json::Value> = Code::ALL
            .iter()
            .map(|code| {
                let lower = if code.may_be_lowered() {
                    "may be lowered"
                } else {
                    "may only be raised"
                };
                let text = format!("{} Default: {}; {lower}.", code.description(), code.severity().as_str());
                (
                    code.as_str().to_owned(),
                    serde_json::json!({ "allOf": [severity.clone()], "description": text }),
                )
            })
            .collect();
        json_schema!({
            "type": "object",
            "description": "Severities that differ from the default, by finding code.",
            "properties": codes,
            "additionalProperties": false
        })
    }
}

/// serverAuth (RFC 5280 §4.2.1.12).
pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// clientAuth (RFC 5280 §4.2.1.12).
pub const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
/// Extended key usages that have a name here, with their OIDs (RFC 5280 §4.2.1.12, Microsoft).
pub const EXTENDED_KEY_USAGES: &[(&str, &str)] = &[
    ("serverAuth", SERVER_AUTH),
    ("clientAuth", CLIENT_AUTH),
    ("codeSigning", "1.3.6.1.5.5.7.3.3"),
    ("emailProtection", "1.3.6.1.5.5.7.3.4"),
    ("timeStamping", "1.3.6.1.5.5.7.3.8"),
    ("OCSPSigning", "1.3.6.1.5.5.7.3.9"),
    ("anyExtendedKeyUsage", "2.5.29.37.0"),
];

/// The dotted OID of an extended key usage given by name or OID.
pub fn extended_key_usage_oid(usage: &str) -> Option<&str> {
    if let Some((_, oid)) = EXTENDED_KEY_USAGES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(usage))
    {
        return Some(oid);
    }
    let dotted = usage.contains('.')
        && usage
            .split('.')
            .all(|arc| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()));
    dotted.then_some(usage)
}
