//! `same-ca inspect`: what sources really hold.

use crate::cert::Certificate;
use crate::cli::{InspectArgs, OutputFormat};
use crate::decide::Trials;
use crate::error::Error;
use crate::explain::{self, Voice};
use crate::protocol::inspection::{
    InspectedCertificate, InspectedSource, InspectedSubject, Inspection, InspectionKind,
};
use crate::protocol::request::check_subjects;
use crate::protocol::{CertificateFacts, Fault, Finding, PROTOCOL, Policy, Request, Source, Tool};
use crate::render::{json, text};
use crate::source::SourceReader;

use super::Context;
use super::context::read_request;
use super::flags;
use super::output::{answer, write_out};
use super::{ANSWERED, Streams};
use super::{offers, request};

/// Runs `same-ca inspect`.
///
/// # Errors
/// Where the question cannot be answered, or the answer not be written.
pub fn run(args: &InspectArgs, streams: &mut Streams<'_>, context: &Context<'_>) -> Result<u8, Error> {
    let flagged = args.request != Default::default();
    let inspection = if flagged {
        let asked = flags::inspect(&args.request)?;
        let stdin = asked.stdin(streams)?;
        let inspected = inspect(&asked.request, stdin.as_deref(), context);
        let mut inspection = inspected.map_err(|fault| asked.explain(fault))?;
        explain::inspection(&mut inspection, Voice::Flags);
        inspection
    } else {
        let request = read_request(streams, "same-ca inspect pchat01.pem")?;
        inspect(&request, None, context)?
    };
    if let Some(file) = &args.save {
        let pem = pem(&inspection)?;
        write_out(streams, Some(file), "the certificates", |out| {
            out.write_all(pem.as_bytes())
        })?;
    }
    answer(
        streams,
        &args.output,
        flagged,
        "the inspection",
        context,
        |look, out| match look.format {
            OutputFormat::Json if look.terminal => json::pretty(&inspection, out),
            OutputFormat::Json => json::line(&inspection, out),
            OutputFormat::Text => text::inspection(&inspection, context.clock, look.colour, out),
        },
    )?;
    Ok(ANSWERED)
}

/// Says what the sources of a request's subjects hold. `stdin` is what a source `-` reads.
///
/// # Errors
/// Where the request has more than subjects. What cannot be read is a finding on its source.
pub fn inspect(request: &Request, stdin: Option<&[u8]>, context: &Context<'_>) -> Result<Inspection, Fault> {
    check(request)?;
    let reader = SourceReader::new(stdin, context.env, context.log);
    reader.prefetch(request::tls_sources(request), &context.servers_read());
    let subjects = request
        .subjects
        .iter()
        .map(|subject| InspectedSubject {
            name: subject.name.clone(),
            use_: subject.use_.clone(),
            sources: request::subject_sources(subject)
                .map(|source| look_into(source, &reader))
                .collect(),
        })
        .collect();
    let mut inspection = Inspection {
        protocol: PROTOCOL,
        kind: InspectionKind::Inspection,
        tool: Tool::this(),
        requirement: request.requirement.clone(),
        host: request.host.clone(),
        node: request.node.clone(),
        collected_at: request.collected_at,
        subjects,
    };
    explain::inspection(&mut inspection, Voice::Request);
    Ok(inspection)
}

/// Every certificate of an inspection as PEM, in the order found.
///
/// # Errors
/// Where there is none.
pub fn pem(inspection: &Inspection) -> Result<String, Fault> {
    let sources = inspection.subjects.iter().flat_map(|subject| &subject.sources);
    let certificates = sources.flat_map(|source| &source.certificates);
    let pem: String = certificates.filter_map(|one| one.facts.pem.as_deref()).collect();
    match pem.is_empty() {
        true => Err(Fault::usage(
            "--save: no certificate was read, so there is none to save",
        )),
        false => Ok(pem),
    }
}

/// The facts of a certificate with its PEM and that of what came with it.
pub(super) fn facts_with_pem(certificate: &Certificate, chain: &[&Certificate]) -> CertificateFacts {
    let mut facts = certificate.facts();
    facts.pem = Some(certificate.pem());
    facts.chain = Some(chain.iter().map(|certificate| certificate.pem()).collect());
    facts
}

fn check(request: &Request) -> Result<(), Fault> {
    crate::protocol::check_protocol(request.protocol)?;
    check_subjects(&request.subjects)?;
    let unwanted = [
        (!request.reference.is_empty(), "/reference"),
        (request.reference_document.is_some(), "/reference_document"),
        (!request.authorities.is_empty(), "/authorities"),
        (!request.intermediates.is_empty(), "/intermediates"),
        (!request.candidates.is_empty(), "/candidates"),
        (request.policy != Policy::default(), "/policy"),
    ];
    match unwanted.into_iter().find(|(present, _)| *present) {
        Some((_, pointer)) => Err(Fault::bad_request(
            pointer,
            "inspect looks at subjects alone; give this to check",
        )),
        None => Ok(()),
    }
}

fn look_into(source: &Source, reader: &SourceReader<'_>) -> InspectedSource {
    let label = source.label().into_owned();
    let nothing = |finding: Finding| InspectedSource {
        source: label.clone(),
        format: None,
        certificates: Vec::new(),
        private_keys: 0,
        findings: vec![finding],
    };
    let holding = match reader.read(source) {
        Ok(holding) => holding,
        Err(finding) => return nothing(finding),
    };
    let mut findings: Vec<Finding> = holding
        .problems
        .iter()
        .chain(&holding.notes)
        .chain(&holding.strangers)
        .cloned()
        .collect();
    let chosen = match offers::is_single(&holding) {
        true => holding.one(&label).map_err(|finding| findings.push(finding)).ok(),
        false => None,
    };
    let mut trials = Trials::default();
    let chain: Vec<&Certificate> = holding.certificates.iter().map(|held| &*held.certificate).collect();
    let certificates = holding
        .certificates
        .iter()
        .enumerate()
        .map(|(position, held)| {
            let stands = chosen == Some(position);
            let others: Vec<&Certificate> = match stands {
                true => chain
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != position)
                    .map(|(_, other)| *other)
                    .collect(),
                false => Vec::new(),
            };
            InspectedCertificate {
                chosen: stands,
                private_key: match held.private_key {
                    Some(true) if !holding.keys.is_empty() => trials.any_works(&holding.keys, held.certificate.key()),
                    known => known,
                },
                facts: facts_with_pem(&held.certificate, &others),
            }
        })
        .collect();
    InspectedSource {
        source: label,
        format: Some(holding.format.name().into()),
        certificates,
        private_keys: holding.different_keys(),
        findings,
    }
}
