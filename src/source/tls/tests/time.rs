//! Time limits and closed connections.

use super::*;

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
