//! Object identifiers by name. Nothing else in the program writes one as numbers or octets.

use std::fmt::Write;

pub use const_oid::ObjectIdentifier;

/// Names for object identifiers, each with its numbers.
macro_rules! names {
    ($($(#[$meta:meta])* $name:ident = $dotted:literal)+) => {
        $($(#[$meta])* #[doc = concat!("`", $dotted, "`")] pub const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($dotted);)+
    };
}

// Public keys: RFC 3279 §2.3, RFC 4055 §1.2, RFC 8410 §3.
names! {
    RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
    RSASSA_PSS = "1.2.840.113549.1.1.10"
    EC_PUBLIC_KEY = "1.2.840.10045.2.1"
    DSA = "1.2.840.10040.4.1"
    ED25519 = "1.3.101.112"
    ED448 = "1.3.101.113"
}

// Named curves: RFC 5480 §2.1.1.1, SEC 2, RFC 5639 §4.1.
names! {
    SECP192R1 = "1.2.840.10045.3.1.1"
    SECP224R1 = "1.3.132.0.33"
    SECP256R1 = "1.2.840.10045.3.1.7"
    SECP384R1 = "1.3.132.0.34"
    SECP521R1 = "1.3.132.0.35"
    SECP256K1 = "1.3.132.0.10"
    BRAINPOOL_P160R1 = "1.3.36.3.3.2.8.1.1.1"
    BRAINPOOL_P160T1 = "1.3.36.3.3.2.8.1.1.2"
    BRAINPOOL_P192R1 = "1.3.36.3.3.2.8.1.1.3"
    BRAINPOOL_P192T1 = "1.3.36.3.3.2.8.1.1.4"
    BRAINPOOL_P224R1 = "1.3.36.3.3.2.8.1.1.5"
    BRAINPOOL_P224T1 = "1.3.36.3.3.2.8.1.1.6"
    BRAINPOOL_P256R1 = "1.3.36.3.3.2.8.1.1.7"
    BRAINPOOL_P256T1 = "1.3.36.3.3.2.8.1.1.8"
    BRAINPOOL_P320R1 = "1.3.36.3.3.2.8.1.1.9"
    BRAINPOOL_P320T1 = "1.3.36.3.3.2.8.1.1.10"
    BRAINPOOL_P384R1 = "1.3.36.3.3.2.8.1.1.11"
    BRAINPOOL_P384T1 = "1.3.36.3.3.2.8.1.1.12"
    BRAINPOOL_P512R1 = "1.3.36.3.3.2.8.1.1.13"
    BRAINPOOL_P512T1 = "1.3.36.3.3.2.8.1.1.14"
}

// Signatures with RSA: RFC 8017 appendix C, RFC 8692, and what older tools write.
names! {
    MD2_WITH_RSA = "1.2.840.113549.1.1.2"
    MD4_WITH_RSA = "1.2.840.113549.1.1.3"
    MD5_WITH_RSA = "1.2.840.113549.1.1.4"
    SHA1_WITH_RSA = "1.2.840.113549.1.1.5"
    MGF1 = "1.2.840.113549.1.1.8"
    SHA256_WITH_RSA = "1.2.840.113549.1.1.11"
    SHA384_WITH_RSA = "1.2.840.113549.1.1.12"
    SHA512_WITH_RSA = "1.2.840.113549.1.1.13"
    SHA224_WITH_RSA = "1.2.840.113549.1.1.14"
    SHA512_224_WITH_RSA = "1.2.840.113549.1.1.15"
    SHA512_256_WITH_RSA = "1.2.840.113549.1.1.16"
    SHA3_224_WITH_RSA = "2.16.840.1.101.3.4.3.13"
    SHA3_256_WITH_RSA = "2.16.840.1.101.3.4.3.14"
    SHA3_384_WITH_RSA = "2.16.840.1.101.3.4.3.15"
    SHA3_512_WITH_RSA = "2.16.840.1.101.3.4.3.16"
    RIPEMD160_WITH_RSA = "1.3.36.3.3.1.2"
    /// The number of the Open Systems Environment Implementors' Workshop for [`MD5_WITH_RSA`].
    OIW_MD5_WITH_RSA = "1.3.14.3.2.3"
    /// The number of the Open Systems Environment Implementors' Workshop for [`SHA1_WITH_RSA`].
    OIW_SHA1_WITH_RSA = "1.3.14.3.2.29"
}

// Signatures with ECDSA and DSA: RFC 5758 §3, RFC 3279 §2.2, FIPS 202's by NIST.
names! {
    ECDSA_WITH_SHA1 = "1.2.840.10045.4.1"
    ECDSA_WITH_SHA224 = "1.2.840.10045.4.3.1"
    ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"
    ECDSA_WITH_SHA384 = "1.2.840.10045.4.3.3"
    ECDSA_WITH_SHA512 = "1.2.840.10045.4.3.4"
    ECDSA_WITH_SHA3_224 = "2.16.840.1.101.3.4.3.9"
    ECDSA_WITH_SHA3_256 = "2.16.840.1.101.3.4.3.10"
    ECDSA_WITH_SHA3_384 = "2.16.840.1.101.3.4.3.11"
    ECDSA_WITH_SHA3_512 = "2.16.840.1.101.3.4.3.12"
    DSA_WITH_SHA1 = "1.2.840.10040.4.3"
    DSA_WITH_SHA224 = "2.16.840.1.101.3.4.3.1"
    DSA_WITH_SHA256 = "2.16.840.1.101.3.4.3.2"
    DSA_WITH_SHA384 = "2.16.840.1.101.3.4.3.3"
    DSA_WITH_SHA512 = "2.16.840.1.101.3.4.3.4"
    /// The number of the Open Systems Environment Implementors' Workshop for [`DSA_WITH_SHA1`].
    OIW_DSA_WITH_SHA1 = "1.3.14.3.2.27"
}

// ML-DSA (RFC 9881) and SLH-DSA (RFC 9909), keys and signatures alike; then those that sign a digest made beforehand.
names! {
    ML_DSA_44 = "2.16.840.1.101.3.4.3.17"
    ML_DSA_65 = "2.16.840.1.101.3.4.3.18"
    ML_DSA_87 = "2.16.840.1.101.3.4.3.19"
    SLH_DSA_SHA2_128S = "2.16.840.1.101.3.4.3.20"
    SLH_DSA_SHA2_128F = "2.16.840.1.101.3.4.3.21"
    SLH_DSA_SHA2_192S = "2.16.840.1.101.3.4.3.22"
    SLH_DSA_SHA2_192F = "2.16.840.1.101.3.4.3.23"
    SLH_DSA_SHA2_256S = "2.16.840.1.101.3.4.3.24"
    SLH_DSA_SHA2_256F = "2.16.840.1.101.3.4.3.25"
    SLH_DSA_SHAKE_128S = "2.16.840.1.101.3.4.3.26"
    SLH_DSA_SHAKE_128F = "2.16.840.1.101.3.4.3.27"
    SLH_DSA_SHAKE_192S = "2.16.840.1.101.3.4.3.28"
    SLH_DSA_SHAKE_192F = "2.16.840.1.101.3.4.3.29"
    SLH_DSA_SHAKE_256S = "2.16.840.1.101.3.4.3.30"
    SLH_DSA_SHAKE_256F = "2.16.840.1.101.3.4.3.31"
    HASH_ML_DSA_44_WITH_SHA512 = "2.16.840.1.101.3.4.3.32"
    HASH_ML_DSA_65_WITH_SHA512 = "2.16.840.1.101.3.4.3.33"
    HASH_ML_DSA_87_WITH_SHA512 = "2.16.840.1.101.3.4.3.34"
    HASH_SLH_DSA_SHA2_128S_WITH_SHA256 = "2.16.840.1.101.3.4.3.35"
    HASH_SLH_DSA_SHA2_128F_WITH_SHA256 = "2.16.840.1.101.3.4.3.36"
    HASH_SLH_DSA_SHA2_192S_WITH_SHA512 = "2.16.840.1.101.3.4.3.37"
    HASH_SLH_DSA_SHA2_192F_WITH_SHA512 = "2.16.840.1.101.3.4.3.38"
    HASH_SLH_DSA_SHA2_256S_WITH_SHA512 = "2.16.840.1.101.3.4.3.39"
    HASH_SLH_DSA_SHA2_256F_WITH_SHA512 = "2.16.840.1.101.3.4.3.40"
    HASH_SLH_DSA_SHAKE_128S_WITH_SHAKE128 = "2.16.840.1.101.3.4.3.41"
    HASH_SLH_DSA_SHAKE_128F_WITH_SHAKE128 = "2.16.840.1.101.3.4.3.42"
    HASH_SLH_DSA_SHAKE_192S_WITH_SHAKE256 = "2.16.840.1.101.3.4.3.43"
    HASH_SLH_DSA_SHAKE_192F_WITH_SHAKE256 = "2.16.840.1.101.3.4.3.44"
    HASH_SLH_DSA_SHAKE_256S_WITH_SHAKE256 = "2.16.840.1.101.3.4.3.45"
    HASH_SLH_DSA_SHAKE_256F_WITH_SHAKE256 = "2.16.840.1.101.3.4.3.46"
}

// Digests: RFC 8017 appendix B.1, FIPS 202's by NIST.
names! {
    SHA1 = "1.3.14.3.2.26"
    SHA256 = "2.16.840.1.101.3.4.2.1"
    SHA384 = "2.16.840.1.101.3.4.2.2"
    SHA512 = "2.16.840.1.101.3.4.2.3"
    SHA224 = "2.16.840.1.101.3.4.2.4"
    SHA512_224 = "2.16.840.1.101.3.4.2.5"
    SHA512_256 = "2.16.840.1.101.3.4.2.6"
    SHA3_224 = "2.16.840.1.101.3.4.2.7"
    SHA3_256 = "2.16.840.1.101.3.4.2.8"
    SHA3_384 = "2.16.840.1.101.3.4.2.9"
    SHA3_512 = "2.16.840.1.101.3.4.2.10"
}

// Encryption by password: RFC 8018 appendices A to C, RFC 9579, RFC 7292 appendix C.
names! {
    PBKDF2 = "1.2.840.113549.1.5.12"
    PBES2 = "1.2.840.113549.1.5.13"
    PBMAC1 = "1.2.840.113549.1.5.14"
    HMAC_WITH_SHA1 = "1.2.840.113549.2.7"
    HMAC_WITH_SHA224 = "1.2.840.113549.2.8"
    HMAC_WITH_SHA256 = "1.2.840.113549.2.9"
    HMAC_WITH_SHA384 = "1.2.840.113549.2.10"
    HMAC_WITH_SHA512 = "1.2.840.113549.2.11"
    HMAC_WITH_SHA512_224 = "1.2.840.113549.2.12"
    HMAC_WITH_SHA512_256 = "1.2.840.113549.2.13"
    DES_EDE3_CBC = "1.2.840.113549.3.7"
    AES_128_CBC = "2.16.840.1.101.3.4.1.2"
    AES_192_CBC = "2.16.840.1.101.3.4.1.22"
    AES_256_CBC = "2.16.840.1.101.3.4.1.42"
    PBE_SHA1_RC4_128 = "1.2.840.113549.1.12.1.1"
    PBE_SHA1_RC4_40 = "1.2.840.113549.1.12.1.2"
    PBE_SHA1_3DES = "1.2.840.113549.1.12.1.3"
    PBE_SHA1_2DES = "1.2.840.113549.1.12.1.4"
    PBE_SHA1_RC2_128 = "1.2.840.113549.1.12.1.5"
    PBE_SHA1_RC2_40 = "1.2.840.113549.1.12.1.6"
}

// PKCS#7 and CMS (RFC 5652), PKCS#12 (RFC 7292 §4.2, appendix D), PKCS#9 (RFC 2985).
names! {
    DATA = "1.2.840.113549.1.7.1"
    SIGNED_DATA = "1.2.840.113549.1.7.2"
    ENVELOPED_DATA = "1.2.840.113549.1.7.3"
    ENCRYPTED_DATA = "1.2.840.113549.1.7.6"
    KEY_BAG = "1.2.840.113549.1.12.10.1.1"
    SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2"
    CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3"
    SAFE_CONTENTS_BAG = "1.2.840.113549.1.12.10.1.6"
    LOCAL_KEY_ID = "1.2.840.113549.1.9.21"
    X509_CERTIFICATE = "1.2.840.113549.1.9.22.1"
}

// Extensions: RFC 5280 §4.2, those of AD CS, and the one of Netscape that old CAs write.
names! {
    SUBJECT_KEY_IDENTIFIER = "2.5.29.14"
    KEY_USAGE = "2.5.29.15"
    SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
    ISSUER_ALTERNATIVE_NAME = "2.5.29.18"
    BASIC_CONSTRAINTS = "2.5.29.19"
    NAME_CONSTRAINTS = "2.5.29.30"
    CRL_DISTRIBUTION_POINTS = "2.5.29.31"
    CERTIFICATE_POLICIES = "2.5.29.32"
    POLICY_MAPPINGS = "2.5.29.33"
    AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
    POLICY_CONSTRAINTS = "2.5.29.36"
    EXTENDED_KEY_USAGE = "2.5.29.37"
    INHIBIT_ANY_POLICY = "2.5.29.54"
    AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1"
    /// A method of [`AUTHORITY_INFO_ACCESS`] that nothing follows.
    #[cfg(test)]
    OCSP = "1.3.6.1.5.5.7.48.1"
    CA_ISSUERS = "1.3.6.1.5.5.7.48.2"
    NETSCAPE_CERTIFICATE_TYPE = "2.16.840.1.113730.1.1"
    MICROSOFT_TEMPLATE_NAME = "1.3.6.1.4.1.311.20.2"
    MICROSOFT_CA_VERSION = "1.3.6.1.4.1.311.21.1"
    MICROSOFT_PREVIOUS_CA_HASH = "1.3.6.1.4.1.311.21.2"
    MICROSOFT_TEMPLATE = "1.3.6.1.4.1.311.21.7"
    MICROSOFT_APPLICATION_POLICIES = "1.3.6.1.4.1.311.21.10"
    MICROSOFT_USER_PRINCIPAL_NAME = "1.3.6.1.4.1.311.20.2.3"
}

// Extended key usages: RFC 5280 §4.2.1.12, RFC 4945 §5.1.3.12, Microsoft's.
names! {
    ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0"
    SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
    CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
    EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
    IPSEC_END_SYSTEM = "1.3.6.1.5.5.7.3.5"
    IPSEC_TUNNEL = "1.3.6.1.5.5.7.3.6"
    IPSEC_USER = "1.3.6.1.5.5.7.3.7"
    TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
    OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
    IPSEC_IKE = "1.3.6.1.5.5.7.3.17"
    MICROSOFT_ENCRYPTING_FILE_SYSTEM = "1.3.6.1.4.1.311.10.3.4"
    MICROSOFT_SMARTCARD_LOGON = "1.3.6.1.4.1.311.20.2.2"
}

// Attribute types of names: X.520, RFC 4519, PKCS#9 (RFC 2985), the CA/Browser Forum's jurisdiction of incorporation.
names! {
    COMMON_NAME = "2.5.4.3"
    SURNAME = "2.5.4.4"
    SERIAL_NUMBER = "2.5.4.5"
    COUNTRY = "2.5.4.6"
    LOCALITY = "2.5.4.7"
    STATE_OR_PROVINCE = "2.5.4.8"
    STREET_ADDRESS = "2.5.4.9"
    ORGANIZATION = "2.5.4.10"
    ORGANIZATIONAL_UNIT = "2.5.4.11"
    TITLE = "2.5.4.12"
    DESCRIPTION = "2.5.4.13"
    BUSINESS_CATEGORY = "2.5.4.15"
    POSTAL_CODE = "2.5.4.17"
    GIVEN_NAME = "2.5.4.42"
    INITIALS = "2.5.4.43"
    GENERATION_QUALIFIER = "2.5.4.44"
    DN_QUALIFIER = "2.5.4.46"
    PSEUDONYM = "2.5.4.65"
    ORGANIZATION_IDENTIFIER = "2.5.4.97"
    DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25"
    USER_ID = "0.9.2342.19200300.100.1.1"
    EMAIL_ADDRESS = "1.2.840.113549.1.9.1"
    UNSTRUCTURED_NAME = "1.2.840.113549.1.9.2"
    UNSTRUCTURED_ADDRESS = "1.2.840.113549.1.9.8"
    JURISDICTION_LOCALITY = "1.3.6.1.4.1.311.60.2.1.1"
    JURISDICTION_STATE_OR_PROVINCE = "1.3.6.1.4.1.311.60.2.1.2"
    JURISDICTION_COUNTRY = "1.3.6.1.4.1.311.60.2.1.3"
}

/// What a table says of the object identifier with these contents octets.
pub fn find<T: Copy>(table: &[(ObjectIdentifier, T)], contents: &[u8]) -> Option<T> {
    let mut entries = table.iter();
    let entry = entries.find(|(known, _)| known.as_bytes() == contents)?;
    Some(entry.1)
}

/// Contents octets as dotted numbers (X.690 §8.19); `None` where they are no object identifier, or an arc is over 128 bits.
pub fn dotted(contents: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(contents.len() * 3);
    let mut arc = 0u128;
    let mut inside = false;
    for &octet in contents {
        // A leading 0x80 pads; seven more bits must fit.
        if (!inside && octet == 0x80) || arc >> 121 != 0 {
            return None;
        }
        arc = arc << 7 | u128::from(octet & 0x7f);
        inside = octet & 0x80 != 0;
        if inside {
            continue;
        }
        if text.is_empty() {
            let first = (arc / 40).min(2);
            let _ = write!(text, "{first}.{}", arc - first * 40);
        } else {
            let _ = write!(text, ".{arc}");
        }
        arc = 0;
    }
    (!inside && !text.is_empty()).then_some(text)
}

/// [`dotted()`], or `#` and the contents in hex where they are no object identifier.
pub fn text(contents: &[u8]) -> String {
    let hex = || contents.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    dotted(contents).unwrap_or_else(|| format!("#{}", hex()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_are_written_dotted() {
        assert_eq!(
            dotted(SHA256_WITH_RSA.as_bytes()).as_deref(),
            Some("1.2.840.113549.1.1.11")
        );
        assert_eq!(dotted(PBES2.as_bytes()).as_deref(), Some("1.2.840.113549.1.5.13"));
        assert_eq!(dotted(&[0x88, 0x37, 0x03]).as_deref(), Some("2.999.3"));
        assert_eq!(dotted(&[0x88, 0x37]).as_deref(), Some("2.999"));
        for broken in [&[0x2a, 0x80, 0x01][..], &[0x2a, 0x86], &[0xff; 64], &[]] {
            assert_eq!(dotted(broken), None, "{broken:02x?}");
        }
    }

    #[test]
    fn a_table_is_asked_by_contents() {
        const TABLE: &[(ObjectIdentifier, u8)] = &[(SHA1, 1), (SHA256, 2)];
        assert_eq!(find(TABLE, SHA256.as_bytes()), Some(2));
        assert_eq!(find(TABLE, SHA512.as_bytes()), None);
        assert_eq!(find(TABLE, &[]), None);
    }
}
