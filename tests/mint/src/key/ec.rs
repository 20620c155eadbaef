//! Keys on elliptic curves, and ECDSA with them.

use num_bigint::BigUint;

use super::arithmetic;
use super::{below, bn};
use crate::der;

/// An EC private key, the curve's generator put aside where another one stands in its place.
pub struct EcNumbers {
    pub curve: &'static Curve,
    pub d: BigUint,
    /// Another generator G', as an uncompressed point.
    pub generator: Option<Vec<u8>>,
}

/// A curve that OpenSSL knows by name.
pub struct Curve {
    pub name: &'static str,
    pub oid: &'static str,
    /// Of a coordinate, and of the order.
    bits: usize,
}

/// The curves, by the names that people use. Without OpenSSL there is P-256 alone.
pub static CURVES: [Curve; 10] = [
    curve("P-192", "1.2.840.10045.3.1.1", 192),
    curve("P-224", "1.3.132.0.33", 224),
    curve("P-256", "1.2.840.10045.3.1.7", 256),
    curve("P-384", "1.3.132.0.34", 384),
    curve("P-521", "1.3.132.0.35", 521),
    curve("secp256k1", "1.3.132.0.10", 256),
    curve("brainpoolP256r1", "1.3.36.3.3.2.8.1.1.7", 256),
    curve("brainpoolP320r1", "1.3.36.3.3.2.8.1.1.9", 320),
    curve("brainpoolP384r1", "1.3.36.3.3.2.8.1.1.11", 384),
    curve("brainpoolP512r1", "1.3.36.3.3.2.8.1.1.13", 512),
];

const fn curve(name: &'static str, oid: &'static str, bits: usize) -> Curve {
    Curve { name, oid, bits }
}

impl Curve {
    /// By one of the names in [`CURVES`].
    pub fn named(name: &str) -> &'static Curve {
        CURVES
            .iter()
            .find(|curve| curve.name == name)
            .unwrap_or_else(|| panic!("no curve {name}"))
    }

    pub fn order(&self) -> BigUint {
        arithmetic::order(self)
    }

    fn width(&self) -> usize {
        self.bits.div_ceil(8)
    }
}

/// How a point is written (X9.62).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PointForm {
    Uncompressed,
    Compressed,
    Hybrid,
}

impl EcNumbers {
    pub fn public_point(&self, form: PointForm) -> Vec<u8> {
        let (x, y) = arithmetic::multiply(self.curve, self.generator.as_deref(), &self.d);
        let odd = u8::from(y.bit(0));
        let [x, y] = [x, y].map(|n| padded(&n, self.curve.width()));
        match form {
            PointForm::Uncompressed => [&[4][..], &x, &y].concat(),
            PointForm::Compressed => [&[2 | odd][..], &x].concat(),
            PointForm::Hybrid => [&[6 | odd][..], &x, &y].concat(),
        }
    }

    /// ECPrivateKey of RFC 5915.
    pub(super) fn sec1(&self, parameters: Option<&[u8]>) -> Vec<u8> {
        let parameters = parameters.map(|p| der::ctx(0, &[p])).unwrap_or_default();
        let public = der::ctx(1, &[&der::bits(&self.public_point(PointForm::Uncompressed))]);
        der::seq(&[
            &der::int(1),
            &der::octets(&padded(&self.d, self.curve.width())),
            &parameters,
            &public,
        ])
    }

    /// ECDSA of a digest, written out because no library signs with another generator than the curve's, nor with a nonce
    /// that one brings.
    pub(super) fn sign(&self, digest: &[u8]) -> Vec<u8> {
        let order = self.curve.order();
        let k = below(&order, &[&self.d.to_bytes_be(), digest].concat());
        let (x, _) = arithmetic::multiply(self.curve, self.generator.as_deref(), &k);
        let r = x % &order;
        let sum = &r * &self.d + digest_number(digest, &order);
        let s = sum * k.modinv(&order).expect("the order is prime") % &order;
        der::seq(&[&bn(&r), &bn(&s)])
    }
}

/// The leftmost bits of a digest as the number that ECDSA signs.
pub fn digest_number(digest: &[u8], order: &BigUint) -> BigUint {
    let excess = (digest.len() as u64 * 8).saturating_sub(order.bits());
    BigUint::from_bytes_be(digest) >> excess
}

/// Big-endian, with zeros in front.
fn padded(number: &BigUint, width: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [&vec![0; width - bytes.len()][..], &bytes].concat()
}
