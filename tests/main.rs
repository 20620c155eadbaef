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
mod decision;
mod dsc;
mod forgery;
mod mint;
mod minted;
mod names;
mod real_cases;
mod scene;
mod support;
