//! Proof of possession, and what comes after the certificates.

use super::*;

fn demands_client_certificate(version: SslVersion, protocol: &str) {
    let server = Server::tls(context(rsa(), |context| {
        only(version, "ALL")(context);
        context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    }));
    let presented = server.read().unwrap();
    assert_eq!(presented.certificates, rsa().der());
    assert_eq!(presented.protocol, Some(protocol));
    assert!(presented.client_certificate_required);
}

#[test]
fn possession_is_proven_by_a_verified_signature_even_where_the_handshake_then_fails() {
    for (version, suites, proven) in [
        (SslVersion::TLS1, "ECDHE-RSA-AES128-SHA", true),
        (SslVersion::TLS1_2, "ECDHE-RSA-AES128-SHA", true),
        (SslVersion::TLS1_3, "ALL", true),
        // Here the key is not used before the server has what the client sends, which it refuses.
        (SslVersion::TLS1, "AES128-SHA", false),
        (SslVersion::TLS1_2, "AES128-SHA", false),
    ] {
        let server = Server::tls(context(rsa(), |context| {
            only(version, suites)(context);
            context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }));
        assert_eq!(server.read().unwrap().possession_proven, proven, "{version:?} {suites}");
    }
}

#[test]
fn somebody_elses_certificate_proves_no_possession() {
    let own_key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let own = certificate("fe01.test", &own_key, None, 6);
    let stolen = certificate("fe01.test", &rsa().key, None, 7).to_der().unwrap();
    let identity = Identity {
        key: own_key,
        chain: vec![own.clone()],
    };
    let own = own.to_der().unwrap();
    assert_eq!(own.len(), stolen.len());
    for suites in ["ECDHE-RSA-AES128-SHA", "AES128-SHA"] {
        let honest = Server::tls(context(&identity, only(SslVersion::TLS1_2, suites)));
        let (port, own, shown) = (honest.port, own.clone(), stolen.clone());
        let thief = Server::new(move |mut client, _| {
            let mut upstream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut from_client, mut to_upstream) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
            thread::scope(|scope| {
                scope.spawn(move || {
                    let _ = std::io::copy(&mut from_client, &mut to_upstream);
                    let _ = to_upstream.shutdown(std::net::Shutdown::Both);
                });
                let (mut seen, mut buffer) = (Vec::new(), [0; 16_384]);
                // The first flight is held back until its end, the message ServerHelloDone.
                while !seen.ends_with(&[14, 0, 0, 0]) {
                    match upstream.read(&mut buffer) {
                        Ok(count @ 1..) => seen.extend(&buffer[..count]),
                        _ => break,
                    }
                }
                if let Some(at) = seen.windows(own.len()).position(|window| window == own) {
                    seen[at..at + own.len()].copy_from_slice(&shown);
                }
                let _ = client.write_all(&seen);
                let _ = std::io::copy(&mut upstream, &mut client);
                let _ = client.shutdown(std::net::Shutdown::Both);
            });
        });
        let presented = thief.read().unwrap();
        assert_eq!(presented.certificates, std::slice::from_ref(&stolen), "{suites}");
        assert!(!presented.possession_proven, "{suites}");
        // Where it signs nothing, nothing is wrong.
        assert_eq!(presented.possession_failed, suites.starts_with("ECDHE"), "{suites}");
    }
}

#[test]
fn a_server_that_demands_a_client_certificate_is_read_in_tls_1_0() {
    demands_client_certificate(SslVersion::TLS1, "TLS 1.0");
}

#[test]
fn a_server_that_demands_a_client_certificate_is_read_in_tls_1_2() {
    demands_client_certificate(SslVersion::TLS1_2, "TLS 1.2");
}

#[test]
fn a_server_that_demands_a_client_certificate_is_read_in_tls_1_3() {
    demands_client_certificate(SslVersion::TLS1_3, "TLS 1.3");
}

#[test]
fn what_follows_the_certificates_loses_nothing() {
    let leaf = rsa().chain[0].to_der().unwrap();
    let key_exchange_nonsense = message(12, &[0xff; 20]);
    let alert = record(21, &[2, 80]);
    let garbage = b"not a record at all".to_vec();
    for after in [key_exchange_nonsense, alert, garbage] {
        let server = Server::raw([hello_and(&[&leaf]), after].concat());
        let presented = server.read().unwrap();
        assert_eq!(presented.certificates, std::slice::from_ref(&leaf));
        assert!(!presented.possession_proven);
        assert_eq!(server.connections(), 1);
    }
    let server = Server::new(move |mut tcp, _| {
        // Unread bytes make the close a reset.
        let _ = tcp.write_all(&hello_and(&[&leaf]));
        thread::sleep(Duration::from_millis(50));
    });
    assert_eq!(server.read().unwrap().certificates.len(), 1);
}

#[test]
fn a_server_that_hangs_after_its_certificates_costs_little() {
    let leaf = rsa().chain[0].to_der().unwrap();
    let server = Server::raw(hello_and(&[&leaf]));
    let begun = Instant::now();
    assert_eq!(server.read().unwrap().certificates, [leaf]);
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
}
