//! What the reference allows: who votes, which authorities follow from it, and whether the members agree.

use std::sync::Arc;

use crate::cert::{Certificate, KeyId, Name, Verification, verify};
use crate::protocol::{
    AuthorityKey, AuthorityReport, Code, Finding, Hex, JoinedBy, KeyFrom, Level, Match, MemberReport, ReferenceReport,
    References, Relation, Severity, Sha256Hex, Timestamp, hex,
};

use super::Case;
use super::evidence::{Pool, Prover, Signer};
use super::path::{self, Path};
use super::policy::{Rules, certificate_findings, covers_host, describe};
use super::relation::relate;
use super::rollover::{Joined, Rigour, close};

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
        /// What came with it.
        chain: Vec<Arc<Certificate>>,
        /// The host, where it was read by TLS: what came with it is found, not vouched.
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
}

/// The CA that stands behind a certificate: its issuer, or at level root a root above it.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// The CA's name.
    pub name: Name,
    /// Its key; an index into the pool.
    pub key: usize,
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
    pub keys: Vec<Joined>,
    /// The members that vote for it or name it, or the pin.
    pub members: Vec<usize>,
}

impl Authority {
    /// How a key belongs to the authority.
    pub fn joined(&self, key: usize) -> Option<&Joined> {
        self.keys.iter().find(|joined| joined.key == key)
    }

    /// Whether a name is the authority's.
    pub fn is_named(&self, name: &Name) -> bool {
        self.names.contains(name)
    }
}

/// How one member stands.
#[derive(Debug, Clone)]
pub struct MemberStanding {
    /// What signed it.
    pub signer: Signer,
    /// The CAs behind it that may count.
    pub anchors: Vec<Anchor>,
    /// Whether it votes.
    pub votes: bool,
    /// Whether a distrusted key signed it.
    pub distrusted: bool,
    /// Whether it points to a vouched key that did not sign it.
    pub forged: bool,
    /// What was found about it.
    pub findings: Vec<Finding>,
}

impl Default for MemberStanding {
    fn default() -> Self {
        MemberStanding {
            signer: Signer::Unknown,
            anchors: Vec::new(),
            votes: false,
            distrusted: false,
            forged: false,
            findings: Vec::new(),
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
    /// Whether members disagree, or cannot be known to agree.
    pub disagree: bool,
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
}

/// The CAs behind a certificate, with what signed it. At level root for a member everything above its issuer must be
/// vouched; for a subject a verified path is enough, since its root is compared with vouched ones.
pub fn anchors(
    prover: &mut Prover<'_>,
    certificate: &Certificate,
    level: Level,
    member: bool,
) -> (Signer, Vec<Anchor>) {
    // A path asks about each certificate again, and so may what looks at a member; about a subject nothing does.
    let signer = match (level, member) {
        (Level::Issuing, false) => prover.find_signer(certificate),
        _ => prover.signer(certificate),
    };
    let anchors = match (level, signer) {
        (_, Signer::Unknown | Signer::Unsupported) => Vec::new(),
        (Level::Issuing, Signer::Known(key)) => vec![Anchor {
            name: certificate.issuer().clone(),
            key,
            path: None,
        }],
        (Level::Root, Signer::Known(_)) => {
            let paths = path::to_roots(prover, certificate);
            let pool = prover.pool;
            let usable = |path: &Path| !member || path.is_vouched_above_issuer(prover);
            let anchor = |path: Path| {
                let name = pool.held(path.root()?).certificate.subject().clone();
                Some(Anchor {
                    name,
                    key: path.root_key,
                    path: Some(path),
                })
            };
            paths.into_iter().filter(usable).filter_map(anchor).collect()
        }
    };
    (signer, anchors)
}

/// Whether a certificate is a CA's: cA TRUE, or a self-issued one of version 1 (which has no extensions to say so).
pub fn is_ca(certificate: &Certificate) -> bool {
    certificate.is_ca() || (certificate.version() == 1 && certificate.is_self_issued())
}

/// Whether a certificate is signed by its own key. One that names itself as its issuer, under an algorithm that nothing
/// here verifies, is taken for one: no CA is known to have issued it.
pub fn is_self_signed(prover: &Prover<'_>, certificate: &Certificate, signer: Signer) -> bool {
    match signer.known() {
        Some(key) => prover.pool.key(key).id == certificate.key().id(),
        // Its key is nobody's CA key, so the prover did not try it.
        None => certificate.is_self_issued() && verify(certificate, certificate.key()) != Verification::Invalid,
    }
}

/// Works out what the reference allows.
pub fn evaluate(case: &Case, prover: &mut Prover<'_>) -> Standing {
    let rules = Rules::of_member(&case.policy);
    let mut standing = Standing {
        members: case
            .members
            .iter()
            .map(|member| look_at(case, prover, member))
            .collect(),
        findings: case.findings.iter().cloned().map(|read| rules.settle(read)).collect(),
        pinned: case.members.iter().any(|member| member.read.is_pin()),
        ..Standing::default()
    };
    standing.holds_ca = standing.members.iter().any(|member| {
        let holds = |finding: &Finding| matches!(finding.code, Code::ReferenceIsCa | Code::SelfSigned);
        member.findings.iter().any(holds)
    });
    standing.any_verified = standing.members.iter().any(|member| member.signer.known().is_some());
    elect(case, &mut standing);
    allow(case, prover, &mut standing);
    compare_members(case, prover, &mut standing);
    missing(case, &mut standing);
    if prover.budget.exhausted() {
        let message = "the work allowed was used up before everything at hand was tried on the reference";
        let hint = "give fewer certificates: those of the CA in question are enough";
        standing
            .findings
            .push(rules.finding(Code::LimitReached, message).hint(hint));
    }
    standing
}

/// What can be said of one member by itself.
fn look_at(case: &Case, prover: &mut Prover<'_>, member: &Member) -> MemberStanding {
    let rules = Rules::of_member(&case.policy);
    let mut standing = MemberStanding {
        findings: member.findings.iter().cloned().map(|read| rules.settle(read)).collect(),
        ..MemberStanding::default()
    };
    let Read::Certificate {
        certificate, tls_host, ..
    } = &member.read
    else {
        return standing;
    };
    (standing.signer, standing.anchors) = anchors(prover, certificate, case.policy.level, true);
    let pool = prover.pool;
    standing.distrusted = standing.signer.known().is_some_and(|key| pool.key(key).distrusted);
    let issuer = certificate.issuer();
    if standing.signer == Signer::Unsupported {
        let message = format!(
            "the signature cannot be verified: {}",
            describe(certificate.signature())
        );
        let hint = "renew the certificate under a current signature algorithm";
        standing
            .findings
            .push(rules.finding(Code::AlgorithmUnsupported, message).hint(hint));
    }
    standing.forged = standing.signer == Signer::Unknown && points_to_vouched(pool, certificate);
    if standing.forged {
        let message = format!(
            "it names the key of {} as its issuer's, and that key did not sign it",
            issuer.rfc4514()
        );
        let hint = "read the certificate from the server again; if it stays so, treat the server as compromised";
        standing
            .findings
            .push(rules.finding(Code::SignatureInvalid, message).hint(hint));
    }
    if is_ca(certificate) {
        let message = format!(
            "{} is a CA certificate, not a server's",
            certificate.subject().rfc4514()
        );
        let hint = "put the server's own certificate first, or pin the CA with authority instead of source";
        standing
            .findings
            .push(rules.finding(Code::ReferenceIsCa, message).hint(hint));
    }
    if is_self_signed(prover, certificate, standing.signer) {
        let message = format!(
            "{} is self-signed: it was issued by no CA",
            certificate.subject().rfc4514()
        );
        let hint = "give a server's certificate that the internal CA issued, or pin the CA with authority";
        standing
            .findings
            .push(rules.finding(Code::SelfSigned, message).hint(hint));
    }
    if let Some(host) = tls_host
        && !is_anchored(case, prover, certificate, standing.signer, host)
    {
        let message = format!("{host} was read by TLS, and nothing that you vouch for confirms its CA");
        let hint = "add its CA certificate to authorities, or pin its key";
        standing
            .findings
            .push(rules.finding(Code::ReferenceUnanchored, message).hint(hint));
    }
    standing.findings.extend(certificate_findings(
        &rules,
        prover.pool,
        certificate,
        standing.signer,
        case.valid_at,
    ));
    standing
}

/// Whether the authority key identifier is that of a vouched CA certificate of the issuer's name.
fn points_to_vouched(pool: &Pool, certificate: &Certificate) -> bool {
    let Some(wanted) = certificate.authority_key_identifier() else {
        return false;
    };
    let mut named = pool.named(certificate.issuer()).iter().map(|&index| pool.held(index));
    named.any(|held| held.vouched && held.certificate.subject_key_identifier() == Some(wanted))
}

/// Whether something that the operator answers for confirms the CA of a member that was read by TLS.
fn is_anchored(case: &Case, prover: &mut Prover<'_>, certificate: &Certificate, signer: Signer, host: &str) -> bool {
    let Some(key) = signer.known() else { return false };
    let pool = prover.pool;
    if pool.key(key).distrusted {
        return false;
    }
    if pool.key(key).vouched {
        return true;
    }
    // A member that the operator answers for and that the same key signed says as much.
    for other in &case.members {
        if let Read::Certificate {
            certificate: other,
            tls_host: None,
            ..
        } = &other.read
            && prover.signer(other) == Signer::Known(key)
        {
            return true;
        }
    }
    covers_host(certificate, host)
        && path::to_roots(prover, certificate)
            .iter()
            .any(|path| path.root_is_vouched(prover))
}

/// Who votes.
fn elect(case: &Case, standing: &mut Standing) {
    let mut eligible: Vec<(usize, bool, bool)> = Vec::new();
    for (index, (member, stands)) in case.members.iter().zip(&standing.members).enumerate() {
        let Some(certificate) = member.read.certificate() else {
            continue;
        };
        if stands.distrusted || stands.anchors.is_empty() {
            continue;
        }
        let own = |finding: &Finding| matches!(finding.code, Code::ReferenceIsCa | Code::SelfSigned);
        let leaf = !stands.findings.iter().any(own);
        eligible.push((index, leaf, is_valid(certificate, case.valid_at)));
    }
    let leaves = eligible.iter().any(|&(_, leaf, _)| leaf);
    eligible.retain(|&(_, leaf, _)| leaf == leaves);
    let valid = eligible.iter().any(|&(_, _, valid)| valid);
    for (index, ..) in eligible.into_iter().filter(|&(_, _, is_valid)| is_valid || !valid) {
        standing.members[index].votes = true;
    }
    let another_votes = standing.members.iter().any(|member| member.votes);
    for (member, stands) in case.members.iter().zip(&mut standing.members) {
        if stands.distrusted {
            let rules = Rules::of_member(&case.policy);
            let message = format!("{} was issued under a key that the policy distrusts", member.name);
            let finding = rules
                .finding(Code::AuthorityDistrusted, message)
                .hint("replace the server's certificate");
            let severity = if another_votes {
                Severity::Warning
            } else {
                finding.severity
            };
            stands.findings.push(finding.severity(severity));
        }
    }
}

fn is_valid(certificate: &Certificate, at: Timestamp) -> bool {
    certificate.not_before() <= at && at <= certificate.not_after()
}

/// Which authorities follow from the votes or the pins.
fn allow(case: &Case, prover: &mut Prover<'_>, standing: &mut Standing) {
    if standing.pinned {
        allow_pins(case, prover, standing);
        return;
    }
    let mut authorities = Vec::new();
    for (index, member) in standing.members.iter().enumerate().filter(|(_, member)| member.votes) {
        for anchor in &member.anchors {
            vote(prover, case.policy.match_, &mut authorities, index, anchor);
        }
    }
    if case.policy.match_ == Match::Authority {
        authorities = merge(prover, authorities);
    }
    for authority in &mut authorities {
        close(prover, &authority.names, &mut authority.keys, Rigour::Strict);
    }
    if authorities.is_empty() && case.policy.level == Level::Issuing {
        authorities = named_only(case, standing);
    }
    standing.authorities = authorities;
}

fn vote(prover: &Prover<'_>, match_: Match, authorities: &mut Vec<Authority>, member: usize, anchor: &Anchor) {
    let mine = |authority: &&mut Authority| match match_ {
        Match::Key => authority.joined(anchor.key).is_some(),
        Match::Authority => authority.is_named(&anchor.name) && authority.joined(anchor.key).is_some(),
        Match::Name => authority.is_named(&anchor.name),
    };
    debug_assert!(
        !prover.pool.key(anchor.key).distrusted,
        "a distrusted key earns no vote"
    );
    let joined = Joined::first(anchor.key, JoinedBy::Member);
    match authorities.iter_mut().find(mine) {
        Some(authority) => {
            if !authority.is_named(&anchor.name) {
                authority.names.push(anchor.name.clone());
            }
            if authority.joined(anchor.key).is_none() {
                authority.keys.push(joined);
            }
            if !authority.members.contains(&member) {
                authority.members.push(member);
            }
        }
        None => authorities.push(Authority {
            kind: Kind::Voted,
            names: vec![anchor.name.clone()],
            keys: vec![joined],
            members: vec![member],
        }),
    }
}

/// Makes one authority of those of one name that rollover joins: each way round, or one way where the key that does the
/// joining is vouched. A key that came by the network and joins others to itself would else pull a reference over.
fn merge(prover: &mut Prover<'_>, authorities: Vec<Authority>) -> Vec<Authority> {
    let mut merged: Vec<Authority> = Vec::new();
    for authority in authorities {
        let mut grown = authority;
        loop {
            let mut found = None;
            for (index, other) in merged.iter().enumerate() {
                if grown.names == other.names && is_one(prover, other, &grown) {
                    found = Some(index);
                    break;
                }
            }
            let Some(index) = found else { break };
            let mut other = merged.remove(index);
            for joined in grown.keys {
                if other.joined(joined.key).is_none() {
                    other.keys.push(joined);
                }
            }
            for member in grown.members {
                if !other.members.contains(&member) {
                    other.members.push(member);
                }
            }
            grown = other;
        }
        merged.push(grown);
    }
    merged.sort_by_key(|authority| authority.members.iter().min().copied());
    merged
}

fn is_one(prover: &mut Prover<'_>, a: &Authority, b: &Authority) -> bool {
    let (onto, back) = (reaches(prover, a, b), reaches(prover, b, a));
    let vouched = |authority: &Authority| authority.keys.iter().all(|joined| prover.pool.key(joined.key).vouched);
    match (onto, back) {
        (true, true) => true,
        (true, false) => vouched(a),
        (false, true) => vouched(b),
        (false, false) => false,
    }
}

fn reaches(prover: &mut Prover<'_>, from: &Authority, to: &Authority) -> bool {
    let mut keys = from.keys.clone();
    close(prover, &from.names, &mut keys, Rigour::Strict);
    to.keys
        .iter()
        .any(|wanted| keys.iter().any(|joined| joined.key == wanted.key))
}

/// Where none votes: the members' issuer names, without keys.
fn named_only(case: &Case, standing: &Standing) -> Vec<Authority> {
    let mut authorities: Vec<Authority> = Vec::new();
    for (index, (member, stands)) in case.members.iter().zip(&standing.members).enumerate() {
        let Some(certificate) = member.read.certificate().filter(|_| !stands.distrusted) else {
            continue;
        };
        match authorities
            .iter_mut()
            .find(|authority| authority.is_named(certificate.issuer()))
        {
            Some(authority) => authority.members.push(index),
            None => authorities.push(Authority {
                kind: Kind::Named,
                names: vec![certificate.issuer().clone()],
                keys: Vec::new(),
                members: vec![index],
            }),
        }
    }
    authorities
}

fn allow_pins(case: &Case, prover: &mut Prover<'_>, standing: &mut Standing) {
    let mut distrusted = Vec::new();
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
        if prover.pool.distrusts(id) {
            distrusted.push(index);
            continue;
        }
        let usable = prover.pool.key_of(id).filter(|&key| prover.pool.key(key).usable);
        let mut keys: Vec<Joined> = usable
            .map(|key| Joined::first(key, JoinedBy::Pin))
            .into_iter()
            .collect();
        if kind == Kind::PinnedCertificate {
            close(prover, &names, &mut keys, Rigour::Strict);
        }
        standing.authorities.push(Authority {
            kind,
            names,
            keys,
            members: vec![index],
        });
    }
    for index in distrusted {
        let rules = Rules::of_member(&case.policy);
        let message = format!("{} pins a key that the policy distrusts", case.members[index].name);
        let finding = rules
            .finding(Code::AuthorityDistrusted, message)
            .hint("remove the pin, or the distrust");
        let severity = if standing.authorities.is_empty() {
            finding.severity
        } else {
            Severity::Warning
        };
        standing.members[index].findings.push(finding.severity(severity));
    }
}

/// Whether the members agree.
fn compare_members(case: &Case, prover: &mut Prover<'_>, standing: &mut Standing) {
    let rules = Rules::of_member(&case.policy);
    let mut disagreements = Vec::new();
    if !standing.pinned {
        several_roots(case, standing, &rules);
        if case.policy.references == References::Agree && standing.authorities.len() > 1 {
            disagreements.push(disagreement(case, standing));
        }
        // Of members that reach no root, those of one issuer name alone are known to agree.
        standing.disagree =
            case.policy.level == Level::Root && standing.authorities.is_empty() && named_only(case, standing).len() > 1;
    }
    if standing.pinned || case.policy.references == References::Agree {
        let voted = standing
            .authorities
            .iter()
            .any(|authority| authority.kind != Kind::Named);
        for index in 0..case.members.len() {
            let stands = &standing.members[index];
            let Some(certificate) = case.members[index].read.certificate() else {
                continue;
            };
            if stands.votes && !standing.pinned || stands.distrusted || !voted {
                continue;
            }
            let related = relate(case, prover, standing, certificate, stands.signer, &stands.anchors);
            if !matches!(
                related.relation,
                Relation::Same | Relation::Rollover | Relation::Unproven
            ) {
                let names: Vec<String> = standing
                    .authorities
                    .iter()
                    .map(|authority| title(case, authority))
                    .collect();
                let message = format!("{} is not under {}", case.members[index].name, names.join(" or "));
                disagreements.push((message, names.join(" or "), certificate.issuer().rfc4514()));
            }
        }
    }
    for (message, expected, actual) in disagreements {
        standing.disagree = true;
        let hint = "give only servers that must share one CA, pin the CA that is meant, or set references to any";
        let finding = rules
            .finding(Code::ReferencesDisagree, message)
            .expected(expected)
            .actual(actual)
            .hint(hint);
        standing.findings.push(finding);
    }
}

fn several_roots(case: &Case, standing: &mut Standing, rules: &Rules<'_>) {
    if case.policy.level != Level::Root {
        return;
    }
    for (index, member) in standing.members.iter_mut().enumerate() {
        let reached: Vec<String> = standing
            .authorities
            .iter()
            .filter(|authority| authority.members.contains(&index))
            .map(|authority| title(case, authority))
            .collect();
        if reached.len() > 1 {
            let message = format!(
                "{} leads to {} root CAs: {}",
                case.members[index].name,
                reached.len(),
                reached.join("; ")
            );
            let hint = "pin the root that is meant with authority";
            member
                .findings
                .push(rules.finding(Code::SeveralRoots, message).hint(hint));
        }
    }
}

fn disagreement(case: &Case, standing: &Standing) -> (String, String, String) {
    let sides: Vec<String> = standing
        .authorities
        .iter()
        .map(|authority| {
            let names: Vec<&str> = authority
                .members
                .iter()
                .map(|&index| case.members[index].name.as_str())
                .collect();
            format!("{} under {}", names.join(", "), title(case, authority))
        })
        .collect();
    let message = format!(
        "the reference servers use {} authorities: {}",
        sides.len(),
        sides.join("; ")
    );
    let (first, rest) = sides
        .split_first()
        .map(|(first, rest)| (first.clone(), rest.join("; ")))
        .unwrap_or_default();
    (message, first, rest)
}

/// What to call an authority in a message.
pub fn title(case: &Case, authority: &Authority) -> String {
    match (authority.names.first(), authority.kind) {
        (_, Kind::PinnedKey(id)) => format!("the pinned key {}", short(&hex(&id.0))),
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
fn missing(case: &Case, standing: &mut Standing) {
    let rules = Rules::of_member(&case.policy);
    let readable = |member: &&Member| !matches!(member.read, Read::Nothing { .. });
    let pins = case
        .members
        .iter()
        .filter(|member| member.read.is_pin())
        .filter(readable)
        .count();
    let any = case.members.iter().filter(readable).count();
    let said = |finding: &Finding| finding.code == Code::ReferenceMissing;
    if any == 0 && standing.findings.iter().any(said) {
        // A document that cannot be read says so itself.
    } else if any == 0 {
        let (message, hint) = if case.members.is_empty() {
            (
                "no reference was given, so there is nothing to compare with",
                "give reference, or reference_document",
            )
        } else {
            (
                "no reference could be read, so there is nothing to compare with",
                "see the findings of the members",
            )
        };
        standing
            .findings
            .push(rules.finding(Code::ReferenceMissing, message).hint(hint));
    } else if standing.pinned && pins == 0 {
        let message = "the pin could not be read, and without it nothing is allowed";
        standing.findings.push(
            rules
                .finding(Code::ReferenceMissing, message)
                .hint("see the findings of the members"),
        );
    } else {
        for (member, stands) in case.members.iter().zip(&mut standing.members) {
            if matches!(member.read, Read::Nothing { .. }) {
                let lower = |finding: &mut Finding| finding.severity = rules.member_unreadable(finding);
                stands.findings.iter_mut().for_each(lower);
            }
        }
    }
    let certificates = case
        .members
        .iter()
        .filter(|member| member.read.certificate().is_some())
        .count();
    if certificates > 0 && !standing.any_verified {
        let message = "no CA certificate is at hand that verifies a reference";
        let hint = "add the issuing CA's certificate to authorities (AD CS keeps it in the folder CertEnroll)";
        let finding = rules.finding(Code::CaCertificateMissing, message).hint(hint);
        let severity = rules.raised(Code::CaCertificateMissing, Severity::Warning);
        standing.findings.push(finding.severity(severity));
    }
}

/// The report's `reference` section.
pub fn report(case: &Case, standing: &Standing, pool: &Pool) -> ReferenceReport {
    let authorities = standing
        .authorities
        .iter()
        .map(|authority| authority_report(case, authority, pool))
        .collect();
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
                    .and_then(|certificate| Some(pool.issued_by(stands.signer.known()?, certificate.issuer()))),
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

fn authority_report(case: &Case, authority: &Authority, pool: &Pool) -> AuthorityReport {
    let name = authority.names.first();
    let mut keys: Vec<AuthorityKey> = Vec::new();
    for joined in &authority.keys {
        let holders: Vec<_> = pool
            .key(joined.key)
            .holders
            .iter()
            .map(|&index| pool.held(index))
            .filter(|held| name.is_none_or(|_| authority.is_named(held.certificate.subject())))
            .collect();
        let newest = holders
            .iter()
            .max_by_key(|held| (held.certificate.not_after(), held.certificate.sha256()));
        let version = newest.and_then(|held| held.certificate.ca_version());
        let mut certificates: Vec<Sha256Hex> = holders.iter().map(|held| Hex(*held.certificate.sha256())).collect();
        certificates.sort_unstable();
        keys.push(AuthorityKey {
            key_sha256: Hex(pool.key(joined.key).id.0),
            certificates,
            ca_version: version.map(|(certificate, key)| format!("V{certificate}.{key}")),
            not_after: pool.key_end(joined.key),
            joined_by: joined.by,
        });
    }
    if let (Kind::PinnedKey(id), true) = (authority.kind, keys.is_empty()) {
        let key_sha256 = Hex(id.0);
        let (certificates, joined_by) = (Vec::new(), JoinedBy::Pin);
        keys.push(AuthorityKey {
            key_sha256,
            certificates,
            ca_version: None,
            not_after: None,
            joined_by,
        });
    }
    let subject = match authority.kind {
        Kind::PinnedKey(id) => pool
            .key_of(id)
            .and_then(|key| pool.holder(key, None))
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
