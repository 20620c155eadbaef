//! A subject as `decide` takes it: its certificate, and its candidates.

use std::sync::Arc;

use crate::decide::{Given, KeyPresence, Offer, SubjectCase};
use crate::protocol::{Install, Place, Policy, Source, Subject, Timestamp};
use crate::source::{Form, SourceReader};

use super::offers::{held_offers, not_installable, nothing, offers, one};
use super::places::standing;

/// Reads one subject. `candidates` are the request's, read once.
pub fn subject<'a>(
    subject: &'a Subject,
    reader: &SourceReader<'_>,
    policy: &'a Policy,
    valid_at: Timestamp,
    candidates: &Candidates,
) -> SubjectCase<'a> {
    let given = match (&subject.install, &subject.any_of, &subject.source) {
        (Some(Install { place, .. }), None, _) if *place != Place::Caller => standing(place, reader),
        (_, Some(sources), _) => Given::AnyOf(offers(sources, reader, names(subject, policy))),
        (_, None, Some(source)) => Given::One(Box::new(one(source, reader, names(subject, policy)))),
        (_, None, None) => Given::AnyOf(Vec::new()),
    };
    // The index counts the subject's candidates, then the request's.
    let own = Candidates::read(&subject.candidates, reader);
    let offered = own.then(candidates, subject.candidates.len());
    let candidates = match &subject.install {
        Some(install) if install.place == Place::Caller => offered.installable(install),
        Some(_) => offered.copied(),
        None => offered,
    };
    let candidates = candidates.into_offers();
    SubjectCase {
        name: &subject.name,
        use_: subject.use_.as_deref(),
        names: names(subject, policy),
        at: subject.effective_from.map_or(valid_at, |from| from.max(valid_at)),
        given,
        candidates,
    }
}

/// What is judged beside a subject's own place: its `source`, where it has both.
pub fn beside<'a>(
    subject: &'a Subject,
    reader: &SourceReader<'_>,
    policy: &'a Policy,
    valid_at: Timestamp,
) -> Option<SubjectCase<'a>> {
    let own_place = subject
        .install
        .as_ref()
        .is_some_and(|install| install.place != Place::Caller);
    let source = subject.source.as_ref().filter(|_| own_place)?;
    Some(SubjectCase {
        name: &subject.name,
        use_: subject.use_.as_deref(),
        names: names(subject, policy),
        at: subject.effective_from.map_or(valid_at, |from| from.max(valid_at)),
        given: Given::One(Box::new(one(source, reader, names(subject, policy)))),
        candidates: None,
    })
}

/// The names that a subject's certificate must cover.
pub fn names<'a>(subject: &'a Subject, policy: &'a Policy) -> &'a [String] {
    subject.names.as_deref().unwrap_or(&policy.names)
}

/// Candidates as their sources hold them, one entry a certificate.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    offers: Arc<[Offer]>,
    /// How the sources hold each of them.
    forms: Arc<[Vec<Form>]>,
}

impl Candidates {
    /// Reads the sources of candidates.
    pub fn read(sources: &[Source], reader: &SourceReader<'_>) -> Self {
        let (mut offers, mut forms) = (Vec::new(), Vec::new());
        for (index, source) in sources.iter().enumerate() {
            match reader.read(source) {
                Ok(holding) => {
                    let held = held_offers(&holding, index, &source.label());
                    // What could not be read comes first.
                    forms.resize(forms.len() + held.len() - holding.certificates.len(), Vec::new());
                    forms.extend(holding.certificates.into_iter().map(|held| held.forms));
                    offers.extend(held);
                }
                Err(finding) => {
                    offers.push(nothing(index, &source.label(), finding));
                    forms.push(Vec::new());
                }
            }
        }
        Candidates {
            offers: offers.into(),
            forms: forms.into(),
        }
    }

    /// These, then others whose sources are counted from `first` on.
    fn then(&self, others: &Candidates, first: usize) -> Self {
        if self.offers.is_empty() && first == 0 {
            return others.clone();
        }
        let shifted = others.offers.iter().cloned().map(|offer| Offer {
            index: offer.index + first,
            ..offer
        });
        Candidates {
            offers: self.offers.iter().cloned().chain(shifted).collect(),
            forms: self.forms.iter().chain(others.forms.iter()).cloned().collect(),
        }
    }

    /// The same for a place of the program's own: only a key that can be copied goes into a file or another store.
    fn copied(&self) -> Self {
        if self.offers.iter().all(|offer| offer.key != KeyPresence::Elsewhere) {
            return self.clone();
        }
        let copied = |offer: &Offer| match offer.key {
            KeyPresence::Elsewhere => Offer {
                key: KeyPresence::Unknown,
                ..offer.clone()
            },
            _ => offer.clone(),
        };
        Candidates {
            offers: self.offers.iter().map(copied).collect(),
            forms: self.forms.clone(),
        }
    }

    /// The same for a caller that installs, with what it cannot carry out marked.
    fn installable(&self, install: &Install) -> Self {
        if install.accepts.is_none() && install.without.is_empty() {
            return self.clone();
        }
        let marked = |(offer, forms): (&Offer, &Vec<Form>)| Offer {
            not_installable: offer
                .certificate
                .as_ref()
                .and_then(|certificate| not_installable(install, certificate, forms)),
            ..offer.clone()
        };
        Candidates {
            offers: self.offers.iter().zip(self.forms.iter()).map(marked).collect(),
            forms: self.forms.clone(),
        }
    }

    fn into_offers(self) -> Option<Arc<[Offer]>> {
        Some(self.offers).filter(|offers| !offers.is_empty())
    }
}
