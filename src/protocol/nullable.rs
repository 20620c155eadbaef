//! Null in the schemas of what is read.

use serde_json::{Map, Value, json};

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
