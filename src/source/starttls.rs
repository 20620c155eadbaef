//! The dialogues in plain text that come before TLS.
//!
//! What a server says here is believed only as far as to go on: each line and the whole are bounded, and a server that
//! sends anything between its go-ahead and TLS is refused (STARTTLS injection).

use std::io::{Read, Write};

use crate::protocol::StartTls;

/// A line in bytes: RFC 5321 section 4.5.3.1.5 has 512, IMAP servers send capabilities in somewhat longer ones.
const MAX_LINE: usize = 4096;

/// All that a server says before TLS begins. The longest in earnest are an EHLO reply or XMPP features of 1 or 2 KiB.
const MAX_DIALOGUE: usize = 16 * 1024;

/// Bytes of a server's reply that are kept as the detail of an error.
const MAX_REPLY: usize = 200;

/// RFC 4511 section 4.14.1: LDAPMessage 1, ExtendedRequest, requestName 1.3.6.1.4.1.1466.20037.
const LDAP_STARTTLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Why a dialogue did not lead to TLS.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// The connection ended or timed out; it knows which.
    Ended,
    /// The server sent more than `limit` bytes.
    TooLong { limit: usize },
    /// The server would not, or spoke something else: `why` ends the sentence "it …", `reply` is what it said.
    Refused { why: &'static str, reply: String },
}

/// Leads `stream` to where the TLS hello may be sent. `to` is the name of the service asked for, in XMPP.
pub(super) fn negotiate(stream: &mut (impl Read + Write), protocol: StartTls, to: &str) -> Result<(), Failed> {
    let mut dialogue = Dialogue {
        stream,
        pending: Vec::new(),
        received: 0,
    };
    match protocol {
        StartTls::Smtp => smtp(&mut dialogue)?,
        StartTls::Imap => imap(&mut dialogue)?,
        StartTls::Pop3 => pop3(&mut dialogue)?,
        StartTls::Ldap => ldap(&mut dialogue)?,
        StartTls::Xmpp => xmpp(&mut dialogue, to)?,
    }
    if dialogue.pending.is_empty() {
        Ok(())
    } else {
        Err(refused(
            "sent more after its go-ahead, before TLS began",
            &dialogue.pending,
        ))
    }
}

fn smtp<S: Read + Write>(dialogue: &mut Dialogue<'_, S>) -> Result<(), Failed> {
    let (code, greeting) = dialogue.smtp_reply("did not greet as an SMTP server")?;
    if code != *b"220" {
        return Err(refused("greeted with a refusal", &greeting));
    }
    // The name tells nothing of this machine (RFC 2606 section 2).
    dialogue.send(b"EHLO same-ca.invalid\r\n")?;
    let (code, reply) = dialogue.smtp_reply("did not answer EHLO as an SMTP server")?;
    if code != *b"250" {
        return Err(refused("does not take EHLO", &reply));
    }
    dialogue.send(b"STARTTLS\r\n")?;
    let (code, reply) = dialogue.smtp_reply("did not answer STARTTLS as an SMTP server")?;
    match &code {
        b"220" => Ok(()),
        [b'4', ..] => Err(refused("has no TLS for the time being", &reply)),
        _ => Err(refused("does not offer STARTTLS", &reply)),
    }
}

fn imap<S: Read + Write>(dialogue: &mut Dialogue<'_, S>) -> Result<(), Failed> {
    let greeting = dialogue.line()?;
    if starts(&greeting, b"* PREAUTH") {
        return Err(refused("is past the point at which TLS can begin", &greeting));
    }
    if starts(&greeting, b"* BYE") {
        return Err(refused("greeted with a refusal", &greeting));
    }
    if !starts(&greeting, b"* OK") {
        return Err(refused("did not greet as an IMAP server", &greeting));
    }
    dialogue.send(b"a1 STARTTLS\r\n")?;
    loop {
        let line = dialogue.line()?;
        if starts(&line, b"a1 OK") {
            return Ok(());
        }
        if starts(&line, b"a1 ") || starts(&line, b"* BYE") {
            return Err(refused("does not offer STARTTLS", &line));
        }
        if !starts(&line, b"* ") {
            return Err(refused("did not answer STARTTLS as an IMAP server", &line));
        }
    }
}

fn pop3<S: Read + Write>(dialogue: &mut Dialogue<'_, S>) -> Result<(), Failed> {
    let greeting = dialogue.line()?;
    if starts(&greeting, b"-ERR") {
        return Err(refused("greeted with a refusal", &greeting));
    }
    if !starts(&greeting, b"+OK") {
        return Err(refused("did not greet as a POP3 server", &greeting));
    }
    dialogue.send(b"STLS\r\n")?;
    let line = dialogue.line()?;
    if starts(&line, b"+OK") {
        Ok(())
    } else {
        Err(refused("does not offer STARTTLS", &line))
    }
}

fn ldap<S: Read + Write>(dialogue: &mut Dialogue<'_, S>) -> Result<(), Failed> {
    const ALIEN: &str = "did not answer as an LDAP server";
    dialogue.send(LDAP_STARTTLS)?;
    // One LDAPMessage, a SEQUENCE; Active Directory writes all lengths in four bytes.
    let header = loop {
        match ber(&dialogue.pending, 0x30) {
            Ber::Is { content, end } => break Some((content, end)),
            Ber::Short { total } if total > MAX_DIALOGUE => return Err(Failed::TooLong { limit: MAX_DIALOGUE }),
            Ber::Short { .. } => dialogue.fill()?,
            Ber::Other => break None,
        }
    };
    let message: Vec<u8> = match header {
        Some((start, end)) => {
            let message = dialogue.pending.get(start..end).unwrap_or_default().to_vec();
            dialogue.pending.drain(..end.min(dialogue.pending.len()));
            message
        }
        None => return Err(refused(ALIEN, &dialogue.pending)),
    };
    let field = |bytes: &[u8], tag: u8| match ber(bytes, tag) {
        Ber::Is { content, end } => {
            let value = bytes.get(content..end)?.to_vec();
            Some((value, bytes.get(end..)?.to_vec()))
        }
        Ber::Short { .. } | Ber::Other => None,
    };
    // messageID, ExtendedResponse { resultCode, … }; message 0 is the server's own, a notice of disconnection.
    let answer = field(&message, 0x02).and_then(|(id, rest)| {
        let (response, _controls) = field(&rest, 0x78)?;
        let (result, _) = field(&response, 0x0a)?;
        Some((id, result))
    });
    match answer {
        Some((id, result)) if id == [1] && result == [0] => Ok(()),
        Some((_, result)) => {
            let code = result.iter().fold(0u32, |code, byte| (code << 8) | u32::from(*byte));
            let reply = format!("result code {code}");
            Err(Failed::Refused {
                why: "does not offer STARTTLS",
                reply,
            })
        }
        None => Err(refused(ALIEN, &message)),
    }
}

fn xmpp<S: Read + Write>(dialogue: &mut Dialogue<'_, S>, to: &str) -> Result<(), Failed> {
    const ALIEN: &str = "did not answer as an XMPP server";
    dialogue.send(
        format!(
            "<?xml version='1.0'?><stream:stream to='{to}' version='1.0' xml:lang='en' xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        .as_bytes(),
    )?;
    // The features are the last thing the server says before it listens.
    let features = dialogue.until(|said| {
        let stream = said
            .iter()
            .find(|byte| !byte.is_ascii_whitespace())
            .is_none_or(|byte| *byte == b'<');
        if !stream {
            Some(Err(ALIEN))
        } else if holds(said, b"<stream:error") {
            Some(Err("greeted with a refusal"))
        } else {
            let end: [&[u8]; 2] = [b"</stream:features>", b"<stream:features/>"];
            end.iter()
                .filter_map(|end| find(said, end).map(|at| at + end.len()))
                .min()
                .map(Ok)
        }
    })?;
    if !holds(&features, b"<starttls") {
        return Err(refused("does not offer STARTTLS", &features));
    }
    dialogue.send(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")?;
    dialogue.until(|said| {
        if holds(said, b"<failure") || holds(said, b"<stream:error") {
            return Some(Err("has no TLS for the time being"));
        }
        let start = find(said, b"<proceed")?;
        let tag = said.get(start..)?;
        let end = start + find(tag, b">")? + 1;
        if said.get(..end).is_some_and(|tag| tag.ends_with(b"/>")) {
            return Some(Ok(end));
        }
        find(said, b"</proceed>").map(|at| Ok(at + b"</proceed>".len()))
    })?;
    Ok(())
}

/// The bytes of a server that are not yet used, and the count of all.
struct Dialogue<'a, S> {
    stream: &'a mut S,
    pending: Vec<u8>,
    received: usize,
}

impl<S: Read + Write> Dialogue<'_, S> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.stream.write_all(bytes).map_err(|_| Failed::Ended)
    }

    /// At least one byte more.
    fn fill(&mut self) -> Result<(), Failed> {
        let mut chunk = [0; 512];
        let count = self.stream.read(&mut chunk).map_err(|_| Failed::Ended)?;
        if count == 0 {
            return Err(Failed::Ended);
        }
        self.received += count;
        if self.received > MAX_DIALOGUE {
            return Err(Failed::TooLong { limit: MAX_DIALOGUE });
        }
        self.pending.extend(chunk.iter().take(count));
        Ok(())
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Vec<u8>, Failed> {
        let mut looked = 0;
        loop {
            if let Some(at) = self.pending.iter().skip(looked).position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.pending.drain(..=looked + at).collect();
                while matches!(line.last(), Some(b'\r' | b'\n')) {
                    line.pop();
                }
                return Ok(line);
            }
            looked = self.pending.len();
            if looked > MAX_LINE {
                return Err(Failed::TooLong { limit: MAX_LINE });
            }
            self.fill()?;
        }
    }

    /// Takes what comes up to the end that `look` finds; it says why what came cannot lead there.
    fn until(&mut self, look: impl Fn(&[u8]) -> Option<Result<usize, &'static str>>) -> Result<Vec<u8>, Failed> {
        loop {
            match look(&self.pending) {
                Some(Ok(end)) => return Ok(self.pending.drain(..end.min(self.pending.len())).collect()),
                Some(Err(why)) => return Err(refused(why, &self.pending)),
                None => self.fill()?,
            }
        }
    }

    /// A reply of one or more lines: its code and last line (RFC 5321 section 4.2).
    fn smtp_reply(&mut self, otherwise: &'static str) -> Result<([u8; 3], Vec<u8>), Failed> {
        loop {
            let line = self.line()?;
            let code = line
                .first_chunk::<3>()
                .copied()
                .filter(|code| code.iter().all(u8::is_ascii_digit));
            match (code, line.get(3)) {
                (Some(_), Some(b'-')) => {}
                (Some(code), None | Some(b' ')) => return Ok((code, line)),
                _ => return Err(refused(otherwise, &line)),
            }
        }
    }
}

fn refused(why: &'static str, reply: &[u8]) -> Failed {
    let printable = reply.iter().filter(|byte| matches!(byte, b' '..=b'~')).take(MAX_REPLY);
    Failed::Refused {
        why,
        reply: printable.map(|byte| char::from(*byte)).collect(),
    }
}

fn starts(line: &[u8], with: &[u8]) -> bool {
    line.get(..with.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(with))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    find(bytes, wanted).is_some()
}

enum Ber {
    /// The element's content is `content..end`.
    Is { content: usize, end: usize },
    /// More bytes are needed: `total` in all, as far as is known.
    Short { total: usize },
    /// Another tag, or a length that LDAP does not allow (RFC 4511 section 5.1: definite form only).
    Other,
}

/// The element at the beginning of `bytes`, if it has this tag.
fn ber(bytes: &[u8], tag: u8) -> Ber {
    let (first, rest) = match bytes {
        [] => return Ber::Short { total: 2 },
        [found, ..] if *found != tag => return Ber::Other,
        [_] => return Ber::Short { total: 2 },
        [_, first, rest @ ..] => (*first, rest),
    };
    let (header, length) = match first {
        0..=0x7f => (2, usize::from(first)),
        0x81..=0x84 => {
            let octets = usize::from(first & 0x7f);
            let Some(length) = rest.get(..octets) else {
                return Ber::Short { total: 2 + octets };
            };
            (
                2 + octets,
                length.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)),
            )
        }
        _ => return Ber::Other,
    };
    let end = header.saturating_add(length);
    if bytes.len() < end {
        Ber::Short { total: end }
    } else {
        Ber::Is { content: header, end }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use proptest::prelude::*;

    use super::*;

    /// Says what it was given, a few bytes at a time, and heeds nothing.
    struct Deaf<'a>(&'a [u8], usize);

    impl Read for Deaf<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let limit = self.1.min(buffer.len());
            self.0.read(&mut buffer[..limit])
        }
    }

    impl Write for Deaf<'_> {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            Ok(buffer.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const ALL: [StartTls; 5] = [
        StartTls::Smtp,
        StartTls::Imap,
        StartTls::Pop3,
        StartTls::Ldap,
        StartTls::Xmpp,
    ];

    proptest! {
        #[test]
        fn whatever_a_server_says_it_is_no_panic(
            said: Vec<u8>,
            words in "[0-9a-z <>/:*+\\-\r\n]{0,200}",
            at_once in 1usize..9,
        ) {
            for protocol in ALL {
                for said in [&said, words.as_bytes()] {
                    // Nothing of the kind is a go-ahead.
                    prop_assert!(negotiate(&mut Deaf(said, at_once), protocol, "im.test").is_err());
                }
            }
        }

        #[test]
        fn a_damaged_ldap_answer_is_no_panic(at in 0usize..14, byte: u8, cut in 0usize..15) {
            let mut answer = *b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
            answer[at] = byte;
            let said = answer.get(..cut).unwrap_or(&answer);
            let _ = negotiate(&mut Deaf(said, 3), StartTls::Ldap, "ldap.test");
        }
    }

    #[test]
    fn a_dialogue_is_the_same_a_byte_at_a_time() {
        let said: [(StartTls, &[u8]); 5] = [
            (StartTls::Smtp, b"220-a\r\n220 a\r\n250-a\r\n250 STARTTLS\r\n220\r\n"),
            (StartTls::Imap, b"* OK\r\n* 1 EXISTS\r\nA1 OK\r\n"),
            (StartTls::Pop3, b"+OK\n+OK\n"),
            (
                StartTls::Ldap,
                b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00",
            ),
            (
                StartTls::Xmpp,
                b"<stream:stream><stream:features><starttls></starttls></stream:features><proceed x='y'></proceed>",
            ),
        ];
        for (protocol, said) in said {
            assert_eq!(negotiate(&mut Deaf(said, 1), protocol, "im.test"), Ok(()), "{protocol}");
            let more = [said, b"x"].concat();
            if protocol != StartTls::Xmpp {
                let error = negotiate(&mut Deaf(&more, 512), protocol, "im.test");
                assert!(matches!(error, Err(Failed::Refused { .. })), "{protocol}: {error:?}");
            }
        }
    }
}
