//! Texts and issuers that many records share, kept once a thread.

use std::cell::RefCell;
use std::sync::Arc;

use crate::protocol::fleet::{RecordIssuer, Text};

/// Texts that a thread remembers: an estate has fewer issuers, keys, requirements and messages that are not of one host.
const REMEMBERED: usize = 4096;
/// Issuers that a thread remembers, one for each first byte of a key's digest.
const ISSUERS: usize = 256;

thread_local! {
    static RECENT: RefCell<Vec<Option<Text>>> = const { RefCell::new(Vec::new()) };
    static RECENT_ISSUERS: RefCell<Vec<Option<Arc<RecordIssuer>>>> = const { RefCell::new(Vec::new()) };
}

/// The text, shared with equal ones that this thread met lately. Each thread has its own: counting the users of one text
/// on all threads would cost more than the text.
pub fn share(text: &str) -> Text {
    RECENT.with_borrow_mut(|recent| {
        if recent.is_empty() {
            recent.resize(REMEMBERED, None);
        }
        match recent.get_mut(place(text)) {
            Some(Some(known)) if **known == *text => known.clone(),
            Some(slot) => slot.insert(Text::from(text)).clone(),
            None => Text::from(text),
        }
    })
}

/// The same text, shared.
pub fn reuse(text: &mut Text) {
    *text = share(text);
}

/// The issuer, shared as [`share`] does it.
pub fn share_issuer(issuer: RecordIssuer) -> Arc<RecordIssuer> {
    RECENT_ISSUERS.with_borrow_mut(|recent| {
        if recent.is_empty() {
            recent.resize(ISSUERS, None);
        }
        match recent.get_mut(usize::from(issuer.key_sha256.0[0])) {
            Some(Some(known)) if **known == issuer => known.clone(),
            Some(slot) => slot.insert(Arc::new(issuer)).clone(),
            None => Arc::new(issuer),
        }
    })
}

/// Where a text is remembered. Texts that meet at one place only push each other out.
fn place(text: &str) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut mixed = text.len() as u64;
    for word in words {
        mixed = (mixed.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR);
    }
    for byte in rest {
        mixed = (mixed.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(FACTOR);
    }
    (mixed >> 40) as usize % REMEMBERED
}

/// A text cut to so many bytes, at the border of a character, with an ellipsis for what was left out.
pub fn cut(text: &str, limit: usize) -> std::borrow::Cow<'_, str> {
    if text.len() <= limit {
        return text.into();
    }
    format!("{}…", &text[..text.floor_char_boundary(limit)]).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::KeyFrom;

    #[test]
    fn equal_texts_are_one() {
        assert!(std::sync::Arc::ptr_eq(&share("a"), &share("a")));
        assert_eq!((&*share("a"), &*share("b"), &*share("")), ("a", "b", ""));
    }

    #[test]
    fn issuers_are_one_only_where_all_of_them_is_equal() {
        let issuer = |from| RecordIssuer {
            key_sha256: crate::protocol::Hex([7; 32]),
            subject: Some("CN=a".into()),
            key_from: from,
        };
        let (pin, distrust) = (KeyFrom::Pin, KeyFrom::Distrust);
        assert!(Arc::ptr_eq(&share_issuer(issuer(pin)), &share_issuer(issuer(pin))));
        assert_eq!(share_issuer(issuer(distrust)).key_from, distrust);
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("Größe", 4), "Grö…");
        assert_eq!(cut("Größe", 3), "Gr…");
        assert_eq!(cut("Größe", 7), "Größe");
    }
}
