//! The minter itself: what is meant to be good must be so to OpenSSL too, and a forgery be wrong in the one way
//! intended.

use std::path::{Path, PathBuf};

use mint::cert::oid;
use mint::container::{self, Mac, Pbe};
use mint::key::{Curve, below};
use mint::*;
use openssl::pkcs7::Pkcs7;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509Req};
use same_ca::protocol::{Code, Request};
use serde_json::Value;

pub(super) fn contoso() -> Ca {
    Ca::root("CN=Contoso Root CA,DC=contoso,DC=com")
}

/// Subject as OpenSSL reads it, in the order of the encoding.
fn subject(cert: &Cert) -> String {
    let x509 = cert.openssl();
    let entries = x509.subject_name().entries();
    let entries = entries.map(|e| {
        format!(
            "{}={}",
            e.object().nid().short_name().unwrap(),
            String::from_utf8_lossy(e.data().as_slice())
        )
    });
    entries.collect::<Vec<_>>().join(",")
}

#[test]
fn the_pool_is_what_the_labels_give() {
    assert_eq!(
        key::fresh("rsa2048-65537-leaf").pkcs8_pem(),
        Key::rsa(2048, "leaf").pkcs8_pem()
    );
    assert_eq!(
        key::fresh("rsa1024-65537-ca").spki_sha256(),
        Key::rsa(1024, "ca").spki_sha256()
    );
}

#[test]
fn the_minter_needs_no_openssl_for_the_demo() {
    use mint::key::arithmetic::{by_openssl, plain};
    let (p256, rsa) = (Curve::named("P-256"), Key::rsa(2048, "leaf"));
    let (order, numbers) = (p256.order(), rsa.rsa_numbers());
    assert_eq!(plain::order(p256), order);
    let small = [1u32, 2, 3, 4, 0x1_0000].map(Into::into);
    let large = [
        &order - 1u8,
        &order - 2u8,
        &order >> 1,
        below(&order, b"a"),
        below(&order, b"b"),
    ];
    for factor in small.iter().chain(&large) {
        let expected = by_openssl::multiply(p256, None, factor);
        assert_eq!(plain::multiply(p256, None, factor), expected, "{factor}");
    }
    let (base, modulus) = (&numbers.q, &numbers.p);
    let expected = by_openssl::mod_exp(base, &numbers.d, modulus);
    assert_eq!(plain::mod_exp(base, &numbers.d, modulus), expected);
    for number in [
        modulus.clone(),
        modulus + 2u8,
        numbers.n.clone(),
        4093u32.into(),
        561u32.into(),
    ] {
        assert_eq!(plain::is_prime(&number), by_openssl::is_prime(&number), "{number}");
    }
}

#[test]
fn the_same_calls_mint_the_same_bytes() {
    let ca = contoso();
    assert_eq!(
        ca.server("fe01.contoso.com").build(),
        contoso().server("fe01.contoso.com").build()
    );
    assert_ne!(
        ca.server("fe01.contoso.com").build(),
        ca.server("fe02.contoso.com").build()
    );
    assert_eq!(
        P12::new("x").cert(&ca.cert).key(&ca.key).build(),
        P12::new("x").cert(&ca.cert).key(&ca.key).build()
    );
}

#[test]
fn every_kind_of_key_signs_what_openssl_verifies() {
    use Digest::*;
    let mut cases = vec![
        (Key::ed25519("k"), vec![Sha256]),
        (Key::ed448("k"), vec![Sha256]),
        (Key::dsa("k"), vec![Sha1, Sha224, Sha256]),
        (Key::rsa_pss(2048, "leaf"), vec![Sha1, Sha256, Sha384, Sha512]),
        (Key::rsa(1024, "leaf"), vec![Md5, Sha1, Sha224, Sha256, Sha384, Sha512]),
        (Key::rsa(2048, "leaf"), vec![Md5, Sha1, Sha224, Sha256, Sha384, Sha512]),
        (Key::rsa_exponent(2048, 3, "k"), vec![Sha256]),
        (Key::rsa_exponent(2048, (1 << 33) + 1, "k"), vec![Sha256]),
    ];
    cases.extend(
        key::CURVES
            .iter()
            .map(|curve| (Key::ec(curve.name, "k"), vec![Sha1, Sha224, Sha256, Sha384, Sha512])),
    );
    for (key, digests) in cases {
        for digest in digests {
            let cert = CertBuilder::new("CN=self", &key).digest(digest).build();
            assert!(cert.verifies_with(&key), "{:?} {digest:?}", key.public());
            assert_eq!(
                cert.openssl().public_key().unwrap().public_key_to_der().unwrap(),
                key.public().public_key_to_der().unwrap()
            );
        }
        assert!(key.private().public_eq(&key.public()), "{:?}", key.public());
    }
}

#[test]
fn pss_is_as_asked_for() {
    let key = Key::rsa(2048, "leaf");
    for pss in [
        Pss::new(Digest::Sha256),
        Pss {
            hash: Digest::Sha256,
            mgf: Digest::Sha1,
            salt: 20,
        },
        Pss {
            hash: Digest::Sha512,
            mgf: Digest::Sha256,
            salt: 0,
        },
        Pss {
            hash: Digest::Sha1,
            mgf: Digest::Sha1,
            salt: 20,
        },
    ] {
        let cert = CertBuilder::new("CN=self", &key).pss(pss).build();
        assert!(cert.verifies_with(&key), "{pss:?}");
        assert_eq!(cert.openssl().signature_algorithm().object().to_string(), "rsassaPss");
    }
}

#[test]
fn one_key_in_another_spki_is_the_same_key() {
    let ec = Key::ec("P-256", "k");
    let rsa = Key::rsa(2048, "leaf");
    for other in [
        ec.with_compressed_point(),
        ec.with_hybrid_point(),
        ec.with_explicit_curve(),
    ] {
        assert_ne!(other.spki_der(), ec.spki_der());
        assert_eq!(other.spki_sha256(), ec.spki_sha256());
        assert!(CertBuilder::new("CN=x", &ec).build().verifies_with(&other));
    }
    for other in [
        rsa.without_null_parameters(),
        rsa.as_pss_key(&Pss::new(Digest::Sha256).parameters()),
    ] {
        assert_ne!(other.spki_der(), rsa.spki_der());
        assert_eq!(other.spki_sha256(), rsa.spki_sha256());
    }
    assert!(
        CertBuilder::new("CN=x", &rsa)
            .build()
            .verifies_with(&rsa.without_null_parameters())
    );
}

#[test]
fn private_keys_read_back_in_every_wrapping() {
    let (rsa, ec) = (Key::rsa(2048, "leaf"), Key::ec("P-384", "k"));
    for key in [&rsa, &ec, &Key::ed25519("k"), &Key::dsa("k")] {
        let plain = PKey::private_key_from_pem(key.pkcs8_pem().as_bytes()).unwrap();
        let pem = key.pkcs8_pem_encrypted("secret");
        let encrypted = PKey::private_key_from_pem_passphrase(pem.as_bytes(), b"secret").unwrap();
        assert!(plain.public_eq(&key.public()) && encrypted.public_eq(&key.public()));
        assert!(PKey::private_key_from_pem_passphrase(pem.as_bytes(), b"wrong").is_err());
    }
    assert!(
        PKey::private_key_from_pem(rsa.pkcs1_pem().as_bytes())
            .unwrap()
            .public_eq(&rsa.public())
    );
    assert!(
        PKey::private_key_from_pem(ec.sec1_pem().as_bytes())
            .unwrap()
            .public_eq(&ec.public())
    );
}

#[test]
fn names_are_encoded_in_the_order_and_the_types_asked_for() {
    let key = Key::ec("P-256", "k");
    let cert = |name: Name| CertBuilder::new(name, &key).build();
    assert_eq!(
        subject(&cert("CN=fe01,OU=Lync\\, internal,DC=contoso,DC=com".into())),
        "DC=com,DC=contoso,OU=Lync, internal,CN=fe01"
    );
    let by_type = |text| Name::ordered(&[("CN", text)]).der()[11];
    assert_eq!(
        [
            Text::Printable("a"),
            Text::Utf8("a"),
            Text::Bmp("a"),
            Text::Teletex("a"),
            Text::Universal("a"),
            Text::Ia5("a")
        ]
        .map(by_type),
        [0x13, 0x0c, 0x1e, 0x14, 0x1c, 0x16]
    );
    let multi = cert("CN=b+UID=a,DC=com".into());
    assert_eq!(multi.openssl().subject_name().entries().count(), 3);
    assert_eq!(
        multi.subject(),
        Name::of_rdns(&[
            &[("DC", Text::Ia5("com"))],
            &[("UID", Text::Printable("a")), ("CN", Text::Printable("b"))]
        ])
    );
    assert_eq!(subject(&cert("CN=M\\C3\\BCller".into())), "CN=Müller");
    assert_eq!(cert("".into()).openssl().subject_name().entries().count(), 0);
}

#[test]
fn extensions_say_what_was_asked() {
    let ca = contoso();
    let cert = ca
        .server("fe01.contoso.com")
        .sans(vec![
            San::dns("fe01.contoso.com"),
            San::Ip("10.0.0.1".parse().unwrap()),
            San::Ip("fe80::1".parse().unwrap()),
            San::Upn("a@contoso.com".into()),
            San::Dir("CN=dir".into()),
            San::Email("a@contoso.com".into()),
            San::Uri("sip:a".into()),
            San::Rid("1.2.3.4".into()),
        ])
        .eku(&["serverAuth", "clientAuth"])
        .aia(&["http://pki.contoso.com/ca.crt"])
        .template_v2("1.3.6.1.4.1.311.21.8.1", 100, 7)
        .name_constraints(
            vec![San::dns("contoso.com")],
            vec![San::IpOctets(vec![10, 0, 0, 0, 255, 0, 0, 0])],
        )
        .aki(Aki::Both)
        .unknown_critical()
        .build();
    let x509 = cert.openssl();
    let text = String::from_utf8(x509.to_text().unwrap()).unwrap();
    for expected in [
        "DNS:fe01.contoso.com, IP Address:10.0.0.1, IP Address:FE80:0:0:0:0:0:0:1, \
         othername: UPN:a@contoso.com, DirName:/CN=dir, \
         email:a@contoso.com, URI:sip:a, Registered ID:1.2.3.4",
        "TLS Web Server Authentication, TLS Web Client Authentication",
        "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment",
        "Full Name:\n                  URI:http://pki.contoso.com/CertEnroll/ca.crl",
        "CA Issuers - URI:http://pki.contoso.com/ca.crt",
        "Permitted:\n                  DNS:contoso.com\n",
        "Excluded:\n                  IP:10.0.0.0/255.0.0.0",
        "DirName:/DC=com/DC=contoso/CN=Contoso Root CA",
        "1.3.6.1.4.1.55555.1.1: critical",
        "Not Before: Jan  1 00:00:00 2026 GMT",
        "Not After : Jan  1 00:00:00 2028 GMT",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
    assert_eq!(
        x509.authority_key_id().unwrap().as_slice(),
        ca.cert.subject_key_identifier().unwrap()
    );
    assert_eq!(
        x509.authority_serial().unwrap().to_bn().unwrap().to_vec(),
        ca.cert.serial()
    );
    assert_eq!(
        cert.extension(oid::TEMPLATE_V2).unwrap(),
        b"\x30\x12\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x15\x08\x01\x02\x01\x64\x02\x01\x07"
    );
    assert!(cert.verifies_with(&ca.key));
}

#[test]
fn version_1_has_no_extensions() {
    let key = Key::rsa(2048, "leaf");
    let x509 = CertBuilder::authority("CN=old root", &key)
        .version1()
        .validity(0, 4_102_444_800)
        .build()
        .openssl();
    assert_eq!(x509.version(), 0);
    assert!(x509.subject_key_id().is_none());
    assert!(x509.verify(&key.public()).unwrap());
    assert_eq!(x509.not_after().to_string(), "Jan  1 00:00:00 2100 GMT");
}

#[test]
fn a_renewal_keeps_the_key_index_and_a_rekey_raises_it() {
    let version = |ca: &Ca| ca.cert.extension(oid::CA_VERSION).unwrap().to_vec();
    let previous = |ca: &Ca| hex(&ca.cert.extension(oid::PREVIOUS_CA_HASH).unwrap()[2..]);
    let root = contoso();
    let first = root.issue_ca("CN=Contoso Issuing CA,DC=contoso,DC=com");
    let renewed = first.renew();
    let rekeyed = renewed.rekey(&Key::ec("P-256", "new"));
    assert_eq!(
        [&first, &renewed, &rekeyed].map(version),
        [vec![2, 1, 0], vec![2, 1, 1], vec![2, 3, 2, 0, 2]]
    );
    assert!(first.cert.extension(oid::PREVIOUS_CA_HASH).is_none());
    assert_eq!(
        [previous(&renewed), previous(&rekeyed)],
        [first.cert.sha1(), renewed.cert.sha1()]
    );
    assert_eq!(renewed.key.spki_sha256(), first.key.spki_sha256());
    assert_ne!(rekeyed.key.spki_sha256(), first.key.spki_sha256());
    assert!(
        [&first, &renewed, &rekeyed]
            .iter()
            .all(|ca| ca.cert.verifies_with(&root.key) && ca.cert.subject() == first.cert.subject())
    );
}

#[test]
fn a_rekeyed_root_and_its_cross_certificates_verify_both_ways() {
    let old = contoso();
    let new = old.rekey(&Key::ec("P-256", "new root"));
    assert!(new.cert.verifies_with(&new.key) && !new.cert.verifies_with(&old.key));
    let (old_new, new_old) = (old.cross_certify(&new), new.cross_certify(&old));
    assert!(old_new.verifies_with(&old.key) && new_old.verifies_with(&new.key));
    assert_eq!(
        [old_new.spki_der(), new_old.spki_der()],
        [new.key.spki_der(), old.key.spki_der()]
    );
    assert_eq!(old_new.subject(), old_new.issuer());
}

#[test]
fn a_wrong_signer_leaves_all_but_the_signature() {
    let ca = contoso();
    let cert = ca
        .server("fe01.contoso.com")
        .sign_with(&Key::ec("P-256", "evil"))
        .build();
    assert!(!cert.verifies_with(&ca.key));
    assert!(cert.verifies_with(&Key::ec("P-256", "evil")));
    assert_eq!(cert.tbs(), ca.server("fe01.contoso.com").build().tbs());
}

#[test]
fn p12_of_every_kind_opens_in_openssl() {
    let ca = contoso();
    let key = Key::ec("P-256", "pchat01.contoso.com");
    let leaf = ca.server("pchat01.contoso.com").build();
    let base = || {
        P12::new("päss")
            .named_cert(&leaf, "Lync")
            .certs(&[&ca.cert, &ca.renew().cert])
            .named_key(&key, "Lync")
    };
    let old = |digest| base().pbe(Pbe::TripleDes, Pbe::TripleDes).mac(Mac::Hmac(digest));
    for (what, p12) in [
        ("new", base()),
        ("triple des", old(Digest::Sha1)),
        ("triple des, sha-512", old(Digest::Sha512)),
        ("pbmac1", base().mac(Mac::Pbmac1)),
        ("ber", base().ber()),
        ("old ber", old(Digest::Sha1).ber()),
        ("plain certificates", base().pbe(Pbe::Plain, Pbe::Aes256)),
        ("plain keys", base().pbe(Pbe::Aes256, Pbe::Plain)),
        ("one iteration", base().iterations(1)),
    ] {
        let parsed = Pkcs12::from_der(&p12.build())
            .unwrap()
            .parse2("päss")
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(parsed.cert.unwrap().to_der().unwrap(), leaf.der(), "{what}");
        assert!(parsed.pkey.unwrap().public_eq(&key.public()), "{what}");
        assert_eq!(parsed.ca.unwrap().len(), 2, "{what}");
        assert!(
            Pkcs12::from_der(&p12.build()).unwrap().parse2("wrong").is_err(),
            "{what}"
        );
    }
    assert_ne!(base().build(), base().ber().build());
    assert!(Pkcs12::from_der(&base().without_password().mac(Mac::Hmac(Digest::Sha256)).build()).is_ok());
}

#[test]
fn p12_without_a_mac_or_with_old_rc2_has_the_right_shape() {
    let ca = contoso();
    let no_mac = P12::new("x").cert(&ca.cert).key(&ca.key).no_mac().build();
    assert_eq!(der::read(&no_mac).0.children().len(), 2);
    let legacy = P12::legacy("x").cert(&ca.cert).key(&ca.key).build();
    let rc2 = der::oid("1.2.840.113549.1.12.1.6");
    assert!(legacy.windows(rc2.len()).any(|bytes| bytes == rc2));
    assert!(Pkcs12::from_der(&legacy).is_ok());
}

#[test]
fn p7b_carries_its_certificates_in_the_order_given() {
    let (ca, other) = (contoso(), Ca::root("CN=Other"));
    for certs in [[&ca.cert, &other.cert], [&other.cert, &ca.cert]] {
        let p7b = container::p7b(&certs);
        let parsed = Pkcs7::from_der(&p7b).unwrap();
        let found: Vec<Vec<u8>> = parsed
            .signed()
            .unwrap()
            .certificates()
            .unwrap()
            .iter()
            .map(|cert| cert.to_der().unwrap())
            .collect();
        assert_eq!(found, certs.map(|cert| cert.der().to_vec()));
        assert_eq!(
            Pkcs7::from_pem(container::p7b_pem(&certs).as_bytes())
                .unwrap()
                .to_der()
                .unwrap(),
            p7b
        );
        let ber = der::ber_indefinite(&p7b, 100);
        assert!(ber.ends_with(&[0, 0, 0, 0, 0, 0]) && Pkcs7::from_der(&ber).is_ok());
    }
}

#[test]
fn pem_in_its_dresses_still_holds_its_certificates() {
    let (ca, other) = (contoso(), Ca::root("CN=Other"));
    let bundle = container::pem_bundle(&[&ca.cert, &other.cert]);
    let dressed = container::with_bag_attributes(&ca.cert.pem(), "Lync") + &other.cert.pem();
    for text in [&bundle, &container::crlf(&bundle), &dressed] {
        let found: Vec<_> = X509::stack_from_pem(text.as_bytes())
            .unwrap()
            .iter()
            .map(|c| c.to_der().unwrap())
            .collect();
        assert_eq!(found, [ca.cert.der(), other.cert.der()]);
    }
    assert_eq!(container::utf16_le("A\n"), [0xff, 0xfe, b'A', 0, b'\n', 0]);
    assert_eq!(container::utf16_be("A\n"), [0xfe, 0xff, 0, b'A', 0, b'\n']);
    assert_eq!(container::utf8_bom("A"), [0xef, 0xbb, 0xbf, b'A']);
}

/// A fresh folder for one test.
fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    dir
}

/// Every string under a key of this name.
fn strings<'a>(value: &'a Value, name: &str) -> Vec<&'a str> {
    match value {
        Value::Object(map) => {
            let here = map.get(name).and_then(Value::as_str);
            here.into_iter()
                .chain(map.values().flat_map(|v| strings(v, name)))
                .collect()
        }
        Value::Array(items) => items.iter().flat_map(|v| strings(v, name)).collect(),
        _ => vec![],
    }
}

#[test]
fn the_lync_estate_is_complete_and_written_the_same_every_time() {
    let (first, second) = (
        Estate::lync(&folder("lync-1")).unwrap(),
        Estate::lync(&folder("lync-2")).unwrap(),
    );
    assert_eq!(first.written, second.written);
    for path in &first.written {
        let [a, b] = [&first, &second].map(|estate| std::fs::read(estate.dir.join(path)).unwrap());
        assert!(a == b, "{path:?} differs");
    }
    let read = |name: &str| -> Value { serde_json::from_slice(&std::fs::read(first.dir.join(name)).unwrap()).unwrap() };
    assert_eq!(read("check.json"), first.request);
    for name in ["check.json", "enforce.json"] {
        let request: Request = same_ca::json::read(&std::fs::read(first.dir.join(name)).unwrap()).unwrap();
        assert_eq!(request.check(), Ok(()), "{name}");
    }
    let codes: Vec<_> = first.expected.iter().filter_map(|e| e.code).collect();
    assert!(
        codes
            .iter()
            .all(|code| Code::ALL.iter().any(|known| known.as_str() == *code)),
        "{codes:?}"
    );
    for request in [read("check.json"), read("enforce.json")] {
        for key in ["path", "password_file", "certificate", "private_key", "pkcs12_path"] {
            strings(&request, key)
                .iter()
                .for_each(|path| assert!(first.dir.join(path).is_file(), "{path}"));
        }
    }
    let subjects: Vec<_> = first.request["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["name"].clone(), s["use"].clone()))
        .collect();
    let expected: Vec<_> = first
        .expected
        .iter()
        .map(|e| (Value::from(e.name), Value::from(e.r#use)))
        .collect();
    assert_eq!(subjects, expected);
    assert_eq!(first.expected.iter().filter(|e| e.status == "noncompliant").count(), 2);
}

#[test]
fn the_lync_estate_is_right_and_wrong_where_it_says() {
    let estate = Estate::lync(&folder("lync-3")).unwrap();
    let pki = mint::estate::ContosoPki::default();
    let read = |path: &str| std::fs::read(estate.dir.join(path)).unwrap();
    let p7b = |pkcs7: Pkcs7| -> Vec<X509> {
        pkcs7
            .signed()
            .unwrap()
            .certificates()
            .unwrap()
            .iter()
            .map(ToOwned::to_owned)
            .collect()
    };
    let default = [
        X509::stack_from_pem(&read("fe01/Default.pem")).unwrap().remove(0),
        X509::from_der(&read("fe02/Default.cer")).unwrap(),
        p7b(Pkcs7::from_der(&read("fe03/Default.p7b")).unwrap()).pop().unwrap(),
        X509::from_pem(&read("fe01/WebServicesInternal.pem")).unwrap(),
        p7b(Pkcs7::from_pem(&read("fe02/WebServicesInternal.p7b")).unwrap()).remove(0),
        X509::from_der(&read("fe03/WebServicesInternal.cer")).unwrap(),
        X509::from_der(&read("fe01/WebServicesExternal.cer")).unwrap(),
        X509::from_pem(&read("fe03/WebServicesExternal.pem")).unwrap(),
    ];
    assert!(default.iter().all(|cert| cert.verify(&pki.old.key.public()).unwrap()));
    assert_eq!(default[7].not_after().to_string(), "Oct  1 00:00:00 2026 GMT");
    assert!(
        [&pki.old, &pki.new]
            .iter()
            .all(|ca| ca.cert.verifies_with(&pki.root.key))
    );

    let pchat01 = Pkcs12::from_der(&read("pchat01/pchat01.pfx"))
        .unwrap()
        .parse2("contoso-1")
        .unwrap();
    let pchat01 = pchat01.cert.unwrap();
    assert!(pchat01.verify(&pki.new.key.public()).unwrap() && !pchat01.verify(&pki.old.key.public()).unwrap());

    let key = Key::rsa(2048, "pchat02");
    let pchat02 = pki
        .server(&pki.look_alike, "pchat02.contoso.com", &["pchat02.contoso.com"], &key)
        .build();
    assert_eq!(pchat02.issuer(), pki.old.cert.subject());
    assert!(pchat02.verifies_with(&pki.look_alike.key));
    assert!(
        ![&pki.old, &pki.new, &pki.root]
            .iter()
            .any(|ca| pchat02.verifies_with(&ca.key))
    );
}

#[test]
fn the_rekeyed_root_has_both_cross_certificates() {
    let estate = Estate::rekeyed_root(&folder("rekeyed-root")).unwrap();
    let read = |path: &str| X509::from_der(&std::fs::read(estate.dir.join(path)).unwrap()).unwrap();
    let [old, new] = ["", "(1)"].map(|n| {
        read(&format!("CertEnroll/Contoso Root CA{n}.crt"))
            .public_key()
            .unwrap()
    });
    assert!(read("CertEnroll/Contoso Root CA(0-1).crt").verify(&old).unwrap());
    assert!(read("CertEnroll/Contoso Root CA(1-0).crt").verify(&new).unwrap());
    assert!(read("fe01.cer").verify(&old).unwrap() && read("fe02.cer").verify(&new).unwrap());
}

#[test]
fn a_certificate_request_is_one() {
    let key = Key::ec("P-256", "k");
    assert!(
        X509Req::from_der(&csr("CN=a", &key))
            .unwrap()
            .verify(&key.public())
            .unwrap()
    );
}
