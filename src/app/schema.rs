//! `same-ca schema`: the JSON Schema of what is read and written.

use crate::protocol::{Fault, FaultCode, schema as schemas};

/// A schema as JSON, or without a name the names, one a line.
pub fn schema(name: Option<&str>) -> Result<Vec<u8>, Fault> {
    let Some(name) = name else {
        return Ok((schemas::NAMES.join("\n") + "\n").into_bytes());
    };
    let Some(schema) = schemas::schema(name) else {
        return Err(Fault::usage(format!(
            "unknown schema; known are {}",
            schemas::NAMES.join(", ")
        )));
    };
    let text = serde_json::to_string_pretty(&schema);
    let text = text.map_err(|_| Fault::new(FaultCode::Internal, "the schema could not be written as JSON"))?;
    Ok((text + "\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_in_the_repository_are_the_ones_of_the_types() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        for name in schemas::NAMES {
            let file = folder.join(format!("{name}.schema.json"));
            let standing = std::fs::read(&file).unwrap_or_default();
            // Git may have given the file the line ends of the system.
            let standing = String::from_utf8(standing).unwrap().replace("\r\n", "\n");
            let generated = String::from_utf8(schema(Some(name)).unwrap()).unwrap();
            assert!(
                standing == generated,
                "{} is not what the types say: run `make schemas`",
                file.display()
            );
        }
    }

    #[test]
    fn every_name_that_is_listed_can_be_had() {
        let listed = String::from_utf8(schema(None).unwrap()).unwrap();
        assert_eq!(listed.lines().count(), schemas::NAMES.len());
        for name in listed.lines() {
            let schema: serde_json::Value = serde_json::from_slice(&schema(Some(name)).unwrap()).unwrap();
            assert_eq!(
                schema["$schema"], "https://json-schema.org/draft/2020-12/schema",
                "{name}"
            );
        }
        assert!(schema(Some("no-such")).is_err());
    }
}
