//! The relation of a certificate to the reference's CA.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    verdict("issuer-differs.other-ca", "it was issued by {issuer}, not by {authority}")
        .hint("request a certificate from the reference's CA, and assign it"),
    verdict(
        "issuer-differs.swapped",
        "it was issued by {issuer}, whose certificate was given, and the reference {member} by {authority}, whose certificate \
         was not",
    )
    .hint("check whether the reference and the subject were swapped; if not, request a certificate from the reference's CA"),
    row(
        "issuer-differs.reads-alike",
        "it was issued by another CA, whose name reads like that of the reference's CA and is encoded differently: \
         {issuer}, not {authority}",
    )
    .expected("{>expected}: {authority}")
    .actual("{>actual}: {issuer}")
    .hint("request a certificate from the reference's CA, and find out who runs the other one"),
    verdict(
        "issuer-name-differs.other-name",
        "the key of the reference's CA signed it under another issuer name, {issuer}",
    )
    .hint("request a certificate from the reference's CA, and assign it"),
    verdict(
        "issuer-key-differs.newer-key",
        "a newer key of the same CA, {issuer}, signed it, and {@by-key}",
    )
    .hint("renew the certificates of the reference servers under the newer key, or {@match-authority}"),
    verdict(
        "issuer-key-differs.older-key",
        "an older key of the same CA, {issuer}, signed it, and {@by-key}",
    )
    .hint("renew it under the CA's current key, or {@match-authority}"),
    verdict(
        "issuer-key-differs.other-generation",
        "another key of the same CA, {issuer}, signed it, and {@by-key}",
    )
    .hint("renew it under the key that signed the reference servers' certificates, or {@match-authority}"),
    verdict(
        "issuer-key-differs.look-alike",
        "a CA of the same name, {issuer}, with another key issued it",
    )
    .hint(
        "if the CA was renewed with a new key, add the certificate that links the two {@to-authorities} (AD CS: \
         CertEnroll\\SERVER.DOMAIN_{file}(0-1).crt, or the certificate of their common parent); otherwise a look-alike CA \
         issued it: replace it",
    ),
    verdict(
        "issuer-key-differs.never-verifies",
        "it names {issuer} as its issuer, and no key can verify it: {>why}",
    )
    .hint("read the certificate from the server again; if the same is found, replace it: it is damaged or forged"),
    verdict(
        "issuer-key-differs.unknown-key",
        "it names {issuer} as its issuer, and none of the known keys of that CA signed it",
    )
    .hint(
        "add the CA certificate with the key that signed it{>identifier} {@to-authorities} (AD CS: CertEnroll\\{file}(1).crt \
         and (0-1).crt); without it a renewed CA cannot be told from a look-alike",
    ),
    caused("signature-invalid.subject"),
    row(
        "signature-invalid.other-signer",
        "it names the key of {issuer} as its issuer's key, and that key did not sign it",
    )
    .hint("read the certificate from the server again; if the same is found, it is damaged or forged"),
    row(
        "signature-invalid.never-verifies",
        "it names {issuer} as its issuer, and no key can verify it: {>why}",
    )
    .hint("read the certificate from the server again; if the same is found, it is damaged or forged"),
    caused("algorithm-unsupported.subject"),
    row(
        "algorithm-unsupported.broken",
        "its signature proves nothing, because its algorithm is broken or out of use: {>signature}",
    )
    .hint("renew the certificate under a CA that signs with SHA-256 and an RSA or ECDSA key"),
    row(
        "algorithm-unsupported.malformed",
        "its signature cannot be verified, because its algorithm is not encoded as the standard says: {>signature}",
    )
    .hint("ask the operator of the CA to correct how it writes the signature algorithm, then renew the certificate"),
    row(
        "algorithm-unsupported.unknown",
        "its signature cannot be verified, because this version does not know its algorithm: {>signature}",
    )
    .hint("use a newer version of same-ca, or a CA that signs with RSA, ECDSA, EdDSA, ML-DSA or SLH-DSA"),
    row(
        "algorithm-unsupported.ca-key",
        "its signature cannot be verified, because the key in the CA certificate {ca} (SHA-256 {sha256}) cannot be used: \
         {>why}",
    )
    .hint("renew the CA certificate {ca} with a key that can be verified: RSA, or ECDSA on a named curve"),
    caused("limit-reached.subject"),
    row(
        "limit-reached.depth",
        "its path has more than {most} CA certificates, which is the limit",
    )
    .hint("pin the issuing CA, or compare issuing CAs instead of roots"),
    row(
        "limit-reached.signatures",
        "the limit of signature checks was reached before every CA certificate was tried",
    )
    .hint("give fewer certificates: those of the CA in question are enough"),
    verdict("ca-certificate-missing.no-root", "no verified path leads from {issuer} to a root CA")
        .hint("add the CA certificates from {issuer} up to its root {@to-authorities}"),
    verdict(
        "ca-certificate-missing.pinned-key",
        "no CA certificate that was given has the pinned key {key}",
    )
    .hint("add the CA certificate with that key {@to-authorities}"),
    verdict(
        "ca-certificate-missing.swapped",
        "a CA certificate that was given signed this certificate and not the one of the reference, {member}",
    )
    .hint("check whether the reference and the subject were swapped; if not, add the CA certificate of {member} {@to-authorities}"),
    caused("ca-certificate-missing.reference"),
    verdict(
        "ca-certificate-missing.no-reference",
        "without a reference it cannot be determined whether {issuer} is the expected CA",
    ),
    verdict(
        "ca-certificate-missing.undecided",
        "it is known which key of {issuer} signed it, and not known which key signed the reference",
    )
    .hint("add the CA certificates of the reference servers {@to-authorities}"),
    verdict(
        "ca-certificate-missing.unknown-key",
        "none of the CA certificates named {issuer} has the key that signed it",
    )
    .hint("add the CA certificate with the key that signed it{>identifier} {@to-authorities}"),
    verdict(
        "ca-certificate-missing.unknown-ca",
        "no CA certificate of {issuer} was given, so its signature cannot be verified",
    )
    .hint("add the certificate of {issuer} {@to-authorities} (AD CS: CertEnroll\\{file}.crt, or certutil -ca.cert)"),
    row(
        "weak-evidence.key-identifier",
        "only a key identifier, which anybody can write into a certificate, says that the CA is the same; no signature was verified",
    )
    .hint("add the CA's certificate {@to-authorities}, so that the signature can be verified"),
    row(
        "weak-evidence.name",
        "only the name, which anybody can give a CA, says that the CA is the same; no signature was verified",
    )
    .hint("add the CA's certificate {@to-authorities}, so that the signature can be verified"),
    row(
        "link-refused.missing-link",
        "the CA may have been renewed with a new key, and the certificate that proves it was not given",
    )
    .hint(
        "the CA certificate with SHA-256 {later} says that it follows the one with SHA-256 {earlier}: add the link \
         certificate between the two {@to-authorities} (AD CS: CertEnroll\\SERVER.DOMAIN_{file}(0-1).crt)",
    ),
    row(
        "link-refused.untrusted",
        "the CA may have been renewed with a new key, and the certificate that proves it is not trusted",
    )
    .hint("if these certificates are genuine, add them {@to-authorities}: {certificates}"),
    row(
        "link-refused.missing-parent",
        "the CA may have been renewed with a new key, and the certificate of the parent CA that proves it was not given",
    )
    .hint("add the certificate of the parent CA {@to-authorities}: {parent} (key identifier {identifier})"),
    row(
        "authority-distrusted.subject",
        "a key that the policy distrusts signed it: {key}",
    )
    .hint("replace it with a certificate from the reference's CA"),
    row("same-root.other-issuing-ca", "another issuing CA under the same root issued it")
        .hint("if any CA under that root may issue, {@level-root}"),
    row(
        "subject-is-ca.first",
        "the file begins with the CA certificate {subject}, not with the server's certificate",
    )
    .hint("put the server's own certificate first"),
    row("subject-is-ca.alone", "{subject} is a CA certificate, not a server's")
        .hint("give the certificate of the server"),
    row("self-signed.subject", "{subject} is self-signed: no CA issued it")
        .hint("request a certificate from the reference's CA"),
    row("*.in-reference", "the reference is in doubt: {>cause}").expected("{>cause.expected}").actual("{>cause.actual}").hint("{>cause.hint}"),
    row("*.beside", "{source}: {>cause}").expected("{>cause.expected}").actual("{>cause.actual}").hint("{>cause.hint}"),
    row("*.of-member", "{member}: {>cause}").expected("{>cause.expected}").actual("{>cause.actual}").hint("{>cause.hint}"),
    row("ca.unknown", "the reference's CA"),
    row("ca.named", "{name}"),
    row("ca.with-key", "{name}, key {key}"),
    row("ca.with-keys", "{name}, with one of the keys {keys}"),
    row("ca.with-identifier", "{name}, key identifier {identifier}"),
    row("ca.pinned-key", "the pinned key {key}"),
    row("identifier.named", " (key identifier {identifier})"),
    row("identifier.none", ""),
    row(
        "signature.its-two-signature-algorithm-fields-inside-what-is",
        "its two signature algorithm fields differ, the one inside what is signed and the one beside the signature",
    ),
    row(
        "signature.its-signature-field-has-unused-bits-which-no",
        "its signature field has unused bits, which no signature has",
    ),
];

/// A text about the CA that is expected and the one that was found.
const fn verdict(text: &'static str, message: &'static str) -> Row {
    row(text, message).expected("{>expected}").actual("{>actual}")
}

/// The same for a cause that has its own words.
const fn caused(text: &'static str) -> Row {
    verdict(text, "{>cause}").hint("{>cause.hint}")
}
