//! Puts a certificate with its private key into a Windows certificate store.

use zeroize::Zeroizing;

use crate::protocol::install::WindowsStorePlace;

use super::InstallError;

/// Stores whose certificates are trusted, or distrusted, for being there. No server's certificate belongs in them.
const STORES_OF_TRUST: &[&str] = &[
    "root",
    "authroot",
    "smartcardroot",
    "ca",
    "ntauth",
    "clientauthissuer",
    "trust",
    "trustedpeople",
    "trustedpublisher",
    "trusteddevices",
    "disallowed",
];

/// Whether this build imports into stores.
pub const SUPPORTED: bool = cfg!(windows);

/// What is imported.
#[derive(Debug)]
pub struct Import<'a> {
    /// Where to.
    pub place: &'a WindowsStorePlace,
    /// What to call the store in messages.
    pub label: &'a str,
    /// The certificate: DER.
    pub certificate: &'a [u8],
    /// It and its private key, and nothing else: PKCS#12.
    pub pkcs12: &'a [u8],
    /// What opens that.
    pub password: &'a str,
}

/// Whether a store is one that a server's certificate may go into.
///
/// # Errors
/// Where its certificates are trusted for being there.
pub fn check_store(place: &WindowsStorePlace, label: &str) -> Result<(), InstallError> {
    let name = place.store.to_lowercase();
    if STORES_OF_TRUST.contains(&name.as_str()) {
        let why = "what is in this store is trusted or distrusted for being there, so nothing is installed into it";
        return Err(InstallError::refused(label, why));
    }
    Ok(())
}

/// A password for one import: the file that it protects never leaves the process. `None` where the system has no
/// randomness.
pub fn passing_password() -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 16]);
    aws_lc_rs::rand::fill(&mut *bytes).ok()?;
    Some(Zeroizing::new(crate::protocol::hex(&*bytes)))
}

#[cfg(windows)]
pub use system::import;

/// No other system has such a store.
///
/// # Errors
/// Always.
#[cfg(not(windows))]
pub fn import(import: &Import<'_>) -> Result<(), InstallError> {
    Err(InstallError::refused(
        import.label,
        "no other system than Windows has a certificate store",
    ))
}

#[cfg(windows)]
#[allow(unsafe_code, reason = "schannel cannot take a key away again")]
mod system {
    use std::ffi::c_void;
    use std::io;
    use std::ptr;

    use schannel::RawPointer;
    use schannel::cert_context::CertContext;
    use schannel::cert_store::{CertAdd, CertStore, PfxImportOptions};
    use windows_sys::Win32::Security::Cryptography::{
        CERT_CONTEXT, CERT_KEY_PROV_INFO_PROP_ID, CRYPT_DELETEKEYSET, CRYPT_KEY_PROV_INFO, CRYPT_MACHINE_KEYSET,
        CRYPT_SILENT, CertGetCertificateContextProperty, CryptAcquireContextW, NCRYPT_MACHINE_KEY_FLAG,
        NCryptDeleteKey, NCryptFreeObject, NCryptOpenKey, NCryptOpenStorageProvider,
    };

    use crate::protocol::StoreLocation;

    use super::{Import, InstallError};

    /// Imports a certificate with its private key. The same certificate, standing there without its key, is replaced.
    ///
    /// # Errors
    /// Where the store may not be written, or the key not be kept; then nothing is left behind.
    pub fn import(import: &Import<'_>) -> Result<(), InstallError> {
        let label = import.label;
        let refused = |error: io::Error| InstallError::refused_for(label, told(error));
        let failed = |error: io::Error| InstallError::Failed {
            path: label.to_owned(),
            cause: told(error),
        };
        // Before any key is kept: it may not be ours to write.
        let machine = import.place.location == StoreLocation::LocalMachine;
        let mut store = match import.place.location {
            StoreLocation::LocalMachine => CertStore::open_local_machine(&import.place.store),
            StoreLocation::CurrentUser => CertStore::open_current_user(&import.place.store),
        }
        .map_err(refused)?;
        let imported = PfxImportOptions::new()
            .password(import.password)
            .machine_keyset(machine)
            .exportable_private_key(import.place.exportable)
            .import(import.pkcs12)
            .map_err(refused)?;
        let wanted = imported.certs().find(|context| context.to_der() == import.certificate);
        let context = wanted.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let added = name(&context, import).and_then(|()| store.add_cert(&context, CertAdd::ReplaceExisting));
        if let Err(error) = added {
            remove_key(&context);
            return Err(failed(error));
        }
        Ok(())
    }

    fn name(context: &CertContext, import: &Import<'_>) -> io::Result<()> {
        match &import.place.friendly_name {
            Some(name) => context.set_friendly_name(name),
            None => Ok(()),
        }
    }

    /// Takes the key away that importing has kept. Where that fails too, a key is left that no certificate names.
    fn remove_key(context: &CertContext) {
        // SAFETY: the context outlives this function.
        let raw: *const CERT_CONTEXT = unsafe { context.as_ptr() }.cast_const().cast();
        let mut size = 0;
        let property = |buffer: *mut c_void, size: &mut u32| {
            // SAFETY: the context is valid, and the buffer has room for as many octets as `size` says, or is null.
            unsafe { CertGetCertificateContextProperty(raw, CERT_KEY_PROV_INFO_PROP_ID, buffer, size) != 0 }
        };
        if !property(ptr::null_mut(), &mut size) || (size as usize) < size_of::<CRYPT_KEY_PROV_INFO>() {
            return;
        }
        let mut buffer = vec![0u64; (size as usize).div_ceil(size_of::<u64>())];
        if !property(buffer.as_mut_ptr().cast(), &mut size) {
            return;
        }
        // SAFETY: the buffer is aligned for the structure and at least as large; what it points to lies in the buffer.
        // A provider without a type is one of CNG.
        unsafe {
            let info = &*buffer.as_ptr().cast::<CRYPT_KEY_PROV_INFO>();
            if info.dwProvType != 0 {
                let flags = CRYPT_DELETEKEYSET | CRYPT_SILENT | info.dwFlags & CRYPT_MACHINE_KEYSET;
                let mut provider = 0;
                CryptAcquireContextW(
                    &mut provider,
                    info.pwszContainerName,
                    info.pwszProvName,
                    info.dwProvType,
                    flags,
                );
                return;
            }
            let (mut provider, mut key) = (0, 0);
            if NCryptOpenStorageProvider(&mut provider, info.pwszProvName, 0) == 0 {
                let flags = match info.dwFlags & CRYPT_MACHINE_KEYSET {
                    0 => 0,
                    _ => NCRYPT_MACHINE_KEY_FLAG,
                };
                if NCryptOpenKey(provider, &mut key, info.pwszContainerName, 0, flags) == 0 {
                    // The handle goes with the key.
                    NCryptDeleteKey(key, 0);
                }
                NCryptFreeObject(provider);
            }
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::StoreLocation;

    fn place(store: &str) -> WindowsStorePlace {
        WindowsStorePlace {
            location: StoreLocation::LocalMachine,
            store: store.into(),
            exportable: false,
            friendly_name: None,
            thumbprint: None,
        }
    }

    #[test]
    fn nothing_goes_into_a_store_whose_certificates_are_trusted() {
        for store in [
            "Root",
            "ROOT",
            "CA",
            "AuthRoot",
            "TrustedPublisher",
            "NTAuth",
            "Disallowed",
        ] {
            assert!(check_store(&place(store), "there").is_err(), "{store}");
        }
        for store in ["My", "WebHosting", "Remote Desktop"] {
            assert!(check_store(&place(store), "there").is_ok(), "{store}");
        }
    }

    #[test]
    fn a_passing_password_is_another_each_time() {
        let (one, other) = (passing_password().unwrap(), passing_password().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }
}
