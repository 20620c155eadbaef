//! The hosts that should have reported: a plain list, or an Ansible inventory in INI, YAML or JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::protocol::fleet::{MissingHost, MissingReason, Text};

use super::aggregate::host_key;
use super::piece::{NAME_LIMIT, TEXT_LIMIT};
use super::{settings, texts};

/// Hosts that one pattern of an inventory may stand for, and one file may name: more than any estate has.
const HOST_LIMIT: usize = 10_000_000;

/// Hosts by the name that is compared, with what the list calls them and the other name they may have.
#[derive(Debug, Clone, Default)]
pub struct Expected(BTreeMap<Box<str>, Host>);

#[derive(Debug, Clone)]
struct Host {
    name: String,
    /// The inventory's `ansible_host`.
    address: Option<Box<str>>,
    /// What keeps it from reporting; of several reasons the first by their order, then by their words.
    why: Option<Why>,
}

type Why = (MissingReason, Option<Text>);

impl Host {
    fn new(name: impl Into<String>) -> Self {
        Host {
            name: name.into(),
            address: None,
            why: None,
        }
    }

    fn add_why(&mut self, why: Why) {
        self.why = Some(
            self.why
                .take()
                .map_or_else(|| why.clone(), |known| known.min(why.clone())),
        );
    }
}

impl Expected {
    /// Reads a file and adds its hosts.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(&mut self, name: &str, text: &str) -> Result<(), String> {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("json") => self.inventory(&settings::json_value(text)?),
            Some("yaml" | "yml") => self.inventory(&settings::yaml_value(text)?),
            Some("ini") => self.ini(text),
            _ if text.trim_start().starts_with('{') || text.trim_start().starts_with("[\"") => {
                self.inventory(&settings::json_value(text)?)
            }
            _ if looks_like_yaml(text) => self.inventory(&settings::yaml_value(text)?),
            _ => self.ini(text),
        }
    }

    /// Adds hosts that are known to be missing: each is expected from now on.
    ///
    /// # Errors
    /// Says what is wrong with the list.
    pub fn read_missing(&mut self, text: &str) -> Result<(), String> {
        let hosts: Vec<MissingHost> = serde_json::from_str(text).map_err(|error| {
            let error = error.to_string();
            format!(
                "expected a JSON list of host, reason and message: {}",
                texts::cut(&error, 300)
            )
        })?;
        for host in hosts {
            if host.host.is_empty() || host.host.len() > NAME_LIMIT {
                return Err(format!("expected the name of a host, of at most {NAME_LIMIT} bytes"));
            }
            if self.0.len() >= HOST_LIMIT {
                return Err(format!("more than {HOST_LIMIT} hosts"));
            }
            self.add_missing(&host.host, Some((host.reason, host.message)));
        }
        Ok(())
    }

    /// The hosts that fleet reports say are missing, whatever the order of these.
    pub fn of_fleets(missing: Vec<Text>, reasons: Vec<MissingHost>) -> Self {
        let mut expected = Expected::default();
        for host in missing {
            expected.add_missing(&host, None);
        }
        for host in reasons {
            expected.add_missing(&host.host, Some((host.reason, host.message)));
        }
        expected
    }

    fn add_missing(&mut self, name: &str, why: Option<Why>) {
        let host = self.0.entry(host_key(name)).or_insert_with(|| Host::new(name));
        // Whatever the order of reading, one of several spellings is taken.
        if *name < *host.name {
            name.clone_into(&mut host.name);
        }
        if let Some((reason, message)) = why {
            let message = message.map(|message| Text::from(texts::cut(&message, TEXT_LIMIT)));
            host.add_why((reason, message));
        }
    }

    /// Adds the hosts of another list, under the names that they have in this one.
    pub fn append(&mut self, other: Expected) {
        for (key, host) in other.0 {
            let known = self.0.entry(key).or_insert_with(|| Host::new(host.name));
            if let Some(why) = host.why {
                known.add_why(why);
            }
        }
    }

    /// The expected hosts of which none of `reported` (as they are compared, sorted) speaks, as the list calls them, with
    /// why where it is known.
    ///
    /// A host counts as reported under its own name or its address; a name without a dot under any that begins with it
    /// and a dot, because an inventory's short names and the full names in reports mean the same hosts.
    pub fn missing<'a>(&'a self, reported: &'a [Box<str>]) -> impl Iterator<Item = (&'a str, Option<MissingHost>)> {
        let is_there = |name: &str| reported.binary_search_by(|known| (**known).cmp(name)).is_ok();
        let begins = |name: &str| {
            let prefix = format!("{name}.");
            let first = reported.partition_point(|known| **known < *prefix);
            reported.get(first).is_some_and(|known| known.starts_with(&prefix))
        };
        let is_missing = move |key: &str, host: &Host| {
            let short = !key.contains(['.', ':']);
            !(is_there(key) || host.address.as_deref().is_some_and(is_there) || (short && begins(key)))
        };
        self.0
            .iter()
            .filter(move |(key, host)| is_missing(key, host))
            .map(|(_, host)| {
                let why = host.why.as_ref().map(|(reason, message)| MissingHost {
                    host: host.name.as_str().into(),
                    reason: *reason,
                    message: message.clone(),
                });
                (host.name.as_str(), why)
            })
    }

    /// Whether no host is expected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, name: &str, address: Option<&str>) -> Result<(), String> {
        for name in ranges(name)? {
            if self.0.len() >= HOST_LIMIT {
                return Err(format!("more than {HOST_LIMIT} hosts"));
            }
            let host = self.0.entry(host_key(&name)).or_insert_with(|| Host::new(name));
            if let Some(address) = address {
                host.address = Some(host_key(address));
            }
        }
        Ok(())
    }

    /// A list of names, a list as `hosts`, the structure of YAML inventories, or that of `ansible-inventory --list`.
    fn inventory(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::Null => Ok(()),
            Value::Array(list) => self.names(list),
            Value::Object(object) => {
                let before = self.0.len();
                let variables = object
                    .get("_meta")
                    .and_then(|meta| meta.get("hostvars"))
                    .and_then(Value::as_object);
                for (name, variables) in variables.into_iter().flatten() {
                    self.host(name, variables)?;
                }
                let groups = object.iter().filter(|(name, _)| *name != "_meta");
                for (name, group) in groups {
                    match (name.as_str(), group) {
                        ("hosts", _) => self.hosts(group)?,
                        (_, Value::Object(group)) => self.group(group)?,
                        // The oldest form: a group that is nothing but its hosts.
                        (_, Value::Array(list)) => self.names(list)?,
                        (_, Value::Null) => {}
                        _ => return Err(format!("expected a group of hosts as {name:?}")),
                    }
                }
                match self.0.len() == before && !object.is_empty() && !is_inventory(object) {
                    true => Err("expected a list of hosts or an Ansible inventory".into()),
                    false => Ok(()),
                }
            }
            _ => Err("expected a list of hosts or an Ansible inventory".into()),
        }
    }

    /// The parsers read no deeper than some hundred levels, so neither does this.
    fn group(&mut self, group: &Map<String, Value>) -> Result<(), String> {
        if let Some(hosts) = group.get("hosts") {
            self.hosts(hosts)?;
        }
        // As an object the children stand there themselves, as a list they are names of groups.
        let children = group.get("children").and_then(Value::as_object);
        for child in children.into_iter().flat_map(Map::values).filter_map(Value::as_object) {
            self.group(child)?;
        }
        Ok(())
    }

    fn hosts(&mut self, hosts: &Value) -> Result<(), String> {
        match hosts {
            Value::Null => Ok(()),
            Value::Array(list) => self.names(list),
            Value::Object(hosts) => hosts
                .iter()
                .try_for_each(|(name, variables)| self.host(name, variables)),
            Value::String(name) => self.add(name, None),
            _ => Err("expected hosts by name".into()),
        }
    }

    fn host(&mut self, name: &str, variables: &Value) -> Result<(), String> {
        self.add(name, variables.get("ansible_host").and_then(Value::as_str))
    }

    fn names(&mut self, list: &[Value]) -> Result<(), String> {
        list.iter().try_for_each(|name| match name {
            Value::String(name) => self.add(name, None),
            _ => Err("expected the name of a host".into()),
        })
    }

    /// INI as Ansible reads it; a plain list of names is the same without sections.
    fn ini(&mut self, text: &str) -> Result<(), String> {
        let mut holds_hosts = true;
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(section) = line
                .strip_prefix('[')
                .and_then(|rest| rest.split_once(']'))
                .map(|(name, _)| name)
            {
                // `[group:children]` lists groups, `[group:vars]` variables.
                holds_hosts = !section.contains(':');
                continue;
            }
            if !holds_hosts {
                continue;
            }
            let mut words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
            let name = words.next().unwrap_or_default();
            let address = words.find_map(|word| word.strip_prefix("ansible_host="));
            let address = address.map(|address| address.trim_matches(['"', '\'']));
            self.add(without_port(name), address)?;
        }
        Ok(())
    }
}

fn is_inventory(object: &Map<String, Value>) -> bool {
    let is_group = |value: &Value| {
        let group = |group: &Map<String, Value>| {
            group.is_empty() || ["hosts", "children", "vars"].iter().any(|key| group.contains_key(*key))
        };
        value.is_null() || value.is_array() || value.as_object().is_some_and(group)
    };
    object.iter().all(|(name, value)| name == "_meta" || is_group(value))
}

/// INI has no line that ends in a colon, and no dashes before names.
fn looks_like_yaml(text: &str) -> bool {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    lines
        .next()
        .is_some_and(|line| line == "---" || line.starts_with("- ") || line.ends_with(':'))
}

/// `host:22` without its port; an IPv6 address stays whole, and what stands in brackets.
fn without_port(name: &str) -> &str {
    let outside = |host: &str| -> bool {
        let mut depth = 0i32;
        host.chars().any(|c| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            depth == 0 && c == ':'
        })
    };
    match name.rsplit_once(':') {
        Some((host, port))
            if !host.is_empty()
                && !outside(host)
                && !port.is_empty()
                && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            host
        }
        _ => name,
    }
}

/// The names that a pattern such as `fe[01:10].contoso.com` or `db-[a:f]` stands for.
fn ranges(name: &str) -> Result<Vec<String>, String> {
    let whole = || Ok(vec![name.to_owned()]);
    let Some((before, rest)) = name.split_once('[') else {
        return whole();
    };
    let Some((range, after)) = rest.split_once(']') else {
        return whole();
    };
    let mut parts = range.split(':');
    let (Some(from), Some(to), step, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return whole();
    };
    let wrong = || format!("{}: not a range of hosts", super::texts::cut(name, 100));
    let step: usize = match step {
        None => 1,
        Some(step) => step.parse().ok().filter(|&step| step > 0).ok_or_else(wrong)?,
    };
    let letter = |text: &str| match text.as_bytes() {
        [byte] if byte.is_ascii_alphabetic() => Some(*byte),
        _ => None,
    };
    let middles: Vec<String> = match (letter(from), letter(to)) {
        (Some(from), Some(to)) => (from..=to)
            .step_by(step)
            .map(|byte| char::from(byte).to_string())
            .collect(),
        _ => {
            let (first, last): (usize, usize) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
            if last.saturating_sub(first) / step >= HOST_LIMIT {
                return Err(format!(
                    "{}: more than {HOST_LIMIT} hosts",
                    super::texts::cut(name, 100)
                ));
            }
            let width = if from.starts_with('0') { from.len() } else { 0 };
            (first..=last)
                .step_by(step)
                .map(|number| format!("{number:0width$}"))
                .collect()
        }
    };
    let rests = ranges(after)?;
    if middles.len().saturating_mul(rests.len()) > HOST_LIMIT {
        return Err(format!(
            "{}: more than {HOST_LIMIT} hosts",
            super::texts::cut(name, 100)
        ));
    }
    let each =
        |middle: &String| -> Vec<String> { rests.iter().map(|rest| format!("{before}{middle}{rest}")).collect() };
    Ok(middles.iter().flat_map(each).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(name: &str, text: &str, reported: &[&str]) -> Vec<String> {
        let mut expected = Expected::default();
        expected
            .read(name, text)
            .unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut reported: Vec<Box<str>> = reported.iter().map(|host| host_key(host)).collect();
        reported.sort();
        expected.missing(&reported).map(|(host, _)| host.to_owned()).collect()
    }

    #[test]
    fn the_same_hosts_are_read_in_every_form() {
        let list = "# of the pool\nfe01.contoso.com\r\nfe02.contoso.com\n\npchat01.contoso.com\n";
        let ini = "mail.contoso.com ansible_user=x\n[fe]\nfe[01:02].contoso.com:2222\n[chat]\npchat01.contoso.com # new\n\
                   [lync:children]\nfe\nchat\n[lync:vars]\nansible_connection=winrm\n";
        let yaml = "all:\n  children:\n    fe:\n      hosts:\n        fe[01:02].contoso.com:\n    chat:\n      hosts:\n        \
                    pchat01.contoso.com: {ansible_port: 5986}\n      vars:\n        secret: !vault |\n          $ANSIBLE_VAULT;1.1\n";
        let listed = r#"{"_meta": {"hostvars": {"fe01.contoso.com": {}}}, "all": {"children": ["ungrouped", "fe"]},
                         "fe": {"hosts": ["fe01.contoso.com", "fe02.contoso.com"]}, "chat": ["pchat01.contoso.com"]}"#;
        let json = r#"["fe01.contoso.com", "fe02.contoso.com", "pchat01.contoso.com"]"#;
        let of_yaml = "- fe01.contoso.com\n- fe02.contoso.com\n- pchat01.contoso.com\n";
        for (name, text) in [
            ("hosts.txt", list),
            ("hosts", ini),
            ("inventory.ini", ini),
            ("inventory.yml", yaml),
            ("hosts", yaml),
            ("inventory.json", listed),
            ("inventory", listed),
            ("hosts", json),
            ("hosts", of_yaml),
        ] {
            let reported = ["FE01.contoso.com", "pchat01.contoso.com.", "mail.contoso.com"];
            assert_eq!(missing(name, text, &reported), ["fe02.contoso.com"], "{name}: {text}");
        }
    }

    #[test]
    fn short_names_and_addresses_mean_the_hosts_that_they_stand_for() {
        let ini = "fe01\nfe02 ansible_host=fe02.contoso.com\nfe03 ansible_host='10.0.0.3'\nfe04.contoso.com\n";
        assert_eq!(
            missing("hosts", ini, &["fe01.contoso.com", "fe02.contoso.com", "fe04"]),
            ["fe03", "fe04.contoso.com"]
        );
        assert_eq!(missing("hosts", "fe0", &["fe01.contoso.com"]), ["fe0"]);
    }

    #[test]
    fn ranges_are_counted_out_and_none_is_without_end() {
        assert_eq!(ranges("a[01:03]b").unwrap(), ["a01b", "a02b", "a03b"]);
        assert_eq!(ranges("a[1:9:4]").unwrap(), ["a1", "a5", "a9"]);
        assert_eq!(ranges("[a:b][1:2]").unwrap(), ["a1", "a2", "b1", "b2"]);
        assert_eq!(ranges("a[3:1]").unwrap(), [""; 0]);
        assert!(ranges("a[0:99999999999]").is_err());
        assert!(ranges("a[0:9999][0:9999][0:9999]").is_err());
        assert!(ranges("a[x:10]").is_err());
        assert_eq!(ranges("[2001:db8::1]").unwrap(), ["[2001:db8::1]"]);
    }

    #[test]
    fn what_is_no_list_of_hosts_is_refused() {
        let mut expected = Expected::default();
        for (name, text) in [
            ("x.json", "3"),
            ("x.json", "[1]"),
            ("x.json", r#"{"protocol": 1, "status": "compliant"}"#),
            ("x.yaml", "a: [b"),
        ] {
            assert!(expected.read(name, text).is_err(), "{text}");
        }
    }
}
