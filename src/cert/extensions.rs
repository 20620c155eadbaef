//! Extensions: what is read of each, from the DER of its value.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use x509_parser::extensions::{AccessDescription, AuthorityInfoAccess, GeneralName as X509GeneralName};
use x509_parser::prelude::FromDer;

use super::name::Name;
use super::text::{printable, printable_octets};
use crate::asn1::der::{self, Element, Reader};
use crate::asn1::oid::{self, ObjectIdentifier};

/// The extensions that are read; each is kept at its own place in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    BasicConstraints,
    KeyUsage,
    ExtendedKeyUsage,
    SubjectAlternativeName,
    SubjectKeyIdentifier,
    AuthorityKeyIdentifier,
    CrlDistributionPoints,
    NameConstraints,
    AuthorityInfoAccess,
    TemplateName,
    Template,
    CaVersion,
    PreviousCaHash,
}

impl Known {
    /// All of them, in the order of their places.
    pub const ALL: [(ObjectIdentifier, Known); 13] = [
        (oid::BASIC_CONSTRAINTS, Known::BasicConstraints),
        (oid::KEY_USAGE, Known::KeyUsage),
        (oid::EXTENDED_KEY_USAGE, Known::ExtendedKeyUsage),
        (oid::SUBJECT_ALTERNATIVE_NAME, Known::SubjectAlternativeName),
        (oid::SUBJECT_KEY_IDENTIFIER, Known::SubjectKeyIdentifier),
        (oid::AUTHORITY_KEY_IDENTIFIER, Known::AuthorityKeyIdentifier),
        (oid::CRL_DISTRIBUTION_POINTS, Known::CrlDistributionPoints),
        (oid::NAME_CONSTRAINTS, Known::NameConstraints),
        (oid::AUTHORITY_INFO_ACCESS, Known::AuthorityInfoAccess),
        (oid::MICROSOFT_TEMPLATE_NAME, Known::TemplateName),
        (oid::MICROSOFT_TEMPLATE, Known::Template),
        (oid::MICROSOFT_CA_VERSION, Known::CaVersion),
        (oid::MICROSOFT_PREVIOUS_CA_HASH, Known::PreviousCaHash),
    ];

    /// The extension with this object identifier.
    pub fn of(contents: &[u8]) -> Option<Known> {
        oid::find(&Known::ALL, contents)
    }
}

/// Whether an extension changes nothing of what is decided here, critical or not: policies (no policy is asked for),
/// issuer alternative names, Netscape certificate type, and AD CS's application policies.
pub(super) fn is_without_effect(contents: &[u8]) -> bool {
    const WITHOUT_EFFECT: [ObjectIdentifier; 7] = [
        oid::CERTIFICATE_POLICIES,
        oid::POLICY_MAPPINGS,
        oid::POLICY_CONSTRAINTS,
        oid::INHIBIT_ANY_POLICY,
        oid::ISSUER_ALTERNATIVE_NAME,
        oid::NETSCAPE_CERTIFICATE_TYPE,
        oid::MICROSOFT_APPLICATION_POLICIES,
    ];
    WITHOUT_EFFECT.iter().any(|known| known.as_bytes() == contents)
}

/// Extended key usages by name, usual ones first.
const PURPOSES: &[(ObjectIdentifier, &str)] = &[
    (oid::SERVER_AUTH, "serverAuth"),
    (oid::CLIENT_AUTH, "clientAuth"),
    (oid::CODE_SIGNING, "codeSigning"),
    (oid::EMAIL_PROTECTION, "emailProtection"),
    (oid::IPSEC_END_SYSTEM, "ipsecEndSystem"),
    (oid::IPSEC_TUNNEL, "ipsecTunnel"),
    (oid::IPSEC_USER, "ipsecUser"),
    (oid::TIME_STAMPING, "timeStamping"),
    (oid::OCSP_SIGNING, "OCSPSigning"),
    (oid::IPSEC_IKE, "ipsecIKE"),
    (oid::MICROSOFT_SMARTCARD_LOGON, "smartcardLogon"),
    (oid::MICROSOFT_ENCRYPTING_FILE_SYSTEM, "encryptingFileSystem"),
    (oid::ANY_EXTENDED_KEY_USAGE, "anyExtendedKeyUsage"),
];

/// Names of keyUsage bits, from bit 0 (RFC 5280 §4.2.1.3).
pub(super) const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];
/// The bit keyCertSign among those of [`key_usage()`].
pub(super) const KEY_CERT_SIGN: u16 = 1 << 5;

/// An extension that cannot be read, though its absence would permit more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnreadableExtension {
    /// Its usual name: `keyUsage`, `extKeyUsage`, `subjectAltName`, `cRLDistributionPoints`.
    pub name: &'static str,
    /// Whether it is there more than once; else it cannot be understood.
    pub repeated: bool,
}

impl fmt::Display for UnreadableExtension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.repeated {
            "stands twice"
        } else {
            "cannot be read"
        };
        write!(f, "{} {how}", self.name)
    }
}

/// The purposes of an extended key usage extension (RFC 5280 §4.2.1.12).
#[derive(Clone, Copy)]
pub struct ExtendedKeyUsage<'a> {
    /// Contents of the SEQUENCE OF object identifiers.
    oids: &'a [u8],
}

impl<'a> ExtendedKeyUsage<'a> {
    /// Of the value of the extension; no purposes where it cannot be read.
    pub(super) fn of(value: &'a [u8]) -> ExtendedKeyUsage<'a> {
        ExtendedKeyUsage {
            oids: purposes(value).unwrap_or_default(),
        }
    }

    /// Of an extension that is there and cannot be read: it allows nothing.
    pub(super) fn unreadable() -> ExtendedKeyUsage<'a> {
        ExtendedKeyUsage { oids: &[] }
    }

    /// Whether serverAuth itself is named; anyExtendedKeyUsage does not count.
    pub fn has_server_auth(&self) -> bool {
        self.names_oid(oid::SERVER_AUTH)
    }

    /// Whether clientAuth itself is named; anyExtendedKeyUsage does not count.
    pub fn has_client_auth(&self) -> bool {
        self.names_oid(oid::CLIENT_AUTH)
    }

    /// Whether anyExtendedKeyUsage is named.
    pub fn has_any(&self) -> bool {
        self.names_oid(oid::ANY_EXTENDED_KEY_USAGE)
    }

    /// Whether the purpose of this name (`serverAuth`) or dotted object identifier is named.
    pub fn has(&self, name_or_oid: &str) -> bool {
        let known = PURPOSES.iter().find(|(_, name)| *name == name_or_oid);
        match known {
            Some((wanted, _)) => self.names_oid(*wanted),
            None => self.oids().any(|oid| oid::text(oid) == name_or_oid),
        }
    }

    /// Whether no purpose is named, or none can be read.
    pub fn is_empty(&self) -> bool {
        self.oids().next().is_none()
    }

    /// The purposes by name (`serverAuth`), else dotted, in the order of the encoding.
    pub fn names(&self) -> Vec<Cow<'static, str>> {
        let name = |oid: &[u8]| match oid::find(PURPOSES, oid) {
            Some(name) => Cow::Borrowed(name),
            None => oid::text(oid).into(),
        };
        self.oids().map(name).collect()
    }

    fn names_oid(&self, wanted: ObjectIdentifier) -> bool {
        self.oids().any(|oid| oid == wanted.as_bytes())
    }

    fn oids(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut reader = Reader::new(self.oids);
        std::iter::from_fn(move || reader.expect(der::OID))
    }
}

impl fmt::Debug for ExtendedKeyUsage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// basicConstraints (RFC 5280 §4.2.1.9).
#[derive(Clone, Copy)]
pub(super) struct BasicConstraints {
    pub ca: bool,
    pub path_len: Option<u32>,
}

impl BasicConstraints {
    pub fn parse(value: &[u8]) -> Option<BasicConstraints> {
        let mut parts = Reader::new(der::only(value, der::SEQUENCE)?);
        let ca = match parts.optional(der::BOOLEAN)? {
            Some(octet) => der::boolean(octet)?,
            None => false,
        };
        let path_len = match parts.optional(der::INTEGER)? {
            Some(number) => u32::try_from(der::unsigned(number).and(der::small(number)).unwrap_or(u64::MAX)).ok(),
            None => None,
        };
        parts.end()?;
        Some(BasicConstraints { ca, path_len })
    }
}

/// The CRL distribution points (RFC 5280 §4.2.1.13), as far as they are asked about.
pub(super) struct DistributionPoints {
    /// Whether one has a name.
    pub named: bool,
    pub uris: Vec<String>,
}

impl DistributionPoints {
    pub fn parse(value: &[u8]) -> Option<DistributionPoints> {
        let mut points = Reader::new(der::only(value, der::SEQUENCE)?);
        let mut read = DistributionPoints {
            named: false,
            uris: Vec::new(),
        };
        while !points.is_empty() {
            let mut parts = Reader::new(points.expect(der::SEQUENCE)?);
            if let Some(name) = parts.optional(der::constructed(0))? {
                read.name(name)?;
            }
            // Reasons, and the issuer of the list.
            parts.optional(der::primitive(1))?;
            parts.optional(der::constructed(2))?;
            parts.end()?;
        }
        Some(read)
    }

    /// DistributionPointName ::= CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] RDN }.
    fn name(&mut self, choice: &[u8]) -> Option<()> {
        let mut parts = Reader::new(choice);
        if parts.at(der::constructed(1)) {
            parts.element()?;
            self.named = true;
            return parts.end();
        }
        let mut names = Reader::new(parts.expect(der::constructed(0))?);
        parts.end()?;
        while !names.is_empty() {
            let name = names.element()?;
            self.named = true;
            if name.tag == URI_NAME {
                self.uris.push(printable(std::str::from_utf8(name.value).ok()?));
            }
        }
        Some(())
    }
}

/// An AD CS certificate template of version 2 or later.
pub(super) struct Template<'a> {
    /// Contents of its object identifier.
    pub oid: &'a [u8],
    pub major: Option<u64>,
    pub minor: Option<u64>,
}

impl<'a> Template<'a> {
    pub fn parse(value: &'a [u8]) -> Option<Template<'a>> {
        let mut parts = Reader::new(der::only(value, der::SEQUENCE)?);
        let oid = parts.expect(der::OID)?;
        let major = parts.optional(der::INTEGER)?.and_then(der::small);
        let minor = parts.optional(der::INTEGER)?.and_then(der::small);
        Some(Template { oid, major, minor })
    }
}

// Tags of GeneralName (RFC 5280 §4.2.1.6).
pub(super) const OTHER_NAME: u8 = der::constructed(0);
pub(super) const EMAIL_NAME: u8 = der::primitive(1);
pub(super) const DNS_NAME: u8 = der::primitive(2);
pub(super) const X400_ADDRESS: u8 = der::constructed(3);
pub(super) const DIRECTORY_NAME: u8 = der::constructed(4);
pub(super) const EDI_PARTY_NAME: u8 = der::constructed(5);
pub(super) const URI_NAME: u8 = der::primitive(6);
pub(super) const IP_ADDRESS: u8 = der::primitive(7);
pub(super) const REGISTERED_ID: u8 = der::primitive(8);

/// Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }.
pub(super) fn extension<'a>(list: &mut Reader<'a>) -> Option<(&'a [u8], bool, &'a [u8])> {
    let mut parts = Reader::new(list.expect(der::SEQUENCE)?);
    let oid = parts.expect(der::OID)?;
    let critical = match parts.optional(der::BOOLEAN)? {
        Some(octet) => der::boolean(octet)?,
        None => false,
    };
    let value = parts.expect(der::OCTET_STRING)?;
    parts.end()?;
    Some((oid, critical, value))
}

/// keyUsage bits, bit 0 (digitalSignature) lowest. Bits that nothing defines may follow, and trailing zeros, as Windows
/// writes them; the unused bits of the last octet say nothing.
pub(super) fn key_usage(value: &[u8]) -> Option<u16> {
    let (unused, octets) = der::only(value, der::BIT_STRING)?.split_first()?;
    let length = (octets.len() * 8).checked_sub(usize::from(*unused))?;
    if *unused > 7 {
        return None;
    }
    let reversed = octets
        .iter()
        .take(2)
        .rev()
        .fold(0u16, |bits, octet| bits << 8 | u16::from(octet.reverse_bits()));
    let known = 1u32.checked_shl(length.min(16) as u32).map_or(0, |bits| bits - 1);
    Some(reversed & known as u16)
}

/// The contents of ExtKeyUsageSyntax ::= SEQUENCE OF OBJECT IDENTIFIER, nothing but those in it.
pub(super) fn purposes(value: &[u8]) -> Option<&[u8]> {
    let list = der::only(value, der::SEQUENCE)?;
    let mut reader = Reader::new(list);
    while !reader.is_empty() {
        reader.expect(der::OID)?;
    }
    Some(list)
}

/// The contents of GeneralNames, every name in it of a known kind and whole.
pub(super) fn general_names(value: &[u8]) -> Option<&[u8]> {
    let list = der::only(value, der::SEQUENCE)?;
    are_general_names(list).then_some(list)
}

fn are_general_names(list: &[u8]) -> bool {
    let mut reader = Reader::new(list);
    while !reader.is_empty() {
        let Some(Element { tag, value, .. }) = reader.element() else {
            return false;
        };
        let sound = match tag {
            DNS_NAME | EMAIL_NAME | URI_NAME => value.is_ascii(),
            IP_ADDRESS => matches!(value.len(), 4 | 16),
            DIRECTORY_NAME => Name::from_der(value).is_some(),
            OTHER_NAME | X400_ADDRESS | EDI_PARTY_NAME | REGISTERED_ID => true,
            _ => false,
        };
        if !sound {
            return false;
        }
    }
    true
}

pub(super) fn ascii(name: Element<'_>) -> Option<&str> {
    if name.value.is_ascii() {
        std::str::from_utf8(name.value).ok()
    } else {
        None
    }
}

pub(super) fn ip(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(four).into());
    }
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).into())
}

/// A subject alternative name as facts write it: different names are different texts.
pub(super) fn general_name(name: Element<'_>) -> String {
    let text = || printable_octets(name.value);
    match name.tag {
        DNS_NAME => format!("DNS:{}", text()),
        EMAIL_NAME => format!("email:{}", text()),
        URI_NAME => format!("URI:{}", text()),
        IP_ADDRESS => match ip(name.value) {
            Some(address) => format!("IP:{address}"),
            None => format!("IP:#{}", super::hex(name.value)),
        },
        DIRECTORY_NAME => match Name::from_der(name.value) {
            Some(inner) => format!("DirName:{inner}"),
            None => format!("DirName:#{}", super::hex(name.value)),
        },
        REGISTERED_ID => format!("RID:{}", oid::text(name.value)),
        OTHER_NAME => other_name(name.value).unwrap_or_else(|| format!("other:#{}", super::hex(name.value))),
        X400_ADDRESS => format!("other:x400Address=#{}", super::hex(name.value)),
        EDI_PARTY_NAME => format!("other:ediPartyName=#{}", super::hex(name.value)),
        _ => format!("other:#{}", super::hex(name.raw)),
    }
}

/// OtherName ::= SEQUENCE { type-id, value [0] EXPLICIT ANY }: a user principal name by its text, another by its type and
/// the DER of its value.
fn other_name(value: &[u8]) -> Option<String> {
    let mut parts = Reader::new(value);
    let oid = parts.expect(der::OID)?;
    let explicit = parts.expect(der::constructed(0))?;
    parts.end()?;
    if oid == oid::MICROSOFT_USER_PRINCIPAL_NAME.as_bytes()
        && let Some(text) = der::only(explicit, der::UTF8_STRING)
        && std::str::from_utf8(text).is_ok()
    {
        return Some(format!("UPN:{}", printable_octets(text)));
    }
    Some(format!("other:{}=#{}", oid::text(oid), super::hex(explicit)))
}

/// URIs of authority information access, method caIssuers (RFC 5280 §4.2.2.1).
pub(super) fn ca_issuers(value: &[u8]) -> Vec<String> {
    let Ok((_, access)) = AuthorityInfoAccess::from_der(value) else {
        return Vec::new();
    };
    let is_issuer = |one: &&AccessDescription<'_>| one.access_method.as_bytes() == oid::CA_ISSUERS.as_bytes();
    let uri = |one: &AccessDescription<'_>| match &one.access_location {
        X509GeneralName::URI(text) => Some(printable(text)),
        _ => None,
    };
    access.accessdescs.iter().filter(is_issuer).filter_map(uri).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::policy::EXTENDED_KEY_USAGES;

    #[test]
    fn an_extended_key_usage_is_called_in_a_request_as_it_is_in_the_facts() {
        for (name, dotted) in EXTENDED_KEY_USAGES {
            let known = PURPOSES.iter().find(|(_, known)| known == name);
            assert_eq!(
                known.map(|(oid, _)| oid::text(oid.as_bytes())).as_deref(),
                Some(*dotted),
                "{name}"
            );
        }
    }
}
