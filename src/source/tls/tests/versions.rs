//! TLS versions, cipher suites and hellos.

use super::*;

#[track_caller]
fn assert_presents(server: &Server, identity: &Identity, protocol: &str) {
    let presented = server.read().unwrap();
    assert_eq!(presented.certificates, identity.der());
    assert_eq!(presented.protocol, Some(protocol));
    assert!(!presented.client_certificate_required);
    assert!(
        presented.possession_proven,
        "a handshake that is carried through proves the key"
    );
    assert_eq!(server.connections(), 1, "the first hello should have been enough");
}

#[test]
fn tls_1_0_alone_is_read() {
    let server = Server::tls(context(rsa(), only(SslVersion::TLS1, "AES128-SHA")));
    assert_presents(&server, rsa(), "TLS 1.0");
}

#[test]
fn tls_1_1_alone_is_read() {
    let server = Server::tls(context(rsa(), only(SslVersion::TLS1_1, "ALL")));
    assert_presents(&server, rsa(), "TLS 1.1");
}

#[test]
fn tls_1_2_with_one_cbc_suite_is_read() {
    let server = Server::tls(context(rsa(), only(SslVersion::TLS1_2, "AES256-SHA")));
    assert_presents(&server, rsa(), "TLS 1.2");
}

#[test]
fn triple_des_alone_is_read() {
    for version in [SslVersion::TLS1, SslVersion::TLS1_2] {
        let server = Server::tls(context(rsa(), only(version, "DES-CBC3-SHA")));
        assert_eq!(server.read().unwrap().certificates, rsa().der());
    }
}

#[test]
fn rc4_alone_is_read() {
    for suite in ["RC4-SHA", "RC4-MD5"] {
        let server = Server::tls(context(rsa(), only(SslVersion::TLS1, suite)));
        assert_presents(&server, rsa(), "TLS 1.0");
    }
}

#[test]
fn tls_1_3_is_read() {
    let server = Server::tls(context(ec(), only(SslVersion::TLS1_3, "ALL")));
    assert_presents(&server, ec(), "TLS 1.3");
}

#[test]
fn tls_1_3_with_a_group_without_key_share_is_read() {
    for group in ["P-521", "X25519MLKEM768", "ffdhe2048"] {
        let server = Server::tls(context(ec(), |context| {
            context.set_min_proto_version(Some(SslVersion::TLS1_3)).unwrap();
            context.set_groups_list(group).unwrap();
        }));
        assert_presents(&server, ec(), "TLS 1.3");
    }
}

#[test]
fn an_elliptic_curve_certificate_is_read_in_tls_1_0() {
    let server = Server::tls(context(ec(), only(SslVersion::TLS1, "ECDHE-ECDSA-AES128-SHA")));
    assert_presents(&server, ec(), "TLS 1.0");
}

#[test]
fn a_dsa_certificate_is_read() {
    let key = PKey::from_dsa(Dsa::generate(1024).unwrap()).unwrap();
    let leaf = certificate("dsa.test", &key, None, 5);
    let identity = Identity { key, chain: vec![leaf] };
    let server = Server::tls(context(&identity, |context| {
        only(SslVersion::TLS1_2, "DHE-DSS-AES128-SHA")(context);
        context.set_tmp_dh(&Dh::get_2048_256().unwrap()).unwrap();
    }));
    assert_presents(&server, &identity, "TLS 1.2");
}

#[test]
fn a_suite_without_encryption_is_read_by_its_certificate() {
    let server = Server::tls(context(rsa(), only(SslVersion::TLS1_2, "NULL-SHA")));
    assert_eq!(server.read().unwrap().certificates, rsa().der());
}

#[test]
fn a_server_that_chokes_on_a_new_hello_is_read_by_a_plain_one() {
    let context = context(rsa(), |context| context.set_cipher_list("AES128-SHA").unwrap());
    let server = Server::new(move |tcp, _| {
        let (_, _, versions) = peek_hello(&tcp);
        if !versions {
            accept(&context, tcp);
        }
    });
    assert_eq!(server.read().unwrap().protocol, Some("TLS 1.2"));
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_server_that_takes_nothing_but_tls_1_0_hellos_is_read() {
    let context = context(rsa(), only(SslVersion::TLS1, "ALL"));
    let server = Server::new(move |mut tcp, _| {
        let (version, _, _) = peek_hello(&tcp);
        if version == 1 {
            accept(&context, tcp);
        } else {
            let _ = tcp.write_all(&record(21, &[2, 70]));
        }
    });
    assert_eq!(server.read().unwrap().certificates, rsa().der());
    assert_eq!(server.connections(), 3);
}

#[test]
fn hellos_fit_one_segment_and_miss_the_lengths_at_which_old_boxes_hang() {
    let lengths = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&lengths);
    let server = Server::new(move |mut tcp, _| {
        let (_, length, _) = peek_hello(&tcp);
        seen.lock().unwrap().push(length);
        let _ = tcp.write_all(&record(21, &[2, 40]));
    });
    let mut endpoint = server.endpoint();
    endpoint.server_name = Some("a-rather-long-front-end-name.contoso.example".into());
    assert_eq!(
        read(&endpoint),
        Err(TlsError::Alert {
            name: "handshake_failure"
        })
    );
    let lengths = lengths.lock().unwrap();
    assert_eq!(lengths.len(), Hello::LADDER.len());
    assert!(lengths.iter().all(|length| *length < 1200), "{lengths:?}");
    assert!(
        lengths[..3].iter().all(|length| !(261..517).contains(length)),
        "{lengths:?}"
    );
}

#[test]
fn the_full_hello_offers_the_old_suites() {
    let offered = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&offered);
    let context = bare_context(|context| {
        context.set_client_hello_callback(move |ssl, _| {
            seen.lock()
                .unwrap()
                .push(ssl.client_hello_ciphers().unwrap_or_default().to_vec());
            Ok(openssl::ssl::ClientHelloResponse::SUCCESS)
        });
    });
    let server = Server::tls(context);
    assert!(server.read().is_err());
    let offered = offered.lock().unwrap();
    let has = |hello: usize, suite: [u8; 2]| offered[hello].chunks(2).any(|offer| offer == suite);
    for suite in [
        [0, 0x04],
        [0, 0x05],
        [0, 0x0a],
        [0, 0x2f],
        [0, 0x35],
        [0x13, 0x01],
        [0xc0, 0x11],
        [0, 0x32],
    ] {
        assert!(has(0, suite), "{suite:02x?}");
    }
    // NULL-SHA, ADH-AES128-SHA, PSK-AES128-CBC-SHA.
    for suite in [[0, 0x02], [0, 0x34], [0, 0x8c]] {
        assert!(!has(0, suite) && !has(1, suite) && !has(2, suite), "{suite:02x?}");
        assert!(has(3, suite), "{suite:02x?}");
    }
    assert!(offered[1].len() / 2 <= 64, "Windows Server 2003 looks at 64 suites");
}
