//! One subject against a reference: its one certificate, the one that fits among several, and the candidate that would
//! replace it.

use std::sync::Arc;

use crate::cert::{Certificate, Digest, never_verifies};
use crate::protocol::{
    ChosenFrom, Code, Evidence, Finding, IssuedBy, KeyFrom, Level, PassedOver, Profile, Proof, Relation, Severity,
    Status, SubjectReport, Timestamp, hex,
};

use super::authority::{self, Anchor, Kind, Standing, evaluate_with_brought, is_self_signed, limit_words, short};
use super::budget::Budget;
use super::path::{self, Limit};
use super::policy::{Rules, certificate_findings, covers_all, describe, name_findings, root_expired};
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
    /// The certificate; `None` where none could be had, and the findings say why.
    pub certificate: Option<Arc<Certificate>>,
    /// What its source holds besides.
    pub brought: Arc<[Arc<Certificate>]>,
    /// What is known of its private key, before any is tried.
    pub key: KeyPresence,
    /// The private keys that its source carries; `key` is then what they say of themselves.
    pub keys: Keys,
    /// The Windows provider that keeps the key.
    pub key_provider: Option<String>,
    /// What was found while reading.
    pub findings: Vec<Finding>,
    /// Why whoever installs cannot install it, or shall not: it fits all the same, and is never chosen.
    pub not_installable: Option<Finding>,
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
        let judged = self.with_verifier(&reference.store, |session, verifier| {
            let examined = session.examine(verifier, &reference.standing, certificate);
            let proven = examined.related.is_proven(&reference.case.policy);
            if !proven && brings {
                return None;
            }
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
            let examined = session.examine(verifier, standing, certificate);
            let mut judged = session.judge_with(verifier, standing, examined, (certificate, from), offer, names);
            if disagree {
                let message = "with what it brings the reference servers would be known to use different CAs, \
                               so none of it counts for them";
                let rules = Rules::of_subject(&reference.case.policy);
                let finding = rules
                    .finding(Code::ReferencesDisagree, message)
                    .severity(Severity::Warning);
                judged.add(finding.hint("add the CA certificates of the reference servers to authorities"));
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
            let hint = "import the certificate together with its private key";
            judged.add(
                rules
                    .finding(Code::PrivateKeyMissing, "its private key is not there")
                    .hint(hint),
            );
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
            KeyFound::Mismatch => {
                let message = format!("the private key in {place} is not the one of its certificate");
                let hint = "give the certificate and the private key that were made together";
                rules.finding(Code::PrivateKeyMismatch, message).hint(hint)
            }
            KeyFound::Missing if offer.key == KeyPresence::Present => {
                let message =
                    format!("the private key in {place} says that it is the one of its certificate, and does not work");
                let hint =
                    "give the private key that the certificate was requested with: this one is damaged or made up";
                rules.finding(Code::PrivateKeyMissing, message).hint(hint)
            }
            KeyFound::Missing => {
                let hint = "import the certificate together with its private key";
                rules
                    .finding(Code::PrivateKeyMissing, "its private key is not there")
                    .hint(hint)
            }
            KeyFound::Untried => {
                let message =
                    "whether its private key works was not tried: the work allowed for one subject was used up";
                let hint = "give fewer private keys";
                rules.finding(Code::LimitReached, message).hint(hint)
            }
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
            evaluate_with_brought(&session.reference.case, verifier, &session.reference.standing, &brought)
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
        findings.extend(words.relation(&related));
        findings.extend(self.reference_doubts());
        findings.extend(words.distrusted());
        if certificate.presents_as_ca() {
            let message = format!(
                "{} is a CA certificate, not a server's",
                certificate.subject().rfc4514()
            );
            let hint = "put the server's own certificate first";
            findings.push(rules.finding(Code::SubjectIsCa, message).hint(hint));
        }
        if is_self_signed(store, certificate, &issuers) {
            let message = format!(
                "{} is self-signed: it was issued by no CA",
                certificate.subject().rfc4514()
            );
            let hint = "request a certificate from the reference's CA";
            findings.push(rules.finding(Code::SelfSigned, message).hint(hint));
        }
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
            let message = format!("the reference leaves it in doubt: {}", finding.message);
            doubts.push(Finding {
                message,
                severity: Severity::Doubt,
                pointer: None,
                ..finding.clone()
            });
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
            let message = "there is no certificate at all where one must be";
            let hint = "request a certificate from the reference's CA";
            let mut findings = vec![rules.finding(Code::CertificateMissing, message).hint(hint)];
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
        let none = match best {
            Some(_) => None,
            None if names.is_empty() => {
                let message = "which names the certificate must cover was not said, so none can be chosen";
                Some(
                    rules
                        .finding(Code::NamesNotGiven, message)
                        .hint("give names, such as the server's host name"),
                )
            }
            None => {
                let undetermined = judged.iter().any(|judged| judged.status == Status::Undetermined);
                let message = format!("none of {} certificates fits", offers.len());
                let finding = rules
                    .finding(Code::NoneFits, message)
                    .hint("see passed_over for what each one lacks");
                let severity = if undetermined { Severity::Doubt } else { Severity::Error };
                Some(finding.severity(rules.raised(Code::NoneFits, severity)))
            }
        };
        let nearest = (0..judged.len()).min_by_key(|&position| (judged[position].status, judged[position].relation));
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
                let message = "its private key is not at hand, so it cannot be installed";
                findings.push(rules.finding(Code::PrivateKeyMissing, message));
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
            let message =
                "which names a candidate must cover was not said, and nothing that stands tells: none was chosen";
            let finding = rules
                .finding(Code::NamesNotGiven, message)
                .hint("give names, such as the server's host name");
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
                    let message = "it lacks a subject alternative name of what stands that is no host's";
                    judged.add(rules.finding(Code::NameMismatch, message));
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
            path: self.up_to_root(&offers[position], judged[position].path.clone()),
            relation: judged[position].relation,
        });
        if let (true, Some(certificate), Some(position)) = (compliant, standing, best) {
            let until = certificate.not_after();
            let message = format!(
                "it ends at {until}, and a candidate at hand lasts until {}",
                judged[position].lasts
            );
            let finding = rules.finding(Code::ExpiresSoon, message).severity(Severity::Error);
            report.findings.retain(|finding| finding.code != Code::ExpiresSoon);
            report
                .findings
                .insert(0, finding.hint("run enforce to install the candidate"));
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

/// Puts a verdict into words.
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
    /// What the relation adds to the findings.
    fn relation(&self, related: &Related) -> Vec<Finding> {
        let mut findings = Vec::new();
        if related.weak {
            let (claim, risk) = match related.proof {
                Some(Proof::KeyIdentifier) => ("the key identifier", "anybody can write it into a certificate"),
                _ => ("the issuer's name", "anybody can name a CA so"),
            };
            let message = format!("{claim} alone says that the CA is the same, and {risk}");
            let hint = "add the CA's certificate to authorities, so that the signature can be verified";
            findings.push(self.rules.finding(Code::WeakEvidence, message).hint(hint));
        }
        if let Some(refused) = &related.refused {
            findings.push(self.link_refused(refused));
        }
        let Some(mut severity) = related.severity(&self.case.policy) else {
            return findings;
        };
        let issuer = self.certificate.issuer().rfc4514();
        let (code, message) = match related.relation {
            Relation::Different => {
                if self.standing.holds_ca {
                    severity = Severity::Doubt;
                }
                (
                    Code::IssuerDiffers,
                    format!("it was issued by {issuer}, not by {}", self.expected_name(related)),
                )
            }
            Relation::KeyOnly => {
                let message = format!("the reference's CA key signed it under another name, {issuer}");
                (Code::IssuerNameDiffers, message)
            }
            Relation::NameOnly if related.rolled => (
                Code::IssuerKeyDiffers,
                "a newer or older key of the same CA signed it, and match is key".into(),
            ),
            Relation::NameOnly => (Code::IssuerKeyDiffers, self.another_key(related, &issuer)),
            Relation::BadSignature => (
                Code::SignatureInvalid,
                match never_verifies(self.certificate) {
                    Some(why) => format!("it names the key of {issuer} as its issuer's, and no key verifies it: {why}"),
                    None => format!("it names the key of {issuer} as its issuer's, and that key did not sign it"),
                },
            ),
            _ if related.unsupported => {
                let what = describe(self.certificate.signature());
                (
                    Code::AlgorithmUnsupported,
                    format!("the signature cannot be verified: {what}"),
                )
            }
            _ if related.limit.is_some() => (Code::LimitReached, limit_words(related.limit)),
            _ => (Code::CaCertificateMissing, self.nothing_to_verify_with(&issuer)),
        };
        let finding = Finding::new(code, message).severity(self.rules.raised(code, severity));
        let finding = finding.expected(self.expected(related)).actual(self.actual());
        findings.push(finding.hint(self.hint(related, code, &issuer)));
        findings
    }

    fn another_key(&self, related: &Related, issuer: &str) -> String {
        match related.proof {
            Some(Proof::Signature) => format!("a CA of the same name, {issuer}, with another key issued it"),
            _ => match never_verifies(self.certificate) {
                Some(why) => format!("it names {issuer} as its issuer, and no key verifies it: {why}"),
                None => format!("it names {issuer} as its issuer, and no key of that CA at hand verifies it"),
            },
        }
    }

    fn nothing_to_verify_with(&self, issuer: &str) -> String {
        if self.case.policy.level == Level::Root {
            return format!("no verified path leads from {issuer} to a root CA");
        }
        format!("no CA certificate at hand shows which key of {issuer} is the reference's")
    }

    fn expected_name(&self, related: &Related) -> String {
        match related.authority.and_then(|index| self.standing.authorities.get(index)) {
            Some(authority) => authority::title(self.case, authority),
            None => "the reference's CA".into(),
        }
    }

    /// The CA that is allowed, with its keys.
    fn expected(&self, related: &Related) -> String {
        let Some(authority) = related.authority.and_then(|index| self.standing.authorities.get(index)) else {
            return "the reference's CA".into();
        };
        let title = authority::title(self.case, authority);
        if matches!(authority.kind, Kind::PinnedKey(_)) {
            return title;
        }
        let keys: Vec<String> = authority
            .keys
            .iter()
            .map(|joined| short(&hex(&self.store.key(joined.key).id.0)))
            .collect();
        match keys.as_slice() {
            [] => title,
            keys => format!("{title}, key {}", keys.join(" or ")),
        }
    }

    /// The CA that issued it, with its key as far as it is known.
    fn actual(&self) -> String {
        let issuer = self.certificate.issuer().rfc4514();
        match (self.key, self.certificate.authority_key_identifier()) {
            (Some(key), _) => format!("{issuer}, key {}", short(&hex(&self.store.key(key).id.0))),
            (None, Some(identifier)) => format!("{issuer}, key identifier {}", hex(identifier)),
            (None, None) => issuer,
        }
    }

    fn hint(&self, related: &Related, code: Code, issuer: &str) -> String {
        match (related.relation, code) {
            (Relation::NameOnly, _) if related.rolled => {
                "renew it under the CA's current key, or set match to authority".into()
            }
            (Relation::NameOnly, _) if related.proof == Some(Proof::Signature) => format!(
                "if the CA was renewed with a new key, add the certificate that links the two to authorities \
                 (AD CS: CertEnroll\\SERVER.DOMAIN_{name}(0-1).crt, or the certificate of their common parent); \
                 else replace it: a look-alike CA issued it",
                name = file_name(self.certificate)
            ),
            (Relation::NameOnly, _) => format!(
                "add the CA certificate with key identifier {} to authorities (AD CS: CertEnroll\\{}(1).crt and (0-1).crt); \
                 without it nobody can tell a renewed CA from a look-alike",
                self.certificate
                    .authority_key_identifier()
                    .map_or_else(|| "(none given)".into(), hex),
                file_name(self.certificate)
            ),
            (Relation::BadSignature, _) => {
                "read the certificate from the server again; if it stays so, it is damaged or forged".into()
            }
            (_, Code::AlgorithmUnsupported) => "renew it under a current signature algorithm".into(),
            (_, Code::LimitReached) => "give fewer certificates: those of the CA in question are enough".into(),
            (_, Code::CaCertificateMissing) => format!(
                "add the certificate of {issuer} to authorities (AD CS: CertEnroll\\{}.crt, or certutil -ca.cert)",
                file_name(self.certificate)
            ),
            _ => "request a certificate from the reference's CA, and assign it".into(),
        }
    }

    fn link_refused(&self, refused: &Refused) -> Finding {
        let message = "the CA may have been renewed with a new key, and what proves it is not trusted";
        let hint = match refused {
            Refused::MissingLink(later, earlier) => {
                let sha256 = |&index: &usize| hex(self.store.held(index).certificate.sha256());
                format!(
                    "the CA certificate with SHA-256 {} says that it follows the one with SHA-256 {}: add the link \
                     certificate between the two to authorities (AD CS: CertEnroll\\SERVER.DOMAIN_{}(0-1).crt)",
                    sha256(later),
                    sha256(earlier),
                    file_name(self.certificate)
                )
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
                format!("if it is genuine, add to authorities: {}", named.join("; "))
            }
            Refused::MissingParent(name, identifier) => format!(
                "add to authorities the certificate of the parent CA: {} (key identifier {})",
                name.rfc4514(),
                hex(identifier)
            ),
        };
        self.rules.finding(Code::LinkRefused, message).hint(hint)
    }

    fn distrusted(&self) -> Option<Finding> {
        let key = self.issuers.distrusted?;
        let message = format!(
            "a key that the policy distrusts issued it: {}",
            hex(&self.store.key(key).id.0)
        );
        let hint = "replace it with one that the reference's CA issued";
        Some(self.rules.finding(Code::AuthorityDistrusted, message).hint(hint))
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
            let message = format!(
                "the CA certificate {} is signed with SHA-1",
                certificate.subject().rfc4514()
            );
            self.rules
                .finding(Code::DigestWeak, message)
                .actual("SHA-1")
                .hint("renew the CA certificate with SHA-256")
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
            let message = "its key is kept by CNG alone, which Lync Server 2013 is reported not to use";
            let hint = "issue it with a CSP, such as Microsoft RSA SChannel Cryptographic Provider";
            let finding = self
                .rules
                .finding(Code::KeyProviderUnsupported, message)
                .actual(provider.clone());
            findings.push(finding.hint(hint));
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
        let message = "another issuing CA under the same root issued it";
        let hint = "if any CA under that root may issue, set level to root";
        Some(self.rules.finding(Code::SameRoot, message).hint(hint))
    }
}

/// The keys of the trusted roots that a verified path reaches.
fn trusted_roots(verifier: &mut SignatureVerifier<'_>, certificate: &Certificate) -> Vec<[u8; 32]> {
    let roots = path::to_roots(verifier, certificate);
    let store = verifier.store;
    let trusted = roots.paths.iter().filter(|path| path.root_is_trusted(store));
    trusted.map(|path| store.key(path.root_key).id.0).collect()
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
