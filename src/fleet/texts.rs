//! Texts that many records share, kept once.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use crate::protocol::fleet::Text;

/// Parts of the table that can be used at once: more than there are threads on most machines.
const SHARDS: usize = 32;

/// A table of texts, for any number of threads.
#[derive(Debug)]
pub struct Texts {
    hasher: RandomState,
    shards: [Mutex<HashSet<Text>>; SHARDS],
}

impl Default for Texts {
    fn default() -> Self {
        Texts {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

impl Texts {
    /// The text, shared with all that are equal.
    pub fn share(&self, text: &str) -> Text {
        let shard = &self.shards[self.hasher.hash_one(text) as usize % SHARDS];
        let mut known = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = known.get(text) {
            return shared.clone();
        }
        let shared = Text::from(text);
        known.insert(shared.clone());
        shared
    }

    /// The same text, shared with all that are equal.
    pub fn reuse(&self, text: &mut Text) {
        *text = self.share(text);
    }
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
        let texts = Texts::default();
        assert!(std::sync::Arc::ptr_eq(&texts.share("a"), &texts.share("a")));
        assert!(!std::sync::Arc::ptr_eq(&texts.share("a"), &texts.share("b")));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("Größe", 4), "Grö…");
        assert_eq!(cut("Größe", 3), "Gr…");
        assert_eq!(cut("Größe", 7), "Größe");
    }
}
