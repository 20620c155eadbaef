//! One certificate: read once, strictly, and asked from then on.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use asn1_rs::oid;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_parser::extensions::{AuthorityInfoAccess, GeneralName};
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

/// Why a certificate lends its key to nothing that it would have issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum IssuingFlaw {
    /// There is no basicConstraints extension.
    #[error("it is not a CA certificate: it has no basicConstraints")]
    NoBasicConstraints,
    /// basicConstraints says that it is none.
    #[error("it is not a CA certificate: its basicConstraints say CA:FALSE")]
    NotCa,
    /// basicConstraints is there, and not to be understood.
    #[error("its basicConstraints cannot be read, so nobody knows whether it is a CA certificate")]
    BasicConstraintsUnreadable,
    /// basicConstraints is there more than once.
    #[error("its basicConstraints stand twice, so nobody knows whether it is a CA certificate")]
    BasicConstraintsRepeated,
    /// keyUsage is there, without keyCertSign.
    #[error("it may not sign certificates: its keyUsage lacks keyCertSign")]
    NoKeyCertSign,
    /// keyUsage is there, and not to be understood.
    #[error("its keyUsage cannot be read, so nobody knows whether it may sign certificates")]
    KeyUsageUnreadable,
    /// keyUsage is there more than once.
    #[error("its keyUsage stands twice, so nobody knows whether it may sign certificates")]
    KeyUsageRepeated,
    /// A self-issued certificate of version 1, which has no extensions: it lends its key where it is trusted, and only
    /// there.
    #[error("it is of version 1, and such a root CA certificate counts only where it is trusted")]
    Version1,
    /// basicConstraints says that it is a CA certificate, in a version that has no extensions.
    #[error("it says that it is a CA certificate in a version that has no extensions")]
    OldVersion,
}

/// An extension that cannot be read, though its absence would be good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnreadableExtension {
    /// Its usual name: `keyUsage`, `extKeyUsage`, `subjectAltName`, `cRLDistributionPoints`.
    pub name: &'static str,
    /// Whether it is there more than once; else it cannot be understood.
    pub repeated: bool,
}

impl fmt::Display for UnreadableExtension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.repeated {
            "stands twice"
        } else {
            "cannot be read"
        };
        write!(f, "{} {how}", self.name)
    }
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
    signature_is_whole: bool,
    issuer: Name,
    subject: Name,
    not_before: Timestamp,
    not_after: Timestamp,
    key: PublicKey,
    /// subjectPublicKeyInfo as it is encoded.
    spki: Span,
    computed_identifier: OnceLock<Option<[u8; 20]>>,
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
        let (signature_is_whole, signature_value) = match certificate
            .expect(der::BIT_STRING)
            .and_then(<[u8]>::split_first)
            .ok_or_else(malformed("signatureValue"))?
        {
            (0, octets) => (true, octets),
            (1..=7, octets) if !octets.is_empty() => (false, octets),
            _ => return Err(CertificateError::Malformed { part: "signatureValue" }),
        };
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
        let spki_span = span(spki.raw);
        let signature = SignatureInfo::new(inner.raw, outer.raw);
        let key = PublicKey::from_spki(spki.raw);
        let mut parsed = Certificate {
            sha256: super::sha256(&der),
            sha1: OnceLock::new(),
            version,
            tbs: tbs_span,
            serial,
            signature_value: signature_span,
            signature_is_whole,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            spki: spki_span,
            computed_identifier: OnceLock::new(),
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

    /// Why the certificate does not lend its key to what it would have issued; `None` where it does. Whether a version-1
    /// root is trusted is for the caller to know.
    pub fn issuing_flaw(&self) -> Option<IssuingFlaw> {
        let basic = match (self.extension(BASIC_CONSTRAINTS), self.basic_constraints) {
            (Value::Absent, _) if self.version == 1 && self.is_self_issued() => Some(IssuingFlaw::Version1),
            (Value::Absent, _) => Some(IssuingFlaw::NoBasicConstraints),
            (Value::Unreadable, _) => Some(IssuingFlaw::BasicConstraintsRepeated),
            (Value::Present(_), None) => Some(IssuingFlaw::BasicConstraintsUnreadable),
            (Value::Present(_), Some(basic)) if !basic.ca => Some(IssuingFlaw::NotCa),
            (Value::Present(_), Some(_)) if self.version != 3 => Some(IssuingFlaw::OldVersion),
            (Value::Present(_), Some(_)) => None,
        };
        let usage = || match self.extension(KEY_USAGE) {
            Value::Absent => None,
            Value::Unreadable => Some(IssuingFlaw::KeyUsageRepeated),
            Value::Present(value) => match key_usage(value) {
                None => Some(IssuingFlaw::KeyUsageUnreadable),
                Some(bits) if bits & KEY_CERT_SIGN == 0 => Some(IssuingFlaw::NoKeyCertSign),
                Some(_) => None,
            },
        };
        match basic {
            None => usage(),
            Some(IssuingFlaw::Version1) => usage().or(basic),
            Some(_) => basic,
        }
    }

    /// Whether it counts as a CA certificate where a server's is wanted: with cA TRUE, with a basicConstraints that cannot
    /// be read or stands twice, or as a self-issued one of version 1.
    pub fn presents_as_ca(&self) -> bool {
        match self.extension(BASIC_CONSTRAINTS) {
            Value::Absent => self.version == 1 && self.is_self_issued(),
            Value::Unreadable => true,
            Value::Present(_) => self.basic_constraints.is_none_or(|basic| basic.ca),
        }
    }

    /// What an authority key identifier would call the key of this certificate: its subject key identifier or, of a CA
    /// certificate that has none, the SHA-1 of its public key (RFC 5280 §4.2.1.2, method 1). A hint, never a proof.
    pub fn key_identifier(&self) -> Option<&[u8]> {
        if let Some(own) = self.subject_key_identifier() {
            return Some(own);
        }
        if !self.presents_as_ca() {
            return None;
        }
        let compute = || {
            let mut parts = Reader::new(der::only(self.slice(self.spki), der::SEQUENCE)?);
            parts.expect(der::SEQUENCE)?;
            let bits = parts.expect(der::BIT_STRING)?;
            Some(super::sha1(bits.get(1..)?))
        };
        self.computed_identifier
            .get_or_init(compute)
            .as_ref()
            .map(<[u8; 20]>::as_slice)
    }

    /// The extensions whose absence would be good news and that cannot be read or stand twice: keyUsage, extended key
    /// usage, subject alternative name, CRL distribution points.
    pub fn unreadable_extensions(&self) -> Vec<UnreadableExtension> {
        const ASKED: [(usize, &str); 4] = [
            (KEY_USAGE, "keyUsage"),
            (EXTENDED_KEY_USAGE, "extKeyUsage"),
            (SUBJECT_ALTERNATIVE_NAME, "subjectAltName"),
            (CRL_DISTRIBUTION_POINTS, "cRLDistributionPoints"),
        ];
        let unreadable = |(index, name): (usize, &'static str)| {
            let repeated = match self.extension(index) {
                Value::Absent => return None,
                Value::Unreadable => true,
                Value::Present(value) if self.is_readable(index, value) => return None,
                Value::Present(_) => false,
            };
            Some(UnreadableExtension { name, repeated })
        };
        ASKED.into_iter().filter_map(unreadable).collect()
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
        match self.extension(EXTENDED_KEY_USAGE) {
            Value::Absent => None,
            Value::Unreadable => Some(ExtendedKeyUsage { oids: &[] }),
            Value::Present(value) => Some(ExtendedKeyUsage {
                oids: purposes(value).unwrap_or_default(),
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
    ///
    /// None where the extension cannot be read, here and below: what is damaged covers nothing.
    pub fn dns_names(&self) -> impl Iterator<Item = &str> {
        self.sound_names().filter(|name| name.tag == DNS_NAME).filter_map(ascii)
    }

    /// Whether there is any dNSName, be it one that cannot be read: then the common name must not stand in for it.
    pub fn has_dns_name(&self) -> bool {
        self.alternative_names().any(|name| name.tag == DNS_NAME)
    }

    /// iPAddress subject alternative names of 4 and 16 octets.
    pub fn ip_addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.sound_names()
            .filter(|name| name.tag == IP_ADDRESS)
            .filter_map(|name| ip(name.value))
    }

    /// What stands as dNSName, whatever it is: octets that are no UTF-8 are replaced.
    pub fn host_name_texts(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let named = self.alternative_names().filter(|name| name.tag == DNS_NAME);
        named.map(|name| String::from_utf8_lossy(name.value))
    }

    /// The names and addresses of hosts among the subject alternative names, each so that different ones are different
    /// texts: what does not show is written as `\XX`.
    pub fn host_names(&self) -> Vec<String> {
        let of_hosts = |name: &Element<'_>| name.tag == DNS_NAME || name.tag == IP_ADDRESS;
        let text = |name: Element<'_>| match name.tag {
            DNS_NAME => blanks_shown(&printable_octets(name.value)),
            _ => general_name(name).trim_start_matches("IP:").to_owned(),
        };
        self.alternative_names().filter(of_hosts).map(text).collect()
    }

    /// Subject alternative names that are no host's (URIs, addresses for mail, principal names), each as its DER.
    pub fn other_alternative_names(&self) -> impl Iterator<Item = &[u8]> {
        self.sound_names()
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
            Value::Present(value) => general_names(value).is_none(),
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
        let unreadable = |(index, extension): (usize, &Extension)| match *extension {
            Extension::Absent => false,
            Extension::Repeated => true,
            Extension::Once { critical, value } => critical && !self.is_readable(index, self.slice(value)),
        };
        let index = self.extensions.iter().enumerate().position(unreadable)?;
        KNOWN.get(index).map(|oid| der::dotted(oid))
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

    /// Whether signatureValue is a number of whole octets, as every signature is: no key verifies another.
    pub fn signature_is_whole(&self) -> bool {
        self.signature_is_whole
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

    /// Subject alternative names, where the extension can be read as a whole.
    fn sound_names(&self) -> impl Iterator<Item = Element<'_>> {
        let value = self.extension(SUBJECT_ALTERNATIVE_NAME).readable();
        let mut reader = Reader::new(value.and_then(general_names).unwrap_or_default());
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

    /// Whether the value of the extension with this index can be read.
    fn is_readable(&self, index: usize, value: &[u8]) -> bool {
        match index {
            BASIC_CONSTRAINTS => self.basic_constraints.is_some(),
            KEY_USAGE => key_usage(value).is_some(),
            EXTENDED_KEY_USAGE => purposes(value).is_some(),
            NAME_CONSTRAINTS => NameConstraints::parse(value).is_readable(),
            SUBJECT_ALTERNATIVE_NAME => general_names(value).is_some(),
            CRL_DISTRIBUTION_POINTS => self.distribution_points().is_some(),
            _ => Reader::new(value).element().is_some(),
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
        let mut points = Reader::new(der::only(value, der::SEQUENCE)?);
        let mut read = DistributionPoints {
            named: false,
            uris: Vec::new(),
        };
        while !points.is_empty() {
            let mut parts = Reader::new(points.expect(der::SEQUENCE)?);
            if let Some(name) = parts.optional(der::constructed(0))? {
                read.name(name)?;
            }
            // Reasons, and the issuer of the list.
            parts.optional(der::primitive(1))?;
            parts.optional(der::constructed(2))?;
            parts.end()?;
        }
        Some(read)
    }

    /// DistributionPointName ::= CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] RDN }.
    fn name(&mut self, choice: &[u8]) -> Option<()> {
        let mut parts = Reader::new(choice);
        if parts.at(der::constructed(1)) {
            parts.element()?;
            self.named = true;
            return parts.end();
        }
        let mut names = Reader::new(parts.expect(der::constructed(0))?);
        parts.end()?;
        while !names.is_empty() {
            let name = names.element()?;
            self.named = true;
            if name.tag == URI_NAME {
                self.uris.push(printable(std::str::from_utf8(name.value).ok()?));
            }
        }
        Some(())
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

/// keyUsage bits, bit 0 (digitalSignature) lowest. Bits that nothing defines may follow, and trailing zeros, as Windows
/// writes them; the unused bits of the last octet say nothing.
fn key_usage(value: &[u8]) -> Option<u16> {
    let (unused, octets) = der::only(value, der::BIT_STRING)?.split_first()?;
    let length = (octets.len() * 8).checked_sub(usize::from(*unused))?;
    if *unused > 7 {
        return None;
    }
    let reversed = octets
        .iter()
        .take(2)
        .rev()
        .fold(0u16, |bits, octet| bits << 8 | u16::from(octet.reverse_bits()));
    let known = 1u32.checked_shl(length.min(16) as u32).map_or(0, |bits| bits - 1);
    Some(reversed & known as u16)
}

/// The contents of ExtKeyUsageSyntax ::= SEQUENCE OF OBJECT IDENTIFIER, nothing but those in it.
fn purposes(value: &[u8]) -> Option<&[u8]> {
    let list = der::only(value, der::SEQUENCE)?;
    let mut reader = Reader::new(list);
    while !reader.is_empty() {
        reader.expect(der::OID)?;
    }
    Some(list)
}

/// The contents of GeneralNames, every name in it of a known kind and whole.
fn general_names(value: &[u8]) -> Option<&[u8]> {
    let list = der::only(value, der::SEQUENCE)?;
    are_general_names(list).then_some(list)
}

fn are_general_names(list: &[u8]) -> bool {
    let mut reader = Reader::new(list);
    while !reader.is_empty() {
        let Some(Element { tag, value, .. }) = reader.element() else {
            return false;
        };
        let sound = match tag {
            DNS_NAME | EMAIL_NAME | URI_NAME => value.is_ascii(),
            IP_ADDRESS => matches!(value.len(), 4 | 16),
            DIRECTORY_NAME => Name::from_der(value).is_some(),
            OTHER_NAME | X400_ADDRESS | EDI_PARTY_NAME | REGISTERED_ID => true,
            _ => false,
        };
        if !sound {
            return false;
        }
    }
    true
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

/// A subject alternative name as facts write it: different names are different texts.
fn general_name(name: Element<'_>) -> String {
    let text = || printable_octets(name.value);
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
        X400_ADDRESS => format!("other:x400Address=#{}", super::hex(name.value)),
        EDI_PARTY_NAME => format!("other:ediPartyName=#{}", super::hex(name.value)),
        _ => format!("other:#{}", super::hex(name.raw)),
    }
}

/// OtherName ::= SEQUENCE { type-id, value [0] EXPLICIT ANY }: a user principal name by its text, another by its type and
/// the DER of its value.
fn other_name(value: &[u8]) -> Option<String> {
    let mut parts = Reader::new(value);
    let oid = parts.expect(der::OID)?;
    let explicit = parts.expect(der::constructed(0))?;
    parts.end()?;
    if oid == USER_PRINCIPAL_NAME
        && let Some(text) = der::only(explicit, der::UTF8_STRING)
        && std::str::from_utf8(text).is_ok()
    {
        return Some(format!("UPN:{}", printable_octets(text)));
    }
    Some(format!("other:{}=#{}", der::dotted(oid), super::hex(explicit)))
}

fn uri(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::URI(text) => Some(printable(text)),
        _ => None,
    }
}

/// `text` as one safe line.
fn printable(text: &str) -> String {
    printable_octets(text.as_bytes())
}

/// A text as one safe line in which what does not show is seen.
pub fn visible(text: &str) -> String {
    blanks_shown(&printable_octets(text.as_bytes()))
}

/// Blanks at either end as `\20`: at the end of a line nobody sees them.
fn blanks_shown(text: &str) -> String {
    let inner = text.trim_matches(' ');
    let before = text.len() - text.trim_start_matches(' ').len();
    let after = text.len() - before - inner.len();
    format!("{}{inner}{}", "\\20".repeat(before), "\\20".repeat(after))
}

/// Octets as one safe line of text: UTF-8 as it is, and as `\XX` what is none or would hide. A backslash is written so
/// too, where it would be read as the beginning of that, so that different octets are different lines.
fn printable_octets(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    let mut rest = octets;
    let push_octets = |out: &mut String, octets: &[u8]| {
        for octet in octets {
            out.push('\\');
            super::push_hex(out, &[*octet]);
        }
    };
    for chunk in octets.utf8_chunks() {
        for c in chunk.valid().chars() {
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            let escape =
                c == '\\' && matches!(rest, [one, two, ..] if one.is_ascii_hexdigit() && two.is_ascii_hexdigit());
            match escape {
                true => push_octets(&mut out, b"\\"),
                false => name::push_printable(&mut out, c),
            }
        }
        rest = rest.get(chunk.invalid().len()..).unwrap_or_default();
        push_octets(&mut out, chunk.invalid());
    }
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
                "other:1.2.3=#0c0f73766340636f6e746f736f2e636f6d",
                "DirName:CN=a\\,b",
                "RID:1.2.3",
                "other:x400Address=#",
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
        assert_eq!(broken.dns_names().count(), 0, "what is damaged covers nothing");
        assert_eq!(broken.facts().subject_alternative_names, ["DNS:a"]);
        assert!(with(SUBJECT_ALTERNATIVE_NAME, &[4, 0]).has_unreadable_names());
        let high = with(SUBJECT_ALTERNATIVE_NAME, &[0x30, 3, DNS_NAME, 1, 0xff]);
        assert_eq!(high.dns_names().count(), 0, "no ASCII");
        assert_eq!(high.facts().subject_alternative_names, ["DNS:\\ff"]);
        assert!(high.has_unreadable_names());
    }

    #[test]
    fn damaged_or_repeated_alternative_names_cover_no_name_of_any_kind() {
        let good = [
            der::element(DNS_NAME, &[b"sub.test"]),
            der::element(IP_ADDRESS, &[&[10, 0, 0, 1]]),
        ]
        .concat();
        let uri = der::element(URI_NAME, &[b"urn:a"]);
        for damage in [
            &[0x20, 0x61, 0x62, 0x63][..],
            &[DNS_NAME],
            &[DNS_NAME, 5, b'a'],
            &[0x30, 0],
            &[der::constructed(2), 0],
            &[der::primitive(9), 0],
            &[IP_ADDRESS, 3, 1, 2, 3],
            &[EMAIL_NAME, 1, 0x80],
            &[DIRECTORY_NAME, 2, 0x31, 0],
        ] {
            let value = der::element(der::SEQUENCE, &[&good, &uri, damage]);
            let certificate = with(SUBJECT_ALTERNATIVE_NAME, &value);
            assert!(certificate.has_unreadable_names(), "{damage:02x?}");
            assert_eq!(certificate.dns_names().count(), 0, "{damage:02x?}");
            assert_eq!(certificate.ip_addresses().count(), 0, "{damage:02x?}");
            assert_eq!(certificate.other_alternative_names().count(), 0, "{damage:02x?}");
        }
        let names = der::element(der::SEQUENCE, &[&good, &uri]);
        assert_eq!(with(SUBJECT_ALTERNATIVE_NAME, &names).dns_names().count(), 1);
        let behind = with(SUBJECT_ALTERNATIVE_NAME, &[&names[..], &[0]].concat());
        assert!(behind.has_unreadable_names());
        let twice = mint().extension(KNOWN[SUBJECT_ALTERNATIVE_NAME], false, &names);
        let twice = parse(&twice.extension(KNOWN[SUBJECT_ALTERNATIVE_NAME], false, &names)).unwrap();
        assert!(twice.has_unreadable_names());
        assert_eq!((twice.dns_names().count(), twice.ip_addresses().count()), (0, 0));
    }

    #[test]
    fn different_alternative_names_are_different_texts() {
        let other = |value: &[u8]| {
            let explicit = der::element(der::constructed(0), &[value]);
            der::element(OTHER_NAME, &[&der::element(der::OID, &[&oid!(raw 1.2.3)]), &explicit])
        };
        let names = [
            der::element(DNS_NAME, &[b"a\\00.test"]),
            der::element(DNS_NAME, &[b"a\0.test"]),
            der::element(DNS_NAME, &[b"a\x80.test"]),
            der::element(DNS_NAME, &[b"a\x81.test"]),
            der::element(DNS_NAME, &["a\u{fffd}.test".as_bytes()]),
            der::element(DNS_NAME, &[b"a\\\0.test"]),
            der::element(DNS_NAME, &[b"a\\5c00.test"]),
            der::element(DNS_NAME, &[b"a\\b.test"]),
            other(&[5, 0]),
            other(&[4, 1, 7]),
            der::element(X400_ADDRESS, &[&[5, 0]]),
            der::element(X400_ADDRESS, &[]),
            der::element(der::primitive(9), &[&[1]]),
            der::element(der::primitive(9), &[&[2]]),
        ];
        let certificate = with(
            SUBJECT_ALTERNATIVE_NAME,
            &der::element(der::SEQUENCE, &[&names.concat()]),
        );
        let texts = certificate.facts().subject_alternative_names;
        assert_eq!(texts[..2], ["DNS:a\\5c00.test", "DNS:a\\00.test"]);
        assert_eq!(texts[7], "DNS:a\\b.test", "a backslash that begins nothing stays");
        let mut different = texts.clone();
        different.sort();
        different.dedup();
        assert_eq!((texts.len(), different.len()), (names.len(), names.len()), "{texts:?}");
    }

    #[test]
    fn key_usages_are_read_as_windows_writes_them() {
        for (value, bits) in [
            (&[3, 4, 0, 6, 0, 0][..], &["keyCertSign", "cRLSign"][..]),
            (&[3, 5, 0, 6, 0, 0, 0], &["keyCertSign", "cRLSign"]),
            (
                &[3, 5, 0, 0xb0, 0, 0, 0],
                &["digitalSignature", "keyEncipherment", "dataEncipherment"],
            ),
            (&[3, 3, 0, 4, 0x80], &["keyCertSign", "decipherOnly"]),
            (&[3, 2, 0, 4], &["keyCertSign"]),
            (&[3, 1, 0], &[]),
            (&[3, 2, 3, 4], &[]),
        ] {
            let certificate = with(KEY_USAGE, value);
            assert_eq!(certificate.key_usage(), bits, "{value:02x?}");
            assert_eq!(certificate.may_sign_certificates(), bits.contains(&"keyCertSign"));
            assert!(certificate.unreadable_extensions().is_empty(), "{value:02x?}");
        }
        for broken in [&[3, 1, 1][..], &[3, 2, 8, 4], &[3, 0], &[3, 2, 0, 4, 0], &[4, 2, 0, 4]] {
            let certificate = with(KEY_USAGE, broken);
            assert!(!certificate.may_sign_certificates(), "{broken:02x?}");
            assert_eq!(certificate.unreadable_extensions().len(), 1, "{broken:02x?}");
        }
    }

    #[test]
    fn why_a_certificate_lends_no_key_is_said() {
        let basic = |value: &[u8]| mint().extension(KNOWN[BASIC_CONSTRAINTS], true, value);
        let usage = |mint: Mint, value: &[u8]| mint.extension(KNOWN[KEY_USAGE], true, value);
        let flaw = |mint: Mint| {
            let certificate = parse(&mint).unwrap();
            (certificate.issuing_flaw(), certificate.presents_as_ca())
        };
        const SIGNS: &[u8] = &[3, 2, 2, 4];
        assert_eq!(flaw(basic(CA_TRUE)), (None, true));
        assert_eq!(flaw(usage(basic(CA_TRUE), SIGNS)), (None, true));
        assert_eq!(flaw(mint()), (Some(IssuingFlaw::NoBasicConstraints), false));
        assert_eq!(
            flaw(usage(mint(), SIGNS)),
            (Some(IssuingFlaw::NoBasicConstraints), false)
        );
        assert_eq!(flaw(basic(&[0x30, 0])), (Some(IssuingFlaw::NotCa), false));
        for broken in [
            &[][..],
            &[4, 0],
            &[0x30, 3, 1, 1, 0xff, 0],
            &[0x30, 5, 1, 1, 0xff, 5, 0],
            &[0x30, 4, 1, 2, 1, 1],
        ] {
            let expected = (Some(IssuingFlaw::BasicConstraintsUnreadable), true);
            assert_eq!(flaw(basic(broken)), expected, "{broken:02x?}");
        }
        for (first, second) in [(CA_TRUE, CA_TRUE), (&[0x30, 0], CA_TRUE), (&[0x30, 0], &[0x30, 0])] {
            let twice = basic(first).extension(KNOWN[BASIC_CONSTRAINTS], false, second);
            assert_eq!(flaw(twice), (Some(IssuingFlaw::BasicConstraintsRepeated), true));
        }
        assert_eq!(
            flaw(usage(basic(CA_TRUE), &[3, 2, 7, 0x80])),
            (Some(IssuingFlaw::NoKeyCertSign), true)
        );
        assert_eq!(
            flaw(usage(basic(CA_TRUE), &[4, 0])),
            (Some(IssuingFlaw::KeyUsageUnreadable), true)
        );
        let twice = usage(usage(basic(CA_TRUE), SIGNS), SIGNS);
        assert_eq!(flaw(twice), (Some(IssuingFlaw::KeyUsageRepeated), true));
        let old = |mut mint: Mint, version| {
            mint.version = version;
            mint.subject = mint.issuer.clone();
            mint
        };
        assert_eq!(flaw(old(mint(), None)), (Some(IssuingFlaw::Version1), true));
        assert_eq!(
            flaw(old(mint(), Some(1))),
            (Some(IssuingFlaw::NoBasicConstraints), false)
        );
        assert_eq!(flaw(old(basic(CA_TRUE), None)), (Some(IssuingFlaw::OldVersion), true));
        assert_eq!(flaw(old(basic(&[0x30, 0]), None)), (Some(IssuingFlaw::NotCa), false));
        assert_eq!(
            flaw(old(usage(mint(), &[3, 2, 7, 0x80]), None)),
            (Some(IssuingFlaw::NoKeyCertSign), true)
        );
        let mut issued = mint();
        issued.version = None;
        assert_eq!(flaw(issued), (Some(IssuingFlaw::NoBasicConstraints), false));
    }

    #[test]
    fn extensions_whose_absence_would_be_good_news_are_said_where_they_cannot_be_read() {
        let said = |mint: Mint| -> Vec<String> {
            let certificate = parse(&mint).unwrap();
            certificate
                .unreadable_extensions()
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert!(said(full()).is_empty());
        let each = [
            (KEY_USAGE, "keyUsage"),
            (EXTENDED_KEY_USAGE, "extKeyUsage"),
            (SUBJECT_ALTERNATIVE_NAME, "subjectAltName"),
            (CRL_DISTRIBUTION_POINTS, "cRLDistributionPoints"),
        ];
        for (index, name) in each {
            let broken = mint().extension(KNOWN[index], false, &[0x30, 2, 5, 0]);
            assert_eq!(said(broken), [format!("{name} cannot be read")]);
            let value: &[u8] = if index == KEY_USAGE {
                &[3, 2, 5, 0xa0]
            } else {
                &[0x30, 0]
            };
            let twice = mint()
                .extension(KNOWN[index], false, value)
                .extension(KNOWN[index], false, value);
            assert_eq!(said(twice), [format!("{name} stands twice")]);
        }
        let purposes = oids(&[SERVER_AUTH]);
        let mut damaged = purposes.clone();
        damaged[1] += 2;
        damaged.extend([5, 0]);
        let certificate = with(EXTENDED_KEY_USAGE, &damaged);
        assert!(
            !certificate.extended_key_usage().unwrap().has_server_auth(),
            "damaged, it serves no purpose"
        );
        let hidden = der::element(
            der::SEQUENCE,
            &[&der::element(der::SEQUENCE, &[&[0x81, 2, 1, 6], &[5, 0]])],
        );
        assert_eq!(
            said(mint().extension(KNOWN[CRL_DISTRIBUTION_POINTS], false, &hidden)).len(),
            1
        );
    }

    #[test]
    fn a_ca_certificate_without_key_identifier_has_that_of_its_public_key() {
        let ca = mint().extension(KNOWN[BASIC_CONSTRAINTS], true, CA_TRUE);
        let certificate = parse(&ca).unwrap();
        let point = openssl::pkey::PKey::public_key_from_der(certificate.key().spki_der()).unwrap();
        let group = point.ec_key().unwrap();
        let mut context = openssl::bn::BigNumContext::new().unwrap();
        let form = openssl::ec::PointConversionForm::UNCOMPRESSED;
        let bits = group.public_key().to_bytes(group.group(), form, &mut context).unwrap();
        assert_eq!(certificate.key_identifier(), Some(&openssl::sha::sha1(&bits)[..]));
        let named = parse(&ca.extension(KNOWN[SUBJECT_KEY_IDENTIFIER], false, &[4, 1, 7])).unwrap();
        assert_eq!(named.key_identifier(), Some(&[7][..]));
        assert_eq!(parse(&mint()).unwrap().key_identifier(), None, "a server's");
    }

    #[test]
    fn a_signature_with_unused_bits_is_read_and_is_no_whole_one() {
        let der = mint().signed(|_| vec![0xa0; 64]);
        let at = der.len() - 65;
        assert!(parse(&mint()).unwrap().signature_is_whole());
        for (unused, read) in [(0, Some(true)), (4, Some(false)), (7, Some(false)), (8, None)] {
            let mut changed = der.clone();
            changed[at] = unused;
            let certificate = Certificate::parse(&changed[..]).ok();
            assert_eq!(
                certificate.map(|certificate| certificate.signature_is_whole()),
                read,
                "{unused}"
            );
        }
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
