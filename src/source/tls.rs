//! Reads the certificates that TLS servers present, and takes no trust decision about them.
//!
//! The servers this is for are old (Windows Server 2008 R2 to 2012 R2) as often as new: TLS 1.0 to 1.3 is spoken with
//! every cipher suite that authenticates a server by certificate, 3DES and RC4 included. That is safe because nothing
//! secret is sent and nothing that was received is believed: the certificates are bytes for others to judge.
//!
//! A server counts as read once its certificates are read, whatever follows: that it then asks for a client
//! certificate, resets the connection or fails the key exchange is no failure.

#[cfg(feature = "openssl")]
mod hello;
#[cfg(feature = "openssl")]
mod link;
#[cfg(feature = "openssl")]
mod live;
#[cfg(feature = "openssl")]
mod observation;
#[cfg(test)]
#[cfg(feature = "openssl")]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::protocol::StartTls;

/// Servers read at the same time. Reading is waiting, not computing, so many more than there are cores; yet each takes
/// a thread, a socket and up to [`MAX_RECEIVED`] bytes, and 64 sockets stay far below the 256 to 1,024 open files that
/// a process is commonly allowed.
pub const CONCURRENCY: usize = 64;

/// Certificates in one presented chain. Real chains have 1 to 5; OpenSSL and Windows build paths of at most 100.
pub const MAX_CERTIFICATES: usize = 100;

/// Bytes of one Certificate message. Real ones have 2 to 10 KiB, and a chain of four with the largest post-quantum
/// signatures of FIPS 205 just fits.
pub const MAX_CHAIN_BYTES: usize = 256 * 1024;

/// Bytes read from one connection in all: a Certificate message, a CertificateRequest of the same size, the small
/// messages beside them and their records' headers. What sends more is no handshake.
pub const MAX_RECEIVED: usize = 2 * MAX_CHAIN_BYTES + 128 * 1024;

/// The longest time that one server is waited for, whatever [`Endpoint::timeout`] says: no handshake takes an hour, and
/// a sum of times must not overflow.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(3600);

/// Stack of a reading thread: OpenSSL's handshake needs less than a tenth of it.
const STACK_BYTES: usize = 1024 * 1024;

/// A server to read, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// A host name in ASCII (an internationalised one in its `xn--` form), an IPv4 address, or an IPv6 address with or
    /// without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The name asked for in the hello (SNI, RFC 6066 section 3). Absent: `host`, if that is a name; an IP address is
    /// never sent. Empty: no name is sent.
    pub server_name: Option<String>,
    /// The protocol in which TLS is asked for first; absent: TLS from the first byte.
    pub starttls: Option<StartTls>,
    /// Bound on the whole reading: looking the name up, connecting, every attempt. At most [`MAX_TIMEOUT`].
    pub timeout: Duration,
}

/// What a server presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// The certificates as sent, byte for byte and in order, the server's own first: at least one, at most
    /// [`MAX_CERTIFICATES`]. Nothing has been checked, not even that they are certificates.
    pub certificates: Vec<Vec<u8>>,
    /// The handshake held a CertificateRequest (RFC 5246 section 7.4.4, RFC 8446 section 4.3.2). Servers that ask only
    /// later, as IIS can for a part of a site, are not seen.
    pub client_certificate_required: bool,
    /// The server has shown that it holds the private key of its certificate: it signed the key exchange or the
    /// handshake with it, or ended a handshake that takes the key. Not so where the handshake failed before.
    pub possession_proven: bool,
    /// The server signed the key exchange or the handshake, and the key of its certificate does not verify the
    /// signature.
    pub possession_failed: bool,
    /// The version in which they were sent: `TLS 1.0` to `TLS 1.3`.
    pub protocol: Option<&'static str>,
}

/// How far a reading had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The host name was being looked up.
    Resolve,
    /// The TCP connection was being made.
    Connect,
    /// The plain dialogue before TLS.
    StartTls,
    /// The hello was sent, and not yet answered by the server's.
    Hello,
    /// The server's hello had come, its certificates had not.
    Handshake,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "while its name was looked up",
            Self::Connect => "while connecting",
            Self::StartTls => "before TLS began",
            Self::Hello => "before it answered the TLS hello",
            Self::Handshake => "before it sent its certificates",
        })
    }
}

/// Why a server's certificates could not be read.
///
/// The words are ours and stable; what the operating system, OpenSSL or the server said is in [`TlsError::detail`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The feature `openssl` is off.
    #[error("this build cannot read TLS servers: it was built without the feature `openssl`")]
    NotBuilt,
    /// The host or the server name cannot be one.
    #[error("the {what} is not a host name or address in ASCII")]
    InvalidName {
        /// `host` or `server name`.
        what: &'static str,
    },
    /// No address was found for the host name.
    #[error("the host name could not be resolved")]
    ResolveFailed {
        /// The resolver's words.
        detail: Option<String>,
    },
    /// Nothing listens on the port.
    #[error("the connection was refused")]
    Refused,
    /// No way to the address.
    #[error("the server cannot be reached")]
    Unreachable {
        /// The operating system's words.
        detail: Option<String>,
    },
    /// This machine had no socket, thread or memory for it.
    #[error("this machine could not open a connection")]
    Local {
        /// The operating system's or the library's words.
        detail: Option<String>,
    },
    /// [`Endpoint::timeout`] was over.
    #[error("the server did not answer in time, {stage}")]
    Timeout {
        /// How far it had come.
        stage: Stage,
    },
    /// The server ended the connection. Whether by closing or resetting depends on timing, so they are one.
    #[error("the server closed the connection {stage}")]
    Reset {
        /// How far it had come.
        stage: Stage,
    },
    /// What answered does not speak TLS there.
    #[error("the server does not speak TLS on this port: it looks like {found}")]
    NotTls {
        /// What it seems to be, with its article: `an SSH server`.
        found: &'static str,
    },
    /// The server answered with a fatal alert (RFC 8446 section 6.2).
    #[error("the server refused the handshake with the TLS alert {name}")]
    Alert {
        /// The alert's name in IANA's registry, or `unknown`.
        name: &'static str,
    },
    /// What the server sent as TLS is not.
    #[error("the server's TLS messages could not be understood")]
    Malformed {
        /// OpenSSL's words.
        detail: Option<String>,
    },
    /// The server shook hands without a certificate: an anonymous or pre-shared-key suite, or an empty list.
    #[error("the server presents no certificate")]
    NoCertificate,
    /// The dialogue before TLS did not lead there.
    #[error("the server did not begin TLS over {protocol}: it {why}")]
    StartTlsRefused {
        /// The protocol spoken.
        protocol: StartTls,
        /// What the server did, as the end of a sentence.
        why: &'static str,
        /// The server's words, in printable ASCII.
        detail: Option<String>,
    },
    /// The server sent more than is ever sent in earnest.
    #[error("the server sent more than {limit} {unit}")]
    TooLarge {
        /// The bound that was exceeded.
        limit: usize,
        /// What is counted: `bytes`, `certificates`.
        unit: &'static str,
    },
}

impl TlsError {
    /// The message of the operating system, OpenSSL or the server, for stderr only: it differs from machine to machine.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::ResolveFailed { detail }
            | Self::Unreachable { detail }
            | Self::Local { detail }
            | Self::Malformed { detail }
            | Self::StartTlsRefused { detail, .. } => detail.as_deref(),
            _ => None,
        }
    }

    /// Of several addresses' failures the one that says most is reported, whatever the order in which they were tried:
    /// the further it came, the more it says.
    #[cfg(feature = "openssl")]
    fn weight(&self) -> u8 {
        match self {
            Self::NoCertificate => 10,
            Self::TooLarge { .. } => 9,
            Self::Alert { .. } => 8,
            Self::NotTls { .. } => 7,
            Self::StartTlsRefused { .. } => 6,
            Self::Malformed { .. } => 5,
            Self::Reset { .. } => 4,
            Self::Timeout { .. } => 3,
            Self::Refused => 2,
            Self::Unreachable { .. } => 1,
            Self::NotBuilt | Self::InvalidName { .. } | Self::ResolveFailed { .. } | Self::Local { .. } => 0,
        }
    }

    /// The one of the two that says more; the first of equals.
    #[cfg(feature = "openssl")]
    fn heavier(first: Option<Self>, second: Self) -> Self {
        match first {
            Some(first) if first.weight() >= second.weight() => first,
            _ => second,
        }
    }
}

/// Reads the certificates that one server presents, within its timeout.
///
/// # Errors
/// Says why no certificate was had; what goes wrong after the certificates were read is no error.
pub fn read(endpoint: &Endpoint) -> Result<Presented, TlsError> {
    #[cfg(feature = "openssl")]
    return live::read(endpoint);
    #[cfg(not(feature = "openssl"))]
    {
        let _ = endpoint;
        Err(TlsError::NotBuilt)
    }
}

/// Reads several servers, [`CONCURRENCY`] at a time, equal endpoints once; the results are in the order of `endpoints`.
///
/// `progress` gets the number of endpoints that are done and their total, from several threads but one call at a time and rising.
/// The timeout of an endpoint begins when its own reading does.
pub fn read_all(endpoints: &[Endpoint], progress: &(dyn Fn(usize, usize) + Sync)) -> Vec<Result<Presented, TlsError>> {
    let mut slot_of: HashMap<&Endpoint, usize> = HashMap::with_capacity(endpoints.len());
    let mut unique: Vec<(&Endpoint, usize)> = Vec::with_capacity(endpoints.len());
    let slots: Vec<usize> = endpoints
        .iter()
        .map(|endpoint| {
            let slot = *slot_of.entry(endpoint).or_insert_with(|| {
                unique.push((endpoint, 0));
                unique.len() - 1
            });
            if let Some((_, times)) = unique.get_mut(slot) {
                *times += 1;
            }
            slot
        })
        .collect();

    let results: Vec<OnceLock<Result<Presented, TlsError>>> = unique.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(0usize);
    let work = || {
        while let Some(((endpoint, times), result)) = {
            let slot = next.fetch_add(1, Ordering::Relaxed);
            unique.get(slot).zip(results.get(slot))
        } {
            result.get_or_init(|| read(endpoint));
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            *done += times;
            progress(*done, endpoints.len());
        }
    };
    thread::scope(|scope| {
        // This thread works too: where no other can be had, the reading is slower, not impossible.
        for _ in 1..CONCURRENCY.min(unique.len()) {
            if thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, work)
                .is_err()
            {
                break;
            }
        }
        work();
    });

    slots
        .into_iter()
        .map(|slot| {
            let result = results.get(slot).and_then(OnceLock::get).cloned();
            result.unwrap_or(Err(TlsError::Local { detail: None }))
        })
        .collect()
}

#[cfg(all(test, not(feature = "openssl")))]
mod tests {
    use super::*;

    #[test]
    fn without_openssl_the_error_names_the_feature() {
        let endpoint = Endpoint {
            host: "127.0.0.1".into(),
            port: 443,
            server_name: None,
            starttls: None,
            timeout: Duration::from_secs(1),
        };
        let results = read_all(&[endpoint.clone(), endpoint], &|_, _| {});
        assert_eq!(results, [Err(TlsError::NotBuilt), Err(TlsError::NotBuilt)]);
    }
}
