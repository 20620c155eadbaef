//! Random worlds, with what goes on in real CAs and what an attacker makes of it.

use super::world::{
    Brought, Cert, Distrust, HOSTS, Key, KeyKind, Level, Match, Member, Name, OTHER, Policy, ProofWanted, References,
    Serial, Subject, World,
};

/// Numbers that the same seed gives again (SplitMix64).
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64, stream: u64) -> Random {
        let mut random = Random(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// Whether a thing happens that happens `percent` times of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

/// Keys that everybody may show; the next is one that counts only where trusted.
const PLAIN: usize = 6;
/// The first of two keys of servers.
const SERVERS: Key = PLAIN + 1;
/// Names of CAs.
const NAMES: usize = 4;

/// A random world.
pub fn world(random: &mut Random) -> World {
    let mut making = Making {
        keys: [vec![KeyKind::Plain; PLAIN], vec![KeyKind::Odd], vec![KeyKind::Plain; 2]].concat(),
        certs: Vec::new(),
    };
    let count = 2 + random.below(5);
    for _ in 0..count {
        let cert = making.authority(random);
        making.add(cert);
    }
    let authorities = making.certs.len();
    let mut servers = Vec::new();
    for _ in 0..1 + [0, 0, 0, 1, 1, 2][random.below(6)] {
        servers.push(making.server(random));
    }
    let favoured = making.certs[servers[0]].clone();
    let subject = match random.below(20) {
        0 => random.one_of(&servers),
        1 => random.below(authorities),
        // Often by the same name, which is where the questions are.
        2..8 => {
            let signer = making.namesake(favoured.issuer, random).unwrap_or(0);
            let cert = Cert::server(random.below(2), SERVERS + random.below(2), favoured.issuer, signer);
            let cert = making.noise(cert, random, 10);
            making.add(cert)
        }
        _ => making.server(random),
    };
    let seconds = making.keys.len() > SERVERS + 2;
    if !seconds && random.chance(8) {
        // A second key of a server's signature, and a CA certificate for it.
        let of = random.one_of(&[servers[0], subject]);
        if let Some(key) = making.second(of) {
            let issuer = making.certs[of].issuer;
            let signer = random.below(PLAIN);
            let cert = Cert::ca(
                issuer,
                key,
                if random.chance(50) { issuer } else { random.below(NAMES) },
                signer,
            );
            making.add(cert);
        }
    }
    let mut world = World {
        keys: making.keys,
        certs: making.certs,
        authorities: vec![],
        intermediates: vec![],
        members: servers
            .into_iter()
            .map(|cert| Member::Server {
                cert,
                beside: vec![],
                tls: random.chance(15).then(|| random.chance(70)),
            })
            .collect(),
        distrust: vec![],
        subject: Subject::One(Brought {
            cert: subject,
            chain: vec![],
        }),
        policy: policy(random),
    };
    rank(&mut world, random);
    rest(&mut world, random);
    world
}

fn policy(random: &mut Random) -> Policy {
    if random.chance(35) {
        return Policy::DEFAULT;
    }
    Policy {
        match_: random.one_of(&[Match::Authority, Match::Authority, Match::Key, Match::Name]),
        level: random.one_of(&[Level::Issuing, Level::Issuing, Level::Root]),
        proof: random.one_of(&[
            ProofWanted::Signature,
            ProofWanted::Signature,
            ProofWanted::KeyIdentifier,
            ProofWanted::Name,
        ]),
        references: random.one_of(&[References::Agree, References::Agree, References::Any]),
    }
}

/// Hands the CA certificates out: to the operator, to whoever, to members and to the subject.
fn rank(world: &mut World, random: &mut Random) {
    let generous = random.one_of(&[30, 50, 70]);
    for serial in 0..world.certs.len() {
        let of_a_ca = world.certs[serial].subject < HOSTS;
        if !of_a_ca && !random.chance(3) {
            continue;
        }
        if random.chance(generous) {
            world.authorities.push(serial);
        }
        if random.chance(20) {
            world.intermediates.push(serial);
        }
        if random.chance(15) {
            let at = random.below(world.members.len());
            if let Member::Server { beside, .. } = &mut world.members[at] {
                beside.push(serial);
            }
        }
        if let (true, Subject::One(brought)) = (random.chance(20), &mut world.subject) {
            brought.chain.push(serial);
        }
    }
}

/// Pins, distrust, members that cannot be read, `any_of`.
fn rest(world: &mut World, random: &mut Random) {
    let pinnable: Vec<Serial> = (0..world.certs.len()).filter(|c| can_be_pinned(world, *c)).collect();
    if random.chance(18) {
        for _ in 0..1 + random.below(2) {
            let pin = match random.chance(60) && !pinnable.is_empty() {
                true => Member::Pin(random.one_of(&pinnable)),
                false => Member::KeyPin(random.below(world.keys.len())),
            };
            if !world.members.contains(&pin) {
                world.members.push(pin);
            }
        }
        if random.chance(30) {
            world
                .members
                .retain(|member| matches!(member, Member::Pin(_) | Member::KeyPin(_)));
        }
    }
    if random.chance(12) {
        let cert = random.below(world.certs.len());
        world.distrust.push(match random.chance(50) {
            true => Distrust::Cert(cert),
            false => Distrust::Key(world.certs[cert].key),
        });
    }
    if random.chance(4) {
        world.members.push(Member::Unreadable);
    }
    if random.chance(8) {
        let servers: Vec<Serial> = (0..world.certs.len())
            .filter(|c| world.certs[*c].subject >= HOSTS)
            .collect();
        let mut list: Vec<(Serial, Option<bool>)> = Vec::new();
        for _ in 0..random.below(4) {
            let cert = random.one_of(&servers);
            if list.iter().all(|(known, _)| *known != cert) {
                list.push((cert, random.one_of(&[None, Some(true), Some(true), Some(false)])));
            }
        }
        world.subject = Subject::AnyOf(list);
    }
}

/// A pin is a CA certificate that may sign, at level root a self-signed one; other requests are refused.
pub fn can_be_pinned(world: &World, serial: Serial) -> bool {
    let it = &world.certs[serial];
    let ca = it.ca && !it.version1 && it.may_sign != Some(false);
    ca && (world.policy.level == Level::Issuing || world.is_self_signed(serial))
}

/// Certificates in the making.
struct Making {
    keys: Vec<KeyKind>,
    certs: Vec<Cert>,
}

impl Making {
    /// Puts one down; one that is there already is that one.
    fn add(&mut self, cert: Cert) -> Serial {
        match self.certs.iter().position(|known| *known == cert) {
            Some(known) => known,
            None => {
                self.certs.push(cert);
                self.certs.len() - 1
            }
        }
    }

    fn second(&mut self, of: Serial) -> Option<Key> {
        let it = &self.certs[of];
        let signed = it.signer.filter(|signer| self.keys[*signer] == KeyKind::Plain);
        (signed.is_some() && it.supported).then(|| {
            self.keys.push(KeyKind::Second(of));
            self.keys.len() - 1
        })
    }

    /// A key that a certificate of a name carries, and that can sign.
    fn namesake(&self, name: Name, random: &mut Random) -> Option<Key> {
        let of_name = self
            .certs
            .iter()
            .filter(|cert| cert.subject == name)
            .map(|cert| cert.key);
        let keys: Vec<Key> = of_name
            .filter(|key| !matches!(self.keys[*key], KeyKind::Second(_)))
            .collect();
        (!keys.is_empty()).then(|| random.one_of(&keys))
    }

    fn key(&self, random: &mut Random) -> Key {
        if random.chance(6) { PLAIN } else { random.below(PLAIN) }
    }

    fn some(&self, random: &mut Random) -> Option<Cert> {
        (!self.certs.is_empty()).then(|| self.certs[random.below(self.certs.len())].clone())
    }

    /// The next CA certificate.
    fn authority(&mut self, random: &mut Random) -> Cert {
        let (name, key) = (random.below(NAMES), self.key(random));
        let root = Cert::ca(name, key, name, key);
        let can_sign = |cert: &Cert| !matches!(self.keys[cert.key], KeyKind::Second(_));
        let (Some(one), Some(other)) = (self.some(random), self.some(random).filter(can_sign)) else {
            return self.noise(root, random, 6);
        };
        let serial = self.certs.iter().position(|cert| *cert == one);
        let cert = match random.below(16) {
            0 | 1 => root,
            // An issuing CA.
            2..5 => Cert::ca(name, key, other.subject, other.key),
            // A renewal.
            5 => Cert {
                previous: serial,
                until: random.one_of(&[-5, 10, 400, 5000]),
                ..one
            },
            // A re-key by the same issuer, or of a root.
            6..9 => {
                let signer = match one.signer {
                    Some(own) if own == one.key && one.subject == one.issuer => Some(key),
                    other => other,
                };
                Cert {
                    key,
                    signer,
                    subject_identifier: Some(key),
                    previous: serial.filter(|_| random.chance(70)),
                    authority_identifier: signer.filter(|signer| *signer != key),
                    ..one
                }
            }
            // The cross-certificates of a re-key, in both directions; and those of other CAs, and bridges.
            9..13 => {
                let namesakes: Vec<&Cert> = self
                    .certs
                    .iter()
                    .filter(|c| c.subject == one.subject && can_sign(c))
                    .collect();
                let by = match random.chance(60) && !namesakes.is_empty() {
                    true => namesakes[random.below(namesakes.len())].clone(),
                    false => other,
                };
                Cert::ca(one.subject, one.key, by.subject, by.key)
            }
            // A look-alike.
            13 => Cert::ca(one.subject, key, one.subject, key),
            14 => {
                let of = self.certs.len() - 1;
                match self.second(of).filter(|_| random.chance(40)) {
                    Some(second) => Cert::ca(self.certs[of].issuer, second, other.subject, other.key),
                    None => Cert::ca(one.subject, key, other.subject, other.key),
                }
            }
            // Whatever.
            _ => Cert::ca(name, key, random.below(NAMES), self.key(random)),
        };
        self.noise(cert, random, 6)
    }

    /// A server's certificate, by a CA that is there as a rule.
    fn server(&mut self, random: &mut Random) -> Serial {
        let can_sign = |cert: &Cert| !matches!(self.keys[cert.key], KeyKind::Second(_));
        let issuer = self.some(random).filter(can_sign);
        let (name, key) = match issuer {
            Some(issuer) if random.chance(92) => (issuer.subject, issuer.key),
            _ => (random.below(NAMES), self.key(random)),
        };
        let cert = Cert::server(random.below(2), SERVERS + random.below(2), name, key);
        let cert = self.noise(cert, random, 8);
        self.add(cert)
    }

    /// What may be out of the ordinary about a certificate, each so many times of a hundred.
    fn noise(&self, mut cert: Cert, random: &mut Random, percent: usize) -> Cert {
        if random.chance(percent) {
            cert.authority_identifier = match random.below(4) {
                0 | 1 => None,
                2 => Some(OTHER + random.below(2)),
                _ => Some(random.below(PLAIN)),
            };
        }
        if random.chance(percent) {
            cert.subject_identifier = random.one_of(&[None, Some(OTHER), Some(OTHER + 1)]);
        }
        if random.chance(percent) {
            let ca = cert.subject < HOSTS;
            (cert.from, cert.until) = match ca {
                true => random.one_of(&[(-2000, -50), (-2000, -300), (-2000, 10), (-1000, 6000)]),
                false => random.one_of(&[(-300, -5), (5, 700), (-20, 10), (-1, 200), (-250, 100)]),
            };
        }
        if random.chance(percent) {
            // A forged or a broken signature.
            cert.signer = if random.chance(50) {
                None
            } else {
                Some(self.key(random))
            };
        }
        if !cert.ca && random.chance(percent / 3) {
            cert.key = self.key(random);
        }
        if random.chance(percent / 3) {
            cert.supported = false;
        }
        if random.chance(percent / 2) {
            cert.issuer = random.below(NAMES);
        }
        if cert.ca && random.chance(percent / 2) {
            cert.may_sign = random.one_of(&[None, Some(false)]);
        }
        if cert.ca && random.chance(percent / 3) {
            cert.version1 = true;
            cert.ca = false;
        }
        if cert.ca && random.chance(percent / 4) {
            cert.ca = false;
        }
        // Whether what is not self-issued can be self-signed, the page does not say.
        if cert.subject != cert.issuer && cert.signer == Some(cert.key) {
            cert.signer = None;
        }
        if random.chance(percent / 4) {
            cert.copy = 1;
        }
        cert
    }
}

/// Whether every certificate can be minted: nothing hangs on itself, and a second key signs nothing.
pub fn can_be_minted(world: &World) -> bool {
    let second = |key: Key| matches!(world.keys[key], KeyKind::Second(_));
    world.certs.iter().enumerate().all(|(serial, cert)| {
        let after = |of: Serial| of < serial;
        let key = |key: Key| match world.keys[key] {
            KeyKind::Second(of) => after(of),
            _ => true,
        };
        let identifier = |id: Option<usize>| id.is_none_or(|id| id >= OTHER || key(id));
        cert.previous.is_none_or(after)
            && key(cert.key)
            && identifier(cert.subject_identifier)
            && identifier(cert.authority_identifier)
            && !cert.signer.is_some_and(second)
    }) && world.keys.iter().all(|kind| match kind {
        KeyKind::Second(of) => {
            let it = &world.certs[*of];
            it.supported && it.signer.is_some_and(|signer| world.keys[signer] == KeyKind::Plain)
        }
        _ => true,
    })
}
