//! The C library's resolver, where that library is part of the program.

/// To be called before a name is looked up.
///
/// The C library loads modules that `/etc/nsswitch.conf` names for `hosts`. They belong to the C library of the system: one
/// of another version than the one that is linked in ends the process. What both have inside, `/etc/hosts` and DNS, is
/// all that a static program asks.
pub fn prepare() {
    #[cfg(all(target_os = "linux", target_env = "gnu", target_feature = "crt-static"))]
    linked::prepare();
}

#[cfg(all(target_os = "linux", target_env = "gnu", target_feature = "crt-static"))]
#[allow(unsafe_code, reason = "std does not wrap what the C library has for this")]
mod linked {
    use std::ffi::{c_char, c_int};
    use std::sync::Once;

    unsafe extern "C" {
        // glibc, nss.h: overwrites the services of a database, for programs that have to work around missing ones.
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }

    pub fn prepare() {
        static DONE: Once = Once::new();
        DONE.call_once(|| {
            // SAFETY: both end in NUL, and are only read. It fails for a database that nobody knows, or without memory.
            unsafe { __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr()) };
        });
    }
}
