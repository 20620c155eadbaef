//! One certificate: read once, strictly, and asked from then on.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::OnceLock;

use super::algorithm::SignatureInfo;
use super::constraints::NameConstraints;
use super::extensions::{
    self, BasicConstraints, DNS_NAME, DistributionPoints, ExtendedKeyUsage, IP_ADDRESS, KEY_CERT_SIGN, KEY_USAGES,
    Known, Template, UnreadableExtension, ascii, general_name, general_names, ip, key_usage, purposes,
};
use super::key::PublicKey;
use super::name::Name;
use super::text::{blanks_shown, printable, printable_octets};
use crate::asn1::der::{self, Element, Reader};
use crate::asn1::oid;
use crate::asn1::time;
use crate::protocol::facts::CertificateFacts;
use crate::protocol::time::Timestamp;
use crate::protocol::values::Hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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
    extensions: [Extension; Known::ALL.len()],
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
        let not_before = validity
            .element()
            .and_then(instant)
            .ok_or_else(malformed("notBefore"))?;
        let not_after = validity.element().and_then(instant).ok_or_else(malformed("notAfter"))?;
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

        let mut places = [Extension::Absent; Known::ALL.len()];
        let mut unknown_critical = None;
        if let Some(explicit) = explicit {
            let mut list = Reader::new(der::only(explicit, der::SEQUENCE).ok_or_else(malformed("extensions"))?);
            while !list.is_empty() {
                let (oid, critical, value) = extensions::extension(&mut list).ok_or_else(malformed("extensions"))?;
                match Known::of(oid).and_then(|known| places.get_mut(known as usize)) {
                    Some(place @ Extension::Absent) => {
                        *place = Extension::Once {
                            value: span(value),
                            critical,
                        }
                    }
                    Some(place) => *place = Extension::Repeated,
                    None if critical && unknown_critical.is_none() && !extensions::is_without_effect(oid) => {
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
            extensions: places,
            basic_constraints: None,
            distribution_points: OnceLock::new(),
            unknown_critical,
            der,
        };
        parsed.basic_constraints = parsed
            .extension(Known::BasicConstraints)
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
        match self.extension(Known::KeyUsage) {
            Value::Absent => true,
            Value::Unreadable => false,
            Value::Present(value) => key_usage(value).is_some_and(|bits| bits & KEY_CERT_SIGN != 0),
        }
    }

    /// Why the certificate does not lend its key to what it would have issued; `None` where it does. Whether a version-1
    /// root is trusted is for the caller to know.
    pub fn issuing_flaw(&self) -> Option<IssuingFlaw> {
        let basic = match (self.extension(Known::BasicConstraints), self.basic_constraints) {
            (Value::Absent, _) if self.version == 1 && self.is_self_issued() => Some(IssuingFlaw::Version1),
            (Value::Absent, _) => Some(IssuingFlaw::NoBasicConstraints),
            (Value::Unreadable, _) => Some(IssuingFlaw::BasicConstraintsRepeated),
            (Value::Present(_), None) => Some(IssuingFlaw::BasicConstraintsUnreadable),
            (Value::Present(_), Some(basic)) if !basic.ca => Some(IssuingFlaw::NotCa),
            (Value::Present(_), Some(_)) if self.version != 3 => Some(IssuingFlaw::OldVersion),
            (Value::Present(_), Some(_)) => None,
        };
        let usage = || match self.extension(Known::KeyUsage) {
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
        match self.extension(Known::BasicConstraints) {
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
        const ASKED: [(Known, &str); 4] = [
            (Known::KeyUsage, "keyUsage"),
            (Known::ExtendedKeyUsage, "extKeyUsage"),
            (Known::SubjectAlternativeName, "subjectAltName"),
            (Known::CrlDistributionPoints, "cRLDistributionPoints"),
        ];
        let unreadable = |(known, name): (Known, &'static str)| {
            let repeated = match self.extension(known) {
                Value::Absent => return None,
                Value::Unreadable => true,
                Value::Present(value) if self.is_readable(known, value) => return None,
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
        der::only(
            self.extension(Known::SubjectKeyIdentifier).readable()?,
            der::OCTET_STRING,
        )
    }

    /// keyIdentifier of the authority key identifier: a hint, never a proof.
    ///
    /// Its other form, issuer and serial number, is ignored: it names the CA certificate's own issuer.
    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        let value = self.extension(Known::AuthorityKeyIdentifier).readable()?;
        Reader::new(der::only(value, der::SEQUENCE)?).expect(der::primitive(0))
    }

    /// AD CS CA version: certificate index and key index of the CA (1.3.6.1.4.1.311.21.1; low and high 16 bits).
    pub fn ca_version(&self) -> Option<(u16, u16)> {
        let value = der::only(self.extension(Known::CaVersion).readable()?, der::INTEGER)?;
        let both = u32::try_from(der::small(value)?).ok()?;
        Some((both as u16, (both >> 16) as u16))
    }

    /// AD CS previous CA hash: SHA-1 of the CA certificate before this one (1.3.6.1.4.1.311.21.2).
    pub fn previous_ca_hash(&self) -> Option<&[u8]> {
        der::only(self.extension(Known::PreviousCaHash).readable()?, der::OCTET_STRING)
    }

    /// AD CS certificate template: its name (version 1, 1.3.6.1.4.1.311.20.2), or its object identifier
    /// (version 2 and later, 1.3.6.1.4.1.311.21.7).
    pub fn template(&self) -> Option<Cow<'_, str>> {
        if let Some(parts) = self.template_parts() {
            return Some(oid::text(parts.oid).into());
        }
        let mut reader = Reader::new(self.extension(Known::TemplateName).readable()?);
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
        match self.extension(Known::ExtendedKeyUsage) {
            Value::Absent => None,
            Value::Unreadable => Some(ExtendedKeyUsage::unreadable()),
            Value::Present(value) => Some(ExtendedKeyUsage::of(value)),
        }
    }

    /// Names of the key usages, in the order of their bits; empty where the extension is absent.
    pub fn key_usage(&self) -> Vec<&'static str> {
        let bits = self
            .extension(Known::KeyUsage)
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
        let value = self.extension(Known::AuthorityInfoAccess).readable();
        value.map(extensions::ca_issuers).unwrap_or_default()
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
        self.subject.values(oid::COMMON_NAME)
    }

    /// Whether there is a subject alternative name extension that cannot be read, or is there twice: then the common name
    /// must not stand in for it.
    pub fn has_unreadable_names(&self) -> bool {
        match self.extension(Known::SubjectAlternativeName) {
            Value::Absent => false,
            Value::Unreadable => true,
            Value::Present(value) => general_names(value).is_none(),
        }
    }

    /// Name constraints (RFC 5280 §4.2.1.10); `None` where the extension is absent. Ones that cannot be read allow nothing.
    pub fn name_constraints(&self) -> Option<NameConstraints> {
        match self.extension(Known::NameConstraints) {
            Value::Absent => None,
            Value::Unreadable => Some(NameConstraints::unreadable()),
            Value::Present(value) => Some(NameConstraints::parse(value)),
        }
    }

    /// The dotted object identifier of a critical extension that nothing here understands, or of an understood one that
    /// is critical and cannot be read.
    pub fn unknown_critical_extension(&self) -> Option<String> {
        if let Some(oid) = self.unknown_critical {
            return Some(oid::text(self.slice(oid)));
        }
        let unreadable = |known: Known| match self.extensions.get(known as usize) {
            None | Some(Extension::Absent) => false,
            Some(Extension::Repeated) => true,
            Some(&Extension::Once { critical, value }) => critical && !self.is_readable(known, self.slice(value)),
        };
        let mut all = Known::ALL.iter();
        all.find(|(_, known)| unreadable(*known))
            .map(|(oid, _)| oid.to_string())
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
        let value = self.extension(Known::SubjectAlternativeName).readable();
        let list = value
            .and_then(|value| der::only(value, der::SEQUENCE))
            .unwrap_or_default();
        let mut reader = Reader::new(list);
        std::iter::from_fn(move || reader.element())
    }

    /// Subject alternative names, where the extension can be read as a whole.
    fn sound_names(&self) -> impl Iterator<Item = Element<'_>> {
        let value = self.extension(Known::SubjectAlternativeName).readable();
        let mut reader = Reader::new(value.and_then(general_names).unwrap_or_default());
        std::iter::from_fn(move || reader.element())
    }

    /// `None` where there are none, or they cannot be read.
    fn distribution_points(&self) -> Option<&DistributionPoints> {
        let read = || DistributionPoints::parse(self.extension(Known::CrlDistributionPoints).readable()?);
        self.distribution_points.get_or_init(read).as_ref()
    }

    fn template_parts(&self) -> Option<Template<'_>> {
        Template::parse(self.extension(Known::Template).readable()?)
    }

    fn extension(&self, known: Known) -> Value<'_> {
        match self.extensions.get(known as usize) {
            Some(&Extension::Once { value, .. }) => Value::Present(self.slice(value)),
            Some(Extension::Repeated) => Value::Unreadable,
            Some(Extension::Absent) | None => Value::Absent,
        }
    }

    /// Whether the value of an extension can be read.
    fn is_readable(&self, known: Known, value: &[u8]) -> bool {
        match known {
            Known::BasicConstraints => self.basic_constraints.is_some(),
            Known::KeyUsage => key_usage(value).is_some(),
            Known::ExtendedKeyUsage => purposes(value).is_some(),
            Known::NameConstraints => NameConstraints::parse(value).is_readable(),
            Known::SubjectAlternativeName => general_names(value).is_some(),
            Known::CrlDistributionPoints => self.distribution_points().is_some(),
            _ => Reader::new(value).element().is_some(),
        }
    }

    fn slice(&self, span: Span) -> &[u8] {
        self.der.get(span.from..span.to).unwrap_or_default()
    }
}

impl NameConstraints {
    /// Whether every name of `certificate` is allowed: the subject as a directory name, its addresses and, where no
    /// dNSName is there, its common names that look like host names, and every subject alternative name.
    ///
    /// A name of a form that is constrained in a way not understood here is not allowed. Self-issued certificates within
    /// a path are exempt (RFC 5280 §6.1.3): the caller leaves them out.
    pub fn allows(&self, certificate: &Certificate) -> bool {
        !certificate.has_unreadable_names() && self.allow(certificate.subject(), certificate.alternative_names())
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

fn instant(element: Element<'_>) -> Option<Timestamp> {
    time::time(element).map(Timestamp::from_unix)
}

fn sequence<'a>(reader: &mut Reader<'a>) -> Option<Element<'a>> {
    let element = reader.element()?;
    (element.tag == der::SEQUENCE).then_some(element)
}

#[cfg(test)]
mod tests;
