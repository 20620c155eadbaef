//! Floods of CA certificates: a verdict is reached in bounded time.

use mint::*;
use same_ca::protocol::{Code, Relation, Status};

use super::*;
use crate::support::request::{ask, verdict};

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
        let scene = ask().reference(&world.reference).authority(&world.root.cert);
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
        let scene = ask().reference(&world.reference).authority(&world.issuing.cert);
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
    let scene = ask().reference(&world.reference).authority(&world.issuing.cert);
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
