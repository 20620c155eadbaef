//! What is not a TLS server, and alerts.

use super::*;

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
