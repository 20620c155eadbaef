//! The reference as evaluated: its members, and the authorities that they or the pins allow.

use crate::cert::{KeyId, Name};
use crate::decide::case::Case;
use crate::decide::common_findings::short;
use crate::decide::trust::{Issuers, JoinedKey, Limit, Path, SignatureVerifier, grow};
use crate::protocol::{Finding, JoinedBy, Level, Severity, hex};

/// The CA behind a certificate: its issuer, or at level root a root above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerKey {
    /// The CA's name.
    pub name: Name,
    /// The keys that verified it; at level root the root's; indices into the store.
    pub keys: Vec<usize>,
    /// At level root: the verified path.
    pub path: Option<Path>,
}

/// What kind of authority it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Members vote for it.
    Voted,
    /// Members name it, and none could be verified.
    Named,
    /// A CA certificate is pinned.
    PinnedCertificate,
    /// A key is pinned.
    PinnedKey(KeyId),
}

/// An authority that is allowed.
#[derive(Debug, Clone)]
pub struct Authority {
    /// What kind it is.
    pub kind: Kind,
    /// Its names: one, but none for a pinned key and perhaps several under `match: key`.
    pub names: Vec<Name>,
    /// Its keys: those of the members or the pin first, then those that rollover adds.
    pub keys: Vec<JoinedKey>,
    /// The members that vote for it or name it, or the pin.
    pub members: Vec<usize>,
    /// Whether rollover counts for it.
    pub rolls: bool,
    /// Whether every key that rollover could add was looked at.
    pub complete: bool,
}

impl Authority {
    /// The authority that one member votes for, or with no keys the one that it names.
    pub fn of(name: Name, keys: &[usize], member: usize) -> Self {
        let first = |&key: &usize| JoinedKey::first(key, JoinedBy::Member);
        Authority {
            kind: if keys.is_empty() { Kind::Named } else { Kind::Voted },
            names: vec![name],
            keys: keys.iter().map(first).collect(),
            members: vec![member],
            rolls: false,
            complete: true,
        }
    }

    /// What to call it in a message.
    pub fn title(&self, case: &Case) -> String {
        match (self.names.first(), self.kind) {
            (_, Kind::PinnedKey(id)) => format!("SHA-256 {}", short(&hex(&id.0))),
            (Some(name), _) => name.rfc4514(),
            (None, _) => self
                .members
                .iter()
                .map(|&index| case.members[index].name.clone())
                .collect(),
        }
    }

    /// How a key belongs to the authority.
    pub fn joined(&self, key: usize) -> Option<&JoinedKey> {
        self.keys.iter().find(|joined| joined.key == key)
    }

    /// Whether a name is the authority's.
    pub fn is_named(&self, name: &Name) -> bool {
        self.names.contains(name)
    }

    /// The keys of the members or the pin.
    pub fn first_keys(&self) -> Vec<usize> {
        let first = self.keys.iter().filter(|joined| joined.from.is_none());
        first.map(|joined| joined.key).collect()
    }

    /// Takes in what another authority has, which is the same.
    pub fn absorb(&mut self, other: Authority) {
        for name in other.names {
            if !self.names.contains(&name) {
                self.names.push(name);
            }
        }
        for joined in other.keys {
            if self.joined(joined.key).is_none() {
                self.keys.push(joined);
            }
        }
        for member in other.members {
            if !self.members.contains(&member) {
                self.members.push(member);
            }
        }
    }

    /// Adds what rollover joins.
    pub fn grow(&mut self, verifier: &mut SignatureVerifier<'_>) {
        if let [name] = self.names.as_slice() {
            self.rolls = true;
            self.complete = grow(verifier, name, &mut self.keys);
        }
    }
}

/// One member as evaluated.
#[derive(Debug, Clone, Default)]
pub struct EvaluatedMember {
    /// The keys that verify it.
    pub issuers: Issuers,
    /// The CAs behind it that may count.
    pub anchors: Vec<IssuerKey>,
    /// At level root: every root that it reaches.
    pub reached: Vec<IssuerKey>,
    /// At level root: what kept the search for roots from being complete.
    pub limit: Option<Limit>,
    /// Whether it votes.
    pub votes: bool,
    /// Whether it holds a CA certificate or a self-signed one.
    pub holds_ca: bool,
    /// Whether it points to a trusted key that did not sign it.
    pub forged: bool,
    /// Whether it was read by TLS and nothing confirms its CA.
    pub unanchored: bool,
    /// What was found about it.
    pub findings: Vec<Finding>,
}

impl EvaluatedMember {
    /// Whether a distrusted key signed it.
    pub fn is_distrusted(&self) -> bool {
        self.issuers.distrusted.is_some()
    }

    /// What its relation is worked out from, where it is judged as a subject would be.
    pub fn as_subject(&self, level: Level) -> &[IssuerKey] {
        match level {
            Level::Issuing => &self.anchors,
            Level::Root => &self.reached,
        }
    }
}

/// Evaluates the reference with the certificates at hand.
#[derive(Debug, Clone, Default)]
pub struct EvaluatedReference {
    /// The members, as in the case.
    pub members: Vec<EvaluatedMember>,
    /// What is allowed.
    pub authorities: Vec<Authority>,
    /// What was found about the reference as a whole.
    pub findings: Vec<Finding>,
    /// Whether a member holds a CA certificate or a self-signed one.
    pub holds_ca: bool,
    /// Whether any pin was given.
    pub pinned: bool,
    /// Whether a key verified any member.
    pub any_verified: bool,
}

impl EvaluatedReference {
    /// Every finding that leaves subjects in doubt.
    pub fn doubts(&self) -> impl Iterator<Item = &Finding> {
        let members = self.members.iter().flat_map(|member| &member.findings);
        self.findings
            .iter()
            .chain(members)
            .filter(|finding| finding.severity >= Severity::Doubt)
    }

    /// Whether a key verified a voting member of an authority of that name, or is its pin: nothing more need be known of a
    /// certificate under it.
    pub fn allows_directly(&self, issuer: &Name, key: usize) -> bool {
        let direct = |authority: &Authority| {
            let first = authority.joined(key).is_some_and(|joined| joined.from.is_none());
            first && (authority.is_named(issuer) || matches!(authority.kind, Kind::PinnedKey(_)))
        };
        self.authorities.iter().any(direct)
    }
}
