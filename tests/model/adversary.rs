//! The adversary: any key but the honest ones, every certificate there is, and wherever it may write.

use same_ca::protocol::{ProofWanted, References};

use super::random::Random;
use super::world::{Brought, Cert, HOSTS, Key, KeyKind, Member, Serial, Subject, World};

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
/// parents of its own over both, and hashes of what is genuine.
pub fn attacked(world: &World, place: Place) -> (World, Key) {
    let mut world = world.clone();
    let evil = world.keys.len();
    world.keys.push(KeyKind::Plain);
    let genuine: Vec<(Serial, Cert)> = world.certs.iter().cloned().enumerate().collect();
    let mut made: Vec<Serial> = Vec::new();
    let mut add = |world: &mut World, cert: Cert| {
        if !world.certs.contains(&cert) && world.certs.len() < 60 {
            world.certs.push(cert);
            made.push(world.certs.len() - 1);
        }
    };
    for (serial, cert) in genuine.into_iter().filter(|(_, cert)| cert.subject < HOSTS) {
        let parent = (cert.subject + 1) % 4;
        add(&mut world, Cert::ca(cert.subject, evil, cert.subject, evil));
        add(&mut world, Cert::ca(cert.subject, cert.key, cert.subject, evil));
        add(&mut world, Cert::ca(cert.subject, cert.key, parent, evil));
        add(&mut world, Cert::ca(cert.subject, evil, parent, evil));
        let follows = Cert {
            previous: Some(serial),
            ..Cert::ca(cert.subject, evil, cert.subject, evil)
        };
        add(&mut world, follows);
    }
    let (brought, found, beside) = match place {
        Place::Brought => (true, false, false),
        Place::Intermediates => (false, true, false),
        Place::BesideAMember => (false, false, true),
        Place::Everywhere => (true, true, true),
    };
    if found {
        world.intermediates.extend(&made);
    }
    let first = world.members.iter_mut().find_map(|member| match member {
        Member::Server { beside, .. } => Some(beside),
        _ => None,
    });
    if let Some(first) = first.filter(|_| beside) {
        first.extend(&made);
    }
    if let (Subject::One(of), true) = (&mut world.subject, brought) {
        of.chain.extend(&made);
    }
    (world, evil)
}

/// The world with a subject that the adversary signed, by the issuer name that it is asked for; where three members agree,
/// the last of them is the adversary's as well. `None` where the law lets a member or a claim speak for itself.
pub fn forged(world: &World, place: Place) -> Option<World> {
    let (mut world, evil) = attacked(world, place);
    let Subject::One(Brought { cert, chain }) = world.subject.clone() else {
        return None;
    };
    if world.policy.proof != ProofWanted::Signature {
        return None;
    }
    let name = world.certs[cert].issuer;
    let forged = Cert::server(8, 7, name, evil);
    world.certs.push(forged);
    let cert = world.certs.len() - 1;
    world.subject = Subject::One(Brought { cert, chain });
    let servers = |member: &&Member| matches!(member, Member::Server { .. });
    // Whom the operator distrusts says nothing: the adversary's member must not be the only one that does.
    let heard = world.distrust.is_empty();
    if heard && world.policy.references == References::Agree && world.members.iter().filter(servers).count() >= 2 {
        world.certs.push(Cert::server(7, 7, name, evil));
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
