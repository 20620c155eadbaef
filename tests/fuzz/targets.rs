//! The places where strange bytes come in, as functions of the bytes, and good inputs for each: for libFuzzer
//! (`fuzz_targets/`) and for the burst on stable Rust (`burst.rs`) alike.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "shared by path: each of its users needs another part of it, and developers alone run them"
)]

use std::hint::black_box;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::{Ca, Cert, CertBuilder, Key, P12, San, container};
use same_ca::app::{Context, check};
use same_ca::cert::Certificate;
use same_ca::decode;
use same_ca::protocol::{Request, Timestamp};
use serde_json::json;

/// A place where strange bytes come in.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Good inputs, to be broken.
    pub seeds: Vec<Vec<u8>>,
}

/// All of them.
pub fn targets() -> Vec<Target> {
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
    vec![
        Target {
            name: "decode",
            run: decode,
            seeds: files,
        },
        Target {
            name: "certificate",
            run: certificate,
            seeds: ders.clone(),
        },
        Target {
            name: "request",
            run: request_text,
            seeds: requests,
        },
        Target {
            name: "check",
            run: judged,
            seeds: ders,
        },
    ]
}

const PASSWORD: &str = "contoso";

/// A file: certificates and keys of every form.
pub fn decode(bytes: &[u8]) {
    let _ = black_box(decode::decode(bytes, Some(PASSWORD)));
    let _ = black_box(decode::decode_keys(bytes, Some(PASSWORD)));
}

/// A request, as JSON.
pub fn request_text(bytes: &[u8]) {
    if let Ok(request) = same_ca::json::read::<Request>(bytes) {
        let _ = black_box(request.check());
    }
}

/// Everything that is asked of a certificate.
pub fn certificate(der: &[u8]) {
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
pub fn judged(der: &[u8]) {
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
