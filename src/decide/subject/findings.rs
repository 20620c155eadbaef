//! What a verdict on one certificate rests on, as findings.

use crate::cert::{Certificate, Digest, never_verifies};
use crate::decide::case::Case;
use crate::decide::common_findings::{identifier, limited, not_signed, short, unsupported};
use crate::decide::evaluated::{Authority, EvaluatedReference, Kind};
use crate::decide::policy::Rules;
use crate::decide::reference::unverified;
use crate::decide::relation::Related;
use crate::decide::trust::{CertificateStore, Issuers, Refused, SignatureVerifier, path};
use crate::protocol::{Code, Finding, Level, Phrase, Profile, Proof, Relation, Severity, hex};

use super::Offer;

/// What a verdict on one certificate rests on, for the findings that say so.
pub struct Grounds<'a> {
    pub case: &'a Case,
    pub evaluated: &'a EvaluatedReference,
    pub store: &'a CertificateStore,
    pub certificate: &'a Certificate,
    /// The key that verified it and counts, or else one that verified it.
    pub key: Option<usize>,
    pub issuers: &'a Issuers,
    pub rules: Rules<'a>,
}

impl Grounds<'_> {
    /// What the relation adds to the findings. `newer` says whether a later key of the same CA signed, and is asked where one
    /// of its keys did.
    pub fn relation(&self, related: &Related, newer: impl FnOnce() -> Option<bool>) -> Vec<Finding> {
        let mut findings = Vec::new();
        if related.weak {
            findings.push(match related.proof {
                Some(Proof::KeyIdentifier) => self.rules.finding(Code::WeakEvidence, "key-identifier"),
                _ => self.rules.finding(Code::WeakEvidence, "name"),
            });
        }
        if let Some(refused) = &related.refused {
            findings.push(self.link_refused(refused));
        }
        let Some(mut severity) = related.severity(&self.case.policy) else {
            return findings;
        };
        let certificate = self.certificate;
        let issuer = certificate.issuer().rfc4514();
        let finding = match related.relation {
            Relation::Different => {
                if self.evaluated.holds_ca {
                    severity = Severity::Doubt;
                }
                self.other_ca(related)
            }
            Relation::KeyOnly => Finding::of(Code::IssuerNameDiffers, "other-name").value("issuer", issuer),
            // Under `key`, where rollover counts for nothing.
            Relation::NameOnly | Relation::Rollover if related.rolled || related.relation == Relation::Rollover => {
                match newer() {
                    Some(true) => Finding::of(Code::IssuerKeyDiffers, "newer-key").value("issuer", issuer),
                    Some(false) => Finding::of(Code::IssuerKeyDiffers, "older-key").value("issuer", issuer),
                    None => Finding::of(Code::IssuerKeyDiffers, "other-generation").value("issuer", issuer),
                }
            }
            Relation::NameOnly => match (related.proof, never_verifies(certificate)) {
                (Some(Proof::Signature), _) => Finding::of(Code::IssuerKeyDiffers, "look-alike")
                    .value("issuer", issuer)
                    .value("file", file_name(certificate)),
                (_, Some(why)) => Finding::of(Code::IssuerKeyDiffers, "never-verifies")
                    .value("issuer", issuer)
                    .phrase("why", Phrase::named("signature", why)),
                (_, None) => Finding::of(Code::IssuerKeyDiffers, "unknown-key")
                    .value("issuer", issuer)
                    .value("file", file_name(certificate))
                    .phrase("identifier", identifier(certificate)),
            },
            Relation::BadSignature => {
                Finding::of(Code::SignatureInvalid, "subject").cause(&not_signed(&self.rules, certificate))
            }
            _ if related.unsupported => {
                let cause = unsupported(&self.rules, self.store, certificate);
                Finding::of(Code::AlgorithmUnsupported, "subject").cause(&cause)
            }
            _ if related.limit.is_some() => {
                let cause = limited(&self.rules, related.limit);
                Finding::of(Code::LimitReached, "subject").cause(&cause)
            }
            _ => self.unproven(related),
        };
        let code = finding.code;
        let finding = finding
            .phrase("expected", self.expected_ca(related))
            .phrase("actual", self.actual_ca());
        findings.push(finding.severity(self.rules.raised(code, severity)));
        findings
    }

    /// Whether the key that signed is a later one than the newest of the authority's; `None` where nothing tells.
    pub fn is_newer(&self, verifier: &mut SignatureVerifier<'_>, related: &Related) -> Option<bool> {
        let authority = self.authority(related)?;
        let first: Vec<usize> = authority.first_keys();
        let generation = |key: usize| {
            let holders = self.store.key(key).holders.iter();
            let versions = holders.filter_map(|&index| self.store.held(index).certificate.ca_version());
            versions.map(|(_, key)| key).max()
        };
        let signer = self.key?;
        let by_version = generation(signer).zip(first.iter().filter_map(|&key| generation(key)).max());
        if let Some((signer, known)) = by_version.filter(|(signer, known)| signer != known) {
            return Some(signer > known);
        }
        let (signer, _) = verifier.key_end(signer)?;
        let known = first.iter().filter_map(|&key| verifier.key_end(key));
        let known = known.map(|(end, _)| end).max()?;
        (signer != known).then_some(signer > known)
    }

    /// That another CA issued it, and how the two differ where their names read alike.
    pub fn other_ca(&self, related: &Related) -> Finding {
        let issuer = self.certificate.issuer();
        let expected = self.authority(related).and_then(|authority| authority.names.first());
        match expected {
            Some(expected) if reads_alike(&expected.rfc4514(), &issuer.rfc4514()) => {
                Finding::of(Code::IssuerDiffers, "reads-alike")
                    .value("issuer", issuer.encoded())
                    .value("authority", expected.encoded())
            }
            _ if self.is_swapped() => Finding::of(Code::IssuerDiffers, "swapped")
                .value("issuer", issuer.rfc4514())
                .value("authority", self.expected_name(related))
                .value("member", self.first_member()),
            _ => Finding::of(Code::IssuerDiffers, "other-ca")
                .value("issuer", issuer.rfc4514())
                .value("authority", self.expected_name(related)),
        }
    }

    /// Whether a CA certificate that was given signed it, and none of them any reference.
    pub fn is_swapped(&self) -> bool {
        let trusted = self.key.is_some_and(|key| self.store.key(key).trusted);
        trusted && !self.evaluated.any_verified && !self.evaluated.pinned
    }

    /// The first member of the reference that holds a certificate.
    pub fn first_member(&self) -> &str {
        let mut members = self.case.members.iter();
        let member = members.find(|member| member.read.certificate().is_some());
        member.map_or("", |member| &member.name)
    }

    /// Why nothing shows whether the reference's CA signed it.
    pub fn unproven(&self, related: &Related) -> Finding {
        let issuer = self.certificate.issuer();
        if self.case.policy.level == Level::Root {
            return Finding::of(Code::CaCertificateMissing, "no-root").value("issuer", issuer.rfc4514());
        }
        if let Some(Authority {
            kind: Kind::PinnedKey(id),
            ..
        }) = self.authority(related)
        {
            return Finding::of(Code::CaCertificateMissing, "pinned-key").value("key", hex(&id.0));
        }
        if !self.evaluated.any_verified
            && let Some(cause) = unverified(self.case, self.store, self.evaluated)
        {
            return match self.is_swapped() {
                true => Finding::of(Code::CaCertificateMissing, "swapped").value("member", self.first_member()),
                false => Finding::of(Code::CaCertificateMissing, "reference").cause(&cause),
            };
        }
        if self.authority(related).is_none() {
            return Finding::of(Code::CaCertificateMissing, "no-reference").value("issuer", issuer.rfc4514());
        }
        if self.key.is_some() {
            return Finding::of(Code::CaCertificateMissing, "undecided").value("issuer", issuer.rfc4514());
        }
        match self.store.has_ca_named(issuer) {
            true => Finding::of(Code::CaCertificateMissing, "unknown-key")
                .value("issuer", issuer.rfc4514())
                .phrase("identifier", identifier(self.certificate)),
            false => Finding::of(Code::CaCertificateMissing, "unknown-ca")
                .value("issuer", issuer.rfc4514())
                .value("file", file_name(self.certificate)),
        }
    }

    pub fn authority(&self, related: &Related) -> Option<&Authority> {
        self.evaluated.authorities.get(related.authority?)
    }

    pub fn expected_name(&self, related: &Related) -> String {
        match self.authority(related) {
            Some(authority) => authority.title(self.case),
            None => String::new(),
        }
    }

    /// The CA that is allowed, with its keys.
    pub fn expected_ca(&self, related: &Related) -> Phrase {
        let Some(authority) = self.authority(related) else {
            return Phrase::of("ca.unknown");
        };
        if let Kind::PinnedKey(id) = authority.kind {
            return Phrase::of("ca.pinned-key").value("key", short(&hex(&id.0)));
        }
        let name = authority.title(self.case);
        let keys = authority.keys.iter();
        let keys: Vec<String> = keys
            .map(|joined| short(&hex(&self.store.key(joined.key).id.0)))
            .collect();
        match keys.as_slice() {
            [] => Phrase::of("ca.named").value("name", name),
            [key] => Phrase::of("ca.with-key").value("name", name).value("key", key),
            keys => Phrase::of("ca.with-keys")
                .value("name", name)
                .value("keys", keys.join(", ")),
        }
    }

    /// The CA that issued it, with its key as far as it is known.
    pub fn actual_ca(&self) -> Phrase {
        let name = self.certificate.issuer().rfc4514();
        match (self.key, self.certificate.authority_key_identifier()) {
            (Some(key), _) => Phrase::of("ca.with-key")
                .value("name", name)
                .value("key", short(&hex(&self.store.key(key).id.0))),
            (None, Some(identifier)) => Phrase::of("ca.with-identifier")
                .value("name", name)
                .value("identifier", hex(identifier)),
            (None, None) => Phrase::of("ca.named").value("name", name),
        }
    }

    pub fn link_refused(&self, refused: &Refused) -> Finding {
        match refused {
            Refused::MissingLink(later, earlier) => {
                let sha256 = |&index: &usize| hex(self.store.held(index).certificate.sha256());
                self.rules
                    .finding(Code::LinkRefused, "missing-link")
                    .value("later", sha256(later))
                    .value("earlier", sha256(earlier))
                    .value("file", file_name(self.certificate))
            }
            Refused::Untrusted(certificates) => {
                let named: Vec<String> = certificates
                    .iter()
                    .map(|&index| {
                        let certificate = &self.store.held(index).certificate;
                        format!(
                            "{} (SHA-256 {})",
                            certificate.subject().rfc4514(),
                            hex(certificate.sha256())
                        )
                    })
                    .collect();
                self.rules
                    .finding(Code::LinkRefused, "untrusted")
                    .value("certificates", named.join("; "))
            }
            Refused::MissingParent(name, identifier) => self
                .rules
                .finding(Code::LinkRefused, "missing-parent")
                .value("parent", name.rfc4514())
                .value("identifier", hex(identifier)),
        }
    }

    pub fn distrusted(&self) -> Option<Finding> {
        let key = self.issuers.distrusted?;
        let finding = self.rules.finding(Code::AuthorityDistrusted, "subject");
        Some(finding.value("key", hex(&self.store.key(key).id.0)))
    }

    /// SHA-1 in the CA certificates that the relation rests on. A self-signature proves nothing, so it is not asked.
    pub fn weak_digests(&self, related: &Related) -> Vec<Finding> {
        let mut asked: Vec<usize> = related.links.clone();
        if let Some(path) = related.anchor.as_ref().and_then(|(anchor, _)| anchor.path.as_ref()) {
            asked.extend(&path.certificates);
        } else if let Some(key) = self.key {
            let holders = &self.store.key(key).holders;
            let of_name = |&&index: &&usize| self.store.held(index).certificate.subject() == self.certificate.issuer();
            asked.extend(holders.iter().find(of_name));
        }
        asked.sort_unstable();
        asked.dedup();
        let weak = |&&index: &&usize| {
            let certificate = &self.store.held(index).certificate;
            certificate.signature().digest() == Some(Digest::Sha1) && !certificate.is_self_issued()
                || related.links.contains(&index) && certificate.signature().digest() == Some(Digest::Sha1)
        };
        let finding = |&index: &usize| {
            let certificate = &self.store.held(index).certificate;
            let finding = self.rules.finding(Code::DigestWeak, "ca");
            finding.value("subject", certificate.subject().rfc4514())
        };
        asked.iter().filter(weak).map(finding).collect()
    }

    pub fn key_provider(&self, offer: &Offer) -> Vec<Finding> {
        let mut findings = Vec::new();
        let cng = offer
            .key_provider
            .as_ref()
            .filter(|provider| provider.ends_with("Key Storage Provider"));
        if let (Some(provider), Some(Profile::LyncServer2013)) = (cng, self.case.policy.profile) {
            let finding = self.rules.finding(Code::KeyProviderUnsupported, "cng");
            findings.push(finding.value("provider", provider));
        }
        findings
    }

    /// Whether another issuing CA under the members' one trusted root issued it.
    pub fn same_root(&self, verifier: &mut SignatureVerifier<'_>) -> Option<Finding> {
        let mut roots: Vec<[u8; 32]> = Vec::new();
        for (member, stands) in self.case.members.iter().zip(&self.evaluated.members) {
            let Some(certificate) = member.read.certificate().filter(|_| stands.votes) else {
                continue;
            };
            roots.extend(trusted_roots(verifier, certificate));
        }
        roots.sort_unstable();
        roots.dedup();
        let [root] = roots.as_slice() else { return None };
        if !trusted_roots(verifier, self.certificate).contains(root) {
            return None;
        }
        Some(self.rules.finding(Code::SameRoot, "other-issuing-ca"))
    }
}

/// The keys of the trusted roots that a verified path reaches.
fn trusted_roots(verifier: &mut SignatureVerifier<'_>, certificate: &Certificate) -> Vec<[u8; 32]> {
    let roots = path::to_roots(verifier, certificate);
    let store = verifier.store;
    let trusted = roots.paths.iter().filter(|path| path.root_is_trusted(store));
    trusted.map(|path| store.key(path.root_key).id.0).collect()
}

/// Whether two texts look the same to who reads them: apart from blanks, what does not show, and letters beyond ASCII.
fn reads_alike(one: &str, other: &str) -> bool {
    let shown = |text: &str| -> Vec<char> {
        let shows = |c: &char| !c.is_whitespace() && !c.is_control() && (c.is_ascii() || c.is_alphanumeric());
        text.chars().filter(shows).flat_map(char::to_lowercase).collect()
    };
    let (one, other) = (shown(one), shown(other));
    let same = |(one, other): (&char, &char)| one == other || !one.is_ascii() || !other.is_ascii();
    one.len() == other.len() && one.iter().zip(&other).all(same)
}

/// What AD CS calls the files of the CA that issued a certificate: its common name.
fn file_name(certificate: &Certificate) -> String {
    let attributes = certificate.issuer().ordered();
    let common = attributes
        .iter()
        .rev()
        .find(|(name, _)| name == "CN")
        .map(|(_, value)| value.clone());
    let safe = |c: char| !c.is_control() && !"\\/:*?\"<>|".contains(c);
    common
        .unwrap_or_else(|| "NAME".into())
        .chars()
        .filter(|&c| safe(c))
        .collect()
}
