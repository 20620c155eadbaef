//! The commands: reads what is asked, joins the steps, writes the answer. Alone sees all the other modules.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::Parser;

use crate::cli::{Cli, Command, OutputFormat};
use crate::error::Error;
pub use crate::output::Progress;
use crate::protocol::{Fault, FaultCode};
pub use context::{Context, Streams};
use output::{format, plain, tell_program};

pub mod batch;
pub mod check;
pub mod completions;
mod context;
pub mod dsc;
pub mod enforce;
pub mod flags;
pub mod fleet;
pub mod inspect;
pub mod man;
mod offers;
mod output;
mod places;
pub mod reference;
mod request;
pub mod schema;
mod subjects;
mod usage;
mod verdict;

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
pub fn run(arguments: &[OsString], streams: &mut Streams<'_>, context: &Context<'_>) -> Result<u8, Error> {
    let result = match Cli::try_parse_from(arguments) {
        Ok(cli) => {
            let program = is_program(&cli.command, streams.output_is_terminal);
            let for_dsc = matches!(cli.command, Command::Dsc(_));
            // A defect that panics is answered like any other failure, so that callers always get JSON.
            let result = catch_unwind(AssertUnwindSafe(|| command(cli.command, streams, context)));
            let result = result.unwrap_or_else(|_| Err(Fault::new(FaultCode::Internal, "a defect in same-ca").into()));
            match result {
                Err(error) if for_dsc && !matches!(error, Error::Output { .. }) => {
                    Ok(dsc::refuse(&error.fault().to_string(), streams, context))
                }
                result => result.or_else(|error| tell_program(error, program, streams)),
            }
        }
        Err(error) => usage::usage(&usage::without_content(error), arguments, streams, context),
    };
    match result {
        Err(error) if error.is_broken_pipe() => Ok(ANSWERED),
        other => other,
    }
}

fn command(command: Command, streams: &mut Streams<'_>, context: &Context<'_>) -> Result<u8, Error> {
    match command {
        Command::Check(args) => check::run(&args, streams, context),
        Command::Enforce(args) => enforce::run(&args, streams, context),
        Command::Batch(args) => batch::run(&args, streams, context),
        Command::Reference(args) => reference::run(&args, streams, context),
        Command::Inspect(args) => inspect::run(&args, streams, context),
        Command::Dsc(args) => dsc::dsc(&args.operation, streams, context),
        Command::Fleet(args) => fleet::run(&args, streams, context),
        Command::Schema(args) => plain(streams, "the schema", &schema::schema(args.name.as_deref())?),
        Command::Completions(args) => plain(streams, "the completions", &completions::completions(args.shell)),
        Command::Man(args) => plain(streams, "the manual page", &man::man(args.command.as_deref())?),
    }
}

/// Whether a program reads the answer: then a failure is JSON as well.
fn is_program(command: &Command, terminal: bool) -> bool {
    match command {
        Command::Check(args) => {
            let terminal = terminal && args.output.output.is_none();
            format(&args.output, args.request != Default::default(), terminal) == OutputFormat::Json
        }
        Command::Enforce(args) => {
            let terminal = terminal && args.output.output.is_none();
            let flagged = args.request != Default::default() || args.install != Default::default();
            format(&args.output, flagged, terminal) == OutputFormat::Json
        }
        Command::Inspect(args) => {
            let terminal = terminal && args.output.output.is_none();
            format(&args.output, args.request != Default::default(), terminal) == OutputFormat::Json
        }
        Command::Fleet(args) => {
            let terminal = terminal && args.output.output.is_none();
            format(&args.output, fleet::is_typed(args), terminal) == OutputFormat::Json
        }
        Command::Batch(_) => true,
        Command::Dsc(_) => false,
        Command::Reference(_) | Command::Schema(_) => !terminal,
        Command::Completions(_) | Command::Man(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, BufRead, Write};

    use super::*;
    use crate::protocol::Timestamp;

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
        let context = Context {
            clock,
            env: &look_up,
            progress: &|_| {},
            log: &|_| {},
        };
        let result = run(&arguments, &mut streams, &context);
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
        let context = Context {
            clock: Timestamp::from_unix(0),
            env: &|_| None,
            progress: &|_| {},
            log: &|_| {},
        };
        run(&arguments, &mut streams, &context)
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
