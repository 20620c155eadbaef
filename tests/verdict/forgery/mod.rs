//! Whoever controls a subject, a reference's chain or the found certificates plays against the rule, and loses.

mod floods;
mod forged;

use forged::{Forgery, ec_forgeries, forgeries, rsa_forgeries};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::*;
use same_ca::protocol::{Code, Relation, Status};
use serde_json::json;

use crate::support::request::{Ask, ask, der, verdict};

const ISSUING: &str = "CN=Contoso Issuing CA,DC=contoso,DC=com";

const ROOT: &str = "CN=Contoso Root CA,DC=contoso,DC=com";

/// Longest that anything may take here, unoptimised and on a busy machine: alone it is a second or two.
const PATIENCE: Duration = Duration::from_secs(if cfg!(windows) { 60 } else { 10 });

/// The genuine side.
struct World {
    root: Ca,
    issuing: Ca,
    reference: Cert,
    /// The attacker's own key.
    mallory: Key,
}

impl World {
    fn ec() -> World {
        World::of(&Key::ec("P-256", "genuine issuing"), &Key::ec("P-256", "mallory"))
    }

    fn rsa() -> World {
        World::of(&Key::rsa(2048, "ca"), &Key::rsa(2048, "look-alike"))
    }

    fn of(key: &Key, mallory: &Key) -> World {
        let root = Ca::root(ROOT);
        let issuing = root.issue_ca_with(ISSUING, key);
        World {
            reference: issuing.server("fe01.contoso.com").build(),
            root,
            issuing,
            mallory: mallory.clone(),
        }
    }

    /// The ways in which the genuine side may be at hand, with and without what proves it.
    fn scenes(&self) -> Vec<(&'static str, Ask)> {
        let chain = [&self.issuing.cert, &self.root.cert];
        let genuine = |scene: Ask| scene.authority(&self.issuing.cert).authority(&self.root.cert);
        vec![
            ("file and authorities", genuine(ask().reference(&self.reference))),
            ("file alone", ask().reference(&self.reference)),
            (
                "file, CAs found",
                ask().reference(&self.reference).intermediate(&self.issuing.cert),
            ),
            ("TLS", ask().tls_chain("fe01.contoso.com", &self.reference, &chain)),
            (
                "TLS without chain",
                ask().tls_chain("fe01.contoso.com", &self.reference, &[]),
            ),
            (
                "TLS and root",
                ask()
                    .tls_chain("fe01.contoso.com", &self.reference, &chain[..1])
                    .authority(&self.root.cert),
            ),
            ("pin", genuine(ask().pinned(&self.issuing.cert))),
            ("key pin", genuine(ask().pinned_key(&self.issuing.key))),
        ]
    }

    /// A CA of the attacker's that calls itself the genuine one.
    fn look_alike(&self) -> CertBuilder {
        CertBuilder::authority(ISSUING, &self.mallory)
    }

    fn forged(&self, ca: &Ca) -> Cert {
        ca.server("pchat01.contoso.com").build()
    }

    /// A server's certificate that claims the genuine CA, signed by the attacker.
    fn claimed(&self) -> CertBuilder {
        self.issuing.server("pchat01.contoso.com").sign_with(&self.mallory)
    }

    fn genuine_ski(&self) -> Vec<u8> {
        self.issuing.cert.subject_key_identifier().unwrap().to_vec()
    }
}

/// No forgery passes, however the genuine side is known and whatever the policy compares.
fn none_passes(world: &World, forgeries: &[Forgery]) {
    for (how, scene) in world.scenes() {
        for (match_, level) in [
            ("authority", "issuing"),
            ("key", "issuing"),
            ("name", "issuing"),
            ("authority", "root"),
        ] {
            if level == "root" && how.ends_with("pin") {
                continue; // The pins here are of an issuing CA.
            }
            let mut scene = scene.clone().policy("match", match_).policy("level", level);
            for (_, cert, chain) in forgeries {
                scene = scene.subject(cert, &chain.iter().collect::<Vec<_>>());
            }
            for ((what, ..), subject) in forgeries.iter().zip(scene.check().subjects) {
                let (relation, status) = verdict(&subject);
                let context = format!("{what} ({how}, match {match_}, level {level}): {relation:?} {status:?}");
                assert_ne!(status, Status::Compliant, "{context}");
                let is_genuine_ca = what.ends_with("itself");
                let proven = matches!(relation, Relation::Same | Relation::Rollover | Relation::KeyOnly);
                assert!(!proven || is_genuine_ca, "{context}");
            }
        }
    }
}

#[test]
fn no_forgery_passes_under_an_ecdsa_ca() {
    let world = World::ec();
    none_passes(&world, &forgeries(&world));
    none_passes(&world, &ec_forgeries(&world));
}

#[test]
fn no_forgery_passes_under_an_rsa_ca() {
    let world = World::rsa();
    none_passes(&world, &forgeries(&world));
    none_passes(&world, &rsa_forgeries(&world));
}

#[test]
fn the_genuine_passes_in_every_scene_where_its_ca_can_be_known() {
    for world in [World::ec(), World::rsa()] {
        let good = world.issuing.server("pchat01.contoso.com").build();
        for (how, scene) in world.scenes() {
            let subject = scene.subject(&good, &[&world.issuing.cert]).first();
            assert_eq!(
                verdict(&subject),
                (Relation::Same, Status::Compliant),
                "{how}: {:?}",
                subject.findings
            );
        }
    }
}

#[test]
fn of_ten_thousand_flipped_bits_none_leaves_a_verdict_of_the_same_ca() {
    const FLIPS: usize = 10_000;
    for world in [World::ec(), World::rsa()] {
        let good = world.issuing.server("pchat01.contoso.com").build();
        let bits = good.der().len() * 8;
        let flips: Vec<usize> = (0..FLIPS / 2).map(|n| n * 7919 % bits).collect();
        let mut scene = ask()
            .reference(&world.reference)
            .authority(&world.issuing.cert)
            .authority(&world.root.cert);
        for &bit in &flips {
            scene = scene.subject(&Cert::from_der(&forge::flip_bit(good.der(), bit)), &[]);
        }
        for (bit, subject) in flips.iter().zip(scene.check().subjects) {
            let (relation, status) = verdict(&subject);
            let context = format!("bit {bit} of {bits}: {relation:?} {status:?}");
            assert_ne!(status, Status::Compliant, "{context}");
            assert!(
                !matches!(relation, Relation::Same | Relation::Rollover | Relation::KeyOnly),
                "{context}"
            );
        }
    }
}

#[test]
fn a_malleated_ecdsa_signature_is_as_good_as_the_first_and_not_identical() {
    let world = World::ec();
    let twin = forge::malleate_ecdsa(&world.reference, &world.issuing.key);
    let scene = ask().reference(&world.reference);
    let subject = scene.clone().authority(&world.issuing.cert).subject(&twin, &[]).first();
    assert_eq!(verdict(&subject), (Relation::Same, Status::Compliant));
    assert_eq!(subject.proof, Some(same_ca::protocol::Proof::Signature));
    let subject = scene.subject(&twin, &[]).first();
    assert_eq!(
        verdict(&subject),
        (Relation::Unproven, Status::Undetermined),
        "without the CA nothing proves it"
    );
}

#[test]
fn a_reference_pulled_over_by_what_one_server_sends_makes_no_forgery_pass() {
    let world = World::ec();
    let fake = world.look_alike().build_ca();
    let spoofed = world.look_alike().ski(Ski::Bytes(world.genuine_ski())).build_ca();
    let link = fake.cross_certify(&world.issuing);
    let parent = Ca::root_with("CN=Evil Root", &Key::ec("P-256", "evil parent"));
    let twin = CertBuilder::authority(ISSUING, &world.issuing.key)
        .issuer(&parent)
        .build();
    let child = parent.issue_ca_with(ISSUING, &world.mallory);
    let recovered = forge::recovered_ec_key(&world.reference, &world.issuing.key);
    let recovered = CertBuilder::authority(ISSUING, &recovered)
        .sign_with(&world.mallory)
        .build();
    let named = world
        .look_alike()
        .previous_ca_hash(&Digest::Sha1.hash(world.issuing.cert.der()))
        .build_ca();
    let chains: Vec<(&str, &Ca, Vec<&Cert>)> = vec![
        ("its look-alike CA", &fake, vec![&fake.cert]),
        ("no chain", &fake, vec![]),
        ("a look-alike with the genuine SKI", &spoofed, vec![&spoofed.cert]),
        ("a link to the genuine key", &fake, vec![&fake.cert, &link]),
        (
            "a link and the genuine CA",
            &fake,
            vec![&world.issuing.cert, &link, &fake.cert],
        ),
        ("a parent of both", &child, vec![&child.cert, &twin, &parent.cert]),
        (
            "the other key under the genuine signature",
            &fake,
            vec![&recovered, &fake.cert, &link],
        ),
        (
            "the genuine one named as the one before",
            &named,
            vec![&named.cert, &world.issuing.cert],
        ),
    ];
    for (what, ca, chain) in &chains {
        let server = ca.server("fe02.contoso.com").build();
        let forged = world.forged(ca);
        let genuine = ask().reference(&world.reference);
        let by_tls = ask().tls_chain("fe01.contoso.com", &world.reference, &[&world.issuing.cert]);
        for (how, scene) in [
            ("file and CA", genuine.clone().authority(&world.issuing.cert)),
            ("file alone", genuine),
            ("TLS and CA", by_tls.clone().authority(&world.issuing.cert)),
            ("TLS and root", by_tls.clone().authority(&world.root.cert)),
            ("TLS", by_tls),
        ] {
            for match_ in ["authority", "key"] {
                let scene = scene
                    .clone()
                    .policy("match", match_)
                    .tls_chain("fe02.contoso.com", &server, chain);
                let subject = scene.clone().subject(&forged, chain).first();
                let context = format!("{what}, {how}, match {match_}: {:?}", verdict(&subject));
                assert_ne!(subject.status, Some(Status::Compliant), "{context}");
                let found = chain.iter().fold(scene, |scene, cert| scene.intermediate(cert));
                let subject = found.subject(&forged, &[]).first();
                let context = format!("{what}, found besides, {how}, match {match_}: {:?}", verdict(&subject));
                assert_ne!(subject.status, Some(Status::Compliant), "{context}");
            }
        }
    }
}

#[test]
fn found_certificates_of_an_attacker_change_no_verdict() {
    let world = World::ec();
    let mut forgeries = forgeries(&world);
    forgeries.extend(ec_forgeries(&world));
    let good = world.issuing.server("pchat01.contoso.com").build();
    let look_alike = world.look_alike().build_ca();
    let bad = world.forged(&look_alike);
    let mut scene = ask()
        .reference(&world.reference)
        .authority(&world.issuing.cert)
        .authority(&world.root.cert);
    for (_, cert, chain) in &forgeries {
        scene = chain.iter().chain([cert]).fold(scene, Ask::intermediate);
    }
    for match_ in ["authority", "key", "name"] {
        let report = scene
            .clone()
            .policy("match", match_)
            .subject(&good, &[])
            .subject(&bad, &[])
            .check();
        assert_eq!(
            verdict(&report.subjects[0]),
            (Relation::Same, Status::Compliant),
            "match {match_}"
        );
        assert_eq!(
            verdict(&report.subjects[1]),
            (Relation::NameOnly, Status::Noncompliant),
            "match {match_}"
        );
        assert_eq!(report.reference.authorities.len(), 1, "match {match_}");
        assert_eq!(report.reference.authorities[0].keys.len(), 1, "match {match_}");
    }
}

#[test]
fn what_one_subject_brings_changes_nothing_for_another_nor_for_the_reference() {
    let world = World::ec();
    let mut forgeries = forgeries(&world);
    forgeries.extend(ec_forgeries(&world));
    let good = world.issuing.server("pchat01.contoso.com").build();
    let bad = world.forged(&world.look_alike().build_ca());
    for (how, scene) in world.scenes() {
        let alone = scene.clone().subject(&good, &[]).subject(&bad, &[]).check();
        let mut crowded = scene.subject(&good, &[]).subject(&bad, &[]);
        for (_, cert, chain) in &forgeries {
            crowded = crowded.subject(cert, &chain.iter().collect::<Vec<_>>());
        }
        let crowded = crowded.check();
        let written = |value| serde_json::to_value(value).unwrap();
        assert_eq!(
            written(&alone.subjects),
            written(&crowded.subjects[..2].to_vec()),
            "{how}"
        );
        assert_eq!(
            serde_json::to_value(&alone.reference).unwrap(),
            serde_json::to_value(&crowded.reference).unwrap(),
            "{how}"
        );
    }
}

#[test]
fn every_way_to_offer_a_certificate_refuses_a_forgery() {
    let world = World::ec();
    let look_alike = world.look_alike().build_ca();
    let forged = world.forged(&look_alike);
    let link = look_alike.cross_certify(&world.issuing);
    let chain = [&look_alike.cert, &link, &world.issuing.cert];
    let p12 = P12::new("secret")
        .cert(&forged)
        .certs(&chain)
        .key(&Key::ec("P-256", "pchat01.contoso.com"))
        .build();
    let p12 = json!({"pkcs12": STANDARD.encode(p12), "password": "secret"});
    let bundle = container::pem_bundle(&[&forged, &look_alike.cert, &link]);
    let names = ["pchat01.contoso.com"];
    let genuine = ask().reference(&world.reference);
    for (how, scene) in [
        ("CA vouched", genuine.clone().authority(&world.issuing.cert)),
        ("CA unknown", genuine),
    ] {
        for (what, subject) in [
            ("a PFX", json!({"source": p12})),
            ("a PEM bundle", json!({"source": {"pem": bundle}})),
            (
                "PKCS#7",
                json!({"source": {"der": STANDARD.encode(container::p7b(&[&look_alike.cert, &forged]))}}),
            ),
            ("any of", json!({"any_of": [der(&forged, &chain), p12], "names": names})),
        ] {
            let subject = scene.clone().subject_with(subject).first();
            let context = format!("{what}, {how}: {:?} {:?}", verdict(&subject), subject.findings);
            assert_ne!(subject.status, Some(Status::Compliant), "{context}");
            assert!(
                !matches!(subject.relation, Some(Relation::Same | Relation::Rollover)),
                "{context}"
            );
        }
    }
}

#[test]
fn a_candidate_that_brings_a_fake_link_is_never_chosen() {
    let world = World::ec();
    let look_alike = world.look_alike().build_ca();
    let key = Key::ec("P-256", "pchat01.contoso.com");
    let longer = world
        .look_alike()
        .build_ca()
        .server("pchat01.contoso.com")
        .validity(PAST, FUTURE + 900 * DAY)
        .build();
    let chain = [&look_alike.cert, &look_alike.cross_certify(&world.issuing)];
    let candidate = P12::new("secret").cert(&longer).certs(&chain).key(&key).build();
    let good = world
        .issuing
        .server("pchat01.contoso.com")
        .validity(PAST, NOW + 5 * DAY)
        .build();
    let mut subject = json!({"source": der(&good, &[]), "names": ["pchat01.contoso.com"]});
    subject["candidates"] = json!([{"pkcs12": STANDARD.encode(&candidate), "password": "secret"}]);
    let scene = ask()
        .reference(&world.reference)
        .authority(&world.issuing.cert)
        .policy("renew_before", "14d");
    let report = scene.subject_with(subject).first();
    assert_eq!(
        verdict(&report),
        (Relation::Same, Status::Compliant),
        "{:?}",
        report.findings
    );
    let passed: Vec<Option<Relation>> = report.passed_over.unwrap().iter().map(|over| over.relation).collect();
    assert!(passed.contains(&Some(Relation::NameOnly)), "{passed:?}");
}

#[test]
fn a_made_up_certificate_for_the_cas_key_does_not_make_the_ca_last_longer() {
    let key = Key::ec("P-256", "genuine issuing");
    let of = |until| CertBuilder::authority(ISSUING, &key).validity(CA_PAST, until);
    let ended = of(NOW - 30 * DAY).build_ca();
    let reference = ended.server("fe01.contoso.com").build();
    let late = ended.server("pchat01.contoso.com").validity(NOW - DAY, FUTURE).build();
    let made_up = of(FUTURE).sign_with(&Key::ec("P-256", "mallory")).build();
    for (how, scene) in [
        ("TLS", ask().tls_chain("fe01.contoso.com", &reference, &[&ended.cert])),
        ("found", ask().reference(&reference).intermediate(&ended.cert)),
        ("vouched", ask().reference(&reference).authority(&ended.cert)),
    ] {
        for chain in [vec![], vec![&made_up], vec![&made_up, &ended.cert]] {
            let subject = scene.clone().subject(&late, &chain).first();
            assert_eq!(
                verdict(&subject),
                (Relation::Same, Status::Noncompliant),
                "{how}: {:?}",
                subject.findings
            );
            let code = Code::IssuedAfterCaExpiry;
            assert!(
                subject.findings.iter().any(|finding| finding.code == code),
                "{how}: {:?}",
                subject.findings
            );
        }
        let renewed = scene.authority(&of(FUTURE).build()).subject(&late, &[]).first();
        assert_eq!(
            verdict(&renewed),
            (Relation::Same, Status::Compliant),
            "{how}: what is vouched does"
        );
    }
}
