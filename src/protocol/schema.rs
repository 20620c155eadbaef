//! The JSON Schemas of everything that is read and written, generated from the types.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::document::ReferenceDocument;
use super::fault::ErrorDocument;
use super::fleet::FleetReport;
use super::inspection::Inspection;
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

/// In a request null equals absent, so every property that may be absent may be null.
pub(super) fn allow_null(schema: &mut Map<String, Value>) {
    let required: Vec<String> = match schema.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, property) in properties.iter_mut() {
            if !required.contains(name) && !is_nullable(property) {
                let inner = property.take();
                // The description stays where readers look for it.
                let description = inner.get("description").cloned();
                *property = json!({ "anyOf": [inner, { "type": "null" }] });
                if let (Some(description), Value::Object(outer)) = (description, property) {
                    outer.insert("description".into(), description);
                }
            }
        }
    }
    for value in schema.values_mut() {
        each_object(value, &mut allow_null);
    }
}

fn each_object(value: &mut Value, act: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => act(object),
        Value::Array(list) => list.iter_mut().for_each(|value| each_object(value, act)),
        _ => {}
    }
}

fn is_nullable(property: &Value) -> bool {
    let is_null = |kind: &Value| kind == "null";
    let by_type = match property.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_null),
        Some(kind) => is_null(kind),
        None => false,
    };
    let forms = property.get("anyOf").and_then(Value::as_array);
    by_type || forms.is_some_and(|forms| forms.iter().any(is_nullable))
}
