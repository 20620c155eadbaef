//! Many reports into one: wall time and peak memory of `same-ca fleet` writing JSON and the page, next to jq and DuckDB
//! doing nothing but the counting. One run, one file, one after the other; each three times, the best of which counts,
//! but jq once from a million reports on: it takes a minute, and varies by far less than what it is compared with.
//! Before each run the disk is made to be done with what was written earlier (`sync`), as the reports may have been just
//! now.
//!
//! In the same run: what writing past the page cache (`src/output/large.rs`) is worth, as the time of the whole command
//! until the fleet report is on the disk. `--json FILE` writes past it; standard output into a file goes through it, and
//! is synced at the end as `--json` does. It stays while it saves 10 % at a million reports.
//!
//! `SAME_CA_BENCH_REPORTS` (100000; 1000000 are 3 GB) says how many. DuckDB is the module of Python: of the Python that
//! `SAME_CA_BENCH_PYTHON` names, else of `target/tmp/bench/duckdb`, where the first line below puts it, else of python3.
//! A peer that is not there is not measured.
//!
//! ```text
//! python3 -m venv target/tmp/bench/duckdb && target/tmp/bench/duckdb/bin/pip install duckdb
//! SAME_CA_BENCH_REPORTS=1000000 cargo bench --bench fleet
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement prints, and fails where it cannot measure"
)]

mod measure;
mod reports;

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The counting that all do: reports by status, each host's newest being left to same-ca.
const JQ: &str = "reduce inputs as $report ({}; .[$report.status] += 1)";
const DUCKDB: &str = "import duckdb, sys
duckdb.sql('set threads to 2')
print(duckdb.sql(f\"select status, count(*) from read_json('{sys.argv[1]}', format='newline_delimited', \
                   columns={{status: 'VARCHAR'}}) group by all\").fetchall())";
/// same-ca shall be so many times as fast as jq.
const TARGET: f64 = 10.0;
/// How often each is run.
const TIMES: usize = 3;
/// Reports from which on jq is run once.
const MANY: usize = 1_000_000;
/// How often a running process is asked for its peak: the last answer is what counts, and it only grows.
const POLL: Duration = Duration::from_millis(10);

fn main() {
    let count = measure::number("SAME_CA_BENCH_REPORTS", 100_000);
    let folder = measure::folder("fleet");
    let file = folder.join(format!("reports-{count}.ndjson"));
    if !file.exists() {
        println!("writing {count} reports, once, into {}", file.display());
        let mut out = BufWriter::new(File::create(&file).unwrap());
        reports::write(count, &mut out).unwrap();
        out.flush().unwrap();
    }
    let size = fs::metadata(&file).unwrap().len();
    println!("fleet, {count} reports, {} MB:", size / 1_000_000);
    // Once through, so that nobody has to wait for the disk.
    std::io::copy(&mut File::open(&file).unwrap(), &mut std::io::sink()).unwrap();

    let (json, html) = (folder.join("fleet.json"), folder.join("fleet.html"));
    let mut counting = Command::new(measure::BINARY);
    counting
        .arg("fleet")
        .arg(&file)
        .args(["--format", "text", "--output"])
        .arg(folder.join("fleet.txt"));
    let mut whole = Command::new(measure::BINARY);
    whole
        .arg("fleet")
        .arg(&file)
        .arg("--json")
        .arg(&json)
        .arg("--html")
        .arg(&html);
    let counting = run("same-ca, text", TIMES, size, &mut counting).unwrap();
    let whole = run("same-ca, JSON and page", TIMES, size, &mut whole).unwrap();
    let length = |path: &Path| fs::metadata(path).unwrap().len() / 1_000_000;
    println!(
        "  wrote {} MB of JSON and a page of {} MB",
        length(&json),
        length(&html)
    );
    let mut cached = Command::new(measure::BINARY);
    cached.arg("fleet").arg(&file).args(["--format", "json"]);
    let mut past = Command::new(measure::BINARY);
    past.arg("fleet").arg(&file).arg("--json").arg(&json);
    past.args(["--format", "text", "--output"])
        .arg(folder.join("fleet.txt"));
    let cached = run_into("JSON through the cache", TIMES, size, &mut cached, Some(&json)).unwrap();
    let past = run("JSON past the cache", TIMES, size, &mut past).unwrap();
    println!(
        "  writing past the cache saves {:.0} % of the command",
        (1.0 - past.as_secs_f64() / cached.as_secs_f64()) * 100.0
    );
    let jq = run(
        "jq, counting alone",
        if count < MANY { TIMES } else { 1 },
        size,
        Command::new("jq").args(["-n", JQ]).arg(&file),
    );
    let installed = measure::folder("duckdb");
    let python = installed.join("bin/python");
    let python = std::env::var_os("SAME_CA_BENCH_PYTHON")
        .or_else(|| python.exists().then(|| python.into()))
        .unwrap_or_else(|| "python3".into());
    let duckdb = run(
        "DuckDB, counting alone",
        TIMES,
        size,
        Command::new(python).args(["-c", DUCKDB]).arg(&file),
    );
    if duckdb.is_none() {
        let venv = installed.display();
        println!("  for DuckDB: python3 -m venv {venv} && {venv}/bin/pip install duckdb");
    }
    if let Some(jq) = jq {
        let ratio = jq.as_secs_f64() / whole.as_secs_f64();
        let kept = if ratio >= TARGET { "kept" } else { "MISSED" };
        println!(
            "  {ratio:.1} times as fast as jq with both files, {:.1} with text; target {TARGET}: {kept}",
            jq.as_secs_f64() / counting.as_secs_f64()
        );
    }
}

/// Runs a command so many times, and says the best time and the largest peak of memory.
fn run(what: &str, times: usize, size: u64, command: &mut Command) -> Option<Duration> {
    run_into(what, times, size, command, None)
}

/// [`run`] with standard output in a file, where one is given; the time ends when it is on the disk.
fn run_into(what: &str, times: usize, size: u64, command: &mut Command, output: Option<&Path>) -> Option<Duration> {
    let runs: Option<Vec<(Duration, u64)>> = (0..times).map(|_| run_once(what, command, output)).collect();
    let runs = runs?;
    let took = runs.iter().map(|(took, _)| *took).min()?;
    let peak = runs.iter().map(|(_, peak)| *peak).max()?;
    let rate = size as f64 / 1e6 / took.as_secs_f64();
    let all: Vec<String> = runs
        .iter()
        .map(|(took, _)| format!("{:.2}", took.as_secs_f64()))
        .collect();
    println!(
        "  {what:24} {:7.2} s  {rate:6.0} MB/s  peak {:5} MB  (of {})",
        took.as_secs_f64(),
        peak / 1024,
        all.join(", ")
    );
    Some(took)
}

/// Runs a command to its end; its peak memory, in KiB, is read from `/proc` (Linux) while it runs.
fn run_once(what: &str, command: &mut Command, output: Option<&Path>) -> Option<(Duration, u64)> {
    Command::new("sync")
        .status()
        .expect("sync, which Linux has as it has /proc");
    let file = output.map(|path| File::create(path).unwrap());
    let stdout = match &file {
        Some(file) => file.try_clone().unwrap().into(),
        None => Stdio::null(),
    };
    let started = Instant::now();
    let child = command.stdout(stdout).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        println!("  {what:24} not there, NOT MEASURED");
        return None;
    };
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        peak = fs::read_to_string(&status)
            .ok()
            .and_then(|text| high_water(&text))
            .unwrap_or(peak);
        thread::sleep(POLL);
    };
    if let Some(file) = file {
        file.sync_all().unwrap();
    }
    let took = started.elapsed();
    if !ended.success() {
        let mut errors = String::new();
        child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        println!(
            "  {what:24} failed, NOT MEASURED: {}",
            errors.lines().last().unwrap_or_default()
        );
        return None;
    }
    Some((took, peak))
}

/// The peak of the memory in use, in KiB.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
