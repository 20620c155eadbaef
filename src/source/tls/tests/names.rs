//! Server names and addresses.

use super::*;

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
