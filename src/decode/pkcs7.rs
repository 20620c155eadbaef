//! The certificates of PKCS#7 and CMS SignedData (RFC 5652 §5.1), as raw slices. Signatures are not looked at: such
//! a file is a bag of certificates, of which each proves itself or not.

use super::detect::{self, Kind};
use super::{Contents, DecodeError, Encoding, MAX_ITEMS};
use crate::asn1::ber::{self, Element, Reader};
use crate::asn1::oid;

/// Reads the certificates of a ContentInfo.
pub(super) fn read(info: &Element, contents: &mut Contents) -> Result<(), DecodeError> {
    let damaged = DecodeError::damaged("PKCS#7 file");
    let mut info = info.children();
    if info.expect(ber::OID).map_err(&damaged)?.contents != oid::SIGNED_DATA.as_bytes() {
        return Err(detect::CMS.into());
    }
    let content = info.expect(ber::CONTEXT_0).map_err(&damaged)?;
    let mut fields = content.children().expect(ber::SEQUENCE).map_err(&damaged)?.children();
    fields.expect(ber::INTEGER).map_err(&damaged)?;
    fields.expect(ber::SET).map_err(&damaged)?;
    fields.expect(ber::SEQUENCE).map_err(&damaged)?;
    // Next, both optional, are the certificates and the CRLs; behind them the signers.
    let set = fields
        .next()
        .map_err(&damaged)?
        .filter(|field| field.tag == ber::CONTEXT_0);
    let before = contents.certificates.len();
    if let Some(set) = set {
        certificates(set.children(), contents)?;
    }
    if contents.certificates.len() == before {
        contents.certificate_error.get_or_insert(DecodeError::NoCertificate {
            container: "PKCS#7 file",
        });
    }
    Ok(())
}

/// The members of a CertificateSet.
fn certificates(mut set: Reader, contents: &mut Contents) -> Result<(), DecodeError> {
    for index in 0..MAX_ITEMS {
        let error = match set.next() {
            Ok(None) => return Ok(()),
            // Extended, attribute and other certificates are tagged.
            Ok(Some(member)) if member.tag != ber::SEQUENCE => continue,
            Ok(Some(member)) => match detect::element(&member) {
                Kind::Certificate => {
                    contents.certificate(member.raw, Encoding::Pkcs7);
                    continue;
                }
                Kind::DamagedCertificate(detail) => DecodeError::Damaged {
                    what: "certificate",
                    detail,
                },
                other => other.found().into(),
            },
            Err(flaw) => DecodeError::damaged("PKCS#7 file")(flaw),
        };
        contents.certificate_problem(Some(index), error);
    }
    match set.rest() {
        [] => Ok(()),
        _ => Err(DecodeError::TooLarge {
            what: "certificates in a PKCS#7 file",
            limit: MAX_ITEMS as u64,
        }),
    }
}
