//! A verdict on a request given as flags or as JSON, and how it is reported: the same for `check` and `enforce`.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::cli::{OutputFlags, OutputFormat};
use crate::error::Error;
use crate::explain::{self, Voice};
use crate::protocol::{Fault, Report, Request};
use crate::render::{json, text};

use super::context::read_request;
use super::flags::Flagged;
use super::output::{Look, answer};
use super::{ANSWERED, Context, NOT_COMPLIANT, Streams};

/// A report, and what was typed to get it.
pub struct Verdict {
    report: Report,
    asked: Option<Flagged>,
}

impl Verdict {
    /// Has the request judged that was typed, or else the one on standard input; `example` is what could have been typed.
    ///
    /// # Errors
    /// Where there is no request, or it cannot be answered.
    pub fn of(
        asked: Option<Flagged>,
        example: &str,
        streams: &mut Streams<'_>,
        judge: impl FnOnce(&Request, Option<&[u8]>) -> Result<Report, Fault>,
    ) -> Result<Self, Error> {
        let Some(mut asked) = asked else {
            let report = judge(&read_request(streams, example)?, None)?;
            return Ok(Verdict { report, asked: None });
        };
        let stdin = asked.stdin(streams)?;
        asked.read_document(stdin.as_deref().unwrap_or_default())?;
        let report = judge(&asked.request, stdin.as_deref()).map_err(|fault| asked.explain(fault))?;
        Ok(Verdict {
            report,
            asked: Some(asked),
        })
    }

    /// Tells it, `lead` writing what comes before it in text, and returns the exit code.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn tell(
        &self,
        streams: &mut Streams<'_>,
        flags: &OutputFlags,
        exit_code: bool,
        context: &Context<'_>,
        lead: impl FnOnce(&Report, &Look, &mut dyn Write) -> io::Result<()>,
    ) -> Result<u8, Error> {
        let flagged = self.asked.is_some();
        answer(streams, flags, flagged, "the report", context, |look, out| {
            match look.format {
                OutputFormat::Json if look.terminal => json::pretty(&*self.in_words(), out),
                OutputFormat::Json => json::line(&*self.in_words(), out),
                OutputFormat::Text => {
                    lead(&self.report, look, out)?;
                    text::report(&self.spoken(), look.colour, out)
                }
            }
        })?;
        Ok(if exit_code && !self.report.compliant {
            NOT_COMPLIANT
        } else {
            ANSWERED
        })
    }

    /// The report as JSON in the words of what was typed, where flags were; its pointers stay.
    fn in_words(&self) -> Cow<'_, Report> {
        match self.asked {
            Some(_) => {
                let mut report = self.report.clone();
                explain::report(&mut report, Voice::Flags);
                Cow::Owned(report)
            }
            None => Cow::Borrowed(&self.report),
        }
    }

    /// The report in the words of what was typed, where flags were.
    fn spoken(&self) -> Cow<'_, Report> {
        match &self.asked {
            Some(asked) => Cow::Owned(asked.speak(&self.report)),
            None => Cow::Borrowed(&self.report),
        }
    }
}
