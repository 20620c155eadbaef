//! Puts into the request what each flag says.

use crate::cli::{CallerFlags, KeyArg, RequestFlags, SourceArg};
use crate::protocol::{DocumentInput, Fault, Member, MemberKind, Policy, Request, Source, Subject};

use super::Flagged;
use super::sources::Opener;

impl Flagged {
    pub(super) fn new(caller: &CallerFlags, reads_stdin: bool) -> Self {
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

    pub(super) fn origin(&mut self, pointer: impl Into<String>, flag: impl Into<String>) {
        self.origins.push((pointer.into(), flag.into()));
    }

    pub(super) fn member(&mut self, flag: &str, typed: &str, kind: MemberKind) {
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

    pub(super) fn pins(&mut self, authorities: &[SourceArg], keys: &[KeyArg], open: &Opener<'_>) {
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

    pub(super) fn document(&mut self, path: Option<&str>) -> Result<(), Fault> {
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

    pub(super) fn subject(&mut self, flag: &str, typed: &str, source: Option<Source>, any_of: Option<Vec<Source>>) {
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

    pub(super) fn subjects(&mut self, flags: &RequestFlags, open: &Opener<'_>) -> Result<(), Fault> {
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

    pub(super) fn sources(&mut self, pointer: &str, flag: &str, args: &[SourceArg], open: &Opener<'_>) -> Vec<Source> {
        for (index, arg) in args.iter().enumerate() {
            self.origin(format!("{pointer}/{index}"), format!("{flag} {}", arg.typed));
        }
        args.iter().map(|arg| open.secret(&arg.source)).collect()
    }

    pub(super) fn policy(&mut self, flags: &RequestFlags, open: &Opener<'_>) -> Result<(), Fault> {
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
