//! The extensions of Active Directory Certificate Services.

use std::borrow::Cow;

use crate::asn1::der::{self, Element, Reader};
use crate::asn1::oid;
use crate::cert::extensions::{Known, Template};

use super::Certificate;

impl Certificate {
    /// AD CS CA version: certificate index and key index of the CA (1.3.6.1.4.1.311.21.1; low and high 16 bits).
    pub fn ca_version(&self) -> Option<(u16, u16)> {
        let value = der::only(self.extension(Known::CaVersion).readable()?, der::INTEGER)?;
        let both = u32::try_from(der::small(value)?).ok()?;
        Some((both as u16, (both >> 16) as u16))
    }

    /// AD CS previous CA hash: SHA-1 of the CA certificate before this one (1.3.6.1.4.1.311.21.2).
    pub fn previous_ca_hash(&self) -> Option<&[u8]> {
        der::only(self.extension(Known::PreviousCaHash).readable()?, der::OCTET_STRING)
    }

    /// AD CS certificate template: its name (version 1, 1.3.6.1.4.1.311.20.2), or its object identifier
    /// (version 2 and later, 1.3.6.1.4.1.311.21.7).
    pub fn template(&self) -> Option<Cow<'_, str>> {
        if let Some(parts) = self.template_parts() {
            return Some(oid::text(parts.oid).into());
        }
        let mut reader = Reader::new(self.extension(Known::TemplateName).readable()?);
        let Element { tag, value, .. } = reader.element()?;
        reader.end()?;
        der::text(tag, value)
    }

    /// Major and minor version of an AD CS template of version 2 or later.
    pub fn template_version(&self) -> Option<(u64, Option<u64>)> {
        let parts = self.template_parts()?;
        Some((parts.major?, parts.minor))
    }

    fn template_parts(&self) -> Option<Template<'_>> {
        Template::parse(self.extension(Known::Template).readable()?)
    }
}
