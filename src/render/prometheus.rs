//! A fleet report as metrics in Prometheus' text format, for node_exporter's textfile collector.
//!
//! Small fleets have a series a record; of larger ones there are the numbers alone, because each series costs memory in
//! Prometheus. What is not known has no series, rather than a zero.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write};

use super::FleetFormat;
use super::safe::Safe;
use super::words;
use crate::protocol::Severity;
use crate::protocol::fleet::{FleetReport, MissingReason, Record, State, WaiverState};

/// Records up to which each has a series of its own.
pub const RECORD_SERIES: usize = 1_000;

/// The format of `--prometheus`.
pub struct Prometheus;

impl FleetFormat for Prometheus {
    fn flag(&self) -> &'static str {
        "prometheus"
    }

    fn help(&self) -> &'static str {
        "Write metrics for node_exporter's textfile collector"
    }

    fn write(&self, report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
        fleet(report, out)
    }
}

/// Writes the metrics.
pub fn fleet(report: &FleetReport, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page(out, HashSet::new());
    page.metric(
        "same_ca_fleet_records",
        "Records (a host and a requirement) by state; of missing, hosts.",
    )?;
    for state in State::ALL {
        let number = report.totals.of(state);
        page.value("same_ca_fleet_records", &[("state", state.as_str())], number as u64)?;
    }
    if let Some(as_of) = report.as_of {
        page.metric(
            "same_ca_fleet_as_of_timestamp_seconds",
            "The instant at which the fleet was judged.",
        )?;
        writeln!(page.0, "same_ca_fleet_as_of_timestamp_seconds {}", as_of.unix())?;
    }
    page.metric("same_ca_fleet_reports", "Reports that were read.")?;
    page.value("same_ca_fleet_reports", &[], report.reports.read)?;
    page.metric(
        "same_ca_fleet_unreadable_documents",
        "Files and lines that could not be read as a report.",
    )?;
    page.value("same_ca_fleet_unreadable_documents", &[], report.reports.unreadable)?;
    if !report.missing_reasons.is_empty() {
        page.metric(
            "same_ca_fleet_missing_hosts",
            "Missing hosts by what kept them from reporting, where it is known.",
        )?;
        for reason in MissingReason::ALL {
            let number = report
                .missing_reasons
                .iter()
                .filter(|host| host.reason == reason)
                .count();
            page.value(
                "same_ca_fleet_missing_hosts",
                &[("reason", reason.as_str())],
                number as u64,
            )?;
        }
    }
    findings(&mut page, report)?;
    authorities(&mut page, report)?;
    if report.as_of.is_some() {
        expiry(&mut page, report)?;
    }
    if let Some(drift) = &report.drift {
        page.metric(
            "same_ca_fleet_drift_records",
            "Records by what changed since the previous fleet report.",
        )?;
        for (change, number) in [
            ("newly-failing", drift.newly_failing.len()),
            ("still-failing", drift.still_failing.len()),
            ("fixed", drift.fixed.len()),
            ("gone", drift.gone.len()),
        ] {
            page.value("same_ca_fleet_drift_records", &[("change", change)], number as u64)?;
        }
    }
    page.metric("same_ca_fleet_waivers", "Waivers by what became of them.")?;
    for state in [
        WaiverState::Used,
        WaiverState::Unused,
        WaiverState::Expired,
        WaiverState::NotYet,
    ] {
        let number = report.waivers.iter().filter(|waiver| waiver.state == state).count();
        page.value("same_ca_fleet_waivers", &[("state", state.as_str())], number as u64)?;
    }
    if report.records.len() <= RECORD_SERIES {
        records(&mut page, report)?;
    }
    Ok(())
}

fn findings(page: &mut Page<'_>, report: &FleetReport) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    page.metric("same_ca_fleet_finding_hosts", "Hosts by what was found on them.")?;
    for group in &report.findings {
        let labels = [("code", &*group.code), ("severity", group.severity.as_str())];
        page.value("same_ca_fleet_finding_hosts", &labels, group.hosts as u64)?;
    }
    Ok(())
}

fn authorities(page: &mut Page<'_>, report: &FleetReport) -> io::Result<()> {
    if report.authorities.is_empty() {
        return Ok(());
    }
    page.metric(
        "same_ca_fleet_authority_subjects",
        "Subjects by the CA and key that signed their certificates.",
    )?;
    for authority in &report.authorities {
        for key in &authority.generations {
            let sha256 = key.key_sha256.map(|sha256| sha256.to_string()).unwrap_or_default();
            let labels = [
                ("authority", authority.subject.as_deref().unwrap_or_default()),
                ("key_sha256", &sha256),
                ("standing", key.standing.as_str()),
            ];
            page.value("same_ca_fleet_authority_subjects", &labels, key.subjects as u64)?;
        }
    }
    Ok(())
}

fn expiry(page: &mut Page<'_>, report: &FleetReport) -> io::Result<()> {
    page.metric(
        "same_ca_fleet_expired_subjects",
        "Subjects whose certificates have ended.",
    )?;
    page.value("same_ca_fleet_expired_subjects", &[], report.expiry.expired as u64)?;
    page.metric(
        "same_ca_fleet_expiring_subjects",
        "Subjects by the month (UTC) in which their certificates end.",
    )?;
    for month in &report.expiry.months {
        page.value(
            "same_ca_fleet_expiring_subjects",
            &[("month", &month.month)],
            month.subjects as u64,
        )?;
    }
    Ok(())
}

/// A series a record. Records without host are known by their source.
fn records(page: &mut Page<'_>, report: &FleetReport) -> io::Result<()> {
    if report.records.is_empty() {
        return Ok(());
    }
    const STATE: &str = "same_ca_record_state";
    page.metric(
        STATE,
        "1 for the state of a record; of fleets of at most 1,000 records.",
    )?;
    let labels = |record: &Record| {
        let mut labels = vec![
            ("host", record.host.as_deref().unwrap_or_default().to_owned()),
            ("node", record.node.as_deref().unwrap_or_default().to_owned()),
            (
                "requirement",
                record.requirement.as_deref().unwrap_or_default().to_owned(),
            ),
        ];
        if record.called().is_none() {
            labels.push(("source", words::place(&record.source, record.line)));
            labels.push(("sha256", record.sha256.to_string()));
        }
        labels
    };
    for record in &report.records {
        let owned = labels(record);
        let mut labels: Vec<(&str, &str)> = owned.iter().map(|(name, value)| (*name, value.as_str())).collect();
        labels.push(("state", record.state.as_str()));
        page.value(STATE, &labels, 1)?;
    }
    const COLLECTED: &str = "same_ca_record_collected_timestamp_seconds";
    page.metric(COLLECTED, "When a record was collected.")?;
    for record in &report.records {
        let Some(at) = record.collected_at else { continue };
        let owned = labels(record);
        let labels: Vec<(&str, &str)> = owned.iter().map(|(name, value)| (*name, value.as_str())).collect();
        page.signed(COLLECTED, &labels, at.unix())?;
    }
    const FINDINGS: &str = "same_ca_record_findings";
    page.metric(FINDINGS, "Findings of a record's subjects by severity.")?;
    for record in &report.records {
        let owned = labels(record);
        for severity in [Severity::Error, Severity::Doubt, Severity::Warning] {
            let mut labels: Vec<(&str, &str)> = owned.iter().map(|(name, value)| (*name, value.as_str())).collect();
            labels.push(("severity", severity.as_str()));
            let findings = record.subjects.iter().flat_map(|subject| &subject.findings);
            let number = findings.filter(|finding| finding.severity == severity).count();
            page.value(FINDINGS, &labels, number as u64)?;
        }
    }
    Ok(())
}

/// The writer, and the series that were written: a second one of the same name would have the whole file refused.
struct Page<'a>(&'a mut dyn Write, HashSet<String>);

impl Page<'_> {
    fn metric(&mut self, name: &str, help: &str) -> io::Result<()> {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge")
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: u64) -> io::Result<()> {
        self.series(name, labels, &value)
    }

    fn signed(&mut self, name: &str, labels: &[(&str, &str)], value: i64) -> io::Result<()> {
        self.series(name, labels, &value)
    }

    fn series(&mut self, name: &str, labels: &[(&str, &str)], value: &dyn fmt::Display) -> io::Result<()> {
        // An empty label is the same as none.
        let labels: Vec<(&str, &str)> = labels.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
        let series = format!("{name}{}", Labels(&labels));
        match self.1.contains(&series) {
            true => Ok(()),
            false => {
                writeln!(self.0, "{series} {value}")?;
                self.1.insert(series);
                Ok(())
            }
        }
    }
}

struct Labels<'a>(&'a [(&'a str, &'a str)]);

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let opening = if index == 0 { '{' } else { ',' };
            // What steers a terminal is written out, as everywhere; the format itself knows three escapes and no more.
            let value = Safe(value).to_string();
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            write!(f, "{opening}{name}=\"{value}\"")?;
        }
        if self.0.is_empty() { Ok(()) } else { f.write_str("}") }
    }
}
