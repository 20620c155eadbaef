//! From a request to what the decision wants: sources read, certificates parsed.

use std::sync::Arc;

use crate::cert::{Certificate, KeyId};
use crate::decide::{Case, Given, KeyPresence, Member, Offer, Read, SubjectCase, is_ca};
use crate::protocol::request::{MemberKind, WindowsStorePlace};
use crate::protocol::values::Sha256Hex;
use crate::protocol::{
    Code, Distrust, DocumentInput, DocumentKind, DocumentMember, Finding, Install, KeyFrom, PROTOCOL, Password, Place,
    Policy, ReadBy, Request, Severity, Source, Subject, Timestamp, TlsSource, WindowsStoreSource,
};
use crate::source::{Format, Holding, Reader};

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
                let before = case.distrusted.len();
                case.distrusted
                    .extend(held.into_iter().filter(|certificate| is_ca(certificate)));
                if case.distrusted.len() == before {
                    let message = format!(
                        "{} holds no CA certificate, so nothing is distrusted by it",
                        source.label()
                    );
                    case.findings
                        .push(Finding::new(Code::CertificateUnreadable, message).pointer(pointer));
                }
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
    let mut note = |finding: Finding| findings.push(finding.severity(severity).pointer(pointer));
    match reader.read(source) {
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
            let tls_host = tls_source(source).map(|tls| match tls.server_name.as_deref() {
                None | Some("") => tls.host.clone(),
                Some(name) => name.to_owned(),
            });
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
    match reader.read(source) {
        Ok(holding) => match (holding.certificates.as_slice(), holding.problems.is_empty()) {
            ([one], true) => return Read::Authority(one.certificate.clone()),
            (several, _) => {
                let count = several.len() + holding.problems.len();
                let message = format!(
                    "{} holds {count} certificates, and a pin is one CA certificate",
                    source.label()
                );
                let hint = "give the one that is meant in a file of its own, or a member for each";
                findings.push(Finding::new(Code::SourceAmbiguous, message).hint(hint).pointer(place));
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
        Some(_) if input.members.is_some() => Err("expected one of path and members, found both".to_owned()),
        Some(path) => match reader
            .read_file(path)
            .map_err(|why| format!("{path}: {why}"))
            .and_then(|bytes| {
                crate::protocol::read::read::<DocumentInput>(&bytes).map_err(|fault| format!("{path}: {fault}"))
            }) {
            Ok(parsed) => {
                read = parsed;
                match (&read.path, read.kind) {
                    (None, Some(DocumentKind::Reference)) => Ok(&read),
                    _ => Err(format!("{path}: not a reference document (its kind is not reference)")),
                }
            }
            Err(why) => Err(why),
        },
    };
    let members = document.and_then(|document| match (&document.members, document.protocol) {
        (_, Some(other)) if other != PROTOCOL => Err(format!("the document is of protocol {other}, not {PROTOCOL}")),
        (Some(members), _) => Ok((document, members)),
        (None, _) => Err("the document has no members".into()),
    });
    let (document, members) = match members {
        Ok(read) => read,
        Err(why) => {
            let hint = "write it anew with same-ca reference";
            let message = format!("the reference document cannot be read: {why}");
            case.findings.push(
                Finding::new(Code::ReferenceMissing, message)
                    .hint(hint)
                    .pointer("/reference_document"),
            );
            return;
        }
    };
    for (index, member) in members.iter().enumerate() {
        document_member(member, &format!("/reference_document/members/{index}"), reader, case);
    }
    for (index, pem) in document.authorities.iter().flatten().enumerate() {
        let source = Source::Pem {
            pem: pem.clone(),
            password: None,
        };
        let pointer = format!("/reference_document/authorities/{index}");
        let held = evidence(reader, &source, &pointer, Severity::Warning, &mut case.findings);
        case.evidence.extend(
            held.into_iter()
                .map(|certificate| (certificate, true, KeyFrom::ReferenceDocument)),
        );
    }
}

fn document_member(member: &DocumentMember, pointer: &str, reader: &Reader<'_>, case: &mut Case) {
    let mut findings = Vec::new();
    let read = match (&member.certificate, &member.authority, &member.key_sha256) {
        (Some(certificate), None, None) => {
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
        (None, Some(authority), None) => pin(
            reader,
            &Source::Pem {
                pem: authority.pem.clone(),
                password: None,
            },
            pointer,
            &mut findings,
        ),
        (None, None, Some(key)) => Read::Key(KeyId(key.0)),
        _ => {
            let message =
                "expected exactly one of certificate, authority, key_sha256 in a member of the reference document";
            findings.push(Finding::new(Code::CertificateUnreadable, message).pointer(pointer));
            // What was meant cannot be told, so it may have been a pin: nothing is allowed in its stead.
            Read::Nothing {
                pin: member.authority.is_some() || member.key_sha256.is_some(),
            }
        }
    };
    if repeats(&read, member, case) {
        // Its chain is evidence all the same, of the rank that it has.
        if let Read::Certificate { chain, tls_host, .. } = &read {
            let held = chain
                .iter()
                .map(|chain| (chain.clone(), tls_host.is_none(), KeyFrom::ReferenceDocument));
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

/// Whether a member of the request with the same name and use is the same certificate or pin. One that the operator
/// answers for says more than one that was read by TLS, so it stands beside it.
fn repeats(read: &Read, member: &DocumentMember, case: &Case) -> bool {
    let same = |other: &Member| match (read, &other.read) {
        (
            Read::Certificate {
                certificate, tls_host, ..
            },
            Read::Certificate {
                certificate: other,
                tls_host: other_host,
                ..
            },
        ) => certificate.sha256() == other.sha256() && (tls_host.is_some() || other_host.is_none()),
        (Read::Authority(certificate), Read::Authority(other)) => certificate.sha256() == other.sha256(),
        (Read::Key(key), Read::Key(other)) => key == other,
        _ => false,
    };
    case.members
        .iter()
        .any(|other| other.name == member.name && other.use_ == member.use_ && same(other))
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
    candidates: &Arc<[Offer]>,
) -> SubjectCase<'a> {
    let given = match (&subject.install, &subject.any_of, &subject.source) {
        (Some(Install { place, .. }), None, _) if *place != Place::Caller => standing(place, reader),
        (_, Some(sources), _) => Given::AnyOf(offers(sources, reader, 0)),
        (_, None, Some(source)) => Given::One(Box::new(one(source, reader))),
        (_, None, None) => Given::AnyOf(Vec::new()),
    };
    let mut own = offers(&subject.candidates, reader, 0);
    let mut candidates = candidates.clone();
    if own_files(subject).is_some() || own_store(subject).is_some() {
        // Only a key that can be copied goes into a file or another store.
        let copied = |offer: &Offer| match offer.key {
            KeyPresence::Elsewhere => Offer {
                key: KeyPresence::Unknown,
                ..offer.clone()
            },
            _ => offer.clone(),
        };
        own = own.iter().map(copied).collect();
        candidates = candidates.iter().map(copied).collect();
    }
    let offered = !own.is_empty() || !candidates.is_empty();
    let candidates: Option<Arc<[Offer]>> = match (offered, own.is_empty()) {
        (false, _) => None,
        (true, true) => Some(candidates),
        (true, false) => {
            // The index counts the subject's candidates, then the request's.
            let shifted = candidates.iter().cloned().map(|offer| Offer {
                index: offer.index + subject.candidates.len(),
                ..offer
            });
            Some(own.into_iter().chain(shifted).collect())
        }
    };
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
        given: Given::One(Box::new(one(source, reader))),
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

/// The place of a subject, where it is a Windows certificate store.
pub fn own_store(subject: &Subject) -> Option<&WindowsStorePlace> {
    match &subject.install.as_ref()?.place {
        Place::WindowsStore(store) => Some(store),
        _ => None,
    }
}

/// Every certificate of a list of sources.
pub fn offers(sources: &[Source], reader: &Reader<'_>, first: usize) -> Vec<Offer> {
    let mut offers = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let index = first + index;
        match reader.read(source) {
            Ok(holding) => offers.extend(held_offers(&holding, index)),
            Err(finding) => offers.push(nothing(index, finding)),
        }
    }
    offers
}

/// Every certificate that the source with this index holds.
fn held_offers(holding: &Holding, index: usize) -> Vec<Offer> {
    let brought = holding.all();
    let problems = holding.problems.iter().cloned();
    let mut offers: Vec<Offer> = problems.map(|finding| nothing(index, finding)).collect();
    for held in &holding.certificates {
        let copied = holding.keys.contains(&held.certificate.key().id());
        offers.push(Offer {
            index,
            certificate: Some(held.certificate.clone()),
            brought: brought.clone(),
            key: match presence(held.private_key) {
                KeyPresence::Present if !copied => KeyPresence::Elsewhere,
                known => known,
            },
            key_provider: held.key_provider.clone(),
            findings: holding.notes.iter().chain(&held.notes).cloned().collect(),
        });
    }
    offers
}

fn nothing(index: usize, finding: Finding) -> Offer {
    let (key, findings) = (KeyPresence::Unknown, vec![finding]);
    Offer {
        index,
        certificate: None,
        brought: Arc::from([]),
        key,
        key_provider: None,
        findings,
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
fn one(source: &Source, reader: &Reader<'_>) -> Offer {
    match reader.read_one(source) {
        Ok((holding, position)) => {
            let held = &holding.certificates[position];
            let warn = |finding: &Finding| finding.clone().severity(Severity::Warning);
            let mut findings: Vec<Finding> = holding.problems.iter().map(warn).collect();
            findings.extend(holding.notes.iter().chain(&held.notes).cloned());
            if held.private_key == Some(false) && !holding.keys.is_empty() {
                let message = format!(
                    "the private key in {} is not the one of its certificate",
                    source.label()
                );
                findings.push(Finding::new(Code::PrivateKeyMismatch, message));
            }
            Offer {
                index: 0,
                certificate: Some(held.certificate.clone()),
                brought: holding.all(),
                key: presence(held.private_key),
                key_provider: held.key_provider.clone(),
                findings,
            }
        }
        Err(finding) => nothing(0, finding),
    }
}

/// What stands at a place of installation.
fn standing(place: &Place, reader: &Reader<'_>) -> Given {
    let absent = |path: &str| {
        let hint = "give candidates and run enforce, or request a certificate from the reference's CA";
        let finding = Finding::new(Code::CertificateMissing, format!("{path}: there is no such file")).hint(hint);
        Given::One(Box::new(nothing(0, finding)))
    };
    match place {
        Place::Files { certificate, .. } if !reader.exists(certificate) => absent(certificate),
        Place::Pkcs12 { path, .. } if !reader.exists(path) => absent(path),
        Place::Files {
            certificate,
            private_key,
            chain,
        } => {
            let mut offer = one(&at_path(certificate, None), reader);
            if let Some(chain) = chain.as_ref().filter(|chain| !reader.is_empty(chain)) {
                let source = at_path(chain, None);
                let brought = evidence(reader, &source, "", Severity::Warning, &mut offer.findings);
                offer.findings.iter_mut().for_each(|finding| finding.pointer = None);
                offer.brought = offer.brought.iter().cloned().chain(brought).collect();
            }
            separate_key(&mut offer, certificate, private_key.as_deref(), reader);
            Given::One(Box::new(offer))
        }
        Place::Pkcs12 { path, password, .. } => Given::One(Box::new(one(&at_path(path, password.as_ref()), reader))),
        Place::WindowsStore(store) => match reader.read(&Source::WindowsStore(in_store(store))) {
            Ok(holding) => Given::AnyOf(held_offers(&holding, 0)),
            // No such store, or no such certificate in it: an empty place.
            Err(finding) if finding.code == Code::CertificateMissing => Given::AnyOf(Vec::new()),
            Err(finding) => Given::AnyOf(vec![nothing(0, finding)]),
        },
        Place::Caller => Given::AnyOf(Vec::new()),
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
        Ok(keys) if keys.contains(&installed.key().id()) => offer.key = KeyPresence::Present,
        Ok(_) => {
            offer.key = KeyPresence::Absent;
            let message = format!("the private key in {path} is not the one of the certificate");
            offer.findings.push(Finding::new(Code::PrivateKeyMismatch, message));
        }
        Err(_) if !reader.exists(path) => offer.key = KeyPresence::Absent,
        Err(finding) => {
            offer
                .findings
                .push(Finding::new(Code::PrivateKeyInaccessible, finding.message));
        }
    }
}

/// Whether a holding is of one certificate by nature, for `inspect`.
pub fn is_single(holding: &Holding) -> bool {
    !matches!(holding.format, Format::Folder | Format::WindowsStore)
}
