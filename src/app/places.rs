//! Places: where a subject's certificate is installed, and which certificate is there.

use crate::decide::{Given, KeyPresence, Keys, Offer};
use crate::protocol::install::WindowsStorePlace;
use crate::protocol::{Code, Finding, Install, Password, Place, Severity, Source, Subject, WindowsStoreSource};
use crate::source::SourceReader;

use super::offers::{held_offers, nothing, one};
use super::request::evidence;

/// The certificate at a place of installation.
pub fn standing(place: &Place, reader: &SourceReader<'_>) -> Given {
    let absent = |path: &str| {
        let finding = Finding::of(Code::CertificateMissing, "no-file").value("path", path);
        Given::One(Box::new(nothing(0, path, finding)))
    };
    match place {
        Place::Files { certificate, .. } if !reader.exists(certificate) => absent(certificate),
        Place::Pkcs12 { path, .. } if !reader.exists(path) => absent(path),
        Place::Files {
            certificate,
            private_key,
            chain,
        } => {
            let mut offer = one(&at_path(certificate, None), reader, &[]);
            if let Some(chain) = chain.as_ref().filter(|chain| !reader.is_empty(chain)) {
                let source = at_path(chain, None);
                let brought = evidence(reader, &source, "", Severity::Warning, &mut offer.findings);
                offer.findings.iter_mut().for_each(|finding| finding.pointer = None);
                offer.brought = offer.brought.iter().cloned().chain(brought).collect();
            }
            separate_key(&mut offer, certificate, private_key.as_deref(), reader);
            Given::One(Box::new(offer))
        }
        Place::Pkcs12 { path, password, .. } => {
            Given::One(Box::new(one(&at_path(path, password.as_ref()), reader, &[])))
        }
        Place::WindowsStore(store) => match reader.read(&Source::WindowsStore(in_store(store))) {
            Ok(holding) => Given::AnyOf(held_offers(&holding, 0, &store_label(store))),
            // No such store, or no such certificate in it: an empty place.
            Err(finding) if finding.code == Code::CertificateMissing => Given::AnyOf(Vec::new()),
            Err(finding) => Given::AnyOf(vec![nothing(0, &store_label(store), finding)]),
        },
        Place::Caller => Given::AnyOf(Vec::new()),
    }
}

/// Why a file of a place cannot be opened, or is none of the kind that belongs there; `None` where all are readable or
/// not there.
pub fn unreadable(place: &Place, reader: &SourceReader<'_>) -> Option<Finding> {
    let certificate = |path: &str, password: Option<&Password>| {
        let read = reader.exists(path).then(|| reader.read_one(&at_path(path, password)))?;
        // What can be opened and holds several certificates is readable.
        read.err().filter(|finding| finding.code == Code::CertificateUnreadable)
    };
    match place {
        Place::Files {
            certificate: path,
            private_key,
            chain,
        } => {
            let key = private_key.as_deref().filter(|key| key != path);
            let key = || match key {
                Some(key) => reader.exists(key).then(|| reader.read_key(key, None).err())?,
                None => reader.exists(path).then(|| reader.locked_key(path))?,
            };
            let chain = || {
                let chain = chain
                    .as_ref()
                    .filter(|chain| reader.exists(chain) && !reader.is_empty(chain))?;
                reader.read(&at_path(chain, None)).err()
            };
            certificate(path, None).or_else(key).or_else(chain)
        }
        Place::Pkcs12 { path, password, .. } => certificate(path, password.as_ref()),
        Place::WindowsStore(_) | Place::Caller => None,
    }
}

/// The source that reads a place of installation; `None` for an empty place and for the caller's.
pub fn standing_source(place: &Place, reader: &SourceReader<'_>) -> Option<Source> {
    match place {
        Place::Files { certificate, .. } => reader.exists(certificate).then(|| at_path(certificate, None)),
        Place::Pkcs12 { path, password, .. } => reader.exists(path).then(|| at_path(path, password.as_ref())),
        Place::WindowsStore(store) => Some(Source::WindowsStore(in_store(store))),
        Place::Caller => None,
    }
}

pub fn at_path(path: &str, password: Option<&Password>) -> Source {
    Source::Path {
        path: path.to_owned(),
        password: password.cloned(),
    }
}

pub fn store_label(store: &WindowsStorePlace) -> String {
    Source::WindowsStore(in_store(store)).label().into_owned()
}

/// The certificate in a store that is a place of installation.
pub fn in_store(place: &WindowsStorePlace) -> WindowsStoreSource {
    WindowsStoreSource {
        location: place.location,
        store: place.store.clone(),
        thumbprint: place.thumbprint,
        subject: None,
    }
}

/// Whether the private key of installed files is there and fits.
pub fn separate_key(offer: &mut Offer, certificate: &str, private_key: Option<&str>, reader: &SourceReader<'_>) {
    let Some(installed) = offer.certificate.clone() else {
        return;
    };
    let path = private_key.unwrap_or(certificate);
    if private_key.is_none() {
        if offer.key == KeyPresence::Unknown {
            offer.key = KeyPresence::Absent;
        }
        return;
    }
    match reader.read_key(path, None) {
        Ok(keys) => {
            let claimed = keys.iter().any(|key| key.id() == installed.key().id());
            offer.key = if claimed {
                KeyPresence::Present
            } else {
                KeyPresence::Absent
            };
            offer.keys = Keys {
                keys: keys.into(),
                place: path.to_owned(),
            };
        }
        Err(_) if !reader.exists(path) => (offer.key, offer.keys) = (KeyPresence::Absent, Keys::default()),
        Err(finding) => {
            let finding = Finding::of(Code::PrivateKeyInaccessible, "file").cause(&finding);
            offer.findings.push(finding);
        }
    }
}

/// The place of a subject, where it is one of files.
pub fn own_files(subject: &Subject) -> Option<&Install> {
    let files = |install: &&Install| matches!(install.place, Place::Files { .. } | Place::Pkcs12 { .. });
    subject.install.as_ref().filter(files)
}
