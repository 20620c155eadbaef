//! Waivers: exceptions that a person approves, until a date.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::protocol::fleet::{Record, RecordSubject, Waiver, WaiverState};
use crate::protocol::{Sha256Hex, Thumbprint, Timestamp};

use super::settings;

/// A waiver that was checked.
#[derive(Debug, Clone)]
pub struct Checked {
    /// As given.
    pub waiver: Waiver,
    host: Option<Pattern>,
    fingerprint: Option<Fingerprint>,
    approved_at: Timestamp,
    until: Timestamp,
}

#[derive(Debug, Clone, Copy)]
enum Fingerprint {
    Sha256(Sha256Hex),
    Sha1(Thumbprint),
}

impl Checked {
    /// What it is at an instant, before it is known whether it covers anything.
    pub fn state(&self, as_of: Timestamp) -> WaiverState {
        match () {
            () if as_of > self.until => WaiverState::Expired,
            () if as_of < self.approved_at => WaiverState::NotYet,
            () => WaiverState::Unused,
        }
    }

    /// Whether it speaks of a record at all, whose names as they are compared are given too.
    pub fn is_about(&self, record: &Record, names: &[Box<str>]) -> bool {
        let host = |pattern: &Pattern| names.iter().any(|name| pattern.fits(name));
        self.host.as_ref().is_none_or(host)
            && (self.waiver.requirement.is_none() || self.waiver.requirement == record.requirement)
    }

    /// Whether it covers something found on a record that it is about: on a subject, or without one on the reference.
    /// Without a code it is that the subject is not compliant, for no reason of its own.
    pub fn covers(&self, subject: Option<&RecordSubject>, code: Option<&str>) -> bool {
        let certificate = subject.and_then(|subject| subject.certificate.as_ref());
        let is_one = |fingerprint: Fingerprint| {
            certificate.is_some_and(|certificate| match fingerprint {
                Fingerprint::Sha256(sha256) => certificate.sha256 == sha256,
                Fingerprint::Sha1(sha1) => certificate.sha1 == sha1,
            })
        };
        let named = |name: &str| subject.is_some_and(|subject| *subject.name == *name);
        self.waiver.subject.as_deref().is_none_or(named)
            && self.fingerprint.is_none_or(is_one)
            && self
                .waiver
                .finding
                .as_deref()
                .is_none_or(|finding| code == Some(finding))
    }
}

/// Reads a file of waivers: TOML, JSON or YAML; a list, or an object with the list as `waivers`.
///
/// # Errors
/// Says which waiver, from 1, is wrong and how.
pub fn read(name: &str, text: &str) -> Result<Vec<Checked>, String> {
    let value = settings::parse(name, text)?;
    let list = match value {
        Value::Array(list) => list,
        Value::Object(mut object) => {
            let Some(Value::Array(list)) = object.remove("waivers") else {
                return Err("expected a list of waivers, or an object with the list as `waivers`".into());
            };
            match object.keys().next() {
                None => list,
                Some(other) => return Err(format!("expected `waivers` alone, found {other:?} beside it")),
            }
        }
        Value::Null => Vec::new(),
        _ => return Err("expected a list of waivers, or an object with the list as `waivers`".into()),
    };
    let number = |(index, value)| check(value).map_err(|error| format!("waiver {}: {error}", index + 1));
    list.into_iter().enumerate().map(number).collect()
}

fn check(value: Value) -> Result<Checked, String> {
    let waiver = Waiver::deserialize(value).map_err(|error| error.to_string())?;
    for (what, text) in [("reason", &waiver.reason), ("approved_by", &waiver.approved_by)] {
        if text.trim().is_empty() {
            return Err(format!("{what} is empty"));
        }
    }
    let named = [
        &waiver.host,
        &waiver.requirement,
        &waiver.subject,
        &waiver.finding,
        &waiver.fingerprint,
    ];
    if named.iter().all(|named| named.is_none()) {
        return Err("it names nothing: give it a host, requirement, subject, finding or fingerprint".into());
    }
    let time = |what: &str, text: &str, of_day: i64| {
        instant(text, of_day).ok_or_else(|| {
            format!("{what}: expected a date such as 2026-12-31, or an instant such as 2026-12-31T12:00:00Z")
        })
    };
    let (approved_at, until) = (
        time("approved_at", &waiver.approved_at, 0)?,
        time("until", &waiver.until, LAST_SECOND_OF_DAY)?,
    );
    if until < approved_at {
        return Err("it ends before it was approved".into());
    }
    let fingerprint = waiver.fingerprint.as_deref().map(fingerprint).transpose()?;
    Ok(Checked {
        host: waiver.host.as_deref().map(Pattern::new),
        fingerprint,
        approved_at,
        until,
        waiver,
    })
}

const LAST_SECOND_OF_DAY: i64 = 86_399;

/// A date, at some second of its day, or an instant.
fn instant(text: &str, of_day: i64) -> Option<Timestamp> {
    match text.len() {
        10 => Timestamp::parse(&format!("{text}T00:00:00Z")).map(|day| day.plus(of_day)),
        _ => Timestamp::parse(text),
    }
}

fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    let bare = text.trim();
    let bare = bare
        .strip_prefix("sha256:")
        .or_else(|| bare.strip_prefix("sha1:"))
        .unwrap_or(bare);
    Sha256Hex::parse(bare)
        .map(Fingerprint::Sha256)
        .or_else(|| Thumbprint::parse(bare).map(Fingerprint::Sha1))
        .ok_or_else(|| "fingerprint: expected the SHA-256 or SHA-1 of a certificate in hex".into())
}

/// Which waivers may be about a record: of thousands most name one host each.
#[derive(Debug, Default)]
pub struct About {
    /// By the host that they name.
    by_host: HashMap<Box<str>, Vec<usize>>,
    /// Those that name a pattern of hosts, or none.
    others: Vec<usize>,
}

impl About {
    /// Puts waivers in order.
    pub fn new(waivers: &[Checked]) -> Self {
        let mut about = About::default();
        for (index, waiver) in waivers.iter().enumerate() {
            match &waiver.host {
                Some(Pattern {
                    text,
                    has_wildcards: false,
                    ..
                }) => {
                    about.by_host.entry(text.clone()).or_default().push(index);
                }
                _ => about.others.push(index),
            }
        }
        about
    }

    /// The places of those that may be about a record with these names, in order.
    pub fn candidates(&self, names: &[Box<str>]) -> Vec<usize> {
        let mut places = self.others.clone();
        for name in names {
            places.extend(self.by_host.get(name).into_iter().flatten());
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}

/// A name, or a pattern of `*` (any characters) and `?` (one character), as hosts are compared.
#[derive(Debug, Clone)]
struct Pattern {
    text: Box<str>,
    has_wildcards: bool,
    /// Whether all of it is ASCII: then its bytes are its characters.
    is_ascii: bool,
}

impl Pattern {
    fn new(text: &str) -> Self {
        let text = super::aggregate::host_key(text);
        Pattern {
            has_wildcards: text.contains(['*', '?']),
            is_ascii: text.is_ascii(),
            text,
        }
    }

    fn fits(&self, name: &str) -> bool {
        if !self.has_wildcards {
            return *self.text == *name;
        }
        if self.is_ascii && name.is_ascii() {
            return matches(self.text.as_bytes(), name.as_bytes(), b'*', b'?');
        }
        let (pattern, name): (Vec<char>, Vec<char>) = (self.text.chars().collect(), name.chars().collect());
        matches(&pattern, &name, '*', '?')
    }
}

/// Whether a name fits a pattern, in time linear in their product.
fn matches<T: Copy + PartialEq>(pattern: &[T], name: &[T], any: T, one: T) -> bool {
    let (mut p, mut n) = (0, 0);
    // After the last star: where in the pattern, and how much of the name it has swallowed.
    let mut star: Option<(usize, usize)> = None;
    while let Some(&c) = name.get(n) {
        match pattern.get(p) {
            Some(&wanted) if wanted == any => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(&wanted) if wanted == one || wanted == c => {
                p += 1;
                n += 1;
            }
            _ => match &mut star {
                Some((after, swallowed)) => {
                    *swallowed += 1;
                    (p, n) = (*after, *swallowed);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|&c| c == any))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        [[waivers]]
        host = "*.Contoso.com"
        requirement = "persistent-chat"
        finding = "expired"
        reason = "replaced next week"
        ticket = "CHG-1"
        approved_by = "A. Administrator"
        approved_at = 2026-11-01
        until = 2026-11-30
    "#;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_waiver_is_the_same_in_each_language() {
        let json = r#"{"waivers": [{"host": "*.Contoso.com", "requirement": "persistent-chat", "finding": "expired",
            "reason": "replaced next week", "ticket": "CHG-1", "approved_by": "A. Administrator",
            "approved_at": "2026-11-01", "until": "2026-11-30"}]}"#;
        let yaml = "- host: '*.Contoso.com'\n  requirement: persistent-chat\n  finding: expired\n  reason: replaced next week\n  ticket: CHG-1\n  approved_by: A. Administrator\n  approved_at: 2026-11-01\n  until: 2026-11-30\n";
        let toml = &read("w.toml", WHOLE).unwrap()[0].waiver;
        assert_eq!(*toml, read("w.json", json).unwrap()[0].waiver);
        assert_eq!(*toml, read("w.yaml", yaml).unwrap()[0].waiver);
        for (name, text) in [("waivers", WHOLE), ("waivers", json), ("waivers", yaml)] {
            assert_eq!(*toml, read(name, text).unwrap()[0].waiver, "told by its looks: {text}");
        }
    }

    #[test]
    fn a_waiver_holds_through_its_last_day_and_not_before_it_was_approved() {
        let waiver = &read("w.toml", WHOLE).unwrap()[0];
        assert_eq!(waiver.state(at("2026-10-31T23:59:59Z")), WaiverState::NotYet);
        assert_eq!(waiver.state(at("2026-11-01T00:00:00Z")), WaiverState::Unused);
        assert_eq!(waiver.state(at("2026-11-30T23:59:59Z")), WaiverState::Unused);
        assert_eq!(waiver.state(at("2026-12-01T00:00:00Z")), WaiverState::Expired);
    }

    #[test]
    fn what_is_wrong_with_a_waiver_is_said_with_its_number() {
        for (change, from, to) in [
            ("approved_by", "approved_by = \"A. Administrator\"", ""),
            ("unknown field", "ticket =", "tikcet ="),
            ("until", "until = 2026-11-30", "until = \"soon\""),
            ("before it was approved", "until = 2026-11-30", "until = 2026-10-30"),
            ("reason is empty", "\"replaced next week\"", "\" \""),
            ("fingerprint", "finding = \"expired\"", "fingerprint = \"12ab\""),
        ] {
            let error = read("w.toml", &WHOLE.replace(from, to)).unwrap_err();
            assert!(error.starts_with("waiver 1: ") && error.contains(change), "{error}");
        }
        let nothing = r#"[{"reason": "x", "approved_by": "y", "approved_at": "2026-01-01", "until": "2026-01-02"}]"#;
        assert!(read("w.json", nothing).unwrap_err().contains("names nothing"));
        assert!(read("w.yaml", "waivers: {}").is_err());
        assert!(read("w.toml", "[[waiver]]\nhost = \"a\"").is_err());
    }

    #[test]
    fn patterns_fit_what_they_say_and_take_no_time() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("*.contoso.com", "fe01.contoso.com", true),
            ("*.contoso.com", "contoso.com", false),
            ("fe0?.*", "fe01.contoso.com", true),
            ("fe0?", "fe012", false),
            ("a*b*c", "aXbbXc", true),
            ("a*b*c", "aXbbXcd", false),
            ("fe01", "fe01", true),
        ] {
            assert_eq!(Pattern::new(pattern).fits(name), fits, "{pattern} {name}");
        }
        let pattern = "*a".repeat(60) + "b";
        assert!(!Pattern::new(&pattern).fits(&"a".repeat(4000)));
    }
}
