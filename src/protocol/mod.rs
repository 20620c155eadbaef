//! The contract between the binary and everything that calls it: plain data, read and written as JSON.

pub mod facts;
pub mod time;
