//! Whoever controls a subject, a reference's chain or the found certificates plays against the rule, and loses.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::cert::oid;
use mint::*;
use same_ca::protocol::{Code, Relation, Status};
use serde_json::json;

use crate::support::scene::{Scene, source, verdict};

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
    fn scenes(&self) -> Vec<(&'static str, Scene)> {
        let chain = [&self.issuing.cert, &self.root.cert];
        let genuine = |scene: Scene| scene.authority(&self.issuing.cert).authority(&self.root.cert);
        vec![
            ("file and authorities", genuine(Scene::new().reference(&self.reference))),
            ("file alone", Scene::new().reference(&self.reference)),
            (
                "file, CAs found",
                Scene::new().reference(&self.reference).intermediate(&self.issuing.cert),
            ),
            ("TLS", Scene::new().tls("fe01.contoso.com", &self.reference, &chain)),
            (
                "TLS without chain",
                Scene::new().tls("fe01.contoso.com", &self.reference, &[]),
            ),
            (
                "TLS and root",
                Scene::new()
                    .tls("fe01.contoso.com", &self.reference, &chain[..1])
                    .authority(&self.root.cert),
            ),
            ("pin", genuine(Scene::new().pin(&self.issuing.cert))),
            ("key pin", genuine(Scene::new().pin_key(&self.issuing.key))),
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

/// A forgery: what it is, the certificate, and what comes along.
type Forgery = (String, Cert, Vec<Cert>);

/// Everything that needs the attacker's own keys, and what is public, alone.
fn forgeries(world: &World) -> Vec<Forgery> {
    let mut all: Vec<Forgery> = Vec::new();
    let mut add = |what: &str, cert: Cert, chain: Vec<Cert>| all.push((what.to_owned(), cert, chain));
    let genuine = || vec![world.issuing.cert.clone(), world.root.cert.clone()];
    let mallory = &world.mallory;

    // Look-alikes, and identifiers that lie.
    let plain = world.look_alike().build_ca();
    let spoofed = world.look_alike().ski(Ski::Bytes(world.genuine_ski())).build_ca();
    for (what, ca) in [
        ("a look-alike CA", &plain),
        ("a look-alike CA with the genuine SKI", &spoofed),
    ] {
        add(what, world.forged(ca), vec![ca.cert.clone()]);
        add(&format!("{what}, not shown"), world.forged(ca), vec![]);
        add(
            &format!("{what}, beside the genuine"),
            world.forged(ca),
            [vec![ca.cert.clone()], genuine()].concat(),
        );
        let twice = [genuine(), vec![ca.cert.clone()]].concat();
        add(&format!("{what}, after the genuine"), world.forged(ca), twice);
    }
    add(
        "the genuine AKI, the attacker's signature",
        world.claimed().build(),
        vec![],
    );
    add("the genuine AKI and chain", world.claimed().build(), genuine());
    add("no AKI", world.claimed().aki(Aki::Absent).build(), genuine());
    add(
        "AKI by issuer and serial",
        world.claimed().aki(Aki::IssuerSerial).build(),
        genuine(),
    );

    // Signatures that are none.
    let claimed = world.claimed().build();
    let zeros = der::seq(&[&der::int(0), &der::int(0)]);
    for (what, signature) in [
        ("an empty signature", vec![]),
        ("a signature of zeros", vec![0; 256]),
        ("r and s of zero", zeros),
        ("r and s of one", der::seq(&[&der::int(1), &der::int(1)])),
        ("a signature of one", [vec![0; 255], vec![1]].concat()),
    ] {
        add(what, forge::with_signature(&claimed, &signature), genuine());
    }
    add(
        "another certificate's signature",
        forge::with_signature_of(&claimed, &world.reference),
        genuine(),
    );

    // The genuine CA's signature, on what is no CA or says something else than it seems to.
    let good = world.issuing.server("pchat01.contoso.com").build();
    let other = Digest::Sha384;
    let swapped = world.issuing.key.signature_algorithm(other, None);
    add(
        "another outer algorithm",
        forge::with_outer_algorithm(&good, &swapped),
        genuine(),
    );
    add(
        "bytes after the certificate",
        forge::append_trailing(&good, b"\0x"),
        genuine(),
    );
    add(
        "a value within the certificate",
        forge::append_inside(&good, &der::null()),
        genuine(),
    );
    let under = |ca: &Ca| ca.server("pchat01.contoso.com").build();
    let host = CertBuilder::server("evil", mallory).issuer(&world.issuing);
    let named = host.clone().subject(ISSUING);
    let issuers = [
        ("a server's certificate as CA", host.build_ca()),
        ("a server's certificate of the CA's name", named.clone().build_ca()),
        (
            "cA FALSE and keyCertSign",
            named.clone().not_ca().key_usage(&[usage::KEY_CERT_SIGN]).build_ca(),
        ),
        (
            "no basicConstraints, keyCertSign",
            named.clone().key_usage(&[usage::KEY_CERT_SIGN]).build_ca(),
        ),
        (
            "cA TRUE without keyCertSign",
            named.clone().ca(None).key_usage(&[usage::CRL_SIGN]).build_ca(),
        ),
        ("version 1", named.clone().version1().build_ca()),
        (
            "basicConstraints twice",
            named
                .clone()
                .not_ca()
                .extension(oid::BASIC_CONSTRAINTS, true, &der::seq(&[&der::boolean(true)]))
                .build_ca(),
        ),
    ];
    for (what, ca) in &issuers {
        add(what, under(ca), [vec![ca.cert.clone()], genuine()].concat());
    }

    // Names that look alike: none of them has the key.
    let of_name = |name: Name| Ca::root_with(name, mallory);
    use Text::*;
    let spellings: Vec<(&str, Name)> = vec![
        ("case", "CN=CONTOSO issuing ca,DC=CONTOSO,DC=com".into()),
        ("spaces", "CN=  Contoso   Issuing CA ,DC=contoso,DC=com".into()),
        (
            "string types",
            Name::ordered(&[
                ("DC", Utf8("com")),
                ("DC", Printable("contoso")),
                ("CN", Bmp("Contoso Issuing CA")),
            ]),
        ),
        ("homoglyph", "CN=C\u{43e}ntoso Issuing CA,DC=contoso,DC=com".into()),
        ("zero-width", "CN=Con\u{200b}toso Issuing CA,DC=contoso,DC=com".into()),
        ("full-width", "CN=\u{ff23}ontoso Issuing CA,DC=contoso,DC=com".into()),
        ("RDN order", "DC=com,DC=contoso,CN=Contoso Issuing CA".into()),
        (
            "one RDN of three",
            Name::of_rdns(&[&[
                ("DC", Ia5("com")),
                ("DC", Ia5("contoso")),
                ("CN", Utf8("Contoso Issuing CA")),
            ]]),
        ),
        ("no name", "".into()),
        (
            "an embedded NUL",
            Name::ordered(&[
                ("DC", Ia5("com")),
                ("DC", Ia5("contoso")),
                ("CN", Utf8("Contoso Issuing CA\0")),
            ]),
        ),
        ("an escaped comma", "CN=Contoso Issuing CA\\,DC=contoso,DC=com".into()),
        ("an unreadable value", Name::ordered(&[("CN", Der(&[0x0c, 1, 0xff]))])),
    ];
    for (what, name) in spellings {
        let ca = of_name(name);
        add(&format!("the name by {what}"), under(&ca), vec![ca.cert.clone()]);
    }

    // Rollovers that are none.
    let fake = &plain;
    let reverse = fake.cross_certify(&world.issuing);
    add(
        "(a) backwards: the attacker's key signs the genuine one",
        under(fake),
        vec![fake.cert.clone(), reverse.clone()],
    );
    let link = CertBuilder::authority(ISSUING, mallory)
        .issuer(&world.issuing)
        .sign_with(mallory)
        .build();
    add(
        "(a) with a wrong signature",
        under(fake),
        [vec![link], genuine()].concat(),
    );
    let both = vec![
        fake.cert.clone(),
        reverse.clone(),
        CertBuilder::authority(ISSUING, mallory).issuer(fake).build(),
    ];
    add(
        "(a) both ways, neither by the genuine key",
        under(fake),
        [both, genuine()].concat(),
    );
    for (what, name) in [
        ("a parent of the attacker's", "CN=Evil Root"),
        ("a parent of the root's name", ROOT),
    ] {
        let parent = Ca::root_with(name, &Key::ec("P-256", "evil parent"));
        let twin = CertBuilder::authority(ISSUING, &world.issuing.key)
            .issuer(&parent)
            .build();
        let mine = parent.issue_ca_with(ISSUING, mallory);
        let chain = vec![mine.cert.clone(), twin, parent.cert.clone()];
        add(
            &format!("(b) {what}"),
            under(&mine),
            [chain.clone(), genuine()].concat(),
        );
        add(&format!("(b) {what}, the genuine not shown"), under(&mine), chain);
    }
    let claims = world
        .look_alike()
        .previous_ca_hash(&Digest::Sha1.hash(world.issuing.cert.der()))
        .ca_version(1, 1);
    let claims = claims.build_ca();
    add(
        "(c) the attacker's names the genuine as the one before",
        under(&claims),
        [vec![claims.cert.clone()], genuine()].concat(),
    );
    let later = CertBuilder::authority(ISSUING, &world.issuing.key)
        .previous_ca_hash(&Digest::Sha1.hash(fake.cert.der()))
        .ca_version(1, 1);
    for (what, later) in [
        ("the attacker", later.clone().issuer(fake).build()),
        ("nobody", later.clone().sign_with(mallory).build()),
        (
            "the attacker in the root's name",
            later.issuer(&world.root).sign_with(mallory).build(),
        ),
    ] {
        let what = format!("(c) a certificate for the genuine key by {what} names the attacker's as the one before");
        add(&what, under(fake), [vec![later, fake.cert.clone()], genuine()].concat());
    }

    // Roots.
    let root = Ca::root_with(ROOT, &Key::ec("P-256", "evil root"));
    let sub = root.issue_ca_with(ISSUING, mallory);
    add(
        "a root of the genuine name",
        under(&sub),
        vec![sub.cert.clone(), root.cert.clone()],
    );
    let crossed = root.cross_certify(&world.root);
    add(
        "the genuine root certified by the attacker's",
        under(&sub),
        vec![sub.cert, root.cert, crossed],
    );
    let own = CertBuilder::server("pchat01.contoso.com", mallory)
        .subject(ISSUING)
        .build();
    add("self-signed in the CA's name", own, vec![]);
    add(
        "self-signed",
        CertBuilder::server("pchat01.contoso.com", mallory).build(),
        vec![],
    );
    add("the look-alike CA itself", plain.cert.clone(), vec![]);
    add("the genuine CA itself", world.issuing.cert.clone(), genuine());
    add("the genuine root itself", world.root.cert.clone(), genuine());

    // Keys that lend nothing.
    for (what, key) in [
        ("DSA", Key::dsa("mallory")),
        ("PSS", Key::rsa_pss(2048, "look-alike")),
        ("P-224", Key::ec("P-224", "mallory")),
        ("Ed448", Key::ed448("mallory")),
        ("Ed25519", Key::ed25519("mallory")),
        ("an exponent of one's own", Key::rsa_exponent(2048, (1 << 32) + 1, "k")),
        ("RSA of 1024 bits", Key::rsa(1024, "ca")),
    ] {
        let ca = CertBuilder::authority(ISSUING, &key)
            .ski(Ski::Bytes(world.genuine_ski()))
            .build_ca();
        add(
            &format!("a look-alike with a key of {what}"),
            under(&ca),
            vec![ca.cert.clone()],
        );
    }
    // The neutral point: it verifies R = S·B for any message.
    let neutral = [vec![1], vec![0; 31]].concat();
    let spki = der::seq(&[&der::algorithm("1.3.101.112", &[]), &der::bits(&neutral)]);
    let ca = CertBuilder::authority(ISSUING, &Key::public_only(&spki))
        .sign_with(mallory)
        .build();
    let ed = der::algorithm("1.3.101.112", &[]);
    let cert = world.claimed().inner_algorithm(&ed).outer_algorithm(&ed).build();
    let cert = forge::with_signature(&cert, &[neutral.clone(), vec![0; 32]].concat());
    add("a key of small order", cert, vec![ca]);
    all
}

/// What can be made of an ECDSA signature of the reference's.
fn ec_forgeries(world: &World) -> Vec<Forgery> {
    let mut all = Vec::new();
    let genuine = &world.issuing.key;
    for (what, key) in [
        (
            "a generator of one's own under the reference's signature",
            forge::duplicate_signature_ec_key(&world.reference, genuine),
        ),
        (
            "a generator of one's own under the CA's point",
            forge::same_point_ec_key(genuine),
        ),
    ] {
        for ski in [Ski::Auto, Ski::Bytes(world.genuine_ski())] {
            let ca = CertBuilder::authority(ISSUING, &key).ski(ski).build_ca();
            all.push((what.to_owned(), world.forged(&ca), vec![ca.cert.clone()]));
        }
    }
    let recovered = forge::recovered_ec_key(&world.reference, genuine);
    for ski in [Ski::Auto, Ski::Bytes(world.genuine_ski())] {
        let ca = CertBuilder::authority(ISSUING, &recovered)
            .ski(ski)
            .sign_with(&world.mallory)
            .build();
        // Nobody has its private half; the attacker's own CA is said to be its successor.
        let look_alike = world.look_alike().build_ca();
        let chain = vec![ca, look_alike.cert.clone(), look_alike.cross_certify(&world.issuing)];
        all.push((
            "the other key under the reference's signature".to_owned(),
            world.forged(&look_alike),
            chain,
        ));
    }
    all
}

/// What can be made of an RSA signature of the reference's.
fn rsa_forgeries(world: &World) -> Vec<Forgery> {
    let mut all = Vec::new();
    let crafted = forge::duplicate_signature_rsa_key(&world.reference);
    for ski in [Ski::Auto, Ski::Bytes(world.genuine_ski())] {
        let ca = CertBuilder::authority(ISSUING, &crafted).ski(ski).build_ca();
        all.push((
            "a modulus made for the reference's signature".to_owned(),
            world.forged(&ca),
            vec![ca.cert.clone()],
        ));
    }
    let longer = forge::longer_modulus_rsa_key(&world.reference);
    let number = |n: &[u8]| der::uint(n);
    let spki = |n: &[u8], e: &[u8]| {
        let key = der::seq(&[&number(n), &number(e)]);
        Key::public_only(&der::seq(&[
            &der::algorithm(key::RSA_ENCRYPTION, &der::null()),
            &der::bits(&key),
        ]))
    };
    let n = world.issuing.key.rsa_numbers().n.to_bytes_be();
    for (what, key) in [
        ("a modulus longer than the signature", longer),
        ("an exponent of one", spki(&n, &[1])),
        ("an exponent of zero", spki(&n, &[0])),
        ("an even exponent", spki(&n, &[2])),
        ("a modulus of one", spki(&[1], &[1, 0, 1])),
        ("a modulus of zero", spki(&[0], &[1, 0, 1])),
        ("an even modulus", spki(&[vec![0x80], vec![0; 255]].concat(), &[3])),
        ("a modulus of 64 KiB", spki(&[0xff; 65_537], &[1, 0, 1])),
    ] {
        let ca = CertBuilder::authority(ISSUING, &key)
            .ski(Ski::Bytes(world.genuine_ski()))
            .sign_with(&world.mallory)
            .build();
        all.push((what.to_owned(), world.claimed().build(), vec![ca]));
    }
    all
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
        let mut scene = Scene::new()
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
    let scene = Scene::new().reference(&world.reference);
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

/// So many CA certificates of the attacker's.
const CROWD: usize = 10_000;
/// What [`crowd`] puts other digits and keys in place of.
const NUMBER: &str = "00000";

/// CA certificates of the attacker's, signed by nobody: `key` says with which modulus, `name` may hold [`NUMBER`].
fn crowd(name: &str, key: impl Fn(usize) -> Option<Vec<u8>>, genuine: &Key, previous: &[u8]) -> Vec<Cert> {
    let model = CertBuilder::authority(name, genuine)
        .previous_ca_hash(previous)
        .serial(&[1, 0, 0, 0])
        .build();
    let modulus = genuine.rsa_numbers().n.to_bytes_be();
    let at = |what: &[u8]| model.der().windows(what.len()).position(|window| window == what);
    let (serial, number, key_at) = (
        at(&[2, 4, 1, 0, 0, 0]).unwrap(),
        at(NUMBER.as_bytes()),
        at(&modulus).unwrap(),
    );
    let mint = |n: usize| {
        let mut der = model.der().to_vec();
        der[serial + 4..serial + 6].copy_from_slice(&(n as u16).to_be_bytes());
        if let Some(number) = number {
            der[number..number + NUMBER.len()].copy_from_slice(format!("{n:05}").as_bytes());
        }
        if let Some(modulus) = key(n) {
            der[key_at..key_at + modulus.len()].copy_from_slice(&modulus);
        }
        Cert::from_der(&der)
    };
    // The model itself bears a genuine signature.
    (1..=CROWD).map(mint).collect()
}

/// A modulus, without the arithmetic: any odd number will do.
fn modulus(n: usize) -> Vec<u8> {
    [vec![0xc5], (n as u32).to_be_bytes().to_vec(), vec![0x5c; 250], vec![1]].concat()
}

#[test]
fn ten_thousand_ca_certificates_are_judged_in_bounded_time() {
    let world = World::rsa();
    let mine = world.look_alike().build_ca();
    let genuine = &world.issuing.key;
    let hash = Digest::Sha1.hash(mine.cert.der());
    let half = |n: usize| (n % 2 == 1).then(|| modulus(n));
    let leaf = world.claimed().build();
    for (what, crowd) in [
        (
            "of as many names and keys",
            crowd("CN=CA 00000", |n| Some(modulus(n)), genuine, &[]),
        ),
        (
            "of the CA's name, with its own key and others",
            crowd(ISSUING, half, genuine, &hash),
        ),
    ] {
        let chain: Vec<&Cert> = crowd.iter().chain([&mine.cert]).collect();
        let scene = Scene::new().reference(&world.reference).authority(&world.root.cert);
        for (how, scene) in [
            ("CA vouched", scene.clone().authority(&world.issuing.cert)),
            (
                "CA vouched, level root",
                scene.clone().authority(&world.issuing.cert).policy("level", "root"),
            ),
            ("CA unknown", scene),
        ] {
            let (subject, time) = scene.subject(&leaf, &chain).timed();
            assert_ne!(subject.status, Some(Status::Compliant), "{what}, {how}");
            assert!(time < PATIENCE, "{what}, {how}: {time:?}");
        }
    }
}

#[test]
fn a_mesh_of_cross_certificates_is_walked_in_bounded_time() {
    const NODES: usize = 14;
    let world = World::ec();
    let node = |n: usize| Ca::root_with(format!("CN=Mesh {n}").as_str(), &Key::ec("P-256", &format!("mesh {n}")));
    let nodes: Vec<Ca> = (0..NODES).map(node).collect();
    let pairs = nodes
        .iter()
        .flat_map(|ca| nodes.iter().map(move |other| ca.cross_certify(other)));
    let chain: Vec<Cert> = pairs.collect();
    let leaf = nodes[0].server("pchat01.contoso.com").build();
    for level in ["issuing", "root"] {
        let scene = Scene::new().reference(&world.reference).authority(&world.issuing.cert);
        let scene = scene.authority(&world.root.cert).policy("level", level);
        let (subject, time) = scene.subject(&leaf, &chain.iter().collect::<Vec<_>>()).timed();
        assert_eq!(
            verdict(&subject),
            (Relation::Different, Status::Noncompliant),
            "level {level}"
        );
        assert!(time < PATIENCE, "level {level}: {time:?}");
    }
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
        let genuine = Scene::new().reference(&world.reference);
        let by_tls = Scene::new().tls("fe01.contoso.com", &world.reference, &[&world.issuing.cert]);
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
                    .tls("fe02.contoso.com", &server, chain);
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
    let mut scene = Scene::new()
        .reference(&world.reference)
        .authority(&world.issuing.cert)
        .authority(&world.root.cert);
    for (_, cert, chain) in &forgeries {
        scene = chain.iter().chain([cert]).fold(scene, Scene::intermediate);
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
    let genuine = Scene::new().reference(&world.reference);
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
            (
                "any of",
                json!({"any_of": [source(&forged, &chain), p12], "names": names}),
            ),
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
    let mut subject = json!({"source": source(&good, &[]), "names": ["pchat01.contoso.com"]});
    subject["candidates"] = json!([{"pkcs12": STANDARD.encode(&candidate), "password": "secret"}]);
    let scene = Scene::new()
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
        ("TLS", Scene::new().tls("fe01.contoso.com", &reference, &[&ended.cert])),
        ("found", Scene::new().reference(&reference).intermediate(&ended.cert)),
        ("vouched", Scene::new().reference(&reference).authority(&ended.cert)),
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

#[test]
fn the_slowest_keys_are_fewer() {
    let world = World::rsa();
    let model = crowd("CN=CA 00000", |_| None, &world.issuing.key, &[]).remove(0);
    let slow = |n: usize| {
        let modulus = [modulus(n), vec![0x5d; 16_384 / 8 - 256]].concat();
        let public = der::seq(&[&der::uint(&modulus), &der::int(65537)]);
        let algorithm = der::algorithm(key::RSA_ENCRYPTION, &der::null());
        let key = Key::public_only(&der::seq(&[&algorithm, &der::bits(&public)]));
        let ca = CertBuilder::authority(ISSUING, &key)
            .sign_with(&world.mallory)
            .serial(&[1]);
        forge::with_signature(&ca.build(), model.signature())
    };
    let crowd: Vec<Cert> = (0..1_100).map(slow).collect();
    let leaf = forge::with_signature(&world.claimed().build(), &[0x44; 16_384 / 8]);
    let scene = Scene::new().reference(&world.reference).authority(&world.issuing.cert);
    let (subject, time) = scene.subject(&leaf, &crowd.iter().collect::<Vec<_>>()).timed();
    assert_ne!(subject.status, Some(Status::Compliant));
    assert!(
        subject
            .findings
            .iter()
            .any(|finding| finding.code == Code::LimitReached),
        "{:?}",
        subject.findings
    );
    assert!(time < PATIENCE, "{time:?}");
}
