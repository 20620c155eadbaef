//! The relation of a certificate to what the reference allows.

use crate::cert::{Certificate, KeyId, Name};
use crate::protocol::{
    Code, Evidence, EvidenceKind, Hex, Level, Match, Policy, Proof, ProofWanted, References, Relation, Severity,
    Sha256Hex, Status,
};

use super::case::{Case, Read};
use super::evaluated::{Authority, EvaluatedReference, IssuerKey, Kind};
use super::trust::{CertificateStore, Issuers, Limit, Refused, SignatureVerifier, grow, lineage, refused_link};

/// The relation of a certificate to one authority, or to the best of several.
#[derive(Debug, Clone)]
pub struct Related {
    /// The row of the table.
    pub relation: Relation,
    /// How it is known.
    pub proof: Option<Proof>,
    /// The authority it is about; an index into those of the reference, `None` where nothing is allowed.
    pub authority: Option<usize>,
    /// The CA that was compared: the anchor of the certificate, and the key of it that counts.
    pub anchor: Option<(IssuerKey, usize)>,
    /// Each verified step, reference side first.
    pub evidence: Vec<Evidence>,
    /// CA certificates that the relation rests on; indices into the store.
    pub links: Vec<usize>,
    /// Whether `proof` is weaker than a signature and the policy lets it count.
    pub weak: bool,
    /// Whether the signature's algorithm is what keeps it from being known.
    pub unsupported: bool,
    /// What was not tried and keeps it from being known.
    pub limit: Option<Limit>,
    /// What would prove a link that does not count.
    pub refused: Option<Refused>,
    /// Whether it is the same CA by rollover, which does not count under `match: key`.
    pub rolled: bool,
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
            limit: None,
            refused: None,
            rolled: false,
        }
    }

    /// The severity of the relation under a policy: what its finding will have, or `None` where it passes without one.
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

    /// The status that it gives by itself.
    pub fn status(&self, policy: &Policy) -> Status {
        match self.severity(policy) {
            Some(Severity::Error) => Status::Noncompliant,
            Some(Severity::Doubt) => Status::Undetermined,
            _ => Status::Compliant,
        }
    }

    /// Whether it passes by a verified signature or by identity, so that nothing more can change it.
    pub fn is_proven(&self, policy: &Policy) -> bool {
        let proof = matches!(self.proof, Some(Proof::Signature | Proof::Identical));
        proof && !self.weak && self.status(policy) == Status::Compliant
    }

    /// Why an unproven relation is unproven.
    pub fn unproven_code(&self) -> Code {
        if self.unsupported {
            Code::AlgorithmUnsupported
        } else if self.limit.is_some() {
            Code::LimitReached
        } else {
            Code::CaCertificateMissing
        }
    }
}

/// The relation of a certificate to what is allowed: of several authorities the one with the best status, and of equal
/// ones the higher row. `limit` is what kept the search for its roots from being complete.
pub fn relate(
    case: &Case,
    verifier: &mut SignatureVerifier<'_>,
    evaluated: &EvaluatedReference,
    certificate: &Certificate,
    issuers: &Issuers,
    anchors: &[IssuerKey],
    limit: Option<Limit>,
) -> Related {
    let limit = match case.policy.level {
        _ if issuers.is_limited() => Some(Limit::Work),
        Level::Root if anchors.is_empty() => limit,
        _ => None,
    };
    let mut best: Option<Related> = None;
    for (index, authority) in evaluated.authorities.iter().enumerate() {
        let about = About {
            case,
            evaluated,
            authority,
            certificate,
            issuers,
            anchors,
            limit,
        };
        let mut related = about.relate(verifier);
        related.authority = Some(index);
        let order = |related: &Related| (related.status(&case.policy), related.relation);
        if best.as_ref().is_none_or(|best| order(&related) < order(best)) {
            best = Some(related);
        }
    }
    let proven = best.as_ref().is_some_and(|best| best.relation == Relation::Same);
    if !proven && is_identical(case, evaluated, certificate) {
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
        related.unsupported = issuers.is_unsupported();
        related.limit = limit;
        related.evidence = issued_by_first(verifier.store, certificate, anchors);
        related
    })
}

/// Without pins: whether it is byte for byte the certificate of a voting member, of any member under `any` (at level root
/// of a voting one only), or, where no member could be verified, of every readable member.
fn is_identical(case: &Case, evaluated: &EvaluatedReference, certificate: &Certificate) -> bool {
    if evaluated.pinned {
        return false;
    }
    let any = case.policy.references == References::Any && case.policy.level == Level::Issuing;
    let members = case.members.iter().zip(&evaluated.members);
    let mut read = members.filter_map(|(member, stands)| Some((member.read.certificate()?, stands)));
    if evaluated.any_verified || any {
        return read
            .any(|(other, stands)| (stands.votes || any) && !stands.forged && other.sha256() == certificate.sha256());
    }
    let mut found = false;
    read.all(|(other, stands)| {
        found = true;
        !stands.forged && other.sha256() == certificate.sha256()
    }) && found
}

/// One certificate against one authority.
struct About<'a> {
    case: &'a Case,
    evaluated: &'a EvaluatedReference,
    authority: &'a Authority,
    certificate: &'a Certificate,
    issuers: &'a Issuers,
    anchors: &'a [IssuerKey],
    limit: Option<Limit>,
}

impl About<'_> {
    fn relate(&self, verifier: &mut SignatureVerifier<'_>) -> Related {
        if let Kind::PinnedKey(id) = self.authority.kind {
            return self.to_pinned_key(verifier.store, id);
        }
        if let Some(proven) = self.proven(verifier.store) {
            return proven;
        }
        if self.names_equal() {
            return self.same_name(verifier);
        }
        if self.may_hide() {
            return self.unproven(verifier.store);
        }
        let mut related = Related::new(Relation::Different, Some(Proof::Name));
        self.by_another_key(verifier.store, &mut related);
        related
    }

    /// The rows that a key of the authority proves: same, rollover, key-only.
    fn proven(&self, store: &CertificateStore) -> Option<Related> {
        let row = |anchor: &IssuerKey, key: usize| {
            let joined = self.authority.joined(key)?;
            let relation = match (self.authority.is_named(&anchor.name), joined.from) {
                (true, None) => Relation::Same,
                (true, Some(_)) => Relation::Rollover,
                (false, None) => Relation::KeyOnly,
                (false, Some(_)) => return None,
            };
            Some((relation, anchor.clone(), key))
        };
        let each = self.anchors.iter();
        let (relation, anchor, key) = each
            .flat_map(|anchor| anchor.keys.iter().filter_map(move |&key| row(anchor, key)))
            .min_by_key(|(relation, ..)| *relation)?;
        let mut related = Related::new(relation, Some(Proof::Signature));
        let (steps, links) = lineage(&self.authority.keys, key);
        related.evidence = self.reference_side(store, key);
        related.evidence.extend(steps);
        related
            .evidence
            .extend(issued_above(store, self.certificate, &anchor, key));
        related.evidence.dedup();
        related.links = links;
        related.anchor = Some((anchor, key));
        Some(related)
    }

    /// What shows that the key which started the lineage of `key` is the reference's.
    fn reference_side(&self, store: &CertificateStore, key: usize) -> Vec<Evidence> {
        let mut start = key;
        while let Some(from) = self.authority.joined(start).and_then(|joined| joined.from) {
            start = from;
        }
        let members = self.authority.members.iter();
        if self.authority.kind == Kind::PinnedCertificate {
            let pins = members.filter_map(|&index| match &self.case.members[index].read {
                Read::Authority(certificate) => Some(Hex(*certificate.sha256())),
                _ => None,
            });
            return vec![pinned(store, start, pins.min())];
        }
        for &index in members {
            let (member, stands) = (&self.case.members[index], &self.evaluated.members[index]);
            let Some(certificate) = member.read.certificate() else {
                continue;
            };
            if let Some(anchor) = stands.anchors.iter().find(|anchor| anchor.keys.contains(&start)) {
                return issued_above(store, certificate, anchor, start);
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

    /// Where another name may hide the same CA: under `match: key` where no key can be compared, and under `any` where a
    /// member of that issuer name could not be verified.
    fn may_hide(&self) -> bool {
        let by_key = self.case.policy.match_ == Match::Key;
        if by_key && (self.authority.keys.is_empty() || self.issuers.is_unsupported()) {
            return true;
        }
        let mut members = self.case.members.iter().zip(&self.evaluated.members);
        self.case.policy.references == References::Any
            && !self.evaluated.pinned
            && members.any(|(member, stands)| {
                let issuer = member.read.certificate().map(|certificate| certificate.issuer());
                !stands.issuers.any() && issuer == Some(self.certificate.issuer())
            })
    }

    /// The rows for an equal name that no key of the authority proves.
    fn same_name(&self, verifier: &mut SignatureVerifier<'_>) -> Related {
        let store = verifier.store;
        let at_root = self.case.policy.level == Level::Root;
        let no_path = at_root && self.anchors.is_empty();
        if self.authority.keys.is_empty() || self.issuers.is_unsupported() || no_path {
            return self.unproven(store);
        }
        let mut named: Vec<(&IssuerKey, usize)> = Vec::new();
        for anchor in self
            .anchors
            .iter()
            .filter(|anchor| self.authority.is_named(&anchor.name))
        {
            named.extend(anchor.keys.iter().map(|&key| (anchor, key)));
        }
        if !named.is_empty() || self.issuers.any() {
            let mut related = Related::new(Relation::NameOnly, Some(Proof::Signature));
            // Of several keys that verify it, and of several roots, any may be the one that a link leads to.
            let rolled = named
                .iter()
                .find(|(anchor, key)| self.is_rolled(verifier, &anchor.name, *key));
            let refused = match rolled {
                Some(_) => None,
                None => named
                    .iter()
                    .find_map(|of_key| Some((of_key, self.refused_link(verifier, &of_key.0.name, of_key.1)?))),
            };
            let shown = rolled.or(refused.as_ref().map(|(of_key, _)| *of_key)).or(named.first());
            related.rolled = rolled.is_some();
            related.refused = refused.as_ref().map(|(_, refused)| refused.clone());
            // What the budget left untried may have joined the key.
            if !self.authority.complete && related.refused.is_none() {
                let mut related = self.unproven(store);
                related.limit = Some(Limit::Work);
                return related;
            }
            related.weak = self.name_is_enough();
            if let Some(&(anchor, key)) = shown {
                related.evidence = issued_above(store, self.certificate, anchor, key);
                related.anchor = Some((anchor.clone(), key));
            }
            return related;
        }
        if self.limit.is_some() {
            return self.unproven(store);
        }
        let mut keys = self.authority.keys.iter();
        if keys.any(|joined| store.identifies(self.certificate, joined.key)) {
            return Related::new(Relation::BadSignature, Some(Proof::KeyIdentifier));
        }
        let mut related = Related::new(Relation::NameOnly, Some(Proof::Name));
        related.weak = self.name_is_enough();
        related
    }

    fn refused_link(&self, verifier: &mut SignatureVerifier<'_>, name: &Name, key: usize) -> Option<Refused> {
        let ours: Vec<usize> = self.authority.keys.iter().map(|joined| joined.key).collect();
        refused_link(verifier, name, ours.into_iter(), key)
    }

    /// Whether rollover would join a key where `match: key` lets none count.
    fn is_rolled(&self, verifier: &mut SignatureVerifier<'_>, name: &Name, key: usize) -> bool {
        if self.authority.rolls {
            return false;
        }
        let mut keys = self.authority.keys.clone();
        grow(verifier, name, &mut keys);
        keys.iter().any(|joined| joined.key == key)
    }

    fn name_is_enough(&self) -> bool {
        self.case.policy.match_ == Match::Name && self.case.policy.proof == ProofWanted::Name
    }

    /// No usable key, an unsupported algorithm, or a limit: what weaker evidence there is, and whether the policy lets it
    /// count.
    fn unproven(&self, store: &CertificateStore) -> Related {
        let mut related = Related::new(Relation::Unproven, None);
        related.unsupported = self.issuers.is_unsupported();
        related.limit = self.limit;
        related.evidence = issued_by_first(store, self.certificate, self.anchors);
        if !self.authority.is_named(self.certificate.issuer()) {
            return related;
        }
        let same_identifier = self.certificate.authority_key_identifier().is_some_and(|wanted| {
            let mut members = self.case.members.iter().zip(&self.evaluated.members);
            members.any(|(member, stands)| {
                // Under `match: key` an authority may have several names: only a member of this one says which key it has.
                let of_name = |other: &&std::sync::Arc<Certificate>| other.issuer() == self.certificate.issuer();
                let other = member.read.certificate().filter(of_name);
                !stands.is_distrusted()
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
        let provable = store.has_ca_named(self.certificate.issuer()) || self.issuers.any() || self.limit.is_some();
        related.weak = !provable && self.case.policy.proof <= reached;
        related
    }

    fn to_pinned_key(&self, store: &CertificateStore, id: KeyId) -> Related {
        let pin = self.authority.keys.first().map(|pin| pin.key);
        let mine = pin.and_then(|pin| self.anchors.iter().find(|anchor| anchor.keys.contains(&pin)));
        if let (Some(pin), Some(anchor)) = (pin, mine) {
            let mut related = Related::new(Relation::Same, Some(Proof::Signature));
            related.evidence = vec![pinned(store, pin, None)];
            related
                .evidence
                .extend(issued_above(store, self.certificate, anchor, pin));
            related.anchor = Some((anchor.clone(), pin));
            return related;
        }
        let carried = store.key_of(id).is_some_and(|key| {
            let mut holders = store.key(key).holders.iter().map(|&index| store.held(index));
            store.key(key).usable && holders.any(|held| held.issues && !held.is_brought())
        });
        let no_anchor = self.case.policy.level == Level::Root && self.anchors.is_empty();
        if self.issuers.is_unsupported() || no_anchor || (!self.issuers.any() && !carried) {
            let mut related = Related::new(Relation::Unproven, None);
            related.unsupported = self.issuers.is_unsupported();
            related.limit = self.limit;
            return related;
        }
        let mut related = Related::new(Relation::Different, None);
        self.by_another_key(store, &mut related);
        related
    }

    fn by_another_key(&self, store: &CertificateStore, related: &mut Related) {
        if self.issuers.any() {
            related.proof = Some(Proof::Signature);
        }
        let Some(anchor) = self.anchors.first() else { return };
        let Some(&key) = anchor.keys.first() else { return };
        related.evidence = issued(store, self.certificate, anchor, key);
        related.anchor = Some((anchor.clone(), key));
    }
}

fn pinned(store: &CertificateStore, key: usize, certificate: Option<Sha256Hex>) -> Evidence {
    Evidence {
        kind: EvidenceKind::Pin,
        certificate,
        signer_key_sha256: Some(Hex(store.key(key).id.0)),
        signer_certificate: None,
        other_certificate: None,
    }
}

/// The one step "this key signed this certificate"; none at level root, where a path tells more.
fn issued(store: &CertificateStore, certificate: &Certificate, anchor: &IssuerKey, key: usize) -> Vec<Evidence> {
    if anchor.path.is_some() {
        return Vec::new();
    }
    let holder = store.holder(key, Some(&anchor.name));
    vec![Evidence {
        kind: EvidenceKind::Issued,
        certificate: Some(Hex(*certificate.sha256())),
        signer_key_sha256: Some(Hex(store.key(key).id.0)),
        signer_certificate: holder.map(|held| Hex(*held.certificate.sha256())),
        other_certificate: None,
    }]
}

fn issued_by_first(store: &CertificateStore, certificate: &Certificate, anchors: &[IssuerKey]) -> Vec<Evidence> {
    let first = anchors.first().and_then(|anchor| Some((anchor, *anchor.keys.first()?)));
    first.map_or_else(Vec::new, |(anchor, key)| issued(store, certificate, anchor, key))
}

/// The steps from an anchor down to a certificate: one at level issuing, the whole path at level root.
fn issued_above(store: &CertificateStore, certificate: &Certificate, anchor: &IssuerKey, key: usize) -> Vec<Evidence> {
    match &anchor.path {
        None => issued(store, certificate, anchor, key),
        Some(path) => path.evidence(store, certificate),
    }
}
