//! Byte order marks before JSON, and JSON in UTF-16.

/// Drops a UTF-8 byte order mark, which Windows tools write.
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// What is UTF-16 with a byte order mark as text: Windows PowerShell writes files so unless told otherwise. `None` where
/// there is no such mark. Half a character at the end is left out.
///
/// # Errors
/// Where it is no text in UTF-16.
pub fn from_utf16(bytes: &[u8]) -> Option<Result<String, NotUtf16>> {
    let (rest, unit): (_, fn([u8; 2]) -> u16) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => (rest, u16::from_be_bytes),
        _ => return None,
    };
    let (pairs, _) = rest.as_chunks::<2>();
    let text = char::decode_utf16(pairs.iter().map(|&pair| unit(pair))).collect::<Result<String, _>>();
    Some(text.map_err(|_| NotUtf16))
}

/// It has a byte order mark of UTF-16, and is no text in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotUtf16;
