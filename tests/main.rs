//! The one integration binary: a list of modules.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests say so by failing"
)]

mod algorithms;
mod batch;
mod binary;
mod completion;
mod decision;
mod dsc;
mod enforce;
mod estates;
mod faults;
mod fleet;
mod forgery;
mod house;
mod level_root;
mod mint;
mod minted;
mod model;
mod names;
mod powershell;
mod process;
mod profiles;
mod readers;
mod real_cases;
#[path = "../benches/reports/mod.rs"]
mod reports;
mod scene;
mod servers;
mod support;
mod tls;
#[cfg(windows)]
mod windows;
mod words;
