//! Other systems: no files are installed there, and [`super::Folder::open`] refuses every folder.

use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{Folder, Kind, Unfit};

pub const SUPPORTED: bool = false;

pub type LockHandle = ();

#[derive(Debug)]
pub struct Kept;

impl Kept {
    pub fn of(_: &File) -> io::Result<Self> {
        unsupported()
    }

    pub fn give(&self, _: &File, _: bool) -> io::Result<()> {
        unsupported()
    }
}

fn unsupported<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn plain(path: PathBuf) -> PathBuf {
    path
}

pub fn identity(path: PathBuf) -> PathBuf {
    path
}

pub fn unfit_name(_: &str) -> Option<&'static str> {
    None
}

pub fn stored_name(_: &Folder, _: &str) -> Option<String> {
    None
}

pub fn try_lock(_: &Folder) -> Result<LockHandle, TryLockError> {
    unsupported().map_err(TryLockError::Error)
}

pub fn unlock(_: &Folder, (): &LockHandle) {}

pub fn sync(_: &Folder) -> io::Result<()> {
    unsupported()
}

pub fn open_folder(_: &Path) -> io::Result<File> {
    unsupported()
}

pub fn open(_: &Folder, _: &str) -> io::Result<File> {
    unsupported()
}

pub fn create(_: &Folder, _: &str, _: bool) -> io::Result<File> {
    unsupported()
}

pub fn check_replaceable(_: &Folder, _: &str) -> io::Result<()> {
    unsupported()
}

pub fn rename(_: &Folder, _: &str, _: &str) -> io::Result<()> {
    unsupported()
}

pub fn link(_: &Folder, _: &str, _: &str) -> io::Result<()> {
    unsupported()
}

pub fn remove(_: &Folder, _: &str) -> io::Result<()> {
    unsupported()
}

pub fn kind(_: &Folder, _: &str) -> io::Result<Kind> {
    unsupported()
}

pub fn is_same(_: &Folder, _: &str, _: &str) -> io::Result<bool> {
    unsupported()
}

pub fn is_ours(_: &File, _: &Metadata) -> bool {
    false
}

pub fn check_owner(_: &File, _: &Metadata, _: &Folder, _: bool) -> Result<(), Unfit> {
    Err(Unfit::Why("files are installed on Unix and Windows alone"))
}

pub fn check_folder(_: &Folder, _: bool) -> Result<(), Unfit> {
    unsupported().map_err(Unfit::Said)
}

pub fn free(_: &Folder) -> io::Result<Option<u64>> {
    unsupported()
}

pub fn fresh(_: &File, _: bool) -> io::Result<()> {
    unsupported()
}

pub fn close_to_others(_: &Folder, _: &str) -> io::Result<()> {
    unsupported()
}
