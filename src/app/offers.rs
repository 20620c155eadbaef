//! The certificates that a source offers, each with what is known of its private key.

use std::collections::HashSet;
use std::sync::Arc;

use crate::cert::{Certificate, KeyId};
use crate::decide::{KeyPresence, Keys, Offer, covers_host};
use crate::protocol::{AcceptedForm, Accepts, Code, Finding, Install, Phrase, Severity, Source, hex};
use crate::source::{Form, Format, Holding, SourceReader};

use super::request::tls_host;

/// Every certificate of a list of sources, each of which may be the certificate of a subject with these names.
pub fn offers(sources: &[Source], reader: &SourceReader<'_>, names: &[String]) -> Vec<Offer> {
    let mut offers = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        match reader.read(source) {
            Ok(holding) => {
                let mut held = held_offers(&holding, index, &source.label());
                // What a server sends behind its own certificate is no host's.
                if let Some(own) = held.iter_mut().find(|offer| offer.certificate.is_some())
                    && let Some(certificate) = &own.certificate
                {
                    own.findings.extend(host_not_covered(source, certificate, names));
                }
                offers.extend(held);
            }
            Err(finding) => offers.push(nothing(index, &source.label(), finding)),
        }
    }
    offers
}

/// The one certificate of a source.
pub fn one(source: &Source, reader: &SourceReader<'_>, names: &[String]) -> Offer {
    match reader.read_one(source) {
        Ok((holding, position)) => {
            let held = &holding.certificates[position];
            let warn = |finding: &Finding| finding.clone().severity(Severity::Warning);
            let mut findings: Vec<Finding> = holding.problems.iter().map(warn).collect();
            findings.extend(holding.notes.iter().chain(&held.notes).cloned());
            findings.extend(host_not_covered(source, &held.certificate, names));
            Offer {
                index: 0,
                source: source.label().into(),
                certificate: Some(held.certificate.clone()),
                brought: holding.all(),
                key: presence(held.private_key),
                keys: carried(&holding, &source.label()),
                key_trouble: holding.key_trouble.clone(),
                key_provider: held.key_provider.clone(),
                findings,
                not_installable: None,
            }
        }
        Err(finding) => nothing(0, &source.label(), finding),
    }
}

/// Every certificate that the source with this index holds.
pub fn held_offers(holding: &Holding, index: usize, label: &str) -> Vec<Offer> {
    let brought = holding.all();
    let keys = carried(holding, label);
    let claimed: HashSet<KeyId> = holding.keys.iter().map(|private| private.id()).collect();
    let problems = holding.problems.iter().cloned();
    let mut offers: Vec<Offer> = problems.map(|finding| nothing(index, label, finding)).collect();
    let source: Arc<str> = label.into();
    for held in &holding.certificates {
        let copied = claimed.contains(&held.certificate.key().id());
        offers.push(Offer {
            index,
            source: held.file.clone().unwrap_or_else(|| source.clone()),
            certificate: Some(held.certificate.clone()),
            brought: brought.clone(),
            key: match presence(held.private_key) {
                KeyPresence::Present if !copied => KeyPresence::Elsewhere,
                known => known,
            },
            keys: keys.clone(),
            key_trouble: holding.key_trouble.clone(),
            key_provider: held.key_provider.clone(),
            findings: holding.notes.iter().chain(&held.notes).cloned().collect(),
            not_installable: None,
        });
    }
    offers
}

pub fn nothing(index: usize, source: &str, finding: Finding) -> Offer {
    let (key, findings) = (KeyPresence::Unknown, vec![finding]);
    Offer {
        index,
        source: source.into(),
        certificate: None,
        brought: Arc::from([]),
        key,
        keys: Keys::default(),
        key_trouble: None,
        key_provider: None,
        findings,
        not_installable: None,
    }
}

/// The private keys that a source carries.
pub fn carried(holding: &Holding, label: &str) -> Keys {
    Keys {
        keys: holding.keys.iter().cloned().collect(),
        place: label.to_owned(),
    }
}

pub fn presence(private_key: Option<bool>) -> KeyPresence {
    match private_key {
        Some(true) => KeyPresence::Present,
        Some(false) => KeyPresence::Absent,
        None => KeyPresence::Unknown,
    }
}

/// Why a caller cannot install a candidate, or shall not be told to.
pub fn not_installable(install: &Install, certificate: &Certificate, forms: &[Form]) -> Option<Finding> {
    if install.without.iter().any(|one| one.0 == *certificate.sha256()) {
        return Some(Finding::of(Code::CandidateNotInstallable, "not-again"));
    }
    let accepts = install.accepts.as_ref()?;
    if let Some(wanted) = accepts.thumbprint.filter(|wanted| wanted.0 != certificate.sha1()) {
        let finding = Finding::of(Code::CandidateNotInstallable, "other-certificate");
        return Some(
            finding
                .value("wanted", wanted.to_string())
                .value("thumbprint", hex(&certificate.sha1())),
        );
    }
    let refusals: Vec<Finding> = forms.iter().map_while(|form| refusal(accepts, form)).collect();
    match refusals.len() < forms.len() {
        true => None,
        false => refusals
            .into_iter()
            .next()
            .or_else(|| Some(Finding::of(Code::CandidateNotInstallable, "no-form"))),
    }
}

/// Why a caller cannot install what a source holds in this form.
pub fn refusal(accepts: &Accepts, form: &Form) -> Option<Finding> {
    let accepted = |form| accepts.forms.contains(&form);
    let installs = || match (accepted(AcceptedForm::Pkcs12), accepted(AcceptedForm::Store)) {
        (true, true) => Phrase::of("installs.both"),
        (true, false) => Phrase::of("installs.pkcs12"),
        (false, true) => Phrase::of("installs.store"),
        (false, false) => Phrase::of("installs.nothing"),
    };
    match form {
        Form::Pkcs12 { keys, own_key } if accepted(AcceptedForm::Pkcs12) => match (own_key, accepts.one_key) {
            (false, _) => Some(Finding::of(Code::CandidateNotInstallable, "keyless")),
            (true, true) if *keys > 1 => {
                Some(Finding::of(Code::CandidateNotInstallable, "several-keys").value("keys", keys.to_string()))
            }
            (true, _) => None,
        },
        Form::Store(place) if accepted(AcceptedForm::Store) => {
            let (wanted, place) = accepts.store.as_ref().zip(place.as_ref())?;
            let same = wanted.location == place.location && wanted.store.eq_ignore_ascii_case(&place.store);
            let finding = || {
                Finding::of(Code::CandidateNotInstallable, "other-store")
                    .value("store", place.to_string())
                    .value("wanted", wanted.to_string())
            };
            (!same).then(finding)
        }
        form => {
            let what = match form {
                Form::Pkcs12 { .. } => Phrase::of("form.pkcs12"),
                Form::Store(Some(place)) => Phrase::of("form.store").value("store", place.to_string()),
                Form::Store(None) => Phrase::of("form.a-store"),
                Form::Other(format) => Phrase::of("form.other").value("format", format.name()),
            };
            Some(
                Finding::of(Code::CandidateNotInstallable, "other-form")
                    .phrase("what", what)
                    .phrase("installs", installs()),
            )
        }
    }
}

/// Of a certificate that was read by TLS, where no names are wanted: whether it covers the host that was asked.
pub fn host_not_covered(source: &Source, certificate: &Certificate, names: &[String]) -> Option<Finding> {
    let host = tls_host(source).filter(|_| names.is_empty())?;
    let host = host.strip_suffix('.').unwrap_or(&host);
    if covers_host(certificate, host) {
        return None;
    }
    let finding = Finding::of(Code::HostNotCovered, "asked");
    Some(finding.value("source", source.label()).value("host", host))
}

/// Whether a holding is of one certificate by nature, for `inspect`.
pub fn is_single(holding: &Holding) -> bool {
    !matches!(holding.format, Format::Folder | Format::WindowsStore)
}
