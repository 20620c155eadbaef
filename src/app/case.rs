//! From a request to what the decision wants: sources read, certificates parsed.

use std::collections::HashSet;
use std::sync::Arc;

use crate::cert::{Certificate, KeyId};
use crate::decide::{Case, Given, KeyPresence, Keys, Member, Offer, Read, SubjectCase, covers_host};
use crate::explain;
use crate::protocol::request::{MemberKind, WindowsStorePlace};
use crate::protocol::values::Sha256Hex;
use crate::protocol::{
    AcceptedForm, Accepts, Code, Distrust, DocumentInput, DocumentKind, DocumentMember, Finding, Install, KeyFrom,
    PROTOCOL, Password, Phrase, Place, Policy, ReadBy, Request, Severity, Source, Subject, Timestamp, TlsSource,
    WindowsStoreSource, hex,
};
use crate::source::{Form, Format, Holding, Reader};

/// Every TLS server that a request names, so that they can be read at once.
pub fn tls_sources(request: &Request) -> Vec<&TlsSource> {
    let members = request.reference.iter().filter_map(|member| match &member.kind {
        MemberKind::Source(source) | MemberKind::Authority(source) => Some(source),
        MemberKind::Key(_) => None,
    });
    let distrust = request.policy.distrust.iter().filter_map(|distrust| match distrust {
        Distrust::Source(source) => Some(source),
        Distrust::Key(_) => None,
    });
    let lists = request
        .authorities
        .iter()
        .chain(&request.intermediates)
        .chain(&request.candidates);
    let subjects = request.subjects.iter().flat_map(subject_sources);
    members
        .chain(distrust)
        .chain(lists)
        .chain(subjects)
        .filter_map(tls_source)
        .collect()
}

/// Every source of a subject.
pub fn subject_sources(subject: &Subject) -> impl Iterator<Item = &Source> {
    let any_of = subject.any_of.iter().flatten();
    subject.source.iter().chain(any_of).chain(&subject.candidates)
}

/// The TLS server of a source, if it is one.
pub fn tls_source(source: &Source) -> Option<&TlsSource> {
    match source {
        Source::Tls(tls) => Some(tls),
        _ => None,
    }
}

/// Reads everything but the subjects.
pub fn case(request: &Request, reader: &Reader<'_>, clock: Timestamp) -> Case {
    let mut case = read(request, reader, clock);
    for member in &mut case.members {
        if matches!(member.read, Read::Nothing { .. }) {
            member.findings = std::mem::take(&mut member.findings)
                .into_iter()
                .flat_map(unread)
                .collect();
        }
    }
    case
}

/// What is said of a member that could not be read, whatever the cause: a server that might disagree was not asked.
fn unread(cause: Finding) -> Vec<Finding> {
    let said = match cause.code {
        Code::ReferenceUnreadable => cause.clone(),
        _ => Finding {
            pointer: cause.pointer.clone(),
            ..Finding::of(Code::ReferenceUnreadable, "source").cause(&cause)
        },
    };
    match cause.code {
        // Which certificates it might be is worth knowing; how much it weighs is said by the other one.
        Code::SourceAmbiguous => vec![said, cause.severity(Severity::Warning)],
        _ => vec![said],
    }
}

/// The same, with the cause on each member that could not be read.
pub fn read(request: &Request, reader: &Reader<'_>, clock: Timestamp) -> Case {
    let mut case = Case {
        members: Vec::with_capacity(request.reference.len()),
        evidence: Vec::new(),
        distrusted: Vec::new(),
        distrusted_keys: Vec::new(),
        findings: Vec::new(),
        policy: request.policy.clone(),
        valid_at: request.policy.valid_at.unwrap_or(clock),
    };
    for (index, member) in request.reference.iter().enumerate() {
        let pointer = format!("/reference/{index}");
        let mut findings = Vec::new();
        let (read, pointer) = match &member.kind {
            MemberKind::Source(source) => (
                server(reader, source, &pointer, &mut findings),
                format!("{pointer}/source"),
            ),
            MemberKind::Authority(source) => (
                pin(reader, source, &pointer, &mut findings),
                format!("{pointer}/authority"),
            ),
            MemberKind::Key(Sha256Hex { 0: key }) => (Read::Key(KeyId(*key)), format!("{pointer}/key_sha256")),
        };
        let (name, use_) = (member.name.clone(), member.use_.clone());
        case.members.push(Member {
            name,
            use_,
            read,
            from: KeyFrom::Reference,
            findings,
            pointer,
        });
    }
    if let Some(input) = &request.reference_document {
        document(input, reader, &mut case);
    }
    for (list, vouched, from, place) in [
        (&request.authorities, true, KeyFrom::Authorities, "authorities"),
        (&request.intermediates, false, KeyFrom::Intermediates, "intermediates"),
    ] {
        for (index, source) in list.iter().enumerate() {
            let held = evidence(
                reader,
                source,
                &format!("/{place}/{index}"),
                Severity::Warning,
                &mut case.findings,
            );
            case.evidence
                .extend(held.into_iter().map(|certificate| (certificate, vouched, from)));
        }
    }
    for (index, distrust) in request.policy.distrust.iter().enumerate() {
        let pointer = format!("/policy/distrust/{index}");
        match distrust {
            Distrust::Key(Sha256Hex { 0: key }) => case.distrusted_keys.push(KeyId(*key)),
            Distrust::Source(source) => {
                // What was to be distrusted and is not known leaves every verdict in doubt.
                let held = evidence(reader, source, &pointer, Severity::Doubt, &mut case.findings);
                if held.is_empty() {
                    let finding = Finding::of(Code::CertificateUnreadable, "distrusts-nothing");
                    case.findings
                        .push(finding.value("source", source.label()).pointer(pointer));
                }
                // The key is meant, whatever the certificate that names it may do.
                case.distrusted.extend(held);
            }
        }
    }
    case
}

/// All certificates of a source that lends evidence; what cannot be read hides nothing beside it.
fn evidence(
    reader: &Reader<'_>,
    source: &Source,
    pointer: &str,
    severity: Severity,
    findings: &mut Vec<Finding>,
) -> Vec<Arc<Certificate>> {
    // An empty store is nothing that can be read either.
    let mut note = |finding: Finding| {
        let finding = match finding.code {
            Code::CertificateUnreadable => finding,
            _ => Finding::of(Code::CertificateUnreadable, "evidence").cause(&finding),
        };
        findings.push(finding.severity(severity).pointer(pointer));
    };
    match read_public(reader, source) {
        Ok(holding) => {
            let certificates = holding.certificates.into_iter().map(|held| held.certificate).collect();
            holding.problems.into_iter().for_each(note);
            certificates
        }
        Err(finding) => {
            note(finding);
            Vec::new()
        }
    }
}

/// What a source of CA certificates holds, which are no secret: it is read without a password too, where the one that is given
/// is another source's.
fn read_public(reader: &Reader<'_>, source: &Source) -> Result<Holding, Finding> {
    reader.read(source).or_else(|finding| {
        let open = match source.clone() {
            Source::Path {
                path,
                password: Some(_),
            } => Source::Path { path, password: None },
            Source::Pem { pem, password: Some(_) } => Source::Pem { pem, password: None },
            Source::Pkcs12 {
                content,
                password: Some(_),
            } => Source::Pkcs12 {
                content,
                password: None,
            },
            Source::Stdin { password: Some(_) } => Source::Stdin { password: None },
            _ => return Err(finding),
        };
        reader.read(&open).map_err(|_| finding)
    })
}

fn server(reader: &Reader<'_>, source: &Source, pointer: &str, findings: &mut Vec<Finding>) -> Read {
    let place = format!("{pointer}/source");
    match reader.read_one(source) {
        Ok((holding, position)) => {
            let warn = |finding: &Finding| finding.clone().severity(Severity::Warning).pointer(place.clone());
            findings.extend(holding.problems.iter().map(warn));
            // Which CA a server uses is told by its certificate, whoever shows it: the proof matters for subjects alone.
            let notes = holding
                .notes
                .iter()
                .filter(|note| note.code != Code::PossessionUnproven);
            findings.extend(notes.cloned());
            let own = holding
                .certificates
                .get(position)
                .into_iter()
                .flat_map(|held| &held.notes);
            findings.extend(own.cloned());
            let tls_host = tls_host(source);
            let (certificate, chain) = split(&holding, position);
            Read::Certificate {
                certificate,
                chain,
                tls_host,
            }
        }
        Err(finding) => {
            findings.push(finding.pointer(place));
            Read::Nothing { pin: false }
        }
    }
}

fn pin(reader: &Reader<'_>, source: &Source, pointer: &str, findings: &mut Vec<Finding>) -> Read {
    let place = format!("{pointer}/authority");
    match read_public(reader, source) {
        Ok(holding) => match (holding.certificates.as_slice(), holding.problems.is_empty()) {
            ([one], true) => return Read::Authority(one.certificate.clone()),
            (several, _) => {
                let count = several.len() + holding.problems.len();
                let finding = Finding::of(Code::SourceAmbiguous, "pin")
                    .value("source", source.label())
                    .value("count", count.to_string());
                findings.push(finding.pointer(place));
            }
        },
        Err(finding) => findings.push(finding.pointer(place)),
    }
    Read::Nothing { pin: true }
}

fn split(holding: &Holding, position: usize) -> (Arc<Certificate>, Vec<Arc<Certificate>>) {
    let others = holding
        .certificates
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != position);
    let chain = others.map(|(_, held)| held.certificate.clone()).collect();
    (holding.certificates[position].certificate.clone(), chain)
}

/// Adds what a reference document says. One that cannot be read is no reference.
fn document(input: &DocumentInput, reader: &Reader<'_>, case: &mut Case) {
    let read;
    let document = match &input.path {
        None => Ok(input),
        Some(_) if input.members.is_some() => Err(Finding::of(Code::ReferenceMissing, "document-twice")),
        Some(path) => match from_file(path, reader) {
            Ok(parsed) => {
                read = parsed;
                Ok(&read)
            }
            Err(why) => Err(why),
        },
    };
    let members = document.and_then(|document| match (&document.members, document.protocol) {
        (_, Some(other)) if other != PROTOCOL => Err(Finding::of(Code::ReferenceMissing, "document-other-protocol")
            .value("found", other.to_string())
            .value("expected", PROTOCOL.to_string())),
        (Some(members), _) => Ok((document, members)),
        (None, _) => Err(Finding::of(Code::ReferenceMissing, "document-without-members")),
    });
    let (document, members) = match members {
        Ok(read) => read,
        Err(why) => {
            case.findings.push(why.pointer("/reference_document"));
            return;
        }
    };
    for (index, member) in members.iter().enumerate() {
        document_member(member, &format!("/reference_document/members/{index}"), reader, case);
    }
    let authorities = document.authorities.iter().flatten().enumerate();
    let authorities = authorities.map(|(index, pem)| (true, "authorities", index, pem));
    let intermediates = document.intermediates.iter().flatten().enumerate();
    let intermediates = intermediates.map(|(index, pem)| (false, "intermediates", index, pem));
    for (trusted, list, index, pem) in authorities.chain(intermediates) {
        let source = Source::Pem {
            pem: pem.clone(),
            password: None,
        };
        let pointer = format!("/reference_document/{list}/{index}");
        let held = evidence(reader, &source, &pointer, Severity::Warning, &mut case.findings);
        case.evidence.extend(
            held.into_iter()
                .map(|certificate| (certificate, trusted, KeyFrom::ReferenceDocument)),
        );
    }
}

/// Reads a reference document.
fn from_file(path: &str, reader: &Reader<'_>) -> Result<DocumentInput, Finding> {
    let bytes = reader.read_file(path).map_err(|why| {
        Finding::of(Code::ReferenceMissing, "document-unreadable")
            .value("path", path)
            .phrase("why", why)
    })?;
    // Whoever gives a certificate here meant it as a reference.
    let holds_certificate = || crate::decode::decode(&bytes, None).is_ok();
    let text = text_of(&bytes);
    let parsed = crate::protocol::read::read::<DocumentInput>(text.as_deref().unwrap_or(&bytes));
    match parsed {
        Ok(parsed) if parsed.path.is_none() && parsed.kind == Some(DocumentKind::Reference) => Ok(parsed),
        Ok(_) => Err(Finding::of(Code::ReferenceMissing, "document-is-none")
            .value("path", path)
            .phrase("why", Phrase::of("document.not-one"))),
        Err(_) if holds_certificate() => Err(Finding::of(Code::ReferenceMissing, "document-is-none")
            .value("path", path)
            .phrase("why", Phrase::of("document.certificate"))),
        Err(fault) => Err(Finding::of(Code::ReferenceMissing, "document-malformed")
            .value("path", path)
            .value("problem", fault.to_string())),
    }
}

/// What is UTF-16 as UTF-8.
pub fn text_of(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(crate::protocol::read::from_utf16(bytes)?.ok()?.into_bytes())
}

fn document_member(member: &DocumentMember, pointer: &str, reader: &Reader<'_>, case: &mut Case) {
    let mut findings = Vec::new();
    let forms = (
        &member.certificate,
        &member.authority,
        &member.key_sha256,
        &member.unread,
    );
    let read = match forms {
        (Some(certificate), None, None, None) => {
            let source = Source::Pem {
                pem: certificate.pem.clone(),
                password: None,
            };
            let tls = member.read_by != Some(ReadBy::Other);
            match reader.read_one(&source) {
                Ok((holding, position)) => {
                    let (certificate_read, mut chain) = split(&holding, position);
                    for (index, pem) in certificate.chain.iter().enumerate() {
                        let source = Source::Pem {
                            pem: pem.clone(),
                            password: None,
                        };
                        let place = format!("{pointer}/certificate/chain/{index}");
                        chain.extend(evidence(reader, &source, &place, Severity::Warning, &mut findings));
                    }
                    let host = member.host.clone().unwrap_or_else(|| host_of(&member.name));
                    Read::Certificate {
                        certificate: certificate_read,
                        chain,
                        tls_host: tls.then_some(host),
                    }
                }
                Err(finding) => {
                    findings.push(finding.pointer(format!("{pointer}/certificate/pem")));
                    Read::Nothing { pin: false }
                }
            }
        }
        (None, Some(authority), None, None) => pin(
            reader,
            &Source::Pem {
                pem: authority.pem.clone(),
                password: None,
            },
            pointer,
            &mut findings,
        ),
        (None, None, Some(key), None) => Read::Key(KeyId(key.0)),
        (None, None, None, Some(unread)) => {
            let finding = match unread.cause() {
                Some(cause) if explain::flaws(&cause.text, &cause.values).is_empty() => {
                    Finding::of(Code::ReferenceUnreadable, "in-document-with-cause").phrase("cause", cause)
                }
                _ => Finding::of(Code::ReferenceUnreadable, "in-document").value("message", &unread.message),
            };
            let finding = finding.value("member", &member.name);
            findings.push(finding.pointer(format!("{pointer}/unread")));
            Read::Nothing { pin: false }
        }
        _ => {
            let finding = Finding::of(Code::CertificateUnreadable, "document-member");
            findings.push(finding.value("member", &member.name).pointer(pointer));
            // What was meant cannot be told, so it may have been a pin: nothing is allowed in its stead.
            Read::Nothing {
                pin: member.authority.is_some() || member.key_sha256.is_some(),
            }
        }
    };
    if let Some(same) = case.members.iter_mut().find(|other| is_same(&read, member, other)) {
        if let (Read::Certificate { chain, tls_host, .. }, Read::Certificate { tls_host: kept, .. }) =
            (&read, &mut same.read)
        {
            // Whichever was not read by TLS says more.
            if tls_host.is_none() {
                *kept = None;
            }
            let held = chain
                .iter()
                .map(|chain| (chain.clone(), false, KeyFrom::ReferenceDocument));
            case.evidence.extend(held);
        }
        return;
    }
    let (name, use_) = (member.name.clone(), member.use_.clone());
    let (from, pointer) = (KeyFrom::ReferenceDocument, pointer.to_owned());
    case.members.push(Member {
        name,
        use_,
        read,
        from,
        findings,
        pointer,
    });
}

/// Whether a member of the request with the same name and use is the same certificate or pin.
fn is_same(read: &Read, member: &DocumentMember, other: &Member) -> bool {
    let same = match (read, &other.read) {
        (Read::Certificate { certificate, .. }, Read::Certificate { certificate: other, .. })
        | (Read::Authority(certificate), Read::Authority(other)) => certificate.sha256() == other.sha256(),
        (Read::Key(key), Read::Key(other)) => key == other,
        _ => false,
    };
    same && other.name == member.name && other.use_ == member.use_
}

/// The host in a member's name: names made from flags are sources as typed.
fn host_of(name: &str) -> String {
    match Source::parse(name) {
        Ok(Source::Tls(tls)) => tls.host,
        _ => name.to_owned(),
    }
}

/// Reads one subject. `candidates` are the request's, read once.
pub fn subject<'a>(
    subject: &'a Subject,
    reader: &Reader<'_>,
    policy: &'a Policy,
    valid_at: Timestamp,
    candidates: &Candidates,
) -> SubjectCase<'a> {
    let given = match (&subject.install, &subject.any_of, &subject.source) {
        (Some(Install { place, .. }), None, _) if *place != Place::Caller => standing(place, reader),
        (_, Some(sources), _) => Given::AnyOf(offers(sources, reader, names(subject, policy))),
        (_, None, Some(source)) => Given::One(Box::new(one(source, reader, names(subject, policy)))),
        (_, None, None) => Given::AnyOf(Vec::new()),
    };
    // The index counts the subject's candidates, then the request's.
    let own = Candidates::read(&subject.candidates, reader);
    let offered = own.then(candidates, subject.candidates.len());
    let candidates = match &subject.install {
        Some(install) if install.place == Place::Caller => offered.installable(install),
        Some(_) => offered.copied(),
        None => offered,
    };
    let candidates = candidates.into_offers();
    SubjectCase {
        name: &subject.name,
        use_: subject.use_.as_deref(),
        names: names(subject, policy),
        at: subject.effective_from.map_or(valid_at, |from| from.max(valid_at)),
        given,
        candidates,
    }
}

/// What is judged beside a subject's own place: its `source`, where it has both.
pub fn beside<'a>(
    subject: &'a Subject,
    reader: &Reader<'_>,
    policy: &'a Policy,
    valid_at: Timestamp,
) -> Option<SubjectCase<'a>> {
    let own_place = subject
        .install
        .as_ref()
        .is_some_and(|install| install.place != Place::Caller);
    let source = subject.source.as_ref().filter(|_| own_place)?;
    Some(SubjectCase {
        name: &subject.name,
        use_: subject.use_.as_deref(),
        names: names(subject, policy),
        at: subject.effective_from.map_or(valid_at, |from| from.max(valid_at)),
        given: Given::One(Box::new(one(source, reader, names(subject, policy)))),
        candidates: None,
    })
}

/// The names that a subject's certificate must cover.
pub fn names<'a>(subject: &'a Subject, policy: &'a Policy) -> &'a [String] {
    subject.names.as_deref().unwrap_or(&policy.names)
}

/// The place of a subject, where it is one of files.
pub fn own_files(subject: &Subject) -> Option<&Install> {
    let files = |install: &&Install| matches!(install.place, Place::Files { .. } | Place::Pkcs12 { .. });
    subject.install.as_ref().filter(files)
}

/// Candidates as their sources hold them, one entry a certificate.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    offers: Arc<[Offer]>,
    /// How the sources hold each of them.
    forms: Arc<[Vec<Form>]>,
}

impl Candidates {
    /// Reads the sources of candidates.
    pub fn read(sources: &[Source], reader: &Reader<'_>) -> Self {
        let (mut offers, mut forms) = (Vec::new(), Vec::new());
        for (index, source) in sources.iter().enumerate() {
            match reader.read(source) {
                Ok(holding) => {
                    let held = held_offers(&holding, index, &source.label());
                    // What could not be read comes first.
                    forms.resize(forms.len() + held.len() - holding.certificates.len(), Vec::new());
                    forms.extend(holding.certificates.into_iter().map(|held| held.forms));
                    offers.extend(held);
                }
                Err(finding) => {
                    offers.push(nothing(index, &source.label(), finding));
                    forms.push(Vec::new());
                }
            }
        }
        Candidates {
            offers: offers.into(),
            forms: forms.into(),
        }
    }

    /// These, then others whose sources are counted from `first` on.
    fn then(&self, others: &Candidates, first: usize) -> Self {
        if self.offers.is_empty() && first == 0 {
            return others.clone();
        }
        let shifted = others.offers.iter().cloned().map(|offer| Offer {
            index: offer.index + first,
            ..offer
        });
        Candidates {
            offers: self.offers.iter().cloned().chain(shifted).collect(),
            forms: self.forms.iter().chain(others.forms.iter()).cloned().collect(),
        }
    }

    /// The same for a place of the program's own: only a key that can be copied goes into a file or another store.
    fn copied(&self) -> Self {
        if self.offers.iter().all(|offer| offer.key != KeyPresence::Elsewhere) {
            return self.clone();
        }
        let copied = |offer: &Offer| match offer.key {
            KeyPresence::Elsewhere => Offer {
                key: KeyPresence::Unknown,
                ..offer.clone()
            },
            _ => offer.clone(),
        };
        Candidates {
            offers: self.offers.iter().map(copied).collect(),
            forms: self.forms.clone(),
        }
    }

    /// The same for a caller that installs, with what it cannot carry out marked.
    fn installable(&self, install: &Install) -> Self {
        if install.accepts.is_none() && install.without.is_empty() {
            return self.clone();
        }
        let marked = |(offer, forms): (&Offer, &Vec<Form>)| Offer {
            not_installable: offer
                .certificate
                .as_ref()
                .and_then(|certificate| not_installable(install, certificate, forms)),
            ..offer.clone()
        };
        Candidates {
            offers: self.offers.iter().zip(self.forms.iter()).map(marked).collect(),
            forms: self.forms.clone(),
        }
    }

    fn into_offers(self) -> Option<Arc<[Offer]>> {
        Some(self.offers).filter(|offers| !offers.is_empty())
    }
}

/// Why a caller cannot install a candidate, or shall not be told to.
fn not_installable(install: &Install, certificate: &Certificate, forms: &[Form]) -> Option<Finding> {
    if install.without.iter().any(|one| one.0 == *certificate.sha256()) {
        return Some(Finding::of(Code::CandidateNotInstallable, "not-again"));
    }
    let accepts = install.accepts.as_ref()?;
    if let Some(wanted) = accepts.thumbprint.filter(|wanted| wanted.0 != certificate.sha1()) {
        let finding = Finding::of(Code::CandidateNotInstallable, "other-certificate");
        return Some(
            finding
                .value("wanted", wanted.to_string())
                .value("thumbprint", hex(&certificate.sha1())),
        );
    }
    let refusals: Vec<Finding> = forms.iter().map_while(|form| refusal(accepts, form)).collect();
    match refusals.len() < forms.len() {
        true => None,
        false => refusals
            .into_iter()
            .next()
            .or_else(|| Some(Finding::of(Code::CandidateNotInstallable, "no-form"))),
    }
}

/// Why a caller cannot install what a source holds in this form.
fn refusal(accepts: &Accepts, form: &Form) -> Option<Finding> {
    let accepted = |form| accepts.forms.contains(&form);
    let installs = || match (accepted(AcceptedForm::Pkcs12), accepted(AcceptedForm::Store)) {
        (true, true) => Phrase::of("installs.both"),
        (true, false) => Phrase::of("installs.pkcs12"),
        (false, true) => Phrase::of("installs.store"),
        (false, false) => Phrase::of("installs.nothing"),
    };
    match form {
        Form::Pkcs12 { keys, own_key } if accepted(AcceptedForm::Pkcs12) => match (own_key, accepts.one_key) {
            (false, _) => Some(Finding::of(Code::CandidateNotInstallable, "keyless")),
            (true, true) if *keys > 1 => {
                Some(Finding::of(Code::CandidateNotInstallable, "several-keys").value("keys", keys.to_string()))
            }
            (true, _) => None,
        },
        Form::Store(place) if accepted(AcceptedForm::Store) => {
            let (wanted, place) = accepts.store.as_ref().zip(place.as_ref())?;
            let same = wanted.location == place.location && wanted.store.eq_ignore_ascii_case(&place.store);
            let finding = || {
                Finding::of(Code::CandidateNotInstallable, "other-store")
                    .value("store", place.to_string())
                    .value("wanted", wanted.to_string())
            };
            (!same).then(finding)
        }
        form => {
            let what = match form {
                Form::Pkcs12 { .. } => Phrase::of("form.pkcs12"),
                Form::Store(Some(place)) => Phrase::of("form.store").value("store", place.to_string()),
                Form::Store(None) => Phrase::of("form.a-store"),
                Form::Other(format) => Phrase::of("form.other").value("format", format.name()),
            };
            Some(
                Finding::of(Code::CandidateNotInstallable, "other-form")
                    .phrase("what", what)
                    .phrase("installs", installs()),
            )
        }
    }
}

/// Every certificate of a list of sources of which each may stand for a subject with these names.
fn offers(sources: &[Source], reader: &Reader<'_>, names: &[String]) -> Vec<Offer> {
    let mut offers = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        match reader.read(source) {
            Ok(holding) => {
                let mut held = held_offers(&holding, index, &source.label());
                // What a server sends behind its own certificate is no host's.
                if let Some(own) = held.iter_mut().find(|offer| offer.certificate.is_some())
                    && let Some(certificate) = &own.certificate
                {
                    own.findings.extend(host_not_covered(source, certificate, names));
                }
                offers.extend(held);
            }
            Err(finding) => offers.push(nothing(index, &source.label(), finding)),
        }
    }
    offers
}

/// Of a certificate that was read by TLS, where no names are wanted: whether it covers the host that was asked.
fn host_not_covered(source: &Source, certificate: &Certificate, names: &[String]) -> Option<Finding> {
    let host = tls_host(source).filter(|_| names.is_empty())?;
    let host = host.strip_suffix('.').unwrap_or(&host);
    if covers_host(certificate, host) {
        return None;
    }
    let finding = Finding::of(Code::HostNotCovered, "asked");
    Some(finding.value("source", source.label()).value("host", host))
}

/// The host that was asked, of a source that is read by TLS.
fn tls_host(source: &Source) -> Option<String> {
    let tls = tls_source(source)?;
    let name = tls.server_name.as_deref().filter(|name| !name.is_empty());
    Some(name.unwrap_or(&tls.host).to_owned())
}

/// Every certificate that the source with this index holds.
fn held_offers(holding: &Holding, index: usize, label: &str) -> Vec<Offer> {
    let brought = holding.all();
    let keys = carried(holding, label);
    let claimed: HashSet<KeyId> = holding.keys.iter().map(|private| private.id()).collect();
    let problems = holding.problems.iter().cloned();
    let mut offers: Vec<Offer> = problems.map(|finding| nothing(index, label, finding)).collect();
    let source: Arc<str> = label.into();
    for held in &holding.certificates {
        let copied = claimed.contains(&held.certificate.key().id());
        offers.push(Offer {
            index,
            source: held.file.clone().unwrap_or_else(|| source.clone()),
            certificate: Some(held.certificate.clone()),
            brought: brought.clone(),
            key: match presence(held.private_key) {
                KeyPresence::Present if !copied => KeyPresence::Elsewhere,
                known => known,
            },
            keys: keys.clone(),
            key_trouble: holding.key_trouble.clone(),
            key_provider: held.key_provider.clone(),
            findings: holding.notes.iter().chain(&held.notes).cloned().collect(),
            not_installable: None,
        });
    }
    offers
}

fn nothing(index: usize, source: &str, finding: Finding) -> Offer {
    let (key, findings) = (KeyPresence::Unknown, vec![finding]);
    Offer {
        index,
        source: source.into(),
        certificate: None,
        brought: Arc::from([]),
        key,
        keys: Keys::default(),
        key_trouble: None,
        key_provider: None,
        findings,
        not_installable: None,
    }
}

/// The private keys that a source carries.
fn carried(holding: &Holding, label: &str) -> Keys {
    Keys {
        keys: holding.keys.iter().cloned().collect(),
        place: label.to_owned(),
    }
}

fn presence(private_key: Option<bool>) -> KeyPresence {
    match private_key {
        Some(true) => KeyPresence::Present,
        Some(false) => KeyPresence::Absent,
        None => KeyPresence::Unknown,
    }
}

/// The one certificate of a source.
fn one(source: &Source, reader: &Reader<'_>, names: &[String]) -> Offer {
    match reader.read_one(source) {
        Ok((holding, position)) => {
            let held = &holding.certificates[position];
            let warn = |finding: &Finding| finding.clone().severity(Severity::Warning);
            let mut findings: Vec<Finding> = holding.problems.iter().map(warn).collect();
            findings.extend(holding.notes.iter().chain(&held.notes).cloned());
            findings.extend(host_not_covered(source, &held.certificate, names));
            Offer {
                index: 0,
                source: source.label().into(),
                certificate: Some(held.certificate.clone()),
                brought: holding.all(),
                key: presence(held.private_key),
                keys: carried(&holding, &source.label()),
                key_trouble: holding.key_trouble.clone(),
                key_provider: held.key_provider.clone(),
                findings,
                not_installable: None,
            }
        }
        Err(finding) => nothing(0, &source.label(), finding),
    }
}

/// What stands at a place of installation.
fn standing(place: &Place, reader: &Reader<'_>) -> Given {
    let absent = |path: &str| {
        let finding = Finding::of(Code::CertificateMissing, "no-file").value("path", path);
        Given::One(Box::new(nothing(0, path, finding)))
    };
    match place {
        Place::Files { certificate, .. } if !reader.exists(certificate) => absent(certificate),
        Place::Pkcs12 { path, .. } if !reader.exists(path) => absent(path),
        Place::Files {
            certificate,
            private_key,
            chain,
        } => {
            let mut offer = one(&at_path(certificate, None), reader, &[]);
            if let Some(chain) = chain.as_ref().filter(|chain| !reader.is_empty(chain)) {
                let source = at_path(chain, None);
                let brought = evidence(reader, &source, "", Severity::Warning, &mut offer.findings);
                offer.findings.iter_mut().for_each(|finding| finding.pointer = None);
                offer.brought = offer.brought.iter().cloned().chain(brought).collect();
            }
            separate_key(&mut offer, certificate, private_key.as_deref(), reader);
            Given::One(Box::new(offer))
        }
        Place::Pkcs12 { path, password, .. } => {
            Given::One(Box::new(one(&at_path(path, password.as_ref()), reader, &[])))
        }
        Place::WindowsStore(store) => match reader.read(&Source::WindowsStore(in_store(store))) {
            Ok(holding) => Given::AnyOf(held_offers(&holding, 0, &store_label(store))),
            // No such store, or no such certificate in it: an empty place.
            Err(finding) if finding.code == Code::CertificateMissing => Given::AnyOf(Vec::new()),
            Err(finding) => Given::AnyOf(vec![nothing(0, &store_label(store), finding)]),
        },
        Place::Caller => Given::AnyOf(Vec::new()),
    }
}

/// Why a file of a place cannot be opened, or is none of the kind that belongs there; `None` where all are readable or
/// not there.
pub fn unreadable(place: &Place, reader: &Reader<'_>) -> Option<Finding> {
    let certificate = |path: &str, password: Option<&Password>| {
        let read = reader.exists(path).then(|| reader.read_one(&at_path(path, password)))?;
        // What can be opened and holds several certificates is readable.
        read.err().filter(|finding| finding.code == Code::CertificateUnreadable)
    };
    match place {
        Place::Files {
            certificate: path,
            private_key,
            chain,
        } => {
            let key = private_key.as_deref().filter(|key| key != path);
            let key = || match key {
                Some(key) => reader.exists(key).then(|| reader.read_key(key, None).err())?,
                None => reader.exists(path).then(|| reader.locked_key(path))?,
            };
            let chain = || {
                let chain = chain
                    .as_ref()
                    .filter(|chain| reader.exists(chain) && !reader.is_empty(chain))?;
                reader.read(&at_path(chain, None)).err()
            };
            certificate(path, None).or_else(key).or_else(chain)
        }
        Place::Pkcs12 { path, password, .. } => certificate(path, password.as_ref()),
        Place::WindowsStore(_) | Place::Caller => None,
    }
}

/// Where the certificates of a place of installation stand; `None` for an empty place and for the caller's.
pub fn standing_source(place: &Place, reader: &Reader<'_>) -> Option<Source> {
    match place {
        Place::Files { certificate, .. } => reader.exists(certificate).then(|| at_path(certificate, None)),
        Place::Pkcs12 { path, password, .. } => reader.exists(path).then(|| at_path(path, password.as_ref())),
        Place::WindowsStore(store) => Some(Source::WindowsStore(in_store(store))),
        Place::Caller => None,
    }
}

fn at_path(path: &str, password: Option<&Password>) -> Source {
    Source::Path {
        path: path.to_owned(),
        password: password.cloned(),
    }
}

fn store_label(store: &WindowsStorePlace) -> String {
    Source::WindowsStore(in_store(store)).label().into_owned()
}

/// What stands in a store that is a place of installation.
pub fn in_store(place: &WindowsStorePlace) -> WindowsStoreSource {
    WindowsStoreSource {
        location: place.location,
        store: place.store.clone(),
        thumbprint: place.thumbprint,
        subject: None,
    }
}

/// Whether the private key of installed files is there and fits.
fn separate_key(offer: &mut Offer, certificate: &str, private_key: Option<&str>, reader: &Reader<'_>) {
    let Some(installed) = offer.certificate.clone() else {
        return;
    };
    let path = private_key.unwrap_or(certificate);
    if private_key.is_none() {
        if offer.key == KeyPresence::Unknown {
            offer.key = KeyPresence::Absent;
        }
        return;
    }
    match reader.read_key(path, None) {
        Ok(keys) => {
            let claimed = keys.iter().any(|key| key.id() == installed.key().id());
            offer.key = if claimed {
                KeyPresence::Present
            } else {
                KeyPresence::Absent
            };
            offer.keys = Keys {
                keys: keys.into(),
                place: path.to_owned(),
            };
        }
        Err(_) if !reader.exists(path) => (offer.key, offer.keys) = (KeyPresence::Absent, Keys::default()),
        Err(finding) => {
            let finding = Finding::of(Code::PrivateKeyInaccessible, "file").cause(&finding);
            offer.findings.push(finding);
        }
    }
}

/// Whether a holding is of one certificate by nature, for `inspect`.
pub fn is_single(holding: &Holding) -> bool {
    !matches!(holding.format, Format::Folder | Format::WindowsStore)
}
