//! What a certificate says, field by field. Every value is a claim of whoever signed it, none a verdict.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::Timestamp;
use super::values::{Sha256Hex, Thumbprint};

/// A word that is nearly always one of a few: their names are not made anew for each certificate.
pub type Word = Cow<'static, str>;

/// The facts of one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateFacts {
    /// Subject as an RFC 4514 string, last RDN first, no spaces added.
    pub subject: String,
    /// Issuer as an RFC 4514 string, last RDN first, no spaces added.
    pub issuer: String,
    /// Subject attributes as encoded: pairs of attribute type (`CN`, `DC`, or a dotted OID) and value.
    pub subject_ordered: Vec<(Word, String)>,
    /// Issuer attributes as encoded: pairs of attribute type and value.
    pub issuer_ordered: Vec<(Word, String)>,
    /// Serial number, lower-case hex of its content octets.
    pub serial_number: String,
    /// First instant of the validity period.
    pub not_before: Timestamp,
    /// Last instant of the validity period.
    pub not_after: Timestamp,
    /// SHA-1 of the DER certificate (Windows calls it the thumbprint).
    pub sha1: Thumbprint,
    /// SHA-256 of the DER certificate.
    pub sha256: Sha256Hex,
    /// `RSA`, `RSASSA-PSS`, `EC`, `Ed25519`, `Ed448`, `DSA`, `ML-DSA-65`, `SLH-DSA-SHA2-128s`, …, or the dotted OID.
    pub key_algorithm: Word,
    /// Size of the key in bits (the modulus, the field of the curve, the public key of ML-DSA and SLH-DSA).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_bits: Option<u32>,
    /// Named curve of an EC key: `P-256`, `P-384`, `P-521`, …, or its dotted OID; `explicit` for explicit parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_curve: Option<String>,
    /// SHA-256 of the DER SubjectPublicKeyInfo, written with NULL parameters for RSA and an uncompressed point for EC.
    pub key_sha256: Sha256Hex,
    /// Signature algorithm by its usual name (`sha256WithRSAEncryption`, `ecdsa-with-SHA256`, …) or the dotted OID.
    pub signature_algorithm: Word,
    /// Subject alternative names: `DNS:…`, `IP:…`, `email:…`, `URI:…`, `UPN:…`, `DirName:…`, `RID:…`, `other:OID=#…`.
    pub subject_alternative_names: Vec<String>,
    /// Subject key identifier, hex: a hint, never a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_key_identifier: Option<String>,
    /// Key identifier of the authority key identifier, hex: a hint, never a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority_key_identifier: Option<String>,
    /// Extended key usages by name (`serverAuth`, `clientAuth`, …) or dotted OID; empty where the extension is absent.
    pub extended_key_usage: Vec<Word>,
    /// Key usages by name (`digitalSignature`, `keyCertSign`, …); empty where the extension is absent.
    pub key_usage: Vec<Word>,
    /// Whether basicConstraints says cA TRUE.
    pub is_ca: bool,
    /// URIs of the CRL distribution points.
    pub crl_distribution_points: Vec<String>,
    /// URIs of authority information access, method caIssuers. Never fetched.
    pub ca_issuers: Vec<String>,
    /// AD CS certificate template: the name (version 1 templates) or the OID (version 2 and later).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Version of an AD CS template of version 2 and later, `major.minor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_version: Option<String>,
    /// AD CS CA version, `VCERT.KEY` (`V1.1`): certificate index and key index of the CA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_version: Option<String>,
    /// AD CS previous CA hash: SHA-1 of the CA certificate before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_ca_hash: Option<String>,
    /// The certificate as PEM (in `inspect` and reference documents).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
    /// The certificates that came with it, as PEM (in `inspect` and reference documents).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Vec<String>>,
}
