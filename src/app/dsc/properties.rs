//! From the properties that DSC sends to a request, and to what may be shown of them.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::cert::Certificate;
use crate::decode;
use crate::protocol::dsc::{
    DATA, READ_ONLY, SECRET_OBJECTS, SECRET_TEXTS, SECURE_OBJECT, SECURE_STRING, camel, field, in_camel_case,
    renamed_fields,
};
use crate::protocol::fault::pointer_step;
use crate::protocol::{Fault, PROTOCOL, Request, Timestamp, read};
use crate::source::from_base64;

/// Properties, read.
pub struct Properties {
    /// What is asked. Its host and time are filled in.
    pub request: Request,
    shown: Map<String, Value>,
    given: BTreeSet<String>,
}

impl Properties {
    /// Reads properties. `host` is asked for the machine's name where none is given; `clock` is the time where none is.
    ///
    /// # Errors
    /// Where they are no request. What is said repeats no value that may be a secret, and calls properties what DSC does.
    pub fn read(bytes: &[u8], host: impl FnOnce() -> String, clock: Timestamp) -> Result<Self, Fault> {
        if read::without_bom(bytes).iter().all(u8::is_ascii_whitespace) {
            let message = "expected the properties of the resource (at least subjects), found no input";
            return Err(Fault::bad_request("", message));
        }
        let Strict(value) = read::read(bytes)?;
        let Value::Object(mut properties) = value else {
            return Err(Fault::bad_request(
                "",
                "expected an object of properties, found another value",
            ));
        };
        for name in READ_ONLY {
            properties.remove(*name);
        }
        let mut split = Split::default();
        let (mut plain, shown) = split.object(properties, "", "")?;
        plain.entry("protocol").or_insert_with(|| PROTOCOL.into());
        // Read as any request is, so that each refusal has its place.
        let bytes = serde_json::to_vec(&plain).unwrap_or_default();
        let request: Request = read::read(&bytes).map_err(|fault| explain(fault, &split.given))?;
        let request = Request {
            host: Some(request.host.unwrap_or_else(host)),
            collected_at: Some(request.collected_at.unwrap_or(clock)),
            ..request
        };
        Ok(Properties {
            request,
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

    fn object(
        &mut self,
        map: Map<String, Value>,
        name: &str,
        pointer: &str,
    ) -> Result<(Map<String, Value>, Map<String, Value>), Fault> {
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
