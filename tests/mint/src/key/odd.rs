//! What OpenSSL alone has: Edwards curves, DSA, post-quantum keys, curves spelled out; and keys and certificates as it
//! reads them.

use std::sync::Arc;

use num_bigint::BigUint;
use openssl::bn::{BigNum, BigNumContext};
use openssl::dsa::Dsa;
use openssl::md::Md;
use openssl::pkey::{Id, PKey, Private, Public};
use openssl::pkey_ctx::{NonceType, PkeyCtx};
use openssl::sign::Signer;
use openssl::x509::X509;

use super::arithmetic::by_openssl::{from, to};
use super::{Curve, Digest, EC_PUBLIC_KEY, EcNumbers, Key, Material, OddKey, PointForm, below, bn, cached, stream};
use crate::{Cert, der};

/// The domain parameters of all DSA keys: random ones, of which p, q and g are used.
const DSA_PARAMETERS: &str = include_str!("../../keys/dsa2048-parameters.pem");

impl OddKey for PKey<Private> {
    fn pkcs8(&self) -> Vec<u8> {
        self.private_key_to_pkcs8().unwrap()
    }

    fn signature_algorithm(&self, digest: Digest) -> Option<Vec<u8>> {
        let oid = match digest {
            Digest::Sha1 => "1.2.840.10040.4.3",
            Digest::Sha224 => "2.16.840.1.101.3.4.3.1",
            _ => "2.16.840.1.101.3.4.3.2",
        };
        (self.id() == Id::DSA).then(|| der::algorithm(oid, &[]))
    }

    fn sign(&self, digest: Digest, message: &[u8]) -> Vec<u8> {
        if self.id() != Id::DSA {
            let mut signer = Signer::new_without_digest(self).unwrap();
            return signer.sign_oneshot_to_vec(message).unwrap();
        }
        let (digest, md) = match digest {
            Digest::Sha1 => (digest, Md::sha1()),
            Digest::Sha224 => (digest, Md::sha224()),
            _ => (Digest::Sha256, Md::sha256()),
        };
        let mut ctx = PkeyCtx::new(self).unwrap();
        ctx.sign_init().unwrap();
        ctx.set_signature_md(md).unwrap();
        ctx.set_nonce_type(NonceType::DETERMINISTIC_K).unwrap();
        let mut signature = Vec::new();
        ctx.sign_to_vec(&digest.hash(message), &mut signature).unwrap();
        signature
    }
}

impl Key {
    pub fn ed25519(label: &str) -> Key {
        cached(&format!("ed25519-{label}"), |id| {
            Key::from_pkey(PKey::private_key_from_raw_bytes(&stream(id.as_bytes(), 32), Id::ED25519).unwrap())
        })
    }

    pub fn ed448(label: &str) -> Key {
        cached(&format!("ed448-{label}"), |id| {
            Key::from_pkey(PKey::private_key_from_raw_bytes(&stream(id.as_bytes(), 57), Id::ED448).unwrap())
        })
    }

    /// ML-DSA or SLH-DSA, by the name of the parameter set. Another key in every process, whose signatures differ too.
    pub fn post_quantum(set: &str, label: &str) -> Key {
        cached(&format!("{set}-{label}"), |_| Key::from_pkey(generate(set)))
    }

    /// DSA of 2048 bits with a q of 256.
    pub fn dsa(label: &str) -> Key {
        cached(&format!("dsa2048-{label}"), |id| {
            let base = PKey::private_key_from_pem(DSA_PARAMETERS.as_bytes())
                .unwrap()
                .dsa()
                .unwrap();
            let x = to(&below(&from(base.q()), id.as_bytes()));
            let (mut y, mut ctx) = (BigNum::new().unwrap(), BigNumContext::new().unwrap());
            y.mod_exp(base.g(), &x, base.p(), &mut ctx).unwrap();
            let [p, q, g] = [base.p(), base.q(), base.g()].map(|n| n.to_owned().unwrap());
            Key::from_pkey(PKey::from_dsa(Dsa::from_private_components(p, q, g, x, y).unwrap()).unwrap())
        })
    }

    fn from_pkey(pkey: PKey<Private>) -> Key {
        let spki = pkey.public_key_to_der().unwrap();
        Key::new(Material::Odd(Arc::new(pkey)), spki)
    }

    /// EC that counts from another generator (an uncompressed point), with the curve's parameters spelled out.
    pub fn with_generator(curve: &'static Curve, d: BigUint, generator: Vec<u8>) -> Key {
        let parameters = explicit_parameters(curve, &generator);
        let generator = Some(generator);
        Key::from_ec_with_parameters(EcNumbers { curve, d, generator }, &parameters)
    }

    /// EC: honest, but with the curve's parameters spelled out in place of its name.
    pub fn with_explicit_curve(&self) -> Key {
        let ec = self.ec_numbers();
        let generator = EcNumbers {
            curve: ec.curve,
            d: 1u8.into(),
            generator: None,
        };
        let parameters = explicit_parameters(ec.curve, &generator.public_point(PointForm::Uncompressed));
        self.with_spki(&der::seq(&[
            &der::algorithm(EC_PUBLIC_KEY, &parameters),
            &der::bits(&ec.public_point(PointForm::Uncompressed)),
        ]))
    }

    /// The public half as OpenSSL reads it.
    pub fn public(&self) -> PKey<Public> {
        PKey::public_key_from_der(self.spki_der()).unwrap()
    }

    /// The private half as OpenSSL reads it.
    pub fn private(&self) -> PKey<Private> {
        PKey::private_key_from_der(&self.pkcs8_der()).unwrap()
    }
}

impl Cert {
    /// The certificate as OpenSSL reads it.
    pub fn openssl(&self) -> X509 {
        X509::from_der(self.der()).unwrap()
    }

    /// Whether OpenSSL says that this key signed it.
    pub fn verifies_with(&self, key: &Key) -> bool {
        self.openssl().verify(&key.public()).unwrap_or(false)
    }
}

/// ECParameters with everything spelled out (RFC 3279 §2.3.5), for a curve over a prime field.
pub fn explicit_parameters(curve: &Curve, generator: &[u8]) -> Vec<u8> {
    let (group, mut ctx) = (curve.group(), BigNumContext::new().unwrap());
    let [mut p, mut a, mut b, mut order, mut cofactor] = [(); 5].map(|()| BigNum::new().unwrap());
    group.components_gfp(&mut p, &mut a, &mut b, &mut ctx).unwrap();
    group.order(&mut order, &mut ctx).unwrap();
    group.cofactor(&mut cofactor, &mut ctx).unwrap();
    let width = p.num_bytes();
    let [a, b] = [a, b].map(|n| der::octets(&n.to_vec_padded(width).unwrap()));
    der::seq(&[
        &der::int(1),
        &der::seq(&[&der::oid("1.2.840.10045.1.1"), &bn(&from(&p))]),
        &der::seq(&[&a, &b]),
        &der::octets(generator),
        &bn(&from(&order)),
        &bn(&from(&cofactor)),
    ])
}

/// A key of a kind that the crate makes none of, by its name in OpenSSL.
#[allow(unsafe_code, reason = "the crate does not wrap the call")]
fn generate(name: &str) -> PKey<Private> {
    use foreign_types::ForeignType;
    let name = std::ffi::CString::new(name).unwrap();
    // SAFETY: it takes a name that ends in a zero, and gives a key of its own or none.
    unsafe {
        let key = openssl_sys::EVP_PKEY_Q_keygen(std::ptr::null_mut(), std::ptr::null(), name.as_ptr());
        assert!(!key.is_null(), "OpenSSL makes no {name:?}");
        PKey::from_ptr(key)
    }
}
