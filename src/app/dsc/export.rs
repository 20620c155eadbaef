//! Export: an instance for each certificate of the subjects' sources.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::cert::Certificate;
use crate::decide::Reference;
use crate::explain::{self, Voice};
use crate::protocol::{Code, DerSource, Fault, FaultCode, Hex, Password, Source, Subject, WindowsStoreSource, hex};
use crate::source::{Format, HeldCertificate, Holding, SourceReader};

use super::super::check::{Head, judge, report, section};
use super::super::context::Context;
use super::super::{places, request, subjects};
use super::properties::Properties;
use super::short_state;

/// Letters of a certificate's name that an instance's name repeats: enough to tell people which it is.
const NAME_LIMIT: usize = 64;

/// What is asked of an export: the properties, or where nothing is said of subjects, the certificates of `default`.
///
/// # Errors
/// Where nothing is said and there is no default.
pub fn asked<'a>(bytes: &'a [u8], default: Option<&str>) -> Result<Cow<'a, [u8]>, Fault> {
    let text = crate::json::without_bom(bytes).trim_ascii();
    let object = match text {
        b"" => Some(Map::new()),
        _ => serde_json::from_slice::<Map<String, Value>>(text).ok(),
    };
    // What is no object is refused where it is read.
    let Some(mut object) = object.filter(|object| object.get("subjects").is_none_or(Value::is_null)) else {
        return Ok(bytes.into());
    };
    let Some(default) = default else {
        let message = "expected subjects: the files, folders or stores whose certificates are to be listed, such as \
                       {\"subjects\": [{\"name\": \"certificates\", \"anyOf\": [\"/etc/ssl/certs\"]}]}";
        return Err(Fault::bad_request("/subjects", message));
    };
    object.insert("subjects".into(), json!([{"name": default, "anyOf": [default]}]));
    serde_json::to_vec(&object)
        .map(Cow::Owned)
        .map_err(|_| Fault::new(FaultCode::Internal, "the properties could not be written as JSON"))
}

/// The instances, each the state of asking the same of one certificate: the first subject's certificates first.
///
/// # Errors
/// Where the request cannot be answered, or no source can be read; whatever else cannot be read goes to `warn`.
pub fn instances(
    properties: &Properties,
    context: &Context<'_>,
    warn: &dyn Fn(&str),
) -> Result<impl Iterator<Item = Result<Map<String, Value>, Fault>>, Fault> {
    let (request, shown) = (&properties.request, properties.shown().clone());
    request.check().map_err(|fault| properties.explain(fault))?;
    let reader = SourceReader::new(None, context.env, context.log);
    reader.prefetch(request::tls_sources(request), &|_, _| {});
    let case = request::case(request, &reader, context.clock);
    let reference = Reference::new(case).map_err(|fault| properties.explain(fault))?;
    let mut found = Vec::new();
    let mut unread = None;
    for (index, subject) in request.subjects.iter().enumerate() {
        let shown = shown.get("subjects").and_then(|subjects| subjects.get(index));
        let at = |name: &str| shown.and_then(|subject| subject.get(name));
        let installed = subject.install.as_ref();
        let installed = installed.and_then(|install| places::standing_source(&install.place, &reader));
        let installed = installed.map(|source| {
            let shown = at("install").filter(is_shown).and_then(|_| as_property(&source));
            (source, shown)
        });
        let given = subject
            .source
            .iter()
            .map(|source| (source.clone(), at("source").cloned()));
        let any_of = subject.any_of.iter().flatten().enumerate();
        let any_of = any_of.map(|(index, source)| {
            let shown = at("anyOf").and_then(|list| list.get(index)).cloned();
            (source.clone(), shown)
        });
        let mut seen = HashSet::new();
        for (source, shown) in installed.into_iter().chain(given).chain(any_of) {
            let shown = shown.as_ref().filter(is_shown);
            if let Err(why) = certificates(&source, shown, &reader, warn, &mut |one| {
                if seen.insert(*one.certificate.sha256()) {
                    found.push((index, one));
                }
            }) {
                warn(&why);
                unread = Some(why);
            }
        }
    }
    if let (true, Some(why)) = (found.is_empty(), unread) {
        return Err(Fault::bad_request(
            "/subjects",
            format!("no source could be read: {why}"),
        ));
    }
    let subjects: Vec<Subject> = found
        .iter()
        .map(|(index, one)| alone(&request.subjects[*index], one))
        .collect();
    let none = subjects::Candidates::default();
    let judged = judge(&reference, &subjects, &reader, &none);
    let (head, section) = (Head::of(request), section(&reference));
    let mut names: HashMap<String, usize> = HashMap::new();
    Ok(found.into_iter().zip(judged).map(move |((index, one), judged)| {
        let report = report(head.clone(), &reference, section.clone(), vec![judged]);
        let subject = shown.get("subjects").and_then(|subjects| subjects.get(index));
        let subjects = json!([shown_alone(subject, &one)]);
        let mut instance = short_state(properties, &shown, &report)?;
        instance.insert("subjects".into(), subjects);
        instance.remove("candidates");
        let name = instance_name(&one.certificate);
        let count = names.entry(name.clone()).or_default();
        *count += 1;
        let name = match *count {
            1 => name,
            again => format!("{name} {again}"),
        };
        instance.insert("_name".into(), name.into());
        Ok(instance)
    }))
}

/// One certificate, and how to ask for it.
struct One {
    certificate: Arc<Certificate>,
    source: Source,
    /// The source as a property.
    shown: Value,
}

/// Whether anything may be shown: of a secure object nothing is left.
fn is_shown(shown: &&Value) -> bool {
    shown.as_object().is_none_or(|map| !map.is_empty())
}

/// A source that holds no secret, as a property.
fn as_property(source: &Source) -> Option<Value> {
    match source {
        Source::Path { path, password } => Some(in_file(path, password.as_ref())),
        // Each certificate of a store is shown by its thumbprint.
        Source::WindowsStore(_) => Some(Value::Null),
        _ => None,
    }
}

/// Every certificate of a source. `shown` is what may be shown of it.
fn certificates(
    source: &Source,
    shown: Option<&Value>,
    reader: &SourceReader<'_>,
    warn: &dyn Fn(&str),
    found: &mut dyn FnMut(One),
) -> Result<(), String> {
    let holding = match reader.read(source) {
        // A store is there, and the certificate is not, or neither: nothing to export.
        Err(finding) if finding.code == Code::CertificateMissing => {
            warn(&explain::message(&finding, Voice::Request));
            return Ok(());
        }
        read => read.map_err(|finding| explain::message(&finding, Voice::Request))?,
    };
    holding
        .problems
        .iter()
        .for_each(|problem| warn(&explain::message(problem, Voice::Request)));
    let mut named = match (holding.format, shown) {
        (_, None) => HashMap::new(),
        (Format::Folder, Some(_)) => named_by_files(source, reader)?,
        (Format::WindowsStore, Some(_)) => named_in_store(source, &holding),
        (_, Some(shown)) => {
            let one = holding.one(&source.label()).ok();
            let one = one.and_then(|position| holding.certificates.get(position));
            let one = one.map(|held| (*held.certificate.sha256(), (source.clone(), shown.clone())));
            one.into_iter().collect()
        }
    };
    for held in &holding.certificates {
        let own = named.remove(held.certificate.sha256());
        let (source, shown) = own.unwrap_or_else(|| by_itself(held));
        found(One {
            certificate: held.certificate.clone(),
            source,
            shown,
        });
    }
    Ok(())
}

/// Sources of one certificate each, by its SHA-256, with what may be shown of them.
type Named = HashMap<[u8; 32], (Source, Value)>;

/// The certificates of a file in the folder.
fn named_by_files(source: &Source, reader: &SourceReader<'_>) -> Result<Named, String> {
    let mut named = Named::new();
    let files = reader
        .parts(source)
        .map_err(|finding| explain::message(&finding, Voice::Request))?;
    for file in files.unwrap_or_default() {
        let Source::Path { path, password } = &file else {
            continue;
        };
        // What cannot be read in the folder was told when the folder was read.
        let Ok(holding) = reader.read(&file) else {
            continue;
        };
        let one = holding.one(path).ok();
        if let Some(held) = one.and_then(|position| holding.certificates.get(position)) {
            let shown = in_file(path, password.as_ref());
            let own = named.entry(*held.certificate.sha256());
            own.or_insert_with(|| (file.clone(), shown));
        }
    }
    Ok(named)
}

/// Every certificate of a store by its thumbprint.
fn named_in_store(source: &Source, holding: &Holding) -> Named {
    let Source::WindowsStore(store) = source else {
        return Named::new();
    };
    let certificates = holding.certificates.iter().map(|held| &held.certificate);
    certificates
        .map(|certificate| (*certificate.sha256(), in_store(store, certificate)))
        .collect()
}

fn in_store(store: &WindowsStoreSource, certificate: &Certificate) -> (Source, Value) {
    let thumbprint = Hex(certificate.sha1());
    let location = store.location.as_str();
    let shown = json!({"windowsStore": {
        "location": location, "store": store.store, "thumbprint": thumbprint.to_string(),
    }});
    let source = WindowsStoreSource {
        thumbprint: Some(thumbprint),
        subject: None,
        ..store.clone()
    };
    (Source::WindowsStore(source), shown)
}

fn in_file(path: &str, password: Option<&Password>) -> Value {
    match password {
        Some(Password::File(file)) => json!({"path": path, "passwordFile": file}),
        Some(Password::Env(name)) => json!({"path": path, "passwordEnv": name}),
        Some(Password::Value(_)) | None => json!({ "path": path }),
    }
}

/// A certificate that no source names by itself.
fn by_itself(held: &HeldCertificate) -> (Source, Value) {
    let der = STANDARD.encode(held.certificate.der());
    let mut shown = json!({ "der": der });
    if let Some(private_key) = held.private_key {
        shown["privateKey"] = private_key.into();
    }
    if let Some(key_provider) = &held.key_provider {
        shown["keyProvider"] = key_provider.as_str().into();
    }
    let source = DerSource {
        der,
        chain: Vec::new(),
        private_key: held.private_key,
        key_provider: held.key_provider.clone(),
        store: None,
    };
    (Source::Der(Box::new(source)), shown)
}

/// The subject, with only one certificate.
fn alone(subject: &Subject, one: &One) -> Subject {
    Subject {
        source: Some(one.source.clone()),
        any_of: None,
        candidates: Vec::new(),
        install: None,
        ..subject.clone()
    }
}

/// The same as properties.
fn shown_alone(subject: Option<&Value>, one: &One) -> Value {
    let mut subject = subject.and_then(Value::as_object).cloned().unwrap_or_default();
    for name in ["anyOf", "candidates", "install"] {
        subject.remove(name);
    }
    subject.insert("source".into(), one.shown.clone());
    subject.into()
}

/// A name for people that DSC takes for no expression: what the certificate says may be anything.
fn instance_name(certificate: &Certificate) -> String {
    let name = certificate.dns_names().next().map(str::to_owned);
    let name = name.or_else(|| certificate.common_names().next().map(Cow::into_owned));
    let known = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '*' | ' ');
    let name: String = name
        .unwrap_or_default()
        .chars()
        .filter(known)
        .take(NAME_LIMIT)
        .collect();
    let thumbprint = hex(&certificate.sha1());
    match name.trim() {
        "" => thumbprint,
        name => format!("{name} {thumbprint}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_input_the_certificates_of_the_machine_are_listed_where_it_has_a_store() {
        let store = Some("store:LocalMachine/My");
        for nothing in ["", " \n", "{}", "\u{feff}{\"subjects\":null}"] {
            let given = asked(nothing.as_bytes(), store).unwrap();
            let given: Value = serde_json::from_slice(&given).unwrap();
            let expected = json!([{"name": "store:LocalMachine/My", "anyOf": ["store:LocalMachine/My"]}]);
            assert_eq!(given["subjects"], expected, "{nothing:?}");
            let fault = asked(nothing.as_bytes(), None).unwrap_err();
            assert!(fault.message.contains("subjects"), "{fault}");
        }
        for something in [r#"{"subjects":[]}"#, "[]", "{"] {
            assert_eq!(*asked(something.as_bytes(), store).unwrap(), *something.as_bytes());
        }
        let kept: Value = serde_json::from_slice(&asked(br#"{"requirement":"r"}"#, store).unwrap()).unwrap();
        assert_eq!(kept["requirement"], "r");
    }
}
