//! Answers as JSON: one compact line for programs, indented for people.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::safe::is_unsafe;
use super::{quick, record};
use crate::protocol::fleet::{FleetReport, fetch};

/// Writes a document as one line.
pub fn line(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, document)?;
    out.write_all(b"\n")
}

/// [`line()`] of a fleet report, whose records may be a million.
pub fn fleet(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    let mut rest = serde_json::to_vec(&report.without_records())?;
    if !rest.ends_with(b"[]}") {
        return line(report, out);
    }
    rest.truncate(rest.len() - b"]}".len());
    out.write_all(&rest)?;
    quick::elements(&report.records, out, fetch, |out, record| record::push(out, record))?;
    out.write_all(b"]}\n")
}

/// Writes a document indented by two spaces. What could steer a terminal is written as `\uXXXX`, which means the same.
pub fn pretty(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    document.serialize(&mut Serializer::with_formatter(
        &mut *out,
        SafePretty(PrettyFormatter::new()),
    ))?;
    out.write_all(b"\n")
}

/// serde_json's own indentation, with unsafe characters escaped: it escapes none above U+001F by itself.
struct SafePretty<'a>(PrettyFormatter<'a>);

impl Formatter for SafePretty<'_> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_unsafe) {
            let (before, after) = rest.split_at(at);
            out.write_all(before.as_bytes())?;
            let mut characters = after.chars();
            if let Some(c) = characters.next() {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_indented_holds_nothing_that_steers_a_terminal_and_means_the_same() {
        let document = serde_json::json!({"a\u{202e}": ["\u{9b}2J", "\u{1b}", "é\u{e0041}", []], "b": {}});
        let mut out = Vec::new();
        pretty(&document, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(|c: char| c != '\n' && is_unsafe(c)), "{text:?}");
        assert!(text.starts_with("{\n  \"a\\u202e\": [\n    \"\\u009b2J\",\n"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), document);
    }

    #[test]
    fn a_program_gets_one_line() {
        let mut out = Vec::new();
        line(&serde_json::json!({"a": "x\ny"}), &mut out).unwrap();
        assert_eq!(out, b"{\"a\":\"x\\ny\"}\n");
    }
}
