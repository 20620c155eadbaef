//! What a request must keep to beyond its form.

use std::collections::HashSet;

use crate::protocol::fault::Fault;
use crate::protocol::install::{Accepts, Install, Place};
use crate::protocol::policy::{EXTENDED_KEY_USAGES, extended_key_usage_oid};
use crate::protocol::source::{Source, is_store_name};
use crate::protocol::values::check_path;
use crate::protocol::version::check_protocol;

use super::{MemberKind, Request, Subject};

impl Request {
    /// What types cannot say: the protocol, unique names, one form each, severities that may be set.
    pub fn check(&self) -> Result<(), Fault> {
        check_protocol(self.protocol)?;
        self.check_shared()?;
        check_subjects(&self.subjects)
    }

    /// The part of [`Request::check`] that concerns everything but the subjects.
    pub fn check_shared(&self) -> Result<(), Fault> {
        let mut seen = HashSet::new();
        for (index, member) in self.reference.iter().enumerate() {
            let pointer = format!("/reference/{index}");
            check_name(&member.name, &pointer)?;
            if !seen.insert((member.name.as_str(), member.use_.as_deref())) {
                return Err(taken(
                    &pointer,
                    &member.name,
                    member.use_.as_deref(),
                    "member of the reference",
                ));
            }
        }
        let pinned = self
            .reference
            .iter()
            .enumerate()
            .filter_map(|(index, member)| match &member.kind {
                MemberKind::Authority(source) => Some((format!("/reference/{index}/authority"), source)),
                MemberKind::Source(_) | MemberKind::Key(_) => None,
            });
        let named = self.authorities.iter().enumerate();
        let named = named.map(|(index, source)| (format!("/authorities/{index}"), source));
        for (pointer, source) in pinned.chain(named) {
            check_trusted(source, &pointer)?;
        }
        if let Some(path) = self
            .reference_document
            .as_ref()
            .and_then(|document| document.path.as_deref())
        {
            check_path(path).map_err(|why| Fault::bad_request("/reference_document/path", why))?;
        }
        check_names(&self.policy.names, || "/policy/names".into())?;
        for (index, usage) in self.policy.extended_key_usage.iter().enumerate() {
            if extended_key_usage_oid(usage).is_none() {
                let known = EXTENDED_KEY_USAGES
                    .iter()
                    .map(|(name, _)| *name)
                    .collect::<Vec<_>>()
                    .join(", ");
                let message = format!("expected a dotted OID or one of {known}");
                return Err(Fault::bad_request(
                    format!("/policy/extended_key_usage/{index}"),
                    message,
                ));
            }
        }
        self.policy.severity.check("/policy/severity")
    }
}

/// The part of [`Request::check`] that concerns the subjects.
pub fn check_subjects(subjects: &[Subject]) -> Result<(), Fault> {
    if subjects.is_empty() {
        return Err(Fault::bad_request("/subjects", "expected at least one subject"));
    }
    let mut seen = HashSet::new();
    for (index, subject) in subjects.iter().enumerate() {
        let fault = |message: &str| Err(Fault::bad_request(format!("/subjects/{index}"), message));
        if subject.name.is_empty() {
            check_name(&subject.name, &format!("/subjects/{index}"))?;
        }
        if subjects.len() > 1 && !seen.insert((subject.name.as_str(), subject.use_.as_deref())) {
            return Err(taken(
                &format!("/subjects/{index}"),
                &subject.name,
                subject.use_.as_deref(),
                "subject",
            ));
        }
        let own_place = subject
            .install
            .as_ref()
            .is_some_and(|install| install.place != Place::Caller);
        match (&subject.source, &subject.any_of) {
            (Some(_), Some(_)) => return fault("expected one of source and any_of, found both"),
            (_, Some(_)) if own_place => return fault("any_of does not go with an install of its own place"),
            (None, None) if !own_place => {
                return fault("expected source, any_of, or install with a place of its own");
            }
            _ => {}
        }
        if let Some(names) = &subject.names {
            check_names(names, || format!("/subjects/{index}/names"))?;
        }
        if let Some(install) = &subject.install {
            let pointer = format!("/subjects/{index}/install");
            check_choice(install, &pointer)?;
            check_password(install, &pointer)?;
        }
        if let Some(Install {
            place:
                Place::Files {
                    certificate,
                    private_key,
                    chain,
                },
            ..
        }) = &subject.install
        {
            let key = private_key.as_ref();
            let twice = chain
                .as_ref()
                .is_some_and(|chain| chain == certificate || Some(chain) == key);
            if certificate.is_empty() || twice {
                return fault("install: expected a path for certificate, and a chain in a file of its own");
            }
        }
    }
    Ok(())
}

/// What is trusted is named by who answers for it: a server that the network led to answers for nobody.
fn check_trusted(source: &Source, pointer: &str) -> Result<(), Fault> {
    let Source::Tls(_) = source else { return Ok(()) };
    let message = format!(
        "{} is read by TLS, and what a server sends can be no trusted CA certificate: save it to a file \
         (same-ca inspect --save FILE), look at it, and give the file",
        source.label()
    );
    Err(Fault::bad_request(pointer, message))
}

/// A PKCS#12 file is opened and written under a password, if only an empty one: which, is not guessed.
fn check_password(install: &Install, pointer: &str) -> Result<(), Fault> {
    match &install.place {
        Place::Pkcs12 { password: None, .. } => {
            let message = "expected password_file, password_env or password with pkcs12_path (\"password\": \"\" for an \
                           empty one)";
            Err(Fault::bad_request(pointer, message))
        }
        _ => Ok(()),
    }
}

/// What a caller may say of the choice is for one that installs by itself.
fn check_choice(install: &Install, pointer: &str) -> Result<(), Fault> {
    let goes_with_caller = |field: &str| {
        let message = format!("{field} goes with by: caller alone");
        Err(Fault::bad_request(format!("{pointer}/{field}"), message))
    };
    let caller = install.place == Place::Caller;
    match &install.accepts {
        Some(_) if !caller => return goes_with_caller("accepts"),
        Some(Accepts { store: Some(store), .. }) if !is_store_name(&store.store) => {
            let message = "expected the name of a store, such as My";
            return Err(Fault::bad_request(format!("{pointer}/accepts/store/store"), message));
        }
        _ => {}
    }
    if !install.without.is_empty() && !caller {
        return goes_with_caller("without");
    }
    Ok(())
}

fn check_name(name: &str, pointer: &str) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(Fault::bad_request(format!("{pointer}/name"), "the name is empty"));
    }
    Ok(())
}

fn check_names(names: &[String], pointer: impl Fn() -> String) -> Result<(), Fault> {
    for (index, name) in names.iter().enumerate() {
        let odd = |c: char| !c.is_ascii_graphic();
        if name.is_empty() || name.contains(odd) {
            let message = "expected a host name in ASCII (xn-- for internationalised ones) or an IP address";
            return Err(Fault::bad_request(format!("{}/{index}", pointer()), message));
        }
    }
    Ok(())
}

fn taken(pointer: &str, name: &str, use_: Option<&str>, what: &str) -> Fault {
    let with_use = use_.map(|use_| format!(" with use {use_:?}")).unwrap_or_default();
    Fault::bad_request(
        pointer,
        format!("a {what} named {name:?}{with_use} stands before it; name and use must be unique"),
    )
}
