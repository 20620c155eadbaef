//! The commands, one file each: they alone see all the other modules.

pub mod batch;
mod case;
pub mod check;
pub mod inspect;
pub mod reference;

use crate::protocol::Timestamp;

/// What a command may know of the world: read once, by the binary, and passed in.
pub struct World<'a> {
    /// The clock, read once for the process.
    pub clock: Timestamp,
    /// Environment variables.
    pub env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Told how far a long piece of work is.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Told what the operating system said, a line at a time: it goes to stderr, never into a report.
    pub log: &'a (dyn Fn(&str) + Sync),
}

/// How far a long piece of work is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// What is counted.
    pub what: &'static str,
    /// How many are done.
    pub done: usize,
    /// Of how many, where that is known.
    pub total: Option<usize>,
}
