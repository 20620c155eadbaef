//! The verdict on one certificate: first without what it brings, then with it.

use std::sync::Arc;

use crate::cert::Certificate;
use crate::decide::evaluated::{EvaluatedReference, IssuerKey};
use crate::decide::policy::{Rules, certificate_findings, name_findings, root_expired};
use crate::decide::reference::{Reference, anchors, evaluate_with_brought, is_self_signed};
use crate::decide::relation::{Related, relate};
use crate::decide::trust::{Budget, CertificateStore, Issuers, Limit, SignatureCache, SignatureVerifier};
use crate::protocol::{
    Code, Evidence, Finding, IssuedBy, KeyFrom, Level, Proof, Relation, Severity, Status, Timestamp,
};

use super::findings::Grounds;
use super::trials::Trials;
use super::{Given, Offer, SubjectCase};

/// The judging of one subject: one budget for all its certificates.
pub struct Session<'a> {
    /// What it is judged against.
    pub reference: &'a Reference,
    /// The subject.
    pub subject: &'a SubjectCase<'a>,
    /// What is left of the work allowed for it.
    pub budget: Budget,
    /// What was found of signatures for this subject.
    pub cache: SignatureCache,
    /// What the last source brought, worked out; many certificates of one folder share it.
    pub overlay: Option<Overlay>,
    /// What the last source that was looked at brings: many certificates of one folder are asked.
    pub looked: Option<Looked>,
    /// What is left of the trials of private keys.
    pub trials: Trials,
}

/// The verdict on one certificate.
pub struct Judged {
    pub relation: Relation,
    pub proof: Option<Proof>,
    pub issued_by: Option<IssuedBy>,
    pub evidence: Vec<Evidence>,
    pub findings: Vec<Finding>,
    pub status: Status,
    /// The earlier of its own and its CA certificate's end.
    pub lasts: Timestamp,
    /// Of a candidate: the CA certificates to send along with it.
    pub path: Vec<Arc<Certificate>>,
}

impl Judged {
    /// No certificate could be had.
    pub fn unreadable(mut findings: Vec<Finding>) -> Self {
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

    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        self.status = worst(&self.findings);
    }
}

/// What one source brings that is not at hand.
#[derive(Clone)]
pub struct Looked {
    brought: Arc<[Arc<Certificate>]>,
    /// Whether it brings anything.
    news: bool,
    /// Whether it brings a certificate of a distrusted key.
    distrusted: bool,
}

/// The reference together with what one source brings.
pub struct Overlay {
    brought: Arc<[Arc<Certificate>]>,
    store: CertificateStore,
    evaluated: EvaluatedReference,
    /// Whether the members do not agree, as far as what is brought tells.
    disagree: bool,
}

/// The judgement of one certificate.
pub struct Examination {
    issuers: Issuers,
    related: Related,
}

impl Session<'_> {
    /// The verdict on one certificate.
    pub fn judge(&mut self, offer: &Offer, from: KeyFrom, names: &[String]) -> Judged {
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
            let examined = session.examine(verifier, &reference.evaluated, certificate);
            let passes = examined.related.is_proven(&reference.case.policy);
            if !passes && brings {
                return None;
            }
            proven = passes.then(|| examined.related.clone());
            let given = (&**certificate, from);
            let judged = session.judge_with(verifier, &reference.evaluated, examined, given, offer, names);
            // What it brings may still tell that its CA's key lasts longer, or is a distrusted one: no proof lifts that.
            let settled = judged.status == Status::Compliant && !distrusted;
            (!brings || settled).then_some(judged)
        });
        if let Some(judged) = judged {
            return judged;
        }
        self.with_brought(offer, certificate, from, |session, verifier, evaluated, disagree| {
            let mut examined = session.examine(verifier, evaluated, certificate);
            let mut evaluated = evaluated;
            if let Some(related) = proven {
                (examined.related, evaluated) = (related, &reference.evaluated);
            }
            let mut judged = session.judge_with(verifier, evaluated, examined, (certificate, from), offer, names);
            if disagree {
                let rules = Rules::of_subject(&reference.case.policy);
                let finding = rules.finding(Code::ReferencesDisagree, "brought");
                judged.add(finding.severity(Severity::Warning));
            }
            judged
        })
    }

    pub fn examine(
        &self,
        verifier: &mut SignatureVerifier<'_>,
        evaluated: &EvaluatedReference,
        certificate: &Certificate,
    ) -> Examination {
        let case = &self.reference.case;
        let level = case.policy.level;
        let issuer = certificate.issuer();
        let keys = evaluated.authorities.iter().flat_map(|authority| &authority.keys);
        let preferred: Vec<usize> = keys.map(|joined| joined.key).collect();
        let enough = |key: usize| level == Level::Issuing && evaluated.allows_directly(issuer, key);
        let issuers = verifier.find_issuers(certificate, true, &preferred, enough);
        let (anchors, limit): (Vec<IssuerKey>, Option<Limit>) = anchors(verifier, certificate, &issuers, level);
        let related = relate(case, verifier, evaluated, certificate, &issuers, &anchors, limit);
        Examination { issuers, related }
    }

    /// Does some work with a store, on this subject's budget.
    pub fn with_verifier<T>(
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
    pub fn is_news(&self, brought: &Certificate) -> bool {
        let store = &self.reference.store;
        let tells = brought.issuing_flaw().is_none() || store.distrusts(brought.key().id());
        tells && !store.knows(brought)
    }

    /// Looks through what a source brings, once for all of its certificates.
    pub fn look(&mut self, offer: &Offer) -> Looked {
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
    pub fn brings(&mut self, offer: &Offer, certificate: &Certificate) -> bool {
        if self.is_news(certificate) {
            return true;
        }
        self.look(offer).news
    }

    /// Does some work with what the reference and a source hold.
    pub fn with_brought<T>(
        &mut self,
        offer: &Offer,
        certificate: &Arc<Certificate>,
        from: KeyFrom,
        work: impl FnOnce(&Self, &mut SignatureVerifier<'_>, &EvaluatedReference, bool) -> T,
    ) -> T {
        let Some(overlay) = self.overlay(offer, certificate, from) else {
            let reference = self.reference;
            return self.with_verifier(&reference.store, |session, verifier| {
                work(session, verifier, &reference.evaluated, false)
            });
        };
        let done = self.with_verifier(&overlay.store, |session, verifier| {
            work(session, verifier, &overlay.evaluated, overlay.disagree)
        });
        self.overlay = Some(overlay);
        done
    }

    /// The reference together with what a source brings. Taken out of the session while it is used.
    pub fn overlay(&mut self, offer: &Offer, certificate: &Arc<Certificate>, from: KeyFrom) -> Option<Overlay> {
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
        let (evaluated, disagree) = self.with_verifier(&store, |session, verifier| {
            evaluate_with_brought(&session.reference.case, verifier, &session.reference.evaluated)
        });
        Some(Overlay {
            brought: offer.brought.clone(),
            store,
            evaluated,
            disagree,
        })
    }

    pub fn judge_with(
        &self,
        verifier: &mut SignatureVerifier<'_>,
        evaluated: &EvaluatedReference,
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
        let grounds = Grounds {
            case,
            evaluated,
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
        findings.extend(grounds.distrusted());
        findings.extend(self.reference_doubts());
        let newer = || grounds.is_newer(verifier, &related);
        findings.extend(grounds.relation(&related, newer));
        let end = key.and_then(|key| verifier.key_end(key));
        findings.extend(certificate_findings(&rules, certificate, end, self.subject.at));
        let root = related.anchor.as_ref().filter(|(anchor, _)| anchor.path.is_some());
        if let Some((anchor, root)) = root.filter(|(_, root)| Some(*root) != key)
            && let Some((end, _)) = verifier.key_end(*root)
        {
            findings.extend(root_expired(&rules, &anchor.name, end, self.subject.at));
        }
        findings.extend(grounds.weak_digests(&related));
        findings.extend(name_findings(&rules, certificate, names));
        findings.extend(grounds.key_provider(offer));
        if related.relation == Relation::Different && case.policy.level == Level::Issuing {
            findings.extend(grounds.same_root(verifier));
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
    pub fn installed_path(
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
    pub fn reference_doubts(&self) -> Vec<Finding> {
        let mut doubts: Vec<Finding> = Vec::new();
        for finding in self.reference.evaluated.doubts() {
            if doubts.iter().any(|doubt| doubt.code == finding.code) {
                continue;
            }
            let doubt = Finding::of(finding.code, "in-reference").cause(finding);
            doubts.push(doubt.severity(Severity::Doubt));
        }
        doubts
    }
}

/// The CA certificates between a certificate and a root, issuer first: what a server sends along with it.
pub fn proof_path(
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

pub fn worst(findings: &[Finding]) -> Status {
    match findings.iter().map(|finding| finding.severity).max() {
        Some(Severity::Error) => Status::Noncompliant,
        Some(Severity::Doubt) => Status::Undetermined,
        _ => Status::Compliant,
    }
}
