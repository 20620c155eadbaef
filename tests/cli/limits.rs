//! Input without end: it is refused soon, and little of it is held.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use mint::container::pem;
use serde_json::json;

use super::with;
use crate::support::binary::{Ran, call, folder, same_ca, small, spawn, write};

/// The most memory that a process ever held, in bytes, asked while it runs.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// Writes a piece again and again until the process has heard enough, and says how it ended and what it held.
fn flooded(arguments: &[&str], head: &[u8], piece: &[u8], total: usize) -> (Ran, u64) {
    let mut command = same_ca(arguments);
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = spawn(pipes).unwrap();
    let (mut input, mut held, mut sent) = (child.stdin.take().unwrap(), 0, head.len());
    let mut going = input.write_all(head).is_ok();
    while going && sent < total {
        going = input.write_all(piece).is_ok();
        sent += piece.len();
        held = held.max(peak(child.id()).unwrap_or_default());
    }
    drop(input);
    while child.try_wait().unwrap().is_none() {
        held = held.max(peak(child.id()).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (
        Ran {
            code: output.status.code().unwrap(),
            stdout: output.stdout,
            stderr,
        },
        held,
    )
}

#[test]
fn a_request_of_a_gibibyte_is_refused_and_not_held() {
    let piece = vec![b' '; 4 << 20];
    let begun = Instant::now();
    let (ran, held) = flooded(&["check"], b"{\"protocol\":1,", &piece, 1 << 30);
    let (code, pointer, _) = ran.error();
    assert_eq!((code.as_str(), pointer.as_deref()), ("too-large", Some("")));
    assert!(held < 600 << 20, "held {} MiB", held >> 20);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_refused_request_of_many_values_is_not_taken_apart_without_bound() {
    let piece = b"0,".repeat(1 << 20);
    for (head, code, pointer) in [
        (&b"{\"protocol\":1,\"x\":["[..], "too-large", Some("/x")),
        (b"[0,", "too-large", Some("")),
        (b"{\"protocol\":1,\"host\":[", "too-large", Some("/host")),
    ] {
        let (ran, held) = flooded(&["check"], head, &piece, 20 << 20);
        let found = ran.error();
        assert_eq!((found.0.as_str(), found.1.as_deref()), (code, pointer), "{found:?}");
        assert!(held < 300 << 20, "held {} MiB", held >> 20);
    }
}

#[test]
fn a_bomb_of_pem_is_a_short_answer() {
    let small = small();
    let own = folder("bomb");
    let junk = pem("CERTIFICATE", &[0x30, 0]).repeat(60_000);
    let open = "-----BEGIN CERTIFICATE-----\n".repeat(60_000);
    let same = small.good.pem().repeat(6_000);
    for (name, content) in [("junk.pem", &junk), ("open.pem", &open), ("same.pem", &same)] {
        let path = write(&own, name, content);
        let begun = Instant::now();
        let request = small.request_of(
            json!([{"name": "bomb", "source": path}, {"name": "good", "source": {"pem": small.good.pem()}}]),
        );
        let ran = call(&["check"], with(&request, "/intermediates", json!([path])));
        let report = ran.json();
        assert_eq!(report["subjects"][1]["relation"], "same", "{name}");
        assert!(
            ran.stdout.len() < 2 << 20,
            "{name}: {} bytes of report",
            ran.stdout.len()
        );
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{name}: {:?}",
            begun.elapsed()
        );
    }
}
