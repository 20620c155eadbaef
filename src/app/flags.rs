//! Turns the flags of a command into its request, and remembers which flag said what.

use crate::cli::{
    CallerFlags, InspectFlags, InstallFlags, KeyArg, ReadingFlags, ReferenceFlags, RequestFlags, SourceArg,
};
use crate::error::Error;
use crate::explain::{self, Voice};
use crate::protocol::{
    Distrust, DocumentInput, Fault, FaultCode, Finding, Install, Member, MemberKind, Password, Place, Policy, Report,
    Request, Source, Subject,
};

use super::Streams;
use super::context::read_stdin;

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
    /// Takes the reference document from what stands on standard input, where the flags say so.
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

    /// The same report for somebody who typed flags: its words speak of them, and not of places in a request.
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

    /// The same fault for somebody who typed flags: it names the flag, and is one of usage.
    pub fn explain(&self, fault: Fault) -> Fault {
        let Some(pointer) = &fault.pointer else { return fault };
        match self.flag(pointer) {
            Some(flag) if fault.code == FaultCode::BadRequest => {
                let message = format!("{flag}: {}", in_flags(&fault.message));
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
    /// Reads what `-` stands for, where a flag says so.
    pub fn stdin(&self, streams: &mut Streams<'_>) -> Result<Option<Vec<u8>>, Error> {
        self.reads_stdin.then(|| read_stdin(streams)).transpose()
    }
}

/// What fields of a request are called as flags, in the phrases that answers have: the longest first.
const FLAGS: &[(&str, &str)] = &[
    ("as authorities or intermediates", "with --authority or --intermediate"),
    ("with authority instead of source", "with --pin-authority"),
    (
        "reference, or reference_document",
        "--reference, or --reference-document",
    ),
    ("reference_document", "--reference-document"),
    ("replace_unreadable", "--replace-unreadable"),
    ("password_file", "--password-file"),
    ("warn_before_expiry", "--warn-before-expiry"),
    ("renew_before", "--renew-before"),
    ("valid_at", "--valid-at"),
    ("any_of", "--any-of"),
    ("to authorities", "with --authority"),
    ("to intermediates", "with --intermediate"),
    ("give names,", "give --name,"),
];

/// A text in which fields of a request are called what the flags are called.
fn in_flags(text: &str) -> String {
    let mut spoken = String::with_capacity(text.len());
    let mut rest = text;
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
    while let Some(c) = rest.chars().next() {
        let begins = !spoken.ends_with(is_word);
        let known = FLAGS.iter().find(|(field, _)| {
            let after = rest.strip_prefix(field);
            begins && after.is_some_and(|after| field.ends_with(',') || !after.starts_with(is_word))
        });
        let taken = match known {
            Some((field, flag)) => {
                spoken.push_str(flag);
                field.len()
            }
            None => {
                spoken.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    spoken
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

impl Flagged {
    fn new(caller: &CallerFlags, reads_stdin: bool) -> Self {
        let request = Request {
            protocol: crate::protocol::PROTOCOL,
            requirement: caller.requirement.clone(),
            host: caller.host.clone(),
            node: caller.node.clone(),
            collected_at: caller.collected_at,
            reference: Vec::new(),
            reference_document: None,
            subjects: Vec::new(),
            authorities: Vec::new(),
            intermediates: Vec::new(),
            candidates: Vec::new(),
            policy: Policy::default(),
        };
        Flagged {
            request,
            reads_stdin,
            document_on_stdin: false,
            origins: Vec::new(),
        }
    }

    fn origin(&mut self, pointer: impl Into<String>, flag: impl Into<String>) {
        self.origins.push((pointer.into(), flag.into()));
    }

    fn member(&mut self, flag: &str, typed: &str, kind: MemberKind) {
        self.origin(
            format!("/reference/{}", self.request.reference.len()),
            format!("{flag} {typed}"),
        );
        self.request.reference.push(Member {
            name: typed.to_owned(),
            use_: None,
            kind,
        });
    }

    fn pins(&mut self, authorities: &[SourceArg], keys: &[KeyArg], open: &Opener<'_>) {
        for arg in authorities {
            self.member(
                "--pin-authority",
                &arg.typed,
                MemberKind::Authority(open.secret(&arg.source)),
            );
        }
        for arg in keys {
            self.member("--pin-key", &arg.typed, MemberKind::Key(arg.key));
        }
    }

    fn document(&mut self, path: Option<&str>) -> Result<(), Fault> {
        let path = match path {
            None => return Ok(()),
            Some("") => return Err(Fault::usage("--reference-document: the path is empty")),
            Some(path) => path,
        };
        self.origin("/reference_document", format!("--reference-document {path}"));
        self.document_on_stdin = path == "-";
        if !self.document_on_stdin {
            self.request.reference_document = Some(DocumentInput {
                path: Some(path.to_owned()),
                protocol: None,
                kind: None,
                tool: None,
                requirement: None,
                host: None,
                node: None,
                collected_at: None,
                members: None,
                authorities: None,
                intermediates: None,
                findings: None,
            });
        }
        Ok(())
    }

    fn subject(&mut self, flag: &str, typed: &str, source: Option<Source>, any_of: Option<Vec<Source>>) {
        self.origin(
            format!("/subjects/{}", self.request.subjects.len()),
            format!("{flag} {typed}"),
        );
        self.request.subjects.push(Subject {
            name: typed.to_owned(),
            use_: None,
            names: None,
            effective_from: None,
            source,
            any_of,
            candidates: Vec::new(),
            install: None,
        });
    }

    fn subjects(&mut self, flags: &RequestFlags, open: &Opener<'_>) -> Result<(), Fault> {
        for arg in &flags.subject {
            self.subject("--subject", &arg.typed, Some(open.secret(&arg.source)), None);
        }
        if !flags.any_of.is_empty() {
            let typed: Vec<_> = flags.any_of.iter().map(|arg| arg.typed.as_str()).collect();
            let any_of = flags.any_of.iter().map(|arg| open.secret(&arg.source)).collect();
            self.subject("--any-of", &typed.join(", "), None, Some(any_of));
            let index = self.request.subjects.len() - 1;
            for (at, typed) in typed.into_iter().enumerate() {
                self.origin(format!("/subjects/{index}/any_of/{at}"), format!("--any-of {typed}"));
            }
        }
        match (&flags.subject_name, self.request.subjects.as_mut_slice()) {
            (None, _) => {}
            (Some(name), [only]) => {
                only.name.clone_from(name);
                self.origin("/subjects/0/name", "--subject-name");
            }
            (Some(_), _) => {
                let message = "--subject-name: names one subject, and the command line has several (all --any-of together are one)";
                return Err(Fault::usage(message));
            }
        }
        for subject in &mut self.request.subjects {
            subject.effective_from = flags.effective_from;
        }
        Ok(())
    }

    fn sources(&mut self, pointer: &str, flag: &str, args: &[SourceArg], open: &Opener<'_>) -> Vec<Source> {
        for (index, arg) in args.iter().enumerate() {
            self.origin(format!("{pointer}/{index}"), format!("{flag} {}", arg.typed));
        }
        args.iter().map(|arg| open.secret(&arg.source)).collect()
    }

    fn policy(&mut self, flags: &RequestFlags, open: &Opener<'_>) -> Result<(), Fault> {
        let mut policy = Policy {
            profile: flags.profile,
            match_: flags.match_.unwrap_or_default(),
            level: flags.level.unwrap_or_default(),
            proof: flags.proof.unwrap_or_default(),
            references: flags.references.unwrap_or_default(),
            valid_at: flags.valid_at,
            warn_before_expiry: flags.warn_before_expiry,
            renew_before: flags.renew_before,
            names: flags.name.clone(),
            extended_key_usage: flags.extended_key_usage.clone(),
            distrust: flags.distrust.iter().map(|arg| open.distrust(&arg.distrust)).collect(),
            severity: Default::default(),
        };
        for (pointer, flag, given) in [
            ("/policy/profile", "--profile", flags.profile.is_some()),
            ("/policy/match", "--match", flags.match_.is_some()),
            ("/policy/level", "--level", flags.level.is_some()),
            ("/policy/proof", "--proof", flags.proof.is_some()),
            ("/policy/references", "--references", flags.references.is_some()),
            ("/policy/valid_at", "--valid-at", flags.valid_at.is_some()),
            (
                "/policy/warn_before_expiry",
                "--warn-before-expiry",
                flags.warn_before_expiry.is_some(),
            ),
            ("/policy/renew_before", "--renew-before", flags.renew_before.is_some()),
        ] {
            if given {
                self.origin(pointer, flag);
            }
        }
        for (index, name) in flags.name.iter().enumerate() {
            self.origin(format!("/policy/names/{index}"), format!("--name {name}"));
        }
        for (index, usage) in flags.extended_key_usage.iter().enumerate() {
            self.origin(
                format!("/policy/extended_key_usage/{index}"),
                format!("--extended-key-usage {usage}"),
            );
        }
        for (index, arg) in flags.distrust.iter().enumerate() {
            self.origin(format!("/policy/distrust/{index}"), format!("--distrust {}", arg.typed));
        }
        for arg in &flags.severity {
            let code = arg.code.as_str();
            if policy.severity.of(arg.code).is_some() {
                return Err(Fault::usage(format!("--severity {code}: given twice")));
            }
            policy.severity.set(arg.code, arg.severity);
            self.origin(
                format!("/policy/severity/{code}"),
                format!("--severity {code}={}", arg.severity.as_str()),
            );
        }
        self.request.policy = policy;
        Ok(())
    }
}

/// Gives the sources of the command line what its reading flags say.
struct Opener<'a> {
    flags: &'a ReadingFlags,
    password: Option<Password>,
}

impl<'a> Opener<'a> {
    /// Refuses flags that would say nothing about any of the sources.
    fn new<'s>(flags: &'a ReadingFlags, mut sources: impl Iterator<Item = Named<'s>>) -> Result<Self, Fault> {
        let about_tls = [
            ("--starttls", flags.starttls.is_some()),
            ("--timeout", flags.timeout.is_some()),
            ("--server-name", flags.server_name.is_some()),
        ];
        let given = about_tls.iter().find(|(_, given)| *given);
        if let Some((flag, _)) = given
            && !sources.any(|(_, _, source)| matches!(source, Source::Tls(_)))
        {
            return Err(Fault::usage(format!(
                "{flag}: goes with a tls:// source, and none is given"
            )));
        }
        let file = flags.password_file.clone().map(Password::File);
        Ok(Opener {
            flags,
            password: file.or_else(|| flags.password_env.clone().map(Password::Env)),
        })
    }

    /// A source with the password, which is looked for where the source needs one.
    fn secret(&self, source: &Source) -> Source {
        match &self.password {
            Some(password) => self.plain(source).with_password(password.clone()),
            None => self.plain(source),
        }
    }

    /// A source that needs none.
    fn plain(&self, source: &Source) -> Source {
        let mut source = source.clone();
        if let Source::Tls(tls) = &mut source {
            tls.starttls = self.flags.starttls;
            tls.timeout = self.flags.timeout;
            tls.server_name.clone_from(&self.flags.server_name);
        }
        source
    }

    fn distrust(&self, distrust: &Distrust) -> Distrust {
        match distrust {
            Distrust::Source(source) => Distrust::Source(self.secret(source)),
            Distrust::Key(key) => Distrust::Key(*key),
        }
    }
}

/// A source of the command line: its flag, how it was typed, what it means.
type Named<'a> = (&'static str, &'a str, &'a Source);

fn named<'a>(flag: &'static str, args: &'a [SourceArg]) -> impl Iterator<Item = Named<'a>> {
    args.iter().map(move |arg| (flag, arg.typed.as_str(), &arg.source))
}

/// Whether one says `-`; more than one may not.
fn one_stdin<'a>(typed: impl Iterator<Item = (&'a str, &'a str)>) -> Result<bool, Fault> {
    let flags: Vec<_> = typed.filter(|(_, typed)| *typed == "-").map(|(flag, _)| flag).collect();
    if flags.len() > 1 {
        let message = format!(
            "- (standard input) can be given once, and is given for {}",
            flags.join(" and ")
        );
        return Err(Fault::usage(message));
    }
    Ok(!flags.is_empty())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::protocol::{Code, Match, Severity, StartTls, TlsSource};

    fn flags(line: &str) -> RequestFlags {
        let cli = Cli::try_parse_from(format!("same-ca check {line}").split_whitespace()).unwrap();
        match cli.command {
            Command::Check(args) => args.request,
            other => panic!("{other:?}"),
        }
    }

    fn refused(line: &str) -> String {
        check(&flags(line)).unwrap_err().message
    }

    #[test]
    fn who_typed_flags_is_told_of_flags() {
        for (said, spoken) in [
            (
                "add the CA's certificate to authorities, or pin it",
                "add the CA's certificate with --authority, or pin it",
            ),
            (
                "give reference, or reference_document",
                "give --reference, or --reference-document",
            ),
            (
                "pin the CA with authority instead of source",
                "pin the CA with --pin-authority",
            ),
            (
                "two authorities in my_any_of, /any_of and any_of",
                "two authorities in my_any_of, /any_of and --any-of",
            ),
            ("give names, such as x", "give --name, such as x"),
            ("Größe to authoritiesx", "Größe to authoritiesx"),
        ] {
            assert_eq!(in_flags(said), spoken);
        }
        let asked = check(&flags("--reference a.pem --subject b.pem --authority c.pem")).unwrap();
        assert_eq!(asked.flag("/authorities/0"), Some("--authority c.pem"));
        assert_eq!(asked.flag("/authorities/1"), None);
    }

    #[test]
    fn flags_mean_what_the_same_request_as_json_means() {
        let hex = "ab".repeat(32);
        let line = format!(
            "--reference fe01.pem --reference tls://fe02.contoso.com:5061 --pin-authority ca.pem --pin-key sha256:{hex} \
             --reference-document ref.json --subject pchat01.pfx --any-of a.pem --any-of certs --password-file pass \
             --authority root.cer --intermediate issuing.cer --candidate new.pfx --distrust bad.pem \
             --distrust SHA256:{hex} --profile lync-server-2013 --match key --level root --proof key-identifier \
             --references any --valid-at 2026-11-20T00:00:00Z --warn-before-expiry 2w --renew-before 14d \
             --name pchat01.contoso.com --extended-key-usage clientAuth --severity cdp-missing=warning \
             --effective-from 2026-12-01T00:00:00Z --starttls ldap --timeout 5 --server-name fe.contoso.com \
             --requirement chat --host me --collected-at 2026-11-19T00:00:00Z"
        );
        let tls = r#"{"tls":{"host":"fe02.contoso.com","port":5061,"starttls":"ldap","timeout":5,"server_name":"fe.contoso.com"}}"#;
        let json = format!(
            r#"{{"protocol":1,"requirement":"chat","host":"me","collected_at":"2026-11-19T00:00:00Z",
            "reference":[{{"name":"fe01.pem","source":{{"path":"fe01.pem","password_file":"pass"}}}},
              {{"name":"tls://fe02.contoso.com:5061","source":{tls}}},{{"name":"ca.pem","authority":{{"path":"ca.pem","password_file":"pass"}}}},
              {{"name":"sha256:{hex}","key_sha256":"{hex}"}}],
            "reference_document":{{"path":"ref.json"}},
            "subjects":[{{"name":"pchat01.pfx","effective_from":"2026-12-01T00:00:00Z","source":{{"path":"pchat01.pfx","password_file":"pass"}}}},
              {{"name":"a.pem, certs","effective_from":"2026-12-01T00:00:00Z",
                "any_of":[{{"path":"a.pem","password_file":"pass"}},{{"path":"certs","password_file":"pass"}}]}}],
            "authorities":[{{"path":"root.cer","password_file":"pass"}}],
            "intermediates":[{{"path":"issuing.cer","password_file":"pass"}}],"candidates":[{{"path":"new.pfx","password_file":"pass"}}],
            "policy":{{"profile":"lync-server-2013","match":"key","level":"root","proof":"key-identifier","references":"any",
              "valid_at":"2026-11-20T00:00:00Z","warn_before_expiry":"2w","renew_before":"14d","names":["pchat01.contoso.com"],
              "extended_key_usage":["clientAuth"],"distrust":[{{"path":"bad.pem","password_file":"pass"}},{{"key_sha256":"{hex}"}}],"severity":{{"cdp-missing":"warning"}}}}}}"#
        );
        let asked = check(&flags(&line)).unwrap();
        assert_eq!(asked.request, crate::json::read::<Request>(json.as_bytes()).unwrap());
        assert!(!asked.reads_stdin);
        asked.request.check().unwrap();
    }

    #[test]
    fn a_refused_policy_names_its_flag() {
        let asked = check(&flags("--subject a.pem --severity issuer-differs=info")).unwrap();
        let fault = asked.explain(asked.request.check().unwrap_err());
        assert_eq!(fault.code, FaultCode::BadUsage);
        assert_eq!(fault.pointer.as_deref(), Some("/policy/severity/issuer-differs"));
        let expected = "--severity issuer-differs=info: issuer-differs may be raised, not lowered below error";
        assert_eq!(fault.message, expected);
    }

    #[test]
    fn what_is_given_twice_is_named_as_typed() {
        let asked = check(&flags("--subject a.pem --subject a.pem")).unwrap();
        let fault = asked.explain(asked.request.check().unwrap_err());
        assert!(fault.message.starts_with("--subject a.pem: "), "{fault:?}");
        assert!(refused("--subject a.pem --severity expired=info --severity expired=info").contains("given twice"));
    }

    #[test]
    fn the_longest_origin_explains_a_fault() {
        let asked = check(&flags("--subject s.pem --any-of a.pem --any-of b.pem")).unwrap();
        let at = |pointer: &str| asked.explain(Fault::bad_request(pointer, "no")).message;
        assert_eq!(at("/subjects/1/any_of/1"), "--any-of b.pem: no");
        assert_eq!(at("/subjects/1/any_of"), "--any-of a.pem, b.pem: no");
        assert_eq!(at("/subjects/0/source/tls"), "--subject s.pem: no");
        assert_eq!(
            at("/subjects/10"),
            "no",
            "a pointer that only begins alike is another place"
        );
    }

    #[test]
    fn standard_input_can_stand_for_one_source_only() {
        assert!(check(&flags("--subject - --reference fe01.pem")).unwrap().reads_stdin);
        for twice in [
            "--subject - --reference -",
            "--subject - --distrust -",
            "--subject - --reference-document -",
        ] {
            assert!(refused(twice).contains("can be given once"), "{twice}");
        }
    }

    #[test]
    fn a_reference_document_can_come_by_standard_input() {
        let mut asked = check(&flags("--subject a.pem --reference-document -")).unwrap();
        assert!(asked.reads_stdin && asked.request.reference_document.is_none());
        asked.read_document(br#"{"members":[]}"#).unwrap();
        assert_eq!(
            asked
                .request
                .reference_document
                .as_ref()
                .and_then(|d| d.members.clone()),
            Some(Vec::new())
        );
        let fault = asked.read_document(br#"{"members":[],"x":1}"#).unwrap_err();
        assert!(
            fault.message.starts_with("--reference-document -: unknown field"),
            "{fault:?}"
        );
    }

    #[test]
    fn one_name_is_for_one_subject() {
        let named = check(&flags("--any-of a.pem --any-of b.pem --subject-name pchat01")).unwrap();
        assert_eq!(named.request.subjects[0].name, "pchat01");
        assert!(refused("--subject a.pem --subject b.pem --subject-name x").contains("--subject-name"));
    }

    #[test]
    fn flags_that_could_do_nothing_are_refused() {
        assert!(refused("--subject a.pem --timeout 5").contains("--timeout: goes with a tls:// source"));
        assert!(refused("--match key").contains("--subject"));
    }

    #[test]
    fn a_password_opens_what_servers_hold_and_truststores() {
        let asked = check(&flags("--subject - --authority ca.pem --password-env PASS")).unwrap();
        let password = Some(Password::Env("PASS".into()));
        assert_eq!(asked.request.subjects[0].source, Some(Source::Stdin { password }));
        assert_eq!(
            asked.request.authorities,
            [Source::Path {
                path: "ca.pem".into(),
                password: Some(Password::Env("PASS".into()))
            }]
        );
    }

    #[test]
    fn policy_flags_default_to_what_the_protocol_says() {
        let asked = check(&flags("--subject a.pem --severity expired=warning")).unwrap();
        assert_eq!(asked.request.policy.match_, Match::Authority);
        assert_eq!(asked.request.policy.severity.of(Code::Expired), Some(Severity::Warning));
    }

    #[test]
    fn reference_and_inspect_take_bare_sources() {
        let parse = |line: &str| Cli::try_parse_from(line.split_whitespace()).unwrap().command;
        let Command::Reference(args) =
            parse("same-ca reference tls://fe01 fe02.pem --starttls smtp --authority ca.pem")
        else {
            panic!("not reference");
        };
        let asked = reference(&args.request).unwrap();
        let names: Vec<_> = asked
            .request
            .reference
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(names, ["tls://fe01", "fe02.pem"]);
        let starttls = Some(StartTls::Smtp);
        let tls = TlsSource {
            host: "fe01".into(),
            port: None,
            server_name: None,
            starttls,
            timeout: None,
        };
        assert_eq!(asked.request.reference[0].kind, MemberKind::Source(Source::Tls(tls)));
        let Command::Inspect(args) = parse("same-ca inspect - --password-file pass") else {
            panic!("not inspect")
        };
        let asked = inspect(&args.request).unwrap();
        let password = Some(Password::File("pass".into()));
        assert!(asked.reads_stdin);
        assert_eq!(asked.request.subjects[0].source, Some(Source::Stdin { password }));
    }
}
