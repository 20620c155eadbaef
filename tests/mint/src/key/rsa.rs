//! RSA keys, worked out from labels or read from the pool, and what they sign.

use num_bigint::BigUint;

use super::{Digest, Pss, arithmetic, bn, stream};
use crate::{container, der};

/// An RSA private key in its numbers, so that exponents which no library would take can be had as well.
pub struct RsaNumbers {
    pub n: BigUint,
    pub e: BigUint,
    pub d: BigUint,
    pub p: BigUint,
    pub q: BigUint,
}

macro_rules! pool {
    ($($id:literal),* $(,)?) => { &[$(($id, include_str!(concat!("../../keys/", $id, ".pem")))),*] };
}

/// TEST KEYS, PUBLISHED WITH THE SOURCE. Kept only because working out an RSA key takes a while;
/// `the_pool_is_what_the_labels_give` checks one against its label, and `cargo run -p mint -- key rsa2048-65537-LABEL`
/// writes another.
static POOL: &[(&str, &str)] = pool![
    "rsa1024-65537-ca",
    "rsa1024-65537-leaf",
    "rsa2048-65537-ca",
    "rsa2048-65537-other-ca",
    "rsa2048-65537-leaf",
    "rsa2048-65537-contoso-issuing-0",
    "rsa2048-65537-contoso-issuing-1",
    "rsa2048-65537-look-alike",
    "rsa2048-65537-fe01",
    "rsa2048-65537-fe02",
    "rsa2048-65537-fe03",
    "rsa2048-65537-pchat01",
    "rsa2048-65537-pchat02",
    "rsa2048-65537-pchat02-new",
    "rsa3072-65537-ca",
    "rsa4096-65537-contoso-root",
];

impl RsaNumbers {
    /// The key of an id, `rsa2048-65537-LABEL`: from the pool, where it is there.
    pub(super) fn of(bits: u32, e: u64, id: &str) -> RsaNumbers {
        let pooled = POOL.iter().find(|(name, _)| *name == id);
        pooled.map_or_else(|| RsaNumbers::made(bits, e, id), |(_, pem)| RsaNumbers::read(pem))
    }

    /// By looking upwards for primes from where the id says.
    pub(super) fn made(bits: u32, e: u64, id: &str) -> RsaNumbers {
        let (e, one) = (BigUint::from(e), BigUint::from(1u8));
        let prime = |which: &str| {
            let half = u64::from(bits / 2);
            let mut p = BigUint::from_bytes_be(&stream(format!("{id}/{which}").as_bytes(), half as usize / 8));
            // Both upper bits, so that the product has all its bits.
            [half - 1, half - 2, 0].into_iter().for_each(|bit| p.set_bit(bit, true));
            loop {
                if e.modinv(&(&p - &one)).is_some() && arithmetic::is_prime(&p) {
                    return p;
                }
                p += 2u8;
            }
        };
        let (p, q) = (prime("p"), prime("q"));
        let phi = (&p - &one) * (&q - &one);
        let d = e.modinv(&phi).expect("prime to both factors");
        RsaNumbers { n: &p * &q, e, d, p, q }
    }

    /// From PKCS#8, as the pool has it.
    fn read(pem: &str) -> RsaNumbers {
        let whole = container::unpem(pem);
        let key = der::read(&whole).0.children()[2].body;
        let numbers = der::read(key).0.children();
        let [n, e, d, p, q] = [1, 2, 3, 4, 5].map(|i| BigUint::from_bytes_be(numbers[i].body));
        RsaNumbers { n, e, d, p, q }
    }

    /// In octets.
    fn len(&self) -> usize {
        self.n.bits().div_ceil(8) as usize
    }

    pub(super) fn sign(&self, digest: Digest, pss: Option<Pss>, message: &[u8]) -> Vec<u8> {
        let encoded = match pss {
            Some(pss) => emsa_pss(pss, message, self.n.bits() as usize),
            None => emsa_pkcs1(digest, message, self.len()),
        };
        self.private_operation(&encoded)
    }

    /// The encoded message to the power of d, by the factors.
    pub fn private_operation(&self, encoded: &[u8]) -> Vec<u8> {
        let message = BigUint::from_bytes_be(encoded);
        assert!(message < self.n, "the message does not fit the modulus");
        let power = |prime: &BigUint| arithmetic::mod_exp(&(&message % prime), &(&self.d % (prime - 1u8)), prime);
        let (mp, mq) = (power(&self.p), power(&self.q));
        let difference = &mp + &self.p - &mq % &self.p;
        let h = difference * self.inverse() % &self.p;
        let out = (mq + h * &self.q).to_bytes_be();
        [&vec![0; self.len() - out.len()][..], &out].concat()
    }

    /// RSAPrivateKey of RFC 8017.
    pub(super) fn pkcs1(&self) -> Vec<u8> {
        let [dp, dq] = [&self.p, &self.q].map(|prime| &self.d % (prime - 1u8));
        let numbers = [&self.n, &self.e, &self.d, &self.p, &self.q, &dp, &dq, &self.inverse()].map(bn);
        der::seq(&[&der::int(0), &numbers.concat()])
    }

    fn inverse(&self) -> BigUint {
        self.q.modinv(&self.p).expect("two primes")
    }
}

/// EMSA-PKCS1-v1_5 of RFC 8017 §9.2, `len` octets.
pub fn emsa_pkcs1(digest: Digest, message: &[u8], len: usize) -> Vec<u8> {
    let info = der::seq(&[&digest.algorithm(), &der::octets(&digest.hash(message))]);
    let padding = len
        .checked_sub(info.len() + 3)
        .filter(|n| *n >= 8)
        .expect("a modulus long enough for the digest");
    [&[0, 1][..], &vec![0xff; padding], &[0], &info].concat()
}

/// EMSA-PSS of RFC 8017 §9.1 for a modulus of `modulus_bits`, its salt worked out from the message.
fn emsa_pss(pss: Pss, message: &[u8], modulus_bits: usize) -> Vec<u8> {
    let (bits, len) = (modulus_bits - 1, (modulus_bits - 1).div_ceil(8));
    let digest = pss.hash.hash(message);
    let salt = stream(&digest, pss.salt);
    let h = pss.hash.hash(&[&[0; 8][..], &digest, &salt].concat());
    let zeros = len
        .checked_sub(h.len() + salt.len() + 2)
        .expect("a modulus long enough for digest and salt");
    let mut db = [&vec![0; zeros][..], &[1], &salt].concat();
    let mask = (0u32..).flat_map(|i| pss.mgf.hash(&[&h[..], &i.to_be_bytes()].concat()));
    db.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    db[0] &= 0xff >> (8 * len - bits);
    let encoded = [&db[..], &h, &[0xbc]].concat();
    [&vec![0; modulus_bits.div_ceil(8) - len][..], &encoded].concat()
}
