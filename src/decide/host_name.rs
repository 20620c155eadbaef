//! Which host names and addresses a certificate covers (RFC 6125 §6.4, RFC 9525).

use std::net::IpAddr;

use crate::cert::Certificate;

/// How a name is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// By a subject alternative name.
    Alternative,
    /// By the common name, where there is no dNSName.
    CommonName,
    /// Not at all.
    None,
}

/// How `certificate` covers `name`, a host name or an IP address.
pub fn coverage(certificate: &Certificate, name: &str) -> Coverage {
    if let Ok(address) = unbracketed(name).parse::<IpAddr>() {
        let covered = certificate.ip_addresses().any(|known| known == address);
        return if covered { Coverage::Alternative } else { Coverage::None };
    }
    let wanted = name.strip_suffix('.').unwrap_or(name);
    if certificate.dns_names().any(|pattern| matches_host(pattern, wanted)) {
        return Coverage::Alternative;
    }
    let none = !certificate.has_dns_name() && !certificate.has_unreadable_names();
    let common = none && certificate.common_names().any(|name| matches_host(&name, wanted));
    if common { Coverage::CommonName } else { Coverage::None }
}

fn unbracketed(name: &str) -> &str {
    name.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(name)
}

/// A pattern covers a host if they are equal, or if its left-most label is `*` and matches exactly one label of the
/// host. A wildcard covers no top-level domain, and no A-label in part.
fn matches_host(pattern: &str, host: &str) -> bool {
    let pattern = pattern.strip_suffix('.').unwrap_or(pattern);
    if pattern.eq_ignore_ascii_case(host) {
        return !host.is_empty();
    }
    let Some(parent) = pattern.strip_prefix("*.") else {
        return false;
    };
    let Some((label, rest)) = host.split_once('.') else {
        return false;
    };
    !label.is_empty()
        && label != "*"
        && parent.contains('.')
        && !parent.contains('*')
        && rest.eq_ignore_ascii_case(parent)
}

#[cfg(test)]
mod tests {
    use super::matches_host;

    #[test]
    fn a_wildcard_stands_for_exactly_one_left_most_label() {
        assert!(matches_host("*.contoso.com", "fe01.contoso.com"));
        assert!(matches_host("*.Contoso.com.", "FE01.contoso.COM"));
        assert!(!matches_host("*.contoso.com", "contoso.com"));
        assert!(!matches_host("*.contoso.com", "a.fe01.contoso.com"));
        assert!(!matches_host("fe*.contoso.com", "fe01.contoso.com"));
        assert!(!matches_host("fe01.*.com", "fe01.contoso.com"));
    }

    #[test]
    fn a_wildcard_covers_no_top_level_domain_and_no_empty_label() {
        assert!(!matches_host("*.com", "contoso.com"));
        assert!(!matches_host("*", "contoso"));
        assert!(!matches_host("*.contoso.com", ".contoso.com"));
        assert!(!matches_host("", ""));
    }

    #[test]
    fn a_wildcard_that_is_asked_for_is_covered_by_the_same_wildcard_alone() {
        assert!(matches_host("*.contoso.com", "*.contoso.com"));
        assert!(!matches_host("*.contoso.com", "*.sub.contoso.com"));
        assert!(!matches_host("fe01.contoso.com", "*.contoso.com"));
    }
}
