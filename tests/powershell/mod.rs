//! The PowerShell module, as far as it goes without PowerShell: every request that it builds is answered by the real
//! binary as its Pester tests expect, and its manifests say what its class says.

mod collection;
mod examples;
#[cfg(unix)]
mod gate;
mod golden;
mod manifests;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}
