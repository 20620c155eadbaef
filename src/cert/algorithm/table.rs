//! The signature algorithms, digests and curves that are known, by object identifier.

use crate::asn1::oid::{self, ObjectIdentifier};
use crate::cert::post_quantum::{MlDsa, SlhDsa};

use super::Digest;

pub(super) const BROKEN: &str = "MD2, MD4 and MD5 are broken";
pub(super) const DSA: &str = "DSA is not supported";
pub(crate) const NO_LIBRARY: &str = "no library here has the signature algorithm";

/// How signatures of an algorithm are made.
#[derive(Clone, Copy)]
pub(super) enum Scheme {
    Rsa(Digest),
    Ecdsa(Digest),
    Pss,
    Ed25519,
    Ed448,
    MlDsa(MlDsa),
    SlhDsa(SlhDsa),
    /// Not verified, and why.
    Never(Option<Digest>, &'static str),
}

/// The signature algorithms, usual ones first: the list is searched for every certificate.
pub(super) const ALGORITHMS: &[(ObjectIdentifier, (&str, Scheme))] = &[
    (
        oid::SHA256_WITH_RSA,
        ("sha256WithRSAEncryption", Scheme::Rsa(Digest::Sha256)),
    ),
    (oid::SHA1_WITH_RSA, ("sha1WithRSAEncryption", Scheme::Rsa(Digest::Sha1))),
    (
        oid::SHA384_WITH_RSA,
        ("sha384WithRSAEncryption", Scheme::Rsa(Digest::Sha384)),
    ),
    (
        oid::SHA512_WITH_RSA,
        ("sha512WithRSAEncryption", Scheme::Rsa(Digest::Sha512)),
    ),
    (
        oid::ECDSA_WITH_SHA256,
        ("ecdsa-with-SHA256", Scheme::Ecdsa(Digest::Sha256)),
    ),
    (
        oid::ECDSA_WITH_SHA384,
        ("ecdsa-with-SHA384", Scheme::Ecdsa(Digest::Sha384)),
    ),
    (
        oid::ECDSA_WITH_SHA512,
        ("ecdsa-with-SHA512", Scheme::Ecdsa(Digest::Sha512)),
    ),
    (oid::RSASSA_PSS, ("rsassaPss", Scheme::Pss)),
    (oid::ED25519, ("Ed25519", Scheme::Ed25519)),
    (oid::ED448, ("Ed448", Scheme::Ed448)),
    (oid::ECDSA_WITH_SHA1, ("ecdsa-with-SHA1", Scheme::Ecdsa(Digest::Sha1))),
    (
        oid::ECDSA_WITH_SHA224,
        ("ecdsa-with-SHA224", Scheme::Ecdsa(Digest::Sha224)),
    ),
    (
        oid::SHA224_WITH_RSA,
        ("sha224WithRSAEncryption", Scheme::Rsa(Digest::Sha224)),
    ),
    (
        oid::SHA512_224_WITH_RSA,
        ("sha512-224WithRSAEncryption", Scheme::Rsa(Digest::Sha512_224)),
    ),
    (
        oid::SHA512_256_WITH_RSA,
        ("sha512-256WithRSAEncryption", Scheme::Rsa(Digest::Sha512_256)),
    ),
    // Which old Microsoft tools write.
    (oid::OIW_SHA1_WITH_RSA, ("sha1WithRSA", Scheme::Rsa(Digest::Sha1))),
    (
        oid::RIPEMD160_WITH_RSA,
        ("ripemd160WithRSA", Scheme::Rsa(Digest::Ripemd160)),
    ),
    (
        oid::ECDSA_WITH_SHA3_224,
        ("ecdsa-with-SHA3-224", Scheme::Ecdsa(Digest::Sha3_224)),
    ),
    (
        oid::ECDSA_WITH_SHA3_256,
        ("ecdsa-with-SHA3-256", Scheme::Ecdsa(Digest::Sha3_256)),
    ),
    (
        oid::ECDSA_WITH_SHA3_384,
        ("ecdsa-with-SHA3-384", Scheme::Ecdsa(Digest::Sha3_384)),
    ),
    (
        oid::ECDSA_WITH_SHA3_512,
        ("ecdsa-with-SHA3-512", Scheme::Ecdsa(Digest::Sha3_512)),
    ),
    (oid::SHA3_224_WITH_RSA, ("RSA-SHA3-224", Scheme::Rsa(Digest::Sha3_224))),
    (oid::SHA3_256_WITH_RSA, ("RSA-SHA3-256", Scheme::Rsa(Digest::Sha3_256))),
    (oid::SHA3_384_WITH_RSA, ("RSA-SHA3-384", Scheme::Rsa(Digest::Sha3_384))),
    (oid::SHA3_512_WITH_RSA, ("RSA-SHA3-512", Scheme::Rsa(Digest::Sha3_512))),
    (oid::MD5_WITH_RSA, ("md5WithRSAEncryption", Scheme::Rsa(Digest::Md5))),
    (oid::MD4_WITH_RSA, ("md4WithRSAEncryption", Scheme::Rsa(Digest::Md4))),
    (oid::MD2_WITH_RSA, ("md2WithRSAEncryption", Scheme::Rsa(Digest::Md2))),
    (oid::OIW_MD5_WITH_RSA, ("md5WithRSA", Scheme::Rsa(Digest::Md5))),
    (
        oid::DSA_WITH_SHA1,
        ("dsa-with-SHA1", Scheme::Never(Some(Digest::Sha1), DSA)),
    ),
    (
        oid::OIW_DSA_WITH_SHA1,
        ("dsaWithSHA1", Scheme::Never(Some(Digest::Sha1), DSA)),
    ),
    (
        oid::DSA_WITH_SHA224,
        ("dsa-with-SHA224", Scheme::Never(Some(Digest::Sha224), DSA)),
    ),
    (
        oid::DSA_WITH_SHA256,
        ("dsa-with-SHA256", Scheme::Never(Some(Digest::Sha256), DSA)),
    ),
    (
        oid::DSA_WITH_SHA384,
        ("dsa-with-SHA384", Scheme::Never(Some(Digest::Sha384), DSA)),
    ),
    (
        oid::DSA_WITH_SHA512,
        ("dsa-with-SHA512", Scheme::Never(Some(Digest::Sha512), DSA)),
    ),
    (oid::ML_DSA_44, ("ML-DSA-44", Scheme::MlDsa(MlDsa::MlDsa44))),
    (oid::ML_DSA_65, ("ML-DSA-65", Scheme::MlDsa(MlDsa::MlDsa65))),
    (oid::ML_DSA_87, ("ML-DSA-87", Scheme::MlDsa(MlDsa::MlDsa87))),
    (oid::SLH_DSA_SHA2_128S, ("SLH-DSA-SHA2-128s", Scheme::SlhDsa(SlhDsa(0)))),
    (oid::SLH_DSA_SHA2_128F, ("SLH-DSA-SHA2-128f", Scheme::SlhDsa(SlhDsa(1)))),
    (oid::SLH_DSA_SHA2_192S, ("SLH-DSA-SHA2-192s", Scheme::SlhDsa(SlhDsa(2)))),
    (oid::SLH_DSA_SHA2_192F, ("SLH-DSA-SHA2-192f", Scheme::SlhDsa(SlhDsa(3)))),
    (oid::SLH_DSA_SHA2_256S, ("SLH-DSA-SHA2-256s", Scheme::SlhDsa(SlhDsa(4)))),
    (oid::SLH_DSA_SHA2_256F, ("SLH-DSA-SHA2-256f", Scheme::SlhDsa(SlhDsa(5)))),
    (
        oid::SLH_DSA_SHAKE_128S,
        ("SLH-DSA-SHAKE-128s", Scheme::SlhDsa(SlhDsa(6))),
    ),
    (
        oid::SLH_DSA_SHAKE_128F,
        ("SLH-DSA-SHAKE-128f", Scheme::SlhDsa(SlhDsa(7))),
    ),
    (
        oid::SLH_DSA_SHAKE_192S,
        ("SLH-DSA-SHAKE-192s", Scheme::SlhDsa(SlhDsa(8))),
    ),
    (
        oid::SLH_DSA_SHAKE_192F,
        ("SLH-DSA-SHAKE-192f", Scheme::SlhDsa(SlhDsa(9))),
    ),
    (
        oid::SLH_DSA_SHAKE_256S,
        ("SLH-DSA-SHAKE-256s", Scheme::SlhDsa(SlhDsa(10))),
    ),
    (
        oid::SLH_DSA_SHAKE_256F,
        ("SLH-DSA-SHAKE-256f", Scheme::SlhDsa(SlhDsa(11))),
    ),
    // Those that sign a digest made beforehand.
    (
        oid::HASH_ML_DSA_44_WITH_SHA512,
        ("HashML-DSA-44-SHA512", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_ML_DSA_65_WITH_SHA512,
        ("HashML-DSA-65-SHA512", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_ML_DSA_87_WITH_SHA512,
        ("HashML-DSA-87-SHA512", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHA2_128S_WITH_SHA256,
        ("HashSLH-DSA-SHA2-128s-SHA256", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHA2_128F_WITH_SHA256,
        ("HashSLH-DSA-SHA2-128f-SHA256", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHA2_192S_WITH_SHA512,
        ("HashSLH-DSA-SHA2-192s-SHA512", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHA2_192F_WITH_SHA512,
        ("HashSLH-DSA-SHA2-192f-SHA512", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHA2_256S_WITH_SHA512,
        ("HashSLH-DSA-SHA2-256s-SHA512", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHA2_256F_WITH_SHA512,
        ("HashSLH-DSA-SHA2-256f-SHA512", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHAKE_128S_WITH_SHAKE128,
        ("HashSLH-DSA-SHAKE-128s-SHAKE128", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHAKE_128F_WITH_SHAKE128,
        ("HashSLH-DSA-SHAKE-128f-SHAKE128", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHAKE_192S_WITH_SHAKE256,
        ("HashSLH-DSA-SHAKE-192s-SHAKE256", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHAKE_192F_WITH_SHAKE256,
        ("HashSLH-DSA-SHAKE-192f-SHAKE256", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHAKE_256S_WITH_SHAKE256,
        ("HashSLH-DSA-SHAKE-256s-SHAKE256", Scheme::Never(None, NO_LIBRARY)),
    ),
    (
        oid::HASH_SLH_DSA_SHAKE_256F_WITH_SHAKE256,
        ("HashSLH-DSA-SHAKE-256f-SHAKE256", Scheme::Never(None, NO_LIBRARY)),
    ),
];

/// Digests, as RSASSA-PSS parameters name them.
pub(super) const DIGESTS: &[(ObjectIdentifier, Digest)] = &[
    (oid::SHA256, Digest::Sha256),
    (oid::SHA384, Digest::Sha384),
    (oid::SHA512, Digest::Sha512),
    (oid::SHA1, Digest::Sha1),
    (oid::SHA224, Digest::Sha224),
    (oid::SHA512_224, Digest::Sha512_224),
    (oid::SHA512_256, Digest::Sha512_256),
    (oid::SHA3_224, Digest::Sha3_224),
    (oid::SHA3_256, Digest::Sha3_256),
    (oid::SHA3_384, Digest::Sha3_384),
    (oid::SHA3_512, Digest::Sha3_512),
];

/// The curves whose names are known, and the bits of their fields.
pub(super) const KNOWN_CURVES: &[(ObjectIdentifier, &str, u32)] = &[
    (oid::SECP256R1, "P-256", 256),
    (oid::SECP384R1, "P-384", 384),
    (oid::SECP521R1, "P-521", 521),
    (oid::SECP192R1, "P-192", 192),
    (oid::SECP224R1, "P-224", 224),
    (oid::SECP256K1, "secp256k1", 256),
    (oid::BRAINPOOL_P160R1, "brainpoolP160r1", 160),
    (oid::BRAINPOOL_P160T1, "brainpoolP160t1", 160),
    (oid::BRAINPOOL_P192R1, "brainpoolP192r1", 192),
    (oid::BRAINPOOL_P192T1, "brainpoolP192t1", 192),
    (oid::BRAINPOOL_P224R1, "brainpoolP224r1", 224),
    (oid::BRAINPOOL_P224T1, "brainpoolP224t1", 224),
    (oid::BRAINPOOL_P256R1, "brainpoolP256r1", 256),
    (oid::BRAINPOOL_P256T1, "brainpoolP256t1", 256),
    (oid::BRAINPOOL_P320R1, "brainpoolP320r1", 320),
    (oid::BRAINPOOL_P320T1, "brainpoolP320t1", 320),
    (oid::BRAINPOOL_P384R1, "brainpoolP384r1", 384),
    (oid::BRAINPOOL_P384T1, "brainpoolP384t1", 384),
    (oid::BRAINPOOL_P512R1, "brainpoolP512r1", 512),
    (oid::BRAINPOOL_P512T1, "brainpoolP512t1", 512),
];
