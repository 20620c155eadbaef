//! Every signature algorithm from the CA to the server, right and wrong; and those that nobody here can check.

use mint::*;
use openssl::hash::MessageDigest;
use openssl::sign::Signer;
use same_ca::protocol::{Code, Relation, Severity, Status};

use crate::support::request::{ask, verdict, weight};

const CA: &str = "CN=Contoso Issuing CA,DC=contoso,DC=com";

/// How one certificate is signed.
struct Row {
    what: String,
    key: Key,
    sign: Box<dyn Fn(CertBuilder) -> Cert>,
    /// Whether the key may count where no vouched certificate carries it.
    found: bool,
}

fn row(what: &str, key: Key, found: bool, sign: impl Fn(CertBuilder) -> Cert + 'static) -> Row {
    let (what, sign) = (what.to_owned(), Box::new(sign));
    Row { what, key, sign, found }
}

/// Signed by OpenSSL, under an algorithm that the minter has no name for.
fn by_openssl(key: &Key, algorithm: &str, parameters: &[u8], digest: &str) -> impl Fn(CertBuilder) -> Cert + 'static {
    let (algorithm, private) = (der::algorithm(algorithm, parameters), key.private());
    let digest = MessageDigest::from_name(digest).unwrap();
    move |builder| {
        let cert = builder.inner_algorithm(&algorithm).outer_algorithm(&algorithm).build();
        let mut signer = Signer::new(digest, &private).unwrap();
        forge::with_signature(&cert, &signer.sign_oneshot_to_vec(cert.tbs()).unwrap())
    }
}

fn rows() -> Vec<Row> {
    use Digest::*;
    let mut rows = Vec::new();
    for bits in [1024, 2048, 3072] {
        let key = Key::rsa(bits, "ca");
        for digest in [Sha1, Sha224, Sha256, Sha384, Sha512] {
            let what = format!("RSA-{bits} with {digest:?}");
            rows.push(row(&what, key.clone(), bits >= 2048, move |builder| {
                builder.digest(digest).build()
            }));
            // A 1024-bit modulus has no room for SHA-512 and a salt of its length.
            if bits > 1024 || digest != Sha512 {
                let pss = Pss::new(digest);
                let what = format!("RSA-{bits} PSS with {digest:?}");
                rows.push(row(&what, key.clone(), bits >= 2048, move |builder| {
                    builder.pss(pss).build()
                }));
            }
        }
    }
    let rsa = Key::rsa(2048, "ca");
    for salt in [0, 20, 64] {
        let pss = Pss {
            hash: Sha256,
            mgf: Sha256,
            salt,
        };
        let what = format!("PSS with a salt of {salt}");
        rows.push(row(&what, rsa.clone(), true, move |builder| builder.pss(pss).build()));
    }
    rows.push(row("a PSS key", Key::rsa_pss(2048, "ca"), true, |builder| {
        builder.build()
    }));
    let no_null = rsa.without_null_parameters();
    rows.push(row("an RSA key without NULL", no_null, true, |builder| builder.build()));
    for (algorithm, digest) in [
        ("1.3.14.3.2.29", "SHA1"),
        ("1.3.36.3.3.1.2", "RIPEMD160"),
        ("1.2.840.113549.1.1.15", "SHA512-224"),
        ("1.2.840.113549.1.1.16", "SHA512-256"),
        ("2.16.840.1.101.3.4.3.13", "SHA3-224"),
        ("2.16.840.1.101.3.4.3.14", "SHA3-256"),
        ("2.16.840.1.101.3.4.3.15", "SHA3-384"),
        ("2.16.840.1.101.3.4.3.16", "SHA3-512"),
    ] {
        let sign = by_openssl(&rsa, algorithm, &der::null(), digest);
        rows.push(row(&format!("RSA {algorithm} with {digest}"), rsa.clone(), true, sign));
    }
    for (exponent, found) in [(3, true), (17, true), (35, false), ((1 << 32) + 1, false)] {
        let key = Key::rsa_exponent(2048, exponent, "k");
        rows.push(row(&format!("RSA with e {exponent}"), key, found, |builder| {
            builder.build()
        }));
    }
    for curve in &key::CURVES {
        let key = Key::ec(curve.name, "ca");
        let found = matches!(curve.name, "P-256" | "P-384" | "P-521");
        for digest in [Sha1, Sha224, Sha256, Sha384, Sha512] {
            let what = format!("{} with {digest:?}", curve.name);
            rows.push(row(&what, key.clone(), found, move |builder| {
                builder.digest(digest).build()
            }));
        }
    }
    let ec = Key::ec("P-256", "ca");
    for (algorithm, digest) in [
        ("2.16.840.1.101.3.4.3.9", "SHA3-224"),
        ("2.16.840.1.101.3.4.3.10", "SHA3-256"),
        ("2.16.840.1.101.3.4.3.11", "SHA3-384"),
        ("2.16.840.1.101.3.4.3.12", "SHA3-512"),
    ] {
        let sign = by_openssl(&ec, algorithm, &[], digest);
        rows.push(row(&format!("P-256 with {digest}"), ec.clone(), true, sign));
    }
    rows.push(row("a compressed point", ec.with_compressed_point(), true, |builder| {
        builder.build()
    }));
    rows.push(row("Ed25519", Key::ed25519("ca"), true, |builder| builder.build()));
    rows.push(row("Ed448", Key::ed448("ca"), false, |builder| builder.build()));
    for set in [
        "ML-DSA-44",
        "ML-DSA-65",
        "ML-DSA-87",
        "SLH-DSA-SHA2-128f",
        "SLH-DSA-SHAKE-192f",
        "SLH-DSA-SHA2-256f",
    ] {
        rows.push(row(set, Key::post_quantum(set, "ca"), true, |builder| builder.build()));
    }
    let mgf1 = Pss {
        hash: Sha256,
        mgf: Sha1,
        salt: 20,
    };
    rows.push(row("PSS with two digests", rsa.clone(), true, move |builder| {
        builder.pss(mgf1).build()
    }));
    let null = der::algorithm("1.2.840.10045.4.3.2", &der::null());
    rows.push(row("ECDSA with NULL", ec, true, move |builder| {
        builder.inner_algorithm(&null).outer_algorithm(&null).build()
    }));
    let absent = der::algorithm("1.2.840.113549.1.1.11", &[]);
    rows.push(row("RSA without NULL", rsa, true, move |builder| {
        builder.inner_algorithm(&absent).outer_algorithm(&absent).build()
    }));
    rows
}

/// The CA, its reference server, and the server that must follow.
fn estate(row: &Row) -> (Ca, Cert, Cert) {
    let ca = Ca::root_with(CA, &row.key);
    let [reference, subject] = ["fe01", "pchat01"].map(|host| (row.sign)(ca.server(&format!("{host}.contoso.com"))));
    (ca, reference, subject)
}

/// The last octet but a few of the signature the other way round: still well formed.
fn broken(cert: &Cert) -> Cert {
    Cert::from_der(&forge::flip_bit(cert.der(), (cert.der().len() - 5) * 8 + 7))
}

#[test]
fn every_algorithm_proves_the_same_ca_and_refuses_a_broken_signature() {
    for row in rows() {
        let (ca, reference, subject) = estate(&row);
        let scene = ask().reference(&reference).authority(&ca.cert);
        let report = scene.subject(&subject, &[]).subject(&broken(&subject), &[]).check();
        let [good, bad] = &report.subjects[..] else {
            panic!("two subjects")
        };
        assert_eq!(
            verdict(good),
            (Relation::Same, Status::Compliant),
            "{}: {:?}",
            row.what,
            good.findings
        );
        assert_eq!(good.evidence.len(), 2, "{}", row.what);
        assert_eq!(
            verdict(bad),
            (Relation::BadSignature, Status::Noncompliant),
            "{}: {:?}",
            row.what,
            bad.findings
        );
        assert_eq!(
            weight(bad, Code::SignatureInvalid),
            Some(Severity::Error),
            "{}",
            row.what
        );
    }
}

#[test]
fn a_broken_reference_is_signature_invalid_and_leaves_every_subject_in_doubt() {
    for row in rows() {
        let (ca, reference, subject) = estate(&row);
        let scene = ask().reference(&broken(&reference)).authority(&ca.cert);
        let report = scene.subject(&subject, &[]).check();
        let codes: Vec<Code> = report.reference.members[0]
            .findings
            .iter()
            .map(|finding| finding.code)
            .collect();
        assert!(codes.contains(&Code::SignatureInvalid), "{}: {codes:?}", row.what);
        assert_ne!(report.subjects[0].status, Some(Status::Compliant), "{}", row.what);
    }
}

#[test]
fn a_key_that_is_merely_found_counts_where_nobody_can_make_a_second_one() {
    for row in rows() {
        let (ca, reference, subject) = estate(&row);
        let scene = ask()
            .reference(&reference)
            .intermediate(&ca.cert)
            .subject(&subject, &[&ca.cert]);
        let wanted = match row.found {
            true => (Relation::Same, Status::Compliant),
            false => (Relation::Unproven, Status::Undetermined),
        };
        let subject = scene.first();
        assert_eq!(verdict(&subject), wanted, "{}: {:?}", row.what, subject.findings);
    }
}

#[test]
fn what_nobody_here_can_check_is_unsupported_and_never_the_same() {
    let rsa = Key::rsa(2048, "ca");
    let of = |algorithm: &str, parameters: &[u8]| {
        let algorithm = der::algorithm(algorithm, parameters);
        move |builder: CertBuilder| builder.inner_algorithm(&algorithm).outer_algorithm(&algorithm).build()
    };
    let rows = [
        row("MD5", rsa.clone(), false, |builder| builder.digest(Digest::Md5).build()),
        row("MD4", rsa.clone(), false, of("1.2.840.113549.1.1.3", &der::null())),
        row("MD2", rsa.clone(), false, of("1.2.840.113549.1.1.2", &der::null())),
        row(
            "PSS without parameters",
            rsa.clone(),
            false,
            of("1.2.840.113549.1.1.10", &[]),
        ),
        row("HashML-DSA", rsa.clone(), false, of("2.16.840.1.101.3.4.3.33", &[])),
        row("nobody's algorithm", rsa, false, of("1.3.6.1.4.1.55555.7", &[])),
        row("DSA", Key::dsa("ca"), false, |builder| builder.build()),
        row(
            "an explicit curve",
            Key::ec("P-256", "ca").with_explicit_curve(),
            false,
            |builder| builder.build(),
        ),
    ];
    for row in rows {
        let (ca, reference, subject) = estate(&row);
        let scene = ask().authority(&ca.cert).subject(&subject, &[&ca.cert]);
        for (how, scene) in [
            ("reference", scene.clone().reference(&reference)),
            (
                "good reference",
                scene
                    .clone()
                    .reference(&Ca::root(CA).server("fe01").build())
                    .authority(&Ca::root(CA).cert),
            ),
            ("pin", scene.clone().pinned(&Ca::root(CA).cert)),
            ("key pin", scene.pinned_key(&Key::ec("P-256", "another"))),
        ] {
            let subject = scene.first();
            let context = format!("{}, {how}: {:?}", row.what, subject.findings);
            assert_eq!(
                verdict(&subject),
                (Relation::Unproven, Status::Undetermined),
                "{context}"
            );
            assert_eq!(
                weight(&subject, Code::AlgorithmUnsupported),
                Some(Severity::Doubt),
                "{context}"
            );
        }
    }
}

#[test]
fn the_same_unsupported_certificate_is_the_same_certificate() {
    let (ca, reference, _) = estate(&row("MD5", Key::rsa(2048, "ca"), false, |builder| {
        builder.digest(Digest::Md5).build()
    }));
    let scene = ask().reference(&reference).authority(&ca.cert).subject(&reference, &[]);
    let subject = scene.first();
    assert_eq!(
        verdict(&subject),
        (Relation::Same, Status::Compliant),
        "{:?}",
        subject.findings
    );
    assert_eq!(subject.proof, Some(same_ca::protocol::Proof::Identical));
}

#[test]
fn one_key_is_the_same_key_in_every_encoding() {
    let (rsa, ec) = (Key::rsa(2048, "ca"), Key::ec("P-256", "ca"));
    for (what, shown, other) in [
        ("compressed", &ec, ec.with_compressed_point()),
        ("hybrid", &ec, ec.with_hybrid_point()),
        ("no NULL", &rsa, rsa.without_null_parameters()),
        ("PSS", &rsa, rsa.as_pss_key(&[])),
    ] {
        let ca = Ca::root_with(CA, shown);
        let again = Ca::root_with(CA, &other);
        let reference = ca.server("fe01.contoso.com").build();
        let pss = Pss::new(Digest::Sha256);
        let server = again.server("pchat01.contoso.com");
        let subject = if what == "PSS" {
            server.pss(pss).build()
        } else {
            server.build()
        };
        for (how, scene) in [
            ("either vouched", ask().authority(&ca.cert).authority(&again.cert)),
            ("the first vouched", ask().authority(&ca.cert)),
            ("one found", ask().authority(&ca.cert).intermediate(&again.cert)),
        ] {
            for match_ in ["key", "authority"] {
                let scene = scene.clone().reference(&reference).policy("match", match_);
                let subject = scene.subject(&subject, &[&again.cert]).first();
                let context = format!("{what}, {how}, match {match_}: {:?}", subject.findings);
                assert_eq!(verdict(&subject), (Relation::Same, Status::Compliant), "{context}");
            }
            let scene = scene.pinned_key(shown).subject(&subject, &[]);
            assert_eq!(
                verdict(&scene.first()),
                (Relation::Same, Status::Compliant),
                "{what}, {how}, pinned"
            );
        }
    }
}

#[test]
fn fields_that_differ_verify_under_no_key_and_the_words_say_so() {
    for (key, inner, outer) in [
        (
            Key::ec("P-256", "ca"),
            ("1.2.840.10045.4.3.2", vec![]),
            ("1.2.840.10045.4.3.2", der::null()),
        ),
        (
            Key::ec("P-256", "ca"),
            ("1.2.840.10045.4.3.2", der::null()),
            ("1.2.840.10045.4.3.2", vec![]),
        ),
        (
            Key::rsa(2048, "ca"),
            ("1.2.840.113549.1.1.11", vec![]),
            ("1.2.840.113549.1.1.11", der::null()),
        ),
        (
            Key::rsa(2048, "ca"),
            ("1.2.840.113549.1.1.5", der::null()),
            ("1.2.840.113549.1.1.11", der::null()),
        ),
    ] {
        let ca = Ca::root_with(CA, &key);
        let builder = ca.server("pchat01.contoso.com");
        let builder = builder.inner_algorithm(&der::algorithm(inner.0, &inner.1));
        let subject = builder.outer_algorithm(&der::algorithm(outer.0, &outer.1)).build();
        let scene = ask()
            .authority(&ca.cert)
            .reference(&ca.server("fe01.contoso.com").build());
        let found = scene.subject(&subject, &[]).first();
        assert_eq!(verdict(&found), (Relation::BadSignature, Status::Noncompliant));
        let finding = found
            .findings
            .iter()
            .find(|finding| finding.code == Code::SignatureInvalid)
            .unwrap();
        assert!(
            finding.message.contains("algorithm fields") && finding.message.contains("differ"),
            "{finding:?}"
        );
    }
}

#[test]
fn a_signature_field_with_unused_bits_is_read_and_verifies_nothing() {
    let ca = Ca::root(CA);
    let good = ca.server("pchat01.contoso.com").build();
    let mut bytes = good.der().to_vec();
    let at = bytes.len() - good.signature().len() - 1;
    assert_eq!(bytes[at], 0);
    bytes[at] = 3;
    let scene = ask()
        .authority(&ca.cert)
        .reference(&ca.server("fe01.contoso.com").build());
    let found = scene.subject(&Cert::from_der(&bytes), &[]).first();
    assert_eq!(verdict(&found), (Relation::BadSignature, Status::Noncompliant));
    let finding = found
        .findings
        .iter()
        .find(|finding| finding.code == Code::SignatureInvalid)
        .unwrap();
    assert!(finding.message.contains("unused bits"), "{finding:?}");
}
