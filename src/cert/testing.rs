//! Certificates put together part by part, so that each part can be wrong.

use openssl::ec::{Asn1Flag, EcGroup, EcKey, PointConversionForm};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

use crate::asn1::der;
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::testing::element;

/// The parts of a certificate. `outer` is `inner` unless set.
#[derive(Clone)]
pub struct Mint {
    pub version: Option<u64>,
    pub serial: Vec<u8>,
    pub inner: Vec<u8>,
    pub outer: Option<Vec<u8>>,
    pub issuer: Vec<u8>,
    pub not_before: Vec<u8>,
    pub not_after: Vec<u8>,
    pub subject: Vec<u8>,
    pub spki: Vec<u8>,
    pub extensions: Vec<Vec<u8>>,
}

impl Mint {
    /// A certificate of `CN=Leaf` by `CN=CA` for this key.
    pub fn new(spki: Vec<u8>) -> Mint {
        Mint {
            version: Some(2),
            serial: vec![0x01, 0x02],
            inner: algorithm(oid::SHA256_WITH_RSA, Some(NULL)),
            outer: None,
            issuer: name(&[("CN", "CA")]),
            not_before: element(der::UTC_TIME, &[b"260101000000Z"]),
            not_after: element(der::UTC_TIME, &[b"270101000000Z"]),
            subject: name(&[("CN", "Leaf")]),
            spki,
            extensions: Vec::new(),
        }
    }

    pub fn extension(mut self, oid: impl AsRef<[u8]>, critical: bool, value: &[u8]) -> Mint {
        let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
        let id = element(der::OID, &[oid.as_ref()]);
        let value = element(der::OCTET_STRING, &[value]);
        self.extensions.push(element(der::SEQUENCE, &[&id, critical, &value]));
        self
    }

    pub fn tbs(&self) -> Vec<u8> {
        let version = self
            .version
            .map(|number| element(0xa0, &[&[2, 1, number as u8]]))
            .unwrap_or_default();
        let extensions = match self.extensions.as_slice() {
            [] => Vec::new(),
            all => element(0xa3, &[&element(der::SEQUENCE, &[&all.concat()])]),
        };
        element(
            der::SEQUENCE,
            &[
                &version,
                &element(der::INTEGER, &[&self.serial]),
                &self.inner,
                &self.issuer,
                &element(der::SEQUENCE, &[&self.not_before, &self.not_after]),
                &self.subject,
                &self.spki,
                &extensions,
            ],
        )
    }

    pub fn signed(&self, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let tbs = self.tbs();
        let signature = element(der::BIT_STRING, &[&[0], &sign(&tbs)]);
        element(
            der::SEQUENCE,
            &[&tbs, self.outer.as_ref().unwrap_or(&self.inner), &signature],
        )
    }

    /// With a signature of nobody.
    pub fn unsigned(&self) -> Vec<u8> {
        self.signed(|_| vec![0x5a; 256])
    }
}

pub const NULL: &[u8] = &[der::NULL, 0];
pub fn algorithm(oid: impl AsRef<[u8]>, parameters: Option<&[u8]>) -> Vec<u8> {
    element(
        der::SEQUENCE,
        &[&element(der::OID, &[oid.as_ref()]), parameters.unwrap_or_default()],
    )
}

/// A name of one RDN an attribute, as UTF8String.
pub fn name(attributes: &[(&str, &str)]) -> Vec<u8> {
    let rdn = |(kind, value): &(&str, &str)| {
        let oid = match *kind {
            "CN" => oid::COMMON_NAME,
            "O" => oid::ORGANIZATION,
            "emailAddress" => oid::EMAIL_ADDRESS,
            other => panic!("no such attribute: {other}"),
        };
        let value = element(der::UTF8_STRING, &[value.as_bytes()]);
        let attribute = element(der::SEQUENCE, &[&element(der::OID, &[oid.as_bytes()]), &value]);
        element(der::SET, &[&attribute])
    };
    element(
        der::SEQUENCE,
        &[&attributes.iter().map(rdn).collect::<Vec<_>>().concat()],
    )
}

pub fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

pub fn rsa_with_exponent(bits: u32, exponent: u64) -> PKey<Private> {
    let exponent = openssl::bn::BigNum::from_slice(&exponent.to_be_bytes()).unwrap();
    PKey::from_rsa(Rsa::generate_with_e(bits, &exponent).unwrap()).unwrap()
}

pub fn ec(curve: Nid) -> PKey<Private> {
    let mut group = EcGroup::from_curve_name(curve).unwrap();
    group.set_asn1_flag(Asn1Flag::NAMED_CURVE);
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

pub fn spki(key: &PKey<Private>) -> Vec<u8> {
    key.public_key_to_der().unwrap()
}

/// A SubjectPublicKeyInfo of an EC key in another form of the point.
pub fn spki_in_form(key: &PKey<Private>, curve: ObjectIdentifier, form: PointConversionForm) -> Vec<u8> {
    let key = key.ec_key().unwrap();
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let point = key.public_key().to_bytes(key.group(), form, &mut context).unwrap();
    let algorithm = algorithm(oid::EC_PUBLIC_KEY, Some(&element(der::OID, &[curve.as_bytes()])));
    element(der::SEQUENCE, &[&algorithm, &element(der::BIT_STRING, &[&[0], &point])])
}

/// A SubjectPublicKeyInfo that spells its curve out.
pub fn spki_explicit(key: &PKey<Private>) -> Vec<u8> {
    let key = key.ec_key().unwrap();
    let mut group = EcGroup::from_curve_name(key.group().curve_name().unwrap()).unwrap();
    group.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
    let public = EcKey::from_public_key(&group, key.public_key()).unwrap();
    PKey::from_ec_key(public).unwrap().public_key_to_der().unwrap()
}

/// PKCS#1 v1.5 or ECDSA, as the key is.
pub fn plain(key: &PKey<Private>, digest: &str, message: &[u8]) -> Vec<u8> {
    let mut signer = Signer::new(MessageDigest::from_name(digest).unwrap(), key).unwrap();
    signer.sign_oneshot_to_vec(message).unwrap()
}

pub fn pss(key: &PKey<Private>, digest: &str, mask: &str, salt_length: i32, message: &[u8]) -> Vec<u8> {
    let mut signer = Signer::new(MessageDigest::from_name(digest).unwrap(), key).unwrap();
    signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
    signer.set_rsa_mgf1_md(MessageDigest::from_name(mask).unwrap()).unwrap();
    signer.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt_length)).unwrap();
    signer.sign_oneshot_to_vec(message).unwrap()
}

pub fn edwards(key: &PKey<Private>, message: &[u8]) -> Vec<u8> {
    Signer::new_without_digest(key)
        .unwrap()
        .sign_oneshot_to_vec(message)
        .unwrap()
}

/// RSASSA-PSS-params written in full.
pub fn pss_parameters(hash: ObjectIdentifier, mask_hash: ObjectIdentifier, salt_length: u8, trailer: u8) -> Vec<u8> {
    let mgf1 = algorithm(oid::MGF1, Some(&algorithm(mask_hash, Some(NULL))));
    element(
        der::SEQUENCE,
        &[
            &element(0xa0, &[&algorithm(hash, Some(NULL))]),
            &element(0xa1, &[&mgf1]),
            &element(
                0xa2,
                &[&element(
                    der::INTEGER,
                    &[&[0][..usize::from(salt_length >> 7)], &[salt_length]],
                )],
            ),
            &element(0xa3, &[&[2, 1, trailer]]),
        ],
    )
}

/// A key of ML-DSA or SLH-DSA, by the name of its parameter set.
#[allow(unsafe_code, reason = "the crate makes no keys of these kinds")]
pub fn post_quantum(name: &str) -> PKey<Private> {
    use foreign_types::ForeignType;
    crate::cert::initialise_openssl();
    let name = std::ffi::CString::new(name).unwrap();
    // SAFETY: it takes a name that ends in a zero, and gives a key of its own or none.
    unsafe {
        let key = openssl_sys::EVP_PKEY_Q_keygen(std::ptr::null_mut(), std::ptr::null(), name.as_ptr());
        assert!(!key.is_null(), "OpenSSL has no {name:?}");
        PKey::from_ptr(key)
    }
}
