//! TLS sources through the binary: servers of every age, servers that are none, and a reference read once.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mint::{Ca, Cert, CertBuilder, Key, NOW_TEXT, San};
use openssl::ssl::{NameType, SslContext, SslContextBuilder, SslVerifyMode, SslVersion};
use serde_json::{Value, json};

use crate::support::binary::{call, check, codes, folder, key_of, run, same_ca, write};
use crate::support::request::ask;
use crate::support::servers::{Server, accept, bare_context, only};

/// A CA, a server's RSA certificate under it, as Lync had, and the key.
fn rsa(host: &str) -> (Ca, Cert, Key) {
    let ca = Ca::root("CN=Contoso CA,DC=contoso,DC=com");
    let key = Key::rsa(2048, "fe01");
    let cert = CertBuilder::server(host, &key).issuer(&ca).build();
    (ca, cert, key)
}

fn context(chain: &[&Cert], key: &Key, configure: impl FnOnce(&mut SslContextBuilder)) -> SslContext {
    bare_context(|context| {
        context.set_certificate(&chain[0].openssl()).unwrap();
        context.set_private_key(&key.private()).unwrap();
        for cert in &chain[1..] {
            context.add_extra_chain_cert(cert.openssl()).unwrap();
        }
        configure(context);
    })
}

/// A server of one subject's certificate, as the CA makes it.
fn server(cert: &Cert, key: &Key) -> Server {
    Server::tls(context(&[cert], key, |_| ()))
}

fn tls(server: &Server) -> Value {
    json!({"tls": {"host": "127.0.0.1", "port": server.port, "timeout": 20}})
}

/// A request whose reference is a file under the CA, and each source a subject.
fn request(ca: &Ca, sources: &[Value]) -> Value {
    let subjects: Vec<_> = sources
        .iter()
        .enumerate()
        .map(|(index, source)| json!({"name": format!("s{index}"), "source": source}))
        .collect();
    let ask = ask().file("fe00", &[&ca.server("fe00.contoso.com").build()]);
    ask.authorities(&[&ca.cert])
        .policy("valid_at", NOW_TEXT)
        .request_on(&subjects)
}

/// A message about a server on loopback, whose port is another one every time.
fn without_port(message: &str) -> String {
    let (before, rest) = message.split_once("127.0.0.1:").unwrap();
    format!(
        "{before}127.0.0.1:[port]{}",
        rest.trim_start_matches(|c: char| c.is_ascii_digit())
    )
}

#[test]
fn servers_of_every_age_are_judged_by_what_they_present() {
    let (ca, cert, key) = rsa("fe01.contoso.com");
    let (cert, key) = (&cert, &key);
    let demanding = |version, suites| {
        move |context: &mut SslContextBuilder| {
            only(version, suites)(context);
            context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }
    };
    let tls_1_2 = SslVersion::TLS1_2;
    let servers = [
        (
            Server::tls(context(&[cert], key, only(SslVersion::TLS1, "ALL"))),
            vec![],
        ),
        (
            Server::tls(context(&[cert], key, only(SslVersion::TLS1_1, "ALL"))),
            vec![],
        ),
        (Server::tls(context(&[cert], key, only(tls_1_2, "AES256-SHA"))), vec![]),
        (
            Server::tls(context(&[cert], key, only(SslVersion::TLS1, "DES-CBC3-SHA"))),
            vec![],
        ),
        (
            Server::tls(context(&[cert], key, only(SslVersion::TLS1, "RC4-SHA"))),
            vec![],
        ),
        (Server::tls(context(&[cert], key, only(tls_1_2, "RC4-SHA"))), vec![]),
        (
            Server::tls(context(&[cert], key, only(SslVersion::TLS1_3, "ALL"))),
            vec![],
        ),
        (
            Server::tls(context(&[cert], key, demanding(SslVersion::TLS1_3, "ALL"))),
            vec!["client-certificate-required"],
        ),
        (
            Server::tls(context(&[cert], key, demanding(tls_1_2, "ECDHE-RSA-AES128-SHA"))),
            vec!["client-certificate-required"],
        ),
        // Here the server would use its key only after what is not sent.
        (
            Server::tls(context(&[cert], key, demanding(SslVersion::TLS1, "AES128-SHA"))),
            vec!["client-certificate-required", "possession-unproven"],
        ),
    ];
    let sources: Vec<_> = servers.iter().map(|(server, _)| tls(server)).collect();
    let report = check(&request(&ca, &sources));
    for ((_, expected), subject) in servers.iter().zip(report["subjects"].as_array().unwrap()) {
        assert_eq!(
            (&subject["status"], &subject["relation"]),
            (&json!("compliant"), &json!("same")),
            "{subject:#}"
        );
        assert_eq!(subject["certificate"]["sha256"], cert.sha256());
        let mut found = codes(&subject["findings"]);
        found.sort_unstable();
        // They are asked by an address.
        assert!(found.contains(&"host-not-covered"));
        found.retain(|code| *code != "host-not-covered");
        assert_eq!(&found, expected, "{subject:#}");
    }
    // The same server as reference: which CA it uses is told by the certificate alone.
    let mut by_server = request(&ca, &[json!({"pem": cert.pem()})]);
    by_server["reference"] = json!([{"name": "fe01", "source": sources.last()}]);
    let report = check(&by_server);
    assert_eq!(report["status"], "compliant", "{report:#}");
    assert_eq!(
        codes(&report["reference"]["members"][0]["findings"]),
        // Its certificate does not cover the address that was asked.
        ["client-certificate-required", "reference-unanchored"]
    );
    // Who wants the proof asks for it.
    let mut strict = request(&ca, &sources);
    strict["policy"]["severity"] = json!({"possession-unproven": "error"});
    let statuses: Vec<_> = check(&strict)["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["status"] == "compliant")
        .collect();
    assert_eq!(statuses, [true, true, true, true, true, true, true, true, true, false]);
}

#[test]
fn a_subject_read_by_tls_without_names_is_looked_at_for_the_host_that_was_asked() {
    let (ca, cert, key) = rsa("fe01.contoso.com");
    let server = server(&cert, &key);
    let asked =
        |name: &str| json!({"tls": {"host": "127.0.0.1", "port": server.port, "timeout": 20, "server_name": name}});
    let mut request = request(
        &ca,
        &[
            asked("fe01.contoso.com"),
            asked("other.contoso.com"),
            tls(&server),
            tls(&server),
            tls(&server),
        ],
    );
    request["subjects"][3]["names"] = json!(["fe01.contoso.com"]);
    let any_of = request["subjects"][4]
        .as_object_mut()
        .unwrap()
        .remove("source")
        .unwrap();
    request["subjects"][4]["any_of"] = json!([any_of]);
    let report = check(&request);
    let said = |findings: &Value| -> Vec<Value> {
        let findings = findings.as_array().unwrap().iter();
        let of_code = findings.filter(|finding| finding["code"] == "host-not-covered");
        of_code.map(|finding| finding["severity"].clone()).collect()
    };
    let subjects = report["subjects"].as_array().unwrap();
    for (index, expected) in [(0, 0), (1, 1), (2, 1), (3, 0)] {
        assert_eq!(
            said(&subjects[index]["findings"]),
            vec![json!("warning"); expected],
            "{index}: {report:#}"
        );
        assert_eq!(subjects[index]["status"], "compliant");
    }
    assert_eq!(said(&subjects[4]["passed_over"][0]["findings"]), ["warning"]);
}

#[test]
fn a_server_that_is_none_is_named_and_the_others_are_answered() {
    let (ca, cert, key) = rsa("fe01.contoso.com");
    let good = server(&cert, &key);
    let hangs = Server::new(|mut tcp, _| {
        let _ = tcp.read_to_end(&mut Vec::new());
    });
    let resets = Server::new(|tcp, _| drop(tcp));
    let ssh = Server::raw(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec());
    let anonymous = Server::tls(bare_context(|context| {
        only(SslVersion::TLS1_2, "AECDH-AES128-SHA:ADH-AES128-SHA")(context);
    }));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let brief = |port: u16| json!({"tls": {"host": "127.0.0.1", "port": port, "timeout": 2}});
    let sources = [
        tls(&good),
        brief(hangs.port),
        tls(&resets),
        tls(&ssh),
        tls(&anonymous),
        brief(free),
        json!("tls://[::1]:1"),
        json!("tls://no-such-host.invalid:5061"),
        tls(&good),
    ];
    let begun = Instant::now();
    let report = check(&request(&ca, &sources));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let whys = [
        "",
        "in time",
        "closed the connection",
        "an SSH server",
        "presents no certificate",
        "refused",
        "",
        "",
        "",
    ];
    let mut said = String::new();
    for ((subject, why), source) in report["subjects"].as_array().unwrap().iter().zip(whys).zip(&sources) {
        if *source == sources[0] {
            assert_eq!(subject["status"], "compliant", "{subject:#}");
            continue;
        }
        assert_eq!(
            (&subject["status"], &subject["relation"]),
            (&json!("undetermined"), &json!("unreadable"))
        );
        assert_eq!(codes(&subject["findings"]), ["certificate-unreadable"]);
        let message = subject["findings"][0]["message"].as_str().unwrap();
        assert!(
            message.starts_with("tls://") && message.contains(why),
            "{source}: {message}"
        );
        // What the system says of hosts and of IPv6 is its own.
        if !why.is_empty() {
            said += &format!("{}\n", without_port(message));
        }
    }
    insta::assert_snapshot!(said, @r"
    tls://127.0.0.1:[port]: the server did not answer in time, before it answered the TLS hello
    tls://127.0.0.1:[port]: the server closed the connection before it answered the TLS hello
    tls://127.0.0.1:[port]: the server does not speak TLS on this port: it looks like an SSH server
    tls://127.0.0.1:[port]: the server presents no certificate
    tls://127.0.0.1:[port]: the connection was refused
    ");
    // One that cannot be read beside one that can is a doubt, as it might disagree; alone it is no reference.
    let mut reference = request(&ca, &[tls(&good)]);
    reference["reference"] = json!([{"name": "a", "source": tls(&good)}, {"name": "b", "source": brief(free)}]);
    assert_eq!(check(&reference)["status"], "undetermined");
    reference["policy"]["references"] = json!("any");
    assert_eq!(check(&reference)["status"], "compliant");
    reference["reference"] = json!([{"name": "b", "source": brief(free)}]);
    let report = check(&reference);
    assert_eq!(
        (&report["status"], codes(&report["reference"]["findings"])),
        (&json!("undetermined"), vec!["reference-missing"])
    );
}

#[test]
fn a_reference_read_once_serves_when_the_servers_are_gone() {
    let own = folder("tls-reference");
    let ca = Ca::root("CN=Contoso CA,DC=contoso,DC=com");
    let issuing = ca.issue_ca("CN=Contoso Issuing CA,DC=contoso,DC=com");
    let hosts = ["fe01.contoso.com", "fe02.contoso.com"];
    let authority = write(&own, "ca.crt", issuing.cert.der());
    let path = own.join("reference.json").to_str().unwrap().to_owned();
    let without = own.join("without.json").to_str().unwrap().to_owned();
    {
        let servers = hosts.map(|host| {
            let address = San::Ip("127.0.0.1".parse().unwrap());
            let cert = issuing.server(host).sans(vec![San::dns(host), address]).build();
            Server::tls(context(&[&cert, &issuing.cert], &key_of(host), |_| ()))
        });
        let [one, two] = servers
            .each_ref()
            .map(|server| format!("tls://127.0.0.1:{}", server.port));
        let ran = call(
            &["reference", &one, &two, "--authority", &authority, "--output", &path],
            "",
        );
        assert_eq!((ran.code, ran.stdout.len()), (0, 0), "{}", ran.stderr);
        assert_eq!(call(&["reference", &one, &two, "--output", &without], "").code, 0);
    }
    let document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    crate::support::assert_valid("reference", &document);
    assert_eq!(document["findings"], json!([]));
    for member in document["members"].as_array().unwrap() {
        assert_eq!(member["read_by"], "tls");
        assert_eq!(member["certificate"]["chain"].as_array().unwrap().len(), 1);
    }
    let good = write(&own, "good.pem", issuing.server("pchat01.contoso.com").build().pem());
    let look_alike = Ca::root_with(
        "CN=Contoso Issuing CA,DC=contoso,DC=com",
        &Key::ec("P-256", "look-alike"),
    );
    let other = write(&own, "other.pem", look_alike.server("x.contoso.com").build().pem());
    for (document, anchored) in [(&path, true), (&without, false)] {
        let line = [
            "check",
            "--reference-document",
            document,
            "--subject",
            &good,
            "--subject",
            &other,
            "--valid-at",
            NOW_TEXT,
            "--format",
            "json",
        ];
        let report = call(&line, "").json();
        let statuses: Vec<_> = report["subjects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|subject| subject["status"].clone())
            .collect();
        assert_eq!(statuses[0], "compliant", "{report:#}");
        assert_ne!(statuses[1], "compliant", "{report:#}");
        let members = &report["reference"]["members"];
        for member in members.as_array().unwrap() {
            assert_eq!(
                !codes(&member["findings"]).contains(&"reference-unanchored"),
                anchored,
                "{member:#}"
            );
        }
    }
}

#[test]
fn the_certificate_is_that_of_the_server_name_and_addresses_send_none() {
    let ca = Ca::root("CN=Contoso CA,DC=contoso,DC=com");
    let fabrikam = Ca::root("CN=Fabrikam CA");
    let host = "pchat01.contoso.com";
    let (default, named) = (fabrikam.server(host).build(), ca.server(host).build());
    let named_context = context(&[&named], &key_of(host), |_| ());
    let asked: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let context = context(&[&default], &key_of(host), |context| {
        context.set_servername_callback(move |ssl, _| {
            let name = ssl.servername(NameType::HOST_NAME).map(str::to_owned);
            if name.as_deref() == Some("pchat01.contoso.com") {
                ssl.set_ssl_context(&named_context).unwrap();
            }
            seen.lock().unwrap().push(name);
            Ok(())
        });
    });
    let server = Server::tls(context);
    let with = |name: Value| json!({"tls": {"host": "127.0.0.1", "port": server.port, "server_name": name}});
    let report = check(&request(
        &ca,
        &[
            with(json!(host)),
            with(json!(null)),
            with(json!("")),
            with(json!("other.contoso.com")),
        ],
    ));
    let relations: Vec<_> = report["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| subject["relation"].as_str().unwrap())
        .collect();
    assert_eq!(relations, ["same", "different", "different", "different"]);
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    // A hello is answered by a second one where the server wants another group.
    asked.dedup();
    assert_eq!(asked, [None, Some("other.contoso.com".into()), Some(host.into())]);
}

#[test]
fn ipv6_is_read_where_there_is_some() {
    let (ca, cert, key) = rsa("fe01.contoso.com");
    let context = context(&[&cert], &key, |_| ());
    let Ok(server) = Server::on(IpAddr::V6(Ipv6Addr::LOCALHOST), move |tcp, _| accept(&context, tcp)) else {
        eprintln!("not tested: this machine has no IPv6");
        return;
    };
    let port = server.port;
    let sources = [
        json!(format!("tls://[::1]:{port}")),
        json!({"tls": {"host": "::1", "port": port}}),
        json!({"tls": {"host": "[::1]", "port": port}}),
    ];
    let report = check(&request(&ca, &sources));
    assert_eq!(report["summary"]["compliant"], 3, "{report:#}");
    let text = call(&["check", "--subject", &format!("tls://[::1]:{port}")], "");
    assert!(text.text().contains("[::1]"));
}

#[test]
fn starttls_is_spoken_before() {
    let (ca, cert, key) = rsa("fe01.contoso.com");
    let context = context(&[&cert], &key, |_| ());
    let server = Server::new(move |mut tcp, _| {
        let mut line = |answer: &str, expected: &str| {
            let mut heard = Vec::new();
            while !expected.is_empty() && !heard.ends_with(b"\r\n") {
                let mut byte = [0];
                if tcp.read_exact(&mut byte).is_err() {
                    return;
                }
                heard.push(byte[0]);
            }
            let _ = tcp.write_all(answer.as_bytes());
        };
        line("220 mail.contoso.com\r\n", "");
        line("250-mail\r\n250 STARTTLS\r\n", "EHLO");
        line("220 go ahead\r\n", "STARTTLS");
        accept(&context, tcp);
    });
    let source =
        |starttls: &str| json!({"tls": {"host": "127.0.0.1", "port": server.port, "starttls": starttls, "timeout": 5}});
    let report = check(&request(&ca, &[source("smtp"), tls(&server)]));
    let subjects = &report["subjects"];
    assert_eq!(subjects[0]["relation"], "same", "{subjects:#}");
    assert_eq!(subjects[1]["relation"], "unreadable");
    let message = subjects[1]["findings"][0]["message"].as_str().unwrap();
    insta::assert_snapshot!(without_port(message), @"tls://127.0.0.1:[port]: the server does not speak TLS on this port: it looks like an SMTP or FTP server");
    // On the command line one flag is for every server.
    let url = format!("tls://127.0.0.1:{}", server.port);
    let ran = call(&["inspect", &url, "--starttls", "smtp", "--format", "json"], "");
    assert_eq!(
        ran.json()["subjects"][0]["sources"][0]["certificates"][0]["facts"]["sha256"],
        cert.sha256(),
        "{:#}",
        ran.json()
    );
}

#[test]
fn a_thousand_servers_are_read_in_one_request() {
    let (ca, cert, key) = rsa("fe01.contoso.com");
    // One listener with many addresses: every endpoint is another.
    let context = context(&[&cert], &key, only(SslVersion::TLS1_2, "AES128-SHA"));
    let Ok(server) = Server::on(IpAddr::V4(Ipv4Addr::UNSPECIFIED), move |tcp, _| accept(&context, tcp)) else {
        panic!("no loopback");
    };
    let address = |index: usize| {
        Ipv4Addr::new(
            127,
            0,
            1 + u8::try_from(index / 250).unwrap(),
            1 + u8::try_from(index % 250).unwrap(),
        )
    };
    let reachable = |index| {
        TcpStream::connect_timeout(
            &SocketAddr::new(address(index).into(), server.port),
            Duration::from_secs(1),
        )
        .is_ok()
    };
    let distinct = reachable(0) && reachable(999);
    let source = |index: usize| match distinct {
        true => json!({"tls": {"host": address(index).to_string(), "port": server.port, "timeout": 60}}),
        // Where only 127.0.0.1 is there, the names differ instead.
        false => {
            json!({"tls": {"host": "127.0.0.1", "port": server.port, "server_name": format!("h{index}.test"), "timeout": 60}})
        }
    };
    let sources: Vec<_> = (0..1000).map(source).collect();
    let begun = Instant::now();
    let report = check(&request(&ca, &sources));
    assert_eq!(
        report["summary"],
        json!({"total": 1000, "compliant": 1000, "noncompliant": 0, "undetermined": 0}),
        "{:#}",
        report["subjects"][0]
    );
    assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
}

#[test]
fn batch_reads_servers_in_its_lines() {
    let (ca, cert, key) = rsa("fe01.contoso.com");
    let good = server(&cert, &key);
    let stranger = Ca::root("CN=Fabrikam CA").server("fe01.contoso.com").build();
    let bad = server(&stranger, &key_of("fe01.contoso.com"));
    let mut by_reference = request(&ca, &[tls(&good)]);
    by_reference["reference"] = json!([{"name": "fe01", "source": tls(&good)}]);
    let lines = [
        request(&ca, &[tls(&good), tls(&bad)]),
        request(&ca, &[tls(&bad)]),
        by_reference,
        request(&ca, &[json!("tls://127.0.0.1:1")]),
    ];
    let ran = call(
        &["batch"],
        lines.iter().map(|line| line.to_string() + "\n").collect::<String>(),
    );
    let answers = ran.lines();
    let statuses: Vec<_> = answers
        .iter()
        .map(|answer| answer["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["noncompliant", "noncompliant", "compliant", "undetermined"]);
    for (line, answer) in lines.iter().zip(&answers) {
        assert_eq!(&check(line), answer);
    }
}

#[test]
fn a_hostile_openssl_configuration_does_not_reach_the_handshake() {
    let own = folder("openssl-conf-tls");
    let conf = "config_diagnostics = 1\nopenssl_conf = all\n[all]\nssl_conf = ssl\nalg_section = algorithms\n[algorithms]\ndefault_properties = fips=yes\n\
        [ssl]\nsystem_default = system\n[system]\nMinProtocol = TLSv1.3\nCipherString = DEFAULT@SECLEVEL=5\n";
    let conf = write(&own, "openssl.cnf", conf);
    let (_, cert, key) = rsa("fe01.contoso.com");
    let server = Server::tls(context(&[&cert], &key, only(SslVersion::TLS1, "AES128-SHA")));
    let url = format!("tls://127.0.0.1:{}", server.port);
    let output = thread::spawn(move || {
        let mut command = same_ca(&["inspect", &url, "--format", "json"]);
        command.env("OPENSSL_CONF", conf);
        run(command, "")
    })
    .join()
    .unwrap();
    let inspection: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        inspection["subjects"][0]["sources"][0]["findings"],
        json!([]),
        "{inspection:#}"
    );
}
