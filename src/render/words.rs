//! Words for people: what the codes of a report mean, and names, digests and times in short. Every format that people read
//! uses these.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::protocol::fleet::{FindingGroup, FleetReport, MissingHost, Record, Standing, State, Text, Waiver};
use crate::protocol::{ActionKind, ChosenFrom, JoinedBy, KeyFrom, Proof, Relation, Sha256Hex, Status, Timestamp};

/// How many digits of a SHA-256 tell keys apart for people; JSON has them all.
const DIGEST_SHOWN: usize = 16;

/// What a status says about the subjects that have it.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Compliant => "the rule is kept",
        Status::Undetermined => "could not be determined; treated as not compliant",
        Status::Noncompliant => "the rule is broken",
    }
}

/// What a record is called: its node, or else its host; both where they differ.
pub fn called(record: &Record) -> Option<String> {
    match (&record.node, &record.host) {
        (Some(node), Some(host)) if !node.eq_ignore_ascii_case(host) => Some(format!("{node} ({host})")),
        _ => record.called().map(ToString::to_string),
    }
}

/// Why hosts did not report, by host, where it is known.
pub fn missing_reasons(report: &FleetReport) -> HashMap<&Text, &MissingHost> {
    report
        .missing_reasons
        .iter()
        .map(|missing| (&missing.host, missing))
        .collect()
}

/// Where a document is: its file, and its line where there are several.
pub fn place(source: &str, line: Option<u64>) -> String {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{source}{line}")
}

/// What was found on some hosts. With more than one host, the message of one report is shown as an example.
pub fn found(group: &FindingGroup) -> Cow<'_, str> {
    match group.count > 1 && !group.is_of_fleet() {
        true => format!("for example: {}", group.message).into(),
        false => Cow::Borrowed(&group.message),
    }
}

/// The relation of a subject to the reference's CA, in one sentence.
pub fn relation(relation: Relation, proof: Option<Proof>) -> &'static str {
    match (relation, proof) {
        (Relation::Same, Some(Proof::Identical)) => "It is the reference's own certificate.",
        (Relation::Same, _) => "The reference's CA issued it.",
        (Relation::Rollover, _) => {
            "The reference's CA issued it under another of its keys, and the change of key is proven."
        }
        (Relation::KeyOnly, _) => "The key of the reference's CA signed it, under another issuer name.",
        (Relation::Different, _) => "Another CA issued it.",
        (Relation::Unproven, _) => "It names the reference's CA as its issuer, and no CA key at hand can confirm that.",
        (Relation::NameOnly, _) => {
            "It names the reference's CA as its issuer, and no known key of that CA signed it: a look-alike, or a change \
             of key that nothing at hand proves."
        }
        (Relation::BadSignature, _) => "It points to the key of the reference's CA, and that key did not sign it.",
        (Relation::Unreadable, _) => "No certificate could be read.",
    }
}

/// How a relation is known.
pub fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::Signature => "verified signatures",
        Proof::Identical => "the same bytes",
        Proof::KeyIdentifier => "key identifiers alone, which are claims",
        Proof::Name => "names alone, which are claims",
    }
}

/// The protocol's word for how a relation is known.
pub fn proof_code(proof: Proof) -> &'static str {
    match proof {
        Proof::Signature => "signature",
        Proof::Identical => "identical",
        Proof::KeyIdentifier => "key-identifier",
        Proof::Name => "name",
    }
}

/// Where a CA key came from.
pub fn key_from(from: KeyFrom) -> &'static str {
    match from {
        KeyFrom::Authorities => "the authorities given",
        KeyFrom::ReferenceDocument => "the reference document",
        KeyFrom::Reference => "the reference",
        KeyFrom::Pin => "a pin",
        KeyFrom::Intermediates => "the intermediates given",
        KeyFrom::Subject => "what came with the subject",
        KeyFrom::Candidate => "what came with a candidate",
        KeyFrom::Distrust => "the distrusted sources",
    }
}

/// Why a key belongs to an authority.
pub fn joined_by(joined: JoinedBy) -> &'static str {
    match joined {
        JoinedBy::Member => "signed a reference certificate",
        JoinedBy::Pin => "pinned",
        JoinedBy::Link => "re-key: a key of this CA signed its certificate",
        JoinedBy::CommonParent => "re-key: the CA above signed both generations",
        JoinedBy::PreviousHash => "re-key: a certificate of this CA names it as the one before",
    }
}

/// What an action is.
pub fn action(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Install => "install the candidate",
        ActionKind::Recover => "finish or undo what an interrupted run left",
        ActionKind::Assign => "assign the candidate, which is for the caller to do",
    }
}

/// Which list a certificate was passed over in.
pub fn chosen_from(from: ChosenFrom) -> &'static str {
    match from {
        ChosenFrom::AnyOf => "source",
        ChosenFrom::Candidates => "candidate",
    }
}

/// What the state of a record says.
pub fn state(state: State) -> &'static str {
    match state {
        State::Compliant => "the rule is kept",
        State::Waived => "waivers in force cover each reason",
        State::Undetermined => "could not be determined; treated as not compliant",
        State::Stale => "the report is too old to say what holds now",
        State::Missing => "expected, and no report speaks of it",
        State::Noncompliant => "the rule is broken",
    }
}

/// What a key is to the estate.
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Reference => "reference",
        Standing::Rollover => "re-key, proven",
        Standing::LookAlike => "LOOK-ALIKE or unproven re-key",
        Standing::Unproven => "claimed, unproven",
        Standing::Other => "other",
    }
}

/// What a waiver is about.
pub fn waiver(waiver: &Waiver) -> String {
    let parts = [
        ("host", &waiver.host),
        ("requirement", &waiver.requirement),
        ("subject", &waiver.subject),
        ("finding", &waiver.finding),
        ("certificate", &waiver.fingerprint),
    ];
    let named = parts
        .iter()
        .filter_map(|(label, value)| Some(format!("{label} {}", value.as_ref()?)));
    named.collect::<Vec<_>>().join(", ")
}

/// A distinguished name, or words for the empty one.
pub fn name(name: &str) -> &str {
    if name.is_empty() { "(empty name)" } else { name }
}

/// As many digits of a SHA-256 as tell keys apart for people.
pub fn digest(sha256: Sha256Hex) -> String {
    format!("{sha256:.DIGEST_SHOWN$}…")
}

/// An end of validity, and how far that is from `now`.
pub fn ending(end: Timestamp, now: Timestamp) -> String {
    const DAY: u64 = 86_400;
    let days = end.unix().abs_diff(now.unix()) / DAY;
    let distance = match (end < now, days) {
        (false, 0) => "in less than a day".into(),
        (true, 0) => "less than a day ago".into(),
        (false, days) => format!("in {days} day{}", if days == 1 { "" } else { "s" }),
        (true, days) => format!("{days} day{} ago", if days == 1 { "" } else { "s" }),
    };
    format!("{} ({distance})", time(end))
}

/// An instant as people read it; the time zone stays.
pub fn time(at: Timestamp) -> String {
    at.to_string().replace('T', " ").replace('Z', " UTC")
}
