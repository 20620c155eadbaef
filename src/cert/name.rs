//! Distinguished names: compared by RFC 5280 §7.1, written by RFC 4514.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use stringprep::x520prep;

use super::text::{is_ignored_format, push_printable};
use crate::asn1::der::{self, Element, Reader};
use crate::asn1::oid::{self, ObjectIdentifier};

/// A distinguished name as it is encoded.
///
/// Two names are equal by RFC 5280 §7.1: attribute values after the string preparation of RFC 4518 (case, insignificant
/// space and Unicode forms set aside, and so the string type), RDNs in their order, the attributes of one RDN as a set.
/// A value that cannot be prepared equals only the same bytes of the same type. An RDN without attributes, which no
/// standard allows and some write, is read, and equals another such.
#[derive(Clone)]
pub struct Name {
    raw: Arc<[u8]>,
    /// Made when two names are compared whose bytes differ, or one is hashed.
    prepared: OnceLock<Arc<[u8]>>,
}

impl Name {
    /// Reads a DER `Name`; `None` where it is none, or anything follows it.
    pub fn from_der(der: &[u8]) -> Option<Name> {
        let mut reader = Reader::new(der);
        let element = reader.element()?;
        reader.end()?;
        Name::from_element(element)
    }

    pub(super) fn from_element(element: Element<'_>) -> Option<Name> {
        if element.tag != der::SEQUENCE {
            return None;
        }
        let mut rdns = Reader::new(element.value);
        while !rdns.is_empty() {
            let mut rdn = Reader::new(rdns.expect(der::SET)?);
            while !rdn.is_empty() {
                Attribute::read(&mut rdn)?;
            }
        }
        Some(Name {
            raw: element.raw.into(),
            prepared: OnceLock::new(),
        })
    }

    /// The name as encoded: the whole DER `Name`.
    pub fn der(&self) -> &[u8] {
        &self.raw
    }

    /// Whether the name has no RDN.
    pub fn is_empty(&self) -> bool {
        self.raw.len() <= 2
    }

    /// The name as text (RFC 4514): last RDN first, no spaces added, always one printable line.
    ///
    /// Attribute types are written as in RFC 4514 §3 and by their usual short names, others as dotted numbers.
    pub fn rfc4514(&self) -> String {
        let mut text = String::with_capacity(self.raw.len());
        let mut rdns: Vec<&[u8]> = self.rdns().collect();
        while let Some(rdn) = rdns.pop() {
            if !text.is_empty() {
                text.push(',');
            }
            if rdn.is_empty() {
                text.push_str(EMPTY_RDN);
            }
            for (index, attribute) in attributes(rdn).enumerate() {
                if index > 0 {
                    text.push('+');
                }
                text.push_str(&attribute.kind());
                text.push('=');
                match attribute.text() {
                    Some(value) => push_escaped(&mut text, &value),
                    None => {
                        text.push('#');
                        super::push_hex(&mut text, attribute.value.raw);
                    }
                }
            }
        }
        text
    }

    /// The name with the string type of every value and all that does not show, or is no ASCII, as `\XX`: for two names that
    /// read alike as RFC 4514 writes them.
    pub fn encoded(&self) -> String {
        let mut rdns: Vec<&[u8]> = self.rdns().collect();
        rdns.reverse();
        let value = |value: Element<'_>| {
            let Some(kind) = der::string_type(value.tag) else {
                return format!("#{}", super::hex(value.raw));
            };
            let mut text = format!("{kind} ");
            for octet in value.value {
                match octet {
                    b'!'..=b'[' | b']'..=b'~' => text.push(char::from(*octet)),
                    _ => {
                        text.push('\\');
                        super::push_hex(&mut text, &[*octet]);
                    }
                }
            }
            text
        };
        let attribute = |attribute: Attribute<'_>| format!("{}={}", attribute.kind(), value(attribute.value));
        let rdn = |rdn: &[u8]| attributes(rdn).map(attribute).collect::<Vec<_>>().join("+");
        rdns.into_iter().map(rdn).collect::<Vec<_>>().join(",")
    }

    /// Attribute types and values in the order of the encoding; a value that is no string as `#` and the hex of its DER.
    pub fn ordered(&self) -> Vec<(Cow<'static, str>, String)> {
        let mut pairs = Vec::with_capacity(8);
        for attribute in self.rdns().flat_map(attributes) {
            let value = match attribute.text() {
                Some(text) => text.into_owned(),
                None => format!("#{}", super::hex(attribute.value.raw)),
            };
            pairs.push((attribute.kind(), value));
        }
        pairs
    }

    /// The values of the attributes of this type that are strings.
    pub(super) fn values(&self, kind: ObjectIdentifier) -> impl Iterator<Item = Cow<'_, str>> {
        let all = self.rdns().flat_map(attributes);
        all.filter(move |attribute| attribute.oid == kind.as_bytes())
            .filter_map(|attribute| attribute.text())
    }

    /// Whether this name lies in the subtree whose base is `base`: its first RDNs are those of `base`.
    pub(super) fn is_within(&self, base: &Name) -> bool {
        let mut own = self.rdns();
        base.rdns().all(|rdn| {
            own.next()
                .is_some_and(|candidate| rdn == candidate || prepare(rdn) == prepare(candidate))
        })
    }

    fn prepared(&self) -> &[u8] {
        self.prepared.get_or_init(|| self.rdns().flat_map(prepare).collect())
    }

    /// The contents of the RDNs. The constructor has read them all, so nothing is skipped.
    fn rdns(&self) -> impl Iterator<Item = &[u8]> {
        let mut rdns = Reader::new(der::only(&self.raw, der::SEQUENCE).unwrap_or_default());
        std::iter::from_fn(move || rdns.expect(der::SET))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.raw == other.raw || self.prepared() == other.prepared()
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.prepared().hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc4514())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({})", self.rfc4514())
    }
}

/// How an RDN without attributes is written, which RFC 4514 has no form for: `#` and the hex of its DER.
const EMPTY_RDN: &str = "#3100";

/// The short names of attribute types: those of RFC 4514 §3, else the usual ones. The commonest come first.
const SHORT_NAMES: &[(ObjectIdentifier, &str)] = &[
    (oid::COMMON_NAME, "CN"),
    (oid::DOMAIN_COMPONENT, "DC"),
    (oid::ORGANIZATION, "O"),
    (oid::ORGANIZATIONAL_UNIT, "OU"),
    (oid::COUNTRY, "C"),
    (oid::LOCALITY, "L"),
    (oid::STATE_OR_PROVINCE, "ST"),
    (oid::EMAIL_ADDRESS, "emailAddress"),
    (oid::SERIAL_NUMBER, "serialNumber"),
    (oid::SURNAME, "SN"),
    (oid::GIVEN_NAME, "GN"),
    (oid::STREET_ADDRESS, "STREET"),
    (oid::TITLE, "title"),
    (oid::DESCRIPTION, "description"),
    (oid::BUSINESS_CATEGORY, "businessCategory"),
    (oid::POSTAL_CODE, "postalCode"),
    (oid::INITIALS, "initials"),
    (oid::GENERATION_QUALIFIER, "generationQualifier"),
    (oid::DN_QUALIFIER, "dnQualifier"),
    (oid::PSEUDONYM, "pseudonym"),
    (oid::ORGANIZATION_IDENTIFIER, "organizationIdentifier"),
    (oid::USER_ID, "UID"),
    (oid::UNSTRUCTURED_NAME, "unstructuredName"),
    (oid::UNSTRUCTURED_ADDRESS, "unstructuredAddress"),
    (oid::JURISDICTION_LOCALITY, "jurisdictionL"),
    (oid::JURISDICTION_STATE_OR_PROVINCE, "jurisdictionST"),
    (oid::JURISDICTION_COUNTRY, "jurisdictionC"),
];

struct Attribute<'a> {
    oid: &'a [u8],
    value: Element<'a>,
}

impl<'a> Attribute<'a> {
    fn read(rdn: &mut Reader<'a>) -> Option<Attribute<'a>> {
        let mut parts = Reader::new(rdn.expect(der::SEQUENCE)?);
        let oid = parts.expect(der::OID)?;
        let value = parts.element()?;
        parts.end()?;
        Some(Attribute { oid, value })
    }

    fn kind(&self) -> Cow<'static, str> {
        match oid::find(SHORT_NAMES, self.oid) {
            Some(name) => name.into(),
            None => oid::text(self.oid).into(),
        }
    }

    /// The value as text, also where a careless issuer broke its string type in a way that is still clear.
    fn text(&self) -> Option<Cow<'a, str>> {
        let Element { tag, value, .. } = self.value;
        der::text(tag, value).or_else(|| match tag {
            der::PRINTABLE_STRING | der::IA5_STRING | der::VISIBLE_STRING => {
                std::str::from_utf8(value).ok().map(Cow::Borrowed)
            }
            _ => None,
        })
    }

    /// Type and value as compared.
    fn push_prepared(&self, out: &mut Vec<u8>) {
        push_part(out, Part::Type, self.oid);
        match der::text(self.value.tag, self.value.value).and_then(prepare_text) {
            Some(text) => push_part(out, Part::Text, text.as_bytes()),
            // Marked, so that what could not be prepared never equals what could.
            None => push_part(out, Part::Unprepared, self.value.raw),
        }
    }
}

/// What a part of a name as compared is.
#[derive(Clone, Copy)]
enum Part {
    Type,
    Text,
    Unprepared,
    Rdn,
}

/// Adds a part of a name as compared. Each has its length before it, so that parts cannot run into each other.
fn push_part(out: &mut Vec<u8>, part: Part, bytes: &[u8]) {
    out.push(part as u8);
    out.extend_from_slice(&bytes.len().to_ne_bytes());
    out.extend_from_slice(bytes);
}

fn attributes(rdn: &[u8]) -> impl Iterator<Item = Attribute<'_>> {
    let mut rdn = Reader::new(rdn);
    std::iter::from_fn(move || {
        if rdn.is_empty() {
            None
        } else {
            Attribute::read(&mut rdn)
        }
    })
}

/// One RDN as compared: its attributes sorted, as a set has no order.
fn prepare(rdn: &[u8]) -> Vec<u8> {
    let mut set: Vec<Vec<u8>> = Vec::with_capacity(1);
    for attribute in attributes(rdn) {
        let mut bytes = Vec::with_capacity(64);
        attribute.push_prepared(&mut bytes);
        set.push(bytes);
    }
    set.sort_unstable();
    let mut out = Vec::with_capacity(64);
    push_part(&mut out, Part::Rdn, &set.concat());
    out
}

/// RFC 4518 §2 for caseIgnoreMatch: map and fold, NFKC, prohibit, insignificant space (trimmed, and runs as one: for
/// equality that is the same as the rule's two). `None` where the string has a prohibited character.
fn prepare_text(text: Cow<'_, str>) -> Option<String> {
    if text.is_ascii() {
        return Some(prepare_ascii(&text));
    }
    // `x520prep` leaves out the format characters that RFC 4518 §2.2 maps to nothing, NFKC when it folds, and spaces.
    let mapped: String = text.chars().filter(|&c| !is_ignored_format(c)).collect();
    if mapped.is_empty() {
        return Some(mapped);
    }
    let folded = x520prep(&mapped, true).ok()?;
    if folded.is_empty() {
        return Some(String::new());
    }
    let normalized = x520prep(&folded, false).ok()?;
    let mut out = String::with_capacity(normalized.len());
    let mut chars = normalized.chars().peekable();
    let mut pending = false;
    while let Some(c) = chars.next() {
        // A space that carries a combining mark is no space (RFC 4518 §2.6.1).
        if c == ' ' && !chars.peek().is_some_and(|&next| is_combining(next)) {
            pending = true;
            continue;
        }
        if pending && !out.is_empty() {
            out.push(' ');
        }
        pending = false;
        out.push(c);
    }
    Some(out)
}

fn prepare_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pending = false;
    for byte in text.bytes() {
        match byte {
            b' ' | 0x09..=0x0d => pending = true,
            0x00..=0x1f | 0x7f => {}
            _ => {
                if pending && !out.is_empty() {
                    out.push(' ');
                }
                pending = false;
                out.push(char::from(byte.to_ascii_lowercase()));
            }
        }
    }
    out
}

/// Whether `c`, taken from a prepared string, is a combining mark: the one thing of those that cannot start a string.
fn is_combining(c: char) -> bool {
    !c.is_ascii() && x520prep(c.encode_utf8(&mut [0; 4]), false).is_err()
}

/// Appends `value` escaped by RFC 4514 §2.4; what could break a line or hide in it is escaped too, as hex pairs.
fn push_escaped(out: &mut String, value: &str) {
    // Most values need no escape, and are added whole.
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_' | b'@' | b'/' | b'*');
    let mut words = value.split(' ');
    if words.all(|word| !word.is_empty() && word.bytes().all(plain)) {
        out.push_str(value);
        return;
    }
    let last = value.len().saturating_sub(1);
    for (index, c) in value.char_indices() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            ' ' if index == 0 || index == last => out.push_str("\\ "),
            '#' if index == 0 => out.push_str("\\#"),
            _ => push_printable(out, c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::testing::element;

    const CN: ObjectIdentifier = oid::COMMON_NAME;
    const O: ObjectIdentifier = oid::ORGANIZATION;
    const DC: ObjectIdentifier = oid::DOMAIN_COMPONENT;

    fn attribute(oid: ObjectIdentifier, tag: u8, value: &[u8]) -> Vec<u8> {
        element(
            der::SEQUENCE,
            &[&element(der::OID, &[oid.as_bytes()]), &element(tag, &[value])],
        )
    }

    fn rdn(attributes: &[Vec<u8>]) -> Vec<u8> {
        element(der::SET, &[&attributes.concat()])
    }

    fn name(rdns: &[Vec<u8>]) -> Name {
        Name::from_der(&element(der::SEQUENCE, &[&rdns.concat()])).unwrap()
    }

    fn cn(tag: u8, value: &[u8]) -> Name {
        name(&[rdn(&[attribute(CN, tag, value)])])
    }

    fn utf8(value: &str) -> Name {
        cn(der::UTF8_STRING, value.as_bytes())
    }

    fn hash(name: &Name) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        name.hash(&mut hasher);
        hasher.finish()
    }

    #[track_caller]
    fn equal(a: &Name, b: &Name) {
        assert_eq!(a, b);
        assert_eq!(hash(a), hash(b), "equal names hash alike");
    }

    #[test]
    fn string_types_do_not_matter() {
        let bmp: Vec<u8> = "Contoso CA".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let universal: Vec<u8> = "Contoso CA".chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
        let reference = utf8("Contoso CA");
        equal(&reference, &cn(der::PRINTABLE_STRING, b"Contoso CA"));
        equal(&reference, &cn(der::TELETEX_STRING, b"Contoso CA"));
        equal(&reference, &cn(der::IA5_STRING, b"Contoso CA"));
        equal(&reference, &cn(der::BMP_STRING, &bmp));
        equal(&reference, &cn(der::UNIVERSAL_STRING, &universal));
        equal(&utf8("Zürich"), &cn(der::TELETEX_STRING, b"Z\xfcrich"));
        equal(&utf8("Zürich"), &cn(der::BMP_STRING, b"\0Z\0\xfc\0r\0i\0c\0h"));
    }

    #[test]
    fn case_does_not_matter_in_any_script() {
        equal(&utf8("CONTOSO ca"), &utf8("contoso CA"));
        equal(&utf8("ZÜRICH"), &utf8("zürich"));
        equal(&utf8("ΑΘΗΝΑ"), &utf8("αθηνα"));
        equal(&utf8("Straße"), &utf8("STRASSE"));
        assert_ne!(utf8("Contoso CA 1"), utf8("Contoso CA 2"));
    }

    #[test]
    fn unicode_forms_do_not_matter() {
        equal(&utf8("Zu\u{308}rich"), &utf8("Zürich"));
        equal(&utf8("ＣＯＮＴＯＳＯ"), &utf8("contoso"));
        equal(&utf8("ﬁle"), &utf8("file"));
        equal(&utf8("E\u{301}cole"), &utf8("école"));
    }

    #[test]
    fn space_at_the_ends_and_in_runs_is_insignificant() {
        equal(&utf8("  Contoso   CA "), &utf8("Contoso CA"));
        equal(&utf8("Contoso\tCA"), &utf8("Contoso CA"));
        equal(&utf8("Contoso\u{a0}CA ü"), &utf8("Contoso CA  ü"));
        equal(&utf8("   "), &utf8(" "));
        assert_ne!(utf8("ContosoCA"), utf8("Contoso CA"));
    }

    #[test]
    fn a_space_under_a_combining_mark_is_significant() {
        assert_ne!(utf8("a \u{301}b"), utf8("a\u{301}b"));
        assert_ne!(utf8("a  \u{301}b"), utf8("a \u{301}b"));
    }

    #[test]
    fn characters_mapped_to_nothing_do_not_matter() {
        equal(&utf8("Con\u{ad}toso"), &utf8("Contoso"));
        equal(&utf8("Con\u{200d}toso\u{feff}"), &utf8("Contoso"));
        equal(&utf8("Con\u{1}toso"), &utf8("Contoso"));
    }

    #[test]
    fn what_cannot_be_prepared_equals_only_its_own_bytes_and_type() {
        let private = utf8("A\u{e000}");
        equal(&private, &utf8("A\u{e000}"));
        assert_ne!(private, utf8("a\u{e000}"));
        let bmp: Vec<u8> = "A\u{e000}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_ne!(private, cn(der::BMP_STRING, &bmp));
        assert_ne!(
            cn(der::PRINTABLE_STRING, b"Z\xfcrich"),
            cn(der::TELETEX_STRING, b"Z\xfcrich")
        );
        assert_ne!(cn(der::BMP_STRING, b"\0a\0"), cn(der::BMP_STRING, b"\0A\0"));
    }

    #[test]
    fn values_that_are_no_strings_are_compared_exactly() {
        equal(&cn(der::OCTET_STRING, b"abc"), &cn(der::OCTET_STRING, b"abc"));
        assert_ne!(cn(der::OCTET_STRING, b"abc"), cn(der::OCTET_STRING, b"ABC"));
        assert_ne!(cn(der::OCTET_STRING, b"abc"), utf8("abc"));
    }

    #[test]
    fn domain_components_and_addresses_ignore_case() {
        let dc = |value: &[u8]| name(&[rdn(&[attribute(DC, der::IA5_STRING, value)])]);
        equal(&dc(b"CONTOSO"), &dc(b"contoso"));
        let email = |value: &[u8]| name(&[rdn(&[attribute(oid::EMAIL_ADDRESS, der::IA5_STRING, value)])]);
        equal(&email(b"PKI@contoso.com"), &email(b"pki@CONTOSO.com"));
    }

    #[test]
    fn the_order_of_rdns_matters_and_that_within_one_does_not() {
        let (a, b) = (
            attribute(CN, der::UTF8_STRING, b"a"),
            attribute(O, der::UTF8_STRING, b"b"),
        );
        let (rdn_a, rdn_b) = (rdn(std::slice::from_ref(&a)), rdn(std::slice::from_ref(&b)));
        let one = name(&[rdn_a.clone(), rdn_b.clone()]);
        let two = name(&[rdn_b, rdn_a]);
        assert_ne!(one, two);
        let ab = name(&[rdn(&[a.clone(), b.clone()])]);
        let ba = name(&[rdn(&[b.clone(), a.clone()])]);
        equal(&ab, &ba);
        assert_ne!(one, ab);
        assert_ne!(name(&[rdn(&[a.clone(), a.clone()])]), name(&[rdn(&[a])]));
    }

    #[test]
    fn attribute_types_and_counts_matter() {
        let a = name(&[rdn(&[attribute(CN, der::UTF8_STRING, b"a")])]);
        let b = name(&[rdn(&[attribute(O, der::UTF8_STRING, b"a")])]);
        assert_ne!(a, b);
        equal(&name(&[]), &name(&[]));
        assert!(name(&[]).is_empty());
        assert_ne!(a, name(&[]));
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        assert!(Name::from_der(&[]).is_none());
        assert!(Name::from_der(&element(der::SET, &[])).is_none());
        assert!(Name::from_der(&[0x30, 0x00, 0x00]).is_none());
    }

    #[test]
    fn an_rdn_without_attributes_is_read_and_is_not_the_same_as_none() {
        let a = attribute(CN, der::UTF8_STRING, b"a");
        let (empty, one) = (rdn(&[]), rdn(std::slice::from_ref(&a)));
        let alone = name(std::slice::from_ref(&empty));
        assert_eq!(alone.rfc4514(), "#3100");
        assert!(!alone.is_empty());
        assert_ne!(alone, name(&[]));
        let before = name(&[empty.clone(), one.clone()]);
        assert_eq!(before.rfc4514(), "CN=a,#3100");
        assert_eq!(before.ordered(), [("CN".into(), "a".to_owned())]);
        equal(
            &before,
            &name(&[empty.clone(), rdn(&[attribute(CN, der::PRINTABLE_STRING, b"A")])]),
        );
        assert_ne!(before, name(&[one.clone(), empty.clone()]));
        assert_ne!(before, name(std::slice::from_ref(&one)));
        assert_ne!(alone, name(&[empty.clone(), empty]));
    }

    #[test]
    fn text_is_written_last_rdn_first() {
        let subject = name(&[
            rdn(&[attribute(DC, der::IA5_STRING, b"com")]),
            rdn(&[attribute(DC, der::IA5_STRING, b"contoso")]),
            rdn(&[
                attribute(CN, der::UTF8_STRING, b"CA"),
                attribute(O, der::UTF8_STRING, b"Contoso"),
            ]),
        ]);
        assert_eq!(subject.rfc4514(), "CN=CA+O=Contoso,DC=contoso,DC=com");
        let pairs = [("DC", "com"), ("DC", "contoso"), ("CN", "CA"), ("O", "Contoso")];
        assert_eq!(
            subject.ordered(),
            pairs.map(|(kind, value)| (kind.into(), value.to_owned()))
        );
        assert_eq!(name(&[]).rfc4514(), "");
    }

    #[test]
    fn text_is_escaped_into_one_safe_line() {
        for (value, expected) in [
            ("a,b+c\"d\\e<f>g;h", "a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h"),
            (" a ", "\\ a\\ "),
            (" ", "\\ "),
            ("  ", "\\ \\ "),
            ("#a#", "\\#a#"),
            ("a=b", "a=b"),
            ("a\0b", "a\\00b"),
            ("a\nb\u{7f}", "a\\0ab\\7f"),
            ("a\u{202e}b", "a\\e2\\80\\aeb"),
            ("a\u{2028}b", "a\\e2\\80\\a8b"),
            ("ü", "ü"),
            ("", ""),
        ] {
            assert_eq!(utf8(value).rfc4514(), format!("CN={expected}"), "{value:?}");
        }
    }

    #[test]
    fn unknown_types_are_dotted_and_what_is_no_string_is_hex() {
        let odd = name(&[rdn(&[attribute(
            ObjectIdentifier::new_unwrap("1.2.3.4"),
            der::UTF8_STRING,
            b"x",
        )])]);
        assert_eq!(odd.rfc4514(), "1.2.3.4=x");
        assert_eq!(cn(der::OCTET_STRING, b"abc").rfc4514(), "CN=#0403616263");
        assert_eq!(cn(der::UTF8_STRING, b"\xff").rfc4514(), "CN=#0c01ff");
        assert_eq!(cn(der::OCTET_STRING, b"abc").ordered()[0].1, "#0403616263");
    }

    #[test]
    fn a_subtree_holds_what_begins_with_its_base() {
        let base = name(&[rdn(&[attribute(O, der::UTF8_STRING, b"Contoso")])]);
        let inside = name(&[
            rdn(&[attribute(O, der::PRINTABLE_STRING, b"CONTOSO")]),
            rdn(&[attribute(CN, der::UTF8_STRING, b"a")]),
        ]);
        assert!(inside.is_within(&base));
        assert!(inside.is_within(&name(&[])));
        assert!(!base.is_within(&inside));
    }
}
