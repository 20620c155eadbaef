//! Rollover, with its direction: which further keys of the same name a proven re-key joins to the keys of an authority.

use crate::cert::Name;
use crate::protocol::{Evidence, EvidenceKind, JoinedBy, hex};

use super::evidence::{Held, Prover};

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
    // Most authorities have one key and nothing to join.
    let mut twins_now = twins(prover, keys, &members);
    loop {
        let mut added = false;
        for &index in &members {
            let held = pool.held(index);
            let Some(key) = pool.key_of(held.certificate.key().id()) else {
                continue;
            };
            let known = pool.key(key);
            if known.distrusted || !known.usable || keys.iter().any(|joined| joined.key == key) {
                continue;
            }
            if let Some(joined) = join(prover, names, keys, &twins_now, index, key, rigour) {
                keys.push(joined);
                twins_now = twins(prover, keys, &members);
                added = true;
            }
        }
        if !added {
            return;
        }
    }
}

fn join(
    prover: &mut Prover<'_>,
    names: &[Name],
    keys: &[Joined],
    twins: &[(usize, usize)],
    index: usize,
    key: usize,
    rigour: Rigour,
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
    if let Some(joined) = common_parent(prover, names, twins, index, key, rigour) {
        return Some(joined);
    }
    previous_hash(prover, names, keys, twins, index, key, rigour)
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

/// The parent of a twin: a known, trusted key of another name.
fn parent_of(prover: &mut Prover<'_>, names: &[Name], twin: usize) -> Option<Parent> {
    let pool = prover.pool;
    let key = prover.signer(&pool.held(twin).certificate).known()?;
    if pool.key(key).distrusted {
        return None;
    }
    let another = |&&index: &&usize| names.iter().all(|name| pool.held(index).certificate.subject() != name);
    // Holders stand vouched first.
    let certificate = pool.key(key).holders.iter().find(another).copied()?;
    Some(Parent { key, certificate })
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
fn common_parent(
    prover: &mut Prover<'_>,
    names: &[Name],
    twins: &[(usize, usize)],
    index: usize,
    key: usize,
    rigour: Rigour,
) -> Option<Joined> {
    let pool = prover.pool;
    for &(twin, twin_key) in twins {
        let Some(parent) = parent_of(prover, names, twin) else {
            continue;
        };
        let Some(wanting) = wanting(
            pool.held(twin),
            twin,
            pool.held(parent.certificate),
            parent.certificate,
            rigour,
        ) else {
            continue;
        };
        let family = parent_keys(prover, &parent);
        let Some(signer) = linked(prover, &family, index) else {
            continue;
        };
        let mut evidence = vec![step(
            prover,
            EvidenceKind::CommonParent,
            twin,
            Some(parent.key),
            &[],
            None,
        )];
        let (above, mut links) = lineage(&family, signer);
        evidence.extend(above);
        evidence.push(step(
            prover,
            EvidenceKind::CommonParent,
            index,
            Some(signer),
            &[],
            Some(twin),
        ));
        links.extend([twin, index]);
        return Some(Joined {
            key,
            by: JoinedBy::CommonParent,
            from: Some(twin_key),
            evidence,
            links,
            wanting,
        });
    }
    None
}

/// (c): a certificate for a key of the authority, itself signed as in (a) or (b), names the certificate as the one before.
fn previous_hash(
    prover: &mut Prover<'_>,
    names: &[Name],
    keys: &[Joined],
    twins: &[(usize, usize)],
    index: usize,
    key: usize,
    rigour: Rigour,
) -> Option<Joined> {
    let pool = prover.pool;
    for &(twin, twin_key) in twins {
        if !names_before(prover, twin, index) {
            continue;
        }
        let before = named_before(prover, index, twin);
        if let Some(link) = linked(prover, keys, twin) {
            let evidence = vec![step(prover, EvidenceKind::Link, twin, Some(link), names, None), before];
            let links = vec![twin, index];
            return Some(Joined {
                by: JoinedBy::PreviousHash,
                from: Some(twin_key),
                evidence,
                links,
                ..Joined::first(key, JoinedBy::PreviousHash)
            });
        }
        // (b) asks for a vouched certificate of the parent's for a key of the authority: the twin itself, or another.
        for &(other, _) in twins {
            let Some(parent) = parent_of(prover, names, other) else {
                continue;
            };
            let Some(wanting) = wanting(
                pool.held(other),
                other,
                pool.held(parent.certificate),
                parent.certificate,
                rigour,
            ) else {
                continue;
            };
            let family = parent_keys(prover, &parent);
            let Some(signer) = linked(prover, &family, twin) else {
                continue;
            };
            let mut evidence = Vec::new();
            if other != twin {
                evidence.push(step(
                    prover,
                    EvidenceKind::CommonParent,
                    other,
                    Some(parent.key),
                    &[],
                    None,
                ));
            }
            let (above, mut links) = lineage(&family, signer);
            evidence.extend(above);
            let twin_of = (other != twin).then_some(other);
            evidence.push(step(
                prover,
                EvidenceKind::CommonParent,
                twin,
                Some(signer),
                &[],
                twin_of,
            ));
            evidence.push(before);
            links.extend([other, twin, index]);
            links.dedup();
            return Some(Joined {
                key,
                by: JoinedBy::PreviousHash,
                from: Some(twin_key),
                evidence,
                links,
                wanting,
            });
        }
    }
    None
}

/// What is not vouched of the two certificates that must be, or `None` where too little is.
fn wanting(twin: &Held, twin_index: usize, parent: &Held, parent_index: usize, rigour: Rigour) -> Option<Vec<usize>> {
    match (twin.vouched, parent.vouched) {
        (true, true) => Some(Vec::new()),
        (true, false) if rigour == Rigour::Half => Some(vec![parent_index]),
        (false, true) if rigour == Rigour::Half => Some(vec![twin_index]),
        _ => None,
    }
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
        certificate: Some(hex(pool.held(earlier).certificate.sha256())),
        signer_key_sha256: None,
        signer_certificate: None,
        other_certificate: Some(hex(pool.held(later).certificate.sha256())),
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
        certificate: Some(hex(certificate.sha256())),
        signer_key_sha256: signer.map(|key| hex(&pool.key(key).id.0)),
        signer_certificate: holder.map(|held| hex(held.certificate.sha256())),
        other_certificate: other.map(|index| hex(pool.held(index).certificate.sha256())),
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
