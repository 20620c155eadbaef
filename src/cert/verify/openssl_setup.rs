//! Setting OpenSSL up, once a process and before anything else of it is used.

use std::sync::OnceLock;

use openssl_sys as ffi;

/// Of crypto.h; not in openssl-sys.
const OPENSSL_INIT_NO_LOAD_CONFIG: u64 = 0x80;

/// Sets OpenSSL up, the first time that something needs it: without any configuration file, which could load code,
/// take algorithms away or change the protocol, and without work at the end of the process.
pub fn initialise_openssl() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        // SAFETY: OpenSSL documents it as callable at any time, from any thread, with null settings.
        unsafe {
            ffi::OPENSSL_init_ssl(
                OPENSSL_INIT_NO_LOAD_CONFIG | ffi::OPENSSL_INIT_NO_ATEXIT,
                std::ptr::null(),
            );
        }
    });
}
