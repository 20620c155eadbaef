//! Files in a folder that is held open, as Windows has them.
//!
//! Windows has no calls that start at an open folder. It needs none here: while a folder is open without letting others
//! delete it, nobody can rename it or a folder on the way to it, so its path stays its path.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::mem;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::ptr;
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_INVALID_FUNCTION, ERROR_LOCK_VIOLATION, ERROR_NOT_SUPPORTED, ERROR_SHARING_VIOLATION,
    ERROR_SUCCESS, GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE, WAIT_ABANDONED, WAIT_OBJECT_0, WAIT_TIMEOUT,
};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, LUID_AND_ATTRIBUTES,
    LookupPrivilegeValueW, OWNER_SECURITY_INFORMATION, SE_PRIVILEGE_ENABLED, SECURITY_ATTRIBUTES,
    SetKernelObjectSecurity, TOKEN_ADJUST_PRIVILEGES, TOKEN_PRIVILEGES, TOKEN_QUERY,
};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, CREATE_NEW, CreateFileW, DELETE, FILE_ADD_FILE, FILE_ATTRIBUTE_NORMAL,
    FILE_ATTRIBUTE_READONLY, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, FILE_LIST_DIRECTORY,
    FILE_READ_ATTRIBUTES, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, GetDiskFreeSpaceExW,
    GetFileInformationByHandle, GetVolumeInformationByHandleW, MOVEFILE_REPLACE_EXISTING, MOVEFILE_WRITE_THROUGH,
    MoveFileExW, READ_CONTROL, WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::System::Threading::{
    CreateMutexW, GetCurrentProcess, OpenProcessToken, ReleaseMutex, WaitForSingleObject,
};

use crate::enforce::access_list::Descriptor;
use crate::protocol::hex;

use super::{Folder, Kind, Unfit};

/// Whether files are installed on this system.
pub const SUPPORTED: bool = true;

/// How often a file that is in use is tried, and how long each wait is: a second together. Virus scanners and
/// indexers look at new files for a moment.
const BUSY_TRIES: u32 = 20;
const BUSY_WAIT: Duration = Duration::from_millis(50);

/// Winnt.h: the volume is read-only; it keeps access lists.
const FILE_READ_ONLY_VOLUME: u32 = 0x0008_0000;
const FILE_PERSISTENT_ACLS: u32 = 0x0000_0008;

/// What a lock is kept by.
pub type LockHandle = OwnedHandle;

/// A path without the prefix `\\?\` that resolving it gives, where it is not too long to go without.
pub fn plain(path: PathBuf) -> PathBuf {
    /// MAX_PATH, less the longest name that is put beside a file.
    const SHORT: usize = 160;
    let Some(text) = path.to_str().filter(|text| text.len() < SHORT) else {
        return path;
    };
    if let Some(share) = text.strip_prefix(r"\\?\UNC\") {
        return PathBuf::from(format!(r"\\{share}"));
    }
    match text.strip_prefix(r"\\?\") {
        Some(rest) if rest.as_bytes().get(1) == Some(&b':') => PathBuf::from(rest),
        _ => path,
    }
}

/// What is the same for all spellings of a path whose folder is resolved: letters of both cases are the same.
pub fn identity(path: PathBuf) -> PathBuf {
    match path.to_str() {
        Some(text) => PathBuf::from(text.to_uppercase()),
        None => path,
    }
}

/// Why a name is none of a file, or another spelling of one.
pub fn unfit_name(name: &str) -> Option<&'static str> {
    const DEVICES: &[&str] = &["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
    if name.contains(|c: char| c.is_control() || "<>:\"|?*".contains(c)) {
        return Some("Windows has no file of such a name");
    }
    if name.ends_with(['.', ' ']) {
        return Some("Windows drops dots and spaces at the end of a name; leave them out");
    }
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let mut letters = stem.chars();
    let numbered = letters
        .next_back()
        .is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c));
    if DEVICES.contains(&stem.as_str()) || numbered && matches!(letters.as_str(), "COM" | "LPT") {
        return Some("it is the name of a device");
    }
    None
}

/// The name that a file was given: a name in other letters, and the short form of a long one, are the same file's.
pub fn stored_name(folder: &Folder, name: &str) -> Option<String> {
    if !matches!(kind(folder, name), Ok(Kind::File)) {
        return None;
    }
    let stored = fs::canonicalize(at(folder, name)).ok()?;
    Some(stored.file_name()?.to_str()?.to_owned())
}

/// Locks a folder, by a name that only one can own at a time: nothing is put into the folder.
pub fn try_lock(folder: &Folder) -> Result<LockHandle, TryLockError> {
    let digest = Sha256::digest(identity(folder.path().to_owned()).as_os_str().as_encoded_bytes());
    let name: Vec<u16> = format!("Global\\same-ca-{}\0", hex(&digest)).encode_utf16().collect();
    // SAFETY: the name ends in a zero and outlives the call.
    let made = unsafe { CreateMutexW(ptr::null(), 0, name.as_ptr()) };
    if made.is_null() {
        let error = io::Error::last_os_error();
        return Err(match error.raw_os_error() {
            // It exists while a process holds it, here one of another account.
            Some(code) if code == ERROR_ACCESS_DENIED as i32 => TryLockError::WouldBlock,
            _ => TryLockError::Error(error),
        });
    }
    // SAFETY: it was opened just now, and nobody else closes it.
    let made = unsafe { OwnedHandle::from_raw_handle(made) };
    // SAFETY: it is open.
    match unsafe { WaitForSingleObject(made.as_raw_handle(), 0) } {
        // Who had it before has ended without letting it go.
        WAIT_OBJECT_0 | WAIT_ABANDONED => Ok(made),
        WAIT_TIMEOUT => Err(TryLockError::WouldBlock),
        _ => Err(TryLockError::Error(io::Error::last_os_error())),
    }
}

/// Lets the lock go, in the thread that has it.
pub fn unlock(_: &Folder, held: &LockHandle) {
    // SAFETY: it is open. Where this fails, it goes when it is closed.
    unsafe { ReleaseMutex(held.as_raw_handle()) };
}

/// Nothing to do: renames are written through, and what else becomes of names may be lost and is found again.
pub fn sync(_: &Folder) -> io::Result<()> {
    Ok(())
}

/// Opens a folder, and nothing else, so that it cannot be renamed or deleted.
pub fn open_folder(path: &Path) -> io::Result<File> {
    let folder = OpenOptions::new()
        .access_mode(FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES | READ_CONTROL)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)
        .map_err(told)?;
    let metadata = folder.metadata()?;
    // Before it was open, its path may have been redirected.
    if !metadata.is_dir() || plain(fs::canonicalize(path)?) != plain(path.to_owned()) {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(folder)
}

/// Opens what is no link.
pub fn open(folder: &Folder, name: &str) -> io::Result<File> {
    let file = patiently(|| {
        OpenOptions::new()
            .read(true)
            .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
            .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
            .open(at(folder, name))
    })?;
    match file.metadata()?.is_symlink() {
        true => Err(io::ErrorKind::InvalidInput.into()),
        false => Ok(file),
    }
}

/// Makes a file that nobody else may open while it is; where it is secret, that only the system, the administrators
/// and, where we are none, this user may open from then on.
pub fn create(folder: &Folder, name: &str, secret: bool) -> io::Result<File> {
    let path = wide(&at(folder, name));
    let closed = if secret { Some(Descriptor::closed()?) } else { None };
    let attributes = closed.as_ref().map(|closed| SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: closed.as_ptr(),
        bInheritHandle: 0,
    });
    // SAFETY: the path ends in a zero; it and the attributes outlive the call.
    let file = unsafe {
        CreateFileW(
            path.as_ptr(),
            GENERIC_WRITE | FILE_READ_ATTRIBUTES | READ_CONTROL | WRITE_DAC | WRITE_OWNER,
            0,
            attributes.as_ref().map_or(ptr::null(), ptr::from_ref),
            CREATE_NEW,
            FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT,
            ptr::null_mut(),
        )
    };
    if file == INVALID_HANDLE_VALUE {
        return Err(told(io::Error::last_os_error()));
    }
    // SAFETY: it was opened just now, and nobody else closes it.
    Ok(unsafe { File::from_raw_handle(file) })
}

/// Whether no process has the file open without sharing it.
pub fn check_replaceable(folder: &Folder, name: &str) -> io::Result<()> {
    let opened = patiently(|| {
        OpenOptions::new()
            .access_mode(DELETE)
            .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
            .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
            .open(at(folder, name))
    });
    opened.map(drop)
}

/// Gives a file another name, in place of what has it, on disk when it returns.
pub fn rename(folder: &Folder, from: &str, to: &str) -> io::Result<()> {
    let (from, to) = (wide(&at(folder, from)), wide(&at(folder, to)));
    patiently(|| {
        // SAFETY: both paths end in a zero and outlive the call.
        let done = unsafe {
            MoveFileExW(
                from.as_ptr(),
                to.as_ptr(),
                MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH,
            )
        };
        succeeded(done)
    })
}

/// Gives a file a second name.
pub fn link(folder: &Folder, from: &str, to: &str) -> io::Result<()> {
    fs::hard_link(at(folder, from), at(folder, to)).map_err(told)
}

/// Takes a name away.
pub fn remove(folder: &Folder, name: &str) -> io::Result<()> {
    patiently(|| fs::remove_file(at(folder, name)))
}

/// What has a name.
pub fn kind(folder: &Folder, name: &str) -> io::Result<Kind> {
    let metadata = fs::symlink_metadata(at(folder, name)).map_err(told)?;
    Ok(match metadata.file_type() {
        kind if kind.is_symlink() => Kind::Link,
        kind if kind.is_file() => Kind::File,
        _ => Kind::Other,
    })
}

/// Whether two names are of one file.
pub fn is_same(folder: &Folder, one: &str, other: &str) -> io::Result<bool> {
    let number = |name| {
        let file = open(folder, name)?;
        // SAFETY: all zeros is a value of it.
        let mut about: BY_HANDLE_FILE_INFORMATION = unsafe { mem::zeroed() };
        // SAFETY: the file is open, and there is room for the answer.
        succeeded(unsafe { GetFileInformationByHandle(raw(&file), &mut about) })?;
        io::Result::Ok((about.dwVolumeSerialNumber, about.nFileIndexHigh, about.nFileIndexLow))
    };
    Ok(number(one)? == number(other)?)
}

/// Whether a file belongs to this user, the system or the administrators, and no other user can have written it.
pub fn is_ours(file: &File, _: &Metadata) -> bool {
    Descriptor::of(file).is_ok_and(|access| access.owner_is_trusted() && !access.others_may_write())
}

/// Whether a file's owner can be given to the one that replaces it.
pub fn check_owner(file: &File, metadata: &Metadata, _: &Folder, _: bool) -> Result<(), Unfit> {
    if metadata.file_attributes() & FILE_ATTRIBUTE_READONLY != 0 {
        return Err(Unfit::Why("it is marked read-only; take that attribute away"));
    }
    let access = Descriptor::of(file).map_err(Unfit::Said)?;
    if !access.owner_is_trusted() && !may_give_away() {
        return Err(Unfit::Why(
            "it belongs to another user; run as its owner or as an administrator",
        ));
    }
    Ok(())
}

/// Whether files may be created and renamed in a folder, and other users cannot replace them.
pub fn check_folder(folder: &Folder, key: bool) -> Result<(), Unfit> {
    let mut flags = 0;
    // SAFETY: the folder is open; of the volume nothing but its flags is asked for.
    let done = unsafe {
        GetVolumeInformationByHandleW(
            raw(&folder.file),
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            ptr::null_mut(),
            &mut flags,
            ptr::null_mut(),
            0,
        )
    };
    succeeded(done).map_err(Unfit::Said)?;
    if flags & FILE_READ_ONLY_VOLUME != 0 {
        return Err(Unfit::Said(io::ErrorKind::ReadOnlyFilesystem.into()));
    }
    if key && flags & FILE_PERSISTENT_ACLS == 0 {
        return Err(Unfit::Why(
            "its file system keeps no access lists, so everybody could read a private key there",
        ));
    }
    if key && Descriptor::of(&folder.file).map_err(Unfit::Said)?.others_may_write() {
        return Err(Unfit::Why(
            "everybody may write its folder, and could put another private key there; close the folder to others",
        ));
    }
    let may_write = OpenOptions::new()
        .access_mode(FILE_ADD_FILE)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .open(folder.path());
    may_write.map(drop).map_err(|error| Unfit::Said(told(error)))
}

/// Octets that may still be written.
pub fn free(folder: &Folder) -> io::Result<Option<u64>> {
    let mut free = 0;
    let path = wide(folder.path());
    // SAFETY: the path ends in a zero and outlives the call, and there is room for the answer.
    let done = unsafe { GetDiskFreeSpaceExW(path.as_ptr(), &mut free, ptr::null_mut(), ptr::null_mut()) };
    succeeded(done)?;
    Ok(Some(free))
}

/// What a file keeps when its content changes: owner, group, access list.
#[derive(Debug)]
pub struct Kept(Descriptor);

impl Kept {
    /// Of an open file.
    pub fn of(file: &File) -> io::Result<Self> {
        Descriptor::of(file).map(Kept)
    }

    /// Gives it to a new file; a key that others could read is closed to them.
    pub fn give(&self, file: &File, key: bool) -> io::Result<()> {
        let given = |what| {
            // SAFETY: the file is open, and the descriptor lives as long as this.
            succeeded(unsafe { SetKernelObjectSecurity(raw(file), what, self.0.as_ptr()) })
        };
        if key && self.0.others_may_read_or_write() {
            self.0.without_others()?.protect(file)?;
        } else {
            given(DACL_SECURITY_INFORMATION)?;
        }
        if Descriptor::of(file)?.owner_differs(&self.0) {
            may_give_away();
            given(OWNER_SECURITY_INFORMATION)?;
            // Only subsystems use the group, and it may be one that cannot be set.
            let _ = given(GROUP_SECURITY_INFORMATION);
        }
        Ok(())
    }
}

/// Where there was no file before: a file with a key was created closed, any other has the access that its folder
/// gives.
pub fn fresh(_: &File, _: bool) -> io::Result<()> {
    Ok(())
}

/// Removes the access of everybody else to a file that holds a private key.
pub fn close_to_others(folder: &Folder, name: &str) -> io::Result<()> {
    let file = patiently(|| {
        OpenOptions::new()
            .access_mode(READ_CONTROL | WRITE_DAC | FILE_READ_ATTRIBUTES)
            .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
            .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
            .open(at(folder, name))
    })?;
    let access = Descriptor::of(&file)?;
    match access.others_may_read_or_write() {
        true => access.without_others()?.protect(&file),
        false => Ok(()),
    }
}

/// Whether this process may give files to others, which administrators may once they ask for it.
fn may_give_away() -> bool {
    let name: Vec<u16> = "SeRestorePrivilege\0".encode_utf16().collect();
    let mut token: HANDLE = ptr::null_mut();
    // SAFETY: the answer is the process's own token, closed below.
    if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &mut token) } == 0 {
        return false;
    }
    // SAFETY: it was opened just now.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    // SAFETY: all zeros is a value of it.
    let mut wanted: TOKEN_PRIVILEGES = unsafe { mem::zeroed() };
    wanted.PrivilegeCount = 1;
    wanted.Privileges = [LUID_AND_ATTRIBUTES {
        Attributes: SE_PRIVILEGE_ENABLED,
        ..wanted.Privileges[0]
    }];
    // SAFETY: the name ends in a zero, and everything outlives the calls. Where the privilege is not ours the second
    // succeeds too, and says so as the last error.
    unsafe {
        LookupPrivilegeValueW(ptr::null(), name.as_ptr(), &mut wanted.Privileges[0].Luid) != 0
            && AdjustTokenPrivileges(token.as_raw_handle(), 0, &wanted, 0, ptr::null_mut(), ptr::null_mut()) != 0
            && io::Error::last_os_error().raw_os_error() == Some(ERROR_SUCCESS as i32)
    }
}

/// Retries for a moment while a file is in use.
fn patiently<T>(act: impl Fn() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..BUSY_TRIES {
        match act() {
            Err(error) if is_busy(&error) => thread::sleep(BUSY_WAIT),
            done => return done.map_err(told),
        }
    }
    act().map_err(told)
}

/// Whether a file may be in use; one that is being deleted reports that access is denied.
fn is_busy(error: &io::Error) -> bool {
    let busy = [ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION, ERROR_ACCESS_DENIED];
    busy.iter().any(|busy| error.raw_os_error() == Some(*busy as i32))
}

/// What the standard library has no kind for.
fn told(error: io::Error) -> io::Error {
    let kind = match error.raw_os_error().map(|code| code as u32) {
        Some(ERROR_SHARING_VIOLATION | ERROR_LOCK_VIOLATION) => io::ErrorKind::ResourceBusy,
        Some(ERROR_INVALID_FUNCTION | ERROR_NOT_SUPPORTED) => io::ErrorKind::Unsupported,
        _ => return error,
    };
    io::Error::new(kind, error)
}

fn succeeded(done: i32) -> io::Result<()> {
    match done {
        0 => Err(told(io::Error::last_os_error())),
        _ => Ok(()),
    }
}

fn at(folder: &Folder, name: &str) -> PathBuf {
    folder.path().join(name)
}

fn wide(path: &Path) -> Vec<u16> {
    OsStr::new(path).encode_wide().chain([0]).collect()
}

fn raw(file: &File) -> HANDLE {
    file.as_raw_handle()
}
