//! Writes what a command was asked to write, and tells people how far a long one has come.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

mod large;

/// How long a command runs before it says how far it is: shorter ones need no telling.
const QUIET: Duration = Duration::from_secs(1);
/// How often it then says so: often enough to look alive, seldom enough to cost nothing.
const INTERVAL: Duration = Duration::from_millis(200);

/// Bytes that are written at a time: few system calls, and Linux takes more at once at several times the price.
const BUFFER: usize = 64 * 1024;

/// How far a long command has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done: `reading servers`.
    pub what: &'static str,
    /// How many are done.
    pub done: usize,
    /// Of how many; `None` if that is not known yet.
    pub total: Option<usize>,
}

/// Writes a file whole or not at all: beside it first, synced, then renamed over it.
///
/// An existing file keeps its permissions, and a link stays a link. A device or a pipe is written to directly.
pub fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    write_file_by(path, |out| out.write_all(content))
}

/// [`write_file`] for content that is written in parts: it is never in memory as a whole.
pub fn write_file_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let standing = match fs::metadata(path) {
        Ok(standing) => Some(standing),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if standing.as_ref().is_some_and(|standing| !standing.is_file()) {
        let mut out = BufWriter::with_capacity(BUFFER, OpenOptions::new().write(true).open(path)?);
        return write(&mut out).and_then(|()| out.flush());
    }
    let target = if standing.is_some() {
        fs::canonicalize(path)?
    } else {
        path.to_owned()
    };
    let (beside, file) = create_beside(&target)?;
    let written = large::write_by(&file, write).and_then(|()| match &standing {
        Some(standing) => file.set_permissions(standing.permissions()),
        None => Ok(()),
    });
    let written = written.and_then(|()| file.sync_all());
    drop(file);
    let written = written.and_then(|()| fs::rename(&beside, &target));
    if written.is_err() {
        // The first failure is the one to report.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn create_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    let Some(name) = target.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"));
    };
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = target.with_file_name(beside);
    let file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
    Ok((beside, file))
}

/// One line on a terminal that says how far a long command has come.
#[derive(Debug)]
pub struct Meter<W> {
    out: W,
    shown_at: Option<Duration>,
}

impl<W: Write> Meter<W> {
    /// A meter that has shown nothing yet.
    pub fn new(out: W) -> Self {
        Meter { out, shown_at: None }
    }

    /// Shows how far it is, `elapsed` after the start. A terminal that cannot be written to is no reason to stop.
    pub fn show(&mut self, progress: &Progress, elapsed: Duration) {
        if progress.total == Some(progress.done) {
            return self.clear();
        }
        let due = match self.shown_at {
            None => elapsed >= QUIET,
            Some(shown_at) => elapsed.saturating_sub(shown_at) >= INTERVAL,
        };
        if !due {
            return;
        }
        self.shown_at = Some(elapsed);
        let Progress { what, done, total } = progress;
        let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
        let _ = write!(self.out, "\r\x1b[K{what}: {done}{of}").and_then(|()| self.out.flush());
    }

    /// Removes the line, so that what follows starts on an empty line.
    pub fn clear(&mut self) {
        if self.shown_at.take().is_some() {
            let _ = write!(self.out, "\r\x1b[K").and_then(|()| self.out.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("same-ca-output-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Folder(folder)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left_behind() {
        let folder = Folder::new("replaced");
        let path = folder.0.join("report.json");
        write_file(&path, b"old, and longer").unwrap();
        write_file(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(folder.names(), ["report.json"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_and_is_not_made() {
        let folder = Folder::new("missing");
        let error = write_file(&folder.0.join("no/report.json"), b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(folder.names().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_file_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new("link");
        let (file, link) = (folder.0.join("file"), folder.0.join("link"));
        fs::write(&file, b"old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        write_file(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_short_command_shows_nothing_and_a_long_one_a_line_that_goes_away() {
        let mut meter = Meter::new(Vec::new());
        let at = |done| Progress {
            what: "reading servers",
            done,
            total: Some(9),
        };
        meter.show(&at(1), Duration::from_millis(900));
        meter.clear();
        assert!(meter.out.is_empty());
        meter.show(&at(2), Duration::from_millis(1000));
        meter.show(&at(3), Duration::from_millis(1100));
        meter.show(&at(4), Duration::from_millis(1200));
        meter.show(&at(9), Duration::from_millis(1250));
        meter.clear();
        let shown = String::from_utf8(meter.out).unwrap();
        assert_eq!(
            shown,
            "\r\x1b[Kreading servers: 2 of 9\r\x1b[Kreading servers: 4 of 9\r\x1b[K"
        );
    }
}
