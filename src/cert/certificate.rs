//! One certificate: read once, strictly, and asked from then on.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use asn1_rs::oid;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_parser::extensions::{AuthorityInfoAccess, CRLDistributionPoints, DistributionPointName, GeneralName};
use x509_parser::prelude::FromDer;

use super::constraints::NameConstraints;
use super::der::{self, Element, Reader};
use super::key::PublicKey;
use super::name::{self, Name};
use super::signature::SignatureInfo;
use crate::protocol::facts::CertificateFacts;
use crate::protocol::time::Timestamp;
use crate::protocol::values::Hex;

/// Why bytes are not a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// There are no bytes.
    #[error("certificate is empty")]
    Empty,
    /// More octets than any certificate has.
    #[error("certificate of {length} octets is over the limit of {limit}")]
    TooLarge {
        /// Octets given.
        length: usize,
        /// Octets allowed.
        limit: usize,
    },
    /// Octets after the end of the certificate.
    #[error("certificate is followed by {count} other octets")]
    Trailing {
        /// How many.
        count: usize,
    },
    /// A part that is missing or is not DER of the right type.
    #[error("not a certificate: malformed {part}")]
    Malformed {
        /// The part, as RFC 5280 §4.1 names it.
        part: &'static str,
    },
    /// A version later than 3.
    #[error("certificate is of unknown version {version}")]
    Version {
        /// The version as written, from 0.
        version: u64,
    },
}

/// A parsed X.509 certificate (RFC 5280 §4.1). Nothing in it is trusted: it is what the certificate says.
///
/// The structure is read strictly and the rest leniently where its meaning is clear. An extension that cannot be read, or
/// that is there twice, counts as absent, but never so that its absence would grant something.
pub struct Certificate {
    der: Box<[u8]>,
    sha256: [u8; 32],
    sha1: OnceLock<[u8; 20]>,
    version: u8,
    tbs: Span,
    serial: Span,
    signature_value: Span,
    issuer: Name,
    subject: Name,
    not_before: Timestamp,
    not_after: Timestamp,
    key: PublicKey,
    signature: SignatureInfo,
    extensions: [Extension; KNOWN.len()],
    basic_constraints: Option<BasicConstraints>,
    distribution_points: OnceLock<Option<DistributionPoints>>,
    /// The first critical extension that nothing here understands.
    unknown_critical: Option<Span>,
}

impl Certificate {
    /// Reads one DER certificate, the whole of `der`.
    ///
    /// # Errors
    /// What is wrong: nothing, too much, or something else than a certificate.
    pub fn parse(der: impl Into<Box<[u8]>>) -> Result<Certificate, CertificateError> {
        let der = der.into();
        if der.is_empty() {
            return Err(CertificateError::Empty);
        }
        if der.len() > MAX_OCTETS {
            return Err(CertificateError::TooLarge {
                length: der.len(),
                limit: MAX_OCTETS,
            });
        }
        let malformed = |part| move || CertificateError::Malformed { part };
        let span = |part: &[u8]| Span::of(&der, part);

        let mut whole = Reader::new(&der);
        let mut certificate = Reader::new(whole.expect(der::SEQUENCE).ok_or_else(malformed("Certificate"))?);
        if !whole.is_empty() {
            return Err(CertificateError::Trailing {
                count: whole.rest().len(),
            });
        }
        let tbs = sequence(&mut certificate).ok_or_else(malformed("tbsCertificate"))?;
        let outer = sequence(&mut certificate).ok_or_else(malformed("signatureAlgorithm"))?;
        let signature_value = certificate
            .expect(der::BIT_STRING)
            .and_then(der::octets)
            .ok_or_else(malformed("signatureValue"))?;
        certificate.end().ok_or_else(malformed("signatureValue"))?;

        let mut fields = Reader::new(tbs.value);
        let version = match fields.optional(der::constructed(0)).ok_or_else(malformed("version"))? {
            None => 0,
            Some(explicit) => {
                let number = der::only(explicit, der::INTEGER).and_then(der::small);
                number.ok_or_else(malformed("version"))?
            }
        };
        let version = match version {
            0..=2 => version as u8 + 1,
            version => return Err(CertificateError::Version { version }),
        };
        let serial = fields.expect(der::INTEGER).ok_or_else(malformed("serialNumber"))?;
        if serial.is_empty() {
            return Err(CertificateError::Malformed { part: "serialNumber" });
        }
        let inner = sequence(&mut fields).ok_or_else(malformed("signature"))?;
        let issuer = fields
            .element()
            .and_then(Name::from_element)
            .ok_or_else(malformed("issuer"))?;
        let mut validity = Reader::new(fields.expect(der::SEQUENCE).ok_or_else(malformed("validity"))?);
        let not_before = validity.element().and_then(time).ok_or_else(malformed("notBefore"))?;
        let not_after = validity.element().and_then(time).ok_or_else(malformed("notAfter"))?;
        validity.end().ok_or_else(malformed("validity"))?;
        let subject = fields
            .element()
            .and_then(Name::from_element)
            .ok_or_else(malformed("subject"))?;
        let spki = sequence(&mut fields).ok_or_else(malformed("subjectPublicKeyInfo"))?;
        fields
            .optional(der::primitive(1))
            .ok_or_else(malformed("issuerUniqueID"))?;
        fields
            .optional(der::primitive(2))
            .ok_or_else(malformed("subjectUniqueID"))?;
        let explicit = fields
            .optional(der::constructed(3))
            .ok_or_else(malformed("extensions"))?;
        fields.end().ok_or_else(malformed("tbsCertificate"))?;

        let mut extensions = [Extension::Absent; KNOWN.len()];
        let mut unknown_critical = None;
        if let Some(explicit) = explicit {
            let mut list = Reader::new(der::only(explicit, der::SEQUENCE).ok_or_else(malformed("extensions"))?);
            while !list.is_empty() {
                let (oid, critical, value) = extension(&mut list).ok_or_else(malformed("extensions"))?;
                match KNOWN
                    .iter()
                    .position(|known| *known == oid)
                    .and_then(|index| extensions.get_mut(index))
                {
                    Some(slot @ Extension::Absent) => {
                        *slot = Extension::Once {
                            value: span(value),
                            critical,
                        }
                    }
                    Some(slot) => *slot = Extension::Repeated,
                    None if critical && unknown_critical.is_none() && !UNDERSTOOD.contains(&oid) => {
                        unknown_critical = Some(span(oid));
                    }
                    None => {}
                }
            }
        }

        let (tbs_span, serial, signature_span) = (span(tbs.raw), span(serial), span(signature_value));
        let signature = SignatureInfo::new(inner.raw, outer.raw);
        let key = PublicKey::from_spki(spki.raw);
        let mut parsed = Certificate {
            sha256: super::sha256(&der),
            sha1: OnceLock::new(),
            version,
            tbs: tbs_span,
            serial,
            signature_value: signature_span,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            signature,
            extensions,
            basic_constraints: None,
            distribution_points: OnceLock::new(),
            unknown_critical,
            der,
        };
        parsed.basic_constraints = parsed
            .extension(BASIC_CONSTRAINTS)
            .readable()
            .and_then(BasicConstraints::parse);
        Ok(parsed)
    }

    /// The certificate as DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// SHA-1 of the DER: Windows' thumbprint, AD CS's previous CA hash.
    pub fn sha1(&self) -> [u8; 20] {
        *self.sha1.get_or_init(|| super::sha1(&self.der))
    }

    /// The subject; may be empty.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The issuer.
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Content octets of the serial number, a leading sign octet included.
    pub fn serial(&self) -> &[u8] {
        self.slice(self.serial)
    }

    /// First instant of the validity period.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Last instant of the validity period.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The subject's public key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// 1, 2 or 3.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// Whether basicConstraints says cA TRUE (RFC 5280 §4.2.1.9), in a certificate of version 3.
    pub fn is_ca(&self) -> bool {
        self.version == 3 && self.basic_constraints.is_some_and(|basic| basic.ca)
    }

    /// pathLenConstraint of basicConstraints: how many CA certificates may follow. Past 32 bits it is as good as absent.
    pub fn path_len(&self) -> Option<u32> {
        self.basic_constraints.and_then(|basic| basic.path_len)
    }

    /// Whether keyUsage allows signing certificates: absent, or with keyCertSign (RFC 5280 §4.2.1.3).
    pub fn may_sign_certificates(&self) -> bool {
        match self.extension(KEY_USAGE) {
            Value::Absent => true,
            Value::Unreadable => false,
            Value::Present(value) => key_usage(value).is_some_and(|bits| bits & KEY_CERT_SIGN != 0),
        }
    }

    /// Whether subject and issuer are the same name. That its own key signed it is another question.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// The subject key identifier: a hint, never a proof.
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        der::only(self.extension(SUBJECT_KEY_IDENTIFIER).readable()?, der::OCTET_STRING)
    }

    /// keyIdentifier of the authority key identifier: a hint, never a proof.
    ///
    /// Its other form, issuer and serial number, is ignored: it names the CA certificate's own issuer.
    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        let value = self.extension(AUTHORITY_KEY_IDENTIFIER).readable()?;
        Reader::new(der::only(value, der::SEQUENCE)?).expect(der::primitive(0))
    }

    /// AD CS CA version: certificate index and key index of the CA (1.3.6.1.4.1.311.21.1; low and high 16 bits).
    pub fn ca_version(&self) -> Option<(u16, u16)> {
        let value = der::only(self.extension(CA_VERSION).readable()?, der::INTEGER)?;
        let both = u32::try_from(der::small(value)?).ok()?;
        Some((both as u16, (both >> 16) as u16))
    }

    /// AD CS previous CA hash: SHA-1 of the CA certificate before this one (1.3.6.1.4.1.311.21.2).
    pub fn previous_ca_hash(&self) -> Option<&[u8]> {
        der::only(self.extension(PREVIOUS_CA_HASH).readable()?, der::OCTET_STRING)
    }

    /// AD CS certificate template: its name (version 1, 1.3.6.1.4.1.311.20.2), or its object identifier
    /// (version 2 and later, 1.3.6.1.4.1.311.21.7).
    pub fn template(&self) -> Option<Cow<'_, str>> {
        if let Some(parts) = self.template_parts() {
            return Some(der::dotted(parts.oid).into());
        }
        let mut reader = Reader::new(self.extension(TEMPLATE_NAME).readable()?);
        let Element { tag, value, .. } = reader.element()?;
        reader.end()?;
        der::text(tag, value)
    }

    /// Major and minor version of an AD CS template of version 2 or later.
    pub fn template_version(&self) -> Option<(u64, Option<u64>)> {
        let parts = self.template_parts()?;
        Some((parts.major?, parts.minor))
    }

    /// Extended key usage; `None` where the extension is absent. One that cannot be read allows nothing.
    pub fn extended_key_usage(&self) -> Option<ExtendedKeyUsage<'_>> {
        let oids = |value| der::only(value, der::SEQUENCE);
        match self.extension(EXTENDED_KEY_USAGE) {
            Value::Absent => None,
            Value::Unreadable => Some(ExtendedKeyUsage { oids: &[] }),
            Value::Present(value) => Some(ExtendedKeyUsage {
                oids: oids(value).unwrap_or_default(),
            }),
        }
    }

    /// Names of the key usages, in the order of their bits; empty where the extension is absent.
    pub fn key_usage(&self) -> Vec<&'static str> {
        let bits = self
            .extension(KEY_USAGE)
            .readable()
            .and_then(key_usage)
            .unwrap_or_default();
        let named = KEY_USAGES.iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
        named.map(|(_, name)| *name).collect()
    }

    /// Whether there is a CRL distribution point with a name (RFC 5280 §4.2.1.13).
    pub fn has_crl_distribution_point(&self) -> bool {
        self.distribution_points().is_some_and(|points| points.named)
    }

    /// URIs of the CRL distribution points.
    pub fn crl_distribution_points(&self) -> &[String] {
        self.distribution_points().map_or(&[], |points| &points.uris)
    }

    /// URIs of authority information access, method caIssuers (RFC 5280 §4.2.2.1). Nothing ever fetches them.
    pub fn ca_issuers(&self) -> Vec<String> {
        let Some(value) = self.extension(AUTHORITY_INFO_ACCESS).readable() else {
            return Vec::new();
        };
        let Ok((_, access)) = AuthorityInfoAccess::from_der(value) else {
            return Vec::new();
        };
        let descriptions = access
            .accessdescs
            .iter()
            .filter(|one| one.access_method.as_bytes() == CA_ISSUERS);
        descriptions.filter_map(|one| uri(&one.access_location)).collect()
    }

    /// dNSName subject alternative names as written, wildcards included.
    pub fn dns_names(&self) -> impl Iterator<Item = &str> {
        self.alternative_names()
            .filter(|name| name.tag == DNS_NAME)
            .filter_map(ascii)
    }

    /// Whether there is any dNSName, be it one that cannot be read: then the common name must not stand in for it.
    pub fn has_dns_name(&self) -> bool {
        self.alternative_names().any(|name| name.tag == DNS_NAME)
    }

    /// iPAddress subject alternative names of 4 and 16 octets.
    pub fn ip_addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.alternative_names()
            .filter(|name| name.tag == IP_ADDRESS)
            .filter_map(|name| ip(name.value))
    }

    /// Subject alternative names that are no host's (URIs, addresses for mail, principal names), each as its DER.
    pub fn other_alternative_names(&self) -> impl Iterator<Item = &[u8]> {
        self.alternative_names()
            .filter(|name| name.tag != DNS_NAME && name.tag != IP_ADDRESS)
            .map(|name| name.raw)
    }

    /// Common names of the subject, in the order of the encoding.
    pub fn common_names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.subject.values(name::COMMON_NAME)
    }

    /// Whether there is a subject alternative name extension that cannot be read, or is there twice: then the common name
    /// must not stand in for it.
    pub fn has_unreadable_names(&self) -> bool {
        match self.extension(SUBJECT_ALTERNATIVE_NAME) {
            Value::Absent => false,
            Value::Unreadable => true,
            Value::Present(value) => {
                let Some(list) = der::only(value, der::SEQUENCE) else {
                    return true;
                };
                let mut reader = Reader::new(list);
                while !reader.is_empty() {
                    if reader.element().is_none() {
                        return true;
                    }
                }
                false
            }
        }
    }

    /// Name constraints (RFC 5280 §4.2.1.10); `None` where the extension is absent. Ones that cannot be read allow nothing.
    pub fn name_constraints(&self) -> Option<NameConstraints> {
        match self.extension(NAME_CONSTRAINTS) {
            Value::Absent => None,
            Value::Unreadable => Some(NameConstraints::unreadable()),
            Value::Present(value) => Some(NameConstraints::parse(value)),
        }
    }

    /// The dotted object identifier of a critical extension that nothing here understands, or of an understood one that
    /// is critical and cannot be read.
    pub fn unknown_critical_extension(&self) -> Option<String> {
        if let Some(oid) = self.unknown_critical {
            return Some(der::dotted(self.slice(oid)));
        }
        let unreadable = |(oid, extension): &(&&[u8], &Extension)| match **extension {
            Extension::Absent => false,
            Extension::Repeated => true,
            Extension::Once { critical, value } => critical && !self.is_readable(oid, self.slice(value)),
        };
        KNOWN
            .iter()
            .zip(&self.extensions)
            .find(unreadable)
            .map(|(oid, _)| der::dotted(oid))
    }

    /// What the certificate says of its signature.
    pub fn signature(&self) -> &SignatureInfo {
        &self.signature
    }

    /// What is signed: the whole DER TBSCertificate.
    pub fn tbs(&self) -> &[u8] {
        self.slice(self.tbs)
    }

    /// The signature: the octets of signatureValue.
    pub fn signature_value(&self) -> &[u8] {
        self.slice(self.signature_value)
    }

    /// Everything that the protocol says of a certificate; `pem` and `chain` are left out.
    pub fn facts(&self) -> CertificateFacts {
        let template_version = self.template_version().map(|version| match version {
            (major, Some(minor)) => format!("{major}.{minor}"),
            (major, None) => major.to_string(),
        });
        CertificateFacts {
            subject: self.subject.rfc4514(),
            issuer: self.issuer.rfc4514(),
            subject_ordered: self.subject.ordered(),
            issuer_ordered: self.issuer.ordered(),
            serial_number: super::hex(self.serial()),
            not_before: self.not_before,
            not_after: self.not_after,
            sha1: Hex(self.sha1()),
            sha256: Hex(self.sha256),
            key_algorithm: self.key.algorithm_name(),
            key_bits: self.key.bits(),
            key_curve: self.key.curve_name().map(str::to_owned),
            key_sha256: Hex(self.key.id().0),
            signature_algorithm: self.signature.name(),
            subject_alternative_names: self.alternative_names().map(general_name).collect(),
            subject_key_identifier: self.subject_key_identifier().map(super::hex),
            authority_key_identifier: self.authority_key_identifier().map(super::hex),
            extended_key_usage: self.extended_key_usage().map(|usage| usage.names()).unwrap_or_default(),
            key_usage: self.key_usage().into_iter().map(Cow::Borrowed).collect(),
            is_ca: self.is_ca(),
            crl_distribution_points: self.crl_distribution_points().to_vec(),
            ca_issuers: self.ca_issuers(),
            template: self.template().map(|text| printable(&text)),
            template_version,
            ca_version: self
                .ca_version()
                .map(|(certificate, key)| format!("V{certificate}.{key}")),
            previous_ca_hash: self.previous_ca_hash().map(super::hex),
            pem: None,
            chain: None,
        }
    }

    /// The certificate as PEM (RFC 7468), lines of 64 characters, with a final line feed.
    pub fn pem(&self) -> String {
        // 48 octets make a line.
        let mut text = String::with_capacity(60 + self.der.len().div_ceil(48) * 65);
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in self.der.chunks(48) {
            STANDARD.encode_string(line, &mut text);
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
        text
    }

    /// Subject alternative names, as far as they can be read.
    pub(super) fn alternative_names(&self) -> impl Iterator<Item = Element<'_>> {
        let value = self.extension(SUBJECT_ALTERNATIVE_NAME).readable();
        let list = value
            .and_then(|value| der::only(value, der::SEQUENCE))
            .unwrap_or_default();
        let mut reader = Reader::new(list);
        std::iter::from_fn(move || reader.element())
    }

    /// `None` where there are none, or they cannot be read.
    fn distribution_points(&self) -> Option<&DistributionPoints> {
        let read = || DistributionPoints::parse(self.extension(CRL_DISTRIBUTION_POINTS).readable()?);
        self.distribution_points.get_or_init(read).as_ref()
    }

    fn template_parts(&self) -> Option<Template<'_>> {
        let mut parts = Reader::new(der::only(self.extension(TEMPLATE).readable()?, der::SEQUENCE)?);
        let oid = parts.expect(der::OID)?;
        let major = parts.optional(der::INTEGER)?.and_then(der::small);
        let minor = parts.optional(der::INTEGER)?.and_then(der::small);
        Some(Template { oid, major, minor })
    }

    fn extension(&self, index: usize) -> Value<'_> {
        match self.extensions.get(index) {
            Some(&Extension::Once { value, .. }) => Value::Present(self.slice(value)),
            Some(Extension::Repeated) => Value::Unreadable,
            Some(Extension::Absent) | None => Value::Absent,
        }
    }

    /// Whether the value of an extension can be read, of those that are critical in earnest.
    fn is_readable(&self, oid: &[u8], value: &[u8]) -> bool {
        let is = |index| KNOWN.get(index).is_some_and(|known| *known == oid);
        if is(BASIC_CONSTRAINTS) {
            self.basic_constraints.is_some()
        } else if is(KEY_USAGE) {
            key_usage(value).is_some()
        } else if is(NAME_CONSTRAINTS) {
            NameConstraints::parse(value).is_readable()
        } else if is(SUBJECT_ALTERNATIVE_NAME) {
            !self.has_unreadable_names()
        } else if is(CRL_DISTRIBUTION_POINTS) {
            self.distribution_points().is_some()
        } else {
            Reader::new(value).element().is_some()
        }
    }

    fn slice(&self, span: Span) -> &[u8] {
        self.der.get(span.from..span.to).unwrap_or_default()
    }
}

impl PartialEq for Certificate {
    /// Byte for byte.
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = super::hex(self.sha256.first_chunk::<4>().map_or(&[], |chunk| chunk));
        write!(f, "Certificate({}, {prefix})", self.subject)
    }
}

/// The purposes of an extended key usage extension (RFC 5280 §4.2.1.12).
#[derive(Clone, Copy)]
pub struct ExtendedKeyUsage<'a> {
    /// Contents of the SEQUENCE OF object identifiers.
    oids: &'a [u8],
}

impl<'a> ExtendedKeyUsage<'a> {
    /// Whether serverAuth itself is named; anyExtendedKeyUsage does not count.
    pub fn has_server_auth(&self) -> bool {
        self.oids().any(|oid| oid == SERVER_AUTH)
    }

    /// Whether clientAuth itself is named; anyExtendedKeyUsage does not count.
    pub fn has_client_auth(&self) -> bool {
        self.oids().any(|oid| oid == CLIENT_AUTH)
    }

    /// Whether anyExtendedKeyUsage is named.
    pub fn has_any(&self) -> bool {
        self.oids().any(|oid| oid == ANY_USAGE)
    }

    /// Whether the purpose of this name (`serverAuth`) or dotted object identifier is named.
    pub fn has(&self, name_or_oid: &str) -> bool {
        let known = PURPOSES.iter().find(|(_, name)| *name == name_or_oid);
        match known {
            Some((wanted, _)) => self.oids().any(|oid| oid == *wanted),
            None => self.oids().any(|oid| der::dotted(oid) == name_or_oid),
        }
    }

    /// Whether no purpose is named, or none can be read.
    pub fn is_empty(&self) -> bool {
        self.oids().next().is_none()
    }

    /// The purposes by name (`serverAuth`), else dotted, in the order of the encoding.
    pub fn names(&self) -> Vec<Cow<'static, str>> {
        let name = |oid: &[u8]| match PURPOSES.iter().find(|(known, _)| *known == oid) {
            Some((_, name)) => Cow::Borrowed(*name),
            None => der::dotted(oid).into(),
        };
        self.oids().map(name).collect()
    }

    fn oids(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut reader = Reader::new(self.oids);
        std::iter::from_fn(move || reader.expect(der::OID))
    }
}

impl fmt::Debug for ExtendedKeyUsage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// The longest certificate read. The longest seen in the wild, with thousands of names, are a tenth of this, and a batch
/// line, which holds one, is no longer.
const MAX_OCTETS: usize = 1024 * 1024;

/// Where a part lies in the DER.
#[derive(Clone, Copy)]
struct Span {
    from: usize,
    to: usize,
}

impl Span {
    /// `part` must be a slice of `whole`; if it is not, the span is empty, or out of bounds and read as empty.
    fn of(whole: &[u8], part: &[u8]) -> Span {
        let from = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        Span {
            from,
            to: from.wrapping_add(part.len()),
        }
    }
}

#[derive(Clone, Copy)]
enum Extension {
    Absent,
    Once { value: Span, critical: bool },
    Repeated,
}

enum Value<'a> {
    Absent,
    Unreadable,
    Present(&'a [u8]),
}

impl<'a> Value<'a> {
    fn readable(self) -> Option<&'a [u8]> {
        match self {
            Value::Present(value) => Some(value),
            Value::Absent | Value::Unreadable => None,
        }
    }
}

/// The extensions that are read, in the order of their indices below.
const KNOWN: [&[u8]; 13] = [
    &oid!(raw 2.5.29.19),
    &oid!(raw 2.5.29.15),
    &oid!(raw 2.5.29.37),
    &oid!(raw 2.5.29.17),
    &oid!(raw 2.5.29.14),
    &oid!(raw 2.5.29.35),
    &oid!(raw 2.5.29.31),
    &oid!(raw 2.5.29.30),
    &oid!(raw 1.3.6.1.5.5.7.1.1),
    &oid!(raw 1.3.6.1.4.1.311.20.2),
    &oid!(raw 1.3.6.1.4.1.311.21.7),
    &oid!(raw 1.3.6.1.4.1.311.21.1),
    &oid!(raw 1.3.6.1.4.1.311.21.2),
];
const BASIC_CONSTRAINTS: usize = 0;
const KEY_USAGE: usize = 1;
const EXTENDED_KEY_USAGE: usize = 2;
const SUBJECT_ALTERNATIVE_NAME: usize = 3;
const SUBJECT_KEY_IDENTIFIER: usize = 4;
const AUTHORITY_KEY_IDENTIFIER: usize = 5;
const CRL_DISTRIBUTION_POINTS: usize = 6;
const NAME_CONSTRAINTS: usize = 7;
const AUTHORITY_INFO_ACCESS: usize = 8;
const TEMPLATE_NAME: usize = 9;
const TEMPLATE: usize = 10;
const CA_VERSION: usize = 11;
const PREVIOUS_CA_HASH: usize = 12;

/// Extensions that change nothing of what is decided here, critical or not: policies (no policy is asked for),
/// issuer alternative names, Netscape certificate type, and AD CS's application policies.
const UNDERSTOOD: &[&[u8]] = &[
    &oid!(raw 2.5.29.32),
    &oid!(raw 2.5.29.33),
    &oid!(raw 2.5.29.36),
    &oid!(raw 2.5.29.54),
    &oid!(raw 2.5.29.18),
    &oid!(raw 2.16.840.1.113730.1.1),
    &oid!(raw 1.3.6.1.4.1.311.21.10),
];

const CA_ISSUERS: &[u8] = &oid!(raw 1.3.6.1.5.5.7.48.2);
const USER_PRINCIPAL_NAME: &[u8] = &oid!(raw 1.3.6.1.4.1.311.20.2.3);
const SERVER_AUTH: &[u8] = &oid!(raw 1.3.6.1.5.5.7.3.1);
const CLIENT_AUTH: &[u8] = &oid!(raw 1.3.6.1.5.5.7.3.2);
const ANY_USAGE: &[u8] = &oid!(raw 2.5.29.37.0);

const PURPOSES: &[(&[u8], &str)] = &[
    (SERVER_AUTH, "serverAuth"),
    (CLIENT_AUTH, "clientAuth"),
    (&oid!(raw 1.3.6.1.5.5.7.3.3), "codeSigning"),
    (&oid!(raw 1.3.6.1.5.5.7.3.4), "emailProtection"),
    (&oid!(raw 1.3.6.1.5.5.7.3.5), "ipsecEndSystem"),
    (&oid!(raw 1.3.6.1.5.5.7.3.6), "ipsecTunnel"),
    (&oid!(raw 1.3.6.1.5.5.7.3.7), "ipsecUser"),
    (&oid!(raw 1.3.6.1.5.5.7.3.8), "timeStamping"),
    (&oid!(raw 1.3.6.1.5.5.7.3.9), "OCSPSigning"),
    (&oid!(raw 1.3.6.1.5.5.7.3.17), "ipsecIKE"),
    (&oid!(raw 1.3.6.1.4.1.311.20.2.2), "smartcardLogon"),
    (&oid!(raw 1.3.6.1.4.1.311.10.3.4), "encryptingFileSystem"),
    (ANY_USAGE, "anyExtendedKeyUsage"),
];

/// Names of keyUsage bits, from bit 0 (RFC 5280 §4.2.1.3).
const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];
const KEY_CERT_SIGN: u16 = 1 << 5;

// GeneralName tags (RFC 5280 §4.2.1.6).
pub(super) const OTHER_NAME: u8 = der::constructed(0);
pub(super) const EMAIL_NAME: u8 = der::primitive(1);
pub(super) const DNS_NAME: u8 = der::primitive(2);
pub(super) const X400_ADDRESS: u8 = der::constructed(3);
pub(super) const DIRECTORY_NAME: u8 = der::constructed(4);
pub(super) const EDI_PARTY_NAME: u8 = der::constructed(5);
pub(super) const URI_NAME: u8 = der::primitive(6);
pub(super) const IP_ADDRESS: u8 = der::primitive(7);
pub(super) const REGISTERED_ID: u8 = der::primitive(8);

#[derive(Clone, Copy)]
struct BasicConstraints {
    ca: bool,
    path_len: Option<u32>,
}

impl BasicConstraints {
    fn parse(value: &[u8]) -> Option<BasicConstraints> {
        let mut parts = Reader::new(der::only(value, der::SEQUENCE)?);
        let ca = match parts.optional(der::BOOLEAN)? {
            Some(octet) => der::boolean(octet)?,
            None => false,
        };
        let path_len = match parts.optional(der::INTEGER)? {
            Some(number) => u32::try_from(der::unsigned(number).and(der::small(number)).unwrap_or(u64::MAX)).ok(),
            None => None,
        };
        parts.end()?;
        Some(BasicConstraints { ca, path_len })
    }
}

/// The CRL distribution points (RFC 5280 §4.2.1.13), as far as they are asked about.
struct DistributionPoints {
    /// Whether one has a name.
    named: bool,
    uris: Vec<String>,
}

impl DistributionPoints {
    fn parse(value: &[u8]) -> Option<DistributionPoints> {
        let Ok(([], points)) = CRLDistributionPoints::from_der(value) else {
            return None;
        };
        let mut read = DistributionPoints {
            named: false,
            uris: Vec::new(),
        };
        for point in &points.points {
            match &point.distribution_point {
                Some(DistributionPointName::FullName(names)) => {
                    read.named |= !names.is_empty();
                    read.uris.extend(names.iter().filter_map(uri));
                }
                Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => read.named = true,
                None => {}
            }
        }
        Some(read)
    }
}

struct Template<'a> {
    oid: &'a [u8],
    major: Option<u64>,
    minor: Option<u64>,
}

fn sequence<'a>(reader: &mut Reader<'a>) -> Option<Element<'a>> {
    let element = reader.element()?;
    (element.tag == der::SEQUENCE).then_some(element)
}

/// Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }.
fn extension<'a>(list: &mut Reader<'a>) -> Option<(&'a [u8], bool, &'a [u8])> {
    let mut parts = Reader::new(list.expect(der::SEQUENCE)?);
    let oid = parts.expect(der::OID)?;
    let critical = match parts.optional(der::BOOLEAN)? {
        Some(octet) => der::boolean(octet)?,
        None => false,
    };
    let value = parts.expect(der::OCTET_STRING)?;
    parts.end()?;
    Some((oid, critical, value))
}

/// keyUsage bits, bit 0 (digitalSignature) lowest.
fn key_usage(value: &[u8]) -> Option<u16> {
    let (unused, octets) = der::only(value, der::BIT_STRING)?.split_first()?;
    if *unused > 7 || octets.len() > 2 {
        return None;
    }
    let reversed = octets
        .iter()
        .rev()
        .fold(0u16, |bits, octet| bits << 8 | u16::from(octet.reverse_bits()));
    Some(reversed)
}

/// UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5). Older forms without seconds, with a fraction, or with an offset in
/// place of Z are clear and accepted.
fn time(element: Element<'_>) -> Option<Timestamp> {
    let mut text = element.value;
    let mut two = || {
        let (pair, rest) = text.split_first_chunk::<2>()?;
        if !pair.iter().all(u8::is_ascii_digit) {
            return None;
        }
        text = rest;
        Some(i64::from(pair[0] - b'0') * 10 + i64::from(pair[1] - b'0'))
    };
    let year = match element.tag {
        der::UTC_TIME => match two()? {
            year @ 50.. => 1900 + year,
            year => 2000 + year,
        },
        der::GENERALIZED_TIME => two()? * 100 + two()?,
        _ => return None,
    };
    let (month, day, hour, minute) = (two()?, two()?, two()?, two()?);
    let second = two().unwrap_or(0);
    if let Some((b'.' | b',', fraction)) = text.split_first() {
        let digits = fraction.iter().take_while(|octet| octet.is_ascii_digit()).count();
        if element.tag != der::GENERALIZED_TIME || digits == 0 {
            return None;
        }
        text = fraction.get(digits..)?;
    }
    let offset = match text {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, m1, m2] if [h1, h2, m1, m2].iter().all(|octet| octet.is_ascii_digit()) => {
            let digit = |octet: &u8| i64::from(octet - b'0');
            let (hours, minutes) = (digit(h1) * 10 + digit(h2), digit(m1) * 10 + digit(m2));
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if day < 1 || day > days || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(Timestamp::from_unix(
        days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset,
    ))
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March so that leap days come last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

pub(super) fn ascii(name: Element<'_>) -> Option<&str> {
    if name.value.is_ascii() {
        std::str::from_utf8(name.value).ok()
    } else {
        None
    }
}

fn ip(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(four).into());
    }
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).into())
}

/// A subject alternative name as facts write it.
fn general_name(name: Element<'_>) -> String {
    let text = || printable(&String::from_utf8_lossy(name.value));
    match name.tag {
        DNS_NAME => format!("DNS:{}", text()),
        EMAIL_NAME => format!("email:{}", text()),
        URI_NAME => format!("URI:{}", text()),
        IP_ADDRESS => match ip(name.value) {
            Some(address) => format!("IP:{address}"),
            None => format!("IP:#{}", super::hex(name.value)),
        },
        DIRECTORY_NAME => match Name::from_der(name.value) {
            Some(inner) => format!("DirName:{inner}"),
            None => format!("DirName:#{}", super::hex(name.value)),
        },
        REGISTERED_ID => format!("RID:{}", der::dotted(name.value)),
        OTHER_NAME => other_name(name.value).unwrap_or_else(|| format!("other:#{}", super::hex(name.value))),
        X400_ADDRESS => "other:x400Address".to_owned(),
        EDI_PARTY_NAME => "other:ediPartyName".to_owned(),
        tag => format!("other:#{}", super::hex(&[tag])),
    }
}

/// OtherName ::= SEQUENCE { type-id, value [0] EXPLICIT ANY }: a user principal name by its text, another by its type.
fn other_name(value: &[u8]) -> Option<String> {
    let mut parts = Reader::new(value);
    let oid = parts.expect(der::OID)?;
    if oid == USER_PRINCIPAL_NAME {
        let inner = Reader::new(parts.expect(der::constructed(0))?).element()?;
        return Some(format!("UPN:{}", printable(&der::text(inner.tag, inner.value)?)));
    }
    Some(format!("other:{}", der::dotted(oid)))
}

fn uri(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::URI(text) => Some(printable(text)),
        _ => None,
    }
}

/// `text` as one safe line.
fn printable(text: &str) -> String {
    if text.bytes().all(|octet| matches!(octet, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| name::push_printable(&mut out, c));
    out
}

#[cfg(test)]
mod tests {
    use openssl::nid::Nid;
    use x509_parser::certificate::X509Certificate;

    use super::*;
    use crate::cert::testing::{self, Mint};
    use crate::cert::{KeyKind, Verification, verify};

    fn spki() -> Vec<u8> {
        testing::spki(&testing::ec(Nid::X9_62_PRIME256V1))
    }

    fn mint() -> Mint {
        Mint::new(spki())
    }

    fn parse(mint: &Mint) -> Result<Certificate, CertificateError> {
        Certificate::parse(mint.unsigned())
    }

    fn with(index: usize, value: &[u8]) -> Certificate {
        parse(&mint().extension(KNOWN[index], false, value)).unwrap()
    }

    fn sequence_of(parts: &[Vec<u8>]) -> Vec<u8> {
        der::element(der::SEQUENCE, &[&parts.concat()])
    }

    fn oids(all: &[&[u8]]) -> Vec<u8> {
        sequence_of(&all.iter().map(|oid| der::element(der::OID, &[oid])).collect::<Vec<_>>())
    }

    const CA_TRUE: &[u8] = &[0x30, 3, 1, 1, 0xff];

    /// A certificate with everything that is read.
    fn full() -> Mint {
        let uri = |text: &str| der::element(URI_NAME, &[text.as_bytes()]);
        let point = |name: &[u8]| {
            let full = der::element(0xa0, &[&der::element(0xa0, &[name])]);
            sequence_of(&[der::element(der::SEQUENCE, &[&full])])
        };
        let description = |oid: &[u8], name: Vec<u8>| sequence_of(&[der::element(der::OID, &[oid]), name]);
        let upn = der::element(0xa0, &[&der::element(der::UTF8_STRING, &[b"svc@contoso.com"])]);
        let names = sequence_of(&[
            der::element(DNS_NAME, &[b"fe01.contoso.com"]),
            der::element(DNS_NAME, &[b"*.contoso.com"]),
            der::element(IP_ADDRESS, &[&[10, 0, 0, 1]]),
            der::element(IP_ADDRESS, &[&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]),
            der::element(EMAIL_NAME, &[b"pki@contoso.com"]),
            uri("https://contoso.com/\n"),
            der::element(OTHER_NAME, &[&der::element(der::OID, &[USER_PRINCIPAL_NAME]), &upn]),
            der::element(OTHER_NAME, &[&der::element(der::OID, &[&oid!(raw 1.2.3)]), &upn]),
            der::element(DIRECTORY_NAME, &[&testing::name(&[("CN", "a,b")])]),
            der::element(REGISTERED_ID, &[&oid!(raw 1.2.3)]),
            der::element(X400_ADDRESS, &[]),
        ]);
        let subtree = sequence_of(&[der::element(DNS_NAME, &[b"contoso.com"])]);
        let bmp: Vec<u8> = "WebServer".encode_utf16().flat_map(u16::to_be_bytes).collect();
        mint()
            .extension(KNOWN[BASIC_CONSTRAINTS], true, &[0x30, 6, 1, 1, 0xff, 2, 1, 3])
            .extension(KNOWN[KEY_USAGE], true, &[3, 2, 1, 0x86])
            .extension(
                KNOWN[EXTENDED_KEY_USAGE],
                false,
                &oids(&[SERVER_AUTH, CLIENT_AUTH, &oid!(raw 1.2.3.4)]),
            )
            .extension(KNOWN[SUBJECT_ALTERNATIVE_NAME], false, &names)
            .extension(KNOWN[SUBJECT_KEY_IDENTIFIER], false, &[4, 2, 0xab, 0xcd])
            .extension(
                KNOWN[AUTHORITY_KEY_IDENTIFIER],
                false,
                &[0x30, 7, 0x80, 2, 0x12, 0x34, 0x82, 1, 9],
            )
            .extension(
                KNOWN[CRL_DISTRIBUTION_POINTS],
                false,
                &point(&uri("http://pki.contoso.com/ca.crl")),
            )
            .extension(
                KNOWN[NAME_CONSTRAINTS],
                true,
                &sequence_of(&[der::element(0xa0, &[&subtree])]),
            )
            .extension(
                KNOWN[AUTHORITY_INFO_ACCESS],
                false,
                &sequence_of(&[
                    description(&oid!(raw 1.3.6.1.5.5.7.48.1), uri("http://ocsp.contoso.com")),
                    description(CA_ISSUERS, uri("http://pki.contoso.com/ca.cer")),
                ]),
            )
            .extension(KNOWN[TEMPLATE_NAME], false, &der::element(der::BMP_STRING, &[&bmp]))
            .extension(KNOWN[CA_VERSION], false, &[2, 3, 2, 0, 1])
            .extension(
                KNOWN[PREVIOUS_CA_HASH],
                false,
                &der::element(der::OCTET_STRING, &[&[7; 20]]),
            )
    }

    #[test]
    fn facts_say_what_the_certificate_says() {
        let certificate = parse(&full()).unwrap();
        let facts = certificate.facts();
        assert_eq!((facts.subject.as_str(), facts.issuer.as_str()), ("CN=Leaf", "CN=CA"));
        assert_eq!(facts.subject_ordered, [("CN".into(), "Leaf".to_owned())]);
        assert_eq!(facts.serial_number, "0102");
        assert_eq!(facts.not_before.to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(facts.not_after.to_string(), "2027-01-01T00:00:00Z");
        assert_eq!(facts.sha1.to_string(), openssl_hex(certificate.der(), "SHA1"));
        assert_eq!(facts.sha256.to_string(), openssl_hex(certificate.der(), "SHA256"));
        assert_eq!((&*facts.key_algorithm, facts.key_bits), ("EC", Some(256)));
        assert_eq!(facts.key_curve.as_deref(), Some("P-256"));
        assert_eq!(facts.key_sha256, Hex(certificate.key().id().0));
        assert_eq!(facts.signature_algorithm, "sha256WithRSAEncryption");
        assert_eq!(
            facts.subject_alternative_names,
            [
                "DNS:fe01.contoso.com",
                "DNS:*.contoso.com",
                "IP:10.0.0.1",
                "IP:2001:db8::1",
                "email:pki@contoso.com",
                "URI:https://contoso.com/\\0a",
                "UPN:svc@contoso.com",
                "other:1.2.3",
                "DirName:CN=a\\,b",
                "RID:1.2.3",
                "other:x400Address",
            ]
        );
        assert_eq!(facts.subject_key_identifier.as_deref(), Some("abcd"));
        assert_eq!(facts.authority_key_identifier.as_deref(), Some("1234"));
        assert_eq!(facts.extended_key_usage, ["serverAuth", "clientAuth", "1.2.3.4"]);
        assert_eq!(facts.key_usage, ["digitalSignature", "keyCertSign", "cRLSign"]);
        assert!(facts.is_ca);
        assert_eq!(facts.crl_distribution_points, ["http://pki.contoso.com/ca.crl"]);
        assert_eq!(facts.ca_issuers, ["http://pki.contoso.com/ca.cer"]);
        assert_eq!(
            (facts.template.as_deref(), facts.template_version),
            (Some("WebServer"), None)
        );
        assert_eq!(facts.ca_version.as_deref(), Some("V1.2"));
        assert_eq!(facts.previous_ca_hash, Some("07".repeat(20)));
        assert_eq!((facts.pem, facts.chain), (None, None));
        assert_eq!(certificate.path_len(), Some(3));
        assert_eq!(certificate.ip_addresses().count(), 2);
        assert_eq!(
            certificate.dns_names().collect::<Vec<_>>(),
            ["fe01.contoso.com", "*.contoso.com"]
        );
        assert_eq!(certificate.common_names().collect::<Vec<_>>(), ["Leaf"]);
        assert_eq!(certificate.unknown_critical_extension(), None);
        assert!(certificate.has_crl_distribution_point());
        assert!(certificate.may_sign_certificates());
    }

    fn openssl_hex(bytes: &[u8], digest: &str) -> String {
        let digest = openssl::hash::MessageDigest::from_name(digest).unwrap();
        crate::cert::hex(&openssl::hash::hash(digest, bytes).unwrap())
    }

    #[test]
    fn a_newer_template_is_said_by_object_identifier_and_version() {
        let value = sequence_of(&[
            der::element(der::OID, &[&oid!(raw 1.3.6.1.4.1.311.21.8.1.2)]),
            vec![2, 1, 100],
            vec![2, 1, 7],
        ]);
        let facts = with(TEMPLATE, &value).facts();
        assert_eq!(facts.template.as_deref(), Some("1.3.6.1.4.1.311.21.8.1.2"));
        assert_eq!(facts.template_version.as_deref(), Some("100.7"));
    }

    #[test]
    fn ca_version_is_certificate_index_and_key_index() {
        assert_eq!(with(CA_VERSION, &[2, 1, 0]).facts().ca_version.as_deref(), Some("V0.0"));
        assert_eq!(
            with(CA_VERSION, &[2, 3, 1, 0, 1]).facts().ca_version.as_deref(),
            Some("V1.1")
        );
        assert_eq!(
            with(CA_VERSION, &[2, 3, 1, 0, 2]).facts().ca_version.as_deref(),
            Some("V2.1")
        );
        assert_eq!(with(CA_VERSION, &[2, 1, 0xff]).ca_version(), None, "negative");
        assert_eq!(
            with(CA_VERSION, &[2, 5, 1, 0, 0, 0, 0]).ca_version(),
            None,
            "over 32 bits"
        );
    }

    #[test]
    fn an_authority_named_by_issuer_and_serial_number_is_no_key_identifier() {
        assert_eq!(
            with(AUTHORITY_KEY_IDENTIFIER, &[0x30, 3, 0x82, 1, 9]).authority_key_identifier(),
            None
        );
    }

    #[test]
    fn what_follows_a_certificate_is_refused() {
        let mut der = mint().unsigned();
        der.push(0);
        assert_eq!(
            Certificate::parse(der).unwrap_err(),
            CertificateError::Trailing { count: 1 }
        );
    }

    #[test]
    fn what_is_no_certificate_is_refused_in_words() {
        assert_eq!(Certificate::parse(&[][..]).unwrap_err(), CertificateError::Empty);
        assert_eq!(
            Certificate::parse(vec![0x30; MAX_OCTETS + 1]).unwrap_err(),
            CertificateError::TooLarge {
                length: MAX_OCTETS + 1,
                limit: MAX_OCTETS
            }
        );
        let error = Certificate::parse(&b"-----BEGIN CERTIFICATE-----"[..]).unwrap_err();
        assert_eq!(error.to_string(), "not a certificate: malformed Certificate");
        let der = mint().unsigned();
        for length in 0..der.len() {
            assert!(Certificate::parse(&der[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn octets_hidden_in_a_sequence_are_refused() {
        let plain = mint();
        type Change = fn(&mut Mint);
        let broken: [(&str, Change); 4] = [
            ("notAfter", |mint| mint.not_after = vec![4, 0]),
            ("validity", |mint| mint.not_after.extend([5, 0])),
            ("serialNumber", |mint| mint.serial.clear()),
            ("subject", |mint| mint.subject = vec![0x31, 0]),
        ];
        for (part, change) in broken {
            let mut mint = plain.clone();
            change(&mut mint);
            assert_eq!(
                parse(&mint).unwrap_err(),
                CertificateError::Malformed { part },
                "{part}"
            );
        }
        let mut tbs = plain.clone();
        tbs.spki.extend([5, 0]);
        assert_eq!(
            parse(&tbs).unwrap_err(),
            CertificateError::Malformed { part: "tbsCertificate" }
        );
    }

    #[test]
    fn versions_are_counted_from_one_and_unknown_ones_refused() {
        for (written, version) in [(None, 1), (Some(0), 1), (Some(1), 2), (Some(2), 3)] {
            let mut mint = mint();
            mint.version = written;
            assert_eq!(parse(&mint).unwrap().version(), version);
        }
        let mut mint = mint();
        mint.version = Some(3);
        assert_eq!(parse(&mint).unwrap_err(), CertificateError::Version { version: 3 });
    }

    #[test]
    fn times_are_read_in_every_clear_form() {
        for (tag, text, expected) in [
            (der::UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59Z")),
            (der::UTC_TIME, "500101000000Z", Some("1950-01-01T00:00:00Z")),
            (der::UTC_TIME, "2601010000Z", Some("2026-01-01T00:00:00Z")),
            (der::UTC_TIME, "260101020000+0200", Some("2026-01-01T00:00:00Z")),
            (der::UTC_TIME, "251231223000-0130", Some("2026-01-01T00:00:00Z")),
            (der::GENERALIZED_TIME, "99991231235959Z", Some("9999-12-31T23:59:59Z")),
            (der::GENERALIZED_TIME, "00000101000000Z", Some("0000-01-01T00:00:00Z")),
            (der::GENERALIZED_TIME, "20240229120000Z", Some("2024-02-29T12:00:00Z")),
            (der::GENERALIZED_TIME, "19000228000000.5Z", Some("1900-02-28T00:00:00Z")),
            (der::GENERALIZED_TIME, "19000229000000Z", None),
            (der::GENERALIZED_TIME, "20260101000000", None),
            (der::UTC_TIME, "260230000000Z", None),
            (der::UTC_TIME, "261301000000Z", None),
            (der::UTC_TIME, "260101240000Z", None),
            (der::UTC_TIME, "260101000060Z", None),
            (der::UTC_TIME, "26010100000Z", None),
            (der::UTC_TIME, "260101000000Zx", None),
            (der::UTC_TIME, "", None),
            (der::UTF8_STRING, "260101000000Z", None),
        ] {
            let mut mint = mint();
            mint.not_before = der::element(tag, &[text.as_bytes()]);
            let read = parse(&mint)
                .ok()
                .map(|certificate| certificate.not_before().to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn days_are_counted_as_the_time_crate_counts_them() {
        for julian in (1_721_060..5_373_484).step_by(13) {
            let date = time::Date::from_julian_day(julian).unwrap();
            let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
            assert_eq!(
                days_since_epoch(year.into(), month.into(), day.into()),
                i64::from(julian) - 2_440_588
            );
        }
    }

    #[test]
    fn odd_serial_numbers_are_kept_as_they_are() {
        for serial in [&[0][..], &[0xff], &[0, 0x80], &[0, 1], &[0x5a; 40]] {
            let mut mint = mint();
            mint.serial = serial.to_vec();
            assert_eq!(parse(&mint).unwrap().serial(), serial);
        }
    }

    #[test]
    fn a_ca_is_one_by_basic_constraints_of_a_version_3_certificate() {
        assert!(with(BASIC_CONSTRAINTS, CA_TRUE).is_ca());
        assert!(with(BASIC_CONSTRAINTS, &[0x30, 3, 1, 1, 1]).is_ca(), "TRUE as 1");
        assert!(!with(BASIC_CONSTRAINTS, &[0x30, 0]).is_ca());
        assert!(!with(BASIC_CONSTRAINTS, &[0x30, 3, 1, 1, 0]).is_ca());
        assert!(
            !with(BASIC_CONSTRAINTS, &[0x30, 3, 1, 1, 0xff, 0]).is_ca(),
            "followed by something"
        );
        assert!(!parse(&mint()).unwrap().is_ca());
        let mut old = mint().extension(KNOWN[BASIC_CONSTRAINTS], true, CA_TRUE);
        old.version = None;
        assert!(!parse(&old).unwrap().is_ca());
        let twice = mint().extension(KNOWN[BASIC_CONSTRAINTS], true, CA_TRUE);
        let twice = twice.extension(KNOWN[BASIC_CONSTRAINTS], true, CA_TRUE);
        assert!(!parse(&twice).unwrap().is_ca());
        assert_eq!(
            parse(&twice).unwrap().unknown_critical_extension().as_deref(),
            Some("2.5.29.19")
        );
    }

    #[test]
    fn a_ca_without_key_cert_sign_lends_no_key() {
        assert!(parse(&mint()).unwrap().may_sign_certificates(), "absent");
        assert!(with(KEY_USAGE, &[3, 2, 2, 0x04]).may_sign_certificates());
        assert!(!with(KEY_USAGE, &[3, 2, 7, 0x80]).may_sign_certificates());
        assert!(!with(KEY_USAGE, &[3, 1, 0]).may_sign_certificates(), "no bits");
        assert!(!with(KEY_USAGE, &[4, 0]).may_sign_certificates(), "cannot be read");
        assert!(!with(KEY_USAGE, &[]).may_sign_certificates(), "empty");
    }

    #[test]
    fn an_extended_key_usage_that_cannot_be_read_allows_nothing() {
        assert!(parse(&mint()).unwrap().extended_key_usage().is_none());
        for value in [&[][..], &[0x30, 0], &[4, 0], &[0x30, 2, 4, 0]] {
            let certificate = with(EXTENDED_KEY_USAGE, value);
            let usage = certificate.extended_key_usage().unwrap();
            assert!(
                usage.is_empty() && !usage.has_server_auth() && !usage.has_any(),
                "{value:02x?}"
            );
        }
        let any = with(EXTENDED_KEY_USAGE, &oids(&[ANY_USAGE]));
        let usage = any.extended_key_usage().unwrap();
        assert!(usage.has_any() && !usage.has_server_auth() && !usage.has_client_auth());
        assert!(usage.has("anyExtendedKeyUsage") && usage.has("2.5.29.37.0") && !usage.has("serverAuth"));
    }

    #[test]
    fn names_that_cannot_be_read_are_said() {
        assert!(!parse(&mint()).unwrap().has_unreadable_names());
        let broken = with(SUBJECT_ALTERNATIVE_NAME, &[0x30, 4, DNS_NAME, 1, b'a', DNS_NAME]);
        assert!(broken.has_unreadable_names());
        assert_eq!(broken.dns_names().collect::<Vec<_>>(), ["a"]);
        assert!(with(SUBJECT_ALTERNATIVE_NAME, &[4, 0]).has_unreadable_names());
        let high = with(SUBJECT_ALTERNATIVE_NAME, &[0x30, 3, DNS_NAME, 1, 0xff]);
        assert_eq!(high.dns_names().count(), 0, "no ASCII");
        assert_eq!(high.facts().subject_alternative_names, ["DNS:\u{fffd}"]);
    }

    #[test]
    fn a_distribution_point_counts_with_a_name_only() {
        let reasons_only = sequence_of(&[der::element(der::SEQUENCE, &[&[0x81, 2, 1, 6]])]);
        assert!(!with(CRL_DISTRIBUTION_POINTS, &reasons_only).has_crl_distribution_point());
        assert!(!with(CRL_DISTRIBUTION_POINTS, &[0x30, 0]).has_crl_distribution_point());
        assert!(!with(CRL_DISTRIBUTION_POINTS, &[4, 0]).has_crl_distribution_point());
    }

    #[test]
    fn critical_extensions_that_nothing_understands_are_said() {
        let odd: &[u8] = &oid!(raw 1.2.3.4);
        let critical = parse(&mint().extension(odd, true, &[5, 0])).unwrap();
        assert_eq!(critical.unknown_critical_extension().as_deref(), Some("1.2.3.4"));
        assert_eq!(
            parse(&mint().extension(odd, false, &[5, 0]))
                .unwrap()
                .unknown_critical_extension(),
            None
        );
        let policies = parse(&mint().extension(UNDERSTOOD[0], true, &[0x30, 0])).unwrap();
        assert_eq!(policies.unknown_critical_extension(), None);
        for index in [
            BASIC_CONSTRAINTS,
            KEY_USAGE,
            NAME_CONSTRAINTS,
            SUBJECT_ALTERNATIVE_NAME,
            EXTENDED_KEY_USAGE,
        ] {
            let broken = parse(&mint().extension(KNOWN[index], true, &[0x30, 5])).unwrap();
            assert_eq!(broken.unknown_critical_extension(), Some(der::dotted(KNOWN[index])));
        }
    }

    #[test]
    fn a_key_that_cannot_be_understood_leaves_the_certificate_readable() {
        let mut mint = mint();
        mint.spki = vec![0x30, 0];
        let certificate = parse(&mint).unwrap();
        assert!(matches!(certificate.key().kind(), KeyKind::Other(_)));
        assert_eq!(certificate.facts().key_bits, None);
        mint.spki = vec![4, 0];
        assert!(parse(&mint).is_err());
    }

    #[test]
    fn pem_is_what_openssl_reads() {
        let certificate = parse(&mint()).unwrap();
        let read = openssl::x509::X509::from_pem(certificate.pem().as_bytes()).unwrap();
        assert_eq!(read.to_der().unwrap(), certificate.der());
        assert_eq!(certificate.pem().as_bytes(), read.to_pem().unwrap());
    }

    #[test]
    fn self_issued_is_by_name() {
        let mut mint = mint();
        assert!(!parse(&mint).unwrap().is_self_issued());
        mint.subject = testing::name(&[("CN", "ca ")]);
        assert!(parse(&mint).unwrap().is_self_issued());
    }

    #[test]
    fn debug_output_is_short() {
        let certificate = parse(&full()).unwrap();
        let text = format!("{certificate:?}");
        assert!(text.starts_with("Certificate(CN=Leaf, ") && text.len() < 40, "{text}");
    }

    #[test]
    fn certificates_are_shared_between_threads() {
        fn assert_shared<T: Send + Sync>() {}
        assert_shared::<Certificate>();
        assert_shared::<PublicKey>();
        assert_shared::<Name>();
    }

    /// Everything that can be asked of a certificate.
    fn ask(certificate: &Certificate, key: &PublicKey) -> Verification {
        let _ = serde_json::to_string(&certificate.facts()).unwrap();
        let _ = (
            certificate.pem(),
            certificate.unknown_critical_extension(),
            certificate.path_len(),
        );
        let _ = (
            certificate.is_self_issued(),
            certificate.may_sign_certificates(),
            format!("{certificate:?}"),
        );
        let _ = (certificate.dns_names().count(), certificate.ip_addresses().count());
        let _ = certificate
            .name_constraints()
            .map(|constraints| constraints.allows(certificate));
        let _ = (
            certificate.key().usable_when_found(),
            verify(certificate, certificate.key()),
        );
        verify(certificate, key)
    }

    #[test]
    fn random_damage_never_panics_never_verifies_and_is_read_as_another_parser_reads_it() {
        let rsa = testing::rsa(1024);
        let key = PublicKey::from_spki(&testing::spki(&rsa));
        let der = full().signed(|tbs| testing::plain(&rsa, "SHA256", tbs));
        assert_eq!(ask(&Certificate::parse(&der[..]).unwrap(), &key), Verification::Valid);

        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let (mut read, mut compared) = (0, 0);
        for _ in 0..10_000 {
            let mut damaged = der.clone();
            for _ in 0..=random(3) {
                match random(8) {
                    0 => damaged.truncate(random(damaged.len()) + 1),
                    1 => damaged.insert(random(damaged.len()), random(256) as u8),
                    2 => drop(damaged.remove(random(damaged.len().max(2) - 1))),
                    _ => {
                        let at = random(damaged.len());
                        damaged[at] = if random(2) == 0 {
                            damaged[at] ^ (1 << random(8))
                        } else {
                            random(256) as u8
                        };
                    }
                }
                damaged.extend(damaged.is_empty().then_some(0));
            }
            let Ok(certificate) = Certificate::parse(&damaged[..]) else {
                continue;
            };
            read += 1;
            if damaged != der {
                assert_ne!(
                    ask(&certificate, &key),
                    Verification::Valid,
                    "{}",
                    crate::cert::hex(&damaged)
                );
            }
            let Ok(([], other)) = X509Certificate::from_der(&damaged) else {
                continue;
            };
            compared += 1;
            assert_eq!(certificate.subject().der(), other.subject().as_raw());
            assert_eq!(certificate.issuer().der(), other.issuer().as_raw());
            assert_eq!(certificate.serial(), other.raw_serial());
            assert_eq!(certificate.not_before().unix(), other.validity().not_before.timestamp());
            assert_eq!(certificate.not_after().unix(), other.validity().not_after.timestamp());
            assert_eq!(certificate.tbs(), other.tbs_certificate.as_ref());
        }
        assert!(
            read > 1_000 && compared > 1_000,
            "{read} read, {compared} compared: too few to say anything"
        );
    }
}
