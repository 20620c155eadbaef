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
        self.distribution_points().is_some_and(|all| {
            all.iter().any(|point| match &point.distribution_point {
                Some(DistributionPointName::FullName(names)) => !names.is_empty(),
                Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => true,
                None => false,
            })
        })
    }

    /// URIs of the CRL distribution points.
    pub fn crl_distribution_points(&self) -> Vec<String> {
        let points = self.distribution_points().map(|all| all.points).unwrap_or_default();
        let names = points.iter().filter_map(|point| match &point.distribution_point {
            Some(DistributionPointName::FullName(names)) => Some(names),
            _ => None,
        });
        names.flatten().filter_map(uri).collect()
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

    /// iPAddress subject alternative names of 4 and 16 octets.
    pub fn ip_addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.alternative_names()
            .filter(|name| name.tag == IP_ADDRESS)
            .filter_map(|name| ip(name.value))
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
            sha1: super::hex(&self.sha1()),
            sha256: super::hex(&self.sha256),
            key_algorithm: self.key.algorithm_name().to_owned(),
            key_bits: self.key.bits(),
            key_curve: self.key.curve_name().map(str::to_owned),
            key_sha256: self.key.id().to_string(),
            signature_algorithm: self.signature.name().to_owned(),
            subject_alternative_names: self.alternative_names().map(general_name).collect(),
            subject_key_identifier: self.subject_key_identifier().map(super::hex),
            authority_key_identifier: self.authority_key_identifier().map(super::hex),
            extended_key_usage: self.extended_key_usage().map(|usage| usage.names()).unwrap_or_default(),
            key_usage: self.key_usage().into_iter().map(str::to_owned).collect(),
            is_ca: self.is_ca(),
            crl_distribution_points: self.crl_distribution_points(),
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

    fn distribution_points(&self) -> Option<CRLDistributionPoints<'_>> {
        let value = self.extension(CRL_DISTRIBUTION_POINTS).readable()?;
        match CRLDistributionPoints::from_der(value) {
            Ok(([], points)) => Some(points),
            _ => None,
        }
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
    pub fn names(&self) -> Vec<String> {
        let name = |oid: &[u8]| match PURPOSES.iter().find(|(known, _)| *known == oid) {
            Some((_, name)) => (*name).to_owned(),
            None => der::dotted(oid),
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
