//! Keys as structures: SubjectPublicKeyInfo, how a private key is encoded, and PKCS#8, the form that everything reads.

use ::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use ::der::{Decode, Encode, Sequence, Tag};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::der::{self, Reader};
use super::oid::{self, ObjectIdentifier};

/// The parameters of an algorithm.
#[derive(Clone, Copy)]
pub enum Parameters<'a> {
    Absent,
    Null,
    /// An object identifier by its contents, such as that of a curve.
    Oid(&'a [u8]),
}

/// The DER of an AlgorithmIdentifier (RFC 5280 §4.1.1.2).
pub fn algorithm_identifier(algorithm: ObjectIdentifier, parameters: Parameters<'_>) -> Option<Vec<u8>> {
    let parameters = match parameters {
        Parameters::Absent => None,
        Parameters::Null => Some(AnyRef::NULL),
        Parameters::Oid(contents) => Some(AnyRef::new(Tag::ObjectIdentifier, contents).ok()?),
    };
    let identifier = AlgorithmIdentifierRef {
        oid: algorithm,
        parameters,
    };
    identifier.to_der().ok()
}

/// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
#[derive(Sequence)]
struct SubjectPublicKeyInfo<'a> {
    algorithm: AnyRef<'a>,
    key: BitStringRef<'a>,
}

/// The DER of a SubjectPublicKeyInfo around the octets of a key; `algorithm` is the DER of its AlgorithmIdentifier.
pub fn subject_public_key_info(algorithm: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let info = SubjectPublicKeyInfo {
        algorithm: AnyRef::from_der(algorithm).ok()?,
        key: BitStringRef::from_bytes(key).ok()?,
    };
    info.to_der().ok()
}

/// RSAPublicKey (RFC 8017 appendix A.1.1) of two INTEGERs, each as its DER.
pub fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let numbers = [modulus, exponent].concat();
    AnyRef::new(Tag::Sequence, &numbers).ok()?.to_der().ok()
}

/// The octets of the key in the DER of a SubjectPublicKeyInfo.
pub fn public_key_octets(spki: &[u8]) -> Option<&[u8]> {
    let mut parts = Reader::new(der::only(spki, der::SEQUENCE)?);
    parts.expect(der::SEQUENCE)?;
    der::octets(parts.expect(der::BIT_STRING)?)
}

/// How a private key is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyEncoding {
    /// `PrivateKeyInfo` (RFC 5208) or its successor (RFC 5958), any algorithm, not encrypted.
    Pkcs8,
    /// `RSAPrivateKey` (RFC 8017 appendix A.1.2).
    Pkcs1,
    /// `ECPrivateKey` (RFC 5915).
    Sec1,
}

/// `PrivateKeyInfo` (RFC 5208 §5).
#[derive(Sequence)]
struct PrivateKeyInfo<'a> {
    version: u8,
    algorithm: AnyRef<'a>,
    private_key: OctetStringRef<'a>,
}

/// A private key as `PrivateKeyInfo`. `spki` is the public key of its certificate, which says the curve of a bare
/// `ECPrivateKey`; `None` where it is no `SubjectPublicKeyInfo`, or the key is not what `encoding` says.
pub fn to_pkcs8(key: &[u8], encoding: KeyEncoding, spki: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    match encoding {
        KeyEncoding::Pkcs8 => Some(Zeroizing::new(key.to_vec())),
        KeyEncoding::Pkcs1 => {
            let rsa = algorithm_identifier(oid::RSA_ENCRYPTION, Parameters::Null)?;
            private_key_info(&rsa, key)
        }
        KeyEncoding::Sec1 => {
            let mut parts = Reader::new(der::only(spki, der::SEQUENCE)?);
            private_key_info(parts.element()?.raw, &without_curve(key)?)
        }
    }
}

/// `PrivateKeyInfo` with nothing beside the key; `algorithm` is the DER of its AlgorithmIdentifier.
pub fn private_key_info(algorithm: &[u8], key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let info = PrivateKeyInfo {
        version: 0,
        algorithm: AnyRef::from_der(algorithm).ok()?,
        private_key: OctetStringRef::new(key).ok()?,
    };
    Some(Zeroizing::new(info.to_der().ok()?))
}

/// An `ECPrivateKey` (RFC 5915 §3) that leaves its curve to what is around it, as not every reader takes it twice.
fn without_curve(key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const PARAMETERS: u8 = der::constructed(0);
    let mut fields = Reader::new(der::only(key, der::SEQUENCE)?);
    // At most as long as the encoding of the key: growing would leave copies of the secret behind.
    let mut kept = Zeroizing::new(Vec::with_capacity(key.len()));
    while !fields.is_empty() {
        let field = fields.element()?;
        if field.tag != PARAMETERS {
            kept.extend_from_slice(field.raw);
        }
    }
    Some(Zeroizing::new(AnyRef::new(Tag::Sequence, &kept).ok()?.to_der().ok()?))
}
