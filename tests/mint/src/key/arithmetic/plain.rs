//! Numbers without a library of cryptography: RSA, and of the curves P-256 alone. Slow, open to anybody who measures, and
//! for keys that are published with the source.

use num_bigint::BigUint;

use crate::key::Curve;

const WITHOUT: &str = "the minter was built without OpenSSL: build it with --features openssl";

pub fn md5(_: &[u8]) -> Vec<u8> {
    panic!("no MD5: {WITHOUT}")
}

pub fn mod_exp(base: &BigUint, exponent: &BigUint, modulus: &BigUint) -> BigUint {
    base.modpow(exponent, modulus)
}

/// Miller and Rabin, to the first forty odd bases: no number that labels lead to was made to deceive them.
pub fn is_prime(number: &BigUint) -> bool {
    if (3u32..1 << 12)
        .step_by(2)
        .any(|n| (number % n).bits() == 0 && *number != n.into())
    {
        return false;
    }
    let one = BigUint::from(1u8);
    let last = number - &one;
    let twos = last.trailing_zeros().unwrap_or(0);
    let odd = &last >> twos;
    (3u32..).step_by(2).take(40).all(|base| {
        let mut power = BigUint::from(base).modpow(&odd, number);
        power == one
            || (0..twos).any(|_| {
                let found = power == last;
                power = &power * &power % number;
                found
            })
    })
}

pub fn order(curve: &Curve) -> BigUint {
    P256::of(curve).order
}

/// The affine coordinates of a multiple of the curve's generator.
pub fn multiply(curve: &Curve, generator: Option<&[u8]>, factor: &BigUint) -> (BigUint, BigUint) {
    assert!(generator.is_none(), "no other generator: {WITHOUT}");
    let curve = P256::of(curve);
    let generator = curve.generator.clone();
    let mut sum: Option<Point> = None;
    for bit in (0..factor.bits()).rev() {
        sum = sum.map(|point| curve.double(&point));
        if factor.bit(bit) {
            sum = Some(sum.map_or_else(|| generator.clone(), |point| curve.add(&point, &generator)));
        }
    }
    sum.expect("a factor between 1 and the order")
}

type Point = (BigUint, BigUint);

/// NIST P-256 (SEC 2 §2.4.2): y² = x³ - 3x + b.
struct P256 {
    p: BigUint,
    order: BigUint,
    generator: Point,
}

impl P256 {
    fn of(curve: &Curve) -> P256 {
        assert_eq!(curve.name, "P-256", "no curve {}: {WITHOUT}", curve.name);
        let number = |hex: &[u8]| BigUint::parse_bytes(hex, 16).expect("hexadecimal digits");
        P256 {
            p: number(b"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"),
            order: number(b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
            generator: (
                number(b"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
                number(b"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
            ),
        }
    }

    fn double(&self, (x, y): &Point) -> Point {
        // (3x² - 3) / 2y
        let rise = (x * x + &self.p - 1u8) * 3u8;
        self.line(&rise, &(y * 2u8), (x, y), x)
    }

    /// Of two points that are neither the same nor each other's negative, as no sum below the order meets.
    fn add(&self, (x, y): &Point, (other_x, other_y): &Point) -> Point {
        let rise = &self.p + other_y - y;
        let run = &self.p + other_x - x;
        self.line(&rise, &run, (x, y), other_x)
    }

    /// The negative of where the line through a point meets the curve a third time.
    fn line(&self, rise: &BigUint, run: &BigUint, (x, y): (&BigUint, &BigUint), other_x: &BigUint) -> Point {
        let p = &self.p;
        let slope = rise * run.modinv(p).expect("two points of one line") % p;
        let third = (&slope * &slope + p * 2u8 - x - other_x) % p;
        let height = (slope * (x + p - &third) + p - y) % p;
        (third, height)
    }
}
