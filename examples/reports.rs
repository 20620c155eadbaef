//! Writes reports of an estate that does not exist, one a line: `reports COUNT FILE`. The tests of the fleet page read them.

#![allow(clippy::print_stderr, reason = "a program for people who develop this one")]

#[path = "../benches/reports/mod.rs"]
mod reports;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [count, file] = &arguments[..] else {
        eprintln!("usage: reports COUNT FILE");
        return ExitCode::from(2);
    };
    let done = count
        .parse()
        .map_err(io::Error::other)
        .and_then(|count| write(count, file));
    if let Err(error) = done {
        eprintln!("reports: {error}");
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

fn write(count: usize, file: &str) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    reports::write(count, &mut out)?;
    out.flush()
}
