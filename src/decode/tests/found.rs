//! What was found instead of a certificate.

use super::*;

// What is found instead.

#[test]
fn what_is_no_certificate_is_named() {
    let estate = estate();
    let der_request = estate.request().to_der().unwrap();
    let time = tlv(ber::UTC_TIME, &[b"200101000000Z"]);
    let algorithm = tlv(ber::SEQUENCE, &[&oid(oid::ECDSA_WITH_SHA256)]);
    let signature = tlv(ber::BIT_STRING, &[&[0; 160]]);
    let list = tlv(
        ber::SEQUENCE,
        &[&integer(1), &algorithm, &tlv(ber::SEQUENCE, &[]), &time, &time],
    );
    let list = tlv(ber::SEQUENCE, &[&list, &algorithm, &signature]);
    let rsa = rsa_key().rsa().unwrap();
    let ec = estate.key.ec_key().unwrap();
    let encrypted = estate
        .key
        .private_key_to_pkcs8_passphrase(Cipher::aes_256_cbc(), b"x")
        .unwrap();
    let enveloped = tlv(
        ber::SEQUENCE,
        &[&oid(oid::ENVELOPED_DATA), &tlv(ber::CONTEXT_0, &[&[4; 130]])],
    );
    let ocsp = tlv(
        ber::SEQUENCE,
        &[&tlv(ber::ENUMERATED, &[&[0]]), &tlv(ber::CONTEXT_0, &[&[0; 140]])],
    );
    let html = format!("<!DOCTYPE html><pre>{}</pre>", pem("CERTIFICATE", &estate.leaf()));
    let case = |found: &'static str, bytes: &[u8]| (found, bytes.to_vec());
    let cases = [
        case("a certificate signing request", &der_request),
        case("a certificate signing request", &estate.request().to_pem().unwrap()),
        case(
            "a certificate signing request",
            pem("NEW CERTIFICATE REQUEST", &der_request).as_bytes(),
        ),
        case("a certificate revocation list", &list),
        case("a certificate revocation list", pem("X509 CRL", &list).as_bytes()),
        case("a private key", &estate.key()),
        case("a private key", &rsa.private_key_to_der().unwrap()),
        case("a private key", &ec.private_key_to_der().unwrap()),
        case(
            "a private key",
            &PKey::generate_ed25519().unwrap().private_key_to_pkcs8().unwrap(),
        ),
        case("a private key", &estate.key.private_key_to_pem_pkcs8().unwrap()),
        case("a private key", &rsa.private_key_to_pem().unwrap()),
        case(
            "a private key",
            [
                &b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"[..],
                &ec.private_key_to_pem().unwrap(),
            ]
            .concat()
            .as_slice(),
        ),
        case("an encrypted private key", &encrypted),
        case(
            "an encrypted private key",
            pem("ENCRYPTED PRIVATE KEY", &encrypted).as_bytes(),
        ),
        case("a public key", &estate.key.public_key_to_der().unwrap()),
        case("a public key", &estate.key.public_key_to_pem().unwrap()),
        case("a public key", &rsa.public_key_to_der_pkcs1().unwrap()),
        case(
            "key parameters",
            b"-----BEGIN DH PARAMETERS-----\nMAYCAQcCAQI=\n-----END DH PARAMETERS-----\n",
        ),
        case("a CMS message without certificates", &enveloped),
        case("an OCSP response", &ocsp),
        case(
            "DER data of another kind",
            &tlv(ber::SEQUENCE, &[&tlv(ber::SET, &[&[1; 200]])]),
        ),
        case(
            "an OpenSSH private key",
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n",
        ),
        case(
            "an OpenSSH public key",
            b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI user@host\n",
        ),
        case("an OpenSSH public key", b"ecdsa-sha2-nistp256 AAAA\n"),
        case("a PuTTY private key", b"PuTTY-User-Key-File-3: ssh-rsa\r\n"),
        case(
            "PGP data",
            b"-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\n\nmQ==\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----",
        ),
        case("a Java keystore", b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01"),
        case("a Java keystore", b"\xce\xce\xce\xce\0\0\0\x02"),
        case("a ZIP archive", b"PK\x03\x04\x14\0\0\0"),
        case(
            "an HTML page",
            b"\r\n <!doctype HTML><title>Certificate Services</title>",
        ),
        case("an HTML page", b"<!-- x --><HTML></HTML>"),
        case("an HTML page", html.as_bytes()),
        case(
            "an XML document",
            b"\xef\xbb\xbf<?xml version=\"1.0\"?><EntityDescriptor/>",
        ),
        case(
            "JSON",
            b"{\"certificate\": \"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\"}",
        ),
        case("JSON", b"[1]"),
        case("an SSH banner", b"SSH-2.0-OpenSSH_9.6\r\n"),
        case("an HTTP response", b"HTTP/1.1 404 Not Found\r\n\r\n"),
        case("nothing but white space", b" \r\n\t\n"),
        case("nothing but white space", &utf16("\u{feff}\r\n", false)),
        case("plain text", b"hello, world"),
        case("plain text", &utf16("\u{feff}certificate to follow", true)),
        case("plain text", b"MICHAEL"),
        case("plain text", b"0"),
        case("binary data of no known kind", b"\x01\x02\x03\x04"),
        case("binary data of no known kind", &[0; 4000]),
        case("a serialized certificate store (SST)", b"\0\0\0\0CERT\x0c\0\0\0"),
        case(
            "a PEM block of another kind",
            b"-----BEGIN MESSAGE-----\n-----END MESSAGE-----\n",
        ),
    ];
    for (index, (found, bytes)) in cases.iter().enumerate() {
        assert_eq!(
            refused(bytes, None),
            format!("not a certificate (found {found})"),
            "case {index}"
        );
    }
    assert_eq!(decode(b"", None).unwrap_err(), DecodeError::Empty);
    let error = decode(&der_request, None).unwrap_err();
    assert_eq!(error.hint(), Some("give the certificate that the CA issued for it"));
    assert!(
        decode(html.as_bytes(), None)
            .unwrap_err()
            .hint()
            .unwrap()
            .contains("at the start of a line")
    );
}
