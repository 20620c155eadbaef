//! Certificates inside the request.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeSliceError, Engine, alphabet};

use crate::cert::Certificate;
use crate::decode::Encoding;
use crate::protocol::{Code, DerSource, Finding};

use super::decoded;
use super::holding::{Form, Format, HeldCertificate, Holding};

/// Standard base64; callers differ in whether they pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes base64, with or without line ends.
pub fn base64(text: &str) -> Result<Vec<u8>, &'static str> {
    // Line ends are looked for only where they may be what is wrong.
    let spaced = |_| BASE64.decode(text.bytes().filter(|b| !b.is_ascii_whitespace()).collect::<Vec<u8>>());
    exact(text).or_else(spaced).map_err(|_| "it is not base64")
}

/// Decodes base64 into as much memory as it takes, which is then kept as it is.
fn exact(text: &str) -> Result<Vec<u8>, DecodeSliceError> {
    let digits = text.trim_end_matches('=').len();
    let mut bytes = vec![0; digits / 4 * 3 + digits % 4 * 3 / 4];
    let length = BASE64.decode_slice(text, &mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// One DER certificate and what came with it.
pub fn der(source: &DerSource) -> Result<Holding, &'static str> {
    let bytes = base64(&source.der)?;
    let (certificate, padded) = parse(bytes).ok_or("it is not one DER certificate")?;
    // Who says what it knows of the key has read a store, and names it or does not.
    let in_store = source.private_key.is_some() || source.key_provider.is_some() || source.store.is_some();
    let form = match in_store {
        true => Form::Store(source.store.clone()),
        false => Form::Other(Format::Encoded(Encoding::Der)),
    };
    let held = HeldCertificate {
        private_key: source.private_key,
        key_provider: source.key_provider.clone(),
        notes: padded.then(|| decoded::padded("inline DER")).into_iter().collect(),
        ..HeldCertificate::of(certificate, form)
    };
    let mut holding = Holding::new(Format::Encoded(Encoding::Der));
    holding.certificates.push(held);
    for (index, text) in source.chain.iter().enumerate() {
        let certificate = base64(text).ok().and_then(parse);
        match certificate {
            Some((certificate, _)) => holding.certificates.push(HeldCertificate::of(
                certificate,
                Form::Other(Format::Encoded(Encoding::Der)),
            )),
            None => {
                let finding = Finding::of(Code::CertificateUnreadable, "inline-chain");
                holding.problems.push(finding.value("number", (index + 1).to_string()));
            }
        }
    }
    Ok(holding)
}

/// One DER certificate, and whether padding was taken off behind it.
fn parse(mut bytes: Vec<u8>) -> Option<(Certificate, bool)> {
    let length = bytes.len();
    if let Some(without) = crate::decode::without_padding(&bytes) {
        bytes.truncate(without);
    }
    let padded = bytes.len() < length;
    Some((Certificate::parse(bytes).ok()?, padded))
}
