//! Fuzzing on stable Rust: good inputs of the minter, broken at random, for each of the places where strange bytes come
//! in. Nothing may panic, and nothing may take long. It knows nothing of coverage: libFuzzer would find more.
//!
//! `fuzz [SECONDS [SEED]]`: seconds for each target (60), and the seed of a run to repeat. What fails is kept in
//! `target/fuzz`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for people who develop this one"
)]

use std::fs;
use std::hint::black_box;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::{Ca, Cert, CertBuilder, Key, P12, San, container};
use same_ca::app::{Context, check};
use same_ca::cert::Certificate;
use same_ca::decode;
use same_ca::protocol::{Request, Timestamp};
use serde_json::json;

/// No input may take longer, whatever it says: the work on each is bounded.
const PATIENCE: Duration = Duration::from_secs(5);
/// Changes to one input: a few, so that most of it still makes sense.
const CHANGES: u64 = 6;
/// Inputs are not grown beyond this: large ones only make the run slow.
const LONGEST: usize = 64 * 1024;

/// A place where strange bytes come in.
struct Target {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    run: fn(&[u8]),
}

fn main() -> ExitCode {
    let mut arguments = std::env::args()
        .skip(1)
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

fn targets() -> Vec<Target> {
    let root = Ca::root("CN=Contoso Root CA,DC=contoso,DC=com");
    let issuing = root.issue_ca("CN=Contoso Issuing CA,DC=contoso,DC=com");
    let rsa = Key::rsa(2048, "leaf");
    let rich = CertBuilder::server("fe01.contoso.com", &rsa)
        .issuer(&issuing)
        .dns(&["fe01.contoso.com", "*.contoso.com"])
        .cdp(&["http://pki.contoso.com/ca.crl"])
        .aia(&["http://pki.contoso.com/ca.crt"])
        .template_v2("1.3.6.1.4.1.311.21.8.1", 100, 4)
        .build();
    let narrow = CertBuilder::authority("CN=Narrow,DC=contoso,DC=com", &rsa)
        .issuer(&root)
        .name_constraints(vec![San::dns("contoso.com")], vec![San::dns("x.contoso.com")])
        .build();
    let plain = issuing.server("fe02.contoso.com").build();
    let certs = [&root.cert, &issuing.cert, &rich, &narrow, &plain];
    let ders: Vec<Vec<u8>> = certs.iter().map(|cert| cert.der().to_vec()).collect();
    let mut files = ders.clone();
    files.push(container::pem_bundle(&certs).into_bytes());
    files.push(container::utf16_le(&rich.pem()));
    files.push(container::p7b(&certs));
    files.push(container::p7b_pem(&certs).into_bytes());
    files.push(rsa.pkcs8_pem().into_bytes());
    files.push(rsa.pkcs8_pem_encrypted(PASSWORD).into_bytes());
    for form in [P12::new(PASSWORD), P12::legacy(PASSWORD), P12::new(PASSWORD).ber()] {
        files.push(form.cert(&rich).certs(&[&issuing.cert]).key(&rsa).iterations(2).build());
    }
    let requests = vec![request(&root, &issuing, &rich), request(&issuing, &root, &plain)];
    let target = |name, seeds, run| Target { name, seeds, run };
    vec![
        target("decode", files, |bytes| {
            let _ = black_box(decode::decode(bytes, Some(PASSWORD)));
            let _ = black_box(decode::decode_keys(bytes, Some(PASSWORD)));
        }),
        target("certificate", ders.clone(), certificate),
        target("request", requests, |bytes| {
            if let Ok(request) = same_ca::json::read::<Request>(bytes) {
                let _ = black_box(request.check());
            }
        }),
        target("check", ders, judged),
    ]
}

const PASSWORD: &str = "contoso";

/// Everything that is asked of a certificate.
fn certificate(der: &[u8]) {
    let Ok(certificate) = Certificate::parse(der) else {
        return;
    };
    black_box(certificate.facts());
    black_box(certificate.pem());
    black_box(certificate.unknown_critical_extension());
    black_box(certificate.subject() == certificate.issuer());
    black_box(same_ca::cert::verify(&certificate, certificate.key()));
    black_box(certificate.name_constraints());
}

/// The verdict on a certificate that brings itself as a chain, under a reference that it may have signed.
fn judged(der: &[u8]) {
    static PEM: OnceLock<[String; 3]> = OnceLock::new();
    let [root, issuing, member] = PEM.get_or_init(|| {
        let root = Ca::root("CN=Contoso Root CA,DC=contoso,DC=com");
        let issuing = root.issue_ca("CN=Contoso Issuing CA,DC=contoso,DC=com");
        let member = issuing.server("fe02.contoso.com").build();
        [root.cert.pem(), issuing.cert.pem(), member.pem()]
    });
    let encoded = STANDARD.encode(der);
    let request = json!({
        "protocol": 1,
        "reference": [{"name": "fe02", "source": {"pem": member}}],
        "subjects": [
            {"name": "a", "names": ["fe01.contoso.com"], "source": {"der": encoded, "chain": [encoded]}},
            {"name": "b", "names": ["fe01.contoso.com"], "any_of": [{"der": encoded}, {"pem": issuing}]},
        ],
        "authorities": [{"pem": root}],
        "intermediates": [{"pem": issuing}, {"der": encoded}],
        "policy": {"profile": "lync-server-2013", "valid_at": mint::NOW_TEXT},
    });
    let request: Request = same_ca::json::read(request.to_string().as_bytes()).expect("a request");
    let context = Context {
        clock: Timestamp::from_unix(mint::NOW),
        env: &|_| None,
        progress: &|_| (),
        log: &|_| (),
    };
    let report = check::check(&request, None, &context).expect("an answer");
    black_box(serde_json::to_vec(&report).expect("a report can be written"));
}

fn request(ca: &Ca, other: &Ca, cert: &Cert) -> Vec<u8> {
    let request = json!({
        "protocol": 1, "requirement": "persistent-chat", "host": "pchat01.contoso.com",
        "collected_at": mint::NOW_TEXT,
        "reference": [
            {"name": "fe01", "use": "Default", "source": {"tls": {"host": "fe01", "port": 5061, "starttls": "ldap"}}},
            {"name": "fe02", "authority": {"pem": ca.cert.pem()}},
            {"name": "fe03", "key_sha256": ca.cert.sha256()},
        ],
        "reference_document": {"path": "lync.reference.json"},
        "subjects": [{
            "name": "pchat01", "use": "Default", "names": ["pchat01.contoso.com"],
            "any_of": ["a.pem", {"path": "b.pfx", "password_env": "PASS"}, {"der": STANDARD.encode(cert.der())}],
            "effective_from": mint::NOW_TEXT,
        }],
        "authorities": ["CertEnroll"], "intermediates": [{"pem": other.cert.pem()}], "candidates": [],
        "policy": {
            "profile": "mutual-tls", "match": "key", "level": "root", "proof": "name", "references": "any",
            "valid_at": mint::NOW_TEXT, "warn_before_expiry": "30d", "renew_before": "2w", "names": [],
            "extended_key_usage": ["serverAuth"], "distrust": [{"key_sha256": ca.cert.sha256()}],
            "severity": {"cdp-missing": "warning"},
        },
    });
    request.to_string().into_bytes()
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
