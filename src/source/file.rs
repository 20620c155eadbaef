//! Files and folders.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::decode::MAX_INPUT_BYTES;

/// Entries of a folder: each becomes a file that is read, so the number bounds the work.
const FOLDER_LIMIT: usize = 100_000;

/// What is at a path.
pub enum Content {
    /// The bytes of a file.
    File(Vec<u8>),
    /// The files of a folder, in byte order of name.
    Folder(Vec<PathBuf>),
}

/// Reads what is at a path. Special files are refused: reading one might never end.
pub fn read(path: &Path, log: &(dyn Fn(&str) + Sync)) -> Result<Content, &'static str> {
    let metadata = fs::metadata(path).map_err(|error| said(path, &error, log))?;
    if metadata.is_dir() {
        return folder(path, log).map(Content::Folder);
    }
    if !metadata.is_file() {
        return Err("it is neither a file nor a folder");
    }
    if metadata.len() > MAX_INPUT_BYTES as u64 {
        return Err("it is larger than 64 MiB, which no file of certificates is");
    }
    read_bounded(path, MAX_INPUT_BYTES as u64, log).map(Content::File)
}

/// The files of a folder whose names are text, in byte order of name, without the folders in it; `None` for what is no
/// folder.
pub fn files(path: &str, log: &(dyn Fn(&str) + Sync)) -> Result<Option<Vec<String>>, &'static str> {
    let metadata = fs::metadata(path).map_err(|error| said(path.as_ref(), &error, log))?;
    if !metadata.is_dir() {
        return Ok(None);
    }
    let mut files = folder(path.as_ref(), log)?;
    files.retain(|file| !file.is_dir());
    Ok(Some(
        files
            .into_iter()
            .filter_map(|file| file.into_os_string().into_string().ok())
            .collect(),
    ))
}

/// Reads a file that must be small.
pub fn read_small(path: &Path, limit: u64, log: &(dyn Fn(&str) + Sync)) -> Result<Vec<u8>, &'static str> {
    let metadata = fs::metadata(path).map_err(|error| said(path, &error, log))?;
    if !metadata.is_file() {
        return Err("it is not a file");
    }
    read_bounded(path, limit, log)
}

/// The first line of a file as text, without its line end and byte order mark.
pub fn first_line(bytes: Vec<u8>) -> Result<String, &'static str> {
    let text = match crate::json::from_utf16(&bytes) {
        Some(text) => text.map_err(|_| "it is not text in UTF-16")?,
        None => String::from_utf8(bytes).map_err(|_| "it is not text in UTF-8")?,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.split(['\r', '\n']).next().unwrap_or_default().to_owned())
}

fn read_bounded(path: &Path, limit: u64, log: &(dyn Fn(&str) + Sync)) -> Result<Vec<u8>, &'static str> {
    let file = File::open(path).map_err(|error| said(path, &error, log))?;
    if !is_ordinary(&file) {
        return Err("it is neither a file nor a folder");
    }
    // A byte more than it holds now tells that it has ended, without asking for more room.
    let length = file.metadata().map_or(0, |metadata| metadata.len().min(limit));
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| said(path, &error, log))?;
    if bytes.len() as u64 > limit {
        return Err("it is larger than a file of its kind may be");
    }
    Ok(bytes)
}

/// Whether it is on a disk: on Windows devices and pipes have names that look like a file's, and say so only once they are
/// open.
#[cfg(windows)]
#[allow(unsafe_code, reason = "std has no call for it")]
pub fn is_ordinary(file: &File) -> bool {
    use std::os::windows::io::AsRawHandle;
    use windows_sys::Win32::Storage::FileSystem::{FILE_TYPE_DISK, GetFileType};
    // SAFETY: the file is open.
    unsafe { GetFileType(file.as_raw_handle()) == FILE_TYPE_DISK }
}

/// Told before it was opened.
#[cfg(not(windows))]
pub fn is_ordinary(_: &File) -> bool {
    true
}

fn folder(path: &Path, log: &(dyn Fn(&str) + Sync)) -> Result<Vec<PathBuf>, &'static str> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| said(path, &error, log))? {
        let entry = entry.map_err(|error| said(path, &error, log))?;
        if files.len() == FOLDER_LIMIT {
            return Err("the folder holds more than 100,000 entries");
        }
        if !is_of_an_installation(&entry.file_name()) {
            files.push(entry.path());
        }
    }
    files.sort_unstable_by(|one, other| {
        one.as_os_str()
            .as_encoded_bytes()
            .cmp(other.as_os_str().as_encoded_bytes())
    });
    Ok(files)
}

/// Whether a file lies beside an installed one for the time of its installation, by the name that it has then.
fn is_of_an_installation(name: &std::ffi::OsStr) -> bool {
    let kind = |name: &str| {
        matches!(
            name.rsplit_once(".same-ca-"),
            Some((_, "new" | "old" | "draft" | "journal"))
        )
    };
    name.to_str().is_some_and(|name| name.starts_with('.') && kind(name))
}

/// Words of ours for what the operating system said, which goes to the log.
fn said(path: &Path, error: &io::Error, log: &(dyn Fn(&str) + Sync)) -> &'static str {
    log(&format!("{}: {error}", path.display()));
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file",
        io::ErrorKind::PermissionDenied => "it may not be read (permission denied)",
        io::ErrorKind::NotADirectory => "there is no such file: a part of the path is not a folder",
        io::ErrorKind::InvalidFilename => "it cannot be the name of a file",
        _ => "it could not be read (input or output error)",
    }
}
