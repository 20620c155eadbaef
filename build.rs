//! How the program is linked.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "Cargo is told on standard output, and tells by the environment"
)]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let set = |name: &str| env::var(name).unwrap_or_default();
    let gnu = set("CARGO_CFG_TARGET_OS") == "linux" && set("CARGO_CFG_TARGET_ENV") == "gnu";
    let wholly_static = set("CARGO_CFG_TARGET_FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    if gnu && !wholly_static {
        // The unwinder comes with the compiler. As a shared library, loading it is a sixth of a whole check.
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
