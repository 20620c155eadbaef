//! The machine's name.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::source::resolver;

/// How long the resolver may take: a machine whose DNS does not answer is called by its short name instead.
const PATIENCE: Duration = Duration::from_secs(5);

/// The folder that relative paths are looked for in: DSC starts a resource in the folder of its manifest.
pub fn folder() -> Option<String> {
    let folder = std::env::current_dir().ok()?;
    Some(folder.to_string_lossy().into_owned())
}

/// The fully qualified name of the machine; the short one where it knows no other.
pub fn name() -> String {
    let short = system::short_name().unwrap_or_default();
    if short.is_empty() {
        return "localhost".into();
    }
    if is_qualified(&short) {
        return short;
    }
    let (sender, receiver) = mpsc::channel();
    let asked = short.clone();
    let asking = thread::Builder::new().spawn(move || {
        resolver::prepare();
        // Whoever asked may have lost patience.
        let _ = sender.send(system::qualified_name(&asked));
    });
    let qualified = match asking {
        Ok(_) => receiver.recv_timeout(PATIENCE).ok().flatten(),
        Err(_) => None,
    };
    qualified.filter(|name| is_qualified(name)).unwrap_or(short)
}

/// Whether a name has a domain, and not the one that every machine calls itself by.
fn is_qualified(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.contains('.')
        && !name.to_ascii_lowercase().starts_with("localhost")
        && name.parse::<std::net::IpAddr>().is_err()
}

#[cfg(unix)]
#[allow(
    unsafe_code,
    reason = "the resolver has no safe interface in std that tells a canonical name"
)]
mod system {
    use std::ffi::{CStr, CString};
    use std::ptr;

    /// Longest host name, with its end (RFC 1035 §2.3.4 allows 255 octets).
    const LONGEST: usize = 256;

    /// What the machine calls itself.
    pub fn short_name() -> Option<String> {
        let mut buffer = [0u8; LONGEST];
        // SAFETY: the buffer is writable and one octet longer than what is said of it, so that its end stays 0.
        let failed = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) } != 0;
        let name = CStr::from_bytes_until_nul(&buffer).ok()?;
        name.to_str().ok().filter(|_| !failed).map(str::to_owned)
    }

    /// What the resolver calls it, as `hostname -f` asks: the canonical name of its own name.
    pub fn qualified_name(short: &str) -> Option<String> {
        let short = CString::new(short).ok()?;
        // SAFETY: addrinfo is plain data, for which zero is the value of what is not asked.
        let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
        hints.ai_flags = libc::AI_CANONNAME;
        hints.ai_socktype = libc::SOCK_STREAM;
        let mut list = ptr::null_mut();
        // SAFETY: all pointers are valid for the call; `list` is set where it returns 0, and freed below.
        if unsafe { libc::getaddrinfo(short.as_ptr(), ptr::null(), &hints, &mut list) } != 0 || list.is_null() {
            return None;
        }
        // SAFETY: `list` is not null and was given by getaddrinfo; a canonical name ends in NUL (POSIX).
        let name = unsafe {
            let canonical = (*list).ai_canonname;
            (!canonical.is_null()).then(|| CStr::from_ptr(canonical).to_string_lossy().into_owned())
        };
        // SAFETY: given by getaddrinfo, and not used after this.
        unsafe { libc::freeaddrinfo(list) };
        name
    }
}

#[cfg(windows)]
#[allow(unsafe_code, reason = "std has no call for the name of the machine")]
mod system {
    // Windows, sysinfoapi.h: COMPUTER_NAME_FORMAT.
    const DNS_HOSTNAME: i32 = 1;
    const DNS_FULLY_QUALIFIED: i32 = 3;
    /// Longest name, with its end (RFC 1035 §2.3.4 allows 255 octets).
    const LONGEST: usize = 256;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetComputerNameExW(format: i32, buffer: *mut u16, size: *mut u32) -> i32;
    }

    fn computer_name(format: i32) -> Option<String> {
        let mut buffer = [0u16; LONGEST];
        let mut size = LONGEST as u32;
        // SAFETY: `size` is the number of characters that the buffer has room for, and is set to how many were written.
        let done = unsafe { GetComputerNameExW(format, buffer.as_mut_ptr(), &mut size) } != 0;
        let name = buffer.get(..size as usize).filter(|_| done)?;
        String::from_utf16(name).ok()
    }

    /// What the machine calls itself.
    pub fn short_name() -> Option<String> {
        computer_name(DNS_HOSTNAME)
    }

    /// With the domain that it is in.
    pub fn qualified_name(_: &str) -> Option<String> {
        computer_name(DNS_FULLY_QUALIFIED)
    }
}

#[cfg(not(any(unix, windows)))]
mod system {
    pub fn short_name() -> Option<String> {
        None
    }

    pub fn qualified_name(_: &str) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_has_a_name_and_keeps_it() {
        let name = name();
        assert!(!name.is_empty() && name == super::name());
        assert!(!name.contains(char::is_whitespace), "{name:?}");
    }

    #[test]
    fn a_name_that_every_machine_has_is_no_name() {
        for name in ["localhost", "localhost.localdomain", "pchat01", "pchat01.", "10.1.2.3"] {
            assert!(!is_qualified(name), "{name}");
        }
        assert!(is_qualified("pchat01.contoso.com"));
    }
}
