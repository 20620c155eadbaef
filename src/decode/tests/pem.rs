//! PEM and DER.

use super::*;

// PEM and DER.

#[test]
fn a_der_certificate_is_itself() {
    reads_as(&estate().leaf(), Encoding::Der, &[estate().leaf()]);
}

#[test]
fn a_pem_bundle_is_read_with_every_line_end_and_with_none() {
    let text = pem("CERTIFICATE", &estate().leaf()) + &pem("CERTIFICATE", &estate().authority());
    for text in [
        text.clone(),
        text.replace('\n', "\r\n"),
        text.replace('\n', "\r"),
        text.replace('\n', ""),
        text.replace('\n', " "),
        text.replace('\n', "\n    "),
        text.replace('\n', "\n\n"),
        text.replace('\n', "\r\r\n"),
        text.trim_end().to_owned(),
        text.replace('=', ""),
    ] {
        reads_as(text.as_bytes(), Encoding::Pem, &estate().both());
    }
}

#[test]
fn the_body_of_a_pem_block_may_be_one_line() {
    let text = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----",
        BASE64.encode(estate().leaf())
    );
    reads_as(text.as_bytes(), Encoding::Pem, &[estate().leaf()]);
}

#[test]
fn text_around_pem_blocks_is_passed_over() {
    let mut text = b"Bag Attributes\n    friendlyName: caf\xe9 -----\n0 s:CN=x\n---\n-------- ruler -------\n".to_vec();
    text.extend(pem("CERTIFICATE", &estate().leaf()).bytes());
    text.extend(b"subject=CN = pchat01\n# see -----BEGIN CERTIFICATE----- above\n-----BEGIN\n");
    text.extend(pem("CERTIFICATE", &estate().authority()).bytes());
    text.extend(b"\xff\xfe end");
    reads_as(&text, Encoding::Pem, &estate().both());
    let digit = [b"0 s:CN=fe01\n", pem("CERTIFICATE", &estate().leaf()).as_bytes()].concat();
    reads_as(&digit, Encoding::Pem, &[estate().leaf()]);
}

#[test]
fn byte_order_marks_and_utf_16_are_read() {
    let text = pem("CERTIFICATE", &estate().leaf()).replace('\n', "\r\n");
    let marked = format!("\u{feff}{text}");
    for bytes in [
        marked.clone().into_bytes(),
        utf16(&marked, false),
        utf16(&marked, true),
        utf16(&text, false),
        utf16(&text, true),
    ] {
        reads_as(&bytes, Encoding::Pem, &[estate().leaf()]);
    }
    let other = format!("\u{feff}{}", pem("CERTIFICATE", &estate().authority()));
    for joined in [(marked.clone() + &other).into_bytes(), utf16(&(marked + &other), false)] {
        reads_as(&joined, Encoding::Pem, &estate().both());
    }
}

#[test]
fn base64_without_armour_is_read_as_what_it_holds() {
    let leaf = BASE64.encode(estate().leaf());
    reads_as(leaf.as_bytes(), Encoding::Der, &[estate().leaf()]);
    let wrapped: Vec<&str> = leaf
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    reads_as(
        format!("\r\n{}\r\n\r\n", wrapped.join("\r\n")).as_bytes(),
        Encoding::Der,
        &[estate().leaf()],
    );
    reads_as(
        &utf16(&format!("\u{feff}{leaf}"), false),
        Encoding::Der,
        &[estate().leaf()],
    );
    reads_as(
        BASE64.encode(p7b(&estate().both())).as_bytes(),
        Encoding::Pkcs7,
        &estate().both(),
    );
    let request = BASE64.encode(estate().request().to_der().unwrap());
    assert_eq!(
        refused(request.as_bytes(), None),
        "not a certificate (found a certificate signing request)"
    );
}

#[test]
fn other_labels_of_certificates_are_known() {
    let leaf = estate().leaf();
    for label in ["X509 CERTIFICATE", "X.509 CERTIFICATE", "TRUSTED CERTIFICATE"] {
        reads_as(pem(label, &leaf).as_bytes(), Encoding::Pem, std::slice::from_ref(&leaf));
    }
}

#[test]
fn a_trusted_certificate_is_taken_without_its_trust_settings() {
    let leaf = estate().leaf();
    let settings = tlv(ber::SEQUENCE, &[&tlv(ber::SEQUENCE, &[&oid(oid::SERVER_AUTH)])]);
    let trusted = [leaf.clone(), settings.clone()].concat();
    reads_as(pem("TRUSTED CERTIFICATE", &trusted).as_bytes(), Encoding::Pem, &[leaf]);
    let text = pem("CERTIFICATE", &trusted);
    assert_eq!(
        refused(text.as_bytes(), None),
        "damaged certificate (trailing bytes are not a certificate)"
    );
    let text = pem("TRUSTED CERTIFICATE", &[trusted, settings].concat());
    assert_eq!(decode(text.as_bytes(), None).unwrap_err(), DecodeError::TrailingBytes);
}

#[test]
fn the_same_certificate_again_is_dropped_and_order_is_kept() {
    let (leaf, authority) = (
        pem("CERTIFICATE", &estate().leaf()),
        pem("CERTIFICATE", &estate().authority()),
    );
    let text = format!("{authority}{leaf}{authority}{leaf}");
    reads_as(text.as_bytes(), Encoding::Pem, &[estate().authority(), estate().leaf()]);
}

#[test]
fn trailing_bytes_are_not_a_certificate() {
    for trailing in [
        &b"x"[..],
        b"\n\0.",
        b"\x30",
        b"\x0c",
        &[0xff; 16],
        &[0x30, 0x82, 0xff, 0xff],
    ] {
        let bytes = [&estate().leaf(), trailing].concat();
        assert_eq!(decode(&bytes, None).unwrap_err(), DecodeError::TrailingBytes);
    }
    let several = estate().both().concat();
    assert_eq!(
        refused(&several, None),
        "unsupported file of several DER certificates (PEM or PKCS#7 can)"
    );
}

#[test]
fn line_ends_blanks_and_nuls_behind_a_certificate_are_passed_over_and_noted() {
    let leaf = estate().leaf();
    for trailing in [&b"\n"[..], b"\r\n", b"\0\0\0\0", b" \t\r\n\0"] {
        let bytes = [&leaf, trailing].concat();
        for file in [
            bytes.clone(),
            pem("CERTIFICATE", &bytes).into_bytes(),
            BASE64.encode(&bytes).into_bytes(),
        ] {
            let bundle = read(&file, None);
            assert_eq!(bundle.certificates, std::slice::from_ref(&leaf));
            assert_eq!((bundle.problems, bundle.padded), (vec![], vec![0]), "{trailing:02x?}");
        }
    }
    assert!(read(&leaf, None).padded.is_empty());
    let second = format!(
        "{}{}",
        pem("CERTIFICATE", &leaf),
        pem("CERTIFICATE", &[estate().authority(), vec![0]].concat())
    );
    assert_eq!(read(second.as_bytes(), None).padded, [1]);
    let key = [estate().key(), b"\n".to_vec()].concat();
    assert_eq!(decode_keys(&key, None).unwrap()[0].der(), estate().key());
}

#[test]
fn a_der_certificate_repeated_is_one_certificate() {
    let leaf = estate().leaf();
    reads_as(&leaf.repeat(3), Encoding::Der, std::slice::from_ref(&leaf));
    let trailing = [leaf.repeat(2), b"\n".to_vec()].concat();
    reads_as(&trailing, Encoding::Der, std::slice::from_ref(&leaf));
    let trailing = [leaf.repeat(2), b".".to_vec()].concat();
    assert_eq!(decode(&trailing, None).unwrap_err(), DecodeError::TrailingBytes);
}

#[test]
fn an_unreadable_certificate_before_all_others_is_told() {
    let (leaf, damaged) = (
        pem("CERTIFICATE", &estate().leaf()),
        pem("CERTIFICATE", &estate().leaf()[..200]),
    );
    let first = |text: String| read(text.as_bytes(), None).first_is_unreadable;
    assert!(first(format!("{damaged}{leaf}")));
    assert!(!first(format!("{leaf}{damaged}")));
    let key = pem("PRIVATE KEY", &[0]);
    assert!(!first(format!("{key}{leaf}")), "a key is no certificate");
}

#[test]
fn a_truncated_certificate_is_damaged_at_every_length() {
    let leaf = estate().leaf();
    for length in 2..leaf.len() {
        let error = decode(&leaf[..length], None).unwrap_err();
        assert_eq!(
            error,
            DecodeError::Damaged {
                what: "DER data",
                detail: "truncated"
            },
            "{length}"
        );
    }
}

#[test]
fn a_damaged_block_is_a_problem_beside_good_ones_and_says_which() {
    let (leaf, authority) = (
        pem("CERTIFICATE", &estate().leaf()),
        pem("CERTIFICATE", &estate().authority()),
    );
    let truncated = pem("CERTIFICATE", &estate().leaf()[..200]);
    let scribbled = leaf.replacen("MI", "M!", 1);
    let request = pem("CERTIFICATE", &estate().request().to_der().unwrap());
    let unended = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    let misended = leaf.replace("END CERTIFICATE", "END X509 CRL");
    let text =
        format!("{leaf}{truncated}{scribbled}{request}{unended}{misended}{authority}-----BEGIN CERTIFICATE-----\n");
    let bundle = read(text.as_bytes(), None);
    assert_eq!(bundle.certificates, estate().both());
    let problems: Vec<_> = bundle
        .problems
        .iter()
        .map(|p| (p.index.unwrap(), p.error.to_string()))
        .collect();
    let problems: Vec<_> = problems.iter().map(|(index, what)| (*index, what.as_str())).collect();
    assert_eq!(
        problems,
        [
            (1, "damaged DER data (truncated)"),
            (2, "damaged PEM block (its body is not base64)"),
            (3, "not a certificate (found a certificate signing request)"),
            (4, "damaged PEM block (no END line)"),
            (5, "damaged PEM block (its END line is another block's)"),
            (7, "damaged PEM block (no END line)"),
        ]
    );
    assert_eq!(refused(truncated.as_bytes(), None), "damaged DER data (truncated)");
    assert_eq!(refused(unended.as_bytes(), None), "damaged PEM block (no END line)");
}

#[test]
fn a_certificate_of_indefinite_length_is_damaged() {
    let leaf = estate().leaf();
    let contents = ber::Reader::new(&leaf).any().unwrap().contents;
    let bytes = [&[0x30, 0x80], contents, &[0, 0]].concat();
    assert!(refused(&bytes, None).starts_with("damaged certificate (an indefinite length"));
}

#[test]
fn a_version_1_certificate_is_a_certificate() {
    let key = ec_key();
    let old = Minted {
        subject: "a",
        issuer: "a",
        key: &key,
        signer: &key,
        version: 0,
        serial: 1,
    }
    .x509();
    let old = old.to_der().unwrap();
    reads_as(&old, Encoding::Der, std::slice::from_ref(&old));
    reads_as(&p7b(std::slice::from_ref(&old)), Encoding::Pkcs7, &[old]);
}
