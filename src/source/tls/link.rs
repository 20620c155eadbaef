//! One connection, which keeps to a deadline and a number of bytes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::observation::Observation;
use super::{MAX_RECEIVED, Stage, TlsError};
use crate::protocol::StartTls;
use crate::source::starttls;

/// What follows the certificates tells only whether a client certificate is asked for, which comes in the same flight:
/// a server that hangs there costs this much and no more.
const AFTER_CERTIFICATES: Duration = Duration::from_secs(2);

/// Bytes kept of the beginning, to say what it is that does not speak TLS: OpenSSL reads the 5 of a record's header.
const FIRST_BYTES: usize = 16;

/// The shortest time a socket can be told to wait: zero would mean for ever.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// A connection that keeps to a deadline and a number of bytes, whatever the server does: before each wait it is told
/// anew how long it may take.
#[derive(Debug)]
pub struct Link {
    tcp: TcpStream,
    deadline: Instant,
    received: usize,
    /// The beginning of what came since TLS began.
    first: Vec<u8>,
    /// Set once TLS begins.
    observation: Option<Arc<Observation>>,
    /// Why it can go no further.
    pub stop: Option<Stop>,
}

/// Why a [`Link`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Timeout,
    Closed,
    TooLarge,
}

impl Link {
    pub fn connect(address: SocketAddr, deadline: Instant) -> Result<Self, TlsError> {
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
    pub fn begin_tls(&mut self, observation: Arc<Observation>) {
        self.observation = Some(observation);
    }

    /// What it is that answered, where its first bytes are not those of TLS; `None` while nothing says so.
    pub fn not_tls(&self) -> Option<&'static str> {
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
    pub fn last_words(&mut self) {
        if self.stop == Some(Stop::Closed) && self.first.is_empty() {
            let mut words = [0; FIRST_BYTES];
            // Nothing to be had is what was known before.
            let _ = self.read(&mut words);
        }
    }

    pub fn starttls_error(&self, protocol: StartTls, failed: starttls::Failed) -> TlsError {
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
