//! The commands: reads what is asked, joins the steps, writes the answer. Alone sees all the other modules.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, BufRead, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use crate::cli::{
    BatchArgs, CheckArgs, Cli, Command, EnforceArgs, FailOn, FleetArgs, Format, InspectArgs, OutputFlags, ReferenceArgs,
};
use crate::error::Error;
use crate::explain::{self, Voice};
use crate::output;
pub use crate::output::Progress;
use crate::protocol::fleet::{FleetReport, WaiverState};
use crate::protocol::values::check_path;
use crate::protocol::{ErrorDocument, Fault, FaultCode, Report, Timestamp, read};
use crate::render::{fleet_text, json, text};
use flags::Flagged;

pub mod batch;
mod case;
pub mod check;
pub mod completions;
pub mod dsc;
pub mod enforce;
pub mod flags;
pub mod fleet;
pub mod inspect;
pub mod man;
pub mod reference;
pub mod schema;

/// What a command may know of the world beside its request.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The time, read once per process.
    pub clock: Timestamp,
    /// Looks up an environment variable; `None` if it is not set or not text.
    pub env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Is told how far a long command has come.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Takes what the operating system said, one line, for people: it never goes into an answer.
    pub log: &'a (dyn Fn(&str) + Sync),
}

/// The standard streams of the process.
pub struct Streams<'a> {
    /// Standard input.
    pub input: &'a mut (dyn BufRead + Send),
    /// Whether standard input is a terminal, where nobody is going to type a request.
    pub input_is_terminal: bool,
    /// Standard output; buffered, and flushed here.
    pub output: &'a mut dyn Write,
    /// Whether standard output is a terminal, where people read.
    pub output_is_terminal: bool,
    /// Standard error.
    pub errors: &'a mut dyn Write,
    /// Whether standard error is a terminal.
    pub errors_is_terminal: bool,
}

/// Exit code: an answer was written, whatever it says.
pub const ANSWERED: u8 = 0;
/// Exit code under `--exit-code`: the answer is that the rule is not kept.
pub const NOT_COMPLIANT: u8 = 1;
/// Exit code: the question could not be answered.
pub const NOT_ANSWERED: u8 = 2;

/// Runs one command line, `arguments` beginning with the name of the program, and returns the exit code.
///
/// # Errors
/// The exit code is then [`NOT_ANSWERED`], and standard error is the caller's to write; programs have been given the
/// error object on standard output already. A reader that has gone away is no error.
pub fn run(arguments: &[OsString], streams: &mut Streams<'_>, world: &World<'_>) -> Result<u8, Error> {
    let result = match Cli::try_parse_from(arguments) {
        Ok(cli) => {
            let program = is_program(&cli.command, streams.output_is_terminal);
            let for_dsc = matches!(cli.command, Command::Dsc(_));
            // A defect that panics is answered like any other failure, so that callers always get JSON.
            let result = catch_unwind(AssertUnwindSafe(|| command(cli.command, streams, world)));
            let result = result.unwrap_or_else(|_| Err(Fault::new(FaultCode::Internal, "a defect in same-ca").into()));
            match result {
                Err(error) if for_dsc && !matches!(error, Error::Output { .. }) => {
                    Ok(dsc::refuse(&error.fault().to_string(), streams, world))
                }
                result => result.or_else(|error| tell_program(error, program, streams)),
            }
        }
        Err(error) => usage(&without_content(error), arguments, streams, world),
    };
    match result {
        Err(error) if error.is_broken_pipe() => Ok(ANSWERED),
        other => other,
    }
}

fn command(command: Command, streams: &mut Streams<'_>, world: &World<'_>) -> Result<u8, Error> {
    match command {
        Command::Check(args) => check_command(&args, streams, world),
        Command::Enforce(args) => enforce_command(&args, streams, world),
        Command::Batch(args) => batch_command(&args, streams, world),
        Command::Reference(args) => reference_command(&args, streams, world),
        Command::Inspect(args) => inspect_command(&args, streams, world),
        Command::Dsc(args) => dsc::dsc(&args.operation, streams, world),
        Command::Fleet(args) => fleet_command(&args, streams, world),
        Command::Schema(args) => plain(streams, "the schema", &schema::schema(args.name.as_deref())?),
        Command::Completions(args) => plain(streams, "the completions", &completions::completions(args.shell)),
        Command::Man(args) => plain(streams, "the manual page", &man::man(args.command.as_deref())?),
    }
}

fn check_command(args: &CheckArgs, streams: &mut Streams<'_>, world: &World<'_>) -> Result<u8, Error> {
    let flagged = args.request != Default::default();
    let (report, asked) = if flagged {
        let mut asked = flags::check(&args.request)?;
        let stdin = asked.stdin(streams)?;
        asked.read_document(stdin.as_deref().unwrap_or_default())?;
        let report = check::check(&asked.request, stdin.as_deref(), world).map_err(|f| asked.explain(f))?;
        (report, Some(asked))
    } else {
        let request = read_request(streams, "same-ca check --reference fe01.pem --subject pchat01.pem")?;
        (check::check(&request, None, world)?, None)
    };
    answer(
        streams,
        &args.output,
        flagged,
        "the report",
        world,
        |look, out| match look.format {
            Format::Json if look.terminal => json::pretty(&*in_words(&report, asked.as_ref()), out),
            Format::Json => json::line(&*in_words(&report, asked.as_ref()), out),
            Format::Text => text::report(&spoken(&report, asked.as_ref()), look.colour, out),
        },
    )?;
    Ok(if args.exit_code && !report.compliant {
        NOT_COMPLIANT
    } else {
        ANSWERED
    })
}

/// The report as JSON in the words of what was typed, where flags were; its pointers stay.
fn in_words<'r>(report: &'r Report, asked: Option<&Flagged>) -> Cow<'r, Report> {
    match asked {
        Some(_) => {
            let mut report = report.clone();
            explain::report(&mut report, Voice::Flags);
            Cow::Owned(report)
        }
        None => Cow::Borrowed(report),
    }
}

/// The report in the words of what was typed, where flags were.
fn spoken<'r>(report: &'r Report, asked: Option<&Flagged>) -> Cow<'r, Report> {
    match asked {
        Some(asked) => Cow::Owned(asked.speak(report)),
        None => Cow::Borrowed(report),
    }
}

fn enforce_command(args: &EnforceArgs, streams: &mut Streams<'_>, world: &World<'_>) -> Result<u8, Error> {
    let flagged = args.request != Default::default() || args.install != Default::default();
    let (report, asked) = if flagged {
        let mut asked = flags::enforce(&args.request, &args.install)?;
        let stdin = asked.stdin(streams)?;
        asked.read_document(stdin.as_deref().unwrap_or_default())?;
        let report =
            enforce::enforce(&asked.request, stdin.as_deref(), args.what_if, world).map_err(|f| asked.explain(f))?;
        (report, Some(asked))
    } else {
        let example = "same-ca enforce --reference fe01.pem --candidate new.pem --install-certificate www.pem";
        let request = read_request(streams, example)?;
        (enforce::enforce(&request, None, args.what_if, world)?, None)
    };
    answer(
        streams,
        &args.output,
        flagged,
        "the report",
        world,
        |look, out| match look.format {
            Format::Json if look.terminal => json::pretty(&*in_words(&report, asked.as_ref()), out),
            Format::Json => json::line(&*in_words(&report, asked.as_ref()), out),
            Format::Text => {
                text::actions(&report, args.what_if, look.colour, out)?;
                text::report(&spoken(&report, asked.as_ref()), look.colour, out)
            }
        },
    )?;
    Ok(if args.exit_code && !report.compliant {
        NOT_COMPLIANT
    } else {
        ANSWERED
    })
}

fn batch_command(args: &BatchArgs, streams: &mut Streams<'_>, world: &World<'_>) -> Result<u8, Error> {
    if streams.input_is_terminal {
        let message = "expected requests on standard input, one a line: same-ca batch < requests.ndjson";
        return Err(Fault::usage(message).into());
    }
    let outcome = batch::batch(streams.input, streams.output, world)?;
    streams.output.flush().map_err(Error::output("the reports"))?;
    if outcome.errors > 0 {
        let (errors, lines) = (outcome.errors, outcome.lines);
        (world.log)(&format!(
            "{errors} of {lines} lines could not be answered: see their errors"
        ));
    }
    Ok(match outcome {
        outcome if outcome.errors > 0 => NOT_ANSWERED,
        outcome if args.exit_code && outcome.not_compliant > 0 => NOT_COMPLIANT,
        _ => ANSWERED,
    })
}

fn reference_command(args: &ReferenceArgs, streams: &mut Streams<'_>, world: &World<'_>) -> Result<u8, Error> {
    let document = if args.request == Default::default() {
        let request = read_request(streams, "same-ca reference tls://fe01.contoso.com:5061")?;
        reference::reference(&request, None, args.partial, world)?
    } else {
        let asked = flags::reference(&args.request)?;
        let stdin = asked.stdin(streams)?;
        reference::reference(&asked.request, stdin.as_deref(), args.partial, world).map_err(|f| asked.explain(f))?
    };
    let what = "the reference document";
    write_out(streams, args.output.as_deref(), what, |out| {
        json::pretty(&document, out)
    })?;
    if streams.errors_is_terminal {
        let colour = colour(world);
        let mut told = document;
        if args.request != Default::default() {
            explain::document(&mut told, Voice::Flags);
        }
        // Beside the answer, not part of it.
        let _ = text::document_summary(&told, world.clock, colour, streams.errors);
    }
    Ok(ANSWERED)
}

fn inspect_command(args: &InspectArgs, streams: &mut Streams<'_>, world: &World<'_>) -> Result<u8, Error> {
    let flagged = args.request != Default::default();
    let inspection = if flagged {
        let asked = flags::inspect(&args.request)?;
        let stdin = asked.stdin(streams)?;
        let inspected = inspect::inspect(&asked.request, stdin.as_deref(), world);
        let mut inspection = inspected.map_err(|fault| asked.explain(fault))?;
        explain::inspection(&mut inspection, Voice::Flags);
        inspection
    } else {
        let request = read_request(streams, "same-ca inspect pchat01.pem")?;
        inspect::inspect(&request, None, world)?
    };
    if let Some(file) = &args.save {
        let pem = inspect::pem(&inspection)?;
        write_out(streams, Some(file), "the certificates", |out| {
            out.write_all(pem.as_bytes())
        })?;
    }
    answer(
        streams,
        &args.output,
        flagged,
        "the inspection",
        world,
        |look, out| match look.format {
            Format::Json if look.terminal => json::pretty(&inspection, out),
            Format::Json => json::line(&inspection, out),
            Format::Text => text::inspection(&inspection, world.clock, look.colour, out),
        },
    )?;
    Ok(ANSWERED)
}

fn fleet_command(args: &FleetArgs, streams: &mut Streams<'_>, world: &World<'_>) -> Result<u8, Error> {
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
    fleet::check_files(&args.files, args.output.output.as_deref())?;
    let ask = fleet::Ask {
        reports,
        expected_hosts: args.expected_hosts.clone(),
        missing: args.missing.clone(),
        waivers: args.waivers.clone(),
        previous: args.previous.clone(),
        as_of: args.as_of.unwrap_or_default(),
        max_age: args.max_age,
    };
    let report = fleet::fleet(&ask, &mut streams.input, world)?;
    fleet::write_files(&report, &args.files)?;
    answer(
        streams,
        &args.output,
        is_typed(args),
        "the fleet report",
        world,
        |look, out| match look.format {
            Format::Json if look.terminal => json::pretty(&report, out),
            Format::Json => json::fleet(&report, out),
            Format::Text => fleet_text::fleet(&report, look.colour, out),
        },
    )?;
    let failed = args.fail_on.iter().any(|what| fails(&report, *what));
    // The process ends here: to give back a million records one by one takes longer than to write them.
    std::mem::forget(report);
    Ok(if failed { NOT_COMPLIANT } else { ANSWERED })
}

/// Whether the reports are named, or files are asked for: then standard output is for people.
fn is_typed(args: &FleetArgs) -> bool {
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

impl Flagged {
    /// Reads what `-` stands for, where a flag says so.
    fn stdin(&self, streams: &mut Streams<'_>) -> Result<Option<Vec<u8>>, Error> {
        self.reads_stdin.then(|| read_stdin(streams)).transpose()
    }
}

fn read_request(streams: &mut Streams<'_>, example: &str) -> Result<crate::protocol::Request, Error> {
    if streams.input_is_terminal {
        let message = format!("expected a request: as flags ({example}) or as JSON on standard input (< request.json)");
        return Err(Fault::usage(message).into());
    }
    let bytes = read_stdin(streams).map_err(|error| match error {
        Error::Fault(fault) => Error::Fault(Fault {
            pointer: Some(String::new()),
            ..fault
        }),
        other => other,
    })?;
    Ok(read::read(&bytes)?)
}

/// Reads standard input whole; what is over the limit is not waited for.
fn read_stdin(streams: &mut Streams<'_>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let limit = read::REQUEST_LIMIT;
    let mut input = streams.input.take(limit as u64 + 1);
    input.read_to_end(&mut bytes).map_err(Error::Input)?;
    if bytes.len() > limit {
        let message = format!("standard input is larger than {} MiB", limit / (1024 * 1024));
        return Err(Fault::new(FaultCode::TooLarge, message).into());
    }
    Ok(bytes)
}

/// How an answer shall look.
struct Look {
    format: Format,
    colour: bool,
    terminal: bool,
}

fn answer(
    streams: &mut Streams<'_>,
    flags: &OutputFlags,
    flagged: bool,
    what: &'static str,
    world: &World<'_>,
    write: impl FnOnce(&Look, &mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let terminal = streams.output_is_terminal && flags.output.is_none();
    let format = format(flags, flagged, terminal);
    let look = Look {
        format,
        colour: terminal && colour(world),
        terminal,
    };
    write_out(streams, flags.output.as_deref(), what, |out| write(&look, out))
}

/// Text for people: who types flags, or reads at a terminal.
fn format(flags: &OutputFlags, flagged: bool, terminal: bool) -> Format {
    flags.format.unwrap_or(if flagged || terminal {
        Format::Text
    } else {
        Format::Json
    })
}

/// Whether a terminal is to be given colour: unless NO_COLOR says no (no-color.org), or it is one that shows none.
fn colour(world: &World<'_>) -> bool {
    let set = |name: &str| (world.env)(name).filter(|value| !value.is_empty());
    // The consoles of old Windows servers print escape sequences as they are; the newer ones say who they are.
    let shows = !cfg!(windows) || set("WT_SESSION").is_some() || set("TERM").is_some();
    shows && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

fn write_out(
    streams: &mut Streams<'_>,
    file: Option<&Path>,
    what: &'static str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let Some(path) = file else {
        return write(streams.output)
            .and_then(|()| streams.output.flush())
            .map_err(Error::output(what));
    };
    let mut content = Vec::new();
    let written = write(&mut content).and_then(|()| output::write_file(path, &content));
    written.map_err(|cause| Error::File {
        path: path.to_owned(),
        cause,
    })
}

fn plain(streams: &mut Streams<'_>, what: &'static str, content: &[u8]) -> Result<u8, Error> {
    write_out(streams, None, what, |out| out.write_all(content))?;
    Ok(ANSWERED)
}

/// Gives a program the error object where its answer would have stood, and hands the error on.
fn tell_program(error: Error, program: bool, streams: &mut Streams<'_>) -> Result<u8, Error> {
    if program && !matches!(error, Error::Output { .. }) {
        let document = ErrorDocument::from(error.fault());
        write_out(streams, None, "the error", |out| json::line(&document, out))?;
    }
    Err(error)
}

/// Whether a program reads the answer: then a failure is JSON as well.
fn is_program(command: &Command, terminal: bool) -> bool {
    match command {
        Command::Check(args) => {
            let terminal = terminal && args.output.output.is_none();
            format(&args.output, args.request != Default::default(), terminal) == Format::Json
        }
        Command::Enforce(args) => {
            let terminal = terminal && args.output.output.is_none();
            let flagged = args.request != Default::default() || args.install != Default::default();
            format(&args.output, flagged, terminal) == Format::Json
        }
        Command::Inspect(args) => {
            let terminal = terminal && args.output.output.is_none();
            format(&args.output, args.request != Default::default(), terminal) == Format::Json
        }
        Command::Fleet(args) => {
            let terminal = terminal && args.output.output.is_none();
            format(&args.output, is_typed(args), terminal) == Format::Json
        }
        Command::Batch(_) => true,
        Command::Dsc(_) => false,
        Command::Reference(_) | Command::Schema(_) => !terminal,
        Command::Completions(_) | Command::Man(_) => false,
    }
}

/// The same error, not repeating what a file holds: it may be a private key.
fn without_content(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
        && !value.is_empty()
        && check_path(value).is_err()
    {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".into()));
    }
    error
}

/// Help and version, which are answers, and what clap refuses.
fn usage(
    error: &clap::Error,
    arguments: &[OsString],
    streams: &mut Streams<'_>,
    world: &World<'_>,
) -> Result<u8, Error> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let styled = error.render();
        let coloured = streams.output_is_terminal && colour(world);
        let shown = if coloured {
            styled.ansi().to_string()
        } else {
            styled.to_string()
        };
        return plain(streams, "the help", shown.as_bytes());
    }
    if arguments.get(1).is_some_and(|name| name == "dsc") && !streams.errors_is_terminal {
        return Ok(dsc::refuse(&one_line(error), streams, world));
    }
    if would_be_program(arguments, streams.output_is_terminal) {
        return tell_program(Fault::usage(one_line(error)).into(), true, streams);
    }
    let styled = error.render();
    let coloured = streams.errors_is_terminal && colour(world);
    let shown = if coloured {
        styled.ansi().to_string()
    } else {
        styled.to_string()
    };
    // Where people cannot be told, the exit code still says it.
    let _ = streams.errors.write_all(shown.as_bytes());
    Ok(NOT_ANSWERED)
}

/// What clap refuses, without its usage and tips.
fn one_line(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "expected a command; same-ca --help lists them".into();
    }
    let shown = error.to_string();
    let first = shown.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = first.split_whitespace().collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}

/// Whether a program would have read the answer of a command line that could not be understood.
fn would_be_program(arguments: &[OsString], terminal: bool) -> bool {
    let arguments: Vec<_> = arguments
        .iter()
        .skip(1)
        .map(|argument| argument.to_string_lossy())
        .collect();
    let mut format = None;
    for (index, argument) in arguments.iter().enumerate() {
        match argument.strip_prefix("--format") {
            Some("") => format = arguments.get(index + 1).map(AsRef::as_ref),
            Some(value) => format = value.strip_prefix('=').or(format),
            None => {}
        }
    }
    if let Some(format) = format {
        return format == "json";
    }
    let Some((name, rest)) = arguments.split_first() else {
        return !terminal;
    };
    let cli = Cli::command();
    let Some(command) = cli.find_subcommand(name.as_ref()) else {
        return !terminal;
    };
    match command.get_name() {
        "batch" => true,
        "completions" | "man" => false,
        "check" | "enforce" | "inspect" | "fleet" => {
            !terminal && !rest.iter().any(|argument| is_request(command, argument))
        }
        _ => !terminal,
    }
}

/// Whether an argument is part of a request typed by a person.
fn is_request(command: &clap::Command, argument: &str) -> bool {
    let Some(flag) = argument.strip_prefix("--") else {
        return command.get_positionals().next().is_some();
    };
    let flag = flag.split('=').next().unwrap_or_default();
    let mut known = command.get_arguments().filter_map(|known| known.get_long());
    !["format", "output", "exit-code", "what-if", "help"].contains(&flag) && known.any(|known| known == flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ran {
        result: Result<u8, Error>,
        output: String,
        errors: String,
    }

    /// Runs a command line with standard input, on terminals or not.
    fn ran(line: &str, mut input: impl BufRead + Send, [stdin, stdout]: [bool; 2], env: &[(&str, &str)]) -> Ran {
        let arguments: Vec<OsString> = line.split_whitespace().map(Into::into).collect();
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let mut streams = Streams {
            input: &mut input,
            input_is_terminal: stdin,
            output: &mut output,
            output_is_terminal: stdout,
            errors: &mut errors,
            errors_is_terminal: false,
        };
        let look_up = |name: &str| {
            env.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let clock = Timestamp::from_unix(0);
        let world = World {
            clock,
            env: &look_up,
            progress: &|_| {},
            log: &|_| {},
        };
        let result = run(&arguments, &mut streams, &world);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran {
            result,
            output: text(output),
            errors: text(errors),
        }
    }

    /// A program calls: neither standard input nor standard output is a terminal.
    fn called(line: &str, input: &str) -> Ran {
        ran(line, input.as_bytes(), [false, false], &[])
    }

    fn code_of(output: &str) -> String {
        let document: serde_json::Value = serde_json::from_str(output).unwrap();
        assert_eq!(document["protocol"], 1);
        document["error"]["code"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_program_gets_the_error_object_for_whatever_is_wrong() {
        for (line, input, code) in [
            ("same-ca", "", "bad-usage"),
            ("same-ca frobnicate", "{}", "bad-usage"),
            ("same-ca check --frobnicate", "{}", "bad-usage"),
            ("same-ca check --format json --match x", "", "bad-usage"),
            ("same-ca check", "", "bad-json"),
            ("same-ca check", "{}}", "bad-json"),
            ("same-ca check", r#"{"protocol":1,"x":1}"#, "bad-request"),
            ("same-ca check", r#"{"protocol":2,"x":1}"#, "unsupported-protocol"),
            ("same-ca inspect", "[]", "bad-request"),
            ("same-ca reference", "", "bad-json"),
            ("same-ca schema nonsense", "", "bad-usage"),
            (
                "same-ca check --format json --subject a.pem --subject a.pem",
                "",
                "bad-usage",
            ),
        ] {
            let ran = called(line, input);
            assert_eq!(code_of(&ran.output), code, "{line} < {input}");
            assert!(ran.result.is_err(), "{line} must say why on standard error");
            assert_eq!(ran.output.lines().count(), 1, "{line}");
        }
    }

    #[test]
    fn people_who_type_flags_are_told_on_standard_error_alone() {
        let ran = called("same-ca check --subject a.pem --match x", "");
        assert_eq!(ran.result.unwrap(), NOT_ANSWERED);
        assert!(ran.output.is_empty());
        assert!(
            ran.errors.contains("--match") && ran.errors.contains("authority"),
            "{}",
            ran.errors
        );
        let ran = called("same-ca check --subject a.pem --subject a.pem", "");
        assert!(ran.output.is_empty());
        assert!(ran.result.unwrap_err().to_string().starts_with("--subject a.pem: "));
    }

    #[test]
    fn nobody_is_left_waiting_at_a_terminal() {
        for (line, example) in [
            ("same-ca check", "--subject"),
            ("same-ca inspect", "same-ca inspect pchat01.pem"),
            ("same-ca reference", "tls://"),
            ("same-ca batch", "< requests.ndjson"),
        ] {
            let ran = ran(line, io::empty(), [true, true], &[]);
            let message = ran.result.unwrap_err().to_string();
            assert!(message.contains(example), "{line}: {message}");
        }
    }

    #[test]
    fn standard_input_without_end_is_refused_at_the_limit() {
        let endless = io::BufReader::with_capacity(1 << 20, io::repeat(b' '));
        let ran = ran("same-ca check", endless, [false, false], &[]);
        assert_eq!(code_of(&ran.output), "too-large");
    }

    #[test]
    fn help_and_version_are_answers() {
        for line in [
            "same-ca --help",
            "same-ca check -h",
            "same-ca --version",
            "same-ca batch --help",
        ] {
            let ran = called(line, "");
            assert_eq!(ran.result.unwrap(), ANSWERED, "{line}");
            assert!(
                ran.output.contains("same-ca") && !ran.output.contains('\x1b'),
                "{}",
                ran.output
            );
        }
    }

    #[test]
    fn colour_is_for_terminals_that_want_it() {
        let help = |env: &[(&str, &str)]| ran("same-ca --help", io::empty(), [true, true], env).output;
        assert!(help(&[("TERM", "xterm")]).contains('\x1b'));
        assert!(help(&[("TERM", "xterm"), ("NO_COLOR", "")]).contains('\x1b'));
        assert!(!help(&[("TERM", "xterm"), ("NO_COLOR", "1")]).contains('\x1b'));
        assert!(!help(&[("TERM", "dumb")]).contains('\x1b'));
    }

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn into(mut output: impl Write, line: &str) -> Result<u8, Error> {
        let arguments: Vec<OsString> = line.split_whitespace().map(Into::into).collect();
        let mut streams = Streams {
            input: &mut io::empty(),
            input_is_terminal: false,
            output: &mut output,
            output_is_terminal: false,
            errors: &mut io::sink(),
            errors_is_terminal: false,
        };
        let world = World {
            clock: Timestamp::from_unix(0),
            env: &|_| None,
            progress: &|_| {},
            log: &|_| {},
        };
        run(&arguments, &mut streams, &world)
    }

    #[test]
    fn a_reader_that_went_away_is_a_quiet_end() {
        for line in [
            "same-ca schema report",
            "same-ca --help",
            "same-ca check",
            "same-ca completions bash",
        ] {
            assert_eq!(
                into(Broken(io::ErrorKind::BrokenPipe), line).unwrap(),
                ANSWERED,
                "{line}"
            );
        }
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let error = into(Broken(io::ErrorKind::StorageFull), "same-ca schema report").unwrap_err();
        assert_eq!(error.to_string(), "failed to write the schema to standard output");
    }
}
