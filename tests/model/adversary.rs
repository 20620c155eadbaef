//! The adversary: any key but the honest ones, every certificate there is, and wherever it may write.

use same_ca::protocol::{ProofWanted, References};

use super::random::Random;
use super::world::{Brought, Cert, HOSTS, Key, KeyKind, Member, OTHER, Serial, Subject, World};

/// Where the adversary writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Brought,
    Intermediates,
    BesideAMember,
    Everywhere,
}

pub const PLACES: [Place; 4] = [
    Place::Brought,
    Place::Intermediates,
    Place::BesideAMember,
    Place::Everywhere,
];

/// The world with all that an adversary makes: look-alikes of every CA, certificates of its own for every honest key,
/// parents of its own over both, hashes of what is genuine, the other keys of genuine signatures, whatever else it thinks
/// of, and every genuine certificate once more. The keys that it signs with come along.
pub fn attacked(world: &World, place: Place, random: &mut Random) -> (World, [Key; 2]) {
    let mut world = world.clone();
    let genuine: Vec<(Serial, Cert)> = world.certs.iter().cloned().enumerate().collect();
    let evil = [world.keys.len(), world.keys.len() + 1];
    world.keys.extend([KeyKind::Plain; 2]);
    let mut made: Vec<Serial> = Vec::new();
    let mut add = |world: &mut World, cert: Cert| {
        if !world.certs.contains(&cert) && world.certs.len() < MOST {
            world.certs.push(cert);
            made.push(world.certs.len() - 1);
        }
    };
    for (serial, cert) in genuine.iter().filter(|(_, cert)| cert.subject < HOSTS) {
        let parent = (cert.subject + 1) % NAMES;
        add(&mut world, Cert::ca(cert.subject, evil[0], cert.subject, evil[0]));
        add(&mut world, Cert::ca(cert.subject, cert.key, cert.subject, evil[0]));
        add(&mut world, Cert::ca(cert.subject, cert.key, parent, evil[0]));
        add(&mut world, Cert::ca(cert.subject, evil[0], parent, evil[0]));
        let follows = Cert {
            previous: Some(*serial),
            ..Cert::ca(cert.subject, evil[0], cert.subject, evil[0])
        };
        add(&mut world, follows);
    }
    if let Some(second) = second_key(&mut world, random) {
        let name = random.below(NAMES);
        add(&mut world, Cert::ca(name, second, name, evil[0]));
    }
    for _ in 0..random.below(16) {
        let cert = invented(&world, evil, random);
        add(&mut world, cert);
    }
    if random.chance(50) {
        made.extend(
            genuine
                .iter()
                .filter(|(_, cert)| cert.subject < HOSTS)
                .map(|(serial, _)| serial),
        );
    }
    random.shuffle(&mut made);
    let (brought, found, beside) = match place {
        Place::Brought => (true, false, false),
        Place::Intermediates => (false, true, false),
        Place::BesideAMember => (false, false, true),
        Place::Everywhere => (true, true, true),
    };
    if found {
        world.intermediates.extend(&made);
    }
    let mut servers: Vec<&mut Vec<Serial>> = world.members.iter_mut().filter_map(beside_it).collect();
    let one = random.below(servers.len());
    if let Some(one) = servers.get_mut(one).filter(|_| beside) {
        one.extend(&made);
    }
    if let (Subject::One(of), true) = (&mut world.subject, brought) {
        of.chain.extend(&made);
    }
    (world, evil)
}

/// Certificates at most, of all that a set of them can hold.
const MOST: usize = 60;
/// Names of CAs.
const NAMES: usize = 4;

fn beside_it(member: &mut Member) -> Option<&mut Vec<Serial>> {
    match member {
        Member::Server { beside, .. } => Some(beside),
        _ => None,
    }
}

/// The other key that a genuine signature verifies under, which anybody can work out.
fn second_key(world: &mut World, random: &mut Random) -> Option<Key> {
    let of = random.below(world.certs.len());
    let signer = world.certs[of].signer?;
    let known = world.keys.contains(&KeyKind::Second(of));
    if known || world.keys[signer] != KeyKind::Plain || !world.certs[of].supported {
        return None;
    }
    world.keys.push(KeyKind::Second(of));
    Some(world.keys.len() - 1)
}

/// A certificate that says whatever it likes, and is signed by the adversary or by nobody.
fn invented(world: &World, evil: [Key; 2], random: &mut Random) -> Cert {
    let key = match random.chance(60) {
        true => random.below(world.keys.len()),
        false => random.one_of(&evil),
    };
    let signer = match random.chance(85) {
        true => Some(random.one_of(&evil)),
        false => None,
    };
    let (subject, issuer) = (random.below(NAMES), random.below(NAMES));
    let identifier = |random: &mut Random| match random.below(4) {
        0 => None,
        1 => Some(OTHER),
        _ => Some(random.below(world.keys.len())),
    };
    let honest = Cert::ca(subject, key, issuer, evil[0]);
    let cert = Cert {
        // What is self-signed is self-issued too: of anything else the page does not speak.
        issuer: if signer == Some(key) { subject } else { issuer },
        signer,
        subject_identifier: if random.chance(70) {
            Some(key)
        } else {
            identifier(random)
        },
        authority_identifier: identifier(random),
        previous: random.chance(40).then(|| random.below(world.certs.len())),
        may_sign: random.one_of(&[Some(true), Some(true), Some(true), None, Some(false)]),
        supported: !random.chance(5),
        ..honest
    };
    let (from, until) = random.one_of(&[(-2000, 4000), (-2000, 4000), (-2000, -50), (-1, 9000)]);
    Cert { from, until, ..cert }
}

/// The world with a subject that the adversary signed, by the issuer name that it is asked for; where three members agree,
/// the last of them is the adversary's as well. `None` where the law lets a member or a claim speak for itself.
pub fn forged(world: &World, place: Place, random: &mut Random) -> Option<World> {
    let (mut world, evil) = attacked(world, place, random);
    let Subject::One(Brought { cert, chain }) = world.subject.clone() else {
        return None;
    };
    if world.policy.proof != ProofWanted::Signature {
        return None;
    }
    let named = world.certs[cert].issuer;
    let name = if random.chance(80) { named } else { random.below(NAMES) };
    let signer = random.one_of(&evil);
    let identifiers = [
        Some(signer),
        world.certs[cert].authority_identifier,
        Some(random.below(world.keys.len())),
        None,
    ];
    let forged = Cert {
        authority_identifier: random.one_of(&identifiers),
        ..Cert::server(0, random.below(7), name, signer)
    };
    world.certs.push(forged);
    let cert = world.certs.len() - 1;
    world.subject = match random.chance(85) {
        true => Subject::One(Brought { cert, chain }),
        false => Subject::AnyOf(vec![(cert, Some(true))]),
    };
    let servers = |member: &&Member| matches!(member, Member::Server { .. });
    // Whom the operator distrusts says nothing: the adversary's member must not be the only one that does.
    let heard = world.distrust.is_empty();
    if heard && world.policy.references == References::Agree && world.members.iter().filter(servers).count() >= 2 {
        world.certs.push(Cert::server(7, 7, name, random.one_of(&evil)));
        let (cert, beside, tls) = (world.certs.len() - 1, vec![], None);
        world.members.push(Member::Server { cert, beside, tls });
    }
    Some(world)
}

/// The same in another order.
pub fn shuffled(world: &World, random: &mut Random) -> World {
    let mut world = world.clone();
    random.shuffle(&mut world.authorities);
    random.shuffle(&mut world.intermediates);
    random.shuffle(&mut world.members);
    random.shuffle(&mut world.distrust);
    for member in &mut world.members {
        if let Member::Server { beside, .. } = member {
            random.shuffle(beside);
        }
    }
    if let Subject::One(of) = &mut world.subject {
        random.shuffle(&mut of.chain);
    }
    world
}
