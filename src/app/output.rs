//! How an answer leaves: as JSON or as text, to standard output or into a file.

use std::io::{self, Write};
use std::path::Path;

use crate::cli::{OutputFlags, OutputFormat};
use crate::error::Error;
use crate::output;
use crate::protocol::ErrorDocument;
use crate::render::json;

use super::ANSWERED;
use super::context::{Context, Streams};

/// How an answer shall look.
pub struct Look {
    /// Text for people, or JSON.
    pub format: OutputFormat,
    /// Whether text is coloured.
    pub colour: bool,
    /// Whether people read it at a terminal.
    pub terminal: bool,
}

/// Writes an answer in the form that its reader wants.
pub fn answer(
    streams: &mut Streams<'_>,
    flags: &OutputFlags,
    flagged: bool,
    what: &'static str,
    context: &Context<'_>,
    write: impl FnOnce(&Look, &mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let terminal = streams.output_is_terminal && flags.output.is_none();
    let format = format(flags, flagged, terminal);
    let look = Look {
        format,
        colour: terminal && colour(context),
        terminal,
    };
    write_out(streams, flags.output.as_deref(), what, |out| write(&look, out))
}

/// Text for people: who types flags, or reads at a terminal.
pub fn format(flags: &OutputFlags, flagged: bool, terminal: bool) -> OutputFormat {
    flags.format.unwrap_or(if flagged || terminal {
        OutputFormat::Text
    } else {
        OutputFormat::Json
    })
}

/// Whether a terminal is to be given colour: unless NO_COLOR says no (no-color.org), or it is one that shows none.
pub fn colour(context: &Context<'_>) -> bool {
    let set = |name: &str| (context.env)(name).filter(|value| !value.is_empty());
    // The consoles of old Windows servers print escape sequences as they are; the newer ones say who they are.
    let shows = !cfg!(windows) || set("WT_SESSION").is_some() || set("TERM").is_some();
    shows && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

/// Writes to standard output, or into a file.
pub fn write_out(
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

/// Writes an answer that has only one form.
pub fn plain(streams: &mut Streams<'_>, what: &'static str, content: &[u8]) -> Result<u8, Error> {
    write_out(streams, None, what, |out| out.write_all(content))?;
    Ok(ANSWERED)
}

/// Writes the error object for a program in place of the answer, and returns the error.
pub fn tell_program(error: Error, program: bool, streams: &mut Streams<'_>) -> Result<u8, Error> {
    if program && !matches!(error, Error::Output { .. }) {
        let document = ErrorDocument::from(error.fault());
        write_out(streams, None, "the error", |out| json::line(&document, out))?;
    }
    Err(error)
}
