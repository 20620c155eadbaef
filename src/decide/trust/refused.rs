//! Links between two generations of a CA that do not count, and what would make them count: for hints alone, never for a
//! verdict.

use crate::cert::{Certificate, Name};

use super::store::{CertificateStore, StoredCertificate};
use super::verifier::SignatureVerifier;

/// Certificates of one key that are looked at: a CA has a handful, a subject may bring thousands that claim to be one.
const MAX_CERTIFICATES: usize = 16;

/// A link that is not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// These certificates are at hand, and not trusted; indices into the store.
    Untrusted(Vec<usize>),
    /// The parent is not at hand: its name, and its key identifier.
    MissingParent(Name, Vec<u8>),
    /// The first, trusted, says by its previous-CA-hash that it follows the second; indices into the store.
    MissingLink(usize, usize),
}

/// Why the certificates of the name `name` for `key` do not join the keys `ours`, where one certificate more or a higher
/// rank would do.
pub fn refused_link(
    verifier: &mut SignatureVerifier<'_>,
    name: &Name,
    ours: impl Iterator<Item = usize>,
    key: usize,
) -> Option<Refused> {
    let store = verifier.store;
    if store.key(key).distrusted {
        return None;
    }
    let of_name = |key: usize| {
        let holders = store.key(key).holders.iter().copied();
        let mine = move |&index: &usize| store.held(index).issues && store.held(index).certificate.subject() == name;
        holders.filter(mine).take(MAX_CERTIFICATES)
    };
    let ours: Vec<usize> = ours.flat_map(of_name).collect();
    let theirs: Vec<usize> = of_name(key).collect();
    by_previous_hash(store, &ours, &theirs)
        .or_else(|| by_parent(verifier, name, &ours, &theirs))
        .or_else(|| by_missing_parent(verifier, name, &ours, &theirs))
}

fn by_previous_hash(store: &CertificateStore, ours: &[usize], theirs: &[usize]) -> Option<Refused> {
    let follows = |later: usize, earlier: usize| {
        let hash = store.held(later).certificate.previous_ca_hash();
        hash.is_some_and(|hash| *hash == store.held(earlier).certificate.sha1())
    };
    let mut trusted = theirs.iter().copied().filter(|&index| store.held(index).trusted);
    trusted.find_map(|later| {
        let earlier = ours.iter().copied().find(|&earlier| follows(later, earlier))?;
        Some(Refused::MissingLink(later, earlier))
    })
}

/// A parent at hand that signed both, where its own certificate or the one for a key of the authority is untrusted.
fn by_parent(verifier: &mut SignatureVerifier<'_>, name: &Name, ours: &[usize], theirs: &[usize]) -> Option<Refused> {
    let store = verifier.store;
    for &other in theirs {
        let other = store.held(other).certificate.clone();
        for (key, parent) in parents(verifier, name, &other) {
            let above = store.held(parent);
            for &mine in ours {
                let child = store.held(mine);
                if !verifier.would_verify(&child.certificate, key) {
                    continue;
                }
                let untrusted: Vec<usize> = match (child.trusted, above.trusted) {
                    (true, true) => continue,
                    (true, false) => vec![parent],
                    (false, true) => vec![mine],
                    (false, false) if child.beside_member && is_credible(verifier, above) => vec![mine, parent],
                    (false, false) => continue,
                };
                return Some(Refused::Untrusted(untrusted));
            }
        }
    }
    None
}

/// Whether a source that the operator trusts contains it, or a trusted key signed it.
fn is_credible(verifier: &mut SignatureVerifier<'_>, parent: &StoredCertificate) -> bool {
    parent.beside_member || verifier.is_signed_by_trusted(&parent.certificate)
}

/// The keys that signed a certificate under another name than the authority's, with the certificate at hand that carries
/// each, those included that do not count untrusted.
fn parents(verifier: &mut SignatureVerifier<'_>, name: &Name, certificate: &Certificate) -> Vec<(usize, usize)> {
    let store = verifier.store;
    let mut keys = verifier.issuers(certificate).keys;
    for &index in store.named(certificate.issuer()).iter().take(MAX_CERTIFICATES) {
        if let Some(key) = store.key_held(index)
            && !store.key(key).usable
            && !store.key(key).distrusted
            && !keys.contains(&key)
            && verifier.would_verify(certificate, key)
        {
            keys.push(key);
        }
    }
    let at_hand = |key: usize| {
        let mut holders = store.key(key).holders.iter().copied();
        holders.find(|&index| {
            let held = store.held(index);
            held.issues && !held.is_brought() && held.certificate.subject() != name
        })
    };
    keys.into_iter().filter_map(|key| Some((key, at_hand(key)?))).collect()
}

/// The parent that a trusted certificate of the authority and one for the other key both point to, and that is not at hand.
fn by_missing_parent(
    verifier: &mut SignatureVerifier<'_>,
    name: &Name,
    ours: &[usize],
    theirs: &[usize],
) -> Option<Refused> {
    let store = verifier.store;
    for &mine in ours.iter().filter(|&&index| store.held(index).trusted) {
        let mine = store.held(mine).certificate.clone();
        let Some(identifier) = mine.authority_key_identifier() else {
            continue;
        };
        if mine.issuer() == name || is_at_hand(store, mine.issuer(), identifier) {
            continue;
        }
        for &other in theirs {
            let other = store.held(other).certificate.clone();
            let pointed = mine.issuer() == other.issuer() && other.authority_key_identifier() == Some(identifier);
            if pointed && !verifier.issuers(&mine).any() && !verifier.issuers(&other).any() {
                return Some(Refused::MissingParent(mine.issuer().clone(), identifier.to_vec()));
            }
        }
    }
    None
}

fn is_at_hand(store: &CertificateStore, name: &Name, identifier: &[u8]) -> bool {
    store.named(name).iter().any(|&index| {
        let known = store.held(index).certificate.key_identifier();
        known.is_some_and(|known| *known == *identifier)
    })
}

/// The certificate that, given as an authority, would make one authority of two sides of one name, each with the keys that
/// verified its members.
pub fn joining_certificate(
    verifier: &mut SignatureVerifier<'_>,
    name: &Name,
    one: &[usize],
    other: &[usize],
) -> Option<usize> {
    let store = verifier.store;
    for (from, to) in [(one, other), (other, one)] {
        for &key in from.iter().filter(|&&key| !store.key(key).trusted) {
            let mut keys = vec![super::rollover::JoinedKey::first(
                key,
                crate::protocol::JoinedBy::Member,
            )];
            super::rollover::grow(verifier, name, &mut keys);
            if to.iter().any(|key| keys.iter().any(|joined| joined.key == *key)) {
                return store.key(key).holders.iter().copied().find(|&index| {
                    let held = store.held(index);
                    held.issues && held.certificate.subject() == name
                });
            }
        }
    }
    for (from, to) in [(one, other), (other, one)] {
        for &key in to {
            if let Some(Refused::Untrusted(untrusted)) = refused_link(verifier, name, from.iter().copied(), key)
                && let [only] = untrusted.as_slice()
            {
                return Some(*only);
            }
        }
    }
    None
}
