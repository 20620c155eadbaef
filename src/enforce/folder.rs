//! A folder held open, and the files in it by name.
//!
//! What changes a file goes through the folder that was opened once, never by its path again: who may rename a folder
//! on the way to it cannot lead a run elsewhere in between.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::decode::MAX_INPUT_BYTES;

/// A folder that is held open.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    pub(super) file: File,
}

impl Folder {
    /// Opens a folder; no link to one.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = os::open_folder(path)?;
        Ok(Folder {
            path: path.to_owned(),
            file,
        })
    }

    /// Where it was when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Locks it, unless another process has. The lock leaves no file behind. The lock goes with what is returned, by
    /// [`Folder::unlock`].
    pub(super) fn try_lock(&self) -> Result<os::LockHandle, TryLockError> {
        os::try_lock(self)
    }

    /// Lets the lock go.
    pub(super) fn unlock(&self, held: &os::LockHandle) {
        os::unlock(self, held);
    }

    /// Syncs the names in it to the disk.
    pub fn sync(&self) -> io::Result<()> {
        os::sync(self)
    }
}

/// Why a folder is not one to install into.
pub enum Unfit {
    /// In words of ours.
    Why(&'static str),
    /// As the system says.
    Said(io::Error),
}

/// What may have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An ordinary file.
    File,
    /// A symbolic link.
    Link,
    /// A folder, a pipe, a device.
    Other,
}

/// A name in a folder, whether or not something has it.
#[derive(Debug, Clone)]
pub struct FolderEntry {
    /// The folder.
    pub folder: Arc<Folder>,
    /// The name, of one part.
    pub name: String,
}

impl FolderEntry {
    /// Another name in the same folder.
    pub fn beside(&self, name: String) -> Self {
        FolderEntry {
            folder: self.folder.clone(),
            name,
        }
    }

    /// The same with the name that the file there was given, where names have several spellings.
    pub fn as_stored(self) -> Self {
        let stored = os::stored_name(&self.folder, &self.name);
        match stored {
            Some(name) => FolderEntry { name, ..self },
            None => self,
        }
    }

    /// As a path, to be named to people.
    pub fn path(&self) -> PathBuf {
        self.folder.path.join(&self.name)
    }

    /// What has this name; `None` for nothing.
    pub fn kind(&self) -> io::Result<Option<Kind>> {
        found(os::kind(&self.folder, &self.name))
    }

    /// Opens the file for reading. A link is refused.
    pub fn open(&self) -> io::Result<File> {
        os::open(&self.folder, &self.name)
    }

    /// Creates a new file. If it is to hold a secret, no other user may open it.
    pub fn create(&self, secret: bool) -> io::Result<File> {
        os::create(&self.folder, &self.name, secret)
    }

    /// Removes the access of everybody else to a file that holds a private key.
    pub fn close_to_others(&self) -> io::Result<()> {
        os::close_to_others(&self.folder, &self.name)
    }

    /// Whether the file can be replaced now: on some systems another process can prevent it.
    pub fn check_replaceable(&self) -> io::Result<()> {
        os::check_replaceable(&self.folder, &self.name)
    }

    /// Renames the file.
    pub fn rename(&self, to: &FolderEntry) -> io::Result<()> {
        os::rename(&self.folder, &self.name, &to.name)
    }

    /// Gives the file a second name (a hard link).
    pub fn link(&self, to: &FolderEntry) -> io::Result<()> {
        os::link(&self.folder, &self.name, &to.name)
    }

    /// Removes the file, if there is one.
    pub fn remove(&self) -> io::Result<()> {
        found(os::remove(&self.folder, &self.name)).map(drop)
    }

    /// Whether the other name is of the same file.
    pub fn is_same(&self, other: &FolderEntry) -> bool {
        os::is_same(&self.folder, &self.name, &other.name).unwrap_or(false)
    }

    /// The content of the ordinary file there; `None` for nothing.
    pub fn read(&self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let Some(mut file) = found(self.open())? else {
            return Ok(None);
        };
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        read(&mut file).map(Some)
    }
}

/// Nothing being there is an answer.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a file whole, in memory of its size at once: growing would leave copies of a key behind.
pub(super) fn read(file: &mut File) -> io::Result<Zeroizing<Vec<u8>>> {
    let length = file.metadata()?.len();
    if length > MAX_INPUT_BYTES as u64 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut content = Zeroizing::new(Vec::with_capacity(length as usize + 1));
    file.take(MAX_INPUT_BYTES as u64).read_to_end(&mut content)?;
    Ok(content)
}

/// What differs between the systems.
#[cfg(unix)]
#[path = "folder/unix.rs"]
pub(super) mod os;
#[cfg(windows)]
#[path = "folder/windows.rs"]
#[allow(
    unsafe_code,
    reason = "the standard library has no calls for access lists, volumes and durable renames"
)]
pub(super) mod os;
#[cfg(not(any(unix, windows)))]
#[path = "folder/unsupported.rs"]
pub(super) mod os;
