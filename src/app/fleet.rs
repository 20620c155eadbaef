//! `same-ca fleet`: the reports of many hosts into one, read on all cores, in memory that grows with what is kept.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::cli::{AsOf, FleetFiles};
use crate::cli::{FailOn, FleetArgs, Format};
use crate::error::Error;
use crate::fleet::drift::Previous;
use crate::fleet::expected::Expected;
use crate::fleet::input::{Documents, Origin, Piece};
use crate::fleet::{Fleet, Settings, judge, waivers};
use crate::output;
use crate::protocol::fleet::WaiverState;
use crate::protocol::fleet::{FleetReport, Text, UnreadableCode};
use crate::protocol::{Fault, Span, Timestamp};
use crate::render::fleet_text;
use crate::render::{csv, html, json, junit, markdown, prometheus};

use super::output::answer;
use super::{ANSWERED, NOT_COMPLIANT, Streams};
use super::{Context, Progress};

/// Runs `same-ca fleet`.
///
/// # Errors
/// Where the question cannot be answered, or the answer not be written.
pub fn run(args: &FleetArgs, streams: &mut Streams<'_>, context: &Context<'_>) -> Result<u8, Error> {
    let mut reports = args.reports.clone();
    if reports.is_empty() {
        if streams.input_is_terminal {
            let message =
                "expected reports: as arguments (same-ca fleet reports/) or on standard input (< reports.ndjson)";
            return Err(Fault::usage(message).into());
        }
        reports.push("-".into());
    }
    if reports.iter().filter(|name| *name == "-").count() > 1 {
        return Err(Fault::usage("- stands for standard input, once").into());
    }
    check_files(&args.files, args.output.output.as_deref())?;
    let ask = Ask {
        reports,
        expected_hosts: args.expected_hosts.clone(),
        missing: args.missing.clone(),
        waivers: args.waivers.clone(),
        previous: args.previous.clone(),
        as_of: args.as_of.unwrap_or_default(),
        max_age: args.max_age,
    };
    let report = fleet(&ask, &mut streams.input, context)?;
    write_files(&report, &args.files)?;
    answer(
        streams,
        &args.output,
        is_typed(args),
        "the fleet report",
        context,
        |look, out| match look.format {
            Format::Json if look.terminal => json::pretty(&report, out),
            Format::Json => json::fleet(&report, out),
            Format::Text => fleet_text::fleet(&report, look.colour, out),
        },
    )?;
    let failed = args.fail_on.iter().any(|what| fails(&report, *what));
    Ok(if failed { NOT_COMPLIANT } else { ANSWERED })
}

/// Whether the reports are named, or files are asked for: then standard output is for people.
pub(super) fn is_typed(args: &FleetArgs) -> bool {
    !args.reports.is_empty() || args.files != Default::default()
}

fn fails(report: &FleetReport, what: FailOn) -> bool {
    match what {
        FailOn::Noncompliant => report.totals.noncompliant > 0,
        FailOn::Undetermined => report.totals.undetermined > 0 || report.records.is_empty(),
        FailOn::Stale => report.records.iter().any(|record| record.stale),
        FailOn::FromFuture => !report.set_aside.is_empty() || report.records.iter().any(|record| record.from_future),
        FailOn::Missing => report.totals.missing > 0,
        FailOn::Waived => report.totals.waived > 0,
        FailOn::Unreadable => report.reports.unreadable > 0,
        FailOn::WaiverExpired => report.waivers.iter().any(|waiver| waiver.state == WaiverState::Expired),
        FailOn::NewlyFailing => report
            .drift
            .as_ref()
            .is_some_and(|drift| !drift.newly_failing.is_empty()),
    }
}

/// The largest fleet report, in bytes: one of a million hosts has half of it.
const FLEET_LIMIT: usize = 2 * 1024 * 1024 * 1024;
/// The largest other document, in bytes: as large as a request may be.
const DOCUMENT_LIMIT: usize = crate::json::REQUEST_LIMIT;
/// Bytes that one thread reads at a time: enough lines that taking them costs nothing, and they stay in its cache.
const BLOCK: usize = 256 * 1024;
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
    /// Lists of hosts that are known to be missing, with why.
    pub missing: Vec<PathBuf>,
    /// Lists of waivers.
    pub waivers: Vec<PathBuf>,
    /// What to compare with: read as reports are.
    pub previous: Option<String>,
    /// The instant that is judged.
    pub as_of: AsOf,
    /// The age from which on a report is stale.
    pub max_age: Option<Span>,
}

fn instant(as_of: AsOf, context: &Context<'_>) -> Option<Timestamp> {
    match as_of {
        AsOf::Clock => Some(context.clock),
        AsOf::Newest => None,
        AsOf::At(at) => Some(at),
    }
}

/// Reads the reports and judges them together.
///
/// # Errors
/// Where a file that is named is not there, or a list of hosts or waivers is wrong. What a file holds that is no report
/// is counted and named in the answer.
pub fn fleet(ask: &Ask, stdin: &mut (dyn Read + Send), context: &Context<'_>) -> Result<FleetReport, Error> {
    // What people wrote comes first: it is read at once, and may be wrong.
    let mut settings = Settings {
        as_of: instant(ask.as_of, context),
        max_age: ask.max_age,
        ..Settings::default()
    };
    settings.expected = expected(&ask.expected_hosts)?;
    for path in &ask.missing {
        let wrong = |error: String| Fault::usage(format!("--missing {}: {error}", path.display()));
        settings.expected.read_missing(&list(path)?).map_err(wrong)?;
    }
    for path in &ask.waivers {
        let wrong = |error: String| Fault::usage(format!("--waivers {}: {error}", path.display()));
        let name = path.to_string_lossy();
        settings
            .waivers
            .extend(waivers::read(&name, &list(path)?).map_err(wrong)?);
    }
    if let Some(previous) = &ask.previous {
        let before = gather(
            std::slice::from_ref(previous),
            settings.as_of,
            &mut io::empty(),
            context,
        )?;
        let judged_at = before.judged_at();
        let records = before.finish().records;
        if records.is_empty() {
            return Err(Fault::usage(format!("--previous {previous}: holds no report")).into());
        }
        settings.previous = Some(Previous::new(&records, judged_at));
    }
    let fleet = gather(&ask.reports, settings.as_of, stdin, context)?;
    Ok(judge(fleet, &settings))
}

/// Refuses two answers into one file: the second would take the place of the first.
///
/// # Errors
/// Names the flags.
pub fn check_files(files: &FleetFiles, output: Option<&Path>) -> Result<(), Fault> {
    let named = [
        ("--html", files.html.as_deref()),
        ("--json", files.json.as_deref()),
        ("--csv", files.csv.as_deref()),
        ("--junit", files.junit.as_deref()),
        ("--prometheus", files.prometheus.as_deref()),
        ("--markdown", files.markdown.as_deref()),
        ("--output", output),
    ];
    let named: Vec<(&str, &Path)> = named
        .into_iter()
        .filter_map(|(flag, path)| Some((flag, path?)))
        .collect();
    let place = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for (index, (flag, path)) in named.iter().enumerate() {
        if let Some((other, _)) = named.iter().take(index).find(|(_, other)| place(other) == place(path)) {
            let path = path.display();
            return Err(Fault::usage(format!(
                "{other} and {flag} name the same file, {path}: give each its own"
            )));
        }
    }
    Ok(())
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
        (&files.json, |report, out| json::fleet(report, out)),
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
    let opened = open(path).map_err(wrong)?;
    let read = opened.take(LIST_LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| wrong(words(error.kind())))?;
    if bytes.len() as u64 > LIST_LIMIT {
        return Err(wrong("too large for a list").into());
    }
    let bytes = utf8(bytes).map_err(|_| wrong("is not text in UTF-8"))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("is not text in UTF-8"))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Reads everything that is named.
fn gather(
    named: &[String],
    as_of: Option<Timestamp>,
    stdin: &mut (dyn Read + Send),
    context: &Context<'_>,
) -> Result<Fleet, Error> {
    let documents = Documents::default();
    let mut gathering = Gathering {
        documents: &documents,
        fleet: Fleet::new(as_of),
        done: 0,
        context,
    };
    let mut files: Vec<PathBuf> = Vec::new();
    // Pipes are read where they are named, as `<(…)` of a shell is, and not where they lie in a folder.
    let mut pipes: Vec<PathBuf> = Vec::new();
    for name in named {
        if name == "-" {
            let source = Text::from("-");
            gathering.stream(stdin, whole_file(&source)).map_err(Error::Input)?;
            continue;
        }
        if is_pipe(name) {
            pipes.push(name.into());
            continue;
        }
        find(Path::new(name), name, &mut files)?;
    }
    for pipe in pipes {
        let source = self::named(&pipe);
        let read = File::open(&pipe).and_then(|mut pipe| gathering.stream(&mut pipe, whole_file(&source)));
        read.map_err(|error| Fault::usage(format!("{}: {}", pipe.display(), words(error.kind()))))?;
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

/// What is said of a FIFO, a device or a socket: reading one might never end.
const SPECIAL: &str = "is neither a file nor a folder";

#[cfg(unix)]
fn is_pipe(name: &str) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(name).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &str) -> bool {
    false
}

/// Opens a file, unless it is a special one.
fn open(path: &Path) -> Result<File, &'static str> {
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
    documents: &'a Documents,
    fleet: Fleet,
    done: usize,
    context: &'a Context<'a>,
}

impl Gathering<'_> {
    fn add(&mut self, pieces: impl IntoIterator<Item = Piece, IntoIter: ExactSizeIterator>) {
        let pieces = pieces.into_iter();
        self.done += pieces.len();
        self.fleet.add(pieces, self.documents);
        (self.context.progress)(Progress {
            what: "reports",
            done: self.done,
            total: None,
        });
    }

    /// Reads files: small ones many at a time, large ones by themselves.
    fn files(&mut self, files: &[PathBuf]) {
        let small = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= SMALL_FILE)
        };
        let documents = self.documents;
        let read: Vec<Option<Vec<Piece>>> = files
            .par_iter()
            .map(|path| {
                small(path).then(|| {
                    let source = named(path);
                    let origin = whole_file(&source);
                    match read_small(path) {
                        Ok(bytes) => whole(documents, bytes, origin),
                        Err(why) => vec![origin.unreadable(UnreadableCode::BadFile, why)],
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
        let read = open(path).and_then(|mut file| self.stream(&mut file, origin).map_err(|error| words(error.kind())));
        if let Err(why) = read {
            self.add(vec![origin.unreadable(UnreadableCode::BadFile, why)]);
        }
    }

    /// Reads a stream: a document a line as it comes, anything else whole.
    fn stream(&mut self, input: &mut (dyn Read + Send), origin: Origin<'_>) -> io::Result<()> {
        let mut block = Vec::new();
        let mut ended = fill(input, &mut block, BLOCK)?;
        if utf16(&block) {
            return self.rest(input, block, ended, origin);
        }
        if is_yaml(&block) {
            let pieces = vec![yaml(origin)];
            self.add(pieces);
            return Ok(());
        }
        // The first line may be longer than a block: a fleet report is one line.
        while !ended && !block.contains(&b'\n') && block.len() < limit(&block) {
            let more = block.len() * 2;
            let limit = limit(&block);
            ended = fill(input, &mut block, more.min(limit))?;
        }
        if ended || !is_lines(&block) {
            return self.rest(input, block, ended, origin);
        }
        self.lines(input, block, origin)
    }

    /// Reads what is left of a document, or of several, whole.
    fn rest(
        &mut self,
        input: &mut (dyn Read + Send),
        mut block: Vec<u8>,
        mut ended: bool,
        origin: Origin<'_>,
    ) -> io::Result<()> {
        if !ended {
            ended = fill(input, &mut block, DOCUMENT_LIMIT)?;
        }
        if !ended && limit(&block) > DOCUMENT_LIMIT {
            ended = fill(input, &mut block, FLEET_LIMIT)?;
        }
        let pieces = match ended {
            true => whole(self.documents, block, origin),
            false => vec![too_large(origin)],
        };
        self.add(pieces);
        Ok(())
    }

    /// Reads a document a line: each thread takes the next block of lines, reads it, and adds what it found.
    fn lines(&mut self, input: &mut (dyn Read + Send), block: Vec<u8>, origin: Origin<'_>) -> io::Result<()> {
        let blocks = Mutex::new(Blocks {
            input,
            rest: block,
            before: 0,
            ended: false,
            failed: None,
        });
        let documents = self.documents;
        let source = origin.source;
        let gathering = Mutex::new(self);
        rayon::broadcast(|_| {
            // Of its own, because counting the users of one text on all threads costs more than the text.
            let source = Text::from(&**source);
            let (mut block, mut pieces) = (Vec::new(), Vec::new());
            loop {
                let taken = lock(&blocks).take(&mut block);
                let Some(before) = taken else { break };
                match before {
                    Taken::Lines(before) => run_of_lines(documents, &block, before, &source, &mut pieces),
                    Taken::TooLong(line) => pieces.push(too_large(Origin {
                        source: &source,
                        line: Some(line),
                    })),
                }
                lock(&gathering).add(pieces.drain(..));
            }
        });
        blocks
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .failed
            .map_or(Ok(()), Err)
    }
}

/// The lines of a stream, to be taken block by block.
struct Blocks<'a> {
    input: &'a mut (dyn Read + Send),
    /// What was read and not yet taken.
    rest: Vec<u8>,
    /// Lines that were taken.
    before: u64,
    ended: bool,
    failed: Option<io::Error>,
}

/// What was taken of a stream.
enum Taken {
    /// Whole lines, after so many.
    Lines(u64),
    /// A line that is larger than a document may be, by its number.
    TooLong(u64),
}

impl Blocks<'_> {
    /// Takes the next lines into `block`; none at the end, or where reading failed.
    fn take(&mut self, block: &mut Vec<u8>) -> Option<Taken> {
        block.clear();
        block.append(&mut self.rest);
        loop {
            if !self.ended {
                let more = match block.len() {
                    0..BLOCK => BLOCK,
                    held => (held * 2).min(limit(block)),
                };
                match fill(self.input, block, more) {
                    Ok(ended) => self.ended = ended,
                    Err(error) => {
                        (self.failed, self.ended) = (Some(error), true);
                        return None;
                    }
                }
            }
            if self.before == 0 {
                let mark = block.len() - crate::json::without_bom(block).len();
                block.drain(..mark);
            }
            if self.ended {
                if block.is_empty() {
                    return None;
                }
                let before = self.before;
                self.before += lines_in(block) + 1;
                return Some(Taken::Lines(before));
            }
            // What stands after the last end of line belongs to the next block.
            if let Some(last) = memchr::memrchr(b'\n', block) {
                self.rest.extend_from_slice(block.get(last + 1..).unwrap_or_default());
                block.truncate(last + 1);
                let before = self.before;
                self.before += lines_in(block);
                return Some(Taken::Lines(before));
            }
            if block.len() >= limit(block) {
                match skip_line(self.input, block) {
                    Ok(ended) => self.ended = ended,
                    Err(error) => (self.failed, self.ended) = (Some(error), true),
                }
                self.rest.append(block);
                self.before += 1;
                return Some(Taken::TooLong(self.before));
            }
        }
    }
}

fn lines_in(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn too_large(origin: Origin<'_>) -> Piece {
    let message = format!(
        "larger than {} MiB, which no document but a fleet report may be, and that {} MiB",
        DOCUMENT_LIMIT / 1024 / 1024,
        FLEET_LIMIT / 1024 / 1024
    );
    origin.unreadable(UnreadableCode::TooLarge, &message)
}

/// How large a document may be, by how it begins. A fleet report says what it is before it lists its records.
fn limit(begin: &[u8]) -> usize {
    let begin = begin.get(..DOCUMENT_LIMIT).unwrap_or(begin);
    let is_fleet = |at: usize| {
        let rest = begin
            .get(at + b"\"kind\"".len()..)
            .unwrap_or_default()
            .trim_ascii_start();
        let value = rest.strip_prefix(b":").unwrap_or_default().trim_ascii_start();
        value.starts_with(b"\"fleet\"")
    };
    match begin.len() >= DOCUMENT_LIMIT && !memchr::memmem::find_iter(begin, b"\"kind\"").any(is_fleet) {
        true => DOCUMENT_LIMIT,
        false => FLEET_LIMIT,
    }
}

/// Reads a file that was small when it was looked at.
fn read_small(path: &Path) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(SMALL_FILE * 2).read_to_end(&mut bytes);
    read.map_err(|error| words(error.kind()))?;
    match bytes.len() as u64 >= SMALL_FILE * 2 {
        true => Err("grew while it was read"),
        false => Ok(bytes),
    }
}

/// Whether a text is YAML by its first lines: `dsc` writes it to a terminal.
fn is_yaml(bytes: &[u8]) -> bool {
    /// Lines that are looked at: none of the first may begin a JSON document.
    const LINES: usize = 20;
    let bytes = crate::json::without_bom(bytes);
    let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).take(LINES).collect();
    let Some(first) = lines.iter().find(|line| !line.starts_with(b"#")) else {
        return false;
    };
    let key = |line: &[u8]| {
        let end = line.iter().position(|&byte| byte == b':');
        end.is_some_and(|end| {
            let (key, rest) = line.split_at(end);
            let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_$.-'\" ".contains(byte);
            !key.is_empty() && key.iter().all(word) && matches!(rest, [b':'] | [b':', b' ', ..])
        })
    };
    let begins = |line: &[u8]| line == b"---" || key(line) || line.strip_prefix(b"- ").is_some_and(key);
    begins(first)
        && !lines
            .iter()
            .any(|line| line.starts_with(b"{") || line.starts_with(b"["))
}

fn yaml(origin: Origin<'_>) -> Piece {
    let message = "YAML, where JSON is expected: write it anew with `dsc … -o json`";
    origin.unreadable(UnreadableCode::BadJson, message)
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
        if let Some(at) = memchr::memchr(b'\n', block) {
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
    let bytes = crate::json::without_bom(bytes);
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
    let bytes = crate::json::without_bom(&bytes);
    if is_yaml(bytes) {
        return vec![yaml(origin)];
    }
    let several = bytes.trim_ascii().contains(&b'\n') && is_lines(bytes);
    if several {
        let mut found = Vec::new();
        run_of_lines(documents, bytes, 0, origin.source, &mut found);
        return found;
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
        let mut lines = Vec::new();
        run_of_lines(documents, bytes, 0, origin.source, &mut lines);
        if lines.iter().any(|piece| !matches!(piece, Piece::Unreadable(_))) {
            return lines;
        }
    }
    if broken || (found.is_empty() && bytes.trim_ascii().is_empty()) {
        documents.read(rest, origin, &mut found);
    }
    found
}

/// Reads a document a line, after so many lines.
fn run_of_lines(documents: &Documents, bytes: &[u8], before: u64, source: &Text, found: &mut Vec<Piece>) {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]);
    for (end, number) in ends.zip(before + 1..) {
        let line = bytes.get(start..end).unwrap_or_default();
        start = end + 1;
        if !line.trim_ascii().is_empty() {
            let line_of = Some(number);
            documents.read(line, Origin { source, line: line_of }, found);
        }
    }
}

fn utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF")
}

/// UTF-8 from what Windows PowerShell writes with `>`. Everything else stays as it is.
fn utf8(bytes: Vec<u8>) -> Result<Vec<u8>, crate::json::NotUtf16> {
    match crate::json::from_utf16(&bytes) {
        None => Ok(bytes),
        // A report that ends within a character was cut.
        Some(_) if bytes.len() % 2 == 1 => Err(crate::json::NotUtf16),
        Some(text) => text.map(String::into_bytes),
    }
}
