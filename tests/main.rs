//! The one integration binary: a list of modules.

mod mint;
mod minted;
mod real_cases;
mod support;
