//! Help and version, and a command line that cannot be understood.

use std::ffi::{OsStr, OsString};

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap_lex::RawArgs;

use crate::cli::Cli;
use crate::error::Error;
use crate::protocol::Fault;
use crate::protocol::values::check_path;

use super::NOT_ANSWERED;
use super::context::{Context, Streams};
use super::dsc;
use super::output::{colour, plain, tell_program};

/// Help and version, which are answers, and what clap refuses.
pub fn usage(
    error: &clap::Error,
    arguments: &[OsString],
    streams: &mut Streams<'_>,
    context: &Context<'_>,
) -> Result<u8, Error> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let shown = shown(error, streams.output_is_terminal, context);
        return plain(streams, "the help", shown.as_bytes());
    }
    if arguments.get(1).is_some_and(|name| name == "dsc") && !streams.errors_is_terminal {
        return Ok(dsc::refuse(&one_line(error), streams, context));
    }
    if would_be_program(arguments, streams.output_is_terminal) {
        return tell_program(Fault::usage(one_line(error)).into(), true, streams);
    }
    let shown = shown(error, streams.errors_is_terminal, context);
    // Where people cannot be told, the exit code still says it.
    let _ = streams.errors.write_all(shown.as_bytes());
    Ok(NOT_ANSWERED)
}

/// What clap says, coloured for a terminal that wants it.
fn shown(said: &clap::Error, terminal: bool, context: &Context<'_>) -> String {
    let styled = said.render();
    match terminal && colour(context) {
        true => styled.ansi().to_string(),
        false => styled.to_string(),
    }
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

/// The same error, not repeating what a file holds: it may be a private key.
pub fn without_content(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
        && !value.is_empty()
        && check_path(value).is_err()
    {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".into()));
    }
    error
}

/// Whether a program would have read the answer of a command line that could not be understood.
fn would_be_program(arguments: &[OsString], terminal: bool) -> bool {
    let raw = RawArgs::new(arguments.iter().skip(1));
    let mut cursor = raw.cursor();
    let mut words: Vec<(Option<String>, Option<String>)> = Vec::new();
    while let Some(argument) = raw.next(&mut cursor) {
        let text = |value: &OsStr| value.to_string_lossy().into_owned();
        words.push(match argument.to_long() {
            Some((flag, value)) => (Some(text(flag.map_or_else(|flag| flag, OsStr::new))), value.map(text)),
            None => (None, Some(text(argument.to_value_os()))),
        });
    }
    let of_format = |at: usize| match &words[at] {
        (Some(flag), None) if flag == "format" => words.get(at + 1)?.1.clone(),
        (Some(flag), value) if flag == "format" => value.clone(),
        _ => None,
    };
    if let Some(format) = (0..words.len()).filter_map(of_format).next_back() {
        return format == "json";
    }
    let Some(((None, Some(name)), rest)) = words.split_first() else {
        return !terminal;
    };
    let cli = Cli::command();
    let Some(command) = cli.find_subcommand(name) else {
        return !terminal;
    };
    match command.get_name() {
        "batch" => true,
        "completions" | "man" => false,
        "check" | "enforce" | "inspect" | "fleet" => {
            !terminal && !rest.iter().any(|(flag, _)| is_request(command, flag.as_deref()))
        }
        _ => !terminal,
    }
}

/// Whether a flag, or a word that is none, is part of a request typed by a person.
fn is_request(command: &clap::Command, flag: Option<&str>) -> bool {
    let Some(flag) = flag else {
        return command.get_positionals().next().is_some();
    };
    let mut known = command.get_arguments().filter_map(|known| known.get_long());
    !["format", "output", "exit-code", "what-if", "help"].contains(&flag) && known.any(|known| known == flag)
}
