//! STARTTLS.

use super::*;

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
