//! The certificates that a server presents.

use super::*;

#[test]
fn repeated_and_disordered_certificates_are_kept_as_sent() {
    let [leaf, ca, root] = rsa().chain.as_slice() else {
        panic!("three")
    };
    let chain = vec![leaf.clone(), root.clone(), ca.clone(), ca.clone(), leaf.clone()];
    let identity = Identity {
        key: rsa().key.clone(),
        chain,
    };
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let server = Server::tls(context(&identity, only(version, "ALL")));
        assert_eq!(server.read().unwrap().certificates, identity.der());
    }
}

#[test]
fn a_hundred_certificates_are_read_and_one_more_is_too_many() {
    for (version, extra) in [
        (SslVersion::TLS1_2, 99),
        (SslVersion::TLS1_3, 99),
        (SslVersion::TLS1_2, 100),
    ] {
        let mut chain = ec().chain.clone();
        chain.extend(vec![ec().chain[0].clone(); extra]);
        let identity = Identity {
            key: ec().key.clone(),
            chain,
        };
        let server = Server::tls(context(&identity, only(version, "ALL")));
        match (extra, server.read()) {
            (99, read) => assert_eq!(read.unwrap().certificates.len(), 100),
            (_, read) => {
                assert_eq!(
                    read,
                    Err(TlsError::TooLarge {
                        limit: 100,
                        unit: "certificates"
                    })
                );
                assert_eq!(server.connections(), 1);
            }
        }
    }
}

#[test]
fn a_chain_of_too_many_bytes_is_too_large() {
    let big = vec![0; 100_000];
    let server = Server::raw(hello_and(&[&big, &big, &big]));
    let expected = TlsError::TooLarge {
        limit: MAX_CHAIN_BYTES,
        unit: "bytes in one TLS message",
    };
    assert_eq!(server.read(), Err(expected));
    let server = Server::raw(hello_and(&[&big, &big]));
    assert_eq!(server.read().unwrap().certificates, [big.clone(), big]);
}

#[test]
fn an_endless_stream_of_records_is_too_large() {
    let server = Server::new(|mut tcp, _| {
        // Warnings would be counted by OpenSSL; HelloRequests, which a client ignores, are not.
        let requests = record(22, &[0; 16_000]);
        while tcp.write_all(&requests).is_ok() {}
    });
    assert_eq!(
        server.read(),
        Err(TlsError::TooLarge {
            limit: MAX_RECEIVED,
            unit: "bytes"
        })
    );
}

#[test]
fn what_is_no_certificate_is_handed_on_as_sent() {
    let server = Server::raw(hello_and(&[b"no certificate", &[0x30, 0x80]]));
    assert_eq!(
        server.read().unwrap().certificates,
        [&b"no certificate"[..], &[0x30, 0x80]]
    );
}

#[test]
fn a_certificate_message_with_wrong_lengths_is_malformed() {
    let mut flight = hello_and(&[b"no certificate"]);
    let last_length = flight.len() - b"no certificate".len() - 1;
    flight[last_length] += 1;
    let server = Server::raw(flight);
    assert!(
        matches!(server.read(), Err(TlsError::Malformed { .. })),
        "{:?}",
        server.read()
    );
}

#[test]
fn an_anonymous_server_presents_no_certificate() {
    for suites in ["ADH", "AECDH"] {
        let server = Server::tls(bare_context(|context| {
            only(SslVersion::TLS1_2, suites)(context);
            context.set_tmp_dh(&Dh::get_2048_256().unwrap()).unwrap();
        }));
        assert_eq!(server.read(), Err(TlsError::NoCertificate));
    }
}

#[test]
fn a_pre_shared_key_server_presents_no_certificate() {
    let server = Server::tls(bare_context(|context| {
        only(SslVersion::TLS1_2, "kPSK")(context);
        context.set_psk_server_callback(|_, _, _| Ok(0));
    }));
    assert_eq!(server.read(), Err(TlsError::NoCertificate));
}

#[test]
fn an_empty_list_is_no_certificate() {
    let server = Server::raw(hello_and(&[]));
    assert_eq!(server.read(), Err(TlsError::NoCertificate));
    assert_eq!(server.connections(), 1);
}
