//! The places of files: which subjects share one, what the files hold, and the locks on their folders.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::app::context::Context;
use crate::app::{places, subjects};
use crate::enforce::InstallError;
use crate::enforce::folder::Folder;
use crate::enforce::install::Lock;
use crate::enforce::plan::{self, Claim, PlannedFile};
use crate::enforce::target::{Folders, Target};
use crate::explain::{self, Voice};
use crate::protocol::{CertificateFacts, Fault, Finding, Install, Place, Request};
use crate::source::Overlay;

/// A subject's place of files.
pub(super) struct Files<'a> {
    /// Index of the subject.
    pub(super) subject: usize,
    pub(super) install: &'a Install,
    pub(super) files: Vec<PlannedFile>,
    pub(super) targets: Vec<Target>,
    /// The first place of the same files, an index among the places.
    pub(super) leader: usize,
    /// Another spelling of the certificate's path, as the key's.
    alias: Option<&'a str>,
    /// The certificate before the run; known once the files were read.
    pub(super) before: Option<Option<Box<CertificateFacts>>>,
    /// Why nothing can be installed there; said where something is to be.
    pub(super) unfit: Option<Finding>,
    /// Why an interrupted run could not be mended; always said.
    pub(super) stuck: Option<Finding>,
    /// What is said once something was done.
    pub(super) notes: Vec<Finding>,
}

impl Files<'_> {
    /// An overlay with these contents of its files.
    pub(super) fn over(&self, overlay: Overlay, contents: impl Iterator<Item = Option<Zeroizing<Vec<u8>>>>) -> Overlay {
        let mut overlay = overlay;
        for (index, (file, content)) in self.files.iter().zip(contents).enumerate() {
            if let (0, Some(alias)) = (index, self.alias) {
                overlay = overlay.with_file(alias, content.clone());
            }
            overlay = overlay.with_file(&file.path, content);
        }
        overlay
    }

    /// An overlay without its files: the files on disk count.
    pub(super) fn bare(&self, overlay: Overlay) -> Overlay {
        let paths = self.files.iter().map(|file| file.path.as_str());
        paths.chain(self.alias).fold(overlay, Overlay::without_file)
    }
}

/// The places of files, in the order of their subjects.
pub(super) fn places<'a>(request: &'a Request, context: &Context<'_>) -> Result<Vec<Files<'a>>, Fault> {
    let mut places: Vec<Files<'a>> = Vec::new();
    let mut folders = Folders::new();
    for (index, subject) in request.subjects.iter().enumerate() {
        let Some(install) = places::own_files(subject) else {
            continue;
        };
        let mut files = plan::files(&install.place, false);
        let mut resolved = resolve(&files, &mut folders);
        let mut alias = None;
        if let (Place::Files { private_key, .. }, Ok([certificate, key, ..])) = (&install.place, resolved.as_deref())
            && private_key.is_some()
            && certificate.identity() == key.identity()
        {
            alias = private_key.as_deref();
            files = plan::files(&install.place, true);
            resolved = resolve(&files, &mut folders);
        }
        let (targets, unfit) = match resolved {
            Ok(targets) => (targets, None),
            Err(trouble) => (Vec::new(), Some(said(&trouble, context))),
        };
        places.push(Files {
            subject: index,
            install,
            files,
            targets,
            leader: places.len(),
            alias,
            before: None,
            unfit,
            stuck: None,
            notes: Vec::new(),
        });
    }
    let claims: Vec<Claim<'_>> = places
        .iter()
        .filter_map(|place| request.subjects.get(place.subject).map(|subject| (place, subject)))
        .map(|(place, subject)| Claim {
            subject: place.subject,
            install: place.install,
            names: subjects::names(subject, &request.policy),
            effective_from: subject.effective_from,
            candidates: &subject.candidates,
            files: match place.targets.is_empty() {
                false => place.targets.iter().map(Target::identity).collect(),
                true => place.files.iter().map(|file| PathBuf::from(&file.path)).collect(),
            },
        })
        .collect();
    let leaders = plan::leaders(&claims)?;
    for (place, leader) in places.iter_mut().zip(leaders) {
        place.leader = leader;
    }
    Ok(places)
}

fn resolve(files: &[PlannedFile], folders: &mut Folders) -> Result<Vec<Target>, InstallError> {
    files.iter().map(|file| Target::resolve(file, folders)).collect()
}

pub(super) type Locks = BTreeMap<PathBuf, Result<Lock, Finding>>;

/// Locks every folder, in one order for all runs, so that no two wait for each other.
pub(super) fn lock(places: &[Files<'_>], context: &Context<'_>) -> Locks {
    let targets = places.iter().flat_map(|place| &place.targets);
    let folders: BTreeMap<PathBuf, &Arc<Folder>> = targets
        .map(|target| (target.folder().path().to_owned(), target.folder()))
        .collect();
    let lock = |(path, folder)| (path, Lock::take(folder).map_err(|trouble| said(&trouble, context)));
    folders.into_iter().map(lock).collect()
}

/// The finding of a trouble; what the system said goes to the log.
pub(super) fn said(trouble: &InstallError, context: &Context<'_>) -> Finding {
    let finding = trouble.finding();
    if let Some(cause) = trouble.cause() {
        (context.log)(&format!("{}: {cause}", explain::message(&finding, Voice::Request)));
    }
    finding
}
