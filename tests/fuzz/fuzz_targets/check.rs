//! The verdict on a certificate that brings itself as a chain.
#![no_main]

#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::judged(bytes));
