//! The charts: SVG inside the page.

use std::io::{self, Write};

use crate::protocol::fleet::{Expiry, FleetReport, State};
use crate::protocol::values::counted;

use super::markup::{Html, Mark};

pub(super) fn status_chart(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    let parts: Vec<(&str, usize)> = State::ALL
        .into_iter()
        .map(|state| (state.as_str(), report.totals.of(state)))
        .filter(|(_, number)| *number > 0)
        .collect();
    out.write_all(b"<section aria-labelledby=\"h-status\">\n<h2 id=\"h-status\">Status</h2>\n")?;
    bar(out, "bar", "Records by state", &parts)?;
    legend(out, &parts)?;
    out.write_all(b"<p class=\"soft\">Records are hosts times requirements; of missing, hosts.</p>\n</section>\n")
}

/// Shares of a whole, from left to right. Widths are in thousandths of a per cent.
fn bar(out: &mut dyn Write, class: &str, title: &str, parts: &[(&str, usize)]) -> io::Result<()> {
    let total: usize = parts.iter().map(|(_, number)| number).sum();
    let label: Vec<String> = parts.iter().map(|(name, number)| format!("{number} {name}")).collect();
    let label = if label.is_empty() {
        "none".into()
    } else {
        label.join(", ")
    };
    write!(
        out,
        "<svg class=\"{class}\" role=\"img\" aria-label=\"{}: {}\">",
        Html(title),
        Html(&label)
    )?;
    out.write_all(b"<rect class=\"fill-track\" width=\"100%\" height=\"100%\"/>")?;
    let share = |number: usize| number as f64 * 100.0 / total.max(1) as f64;
    let mut before = 0;
    for (name, number) in parts {
        write!(
            out,
            "<rect class=\"fill-{name}\" x=\"{:.3}%\" width=\"{:.3}%\" height=\"100%\"><title>{number} {name}</title></rect>",
            share(before),
            // Never too thin to be seen.
            share(*number).max(0.4)
        )?;
        before += number;
    }
    out.write_all(b"</svg>\n")
}

pub(super) fn legend(out: &mut dyn Write, parts: &[(&str, usize)]) -> io::Result<()> {
    out.write_all(b"<ul class=\"legend\">")?;
    for (name, number) in parts {
        write!(out, "<li>{}{number} {name}</li>", Mark(name))?;
    }
    out.write_all(b"</ul>\n")
}

/// A bar a month, after one for what has ended and before one for what ends later.
pub(super) fn months_chart(expiry: &Expiry, out: &mut dyn Write) -> io::Result<()> {
    const HEIGHT: usize = 150;
    const STEP: usize = 44;
    const BAR: usize = 34;
    /// Between two labels under the chart, so that they stay apart on a telephone too.
    const LABELLED: usize = 4;
    let mut bars: Vec<(String, &str, usize)> = vec![("ended".into(), "error", expiry.expired)];
    bars.extend(
        expiry
            .months
            .iter()
            .map(|month| (month.month.clone(), "month", month.subjects)),
    );
    bars.push(("later".into(), "other", expiry.later));
    let most = bars.iter().map(|(_, _, number)| *number).max().unwrap_or(0).max(1);
    let width = bars.len() * STEP;
    write!(
        out,
        "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 {width} {}\" aria-label=\"Subjects by the month in which their \
         certificates end: {} ended, {} later\">",
        HEIGHT + 70,
        expiry.expired,
        expiry.later
    )?;
    for (index, (label, class, number)) in bars.iter().enumerate() {
        let x = index * STEP;
        let height = (*number * HEIGHT).div_ceil(most);
        let y = 30 + HEIGHT - height;
        let middle = x + BAR / 2;
        write!(
            out,
            "<rect class=\"fill-{class}\" x=\"{x}\" y=\"{y}\" width=\"{BAR}\" height=\"{height}\"><title>{label}: {}</title></rect>",
            counted(*number, "subject", "subjects")
        )?;
        if *number > 0 {
            write!(
                out,
                "<text class=\"count\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                y - 6,
                short_number(*number)
            )?;
        }
        let last = index + 1 == bars.len();
        if index == 0 || last || (index > LABELLED && index % LABELLED == 1 && index + LABELLED <= bars.len()) {
            let (x, anchor) = match (index, last) {
                (0, _) => (x, "start"),
                (_, true) => (x + BAR, "end"),
                _ => (middle, "middle"),
            };
            write!(
                out,
                "<text x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">{label}</text>",
                HEIGHT + 58
            )?;
        }
    }
    let base = HEIGHT + 31;
    writeln!(out, "<line x1=\"0\" x2=\"{width}\" y1=\"{base}\" y2=\"{base}\"/></svg>")
}

/// A number that fits over a bar.
fn short_number(number: usize) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..1_000_000 => format!("{}k", number / 1000),
        _ => format!("{}M", number / 1_000_000),
    }
}
