//! Digests, and how RSASSA-PSS uses them.

use sha2::Digest as _;

use super::{MGF1, arithmetic};
use crate::der;

/// The digests that certificates are signed over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Digest {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub fn hash(self, data: &[u8]) -> Vec<u8> {
        match self {
            Digest::Md5 => arithmetic::md5(data),
            Digest::Sha1 => sha1::Sha1::digest(data).to_vec(),
            Digest::Sha224 => sha2::Sha224::digest(data).to_vec(),
            Digest::Sha256 => sha2::Sha256::digest(data).to_vec(),
            Digest::Sha384 => sha2::Sha384::digest(data).to_vec(),
            Digest::Sha512 => sha2::Sha512::digest(data).to_vec(),
        }
    }

    /// AlgorithmIdentifier of the digest alone, with NULL.
    pub fn algorithm(self) -> Vec<u8> {
        let oid = match self {
            Digest::Md5 => "1.2.840.113549.2.5",
            Digest::Sha1 => "1.3.14.3.2.26",
            Digest::Sha224 => "2.16.840.1.101.3.4.2.4",
            Digest::Sha256 => "2.16.840.1.101.3.4.2.1",
            Digest::Sha384 => "2.16.840.1.101.3.4.2.2",
            Digest::Sha512 => "2.16.840.1.101.3.4.2.3",
        };
        der::algorithm(oid, &der::null())
    }

    pub fn rsa_oid(self) -> &'static str {
        match self {
            Digest::Md5 => "1.2.840.113549.1.1.4",
            Digest::Sha1 => "1.2.840.113549.1.1.5",
            Digest::Sha224 => "1.2.840.113549.1.1.14",
            Digest::Sha256 => "1.2.840.113549.1.1.11",
            Digest::Sha384 => "1.2.840.113549.1.1.12",
            Digest::Sha512 => "1.2.840.113549.1.1.13",
        }
    }

    pub fn ecdsa_oid(self) -> &'static str {
        match self {
            Digest::Md5 => panic!("ECDSA has no algorithm with MD5"),
            Digest::Sha1 => "1.2.840.10045.4.1",
            Digest::Sha224 => "1.2.840.10045.4.3.1",
            Digest::Sha256 => "1.2.840.10045.4.3.2",
            Digest::Sha384 => "1.2.840.10045.4.3.3",
            Digest::Sha512 => "1.2.840.10045.4.3.4",
        }
    }
}

/// How RSASSA-PSS is done (RFC 4055 §3.1).
#[derive(Clone, Copy, Debug)]
pub struct Pss {
    pub hash: Digest,
    pub mgf: Digest,
    /// In octets.
    pub salt: usize,
}

impl Pss {
    /// One digest throughout, and a salt of its length.
    pub fn new(hash: Digest) -> Pss {
        Pss {
            hash,
            mgf: hash,
            salt: hash.hash(&[]).len(),
        }
    }

    /// RSASSA-PSS-params, defaults left out as DER asks.
    pub fn parameters(&self) -> Vec<u8> {
        let hash = if self.hash == Digest::Sha1 {
            vec![]
        } else {
            der::ctx(0, &[&self.hash.algorithm()])
        };
        let mgf = if self.mgf == Digest::Sha1 {
            vec![]
        } else {
            der::ctx(1, &[&der::algorithm(MGF1, &self.mgf.algorithm())])
        };
        let salt = if self.salt == 20 {
            vec![]
        } else {
            der::ctx(2, &[&der::int(self.salt as u64)])
        };
        der::seq(&[&hash, &mgf, &salt])
    }
}
