//! Verified paths from a certificate up to self-signed CAs (RFC 5280 §6.1, without validity periods and policies).

use crate::cert::{Certificate, Name};
use crate::protocol::{Evidence, EvidenceKind, Hex};

use super::budget::Purse;
use super::store::CertificateStore;
use super::verifier::SignatureVerifier;

/// Longest path followed: real hierarchies have three or four CAs.
pub const MAX_DEPTH: usize = 12;

/// One verified path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The CA certificates, issuer first, the self-signed one last; indices into the store.
    pub certificates: Vec<usize>,
    /// The key of the self-signed CA; an index into the store.
    pub root_key: usize,
}

impl Path {
    /// The self-signed CA; an index into the store.
    pub fn root(&self) -> Option<usize> {
        self.certificates.last().copied()
    }

    /// Whether the self-signed CA is trusted.
    pub fn root_is_trusted(&self, store: &CertificateStore) -> bool {
        self.root().is_some_and(|root| store.held(root).trusted)
    }

    /// Whether everything above the issuer is trusted, the self-signed CA included.
    pub fn is_trusted_above_issuer(&self, store: &CertificateStore) -> bool {
        self.root_is_trusted(store) && self.certificates.iter().skip(1).all(|&index| store.held(index).trusted)
    }

    /// Whether all of it is trusted.
    pub fn is_trusted(&self, store: &CertificateStore) -> bool {
        self.certificates.iter().all(|&index| store.held(index).trusted)
    }

    /// The name of the self-signed CA.
    pub fn root_name<'s>(&self, store: &'s CertificateStore) -> Option<&'s Name> {
        self.root().map(|root| store.held(root).certificate.subject())
    }

    /// The signatures that were checked, root first.
    pub fn evidence(&self, store: &CertificateStore, leaf: &Certificate) -> Vec<Evidence> {
        let held = |&index: &usize| &*store.held(index).certificate;
        let signed = std::iter::once(leaf).chain(self.certificates.iter().map(held));
        let mut steps: Vec<Evidence> = signed
            .zip(self.certificates.iter().map(held))
            .map(|(certificate, signer)| Evidence {
                kind: EvidenceKind::Issued,
                certificate: Some(Hex(*certificate.sha256())),
                signer_key_sha256: Some(Hex(signer.key().id().0)),
                signer_certificate: Some(Hex(*signer.sha256())),
                other_certificate: None,
            })
            .collect();
        steps.reverse();
        steps
    }

    fn rank(&self, store: &CertificateStore) -> (bool, bool, bool) {
        (
            self.is_trusted(store),
            self.is_trusted_above_issuer(store),
            self.root_is_trusted(store),
        )
    }
}

/// What the search for roots found.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    /// The best path to each self-signed CA that is reached.
    pub paths: Vec<Path>,
    /// What kept the search from being complete.
    pub limit: Option<Limit>,
}

/// What ended a search before everything was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// A path of more than [`MAX_DEPTH`] CA certificates.
    Depth,
    /// The budget of signatures or steps.
    Work,
}

/// Every self-signed CA that a verified path reaches, with the best path to each: a wholly trusted one before one that is
/// trusted above the issuer, before others. Distrusted keys lie on no path.
pub fn to_roots(verifier: &mut SignatureVerifier<'_>, leaf: &Certificate) -> Roots {
    let mut search = Search {
        found: Roots::default(),
        trail: Vec::new(),
    };
    let before = std::mem::replace(&mut verifier.incomplete, false);
    search.climb(verifier, leaf, leaf, true);
    if verifier.incomplete {
        search.found.limit = Some(Limit::Work);
    }
    verifier.incomplete |= before;
    search.found
}

struct Search {
    found: Roots,
    trail: Vec<usize>,
}

impl Search {
    /// `trusted` says whether all of the trail is: only then the work is charged to what nothing untrusted can spend.
    fn climb(&mut self, verifier: &mut SignatureVerifier<'_>, leaf: &Certificate, at: &Certificate, trusted: bool) {
        let store = verifier.store;
        if self.trail.len() >= MAX_DEPTH {
            if !store.named(at.issuer()).is_empty() {
                self.found.limit = self.found.limit.max(Some(Limit::Depth));
            }
            return;
        }
        for &index in store.named(at.issuer()) {
            if self.trail.contains(&index) {
                continue;
            }
            let held = store.held(index);
            let purse = match trusted && held.trusted {
                true => Purse::Trusted,
                false => Purse::Untrusted,
            };
            if !verifier.budget.step(purse) {
                verifier.incomplete = true;
                return;
            }
            let Some(key) = store.key_held(index) else { continue };
            if store.key(key).distrusted
                || !verifier.verifies_for(at, key, trusted)
                || !self.allowed(store, leaf, index)
            {
                continue;
            }
            self.trail.push(index);
            if held.certificate.is_self_issued() && verifier.verifies(&held.certificate, key) {
                self.reached(store, key);
            } else {
                self.climb(verifier, leaf, &held.certificate, trusted && held.trusted);
            }
            self.trail.pop();
        }
    }

    fn reached(&mut self, store: &CertificateStore, root_key: usize) {
        let path = Path {
            certificates: self.trail.clone(),
            root_key,
        };
        let same = |other: &&mut Path| other.root_key == root_key && other.root_name(store) == path.root_name(store);
        match self.found.paths.iter_mut().find(same) {
            Some(other) if other.rank(store) < path.rank(store) => *other = path,
            Some(_) => {}
            None => self.found.paths.push(path),
        }
    }

    /// Whether the CA at `index` may issue the trail below it: path length (RFC 5280 §4.2.1.9) and name constraints
    /// (§4.2.1.10), which self-issued CA certificates do not count for.
    fn allowed(&self, store: &CertificateStore, leaf: &Certificate, index: usize) -> bool {
        let ca = &store.held(index).certificate;
        let below = || {
            self.trail
                .iter()
                .map(|&index| &*store.held(index).certificate)
                .filter(|ca| !ca.is_self_issued())
        };
        // The limits of a self-signed CA apply as well: they were set on purpose.
        let short_enough = ca.path_len().is_none_or(|limit| below().count() <= limit as usize);
        let names_kept = || match ca.name_constraints() {
            None => true,
            Some(constraints) => constraints.allows(leaf) && below().all(|ca| constraints.allows(ca)),
        };
        short_enough && names_kept() && ca.unknown_critical_extension().is_none()
    }
}
