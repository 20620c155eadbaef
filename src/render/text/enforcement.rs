//! What `enforce` did, or would do. It is written before the report.

use std::io::{self, Write};

use crate::protocol::{ActionKind, Report, SubjectReport};
use crate::render::words::{self, digest, ending, name};

use super::lines::{Lines, Tone, called};

/// Writes what `enforce` did, or would do in a what-if run.
pub fn actions(report: &Report, what_if: bool, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Lines { out, colour };
    let (headline, meaning) = match (what_if, report.changed) {
        (true, Some(true)) => (
            "WOULD CHANGE",
            "  what if: nothing was changed; this is what a run would do",
        ),
        (true, _) => ("WOULD CHANGE NOTHING", "  what if: nothing was changed"),
        (false, Some(true)) => ("CHANGED", ""),
        (false, _) => ("NOTHING CHANGED", ""),
    };
    lines.line(0, &[(Tone::Bold, headline), (Tone::Dim, meaning)])?;
    for action in report.actions.iter().flatten() {
        let subject = called(&action.subject, action.use_.as_deref());
        let what = words::action(action.action);
        lines.line(2, &[(Tone::Bold, &subject), (Tone::Plain, ": "), (Tone::Plain, what)])?;
        if let Some(candidate) = action.candidate {
            let digest = action.certificate.map(digest).unwrap_or_default();
            // Older versions did not say which source it is.
            let source = action.source.clone();
            let source = source.unwrap_or_else(|| (candidate + 1).to_string());
            let text = format!("{source}, certificate {digest}");
            lines.field(4, "candidate", &[(Tone::Plain, &text)])?;
        }
        let is_its = |one: &&SubjectReport| one.name == action.subject && one.use_ == action.use_;
        if let (ActionKind::Install, Some(subject)) = (action.action, report.subjects.iter().find(is_its)) {
            for (label, facts) in [("before", &subject.before), ("after", &subject.after)] {
                let described = match facts {
                    Some(Some(facts)) => {
                        let until = ending(facts.not_after, report.valid_at);
                        format!("{}, of {}, expires {until}", name(&facts.subject), name(&facts.issuer))
                    }
                    // Of a place that was replaced though it could not be read, nothing is known.
                    _ if label == "before" && !action.backups.is_empty() => "nothing that could be read".to_owned(),
                    _ => "no certificate".to_owned(),
                };
                lines.field(4, label, &[(Tone::Plain, &described)])?;
            }
        }
        for path in &action.paths {
            lines.field(4, "file", &[(Tone::Plain, path)])?;
        }
        for path in &action.backups {
            lines.field(4, "backup", &[(Tone::Plain, path)])?;
        }
    }
    lines.blank()
}
