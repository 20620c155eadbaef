//! The network side of one reading: names, addresses, sockets, deadlines, and which hello is tried when.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::hello::{self, Hello, Observation};
use super::{Endpoint, MAX_RECEIVED, MAX_TIMEOUT, Presented, Stage, TlsError};
use crate::source::{resolver, starttls};

/// Addresses tried of one host: a name with more is a farm of which any server will do.
const MAX_ADDRESSES: usize = 8;

/// A host name in octets (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 255;

/// What follows the certificates tells only whether a client certificate is asked for, which comes in the same flight:
/// a server that hangs there costs this much and no more.
const AFTER_CERTIFICATES: Duration = Duration::from_secs(2);

/// Bytes kept of the beginning, to say what it is that does not speak TLS: OpenSSL reads the 5 of a record's header.
const FIRST_BYTES: usize = 16;

/// The shortest time a socket can be told to wait: zero would mean for ever.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// Reads `endpoint`: every address in turn, each within its share of the time.
pub(super) fn read(endpoint: &Endpoint) -> Result<Presented, TlsError> {
    let deadline = Instant::now() + endpoint.timeout.min(MAX_TIMEOUT);
    let target = Target::new(endpoint)?;
    let addresses = resolve(target.host, endpoint.port, deadline)?;
    let mut failure = None;
    for (tried, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let now = Instant::now();
        let share = deadline.saturating_duration_since(now) / left;
        match read_address(&target, *address, now + share) {
            Ok(presented) => return Ok(presented),
            Err(error) => failure = Some(TlsError::heavier(failure, error)),
        }
    }
    Err(failure.unwrap_or(TlsError::ResolveFailed { detail: None }))
}

/// An endpoint whose names were checked.
struct Target<'a> {
    /// Without brackets.
    host: &'a str,
    /// To be sent in the hello.
    server_name: Option<&'a str>,
    starttls: Option<super::StartTls>,
}

impl<'a> Target<'a> {
    fn new(endpoint: &'a Endpoint) -> Result<Self, TlsError> {
        let host = endpoint
            .host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(&endpoint.host);
        if !is_name(host) {
            return Err(TlsError::InvalidName { what: "host" });
        }
        let server_name = match endpoint.server_name.as_deref() {
            Some("") => None,
            Some(name) => Some(name),
            None if is_address(host) => None,
            None => Some(host),
        };
        // RFC 6066 section 3: without the trailing dot.
        let server_name = server_name.map(|name| name.strip_suffix('.').unwrap_or(name));
        if server_name.is_some_and(|name| !is_name(name)) {
            return Err(TlsError::InvalidName { what: "server name" });
        }
        Ok(Self {
            host,
            server_name,
            starttls: endpoint.starttls,
        })
    }
}

/// What the resolver, OpenSSL and an XML attribute can all be handed.
fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:%".contains(&byte);
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(fits)
}

/// An IPv6 literal, or what a resolver takes for an IPv4 one: its last label is a number.
fn is_address(host: &str) -> bool {
    let last = host
        .strip_suffix('.')
        .unwrap_or(host)
        .rsplit('.')
        .next()
        .unwrap_or(host);
    host.contains(':') || last.bytes().all(|byte| byte.is_ascii_digit())
}

/// The host's addresses as the resolver orders them, by `deadline`.
fn resolve(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, TlsError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // The resolver knows no deadline, so it works on a thread of its own, which is left behind when it is over.
    let (sender, receiver) = mpsc::sync_channel(1);
    let name = host.to_owned();
    let lookup = move || {
        resolver::prepare();
        let addresses = (name.as_str(), port).to_socket_addrs();
        // Nobody listens any more when it is late.
        let _ = sender.send(addresses.map(|found| found.take(MAX_ADDRESSES).collect::<Vec<_>>()));
    };
    thread::Builder::new().spawn(lookup).map_err(|error| TlsError::Local {
        detail: Some(error.to_string()),
    })?;
    match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(TlsError::ResolveFailed { detail: None }),
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(TlsError::ResolveFailed {
            detail: Some(error.to_string()),
        }),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(TlsError::Timeout { stage: Stage::Resolve }),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(TlsError::ResolveFailed { detail: None }),
    }
}

/// Tries one hello after the other, each over a connection of its own, until a certificate is read or no other hello
/// could make a difference.
fn read_address(target: &Target<'_>, address: SocketAddr, deadline: Instant) -> Result<Presented, TlsError> {
    let mut failure: Option<TlsError> = None;
    for hello in Hello::LADDER {
        // Only a server that refuses all suites with certificates by an alert is asked what else it has.
        if hello == Hello::Uncertified && !matches!(failure, Some(TlsError::Alert { .. })) {
            break;
        }
        let error = match attempt(target, address, hello, deadline) {
            Ok(presented) => return Ok(presented),
            Err(error) => error,
        };
        let another_may_help = matches!(
            error,
            TlsError::Alert { .. }
                | TlsError::Malformed { .. }
                | TlsError::Reset {
                    stage: Stage::Hello | Stage::Handshake
                }
        );
        // What the first hello met stands, unless another finds out what the server is: a later failure can be due to
        // what that hello leaves out.
        let tells = matches!(
            error,
            TlsError::NoCertificate | TlsError::TooLarge { .. } | TlsError::NotTls { .. }
        );
        if failure.is_none() || tells {
            failure = Some(error);
        }
        if !another_may_help {
            break;
        }
    }
    Err(failure.unwrap_or(TlsError::Timeout { stage: Stage::Connect }))
}

/// One connection, one hello.
fn attempt(target: &Target<'_>, address: SocketAddr, hello: Hello, deadline: Instant) -> Result<Presented, TlsError> {
    let mut link = Link::connect(address, deadline)?;
    if let Some(protocol) = target.starttls {
        let to = target.server_name.unwrap_or(target.host);
        starttls::negotiate(&mut link, protocol, to).map_err(|failed| link.starttls_error(protocol, failed))?;
    }
    hello::shake(hello, target.server_name, link)
}

/// A connection that keeps to a deadline and a number of bytes, whatever the server does: before each wait it is told
/// anew how long it may take.
#[derive(Debug)]
pub(super) struct Link {
    tcp: TcpStream,
    deadline: Instant,
    received: usize,
    /// The beginning of what came since TLS began.
    first: Vec<u8>,
    /// Set once TLS begins.
    observation: Option<Arc<Observation>>,
    /// Why it can go no further.
    pub(super) stop: Option<Stop>,
}

/// Why a [`Link`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Timeout,
    Closed,
    TooLarge,
}

impl Link {
    fn connect(address: SocketAddr, deadline: Instant) -> Result<Self, TlsError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(TlsError::Timeout { stage: Stage::Connect });
        }
        let tcp = TcpStream::connect_timeout(&address, left).map_err(|error| connect_error(&error))?;
        // The hello is one write, so this only spares a wait; where it fails nothing is lost.
        let _ = tcp.set_nodelay(true);
        Ok(Self {
            tcp,
            deadline,
            received: 0,
            first: Vec::new(),
            observation: None,
            stop: None,
        })
    }

    /// From here on what comes is TLS, and seen by `observation`.
    pub(super) fn begin_tls(&mut self, observation: Arc<Observation>) {
        self.observation = Some(observation);
    }

    /// What it is that answered, where its first bytes are not those of TLS; `None` while nothing says so.
    pub(super) fn not_tls(&self) -> Option<&'static str> {
        let starts = |with: &[u8]| self.first.starts_with(with);
        match self.first.as_slice() {
            [] => None,
            // SSL 3.0 (RFC 6101) has TLS's records, and OpenSSL refuses its hello as it does an unknown one.
            [22, 3, 0, ..] => Some("an SSL 3.0 server"),
            [20..=23, 3, ..] | [20..=23] => None,
            [high, _, 4, ..] if high & 0x80 != 0 => Some("an SSL 2.0 server"),
            _ if starts(b"SSH-") => Some("an SSH server"),
            _ if starts(b"HTTP") || starts(b"<htm") || starts(b"<HTM") || starts(b"<!DO") || starts(b"<!do") => {
                Some("an HTTP server")
            }
            _ if starts(b"220") => Some("an SMTP or FTP server"),
            _ if starts(b"* OK") => Some("an IMAP server"),
            _ if starts(b"+OK") => Some("a POP3 server"),
            first
                if first
                    .iter()
                    .all(|byte| matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~')) =>
            {
                Some("plain text")
            }
            _ => Some("another binary protocol"),
        }
    }

    /// Where sending failed, what the server had said before it closed is still to be read.
    pub(super) fn last_words(&mut self) {
        if self.stop == Some(Stop::Closed) && self.first.is_empty() {
            let mut words = [0; FIRST_BYTES];
            // Nothing to be had is what was known before.
            let _ = self.read(&mut words);
        }
    }

    fn starttls_error(&self, protocol: super::StartTls, failed: starttls::Failed) -> TlsError {
        match (failed, self.stop) {
            (starttls::Failed::Refused { why, reply }, _) => TlsError::StartTlsRefused {
                protocol,
                why,
                detail: Some(reply).filter(|reply| !reply.is_empty()),
            },
            (starttls::Failed::TooLong { limit }, _) => TlsError::TooLarge {
                limit,
                unit: "bytes before TLS",
            },
            (starttls::Failed::Ended, Some(Stop::Timeout)) => TlsError::Timeout { stage: Stage::StartTls },
            (starttls::Failed::Ended, _) => TlsError::Reset { stage: Stage::StartTls },
        }
    }

    /// How long the next wait may be.
    fn left(&self) -> Option<Duration> {
        let seen = self
            .observation
            .as_ref()
            .and_then(|observation| observation.certificates_at());
        let deadline = match seen {
            Some(at) => self.deadline.min(at + AFTER_CERTIFICATES),
            None => self.deadline,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            None
        } else {
            Some(left.max(SHORTEST_WAIT))
        }
    }

    fn timed_out(&mut self) -> io::Error {
        self.stop = Some(Stop::Timeout);
        io::ErrorKind::TimedOut.into()
    }

    fn closed(&mut self) -> io::Error {
        self.stop = Some(Stop::Closed);
        io::ErrorKind::ConnectionReset.into()
    }
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(left) = self.left() else {
                return Err(self.timed_out());
            };
            if self.tcp.set_read_timeout(Some(left)).is_err() {
                return Err(self.closed());
            }
            match self.tcp.read(buffer) {
                Ok(0) => return Err(self.closed()),
                Ok(count) => {
                    self.received = self.received.saturating_add(count);
                    if self.received > MAX_RECEIVED {
                        self.stop = Some(Stop::TooLarge);
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                    if self.observation.is_some() && self.first.len() < FIRST_BYTES {
                        let wanted = FIRST_BYTES - self.first.len();
                        self.first.extend(buffer.iter().take(count.min(wanted)));
                    }
                    return Ok(count);
                }
                // Unix says the one, Windows the other, when a wait is over; it may be over a little early.
                Err(error) if is_wait(&error) => continue,
                Err(_) => return Err(self.closed()),
            }
        }
    }
}

impl Write for Link {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        loop {
            let Some(left) = self.left() else {
                return Err(self.timed_out());
            };
            if self.tcp.set_write_timeout(Some(left)).is_err() {
                return Err(self.closed());
            }
            match self.tcp.write(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if is_wait(&error) => continue,
                Err(_) => return Err(self.closed()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

fn connect_error(error: &io::Error) -> TlsError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => TlsError::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => TlsError::Timeout { stage: Stage::Connect },
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => TlsError::Reset { stage: Stage::Connect },
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::PermissionDenied => TlsError::Unreachable {
            detail: Some(error.to_string()),
        },
        _ => TlsError::Local {
            detail: Some(error.to_string()),
        },
    }
}
