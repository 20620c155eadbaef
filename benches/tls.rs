//! A thousand TLS endpoints in one check: wall time and the program's own processor time. The endpoints are one server on
//! loopback under a thousand names, which answers each a little late, as a network would.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement prints, and fails where it cannot measure"
)]

mod measure;

use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use measure::Processor;
use mint::{Ca, Key};
use openssl::ssl::{SslAcceptor, SslMethod};
use serde_json::{Value, json};

/// What a round trip costs in a network of offices.
const DELAY: Duration = Duration::from_millis(20);

fn main() {
    let endpoints = measure::number("SAME_CA_BENCH_ENDPOINTS", 1000);
    let root = Ca::root("CN=Contoso Root CA,DC=contoso,DC=com");
    let port = serve(&root);
    let subjects: Vec<Value> = (0..endpoints)
        .map(|index| {
            let name = format!("server{index:04}.contoso.com");
            json!({"name": name, "source": {"tls": {"host": "127.0.0.1", "port": port, "server_name": name}}})
        })
        .collect();
    let request = json!({
        "protocol": 1,
        "reference": [{"name": "fe01", "source": {"pem": root.server("fe01.contoso.com").build().pem()}}],
        "authorities": [{"pem": root.cert.pem()}],
        "policy": {"valid_at": mint::NOW_TEXT},
        "subjects": subjects,
    });
    let before = Processor::now();
    let (wall, output) = measure::wall(|| {
        let mut child = Command::new(measure::BINARY)
            .arg("check")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(request.to_string().as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    });
    let processor = Processor::now().children - before.children;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["compliant"], endpoints, "{}", report["message"]);
    println!(
        "{endpoints} TLS endpoints, each answering after {} ms:",
        DELAY.as_millis()
    );
    println!("  wall      {:6.2} s", wall.as_secs_f64());
    println!("  processor {:6.2} s", processor.as_secs_f64());
}

/// A server on loopback that presents one certificate to whoever asks; it ends with the process.
fn serve(root: &Ca) -> u16 {
    let key = Key::ec("P-256", "fe02.contoso.com");
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    acceptor.set_private_key(&key.private()).unwrap();
    acceptor
        .set_certificate(&root.server("fe02.contoso.com").build().openssl())
        .unwrap();
    let acceptor = Arc::new(acceptor.build());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let acceptor = acceptor.clone();
            thread::spawn(move || {
                thread::sleep(DELAY);
                // The program hangs up once it has seen the certificates.
                let _ = acceptor.accept(connection);
            });
        }
    });
    port
}
