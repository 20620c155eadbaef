//! The network side of one reading: names, addresses, sockets, deadlines, and which hello is tried when.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use super::hello::{self, Hello};
use super::link::Link;
use super::{Endpoint, MAX_TIMEOUT, Presented, Stage, TlsError};
use crate::source::{resolver, starttls};

/// Addresses tried of one host: a name with more is a farm of which any server will do.
const MAX_ADDRESSES: usize = 8;

/// A host name in octets (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 255;

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
    starttls: Option<crate::protocol::StartTls>,
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
        // The result of the first hello counts, unless another finds out what the server is: a later failure can be due
        // to what that hello leaves out.
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
