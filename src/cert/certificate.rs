//! One certificate: read once, strictly, and asked from then on.

mod ad_cs;
mod facts;
mod issuing;
mod names;

pub use issuing::IssuingFlaw;

use std::fmt;
use std::sync::OnceLock;

use crate::asn1::der::{self, Element, Reader};
use crate::asn1::time;
use crate::protocol::time::Timestamp;

use super::algorithm::SignatureInfo;
use super::constraints::NameConstraints;
use super::extensions::{
    self, BasicConstraints, DistributionPoints, ExtendedKeyUsage, KEY_USAGES, Known, general_names, key_usage, purposes,
};
use super::key::PublicKey;
use super::name::Name;

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

    /// `None` where there are none, or they cannot be read.
    fn distribution_points(&self) -> Option<&DistributionPoints> {
        let read = || DistributionPoints::parse(self.extension(Known::CrlDistributionPoints).readable()?);
        self.distribution_points.get_or_init(read).as_ref()
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
