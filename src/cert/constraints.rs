//! Name constraints of CA certificates (RFC 5280 §4.2.1.10).

use super::extensions as names;
use super::name::Name;
use crate::asn1::der::{self, Element, Reader};
use crate::asn1::oid;

/// The name constraints of a CA certificate.
#[derive(Debug, Clone)]
pub struct NameConstraints {
    /// `None` where they cannot be read: nothing is allowed then.
    subtrees: Option<Subtrees>,
}

impl NameConstraints {
    /// Whether these names of a certificate are allowed: its subject, and its subject alternative names.
    pub(super) fn allow<'a>(&self, certified: &Name, alternatives: impl Iterator<Item = Element<'a>>) -> bool {
        let Some(subtrees) = &self.subtrees else { return false };
        let mut work = MAX_WORK;
        let mut allowed = |kind, subject: Subject<'_>| subtrees.allow(kind, subject, &mut work);
        if !certified.is_empty() && !allowed(names::DIRECTORY_NAME, Subject::Directory(certified)) {
            return false;
        }
        let mut has_dns = false;
        let mut has_names = false;
        for alternative in alternatives {
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
            for address in certified.values(oid::EMAIL_ADDRESS) {
                if !allowed(names::EMAIL_NAME, Subject::Text(&address)) {
                    return false;
                }
            }
        }
        if !has_dns {
            for common in certified
                .values(oid::COMMON_NAME)
                .filter(|common| looks_like_host(common))
            {
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
const MAX_WORK: usize = 8 * 1024 * 1024;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::oid::ObjectIdentifier;
    use crate::asn1::testing::element;
    use crate::cert::Certificate;
    use crate::cert::testing::{self, Mint};

    const CONSTRAINTS: ObjectIdentifier = oid::NAME_CONSTRAINTS;
    const ALTERNATIVES: ObjectIdentifier = oid::SUBJECT_ALTERNATIVE_NAME;

    fn subtree(tag: u8, base: &[u8]) -> Vec<u8> {
        element(der::SEQUENCE, &[&element(tag, &[base])])
    }

    fn extension(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
        let list = |tag, all: &[Vec<u8>]| {
            if all.is_empty() {
                Vec::new()
            } else {
                element(tag, &[&all.concat()])
            }
        };
        element(der::SEQUENCE, &[&list(0xa0, permitted), &list(0xa1, excluded)])
    }

    fn constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> NameConstraints {
        let mint = Mint::new(Vec::new()).extension(CONSTRAINTS, true, &extension(permitted, excluded));
        let mut mint = mint;
        mint.spki = element(der::SEQUENCE, &[]);
        Certificate::parse(mint.unsigned()).unwrap().name_constraints().unwrap()
    }

    /// A certificate with this subject and these alternative names.
    fn leaf(subject: &[(&str, &str)], alternatives: &[(u8, &[u8])]) -> Certificate {
        let mut mint = Mint::new(element(der::SEQUENCE, &[]));
        mint.subject = testing::name(subject);
        if !alternatives.is_empty() {
            let names: Vec<u8> = alternatives
                .iter()
                .flat_map(|(tag, value)| element(*tag, &[value]))
                .collect();
            mint = mint.extension(ALTERNATIVES, false, &element(der::SEQUENCE, &[&names]));
        }
        Certificate::parse(mint.unsigned()).unwrap()
    }

    #[track_caller]
    fn judge(kind: u8, permitted: &[&str], excluded: &[&str], cases: &[(&str, bool)]) {
        let trees = |all: &[&str]| {
            all.iter()
                .map(|base| subtree(kind, base.as_bytes()))
                .collect::<Vec<_>>()
        };
        let constraints = constraints(&trees(permitted), &trees(excluded));
        for (name, allowed) in cases {
            let certificate = leaf(&[], &[(kind, name.as_bytes())]);
            assert_eq!(
                constraints.allows(&certificate),
                *allowed,
                "+{permitted:?} -{excluded:?} {name:?}"
            );
        }
    }

    #[test]
    fn host_names_are_permitted_by_whole_labels() {
        let cases = [
            ("contoso.com", true),
            ("fe01.contoso.com", true),
            ("FE01.CONTOSO.COM.", true),
            ("*.contoso.com", true),
            ("notcontoso.com", false),
            ("contoso.com.evil.org", false),
            (".contoso.com", false),
            ("com", false),
            ("", false),
        ];
        judge(names::DNS_NAME, &["contoso.com"], &[], &cases);
        judge(
            names::DNS_NAME,
            &[".contoso.com"],
            &[],
            &[("contoso.com", false), ("fe01.contoso.com", true)],
        );
        judge(names::DNS_NAME, &[""], &[], &[("anything.org", true)]);
        judge(
            names::DNS_NAME,
            &["a.com", "b.com"],
            &[],
            &[("x.b.com", true), ("x.c.com", false)],
        );
    }

    #[test]
    fn host_names_are_excluded_with_all_that_a_wildcard_covers() {
        let cases = [
            ("contoso.com", true),
            ("fe01.contoso.com", false),
            ("a.fe01.contoso.com", false),
            ("*.contoso.com", false),
            ("*.fe01.contoso.com", false),
            ("fe02.contoso.com", true),
        ];
        judge(names::DNS_NAME, &["contoso.com"], &["fe01.contoso.com"], &cases);
        judge(
            names::DNS_NAME,
            &[],
            &[".contoso.com"],
            &[("contoso.com", false), ("contoso.org", true)],
        );
    }

    #[test]
    fn addresses_are_judged_by_mailbox_host_or_domain() {
        let cases = [
            ("pki@contoso.com", true),
            ("PKI@contoso.com", false),
            ("x@contoso.com", false),
            ("pki", false),
        ];
        judge(names::EMAIL_NAME, &["pki@contoso.com"], &[], &cases);
        let cases = [
            ("a@CONTOSO.com", true),
            ("a@x.contoso.com", false),
            ("a@contoso.com@evil.org", false),
        ];
        judge(names::EMAIL_NAME, &["contoso.com"], &[], &cases);
        judge(
            names::EMAIL_NAME,
            &[".contoso.com"],
            &[],
            &[("a@x.contoso.com", true), ("a@contoso.com", false)],
        );
        judge(
            names::EMAIL_NAME,
            &[],
            &["pki@contoso.com"],
            &[("PKI@contoso.com", false), ("x@contoso.com", true)],
        );
    }

    #[test]
    fn uris_are_judged_by_their_host_and_refused_without_one() {
        let cases = [
            ("https://contoso.com/x", true),
            ("https://user@contoso.com:8443/x", true),
            ("https://contoso.com.evil.org/", false),
            ("https://evil.org/@contoso.com", false),
            ("https://evil.org?@contoso.com", false),
            ("https://10.0.0.1/", false),
            ("https://[::1]/", false),
            ("urn:x", false),
        ];
        judge(names::URI_NAME, &["contoso.com"], &[], &cases);
        judge(
            names::URI_NAME,
            &[],
            &["contoso.com"],
            &[("urn:x", false), ("https://evil.org/", true)],
        );
    }

    #[test]
    fn ip_addresses_are_judged_by_network_and_mask() {
        let ten = constraints(&[subtree(names::IP_ADDRESS, &[10, 0, 0, 0, 255, 0, 0, 0])], &[]);
        assert!(ten.allows(&leaf(&[], &[(names::IP_ADDRESS, &[10, 1, 2, 3])])));
        assert!(!ten.allows(&leaf(&[], &[(names::IP_ADDRESS, &[11, 1, 2, 3])])));
        assert!(
            !ten.allows(&leaf(&[], &[(names::IP_ADDRESS, &[0; 16])])),
            "the other family"
        );
        let none = constraints(
            &[],
            &[
                subtree(names::IP_ADDRESS, &[0; 8]),
                subtree(names::IP_ADDRESS, &[0; 32]),
            ],
        );
        assert!(!none.allows(&leaf(&[], &[(names::IP_ADDRESS, &[10, 1, 2, 3])])));
        assert!(!none.allows(&leaf(&[], &[(names::IP_ADDRESS, &[7; 16])])));
        assert!(none.allows(&leaf(&[], &[(names::DNS_NAME, b"contoso.com")])));
        let odd = constraints(&[], &[subtree(names::IP_ADDRESS, &[10, 0, 0, 0])]);
        assert!(
            !odd.allows(&leaf(&[], &[(names::IP_ADDRESS, &[10, 1, 2, 3])])),
            "a subtree that cannot be read"
        );
    }

    #[test]
    fn directory_names_judge_the_subject_too() {
        let contoso = constraints(
            &[subtree(names::DIRECTORY_NAME, &testing::name(&[("O", "Contoso")]))],
            &[],
        );
        assert!(contoso.allows(&leaf(&[("O", "CONTOSO"), ("CN", "a")], &[])));
        assert!(!contoso.allows(&leaf(&[("O", "Fabrikam"), ("CN", "a")], &[])));
        assert!(!contoso.allows(&leaf(&[("CN", "a"), ("O", "Contoso")], &[])));
        assert!(
            contoso.allows(&leaf(&[], &[(names::DNS_NAME, b"evil.org")])),
            "no directory name"
        );
        let inner = testing::name(&[("O", "Fabrikam")]);
        assert!(!contoso.allows(&leaf(&[("O", "Contoso")], &[(names::DIRECTORY_NAME, &inner)])));
    }

    #[test]
    fn a_common_name_that_is_a_host_is_judged_where_no_host_name_is() {
        let contoso = constraints(&[subtree(names::DNS_NAME, b"contoso.com")], &[]);
        assert!(!contoso.allows(&leaf(&[("CN", "evil.org")], &[])));
        assert!(contoso.allows(&leaf(&[("CN", "Contoso Issuing CA")], &[])));
        assert!(contoso.allows(&leaf(&[("CN", "evil.org")], &[(names::DNS_NAME, b"fe01.contoso.com")])));
    }

    #[test]
    fn an_address_in_the_subject_is_judged_where_no_alternative_names_are() {
        let contoso = constraints(&[subtree(names::EMAIL_NAME, b"contoso.com")], &[]);
        assert!(!contoso.allows(&leaf(&[("emailAddress", "a@evil.org")], &[])));
        assert!(contoso.allows(&leaf(&[("emailAddress", "a@contoso.com")], &[])));
    }

    #[test]
    fn a_name_of_a_form_constrained_but_not_understood_is_not_allowed() {
        let other = constraints(&[subtree(names::OTHER_NAME, &[6, 1, 0x2a])], &[]);
        assert!(!other.allows(&leaf(&[], &[(names::OTHER_NAME, &[6, 1, 0x2a])])));
        assert!(other.allows(&leaf(&[("CN", "a")], &[])));
        let with_minimum = element(
            der::SEQUENCE,
            &[&element(names::DNS_NAME, &[b"contoso.com"]), &[0x80, 1, 1]],
        );
        let odd = constraints(&[with_minimum], &[]);
        assert!(!odd.allows(&leaf(&[], &[(names::DNS_NAME, b"contoso.com")])));
    }

    #[test]
    fn constraints_that_cannot_be_read_allow_nothing() {
        for value in [&[][..], &[0x30, 0x01], &[0x30, 0x02, 0xa0, 0x05], &[0x04, 0x00]] {
            let mint = Mint::new(element(der::SEQUENCE, &[])).extension(CONSTRAINTS, false, value);
            let constraints = Certificate::parse(mint.unsigned()).unwrap().name_constraints().unwrap();
            assert!(!constraints.allows(&leaf(&[("CN", "a")], &[])), "{value:02x?}");
        }
        let twice = extension(&[], &[]);
        let mint = Mint::new(element(der::SEQUENCE, &[]));
        let mint = mint
            .extension(CONSTRAINTS, false, &twice)
            .extension(CONSTRAINTS, false, &twice);
        let constraints = Certificate::parse(mint.unsigned()).unwrap().name_constraints().unwrap();
        assert!(!constraints.allows(&leaf(&[("CN", "a")], &[])), "there twice");
    }

    #[test]
    fn hostile_numbers_of_names_and_subtrees_end_soon_and_allow_nothing() {
        let trees: Vec<Vec<u8>> = (0..20_000u32)
            .map(|n| subtree(names::DNS_NAME, format!("{n}.example").as_bytes()))
            .collect();
        let hosts: Vec<String> = (0..20_000u32).map(|n| format!("h{n}.19999.example")).collect();
        let alternatives: Vec<(u8, &[u8])> = hosts.iter().map(|host| (names::DNS_NAME, host.as_bytes())).collect();
        let start = std::time::Instant::now();
        assert!(!constraints(&trees, &[]).allows(&leaf(&[], &alternatives)));
        assert!(start.elapsed() < std::time::Duration::from_secs(5));
    }
}
