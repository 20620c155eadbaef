//! Subject alternative names, common names and name constraints.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::asn1::der::{self, Element, Reader};
use crate::asn1::oid;
use crate::cert::constraints::NameConstraints;
use crate::cert::extensions::{DNS_NAME, IP_ADDRESS, Known, ascii, general_name, general_names, ip};
use crate::cert::text::{blanks_shown, printable_octets};

use super::{Certificate, Value};

impl Certificate {
    /// dNSName subject alternative names as written, wildcards included.
    ///
    /// None where the extension cannot be read, here and below: what is damaged covers nothing.
    pub fn dns_names(&self) -> impl Iterator<Item = &str> {
        self.sound_names().filter(|name| name.tag == DNS_NAME).filter_map(ascii)
    }

    /// Whether there is any dNSName, be it one that cannot be read: then the common name must not stand in for it.
    pub fn has_dns_name(&self) -> bool {
        self.alternative_names().any(|name| name.tag == DNS_NAME)
    }

    /// iPAddress subject alternative names of 4 and 16 octets.
    pub fn ip_addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.sound_names()
            .filter(|name| name.tag == IP_ADDRESS)
            .filter_map(|name| ip(name.value))
    }

    /// What stands as dNSName, whatever it is: octets that are no UTF-8 are replaced.
    pub fn host_name_texts(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let named = self.alternative_names().filter(|name| name.tag == DNS_NAME);
        named.map(|name| String::from_utf8_lossy(name.value))
    }

    /// The names and addresses of hosts among the subject alternative names, each so that different ones are different
    /// texts: what does not show is written as `\XX`.
    pub fn host_names(&self) -> Vec<String> {
        let of_hosts = |name: &Element<'_>| name.tag == DNS_NAME || name.tag == IP_ADDRESS;
        let text = |name: Element<'_>| match name.tag {
            DNS_NAME => blanks_shown(&printable_octets(name.value)),
            _ => general_name(name).trim_start_matches("IP:").to_owned(),
        };
        self.alternative_names().filter(of_hosts).map(text).collect()
    }

    /// Subject alternative names that are no host's (URIs, addresses for mail, principal names), each as its DER.
    pub fn other_alternative_names(&self) -> impl Iterator<Item = &[u8]> {
        self.sound_names()
            .filter(|name| name.tag != DNS_NAME && name.tag != IP_ADDRESS)
            .map(|name| name.raw)
    }

    /// Common names of the subject, in the order of the encoding.
    pub fn common_names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.subject.values(oid::COMMON_NAME)
    }

    /// Whether there is a subject alternative name extension that cannot be read, or is there twice: then the common name
    /// must not stand in for it.
    pub fn has_unreadable_names(&self) -> bool {
        match self.extension(Known::SubjectAlternativeName) {
            Value::Absent => false,
            Value::Unreadable => true,
            Value::Present(value) => general_names(value).is_none(),
        }
    }

    /// Name constraints (RFC 5280 §4.2.1.10); `None` where the extension is absent. Ones that cannot be read allow nothing.
    pub fn name_constraints(&self) -> Option<NameConstraints> {
        match self.extension(Known::NameConstraints) {
            Value::Absent => None,
            Value::Unreadable => Some(NameConstraints::unreadable()),
            Value::Present(value) => Some(NameConstraints::parse(value)),
        }
    }

    /// Subject alternative names, as far as they can be read.
    pub(super) fn alternative_names(&self) -> impl Iterator<Item = Element<'_>> {
        let value = self.extension(Known::SubjectAlternativeName).readable();
        let list = value
            .and_then(|value| der::only(value, der::SEQUENCE))
            .unwrap_or_default();
        let mut reader = Reader::new(list);
        std::iter::from_fn(move || reader.element())
    }

    /// Subject alternative names, where the extension can be read as a whole.
    fn sound_names(&self) -> impl Iterator<Item = Element<'_>> {
        let value = self.extension(Known::SubjectAlternativeName).readable();
        let mut reader = Reader::new(value.and_then(general_names).unwrap_or_default());
        std::iter::from_fn(move || reader.element())
    }
}

impl NameConstraints {
    /// Whether every name of `certificate` is allowed: the subject as a directory name, its addresses and, where no
    /// dNSName is there, its common names that look like host names, and every subject alternative name.
    ///
    /// A name of a form that is constrained in a way not understood here is not allowed. Self-issued certificates within
    /// a path are exempt (RFC 5280 §6.1.3): the caller leaves them out.
    pub fn allows(&self, certificate: &Certificate) -> bool {
        !certificate.has_unreadable_names() && self.allow(certificate.subject(), certificate.alternative_names())
    }
}
