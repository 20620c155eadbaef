//! Private keys.

use super::*;

// Private keys.

#[test]
fn private_keys_beside_certificates_are_read() {
    let rsa = rsa_key().rsa().unwrap();
    let ec = estate().key.ec_key().unwrap();
    let encrypted = estate()
        .key
        .private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), PASSWORD.as_bytes())
        .unwrap();
    let text = [
        &estate().key.private_key_to_pem_pkcs8().unwrap()[..],
        &rsa.private_key_to_pem().unwrap(),
        pem("CERTIFICATE", &estate().leaf()).as_bytes(),
        &ec.private_key_to_pem().unwrap(),
        // The first again, encrypted.
        &encrypted,
    ]
    .concat();
    let bundle = read(&text, Some(PASSWORD));
    assert_eq!(bundle.problems, []);
    assert_eq!(bundle.certificates, [estate().leaf()]);
    let keys: Vec<_> = bundle.keys.iter().map(|key| (key.kind, key.der().to_vec())).collect();
    assert_eq!(
        keys,
        [
            (KeyEncoding::Pkcs8, estate().key()),
            (KeyEncoding::Pkcs1, rsa.private_key_to_der().unwrap()),
            (KeyEncoding::Sec1, ec.private_key_to_der().unwrap()),
        ]
    );
    for (password, what) in [
        (None, "the private key is encrypted, and no password is given"),
        (Some("wrong"), "wrong password for the private key"),
    ] {
        let bundle = read(&text, password);
        assert_eq!(bundle.keys.len(), 3);
        assert_eq!(told(&bundle), [(Some(4), what.to_owned())]);
    }
}

#[test]
fn keys_that_cannot_be_read_are_problems_beside_certificates() {
    let traditional = rsa_key().rsa().unwrap();
    let traditional = traditional
        .private_key_to_pem_passphrase(Cipher::aes_128_cbc(), PASSWORD.as_bytes())
        .unwrap();
    let text = [
        pem("CERTIFICATE", &estate().leaf()).as_bytes(),
        &traditional,
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n",
        pem("PRIVATE KEY", &estate().key()[..50]).as_bytes(),
    ]
    .concat();
    let bundle = read(&text, Some(PASSWORD));
    assert_eq!(bundle.certificates, [estate().leaf()]);
    assert!(bundle.keys.is_empty());
    let problems: Vec<_> = bundle
        .problems
        .iter()
        .map(|p| (p.index.unwrap(), p.error.to_string()))
        .collect();
    let problems: Vec<_> = problems.iter().map(|(index, what)| (*index, what.as_str())).collect();
    assert_eq!(
        problems,
        [
            (
                1,
                "unsupported encryption of a traditional PEM key (rewrite it with openssl pkcs8 -topk8)"
            ),
            (2, "unsupported OpenSSH private key"),
            (3, "damaged private key (not the DER of one)"),
        ]
    );
}

#[test]
fn keys_alone_are_read_where_keys_are_asked_for() {
    let encrypted = estate()
        .key
        .private_key_to_pkcs8_passphrase(Cipher::aes_128_cbc(), PASSWORD.as_bytes())
        .unwrap();
    for bytes in [
        estate().key(),
        estate().key.private_key_to_pem_pkcs8().unwrap(),
        encrypted.clone(),
        pem("ENCRYPTED PRIVATE KEY", &encrypted).into_bytes(),
        estate().pkcs12(|_| {}, PASSWORD),
    ] {
        let keys = decode_keys(&bytes, Some(PASSWORD)).unwrap();
        assert_eq!(
            keys.iter().map(PrivateKeyDer::der).collect::<Vec<_>>(),
            [estate().key()]
        );
    }
    let sec1 = estate().key.ec_key().unwrap().private_key_to_der().unwrap();
    assert_eq!(decode_keys(&sec1, None).unwrap()[0].kind, KeyEncoding::Sec1);
    assert_eq!(
        decode_keys(&encrypted, None).unwrap_err(),
        DecodeError::KeyPasswordMissing
    );
    assert_eq!(
        decode_keys(&encrypted, Some("x")).unwrap_err(),
        DecodeError::KeyPasswordWrong
    );
    for (bytes, found) in [
        (estate().leaf(), "a certificate"),
        (pem("CERTIFICATE", &estate().leaf()).into_bytes(), "a certificate"),
        (estate().request().to_der().unwrap(), "a certificate signing request"),
        (estate().request().to_pem().unwrap(), "a certificate signing request"),
        (b"hello".to_vec(), "plain text"),
    ] {
        let error = decode_keys(&bytes, None).unwrap_err();
        assert_eq!(error.to_string(), format!("not a private key (found {found})"));
    }
}

#[test]
fn debug_shows_no_key() {
    let bundle = read(
        &pfx(&[data(&safe(&[
            certificate_bag(&estate().leaf()),
            bag(oid::KEY_BAG, &estate().key()),
        ]))]),
        None,
    );
    assert_eq!(format!("{:?}", bundle.keys), "[PrivateKeyDer { kind: Pkcs8, .. }]");
}
