//! ML-DSA and SLH-DSA.

use crate::asn1::oid::{self, ObjectIdentifier};

/// A parameter set of ML-DSA (FIPS 204).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MlDsa {
    /// ML-DSA-44.
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
}

impl MlDsa {
    /// `ML-DSA-65`.
    pub fn name(self) -> &'static str {
        match self {
            MlDsa::MlDsa44 => "ML-DSA-44",
            MlDsa::MlDsa65 => "ML-DSA-65",
            MlDsa::MlDsa87 => "ML-DSA-87",
        }
    }

    /// Octets of a public key and of a signature (FIPS 204, table 2).
    pub(super) fn lengths(self) -> (usize, usize) {
        match self {
            MlDsa::MlDsa44 => (1312, 2420),
            MlDsa::MlDsa65 => (1952, 3309),
            MlDsa::MlDsa87 => (2592, 4627),
        }
    }

    /// By the object identifier that stands for keys and signatures alike.
    pub(super) fn from_oid(oid: &[u8]) -> Option<MlDsa> {
        const SETS: [(ObjectIdentifier, MlDsa); 3] = [
            (oid::ML_DSA_44, MlDsa::MlDsa44),
            (oid::ML_DSA_65, MlDsa::MlDsa65),
            (oid::ML_DSA_87, MlDsa::MlDsa87),
        ];
        oid::find(&SETS, oid)
    }
}

/// A parameter set of SLH-DSA (FIPS 205), by its place in [`SlhDsa::SETS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlhDsa(pub(super) u8);

impl SlhDsa {
    pub(super) const SETS: [(ObjectIdentifier, &'static str); 12] = [
        (oid::SLH_DSA_SHA2_128S, "SLH-DSA-SHA2-128s"),
        (oid::SLH_DSA_SHA2_128F, "SLH-DSA-SHA2-128f"),
        (oid::SLH_DSA_SHA2_192S, "SLH-DSA-SHA2-192s"),
        (oid::SLH_DSA_SHA2_192F, "SLH-DSA-SHA2-192f"),
        (oid::SLH_DSA_SHA2_256S, "SLH-DSA-SHA2-256s"),
        (oid::SLH_DSA_SHA2_256F, "SLH-DSA-SHA2-256f"),
        (oid::SLH_DSA_SHAKE_128S, "SLH-DSA-SHAKE-128s"),
        (oid::SLH_DSA_SHAKE_128F, "SLH-DSA-SHAKE-128f"),
        (oid::SLH_DSA_SHAKE_192S, "SLH-DSA-SHAKE-192s"),
        (oid::SLH_DSA_SHAKE_192F, "SLH-DSA-SHAKE-192f"),
        (oid::SLH_DSA_SHAKE_256S, "SLH-DSA-SHAKE-256s"),
        (oid::SLH_DSA_SHAKE_256F, "SLH-DSA-SHAKE-256f"),
    ];

    /// `SLH-DSA-SHA2-128s`.
    pub fn name(self) -> &'static str {
        let set = Self::SETS.get(usize::from(self.0));
        set.map_or("", |(_, name)| name)
    }

    /// Octets of a public key and of a signature (FIPS 205, table 2). A private key is twice a public one.
    pub(super) fn lengths(self) -> (usize, usize) {
        match self.0 % 6 {
            0 => (32, 7_856),
            1 => (32, 17_088),
            2 => (48, 16_224),
            3 => (48, 35_664),
            4 => (64, 29_792),
            _ => (64, 49_856),
        }
    }

    /// By the object identifier that stands for keys and signatures alike.
    pub(super) fn from_oid(oid: &[u8]) -> Option<SlhDsa> {
        let set = Self::SETS.iter().position(|(known, _)| known.as_bytes() == oid)?;
        u8::try_from(set).ok().map(SlhDsa)
    }
}
