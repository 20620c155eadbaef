//! Puts files in place, whole or not at all, and mends what an interrupted run left behind.
//!
//! The order, each step synced before the next: new files beside the old ones; second names of the old ones; the
//! journal; the renames; the journal's removal, which is the moment from which on the new files stand; the removal of
//! the second names. What fails before that moment is undone at once; who is killed leaves it to the next run.

use std::fs::TryLockError;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::folder::{self, Folder, FolderEntry, Kind, Unfit, os};
use super::journal::{self, Entry, FileState, Journal, Verdict};
use super::target::Target;
use crate::protocol::Phrase;

use super::{InstallError, is_refusal};

/// How often a folder is tried that another run has locked, and how long each wait is: thirty seconds together. Another
/// run holds it while it reads subjects, of which one by TLS may take ten.
const LOCK_TRIES: u32 = 300;
const LOCK_WAIT: Duration = Duration::from_millis(100);

/// Room that a file system must have beside the new files: blocks that are not full, the journal, folders that grow.
const SPARE_ROOM: u64 = 64 * 1024;

/// A folder that no other run changes while this is held. The folder itself is locked, so nothing is left in it.
#[derive(Debug)]
pub struct Lock(Arc<Folder>, os::LockHandle);

impl Lock {
    /// Locks a folder, waiting a while for another run to end.
    ///
    /// # Errors
    /// Where the other run does not end, or the folder cannot be locked.
    pub fn take(folder: &Arc<Folder>) -> Result<Self, InstallError> {
        let named = || folder.path().display().to_string();
        for _ in 0..LOCK_TRIES {
            match folder.try_lock() {
                Ok(held) => return Ok(Lock(folder.clone(), held)),
                Err(TryLockError::WouldBlock) => thread::sleep(LOCK_WAIT),
                Err(TryLockError::Error(cause)) => {
                    return Err(InstallError::Refused {
                        path: named(),
                        why: Phrase::named(
                            "place",
                            "the folder cannot be locked, so two runs could be in each other's way",
                        ),
                        cause: Some(cause),
                    });
                }
            }
        }
        Err(InstallError::refused(
            named(),
            "another run of same-ca is installing there",
        ))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.unlock(&self.1);
    }
}

/// A file before anything is changed.
#[derive(Debug)]
pub struct CurrentFile {
    /// Its content; `None` where there is no such file.
    pub content: Option<Zeroizing<Vec<u8>>>,
    kept: Option<os::Kept>,
}

impl CurrentFile {
    /// Its content.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.content.as_ref().map(|content| content.as_slice())
    }
}

/// Reads the current files of a place, and says whether they may be replaced.
///
/// # Errors
/// Where they may not: a symbolic link, a special file, a file of another user, a folder without write access.
pub fn examine(targets: &[Target]) -> Result<Vec<CurrentFile>, InstallError> {
    targets.iter().map(examine_one).collect()
}

fn examine_one(target: &Target) -> Result<CurrentFile, InstallError> {
    let refused = |why: &str| InstallError::refused(&target.given, why);
    let refused_for = |error: io::Error| InstallError::refused_for(&target.given, error);
    let entry = &target.entry;
    let unfit = |why| match why {
        Unfit::Why(why) => refused(why),
        Unfit::Said(error) => refused_for(error),
    };
    os::check_folder(&entry.folder, target.key).map_err(unfit)?;
    match entry.kind().map_err(refused_for)? {
        None => {
            return Ok(CurrentFile {
                content: None,
                kept: None,
            });
        }
        Some(Kind::Link) => return Err(refused("it is a symbolic link; name the file that it leads to")),
        Some(Kind::Other) => return Err(refused("it is no ordinary file")),
        Some(Kind::File) => {}
    }
    let mut file = entry.open().map_err(refused_for)?;
    // The open file is the one that was examined, unless it is being replaced.
    let metadata = file.metadata().map_err(refused_for)?;
    if !metadata.is_file() {
        return Err(refused("it is no ordinary file"));
    }
    os::check_owner(&file, &metadata, &entry.folder, target.key).map_err(unfit)?;
    entry.check_replaceable().map_err(refused_for)?;
    let kept = os::Kept::of(&file).map_err(refused_for)?;
    let content = folder::read(&mut file).map_err(refused_for)?;
    Ok(CurrentFile {
        content: Some(content),
        kept: Some(kept),
    })
}

/// Whether the file systems can take the new files beside the old ones.
///
/// # Errors
/// Where one is full.
pub fn check_room(targets: &[Target], contents: &[Zeroizing<Vec<u8>>]) -> Result<(), InstallError> {
    let wanted: u64 = contents.iter().map(|content| content.len() as u64).sum();
    for target in targets {
        let free = os::free(target.folder()).map_err(|error| InstallError::refused_for(&target.given, error))?;
        if free.is_some_and(|free| free < wanted + SPARE_ROOM) {
            return Err(InstallError::refused_for(
                &target.given,
                io::ErrorKind::StorageFull.into(),
            ));
        }
    }
    Ok(())
}

/// The paths of the backups that an installation makes, as an action names them.
pub fn backups(targets: &[Target], current: &[CurrentFile], suffix: Option<&str>) -> Vec<String> {
    let Some(suffix) = suffix else { return Vec::new() };
    let stands = targets.iter().zip(current).filter(|(_, one)| one.content.is_some());
    stands.map(|(target, _)| format!("{}{suffix}", target.given)).collect()
}

/// Replaces the files of a place. The folders must be locked, and nothing of an interrupted run be left in them.
/// Returns the paths of what could not be removed afterwards, which is no reason to undo anything.
///
/// # Errors
/// Where it was refused or failed: the previous files are in place.
pub fn install(
    targets: &[Target],
    current: &[CurrentFile],
    contents: &[Zeroizing<Vec<u8>>],
    backup: Option<&str>,
) -> Result<Vec<Leftover>, InstallError> {
    let mut made = Vec::new();
    let prepared = prepare(targets, current, contents, backup, &mut made);
    let journal = match prepared {
        Ok(journal) => journal,
        Err((path, cause)) => {
            // The files have not been touched, and the first failure is the one to report.
            made.iter().rev().for_each(|entry| drop(entry.remove()));
            let path = path.display().to_string();
            return Err(if is_refusal(&cause) {
                InstallError::refused_for(path, cause)
            } else {
                InstallError::Failed { path, cause }
            });
        }
    };
    if let Err((path, cause)) = switch(targets) {
        let path = path.display().to_string();
        return Err(match undo(targets, &journal.files) {
            Ok(()) => {
                made.iter().rev().for_each(|entry| drop(entry.remove()));
                InstallError::Failed { path, cause }
            }
            Err(_) => InstallError::Unfinished { path, cause },
        });
    }
    Ok(clean(targets, &journal.files))
}

/// Something that an installation could not take away.
#[derive(Debug)]
pub struct Leftover {
    /// What it is.
    pub path: PathBuf,
    /// What the system said.
    pub cause: io::Error,
}

type At<T> = Result<T, (PathBuf, io::Error)>;

/// Everything up to the journal: nothing of the place itself is touched. `made` lists what has to go if it fails.
fn prepare(
    targets: &[Target],
    current: &[CurrentFile],
    contents: &[Zeroizing<Vec<u8>>],
    backup: Option<&str>,
    made: &mut Vec<FolderEntry>,
) -> At<Journal> {
    let mut entries = Vec::with_capacity(targets.len());
    for ((target, current), content) in targets.iter().zip(current).zip(contents) {
        stage(&target.staged(), content, current.kept.as_ref(), target.key, made)?;
        let mut kept = None;
        if let Some(old) = &current.content {
            second_name(target, &target.saved(), old, current.kept.as_ref(), made)?;
            if let Some(suffix) = backup {
                let entry = target.backup(suffix);
                if !holds(&entry, old) {
                    second_name(target, &entry, old, current.kept.as_ref(), made)?;
                }
                kept = Some(entry.name);
            }
        }
        entries.push(Entry {
            path: target.entry_path(),
            new: journal::digest(content),
            old: current.content.as_ref().map(|old| journal::digest(old)),
            backup: kept,
        });
    }
    sync_folders(targets)?;
    let journal = Journal::new(entries);
    if let Some(first) = targets.first() {
        made.extend([first.draft(), first.journal()]);
        journal.write(first)?;
    }
    Ok(journal)
}

/// Writes a new file beside an old one, owned as that is.
fn stage(
    entry: &FolderEntry,
    content: &[u8],
    kept: Option<&os::Kept>,
    key: bool,
    made: &mut Vec<FolderEntry>,
) -> At<()> {
    let at = |error| (entry.path(), error);
    let mut file = entry.create(key).map_err(at)?;
    made.push(entry.clone());
    // Before the content: until the access is set, only this user may open it.
    match kept {
        Some(kept) => kept.give(&file, key),
        None => os::fresh(&file, key),
    }
    .and_then(|()| file.write_all(content))
    .and_then(|()| file.sync_all())
    .map_err(at)
}

/// Gives the old file another name; where the file system has no second names, a copy.
fn second_name(
    target: &Target,
    entry: &FolderEntry,
    old: &[u8],
    kept: Option<&os::Kept>,
    made: &mut Vec<FolderEntry>,
) -> At<()> {
    match target.entry.link(entry) {
        Ok(()) => {
            made.push(entry.clone());
            // It must be the content that was judged, since it is what an undo restores. It may have changed since.
            match holds(entry, old) {
                true => Ok(()),
                false => Err((target.path(), io::ErrorKind::ResourceBusy.into())),
            }
        }
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::TooManyLinks | io::ErrorKind::PermissionDenied
            ) =>
        {
            stage(entry, old, kept, target.key, made)
        }
        Err(error) => Err((entry.path(), error)),
    }
}

/// Whether an ordinary file of this content is there.
fn holds(entry: &FolderEntry, content: &[u8]) -> bool {
    entry
        .read()
        .is_ok_and(|held| held.is_some_and(|held| held.as_slice() == content))
}

/// Gives the new files their names, and takes the journal away: the certificate comes last, as it is what is looked at.
fn switch(targets: &[Target]) -> At<()> {
    for target in targets.iter().rev() {
        target
            .staged()
            .rename(&target.entry)
            .map_err(|error| (target.path(), error))?;
    }
    sync_folders(targets)?;
    take_journal_away(targets)
}

fn take_journal_away(targets: &[Target]) -> At<()> {
    let Some(first) = targets.first() else { return Ok(()) };
    let journal = first.journal();
    journal.remove().map_err(|error| (journal.path(), error))?;
    // A journal that came back after a loss of power would find every file as it shall be.
    let _ = first.folder().sync();
    Ok(())
}

/// Puts the old files back, whatever has been renamed so far.
fn undo(targets: &[Target], entries: &[Entry]) -> At<()> {
    for (target, journaled) in targets.iter().zip(entries) {
        let at = |error| (target.path(), error);
        let stands = target.entry.read().map_err(at)?.map(|held| journal::digest(&held));
        if stands == journaled.old {
            continue;
        }
        match journaled.old {
            Some(_) => target.saved().rename(&target.entry).map_err(at)?,
            None => target.entry.remove().map_err(at)?,
        }
    }
    sync_folders(targets)?;
    take_journal_away(targets)
}

/// Takes away what an installation needed for a while, and closes backups of keys to others.
fn clean(targets: &[Target], entries: &[Entry]) -> Vec<Leftover> {
    let mut left = Vec::new();
    for target in targets {
        for entry in [target.staged(), target.saved(), target.draft()] {
            if let Err(cause) = entry.remove() {
                let path = entry.path();
                left.push(Leftover { path, cause });
            }
        }
    }
    for (target, journaled) in targets.iter().zip(entries) {
        let Some(backup) = journaled
            .backup
            .as_deref()
            .and_then(|name| target.journaled_backup(name))
        else {
            continue;
        };
        // After an undo both names are of one file. That is no backup: a change of one would change the other.
        let done = if backup.is_same(&target.entry) {
            backup.remove()
        } else if target.key {
            backup.close_to_others()
        } else {
            Ok(())
        };
        if let Err(cause) = done
            && cause.kind() != io::ErrorKind::NotFound
        {
            let path = backup.path();
            left.push(Leftover { path, cause });
        }
    }
    // Their removal may be lost with the power; the next run then finds them again.
    let _ = sync_folders(targets);
    left
}

/// What an interrupted run left in a place.
#[derive(Debug)]
pub struct Interrupted {
    verdict: Option<Verdict>,
    entries: Vec<Entry>,
    /// What each file will hold once it is mended; `None` where there will be no such file.
    pub contents: Vec<Option<Zeroizing<Vec<u8>>>>,
}

impl Interrupted {
    /// Whether the files of the place are concerned, and not only what lies beside them.
    pub fn concerns_files(&self) -> bool {
        self.verdict.is_some()
    }
}

/// Looks for what an interrupted run left in a place; `None` where there is nothing.
///
/// # Errors
/// Where it cannot be told what is to become of it.
pub fn interrupted(targets: &[Target]) -> Result<Option<Interrupted>, InstallError> {
    let Some(first) = targets.first() else { return Ok(None) };
    let content = |entry: &FolderEntry| {
        let refused = |error| InstallError::refused_for(entry.path().display().to_string(), error);
        entry.read().map_err(refused)
    };
    let Some(journal) = Journal::read(first)? else {
        let beside = |target: &Target| [target.staged(), target.saved(), target.draft()];
        let there = |entry: &FolderEntry| !matches!(entry.kind(), Ok(None));
        if !targets.iter().flat_map(beside).any(|entry| there(&entry)) {
            return Ok(None);
        }
        let contents = targets.iter().map(|target| content(&target.entry));
        return Ok(Some(Interrupted {
            verdict: None,
            entries: Vec::new(),
            contents: contents.collect::<Result<_, _>>()?,
        }));
    };
    let named = first.journal().path().display().to_string();
    let paths = targets.iter().map(Target::entry_path);
    if !journal
        .files
        .iter()
        .map(|journaled| &journaled.path)
        .eq(paths.collect::<Vec<_>>().iter())
    {
        let why = "an interrupted run was installing another set of files there; run enforce with its request, or see which \
                   pair of files fits and remove this journal";
        return Err(InstallError::refused(named, why));
    }
    let mut found = Vec::with_capacity(targets.len());
    for target in targets {
        found.push(FileState {
            target: content(&target.entry)?,
            staged: content(&target.staged())?,
            saved: content(&target.saved())?,
        });
    }
    let Some(verdict) = journal::verdict(&journal.files, &found) else {
        let why = "the files have been changed since a run was interrupted; see which pair fits, and remove this journal \
                   and the files of that run (.NAME.same-ca-new and .NAME.same-ca-old)";
        return Err(InstallError::refused(named, why));
    };
    let after = |(journaled, found): (&Entry, FileState)| {
        let stands = found.target.as_ref().map(|held| journal::digest(held));
        match verdict {
            Verdict::Finish if stands == Some(journaled.new) => found.target,
            Verdict::Finish => found.staged,
            Verdict::Undo if stands == journaled.old => found.target,
            Verdict::Undo if journaled.old.is_none() => None,
            Verdict::Undo => found.saved,
        }
    };
    let contents = journal.files.iter().zip(found).map(after).collect();
    Ok(Some(Interrupted {
        verdict: Some(verdict),
        entries: journal.files,
        contents,
    }))
}

/// Finishes or undoes what an interrupted run left. The folders must be locked.
///
/// # Errors
/// Where that fails: the next run tries again.
pub fn recover(targets: &[Target], interrupted: &Interrupted) -> Result<Vec<Leftover>, InstallError> {
    let entries = &interrupted.entries;
    let mended = match interrupted.verdict {
        None => Ok(()),
        Some(Verdict::Undo) => undo(targets, entries),
        Some(Verdict::Finish) => finish(targets, entries),
    };
    match mended {
        Ok(()) => Ok(clean(targets, entries)),
        Err((path, cause)) => {
            let path = path.display().to_string();
            Err(InstallError::Unfinished { path, cause })
        }
    }
}

fn finish(targets: &[Target], entries: &[Entry]) -> At<()> {
    for (target, journaled) in targets.iter().zip(entries).rev() {
        let at = |error| (target.path(), error);
        let stands = target.entry.read().map_err(at)?.map(|held| journal::digest(&held));
        if stands != Some(journaled.new) {
            target.staged().rename(&target.entry).map_err(at)?;
        }
    }
    sync_folders(targets)?;
    take_journal_away(targets)
}

fn sync_folders(targets: &[Target]) -> At<()> {
    let mut synced: Vec<&Path> = Vec::new();
    for target in targets {
        let folder = target.folder();
        if !synced.contains(&folder.path()) {
            folder.sync().map_err(|error| (folder.path().to_owned(), error))?;
            synced.push(folder.path());
        }
    }
    Ok(())
}
