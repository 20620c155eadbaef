//! What a profile and a policy find of one certificate by itself, on a subject and, at most a warning, on a member.

use mint::*;
use same_ca::protocol::{Code, MemberReport, Severity, Status};
use serde_json::{Value, json};

use crate::support::request::{Ask, ask, der, weight};

const CA: &str = "CN=Contoso Issuing CA,DC=contoso,DC=com";

fn ca() -> Ca {
    Ca::root(CA)
}

fn server() -> CertBuilder {
    ca().server("pchat01.contoso.com")
}

fn base(profile: &str) -> Ask {
    let scene = match profile {
        "" => ask(),
        profile => ask().policy("profile", profile),
    };
    scene.authority(&ca().cert)
}

fn good() -> Cert {
    ca().server("fe01.contoso.com")
        .eku(&["serverAuth", "clientAuth"])
        .build()
}

fn on_member(member: &MemberReport, code: Code) -> Option<Severity> {
    member
        .findings
        .iter()
        .find(|finding| finding.code == code)
        .map(|finding| finding.severity)
}

/// The weight of a code on a certificate as the subject and as the member beside a good one.
fn weights(scene: &Ask, cert: &Cert, code: Code) -> (Option<Severity>, Option<Severity>) {
    let subject = scene.clone().reference(&good()).subject(cert, &[]).first();
    let report = scene
        .clone()
        .reference(&good())
        .reference(cert)
        .subject(&good(), &[])
        .check();
    let subject = weight(&subject, code);
    (subject, on_member(&report.reference.members[1], code))
}

const ERROR: (Option<Severity>, Option<Severity>) = (Some(Severity::Error), Some(Severity::Warning));
const WARNING: (Option<Severity>, Option<Severity>) = (Some(Severity::Warning), Some(Severity::Warning));
const NOTHING: (Option<Severity>, Option<Severity>) = (None, None);

#[test]
fn each_code_has_its_weight_on_a_subject_and_is_a_warning_on_a_member() {
    use Digest::*;
    let of = |key: &Key| server().key(key).build();
    let under = |key: &Key| Ca::root_with(CA, key);
    let lync = || base("lync-server-2013");
    let rows: Vec<(&str, Ask, Cert, Code, _)> = vec![
        (
            "expired",
            base(""),
            server().validity(PAST, NOW - 1).build(),
            Code::Expired,
            ERROR,
        ),
        (
            "its last second",
            base(""),
            server().validity(PAST, NOW).build(),
            Code::Expired,
            NOTHING,
        ),
        (
            "its last second, soon",
            base(""),
            server().validity(PAST, NOW).build(),
            Code::ExpiresSoon,
            WARNING,
        ),
        (
            "not yet valid",
            base(""),
            server().validity(NOW + 1, FUTURE).build(),
            Code::NotYetValid,
            ERROR,
        ),
        (
            "its first second",
            base(""),
            server().validity(NOW, FUTURE).build(),
            Code::NotYetValid,
            NOTHING,
        ),
        (
            "30 days left",
            base(""),
            server().validity(PAST, NOW + 30 * DAY).build(),
            Code::ExpiresSoon,
            WARNING,
        ),
        (
            "31 days left",
            base(""),
            server().validity(PAST, NOW + 31 * DAY).build(),
            Code::ExpiresSoon,
            NOTHING,
        ),
        (
            "warned later",
            base("").policy("warn_before_expiry", "2d"),
            server().validity(PAST, NOW + 30 * DAY).build(),
            Code::ExpiresSoon,
            NOTHING,
        ),
        (
            "RSA-1024",
            base(""),
            of(&Key::rsa(1024, "leaf")),
            Code::KeyWeak,
            WARNING,
        ),
        (
            "RSA-1024 in Lync",
            lync(),
            of(&Key::rsa(1024, "leaf")),
            Code::KeyWeak,
            WARNING,
        ),
        (
            "RSA-1024 in Lync",
            lync(),
            of(&Key::rsa(1024, "leaf")),
            Code::KeyUnsupported,
            NOTHING,
        ),
        ("RSA-2048", lync(), of(&Key::rsa(2048, "leaf")), Code::KeyWeak, NOTHING),
        (
            "RSA-2048",
            lync(),
            of(&Key::rsa(2048, "leaf")),
            Code::KeyUnsupported,
            NOTHING,
        ),
        (
            "RSA-3072",
            lync(),
            of(&Key::rsa(3072, "ca")),
            Code::KeyUnsupported,
            ERROR,
        ),
        (
            "RSA-3072, no profile",
            base(""),
            of(&Key::rsa(3072, "ca")),
            Code::KeyUnsupported,
            NOTHING,
        ),
        (
            "RSA-4096",
            lync(),
            of(&Key::rsa(4096, "contoso-root")),
            Code::KeyUnsupported,
            NOTHING,
        ),
        (
            "a PSS key",
            lync(),
            of(&Key::rsa_pss(2048, "leaf")),
            Code::KeyUnsupported,
            ERROR,
        ),
        (
            "P-256",
            lync(),
            of(&Key::ec("P-256", "leaf")),
            Code::KeyUnsupported,
            NOTHING,
        ),
        (
            "P-384",
            lync(),
            of(&Key::ec("P-384", "leaf")),
            Code::KeyUnsupported,
            NOTHING,
        ),
        (
            "P-521",
            lync(),
            of(&Key::ec("P-521", "leaf")),
            Code::KeyUnsupported,
            NOTHING,
        ),
        (
            "secp256k1",
            lync(),
            of(&Key::ec("secp256k1", "leaf")),
            Code::KeyUnsupported,
            ERROR,
        ),
        (
            "brainpool",
            lync(),
            of(&Key::ec("brainpoolP256r1", "leaf")),
            Code::KeyUnsupported,
            ERROR,
        ),
        (
            "an explicit curve",
            lync(),
            of(&Key::ec("P-256", "leaf").with_explicit_curve()),
            Code::KeyUnsupported,
            ERROR,
        ),
        (
            "Ed25519",
            lync(),
            of(&Key::ed25519("leaf")),
            Code::KeyUnsupported,
            ERROR,
        ),
        (
            "Ed25519, mutual-tls",
            base("mutual-tls"),
            of(&Key::ed25519("leaf")),
            Code::KeyUnsupported,
            NOTHING,
        ),
        ("DSA", lync(), of(&Key::dsa("leaf")), Code::KeyUnsupported, ERROR),
        (
            "SHA-1",
            base(""),
            server().digest(Sha1).build(),
            Code::DigestWeak,
            WARNING,
        ),
        (
            "SHA-1 in Lync",
            lync(),
            server().digest(Sha1).build(),
            Code::DigestUnsupported,
            NOTHING,
        ),
        (
            "SHA-224 in Lync",
            lync(),
            server().digest(Sha224).build(),
            Code::DigestUnsupported,
            NOTHING,
        ),
        ("SHA-256", lync(), server().build(), Code::DigestWeak, NOTHING),
        (
            "SHA-512 in Lync",
            lync(),
            server().digest(Sha512).build(),
            Code::DigestUnsupported,
            NOTHING,
        ),
        ("no CDP", lync(), server().cdp(&[]).build(), Code::CdpMissing, ERROR),
        ("a CDP", lync(), server().build(), Code::CdpMissing, NOTHING),
        (
            "no CDP, no profile",
            base(""),
            server().cdp(&[]).build(),
            Code::CdpMissing,
            NOTHING,
        ),
        (
            "no CDP, mutual-tls",
            base("mutual-tls"),
            server().cdp(&[]).build(),
            Code::CdpMissing,
            NOTHING,
        ),
        (
            "client only",
            lync(),
            server().eku(&["clientAuth"]).build(),
            Code::ServerAuthMissing,
            ERROR,
        ),
        (
            "no EKU",
            lync(),
            server().eku(&[]).build(),
            Code::ServerAuthMissing,
            ERROR,
        ),
        (
            "no EKU, no profile",
            base(""),
            server().eku(&[]).build(),
            Code::ServerAuthMissing,
            NOTHING,
        ),
        (
            "server only",
            lync(),
            server().build(),
            Code::ServerAuthMissing,
            NOTHING,
        ),
        (
            "server only",
            lync(),
            server().build(),
            Code::ClientAuthMissing,
            NOTHING,
        ),
        (
            "server only",
            base("mutual-tls"),
            server().build(),
            Code::ServerAuthMissing,
            NOTHING,
        ),
        (
            "server only",
            base("mutual-tls"),
            server().build(),
            Code::ClientAuthMissing,
            ERROR,
        ),
        (
            "client only",
            base("mutual-tls"),
            server().eku(&["clientAuth"]).build(),
            Code::ServerAuthMissing,
            ERROR,
        ),
        ("both", base("mutual-tls"), good(), Code::ClientAuthMissing, NOTHING),
        (
            "any",
            base("mutual-tls"),
            server().eku(&["anyExtendedKeyUsage"]).build(),
            Code::ClientAuthMissing,
            NOTHING,
        ),
        (
            "asked for",
            base("").policy("extended_key_usage", json!(["clientAuth"])),
            server().build(),
            Code::ClientAuthMissing,
            ERROR,
        ),
        (
            "asked for by number",
            base("").policy("extended_key_usage", json!(["1.3.6.1.4.1.311.20.2.2"])),
            server().build(),
            Code::ExtendedKeyUsageMissing,
            ERROR,
        ),
        (
            "asked for by number and there",
            base("").policy("extended_key_usage", json!(["1.3.6.1.4.1.311.20.2.2"])),
            server().eku(&["serverAuth", "1.3.6.1.4.1.311.20.2.2"]).build(),
            Code::ExtendedKeyUsageMissing,
            NOTHING,
        ),
    ];
    for (what, scene, cert, code, wanted) in rows {
        assert_eq!(weights(&scene, &cert, code), wanted, "{what}: {}", code.as_str());
    }
    let rsa = under(&Key::rsa(2048, "ca"));
    let pss = rsa.server("pchat01.contoso.com").pss(Pss::new(Sha256)).build();
    for (profile, wanted) in [("lync-server-2013", ERROR), ("mutual-tls", NOTHING), ("", NOTHING)] {
        assert_eq!(
            weights(&base(profile).authority(&rsa.cert), &pss, Code::PssUnsupported),
            wanted,
            "{profile}"
        );
    }
    let md5 = rsa.server("pchat01.contoso.com").digest(Md5).build();
    let lync = lync().authority(&rsa.cert);
    assert_eq!(weights(&lync, &md5, Code::DigestUnsupported), ERROR);
    assert_eq!(
        weights(&base("").authority(&rsa.cert), &md5, Code::DigestUnsupported),
        NOTHING
    );
    let unsupported = weights(&lync, &md5, Code::AlgorithmUnsupported);
    // Beside a member that votes nobody knows whether this one agrees.
    assert_eq!(unsupported, (Some(Severity::Doubt), Some(Severity::Doubt)));
}

#[test]
fn a_clean_certificate_has_no_finding_under_any_profile() {
    for profile in ["", "lync-server-2013", "mutual-tls"] {
        let subject = base(profile).reference(&good()).subject(&good(), &[]).first();
        assert_eq!(subject.findings, [], "{profile}");
    }
}

#[test]
fn what_a_member_lacks_leaves_no_doubt_on_a_subject() {
    let poor = server()
        .digest(Digest::Sha1)
        .cdp(&[])
        .eku(&[])
        .key(&Key::rsa(1024, "leaf"))
        .build();
    let report = base("lync-server-2013").reference(&poor).subject(&good(), &[]).check();
    assert_eq!(report.subjects[0].findings, []);
    let worst = report.reference.members[0]
        .findings
        .iter()
        .map(|finding| finding.severity)
        .max();
    assert_eq!(worst, Some(Severity::Warning));
    assert!(
        report.reference.members[0].findings.len() >= 4,
        "{:?}",
        report.reference.members[0].findings
    );
}

#[test]
fn raising_a_profiles_code_bites_on_subjects_and_stays_a_warning_on_members() {
    let scene = base("").policy("severity", json!({"key-weak": "error", "digest-weak": "doubt"}));
    let poor = server().digest(Digest::Sha1).key(&Key::rsa(1024, "leaf")).build();
    assert_eq!(weights(&scene, &poor, Code::KeyWeak), ERROR);
    assert_eq!(
        weights(&scene, &poor, Code::DigestWeak),
        (Some(Severity::Doubt), Some(Severity::Warning))
    );
    let lower = base("lync-server-2013").policy("severity", json!({"cdp-missing": "info"}));
    let no_cdp = server().cdp(&[]).build();
    assert_eq!(
        weights(&lower, &no_cdp, Code::CdpMissing),
        (Some(Severity::Info), Some(Severity::Info))
    );
}

#[test]
fn a_key_that_cng_keeps_is_a_warning_for_lync_alone() {
    let with = |provider: Value| {
        let mut source = der(&good(), &[]);
        source["key_provider"] = provider;
        json!({"source": source})
    };
    for (provider, profile, wanted) in [
        (
            json!("Microsoft Software Key Storage Provider"),
            "lync-server-2013",
            Some(Severity::Warning),
        ),
        (
            json!("Microsoft Smart Card Key Storage Provider"),
            "lync-server-2013",
            Some(Severity::Warning),
        ),
        (
            json!("Microsoft RSA SChannel Cryptographic Provider"),
            "lync-server-2013",
            None,
        ),
        (json!(null), "lync-server-2013", None),
        (json!("Microsoft Software Key Storage Provider"), "mutual-tls", None),
        (json!("Microsoft Software Key Storage Provider"), "", None),
    ] {
        let subject = base(profile)
            .reference(&good())
            .subject_with(with(provider.clone()))
            .first();
        assert_eq!(
            weight(&subject, Code::KeyProviderUnsupported),
            wanted,
            "{provider} under {profile:?}"
        );
        assert_eq!(subject.status, Some(Status::Compliant));
    }
}

#[test]
fn a_private_key_that_is_known_to_be_absent_is_an_error() {
    let mut source = der(&good(), &[]);
    for (said, wanted) in [
        (json!(null), None),
        (json!(true), None),
        (json!(false), Some(Severity::Error)),
    ] {
        source["private_key"] = said.clone();
        let subject = base("")
            .reference(&good())
            .subject_with(json!({"source": source}))
            .first();
        assert_eq!(weight(&subject, Code::PrivateKeyMissing), wanted, "{said}");
    }
}

#[test]
fn sha1_is_seen_on_the_ca_and_on_a_link_but_not_on_a_root() {
    let root = CertBuilder::authority("CN=Contoso Root CA", &Key::ec("P-256", "root"))
        .digest(Digest::Sha1)
        .build_ca();
    let key = Key::ec("P-256", "issuing");
    let of = |digest| CertBuilder::authority(CA, &key).issuer(&root).digest(digest).build_ca();
    for (digest, wanted) in [(Digest::Sha1, 1), (Digest::Sha256, 0)] {
        let issuing = of(digest);
        let [reference, server] = ["fe01", "pchat01"].map(|host| issuing.server(host).build());
        for level in ["issuing", "root"] {
            let scene = ask()
                .reference(&reference)
                .authority(&issuing.cert)
                .authority(&root.cert);
            let subject = scene.policy("level", level).subject(&server, &[]).first();
            let weak = subject
                .findings
                .iter()
                .filter(|finding| finding.code == Code::DigestWeak)
                .count();
            assert_eq!(weak, wanted, "{digest:?} at level {level}: {:?}", subject.findings);
            assert_eq!(subject.status, Some(Status::Compliant));
        }
    }
    let old = Ca::root(CA);
    let new = old.rekey(&Key::ec("P-256", "new"));
    let link = |digest| CertBuilder::authority(CA, &new.key).issuer(&old).digest(digest).build();
    for (digest, wanted) in [(Digest::Sha1, Some(Severity::Warning)), (Digest::Sha256, None)] {
        let scene = ask()
            .reference(&old.server("fe01").build())
            .authority(&old.cert)
            .authority(&link(digest));
        let subject = scene.subject(&new.server("pchat01").build(), &[]).first();
        assert_eq!(
            subject.relation,
            Some(same_ca::protocol::Relation::Rollover),
            "{digest:?}"
        );
        assert_eq!(weight(&subject, Code::DigestWeak), wanted, "{digest:?}");
    }
}

#[test]
fn a_ca_that_ended_is_seen_on_what_it_issued() {
    let of = |until| {
        CertBuilder::authority(CA, &Key::ec("P-256", CA))
            .validity(CA_PAST, until)
            .build_ca()
    };
    for (what, until, begins, code, wanted) in [
        ("ended", NOW - 1, PAST, Code::CaExpired, WARNING),
        ("ends now", NOW, PAST, Code::CaExpired, NOTHING),
        ("ends now", NOW, PAST, Code::CaExpiresSoon, WARNING),
        ("ends in a year", NOW + 366 * DAY, PAST, Code::CaExpiresSoon, NOTHING),
        (
            "ended before the certificate began",
            NOW - 9 * DAY,
            NOW - 8 * DAY,
            Code::IssuedAfterCaExpiry,
            ERROR,
        ),
        (
            "ended as the certificate began",
            NOW - 8 * DAY,
            NOW - 8 * DAY,
            Code::IssuedAfterCaExpiry,
            NOTHING,
        ),
    ] {
        let ca = of(until);
        let reference = ca.server("fe01.contoso.com").build();
        let cert = ca.server("pchat01.contoso.com").validity(begins, FUTURE).build();
        let scene = ask().authority(&ca.cert).reference(&reference);
        let subject = weight(&scene.clone().subject(&cert, &[]).first(), code);
        let report = scene.reference(&cert).subject(&reference, &[]).check();
        let member = on_member(&report.reference.members[1], code);
        assert_eq!((subject, member), wanted, "{what}: {}", code.as_str());
    }
}

#[test]
fn without_a_profile_validity_alone_is_asked() {
    let poor = server().eku(&[]).cdp(&[]).no_key_usage().sans(vec![]).build();
    let subject = base("").reference(&good()).subject(&poor, &[]).first();
    assert_eq!(subject.findings, []);
}

// The first test that CONTRIBUTING.md shows.
#[test]
fn any_purpose_is_not_server_authentication_for_lync() {
    let ca = Ca::root("CN=Contoso CA,DC=contoso,DC=com");
    let any_purpose = ca.server("pchat01.contoso.com").eku(&["anyExtendedKeyUsage"]).build();
    let asked = ask()
        .reference(&ca.server("fe01.contoso.com").build())
        .authority(&ca.cert)
        .subject(&any_purpose, &[])
        .policy("profile", "lync-server-2013");
    assert_eq!(weight(&asked.first(), Code::ServerAuthMissing), Some(Severity::Error));
}
