//! Public keys: what they are, when they may count, and their identity.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use crate::asn1::der::{self, Reader};
use crate::asn1::key::{Parameters, algorithm_identifier, subject_public_key_info};
use crate::asn1::oid::{self, ObjectIdentifier};

use super::algorithm::{Curve, KeyKind, PssParameters, SignatureAlgorithm};
use super::post_quantum::{MlDsa, SlhDsa};
use super::verify::libraries::{self, Libraries};
use super::verify::verification::Verification;

/// The identity of a public key: SHA-256 of its canonical DER SubjectPublicKeyInfo.
///
/// Canonical is RSA with NULL parameters (an id-RSASSA-PSS key of the same modulus and exponent is the same key), a
/// named curve with an uncompressed point, and any other key as it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 32]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A public key, as a certificate holds it.
pub struct PublicKey {
    kind: KeyKind,
    id: KeyId,
    /// The canonical SubjectPublicKeyInfo.
    spki: Box<[u8]>,
    /// What an id-RSASSA-PSS key says of the signatures it makes; `None` where it says nothing.
    pss: Option<PssParameters>,
    /// The libraries' own forms of the key, made when it first verifies something.
    libraries: OnceLock<Box<Libraries>>,
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo. One that cannot be understood is [`KeyKind::Other`]: it never verifies anything.
    pub fn from_spki(der: &[u8]) -> PublicKey {
        let parsed = parse(der).unwrap_or_else(|| Parsed::other(algorithm_of(der)));
        let spki: Box<[u8]> = match parsed.canonical {
            Some(canonical) => canonical.into(),
            None => der.into(),
        };
        let id = KeyId(super::sha256(&spki));
        PublicKey {
            kind: parsed.kind,
            id,
            spki,
            pss: parsed.pss,
            libraries: OnceLock::new(),
        }
    }

    /// The identity of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What kind of key it is.
    pub fn kind(&self) -> &KeyKind {
        &self.kind
    }

    /// The canonical DER SubjectPublicKeyInfo, whose SHA-256 is [`PublicKey::id`].
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The identifier that RFC 5280 §4.2.1.2, method 1, computes: the SHA-1 of the public key's bits.
    pub fn computed_identifier(&self) -> Option<[u8; 20]> {
        let mut parts = Reader::new(der::only(&self.spki, der::SEQUENCE)?);
        parts.expect(der::SEQUENCE)?;
        Some(super::sha1(parts.expect(der::BIT_STRING)?.get(1..)?))
    }

    /// The algorithm as certificate facts name it: `RSA`, `RSASSA-PSS`, `EC`, `Ed25519`, `Ed448`, `DSA`, the parameter set of
    /// ML-DSA or SLH-DSA (`ML-DSA-65`), or dotted.
    pub fn algorithm_name(&self) -> Cow<'static, str> {
        Cow::Borrowed(match &self.kind {
            KeyKind::Rsa { pss_only: false, .. } => "RSA",
            KeyKind::Rsa { pss_only: true, .. } => "RSASSA-PSS",
            KeyKind::Ec { .. } | KeyKind::EcExplicit => "EC",
            KeyKind::Ed25519 => "Ed25519",
            KeyKind::Ed448 => "Ed448",
            KeyKind::MlDsa(set) => set.name(),
            KeyKind::SlhDsa(set) => set.name(),
            KeyKind::Dsa => "DSA",
            KeyKind::Other(oid) => return Cow::Owned(oid.clone()),
        })
    }

    /// Size in bits: of the modulus, of the field of the curve or, of ML-DSA and SLH-DSA, of the public key.
    pub fn bits(&self) -> Option<u32> {
        match &self.kind {
            KeyKind::Rsa { bits, .. } => Some(*bits),
            KeyKind::Ec { curve } => curve.bits(),
            KeyKind::Ed25519 => Some(256),
            KeyKind::Ed448 => Some(456),
            KeyKind::MlDsa(set) => Some(set.lengths().0 as u32 * 8),
            KeyKind::SlhDsa(set) => Some(set.lengths().0 as u32 * 8),
            KeyKind::EcExplicit | KeyKind::Dsa | KeyKind::Other(_) => None,
        }
    }

    /// The named curve of an EC key, `explicit` where the key spells the curve out.
    pub fn curve_name(&self) -> Option<&str> {
        match &self.kind {
            KeyKind::Ec { curve } => Some(curve.name()),
            KeyKind::EcExplicit => Some("explicit"),
            _ => None,
        }
    }

    /// Whether the key may count where a vouched certificate carries it: RSA with odd 3 ≤ e < 2³³ and a modulus that the
    /// libraries take, ECDSA on a named curve, Ed25519, Ed448, ML-DSA, SLH-DSA. That the modulus is as long as the signature is for
    /// [`verify`](super::verify).
    ///
    /// # Errors
    /// Why it may not, in words.
    pub fn usable_when_vouched(&self) -> Result<(), &'static str> {
        match &self.kind {
            KeyKind::Rsa { exponent: None, .. } => Err("the RSA exponent is out of range"),
            KeyKind::Rsa { exponent: Some(e), .. } if e % 2 == 0 || *e < 3 || *e >= 1 << 33 => {
                Err("the RSA exponent is out of range")
            }
            KeyKind::Rsa { bits, .. } if *bits > MAX_RSA_BITS => Err("the RSA modulus is too long"),
            KeyKind::Rsa { .. }
            | KeyKind::Ec { .. }
            | KeyKind::Ed25519
            | KeyKind::Ed448
            | KeyKind::MlDsa(_)
            | KeyKind::SlhDsa(_) => Ok(()),
            KeyKind::EcExplicit => Err("the curve is given by explicit parameters"),
            KeyKind::Dsa => Err("DSA is not supported"),
            KeyKind::Other(_) => Err("the kind of public key is unknown, or it cannot be read"),
        }
    }

    /// Whether the key may count where no vouched certificate carries it: only kinds of which nobody can make a second
    /// key under which a given signature verifies. ML-DSA and SLH-DSA hash the public key into what is signed.
    ///
    /// # Errors
    /// Why it may not, in words.
    pub fn usable_when_found(&self) -> Result<(), &'static str> {
        self.usable_when_vouched()?;
        match &self.kind {
            KeyKind::Rsa { bits, .. } if *bits < 2048 => Err("the RSA modulus is shorter than 2048 bits"),
            KeyKind::Rsa {
                exponent: Some(3 | 17 | 65537),
                ..
            } => Ok(()),
            KeyKind::Rsa { .. } => Err("the RSA exponent is none of 3, 17 and 65537"),
            KeyKind::Ec {
                curve: Curve::P256 | Curve::P384 | Curve::P521,
            }
            | KeyKind::Ed25519
            | KeyKind::MlDsa(_)
            | KeyKind::SlhDsa(_) => Ok(()),
            KeyKind::Ec { .. } => Err("the curve is none of P-256, P-384 and P-521"),
            _ => Err("this kind of key counts only where a vouched certificate carries it"),
        }
    }

    /// Whether the key is of an algorithm that could have been understood, but it is broken.
    pub fn is_unreadable(&self) -> bool {
        let KeyKind::Other(name) = &self.kind else { return false };
        let is_known = |oid: ObjectIdentifier| {
            let oid = oid.as_bytes();
            oid::find(KINDS, oid).is_some_and(|kind| kind != Kind::Dsa)
                || MlDsa::from_oid(oid).is_some()
                || SlhDsa::from_oid(oid).is_some()
        };
        name.is_empty() || ObjectIdentifier::new(name).is_ok_and(is_known)
    }

    pub(super) fn pss(&self) -> Option<&PssParameters> {
        self.pss.as_ref()
    }

    /// Whether it made the signature of a message. What may count, and what fits the key, has been asked before.
    pub(super) fn verify(&self, algorithm: &SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Verification {
        let libraries = self.libraries.get_or_init(Box::default);
        libraries.verify((&self.kind, &self.spki), algorithm, message, signature)
    }
}

impl PartialEq for PublicKey {
    /// The same key, whatever its encoding.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?}, {})", self.kind, self.id)
    }
}

/// The kinds of key whose structure is read here. ML-DSA and SLH-DSA keys have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    RsaPss,
    Ec,
    Ed25519,
    Ed448,
    Dsa,
}

const KINDS: &[(ObjectIdentifier, Kind)] = &[
    (oid::RSA_ENCRYPTION, Kind::Rsa),
    (oid::EC_PUBLIC_KEY, Kind::Ec),
    (oid::RSASSA_PSS, Kind::RsaPss),
    (oid::ED25519, Kind::Ed25519),
    (oid::ED448, Kind::Ed448),
    (oid::DSA, Kind::Dsa),
];

/// OpenSSL's own limit on a modulus that verifies (OPENSSL_RSA_MAX_MODULUS_BITS); longer ones only cost time.
const MAX_RSA_BITS: u32 = 16_384;

struct Parsed {
    kind: KeyKind,
    /// `None` where the encoding is canonical as it stands.
    canonical: Option<Vec<u8>>,
    pss: Option<PssParameters>,
}

impl Parsed {
    fn plain(kind: KeyKind) -> Parsed {
        Parsed {
            kind,
            canonical: None,
            pss: None,
        }
    }

    /// An RSA key whose parameters are none of RSA's: nothing is verified with it, and it is the same key all the same.
    fn rsa_of_odd_parameters(oid: &[u8], key: &[u8]) -> Self {
        Parsed {
            canonical: rsa_spki(key),
            ..Parsed::other(oid)
        }
    }

    fn other(oid: &[u8]) -> Parsed {
        let text = if oid.is_empty() { String::new() } else { oid::text(oid) };
        Parsed::plain(KeyKind::Other(text))
    }
}

/// `None` where the structure, or a key of a known algorithm, cannot be understood.
fn parse(spki: &[u8]) -> Option<Parsed> {
    let mut parts = Reader::new(der::only(spki, der::SEQUENCE)?);
    let mut algorithm = Reader::new(parts.expect(der::SEQUENCE)?);
    let key = der::octets(parts.expect(der::BIT_STRING)?)?;
    parts.end()?;
    let oid = algorithm.expect(der::OID)?;
    let parameters = algorithm.rest();
    // RFC 9881 §2, RFC 9909 §3: no parameters, and the key as it is.
    if let Some(set) = MlDsa::from_oid(oid) {
        let whole = parameters.is_empty() && key.len() == set.lengths().0;
        return whole.then(|| Parsed::plain(KeyKind::MlDsa(set)));
    }
    if let Some(set) = SlhDsa::from_oid(oid) {
        let whole = parameters.is_empty() && key.len() == set.lengths().0;
        return whole.then(|| Parsed::plain(KeyKind::SlhDsa(set)));
    }
    let Some(kind) = oid::find(KINDS, oid) else {
        return Some(Parsed::other(oid));
    };
    match kind {
        Kind::Rsa => {
            let (bits, exponent) = parse_rsa(key)?;
            let canonical = match parameters {
                [der::NULL, 0] => None,
                [] => Some(rsa_spki(key)?),
                _ => return Some(Parsed::rsa_of_odd_parameters(oid, key)),
            };
            Some(Parsed {
                kind: KeyKind::Rsa {
                    bits,
                    exponent,
                    pss_only: false,
                },
                canonical,
                pss: None,
            })
        }
        Kind::RsaPss => {
            let (bits, exponent) = parse_rsa(key)?;
            let pss = PssParameters::parse(parameters);
            if pss.is_none() && !parameters.is_empty() {
                return Some(Parsed::rsa_of_odd_parameters(oid, key));
            }
            let kind = KeyKind::Rsa {
                bits,
                exponent,
                pss_only: true,
            };
            Some(Parsed {
                kind,
                canonical: Some(rsa_spki(key)?),
                pss,
            })
        }
        Kind::Ec if parameters.first() == Some(&der::SEQUENCE) => Some(Parsed::plain(KeyKind::EcExplicit)),
        Kind::Ec => {
            let curve_oid = der::only(parameters, der::OID)?;
            let curve = Curve::from_oid(curve_oid);
            let point = uncompressed(curve_oid, &curve, key)?;
            let canonical = match point {
                Some(point) => Some(ec_spki(curve_oid, &point)?),
                None => None,
            };
            Some(Parsed {
                kind: KeyKind::Ec { curve },
                canonical,
                pss: None,
            })
        }
        Kind::Ed25519 if parameters.is_empty() && key.len() == 32 => Some(Parsed::plain(KeyKind::Ed25519)),
        Kind::Ed448 if parameters.is_empty() && key.len() == 57 => Some(Parsed::plain(KeyKind::Ed448)),
        Kind::Ed25519 | Kind::Ed448 => None,
        Kind::Dsa => Some(Parsed::plain(KeyKind::Dsa)),
    }
}

/// The contents of the algorithm's object identifier, as far as there is one.
fn algorithm_of(spki: &[u8]) -> &[u8] {
    let inner = || Reader::new(Reader::new(spki).expect(der::SEQUENCE)?).expect(der::SEQUENCE);
    inner()
        .and_then(|algorithm| Reader::new(algorithm).expect(der::OID))
        .unwrap_or_default()
}

/// Bits of the modulus, and the exponent, of a PKCS#1 RSAPublicKey.
fn parse_rsa(key: &[u8]) -> Option<(u32, Option<u64>)> {
    let mut parts = Reader::new(der::only(key, der::SEQUENCE)?);
    let modulus = der::unsigned(parts.expect(der::INTEGER)?)?;
    let exponent = parts.expect(der::INTEGER)?;
    der::unsigned(exponent)?;
    parts.end()?;
    let top = modulus.first()?;
    if *top == 0 {
        return None;
    }
    let bits = u32::try_from(modulus.len()).ok()?.checked_mul(8)? - top.leading_zeros();
    Some((bits, der::small(exponent)))
}

/// `Some(None)` where the point is uncompressed as it stands; `None` where it is no point of the curve's size, or is
/// compressed on a curve that no library here has.
fn uncompressed(curve_oid: &[u8], curve: &Curve, point: &[u8]) -> Option<Option<Vec<u8>>> {
    let field = curve.bits().map(|bits| bits.div_ceil(8) as usize);
    let (&form, coordinates) = point.split_first()?;
    match form {
        4 | 6 | 7 => {
            let whole = coordinates.len().is_multiple_of(2) && !coordinates.is_empty();
            if !whole || field.is_some_and(|field| coordinates.len() != 2 * field) {
                return None;
            }
            if form == 4 {
                return Some(None);
            }
            // The hybrid form says the last bit of y twice (X9.62 §4.3.6); only prime fields are told apart so simply.
            field?;
            if coordinates.last()? & 1 != form & 1 {
                return None;
            }
            Some(Some([&[4], coordinates].concat()))
        }
        2 | 3 if field.is_none_or(|field| coordinates.len() == field) => {
            libraries::decompress(&ec_spki(curve_oid, point)?, curve, point).map(Some)
        }
        _ => None,
    }
}

/// The SubjectPublicKeyInfo of an RSAPublicKey.
pub(super) fn rsa_spki(key: &[u8]) -> Option<Vec<u8>> {
    subject_public_key_info(&algorithm_identifier(oid::RSA_ENCRYPTION, Parameters::Null)?, key)
}

/// The SubjectPublicKeyInfo of a point; the curve is named by the contents of its object identifier.
pub(super) fn ec_spki(curve_oid: &[u8], point: &[u8]) -> Option<Vec<u8>> {
    subject_public_key_info(
        &algorithm_identifier(oid::EC_PUBLIC_KEY, Parameters::Oid(curve_oid))?,
        point,
    )
}

#[cfg(test)]
mod tests {
    use openssl::ec::PointConversionForm;
    use openssl::nid::Nid;
    use openssl::pkey::{PKey, Private};

    use super::*;
    use crate::asn1::KeyEncoding;
    use crate::asn1::testing::element;
    use crate::cert::private::PrivateKey;
    use crate::cert::testing::{self, NULL, algorithm};

    fn public_key_of_private(der: &[u8], form: KeyEncoding) -> Option<KeyId> {
        PrivateKey::read(der, form).map(|private| private.id())
    }

    fn bit_string_of(spki: &[u8]) -> Vec<u8> {
        let mut parts = Reader::new(der::only(spki, der::SEQUENCE).unwrap());
        parts.element();
        parts.rest().to_vec()
    }

    fn with_algorithm(spki: &[u8], oid: ObjectIdentifier, parameters: Option<&[u8]>) -> PublicKey {
        PublicKey::from_spki(&element(
            der::SEQUENCE,
            &[&algorithm(oid, parameters), &bit_string_of(spki)],
        ))
    }

    fn rsa_public(modulus: &[u8], exponent: &[u8]) -> PublicKey {
        let numbers = [element(der::INTEGER, &[modulus]), element(der::INTEGER, &[exponent])].concat();
        PublicKey::from_spki(&rsa_spki(&element(der::SEQUENCE, &[&numbers])).unwrap())
    }

    #[test]
    fn the_identity_of_a_key_is_sha256_of_its_usual_spki() {
        let spki = testing::spki(&testing::rsa(2048));
        let key = PublicKey::from_spki(&spki);
        assert_eq!(key.id().0, openssl::sha::sha256(&spki));
        assert_eq!(key.id().to_string(), crate::cert::hex(&openssl::sha::sha256(&spki)));
        assert_eq!(key.spki_der(), spki);
        assert_eq!(
            *key.kind(),
            KeyKind::Rsa {
                bits: 2048,
                exponent: Some(65_537),
                pss_only: false
            }
        );
    }

    #[test]
    fn an_rsa_key_is_the_same_key_whatever_its_algorithm_identifier() {
        let spki = testing::spki(&testing::rsa(1024));
        let id = PublicKey::from_spki(&spki).id();
        assert_eq!(with_algorithm(&spki, oid::RSA_ENCRYPTION, None).id(), id);
        let pss = with_algorithm(&spki, oid::RSASSA_PSS, None);
        assert_eq!(pss.id(), id);
        assert_eq!(pss.algorithm_name(), "RSASSA-PSS");
        assert_eq!(with_algorithm(&spki, oid::RSASSA_PSS, Some(&[0x30, 0])).id(), id);
        assert_eq!(
            with_algorithm(&spki, oid::RSASSA_PSS, Some(&[0x30, 0])).spki_der(),
            spki
        );
    }

    #[test]
    fn a_point_is_the_same_key_in_every_form() {
        for (curve, oid, aws) in [
            (Nid::X9_62_PRIME256V1, oid::SECP256R1, true),
            (Nid::SECP384R1, oid::SECP384R1, true),
            (Nid::SECP521R1, oid::SECP521R1, true),
            (Nid::SECP256K1, oid::SECP256K1, true),
            (Nid::BRAINPOOL_P256R1, oid::BRAINPOOL_P256R1, false),
        ] {
            let key = testing::ec(curve);
            let id = PublicKey::from_spki(&testing::spki(&key)).id();
            let form = |form| PublicKey::from_spki(&testing::spki_in_form(&key, oid, form));
            assert_eq!(form(PointConversionForm::HYBRID).id(), id, "{curve:?} hybrid");
            if aws || cfg!(feature = "openssl") {
                assert_eq!(form(PointConversionForm::COMPRESSED).id(), id, "{curve:?} compressed");
            } else {
                assert!(form(PointConversionForm::COMPRESSED).is_unreadable());
            }
        }
    }

    #[test]
    fn different_keys_have_different_identities() {
        let (one, two) = (testing::ec(Nid::X9_62_PRIME256V1), testing::ec(Nid::X9_62_PRIME256V1));
        let (one, two) = (
            PublicKey::from_spki(&testing::spki(&one)),
            PublicKey::from_spki(&testing::spki(&two)),
        );
        assert_ne!(one, two);
        assert_eq!(one.curve_name(), Some("P-256"));
        assert_eq!(one.bits(), Some(256));
    }

    #[test]
    fn a_key_with_explicit_parameters_is_another_key_and_never_usable() {
        let key = testing::ec(Nid::X9_62_PRIME256V1);
        let explicit = PublicKey::from_spki(&testing::spki_explicit(&key));
        assert_eq!(*explicit.kind(), KeyKind::EcExplicit);
        assert_ne!(explicit.id(), PublicKey::from_spki(&testing::spki(&key)).id());
        assert!(explicit.usable_when_vouched().is_err());
        assert_eq!(explicit.curve_name(), Some("explicit"));
    }

    #[test]
    fn a_key_that_cannot_be_understood_is_other_and_never_usable() {
        let spki = testing::spki(&testing::rsa(1024));
        let ec = testing::spki(&testing::ec(Nid::X9_62_PRIME256V1));
        let mut short_point = ec.clone();
        short_point.truncate(60);
        for bytes in [
            &[][..],
            &[0x30, 0],
            &[0x30, 0x80],
            &spki[..40],
            &short_point,
            &[&spki[..], &[0]].concat(),
            &element(
                der::SEQUENCE,
                &[&algorithm(oid::RSA_ENCRYPTION, Some(&[4, 0])), &bit_string_of(&spki)],
            ),
            &element(
                der::SEQUENCE,
                &[&algorithm(oid::EC_PUBLIC_KEY, Some(NULL)), &bit_string_of(&ec)],
            ),
            &element(
                der::SEQUENCE,
                &[&algorithm(oid::RSA_ENCRYPTION, Some(NULL)), &bit_string_of(&ec)],
            ),
            &element(der::SEQUENCE, &[&algorithm(oid::ED25519, None), &bit_string_of(&ec)]),
            &rsa_spki(&element(der::SEQUENCE, &[&[2, 2, 0, 0x7f], &[2, 1, 3]])).unwrap(),
        ] {
            let key = PublicKey::from_spki(bytes);
            assert!(matches!(key.kind(), KeyKind::Other(_)), "{bytes:02x?}");
            assert!(key.is_unreadable(), "{bytes:02x?}");
            assert!(key.usable_when_vouched().is_err());
        }
        let unknown = with_algorithm(&spki, ObjectIdentifier::new_unwrap("1.2.3"), None);
        assert_eq!(*unknown.kind(), KeyKind::Other("1.2.3".to_owned()));
        assert!(!unknown.is_unreadable());
    }

    #[test]
    fn exponents_out_of_range_are_never_usable() {
        let modulus = [&[0][..], &[0xff; 256]].concat();
        let usable = |exponent: &[u8]| rsa_public(&modulus, exponent).usable_when_vouched().is_ok();
        for bad in [
            &[0][..],
            &[1],
            &[2],
            &[4],
            &[2, 0, 0, 0, 0],
            &[2, 0, 0, 0, 1],
            &[0x7f; 8],
            &[0x7f; 256],
        ] {
            assert!(!usable(bad), "{bad:02x?}");
        }
        for good in [
            &[3][..],
            &[5],
            &[17],
            &[1, 0, 1],
            &[1, 0, 0, 0, 1],
            &[1, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(usable(good), "{good:02x?}");
        }
        assert!(
            rsa_public(&[0x7f; 4096], &[3]).usable_when_vouched().is_err(),
            "32 kbit"
        );
    }

    #[test]
    fn found_keys_count_only_where_no_second_key_fits_a_signature() {
        let found = |key: &PKey<Private>| PublicKey::from_spki(&testing::spki(key)).usable_when_found().is_ok();
        let modulus = |octets: usize| [&[0][..], &vec![0xff; octets]].concat();
        for (octets, exponent, usable) in [
            (256, &[3][..], true),
            (256, &[17], true),
            (256, &[1, 0, 1], true),
            (256, &[5], false),
            (256, &[1, 0, 3], false),
            (255, &[1, 0, 1], false),
        ] {
            assert_eq!(
                rsa_public(&modulus(octets), exponent).usable_when_found().is_ok(),
                usable
            );
        }
        assert!(rsa_public(&[0x7f; 256], &[3]).usable_when_found().is_err(), "2047 bits");
        assert!(found(&testing::ec(Nid::X9_62_PRIME256V1)));
        assert!(found(&testing::ec(Nid::SECP521R1)));
        assert!(found(&PKey::generate_ed25519().unwrap()));
        assert!(!found(&testing::ec(Nid::SECP256K1)));
        assert!(!found(&testing::ec(Nid::BRAINPOOL_P256R1)));
        assert!(!found(&PKey::generate_ed448().unwrap()));
    }

    #[test]
    fn a_private_key_leads_to_its_public_key() {
        let id = |key: &PKey<Private>| PublicKey::from_spki(&testing::spki(key)).id();
        let rsa = testing::rsa(1024);
        let pkcs1 = rsa.rsa().unwrap().private_key_to_der().unwrap();
        assert_eq!(public_key_of_private(&pkcs1, KeyEncoding::Pkcs1), Some(id(&rsa)));
        assert_eq!(
            public_key_of_private(&rsa.private_key_to_pkcs8().unwrap(), KeyEncoding::Pkcs8),
            Some(id(&rsa))
        );
        for curve in [
            Nid::X9_62_PRIME256V1,
            Nid::SECP384R1,
            Nid::SECP521R1,
            Nid::BRAINPOOL_P384R1,
            Nid::SECP256K1,
        ] {
            let key = testing::ec(curve);
            let sec1 = key.ec_key().unwrap().private_key_to_der().unwrap();
            assert_eq!(
                public_key_of_private(&sec1, KeyEncoding::Sec1),
                Some(id(&key)),
                "{curve:?}"
            );
            let pkcs8 = key.private_key_to_pkcs8().unwrap();
            assert_eq!(
                public_key_of_private(&pkcs8, KeyEncoding::Pkcs8),
                Some(id(&key)),
                "{curve:?}"
            );
        }
        for key in [PKey::generate_ed25519().unwrap(), PKey::generate_ed448().unwrap()] {
            let expected = (key.id() == openssl::pkey::Id::ED25519 || cfg!(feature = "openssl")).then(|| id(&key));
            let pkcs8 = key.private_key_to_pkcs8().unwrap();
            assert_eq!(public_key_of_private(&pkcs8, KeyEncoding::Pkcs8), expected);
        }
    }

    #[test]
    fn an_ec_private_key_needs_no_public_part_and_lies_with_none() {
        let (key, other) = (testing::ec(Nid::X9_62_PRIME256V1), testing::ec(Nid::X9_62_PRIME256V1));
        let secret = key.ec_key().unwrap().private_key().to_vec();
        let curve = element(0xa0, &[&element(der::OID, &[oid::SECP256R1.as_bytes()])]);
        let sec1 = |more: &[u8]| {
            element(
                der::SEQUENCE,
                &[&[2, 1, 1], &element(der::OCTET_STRING, &[&secret]), &curve, more],
            )
        };
        let expected = Some(PublicKey::from_spki(&testing::spki(&key)).id());
        assert_eq!(public_key_of_private(&sec1(&[]), KeyEncoding::Sec1), expected);
        let lie = element(0xa1, &[&bit_string_of(&testing::spki(&other))]);
        assert_eq!(public_key_of_private(&sec1(&lie), KeyEncoding::Sec1), expected);
    }

    #[test]
    fn what_is_no_private_key_leads_nowhere() {
        let pkcs8 = testing::rsa(1024).private_key_to_pkcs8().unwrap();
        for form in [KeyEncoding::Pkcs8, KeyEncoding::Pkcs1, KeyEncoding::Sec1] {
            assert_eq!(public_key_of_private(&[], form), None);
            assert_eq!(public_key_of_private(&[0x30, 0], form), None);
            assert_eq!(public_key_of_private(&pkcs8[..100], form), None);
        }
        assert_eq!(public_key_of_private(&pkcs8, KeyEncoding::Sec1), None);
        let zero = element(
            der::SEQUENCE,
            &[
                &[2, 1, 1],
                &element(der::OCTET_STRING, &[&[0; 32]]),
                &element(0xa0, &[&element(der::OID, &[oid::SECP256R1.as_bytes()])]),
            ],
        );
        assert_eq!(public_key_of_private(&zero, KeyEncoding::Sec1), None);
    }
}
