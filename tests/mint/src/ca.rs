//! Certification authorities that issue, renew and re-key as AD CS does.

use super::cert::{Cert, CertBuilder};
use super::key::{Digest, Key};
use super::name::Name;

/// A CA: its certificate with the key to it.
#[derive(Clone)]
pub struct Ca {
    pub cert: Cert,
    pub key: Key,
    pub(super) builder: CertBuilder,
}

impl Ca {
    /// A self-signed CA with a P-256 key of its name's own: roots of one name are one CA. See [`Ca::root_with`] for a
    /// look-alike.
    pub fn root(subject: &str) -> Ca {
        Ca::root_with(subject, &Key::ec("P-256", subject))
    }

    pub fn root_with(subject: impl Into<Name>, key: &Key) -> Ca {
        CertBuilder::authority(subject, key).build_ca()
    }

    /// A CA under this one, with a P-256 key of its name's own.
    pub fn issue_ca(&self, subject: &str) -> Ca {
        self.issue_ca_with(subject, &Key::ec("P-256", subject))
    }

    pub fn issue_ca_with(&self, subject: impl Into<Name>, key: &Key) -> Ca {
        CertBuilder::authority(subject, key).issuer(self).build_ca()
    }

    /// A server's certificate under this CA, still to be built, for a P-256 key of the host's own.
    pub fn server(&self, host: &str) -> CertBuilder {
        CertBuilder::server(host, &Key::ec("P-256", host))
            .issuer(self)
            .cdp(&["http://pki.contoso.com/CertEnroll/ca.crl"])
    }

    /// A certificate by this CA for another's name and key.
    pub fn cross_certify(&self, other: &Ca) -> Cert {
        CertBuilder::authority(other.cert.subject(), &other.key)
            .no_ca_version()
            .template_v1("CrossCA")
            .issuer(self)
            .build()
    }

    /// AD CS, a renewal with the same key: the next certificate, the key index kept (V1.0).
    pub fn renew(&self) -> Ca {
        self.renewal().build_ca()
    }

    /// AD CS, a renewal with a new key: certificate and key index are the next certificate's (V1.1). The same issuer
    /// signs: for a root, the new key itself (the cross-certificates that AD CS makes beside it are
    /// [`Ca::cross_certify`], both ways).
    pub fn rekey(&self, key: &Key) -> Ca {
        self.rekeying(key).build_ca()
    }

    /// [`Ca::renew`], still to be built.
    pub fn renewal(&self) -> CertBuilder {
        let (certificate, key) = self.builder.ca_version_numbers();
        self.builder
            .clone()
            .ca_version(certificate + 1, key)
            .previous_ca_hash(&Digest::Sha1.hash(self.cert.der()))
    }

    /// [`Ca::rekey`], still to be built.
    pub fn rekeying(&self, key: &Key) -> CertBuilder {
        let (certificate, _) = self.builder.ca_version_numbers();
        self.renewal().key(key).ca_version(certificate + 1, certificate + 1)
    }
}
