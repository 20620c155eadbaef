//! How answers look: one file a format, over the protocol's types and a writer.

pub mod csv;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod page;
pub mod prometheus;
pub mod safe;
pub mod text;
pub mod words;
