//! Instants and durations as the protocol writes them.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU64;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in whole seconds since 1970-01-01T00:00:00Z, written as RFC 3339 with `Z`.
///
/// The range is that of X.509's `GeneralizedTime`: years 0000 to 9999 (RFC 5280 §4.1.2.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(
    /// Seconds since the first instant of the range, and one: so that one which may be absent takes no more memory.
    NonZeroU64,
);

impl Timestamp {
    const MIN: i64 = -62_167_219_200;
    const MAX: i64 = 253_402_300_799;

    /// The instant `seconds` after the epoch, clamped to the years 0000 to 9999.
    pub fn from_unix(seconds: i64) -> Self {
        let since = seconds.clamp(Self::MIN, Self::MAX).abs_diff(Self::MIN);
        Timestamp(NonZeroU64::MIN.saturating_add(since))
    }

    /// Seconds since the epoch.
    pub fn unix(self) -> i64 {
        (self.0.get() - 1) as i64 + Self::MIN
    }

    /// This instant `seconds` later (earlier if negative), within the range of the type.
    pub fn plus(self, seconds: i64) -> Self {
        Timestamp::from_unix(self.unix().saturating_add(seconds))
    }

    /// Reads `YYYY-MM-DDTHH:MM:SSZ`, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
        let mut others = true;
        for (place, byte) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')] {
            others &= bytes[place] == byte;
        }
        // More than 9 for what is no digit.
        let digit = |place: usize| u32::from(bytes[place].wrapping_sub(b'0'));
        let digits = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18];
        if !others || digits.into_iter().any(|place| digit(place) > 9) {
            return None;
        }
        let two = |place: usize| digit(place) * 10 + digit(place + 1);
        let month = time::Month::try_from(two(5) as u8).ok()?;
        let date = time::Date::from_calendar_date((two(0) * 100 + two(2)) as i32, month, two(8) as u8).ok()?;
        let clock = date.with_hms(two(11) as u8, two(14) as u8, two(17) as u8).ok()?;
        Some(Timestamp::from_unix(clock.assume_utc().unix_timestamp()))
    }
}

impl Timestamp {
    /// As RFC 3339 writes it.
    fn text(self) -> [u8; 20] {
        // The range of the type is within what `time` holds.
        let at = time::OffsetDateTime::from_unix_timestamp(self.unix()).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) = (at.year().unsigned_abs(), u8::from(at.month()), at.day());
        // Every report holds a handful: the formatter's own numbers would cost more than the rest of it.
        let mut text = *b"0000-00-00T00:00:00Z";
        let fields = [
            (0, (year / 100) as u8),
            (2, (year % 100) as u8),
            (5, month),
            (8, day),
            (11, at.hour()),
            (14, at.minute()),
            (17, at.second()),
        ];
        for (place, number) in fields {
            text[place] = b'0' + number / 10 % 10;
            text[place + 1] = b'0' + number % 10;
        }
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).ok_or_else(|| {
                    E::custom("expected a time such as 2026-11-20T00:00:00Z (RFC 3339, Z, whole seconds)")
                })
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
            "description": "An instant: RFC 3339 with Z and whole seconds."
        })
    }
}
