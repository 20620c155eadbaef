//! Reports as serde reads them: the fields that a fleet takes up, texts that need not be owned, and lists that have a bound.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::piece::LIST_LIMIT;
use crate::json::fast::reader::Raw;
use crate::protocol::{JoinedBy, KeyFrom, Proof, Relation, Severity, Sha256Hex, Status, Thumbprint, Timestamp};

/// What a document may hold that decides what it is. Everything else is passed over.
#[derive(Deserialize)]
pub struct Document<'a> {
    #[serde(default)]
    pub protocol: Option<u32>,
    #[serde(default, borrow)]
    pub kind: Option<Word<'a>>,
    #[serde(default, borrow)]
    pub error: Option<Raw<'a>>,
    #[serde(default, borrow)]
    pub node: Option<Word<'a>>,
    #[serde(default, borrow)]
    pub host: Option<Word<'a>>,
    #[serde(default, borrow)]
    pub requirement: Option<Word<'a>>,
    #[serde(default)]
    pub collected_at: Option<Timestamp>,
    #[serde(default)]
    pub valid_at: Option<Timestamp>,
    #[serde(default, borrow)]
    pub status: Option<Word<'a>>,
    #[serde(default)]
    pub compliant: Option<bool>,
    #[serde(default)]
    pub summary: Option<InSummary>,
    #[serde(default, borrow)]
    pub reference: Option<Raw<'a>>,
    #[serde(default, borrow)]
    pub subjects: Limited<InSubject<'a>>,
    #[serde(default, borrow)]
    pub results: Option<Raw<'a>>,
    #[serde(default, borrow, rename = "actualState")]
    pub actual_state: Option<Raw<'a>>,
    #[serde(default, borrow, rename = "afterState")]
    pub after_state: Option<Raw<'a>>,
}

/// How many subjects have which status.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub struct InSummary {
    pub total: u64,
    pub compliant: u64,
    pub noncompliant: u64,
    pub undetermined: u64,
}

impl InSummary {
    pub fn count(&mut self, status: Status) {
        self.total += 1;
        match status {
            Status::Compliant => self.compliant += 1,
            Status::Noncompliant => self.noncompliant += 1,
            Status::Undetermined => self.undetermined += 1,
        }
    }
}

#[derive(Deserialize)]
pub struct InReference<'a> {
    #[serde(default, borrow)]
    pub authorities: Limited<InAuthority<'a>>,
    #[serde(default, borrow)]
    pub members: Limited<InMember<'a>>,
    #[serde(default, borrow)]
    pub findings: Limited<InFinding<'a>>,
}

#[derive(Deserialize)]
pub struct InAuthority<'a> {
    #[serde(default, borrow)]
    pub subject: Option<Word<'a>>,
    #[serde(default, borrow)]
    pub members: Limited<Word<'a>>,
    #[serde(default, borrow)]
    pub keys: Limited<InKey<'a>>,
}

#[derive(Deserialize)]
pub struct InKey<'a> {
    pub key_sha256: Sha256Hex,
    #[serde(default, borrow)]
    pub ca_version: Option<Word<'a>>,
    #[serde(default)]
    pub not_after: Option<Timestamp>,
    pub joined_by: JoinedBy,
}

#[derive(Deserialize)]
pub struct InMember<'a> {
    #[serde(borrow)]
    pub name: Word<'a>,
    #[serde(default, borrow, rename = "use")]
    pub use_: Option<Word<'a>>,
    #[serde(default, borrow)]
    pub certificate: Option<InCertificate<'a>>,
    #[serde(default, borrow)]
    pub issued_by: Option<InIssuer<'a>>,
    #[serde(default, borrow)]
    pub findings: Limited<InFinding<'a>>,
}

#[derive(Deserialize)]
pub struct InSubject<'a> {
    #[serde(borrow)]
    pub name: Word<'a>,
    #[serde(default, borrow, rename = "use")]
    pub use_: Option<Word<'a>>,
    #[serde(default)]
    pub status: Option<Status>,
    #[serde(default)]
    pub relation: Option<Relation>,
    #[serde(default)]
    pub proof: Option<Proof>,
    #[serde(default, borrow)]
    pub issued_by: Option<InIssuer<'a>>,
    #[serde(default, borrow)]
    pub certificate: Option<InCertificate<'a>>,
    #[serde(default, borrow)]
    pub findings: Limited<InFinding<'a>>,
}

#[derive(Deserialize)]
pub struct InIssuer<'a> {
    pub key_sha256: Sha256Hex,
    #[serde(default, borrow)]
    pub subject: Option<Word<'a>>,
    pub key_from: KeyFrom,
}

#[derive(Deserialize)]
pub struct InCertificate<'a> {
    #[serde(borrow)]
    pub subject: Word<'a>,
    #[serde(borrow)]
    pub issuer: Word<'a>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub sha1: Thumbprint,
    pub sha256: Sha256Hex,
}

#[derive(Deserialize)]
pub struct InFinding<'a> {
    #[serde(borrow)]
    pub code: Word<'a>,
    pub severity: Severity,
    #[serde(borrow)]
    pub message: Word<'a>,
    #[serde(default, borrow)]
    pub hint: Option<Word<'a>>,
}

/// A string, borrowed from the document where nothing in it is escaped.
pub struct Word<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Word<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Word<'de>, E> {
                Ok(Word(Cow::Borrowed(text)))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Word<'de>, E> {
                Ok(Word(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Word<'de>, E> {
                Ok(Word(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(Words)
    }
}

/// A list of at most [`LIST_LIMIT`] elements: a small text can make many large ones.
pub struct Limited<T>(pub Vec<T>);

impl<T> Default for Limited<T> {
    fn default() -> Self {
        Limited(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Limited<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<T> {
            type Value = Limited<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Limited<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = elements.next_element()? {
                    if list.len() == LIST_LIMIT {
                        return Err(A::Error::custom(format!("a list of more than {LIST_LIMIT} elements")));
                    }
                    if list.is_empty() {
                        // Most have one.
                        list.reserve_exact(1);
                    }
                    list.push(element);
                }
                Ok(Limited(list))
            }
        }
        deserializer.deserialize_seq(Elements(PhantomData))
    }
}
