//! `same-ca fleet`: the reports of many hosts into one, read on all cores, in memory that grows with what is kept.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::cli::FleetFiles;
use crate::error::Error;
use crate::fleet::drift::Previous;
use crate::fleet::expected::Expected;
use crate::fleet::input::{Documents, Origin, Piece};
use crate::fleet::{Fleet, Settings, judge, waivers};
use crate::output;
use crate::protocol::fleet::{FleetReport, Text, UnreadableCode};
use crate::protocol::{Fault, Span, Timestamp, read};
use crate::render::{csv, html, json, junit, markdown, prometheus};

use super::{Progress, World};

/// The largest document, in bytes: a fleet report of a million hosts has half of it.
const DOCUMENT_LIMIT: usize = 2 * 1024 * 1024 * 1024;
/// Bytes that are read at a time: enough lines for all cores between two reads, little beside the records.
const BLOCK: usize = 16 * 1024 * 1024;
/// Bytes of lines that one thread reads in a row.
const RUN: usize = 256 * 1024;
/// Files that are read at once between two additions to the fleet.
const FILES: usize = 512;
/// The size up to which a file is read with others at once, in bytes; a larger one is shared by all cores.
const SMALL_FILE: u64 = 4 * 1024 * 1024;
/// Folders in folders that are followed; deeper ones are a loop or a mistake.
const DEPTH: usize = 64;
/// A list of hosts or waivers, in bytes: no hand writes more.
const LIST_LIMIT: u64 = 256 * 1024 * 1024;

/// What is asked of a fleet.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Files, folders, patterns of files, or `-`.
    pub reports: Vec<String>,
    /// Lists of hosts that should have reported.
    pub expected_hosts: Vec<PathBuf>,
    /// Lists of waivers.
    pub waivers: Vec<PathBuf>,
    /// What to compare with: read as reports are.
    pub previous: Option<String>,
    /// The instant; without it, the newest time in the reports.
    pub as_of: Option<Timestamp>,
    /// The age from which on a report is stale.
    pub max_age: Option<Span>,
}

/// Reads the reports and judges them together.
///
/// # Errors
/// Where a file that is named is not there, or a list of hosts or waivers is wrong. What a file holds that is no report
/// is counted and named in the answer.
pub fn fleet(ask: &Ask, stdin: &mut dyn Read, world: &World<'_>) -> Result<FleetReport, Error> {
    // What people wrote comes first: it is read at once, and may be wrong.
    let mut settings = Settings {
        as_of: ask.as_of,
        max_age: ask.max_age,
        ..Settings::default()
    };
    settings.expected = expected(&ask.expected_hosts)?;
    for path in &ask.waivers {
        let wrong = |error: String| Fault::usage(format!("--waivers {}: {error}", path.display()));
        let name = path.to_string_lossy();
        settings
            .waivers
            .extend(waivers::read(&name, &list(path)?).map_err(wrong)?);
    }
    if let Some(previous) = &ask.previous {
        let (_, records, _) = gather(std::slice::from_ref(previous), &mut io::empty(), world)?.finish();
        if records.is_empty() {
            return Err(Fault::usage(format!("--previous {previous}: holds no report")).into());
        }
        settings.previous = Some(Previous::new(&records));
    }
    let fleet = gather(&ask.reports, stdin, world)?;
    Ok(judge(fleet, &settings))
}

/// Writes the files that were asked for, each whole or not at all, several at once.
///
/// # Errors
/// The first, in the order of the flags, that could not be written.
pub fn write_files(report: &FleetReport, files: &FleetFiles) -> Result<(), Error> {
    type Write<'a> = (
        &'a Option<PathBuf>,
        fn(&FleetReport, &mut dyn io::Write) -> io::Result<()>,
    );
    let all: [Write<'_>; 6] = [
        (&files.html, |report, out| html::fleet(report, out)),
        (&files.json, |report, out| json::line(report, out)),
        (&files.csv, |report, out| csv::fleet(report, out)),
        (&files.junit, |report, out| junit::fleet(report, out)),
        (&files.prometheus, |report, out| prometheus::fleet(report, out)),
        (&files.markdown, |report, out| markdown::fleet(report, out)),
    ];
    let write = |(path, write): &Write<'_>| {
        let Some(path) = path else { return Ok(()) };
        let written = output::write_file_by(path, |out| write(report, out));
        written.map_err(|cause| Error::File {
            path: path.clone(),
            cause,
        })
    };
    let written: Vec<Result<(), Error>> = all.par_iter().map(write).collect();
    written.into_iter().collect()
}

fn expected(paths: &[PathBuf]) -> Result<Expected, Error> {
    let mut expected = Expected::default();
    for path in paths {
        let wrong = |error: String| Fault::usage(format!("--expected-hosts {}: {error}", path.display()));
        let name = path.to_string_lossy();
        expected.read(&name, &list(path)?).map_err(wrong)?;
        if expected.is_empty() {
            return Err(wrong("holds no host".into()).into());
        }
    }
    Ok(expected)
}

/// A file that people write, as text.
fn list(path: &Path) -> Result<String, Error> {
    let wrong = |what: &str| Fault::usage(format!("{}: {what}", path.display()));
    let mut bytes = Vec::new();
    let opened = File::open(path).map_err(|error| wrong(words(error.kind())))?;
    let read = opened.take(LIST_LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| wrong(words(error.kind())))?;
    if bytes.len() as u64 > LIST_LIMIT {
        return Err(wrong("too large for a list").into());
    }
    let bytes = utf8(bytes).map_err(|()| wrong("is not text in UTF-8"))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("is not text in UTF-8"))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Reads everything that is named.
fn gather(named: &[String], stdin: &mut dyn Read, world: &World<'_>) -> Result<Fleet, Error> {
    let mut gathering = Gathering {
        documents: Documents::default(),
        fleet: Fleet::default(),
        done: 0,
        world,
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for name in named {
        if name == "-" {
            let source = Text::from("-");
            gathering.stream(stdin, whole_file(&source)).map_err(Error::Input)?;
            continue;
        }
        find(Path::new(name), name, &mut files)?;
    }
    // A file that is named twice is read once.
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    drop(seen);
    for group in files.chunks(FILES) {
        gathering.files(group);
    }
    Ok(gathering.fleet)
}

/// The files that a name stands for: itself, those of a folder, or those that fit a pattern.
fn find(path: &Path, name: &str, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let wrong = |what: &str| Fault::usage(format!("{name}: {what}"));
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            folder(path, DEPTH, files).map_err(|error| wrong(words(error.kind())).into())
        }
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
fn folder(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
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
fn words(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound => "there is no such file",
        io::ErrorKind::PermissionDenied => "may not be read",
        _ => "cannot be read",
    }
}

fn named(path: &Path) -> Text {
    // The same name on every system.
    let name = path.to_string_lossy();
    match cfg!(windows) {
        true => name.replace('\\', "/").into(),
        false => name.into(),
    }
}

fn whole_file(source: &Text) -> Origin<'_> {
    Origin { source, line: None }
}

/// Reading under way.
struct Gathering<'a> {
    documents: Documents,
    fleet: Fleet,
    done: usize,
    world: &'a World<'a>,
}

/// Lines of a file and what was found in them: line numbers count from the first of these lines.
struct Lines {
    found: Vec<Piece>,
    lines: u64,
}

impl Gathering<'_> {
    fn add(&mut self, pieces: Vec<Piece>) {
        self.done += pieces.len();
        for piece in pieces {
            self.fleet.add(piece, &self.documents);
        }
        (self.world.progress)(Progress {
            what: "reports",
            done: self.done,
            total: None,
        });
    }

    /// Reads files: small ones many at a time, large ones by themselves.
    fn files(&mut self, files: &[PathBuf]) {
        let small = |path: &PathBuf| fs::metadata(path).is_ok_and(|metadata| metadata.len() <= SMALL_FILE);
        let documents = &self.documents;
        let read: Vec<Option<Vec<Piece>>> = files
            .par_iter()
            .map(|path| {
                small(path).then(|| {
                    let source = named(path);
                    let origin = whole_file(&source);
                    match fs::read(path) {
                        Ok(bytes) => whole(documents, bytes, origin),
                        Err(error) => vec![origin.unreadable(UnreadableCode::BadFile, words(error.kind()))],
                    }
                })
            })
            .collect();
        for (path, pieces) in files.iter().zip(read) {
            match pieces {
                Some(pieces) => self.add(pieces),
                None => self.large(path),
            }
        }
    }

    fn large(&mut self, path: &Path) {
        let source = named(path);
        let origin = whole_file(&source);
        let read = File::open(path).and_then(|mut file| self.stream(&mut file, origin));
        if let Err(error) = read {
            self.add(vec![origin.unreadable(UnreadableCode::BadFile, words(error.kind()))]);
        }
    }

    /// Reads a stream: a document a line as it comes, anything else whole.
    fn stream(&mut self, input: &mut dyn Read, origin: Origin<'_>) -> io::Result<()> {
        let mut block = Vec::new();
        let mut ended = fill(input, &mut block, BLOCK)?;
        if utf16(&block) {
            fill(input, &mut block, DOCUMENT_LIMIT)?;
            let pieces = whole(&self.documents, block, origin);
            self.add(pieces);
            return Ok(());
        }
        // The first line may be longer than a block: a fleet report is one line.
        while !ended && !block.contains(&b'\n') && block.len() < DOCUMENT_LIMIT {
            let more = block.len() * 2;
            ended = fill(input, &mut block, more.min(DOCUMENT_LIMIT))?;
        }
        if ended || !is_lines(&block) {
            ended = ended || fill(input, &mut block, DOCUMENT_LIMIT)?;
            if !ended {
                let pieces = vec![too_large(origin)];
                self.add(pieces);
                return Ok(());
            }
            let pieces = whole(&self.documents, block, origin);
            self.add(pieces);
            return Ok(());
        }
        self.lines(input, block, origin)
    }

    /// Reads a document a line, the next block while the one before is read.
    fn lines(&mut self, input: &mut dyn Read, mut block: Vec<u8>, origin: Origin<'_>) -> io::Result<()> {
        // The two blocks are used again and again.
        let mut next = Vec::new();
        let mut before: u64 = 0;
        let mut ended = false;
        let mut first = true;
        loop {
            // What stands after the last end of line belongs to the next block.
            let mut end = match ended {
                true => block.len(),
                false => block.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1),
            };
            while end == 0 && !ended {
                if block.len() >= DOCUMENT_LIMIT {
                    let origin = Origin {
                        line: Some(before + 1),
                        ..origin
                    };
                    self.add(vec![too_large(origin)]);
                    ended = skip_line(input, &mut block)?;
                    before += 1;
                } else {
                    let more = (block.len() * 2).clamp(BLOCK, DOCUMENT_LIMIT);
                    ended = fill(input, &mut block, more)?;
                }
                end = match ended {
                    true => block.len(),
                    false => block.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1),
                };
            }
            next.clear();
            next.extend_from_slice(block.get(end..).unwrap_or_default());
            block.truncate(end);
            let start = if std::mem::take(&mut first) {
                block.len() - read::without_bom(&block).len()
            } else {
                0
            };
            let lines = block.get(start..).unwrap_or_default();
            let documents = &self.documents;
            let was_ended = ended;
            let (read, filled) = std::thread::scope(|scope| {
                let reading = scope.spawn(|| runs(documents, lines, origin));
                let filled = match was_ended {
                    true => Ok(true),
                    false => {
                        let size = next.len() + BLOCK;
                        fill(input, &mut next, size)
                    }
                };
                (reading.join().unwrap_or_default(), filled)
            });
            for mut run in read {
                run.found.iter_mut().for_each(|piece| shift(piece, before));
                before += run.lines;
                self.add(run.found);
            }
            if was_ended {
                return Ok(());
            }
            ended = filled?;
            std::mem::swap(&mut block, &mut next);
        }
    }
}

fn too_large(origin: Origin<'_>) -> Piece {
    let message = format!("a document is larger than {} MiB", DOCUMENT_LIMIT / 1024 / 1024);
    origin.unreadable(UnreadableCode::TooLarge, &message)
}

/// Reads until so many bytes are held, and says whether the input ended.
fn fill(input: &mut dyn Read, held: &mut Vec<u8>, size: usize) -> io::Result<bool> {
    let wanted = size.saturating_sub(held.len());
    held.reserve(wanted.min(BLOCK));
    let wanted = wanted as u64;
    let read = input.take(wanted).read_to_end(held)? as u64;
    Ok(read < wanted)
}

/// Passes over the rest of a line, keeping what follows it, and says whether the input ended.
fn skip_line(input: &mut dyn Read, block: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        block.clear();
        let ended = fill(input, block, BLOCK)?;
        if let Some(at) = block.iter().position(|&byte| byte == b'\n') {
            block.drain(..=at);
            return Ok(ended);
        }
        if ended {
            block.clear();
            return Ok(true);
        }
    }
}

/// Whether a file holds a document a line: its first line is not the beginning of something longer.
fn is_lines(bytes: &[u8]) -> bool {
    let bytes = read::without_bom(bytes);
    let first = bytes
        .split(|&byte| byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty());
    first.is_some_and(|first| match serde_json::from_slice::<IgnoredAny>(first) {
        Ok(_) => true,
        Err(error) => !error.is_eof(),
    })
}

/// Everything that a file in memory holds.
fn whole(documents: &Documents, bytes: Vec<u8>, origin: Origin<'_>) -> Vec<Piece> {
    let Ok(bytes) = utf8(bytes) else {
        return vec![origin.unreadable(UnreadableCode::BadJson, "not UTF-8, nor UTF-16")];
    };
    let bytes = read::without_bom(&bytes);
    let several = bytes.trim_ascii().contains(&b'\n') && is_lines(bytes);
    if several {
        return numbered(runs(documents, bytes, origin));
    }
    let mut found = Vec::new();
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    let broken = loop {
        match stream.next() {
            Some(Ok(document)) => documents.read(document.get().as_bytes(), origin, &mut found),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    let rest = bytes.get(stream.byte_offset()..).unwrap_or_default();
    if broken && found.is_empty() && rest.trim_ascii().contains(&b'\n') {
        // A line that was cut off may stand before others that are whole.
        let lines = numbered(runs(documents, bytes, origin));
        if lines.iter().any(|piece| !matches!(piece, Piece::Unreadable(_))) {
            return lines;
        }
    }
    if broken || (found.is_empty() && bytes.trim_ascii().is_empty()) {
        documents.read(rest, origin, &mut found);
    }
    found
}

/// What was found in runs of lines that follow each other, with the lines' numbers in the file.
fn numbered(runs: Vec<Lines>) -> Vec<Piece> {
    let mut before = 0;
    let mut found = Vec::new();
    for mut run in runs {
        run.found.iter_mut().for_each(|piece| shift(piece, before));
        before += run.lines;
        found.append(&mut run.found);
    }
    found
}

/// Reads lines on all cores.
fn runs(documents: &Documents, bytes: &[u8], origin: Origin<'_>) -> Vec<Lines> {
    let mut pieces: Vec<&[u8]> = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let at_least = rest
            .get(RUN..)
            .and_then(|after| after.iter().position(|&byte| byte == b'\n'));
        let (piece, after) = rest.split_at(at_least.map_or(rest.len(), |at| RUN + at + 1));
        pieces.push(piece);
        rest = after;
    }
    pieces
        .into_par_iter()
        .map(|piece| run(documents, piece, origin))
        .collect()
}

fn run(documents: &Documents, bytes: &[u8], origin: Origin<'_>) -> Lines {
    let mut lines = Lines {
        found: Vec::new(),
        lines: 0,
    };
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        lines.lines += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let origin = Origin {
            line: Some(lines.lines),
            ..origin
        };
        documents.read(line, origin, &mut lines.found);
    }
    lines
}

/// Counts a piece's line from the beginning of its file.
fn shift(piece: &mut Piece, before: u64) {
    let line = match piece {
        Piece::Record(record, _) => &mut record.line,
        Piece::Unreadable(unreadable) => &mut unreadable.line,
        Piece::Fleet(_) => return,
    };
    if let Some(line) = line {
        *line += before;
    }
}

fn utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF")
}

/// UTF-8 from what Windows PowerShell writes with `>`: UTF-16 with a byte order mark. Everything else stays as it is.
fn utf8(bytes: Vec<u8>) -> Result<Vec<u8>, ()> {
    if !utf16(&bytes) {
        return Ok(bytes);
    }
    let unit: fn([u8; 2]) -> u16 = if bytes.starts_with(b"\xFF\xFE") {
        u16::from_le_bytes
    } else {
        u16::from_be_bytes
    };
    let (units, rest) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(units.iter().skip(1).map(|&pair| unit(pair))).collect();
    match (text, rest) {
        (Ok(text), []) => Ok(text.into_bytes()),
        _ => Err(()),
    }
}
