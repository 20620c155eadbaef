//! Name constraints of CA certificates (RFC 5280 §4.2.1.10).

use super::certificate::{self as names, Certificate};
use super::der::{self, Element, Reader};
use super::name::{self, Name};

/// The name constraints of a CA certificate.
#[derive(Debug, Clone)]
pub struct NameConstraints {
    /// `None` where they cannot be read: nothing is allowed then.
    subtrees: Option<Subtrees>,
}

impl NameConstraints {
    /// Whether every name of `certificate` is allowed: the subject as a directory name, its addresses and, where no
    /// dNSName is there, its common names that look like host names, and every subject alternative name.
    ///
    /// A name of a form that is constrained in a way not understood here is not allowed. Self-issued certificates within
    /// a path are exempt (RFC 5280 §6.1.3): the caller leaves them out.
    pub fn allows(&self, certificate: &Certificate) -> bool {
        let Some(subtrees) = &self.subtrees else { return false };
        if certificate.has_unreadable_names() {
            return false;
        }
        let mut work = MAX_WORK;
        let mut allowed = |kind, subject: Subject<'_>| subtrees.allow(kind, subject, &mut work);
        if !certificate.subject().is_empty()
            && !allowed(names::DIRECTORY_NAME, Subject::Directory(certificate.subject()))
        {
            return false;
        }
        let mut has_dns = false;
        let mut has_names = false;
        for alternative in certificate.alternative_names() {
            has_names = true;
            has_dns |= alternative.tag == names::DNS_NAME;
            let directory;
            let subject = match alternative.tag {
                names::DIRECTORY_NAME => match Name::from_der(alternative.value) {
                    Some(parsed) => {
                        directory = parsed;
                        Subject::Directory(&directory)
                    }
                    None => Subject::Opaque,
                },
                names::DNS_NAME | names::EMAIL_NAME | names::URI_NAME => match names::ascii(alternative) {
                    Some(text) => Subject::Text(text),
                    None => Subject::Opaque,
                },
                names::IP_ADDRESS => Subject::Octets(alternative.value),
                _ => Subject::Opaque,
            };
            if !allowed(alternative.tag, subject) {
                return false;
            }
        }
        if !has_names {
            for address in certificate.subject().values(name::EMAIL_ADDRESS) {
                if !allowed(names::EMAIL_NAME, Subject::Text(&address)) {
                    return false;
                }
            }
        }
        if !has_dns {
            for common in certificate.common_names().filter(|common| looks_like_host(common)) {
                if !allowed(names::DNS_NAME, Subject::Text(&common)) {
                    return false;
                }
            }
        }
        true
    }

    pub(super) fn parse(value: &[u8]) -> NameConstraints {
        NameConstraints {
            subtrees: Subtrees::parse(value),
        }
    }

    pub(super) fn unreadable() -> NameConstraints {
        NameConstraints { subtrees: None }
    }

    pub(super) fn is_readable(&self) -> bool {
        self.subtrees.is_some()
    }
}

/// Octets of names and subtrees compared for one certificate, together. Real certificates need thousands; hostile ones
/// would have every one of 10⁵ names compared with every one of 10⁵ subtrees. Past it nothing is allowed.
const MAX_WORK: usize = 16 * 1024 * 1024;

#[derive(Debug, Clone)]
struct Subtrees {
    permitted: Vec<Subtree>,
    excluded: Vec<Subtree>,
}

impl Subtrees {
    fn parse(value: &[u8]) -> Option<Subtrees> {
        let mut parts = Reader::new(der::only(value, der::SEQUENCE)?);
        let permitted = subtrees(parts.optional(der::constructed(0))?)?;
        let excluded = subtrees(parts.optional(der::constructed(1))?)?;
        parts.end()?;
        Some(Subtrees { permitted, excluded })
    }

    fn allow(&self, kind: u8, subject: Subject<'_>, work: &mut usize) -> bool {
        let mut check = |subtree: &Subtree, excluding: bool| {
            *work = work.checked_sub(subtree.length() + subject.length())?;
            subtree.holds(subject, excluding)
        };
        for subtree in self.excluded.iter().filter(|subtree| subtree.kind == kind) {
            if check(subtree, true) != Some(false) {
                return false;
            }
        }
        let mut constrained = false;
        for subtree in self.permitted.iter().filter(|subtree| subtree.kind == kind) {
            constrained = true;
            match check(subtree, false) {
                None => return false,
                Some(true) => return true,
                Some(false) => {}
            }
        }
        !constrained
    }
}

#[derive(Debug, Clone)]
struct Subtree {
    /// Tag of the GeneralName.
    kind: u8,
    base: Base,
}

#[derive(Debug, Clone)]
enum Base {
    Text(String),
    Octets(Vec<u8>),
    Directory(Name),
    /// A form, or a value, that is not understood.
    Opaque,
}

/// A name to be judged.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Text(&'a str),
    Octets(&'a [u8]),
    Directory(&'a Name),
    Opaque,
}

impl Subject<'_> {
    fn length(&self) -> usize {
        match self {
            Subject::Text(text) => text.len(),
            Subject::Octets(octets) => octets.len(),
            Subject::Directory(name) => name.der().len(),
            Subject::Opaque => 0,
        }
    }
}

impl Subtree {
    fn length(&self) -> usize {
        // One for the comparison itself.
        1 + match &self.base {
            Base::Text(text) => text.len(),
            Base::Octets(octets) => octets.len(),
            Base::Directory(name) => name.der().len(),
            Base::Opaque => 0,
        }
    }

    /// Whether a name of the same form lies in this subtree; `None` where that cannot be told. When `excluding`, what
    /// may lie in it does.
    fn holds(&self, subject: Subject<'_>, excluding: bool) -> Option<bool> {
        match (&self.base, subject) {
            (Base::Text(base), Subject::Text(text)) => match self.kind {
                names::DNS_NAME => Some(dns(base, text, excluding)),
                names::EMAIL_NAME => email(base, text, excluding),
                names::URI_NAME => uri(base, text, excluding),
                _ => None,
            },
            (Base::Octets(base), Subject::Octets(octets)) => Some(ip(base, octets)),
            (Base::Directory(base), Subject::Directory(name)) => Some(name.is_within(base)),
            _ => None,
        }
    }
}

/// GeneralSubtrees ::= SEQUENCE OF SEQUENCE { base GeneralName, minimum [0] DEFAULT 0, maximum [1] OPTIONAL }.
fn subtrees(list: Option<&[u8]>) -> Option<Vec<Subtree>> {
    let mut reader = Reader::new(list.unwrap_or_default());
    let mut subtrees = Vec::new();
    while !reader.is_empty() {
        let mut parts = Reader::new(reader.expect(der::SEQUENCE)?);
        let base = parts.element()?;
        // Minimum and maximum are not used (RFC 5280), so what has them is not understood.
        let plain = parts.is_empty();
        subtrees.push(Subtree {
            kind: base.tag,
            base: if plain { read_base(base) } else { Base::Opaque },
        });
    }
    Some(subtrees)
}

fn read_base(base: Element<'_>) -> Base {
    let read = match base.tag {
        names::DNS_NAME | names::EMAIL_NAME | names::URI_NAME => {
            names::ascii(base).map(|text| Base::Text(text.to_owned()))
        }
        names::IP_ADDRESS => matches!(base.value.len(), 8 | 32).then(|| Base::Octets(base.value.to_vec())),
        names::DIRECTORY_NAME => Name::from_der(base.value).map(Base::Directory),
        _ => None,
    };
    read.unwrap_or(Base::Opaque)
}

/// Whether `host` is `base` or has labels before it. A base with a dot before it, which many write, permits only names
/// with further labels, and excludes itself too. A wildcard is excluded where anything that it covers is.
fn dns(base: &str, host: &str, excluding: bool) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let (base, below_only) = match base.strip_prefix('.') {
        Some(rest) => (rest, !excluding),
        None => (base, false),
    };
    let base = base.strip_suffix('.').unwrap_or(base);
    if base.is_empty() || is_below(base, host) || (!below_only && base.eq_ignore_ascii_case(host)) {
        return true;
    }
    let covered = host.strip_prefix("*.").zip(base.split_once('.'));
    excluding && covered.is_some_and(|(parent, (_, parent_of_base))| parent.eq_ignore_ascii_case(parent_of_base))
}

/// Whether `host` is `labels.base`.
fn is_below(base: &str, host: &str) -> bool {
    let Some(split) = host.len().checked_sub(base.len() + 1) else {
        return false;
    };
    // Both are ASCII, so any offset is a boundary.
    host.as_bytes().get(split) == Some(&b'.')
        && split > 0
        && host
            .get(split + 1..)
            .is_some_and(|tail| tail.eq_ignore_ascii_case(base))
}

/// A mailbox, a host, or with a dot before it the hosts of a domain.
fn email(base: &str, address: &str, excluding: bool) -> Option<bool> {
    let (local, host) = address.rsplit_once('@')?;
    Some(match base.rsplit_once('@') {
        Some((base_local, base_host)) => {
            // Local parts are case-sensitive by the letter and never in fact: leave out too much rather than too little.
            let same = if excluding {
                local.eq_ignore_ascii_case(base_local)
            } else {
                local == base_local
            };
            same && host.eq_ignore_ascii_case(base_host)
        }
        None => host_of(base, host, excluding),
    })
}

/// The host part of a URI, which must be a name: another has no place in such a subtree, and cannot be judged.
fn uri(base: &str, uri: &str, excluding: bool) -> Option<bool> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    if host.is_empty() || host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok() {
        return None;
    }
    Some(host_of(base, host, excluding))
}

fn host_of(base: &str, host: &str, excluding: bool) -> bool {
    match base.strip_prefix('.') {
        Some(domain) => is_below(domain, host) || (excluding && domain.eq_ignore_ascii_case(host)),
        None => base.is_empty() || base.eq_ignore_ascii_case(host),
    }
}

/// Address and mask of 4 or 16 octets each.
fn ip(base: &[u8], address: &[u8]) -> bool {
    let (network, mask) = base.split_at(base.len() / 2);
    address.len() == network.len()
        && address
            .iter()
            .zip(network)
            .zip(mask)
            .all(|((octet, network), mask)| octet & mask == network & mask)
}

fn looks_like_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'*'))
    };
    text.contains('.') && text.strip_suffix('.').unwrap_or(text).split('.').all(label)
}
