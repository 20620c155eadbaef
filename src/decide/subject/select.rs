//! The certificate that fits among several, and the candidate that would replace the current one.

use std::sync::Arc;

use crate::cert::Certificate;
use crate::decide::policy::{Rules, covers_all};
use crate::decide::reference::Reference;
use crate::decide::trust::{Budget, Path, SignatureCache, path};
use crate::protocol::{
    ChosenFrom, Code, Finding, KeyFrom, PassedOver, Relation, Severity, Status, SubjectReport, Timestamp,
};

use super::evaluate::{Judged, Session};
use super::trials::{KeyFound, Trials};
use super::{Chosen, Given, KeyPresence, Offer, Settled, SubjectCase};

impl Reference {
    /// The verdict on one subject, and the candidate that would replace its certificate.
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

impl Session<'_> {
    /// The verdict on one of several certificates. That a private key is absent is said at once where nothing says that it
    /// is there; whether one works is tried later.
    pub fn judge_keyless(&mut self, offer: &Offer, from: KeyFrom, names: &[String]) -> Judged {
        let mut judged = self.judge(offer, from, names);
        if offer.key == KeyPresence::Absent && offer.certificate.is_some() {
            let rules = Rules::of_subject(&self.reference.case.policy);
            judged.add(absent_key(&rules, offer));
        }
        judged
    }

    /// Looks for the private key of a certificate, by trying those that its source carries, and says what is wrong with it.
    pub fn settle_key(&mut self, offer: &Offer, judged: &mut Judged) -> KeyFound {
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
    pub fn longest_with_key(
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

    /// The path of a candidate with what leads from its issuer on to a trusted root: a server sends all of it, as who
    /// connects may know only the root.
    pub fn up_to_root(&mut self, offer: &Offer, mut path: Vec<Arc<Certificate>>) -> Vec<Arc<Certificate>> {
        let (Some(certificate), Some(issuer)) = (&offer.certificate, path.first().cloned()) else {
            return path;
        };
        let above = self.with_brought(offer, certificate, KeyFrom::Candidate, |_, verifier, _, _| {
            let store = verifier.store;
            let roots = path::to_roots(verifier, certificate);
            let begins = |path: &&Path| {
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

    pub fn any_of(&mut self, offers: &[Offer]) -> (SubjectReport, Option<Arc<Certificate>>, Timestamp) {
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

    pub fn passed_over(
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

    /// Looks for a candidate where the current certificate is not compliant, or ends within `renew_before`.
    pub fn replace(
        &mut self,
        report: &mut SubjectReport,
        evaluated: Option<&Certificate>,
        lasts: Timestamp,
    ) -> Option<Chosen> {
        let offers = self.subject.candidates.clone()?;
        let policy = &self.reference.case.policy;
        let compliant = report.status == Some(Status::Compliant);
        let due = policy
            .renew_before
            .zip(evaluated)
            .is_some_and(|(before, certificate)| self.subject.at.plus(before.seconds()) >= certificate.not_after());
        let list = report.passed_over.get_or_insert_default();
        if compliant && !due {
            return None;
        }
        let rules = Rules::of_subject(policy);
        let names = match (self.subject.names.is_empty(), evaluated) {
            (false, _) => self.subject.names.to_vec(),
            (true, Some(certificate)) => {
                let addresses = certificate.ip_addresses().map(|address| address.to_string());
                certificate.dns_names().map(str::to_owned).chain(addresses).collect()
            }
            (true, None) => Vec::new(),
        };
        let others: Vec<&[u8]> = match evaluated.filter(|_| self.subject.names.is_empty()) {
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
                .zip(evaluated)
                .is_some_and(|(candidate, evaluated)| {
                    candidate.not_after() > evaluated.not_after() && judged.lasts > lasts
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
        if let (true, Some(certificate), Some(position)) = (compliant, evaluated, best) {
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

/// Whether a certificate has every one of these subject alternative names.
fn holds_all(certificate: &Certificate, others: &[&[u8]]) -> bool {
    let holds = |wanted: &&[u8]| certificate.other_alternative_names().any(|name| name == *wanted);
    others.iter().all(holds)
}
