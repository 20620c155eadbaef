//! Strict reading of one JSON value: unknown fields, duplicate keys and wrong types are refused with their JSON
//! pointer, and no refusal repeats a value, which might be a secret.
//!
//! The common case is one pass of serde. Only what that refuses is read again, slowly, to say where and why.

use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

use super::encoding::without_bom;
use crate::protocol::{Fault, FaultCode};
use objects::Strict;
use tree::{Located, Node, NodeSeed};

mod objects;
mod tree;

/// The largest request that is read, in bytes: hosts send whole stores inline, nothing real comes near this.
pub const REQUEST_LIMIT: usize = 256 * 1024 * 1024;
/// The largest line of a batch, in bytes: bounds the memory of the window of lines.
pub const LINE_LIMIT: usize = 1024 * 1024;

/// Values that a refused request is taken apart into, to say where it is wrong: some 100 MiB. What is large in earnest
/// is large by long strings; a request of millions of numbers would otherwise take ten times its own size.
const DIAGNOSED_VALUES: usize = 1_000_000;

/// Reads exactly one JSON value of type `T`.
///
/// # Errors
/// Where and why it is none.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let bytes = without_bom(bytes);
    read_fast(bytes).map_err(|error| diagnose::<T>(bytes, &error))
}

/// [`read()`] without the words: one pass, which may borrow from `bytes`.
///
/// # Errors
/// For [`diagnose`] to say what is wrong; its own words may repeat a value.
pub fn read_fast<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, serde_json::Error> {
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let value = T::deserialize(Strict(&mut input))?;
    input.end()?;
    Ok(value)
}

/// Says where and why `bytes`, which serde refused as a `T` with `error`, is wrong.
pub fn diagnose<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Fault {
    let bad_json = |message: String| Fault::new(FaultCode::BadJson, message);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return bad_json("expected a JSON object, found nothing".into());
    }
    // With or without a byte order mark: JSON begins with a character of ASCII.
    if matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..]) {
        return bad_json("expected UTF-8, found UTF-16: write the request as UTF-8".into());
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        return bad_json(format!("not UTF-8 from byte {} on", error.valid_up_to()));
    }
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let (mut duplicate, mut left) = (None, DIAGNOSED_VALUES);
    let tree = NodeSeed::new(&mut duplicate, &mut left).deserialize(&mut input);
    let tree = match tree {
        Ok(tree) => tree,
        Err(_) if duplicate.is_some() => return duplicate.unwrap_or_else(|| bad_json("duplicate key".into())),
        Err(_) if left == 0 && error.is_data() => {
            let message = "refused, and too large to say where: it holds more than 1,000,000 values";
            return Fault::bad_request("", message);
        }
        Err(_) if left == 0 => return bad_json(syntax(bytes, error)),
        Err(error) => return bad_json(syntax(bytes, &error)),
    };
    if input.end().is_err() {
        let message = "expected one JSON value, found something after it";
        return Fault {
            pointer: Some(String::new()),
            ..bad_json(message.into())
        };
    }
    if let Some(fault) = unsupported_protocol(&tree) {
        return fault;
    }
    match T::deserialize(Located::root(tree)) {
        Err(located) => {
            let pointer = located.pointer.unwrap_or_default();
            let form = match located.message.starts_with("expected ") {
                true => form(&pointer).map(|form| format!("; write {form}")).unwrap_or_default(),
                false => String::new(),
            };
            Fault::bad_request(pointer, located.message + &form)
        }
        // The two readings disagree: never to be expected, and not to be hidden. What serde says of data may repeat a value.
        Ok(_) if error.is_data() => bad_json("refused, at a place that could not be found".into()),
        Ok(_) => bad_json(syntax(bytes, error)),
    }
}

/// What serde_json says of a syntax error, which repeats no value, and what is meant, where that is clear.
fn syntax(bytes: &[u8], error: &serde_json::Error) -> String {
    let line = bytes
        .split(|&byte| byte == b'\n')
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let at = line.get(error.column().saturating_sub(1)..).unwrap_or_default();
    let first = bytes.trim_ascii_start();
    let hint = if at.starts_with(b"//") || at.starts_with(b"/*") || at.starts_with(b"#") {
        "; JSON has no comments: remove it"
    } else if at.starts_with(b"'") || error.to_string().starts_with("key must be a string") {
        "; JSON writes names and text in double quotes"
    } else if [&b"True"[..], b"False", b"None"]
        .iter()
        .any(|word| at.starts_with(word))
    {
        "; JSON writes true, false and null in small letters"
    } else if error.to_string().starts_with("invalid escape") {
        "; in JSON a backslash is written twice, as in \"C:\\\\certificates\\\\a.pem\", or the path with /"
    } else if first.starts_with(b"---") || first.starts_with(b"- ") || looks_like_yaml(first) {
        "; this looks like YAML: write it as JSON"
    } else {
        ""
    };
    format!("not JSON: {error}{hint}")
}

fn looks_like_yaml(bytes: &[u8]) -> bool {
    let line = bytes
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default()
        .trim_ascii_end();
    let key = line
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    let rest = line.get(key..).unwrap_or_default();
    key > 0 && (rest == b":" || rest.starts_with(b": "))
}

/// How a part of a request is written, by its place.
fn form(pointer: &str) -> Option<&'static str> {
    let steps: Vec<&str> = pointer.split('/').skip(1).collect();
    let is_index = |step: &str| step.bytes().all(|byte| byte.is_ascii_digit());
    Some(match steps.as_slice() {
        [""] | [] => r#"{"protocol": 1, "reference": […], "subjects": […]}"#,
        ["subjects"] => r#"[{"name": "pchat01", "source": "pchat01.pem"}]"#,
        ["subjects", index] if is_index(index) => r#"{"name": "pchat01", "source": "pchat01.pem"}"#,
        ["reference"] => r#"[{"name": "fe01", "source": "fe01.pem"}]"#,
        ["reference", index] if is_index(index) => r#"{"name": "fe01", "source": "fe01.pem"}"#,
        ["reference_document"] => r#"{"path": "lync-internal.reference.json"}"#,
        ["authorities" | "intermediates" | "candidates"] => r#"["contoso-ca.pem"]"#,
        ["subjects", _, "names"] | ["policy", "names"] => r#"["pchat01.contoso.com"]"#,
        ["subjects", _, "any_of"] => r#"["store:LocalMachine/My"]"#,
        ["policy"] => r#"{"profile": "lync-server-2013"}"#,
        ["policy", "severity"] => r#"{"cdp-missing": "warning"}"#,
        _ => return None,
    })
}

fn unsupported_protocol(tree: &Node) -> Option<Fault> {
    let Node::Map(entries) = tree else { return None };
    let found = match entries.iter().find(|(key, _)| key == "protocol")? {
        (_, Node::Unsigned(1)) => return None,
        (_, Node::Unsigned(other)) => other.to_string(),
        (_, Node::Signed(other)) => other.to_string(),
        _ => return None,
    };
    Some(Fault {
        pointer: Some("/protocol".into()),
        ..Fault::new(
            FaultCode::UnsupportedProtocol,
            format!("expected protocol 1, found {found}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::objects::LIST_LIMIT;
    use super::*;
    use crate::protocol::Request;

    fn refused(text: &str) -> Fault {
        read::<Request>(text.as_bytes()).expect_err(text)
    }

    #[test]
    fn a_wrong_form_is_told_with_the_right_one() {
        for (text, form) in [
            (
                r#"{"protocol":1,"subjects":["x.pem"]}"#,
                r#"{"name": "pchat01", "source": "pchat01.pem"}"#,
            ),
            (
                r#"{"protocol":1,"subjects":"x.pem"}"#,
                r#"[{"name": "pchat01", "source": "pchat01.pem"}]"#,
            ),
            (
                r#"{"protocol":1,"reference":["x.pem"]}"#,
                r#"{"name": "fe01", "source": "fe01.pem"}"#,
            ),
            (
                r#"{"protocol":1,"policy":"lync-server-2013"}"#,
                r#"{"profile": "lync-server-2013"}"#,
            ),
            (r#"{"protocol":1,"authorities":"x.pem"}"#, r#"["contoso-ca.pem"]"#),
            ("[]", r#"{"protocol": 1,"#),
        ] {
            let fault = refused(text);
            assert!(fault.message.contains(form), "{text}: {fault}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_by_what_it_is() {
        for (text, word) in [
            ("{\n  \"protocol\": 1, // the first\n  \"subjects\": []\n}", "comments"),
            ("{\"protocol\": 1 /* x */}", "comments"),
            ("# a request\n{}", "comments"),
            ("protocol: 1\nsubjects:\n- name: x\n", "YAML"),
            ("---\nprotocol: 1\n", "YAML"),
            ("{'protocol': 1}", "double quotes"),
            ("{protocol: 1}", "double quotes"),
            ("{\"requirement\": 'x'}", "double quotes"),
            ("{\"protocol\": 1, \"subjects\": None}", "small letters"),
            ("{\0\"\0p\0", "UTF-16"),
            (
                r#"{"protocol":1,"subjects":[{"name":"s","source":"C:\certs\x.pem"}]}"#,
                "backslash is written twice",
            ),
        ] {
            let fault = refused(text);
            assert!(
                fault.code == FaultCode::BadJson && fault.message.contains(word),
                "{text}: {fault}"
            );
        }
        assert!(!refused("{").message.contains(';'));
    }

    #[test]
    fn a_list_of_more_elements_than_memory_has_room_for_is_refused_by_its_place() {
        let many = |count: usize| vec![r#"{"name":"s","source":"x"}"#; count].join(",");
        let request = |subjects: &str| format!(r#"{{"protocol":1,"subjects":[{subjects}]}}"#);
        assert!(read::<Request>(request(&many(LIST_LIMIT)).as_bytes()).is_ok());
        let fault = refused(&request(&many(LIST_LIMIT + 1)));
        assert_eq!(fault.pointer.as_deref(), Some("/subjects"));
        assert_eq!(fault.code, FaultCode::TooLarge);
        assert!(fault.message.contains("100000"), "{fault}");
        let names = vec![r#""a""#; LIST_LIMIT + 1].join(",");
        let fault = refused(&request(&format!(r#"{{"name":"s","names":[{names}]}}"#)));
        assert_eq!(fault.pointer.as_deref(), Some("/subjects/0/names"));
    }

    #[test]
    fn an_object_written_as_a_list_of_its_fields_is_refused() {
        for (text, pointer) in [
            ("[]", ""),
            (
                r#"{"protocol":1,"subjects":[["a",null,null,null,"x.pem"]]}"#,
                "/subjects/0",
            ),
            (
                r#"{"protocol":1,"subjects":[{"name":"a","source":{"tls":["host"]}}]}"#,
                "/subjects/0/source/tls",
            ),
            (
                r#"{"protocol":1,"policy":[],"subjects":[{"name":"a","source":"x"}]}"#,
                "/policy",
            ),
        ] {
            let fault = refused(text);
            assert_eq!(fault.pointer.as_deref(), Some(pointer), "{text}");
            assert!(fault.message.starts_with("expected an object, found a list"), "{text}");
        }
    }

    #[test]
    fn what_is_refused_after_it_was_read_is_still_located() {
        let fault = refused(r#"{"protocol":1,"policy":{"valid_at":"2026"},"subjects":[{"name":"a","source":"x"}]}"#);
        assert_eq!(fault.pointer.as_deref(), Some("/policy/valid_at"));
        let fault =
            refused(r#"{"protocol":1,"subjects":[{"name":"a","source":"x"},{"name":"b","source":"lync:Default"}]}"#);
        assert_eq!(fault.pointer.as_deref(), Some("/subjects/1/source"));
    }

    #[test]
    fn numbers_out_of_range_are_told_from_other_kinds() {
        let port = |port: &str| {
            let text = r#"{"protocol":1,"subjects":[{"name":"a","source":{"tls":{"host":"h","port":PORT}}}]}"#;
            refused(&text.replace("PORT", port)).message
        };
        assert_eq!(
            port("99999"),
            "expected a whole number from 0 to 65535, found another number"
        );
        assert_eq!(
            port("\"443\""),
            "expected a whole number from 0 to 65535, found a string"
        );
    }
}
