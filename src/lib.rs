//! Was this certificate issued by the same CA as the ones our internal servers use?
//!
//! The library behind the `same-ca` binary. A request names a reference (the servers that set the rule) and
//! subjects (the servers that must follow it); a report says for each subject whether its certificate was signed
//! by a key of the reference's CA, and proves it with verified signatures.
//!
//! One direction: [`json`] into a [`protocol`] request, [`source`] acquires, [`decode`] finds the DER (by way of `pkcs12`), [`cert`] parses and verifies,
//! [`decide`] rules, [`explain`] puts it into words, [`protocol`] report, [`render`] writes; [`fleet`] joins the reports of many hosts. [`app`] joins the
//! steps, a file a command; [`cli`] is what may be typed.

pub mod app;
mod asn1;
pub mod cert;
pub mod cli;
pub mod decide;
pub mod decode;
pub mod enforce;
pub mod error;
pub mod explain;
pub mod fleet;
pub mod json;
pub mod output;
mod pkcs12;
pub mod protocol;
pub mod render;
pub mod source;
