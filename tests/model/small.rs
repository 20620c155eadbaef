//! All worlds of up to five certificates over two names and three keys, and what must hold of the law itself in each.

use std::collections::BTreeMap;

use rayon::prelude::*;
use same_ca::protocol::{Relation, Status};

use super::law::{Verdict, verdict};
use super::random::can_be_pinned;
use super::world::{
    Brought, Cert, Distrust, Key, KeyKind, Level, Match, Member, Policy, ProofWanted, References, Serial, Subject,
    World,
};

const NAMES: usize = 2;
const KEYS: usize = 3;
/// Certificates at most, the subject's and the members' with them.
const CERTS: usize = 5;

/// What a CA certificate is there as.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Role {
    Authority,
    Intermediate,
    Brought,
    Pin,
    Distrust,
}

const ROLES: [Role; 5] = [
    Role::Authority,
    Role::Intermediate,
    Role::Brought,
    Role::Pin,
    Role::Distrust,
];

/// Subject, key, issuer, signer; and what it is there as.
type Authority = (usize, Key, usize, Key, Role);
/// Issuer and signer.
type Server = (usize, Key);

/// A world before it is written out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    members: Vec<Server>,
    authorities: Vec<Authority>,
    /// `None`: the first member's own certificate.
    subject: Option<Server>,
}

impl Shape {
    /// The same with names and keys renamed, and its lists in order.
    fn renamed(&self, names: [usize; NAMES], keys: [Key; KEYS]) -> Shape {
        let server = |(issuer, signer): &Server| (names[*issuer], keys[*signer]);
        let ca = |(a, b, c, d, role): &Authority| (names[*a], keys[*b], names[*c], keys[*d], *role);
        let mut shape = Shape {
            authorities: self.authorities.iter().map(ca).collect(),
            members: self.members.iter().map(server).collect(),
            subject: self.subject.as_ref().map(server),
        };
        shape.authorities.sort_unstable();
        // The first member alone may be the subject too.
        let first = usize::from(shape.subject.is_none());
        shape.members[first..].sort_unstable();
        shape
    }

    /// Whether it stands for all that are the same but for the names of names and keys.
    fn is_first_of_its_kind(&self) -> bool {
        const KEYS_: [[Key; KEYS]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let may_be_first = |names: &[usize; NAMES], keys: &[Key; KEYS]| {
            // The first member of the first of a kind is of the first name and key.
            let mut members = self.members.iter();
            self.members.is_empty() || members.any(|(issuer, signer)| names[*issuer] == 0 && keys[*signer] == 0)
        };
        let mut others = KEYS_
            .iter()
            .flat_map(|keys| [[0, 1], [1, 0]].map(|names| (names, *keys)));
        others.all(|(names, keys)| !may_be_first(&names, &keys) || *self <= self.renamed(names, keys))
    }

    fn world(&self, policy: Policy) -> Option<World> {
        let mut world = World {
            keys: vec![KeyKind::Plain; KEYS + 1],
            certs: vec![],
            authorities: vec![],
            intermediates: vec![],
            members: vec![],
            distrust: vec![],
            subject: Subject::AnyOf(vec![]),
            policy,
        };
        let mut chain = Vec::new();
        for (serial, (subject, key, issuer, signer, role)) in self.authorities.iter().enumerate() {
            world.certs.push(Cert::ca(*subject, *key, *issuer, *signer));
            match role {
                Role::Authority => world.authorities.push(serial),
                Role::Intermediate => world.intermediates.push(serial),
                Role::Brought => chain.push(serial),
                Role::Pin if !can_be_pinned(&world, serial) => return None,
                Role::Pin => world.members.push(Member::Pin(serial)),
                Role::Distrust => world.distrust.push(Distrust::Cert(serial)),
            }
        }
        let first = world.certs.len();
        for (host, (issuer, signer)) in self.members.iter().enumerate() {
            let cert = world.certs.len();
            world.certs.push(Cert::server(host, KEYS, *issuer, *signer));
            let (beside, tls) = (vec![], None);
            world.members.push(Member::Server { cert, beside, tls });
        }
        let cert = match self.subject {
            None => first,
            Some((issuer, signer)) => {
                world.certs.push(Cert::server(9, KEYS, issuer, signer));
                world.certs.len() - 1
            }
        };
        world.subject = Subject::One(Brought { cert, chain });
        Some(world)
    }
}

/// All shapes that have so many CA certificates and members, those of one first CA certificate after the other.
fn shapes(
    first: usize,
    authorities: usize,
    members: usize,
    mut wanted: impl FnMut() -> bool,
    mut of_each: impl FnMut(&Shape),
) {
    let all: Vec<Authority> = all_authorities();
    let mut lists: Vec<Vec<Authority>> = vec![vec![]];
    for at in 0..authorities {
        let longer = |list: &Vec<Authority>| {
            let last = list.last().copied();
            let may_follow = |ca: &&Authority| match last {
                None => at == 0 && **ca == all[first],
                // In order, and no certificate as two things.
                Some(last) => **ca > last && (ca.0, ca.1, ca.2, ca.3) != (last.0, last.1, last.2, last.3),
            };
            let list = list.clone();
            all.iter()
                .filter(may_follow)
                .map(move |ca| [list.clone(), vec![*ca]].concat())
                .collect::<Vec<_>>()
        };
        lists = lists.iter().flat_map(longer).collect();
    }
    let servers: Vec<Server> = (0..NAMES)
        .flat_map(|name| (0..KEYS).map(move |key| (name, key)))
        .collect();
    let mut groups: Vec<Vec<Server>> = vec![vec![]];
    for at in 0..members {
        // The first is of the first name and key: so is that of every world under one of its names.
        let servers = if at == 0 { &servers[..1] } else { &servers[..] };
        let longer = |list: &Vec<Server>| {
            servers
                .iter()
                .map(|one| [list.clone(), vec![*one]].concat())
                .collect::<Vec<_>>()
        };
        groups = groups.iter().flat_map(longer).collect();
    }
    for list in &lists {
        for group in &groups {
            for subject in servers.iter().copied().map(Some).chain([None]) {
                if (subject.is_none() && members == 0) || !wanted() {
                    continue;
                }
                let shape = Shape {
                    authorities: list.clone(),
                    members: group.clone(),
                    subject,
                };
                if shape.is_first_of_its_kind() {
                    of_each(&shape);
                }
            }
        }
    }
}

fn all_authorities() -> Vec<Authority> {
    let mut all = Vec::new();
    for subject in 0..NAMES {
        for key in 0..KEYS {
            for issuer in 0..NAMES {
                for signer in 0..KEYS {
                    all.extend(ROLES.map(|role| (subject, key, issuer, signer, role)));
                }
            }
        }
    }
    all.sort_unstable();
    all
}

/// What was gone through, and what was found.
#[derive(Default)]
pub struct Tally {
    pub worlds: u64,
    pub verdicts: u64,
    /// How often each relation stands under each match, with each status.
    pub rows: BTreeMap<(Relation, &'static str, Status), u64>,
    /// Passes taken away for a reason that the law means.
    pub meant: BTreeMap<&'static str, u64>,
    /// What must not be, by the property that it breaks: how often, and the first world.
    pub broken: BTreeMap<&'static str, (u64, World)>,
}

impl Tally {
    fn join(mut self, other: Tally) -> Tally {
        self.worlds += other.worlds;
        self.verdicts += other.verdicts;
        other
            .rows
            .into_iter()
            .for_each(|(row, n)| *self.rows.entry(row).or_default() += n);
        other
            .meant
            .into_iter()
            .for_each(|(why, n)| *self.meant.entry(why).or_default() += n);
        for (property, (n, world)) in other.broken {
            self.broken.entry(property).or_insert((0, world)).0 += n;
        }
        self
    }

    fn broke(&mut self, property: &'static str, world: &World) {
        self.broken.entry(property).or_insert_with(|| (0, world.clone())).0 += 1;
    }
}

/// Goes through one world in `stride`, under every policy.
pub fn all(stride: u64) -> Tally {
    let mut parts: Vec<(usize, usize, usize)> = Vec::new();
    for members in 0..=3 {
        // Without members there are pins at most, and one certificate fewer is enough of them.
        for authorities in 0..CERTS - members.max(1) {
            let firsts = if authorities == 0 { 1 } else { all_authorities().len() };
            parts.extend((0..firsts).map(|first| (first, authorities, members)));
        }
    }
    let policies = Policy::all();
    let part = |(first, authorities, members): (usize, usize, usize)| {
        let mut tally = Tally::default();
        let mut at = first as u64 * 7;
        let wanted = || {
            at += 1;
            at.is_multiple_of(stride)
        };
        shapes(first, authorities, members, wanted, |shape| {
            tally.worlds += 1;
            let worlds = policies.iter().filter_map(|policy| shape.world(*policy));
            worlds.for_each(|world| hold(&world, &mut tally));
        });
        tally
    };
    parts.into_par_iter().map(part).reduce(Tally::default, Tally::join)
}

/// What must hold of the law in a world.
fn hold(world: &World, tally: &mut Tally) {
    let said = verdict(world);
    tally.verdicts += 1;
    let match_ = match world.policy.match_ {
        Match::Key => "key",
        Match::Authority => "authority",
        Match::Name => "name",
    };
    *tally.rows.entry((said.relation, match_, said.status)).or_default() += 1;
    let passes = said.status == Status::Compliant;
    if passes && !has_its_row(world, &said) {
        tally.broke("a pass is a row of the table", world);
    }
    if passes && (0..KEYS).any(|evil| is_forged(world, evil)) {
        tally.broke("what no allowed key signed is never compliant", world);
    }
    if passes && is_of_a_distrusted_key(world) {
        tally.broke("what a distrusted key signed is never compliant", world);
    }
    if world.policy.proof != ProofWanted::Signature {
        return;
    }
    for serial in 0..world.certs.len() {
        if let Some((without, rank)) = less(world, serial) {
            one_less(world, &said, &without, rank, serial, tally);
        }
    }
}

/// The same world with and without one of its CA certificates.
fn one_less(world: &World, with: &Verdict, without_it: &World, rank: Role, serial: Serial, tally: &mut Tally) {
    let passes = with.status == Status::Compliant;
    match rank {
        Role::Brought => {
            let without = verdict(without_it);
            tally.verdicts += 1;
            if without.reference != with.reference {
                tally.broke("what a subject brings says nothing of the reference", world);
            }
            if without.status == Status::Compliant && !passes {
                tally.broke("what a subject brings takes no pass away", world);
            }
        }
        Role::Intermediate | Role::Authority if !passes => {
            let without = verdict(without_it);
            tally.verdicts += 1;
            if without.status != Status::Compliant {
                return;
            }
            if is_identical_at_level_root(world) {
                *tally
                    .meant
                    .entry("identity at level root, once its issuer is known")
                    .or_default() += 1;
                return;
            }
            // The law means it: what comes to light about the reference was not known before.
            let news = with
                .reference
                .must
                .iter()
                .find(|said| !without.reference.must.contains(said));
            match (news, rank) {
                (Some((code, _)), Role::Authority) => *tally.meant.entry(code).or_default() += 1,
                (Some((code, _)), _) => *tally.meant.entry(untrusted(code)).or_default() += 1,
                // 8.1: an untrusted issuer certificate counts for a member only where it has no wholly trusted path.
                (None, Role::Authority) if world.policy.level == Level::Root && has_untrusted(world) => {
                    *tally.meant.entry("a wholly trusted path at level root").or_default() += 1;
                }
                (None, Role::Authority) => tally.broke("what is trusted takes no pass away", world),
                (None, _) => tally.broke("what is untrusted takes no pass away", world),
            }
        }
        // A distrusted key helps nowhere: whatever passes does so without its certificates.
        _ if passes && is_distrusted(world, world.certs[serial].key) => {
            let without = verdict(without_it);
            tally.verdicts += 1;
            if without.status != Status::Compliant {
                tally.broke("a distrusted key helps nowhere", world);
            }
        }
        _ => {}
    }
}

/// Whether there is a CA certificate that nobody answers for, whoever shows it.
fn has_untrusted(world: &World) -> bool {
    !world.intermediates.is_empty() || subject(world).is_some_and(|(_, chain)| !chain.is_empty())
}

/// Whether the subject is byte for byte a member's certificate, at level root: that passes while nothing verifies it, and
/// no longer once its issuer is known and leads to no trusted root.
pub fn is_identical_at_level_root(world: &World) -> bool {
    let judged: Vec<Serial> = match &world.subject {
        Subject::One(of) => vec![of.cert],
        Subject::AnyOf(of) => of.iter().map(|(cert, _)| *cert).collect(),
    };
    let is = |member: &Member| matches!(member, Member::Server { cert, .. } if judged.contains(cert));
    world.policy.level == Level::Root && world.members.iter().any(is)
}

fn untrusted(code: &str) -> &'static str {
    match code {
        "references-disagree" => "references-disagree, by what is untrusted",
        "signature-invalid" => "signature-invalid, by what is untrusted",
        _ => "another code, by what is untrusted",
    }
}

/// The world without one certificate as evidence, and what that was there as; distrust stays.
fn less(world: &World, serial: Serial) -> Option<(World, Role)> {
    let mut less = world.clone();
    let rank = if less.authorities.contains(&serial) {
        less.authorities.retain(|c| *c != serial);
        Role::Authority
    } else if less.intermediates.contains(&serial) {
        less.intermediates.retain(|c| *c != serial);
        Role::Intermediate
    } else {
        match &mut less.subject {
            Subject::One(brought) if brought.chain.contains(&serial) => brought.chain.retain(|c| *c != serial),
            _ => return None,
        }
        Role::Brought
    };
    Some((less, rank))
}

fn is_distrusted(world: &World, key: Key) -> bool {
    world.distrust.iter().any(|distrust| match distrust {
        Distrust::Cert(cert) => world.certs[*cert].key == key,
        Distrust::Key(of) => *of == key,
    })
}

fn subject(world: &World) -> Option<(Serial, &[Serial])> {
    match &world.subject {
        Subject::One(brought) => Some((brought.cert, &brought.chain)),
        Subject::AnyOf(_) => None,
    }
}

/// The subject is signed by a distrusted key, which is recognised by its certificate.
fn is_of_a_distrusted_key(world: &World) -> bool {
    subject(world).is_some_and(|(cert, _)| {
        let signer = world.certs[cert].signer;
        let distrusted = |of: &Distrust| matches!(of, Distrust::Cert(c) if Some(world.certs[*c].key) == signer);
        world.certs[cert].supported && world.distrust.iter().any(distrusted)
    })
}

/// A pass is `same` or `rollover`, `key-only` under `match: key`, or rests on weak evidence and says so; and no pass is
/// beside an error or a doubt.
fn has_its_row(world: &World, said: &Verdict) -> bool {
    let weak = said.subject.has("weak-evidence") && world.policy.proof != ProofWanted::Signature;
    match said.relation {
        Relation::Same => true,
        Relation::Rollover => world.policy.match_ != Match::Key,
        Relation::KeyOnly => world.policy.match_ == Match::Key,
        Relation::Unproven => weak,
        Relation::NameOnly => weak && world.policy.match_ == Match::Name,
        Relation::Different | Relation::BadSignature | Relation::Unreadable => false,
    }
}

/// Whether the subject is signed by an attacker alone: the operator answers for no certificate that carries this key, no
/// other key signed one, and not every member is the attacker's.
pub fn is_forged(world: &World, evil: Key) -> bool {
    let Some((cert, _)) = subject(world) else {
        return false;
    };
    let of_evil = |c: &Serial| world.certs[*c].key == evil;
    let signed = |c: &Serial| world.certs[*c].signer == Some(evil);
    let trusted = world.authorities.iter().any(of_evil);
    let certified = (0..world.certs.len()).filter(|c| of_evil(c)).any(|c| !signed(&c));
    let (mut honest, mut rogue, mut pinned) = (0, 0, false);
    for member in &world.members {
        match member {
            Member::Server { cert, .. } if signed(cert) => rogue += 1,
            // 3.2: a member under a distrusted key says nothing; whom the operator leaves is all that there is.
            Member::Server { cert, .. } if world.certs[*cert].signer.is_some_and(|key| is_distrusted(world, key)) => {}
            Member::Server { .. } => honest += 1,
            Member::Pin(cert) => pinned |= of_evil(cert),
            Member::KeyPin(key) => pinned |= *key == evil,
            Member::Unreadable => {}
        }
    }
    // Under `any`, each member's authority is allowed, a rogue's too: so says the operator.
    let has_pins = world
        .members
        .iter()
        .any(|m| matches!(m, Member::Pin(_) | Member::KeyPin(_)));
    let meant = has_pins || rogue == 0 || (honest > 0 && world.policy.references == References::Agree);
    let by_signature = world.policy.proof == ProofWanted::Signature;
    signed(&cert) && !trusted && !certified && !pinned && meant && by_signature
}
