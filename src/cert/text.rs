//! What a certificate says as one safe line of text: nothing in it breaks the line, hides or turns the direction.

/// `text` as one safe line.
pub(super) fn printable(text: &str) -> String {
    printable_octets(text.as_bytes())
}

/// A text as one safe line in which what does not show is seen.
pub fn visible(text: &str) -> String {
    blanks_shown(&printable_octets(text.as_bytes()))
}

/// Blanks at either end as `\20`: at the end of a line they are invisible.
pub(super) fn blanks_shown(text: &str) -> String {
    let inner = text.trim_matches(' ');
    let before = text.len() - text.trim_start_matches(' ').len();
    let after = text.len() - before - inner.len();
    format!("{}{inner}{}", "\\20".repeat(before), "\\20".repeat(after))
}

/// Octets as one safe line of text: UTF-8 as it is, and as `\XX` what is none or would hide. A backslash is written so
/// too, where it would be read as the beginning of that, so that different octets are different lines.
pub(super) fn printable_octets(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    let mut rest = octets;
    let push_octets = |out: &mut String, octets: &[u8]| {
        for octet in octets {
            out.push('\\');
            super::push_hex(out, &[*octet]);
        }
    };
    for chunk in octets.utf8_chunks() {
        for c in chunk.valid().chars() {
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            let escape =
                c == '\\' && matches!(rest, [one, two, ..] if one.is_ascii_hexdigit() && two.is_ascii_hexdigit());
            match escape {
                true => push_octets(&mut out, b"\\"),
                false => push_printable(&mut out, c),
            }
        }
        rest = rest.get(chunk.invalid().len()..).unwrap_or_default();
        push_octets(&mut out, chunk.invalid());
    }
    out
}

/// Appends `c`, or its UTF-8 octets as `\XX` where it would break the line, or be invisible, or turn the direction.
pub(super) fn push_printable(out: &mut String, c: char) {
    let hidden = c.is_control()
        || (!c.is_ascii()
            && (is_ignored_format(c)
                || matches!(
                    c,
                    '\u{200B}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{061C}'
                )));
    if !hidden {
        out.push(c);
        return;
    }
    for octet in c.encode_utf8(&mut [0; 4]).bytes() {
        out.push('\\');
        super::push_hex(out, &[octet]);
    }
}

/// The format characters of RFC 4518 §2.2 that are mapped to nothing.
pub(super) fn is_ignored_format(c: char) -> bool {
    matches!(c,
        '\u{06DD}' | '\u{070F}' | '\u{180E}' | '\u{200C}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2063}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0001}' | '\u{E0020}'..='\u{E007F}')
}
