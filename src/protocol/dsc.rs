//! The properties of the Microsoft DSC v3 resource: the request's fields in camelCase, and what is known of them.
//!
//! Names are made by [`camel`] alone, for the schema and for instances alike. Two things keep their names: data keys
//! (finding codes under `severity`) and everything within `report`, which is the protocol's own document.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::finding::Code;
use super::nullable::allow_null;
use super::report::{Report, Status};
use super::request::Request;

/// The type of the resource (DSC: letters, digits and underscores, no hyphens).
pub const RESOURCE_TYPE: &str = "SameCA/Certificate";

/// Properties whose keys are data: they are not renamed.
pub const DATA: &[&str] = &["severity"];

/// Properties that only an answer has. They are accepted in what is asked, so that a state can be asked again, and
/// mean nothing there.
pub const READ_ONLY: &[&str] = &[
    "_inDesiredState",
    "_name",
    "_restartRequired",
    "status",
    "reasons",
    "report",
];

/// The property that names the services to restart after an installation: of this resource alone, no field of a request.
pub const RESTART_SERVICES: &str = "restartServices";

/// How DSC wraps a secure parameter of type `secureString`.
pub const SECURE_STRING: &str = "secureString";
/// How DSC wraps a secure parameter of type `secureObject`.
pub const SECURE_OBJECT: &str = "secureObject";

/// Fields that may hold a secret text, as the request calls them: `pem` may hold a private key.
pub const SECRET_TEXTS: &[&str] = &["password", "pkcs12", "pem"];
/// Fields that are, or list, an object that may hold a secret, as the request calls them.
pub const SECRET_OBJECTS: &[&str] = &[
    "source",
    "authority",
    "install",
    "any_of",
    "candidates",
    "authorities",
    "intermediates",
    "distrust",
];

/// Why the state is not the desired one, or what is worth acting on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Code of the finding.
    pub code: Code,
    /// What was found about whom, how much it weighs, and what to do next: for people.
    pub phrase: String,
}

/// A field's name as a property: `any_of` is `anyOf`.
pub fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut renamed = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        renamed.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        renamed.push_str(letters.as_str());
    }
    renamed
}

/// The field whose property has this name: the inverse of [`camel`]. `None` for what is no property's name.
pub fn field(property: &str) -> Option<String> {
    let mut field = String::with_capacity(property.len() + 4);
    for letter in property.chars() {
        if letter.is_ascii_uppercase() {
            field.push('_');
        }
        field.push(letter.to_ascii_lowercase());
    }
    (!field.starts_with('_') && camel(&field) == property).then_some(field)
}

/// A text in which fields are called what the properties are called. `fields` are their names in the request.
pub fn in_camel_case(text: &str, fields: &BTreeSet<String>) -> String {
    let mut renamed = String::with_capacity(text.len());
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        match fields.contains(name) {
            true => renamed.push_str(&camel(name)),
            false => renamed.push_str(name),
        }
        let other = after.find(word).unwrap_or(after.len());
        renamed.push_str(&after[..other]);
        rest = &after[other..];
    }
    renamed
}

/// The names of all fields of a request that are called otherwise as properties.
pub fn renamed_fields() -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    names(&request_schema(), &mut fields);
    fields.retain(|field| camel(field) != *field);
    fields
}

/// The schema of the resource's instances, asked and answered: draft 2020-12, everything inlined.
pub fn schema() -> Schema {
    let fields = renamed_fields();
    let mut schema = request_schema();
    simplify(&mut schema);
    accept_secure_forms(&mut schema);
    rename(&mut schema, &fields);
    let mut schema = match schema {
        Value::Object(schema) => schema,
        // Request is a struct: its schema is an object.
        _ => Map::new(),
    };
    // Not the protocol: the version of the resource says which is meant.
    schema.insert("required".into(), json!(["subjects"]));
    schema.insert(
        "description".into(),
        "Whether certificates were issued by the same CA as a reference's. The properties are the fields of a same-ca \
         request."
            .into(),
    );
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        describe(properties, "protocol", "Always 1; need not be given.");
        let host = "The host that this is about; the machine's fully qualified name unless given.";
        describe(properties, "host", host);
        let collected = "When this was collected; the time of the answer unless given.";
        describe(properties, "collectedAt", collected);
        properties.extend(answered());
    }
    Schema::from(schema)
}

/// The properties that only an answer has.
fn answered() -> Map<String, Value> {
    let desired = json!({"type": ["boolean", "null"]});
    let name = json!({"type": ["string", "null"]});
    let service = json!({"type": "object", "properties": {"service": {"type": "string"}}, "required": ["service"]});
    let restart = json!({"type": ["array", "null"], "items": service});
    let properties = [
        ("status", inlined::<Status>(false), "Whether the rule is kept."),
        (
            "reasons",
            inlined::<Vec<Reason>>(false),
            "What the status rests on, the worst first, and what else is worth acting on.",
        ),
        ("_inDesiredState", desired, "Of test: whether the status is compliant."),
        ("_name", name, "Of export: a name for the instance."),
        (
            "_restartRequired",
            restart,
            "Of set: the services to restart, where something was installed.",
        ),
        (
            "report",
            inlined::<Report>(false),
            "The report of same-ca, in the protocol's own names. Instances that export gives have none.",
        ),
    ];
    let services = json!({
        "type": ["array", "null"],
        "items": {"type": "string", "minLength": 1},
        "description": "Services that must be restarted after `set` installed a certificate: it then lists them in \
                        _restartRequired. It restarts nothing itself.",
    });
    let described = properties.map(|(name, mut schema, description)| {
        simplify(&mut schema);
        schema["description"] = description.into();
        schema["readOnly"] = true.into();
        (name.to_owned(), schema)
    });
    let services = (RESTART_SERVICES.to_owned(), services);
    described.into_iter().chain([services]).collect()
}

fn describe(properties: &mut Map<String, Value>, property: &str, description: &str) {
    if let Some(Value::Object(schema)) = properties.get_mut(property) {
        schema.insert("description".into(), description.into());
    }
}

fn request_schema() -> Value {
    let mut schema = inlined::<Request>(true);
    if let Value::Object(schema) = &mut schema {
        allow_null(schema);
    }
    schema
}

/// A type's schema without references: DSC tools take the embedded schema out of its document.
fn inlined<T: JsonSchema>(reading: bool) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let settings = match reading {
        true => settings.for_deserialize(),
        false => settings.for_serialize(),
    };
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    if !reading {
        // It becomes a part of another.
        schema.remove("$schema");
    }
    schema.to_value()
}

/// Every name of a property in a schema.
fn names(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Array(list) => list.iter().for_each(|item| names(item, found)),
        Value::Object(map) => {
            for (keyword, value) in map {
                if let ("properties", Value::Object(properties)) = (keyword.as_str(), value) {
                    found.extend(properties.keys().cloned());
                }
                names(value, found);
            }
        }
        _ => {}
    }
}

/// Drops what 2020-12 does not enforce, and writes choices between kinds of value as one schema of several types: what
/// a validator says of a failed choice repeats the whole value, and it may hold a secret.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(simplify),
        Value::Object(map) => {
            map.values_mut().for_each(simplify);
            if map.get("format").is_some_and(Value::is_string) {
                map.remove("format");
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            if let Some(listed) = map.get("oneOf").and_then(Value::as_array).and_then(|list| listed(list)) {
                map.remove("oneOf");
                add(map, listed.0);
                if let Some(Value::String(description)) = map.get_mut("description") {
                    description.push_str(&listed.1);
                }
            }
            if let Some(Value::Array(all)) = map.get_mut("allOf")
                && let [Value::Object(only)] = all.as_mut_slice()
            {
                let only = std::mem::take(only);
                map.remove("allOf");
                add(map, only);
            }
            if let Some(merged) = map.get("anyOf").and_then(Value::as_array).and_then(|list| merge(list)) {
                map.remove("anyOf");
                add(map, merged);
            }
        }
        _ => {}
    }
}

/// Adds the keywords of a part to the whole; what the whole says of itself stands.
fn add(whole: &mut Map<String, Value>, part: Map<String, Value>) {
    for (keyword, value) in part {
        whole.entry(keyword).or_insert(value);
    }
}

/// A list of words, each with its description, as an enumeration, and what to add to the description of the whole.
fn listed(choices: &[Value]) -> Option<(Map<String, Value>, String)> {
    /// Words up to which each is described: findings have dozens of codes, which the schema of a request describes.
    const DESCRIBED: usize = 8;
    let mut words: Vec<Value> = Vec::with_capacity(choices.len());
    let mut described = String::new();
    for choice in choices {
        let known = |keyword: &String| matches!(keyword.as_str(), "const" | "type" | "description");
        if !choice.as_object()?.keys().all(known) {
            return None;
        }
        let word = choice.get("const")?.as_str()?;
        words.push(word.into());
        if let Some(description) = choice.get("description").and_then(Value::as_str)
            && choices.len() <= DESCRIBED
        {
            described.push_str(&format!(" {word}: {description}"));
        }
    }
    let mut enumeration = Map::new();
    enumeration.insert("type".into(), "string".into());
    enumeration.insert("enum".into(), words.into());
    Some((enumeration, described))
}

/// One schema for choices of which each is for other types, if their keywords concern their own types alone.
fn merge(choices: &[Value]) -> Option<Map<String, Value>> {
    let mut merged = Map::new();
    let mut types: Vec<Value> = Vec::new();
    for choice in choices {
        for (keyword, value) in choice.as_object()? {
            match keyword.as_str() {
                "type" => {
                    let of = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                    if of.iter().any(|one| types.contains(one)) {
                        return None;
                    }
                    types.extend(of);
                }
                "description" => {
                    merged.entry(keyword.clone()).or_insert_with(|| value.clone());
                }
                // These hold for values of any type: of an enumeration null can be one more.
                "enum" if choices.iter().any(|other| *other == json!({"type": "null"})) => {
                    let mut words = value.as_array().cloned().unwrap_or_default();
                    words.push(Value::Null);
                    merged.insert(keyword.clone(), words.into());
                }
                "const" | "enum" | "oneOf" | "allOf" | "anyOf" | "not" | "$ref" => return None,
                _ if merged.contains_key(keyword) => return None,
                _ => {
                    merged.insert(keyword.clone(), value.clone());
                }
            }
        }
        choice.get("type")?;
    }
    merged.insert("type".into(), types.into());
    Some(merged)
}

/// Lets the wrapped form of a secure parameter stand wherever a secret may.
fn accept_secure_forms(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(accept_secure_forms),
        Value::Object(map) => {
            map.values_mut().for_each(accept_secure_forms);
            if map.get("writeOnly") == Some(&Value::Bool(true)) {
                accept_secure_string(map);
            }
            let Some(Value::Object(properties)) = map.get_mut("properties") else {
                return;
            };
            let source = properties.contains_key("pkcs12");
            if source && let Some(Value::Object(pem)) = properties.get_mut("pem") {
                accept_secure_string(pem);
            }
            if source || properties.contains_key("pkcs12_path") {
                accept_secure_object(map);
            }
        }
        _ => {}
    }
}

fn accept_secure_string(schema: &mut Map<String, Value>) {
    also_object(schema);
    let properties =
        json!({ SECURE_STRING: {"type": "string", "description": "The text, as DSC wraps a secure string."} });
    schema.insert("properties".into(), properties);
    schema.insert("required".into(), json!([SECURE_STRING]));
    schema.insert("additionalProperties".into(), false.into());
}

fn accept_secure_object(schema: &mut Map<String, Value>) {
    also_object(schema);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let wrapped = json!({"type": "object", "description": "The object, as DSC wraps a secure object."});
        properties.insert(SECURE_OBJECT.into(), wrapped);
    }
    schema.insert(
        "dependentSchemas".into(),
        json!({ SECURE_OBJECT: {"maxProperties": 1} }),
    );
}

fn also_object(schema: &mut Map<String, Value>) {
    let mut types = match schema.remove("type") {
        Some(Value::Array(types)) => types,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    if !types.iter().any(|one| one == "object") {
        types.push("object".into());
    }
    schema.insert("type".into(), types.into());
}

/// Calls fields what the properties are called, in names and in what is said of them.
fn rename(schema: &mut Value, fields: &BTreeSet<String>) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(|item| rename(item, fields)),
        Value::Object(map) => {
            for (keyword, value) in map.iter_mut() {
                match (keyword.as_str(), value) {
                    ("properties", Value::Object(properties)) => {
                        for (name, mut property) in std::mem::take(properties) {
                            if !DATA.contains(&name.as_str()) {
                                rename(&mut property, fields);
                            }
                            properties.insert(camel(&name), property);
                        }
                    }
                    ("required", Value::Array(required)) => {
                        for name in required {
                            if let Value::String(name) = name {
                                *name = camel(name);
                            }
                        }
                    }
                    ("description", Value::String(text)) => *text = in_camel_case(text, fields),
                    (_, value) => rename(value, fields),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_be_read_back() {
        let mut fields = BTreeSet::new();
        names(&request_schema(), &mut fields);
        assert!(fields.contains("key_sha256") && fields.contains("any_of"));
        for name in fields {
            // Finding codes are data.
            if !name.contains('-') {
                assert_eq!(field(&camel(&name)).as_deref(), Some(name.as_str()));
            }
        }
        for (property, name) in [
            ("keySha256", "key_sha256"),
            ("pkcs12Path", "pkcs12_path"),
            ("use", "use"),
        ] {
            assert_eq!(field(property).as_deref(), Some(name));
        }
        for stranger in ["any_of", "AnyOf", "_inDesiredState"] {
            assert_eq!(field(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn the_schema_refers_to_nothing_and_enforces_what_it_says() {
        let text = serde_json::to_string(&schema()).unwrap();
        let mut asked = schema();
        asked.get_mut("properties").unwrap()["report"].take();
        let asked = serde_json::to_string(&asked).unwrap();
        for field in renamed_fields() {
            assert!(!asked.contains(&field), "{field}");
        }
        for keyword in ["\"$ref\"", "\"$defs\"", "\"$id\"", "\"format\""] {
            assert!(!text.contains(keyword), "{keyword}");
        }
        assert!(text.contains("\"https://json-schema.org/draft/2020-12/schema\""));
    }

    #[test]
    fn finding_codes_and_the_report_keep_their_names() {
        let schema = schema();
        let properties = &schema.get("properties").unwrap();
        let severity = &properties["policy"]["properties"]["severity"]["properties"];
        assert!(severity["cdp-missing"].is_object());
        assert!(properties["report"]["properties"]["valid_at"].is_object());
        assert!(properties["policy"]["properties"]["validAt"].is_object());
        assert!(properties["subjects"]["items"]["properties"]["anyOf"].is_object());
    }

    #[test]
    fn a_choice_between_kinds_becomes_one_schema_and_any_other_stays() {
        let mut choice = json!({"anyOf": [{"type": "string", "minLength": 1}, {"type": "object", "properties": {}}]});
        simplify(&mut choice);
        assert_eq!(
            choice,
            json!({"type": ["string", "object"], "minLength": 1, "properties": {}})
        );
        for kept in [
            json!({"anyOf": [{"type": "string", "minLength": 1}, {"type": "string", "maxLength": 2}]}),
            json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "object"}]}),
            json!({"anyOf": [{"not": {"const": "a"}, "type": "string"}, {"type": "null"}]}),
        ] {
            let mut choice = kept.clone();
            simplify(&mut choice);
            assert_eq!(choice, kept);
        }
        let mut word = json!({"anyOf": [{"oneOf": [{"const": "a", "description": "x"}]}, {"type": "null"}]});
        simplify(&mut word);
        assert_eq!(word, json!({"type": ["string", "null"], "enum": ["a", null]}));
    }

    #[test]
    fn words_are_renamed_whole_and_values_are_not() {
        let fields = ["any_of".to_owned(), "pkcs12_path".to_owned()].into();
        let said = in_camel_case("any_of, many_of: `pkcs12_path` of /any_of/0", &fields);
        assert_eq!(said, "anyOf, many_of: `pkcs12Path` of /anyOf/0");
    }
}
