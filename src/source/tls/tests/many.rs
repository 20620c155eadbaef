//! Many servers at once.

use super::*;

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
