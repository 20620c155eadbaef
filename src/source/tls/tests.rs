//! Readings of servers on loopback that speak every protocol and break every rule. Each stops with its test.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv6Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::dh::Dh;
use openssl::dsa::Dsa;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{NameType, SslContext, SslContextBuilder, SslVerifyMode, SslVersion};
use openssl::x509::{X509, X509Name};

use servers::{PATIENCE, Server, accept, bare_context, only};

use super::hello::{Hello, initialise};
use super::*;

#[path = "../../../tests/support/servers.rs"]
mod servers;

impl Server {
    fn endpoint(&self) -> Endpoint {
        endpoint("127.0.0.1", self.port)
    }

    fn read(&self) -> Result<Presented, TlsError> {
        read(&self.endpoint())
    }
}

fn endpoint(host: &str, port: u16) -> Endpoint {
    Endpoint {
        host: host.into(),
        port,
        server_name: None,
        starttls: None,
        timeout: PATIENCE,
    }
}

struct Identity {
    key: PKey<Private>,
    /// Leaf first.
    chain: Vec<X509>,
}

impl Identity {
    fn der(&self) -> Vec<Vec<u8>> {
        self.chain
            .iter()
            .map(|certificate| certificate.to_der().unwrap())
            .collect()
    }
}

fn ec_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn certificate(name: &str, key: &PKey<Private>, issuer: Option<(&X509, &PKey<Private>)>, serial: u32) -> X509 {
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder
        .set_serial_number(&BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap())
        .unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder
        .set_issuer_name(issuer.map_or(&*subject, |(issuer, _)| issuer.subject_name()))
        .unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
        .sign(issuer.map_or(key, |(_, key)| key), MessageDigest::sha1())
        .unwrap();
    builder.build()
}

/// An RSA server's certificate under an issuing CA under a root: what Lync had.
fn rsa() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        initialise();
        let (root_key, ca_key) = (ec_key(), ec_key());
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let root = certificate("Root", &root_key, None, 1);
        let ca = certificate("Issuing", &ca_key, Some((&root, &root_key)), 2);
        let leaf = certificate("fe01.test", &key, Some((&ca, &ca_key)), 3);
        Identity {
            key,
            chain: vec![leaf, ca, root],
        }
    })
}

fn ec() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        initialise();
        let key = ec_key();
        let leaf = certificate("ec.test", &key, None, 4);
        Identity { key, chain: vec![leaf] }
    })
}

fn context(identity: &Identity, configure: impl FnOnce(&mut SslContextBuilder)) -> SslContext {
    bare_context(|context| {
        let (leaf, rest) = identity.chain.split_first().unwrap();
        context.set_certificate(leaf).unwrap();
        context.set_private_key(&identity.key).unwrap();
        for certificate in rest {
            context.add_extra_chain_cert(certificate.clone()).unwrap();
        }
        configure(context);
    })
}

/// TLS 1.2 records by hand: ServerHello with TLS_RSA_WITH_AES_128_CBC_SHA, then a Certificate message.
fn hello_and(certificates: &[&[u8]]) -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    let list: Vec<u8> = certificates
        .iter()
        .flat_map(|der| [&length3(der.len())[..], der].concat())
        .collect();
    let certificate = [&length3(list.len())[..], &list].concat();
    [message(2, &hello), message(11, &certificate)].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let message = [&[kind][..], &length3(body.len()), body].concat();
    message.chunks(16_000).flat_map(|part| record(22, part)).collect()
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let [_, high, low] = length3(content.len());
    [&[kind, 3, 3, high, low], content].concat()
}

fn length3(length: usize) -> [u8; 3] {
    let [_, bytes @ ..] = u32::try_from(length).unwrap().to_be_bytes();
    bytes
}

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

/// The version and length of the ClientHello that waits in `tcp`, and whether it has extension 43.
fn peek_hello(tcp: &TcpStream) -> (u8, usize, bool) {
    let mut header = [0; 11];
    let length = loop {
        let mut buffer = [0; 4096];
        let count = tcp.peek(&mut buffer).unwrap();
        if count > 5 && count >= 5 + usize::from(buffer[3]) * 256 + usize::from(buffer[4]) {
            header.copy_from_slice(&buffer[..11]);
            let versions = buffer[..count]
                .windows(5)
                .any(|window| window[..2] == [0, 43] && window[4] > 1);
            return (header[10], count, versions);
        }
        thread::sleep(Duration::from_millis(1));
        if count == 0 {
            break 0;
        }
    };
    (0, length, false)
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

/// A server whose certificate is named as it was asked for.
fn by_name(names: Arc<Mutex<Vec<Option<String>>>>) -> SslContext {
    context(ec(), |context| {
        let other = super::tests::context(rsa(), |_| {});
        context.set_servername_callback(move |ssl, _| {
            let name = ssl.servername(NameType::HOST_NAME).map(str::to_owned);
            if name.as_deref() == Some("fe01.test") {
                ssl.set_ssl_context(&other).unwrap();
            }
            names.lock().unwrap().push(name);
            Ok(())
        });
    })
}

#[test]
fn the_certificate_is_that_of_the_server_name() {
    let names = Arc::new(Mutex::new(Vec::new()));
    let server = Server::tls(by_name(Arc::clone(&names)));
    let ask = |host: &str, name: Option<&str>| {
        let endpoint = Endpoint {
            server_name: name.map(str::to_owned),
            ..endpoint(host, server.port)
        };
        read(&endpoint).unwrap().certificates
    };
    assert_eq!(ask("127.0.0.1", Some("fe01.test")), rsa().der());
    assert_eq!(ask("127.0.0.1", Some("fe01.test.")), rsa().der());
    assert_eq!(ask("127.0.0.1", Some("other.test")), ec().der());
    assert_eq!(ask("127.0.0.1", None), ec().der());
    assert_eq!(ask("localhost", None), ec().der());
    assert_eq!(ask("localhost", Some("")), ec().der());
    // The callback may be called more than once a handshake.
    let mut asked = names.lock().unwrap().clone();
    asked.dedup();
    let asked: Vec<Option<&str>> = asked.iter().map(Option::as_deref).collect();
    let expected = [Some("fe01.test"), Some("other.test"), None, Some("localhost"), None];
    assert_eq!(asked, expected);
}

#[test]
fn ipv6_literals_are_read_with_and_without_brackets() {
    let context = context(rsa(), |_| {});
    let server = match Server::on(IpAddr::V6(Ipv6Addr::LOCALHOST), move |tcp, _| accept(&context, tcp)) {
        Ok(server) => server,
        Err(error) => return eprintln!("SKIPPED: no IPv6 on this machine ({error})"),
    };
    for host in ["::1", "[::1]"] {
        assert_eq!(read(&endpoint(host, server.port)).unwrap().certificates, rsa().der());
    }
}

#[test]
fn a_host_with_several_addresses_is_read_at_the_one_that_answers() {
    // Where localhost is ::1 first, this is the second address.
    let server = Server::tls(context(rsa(), |_| {}));
    assert_eq!(
        read(&endpoint("localhost", server.port)).unwrap().certificates,
        rsa().der()
    );
}

#[test]
fn names_that_are_none_are_refused() {
    for host in [
        "",
        "[]",
        "a b",
        "a\0b",
        "fe01/..",
        "\u{fc}.test",
        "<a>",
        "a'b",
        &"a".repeat(256),
    ] {
        assert_eq!(
            read(&endpoint(host, 1)),
            Err(TlsError::InvalidName { what: "host" }),
            "{host:?}"
        );
    }
    for name in ["a\0b", "a b", ".", "a'b"] {
        let endpoint = Endpoint {
            server_name: Some(name.into()),
            ..endpoint("127.0.0.1", 1)
        };
        assert_eq!(
            read(&endpoint),
            Err(TlsError::InvalidName { what: "server name" }),
            "{name:?}"
        );
    }
}

#[test]
fn an_unknown_host_is_not_resolved() {
    let endpoint = Endpoint {
        timeout: Duration::from_secs(5),
        ..endpoint("nowhere.invalid", 443)
    };
    let begun = Instant::now();
    let error = read(&endpoint).unwrap_err();
    let timeout = TlsError::Timeout { stage: Stage::Resolve };
    assert!(
        matches!(error, TlsError::ResolveFailed { .. }) || error == timeout,
        "{error:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_port_without_listener_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert_eq!(read(&endpoint("127.0.0.1", port)), Err(TlsError::Refused));
}

fn assert_times_out(mut endpoint: Endpoint, stage: Stage) {
    endpoint.timeout = Duration::from_millis(400);
    let begun = Instant::now();
    assert_eq!(read(&endpoint), Err(TlsError::Timeout { stage }));
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_millis(390) && took < Duration::from_secs(4),
        "{took:?}"
    );
}

#[test]
fn no_time_is_a_timeout() {
    let endpoint = Endpoint {
        timeout: Duration::ZERO,
        ..endpoint("127.0.0.1", 1)
    };
    assert_eq!(read(&endpoint), Err(TlsError::Timeout { stage: Stage::Connect }));
}

#[test]
fn the_longest_time_is_no_overflow() {
    let server = Server::tls(context(ec(), |_| {}));
    let endpoint = Endpoint {
        timeout: Duration::MAX,
        ..server.endpoint()
    };
    assert_eq!(read(&endpoint).unwrap().certificates, ec().der());
}

#[test]
fn a_server_that_never_answers_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_times_out(endpoint("127.0.0.1", silent.local_addr().unwrap().port()), Stage::Hello);
}

#[test]
fn a_server_that_hangs_after_its_hello_times_out() {
    let flight = hello_and(&[b"cut off"]);
    let server = Server::raw(flight[..flight.len() - 3].to_vec());
    assert_times_out(server.endpoint(), Stage::Handshake);
}

#[test]
fn a_server_that_trickles_cannot_stretch_the_time() {
    let server = Server::new(|mut tcp, _| {
        let flight = hello_and(&[&[0x30; 10_000]]);
        let (hello, certificates) = flight.split_at(60);
        let _ = tcp.write_all(hello);
        for byte in certificates {
            if tcp.write_all(&[*byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    });
    assert_times_out(server.endpoint(), Stage::Handshake);
}

#[test]
fn a_starttls_greeting_that_trickles_cannot_stretch_the_time() {
    let server = Server::new(|mut tcp, _| {
        while tcp.write_all(b"2").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
    let endpoint = Endpoint {
        starttls: Some(StartTls::Smtp),
        ..server.endpoint()
    };
    assert_times_out(endpoint, Stage::StartTls);
}

#[test]
fn a_close_and_a_reset_are_the_same() {
    let closing = Server::new(|tcp, _| drop(tcp));
    assert_eq!(closing.read(), Err(TlsError::Reset { stage: Stage::Hello }));
    assert_eq!(closing.connections(), 3, "the plainer hellos are tried");
    let resetting = Server::new(|tcp, _| {
        // A close with the hello unread is a reset.
        peek_hello(&tcp);
    });
    assert_eq!(resetting.read(), Err(TlsError::Reset { stage: Stage::Hello }));
    let late = Server::new(|mut tcp, _| {
        peek_hello(&tcp);
        let flight = hello_and(&[b"cut off"]);
        let _ = tcp.write_all(&flight[..flight.len() - 3]);
    });
    let error = late.read();
    assert!(matches!(error, Err(TlsError::Reset { .. })), "{error:?}");
}

#[test]
fn other_servers_are_named() {
    let mut ssl3_hello = hello_and(&[]);
    for version in [2, 10] {
        ssl3_hello[version] = 0;
    }
    let cases: [(&[u8], &str); 12] = [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "an SSH server"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "an HTTP server"),
        (b"<html><body>", "an HTTP server"),
        (b"<!DOCTYPE html>", "an HTTP server"),
        (b"220 mail.test ESMTP\r\n", "an SMTP or FTP server"),
        (b"220-ftp.test\r\n220 ready\r\n", "an SMTP or FTP server"),
        (b"* OK IMAP4rev1\r\n", "an IMAP server"),
        (b"+OK POP3\r\n", "a POP3 server"),
        (b"hello there, stranger\r\n", "plain text"),
        (&[0x0e, 0, 0, 0x0b, 0xd0, 0, 0x12, 0x34], "another binary protocol"),
        (&ssl3_hello, "an SSL 3.0 server"),
        (&[0x80, 0x20, 4, 0, 1, 0, 2, 0, 0], "an SSL 2.0 server"),
    ];
    for (bytes, found) in cases {
        let server = Server::raw(bytes.to_vec());
        assert_eq!(server.read(), Err(TlsError::NotTls { found }), "{found}");
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_server_that_says_a_word_and_leaves_is_named_too() {
    let server = Server::new(|mut tcp, _| {
        peek_hello(&tcp);
        let _ = tcp.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
    });
    assert_eq!(
        server.read(),
        Err(TlsError::NotTls {
            found: "an HTTP server"
        })
    );
}

#[test]
fn garbage_in_a_record_is_malformed() {
    let server = Server::raw(record(22, &[0x55; 60]));
    let error = server.read().unwrap_err();
    assert!(matches!(error, TlsError::Malformed { .. }), "{error:?}");
    assert_eq!(error.to_string(), "the server's TLS messages could not be understood");
    assert!(error.detail().is_some());
}

#[test]
fn alerts_have_their_names() {
    for (code, name) in [
        (40, "handshake_failure"),
        (70, "protocol_version"),
        (112, "unrecognized_name"),
        (199, "unknown"),
    ] {
        let server = Server::raw(record(21, &[2, code]));
        assert_eq!(server.read(), Err(TlsError::Alert { name }));
    }
}

#[test]
fn a_warning_is_not_a_refusal() {
    let leaf = rsa().chain[0].to_der().unwrap();
    let server = Server::raw([record(21, &[1, 112]), hello_and(&[&leaf])].concat());
    assert_eq!(server.read().unwrap().certificates, [leaf]);
}

/// A server that says its part of `script` (what it says, what it then waits for) and then speaks TLS.
fn scripted(script: &'static [(&'static str, &'static str)]) -> Server {
    let context = context(rsa(), |_| {});
    Server::new(move |mut tcp, _| {
        for (says, waits_for) in script {
            tcp.write_all(says.as_bytes()).unwrap();
            let mut heard = Vec::new();
            while !waits_for.is_empty() && !heard.ends_with(waits_for.as_bytes()) {
                let mut byte = [0];
                match tcp.read(&mut byte) {
                    Ok(1) => heard.extend(byte),
                    _ => return,
                }
            }
        }
        accept(&context, tcp);
    })
}

fn starttls(server: &Server, protocol: StartTls) -> Result<Presented, TlsError> {
    read(&Endpoint {
        starttls: Some(protocol),
        server_name: Some("im.test".into()),
        ..server.endpoint()
    })
}

const XMPP_HEADER: &str = "<?xml version='1.0'?><stream:stream from='im.test' id='1' version='1.0' xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams'>";
const LDAP_REQUEST: &str = "\x30\x1d\x02\x01\x01\x77\x18\u{80}\x161.3.6.1.4.1.1466.20037";

#[test]
fn smtp_is_read_after_starttls() {
    let server = scripted(&[
        (
            "220-mx.test ESMTP\r\n220 at your service\r\n",
            "EHLO same-ca.invalid\r\n",
        ),
        ("250-mx.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n", "STARTTLS\r\n"),
        ("220 go ahead\r\n", ""),
    ]);
    assert_eq!(starttls(&server, StartTls::Smtp).unwrap().certificates, rsa().der());
}

#[test]
fn imap_is_read_after_starttls() {
    let server = scripted(&[
        ("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", "a1 STARTTLS\r\n"),
        ("* 1 EXISTS\r\na1 ok begin\r\n", ""),
    ]);
    assert_eq!(starttls(&server, StartTls::Imap).unwrap().certificates, rsa().der());
}

#[test]
fn pop3_is_read_after_starttls() {
    let server = scripted(&[("+OK POP3 <1@test>\r\n", "STLS\r\n"), ("+OK begin\r\n", "")]);
    assert_eq!(starttls(&server, StartTls::Pop3).unwrap().certificates, rsa().der());
}

#[test]
fn xmpp_is_read_after_starttls() {
    const FEATURES: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\
        </stream:features>";
    let server = scripted(&[
        (
            "",
            "<?xml version='1.0'?><stream:stream to='im.test' version='1.0' xml:lang='en' xmlns='jabber:client' \
              xmlns:stream='http://etherx.jabber.org/streams'>",
        ),
        (XMPP_HEADER, ""),
        (FEATURES, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        ("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", ""),
    ]);
    assert_eq!(starttls(&server, StartTls::Xmpp).unwrap().certificates, rsa().der());
}

/// An LDAP server that answers with `reply` and then speaks TLS.
fn ldap(reply: Vec<u8>) -> Server {
    let context = context(rsa(), |_| {});
    Server::new(move |mut tcp, _| {
        let request: Vec<u8> = LDAP_REQUEST
            .chars()
            .map(|char| u8::try_from(u32::from(char)).unwrap())
            .collect();
        let mut heard = vec![0; request.len()];
        tcp.read_exact(&mut heard).unwrap();
        assert_eq!(heard, request);
        tcp.write_all(&reply).unwrap();
        accept(&context, tcp);
    })
}

#[test]
fn ldap_is_read_after_starttls() {
    let openldap = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00".to_vec();
    // Active Directory writes long lengths, and the name of the response.
    let mut active_directory =
        b"\x30\x84\x00\x00\x00\x28\x02\x01\x01\x78\x84\x00\x00\x00\x1f\x0a\x01\x00\x04\x00\x04\x00".to_vec();
    active_directory.extend(b"\x8a\x161.3.6.1.4.1.1466.20037");
    for reply in [openldap, active_directory] {
        let server = ldap(reply);
        assert_eq!(starttls(&server, StartTls::Ldap).unwrap().certificates, rsa().der());
    }
}

#[test]
fn refused_starttls_says_how() {
    type Script = &'static [(&'static str, &'static str)];
    let cases: [(StartTls, Script, &str); 10] = [
        (StartTls::Smtp, &[("554 no\r\n", "\n")], "greeted with a refusal"),
        (
            StartTls::Smtp,
            &[("220 a\r\n", "\n"), ("502 no\r\n", "\n")],
            "does not take EHLO",
        ),
        (
            StartTls::Smtp,
            &[("220 a\r\n", "\n"), ("250 a\r\n", "\n"), ("502 no\r\n", "\n")],
            "does not offer STARTTLS",
        ),
        (
            StartTls::Smtp,
            &[("220 a\r\n", "\n"), ("250 a\r\n", "\n"), ("454 no\r\n", "\n")],
            "has no TLS for the time being",
        ),
        (
            StartTls::Smtp,
            &[("* OK imap\r\n", "\n")],
            "did not greet as an SMTP server",
        ),
        (
            StartTls::Imap,
            &[("* PREAUTH\r\n", "\n")],
            "is past the point at which TLS can begin",
        ),
        (
            StartTls::Imap,
            &[("* OK\r\n", "\n"), ("a1 BAD\r\n", "\n")],
            "does not offer STARTTLS",
        ),
        (
            StartTls::Pop3,
            &[("+OK\r\n", "\n"), ("-ERR\r\n", "\n")],
            "does not offer STARTTLS",
        ),
        (
            StartTls::Xmpp,
            &[(XMPP_HEADER, ""), ("<stream:features/>", "?")],
            "does not offer STARTTLS",
        ),
        (
            StartTls::Xmpp,
            &[("220 smtp\r\n", "?")],
            "did not answer as an XMPP server",
        ),
    ];
    for (protocol, script, expected) in cases {
        let server = scripted(script);
        let error = starttls(&server, protocol).unwrap_err();
        let TlsError::StartTlsRefused {
            protocol: spoken, why, ..
        } = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!((*spoken, *why), (protocol, expected));
        assert_eq!(server.connections(), 1);
    }
    let server = ldap(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00".to_vec());
    let error = starttls(&server, StartTls::Ldap).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server did not begin TLS over ldap: it does not offer STARTTLS"
    );
    assert_eq!(error.detail(), Some("result code 52"));
}

#[test]
fn text_injected_after_the_go_ahead_is_refused() {
    let server = scripted(&[
        ("220 a\r\n", "\n"),
        ("250 STARTTLS\r\n", "\n"),
        ("220 go ahead\r\n250 injected\r\n", ""),
    ]);
    let error = starttls(&server, StartTls::Smtp).unwrap_err();
    let why = "sent more after its go-ahead, before TLS began";
    assert!(
        matches!(error, TlsError::StartTlsRefused { why: found, .. } if found == why),
        "{error:?}"
    );
}

#[test]
fn dialogues_are_bounded() {
    let line = Server::raw(vec![b'2'; 10_000]);
    let limit = TlsError::TooLarge {
        limit: 4096,
        unit: "bytes before TLS",
    };
    assert_eq!(starttls(&line, StartTls::Smtp), Err(limit));
    let total = TlsError::TooLarge {
        limit: 16 * 1024,
        unit: "bytes before TLS",
    };
    let lines = Server::raw(b"220-again\r\n".repeat(5_000));
    assert_eq!(starttls(&lines, StartTls::Smtp), Err(total.clone()));
    let xml = Server::raw([b"<".as_slice(), &[b' '; 50_000]].concat());
    assert_eq!(starttls(&xml, StartTls::Xmpp), Err(total.clone()));
    let ber = Server::raw(b"\x30\x84\xff\xff\xff\xff".to_vec());
    assert_eq!(starttls(&ber, StartTls::Ldap), Err(total));
}

#[test]
fn every_starttls_name_is_parsed_and_no_other() {
    for name in ["smtp", "imap", "pop3", "ldap", "xmpp"] {
        let parsed: StartTls = serde_json::from_value(name.into()).unwrap();
        assert_eq!(parsed.to_string(), name);
    }
    for name in ["SMTP", "ftp"] {
        assert!(serde_json::from_value::<StartTls>(name.into()).is_err());
    }
}

#[test]
fn equal_endpoints_are_read_once_and_all_are_answered_in_order() {
    let server = Server::tls(context(rsa(), |_| {}));
    let other = Server::raw(b"SSH-2.0-x\r\n".to_vec());
    let endpoints = [
        server.endpoint(),
        other.endpoint(),
        server.endpoint(),
        server.endpoint(),
        other.endpoint(),
    ];
    let told = Mutex::new(Vec::new());
    let results = read_all(&endpoints, &|done, total| told.lock().unwrap().push((done, total)));
    let ssh = Err(TlsError::NotTls { found: "an SSH server" });
    for (at, result) in results.iter().enumerate() {
        match at {
            1 | 4 => assert_eq!(*result, ssh),
            _ => assert_eq!(result.as_ref().unwrap().certificates, rsa().der()),
        }
    }
    assert_eq!(results.len(), 5);
    assert_eq!((server.connections(), other.connections()), (1, 1));
    let told = told.into_inner().unwrap();
    assert!(told == [(3, 5), (5, 5)] || told == [(2, 5), (5, 5)], "{told:?}");
    assert_eq!(read_all(&[], &|_, _| panic!("nothing was done")), []);
}

#[test]
fn a_thousand_servers_are_read_at_once_and_in_order() {
    const SERVERS: usize = 1000;
    const CERTIFICATES: usize = 7;
    let key = ec_key();
    let identities: Vec<Identity> = (0..CERTIFICATES)
        .map(|at| {
            let leaf = certificate(&format!("{at}.test"), &key, None, 100);
            Identity {
                key: key.clone(),
                chain: vec![leaf],
            }
        })
        .collect();
    let contexts: Vec<SslContext> = identities.iter().map(|identity| context(identity, |_| {})).collect();
    // One listener, told apart by name: a thousand listeners are more files than a process is commonly allowed.
    let server = Server::tls(context(&identities[0], |context| {
        context.set_servername_callback(move |ssl, _| {
            let name = ssl.servername(NameType::HOST_NAME).unwrap_or_default();
            let at: usize = name.split('.').next().unwrap_or_default().parse().unwrap();
            ssl.set_ssl_context(&contexts[at % CERTIFICATES]).unwrap();
            Ok(())
        });
    }));
    let endpoints: Vec<Endpoint> = (0..SERVERS)
        .map(|at| Endpoint {
            server_name: Some(format!("{at}.front-end.test")),
            ..server.endpoint()
        })
        .collect();
    let most = AtomicUsize::new(0);
    let begun = Instant::now();
    let results = read_all(&endpoints, &|done, _| most.store(done, Ordering::Relaxed));
    eprintln!("{SERVERS} servers in {:?}", begun.elapsed());
    for (at, result) in results.iter().enumerate() {
        assert_eq!(
            result.as_ref().unwrap().certificates,
            identities[at % CERTIFICATES].der(),
            "{at}"
        );
    }
    assert_eq!((results.len(), most.into_inner()), (SERVERS, SERVERS));
    // One after the other they would take minutes. Wine adds a layer of its own.
    assert!(begun.elapsed() < Duration::from_secs(if cfg!(windows) { 120 } else { 30 }));
}

#[test]
fn silent_servers_wait_side_by_side() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let endpoints: Vec<Endpoint> = (0..CONCURRENCY)
        .map(|at| Endpoint {
            server_name: Some(format!("{at}.test")),
            timeout: Duration::from_millis(500),
            ..endpoint("127.0.0.1", port)
        })
        .collect();
    let begun = Instant::now();
    let results = read_all(&endpoints, &|_, _| {});
    assert!(
        results
            .iter()
            .all(|result| *result == Err(TlsError::Timeout { stage: Stage::Hello })),
        "{results:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}
