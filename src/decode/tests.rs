use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ::pkcs12::kdf::{Pkcs12KeyType, derive_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::provider::Provider;
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use openssl::stack::Stack;
use openssl::symm::{self, Cipher};
use openssl::x509::{X509, X509Builder, X509Name, X509ReqBuilder};

use super::*;
use crate::asn1::oid::{self, ObjectIdentifier};

const PASSWORD: &str = "correct horse";

// What is minted.

fn ec_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn rsa_key() -> &'static PKey<Private> {
    static KEY: OnceLock<PKey<Private>> = OnceLock::new();
    KEY.get_or_init(|| PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap())
}

fn name(common_name: &str) -> X509Name {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", common_name).unwrap();
    name.build()
}

struct Minted<'a> {
    subject: &'a str,
    issuer: &'a str,
    key: &'a PKey<Private>,
    signer: &'a PKey<Private>,
    version: i32,
    serial: u32,
}

impl Minted<'_> {
    fn x509(&self) -> X509 {
        let mut builder = X509Builder::new().unwrap();
        builder.set_version(self.version).unwrap();
        let serial = Asn1Integer::from_bn(&BigNum::from_u32(self.serial).unwrap()).unwrap();
        builder.set_serial_number(&serial).unwrap();
        builder.set_subject_name(&name(self.subject)).unwrap();
        builder.set_issuer_name(&name(self.issuer)).unwrap();
        builder
            .set_not_before(&Asn1Time::from_str("20200101000000Z").unwrap())
            .unwrap();
        builder
            .set_not_after(&Asn1Time::from_str("20400101000000Z").unwrap())
            .unwrap();
        builder.set_pubkey(self.key).unwrap();
        builder.sign(self.signer, MessageDigest::sha256()).unwrap();
        builder.build()
    }
}

fn mint(subject: &str, key: &PKey<Private>) -> X509 {
    Minted {
        subject,
        issuer: subject,
        key,
        signer: key,
        version: 2,
        serial: 7,
    }
    .x509()
}

/// A key, its certificate and another certificate.
struct Estate {
    key: PKey<Private>,
    leaf: X509,
    authority: X509,
}

impl Estate {
    fn leaf(&self) -> Vec<u8> {
        self.leaf.to_der().unwrap()
    }

    fn authority(&self) -> Vec<u8> {
        self.authority.to_der().unwrap()
    }

    fn both(&self) -> Vec<Vec<u8>> {
        vec![self.leaf(), self.authority()]
    }

    fn key(&self) -> Vec<u8> {
        self.key.private_key_to_pkcs8().unwrap()
    }

    fn request(&self) -> openssl::x509::X509Req {
        let mut request = X509ReqBuilder::new().unwrap();
        request.set_subject_name(&name("fe01.contoso.com")).unwrap();
        request.set_pubkey(&self.key).unwrap();
        request.sign(&self.key, MessageDigest::sha256()).unwrap();
        request.build()
    }

    /// A PKCS#12 file of the leaf, the authority and the key, cheap to open.
    fn pkcs12(&self, adjust: impl FnOnce(&mut openssl::pkcs12::Pkcs12Builder), password: &str) -> Vec<u8> {
        let mut authorities = Stack::new().unwrap();
        authorities.push(self.authority.clone()).unwrap();
        let mut builder = Pkcs12::builder();
        builder.name("pchat01").pkey(&self.key).cert(&self.leaf).ca(authorities);
        builder.key_iter(3).mac_iter(2);
        adjust(&mut builder);
        builder.build2(password).unwrap().to_der().unwrap()
    }
}

fn estate() -> &'static Estate {
    static ESTATE: OnceLock<Estate> = OnceLock::new();
    ESTATE.get_or_init(|| {
        let (key, signer) = (ec_key(), ec_key());
        let leaf = Minted {
            subject: "pchat01",
            issuer: "Contoso CA",
            key: &key,
            signer: &signer,
            version: 2,
            serial: 1,
        };
        Estate {
            leaf: leaf.x509(),
            authority: mint("Contoso CA", &signer),
            key,
        }
    })
}

fn load_legacy() {
    static LEGACY: OnceLock<Provider> = OnceLock::new();
    LEGACY.get_or_init(|| Provider::try_load(None, "legacy", true).unwrap());
}

// What is written by hand.

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = contents.len();
    let mut header = vec![tag];
    match length {
        0..0x80 => header.push(length as u8),
        _ => header.extend([&[0x84], &u32::try_from(length).unwrap().to_be_bytes()[..]].concat()),
    }
    [header, contents].concat()
}

fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    tlv(ber::OID, &[oid.as_bytes()])
}

fn integer(number: u32) -> Vec<u8> {
    tlv(ber::INTEGER, &[&[0], &number.to_be_bytes()])
}

/// The same in indefinite lengths, octet strings cut into pieces; certificates and keys are left as they are.
fn indefinite(der: &[u8]) -> Vec<u8> {
    let mut reader = ber::Reader::new(der);
    let mut out = Vec::new();
    while let Some(element) = reader.next().unwrap() {
        if matches!(detect::element(&element), Kind::Certificate | Kind::Key(_)) {
            out.extend_from_slice(element.raw);
        } else if element.tag & 0x20 != 0 {
            out.extend([&[element.tag, 0x80], &indefinite(element.contents)[..], &[0, 0]].concat());
        } else if matches!(element.tag, ber::OCTET_STRING | ber::CONTEXT_0_PRIMITIVE) && element.contents.len() > 40 {
            let pieces: Vec<u8> = element
                .contents
                .chunks(33)
                .flat_map(|piece| tlv(ber::OCTET_STRING, &[piece]))
                .collect();
            out.extend([&[element.tag | 0x20, 0x80], &pieces[..], &[0, 0]].concat());
        } else {
            out.extend_from_slice(element.raw);
        }
    }
    out
}

fn data(contents: &[u8]) -> Vec<u8> {
    let octets = tlv(ber::OCTET_STRING, &[contents]);
    tlv(ber::SEQUENCE, &[&oid(oid::DATA), &tlv(ber::CONTEXT_0, &[&octets])])
}

fn bag(kind: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    tlv(ber::SEQUENCE, &[&oid(kind), &tlv(ber::CONTEXT_0, &[value])])
}

fn certificate_bag(der: &[u8]) -> Vec<u8> {
    let octets = tlv(ber::OCTET_STRING, &[der]);
    bag(
        oid::CERTIFICATE_BAG,
        &tlv(
            ber::SEQUENCE,
            &[&oid(oid::X509_CERTIFICATE), &tlv(ber::CONTEXT_0, &[&octets])],
        ),
    )
}

fn safe(bags: &[Vec<u8>]) -> Vec<u8> {
    tlv(ber::SEQUENCE, &[&bags.concat()])
}

/// A PKCS#12 file without a MAC.
fn pfx(safes: &[Vec<u8>]) -> Vec<u8> {
    pfx_with(safes, &[])
}

fn pfx_with(safes: &[Vec<u8>], mac: &[u8]) -> Vec<u8> {
    let info = data(&tlv(ber::SEQUENCE, &[&safes.concat()]));
    tlv(ber::SEQUENCE, &[&integer(3), &info, mac])
}

fn hmac(digest: MessageDigest, key: &[u8], data: &[u8]) -> Vec<u8> {
    let key = PKey::hmac(key).unwrap();
    let mut signer = Signer::new(digest, &key).unwrap();
    signer.update(data).unwrap();
    signer.sign_to_vec().unwrap()
}

/// PBES2, by OpenSSL's cipher and derivation: the algorithm and the ciphertext.
struct Pbes2 {
    cipher: Cipher,
    cipher_oid: Vec<u8>,
    prf: Option<(ObjectIdentifier, MessageDigest)>,
    iterations: u32,
    key_length: bool,
}

impl Pbes2 {
    fn aes256(iterations: u32) -> Self {
        Self {
            cipher: Cipher::aes_256_cbc(),
            cipher_oid: oid(oid::AES_256_CBC),
            prf: Some((oid::HMAC_WITH_SHA256, MessageDigest::sha256())),
            iterations,
            key_length: false,
        }
    }

    fn seal(&self, plain: &[u8], password: &str) -> (Vec<u8>, Vec<u8>) {
        let salt = b"saltsalt";
        let mut key = vec![0; self.cipher.key_len()];
        let digest = self.prf.map_or(MessageDigest::sha1(), |(_, digest)| digest);
        // A count beyond reason is for refusing: nothing is derived.
        let iterations = if self.iterations > 100_000 {
            1
        } else {
            self.iterations as usize
        };
        openssl::pkcs5::pbkdf2_hmac(password.as_bytes(), salt, iterations, digest, &mut key).unwrap();
        let iv = vec![5; self.cipher.iv_len().unwrap()];
        let ciphertext = symm::encrypt(self.cipher, &key, Some(&iv), plain).unwrap();
        let prf = self
            .prf
            .map(|(function, _)| tlv(ber::SEQUENCE, &[&oid(function), &[5, 0]]))
            .unwrap_or_default();
        let length = if self.key_length {
            integer(key.len() as u32)
        } else {
            Vec::new()
        };
        let parameters = tlv(
            ber::SEQUENCE,
            &[
                &tlv(ber::OCTET_STRING, &[salt]),
                &integer(self.iterations),
                &length,
                &prf,
            ],
        );
        let kdf = tlv(ber::SEQUENCE, &[&oid(oid::PBKDF2), &parameters]);
        let scheme = tlv(ber::SEQUENCE, &[&self.cipher_oid, &tlv(ber::OCTET_STRING, &[&iv])]);
        let algorithm = tlv(
            ber::SEQUENCE,
            &[&oid(oid::PBES2), &tlv(ber::SEQUENCE, &[&kdf, &scheme])],
        );
        (algorithm, ciphertext)
    }

    fn safe(&self, bags: &[Vec<u8>], password: &str) -> Vec<u8> {
        let (algorithm, ciphertext) = self.seal(&safe(bags), password);
        encrypted(&algorithm, &ciphertext)
    }

    fn key(&self, key: &[u8], password: &str) -> Vec<u8> {
        let (algorithm, ciphertext) = self.seal(key, password);
        tlv(ber::SEQUENCE, &[&algorithm, &tlv(ber::OCTET_STRING, &[&ciphertext])])
    }
}

/// An encrypted safe.
fn encrypted(algorithm: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let content = tlv(ber::CONTEXT_0_PRIMITIVE, &[ciphertext]);
    let info = tlv(ber::SEQUENCE, &[&oid(oid::DATA), algorithm, &content]);
    let data = tlv(ber::SEQUENCE, &[&integer(0), &info]);
    tlv(
        ber::SEQUENCE,
        &[&oid(oid::ENCRYPTED_DATA), &tlv(ber::CONTEXT_0, &[&data])],
    )
}

fn p7b(members: &[Vec<u8>]) -> Vec<u8> {
    let content = tlv(ber::SEQUENCE, &[&oid(oid::DATA)]);
    let certificates = tlv(ber::CONTEXT_0, &[&members.concat()]);
    let signed = tlv(
        ber::SEQUENCE,
        &[
            &integer(1),
            &tlv(ber::SET, &[]),
            &content,
            &certificates,
            &tlv(ber::SET, &[]),
        ],
    );
    tlv(
        ber::SEQUENCE,
        &[&oid(oid::SIGNED_DATA), &tlv(ber::CONTEXT_0, &[&signed])],
    )
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64.encode(der);
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| {
            if big_endian {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

#[track_caller]
fn read(bytes: &[u8], password: Option<&str>) -> Bundle {
    decode(bytes, password).unwrap()
}

#[track_caller]
fn refused(bytes: &[u8], password: Option<&str>) -> String {
    decode(bytes, password).unwrap_err().to_string()
}

/// Whole and without a word of complaint.
#[track_caller]
fn reads_as(bytes: &[u8], format: Encoding, certificates: &[Vec<u8>]) {
    let bundle = read(bytes, None);
    assert_eq!(bundle.problems, []);
    assert_eq!((bundle.format, bundle.certificates.as_slice()), (format, certificates));
}

// PEM and DER.

/// What could not be read, in words.
fn told(bundle: &Bundle) -> Vec<(Option<usize>, String)> {
    let told = |problem: &Problem| (problem.index, problem.error.to_string());
    bundle.problems.iter().map(told).collect()
}

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

// PKCS#12.

/// Reads the estate's file, with its key.
#[track_caller]
fn opens(file: &[u8], password: Option<&str>) {
    let bundle = read(file, password);
    assert_eq!(bundle.problems, []);
    assert_eq!(
        (bundle.format, bundle.certificates),
        (Encoding::Pkcs12, estate().both())
    );
    let keys: Vec<_> = bundle.keys.iter().map(|key| (key.kind, key.der().to_vec())).collect();
    assert_eq!(keys, [(KeyEncoding::Pkcs8, estate().key())]);
}

#[test]
fn every_encryption_of_pkcs12_is_opened() {
    load_legacy();
    for algorithm in [
        Nid::PBE_WITHSHA1AND40BITRC2_CBC,
        Nid::PBE_WITHSHA1AND128BITRC2_CBC,
        Nid::PBE_WITHSHA1AND2_KEY_TRIPLEDES_CBC,
        Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC,
        Nid::PBE_WITHSHA1AND40BITRC4,
        Nid::PBE_WITHSHA1AND128BITRC4,
        Nid::AES_128_CBC,
        Nid::AES_192_CBC,
        Nid::AES_256_CBC,
        Nid::DES_EDE3_CBC,
    ] {
        let file = |password: &str| {
            let adjust = |builder: &mut openssl::pkcs12::Pkcs12Builder| {
                builder.key_algorithm(algorithm).cert_algorithm(algorithm);
            };
            estate().pkcs12(adjust, password)
        };
        opens(&file(PASSWORD), Some(PASSWORD));
        opens(&file("pässwörd 😀"), Some("pässwörd 😀"));
        let long = "a long password ".repeat(20);
        opens(&file(&long), Some(&long));
        opens(&indefinite(&file(PASSWORD)), Some(PASSWORD));
        assert_eq!(
            decode(&file(PASSWORD), Some("wrong")).unwrap_err(),
            DecodeError::PasswordWrong
        );
    }
}

#[test]
fn every_digest_of_the_mac_is_verified() {
    for digest in [
        MessageDigest::sha1(),
        MessageDigest::sha224(),
        MessageDigest::sha256(),
        MessageDigest::sha384(),
        MessageDigest::sha512(),
        MessageDigest::from_nid(Nid::from_raw(1094)).unwrap(),
        MessageDigest::from_nid(Nid::from_raw(1095)).unwrap(),
    ] {
        let file = estate().pkcs12(
            |builder| {
                builder.mac_md(digest);
            },
            PASSWORD,
        );
        opens(&file, Some(PASSWORD));
        assert_eq!(
            decode(&file, Some("Correct horse")).unwrap_err(),
            DecodeError::PasswordWrong
        );
        assert_eq!(decode(&file, None).unwrap_err(), DecodeError::PasswordMissing);
        assert_eq!(decode(&file, Some("")).unwrap_err(), DecodeError::PasswordWrong);
    }
}

#[test]
fn errors_read_as_people_expect() {
    let file = estate().pkcs12(|_| {}, PASSWORD);
    assert_eq!(refused(&file, Some("wrong")), "wrong password for the PKCS#12 file");
    assert_eq!(refused(&file, None), "the PKCS#12 file needs a password");
}

#[test]
fn every_pbes2_cipher_and_function_is_opened_without_a_mac() {
    let ciphers = [
        (Cipher::aes_128_cbc(), oid(oid::AES_128_CBC)),
        (Cipher::aes_192_cbc(), oid(oid::AES_192_CBC)),
        (Cipher::aes_256_cbc(), oid(oid::AES_256_CBC)),
        (Cipher::des_ede3_cbc(), oid(oid::DES_EDE3_CBC)),
    ];
    let functions = [
        None,
        Some((oid::HMAC_WITH_SHA1, MessageDigest::sha1())),
        Some((oid::HMAC_WITH_SHA224, MessageDigest::sha224())),
        Some((oid::HMAC_WITH_SHA256, MessageDigest::sha256())),
        Some((oid::HMAC_WITH_SHA384, MessageDigest::sha384())),
        Some((oid::HMAC_WITH_SHA512, MessageDigest::sha512())),
    ];
    let bags: Vec<_> = estate().both().iter().map(|der| certificate_bag(der)).collect();
    for (cipher, cipher_oid) in ciphers {
        for prf in functions {
            for key_length in [false, true] {
                let pbes2 = Pbes2 {
                    cipher,
                    cipher_oid: cipher_oid.clone(),
                    prf,
                    iterations: 3,
                    key_length,
                };
                let key = bag(oid::SHROUDED_KEY_BAG, &pbes2.key(&estate().key(), PASSWORD));
                let file = pfx(&[pbes2.safe(&bags, PASSWORD), data(&safe(&[key]))]);
                opens(&file, Some(PASSWORD));
                opens(&indefinite(&file), Some(PASSWORD));
                assert_eq!(decode(&file, Some("wrong")).unwrap_err(), DecodeError::PasswordWrong);
                assert_eq!(decode(&file, None).unwrap_err(), DecodeError::PasswordMissing);
            }
        }
    }
}

#[test]
fn an_empty_password_and_none_open_each_others_files() {
    for algorithm in [Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC, Nid::AES_256_CBC] {
        let file = estate().pkcs12(
            |builder| {
                builder.key_algorithm(algorithm).cert_algorithm(algorithm);
            },
            "",
        );
        opens(&file, None);
        opens(&file, Some(""));
    }
    // The other form, no bytes at all, which OpenSSL writes only for a NULL.
    let safes = tlv(ber::SEQUENCE, &[&data(&safe(&[certificate_bag(&estate().leaf())]))]);
    let key = derive_key::<sha1::Sha1>(&[], b"salt", Pkcs12KeyType::Mac, 5, 20);
    let digest = tlv(
        ber::SEQUENCE,
        &[
            &tlv(ber::SEQUENCE, &[&oid(oid::SHA1)]),
            &tlv(ber::OCTET_STRING, &[&hmac(MessageDigest::sha1(), &key, &safes)]),
        ],
    );
    let mac = tlv(
        ber::SEQUENCE,
        &[&digest, &tlv(ber::OCTET_STRING, &[b"salt"]), &integer(5)],
    );
    let file = tlv(ber::SEQUENCE, &[&integer(3), &data(&safes), &mac]);
    reads_as(&file, Encoding::Pkcs12, &[estate().leaf()]);
    assert_eq!(read(&file, Some("")).certificates, [estate().leaf()]);
    assert_eq!(decode(&file, Some("x")).unwrap_err(), DecodeError::PasswordWrong);
}

#[test]
fn pbmac1_is_verified() {
    let safes = tlv(ber::SEQUENCE, &[&data(&safe(&[certificate_bag(&estate().leaf())]))]);
    let file = |length: u32, iterations: u32| {
        let mut key = vec![0; 32];
        openssl::pkcs5::pbkdf2_hmac(PASSWORD.as_bytes(), b"salt", 9, MessageDigest::sha512(), &mut key).unwrap();
        let value = hmac(MessageDigest::sha256(), &key, &safes);
        let parameters = tlv(
            ber::SEQUENCE,
            &[
                &tlv(ber::OCTET_STRING, &[b"salt"]),
                &integer(iterations),
                &integer(length),
                &tlv(ber::SEQUENCE, &[&oid(oid::HMAC_WITH_SHA512), &[5, 0]]),
            ],
        );
        let kdf = tlv(ber::SEQUENCE, &[&oid(oid::PBKDF2), &parameters]);
        let scheme = tlv(ber::SEQUENCE, &[&oid(oid::HMAC_WITH_SHA256)]);
        let algorithm = tlv(
            ber::SEQUENCE,
            &[&oid(oid::PBMAC1), &tlv(ber::SEQUENCE, &[&kdf, &scheme])],
        );
        let digest = tlv(ber::SEQUENCE, &[&algorithm, &tlv(ber::OCTET_STRING, &[&value])]);
        let mac = tlv(
            ber::SEQUENCE,
            &[&digest, &tlv(ber::OCTET_STRING, &[b"NOT USED"]), &integer(1)],
        );
        tlv(ber::SEQUENCE, &[&integer(3), &data(&safes), &mac])
    };
    assert_eq!(read(&file(32, 9), Some(PASSWORD)).certificates, [estate().leaf()]);
    assert_eq!(
        decode(&file(32, 9), Some("wrong")).unwrap_err(),
        DecodeError::PasswordWrong
    );
    assert_eq!(decode(&file(32, 9), None).unwrap_err(), DecodeError::PasswordMissing);
    for length in [1, 2, 16, 19] {
        let why = refused(&file(length, 9), Some(PASSWORD));
        assert!(why.contains("octets, and RFC 9579 asks for 20"), "{length}: {why}");
    }
    for length in [0, 129, u32::MAX] {
        assert!(
            refused(&file(length, 9), Some(PASSWORD)).starts_with("damaged MAC"),
            "{length}"
        );
    }
    assert!(matches!(
        decode(&file(32, 400_000_000), Some(PASSWORD)),
        Err(DecodeError::TooLarge { .. })
    ));
}

#[test]
fn a_file_without_mac_and_encryption_needs_no_password() {
    let bags = [
        certificate_bag(&estate().leaf()),
        bag(oid::KEY_BAG, &estate().key()),
        certificate_bag(&estate().authority()),
    ];
    let file = pfx(&[data(&safe(&bags))]);
    for password in [None, Some("")] {
        opens(&file, password);
        opens(&indefinite(&file), password);
    }
    // A password that nothing checks is not taken for a right one.
    for file in [file.clone(), indefinite(&file)] {
        assert_eq!(
            decode(&file, Some("whatever")).unwrap_err(),
            DecodeError::PasswordUnchecked
        );
    }
    assert!(refused(&file, Some("whatever")).contains("nothing checks the password"));
    let text = format!("{}{}", pem("PKCS12", &file), pem("CERTIFICATE", &estate().authority()));
    assert_eq!(
        read(text.as_bytes(), Some("whatever")).certificates,
        [estate().authority()]
    );
    // Indefinite within the strings too.
    opens(&indefinite(&pfx(&[indefinite(&data(&indefinite(&safe(&bags))))])), None);
}

#[test]
fn a_password_without_mac_may_open_the_key_alone() {
    let key = bag(oid::SHROUDED_KEY_BAG, &Pbes2::aes256(2).key(&estate().key(), PASSWORD));
    let file = pfx(&[data(&safe(&[certificate_bag(&estate().leaf()), key]))]);
    let bundle = read(&file, None);
    assert_eq!(bundle.certificates, [estate().leaf()]);
    assert_eq!(
        told(&bundle),
        [(
            Some(1),
            "the private key is encrypted, and no password is given".to_owned()
        )]
    );
    assert!(bundle.keys.is_empty());
    assert_eq!(
        decode(&file, Some("wrong")).unwrap_err(),
        DecodeError::PasswordUnchecked
    );
    assert_eq!(read(&file, Some(PASSWORD)).keys.len(), 1);
}

#[test]
fn safes_in_safes_are_read_down_to_a_depth() {
    let nested = |depth: usize| {
        let mut bags = certificate_bag(&estate().leaf());
        for _ in 0..depth {
            bags = bag(oid::SAFE_CONTENTS_BAG, &safe(&[bags]));
        }
        pfx(&[data(&safe(&[certificate_bag(&estate().authority()), bags]))])
    };
    assert_eq!(
        read(&nested(4), None).certificates,
        [estate().authority(), estate().leaf()]
    );
    let bundle = read(&nested(5), None);
    assert_eq!(bundle.certificates, [estate().authority()]);
    assert_eq!(
        bundle.problems[0].error.to_string(),
        "damaged safe in the PKCS#12 file (nested too deep)"
    );
    assert_eq!(read(&nested(2000), None).problems.len(), 1);
}

#[test]
fn generations_of_one_ca_are_all_kept() {
    let (old, new) = (ec_key(), ec_key());
    let ca = |key, signer, serial| {
        Minted {
            subject: "Contoso CA",
            issuer: "Contoso CA",
            key,
            signer,
            version: 2,
            serial,
        }
        .x509()
        .to_der()
        .unwrap()
    };
    // Both keys self-signed, and each signed by the other.
    let generations = [
        ca(&old, &old, 1),
        ca(&new, &new, 2),
        ca(&new, &old, 3),
        ca(&old, &new, 4),
    ];
    let bags: Vec<_> = generations.iter().map(|der| certificate_bag(der)).collect();
    let started = Instant::now();
    reads_as(&pfx(&[data(&safe(&bags))]), Encoding::Pkcs12, &generations);
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn crl_secret_and_foreign_bags_are_not_looked_at() {
    let odd = |arc| bag(ObjectIdentifier::new_unwrap(arc), &tlv(ber::SEQUENCE, &[&[0xff; 3]]));
    let sdsi = bag(
        oid::CERTIFICATE_BAG,
        &tlv(
            ber::SEQUENCE,
            &[
                &oid(ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.2")),
                &tlv(ber::CONTEXT_0, &[&[5, 0]]),
            ],
        ),
    );
    let foreign = tlv(
        ber::SEQUENCE,
        &[&tlv(ber::OID, &[&[0x2b, 1]]), &tlv(ber::CONTEXT_0, &[&[5, 0]])],
    );
    let bags = [
        odd("1.2.840.113549.1.12.10.1.4"),
        odd("1.2.840.113549.1.12.10.1.5"),
        sdsi,
        foreign,
        certificate_bag(&estate().leaf()),
    ];
    reads_as(&pfx(&[data(&safe(&bags))]), Encoding::Pkcs12, &[estate().leaf()]);
}

#[test]
fn a_malformed_bag_or_safe_is_not_the_end_of_the_rest() {
    let leaf = certificate_bag(&estate().leaf());
    let truncated = certificate_bag(&estate().leaf()[..100]);
    let request = certificate_bag(&estate().request().to_der().unwrap());
    let no_key = bag(oid::KEY_BAG, &tlv(ber::SEQUENCE, &[&integer(1)]));
    let no_type = tlv(ber::SEQUENCE, &[&integer(1)]);
    let foreign = encrypted(&tlv(ber::SEQUENCE, &[&tlv(ber::OID, &[&[0x2b, 1]])]), &[0; 16]);
    let public = tlv(
        ber::SEQUENCE,
        &[&oid(oid::ENVELOPED_DATA), &tlv(ber::CONTEXT_0, &[&[5, 0]])],
    );
    let file = pfx(&[
        data(&safe(&[truncated, request, no_key, no_type, leaf])),
        foreign,
        public,
        data(&tlv(ber::SEQUENCE, &[&certificate_bag(&estate().authority()), &[0x30]])),
    ]);
    let bundle = read(&file, None);
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
            (0, "damaged certificate (truncated)"),
            (1, "not a certificate (found a certificate signing request)"),
            (2, "damaged private key (not the DER of one)"),
            (3, "damaged bag in the PKCS#12 file (an element where another belongs)"),
            (5, "unsupported encryption algorithm 1.3.1"),
            (6, "unsupported safe encrypted for a public key"),
            (8, "damaged safe in the PKCS#12 file (truncated)"),
        ]
    );
}

#[test]
fn a_pkcs12_file_without_certificates_says_so() {
    let file = pfx(&[data(&safe(&[bag(oid::KEY_BAG, &estate().key())]))]);
    assert_eq!(refused(&file, None), "no certificate in the PKCS#12 file");
    assert_eq!(decode_keys(&file, None).unwrap()[0].der(), estate().key());
}

#[test]
fn iterations_are_paid_for_before_they_are_done() {
    let started = Instant::now();
    let many = Pbes2::aes256(u32::MAX);
    let leaf = &[certificate_bag(&estate().leaf())];
    let file = pfx(&[many.safe(leaf, PASSWORD)]);
    assert_eq!(
        refused(&file, Some(PASSWORD)),
        format!("too large: more than {} password iterations", 8_000_000)
    );
    let file = pfx(&[many.safe(leaf, PASSWORD), data(&safe(leaf))]);
    let bundle = read(&file, None);
    assert_eq!((bundle.certificates.len(), bundle.problems.len()), (1, 1));
    assert_eq!(
        decode(&file, Some(PASSWORD)).unwrap_err(),
        DecodeError::PasswordUnchecked
    );
    // A file that is refused for its MAC is not read at all.
    let digest = tlv(ber::SEQUENCE, &[&oid(oid::SHA1)]);
    let digest = tlv(ber::SEQUENCE, &[&digest, &tlv(ber::OCTET_STRING, &[&[0; 20]])]);
    let mac = tlv(
        ber::SEQUENCE,
        &[&digest, &tlv(ber::OCTET_STRING, &[b"salt"]), &integer(u32::MAX)],
    );
    let file = pfx_with(&[data(&safe(leaf))], &mac);
    assert!(matches!(
        decode(&file, Some(PASSWORD)),
        Err(DecodeError::TooLarge { .. })
    ));
    let mac = tlv(
        ber::SEQUENCE,
        &[&digest, &tlv(ber::OCTET_STRING, &[b"salt"]), &integer(0)],
    );
    let file = pfx_with(&[data(&safe(leaf))], &mac);
    assert_eq!(
        refused(&file, None),
        "damaged MAC of the PKCS#12 file (a number out of range)"
    );
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn many_cheap_bags_do_not_cost_more_than_the_budget() {
    let shrouded = bag(
        oid::SHROUDED_KEY_BAG,
        &Pbes2::aes256(1_000).key(&estate().key(), PASSWORD),
    );
    let bags: Vec<_> = std::iter::repeat_n(shrouded, 500)
        .chain([certificate_bag(&estate().leaf())])
        .collect();
    let file = pfx(&[data(&safe(&bags))]);
    let contents = Contents::read(&file, None, pkcs12::PasswordBudget::of(100_000)).unwrap();
    assert_eq!((contents.certificates.len(), contents.problems.len()), (1, 500));
    let over = contents
        .problems
        .iter()
        .filter(|problem| problem.error.to_string().starts_with("too large"))
        .count();
    assert_eq!(
        over, 451,
        "of two compressions an iteration and some for each derivation, 49 fit"
    );
}

#[test]
fn pkcs12_in_pem_is_pkcs12() {
    let file = estate().pkcs12(|_| {}, PASSWORD);
    for label in ["CERTIFICATE", "PKCS12"] {
        let bundle = read(pem(label, &file).as_bytes(), Some(PASSWORD));
        assert_eq!(
            (bundle.format, bundle.certificates),
            (Encoding::Pkcs12, estate().both())
        );
    }
    assert_eq!(
        refused(pem("CERTIFICATE", &file).as_bytes(), Some("x")),
        "wrong password for the PKCS#12 file"
    );
}

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

// Hostile input.

#[test]
fn hostile_pem_is_refused_in_linear_time() {
    let started = Instant::now();
    let blocks = "-----BEGIN X-----\n-----END X-----\n".repeat(MAX_ITEMS + 1);
    assert_eq!(
        refused(blocks.as_bytes(), None),
        format!("too large: more than {MAX_ITEMS} PEM blocks")
    );
    let size = 512 << 10;
    for text in [
        "-".repeat(size),
        "- ".repeat(size / 2),
        "----".repeat(size / 4) + "-----BEGIN ",
        "-----BEGIN ".repeat(size / 11),
        "-----BEGIN \n".repeat(size / 12),
        "\n-----BEGIN CERTIFICATE ".repeat(size / 24),
        " ".repeat(size) + "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n".to_owned() + &":\n".repeat(size / 2) + "-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----".to_owned() + &"A".repeat(size) + "-----END CERTIFICATE-----",
        "A".repeat(size),
        "0".repeat(size),
    ] {
        assert!(decode(text.as_bytes(), None).is_err());
        assert!(decode(&utf16(&text, false), None).is_err());
    }
    // What is quadratic takes minutes. Wine adds a layer of its own.
    let patience = Duration::from_secs(if cfg!(windows) { 60 } else { 10 });
    assert!(started.elapsed() < patience, "{:?}", started.elapsed());
}

#[test]
fn limits_on_members_and_bags_hold() {
    let many = p7b(&[[0x30, 0x00].repeat(MAX_ITEMS + 1)]);
    assert!(matches!(decode(&many, None), Err(DecodeError::TooLarge { .. })));
    let exact = p7b(&[estate().leaf(), [0xa1, 0x00].repeat(MAX_ITEMS - 1)]);
    reads_as(&exact, Encoding::Pkcs7, &[estate().leaf()]);
    let many = pfx(&[data(&safe(&[[0x30, 0x00].repeat(MAX_ITEMS + 1)]))]);
    assert!(matches!(decode(&many, None), Err(DecodeError::TooLarge { .. })));
    let large = vec![b'\n'; MAX_INPUT_BYTES + 1];
    assert!(matches!(
        decode(&large, None),
        Err(DecodeError::TooLarge { what: "bytes", .. })
    ));
}

/// xorshift64*: the same mutations each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(7) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.below(256) as u8,
                2 => bytes[at] = [0, 0x80, 0xff, 0x7f, 0x30, 0x24, b'-'][self.below(7)],
                3 => drop(bytes.drain(at..(at + 1 + self.below(20)).min(bytes.len()))),
                4 => bytes.truncate(at + 1),
                5 => bytes.insert(at, self.below(256) as u8),
                _ => {
                    let piece = bytes[at..(at + self.below(60)).min(bytes.len())].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, piece);
                }
            }
            if bytes.is_empty() {
                bytes.push(0x30);
            }
        }
    }
}

#[test]
fn ten_thousand_mutations_of_each_format_neither_panic_nor_take_long() {
    let estate = estate();
    let bags: Vec<_> = estate.both().iter().map(|der| certificate_bag(der)).collect();
    let shrouded = bag(oid::SHROUDED_KEY_BAG, &Pbes2::aes256(2).key(&estate.key(), PASSWORD));
    let plain = pfx(&[data(&safe(&[
        bags.concat(),
        bag(oid::KEY_BAG, &estate.key()),
        shrouded.clone(),
    ]))]);
    let bundle = pem("CERTIFICATE", &estate.leaf())
        + &String::from_utf8(estate.key.private_key_to_pem_pkcs8().unwrap()).unwrap()
        + &pem("PKCS7", &p7b(&estate.both()));
    let formats = [
        estate.leaf(),
        bundle.clone().into_bytes(),
        utf16(&bundle, false),
        BASE64.encode(estate.leaf()).into_bytes(),
        p7b(&estate.both()),
        indefinite(&p7b(&estate.both())),
        estate.pkcs12(|_| {}, PASSWORD),
        indefinite(&estate.pkcs12(|_| {}, PASSWORD)),
        pfx(&[Pbes2::aes256(2).safe(&bags, PASSWORD), data(&safe(&[shrouded]))]),
        indefinite(&plain),
        plain,
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut longest = Duration::ZERO;
    for (format, original) in formats.iter().enumerate() {
        let mut read = 0;
        for _ in 0..10_000 {
            let mut bytes = original.clone();
            random.mutate(&mut bytes);
            let started = Instant::now();
            // A count of iterations that grew is refused sooner than it would be.
            let budget = pkcs12::PasswordBudget::of(100_000);
            read += usize::from(
                Contents::read(&bytes, Some(PASSWORD), budget)
                    .and_then(Contents::bundle)
                    .is_ok(),
            );
            longest = longest.max(started.elapsed());
        }
        assert!(read < 10_000, "format {format}: nothing was found wrong");
    }
    assert!(longest < Duration::from_secs(5), "{longest:?}");
}

// Which certificate comes first.

/// The certificate that a server on OpenSSL serves from a file; `None` where it serves none.
fn served_by_openssl(bytes: &[u8]) -> Option<Vec<u8>> {
    use openssl::ssl::{SslContext, SslMethod};
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("same-ca-served-{}-{count}.pem", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let mut builder = SslContext::builder(SslMethod::tls_server()).unwrap();
    let loaded = builder.set_certificate_chain_file(&path);
    std::fs::remove_file(&path).unwrap();
    loaded.ok()?;
    Some(builder.build().certificate()?.to_der().unwrap())
}

/// The certificate that is judged; `None` where none is, or where it is said that another may be meant.
fn judged(bytes: &[u8]) -> Option<Vec<u8>> {
    let bundle = decode(bytes, None).ok()?;
    let clear = bundle.ambiguity.is_none() && !bundle.first_is_unreadable;
    let ordered = matches!(bundle.format, Encoding::Pem | Encoding::Der);
    (clear && ordered).then(|| bundle.certificates[0].clone())
}

#[test]
fn a_file_of_which_another_reader_serves_another_certificate_is_ambiguous() {
    let (leaf, other) = (estate().leaf(), estate().authority());
    let (a, b) = (pem("CERTIFICATE", &leaf), pem("CERTIFICATE", &other));
    let key = pem("PRIVATE KEY", &estate().key());
    let labelled = |label: &str| pem(label, &leaf);
    let mut clear: Vec<(&str, Vec<u8>)> = vec![
        ("plain", format!("{a}{b}").into()),
        ("CRLF", format!("{a}{b}").replace('\n', "\r\n").into()),
        ("the key first", format!("{key}{a}{b}").into()),
        (
            "words before",
            format!("Bag Attributes\n    friendlyName: x\nsubject=CN = a\n{a}\nissuer\n{b}").into(),
        ),
        ("empty lines between", format!("\n\n{a}\n\n\n{b}").into()),
        (
            "a request first",
            format!(
                "{}{a}{b}",
                pem("CERTIFICATE REQUEST", &estate().request().to_der().unwrap())
            )
            .into(),
        ),
        (
            "parameters first",
            format!("{}{a}{b}", pem("EC PARAMETERS", &[6, 1, 7])).into(),
        ),
        ("no line end at the end", format!("{a}{}", b.trim_end()).into()),
        (
            "blanks behind the armour",
            format!("{a}{b}").replace("-----\n", "----- \n").into(),
        ),
    ];
    // One alone, however it is written, is the one.
    let alone = [
        ("alone with blanks before", format!("  {}", a.replace('\n', "\n  "))),
        ("alone under an old label", labelled("X509 CERTIFICATE")),
        ("alone with CR", a.replace('\n', "\r")),
        ("alone with a mark", format!("\u{feff}{a}")),
        (
            "alone on one line",
            a.replace('\n', "")
                .replace("-----M", "-----\nM")
                .replace("-----END", "\n-----END"),
        ),
    ];
    clear.extend(alone.map(|(what, text)| (what, text.into_bytes())));
    for (what, file) in &clear {
        assert_eq!(judged(file), Some(leaf.clone()), "{what}");
    }

    let ambiguous: Vec<(&str, Vec<u8>)> = vec![
        (
            "a label that OpenSSL does not know",
            format!("{}{b}", labelled("X.509 CERTIFICATE")).into(),
        ),
        (
            "a label that Go does not know",
            format!("{}{b}", labelled("TRUSTED CERTIFICATE")).into(),
        ),
        ("an old label", format!("{}{b}", labelled("X509 CERTIFICATE")).into()),
        ("PKCS#7 armour", format!("{}{b}", labelled("PKCS7")).into()),
        ("CMS armour", format!("{}{b}", labelled("CMS")).into()),
        ("a blank before BEGIN", format!(" {a}{b}").into()),
        ("a tab before BEGIN", format!("\t{a}{b}").into()),
        ("a mark before BEGIN", format!("\u{feff}{a}{b}").into()),
        ("words before BEGIN", format!("x{a}{b}").into()),
        ("words before BEGIN of a third", format!("x{b}{a}{b}").into()),
        ("CR alone", format!("{a}{b}").replace('\n', "\r").into()),
        ("CR alone in the first", format!("{}{b}", a.replace('\n', "\r")).into()),
        (
            "an empty line in the body",
            format!("{}{b}", a.replacen("\nMII", "\n\nMII", 1)).into(),
        ),
        (
            "headers",
            format!("{}{b}", a.replacen("\nMII", "\nX: y\n\nMII", 1)).into(),
        ),
        (
            "blanks in the body",
            format!("{}{b}", a.replacen("\nMII", "\n MII", 1)).into(),
        ),
        (
            "a body on one line",
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n{b}",
                BASE64.encode(&leaf)
            )
            .into(),
        ),
        (
            "an unusual END",
            format!(
                "{}{b}",
                a.replace("-----END CERTIFICATE-----", " -----END CERTIFICATE-----")
            )
            .into(),
        ),
        (
            "words behind END",
            format!(
                "{}{b}",
                a.replace("-----END CERTIFICATE-----", "-----END CERTIFICATE-----x")
            )
            .into(),
        ),
        (
            "words behind BEGIN",
            format!(
                "{}{b}",
                a.replace("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----x")
            )
            .into(),
        ),
        (
            "padding behind the DER",
            format!("{}{b}", pem("CERTIFICATE", &[&leaf[..], &[0]].concat())).into(),
        ),
        (
            "no END of a key before",
            format!("-----BEGIN PRIVATE KEY-----\nAAAA\n{a}{b}").into(),
        ),
        ("a NUL before", format!("a\0b\n{a}{b}").into()),
        ("DER with PEM behind it", [&leaf[..], b"\n", b.as_bytes()].concat()),
        ("DER with PEM right behind it", [&leaf[..], b.as_bytes()].concat()),
        (
            "DER with NULs and PEM behind it",
            [&leaf[..], &[0; 4], b"\n", b.as_bytes()].concat(),
        ),
        (
            "PKCS#7 with PEM behind it",
            [&estate().authority.to_der().unwrap()[..], b.as_bytes()].concat(),
        ),
    ];
    for (what, file) in &ambiguous {
        assert_eq!(judged(file), None, "{what}");
        if let Ok(bundle) = decode(file, None) {
            let said = bundle.ambiguity.is_some() || bundle.first_is_unreadable;
            assert!(said, "{what}");
        }
    }
}

#[test]
fn whenever_openssl_serves_another_certificate_than_is_judged_it_is_said() {
    let (leaf, other, third) = (
        estate().leaf(),
        estate().authority(),
        mint("third", rsa_key()).to_der().unwrap(),
    );
    let plain = |der: &[u8]| pem("CERTIFICATE", der);
    let key = pem("PRIVATE KEY", &estate().key());
    let long = |der: &[u8]| {
        format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            BASE64.encode(der)
        )
    };
    let starts: Vec<Vec<u8>> = vec![
        plain(&leaf).into(),
        pem("X509 CERTIFICATE", &leaf).into(),
        pem("X.509 CERTIFICATE", &leaf).into(),
        pem("TRUSTED CERTIFICATE", &leaf).into(),
        long(&leaf).into(),
        plain(&leaf).replace('\n', "\r").into(),
        plain(&leaf).replace('\n', "\r\n").into(),
        leaf.clone(),
        key.clone().into(),
        [key.as_bytes(), plain(&leaf).as_bytes()].concat(),
        format!("{}{}", "y".repeat(254), plain(&leaf)).into(),
        format!("{}{}", "y".repeat(508), plain(&leaf)).into(),
        format!("{}\n{}", "y".repeat(254), plain(&leaf)).into(),
        format!("\u{feff}{}", plain(&leaf)).into(),
    ];
    let pieces: [&[u8]; 22] = [
        b" ",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n",
        b"\0",
        b"-",
        b"-----",
        b"x",
        b":",
        b"=",
        b"\xef\xbb\xbf",
        b"\xff",
        b"\x80",
        b"-----BEGIN CERTIFICATE-----\n",
        b"-----END CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\n",
        b"\n\n",
        b"X: y\n\n",
        b"-----BEGIN X-----\n",
        b"CERTIFICATE",
        b"a\n",
    ];
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let (mut compared, mut differ, mut clear) = (0, 0, 0);
    for round in 0..4_000 {
        let start = &starts[round % starts.len()];
        let mut file = [&start[..], plain(&other).as_bytes(), plain(&third).as_bytes()].concat();
        // Mostly where lines begin and end, as that is where readers differ.
        for _ in 0..=random(3) {
            let lines: Vec<usize> = (0..file.len())
                .filter(|&at| file[at] == b'\n' || file[at] == b'-')
                .collect();
            let at = match (random(4), lines.is_empty()) {
                (0, _) | (_, true) => random(file.len().min(4_000)),
                _ => lines[random(lines.len().min(60))] + random(2),
            };
            match random(5) {
                0 => drop(file.drain(at.min(file.len() - 1)..(at + 1 + random(3)).min(file.len()))),
                1 => {
                    let run = b"y".repeat(random(260));
                    file.splice(at..at, run);
                }
                _ => {
                    let piece = pieces[random(pieces.len())];
                    file.splice(at..at, piece.iter().copied());
                }
            }
        }
        let judged = judged(&file);
        let Some(served) = served_by_openssl(&file) else {
            continue;
        };
        compared += 1;
        match judged {
            None => differ += 1,
            Some(judged) => {
                clear += 1;
                assert!(
                    judged == served,
                    "judged is not what is served (round {round}):\n{}",
                    String::from_utf8_lossy(&file)
                );
            }
        }
    }
    assert!(
        compared > 1_000 && clear > 200 && differ > 200,
        "{compared} served, {clear} clear, {differ} not"
    );
}
