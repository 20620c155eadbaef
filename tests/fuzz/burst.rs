//! Fuzzing on stable Rust: good inputs of the minter, broken at random, for each of the places where strange bytes come
//! in. Nothing may panic, and nothing may take long. It knows nothing of coverage: libFuzzer finds more (`Cargo.toml`
//! beside this file says how to run it).
//!
//! `fuzz [SECONDS [SEED]]`: seconds for each target (60), and the seed of a run to repeat. What fails is kept in
//! `target/fuzz`. `fuzz corpus FOLDER` writes the good inputs, a folder for each target, for libFuzzer to begin with.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for people who develop this one"
)]

mod targets;

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use targets::{Target, targets};

/// No input may take longer, whatever it says: the work on each is bounded.
const PATIENCE: Duration = Duration::from_secs(5);
/// Changes to one input: a few, so that most of it still makes sense.
const CHANGES: u64 = 6;
/// Inputs are not grown beyond this: large ones only make the run slow.
const LONGEST: usize = 64 * 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, folder] = &arguments[..]
        && command == "corpus"
    {
        corpus(Path::new(folder));
        return ExitCode::SUCCESS;
    }
    let mut arguments = arguments
        .into_iter()
        .map(|argument| argument.parse().expect("a whole number"));
    let seconds: u64 = arguments.next().unwrap_or(60);
    let seed: u64 = arguments.next().unwrap_or_else(|| {
        #[allow(
            clippy::disallowed_methods,
            reason = "a seed that differs from run to run, and is printed"
        )]
        let now = SystemTime::now();
        now.duration_since(UNIX_EPOCH)
            .map_or(1, |since| since.as_nanos() as u64)
    });
    println!("seed {seed}");
    let mut failures = 0;
    for target in targets() {
        failures += u32::from(!fuzz(&target, Duration::from_secs(seconds), seed));
    }
    if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Writes the good inputs.
fn corpus(folder: &Path) {
    for target in targets() {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder).expect("a place for the inputs");
        for (number, seed) in target.seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed).expect("a place for the inputs");
        }
        println!("{}: {} inputs", folder.display(), target.seeds.len());
    }
}

/// Runs one target; whether all went well.
fn fuzz(target: &Target, time: Duration, seed: u64) -> bool {
    for seed in &target.seeds {
        (target.run)(seed);
    }
    let mut random = Random(seed | 1);
    let (start, mut runs, mut slowest) = (Instant::now(), 0u64, Duration::ZERO);
    while start.elapsed() < time {
        let input = broken(&target.seeds, &mut random);
        let begun = Instant::now();
        let ended = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        let took = begun.elapsed();
        runs += 1;
        slowest = slowest.max(took);
        if ended.is_ok() && took < PATIENCE {
            continue;
        }
        let what = if ended.is_err() { "panics" } else { "takes too long" };
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/fuzz");
        let file = folder.join(format!("{}-{seed}-{runs}", target.name));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&file, &input))
            .expect("a place for what failed");
        println!("{}: {what} on {}", target.name, file.display());
        return false;
    }
    println!("{}: {runs} inputs, the slowest took {slowest:.1?}", target.name);
    true
}

/// One of the seeds with a few changes.
fn broken(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = random.one_of(seeds).clone();
    for _ in 0..=random.below(CHANGES) {
        if input.is_empty() || input.len() > LONGEST {
            break;
        }
        let at = random.below(input.len() as u64) as usize;
        let length = random.below(32.min((input.len() - at) as u64)) as usize + 1;
        match random.below(7) {
            0 => input[at] ^= 1 << random.below(8),
            1 => input[at] = random.next() as u8,
            // What lengths and counts are made of.
            2 => input[at] = *random.one_of(&[0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff]),
            3 => drop(input.drain(at..at + length)),
            4 => {
                let again: Vec<u8> = input[at..at + length].to_vec();
                input.splice(at..at, again);
            }
            5 => {
                let other = random.one_of(seeds);
                let from = random.below(other.len() as u64) as usize;
                let part = &other[from..(from + length * 8).min(other.len())];
                input.splice(at..at + length, part.iter().copied());
            }
            _ => input.truncate(at),
        }
    }
    input
}

/// Numbers that look random and are the same for the same seed (xorshift64*, Vigna 2016).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}
