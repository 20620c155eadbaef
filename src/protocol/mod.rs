//! The contract between the binary and everything that calls it: plain data, read and written as JSON.

pub mod document;
pub mod dsc;
pub mod facts;
pub mod fault;
pub mod finding;
pub mod fleet;
pub mod inspection;
pub mod install;
mod nullable;
pub mod policy;
pub mod report;
pub mod request;
pub mod schema;
pub mod source;
pub mod time;
pub mod values;
mod version;
mod word;

pub use document::{
    DocumentCertificate, DocumentInput, DocumentKind, DocumentMember, ReadBy, ReferenceDocument, Unread,
};
pub use facts::CertificateFacts;
pub use fault::{ErrorDocument, Fault, FaultCode};
pub use finding::{Code, Finding, Phrase, Severity, Values};
pub use install::{AcceptedForm, Accepts, Encryption, Install, Place};
pub use policy::{Level, Match, Policy, Profile, ProofWanted, References};
pub use report::{
    Action, ActionKind, AuthorityKey, AuthorityReport, ChosenFrom, Evidence, EvidenceKind, IssuedBy, JoinedBy, KeyFrom,
    MemberReport, PassedOver, Proof, ReferenceReport, Relation, Report, Revocation, Status, SubjectReport, Summary,
    Tool,
};
pub use request::{Member, MemberKind, Request, Subject};
pub use source::{
    DerSource, Distrust, Password, Source, StartTls, StoreLocation, StoreName, TlsSource, WindowsStoreSource,
};
pub use time::Timestamp;
pub use values::{Hex, Secret, Sha256Hex, Span, Thumbprint, hex};
pub use version::{PROTOCOL, check_protocol};
