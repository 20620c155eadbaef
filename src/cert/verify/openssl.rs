//! OpenSSL: the signatures and curves that aws-lc-rs lacks, and private keys tried.

use std::sync::OnceLock;

use ::openssl::bn::{BigNum, BigNumContext, BigNumContextRef};
use ::openssl::ec::{EcGroup, EcKey, EcPoint, PointConversionForm};
use ::openssl::error::ErrorStack;
use ::openssl::hash::MessageDigest;
use ::openssl::nid::Nid;
use ::openssl::pkey::{Id, PKey, Private, Public};
use ::openssl::rsa::{Padding, Rsa};
use ::openssl::sign::{RsaPssSaltlen, Signer, Verifier};

use super::openssl_setup::initialise_openssl;
use super::verification::Verification;
use crate::asn1::{der, oid};
use crate::cert::algorithm::{Digest, NO_LIBRARY, SignatureAlgorithm};

/// OpenSSL's form of one public key, made when first needed; `None` inside is a key that it refuses.
#[derive(Default)]
pub struct Key(OnceLock<Option<PKey<Public>>>);

impl Key {
    /// Whether the key, whose SubjectPublicKeyInfo is `spki`, made the signature of a message.
    pub fn verify(
        &self,
        spki: &[u8],
        algorithm: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Verification {
        match self.0.get_or_init(|| public_key(spki)) {
            Some(key) => verify(key, algorithm, message, signature),
            None => Verification::Unsupported("no library here takes the public key"),
        }
    }
}

fn public_key(spki: &[u8]) -> Option<PKey<Public>> {
    initialise_openssl();
    PKey::public_key_from_der(spki).ok()
}

fn verify(key: &PKey<Public>, scheme: &SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Verification {
    let verifier = match scheme {
        SignatureAlgorithm::RsaPkcs1(digest) | SignatureAlgorithm::Ecdsa(digest) => {
            message_digest(*digest).and_then(|md| Verifier::new(md, key).ok())
        }
        SignatureAlgorithm::RsaPss {
            digest,
            mask,
            salt_length,
        } => pss(key, *digest, *mask, *salt_length),
        SignatureAlgorithm::Ed25519
        | SignatureAlgorithm::Ed448
        | SignatureAlgorithm::MlDsa(_)
        | SignatureAlgorithm::SlhDsa(_) => Verifier::new_without_digest(key).ok(),
        SignatureAlgorithm::Unsupported { .. } => None,
    };
    let Some(mut verifier) = verifier else {
        return Verification::Unsupported(NO_LIBRARY);
    };
    match verifier.verify_oneshot(signature, message) {
        Ok(true) => Verification::Valid,
        // OpenSSL answers some wrong signatures with an error, and a key that it takes is set up by now.
        Ok(false) | Err(_) => Verification::Invalid,
    }
}

fn pss(key: &PKey<Public>, digest: Digest, mask: Digest, salt_length: u32) -> Option<Verifier<'_>> {
    let md = message_digest(digest)?;
    let mut verifier = Verifier::new(md, key).ok()?;
    verifier.set_rsa_padding(Padding::PKCS1_PSS).ok()?;
    verifier
        .set_rsa_pss_saltlen(RsaPssSaltlen::custom(i32::try_from(salt_length).ok()?))
        .ok()?;
    verifier.set_rsa_mgf1_md(message_digest(mask)?).ok()?;
    Some(verifier)
}

fn message_digest(digest: Digest) -> Option<MessageDigest> {
    MessageDigest::from_nid(match digest {
        Digest::Md2 | Digest::Md4 | Digest::Md5 => return None,
        Digest::Sha1 => Nid::SHA1,
        Digest::Sha224 => Nid::SHA224,
        Digest::Sha256 => Nid::SHA256,
        Digest::Sha384 => Nid::SHA384,
        Digest::Sha512 => Nid::SHA512,
        Digest::Sha512_224 => return MessageDigest::from_name("SHA512-224"),
        Digest::Sha512_256 => return MessageDigest::from_name("SHA512-256"),
        Digest::Sha3_224 => Nid::SHA3_224,
        Digest::Sha3_256 => Nid::SHA3_256,
        Digest::Sha3_384 => Nid::SHA3_384,
        Digest::Sha3_512 => Nid::SHA3_512,
        Digest::Ripemd160 => Nid::RIPEMD160,
    })
}

/// The uncompressed form of the compressed point in a SubjectPublicKeyInfo.
pub fn decompress(spki: &[u8]) -> Option<Vec<u8>> {
    let key = public_key(spki)?.ec_key().ok()?;
    bytes(key.group(), key.public_key()).ok()
}

/// The uncompressed public point of an EC secret.
pub fn point_of_private(curve_oid: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    initialise_openssl();
    let curve = ::openssl::asn1::Asn1Object::from_str(&oid::text(curve_oid)).ok()?.nid();
    let group = EcGroup::from_curve_name(curve).ok()?;
    let mut secret = BigNum::from_slice(secret).ok()?;
    secret.set_const_time();
    let mut point = EcPoint::new(&group).ok()?;
    point
        .mul_generator2(&group, &secret, &mut *BigNumContext::new().ok()?)
        .ok()?;
    secret.clear();
    bytes(&group, &point).ok()
}

/// Whether a private key in PKCS#8 makes signatures that verify under a public key.
pub fn pkcs8_works(pkcs8: &[u8], spki: &[u8], message: &[u8]) -> Option<()> {
    initialise_openssl();
    let key = PKey::private_key_from_pkcs8(pkcs8).ok()?;
    let made = Signer::new_without_digest(&key)
        .ok()?
        .sign_oneshot_to_vec(message)
        .ok()?;
    let public = public_key(spki)?;
    let verified = Verifier::new_without_digest(&public)
        .ok()?
        .verify_oneshot(&made, message);
    verified.is_ok_and(|good| good).then_some(())
}

fn sign_and_verify_digest(key: PKey<Private>, public: &PKey<Public>, message: &[u8]) -> Option<()> {
    let digest = MessageDigest::sha256();
    let made = Signer::new(digest, &key).ok()?.sign_oneshot_to_vec(message).ok()?;
    let verified = Verifier::new(digest, public).ok()?.verify_oneshot(&made, message);
    verified.is_ok_and(|good| good).then_some(())
}

/// Whether an RSAPrivateKey works. All its numbers must fit: OpenSSL passes over wrong ones that others use.
pub fn rsa_works(pkcs1: &[u8], spki: &[u8], message: &[u8]) -> Option<()> {
    initialise_openssl();
    let key = Rsa::private_key_from_der(pkcs1).ok()?;
    let (p, q) = (key.p()?, key.q()?);
    let two_primes = |context: &mut BigNumContextRef| -> Result<bool, ErrorStack> {
        let one = BigNum::from_u32(1)?;
        let (mut wiped, mut less) = (Wiped(BigNum::new()?), [Wiped(BigNum::new()?), Wiped(BigNum::new()?)]);
        if p.is_negative() || q.is_negative() || p.num_bits() < 2 || q.num_bits() < 2 {
            return Ok(false);
        }
        wiped.0.checked_mul(p, q, context)?;
        let mut good = &*wiped.0 == key.n();
        let exponents = [key.dmp1(), key.dmq1()];
        for ((prime, less), exponent) in [p, q].into_iter().zip(&mut less).zip(exponents) {
            let Some(exponent) = exponent else { return Ok(false) };
            less.0.checked_sub(prime, &one)?;
            wiped.0.mod_mul(key.d(), key.e(), &less.0, context)?;
            good &= *wiped.0 == *one;
            wiped.0.nnmod(key.d(), &less.0, context)?;
            good &= &*wiped.0 == exponent;
        }
        let Some(coefficient) = key.iqmp().filter(|coefficient| *coefficient < p) else {
            return Ok(false);
        };
        wiped.0.mod_mul(coefficient, q, p, context)?;
        Ok(good && *wiped.0 == *one)
    };
    let consistent = match der::only(pkcs1, der::SEQUENCE)? {
        // Version 0: two primes, and no costly question whether they are: a signature tells.
        [der::INTEGER, 1, 0, ..] => two_primes(&mut *BigNumContext::new().ok()?).unwrap_or(false),
        _ => key.check_key().unwrap_or(false),
    };
    consistent.then_some(())?;
    sign_and_verify_digest(PKey::from_rsa(key).ok()?, &public_key(spki)?, message)
}

/// Whether a secret is that of a point, on a curve that aws-lc-rs lacks.
pub fn ec_works(curve_oid: &[u8], secret: &[u8], point: &[u8], message: &[u8]) -> Option<()> {
    initialise_openssl();
    let curve = ::openssl::asn1::Asn1Object::from_str(&oid::text(curve_oid)).ok()?.nid();
    let group = EcGroup::from_curve_name(curve).ok()?;
    let mut context = BigNumContext::new().ok()?;
    let point = EcPoint::from_bytes(&group, point, &mut context).ok()?;
    let secret = Wiped(BigNum::from_slice(secret).ok()?);
    let key = EcKey::from_private_components(&group, &secret.0, &point).ok()?;
    key.check_key().ok()?;
    let public = PKey::from_ec_key(EcKey::from_public_key(&group, &point).ok()?).ok()?;
    sign_and_verify_digest(PKey::from_ec_key(key).ok()?, &public, message)
}

/// A number that is wiped when it is dropped.
struct Wiped(BigNum);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// The public key of an Ed448 secret.
pub fn ed448_of_private(secret: &[u8]) -> Option<Vec<u8>> {
    initialise_openssl();
    PKey::private_key_from_raw_bytes(secret, Id::ED448)
        .ok()?
        .raw_public_key()
        .ok()
}

fn bytes(group: &::openssl::ec::EcGroupRef, point: &::openssl::ec::EcPointRef) -> Result<Vec<u8>, ErrorStack> {
    point.to_bytes(group, PointConversionForm::UNCOMPRESSED, &mut *BigNumContext::new()?)
}
