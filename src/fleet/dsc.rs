//! The result documents of Microsoft DSC v3: `dsc config test`, `dsc config get`, and the same of one resource. Nested
//! groups are walked; the reports in the states of our resources are read, all else is passed over.

use serde_json::Value;

use crate::protocol::fleet::UnreadableCode;

use super::input::{Documents, Origin, Piece};

/// The resources whose states hold reports.
const RESOURCES: [&str; 2] = ["SameCA/Certificate", "SameCADsc/SameCACertificate"];

/// Reads the reports of a result document.
pub(super) fn read(documents: &Documents, bytes: &[u8], origin: Origin<'_>, found: &mut Vec<Piece>) {
    let before = found.len();
    match serde_json::from_slice::<Value>(bytes) {
        Ok(document) => {
            match document.get("results") {
                Some(results) => walk(documents, results, origin, found),
                // `dsc resource test` and `get` do not say which resource it is: only its state does.
                None => state(documents, &document, "the result", origin, found),
            }
            if found.len() == before {
                let message = "expected results of SameCA/Certificate or SameCADsc/SameCACertificate, found none";
                found.push(origin.unreadable(UnreadableCode::NotAReport, message));
            }
        }
        Err(error) => found.push(origin.unreadable(UnreadableCode::BadJson, &format!("not JSON: {error}"))),
    }
}

/// serde_json reads no deeper than 128, so neither does this.
fn walk(documents: &Documents, results: &Value, origin: Origin<'_>, found: &mut Vec<Piece>) {
    for result in results.as_array().into_iter().flatten() {
        let of = |key: &str| result.get(key).and_then(Value::as_str).unwrap_or_default();
        let Some(inner) = result.get("result") else { continue };
        if RESOURCES.iter().any(|known| known.eq_ignore_ascii_case(of("type"))) {
            state(documents, inner, of("name"), origin, found);
        } else if inner.is_array() {
            walk(documents, inner, origin, found);
        } else if let Some(nested) = inner.pointer("/actualState/results").or_else(|| inner.get("results")) {
            walk(documents, nested, origin, found);
        }
    }
}

fn state(documents: &Documents, result: &Value, name: &str, origin: Origin<'_>, found: &mut Vec<Piece>) {
    let report = result.get("actualState").and_then(|state| {
        let state = state.as_object()?;
        let (_, report) = state.iter().find(|(key, _)| key.eq_ignore_ascii_case("report"))?;
        // A class resource of PowerShell has no properties but strings for what is nested so deep.
        Some(report.as_str().map_or_else(|| report.to_string(), str::to_owned))
    });
    match report {
        Some(report) => documents.read(report.as_bytes(), origin, found),
        None => {
            let message = format!("{name}: its state holds no report");
            found.push(origin.unreadable(UnreadableCode::BadReport, &message));
        }
    }
}
