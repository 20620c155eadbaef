//! How answers look: one file a format, over the protocol's types and a writer. The formats of the fleet report share
//! one trait, [`FleetFormat`]; the command line takes its flags from [`FLEET_FORMATS`].

pub mod csv;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod page;
pub mod prometheus;
pub mod safe;
pub mod text;
pub mod words;

use std::io::{self, Write};

use crate::protocol::fleet::FleetReport;

/// A format in which `same-ca fleet` writes a file.
pub trait FleetFormat: Sync {
    /// The flag that names the file, without its dashes.
    fn flag(&self) -> &'static str;

    /// What the help says of the flag.
    fn help(&self) -> &'static str;

    /// Writes the report.
    ///
    /// # Errors
    /// What the writer says.
    fn write(&self, report: &FleetReport, out: &mut dyn Write) -> io::Result<()>;
}

/// Every format of a file, in the order of the help.
pub const FLEET_FORMATS: [&dyn FleetFormat; 6] = [
    &page::Page,
    &json::Json,
    &csv::Csv,
    &junit::Junit,
    &prometheus::Prometheus,
    &markdown::Markdown,
];
