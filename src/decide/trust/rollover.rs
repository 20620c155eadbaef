//! Rollover, with its direction: which further keys of the same name a proven re-key joins to the keys of an authority.

use std::collections::{HashMap, HashSet};

use crate::cert::Name;
use crate::protocol::{Evidence, EvidenceKind, Hex, JoinedBy};

use super::store::CertificateStore;
use super::verifier::SignatureVerifier;

/// A key that belongs to an authority.
#[derive(Debug, Clone)]
pub struct JoinedKey {
    /// The key; an index into the store.
    pub key: usize,
    /// Why it belongs.
    pub by: JoinedBy,
    /// The key that it was joined to; `None` for one that started the authority.
    pub from: Option<usize>,
    /// The verified steps of this join.
    pub evidence: Vec<Evidence>,
    /// The certificates that the join rests on; indices into the store.
    pub links: Vec<usize>,
}

impl JoinedKey {
    /// A key that starts an authority.
    pub fn first(key: usize, by: JoinedBy) -> Self {
        JoinedKey {
            key,
            by,
            from: None,
            evidence: Vec::new(),
            links: Vec::new(),
        }
    }
}

/// Adds to `keys` every key of a name that rollover joins, until nothing is added. False where the budget ended first: what
/// was not joined is then not known not to belong.
pub fn grow(verifier: &mut SignatureVerifier<'_>, name: &Name, keys: &mut Vec<JoinedKey>) -> bool {
    let before = std::mem::replace(&mut verifier.incomplete, false);
    Lineage::new(name, None).grow(verifier, keys);
    let complete = !verifier.incomplete;
    verifier.incomplete |= before;
    complete
}

/// What an authority has already, looked up by what a join asks for: whoever brings ten thousand certificates that claim
/// its key must not have each compared with each.
struct Lineage<'n> {
    name: &'n Name,
    /// Of a parent: the names below it, which are no parents of it: no name proves itself. Only trusted keys count there.
    below: Option<&'n Lineage<'n>>,
    keys: HashSet<usize>,
    /// The certificates for its keys, with those keys.
    generations: Vec<(usize, usize)>,
    /// Those that name another as the one before, by its SHA-1.
    successors: HashMap<[u8; 20], Vec<(usize, usize)>>,
    parents: Vec<Parent>,
}

/// A name whose trusted keys signed trusted certificates for keys of the authority.
struct Parent {
    name: Name,
    /// What rollover reaches from its trusted keys: two keys are one parent's where both lie in one of these.
    reaches: Vec<Vec<JoinedKey>>,
    children: Vec<Child>,
}

/// A trusted certificate for a key of the authority, signed by a parent.
struct Child {
    certificate: usize,
    /// The key of the authority in it.
    key: usize,
    /// The parent's key that signed it.
    signer: usize,
}

/// What (b) found: the child that the parent signed, what rollover reaches from one key of the parent, and the key among
/// it that signed the other certificate.
struct Common<'p> {
    child: &'p Child,
    reach: &'p [JoinedKey],
    signer: usize,
}

impl<'n> Lineage<'n> {
    fn new(name: &'n Name, below: Option<&'n Lineage<'n>>) -> Self {
        Lineage {
            name,
            below,
            keys: HashSet::new(),
            generations: Vec::new(),
            successors: HashMap::new(),
            parents: Vec::new(),
        }
    }

    /// Whether a name occurs at or below this place, so that it is not the name of a parent here.
    fn has_name(&self, name: &Name) -> bool {
        self.name == name || self.below.is_some_and(|below| below.has_name(name))
    }

    fn grow(&mut self, verifier: &mut SignatureVerifier<'_>, keys: &mut Vec<JoinedKey>) {
        let store = verifier.store;
        for joined in keys.iter() {
            self.admit(verifier, joined.key);
        }
        let mut of_name = store.named(self.name).to_vec();
        if self.below.is_some() {
            let trusted: HashSet<usize> = trusted_keys(store, self.name).into_iter().collect();
            of_name.retain(|&index| store.key_held(index).is_some_and(|key| trusted.contains(&key)));
        }
        loop {
            let mut added = false;
            for &index in &of_name {
                let Some(key) = store.key_held(index) else { continue };
                let known = store.key(key);
                if known.distrusted || !known.usable || self.keys.contains(&key) {
                    continue;
                }
                if let Some(joined) = self.join(verifier, keys, index, key) {
                    keys.push(joined);
                    self.admit(verifier, key);
                    added = true;
                }
            }
            if !added {
                return;
            }
        }
    }

    fn admit(&mut self, verifier: &mut SignatureVerifier<'_>, key: usize) {
        if !self.keys.insert(key) {
            return;
        }
        let store = verifier.store;
        for &index in &store.key(key).holders {
            let held = store.held(index);
            if !held.issues || held.certificate.subject() != self.name {
                continue;
            }
            self.generations.push((index, key));
            if let Some(hash) = before(store, index) {
                self.successors.entry(hash).or_default().push((index, key));
            }
            if held.trusted {
                self.admit_parents(verifier, index, key);
            }
        }
    }

    fn admit_parents(&mut self, verifier: &mut SignatureVerifier<'_>, certificate: usize, key: usize) {
        let store = verifier.store;
        let signed = store.held(certificate).certificate.clone();
        for signer in verifier.issuers(&signed).keys {
            let mut names: Vec<&Name> = Vec::new();
            for &index in &store.key(signer).holders {
                let held = store.held(index);
                let name = held.certificate.subject();
                if held.trusted && held.issues && !self.has_name(name) && !names.contains(&name) {
                    names.push(name);
                }
            }
            for name in names {
                let child = Child {
                    certificate,
                    key,
                    signer,
                };
                match self.parents.iter_mut().find(|parent| parent.name == *name) {
                    Some(parent) => parent.children.push(child),
                    None => {
                        let parent = Parent {
                            name: name.clone(),
                            reaches: self.reaches(verifier, name),
                            children: vec![child],
                        };
                        self.parents.push(parent);
                    }
                }
            }
        }
    }

    /// What rollover reaches from each trusted key of a parent. From a key that another reaches it reaches nothing more.
    fn reaches(&self, verifier: &mut SignatureVerifier<'_>, name: &Name) -> Vec<Vec<JoinedKey>> {
        let mut reaches: Vec<Vec<JoinedKey>> = Vec::new();
        for start in trusted_keys(verifier.store, name) {
            if reaches.iter().flatten().any(|joined| joined.key == start) {
                continue;
            }
            let mut keys = vec![JoinedKey::first(start, JoinedBy::Member)];
            Lineage::new(name, Some(self)).grow(verifier, &mut keys);
            reaches.push(keys);
        }
        reaches
    }

    fn join(
        &self,
        verifier: &mut SignatureVerifier<'_>,
        keys: &[JoinedKey],
        index: usize,
        key: usize,
    ) -> Option<JoinedKey> {
        let store = verifier.store;
        let joined = |by, from, evidence, links| JoinedKey {
            key,
            by,
            from: Some(from),
            evidence,
            links,
        };
        if let Some(signer) = signer_of(verifier, keys, index) {
            let evidence = vec![self.step(store, EvidenceKind::Link, index, Some(signer), None)];
            return Some(joined(JoinedBy::Link, signer, evidence, vec![index]));
        }
        if store.held(index).trusted {
            for &(older, older_key) in &self.generations {
                if verifier.verifies(&store.held(older).certificate, key) {
                    let evidence = vec![self.step(store, EvidenceKind::Link, older, Some(key), None)];
                    return Some(joined(JoinedBy::Link, older_key, evidence, vec![older, index]));
                }
            }
        }
        if let Some(common) = self.common_parent(verifier, index) {
            let (mut evidence, mut links) = self.parent_steps(store, &common);
            let (kind, child) = (EvidenceKind::CommonParent, common.child.certificate);
            evidence.push(self.step(store, kind, index, Some(common.signer), Some(child)));
            links.extend([child, index]);
            return Some(joined(JoinedBy::CommonParent, common.child.key, evidence, links));
        }
        self.by_hash(verifier, keys, index)
            .map(|(from, evidence, links)| joined(JoinedBy::PreviousHash, from, evidence, links))
    }

    /// (b): a parent that signed the certificate at `index` too.
    fn common_parent(&self, verifier: &mut SignatureVerifier<'_>, index: usize) -> Option<Common<'_>> {
        for parent in &self.parents {
            for reach in &parent.reaches {
                let of_reach = |child: &&Child| reach.iter().any(|joined| joined.key == child.signer);
                if let Some(child) = parent.children.iter().find(of_reach)
                    && let Some(signer) = signer_of(verifier, reach, index)
                {
                    return Some(Common { child, reach, signer });
                }
            }
        }
        None
    }

    /// The steps that show the parent: it signed the child, and what joins its two keys.
    fn parent_steps(&self, store: &CertificateStore, common: &Common<'_>) -> (Vec<Evidence>, Vec<usize>) {
        let Common { child, reach, signer } = common;
        let kind = EvidenceKind::CommonParent;
        let mut evidence = vec![self.step(store, kind, child.certificate, Some(child.signer), None)];
        let mut links = Vec::new();
        if child.signer != *signer {
            for key in [child.signer, *signer] {
                let (steps, certificates) = lineage(reach, key);
                evidence.extend(steps);
                links.extend(certificates);
            }
        }
        (evidence, links)
    }

    /// (c): a certificate for a key of the authority, itself signed as in (a) or (b), names the certificate at `index` as
    /// the one before.
    fn by_hash(
        &self,
        verifier: &mut SignatureVerifier<'_>,
        keys: &[JoinedKey],
        index: usize,
    ) -> Option<(usize, Vec<Evidence>, Vec<usize>)> {
        let store = verifier.store;
        if self.successors.is_empty() {
            return None;
        }
        let successors = self.successors.get(&store.held(index).certificate.sha1())?;
        for &(later, later_key) in successors.iter().filter(|&&(later, _)| later != index) {
            let named = self.named_before(store, index, later);
            if let Some(signer) = signer_of(verifier, keys, later) {
                let evidence = vec![self.step(store, EvidenceKind::Link, later, Some(signer), None), named];
                return Some((later_key, evidence, vec![later, index]));
            }
            // (b) asks for a trusted certificate of the parent's for a key of the authority: this one, or another.
            let Some(common) = self.common_parent(verifier, later) else {
                continue;
            };
            let (mut evidence, mut links) = self.parent_steps(store, &common);
            let child = common.child.certificate;
            if child != later {
                let kind = EvidenceKind::CommonParent;
                evidence.push(self.step(store, kind, later, Some(common.signer), Some(child)));
                links.push(child);
            }
            evidence.push(named);
            links.extend([later, index]);
            return Some((later_key, evidence, links));
        }
        None
    }

    fn named_before(&self, store: &CertificateStore, earlier: usize, later: usize) -> Evidence {
        self.step(store, EvidenceKind::PreviousHash, earlier, None, Some(later))
    }

    fn step(
        &self,
        store: &CertificateStore,
        kind: EvidenceKind,
        signed: usize,
        signer: Option<usize>,
        other: Option<usize>,
    ) -> Evidence {
        let certificate = &store.held(signed).certificate;
        let name = match kind {
            EvidenceKind::Link => self.name,
            _ => certificate.issuer(),
        };
        let holder = signer.and_then(|key| store.holder(key, Some(name)));
        Evidence {
            kind,
            certificate: Some(Hex(*certificate.sha256())),
            signer_key_sha256: signer.map(|key| Hex(store.key(key).id.0)),
            signer_certificate: holder.map(|held| Hex(*held.certificate.sha256())),
            other_certificate: other.map(|index| Hex(*store.held(index).certificate.sha256())),
        }
    }
}

/// The keys of a name that trusted CA certificates carry and that count, in the order of the store.
fn trusted_keys(store: &CertificateStore, name: &Name) -> Vec<usize> {
    let mut seen = HashSet::new();
    let of_certificate = |&index: &usize| {
        let held = store.held(index);
        let key = store.key_held(index).filter(|_| held.trusted && held.issues)?;
        let known = store.key(key);
        (known.usable && !known.distrusted).then_some(key)
    };
    let keys = store.named(name).iter().filter_map(of_certificate);
    keys.filter(|&key| seen.insert(key)).collect()
}

/// The key of an authority that signed the certificate at `index`.
fn signer_of(verifier: &mut SignatureVerifier<'_>, keys: &[JoinedKey], index: usize) -> Option<usize> {
    let certificate = &verifier.store.held(index).certificate;
    let mut keys = keys.iter().map(|joined| joined.key);
    keys.find(|&key| verifier.verifies(certificate, key))
}

/// The SHA-1 of the CA certificate before, as AD CS writes it (1.3.6.1.4.1.311.21.2).
fn before(store: &CertificateStore, index: usize) -> Option<[u8; 20]> {
    let hash = store.held(index).certificate.previous_ca_hash()?;
    <[u8; 20]>::try_from(hash).ok()
}

/// The steps from the key that started `keys` to `key`, in order, and the certificates that they rest on.
pub fn lineage(keys: &[JoinedKey], key: usize) -> (Vec<Evidence>, Vec<usize>) {
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
