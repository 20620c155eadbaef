//! All input but the request itself: files, folders, inline data, TLS servers, the Windows certificate store.
//!
//! Failures have our own codes and texts. Messages of the operating system go to the log only.

mod decoded;
mod file;
mod folder;
mod holding;
mod inline;
mod overlay;
mod passwords;
mod reader;
mod reason;
pub mod resolver;
mod server;
#[cfg(feature = "openssl")]
mod starttls;
#[allow(unsafe_code, reason = "OpenSSL callbacks that the crate does not wrap")]
pub mod tls;
mod windows_store;

pub use file::is_ordinary;
pub use holding::{Form, Format, HeldCertificate, Holding};
pub use inline::base64 as from_base64;
pub use overlay::Overlay;
pub use reader::SourceReader;
