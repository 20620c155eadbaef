//! How answers look: one file a format, over the protocol's types and a writer.

pub mod fleet_text;
pub mod json;
pub mod safe;
pub mod text;
pub mod words;
