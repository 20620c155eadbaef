//! Puts files in place, whole or not at all, and mends what an interrupted run left behind.
//!
//! The order, each step synced before the next: new files beside the old ones; second names of the old ones; the
//! journal; the renames; the journal's removal, which is the moment from which on the new files stand; the removal of
//! the second names. What fails before that moment is undone at once; who is killed leaves it to the next run.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::decode::MAX_INPUT_BYTES;

use super::journal::{self, Entry, Found, Journal, Verdict};
use super::plan::Slot;
use super::{Trouble, is_refusal};

/// How often a folder is tried that another run has locked, and how long each wait is: thirty seconds together. Another
/// run holds it while it reads subjects, of which one by TLS may take ten.
const LOCK_TRIES: u32 = 300;
const LOCK_WAIT: Duration = Duration::from_millis(100);

/// Room that a file system must have beside the new files: blocks that are not full, the journal, folders that grow.
const SPARE_ROOM: u64 = 64 * 1024;

/// A file of a place, with the folder that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As given.
    pub given: String,
    /// With one spelling: its folder resolved, itself not.
    pub path: PathBuf,
    /// Its folder.
    pub folder: PathBuf,
    name: String,
    key: bool,
}

impl Target {
    /// Finds the folder of a file. The file need not be there.
    ///
    /// # Errors
    /// Where the folder is not there, or the path names no file.
    pub fn resolve(slot: &Slot) -> Result<Self, Trouble> {
        if !os::SUPPORTED {
            let why = "this build installs files on Unix alone; use {\"by\": \"caller\"}, and install what it chooses";
            return Err(Trouble::refused(&slot.path, why));
        }
        let given = Path::new(&slot.path);
        let refused = |why: &str| Trouble::refused(&slot.path, why);
        let name = given.file_name().and_then(|name| name.to_str());
        let name = name.filter(|_| !slot.path.ends_with(['/', std::path::MAIN_SEPARATOR]));
        let name = name.ok_or_else(|| refused("it is not the path of a file"))?;
        let parent = match given.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let folder = fs::canonicalize(parent).map_err(|error| Trouble::refused_for(&slot.path, error))?;
        let path = folder.join(name);
        if path.to_str().is_none() {
            return Err(refused("the name of its folder is not Unicode"));
        }
        Ok(Target {
            given: slot.path.clone(),
            path,
            folder,
            name: name.to_owned(),
            key: slot.key,
        })
    }

    /// The new file, before it gets its name.
    fn staged(&self) -> PathBuf {
        self.beside("new")
    }

    /// A second name of the old file.
    fn saved(&self) -> PathBuf {
        self.beside("old")
    }

    /// The journal of the place whose first file this is.
    pub(super) fn journal(&self) -> PathBuf {
        self.beside("journal")
    }

    /// The journal, before it gets its name.
    pub(super) fn draft(&self) -> PathBuf {
        self.beside("draft")
    }

    fn beside(&self, what: &str) -> PathBuf {
        self.folder.join(format!(".{}.same-ca-{what}", self.name))
    }

    /// The backup of it.
    fn backup(&self, suffix: &str) -> PathBuf {
        self.folder.join(format!("{}{suffix}", self.name))
    }

    fn entry_path(&self) -> String {
        self.path.display().to_string()
    }
}

/// A folder that no other run changes while this is held. The folder itself is locked, so nothing is left in it.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, and let go when dropped")] File);

impl Lock {
    /// Locks a folder, waiting a while for another run to end.
    ///
    /// # Errors
    /// Where the other run does not end, or the folder cannot be locked.
    pub fn take(folder: &Path) -> Result<Self, Trouble> {
        let named = || folder.display().to_string();
        let file = File::open(folder).map_err(|error| Trouble::refused_for(named(), error))?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) => thread::sleep(LOCK_WAIT),
                Err(TryLockError::Error(cause)) => {
                    return Err(Trouble::Refused {
                        path: named(),
                        why: "the folder cannot be locked, so two runs could be in each other's way".into(),
                        cause: Some(cause),
                    });
                }
            }
        }
        Err(Trouble::refused(named(), "another run of same-ca is installing there"))
    }
}

/// What stands at one file before anything is touched.
#[derive(Debug)]
pub struct Standing {
    /// Its content; `None` where there is no such file.
    pub content: Option<Zeroizing<Vec<u8>>>,
    kept: Option<os::Kept>,
}

/// Reads what stands at the files of a place, and says whether they may be replaced.
///
/// # Errors
/// Where they may not: a symbolic link, a special file, somebody else's file, a folder that may not be written.
pub fn examine(targets: &[Target]) -> Result<Vec<Standing>, Trouble> {
    targets.iter().map(examine_one).collect()
}

fn examine_one(target: &Target) -> Result<Standing, Trouble> {
    let refused = |why: &str| Trouble::refused(&target.given, why);
    let refused_for = |error: io::Error| Trouble::refused_for(&target.given, error);
    os::check_folder(&target.folder, target.key).map_err(|why| match why {
        os::Unfit::Why(why) => refused(why),
        os::Unfit::Said(error) => refused_for(error),
    })?;
    let metadata = match fs::symlink_metadata(&target.path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Standing {
                content: None,
                kept: None,
            });
        }
        Err(error) => return Err(refused_for(error)),
    };
    if metadata.is_symlink() {
        return Err(refused("it is a symbolic link; name the file that it leads to"));
    }
    if !metadata.is_file() {
        return Err(refused("it is no ordinary file"));
    }
    if !os::may_replace(&metadata) {
        return Err(refused("it belongs to another user; run as its owner or as root"));
    }
    let mut file = os::open(&target.path).map_err(refused_for)?;
    // What is read is what was looked at, unless somebody is changing it.
    if !file.metadata().map_err(refused_for)?.is_file() {
        return Err(refused("it is no ordinary file"));
    }
    let kept = os::Kept::of(&file).map_err(refused_for)?;
    let content = read(&mut file).map_err(refused_for)?;
    Ok(Standing {
        content: Some(content),
        kept: Some(kept),
    })
}

/// Whether the file systems can take the new files beside the old ones.
///
/// # Errors
/// Where one is full.
pub fn check_room(targets: &[Target], contents: &[Zeroizing<Vec<u8>>]) -> Result<(), Trouble> {
    let wanted: u64 = contents.iter().map(|content| content.len() as u64).sum();
    for target in targets {
        let free = os::free(&target.folder).map_err(|error| Trouble::refused_for(&target.given, error))?;
        if free.is_some_and(|free| free < wanted + SPARE_ROOM) {
            return Err(Trouble::refused_for(&target.given, io::ErrorKind::StorageFull.into()));
        }
    }
    Ok(())
}

/// The paths of the backups that an installation makes, as an action names them.
pub fn backups(targets: &[Target], standing: &[Standing], suffix: Option<&str>) -> Vec<String> {
    let Some(suffix) = suffix else { return Vec::new() };
    let stands = targets.iter().zip(standing).filter(|(_, one)| one.content.is_some());
    stands.map(|(target, _)| format!("{}{suffix}", target.given)).collect()
}

/// Replaces the files of a place. The folders must be locked, and nothing of an interrupted run be left in them.
/// Returns the paths of what could not be removed afterwards, which is no reason to undo anything.
///
/// # Errors
/// Where it was refused or failed: what stood before stands.
pub fn install(
    targets: &[Target],
    standing: &[Standing],
    contents: &[Zeroizing<Vec<u8>>],
    backup: Option<&str>,
) -> Result<Vec<Leftover>, Trouble> {
    let mut made = Vec::new();
    let prepared = prepare(targets, standing, contents, backup, &mut made);
    let journal = match prepared {
        Ok(journal) => journal,
        Err((path, cause)) => {
            // The files have not been touched, and the first failure is the one to report.
            made.iter().rev().for_each(|path| drop(fs::remove_file(path)));
            let path = path.display().to_string();
            return Err(if is_refusal(&cause) {
                Trouble::refused_for(path, cause)
            } else {
                Trouble::Failed { path, cause }
            });
        }
    };
    if let Err((path, cause)) = switch(targets) {
        let path = path.display().to_string();
        return Err(match undo(targets, &journal.files) {
            Ok(()) => {
                made.iter().rev().for_each(|path| drop(fs::remove_file(path)));
                Trouble::Failed { path, cause }
            }
            Err(_) => Trouble::Unfinished { path, cause },
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
    standing: &[Standing],
    contents: &[Zeroizing<Vec<u8>>],
    backup: Option<&str>,
    made: &mut Vec<PathBuf>,
) -> At<Journal> {
    let mut entries = Vec::with_capacity(targets.len());
    for ((target, standing), content) in targets.iter().zip(standing).zip(contents) {
        stage(&target.staged(), content, standing.kept.as_ref(), target.key, made)?;
        let mut kept = None;
        if let Some(old) = &standing.content {
            second_name(target, &target.saved(), old, standing.kept.as_ref(), made)?;
            if let Some(suffix) = backup {
                let path = target.backup(suffix);
                if !holds(&path, old) {
                    second_name(target, &path, old, standing.kept.as_ref(), made)?;
                }
                kept = Some(path);
            }
        }
        entries.push(Entry {
            path: target.entry_path(),
            new: journal::digest(content),
            old: standing.content.as_ref().map(|old| journal::digest(old)),
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
fn stage(path: &Path, content: &[u8], kept: Option<&os::Kept>, key: bool, made: &mut Vec<PathBuf>) -> At<()> {
    let at = |error| (path.to_owned(), error);
    let mut file = os::create(path).map_err(at)?;
    made.push(path.to_owned());
    // Before the content: until it is closed to others, nobody but us may open it.
    match kept {
        Some(kept) => kept.give(&file, key),
        None => os::fresh(&file, key),
    }
    .and_then(|()| file.write_all(content))
    .and_then(|()| file.sync_all())
    .map_err(at)
}

/// Gives the old file another name; where the file system has no second names, a copy.
fn second_name(target: &Target, path: &Path, old: &[u8], kept: Option<&os::Kept>, made: &mut Vec<PathBuf>) -> At<()> {
    match fs::hard_link(&target.path, path) {
        Ok(()) => {
            made.push(path.to_owned());
            Ok(())
        }
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::TooManyLinks | io::ErrorKind::PermissionDenied
            ) =>
        {
            stage(path, old, kept, target.key, made)
        }
        Err(error) => Err((path.to_owned(), error)),
    }
}

/// Whether a backup of this content is there already.
fn holds(path: &Path, content: &[u8]) -> bool {
    let link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    link && read_path(path).is_ok_and(|held| held.is_some_and(|held| held.as_slice() == content))
}

/// Gives the new files their names, and takes the journal away: the certificate comes last, as it is what is looked at.
fn switch(targets: &[Target]) -> At<()> {
    for target in targets.iter().rev() {
        fs::rename(target.staged(), &target.path).map_err(|error| (target.path.clone(), error))?;
    }
    sync_folders(targets)?;
    take_journal_away(targets)
}

fn take_journal_away(targets: &[Target]) -> At<()> {
    let Some(first) = targets.first() else { return Ok(()) };
    let journal = first.journal();
    match fs::remove_file(&journal) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err((journal, error)),
    }
    // A journal that came back after a loss of power would find every file as it shall be.
    let _ = sync_folder(&first.folder);
    Ok(())
}

/// Puts the old files back, whatever has been renamed so far.
fn undo(targets: &[Target], entries: &[Entry]) -> At<()> {
    for (target, entry) in targets.iter().zip(entries) {
        let at = |error| (target.path.clone(), error);
        let stands = read_path(&target.path).map_err(at)?.map(|held| journal::digest(&held));
        if stands == entry.old {
            continue;
        }
        match entry.old {
            Some(_) => fs::rename(target.saved(), &target.path).map_err(at)?,
            None => fs::remove_file(&target.path).map_err(at)?,
        }
    }
    sync_folders(targets)?;
    take_journal_away(targets)
}

/// Takes away what an installation needed for a while, and closes backups of keys to others.
fn clean(targets: &[Target], entries: &[Entry]) -> Vec<Leftover> {
    let mut left = Vec::new();
    for target in targets {
        for path in [target.staged(), target.saved(), target.draft()] {
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(cause) => left.push(Leftover { path, cause }),
            }
        }
    }
    for (_, entry) in targets.iter().zip(entries).filter(|(target, _)| target.key) {
        if let Some(path) = &entry.backup
            && let Err(cause) = os::close_to_others(path)
        {
            let path = path.clone();
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
pub fn interrupted(targets: &[Target]) -> Result<Option<Interrupted>, Trouble> {
    let Some(first) = targets.first() else { return Ok(None) };
    let content =
        |path: PathBuf| read_path(&path).map_err(|error| Trouble::refused_for(path.display().to_string(), error));
    let Some(journal) = Journal::read(first)? else {
        let beside = |target: &Target| [target.staged(), target.saved(), target.draft()];
        let there = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
        if !targets.iter().flat_map(beside).any(|path| there(&path)) {
            return Ok(None);
        }
        let contents = targets.iter().map(|target| content(target.path.clone()));
        return Ok(Some(Interrupted {
            verdict: None,
            entries: Vec::new(),
            contents: contents.collect::<Result<_, _>>()?,
        }));
    };
    let named = first.journal().display().to_string();
    let paths = targets.iter().map(Target::entry_path);
    if !journal
        .files
        .iter()
        .map(|entry| &entry.path)
        .eq(paths.collect::<Vec<_>>().iter())
    {
        let why = "an interrupted run was installing another set of files there; run enforce with its request, or see which \
                   pair of files fits and remove this journal";
        return Err(Trouble::refused(named, why));
    }
    let mut found = Vec::with_capacity(targets.len());
    for target in targets {
        found.push(Found {
            target: content(target.path.clone())?,
            staged: content(target.staged())?,
            saved: content(target.saved())?,
        });
    }
    let Some(verdict) = journal::verdict(&journal.files, &found) else {
        let why = "the files have been changed since a run was interrupted; see which pair fits, and remove this journal \
                   and the files of that run (.NAME.same-ca-new and .NAME.same-ca-old)";
        return Err(Trouble::refused(named, why));
    };
    let after = |(entry, found): (&Entry, Found)| {
        let stands = found.target.as_ref().map(|held| journal::digest(held));
        match verdict {
            Verdict::Finish if stands == Some(entry.new) => found.target,
            Verdict::Finish => found.staged,
            Verdict::Undo if stands == entry.old => found.target,
            Verdict::Undo if entry.old.is_none() => None,
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
pub fn recover(targets: &[Target], interrupted: &Interrupted) -> Result<Vec<Leftover>, Trouble> {
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
            Err(Trouble::Unfinished { path, cause })
        }
    }
}

fn finish(targets: &[Target], entries: &[Entry]) -> At<()> {
    for (target, entry) in targets.iter().zip(entries).rev() {
        let at = |error| (target.path.clone(), error);
        let stands = read_path(&target.path).map_err(at)?.map(|held| journal::digest(&held));
        if stands != Some(entry.new) {
            fs::rename(target.staged(), &target.path).map_err(at)?;
        }
    }
    sync_folders(targets)?;
    take_journal_away(targets)
}

fn read_path(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    match os::open(path) {
        Ok(mut file) => {
            if !file.metadata()?.is_file() {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            read(&mut file).map(Some)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a file whole, in memory of its size at once: growing would leave copies of a key behind.
fn read(file: &mut File) -> io::Result<Zeroizing<Vec<u8>>> {
    let length = file.metadata()?.len();
    if length > MAX_INPUT_BYTES as u64 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut content = Zeroizing::new(Vec::with_capacity(length as usize + 1));
    file.take(MAX_INPUT_BYTES as u64).read_to_end(&mut content)?;
    Ok(content)
}

fn sync_folders(targets: &[Target]) -> At<()> {
    let mut synced: Vec<&Path> = Vec::new();
    for target in targets {
        if !synced.contains(&target.folder.as_path()) {
            sync_folder(&target.folder)?;
            synced.push(&target.folder);
        }
    }
    Ok(())
}

/// Makes the names in a folder last.
pub(super) fn sync_folder(folder: &Path) -> At<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| (folder.to_owned(), error))
}

/// What the systems do differently.
#[cfg(unix)]
pub(super) mod os {
    use std::fs::{self, File, Metadata, OpenOptions, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
    use std::path::Path;

    use rustix::fs::{Access, AtFlags, CWD, OFlags, StatVfsMountFlags};

    /// Whether files are installed on this system.
    pub const SUPPORTED: bool = true;

    /// Everybody but owner and group.
    const OTHERS: u32 = 0o007;
    const OTHERS_READ: u32 = 0o004;
    const OTHERS_WRITE: u32 = 0o002;
    const GROUP_WRITE: u32 = 0o020;
    const STICKY: u32 = 0o1000;

    /// Why a folder is not one to install into.
    pub enum Unfit {
        /// In words of ours.
        Why(&'static str),
        /// As the system says.
        Said(io::Error),
    }

    /// Opens what is no link, and does not wait for the other end of a pipe.
    pub fn open(path: &Path) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits() as i32)
            .open(path)
    }

    /// Makes a file that is nobody else's.
    pub fn create(path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
    }

    /// Whether a file is ours or root's, and nobody else can have written it.
    pub fn is_ours(metadata: &Metadata) -> bool {
        let owner = metadata.uid();
        (owner == 0 || owner == user()) && metadata.mode() & (GROUP_WRITE | OTHERS_WRITE) == 0
    }

    /// Whether a file's owner can be given to the one that replaces it.
    pub fn may_replace(metadata: &Metadata) -> bool {
        user() == 0 || metadata.uid() == user()
    }

    fn user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    /// Whether files may be made and renamed in a folder, and nobody could put others in their place.
    pub fn check_folder(folder: &Path, key: bool) -> Result<(), Unfit> {
        let metadata = fs::metadata(folder).map_err(Unfit::Said)?;
        if key && metadata.mode() & OTHERS_WRITE != 0 && metadata.mode() & STICKY == 0 {
            return Err(Unfit::Why(
                "everybody may write its folder, and could put another private key there; close the folder to others",
            ));
        }
        let mounted = rustix::fs::statvfs(folder).map_err(|error| Unfit::Said(error.into()))?;
        if mounted.f_flag.contains(StatVfsMountFlags::RDONLY) {
            return Err(Unfit::Said(io::ErrorKind::ReadOnlyFilesystem.into()));
        }
        let wanted = Access::WRITE_OK | Access::EXEC_OK;
        rustix::fs::accessat(CWD, folder, wanted, AtFlags::EACCESS).map_err(|error| Unfit::Said(error.into()))
    }

    /// Octets that may still be written; `None` where the file system does not say.
    pub fn free(folder: &Path) -> io::Result<Option<u64>> {
        let mounted = rustix::fs::statvfs(folder)?;
        Ok((mounted.f_blocks > 0).then(|| mounted.f_bavail.saturating_mul(mounted.f_frsize)))
    }

    /// What a file keeps when its content changes: owner, group, mode, access list, label.
    #[derive(Debug)]
    pub struct Kept {
        owner: u32,
        group: u32,
        mode: u32,
        access: Option<Vec<u8>>,
        label: Option<Vec<u8>>,
    }

    impl Kept {
        /// Of an open file.
        pub fn of(file: &File) -> io::Result<Self> {
            let metadata = file.metadata()?;
            Ok(Kept {
                owner: metadata.uid(),
                group: metadata.gid(),
                mode: metadata.mode() & 0o777,
                access: extended::read(file, extended::ACCESS)?,
                // A label that cannot be read is none that we could give.
                label: extended::read(file, extended::LABEL).unwrap_or(None),
            })
        }

        /// Gives it to a new file; a key that others could read is closed to them.
        pub fn give(&self, file: &File, key: bool) -> io::Result<()> {
            let now = file.metadata()?;
            if (now.uid(), now.gid()) != (self.owner, self.group) {
                fchown(file, Some(self.owner), Some(self.group))?;
            }
            // A new file may have inherited an access list from its folder.
            extended::write(file, extended::ACCESS, self.access.as_deref())?;
            if self.label.is_some() && extended::read(file, extended::LABEL).unwrap_or(None) != self.label {
                // The folder's own label is the right one where the policy allows no other.
                let _ = extended::write(file, extended::LABEL, self.label.as_deref());
            }
            let open_to_others = self.mode & OTHERS_READ != 0;
            let mode = match key && open_to_others {
                true => self.mode & !OTHERS,
                false => self.mode,
            };
            file.set_permissions(Permissions::from_mode(mode))
        }
    }

    /// The mode of a file where none stood.
    pub fn fresh(file: &File, key: bool) -> io::Result<()> {
        let mode = if key { 0o600 } else { 0o644 };
        file.set_permissions(Permissions::from_mode(mode))
    }

    /// Takes a file of a key from everybody but its owner and group.
    pub fn close_to_others(path: &Path) -> io::Result<()> {
        let file = open(path)?;
        let mode = file.metadata()?.mode() & 0o777;
        if mode & OTHERS_READ == 0 {
            return Ok(());
        }
        file.set_permissions(Permissions::from_mode(mode & !OTHERS))
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    mod extended {
        use std::fs::File;
        use std::io;

        use rustix::fs::{XattrFlags, fgetxattr, fremovexattr, fsetxattr};
        use rustix::io::Errno;

        /// The access list (acl(5)).
        pub const ACCESS: &str = "system.posix_acl_access";
        /// The label of SELinux.
        pub const LABEL: &str = "security.selinux";
        /// Largest value of an extended attribute (XATTR_SIZE_MAX).
        const LARGEST: usize = 64 * 1024;

        pub fn read(file: &File, name: &str) -> io::Result<Option<Vec<u8>>> {
            let mut value = vec![0; LARGEST];
            match fgetxattr(file, name, value.as_mut_slice()) {
                Ok(length) => {
                    value.truncate(length);
                    Ok(Some(value))
                }
                Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
                Err(error) => Err(error.into()),
            }
        }

        pub fn write(file: &File, name: &str, value: Option<&[u8]>) -> io::Result<()> {
            let written = match value {
                Some(value) => fsetxattr(file, name, value, XattrFlags::empty()),
                None => match fremovexattr(file, name) {
                    Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
                    other => other,
                },
            };
            written.map_err(Into::into)
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    mod extended {
        use std::fs::File;
        use std::io;

        pub const ACCESS: &str = "";
        pub const LABEL: &str = "";

        pub fn read(_: &File, _: &str) -> io::Result<Option<Vec<u8>>> {
            Ok(None)
        }

        pub fn write(_: &File, _: &str, _: Option<&[u8]>) -> io::Result<()> {
            Ok(())
        }
    }
}

/// No files are installed on other systems: [`Target::resolve`] refuses them all.
#[cfg(not(unix))]
pub(super) mod os {
    use std::fs::{File, Metadata};
    use std::io;
    use std::path::Path;

    pub const SUPPORTED: bool = false;

    pub enum Unfit {
        Why(&'static str),
        Said(io::Error),
    }

    #[derive(Debug)]
    pub struct Kept;

    impl Kept {
        pub fn of(_: &File) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub fn give(&self, _: &File, _: bool) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    pub fn open(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    pub fn create(_: &Path) -> io::Result<File> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn is_ours(_: &Metadata) -> bool {
        false
    }

    pub fn may_replace(_: &Metadata) -> bool {
        false
    }

    pub fn check_folder(_: &Path, _: bool) -> Result<(), Unfit> {
        Err(Unfit::Why("files are installed on Unix alone"))
    }

    pub fn free(_: &Path) -> io::Result<Option<u64>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn fresh(_: &File, _: bool) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn close_to_others(_: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
