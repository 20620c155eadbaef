//! Tests of the module above.

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::protocol::{Code, Match, Severity, Source, StartTls, TlsSource};

use super::*;

fn flags(line: &str) -> RequestFlags {
    let cli = Cli::try_parse_from(format!("same-ca check {line}").split_whitespace()).unwrap();
    match cli.command {
        Command::Check(args) => args.request,
        other => panic!("{other:?}"),
    }
}

fn refused(line: &str) -> String {
    check(&flags(line)).unwrap_err().message
}

#[test]
fn who_typed_flags_is_told_of_flags() {
    let install = InstallFlags {
        install_certificate: Some("www.pem".into()),
        ..InstallFlags::default()
    };
    let asked = enforce(&flags("--reference r.pem --any-of a.pem"), &install).unwrap();
    let fault = asked.explain(asked.request.check().unwrap_err());
    let expected = "--any-of a.pem: --any-of does not go with an install of its own place";
    assert_eq!(fault.message, expected);
    let asked = check(&flags("--reference a.pem --subject b.pem --authority c.pem")).unwrap();
    assert_eq!(asked.flag("/authorities/0"), Some("--authority c.pem"));
    assert_eq!(asked.flag("/authorities/1"), None);
}

#[test]
fn flags_mean_what_the_same_request_as_json_means() {
    let hex = "ab".repeat(32);
    let line = format!(
        "--reference fe01.pem --reference tls://fe02.contoso.com:5061 --pin-authority ca.pem --pin-key sha256:{hex} \
         --reference-document ref.json --subject pchat01.pfx --any-of a.pem --any-of certs --password-file pass \
         --authority root.cer --intermediate issuing.cer --candidate new.pfx --distrust bad.pem \
         --distrust SHA256:{hex} --profile lync-server-2013 --match key --level root --proof key-identifier \
         --references any --valid-at 2026-11-20T00:00:00Z --warn-before-expiry 2w --renew-before 14d \
         --name pchat01.contoso.com --extended-key-usage clientAuth --severity cdp-missing=warning \
         --effective-from 2026-12-01T00:00:00Z --starttls ldap --timeout 5 --server-name fe.contoso.com \
         --requirement chat --host me --collected-at 2026-11-19T00:00:00Z"
    );
    let tls = r#"{"tls":{"host":"fe02.contoso.com","port":5061,"starttls":"ldap","timeout":5,"server_name":"fe.contoso.com"}}"#;
    let json = format!(
        r#"{{"protocol":1,"requirement":"chat","host":"me","collected_at":"2026-11-19T00:00:00Z",
        "reference":[{{"name":"fe01.pem","source":{{"path":"fe01.pem","password_file":"pass"}}}},
          {{"name":"tls://fe02.contoso.com:5061","source":{tls}}},{{"name":"ca.pem","authority":{{"path":"ca.pem","password_file":"pass"}}}},
          {{"name":"sha256:{hex}","key_sha256":"{hex}"}}],
        "reference_document":{{"path":"ref.json"}},
        "subjects":[{{"name":"pchat01.pfx","effective_from":"2026-12-01T00:00:00Z","source":{{"path":"pchat01.pfx","password_file":"pass"}}}},
          {{"name":"a.pem, certs","effective_from":"2026-12-01T00:00:00Z",
            "any_of":[{{"path":"a.pem","password_file":"pass"}},{{"path":"certs","password_file":"pass"}}]}}],
        "authorities":[{{"path":"root.cer","password_file":"pass"}}],
        "intermediates":[{{"path":"issuing.cer","password_file":"pass"}}],"candidates":[{{"path":"new.pfx","password_file":"pass"}}],
        "policy":{{"profile":"lync-server-2013","match":"key","level":"root","proof":"key-identifier","references":"any",
          "valid_at":"2026-11-20T00:00:00Z","warn_before_expiry":"2w","renew_before":"14d","names":["pchat01.contoso.com"],
          "extended_key_usage":["clientAuth"],"distrust":[{{"path":"bad.pem","password_file":"pass"}},{{"key_sha256":"{hex}"}}],"severity":{{"cdp-missing":"warning"}}}}}}"#
    );
    let asked = check(&flags(&line)).unwrap();
    assert_eq!(asked.request, crate::json::read::<Request>(json.as_bytes()).unwrap());
    assert!(!asked.reads_stdin);
    asked.request.check().unwrap();
}

#[test]
fn a_refused_policy_names_its_flag() {
    let asked = check(&flags("--subject a.pem --severity issuer-differs=info")).unwrap();
    let fault = asked.explain(asked.request.check().unwrap_err());
    assert_eq!(fault.code, FaultCode::BadUsage);
    assert_eq!(fault.pointer.as_deref(), Some("/policy/severity/issuer-differs"));
    let expected = "--severity issuer-differs=info: issuer-differs may be raised, not lowered below error";
    assert_eq!(fault.message, expected);
}

#[test]
fn what_is_given_twice_is_named_as_typed() {
    let asked = check(&flags("--subject a.pem --subject a.pem")).unwrap();
    let fault = asked.explain(asked.request.check().unwrap_err());
    assert!(fault.message.starts_with("--subject a.pem: "), "{fault:?}");
    assert!(refused("--subject a.pem --severity expired=info --severity expired=info").contains("given twice"));
}

#[test]
fn the_longest_origin_explains_a_fault() {
    let asked = check(&flags("--subject s.pem --any-of a.pem --any-of b.pem")).unwrap();
    let at = |pointer: &str| asked.explain(Fault::bad_request(pointer, "no")).message;
    assert_eq!(at("/subjects/1/any_of/1"), "--any-of b.pem: no");
    assert_eq!(at("/subjects/1/any_of"), "--any-of a.pem, b.pem: no");
    assert_eq!(at("/subjects/0/source/tls"), "--subject s.pem: no");
    assert_eq!(
        at("/subjects/10"),
        "no",
        "a pointer that only begins alike is another place"
    );
}

#[test]
fn standard_input_can_stand_for_one_source_only() {
    assert!(check(&flags("--subject - --reference fe01.pem")).unwrap().reads_stdin);
    for twice in [
        "--subject - --reference -",
        "--subject - --distrust -",
        "--subject - --reference-document -",
    ] {
        assert!(refused(twice).contains("can be given once"), "{twice}");
    }
}

#[test]
fn a_reference_document_can_come_by_standard_input() {
    let mut asked = check(&flags("--subject a.pem --reference-document -")).unwrap();
    assert!(asked.reads_stdin && asked.request.reference_document.is_none());
    asked.read_document(br#"{"members":[]}"#).unwrap();
    assert_eq!(
        asked
            .request
            .reference_document
            .as_ref()
            .and_then(|d| d.members.clone()),
        Some(Vec::new())
    );
    let fault = asked.read_document(br#"{"members":[],"x":1}"#).unwrap_err();
    assert!(
        fault.message.starts_with("--reference-document -: unknown field"),
        "{fault:?}"
    );
}

#[test]
fn one_name_is_for_one_subject() {
    let named = check(&flags("--any-of a.pem --any-of b.pem --subject-name pchat01")).unwrap();
    assert_eq!(named.request.subjects[0].name, "pchat01");
    assert!(refused("--subject a.pem --subject b.pem --subject-name x").contains("--subject-name"));
}

#[test]
fn flags_that_could_do_nothing_are_refused() {
    assert!(refused("--subject a.pem --timeout 5").contains("--timeout: goes with a tls:// source"));
    assert!(refused("--match key").contains("--subject"));
}

#[test]
fn a_password_opens_what_servers_hold_and_truststores() {
    let asked = check(&flags("--subject - --authority ca.pem --password-env PASS")).unwrap();
    let password = Some(Password::Env("PASS".into()));
    assert_eq!(asked.request.subjects[0].source, Some(Source::Stdin { password }));
    assert_eq!(
        asked.request.authorities,
        [Source::Path {
            path: "ca.pem".into(),
            password: Some(Password::Env("PASS".into()))
        }]
    );
}

#[test]
fn policy_flags_default_to_what_the_protocol_says() {
    let asked = check(&flags("--subject a.pem --severity expired=warning")).unwrap();
    assert_eq!(asked.request.policy.match_, Match::Authority);
    assert_eq!(asked.request.policy.severity.of(Code::Expired), Some(Severity::Warning));
}

#[test]
fn reference_and_inspect_take_bare_sources() {
    let parse = |line: &str| Cli::try_parse_from(line.split_whitespace()).unwrap().command;
    let Command::Reference(args) = parse("same-ca reference tls://fe01 fe02.pem --starttls smtp --authority ca.pem")
    else {
        panic!("not reference");
    };
    let asked = reference(&args.request).unwrap();
    let names: Vec<_> = asked
        .request
        .reference
        .iter()
        .map(|member| member.name.as_str())
        .collect();
    assert_eq!(names, ["tls://fe01", "fe02.pem"]);
    let starttls = Some(StartTls::Smtp);
    let tls = TlsSource {
        host: "fe01".into(),
        port: None,
        server_name: None,
        starttls,
        timeout: None,
    };
    assert_eq!(asked.request.reference[0].kind, MemberKind::Source(Source::Tls(tls)));
    let Command::Inspect(args) = parse("same-ca inspect - --password-file pass") else {
        panic!("not inspect")
    };
    let asked = inspect(&args.request).unwrap();
    let password = Some(Password::File("pass".into()));
    assert!(asked.reads_stdin);
    assert_eq!(asked.request.subjects[0].source, Some(Source::Stdin { password }));
}
