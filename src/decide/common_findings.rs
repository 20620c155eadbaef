//! Findings and phrases that are said of members and of subjects alike.

use crate::cert::{Certificate, SignatureFlaw, never_verifies};
use crate::decide::policy::{Rules, describe};
use crate::decide::trust::{CertificateStore, Limit, MAX_DEPTH, unusable_key};
use crate::protocol::{Code, Finding, Phrase, hex};

/// That a limit kept something from being known.
pub fn limited(rules: &Rules<'_>, limit: Option<Limit>) -> Finding {
    match limit {
        Some(Limit::Depth) => rules
            .finding(Code::LimitReached, "depth")
            .value("most", MAX_DEPTH.to_string()),
        _ => rules.finding(Code::LimitReached, "signatures"),
    }
}

/// That the signature of a certificate cannot be verified, whose fault that is, and why.
pub fn unsupported(rules: &Rules<'_>, store: &CertificateStore, certificate: &Certificate) -> Finding {
    let signature = certificate.signature();
    let finding = match signature.flaw() {
        Some(SignatureFlaw::Broken) => rules.finding(Code::AlgorithmUnsupported, "broken"),
        Some(SignatureFlaw::Malformed) => rules.finding(Code::AlgorithmUnsupported, "malformed"),
        Some(SignatureFlaw::Unknown) => rules.finding(Code::AlgorithmUnsupported, "unknown"),
        None => match unusable_key(store, certificate) {
            Some((ca, why)) => {
                return rules
                    .finding(Code::AlgorithmUnsupported, "ca-key")
                    .value("ca", ca.subject().rfc4514())
                    .value("sha256", short(&hex(ca.sha256())))
                    .phrase("why", Phrase::named("key", why));
            }
            None => rules.finding(Code::AlgorithmUnsupported, "unknown"),
        },
    };
    finding.phrase("signature", describe(signature))
}

/// That the key to which a certificate points did not sign it, or that none can have.
pub fn not_signed(rules: &Rules<'_>, certificate: &Certificate) -> Finding {
    let finding = match never_verifies(certificate) {
        None => rules.finding(Code::SignatureInvalid, "other-signer"),
        Some(why) => rules
            .finding(Code::SignatureInvalid, "never-verifies")
            .phrase("why", Phrase::named("signature", why)),
    };
    finding.value("issuer", certificate.issuer().rfc4514())
}

/// What a certificate says of the key that signed it.
pub fn identifier(certificate: &Certificate) -> Phrase {
    match certificate.authority_key_identifier() {
        Some(identifier) => Phrase::of("identifier.named").value("identifier", hex(identifier)),
        None => Phrase::of("identifier.none"),
    }
}

/// The first digits of a digest: enough to tell it apart in a sentence.
pub fn short(hex: &str) -> String {
    hex.chars().take(16).collect()
}
