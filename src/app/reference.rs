//! `same-ca reference`: reads the servers that set the rule once, for every later check.

use std::collections::HashSet;

use crate::cert::Certificate;
use crate::cli::ReferenceArgs;
use crate::decide::{Case, Member, Read};
use crate::error::Error;
use crate::explain::{self, Voice};
use crate::protocol::{
    Code, DocumentKind, DocumentMember, Fault, FaultCode, Finding, Hex, PROTOCOL, Policy, ReadBy, ReferenceDocument,
    Request, Tool, Unread,
};
use crate::render::{json, text};
use crate::source::SourceReader;

use super::Context;
use super::context::read_request;
use super::flags;
use super::inspect::facts_with_pem;
use super::output::{colour, write_out};
use super::request;
use super::{ANSWERED, Streams};

/// Runs `same-ca reference`.
///
/// # Errors
/// Where the question cannot be answered, or the answer not be written.
pub fn run(args: &ReferenceArgs, streams: &mut Streams<'_>, context: &Context<'_>) -> Result<u8, Error> {
    let document = if args.request == Default::default() {
        let request = read_request(streams, "same-ca reference tls://fe01.contoso.com:5061")?;
        reference(&request, None, args.partial, context)?
    } else {
        let asked = flags::reference(&args.request)?;
        let stdin = asked.stdin(streams)?;
        reference(&asked.request, stdin.as_deref(), args.partial, context).map_err(|f| asked.explain(f))?
    };
    let what = "the reference document";
    write_out(streams, args.output.as_deref(), what, |out| {
        json::pretty(&document, out)
    })?;
    if streams.errors_is_terminal {
        let colour = colour(context);
        let mut told = document;
        if args.request != Default::default() {
            explain::document(&mut told, Voice::Flags);
        }
        // Beside the answer, not part of it.
        let _ = text::document_summary(&told, context.clock, colour, streams.errors);
    }
    Ok(ANSWERED)
}

/// Reads what a request's `reference`, `reference_document`, `authorities` and `intermediates` name. `stdin` is what a
/// source `-` reads. With `partial` a member that cannot be read is written as such.
///
/// # Errors
/// Where the request is not one for a reference document, and, but for `partial`, where a member cannot be read: later
/// checks would not know that a server is missing. What else cannot be read is a finding in the document.
pub fn reference(
    request: &Request,
    stdin: Option<&[u8]>,
    partial: bool,
    context: &Context<'_>,
) -> Result<ReferenceDocument, Fault> {
    check(request)?;
    let reader = SourceReader::new(stdin, context.env, context.log);
    reader.prefetch(request::tls_sources(request), &context.servers_read());
    let read = request::read(request, &reader, context.clock);
    if !partial {
        complete(&read)?;
    }
    let mut findings = read.findings.clone();
    for member in &read.members {
        let named = |finding: &Finding| Finding {
            severity: finding.severity,
            pointer: finding.pointer.clone(),
            ..Finding::of(finding.code, "of-member")
                .value("member", &member.name)
                .cause(finding)
        };
        // What could not be read is said in its place.
        if !is_unread(member) {
            findings.extend(member.findings.iter().map(named));
        }
    }
    let said = findings.iter().any(|finding| finding.code == Code::ReferenceMissing);
    if read.members.iter().all(is_unread) && !said {
        findings.push(Finding::of(Code::ReferenceMissing, "document-of-nothing"));
    }
    let of_rank = |wanted: bool| {
        let mut seen = HashSet::new();
        let of_rank = read.evidence.iter().filter(|(_, trusted, _)| *trusted == wanted);
        let new = of_rank.filter(|(held, ..)| seen.insert(*held.sha256()));
        new.map(|(held, ..)| held.pem()).collect()
    };
    let mut document = ReferenceDocument {
        protocol: PROTOCOL,
        kind: DocumentKind::Reference,
        tool: Tool::this(),
        requirement: request.requirement.clone(),
        host: request.host.clone(),
        node: request.node.clone(),
        collected_at: request.collected_at,
        members: read.members.iter().map(document_member).collect(),
        authorities: of_rank(true),
        intermediates: of_rank(false),
        findings,
    };
    explain::document(&mut document, Voice::Request);
    Ok(document)
}

/// Refuses a reference of which a member, or the document, could not be read.
fn complete(case: &Case) -> Result<(), Fault> {
    let mut unread: Vec<String> = case
        .members
        .iter()
        .filter(|member| is_unread(member))
        .map(why_unread)
        .collect();
    let mut pointer = case
        .members
        .iter()
        .find(|member| is_unread(member))
        .map(|member| member.pointer.clone());
    let documents = case
        .findings
        .iter()
        .filter(|finding| finding.code == Code::ReferenceMissing);
    for finding in documents {
        unread.push(explain::message(finding, Voice::Request));
        pointer = pointer.or(finding.pointer.clone());
    }
    if unread.is_empty() {
        return Ok(());
    }
    let message = format!(
        "no reference document was written, because not everything that it is made of could be read: {} (with --partial \
         it is written, and says what is missing)",
        unread.join("; ")
    );
    Err(Fault {
        pointer,
        ..Fault::new(FaultCode::ReferenceUnreadable, message)
    })
}

fn is_unread(member: &Member) -> bool {
    matches!(member.read, Read::Nothing { .. })
}

/// The member with what kept it from being read.
fn why_unread(member: &Member) -> String {
    let use_ = member
        .use_
        .as_ref()
        .map(|use_| format!(" ({use_})"))
        .unwrap_or_default();
    let why = member.findings.first();
    let why = why.map_or_else(
        || "it could not be read".into(),
        |finding| explain::message(finding, Voice::Request),
    );
    match why.starts_with(member.name.as_str()) {
        true => why,
        false => format!("{}{use_}: {why}", member.name),
    }
}

fn check(request: &Request) -> Result<(), Fault> {
    crate::protocol::check_protocol(request.protocol)?;
    request.check_shared()?;
    let unwanted = [
        (!request.subjects.is_empty(), "/subjects"),
        (!request.candidates.is_empty(), "/candidates"),
        (request.policy != Policy::default(), "/policy"),
    ];
    for (present, pointer) in unwanted {
        if present {
            let message =
                "a reference document is made of reference, authorities and intermediates alone; give this to check";
            return Err(Fault::bad_request(pointer, message));
        }
    }
    if request.reference.is_empty() && request.reference_document.is_none() {
        return Err(Fault::bad_request("/reference", "expected at least one member"));
    }
    Ok(())
}

fn document_member(member: &Member) -> DocumentMember {
    let mut written = DocumentMember {
        name: member.name.clone(),
        use_: member.use_.clone(),
        read_by: None,
        host: None,
        certificate: None,
        authority: None,
        key_sha256: None,
        unread: None,
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
            written.host.clone_from(tls_host);
        }
        Read::Authority(certificate) => written.authority = Some(facts_with_pem(certificate, &[]).into()),
        Read::Key(key) => written.key_sha256 = Some(Hex(key.0)),
        Read::Nothing { .. } => {
            let cause = member.findings.first();
            written.unread = Some(Unread {
                code: cause.map_or(Code::ReferenceUnreadable, |finding| finding.code),
                message: cause.map_or_else(
                    || "it could not be read".into(),
                    |finding| explain::message(finding, Voice::Request),
                ),
                text: cause.map(|finding| finding.text.to_string()),
                values: cause.map(|finding| finding.values.clone()).unwrap_or_default(),
            });
        }
    }
    written
}
