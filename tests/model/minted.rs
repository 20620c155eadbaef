//! Worlds as real certificates, put to the engine as `same-ca check` does, and the two answers side by side.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use mint::{Aki, CertBuilder, Ski, forge};
use same_ca::app::{Context as Outside, check};
use same_ca::protocol::{Finding, Relation, Report, Severity, Status, Timestamp};
use serde_json::{Value, json};

use super::law::{Said, Verdict};
use super::world::{Brought, Cert, Distrust, HOSTS, Key, KeyKind, Member, Name, Serial, Subject, World};

/// What the engine says, as far as the law speaks of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    pub relation: Option<Relation>,
    pub status: Status,
    pub subject: BTreeMap<String, Severity>,
    pub reference: BTreeMap<String, Severity>,
}

/// One certificate, ready to be written into a request.
pub struct Minted {
    pub cert: mint::Cert,
    base64: String,
    pem: String,
}

/// What a certificate is made of, whatever numbers its world gives to it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Recipe {
    cert: Cert,
    key: KeyRecipe,
    signer: Option<KeyRecipe>,
    subject_identifier: Option<Vec<u8>>,
    authority_identifier: Option<Vec<u8>>,
    previous: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum KeyRecipe {
    Plain(Key),
    Odd(Key),
    Second(Vec<u8>),
}

/// Enough for what random worlds share; more would only cost memory.
const KEPT: usize = 50_000;

thread_local! {
    static MINTED: RefCell<HashMap<Recipe, Rc<Minted>>> = RefCell::default();
}

/// The certificates of a world, minted where they were not yet.
pub struct Mint<'w> {
    world: &'w World,
    minted: RefCell<HashMap<Serial, Rc<Minted>>>,
}

impl<'w> Mint<'w> {
    pub fn new(world: &'w World) -> Mint<'w> {
        Mint {
            world,
            minted: RefCell::default(),
        }
    }

    pub fn cert(&self, serial: Serial) -> Rc<Minted> {
        if let Some(known) = self.minted.borrow().get(&serial) {
            return known.clone();
        }
        let recipe = self.recipe(serial);
        let known = MINTED.with_borrow(|minted| minted.get(&recipe).cloned());
        let made = known.unwrap_or_else(|| {
            let made = Rc::new(self.mint(&recipe));
            MINTED.with_borrow_mut(|minted| {
                if minted.len() >= KEPT {
                    minted.clear();
                }
                minted.insert(recipe, made.clone());
            });
            made
        });
        self.minted.borrow_mut().insert(serial, made.clone());
        made
    }

    fn recipe(&self, serial: Serial) -> Recipe {
        let it = &self.world.certs[serial];
        let identifier = |id: usize| match id < super::world::OTHER {
            true => self.key(id).identifier(),
            false => vec![id as u8; 20],
        };
        Recipe {
            cert: Cert {
                key: 0,
                signer: None,
                subject_identifier: None,
                authority_identifier: None,
                previous: None,
                ..it.clone()
            },
            key: self.key_recipe(it.key),
            signer: it.signer.map(|key| self.key_recipe(key)),
            subject_identifier: it.subject_identifier.map(identifier),
            authority_identifier: it.authority_identifier.map(identifier),
            previous: it
                .previous
                .map(|before| mint::Digest::Sha1.hash(self.cert(before).cert.der())),
        }
    }

    fn key_recipe(&self, key: Key) -> KeyRecipe {
        match self.world.keys[key] {
            KeyKind::Plain => KeyRecipe::Plain(key),
            KeyKind::Odd => KeyRecipe::Odd(key),
            KeyKind::Second(of) => KeyRecipe::Second(self.cert(of).cert.der().to_vec()),
        }
    }

    pub fn key(&self, key: Key) -> mint::Key {
        match self.world.keys[key] {
            KeyKind::Plain => mint::Key::ec("P-256", &format!("model {key}")),
            KeyKind::Odd => mint::Key::ed448(&format!("model {key}")),
            KeyKind::Second(of) => {
                let signer = self.world.certs[of]
                    .signer
                    .expect("a second key is of a signature by a key");
                forge::recovered_ec_key(&self.cert(of).cert, &self.key(signer))
            }
        }
    }

    fn mint(&self, recipe: &Recipe) -> Minted {
        // The world's own numbers lead to the keys; the recipe stands for all worlds that mean the same.
        let key = |of: &KeyRecipe| match of {
            KeyRecipe::Plain(key) => mint::Key::ec("P-256", &format!("model {key}")),
            KeyRecipe::Odd(key) => mint::Key::ed448(&format!("model {key}")),
            KeyRecipe::Second(der) => {
                let second = |(at, kind): (usize, &KeyKind)| match kind {
                    KeyKind::Second(of) if self.cert(*of).cert.der() == der.as_slice() => Some(self.key(at)),
                    _ => None,
                };
                let mut seconds = self.world.keys.iter().enumerate();
                seconds.find_map(second).expect("the key that the recipe was made from")
            }
        };
        let it = &recipe.cert;
        let subject_key = key(&recipe.key);
        let mut builder = match it.subject < HOSTS {
            true => CertBuilder::new(&*name(it.subject), &subject_key),
            false => CertBuilder::server(&host(it.subject), &subject_key),
        };
        builder = builder
            .issuer_name(&*name(it.issuer))
            .sign_with(&recipe.signer.as_ref().map_or_else(nobody, key))
            .ski(recipe.subject_identifier.clone().map_or(Ski::Absent, Ski::Bytes))
            .aki(recipe.authority_identifier.clone().map_or(Aki::Absent, Aki::KeyId))
            .validity(
                mint::NOW + it.from * mint::DAY + i64::from(it.copy),
                mint::NOW + it.until * mint::DAY,
            );
        if it.ca {
            builder = builder.ca(None);
        }
        builder = match it.may_sign {
            Some(true) => builder.key_usage(&[mint::usage::KEY_CERT_SIGN, mint::usage::CRL_SIGN]),
            Some(false) => builder.key_usage(&[mint::usage::DIGITAL_SIGNATURE]),
            None => builder.no_key_usage(),
        };
        if let Some(previous) = &recipe.previous {
            builder = builder.previous_ca_hash(previous);
        }
        if it.version1 {
            builder = builder.version1();
        }
        if !it.supported {
            let md5 = mint::der::algorithm(mint::Digest::Md5.rsa_oid(), &mint::der::null());
            builder = builder.inner_algorithm(&md5).outer_algorithm(&md5);
        }
        let cert = builder.build();
        Minted {
            base64: openssl::base64::encode_block(cert.der()),
            pem: cert.pem(),
            cert,
        }
    }

    /// The request that asks what the world asks.
    pub fn request(&self) -> Value {
        let base64 = |serial: &Serial| self.cert(*serial).base64.clone();
        let pem = |serial: &Serial| self.cert(*serial).pem.clone();
        let source = |brought: &Brought| {
            let chain: Vec<String> = brought.chain.iter().map(base64).collect();
            json!({"der": base64(&brought.cert), "chain": chain})
        };
        let single = |cert: Serial| source(&Brought { cert, chain: vec![] });
        let (mut members, mut document) = (Vec::new(), Vec::new());
        for (at, member) in self.world.members.iter().enumerate() {
            let name = format!("fe{at}");
            match member {
                Member::Server {
                    cert,
                    beside,
                    tls: None,
                } => {
                    let brought = Brought {
                        cert: *cert,
                        chain: beside.clone(),
                    };
                    members.push(json!({"name": name, "source": source(&brought)}));
                }
                Member::Server {
                    cert,
                    beside,
                    tls: Some(covers),
                } => {
                    let asked = match covers {
                        true => host(self.world.certs[*cert].subject),
                        false => "elsewhere.contoso.com".to_owned(),
                    };
                    let chain: Vec<String> = beside.iter().map(pem).collect();
                    document.push(json!({
                        "name": name, "read_by": "tls", "host": asked, "certificate": {"pem": pem(cert), "chain": chain},
                    }));
                }
                Member::Pin(cert) => members.push(json!({"name": name, "authority": single(*cert)})),
                Member::KeyPin(key) => {
                    members.push(json!({"name": name, "key_sha256": self.key(*key).spki_sha256()}));
                }
                Member::Unreadable => members.push(json!({"name": name, "source": {"path": "/nowhere/at/all.pem"}})),
            }
        }
        let distrust = |distrust: &Distrust| match distrust {
            Distrust::Cert(cert) => single(*cert),
            Distrust::Key(key) => json!({"key_sha256": self.key(*key).spki_sha256()}),
        };
        let subject = match &self.world.subject {
            Subject::One(brought) => json!({"name": "subject", "source": source(brought)}),
            Subject::AnyOf(list) => {
                let one = |(cert, key): &(Serial, Option<bool>)| {
                    let mut source = single(*cert);
                    if let Some(key) = key {
                        source["private_key"] = (*key).into();
                    }
                    source
                };
                let list: Vec<Value> = list.iter().map(one).collect();
                json!({"name": "subject", "any_of": list, "names": [host(HOSTS)]})
            }
        };
        let list = |serials: &[Serial]| serials.iter().map(|s| single(*s)).collect::<Vec<_>>();
        let policy = self.world.policy;
        let word = |value: &dyn erased::Word| value.word();
        let mut request = json!({
            "protocol": 1,
            "reference": members,
            "authorities": list(&self.world.authorities),
            "intermediates": list(&self.world.intermediates),
            "subjects": [subject],
            "policy": {
                "match": word(&policy.match_), "level": word(&policy.level), "proof": word(&policy.proof),
                "references": word(&policy.references), "valid_at": mint::NOW_TEXT,
                "distrust": self.world.distrust.iter().map(distrust).collect::<Vec<_>>(),
            },
        });
        if !document.is_empty() {
            request["reference_document"] = json!({"protocol": 1, "kind": "reference", "members": document});
        }
        request
    }
}

/// The words that a request has for the values of a policy.
mod erased {
    pub trait Word {
        fn word(&self) -> serde_json::Value;
    }

    impl<T: serde::Serialize> Word for T {
        fn word(&self) -> serde_json::Value {
            serde_json::to_value(self).unwrap()
        }
    }
}

/// The name of a CA.
pub fn name(name: Name) -> String {
    match name < HOSTS {
        true => format!("CN=CA {name},DC=contoso,DC=com"),
        false => format!("CN={}", host(name)),
    }
}

fn host(name: Name) -> String {
    format!("host{}.contoso.com", name.saturating_sub(HOSTS))
}

/// The key of a signature that no key shown anywhere verifies.
fn nobody() -> mint::Key {
    mint::Key::ec("P-256", "model nobody")
}

/// The engine's answer; `Err` where it refuses the request.
pub fn answer(request: &Value) -> Result<Answer, String> {
    let report = report(request)?;
    let subject = &report.subjects[0];
    let members = report.reference.members.iter().flat_map(|member| &member.findings);
    Ok(Answer {
        relation: subject.relation,
        status: subject.status.ok_or("no status")?,
        subject: said(&subject.findings, "subject-is-ca"),
        reference: said(report.reference.findings.iter().chain(members), "reference-is-ca"),
    })
}

/// The engine's report.
pub fn report(request: &Value) -> Result<Report, String> {
    let bytes = serde_json::to_vec(request).map_err(|error| error.to_string())?;
    let request = same_ca::json::read(&bytes).map_err(|fault| fault.to_string())?;
    let outside = Outside {
        clock: Timestamp::from_unix(mint::NOW),
        env: &|_| None,
        progress: &|_| (),
        log: &|_| (),
    };
    check::check(&request, None, &outside).map_err(|fault| fault.to_string())
}

/// Codes by the worst severity of each. Of a CA's certificate in a server's place and a self-signed one the page does not
/// say which is named where both are true.
fn said<'a>(findings: impl IntoIterator<Item = &'a Finding>, for_self_signed: &str) -> BTreeMap<String, Severity> {
    let mut codes = BTreeMap::new();
    for finding in findings {
        let code = match finding.code.as_str() {
            "self-signed" => for_self_signed,
            code => code,
        };
        let severity = codes.entry(code.to_owned()).or_insert(finding.severity);
        *severity = finding.severity.max(*severity);
    }
    codes
}

/// Where the two differ, in words that name the kind first; `None` where they agree.
pub fn difference(law: &Verdict, engine: &Answer) -> Option<(&'static str, String)> {
    if law.subject.end_is_open && Some(law.relation) == engine.relation {
        return None;
    }
    if engine.status == Status::Compliant && law.status != Status::Compliant {
        return Some((
            "the engine passes",
            format!("{:?}/{:?} by the law", law.relation, law.status),
        ));
    }
    let open = |status: Status| law.open && law.status != Status::Compliant && status != Status::Compliant;
    if engine.status != law.status && !open(engine.status) {
        let text = format!(
            "law {:?}/{:?}, engine {:?}/{:?}",
            law.relation, law.status, engine.relation, engine.status
        );
        return Some(("status", text));
    }
    // Of certificates that fit and last as long as each other, the page leaves to their hashes which one stands.
    if law.open && law.status == Status::Compliant {
        return None;
    }
    if law.open && law.or.is_some() && engine.relation == law.or {
        return None;
    }
    let relation_open = law.open && law.subject.has("none-fits");
    if engine.relation.unwrap_or(Relation::Unreadable) != law.relation && !relation_open {
        return Some((
            "relation",
            format!("law {:?}, engine {:?}", law.relation, engine.relation),
        ));
    }
    for (what, law_says, engine_says) in [
        ("codes on the subject", &law.subject, &engine.subject),
        ("codes on the reference", &law.reference, &engine.reference),
    ] {
        let (missing, added) = codes_differ(law_says, engine_says, law.open);
        if !missing.is_empty() || !added.is_empty() {
            return Some((what, format!("law alone says {missing:?}, engine alone {added:?}")));
        }
    }
    None
}

type Codes = Vec<(String, Severity)>;

fn codes_differ(law: &Said, engine: &BTreeMap<String, Severity>, open: bool) -> (Codes, Codes) {
    let mut must = BTreeMap::new();
    for (code, severity) in &law.must {
        let known = must.entry((*code).to_owned()).or_insert(*severity);
        *known = (*severity).max(*known);
    }
    let severity_is_open = |code: &str| open && matches!(code, "issuer-key-differs" | "none-fits" | "link-refused");
    let missing = must
        .iter()
        .filter(|(code, severity)| engine.get(*code) != Some(severity) && !severity_is_open(code));
    let added = engine.iter().filter(|(code, severity)| {
        must.get(*code) != Some(severity) && !law.may.contains(&code.as_str()) && !severity_is_open(code)
    });
    let owned = |(code, severity): (&String, &Severity)| (code.clone(), *severity);
    (missing.map(owned).collect(), added.map(owned).collect())
}
