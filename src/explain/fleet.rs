//! What a fleet report finds of the reports themselves, of hosts and of waivers.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row("fleet.report-stale", "The report is older than the maximum age.").hint("Collect a new report from the host."),
    row(
        "fleet.report-from-future",
        "The report is dated after the time of this fleet report, and the host has no other report.",
    )
    .hint("Check the clock of the host, or of the system that collected the report."),
    row(
        "fleet.report-from-future-beside-another",
        "A report dated after the time of this fleet report was not counted: the host has another report.",
    )
    .hint("Check the clock of the host, or of the system that collected the report."),
    row(
        "fleet.node-shared",
        "Reports of one node name different hosts; the newest of each requirement counts for them all.",
    )
    .hint("Give each host a node of its own; shared_nodes lists which reports share one."),
    row("fleet.host-missing", "An expected host has no report.")
        .hint("Find out why it did not report, or remove it from the list of expected hosts."),
    row(
        "fleet.waiver-expired",
        "A waiver has expired and covers nothing any more.",
    )
    .hint("Correct what it covered, or have the waiver approved again."),
    row("fleet.waiver-unused", "A waiver covers nothing.").hint("Remove it from the list of waivers."),
    row("fleet.report-unreadable", "A document could not be read as a report.")
        .hint("The list of unreadable documents says which one and why."),
];
