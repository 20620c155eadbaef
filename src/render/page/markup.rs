//! Text as HTML, and JSON inside a script element.

use std::fmt;
use std::io::{self, Write};

use crate::render::safe::is_unsafe;

/// A mark in the colour of a word.
pub(super) struct Mark<'a>(pub(super) &'a str);

impl fmt::Display for Mark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><circle cx=\"5\" cy=\"5\" r=\"5\" class=\"fill-{}\"/></svg>",
            self.0
        )
    }
}

/// A text as HTML text or the value of a quoted attribute; what reorders or hides text is written out.
pub(super) struct Html<'a>(pub(super) &'a str);

impl fmt::Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c if is_unsafe(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// JSON that is safe in a script element: `<` is written as JSON's escape, so nothing ends the element or opens
/// another (HTML, "Restrictions for contents of script elements").
pub(super) struct NoMarkup<'a>(pub(super) &'a mut dyn Write);

impl Write for NoMarkup<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut start = 0;
        for at in memchr::memchr_iter(b'<', bytes) {
            self.0.write_all(bytes.get(start..at).unwrap_or_default())?;
            self.0.write_all(b"\\u003c")?;
            start = at + 1;
        }
        self.0.write_all(bytes.get(start..).unwrap_or_default())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
