//! JSON into the types of the protocol and out of them.
//!
//! [`read()`] takes one document strictly, and says where and why it takes none. `fast` reads and writes what comes by the
//! million (the reports of a fleet, the lines of a batch); it takes and gives nothing that serde_json would not.

mod encoding;
pub(crate) mod fast;
mod strict;

pub use encoding::{NotUtf16, from_utf16, without_bom};
pub use strict::{LINE_LIMIT, REQUEST_LIMIT, diagnose, read, read_fast};
