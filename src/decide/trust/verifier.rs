//! The question "which of the keys at hand signed this?", within a budget.

use std::collections::HashMap;

use crate::cert::{Certificate, KeyId, KeyKind, SignatureAlgorithm, Verification, foresee, verify};
use crate::protocol::Timestamp;

use super::budget::{Budget, Purse};
use super::store::CertificateStore;

/// What came of checking signatures, by certificate, key, and whether the key's encoding allows RSASSA-PSS alone.
pub type SignatureCache = HashMap<([u8; 32], KeyId, bool), Verification>;

/// Which known keys verify a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issuers {
    /// The keys that count, by SHA-256: the trusted ones that verify it, or where there is none, all others.
    pub keys: Vec<usize>,
    /// A distrusted key that verifies it.
    pub distrusted: Option<usize>,
    /// Why no key may be known although one may have signed it.
    pub gap: Option<Gap>,
}

/// Why it is not known which key signed a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The algorithm is unsupported.
    Unsupported,
    /// The budget ended before every key was tried.
    Limit,
}

impl Issuers {
    /// The key that represents them in a report.
    pub fn shown(&self) -> Option<usize> {
        self.keys.first().copied().or(self.distrusted)
    }

    /// Whether any known key verifies it.
    pub fn any(&self) -> bool {
        self.shown().is_some()
    }

    /// Whether the algorithm keeps it from being known.
    pub fn is_unsupported(&self) -> bool {
        !self.any() && self.gap == Some(Gap::Unsupported)
    }

    /// Whether a budget keeps it from being known.
    pub fn is_limited(&self) -> bool {
        !self.any() && self.gap == Some(Gap::Limit)
    }
}

enum Examined {
    Known(Verification),
    /// The budget had ended.
    Untried,
}

/// Answers who signed what, within a budget, out of one store.
pub struct SignatureVerifier<'a> {
    /// Where keys come from.
    pub store: &'a CertificateStore,
    /// What may still be done.
    pub budget: Budget,
    /// Whether something was not tried since this was last set to false.
    pub incomplete: bool,
    /// What the reference's own evaluation found: free of charge.
    shared: Option<&'a SignatureCache>,
    cache: SignatureCache,
    issuers: HashMap<[u8; 32], Issuers>,
}

impl<'a> SignatureVerifier<'a> {
    /// A verifier over a store, with so much work allowed; `shared` holds what is known already.
    pub fn new(store: &'a CertificateStore, budget: Budget, shared: Option<&'a SignatureCache>) -> Self {
        SignatureVerifier {
            store,
            budget,
            incomplete: false,
            shared,
            cache: SignatureCache::new(),
            issuers: HashMap::new(),
        }
    }

    /// The same, with what was found before.
    #[must_use]
    pub fn with_cache(self, cache: SignatureCache) -> Self {
        SignatureVerifier { cache, ..self }
    }

    /// What was found, for others to share, and what is left of the budget.
    pub fn into_parts(self) -> (SignatureCache, Budget) {
        (self.cache, self.budget)
    }

    /// Whether a known key verifies a certificate at hand. An unusable key verifies nothing.
    pub fn verifies(&mut self, certificate: &Certificate, key: usize) -> bool {
        let counts = self.store.is_trusted(certificate);
        self.verifies_for(certificate, key, counts)
    }

    /// The same, with whether the certificate is the one that is judged, or a trusted one.
    pub fn verifies_for(&mut self, certificate: &Certificate, key: usize, counts: bool) -> bool {
        let trusted = counts && self.store.key(key).trusted;
        let purse = if trusted { Purse::Trusted } else { Purse::Untrusted };
        self.is_valid(certificate, key, Some(purse))
    }

    /// Whether a key verifies a certificate, although it may not count untrusted: for a hint, never for a verdict.
    pub fn would_verify(&mut self, certificate: &Certificate, key: usize) -> bool {
        let store = self.store;
        if store.key(key).usable || store.public_key(key).usable_when_vouched().is_err() {
            return self.verifies(certificate, key);
        }
        let public = store.public_key(key);
        foresee(certificate, public).is_none()
            && self.budget.signature(public, Purse::Untrusted)
            && verify(certificate, public) == Verification::Valid
    }

    fn is_valid(&mut self, certificate: &Certificate, key: usize, purse: Option<Purse>) -> bool {
        matches!(
            self.examine(certificate, key, purse),
            Examined::Known(Verification::Valid)
        )
    }

    /// Checks one signature; without a purse, outside the budgets.
    fn examine(&mut self, certificate: &Certificate, key: usize, purse: Option<Purse>) -> Examined {
        let store = self.store;
        let public = store.public_key(key);
        // What needs no arithmetic is free of charge.
        if let Some(foreseen) = foresee(certificate, public) {
            return Examined::Known(foreseen);
        }
        let known = store.key(key);
        if !known.usable {
            return Examined::Known(Verification::Invalid);
        }
        let pss_only = matches!(public.kind(), KeyKind::Rsa { pss_only: true, .. });
        let id = (*certificate.sha256(), known.id, pss_only);
        if let Some(&examined) = self.cache.get(&id).or_else(|| self.shared?.get(&id)) {
            return Examined::Known(examined);
        }
        if purse.is_some_and(|purse| !self.budget.signature(public, purse)) {
            self.incomplete = true;
            return Examined::Untried;
        }
        let examined = verify(certificate, public);
        self.cache.insert(id, examined);
        Examined::Known(examined)
    }

    /// The keys that verify a certificate, remembered.
    pub fn issuers(&mut self, certificate: &Certificate) -> Issuers {
        if let Some(issuers) = self.issuers.get(certificate.sha256()) {
            return issuers.clone();
        }
        let counts = self.store.is_trusted(certificate);
        let issuers = self.find_issuers(certificate, counts, &[], |_| false);
        self.issuers.insert(*certificate.sha256(), issuers.clone());
        issuers
    }

    /// The keys that verify a certificate: distrusted ones first, then the trusted ones, those that fit by name or
    /// identifier before the others, and where none of them does, `preferred` and then all untrusted ones. `counts` says
    /// whether the certificate is judged or trusted; the search ends at the first key that is `enough`.
    pub fn find_issuers(
        &mut self,
        certificate: &Certificate,
        counts: bool,
        preferred: &[usize],
        enough: impl Fn(usize) -> bool,
    ) -> Issuers {
        let mut issuers = Issuers::default();
        if matches!(
            certificate.signature().algorithm(),
            SignatureAlgorithm::Unsupported { .. }
        ) {
            issuers.gap = Some(Gap::Unsupported);
            return issuers;
        }
        let store = self.store;
        let distrusted = store.distrusted_keys().iter().copied();
        issuers.distrusted = distrusted
            .into_iter()
            .find(|&key| self.is_valid(certificate, key, None));
        let mut search = Search {
            certificate,
            purse: if counts { Purse::Trusted } else { Purse::Untrusted },
            tried: Vec::new(),
            issuers,
            unsupported: false,
            untried: false,
        };
        if !search.through(self, fitting(store, certificate), true, &enough)
            && !search.through(self, store.trusted_keys().iter().copied(), false, &enough)
            && search.issuers.keys.is_empty()
        {
            search.purse = Purse::Untrusted;
            let untrusted = |&&key: &&usize| !store.key(key).trusted && !store.key(key).distrusted;
            let preferred = preferred.iter().filter(untrusted).copied();
            if !search.through(self, preferred, false, &enough) && search.issuers.keys.is_empty() {
                search.through(self, store.untrusted_keys().iter().copied(), false, &enough);
            }
        }
        search.finish(store)
    }

    /// When a key ends: the latest end of the CA certificates that carry it, of untrusted ones only where a trusted key or
    /// that very key signed them, since anybody can write one that ends later. Where there is none of these, the latest
    /// end of what the subject or a candidate brought, and whether that is so.
    pub fn key_end(&mut self, key: usize) -> Option<(Timestamp, bool)> {
        let store = self.store;
        let holders = || store.key(key).holders.iter().map(|&index| store.held(index));
        let trusted = holders().filter(|held| held.trusted);
        let mut end = trusted.map(|held| held.certificate.not_after()).max();
        let mut others: Vec<&super::store::StoredCertificate> = holders().filter(|held| !held.trusted).collect();
        others.sort_by_key(|held| {
            (
                std::cmp::Reverse(held.certificate.not_after()),
                *held.certificate.sha256(),
            )
        });
        let (brought, at_hand): (Vec<_>, Vec<_>) = others.into_iter().partition(|held| held.is_brought());
        let extend = |verifier: &mut Self, others: &[&super::store::StoredCertificate], end: &mut Option<Timestamp>| {
            for held in others {
                let until = held.certificate.not_after();
                if end.is_some_and(|end| end >= until) {
                    break;
                }
                if verifier.verifies(&held.certificate, key) || verifier.is_signed_by_trusted(&held.certificate) {
                    *end = Some(until);
                }
            }
        };
        extend(self, &at_hand, &mut end);
        if end.is_none() {
            return brought.first().map(|held| (held.certificate.not_after(), true));
        }
        extend(self, &brought, &mut end);
        end.map(|end| (end, false))
    }

    /// Whether a trusted key signed a certificate; what a distrusted one signed tells nothing.
    pub fn is_signed_by_trusted(&mut self, certificate: &Certificate) -> bool {
        let store = self.store;
        let mut keys = fitting(store, certificate).chain(store.trusted_keys().iter().copied());
        keys.any(|key| !store.key(key).distrusted && self.verifies(certificate, key))
    }
}

/// The trusted keys that fit a certificate by its issuer name or authority key identifier, both first.
fn fitting<'s>(store: &'s CertificateStore, certificate: &Certificate) -> impl Iterator<Item = usize> + use<'s> {
    let identified = certificate
        .authority_key_identifier()
        .map_or(&[] as &[usize], |identifier| store.identified(identifier));
    let named = store.named(certificate.issuer()).iter().copied();
    let named = named
        .take_while(|&index| store.held(index).trusted)
        .filter_map(|index| store.key_held(index));
    let both = named.clone().filter(|key| identified.contains(key));
    both.chain(named).chain(identified.iter().copied())
}

struct Search<'c> {
    certificate: &'c Certificate,
    purse: Purse,
    tried: Vec<usize>,
    issuers: Issuers,
    unsupported: bool,
    untried: bool,
}

impl Search<'_> {
    /// Tries keys; true where nothing more need be tried.
    fn through(
        &mut self,
        verifier: &mut SignatureVerifier<'_>,
        keys: impl Iterator<Item = usize>,
        named: bool,
        enough: &impl Fn(usize) -> bool,
    ) -> bool {
        let store = verifier.store;
        // Under a unique key no signature verifies that another unique one made.
        let mut unique = self.issuers.keys.iter().any(|&key| store.key(key).unique);
        for key in keys {
            let known = store.key(key);
            if known.distrusted || unique && known.unique || self.tried.contains(&key) {
                continue;
            }
            if named {
                self.tried.push(key);
            }
            match verifier.examine(self.certificate, key, Some(self.purse)) {
                Examined::Known(Verification::Valid) => {
                    if !self.issuers.keys.contains(&key) {
                        self.issuers.keys.push(key);
                    }
                    if enough(key) {
                        return true;
                    }
                    unique |= known.unique;
                }
                Examined::Known(Verification::Invalid) => {}
                Examined::Known(Verification::Unsupported(_)) => self.unsupported |= named,
                // Whatever comes after it is not known either: a budget ends at one place, whatever was found before.
                Examined::Untried => {
                    self.untried = true;
                    return false;
                }
            }
        }
        false
    }

    fn finish(mut self, store: &CertificateStore) -> Issuers {
        self.issuers.keys.sort_unstable_by_key(|&key| store.key(key).id.0);
        if !self.issuers.any() {
            self.issuers.gap = match (self.untried, self.unsupported) {
                (true, _) => Some(Gap::Limit),
                // A key that nothing can verify with, put beside the usable one that the certificate names, excuses nothing.
                (false, true) if !names_a_usable_key(store, self.certificate) => Some(Gap::Unsupported),
                (false, _) => None,
            };
        }
        self.issuers
    }
}

/// Whether issuer name and authority key identifier point to a trusted key that could have verified the certificate.
pub fn names_a_usable_key(store: &CertificateStore, certificate: &Certificate) -> bool {
    let Some(identifier) = certificate.authority_key_identifier() else {
        return false;
    };
    let named = store.named(certificate.issuer()).iter().map(|&index| store.held(index));
    named.filter(|held| held.trusted).any(|held| {
        let identified = held
            .certificate
            .key_identifier()
            .is_some_and(|known| *known == *identifier);
        let key = store.key_of(held.certificate.key().id());
        identified
            && key.is_some_and(|key| store.key(key).usable && foresee(certificate, store.public_key(key)).is_none())
    })
}

/// The trusted CA certificate that a certificate names as its issuer's and whose key nothing can verify with, and why.
pub fn unusable_key<'s>(
    store: &'s CertificateStore,
    certificate: &Certificate,
) -> Option<(&'s Certificate, &'static str)> {
    fitting(store, certificate).find_map(|key| {
        let why = match foresee(certificate, store.public_key(key)) {
            Some(Verification::Unsupported(why)) => why,
            _ => store.public_key(key).usable_when_vouched().err()?,
        };
        let mut holders = store
            .key(key)
            .holders
            .iter()
            .map(|&index| &store.held(index).certificate);
        Some((&**holders.next()?, why))
    })
}
