//! A fleet report as text for people: the verdict, what is wrong and where, the CAs, what comes.

use std::io::{self, Write};

use crate::protocol::Timestamp;
use crate::protocol::fleet::{
    EstateAuthority, FindingGroup, FleetReport, Generation, Record, Standing, State, WaiverState,
};
use crate::protocol::values::counted;
use crate::render::words::{self, digest, ending, name, time};

use super::findings::{finding_line, severity_tone};
use super::lines::{Lines, Tone};

/// Records that are listed for each state before the rest is counted: a screen full.
const RECORDS_SHOWN: usize = 20;
/// Documents that could not be read, and entries of the drift, that are listed.
const LINES_SHOWN: usize = 10;

/// Writes a fleet report.
pub fn fleet(report: &FleetReport, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Lines { out, colour };
    let heading = report.status.as_str().to_uppercase();
    lines.line(
        0,
        &[
            (tone(report.status), &heading),
            (Tone::Plain, "  "),
            (Tone::Bold, &report.message),
        ],
    )?;
    if let Some(as_of) = report.as_of {
        lines.field(0, "as of", &[(Tone::Plain, &time(as_of))])?;
    }
    let read = format!("{} read, {} superseded", report.reports.read, report.reports.superseded);
    lines.field(0, "reports", &[(Tone::Plain, &read)])?;
    lines.field(0, "revocation", &[(Tone::Plain, "not checked")])?;
    for state in [State::Noncompliant, State::Stale, State::Undetermined, State::Waived] {
        records(&mut lines, report, state)?;
    }
    missing(&mut lines, report)?;
    unreadable(&mut lines, report)?;
    lines.blank()?;
    lines.line(0, &[(Tone::Bold, "AUTHORITIES")])?;
    for one in &report.authorities {
        authority(&mut lines, one, report.as_of)?;
    }
    if !report.findings.is_empty() {
        lines.blank()?;
        lines.line(0, &[(Tone::Bold, "FINDINGS")])?;
        report
            .findings
            .iter()
            .try_for_each(|group| finding(&mut lines, group))?;
    }
    expiry(&mut lines, report)?;
    drift(&mut lines, report)?;
    waivers(&mut lines, report)
}

fn records(lines: &mut Lines<'_>, report: &FleetReport, state: State) -> io::Result<()> {
    let number = report.totals.of(state);
    if number == 0 {
        return Ok(());
    }
    lines.blank()?;
    let heading = format!("{} ({number})", state.as_str().to_uppercase());
    lines.line(
        0,
        &[
            (tone(state), &heading),
            (Tone::Dim, "  "),
            (Tone::Dim, words::state(state)),
        ],
    )?;
    let of_state = report.records.iter().filter(|record| record.state == state);
    for record in of_state.take(RECORDS_SHOWN) {
        let called = words::called(record).unwrap_or_else(|| "(no host named)".into());
        let requirement = record
            .requirement
            .as_deref()
            .map(|name| format!("  {name}"))
            .unwrap_or_default();
        let place = format!("  {}", words::place(&record.source, record.line));
        let future = match record.from_future {
            true => format!("  from the future: {}", time(record.time())),
            false => String::new(),
        };
        lines.line(
            2,
            &[
                (Tone::Bold, &called),
                (Tone::Plain, &requirement),
                (Tone::Doubt, &future),
                (Tone::Dim, &place),
            ],
        )?;
        reasons(lines, record)?;
    }
    more(lines, 2, number, RECORDS_SHOWN)
}

/// The findings for which a record is not compliant.
fn reasons(lines: &mut Lines<'_>, record: &Record) -> io::Result<()> {
    for subject in &record.subjects {
        let reasons = subject
            .findings
            .iter()
            .filter(|found| found.severity >= crate::protocol::Severity::Doubt);
        for found in reasons {
            finding_line(lines, 4, found.severity, &found.code, &found.message)?;
        }
    }
    Ok(())
}

fn missing(lines: &mut Lines<'_>, report: &FleetReport) -> io::Result<()> {
    if report.missing.is_empty() {
        return Ok(());
    }
    lines.blank()?;
    let heading = format!("MISSING ({})", report.missing.len());
    lines.line(
        0,
        &[
            (tone(State::Missing), &heading),
            (Tone::Dim, "  "),
            (Tone::Dim, words::state(State::Missing)),
        ],
    )?;
    let reasons = words::missing_reasons(report);
    for host in report.missing.iter().take(RECORDS_SHOWN) {
        let why = reasons
            .get(host)
            .map(|why| format!("  {}", why.words()))
            .unwrap_or_default();
        lines.line(2, &[(Tone::Bold, host), (Tone::Dim, &why)])?;
    }
    more(lines, 2, report.missing.len(), RECORDS_SHOWN)
}

fn unreadable(lines: &mut Lines<'_>, report: &FleetReport) -> io::Result<()> {
    if report.reports.unreadable == 0 {
        return Ok(());
    }
    lines.blank()?;
    let heading = format!("UNREADABLE ({})", report.reports.unreadable);
    lines.line(0, &[(Tone::Doubt, &heading), (Tone::Dim, "  not read as a report")])?;
    for one in report.reports.unreadable_named.iter().take(LINES_SHOWN) {
        let place = words::place(&one.source, one.line);
        let why = format!("  {}: ", one.code.as_str());
        lines.line(
            2,
            &[(Tone::Bold, &place), (Tone::Dim, &why), (Tone::Plain, &one.message)],
        )?;
    }
    more(
        lines,
        2,
        usize::try_from(report.reports.unreadable).unwrap_or(usize::MAX),
        LINES_SHOWN,
    )
}

fn authority(lines: &mut Lines<'_>, authority: &EstateAuthority, as_of: Option<Timestamp>) -> io::Result<()> {
    let subject = authority
        .subject
        .as_deref()
        .map_or("a key that no certificate at hand carries", name);
    let (label, tone) = match authority.allowed {
        true => ("CA ", Tone::Bold),
        false => ("other CA ", Tone::Plain),
    };
    lines.line(2, &[(Tone::Dim, label), (tone, subject)])?;
    authority
        .generations
        .iter()
        .try_for_each(|key| generation(lines, key, as_of))
}

fn generation(lines: &mut Lines<'_>, key: &Generation, as_of: Option<Timestamp>) -> io::Result<()> {
    let called = match (&key.key_sha256, &key.ca_version) {
        (Some(sha256), Some(version)) => format!("{version} {}", digest(*sha256)),
        (Some(sha256), None) => digest(*sha256),
        (None, _) => "no known key".into(),
    };
    let until = match (key.not_after, as_of) {
        (Some(end), Some(as_of)) => format!(", until {}", ending(end, as_of)),
        _ => String::new(),
    };
    let under = format!(
        "  {} on {}",
        counted(key.subjects, "subject", "subjects"),
        counted(key.hosts, "host", "hosts")
    );
    let standing = format!("{} ", words::standing(key.standing));
    let tone = match key.standing {
        Standing::LookAlike => Tone::Bad,
        Standing::Unproven => Tone::Doubt,
        Standing::Reference | Standing::Rollover | Standing::Other => Tone::Dim,
    };
    lines.line(
        4,
        &[
            (tone, &standing),
            (Tone::Plain, &called),
            (Tone::Plain, &until),
            (Tone::Plain, &under),
        ],
    )?;
    for hint in &key.hints {
        lines.line(6, &[(Tone::Bold, "→ "), (Tone::Plain, hint)])?;
    }
    Ok(())
}

fn finding(lines: &mut Lines<'_>, group: &FindingGroup) -> io::Result<()> {
    let waived = match group.waived {
        0 => String::new(),
        waived => format!(", {waived} waived"),
    };
    let hosts = format!(
        "{}{waived}: {}",
        counted(group.hosts, "host", "hosts"),
        words::found(group)
    );
    finding_line(lines, 2, group.severity, &group.code, &hosts)?;
    match &group.hint {
        Some(hint) if severity_tone(group.severity) != Tone::Dim => {
            lines.line(4, &[(Tone::Bold, "→ "), (Tone::Plain, hint)])
        }
        _ => Ok(()),
    }
}

fn expiry(lines: &mut Lines<'_>, report: &FleetReport) -> io::Result<()> {
    let Some(as_of) = report.as_of else { return Ok(()) };
    let expiry = &report.expiry;
    lines.blank()?;
    lines.line(0, &[(Tone::Bold, "EXPIRY")])?;
    if expiry.expired > 0 {
        lines.field(
            2,
            "ended",
            &[(Tone::Bad, &counted(expiry.expired, "subject", "subjects"))],
        )?;
    }
    for month in expiry.months.iter().filter(|month| month.subjects > 0) {
        lines.field(
            2,
            &month.month,
            &[(Tone::Plain, &counted(month.subjects, "subject", "subjects"))],
        )?;
    }
    if expiry.later > 0 {
        lines.field(
            2,
            "later",
            &[(Tone::Plain, &counted(expiry.later, "subject", "subjects"))],
        )?;
    }
    if let Some(next) = expiry.soonest.first() {
        let text = format!("{} on {}, {}", next.subject, next.host, ending(next.not_after, as_of));
        lines.field(2, "next", &[(Tone::Plain, &text)])?;
    }
    Ok(())
}

fn drift(lines: &mut Lines<'_>, report: &FleetReport) -> io::Result<()> {
    let Some(drift) = &report.drift else { return Ok(()) };
    lines.blank()?;
    let since = drift
        .since
        .map(|since| format!("  since {}", time(since)))
        .unwrap_or_default();
    lines.line(0, &[(Tone::Bold, "DRIFT"), (Tone::Dim, &since)])?;
    for (words, tone, entries) in [
        ("newly failing", Tone::Bad, &drift.newly_failing),
        ("still failing", Tone::Doubt, &drift.still_failing),
        ("fixed", Tone::Good, &drift.fixed),
        ("gone", Tone::Plain, &drift.gone),
    ] {
        let heading = format!("{words} ({})", entries.len());
        lines.line(2, &[(tone, &heading)])?;
        for entry in entries.iter().take(LINES_SHOWN) {
            let requirement = entry
                .requirement
                .as_deref()
                .map(|name| format!("  {name}"))
                .unwrap_or_default();
            lines.line(4, &[(Tone::Plain, &entry.host), (Tone::Dim, &requirement)])?;
        }
        more(lines, 4, entries.len(), LINES_SHOWN)?;
    }
    Ok(())
}

fn waivers(lines: &mut Lines<'_>, report: &FleetReport) -> io::Result<()> {
    if report.waivers.is_empty() {
        return Ok(());
    }
    lines.blank()?;
    lines.line(0, &[(Tone::Bold, "WAIVERS")])?;
    for one in &report.waivers {
        let waiver = &one.waiver;
        let tone = match one.state {
            WaiverState::Expired => Tone::Bad,
            WaiverState::Used => Tone::Plain,
            WaiverState::Unused | WaiverState::NotYet => Tone::Dim,
        };
        let state = format!("{} ", one.state.as_str());
        let covers = format!(
            "{}, {}",
            words::waiver(waiver),
            counted(one.records, "record", "records")
        );
        let ticket = waiver
            .ticket
            .as_deref()
            .map(|ticket| format!(" {ticket}"))
            .unwrap_or_default();
        let by = format!(
            "  until {} by {}{ticket}: {}",
            waiver.until, waiver.approved_by, waiver.reason
        );
        lines.line(2, &[(tone, &state), (Tone::Bold, &covers), (Tone::Plain, &by)])?;
    }
    Ok(())
}

fn more(lines: &mut Lines<'_>, indent: usize, number: usize, shown: usize) -> io::Result<()> {
    match number.saturating_sub(shown) {
        0 => Ok(()),
        more => lines.line(indent, &[(Tone::Dim, &format!("and {more} more"))]),
    }
}

fn tone(state: State) -> Tone {
    match state {
        State::Compliant => Tone::Good,
        State::Waived => Tone::Warning,
        State::Undetermined | State::Stale | State::Missing => Tone::Doubt,
        State::Noncompliant => Tone::Bad,
    }
}
