//! The one integration binary: a list of modules.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests say so by failing"
)]

mod cli;
mod dsc;
mod enforce;
mod fleet;
mod guide;
mod house;
mod model;
mod powershell;
#[path = "../benches/reports/mod.rs"]
mod reports;
mod support;
mod verdict;
#[cfg(windows)]
mod windows;
mod words;
