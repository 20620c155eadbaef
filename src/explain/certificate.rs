//! What is found of one certificate by itself: validity, names, usages, key, digest.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "extension-unreadable.damaged",
        "its {extension} extension cannot be read, so it is treated as allowing nothing",
    )
    .hint("renew the certificate: the extension is damaged, and programs differ in how they read it"),
    row(
        "extension-unreadable.repeated",
        "it has two {extension} extensions, so they are treated as allowing nothing",
    )
    .hint("renew the certificate with one such extension: programs differ in which of the two they read"),
    row("not-yet-valid.begins", "it is not valid before {from}")
        .expected("valid at {at}")
        .actual("{from}"),
    row("expired.ended", "it expired at {until}")
        .expected("valid at {at}")
        .actual("{until}")
        .hint("renew it under the reference's CA"),
    row("expires-soon.ends", "it expires at {until}, in less than {soon}")
        .actual("{until}")
        .hint("renew it in time"),
    row(
        "expires-soon.candidate",
        "it expires at {until}, and the candidate {candidate} is valid until {lasts}",
    )
    .hint("run enforce to install the candidate"),
    row(
        "issued-after-ca-expiry.begins",
        "it is valid from {from}, and its CA certificate expired before that, at {end}",
    )
    .hint("if the CA was renewed, add its newer certificate {@to-authorities}"),
    row("ca-expired.ended", "its CA certificate expired at {end}")
        .actual("{end}")
        .hint("if the CA was renewed, add its newer certificate {@to-authorities}"),
    row(
        "ca-expired.root",
        "the certificate of its root CA {root} expired at {end}",
    )
    .actual("{end}")
    .hint("if the root was renewed, add its newer certificate {@to-authorities}"),
    row(
        "ca-expires-soon.ends",
        "its CA certificate expires at {end}, in less than {soon}",
    )
    .actual("{end}")
    .hint("renew the CA certificate"),
    row("cdp-missing.none", "it has no CRL distribution point")
        .hint("issue it from a template whose CA publishes a CRL distribution point"),
    row(
        "key-unsupported.rsa-length",
        "Lync Server 2013 does not support RSA keys of {bits} bits",
    )
    .expected(LYNC_KEYS)
    .actual("RSA, {bits} bits")
    .hint("renew it with an RSA key of 2048 bits"),
    row(
        "key-unsupported.pss",
        "Lync Server 2013 does not support RSASSA-PSS keys",
    )
    .expected(LYNC_KEYS)
    .actual("an RSASSA-PSS key")
    .hint("renew it with a plain RSA key of 2048 bits"),
    row(
        "key-unsupported.curve",
        "Lync Server 2013 does not support keys on the curve {curve}",
    )
    .expected(LYNC_KEYS)
    .actual("ECDSA on {curve}")
    .hint("renew it with an RSA key of 2048 bits, or one on P-256, P-384 or P-521"),
    row(
        "key-unsupported.explicit-curve",
        "its EC key gives its curve by explicit parameters, which Lync Server 2013 does not support",
    )
    .expected(LYNC_KEYS)
    .actual("an EC key with explicit curve parameters")
    .hint("renew it with a key on a named curve: P-256, P-384 or P-521"),
    row(
        "key-unsupported.unreadable",
        "its public key cannot be read, so Lync Server 2013 cannot use it",
    )
    .expected(LYNC_KEYS)
    .actual("a damaged public key")
    .hint("renew it with a new key: this public key is damaged"),
    row(
        "key-unsupported.algorithm",
        "Lync Server 2013 does not support {algorithm} keys",
    )
    .expected(LYNC_KEYS)
    .actual("a key of the algorithm {algorithm}")
    .hint("renew it with an RSA key of 2048 bits"),
    row("key-weak.rsa-length", "its RSA key has {bits} bits")
        .expected("2048 bits or more")
        .actual("{bits} bits")
        .hint("renew it with an RSA key of 2048 bits or more"),
    row(
        "pss-unsupported.lync",
        "Lync Server 2013 does not support RSASSA-PSS signatures",
    )
    .hint("issue it without the alternate signature format (AD CS: AlternateSignatureAlgorithm=0)"),
    row("digest-weak.sha1", "it is signed with SHA-1")
        .actual("SHA-1")
        .hint("renew it with SHA-256"),
    row("digest-weak.ca", "the CA certificate {subject} is signed with SHA-1")
        .actual("SHA-1")
        .hint("renew the CA certificate with SHA-256"),
    row(
        "digest-unsupported.lync",
        "Lync Server 2013 does not support its signature algorithm: {>signature}",
    )
    .expected("SHA-1 or SHA-2 (224 to 512 bits)")
    .actual("{>signature}")
    .hint("renew it under a CA that signs with SHA-256"),
    usage(
        "server-auth-missing.lacks",
        "its extended key usage does not include server authentication",
    ),
    usage(
        "client-auth-missing.lacks",
        "its extended key usage does not include client authentication",
    ),
    usage(
        "extended-key-usage-missing.lacks",
        "its extended key usage does not include {usage}",
    ),
    row(
        "name-in-common-name.alone",
        "{name} is covered by the common name only, which current clients ignore",
    )
    .hint("issue it with the name as subject alternative name"),
    row("name-mismatch.uncovered", "it does not cover {name}")
        .expected("{name}")
        .actual("{>covered}")
        .hint("issue it with {name} as subject alternative name"),
    row(
        "name-mismatch.address-as-name",
        "it does not cover the IP address {name}: it has the address as a DNS name",
    )
    .expected("{name} as an IP address")
    .actual("{>covered} as a DNS name")
    .hint("issue it with {name} as an IP address among the subject alternative names"),
    row(
        "name-mismatch.alike",
        "it does not cover {name}: it has a name that looks the same and has other characters",
    )
    .expected("{name}")
    .actual("{>covered} (\\XX is a character that does not show)")
    .hint("issue it with {name}, without blanks and control characters, as subject alternative name"),
    row(
        "name-mismatch.other-name",
        "it lacks a subject alternative name of the current certificate that is not a host name",
    ),
    row(
        "host-not-covered.asked",
        "{source}: the certificate does not cover {host}, the host that was asked",
    )
    .hint("give {@names}: the names that the certificate must cover, such as the server's host name"),
    row(
        "trailing-bytes.padding",
        "{source}: line ends, blanks or NULs follow the certificate; they are ignored",
    ),
    row("names.listed", "{names}"),
    row("names.none", "no name"),
    row(
        "names.unreadable",
        "no name: the subject alternative names cannot be read",
    ),
    row("usages.listed", "{usages}"),
    row("usages.none", "no extended key usage"),
    row("signature.called", "{name}"),
    row("signature.with-reason", "{name} ({>why})"),
    row("signature.dsa-is-not-supported", "DSA is not supported"),
    row("signature.md2-md4-and-md5-are-broken", "MD2, MD4 and MD5 are broken"),
    row(
        "signature.no-library-here-has-the-signature-algorithm",
        "this build has no code for the algorithm",
    ),
    row(
        "signature.rsassa-pss-with-unusual-parameters",
        "RSASSA-PSS with unusual parameters",
    ),
    row(
        "signature.the-rsassa-pss-parameters-cannot-be-read",
        "the RSASSA-PSS parameters cannot be read",
    ),
    row(
        "signature.the-signature-algorithm-cannot-be-read",
        "the signature algorithm cannot be read",
    ),
    row(
        "signature.the-signature-algorithm-has-parameters-that-it-must",
        "the signature algorithm has parameters that it must not have",
    ),
    row(
        "signature.the-signature-algorithm-is-unknown",
        "the signature algorithm is unknown",
    ),
];

const LYNC_KEYS: &str = "RSA of 1024, 2048 or 4096 bits, or ECDSA on P-256, P-384 or P-521";

/// That an extended key usage is missing.
const fn usage(text: &'static str, message: &'static str) -> Row {
    row(text, message)
        .expected("{usage}")
        .actual("{>actual}")
        .hint("issue it from a template with the extended key usage {usage}")
}
