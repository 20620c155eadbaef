//! Private keys, and which certificate of several is chosen.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row("private-key-missing.absent", "its private key is missing")
        .hint("import the certificate together with its private key"),
    row("private-key-missing.closed", "its private key could not be read: {>why}")
        .hint("give the password of the private key, or a key file that can be opened"),
    row(
        "private-key-missing.unusable",
        "the private key in {place} does not work: it names the public key of its certificate, and what it signs does not verify",
    )
    .hint("give the private key that the certificate was requested with: this one is damaged or forged"),
    row("private-key-missing.candidate", "its private key is not available, so it cannot be installed")
        .hint("give the candidate with its private key, such as a PKCS#12 file"),
    row("private-key-missing.gone", "{source}: the private key of the candidate no longer exists"),
    row("private-key-mismatch.other", "the private key in {place} does not belong to its certificate")
        .hint("give the certificate and the private key that belong together"),
    row("private-key-inaccessible.file", "the private key cannot be opened: {>cause}").hint("{>cause.hint}"),
    row(
        "private-key-inaccessible.store",
        "{source}: the private key of {subject} (thumbprint {thumbprint}) exists, but could not be opened",
    )
    .hint("run as an account that may use the key"),
    row(
        "limit-reached.keys",
        "its private key was not tried: the work allowed for one subject was used up",
    )
    .hint("give fewer private keys"),
    row(
        "key-provider-unsupported.cng",
        "its key is kept by a CNG key storage provider, which Lync Server 2013 reportedly cannot use",
    )
    .actual("{provider}")
    .hint("issue it with a CSP, such as Microsoft RSA SChannel Cryptographic Provider"),
    row(
        "names-not-given.any-of",
        "the names that the certificate must cover were not given, so none can be chosen",
    )
    .hint("give {@names}, such as the server's host name"),
    row(
        "names-not-given.candidates",
        "the names that a candidate must cover were not given, and the current certificate has none: no candidate was chosen",
    )
    .hint("give {@names}, such as the server's host name"),
    row("none-fits.nearest", "none of {count} certificates fits; the nearest is {nearest}: {>cause}")
        .hint("see {@passed-over} for what each one lacks"),
    row("none-fits.unreadable", "none of {count} certificates fits: {>cause}")
        .hint("see {@passed-over} for what each one lacks"),
    row("none-fits.none", "none of {count} certificates fits").hint("see {@passed-over} for what each one lacks"),
    row("candidate-not-installable.not-again", "the caller asked not to choose it again"),
    row(
        "candidate-not-installable.other-certificate",
        "the caller can use one certificate only, and this is another",
    )
    .expected("{wanted}")
    .actual("{thumbprint}"),
    row("candidate-not-installable.keyless", "its PKCS#12 file does not hold its private key"),
    row(
        "candidate-not-installable.several-keys",
        "its PKCS#12 file holds {keys} private keys, and the caller installs a file with one",
    ),
    row(
        "candidate-not-installable.other-store",
        "it is in the store {store}, and the caller uses the store {wanted} only",
    ),
    row("candidate-not-installable.other-form", "it is {>what}, and the caller installs {>installs}"),
    row("candidate-not-installable.no-form", "the caller cannot install it in the form that it has"),
    row("form.pkcs12", "in a PKCS#12 file"),
    row("form.store", "in the store {store}"),
    row("form.a-store", "in a Windows certificate store"),
    row("form.other", "given as {format}"),
    row("installs.both", "PKCS#12 files and certificates of a Windows certificate store"),
    row("installs.pkcs12", "PKCS#12 files"),
    row("installs.store", "certificates of a Windows certificate store"),
    row("installs.nothing", "nothing"),
    row("key.in-file", "{file}: {>why}"),
    row("key.the-rsa-exponent-is-out-of-range", "the RSA exponent is out of range"),
    row("key.the-rsa-modulus-is-too-long", "the RSA modulus is too long"),
    row("key.the-curve-is-given-by-explicit-parameters", "the curve is given by explicit parameters"),
    row("key.dsa-is-not-supported", "DSA is not supported"),
    row("key.the-kind-of-public-key-is-unknown-or", "the kind of public key is unknown, or it cannot be read"),
    row("key.the-rsa-modulus-is-shorter-than-2048-bits", "the RSA modulus is shorter than 2048 bits"),
    row("key.the-rsa-exponent-is-none-of-3-17", "the RSA exponent is none of 3, 17 and 65537"),
    row("key.the-curve-is-none-of-p-256-p", "the curve is none of P-256, P-384 and P-521"),
    row("key.this-kind-of-key-counts-only-where-a", "a key of this kind counts only in a CA certificate that is trusted"),
    row("key.the-public-key-cannot-be-read", "the public key cannot be read"),
    row("key.no-library-here-takes-the-public-key", "no library here takes the public key"),
    row("key.this-build-has-no-library-for-the-signature", "this build has no library for the signature algorithm with this key"),
];
