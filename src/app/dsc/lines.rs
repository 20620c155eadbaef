//! Messages on standard error: one JSON object a line, `{"error": "…"}`, as DSC reads them.
//!
//! DSC shows these lines at their levels, and leaves them out of the error that ends its run: there it repeats what is no
//! JSON. So an error is written as text too.

use std::io::Write;

use serde_json::json;

use crate::render::safe::Safe;

/// How much a line matters; DSC says which are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Why there is no answer.
    Error,
    /// What should not be overlooked.
    Warn,
    /// What was found; what the operating system said.
    Info,
    /// How it was done.
    Debug,
}

impl Level {
    fn key(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
        }
    }
}

/// The lines that are wanted, in order.
#[derive(Debug)]
pub struct Lines {
    wanted: Level,
    lines: Vec<(Level, String)>,
}

impl Lines {
    /// No lines yet. `DSC_TRACE_LEVEL` says how many are wanted; warnings and errors unless it is set.
    pub fn new(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let wanted = match env("DSC_TRACE_LEVEL").unwrap_or_default().to_ascii_lowercase().as_str() {
            "error" => Level::Error,
            "info" | "information" => Level::Info,
            "debug" | "trace" => Level::Debug,
            _ => Level::Warn,
        };
        Lines {
            wanted,
            lines: Vec::new(),
        }
    }

    /// Adds a line if its level is wanted.
    pub fn add(&mut self, level: Level, line: &str) {
        if level <= self.wanted {
            self.lines.push((level, Safe(line).to_string()));
        }
    }

    /// Writes them. If standard error cannot be written, the exit code still says whether there was an answer.
    pub fn write(self, errors: &mut dyn Write) {
        for (level, line) in self.lines {
            let _ = writeln!(errors, "{}", json!({ level.key(): line }));
            if level == Level::Error {
                let _ = writeln!(errors, "same-ca: {line}");
            }
        }
        let _ = errors.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(wanted: Option<&str>) -> String {
        let mut lines = Lines::new(&|name| wanted.filter(|_| name == "DSC_TRACE_LEVEL").map(str::to_owned));
        for level in [Level::Debug, Level::Info, Level::Warn, Level::Error] {
            lines.add(level, "a \"line\"\nof two");
        }
        let mut out = Vec::new();
        lines.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dsc_is_told_as_much_as_it_wants() {
        for (wanted, count) in [
            (None, 3),
            (Some("ERROR"), 2),
            (Some("warn"), 3),
            (Some("Info"), 4),
            (Some("TRACE"), 5),
            (Some("nonsense"), 3),
        ] {
            assert_eq!(written(wanted).lines().count(), count, "{wanted:?}");
        }
    }

    #[test]
    fn every_line_is_one_json_object_with_its_level_as_key() {
        for line in written(Some("trace")).lines().filter(|line| line.starts_with('{')) {
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            assert_eq!(object.len(), 1, "{line}");
        }
        assert!(written(None).starts_with("{\"warn\":"));
    }

    #[test]
    fn an_error_is_text_too_which_dsc_repeats_in_its_own() {
        let text = written(Some("error"));
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("same-ca: a \"line\""), "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(last).is_err());
    }
}
