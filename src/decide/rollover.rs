//! Rollover, with its direction: which further keys of the same name a proven re-key joins to the keys of an authority.

use std::collections::{HashMap, HashSet};

use crate::cert::Name;
use crate::protocol::{Evidence, EvidenceKind, Hex, JoinedBy};

use super::evidence::Prover;

/// A key that belongs to an authority.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The key; an index into the pool.
    pub key: usize,
    /// Why it belongs.
    pub by: JoinedBy,
    /// The key that it was joined to; `None` for one that started the authority.
    pub from: Option<usize>,
    /// The verified steps of this join.
    pub evidence: Vec<Evidence>,
    /// The certificates that the join rests on; indices into the pool.
    pub links: Vec<usize>,
    /// What is only found, or relied on without being vouched; empty in a strict join.
    pub wanting: Vec<usize>,
}

impl Joined {
    /// A key that starts an authority.
    pub fn first(key: usize, by: JoinedBy) -> Self {
        Joined {
            key,
            by,
            from: None,
            evidence: Vec::new(),
            links: Vec::new(),
            wanting: Vec::new(),
        }
    }
}

/// How much of a join must be vouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rigour {
    /// The parent's certificate and the certificate for a key of the authority.
    Strict,
    /// One of the two: good for a hint, never for a verdict.
    Half,
}

/// Adds to `keys` every key that rollover joins, until nothing is added.
///
/// `names` are the names of the authority: one, but for an authority that is a key under several names.
pub fn close(prover: &mut Prover<'_>, names: &[Name], keys: &mut Vec<Joined>, rigour: Rigour) {
    let pool = prover.pool;
    let members: Vec<usize> = names.iter().flat_map(|name| pool.named(name).iter().copied()).collect();
    let mut family = Family::default();
    for joined in keys.iter() {
        family.admit(prover, names, joined.key, rigour);
    }
    loop {
        let mut added = false;
        for &index in &members {
            // What is left unproven for want of budget is said aloud; going on would be work without end.
            if prover.budget.exhausted() {
                return;
            }
            let Some(key) = pool.key_of(pool.held(index).certificate.key().id()) else {
                continue;
            };
            let known = pool.key(key);
            if known.distrusted || !known.usable || family.keys.contains(&key) {
                continue;
            }
            if let Some(joined) = join(prover, names, keys, &family, index, key) {
                keys.push(joined);
                family.admit(prover, names, key, rigour);
                added = true;
            }
        }
        if !added {
            return;
        }
    }
}

/// What an authority has already, looked up by what a join asks for: whoever brings ten thousand certificates that claim
/// its key must not have each compared with each.
#[derive(Default)]
struct Family {
    /// Its keys.
    keys: HashSet<usize>,
    /// The certificates for them that name another as the one before, by its SHA-1, with their keys.
    successors: HashMap<[u8; 20], Vec<(usize, usize)>>,
    /// What (b) may rest on; one for each parent.
    sponsors: Vec<Sponsor>,
}

/// A certificate for a key of the authority, and the parent that signed it.
struct Sponsor {
    twin: usize,
    twin_key: usize,
    parent: Parent,
    /// The parent's keys.
    keys: Vec<Joined>,
    /// What is not vouched of the two certificates that must be.
    wanting: Vec<usize>,
}

impl Family {
    fn admit(&mut self, prover: &mut Prover<'_>, names: &[Name], key: usize, rigour: Rigour) {
        if !self.keys.insert(key) {
            return;
        }
        let pool = prover.pool;
        for &twin in &pool.key(key).holders {
            let certificate = &pool.held(twin).certificate;
            if !names.contains(certificate.subject()) {
                continue;
            }
            if let Some(Ok(hash)) = certificate.previous_ca_hash().map(<[u8; 20]>::try_from) {
                self.successors.entry(hash).or_default().push((twin, key));
            }
            let Some((parent, wanting)) = parent_of(prover, names, twin, rigour) else {
                continue;
            };
            match self.sponsors.iter_mut().find(|known| known.parent.key == parent.key) {
                Some(known) if wanting.len() < known.wanting.len() => {
                    (known.twin, known.twin_key, known.wanting) = (twin, key, wanting);
                }
                Some(_) => {}
                None => {
                    let keys = parent_keys(prover, &parent);
                    self.sponsors.push(Sponsor {
                        twin,
                        twin_key: key,
                        parent,
                        keys,
                        wanting,
                    });
                }
            }
        }
    }
}

fn join(
    prover: &mut Prover<'_>,
    names: &[Name],
    keys: &[Joined],
    family: &Family,
    index: usize,
    key: usize,
) -> Option<Joined> {
    if let Some(link) = linked(prover, keys, index) {
        let evidence = vec![step(prover, EvidenceKind::Link, index, Some(link), names, None)];
        let (links, wanting) = (vec![index], Vec::new());
        return Some(Joined {
            key,
            by: JoinedBy::Link,
            from: Some(link),
            evidence,
            links,
            wanting,
        });
    }
    if let Some(joined) = common_parent(prover, family, index, key) {
        return Some(joined);
    }
    previous_hash(prover, names, keys, family, index, key)
}

/// (a): the key of the authority that signed a certificate.
fn linked(prover: &mut Prover<'_>, keys: &[Joined], index: usize) -> Option<usize> {
    let certificate = &prover.pool.held(index).certificate;
    keys.iter()
        .map(|joined| joined.key)
        .find(|&key| prover.verifies(certificate, key))
}

/// The certificates for keys that the authority has already, with that key.
fn twins(prover: &Prover<'_>, keys: &[Joined], members: &[usize]) -> Vec<(usize, usize)> {
    let pool = prover.pool;
    let of = |&index: &usize| {
        let key = pool.key_of(pool.held(index).certificate.key().id())?;
        keys.iter().any(|joined| joined.key == key).then_some((index, key))
    };
    members.iter().filter_map(of).collect()
}

/// A parent that signed a certificate for a key of the authority, where it may count.
struct Parent {
    /// Its key.
    key: usize,
    /// Its own certificate, vouched if any is.
    certificate: usize,
}

/// The parent of a twin, a known, trusted key of another name, with what is not vouched of the twin's certificate and the
/// parent's; `None` where too little is.
fn parent_of(prover: &mut Prover<'_>, names: &[Name], twin: usize, rigour: Rigour) -> Option<(Parent, Vec<usize>)> {
    let pool = prover.pool;
    let held = pool.held(twin);
    let another = |&index: &usize| !names.contains(pool.held(index).certificate.subject());
    let key = if held.vouched {
        prover.signer(&held.certificate).known()?
    } else if rigour == Rigour::Half {
        // Anybody can bring any number of these, so no more is tried than the vouched parent that the issuer's name tells.
        let vouched = |&index: &usize| pool.held(index).vouched;
        let parents = pool.named(held.certificate.issuer()).iter().copied();
        parents
            .take_while(vouched)
            .filter(another)
            .filter_map(|index| pool.key_of(pool.held(index).certificate.key().id()))
            .find(|&key| prover.verifies(&held.certificate, key))?
    } else {
        return None;
    };
    if pool.key(key).distrusted {
        return None;
    }
    // Holders stand vouched first.
    let certificate = pool.key(key).holders.iter().copied().find(another)?;
    let wanting = match (held.vouched, pool.held(certificate).vouched) {
        (true, true) => Vec::new(),
        (true, false) if rigour == Rigour::Half => vec![certificate],
        (false, true) if rigour == Rigour::Half => vec![twin],
        _ => return None,
    };
    Some((Parent { key, certificate }, wanting))
}

/// The keys of a parent: its own, and vouched keys of its name that (a) or (c) joins to it.
fn parent_keys(prover: &mut Prover<'_>, parent: &Parent) -> Vec<Joined> {
    let pool = prover.pool;
    let name = pool.held(parent.certificate).certificate.subject().clone();
    let vouched: Vec<usize> = pool
        .named(&name)
        .iter()
        .copied()
        .filter(|&index| pool.held(index).vouched)
        .collect();
    let mut keys = vec![Joined::first(parent.key, JoinedBy::Member)];
    let names = [name];
    loop {
        let mut added = false;
        for &index in &vouched {
            let Some(key) = pool.key_of(pool.held(index).certificate.key().id()) else {
                continue;
            };
            let known = pool.key(key);
            if known.distrusted || !known.usable || keys.iter().any(|joined| joined.key == key) {
                continue;
            }
            let joined = match linked(prover, &keys, index) {
                Some(link) => {
                    let evidence = vec![step(prover, EvidenceKind::Link, index, Some(link), &names, None)];
                    Some(Joined {
                        by: JoinedBy::Link,
                        from: Some(link),
                        evidence,
                        links: vec![index],
                        ..Joined::first(key, JoinedBy::Link)
                    })
                }
                None => {
                    let twins = twins(prover, &keys, &vouched);
                    successor(prover, &keys, &twins, index).map(|(twin, link)| {
                        let first = step(prover, EvidenceKind::Link, twin.0, Some(link), &names, None);
                        let evidence = vec![first, named_before(prover, index, twin.0)];
                        let links = vec![twin.0, index];
                        Joined {
                            from: Some(twin.1),
                            evidence,
                            links,
                            ..Joined::first(key, JoinedBy::PreviousHash)
                        }
                    })
                }
            };
            if let Some(joined) = joined {
                keys.push(joined);
                added = true;
            }
        }
        if !added {
            return keys;
        }
    }
}

/// A twin that a key of the authority signed and that names the certificate `index` as the one before.
fn successor(
    prover: &mut Prover<'_>,
    keys: &[Joined],
    twins: &[(usize, usize)],
    index: usize,
) -> Option<((usize, usize), usize)> {
    twins
        .iter()
        .filter(|twin| names_before(prover, twin.0, index))
        .copied()
        .collect::<Vec<_>>()
        .into_iter()
        .find_map(|twin| linked(prover, keys, twin.0).map(|link| (twin, link)))
}

/// (b): one parent signed the certificate and one for a key of the authority.
fn common_parent(prover: &mut Prover<'_>, family: &Family, index: usize, key: usize) -> Option<Joined> {
    let (sponsor, signer) = sponsored(prover, family, index)?;
    let twin = sponsor.twin;
    let mut evidence = vec![sponsor.step(prover)];
    let (above, mut links) = lineage(&sponsor.keys, signer);
    evidence.extend(above);
    let kind = EvidenceKind::CommonParent;
    evidence.push(step(prover, kind, index, Some(signer), &[], Some(twin)));
    links.extend([twin, index]);
    Some(Joined {
        key,
        by: JoinedBy::CommonParent,
        from: Some(sponsor.twin_key),
        evidence,
        links,
        wanting: sponsor.wanting.clone(),
    })
}

/// What (b) rests on for a certificate, and the parent's key that signed it.
fn sponsored<'f>(prover: &mut Prover<'_>, family: &'f Family, index: usize) -> Option<(&'f Sponsor, usize)> {
    let sponsors = family.sponsors.iter();
    sponsors
        .filter_map(|sponsor| Some((sponsor, linked(prover, &sponsor.keys, index)?)))
        .min_by_key(|(sponsor, _)| sponsor.wanting.len())
}

impl Sponsor {
    /// The parent signed the certificate for a key of the authority.
    fn step(&self, prover: &Prover<'_>) -> Evidence {
        let (kind, key) = (EvidenceKind::CommonParent, self.parent.key);
        step(prover, kind, self.twin, Some(key), &[], None)
    }
}

/// (c): a certificate for a key of the authority, itself signed as in (a) or (b), names the certificate as the one before.
fn previous_hash(
    prover: &mut Prover<'_>,
    names: &[Name],
    keys: &[Joined],
    family: &Family,
    index: usize,
    key: usize,
) -> Option<Joined> {
    let pool = prover.pool;
    if family.successors.is_empty() {
        return None;
    }
    let successors = family.successors.get(&pool.held(index).certificate.sha1())?;
    for &(twin, twin_key) in successors.iter().filter(|&&(twin, _)| twin != index) {
        let before = named_before(prover, index, twin);
        if let Some(link) = linked(prover, keys, twin) {
            let evidence = vec![step(prover, EvidenceKind::Link, twin, Some(link), names, None), before];
            let links = vec![twin, index];
            return Some(Joined {
                from: Some(twin_key),
                evidence,
                links,
                ..Joined::first(key, JoinedBy::PreviousHash)
            });
        }
        // (b) asks for a vouched certificate of the parent's for a key of the authority: the twin itself, or another.
        let Some((sponsor, signer)) = sponsored(prover, family, twin) else {
            continue;
        };
        let other = Some(sponsor.twin).filter(|&other| other != twin);
        let mut evidence = Vec::from_iter(other.map(|_| sponsor.step(prover)));
        let (above, mut links) = lineage(&sponsor.keys, signer);
        evidence.extend(above);
        let kind = EvidenceKind::CommonParent;
        evidence.push(step(prover, kind, twin, Some(signer), &[], other));
        evidence.push(before);
        links.extend(other);
        links.extend([twin, index]);
        return Some(Joined {
            key,
            by: JoinedBy::PreviousHash,
            from: Some(twin_key),
            evidence,
            links,
            wanting: sponsor.wanting.clone(),
        });
    }
    None
}

fn names_before(prover: &Prover<'_>, later: usize, earlier: usize) -> bool {
    let pool = prover.pool;
    let Some(hash) = pool.held(later).certificate.previous_ca_hash() else {
        return false;
    };
    later != earlier && hash == pool.held(earlier).certificate.sha1()
}

fn named_before(prover: &Prover<'_>, earlier: usize, later: usize) -> Evidence {
    let pool = prover.pool;
    Evidence {
        kind: EvidenceKind::PreviousHash,
        certificate: Some(Hex(*pool.held(earlier).certificate.sha256())),
        signer_key_sha256: None,
        signer_certificate: None,
        other_certificate: Some(Hex(*pool.held(later).certificate.sha256())),
    }
}

fn step(
    prover: &Prover<'_>,
    kind: EvidenceKind,
    signed: usize,
    signer: Option<usize>,
    names: &[Name],
    other: Option<usize>,
) -> Evidence {
    let pool = prover.pool;
    let certificate = &pool.held(signed).certificate;
    let name = names.first().unwrap_or(certificate.issuer());
    let holder = signer.and_then(|key| pool.holder(key, Some(name)));
    Evidence {
        kind,
        certificate: Some(Hex(*certificate.sha256())),
        signer_key_sha256: signer.map(|key| Hex(pool.key(key).id.0)),
        signer_certificate: holder.map(|held| Hex(*held.certificate.sha256())),
        other_certificate: other.map(|index| Hex(*pool.held(index).certificate.sha256())),
    }
}

/// The steps from the key that started `keys` to `key`, in order, and the certificates that they rest on.
pub fn lineage(keys: &[Joined], key: usize) -> (Vec<Evidence>, Vec<usize>) {
    let mut chain = Vec::new();
    let mut at = Some(key);
    while let Some(joined) = at.and_then(|key| keys.iter().find(|joined| joined.key == key)) {
        chain.push(joined);
        at = joined.from;
    }
    let mut evidence = Vec::new();
    let mut links = Vec::new();
    for joined in chain.into_iter().rev() {
        evidence.extend(joined.evidence.iter().cloned());
        links.extend(joined.links.iter().copied());
    }
    evidence.dedup();
    (evidence, links)
}
