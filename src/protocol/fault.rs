//! Why a question could not be answered: the protocol's error object.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The stable codes of an error object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultCode {
    /// The input is not one JSON value in UTF-8.
    BadJson,
    /// The JSON is not a request: an unknown field, a wrong type, a missing or contradictory part.
    BadRequest,
    /// The input is larger than the limit.
    TooLarge,
    /// The request is of a protocol that this binary does not speak.
    UnsupportedProtocol,
    /// The command line is wrong.
    BadUsage,
    /// A member of the reference could not be read, and a document without it would not say so.
    ReferenceUnreadable,
    /// A fault of the program or of the system that it runs on.
    Internal,
}

/// What was refused, why, and where it is in the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(deny_unknown_fields)]
#[error("{message}{}", self.place())]
pub struct Fault {
    /// Stable code.
    pub code: FaultCode,
    /// One sentence for people; never holds a value that may be a secret.
    pub message: String,
    /// JSON pointer (RFC 6901) of the offender, or of the object that holds it for a duplicate key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// In `batch`: the line of the input, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl Fault {
    /// A fault that belongs to no place in the request.
    pub fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Fault {
            code,
            message: message.into(),
            pointer: None,
            line: None,
        }
    }

    /// A request that is JSON but not a valid request, with the pointer of the offender.
    pub fn bad_request(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Fault {
            pointer: Some(pointer.into()),
            ..Fault::new(FaultCode::BadRequest, message)
        }
    }

    /// A wrong command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Fault::new(FaultCode::BadUsage, message)
    }

    fn place(&self) -> String {
        match self.pointer.as_deref() {
            None => String::new(),
            Some("") => " (at the top of the request)".into(),
            Some(pointer) => format!(" (at {pointer})"),
        }
    }
}

/// The document that stands on stdout when the question could not be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorDocument {
    /// Always 1.
    pub protocol: u32,
    /// What was refused and why.
    pub error: Fault,
}

impl From<Fault> for ErrorDocument {
    fn from(error: Fault) -> Self {
        ErrorDocument {
            protocol: super::PROTOCOL,
            error,
        }
    }
}

/// Appends one step to a JSON pointer, escaped as RFC 6901 §3 says.
pub fn pointer_step(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
}
