mod first;
mod found;
mod hostile;
mod keys;
mod pem;
mod pkcs12;
mod pkcs7;

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

use crate::asn1::oid::{self, ObjectIdentifier};

use super::*;

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

/// What could not be read, in words.
fn told(bundle: &Bundle) -> Vec<(Option<usize>, String)> {
    let told = |problem: &Problem| (problem.index, problem.error.to_string());
    bundle.problems.iter().map(told).collect()
}
