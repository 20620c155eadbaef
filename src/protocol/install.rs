//! Where a subject's certificate stands, and where a candidate is installed.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de};

use super::source::{Password, StoreLocation, StoreName, is_store_name, password};
use super::values::{Secret, Sha256Hex, Thumbprint, check_path, null_default};

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
    pub(super) fn place(self) -> Result<Place, &'static str> {
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
