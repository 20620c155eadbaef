//! The lists below the charts: CAs, findings, drift, waivers, and what is missing or unreadable.

use std::io::{self, Write};

use crate::protocol::Timestamp;
use crate::protocol::fleet::{Drift, DriftEntry, EstateAuthority, FleetReport, Generation, WaiverState};
use crate::protocol::values::counted;
use crate::render::words::{self, digest, ending, time};

use super::charts::months_chart;
use super::markup::{Html, Mark};
use super::records::key_choice;

/// Entries of a list that are written out before the rest is counted.
const ENTRIES_SHOWN: usize = 500;
/// Authorities that are shown, those that references allow and those with most subjects first.
const AUTHORITIES_SHOWN: usize = 50;

pub(super) fn authorities(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
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

pub(super) fn findings(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
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

pub(super) fn expiry(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
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

pub(super) fn drift_lists(drift: &Drift, out: &mut dyn Write) -> io::Result<()> {
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

pub(super) fn waivers(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
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

pub(super) fn list(
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

pub(super) fn more(out: &mut dyn Write, number: usize, shown: usize, what: &str) -> io::Result<()> {
    match number.saturating_sub(shown) {
        0 => Ok(()),
        more => writeln!(out, "<p class=\"soft\">and {more} more ({what})</p>"),
    }
}
