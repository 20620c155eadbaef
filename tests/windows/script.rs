//! The road without PowerShell: a batch file and a request beside the executable.

use std::fs;
use std::path::Path;
use std::process::Command;

use mint::{Estate, NOW_TEXT};
use serde_json::{Value, json};

use crate::support::binary::{folder, run, same_ca};

#[test]
fn the_batch_file_answers_by_its_exit_code_and_writes_the_report() {
    let own = folder("windows script");
    Estate::lync(&own).unwrap();
    fs::rename(own.join("ca/CertEnroll"), own.join("CertEnroll")).unwrap();
    let mut command = same_ca(&[
        "reference",
        "fe01/Default.pem",
        "fe02/Default.cer",
        "--authority",
        "CertEnroll",
    ]);
    command
        .args(["--output", "lync-internal.reference.json"])
        .current_dir(&own);
    assert_eq!(run(command, "").code, 0);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dsc/examples/script");
    fs::copy(script.join("check.cmd"), own.join("check.cmd")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_same-ca"), own.join("same-ca.exe")).unwrap();
    let mut request: Value = serde_json::from_slice(&fs::read(script.join("check.json")).unwrap()).unwrap();
    request["policy"]["valid_at"] = json!(NOW_TEXT);

    for (subject, wanted, words) in [
        (
            json!({"path": "pchat01\\pchat01.pfx", "password": "contoso-1"}),
            0,
            "The rule is kept.",
        ),
        (
            json!({"path": "pchat02\\pchat02.pfx", "password": "contoso-2"}),
            1,
            "The rule is broken",
        ),
        (json!(7), 2, "could not answer"),
    ] {
        request["subjects"][0]["source"] = subject;
        // As an editor of Windows saves it.
        let text = serde_json::to_string_pretty(&request).unwrap().replace('\n', "\r\n");
        fs::write(own.join("check.json"), format!("\u{feff}{text}\r\n")).unwrap();
        // From another folder, as a task of the scheduler runs it.
        let mut command = Command::new("cmd");
        command.arg("/c").arg(own.join("check.cmd"));
        let ran = run(command, "");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert_eq!(ran.code, wanted, "{said} {}", ran.stderr);
        assert!(said.contains(words), "{said}");
        let report: Value = serde_json::from_slice(&fs::read(own.join("report.json")).unwrap()).unwrap();
        assert_eq!(
            report["compliant"].as_bool(),
            (wanted < 2).then_some(wanted == 0),
            "{report:#}"
        );
    }
}
