//! What is asked: the reference that sets the rule, the subjects that must follow it, evidence and policy.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::check_protocol;
use super::document::DocumentInput;
use super::fault::{Fault, pointer_step};
use super::finding::{Code, Severity};
use super::source::{Distrust, Password, Source, StoreLocation, StoreName, is_store_name, password};
use super::time::Timestamp;
use super::values::null_default;
use super::values::{Secret, Sha256Hex, Span, Thumbprint, check_path};

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

/// Where a certificate stands and is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// The place.
    pub place: Place,
    /// Whether the old files are kept.
    pub backup: bool,
    /// Whether a file that cannot be opened or holds no certificate may be replaced; it is then kept as a backup.
    pub replace_unreadable: bool,
    /// What the caller can carry out, where it installs.
    pub accepts: Option<Accepts>,
    /// Certificates that are not to be chosen again, where the caller installs.
    pub without: Vec<Sha256Hex>,
}

impl Install {
    /// A place, with everything else as it is unless given.
    pub fn of(place: Place) -> Self {
        Install {
            place,
            backup: false,
            replace_unreadable: false,
            accepts: None,
            without: Vec::new(),
        }
    }
}

/// Which candidates a caller that installs can carry out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Accepts {
    /// The forms that a candidate may have.
    pub forms: Vec<AcceptedForm>,
    /// Whether a PKCS#12 candidate may hold one private key only: Windows imports every key of a file.
    #[serde(default, deserialize_with = "null_default")]
    pub one_key: bool,
    /// The only store that a candidate of the form `store` may stand in.
    #[serde(default)]
    pub store: Option<StoreName>,
    /// SHA-1 of the only certificate that may be chosen.
    #[serde(default)]
    pub thumbprint: Option<Thumbprint>,
}

/// A form of a candidate that a caller can install.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum AcceptedForm {
    /// A PKCS#12 file.
    Pkcs12,
    /// A certificate in a Windows certificate store, its key with it.
    Store,
}

/// A place for a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// PEM files.
    Files {
        /// The certificate's file.
        certificate: String,
        /// The key's file; the certificate's unless given.
        private_key: Option<String>,
        /// The file of its chain.
        chain: Option<String>,
    },
    /// A PKCS#12 file.
    Pkcs12 {
        /// Its path.
        path: String,
        /// Its password.
        password: Option<Password>,
        /// How it is encrypted when it is written.
        encryption: Encryption,
    },
    /// The Windows certificate store.
    WindowsStore(WindowsStorePlace),
    /// The binary chooses, the caller carries out.
    Caller,
}

/// How a PKCS#12 file is encrypted when it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Encryption {
    /// Triple DES and SHA-1: what every Windows can read.
    #[default]
    Legacy,
    /// AES-256 and SHA-256: from Windows Server 2019 and OpenSSL 1.1 on.
    Aes,
}

/// A store to install into.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct WindowsStorePlace {
    /// `LocalMachine` or `CurrentUser`.
    pub location: StoreLocation,
    /// Store name, such as `My`.
    pub store: String,
    /// Whether the imported key may be exported.
    #[serde(default, deserialize_with = "null_default")]
    pub exportable: bool,
    /// Friendly name of the imported certificate.
    #[serde(default)]
    pub friendly_name: Option<String>,
    /// The certificate that stands now; the whole store is judged unless given.
    #[serde(default)]
    pub thumbprint: Option<Thumbprint>,
}

/// Who installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum By {
    /// The caller.
    Caller,
}

/// A place: exactly one of `certificate`, `pkcs12_path`, `windows_store`, `by`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InstallFields {
    /// PEM file of the certificate. It need not be there; its folder must be.
    #[serde(default)]
    certificate: Option<String>,
    /// PEM file of the private key; the certificate's file unless given.
    #[serde(default)]
    private_key: Option<String>,
    /// PEM file of the CA certificates to send along, self-signed ones left out; they go into `certificate` unless given.
    #[serde(default)]
    chain: Option<String>,
    /// PKCS#12 file.
    #[serde(default)]
    pkcs12_path: Option<String>,
    /// File whose first line is the password of `pkcs12_path`.
    #[serde(default)]
    password_file: Option<String>,
    /// Environment variable that holds the password.
    #[serde(default)]
    password_env: Option<String>,
    /// The password itself.
    #[serde(default)]
    password: Option<Secret>,
    /// How `pkcs12_path` is encrypted when it is written: `legacy` (unless given: Triple DES and SHA-1, which every Windows
    /// can read) or `aes` (AES-256 and SHA-256, from Windows Server 2019 and OpenSSL 1.1 on).
    #[serde(default)]
    encryption: Option<Encryption>,
    /// Windows certificate store.
    #[serde(default)]
    windows_store: Option<WindowsStorePlace>,
    /// `caller`: the binary chooses, the caller installs.
    #[serde(default)]
    by: Option<By>,
    /// Keep the old files beside the new ones, as `NAME.DIGITS.bak`.
    #[serde(default, deserialize_with = "null_default")]
    backup: bool,
    /// Replace a file that cannot be opened (a wrong password, another kind of key store) or holds no certificate. It is
    /// kept beside the new one, as `NAME.DIGITS.bak`, whatever `backup` says.
    #[serde(default, deserialize_with = "null_default")]
    replace_unreadable: bool,
    /// With `by` alone: what the caller can carry out. Other candidates are passed over, and the best of the rest is chosen.
    #[serde(default)]
    accepts: Option<Accepts>,
    /// With `by` alone: SHA-256 of certificates that are not to be chosen again.
    #[serde(default, deserialize_with = "null_default")]
    without: Vec<Sha256Hex>,
}

impl InstallFields {
    fn place(self) -> Result<Place, &'static str> {
        let password = password(self.password_file, self.password_env, self.password)?;
        for path in [&self.certificate, &self.private_key, &self.chain, &self.pkcs12_path]
            .into_iter()
            .flatten()
        {
            check_path(path)?;
        }
        if password.is_some() && self.pkcs12_path.is_none() {
            return Err("a password goes with pkcs12_path alone");
        }
        if self.encryption.is_some() && self.pkcs12_path.is_none() {
            return Err("encryption goes with pkcs12_path alone");
        }
        if self.certificate.is_none() && (self.private_key.is_some() || self.chain.is_some()) {
            return Err("private_key and chain go with certificate");
        }
        match (self.certificate, self.pkcs12_path, self.windows_store, self.by) {
            (Some(certificate), None, None, None) => Ok(Place::Files {
                certificate,
                private_key: self.private_key,
                chain: self.chain,
            }),
            (None, Some(path), None, None) => Ok(Place::Pkcs12 {
                path,
                password,
                encryption: self.encryption.unwrap_or_default(),
            }),
            (None, None, Some(store), None) => match is_store_name(&store.store) {
                true => Ok(Place::WindowsStore(store)),
                false => Err("expected the name of a store, such as My, in windows_store"),
            },
            (None, None, None, Some(By::Caller)) => Ok(Place::Caller),
            _ => Err("expected exactly one of certificate, pkcs12_path, windows_store, by"),
        }
    }
}

impl<'de> Deserialize<'de> for Install {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = InstallFields::deserialize(deserializer)?;
        let (backup, replace_unreadable) = (fields.backup, fields.replace_unreadable);
        let (accepts, without) = (fields.accepts.take(), std::mem::take(&mut fields.without));
        let place = fields.place().map_err(de::Error::custom)?;
        Ok(Install {
            place,
            backup,
            replace_unreadable,
            accepts,
            without,
        })
    }
}

impl JsonSchema for Install {
    fn schema_name() -> Cow<'static, str> {
        "Install".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        InstallFields::json_schema(generator)
    }
}

/// How strict to be. Everything has a default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What else the certificates must satisfy.
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

/// What else the certificates must satisfy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Microsoft, "Certificate infrastructure requirements for Lync Server 2013".
    #[serde(rename = "lync-server-2013")]
    LyncServer2013,
    /// Server and client authentication.
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

    fn check(&self, pointer: &str) -> Result<(), Fault> {
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

impl Request {
    /// What types cannot say: the protocol, unique names, one form each, severities that may be set.
    pub fn check(&self) -> Result<(), Fault> {
        check_protocol(self.protocol)?;
        self.check_shared()?;
        check_subjects(&self.subjects)
    }

    /// The part of [`Request::check`] that concerns everything but the subjects.
    pub fn check_shared(&self) -> Result<(), Fault> {
        let mut seen = HashSet::new();
        for (index, member) in self.reference.iter().enumerate() {
            let pointer = format!("/reference/{index}");
            check_name(&member.name, &pointer)?;
            if !seen.insert((member.name.as_str(), member.use_.as_deref())) {
                return Err(taken(
                    &pointer,
                    &member.name,
                    member.use_.as_deref(),
                    "member of the reference",
                ));
            }
        }
        let pinned = self
            .reference
            .iter()
            .enumerate()
            .filter_map(|(index, member)| match &member.kind {
                MemberKind::Authority(source) => Some((format!("/reference/{index}/authority"), source)),
                MemberKind::Source(_) | MemberKind::Key(_) => None,
            });
        let named = self.authorities.iter().enumerate();
        let named = named.map(|(index, source)| (format!("/authorities/{index}"), source));
        for (pointer, source) in pinned.chain(named) {
            check_trusted(source, &pointer)?;
        }
        if let Some(path) = self
            .reference_document
            .as_ref()
            .and_then(|document| document.path.as_deref())
        {
            check_path(path).map_err(|why| Fault::bad_request("/reference_document/path", why))?;
        }
        check_names(&self.policy.names, || "/policy/names".into())?;
        for (index, usage) in self.policy.extended_key_usage.iter().enumerate() {
            if extended_key_usage_oid(usage).is_none() {
                let known = EXTENDED_KEY_USAGES
                    .iter()
                    .map(|(name, _)| *name)
                    .collect::<Vec<_>>()
                    .join(", ");
                let message = format!("expected a dotted OID or one of {known}");
                return Err(Fault::bad_request(
                    format!("/policy/extended_key_usage/{index}"),
                    message,
                ));
            }
        }
        self.policy.severity.check("/policy/severity")
    }
}

/// The part of [`Request::check`] that concerns the subjects.
pub fn check_subjects(subjects: &[Subject]) -> Result<(), Fault> {
    if subjects.is_empty() {
        return Err(Fault::bad_request("/subjects", "expected at least one subject"));
    }
    let mut seen = HashSet::new();
    for (index, subject) in subjects.iter().enumerate() {
        let fault = |message: &str| Err(Fault::bad_request(format!("/subjects/{index}"), message));
        if subject.name.is_empty() {
            check_name(&subject.name, &format!("/subjects/{index}"))?;
        }
        if subjects.len() > 1 && !seen.insert((subject.name.as_str(), subject.use_.as_deref())) {
            return Err(taken(
                &format!("/subjects/{index}"),
                &subject.name,
                subject.use_.as_deref(),
                "subject",
            ));
        }
        let own_place = subject
            .install
            .as_ref()
            .is_some_and(|install| install.place != Place::Caller);
        match (&subject.source, &subject.any_of) {
            (Some(_), Some(_)) => return fault("expected one of source and any_of, found both"),
            (_, Some(_)) if own_place => return fault("any_of does not go with an install of its own place"),
            (None, None) if !own_place => {
                return fault("expected source, any_of, or install with a place of its own");
            }
            _ => {}
        }
        if let Some(names) = &subject.names {
            check_names(names, || format!("/subjects/{index}/names"))?;
        }
        if let Some(install) = &subject.install {
            let pointer = format!("/subjects/{index}/install");
            check_choice(install, &pointer)?;
            check_password(install, &pointer)?;
        }
        if let Some(Install {
            place:
                Place::Files {
                    certificate,
                    private_key,
                    chain,
                },
            ..
        }) = &subject.install
        {
            let key = private_key.as_ref();
            let twice = chain
                .as_ref()
                .is_some_and(|chain| chain == certificate || Some(chain) == key);
            if certificate.is_empty() || twice {
                return fault("install: expected a path for certificate, and a chain in a file of its own");
            }
        }
    }
    Ok(())
}

/// What is trusted is named by who answers for it: a server that the network led to answers for nobody.
fn check_trusted(source: &Source, pointer: &str) -> Result<(), Fault> {
    let Source::Tls(_) = source else { return Ok(()) };
    let message = format!(
        "{} is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file \
         (same-ca inspect --save FILE), look at it, and give the file",
        source.label()
    );
    Err(Fault::bad_request(pointer, message))
}

/// A PKCS#12 file is opened and written under a password, if only an empty one: which, is not guessed.
fn check_password(install: &Install, pointer: &str) -> Result<(), Fault> {
    match &install.place {
        Place::Pkcs12 { password: None, .. } => {
            let message = "expected password_file, password_env or password with pkcs12_path (\"password\": \"\" for an \
                           empty one)";
            Err(Fault::bad_request(pointer, message))
        }
        _ => Ok(()),
    }
}

/// What a caller may say of the choice is for one that installs by itself.
fn check_choice(install: &Install, pointer: &str) -> Result<(), Fault> {
    let goes_with_caller = |field: &str| {
        let message = format!("{field} goes with by: caller alone");
        Err(Fault::bad_request(format!("{pointer}/{field}"), message))
    };
    let caller = install.place == Place::Caller;
    match &install.accepts {
        Some(_) if !caller => return goes_with_caller("accepts"),
        Some(Accepts { store: Some(store), .. }) if !is_store_name(&store.store) => {
            let message = "expected the name of a store, such as My";
            return Err(Fault::bad_request(format!("{pointer}/accepts/store/store"), message));
        }
        _ => {}
    }
    if !install.without.is_empty() && !caller {
        return goes_with_caller("without");
    }
    Ok(())
}

fn check_name(name: &str, pointer: &str) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(Fault::bad_request(format!("{pointer}/name"), "the name is empty"));
    }
    Ok(())
}

fn check_names(names: &[String], pointer: impl Fn() -> String) -> Result<(), Fault> {
    for (index, name) in names.iter().enumerate() {
        let odd = |c: char| !c.is_ascii_graphic();
        if name.is_empty() || name.contains(odd) {
            let message = "expected a host name in ASCII (xn-- for internationalised ones) or an IP address";
            return Err(Fault::bad_request(format!("{}/{index}", pointer()), message));
        }
    }
    Ok(())
}

fn taken(pointer: &str, name: &str, use_: Option<&str>, what: &str) -> Fault {
    let with_use = use_.map(|use_| format!(" with use {use_:?}")).unwrap_or_default();
    Fault::bad_request(
        pointer,
        format!("a {what} named {name:?}{with_use} stands before it; name and use must be unique"),
    )
}

/// Extended key usages that have a name here, with their OIDs (RFC 5280 §4.2.1.12, Microsoft).
pub const EXTENDED_KEY_USAGES: &[(&str, &str)] = &[
    ("serverAuth", "1.3.6.1.5.5.7.3.1"),
    ("clientAuth", "1.3.6.1.5.5.7.3.2"),
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
