//! What bytes hold: certificates, private keys, and what could not be read beside them.

use std::sync::Arc;

use crate::cert::{Certificate, PrivateKey};
use crate::decode::{self, Encoding, PrivateKeyDer};
use crate::protocol::{Code, Finding, Secret};

use super::holding::{Form, Format, HeldCertificate, Holding};
use super::reason;

/// What bytes hold. `label` names them.
pub(super) fn read(bytes: &[u8], password: Option<&Secret>, label: &str) -> Result<Holding, Undecodable> {
    let bundle = decode::decode(bytes, password.map(Secret::expose)).map_err(|error| Undecodable {
        finding: reason::undecodable(label, &error),
        is_something_else: error.is_something_else(),
    })?;
    let format = Format::Encoded(bundle.format);
    let keys = several(&bundle.keys);
    let mut holding = Holding {
        keys: readable(&bundle.keys),
        first_is_unreadable: bundle.first_is_unreadable,
        ambiguity: bundle.ambiguity,
        ..Holding::new(format)
    };
    for problem in bundle.problems {
        let why = reason::decode(&problem.error);
        if problem.of_key {
            holding.key_trouble.get_or_insert(why.clone());
        }
        let finding = match problem.index {
            Some(index) => Finding::of(Code::CertificateUnreadable, "item").value("number", (index + 1).to_string()),
            None => Finding::of(Code::CertificateUnreadable, "decoded"),
        };
        holding.problems.push(finding.value("source", label).phrase("why", why));
    }
    for (index, der) in bundle.certificates.into_iter().enumerate() {
        match Certificate::parse(der) {
            Ok(certificate) => {
                let padded = bundle.padded.contains(&index).then(|| padded(label));
                holding.certificates.push(HeldCertificate {
                    notes: padded.into_iter().collect(),
                    ..HeldCertificate::of(certificate, Form::Other(format))
                });
            }
            Err(error) => {
                holding.first_is_unreadable |= holding.certificates.is_empty();
                let finding = Finding::of(Code::CertificateUnreadable, "numbered")
                    .value("source", label)
                    .value("number", (index + 1).to_string())
                    .phrase("why", reason::parse(&error));
                holding.problems.push(finding);
            }
        }
    }
    if holding.certificates.is_empty() {
        let first = holding.problems.into_iter().next();
        let finding = first.unwrap_or_else(|| reason::unreadable(label, "it holds no certificate"));
        return Err(Undecodable {
            finding,
            is_something_else: false,
        });
    }
    let keeps_keys = format == Format::Encoded(Encoding::Pkcs12) || !bundle.keys.is_empty();
    holding.match_keys(keeps_keys);
    if format == Format::Encoded(Encoding::Pkcs12) {
        for held in &mut holding.certificates {
            let own_key = held.private_key == Some(true);
            held.forms = vec![Form::Pkcs12 { keys, own_key }];
        }
    }
    Ok(holding)
}

/// Why not one certificate was read from bytes.
pub(super) struct Undecodable {
    pub(super) finding: Finding,
    /// Whether they are plainly something else.
    pub(super) is_something_else: bool,
}

impl From<Undecodable> for Finding {
    fn from(error: Undecodable) -> Self {
        error.finding
    }
}

/// A private key, as far as it says whose it is.
pub(super) fn private(key: &PrivateKeyDer) -> Option<PrivateKey> {
    PrivateKey::read(key.der(), key.kind)
}

/// How many different private keys there are, whether or not they can be used.
pub(super) fn several(keys: &[PrivateKeyDer]) -> usize {
    let mut different: Vec<&[u8]> = keys.iter().map(PrivateKeyDer::der).collect();
    different.sort_unstable();
    different.dedup();
    different.len()
}

pub(super) fn readable(keys: &[PrivateKeyDer]) -> Vec<Arc<PrivateKey>> {
    keys.iter().filter_map(private).map(Arc::new).collect()
}

/// The note on a certificate whose DER is followed by what editors and transfers append.
pub(super) fn padded(label: &str) -> Finding {
    Finding::of(Code::TrailingBytes, "padding").value("source", label)
}
