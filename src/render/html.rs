//! A fleet report as a page: one file that needs no network and runs nothing but its own script.
//!
//! The verdict, the charts and the lists are written here; the table of records is drawn by `page/page.js` from data that
//! the page carries. A strict Content-Security-Policy lets that one script and that one style in by their digests. All
//! that comes from reports is text: escaped here, and set as text content there.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::safe::is_unsafe;
use super::text::{digest, ending, time};
use super::words;
use crate::json::fast::writer;
use crate::protocol::fleet::{
    Drift, DriftEntry, EstateAuthority, Expiry, FleetReference, FleetReport, Generation, Record, RecordFinding,
    RecordSubject, State, WaiverState,
};
use crate::protocol::values::counted;
use crate::protocol::{Relation, Sha256Hex, Status, Timestamp};

/// Records in the table, the worst first: what a browser still searches and sorts at once. JSON and CSV have them all.
pub const RECORDS_SHOWN: usize = 50_000;
/// References that are shown with their records: an estate has a few.
const REFERENCES_SHOWN: usize = 1_000;
/// Entries of a list that are written out before the rest is counted.
const ENTRIES_SHOWN: usize = 500;
/// Keys of CAs, and requirements, that records can be selected by: a list that a person can look through.
const CHOICES: usize = 200;
/// Authorities that are shown, those that references allow and those with most subjects first.
const AUTHORITIES_SHOWN: usize = 50;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

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

fn status_chart(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
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

fn legend(out: &mut dyn Write, parts: &[(&str, usize)]) -> io::Result<()> {
    out.write_all(b"<ul class=\"legend\">")?;
    for (name, number) in parts {
        write!(out, "<li>{}{number} {name}</li>", Mark(name))?;
    }
    out.write_all(b"</ul>\n")
}

fn authorities(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"<section aria-labelledby=\"h-authorities\">\n<h2 id=\"h-authorities\">Authorities</h2>\n")?;
    if report.authorities.is_empty() {
        out.write_all(b"<p>No CA is known.</p>\n")?;
    }
    let most = report.authorities.iter().flat_map(|authority| &authority.generations);
    let most = most.map(|key| key.subjects).max().unwrap_or(0);
    for authority in report.authorities.iter().take(AUTHORITIES_SHOWN) {
        let subject = authority
            .subject
            .as_deref()
            .unwrap_or("A pinned key that no certificate at hand carries");
        writeln!(out, "<div class=\"authority\">\n<h3>{}</h3>", Html(subject))?;
        let requirements: Vec<String> = authority
            .requirements
            .iter()
            .map(|name| Html(name).to_string())
            .collect();
        let standing = match (authority.allowed, requirements.is_empty()) {
            (false, _) => "No reference allows this CA.".into(),
            (true, true) => "Allowed by a reference.".into(),
            (true, false) => format!("Allowed for {}.", requirements.join(", ")),
        };
        writeln!(out, "<p class=\"soft\">{standing}</p>\n<div class=\"generations\">")?;
        for key in authority.generations.iter().take(ENTRIES_SHOWN) {
            generation(authority, key, most, report.as_of, out)?;
        }
        out.write_all(b"</div>\n</div>\n")?;
    }
    more(out, report.authorities.len(), AUTHORITIES_SHOWN, "CAs")?;
    out.write_all(b"</section>\n")
}

fn generation(
    authority: &EstateAuthority,
    key: &Generation,
    most: usize,
    as_of: Option<Timestamp>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let standing = key.standing.as_str();
    let version = key
        .ca_version
        .as_deref()
        .map(|version| format!("{} ", Html(version)))
        .unwrap_or_default();
    let sha256 = key.key_sha256.map_or_else(
        || "no known key verified it".into(),
        |key| format!("key <span class=\"code\">{}</span>", digest(key)),
    );
    let until = match (key.not_after, as_of) {
        (Some(end), Some(as_of)) => format!(", until {}", ending(end, as_of)),
        _ => String::new(),
    };
    write!(
        out,
        "<div class=\"generation {standing}\">\n<p><span class=\"badge\">{}{}</span> {version}{sha256}{until}</p>\n<p>{} on {}",
        Mark(standing),
        words::standing(key.standing),
        counted(key.subjects, "subject", "subjects"),
        counted(key.hosts, "host", "hosts"),
    )?;
    if key.members > 0 {
        write!(out, ", {} of the reference", counted(key.members, "member", "members"))?;
    }
    let named: Vec<String> = key
        .hosts_named
        .iter()
        .take(3)
        .map(|host| Html(host).to_string())
        .collect();
    if !named.is_empty() {
        let rest = if key.hosts > named.len() { ", …" } else { "" };
        write!(out, ": <span class=\"soft\">{}{rest}</span>", named.join(", "))?;
    }
    out.write_all(b"</p>\n")?;
    if key.subjects > 0 {
        let share = key.subjects as f64 * 100.0 / most.max(1) as f64;
        let value = key_choice(key.key_sha256.as_ref(), authority.subject.as_deref());
        write!(
            out,
            "<svg class=\"thin\" aria-hidden=\"true\"><rect class=\"fill-track\" width=\"100%\" height=\"100%\"/>\
             <rect class=\"fill-{standing}\" width=\"{:.3}%\" height=\"100%\"/></svg>\n\
             <p><button type=\"button\" class=\"plain\" data-key=\"{}\">Show its hosts</button></p>\n",
            share.max(0.4),
            Html(&value)
        )?;
    }
    for hint in &key.hints {
        writeln!(out, "<p class=\"hint\">{}</p>", Html(hint))?;
    }
    out.write_all(b"</div>\n")
}

/// How the script finds the subjects under a key: its digest and the issuer's name as they have it.
fn key_choice(key: Option<&Sha256Hex>, issuer: Option<&str>) -> String {
    let key = key.map(ToString::to_string).unwrap_or_default();
    format!("{key} {}", issuer.unwrap_or_default())
}

fn findings(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    out.write_all(
        b"<section aria-labelledby=\"h-findings\">\n<h2 id=\"h-findings\">Findings</h2>\n\
          <table class=\"findings\" role=\"table\" aria-labelledby=\"h-findings\">\n<thead role=\"rowgroup\"><tr role=\"row\">\
          <th role=\"columnheader\" scope=\"col\">Severity</th><th role=\"columnheader\" scope=\"col\">Code</th>\
          <th role=\"columnheader\" scope=\"col\" class=\"number\">Hosts</th>\
          <th role=\"columnheader\" scope=\"col\" class=\"number\">Waived</th>\
          <th role=\"columnheader\" scope=\"col\">What it is, and what to do</th></tr></thead>\n<tbody role=\"rowgroup\">\n",
    )?;
    for group in report.findings.iter().take(ENTRIES_SHOWN) {
        let severity = group.severity.as_str();
        let code = Html(&group.code);
        let code = match group.is_of_fleet() {
            true => format!("<span class=\"code\">{code}</span>"),
            false => format!("<button type=\"button\" class=\"plain code\" data-code=\"{code}\">{code}</button>"),
        };
        let hint = group
            .hint
            .as_deref()
            .map(|hint| format!("<p class=\"hint\">{}</p>", Html(hint)))
            .unwrap_or_default();
        writeln!(
            out,
            "<tr role=\"row\"><td role=\"cell\"><span class=\"badge\">{}{severity}</span></td><td role=\"cell\">{code}</td>\
             <td role=\"cell\" class=\"number\" data-label=\"Hosts\">{}</td>\
             <td role=\"cell\" class=\"number\" data-label=\"Waived\">{}</td><td role=\"cell\"><p>{}</p>{hint}</td></tr>",
            Mark(severity),
            group.hosts,
            group.waived,
            Html(&words::found(group)),
        )?;
    }
    out.write_all(b"</tbody>\n</table>\n")?;
    more(out, report.findings.len(), ENTRIES_SHOWN, "kinds of findings")?;
    out.write_all(b"</section>\n")
}

fn expiry(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    let Some(as_of) = report.as_of else { return Ok(()) };
    let expiry = &report.expiry;
    out.write_all(b"<section aria-labelledby=\"h-expiry\">\n<h2 id=\"h-expiry\">When certificates end</h2>\n")?;
    months_chart(expiry, out)?;
    writeln!(
        out,
        "<ul class=\"legend\"><li>{}{} ended already</li><li>{}{} within two years, by month</li><li>{}{} later</li></ul>",
        Mark("error"),
        expiry.expired,
        Mark("month"),
        expiry.months.iter().map(|month| month.subjects).sum::<usize>(),
        Mark("other"),
        expiry.later
    )?;
    if !expiry.soonest.is_empty() {
        out.write_all(b"<details><summary>The next to end</summary><ul class=\"plain\">\n")?;
        for next in &expiry.soonest {
            writeln!(
                out,
                "<li>{}: {} on {}</li>",
                ending(next.not_after, as_of),
                Html(&next.subject),
                Html(&next.host)
            )?;
        }
        out.write_all(b"</ul></details>\n")?;
    }
    out.write_all(b"</section>\n")
}

/// A bar a month, after one for what has ended and before one for what ends later.
fn months_chart(expiry: &Expiry, out: &mut dyn Write) -> io::Result<()> {
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

fn drift_lists(drift: &Drift, out: &mut dyn Write) -> io::Result<()> {
    let since = drift
        .since
        .map(|since| format!(" since {}", time(since)))
        .unwrap_or_default();
    writeln!(
        out,
        "<section aria-labelledby=\"h-drift\">\n<h2 id=\"h-drift\">Drift{since}</h2>\n<p>{} newly failing, {} fixed, {} still \
         failing, {} gone, {} not known before.</p>",
        drift.newly_failing.len(),
        drift.fixed.len(),
        drift.still_failing.len(),
        drift.gone.len(),
        drift.appeared
    )?;
    for (heading, entries) in [
        ("Newly failing", &drift.newly_failing),
        ("Fixed", &drift.fixed),
        ("Still failing", &drift.still_failing),
        ("Gone", &drift.gone),
    ] {
        if entries.is_empty() {
            continue;
        }
        writeln!(
            out,
            "<details><summary>{heading} ({})</summary><ul class=\"plain\">",
            entries.len()
        )?;
        for entry in entries.iter().take(ENTRIES_SHOWN) {
            drift_entry(entry, out)?;
        }
        out.write_all(b"</ul>\n")?;
        more(out, entries.len(), ENTRIES_SHOWN, "records")?;
        out.write_all(b"</details>\n")?;
    }
    out.write_all(b"</section>\n")
}

fn drift_entry(entry: &DriftEntry, out: &mut dyn Write) -> io::Result<()> {
    let requirement = entry
        .requirement
        .as_deref()
        .map(|name| format!(", {}", Html(name)))
        .unwrap_or_default();
    let before = entry.before.map_or("not known", |status| status.as_str());
    let now = entry.now.map_or("no report", |status| status.as_str());
    writeln!(out, "<li>{}{requirement}: {before} → {now}</li>", Html(&entry.host))
}

fn waivers(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    if report.waivers.is_empty() {
        return Ok(());
    }
    out.write_all(
        b"<section aria-labelledby=\"h-waivers\">\n<h2 id=\"h-waivers\">Waivers</h2>\n<ul class=\"plain\">\n",
    )?;
    for one in report.waivers.iter().take(ENTRIES_SHOWN) {
        let waiver = &one.waiver;
        let class = match one.state {
            WaiverState::Expired => "is-noncompliant",
            WaiverState::Used => "is-waived",
            WaiverState::Unused | WaiverState::NotYet => "soft",
        };
        let ticket = waiver
            .ticket
            .as_deref()
            .map(|ticket| format!(" ({})", Html(ticket)))
            .unwrap_or_default();
        writeln!(
            out,
            "<li><strong class=\"{class}\">{}</strong> until {}: {}, {}. {}{ticket}, approved by {} on {}</li>",
            one.state.as_str(),
            Html(&waiver.until),
            Html(&words::waiver(waiver)),
            counted(one.records, "record", "records"),
            Html(&waiver.reason),
            Html(&waiver.approved_by),
            Html(&waiver.approved_at)
        )?;
    }
    out.write_all(b"</ul>\n")?;
    more(out, report.waivers.len(), ENTRIES_SHOWN, "waivers")?;
    out.write_all(b"</section>\n")
}

fn list(
    out: &mut dyn Write,
    id: &str,
    heading: &str,
    meaning: &str,
    number: usize,
    items: impl Iterator<Item = String>,
) -> io::Result<()> {
    if number == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "<section id=\"{id}\" aria-labelledby=\"h-{id}\">\n<h2 id=\"h-{id}\">{heading}</h2>\n<p>{meaning}</p>\n\
         <details><summary>{number} in all</summary><ul class=\"plain\">"
    )?;
    items
        .take(ENTRIES_SHOWN)
        .try_for_each(|item| writeln!(out, "<li>{item}</li>"))?;
    out.write_all(b"</ul>\n")?;
    more(out, number, ENTRIES_SHOWN, "more are in the fleet report as JSON")?;
    out.write_all(b"</details>\n</section>\n")
}

fn more(out: &mut dyn Write, number: usize, shown: usize, what: &str) -> io::Result<()> {
    match number.saturating_sub(shown) {
        0 => Ok(()),
        more => writeln!(out, "<p class=\"soft\">and {more} more ({what})</p>"),
    }
}

fn records(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(
        b"<section id=\"records\" aria-labelledby=\"h-records\" aria-busy=\"true\" tabindex=\"-1\">\n<h2 id=\"h-records\">Hosts</h2>\n",
    )?;
    if report.records.len() > RECORDS_SHOWN {
        writeln!(
            out,
            "<p><strong>The worst {RECORDS_SHOWN} of {} records are shown.</strong> The fleet report as JSON and CSV has them all.</p>",
            report.records.len()
        )?;
    }
    out.write_all(
        b"<noscript><p>The table of hosts needs the script of this page, which your browser does not run.</p></noscript>\n\
          <div class=\"controls\" role=\"search\" aria-label=\"Hosts\">\n\
          <div><label for=\"search\">Search hosts, names, issuers, keys, findings</label><input id=\"search\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\"></div>\n\
          <div><label for=\"state\">State</label><select id=\"state\"><option value=\"\">all</option></select></div>\n\
          <div><label for=\"requirement\">Requirement</label><select id=\"requirement\"><option value=\"\">all</option></select></div>\n\
          <div><label for=\"key\">Signed by</label><select id=\"key\"><option value=\"\">any key</option></select></div>\n</div>\n\
          <div class=\"pages\"><span id=\"count\" role=\"status\"></span><button type=\"button\" class=\"plain\" id=\"previous\">Previous</button>\
          <button type=\"button\" class=\"plain\" id=\"next\">Next</button><button type=\"button\" class=\"plain\" id=\"clear\">Show all</button></div>\n\
          <table id=\"hosts\" role=\"table\" aria-labelledby=\"h-records\">\n<thead role=\"rowgroup\"><tr role=\"row\">",
    )?;
    for (by, label) in [
        ("host", "Host"),
        ("requirement", "Requirement"),
        ("state", "State"),
        ("findings", "Reasons"),
        ("end", "First to end"),
        ("collected", "Collected"),
    ] {
        write!(
            out,
            "<th role=\"columnheader\" scope=\"col\"><button type=\"button\" data-sort=\"{by}\">{label}</button></th>"
        )?;
    }
    out.write_all(b"</tr></thead>\n<tbody id=\"rows\" role=\"rowgroup\"></tbody>\n</table>\n</section>\n</main>\n")
}

fn tail(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<footer><p>Written by {} {}. Revocation was not checked. A verdict rests on verified signatures; what could not be \
         told is never a yes.</p></footer>\n<script type=\"application/json\" id=\"data\">",
        Html(&report.tool.name),
        Html(&report.tool.version)
    )?;
    let (before, rows, after) = data(report);
    let mut out_data = NoMarkup(&mut *out);
    // Two objects and the list between them become one.
    let before = serde_json::to_vec(&before)?;
    out_data.write_all(before.strip_suffix(b"}").unwrap_or(&before))?;
    out_data.write_all(b",\"records\":[")?;
    writer::elements(&rows, &mut out_data, writer::push)?;
    out_data.write_all(b"],")?;
    let after = serde_json::to_vec(&after)?;
    out_data.write_all(after.strip_prefix(b"{").unwrap_or(&after))?;
    write!(out, "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

/// What the script reads, before the records. Texts that repeat stand once, in `texts`, and are named by their place;
/// -1 is none.
#[derive(Serialize)]
struct Before<'a> {
    states: [&'static str; 6],
    requirements: Vec<i64>,
    keys: Vec<(String, String)>,
    waivers: Vec<String>,
    references: BTreeMap<&'a str, &'a FleetReference>,
}

/// What the script reads after the records.
#[derive(Serialize)]
struct After<'a> {
    details: Vec<&'a RawValue>,
    texts: Vec<Cow<'a, str>>,
}

/// The records that are shown, the worst first.
fn shown(report: &FleetReport) -> Vec<&Record> {
    let mut of_state = State::ALL.map(|state| Vec::with_capacity(report.totals.of(state).min(RECORDS_SHOWN)));
    for record in &report.records {
        let list = State::ALL.iter().zip(&mut of_state);
        for (_, list) in list.filter(|(state, list)| **state == record.state && list.len() < RECORDS_SHOWN) {
            list.push(&**record);
        }
    }
    of_state.into_iter().flatten().take(RECORDS_SHOWN).collect()
}

fn data(report: &FleetReport) -> (Before<'_>, Vec<Row<'_>>, After<'_>) {
    let mut texts = Texts::default();
    let mut details = Vec::new();
    let rows: Vec<Row<'_>> = shown(report)
        .into_iter()
        .map(|record| Row::new(record, &mut texts, &mut details))
        .collect();
    let mut requirements: Vec<i64> = rows
        .iter()
        .map(|row| row.requirement)
        .filter(|&index| index >= 0)
        .collect();
    requirements.sort_unstable();
    requirements.dedup();
    requirements.truncate(CHOICES);
    let keys = report.authorities.iter().flat_map(|authority| {
        authority
            .generations
            .iter()
            .filter(|key| key.subjects > 0)
            .map(move |key| {
                let value = key_choice(key.key_sha256.as_ref(), authority.subject.as_deref());
                let sha256 = key.key_sha256.map_or_else(|| "no known key".into(), digest);
                let subject = authority.subject.as_deref().unwrap_or("a pinned key");
                (value, format!("{} {sha256} {subject}", words::standing(key.standing)))
            })
    });
    let mut references = BTreeMap::new();
    if report.references.len() <= REFERENCES_SHOWN {
        references.extend(report.references.iter().map(|reference| (&*reference.id, reference)));
    }
    let waiver = |waiver: &crate::protocol::fleet::WaiverReport| {
        let ticket = waiver
            .waiver
            .ticket
            .as_deref()
            .map(|ticket| format!(" ({ticket})"))
            .unwrap_or_default();
        format!("{}{ticket}, until {}", waiver.waiver.reason, waiver.waiver.until)
    };
    let before = Before {
        states: State::ALL.map(State::as_str),
        requirements,
        keys: keys.take(CHOICES).collect(),
        waivers: report.waivers.iter().map(waiver).collect(),
        references,
    };
    let after = After {
        details,
        texts: texts.list,
    };
    (before, rows, after)
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.record;
        (
            words::called(record),
            self.requirement,
            self.state,
            u8::from(record.stale),
            record.collected_at.map(Timestamp::unix),
            record.valid_at.unix(),
            self.source,
            record.line,
            self.reference,
            &record.waived_by,
            Subjects(self),
            self.details,
            u8::from(record.from_future),
        )
            .serialize(serializer)
    }
}

struct Subjects<'a>(&'a Row<'a>);

impl Serialize for Subjects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Subjects(row) = self;
        // A subject called like its record is written as 0.
        let called = words::called(row.record);
        let host = called.as_deref();
        let subjects = row.subjects.iter().zip(&row.record.subjects);
        serializer.collect_seq(subjects.map(|(places, subject)| Subject(places, subject, host)))
    }
}

/// A record with the places of its texts.
struct Row<'a> {
    record: &'a Record,
    state: usize,
    requirement: i64,
    source: i64,
    reference: i64,
    subjects: Vec<Places>,
    /// One more than the place of its details; 0 is none.
    details: usize,
}

/// The places of a subject's texts.
struct Places {
    use_: i64,
    status: i64,
    relation: i64,
    proof: i64,
    key: i64,
    key_from: i64,
    issuer: i64,
    findings: Vec<[i64; 4]>,
}

impl<'a> Row<'a> {
    fn new(record: &'a Record, texts: &mut Texts<'a>, details: &mut Vec<&'a RawValue>) -> Self {
        let subjects = record.subjects.iter().map(|subject| Places {
            use_: texts.place(subject.use_.as_deref()),
            status: texts.place(subject.status.map(Status::as_str)),
            relation: texts.place(subject.relation.map(Relation::as_str)),
            proof: texts.place(subject.proof.map(words::proof)),
            key: texts.digest(subject.issued_by.as_ref().map(|issuer| &issuer.key_sha256)),
            key_from: texts.place(
                subject
                    .issued_by
                    .as_ref()
                    .map(|issuer| words::key_from(issuer.key_from)),
            ),
            issuer: texts.place(subject.certificate.as_ref().map(|certificate| &*certificate.issuer)),
            findings: subject.findings.iter().map(|finding| texts.finding(finding)).collect(),
        });
        let subjects = subjects.collect();
        let place = match &record.details {
            Some(full) => {
                details.push(full);
                details.len()
            }
            None => 0,
        };
        Row {
            record,
            state: State::ALL
                .iter()
                .position(|state| *state == record.state)
                .unwrap_or_default(),
            requirement: texts.place(record.requirement.as_deref()),
            source: texts.place(Some(&record.source)),
            reference: texts.place(Some(&record.reference)),
            subjects,
            details: place,
        }
    }
}

struct Subject<'a>(&'a Places, &'a RecordSubject, Option<&'a str>);

impl Serialize for Subject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Subject(places, subject, host) = self;
        let certificate = subject.certificate.as_ref();
        let mut fields = serializer.serialize_seq(Some(13))?;
        // Most subjects are called as their host is.
        match *host == Some(&*subject.name) {
            true => fields.serialize_element(&0)?,
            false => fields.serialize_element(&subject.name)?,
        }
        for place in [
            places.use_,
            places.status,
            places.relation,
            places.proof,
            places.key,
            places.key_from,
        ] {
            fields.serialize_element(&place)?;
        }
        fields.serialize_element(&certificate.map(|certificate| &certificate.subject))?;
        fields.serialize_element(&places.issuer)?;
        fields.serialize_element(&certificate.map(|certificate| certificate.not_before.unix()))?;
        fields.serialize_element(&certificate.map(|certificate| certificate.not_after.unix()))?;
        fields.serialize_element(&certificate.map(|certificate| certificate.sha256))?;
        fields.serialize_element(&places.findings)?;
        fields.end()
    }
}

/// Texts by their place.
#[derive(Default)]
struct Texts<'a> {
    list: Vec<Cow<'a, str>>,
    places: HashMap<&'a str, i64>,
    digests: HashMap<&'a Sha256Hex, i64>,
}

impl<'a> Texts<'a> {
    fn place(&mut self, text: Option<&'a str>) -> i64 {
        let Some(text) = text else { return -1 };
        *self.places.entry(text).or_insert_with(|| {
            self.list.push(text.into());
            self.list.len() as i64 - 1
        })
    }

    fn digest(&mut self, digest: Option<&'a Sha256Hex>) -> i64 {
        let Some(digest) = digest else { return -1 };
        *self.digests.entry(digest).or_insert_with(|| {
            self.list.push(digest.to_string().into());
            self.list.len() as i64 - 1
        })
    }

    fn finding(&mut self, finding: &'a RecordFinding) -> [i64; 4] {
        [
            self.place(Some(&finding.code)),
            self.place(Some(finding.severity.as_str())),
            self.place(Some(&finding.message)),
            self.place(finding.hint.as_deref()),
        ]
    }
}

/// A mark in the colour of a word.
struct Mark<'a>(&'a str);

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
struct Html<'a>(&'a str);

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

/// JSON that can stand in a script element: `<` is written as JSON's escape, so nothing ends the element or opens
/// another (HTML, "Restrictions for contents of script elements").
struct NoMarkup<'a>(&'a mut dyn Write);

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
