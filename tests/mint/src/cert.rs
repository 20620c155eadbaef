//! Certificates: the builder that writes any TBSCertificate one asks for, and what came of it.

use std::net::IpAddr;

use super::ca::Ca;
use super::der::{self, Tlv};
use super::key::{Digest, Key, Pss};
use super::name::{Name, Text};
use super::{container, hex};

/// A minted certificate, as its DER. The accessors read well-formed certificates alone: forgeries are for their DER.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cert(Vec<u8>);

impl Cert {
    pub fn from_der(der: &[u8]) -> Cert {
        Cert(der.to_vec())
    }

    pub fn der(&self) -> &[u8] {
        &self.0
    }

    pub fn pem(&self) -> String {
        container::pem("CERTIFICATE", &self.0)
    }

    /// The fingerprint in hex.
    pub fn sha256(&self) -> String {
        hex(&Digest::Sha256.hash(&self.0))
    }

    /// The thumbprint in hex, lower case.
    pub fn sha1(&self) -> String {
        hex(&Digest::Sha1.hash(&self.0))
    }

    /// TBSCertificate, whole.
    pub fn tbs(&self) -> &[u8] {
        self.parts()[0].whole
    }

    /// The outer AlgorithmIdentifier, whole.
    pub fn algorithm(&self) -> &[u8] {
        self.parts()[1].whole
    }

    pub fn signature(&self) -> &[u8] {
        &self.parts()[2].body[1..]
    }

    pub fn serial(&self) -> &[u8] {
        self.field(0).body
    }

    pub fn issuer(&self) -> Name {
        Name::from_der(self.field(2).whole)
    }

    pub fn subject(&self) -> Name {
        Name::from_der(self.field(4).whole)
    }

    pub fn spki_der(&self) -> &[u8] {
        self.field(5).whole
    }

    /// The value of an extension by its dotted OID, the OCTET STRING taken off.
    pub fn extension(&self, oid: &str) -> Option<&[u8]> {
        let tbs = der::read(self.tbs()).0.children();
        let extensions = tbs.iter().find(|field| field.tag == 0xa3)?.children()[0].children();
        let wanted = der::oid(oid);
        let extension = extensions
            .iter()
            .map(Tlv::children)
            .find(|parts| parts[0].whole == wanted)?;
        Some(extension.last().unwrap().body)
    }

    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.extension(oid::SUBJECT_KEY_IDENTIFIER)
            .map(|value| der::read(value).0.body)
    }

    fn parts(&self) -> Vec<Tlv<'_>> {
        der::read(&self.0).0.children()
    }

    /// A field of TBSCertificate, counted from the serial number: 0 serial, 1 algorithm, 2 issuer, 3 validity, 4
    /// subject, 5 key.
    fn field(&self, n: usize) -> Tlv<'_> {
        let fields = der::read(self.tbs()).0.children();
        let first = usize::from(fields[0].tag == 0xa0);
        fields[first + n]
    }
}

/// The extensions' OIDs.
pub mod oid {
    pub const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
    pub const KEY_USAGE: &str = "2.5.29.15";
    pub const SUBJECT_ALT_NAME: &str = "2.5.29.17";
    pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
    pub const NAME_CONSTRAINTS: &str = "2.5.29.30";
    pub const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
    pub const AUTHORITY_KEY_IDENTIFIER: &str = "2.5.29.35";
    pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
    pub const AUTHORITY_INFO_ACCESS: &str = "1.3.6.1.5.5.7.1.1";
    /// szOID_ENROLL_CERTTYPE_EXTENSION: the template's name, version 1.
    pub const TEMPLATE_V1: &str = "1.3.6.1.4.1.311.20.2";
    /// szOID_CERTSRV_CA_VERSION
    pub const CA_VERSION: &str = "1.3.6.1.4.1.311.21.1";
    /// szOID_CERTSRV_PREVIOUS_CERT_HASH
    pub const PREVIOUS_CA_HASH: &str = "1.3.6.1.4.1.311.21.2";
    /// szOID_CERTIFICATE_TEMPLATE: the template's OID and its version numbers.
    pub const TEMPLATE_V2: &str = "1.3.6.1.4.1.311.21.7";
    /// szOID_NT_PRINCIPAL_NAME
    pub const UPN: &str = "1.3.6.1.4.1.311.20.2.3";
}

/// keyUsage, by bit.
pub mod usage {
    pub const DIGITAL_SIGNATURE: u8 = 0;
    pub const NON_REPUDIATION: u8 = 1;
    pub const KEY_ENCIPHERMENT: u8 = 2;
    pub const KEY_AGREEMENT: u8 = 4;
    pub const KEY_CERT_SIGN: u8 = 5;
    pub const CRL_SIGN: u8 = 6;
    pub const DECIPHER_ONLY: u8 = 8;
}

/// A GeneralName.
#[derive(Clone, Debug)]
pub enum San {
    Dns(String),
    Ip(IpAddr),
    /// An iPAddress of any octets: an address with its mask, in name constraints, or nonsense.
    IpOctets(Vec<u8>),
    Email(String),
    Uri(String),
    Upn(String),
    Dir(Name),
    Rid(String),
    Der(Vec<u8>),
}

impl San {
    pub fn dns(name: &str) -> San {
        San::Dns(name.to_owned())
    }

    fn der(&self) -> Vec<u8> {
        match self {
            San::Upn(upn) => der::ctx(0, &[&der::oid(oid::UPN), &der::ctx(0, &[&Text::Utf8(upn).der()])]),
            San::Email(text) => der::ctx_prim(1, text.as_bytes()),
            San::Dns(text) => der::ctx_prim(2, text.as_bytes()),
            San::Dir(name) => der::ctx(4, &[name.der()]),
            San::Uri(text) => der::ctx_prim(6, text.as_bytes()),
            San::Ip(IpAddr::V4(ip)) => der::ctx_prim(7, &ip.octets()),
            San::Ip(IpAddr::V6(ip)) => der::ctx_prim(7, &ip.octets()),
            San::IpOctets(octets) => der::ctx_prim(7, octets),
            San::Rid(dotted) => der::ctx_prim(8, der::read(&der::oid(dotted)).0.body),
            San::Der(der) => der.clone(),
        }
    }
}

/// The authority key identifier.
#[derive(Clone, Debug)]
pub enum Aki {
    /// The issuer's subject key identifier; absent in a self-signed certificate, as AD CS has it.
    Auto,
    Absent,
    KeyId(Vec<u8>),
    /// authorityCertIssuer and authorityCertSerialNumber: the issuer and serial number OF the CA certificate.
    IssuerSerial,
    /// All three fields.
    Both,
    /// The extension's value, as it is.
    Der(Vec<u8>),
}

/// The subject key identifier.
#[derive(Clone, Debug)]
pub enum Ski {
    /// SHA-1 of the public key's bits.
    Auto,
    Absent,
    Bytes(Vec<u8>),
}

/// Who signs: a name, a key, and what an authority key identifier says of its certificate.
#[derive(Clone)]
struct Signer {
    name: Name,
    key: Key,
    identifier: Option<Vec<u8>>,
    cert_issuer: Name,
    cert_serial: Vec<u8>,
}

/// Builds one certificate. Everything is fixed unless said otherwise: the serial number comes from the contents, times
/// are [`super::PAST`] to [`super::FUTURE`], signatures are deterministic, so the same calls give the same bytes.
#[derive(Clone)]
pub struct CertBuilder {
    subject: Name,
    key: Key,
    signer: Option<Signer>,
    issuer_name: Option<Name>,
    sign_with: Option<Key>,
    serial: Option<Vec<u8>>,
    not_before: i64,
    not_after: i64,
    digest: Digest,
    pss: Option<Pss>,
    version1: bool,
    basic_constraints: Option<(bool, Option<u32>)>,
    key_usage: Option<Vec<u8>>,
    eku: Vec<String>,
    sans: Vec<San>,
    ski: Ski,
    aki: Aki,
    cdp: Vec<String>,
    aia: Vec<String>,
    name_constraints: Option<(Vec<San>, Vec<San>)>,
    template_v1: Option<String>,
    template_v2: Option<(String, u32, u32)>,
    ca_version: Option<(u16, u16)>,
    previous_ca_hash: Option<Vec<u8>>,
    extensions: Vec<(String, bool, Vec<u8>)>,
    inner_algorithm: Option<Vec<u8>>,
    outer_algorithm: Option<Vec<u8>>,
}

impl CertBuilder {
    /// A certificate for a key, self-signed until [`CertBuilder::issuer`] says who signs. It has an SKI, an AKI where
    /// another signs, and no other extension.
    pub fn new(subject: impl Into<Name>, key: &Key) -> CertBuilder {
        CertBuilder {
            subject: subject.into(),
            key: key.clone(),
            signer: None,
            issuer_name: None,
            sign_with: None,
            serial: None,
            not_before: super::PAST,
            not_after: super::FUTURE,
            digest: Digest::Sha256,
            pss: None,
            version1: false,
            basic_constraints: None,
            key_usage: None,
            eku: vec![],
            sans: vec![],
            ski: Ski::Auto,
            aki: Aki::Auto,
            cdp: vec![],
            aia: vec![],
            name_constraints: None,
            template_v1: None,
            template_v2: None,
            ca_version: None,
            previous_ca_hash: None,
            extensions: vec![],
            inner_algorithm: None,
            outer_algorithm: None,
        }
    }

    /// A TLS server's: its names as dNSName, server authentication, the key usage that AD CS's Web Server template has.
    pub fn server(host: &str, key: &Key) -> CertBuilder {
        CertBuilder::new(Name::ordered(&[("CN", Text::Utf8(host))]), key)
            .key_usage(&[usage::DIGITAL_SIGNATURE, usage::KEY_ENCIPHERMENT])
            .eku(&["serverAuth"])
            .dns(&[host])
    }

    /// A CA's, as AD CS makes it: no path length, and CA version V0.0.
    pub fn authority(subject: impl Into<Name>, key: &Key) -> CertBuilder {
        CertBuilder::new(subject, key)
            .ca(None)
            .key_usage(&[usage::DIGITAL_SIGNATURE, usage::KEY_CERT_SIGN, usage::CRL_SIGN])
            .ca_version(0, 0)
            .validity(super::CA_PAST, super::CA_FUTURE)
    }

    pub fn subject(mut self, subject: impl Into<Name>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The key that is certified (and, of a self-signed one, signs).
    pub fn key(mut self, key: &Key) -> Self {
        self.key = key.clone();
        self
    }

    /// Who signs it.
    pub fn issuer(mut self, ca: &Ca) -> Self {
        self.signer = Some(Signer {
            name: ca.cert.subject(),
            key: ca.key.clone(),
            identifier: ca.cert.subject_key_identifier().map(<[u8]>::to_vec),
            cert_issuer: ca.cert.issuer(),
            cert_serial: ca.cert.serial().to_vec(),
        });
        self
    }

    /// Another issuer name than the signer's.
    pub fn issuer_name(mut self, name: impl Into<Name>) -> Self {
        self.issuer_name = Some(name.into());
        self
    }

    /// Another key than the issuer's signs, all else left as it was: a signature that is wrong.
    pub fn sign_with(mut self, key: &Key) -> Self {
        self.sign_with = Some(key.clone());
        self
    }

    /// The content of the serial number's INTEGER, as it is.
    pub fn serial(mut self, content: &[u8]) -> Self {
        self.serial = Some(content.to_vec());
        self
    }

    /// In seconds since 1970.
    pub fn validity(mut self, not_before: i64, not_after: i64) -> Self {
        (self.not_before, self.not_after) = (not_before, not_after);
        self
    }

    pub fn digest(mut self, digest: Digest) -> Self {
        self.digest = digest;
        self
    }

    /// RSASSA-PSS in place of PKCS#1 v1.5.
    pub fn pss(mut self, pss: Pss) -> Self {
        (self.pss, self.digest) = (Some(pss), pss.hash);
        self
    }

    /// cA TRUE, with a path length or none.
    pub fn ca(mut self, path_len: Option<u32>) -> Self {
        self.basic_constraints = Some((true, path_len));
        self
    }

    /// basicConstraints present, cA FALSE.
    pub fn not_ca(mut self) -> Self {
        self.basic_constraints = Some((false, None));
        self
    }

    pub fn no_basic_constraints(mut self) -> Self {
        self.basic_constraints = None;
        self
    }

    /// By bit: see [`usage`].
    pub fn key_usage(mut self, bits: &[u8]) -> Self {
        self.key_usage = Some(bits.to_vec());
        self
    }

    pub fn no_key_usage(mut self) -> Self {
        self.key_usage = None;
        self
    }

    /// `serverAuth`, `clientAuth`, `anyExtendedKeyUsage`, `ocspSigning` or dotted OIDs; empty: no such extension.
    pub fn eku(mut self, purposes: &[&str]) -> Self {
        self.eku = purposes.iter().map(|p| (*p).to_owned()).collect();
        self
    }

    pub fn sans(mut self, sans: Vec<San>) -> Self {
        self.sans = sans;
        self
    }

    /// dNSNames alone.
    pub fn dns(self, names: &[&str]) -> Self {
        self.sans(names.iter().map(|name| San::dns(name)).collect())
    }

    pub fn ski(mut self, ski: Ski) -> Self {
        self.ski = ski;
        self
    }

    pub fn aki(mut self, aki: Aki) -> Self {
        self.aki = aki;
        self
    }

    /// CRL distribution points, one URI each.
    pub fn cdp(mut self, uris: &[&str]) -> Self {
        self.cdp = uris.iter().map(|uri| (*uri).to_owned()).collect();
        self
    }

    /// Authority information access: caIssuers.
    pub fn aia(mut self, uris: &[&str]) -> Self {
        self.aia = uris.iter().map(|uri| (*uri).to_owned()).collect();
        self
    }

    /// Permitted and excluded subtrees.
    pub fn name_constraints(mut self, permitted: Vec<San>, excluded: Vec<San>) -> Self {
        self.name_constraints = Some((permitted, excluded));
        self
    }

    /// AD CS: the template's name (`WebServer`).
    pub fn template_v1(mut self, name: &str) -> Self {
        self.template_v1 = Some(name.to_owned());
        self
    }

    /// AD CS: the template's OID with its major and minor version.
    pub fn template_v2(mut self, oid: &str, major: u32, minor: u32) -> Self {
        self.template_v2 = Some((oid.to_owned(), major, minor));
        self
    }

    /// AD CS: `V{certificate}.{key}`.
    pub fn ca_version(mut self, certificate: u16, key: u16) -> Self {
        self.ca_version = Some((certificate, key));
        self
    }

    pub fn no_ca_version(mut self) -> Self {
        self.ca_version = None;
        self
    }

    /// AD CS: the SHA-1 of the CA certificate before this one.
    pub fn previous_ca_hash(mut self, sha1: &[u8]) -> Self {
        self.previous_ca_hash = Some(sha1.to_vec());
        self
    }

    pub fn no_previous_ca_hash(mut self) -> Self {
        self.previous_ca_hash = None;
        self
    }

    /// Version 1: no extension is written, whatever else was asked for.
    pub fn version1(mut self) -> Self {
        self.version1 = true;
        self
    }

    /// One more extension, after the others; its value is what the OCTET STRING holds.
    pub fn extension(mut self, oid: &str, critical: bool, value: &[u8]) -> Self {
        self.extensions.push((oid.to_owned(), critical, value.to_vec()));
        self
    }

    /// A critical extension that nobody knows.
    pub fn unknown_critical(self) -> Self {
        self.extension("1.3.6.1.4.1.55555.1.1", true, &der::null())
    }

    /// Another AlgorithmIdentifier inside the TBSCertificate than the signature's own.
    pub fn inner_algorithm(mut self, algorithm: &[u8]) -> Self {
        self.inner_algorithm = Some(algorithm.to_vec());
        self
    }

    /// Another AlgorithmIdentifier beside the signature than its own.
    pub fn outer_algorithm(mut self, algorithm: &[u8]) -> Self {
        self.outer_algorithm = Some(algorithm.to_vec());
        self
    }

    /// Signs it.
    pub fn build(&self) -> Cert {
        let signing_key = self.signing_key();
        let algorithm = signing_key.signature_algorithm(self.digest, self.pss);
        let tbs = self.tbs(self.inner_algorithm.as_ref().unwrap_or(&algorithm));
        let signature = signing_key.sign(self.digest, self.pss, &tbs);
        Cert(der::seq(&[
            &tbs,
            self.outer_algorithm.as_ref().unwrap_or(&algorithm),
            &der::bits(&signature),
        ]))
    }

    /// Signs it, and makes a CA of it.
    pub fn build_ca(&self) -> Ca {
        Ca {
            cert: self.build(),
            key: self.key.clone(),
            builder: self.clone(),
        }
    }

    pub(super) fn ca_version_numbers(&self) -> (u16, u16) {
        self.ca_version.unwrap_or_default()
    }

    fn signing_key(&self) -> &Key {
        self.sign_with
            .as_ref()
            .or(self.signer.as_ref().map(|s| &s.key))
            .unwrap_or(&self.key)
    }

    fn tbs(&self, algorithm: &[u8]) -> Vec<u8> {
        let issuer = self
            .issuer_name
            .as_ref()
            .or(self.signer.as_ref().map(|s| &s.name))
            .unwrap_or(&self.subject);
        let validity = der::seq(&[&der::time(self.not_before), &der::time(self.not_after)]);
        let contents = [issuer.der(), &validity, self.subject.der(), self.key.spki_der()].concat();
        let extensions = if self.version1 { vec![] } else { self.extensions_der() };
        let serial = self.serial.clone().unwrap_or_else(|| {
            let mut serial = Digest::Sha256.hash(&[&contents[..], &extensions].concat())[..16].to_vec();
            serial[0] = serial[0] & 0x3f | 0x40;
            serial
        });
        let version = if self.version1 {
            vec![]
        } else {
            der::ctx(0, &[&der::int(2)])
        };
        let extensions = if extensions.is_empty() {
            vec![]
        } else {
            der::ctx(3, &[&der::seq(&[&extensions])])
        };
        der::seq(&[
            &version,
            &der::tlv(der::tag::INTEGER, &[&serial]),
            algorithm,
            &contents,
            &extensions,
        ])
    }

    fn extensions_der(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut add = |oid: &str, critical: bool, value: &[u8]| {
            let critical = if critical { der::boolean(true) } else { vec![] };
            out.extend(der::seq(&[&der::oid(oid), &critical, &der::octets(value)]));
        };
        if let Some(template) = &self.template_v1 {
            add(oid::TEMPLATE_V1, false, &Text::Bmp(template).der());
        }
        if let Some((template, major, minor)) = &self.template_v2 {
            let [major, minor] = [*major, *minor].map(|n| der::int(n.into()));
            add(
                oid::TEMPLATE_V2,
                false,
                &der::seq(&[&der::oid(template), &major, &minor]),
            );
        }
        if !self.eku.is_empty() {
            let purposes: Vec<u8> = self
                .eku
                .iter()
                .flat_map(|purpose| der::oid(purpose_oid(purpose)))
                .collect();
            add(oid::EXTENDED_KEY_USAGE, false, &der::seq(&[&purposes]));
        }
        if let Some(bits) = &self.key_usage {
            add(oid::KEY_USAGE, true, &der::named_bits(bits));
        }
        if let Some((ca, path_len)) = self.basic_constraints {
            let path_len = path_len.map(|n| der::int(n.into())).unwrap_or_default();
            let ca = if ca { der::boolean(true) } else { vec![] };
            add(oid::BASIC_CONSTRAINTS, true, &der::seq(&[&ca, &path_len]));
        }
        match &self.ski {
            Ski::Auto => add(oid::SUBJECT_KEY_IDENTIFIER, false, &der::octets(&self.key.identifier())),
            Ski::Bytes(bytes) => add(oid::SUBJECT_KEY_IDENTIFIER, false, &der::octets(bytes)),
            Ski::Absent => {}
        }
        if let Some(value) = self.aki_der() {
            add(oid::AUTHORITY_KEY_IDENTIFIER, false, &value);
        }
        if let Some((certificate, key)) = self.ca_version {
            add(
                oid::CA_VERSION,
                false,
                &der::int(u64::from(key) << 16 | u64::from(certificate)),
            );
        }
        if let Some(hash) = &self.previous_ca_hash {
            add(oid::PREVIOUS_CA_HASH, false, &der::octets(hash));
        }
        if !self.sans.is_empty() {
            let names: Vec<u8> = self.sans.iter().flat_map(San::der).collect();
            add(oid::SUBJECT_ALT_NAME, false, &der::seq(&[&names]));
        }
        if let Some((permitted, excluded)) = &self.name_constraints {
            let subtrees = |n, names: &[San]| match names {
                [] => vec![],
                names => der::ctx(
                    n,
                    &[&names
                        .iter()
                        .flat_map(|name| der::seq(&[&name.der()]))
                        .collect::<Vec<_>>()],
                ),
            };
            add(
                oid::NAME_CONSTRAINTS,
                true,
                &der::seq(&[&subtrees(0, permitted), &subtrees(1, excluded)]),
            );
        }
        if !self.cdp.is_empty() {
            let points = self.cdp.iter().flat_map(|uri| {
                let full_name = der::ctx(0, &[&San::Uri(uri.clone()).der()]);
                der::seq(&[&der::ctx(0, &[&full_name])])
            });
            add(
                oid::CRL_DISTRIBUTION_POINTS,
                false,
                &der::seq(&[&points.collect::<Vec<_>>()]),
            );
        }
        if !self.aia.is_empty() {
            let descriptions = self
                .aia
                .iter()
                .flat_map(|uri| der::seq(&[&der::oid("1.3.6.1.5.5.7.48.2"), &San::Uri(uri.clone()).der()]));
            add(
                oid::AUTHORITY_INFO_ACCESS,
                false,
                &der::seq(&[&descriptions.collect::<Vec<_>>()]),
            );
        }
        self.extensions
            .iter()
            .for_each(|(oid, critical, value)| add(oid, *critical, value));
        out
    }

    fn aki_der(&self) -> Option<Vec<u8>> {
        let signer = self.signer.as_ref();
        let key_id = |id: &[u8]| der::ctx_prim(0, id);
        let issuer_serial = || {
            let signer = signer.expect("an issuer, for the authority key identifier to name its certificate");
            let names = der::ctx(1, &[&San::Dir(signer.cert_issuer.clone()).der()]);
            [names, der::ctx_prim(2, &signer.cert_serial)].concat()
        };
        match &self.aki {
            Aki::Auto => Some(der::seq(&[&key_id(signer?.identifier.as_ref()?)])),
            Aki::Absent => None,
            Aki::KeyId(id) => Some(der::seq(&[&key_id(id)])),
            Aki::IssuerSerial => Some(der::seq(&[&issuer_serial()])),
            Aki::Both => Some(der::seq(&[&key_id(signer?.identifier.as_ref()?), &issuer_serial()])),
            Aki::Der(value) => Some(value.clone()),
        }
    }
}

/// A PKCS#10 request: what people hand over where a certificate was asked for.
pub fn csr(subject: impl Into<Name>, key: &Key) -> Vec<u8> {
    let info = der::seq(&[&der::int(0), subject.into().der(), key.spki_der(), &der::ctx(0, &[])]);
    let signature = key.sign(Digest::Sha256, None, &info);
    der::seq(&[
        &info,
        &key.signature_algorithm(Digest::Sha256, None),
        &der::bits(&signature),
    ])
}

fn purpose_oid(purpose: &str) -> &str {
    match purpose {
        "serverAuth" => "1.3.6.1.5.5.7.3.1",
        "clientAuth" => "1.3.6.1.5.5.7.3.2",
        "ocspSigning" => "1.3.6.1.5.5.7.3.9",
        "anyExtendedKeyUsage" => "2.5.29.37.0",
        dotted => dotted,
    }
}
