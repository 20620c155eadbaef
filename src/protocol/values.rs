//! Small values that are checked while they are read: durations, hex digests, secrets.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

/// A length of time: a whole number with `h`, `d` or `w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    number: u32,
    unit: char,
}

impl Span {
    /// `number` days.
    pub const fn days(number: u32) -> Self {
        Span { number, unit: 'd' }
    }

    /// Reads `72h`, `30d` or `2w`.
    pub fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().last().filter(|unit| matches!(unit, 'h' | 'd' | 'w'))?;
        let digits = &text[..text.len() - 1];
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        Some(Span {
            number: digits.parse().ok().filter(|_| plain)?,
            unit,
        })
    }

    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        let unit = match self.unit {
            'h' => 3600,
            'd' => 86_400,
            _ => 604_800,
        };
        i64::from(self.number) * unit
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Span::parse(&text).ok_or_else(|| de::Error::custom("expected a duration such as 72h, 30d or 2w"))
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]{1,10}[hdw]$",
            "description": "A duration: a whole number with h (hours), d (days) or w (weeks)."
        })
    }
}

/// `N` bytes as hex: any case, with spaces, colons and U+200E (which Windows' certificate dialog puts first) dropped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex<const N: usize>(pub [u8; N]);

/// A SHA-256 digest.
pub type Sha256Hex = Hex<32>;
/// A SHA-1 digest: what Windows calls the thumbprint.
pub type Thumbprint = Hex<20>;

impl<const N: usize> Hex<N> {
    /// Reads `N` bytes of hex.
    pub fn parse(text: &str) -> Option<Self> {
        Self::plain(text.as_bytes()).or_else(|| Self::spaced(text))
    }

    /// Its digits in lower case, two a byte.
    fn digits(&self) -> [[u8; 2]; N] {
        self.0.map(digits_of)
    }

    /// Digits and nothing else, as programs write them: millions of them are read from the reports of a fleet.
    fn plain(digits: &[u8]) -> Option<Self> {
        let (pairs, rest) = digits.as_chunks::<2>();
        if pairs.len() != N || !rest.is_empty() {
            return None;
        }
        let mut bytes = [0u8; N];
        let mut seen = 0;
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (DIGIT[usize::from(*high)], DIGIT[usize::from(*low)]);
            seen |= high | low;
            *byte = (high << 4) | (low & 15);
        }
        (seen < 16).then_some(Hex(bytes))
    }

    fn spaced(text: &str) -> Option<Self> {
        let mut bytes = [0u8; N];
        let mut digits = text.chars().filter(|c| !matches!(c, ' ' | ':' | '\u{200e}'));
        for byte in &mut bytes {
            let high = digits.next()?.to_digit(16)?;
            let low = digits.next()?.to_digit(16)?;
            *byte = (high * 16 + low) as u8;
        }
        digits.next().is_none().then_some(Hex(bytes))
    }
}

/// What each byte is worth as a hexadecimal digit; 16 or more if it is none.
const DIGIT: [u8; 256] = {
    let mut table = [0xf0; 256];
    let mut digit = 0;
    while digit < 16 {
        let byte = b"0123456789abcdef"[digit];
        table[byte as usize] = digit as u8;
        table[byte.to_ascii_uppercase() as usize] = digit as u8;
        digit += 1;
    }
    table
};

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex(&self.0))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = self.digits();
        serializer.serialize_str(std::str::from_utf8(digits.as_flattened()).unwrap_or_default())
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits<const N: usize>;
        impl<const N: usize> de::Visitor<'_> for Digits<N> {
            type Value = Hex<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Hex<N>, E> {
                Hex::parse(text).ok_or_else(|| {
                    let found = text.chars().filter(|c| !matches!(c, ' ' | ':' | '\u{200e}')).count();
                    E::custom(format!(
                        "expected {} hexadecimal digits, found {found} characters",
                        N * 2
                    ))
                })
            }
        }
        deserializer.deserialize_str(Digits)
    }
}

impl<const N: usize> JsonSchema for Hex<N> {
    fn schema_name() -> Cow<'static, str> {
        if N == 20 {
            "Thumbprint".into()
        } else {
            format!("Hex{}", N * 2).into()
        }
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": format!("^[ :\u{200e}]*([0-9A-Fa-f][ :\u{200e}]*){{{}}}$", N * 2),
            "description": format!("{N} bytes in hex; any case, spaces, colons and U+200E are dropped.")
        })
    }
}

/// Lower-case hex without separators.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    push_hex(&mut text, bytes);
    text
}

/// Adds lower-case hex without separators to a text.
pub fn push_hex(out: &mut String, bytes: &[u8]) {
    // A chunk at a time keeps the check that this is UTF-8 out of the inner loop.
    let mut buffer = [[0; 2]; 32];
    for chunk in bytes.chunks(buffer.len()) {
        for (digits, &byte) in buffer.iter_mut().zip(chunk) {
            *digits = digits_of(byte);
        }
        let written = buffer.as_flattened().get(..chunk.len() * 2).unwrap_or_default();
        out.push_str(std::str::from_utf8(written).unwrap_or_default());
    }
}

/// The two digits of a byte. Worked out rather than looked up: so the processor makes those of many at once.
fn digits_of(byte: u8) -> [u8; 2] {
    let digit = |value: u8| value + if value < 10 { b'0' } else { b'a' - 10 };
    [digit(byte >> 4), digit(byte & 15)]
}

/// For fields where null equals absent and absent means the default.
pub fn null_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A number with its noun: `1 host`, `2 hosts`.
pub fn counted<N: fmt::Display + PartialEq + From<u8>>(number: N, one: &str, more: &str) -> String {
    let noun = if number == N::from(1) { one } else { more };
    format!("{number} {noun}")
}

/// Refuses what cannot be a path, and what is no path but what a file holds: paths are repeated in findings, and what
/// is sent in place of one by mistake may be a private key.
pub fn check_path(path: &str) -> Result<(), &'static str> {
    /// No path is so long and yet nothing but base64 of DER; no key or certificate is shorter.
    const SHORTEST_CONTENT: usize = 128;
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(&byte);
    match path {
        "" => Err("the path is empty"),
        _ if path.contains('\0') => Err("the path holds a NUL character"),
        _ if path.contains("-----BEGIN")
            || (path.len() >= SHORTEST_CONTENT && path.starts_with("MI") && path.bytes().all(base64)) =>
        {
            Err("expected a path, found what looks like the content of a file")
        }
        _ => Ok(()),
    }
}

/// A text that must not leave: it is wiped when dropped, and shows nothing when printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text that must not leave.
    pub fn new(text: String) -> Self {
        Secret(Zeroizing::new(text))
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "writeOnly": true, "description": "A secret: it never leaves in any output." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_each_digit() {
        let all = Hex::<256>(std::array::from_fn(|at| at as u8));
        let expected: String = (0..=255).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(all.digits().as_flattened(), expected.as_bytes());
    }
}
