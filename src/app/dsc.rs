//! `same-ca dsc`: the same engine as a Microsoft DSC v3 command resource.
//!
//! Properties come on standard input, the state goes to standard output, and what else is to be said goes to standard
//! error as JSON lines. Any answer, even a bad one, is a success: DSC ends a whole run at the first resource that fails.

use std::io::{self, Read};
use std::sync::Mutex;

use serde_json::{Map, Value, json};

use crate::cli::DscCommand;
use crate::error::Error;
use crate::protocol::dsc::Reason;
use crate::protocol::{Fault, FaultCode, Finding, PassedOver, Report, Severity, Status};
use crate::render::safe::Safe;

use super::{ANSWERED, Context, NOT_ANSWERED, Streams, check, enforce};
use lines::{Level, Lines};
use properties::Properties;

mod export;
mod host;
mod lines;
mod manifest;
mod properties;

pub use manifest::manifest;

/// What is read of a standard input that is over the limit of a request before it is left unread: DSC wants it read to
/// its end, and this is more than any end that DSC could reach.
const DRAIN_LIMIT: u64 = 1024 * 1024 * 1024;

/// Runs one operation and returns the exit code.
///
/// # Errors
/// Where standard output cannot be written. Everything else is reported on standard error, as DSC expects.
pub fn dsc(operation: &DscCommand, streams: &mut Streams<'_>, context: &Context<'_>) -> Result<u8, Error> {
    let lines = Mutex::new(Lines::new(context.env));
    let tell = |level: Level, line: &str| {
        if let Ok(mut lines) = lines.lock() {
            lines.add(level, line);
        }
    };
    let quiet = Context {
        progress: &|_| {},
        log: &|line: &str| tell(Level::Info, line),
        ..*context
    };
    let answered = answer(operation, streams, &quiet, &tell);
    let answered = match answered {
        Err(error @ Error::Output { .. }) => Err(error),
        Err(error) => {
            tell(Level::Error, &error.fault().to_string());
            Ok(NOT_ANSWERED)
        }
        Ok(()) => Ok(ANSWERED),
    };
    if let Ok(lines) = lines.into_inner() {
        lines.write(streams.errors);
    }
    answered
}

/// Tells DSC why a command line was not understood.
pub fn refuse(message: &str, streams: &mut Streams<'_>, context: &Context<'_>) -> u8 {
    if !streams.input_is_terminal {
        // What cannot be read is not to be read.
        let _ = io::copy(&mut streams.input.take(DRAIN_LIMIT), &mut io::sink());
    }
    let mut lines = Lines::new(context.env);
    lines.add(Level::Error, message);
    lines.write(streams.errors);
    NOT_ANSWERED
}

fn answer(
    operation: &DscCommand,
    streams: &mut Streams<'_>,
    context: &Context<'_>,
    tell: &dyn Fn(Level, &str),
) -> Result<(), Error> {
    let mut properties = || -> Result<Properties, Error> {
        let bytes = read_whole(streams)?;
        let properties = Properties::read(&bytes, host::name, context.clock)?;
        tell(Level::Debug, &format!("asked of {}", Safe(properties.host())));
        Ok(properties)
    };
    match operation {
        DscCommand::Get => {
            let properties = properties()?;
            let report = check(&properties, context)?;
            tell_verdict(&report, tell);
            write(streams, &state(&properties, &report)?)?;
        }
        DscCommand::Test => {
            let properties = properties()?;
            let report = check(&properties, context)?;
            tell_verdict(&report, tell);
            let mut state = state(&properties, &report)?;
            let desired = report.status == Status::Compliant;
            state.insert("_inDesiredState".into(), desired.into());
            write(streams, &state)?;
            write(streams, &differing(!desired))?;
        }
        DscCommand::Set { what_if } => {
            let properties = properties()?;
            let report = enforce::enforce(&properties.request, None, *what_if, context);
            let report = report.map_err(|fault| properties.explain(fault))?;
            tell_verdict(&report, tell);
            let changed = report.changed == Some(true);
            let mut state = state(&properties, &report)?;
            if changed && !properties.restart_services.is_empty() {
                let services = properties.restart_services.iter();
                let services: Vec<Value> = services.map(|service| json!({ "service": service })).collect();
                state.insert("_restartRequired".into(), services.into());
            }
            write(streams, &state)?;
            write(streams, &differing(changed))?;
        }
        DscCommand::Export => {
            let bytes = read_whole(streams)?;
            let bytes = export::asked(&bytes, EXPORTED)?;
            let properties = Properties::read(&bytes, host::name, context.clock)?;
            let warn = |line: &str| tell(Level::Warn, line);
            let instances = export::instances(&properties, context, &warn)?;
            for instance in instances {
                write(streams, &instance?)?;
            }
        }
        DscCommand::Validate => {
            let bytes = read_whole(streams)?;
            // What DSC looks at may be a state of ours, in which secrets are left out.
            let refused = match Properties::is_state(&bytes) {
                true => None,
                false => match Properties::read(&bytes, String::new, context.clock) {
                    Ok(properties) => properties.request.check().err().map(|fault| properties.explain(fault)),
                    Err(fault) => Some(fault),
                },
            };
            let answer = match refused {
                None => json!({"valid": true}),
                Some(fault) => json!({"valid": false, "reason": Safe(&fault.to_string()).to_string()}),
            };
            write(streams, &answer)?;
        }
        DscCommand::Schema => {
            return super::plain(streams, "the schema", &super::schema::schema(Some("dsc-resource"))?).map(drop);
        }
        DscCommand::Manifest => return super::plain(streams, "the manifest", &manifest()?).map(drop),
    }
    streams.output.flush().map_err(Error::output("the state"))
}

/// What is exported where nothing is asked: a server's own certificates.
const EXPORTED: Option<&str> = if cfg!(windows) {
    Some("store:LocalMachine/My")
} else {
    None
};

/// Tells the verdict. The exit code cannot: any but 0 would hide the state.
fn tell_verdict(report: &Report, tell: &dyn Fn(Level, &str)) {
    let level = match report.status {
        Status::Compliant => Level::Info,
        _ => Level::Warn,
    };
    tell(level, &report.message);
}

/// Reads standard input to its end, also where it is larger than what is looked at.
fn read_whole(streams: &mut Streams<'_>) -> Result<Vec<u8>, Error> {
    if streams.input_is_terminal {
        let message = "expected the properties as JSON on standard input: same-ca dsc get < properties.json";
        return Err(Fault::usage(message).into());
    }
    let bytes = super::context::read_stdin(streams);
    if let Err(Error::Fault(_)) = bytes {
        io::copy(&mut streams.input.take(DRAIN_LIMIT), &mut io::sink()).map_err(Error::Input)?;
    }
    bytes
}

fn check(properties: &Properties, context: &Context<'_>) -> Result<Report, Fault> {
    check::check(&properties.request, None, context).map_err(|fault| properties.explain(fault))
}

/// The names of the properties that differ: the status represents everything in the report.
fn differing(status: bool) -> Value {
    match status {
        true => json!(["status"]),
        false => json!([]),
    }
}

/// The state: the properties as given, without secrets, and what is known of them.
fn state(properties: &Properties, report: &Report) -> Result<Map<String, Value>, Fault> {
    let mut state = short_state(properties, properties.shown(), report)?;
    state.insert("report".into(), as_json(report)?);
    Ok(state)
}

/// The state without its report: DSC exports no lists of lists, which a report holds.
fn short_state(
    properties: &Properties,
    shown: &Map<String, Value>,
    report: &Report,
) -> Result<Map<String, Value>, Fault> {
    let mut state = shown.clone();
    state.insert("host".into(), properties.host().into());
    state.insert("status".into(), report.status.as_str().into());
    state.insert("reasons".into(), as_json(&reasons(report))?);
    Ok(state)
}

/// What the status rests on, the worst first. What weighs nothing is in the report alone, but for hints how a state that
/// is not the desired one could become it.
fn reasons(report: &Report) -> Vec<Reason> {
    let mut found: Vec<(String, &Finding)> = Vec::new();
    let is_told = |finding: &&Finding, status: Option<Status>| {
        finding.severity > Severity::Info || (finding.hint.is_some() && status != Some(Status::Compliant))
    };
    let of_reference = |finding: &&Finding| is_told(finding, Some(report.status));
    let findings = report.reference.findings.iter().filter(of_reference);
    found.extend(findings.map(|finding| ("the reference".to_owned(), finding)));
    for member in &report.reference.members {
        let who = who(&member.name, member.use_.as_deref());
        let findings = member.findings.iter().filter(of_reference);
        found.extend(findings.map(|finding| (who.clone(), finding)));
    }
    for subject in &report.subjects {
        let who = who(&subject.name, subject.use_.as_deref());
        let findings = subject
            .findings
            .iter()
            .filter(|finding| is_told(finding, subject.status));
        found.extend(findings.map(|finding| (who.clone(), finding)));
        if subject.status == Some(Status::Compliant) {
            continue;
        }
        // Why what would have done was not chosen.
        for passed in subject.passed_over.iter().flatten() {
            let which = passed_over(passed);
            let findings = passed.findings.iter();
            let findings = findings.filter(|finding| finding.severity > Severity::Info);
            found.extend(findings.map(|finding| (format!("{who}: {which}"), finding)));
        }
    }
    found.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
    let reason = |(who, finding): (String, &Finding)| {
        let hint = match &finding.hint {
            Some(hint) => format!(". What to do: {hint}"),
            None => String::new(),
        };
        let searched = searched(finding);
        let phrase = format!(
            "{}: {who}: {}{searched}{hint}",
            finding.severity.as_str(),
            finding.message
        );
        Reason {
            code: finding.code,
            phrase: Safe(&phrase).to_string(),
        }
    };
    found.into_iter().map(reason).collect()
}

/// What a certificate that was not chosen is called: its source, and its thumbprint where the source may hold several.
fn passed_over(passed: &PassedOver) -> String {
    let source = passed.source.as_deref().unwrap_or("a source");
    match &passed.certificate {
        Some(certificate) => format!("{source} (thumbprint {})", certificate.sha1),
        None => source.to_owned(),
    }
}

/// Where a file was looked for that is not there, if its path is a relative one.
fn searched(finding: &Finding) -> String {
    let named = |wanted: &str| {
        let mut values = finding.values.iter();
        values.find_map(|(name, value)| (name.rsplit('.').next() == Some(wanted)).then_some(value))
    };
    let is_absent = finding.message.contains("there is no such file");
    let path = named("path").or_else(|| named("source")).filter(|_| is_absent);
    let is_relative = path.is_some_and(|path| !std::path::Path::new(path).is_absolute() && !path.contains("://"));
    match host::folder() {
        Some(folder) if is_relative => {
            format!(" (a relative path, looked for in {folder}; write an absolute one)")
        }
        _ => String::new(),
    }
}

fn who(name: &str, use_: Option<&str>) -> String {
    match use_ {
        Some(use_) => format!("{name} ({use_})"),
        None => name.to_owned(),
    }
}

fn as_json(value: &impl serde::Serialize) -> Result<Value, Fault> {
    serde_json::to_value(value).map_err(|_| Fault::new(FaultCode::Internal, "the state could not be written as JSON"))
}

/// One compact line.
fn write(streams: &mut Streams<'_>, value: &impl serde::Serialize) -> Result<(), Error> {
    let written = serde_json::to_writer(&mut *streams.output, value).map_err(io::Error::from);
    let written = written.and_then(|()| streams.output.write_all(b"\n"));
    written.map_err(Error::output("the state"))
}
