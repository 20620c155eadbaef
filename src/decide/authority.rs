//! What the reference allows: who votes, which authorities follow from it, and whether the members agree.

use std::sync::Arc;

use crate::cert::{Certificate, IssuingFlaw, KeyId, Name, SignatureFlaw, Verification, never_verifies, verify};
use crate::protocol::{
    AuthorityKey, AuthorityReport, Code, Finding, Hex, JoinedBy, KeyFrom, Level, Match, MemberReport, Phrase,
    ReferenceReport, References, Relation, Severity, Sha256Hex, Timestamp, hex,
};

use super::Case;
use super::budget::Budget;
use super::path::{self, Limit, MAX_DEPTH, Path};
use super::policy::{Rules, certificate_findings, covers_host, describe, issuing_flaw, root_expired};
use super::refused::joining_certificate;
use super::relation::{Related, relate};
use super::rollover::{JoinedKey, grow};
use super::store::CertificateStore;
use super::verifier::{Issuers, SignatureVerifier, names_a_usable_key, unusable_key};

/// A member of the reference, read.
#[derive(Debug, Clone)]
pub struct Member {
    /// What to call it.
    pub name: String,
    /// What the server uses the certificate for.
    pub use_: Option<String>,
    /// What was read.
    pub read: Read,
    /// Where what it holds counts as coming from.
    pub from: KeyFrom,
    /// What was found while reading.
    pub findings: Vec<Finding>,
    /// Its place in the request.
    pub pointer: String,
}

/// What was read of a member.
#[derive(Debug, Clone)]
pub enum Read {
    /// A server's certificate, and what came with it.
    Certificate {
        /// The server's certificate.
        certificate: Arc<Certificate>,
        /// What stands beside it: untrusted, however it was read.
        chain: Vec<Arc<Certificate>>,
        /// The host, where it was read by TLS.
        tls_host: Option<String>,
    },
    /// A pin: a CA certificate.
    Authority(Arc<Certificate>),
    /// A pin: a key.
    Key(KeyId),
    /// Nothing; the findings say why.
    Nothing {
        /// Whether it was meant as a pin.
        pin: bool,
    },
}

impl Read {
    /// The server's certificate.
    pub fn certificate(&self) -> Option<&Arc<Certificate>> {
        match self {
            Read::Certificate { certificate, .. } => Some(certificate),
            _ => None,
        }
    }

    fn is_pin(&self) -> bool {
        matches!(self, Read::Authority(_) | Read::Key(_) | Read::Nothing { pin: true })
    }

    fn is_readable(&self) -> bool {
        !matches!(self, Read::Nothing { .. })
    }
}

/// The CA that stands behind a certificate: its issuer, or at level root a root above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
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
    fn of(name: Name, keys: &[usize], member: usize) -> Self {
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

    fn absorb(&mut self, other: Authority) {
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
    fn grow(&mut self, verifier: &mut SignatureVerifier<'_>) {
        if let [name] = self.names.as_slice() {
            self.rolls = true;
            self.complete = grow(verifier, name, &mut self.keys);
        }
    }
}

/// How one member stands.
#[derive(Debug, Clone, Default)]
pub struct MemberStanding {
    /// The keys that verify it.
    pub issuers: Issuers,
    /// The CAs behind it that may count.
    pub anchors: Vec<Anchor>,
    /// At level root: every root that it reaches.
    pub reached: Vec<Anchor>,
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

impl MemberStanding {
    /// Whether a distrusted key signed it.
    pub fn is_distrusted(&self) -> bool {
        self.issuers.distrusted.is_some()
    }

    /// What its relation is worked out from, where it is judged as a subject would be.
    fn as_subject(&self, level: Level) -> &[Anchor] {
        match level {
            Level::Issuing => &self.anchors,
            Level::Root => &self.reached,
        }
    }
}

/// How the reference stands, given what is at hand.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// The members, as in the case.
    pub members: Vec<MemberStanding>,
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

impl Standing {
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

/// The CAs behind a certificate: every root that it reaches at level root, and what kept the search from being complete.
pub fn anchors(
    verifier: &mut SignatureVerifier<'_>,
    certificate: &Certificate,
    issuers: &Issuers,
    level: Level,
) -> (Vec<Anchor>, Option<Limit>) {
    if issuers.keys.is_empty() {
        return (Vec::new(), None);
    }
    if level == Level::Issuing {
        let (name, keys) = (certificate.issuer().clone(), issuers.keys.clone());
        return (vec![Anchor { name, keys, path: None }], None);
    }
    let roots = path::to_roots(verifier, certificate);
    let anchor = |path: Path| {
        Some(Anchor {
            name: path.root_name(verifier.store)?.clone(),
            keys: vec![path.root_key],
            path: Some(path),
        })
    };
    (roots.paths.into_iter().filter_map(anchor).collect(), roots.limit)
}

/// Of the roots that a member reaches, those that may count: they and all above its issuer are trusted, and its issuer's
/// certificate too where any path is wholly trusted.
fn countable(store: &CertificateStore, reached: &[Anchor]) -> Vec<Anchor> {
    let with = |counts: fn(&Path, &CertificateStore) -> bool| -> Vec<Anchor> {
        let counts = |anchor: &&Anchor| anchor.path.as_ref().is_none_or(|path| counts(path, store));
        reached.iter().filter(counts).cloned().collect()
    };
    let wholly = with(Path::is_trusted);
    if wholly.is_empty() {
        with(Path::is_trusted_above_issuer)
    } else {
        wholly
    }
}

/// Whether a certificate is signed by its own key. One that names itself as its issuer, under an algorithm that nothing
/// here verifies, is taken for one: no CA is known to have issued it.
pub fn is_self_signed(store: &CertificateStore, certificate: &Certificate, issuers: &Issuers) -> bool {
    let own = certificate.key().id();
    if issuers.keys.iter().any(|&key| store.key(key).id == own) {
        return true;
    }
    // Its key is nobody's CA key, so it was not tried.
    certificate.is_self_issued() && verify(certificate, certificate.key()) != Verification::Invalid
}

/// Works out what the reference allows, from what is at hand alone.
pub fn evaluate(case: &Case, verifier: &mut SignatureVerifier<'_>) -> Standing {
    let rules = Rules::of_member(&case.policy);
    let mut members = Vec::with_capacity(case.members.len());
    for member in &case.members {
        verifier.budget = Budget::of(1);
        members.push(issuers_of(case, verifier, member));
    }
    verifier.budget = Budget::of(case.members.len());
    let mut standing = Standing {
        members,
        findings: case.findings.iter().cloned().map(|read| rules.settle(read)).collect(),
        pinned: case.members.iter().any(|member| member.read.is_pin()),
        ..Standing::default()
    };
    for (index, member) in case.members.iter().enumerate() {
        let findings = look_at(case, verifier, member, &standing.members[index]);
        let stands = &mut standing.members[index];
        stands.unanchored = findings.iter().any(|finding| finding.code == Code::ReferenceUnanchored);
        stands.findings = findings;
    }
    allow(case, verifier, &mut standing);
    say_distrusted(case, &mut standing);
    compare_members(case, verifier, &mut standing);
    missing(case, verifier.store, &mut standing);
    standing.findings.extend(unused_evidence(case, verifier.store));
    standing
}

/// The reference as it stands for one subject with what it brings (decision.md, 3.9): keys may join, and members may vote
/// where every one is then verified and all agree. Else the members' votes stay as they are; true where that is because
/// they do not agree.
pub fn evaluate_with_brought(case: &Case, verifier: &mut SignatureVerifier<'_>, base: &Standing) -> (Standing, bool) {
    let store = verifier.store;
    let mut standing = base.clone();
    if standing.pinned {
        standing.authorities.clear();
        allow_pins(case, verifier, &mut standing);
        return (standing, false);
    }
    let mut changed = false;
    for (member, stands) in case.members.iter().zip(&mut standing.members) {
        let settled = match case.policy.level {
            Level::Issuing => stands.issuers.keys.iter().any(|&key| store.key(key).trusted),
            Level::Root => stands
                .anchors
                .iter()
                .any(|anchor| anchor.path.as_ref().is_some_and(|path| path.is_trusted(store))),
        };
        if settled {
            continue;
        }
        let with = issuers_of(case, verifier, member);
        changed |= with.anchors != stands.anchors;
        let (findings, forged, unanchored) = (std::mem::take(&mut stands.findings), stands.forged, stands.unanchored);
        *stands = MemberStanding {
            findings,
            forged,
            unanchored,
            ..with
        };
    }
    if changed {
        allow(case, verifier, &mut standing);
        let sides = sides(&standing);
        let strays = strays(case, verifier, &standing);
        let unverified = case.members.iter().zip(&standing.members).any(|(member, stands)| {
            member.read.certificate().is_some() && stands.anchors.is_empty() && !stands.is_distrusted()
        });
        let disagree = sides > 1 || !strays.is_empty();
        if !disagree && !unverified {
            return (standing, false);
        }
        return (grown_with_brought(verifier, base), disagree);
    }
    (grown_with_brought(verifier, base), false)
}

/// The votes as they are, with the keys that what a subject brings joins.
fn grown_with_brought(verifier: &mut SignatureVerifier<'_>, base: &Standing) -> Standing {
    let mut standing = base.clone();
    for authority in standing.authorities.iter_mut().filter(|authority| authority.rolls) {
        authority.keys.retain(|joined| joined.from.is_none());
        authority.grow(verifier);
    }
    standing
}

/// Which keys and roots stand behind one member.
fn issuers_of(case: &Case, verifier: &mut SignatureVerifier<'_>, member: &Member) -> MemberStanding {
    let mut stands = MemberStanding::default();
    let Read::Certificate { certificate, .. } = &member.read else {
        return stands;
    };
    stands.issuers = verifier.find_issuers(certificate, true, &[], |_| false);
    (stands.reached, stands.limit) = anchors(verifier, certificate, &stands.issuers, case.policy.level);
    stands.anchors = countable(verifier.store, &stands.reached);
    stands.forged = is_forged(verifier.store, certificate, &stands.issuers);
    stands.holds_ca = certificate.presents_as_ca() || is_self_signed(verifier.store, certificate, &stands.issuers);
    stands
}

/// What can be said of one member by itself.
fn look_at(
    case: &Case,
    verifier: &mut SignatureVerifier<'_>,
    member: &Member,
    stands: &MemberStanding,
) -> Vec<Finding> {
    let rules = Rules::of_member(&case.policy);
    let mut findings: Vec<Finding> = member.findings.iter().cloned().map(|read| rules.settle(read)).collect();
    let Read::Certificate {
        certificate,
        chain,
        tls_host,
    } = &member.read
    else {
        return findings;
    };
    if stands.issuers.is_unsupported() {
        findings.push(unsupported(&rules, verifier.store, certificate));
    }
    if stands.issuers.is_limited() || stands.reached.is_empty() && stands.limit.is_some() {
        // As little as where no key is at hand, unless what was not tried decides whether an identical certificate passes.
        let decides = case.policy.level == Level::Root || names_a_usable_key(verifier.store, certificate);
        let usual = if decides { Severity::Doubt } else { Severity::Warning };
        let finding = limited(&rules, stands.limit);
        findings.push(finding.severity(rules.raised(Code::LimitReached, usual)));
    }
    if stands.forged {
        findings.push(not_signed(&rules, certificate));
    }
    if certificate.presents_as_ca() {
        let finding = match chain.iter().any(|behind| !behind.presents_as_ca()) {
            true => rules.finding(Code::ReferenceIsCa, "first"),
            false => rules.finding(Code::ReferenceIsCa, "alone"),
        };
        findings.push(finding.value("subject", certificate.subject().rfc4514()));
    }
    if is_self_signed(verifier.store, certificate, &stands.issuers) {
        let finding = rules.finding(Code::SelfSigned, "member");
        findings.push(finding.value("subject", certificate.subject().rfc4514()));
    }
    if let Some(host) = tls_host
        && !is_anchored(case, verifier, certificate, &stands.issuers, host)
    {
        findings.push(rules.finding(Code::ReferenceUnanchored, "tls").value("host", host));
    }
    for anchor in stands.anchors.iter().filter(|anchor| anchor.path.is_some()) {
        let root = anchor.keys.first().filter(|root| !stands.issuers.keys.contains(root));
        if let Some((end, _)) = root.and_then(|&root| verifier.key_end(root)) {
            findings.extend(root_expired(&rules, &anchor.name, end, case.valid_at));
        }
    }
    let end = stands.issuers.shown().and_then(|key| verifier.key_end(key));
    findings.extend(certificate_findings(&rules, certificate, end, case.valid_at));
    findings
}

/// Whether a member that no known key verifies points to a trusted key that could have.
fn is_forged(store: &CertificateStore, certificate: &Certificate, issuers: &Issuers) -> bool {
    !issuers.any() && issuers.gap.is_none() && names_a_usable_key(store, certificate)
}

/// Whether something that the operator answers for confirms the CA of a member that was read by TLS.
fn is_anchored(
    case: &Case,
    verifier: &mut SignatureVerifier<'_>,
    certificate: &Certificate,
    issuers: &Issuers,
    host: &str,
) -> bool {
    let store = verifier.store;
    if issuers.distrusted.is_some() || issuers.keys.is_empty() {
        return false;
    }
    let pinned = |member: &Member| match &member.read {
        Read::Authority(pin) => issuers.keys.iter().any(|&key| store.key(key).id == pin.key().id()),
        Read::Key(pin) => issuers.keys.iter().any(|&key| store.key(key).id == *pin),
        _ => false,
    };
    if case.members.iter().any(pinned) {
        return true;
    }
    // A member that was read otherwise and that the same key signed says as much.
    for other in &case.members {
        if let Read::Certificate {
            certificate: other,
            tls_host: None,
            ..
        } = &other.read
            && issuers.keys.iter().any(|&key| verifier.verifies_for(other, key, true))
        {
            return true;
        }
    }
    covers_host(certificate, host)
        && (issuers.keys.iter().any(|&key| store.key(key).trusted)
            || path::to_roots(verifier, certificate)
                .paths
                .iter()
                .any(|path| path.root_is_trusted(store)))
}

/// Who votes.
fn elect(case: &Case, standing: &mut Standing) {
    let eligible: Vec<usize> = (0..case.members.len())
        .filter(|&index| {
            let stands = &standing.members[index];
            case.members[index].read.certificate().is_some() && !stands.is_distrusted() && !stands.anchors.is_empty()
        })
        .collect();
    let leaves = eligible.iter().any(|&index| !standing.members[index].holds_ca);
    let valid = |index: usize| {
        let certificate = case.members[index].read.certificate();
        certificate.is_some_and(|certificate| is_valid(certificate, case.valid_at))
    };
    let counts = |index: &usize| !leaves || !standing.members[*index].holds_ca;
    let mut voters: Vec<usize> = eligible.into_iter().filter(counts).collect();
    if case.policy.references == References::Agree && voters.iter().any(|&index| valid(index)) {
        voters.retain(|&index| valid(index));
    }
    for (index, stands) in standing.members.iter_mut().enumerate() {
        stands.votes = voters.binary_search(&index).is_ok();
    }
}

fn is_valid(certificate: &Certificate, at: Timestamp) -> bool {
    certificate.not_before() <= at && at <= certificate.not_after()
}

fn say_distrusted(case: &Case, standing: &mut Standing) {
    let another_votes = standing.members.iter().any(|member| member.votes);
    for (member, stands) in case.members.iter().zip(&mut standing.members) {
        if stands.is_distrusted() {
            let rules = Rules::of_member(&case.policy);
            let finding = rules
                .finding(Code::AuthorityDistrusted, "member")
                .value("member", &member.name);
            let severity = match another_votes {
                true => rules.raised(Code::AuthorityDistrusted, Severity::Warning),
                false => finding.severity,
            };
            stands.findings.push(finding.severity(severity));
        }
    }
}

/// Which authorities follow from the votes or the pins.
fn allow(case: &Case, verifier: &mut SignatureVerifier<'_>, standing: &mut Standing) {
    standing.holds_ca = standing.members.iter().any(|member| member.holds_ca);
    standing.any_verified = standing.members.iter().any(|member| member.issuers.any());
    elect(case, standing);
    if standing.pinned {
        allow_pins(case, verifier, standing);
        return;
    }
    let by_key = case.policy.match_ == Match::Key;
    let mut authorities: Vec<Authority> = Vec::new();
    for (index, member) in standing.members.iter().enumerate().filter(|(_, member)| member.votes) {
        for anchor in &member.anchors {
            vote(&mut authorities, index, anchor, by_key);
        }
    }
    // Roots that rollover joins are one, under `key` too.
    if !by_key || case.policy.level == Level::Root {
        authorities = merge(verifier, authorities);
    }
    if !by_key {
        for authority in &mut authorities {
            authority.grow(verifier);
        }
    }
    if authorities.is_empty() && case.policy.level == Level::Issuing {
        authorities = named_only(case, standing);
    }
    authorities.sort_by_key(|authority| authority.members.iter().min().copied());
    standing.authorities = authorities;
}

fn vote(authorities: &mut Vec<Authority>, member: usize, anchor: &Anchor, by_key: bool) {
    let mut mine = Authority::of(anchor.name.clone(), &anchor.keys, member);
    let mut index = 0;
    while index < authorities.len() {
        let other = &authorities[index];
        let shares = anchor.keys.iter().any(|&key| other.joined(key).is_some());
        if shares && (by_key || other.is_named(&anchor.name)) {
            let mut other = authorities.remove(index);
            other.absorb(mine);
            mine = other;
        } else {
            index += 1;
        }
    }
    authorities.push(mine);
}

/// Makes one authority of those of one name that rollover joins.
fn merge(verifier: &mut SignatureVerifier<'_>, authorities: Vec<Authority>) -> Vec<Authority> {
    let mut merged: Vec<Authority> = Vec::new();
    for mut grown in authorities {
        while let Some(index) = merged.iter().position(|other| {
            let keys = grown.first_keys();
            let mut shared = grown.names.iter().filter(|name| other.is_named(name));
            shared.any(|name| joins(verifier, name, &keys, &other.first_keys()))
        }) {
            let mut other = merged.remove(index);
            other.absorb(grown);
            grown = other;
        }
        merged.push(grown);
    }
    merged
}

/// Whether rollover that starts at a trusted key of one side reaches a key of the other. An untrusted key joins nobody: who
/// can write beside one member's certificate can have his key sign the honest one's.
fn joins(verifier: &mut SignatureVerifier<'_>, name: &Name, one: &[usize], other: &[usize]) -> bool {
    let store = verifier.store;
    [(one, other), (other, one)].into_iter().any(|(from, to)| {
        let trusted = from.iter().filter(|&&key| store.key(key).trusted);
        let mut keys: Vec<JoinedKey> = trusted.map(|&key| JoinedKey::first(key, JoinedBy::Member)).collect();
        if keys.is_empty() {
            return false;
        }
        grow(verifier, name, &mut keys);
        to.iter().any(|key| keys.iter().any(|joined| joined.key == *key))
    })
}

/// Where none votes: the members' issuer names, without keys.
fn named_only(case: &Case, standing: &Standing) -> Vec<Authority> {
    let mut authorities: Vec<Authority> = Vec::new();
    for (index, (member, stands)) in case.members.iter().zip(&standing.members).enumerate() {
        let Some(certificate) = member.read.certificate().filter(|_| !stands.is_distrusted()) else {
            continue;
        };
        match authorities
            .iter_mut()
            .find(|authority| authority.is_named(certificate.issuer()))
        {
            Some(authority) => authority.members.push(index),
            None => authorities.push(Authority::of(certificate.issuer().clone(), &[], index)),
        }
    }
    authorities
}

fn allow_pins(case: &Case, verifier: &mut SignatureVerifier<'_>, standing: &mut Standing) {
    let store = verifier.store;
    for (index, member) in case.members.iter().enumerate() {
        let (id, names, kind) = match &member.read {
            Read::Authority(certificate) => (
                certificate.key().id(),
                vec![certificate.subject().clone()],
                Kind::PinnedCertificate,
            ),
            Read::Key(id) => (*id, Vec::new(), Kind::PinnedKey(*id)),
            _ => continue,
        };
        if store.distrusts(id) {
            continue;
        }
        let usable = store.key_of(id).filter(|&key| store.key(key).usable);
        let keys = usable.map(|key| JoinedKey::first(key, JoinedBy::Pin));
        let mut authority = Authority {
            kind,
            names,
            keys: keys.into_iter().collect(),
            members: vec![index],
            rolls: false,
            complete: true,
        };
        if kind == Kind::PinnedCertificate && case.policy.match_ != Match::Key {
            authority.grow(verifier);
        }
        standing.authorities.push(authority);
    }
}

fn say_distrusted_pins(case: &Case, store: &CertificateStore, standing: &mut Standing) {
    for (member, stands) in case.members.iter().zip(&mut standing.members) {
        let id = match &member.read {
            Read::Authority(certificate) => certificate.key().id(),
            Read::Key(id) => *id,
            _ => continue,
        };
        if !store.distrusts(id) {
            continue;
        }
        let rules = Rules::of_member(&case.policy);
        let finding = rules
            .finding(Code::AuthorityDistrusted, "pin")
            .value("member", &member.name);
        let severity = match standing.authorities.is_empty() {
            true => finding.severity,
            false => rules.raised(Code::AuthorityDistrusted, Severity::Warning),
        };
        stands.findings.push(finding.severity(severity));
    }
}

/// How many groups of authorities no voting member links.
fn sides(standing: &Standing) -> usize {
    let mut sides: Vec<Vec<usize>> = Vec::new();
    let voted = standing
        .authorities
        .iter()
        .filter(|authority| authority.kind == Kind::Voted);
    for authority in voted {
        let mut mine = authority.members.clone();
        sides.retain(|side| {
            let linked = side.iter().any(|member| mine.contains(member));
            if linked {
                mine.extend(side);
            }
            !linked
        });
        sides.push(mine);
    }
    sides.len()
}

/// The members that are verified and do not vote, as their time is over or they are no server's, and that agree with no
/// voting one.
fn strays(case: &Case, verifier: &mut SignatureVerifier<'_>, standing: &Standing) -> Vec<usize> {
    let by_key = case.policy.match_ == Match::Key;
    let voted: Vec<&Authority> = standing
        .authorities
        .iter()
        .filter(|authority| authority.kind == Kind::Voted)
        .collect();
    let mut strays = Vec::new();
    for (index, stands) in standing.members.iter().enumerate() {
        if stands.votes || stands.is_distrusted() || stands.anchors.is_empty() || voted.is_empty() {
            continue;
        }
        let agrees = stands.anchors.iter().any(|anchor| {
            voted.iter().any(|authority| {
                let keys = authority.first_keys();
                let shares = anchor.keys.iter().any(|key| keys.contains(key));
                let named = authority.is_named(&anchor.name);
                let rolls = !by_key || case.policy.level == Level::Root;
                shares && (by_key || named) || rolls && named && joins(verifier, &anchor.name, &anchor.keys, &keys)
            })
        });
        if !agrees {
            strays.push(index);
        }
    }
    strays
}

/// Whether the members agree, or agree with the pins.
fn compare_members(case: &Case, verifier: &mut SignatureVerifier<'_>, standing: &mut Standing) {
    let rules = Rules::of_member(&case.policy);
    let level = case.policy.level;
    let mut disagreements: Vec<Finding> = Vec::new();
    let names = allowed_names(case, standing);
    let not_under = |index: usize, certificate: &Certificate| {
        rules
            .finding(Code::ReferencesDisagree, "stray")
            .value("member", &case.members[index].name)
            .value("allowed", &names)
            .value("issuer", certificate.issuer().rfc4514())
    };
    if standing.pinned {
        say_distrusted_pins(case, verifier.store, standing);
    } else {
        several_roots(case, verifier, standing, &rules);
    }
    let agree = case.policy.references == References::Agree;
    if !standing.pinned && agree {
        if sides(standing) > 1 {
            let finding = match joining(verifier, standing) {
                None => rules.finding(Code::ReferencesDisagree, "sides"),
                Some(certificate) => rules
                    .finding(Code::ReferencesDisagree, "sides-joinable")
                    .value("joining", certificate.subject().rfc4514())
                    .value("joining_sha256", hex(certificate.sha256())),
            };
            disagreements.push(with_sides(case, finding, &standing.authorities));
        }
        let named = named_only(case, standing);
        let voted = standing.members.iter().any(|member| member.votes);
        if !voted && named.len() > 1 {
            let finding = rules.finding(Code::ReferencesDisagree, "sides");
            disagreements.push(with_sides(case, finding, &named));
        }
        for index in strays(case, verifier, standing) {
            if let Some(certificate) = case.members[index].read.certificate() {
                disagreements.push(not_under(index, certificate));
            }
        }
    }
    let voted = standing.members.iter().any(|member| member.votes);
    if standing.pinned || agree && voted {
        for index in 0..case.members.len() {
            let stands = &standing.members[index];
            let Some(certificate) = case.members[index].read.certificate() else {
                continue;
            };
            let verified = !stands.anchors.is_empty();
            if stands.is_distrusted() || verified && !standing.pinned {
                continue;
            }
            verifier.budget = Budget::of(1);
            let related = relate(
                case,
                verifier,
                standing,
                certificate,
                &stands.issuers,
                stands.as_subject(level),
                stands.limit,
            );
            // A claim that the policy lets count shows of a subject what it asks; of a member it leaves open whether it agrees.
            let unproven = related.relation == Relation::Unproven;
            let severity = related.severity(&case.policy);
            if !unproven && severity.is_none_or(|severity| severity < Severity::Doubt) {
                continue;
            }
            if !unproven {
                disagreements.push(not_under(index, certificate));
            } else if !standing.pinned {
                let finding = nobody_knows(case, &rules, verifier.store, index, &related);
                let findings = &mut standing.members[index].findings;
                findings.retain(|known| known.code != finding.code);
                findings.push(finding);
            }
        }
    }
    standing.findings.append(&mut disagreements);
}

/// The doubt that an unverified member leaves beside a voting one.
fn nobody_knows(case: &Case, rules: &Rules<'_>, store: &CertificateStore, index: usize, related: &Related) -> Finding {
    let member = &case.members[index];
    let code = related.unproven_code();
    let finding = match (code, member.read.certificate()) {
        (Code::AlgorithmUnsupported, Some(certificate)) => Finding::of(Code::AlgorithmUnsupported, "agreement")
            .value("member", &member.name)
            .cause(&unsupported(rules, store, certificate)),
        (Code::LimitReached, _) => Finding::of(Code::LimitReached, "agreement")
            .value("member", &member.name)
            .cause(&limited(rules, related.limit)),
        (_, Some(certificate)) => Finding::of(Code::CaCertificateMissing, "agreement")
            .value("member", &member.name)
            .value("issuer", certificate.issuer().rfc4514()),
        (_, None) => Finding::of(Code::CaCertificateMissing, "agreement")
            .value("member", &member.name)
            .value("issuer", ""),
    };
    let severity = rules.raised(code, Severity::Doubt);
    finding.severity(severity)
}

/// That a limit kept something from being known.
pub fn limited(rules: &Rules<'_>, limit: Option<Limit>) -> Finding {
    match limit {
        Some(Limit::Depth) => rules
            .finding(Code::LimitReached, "depth")
            .value("most", MAX_DEPTH.to_string()),
        _ => rules.finding(Code::LimitReached, "signatures"),
    }
}

fn allowed_names(case: &Case, standing: &Standing) -> String {
    let names: Vec<String> = standing
        .authorities
        .iter()
        .map(|authority| title(case, authority))
        .collect();
    names.join("; ")
}

/// The certificate that would join the members if it were given as an authority.
fn joining(verifier: &mut SignatureVerifier<'_>, standing: &Standing) -> Option<Arc<Certificate>> {
    let voted: Vec<&Authority> = standing.authorities.iter().collect();
    for (position, one) in voted.iter().enumerate() {
        for other in &voted[position + 1..] {
            let Some(name) = one.names.iter().find(|name| other.is_named(name)) else {
                continue;
            };
            let (ours, theirs) = (one.first_keys(), other.first_keys());
            if let Some(index) = joining_certificate(verifier, name, &ours, &theirs) {
                return Some(verifier.store.held(index).certificate.clone());
            }
        }
    }
    None
}

/// Says of each verified member whether it leads by itself to several roots that rollover does not make one.
fn several_roots(case: &Case, verifier: &mut SignatureVerifier<'_>, standing: &mut Standing, rules: &Rules<'_>) {
    if case.policy.level != Level::Root {
        return;
    }
    for (index, member) in standing.members.iter_mut().enumerate() {
        if member.is_distrusted() || member.anchors.len() < 2 {
            continue;
        }
        let mut roots = Vec::new();
        for anchor in &member.anchors {
            vote(&mut roots, index, anchor, case.policy.match_ == Match::Key);
        }
        let roots = merge(verifier, roots);
        if roots.len() > 1 {
            let titles: Vec<String> = roots.iter().map(|root| title(case, root)).collect();
            let finding = rules
                .finding(Code::SeveralRoots, "leads")
                .value("member", &case.members[index].name)
                .value("count", roots.len().to_string())
                .value("roots", titles.join("; "));
            member.findings.push(finding);
        }
    }
}

/// Who uses which authority, in a finding of members that do not agree.
fn with_sides(case: &Case, finding: Finding, authorities: &[Authority]) -> Finding {
    let side = |authority: &Authority| {
        let members = authority.members.iter();
        let names: Vec<&str> = members.map(|&index| case.members[index].name.as_str()).collect();
        format!("{} ({})", title(case, authority), names.join(", "))
    };
    let sides: Vec<String> = authorities.iter().map(side).collect();
    let (first, rest) = sides
        .split_first()
        .map_or_else(Default::default, |(first, rest)| (first.clone(), rest.join("; ")));
    finding
        .value("count", sides.len().to_string())
        .value("sides", sides.join("; "))
        .value("first", first)
        .value("rest", rest)
}

/// What to call an authority in a message.
pub fn title(case: &Case, authority: &Authority) -> String {
    match (authority.names.first(), authority.kind) {
        (_, Kind::PinnedKey(id)) => format!("SHA-256 {}", short(&hex(&id.0))),
        (Some(name), _) => name.rfc4514(),
        (None, _) => authority
            .members
            .iter()
            .map(|&index| case.members[index].name.clone())
            .collect(),
    }
}

/// The first digits of a digest: enough to tell it apart in a sentence.
pub fn short(hex: &str) -> String {
    hex.chars().take(16).collect()
}

/// Says where a reference lets nobody tell.
fn missing(case: &Case, store: &CertificateStore, standing: &mut Standing) {
    let rules = Rules::of_member(&case.policy);
    let readable = case.members.iter().filter(|member| member.read.is_readable());
    let pins = readable.clone().filter(|member| member.read.is_pin()).count();
    let any = readable.count();
    let said = |finding: &Finding| finding.code == Code::ReferenceMissing;
    // Why the first member could not be read, which is what to look at first.
    let why = |pin: bool| {
        let mut unread = case.members.iter().filter(|member| !member.read.is_readable());
        let member = unread.find(|member| !pin || member.read.is_pin())?;
        member.findings.first()
    };
    if any == 0 && standing.findings.iter().any(said) {
        // A document that cannot be read says so itself.
    } else if any == 0 {
        let finding = match (case.members.len(), why(false)) {
            (0, _) => rules.finding(Code::ReferenceMissing, "not-given"),
            (1, Some(cause)) => rules.finding(Code::ReferenceMissing, "unread").cause(cause),
            (count, Some(cause)) => rules
                .finding(Code::ReferenceMissing, "none-read")
                .value("count", count.to_string())
                .cause(cause),
            (count, None) => rules
                .finding(Code::ReferenceMissing, "unexplained")
                .value("count", count.to_string()),
        };
        standing.findings.push(finding);
    } else {
        if standing.pinned && pins == 0 {
            let finding = match why(true) {
                Some(cause) => rules.finding(Code::ReferenceMissing, "pin-unread").cause(cause),
                // It is said where the pin's key is distrusted.
                None => rules.finding(Code::ReferenceMissing, "no-pin"),
            };
            standing.findings.push(finding);
        }
        for (member, stands) in case.members.iter().zip(&mut standing.members) {
            if !member.read.is_readable() {
                say_unreadable(case, &rules, member, stands);
            }
        }
    }
    if !standing.any_verified
        && let Some(finding) = unverified(case, store, standing)
    {
        let severity = rules.raised(Code::CaCertificateMissing, Severity::Warning);
        standing.findings.push(finding.severity(severity));
    }
}

/// Why no key at hand verifies the first member with a certificate, where none verifies any.
pub fn unverified(case: &Case, store: &CertificateStore, standing: &Standing) -> Option<Finding> {
    let rules = Rules::of_member(&case.policy);
    let mut members = case.members.iter().zip(&standing.members);
    let (member, stands, certificate) =
        members.find_map(|(member, stands)| Some((member, stands, member.read.certificate()?)))?;
    let issuer = certificate.issuer();
    let given: Vec<&Arc<Certificate>> = case.evidence.iter().map(|(certificate, ..)| certificate).collect();
    let of_issuer = |one: &&&Arc<Certificate>| one.subject() == issuer;
    let issues = |one: &&&Arc<Certificate>| one.issuing_flaw().is_none_or(|flaw| flaw == IssuingFlaw::Version1);
    let finding = if stands.issuers.is_unsupported() {
        rules
            .finding(Code::CaCertificateMissing, "unsupported")
            .cause(&unsupported(&rules, store, certificate))
    } else if let Some(why) = never_verifies(certificate) {
        rules
            .finding(Code::CaCertificateMissing, "never-verifies")
            .phrase("why", Phrase::named("signature", why))
    } else if let Some(cause) = unread_evidence(case).filter(|_| !given.iter().any(|one| of_issuer(&one))) {
        rules.finding(Code::CaCertificateMissing, "unread").cause(cause)
    } else if given.is_empty() {
        rules
            .finding(Code::CaCertificateMissing, "none-given")
            .value("issuer", issuer.rfc4514())
    } else if stands.issuers.is_limited() {
        rules
            .finding(Code::CaCertificateMissing, "limited")
            .cause(&limited(&rules, stands.limit))
    } else if given.iter().filter(of_issuer).any(|one| issues(&one)) {
        rules
            .finding(Code::CaCertificateMissing, "other-key")
            .value("issuer", issuer.rfc4514())
            .phrase("identifier", identifier(certificate))
    } else if let Some(unfit) = given
        .iter()
        .find(of_issuer)
        .or_else(|| match given.iter().any(|one| issues(&one)) {
            true => None,
            false => given.first(),
        })
    {
        rules
            .finding(Code::CaCertificateMissing, "may-not-sign")
            .value("given", unfit.subject().rfc4514())
            .value("issuer", issuer.rfc4514())
            .phrase("why", issuing_flaw(unfit.issuing_flaw().unwrap_or(IssuingFlaw::NotCa)))
    } else {
        rules
            .finding(Code::CaCertificateMissing, "none-signed")
            .value("issuer", issuer.rfc4514())
    };
    Some(finding.value("member", &member.name))
}

/// What kept evidence that was given from being read.
fn unread_evidence(case: &Case) -> Option<&Finding> {
    let of_evidence = |finding: &&Finding| {
        let pointer = finding.pointer.as_deref().unwrap_or_default();
        let lists = ["/authorities", "/intermediates", "/reference_document/"];
        lists.iter().any(|list| pointer.starts_with(list))
    };
    case.findings.iter().find(of_evidence)
}

/// What a certificate says of the key that signed it.
pub fn identifier(certificate: &Certificate) -> Phrase {
    match certificate.authority_key_identifier() {
        Some(identifier) => Phrase::of("identifier.named").value("identifier", hex(identifier)),
        None => Phrase::of("identifier.none"),
    }
}

/// That the signature of a certificate cannot be verified, whose fault that is, and why.
pub fn unsupported(rules: &Rules<'_>, store: &CertificateStore, certificate: &Certificate) -> Finding {
    let signature = certificate.signature();
    let finding = match signature.flaw() {
        Some(SignatureFlaw::Broken) => rules.finding(Code::AlgorithmUnsupported, "broken"),
        Some(SignatureFlaw::Malformed) => rules.finding(Code::AlgorithmUnsupported, "malformed"),
        Some(SignatureFlaw::Unknown) => rules.finding(Code::AlgorithmUnsupported, "unknown"),
        None => match unusable_key(store, certificate) {
            Some((ca, why)) => {
                return rules
                    .finding(Code::AlgorithmUnsupported, "ca-key")
                    .value("ca", ca.subject().rfc4514())
                    .value("sha256", short(&hex(ca.sha256())))
                    .phrase("why", Phrase::named("key", why));
            }
            None => rules.finding(Code::AlgorithmUnsupported, "unknown"),
        },
    };
    finding.phrase("signature", describe(signature))
}

/// That the key to which a certificate points did not sign it, or that none can have.
pub fn not_signed(rules: &Rules<'_>, certificate: &Certificate) -> Finding {
    let finding = match never_verifies(certificate) {
        None => rules.finding(Code::SignatureInvalid, "other-signer"),
        Some(why) => rules
            .finding(Code::SignatureInvalid, "never-verifies")
            .phrase("why", Phrase::named("signature", why)),
    };
    finding.value("issuer", certificate.issuer().rfc4514())
}

/// A server that might disagree was not asked.
fn say_unreadable(case: &Case, rules: &Rules<'_>, member: &Member, stands: &mut MemberStanding) {
    let code = Code::ReferenceUnreadable;
    let usual = match case.policy.references {
        References::Agree => Severity::Doubt,
        References::Any => Severity::Warning,
    };
    let severity = rules.raised(code, usual);
    let mut said = false;
    for finding in &mut stands.findings {
        said |= finding.code == code;
        finding.severity = match finding.code == code {
            true => severity,
            false => rules.member_unreadable(finding),
        };
    }
    if !said {
        let finding = Finding::of(Code::ReferenceUnreadable, "member").value("member", &member.name);
        let finding = finding.severity(severity);
        stands.findings.push(finding.pointer(member.pointer.clone()));
    }
}

/// What is given as evidence and lends no key, with the reason.
fn unused_evidence(case: &Case, store: &CertificateStore) -> Vec<Finding> {
    /// A machine store may hold hundreds; the rest is counted.
    const NAMED: usize = 20;
    let rules = Rules::of_member(&case.policy);
    let mut findings = Vec::new();
    let mut more = 0;
    let mut seen = std::collections::HashSet::new();
    for (certificate, ..) in &case.evidence {
        let Some(held) = store.with_sha256(certificate.sha256()) else {
            continue;
        };
        if !seen.insert(*certificate.sha256()) || store.distrusts(certificate.key().id()) {
            continue;
        }
        let key = store.key_of(certificate.key().id()).map(|key| store.key(key));
        let why = match (held.issues, key) {
            (false, _) => certificate.issuing_flaw().map(issuing_flaw),
            (true, Some(key)) if !key.usable => {
                let public = certificate.key();
                let why = match key.trusted {
                    true => public.usable_when_vouched().err(),
                    false => public.usable_when_found().err(),
                };
                why.map(|why| Phrase::named("key", why))
            }
            (true, _) => None,
        };
        let Some(why) = why else { continue };
        if findings.len() == NAMED {
            more += 1;
            continue;
        }
        let finding = rules
            .finding(Code::EvidenceUnused, "flaw")
            .value("subject", certificate.subject().rfc4514())
            .value("sha256", hex(certificate.sha256()))
            .phrase("why", why);
        findings.push(finding);
    }
    if more > 0 {
        let finding = rules.finding(Code::EvidenceUnused, "more");
        findings.push(finding.value("count", more.to_string()));
    }
    findings
}

/// The report's `reference` section.
pub fn report(case: &Case, verifier: &mut SignatureVerifier<'_>, standing: &Standing) -> ReferenceReport {
    let mut authorities = Vec::with_capacity(standing.authorities.len());
    for authority in &standing.authorities {
        authorities.push(authority_report(case, verifier, authority));
    }
    let store = verifier.store;
    let members = case
        .members
        .iter()
        .zip(&standing.members)
        .map(|(member, stands)| {
            let certificate = match &member.read {
                Read::Certificate { certificate, .. } | Read::Authority(certificate) => Some(certificate),
                Read::Key(_) | Read::Nothing { .. } => None,
            };
            MemberReport {
                name: member.name.clone(),
                use_: member.use_.clone(),
                certificate: certificate.map(|certificate| certificate.facts()),
                issued_by: certificate
                    .and_then(|certificate| Some(store.issued_by(stands.issuers.shown()?, certificate.issuer()))),
                findings: stands.findings.clone(),
            }
        })
        .collect();
    ReferenceReport {
        authorities,
        members,
        findings: standing.findings.clone(),
    }
}

fn authority_report(case: &Case, verifier: &mut SignatureVerifier<'_>, authority: &Authority) -> AuthorityReport {
    let store = verifier.store;
    let name = authority.names.first();
    let mut keys: Vec<AuthorityKey> = Vec::new();
    for joined in &authority.keys {
        let holders: Vec<_> = store
            .key(joined.key)
            .holders
            .iter()
            .map(|&index| store.held(index))
            .filter(|held| name.is_none_or(|_| authority.is_named(held.certificate.subject())))
            .collect();
        let newest = holders
            .iter()
            .max_by_key(|held| (held.certificate.not_after(), held.certificate.sha256()));
        let version = newest.and_then(|held| held.certificate.ca_version());
        let mut certificates: Vec<Sha256Hex> = holders.iter().map(|held| Hex(*held.certificate.sha256())).collect();
        certificates.sort_unstable();
        keys.push(AuthorityKey {
            key_sha256: Hex(store.key(joined.key).id.0),
            certificates,
            ca_version: version.map(|(certificate, key)| format!("V{certificate}.{key}")),
            not_after: verifier.key_end(joined.key).map(|(end, _)| end),
            joined_by: joined.by,
        });
    }
    if let (Kind::PinnedKey(id), true) = (authority.kind, keys.is_empty()) {
        keys.push(AuthorityKey {
            key_sha256: Hex(id.0),
            certificates: Vec::new(),
            ca_version: None,
            not_after: None,
            joined_by: JoinedBy::Pin,
        });
    }
    let subject = match authority.kind {
        Kind::PinnedKey(id) => store
            .key_of(id)
            .and_then(|key| store.holder(key, None))
            .map(|held| held.certificate.subject()),
        _ => name,
    };
    AuthorityReport {
        subject: subject.map(Name::rfc4514),
        members: authority
            .members
            .iter()
            .map(|&index| case.members[index].name.clone())
            .collect(),
        keys,
    }
}
