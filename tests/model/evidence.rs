//! §§1, 2 and 4: what counts, which key verifies what, and which keys rollover joins.

use super::world::{Distrust, Key, KeyKind, Member, Name, Serial, Set, World};

/// What is known, with its ranks, for the reference alone or with what one subject brings.
pub struct Evidence<'w> {
    pub world: &'w World,
    /// 1.1: `authorities`, the document's, and pins.
    pub trusted: Set,
    /// 1.2: what stands beside a member's certificate, and that certificate itself.
    pub beside: Set,
    /// 1.3: all but what a subject brings.
    pub at_hand: Set,
    /// 1.2: what one subject brings, its own certificate with it.
    pub brought: Set,
    /// 3.11
    pub distrusted: Set,
    /// 2.1: the keys that trusted certificates lend, and a pin's.
    pub trusted_keys: Set,
    /// 2.5: keys of any rank that count.
    pub known: Set,
}

impl<'w> Evidence<'w> {
    pub fn new(world: &'w World, brought: Set) -> Evidence<'w> {
        let (mut trusted, mut beside, mut pinned) = (Set::of(world.authorities.iter().copied()), Set::NONE, Set::NONE);
        for member in &world.members {
            match member {
                Member::Server { cert, beside: it, .. } => {
                    beside = beside.with(*cert).or(Set::of(it.iter().copied()));
                }
                Member::Pin(cert) => trusted = trusted.with(*cert),
                Member::KeyPin(key) => pinned = pinned.with(*key),
                Member::Unreadable => {}
            }
        }
        let at_hand = trusted.or(beside).or(Set::of(world.intermediates.iter().copied()));
        let mut evidence = Evidence {
            world,
            trusted,
            beside,
            at_hand,
            brought,
            distrusted: Set::NONE,
            trusted_keys: Set::NONE,
            known: Set::NONE,
        };
        // 2.1: only a CA certificate lends its key. 3.7: a key pin vouches for its key, wherever that is shown.
        let lent = evidence.lent(evidence.all());
        evidence.trusted_keys = evidence.lent(trusted).or(lent.and(pinned));
        // 3.11: by any certificate that carries it, whatever that certificate may do.
        let mut recognised = Set::NONE;
        for distrust in &world.distrust {
            match distrust {
                Distrust::Cert(cert) => recognised = recognised.with(world.certs[*cert].key),
                // A hash alone verifies nothing; any certificate that carries the key gives it.
                Distrust::Key(key) => {
                    evidence.distrusted = evidence.distrusted.with(*key);
                    if evidence.all().iter().any(|c| world.certs[c].key == *key) {
                        recognised = recognised.with(*key);
                    }
                }
            }
        }
        evidence.distrusted = evidence.distrusted.or(recognised);
        // 2.4: of the others only those that nobody can make to fit a signature.
        let carried = evidence.trusted_keys.or(evidence.distrusted);
        let counts = |key: &Key| carried.has(*key) || world.keys[*key] != KeyKind::Odd;
        evidence.known = Set::of(lent.iter().filter(counts))
            .or(evidence.trusted_keys)
            .or(recognised);
        evidence
    }

    pub fn all(&self) -> Set {
        self.at_hand.or(self.brought)
    }

    /// 2.1: cA TRUE, a trusted self-issued version-1 root excepted, and, where keyUsage is there, keyCertSign.
    pub fn lends(&self, cert: Serial) -> bool {
        let it = &self.world.certs[cert];
        match it.version1 {
            true => it.subject == it.issuer && self.trusted.has(cert),
            false => it.ca && it.may_sign != Some(false),
        }
    }

    fn lent(&self, certs: Set) -> Set {
        Set::of(certs.iter().filter(|c| self.lends(*c)).map(|c| self.world.certs[c].key))
    }

    /// 2.5: the known keys that verify a certificate.
    pub fn verifiers(&self, cert: Serial) -> Set {
        self.world.signers(cert).and(self.known)
    }

    /// 3.11: a key that verified it is distrusted.
    pub fn is_distrusted(&self, cert: Serial) -> bool {
        self.verifiers(cert).meets(self.distrusted)
    }

    /// 2.6: where several verify, the trusted ones count, and where none is trusted, all of them. 3.11: never one that is
    /// distrusted.
    pub fn counted(&self, cert: Serial) -> Set {
        let all = self.verifiers(cert).less(self.distrusted);
        let trusted = all.and(self.trusted_keys);
        if trusted.is_empty() { all } else { trusted }
    }

    /// The identifiers of a key: those that trusted certificates with it have, else the computed one (2.7, §5).
    pub fn identifiers(&self, key: Key) -> Set {
        let of_key = |c: &Serial| self.lends(*c) && self.world.certs[*c].key == key;
        let said = self.trusted.iter().filter(of_key).map(|c| self.identifier(c));
        let said = Set::of(said);
        if said.is_empty() { Set::of([key]) } else { said }
    }

    /// The identifier of a certificate's key, computed where it says none (2.7).
    pub fn identifier(&self, cert: Serial) -> usize {
        let it = &self.world.certs[cert];
        match it.version1 {
            true => it.key,
            false => it.subject_identifier.unwrap_or(it.key),
        }
    }

    /// CA certificates of a name that lend a key that counts and is not distrusted.
    pub fn generation_certs(&self, of: Name, among: Set) -> impl Iterator<Item = Serial> {
        let usable = move |c: &Serial| {
            let it = &self.world.certs[*c];
            it.subject == of && self.lends(*c) && self.known.has(it.key) && !self.distrusted.has(it.key)
        };
        among.iter().filter(usable)
    }

    fn keys_of(&self, certs: impl Iterator<Item = Serial>) -> Set {
        Set::of(certs.map(|c| self.world.certs[c].key))
    }

    /// 4: all keys that rollover joins to those that an authority starts with.
    pub fn rollover(&self, name: Name, start: Set) -> Set {
        let all: Vec<Serial> = self.generation_certs(name, self.all()).collect();
        self.grow(Set::of([name]), name, start.less(self.distrusted), &all)
    }

    /// 4.2: repeats 4.1 until nothing is added, the keys of `offered` alone being joined. `proving` are the names that are
    /// being proven, of which none can serve to prove another.
    fn grow(&self, proving: Set, name: Name, start: Set, offered: &[Serial]) -> Set {
        let mut keys = start;
        loop {
            let joined = offered.iter().filter(|c| self.joins(**c, proving, name, keys));
            let more = keys.or(Set::of(joined.map(|c| self.world.certs[*c].key)));
            if more == keys {
                return keys;
            }
            keys = more;
        }
    }

    /// 4.1: whether a CA certificate of the name adds its key to those of an authority.
    fn joins(&self, cert: Serial, proving: Set, name: Name, keys: Set) -> bool {
        let it = &self.world.certs[cert];
        if keys.has(it.key) {
            return false;
        }
        let mut certs_of_keys = self
            .generation_certs(name, self.all())
            .filter(|x| keys.has(self.world.certs[*x].key));
        // (a) A key in R signed it, or it is trusted and its key signed a certificate of that name for a key in R.
        self.world.signers(cert).meets(keys)
            || (self.trusted.has(cert) && certs_of_keys.any(|x| self.world.signers(x).has(it.key)))
            || self.has_common_parent(cert, proving, name, keys)
            // (c) A certificate for a key in R, itself signed as in (a) or (b), carries its SHA-1.
            || self.generation_certs(name, self.all()).any(|x| {
                let other = &self.world.certs[x];
                keys.has(other.key)
                    && !other.version1
                    && other.previous == Some(cert)
                    && (self.world.signers(x).meets(keys) || self.has_common_parent(x, proving, name, keys))
            })
    }

    /// 4.1 (b): a parent of another name signed the certificate, and also one of that name for a key in R, that one and
    /// the parent's being trusted.
    fn has_common_parent(&self, cert: Serial, proving: Set, name: Name, keys: Set) -> bool {
        let twins: Vec<Serial> = self
            .generation_certs(name, self.trusted)
            .filter(|x| keys.has(self.world.certs[*x].key))
            .collect();
        if twins.is_empty() {
            return false;
        }
        (0..super::world::HOSTS)
            .filter(|parent| !proving.has(*parent))
            .any(|parent| {
                let parents = self.keys_of(self.generation_certs(parent, self.trusted));
                let signed = self.world.signers(cert).and(parents);
                !signed.is_empty()
                    && twins.iter().any(|x| {
                        let twin_signed = self.world.signers(*x).and(parents);
                        twin_signed.meets(signed) || self.is_one_parent(parent, proving, parents, (twin_signed, signed))
                    })
            })
    }

    /// 4.1 (b): trusted keys of one name that (a), (b) or (c) joins, from whichever of them one starts.
    fn is_one_parent(&self, name: Name, proving: Set, parents: Set, (one, other): (Set, Set)) -> bool {
        if one.is_empty() || other.is_empty() {
            return false;
        }
        let of_parent = |c: &Serial| parents.has(self.world.certs[*c].key);
        let offered: Vec<Serial> = self.generation_certs(name, self.all()).filter(of_parent).collect();
        parents.iter().any(|start| {
            let reached = self.grow(proving.with(name), name, Set::of([start]), &offered);
            reached.meets(one) && reached.meets(other)
        })
    }

    /// 8.1: the self-signed CAs among `roots` that verified steps reach, each over a certificate of `steps`.
    pub fn roots(&self, cert: Serial, steps: Set, roots: Set) -> Set {
        let (mut seen, mut found, mut open) = (Set::NONE, Set::NONE, vec![cert]);
        while let Some(at) = open.pop() {
            for above in self.issuers(at, steps.or(roots)).iter() {
                if roots.has(above) && self.world.is_self_signed(above) {
                    found = found.with(above);
                }
                // A path ends with the first self-signed CA.
                if steps.has(above) && !seen.has(above) && !self.world.is_self_signed(above) {
                    seen = seen.with(above);
                    open.push(above);
                }
            }
        }
        found
    }

    /// The same, over a CA certificate: with a self-signed one the path ends.
    pub fn roots_above(&self, issuer: Serial, steps: Set, roots: Set) -> Set {
        match self.world.is_self_signed(issuer) {
            true => Set::of([issuer]).and(roots),
            false => self.roots(issuer, steps, roots),
        }
    }

    /// The CA certificates of the issuer's name whose key verifies it.
    pub fn issuers(&self, cert: Serial, among: Set) -> Set {
        let it = &self.world.certs[cert];
        let signed = self.verifiers(cert);
        Set::of(
            self.generation_certs(it.issuer, among)
                .filter(|c| signed.has(self.world.certs[*c].key)),
        )
    }
}
