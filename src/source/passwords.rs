//! Passwords: in the request, in the environment, or in a file.

use crate::decode;
use crate::protocol::{Code, Finding, Password, Secret};

use super::reader::SourceReader;
use super::{file, reason};

/// Largest password file: no password is longer, and a wrong file may be any size.
const PASSWORD_FILE_LIMIT: u64 = 64 * 1024;

impl SourceReader<'_> {
    /// What a password is, wherever it comes from. `label` names what it opens.
    ///
    /// # Errors
    /// A finding that says why there is none.
    pub fn password(&self, password: Option<&Password>, label: &str) -> Result<Option<Secret>, Finding> {
        match password {
            None => Ok(None),
            Some(Password::Value(value)) => Ok(Some(value.clone())),
            Some(Password::Env(name)) => match (self.env)(name) {
                Some(value) => Ok(Some(Secret::new(value))),
                None => Err(Finding::of(Code::CertificateUnreadable, "password-variable")
                    .value("source", label)
                    .value("variable", name)),
            },
            Some(Password::File(path)) => {
                let read = file::read_small(path.as_ref(), PASSWORD_FILE_LIMIT, self.log);
                let value = read.and_then(file::first_line);
                value.map(|value| Some(Secret::new(value))).map_err(|why| {
                    Finding::of(Code::CertificateUnreadable, "password-file")
                        .value("source", label)
                        .value("path", path)
                        .phrase("why", reason::file(why))
                })
            }
        }
    }

    /// The password, where these bytes may need one: what is not needed is not looked for.
    pub(super) fn needed(
        &self,
        password: Option<&Password>,
        label: &str,
        bytes: &[u8],
    ) -> Result<Option<Secret>, Finding> {
        match decode::may_need_password(bytes) {
            true => self.password(password, label),
            false => Ok(None),
        }
    }
}
