//! A fleet report as a page: one file that needs no network and runs nothing but its own script.
//!
//! The verdict, the charts and the lists are written here; the table of records is drawn by `page/page.js` from data that
//! the page carries. A strict Content-Security-Policy lets that one script and that one style in by their digests. All
//! that comes from reports is text: escaped here, and set as text content there.

mod charts;
mod markup;
mod records;
mod sections;

pub use records::RECORDS_SHOWN;

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::protocol::fleet::{FleetReport, State};
use crate::protocol::values::counted;

use super::FleetFormat;
use super::words::{self, time};
use charts::status_chart;
use markup::{Html, NoMarkup};
use records::{data, records};
use sections::{authorities, drift_lists, expiry, findings, list, waivers};

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The format of `--html`.
pub struct Page;

impl FleetFormat for Page {
    fn flag(&self) -> &'static str {
        "html"
    }

    fn help(&self) -> &'static str {
        "Write an HTML page, one file that needs no network"
    }

    fn write(&self, report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
        fleet(report, out)
    }
}

/// Writes the page.
pub fn fleet(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    head(report, out)?;
    tiles(report, out)?;
    status_chart(report, out)?;
    authorities(report, out)?;
    findings(report, out)?;
    expiry(report, out)?;
    if let Some(drift) = &report.drift {
        drift_lists(drift, out)?;
    }
    waivers(report, out)?;
    let reasons = words::missing_reasons(report);
    let missing = report.missing.iter().map(|host| match reasons.get(host) {
        Some(why) => {
            let reason = why.reason.as_str();
            let message = why.message.as_deref().map(|message| format!(": {}", Html(message)));
            format!(
                "{}: <span class=\"code\">{reason}</span>{}",
                Html(host),
                message.unwrap_or_default()
            )
        }
        None => Html(host).to_string(),
    });
    list(
        out,
        "missing",
        "Missing hosts",
        "Expected, and no report speaks of them.",
        report.missing.len(),
        missing,
    )?;
    let unreadable = report.reports.unreadable_named.iter().map(|one| {
        let line = one.line.map(|line| format!(", line {line}")).unwrap_or_default();
        format!(
            "{}{line}: <span class=\"code\">{}</span>: {}",
            Html(&one.source),
            one.code.as_str(),
            Html(&one.message)
        )
    });
    let number = usize::try_from(report.reports.unreadable).unwrap_or(usize::MAX);
    list(
        out,
        "unreadable",
        "Unreadable documents",
        "They were not read as reports, and count for nobody.",
        number,
        unreadable,
    )?;
    records(report, out)?;
    tail(report, out)
}

fn head(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{}'; \
         style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>Fleet compliance: {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#records\">Skip to the table of hosts</a>\n",
        digest(SCRIPT),
        digest(STYLE),
        report.status.as_str()
    )?;
    let status = report.status.as_str();
    write!(
        out,
        "<header>\n<h1>Certificates under the reference’s CA: fleet compliance</h1>\n\
         <p class=\"verdict is-{status}\">{status}</p>\n<p class=\"message\">{}</p>\n<ul class=\"meta\">",
        Html(&report.message)
    )?;
    if let Some(as_of) = report.as_of {
        write!(out, "<li>As of {}</li>", time(as_of))?;
    }
    let read = counted(report.reports.read, "report", "reports");
    write!(out, "<li>{read} read, {} superseded</li>", report.reports.superseded)?;
    if let Some(max_age) = report.max_age {
        write!(out, "<li>Stale after {max_age}</li>")?;
    }
    writeln!(
        out,
        "<li><strong>Revocation: not checked</strong></li></ul>\n</header>\n<main>"
    )
}

/// The numbers, each of which shows its records.
fn tiles(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"<ul class=\"tiles\">\n")?;
    for (index, state) in State::ALL.into_iter().enumerate() {
        let list = if state == State::Missing {
            " data-list=\"missing\""
        } else {
            ""
        };
        writeln!(
            out,
            "<li><button type=\"button\" class=\"{name}\" data-state=\"{index}\"{list} aria-pressed=\"false\" title=\"{}\">\
             <span class=\"number\">{}</span><span class=\"label\">{name}</span></button></li>",
            words::state(state),
            report.totals.of(state),
            name = state.as_str(),
        )?;
    }
    out.write_all(b"</ul>\n")
}

fn tail(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<footer><p>Written by {} {}. Revocation was not checked. A verdict rests on verified signatures; what could not be \
         told is never a yes.</p></footer>\n<script type=\"application/json\" id=\"data\">",
        Html(&report.tool.name),
        Html(&report.tool.version)
    )?;
    data(report, &mut NoMarkup(&mut *out))?;
    write!(out, "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n")
}
