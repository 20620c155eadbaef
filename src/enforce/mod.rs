//! The only code that changes a server: puts a candidate into files or a Windows store, whole or not at all.
//!
//! Each installation has three steps, and `app::enforce` calls them in this order:
//!
//! 1. **Plan.** [`plan::plan`] takes what is known (the candidate, its key and chain, the current files) and returns what
//!    shall be written. It does no IO.
//! 2. **Simulate.** The subject is read again and judged, through a reader whose overlay holds the planned files. A
//!    what-if run ends here, and so does a run whose plan would not make the subject compliant.
//! 3. **Apply.** [`install::install`] writes the plan: new files beside the old ones, synced; a synced journal; the
//!    renames; the removal of the journal. If anything stops a run in between, the old and the new files are both on
//!    disk, and [`install::recover`] of the next run finishes or undoes the installation.
//!
//! [`windows_store`] imports one certificate with its key, and leaves everything else in the store alone.

#[cfg(windows)]
#[allow(unsafe_code, reason = "the standard library has no calls for access lists")]
mod access_list;
pub mod folder;
pub mod install;
mod journal;
pub mod plan;
pub mod target;
pub mod windows_store;

use std::io;

use crate::protocol::{Code, Finding, Phrase};

/// Why a candidate was not installed, or an interrupted installation not mended.
#[derive(Debug)]
pub enum InstallError {
    /// The place may not be written as it is.
    Refused {
        /// The file or folder.
        path: String,
        /// Why.
        why: Phrase,
        /// What the system said.
        cause: Option<io::Error>,
    },
    /// It failed on the way, and was undone.
    Failed {
        /// The file or folder.
        path: String,
        /// What the system said.
        cause: io::Error,
    },
    /// It failed on the way, and so did undoing or finishing it.
    Unfinished {
        /// The file or folder.
        path: String,
        /// What the system said.
        cause: io::Error,
    },
}

impl InstallError {
    /// A refusal for a reason of ours.
    pub fn refused(path: impl Into<String>, why: &str) -> Self {
        InstallError::Refused {
            path: path.into(),
            why: Phrase::named("place", why),
            cause: None,
        }
    }

    /// A refusal for a reason of the system's.
    pub fn refused_for(path: impl Into<String>, cause: io::Error) -> Self {
        InstallError::Refused {
            path: path.into(),
            why: Phrase::named("place", words(&cause)),
            cause: Some(cause),
        }
    }

    /// What the system said, for the log.
    pub fn cause(&self) -> Option<&io::Error> {
        match self {
            InstallError::Refused { cause, .. } => cause.as_ref(),
            InstallError::Failed { cause, .. } | InstallError::Unfinished { cause, .. } => Some(cause),
        }
    }

    /// The finding that says so.
    pub fn finding(&self) -> Finding {
        match self {
            InstallError::Refused { path, why, .. } => Finding::of(Code::InstallRefused, "place")
                .value("path", path)
                .phrase("why", why.clone()),
            InstallError::Failed { path, cause } => Finding::of(Code::InstallFailed, "undone")
                .value("path", path)
                .phrase("why", Phrase::named("place", words(cause))),
            InstallError::Unfinished { path, cause } => Finding::of(Code::InstallFailed, "unfinished")
                .value("path", path)
                .phrase("why", Phrase::named("place", words(cause))),
        }
    }
}

/// Whether a failure lies in the place, not in the writing: it would be the same again.
fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::StorageFull
            | Kind::QuotaExceeded
            | Kind::ReadOnlyFilesystem
            | Kind::PermissionDenied
            | Kind::InvalidFilename
            | Kind::FileTooLarge
            | Kind::NotFound
            | Kind::AlreadyExists
            | Kind::ResourceBusy
            | Kind::CrossesDevices
    )
}

/// Words of ours for what the system said.
fn words(error: &io::Error) -> &'static str {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull => "the file system is full",
        Kind::QuotaExceeded => "the quota is used up",
        Kind::ReadOnlyFilesystem => "the file system is read-only",
        Kind::PermissionDenied => "permission denied",
        Kind::NotFound => "there is no such file or folder",
        Kind::NotADirectory => "a part of the path is not a folder",
        Kind::AlreadyExists => "something of that name is in the way",
        Kind::InvalidFilename => "its name is too long for the files beside it",
        Kind::ResourceBusy => "somebody else is changing it or has it open, or it is mounted by itself",
        Kind::CrossesDevices => "it is mounted by itself, so nothing can take its place",
        Kind::FileTooLarge => "it is larger than the file system allows",
        _ => "input or output error",
    }
}
