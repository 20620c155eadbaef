//! Numbers and points by OpenSSL.

use std::collections::HashMap;
use std::sync::LazyLock;

use num_bigint::BigUint;
use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{EcGroup, EcPoint};
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;

use crate::key::{CURVES, Curve};

pub fn md5(data: &[u8]) -> Vec<u8> {
    hash(MessageDigest::md5(), data).unwrap().to_vec()
}

pub fn mod_exp(base: &BigUint, exponent: &BigUint, modulus: &BigUint) -> BigUint {
    let mut out = BigNum::new().unwrap();
    out.mod_exp(
        &to(base),
        &to(exponent),
        &to(modulus),
        &mut BigNumContext::new().unwrap(),
    )
    .unwrap();
    from(&out)
}

pub fn is_prime(number: &BigUint) -> bool {
    to(number)
        .is_prime_fasttest(0, &mut BigNumContext::new().unwrap(), true)
        .unwrap()
}

pub fn order(curve: &Curve) -> BigUint {
    KNOWN[curve.name].1.clone()
}

/// The affine coordinates of a multiple of the curve's generator, or of another one.
pub fn multiply(curve: &Curve, generator: Option<&[u8]>, factor: &BigUint) -> (BigUint, BigUint) {
    let (group, mut ctx) = (curve.group(), BigNumContext::new().unwrap());
    let base = match generator {
        Some(bytes) => EcPoint::from_bytes(group, bytes, &mut ctx).unwrap(),
        None => group.generator_opt().unwrap().to_owned(group).unwrap(),
    };
    let mut point = EcPoint::new(group).unwrap();
    point.mul2(group, &base, &to(factor), &mut ctx).unwrap();
    let [mut x, mut y] = [(); 2].map(|()| BigNum::new().unwrap());
    point.affine_coordinates(group, &mut x, &mut y, &mut ctx).unwrap();
    (from(&x), from(&y))
}

/// The groups, each with its order.
static KNOWN: LazyLock<HashMap<&str, (EcGroup, BigUint)>> = LazyLock::new(|| {
    let known = CURVES.iter().map(|curve| {
        let nid = match curve.name {
            "P-192" => Nid::X9_62_PRIME192V1,
            "P-224" => Nid::SECP224R1,
            "P-256" => Nid::X9_62_PRIME256V1,
            "P-384" => Nid::SECP384R1,
            "P-521" => Nid::SECP521R1,
            "secp256k1" => Nid::SECP256K1,
            "brainpoolP256r1" => Nid::BRAINPOOL_P256R1,
            "brainpoolP320r1" => Nid::BRAINPOOL_P320R1,
            "brainpoolP384r1" => Nid::BRAINPOOL_P384R1,
            "brainpoolP512r1" => Nid::BRAINPOOL_P512R1,
            other => panic!("no curve {other}"),
        };
        let (group, mut order) = (EcGroup::from_curve_name(nid).unwrap(), BigNum::new().unwrap());
        group.order(&mut order, &mut BigNumContext::new().unwrap()).unwrap();
        (curve.name, (group, from(&order)))
    });
    known.collect()
});

impl Curve {
    pub fn group(&self) -> &'static EcGroup {
        &KNOWN[self.name].0
    }
}

pub fn to(number: &BigUint) -> BigNum {
    BigNum::from_slice(&number.to_bytes_be()).unwrap()
}

pub fn from(number: &BigNumRef) -> BigUint {
    BigUint::from_bytes_be(&number.to_vec())
}
