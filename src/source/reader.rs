//! Reads sources, each by its kind.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use zeroize::Zeroizing;

use crate::cert::{PrivateKey, PublicKey};
use crate::decode::{self, DecodeError, PrivateKeyDer};
use crate::protocol::{Code, Finding, Password, Phrase, Secret, Source};

use super::decoded::{self, private, readable};
use super::holding::{Format, Holding};
use super::overlay::Overlay;
use super::{file, inline, reason, tls, windows_store};

/// Reads sources.
pub struct SourceReader<'a> {
    stdin: Option<&'a [u8]>,
    pub(super) env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    pub(super) log: &'a (dyn Fn(&str) + Sync),
    pub(super) presented: Arc<RwLock<Presented>>,
    overlay: Overlay,
}

/// What TLS servers answered.
pub(super) type Presented = HashMap<tls::Endpoint, Result<tls::Presented, tls::TlsError>>;

impl<'a> SourceReader<'a> {
    /// A reader. `stdin` is what standard input holds, where a source may be `-`.
    pub fn new(
        stdin: Option<&'a [u8]>,
        env: &'a (dyn Fn(&str) -> Option<String> + Sync),
        log: &'a (dyn Fn(&str) + Sync),
    ) -> Self {
        SourceReader {
            stdin,
            env,
            log,
            presented: Arc::default(),
            overlay: Overlay::default(),
        }
    }

    /// The same reader, with files and stores as an overlay has them. TLS servers that were read stay read.
    #[must_use]
    pub fn over(&self, overlay: Overlay) -> Self {
        SourceReader {
            presented: self.presented.clone(),
            overlay,
            ..*self
        }
    }

    /// Whether there is something at a path: a link that leads nowhere counts, and so does what cannot be examined.
    pub fn exists(&self, path: &str) -> bool {
        use std::io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
        match self.overlay.file(path) {
            Some(content) => content.is_some(),
            None => match std::fs::symlink_metadata(path) {
                Ok(_) => true,
                Err(error) => !matches!(error.kind(), NotFound | NotADirectory | InvalidFilename),
            },
        }
    }

    /// Whether there is an empty file at a path: a chain without certificates.
    pub fn is_empty(&self, path: &str) -> bool {
        match self.overlay.file(path) {
            Some(content) => content.as_ref().is_some_and(|content| content.is_empty()),
            None => std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0),
        }
    }

    pub(super) fn content(&self, path: &Path) -> Result<file::Content, &'static str> {
        match path.to_str().and_then(|path| self.overlay.file(path)) {
            Some(Some(content)) => Ok(file::Content::File(content.to_vec())),
            Some(None) => Err("there is no such file"),
            None => file::read(path, self.log),
        }
    }

    /// What a source holds; a folder too.
    ///
    /// # Errors
    /// A finding that names the source and says what was found instead.
    pub fn read(&self, source: &Source) -> Result<Holding, Finding> {
        let label = source.label();
        let holding = match source {
            Source::Path { path, password } => {
                match self
                    .content(path.as_ref())
                    .map_err(|why| reason::unreadable(&label, why))?
                {
                    file::Content::File(bytes) => {
                        let password = self.needed(password.as_ref(), &label, &bytes)?;
                        decoded::read(&bytes, password.as_ref(), &label)?
                    }
                    file::Content::Folder(files) => self.folder(&files, password.as_ref(), &label)?,
                }
            }
            Source::Pem { pem, password } => {
                let password = self.needed(password.as_ref(), &label, pem.as_bytes())?;
                decoded::read(pem.as_bytes(), password.as_ref(), &label)?
            }
            Source::Der(der) => inline::der(der).map_err(|why| reason::unreadable(&label, why))?,
            Source::Pkcs12 { content, password } => {
                let password = self.password(password.as_ref(), &label)?;
                let bytes = inline::base64(content.expose()).map_err(|why| reason::unreadable(&label, why))?;
                decoded::read(&bytes, password.as_ref(), &label)?
            }
            Source::Stdin { password } => {
                let bytes = self
                    .stdin
                    .ok_or_else(|| reason::unreadable(&label, "it was not read"))?;
                let password = self.needed(password.as_ref(), &label, bytes)?;
                decoded::read(bytes, password.as_ref(), &label)?
            }
            Source::Tls(server) => self.tls(server, &label)?,
            Source::WindowsStore(store) => {
                let read = windows_store::read(store, &label, self.log);
                match self.overlay.certificates(store) {
                    added if added.is_empty() => read?,
                    added => windows_store::with(read, added)?,
                }
            }
        };
        Ok(holding)
    }

    /// What a source holds, where one certificate is wanted and a folder makes no sense.
    ///
    /// # Errors
    /// As [`SourceReader::read`].
    pub fn read_one(&self, source: &Source) -> Result<(Holding, usize), Finding> {
        let label = source.label();
        let holding = self.read(source)?;
        if holding.format == Format::Folder {
            return Err(Finding::of(Code::CertificateUnreadable, "folder").value("source", label));
        }
        let position = holding.one(&label)?;
        Ok((holding, position))
    }

    /// The private keys of a file of its own.
    ///
    /// # Errors
    /// A finding that names the file and says what was found instead.
    pub fn read_key(&self, path: &str, password: Option<&Password>) -> Result<Vec<Arc<PrivateKey>>, Finding> {
        let password = self.password(password, path)?;
        match self
            .content(path.as_ref())
            .map_err(|why| reason::unreadable(path, why))?
        {
            file::Content::Folder(_) => Err(reason::unreadable(path, "it is a folder, and a private key is wanted")),
            file::Content::File(bytes) => {
                let keys = decode::decode_keys(&bytes, password.as_ref().map(Secret::expose));
                let keys = keys.map_err(|error| reason::undecodable(path, &error))?;
                Ok(readable(&keys))
            }
        }
    }

    /// Why the private key in a file cannot be opened; `None` where it can, or there is none.
    pub fn locked_key(&self, path: &str) -> Option<Finding> {
        let Ok(file::Content::File(bytes)) = self.content(path.as_ref()) else {
            return None;
        };
        match decode::decode_keys(&Zeroizing::new(bytes), None) {
            Ok(_) | Err(DecodeError::NotAPrivateKey { .. }) => None,
            Err(error) => Some(reason::undecodable(path, &error)),
        }
    }

    /// The files of a folder as sources of their own, with the folder's password; `None` for what is no folder. A file
    /// whose name is no text is not among them: no source can name it.
    ///
    /// # Errors
    /// A finding that names the folder and says why it cannot be read.
    pub fn parts(&self, source: &Source) -> Result<Option<Vec<Source>>, Finding> {
        let Source::Path { path, password } = source else {
            return Ok(None);
        };
        let files = file::files(path, self.log).map_err(|why| reason::unreadable(path, why))?;
        let part = |path| Source::Path {
            path,
            password: password.clone(),
        };
        Ok(files.map(|files| files.into_iter().map(part).collect()))
    }

    /// Reads a file that is no source of certificates: a reference document.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>, Phrase> {
        match file::read(path.as_ref(), self.log).map_err(reason::file)? {
            file::Content::File(bytes) => Ok(bytes),
            file::Content::Folder(_) => Err(Phrase::of("file.it-is-a-folder")),
        }
    }

    /// The private key of a source that works for a public key. The source is read again: what was judged may be long ago.
    ///
    /// # Errors
    /// A finding that names the source, where the key is not there any more.
    pub fn private_key(&self, source: &Source, wanted: &PublicKey) -> Result<PrivateKeyDer, Finding> {
        let label = source.label();
        let find = |bytes: &[u8], password: Option<&Secret>| {
            let keys = decode::decode_keys(bytes, password.map(Secret::expose)).unwrap_or_default();
            let works = |key: &PrivateKeyDer| private(key).is_some_and(|private| private.works_for(wanted));
            keys.into_iter().find(works)
        };
        let found = match source {
            Source::Path { path, password } => {
                let password = self.password(password.as_ref(), &label)?;
                match self
                    .content(path.as_ref())
                    .map_err(|why| reason::unreadable(&label, why))?
                {
                    file::Content::File(bytes) => find(&Zeroizing::new(bytes), password.as_ref()),
                    file::Content::Folder(files) => files.iter().find_map(|path| match self.content(path) {
                        Ok(file::Content::File(bytes)) => find(&Zeroizing::new(bytes), password.as_ref()),
                        _ => None,
                    }),
                }
            }
            Source::Pem { pem, password } => {
                let password = self.password(password.as_ref(), &label)?;
                find(pem.as_bytes(), password.as_ref())
            }
            Source::Pkcs12 { content, password } => {
                let password = self.password(password.as_ref(), &label)?;
                let bytes = inline::base64(content.expose()).map_err(|why| reason::unreadable(&label, why))?;
                find(&Zeroizing::new(bytes), password.as_ref())
            }
            Source::Stdin { password } => {
                let password = self.password(password.as_ref(), &label)?;
                find(self.stdin.unwrap_or_default(), password.as_ref())
            }
            Source::Der(_) | Source::Tls(_) | Source::WindowsStore(_) => None,
        };
        found.ok_or_else(|| Finding::of(Code::PrivateKeyMissing, "gone").value("source", label))
    }
}
