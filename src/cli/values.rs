//! The values of flags: how each is written, and what it means.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::protocol::{Code, Distrust, Severity, Sha256Hex, Source, Span, Timestamp};

/// A source, and how it was typed, which is its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceArg {
    /// As typed.
    pub typed: String,
    /// What it means.
    pub source: Source,
}

impl FromStr for SourceArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let source = match text {
            "-" => Source::Stdin { password: None },
            _ => Source::parse(text)?,
        };
        Ok(SourceArg {
            typed: text.to_owned(),
            source,
        })
    }
}

/// A key by its SHA-256, and how it was typed, which is its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyArg {
    /// As typed.
    pub typed: String,
    /// The digest.
    pub key: Sha256Hex,
}

impl FromStr for KeyArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = strip_sha256(text).unwrap_or(text);
        let key = Sha256Hex::parse(digits).ok_or("expected a SHA-256: 64 hexadecimal digits")?;
        Ok(KeyArg {
            typed: text.to_owned(),
            key,
        })
    }
}

/// A source of keys that may not count, or one such key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistrustArg {
    /// As typed.
    pub typed: String,
    /// What it means.
    pub distrust: Distrust,
}

impl FromStr for DistrustArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let distrust = match strip_sha256(text) {
            Some(_) => Distrust::Key(text.parse::<KeyArg>()?.key),
            None => Distrust::Source(text.parse::<SourceArg>()?.source),
        };
        Ok(DistrustArg {
            typed: text.to_owned(),
            distrust,
        })
    }
}

/// A finding's code and the severity that it shall have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeverityArg {
    /// The code.
    pub code: Code,
    /// Its severity.
    pub severity: Severity,
}

impl FromStr for SeverityArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (code, severity) = text
            .split_once('=')
            .ok_or("expected CODE=SEVERITY, such as cdp-missing=warning")?;
        let known = Code::ALL.iter().find(|known| known.as_str() == code);
        let code = *known.ok_or("unknown finding code; the schema named request lists them, with their severities")?;
        let severity = word(severity).ok_or("expected info, warning, doubt or error as the severity")?;
        Ok(SeverityArg { code, severity })
    }
}

fn strip_sha256(text: &str) -> Option<&str> {
    let head = text.get(..7)?;
    head.eq_ignore_ascii_case("sha256:").then(|| &text[7..])
}

/// A time, or a date, which is its first instant.
pub(super) fn timestamp(text: &str) -> Result<Timestamp, String> {
    let day = (text.len() == "2026-11-20".len()).then(|| format!("{text}T00:00:00Z"));
    Timestamp::parse(day.as_deref().unwrap_or(text)).ok_or_else(|| {
        "expected a time such as 2026-11-20T00:00:00Z (UTC, whole seconds), or a date such as 2026-11-20".into()
    })
}

/// Seconds, as a number or with `s` or `m` behind it.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let (number, factor) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let seconds = number.parse::<u32>().ok().and_then(|number| number.checked_mul(factor));
    seconds
        .filter(|seconds| (1..=3600).contains(seconds))
        .ok_or_else(|| "expected 1 to 3600 seconds, such as 10, 10s or 2m".into())
}

pub(super) fn as_of(text: &str) -> Result<AsOf, String> {
    match text {
        "newest" => Ok(AsOf::Newest),
        "now" => Ok(AsOf::Clock),
        _ => timestamp(text)
            .map(AsOf::At)
            .map_err(|error| format!("{error}, or `newest`")),
    }
}

pub(super) fn span(text: &str) -> Result<Span, String> {
    Span::parse(text).ok_or_else(|| "expected a duration such as 72h, 30d or 2w".into())
}

/// Reads one of a type's words, as the protocol writes them.
pub(super) fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    let input: StrDeserializer<'_, ValueError> = text.into_deserializer();
    T::deserialize(input).ok()
}

/// Accepts the words that the protocol has for a type, and shows them in the help.
pub(super) fn words<T: DeserializeOwned + Clone + Send + Sync + 'static>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(variants::<T>()).try_map(|text| word::<T>(&text).ok_or("unknown word"))
}

/// The words that the protocol has for a type: asks its deserializer, so that no second list can differ.
pub(super) fn variants<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Ask<'a>(&'a mut &'static [&'static str]);
    impl<'de> serde::Deserializer<'de> for Ask<'_> {
        type Error = ValueError;

        fn deserialize_any<V: serde::de::Visitor<'de>>(self, _: V) -> Result<V::Value, ValueError> {
            Err(serde::de::Error::custom("asked for its words only"))
        }

        fn deserialize_enum<V: serde::de::Visitor<'de>>(
            self,
            _: &'static str,
            variants: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, ValueError> {
            *self.0 = variants;
            self.deserialize_any(visitor)
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map struct identifier ignored_any
        }
    }
    let mut words: &'static [&'static str] = &[];
    // The answer is in `words`; the deserialization itself always fails.
    let _ = T::deserialize(Ask(&mut words));
    words
}

/// The instant that a fleet is judged at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AsOf {
    /// The time of the run.
    #[default]
    Clock,
    /// The newest time in the reports.
    Newest,
    /// This one.
    At(Timestamp),
}
