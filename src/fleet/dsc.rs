//! The results that Microsoft DSC v3 writes: of `dsc config get`, `test` and `set`, and of one resource. Groups are walked
//! however deep they stand; the reports in the states of our resources are read.
//!
//! A group's result is a list of results (`get`), has lists as `actualState` or `afterState` (`test`, `set`), or a
//! configuration document whose resources have their states as `properties` (an assertion). So anything is walked but
//! what was asked for and what was before. Nothing is kept in memory but the text: a document may be large.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::protocol::Timestamp;
use crate::protocol::fleet::UnreadableCode;

use super::piece::{Origin, Piece};

/// The resources whose states hold reports.
const RESOURCES: [&str; 2] = ["SameCA/Certificate", "SameCADsc/SameCACertificate"];
/// What a result holds that is no state of now.
const PASSED_OVER: [&str; 5] = [
    "desiredState",
    "beforeState",
    "metadata",
    "executionInformation",
    "messages",
];
/// Lists and objects in each other that are walked, some twenty groups: each is looked through once more for each that it
/// stands in.
const DEPTH: usize = 96;

/// Reads one report, written by a run that began then, and adds what was found.
pub(super) type ReadReport<'a> = dyn Fn(&[u8], Origin<'_>, Option<Timestamp>, &mut Vec<Piece>) + 'a;

/// Reads the reports of a result document.
pub(super) fn read(read_report: &ReadReport<'_>, bytes: &[u8], origin: Origin<'_>, found: &mut Vec<Piece>) {
    let document = match serde_json::from_slice::<&RawValue>(bytes) {
        Ok(document) => document,
        Err(error) => return found.push(origin.unreadable(UnreadableCode::BadJson, &format!("not JSON: {error}"))),
    };
    let mut walk = Walk::new(read_report, origin);
    walk.start = start(document);
    match Members::of(document) {
        Some(members) if members.has("results") => walk.value(document, 0),
        // `dsc resource get`, `test` and `set` do not say which resource it is: only its state does.
        Some(members) => {
            if !walk.is_group(&members) {
                walk.state(&members, "the result");
            } else {
                walk.value(document, 0);
            }
        }
        None => walk.value(document, 0),
    }
    walk.messages(document);
    walk.finish(found);
}

/// Reads the results of a group, as `dsc resource test` writes them; false where it is another list.
pub(super) fn read_list(
    read_report: &ReadReport<'_>,
    bytes: &[u8],
    origin: Origin<'_>,
    found: &mut Vec<Piece>,
) -> bool {
    let Ok(document) = serde_json::from_slice::<&RawValue>(bytes) else {
        return false;
    };
    let mut walk = Walk::new(read_report, origin);
    walk.value(document, 0);
    if walk.found.is_empty() {
        return false;
    }
    walk.finish(found);
    true
}

/// When the run began that wrote the document: all its results are of then.
fn start(document: &RawValue) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(default, borrow)]
        metadata: Option<&'a RawValue>,
        #[serde(default, borrow, rename = "executionInformation")]
        information: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Metadata<'a> {
        #[serde(default, borrow, rename = "Microsoft.DSC")]
        dsc: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Information<'a> {
        #[serde(default, borrow, rename = "startDatetime")]
        start: Option<Cow<'a, str>>,
    }
    let of = |raw: &RawValue| {
        let information: Information<'_> = serde_json::from_str(raw.get()).ok()?;
        instant(&information.start?)
    };
    let head: Head<'_> = serde_json::from_str(document.get()).ok()?;
    let metadata = head
        .metadata
        .and_then(|raw| serde_json::from_str::<Metadata<'_>>(raw.get()).ok());
    let of_metadata = metadata.and_then(|metadata| metadata.dsc).and_then(of);
    of_metadata.or_else(|| head.information.and_then(of))
}

/// An instant as DSC writes it: RFC 3339 with fractions of a second and the offset of the machine's clock.
fn instant(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked("2026-11-27T12:37:27".len())?;
    let at = Timestamp::parse(&format!("{date}Z"))?;
    let offset = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    if matches!(offset, "Z" | "z") {
        return Some(at);
    }
    let sign = match offset.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then(|| at.plus(-sign * (hours * 3600 + minutes * 60)))
}

struct Walk<'a> {
    read_report: &'a ReadReport<'a>,
    origin: Origin<'a>,
    /// When the run began, where the document says so.
    start: Option<Timestamp>,
    found: Vec<Piece>,
}

impl<'a> Walk<'a> {
    fn new(read_report: &'a ReadReport<'a>, origin: Origin<'a>) -> Self {
        Walk {
            read_report,
            origin,
            start: None,
            found: Vec::new(),
        }
    }

    /// Gives what was found to the run. The records of one document are of one instant, so that the worst of a host and
    /// requirement counts, whatever was asked last.
    fn finish(mut self, found: &mut Vec<Piece>) {
        if self.found.is_empty() {
            let message = "expected results of SameCA/Certificate or SameCADsc/SameCACertificate, found none";
            self.unreadable(UnreadableCode::NotAReport, message);
        }
        let records = || {
            self.found.iter().filter_map(|piece| match piece {
                Piece::Record(record) => Some(record),
                _ => None,
            })
        };
        let several = records().count() > 1;
        let earliest = records().map(|record| record.time()).min().filter(|_| several);
        if let Some(at) = self.start.or(earliest) {
            for piece in &mut self.found {
                if let Piece::Record(record) = piece {
                    record.collected_at = Some(at);
                }
            }
        }
        found.append(&mut self.found);
    }

    fn value(&mut self, value: &RawValue, depth: usize) {
        match value.get().as_bytes().first() {
            Some(b'[' | b'{') if depth == DEPTH => {
                let message = format!("groups in each other more than {DEPTH} lists and objects deep");
                self.unreadable(UnreadableCode::BadReport, &message);
            }
            Some(b'[') => each(value, &mut |_, inner| self.value(inner, depth + 1)),
            Some(b'{') => self.object(value, depth),
            _ => {}
        }
    }

    fn object(&mut self, object: &RawValue, depth: usize) {
        let Some(members) = Members::of(object) else {
            return self.unreadable(UnreadableCode::BadJson, "a key stands twice in a result");
        };
        if members.kind.as_deref().is_some_and(is_ours) {
            let name = members.name.clone().unwrap_or_default();
            // An assertion, and the adapters of before 3.2, have the state as `properties`.
            let state = members.result.and_then(Members::of);
            return match (state, members.properties) {
                (Some(state), _) => self.state(&state, &name),
                (None, Some(properties)) => self.report(Some(properties), &name),
                (None, None) => self.report(None, &name),
            };
        }
        each(object, &mut |key, inner| {
            if !PASSED_OVER.contains(&key) {
                self.value(inner, depth + 1);
            }
        });
    }

    /// Names the instances that gave an error and no state.
    fn messages(&mut self, document: &RawValue) {
        #[derive(Deserialize)]
        struct Messages<'a> {
            #[serde(default, borrow)]
            messages: Option<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct Message<'a> {
            #[serde(default, borrow)]
            name: Cow<'a, str>,
            #[serde(borrow, rename = "type")]
            kind: Cow<'a, str>,
            #[serde(default, borrow)]
            message: Cow<'a, str>,
            #[serde(default, borrow)]
            level: Cow<'a, str>,
        }
        let messages = serde_json::from_str::<Messages<'_>>(document.get());
        let Some(messages) = messages.ok().and_then(|document| document.messages) else {
            return;
        };
        each(messages, &mut |_, message| {
            if let Ok(message) = serde_json::from_str::<Message<'_>>(message.get())
                && is_ours(&message.kind)
                && message.level.eq_ignore_ascii_case("error")
            {
                let message = format!("{}: {}", name_of(&message.name), message.message);
                self.unreadable(UnreadableCode::Error, &message);
            }
        });
    }

    /// Whether the result of one resource is that of a group.
    fn is_group(&self, members: &Members<'_>) -> bool {
        let mut states = [members.after, members.actual].into_iter().flatten();
        let list = |state: &RawValue| state.get().starts_with('[');
        let document = |state: &RawValue| {
            let of_state = Members::of(state);
            of_state
                .is_some_and(|of_state| of_state.kind.is_some() || of_state.has("resources") || of_state.has("result"))
        };
        states.any(|state| list(state) || document(state))
    }

    /// Reads the state that a result of ours holds: of `set` the one after it.
    fn state(&mut self, result: &Members<'_>, name: &str) {
        let mut states = [result.after, result.actual].into_iter().flatten();
        let state = states.find(|state| state.get().starts_with('{'));
        self.report(state, name);
    }

    fn report(&mut self, state: Option<&RawValue>, name: &str) {
        let mut reports: Vec<&RawValue> = Vec::new();
        if let Some(state) = state {
            each(state, &mut |key, value| {
                if key.eq_ignore_ascii_case("report") {
                    reports.push(value);
                }
            });
        }
        let (read_report, origin) = (self.read_report, self.origin);
        let report = match reports.as_slice() {
            [] => None,
            [report] => Some(*report),
            _ => {
                let message = format!("{}: its state holds more than one report", name_of(name));
                return self.unreadable(UnreadableCode::BadReport, &message);
            }
        };
        // A class resource of PowerShell has no properties but strings for what is nested so deep.
        match report.map(|report| (report, serde_json::from_str::<Cow<'_, str>>(report.get()))) {
            Some((_, Ok(text))) if !text.trim().is_empty() => {
                read_report(text.as_bytes(), origin, self.start, &mut self.found);
            }
            Some((report, Err(_))) if report.get().starts_with('{') => {
                read_report(report.get().as_bytes(), origin, self.start, &mut self.found);
            }
            _ => {
                let message = format!("{}: its state holds no report", name_of(name));
                self.unreadable(UnreadableCode::BadReport, &message);
            }
        }
    }

    fn unreadable(&mut self, code: UnreadableCode, message: &str) {
        self.found.push(self.origin.unreadable(code, message));
    }
}

fn is_ours(kind: &str) -> bool {
    RESOURCES.iter().any(|known| known.eq_ignore_ascii_case(kind))
}

fn name_of(name: &str) -> Cow<'_, str> {
    match name {
        "" => "an instance without a name".into(),
        name => super::texts::cut(name, 256),
    }
}

/// What says what an object of a result document is.
#[derive(Default)]
struct Members<'a> {
    kind: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    result: Option<&'a RawValue>,
    properties: Option<&'a RawValue>,
    actual: Option<&'a RawValue>,
    after: Option<&'a RawValue>,
    results: bool,
    resources: bool,
}

impl<'a> Members<'a> {
    /// None where it is no object, or one of these stands twice.
    fn of(object: &'a RawValue) -> Option<Self> {
        let mut members = Members::default();
        let mut twice = false;
        let text = |value: &'a RawValue| serde_json::from_str::<Text<'a>>(value.get()).ok().map(|text| text.0);
        let known = each_of(object, &mut |key, value| {
            let mut set = |member: &mut Option<&'a RawValue>| twice |= member.replace(value).is_some();
            match key {
                "result" => set(&mut members.result),
                "properties" => set(&mut members.properties),
                "actualState" => set(&mut members.actual),
                "afterState" => set(&mut members.after),
                "type" => twice |= text(value).and_then(|text| members.kind.replace(text)).is_some(),
                "name" => twice |= text(value).and_then(|text| members.name.replace(text)).is_some(),
                "results" => twice |= std::mem::replace(&mut members.results, true),
                "resources" => twice |= std::mem::replace(&mut members.resources, true),
                _ => {}
            }
        });
        (known && !twice && object.get().starts_with('{')).then_some(members)
    }

    fn has(&self, key: &str) -> bool {
        match key {
            "results" => self.results,
            "resources" => self.resources,
            _ => self.result.is_some(),
        }
    }
}

/// A string, borrowed where it can be.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Hands over every element of a list, and every key and value of an object.
fn each<'de>(value: &'de RawValue, act: &mut dyn FnMut(&str, &'de RawValue)) {
    each_of(value, act);
}

fn each_of<'de>(value: &'de RawValue, act: &mut dyn FnMut(&str, &'de RawValue)) -> bool {
    let mut deserializer = serde_json::Deserializer::from_str(value.get());
    Each(act).deserialize(&mut deserializer).is_ok()
}

struct Each<'a, 'de>(&'a mut dyn FnMut(&str, &'de RawValue));

impl<'de> DeserializeSeed<'de> for Each<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Each<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&'de RawValue>()? {
            (self.0)("", element);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<Cow<'de, str>>()? {
            let value = entries.next_value::<&'de RawValue>()?;
            (self.0)(&key, value);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_of_dsc_is_read_with_its_fraction_and_offset() {
        for (text, expected) in [
            ("2026-11-27T12:37:27.455645784+00:00", Some("2026-11-27T12:37:27Z")),
            ("2026-11-27T12:37:27+02:00", Some("2026-11-27T10:37:27Z")),
            ("2026-11-27T23:37:27.4-01:30", Some("2026-11-28T01:07:27Z")),
            ("2026-11-27T12:37:27Z", Some("2026-11-27T12:37:27Z")),
            ("2026-11-27T12:37:27", None),
            ("2026-11-27T12:37:27+2", None),
            ("", None),
            ("2026-11-27T12:37:2\u{e9}+00:00", None),
        ] {
            assert_eq!(instant(text), expected.and_then(Timestamp::parse), "{text}");
        }
    }
}
