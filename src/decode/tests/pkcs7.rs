//! PKCS#7.

use super::*;

// PKCS#7.

#[test]
fn pkcs7_is_read_in_der_ber_and_pem() {
    let file = p7b(&estate().both());
    reads_as(&file, Encoding::Pkcs7, &estate().both());
    let ber = indefinite(&file);
    assert_ne!(ber, file);
    reads_as(&ber, Encoding::Pkcs7, &estate().both());
    for label in ["PKCS7", "CMS", "PKCS #7 SIGNED DATA", "CERTIFICATE"] {
        reads_as(pem(label, &file).as_bytes(), Encoding::Pkcs7, &estate().both());
        reads_as(pem(label, &ber).as_bytes(), Encoding::Pkcs7, &estate().both());
    }
}

#[test]
fn a_pkcs7_signature_by_openssl_gives_its_certificates() {
    use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
    let mut others = Stack::new().unwrap();
    others.push(estate().authority.clone()).unwrap();
    let signed = Pkcs7::sign(&estate().leaf, &estate().key, &others, b"text", Pkcs7Flags::BINARY).unwrap();
    let bundle = read(&signed.to_der().unwrap(), None);
    assert_eq!((bundle.format, bundle.problems), (Encoding::Pkcs7, vec![]));
    assert_eq!(bundle.certificates.len(), 2);
    assert!(
        estate()
            .both()
            .iter()
            .all(|certificate| bundle.certificates.contains(certificate))
    );
}

#[test]
fn attribute_certificates_in_pkcs7_are_skipped_and_strangers_are_problems() {
    let attributes = tlv(0xa2, &[&[0x30, 0]]);
    let stranger = tlv(ber::SEQUENCE, &[&integer(1)]);
    let bundle = read(
        &p7b(&[
            attributes.clone(),
            estate().leaf(),
            stranger.clone(),
            estate().authority(),
        ]),
        None,
    );
    assert_eq!(bundle.certificates, estate().both());
    assert_eq!(
        told(&bundle),
        [(Some(2), "not a certificate (found DER data of another kind)".to_owned())]
    );
    assert_eq!(refused(&p7b(&[attributes]), None), "no certificate in the PKCS#7 file");
    assert_eq!(refused(&p7b(&[]), None), "no certificate in the PKCS#7 file");
    assert_eq!(
        refused(&p7b(&[stranger]), None),
        "not a certificate (found DER data of another kind)"
    );
}

#[test]
fn bytes_behind_pkcs7_and_pkcs12_are_a_problem_of_the_file() {
    for file in [
        p7b(&estate().both()),
        pfx(&[data(&safe(&[certificate_bag(&estate().leaf())]))]),
    ] {
        let bundle = read(&[&file[..], b"\0x"].concat(), None);
        let problem = (None, "damaged file (trailing bytes are not read)".to_owned());
        assert_eq!(told(&bundle), [problem]);
        assert_eq!(read(&[&file[..], b"\r\n"].concat(), None).problems, []);
    }
}
