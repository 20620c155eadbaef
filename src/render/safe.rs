//! Keeps what certificates and callers say from steering a terminal.

use std::fmt::{self, Write};

/// A text as one safe line: control characters, line breaks and what reorders or hides text are written as `\u{…}`.
#[derive(Debug, Clone, Copy)]
pub struct Safe<'a>(pub &'a str);

impl fmt::Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if is_unsafe(c) {
                write!(f, "\\u{{{:x}}}", u32::from(c))?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Whether a character steers a terminal or makes a text look like another: C0 and C1 controls, line and paragraph
/// separators, bidirectional controls (Unicode TR 9), and what has no width.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_line_breaks_and_reordering_are_written_out() {
        assert_eq!(Safe("a\x1b[2Jb\r\n\x07").to_string(), r"a\u{1b}[2Jb\u{d}\u{a}\u{7}");
        assert_eq!(Safe("\u{9b}31m\u{7f}").to_string(), r"\u{9b}31m\u{7f}");
        assert_eq!(Safe("moc.\u{202e}evil").to_string(), r"moc.\u{202e}evil");
    }

    #[test]
    fn names_in_any_script_stay_as_they_are() {
        for name in [
            "CN=Contoso Issuing CA",
            "CN=Ünïcode Größe",
            "CN=証明書",
            "CN=Удостоверяющий центр",
        ] {
            assert_eq!(Safe(name).to_string(), name);
        }
    }
}
