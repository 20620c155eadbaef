//! Completion in the shells themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::binary::{run, same_ca};
use crate::support::not_run;

/// What a shell offers for words that are typed so far, the last of them begun.
const OFFERED: [(&str, &[&str]); 6] = [
    ("same-ca ch", &["check"]),
    ("same-ca check --reference", &["--reference", "--reference-document"]),
    (
        "same-ca enforce --install-p",
        &["--install-pkcs12", "--install-password-file"],
    ),
    ("same-ca dsc va", &["validate"]),
    ("same-ca fleet --as", &["--as-of"]),
    ("same-ca check --profile mut", &["mutual-tls"]),
];

/// The script of a shell, if the shell is here.
fn script(shell: &str) -> Option<PathBuf> {
    if Command::new(shell).arg("--version").output().is_err() {
        not_run(&format!("completion in {shell} (it is not installed)"));
        return None;
    }
    let ran = run(same_ca(&["completions", shell]), "");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("completion");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("same-ca.{shell}"));
    fs::write(&path, ran.stdout).unwrap();
    Some(path)
}

/// What a shell program writes.
fn said(shell: &str, arguments: &[&str], program: &str) -> String {
    let mut command = Command::new(shell);
    command.args(arguments).arg(program);
    let ran = run(command, "");
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

#[test]
fn bash_completes_below_the_subcommand() {
    let Some(script) = script("bash") else { return };
    for (line, expected) in OFFERED {
        let program = format!(
            "source {} && words=({line}) && COMP_WORDS=(\"${{words[@]}}\") && COMP_CWORD=$((${{#words[@]}} - 1)) && \
             function=$(complete -p same-ca | sed 's/.*-F \\([^ ]*\\).*/\\1/') && \
             $function same-ca \"${{words[COMP_CWORD]}}\" \"${{words[COMP_CWORD-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        let offered = said("bash", &["--norc", "-c"], &program);
        for word in expected {
            assert!(offered.lines().any(|line| line.trim() == *word), "{line}: {offered}");
        }
    }
}

#[test]
fn fish_completes_below_the_subcommand() {
    let Some(script) = script("fish") else { return };
    for (line, expected) in OFFERED {
        let program = format!("source {}; complete -C '{line}'", script.display());
        let offered = said("fish", &["--no-config", "-c"], &program);
        for word in expected {
            let is_offered = |line: &str| line.split('\t').next() == Some(*word);
            assert!(offered.lines().any(is_offered), "{line}: {offered}");
        }
    }
}

#[test]
fn zsh_completes_below_the_subcommand() {
    let Some(script) = script("zsh") else { return };
    for (line, expected) in OFFERED {
        // A terminal of its own: zsh completes nowhere else. What is offered is listed, or completed where it is one.
        let program = format!(
            "zmodload zsh/zpty; zpty shell 'TERM=dumb zsh -f -i'; \
             zpty -w shell \"autoload -Uz compinit; compinit -u -D; source {}; LISTMAX=0; PS1=; print rea''dy\"; \
             zpty -r -m shell seen '*ready*'; \
             zpty -w -n shell \"{line}\"$'\\t'; \
             for i in {{1..15}}; do sleep 0.2; while zpty -r -t shell seen; do print -rn -- \"$seen\"; done; done; \
             zpty -d shell",
            script.display()
        );
        let offered = said("zsh", &["-f", "-c"], &program);
        for word in expected {
            assert!(offered.contains(word), "{line}: {offered:?}");
        }
    }
}
