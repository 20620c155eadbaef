//! From the properties that DSC sends to a request, and to what may be shown of them.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::cert::Certificate;
use crate::decode;
use crate::protocol::dsc::{
    DATA, READ_ONLY, RESTART_SERVICES, SECRET_OBJECTS, SECRET_TEXTS, SECURE_OBJECT, SECURE_STRING, camel, field,
    in_camel_case, renamed_fields,
};
use crate::protocol::fault::pointer_step;
use crate::protocol::{Fault, PROTOCOL, Request, Timestamp};
use crate::source::from_base64;

/// Properties, read.
pub struct Properties {
    /// What is asked. Its host and time are filled in.
    pub request: Request,
    /// Services to restart once something was installed.
    pub restart_services: Vec<String>,
    shown: Map<String, Value>,
    given: BTreeSet<String>,
}

impl Properties {
    /// Whether properties are an answer of ours: a state that is asked again, or looked at by DSC.
    pub fn is_state(bytes: &[u8]) -> bool {
        #[derive(serde::Deserialize)]
        struct State {
            status: crate::protocol::Status,
            #[serde(rename = "reasons")]
            _reasons: Vec<de::IgnoredAny>,
            #[serde(rename = "subjects")]
            _subjects: Vec<de::IgnoredAny>,
        }
        let state = serde_json::from_slice::<State>(crate::json::without_bom(bytes));
        state.is_ok_and(|state| !state.status.as_str().is_empty())
    }

    /// Reads properties. `host` is asked for the machine's name where none is given; `clock` is the time where none is.
    ///
    /// # Errors
    /// Where they are no request. What is said repeats no value that may be a secret, and calls properties what DSC does.
    pub fn read(bytes: &[u8], host: impl FnOnce() -> String, clock: Timestamp) -> Result<Self, Fault> {
        if crate::json::without_bom(bytes).iter().all(u8::is_ascii_whitespace) {
            let message = "expected the properties of the resource (at least subjects), found no input";
            return Err(Fault::bad_request("", message));
        }
        let Strict(value) = crate::json::read(bytes)?;
        let Value::Object(mut properties) = value else {
            return Err(Fault::bad_request(
                "",
                "expected an object of properties, found another value",
            ));
        };
        for name in READ_ONLY {
            properties.remove(*name);
        }
        let services = properties
            .remove(RESTART_SERVICES)
            .filter(|services| !services.is_null());
        let restart_services = services.clone().map_or(Ok(Vec::new()), |services| {
            let names: Option<Vec<String>> = serde_json::from_value(services).ok();
            names
                .filter(|names| names.iter().all(|name| !name.trim().is_empty()))
                .ok_or_else(|| {
                    let message = "expected a list of names of services, such as [\"RTCSRV\"]";
                    Fault::bad_request(format!("/{RESTART_SERVICES}"), message)
                })
        })?;
        let mut split = Split::default();
        let (mut plain, mut shown) = split.object(properties, "", "")?;
        plain.entry("protocol").or_insert_with(|| PROTOCOL.into());
        // Read as any request is, so that each refusal has its place.
        let bytes = serde_json::to_vec(&plain).unwrap_or_default();
        let request: Request = crate::json::read(&bytes).map_err(|fault| explain(fault, &split.given))?;
        let request = Request {
            host: Some(request.host.unwrap_or_else(host)),
            collected_at: Some(request.collected_at.unwrap_or(clock)),
            ..request
        };
        shown.extend(services.map(|services| (RESTART_SERVICES.to_owned(), services)));
        Ok(Properties {
            request,
            restart_services,
            shown,
            given: split.given,
        })
    }

    /// The properties as given, without secrets.
    pub fn shown(&self) -> &Map<String, Value> {
        &self.shown
    }

    /// The host that this is about.
    pub fn host(&self) -> &str {
        self.request.host.as_deref().unwrap_or_default()
    }

    /// A refusal of the request in the words of the properties.
    pub fn explain(&self, fault: Fault) -> Fault {
        explain(fault, &self.given)
    }
}

fn explain(fault: Fault, given: &BTreeSet<String>) -> Fault {
    let mut fields = renamed_fields();
    fields.extend(given.iter().cloned());
    let lync = fault.message.to_ascii_lowercase().contains("unknown scheme lync:");
    let message = match lync {
        true => {
            "lync: sources can be read by Windows PowerShell alone: use the resource SameCADsc/SameCACertificate, with \
                 the directive requireAdapter: Microsoft.Adapter/WindowsPowerShell"
                .into()
        }
        false => in_camel_case(&fault.message, &fields),
    };
    let pointer = fault.pointer.map(|pointer| {
        let steps: Vec<String> = pointer.split('/').map(camel).collect();
        steps.join("/")
    });
    Fault {
        message,
        pointer,
        ..fault
    }
}

type Object = Map<String, Value>;

/// Takes properties apart: what is asked, in the request's names and with secrets, and what may be shown.
#[derive(Default)]
struct Split {
    /// The names of the request's fields that were given by other names.
    given: BTreeSet<String>,
}

impl Split {
    /// `name` is the field that the value, or the list that it is in, is the value of.
    fn value(
        &mut self,
        value: Value,
        name: &str,
        in_list: bool,
        pointer: &str,
    ) -> Result<(Value, Option<Value>), Fault> {
        match value {
            Value::Object(map) => match wrapped(&map) {
                Some(wrapping) => self.secure(map, wrapping, name, pointer).map(|plain| (plain, None)),
                // Its keys may be the secret.
                None if SECRET_TEXTS.contains(&name) => Err(Fault::bad_request(
                    pointer,
                    format!("expected a string, or an object of {SECURE_STRING} alone"),
                )),
                None => {
                    let (plain, shown) = self.object(map, name, pointer)?;
                    Ok((plain.into(), Some(shown.into())))
                }
            },
            Value::Array(list) => {
                let (mut plain, mut shown) = (Vec::with_capacity(list.len()), Vec::with_capacity(list.len()));
                for (index, item) in list.into_iter().enumerate() {
                    let is_object = item.is_object();
                    let (item, visible) = self.value(item, name, true, &format!("{pointer}/{index}"))?;
                    plain.push(item);
                    // The others keep their places, which the report counts.
                    shown.extend(visible.or_else(|| is_object.then(|| Map::new().into())));
                }
                Ok((plain.into(), Some(shown.into())))
            }
            Value::String(text) => {
                let shown = shown(&text, name, in_list, pointer)?;
                Ok((text.into(), shown.map(Value::String)))
            }
            other => Ok((other.clone(), Some(other))),
        }
    }

    fn object(&mut self, map: Map<String, Value>, name: &str, pointer: &str) -> Result<(Object, Object), Fault> {
        let (mut plain, mut shown) = (Map::new(), Map::new());
        for (key, value) in map {
            let pointer = pointer_step(pointer, &key);
            let own = match DATA.contains(&name) {
                true => key.clone(),
                false => field(&key).ok_or_else(|| stranger(&key, &pointer))?,
            };
            if own != key {
                self.given.insert(own.clone());
            }
            let (value, visible) = self.value(value, &own, false, &pointer)?;
            plain.insert(own, value);
            shown.extend(visible.map(|visible| (key, visible)));
        }
        Ok((plain, shown))
    }

    /// What DSC wrapped because it is a secret: nothing of it is shown.
    fn secure(
        &mut self,
        mut map: Map<String, Value>,
        wrapping: &'static str,
        name: &str,
        pointer: &str,
    ) -> Result<Value, Fault> {
        let refuse = |message: String| Err(Fault::bad_request(pointer, message));
        let value = map.remove(wrapping).unwrap_or_default();
        let places = |names: &[&str]| names.iter().map(|name| camel(name)).collect::<Vec<_>>().join(", ");
        match value {
            Value::String(text) if wrapping == SECURE_STRING => match SECRET_TEXTS.contains(&name) {
                true => Ok(text.into()),
                false => refuse(format!("a secure string may stand for {} alone", places(SECRET_TEXTS))),
            },
            Value::Object(object) if wrapping == SECURE_OBJECT => match SECRET_OBJECTS.contains(&name) {
                true => Ok(self.object(object, name, pointer)?.0.into()),
                false => refuse(format!("a secure object may stand in {} alone", places(SECRET_OBJECTS))),
            },
            _ if wrapping == SECURE_STRING => refuse("expected a string as secureString".into()),
            _ => refuse("expected an object as secureObject".into()),
        }
    }
}

/// How DSC wrapped an object, if it did.
fn wrapped(map: &Map<String, Value>) -> Option<&'static str> {
    let mut keys = map.keys();
    match (keys.next().map(String::as_str), keys.next()) {
        (Some(SECURE_STRING), None) => Some(SECURE_STRING),
        (Some(SECURE_OBJECT), None) => Some(SECURE_OBJECT),
        _ => None,
    }
}

fn stranger(key: &str, pointer: &str) -> Fault {
    let hint = Some(camel(key)).filter(|name| name != key && field(name).is_some());
    let hint = hint.map(|name| format!("; write {name}")).unwrap_or_default();
    Fault::bad_request(pointer, format!("unknown property {key:?}{hint}"))
}

/// What may be shown of a text. One that holds a private key where none can be meant is refused: what is said of it
/// later would repeat it.
fn shown(text: &str, name: &str, in_list: bool, pointer: &str) -> Result<Option<String>, Fault> {
    if matches!(name, "password" | "pkcs12") {
        return Ok(None);
    }
    if text.contains("PRIVATE KEY-----") && name != "pem" {
        return Err(Fault::bad_request(
            pointer,
            "a private key stands where none may; pem may hold one",
        ));
    }
    if name == "pem" || text.contains("-----BEGIN ") {
        return Ok(certificates_of(text));
    }
    let der = name == "der" || (name == "chain" && in_list);
    let is_certificate = |text: &str| from_base64(text).is_ok_and(|der| Certificate::parse(der).is_ok());
    Ok((!der || is_certificate(text)).then(|| text.to_owned()))
}

/// The certificates of a PEM text, by what they are and not by what they are called; the text itself if it holds
/// nothing else.
fn certificates_of(text: &str) -> Option<String> {
    let mut kept = String::new();
    let mut block: Option<String> = None;
    let mut all = true;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("-----BEGIN ") {
            all &= block.is_none();
            block = Some(String::new());
        }
        let Some(open) = &mut block else {
            all &= line.is_empty();
            continue;
        };
        open.push_str(line);
        open.push('\n');
        if line.starts_with("-----END ") {
            match block.take().filter(|block| is_certificates(block)) {
                Some(block) => kept.push_str(&block),
                None => all = false,
            }
        }
    }
    if kept.is_empty() {
        return None;
    }
    Some(if all && block.is_none() { text.to_owned() } else { kept })
}

fn is_certificates(block: &str) -> bool {
    decode::decode(block.as_bytes(), None).is_ok_and(|bundle| {
        let mut certificates = bundle.certificates.into_iter();
        let some = certificates.len() > 0;
        some && bundle.keys.is_empty() && certificates.all(|der| Certificate::parse(der).is_ok())
    })
}

/// A JSON value without duplicate keys.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StrictVisitor;
        impl<'de> Visitor<'de> for StrictVisitor {
            type Value = Strict;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Strict, E> {
                Ok(Strict(Value::Null))
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Strict, E> {
                Ok(Strict(Number::from_f64(value).map_or(Value::Null, Value::Number)))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_string<E: de::Error>(self, value: String) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
                let mut list = Vec::new();
                while let Some(Strict(item)) = items.next_element()? {
                    list.push(item);
                }
                Ok(Strict(list.into()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Strict, A::Error> {
                let mut map = Map::new();
                while let Some((key, Strict(value))) = entries.next_entry::<String, Strict>()? {
                    if map.insert(key, value).is_some() {
                        return Err(de::Error::custom("duplicate key"));
                    }
                }
                Ok(Strict(map.into()))
            }
        }
        deserializer.deserialize_any(StrictVisitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::{Code, MemberKind, Password, Place, Severity, Source};

    fn given(properties: &Value) -> Result<Properties, Fault> {
        let clock = Timestamp::from_unix(1_795_132_800);
        Properties::read(
            &serde_json::to_vec(properties).unwrap(),
            || "here.contoso.com".into(),
            clock,
        )
    }

    fn read(properties: Value) -> Properties {
        given(&properties).unwrap()
    }

    fn refused(properties: Value) -> Fault {
        given(&properties)
            .err()
            .unwrap_or_else(|| panic!("{properties} was accepted"))
    }

    #[test]
    fn properties_become_the_fields_of_a_request() {
        let properties = read(json!({
            "reference": [{"name": "pin", "keySha256": "00".repeat(32)}],
            "subjects": [{"name": "s", "anyOf": ["a.pem"], "effectiveFrom": "2026-11-20T00:00:00Z"}],
            "policy": {"warnBeforeExpiry": "30d", "severity": {"cdp-missing": "warning"}},
        }));
        let request = &properties.request;
        assert!(matches!(request.reference[0].kind, MemberKind::Key(_)));
        assert_eq!(request.subjects[0].any_of.as_ref().unwrap().len(), 1);
        assert_eq!(request.policy.severity.of(Code::CdpMissing), Some(Severity::Warning));
        assert_eq!(request.protocol, 1);
    }

    #[test]
    fn host_and_time_are_filled_in_where_they_are_absent_alone() {
        let subjects = json!([{"name": "s", "source": "a.pem"}]);
        let filled = read(json!({"subjects": subjects, "host": null}));
        assert_eq!(filled.host(), "here.contoso.com");
        assert_eq!(filled.request.collected_at, Some(Timestamp::from_unix(1_795_132_800)));
        let given = read(json!({"subjects": subjects, "host": "h", "collectedAt": "2026-01-01T00:00:00Z"}));
        assert_eq!(given.host(), "h");
        assert_eq!(given.request.collected_at, Timestamp::parse("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn a_secret_is_read_in_each_of_its_forms_and_shown_in_none() {
        let plain = json!({"path": "a.pfx", "password": "hunter2"});
        let string = json!({"path": "a.pfx", "password": {"secureString": "hunter2"}});
        for (source, shown) in [
            (plain.clone(), json!({"path": "a.pfx"})),
            (string.clone(), json!({"path": "a.pfx"})),
            (json!({"secureObject": plain}), json!({})),
            (json!({"secureObject": string}), json!({})),
        ] {
            let install = json!({"pkcs12Path": "b.pfx", "password": {"secureString": "hunter2"}});
            let properties = read(json!({
                "subjects": [{"name": "s", "install": install}],
                "candidates": ["first.pem", source],
            }));
            let wanted = Some(Password::Value(crate::protocol::Secret::new("hunter2".into())));
            match &properties.request.candidates[1] {
                Source::Path { path, password } => assert!(path == "a.pfx" && *password == wanted),
                other => panic!("{other:?}"),
            }
            match &properties.request.subjects[0].install.as_ref().unwrap().place {
                Place::Pkcs12 { password, .. } => assert_eq!(*password, wanted),
                other => panic!("{other:?}"),
            }
            assert_eq!(properties.shown()["candidates"], json!(["first.pem", shown]));
            assert_eq!(
                properties.shown()["subjects"],
                json!([{"name": "s", "install": {"pkcs12Path": "b.pfx"}}])
            );
        }
        // What is a secret as a whole leaves nothing behind in the object that it was in.
        let whole = read(json!({"subjects": [{"name": "s", "source": {"secureObject": {"pkcs12": "hunter2"}}}]}));
        assert_eq!(whole.shown()["subjects"], json!([{"name": "s"}]));
    }

    #[test]
    fn a_secure_form_stands_for_secrets_alone() {
        for (properties, pointer) in [
            (
                json!({"requirement": {"secureString": "hunter2"}, "subjects": []}),
                "/requirement",
            ),
            (
                json!({"subjects": [{"name": "s", "source": {"path": {"secureString": "hunter2"}}}]}),
                "/subjects/0/source/path",
            ),
            (
                json!({"policy": {"secureObject": {"names": ["hunter2"]}}, "subjects": []}),
                "/policy",
            ),
            (
                json!({"subjects": [{"name": "s", "source": {"path": "a", "password": {"secureString": ["hunter2"]}}}]}),
                "/subjects/0/source/password",
            ),
            (
                json!({"subjects": [{"name": "s", "source": {"path": "a", "password": {"secureString": "hunter2", "x": 1}}}]}),
                "/subjects/0/source/password",
            ),
            (
                json!({"subjects": [{"name": "s", "source": {"path": "a", "password": {"hunter2": "x"}}}]}),
                "/subjects/0/source/password",
            ),
        ] {
            let fault = refused(properties);
            assert_eq!(fault.pointer.as_deref(), Some(pointer));
            assert!(!fault.to_string().contains("hunter2"), "{fault}");
        }
    }

    #[test]
    fn refusals_call_properties_what_dsc_calls_them() {
        let subject = json!([{"name": "s", "source": "a.pem"}]);
        for (properties, pointer, words) in [
            (
                json!({"subjects": [{"name": "s", "any_of": []}]}),
                "/subjects/0/any_of",
                "write anyOf",
            ),
            (
                json!({"subjects": [{"name": "s", "anyFrom": []}]}),
                "/subjects/0/anyFrom",
                "unknown field \"anyFrom\"; known here: name, use, names, effectiveFrom, source, anyOf",
            ),
            (
                json!({"subjects": subject, "reference": [{"name": "r", "keySha256": "00"}]}),
                "/reference/0/keySha256",
                "hexadecimal",
            ),
            (
                json!({"subjects": subject, "reference": [{"name": "r"}]}),
                "/reference/0",
                "exactly one of source, authority, keySha256",
            ),
            (
                json!({"subjects": subject, "policy": {"severity": {"cdp_missing": "error"}}}),
                "/policy/severity",
                "cdp_missing",
            ),
        ] {
            let fault = refused(properties);
            assert!(fault.message.contains(words), "{fault}");
            assert!(fault.pointer.as_deref().unwrap().starts_with(pointer), "{fault}");
        }
    }

    #[test]
    fn lync_sources_are_refused_with_the_way_that_works() {
        let fault = refused(json!({"subjects": [{"name": "s", "source": "lync:Default"}]}));
        assert_eq!(fault.pointer.as_deref(), Some("/subjects/0/source"));
        for words in ["SameCADsc/SameCACertificate", "Microsoft.Adapter/WindowsPowerShell"] {
            assert!(fault.message.contains(words), "{fault}");
        }
    }

    #[test]
    fn duplicates_and_what_is_no_object_are_refused() {
        let read = |text: &str| {
            Properties::read(text.as_bytes(), String::new, Timestamp::from_unix(0))
                .err()
                .unwrap()
        };
        let fault = read(r#"{"policy":{"match":"key","match":"name"},"subjects":[]}"#);
        assert_eq!(fault.pointer.as_deref(), Some("/policy"));
        for text in ["", " \n", "[]", "null", "{}{}", "{"] {
            read(text);
        }
        assert!(read("").message.contains("subjects"));
    }

    #[test]
    fn a_state_can_be_asked_again() {
        let properties = read(json!({
            "subjects": [{"name": "s", "source": "a.pem"}],
            "_inDesiredState": false, "_name": "x", "status": "noncompliant", "reasons": [], "report": {"any_thing": 1},
        }));
        assert_eq!(properties.shown().len(), 1);
    }

    #[test]
    fn of_pem_and_der_the_certificates_alone_are_shown() {
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nMIIBVQIBADANBgkqhkiG9w0BAQ\n-----END PRIVATE KEY-----\n";
        // Neither is a certificate, whatever it is called.
        for text in [certificate, key, "MIIBVQIBADAN", &format!("{certificate}{key}")] {
            let properties = read(json!({"subjects": [{"name": "s", "source": {"pem": text}}]}));
            assert_eq!(properties.shown()["subjects"], json!([{"name": "s", "source": {}}]));
        }
        let properties =
            read(json!({"subjects": [{"name": "s", "source": {"der": "MIIBVQIBADAN", "chain": ["MIIB"]}}]}));
        assert_eq!(
            properties.shown()["subjects"],
            json!([{"name": "s", "source": {"chain": []}}])
        );
        let fault = refused(json!({"subjects": [{"name": "s", "source": key}]}));
        assert!(
            fault.message.contains("private key") && !fault.message.contains("MII"),
            "{fault}"
        );
    }
}
