//! `same-ca batch`: requests a line, reports a line, in order, on all cores, in bounded memory.

use std::io::{self, BufRead, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use memchr::memchr;
use rayon::prelude::*;
use serde::Deserialize;

use crate::cli::BatchArgs;
use crate::decide::Reference;
use crate::error::Error;
use crate::json::LINE_LIMIT;
use crate::json::fast::reader::{self, Raw as Json};
use crate::json::fast::writer::{self, Raw};
use crate::protocol::fault::ErrorDocument;
use crate::protocol::request::check_subjects;
use crate::protocol::values::null_default;
use crate::protocol::{Fault, FaultCode, Report, Request, Source, Status, Subject, Timestamp};
use crate::source::SourceReader;

use super::check::{Head, judge, report, section};
use super::request;
use super::subjects::Candidates;
use super::{ANSWERED, NOT_ANSWERED, NOT_COMPLIANT, Streams};
use super::{Context, Progress};

/// Runs `same-ca batch`.
///
/// # Errors
/// Where the question cannot be answered, or the answer not be written.
pub fn run(args: &BatchArgs, streams: &mut Streams<'_>, context: &Context<'_>) -> Result<u8, Error> {
    if streams.input_is_terminal {
        let message = "expected requests on standard input, one a line: same-ca batch < requests.ndjson";
        return Err(Fault::usage(message).into());
    }
    let outcome = batch(streams.input, streams.output, context)?;
    streams.output.flush().map_err(Error::output("the reports"))?;
    if outcome.errors > 0 {
        let (errors, lines) = (outcome.errors, outcome.lines);
        (context.log)(&format!(
            "{errors} of {lines} lines could not be answered: see their errors"
        ));
    }
    Ok(match outcome {
        outcome if outcome.errors > 0 => NOT_ANSWERED,
        outcome if args.exit_code && outcome.not_compliant > 0 => NOT_COMPLIANT,
        _ => ANSWERED,
    })
}

/// Lines that are held at a time: enough to keep all cores busy between two reads.
const WINDOW_LINES: usize = 4096;
/// Bytes of lines that are held at a time: bounds the memory whatever the lines' length.
const WINDOW_BYTES: usize = 32 * 1024 * 1024;
/// Of these, bytes for each thread: few enough that a cache still holds them when it comes to them, and enough that
/// waiting for more costs nothing.
const THREAD_BYTES: usize = 4 * 1024 * 1024;
/// Bytes that are read at a time.
const BLOCK: usize = 128 * 1024;
/// Lines that one thread answers in a row: enough that handing them out costs nothing and that their answers are written
/// past the output's buffer, few enough to be shared evenly.
const RUN_LINES: usize = 32;
/// References that are kept worked out: a batch has one or a few, and a stream may go on for ever.
const KEPT_REFERENCES: usize = 64;

/// What came of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchOutcome {
    /// Lines read.
    pub lines: u64,
    /// Lines that were answered with an error.
    pub errors: u64,
    /// Reports that are not compliant.
    pub not_compliant: u64,
}

/// Answers a request a line. A line that is no request is answered with an error, and the stream goes on.
///
/// # Errors
/// Where input cannot be read or output cannot be written.
pub fn batch(
    input: &mut (dyn BufRead + Send),
    output: &mut dyn Write,
    context: &Context<'_>,
) -> Result<BatchOutcome, Error> {
    let (references, spare) = (References::default(), Spare::default());
    let mut outcome = BatchOutcome::default();
    let mut window = Window::new(rayon::current_num_threads());
    let mut first = true;
    loop {
        window.read(input).map_err(Error::Input)?;
        if window.lines.is_empty() {
            output.flush().map_err(Error::output("the reports"))?;
            return Ok(outcome);
        }
        if std::mem::take(&mut first) {
            window.drop_bom();
        }
        let batch = Batch {
            window: &window,
            before: outcome.lines,
            references: &references,
            spare: &spare,
            reader: SourceReader::new(None, context.env, context.log),
            context,
        };
        for answers in batch.answers() {
            outcome.errors += answers.errors;
            outcome.not_compliant += answers.not_compliant;
            output.write_all(&answers.bytes).map_err(Error::output("the reports"))?;
            spare.put(answers.bytes);
        }
        outcome.lines += window.lines.len() as u64;
        (context.progress)(Progress {
            what: "requests",
            done: usize::try_from(outcome.lines).unwrap_or(usize::MAX),
            total: None,
        });
    }
}

/// The lines that are held, end to end, and what was read after them. Its memory is used again for the next ones.
struct Window {
    bytes: Vec<u8>,
    /// How many of the bytes were read.
    filled: usize,
    /// Where each line lies; `None` where it was too long to hold.
    lines: Vec<Option<Range<usize>>>,
    /// Where the line after them begins.
    next: usize,
    /// Bytes of lines after which no more are added.
    enough: usize,
}

impl Window {
    fn new(threads: usize) -> Self {
        Window {
            bytes: Vec::new(),
            filled: 0,
            lines: Vec::new(),
            next: 0,
            enough: threads.saturating_mul(THREAD_BYTES).min(WINDOW_BYTES),
        }
    }

    /// Reads the next lines in place of those held; none at the end of the input.
    fn read(&mut self, input: &mut dyn BufRead) -> io::Result<()> {
        self.bytes.copy_within(self.next..self.filled, 0);
        self.filled -= self.next;
        self.next = 0;
        self.lines.clear();
        // Bytes of the next line in which its end was looked for.
        let mut seen = 0;
        while self.lines.len() < WINDOW_LINES && self.next < self.enough {
            let new = &self.bytes[self.next + seen..self.filled];
            if let Some(at) = memchr(b'\n', new) {
                self.add(self.next + seen + at);
                self.next += seen + at + 1;
                seen = 0;
                continue;
            }
            seen = self.filled - self.next;
            // One byte more than a line of the limit, as it may end in CR LF.
            if seen > LINE_LIMIT + 1 {
                self.lines.push(None);
                self.filled = self.next;
                seen = 0;
                input.skip_until(b'\n')?;
            } else if !self.fill(input)? {
                if seen > 0 {
                    self.add(self.filled);
                    self.next = self.filled;
                }
                break;
            }
        }
        Ok(())
    }

    /// Adds the line that begins at `next` and ends before `end`.
    fn add(&mut self, end: usize) {
        let line = &self.bytes[self.next..end];
        let length = line.strip_suffix(b"\r").unwrap_or(line).len();
        let held = length <= LINE_LIMIT;
        self.lines.push(held.then_some(self.next..self.next + length));
    }

    /// Reads more; false at the end of the input.
    fn fill(&mut self, input: &mut dyn BufRead) -> io::Result<bool> {
        if self.bytes.len() < self.filled + BLOCK {
            self.bytes.resize(self.filled + BLOCK, 0);
        }
        loop {
            match input.read(&mut self.bytes[self.filled..][..BLOCK]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => {
                    let read = read?;
                    self.filled += read;
                    return Ok(read > 0);
                }
            }
        }
    }

    /// Leaves out the byte order mark before the first line.
    fn drop_bom(&mut self) {
        if let Some(Some(line)) = self.lines.first_mut() {
            line.start = line.end - crate::json::without_bom(&self.bytes[line.clone()]).len();
        }
    }
}

/// Lines of output, from lines of input that follow each other.
#[derive(Default)]
struct Answers {
    bytes: Vec<u8>,
    errors: u64,
    not_compliant: u64,
}

/// Buffers for the next answers, so that memory is not asked for and given back with every window.
#[derive(Default)]
struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    fn take(&self) -> Vec<u8> {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spare.pop().unwrap_or_default()
    }

    fn put(&self, mut buffer: Vec<u8>) {
        /// Buffers of usual answers to a run; larger ones are given back.
        const LARGEST: usize = 1024 * 1024;
        if buffer.capacity() == 0 || buffer.capacity() > LARGEST {
            return;
        }
        buffer.clear();
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < WINDOW_LINES / RUN_LINES {
            spare.push(buffer);
        }
    }
}

/// A request as read in the fast way: what lines usually share is kept as text, and compared instead of parsed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fast<'a> {
    protocol: u32,
    #[serde(default)]
    requirement: Option<String>,
    #[serde(default)]
    host: Option<String>,
    #[serde(default)]
    node: Option<String>,
    #[serde(default)]
    collected_at: Option<Timestamp>,
    #[serde(default, borrow)]
    reference: Option<Json<'a>>,
    #[serde(default, borrow)]
    reference_document: Option<Json<'a>>,
    #[serde(default, borrow)]
    authorities: Option<Json<'a>>,
    #[serde(default, borrow)]
    intermediates: Option<Json<'a>>,
    #[serde(default, borrow)]
    policy: Option<Json<'a>>,
    #[serde(default, deserialize_with = "null_default")]
    candidates: Vec<Source>,
    #[serde(default, deserialize_with = "null_default")]
    subjects: Vec<Subject>,
}

impl Fast<'_> {
    /// Every source that is read only for this line.
    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.subjects
            .iter()
            .flat_map(request::subject_sources)
            .chain(&self.candidates)
    }

    /// The text that decides the reference: equal texts mean equal references.
    fn shared(&self) -> [Option<&str>; 5] {
        [
            self.reference,
            self.reference_document,
            self.authorities,
            self.intermediates,
            self.policy,
        ]
        .map(|raw| raw.map(|json| json.0))
    }
}

/// A reference worked out, and its section of the report as JSON.
struct Shared {
    reference: Reference,
    section: String,
}

/// One reference that lines share, known by its text.
struct Entry {
    text: [Option<Box<str>>; 5],
    worked_out: OnceLock<Result<Shared, Fault>>,
}

impl Entry {
    fn is_for(&self, text: &[Option<&str>; 5]) -> bool {
        self.text
            .iter()
            .zip(text)
            .all(|(mine, other)| mine.as_deref() == *other)
    }
}

/// The references that were worked out, the newest last.
#[derive(Default)]
struct References(RwLock<Vec<Arc<Entry>>>);

impl References {
    fn entry(&self, text: &[Option<&str>; 5]) -> Arc<Entry> {
        let find = |entries: &[Arc<Entry>]| entries.iter().rev().find(|entry| entry.is_for(text)).cloned();
        let known = self.0.read().ok().and_then(|entries| find(&entries));
        if let Some(entry) = known {
            return entry;
        }
        let entry = Entry {
            text: text.map(|text| text.map(Box::from)),
            worked_out: OnceLock::new(),
        };
        let entry = Arc::new(entry);
        let Ok(mut entries) = self.0.write() else { return entry };
        // Another thread may have been faster.
        if let Some(known) = find(&entries) {
            return known;
        }
        if entries.len() == KEPT_REFERENCES {
            entries.remove(0);
        }
        entries.push(entry.clone());
        entry
    }
}

impl Entry {
    /// The reference, worked out once from the first line that has it.
    fn shared(&self, line: &[u8], context: &Context<'_>) -> Result<&Shared, Fault> {
        let worked_out = self.worked_out.get_or_init(|| {
            let request: Request = crate::json::read(line)?;
            request.check_shared()?;
            let reader = SourceReader::new(None, context.env, context.log);
            let shared = Request {
                subjects: Vec::new(),
                candidates: Vec::new(),
                ..request
            };
            reader.prefetch(request::tls_sources(&shared), &|_, _| ());
            let reference = Reference::new(request::case(&shared, &reader, context.clock))?;
            let section = serde_json::to_string(&section(&reference)).map_err(|error| unwritten(&error))?;
            Ok(Shared { reference, section })
        });
        worked_out.as_ref().map_err(Clone::clone)
    }
}

/// Answers to lines, or a line that waits for its TLS servers to be read at once with those of others.
enum Piece<'a> {
    Answers(Answers),
    Waiting(u64, Box<Fast<'a>>, &'a [u8]),
}

/// One window of lines and what answers them.
struct Batch<'a> {
    window: &'a Window,
    /// Lines before the window.
    before: u64,
    references: &'a References,
    spare: &'a Spare,
    reader: SourceReader<'a>,
    context: &'a Context<'a>,
}

impl Batch<'_> {
    /// The answers to the lines, in order.
    fn answers(&self) -> impl Iterator<Item = Answers> {
        let runs = self.window.lines.par_chunks(RUN_LINES).enumerate();
        let pieces = runs.map(|(run, lines)| self.run(self.before + (run * RUN_LINES) as u64, lines));
        let pieces: Vec<Piece<'_>> = pieces.collect::<Vec<_>>().into_iter().flatten().collect();
        let waiting = pieces.iter().filter_map(|piece| match piece {
            Piece::Waiting(_, fast, _) => Some(fast),
            Piece::Answers(_) => None,
        });
        let sources = waiting.flat_map(|fast| fast.sources());
        self.reader
            .prefetch(sources.filter_map(request::tls_source), &self.context.servers_read());
        let answers = pieces.into_par_iter().map(|piece| match piece {
            Piece::Answers(answers) => answers,
            Piece::Waiting(number, fast, line) => {
                let mut answers = Answers::default();
                self.answer(number, Ok(*fast), line, &mut None, &mut answers);
                answers
            }
        });
        answers.collect::<Vec<_>>().into_iter()
    }

    /// Answers the lines of a run, but for those that wait.
    fn run(&self, before: u64, lines: &[Option<Range<usize>>]) -> Vec<Piece<'_>> {
        let mut pieces = Vec::with_capacity(1);
        let mut answers = Answers {
            bytes: self.spare.take(),
            ..Answers::default()
        };
        let mut last = None;
        for (number, line) in (before + 1..).zip(lines) {
            let line = line.as_ref().map(|line| &self.window.bytes[line.clone()]);
            match parse(line) {
                Ok((line, fast)) if fast.sources().any(|source| request::tls_source(source).is_some()) => {
                    pieces.push(Piece::Answers(std::mem::take(&mut answers)));
                    pieces.push(Piece::Waiting(number, Box::new(fast), line));
                }
                Ok((line, fast)) => self.answer(number, Ok(fast), line, &mut last, &mut answers),
                Err(fault) => self.answer(number, Err(fault), &[], &mut last, &mut answers),
            }
        }
        pieces.push(Piece::Answers(answers));
        pieces
    }

    /// Writes the answer to one line: its report, or its error. `last` is the reference of the line before, which is
    /// nearly always the same: asking all threads' list for it costs more than comparing.
    fn answer(
        &self,
        number: u64,
        fast: Result<Fast<'_>, Fault>,
        line: &[u8],
        last: &mut Option<Arc<Entry>>,
        answers: &mut Answers,
    ) {
        let start = answers.bytes.len();
        match fast.and_then(|fast| self.report(fast, line, last, &mut answers.bytes)) {
            Ok(Status::Compliant) => {}
            Ok(Status::Undetermined | Status::Noncompliant) => answers.not_compliant += 1,
            Err(fault) => {
                answers.bytes.truncate(start);
                answers.errors += 1;
                let document = ErrorDocument::from(Fault {
                    line: Some(number),
                    ..fault
                });
                // An error document holds nothing that JSON cannot.
                let _ = write_line(&mut answers.bytes, &document);
            }
        }
    }

    /// Writes the report on one request.
    fn report(
        &self,
        fast: Fast<'_>,
        line: &[u8],
        last: &mut Option<Arc<Entry>>,
        bytes: &mut Vec<u8>,
    ) -> Result<Status, Fault> {
        crate::protocol::check_protocol(fast.protocol)?;
        check_subjects(&fast.subjects)?;
        let text = fast.shared();
        let entry = match last.take().filter(|last| last.is_for(&text)) {
            Some(last) => last,
            None => self.references.entry(&text),
        };
        let shared = last.insert(entry).shared(line, self.context)?;
        let candidates = Candidates::read(&fast.candidates, &self.reader);
        let subjects = judge(&shared.reference, &fast.subjects, &self.reader, &candidates);
        let head = Head {
            requirement: fast.requirement,
            host: fast.host,
            node: fast.node,
            collected_at: fast.collected_at,
        };
        let report: Report<Raw<'_>> = report(head, &shared.reference, Raw(&shared.section), subjects);
        write_line(bytes, &report)?;
        Ok(report.status)
    }
}

/// Reads a line in the fast way. What is wrong with it is found by reading it as a whole request.
fn parse(line: Option<&[u8]>) -> Result<(&[u8], Fast<'_>), Fault> {
    let Some(line) = line else {
        let message = format!("the line is longer than {} MiB", LINE_LIMIT / 1024 / 1024);
        return Err(Fault {
            pointer: Some(String::new()),
            ..Fault::new(FaultCode::TooLarge, message)
        });
    };
    if let Some(fast) = simdutf8::basic::from_utf8(line).ok().and_then(reader::from_str) {
        return Ok((line, fast));
    }
    match crate::json::read_fast(line) {
        Ok(fast) => Ok((line, fast)),
        Err(error) => Err(match crate::json::read::<Request>(line) {
            Err(fault) => fault,
            Ok(_) => crate::json::diagnose::<Request>(line, &error),
        }),
    }
}

fn write_line(bytes: &mut Vec<u8>, value: &impl serde::Serialize) -> Result<(), Fault> {
    writer::push(bytes, value).map_err(|error| unwritten(&error))?;
    bytes.push(b'\n');
    Ok(())
}

fn unwritten(error: &serde_json::Error) -> Fault {
    Fault::new(FaultCode::Internal, format!("the report cannot be written: {error}"))
}
