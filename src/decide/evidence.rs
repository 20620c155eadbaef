//! The CA certificates and keys at hand, with their rank, and the question "which of these keys signed this?".

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::cert::{Certificate, KeyId, KeyKind, Name, PublicKey, SignatureAlgorithm, Verification, foresee, verify};
use crate::protocol::{Hex, IssuedBy, KeyFrom, Timestamp};

use super::budget::Budget;

/// A certificate at hand, and what it may do.
#[derive(Debug, Clone)]
pub struct Held {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// Whether the operator answers for it.
    pub vouched: bool,
    /// Where it came from: the first of the protocol's list.
    pub from: KeyFrom,
    /// Whether it is a CA certificate that lends its key.
    pub lends: bool,
}

/// A CA key at hand.
#[derive(Debug, Clone)]
pub struct KnownKey {
    /// The key, whatever its encoding.
    pub id: KeyId,
    /// The certificates at hand that lend it, the vouched ones first; indices into the pool.
    pub holders: Vec<usize>,
    /// The certificate whose encoding of the key is used; an index into the pool.
    shown_by: usize,
    /// Whether a vouched certificate or a pin carries it.
    pub vouched: bool,
    /// Whether the policy distrusts it.
    pub distrusted: bool,
    /// Whether it may verify anything.
    pub usable: bool,
}

/// What signed a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// This known key; an index into the pool.
    Known(usize),
    /// No known key.
    Unknown,
    /// It cannot be told: the algorithm is unsupported.
    Unsupported,
}

impl Signer {
    /// The key, where one is known.
    pub fn known(self) -> Option<usize> {
        match self {
            Signer::Known(key) => Some(key),
            Signer::Unknown | Signer::Unsupported => None,
        }
    }
}

/// All certificates at hand.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    held: Vec<Held>,
    by_hash: HashMap<[u8; 32], usize>,
    keys: Vec<KnownKey>,
    key_index: HashMap<KeyId, usize>,
    /// Certificates that lend a key, those of one subject together.
    groups: Vec<Vec<usize>>,
    by_name: HashMap<Name, usize>,
    /// Subjects as encoded, so that most look-ups need no name preparation.
    by_encoding: HashMap<Box<[u8]>, usize>,
    pinned: HashSet<KeyId>,
    distrusted: HashSet<KeyId>,
    sealed: bool,
}

impl Pool {
    /// Adds a certificate; the same again keeps the higher rank and the earlier origin.
    pub fn add(&mut self, certificate: &Arc<Certificate>, vouched: bool, from: KeyFrom) {
        self.sealed = false;
        match self.by_hash.get(certificate.sha256()) {
            Some(&index) => {
                if let Some(held) = self.held.get_mut(index) {
                    held.vouched |= vouched;
                    held.from = held.from.min(from);
                }
            }
            None => {
                self.by_hash.insert(*certificate.sha256(), self.held.len());
                self.held.push(Held {
                    certificate: certificate.clone(),
                    vouched,
                    from,
                    lends: false,
                });
            }
        }
    }

    /// Pins a key: the operator answers for it.
    pub fn pin(&mut self, key: KeyId) {
        self.pinned.insert(key);
    }

    /// Distrusts a key.
    pub fn distrust(&mut self, key: KeyId) {
        self.distrusted.insert(key);
    }

    /// Works out which keys are lent. Call after the last `add`.
    pub fn seal(&mut self) {
        (self.keys, self.key_index) = Default::default();
        (self.groups, self.by_name, self.by_encoding) = Default::default();
        let mut order: Vec<usize> = (0..self.held.len()).collect();
        order.sort_by_key(|&index| !self.held[index].vouched);
        for index in order {
            let held = &mut self.held[index];
            let id = held.certificate.key().id();
            held.lends = lends(held, self.distrusted.contains(&id));
            if !held.lends {
                continue;
            }
            let subject = held.certificate.subject();
            let next = self.groups.len();
            let group = *self.by_name.entry(subject.clone()).or_insert(next);
            if group == next {
                self.groups.push(Vec::new());
            }
            self.groups[group].push(index);
            self.by_encoding.insert(subject.der().into(), group);
            let next = self.keys.len();
            let key = *self.key_index.entry(id).or_insert(next);
            if key == next {
                let distrusted = self.distrusted.contains(&id);
                let vouched = self.pinned.contains(&id) || distrusted;
                self.keys.push(KnownKey {
                    id,
                    holders: Vec::new(),
                    shown_by: index,
                    vouched,
                    distrusted,
                    usable: false,
                });
            }
            let known = &mut self.keys[key];
            known.holders.push(index);
            known.vouched |= held.vouched;
            // Of one modulus, an encoding that is marked for RSASSA-PSS alone verifies less than a plain one.
            let pss_only = |held: &Held| matches!(held.certificate.key().kind(), KeyKind::Rsa { pss_only: true, .. });
            if pss_only(&self.held[known.shown_by]) && !pss_only(&self.held[index]) {
                known.shown_by = index;
            }
        }
        for known in &mut self.keys {
            let key = self.held[known.shown_by].certificate.key();
            known.usable = if known.vouched {
                key.usable_when_vouched()
            } else {
                key.usable_when_found()
            }
            .is_ok();
        }
        self.sealed = true;
    }

    /// Whether everything that `certificate` could lend is here already.
    pub fn knows(&self, certificate: &Certificate) -> bool {
        self.by_hash.contains_key(certificate.sha256())
    }

    /// A certificate at hand.
    pub fn held(&self, index: usize) -> &Held {
        &self.held[index]
    }

    /// A known key.
    pub fn key(&self, index: usize) -> &KnownKey {
        &self.keys[index]
    }

    /// The known key with an identity.
    pub fn key_of(&self, id: KeyId) -> Option<usize> {
        self.key_index.get(&id).copied()
    }

    /// Whether the policy distrusts a key, known or not.
    pub fn distrusts(&self, id: KeyId) -> bool {
        self.distrusted.contains(&id)
    }

    /// The certificates of a subject that lend a key, the vouched ones first.
    pub fn named(&self, name: &Name) -> &[usize] {
        let group = self.by_encoding.get(name.der()).or_else(|| self.by_name.get(name));
        group.map_or(&[], |&group| self.groups[group].as_slice())
    }

    /// The public key itself.
    pub fn public_key(&self, index: usize) -> Option<&PublicKey> {
        Some(self.held.get(self.keys.get(index)?.shown_by)?.certificate.key())
    }

    /// The certificate that stands for a key: one of `name` if there is one, the vouched and the earliest origin first.
    pub fn holder(&self, key: usize, name: Option<&Name>) -> Option<&Held> {
        let holders = self.keys[key].holders.iter().map(|&index| &self.held[index]);
        holders.min_by_key(|held| {
            (
                name.is_some_and(|name| held.certificate.subject() != name),
                !held.vouched,
                held.from,
            )
        })
    }

    /// Says of a key what the report says of the key that verified a certificate.
    pub fn issued_by(&self, key: usize, issuer: &Name) -> IssuedBy {
        let known = &self.keys[key];
        let named = self.holder(key, Some(issuer));
        // The first origin of the list that holds the key, which need not be the certificate that is shown.
        let from = known.holders.iter().map(|&index| self.held[index].from).min();
        let from = match from {
            Some(from) if self.pinned.contains(&known.id) => from.min(KeyFrom::Pin),
            Some(from) => from,
            None => KeyFrom::Pin,
        };
        IssuedBy {
            key_sha256: Hex(known.id.0),
            subject: named.map(|held| held.certificate.subject().rfc4514()),
            certificate: named.map(|held| Hex(*held.certificate.sha256())),
            key_from: from,
        }
    }

    /// When a key ends: the latest end of the vouched certificates that carry it, of others only where there is none, and
    /// of what a subject or a candidate brought only where there is no other: anybody can write one that ends later.
    pub fn key_end(&self, key: usize) -> Option<Timestamp> {
        let rank = |held: &Held| (!held.vouched, held.from >= KeyFrom::Subject);
        let holders = self.keys[key].holders.iter().map(|&index| &self.held[index]);
        let best = holders.clone().map(rank).min()?;
        holders
            .filter(|held| rank(held) == best)
            .map(|held| held.certificate.not_after())
            .max()
    }

    /// Whether a certificate's authority key identifier is the subject key identifier of a certificate that lends this
    /// key. What a subject or a candidate brought does not count here.
    pub fn identifies(&self, certificate: &Certificate, key: usize) -> bool {
        let Some(wanted) = certificate.authority_key_identifier() else {
            return false;
        };
        let holders = self.keys[key].holders.iter().map(|&index| &self.held[index]);
        holders
            .filter(|held| held.from < KeyFrom::Subject)
            .any(|held| held.certificate.subject_key_identifier() == Some(wanted))
    }
}

/// Whether a certificate lends its key (RFC 5280 §4.2.1.3, §4.2.1.9; a vouched root of version 1 has no extensions, nor
/// has one that is distrusted, which is to be recognised).
fn lends(held: &Held, distrusted: bool) -> bool {
    let certificate = &held.certificate;
    let old_root = certificate.version() == 1 && (held.vouched || distrusted) && certificate.is_self_issued();
    (certificate.is_ca() || old_root) && certificate.may_sign_certificates()
}

/// What came of checking signatures, by certificate and key.
pub type Memo = HashMap<([u8; 32], KeyId), Verification>;

/// Answers who signed what, within a budget, out of one pool.
pub struct Prover<'a> {
    /// Where keys come from.
    pub pool: &'a Pool,
    /// What may still be done.
    pub budget: Budget,
    /// What the reference's own evaluation found: free of charge.
    shared: Option<&'a Memo>,
    memo: Memo,
    signers: HashMap<[u8; 32], Signer>,
}

impl<'a> Prover<'a> {
    /// A prover over a pool, with so much work allowed; `shared` holds what is known already.
    pub fn new(pool: &'a Pool, budget: Budget, shared: Option<&'a Memo>) -> Self {
        debug_assert!(pool.sealed, "seal the pool first");
        Prover {
            pool,
            budget,
            shared,
            memo: Memo::new(),
            signers: HashMap::new(),
        }
    }

    /// What was found, for others to share.
    pub fn into_memo(self) -> Memo {
        self.memo
    }

    /// Whether a known key verifies a certificate. An unusable key verifies nothing.
    pub fn verifies(&mut self, certificate: &Certificate, key: usize) -> bool {
        matches!(self.examine(certificate, key), Verification::Valid)
    }

    fn examine(&mut self, certificate: &Certificate, key: usize) -> Verification {
        let pool = self.pool;
        let Some(public) = pool.public_key(key) else {
            return Verification::Invalid;
        };
        // What needs no arithmetic is free of charge.
        if let Some(foreseen) = foresee(certificate, public) {
            return foreseen;
        }
        let known = pool.key(key);
        if !known.usable {
            return Verification::Invalid;
        }
        let id = (*certificate.sha256(), known.id);
        if let Some(&examined) = self.memo.get(&id).or_else(|| self.shared?.get(&id)) {
            return examined;
        }
        // What is not tried for want of budget is not known to be wrong: it is not remembered.
        if !self.budget.signature(public) {
            return Verification::Invalid;
        }
        let examined = verify(certificate, public);
        self.memo.insert(id, examined);
        examined
    }

    /// The known key that signed a certificate: first those that its issuer name and authority key identifier point
    /// to, then every other, vouched ones first.
    pub fn signer(&mut self, certificate: &Certificate) -> Signer {
        if let Some(&signer) = self.signers.get(certificate.sha256()) {
            return signer;
        }
        let signer = self.find_signer(certificate);
        self.signers.insert(*certificate.sha256(), signer);
        signer
    }

    /// [`Prover::signer`] for a certificate that will not be asked about again.
    pub fn find_signer(&mut self, certificate: &Certificate) -> Signer {
        if matches!(
            certificate.signature().algorithm(),
            SignatureAlgorithm::Unsupported { .. }
        ) {
            return Signer::Unsupported;
        }
        let pool = self.pool;
        let mut tried = vec![false; pool.keys.len()];
        let mut unsupported = false;
        let named = pool.named(certificate.issuer());
        // Vouched ones first, and of each rank the key that the identifier names: it is nearly always the one. Holders of
        // a name stand vouched first already.
        for (vouched, hinted) in [(true, true), (true, false), (false, true), (false, false)] {
            for &index in named {
                if self.budget.exhausted() {
                    return Signer::Unknown;
                }
                let holder = &pool.held[index].certificate;
                let hint = certificate.authority_key_identifier().is_some()
                    && certificate.authority_key_identifier() == holder.subject_key_identifier();
                if hint != hinted {
                    continue;
                }
                let Some(&key) = pool.key_index.get(&holder.key().id()) else {
                    continue;
                };
                if pool.keys[key].vouched != vouched || std::mem::replace(&mut tried[key], true) {
                    continue;
                }
                match self.examine(certificate, key) {
                    Verification::Valid => return Signer::Known(self.vouched_instead(certificate, key)),
                    Verification::Invalid => {}
                    Verification::Unsupported(_) => unsupported = true,
                }
            }
        }
        let mut rest: Vec<usize> = (0..pool.keys.len()).filter(|&key| !tried[key]).collect();
        rest.sort_by_cached_key(|&key| (!pool.identifies(certificate, key), !pool.keys[key].vouched));
        match rest.into_iter().find(|&key| self.verifies(certificate, key)) {
            Some(key) => Signer::Known(self.vouched_instead(certificate, key)),
            // A key that nothing can verify with, put beside the usable one that the certificate names, excuses nothing.
            None if unsupported && !self.names_a_usable_key(certificate) => Signer::Unsupported,
            None => Signer::Unknown,
        }
    }

    /// Whether issuer name and authority key identifier point to a key that could have verified the certificate.
    fn names_a_usable_key(&self, certificate: &Certificate) -> bool {
        let pool = self.pool;
        let keys = pool.named(certificate.issuer()).iter();
        keys.filter_map(|&index| pool.key_index.get(&pool.held[index].certificate.key().id()))
            .any(|&key| pool.keys[key].usable && pool.identifies(certificate, key))
    }

    /// The vouched key that verifies a certificate as well as the found key `key` does, if there is one.
    ///
    /// Of an ECDSA signature anybody can work out a second public key of the same curve that verifies it (SEC 1 §4.1.6),
    /// though nobody can sign with it. Of RSA keys that may count when found there is no second one.
    fn vouched_instead(&mut self, certificate: &Certificate, key: usize) -> usize {
        let pool = self.pool;
        let ec = |key: usize| {
            pool.public_key(key)
                .is_some_and(|public| matches!(public.kind(), KeyKind::Ec { .. }))
        };
        if pool.keys[key].vouched || !ec(key) {
            return key;
        }
        let mut others = (0..pool.keys.len()).filter(|&other| pool.keys[other].vouched && ec(other));
        others.find(|&other| self.verifies(certificate, other)).unwrap_or(key)
    }
}
