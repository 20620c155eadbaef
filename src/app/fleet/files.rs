//! The files that are named: themselves, the reports of a folder, or those that fit a pattern.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::protocol::Fault;
use crate::protocol::fleet::Text;

/// Folders in folders that are followed; deeper ones are a loop or a mistake.
const DEPTH: usize = 64;

/// The files that a name means: itself, those of a folder, or those that match a pattern.
pub(super) fn find(path: &Path, name: &str, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let wrong = |what: &str| Fault::usage(format!("{name}: {what}"));
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            folder(path, DEPTH, files).map_err(|error| wrong(words(error.kind())).into())
        }
        Ok(metadata) if !metadata.is_file() => Err(wrong(SPECIAL).into()),
        Ok(_) => {
            files.push(path.to_owned());
            Ok(())
        }
        Err(_) if name.contains(['*', '?', '[']) => {
            let options = glob::MatchOptions {
                require_literal_leading_dot: true,
                ..glob::MatchOptions::default()
            };
            let found = glob::glob_with(name, options).map_err(|error| wrong(error.msg))?;
            let before = files.len();
            for path in found {
                let path = path.map_err(|error| wrong(words(error.error().kind())))?;
                match path.is_dir() {
                    true => folder(&path, DEPTH, files).map_err(|error| wrong(words(error.kind())))?,
                    false => files.push(path),
                }
            }
            match files.len() == before {
                true => Err(wrong("no file fits").into()),
                false => Ok(()),
            }
        }
        Err(error) => Err(wrong(words(error.kind())).into()),
    }
}

/// The reports of a folder and of the folders in it, in byte order of their names.
pub(super) fn folder(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        // What begins with a dot is being written, or is not meant to be seen.
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // A link to a folder is not followed: it may lead back.
        if entry.file_type()?.is_dir() {
            if depth > 0 {
                folder(&path, depth - 1, files)?;
            }
        } else if is_report(path.extension()) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_report(extension: Option<&OsStr>) -> bool {
    let extension = extension.and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    matches!(extension.as_deref(), Some("json" | "ndjson" | "jsonl"))
}

/// Words of ours for what the system says.
pub(super) fn words(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound => "there is no such file",
        io::ErrorKind::PermissionDenied => "may not be read",
        _ => "cannot be read",
    }
}

/// What is said of a FIFO, a device or a socket: reading one might never end.
const SPECIAL: &str = "is neither a file nor a folder";

#[cfg(unix)]
pub(super) fn is_pipe(name: &str) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(name).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

#[cfg(not(unix))]
pub(super) fn is_pipe(_: &str) -> bool {
    false
}

/// Opens a file, unless it is a special one.
pub(super) fn open(path: &Path) -> Result<File, &'static str> {
    // Opening some special files waits already.
    let metadata = fs::metadata(path).map_err(|error| words(error.kind()))?;
    let opened = match metadata.is_file() {
        true => File::open(path).map_err(|error| words(error.kind()))?,
        false => return Err(SPECIAL),
    };
    match crate::source::is_ordinary(&opened) {
        true => Ok(opened),
        false => Err(SPECIAL),
    }
}

pub(super) fn named(path: &Path) -> Text {
    // The same name on every system.
    let name = path.to_string_lossy();
    match cfg!(windows) {
        true => name.replace('\\', "/").into(),
        false => name.into(),
    }
}
