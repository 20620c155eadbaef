//! A request as what `decide` takes: the members of the reference, the evidence, the policy.

use std::sync::Arc;

use crate::cert::{Certificate, KeyId};
use crate::decide::{Case, Member, Read};
use crate::explain;
use crate::protocol::request::MemberKind;
use crate::protocol::values::Sha256Hex;
use crate::protocol::{
    Code, Distrust, DocumentInput, DocumentKind, DocumentMember, Finding, KeyFrom, PROTOCOL, Phrase, ReadBy, Request,
    Severity, Source, Subject, Timestamp, TlsSource,
};
use crate::source::{Holding, SourceReader};

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

/// The TLS server of a source, if it is one.
pub fn tls_source(source: &Source) -> Option<&TlsSource> {
    match source {
        Source::Tls(tls) => Some(tls),
        _ => None,
    }
}

/// Every source of a subject.
pub fn subject_sources(subject: &Subject) -> impl Iterator<Item = &Source> {
    let any_of = subject.any_of.iter().flatten();
    subject.source.iter().chain(any_of).chain(&subject.candidates)
}

/// Reads everything but the subjects.
pub fn case(request: &Request, reader: &SourceReader<'_>, clock: Timestamp) -> Case {
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
pub fn unread(cause: Finding) -> Vec<Finding> {
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
pub fn read(request: &Request, reader: &SourceReader<'_>, clock: Timestamp) -> Case {
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

/// All certificates of a source of evidence; one that cannot be read does not hide the others.
pub fn evidence(
    reader: &SourceReader<'_>,
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

/// What a source of CA certificates holds, which are no secret: it is read without a password too, where the one that
/// is given is another source's.
pub fn read_public(reader: &SourceReader<'_>, source: &Source) -> Result<Holding, Finding> {
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

pub fn server(reader: &SourceReader<'_>, source: &Source, pointer: &str, findings: &mut Vec<Finding>) -> Read {
    let place = format!("{pointer}/source");
    match reader.read_one(source) {
        Ok((holding, position)) => {
            let warn = |finding: &Finding| finding.clone().severity(Severity::Warning).pointer(place.clone());
            findings.extend(holding.problems.iter().map(warn));
            // A certificate says which CA a server uses, whoever presents it: proof of possession matters for subjects
            // only.
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

pub fn pin(reader: &SourceReader<'_>, source: &Source, pointer: &str, findings: &mut Vec<Finding>) -> Read {
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

pub fn split(holding: &Holding, position: usize) -> (Arc<Certificate>, Vec<Arc<Certificate>>) {
    let others = holding
        .certificates
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != position);
    let chain = others.map(|(_, held)| held.certificate.clone()).collect();
    (holding.certificates[position].certificate.clone(), chain)
}

/// Adds what a reference document says. One that cannot be read is no reference.
pub fn document(input: &DocumentInput, reader: &SourceReader<'_>, case: &mut Case) {
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
pub fn from_file(path: &str, reader: &SourceReader<'_>) -> Result<DocumentInput, Finding> {
    let bytes = reader.read_file(path).map_err(|why| {
        Finding::of(Code::ReferenceMissing, "document-unreadable")
            .value("path", path)
            .phrase("why", why)
    })?;
    // Whoever gives a certificate here meant it as a reference.
    let holds_certificate = || crate::decode::decode(&bytes, None).is_ok();
    let text = text_of(&bytes);
    let parsed = crate::json::read::<DocumentInput>(text.as_deref().unwrap_or(&bytes));
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
    Some(crate::json::from_utf16(bytes)?.ok()?.into_bytes())
}

pub fn document_member(member: &DocumentMember, pointer: &str, reader: &SourceReader<'_>, case: &mut Case) {
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
pub fn is_same(read: &Read, member: &DocumentMember, other: &Member) -> bool {
    let same = match (read, &other.read) {
        (Read::Certificate { certificate, .. }, Read::Certificate { certificate: other, .. })
        | (Read::Authority(certificate), Read::Authority(other)) => certificate.sha256() == other.sha256(),
        (Read::Key(key), Read::Key(other)) => key == other,
        _ => false,
    };
    same && other.name == member.name && other.use_ == member.use_
}

/// The host in a member's name: names made from flags are sources as typed.
pub fn host_of(name: &str) -> String {
    match Source::parse(name) {
        Ok(Source::Tls(tls)) => tls.host,
        _ => name.to_owned(),
    }
}

/// The host that was asked, of a source that is read by TLS.
pub fn tls_host(source: &Source) -> Option<String> {
    let tls = tls_source(source)?;
    let name = tls.server_name.as_deref().filter(|name| !name.is_empty());
    Some(name.unwrap_or(&tls.host).to_owned())
}
