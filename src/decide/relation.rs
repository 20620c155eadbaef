//! How a certificate stands to what the reference allows.

use crate::cert::{Certificate, Name};
use crate::protocol::{
    Evidence, EvidenceKind, Hex, Level, Match, Policy, Proof, ProofWanted, References, Relation, Severity, Sha256Hex,
    Status,
};

use super::Case;
use super::authority::{Anchor, Authority, Kind, Read, Standing};
use super::evidence::{Pool, Prover, Signer};
use super::rollover::{Joined, Rigour, close, lineage};

/// Certificates of one CA key that are asked who signed them, for the sake of a hint. A CA has a handful; a subject may
/// bring thousands that claim to be one.
const MAX_TWINS: usize = 16;

/// How a certificate stands to one authority, or to the best of several.
#[derive(Debug, Clone)]
pub struct Related {
    /// The row of the table.
    pub relation: Relation,
    /// How it is known.
    pub proof: Option<Proof>,
    /// The authority it is about; an index into the standing's, `None` where nothing is allowed.
    pub authority: Option<usize>,
    /// The CA that was compared: the anchor of the certificate.
    pub anchor: Option<Anchor>,
    /// Each verified step, reference side first.
    pub evidence: Vec<Evidence>,
    /// CA certificates that the relation rests on; indices into the pool.
    pub links: Vec<usize>,
    /// Whether `proof` is weaker than a signature and the policy lets it count.
    pub weak: bool,
    /// Whether the signature's algorithm is what keeps it from being told.
    pub unsupported: bool,
    /// Certificates that would prove a link if they were vouched.
    pub refused: Option<Refused>,
}

/// A link between generations that is not counted.
#[derive(Debug, Clone)]
pub enum Refused {
    /// These certificates are at hand, and not vouched; indices into the pool.
    Unvouched(Vec<usize>),
    /// The parent is not at hand: its name, and its key identifier.
    MissingParent(Name, Vec<u8>),
}

impl Related {
    fn new(relation: Relation, proof: Option<Proof>) -> Self {
        Related {
            relation,
            proof,
            authority: None,
            anchor: None,
            evidence: Vec::new(),
            links: Vec::new(),
            weak: false,
            unsupported: false,
            refused: None,
        }
    }

    /// The weight of the relation under a policy: what its finding will have, or `None` where it passes.
    pub fn severity(&self, policy: &Policy) -> Option<Severity> {
        let by_name = policy.match_ == Match::Name && policy.proof == ProofWanted::Name;
        match self.relation {
            Relation::Same => None,
            Relation::Rollover => (policy.match_ == Match::Key).then_some(Severity::Error),
            Relation::KeyOnly if policy.match_ == Match::Key => Some(Severity::Warning),
            Relation::KeyOnly | Relation::Different | Relation::BadSignature => Some(Severity::Error),
            Relation::Unproven if self.weak => None,
            Relation::NameOnly if by_name && self.weak => Some(Severity::Warning),
            Relation::NameOnly if self.proof == Some(Proof::Signature) && self.refused.is_none() => {
                Some(Severity::Error)
            }
            Relation::Unproven | Relation::NameOnly | Relation::Unreadable => Some(Severity::Doubt),
        }
    }

    fn status(&self, policy: &Policy) -> Status {
        match self.severity(policy) {
            Some(Severity::Error) => Status::Noncompliant,
            Some(Severity::Doubt) => Status::Undetermined,
            _ => Status::Compliant,
        }
    }
}

/// The relation of a certificate to what is allowed: of several authorities the one with the best status, and of equal
/// ones the higher row.
pub fn relate(
    case: &Case,
    prover: &mut Prover<'_>,
    standing: &Standing,
    certificate: &Certificate,
    signer: Signer,
    anchors: &[Anchor],
) -> Related {
    let mut best: Option<Related> = None;
    for index in 0..standing.authorities.len() {
        let about = About {
            case,
            standing,
            authority: &standing.authorities[index],
            certificate,
            signer,
            anchors,
        };
        let mut related = about.relate(prover);
        related.authority = Some(index);
        let order = |related: &Related| (related.status(&case.policy), related.relation);
        if best.as_ref().is_none_or(|best| order(&related) < order(best)) {
            best = Some(related);
        }
    }
    let proven = best.as_ref().is_some_and(|best| best.relation == Relation::Same);
    if !proven && is_identical(case, standing, certificate) {
        let mut related = Related::new(Relation::Same, Some(Proof::Identical));
        related.authority = best.and_then(|best| best.authority);
        related.evidence = vec![Evidence {
            kind: EvidenceKind::Identical,
            certificate: Some(Hex(*certificate.sha256())),
            signer_key_sha256: None,
            signer_certificate: None,
            other_certificate: Some(Hex(*certificate.sha256())),
        }];
        return related;
    }
    best.unwrap_or_else(|| {
        let mut related = Related::new(Relation::Unproven, None);
        related.unsupported = signer == Signer::Unsupported;
        related.evidence = issued(prover.pool, certificate, anchors.first());
        related
    })
}

/// Without pins: whether it is byte for byte the certificate of a voting member, of any member under `any`, or, where
/// no member could be verified and nothing disagrees, of a member.
fn is_identical(case: &Case, standing: &Standing, certificate: &Certificate) -> bool {
    if standing.pinned {
        return false;
    }
    let any = case.policy.references == References::Any || (!standing.any_verified && !standing.disagree);
    case.members.iter().zip(&standing.members).any(|(member, stands)| {
        let counts = (stands.votes || any) && !stands.distrusted && !stands.forged;
        counts
            && member
                .read
                .certificate()
                .is_some_and(|other| other.sha256() == certificate.sha256())
    })
}

/// One certificate against one authority.
struct About<'a> {
    case: &'a Case,
    standing: &'a Standing,
    authority: &'a Authority,
    certificate: &'a Certificate,
    signer: Signer,
    anchors: &'a [Anchor],
}

impl About<'_> {
    fn relate(&self, prover: &mut Prover<'_>) -> Related {
        if let Kind::PinnedKey(id) = self.authority.kind {
            return self.to_pinned_key(prover, id);
        }
        if let Some(proven) = self.proven(prover) {
            return proven;
        }
        if self.names_equal() {
            return self.same_name(prover);
        }
        if self.may_hide() {
            return self.unproven(prover.pool);
        }
        let mut related = Related::new(Relation::Different, Some(Proof::Name));
        self.by_another_key(prover.pool, &mut related);
        related
    }

    /// The rows that a key of the authority proves: same, rollover, key-only.
    fn proven(&self, prover: &mut Prover<'_>) -> Option<Related> {
        let row = |anchor: &Anchor| {
            let joined = self.authority.joined(anchor.key)?;
            let relation = match (self.authority.is_named(&anchor.name), joined.from) {
                (true, None) => Relation::Same,
                (true, Some(_)) => Relation::Rollover,
                (false, None) => Relation::KeyOnly,
                (false, Some(_)) => return None,
            };
            Some((relation, anchor.clone()))
        };
        let (relation, anchor) = self
            .anchors
            .iter()
            .filter_map(row)
            .min_by_key(|(relation, _)| *relation)?;
        let mut related = Related::new(relation, Some(Proof::Signature));
        let (steps, links) = lineage(&self.authority.keys, anchor.key);
        related.evidence = self.reference_side(prover, anchor.key);
        related.evidence.extend(steps);
        related.evidence.extend(issued_above(prover, self.certificate, &anchor));
        related.evidence.dedup();
        related.links = links;
        related.anchor = Some(anchor);
        Some(related)
    }

    /// What shows that the key which started the lineage of `key` is the reference's.
    fn reference_side(&self, prover: &mut Prover<'_>, key: usize) -> Vec<Evidence> {
        let pool = prover.pool;
        let mut start = key;
        while let Some(from) = self.authority.joined(start).and_then(|joined| joined.from) {
            start = from;
        }
        if self.authority.kind == Kind::PinnedCertificate {
            let pin = self
                .authority
                .members
                .first()
                .and_then(|&index| match &self.case.members[index].read {
                    Read::Authority(certificate) => Some(Hex(*certificate.sha256())),
                    _ => None,
                });
            return vec![pinned(pool, start, pin)];
        }
        for &index in &self.authority.members {
            let (member, stands) = (&self.case.members[index], &self.standing.members[index]);
            let Some(certificate) = member.read.certificate() else {
                continue;
            };
            if let Some(anchor) = stands.anchors.iter().find(|anchor| anchor.key == start) {
                return issued_above(prover, certificate, anchor);
            }
        }
        Vec::new()
    }

    fn names_equal(&self) -> bool {
        match self.case.policy.level {
            Level::Issuing => self.authority.is_named(self.certificate.issuer()),
            // Of a certificate that reaches no root nothing is known of the root's name.
            Level::Root => {
                self.anchors.is_empty() || self.anchors.iter().any(|anchor| self.authority.is_named(&anchor.name))
            }
        }
    }

    /// Where another name may hide the same CA: no key to compare under `match: key`, or a member not verified under `any`.
    fn may_hide(&self) -> bool {
        let no_key = self.case.policy.match_ == Match::Key && self.authority.keys.is_empty();
        let unverified = self.case.policy.references == References::Any
            && !self.standing.pinned
            && self
                .case
                .members
                .iter()
                .zip(&self.standing.members)
                .any(|(member, stands)| {
                    let issuer = member.read.certificate().map(|certificate| certificate.issuer());
                    stands.signer.known().is_none() && issuer == Some(self.certificate.issuer())
                });
        no_key || unverified
    }

    /// The rows for an equal name that no key of the authority proves.
    fn same_name(&self, prover: &mut Prover<'_>) -> Related {
        let pool = prover.pool;
        let at_root = self.case.policy.level == Level::Root;
        if self.authority.keys.is_empty() || self.signer == Signer::Unsupported || (at_root && self.anchors.is_empty())
        {
            return self.unproven(pool);
        }
        let named = |anchor: &&Anchor| self.authority.is_named(&anchor.name);
        if let Some(anchor) = self.anchors.iter().find(named) {
            let mut related = Related::new(Relation::NameOnly, Some(Proof::Signature));
            related.refused = self.refused_link(prover, anchor.key);
            related.weak = self.name_is_enough();
            related.evidence = issued_above(prover, self.certificate, anchor);
            related.anchor = Some(anchor.clone());
            return related;
        }
        if self
            .authority
            .keys
            .iter()
            .any(|joined| pool.identifies(self.certificate, joined.key))
        {
            return Related::new(Relation::BadSignature, Some(Proof::KeyIdentifier));
        }
        let mut related = Related::new(Relation::NameOnly, Some(Proof::Name));
        related.weak = self.name_is_enough();
        related
    }

    fn name_is_enough(&self) -> bool {
        self.case.policy.match_ == Match::Name && self.case.policy.proof == ProofWanted::Name
    }

    /// Equal names and no usable key: what weaker evidence there is, and whether the policy lets it count.
    fn unproven(&self, pool: &Pool) -> Related {
        let mut related = Related::new(Relation::Unproven, None);
        related.unsupported = self.signer == Signer::Unsupported;
        related.evidence = issued(pool, self.certificate, self.anchors.first());
        if !self.authority.is_named(self.certificate.issuer()) {
            return related;
        }
        let same_identifier = self.certificate.authority_key_identifier().is_some_and(|wanted| {
            self.case
                .members
                .iter()
                .zip(&self.standing.members)
                .any(|(member, stands)| {
                    let other = member
                        .read
                        .certificate()
                        .filter(|other| self.authority.is_named(other.issuer()));
                    !stands.distrusted
                        && !stands.forged
                        && other.is_some_and(|other| other.authority_key_identifier() == Some(wanted))
                })
        });
        let (proof, reached) = match same_identifier {
            true => (Proof::KeyIdentifier, ProofWanted::KeyIdentifier),
            false => (Proof::Name, ProofWanted::Name),
        };
        related.proof = Some(proof);
        // A CA certificate of that name could have proved it: a claim is no substitute for a proof that failed.
        let provable = !pool.named(self.certificate.issuer()).is_empty() || self.signer.known().is_some();
        related.weak = !provable && self.case.policy.proof <= reached;
        related
    }

    fn to_pinned_key(&self, prover: &mut Prover<'_>, id: crate::cert::KeyId) -> Related {
        let pool = prover.pool;
        let pin = self.authority.keys.first();
        let mine = pin.and_then(|pin| self.anchors.iter().find(|anchor| anchor.key == pin.key));
        if let (Some(pin), Some(anchor)) = (pin, mine) {
            let mut related = Related::new(Relation::Same, Some(Proof::Signature));
            related.evidence = vec![pinned(pool, pin.key, None)];
            related.evidence.extend(issued_above(prover, self.certificate, anchor));
            related.anchor = Some(anchor.clone());
            return related;
        }
        let carried = pool.key_of(id).is_some_and(|key| pool.key(key).usable);
        let no_anchor = self.case.policy.level == Level::Root && self.anchors.is_empty();
        if self.signer == Signer::Unsupported || no_anchor || (self.signer.known().is_none() && !carried) {
            let mut related = Related::new(Relation::Unproven, None);
            related.unsupported = self.signer == Signer::Unsupported;
            return related;
        }
        let mut related = Related::new(Relation::Different, None);
        self.by_another_key(pool, &mut related);
        related
    }

    fn by_another_key(&self, pool: &Pool, related: &mut Related) {
        let Some(anchor) = self.anchors.first() else { return };
        related.proof = Some(Proof::Signature);
        related.evidence = issued(pool, self.certificate, Some(anchor));
        related.anchor = Some(anchor.clone());
    }

    /// Whether the key would be joined if one certificate more were vouched.
    fn refused_link(&self, prover: &mut Prover<'_>, key: usize) -> Option<Refused> {
        if prover.pool.key(key).distrusted {
            return None;
        }
        let mut keys: Vec<Joined> = self.authority.keys.clone();
        close(prover, &self.authority.names, &mut keys, Rigour::Half);
        let mut wanting = Vec::new();
        let mut at = keys.iter().find(|joined| joined.key == key);
        while let Some(joined) = at {
            wanting.extend(joined.wanting.iter().copied());
            at = keys.iter().find(|other| Some(other.key) == joined.from);
        }
        wanting.sort_unstable();
        wanting.dedup();
        if !wanting.is_empty() {
            return Some(Refused::Unvouched(wanting));
        }
        self.missing_parent(prover, key)
    }

    /// The parent that a vouched certificate of the authority and one for `key` both point to, and that is not at hand.
    fn missing_parent(&self, prover: &mut Prover<'_>, key: usize) -> Option<Refused> {
        let pool = prover.pool;
        let of_authority = |&&index: &&usize| self.authority.is_named(pool.held(index).certificate.subject());
        let ours: Vec<usize> = self
            .authority
            .keys
            .iter()
            .flat_map(|joined| pool.key(joined.key).holders.iter().filter(of_authority).copied())
            .filter(|&index| pool.held(index).vouched)
            .collect();
        let theirs = pool.key(key).holders.iter().filter(of_authority).copied();
        let theirs: Vec<usize> = theirs.take(MAX_TWINS).collect();
        for &twin in &ours {
            for &other in &theirs {
                let (twin, other) = (
                    pool.held(twin).certificate.clone(),
                    pool.held(other).certificate.clone(),
                );
                let Some(identifier) = twin.authority_key_identifier() else {
                    continue;
                };
                let pointed = twin.issuer() == other.issuer() && other.authority_key_identifier() == Some(identifier);
                let same_name = self.authority.is_named(twin.issuer());
                let at_hand = pool
                    .named(twin.issuer())
                    .iter()
                    .any(|&index| pool.held(index).certificate.subject_key_identifier() == Some(identifier));
                let mut unknown = |certificate| prover.signer(certificate) == Signer::Unknown;
                if pointed && !same_name && !at_hand && unknown(&twin) && unknown(&other) {
                    return Some(Refused::MissingParent(twin.issuer().clone(), identifier.to_vec()));
                }
            }
        }
        None
    }
}

fn pinned(pool: &Pool, key: usize, certificate: Option<Sha256Hex>) -> Evidence {
    Evidence {
        kind: EvidenceKind::Pin,
        certificate,
        signer_key_sha256: Some(Hex(pool.key(key).id.0)),
        signer_certificate: None,
        other_certificate: None,
    }
}

/// The one step "this key signed this certificate".
fn issued(pool: &Pool, certificate: &Certificate, anchor: Option<&Anchor>) -> Vec<Evidence> {
    let Some(anchor) = anchor.filter(|anchor| anchor.path.is_none()) else {
        return Vec::new();
    };
    let holder = pool.holder(anchor.key, Some(&anchor.name));
    vec![Evidence {
        kind: EvidenceKind::Issued,
        certificate: Some(Hex(*certificate.sha256())),
        signer_key_sha256: Some(Hex(pool.key(anchor.key).id.0)),
        signer_certificate: holder.map(|held| Hex(*held.certificate.sha256())),
        other_certificate: None,
    }]
}

/// The steps from an anchor down to a certificate: one at level issuing, the whole path at level root.
fn issued_above(prover: &Prover<'_>, certificate: &Certificate, anchor: &Anchor) -> Vec<Evidence> {
    match &anchor.path {
        None => issued(prover.pool, certificate, Some(anchor)),
        Some(path) => path.evidence(prover, certificate),
    }
}
