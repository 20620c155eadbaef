//! What comes in, and how files are named.

use std::fs;
use std::path::{Path, PathBuf};

use mint::P12;
use serde_json::{Value, json};

use crate::support::binary::{self, call, check, folder, same_ca, small, write};

/// An absolute path with a drive letter, backslashes, and nothing before it.
fn spelled(path: &Path) -> String {
    let path = fs::canonicalize(path).unwrap();
    let text = path.to_str().unwrap();
    let plain = text.strip_prefix(r"\\?\").unwrap();
    assert!(plain.as_bytes()[1] == b':' && !plain.contains('/'), "{plain}");
    plain.to_owned()
}

#[track_caller]
fn status_of(source: &Value) -> Value {
    let small = small();
    let report = check(&small.request(source.clone()));
    report["subjects"][0]["status"].clone()
}

/// A folder with the good certificate in it.
fn with_good(name: &str, file: &str) -> PathBuf {
    let own = folder(name);
    write(&own, file, small().good.pem());
    own
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_before_and_in_a_request_are_read() {
    let request = serde_json::to_string_pretty(&small().good_request()).unwrap();
    let lines = request.replace('\n', "\r\n");
    let mut reports = Vec::new();
    for text in [request, lines.clone(), format!("\u{feff}{lines}\r\n")] {
        let ran = call(&["check"], text);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        reports.push(ran.stdout);
    }
    assert!(reports.iter().all(|report| *report == reports[0]));
    assert!(
        !reports[0].contains(&b'\r'),
        "what is written is the same on every system"
    );
}

#[test]
fn a_batch_with_windows_line_ends_gives_a_report_for_each_line() {
    let line = small().good_request().to_string();
    let ran = call(&["batch"], format!("\u{feff}{line}\r\n{line}\r\n"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let reports = ran.lines();
    assert_eq!(reports.len(), 2);
    assert!(reports.iter().all(|report| report["status"] == "compliant"));
}

#[test]
fn the_exit_code_is_the_verdict_on_request_and_two_without_an_answer() {
    let small = small();
    let bad = small.request(json!({"pem": small.other.pem()})).to_string();
    let good = small.good_request().to_string();
    for (arguments, request, wanted) in [
        (&["check"][..], &good, 0),
        (&["check"], &bad, 0),
        (&["check", "--exit-code"], &good, 0),
        (&["check", "--exit-code"], &bad, 1),
        (&["check"], &"no JSON".to_owned(), 2),
        (&["check", "--no-such-flag"], &good, 2),
    ] {
        assert_eq!(call(arguments, request).code, wanted, "{arguments:?}");
    }
}

#[test]
fn a_path_may_be_spelled_in_every_way_that_windows_knows() {
    let own = with_good("windows-paths", "pchat01.pem");
    let plain = spelled(&own.join("pchat01.pem"));
    let (drive, rest) = plain.split_at(2);
    for path in [
        plain.clone(),
        plain.replace('\\', "/"),
        plain.to_uppercase(),
        format!("{}{rest}", drive.to_lowercase()),
        format!(r"\\?\{plain}"),
        rest.to_owned(),
        plain.replace(r"\pchat01", r"\.\..\windows-paths\pchat01"),
    ] {
        assert_eq!(status_of(&json!({ "path": path })), "compliant", "{path}");
        assert_eq!(status_of(&json!(path)), "compliant", "{path} as a string");
    }
    // By flags too, and relative to the working folder.
    let small = small();
    write(&own, "fe01.pem", small.fe01.pem());
    write(&own, "ca.pem", small.ca.cert.pem());
    let mut command = same_ca(&[
        "check",
        "--reference",
        r".\fe01.pem",
        "--subject",
        r"..\windows-paths\pchat01.pem",
    ]);
    command
        .args([
            "--authority",
            &format!(r"{}\ca.pem", spelled(&own)),
            "--exit-code",
            "--format",
            "json",
        ])
        .args(["--valid-at", mint::NOW_TEXT])
        .current_dir(&own);
    let ran = binary::run(command, "");
    assert_eq!(ran.code, 0, "{}", ran.text());
    let name = ran.json()["reference"]["members"][0]["name"].clone();
    assert_eq!(name, r".\fe01.pem");
}

#[test]
fn a_share_is_a_path_and_one_that_is_not_there_is_said() {
    for path in [
        r"\\no-such-server.invalid\share\fe01.pem",
        r"//no-such-server.invalid/share/fe01.pem",
    ] {
        let small = small();
        let report = check(&small.request(json!(path)));
        let finding = &report["subjects"][0]["findings"][0];
        assert_eq!(finding["code"], "certificate-unreadable", "{report:#}");
        let message = finding["message"].as_str().unwrap();
        assert!(message.starts_with(path) && !message.contains("scheme"), "{message}");
    }
}

#[test]
fn names_beyond_ascii_are_read_and_written_as_they_are() {
    let name = "Prüfung-日本-😀";
    let own = with_good(&format!("windows-{name}"), &format!("{name}.pem"));
    let path = format!(r"{}\{name}.pem", spelled(&own));
    assert_eq!(status_of(&json!({ "path": path })), "compliant");
    // As a flag, which comes as UTF-16, and in a report.
    let ran = call(&["inspect", "--format", "json", &path], "");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.text().contains(&format!("{name}.pem")), "{}", ran.text());
    // A password file as Notepad and Windows PowerShell write it.
    let small = small();
    let key = binary::key_of("pchat01.contoso.com");
    let password = "größe-😀";
    let utf16: Vec<u8> = format!("\u{feff}{password}\r\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let pfx = own.join("a.pfx");
    fs::write(&pfx, P12::legacy(password).cert(&small.good).key(&key).build()).unwrap();
    for text in [utf16, format!("\u{feff}{password}\r\n").into_bytes()] {
        fs::write(own.join("pass.txt"), text).unwrap();
        let source = json!({"path": spelled(&pfx), "password_file": spelled(&own.join("pass.txt"))});
        assert_eq!(status_of(&source), "compliant");
    }
}

#[test]
fn certificates_with_windows_line_ends_and_a_byte_order_mark_are_read() {
    let small = small();
    let own = folder("windows-crlf");
    let path = write(
        &own,
        "crlf.pem",
        format!("\u{feff}{}", small.good.pem().replace('\n', "\r\n")),
    );
    assert_eq!(status_of(&json!({ "path": path })), "compliant");
}

#[test]
fn a_device_is_no_file_and_is_not_waited_for() {
    for device in ["NUL", "CON", r"\\.\NUL", r"\\.\pipe\same-ca-nowhere"] {
        let small = small();
        let report = check(&small.request(json!({ "path": device })));
        let subject = &report["subjects"][0];
        assert_eq!(subject["status"], "undetermined", "{device}: {report:#}");
        assert_eq!(subject["findings"][0]["code"], "certificate-unreadable", "{device}");
    }
}

#[test]
fn a_folder_is_read_in_the_order_of_its_names() {
    let small = small();
    let own = folder("windows-folder");
    write(&own, "b.pem", small.good.pem());
    write(&own, "A.pem", small.other.pem());
    write(&own, "a.txt", "nothing");
    let ran = call(&["inspect", "--format", "json", &spelled(&own)], "");
    let text = ran.text();
    let (first, second) = (
        text.find("pchat02.contoso.com").unwrap(),
        text.find("pchat01.contoso.com").unwrap(),
    );
    assert!(first < second, "{text}");
}
