//! The exit code of every outcome.

use std::path::Path;

use serde_json::json;

use crate::support::binary::{call, folder, small};
use crate::support::session::shown;

#[test]
fn every_outcome_has_its_exit_code() {
    let small = small();
    let good = small.good_request().to_string();
    let bad = small.request(json!({"pem": small.other.pem()})).to_string();
    let unknown = small.request(json!("nowhere.pem")).to_string();
    let reference = json!({"protocol": 1, "reference": [{"name": "fe01", "source": {"pem": small.fe01.pem()}}]});
    let unread = json!({"protocol": 1, "reference": [{"name": "fe01", "source": "nowhere.pem"}]}).to_string();
    let inspect = json!({"protocol": 1, "subjects": [{"name": "a", "source": {"pem": small.good.pem()}}]}).to_string();
    let reference = reference.to_string();
    let mut refused = String::new();
    for (arguments, stdin, code) in [
        ("check", good.as_str(), 0),
        ("check", &bad, 0),
        ("check", &unknown, 0),
        ("check --exit-code", &good, 0),
        ("check --exit-code", &bad, 1),
        ("check --exit-code", &unknown, 1),
        ("check", "{", 2),
        ("check --exit-code", "{", 2),
        ("check --bogus", &good, 2),
        ("check --format xml", &good, 2),
        ("check --format text", &bad, 0),
        ("check --format text --exit-code", &bad, 1),
        ("check --format text", "{", 2),
        ("check --subject nowhere.pem", "", 0),
        ("check --subject nowhere.pem --exit-code", "", 1),
        ("check --subject lync:Default", "", 2),
        ("inspect", &inspect, 0),
        ("inspect", &good, 2),
        ("inspect nowhere.pem", "", 0),
        ("reference", &reference, 0),
        ("reference", &unread, 2),
        ("reference --partial", &unread, 0),
        ("reference", &good, 2),
        ("reference nowhere.pem", "", 2),
        ("reference nowhere.pem --partial", "", 0),
        ("batch", "", 0),
        ("batch", &good, 0),
        ("batch", &bad, 0),
        ("batch --exit-code", &good, 0),
        ("batch --exit-code", &bad, 1),
        ("batch --exit-code", "{", 2),
        ("batch", "{", 2),
        ("schema report", "", 0),
        ("schema nonsense", "", 2),
        ("completions bash", "", 0),
        ("completions nonsense", "", 2),
        ("man", "", 0),
        ("", "", 2),
        ("nonsense", "", 2),
        ("--help", "", 0),
        ("check --help", "", 0),
        ("--version", "", 0),
    ] {
        let ran = call(&arguments.split_whitespace().collect::<Vec<_>>(), stdin);
        let out = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(ran.code, code, "same-ca {arguments}: {out} {}", ran.stderr);
        if code == 2 {
            assert!(!ran.stderr.is_empty(), "same-ca {arguments} says nothing to people");
            let named = [
                (&good, "good.json"),
                (&reference, "reference.json"),
                (&unread, "unread.json"),
            ];
            let name = named.iter().find(|(request, _)| *request == stdin);
            let input = match name {
                Some((_, name)) => format!(" < {name}"),
                None if stdin.is_empty() => String::new(),
                None => format!(" <<< '{stdin}'"),
            };
            refused += &shown(&format!("{arguments}{input}"), &ran, Path::new("/nowhere"));
        }
    }
    insta::assert_snapshot!(refused, @r#"
    $ same-ca check <<< '{'
    {"protocol":1,"error":{"code":"bad-json","message":"not JSON: EOF while parsing an object at line 1 column 1"}}
    ! same-ca: not JSON: EOF while parsing an object at line 1 column 1
    [exit code 2]
    $ same-ca check --exit-code <<< '{'
    {"protocol":1,"error":{"code":"bad-json","message":"not JSON: EOF while parsing an object at line 1 column 1"}}
    ! same-ca: not JSON: EOF while parsing an object at line 1 column 1
    [exit code 2]
    $ same-ca check --bogus < good.json
    {"protocol":1,"error":{"code":"bad-usage","message":"unexpected argument '--bogus' found"}}
    ! same-ca: unexpected argument '--bogus' found
    [exit code 2]
    $ same-ca check --format xml < good.json
    ! error: invalid value 'xml' for '--format <FORMAT>'
    !   [possible values: json, text]
    !
    ! For more information, try '--help'.
    [exit code 2]
    $ same-ca check --format text <<< '{'
    ! same-ca: not JSON: EOF while parsing an object at line 1 column 1
    [exit code 2]
    $ same-ca check --subject lync:Default
    ! error: invalid value 'lync:Default' for '--subject <SOURCE>...': unknown scheme lync:; the PowerShell module resolves lync:USE on the server itself: use SameCADsc (SameCACertificate) or win_same_ca there
    !
    ! For more information, try '--help'.
    [exit code 2]
    $ same-ca inspect < good.json
    {"protocol":1,"error":{"code":"bad-request","message":"inspect looks at subjects alone; give this to check","pointer":"/reference"}}
    ! same-ca: inspect looks at subjects alone; give this to check (at /reference)
    [exit code 2]
    $ same-ca reference < unread.json
    {"protocol":1,"error":{"code":"reference-unreadable","message":"no reference document was written, because not everything that it is made of could be read: fe01: nowhere.pem: there is no such file (with --partial it is written, and says what is missing)","pointer":"/reference/0/source"}}
    ! same-ca: nowhere.pem: [what the system says]
    ! same-ca: no reference document was written, because not everything that it is made of could be read: fe01: nowhere.pem: there is no such file (with --partial it is written, and says what is missing) (at /reference/0/source)
    [exit code 2]
    $ same-ca reference < good.json
    {"protocol":1,"error":{"code":"bad-request","message":"a reference document is made of reference, authorities and intermediates alone; give this to check","pointer":"/subjects"}}
    ! same-ca: a reference document is made of reference, authorities and intermediates alone; give this to check (at /subjects)
    [exit code 2]
    $ same-ca reference nowhere.pem
    {"protocol":1,"error":{"code":"reference-unreadable","message":"no reference document was written, because not everything that it is made of could be read: nowhere.pem: there is no such file (with --partial it is written, and says what is missing)","pointer":"/reference/0/source"}}
    ! same-ca: nowhere.pem: [what the system says]
    ! same-ca: no reference document was written, because not everything that it is made of could be read: nowhere.pem: there is no such file (with --partial it is written, and says what is missing) (at /reference/0/source)
    [exit code 2]
    $ same-ca batch --exit-code <<< '{'
    {"protocol":1,"error":{"code":"bad-json","message":"not JSON: EOF while parsing an object at line 1 column 1","line":1}}
    ! same-ca: 1 of 1 lines could not be answered: see their errors
    [exit code 2]
    $ same-ca batch <<< '{'
    {"protocol":1,"error":{"code":"bad-json","message":"not JSON: EOF while parsing an object at line 1 column 1","line":1}}
    ! same-ca: 1 of 1 lines could not be answered: see their errors
    [exit code 2]
    $ same-ca schema nonsense
    {"protocol":1,"error":{"code":"bad-usage","message":"invalid value 'nonsense' for '[NAME]' [possible values: request, report, reference, inspection, fleet-report, error, dsc-resource]"}}
    ! same-ca: invalid value 'nonsense' for '[NAME]' [possible values: request, report, reference, inspection, fleet-report, error, dsc-resource]
    [exit code 2]
    $ same-ca completions nonsense
    ! error: invalid value 'nonsense' for '<SHELL>'
    !   [possible values: bash, elvish, fish, powershell, zsh]
    !
    ! For more information, try '--help'.
    [exit code 2]
    $ same-ca
    {"protocol":1,"error":{"code":"bad-usage","message":"expected a command; same-ca --help lists them"}}
    ! same-ca: expected a command; same-ca --help lists them
    [exit code 2]
    $ same-ca nonsense
    {"protocol":1,"error":{"code":"bad-usage","message":"unrecognized subcommand 'nonsense'"}}
    ! same-ca: unrecognized subcommand 'nonsense'
    [exit code 2]
    "#);
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let own = folder("output");
    let request = small().good_request().to_string();
    let said = [own.clone(), own.join("nowhere/report.json")].map(|path| {
        let line = ["check", "--output", path.to_str().unwrap()];
        let ran = call(&line, &request);
        assert_eq!(ran.error().0, "internal");
        shown(&line.join(" "), &ran, &own)
    });
    insta::assert_snapshot!(said.concat(), @r#"
    $ same-ca check --output [folder]
    {"protocol":1,"error":{"code":"internal","message":"failed to write [folder]"}}
    ! same-ca: failed to write [folder]: [what the system says]
    [exit code 2]
    $ same-ca check --output [folder]/nowhere/report.json
    {"protocol":1,"error":{"code":"internal","message":"failed to write [folder]/nowhere/report.json"}}
    ! same-ca: failed to write [folder]/nowhere/report.json: [what the system says]
    [exit code 2]
    "#);
}
