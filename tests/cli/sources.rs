//! Files, folders, archives and standard input, as they are found on servers.

use std::fs;
#[cfg(unix)]
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mint::container::{p7b, utf16_le};
use mint::{Ca, NOW_TEXT, P12};
use serde_json::json;

use super::GOOD;
use crate::support::binary::{call, check, codes, folder, key_of, run, same_ca, small, write};
use crate::support::session::{Session, masked};

#[test]
fn what_a_folder_of_ca_certificates_holds_besides_is_passed_over_and_what_may_be_one_is_said() {
    let small = small();
    let own = folder("certenroll");
    let key = key_of("request");
    let mut request = openssl::x509::X509Req::builder().unwrap();
    request.set_pubkey(&key.private()).unwrap();
    request
        .sign(&key.private(), openssl::hash::MessageDigest::sha256())
        .unwrap();
    let request = request.build();
    // A revocation list of nothing, as AD CS leaves it in CertEnroll: version, algorithm, issuer, thisUpdate, nextUpdate.
    let algorithm = [0x30, 5, 6, 3, 0x2a, 3, 4];
    let revoked = [
        &[0x30, 62, 0x30, 42, 2, 1, 1][..],
        &algorithm,
        &[0x30, 0, 0x17, 13],
        b"260101000000Z",
        &[0x17, 13],
        b"270101000000Z",
        &algorithm,
        &[3, 9, 0],
        &[1; 8],
    ]
    .concat();
    for (name, content) in [
        ("ca.crt", small.ca.cert.der().to_vec()),
        ("ca.crl", revoked),
        ("new.req", request.to_der().unwrap()),
        ("new.pem", request.to_pem().unwrap()),
        ("nsrev.asp", b"<html><body>revocation</body></html>".to_vec()),
        ("readme.txt", b"see the wiki".to_vec()),
        ("ca.key", key.pkcs8_pem().into_bytes()),
        ("locked.key", key.pkcs8_pem_encrypted("secret").into_bytes()),
        ("report.pdf", b"%PDF-1.7 rest".to_vec()),
    ] {
        write(&own, name, content);
    }
    for place in ["authorities", "intermediates"] {
        let mut request = small.good_request();
        request[place] = json!([own, {"pem": small.ca.cert.pem()}]);
        let report = check(&request);
        assert_eq!(report["reference"]["findings"], json!([]), "{place}: {report:#}");
    }
    for (name, content) in [
        ("cut.crt", small.other.der()[..200].to_vec()),
        ("empty.crt", Vec::new()),
        ("trust.jks", b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01".to_vec()),
        ("many.zip", b"PK\x03\x04rest".to_vec()),
        ("noise.cer", vec![7; 300]),
    ] {
        let path = write(&own, name, content);
        let mut request = small.good_request();
        request["authorities"] = json!([{"pem": small.ca.cert.pem()}, own]);
        let report = check(&request);
        let findings = report["reference"]["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 1, "{name}: {report:#}");
        assert_eq!(findings[0]["code"], "certificate-unreadable");
        assert_eq!(findings[0]["severity"], "warning");
        assert_eq!(findings[0]["pointer"], "/authorities/1");
        assert!(findings[0]["message"].as_str().unwrap().contains(name), "{findings:?}");
        assert_eq!(report["status"], "compliant", "{name}: it hides nothing beside it");
        fs::remove_file(path).unwrap();
    }
    // Who asks what a folder holds is told.
    let inspection = call(&["inspect", own.to_str().unwrap(), "--format", "json"], "").json();
    let findings = inspection["subjects"][0]["sources"][0]["findings"].as_array().unwrap();
    assert!(
        findings.len() >= 7 && findings.iter().all(|finding| finding["severity"] == "info"),
        "{inspection:#}"
    );
}

#[test]
fn what_a_server_sends_is_saved_to_be_looked_at_and_no_authority_by_itself() {
    let small = small();
    let own = folder("saved");
    let chain = write(&own, "chain.pem", small.good.pem() + &small.ca.cert.pem());
    let saved = own.join("saved.pem");
    let ran = call(&["inspect", &chain, "--save", saved.to_str().unwrap()], "");
    assert_eq!(ran.code, GOOD, "{}", ran.stderr);
    assert_eq!(
        fs::read_to_string(&saved).unwrap(),
        small.good.pem() + &small.ca.cert.pem()
    );
    let ran = call(&["inspect", "nowhere.pem", "--save", saved.to_str().unwrap()], "");
    assert_eq!(ran.code, 2);
    assert_eq!(
        fs::read_to_string(&saved).unwrap(),
        small.good.pem() + &small.ca.cert.pem()
    );
    let session = Session { folder: own };
    let said = [
        "check --subject chain.pem --authority tls://ca.contoso.com",
        "check --subject chain.pem --pin-authority tls://ca.contoso.com:5061",
        "reference chain.pem --authority tls://ca.contoso.com",
        "reference --pin-authority tls://ca.contoso.com",
    ]
    .map(|line| session.run(line));
    insta::assert_snapshot!(said.concat(), @r#"
    $ same-ca check --subject chain.pem --authority tls://ca.contoso.com
    ! same-ca: --authority tls://ca.contoso.com: tls://ca.contoso.com:443 is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file (same-ca inspect --save FILE), look at it, and give the file (at /authorities/0)
    [exit code 2]
    $ same-ca check --subject chain.pem --pin-authority tls://ca.contoso.com:5061
    ! same-ca: --pin-authority tls://ca.contoso.com:5061: tls://ca.contoso.com:5061 is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file (same-ca inspect --save FILE), look at it, and give the file (at /reference/0/authority)
    [exit code 2]
    $ same-ca reference chain.pem --authority tls://ca.contoso.com
    {"protocol":1,"error":{"code":"bad-usage","message":"--authority tls://ca.contoso.com: tls://ca.contoso.com:443 is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file (same-ca inspect --save FILE), look at it, and give the file","pointer":"/authorities/0"}}
    ! same-ca: --authority tls://ca.contoso.com: tls://ca.contoso.com:443 is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file (same-ca inspect --save FILE), look at it, and give the file (at /authorities/0)
    [exit code 2]
    $ same-ca reference --pin-authority tls://ca.contoso.com
    {"protocol":1,"error":{"code":"bad-usage","message":"--pin-authority tls://ca.contoso.com: tls://ca.contoso.com:443 is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file (same-ca inspect --save FILE), look at it, and give the file","pointer":"/reference/0/authority"}}
    ! same-ca: --pin-authority tls://ca.contoso.com: tls://ca.contoso.com:443 is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file (same-ca inspect --save FILE), look at it, and give the file (at /reference/0/authority)
    [exit code 2]
    "#);
}

#[test]
fn a_pkcs12_place_on_the_command_line_needs_the_file_of_its_password() {
    let said = Session::new("pkcs12-place").run("enforce --reference fe01.pem --install-pkcs12 www.pfx");
    insta::assert_snapshot!(said, @r"
    $ same-ca enforce --reference fe01.pem --install-pkcs12 www.pfx
    ! same-ca: --install-pkcs12 www.pfx: give its password as --install-password-file PATH (an empty file for an empty one)
    [exit code 2]
    ");
}

#[test]
fn standard_input_is_a_source_once_and_on_the_command_line_alone() {
    let small = small();
    let own = folder("stdin");
    let fe01 = write(&own, "fe01.pem", small.fe01.pem());
    let ca = write(&own, "ca.pem", small.ca.cert.pem());
    let line = [
        "check",
        "--reference",
        &fe01,
        "--authority",
        &ca,
        "--valid-at",
        NOW_TEXT,
        "--format",
        "json",
    ];
    let ran = call(&[&line[..], &["--subject", "-"]].concat(), small.good.pem());
    assert_eq!((ran.code, &ran.json()["status"]), (GOOD, &json!("compliant")));
    let ran = call(&[&line[..], &["--subject", "-"]].concat(), "");
    assert_eq!(ran.json()["subjects"][0]["relation"], "unreadable");
    let found = call(&[&line[..], &["--subject", "-", "--intermediate", "-"]].concat(), "").error();
    assert_eq!(found.0, "bad-usage", "{found:?}");
    // Any request flag means that standard input is no request.
    let ran = call(
        &[&line[..], &["--subject", "nowhere.pem"]].concat(),
        "{ this is no request",
    );
    assert_eq!(ran.code, GOOD);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_named_and_read_no_further() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let small = small();
    let own = folder("special");
    let fifo = own.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    symlink("loop", own.join("loop")).unwrap();
    symlink("gone", own.join("dangling")).unwrap();
    let secret = write(&own, "secret.pem", small.good.pem());
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let readable_all_the_same = fs::read(&secret).is_ok();
    let locked = small.good.pem() + &key_of("locked").pkcs8_pem_encrypted("x");
    let locked = write(&own, "locked.pem", locked);
    let big = own.join("big");
    fs::File::create(&big).unwrap().set_len(3 << 40).unwrap();
    let at = |name: &str| own.join(name).to_str().unwrap().to_owned();
    let mut said = String::new();
    for (path, why) in [
        (at("fifo"), "neither a file nor a folder"),
        ("/dev/zero".into(), "neither a file nor a folder"),
        ("/dev/null".into(), "neither a file nor a folder"),
        (at("loop"), "could not be read"),
        (at("dangling"), "no such file"),
        (at("nowhere"), "no such file"),
        (at("secret.pem/x"), "not a folder"),
        (at("big"), "larger than 64 MiB"),
        (at(""), "is a folder, and one certificate is expected"),
        (at(&"x".repeat(300)), "name of a file"),
        (
            at("secret.pem"),
            if readable_all_the_same { "" } else { "permission denied" },
        ),
    ] {
        let request = small.request_of(
            json!([{"name": "odd", "source": path}, {"name": "good", "source": {"pem": small.good.pem()}}]),
        );
        let report = check(&request);
        assert_eq!(report["subjects"][1]["status"], "compliant");
        if why.is_empty() {
            continue;
        }
        let odd = &report["subjects"][0];
        assert_eq!(
            (&odd["status"], &odd["relation"]),
            (&json!("undetermined"), &json!("unreadable")),
            "{path}"
        );
        let message = odd["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains(why) && message.contains(&path), "{path}: {message}");
        if why != "permission denied" {
            said += &format!("{message}\n");
        }
        for as_password in [
            json!({"path": locked, "password_file": path}),
            json!({"path": path, "password": "x"}),
        ] {
            assert_ne!(check(&small.request(as_password))["subjects"][0]["relation"], "same");
        }
    }
    insta::assert_snapshot!(masked(&said, &own), @r"
    [folder]/fifo: it is neither a file nor a folder
    /dev/zero: it is neither a file nor a folder
    /dev/null: it is neither a file nor a folder
    [folder]/loop: it could not be read (input or output error)
    [folder]/dangling: there is no such file
    [folder]/nowhere: there is no such file
    [folder]/secret.pem/x: there is no such file: a part of the path is not a folder
    [folder]/big: it is larger than 64 MiB, which no file of certificates is
    [folder]/ is a folder, and one certificate is expected
    [folder]/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: it cannot be the name of a file
    ");

    // A folder hides nothing behind what it cannot read.
    let many = own.join("many");
    fs::create_dir(&many).unwrap();
    fs::write(
        many.join(std::ffi::OsStr::from_bytes(b"ca-\xff.crt")),
        small.ca.cert.der(),
    )
    .unwrap();
    fs::write(many.join("README.txt"), "read me").unwrap();
    symlink("loop", many.join("loop")).unwrap();
    fs::create_dir(many.join("sub")).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(many.join("fifo"))
            .status()
            .unwrap()
            .success()
    );
    for index in 0..2000 {
        fs::write(many.join(format!("{index}.crt")), small.good.der()).unwrap();
    }
    let mut request = small.good_request();
    request["authorities"] = json!([many]);
    let report = check(&request);
    assert_eq!(report["status"], "compliant", "{:#}", report["reference"]["findings"]);
    let findings = &report["reference"]["findings"];
    assert!(
        findings
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["code"] != "evidence-unused")
            .all(|f| f["code"] == "certificate-unreadable" && f["pointer"] == "/authorities/0")
    );
    assert_eq!(findings.as_array().unwrap().len(), 3, "{findings:#}");
}

#[test]
fn an_archive_says_why_it_does_not_open() {
    let small = small();
    let own = folder("archives");
    let key = key_of("pchat01.contoso.com");
    let archive = P12::new("right")
        .cert(&small.good)
        .cert(&small.ca.cert)
        .key(&key)
        .build();
    let path = write(&own, "pchat01.pfx", &archive);
    let right = write(&own, "right", "right\r\nsecond line");
    let wrong = write(&own, "wrong", "wrong");
    let windows = own.join("windows").to_str().unwrap().to_owned();
    fs::write(&windows, utf16_le("right\r\n")).unwrap();
    let inline = STANDARD.encode(&archive);
    let mut said = String::new();
    for (source, compliant) in [
        (json!({"path": path, "password": "right"}), true),
        (json!({"path": path, "password_file": right}), true),
        (json!({"path": path, "password_file": windows}), true),
        (json!({"path": path, "password_env": "SAME_CA_TEST_RIGHT"}), true),
        (json!({"pkcs12": inline, "password": "right"}), true),
        (json!({"path": path, "password": "wrong"}), false),
        (json!({"path": path, "password_file": wrong}), false),
        (json!({"path": path, "password_file": own.join("none")}), false),
        (json!({"path": path, "password_env": "SAME_CA_TEST_UNSET"}), false),
        (json!({"path": path}), false),
        (json!({"path": path, "password": ""}), false),
        (json!({"pkcs12": inline}), false),
        (json!({"pkcs12": "no base64!", "password": "right"}), false),
    ] {
        let mut command = same_ca(&["check"]);
        command
            .env("SAME_CA_TEST_RIGHT", "right")
            .env_remove("SAME_CA_TEST_UNSET");
        let report = run(command, small.request(source.clone()).to_string()).json();
        let subject = &report["subjects"][0];
        let expected = if compliant {
            ["compliant", "same"]
        } else {
            ["undetermined", "unreadable"]
        };
        assert_eq!(
            (&subject["status"], &subject["relation"]),
            (&json!(expected[0]), &json!(expected[1])),
            "{source}: {subject:#}"
        );
        if !compliant {
            let finding = &subject["findings"][0];
            assert_eq!(finding["code"], "certificate-unreadable", "{source}");
            let source = source.to_string().replace(&inline, "[archive]");
            said += &format!("{source}\n  {}\n", finding["message"].as_str().unwrap());
        }
    }
    insta::assert_snapshot!(masked(&said, &own), @r#"
    {"password":"wrong","path":"[folder]/pchat01.pfx"}
      [folder]/pchat01.pfx: wrong password for the PKCS#12 file
    {"password_file":"[folder]/wrong","path":"[folder]/pchat01.pfx"}
      [folder]/pchat01.pfx: wrong password for the PKCS#12 file
    {"password_file":"[folder]/none","path":"[folder]/pchat01.pfx"}
      [folder]/pchat01.pfx: its password file [folder]/none cannot be read: there is no such file
    {"password_env":"SAME_CA_TEST_UNSET","path":"[folder]/pchat01.pfx"}
      [folder]/pchat01.pfx: the environment variable SAME_CA_TEST_UNSET with its password is not set
    {"path":"[folder]/pchat01.pfx"}
      [folder]/pchat01.pfx: the PKCS#12 file needs a password
    {"password":"","path":"[folder]/pchat01.pfx"}
      [folder]/pchat01.pfx: wrong password for the PKCS#12 file
    {"pkcs12":"[archive]"}
      inline PKCS#12: the PKCS#12 file needs a password
    {"password":"right","pkcs12":"no base64!"}
      inline PKCS#12: it is not base64
    "#);
}

#[test]
fn an_archive_of_several_keys_or_of_cas_that_certify_each_other_is_ambiguous_or_told_by_its_key() {
    let small = small();
    let (one, two) = (Ca::root("CN=One"), Ca::root("CN=Two"));
    let crossed = [&one.cross_certify(&two), &two.cross_certify(&one)];
    let host = key_of("pchat01.contoso.com");
    let source = |archive: P12| json!({"pkcs12": STANDARD.encode(archive.build()), "password": "p"});
    let several = P12::new("p")
        .cert(&small.good)
        .cert(&small.fe01)
        .key(&host)
        .key(&key_of("fe01.contoso.com"));
    let begun = Instant::now();
    for (archive, relation, code) in [
        (several, "unreadable", Some("source-ambiguous")),
        (P12::new("p").certs(&crossed), "unreadable", Some("source-ambiguous")),
        (
            P12::new("p")
                .certs(&crossed)
                .certs(&[&one.cert, &two.cert])
                .key(&one.key)
                .key(&two.key),
            "unreadable",
            Some("source-ambiguous"),
        ),
        (P12::new("p").certs(&crossed).cert(&small.good).key(&host), "same", None),
        (P12::new("p").key(&host), "unreadable", Some("certificate-unreadable")),
    ] {
        let report = check(&small.request(source(archive)));
        let subject = &report["subjects"][0];
        assert_eq!(subject["relation"], relation, "{subject:#}");
        assert_eq!(codes(&subject["findings"]).first().copied(), code, "{subject:#}");
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
    let set = |certs: &[&mint::Cert]| json!({"der": STANDARD.encode(p7b(certs))});
    assert_eq!(
        check(&small.request(set(&crossed)))["subjects"][0]["relation"],
        "unreadable"
    );
}
