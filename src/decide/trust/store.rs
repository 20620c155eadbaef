//! The certificates at hand, with their rank, and the CA keys that they lend.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::cert::{Certificate, IssuingFlaw, KeyId, KeyKind, Name, PublicKey};
use crate::protocol::{Hex, IssuedBy, KeyFrom};

/// A certificate at hand, and what it may do.
#[derive(Debug, Clone)]
pub struct StoredCertificate {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// Whether the operator answers for it.
    pub trusted: bool,
    /// Whether it was found beside the certificate of a reference member.
    pub beside_member: bool,
    /// Where it came from: the first of the protocol's list.
    pub from: KeyFrom,
    /// Whether it may issue certificates.
    pub issues: bool,
}

impl StoredCertificate {
    /// Whether only a subject or a candidate brought it.
    pub fn is_brought(&self) -> bool {
        matches!(self.from, KeyFrom::Subject | KeyFrom::Candidate)
    }
}

/// A CA key at hand.
#[derive(Debug, Clone)]
pub struct KnownKey {
    /// The key, whatever its encoding.
    pub id: KeyId,
    /// The certificates that lend it, the trusted ones first; indices into the store.
    pub holders: Vec<usize>,
    /// The certificate whose encoding of the key is used; an index into the store.
    shown_by: usize,
    /// Of a distrusted key: the key as it is, since every encoding is meant.
    plain: Option<Arc<PublicKey>>,
    /// Whether a trusted certificate that may issue others, or a pin, carries it.
    pub trusted: bool,
    /// Whether the policy distrusts it.
    pub distrusted: bool,
    /// Whether it may verify anything.
    pub usable: bool,
    /// Whether no second key can be made under which a signature of this one verifies.
    pub unique: bool,
}

/// Certificates and keys, looked up by name, key and key identifier.
#[derive(Debug, Clone, Default)]
pub struct CertificateStore {
    held: Vec<StoredCertificate>,
    by_hash: HashMap<[u8; 32], usize>,
    keys: Vec<KnownKey>,
    key_index: HashMap<KeyId, usize>,
    /// Certificates that lend a key, those of one subject together, the trusted ones first.
    groups: Vec<Vec<usize>>,
    by_name: HashMap<Name, usize>,
    /// Subjects as encoded, so that most look-ups need no name preparation.
    by_encoding: HashMap<Box<[u8]>, usize>,
    /// The names of all CA certificates at hand, those that may not sign included.
    ca_names: HashSet<Name>,
    /// Trusted keys by the key identifiers of their certificates.
    by_identifier: HashMap<Box<[u8]>, Vec<usize>>,
    distrusted_keys: Vec<usize>,
    trusted_keys: Vec<usize>,
    untrusted_keys: Vec<usize>,
    pinned: HashSet<KeyId>,
    distrusted: HashSet<KeyId>,
    sealed: bool,
}

impl CertificateStore {
    /// Adds a certificate; the same again keeps the higher rank and the earlier origin.
    pub fn add(&mut self, certificate: &Arc<Certificate>, trusted: bool, from: KeyFrom) {
        self.insert(certificate, trusted, false, from);
    }

    /// Adds a member's certificate, or one that was found beside it.
    pub fn add_of_member(&mut self, certificate: &Arc<Certificate>, from: KeyFrom) {
        self.insert(certificate, false, true, from);
    }

    fn insert(&mut self, certificate: &Arc<Certificate>, trusted: bool, beside_member: bool, from: KeyFrom) {
        self.sealed = false;
        match self.by_hash.get(certificate.sha256()) {
            Some(&index) => {
                let held = &mut self.held[index];
                held.trusted |= trusted;
                held.beside_member |= beside_member;
                held.from = held.from.min(from);
            }
            None => {
                self.by_hash.insert(*certificate.sha256(), self.held.len());
                self.held.push(StoredCertificate {
                    certificate: certificate.clone(),
                    trusted,
                    beside_member,
                    from,
                    issues: false,
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
        (self.keys, self.key_index, self.ca_names) = Default::default();
        (self.groups, self.by_name, self.by_encoding, self.by_identifier) = Default::default();
        // No order of evidence may show: the trusted ones first, then by digest.
        let mut order: Vec<usize> = (0..self.held.len()).collect();
        order.sort_unstable_by_key(|&index| {
            let held = &self.held[index];
            (!held.trusted, *held.certificate.sha256())
        });
        for index in order {
            self.index_certificate(index);
        }
        self.order_keys();
    }

    /// Adds to a sealed store what a subject or a candidate brings. Indices stay as they are.
    pub fn bring(&mut self, brought: &[Arc<Certificate>], from: KeyFrom) {
        debug_assert!(self.sealed, "seal the store first");
        let first = self.held.len();
        for certificate in brought {
            self.add(certificate, false, from);
        }
        let mut order: Vec<usize> = (first..self.held.len()).collect();
        order.sort_unstable_by_key(|&index| *self.held[index].certificate.sha256());
        for index in order {
            self.index_certificate(index);
        }
        self.order_keys();
    }

    fn index_certificate(&mut self, index: usize) {
        let held = &mut self.held[index];
        let id = held.certificate.key().id();
        let distrusted = self.distrusted.contains(&id);
        held.issues = issues(held);
        let subject = held.certificate.subject();
        if held.certificate.presents_as_ca() && !held.is_brought() {
            self.ca_names.insert(subject.clone());
        }
        if !held.issues && !distrusted {
            return;
        }
        let next = self.keys.len();
        let key = *self.key_index.entry(id).or_insert(next);
        if key == next {
            self.keys.push(KnownKey {
                id,
                holders: Vec::new(),
                shown_by: index,
                plain: None,
                trusted: self.pinned.contains(&id) && !distrusted,
                distrusted,
                usable: false,
                unique: false,
            });
        }
        let known = &mut self.keys[key];
        known.trusted |= held.trusted && !distrusted;
        known.holders.push(index);
        // Of two encodings of one modulus, the one that is restricted to RSASSA-PSS verifies less.
        let pss_only =
            |held: &StoredCertificate| matches!(held.certificate.key().kind(), KeyKind::Rsa { pss_only: true, .. });
        if pss_only(&self.held[known.shown_by]) && !pss_only(&self.held[index]) {
            known.shown_by = index;
        }
        let held = &self.held[index];
        if held.trusted
            && let Some(identifier) = held.certificate.key_identifier()
        {
            let keys = self.by_identifier.entry(identifier.into()).or_default();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        if held.issues {
            let next = self.groups.len();
            let group = *self.by_name.entry(held.certificate.subject().clone()).or_insert(next);
            if group == next {
                self.groups.push(Vec::new());
            }
            self.groups[group].push(index);
            self.by_encoding.insert(held.certificate.subject().der().into(), group);
        }
    }

    fn order_keys(&mut self) {
        for known in &mut self.keys {
            let key = self.held[known.shown_by].certificate.key();
            let plain = matches!(key.kind(), KeyKind::Rsa { pss_only: false, .. } | KeyKind::Ec { .. });
            known.plain = (known.distrusted && !plain).then(|| Arc::new(PublicKey::from_spki(key.spki_der())));
            let key = known.plain.as_deref().unwrap_or(key);
            let usable = match known.trusted || known.distrusted {
                true => key.usable_when_vouched(),
                false => key.usable_when_found(),
            };
            known.usable = usable.is_ok();
            known.unique = key.usable_when_found().is_ok() && !matches!(key.kind(), KeyKind::Ec { .. });
        }
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        order.sort_unstable_by_key(|&key| self.keys[key].id.0);
        let of = |wanted: fn(&KnownKey) -> bool| -> Vec<usize> {
            order.iter().copied().filter(|&key| wanted(&self.keys[key])).collect()
        };
        let distrusted = of(|key| key.distrusted);
        let trusted = of(|key| key.trusted && !key.distrusted);
        let untrusted = of(|key| !key.trusted && !key.distrusted && key.usable);
        (self.distrusted_keys, self.trusted_keys, self.untrusted_keys) = (distrusted, trusted, untrusted);
        self.sealed = true;
    }

    /// Whether everything that `certificate` could lend is here already.
    pub fn knows(&self, certificate: &Certificate) -> bool {
        self.by_hash.contains_key(certificate.sha256())
    }

    /// A certificate at hand.
    pub fn held(&self, index: usize) -> &StoredCertificate {
        &self.held[index]
    }

    /// The certificate with a digest.
    pub fn with_sha256(&self, sha256: &[u8; 32]) -> Option<&StoredCertificate> {
        self.by_hash.get(sha256).map(|&index| &self.held[index])
    }

    /// Whether the certificate with a digest is a trusted one.
    pub fn is_trusted(&self, certificate: &Certificate) -> bool {
        self.with_sha256(certificate.sha256()).is_some_and(|held| held.trusted)
    }

    /// A known key.
    pub fn key(&self, index: usize) -> &KnownKey {
        &self.keys[index]
    }

    /// The known key with an identity.
    pub fn key_of(&self, id: KeyId) -> Option<usize> {
        self.key_index.get(&id).copied()
    }

    /// The known key of a certificate at hand.
    pub fn key_held(&self, index: usize) -> Option<usize> {
        self.key_of(self.held[index].certificate.key().id())
    }

    /// Whether the policy distrusts a key, known or not.
    pub fn distrusts(&self, id: KeyId) -> bool {
        self.distrusted.contains(&id)
    }

    /// Whether the policy distrusts any key.
    pub fn distrusts_any(&self) -> bool {
        !self.distrusted.is_empty()
    }

    /// The distrusted keys, by SHA-256.
    pub fn distrusted_keys(&self) -> &[usize] {
        &self.distrusted_keys
    }

    /// The trusted keys, by SHA-256.
    pub fn trusted_keys(&self) -> &[usize] {
        &self.trusted_keys
    }

    /// The untrusted keys that may verify anything, by SHA-256.
    pub fn untrusted_keys(&self) -> &[usize] {
        &self.untrusted_keys
    }

    /// The trusted keys that the key identifier of a trusted certificate names.
    pub fn identified(&self, identifier: &[u8]) -> &[usize] {
        self.by_identifier.get(identifier).map_or(&[], Vec::as_slice)
    }

    /// The certificates of a subject that lend a key, the trusted ones first.
    pub fn named(&self, name: &Name) -> &[usize] {
        let group = self.by_encoding.get(name.der()).or_else(|| self.by_name.get(name));
        group.map_or(&[], |&group| self.groups[group].as_slice())
    }

    /// Whether a CA certificate of that name is at hand, one that may not sign included.
    pub fn has_ca_named(&self, name: &Name) -> bool {
        self.ca_names.contains(name)
    }

    /// The public key itself.
    pub fn public_key(&self, index: usize) -> &PublicKey {
        let known = &self.keys[index];
        match &known.plain {
            Some(plain) => plain,
            None => self.held[known.shown_by].certificate.key(),
        }
    }

    /// The certificate that represents a key: one of `name` if there is one, the trusted and the earliest origin first.
    pub fn holder(&self, key: usize, name: Option<&Name>) -> Option<&StoredCertificate> {
        let holders = self.keys[key].holders.iter().map(|&index| &self.held[index]);
        holders.min_by_key(|held| {
            (
                name.is_some_and(|name| held.certificate.subject() != name),
                !held.trusted,
                held.from,
                *held.certificate.sha256(),
            )
        })
    }

    /// What the report says of the key that verified a certificate.
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

    /// Whether a certificate's authority key identifier is that of a key: as a trusted certificate with that key has
    /// it, else the one that RFC 5280 §4.2.1.2 (1) computes. What anybody can write beside a key counts for nothing.
    pub fn identifies(&self, certificate: &Certificate, key: usize) -> bool {
        let Some(wanted) = certificate.authority_key_identifier() else {
            return false;
        };
        let holders = self.keys[key].holders.iter().map(|&index| &self.held[index]);
        let mut trusted = holders.filter(|held| held.trusted && held.issues).peekable();
        match trusted.peek() {
            Some(_) => trusted.any(|held| held.certificate.key_identifier().is_some_and(|known| *known == *wanted)),
            None => self
                .public_key(key)
                .computed_identifier()
                .is_some_and(|known| known[..] == *wanted),
        }
    }
}

/// Whether a certificate may issue others (RFC 5280 §4.2.1.3, §4.2.1.9). A trusted root of version 1 has no extensions
/// to say so.
fn issues(held: &StoredCertificate) -> bool {
    let certificate = &held.certificate;
    match certificate.issuing_flaw() {
        None => true,
        Some(flaw) => flaw == IssuingFlaw::Version1 && held.trusted,
    }
}
