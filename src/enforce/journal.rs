//! The journal of an installation: which files are being replaced, by which, and what they held before.
//!
//! It is written whole (beside, synced, renamed) once the new files and second names of the old ones are synced, and
//! taken away once every rename is. While it stands, the run that wrote it was interrupted. It holds digests and names,
//! no contents.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::protocol::Sha256Hex;

use super::InstallError;
use super::folder::os;
use super::target::Target;

/// The version of the journal's form.
const VERSION: u32 = 1;
/// Largest journal: three paths of 4096 bytes (PATH_MAX), each byte escaped, and some names.
const LIMIT: u64 = 128 * 1024;

/// An installation that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// Always [`VERSION`].
    same_ca_journal: u32,
    /// The files, in the order of the place.
    pub files: Vec<Entry>,
}

/// One file that is being replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its path, resolved.
    pub path: String,
    /// SHA-256 of what it shall hold.
    pub new: Sha256Hex,
    /// SHA-256 of what it held; null where there was no such file.
    pub old: Option<Sha256Hex>,
    /// Name of the backup that stays, in the same folder.
    pub backup: Option<String>,
}

impl Journal {
    /// A journal of these files.
    pub fn new(files: Vec<Entry>) -> Self {
        Journal {
            same_ca_journal: VERSION,
            files,
        }
    }

    /// Writes it beside the first file of the place, synced, and then gives it its name. What fails says where.
    pub fn write(&self, first: &Target) -> Result<(), (PathBuf, io::Error)> {
        let (draft, path) = (first.draft(), first.journal());
        let at_draft = |error| (draft.path(), error);
        let at_folder = |error| (first.folder().path().to_owned(), error);
        let bytes = serde_json::to_vec(self).map_err(|error| at_draft(error.into()))?;
        let mut file = draft.create(true).map_err(at_draft)?;
        file.write_all(&bytes).map_err(at_draft)?;
        file.sync_all().map_err(at_draft)?;
        drop(file);
        first.folder().sync().map_err(at_folder)?;
        draft.rename(&path).map_err(|error| (path.path(), error))?;
        first.folder().sync().map_err(at_folder)
    }

    /// The journal beside the first file of a place, if there is one.
    ///
    /// # Errors
    /// Where it cannot be read, is not a journal, or may have been written by another user.
    pub fn read(first: &Target) -> Result<Option<Self>, InstallError> {
        let journal = first.journal();
        let named = journal.path().display().to_string();
        let mut file = match journal.open() {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(InstallError::refused_for(named, error)),
        };
        let metadata = file
            .metadata()
            .map_err(|error| InstallError::refused_for(named.clone(), error))?;
        if !metadata.is_file() || !os::is_ours(&file, &metadata) {
            let why = "this journal of an interrupted run was not written by same-ca; look at it, and remove it";
            return Err(InstallError::refused(named, why));
        }
        let mut bytes = Vec::new();
        (&mut file)
            .take(LIMIT)
            .read_to_end(&mut bytes)
            .map_err(|error| InstallError::refused_for(named.clone(), error))?;
        let journal: Option<Self> = serde_json::from_slice(&bytes).ok();
        match journal.filter(|journal| journal.same_ca_journal == VERSION) {
            Some(journal) => Ok(Some(journal)),
            None => Err(InstallError::refused(
                named,
                "this journal of an interrupted run is damaged; see which pair of files fits, and remove it",
            )),
        }
    }
}

/// What is at one file of a journal, and beside it.
#[derive(Debug)]
pub struct FileState {
    /// At the file itself.
    pub target: Option<Zeroizing<Vec<u8>>>,
    /// The new one, beside it.
    pub staged: Option<Zeroizing<Vec<u8>>>,
    /// The old one, beside it.
    pub saved: Option<Zeroizing<Vec<u8>>>,
}

/// What is to become of an interrupted installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything new is there: it is finished.
    Finish,
    /// Something new is lost, and everything old is there: it is undone.
    Undo,
}

/// Whether to finish or to undo; `None` where a file has neither its old nor its new content: it was changed since.
pub fn verdict(entries: &[Entry], found: &[FileState]) -> Option<Verdict> {
    let is = |content: &Option<Zeroizing<Vec<u8>>>, wanted: Option<Sha256Hex>| {
        content.as_ref().map(|content| digest(content)) == wanted
    };
    let can = |test: &dyn Fn(&Entry, &FileState) -> bool| {
        entries.len() == found.len() && entries.iter().zip(found).all(|(entry, found)| test(entry, found))
    };
    let finish = |entry: &Entry, found: &FileState| {
        is(&found.target, Some(entry.new)) || is(&found.staged, Some(entry.new)) && is(&found.target, entry.old)
    };
    let undo = |entry: &Entry, found: &FileState| {
        is(&found.target, entry.old)
            || is(&found.target, Some(entry.new)) && (entry.old.is_none() || is(&found.saved, entry.old))
    };
    if can(&finish) {
        Some(Verdict::Finish)
    } else if can(&undo) {
        Some(Verdict::Undo)
    } else {
        None
    }
}

/// The SHA-256 of a file's content.
pub fn digest(content: &[u8]) -> Sha256Hex {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&Sha256::digest(content));
    crate::protocol::Hex(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(old: Option<&[u8]>) -> Entry {
        Entry {
            path: "/place/a.pem".into(),
            new: digest(b"new"),
            old: old.map(digest),
            backup: None,
        }
    }

    fn found(target: &str, staged: &str, saved: &str) -> FileState {
        let content = |text: &str| (!text.is_empty()).then(|| Zeroizing::new(text.as_bytes().to_vec()));
        FileState {
            target: content(target),
            staged: content(staged),
            saved: content(saved),
        }
    }

    #[test]
    fn what_can_be_finished_is_and_what_can_only_be_undone_is_undone() {
        let one = |old: Option<&[u8]>, target, staged, saved| verdict(&[entry(old)], &[found(target, staged, saved)]);
        let old = Some(b"old".as_slice());
        assert_eq!(one(old, "old", "new", "old"), Some(Verdict::Finish));
        assert_eq!(one(old, "new", "", "old"), Some(Verdict::Finish));
        assert_eq!(one(old, "old", "", "old"), Some(Verdict::Undo));
        assert_eq!(one(old, "old", "torn", ""), Some(Verdict::Undo));
        assert_eq!(one(None, "", "new", ""), Some(Verdict::Finish));
        assert_eq!(one(None, "", "", ""), Some(Verdict::Undo));
        assert_eq!(one(old, "another", "new", "old"), None, "somebody else was there");
        assert_eq!(one(old, "", "new", "old"), None, "somebody removed it");
    }

    #[test]
    fn files_are_finished_or_undone_together() {
        let entries = [entry(Some(b"old")), entry(Some(b"old"))];
        let both = |first, second| verdict(&entries, &[first, second]);
        assert_eq!(
            both(found("new", "", "old"), found("old", "new", "old")),
            Some(Verdict::Finish)
        );
        assert_eq!(
            both(found("new", "", "old"), found("old", "", "old")),
            Some(Verdict::Undo)
        );
        assert_eq!(both(found("new", "", ""), found("old", "", "old")), None);
        assert_eq!(verdict(&entries, &[found("new", "", "old")]), None);
    }

    #[test]
    fn a_journal_of_another_form_is_none() {
        let journal = Journal::new(vec![entry(None)]);
        let text = serde_json::to_string(&journal).unwrap();
        assert_eq!(serde_json::from_str::<Journal>(&text).unwrap(), journal);
        let more = text.replace("\"same_ca_journal\"", "\"more\":1,\"same_ca_journal\"");
        assert!(serde_json::from_str::<Journal>(&more).is_err());
    }
}
