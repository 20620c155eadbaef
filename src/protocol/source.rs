//! Where certificates come from.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::values::{Secret, Sha256Hex, Thumbprint, check_path};
use super::word::word;

/// Where certificates come from: one form, checked while it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, or a folder where a list is wanted; what it holds is told by its content.
    Path {
        /// As given, relative to the working directory.
        path: String,
        /// What opens a PKCS#12 file or an encrypted key in it.
        password: Option<Password>,
    },
    /// PEM text in the request.
    Pem {
        /// The text.
        pem: String,
        /// What opens an encrypted key in it.
        password: Option<Password>,
    },
    /// One DER certificate in the request, as a wrapper reads it from a store.
    Der(Box<DerSource>),
    /// A PKCS#12 file in the request, base64.
    Pkcs12 {
        /// Base64 of the file: it holds a private key.
        content: Secret,
        /// What opens it.
        password: Option<Password>,
    },
    /// What a server presents by TLS.
    Tls(TlsSource),
    /// The Windows certificate store.
    WindowsStore(WindowsStoreSource),
    /// Standard input, on the command line alone.
    Stdin {
        /// What opens a PKCS#12 file.
        password: Option<Password>,
    },
}

/// One DER certificate in the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerSource {
    /// Base64 of the certificate.
    pub der: String,
    /// Base64 of the certificates that came with it.
    pub chain: Vec<String>,
    /// Whether its private key is there; `None` is unknown.
    pub private_key: Option<bool>,
    /// The Windows provider that keeps the key; one that ends in `Key Storage Provider` is CNG.
    pub key_provider: Option<String>,
    /// The Windows store that the caller read it from.
    pub store: Option<StoreName>,
}

/// Where a password comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// The first line of a file.
    File(String),
    /// An environment variable.
    Env(String),
    /// The value itself.
    Value(Secret),
}

/// A server that speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct TlsSource {
    /// Host name or address; IPv6 with or without brackets.
    pub host: String,
    /// TCP port; 443 unless given.
    #[serde(default)]
    pub port: Option<u16>,
    /// Name for server name indication; the host unless given, none if empty.
    #[serde(default)]
    pub server_name: Option<String>,
    /// Dialogue before TLS begins.
    #[serde(default)]
    pub starttls: Option<StartTls>,
    /// Seconds for the whole of it; 10 unless given.
    #[serde(default)]
    #[schemars(range(min = 1, max = 3600))]
    pub timeout: Option<u32>,
}

/// The protocol that a server speaks before TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum StartTls {
    /// RFC 3207.
    Smtp,
    /// RFC 2595.
    Imap,
    /// RFC 2595.
    Pop3,
    /// RFC 4511 §4.14.
    Ldap,
    /// RFC 6120 §5.
    Xmpp,
}

impl StartTls {
    /// The word that the protocol uses. Not by way of serde: what can be written has its default in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            StartTls::Smtp => "smtp",
            StartTls::Imap => "imap",
            StartTls::Pop3 => "pop3",
            StartTls::Ldap => "ldap",
            StartTls::Xmpp => "xmpp",
        }
    }
}

impl fmt::Display for StartTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in the Windows certificate store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct WindowsStoreSource {
    /// `LocalMachine` or `CurrentUser`.
    pub location: StoreLocation,
    /// Store name, such as `My`.
    pub store: String,
    /// SHA-1 of the certificate.
    #[serde(default)]
    pub thumbprint: Option<Thumbprint>,
    /// Subject of the certificate, as an RFC 4514 string.
    #[serde(default)]
    pub subject: Option<String>,
}

/// The two locations of the Windows certificate store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum StoreLocation {
    /// The machine's.
    LocalMachine,
    /// The user's.
    CurrentUser,
}

impl StoreLocation {
    /// The word that the protocol uses.
    pub fn as_str(self) -> &'static str {
        word(&self)
    }
}

/// A Windows certificate store, by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct StoreName {
    /// `LocalMachine` or `CurrentUser`.
    pub location: StoreLocation,
    /// Store name, such as `My`.
    pub store: String,
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.location.as_str(), self.store)
    }
}

/// A key that may not count: the keys of all certificates of a source, or a key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    /// Every certificate's key of a source.
    Source(Source),
    /// One key, by the SHA-256 of its SubjectPublicKeyInfo.
    Key(Sha256Hex),
}

macro_rules! source_fields {
    ($(#[$meta:meta])* $name:ident { $($extra:tt)* }) => {
        $(#[$meta])*
        #[derive(Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        struct $name {
            /// A file: PEM, DER, PKCS#7 or PKCS#12, told by content; a folder where a list is wanted.
            #[serde(default)]
            path: Option<String>,
            /// PEM text.
            #[serde(default)]
            pem: Option<String>,
            /// Base64 of one DER certificate.
            #[serde(default)]
            der: Option<String>,
            /// Base64 of the DER certificates that came with `der`.
            #[serde(default)]
            chain: Option<Vec<String>>,
            /// Whether the private key of `der` is there; absent is unknown.
            #[serde(default)]
            private_key: Option<bool>,
            /// The Windows provider that keeps the key of `der`.
            #[serde(default)]
            key_provider: Option<String>,
            /// The Windows store that `der` stands in, where the caller read it from one.
            #[serde(default)]
            store: Option<StoreName>,
            /// Base64 of a PKCS#12 file.
            #[serde(default)]
            pkcs12: Option<Secret>,
            /// A server that speaks TLS.
            #[serde(default)]
            tls: Option<TlsSource>,
            /// A place in the Windows certificate store.
            #[serde(default)]
            windows_store: Option<WindowsStoreSource>,
            /// File whose first line is the password of `path`, `pem` or `pkcs12`.
            #[serde(default)]
            password_file: Option<String>,
            /// Environment variable that holds the password.
            #[serde(default)]
            password_env: Option<String>,
            /// The password itself.
            #[serde(default)]
            password: Option<Secret>,
            $($extra)*
        }

        impl $name {
            fn source(self) -> Result<Source, String> {
                let password = password(self.password_file, self.password_env, self.password)?;
                let forms = [
                    self.path.is_some(),
                    self.pem.is_some(),
                    self.der.is_some(),
                    self.pkcs12.is_some(),
                    self.tls.is_some(),
                    self.windows_store.is_some(),
                ];
                if forms.iter().filter(|&&form| form).count() != 1 {
                    return Err(ONE_FORM.into());
                }
                let beside_der = self.private_key.is_some() || self.key_provider.is_some() || self.store.is_some();
                if self.der.is_none() && (self.chain.is_some() || beside_der) {
                    return Err("chain, private_key, key_provider and store go with der alone".into());
                }
                if self.store.as_ref().is_some_and(|store| !is_store_name(&store.store)) {
                    return Err("expected the name of a store, such as My, in store".into());
                }
                if password.is_some() && (self.der.is_some() || self.tls.is_some() || self.windows_store.is_some()) {
                    return Err("a password goes with path, pem or pkcs12 alone".into());
                }
                if let Some(path) = self.path {
                    check_path(&path)?;
                    return Ok(Source::Path { path, password });
                }
                if let Some(pem) = self.pem {
                    return Ok(Source::Pem { pem, password });
                }
                if let Some(der) = self.der {
                    let chain = self.chain.unwrap_or_default();
                    let (private_key, key_provider, store) = (self.private_key, self.key_provider, self.store);
                    let source = DerSource { der, chain, private_key, key_provider, store };
                    return Ok(Source::Der(Box::new(source)));
                }
                if let Some(content) = self.pkcs12 {
                    return Ok(Source::Pkcs12 { content, password });
                }
                if let Some(tls) = self.tls {
                    return tls.checked().map(Source::Tls);
                }
                match self.windows_store {
                    Some(store) => store.checked().map(Source::WindowsStore),
                    None => Err(ONE_FORM.into()),
                }
            }
        }
    };
}

source_fields!(
    /// A source: exactly one of path, pem, der, pkcs12, tls, windows_store.
    SourceFields {}
);
source_fields!(
    /// A source as above, or the SHA-256 of a key's SubjectPublicKeyInfo.
    DistrustFields {
        /// SHA-256 of a key's DER SubjectPublicKeyInfo.
        #[serde(default)]
        key_sha256: Option<Sha256Hex>,
    }
);

const ONE_FORM: &str = "expected exactly one of path, pem, der, pkcs12, tls, windows_store";

/// The one password of the three ways to give it.
pub(super) fn password(
    file: Option<String>,
    env: Option<String>,
    value: Option<Secret>,
) -> Result<Option<Password>, &'static str> {
    match (file, env, value) {
        (None, None, None) => Ok(None),
        (Some(file), None, None) => check_path(&file).map(|()| Some(Password::File(file))),
        (None, Some(env), None) => Ok(Some(Password::Env(env))),
        (None, None, Some(value)) => Ok(Some(Password::Value(value))),
        _ => Err("expected at most one of password_file, password_env, password"),
    }
}

impl TlsSource {
    /// The port, or 443.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(443)
    }

    /// Seconds for the whole of it, or 10.
    pub fn timeout_seconds(&self) -> u32 {
        self.timeout.unwrap_or(10)
    }

    fn checked(mut self) -> Result<Self, String> {
        if let Some(inner) = self.host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            self.host = inner.to_owned();
        }
        if self.host.is_empty()
            || self
                .host
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || "/[]@?#".contains(c))
        {
            return Err("expected a host name or an address, as tls.host or in tls://host[:port]".into());
        }
        if self.port == Some(0) {
            return Err("expected a port from 1 to 65535, as tls.port or in tls://host:port".into());
        }
        if !(1..=3600).contains(&self.timeout_seconds()) {
            return Err("expected 1 to 3600 seconds as tls.timeout".into());
        }
        Ok(self)
    }
}

/// Whether it is the name of a store of this machine, and of no part of one.
pub(super) fn is_store_name(store: &str) -> bool {
    !store.is_empty() && !store.contains(['\0', '\\', '/'])
}

impl WindowsStoreSource {
    fn checked(self) -> Result<Self, String> {
        if self.thumbprint.is_some() && self.subject.is_some() {
            return Err("expected at most one of thumbprint and subject in windows_store".into());
        }
        if !is_store_name(&self.store) {
            return Err("expected the name of a store, such as My, in windows_store".into());
        }
        Ok(self)
    }
}

impl Source {
    /// Reads a source as people write it: `tls://host[:port]`, `store:LOCATION/STORE[/THUMBPRINT]`, else a path.
    ///
    /// Two or more letters before a colon are a scheme, so that `C:\x` and `\\server\x` are paths.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Err(
                "- (standard input) is allowed on the command line alone; write ./- for a file of that name".into(),
            );
        }
        if let Some(rest) = strip_scheme(text, "tls:") {
            let rest = rest.strip_prefix("//").ok_or("expected tls://host[:port]")?;
            return parse_tls(rest).map(Source::Tls);
        }
        if let Some(rest) = strip_scheme(text, "store:") {
            return parse_store(rest).map(Source::WindowsStore);
        }
        if let Some(scheme) = scheme(text) {
            let hint = match scheme.to_ascii_lowercase().as_str() {
                "lync" => {
                    "; the PowerShell module resolves lync:USE on the server itself: \
                     use SameCADsc (SameCACertificate) or win_same_ca there"
                }
                "cert" => "; write store:LocalMachine/My/THUMBPRINT",
                "http" | "https" => "; write tls://host:port to read what a server presents",
                "file" => "; write the path alone",
                _ if is_port(text) => {
                    return Err(format!(
                        "a host and a port? Write tls://{text} for what a server shows, ./{text} for a file"
                    ));
                }
                _ => "; known are tls: and store:; write ./ before a path that looks like one",
            };
            return Err(format!("unknown scheme {scheme}:{hint}"));
        }
        check_path(text)?;
        Ok(Source::Path {
            path: text.to_owned(),
            password: None,
        })
    }

    /// The same with a password, where the form takes one.
    #[must_use]
    pub fn with_password(self, given: Password) -> Self {
        let password = Some(given);
        match self {
            Source::Path { path, password: None } => Source::Path { path, password },
            Source::Pem { pem, password: None } => Source::Pem { pem, password },
            Source::Pkcs12 {
                content,
                password: None,
            } => Source::Pkcs12 { content, password },
            Source::Stdin { password: None } => Source::Stdin { password },
            other => other,
        }
    }

    /// What to call it in a message.
    pub fn label(&self) -> Cow<'_, str> {
        match self {
            Source::Path { path, .. } => path.into(),
            Source::Pem { .. } => "inline PEM".into(),
            Source::Der(_) => "inline DER".into(),
            Source::Pkcs12 { .. } => "inline PKCS#12".into(),
            Source::Tls(tls) if tls.host.contains(':') => format!("tls://[{}]:{}", tls.host, tls.port()).into(),
            Source::Tls(tls) => format!("tls://{}:{}", tls.host, tls.port()).into(),
            Source::WindowsStore(store) => {
                let location = store.location.as_str();
                let one = match (&store.thumbprint, &store.subject) {
                    (Some(thumbprint), _) => format!("/{thumbprint}"),
                    (None, Some(subject)) => format!(" ({subject})"),
                    (None, None) => String::new(),
                };
                format!("store:{location}/{}{one}", store.store).into()
            }
            Source::Stdin { .. } => "standard input".into(),
        }
    }
}

/// Whether what stands after the only colon is the number of a port.
fn is_port(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// How a path that is not there would be written if it is meant for a server: `fe01.contoso.com`, with its port or without.
pub fn looks_like_host(path: &str) -> Option<String> {
    /// What certificates and their keys are called.
    const ENDINGS: [&str; 12] = [
        "pem", "cer", "crt", "der", "p7b", "p7c", "pfx", "p12", "key", "json", "txt", "pass",
    ];
    let (host, port) = match path.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (path, None),
    };
    let label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let labels: Vec<&str> = host.split('.').collect();
    let last = labels.last().copied().unwrap_or_default().to_ascii_lowercase();
    // A port tells that one label is a server's too; a single letter is a drive.
    let is_long_enough = labels.len() > 1 || port.is_some() && host.len() > 1;
    let is_host = is_long_enough && labels.iter().all(|one| label(one)) && !ENDINGS.contains(&last.as_str());
    let is_named = is_host && (port.is_some() || last.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let is_ported = port.is_none_or(|_| is_port(path));
    (is_named && is_ported).then(|| match port {
        Some(_) => format!("tls://{path}"),
        None => format!("tls://{path}:443"),
    })
}

fn scheme(text: &str) -> Option<&str> {
    let (before, _) = text.split_once(':')?;
    (before.len() >= 2 && before.bytes().all(|b| b.is_ascii_alphabetic())).then_some(before)
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let head = text.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
}

fn parse_tls(rest: &str) -> Result<TlsSource, String> {
    let expected = "expected tls://host[:port], with brackets around an IPv6 address";
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.strip_prefix('[') {
        Some(inner) => {
            let (host, after) = inner.split_once(']').ok_or(expected)?;
            match after {
                "" => (host, None),
                _ => (host, Some(after.strip_prefix(':').ok_or(expected)?)),
            }
        }
        None => match rest.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err(expected.into()),
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    let port = match port {
        None => None,
        Some(port) => Some(
            port.parse()
                .map_err(|_| "expected a port from 1 to 65535 after tls://host:")?,
        ),
    };
    TlsSource {
        host: host.to_owned(),
        port,
        server_name: None,
        starttls: None,
        timeout: None,
    }
    .checked()
}

fn parse_store(rest: &str) -> Result<WindowsStoreSource, String> {
    let expected = "expected store:LocalMachine/STORE[/THUMBPRINT] or store:CurrentUser/STORE[/THUMBPRINT]";
    let mut parts = rest.split('/');
    let location = match parts.next() {
        Some(word) if word.eq_ignore_ascii_case("LocalMachine") => StoreLocation::LocalMachine,
        Some(word) if word.eq_ignore_ascii_case("CurrentUser") => StoreLocation::CurrentUser,
        _ => return Err(expected.into()),
    };
    let store = parts
        .next()
        .filter(|store| !store.is_empty())
        .ok_or(expected)?
        .to_owned();
    let thumbprint = match parts.next() {
        None => None,
        Some(text) => Some(Thumbprint::parse(text).ok_or("expected a thumbprint of 40 hexadecimal digits")?),
    };
    if parts.next().is_some() {
        return Err(expected.into());
    }
    WindowsStoreSource {
        location,
        store,
        thumbprint,
        subject: None,
    }
    .checked()
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SourceVisitor;
        impl<'de> Visitor<'de> for SourceVisitor {
            type Value = Source;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a source (a string or an object)")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Source, E> {
                Source::parse(text).map_err(E::custom)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
                let fields = SourceFields::deserialize(de::value::MapAccessDeserializer::new(map))?;
                fields.source().map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_any(SourceVisitor)
    }
}

impl<'de> Deserialize<'de> for Distrust {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DistrustVisitor;
        impl<'de> Visitor<'de> for DistrustVisitor {
            type Value = Distrust;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a source (a string or an object) or an object with key_sha256")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Distrust, E> {
                Source::parse(text).map(Distrust::Source).map_err(E::custom)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Distrust, A::Error> {
                let mut fields = DistrustFields::deserialize(de::value::MapAccessDeserializer::new(map))?;
                match (fields.key_sha256.take(), fields.source()) {
                    (None, source) => source.map(Distrust::Source).map_err(de::Error::custom),
                    (Some(key), Err(why)) if why == ONE_FORM => Ok(Distrust::Key(key)),
                    _ => Err(de::Error::custom("expected key_sha256 alone, or a source without it")),
                }
            }
        }
        deserializer.deserialize_any(DistrustVisitor)
    }
}

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fields = SourceFields::json_schema(generator);
        json_schema!({
            "description": "Where certificates come from: tls://host[:port], store:LOCATION/STORE[/THUMBPRINT] or a path as a string, or an object of one form.",
            "anyOf": [{ "type": "string", "minLength": 1 }, fields]
        })
    }
}

impl JsonSchema for Distrust {
    fn schema_name() -> Cow<'static, str> {
        "Distrust".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fields = DistrustFields::json_schema(generator);
        json_schema!({
            "description": "A key that may not count: the keys of all certificates of a source, or one key by its SHA-256.",
            "anyOf": [{ "type": "string", "minLength": 1 }, fields]
        })
    }
}
