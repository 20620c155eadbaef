//! A fleet report as Markdown: a summary for a pull request, a job's page or a wiki.

use std::fmt;
use std::io::{self, Write};

use crate::protocol::Severity;
use crate::protocol::fleet::{FleetReport, State};
use crate::protocol::values::counted;

use super::FleetFormat;
use super::safe::is_unsafe;
use super::words::{self, digest};

/// Records, hosts and documents that are listed before the rest is counted: a page, not a book.
const SHOWN: usize = 50;

/// The format of `--markdown`.
pub struct Markdown;

impl FleetFormat for Markdown {
    fn flag(&self) -> &'static str {
        "markdown"
    }

    fn help(&self) -> &'static str {
        "Write a summary for a pull request or a wiki"
    }

    fn write(&self, report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
        fleet(report, out)
    }
}

/// Writes the summary.
pub fn fleet(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Fleet: {}\n", report.status.as_str())?;
    writeln!(out, "{}\n", Md(&report.message))?;
    if let Some(as_of) = report.as_of {
        writeln!(out, "As of {as_of}. Revocation: not checked.\n")?;
    }
    writeln!(out, "| state | records | meaning |\n| --- | ---: | --- |")?;
    for state in State::ALL {
        writeln!(
            out,
            "| {} | {} | {} |",
            state.as_str(),
            report.totals.of(state),
            words::state(state)
        )?;
    }
    records(report, out)?;
    let reasons = words::missing_reasons(report);
    list(
        out,
        "Missing",
        report.missing.len(),
        report.missing.iter().map(|host| match reasons.get(host) {
            Some(why) => {
                let message = why.message.as_deref().map(|message| format!(": {}", Md(message)));
                format!("{}: {}{}", Md(host), why.reason.as_str(), message.unwrap_or_default())
            }
            None => Md(host).to_string(),
        }),
    )?;
    let unreadable = report.reports.unreadable_named.iter().map(|one| {
        let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}: {}: {}", Md(&one.source), one.code.as_str(), Md(&one.message))
    });
    list(
        out,
        "Unreadable",
        usize::try_from(report.reports.unreadable).unwrap_or(usize::MAX),
        unreadable,
    )?;
    authorities(report, out)?;
    findings(report, out)?;
    expiry(report, out)?;
    if let Some(drift) = &report.drift {
        for (heading, entries) in [
            ("Newly failing", &drift.newly_failing),
            ("Still failing", &drift.still_failing),
            ("Fixed", &drift.fixed),
            ("Gone", &drift.gone),
        ] {
            let each = entries.iter().map(|entry| {
                let requirement = entry.requirement.as_deref().map(|name| format!(" ({})", Md(name)));
                format!("{}{}", Md(&entry.host), requirement.unwrap_or_default())
            });
            list(out, heading, entries.len(), each)?;
        }
    }
    let waivers = report.waivers.iter().map(|one| {
        let waiver = &one.waiver;
        let ticket = waiver
            .ticket
            .as_deref()
            .map(|ticket| format!(", {}", Md(ticket)))
            .unwrap_or_default();
        format!(
            "{}: {}: {}; until {} by {}{ticket}; {}",
            one.state.as_str(),
            Md(&words::waiver(waiver)),
            Md(&waiver.reason),
            Md(&waiver.until),
            Md(&waiver.approved_by),
            counted(one.records, "record", "records")
        )
    });
    list(out, "Waivers", report.waivers.len(), waivers)
}

fn records(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    let wanting = |state: &State| {
        matches!(
            state,
            State::Noncompliant | State::Stale | State::Undetermined | State::Waived
        )
    };
    let number: usize = State::ALL
        .iter()
        .filter(|state| wanting(state))
        .map(|&state| report.totals.of(state))
        .sum();
    if number == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "\n## Not compliant\n\n| state | host | requirement | why |\n| --- | --- | --- | --- |"
    )?;
    let worst_first = State::ALL
        .into_iter()
        .filter(wanting)
        .flat_map(|state| report.records.iter().filter(move |record| record.state == state));
    for record in worst_first.take(SHOWN) {
        let findings = record.subjects.iter().flat_map(|subject| &subject.findings);
        let mut why: Vec<&str> = findings
            .filter(|finding| finding.severity >= Severity::Doubt)
            .map(|finding| &*finding.code)
            .collect();
        why.sort_unstable();
        why.dedup();
        let called = words::called(record);
        let host = called.as_deref().unwrap_or(&record.source);
        let requirement = record.requirement.as_deref().unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            record.state.as_str(),
            Md(host),
            Md(requirement),
            Md(&why.join(", "))
        )?;
    }
    more(out, number)
}

fn authorities(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    if report.authorities.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n## Authorities\n\n| CA | key | standing | subjects | hosts |\n| --- | --- | --- | ---: | ---: |"
    )?;
    let keys = report
        .authorities
        .iter()
        .flat_map(|authority| authority.generations.iter().map(move |key| (authority, key)));
    for (authority, key) in keys.take(SHOWN) {
        let sha256 = key.key_sha256.map_or_else(|| "none known".into(), digest);
        let version = key
            .ca_version
            .as_deref()
            .map(|version| format!("{} ", Md(version)))
            .unwrap_or_default();
        let subject = authority.subject.as_deref().unwrap_or("(a pinned key)");
        let standing = words::standing(key.standing);
        writeln!(
            out,
            "| {} | {version}{sha256} | {standing} | {} | {} |",
            Md(subject),
            key.subjects,
            key.hosts
        )?;
    }
    Ok(())
}

fn findings(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n## Findings\n\n| severity | code | hosts | waived | what to do |\n| --- | --- | ---: | ---: | --- |"
    )?;
    for group in report.findings.iter().take(SHOWN) {
        let found = words::found(group);
        let hint = group.hint.as_deref().unwrap_or(&found);
        let severity = group.severity.as_str();
        writeln!(
            out,
            "| {severity} | {} | {} | {} | {} |",
            Md(&group.code),
            group.hosts,
            group.waived,
            Md(hint)
        )?;
    }
    Ok(())
}

fn expiry(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    if report.as_of.is_none() {
        return Ok(());
    }
    writeln!(out, "\n## Expiry\n\n| certificates end | subjects |\n| --- | ---: |")?;
    writeln!(out, "| have ended | {} |", report.expiry.expired)?;
    for month in report.expiry.months.iter().filter(|month| month.subjects > 0) {
        writeln!(out, "| {} | {} |", month.month, month.subjects)?;
    }
    writeln!(out, "| later | {} |", report.expiry.later)
}

fn list(out: &mut dyn Write, heading: &str, number: usize, items: impl Iterator<Item = String>) -> io::Result<()> {
    if number == 0 {
        return Ok(());
    }
    writeln!(out, "\n## {heading} ({number})\n")?;
    items.take(SHOWN).try_for_each(|item| writeln!(out, "- {item}"))?;
    more(out, number)
}

fn more(out: &mut dyn Write, number: usize) -> io::Result<()> {
    match number.saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "\nand {more} more"),
    }
}

/// A text that is shown as it is: what Markdown, HTML or a mention could be made of is written as character references.
struct Md<'a>(&'a str);

impl fmt::Display for Md<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in self.0.chars() {
            match c {
                c if is_unsafe(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                '&' | '<' | '>' | '"' | '\'' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '@' | ':' | '\\'
                | '!' | '$' => {
                    write!(f, "&#{};", u32::from(c))?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
