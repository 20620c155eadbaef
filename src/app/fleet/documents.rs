//! What a file in memory holds: one document, several, or one a line.

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::fleet::input::{Documents, Origin, Piece};
use crate::protocol::fleet::{Text, UnreadableCode};

/// The largest fleet report, in bytes: one of a million hosts has half of it.
pub(super) const FLEET_LIMIT: usize = 2 * 1024 * 1024 * 1024;
/// The largest other document, in bytes: as large as a request may be.
pub(super) const DOCUMENT_LIMIT: usize = crate::json::REQUEST_LIMIT;

pub(super) fn too_large(origin: Origin<'_>) -> Piece {
    let message = format!(
        "larger than {} MiB, which no document but a fleet report may be, and that {} MiB",
        DOCUMENT_LIMIT / 1024 / 1024,
        FLEET_LIMIT / 1024 / 1024
    );
    origin.unreadable(UnreadableCode::TooLarge, &message)
}

/// How large a document may be, by how it begins. A fleet report says what it is before it lists its records.
pub(super) fn limit(begin: &[u8]) -> usize {
    let begin = begin.get(..DOCUMENT_LIMIT).unwrap_or(begin);
    let is_fleet = |at: usize| {
        let rest = begin
            .get(at + b"\"kind\"".len()..)
            .unwrap_or_default()
            .trim_ascii_start();
        let value = rest.strip_prefix(b":").unwrap_or_default().trim_ascii_start();
        value.starts_with(b"\"fleet\"")
    };
    match begin.len() >= DOCUMENT_LIMIT && !memchr::memmem::find_iter(begin, b"\"kind\"").any(is_fleet) {
        true => DOCUMENT_LIMIT,
        false => FLEET_LIMIT,
    }
}

/// Whether a text is YAML by its first lines: `dsc` writes it to a terminal.
pub(super) fn is_yaml(bytes: &[u8]) -> bool {
    /// Lines that are looked at: none of the first may begin a JSON document.
    const LINES: usize = 20;
    let bytes = crate::json::without_bom(bytes);
    let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).take(LINES).collect();
    let Some(first) = lines.iter().find(|line| !line.starts_with(b"#")) else {
        return false;
    };
    let key = |line: &[u8]| {
        let end = line.iter().position(|&byte| byte == b':');
        end.is_some_and(|end| {
            let (key, rest) = line.split_at(end);
            let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_$.-'\" ".contains(byte);
            !key.is_empty() && key.iter().all(word) && matches!(rest, [b':'] | [b':', b' ', ..])
        })
    };
    let begins = |line: &[u8]| line == b"---" || key(line) || line.strip_prefix(b"- ").is_some_and(key);
    begins(first)
        && !lines
            .iter()
            .any(|line| line.starts_with(b"{") || line.starts_with(b"["))
}

pub(super) fn yaml(origin: Origin<'_>) -> Piece {
    let message = "YAML, where JSON is expected: write it anew with `dsc … -o json`";
    origin.unreadable(UnreadableCode::BadJson, message)
}

/// Whether a file holds a document a line: its first line is not the beginning of something longer.
pub(super) fn is_lines(bytes: &[u8]) -> bool {
    let bytes = crate::json::without_bom(bytes);
    let first = bytes
        .split(|&byte| byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty());
    first.is_some_and(|first| match serde_json::from_slice::<IgnoredAny>(first) {
        Ok(_) => true,
        Err(error) => !error.is_eof(),
    })
}

/// Everything that a file in memory holds.
pub(super) fn whole(documents: &Documents, bytes: Vec<u8>, origin: Origin<'_>) -> Vec<Piece> {
    let Ok(bytes) = utf8(bytes) else {
        return vec![origin.unreadable(UnreadableCode::BadJson, "not UTF-8, nor UTF-16")];
    };
    let bytes = crate::json::without_bom(&bytes);
    if is_yaml(bytes) {
        return vec![yaml(origin)];
    }
    let several = bytes.trim_ascii().contains(&b'\n') && is_lines(bytes);
    if several {
        let mut found = Vec::new();
        run_of_lines(documents, bytes, 0, origin.source, &mut found);
        return found;
    }
    let mut found = Vec::new();
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    let broken = loop {
        match stream.next() {
            Some(Ok(document)) => documents.read(document.get().as_bytes(), origin, &mut found),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    let rest = bytes.get(stream.byte_offset()..).unwrap_or_default();
    if broken && found.is_empty() && rest.trim_ascii().contains(&b'\n') {
        // A truncated line may come before complete ones.
        let mut lines = Vec::new();
        run_of_lines(documents, bytes, 0, origin.source, &mut lines);
        if lines.iter().any(|piece| !matches!(piece, Piece::Unreadable(_))) {
            return lines;
        }
    }
    if broken || (found.is_empty() && bytes.trim_ascii().is_empty()) {
        documents.read(rest, origin, &mut found);
    }
    found
}

/// Reads a document a line, after so many lines.
pub(super) fn run_of_lines(documents: &Documents, bytes: &[u8], before: u64, source: &Text, found: &mut Vec<Piece>) {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]);
    for (end, number) in ends.zip(before + 1..) {
        let line = bytes.get(start..end).unwrap_or_default();
        start = end + 1;
        if !line.trim_ascii().is_empty() {
            let line_of = Some(number);
            documents.read(line, Origin { source, line: line_of }, found);
        }
    }
}

pub(super) fn utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF")
}

/// UTF-8 from what Windows PowerShell writes with `>`. Everything else stays as it is.
pub(super) fn utf8(bytes: Vec<u8>) -> Result<Vec<u8>, crate::json::NotUtf16> {
    match crate::json::from_utf16(&bytes) {
        None => Ok(bytes),
        // A report that ends within a character was cut.
        Some(_) if bytes.len() % 2 == 1 => Err(crate::json::NotUtf16),
        Some(text) => text.map(String::into_bytes),
    }
}
