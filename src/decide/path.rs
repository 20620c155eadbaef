//! Verified paths from a certificate up to self-signed CAs (RFC 5280 §6.1, without validity periods and policies).

use crate::cert::Certificate;
use crate::protocol::{Evidence, EvidenceKind, Hex};

use super::evidence::Prover;

/// Longest path followed: real hierarchies have three or four CAs.
const MAX_DEPTH: usize = 12;

/// One verified path.
#[derive(Debug, Clone)]
pub struct Path {
    /// The CA certificates, issuer first, the self-signed one last; indices into the pool.
    pub certificates: Vec<usize>,
    /// The key of the self-signed CA; an index into the pool.
    pub root_key: usize,
}

impl Path {
    /// The self-signed CA; an index into the pool.
    pub fn root(&self) -> Option<usize> {
        self.certificates.last().copied()
    }

    /// Whether the self-signed CA is vouched.
    pub fn root_is_vouched(&self, prover: &Prover<'_>) -> bool {
        self.root().is_some_and(|root| prover.pool.held(root).vouched)
    }

    /// Whether everything above the issuer is vouched.
    pub fn is_vouched_above_issuer(&self, prover: &Prover<'_>) -> bool {
        self.root_is_vouched(prover)
            && self
                .certificates
                .iter()
                .skip(1)
                .all(|&index| prover.pool.held(index).vouched)
    }

    /// The signatures that were checked, root first.
    pub fn evidence(&self, prover: &Prover<'_>, leaf: &Certificate) -> Vec<Evidence> {
        let pool = prover.pool;
        let signed = std::iter::once(leaf).chain(self.certificates.iter().map(|&index| &*pool.held(index).certificate));
        let mut steps: Vec<Evidence> = signed
            .zip(&self.certificates)
            .map(|(certificate, &signer)| Evidence {
                kind: EvidenceKind::Issued,
                certificate: Some(Hex(*certificate.sha256())),
                signer_key_sha256: Some(Hex(pool.held(signer).certificate.key().id().0)),
                signer_certificate: Some(Hex(*pool.held(signer).certificate.sha256())),
                other_certificate: None,
            })
            .collect();
        steps.reverse();
        steps
    }
}

/// Every self-signed CA that a verified path reaches, with the best path to each: one vouched above the issuer before
/// others. Distrusted keys lie on no path.
pub fn to_roots(prover: &mut Prover<'_>, leaf: &Certificate) -> Vec<Path> {
    let mut search = Search {
        found: Vec::new(),
        trail: Vec::new(),
    };
    search.climb(prover, leaf, leaf, 0);
    search.found
}

struct Search {
    found: Vec<Path>,
    trail: Vec<usize>,
}

impl Search {
    fn climb(&mut self, prover: &mut Prover<'_>, leaf: &Certificate, at: &Certificate, depth: usize) {
        if depth >= MAX_DEPTH {
            return;
        }
        let pool = prover.pool;
        for &index in pool.named(at.issuer()) {
            if self.trail.contains(&index) {
                continue;
            }
            if !prover.budget.step() {
                return;
            }
            let held = pool.held(index);
            let Some(key) = pool.key_of(held.certificate.key().id()) else {
                continue;
            };
            if pool.key(key).distrusted || !prover.verifies(at, key) || !self.allowed(prover, leaf, index) {
                continue;
            }
            self.trail.push(index);
            if held.certificate.is_self_issued() && prover.verifies(&held.certificate, key) {
                self.reached(prover, key);
            } else {
                self.climb(prover, leaf, &held.certificate, depth + 1);
            }
            self.trail.pop();
        }
    }

    fn reached(&mut self, prover: &Prover<'_>, root_key: usize) {
        let path = Path {
            certificates: self.trail.clone(),
            root_key,
        };
        let same =
            |other: &&mut Path| other.root_key == path.root_key && names_of(prover, other) == names_of(prover, &path);
        match self.found.iter_mut().find(same) {
            Some(other) if rank(prover, other) < rank(prover, &path) => *other = path,
            Some(_) => {}
            None => self.found.push(path),
        }
    }

    /// Whether the CA at `index` may stand above the trail: path length (RFC 5280 §4.2.1.9) and name constraints
    /// (§4.2.1.10), which self-issued CA certificates do not count for.
    fn allowed(&self, prover: &Prover<'_>, leaf: &Certificate, index: usize) -> bool {
        let pool = prover.pool;
        let ca = &pool.held(index).certificate;
        let below = || {
            self.trail
                .iter()
                .map(|&index| &*pool.held(index).certificate)
                .filter(|ca| !ca.is_self_issued())
        };
        // A self-signed CA's own limits bind as well: whoever made them meant them.
        let short_enough = ca.path_len().is_none_or(|limit| below().count() <= limit as usize);
        let names_kept = || match ca.name_constraints() {
            None => true,
            Some(constraints) => constraints.allows(leaf) && below().all(|ca| constraints.allows(ca)),
        };
        short_enough && names_kept() && ca.unknown_critical_extension().is_none()
    }
}

fn rank(prover: &Prover<'_>, path: &Path) -> (bool, bool) {
    (path.is_vouched_above_issuer(prover), path.root_is_vouched(prover))
}

fn names_of<'a>(prover: &Prover<'a>, path: &Path) -> Option<&'a crate::cert::Name> {
    path.root().map(|root| prover.pool.held(root).certificate.subject())
}
