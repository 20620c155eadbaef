//! Texts that many records share, kept once a thread.

use std::cell::RefCell;

use crate::protocol::fleet::Text;

/// Texts that a thread remembers: an estate has fewer issuers, keys, requirements and messages that are not of one host.
const REMEMBERED: usize = 4096;

thread_local! {
    static RECENT: RefCell<Vec<Option<Text>>> = const { RefCell::new(Vec::new()) };
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

    #[test]
    fn equal_texts_are_one() {
        assert!(std::sync::Arc::ptr_eq(&share("a"), &share("a")));
        assert_eq!((&*share("a"), &*share("b"), &*share("")), ("a", "b", ""));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("Größe", 4), "Grö…");
        assert_eq!(cut("Größe", 3), "Gr…");
        assert_eq!(cut("Größe", 7), "Größe");
    }
}
