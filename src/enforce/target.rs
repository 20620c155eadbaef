//! The files of a place, each with its folder held open, and the names that lie beside it while it is replaced.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::InstallError;
use super::folder::{Folder, FolderEntry, os};
use super::plan::PlannedFile;

/// A file of a place, with the folder that it is in.
#[derive(Debug, Clone)]
pub struct Target {
    /// As given.
    pub given: String,
    pub(super) entry: FolderEntry,
    pub(super) key: bool,
}

/// The folders of a run, each held open once.
pub type Folders = BTreeMap<PathBuf, Arc<Folder>>;

impl Target {
    /// Finds the folder of a file. The file need not be there.
    ///
    /// # Errors
    /// Where the folder is not there or may not be read, or the path names no file.
    pub fn resolve(file: &PlannedFile, folders: &mut Folders) -> Result<Self, InstallError> {
        if !os::SUPPORTED {
            let why = "this build installs files on Unix and Windows alone; use {\"by\": \"caller\"}, and install what it chooses";
            return Err(InstallError::refused(&file.path, why));
        }
        let given = Path::new(&file.path);
        let refused = |why: &str| InstallError::refused(&file.path, why);
        let name = given.file_name().and_then(|name| name.to_str());
        let name = name.filter(|_| !file.path.ends_with(['/', std::path::MAIN_SEPARATOR]));
        let name = name.ok_or_else(|| refused("it is not the path of a file"))?;
        if let Some(why) = os::unfit_name(name) {
            return Err(refused(why));
        }
        let parent = match given.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let said = |error| InstallError::refused_for(&file.path, error);
        let folder = os::plain(fs::canonicalize(parent).map_err(said)?);
        if folder.to_str().is_none() {
            return Err(refused("the name of its folder is not Unicode"));
        }
        let folder = match folders.get(&folder) {
            Some(folder) => folder.clone(),
            None => {
                let opened = Arc::new(Folder::open(&folder).map_err(said)?);
                folders.insert(folder, opened.clone());
                opened
            }
        };
        let entry = FolderEntry {
            folder,
            name: name.to_owned(),
        };
        Ok(Target {
            given: file.path.clone(),
            entry: entry.as_stored(),
            key: file.key,
        })
    }

    /// What is the same for all its spellings.
    pub fn identity(&self) -> PathBuf {
        os::identity(self.path())
    }

    /// With one spelling: its folder resolved, itself not.
    pub fn path(&self) -> PathBuf {
        self.entry.path()
    }

    /// Its folder.
    pub fn folder(&self) -> &Arc<Folder> {
        &self.entry.folder
    }

    /// The new file, before it gets its name.
    pub(super) fn staged(&self) -> FolderEntry {
        self.beside("new")
    }

    /// A second name of the old file.
    pub(super) fn saved(&self) -> FolderEntry {
        self.beside("old")
    }

    /// The journal of the place whose first file this is.
    pub(super) fn journal(&self) -> FolderEntry {
        self.beside("journal")
    }

    /// The journal, before it gets its name.
    pub(super) fn draft(&self) -> FolderEntry {
        self.beside("draft")
    }

    pub(super) fn beside(&self, what: &str) -> FolderEntry {
        self.entry.beside(format!(".{}.same-ca-{what}", self.entry.name))
    }

    /// The backup of it.
    pub(super) fn backup(&self, suffix: &str) -> FolderEntry {
        self.entry.beside(format!("{}{suffix}", self.entry.name))
    }

    /// The backup that a journal names: nothing but a backup of this very file.
    pub(super) fn journaled_backup(&self, name: &str) -> Option<FolderEntry> {
        let of_this = name.strip_prefix(self.entry.name.as_str())?;
        (of_this.ends_with(".bak") && !name.contains(['/', '\\'])).then(|| self.entry.beside(name.to_owned()))
    }

    pub(super) fn entry_path(&self) -> String {
        self.path().display().to_string()
    }
}
