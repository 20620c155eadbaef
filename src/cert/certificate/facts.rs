//! A certificate as the protocol says it, and as PEM.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::cert::extensions::general_name;
use crate::cert::text::printable;
use crate::protocol::facts::CertificateFacts;
use crate::protocol::values::Hex;
use crate::protocol::values::hex;

use super::Certificate;

impl Certificate {
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
            serial_number: hex(self.serial()),
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
            subject_key_identifier: self.subject_key_identifier().map(hex),
            authority_key_identifier: self.authority_key_identifier().map(hex),
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
            previous_ca_hash: self.previous_ca_hash().map(hex),
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
}
