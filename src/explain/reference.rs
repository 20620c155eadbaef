//! What is found of the reference: its members, its pins, its document, and the evidence given with it.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row("reference-missing.not-given", "no reference was given, so there is nothing to compare with")
        .hint("give {@reference}"),
    row("reference-missing.unread", "the reference cannot be read: {>cause}").hint("{>cause.hint}"),
    row(
        "reference-missing.none-read",
        "none of the {count} reference servers could be read; the first: {>cause}",
    )
    .hint("{>cause.hint}"),
    row(
        "reference-missing.unexplained",
        "none of the {count} reference servers could be read",
    )
    .hint("see the findings of each reference server"),
    row(
        "reference-missing.pin-unread",
        "the pin cannot be read, so no CA is allowed: {>cause}",
    )
    .hint("{>cause.hint}"),
    row("reference-missing.no-pin", "no pin could be used, so no CA is allowed")
        .hint("see the findings of each pin"),
    row(
        "reference-missing.document-unreadable",
        "the reference document {path} cannot be read: {>why}",
    )
    .hint("check the path, and that this account may read the file"),
    row(
        "reference-missing.document-malformed",
        "the reference document {path} cannot be read: {problem}",
    )
    .hint("write it again with same-ca reference"),
    row("reference-missing.document-is-none", "{path} is not a reference document: {>why}")
        .hint("give a certificate {@in-reference}; a reference document is what same-ca reference writes"),
    row(
        "reference-missing.document-other-protocol",
        "the reference document is of protocol {found}, and this version reads protocol {expected}",
    )
    .hint("write it again with this version of same-ca reference"),
    row("reference-missing.document-without-members", "the reference document has no members")
        .hint("write it again with same-ca reference"),
    row(
        "reference-missing.document-twice",
        "the reference document has both path and members; give one of them",
    )
    .hint("leave out path, or members"),
    row("reference-missing.document-of-nothing", "none of the reference servers could be read")
        .hint("see the members of the document for what each one lacks"),
    row("reference-unreadable.source", "{>cause}").hint("{>cause.hint}"),
    row(
        "reference-unreadable.member",
        "{member} could not be read, so it is not known whether it agrees",
    )
    .hint("read it again, or take it out of the reference"),
    row(
        "reference-unreadable.in-document",
        "{member} could not be read when the reference document was written: {message}",
    )
    .hint("write the document again with same-ca reference, once that server can be read"),
    row(
        "reference-unreadable.in-document-with-cause",
        "{member} could not be read when the reference document was written: {>cause}",
    )
    .hint("write the document again with same-ca reference, once that server can be read"),
    row(
        "reference-is-ca.first",
        "the file begins with the CA certificate {subject}, not with the reference server's certificate",
    )
    .hint("put the server's own certificate first"),
    row("reference-is-ca.alone", "{subject} is a CA certificate, not a reference server's")
        .hint("give the certificate of a server, or pin the CA with {@pin-authority}"),
    row("self-signed.member", "{subject} is self-signed: no CA issued it")
        .hint("give the certificate of a server that the internal CA issued, or pin the CA with {@pin-authority}"),
    row(
        "reference-unanchored.tls",
        "{host} was read by TLS, and no certificate that you trust confirms its CA",
    )
    .hint("add its CA certificate {@to-authorities}, or pin its key"),
    row(
        "reference-unanchored.not-covered",
        "{host} was read by TLS, and its certificate does not cover that name, so the CA certificate that you trust does not confirm it",
    )
    .hint("ask for it by a name that its certificate covers, give its certificate as a file, or pin the key of its CA"),
    row(
        "authority-distrusted.member",
        "{member} was issued under a key that the policy distrusts",
    )
    .hint("replace the certificate of that server"),
    row("authority-distrusted.pin", "{member} pins a key that the policy distrusts")
        .hint("remove the pin, or the distrust"),
    row(
        "references-disagree.sides",
        "the reference servers use {count} different CAs: {sides}",
    )
    .expected("{first}")
    .actual("{rest}")
    .hint(ONE_CA),
    row(
        "references-disagree.sides-joinable",
        "the reference servers use {count} different CAs, or one that was renewed: {sides}",
    )
    .expected("{first}")
    .actual("{rest}")
    .hint(
        "if the CA was renewed with a new key, check {joining} (SHA-256 {joining_sha256}) and give it {@as-authority}: then \
         the servers agree; otherwise pin the CA that you expect",
    ),
    row(
        "references-disagree.stray",
        "the reference server {member} is not under the allowed CA ({allowed})",
    )
    .expected("{allowed}")
    .actual("{issuer}")
    .hint(ONE_CA),
    row(
        "references-disagree.brought",
        "by the CA certificates that came with them, the reference servers use different CAs, so none of those certificates \
         is used for them",
    )
    .hint("add the CA certificates of the reference servers {@to-authorities}"),
    row(
        "algorithm-unsupported.agreement",
        "it could not be determined whether {member} agrees: {>cause}",
    )
    .hint("{>cause.hint}"),
    row(
        "limit-reached.agreement",
        "it could not be determined whether {member} agrees: {>cause}",
    )
    .hint("{>cause.hint}"),
    row(
        "ca-certificate-missing.agreement",
        "it could not be determined whether {member} agrees: none of the CA certificates given verifies its certificate",
    )
    .hint("add the CA certificate of {issuer} that signed {member} {@to-authorities}"),
    row("several-roots.leads", "{member} leads to {count} root CAs: {roots}")
        .hint("pin the root that you expect with {@pin-authority}"),
    row(
        "ca-certificate-missing.none-given",
        "the signature of the reference {member} cannot be verified: no CA certificate was given",
    )
    .hint("add the certificate of {issuer} {@to-authorities} (AD CS keeps it in the folder CertEnroll)"),
    row(
        "ca-certificate-missing.never-verifies",
        "the signature of the reference {member} cannot be verified by any key: {>why}",
    )
    .hint("read the certificate of {member} again; if the same is found, it is damaged or forged"),
    row(
        "ca-certificate-missing.unsupported",
        "the reference {member} could not be verified: {>cause}",
    )
    .hint("{>cause.hint}"),
    row(
        "ca-certificate-missing.unread",
        "the signature of the reference {member} cannot be verified: {>cause}",
    )
    .hint("{>cause.hint}"),
    row(
        "ca-certificate-missing.limited",
        "the reference {member} could not be verified: {>cause}",
    )
    .hint("{>cause.hint}"),
    row(
        "ca-certificate-missing.may-not-sign",
        "the signature of the reference {member} cannot be verified: {given} was given as a CA certificate, and {>why}",
    )
    .hint("give the CA certificate of {issuer} that may sign certificates"),
    row(
        "ca-certificate-missing.other-key",
        "the signature of the reference {member} cannot be verified: no CA certificate given for {issuer} has the key that \
         signed it",
    )
    .hint("if that CA was renewed with a new key, give its certificate with the key that signed {member}{>identifier}"),
    row(
        "ca-certificate-missing.none-signed",
        "none of the CA certificates given signed the reference {member}, which names {issuer} as its issuer",
    )
    .hint("give the certificate of {issuer}, and check whether the reference and the subject were swapped"),
    row("evidence-unused.flaw", "{subject} was given as a CA certificate and is not used: {>why}")
        .actual("SHA-256 {sha256}"),
    row("evidence-unused.more", "{count} more certificates that were given as CA certificates are not used"),
    row("issuing.no-basic-constraints", "it is not a CA certificate: it has no basicConstraints"),
    row("issuing.not-a-ca", "it is not a CA certificate: its basicConstraints say CA:FALSE"),
    row("issuing.basic-constraints-unreadable", "its basicConstraints cannot be read, so it is not known whether it is a CA certificate"),
    row("issuing.basic-constraints-repeated", "it has two basicConstraints, so it is not known whether it is a CA certificate"),
    row("issuing.no-key-cert-sign", "it may not sign certificates: its keyUsage lacks keyCertSign"),
    row("issuing.key-usage-unreadable", "its keyUsage cannot be read, so it is not known whether it may sign certificates"),
    row("issuing.key-usage-repeated", "it has two keyUsage extensions, so it is not known whether it may sign certificates"),
    row("issuing.version-1", "it is of version 1, and a root CA certificate of version 1 counts only where it is trusted"),
    row("issuing.old-version", "it says that it is a CA certificate in a version that has no extensions"),
    row("document.not-one", "its kind is not reference"),
    row("document.certificate", "it holds a certificate"),
];

const ONE_CA: &str = "give only servers that must share one CA, pin the CA that you expect, or {@references-any}";
