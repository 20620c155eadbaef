//! The gate of the PowerShell half: everything is run before its exit code is formed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::repository;

/// Runs the gate with a PowerShell that has these modules, and whose scripts end with these codes.
fn gate(name: &str, modules: &str, analyzer: i32, pester: i32) -> (Option<i32>, String) {
    let folder = crate::support::binary::folder(name);
    let pwsh = folder.join("pwsh");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n\
         *Get-Module*) for each in {modules}; do case \"$*\" in *\"$each\"*) exit 0;; esac; done; exit 1;;\n\
         *Analyze.ps1) echo analyzed; exit {analyzer};;\n\
         *Run.ps1) echo tested; exit {pester};;\nesac\nexit 9\n"
    );
    fs::write(&pwsh, script).unwrap();
    fs::set_permissions(&pwsh, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let out = Command::new(repository("tests/powershell/run"))
        .arg("--pester")
        .env("PATH", path)
        .output()
        .unwrap();
    let said = [out.stdout, out.stderr].concat();
    (out.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn the_analyzer_and_pester_both_run_whatever_the_other_finds_and_either_fails_the_gate() {
    for (number, (analyzer, pester, code)) in [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)].into_iter().enumerate() {
        let name = format!("powershell-gate-{number}");
        let (ended, said) = gate(&name, "PSScriptAnalyzer Pester", analyzer, pester);
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains("analyzed\n") && said.contains("tested\n"), "{said}");
        assert!(!said.contains("NOT RUN"), "{said}");
    }
}

#[test]
fn what_is_not_installed_is_said_to_be_not_run_and_the_rest_runs() {
    let (ended, said) = gate("powershell-gate-pester", "Pester", 9, 0);
    assert_eq!(ended, Some(0), "{said}");
    assert!(
        said.contains("NOT RUN: PSScriptAnalyzer") && said.contains("tested\n"),
        "{said}"
    );
    let (ended, said) = gate("powershell-gate-analyzer", "PSScriptAnalyzer", 0, 9);
    assert_eq!(ended, Some(0), "{said}");
    assert!(
        said.contains("NOT RUN: Pester") && said.contains("analyzed\n"),
        "{said}"
    );
}
