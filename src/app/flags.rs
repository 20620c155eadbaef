//! Turns the flags of a command into its request, and remembers which flag said what.

mod build;
mod sources;

use crate::cli::{InspectFlags, InstallFlags, ReferenceFlags, RequestFlags};
use crate::error::Error;
use crate::explain::{self, Voice};
use crate::protocol::{Distrust, Fault, FaultCode, Finding, Install, MemberKind, Password, Place, Report, Request};

use super::Streams;
use super::context::read_stdin;
use sources::{Opener, named, one_stdin};

/// A request that was given as flags.
#[derive(Debug)]
pub struct Flagged {
    /// The request.
    pub request: Request,
    /// Whether one of the flags says `-`: standard input is to be read for it.
    pub reads_stdin: bool,
    /// Whether that one is the reference document.
    document_on_stdin: bool,
    /// Pointers into the request, each with the flag that put something there.
    origins: Vec<(String, String)>,
}

impl Flagged {
    /// Reads the reference document from standard input, where the flags say so.
    pub fn read_document(&mut self, stdin: &[u8]) -> Result<(), Fault> {
        if self.document_on_stdin {
            let text = super::request::text_of(stdin);
            let input = crate::json::read(text.as_deref().unwrap_or(stdin)).map_err(|fault| {
                let message = format!("--reference-document -: {}", fault.message);
                Fault { message, ..fault }
            })?;
            self.request.reference_document = Some(input);
        }
        Ok(())
    }

    /// The same report for a user of flags: its messages name flags, not fields of a request.
    pub fn speak(&self, report: &Report) -> Report {
        let mut report = report.clone();
        explain::report(&mut report, Voice::Flags);
        let speak = |finding: &mut Finding| {
            if let Some(flag) = finding.pointer.as_deref().and_then(|pointer| self.flag(pointer)) {
                finding.pointer = Some(flag.to_owned());
            }
        };
        let of_reference = &mut report.reference;
        of_reference.findings.iter_mut().for_each(speak);
        let members = of_reference.members.iter_mut();
        members.flat_map(|member| &mut member.findings).for_each(speak);
        for subject in &mut report.subjects {
            subject.findings.iter_mut().for_each(speak);
            let passed = subject.passed_over.iter_mut().flatten();
            passed.flat_map(|passed| &mut passed.findings).for_each(speak);
        }
        report
    }

    /// The flag that put something at a place of the request.
    fn flag(&self, pointer: &str) -> Option<&str> {
        let covers = |origin: &str| {
            let rest = pointer.strip_prefix(origin);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let covering = self.origins.iter().filter(|(origin, _)| covers(origin));
        covering
            .max_by_key(|(origin, _)| origin.len())
            .map(|(_, flag)| flag.as_str())
    }

    /// The same fault for a user of flags: it names the flag, and is a usage error.
    pub fn explain(&self, fault: Fault) -> Fault {
        let Some(pointer) = &fault.pointer else { return fault };
        match self.flag(pointer) {
            Some(flag) if fault.code == FaultCode::BadRequest => {
                // The one message about a request from flags that names a field.
                let message = match fault.message.strip_prefix("any_of ") {
                    Some(rest) => format!("{flag}: --any-of {rest}"),
                    None => format!("{flag}: {}", fault.message),
                };
                Fault {
                    code: FaultCode::BadUsage,
                    message,
                    ..fault
                }
            }
            _ => fault,
        }
    }
}

impl Flagged {
    /// Reads standard input, where a flag says `-`.
    pub fn stdin(&self, streams: &mut Streams<'_>) -> Result<Option<Vec<u8>>, Error> {
        self.reads_stdin.then(|| read_stdin(streams)).transpose()
    }
}

/// The request of `same-ca check`.
pub fn check(flags: &RequestFlags) -> Result<Flagged, Fault> {
    enforce(flags, &InstallFlags::default())
}

/// The request of `same-ca enforce`; without flags of an installation, that of `same-ca check`.
pub fn enforce(flags: &RequestFlags, install: &InstallFlags) -> Result<Flagged, Fault> {
    let distrusted = flags.distrust.iter().filter_map(|arg| match &arg.distrust {
        Distrust::Source(source) => Some(("--distrust", arg.typed.as_str(), source)),
        Distrust::Key(_) => None,
    });
    let sources: Vec<_> = named("--reference", &flags.reference)
        .chain(named("--pin-authority", &flags.pin_authority))
        .chain(named("--subject", &flags.subject))
        .chain(named("--any-of", &flags.any_of))
        .chain(named("--authority", &flags.authority))
        .chain(named("--intermediate", &flags.intermediate))
        .chain(named("--candidate", &flags.candidate))
        .chain(distrusted)
        .collect();
    let document = flags
        .reference_document
        .iter()
        .map(|path| ("--reference-document", path.as_str()));
    let reads_stdin = one_stdin(sources.iter().map(|(flag, typed, _)| (*flag, *typed)).chain(document))?;
    let open = Opener::new(&flags.reading, sources.into_iter())?;
    let place = place(install)?;
    if flags.subject.is_empty() && flags.any_of.is_empty() && place.is_none() {
        return Err(Fault::usage(
            "nothing to check: give --subject SOURCE or --any-of SOURCE",
        ));
    }

    let mut asked = Flagged::new(&flags.caller, reads_stdin);
    for arg in &flags.reference {
        asked.member("--reference", &arg.typed, MemberKind::Source(open.secret(&arg.source)));
    }
    asked.pins(&flags.pin_authority, &flags.pin_key, &open);
    asked.document(flags.reference_document.as_deref())?;
    if let (Some((flag, typed, _)), true, true) = (&place, flags.subject.is_empty(), flags.any_of.is_empty()) {
        asked.subject(flag, typed, None, None);
    }
    asked.subjects(flags, &open)?;
    if let Some((flag, typed, install)) = place {
        let [only] = asked.request.subjects.as_mut_slice() else {
            let message = format!("{flag}: is the place of one subject, and the command line has several");
            return Err(Fault::usage(message));
        };
        only.install = Some(install);
        asked.origin("/subjects/0/install", format!("{flag} {typed}"));
    }
    asked.request.authorities = asked.sources("/authorities", "--authority", &flags.authority, &open);
    asked.request.intermediates = asked.sources("/intermediates", "--intermediate", &flags.intermediate, &open);
    asked.request.candidates = asked.sources("/candidates", "--candidate", &flags.candidate, &open);
    asked.policy(flags, &open)?;
    Ok(asked)
}

/// The place that the flags name, with the flag that names it and what was typed.
fn place(flags: &InstallFlags) -> Result<Option<(&'static str, String, Install)>, Fault> {
    let (flag, typed, place) = match (&flags.install_certificate, &flags.install_pkcs12) {
        (Some(certificate), _) => {
            let place = Place::Files {
                certificate: certificate.clone(),
                private_key: flags.install_key.clone(),
                chain: flags.install_chain.clone(),
            };
            ("--install-certificate", certificate, place)
        }
        (None, Some(path)) if flags.install_password_file.is_none() => {
            let message = format!(
                "--install-pkcs12 {path}: give its password as --install-password-file PATH (an empty file for an empty one)"
            );
            return Err(Fault::usage(message));
        }
        (None, Some(path)) => {
            let place = Place::Pkcs12 {
                path: path.clone(),
                password: flags.install_password_file.clone().map(Password::File),
                encryption: flags.install_encryption.unwrap_or_default(),
            };
            ("--install-pkcs12", path, place)
        }
        (None, None) if flags.backup || flags.replace_unreadable => {
            let flag = if flags.backup {
                "--backup"
            } else {
                "--replace-unreadable"
            };
            let message = format!("{flag}: goes with --install-certificate or --install-pkcs12");
            return Err(Fault::usage(message));
        }
        (None, None) => return Ok(None),
    };
    let install = Install {
        backup: flags.backup,
        replace_unreadable: flags.replace_unreadable,
        ..Install::of(place)
    };
    Ok(Some((flag, typed.clone(), install)))
}

/// The request of `same-ca reference`.
pub fn reference(flags: &ReferenceFlags) -> Result<Flagged, Fault> {
    let sources: Vec<_> = named("SOURCE", &flags.sources)
        .chain(named("--pin-authority", &flags.pin_authority))
        .chain(named("--authority", &flags.authority))
        .chain(named("--intermediate", &flags.intermediate))
        .collect();
    let reads_stdin = one_stdin(sources.iter().map(|(flag, typed, _)| (*flag, *typed)))?;
    let open = Opener::new(&flags.reading, sources.into_iter())?;
    if flags.sources.is_empty() && flags.pin_authority.is_empty() && flags.pin_key.is_empty() {
        return Err(Fault::usage(
            "nothing to read: give a SOURCE, --pin-authority or --pin-key",
        ));
    }
    let mut asked = Flagged::new(&flags.caller, reads_stdin);
    for arg in &flags.sources {
        asked.member("SOURCE", &arg.typed, MemberKind::Source(open.secret(&arg.source)));
    }
    asked.pins(&flags.pin_authority, &flags.pin_key, &open);
    asked.request.authorities = asked.sources("/authorities", "--authority", &flags.authority, &open);
    asked.request.intermediates = asked.sources("/intermediates", "--intermediate", &flags.intermediate, &open);
    Ok(asked)
}

/// The request of `same-ca inspect`.
pub fn inspect(flags: &InspectFlags) -> Result<Flagged, Fault> {
    let reads_stdin = one_stdin(named("SOURCE", &flags.sources).map(|(flag, typed, _)| (flag, typed)))?;
    let open = Opener::new(&flags.reading, named("SOURCE", &flags.sources))?;
    if flags.sources.is_empty() {
        return Err(Fault::usage("nothing to look at: give a SOURCE"));
    }
    let mut asked = Flagged::new(&flags.caller, reads_stdin);
    for arg in &flags.sources {
        asked.subject("SOURCE", &arg.typed, Some(open.secret(&arg.source)), None);
    }
    Ok(asked)
}

#[cfg(test)]
mod tests;
