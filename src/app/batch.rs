//! `same-ca batch`: requests a line, reports a line, in order, on all cores, in bounded memory.

use std::io::{self, BufRead, Write};
use std::sync::{Arc, OnceLock, RwLock};

use rayon::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::decide::{Offer, Reference};
use crate::error::Error;
use crate::protocol::fault::ErrorDocument;
use crate::protocol::read::{self, LINE_LIMIT, null_default};
use crate::protocol::request::check_subjects;
use crate::protocol::{Fault, FaultCode, Report, Request, Source, Status, Subject, Timestamp};
use crate::source::Reader;

use super::case;
use super::check::{Head, judge, report};
use super::{Progress, World};

/// Lines that are held at a time: enough to keep all cores busy between two reads.
const WINDOW_LINES: usize = 4096;
/// Bytes of lines that are held at a time: bounds the memory whatever the lines' length.
const WINDOW_BYTES: usize = 32 * 1024 * 1024;
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
    world: &World<'_>,
) -> Result<BatchOutcome, Error> {
    let references = References::default();
    let mut outcome = BatchOutcome::default();
    let mut input = Lines { input, first: true };
    loop {
        let window = input.window().map_err(Error::Input)?;
        if window.is_empty() {
            output.flush().map_err(Error::output("the reports"))?;
            return Ok(outcome);
        }
        for answer in answer_window(&window, outcome.lines, &references, world) {
            outcome.errors += u64::from(answer.error);
            outcome.not_compliant += u64::from(answer.not_compliant);
            output.write_all(&answer.bytes).map_err(Error::output("the reports"))?;
        }
        outcome.lines += window.len() as u64;
        (world.progress)(Progress {
            what: "requests",
            done: usize::try_from(outcome.lines).unwrap_or(usize::MAX),
            total: None,
        });
    }
}

/// One line of output.
struct Answer {
    bytes: Vec<u8>,
    error: bool,
    not_compliant: bool,
}

/// One line of input: its bytes, or its length where it is too long to hold.
enum Line {
    Held(Vec<u8>),
    TooLong,
}

/// Reads lines, of which none is held beyond the limit.
struct Lines<'a> {
    input: &'a mut (dyn BufRead + Send),
    first: bool,
}

impl Lines<'_> {
    /// The next lines, none at the end of the input.
    fn window(&mut self) -> io::Result<Vec<Line>> {
        let mut lines = Vec::new();
        let mut bytes = 0;
        while lines.len() < WINDOW_LINES && bytes < WINDOW_BYTES {
            match self.line()? {
                Some(line) => {
                    bytes += if let Line::Held(held) = &line { held.len() } else { 0 };
                    lines.push(line);
                }
                None => break,
            }
        }
        Ok(lines)
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let (mut any, mut too_long) = (false, false);
        loop {
            let chunk = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if line.len() + part.len() > LINE_LIMIT {
                too_long = true;
                line = Vec::new();
            }
            if !too_long {
                line.extend_from_slice(part);
            }
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        if std::mem::take(&mut self.first) && line.starts_with(b"\xEF\xBB\xBF") {
            line.drain(..3);
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(if too_long { Line::TooLong } else { Line::Held(line) }))
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
    collected_at: Option<Timestamp>,
    #[serde(default, borrow)]
    reference: Option<&'a RawValue>,
    #[serde(default, borrow)]
    reference_document: Option<&'a RawValue>,
    #[serde(default, borrow)]
    authorities: Option<&'a RawValue>,
    #[serde(default, borrow)]
    intermediates: Option<&'a RawValue>,
    #[serde(default, borrow)]
    policy: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "null_default")]
    candidates: Vec<Source>,
    #[serde(default, deserialize_with = "null_default")]
    subjects: Vec<Subject>,
}

impl Fast<'_> {
    /// The text that decides the reference: equal texts mean equal references.
    fn shared(&self) -> [Option<&str>; 5] {
        [
            self.reference,
            self.reference_document,
            self.authorities,
            self.intermediates,
            self.policy,
        ]
        .map(|raw| raw.map(RawValue::get))
    }
}

/// A reference worked out, and its section of the report as JSON.
struct Shared {
    reference: Reference,
    section: Box<RawValue>,
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
    fn shared(&self, line: &[u8], world: &World<'_>) -> Result<&Shared, Fault> {
        let worked_out = self.worked_out.get_or_init(|| {
            let request: Request = read::read(line)?;
            request.check_shared()?;
            let reader = Reader::new(None, world.env, world.log);
            let shared = Request {
                subjects: Vec::new(),
                candidates: Vec::new(),
                ..request
            };
            reader.prefetch(case::tls_sources(&shared), &|_, _| ());
            let reference = Reference::new(case::case(&shared, &reader, world.clock))?;
            let section = serde_json::value::to_raw_value(reference.report())
                .map_err(|error| Fault::new(FaultCode::Internal, format!("the report cannot be written: {error}")))?;
            Ok(Shared { reference, section })
        });
        worked_out.as_ref().map_err(Clone::clone)
    }
}

fn answer_window(window: &[Line], before: u64, references: &References, world: &World<'_>) -> Vec<Answer> {
    let parsed: Vec<Result<Fast<'_>, Fault>> = window.par_iter().map(parse).collect();
    let reader = Reader::new(None, world.env, world.log);
    let lines = parsed.iter().flatten();
    let sources = lines.flat_map(|line| {
        line.subjects
            .iter()
            .flat_map(case::subject_sources)
            .chain(&line.candidates)
    });
    reader.prefetch(sources.filter_map(case::tls_source), &|done, total| {
        (world.progress)(Progress {
            what: "TLS servers",
            done,
            total: Some(total),
        });
    });
    let answer = |(index, (line, parsed)): (usize, (&Line, Result<Fast<'_>, Fault>))| {
        let answered = parsed.and_then(|fast| answer(line, fast, references, &reader, world));
        answered.unwrap_or_else(|fault| failed(fault, before + index as u64 + 1))
    };
    let paired = window.par_iter().zip(parsed).enumerate();
    paired.map(answer).collect()
}

fn parse(line: &Line) -> Result<Fast<'_>, Fault> {
    let Line::Held(bytes) = line else {
        let message = format!("the line is longer than {} MiB", LINE_LIMIT / 1024 / 1024);
        return Err(Fault {
            pointer: Some(String::new()),
            ..Fault::new(FaultCode::TooLarge, message)
        });
    };
    // What is wrong with a line is found by reading it as a whole request.
    read::read_fast(bytes).map_err(|error| match read::read::<Request>(bytes) {
        Err(fault) => fault,
        Ok(_) => read::diagnose::<Request>(bytes, &error),
    })
}

fn answer(
    line: &Line,
    fast: Fast<'_>,
    references: &References,
    reader: &Reader<'_>,
    world: &World<'_>,
) -> Result<Answer, Fault> {
    let Line::Held(bytes) = line else {
        return Err(Fault::new(FaultCode::Internal, "the line was not held"));
    };
    read::check_protocol(fast.protocol)?;
    check_subjects(&fast.subjects)?;
    let entry = references.entry(&fast.shared());
    let shared = entry.shared(bytes, world)?;
    let candidates: Arc<[Offer]> = case::offers(&fast.candidates, reader, 0).into();
    let subjects = judge(&shared.reference, &fast.subjects, reader, &candidates);
    let head = Head {
        requirement: fast.requirement,
        host: fast.host,
        collected_at: fast.collected_at,
    };
    let report: Report<&RawValue> = report(head, shared.reference.valid_at(), &shared.section, subjects);
    let not_compliant = report.status != Status::Compliant;
    // A report of one subject is some three times as long as its reference section.
    let mut bytes = Vec::with_capacity(shared.section.get().len() + 4096);
    write_line(&mut bytes, &report)?;
    Ok(Answer {
        bytes,
        error: false,
        not_compliant,
    })
}

fn failed(fault: Fault, line: u64) -> Answer {
    let document = ErrorDocument::from(Fault {
        line: Some(line),
        ..fault
    });
    let mut bytes = Vec::new();
    // An error document holds nothing that JSON cannot.
    let _ = write_line(&mut bytes, &document);
    Answer {
        bytes,
        error: true,
        not_compliant: false,
    }
}

fn write_line(bytes: &mut Vec<u8>, value: &impl serde::Serialize) -> Result<(), Fault> {
    serde_json::to_writer(&mut *bytes, value)
        .map_err(|error| Fault::new(FaultCode::Internal, format!("the report cannot be written: {error}")))?;
    bytes.push(b'\n');
    Ok(())
}
