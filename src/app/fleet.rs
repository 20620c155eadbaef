//! `same-ca fleet`: the reports of many hosts into one, read on all cores, in memory that grows with what is kept.

mod blocks;
mod documents;
mod files;
mod gather;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::cli::{AsOf, FailOn, FleetArgs, FleetFiles, OutputFormat};
use crate::error::Error;
use crate::fleet::drift::Previous;
use crate::fleet::expected::Expected;
use crate::fleet::{Settings, judge, waivers};
use crate::output;
use crate::protocol::fleet::{FleetReport, WaiverState};
use crate::protocol::{Fault, Span, Timestamp};
use crate::render::{FLEET_FORMATS, FleetFormat, json, text};

use super::output::answer;
use super::{ANSWERED, Context, NOT_COMPLIANT, Streams};
use documents::utf8;
use files::{open, words};
use gather::gather;

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
            OutputFormat::Json if look.terminal => json::pretty(&report, out),
            OutputFormat::Json => json::fleet(&report, out),
            OutputFormat::Text => text::fleet(&report, look.colour, out),
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
    let formats = FLEET_FORMATS.iter().map(|format| (format.flag(), files.of(*format)));
    let named = formats.chain([("output", output)]);
    let named: Vec<(&str, &Path)> = named.filter_map(|(flag, path)| Some((flag, path?))).collect();
    let place = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for (index, (flag, path)) in named.iter().enumerate() {
        if let Some((other, _)) = named.iter().take(index).find(|(_, other)| place(other) == place(path)) {
            let path = path.display();
            return Err(Fault::usage(format!(
                "--{other} and --{flag} name the same file, {path}: give each its own"
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
    let write = |format: &&dyn FleetFormat| {
        let Some(path) = files.of(*format) else { return Ok(()) };
        let written = output::write_file_by(path, |out| format.write(report, out));
        written.map_err(|cause| Error::File {
            path: path.to_owned(),
            cause,
        })
    };
    let written: Vec<Result<(), Error>> = FLEET_FORMATS.par_iter().map(write).collect();
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
