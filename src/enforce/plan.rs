//! What an installation shall write, and which subjects share a place. No IO.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::cert::{self, Certificate, Verification};
use crate::pkcs12::{self, Salts};
use crate::protocol::{Encryption, Fault, Install, Place, Source, Timestamp, hex};

use super::InstallError;

/// Columns of PEM (RFC 7468 §2).
const PEM_COLUMNS: usize = 64;
/// Digits of a digest that tell one backup from another: there are a few hundred at most.
const BACKUP_DIGITS: usize = 16;

/// One file of a place, and what it is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// As given.
    pub path: String,
    /// Whether it holds a private key.
    pub key: bool,
    holds: Holds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// PEM blocks, in this order.
    Pem { certificate: bool, chain: bool },
    /// All of it.
    Pkcs12(Encryption),
}

/// The files of a place, in the order in which an action names them; none where it has no files.
/// `one_file` says that the key's path is another spelling of the certificate's.
pub fn files(place: &Place, one_file: bool) -> Vec<PlannedFile> {
    let pem = |path: &String, certificate, chain, key| PlannedFile {
        path: path.clone(),
        key,
        holds: Holds::Pem { certificate, chain },
    };
    match place {
        Place::Files {
            certificate,
            private_key,
            chain,
        } => {
            let own_key = private_key.as_ref().filter(|_| !one_file);
            let mut files = vec![pem(certificate, true, chain.is_none(), own_key.is_none())];
            files.extend(own_key.map(|path| pem(path, false, false, true)));
            files.extend(chain.as_ref().map(|path| pem(path, false, true, false)));
            files
        }
        Place::Pkcs12 { path, encryption, .. } => vec![PlannedFile {
            path: path.clone(),
            key: true,
            holds: Holds::Pkcs12(*encryption),
        }],
        Place::WindowsStore(_) | Place::Caller => Vec::new(),
    }
}

impl PlannedFile {
    /// Whether it holds nothing but the CA certificates to send along.
    pub const fn is_chain_alone(&self) -> bool {
        !self.key
            && matches!(
                self.holds,
                Holds::Pem {
                    certificate: false,
                    chain: true
                }
            )
    }
}

/// What goes into a place.
#[derive(Debug)]
pub struct Credentials {
    /// The server's certificate.
    pub certificate: Arc<Certificate>,
    /// The CA certificates that proved it, issuer first, self-signed ones left out.
    pub chain: Vec<Arc<Certificate>>,
    /// Its private key: PKCS#8. Secret.
    pub key: Zeroizing<Vec<u8>>,
}

/// Of the path that proved a candidate, what is installed with it: a self-signed certificate is trusted by being known,
/// not by being sent.
pub fn chain(path: &[Arc<Certificate>]) -> Vec<Arc<Certificate>> {
    let self_signed = |certificate: &Certificate| {
        certificate.is_self_issued() && matches!(cert::verify(certificate, certificate.key()), Verification::Valid)
    };
    path.iter().filter(|one| !self_signed(one)).cloned().collect()
}

/// A PKCS#12 file with these credentials.
///
/// # Errors
/// Where they are longer than such a file can be.
pub fn pkcs12(
    credentials: &Credentials,
    password: Option<&str>,
    encryption: Encryption,
    salts: &Salts,
) -> io::Result<Vec<u8>> {
    let chain: Vec<&[u8]> = credentials.chain.iter().map(|one| one.der()).collect();
    let contents = pkcs12::Contents {
        certificate: credentials.certificate.der(),
        local_key_id: &credentials.certificate.sha1(),
        chain: &chain,
        key: &credentials.key,
    };
    let encryption = match encryption {
        Encryption::Legacy => pkcs12::Encryption::Legacy,
        Encryption::Aes => pkcs12::Encryption::Aes,
    };
    let written = pkcs12::write(&contents, password, encryption, salts);
    written.map_err(|_| io::ErrorKind::FileTooLarge.into())
}

/// What is known when an installation is planned.
#[derive(Debug)]
pub struct Known<'a> {
    /// What is installed.
    pub credentials: &'a Credentials,
    /// The password of the place.
    pub password: Option<&'a str>,
    /// Random salts for a PKCS#12 file.
    pub salts: &'a Salts,
    /// What each file holds now, in the order of the files; `None` where there is no such file.
    pub current: Vec<Option<&'a [u8]>>,
    /// Whether the current files are kept.
    pub backup: bool,
}

/// What an installation shall write.
#[derive(Debug)]
pub struct Plan {
    /// What each file shall hold, in the order of the files.
    pub contents: Vec<Zeroizing<Vec<u8>>>,
    /// What the names of the backups end in; `None` where there is nothing to keep.
    pub backup: Option<String>,
}

/// Plans an installation into the files of a place.
///
/// # Errors
/// Where a file would be too large to write.
pub fn plan(files: &[PlannedFile], known: &Known<'_>) -> Result<Plan, InstallError> {
    let contents = contents(files, known.credentials, known.password, known.salts)?;
    let backup = known.backup.then(|| backup_suffix(&known.current)).flatten();
    Ok(Plan { contents, backup })
}

/// The bytes of each file, in the order of `files`.
fn contents(
    files: &[PlannedFile],
    credentials: &Credentials,
    password: Option<&str>,
    salts: &Salts,
) -> Result<Vec<Zeroizing<Vec<u8>>>, InstallError> {
    let content = |file: &PlannedFile| match file.holds {
        Holds::Pem { certificate, chain } => {
            let mut text = Zeroizing::new(Vec::new());
            if certificate {
                text.extend_from_slice(credentials.certificate.pem().as_bytes());
            }
            for one in credentials.chain.iter().filter(|_| chain) {
                text.extend_from_slice(one.pem().as_bytes());
            }
            Ok(match file.key {
                true => with_key(&text, &credentials.key),
                false => text,
            })
        }
        Holds::Pkcs12(encryption) => {
            let written = pkcs12(credentials, password, encryption, salts);
            let written = written.map_err(|cause| InstallError::refused_for(&file.path, cause))?;
            Ok(Zeroizing::new(written))
        }
    };
    files.iter().map(content).collect()
}

/// PEM with the key behind it, in memory of the final size at once: growing would leave copies of the key behind.
fn with_key(before: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    const BEGIN: &[u8] = b"-----BEGIN PRIVATE KEY-----\n";
    const END: &[u8] = b"-----END PRIVATE KEY-----\n";
    let base64 = Zeroizing::new(STANDARD.encode(key));
    let lines = base64.len().div_ceil(PEM_COLUMNS);
    let size = before.len() + BEGIN.len() + base64.len() + lines + END.len();
    let mut text = Zeroizing::new(Vec::with_capacity(size));
    text.extend_from_slice(before);
    text.extend_from_slice(BEGIN);
    for line in base64.as_bytes().chunks(PEM_COLUMNS) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(END);
    text
}

/// What backups of this content end in: the same content gives the same name, so a run repeated keeps one backup.
/// `None` where there is no file.
fn backup_suffix(current: &[Option<&[u8]>]) -> Option<String> {
    let mut digest = Sha256::new();
    let mut any = false;
    for content in current {
        any |= content.is_some();
        let length = content.map_or(u64::MAX, |content| content.len() as u64);
        digest.update(length.to_be_bytes());
        digest.update(content.unwrap_or_default());
    }
    let digits = hex(&digest.finalize());
    any.then(|| format!(".{}.bak", digits.get(..BACKUP_DIGITS).unwrap_or_default()))
}

/// A subject's claim to the files of a place.
#[derive(Debug)]
pub struct Claim<'a> {
    /// Its index in the request.
    pub subject: usize,
    /// What it says of the place.
    pub install: &'a Install,
    /// The names that it wants covered.
    pub names: &'a [String],
    /// From when on it wants the certificate to be valid.
    pub effective_from: Option<Timestamp>,
    /// Its own candidates.
    pub candidates: &'a [Source],
    /// The files, each with one spelling.
    pub files: Vec<PathBuf>,
}

/// For each claim, the index among the claims of the first one to the same place, which may be itself.
///
/// # Errors
/// Where two subjects share a file and want different things of it, or one gives one file two roles.
pub fn leaders(claims: &[Claim<'_>]) -> Result<Vec<usize>, Fault> {
    let mut owners: HashMap<&PathBuf, usize> = HashMap::new();
    let mut leaders = Vec::with_capacity(claims.len());
    for (index, claim) in claims.iter().enumerate() {
        let pointer = format!("/subjects/{}/install", claim.subject);
        let mut leader = index;
        for file in &claim.files {
            let owner = *owners.entry(file).or_insert(index);
            if claim.files.iter().filter(|other| *other == file).count() > 1 {
                let message = format!("{} is given two roles", file.display());
                return Err(Fault::bad_request(pointer, message));
            }
            let Some(first) = claims.get(owner).filter(|_| owner != index) else {
                continue;
            };
            if !agree(first, claim) {
                let message = format!(
                    "{} is also a place of subject {}, and the two differ in what they want there; subjects that \
                     share a place agree in install, names, effective_from and candidates",
                    file.display(),
                    first.subject
                );
                return Err(Fault::bad_request(pointer, message));
            }
            leader = owner;
        }
        leaders.push(leader);
    }
    Ok(leaders)
}

fn agree(one: &Claim<'_>, other: &Claim<'_>) -> bool {
    one.install == other.install
        && one.names == other.names
        && one.effective_from == other.effective_from
        && one.candidates == other.candidates
}
