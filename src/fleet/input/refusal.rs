//! Why a document is not a report.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fleet::piece::{Origin, Piece};
use crate::fleet::texts::cut;
use crate::fleet::wire::Word;
use crate::protocol::PROTOCOL;
use crate::protocol::fleet::UnreadableCode;

/// A result, or the code and words of a refusal.
pub(super) type Refusable<T> = Result<T, (UnreadableCode, String)>;

/// The size up to which a record keeps its subjects in full, in bytes of JSON: some ten subjects.
pub const DETAIL_LIMIT: usize = 32 * 1024;

/// Says what stands where a report should.
pub(super) fn no_object(bytes: &[u8], origin: Origin<'_>) -> Piece {
    match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        Ok(_) => origin.unreadable(
            UnreadableCode::NotAReport,
            "expected a report of same-ca, found no JSON object",
        ),
        Err(error) => origin.unreadable(UnreadableCode::BadJson, &format!("not JSON: {error}")),
    }
}

/// Says why a document was refused: another version of the protocol may look unlike anything that is known.
pub(super) fn refused(bytes: &[u8], error: &serde_json::Error, origin: Origin<'_>) -> Piece {
    #[derive(Deserialize)]
    struct Probe<'a> {
        #[serde(default, borrow)]
        protocol: Option<&'a RawValue>,
        #[serde(default)]
        reference: Option<serde::de::IgnoredAny>,
        #[serde(default)]
        kind: Option<serde::de::IgnoredAny>,
    }
    if !error.is_data() {
        return origin.unreadable(UnreadableCode::BadJson, &format!("not JSON: {error}"));
    }
    match serde_json::from_slice::<Probe<'_>>(bytes) {
        Ok(Probe {
            protocol: Some(found), ..
        }) if found.get() != "1" => {
            let message = format!("expected protocol {PROTOCOL}, found {}", cut(found.get(), 64));
            origin.unreadable(UnreadableCode::UnsupportedProtocol, &message)
        }
        Ok(probe) if probe.protocol.is_none() && probe.reference.is_none() && probe.kind.is_none() => origin
            .unreadable(
                UnreadableCode::NotAReport,
                "expected a report of same-ca, found another document",
            ),
        _ => origin.unreadable(UnreadableCode::BadReport, &cut(&error.to_string(), 512)),
    }
}

pub(super) fn error_object(protocol: Option<u32>, error: &str) -> (UnreadableCode, String) {
    #[derive(Deserialize)]
    struct InError<'a> {
        #[serde(borrow)]
        code: Word<'a>,
        #[serde(borrow)]
        message: Word<'a>,
    }
    match serde_json::from_str::<InError<'_>>(error) {
        Ok(error) if protocol.is_some() => {
            let message = format!("{}: {}", cut(&error.code.0, 64), error.message.0);
            (UnreadableCode::Error, message)
        }
        _ => {
            let message = "expected a report of same-ca, found another document";
            (UnreadableCode::NotAReport, message.into())
        }
    }
}
