//! The JSON Schemas of everything that is read and written, generated from the types.

use schemars::Schema;
use schemars::generate::SchemaSettings;

use super::document::ReferenceDocument;
use super::fault::ErrorDocument;
use super::fleet::FleetReport;
use super::inspection::Inspection;
use super::nullable::allow_null;
use super::report::Report;
use super::request::Request;

/// The names under which schemas can be had.
pub const NAMES: &[&str] = &[
    "request",
    "report",
    "reference",
    "inspection",
    "fleet-report",
    "error",
    "dsc-resource",
];

/// The JSON Schema (draft 2020-12) of a name of [`NAMES`].
pub fn schema(name: &str) -> Option<Schema> {
    let reading = || SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let writing = || SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = match name {
        "request" => {
            let mut schema = reading().into_root_schema_for::<Request>();
            allow_null(schema.as_object_mut()?);
            schema
        }
        "report" => writing().into_root_schema_for::<Report>(),
        "reference" => writing().into_root_schema_for::<ReferenceDocument>(),
        "inspection" => writing().into_root_schema_for::<Inspection>(),
        "fleet-report" => writing().into_root_schema_for::<FleetReport>(),
        "error" => writing().into_root_schema_for::<ErrorDocument>(),
        "dsc-resource" => super::dsc::schema(),
        _ => return None,
    };
    schema.insert(
        "title".into(),
        format!("same-ca {name}, protocol {}", super::PROTOCOL).into(),
    );
    Some(schema)
}
