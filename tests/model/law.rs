//! §§3 and 5 to 8: what the reference allows, the relation, the status, and what is said.
//!
//! It is one file because it is read beside the law, paragraph by paragraph, in the law's own order: each rule's function is
//! the next one's question, and a reader who compares the two should turn no pages.

use same_ca::protocol::{Relation, Severity, Status};

use super::evidence::Evidence;
use super::world::{
    Brought, Cert, Distrust, HOSTS, Key, KeyKind, Level, Match, Member, Name, ProofWanted, References, Serial, Set,
    Subject, World,
};

/// What the law says of a world.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    pub relation: Relation,
    pub status: Status,
    /// A pass by a signature or by identity, whatever else is said.
    pub strong: bool,
    /// The page leaves open whether this is an error or a doubt (it is no pass), or which relation is shown.
    pub open: bool,
    /// Which relation is shown where what is open makes it the better one.
    pub or: Option<Relation>,
    pub subject: Said,
    pub reference: Said,
}

/// What is said: codes with their severities, and codes that the page leaves open here.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Said {
    pub must: Vec<(&'static str, Severity)>,
    pub may: Vec<&'static str>,
    /// The page leaves open when the CA's key ends, and so whether that refuses it.
    pub end_is_open: bool,
}

impl Said {
    fn say(&mut self, code: &'static str, severity: Severity) {
        if !self.must.contains(&(code, severity)) {
            self.must.push((code, severity));
        }
    }

    fn may(&mut self, code: &'static str) {
        self.may.push(code);
    }

    pub fn worst(&self) -> Severity {
        self.must
            .iter()
            .map(|(_, severity)| *severity)
            .max()
            .unwrap_or(Severity::Info)
    }

    /// The status of a subject of which this is said. An error or doubt on the reference is a doubt on it (3.9), and may
    /// be said of it again, in whichever words.
    fn status_under(&mut self, reference: &Said) -> Status {
        let doubts = reference
            .must
            .iter()
            .filter(|(_, severity)| *severity >= Severity::Doubt);
        let mut status = severity_status(self.worst());
        for (code, _) in doubts {
            status = status.max(Status::Undetermined);
            self.may(code);
            if *code == "reference-is-ca" {
                self.may("subject-is-ca");
            }
        }
        status
    }

    pub fn has(&self, code: &str) -> bool {
        self.must.iter().any(|(said, _)| *said == code)
    }
}

/// What is said of the end of a CA's key.
const ENDS: [&str; 3] = ["issued-after-ca-expiry", "ca-expired", "ca-expires-soon"];
/// Warns of a certificate that ends within as many days.
const SOON: i64 = 30;

/// What one authority is known by (3.1).
#[derive(Clone, PartialEq, Eq, Debug)]
struct Authority {
    kind: Kind,
    names: Set,
    /// The keys that verified the member, or the pin's: R as it starts.
    keys: Set,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Voted,
    Pin,
    KeyPin,
    /// 3.6: a member's issuer name, where none votes.
    NameAlone,
}

/// What a member is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    Unreadable,
    Pin,
    /// 3.2: it does not vote and is not judged.
    Distrusted,
    Verified(Behind),
    Unverified,
}

/// What a verified member would vote for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Behind {
    /// Its issuer's name, and the keys that verified it.
    Issuer(Name, Set),
    /// 8.1: these self-signed CAs, each with its own name and key.
    Roots(Set),
}

/// What the members say together.
struct Reference {
    standings: Vec<Standing>,
    votes: Vec<bool>,
    allowed: Vec<Authority>,
}

/// A row of the table of §5, with its cell in §6.
#[derive(Clone, Debug)]
struct Row {
    relation: Relation,
    /// `None`: a pass, and nothing is said.
    severity: Option<Severity>,
    code: Option<&'static str>,
    weak: bool,
    link_refused: bool,
    open: bool,
    /// The row that stands where what is open makes it the better one.
    or: Option<Relation>,
}

impl Row {
    fn new(relation: Relation, severity: impl Into<Option<Severity>>, code: &'static str) -> Row {
        let severity = severity.into();
        Row {
            relation,
            severity,
            code: severity.is_some().then_some(code),
            weak: false,
            link_refused: false,
            open: false,
            or: None,
        }
    }

    fn passes(&self) -> bool {
        self.severity <= Some(Severity::Warning)
    }

    fn passes_strongly(&self) -> bool {
        self.passes() && !self.weak
    }

    /// 5.1: the best status stands; ties: the higher row.
    fn rank(&self) -> (Severity, Relation) {
        // By the table: that 3.4 makes a doubt of `different` does not set it before what is a doubt there.
        let status = match self.relation {
            Relation::Different => Severity::Error,
            _ => self.severity.unwrap_or(Severity::Info).max(Severity::Warning),
        };
        (status, self.relation)
    }
}

/// The law, of one world.
pub fn verdict(world: &World) -> Verdict {
    Law { world }.verdict()
}

struct Law<'w> {
    world: &'w World,
}

impl<'w> Law<'w> {
    fn verdict(&self) -> Verdict {
        let at_hand = Evidence::new(self.world, Set::NONE);
        let reference = self.reference(&at_hand);
        let said = self.said_of_reference(&at_hand, &reference);
        match &self.world.subject {
            Subject::One(brought) => self.subject(&at_hand, &reference, said, brought),
            Subject::AnyOf(list) => self.any_of(&at_hand, &reference, said, list),
        }
    }

    fn has_pins(&self) -> bool {
        self.world
            .members
            .iter()
            .any(|m| matches!(m, Member::Pin(_) | Member::KeyPin(_)))
    }

    fn at_root(&self) -> bool {
        self.world.policy.level == Level::Root
    }

    /// §3: who votes, and what is allowed.
    fn reference(&self, evidence: &Evidence<'w>) -> Reference {
        let standings: Vec<Standing> = self.world.members.iter().map(|m| self.standing(evidence, m)).collect();
        let votes = self.votes(&standings);
        let allowed = match self.has_pins() {
            true => self.pinned(evidence),
            false => self.allowed(evidence, &standings, &votes),
        };
        Reference {
            standings,
            votes,
            allowed,
        }
    }

    fn standing(&self, evidence: &Evidence<'w>, member: &Member) -> Standing {
        let cert = match member {
            Member::Server { cert, .. } => *cert,
            Member::Pin(_) | Member::KeyPin(_) => return Standing::Pin,
            Member::Unreadable => return Standing::Unreadable,
        };
        if evidence.is_distrusted(cert) {
            return Standing::Distrusted;
        }
        let (of, behind) = match self.at_root() {
            false => {
                let keys = evidence.counted(cert);
                (keys, Behind::Issuer(self.world.certs[cert].issuer, keys))
            }
            true => {
                let roots = self.member_roots(evidence, cert);
                (roots, Behind::Roots(roots))
            }
        };
        match of.is_empty() {
            true => Standing::Unverified,
            false => Standing::Verified(behind),
        }
    }

    /// The CAs that a verified member would vote for, each a name with its keys.
    fn cas(&self, standing: Standing) -> Vec<Authority> {
        let of = |name, keys| Authority {
            kind: Kind::Voted,
            names: Set::of([name]),
            keys,
        };
        let certs = &self.world.certs;
        match standing {
            Standing::Verified(Behind::Issuer(name, keys)) => vec![of(name, keys)],
            Standing::Verified(Behind::Roots(roots)) => {
                let mut cas: Vec<Authority> = Vec::new();
                for root in roots.iter() {
                    let ca = of(certs[root].subject, Set::of([certs[root].key]));
                    if !cas.contains(&ca) {
                        cas.push(ca);
                    }
                }
                cas
            }
            _ => Vec::new(),
        }
    }

    /// 3.1, 3.3 and 8.1: whether two are one authority. An untrusted key joins nobody.
    fn are_one(&self, evidence: &Evidence<'w>, one: &Authority, other: &Authority) -> bool {
        let by_key = self.world.policy.match_ == Match::Key;
        let meet = one.keys.meets(other.keys);
        // 8.1: roots that rollover joins are one, under `key` too.
        if by_key && (meet || !self.at_root()) {
            return meet;
        }
        let reaches = |from: Set, to: Set, name| evidence.rollover(name, from.and(evidence.trusted_keys)).meets(to);
        let mut shared = one.names.and(other.names).iter();
        shared.any(|name| meet || reaches(one.keys, other.keys, name) || reaches(other.keys, one.keys, name))
    }

    /// Makes one of those that are one, a third linking two of them.
    fn join_cas(&self, evidence: &Evidence<'w>, cas: impl IntoIterator<Item = Authority>) -> Vec<Authority> {
        let mut joined: Vec<Vec<Authority>> = Vec::new();
        for ca in cas {
            let (mine, mut others): (Vec<_>, Vec<_>) = joined
                .into_iter()
                .partition(|group| group.iter().any(|other| self.are_one(evidence, &ca, other)));
            others.push(mine.into_iter().flatten().chain([ca]).collect());
            joined = others;
        }
        let union = |group: Vec<Authority>| {
            let all = |of: fn(&Authority) -> Set| group.iter().map(of).fold(Set::NONE, Set::or);
            Authority {
                kind: Kind::Voted,
                names: all(|ca| ca.names),
                keys: all(|ca| ca.keys),
            }
        };
        joined.into_iter().map(union).collect()
    }

    /// 8.1: by wholly trusted paths; where there is none, by an untrusted issuer certificate under trusted ones.
    fn member_roots(&self, evidence: &Evidence<'w>, cert: Serial) -> Set {
        let trusted = evidence.trusted;
        let wholly = evidence.roots(cert, trusted, trusted);
        if !wholly.is_empty() {
            return wholly;
        }
        let issuers = evidence.issuers(cert, evidence.all().less(trusted));
        issuers.iter().fold(Set::NONE, |all, issuer| {
            all.or(evidence.roots_above(issuer, trusted, trusted))
        })
    }

    /// A CA certificate or a self-signed one (3.4, 7.1). Where its algorithm counts for nothing, the names alone say the
    /// latter: the page does not say, and this refuses more.
    fn is_ca(&self, cert: Serial) -> bool {
        let it = &self.world.certs[cert];
        let self_issued = it.subject == it.issuer;
        (it.ca && !it.version1) || (self_issued && (it.version1 || !it.supported)) || self.world.is_self_signed(cert)
    }

    /// 3.2 and 3.4.
    fn votes(&self, standings: &[Standing]) -> Vec<bool> {
        let verified = |member: usize| matches!(standings[member], Standing::Verified(_));
        let cert = |member: usize| match self.world.members[member] {
            Member::Server { cert, .. } => cert,
            _ => unreachable!("only a server's certificate is verified"),
        };
        let valid = |member: usize| self.world.certs[cert(member)].is_valid();
        let of_kind = |ca: bool| -> Vec<usize> {
            let all: Vec<usize> = (0..standings.len())
                .filter(|m| verified(*m) && self.is_ca(cert(*m)) == ca)
                .collect();
            let agree = self.world.policy.references == References::Agree;
            match agree && all.iter().any(|m| valid(*m)) {
                true => all.into_iter().filter(|m| valid(*m)).collect(),
                false => all,
            }
        };
        let servers = of_kind(false);
        let voting = if servers.is_empty() { of_kind(true) } else { servers };
        (0..standings.len()).map(|m| voting.contains(&m)).collect()
    }

    /// 3.3, for two members.
    fn agree(&self, evidence: &Evidence<'w>, one: Standing, other: Standing) -> bool {
        let others = self.cas(other);
        let among = |ca: &Authority| others.iter().any(|other| self.are_one(evidence, ca, other));
        self.cas(one).iter().any(among)
    }

    /// 3.3: "and if a third links them": the groups of verified members, each by its first.
    fn groups(&self, evidence: &Evidence<'w>, standings: &[Standing]) -> Vec<usize> {
        let mut group: Vec<usize> = (0..standings.len()).collect();
        for one in 0..standings.len() {
            for other in 0..one {
                if group[one] != group[other] && self.agree(evidence, standings[one], standings[other]) {
                    let (from, to) = (group[one], group[other]);
                    group.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
                }
            }
        }
        group
    }

    /// 3.6. Members that agree vote for one authority (3.1), of which several names are left under `match: key` alone.
    fn allowed(&self, evidence: &Evidence<'w>, standings: &[Standing], votes: &[bool]) -> Vec<Authority> {
        let voting = standings.iter().zip(votes).filter(|(_, votes)| **votes);
        let cas = voting.flat_map(|(standing, _)| self.cas(*standing));
        let allowed = self.join_cas(evidence, cas);
        if !allowed.is_empty() || self.at_root() {
            return allowed;
        }
        // Where none votes, the issuer names, without keys. 3.11: what a distrusted key signed allows not even that.
        let name = |(member, standing): (&Member, &Standing)| match (member, standing) {
            (Member::Server { cert, .. }, Standing::Unverified | Standing::Verified(_)) => Some(Authority {
                kind: Kind::NameAlone,
                names: Set::of([self.world.certs[*cert].issuer]),
                keys: Set::NONE,
            }),
            _ => None,
        };
        self.world.members.iter().zip(standings).filter_map(name).collect()
    }

    /// 3.7; 3.11: no pin lifts distrust.
    fn pinned(&self, evidence: &Evidence<'w>) -> Vec<Authority> {
        let pin = |member: &Member| {
            let (kind, names, key) = match member {
                Member::Pin(cert) => (
                    Kind::Pin,
                    Set::of([self.world.certs[*cert].subject]),
                    self.world.certs[*cert].key,
                ),
                Member::KeyPin(key) => (Kind::KeyPin, Set::NONE, *key),
                _ => return None,
            };
            let keys = Set::of([key]);
            (!evidence.distrusted.has(key)).then_some(Authority { kind, names, keys })
        };
        self.world.members.iter().filter_map(pin).collect()
    }

    /// §5: the best row over the allowed authorities.
    fn relate(&self, evidence: &Evidence<'w>, cert: Serial, reference: &Reference, allowed: &[Authority]) -> Row {
        let identical = self.is_identical(evidence, cert, reference);
        let rows = allowed
            .iter()
            .map(|authority| self.first_row(evidence, cert, authority, reference));
        let identical = identical.then(|| Row::new(Relation::Same, None, ""));
        let rows: Vec<Row> = rows.chain(identical).collect();
        let best = rows.iter().min_by_key(|row| row.rank()).cloned();
        // 3.6: where nothing is allowed.
        let mut best = best.unwrap_or_else(|| self.unproven(cert));
        // One that may be a doubt would then be the best.
        if best.rank().0 == Severity::Error
            && let Some(open) = rows.iter().find(|row| row.open)
        {
            (best.open, best.or) = (true, Some(open.relation));
        }
        best
    }

    /// §5, `same`: byte for byte the certificate of a member.
    fn is_identical(&self, evidence: &Evidence<'w>, cert: Serial, reference: &Reference) -> bool {
        if self.has_pins() {
            return false;
        }
        let members = self
            .world
            .members
            .iter()
            .zip(&reference.standings)
            .zip(&reference.votes);
        let mut readable = members.filter_map(|((member, standing), votes)| match member {
            Member::Server { cert, .. } => Some((*cert, *standing, *votes)),
            _ => None,
        });
        // 3.5: nothing is identical to what is `signature-invalid`.
        let same = |member: Serial| member == cert && !self.is_invalid(evidence, member);
        let readable: Vec<_> = readable.by_ref().collect();
        let any = self.world.policy.references == References::Any && !self.at_root();
        let none_verified = readable
            .iter()
            .all(|(member, ..)| evidence.verifiers(*member).is_empty());
        readable
            .iter()
            .any(|(member, _, votes)| same(*member) && (*votes || any))
            || (none_verified && !readable.is_empty() && readable.iter().all(|(m, ..)| same(*m)))
    }

    /// 3.5
    fn is_invalid(&self, evidence: &Evidence<'w>, member: Serial) -> bool {
        let it = &self.world.certs[member];
        let named = it.authority_identifier.filter(|_| !it.version1);
        let odd = |key: Key| self.world.keys[key] == KeyKind::Odd;
        let fits = |key: Key| odd(key) == it.signer.is_some_and(odd);
        it.supported
            && evidence.verifiers(member).is_empty()
            && evidence.trusted.iter().any(|ca| {
                let authority = &self.world.certs[ca];
                authority.subject == it.issuer
                    && evidence.lends(ca)
                    && named == Some(evidence.identifier(ca))
                    && fits(authority.key)
            })
    }

    fn unproven(&self, cert: Serial) -> Row {
        let code = match self.world.certs[cert].supported {
            true => "ca-certificate-missing",
            false => "algorithm-unsupported",
        };
        Row::new(Relation::Unproven, Severity::Doubt, code)
    }

    /// §§5 and 6: the first row that fits, for one authority.
    fn first_row(&self, evidence: &Evidence<'w>, cert: Serial, authority: &Authority, reference: &Reference) -> Row {
        let row = |name, keys| self.row(evidence, cert, authority, reference, (name, keys));
        if !self.at_root() {
            return row(self.world.certs[cert].issuer, evidence.counted(cert));
        }
        let all = evidence.all();
        let certs = &self.world.certs;
        let roots = evidence.roots(cert, all, all);
        let row = |root: Serial| {
            (
                row(certs[root].subject, Set::of([certs[root].key])),
                certs[root].subject,
            )
        };
        let rows: Vec<(Row, Name)> = roots.iter().map(row).collect();
        // 8.1: one path is enough. The names are equal where one root has the authority's.
        let proven =
            |row: &&(Row, Name)| matches!(row.0.relation, Relation::Same | Relation::Rollover | Relation::KeyOnly);
        let named = |row: &&(Row, Name)| authority.names.has(row.1);
        let first = rows.iter().filter(proven).min_by_key(|row| row.0.relation);
        let first = first.or_else(|| rows.iter().filter(named).min_by_key(|row| (row.0.rank(), !row.0.open)));
        let row = first.or(rows.first()).map(|(row, _)| row.clone());
        row.unwrap_or_else(|| self.unproven(cert))
    }

    /// The first row that fits, for an issuer (or root) of this name whose key verifies it.
    fn row(
        &self,
        evidence: &Evidence<'w>,
        cert: Serial,
        authority: &Authority,
        reference: &Reference,
        (name, verified_by): (Name, Set),
    ) -> Row {
        use Severity::{Doubt, Error, Warning};
        let it = &self.world.certs[cert];
        let policy = self.world.policy;
        let pass_by_key = verified_by.meets(authority.keys);
        let unsupported = !it.supported;
        let none_verifies = evidence.verifiers(cert).is_empty();
        if authority.kind == Kind::KeyPin {
            let carried = || {
                let carries = |c: Serial| evidence.lends(c) && authority.keys.has(self.world.certs[c].key);
                evidence.at_hand.iter().any(carries)
            };
            return match () {
                () if pass_by_key => Row::new(Relation::Same, None, ""),
                () if unsupported || (none_verifies && !carried()) => self.unproven(cert),
                () => self.different(),
            };
        }
        let names_equal = authority.names.has(name);
        let rolled = || match policy.match_ {
            Match::Key => authority.keys,
            Match::Authority | Match::Name => evidence.rollover(name, authority.keys),
        };
        match names_equal {
            true if pass_by_key => return Row::new(Relation::Same, None, ""),
            true if verified_by.meets(rolled()) => return Row::new(Relation::Rollover, None, ""),
            true => {}
            false if pass_by_key => {
                let severity = if policy.match_ == Match::Key { Warning } else { Error };
                return Row::new(Relation::KeyOnly, severity, "issuer-name-differs");
            }
            false => {
                let keyless = policy.match_ == Match::Key && (authority.keys.is_empty() || unsupported);
                let others = policy.references == References::Any && !self.has_pins() && {
                    let at_hand = Evidence::new(self.world, Set::NONE);
                    let unverified = |(member, standing): (&Member, &Standing)| match (member, standing) {
                        (_, Standing::Verified(_) | Standing::Distrusted) => false,
                        (Member::Server { cert, .. }, _) => {
                            at_hand.verifiers(*cert).is_empty() && self.world.certs[*cert].issuer == it.issuer
                        }
                        _ => false,
                    };
                    self.world.members.iter().zip(&reference.standings).any(unverified)
                };
                return match keyless || others {
                    true => self.unproven(cert),
                    false => self.different(),
                };
            }
        }
        if authority.keys.is_empty() || unsupported {
            return self.weaken_unproven(evidence, cert, self.unproven(cert));
        }
        let keys = rolled();
        let named = |id: usize| keys.iter().any(|key| evidence.identifiers(key).has(id));
        let points = it.authority_identifier.filter(|_| !it.version1);
        if !self.at_root() && none_verifies && points.is_some_and(named) {
            return Row::new(Relation::BadSignature, Error, "signature-invalid");
        }
        let by_another = self.at_root() || !none_verifies;
        // Under `key` no link is refused where rollover itself would join.
        let would_roll = || verified_by.meets(evidence.rollover(name, authority.keys));
        let mut row = Row::new(
            Relation::NameOnly,
            if by_another { Error } else { Doubt },
            "issuer-key-differs",
        );
        if policy.match_ == Match::Name && policy.proof == ProofWanted::Name {
            row.severity = Some(Warning);
            row.code = None;
            row.weak = true;
        } else if by_another && !would_roll() {
            match self.link_refused(evidence, name, keys, verified_by) {
                Some(true) => (row.severity, row.link_refused) = (Some(Doubt), true),
                Some(false) => {}
                None => row.open = true,
            }
        }
        row
    }

    /// 3.4: while a CA's certificate stands for a server's, it may be that nobody meant its issuer.
    fn different(&self) -> Row {
        let ca = |member: &Member| matches!(member, Member::Server { cert, .. } if self.is_ca(*cert));
        let severity = match self.world.members.iter().any(ca) {
            true => Severity::Doubt,
            false => Severity::Error,
        };
        Row::new(Relation::Different, severity, "issuer-differs")
    }

    /// 6.1
    fn weaken_unproven(&self, evidence: &Evidence<'w>, cert: Serial, mut row: Row) -> Row {
        let it = &self.world.certs[cert];
        // A self-issued version-1 certificate is one too (7.1), whether or not it lends its key.
        let is_ca = |c: &Cert| c.ca || (c.version1 && c.subject == c.issuer);
        let of_name = |c: Serial| self.world.certs[c].subject == it.issuer && is_ca(&self.world.certs[c]);
        // One that is distrusted is at hand as well: the page does not say, and this refuses more.
        let distrusted = self.world.distrust.iter().filter_map(|distrust| match distrust {
            Distrust::Cert(cert) => Some(*cert),
            Distrust::Key(_) => None,
        });
        if evidence.at_hand.iter().chain(distrusted).any(of_name) || !evidence.verifiers(cert).is_empty() {
            return row;
        }
        let identifier = it.authority_identifier.filter(|_| !it.version1);
        let in_a_member = |member: &Member| match member {
            // Which member the page does not say: one of this issuer name, since that refuses more.
            Member::Server { cert, .. } => {
                let member = &self.world.certs[*cert];
                member.authority_identifier == identifier && member.issuer == it.issuer
            }
            _ => false,
        };
        let by_identifier = identifier.is_some() && self.world.members.iter().any(in_a_member);
        let passes = match self.world.policy.proof {
            ProofWanted::Signature => false,
            ProofWanted::KeyIdentifier => by_identifier,
            ProofWanted::Name => true,
        };
        if passes {
            (row.severity, row.code, row.weak) = (Some(Severity::Warning), None, true);
        }
        row
    }

    /// 4.3: whether a link is refused for want of a certificate that is trusted; `None` where the page leaves it open.
    fn link_refused(&self, evidence: &Evidence<'w>, name: usize, keys: Set, verified_by: Set) -> Option<bool> {
        let certs = &self.world.certs;
        let mut open = false;
        let usable = |c: &Serial| evidence.lends(*c) && !evidence.distrusted.has(certs[*c].key);
        let of_name = |among: Set| among.iter().filter(usable).filter(move |c| certs[*c].subject == name);
        for c in of_name(evidence.all()).filter(|c| verified_by.has(certs[*c].key)) {
            // A trusted C that says by its hash that it follows a certificate for a key in R.
            let follows = certs[c].previous.filter(|_| !certs[c].version1);
            if of_name(evidence.all()).any(|x| follows == Some(x) && keys.has(certs[x].key)) {
                match evidence.trusted.has(c) {
                    true => return Some(true),
                    false => open = true,
                }
            }
            for x in of_name(evidence.all()).filter(|x| keys.has(certs[*x].key)) {
                let x_trusted = evidence.trusted.has(x);
                for p in evidence
                    .all()
                    .iter()
                    .filter(usable)
                    .filter(|p| certs[*p].subject != name)
                {
                    let signed_both = |key| self.world.signers(c).has(key) && self.world.signers(x).has(key);
                    if !signed_both(certs[p].key) || certs[p].subject >= HOSTS {
                        continue;
                    }
                    let p_trusted = evidence.trusted.has(p);
                    let at_hand = evidence.at_hand.has(p);
                    // One is trusted, the other only untrusted.
                    if at_hand && p_trusted != x_trusted {
                        match evidence.at_hand.has(x) {
                            true => return Some(true),
                            false => open = true,
                        }
                    }
                    // (b) would hold if what stands beside members' certificates were trusted.
                    let or_beside = evidence.trusted.or(evidence.beside);
                    if or_beside.has(p) && or_beside.has(x) {
                        return Some(true);
                    }
                    // Or if a parent whose certificate a trusted key signed were: not one that only the subject brings.
                    if at_hand
                        && self
                            .world
                            .signers(p)
                            .less(evidence.distrusted)
                            .meets(evidence.trusted_keys)
                    {
                        match x_trusted {
                            true => return Some(true),
                            false => open = true,
                        }
                    }
                }
                // The parent is missing, that the issuer name and key identifier of both point to.
                let (one, other) = (&certs[c], &certs[x]);
                let pointed = one.issuer == other.issuer
                    && one.issuer != name
                    && one.authority_identifier.is_some()
                    && one.authority_identifier == other.authority_identifier
                    && !one.version1
                    && !other.version1;
                let is_parent = |p: &Serial| {
                    certs[*p].subject == one.issuer && Some(evidence.identifier(*p)) == one.authority_identifier
                };
                // 3.11: one that is distrusted proves no link, wherever it is.
                let distrusted = self.world.distrust.iter().any(|distrust| match distrust {
                    Distrust::Cert(cert) => is_parent(cert),
                    Distrust::Key(_) => false,
                });
                let parent = evidence.at_hand.iter().find(is_parent);
                match parent {
                    _ if !x_trusted || !pointed || distrusted => {}
                    // Whether a certificate at hand that lends no key is the parent, the page does not say.
                    Some(parent) => open |= !evidence.lends(parent),
                    // Nor whether one is missing whose key is known by another certificate.
                    None if self.world.signers(x).or(self.world.signers(c)).meets(evidence.known) => open = true,
                    None if evidence.brought.iter().any(|p| is_parent(&p)) => open = true,
                    None => return Some(true),
                }
            }
            // A trusted parent signed C, and no certificate of its for a key in R is at hand.
            let parents = evidence
                .trusted
                .iter()
                .filter(usable)
                .filter(|p| certs[*p].subject != name);
            if parents.into_iter().any(|p| self.world.signers(c).has(certs[p].key)) {
                open = true;
            }
        }
        if open { None } else { Some(false) }
    }

    /// 3.9: what is allowed for one subject with what it brings, and whether its votes were left out.
    fn allowed_with(&self, with: &Evidence<'w>, reference: &Reference) -> (Reference, bool) {
        let same = |allowed: Vec<Authority>| Reference {
            standings: reference.standings.clone(),
            votes: reference.votes.clone(),
            allowed,
        };
        let standings: Vec<Standing> = self.world.members.iter().map(|m| self.standing(with, m)).collect();
        if self.has_pins() || standings == reference.standings {
            return (same(reference.allowed.clone()), false);
        }
        let groups = self.groups(with, &standings);
        let readable = |s: &Standing| !matches!(s, Standing::Unreadable | Standing::Pin | Standing::Distrusted);
        let judged: Vec<usize> = (0..standings.len()).filter(|m| readable(&standings[*m])).collect();
        let verified = judged.iter().all(|m| matches!(standings[*m], Standing::Verified(_)));
        let agree = judged.iter().all(|m| groups[*m] == groups[judged[0]]);
        if !verified || !agree {
            return (same(reference.allowed.clone()), true);
        }
        let votes = self.votes(&standings);
        let allowed = self.allowed(with, &standings, &votes);
        (
            Reference {
                standings,
                votes,
                allowed,
            },
            false,
        )
    }

    /// The verdict on one certificate with what it brings.
    fn subject(&self, at_hand: &Evidence<'w>, reference: &Reference, said: Said, brought: &Brought) -> Verdict {
        let cert = brought.cert;
        let it = &self.world.certs[cert];
        let own = Set::of(brought.chain.iter().copied()).with(cert);
        let with = Evidence::new(self.world, own);
        let mut codes = Said::default();
        // 1.5: the verdict without what it brings is reached first.
        let mut row = self.relate(at_hand, cert, reference, &reference.allowed);
        let (joined, left_out) = self.allowed_with(&with, reference);
        if !row.passes_strongly() {
            row = self.relate(&with, cert, &joined, &joined.allowed);
            if left_out {
                codes.may("references-disagree");
            }
        } else if left_out {
            codes.may("references-disagree");
        }
        match row.severity {
            Some(severity) if !row.weak => codes.say(row.code.unwrap_or_default(), severity),
            _ => {}
        }
        if row.weak {
            codes.say("weak-evidence", Severity::Warning);
            for code in [
                "ca-certificate-missing",
                "algorithm-unsupported",
                "issuer-key-differs",
                "link-refused",
            ] {
                codes.may(code);
            }
        }
        if row.link_refused {
            codes.say("link-refused", Severity::Info);
        }
        if row.open || row.relation == Relation::Rollover {
            codes.may("link-refused");
        }
        codes.may("same-root");
        // 7.1
        if self.is_ca(cert) {
            codes.say("subject-is-ca", Severity::Error);
        }
        // 3.11
        if with.is_distrusted(cert) {
            codes.say("authority-distrusted", Severity::Error);
        }
        // §9
        if it.until <= 0 {
            codes.say("expired", Severity::Error);
        } else if it.until < SOON {
            codes.say("expires-soon", Severity::Warning);
        }
        if it.from > 0 {
            codes.say("not-yet-valid", Severity::Error);
        }
        self.say_of_issuer(&with, cert, &mut codes, Severity::Error);
        // 3.9: an error or doubt on the reference is a doubt on every subject.
        let status = codes.status_under(&said);
        let sure = row.severity == Some(Severity::Error) && row.open && status == Status::Noncompliant;
        Verdict {
            relation: row.relation,
            status,
            strong: row.passes_strongly(),
            open: sure,
            or: row.or.filter(|_| sure),
            subject: codes,
            reference: said,
        }
    }

    /// §9: the end of the key that verified a certificate.
    fn say_of_issuer(&self, evidence: &Evidence<'w>, cert: Serial, codes: &mut Said, at_most: Severity) {
        if self.at_root() {
            // §8.1: the root's end is said too; of which path the page leaves open.
            codes.may("ca-expired");
        }
        let it = &self.world.certs[cert];
        let keys = evidence.counted(cert);
        if evidence.is_distrusted(cert) {
            // It is refused whatever the end of the distrusted key; what else is said of that, the page leaves open.
            ENDS.into_iter().for_each(|code| codes.may(code));
            return;
        }
        // Whether what a subject brings, signed by the CA itself, tells of a later end, the page does not say.
        // Nor does it say whose end counts where several keys verify.
        let later = |key| self.end(evidence, key) != self.end_with_brought(evidence, key);
        if keys.iter().any(later) || keys.iter().count() > 1 {
            ENDS.into_iter().for_each(|code| codes.may(code));
            codes.end_is_open = true;
            return;
        }
        let ends: Vec<(i64, bool)> = keys.iter().filter_map(|key| self.end(evidence, key)).collect();
        for (end, brought) in ends {
            if brought {
                // A warning at most, and none where the verdict stands without what it brings (1.5).
                ENDS.into_iter().for_each(|code| codes.may(code));
                continue;
            }
            // Of two that are alike, one begins a second later.
            if (it.from, it.copy) > (end, 0) {
                codes.say("issued-after-ca-expiry", at_most);
            }
            if end <= 0 {
                codes.say("ca-expired", Severity::Warning);
            } else if end < SOON {
                codes.say("ca-expires-soon", Severity::Warning);
            }
        }
    }

    /// The latest end of the CA certificates that carry a key, and whether only the subject brought them.
    fn end(&self, evidence: &Evidence<'w>, key: Key) -> Option<(i64, bool)> {
        let known = self.end_among(evidence, key, evidence.at_hand).map(|end| (end, false));
        known.or_else(|| {
            let carries = |c: &Serial| self.world.certs[*c].key == key && evidence.lends(*c);
            let brought = evidence.brought.less(evidence.at_hand).iter().filter(carries);
            brought.map(|c| (self.world.certs[c].until, true)).max()
        })
    }

    fn end_with_brought(&self, evidence: &Evidence<'w>, key: Key) -> Option<(i64, bool)> {
        let known = self.end_among(evidence, key, evidence.at_hand);
        let later = known.and_then(|_| self.end_among(evidence, key, evidence.all()));
        later.map(|end| (end, false)).or_else(|| self.end(evidence, key))
    }

    /// Of trusted ones, and untrusted ones signed by a trusted key or by that very key.
    fn end_among(&self, evidence: &Evidence<'w>, key: Key, among: Set) -> Option<i64> {
        // 3.11: what a distrusted key signed tells nothing.
        let by = evidence.trusted_keys.with(key).less(evidence.distrusted);
        let carries = |c: &Serial| self.world.certs[*c].key == key && evidence.lends(*c);
        let counts = |c: &Serial| evidence.trusted.has(*c) || self.world.signers(*c).meets(by);
        let ends = among.iter().filter(carries).filter(counts);
        ends.map(|c| self.world.certs[c].until).max()
    }

    /// 7.2
    fn any_of(
        &self,
        at_hand: &Evidence<'w>,
        reference: &Reference,
        said: Said,
        list: &[(Serial, Option<bool>)],
    ) -> Verdict {
        let one = |(cert, key): (Serial, Option<bool>)| {
            let brought = Brought { cert, chain: vec![] };
            let mut verdict = self.subject(at_hand, reference, said.clone(), &brought);
            // The names asked for, and 2.8.
            if self.world.certs[cert].subject != HOSTS {
                verdict.subject.say("name-mismatch", Severity::Error);
            }
            if key == Some(false) {
                verdict.subject.say("private-key-missing", Severity::Error);
            }
            verdict.status = verdict.subject.status_under(&said);
            verdict
        };
        if list.is_empty() {
            let mut codes = Said::default();
            codes.say("certificate-missing", Severity::Error);
            let status = codes.status_under(&said);
            return Verdict {
                relation: Relation::Unreadable,
                status,
                strong: false,
                open: true,
                or: None,
                subject: codes,
                reference: said,
            };
        }
        let judged: Vec<(Serial, Option<bool>, Verdict)> = list.iter().map(|of| (of.0, of.1, one(*of))).collect();
        let fits = |(cert, key, verdict): &&(Serial, Option<bool>, Verdict)| {
            verdict.status == Status::Compliant && self.world.certs[*cert].subject == HOSTS && *key != Some(false)
        };
        let lasts = |cert: Serial| {
            let with = Evidence::new(self.world, Set::of([cert]));
            let ends = with.counted(cert).iter().filter_map(|key| self.end(&with, key));
            let end = ends.map(|(end, _)| end).max().unwrap_or(i64::MAX);
            end.min(self.world.certs[cert].until)
        };
        let fitting: Vec<_> = judged.iter().filter(fits).collect();
        if let Some((longest, _, verdict)) = fitting.iter().max_by_key(|(cert, ..)| lasts(*cert)) {
            let ties = fitting
                .iter()
                .filter(|(cert, ..)| lasts(*cert) == lasts(*longest))
                .count();
            let open = verdict.open || ties > 1;
            return Verdict {
                open,
                ..verdict.clone()
            };
        }
        // None fits: a doubt if one of them is undetermined; the best relation found.
        let undetermined = judged
            .iter()
            .any(|(.., verdict)| verdict.status == Status::Undetermined);
        let mut codes = Said::default();
        codes.say(
            "none-fits",
            if undetermined { Severity::Doubt } else { Severity::Error },
        );
        let status = codes.status_under(&said);
        let best = judged
            .iter()
            .map(|(.., verdict)| (verdict.status, verdict.relation))
            .min();
        Verdict {
            relation: best.map_or(Relation::Unreadable, |(_, relation)| relation),
            status,
            strong: false,
            open: judged.iter().any(|(.., verdict)| verdict.open) || judged.len() > 1,
            or: None,
            subject: codes,
            reference: said,
        }
    }

    /// §§3, 8 and 9: what is said of the reference.
    fn said_of_reference(&self, evidence: &Evidence<'w>, reference: &Reference) -> Said {
        use Severity::{Doubt, Error, Warning};
        let world = self.world;
        let agree = world.policy.references == References::Agree;
        let (standings, votes) = (&reference.standings, &reference.votes);
        let someone_votes = votes.contains(&true);
        let mut said = Said::default();
        let mut names = Set::NONE;
        let mut readable = false;
        let groups = self.groups(evidence, standings);
        let first = votes.iter().position(|v| *v);
        for (at, member) in world.members.iter().enumerate() {
            let Member::Server { cert, tls, .. } = member else {
                if *member == Member::Unreadable {
                    said.say("reference-unreadable", if agree { Doubt } else { Warning });
                }
                continue;
            };
            readable = true;
            let it = &world.certs[*cert];
            if !it.supported {
                said.may("algorithm-unsupported");
            }
            // 3.10
            if it.until <= 0 {
                said.say("expired", Warning);
            } else if it.until < SOON {
                said.say("expires-soon", Warning);
            }
            if it.from > 0 {
                said.say("not-yet-valid", Warning);
            }
            self.say_of_issuer(evidence, *cert, &mut said, Warning);
            // 3.4
            if self.is_ca(*cert) {
                said.say("reference-is-ca", Error);
            }
            // 3.5
            if self.is_invalid(evidence, *cert) {
                said.say("signature-invalid", Error);
            }
            // 3.8
            if tls.is_some() {
                match self.is_unanchored(evidence, *cert, *tls) {
                    Some(true) => said.say("reference-unanchored", Warning),
                    Some(false) => {}
                    None => said.may("reference-unanchored"),
                }
            }
            let standing = standings[at];
            if standing == Standing::Distrusted {
                said.may("reference-unanchored");
                // §9: a warning while another votes. 3.2: it is not judged.
                said.say("authority-distrusted", if someone_votes { Warning } else { Error });
                continue;
            }
            names = names.with(it.issuer);
            // 8.1: by itself, roots that rollover joins being one.
            if self.at_root() && !self.has_pins() && self.join_cas(evidence, self.cas(standing)).len() > 1 {
                said.say("several-roots", Error);
            }
            if self.at_root() && self.has_pins() {
                said.may("several-roots");
            }
            if self.has_pins() {
                // 3.7: judged against the pins, under `any` too.
                let row = self.relate(evidence, *cert, reference, &reference.allowed);
                if !row.passes() && row.relation != Relation::Unproven {
                    said.say("references-disagree", Error);
                }
                if row.relation == Relation::Unproven {
                    self.say_of_unverified(&mut said, *cert, reference);
                }
                continue;
            }
            match standing {
                Standing::Verified(_) => {
                    if agree && first.is_some_and(|first| groups[first] != groups[at]) {
                        said.say("references-disagree", Error);
                    }
                }
                Standing::Unverified if agree => {
                    let row = self.relate(evidence, *cert, reference, &reference.allowed);
                    if row.relation == Relation::Unproven {
                        self.say_of_unverified(&mut said, *cert, reference);
                    } else if !row.passes() {
                        said.say("references-disagree", Error);
                    }
                }
                _ => self.say_of_unverified(&mut said, *cert, reference),
            }
        }
        // 3.6: so are members of different issuer names when none votes.
        if agree && !someone_votes && !self.has_pins() && names.iter().count() > 1 {
            said.say("references-disagree", Error);
        }
        // 3.9: no member verified is `ca-certificate-missing`, a warning there.
        let verified = |standing: &Standing| matches!(standing, Standing::Verified(_) | Standing::Distrusted);
        if readable && !standings.iter().any(verified) {
            match (self.has_pins(), self.at_root()) {
                (false, false) => said.say("ca-certificate-missing", Warning),
                _ => said.may("ca-certificate-missing"),
            }
        }
        if !readable && !self.has_pins() {
            said.must.clear();
            said.say("reference-missing", Doubt);
            said.may("reference-unreadable");
        }
        // 3.11 and §9, of a pin: a warning while another is allowed.
        let distrusted = |member: &Member| match member {
            Member::Pin(cert) => evidence.distrusted.has(world.certs[*cert].key),
            Member::KeyPin(key) => evidence.distrusted.has(*key),
            _ => false,
        };
        if world.members.iter().any(distrusted) {
            let alone = reference.allowed.is_empty();
            said.say("authority-distrusted", if alone { Error } else { Warning });
        }
        said.may("evidence-unused");
        said
    }

    /// 3.6, 3.9 and 3.10: a readable member that is not verified and is not found to disagree.
    fn say_of_unverified(&self, said: &mut Said, cert: Serial, reference: &Reference) {
        let code = match self.world.certs[cert].supported {
            true => "ca-certificate-missing",
            false => "algorithm-unsupported",
        };
        let beside_a_vote = reference.votes.contains(&true);
        let agree = self.world.policy.references == References::Agree;
        match agree && beside_a_vote && !self.has_pins() {
            true => said.say(code, Severity::Doubt),
            false => said.may(code),
        }
    }

    /// 3.8
    fn is_unanchored(&self, evidence: &Evidence<'w>, cert: Serial, covers: Option<bool>) -> Option<bool> {
        let keys = evidence.counted(cert);
        if keys.is_empty() {
            return None;
        }
        let pinned = |member: &Member| match member {
            Member::Pin(pin) => keys.has(self.world.certs[*pin].key),
            Member::KeyPin(key) => keys.has(*key),
            Member::Server { cert, tls: None, .. } => evidence.verifiers(*cert).meets(keys),
            _ => false,
        };
        if self.world.members.iter().any(pinned) {
            return Some(false);
        }
        let carried = keys.meets(evidence.trusted_keys);
        let issuers = evidence.issuers(cert, evidence.at_hand);
        let under = issuers
            .iter()
            .any(|i| !evidence.roots_above(i, evidence.at_hand, evidence.trusted).is_empty());
        Some(!((carried || under) && covers == Some(true)))
    }
}

fn severity_status(severity: Severity) -> Status {
    match severity {
        Severity::Error => Status::Noncompliant,
        Severity::Doubt => Status::Undetermined,
        Severity::Warning | Severity::Info => Status::Compliant,
    }
}
