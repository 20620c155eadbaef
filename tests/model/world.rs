//! A world in symbols: certificates as who says what of whom, who holds what at which rank, and the policy.

use std::fmt::Write;

pub use same_ca::protocol::{Level, Match, ProofWanted, References};

/// A name, by its number. A CA's from 0 on, a server's from [`HOSTS`] on.
pub type Name = usize;
/// A key, by its number.
pub type Key = usize;
/// A certificate, by its number.
pub type Serial = usize;
/// A key identifier: that of a key by RFC 5280 method 1 is the key's number, any other one from [`OTHER`] on.
pub type Identifier = usize;

/// The first name that is a server's.
pub const HOSTS: Name = 20;
/// The first key identifier that is no key's own.
pub const OTHER: Identifier = 20;

/// A set of keys or of certificates, by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Set(pub u64);

impl Set {
    pub const NONE: Set = Set(0);

    pub fn of(members: impl IntoIterator<Item = usize>) -> Set {
        Set(members.into_iter().fold(0, |set, member| set | 1 << member))
    }

    pub fn has(self, member: usize) -> bool {
        self.0 >> member & 1 == 1
    }

    pub fn with(self, member: usize) -> Set {
        Set(self.0 | 1 << member)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn meets(self, other: Set) -> bool {
        self.0 & other.0 != 0
    }

    pub fn and(self, other: Set) -> Set {
        Set(self.0 & other.0)
    }

    pub fn or(self, other: Set) -> Set {
        Set(self.0 | other.0)
    }

    pub fn less(self, other: Set) -> Set {
        Set(self.0 & !other.0)
    }

    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let member = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (member < 64).then_some(member)
        })
    }
}

/// What a key is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum KeyKind {
    /// One that counts whoever shows it.
    Plain,
    /// One that counts only where a trusted certificate carries it (2.4).
    Odd,
    /// The other key that the ECDSA signature of a certificate fits (2.6): nobody can sign with it.
    Second(Serial),
}

/// A certificate.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cert {
    pub subject: Name,
    pub key: Key,
    pub issuer: Name,
    /// The key that signed it; of none that anything shows, where there is none.
    pub signer: Option<Key>,
    /// cA TRUE.
    pub ca: bool,
    /// keyUsage: absent, or whether it has keyCertSign.
    pub may_sign: Option<bool>,
    /// Without extensions: whatever is said above of them is not there.
    pub version1: bool,
    pub subject_identifier: Option<Identifier>,
    pub authority_identifier: Option<Identifier>,
    /// The certificate whose SHA-1 it carries as previous-CA-hash.
    pub previous: Option<Serial>,
    /// In days from the instant that is judged at.
    pub from: i64,
    pub until: i64,
    /// Whether its signature's algorithm is one that counts.
    pub supported: bool,
    /// Tells apart what is alike otherwise.
    pub copy: u8,
}

impl Cert {
    /// A CA's certificate, as CAs make them.
    pub fn ca(subject: Name, key: Key, issuer: Name, signer: Key) -> Cert {
        Cert {
            subject,
            key,
            issuer,
            signer: Some(signer),
            ca: true,
            may_sign: Some(true),
            version1: false,
            subject_identifier: Some(key),
            authority_identifier: (signer != key).then_some(signer),
            previous: None,
            from: -2000,
            until: 4000,
            supported: true,
            copy: 0,
        }
    }

    /// A server's certificate.
    pub fn server(host: usize, key: Key, issuer: Name, signer: Key) -> Cert {
        Cert {
            ca: false,
            may_sign: Some(false),
            authority_identifier: Some(signer),
            from: -100,
            until: 400,
            ..Cert::ca(HOSTS + host, key, issuer, signer)
        }
    }

    pub fn is_valid(&self) -> bool {
        self.from <= 0 && self.until > 0
    }
}

/// A member of the reference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Member {
    Server {
        cert: Serial,
        /// What stands beside it.
        beside: Vec<Serial>,
        /// Read by TLS, and whether the certificate covers the host that was asked.
        tls: Option<bool>,
    },
    Pin(Serial),
    KeyPin(Key),
    Unreadable,
}

/// What is distrusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Distrust {
    Cert(Serial),
    Key(Key),
}

/// What the law knows of the policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    pub match_: Match,
    pub level: Level,
    pub proof: ProofWanted,
    pub references: References,
}

impl Policy {
    pub const DEFAULT: Policy = Policy {
        match_: Match::Authority,
        level: Level::Issuing,
        proof: ProofWanted::Signature,
        references: References::Agree,
    };

    /// Every one there is.
    pub fn all() -> Vec<Policy> {
        let mut all = Vec::new();
        for match_ in [Match::Authority, Match::Key, Match::Name] {
            for level in [Level::Issuing, Level::Root] {
                for proof in [ProofWanted::Signature, ProofWanted::KeyIdentifier, ProofWanted::Name] {
                    for references in [References::Agree, References::Any] {
                        all.push(Policy {
                            match_,
                            level,
                            proof,
                            references,
                        });
                    }
                }
            }
        }
        all
    }
}

/// A certificate with what it brings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brought {
    pub cert: Serial,
    pub chain: Vec<Serial>,
}

/// What is judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    One(Brought),
    /// `any_of`: single certificates, and whether each one's private key is there, where that is known. The names asked
    /// for are those of the first host.
    AnyOf(Vec<(Serial, Option<bool>)>),
}

/// A world.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct World {
    pub keys: Vec<KeyKind>,
    pub certs: Vec<Cert>,
    pub authorities: Vec<Serial>,
    pub intermediates: Vec<Serial>,
    pub members: Vec<Member>,
    pub distrust: Vec<Distrust>,
    pub subject: Subject,
    pub policy: Policy,
}

impl World {
    /// Every key that signed a certificate: a fact of the world, whoever knows the key.
    pub fn signers(&self, cert: Serial) -> Set {
        let cert_ = &self.certs[cert];
        if !cert_.supported {
            return Set::NONE;
        }
        let second = |kind: &KeyKind| *kind == KeyKind::Second(cert);
        let seconds = (0..self.keys.len()).filter(|key| second(&self.keys[*key]));
        Set::of(cert_.signer.into_iter().chain(seconds))
    }

    /// Its issuer's name is its own, and its own key signed it.
    pub fn is_self_signed(&self, cert: Serial) -> bool {
        let it = &self.certs[cert];
        it.subject == it.issuer && self.signed_itself(cert)
    }

    /// Its own key signed it, whatever its names say.
    pub fn signed_itself(&self, cert: Serial) -> bool {
        self.signers(cert).has(self.certs[cert].key)
    }

    /// Which certificates the world speaks of at all.
    pub fn used(&self) -> Set {
        let mut used = Set::of(self.authorities.iter().chain(&self.intermediates).copied());
        for member in &self.members {
            used = match member {
                Member::Server { cert, beside, .. } => used.with(*cert).or(Set::of(beside.iter().copied())),
                Member::Pin(cert) => used.with(*cert),
                Member::KeyPin(_) | Member::Unreadable => used,
            };
        }
        for distrust in &self.distrust {
            if let Distrust::Cert(cert) = distrust {
                used = used.with(*cert);
            }
        }
        match &self.subject {
            Subject::One(brought) => used.with(brought.cert).or(Set::of(brought.chain.iter().copied())),
            Subject::AnyOf(list) => used.or(Set::of(list.iter().map(|(cert, _)| *cert))),
        }
    }

    /// The world in words.
    pub fn words(&self) -> String {
        let mut out = String::new();
        let line = |out: &mut String, text: String| writeln!(out, "  {text}").unwrap();
        let mut used = self.used();
        loop {
            // What is used by hash or by a second key is part of the story too.
            let previous = used.iter().filter_map(|cert| self.certs[cert].previous);
            let seconds = used.iter().filter_map(|cert| match self.keys[self.certs[cert].key] {
                KeyKind::Second(of) => Some(of),
                _ => None,
            });
            let more = used.or(Set::of(previous.chain(seconds)));
            if more == used {
                break;
            }
            used = more;
        }
        for serial in used.iter() {
            line(&mut out, self.cert_words(serial));
        }
        let list = |serials: &[Serial]| serials.iter().map(|s| format!("c{s}")).collect::<Vec<_>>().join(" ");
        line(&mut out, format!("authorities: {}", list(&self.authorities)));
        line(&mut out, format!("intermediates: {}", list(&self.intermediates)));
        for member in &self.members {
            let text = match member {
                Member::Server { cert, beside, tls } => {
                    let how = match tls {
                        None => "file",
                        Some(true) => "TLS",
                        Some(false) => "TLS of a host that it does not cover",
                    };
                    format!("member ({how}): c{cert}, beside it: {}", list(beside))
                }
                Member::Pin(cert) => format!("pin: c{cert}"),
                Member::KeyPin(key) => format!("key pin: k{key}"),
                Member::Unreadable => "member that cannot be read".to_owned(),
            };
            line(&mut out, text);
        }
        for distrust in &self.distrust {
            let text = match distrust {
                Distrust::Cert(cert) => format!("distrust: c{cert}"),
                Distrust::Key(key) => format!("distrust by hash: k{key}"),
            };
            line(&mut out, text);
        }
        let text = match &self.subject {
            Subject::One(brought) => format!("subject: c{}, brings: {}", brought.cert, list(&brought.chain)),
            Subject::AnyOf(of) => {
                let of: Vec<_> = of
                    .iter()
                    .map(|(c, key)| format!("c{c} (private key: {key:?})"))
                    .collect();
                format!("subject: any of {}", of.join(", "))
            }
        };
        line(&mut out, text);
        let Policy {
            match_,
            level,
            proof,
            references,
        } = self.policy;
        line(
            &mut out,
            format!("policy: match {match_:?}, level {level:?}, proof {proof:?}, references {references:?}"),
        );
        out
    }

    fn cert_words(&self, serial: Serial) -> String {
        let cert = &self.certs[serial];
        let name = |name: Name| match name.checked_sub(HOSTS) {
            None => format!("N{name}"),
            Some(host) => format!("host{host}"),
        };
        let key = |key: Key| match self.keys[key] {
            KeyKind::Plain => format!("k{key}"),
            KeyKind::Odd => format!("k{key} (counts only where trusted)"),
            KeyKind::Second(of) => format!("k{key} (the second key of the signature on c{of})"),
        };
        let mut text = format!(
            "c{serial}: {} {} for {}, issuer {}, signed by {}",
            match (cert.version1, cert.ca) {
                (true, _) => "version 1",
                (_, true) => "CA",
                (_, false) => "server",
            },
            name(cert.subject),
            key(cert.key),
            name(cert.issuer),
            cert.signer.map_or("nobody".to_owned(), |signer| format!("k{signer}")),
        );
        match (cert.ca, cert.may_sign) {
            (true, Some(false)) => text += ", keyUsage without keyCertSign",
            (true, None) => text += ", no keyUsage",
            _ => {}
        }
        let identifier = |id: Option<Identifier>| id.map_or("none".to_owned(), |id| format!("id{id}"));
        write!(
            text,
            ", SKI {}, AKI {}",
            identifier(cert.subject_identifier),
            identifier(cert.authority_identifier)
        )
        .unwrap();
        if let Some(previous) = cert.previous {
            write!(text, ", previous-CA-hash of c{previous}").unwrap();
        }
        if !cert.supported {
            text += ", algorithm unsupported";
        }
        write!(text, ", days {}..{}", cert.from, cert.until).unwrap();
        text
    }
}
