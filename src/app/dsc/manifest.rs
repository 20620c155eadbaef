//! The resource manifest, generated so that it cannot disagree with the program.

use serde_json::json;

use crate::protocol::dsc::{self, RESOURCE_TYPE};
use crate::protocol::{Fault, FaultCode};

/// The manifest, as in `dsc/same_ca.dsc.resource.json`: fields of DSC 3.2 only, the schema embedded.
///
/// No `exitCodes`: a code that has a meaning there hides what is said on standard error.
pub fn manifest() -> Result<Vec<u8>, Fault> {
    let call = |operation: &str| {
        json!({
            "executable": "same-ca",
            "args": ["dsc", operation],
            "input": "stdin",
        })
    };
    let mut test = call("test");
    test["return"] = "stateAndDiff".into();
    let mut set = call("set");
    set["args"] = json!(["dsc", "set", {"whatIfArg": "--what-if"}]);
    set["return"] = "stateAndDiff".into();
    set["implementsPretest"] = true.into();
    let manifest = json!({
        "$schema": "https://aka.ms/dsc/schemas/v3/bundled/resource/manifest.json",
        "type": RESOURCE_TYPE,
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Certificates issued by the same CA as a reference's, proven by verified signatures.",
        "tags": ["certificate", "pki", "x509", "compliance", "linux", "windows"],
        "get": call("get"),
        "test": test,
        "set": set,
        "export": call("export"),
        "validate": call("validate"),
        "schema": {"embedded": dsc::schema()},
    });
    let text = serde_json::to_string_pretty(&manifest);
    let text = text.map_err(|_| Fault::new(FaultCode::Internal, "the manifest could not be written as JSON"))?;
    Ok((text + "\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_in_the_repository_is_the_one_of_the_program() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("dsc/same_ca.dsc.resource.json");
        let standing = std::fs::read(&file).unwrap_or_default();
        // Git may have given the file the line ends of the system.
        let standing = String::from_utf8(standing).unwrap().replace("\r\n", "\n");
        let generated = String::from_utf8(manifest().unwrap()).unwrap();
        assert!(
            standing == generated,
            "{} is not what the program says: run `make schemas`",
            file.display()
        );
    }
}
