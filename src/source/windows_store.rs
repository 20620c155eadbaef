//! The Windows certificate store.

use std::collections::HashSet;
use std::io;

use crate::cert::Certificate;
use crate::protocol::{Code, Finding, StoreName, WindowsStoreSource};

use super::{Form, Format, HeldCertificate, Holding};

/// Certificates of a store that are read: each is parsed, so the number bounds the work. No server has that many.
#[cfg(windows)]
const LIMIT: usize = 100_000;

/// What a store holds, or the one certificate of it that is meant.
///
/// # Errors
/// `certificate-missing` where there is no such store or certificate, `certificate-unreadable` where it cannot be opened.
pub fn read(store: &WindowsStoreSource, label: &str, log: &(dyn Fn(&str) + Sync)) -> Result<Holding, Finding> {
    let found = system::list(store, log).map_err(|error| {
        if error.raw_os_error().is_some() {
            log(&format!("{label}: {error}"));
        }
        let finding = match error.kind() {
            io::ErrorKind::NotFound => Finding::of(Code::CertificateMissing, "no-store"),
            io::ErrorKind::PermissionDenied => Finding::of(Code::CertificateUnreadable, "store-closed"),
            io::ErrorKind::Unsupported => Finding::of(Code::CertificateUnreadable, "store-unsupported"),
            io::ErrorKind::OutOfMemory => Finding::of(Code::CertificateUnreadable, "store-too-large"),
            _ => Finding::of(Code::CertificateUnreadable, "store"),
        };
        finding.value("source", label)
    })?;
    select(store, label, found)
}

/// A certificate in a store.
#[derive(Debug)]
struct StoreEntry {
    der: Vec<u8>,
    key: Key,
}

/// What is known of the private key of a certificate in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(any(windows, test)), expect(dead_code, reason = "no other system has the store"))]
enum Key {
    /// There is none.
    Absent,
    /// It could be opened.
    Present {
        /// Its provider, where it is known.
        provider: Option<String>,
    },
    /// The store says that there is one, and it could not be opened.
    Closed {
        /// Its provider, where it is known.
        provider: Option<String>,
    },
}

/// Whether a source means this certificate, standing in its store.
pub fn means(store: &WindowsStoreSource, certificate: &Certificate) -> bool {
    let named = |wanted: &String| plain_name(wanted) == plain_name(&certificate.subject().rfc4514());
    store.thumbprint.is_none_or(|wanted| wanted.0 == certificate.sha1()) && store.subject.as_ref().is_none_or(named)
}

/// What was read from a store, with added certificates in place of the same ones.
///
/// # Errors
/// What kept the store from being read; an empty place is none.
pub fn with(read: Result<Holding, Finding>, supposed: Vec<HeldCertificate>) -> Result<Holding, Finding> {
    let mut holding = match read {
        Err(why) if why.code == Code::CertificateMissing => Holding::new(Format::WindowsStore),
        read => read?,
    };
    for held in supposed {
        let another = |one: &HeldCertificate| one.certificate.sha256() != held.certificate.sha256();
        holding.certificates.retain(another);
        holding.certificates.push(held);
    }
    Ok(holding)
}

/// The certificates of a store that the source means.
fn select(store: &WindowsStoreSource, label: &str, found: Vec<StoreEntry>) -> Result<Holding, Finding> {
    let mut holding = Holding::new(Format::WindowsStore);
    let one_is_meant = store.thumbprint.is_some() || store.subject.is_some();
    let mut seen = HashSet::new();
    for one in found {
        let thumbprint = sha1(&one.der);
        if store.thumbprint.is_some_and(|wanted| wanted.0 != thumbprint) {
            continue;
        }
        let certificate = match Certificate::parse(one.der) {
            Ok(certificate) => certificate,
            // The subject of another certificate that cannot be read is unknown.
            Err(_) if store.subject.is_some() => continue,
            Err(error) => {
                let finding = Finding::of(Code::CertificateUnreadable, "store-entry")
                    .value("source", label)
                    .value("thumbprint", crate::protocol::hex(&thumbprint))
                    .phrase("why", super::reason::parse(&error));
                holding.problems.push(finding);
                continue;
            }
        };
        if !means(store, &certificate) || !seen.insert(*certificate.sha256()) {
            continue;
        }
        let (private_key, key_provider) = match one.key {
            Key::Absent => (Some(false), None),
            Key::Present { provider } => (Some(true), provider),
            Key::Closed { provider } => (None, provider),
        };
        let mut notes = Vec::new();
        if private_key.is_none() {
            let note = Finding::of(Code::PrivateKeyInaccessible, "store")
                .value("source", label)
                .value("subject", certificate.subject().rfc4514())
                .value("thumbprint", crate::protocol::hex(&thumbprint));
            notes.push(note);
        }
        let name = StoreName {
            location: store.location,
            store: store.store.clone(),
        };
        holding.certificates.push(HeldCertificate {
            private_key,
            key_provider,
            notes,
            ..HeldCertificate::of(certificate, Form::Store(Some(name)))
        });
    }
    // The order of a store says nothing, and is not always the same.
    holding.certificates.sort_by_key(|held| *held.certificate.sha256());
    if one_is_meant && holding.certificates.is_empty() {
        let unreadable = holding.problems.pop();
        let missing = || Finding::of(Code::CertificateMissing, "not-in-store").value("source", label);
        return Err(unreadable.unwrap_or_else(missing));
    }
    Ok(holding)
}

fn sha1(der: &[u8]) -> [u8; 20] {
    use sha1::{Digest, Sha1};
    Sha1::digest(der).into()
}

/// A distinguished name as people write it: case and the space behind commas aside.
fn plain_name(name: &str) -> String {
    let parts = name.split(',').map(|part| part.trim().to_lowercase());
    parts.collect::<Vec<_>>().join(",")
}

#[cfg(not(windows))]
mod system {
    use std::io;

    use crate::protocol::WindowsStoreSource;

    use super::StoreEntry;

    pub fn list(_: &WindowsStoreSource, _: &(dyn Fn(&str) + Sync)) -> io::Result<Vec<StoreEntry>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(windows)]
#[allow(
    unsafe_code,
    reason = "schannel opens no store without making it, and names no provider of a key"
)]
mod system {
    use std::ffi::{OsStr, c_void};
    use std::io;
    use std::os::windows::ffi::OsStrExt;
    use std::ptr;

    use schannel::RawPointer;
    use schannel::cert_context::CertContext;
    use schannel::cert_store::CertStore;
    use windows_sys::Win32::Foundation::{CRYPT_E_NOT_FOUND, NTE_BAD_KEYSET, NTE_KEYSET_NOT_DEF, NTE_NO_KEY};
    use windows_sys::Win32::Security::Cryptography::{
        CERT_CONTEXT, CERT_KEY_PROV_INFO_PROP_ID, CERT_NCRYPT_KEY_SPEC, CERT_STORE_OPEN_EXISTING_FLAG,
        CERT_STORE_PROV_SYSTEM_W, CERT_STORE_READONLY_FLAG, CERT_SYSTEM_STORE_CURRENT_USER_ID,
        CERT_SYSTEM_STORE_LOCAL_MACHINE_ID, CERT_SYSTEM_STORE_LOCATION_SHIFT, CRYPT_ACQUIRE_ALLOW_NCRYPT_KEY_FLAG,
        CRYPT_ACQUIRE_COMPARE_KEY_FLAG, CRYPT_ACQUIRE_SILENT_FLAG, CRYPT_KEY_PROV_INFO,
        CertGetCertificateContextProperty, CertOpenStore, CryptAcquireCertificatePrivateKey, CryptReleaseContext,
        NCryptFreeObject,
    };

    use crate::protocol::{StoreLocation, WindowsStoreSource};

    use super::{Key, LIMIT, StoreEntry};

    /// Every certificate of a store, as long as it is there: reading makes none.
    pub fn list(wanted: &WindowsStoreSource, log: &(dyn Fn(&str) + Sync)) -> io::Result<Vec<StoreEntry>> {
        let store = open(wanted)?;
        let mut found = Vec::new();
        for context in store.certs() {
            if found.len() == LIMIT {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
            // Opening keys takes a while, and asks hardware: only of the certificate that is meant.
            let meant = wanted
                .thumbprint
                .is_none_or(|wanted| wanted.0 == super::sha1(context.to_der()));
            found.push(StoreEntry {
                der: context.to_der().to_vec(),
                key: if meant { key(&context, log) } else { Key::Absent },
            });
        }
        Ok(found)
    }

    fn open(wanted: &WindowsStoreSource) -> io::Result<CertStore> {
        let location = match wanted.location {
            StoreLocation::LocalMachine => CERT_SYSTEM_STORE_LOCAL_MACHINE_ID,
            StoreLocation::CurrentUser => CERT_SYSTEM_STORE_CURRENT_USER_ID,
        };
        let flags =
            location << CERT_SYSTEM_STORE_LOCATION_SHIFT | CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG;
        let name: Vec<u16> = OsStr::new(&wanted.store).encode_wide().chain([0]).collect();
        // SAFETY: the name ends in a zero and outlives the call.
        let store = unsafe { CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, flags, name.as_ptr().cast()) };
        if store.is_null() {
            return Err(told(io::Error::last_os_error()));
        }
        // SAFETY: it is open, and nobody else closes it.
        Ok(unsafe { CertStore::from_ptr(store) })
    }

    /// Whether the private key is there: that a store names one says little, it has to be opened.
    fn key(context: &CertContext, log: &(dyn Fn(&str) + Sync)) -> Key {
        // SAFETY: the context lives until the end of this function.
        let raw: *const CERT_CONTEXT = unsafe { context.as_ptr() }.cast_const().cast();
        let provider = match provider(raw) {
            Ok(provider) => provider,
            Err(_) => return Key::Absent,
        };
        match acquire(raw) {
            Ok(()) => Key::Present { provider },
            Err(error) => match error.raw_os_error() {
                Some(CRYPT_E_NOT_FOUND | NTE_BAD_KEYSET | NTE_KEYSET_NOT_DEF | NTE_NO_KEY) => Key::Absent,
                _ if error.kind() == io::ErrorKind::NotFound => Key::Absent,
                _ => {
                    log(&format!("a private key could not be opened: {error}"));
                    Key::Closed { provider }
                }
            },
        }
    }

    /// The provider that a store names for the key of a certificate.
    ///
    /// # Errors
    /// Where the store names no key.
    fn provider(context: *const CERT_CONTEXT) -> io::Result<Option<String>> {
        let property = |buffer: *mut c_void, size: &mut u32| {
            // SAFETY: the context is valid, and the buffer has room for as many octets as `size` says, or is null.
            let done = unsafe { CertGetCertificateContextProperty(context, CERT_KEY_PROV_INFO_PROP_ID, buffer, size) };
            if done == 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        };
        let mut size = 0;
        property(ptr::null_mut(), &mut size)?;
        // Aligned for the structure that it begins with.
        let mut buffer = vec![0u64; (size as usize).div_ceil(size_of::<u64>())];
        property(buffer.as_mut_ptr().cast(), &mut size)?;
        if (size as usize) < size_of::<CRYPT_KEY_PROV_INFO>() {
            return Ok(None);
        }
        let end = buffer.as_ptr() as usize + size as usize;
        // SAFETY: the buffer is aligned for the structure and at least as large.
        let info = unsafe { &*buffer.as_ptr().cast::<CRYPT_KEY_PROV_INFO>() };
        let name = info.pwszProvName.cast_const();
        let inside = buffer.as_ptr() as usize..end;
        if !inside.contains(&(name as usize)) {
            return Ok(None);
        }
        let room = (end - name as usize) / size_of::<u16>();
        // SAFETY: it points into the buffer, which holds as many units from there on.
        let units = unsafe { std::slice::from_raw_parts(name, room) };
        let length = units.iter().position(|unit| *unit == 0).unwrap_or(room);
        let name = String::from_utf16_lossy(&units[..length]);
        Ok(Some(name).filter(|name| !name.is_empty()))
    }

    /// An error of the cryptographic interfaces that wraps one of the system's, as that.
    fn told(error: io::Error) -> io::Error {
        /// HRESULT_FROM_WIN32.
        const WRAPPED: u32 = 0x8007_0000;
        match error.raw_os_error().map(|code| code as u32) {
            Some(code) if code & 0xffff_0000 == WRAPPED => io::Error::from_raw_os_error((code & 0xffff) as i32),
            _ => error,
        }
    }

    /// Opens the key, without asking anybody, and lets it go again.
    fn acquire(context: *const CERT_CONTEXT) -> io::Result<()> {
        let flags = CRYPT_ACQUIRE_SILENT_FLAG | CRYPT_ACQUIRE_ALLOW_NCRYPT_KEY_FLAG | CRYPT_ACQUIRE_COMPARE_KEY_FLAG;
        let (mut handle, mut kind, mut ours) = (0, 0, 0);
        // SAFETY: the context is valid, and what is written to is as large as it must be.
        let done = unsafe {
            CryptAcquireCertificatePrivateKey(context, flags, ptr::null(), &mut handle, &mut kind, &mut ours)
        };
        if done == 0 {
            return Err(told(io::Error::last_os_error()));
        }
        if ours != 0 {
            // SAFETY: it was opened just now, and is not used any more.
            unsafe {
                if kind == CERT_NCRYPT_KEY_SPEC {
                    NCryptFreeObject(handle);
                } else {
                    CryptReleaseContext(handle, 0);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Hex;
    use crate::protocol::StoreLocation;

    fn store(thumbprint: Option<[u8; 20]>, subject: Option<&str>) -> WindowsStoreSource {
        WindowsStoreSource {
            location: StoreLocation::LocalMachine,
            store: "My".into(),
            thumbprint: thumbprint.map(Hex),
            subject: subject.map(str::to_owned),
        }
    }

    fn garbage(key: Key) -> StoreEntry {
        StoreEntry {
            der: b"garbage".to_vec(),
            key,
        }
    }

    #[test]
    fn a_certificate_that_is_not_there_is_missing_and_an_empty_store_is_empty() {
        let missing = select(&store(Some([7; 20]), None), "store", vec![garbage(Key::Absent)]);
        assert_eq!(missing.unwrap_err().code, Code::CertificateMissing);
        let missing = select(&store(None, Some("CN=x")), "store", vec![garbage(Key::Absent)]);
        assert_eq!(missing.unwrap_err().code, Code::CertificateMissing);
        let empty = select(&store(None, None), "store", Vec::new()).unwrap();
        assert!(empty.certificates.is_empty() && empty.problems.is_empty());
    }

    #[test]
    fn what_cannot_be_parsed_is_said_and_hides_nothing_beside_it() {
        let keys = [
            Key::Absent,
            Key::Present { provider: None },
            Key::Closed { provider: None },
        ];
        let found = keys.into_iter().map(garbage).collect();
        let holding = select(&store(None, None), "store", found).unwrap();
        assert_eq!(holding.problems.len(), 3);
        let thumbprint = sha1(b"garbage");
        let unreadable = select(&store(Some(thumbprint), None), "store", vec![garbage(Key::Absent)]);
        assert_eq!(unreadable.unwrap_err().code, Code::CertificateUnreadable);
    }

    #[test]
    fn a_subject_is_compared_as_people_write_it() {
        assert_eq!(
            plain_name("CN=fe01, DC=Contoso ,DC=com"),
            plain_name("cn=FE01,dc=contoso,dc=com")
        );
        assert_ne!(plain_name("CN=fe01,DC=contoso"), plain_name("CN=fe01"));
    }
}
