//! Answers as text for people.

mod enforcement;
mod findings;
mod fleet;
mod inspection;
mod lines;
mod reference;
mod report;
#[cfg(test)]
mod tests;

pub use enforcement::actions;
pub use fleet::fleet;
pub use inspection::inspection;
pub use reference::document_summary;
pub use report::report;
