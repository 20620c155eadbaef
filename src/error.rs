//! The library's one error type: why a command gave no answer, or could not write it.

use std::io;
use std::path::PathBuf;

use crate::protocol::{Fault, FaultCode};

/// Why a command gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The question could not be answered.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Standard input could not be read.
    #[error("failed to read standard input")]
    Input(#[source] io::Error),
    /// The answer could not be written to standard output.
    #[error("failed to write {what} to standard output")]
    Output {
        /// What was being written: `the report`, `the schema`, …
        what: &'static str,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The answer could not be written to the file that was asked for.
    #[error("failed to write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

impl Error {
    /// Names what was being written to standard output: for `map_err`.
    pub fn output(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |cause| Error::Output { what, cause }
    }

    /// Whether the reader of our output has closed it, which is not a failure.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Output { cause, .. } if cause.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What the caller gets. Messages of the system are left out, so that the same failure reads the same everywhere.
    pub fn fault(&self) -> Fault {
        match self {
            Error::Fault(fault) => fault.clone(),
            other => Fault::new(FaultCode::Internal, other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_broken_pipe_on_our_own_output_is_one() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(Error::output("the report")(broken()).is_broken_pipe());
        assert!(!Error::output("the report")(io::ErrorKind::StorageFull.into()).is_broken_pipe());
        assert!(!Error::Input(broken()).is_broken_pipe());
    }

    #[test]
    fn the_caller_is_not_told_the_words_of_the_operating_system() {
        let error = Error::File {
            path: "out.json".into(),
            cause: io::Error::other("words of the system"),
        };
        assert_eq!(
            error.fault(),
            Fault::new(FaultCode::Internal, "failed to write out.json")
        );
    }
}
