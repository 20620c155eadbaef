//! Mints test certificates.
//!
//! `cargo run --example mint -- key rsa2048-65537-LABEL`: the PEM of a test key, worked out anew from its label.

#[path = "../tests/mint/mod.rs"]
mod mint;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["key", id] => print!("{}", mint::key::fresh(id).pkcs8_pem()),
        _ => {
            eprintln!("usage: mint key ID");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
