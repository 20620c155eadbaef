//! One JSON document into records: a report, a fleet report, or what `dsc config` wrote.
//!
//! Reports are read more kindly than requests: a field that is not known is passed over, because a newer same-ca may
//! have written it. What is needed is checked, and what is refused is named.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde::Deserialize;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::json::fast::reader::{self as fast, Raw};
use crate::protocol::fleet::{
    FleetReference, Record, RecordCertificate, RecordFinding, RecordIssuer, RecordSubject, ReferenceAuthority,
    ReferenceKey, ReferenceMember, Text, UnreadableCode,
};
use crate::protocol::{PROTOCOL, Relation, Severity, Sha256Hex, Status, Timestamp, hex};

use super::dsc;
pub use super::piece::{FleetPart, LIST_LIMIT, NAME_LIMIT, Origin, Piece, TEXT_LIMIT};
use super::texts::{cut, reuse, share, share_issuer};
use super::wire::{
    Document, InAuthority, InCertificate, InFinding, InIssuer, InMember, InReference, InSubject, InSummary, Limited,
    Word,
};

/// The size up to which a record keeps its subjects in full, in bytes of JSON: some ten subjects.
pub const DETAIL_LIMIT: usize = 32 * 1024;
/// Records, subjects, findings and members that one fleet report may hold together: a million hosts have half of them, and
/// each takes some 300 bytes of memory.
const ELEMENTS: usize = 20_000_000;
/// Raw references that are known again by their bytes. Reports of one run share one; the rest is read each time.
const KNOWN_REFERENCES: usize = 64;

/// Reads documents, for any number of threads.
#[derive(Debug)]
pub struct Documents {
    /// Read much more often than written: a lock would be the place where all threads meet.
    known: [OnceLock<(Box<str>, Known)>; KNOWN_REFERENCES],
    by_id: RwLock<HashMap<Text, Arc<FleetReference>>>,
    detailed: AtomicBool,
}

/// A reference that was read.
#[derive(Debug, Clone)]
struct Known {
    id: Text,
    weight: Weight,
}

/// How much the findings on a reference weigh.
#[derive(Debug, Clone, Copy)]
struct Weight {
    /// The gravest on the reference as a whole: a doubt makes every subject undetermined at best.
    whole: Option<Severity>,
    /// The gravest on it or a member.
    any: Option<Severity>,
}

impl Weight {
    fn of(reference: &FleetReference) -> Self {
        let gravest = |findings: &[RecordFinding]| findings.iter().map(|finding| finding.severity).max();
        let whole = gravest(&reference.findings);
        let members = reference.members.iter().filter_map(|member| gravest(&member.findings));
        Weight {
            whole,
            any: members.max().max(whole),
        }
    }
}

impl Default for Documents {
    fn default() -> Self {
        Documents {
            known: [const { OnceLock::new() }; KNOWN_REFERENCES],
            by_id: RwLock::default(),
            detailed: AtomicBool::new(true),
        }
    }
}

impl Documents {
    /// From now on no record keeps its subjects in full: there are too many.
    pub fn in_short(&self) {
        self.detailed.store(false, Ordering::Relaxed);
    }

    /// Reads one document.
    pub fn read(&self, bytes: &[u8], origin: Origin<'_>, found: &mut Vec<Piece>) {
        self.read_of_run(bytes, origin, None, found);
    }

    /// Reads one document that may stand in another, written by a run that began then: for a report without times.
    fn read_of_run(&self, bytes: &[u8], origin: Origin<'_>, run: Option<Timestamp>, found: &mut Vec<Piece>) {
        let bytes = bytes.trim_ascii();
        // As text it is checked once, not string by string.
        let Ok(text) = simdutf8::basic::from_utf8(bytes) else {
            return found.push(origin.unreadable(UnreadableCode::BadJson, "not UTF-8"));
        };
        match bytes.first() {
            Some(b'{') => {}
            None => {
                return found
                    .push(origin.unreadable(UnreadableCode::BadJson, "expected a JSON document, found nothing"));
            }
            // `dsc resource test` writes the results of a group so.
            Some(b'[') if dsc::read_list(&self.reader(), bytes, origin, found) => return,
            Some(_) => return found.push(no_object(bytes, origin)),
        }
        match fast::from_str(text).map_or_else(|| serde_json::from_str::<Document<'_>>(text), Ok) {
            Ok(document) => self.sort_out(bytes, document, origin, run, found),
            Err(error) => found.push(refused(bytes, &error, origin)),
        }
    }

    /// What reads a report that stands in another document.
    fn reader(&self) -> impl Fn(&[u8], Origin<'_>, Option<Timestamp>, &mut Vec<Piece>) {
        |bytes, origin, run, found| self.read_of_run(bytes, origin, run, found)
    }

    fn sort_out(
        &self,
        bytes: &[u8],
        document: Document<'_>,
        origin: Origin<'_>,
        run: Option<Timestamp>,
        found: &mut Vec<Piece>,
    ) {
        if let Some(kind) = &document.kind {
            if kind.0 != "fleet" {
                let message = format!("expected a report, found a document of kind {:?}", cut(&kind.0, 64));
                return found.push(origin.unreadable(UnreadableCode::NotAReport, &message));
            }
            if let Err((code, message)) = self.fleet(bytes, document.protocol, origin, found) {
                found.push(origin.unreadable(code, &message));
            }
            return;
        }
        let of_dsc = [&document.results, &document.actual_state, &document.after_state];
        if document.protocol.is_none() && of_dsc.into_iter().any(Option::is_some) {
            return dsc::read(&self.reader(), bytes, origin, found);
        }
        if let Some(error) = document.error {
            let (code, message) = error_object(document.protocol, error.0);
            return found.push(origin.unreadable(code, &message));
        }
        match self.report(bytes, document, origin, run) {
            Ok(record) => found.push(Piece::Record(record)),
            Err((code, message)) => found.push(origin.unreadable(code, &message)),
        }
    }

    fn report(
        &self,
        bytes: &[u8],
        document: Document<'_>,
        origin: Origin<'_>,
        run: Option<Timestamp>,
    ) -> Refusable<Box<Record>> {
        let (Some(protocol), Some(reference), Some(status)) = (document.protocol, document.reference, &document.status)
        else {
            let message = "expected a report of same-ca: protocol, status and reference are not all there";
            return Err((UnreadableCode::NotAReport, message.into()));
        };
        check_protocol(protocol)?;
        let bad = |message: String| (UnreadableCode::BadReport, message);
        let valid_at = document
            .valid_at
            // The state of a PowerShell resource leaves out when it was made, so that equal states are equal texts.
            .or(run)
            .ok_or_else(|| bad("missing field \"valid_at\"".into()))?;
        let status = word::<Status>(&status.0).map_err(|error| bad(format!("status: {error}")))?;
        let host = document.host.map(|host| own_name("host", &host.0)).transpose()?;
        let requirement = document
            .requirement
            .map(|requirement| self.name("requirement", &requirement.0))
            .transpose()?;
        let node = document.node.map(|node| own_name("node", &node.0)).transpose()?;
        let Known { id: reference, weight } = self.reference(reference)?;
        // As long as it must be: collecting what may fail leaves room for more.
        let mut subjects = Vec::with_capacity(document.subjects.0.len());
        for subject in document.subjects.0 {
            subjects.push(self.subject(subject, host.as_ref())?);
        }
        let stated = Stated {
            status,
            compliant: document.compliant,
            summary: document.summary,
        };
        stated.check(&subjects, weight).map_err(|wrong| {
            let called = node.as_deref().or(host.as_deref());
            bad(of_whom(called, &wrong))
        })?;
        Ok(Box::new(Record {
            node,
            host,
            requirement,
            collected_at: document.collected_at,
            valid_at,
            status,
            state: Default::default(),
            stale: false,
            from_future: false,
            hosts_of_node: Box::default(),
            waived_by: Box::default(),
            source: origin.source.clone(),
            line: origin.line,
            sha256: sha256(bytes),
            reference,
            subjects: subjects.into(),
            details: self.details(bytes),
        }))
    }

    /// The subjects in full, while the fleet is small enough to keep them.
    fn details(&self, bytes: &[u8]) -> Option<Box<RawValue>> {
        #[derive(Deserialize)]
        struct Full<'a> {
            #[serde(borrow)]
            subjects: &'a RawValue,
        }
        if !self.detailed.load(Ordering::Relaxed) {
            return None;
        }
        let full: Full<'_> = serde_json::from_slice(bytes).ok()?;
        canonical(full.subjects)
    }

    /// Reads a fleet report. A record that cannot be is told by itself, and hides none of the others.
    fn fleet(&self, bytes: &[u8], protocol: Option<u32>, origin: Origin<'_>, found: &mut Vec<Piece>) -> Refusable<()> {
        let bad = |message: String| (UnreadableCode::BadReport, message);
        check_protocol(protocol.ok_or_else(|| bad("missing field \"protocol\"".into()))?)?;
        check_elements(bytes)?;
        let mut part: FleetPart =
            serde_json::from_slice(bytes).map_err(|error| bad(cut(&error.to_string(), TEXT_LIMIT).into()))?;
        let missing = part
            .missing
            .iter()
            .chain(part.missing_reasons.iter().map(|host| &host.host));
        missing
            .into_iter()
            .try_for_each(|host| check_name("a missing host", host))?;
        // The id is worked out anew: nobody gives another content a known one.
        let mut known = HashMap::new();
        for reference in &mut part.references {
            let stated = std::mem::replace(&mut reference.id, "".into());
            self.share_reference(reference);
            reference.id = reference_id(reference);
            let weight = Weight::of(reference);
            let id = reference.id.clone();
            known.insert(stated, Known { id, weight });
        }
        let mut wrong = Vec::new();
        for records in [&mut part.records, &mut part.set_aside] {
            records.retain_mut(|record| match self.record_of_fleet(record, &known) {
                Ok(()) => true,
                Err(message) => {
                    let called = record.called().map(|name| cut(name, 256));
                    wrong.push(of_whom(called.as_deref(), &message));
                    false
                }
            });
        }
        found.push(Piece::Fleet(Box::new(part)));
        let wrong = wrong.iter();
        found.extend(wrong.map(|message| origin.unreadable(UnreadableCode::BadReport, message)));
        Ok(())
    }

    /// Looks whether a record of a fleet report can be, and makes it one of this run.
    fn record_of_fleet(&self, record: &mut Record, known: &HashMap<Text, Known>) -> Result<(), String> {
        let names = [
            ("node", &record.node),
            ("host", &record.host),
            ("requirement", &record.requirement),
        ];
        for (what, name) in names {
            if name.as_ref().is_some_and(|name| name.len() > NAME_LIMIT) {
                return Err(format!("{what} of a record is longer than {NAME_LIMIT} bytes"));
            }
        }
        let Some(Known { id, weight }) = known.get(&record.reference) else {
            return Err("it names a reference that is not there".into());
        };
        let stated = Stated {
            status: record.status,
            compliant: None,
            summary: None,
        };
        stated.check(&record.subjects, *weight)?;
        record.reference = id.clone();
        self.share_record(record);
        record.details = match record.details.take() {
            Some(details) => {
                if !says_the_same(&details, &record.subjects) {
                    return Err("its details and its subjects say different things".into());
                }
                let kept = self.detailed.load(Ordering::Relaxed);
                kept.then(|| canonical(&details)).flatten()
            }
            None => None,
        };
        Ok(())
    }

    /// The reference of a record that was read here.
    pub fn reference_of(&self, id: &Text) -> Option<Arc<FleetReference>> {
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        by_id.get(id).cloned()
    }

    /// Reads a reference, and returns its id.
    fn reference(&self, Raw(raw): Raw<'_>) -> Refusable<Known> {
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

    fn subject(&self, subject: InSubject<'_>, host: Option<&Text>) -> Refusable<RecordSubject> {
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

    fn issuer(&self, issuer: InIssuer<'_>) -> RecordIssuer {
        RecordIssuer {
            key_sha256: issuer.key_sha256,
            subject: issuer.subject.map(|subject| self.text(&subject)),
            key_from: issuer.key_from,
        }
    }

    fn certificate(&self, certificate: InCertificate<'_>) -> RecordCertificate {
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

    fn findings(&self, findings: Limited<InFinding<'_>>) -> Vec<RecordFinding> {
        let shorten = |finding: InFinding<'_>| RecordFinding {
            code: self.text(&finding.code),
            severity: finding.severity,
            message: self.text(&finding.message),
            hint: finding.hint.map(|hint| self.text(&hint)),
        };
        findings.0.into_iter().map(shorten).collect()
    }

    fn name(&self, what: &str, name: &str) -> Refusable<Text> {
        check_name(what, name).map(|()| share(name))
    }

    fn text(&self, text: &Word<'_>) -> Text {
        share(&cut(&text.0, TEXT_LIMIT))
    }

    fn share_reference(&self, reference: &mut FleetReference) {
        let own = reference.findings.iter_mut();
        for finding in own.chain(reference.members.iter_mut().flat_map(|member| &mut member.findings)) {
            self.share_finding(finding);
        }
    }

    fn share_record(&self, record: &mut Record) {
        reuse(&mut record.source);
        if let Some(requirement) = &mut record.requirement {
            reuse(requirement);
        }
        for subject in &mut record.subjects {
            if let Some(host) = record.host.as_ref().filter(|host| **host == subject.name) {
                subject.name = host.clone();
            }
            if let Some(use_) = &mut subject.use_ {
                reuse(use_);
            }
            if let Some(certificate) = &mut subject.certificate {
                reuse(&mut certificate.issuer);
            }
            subject.issued_by = subject.issued_by.take().map(|issuer| {
                let mut issuer = Arc::unwrap_or_clone(issuer);
                issuer.subject.iter_mut().for_each(reuse);
                share_issuer(issuer)
            });
            subject
                .findings
                .iter_mut()
                .for_each(|finding| self.share_finding(finding));
        }
    }

    fn share_finding(&self, finding: &mut RecordFinding) {
        reuse(&mut finding.code);
        reuse(&mut finding.message);
        if let Some(hint) = &mut finding.hint {
            reuse(hint);
        }
    }
}

/// What a report says of all its subjects.
struct Stated {
    status: Status,
    compliant: Option<bool>,
    summary: Option<InSummary>,
}

impl Stated {
    /// Whether the subjects bear it out. A report whose words contradict each other proves nothing.
    fn check(&self, subjects: &[RecordSubject], reference: Weight) -> Result<(), String> {
        let mut worst = Status::Compliant;
        let mut counts = InSummary::default();
        for subject in subjects {
            let status = check_subject(subject, reference)?;
            worst = worst.max(status);
            counts.count(status);
        }
        if subjects.is_empty() {
            worst = Status::Undetermined;
        }
        if worst != self.status {
            let (said, found) = (self.status.as_str(), worst.as_str());
            return Err(format!("its status says {said}, and its subjects are {found}"));
        }
        if self
            .compliant
            .is_some_and(|compliant| compliant != (worst == Status::Compliant))
        {
            return Err(format!(
                "its status is {}, and its `compliant` says otherwise",
                worst.as_str()
            ));
        }
        if self.summary.as_ref().is_some_and(|summary| *summary != counts) {
            return Err("its summary does not count its subjects".into());
        }
        Ok(())
    }
}

/// Works a subject's status out from its findings, as a verdict does, and looks whether the subject says the same.
fn check_subject(subject: &RecordSubject, reference: Weight) -> Result<Status, String> {
    let name = cut(&subject.name, 256);
    let gravest = subject.findings.iter().map(|finding| finding.severity).max();
    let Some(stated) = subject.status else {
        return Ok(Status::Undetermined);
    };
    let doubtful = |severity: Option<Severity>| severity >= Some(Severity::Doubt);
    let found = match gravest {
        Some(Severity::Error) => Status::Noncompliant,
        Some(Severity::Doubt) => Status::Undetermined,
        _ if doubtful(reference.whole) => Status::Undetermined,
        // A member's doubt is one on the subjects unless the policy is content with other members.
        _ if doubtful(reference.any) && stated == Status::Undetermined => Status::Undetermined,
        _ => Status::Compliant,
    };
    if stated != found {
        let (stated, found) = (stated.as_str(), found.as_str());
        return Err(format!(
            "subject {name} says {stated}, and its findings make it {found}"
        ));
    }
    if stated != Status::Compliant {
        return Ok(stated);
    }
    let lacks = match subject.relation {
        None => Some("without a relation".to_owned()),
        Some(relation @ (Relation::Different | Relation::BadSignature | Relation::Unreadable)) => {
            Some(format!("with the relation {}", relation.as_str()))
        }
        Some(_) if subject.certificate.is_none() => Some("without a certificate".to_owned()),
        Some(_) => None,
    };
    match lacks {
        Some(lacks) => Err(format!("subject {name} is compliant {lacks}, which cannot be")),
        None => Ok(stated),
    }
}

/// A message about a record, with the name that it is known by.
fn of_whom(called: Option<&str>, message: &str) -> String {
    match called {
        Some(called) => format!("{called}: {message}"),
        None => message.to_owned(),
    }
}

/// Whether subjects in full say what the subjects in short say, as far as a verdict goes.
fn says_the_same(full: &RawValue, short: &[RecordSubject]) -> bool {
    let Ok(Limited(full)) = serde_json::from_str::<Limited<InSubject<'_>>>(full.get()) else {
        return false;
    };
    let same = |(full, short): (&InSubject<'_>, &RecordSubject)| {
        let findings = |(full, short): (&InFinding<'_>, &RecordFinding)| {
            *cut(&full.code.0, TEXT_LIMIT) == *short.code && full.severity == short.severity
        };
        let sha256 = |certificate: &InCertificate<'_>| certificate.sha256;
        *full.name.0 == *short.name
            && full.status == short.status
            && full.relation == short.relation
            && full.proof == short.proof
            && full.certificate.as_ref().map(sha256) == short.certificate.as_ref().map(|one| one.sha256)
            && full.findings.0.len() == short.findings.len()
            && full.findings.0.iter().zip(&short.findings).all(findings)
    };
    full.len() == short.len() && full.iter().zip(short).all(same)
}

/// Bounds what a fleet report may take in memory: a small text can make many large elements.
fn check_elements(bytes: &[u8]) -> Refusable<()> {
    let objects = memchr::memchr_iter(b'{', bytes).count();
    if objects <= ELEMENTS {
        return Ok(());
    }
    let message = format!("a fleet report of more than {ELEMENTS} objects");
    Err((UnreadableCode::TooLarge, message))
}

/// A name that few share.
fn own_name(what: &str, name: &str) -> Refusable<Text> {
    check_name(what, name).map(|()| Text::from(name))
}

fn check_name(what: &str, name: &str) -> Refusable<()> {
    if name.len() <= NAME_LIMIT {
        return Ok(());
    }
    let message = format!("{what} is longer than {NAME_LIMIT} bytes");
    Err((UnreadableCode::BadReport, message))
}

/// A result, or the code and words of a refusal.
type Refusable<T> = Result<T, (UnreadableCode, String)>;

/// SHA-256 of a report as it was read.
fn sha256(bytes: &[u8]) -> Sha256Hex {
    crate::protocol::Hex(Sha256::digest(bytes).into())
}

/// 128 bits of the SHA-256 of a reference's content: nobody finds two contents with one.
fn reference_id(reference: &FleetReference) -> Text {
    let content = (&reference.authorities, &reference.members, &reference.findings);
    // Plain data is always written.
    let content = serde_json::to_vec(&content).unwrap_or_default();
    hex(&Sha256::digest(content)[..16]).into()
}

/// The same value in one spelling whoever wrote it, if it is small enough to be kept.
fn canonical(raw: &RawValue) -> Option<Box<RawValue>> {
    /// What is cut away when it is written anew is space between values; this much of it may be there.
    const SPACE: usize = 4;
    if raw.get().len() > DETAIL_LIMIT * SPACE {
        return None;
    }
    let value: serde_json::Value = serde_json::from_str(raw.get()).ok()?;
    let list = value.as_array()?;
    let canonical = serde_json::value::to_raw_value(list).ok()?;
    (list.iter().all(serde_json::Value::is_object) && canonical.get().len() <= DETAIL_LIMIT).then_some(canonical)
}

fn check_protocol(protocol: u32) -> Refusable<()> {
    if protocol == PROTOCOL {
        return Ok(());
    }
    let message = format!("expected protocol {PROTOCOL}, found {protocol}");
    Err((UnreadableCode::UnsupportedProtocol, message))
}

/// Says what stands where a report should.
fn no_object(bytes: &[u8], origin: Origin<'_>) -> Piece {
    match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        Ok(_) => origin.unreadable(
            UnreadableCode::NotAReport,
            "expected a report of same-ca, found no JSON object",
        ),
        Err(error) => origin.unreadable(UnreadableCode::BadJson, &format!("not JSON: {error}")),
    }
}

/// Says why a document was refused: another version of the protocol may look unlike anything that is known.
fn refused(bytes: &[u8], error: &serde_json::Error, origin: Origin<'_>) -> Piece {
    #[derive(Deserialize)]
    struct Probe<'a> {
        #[serde(default, borrow)]
        protocol: Option<&'a RawValue>,
        #[serde(default)]
        reference: Option<serde::de::IgnoredAny>,
        #[serde(default)]
        kind: Option<serde::de::IgnoredAny>,
    }
    if !error.is_data() {
        return origin.unreadable(UnreadableCode::BadJson, &format!("not JSON: {error}"));
    }
    match serde_json::from_slice::<Probe<'_>>(bytes) {
        Ok(Probe {
            protocol: Some(found), ..
        }) if found.get() != "1" => {
            let message = format!("expected protocol {PROTOCOL}, found {}", cut(found.get(), 64));
            origin.unreadable(UnreadableCode::UnsupportedProtocol, &message)
        }
        Ok(probe) if probe.protocol.is_none() && probe.reference.is_none() && probe.kind.is_none() => origin
            .unreadable(
                UnreadableCode::NotAReport,
                "expected a report of same-ca, found another document",
            ),
        _ => origin.unreadable(UnreadableCode::BadReport, &cut(&error.to_string(), 512)),
    }
}

fn error_object(protocol: Option<u32>, error: &str) -> (UnreadableCode, String) {
    #[derive(Deserialize)]
    struct InError<'a> {
        #[serde(borrow)]
        code: Word<'a>,
        #[serde(borrow)]
        message: Word<'a>,
    }
    match serde_json::from_str::<InError<'_>>(error) {
        Ok(error) if protocol.is_some() => {
            let message = format!("{}: {}", cut(&error.code.0, 64), error.message.0);
            (UnreadableCode::Error, message)
        }
        _ => {
            let message = "expected a report of same-ca, found another document";
            (UnreadableCode::NotAReport, message.into())
        }
    }
}

/// One of a type's words, as the protocol writes them.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    T::deserialize(text.into_deserializer())
        .map_err(|error: serde::de::value::Error| cut(&error.to_string(), 256).into_owned())
}
