//! When two issuer names are one (RFC 5280 §7.1), and which host names a certificate covers.

use std::slice::from_ref;

use mint::Text::*;
use mint::cert::oid;
use mint::*;
use same_ca::protocol::{Code, Relation, Severity, Status};
use serde_json::json;

use crate::support::request::{ask, der, verdict, weight};

/// The relation of a server whose certificate writes the issuer's name in another way, signed by the same key.
fn relation(ca: &Name, issuer: &Name) -> Relation {
    let key = Key::ec("P-256", "ca");
    let ca = Ca::root_with(ca, &key);
    let reference = ca.server("fe01.contoso.com").build();
    let subject = ca.server("pchat01.contoso.com").issuer_name(issuer).build();
    let subject = ask()
        .reference(&reference)
        .authority(&ca.cert)
        .subject(&subject, &[])
        .first();
    subject.relation.unwrap()
}

fn common(value: Text<'_>) -> Name {
    Name::ordered(&[("DC", Ia5("com")), ("DC", Ia5("contoso")), ("CN", value)])
}

#[test]
fn a_name_is_the_same_in_every_encoding_case_and_spacing() {
    let name = common(Printable("Contoso Issuing CA"));
    for (what, other) in [
        ("itself", common(Printable("Contoso Issuing CA"))),
        ("UTF8String", common(Utf8("Contoso Issuing CA"))),
        ("BMPString", common(Bmp("Contoso Issuing CA"))),
        ("TeletexString", common(Teletex("Contoso Issuing CA"))),
        ("UniversalString", common(Universal("Contoso Issuing CA"))),
        ("case", common(Utf8("CONTOSO issuing cA"))),
        ("leading and trailing spaces", common(Utf8("  Contoso Issuing CA   "))),
        ("inner spaces", common(Utf8("Contoso    Issuing CA"))),
        ("a tab for a space", common(Utf8("Contoso\tIssuing CA"))),
        ("a no-break space", common(Utf8("Contoso\u{a0}Issuing CA"))),
        ("full-width letters", common(Utf8("\u{ff23}ontoso Issuing CA"))),
        ("a soft hyphen", common(Utf8("Con\u{ad}toso Issuing CA"))),
        (
            "domain components of another type and case",
            Name::ordered(&[
                ("DC", Utf8("COM")),
                ("DC", Printable("Contoso")),
                ("CN", Utf8("Contoso Issuing CA")),
            ]),
        ),
    ] {
        assert_eq!(relation(&name, &other), Relation::Same, "{what}");
        assert_eq!(relation(&other, &name), Relation::Same, "{what}, the other way round");
    }
}

#[test]
fn letters_beyond_ascii_fold_and_compose() {
    for (a, b) in [
        ("Müller CA", "MÜLLER ca"),
        ("Mu\u{308}ller CA", "M\u{fc}ller CA"),
        ("Straße CA", "STRASSE CA"),
        ("ΣΑΣ CA", "σας CA"),
        ("\u{fb01}x CA", "fix CA"),
        ("Контосо CA", "КОНТОСО CA"),
    ] {
        assert_eq!(
            relation(&common(Utf8(a)), &common(Utf8(b))),
            Relation::Same,
            "{a} and {b}"
        );
    }
    assert_eq!(
        relation(&common(Utf8("Müller CA")), &common(Bmp("MÜLLER CA"))),
        Relation::Same
    );
    assert_eq!(
        relation(&common(Utf8("Müller CA")), &common(Teletex("Müller CA"))),
        Relation::Same
    );
}

#[test]
fn a_name_that_merely_looks_alike_is_another() {
    let name = common(Utf8("Contoso Issuing CA"));
    let value = Utf8("Contoso Issuing CA");
    for (what, other) in [
        ("another word", common(Utf8("Contoso Issuing CA 2"))),
        ("no space", common(Utf8("ContosoIssuing CA"))),
        ("a Cyrillic letter", common(Utf8("C\u{43e}ntoso Issuing CA"))),
        ("a dotless i", common(Utf8("Contoso \u{131}ssuing CA"))),
        (
            "the reverse order",
            Name::ordered(&[("CN", value.clone()), ("DC", Ia5("contoso")), ("DC", Ia5("com"))]),
        ),
        (
            "domain components swapped",
            Name::ordered(&[("DC", Ia5("contoso")), ("DC", Ia5("com")), ("CN", value.clone())]),
        ),
        (
            "a component less",
            Name::ordered(&[("DC", Ia5("contoso")), ("CN", value.clone())]),
        ),
        (
            "a component more",
            Name::ordered(&[
                ("DC", Ia5("com")),
                ("DC", Ia5("contoso")),
                ("OU", Utf8("x")),
                ("CN", value.clone()),
            ]),
        ),
        (
            "another attribute",
            Name::ordered(&[("DC", Ia5("com")), ("DC", Ia5("contoso")), ("OU", value.clone())]),
        ),
        (
            "two in one RDN",
            Name::of_rdns(&[&[("DC", Ia5("com"))], &[("DC", Ia5("contoso")), ("CN", value.clone())]]),
        ),
        (
            "the text of an escaped comma",
            Name::ordered(&[("CN", Utf8("Contoso Issuing CA,DC=contoso,DC=com"))]),
        ),
        ("no name", Name::parse("")),
    ] {
        assert_eq!(relation(&name, &other), Relation::KeyOnly, "{what}");
        assert_eq!(
            relation(&other, &name),
            Relation::KeyOnly,
            "{what}, the other way round"
        );
    }
}

#[test]
fn attributes_of_one_rdn_are_a_set() {
    let (cn, ou) = (("CN", Utf8("Contoso CA")), ("OU", Utf8("PKI")));
    let rdn = |parts: &[(&str, Text)]| {
        let parts: Vec<Vec<u8>> = parts
            .iter()
            .map(|(kind, text)| {
                let kind = if *kind == "CN" { "2.5.4.3" } else { "2.5.4.11" };
                der::seq(&[&der::oid(kind), &text.der()])
            })
            .collect();
        // As it stands: a writer that does not sort.
        Name::from_der(&der::seq(&[&der::set(
            &parts.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        )]))
    };
    let sorted = Name::of_rdns(&[&[cn.clone(), ou.clone()]]);
    let upper = Name::of_rdns(&[&[("CN", Utf8("CONTOSO CA")), ("OU", Printable("pki"))]]);
    assert_eq!(relation(&sorted, &rdn(&[ou.clone(), cn.clone()])), Relation::Same);
    assert_eq!(relation(&sorted, &rdn(&[cn.clone(), ou.clone()])), Relation::Same);
    assert_eq!(relation(&sorted, &upper), Relation::Same);
    assert_eq!(
        relation(&sorted, &Name::of_rdns(&[from_ref(&cn), from_ref(&ou)])),
        Relation::KeyOnly
    );
    assert_eq!(relation(&sorted, &Name::of_rdns(&[&[cn]])), Relation::KeyOnly);
}

#[test]
fn without_a_key_the_name_alone_decides_different_or_unproven() {
    let issue = |name: &Name, host: &str| Ca::root_with(name, &Key::ec("P-256", "ca")).server(host).build();
    let reference = issue(&common(Printable("Contoso Issuing CA")), "fe01");
    for (name, wanted) in [
        (
            common(Bmp("contoso  issuing ca")),
            (Relation::Unproven, Status::Undetermined),
        ),
        (common(Utf8("Other CA")), (Relation::Different, Status::Noncompliant)),
    ] {
        let subject = ask()
            .reference(&reference)
            .subject(&issue(&name, "pchat01"), &[])
            .first();
        assert_eq!(verdict(&subject), wanted);
    }
}

/// A server's certificate of the reference's CA with these names, asked for `wanted`.
fn asked(cert: impl Fn(CertBuilder) -> CertBuilder, wanted: &str) -> (Option<Severity>, Option<Severity>, Status) {
    let ca = Ca::root("CN=Contoso Issuing CA,DC=contoso,DC=com");
    let reference = ca.server("fe01.contoso.com").build();
    let server = cert(ca.server("pchat01.contoso.com")).build();
    let scene = ask().reference(&reference).authority(&ca.cert);
    let subject = scene
        .subject_with(json!({"source": der(&server, &[]), "names": [wanted]}))
        .first();
    let weight = |code| weight(&subject, code);
    (
        weight(Code::NameMismatch),
        weight(Code::NameInCommonName),
        subject.status.unwrap(),
    )
}

const COVERED: (Option<Severity>, Option<Severity>, Status) = (None, None, Status::Compliant);
const BY_COMMON_NAME: (Option<Severity>, Option<Severity>, Status) = (None, Some(Severity::Warning), Status::Compliant);
const NOT_COVERED: (Option<Severity>, Option<Severity>, Status) = (Some(Severity::Error), None, Status::Noncompliant);

#[test]
fn a_host_is_covered_by_a_dns_name_that_is_equal_or_a_wildcard_for_one_label() {
    for (has, wanted, result) in [
        ("pchat01.contoso.com", "pchat01.contoso.com", COVERED),
        ("pchat01.contoso.com", "PCHAT01.Contoso.COM", COVERED),
        ("pchat01.contoso.com", "pchat01.contoso.com.", COVERED),
        ("pchat01.contoso.com.", "pchat01.contoso.com", COVERED),
        ("pchat01", "pchat01", COVERED),
        ("pchat01.contoso.com", "pchat01", NOT_COVERED),
        ("pchat01", "pchat01.contoso.com", NOT_COVERED),
        ("pchat02.contoso.com", "pchat01.contoso.com", NOT_COVERED),
        ("pchat01.contoso.com.evil.com", "pchat01.contoso.com", NOT_COVERED),
        ("evilpchat01.contoso.com", "pchat01.contoso.com", NOT_COVERED),
        ("*.contoso.com", "pchat01.contoso.com", COVERED),
        ("*.CONTOSO.com", "pchat01.contoso.com", COVERED),
        ("*.contoso.com", "contoso.com", NOT_COVERED),
        ("*.contoso.com", "a.pchat01.contoso.com", NOT_COVERED),
        ("*.*.com", "pchat01.contoso.com", NOT_COVERED),
        ("*.com", "contoso.com", NOT_COVERED),
        ("*", "pchat01", NOT_COVERED),
        ("pchat*.contoso.com", "pchat01.contoso.com", NOT_COVERED),
        ("pchat01.*.com", "pchat01.contoso.com", NOT_COVERED),
        ("*.contoso.com", "*.contoso.com", COVERED),
        ("xn--mnchen-3ya.contoso.com", "xn--mnchen-3ya.contoso.com", COVERED),
        ("XN--MNCHEN-3YA.contoso.com", "xn--mnchen-3ya.contoso.com", COVERED),
        ("*.contoso.com", "xn--mnchen-3ya.contoso.com", COVERED),
        ("xn--*.contoso.com", "xn--mnchen-3ya.contoso.com", NOT_COVERED),
        (".contoso.com", "pchat01.contoso.com", NOT_COVERED),
        ("", "pchat01.contoso.com", NOT_COVERED),
        ("10.0.0.5", "10.0.0.5", NOT_COVERED),
    ] {
        assert_eq!(asked(|cert| cert.dns(&[has]), wanted), result, "{has:?} for {wanted:?}");
    }
}

#[test]
fn an_address_is_covered_by_the_same_address_alone() {
    let ip = |text: &str| San::Ip(text.parse().unwrap());
    for (has, wanted, result) in [
        (vec![ip("10.0.0.5")], "10.0.0.5", COVERED),
        (vec![ip("10.0.0.5")], "10.0.0.6", NOT_COVERED),
        (vec![ip("2001:db8::5")], "2001:db8::5", COVERED),
        (vec![ip("2001:db8::5")], "[2001:DB8:0::5]", COVERED),
        (vec![ip("2001:db8::5")], "2001:db8::6", NOT_COVERED),
        (vec![San::IpOctets(vec![10, 0, 0])], "10.0.0.5", NOT_COVERED),
        (vec![San::dns("10.0.0.5")], "10.0.0.5", NOT_COVERED),
        (vec![San::dns("*.0.0.5")], "10.0.0.5", NOT_COVERED),
        (vec![ip("10.0.0.5")], "pchat01.contoso.com", BY_COMMON_NAME),
    ] {
        assert_eq!(
            asked(|cert| cert.sans(has.clone()), wanted),
            result,
            "{has:?} for {wanted}"
        );
    }
}

#[test]
fn the_common_name_counts_only_where_there_is_no_dns_name() {
    let host = "pchat01.contoso.com";
    let cn =
        |name: &'static str| move |cert: CertBuilder| cert.sans(vec![]).subject(Name::ordered(&[("CN", Utf8(name))]));
    for (name, result) in [
        ("pchat01.contoso.com", BY_COMMON_NAME),
        ("PCHAT01.contoso.com", BY_COMMON_NAME),
        ("*.contoso.com", BY_COMMON_NAME),
        ("Persistent Chat", NOT_COVERED),
        ("pchat01.contoso.com\0.evil.com", NOT_COVERED),
    ] {
        assert_eq!(asked(cn(name), host), result, "{name:?}");
    }
    let other = |cert: CertBuilder| cn("pchat01.contoso.com")(cert).dns(&["other.contoso.com"]);
    assert_eq!(asked(other, host), NOT_COVERED);
    let mail = |cert: CertBuilder| {
        cert.sans(vec![
            San::Email("pki@contoso.com".into()),
            San::Uri("sip:x@contoso.com".into()),
        ])
    };
    assert_eq!(asked(mail, host), BY_COMMON_NAME);
    assert_eq!(
        asked(cn("10.0.0.5"), "10.0.0.5"),
        NOT_COVERED,
        "an address is no host name"
    );
    let two = |cert: CertBuilder| {
        let name = Name::ordered(&[("CN", Utf8("pchat01.contoso.com")), ("CN", Utf8("Persistent Chat"))]);
        cert.sans(vec![]).subject(&name)
    };
    assert_eq!(asked(two, host), BY_COMMON_NAME, "any of several common names");
}

#[test]
fn names_that_cannot_be_read_are_no_leave_to_use_the_common_name() {
    let host = "pchat01.contoso.com";
    for (what, value) in [
        ("nonsense", vec![0x30, 0x05, 0x01]),
        ("not a sequence", der::octets(b"x")),
        (
            "a dNSName with a NUL",
            der::seq(&[&der::ctx_prim(2, b"other.contoso.com\0")]),
        ),
        (
            "a dNSName that is not ASCII",
            der::seq(&[&der::ctx_prim(2, &[0xff, 0xfe])]),
        ),
        (
            "a NUL that cuts the name",
            der::seq(&[&der::ctx_prim(2, b"pchat01.contoso.com\0.evil.com")]),
        ),
    ] {
        let cert = |cert: CertBuilder| cert.sans(vec![]).extension(oid::SUBJECT_ALT_NAME, false, &value);
        let (.., status) = asked(cert, host);
        assert_ne!(status, Status::Compliant, "{what}");
    }
}

#[test]
fn the_subjects_own_names_stand_in_place_of_the_policys() {
    let ca = Ca::root("CN=Contoso Issuing CA,DC=contoso,DC=com");
    let scene = ask()
        .reference(&ca.server("fe01.contoso.com").build())
        .authority(&ca.cert);
    let scene = scene.policy("names", json!(["chat.contoso.com"]));
    let source = der(&ca.server("pchat01.contoso.com").build(), &[]);
    for (names, status) in [
        (json!(null), Status::Noncompliant),
        (json!([]), Status::Compliant),
        (json!(["pchat01.contoso.com"]), Status::Compliant),
        (json!(["pchat01.contoso.com", "chat.contoso.com"]), Status::Noncompliant),
    ] {
        let subject = scene
            .clone()
            .subject_with(json!({"source": source, "names": names}))
            .first();
        assert_eq!(subject.status, Some(status), "{names}");
    }
}

#[test]
fn a_name_mismatch_may_be_lowered_and_never_hides_another_ca() {
    let ca = Ca::root("CN=Contoso Issuing CA,DC=contoso,DC=com");
    let other = Ca::root("CN=Other CA");
    let scene = ask()
        .reference(&ca.server("fe01.contoso.com").build())
        .authority(&ca.cert);
    let scene = scene
        .policy("severity", json!({"name-mismatch": "info"}))
        .policy("names", json!(["x.contoso.com"]));
    let of = |ca: &Ca| {
        scene
            .clone()
            .subject(&ca.server("pchat01.contoso.com").build(), &[&ca.cert])
            .first()
    };
    assert_eq!(verdict(&of(&ca)), (Relation::Same, Status::Compliant));
    assert_eq!(weight(&of(&ca), Code::NameMismatch), Some(Severity::Info));
    assert_eq!(verdict(&of(&other)), (Relation::Different, Status::Noncompliant));
}
