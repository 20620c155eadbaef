//! What was found about a certificate or a reference: stable codes, each with one severity and one description.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::word::word;

/// How much a finding weighs. An `error` makes a subject noncompliant, a `doubt` undetermined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; changes nothing.
    Info,
    /// Worth acting on; changes no status.
    Warning,
    /// It could not be told: the subject is undetermined, never compliant.
    Doubt,
    /// The rule is broken: the subject is noncompliant.
    Error,
}

impl Severity {
    /// The word that the protocol uses.
    pub fn as_str(self) -> &'static str {
        word(&self)
    }
}

macro_rules! codes {
    ($($variant:ident $code:literal $severity:ident $($lower:ident)? : $text:literal)+) => {
        /// The stable code of a finding. The words of its message may change, the code does not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $text] #[serde(rename = $code)] $variant,)+
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The code as written.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)+ }
            }

            /// The severity that it has unless the request or the table of the verdict says otherwise.
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)+ }
            }

            /// One sentence that says what it means.
            pub fn description(self) -> &'static str {
                match self { $(Code::$variant => $text,)+ }
            }

            /// Whether `policy.severity` may lower it. All others may only be raised.
            pub fn may_be_lowered(self) -> bool {
                match self { $(Code::$variant => codes!(@lower $($lower)?),)+ }
            }
        }
    };
    (@lower lowerable) => { true };
    (@lower) => { false };
}

codes! {
    IssuerDiffers "issuer-differs" Error: "The certificate names another issuer than the reference's CA."
    IssuerKeyDiffers "issuer-key-differs" Error: "The issuer's name is that of the reference's CA, the key that signed is another."
    IssuerNameDiffers "issuer-name-differs" Error: "A key of the reference's CA signed it under another issuer name."
    SignatureInvalid "signature-invalid" Error: "The certificate points to a known CA key, and that key did not sign it."
    CertificateMissing "certificate-missing" Error: "There is no certificate where one must be."
    NoneFits "none-fits" Error: "Of the certificates that may stand for the subject, none fits."
    ReferencesDisagree "references-disagree" Error lowerable: "The reference servers do not all use the same CA."
    ReferenceIsCa "reference-is-ca" Error: "A reference holds a CA certificate instead of a server's."
    SubjectIsCa "subject-is-ca" Error: "The subject presents a CA certificate instead of a server's."
    SelfSigned "self-signed" Error: "The certificate is self-signed: no CA issued it."
    SeveralRoots "several-roots" Error: "The reference servers lead to more than one root CA."
    AuthorityDistrusted "authority-distrusted" Error: "The key that signed it is distrusted by the policy."
    Expired "expired" Error lowerable: "The certificate's validity has ended."
    NotYetValid "not-yet-valid" Error lowerable: "The certificate's validity has not begun."
    IssuedAfterCaExpiry "issued-after-ca-expiry" Error lowerable: "The certificate begins after its CA certificate has ended."
    NameMismatch "name-mismatch" Error lowerable: "The certificate does not cover a name that it must cover."
    ServerAuthMissing "server-auth-missing" Error lowerable: "Extended key usage does not include server authentication."
    ClientAuthMissing "client-auth-missing" Error lowerable: "Extended key usage does not include client authentication."
    ExtendedKeyUsageMissing "extended-key-usage-missing" Error lowerable: "Extended key usage does not include one that the policy asks for."
    CdpMissing "cdp-missing" Error lowerable: "The certificate has no CRL distribution point."
    KeyUnsupported "key-unsupported" Error lowerable: "The profile does not support the certificate's key."
    DigestUnsupported "digest-unsupported" Error lowerable: "The profile does not support the digest of the signature."
    PssUnsupported "pss-unsupported" Error lowerable: "The profile does not support RSASSA-PSS signatures."
    PrivateKeyMissing "private-key-missing" Error: "The private key of the certificate is not there."
    PrivateKeyMismatch "private-key-mismatch" Error: "The private key is not the one of the certificate."
    PossessionFailed "possession-failed" Error: "The server's handshake signature is wrong: it does not hold the private key of the certificate that it presents."
    InstallRefused "install-refused" Error: "The candidate was not installed: the place may not be written as it is."
    InstallFailed "install-failed" Error: "The installation of the candidate failed, and what stood before stands."
    CaCertificateMissing "ca-certificate-missing" Doubt: "No CA certificate is at hand whose key verifies it."
    CertificateUnreadable "certificate-unreadable" Doubt: "A certificate could not be read."
    SourceAmbiguous "source-ambiguous" Doubt: "The source holds several certificates and does not say which one is meant."
    AlgorithmUnsupported "algorithm-unsupported" Doubt: "The signature's algorithm cannot be verified, or is too weak to prove anything."
    LimitReached "limit-reached" Doubt: "The work allowed for one subject was used up before an answer was found."
    NamesNotGiven "names-not-given" Doubt: "Which names the certificate must cover was not said."
    ReferenceMissing "reference-missing" Doubt: "No reference could be read, so there is nothing to compare with."
    ReferenceUnreadable "reference-unreadable" Doubt lowerable: "A reference server's certificate could not be read, so nobody knows whether it agrees."
    PrivateKeyInaccessible "private-key-inaccessible" Doubt: "The private key is there and may not be opened."
    ExtensionUnreadable "extension-unreadable" Doubt: "An extension of the certificate cannot be read or stands twice, so what it would allow is not allowed."
    WeakEvidence "weak-evidence" Warning: "The verdict rests on a claim that the policy lets count, not on a verified signature."
    ReferenceUnanchored "reference-unanchored" Warning lowerable: "A reference read by TLS is confirmed by nothing that the operator vouches for."
    ExpiresSoon "expires-soon" Warning lowerable: "The certificate's validity ends soon."
    CaExpired "ca-expired" Warning lowerable: "The CA certificate's validity has ended."
    CaExpiresSoon "ca-expires-soon" Warning lowerable: "The CA certificate's validity ends soon."
    NameInCommonName "name-in-common-name" Warning lowerable: "A name is covered by the common name alone, which current clients ignore."
    KeyWeak "key-weak" Warning lowerable: "The key is shorter than recommended."
    DigestWeak "digest-weak" Warning lowerable: "The signature uses SHA-1."
    KeyProviderUnsupported "key-provider-unsupported" Warning: "The key is kept by CNG alone, which the profile's servers cannot use."
    PossessionUnproven "possession-unproven" Warning: "Nothing at hand shows that the server holds the private key."
    HostNotCovered "host-not-covered" Warning lowerable: "The certificate does not cover the host that it was read from."
    LeftoverFile "leftover-file" Warning: "A file that the installation needed for a while could not be removed."
    CandidateNotInstallable "candidate-not-installable" Info: "The caller cannot install this candidate, so it was passed over."
    EvidenceUnused "evidence-unused" Info: "A certificate given as evidence lends no key; the message says why."
    TrailingBytes "trailing-bytes" Info: "Line ends, blanks or NULs follow the certificate."
    LinkRefused "link-refused" Info: "A link between two generations of the CA is not counted, because a certificate that proves it is not vouched for."
    SameRoot "same-root" Info: "Another issuing CA under the same root issued it."
    ClientCertificateRequired "client-certificate-required" Info: "The server asks its clients for a certificate."
}

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let each: Vec<_> = Code::ALL
            .iter()
            .map(|code| {
                let text = format!(
                    "{} (default severity: {})",
                    code.description(),
                    code.severity().as_str()
                );
                serde_json::json!({ "const": code.as_str(), "description": text })
            })
            .collect();
        json_schema!({ "type": "string", "oneOf": each, "description": "The stable code of a finding." })
    }
}

/// One thing that was found. Whoever finds says which text of the table it is and what fills it; the words are filled in
/// where an answer is put together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Stable code.
    pub code: Code,
    /// How much it weighs here.
    pub severity: Severity,
    /// What was found, in one sentence.
    pub message: String,
    /// What it should have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The place in the request that it is about, as a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Which of the code's messages it is: the code, a dot and a word, as `issuer-differs.other-ca`. Always there but in
    /// what older versions wrote.
    #[serde(default)]
    #[schemars(with = "String")]
    pub text: Cow<'static, str>,
    /// What the message, `expected`, `actual` and `hint` were filled with. A value may be a text itself (`expected`, with
    /// the text `ca.with-key`); what fills that one has its name before it (`expected.name`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub values: Values,
}

/// What a text is filled with, by the name of its place.
pub type Values = BTreeMap<Cow<'static, str>, String>;

impl Finding {
    /// A finding of the default severity, by the code and the word behind it that name its text.
    pub fn of(code: Code, text: &str) -> Self {
        Finding {
            code,
            severity: code.severity(),
            message: String::new(),
            expected: None,
            actual: None,
            hint: None,
            pointer: None,
            text: format!("{}.{text}", code.as_str()).into(),
            values: Values::new(),
        }
    }

    /// The same with another severity.
    #[must_use]
    pub fn severity(self, severity: Severity) -> Self {
        Finding { severity, ..self }
    }

    /// The same, with what fills one place of its text.
    #[must_use]
    pub fn value(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// The same, with a text that fills one place of its own.
    #[must_use]
    pub fn phrase(mut self, name: &'static str, phrase: Phrase) -> Self {
        phrase.fill(name, &mut self.values);
        self
    }

    /// The same, with another finding as its cause.
    #[must_use]
    pub fn cause(self, cause: &Finding) -> Self {
        self.phrase("cause", cause.as_phrase())
    }

    /// Its text with what fills it, to be a part of another one.
    pub fn as_phrase(&self) -> Phrase {
        Phrase {
            text: self.text.clone(),
            values: self.values.clone(),
        }
    }

    /// The same, with the place in the request.
    #[must_use]
    pub fn pointer(self, pointer: impl Into<String>) -> Self {
        Finding {
            pointer: Some(pointer.into()),
            ..self
        }
    }

    /// Whether it says the same as another, whatever it weighs and wherever it is.
    pub fn says_what(&self, other: &Finding) -> bool {
        self.code == other.code && self.text == other.text && self.values == other.values
    }
}

/// A text of the table that is a part of a finding's, with what fills it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// Its name in the table.
    pub text: Cow<'static, str>,
    /// What fills it.
    pub values: Values,
}

impl Phrase {
    /// The phrase of this name.
    pub fn of(text: &'static str) -> Self {
        Phrase {
            text: text.into(),
            values: Values::new(),
        }
    }

    /// The phrase that stands in the table for words of a room that knows no table: its name is the first of them, after the
    /// family's.
    pub fn named(family: &str, words: &str) -> Self {
        /// Words of a name: as many as tell them apart.
        const WORDS: usize = 8;
        let mut text = format!("{family}.");
        let words = words.split(|c: char| !c.is_ascii_alphanumeric());
        for word in words.filter(|word| !word.is_empty()).take(WORDS) {
            if !text.ends_with('.') {
                text.push('-');
            }
            text.push_str(&word.to_ascii_lowercase());
        }
        Phrase {
            text: text.into(),
            values: Values::new(),
        }
    }

    /// The same, with what fills one place.
    #[must_use]
    pub fn value(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// The same, with a text that fills one place.
    #[must_use]
    pub fn phrase(mut self, name: &'static str, phrase: Phrase) -> Self {
        phrase.fill(name, &mut self.values);
        self
    }

    /// Puts it where a text has a place for it.
    fn fill(self, name: &'static str, values: &mut Values) {
        for (inner, value) in self.values {
            values.insert(format!("{name}.{inner}").into(), value);
        }
        values.insert(name.into(), self.text.into_owned());
    }
}
