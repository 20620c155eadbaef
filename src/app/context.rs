//! What a command may know and use of the outside: the clock, the environment, the log, and the standard streams.

use std::io::{BufRead, Read, Write};

use crate::error::Error;
use crate::output::Progress;
use crate::protocol::{Fault, FaultCode, Timestamp};

/// What a command may know of the outside beside its request.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The time, read once per process.
    pub clock: Timestamp,
    /// Looks up an environment variable; `None` if it is not set or not text.
    pub env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Is told how far a long command has come.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Takes what the operating system said, one line, for people: it never goes into an answer.
    pub log: &'a (dyn Fn(&str) + Sync),
}

impl Context<'_> {
    /// Tells how many TLS servers have been read.
    pub fn servers_read(&self) -> impl Fn(usize, usize) + Sync {
        |done, total| {
            (self.progress)(Progress {
                what: "TLS servers",
                done,
                total: Some(total),
            });
        }
    }
}

/// The standard streams of the process.
pub struct Streams<'a> {
    /// Standard input.
    pub input: &'a mut (dyn BufRead + Send),
    /// Whether standard input is a terminal: a request is not typed there.
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

/// The request as JSON on standard input; `example` is what to type instead.
pub fn read_request(streams: &mut Streams<'_>, example: &str) -> Result<crate::protocol::Request, Error> {
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
    Ok(crate::json::read(&bytes)?)
}

/// Reads standard input whole; what is over the limit is not waited for.
pub fn read_stdin(streams: &mut Streams<'_>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let limit = crate::json::REQUEST_LIMIT;
    let mut input = streams.input.take(limit as u64 + 1);
    input.read_to_end(&mut bytes).map_err(Error::Input)?;
    if bytes.len() > limit {
        let message = format!("standard input is larger than {} MiB", limit / (1024 * 1024));
        return Err(Fault::new(FaultCode::TooLarge, message).into());
    }
    Ok(bytes)
}
