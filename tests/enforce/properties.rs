//! What holds for any set of candidates.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A certificate as it may lie around.
#[derive(Debug, Clone)]
struct Drawn {
    of_the_ca: bool,
    covers: bool,
    begins: i64,
    ends: i64,
    with_key: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let likely = || prop::bool::weighted(0.8);
    (
        likely(),
        likely(),
        prop::sample::select(vec![-300, -30, 10]),
        -20i64..400,
        likely(),
    )
        .prop_map(|(of_the_ca, covers, begins, ends, with_key)| Drawn {
            of_the_ca,
            covers,
            begins,
            ends: ends.max(begins + 1),
            with_key,
        })
}

impl Drawn {
    fn mint(&self, scene: &Scene, label: &str) -> (Cert, Key) {
        let key = Key::ec("P-256", label);
        let ca = if self.of_the_ca { &scene.ca } else { &scene.other };
        let host = if self.covers { HOST } else { "mail.contoso.com" };
        let builder = CertBuilder::server(host, &key).issuer(ca);
        (builder.validity(days(self.begins), days(self.ends)).build(), key)
    }

    fn compliant(&self) -> bool {
        // The last instant is one of validity (RFC 5280 §4.1.2.5).
        self.of_the_ca && self.covers && self.begins <= 0 && self.ends >= 0
    }
}

/// Where certificate and key are put.
#[derive(Debug, Clone, Copy)]
enum Form {
    Pair,
    OneFile,
    OwnChain,
    Pkcs12,
}

impl Form {
    fn install(self, scene: &Scene) -> Value {
        let (certificate, key) = (scene.text("place/www.pem"), scene.text("place/www.key"));
        match self {
            Form::Pair => json!({"certificate": certificate, "private_key": key}),
            Form::OneFile => json!({"certificate": certificate, "backup": true}),
            Form::OwnChain => {
                json!({"certificate": certificate, "private_key": key, "chain": scene.text("place/chain.pem")})
            }
            Form::Pkcs12 => json!({"pkcs12_path": scene.text("place/www.pfx"), "password": "hunter2"}),
        }
    }

    fn put(self, scene: &Scene, cert: &Cert, key: Option<&Key>) {
        let text = |key: &Key| key.pkcs8_pem();
        match self {
            Form::OneFile => {
                let whole = cert.pem() + &key.map(text).unwrap_or_default();
                scene.write("place/www.pem", whole.as_bytes());
            }
            Form::Pair | Form::OwnChain => {
                scene.write("place/www.pem", cert.pem().as_bytes());
                if let Some(key) = key {
                    scene.write("place/www.key", text(key).as_bytes());
                }
            }
            Form::Pkcs12 => {
                let file = P12::legacy("hunter2").cert(cert);
                let file = match key {
                    Some(key) => file.key(key),
                    None => file,
                };
                scene.write("place/www.pfx", &file.build());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_longest_of_the_fitting_is_installed_as_foretold_and_once(
        standing in prop::option::of(drawn()),
        candidates in prop::collection::vec(drawn(), 0..6),
        renews in any::<bool>(),
        form in prop::sample::select(vec![Form::Pair, Form::OneFile, Form::OwnChain, Form::Pkcs12]),
    ) {
        let scene = Scene::new();
        let mut stands = None;
        if let Some(standing) = &standing {
            let (cert, key) = standing.mint(&scene, "standing");
            form.put(&scene, &cert, standing.with_key.then_some(&key));
            stands = Some((cert.sha256(), standing.compliant() && standing.with_key, standing.ends));
        }
        let mut request = scene.request(form.install(&scene));
        if renews {
            request["policy"]["renew_before"] = json!("30d");
        }
        let (mut sources, mut fitting) = (vec![], vec![]);
        for (index, candidate) in candidates.iter().enumerate() {
            let (cert, key) = candidate.mint(&scene, &format!("candidate {index}"));
            let text = if candidate.with_key { cert.pem() + &key.pkcs8_pem() } else { cert.pem() };
            sources.push(json!({"path": scene.write(&format!("candidate-{index}.pem"), text.as_bytes())}));
            if candidate.compliant() && candidate.with_key {
                fitting.push((std::cmp::Reverse(candidate.ends), cert.sha256()));
            }
        }
        request["candidates"] = json!(sources);
        let due = match &stands {
            Some((_, true, ends)) => renews && *ends <= 30,
            _ => true,
        };
        if let Some((_, true, ends)) = &stands {
            fitting.retain(|(std::cmp::Reverse(candidate), _)| candidate > ends);
        }
        let expected = fitting.into_iter().min().filter(|_| due).map(|(_, sha256)| sha256);

        let before = scene.files();
        let foretold = what_if(&request);
        prop_assert_eq!(scene.files(), before.clone());
        let report = run(&request);
        prop_assert_eq!(&foretold, &report);
        prop_assert_eq!(report["changed"].as_bool(), Some(expected.is_some()));
        match &expected {
            Some(sha256) => {
                prop_assert_eq!(report["status"].as_str(), Some("compliant"));
                prop_assert_eq!(report["actions"][0]["certificate"].as_str(), Some(sha256.as_str()));
                prop_assert_eq!(report["subjects"][0]["after"]["sha256"].as_str(), Some(sha256.as_str()));
            }
            None => {
                prop_assert_eq!(scene.files(), before);
                let compliant = stands.as_ref().is_some_and(|(_, compliant, _)| *compliant);
                prop_assert_eq!(report["compliant"].as_bool(), Some(compliant));
            }
        }
        let passed = report["subjects"][0]["passed_over"].as_array().map_or(0, Vec::len);
        if due && !candidates.is_empty() {
            prop_assert_eq!(passed, candidates.len() - usize::from(expected.is_some()));
        }
        let after = scene.files();
        let again = run(&request);
        prop_assert_eq!(again["changed"].as_bool(), Some(false));
        prop_assert_eq!(scene.files(), after);
    }
}
