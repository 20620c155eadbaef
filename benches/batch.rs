//! A batch of inline certificates: the processor time of a subject beyond the bare verification of its signature by
//! aws-lc-rs, which no answer can do without. Both are measured in turn, on all cores.
//!
//! `SAME_CA_BENCH_SUBJECTS` (100000) and `SAME_CA_BENCH_ROUNDS` (5) make it shorter or longer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement prints, and fails where it cannot measure"
)]

mod measure;

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use measure::Processor;
use mint::{Ca, Key};
use rayon::prelude::*;
use same_ca::cert::{self, Certificate};
use same_ca::decide::{Case, Given, KeyPresence, Member, Offer, Read as MemberRead, Reference, SubjectCase};
use same_ca::protocol::{KeyFrom, Request, Timestamp};
use serde_json::{Value, json};

/// Beyond the bare verification, a subject may cost this many microseconds.
const TARGET: f64 = 10.0;
/// Subjects whose parts are taken for the breakdown: enough for a second of each.
const BROKEN_DOWN: usize = 20_000;

fn main() {
    let subjects = measure::number("SAME_CA_BENCH_SUBJECTS", 100_000);
    let rounds = measure::number("SAME_CA_BENCH_ROUNDS", 5);
    let estate = Estate::minted(subjects);
    for (how, requests) in [
        ("reference by path", &estate.by_path),
        ("reference inline in every line", &estate.inline),
    ] {
        let (mut whole, mut bare) = (vec![], vec![]);
        for _ in 0..rounds {
            bare.push(micros(estate.verify_bare(), subjects));
            whole.push(micros(estate.run(requests), subjects));
        }
        let (whole, bare) = (measure::median(&whole), measure::median(&bare));
        let beyond = whole - bare;
        let kept = if beyond <= TARGET { "kept" } else { "MISSED" };
        println!("batch, {subjects} subjects, {how}; medians of {rounds} rounds, processor time a subject:");
        println!("  same-ca batch {whole:7.2} µs");
        println!("  aws-lc-rs     {bare:7.2} µs   the same signatures, verified bare");
        println!("  beyond        {beyond:7.2} µs   target {TARGET} µs: {kept}");
    }
    estate.break_down();
}

fn micros(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / count as f64
}

/// Certificates by one CA, in requests of one subject a line.
struct Estate {
    folder: PathBuf,
    ca: Vec<u8>,
    member: Vec<u8>,
    subjects: Vec<Certificate>,
    by_path: PathBuf,
    inline: PathBuf,
}

impl Estate {
    fn minted(count: usize) -> Estate {
        let folder = measure::folder("batch");
        let root = Ca::root_with("CN=Contoso Root CA,DC=contoso,DC=com", &Key::rsa(2048, "ca"));
        let leaf = Key::rsa(2048, "leaf");
        let cert = |index: usize| {
            let host = format!("server{index:06}.contoso.com");
            let serial = [&[0x40][..], &(index as u64).to_be_bytes()].concat();
            let builder = mint::CertBuilder::server(&host, &leaf).issuer(&root).serial(&serial);
            builder.cdp(&["http://pki.contoso.com/CertEnroll/ca.crl"]).build()
        };
        let member = cert(count);
        fs::write(folder.join("ca.pem"), root.cert.pem()).unwrap();
        fs::write(folder.join("fe01.pem"), member.pem()).unwrap();

        let kept = folder.join(format!("subjects-{count}.base64"));
        if !kept.exists() {
            println!("minting {count} certificates, once, into {}", kept.display());
            let minted: Vec<String> = (0..count)
                .into_par_iter()
                .map(|index| STANDARD.encode(cert(index).der()))
                .collect();
            fs::write(&kept, minted.join("\n")).unwrap();
        }
        let kept = fs::read_to_string(&kept).unwrap();
        let encoded: Vec<&str> = kept.lines().collect();
        assert_eq!(encoded.len(), count);

        let by_path = folder.join("by-path.ndjson");
        write_requests(
            &by_path,
            &encoded,
            &json!({"path": "fe01.pem"}),
            &json!({"path": "ca.pem"}),
        );
        let inline = folder.join("inline.ndjson");
        write_requests(
            &inline,
            &encoded,
            &json!({"pem": member.pem()}),
            &json!({"pem": root.cert.pem()}),
        );
        let parse = |text: &&str| Certificate::parse(STANDARD.decode(text).unwrap()).unwrap();
        Estate {
            subjects: encoded.par_iter().map(parse).collect(),
            ca: root.cert.der().to_vec(),
            member: member.der().to_vec(),
            folder,
            by_path,
            inline,
        }
    }

    /// Verifies every signature and does nothing else.
    fn verify_bare(&self) -> Duration {
        let before = Processor::now();
        let ca = Certificate::parse(self.ca.clone()).unwrap();
        let spki = ca.key().spki_der();
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki).unwrap();
        let valid = |subject: &&Certificate| key.verify_sig(subject.tbs(), subject.signature_value()).is_ok();
        assert_eq!(self.subjects.par_iter().filter(valid).count(), self.subjects.len());
        Processor::now().own - before.own
    }

    /// Runs the program; what it writes is read by nobody.
    fn run(&self, requests: &Path) -> Duration {
        let before = Processor::now();
        let status = Command::new(measure::BINARY)
            .arg("batch")
            .current_dir(&self.folder)
            .stdin(File::open(requests).unwrap())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        Processor::now().children - before.children
    }

    /// What a subject costs, part by part, on one core and in this process.
    fn break_down(&self) {
        let lines = fs::read(&self.by_path).unwrap();
        let lines: Vec<&[u8]> = lines.split_inclusive(|&byte| byte == b'\n').take(BROKEN_DOWN).collect();
        let subjects = &self.subjects[..lines.len()];
        let encoded: Vec<String> = subjects.iter().map(|subject| STANDARD.encode(subject.der())).collect();
        let ca = Arc::new(Certificate::parse(self.ca.clone()).unwrap());
        let reference = self.reference(&ca);
        let names: Vec<Vec<String>> = subjects.iter().map(names).collect();
        let cases: Vec<SubjectCase<'_>> = subjects.iter().zip(&names).map(subject_case).collect();
        let reports: Vec<_> = cases.iter().map(|case| reference.settle(case).report).collect();
        println!("part by part, on one core, a subject of {}:", lines.len());
        part("JSON in, by serde_json", &lines, |line| {
            same_ca::json::read::<Request>(line).unwrap()
        });
        part("base64", &encoded, |text| STANDARD.decode(text).unwrap());
        part("parse, SHA-256", subjects, |subject| {
            Certificate::parse(subject.der()).unwrap()
        });
        part("verify", subjects, |subject| cert::verify(subject, ca.key()));
        part("decide, with verify and facts", &cases, |case| reference.settle(case));
        part("facts", subjects, Certificate::facts);
        part("JSON out, by serde_json", &reports, |report| {
            serde_json::to_vec(report).unwrap()
        });
    }

    fn reference(&self, ca: &Arc<Certificate>) -> Reference {
        let request = json!({"protocol": 1, "subjects": [{"name": "x", "source": "x"}], "policy": policy()});
        let request: Request = same_ca::json::read(request.to_string().as_bytes()).unwrap();
        let member = Member {
            name: "fe01.contoso.com".into(),
            use_: None,
            read: MemberRead::Certificate {
                certificate: Arc::new(Certificate::parse(self.member.clone()).unwrap()),
                chain: Vec::new(),
                tls_host: None,
            },
            from: KeyFrom::Reference,
            findings: Vec::new(),
            pointer: String::new(),
        };
        let case = Case {
            members: vec![member],
            evidence: vec![(ca.clone(), true, KeyFrom::Authorities)],
            distrusted: Vec::new(),
            distrusted_keys: Vec::new(),
            findings: Vec::new(),
            policy: request.policy,
            valid_at: Timestamp::from_unix(mint::NOW),
        };
        Reference::new(case).unwrap()
    }
}

fn policy() -> Value {
    json!({"profile": "lync-server-2013", "valid_at": mint::NOW_TEXT, "warn_before_expiry": "30d"})
}

/// Writes a request of one subject a line.
fn write_requests(path: &Path, encoded: &[&str], reference: &Value, authority: &Value) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for (index, der) in encoded.iter().enumerate() {
        let host = format!("server{index:06}.contoso.com");
        let request = json!({
            "protocol": 1,
            "requirement": "persistent-chat",
            "host": host,
            "collected_at": mint::NOW_TEXT,
            "reference": [{"name": "fe01.contoso.com", "use": "Default", "source": reference}],
            "authorities": [authority],
            "policy": policy(),
            "subjects": [{"name": host, "use": "Default", "names": [host], "source": {"der": der}}],
        });
        writeln!(file, "{request}").unwrap();
    }
    file.flush().unwrap();
}

fn names(certificate: &Certificate) -> Vec<String> {
    certificate.dns_names().map(str::to_owned).collect()
}

fn subject_case<'a>((certificate, names): (&Certificate, &'a Vec<String>)) -> SubjectCase<'a> {
    let certificate = Arc::new(Certificate::parse(certificate.der()).unwrap());
    let offer = Offer {
        index: 0,
        source: "inline DER".into(),
        brought: Arc::from([certificate.clone()]),
        certificate: Some(certificate),
        key: KeyPresence::Unknown,
        keys: same_ca::decide::Keys::default(),
        key_trouble: None,
        key_provider: None,
        findings: Vec::new(),
        not_installable: None,
    };
    SubjectCase {
        name: &names[0],
        use_: Some("Default"),
        names,
        at: Timestamp::from_unix(mint::NOW),
        given: Given::One(Box::new(offer)),
        candidates: None,
    }
}

/// The wall time of one part of the work, over all of `items` in a row: the best of three, for the rest is noise.
fn part<T, R>(what: &str, items: &[T], work: impl Fn(&T) -> R) {
    let time = |_| measure::wall(|| items.iter().for_each(|item| drop(black_box(work(item))))).0;
    let best = (0..3).map(time).min().unwrap();
    println!("  {what:30} {:7.2} µs", micros(best, items.len()));
}
