//! The house in order: which module may know which, what the pages show, and what the repository must not mention.

use std::fs;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::Command;

use same_ca::protocol::{Request, read};

#[cfg(unix)]
use crate::mint::Estate;

/// What each module may use of the others. `app` alone sees them all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("error", &["protocol"]),
    ("asn1", &[]),
    ("pkcs12", &["asn1", "error"]),
    ("decode", &["asn1", "error", "pkcs12"]),
    ("cert", &["asn1", "error", "protocol"]),
    ("source", &["error", "protocol", "decode", "cert"]),
    ("decide", &["cert", "protocol"]),
    ("explain", &["protocol"]),
    ("enforce", &["cert", "decode", "pkcs12", "protocol"]),
    ("render", &["protocol"]),
    ("fleet", &["explain", "protocol"]),
    ("output", &[]),
    ("cli", &["protocol"]),
    (
        "app",
        &[
            "cert", "cli", "decide", "decode", "enforce", "error", "explain", "fleet", "output", "pkcs12", "protocol",
            "render", "source",
        ],
    ),
];

#[test]
fn no_module_uses_one_that_comes_after_it() {
    let source = root().join("src");
    let mut wrong = Vec::new();
    for path in files(&source) {
        let inside = path.strip_prefix(&source).unwrap().with_extension("");
        let mut module: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
        if module == ["main"] || module == ["lib"] {
            continue;
        }
        if module.last() == Some(&"mod") {
            module.pop();
        }
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(known, _)| *known == module[0])
            .unwrap_or_else(|| panic!("say in this test what the module {} may use", module[0]));
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (number, line) in code.enumerate() {
            for used in arrows(line, module.len()) {
                let known = MAY_USE.iter().any(|(known, _)| *known == used);
                if used == "{" || (known && used != module[0] && !allowed.contains(&used)) {
                    wrong.push(format!("{}: {} ({})", path.display(), line.trim(), number + 1));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "an arrow points back, or hides in braces:\n{}",
        wrong.join("\n")
    );
}

/// The modules of the crate's root that a line names, in a file as many modules deep.
fn arrows(line: &str, depth: usize) -> Vec<&str> {
    let to_root = "super::".repeat(depth);
    let mut found = Vec::new();
    for prefix in ["crate::", to_root.as_str()] {
        for (at, _) in line.match_indices(prefix) {
            // `super::` once more than that would leave the crate, and `super::` before it is part of the way.
            let rest = &line[at + prefix.len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            found.push(if rest.starts_with('{') {
                &rest[..1]
            } else {
                &rest[..end]
            });
        }
    }
    found
}

#[test]
fn arrows_are_seen_however_they_are_written() {
    assert_eq!(arrows("use crate::app::World;", 1), ["app"]);
    assert_eq!(
        arrows("let x = super::super::decide::f(crate::cert::g());", 2),
        ["cert", "decide"]
    );
    assert_eq!(arrows("use crate::{app, cert};", 2), ["{"]);
    assert!(arrows("use super::budget::Budget;", 2).is_empty());
}

#[test]
fn nothing_mentions_this_machine_or_where_packages_come_from() {
    // Put together here, so that this file does not mention them either.
    let words = [
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["/ho", "me/"],
        ["/Us", "ers/"],
        ["crates", ".io"],
        ["index.", "crates"],
        ["artifac", "tory"],
        ["pypi", ".org"],
    ]
    .map(|parts| parts.concat());
    let mut wrong = Vec::new();
    for path in files(&root()) {
        // The lock file names the registry of every package: cargo writes it so.
        if path.ends_with("Cargo.lock") {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for (number, line) in text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                wrong.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_request_that_the_readme_shows_is_one() {
    let readme = readme();
    let requests: Vec<&str> = fences(&readme, "json")
        .filter(|block| block.contains("\"reference\": [") && !block.contains("\"tool\""))
        .collect();
    assert!(!requests.is_empty());
    for request in requests {
        let request: Request = read::read(request.as_bytes()).unwrap_or_else(|fault| panic!("{fault:?}\n{request}"));
        request.check().unwrap();
    }
}

#[cfg(unix)]
#[test]
fn the_commands_of_the_readme_that_are_for_the_demo_run_in_it() {
    /// Stands in the README before a block of commands for the demo's folder; it is not shown.
    const MARK: &str = "<!-- runs in the demo -->\n";
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let _ = fs::remove_dir_all(&folder);
    Estate::lync(&folder).unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_same-ca")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(binaries.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    let readme = readme();
    let marked: Vec<&str> = readme.split(MARK).skip(1).collect();
    assert!(!marked.is_empty(), "no block is marked with {MARK}");
    for after in marked {
        let block = fences(after, "sh").next().unwrap();
        assert!(
            after.starts_with("```sh"),
            "the mark stands right before a block of commands"
        );
        let run = Command::new("sh")
            .args(["-euc", block])
            .current_dir(&folder)
            .env("PATH", &path)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success() && errors.is_empty(), "{block}\n{errors}");
        assert!(!run.stdout.is_empty(), "{block}");
    }
}

#[test]
fn the_verdict_that_the_readme_shows_is_the_one_of_the_demo() {
    let report = include_str!("snapshots/same_ca__estates__lync_estate.snap");
    let readme = readme();
    let shown: Vec<&str> = fences(&readme, "text").flat_map(str::lines).collect();
    assert!(!shown.is_empty());
    for line in shown {
        assert!(report.contains(line), "make demo does not say: {line}");
    }
}

/// The fenced blocks of a page that are of a language.
fn fences<'a>(page: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let opening = format!("```{language}\n");
    let blocks: Vec<&str> = page
        .split(opening.as_str())
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap())
        .collect();
    blocks.into_iter()
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md"))
        .unwrap()
        .replace("\r\n", "\n")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder that belongs to the repository: no build output, nothing of version control.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        let left_out = [".git", "target", "dist", "__pycache__", "node_modules"];
        if left_out.iter().any(|left_out| name == *left_out) {
            continue;
        }
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => found.extend(files(&path)),
            kind if kind.is_file() => found.push(path),
            _ => {}
        }
    }
    found.sort();
    found
}
