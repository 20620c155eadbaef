//! What a TLS server presents.

use std::time::Duration;

use crate::cert::Certificate;
use crate::protocol::{Code, Finding, TlsSource};

use super::holding::{Form, Format, HeldCertificate, Holding};
use super::reader::SourceReader;
use super::{reason, tls};

impl SourceReader<'_> {
    /// Reads many TLS servers at once, so that later reads of them are answered from here.
    pub fn prefetch<'s>(
        &self,
        sources: impl IntoIterator<Item = &'s TlsSource>,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) {
        let endpoints: Vec<tls::Endpoint> = sources.into_iter().map(endpoint).collect();
        if endpoints.is_empty() {
            return;
        }
        let answers = tls::read_all(&endpoints, progress);
        if let Ok(mut presented) = self.presented.write() {
            presented.extend(endpoints.into_iter().zip(answers));
        }
    }

    pub(super) fn tls(&self, server: &TlsSource, label: &str) -> Result<Holding, Finding> {
        let endpoint = endpoint(server);
        let known = self
            .presented
            .read()
            .ok()
            .and_then(|presented| presented.get(&endpoint).cloned());
        let presented = known.unwrap_or_else(|| tls::read(&endpoint)).map_err(|error| {
            if let Some(detail) = error.detail() {
                (self.log)(&format!("{label}: {detail}"));
            }
            Finding::of(Code::CertificateUnreadable, "server")
                .value("source", label)
                .phrase("why", reason::tls(&error))
        })?;
        let mut holding = Holding::new(Format::Tls);
        for (index, der) in presented.certificates.into_iter().enumerate() {
            match Certificate::parse(der) {
                Ok(certificate) => holding
                    .certificates
                    .push(HeldCertificate::of(certificate, Form::Other(Format::Tls))),
                Err(error) if index == 0 => {
                    return Err(Finding::of(Code::CertificateUnreadable, "presented")
                        .value("source", label)
                        .phrase("why", reason::parse(&error)));
                }
                Err(error) => {
                    let finding = Finding::of(Code::CertificateUnreadable, "presented-numbered")
                        .value("source", label)
                        .value("number", (index + 1).to_string())
                        .phrase("why", reason::parse(&error));
                    holding.problems.push(finding);
                }
            }
        }
        if holding.certificates.is_empty() {
            return Err(reason::unreadable(label, "it presents no certificate"));
        }
        if presented.possession_failed {
            let note = Finding::of(Code::PossessionFailed, "other-key");
            holding.notes.push(note.value("source", label));
        } else if !presented.possession_proven {
            let note = Finding::of(Code::PossessionUnproven, "ended-before");
            holding.notes.push(note.value("source", label));
        }
        if presented.client_certificate_required {
            let note = Finding::of(Code::ClientCertificateRequired, "asks");
            holding.notes.push(note.value("source", label));
        }
        Ok(holding)
    }
}

pub(super) fn endpoint(server: &TlsSource) -> tls::Endpoint {
    tls::Endpoint {
        host: server.host.clone(),
        port: server.port(),
        server_name: server.server_name.clone(),
        starttls: server.starttls,
        timeout: Duration::from_secs(u64::from(server.timeout_seconds())),
    }
}

#[cfg(test)]
#[cfg(feature = "openssl")]
mod tests {
    use super::*;
    use crate::protocol::Source;

    fn certificate() -> Vec<u8> {
        use openssl::asn1::Asn1Time;
        use openssl::hash::MessageDigest;
        use openssl::pkey::PKey;
        use openssl::x509::X509;
        let key = PKey::generate_ed25519().unwrap();
        let mut builder = X509::builder().unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.sign(&key, MessageDigest::null()).unwrap();
        builder.build().to_der().unwrap()
    }

    #[test]
    fn a_server_whose_handshake_signature_is_wrong_is_read_and_said_not_to_hold_its_key() {
        let server = TlsSource {
            host: "fe01.contoso.com".into(),
            port: None,
            server_name: None,
            starttls: None,
            timeout: None,
        };
        let presented = tls::Presented {
            certificates: vec![certificate()],
            client_certificate_required: false,
            possession_proven: false,
            possession_failed: true,
            protocol: None,
        };
        let reader = SourceReader::new(None, &|_| None, &|_| ());
        reader
            .presented
            .write()
            .unwrap()
            .insert(endpoint(&server), Ok(presented));
        let holding = reader.read(&Source::Tls(server)).unwrap();
        assert_eq!(holding.certificates.len(), 1);
        let codes: Vec<Code> = holding.notes.iter().map(|note| note.code).collect();
        assert_eq!(codes, [Code::PossessionFailed]);
    }
}
