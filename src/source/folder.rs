//! A folder: every file in it, and what each holds.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::decode::{self, DecodeError};
use crate::protocol::{Finding, Password, Phrase, Secret, Severity};

use super::decoded::{self, Undecodable, readable};
use super::holding::{Format, HeldCertificate, Holding};
use super::reader::SourceReader;
use super::{file, reason};

impl SourceReader<'_> {
    /// Every file of a folder; a key in one file may fit a certificate in another.
    pub(super) fn folder(
        &self,
        files: &[PathBuf],
        password: Option<&Password>,
        label: &str,
    ) -> Result<Holding, Finding> {
        let mut secret = None;
        let mut whole = Holding::new(Format::Folder);
        for path in files {
            let content = match self.content(path) {
                Ok(file::Content::File(bytes)) => bytes,
                Ok(file::Content::Folder(_)) => continue,
                Err(why) => {
                    whole.problems.push(reason::unreadable(&path.to_string_lossy(), why));
                    continue;
                }
            };
            let file: Arc<str> = path.to_string_lossy().into();
            if secret.is_none() && decode::may_need_password(&content) {
                secret = Some(self.password(password, label)?);
            }
            let password = secret.as_ref().and_then(Option::as_ref);
            match decoded::read(&content, password, &file) {
                Ok(holding) => {
                    let named = |held| HeldCertificate {
                        file: Some(file.clone()),
                        ..held
                    };
                    whole.certificates.extend(holding.certificates.into_iter().map(named));
                    whole.key_trouble = whole.key_trouble.or(holding.key_trouble);
                    whole.keys.extend(holding.keys);
                    whole.problems.extend(holding.problems);
                }
                Err(Undecodable {
                    finding,
                    is_something_else,
                }) => {
                    match decode::decode_keys(&content, password.map(Secret::expose)) {
                        Ok(keys) => whole.keys.extend(readable(&keys)),
                        // A key that cannot be opened may be the one that is missed.
                        Err(
                            error @ (DecodeError::KeyPasswordMissing
                            | DecodeError::KeyPasswordWrong
                            | DecodeError::TooLarge { .. }
                            | DecodeError::Damaged { .. }
                            | DecodeError::Unsupported { .. }),
                        ) if is_something_else => {
                            let why = Phrase::of("key.in-file")
                                .value("file", &*file)
                                .phrase("why", reason::decode(&error));
                            whole.key_trouble.get_or_insert(why);
                            whole.strangers.push(finding.severity(Severity::Info));
                        }
                        // Revocation lists, requests and pages lie beside certificates in every CertEnroll.
                        Err(_) if is_something_else => whole.strangers.push(finding.severity(Severity::Info)),
                        Err(_) => whole.problems.push(finding),
                    }
                }
            }
        }
        let mut seen: HashMap<[u8; 32], usize> = HashMap::new();
        for held in std::mem::take(&mut whole.certificates) {
            let next = whole.certificates.len();
            let first = *seen.entry(*held.certificate.sha256()).or_insert(next);
            match whole.certificates.get_mut(first) {
                Some(first) => first.forms.extend(held.forms),
                None => whole.certificates.push(held),
            }
        }
        whole.match_keys(false);
        Ok(whole)
    }
}
