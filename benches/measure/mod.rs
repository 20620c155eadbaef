//! What the measurements share: medians, processor time, and a place for what is minted once.

#![allow(dead_code, reason = "shared by path: each of its users needs another part of it")]

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The program that is measured.
pub const BINARY: &str = env!("CARGO_BIN_EXE_same-ca");

/// A folder for what is minted once and kept; delete it to have everything minted anew.
pub fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench").join(name);
    fs::create_dir_all(&folder).expect("a folder for what is minted");
    folder
}

/// A number from the environment, for shorter and longer runs.
#[allow(clippy::disallowed_methods, reason = "a measurement is nobody's library")]
pub fn number(variable: &str, otherwise: usize) -> usize {
    match std::env::var(variable) {
        Ok(value) => value
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is not a number: {value}")),
        Err(_) => otherwise,
    }
}

/// Wall time of one run.
pub fn wall<R>(run: impl FnOnce() -> R) -> (Duration, R) {
    let start = Instant::now();
    let result = run();
    (start.elapsed(), result)
}

/// The middle one.
pub fn median<T: Copy + PartialOrd>(values: &[T]) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).expect("comparable values"));
    sorted[sorted.len() / 2]
}

/// Processor time, user and system, of this process, and of the children it has waited for. Linux counts it in ticks of
/// 10 ms: measure a second or more.
pub struct Processor {
    pub own: Duration,
    pub children: Duration,
}

impl Processor {
    pub fn now() -> Processor {
        /// USER_HZ, which Linux fixes at 100 for everything that reads `/proc`.
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string("/proc/self/stat").expect("processor time is read from /proc (Linux)");
        // The program's name, in parentheses, may hold anything; the state follows it, then the numbers (proc(5)).
        let (_, rest) = stat.rsplit_once(')').expect("a name in parentheses");
        let field = |number: usize| -> u32 {
            let mut fields = rest.split_whitespace();
            fields
                .nth(number - 3)
                .and_then(|field| field.parse().ok())
                .expect("a number")
        };
        Processor {
            own: TICK * (field(14) + field(15)),
            children: TICK * (field(16) + field(17)),
        }
    }
}
