//! All input but the request itself: files, folders, inline data, TLS servers, the Windows certificate store.
//!
//! Failures have codes and words of ours; what the operating system says goes to the log alone.

mod file;
mod inline;
mod overlay;
mod reason;
pub mod resolver;
#[cfg(feature = "openssl")]
mod starttls;
#[allow(unsafe_code, reason = "OpenSSL callbacks that the crate does not wrap")]
pub mod tls;
mod windows_store;

pub use file::is_ordinary;
pub use inline::base64 as from_base64;
pub use overlay::Overlay;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::cert::{Certificate, KeyId, PrivateKey, PublicKey};
use crate::decode::{self, DecodeError, Encoding, PrivateKeyDer};
use crate::protocol::{Code, Finding, Password, Phrase, Secret, Severity, Source, StoreName, TlsSource};

/// Largest file of a password: nobody types more, and the wrong file may be any size.
const PASSWORD_FILE_LIMIT: u64 = 64 * 1024;

/// What a source holds.
#[derive(Debug, Clone)]
pub struct Holding {
    /// How it was written or sent.
    pub format: Format,
    /// Its certificates, in the order found.
    pub certificates: Vec<HeldCertificate>,
    /// The private keys that it holds, as far as they say whose they are. None has been tried.
    pub keys: Vec<Arc<PrivateKey>>,
    /// What could not be read beside what could.
    pub problems: Vec<Finding>,
    /// What else was seen: worth a finding on whoever uses the source.
    pub notes: Vec<Finding>,
    /// Whether something that should have been the first certificate could not be read.
    pub first_is_unreadable: bool,
    /// Of a folder: the files that are plainly something else, of no concern but to who asks what it holds.
    pub strangers: Vec<Finding>,
    /// Why other readers may take another of its certificates for the first, where they may.
    pub ambiguity: Option<&'static str>,
    /// What kept a private key from being read, where that is known.
    pub key_trouble: Option<Phrase>,
}

/// One certificate of a source.
#[derive(Debug, Clone)]
pub struct HeldCertificate {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// Whether its private key is there, by what the key says and whoever keeps it; whether it works has not been tried.
    pub private_key: Option<bool>,
    /// The Windows provider that keeps the key.
    pub key_provider: Option<String>,
    /// What else was seen of it: worth a finding on whoever uses it.
    pub notes: Vec<Finding>,
    /// How the source holds it: a folder may hold it in several files.
    pub forms: Vec<Form>,
    /// Of a folder: the file.
    pub file: Option<Arc<str>>,
}

impl HeldCertificate {
    /// A certificate of which nothing else is known.
    pub fn of(certificate: Certificate, form: Form) -> Self {
        HeldCertificate {
            certificate: Arc::new(certificate),
            private_key: None,
            key_provider: None,
            notes: Vec::new(),
            forms: vec![form],
            file: None,
        }
    }
}

/// How a source holds a certificate: whether a caller can install it depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// In a PKCS#12 file.
    Pkcs12 {
        /// How many private keys the file holds.
        keys: usize,
        /// Whether one of them is the certificate's.
        own_key: bool,
    },
    /// In a Windows certificate store, and in which, where that is known.
    Store(Option<StoreName>),
    /// In something that nobody imports with a key.
    Other(Format),
}

/// How a source was written or sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Certificates as a file has them, or inline.
    Encoded(Encoding),
    /// A folder of files.
    Folder,
    /// A server's answer.
    Tls,
    /// The Windows certificate store.
    WindowsStore,
}

impl Format {
    /// What to call it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Encoded(Encoding::Pem) => "PEM",
            Format::Encoded(Encoding::Der) => "DER",
            Format::Encoded(Encoding::Pkcs7) => "PKCS#7",
            Format::Encoded(Encoding::Pkcs12) => "PKCS#12",
            Format::Folder => "folder",
            Format::Tls => "TLS",
            Format::WindowsStore => "Windows certificate store",
        }
    }
}

impl Holding {
    /// All certificates.
    pub fn all(&self) -> Arc<[Arc<Certificate>]> {
        self.certificates.iter().map(|held| held.certificate.clone()).collect()
    }

    /// Whether one of its private keys says that it is the one of this public key.
    pub fn claims(&self, key: &PublicKey) -> bool {
        self.keys.iter().any(|private| private.id() == key.id())
    }

    /// How many different private keys it holds.
    pub fn different_keys(&self) -> usize {
        let mut ids: Vec<KeyId> = self.keys.iter().map(|private| private.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    }

    /// The one certificate that stands for the source, by its position: of PEM and TLS the first; of PKCS#7, whose set
    /// has no order, the one that issued no other; of PKCS#12 the one whose public key fits the only private key.
    ///
    /// # Errors
    /// `source-ambiguous` where several could be meant, `certificate-unreadable` where the one that is meant cannot be read.
    pub fn one(&self, label: &str) -> Result<usize, Finding> {
        let positions = 0..self.certificates.len();
        let named: Vec<usize> = match self.format {
            Format::WindowsStore if self.certificates.is_empty() && self.problems.is_empty() => {
                return Err(Finding::of(Code::CertificateMissing, "store-empty").value("source", label));
            }
            _ if self.certificates.is_empty() => Vec::new(),
            _ if self.ambiguity.is_some() => return Err(self.ambiguous(label, &positions.collect::<Vec<_>>())),
            Format::Encoded(Encoding::Pem) if self.first_is_unreadable => {
                return Err(match self.problems.first() {
                    Some(cause) => Finding::of(Code::CertificateUnreadable, "first").cause(cause),
                    None => Finding::of(Code::CertificateUnreadable, "first-unknown").value("source", label),
                });
            }
            Format::Encoded(Encoding::Pem | Encoding::Der) | Format::Tls => return Ok(0),
            Format::Encoded(Encoding::Pkcs7) => positions.filter(|&position| !self.issued_another(position)).collect(),
            Format::Encoded(Encoding::Pkcs12) if self.keys.is_empty() && self.certificates.len() == 1 => vec![0],
            Format::Encoded(Encoding::Pkcs12) if self.different_keys() != 1 => positions.collect(),
            Format::Encoded(Encoding::Pkcs12) => {
                let fitting: Vec<usize> = positions
                    .clone()
                    .filter(|&position| self.claims(self.certificates[position].certificate.key()))
                    .collect();
                if fitting.is_empty() {
                    positions.collect()
                } else {
                    fitting
                }
            }
            Format::Folder | Format::WindowsStore => positions.collect(),
        };
        match named.as_slice() {
            [one] => Ok(*one),
            _ => Err(self.ambiguous(label, &named)),
        }
    }

    fn issued_another(&self, position: usize) -> bool {
        let subject = self.certificates[position].certificate.subject();
        let mut others = self
            .certificates
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != position);
        others.any(|(_, other)| other.certificate.issuer() == subject && !other.certificate.is_self_issued())
    }

    fn ambiguous(&self, label: &str, named: &[usize]) -> Finding {
        /// Certificates that a sentence can carry.
        const LISTED: usize = 8;
        let listed: Vec<String> = named
            .iter()
            .take(LISTED)
            .map(|&position| {
                let certificate = &self.certificates[position].certificate;
                let sha256 = crate::protocol::hex(certificate.sha256());
                format!("{} (SHA-256 {}…)", certificate.subject().rfc4514(), &sha256[..16])
            })
            .collect();
        let certificates = listed.join("; ");
        let listed = match named.len().checked_sub(LISTED) {
            None | Some(0) => Phrase::of("certificates.listed").value("certificates", certificates),
            Some(more) => Phrase::of("certificates.listed-and-more")
                .value("certificates", certificates)
                .value("more", more.to_string()),
        };
        if let Some(why) = self.ambiguity {
            return Finding::of(Code::SourceAmbiguous, "readers-differ")
                .value("source", label)
                .phrase("why", Phrase::named("ambiguous", why))
                .phrase("listed", listed);
        }
        let finding = match self.format {
            Format::Encoded(Encoding::Pkcs12) if self.different_keys() > 1 => {
                Finding::of(Code::SourceAmbiguous, "several-keys").value("keys", self.different_keys().to_string())
            }
            Format::Encoded(Encoding::Pkcs12) if self.keys.is_empty() => match &self.key_trouble {
                Some(why) => Finding::of(Code::SourceAmbiguous, "closed-key").phrase("why", why.clone()),
                None => Finding::of(Code::SourceAmbiguous, "no-key"),
            },
            Format::Encoded(Encoding::Pkcs12) => Finding::of(Code::SourceAmbiguous, "key-of-several"),
            Format::Folder => Finding::of(Code::SourceAmbiguous, "folder"),
            _ => Finding::of(Code::SourceAmbiguous, "several"),
        };
        finding
            .value("source", label)
            .value("count", self.certificates.len().to_string())
            .phrase("listed", listed)
    }

    /// Marks each certificate with whether a key of the source says that it fits. Where the format keeps keys beside certificates,
    /// none that fits means that there is none.
    fn match_keys(&mut self, keeps_keys: bool) {
        let claimed: HashSet<KeyId> = self.keys.iter().map(|private| private.id()).collect();
        for held in &mut self.certificates {
            if claimed.contains(&held.certificate.key().id()) {
                held.private_key = Some(true);
            } else if keeps_keys {
                held.private_key = Some(false);
            }
        }
    }
}

/// Reads sources.
pub struct SourceReader<'a> {
    stdin: Option<&'a [u8]>,
    env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    log: &'a (dyn Fn(&str) + Sync),
    presented: Arc<RwLock<Presented>>,
    overlay: Overlay,
}

/// What TLS servers answered.
type Presented = HashMap<tls::Endpoint, Result<tls::Presented, tls::TlsError>>;

impl<'a> SourceReader<'a> {
    /// A reader. `stdin` is what standard input holds, where a source may stand for it.
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

    /// Whether something stands at a path: a link that leads nowhere does, and so may what cannot be looked at.
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

    /// Whether a file stands at a path and holds not one byte: a chain of nothing.
    pub fn is_empty(&self, path: &str) -> bool {
        match self.overlay.file(path) {
            Some(content) => content.as_ref().is_some_and(|content| content.is_empty()),
            None => std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0),
        }
    }

    fn content(&self, path: &Path) -> Result<file::Content, &'static str> {
        match path.to_str().and_then(|path| self.overlay.file(path)) {
            Some(Some(content)) => Ok(file::Content::File(content.to_vec())),
            Some(None) => Err("there is no such file"),
            None => file::read(path, self.log),
        }
    }

    /// Reads many TLS servers at once, so that later reads of them are answered from here.
    pub fn prefetch<'s>(
        &self,
        sources: impl IntoIterator<Item = &'s TlsSource>,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) {
        let endpoints: Vec<tls::Endpoint> = sources.into_iter().map(endpoint).collect();
        if endpoints.is_empty() {
            return;
        }
        let answers = tls::read_all(&endpoints, progress);
        if let Ok(mut presented) = self.presented.write() {
            presented.extend(endpoints.into_iter().zip(answers));
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
                match self.content(path.as_ref()).map_err(|why| unreadable(&label, why))? {
                    file::Content::File(bytes) => {
                        let password = self.needed(password.as_ref(), &label, &bytes)?;
                        self.decode(&bytes, password.as_ref(), &label)?
                    }
                    file::Content::Folder(files) => self.folder(&files, password.as_ref(), &label)?,
                }
            }
            Source::Pem { pem, password } => {
                let password = self.needed(password.as_ref(), &label, pem.as_bytes())?;
                self.decode(pem.as_bytes(), password.as_ref(), &label)?
            }
            Source::Der(der) => inline::der(der).map_err(|why| unreadable(&label, why))?,
            Source::Pkcs12 { content, password } => {
                let password = self.password(password.as_ref(), &label)?;
                let bytes = inline::base64(content.expose()).map_err(|why| unreadable(&label, why))?;
                self.decode(&bytes, password.as_ref(), &label)?
            }
            Source::Stdin { password } => {
                let bytes = self.stdin.ok_or_else(|| unreadable(&label, "it was not read"))?;
                let password = self.needed(password.as_ref(), &label, bytes)?;
                self.decode(bytes, password.as_ref(), &label)?
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
        match self.content(path.as_ref()).map_err(|why| unreadable(path, why))? {
            file::Content::Folder(_) => Err(unreadable(path, "it is a folder, and a private key is wanted")),
            file::Content::File(bytes) => {
                let keys = decode::decode_keys(&bytes, password.as_ref().map(Secret::expose));
                let keys = keys.map_err(|error| undecodable(path, &error))?;
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
            Err(error) => Some(undecodable(path, &error)),
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
        let files = file::files(path, self.log).map_err(|why| unreadable(path, why))?;
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
                match self.content(path.as_ref()).map_err(|why| unreadable(&label, why))? {
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
                let bytes = inline::base64(content.expose()).map_err(|why| unreadable(&label, why))?;
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
    fn needed(&self, password: Option<&Password>, label: &str, bytes: &[u8]) -> Result<Option<Secret>, Finding> {
        match decode::may_need_password(bytes) {
            true => self.password(password, label),
            false => Ok(None),
        }
    }

    fn decode(&self, bytes: &[u8], password: Option<&Secret>, label: &str) -> Result<Holding, Undecodable> {
        let bundle = decode::decode(bytes, password.map(Secret::expose)).map_err(|error| Undecodable {
            finding: undecodable(label, &error),
            is_something_else: error.is_something_else(),
        })?;
        let format = Format::Encoded(bundle.format);
        let keys = several(&bundle.keys);
        let mut holding = Holding {
            format,
            certificates: Vec::with_capacity(bundle.certificates.len()),
            keys: readable(&bundle.keys),
            problems: Vec::new(),
            notes: Vec::new(),
            first_is_unreadable: bundle.first_is_unreadable,
            strangers: Vec::new(),
            ambiguity: bundle.ambiguity,
            key_trouble: None,
        };
        for problem in bundle.problems {
            let why = reason::decode(&problem.error);
            if problem.of_key {
                holding.key_trouble.get_or_insert(why.clone());
            }
            let finding = match problem.index {
                Some(index) => {
                    Finding::of(Code::CertificateUnreadable, "item").value("number", (index + 1).to_string())
                }
                None => Finding::of(Code::CertificateUnreadable, "decoded"),
            };
            holding.problems.push(finding.value("source", label).phrase("why", why));
        }
        for (index, der) in bundle.certificates.into_iter().enumerate() {
            match Certificate::parse(der) {
                Ok(certificate) => {
                    let padded = bundle.padded.contains(&index).then(|| padded(label));
                    holding.certificates.push(HeldCertificate {
                        notes: padded.into_iter().collect(),
                        ..HeldCertificate::of(certificate, Form::Other(format))
                    });
                }
                Err(error) => {
                    holding.first_is_unreadable |= holding.certificates.is_empty();
                    let finding = Finding::of(Code::CertificateUnreadable, "numbered")
                        .value("source", label)
                        .value("number", (index + 1).to_string())
                        .phrase("why", reason::parse(&error));
                    holding.problems.push(finding);
                }
            }
        }
        if holding.certificates.is_empty() {
            let first = holding.problems.into_iter().next();
            let finding = first.unwrap_or_else(|| unreadable(label, "it holds no certificate"));
            return Err(Undecodable {
                finding,
                is_something_else: false,
            });
        }
        let keeps_keys = format == Format::Encoded(Encoding::Pkcs12) || !bundle.keys.is_empty();
        holding.match_keys(keeps_keys);
        if format == Format::Encoded(Encoding::Pkcs12) {
            for held in &mut holding.certificates {
                let own_key = held.private_key == Some(true);
                held.forms = vec![Form::Pkcs12 { keys, own_key }];
            }
        }
        Ok(holding)
    }

    /// Every file of a folder; a key in one file may fit a certificate in another.
    fn folder(&self, files: &[PathBuf], password: Option<&Password>, label: &str) -> Result<Holding, Finding> {
        let mut secret = None;
        let mut whole = Holding {
            format: Format::Folder,
            certificates: Vec::new(),
            keys: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
            first_is_unreadable: false,
            strangers: Vec::new(),
            ambiguity: None,
            key_trouble: None,
        };
        for path in files {
            let content = match self.content(path) {
                Ok(file::Content::File(bytes)) => bytes,
                Ok(file::Content::Folder(_)) => continue,
                Err(why) => {
                    whole.problems.push(unreadable(&path.to_string_lossy(), why));
                    continue;
                }
            };
            let file: Arc<str> = path.to_string_lossy().into();
            if secret.is_none() && decode::may_need_password(&content) {
                secret = Some(self.password(password, label)?);
            }
            let password = secret.as_ref().and_then(Option::as_ref);
            match self.decode(&content, password, &file) {
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

    fn tls(&self, server: &TlsSource, label: &str) -> Result<Holding, Finding> {
        let endpoint = endpoint(server);
        let known = self
            .presented
            .read()
            .ok()
            .and_then(|presented| presented.get(&endpoint).cloned());
        let presented = known.unwrap_or_else(|| tls::read(&endpoint)).map_err(|error| {
            if let Some(detail) = error.detail() {
                (self.log)(&format!("{label}: {detail}"));
            }
            Finding::of(Code::CertificateUnreadable, "server")
                .value("source", label)
                .phrase("why", reason::tls(&error))
        })?;
        let mut holding = Holding {
            format: Format::Tls,
            certificates: Vec::with_capacity(presented.certificates.len()),
            keys: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
            first_is_unreadable: false,
            strangers: Vec::new(),
            ambiguity: None,
            key_trouble: None,
        };
        for (index, der) in presented.certificates.into_iter().enumerate() {
            match Certificate::parse(der) {
                Ok(certificate) => holding
                    .certificates
                    .push(HeldCertificate::of(certificate, Form::Other(Format::Tls))),
                Err(error) if index == 0 => {
                    return Err(Finding::of(Code::CertificateUnreadable, "presented")
                        .value("source", label)
                        .phrase("why", reason::parse(&error)));
                }
                Err(error) => {
                    let finding = Finding::of(Code::CertificateUnreadable, "presented-numbered")
                        .value("source", label)
                        .value("number", (index + 1).to_string())
                        .phrase("why", reason::parse(&error));
                    holding.problems.push(finding);
                }
            }
        }
        if holding.certificates.is_empty() {
            return Err(unreadable(label, "it presents no certificate"));
        }
        if presented.possession_failed {
            let note = Finding::of(Code::PossessionFailed, "other-key");
            holding.notes.push(note.value("source", label));
        } else if !presented.possession_proven {
            let note = Finding::of(Code::PossessionUnproven, "ended-before");
            holding.notes.push(note.value("source", label));
        }
        if presented.client_certificate_required {
            let note = Finding::of(Code::ClientCertificateRequired, "asks");
            holding.notes.push(note.value("source", label));
        }
        Ok(holding)
    }
}

/// Why not one certificate was read from bytes.
struct Undecodable {
    finding: Finding,
    /// Whether they are plainly something else.
    is_something_else: bool,
}

impl From<Undecodable> for Finding {
    fn from(error: Undecodable) -> Self {
        error.finding
    }
}

fn endpoint(server: &TlsSource) -> tls::Endpoint {
    tls::Endpoint {
        host: server.host.clone(),
        port: server.port(),
        server_name: server.server_name.clone(),
        starttls: server.starttls,
        timeout: Duration::from_secs(u64::from(server.timeout_seconds())),
    }
}

/// A private key, as far as it says whose it is.
fn private(key: &PrivateKeyDer) -> Option<PrivateKey> {
    PrivateKey::read(key.der(), key.kind)
}

/// How many different private keys there are, whether or not they can be used.
fn several(keys: &[PrivateKeyDer]) -> usize {
    let mut different: Vec<&[u8]> = keys.iter().map(PrivateKeyDer::der).collect();
    different.sort_unstable();
    different.dedup();
    different.len()
}

fn readable(keys: &[PrivateKeyDer]) -> Vec<Arc<PrivateKey>> {
    keys.iter().filter_map(private).map(Arc::new).collect()
}

/// That a source cannot be read, in the words of the room of files.
fn unreadable(label: &str, why: &str) -> Finding {
    let is_absent = why.starts_with("there is no such file") || why.starts_with("it cannot be the name");
    let server = is_absent
        .then(|| crate::protocol::source::looks_like_host(label))
        .flatten();
    let finding = match server {
        Some(server) => Finding::of(Code::CertificateUnreadable, "meant-server").value("server", server),
        None => Finding::of(Code::CertificateUnreadable, "source"),
    };
    finding.value("source", label).phrase("why", reason::file(why))
}

/// The note on a certificate behind whose DER stands what editors and transfers leave there.
fn padded(label: &str) -> Finding {
    Finding::of(Code::TrailingBytes, "padding").value("source", label)
}

fn undecodable(label: &str, error: &DecodeError) -> Finding {
    Finding::of(Code::CertificateUnreadable, "decoded")
        .value("source", label)
        .phrase("why", reason::decode(error))
}

#[cfg(test)]
#[cfg(feature = "openssl")]
mod tests {
    use super::*;

    fn certificate() -> Vec<u8> {
        use openssl::asn1::Asn1Time;
        use openssl::hash::MessageDigest;
        use openssl::pkey::PKey;
        use openssl::x509::X509;
        let key = PKey::generate_ed25519().unwrap();
        let mut builder = X509::builder().unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.sign(&key, MessageDigest::null()).unwrap();
        builder.build().to_der().unwrap()
    }

    #[test]
    fn a_server_whose_handshake_signature_is_wrong_is_read_and_said_not_to_hold_its_key() {
        let server = TlsSource {
            host: "fe01.contoso.com".into(),
            port: None,
            server_name: None,
            starttls: None,
            timeout: None,
        };
        let presented = tls::Presented {
            certificates: vec![certificate()],
            client_certificate_required: false,
            possession_proven: false,
            possession_failed: true,
            protocol: None,
        };
        let reader = SourceReader::new(None, &|_| None, &|_| ());
        reader
            .presented
            .write()
            .unwrap()
            .insert(endpoint(&server), Ok(presented));
        let holding = reader.read(&Source::Tls(server)).unwrap();
        assert_eq!(holding.certificates.len(), 1);
        let codes: Vec<Code> = holding.notes.iter().map(|note| note.code).collect();
        assert_eq!(codes, [Code::PossessionFailed]);
    }
}
