//! Files that people write: TOML, JSON or YAML, read as JSON values.

use serde_json::Value;

/// How much of a library's message is passed on: it may quote what it read.
const MESSAGE_LIMIT: usize = 300;

/// Reads a text in the language that its name ends in; of another name, in the one that it looks like.
pub(super) fn parse(name: &str, text: &str) -> Result<Value, String> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("toml") => toml_value(text),
        Some("json") => json_value(text),
        Some("yaml" | "yml") => yaml_value(text),
        _ if text.trim_start().starts_with(['{', '[']) => json_value(text).or_else(|error| {
            // A table of TOML begins with a bracket too.
            toml_value(text).map_err(|_| error)
        }),
        _ => toml_value(text).or_else(|_| yaml_value(text)),
    }
}

pub(super) fn json_value(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))
}

pub(super) fn yaml_value(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! { with_snippet: false };
    let value = serde_saphyr::from_str_with_options::<Value>(text, options);
    value.map_err(|error| format!("not YAML: {}", short(&error.to_string())))
}

fn toml_value(text: &str) -> Result<Value, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| {
            text.get(..span.start).unwrap_or_default().lines().count().max(1)
        });
        format!("not TOML: {} (line {line})", short(error.message()))
    })?;
    Ok(from_toml(toml::Value::Table(table)))
}

/// Dates stay as they are written.
fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(yes) => yes.into(),
        toml::Value::Datetime(at) => at.to_string().into(),
        toml::Value::Array(list) => list.into_iter().map(from_toml).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, from_toml(value))).collect(),
    }
}

fn short(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    super::texts::cut(&line, MESSAGE_LIMIT).into_owned()
}
