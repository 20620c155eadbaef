//! The one integration binary: a list of modules.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests say so by failing"
)]

#[cfg(unix)]
mod enforce;
mod mint;
mod minted;
mod real_cases;
mod support;
