//! One question, as a program asks it: a whole process of `same-ca check`, against `openssl verify` over the same
//! certificates. They run in turn, so that what slows the machine down slows down both.
//!
//! `openssl verify` says whether the certificate chains to the CA; it compares with no reference and writes no report.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement prints, and fails where it cannot measure"
)]

mod measure;

use std::fs::{self, File};
use std::process::{Command, Stdio};

use mint::{Ca, Key};
use serde_json::json;

/// A check may take this part of the time of `openssl verify`.
const TARGET: f64 = 0.6;

fn main() {
    let rounds = measure::number("SAME_CA_BENCH_ROUNDS", 200);
    let folder = measure::folder("one_check");
    let root = Ca::root_with("CN=Contoso Root CA,DC=contoso,DC=com", &Key::rsa(2048, "ca"));
    let server = |host: &str, label: &str| {
        let builder = mint::CertBuilder::server(host, &Key::rsa(2048, label)).issuer(&root);
        builder.cdp(&["http://pki.contoso.com/CertEnroll/ca.crl"]).build()
    };
    for (file, cert) in [
        ("ca.pem", &root.cert),
        ("fe01.pem", &server("fe01.contoso.com", "fe01")),
        ("pchat01.pem", &server("pchat01.contoso.com", "pchat01")),
    ] {
        fs::write(folder.join(file), cert.pem()).unwrap();
    }
    let request = json!({
        "protocol": 1,
        "reference": [{"name": "fe01.contoso.com", "source": {"path": "fe01.pem"}}],
        "subjects": [{"name": "pchat01.contoso.com", "source": {"path": "pchat01.pem"}}],
        "authorities": [{"path": "ca.pem"}],
        "policy": {"valid_at": mint::NOW_TEXT},
    });
    fs::write(folder.join("check.json"), request.to_string()).unwrap();

    let run = |command: &mut Command| {
        let command = command.current_dir(&folder).stdout(Stdio::null());
        let (time, status) = measure::wall(|| command.status().expect("the program can be run"));
        assert!(status.success(), "{command:?}");
        time.as_secs_f64() * 1e3
    };
    let check = || {
        let request = File::open(folder.join("check.json")).unwrap();
        run(Command::new(measure::BINARY)
            .args(["check", "--exit-code"])
            .stdin(request))
    };
    let now = mint::NOW.to_string();
    let arguments = [
        "verify",
        "-attime",
        &now,
        "-CAfile",
        "ca.pem",
        "fe01.pem",
        "pchat01.pem",
    ];
    let verify = || run(Command::new("openssl").args(arguments));
    check();
    verify();
    let (ours, theirs): (Vec<f64>, Vec<f64>) = (0..rounds).map(|_| (check(), verify())).unzip();
    let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
    let ratio = measure::median(&ratios);
    let kept = if ratio <= TARGET { "kept" } else { "MISSED" };
    println!("one check, wall time of the process, medians of {rounds} rounds:");
    println!("  same-ca check  {:6.2} ms", measure::median(&ours));
    println!("  openssl verify {:6.2} ms", measure::median(&theirs));
    println!("  ratio          {ratio:6.2}      target {TARGET}: {kept}");
}
