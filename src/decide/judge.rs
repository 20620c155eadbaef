//! One subject against a reference: its one certificate, the one that fits among several, and the candidate that would
//! replace it.

use std::sync::Arc;

use crate::cert::{Certificate, Digest, never_verifies};
use crate::protocol::{
    ChosenFrom, Code, Evidence, Finding, IssuedBy, KeyFrom, Level, PassedOver, Phrase, Profile, Proof, Relation,
    Severity, Status, SubjectReport, Timestamp, hex,
};

use super::authority::{
    self, Anchor, Authority, Kind, Standing, evaluate_with_brought, identifier, is_self_signed, limited, not_signed,
    short, unsupported, unverified,
};
use super::budget::Budget;
use super::path::{self, Limit};
use super::policy::{Rules, certificate_findings, covers_all, name_findings, root_expired};
use super::refused::Refused;
use super::relation::{Related, relate};
use super::store::CertificateStore;
use super::trials::{KeyFound, Keys, Trials};
use super::verifier::{Issuers, SignatureCache, SignatureVerifier};
use super::{Case, Reference};

/// One subject, read and parsed.
#[derive(Debug, Clone)]
pub struct SubjectCase<'a> {
    /// What to call it.
    pub name: &'a str,
    /// What the server uses the certificate for.
    pub use_: Option<&'a str>,
    /// Names that its certificate must cover.
    pub names: &'a [String],
    /// The instant at which its validity is judged.
    pub at: Timestamp,
    /// What stands.
    pub given: Given,
    /// What may replace it; `None` where nothing was offered.
    pub candidates: Option<Arc<[Offer]>>,
}

/// What stands for a subject.
#[derive(Debug, Clone)]
pub enum Given {
    /// One certificate, or why there is none.
    One(Box<Offer>),
    /// Several, of which one that fits is enough.
    AnyOf(Vec<Offer>),
}

/// A certificate as a source presents it.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Zero-based index of its source, as given.
    pub index: usize,
    /// Its source as people write it; of what a folder holds, the file.
    pub source: Arc<str>,
    /// The certificate; `None` where none could be had, and the findings say why.
    pub certificate: Option<Arc<Certificate>>,
    /// What its source holds besides.
    pub brought: Arc<[Arc<Certificate>]>,
    /// What is known of its private key, before any is tried.
    pub key: KeyPresence,
    /// The private keys that its source carries; `key` is then what they say of themselves.
    pub keys: Keys,
    /// What kept a private key of the source from being read, where that is known.
    pub key_trouble: Option<Phrase>,
    /// The Windows provider that keeps the key.
    pub key_provider: Option<String>,
    /// What was found while reading.
    pub findings: Vec<Finding>,
    /// Why whoever installs cannot install it, or shall not: it fits all the same, and is never chosen.
    pub not_installable: Option<Finding>,
}

impl Offer {
    /// What to call it: its source, and the thumbprint of its certificate.
    fn called(&self) -> String {
        match &self.certificate {
            Some(certificate) => format!("{} (thumbprint {})", self.source, hex(&certificate.sha1())),
            None => self.source.to_string(),
        }
    }
}

/// What is known of a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPresence {
    /// It is there, by the word of its reader or by what it says itself.
    Present,
    /// It is there, by the word of a caller who keeps it: it can be used where it is, and not be copied.
    Elsewhere,
    /// It is not there.
    Absent,
    /// Nothing is known.
    Unknown,
}

/// A subject's report, and the candidate that would replace what stands.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The report on what stands.
    pub report: SubjectReport,
    /// The certificate that stands.
    pub certificate: Option<Arc<Certificate>>,
    /// The candidate that fits best, where what stands is to be replaced.
    pub chosen: Option<Chosen>,
}

/// The candidate that fits best.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Its position among the candidates' certificates.
    pub position: usize,
    /// Zero-based index of its source.
    pub index: usize,
    /// Its source as people write it.
    pub source: Arc<str>,
    /// The CA certificates that proved it, issuer first.
    pub path: Vec<Arc<Certificate>>,
    /// The verdict on it.
    pub relation: Relation,
}

/// The verdict on one certificate.
struct Judged {
    relation: Relation,
    proof: Option<Proof>,
    issued_by: Option<IssuedBy>,
    evidence: Vec<Evidence>,
    findings: Vec<Finding>,
    status: Status,
    /// The earlier of its own and its CA certificate's end.
    lasts: Timestamp,
    /// Of a candidate: the CA certificates to send along with it.
    path: Vec<Arc<Certificate>>,
}

impl Judged {
    /// No certificate could be had.
    fn unreadable(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let status = worst(&findings).max(Status::Undetermined);
        Judged {
            relation: Relation::Unreadable,
            proof: None,
            issued_by: None,
            evidence: Vec::new(),
            findings,
            status,
            lasts: Timestamp::from_unix(i64::MIN),
            path: Vec::new(),
        }
    }

    fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        self.status = worst(&self.findings);
    }
}

/// Whether a certificate has every one of these subject alternative names.
fn holds_all(certificate: &Certificate, others: &[&[u8]]) -> bool {
    let holds = |wanted: &&[u8]| certificate.other_alternative_names().any(|name| name == *wanted);
    others.iter().all(holds)
}

fn worst(findings: &[Finding]) -> Status {
    match findings.iter().map(|finding| finding.severity).max() {
        Some(Severity::Error) => Status::Noncompliant,
        Some(Severity::Doubt) => Status::Undetermined,
        _ => Status::Compliant,
    }
}

impl Reference {
    /// The verdict on one subject, and the candidate that would replace what stands.
    pub fn settle(&self, subject: &SubjectCase<'_>) -> Settled {
        let offers = match &subject.given {
            Given::One(_) => 1,
            Given::AnyOf(offers) => offers.len(),
        };
        let candidates = subject.candidates.as_ref().map_or(0, |candidates| candidates.len());
        let mut session = Session {
            reference: self,
            subject,
            budget: Budget::of(offers + candidates),
            cache: SignatureCache::new(),
            overlay: None,
            looked: None,
            trials: Trials::default(),
        };
        let (mut report, certificate, lasts) = match &subject.given {
            Given::One(offer) => {
                let mut judged = session.judge(offer, KeyFrom::Subject, subject.names);
                session.settle_key(offer, &mut judged);
                let lasts = judged.lasts;
                let certificate = offer.certificate.clone();
                (
                    subject_report(subject, judged, certificate.as_deref()),
                    certificate,
                    lasts,
                )
            }
            Given::AnyOf(offers) => session.any_of(offers),
        };
        let chosen = session.replace(&mut report, certificate.as_deref(), lasts);
        Settled {
            report,
            certificate,
            chosen,
        }
    }
}

/// That the private key of a certificate is not there, with what kept one from being read where that is known.
fn absent_key(rules: &Rules<'_>, offer: &Offer) -> Finding {
    match &offer.key_trouble {
        None => rules.finding(Code::PrivateKeyMissing, "absent"),
        Some(why) => rules
            .finding(Code::PrivateKeyMissing, "closed")
            .phrase("why", why.clone()),
    }
}

fn subject_report(subject: &SubjectCase<'_>, judged: Judged, certificate: Option<&Certificate>) -> SubjectReport {
    SubjectReport {
        name: subject.name.to_owned(),
        use_: subject.use_.map(str::to_owned),
        status: Some(judged.status),
        relation: Some(judged.relation),
        proof: judged.proof,
        issued_by: judged.issued_by,
        evidence: judged.evidence,
        certificate: certificate.map(Certificate::facts),
        findings: judged.findings,
        passed_over: None,
        before: None,
        after: None,
    }
}

/// The judging of one subject: one budget for all its certificates.
struct Session<'a> {
    reference: &'a Reference,
    subject: &'a SubjectCase<'a>,
    budget: Budget,
    /// What was found of signatures for this subject.
    cache: SignatureCache,
    /// What the last source brought, worked out; many certificates of one folder share it.
    overlay: Option<Overlay>,
    /// What the last source that was looked at brings: many certificates of one folder are asked.
    looked: Option<Looked>,
    trials: Trials,
}

/// What one source brings that is not at hand.
#[derive(Clone)]
struct Looked {
    brought: Arc<[Arc<Certificate>]>,
    /// Whether it brings anything.
    news: bool,
    /// Whether it brings a certificate of a distrusted key.
    distrusted: bool,
}

/// The reference as it stands with what one source brings.
struct Overlay {
    brought: Arc<[Arc<Certificate>]>,
    store: CertificateStore,
    standing: Standing,
    /// Whether the members do not agree, as far as what is brought tells.
    disagree: bool,
}

/// How one certificate stands.
struct Examination {
    issuers: Issuers,
    related: Related,
}

impl Session<'_> {
    /// The verdict on one certificate.
    fn judge(&mut self, offer: &Offer, from: KeyFrom, names: &[String]) -> Judged {
        let reference = self.reference;
        let Some(certificate) = &offer.certificate else {
            let rules = Rules::of_subject(&reference.case.policy);
            let mut findings: Vec<Finding> = offer.findings.iter().cloned().map(|read| rules.settle(read)).collect();
            findings.extend(self.reference_doubts());
            return Judged::unreadable(findings);
        };
        // What a subject brings takes no pass away, so a pass without it is the end.
        let brings = self.brings(offer, certificate);
        let distrusted = self.look(offer).distrusted;
        let mut proven = None;
        let judged = self.with_verifier(&reference.store, |session, verifier| {
            let examined = session.examine(verifier, &reference.standing, certificate);
            let passes = examined.related.is_proven(&reference.case.policy);
            if !passes && brings {
                return None;
            }
            proven = passes.then(|| examined.related.clone());
            let given = (&**certificate, from);
            let judged = session.judge_with(verifier, &reference.standing, examined, given, offer, names);
            // What it brings may still tell that its CA's key lasts longer, or is a distrusted one: no proof lifts that.
            let settled = judged.status == Status::Compliant && !distrusted;
            (!brings || settled).then_some(judged)
        });
        if let Some(judged) = judged {
            return judged;
        }
        self.with_brought(offer, certificate, from, |session, verifier, standing, disagree| {
            let mut examined = session.examine(verifier, standing, certificate);
            let mut standing = standing;
            if let Some(related) = proven {
                (examined.related, standing) = (related, &reference.standing);
            }
            let mut judged = session.judge_with(verifier, standing, examined, (certificate, from), offer, names);
            if disagree {
                let rules = Rules::of_subject(&reference.case.policy);
                let finding = rules.finding(Code::ReferencesDisagree, "brought");
                judged.add(finding.severity(Severity::Warning));
            }
            judged
        })
    }

    fn examine(
        &self,
        verifier: &mut SignatureVerifier<'_>,
        standing: &Standing,
        certificate: &Certificate,
    ) -> Examination {
        let case = &self.reference.case;
        let level = case.policy.level;
        let issuer = certificate.issuer();
        let keys = standing.authorities.iter().flat_map(|authority| &authority.keys);
        let preferred: Vec<usize> = keys.map(|joined| joined.key).collect();
        let enough = |key: usize| level == Level::Issuing && standing.allows_directly(issuer, key);
        let issuers = verifier.find_issuers(certificate, true, &preferred, enough);
        let (anchors, limit): (Vec<Anchor>, Option<Limit>) = authority::anchors(verifier, certificate, &issuers, level);
        let related = relate(case, verifier, standing, certificate, &issuers, &anchors, limit);
        Examination { issuers, related }
    }

    /// Does some work with a store, on this subject's budget.
    fn with_verifier<T>(
        &mut self,
        store: &CertificateStore,
        work: impl FnOnce(&Self, &mut SignatureVerifier<'_>) -> T,
    ) -> T {
        let cache = std::mem::take(&mut self.cache);
        let shared = Some(&self.reference.cache);
        let mut verifier = SignatureVerifier::new(store, self.budget.clone(), shared).with_cache(cache);
        let done = work(self, &mut verifier);
        (self.cache, self.budget) = verifier.into_parts();
        done
    }

    /// Whether a certificate that a source brings is not at hand and may tell anything.
    fn is_news(&self, brought: &Certificate) -> bool {
        let store = &self.reference.store;
        let tells = brought.issuing_flaw().is_none() || store.distrusts(brought.key().id());
        tells && !store.knows(brought)
    }

    /// Looks through what a source brings, once for all of its certificates.
    fn look(&mut self, offer: &Offer) -> Looked {
        if let Some(looked) = &self.looked
            && Arc::ptr_eq(&looked.brought, &offer.brought)
        {
            return looked.clone();
        }
        let store = &self.reference.store;
        let looked = Looked {
            brought: offer.brought.clone(),
            news: offer.brought.iter().any(|brought| self.is_news(brought)),
            distrusted: store.distrusts_any()
                && offer.brought.iter().any(|brought| store.distrusts(brought.key().id())),
        };
        self.looked.insert(looked).clone()
    }

    /// Whether a source brings anything that is not at hand.
    fn brings(&mut self, offer: &Offer, certificate: &Certificate) -> bool {
        if self.is_news(certificate) {
            return true;
        }
        self.look(offer).news
    }

    /// The verdict on one of several certificates. That a private key is absent is said at once where nothing says that it
    /// is there; whether one works is tried later.
    fn judge_keyless(&mut self, offer: &Offer, from: KeyFrom, names: &[String]) -> Judged {
        let mut judged = self.judge(offer, from, names);
        if offer.key == KeyPresence::Absent && offer.certificate.is_some() {
            let rules = Rules::of_subject(&self.reference.case.policy);
            judged.add(absent_key(&rules, offer));
        }
        judged
    }

    /// Looks for the private key of a certificate, by trying those that its source carries, and says what is wrong with it.
    fn settle_key(&mut self, offer: &Offer, judged: &mut Judged) -> KeyFound {
        let carried = &offer.keys.keys;
        let found = match (&offer.certificate, offer.key) {
            (None, _) | (_, KeyPresence::Unknown) => KeyFound::Unknown,
            (Some(certificate), KeyPresence::Present | KeyPresence::Absent) if !carried.is_empty() => {
                self.trials.find(carried, certificate.key())
            }
            (_, KeyPresence::Present | KeyPresence::Elsewhere) => KeyFound::Present,
            (_, KeyPresence::Absent) => KeyFound::Missing,
        };
        let rules = Rules::of_subject(&self.reference.case.policy);
        let place = &offer.keys.place;
        let finding = match found {
            KeyFound::Present | KeyFound::Unknown => return found,
            KeyFound::Mismatch => rules.finding(Code::PrivateKeyMismatch, "other").value("place", place),
            KeyFound::Missing if offer.key == KeyPresence::Present => {
                rules.finding(Code::PrivateKeyMissing, "unusable").value("place", place)
            }
            KeyFound::Missing => absent_key(&rules, offer),
            KeyFound::Untried => rules.finding(Code::LimitReached, "keys"),
        };
        judged.add(finding);
        found
    }

    /// The fitting one that lasts longest and whose private key is not known to be absent. Keys are tried last, and only of
    /// what fits otherwise.
    fn longest_with_key(
        &mut self,
        offers: &[Offer],
        judged: &mut [Judged],
        fits: impl Fn((&Offer, &Judged)) -> bool,
    ) -> Option<usize> {
        for best in longest(offers, judged, fits) {
            let found = self.settle_key(offers.get(best)?, judged.get_mut(best)?);
            if matches!(found, KeyFound::Present | KeyFound::Unknown) {
                return Some(best);
            }
        }
        None
    }

    /// Does some work with what the reference and a source hold.
    fn with_brought<T>(
        &mut self,
        offer: &Offer,
        certificate: &Arc<Certificate>,
        from: KeyFrom,
        work: impl FnOnce(&Self, &mut SignatureVerifier<'_>, &Standing, bool) -> T,
    ) -> T {
        let Some(overlay) = self.overlay(offer, certificate, from) else {
            let reference = self.reference;
            return self.with_verifier(&reference.store, |session, verifier| {
                work(session, verifier, &reference.standing, false)
            });
        };
        let done = self.with_verifier(&overlay.store, |session, verifier| {
            work(session, verifier, &overlay.standing, overlay.disagree)
        });
        self.overlay = Some(overlay);
        done
    }

    /// The path of a candidate with what leads from its issuer on to a trusted root: a server sends all of it, as who
    /// connects may know the root alone.
    fn up_to_root(&mut self, offer: &Offer, mut path: Vec<Arc<Certificate>>) -> Vec<Arc<Certificate>> {
        let (Some(certificate), Some(issuer)) = (&offer.certificate, path.first().cloned()) else {
            return path;
        };
        let above = self.with_brought(offer, certificate, KeyFrom::Candidate, |_, verifier, _, _| {
            let store = verifier.store;
            let roots = path::to_roots(verifier, certificate);
            let begins = |path: &&path::Path| {
                let first = path.certificates.first().map(|&index| &store.held(index).certificate);
                first.is_some_and(|first| first.sha256() == issuer.sha256()) && path.root_is_trusted(store)
            };
            let found = roots.paths.iter().find(begins).map(|path| path.certificates.as_slice());
            let above = found.unwrap_or_default().iter().skip(1);
            above
                .map(|&index| store.held(index).certificate.clone())
                .collect::<Vec<_>>()
        });
        let links = path.split_off(1);
        for one in above.into_iter().chain(links) {
            if !path.iter().any(|there| there.sha256() == one.sha256()) {
                path.push(one);
            }
        }
        path
    }

    /// The reference as it stands with what a source brings. Taken out of the session while it is used.
    fn overlay(&mut self, offer: &Offer, certificate: &Arc<Certificate>, from: KeyFrom) -> Option<Overlay> {
        if let Some(overlay) = self.overlay.take_if(|overlay| {
            let shared = Arc::ptr_eq(&overlay.brought, &offer.brought);
            shared && (certificate.issuing_flaw().is_some() || overlay.store.knows(certificate))
        }) {
            return Some(overlay);
        }
        if !self.brings(offer, certificate) {
            return None;
        }
        let all = std::iter::once(certificate).chain(offer.brought.iter());
        let brought: Vec<Arc<Certificate>> = all.filter(|brought| self.is_news(brought)).cloned().collect();
        let mut store = self.reference.store.clone();
        store.bring(&brought, from);
        let (standing, disagree) = self.with_verifier(&store, |session, verifier| {
            evaluate_with_brought(&session.reference.case, verifier, &session.reference.standing)
        });
        Some(Overlay {
            brought: offer.brought.clone(),
            store,
            standing,
            disagree,
        })
    }

    fn judge_with(
        &self,
        verifier: &mut SignatureVerifier<'_>,
        standing: &Standing,
        Examination { issuers, related }: Examination,
        (certificate, from): (&Certificate, KeyFrom),
        offer: &Offer,
        names: &[String],
    ) -> Judged {
        let case = &self.reference.case;
        let rules = Rules::of_subject(&case.policy);
        let store = verifier.store;
        let at_issuing = related.anchor.as_ref().filter(|(anchor, _)| anchor.path.is_none());
        let key = at_issuing.map(|(_, key)| *key).or(issuers.shown());
        let words = Words {
            case,
            standing,
            store,
            certificate,
            key,
            issuers: &issuers,
            rules,
        };
        let mut findings: Vec<Finding> = offer.findings.iter().cloned().map(|read| rules.settle(read)).collect();
        // What makes the rest follow comes first: it is no server's certificate, or the reference cannot be used.
        if certificate.presents_as_ca() {
            let server = offer.brought.iter().any(|behind| !behind.presents_as_ca());
            let finding = match server && matches!(self.subject.given, Given::One(_)) {
                true => rules.finding(Code::SubjectIsCa, "first"),
                false => rules.finding(Code::SubjectIsCa, "alone"),
            };
            findings.push(finding.value("subject", certificate.subject().rfc4514()));
        }
        if is_self_signed(store, certificate, &issuers) {
            let finding = rules.finding(Code::SelfSigned, "subject");
            findings.push(finding.value("subject", certificate.subject().rfc4514()));
        }
        findings.extend(words.distrusted());
        findings.extend(self.reference_doubts());
        let newer = || words.is_newer(verifier, &related);
        findings.extend(words.relation(&related, newer));
        let end = key.and_then(|key| verifier.key_end(key));
        findings.extend(certificate_findings(&rules, certificate, end, self.subject.at));
        let root = related.anchor.as_ref().filter(|(anchor, _)| anchor.path.is_some());
        if let Some((anchor, root)) = root.filter(|(_, root)| Some(*root) != key)
            && let Some((end, _)) = verifier.key_end(*root)
        {
            findings.extend(root_expired(&rules, &anchor.name, end, self.subject.at));
        }
        findings.extend(words.weak_digests(&related));
        findings.extend(name_findings(&rules, certificate, names));
        findings.extend(words.key_provider(offer));
        if related.relation == Relation::Different && case.policy.level == Level::Issuing {
            findings.extend(words.same_root(verifier));
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let until = certificate.not_after();
        let path = match from {
            KeyFrom::Candidate => self.installed_path(store, certificate, &related, key),
            _ => Vec::new(),
        };
        Judged {
            relation: related.relation,
            proof: related.proof,
            issued_by: key.map(|key| store.issued_by(key, certificate.issuer())),
            evidence: related.evidence,
            status: worst(&findings),
            findings,
            lasts: end.map_or(until, |(end, _)| end.min(until)),
            path,
        }
    }

    /// The CA certificates to send along with a certificate: its proof's path, and the links between generations of the
    /// CA that nothing but its own source holds.
    fn installed_path(
        &self,
        store: &CertificateStore,
        certificate: &Certificate,
        related: &Related,
        key: Option<usize>,
    ) -> Vec<Arc<Certificate>> {
        let mut path = proof_path(store, certificate, related, key);
        for &index in &related.links {
            let link = &store.held(index).certificate;
            let there = path.iter().any(|one| one.sha256() == link.sha256());
            if !there && !self.reference.store.knows(link) {
                path.push(link.clone());
            }
        }
        path
    }

    /// An error or doubt on the reference is a doubt on every subject; what a subject brings lifts none and adds none.
    fn reference_doubts(&self) -> Vec<Finding> {
        let mut doubts: Vec<Finding> = Vec::new();
        for finding in self.reference.standing.doubts() {
            if doubts.iter().any(|doubt| doubt.code == finding.code) {
                continue;
            }
            let doubt = Finding::of(finding.code, "in-reference").cause(finding);
            doubts.push(doubt.severity(Severity::Doubt));
        }
        doubts
    }

    fn any_of(&mut self, offers: &[Offer]) -> (SubjectReport, Option<Arc<Certificate>>, Timestamp) {
        let rules = Rules::of_subject(&self.reference.case.policy);
        let names = self.subject.names;
        let held = offers.iter().filter(|offer| offer.certificate.is_some()).count();
        let unread = offers
            .iter()
            .any(|offer| offer.certificate.is_none() && !is_missing(offer));
        if held == 0 && !unread {
            let mut findings = vec![rules.finding(Code::CertificateMissing, "none")];
            findings.extend(self.reference_doubts());
            let mut report = subject_report(self.subject, Judged::unreadable(findings), None);
            report.passed_over = Some(self.passed_over(offers, Vec::new(), None, ChosenFrom::AnyOf));
            return (report, None, Timestamp::from_unix(i64::MIN));
        }
        let mut judged: Vec<Judged> = offers
            .iter()
            .map(|offer| self.judge_keyless(offer, KeyFrom::Subject, names))
            .collect();
        let fits = |(offer, judged): (&Offer, &Judged)| {
            let covers = offer
                .certificate
                .as_ref()
                .is_some_and(|certificate| covers_all(certificate, names));
            !names.is_empty() && covers && judged.status == Status::Compliant && offer.key != KeyPresence::Absent
        };
        let best = self.longest_with_key(offers, &mut judged, fits);
        let nearest = (0..judged.len()).min_by_key(|&position| (judged[position].status, judged[position].relation));
        let none = match best {
            Some(_) => None,
            None if names.is_empty() => Some(rules.finding(Code::NamesNotGiven, "any-of")),
            None => {
                let undetermined = judged.iter().any(|judged| judged.status == Status::Undetermined);
                let nearest = nearest.and_then(|position| Some((offers.get(position)?, judged.get(position)?)));
                let nearest = nearest.and_then(|(offer, judged)| Some((offer, judged.findings.first()?)));
                let finding = match nearest {
                    // What could not be read is named by why.
                    Some((Offer { certificate: None, .. }, cause)) => {
                        rules.finding(Code::NoneFits, "unreadable").cause(cause)
                    }
                    Some((offer, cause)) => rules
                        .finding(Code::NoneFits, "nearest")
                        .value("nearest", offer.called())
                        .cause(cause),
                    None => rules.finding(Code::NoneFits, "none"),
                };
                let finding = finding.value("count", offers.len().to_string());
                let severity = if undetermined { Severity::Doubt } else { Severity::Error };
                Some(finding.severity(rules.raised(Code::NoneFits, severity)))
            }
        };
        let nearest = nearest.map(|position| (judged[position].relation, judged[position].proof));
        let doubts = self.reference_doubts();
        let mut judged: Vec<Option<Judged>> = judged.into_iter().map(Some).collect();
        let chosen = best.and_then(|position| Some((position, judged.get_mut(position)?.take()?)));
        let (mut report, certificate, lasts) = match chosen {
            Some((position, judged)) => {
                let (certificate, lasts) = (offers[position].certificate.clone(), judged.lasts);
                (
                    subject_report(self.subject, judged, certificate.as_deref()),
                    certificate,
                    lasts,
                )
            }
            None => {
                let mut findings: Vec<Finding> = none.into_iter().collect();
                findings.extend(doubts);
                let mut none = Judged::unreadable(findings);
                (none.relation, none.proof) = nearest.unwrap_or((Relation::Unreadable, None));
                (
                    subject_report(self.subject, none, None),
                    None,
                    Timestamp::from_unix(i64::MIN),
                )
            }
        };
        report.passed_over = Some(self.passed_over(offers, judged, best, ChosenFrom::AnyOf));
        (report, certificate, lasts)
    }

    fn passed_over(
        &self,
        offers: &[Offer],
        judged: Vec<Option<Judged>>,
        chosen: Option<usize>,
        from: ChosenFrom,
    ) -> Vec<PassedOver> {
        let rules = Rules::of_subject(&self.reference.case.policy);
        let mut judged = judged.into_iter();
        let mut list = Vec::new();
        for (position, offer) in offers.iter().enumerate() {
            let verdict = judged.next().flatten();
            if chosen == Some(position) {
                continue;
            }
            let (relation, proof, mut findings) = match verdict {
                Some(judged) => (Some(judged.relation), judged.proof, judged.findings),
                None => (None, None, offer.findings.clone()),
            };
            if from == ChosenFrom::Candidates && offer.certificate.is_some() && offer.key == KeyPresence::Unknown {
                findings.push(match &offer.key_trouble {
                    None => rules.finding(Code::PrivateKeyMissing, "candidate"),
                    Some(_) => absent_key(&rules, offer),
                });
                findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            }
            if let Some(why) = &offer.not_installable {
                findings.push(rules.settle(why.clone()));
                findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            }
            let certificate = offer.certificate.as_ref().map(|certificate| certificate.facts());
            list.push(PassedOver {
                from,
                index: offer.index,
                source: Some(offer.source.to_string()),
                certificate,
                relation,
                proof,
                findings,
            });
        }
        list
    }

    /// Looks for a candidate where what stands is not compliant, or ends within `renew_before`.
    fn replace(
        &mut self,
        report: &mut SubjectReport,
        standing: Option<&Certificate>,
        lasts: Timestamp,
    ) -> Option<Chosen> {
        let offers = self.subject.candidates.clone()?;
        let policy = &self.reference.case.policy;
        let compliant = report.status == Some(Status::Compliant);
        let due = policy
            .renew_before
            .zip(standing)
            .is_some_and(|(before, certificate)| self.subject.at.plus(before.seconds()) >= certificate.not_after());
        let list = report.passed_over.get_or_insert_default();
        if compliant && !due {
            return None;
        }
        let rules = Rules::of_subject(policy);
        let names = match (self.subject.names.is_empty(), standing) {
            (false, _) => self.subject.names.to_vec(),
            (true, Some(certificate)) => {
                let addresses = certificate.ip_addresses().map(|address| address.to_string());
                certificate.dns_names().map(str::to_owned).chain(addresses).collect()
            }
            (true, None) => Vec::new(),
        };
        let others: Vec<&[u8]> = match standing.filter(|_| self.subject.names.is_empty()) {
            Some(certificate) => certificate.other_alternative_names().collect(),
            None => Vec::new(),
        };
        if names.is_empty() && others.is_empty() {
            let finding = rules.finding(Code::NamesNotGiven, "candidates");
            list.extend(self.passed_over(&offers, Vec::new(), None, ChosenFrom::Candidates));
            if !compliant {
                report.findings.push(finding);
                report
                    .findings
                    .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            }
            return None;
        }
        let mut judged: Vec<Judged> = offers
            .iter()
            .map(|offer| {
                let mut judged = self.judge_keyless(offer, KeyFrom::Candidate, &names);
                if offer
                    .certificate
                    .as_ref()
                    .is_some_and(|certificate| !holds_all(certificate, &others))
                {
                    judged.add(rules.finding(Code::NameMismatch, "other-name"));
                }
                judged
            })
            .collect();
        let fits = |(offer, judged): (&Offer, &Judged)| {
            let covers = offer
                .certificate
                .as_ref()
                .is_some_and(|certificate| covers_all(certificate, &names) && holds_all(certificate, &others));
            // By its own end too, so that two certificates never replace each other in turn.
            let ends_later = offer
                .certificate
                .as_ref()
                .zip(standing)
                .is_some_and(|(candidate, standing)| {
                    candidate.not_after() > standing.not_after() && judged.lasts > lasts
                });
            let key = matches!(offer.key, KeyPresence::Present | KeyPresence::Elsewhere);
            let installable = offer.not_installable.is_none();
            covers && (!compliant || ends_later) && judged.status == Status::Compliant && key && installable
        };
        let best = self.longest_with_key(&offers, &mut judged, fits);
        let chosen = best.map(|position| Chosen {
            position,
            index: offers[position].index,
            source: offers[position].source.clone(),
            path: self.up_to_root(&offers[position], judged[position].path.clone()),
            relation: judged[position].relation,
        });
        if let (true, Some(certificate), Some(position)) = (compliant, standing, best) {
            let until = certificate.not_after();
            let finding = rules
                .finding(Code::ExpiresSoon, "candidate")
                .value("until", until.to_string())
                .value("candidate", offers[position].called())
                .value("lasts", judged[position].lasts.to_string());
            report.findings.retain(|finding| finding.code != Code::ExpiresSoon);
            report.findings.insert(0, finding.severity(Severity::Error));
            report.status = Some(Status::Noncompliant);
        }
        let judged = judged.into_iter().map(Some).collect();
        let passed = self.passed_over(&offers, judged, best, ChosenFrom::Candidates);
        report.passed_over.get_or_insert_default().extend(passed);
        chosen
    }
}

fn is_missing(offer: &Offer) -> bool {
    offer
        .findings
        .iter()
        .any(|finding| finding.code == Code::CertificateMissing)
}

/// The fitting ones, the one that lasts longest first; of equal ones the smallest SHA-256.
fn longest(offers: &[Offer], judged: &[Judged], fits: impl Fn((&Offer, &Judged)) -> bool) -> Vec<usize> {
    let order = |&position: &usize| {
        let sha256 = offers[position]
            .certificate
            .as_ref()
            .map(|certificate| *certificate.sha256());
        (std::cmp::Reverse(judged[position].lasts), sha256)
    };
    let mut fitting: Vec<usize> = (0..offers.len())
        .filter(|&position| fits((&offers[position], &judged[position])))
        .collect();
    fitting.sort_by_key(order);
    fitting
}

/// The CA certificates between a certificate and a root, issuer first: what a server sends along with it.
fn proof_path(
    store: &CertificateStore,
    certificate: &Certificate,
    related: &Related,
    key: Option<usize>,
) -> Vec<Arc<Certificate>> {
    if let Some(path) = related.anchor.as_ref().and_then(|(anchor, _)| anchor.path.as_ref()) {
        return path
            .certificates
            .iter()
            .map(|&index| store.held(index).certificate.clone())
            .collect();
    }
    let held = key.and_then(|key| store.holder(key, Some(certificate.issuer())));
    held.map(|held| held.certificate.clone()).into_iter().collect()
}

/// What a verdict on one certificate rests on, for the findings that say so.
struct Words<'a> {
    case: &'a Case,
    standing: &'a Standing,
    store: &'a CertificateStore,
    certificate: &'a Certificate,
    /// The key that verified it and counts, or else one that verified it.
    key: Option<usize>,
    issuers: &'a Issuers,
    rules: Rules<'a>,
}

impl Words<'_> {
    /// What the relation adds to the findings. `newer` says whether a later key of the same CA signed, and is asked where one
    /// of its keys did.
    fn relation(&self, related: &Related, newer: impl FnOnce() -> Option<bool>) -> Vec<Finding> {
        let mut findings = Vec::new();
        if related.weak {
            findings.push(match related.proof {
                Some(Proof::KeyIdentifier) => self.rules.finding(Code::WeakEvidence, "key-identifier"),
                _ => self.rules.finding(Code::WeakEvidence, "name"),
            });
        }
        if let Some(refused) = &related.refused {
            findings.push(self.link_refused(refused));
        }
        let Some(mut severity) = related.severity(&self.case.policy) else {
            return findings;
        };
        let certificate = self.certificate;
        let issuer = certificate.issuer().rfc4514();
        let finding = match related.relation {
            Relation::Different => {
                if self.standing.holds_ca {
                    severity = Severity::Doubt;
                }
                self.other_ca(related)
            }
            Relation::KeyOnly => Finding::of(Code::IssuerNameDiffers, "other-name").value("issuer", issuer),
            // Under `key`, where rollover counts for nothing.
            Relation::NameOnly | Relation::Rollover if related.rolled || related.relation == Relation::Rollover => {
                match newer() {
                    Some(true) => Finding::of(Code::IssuerKeyDiffers, "newer-key").value("issuer", issuer),
                    Some(false) => Finding::of(Code::IssuerKeyDiffers, "older-key").value("issuer", issuer),
                    None => Finding::of(Code::IssuerKeyDiffers, "other-generation").value("issuer", issuer),
                }
            }
            Relation::NameOnly => match (related.proof, never_verifies(certificate)) {
                (Some(Proof::Signature), _) => Finding::of(Code::IssuerKeyDiffers, "look-alike")
                    .value("issuer", issuer)
                    .value("file", file_name(certificate)),
                (_, Some(why)) => Finding::of(Code::IssuerKeyDiffers, "never-verifies")
                    .value("issuer", issuer)
                    .phrase("why", Phrase::named("signature", why)),
                (_, None) => Finding::of(Code::IssuerKeyDiffers, "unknown-key")
                    .value("issuer", issuer)
                    .value("file", file_name(certificate))
                    .phrase("identifier", identifier(certificate)),
            },
            Relation::BadSignature => {
                Finding::of(Code::SignatureInvalid, "subject").cause(&not_signed(&self.rules, certificate))
            }
            _ if related.unsupported => {
                let cause = unsupported(&self.rules, self.store, certificate);
                Finding::of(Code::AlgorithmUnsupported, "subject").cause(&cause)
            }
            _ if related.limit.is_some() => {
                let cause = limited(&self.rules, related.limit);
                Finding::of(Code::LimitReached, "subject").cause(&cause)
            }
            _ => self.unproven(related),
        };
        let code = finding.code;
        let finding = finding
            .phrase("expected", self.expected_ca(related))
            .phrase("actual", self.actual_ca());
        findings.push(finding.severity(self.rules.raised(code, severity)));
        findings
    }

    /// Whether the key that signed is a later one than the newest of the authority's; `None` where nothing tells.
    fn is_newer(&self, verifier: &mut SignatureVerifier<'_>, related: &Related) -> Option<bool> {
        let authority = self.authority(related)?;
        let first: Vec<usize> = authority.first_keys();
        let generation = |key: usize| {
            let holders = self.store.key(key).holders.iter();
            let versions = holders.filter_map(|&index| self.store.held(index).certificate.ca_version());
            versions.map(|(_, key)| key).max()
        };
        let signer = self.key?;
        let by_version = generation(signer).zip(first.iter().filter_map(|&key| generation(key)).max());
        if let Some((signer, known)) = by_version.filter(|(signer, known)| signer != known) {
            return Some(signer > known);
        }
        let (signer, _) = verifier.key_end(signer)?;
        let known = first.iter().filter_map(|&key| verifier.key_end(key));
        let known = known.map(|(end, _)| end).max()?;
        (signer != known).then_some(signer > known)
    }

    /// That another CA issued it, and how the two differ where their names read alike.
    fn other_ca(&self, related: &Related) -> Finding {
        let issuer = self.certificate.issuer();
        let expected = self.authority(related).and_then(|authority| authority.names.first());
        match expected {
            Some(expected) if reads_alike(&expected.rfc4514(), &issuer.rfc4514()) => {
                Finding::of(Code::IssuerDiffers, "reads-alike")
                    .value("issuer", issuer.encoded())
                    .value("authority", expected.encoded())
            }
            _ if self.is_swapped() => Finding::of(Code::IssuerDiffers, "swapped")
                .value("issuer", issuer.rfc4514())
                .value("authority", self.expected_name(related))
                .value("member", self.first_member()),
            _ => Finding::of(Code::IssuerDiffers, "other-ca")
                .value("issuer", issuer.rfc4514())
                .value("authority", self.expected_name(related)),
        }
    }

    /// Whether a CA certificate that was given signed it, and none of them any reference.
    fn is_swapped(&self) -> bool {
        let trusted = self.key.is_some_and(|key| self.store.key(key).trusted);
        trusted && !self.standing.any_verified && !self.standing.pinned
    }

    /// The first member of the reference that holds a certificate.
    fn first_member(&self) -> &str {
        let mut members = self.case.members.iter();
        let member = members.find(|member| member.read.certificate().is_some());
        member.map_or("", |member| &member.name)
    }

    /// Why nothing shows whether the reference's CA signed it.
    fn unproven(&self, related: &Related) -> Finding {
        let issuer = self.certificate.issuer();
        if self.case.policy.level == Level::Root {
            return Finding::of(Code::CaCertificateMissing, "no-root").value("issuer", issuer.rfc4514());
        }
        if let Some(Authority {
            kind: Kind::PinnedKey(id),
            ..
        }) = self.authority(related)
        {
            return Finding::of(Code::CaCertificateMissing, "pinned-key").value("key", hex(&id.0));
        }
        if !self.standing.any_verified
            && let Some(cause) = unverified(self.case, self.store, self.standing)
        {
            return match self.is_swapped() {
                true => Finding::of(Code::CaCertificateMissing, "swapped").value("member", self.first_member()),
                false => Finding::of(Code::CaCertificateMissing, "reference").cause(&cause),
            };
        }
        if self.authority(related).is_none() {
            return Finding::of(Code::CaCertificateMissing, "no-reference").value("issuer", issuer.rfc4514());
        }
        if self.key.is_some() {
            return Finding::of(Code::CaCertificateMissing, "undecided").value("issuer", issuer.rfc4514());
        }
        match self.store.has_ca_named(issuer) {
            true => Finding::of(Code::CaCertificateMissing, "unknown-key")
                .value("issuer", issuer.rfc4514())
                .phrase("identifier", identifier(self.certificate)),
            false => Finding::of(Code::CaCertificateMissing, "unknown-ca")
                .value("issuer", issuer.rfc4514())
                .value("file", file_name(self.certificate)),
        }
    }

    fn authority(&self, related: &Related) -> Option<&Authority> {
        self.standing.authorities.get(related.authority?)
    }

    fn expected_name(&self, related: &Related) -> String {
        match self.authority(related) {
            Some(authority) => authority::title(self.case, authority),
            None => String::new(),
        }
    }

    /// The CA that is allowed, with its keys.
    fn expected_ca(&self, related: &Related) -> Phrase {
        let Some(authority) = self.authority(related) else {
            return Phrase::of("ca.unknown");
        };
        if let Kind::PinnedKey(id) = authority.kind {
            return Phrase::of("ca.pinned-key").value("key", short(&hex(&id.0)));
        }
        let name = authority::title(self.case, authority);
        let keys = authority.keys.iter();
        let keys: Vec<String> = keys
            .map(|joined| short(&hex(&self.store.key(joined.key).id.0)))
            .collect();
        match keys.as_slice() {
            [] => Phrase::of("ca.named").value("name", name),
            [key] => Phrase::of("ca.with-key").value("name", name).value("key", key),
            keys => Phrase::of("ca.with-keys")
                .value("name", name)
                .value("keys", keys.join(", ")),
        }
    }

    /// The CA that issued it, with its key as far as it is known.
    fn actual_ca(&self) -> Phrase {
        let name = self.certificate.issuer().rfc4514();
        match (self.key, self.certificate.authority_key_identifier()) {
            (Some(key), _) => Phrase::of("ca.with-key")
                .value("name", name)
                .value("key", short(&hex(&self.store.key(key).id.0))),
            (None, Some(identifier)) => Phrase::of("ca.with-identifier")
                .value("name", name)
                .value("identifier", hex(identifier)),
            (None, None) => Phrase::of("ca.named").value("name", name),
        }
    }

    fn link_refused(&self, refused: &Refused) -> Finding {
        match refused {
            Refused::MissingLink(later, earlier) => {
                let sha256 = |&index: &usize| hex(self.store.held(index).certificate.sha256());
                self.rules
                    .finding(Code::LinkRefused, "missing-link")
                    .value("later", sha256(later))
                    .value("earlier", sha256(earlier))
                    .value("file", file_name(self.certificate))
            }
            Refused::Untrusted(certificates) => {
                let named: Vec<String> = certificates
                    .iter()
                    .map(|&index| {
                        let certificate = &self.store.held(index).certificate;
                        format!(
                            "{} (SHA-256 {})",
                            certificate.subject().rfc4514(),
                            hex(certificate.sha256())
                        )
                    })
                    .collect();
                self.rules
                    .finding(Code::LinkRefused, "untrusted")
                    .value("certificates", named.join("; "))
            }
            Refused::MissingParent(name, identifier) => self
                .rules
                .finding(Code::LinkRefused, "missing-parent")
                .value("parent", name.rfc4514())
                .value("identifier", hex(identifier)),
        }
    }

    fn distrusted(&self) -> Option<Finding> {
        let key = self.issuers.distrusted?;
        let finding = self.rules.finding(Code::AuthorityDistrusted, "subject");
        Some(finding.value("key", hex(&self.store.key(key).id.0)))
    }

    /// SHA-1 in the CA certificates that the relation rests on. A self-signature proves nothing, so it is not asked.
    fn weak_digests(&self, related: &Related) -> Vec<Finding> {
        let mut asked: Vec<usize> = related.links.clone();
        if let Some(path) = related.anchor.as_ref().and_then(|(anchor, _)| anchor.path.as_ref()) {
            asked.extend(&path.certificates);
        } else if let Some(key) = self.key {
            let holders = &self.store.key(key).holders;
            let of_name = |&&index: &&usize| self.store.held(index).certificate.subject() == self.certificate.issuer();
            asked.extend(holders.iter().find(of_name));
        }
        asked.sort_unstable();
        asked.dedup();
        let weak = |&&index: &&usize| {
            let certificate = &self.store.held(index).certificate;
            certificate.signature().digest() == Some(Digest::Sha1) && !certificate.is_self_issued()
                || related.links.contains(&index) && certificate.signature().digest() == Some(Digest::Sha1)
        };
        let finding = |&index: &usize| {
            let certificate = &self.store.held(index).certificate;
            let finding = self.rules.finding(Code::DigestWeak, "ca");
            finding.value("subject", certificate.subject().rfc4514())
        };
        asked.iter().filter(weak).map(finding).collect()
    }

    fn key_provider(&self, offer: &Offer) -> Vec<Finding> {
        let mut findings = Vec::new();
        let cng = offer
            .key_provider
            .as_ref()
            .filter(|provider| provider.ends_with("Key Storage Provider"));
        if let (Some(provider), Some(Profile::LyncServer2013)) = (cng, self.case.policy.profile) {
            let finding = self.rules.finding(Code::KeyProviderUnsupported, "cng");
            findings.push(finding.value("provider", provider));
        }
        findings
    }

    /// Whether another issuing CA under the members' one trusted root issued it.
    fn same_root(&self, verifier: &mut SignatureVerifier<'_>) -> Option<Finding> {
        let mut roots: Vec<[u8; 32]> = Vec::new();
        for (member, stands) in self.case.members.iter().zip(&self.standing.members) {
            let Some(certificate) = member.read.certificate().filter(|_| stands.votes) else {
                continue;
            };
            roots.extend(trusted_roots(verifier, certificate));
        }
        roots.sort_unstable();
        roots.dedup();
        let [root] = roots.as_slice() else { return None };
        if !trusted_roots(verifier, self.certificate).contains(root) {
            return None;
        }
        Some(self.rules.finding(Code::SameRoot, "other-issuing-ca"))
    }
}

/// The keys of the trusted roots that a verified path reaches.
fn trusted_roots(verifier: &mut SignatureVerifier<'_>, certificate: &Certificate) -> Vec<[u8; 32]> {
    let roots = path::to_roots(verifier, certificate);
    let store = verifier.store;
    let trusted = roots.paths.iter().filter(|path| path.root_is_trusted(store));
    trusted.map(|path| store.key(path.root_key).id.0).collect()
}

/// Whether two texts look the same to who reads them: apart from blanks, what does not show, and letters beyond ASCII.
fn reads_alike(one: &str, other: &str) -> bool {
    let shown = |text: &str| -> Vec<char> {
        let shows = |c: &char| !c.is_whitespace() && !c.is_control() && (c.is_ascii() || c.is_alphanumeric());
        text.chars().filter(shows).flat_map(char::to_lowercase).collect()
    };
    let (one, other) = (shown(one), shown(other));
    let same = |(one, other): (&char, &char)| one == other || !one.is_ascii() || !other.is_ascii();
    one.len() == other.len() && one.iter().zip(&other).all(same)
}

/// What AD CS calls the files of the CA that issued a certificate: its common name.
fn file_name(certificate: &Certificate) -> String {
    let attributes = certificate.issuer().ordered();
    let common = attributes
        .iter()
        .rev()
        .find(|(name, _)| name == "CN")
        .map(|(_, value)| value.clone());
    let safe = |c: char| !c.is_control() && !"\\/:*?\"<>|".contains(c);
    common
        .unwrap_or_else(|| "NAME".into())
        .chars()
        .filter(|&c| safe(c))
        .collect()
}
