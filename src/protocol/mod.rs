//! The contract between the binary and everything that calls it: plain data, read and written as JSON.

pub mod document;
pub mod dsc;
pub mod facts;
pub mod fault;
pub mod finding;
pub mod fleet;
pub mod inspection;
mod nullable;
pub mod report;
pub mod request;
pub mod schema;
pub mod source;
pub mod time;
pub mod values;
mod word;

pub use document::{
    DocumentCertificate, DocumentInput, DocumentKind, DocumentMember, ReadBy, ReferenceDocument, Unread,
};
pub use facts::CertificateFacts;
pub use fault::{ErrorDocument, Fault, FaultCode};
pub use finding::{Code, Finding, Phrase, Severity, Values};
pub use report::{
    Action, ActionKind, AuthorityKey, AuthorityReport, ChosenFrom, Evidence, EvidenceKind, IssuedBy, JoinedBy, KeyFrom,
    MemberReport, PassedOver, Proof, ReferenceReport, Relation, Report, Revocation, Status, SubjectReport, Summary,
    Tool,
};
pub use request::{
    AcceptedForm, Accepts, Encryption, Install, Level, Match, Member, MemberKind, Place, Policy, Profile, ProofWanted,
    References, Request, Subject,
};
pub use source::{
    DerSource, Distrust, Password, Source, StartTls, StoreLocation, StoreName, TlsSource, WindowsStoreSource,
};
pub use time::Timestamp;
pub use values::{Hex, Secret, Sha256Hex, Span, Thumbprint, hex};

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// Refuses any protocol but 1, for requests that serde accepted.
///
/// # Errors
/// Names the one that was found.
pub fn check_protocol(found: u32) -> Result<(), Fault> {
    if found == PROTOCOL {
        return Ok(());
    }
    Err(Fault {
        pointer: Some("/protocol".into()),
        ..Fault::new(
            FaultCode::UnsupportedProtocol,
            format!("expected protocol 1, found {found}"),
        )
    })
}
