//! Whether a certificate may issue others, and what calls its key.

use crate::asn1::der::{self, Reader};
use crate::asn1::oid;
use crate::cert::extensions::{KEY_CERT_SIGN, Known, UnreadableExtension, key_usage};
use crate::cert::hash::sha1;

use super::{Certificate, Extension, Value};

/// Why a certificate may not have issued others.
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

impl Certificate {
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

    /// Why the certificate may not have issued others; `None` where it may. Whether a version-1
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
            Some(sha1(bits.get(1..)?))
        };
        self.computed_identifier
            .get_or_init(compute)
            .as_ref()
            .map(<[u8; 20]>::as_slice)
    }

    /// The extensions whose absence would permit more, and that cannot be read or occur twice: keyUsage, extended key
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
}
