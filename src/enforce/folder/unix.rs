//! Files in a folder that is held open, on Unix: every call starts at the open folder.

use std::fs::{File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, Stat, StatVfsMountFlags};

use super::{Folder, Kind, Unfit};

/// Whether files are installed on this system.
pub const SUPPORTED: bool = true;

/// Everybody but owner and group.
const OTHERS: u32 = 0o007;
const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITE: u32 = 0o020;
const STICKY: u32 = 0o1000;
/// On a folder: new files belong to its group.
const SET_GROUP: u32 = 0o2000;

/// What a lock is kept by: the open folder itself.
pub type LockHandle = ();

/// A path as it is named to people.
pub fn plain(path: PathBuf) -> PathBuf {
    path
}

/// What is the same for all spellings of a path whose folder is resolved.
pub fn identity(path: PathBuf) -> PathBuf {
    path
}

/// Why a name is none of a file, beyond what paths say.
pub fn unfit_name(_: &str) -> Option<&'static str> {
    None
}

/// The name that a file was given, where it may be called by others.
pub fn stored_name(_: &Folder, _: &str) -> Option<String> {
    None
}

/// Locks an open folder.
pub fn try_lock(folder: &Folder) -> Result<LockHandle, TryLockError> {
    folder.file.try_lock()
}

/// Lets the lock go.
pub fn unlock(folder: &Folder, (): &LockHandle) {
    // Where that fails, it goes when the folder is closed.
    let _ = folder.file.unlock();
}

/// Syncs the names in a folder to the disk.
pub fn sync(folder: &Folder) -> io::Result<()> {
    folder.file.sync_all()
}

/// Opens a folder, and nothing else.
pub fn open_folder(path: &Path) -> io::Result<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)
}

/// Opens what is no link, and does not wait for the other end of a pipe.
pub fn open(folder: &Folder, name: &str) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(&folder.file, name, flags, Mode::empty())?.into())
}

/// Creates a file that only its owner may open.
pub fn create(folder: &Folder, name: &str, _: bool) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(&folder.file, name, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// An open file can be replaced.
pub fn check_replaceable(_: &Folder, _: &str) -> io::Result<()> {
    Ok(())
}

/// Gives a file another name, in place of what has it.
pub fn rename(folder: &Folder, from: &str, to: &str) -> io::Result<()> {
    Ok(rustix::fs::renameat(&folder.file, from, &folder.file, to)?)
}

/// Gives a file a second name.
pub fn link(folder: &Folder, from: &str, to: &str) -> io::Result<()> {
    Ok(rustix::fs::linkat(
        &folder.file,
        from,
        &folder.file,
        to,
        AtFlags::empty(),
    )?)
}

/// Removes a name.
pub fn remove(folder: &Folder, name: &str) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(&folder.file, name, AtFlags::empty())?)
}

fn stat(folder: &Folder, name: &str) -> io::Result<Stat> {
    Ok(rustix::fs::statat(&folder.file, name, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// What has a name.
pub fn kind(folder: &Folder, name: &str) -> io::Result<Kind> {
    Ok(match FileType::from_raw_mode(stat(folder, name)?.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    })
}

/// Whether two names are of one file.
pub fn is_same(folder: &Folder, one: &str, other: &str) -> io::Result<bool> {
    let (one, other) = (stat(folder, one)?, stat(folder, other)?);
    Ok((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}

/// Whether a file belongs to this user or root, and no other user can have written it.
pub fn is_ours(_: &File, metadata: &Metadata) -> bool {
    let owner = metadata.uid();
    (owner == 0 || owner == user()) && metadata.mode() & (GROUP_WRITE | OTHERS_WRITE) == 0
}

/// Whether a file's owner can be given to the one that replaces it, and may be where that holds a private key.
pub fn check_owner(_: &File, file: &Metadata, folder: &Folder, key: bool) -> Result<(), Unfit> {
    let folder = folder.file.metadata().map_err(Unfit::Said)?;
    let (user, owner) = (user(), file.uid());
    if user != 0 && owner != user {
        return Err(Unfit::Why("it belongs to another user; run as its owner or as root"));
    }
    let inherited = folder.mode() & SET_GROUP != 0 && folder.gid() == file.gid();
    if user != 0 && !inherited && !is_in_group(file.gid()) {
        return Err(Unfit::Why(
            "it belongs to a group that this user is not in and so cannot keep; run as root, or as one of it",
        ));
    }
    let open = folder.mode() & (GROUP_WRITE | OTHERS_WRITE) != 0;
    if key && open && ![0, user, folder.uid()].contains(&owner) {
        return Err(Unfit::Why(
            "it belongs to a user who may have put it there, as others than its owner may write its folder, and \
             would be given the private key; close the folder to them, or give the file to root",
        ));
    }
    Ok(())
}

fn is_in_group(group: u32) -> bool {
    rustix::process::getegid().as_raw() == group
        || rustix::process::getgroups().is_ok_and(|groups| groups.iter().any(|one| one.as_raw() == group))
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether files may be created and renamed in a folder, and other users cannot replace them.
pub fn check_folder(folder: &Folder, key: bool) -> Result<(), Unfit> {
    let metadata = folder.file.metadata().map_err(Unfit::Said)?;
    if key && metadata.mode() & OTHERS_WRITE != 0 && metadata.mode() & STICKY == 0 {
        return Err(Unfit::Why(
            "everybody may write its folder, and could put another private key there; close the folder to others",
        ));
    }
    let mounted = rustix::fs::fstatvfs(&folder.file).map_err(|error| Unfit::Said(error.into()))?;
    if mounted.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(Unfit::Said(io::ErrorKind::ReadOnlyFilesystem.into()));
    }
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::accessat(&folder.file, ".", wanted, AtFlags::EACCESS).map_err(|error| Unfit::Said(error.into()))
}

/// Octets that may still be written; `None` where the file system does not say.
pub fn free(folder: &Folder) -> io::Result<Option<u64>> {
    let mounted = rustix::fs::fstatvfs(&folder.file)?;
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
        let open_to_others = self.mode & (OTHERS_READ | OTHERS_WRITE) != 0;
        let mode = match key && open_to_others {
            true => self.mode & !OTHERS,
            false => self.mode,
        };
        file.set_permissions(Permissions::from_mode(mode))
    }
}

/// The mode of a file where there was none before.
pub fn fresh(file: &File, key: bool) -> io::Result<()> {
    let mode = if key { 0o600 } else { 0o644 };
    file.set_permissions(Permissions::from_mode(mode))
}

/// Removes the access of everyone but owner and group to a file that holds a private key.
pub fn close_to_others(folder: &Folder, name: &str) -> io::Result<()> {
    let file = open(folder, name)?;
    let mode = file.metadata()?.mode() & 0o777;
    if mode & (OTHERS_READ | OTHERS_WRITE) == 0 {
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
