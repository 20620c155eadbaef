//! The parts of a report as a record has them; equal references are kept once.

use std::sync::{Arc, OnceLock, PoisonError};

use sha2::{Digest, Sha256};

use crate::fleet::piece::TEXT_LIMIT;
use crate::fleet::texts::{cut, share, share_issuer};
use crate::fleet::wire::{
    InAuthority, InCertificate, InFinding, InIssuer, InMember, InReference, InSubject, Limited, Word,
};
use crate::json::fast::reader::Raw;
use crate::protocol::fleet::{
    FleetReference, RecordCertificate, RecordFinding, RecordIssuer, RecordSubject, ReferenceAuthority, ReferenceKey,
    ReferenceMember, Text, UnreadableCode,
};
use crate::protocol::{Sha256Hex, hex};

use super::checks::{Weight, check_name, own_name};
use super::refusal::Refusable;
use super::{Documents, Known};

impl Documents {
    /// Reads a reference, and returns its id.
    pub(super) fn reference(&self, Raw(raw): Raw<'_>) -> Refusable<Known> {
        let mut known = self.known.iter().map_while(OnceLock::get);
        // Compared, not hashed: most reports of a run share one.
        if let Some((_, Known { id, weight })) = known.find(|(text, _)| **text == *raw) {
            let (id, weight) = (share(id), *weight);
            return Ok(Known { id, weight });
        }
        let read: InReference<'_> = serde_json::from_str(raw).map_err(|error| {
            let message = format!("reference: {}", cut(&error.to_string(), TEXT_LIMIT));
            (UnreadableCode::BadReport, message)
        })?;
        let mut reference = FleetReference {
            id: "".into(),
            authorities: read.authorities.0.into_iter().map(|one| self.authority(one)).collect(),
            members: read.members.0.into_iter().map(|one| self.member(one)).collect(),
            findings: self.findings(read.findings),
        };
        reference.id = reference_id(&reference);
        // One for all that are equal, however they were written.
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        let (id, weight) = (reference.id.clone(), Weight::of(&reference));
        by_id.entry(id.clone()).or_insert_with(|| Arc::new(reference));
        drop(by_id);
        let free = self.known.iter().find(|known| known.get().is_none());
        // Another thread may have been faster: then it is read again, until it is known.
        let known = |id: &Text| Known { id: id.clone(), weight };
        let _ = free.map(|free| free.set((raw.into(), known(&id))));
        Ok(known(&share(&id)))
    }

    fn authority(&self, authority: InAuthority<'_>) -> ReferenceAuthority {
        let keys = authority.keys.0.into_iter().map(|key| ReferenceKey {
            key_sha256: key.key_sha256,
            ca_version: key.ca_version.map(|version| self.text(&version)),
            not_after: key.not_after,
            joined_by: key.joined_by,
        });
        ReferenceAuthority {
            subject: authority.subject.map(|subject| self.text(&subject)),
            members: authority.members.0.iter().map(|member| self.text(member)).collect(),
            keys: keys.collect(),
        }
    }

    fn member(&self, member: InMember<'_>) -> ReferenceMember {
        ReferenceMember {
            name: self.text(&member.name),
            use_: member.use_.map(|use_| self.text(&use_)),
            issued_by: member.issued_by.map(|issuer| self.issuer(issuer)),
            certificate: member.certificate.map(|certificate| self.certificate(certificate)),
            findings: self.findings(member.findings),
        }
    }

    pub(super) fn subject(&self, subject: InSubject<'_>, host: Option<&Text>) -> Refusable<RecordSubject> {
        let name = match host {
            Some(host) if **host == *subject.name.0 => host.clone(),
            _ => own_name("a subject's name", &subject.name.0)?,
        };
        Ok(RecordSubject {
            name,
            use_: subject
                .use_
                .map(|use_| self.name("a subject's use", &use_.0))
                .transpose()?,
            status: subject.status,
            relation: subject.relation,
            proof: subject.proof,
            issued_by: subject.issued_by.map(|issuer| share_issuer(self.issuer(issuer))),
            certificate: subject.certificate.map(|certificate| self.certificate(certificate)),
            findings: self.findings(subject.findings).into(),
        })
    }

    pub(super) fn issuer(&self, issuer: InIssuer<'_>) -> RecordIssuer {
        RecordIssuer {
            key_sha256: issuer.key_sha256,
            subject: issuer.subject.map(|subject| self.text(&subject)),
            key_from: issuer.key_from,
        }
    }

    pub(super) fn certificate(&self, certificate: InCertificate<'_>) -> RecordCertificate {
        RecordCertificate {
            // A server's own name: seldom shared.
            subject: cut(&certificate.subject.0, TEXT_LIMIT).into(),
            issuer: self.text(&certificate.issuer),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            sha1: certificate.sha1,
            sha256: certificate.sha256,
        }
    }

    pub(super) fn findings(&self, findings: Limited<InFinding<'_>>) -> Vec<RecordFinding> {
        let shorten = |finding: InFinding<'_>| RecordFinding {
            code: self.text(&finding.code),
            severity: finding.severity,
            message: self.text(&finding.message),
            hint: finding.hint.map(|hint| self.text(&hint)),
        };
        findings.0.into_iter().map(shorten).collect()
    }

    pub(super) fn name(&self, what: &str, name: &str) -> Refusable<Text> {
        check_name(what, name).map(|()| share(name))
    }

    fn text(&self, text: &Word<'_>) -> Text {
        share(&cut(&text.0, TEXT_LIMIT))
    }
}

/// SHA-256 of a report as it was read.
pub(super) fn sha256(bytes: &[u8]) -> Sha256Hex {
    crate::protocol::Hex(Sha256::digest(bytes).into())
}

/// 128 bits of the SHA-256 of a reference's content: a collision is out of reach.
pub(super) fn reference_id(reference: &FleetReference) -> Text {
    let content = (&reference.authorities, &reference.members, &reference.findings);
    // Plain data is always written.
    let content = serde_json::to_vec(&content).unwrap_or_default();
    hex(&Sha256::digest(content)[..16]).into()
}
