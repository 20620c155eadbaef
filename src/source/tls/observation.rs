//! What is seen of a handshake from beside OpenSSL: the messages that the server sends in plain text, or decrypted.

use std::ffi::c_int;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::MAX_CERTIFICATES;

/// What was seen of one handshake: written while OpenSSL reads its messages, read by the connection.
#[derive(Debug, Default)]
pub struct Observation(Mutex<Seen>);

#[derive(Debug, Default)]
pub struct Seen {
    pub server_hello: bool,
    /// Of the first Certificate message that could be read, which may be empty.
    pub certificates: Option<Vec<Vec<u8>>>,
    pub certificates_at: Option<Instant>,
    pub too_many: bool,
    /// The server went on to where its certificates should have come before, or sent a list of none.
    pub uncertified: bool,
    pub certificate_request: bool,
    /// A message signed with the certificate's key has come, by which it may be proven.
    pub signed: bool,
    /// OpenSSL verified that signature: it went on to the message after.
    pub possession_proven: bool,
    pub protocol: Option<&'static str>,
    pub alert: Option<u8>,
}

impl Observation {
    /// When the certificates were read, if they were.
    pub fn certificates_at(&self) -> Option<Instant> {
        self.seen().certificates_at
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn handshake(&self, version: c_int, message: &[u8]) {
        // The type, the length in three bytes, the body (RFC 8446 section 4).
        let [kind, _, _, _, body @ ..] = message else { return };
        let mut seen = self.seen();
        // OpenSSL takes up a message only when it is done with the one before.
        seen.possession_proven |= seen.signed;
        match *kind {
            SERVER_HELLO => seen.server_hello = true,
            CERTIFICATE if seen.certificates.is_none() => {
                seen.protocol = protocol_name(version);
                match certificate_list(version, body) {
                    List::Of(certificates) => {
                        seen.uncertified = certificates.is_empty();
                        seen.certificates_at = Some(Instant::now());
                        seen.certificates = Some(certificates);
                    }
                    List::TooMany => seen.too_many = true,
                    List::Malformed => {}
                }
            }
            CERTIFICATE_REQUEST => seen.certificate_request = true,
            SERVER_KEY_EXCHANGE | CERTIFICATE_VERIFY if seen.certificates.is_some() => seen.signed = true,
            SERVER_KEY_EXCHANGE | SERVER_HELLO_DONE if seen.protocol.is_none() => seen.uncertified = true,
            _ => {}
        }
    }

    pub fn alert(&self, version: c_int, message: &[u8]) {
        let [level, description] = *message else { return };
        // A warning is not why a handshake failed. TLS 1.3 ignores the level, and unlike older versions has no warnings
        // but the first two (RFC 8446 section 6).
        let warning = match description {
            CLOSE_NOTIFY | USER_CANCELED => true,
            UNRECOGNIZED_NAME => level == WARNING,
            _ => level == WARNING && version < TLS1_3_VERSION,
        };
        if !warning {
            self.seen().alert = Some(description);
        }
    }
}

const CLOSE_NOTIFY: u8 = 0;
const USER_CANCELED: u8 = 90;
const UNRECOGNIZED_NAME: u8 = 112;
const WARNING: u8 = 1;

// Handshake message types (RFC 5246 section 7.4, RFC 8446 section 4).
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;
const CERTIFICATE_VERIFY: u8 = 15;

const TLS1_3_VERSION: c_int = 0x0304;

fn protocol_name(version: c_int) -> Option<&'static str> {
    match version {
        0x0301 => Some("TLS 1.0"),
        0x0302 => Some("TLS 1.1"),
        0x0303 => Some("TLS 1.2"),
        TLS1_3_VERSION => Some("TLS 1.3"),
        _ => None,
    }
}

enum List {
    Of(Vec<Vec<u8>>),
    TooMany,
    Malformed,
}

/// The certificates of a Certificate message's body: RFC 5246 section 7.4.2, or RFC 8446 section 4.4.2.
fn certificate_list(version: c_int, body: &[u8]) -> List {
    let entries = if version >= TLS1_3_VERSION {
        vector::<1>(body).and_then(|(_context, rest)| vector::<3>(rest))
    } else {
        vector::<3>(body)
    };
    let Some((mut entries, [])) = entries else {
        return List::Malformed;
    };
    let mut certificates = Vec::new();
    while !entries.is_empty() {
        if certificates.len() == MAX_CERTIFICATES {
            return List::TooMany;
        }
        let Some((certificate, mut rest)) = vector::<3>(entries) else {
            return List::Malformed;
        };
        if version >= TLS1_3_VERSION {
            let Some((_extensions, after)) = vector::<2>(rest) else {
                return List::Malformed;
            };
            rest = after;
        }
        if certificate.is_empty() {
            return List::Malformed;
        }
        certificates.push(certificate.to_vec());
        entries = rest;
    }
    List::Of(certificates)
}

/// A vector with `N` bytes of length before it (RFC 8446 section 3.4), and what follows it.
fn vector<const N: usize>(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<N>()?;
    rest.split_at_checked(length.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_a_certificate_message_holds_it_is_no_panic(
            body: Vec<u8>,
            head in 0u8..4,
            version in 0x0301..0x0305,
        ) {
            // With plausible lengths more of it is parsed.
            for body in [body.clone(), [&[0, 0, head][..], &body].concat(), [&[0, 0, 0, head][..], &body].concat()] {
                if let List::Of(certificates) = certificate_list(version, &body) {
                    prop_assert!(certificates.iter().map(Vec::len).sum::<usize>() < body.len());
                }
                let observation = Observation::default();
                observation.handshake(version, &body);
                observation.alert(version, &body);
            }
        }

        #[test]
        fn what_is_written_as_a_list_is_read_as_one(
            certificates in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..12),
        ) {
            let length = |length: usize| [0, (length >> 8) as u8, length as u8];
            for version in [0x0303, TLS1_3_VERSION] {
                let extensions: &[u8] = if version == TLS1_3_VERSION { &[0, 1, 9] } else { &[] };
                let entry = |der: &Vec<u8>| [&length(der.len())[..], der, extensions].concat();
                let list: Vec<u8> = certificates.iter().flat_map(entry).collect();
                let context: &[u8] = if version == TLS1_3_VERSION { &[2, 5, 5] } else { &[] };
                let body = [context, &length(list.len()), &list].concat();
                let List::Of(read) = certificate_list(version, &body) else {
                    return Err(TestCaseError::fail("no list"));
                };
                prop_assert_eq!(&read, &certificates);
            }
        }
    }
}
