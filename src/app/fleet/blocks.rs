//! A stream in blocks of whole lines.

use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::documents::limit;

/// Bytes that one thread reads at a time: enough lines that taking them costs nothing, and they stay in its cache.
pub(super) const BLOCK: usize = 256 * 1024;

/// The lines of a stream, to be taken block by block.
pub(super) struct Blocks<'a> {
    pub(super) input: &'a mut (dyn Read + Send),
    /// What was read and not yet taken.
    pub(super) rest: Vec<u8>,
    /// Lines that were taken.
    pub(super) before: u64,
    pub(super) ended: bool,
    pub(super) failed: Option<io::Error>,
}

/// What was taken of a stream.
pub(super) enum Taken {
    /// Whole lines, after so many.
    Lines(u64),
    /// A line that is larger than a document may be, by its number.
    TooLong(u64),
}

impl Blocks<'_> {
    /// Takes the next lines into `block`; none at the end, or where reading failed.
    pub(super) fn take(&mut self, block: &mut Vec<u8>) -> Option<Taken> {
        block.clear();
        block.append(&mut self.rest);
        loop {
            if !self.ended {
                let more = match block.len() {
                    0..BLOCK => BLOCK,
                    held => (held * 2).min(limit(block)),
                };
                match fill(self.input, block, more) {
                    Ok(ended) => self.ended = ended,
                    Err(error) => {
                        (self.failed, self.ended) = (Some(error), true);
                        return None;
                    }
                }
            }
            if self.before == 0 {
                let mark = block.len() - crate::json::without_bom(block).len();
                block.drain(..mark);
            }
            if self.ended {
                if block.is_empty() {
                    return None;
                }
                let before = self.before;
                self.before += lines_in(block) + 1;
                return Some(Taken::Lines(before));
            }
            // What follows the last end of line belongs to the next block.
            if let Some(last) = memchr::memrchr(b'\n', block) {
                self.rest.extend_from_slice(block.get(last + 1..).unwrap_or_default());
                block.truncate(last + 1);
                let before = self.before;
                self.before += lines_in(block);
                return Some(Taken::Lines(before));
            }
            if block.len() >= limit(block) {
                match skip_line(self.input, block) {
                    Ok(ended) => self.ended = ended,
                    Err(error) => (self.failed, self.ended) = (Some(error), true),
                }
                self.rest.append(block);
                self.before += 1;
                return Some(Taken::TooLong(self.before));
            }
        }
    }
}

fn lines_in(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads until so many bytes are held, and says whether the input ended.
pub(super) fn fill(input: &mut dyn Read, held: &mut Vec<u8>, size: usize) -> io::Result<bool> {
    let wanted = size.saturating_sub(held.len());
    held.reserve(wanted.min(BLOCK));
    let wanted = wanted as u64;
    let read = input.take(wanted).read_to_end(held)? as u64;
    Ok(read < wanted)
}

/// Passes over the rest of a line, keeping what follows it, and says whether the input ended.
fn skip_line(input: &mut dyn Read, block: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        block.clear();
        let ended = fill(input, block, BLOCK)?;
        if let Some(at) = memchr::memchr(b'\n', block) {
            block.drain(..=at);
            return Ok(ended);
        }
        if ended {
            block.clear();
            return Ok(true);
        }
    }
}
