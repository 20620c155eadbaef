//! The one integration binary: a list of modules.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests say so by failing"
)]
// Clippy knows the helpers of tests for tests only in `#[cfg(test)]` modules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batch;
mod binary;
mod mint;
mod minted;
mod process;
mod real_cases;
mod servers;
mod support;
mod tls;
