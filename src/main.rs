//! The process around the library: streams, environment, clock, exit code, and nothing else.

use std::ffi::OsString;
use std::io::{self, BufReader, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use same_ca::app::{self, Context, Progress, Streams};
use same_ca::output::Meter;
use same_ca::protocol::Timestamp;
use same_ca::render::safe::Safe;

/// Large enough that a big request costs few system calls, small enough not to be felt at the start.
const BUFFER: usize = 64 * 1024;

fn main() -> ExitCode {
    // The words of a panic may hold what was being read; its place is enough to find it by.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tell(&format!("a defect at {place}; please report it"));
    }));
    match run() {
        Ok(code) => code.into(),
        Err(error) => {
            tell(&format!("{error:#}"));
            app::NOT_ANSWERED.into()
        }
    }
}

fn run() -> anyhow::Result<u8> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let clock = clock().context("failed to read the clock")?;
    let errors_is_terminal = io::stderr().is_terminal();
    let meter = Mutex::new(Meter::new(io::stderr()));
    let started = Instant::now();
    let with_meter = |act: &dyn Fn(&mut Meter<io::Stderr>)| {
        if errors_is_terminal && let Ok(mut meter) = meter.lock() {
            act(&mut meter);
        }
    };
    let context = Context {
        clock,
        env: &environment,
        progress: &|progress: Progress| with_meter(&|meter| meter.show(&progress, started.elapsed())),
        log: &|line: &str| {
            with_meter(&Meter::clear);
            tell(line);
        },
    };
    let mut streams = Streams {
        input: &mut BufReader::with_capacity(BUFFER, io::stdin()),
        input_is_terminal: io::stdin().is_terminal(),
        output: &mut BufWriter::with_capacity(BUFFER, io::stdout().lock()),
        output_is_terminal: io::stdout().is_terminal(),
        errors: &mut io::stderr(),
        errors_is_terminal,
    };
    let code = app::run(&arguments, &mut streams, &context);
    with_meter(&Meter::clear);
    Ok(code?)
}

fn clock() -> anyhow::Result<Timestamp> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::from_unix(i64::try_from(since.as_secs())?))
}

fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    std::env::var(name).ok()
}

/// One line on standard error. If it cannot be written, there is nowhere else to report that.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "same-ca: {}", Safe(line));
}
