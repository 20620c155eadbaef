//! In place of OpenSSL where it is not built in: what aws-lc-rs lacks cannot be told.

use super::aws_lc;
use super::verification::Verification;
use crate::cert::algorithm::SignatureAlgorithm;

#[derive(Default)]
pub struct Key;

impl Key {
    pub fn verify(&self, _: &[u8], _: &SignatureAlgorithm, _: &[u8], _: &[u8]) -> Verification {
        Verification::Unsupported("this build has no library for the signature algorithm with this key")
    }
}

pub fn decompress(_: &[u8]) -> Option<Vec<u8>> {
    None
}

pub fn point_of_private(_: &[u8], _: &[u8]) -> Option<Vec<u8>> {
    None
}

pub fn ed448_of_private(_: &[u8]) -> Option<Vec<u8>> {
    None
}

pub fn rsa_works(pkcs1: &[u8], spki: &[u8], message: &[u8]) -> Option<()> {
    aws_lc::rsa_works(pkcs1, spki, message)
}

pub fn ec_works(_: &[u8], _: &[u8], _: &[u8], _: &[u8]) -> Option<()> {
    None
}

pub fn pkcs8_works(_: &[u8], _: &[u8], _: &[u8]) -> Option<()> {
    None
}
