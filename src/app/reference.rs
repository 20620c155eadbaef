//! `same-ca reference`: reads the servers that set the rule once, for every later check.

use crate::cert::Certificate;
use crate::decide::{Member, Read};
use crate::protocol::{
    Code, DocumentKind, DocumentMember, Fault, Finding, Hex, PROTOCOL, Policy, ReadBy, ReferenceDocument, Request,
    Severity, Tool,
};
use crate::source::Reader;

use super::case;
use super::inspect::facts_with_pem;
use super::{Progress, World};

/// Reads what a request's `reference`, `reference_document` and `authorities` name. `stdin` is what a source `-` stands for.
///
/// # Errors
/// Where the request is not one for a reference document. What cannot be read is a finding in the document.
pub fn reference(request: &Request, stdin: Option<&[u8]>, world: &World<'_>) -> Result<ReferenceDocument, Fault> {
    check(request)?;
    let reader = Reader::new(stdin, world.env, world.log);
    reader.prefetch(case::tls_sources(request), &|done, total| {
        (world.progress)(Progress {
            what: "TLS servers",
            done,
            total: Some(total),
        });
    });
    let read = case::case(request, &reader, world.clock);
    let mut findings = read.findings.clone();
    let mut members = Vec::new();
    for member in &read.members {
        let named = |finding: &Finding| {
            let finding = finding.clone();
            let message = format!("{}: {}", member.name, finding.message);
            Finding { message, ..finding }
        };
        findings.extend(member.findings.iter().map(named));
        members.extend(document_member(member));
    }
    if members.is_empty() && !findings.iter().any(|finding| finding.code == Code::ReferenceMissing) {
        findings.push(Finding::new(Code::ReferenceMissing, "no reference could be read"));
    }
    Ok(ReferenceDocument {
        protocol: PROTOCOL,
        kind: DocumentKind::Reference,
        tool: Tool::this(),
        requirement: request.requirement.clone(),
        host: request.host.clone(),
        collected_at: request.collected_at,
        members,
        authorities: read
            .evidence
            .iter()
            .filter(|(_, vouched, _)| *vouched)
            .map(|(held, ..)| held.pem())
            .collect(),
        findings,
    })
}

/// Whether every member that was asked for is in a document.
pub fn is_complete(document: &ReferenceDocument) -> bool {
    document
        .findings
        .iter()
        .all(|finding| finding.severity < Severity::Doubt)
}

fn check(request: &Request) -> Result<(), Fault> {
    crate::protocol::read::check_protocol(request.protocol)?;
    request.check_shared()?;
    let unwanted = [
        (!request.subjects.is_empty(), "/subjects"),
        (!request.candidates.is_empty(), "/candidates"),
        (!request.intermediates.is_empty(), "/intermediates"),
        (request.policy != Policy::default(), "/policy"),
    ];
    for (present, pointer) in unwanted {
        if present {
            let message = "a reference document is made of reference and authorities alone; give this to check";
            return Err(Fault::bad_request(pointer, message));
        }
    }
    if request.reference.is_empty() && request.reference_document.is_none() {
        return Err(Fault::bad_request("/reference", "expected at least one member"));
    }
    Ok(())
}

fn document_member(member: &Member) -> Option<DocumentMember> {
    let mut written = DocumentMember {
        name: member.name.clone(),
        use_: member.use_.clone(),
        read_by: None,
        host: None,
        certificate: None,
        authority: None,
        key_sha256: None,
    };
    match &member.read {
        Read::Certificate {
            certificate,
            chain,
            tls_host,
        } => {
            let chain: Vec<&Certificate> = chain.iter().map(|certificate| &**certificate).collect();
            written.certificate = Some(facts_with_pem(certificate, &chain).into());
            written.read_by = Some(if tls_host.is_some() { ReadBy::Tls } else { ReadBy::Other });
            written.host = tls_host.clone().filter(|host| *host != member.name);
        }
        Read::Authority(certificate) => written.authority = Some(facts_with_pem(certificate, &[]).into()),
        Read::Key(key) => written.key_sha256 = Some(Hex(key.0)),
        Read::Nothing { .. } => return None,
    }
    Some(written)
}
