//! Lines of text for a terminal: every piece is made safe, and coloured where colour is wanted.

use std::io::{self, Write};

use crate::render::safe::Safe;

/// The only access to the writer: every piece of text is made safe, and only a [`Tone`] makes an escape sequence.
pub(super) struct Lines<'a> {
    pub out: &'a mut dyn Write,
    pub colour: bool,
}

impl Lines<'_> {
    pub(super) fn line(&mut self, indent: usize, pieces: &[(Tone, &str)]) -> io::Result<()> {
        write!(self.out, "{:indent$}", "")?;
        for &(tone, text) in pieces.iter().filter(|(_, text)| !text.is_empty()) {
            if self.colour && tone != Tone::Plain {
                write!(self.out, "\x1b[{}m{}\x1b[0m", tone.sgr(), Safe(text))?;
            } else {
                write!(self.out, "{}", Safe(text))?;
            }
        }
        self.blank()
    }

    pub(super) fn field(&mut self, indent: usize, label: &str, pieces: &[(Tone, &str)]) -> io::Result<()> {
        let label = format!("{label:<12}");
        let pieces: Vec<_> = std::iter::once((Tone::Dim, label.as_str()))
            .chain(pieces.iter().copied())
            .collect();
        self.line(indent, &pieces)
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }
}

/// How a piece of text looks in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Bold,
    Dim,
    Good,
    Warning,
    Doubt,
    Bad,
}

impl Tone {
    /// Its SGR parameters (ECMA-48 §8.3.117), in the 16 colours that every terminal has.
    fn sgr(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Bold => "1",
            Tone::Dim => "2",
            Tone::Good => "1;32",
            Tone::Warning => "33",
            Tone::Doubt => "1;33",
            Tone::Bad => "1;31",
        }
    }
}

/// A text with a tone, owned.
pub(super) struct Toned {
    pub(super) tone: Tone,
    pub(super) text: String,
}

impl Toned {
    pub(super) fn each(&self) -> [(Tone, &str); 1] {
        [(self.tone, &self.text)]
    }
}

pub(super) fn called(name: &str, use_: Option<&str>) -> String {
    match use_ {
        Some(use_) => format!("{name} ({use_})"),
        None => name.to_owned(),
    }
}
