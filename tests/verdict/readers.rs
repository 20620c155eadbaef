//! What readers make of unusual files, where the collection of such files stands beside the checkout.

use std::path::{Path, PathBuf};

use same_ca::protocol::{Code, Relation, Report, Severity, Status, SubjectReport};
use serde_json::{Value, json};

use crate::support::request::weight;
use crate::support::{self, check_json};

/// The folder of such files.
fn files() -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/faults/files");
    if place.join("README.md").is_file() {
        return Some(place);
    }
    support::not_run("the collection of unusual files is not beside this checkout (../shared/faults/files)");
    None
}

/// One question about files of a folder.
struct Asked {
    folder: PathBuf,
    request: Value,
}

impl Asked {
    fn of(folder: &str) -> Option<Asked> {
        Some(Asked {
            folder: files()?.join(folder),
            request: json!({"protocol": 1, "policy": {"valid_at": "2026-11-27T00:00:00Z"}}),
        })
    }

    fn path(&self, name: &str) -> Value {
        let path = self.folder.join(name);
        assert!(path.is_file(), "{}", path.display());
        json!({"path": path})
    }

    fn ask(&self, reference: &str, authority: Option<&str>, subject: &str) -> Report {
        self.ask_with(reference, authority, subject, json!({}))
    }

    fn ask_with(&self, reference: &str, authority: Option<&str>, subject: &str, policy: Value) -> Report {
        let mut request = self.request.clone();
        request["reference"] = json!([{"name": "r", "source": self.path(reference)}]);
        request["authorities"] = authority.iter().map(|name| self.path(name)).collect();
        request["subjects"] = json!([{"name": "s", "source": self.path(subject)}]);
        for (key, value) in policy.as_object().unwrap() {
            request["policy"][key] = value.clone();
        }
        check_json(request)
    }
}

fn first(report: &Report) -> &SubjectReport {
    &report.subjects[0]
}

#[track_caller]
fn same(report: &Report, what: &str) {
    let subject = first(report);
    let found = (subject.relation, subject.status);
    let wanted = (Some(Relation::Same), Some(Status::Compliant));
    assert_eq!(found, wanted, "{what}: {:#?} {:#?}", subject.findings, report.reference);
}

fn on_members(report: &Report, code: Code) -> bool {
    let members = report.reference.members.iter().flat_map(|member| &member.findings);
    members
        .chain(&report.reference.findings)
        .any(|finding| finding.code == code)
}

#[test]
fn names_with_an_empty_rdn_are_read_and_compared() {
    let Some(asked) = Asked::of("04-empty-rdn") else { return };
    same(&asked.ask("fe01-set.pem", Some("ca-set.cer"), "pchat01-set.pem"), "set");
    same(
        &asked.ask("fe01-onlyset.pem", Some("ca-onlyset.cer"), "pchat01-onlyset.pem"),
        "only a set",
    );
    let report = asked.ask("fe01.pem", Some("issuing.cer"), "subject-emptyset.pem");
    assert!(first(&report).certificate.is_some());
}

#[test]
fn algorithm_parameters_count_only_where_both_fields_agree() {
    let Some(asked) = Asked::of("08-alg-parameters") else {
        return;
    };
    same(
        &asked.ask("fe01-ec.pem", Some("issuing.cer"), "ec-null.pem"),
        "ECDSA with NULL",
    );
    same(
        &asked.ask("fe01-rsa.pem", Some("rsa-ca.cer"), "rsa-absent.pem"),
        "RSA without",
    );
    for (reference, authority, subject) in [
        ("fe01-ec.pem", "issuing.cer", "ec-inner-null.pem"),
        ("fe01-ec.pem", "issuing.cer", "ec-outer-null.pem"),
        ("fe01-rsa.pem", "rsa-ca.cer", "rsa-inner-absent-outer-null.pem"),
        ("fe01-rsa.pem", "rsa-ca.cer", "rsa-inner-null-outer-absent.pem"),
        ("fe01-rsa.pem", "rsa-ca.cer", "rsa-inner-sha1-outer-sha256.pem"),
    ] {
        let report = asked.ask(reference, Some(authority), subject);
        assert_eq!(first(&report).relation, Some(Relation::BadSignature), "{subject}");
        let said = first(&report)
            .findings
            .iter()
            .any(|finding| finding.message.contains("algorithm fields"));
        assert!(said, "{subject}: {:#?}", first(&report).findings);
    }
}

#[test]
fn what_an_editor_leaves_behind_der_is_passed_over_and_noted() {
    let Some(asked) = Asked::of("22-der-trailing") else {
        return;
    };
    for subject in ["pchat01-crlf.cer", "pchat01-lf.cer", "pchat01-nul4.cer"] {
        let report = asked.ask("fe01.pem", Some("issuing.cer"), subject);
        same(&report, subject);
        assert_eq!(
            weight(first(&report), Code::TrailingBytes),
            Some(Severity::Info),
            "{subject}"
        );
        let report = asked.ask(subject, Some("issuing.cer"), "fe01.pem");
        same(&report, subject);
        assert!(on_members(&report, Code::TrailingBytes), "{subject} as the reference");
    }
    let report = asked.ask("fe01.pem", Some("issuing.cer"), "pchat01-ff16.cer");
    assert_eq!(
        weight(first(&report), Code::CertificateUnreadable),
        Some(Severity::Doubt)
    );
}

#[test]
fn pss_with_another_mask_hash_is_verified() {
    let Some(asked) = Asked::of("25-rsa-pss") else { return };
    let ask = |policy| {
        let names = (
            "fe01-sha256-mgfsha1.pem",
            "ca-sha256-mgfsha1.cer",
            "pchat01-sha256-mgfsha1.pem",
        );
        asked.ask_with(names.0, Some(names.1), names.2, policy)
    };
    same(&ask(json!({})), "PSS");
    let lync = ask(json!({"profile": "lync-server-2013"}));
    assert_eq!(weight(first(&lync), Code::PssUnsupported), Some(Severity::Error));
}

#[test]
fn pbmac1_is_verified_as_its_rfc_says_and_short_keys_and_unchecked_passwords_are_refused() {
    let Some(asked) = Asked::of("33-rfc9579-pbmac1") else {
        return;
    };
    let inspect = |name: &str, password: &str| {
        let text = std::fs::read(asked.folder.join(name)).unwrap();
        let bytes = match text.first() {
            Some(0x30) => text,
            _ => {
                use base64::Engine;
                let digits: Vec<u8> = text.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
                base64::engine::general_purpose::STANDARD.decode(digits).unwrap()
            }
        };
        same_ca::decode::decode(&bytes, Some(password))
    };
    for name in ["rfc9579-a1.txt", "rfc9579-a2.txt", "rfc9579-a3.txt"] {
        assert!(inspect(name, "1234").is_ok(), "{name}");
        assert!(inspect(name, "password").is_err(), "{name}");
    }
    for name in ["rfc9579-a4.txt", "rfc9579-a5.txt", "rfc9579-a6.txt"] {
        assert!(inspect(name, "1234").is_err(), "{name}");
    }
    for password in ["1234", "password", ""] {
        assert!(inspect("pbmac1-short-key-bypass.txt", password).is_err(), "{password}");
    }
    let why = inspect("ca-nomac.p12", "wrong").unwrap_err().to_string();
    assert!(why.contains("nothing checks the password"), "{why}");
}

#[test]
fn an_extension_that_stands_twice_or_cannot_be_read_grants_nothing() {
    let Some(asked) = Asked::of("42-repeated-extension") else {
        return;
    };
    for name in [
        "ca-bc-extra.pem",
        "ca-bc-false-true.pem",
        "ca-bc-garbage.pem",
        "ca-bc-trailing.pem",
        "ca-bc-twice-true.pem",
        "ca-once.pem",
    ] {
        let report = asked.ask("fe01.pem", Some("issuing.cer"), name);
        assert_eq!(
            weight(first(&report), Code::SubjectIsCa),
            Some(Severity::Error),
            "{name}"
        );
        let report = asked.ask(name, Some("issuing.cer"), "pchat01.pem");
        assert!(on_members(&report, Code::ReferenceIsCa), "{name}");
        let report = asked.ask("fe01.pem", Some(name), "pchat01.pem");
        if name != "ca-once.pem" {
            assert_ne!(first(&report).status, Some(Status::Compliant), "{name} lends no key");
            assert!(
                on_members(&report, Code::EvidenceUnused),
                "{name}: {:#?}",
                report.reference
            );
        }
    }
    let report = asked.ask("fe01.pem", Some("issuing.cer"), "ca-ku-only.pem");
    assert_eq!(weight(first(&report), Code::SubjectIsCa), None);
    for name in ["eku-twice.pem", "ku-twice.pem"] {
        let report = asked.ask("fe01.pem", Some("issuing.cer"), name);
        assert_eq!(
            weight(first(&report), Code::ExtensionUnreadable),
            Some(Severity::Doubt),
            "{name}"
        );
        let report = asked.ask(name, Some("issuing.cer"), "pchat01.pem");
        assert!(
            on_members(&report, Code::ExtensionUnreadable),
            "{name} as the reference"
        );
    }
}

#[test]
fn evidence_that_lends_no_key_is_said_with_its_reason() {
    let Some(asked) = Asked::of("11-no-basic-constraints") else {
        return;
    };
    for (name, reason) in [
        ("ca-nobc.cer", "no basicConstraints"),
        ("ca-nobc-nski.cer", "no basicConstraints"),
        ("ca-bcfalse.cer", "CA:FALSE"),
        ("ca-nokcs.cer", "keyCertSign"),
    ] {
        let report = asked.ask("fe01.pem", Some(name), "pchat01.pem");
        assert_eq!(first(&report).relation, Some(Relation::Unproven), "{name}");
        assert!(weight(first(&report), Code::CaCertificateMissing).is_some(), "{name}");
        let members = report.reference.members.iter().flat_map(|member| &member.findings);
        let mut all = members.chain(&report.reference.findings);
        let said = all.find(|finding| finding.code == Code::EvidenceUnused);
        assert!(
            said.is_some_and(|finding| finding.message.contains(reason)),
            "{name}: {said:#?}"
        );
    }
}

#[test]
fn a_key_usage_as_windows_writes_it_is_read() {
    let Some(asked) = Asked::of("fuzz-05-key-usage-3-octets") else {
        return;
    };
    for (authority, reference, subject) in [
        ("ku3-ca.pem", "ku-leaf.pem", "ku-leaf2.pem"),
        ("ku4-ca.pem", "ku-leaf.pem", "ku-leaf2.pem"),
    ] {
        same(&asked.ask(reference, Some(authority), subject), authority);
    }
    let report = asked.ask("ku-leaf.pem", Some("ku3-ca.pem"), "real-windows-ts.der");
    let facts = first(&report).certificate.as_ref().unwrap();
    assert_eq!(
        facts.key_usage,
        ["digitalSignature", "keyEncipherment", "dataEncipherment"]
    );
    assert_eq!(weight(first(&report), Code::ExtensionUnreadable), None);
}

#[test]
fn a_damaged_alternative_name_covers_nothing() {
    let Some(asked) = Asked::of("fuzz-06-san-damaged-covers") else {
        return;
    };
    let report = asked.ask("ref.pem", Some("ca.pem"), "leaf.pem");
    assert_eq!(weight(first(&report), Code::ExtensionUnreadable), Some(Severity::Doubt));
    assert_ne!(first(&report).status, Some(Status::Compliant));
    for name in ["sub.test", "cn.test"] {
        let report = asked.ask_with("ref.pem", Some("ca.pem"), "leaf.pem", json!({"names": [name]}));
        assert_eq!(
            weight(first(&report), Code::NameMismatch),
            Some(Severity::Error),
            "{name}"
        );
        assert_eq!(
            weight(first(&report), Code::ExtensionUnreadable),
            Some(Severity::Doubt),
            "{name}"
        );
    }
}

#[test]
fn four_different_alternative_names_are_four_different_texts() {
    let Some(asked) = Asked::of("fuzz-10-san-text-ambiguous") else {
        return;
    };
    let mut texts: Vec<String> = ["a.pem", "b.pem", "c.pem", "d.pem"]
        .iter()
        .map(|name| {
            let report = asked.ask("a.pem", None, name);
            first(&report)
                .certificate
                .as_ref()
                .unwrap()
                .subject_alternative_names
                .join(" ")
        })
        .collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 4, "{texts:?}");
}
