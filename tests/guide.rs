//! The pages: each is followed from an empty folder by its own commands, and every block of every page is accounted for.
//!
//! A block of `sh` is run, after those before it and in the same shell. A block of `text` or `json` behind it is what it
//! prints; `…` stands for what is left out, in a line or as a line. Where the line before a block ends in "Save this as
//! `NAME`:", the block becomes that file. What stands in a comment right before a block says what else becomes of it:
//!
//! - `<!-- with NAME … -->`: files that the reader has; the test puts them into the folder first
//! - `<!-- run by PATH -->`: another test runs it; before the first heading, that test runs every block of the page
//! - `<!-- in PATH -->`: it is a part of that file, which is run
//! - `<!-- checked by PATH: WHY -->`: no test can run it; another one checks that what it names is there
//! - `<!-- not run: WHY -->`: no test can run it
//! - `<!-- shown: WHY -->`: it is nothing that could be run
//!
//! `INSTA_UPDATE=always` writes what the commands print into the pages.

use std::fs;
use std::path::{Path, PathBuf};

use same_ca::protocol::Request;

use crate::support::not_run;

/// Every page, and what it is called among the tests.
macro_rules! pages {
    ($($test:ident: $path:literal,)*) => {
        /// The pages that tests follow.
        const PAGES: &[&str] = &[$($path),*];

        $(
            #[test]
            fn $test() {
                follow($path);
            }
        )*
    };
}

pages! {
    the_readme_is_followed_from_an_empty_folder: "README.md",
    the_page_on_ansible_is_followed_from_an_empty_folder: "docs/ansible.md",
    the_page_for_auditors_is_followed_from_an_empty_folder: "docs/audit.md",
    the_page_on_dsc_is_followed_from_an_empty_folder: "docs/dsc.md",
    the_page_on_enforce_is_followed_from_an_empty_folder: "docs/enforce.md",
    the_page_on_fleets_is_followed_from_an_empty_folder: "docs/fleet.md",
    the_glossary_is_followed_from_an_empty_folder: "docs/glossary.md",
    the_page_on_installing_is_followed_from_an_empty_folder: "docs/install.md",
    the_page_on_lync_is_followed_from_an_empty_folder: "docs/lync.md",
    the_page_on_the_protocol_is_followed_from_an_empty_folder: "docs/protocol.md",
    the_page_on_releasing_is_followed_from_an_empty_folder: "docs/releasing.md",
    the_page_on_verdicts_is_followed_from_an_empty_folder: "docs/verdict.md",
    the_page_on_windows_is_followed_from_an_empty_folder: "docs/windows.md",
    contributing_is_followed_from_an_empty_folder: "CONTRIBUTING.md",
    the_page_of_the_module_is_followed_from_an_empty_folder: "dsc/README.md",
    the_page_of_the_collection_is_followed_from_an_empty_folder: "ansible/ansible_collections/sameca/pki/README.md",
    the_page_of_windows_targets_is_followed_from_an_empty_folder: "ansible/ansible_collections/sameca/pki/docs/windows.md",
}

/// What becomes of a block, as the comment before it says.
#[derive(Debug, Clone, PartialEq)]
enum Mark {
    With(Vec<String>),
    RunBy(String),
    Checked(String, String),
    In(String),
    NotRun(String),
    Shown,
}

/// A fenced block of a page.
#[derive(Debug, Clone, PartialEq)]
struct Block {
    /// Where its text begins, from 0.
    line: usize,
    language: String,
    text: String,
    mark: Option<Mark>,
    /// The file that the page says to save it as.
    saved: Option<String>,
}

/// A page's blocks, and the test that runs all of them, if there is one.
#[derive(Debug, Default)]
struct Page {
    blocks: Vec<Block>,
    run_by: Option<String>,
}

impl Page {
    fn read(text: &str) -> Page {
        let mut page = Page::default();
        let mut lines = text.lines().enumerate().peekable();
        let (mut mark, mut said, mut headed) = (None, String::new(), false);
        while let Some((number, line)) = lines.next() {
            let Some(language) = line.trim_start().strip_prefix("```") else {
                headed |= line.starts_with('#');
                match line
                    .trim()
                    .strip_prefix("<!-- ")
                    .and_then(|rest| rest.strip_suffix(" -->"))
                {
                    Some(comment) if !headed => page.run_by = comment.strip_prefix("run by ").map(str::to_owned),
                    Some(comment) => mark = Mark::read(comment),
                    None if line.trim().is_empty() => {}
                    None => {
                        mark = None;
                        said = line.to_owned();
                    }
                }
                continue;
            };
            let indent = line.len() - line.trim_start().len();
            let mut body = Vec::new();
            for (_, line) in lines.by_ref() {
                if line.trim() == "```" {
                    break;
                }
                body.push(line.get(indent..).unwrap_or_default());
            }
            page.blocks.push(Block {
                line: number + 1,
                language: language.to_owned(),
                text: body.join("\n"),
                mark: mark.take(),
                saved: saved_as(&said),
            });
            said.clear();
        }
        page
    }
}

impl Mark {
    fn read(comment: &str) -> Option<Mark> {
        let (word, rest) = comment.split_once(' ')?;
        match word {
            "in" => Some(Mark::In(rest.to_owned())),
            "with" => Some(Mark::With(rest.split(' ').map(str::to_owned).collect())),
            "run" => rest.strip_prefix("by ").map(|test| Mark::RunBy(test.to_owned())),
            "checked" => {
                let (test, why) = rest.strip_prefix("by ")?.split_once(": ")?;
                Some(Mark::Checked(test.to_owned(), why.to_owned()))
            }
            "not" => rest.strip_prefix("run: ").map(|why| Mark::NotRun(why.to_owned())),
            "shown:" => Some(Mark::Shown),
            _ => None,
        }
    }
}

/// The file that a line before a block says to save it as.
fn saved_as(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("ave this as `")?;
    let (name, rest) = rest.split_once('`')?;
    rest.ends_with(':').then(|| name.to_owned())
}

#[test]
fn blocks_are_read_with_what_the_page_says_of_them() {
    let page = Page::read(
        "# T\n\nSave this as `a/b.json`:\n\n```json\n{}\n```\n\n<!-- not run: needs Windows -->\n```bat\ndir\n```\n\
         - in a list\n\n  ```sh\n  ls\n    x\n  ```\n<!-- with a.cer b.cer -->\nNo more.\n```text\n```\n",
    );
    let found: Vec<_> = page
        .blocks
        .iter()
        .map(|block| (block.language.as_str(), block.text.as_str()))
        .collect();
    assert_eq!(found, [("json", "{}"), ("bat", "dir"), ("sh", "ls\n  x"), ("text", "")]);
    assert_eq!(page.blocks[0].saved.as_deref(), Some("a/b.json"));
    assert_eq!(page.blocks[1].mark, Some(Mark::NotRun("needs Windows".into())));
    assert_eq!((page.blocks[2].line, page.blocks[3].mark.clone()), (15, None));
    assert_eq!(Page::read("<!-- run by x -->\n# T\n").run_by.as_deref(), Some("x"));
}

/// Whether what was printed is what the page shows, whose `…` stand for anything.
fn is_shown(shown: &[&str], printed: &[&str]) -> bool {
    match (shown, printed) {
        ([], []) => true,
        (["…", rest @ ..], _) => (0..=printed.len()).any(|skipped| is_shown(rest, &printed[skipped..])),
        ([line, shown @ ..], [other, printed @ ..]) => is_line(line, other) && is_shown(shown, printed),
        _ => false,
    }
}

fn is_line(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = match parts.peek() {
            Some(_) => rest.find(part),
            None => rest.len().checked_sub(part.len()).filter(|_| rest.ends_with(part)),
        };
        let Some(at) = at else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

#[test]
fn what_is_left_out_is_anything_and_nothing_else_is() {
    assert!(is_shown(&["a", "…", "z"], &["a", "b", "c", "z"]));
    assert!(is_shown(&["a", "…"], &["a"]));
    assert!(is_shown(&["in … days, … more"], &["in 3 days, 4 more"]));
    assert!(!is_shown(&["a"], &["a", "b"]));
    assert!(!is_shown(&["in … days"], &["in 3 days, 4 more"]));
    assert!(!is_shown(&["a", "…", "z"], &["a"]));
}

/// Accounts for every block of a page, and runs those that can be run here.
fn follow(path: &str) {
    let text = page(path);
    let read = Page::read(&text);
    let mut script = Vec::new();
    for block in &read.blocks {
        let place = format!("{path}:{}", block.line + 1);
        match (&block.mark, &read.run_by) {
            (Some(Mark::NotRun(why)), _) => not_run(&format!("{place}: {why}")),
            (Some(Mark::Shown), _) => {}
            (Some(Mark::In(file)), _) => assert!(page(file).contains(&block.text), "{place}: {file} has another text"),
            (Some(Mark::Checked(test, why)), _) => {
                mentions(test, path);
                not_run(&format!("{place}: {why}; {test} checks the names in it"));
            }
            (Some(Mark::RunBy(test)), _) | (None, Some(test)) => mentions(test, path),
            (Some(Mark::With(_)) | None, _) => match block.language.as_str() {
                "sh" => script.push(block.clone()),
                _ if block.saved.is_some() => {
                    is_understood(&place, block);
                    script.push(block.clone());
                }
                "text" | "json" if script.iter().any(|block: &Block| block.language == "sh") => {
                    script.push(block.clone());
                }
                other => panic!("{place}: nothing runs this block of {other}, and no comment before it says why"),
            },
        }
    }
    if script.is_empty() {
        return;
    }
    #[cfg(unix)]
    run::page(path, &text, &script);
    #[cfg(not(unix))]
    not_run(&format!("the commands of {path} (they are for a shell of Unix)"));
}

/// A test that is said to run a page knows of it.
fn mentions(test: &str, path: &str) {
    let text = fs::read_to_string(root().join(test)).unwrap_or_else(|why| panic!("{path}: {test}: {why}"));
    assert!(text.contains(path), "{test} does not mention {path}");
}

/// What a page says to save is what the program takes.
fn is_understood(place: &str, block: &Block) {
    if block.language == "json" && block.text.contains("\"protocol\"") {
        let request: Request =
            same_ca::json::read(block.text.as_bytes()).unwrap_or_else(|fault| panic!("{place}: {fault:?}"));
        request.check().unwrap_or_else(|fault| panic!("{place}: {fault:?}"));
    }
    if block.language == "yaml" && block.text.contains("type: SameCA/Certificate") {
        let document: serde_json::Value = serde_yaml_ng::from_str(&block.text).unwrap();
        let properties = document["resources"][0]["properties"].to_string();
        let answer = crate::support::binary::call(&["dsc", "validate"], properties).json();
        assert_eq!(answer, serde_json::json!({"valid": true}), "{place}");
    }
}

#[cfg(unix)]
mod run {
    use std::fmt::Write as _;
    use std::net::Ipv4Addr;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use mint::{Ca, CertBuilder, Estate, Key, NOW, San};

    use super::*;
    use crate::support::servers::{Server, accept, bare_context};

    /// Ends what a block prints; no command does.
    const END: char = '\u{1e}';

    /// Beyond any date at which the tests are run.
    const FAR: i64 = NOW + 60 * 365 * 86_400;

    /// Runs a page's blocks in order in an empty folder, and compares what they print with what the page shows.
    pub fn page(path: &str, text: &str, blocks: &[Block]) {
        let all = |word: &str| {
            blocks
                .iter()
                .any(|block| block.language == "sh" && block.text.contains(word))
        };
        for tool in ["openssl ", "python3 "] {
            let is_here = || Command::new(tool.trim()).arg("--version").output().is_ok();
            if all(tool) && !is_here() {
                return not_run(&format!("the commands of {path} (they need {tool})"));
            }
        }
        let reader = Reader::new(&path.replace(['/', '.'], "-"));
        let mut script = String::new();
        for block in blocks {
            if let Some(Mark::With(names)) = &block.mark {
                names.iter().for_each(|name| reader.put(name));
            }
            if let Some(name) = &block.saved {
                let _ = write!(
                    script,
                    "mkdir -p \"$(dirname '{name}')\"\ncat > '{name}' <<'SAVED'\n{}\nSAVED\n",
                    block.text
                );
            } else if block.language == "sh" {
                let _ = write!(script, "{}\nprintf '\\036'\n", block.text);
            }
        }
        let run = Command::new("sh")
            .args(["-euc", &format!("exec 2>&1\n{script}")])
            .current_dir(reader.folder.join("here"))
            .env_clear()
            .env("HOME", reader.folder.join("home"))
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", reader.path())
            .output()
            .unwrap();
        let printed = reader.with_names(&String::from_utf8_lossy(&run.stdout));
        let mut printed = printed.split(END);
        let mut last: Option<&Block> = None;
        let mut shown = text.to_owned();
        let mut out = "";
        for block in blocks.iter().filter(|block| block.saved.is_none()) {
            let place = format!("{path}:{}", block.line + 1);
            if block.language == "sh" {
                out = printed.next().unwrap_or_default();
                last = Some(block);
                // The one that failed is followed by nothing.
                assert!(
                    run.status.success() || printed.clone().next().is_some(),
                    "{place}: {}\n{}\n\n{out}",
                    run.status,
                    block.text
                );
                continue;
            }
            assert!(last.take().is_some(), "{place}: two blocks show what one prints");
            let (expected, actual): (Vec<_>, Vec<_>) = (block.text.lines().collect(), out.trim_end().lines().collect());
            if is_shown(&expected, &actual) {
                continue;
            }
            match std::env::var("INSTA_UPDATE").as_deref() {
                Ok("always") => shown = shown.replacen(&block.text, out.trim_end(), 1),
                _ => panic!("{place}: shown is\n{}\n\nand printed\n{out}", block.text),
            }
        }
        if shown != text {
            fs::write(root().join(path), shown).unwrap();
        }
    }

    /// A reader: an empty folder, a home, the program, and the servers of Contoso.
    struct Reader {
        folder: PathBuf,
        ca: Ca,
        servers: Vec<(&'static str, Server)>,
    }

    impl Reader {
        fn new(name: &str) -> Reader {
            let folder = crate::support::binary::folder(&format!("guide-{name}"));
            for each in ["here", "home", "bin", "estate"] {
                fs::create_dir(folder.join(each)).unwrap();
            }
            let issuing = "CN=Contoso Issuing CA,DC=contoso,DC=com";
            let ca = CertBuilder::authority(issuing, &Key::rsa(2048, "contoso-issuing-0"))
                .validity(NOW, FAR)
                .build_ca();
            let reader = Reader {
                folder,
                ca,
                servers: Vec::new(),
            };
            let servers = [
                "fe01.contoso.com:5061",
                "fe02.contoso.com:5061",
                "pchat01.contoso.com:443",
            ];
            let servers = servers.map(|name| (name, reader.server(name.split(':').next().unwrap_or(name))));
            let reader = Reader {
                servers: servers.into(),
                ..reader
            };
            let estate = reader.folder.join("estate");
            Estate::lync(&estate).unwrap();
            reader.tool(
                "make",
                &format!(
                    "[ \"$*\" = demo ] && mkdir -p target && cp -R '{}' target/demo",
                    estate.display()
                ),
            );
            // The names of Contoso's servers are looked up here: they are on the loopback.
            let mut names = String::new();
            for (name, server) in &reader.servers {
                let _ = writeln!(names, "    tls://{name}) arg=tls://127.0.0.1:{};;", server.port);
                if let Some(name) = name.strip_suffix(":443") {
                    let _ = writeln!(names, "    tls://{name}) arg=tls://127.0.0.1:{};;", server.port);
                }
            }
            let program = env!("CARGO_BIN_EXE_same-ca");
            reader.tool(
                "same-ca",
                &format!("for arg do\n  shift\n  case $arg in\n{names}  esac\n  set -- \"$@\" \"$arg\"\ndone\nexec '{program}' \"$@\""),
            );
            reader
        }

        /// The certificate of one of Contoso's servers, and the server.
        fn server(&self, host: &str) -> Server {
            // It covers the address too: that is what the program is asked for here.
            let names = vec![San::dns(host), San::Ip(Ipv4Addr::LOCALHOST.into())];
            let cert = self.ca.server(host).sans(names).validity(NOW, FAR).build();
            let key = Key::ec("P-256", host);
            let context = bare_context(|context| {
                context.set_certificate(&cert.openssl()).unwrap();
                context.set_private_key(&key.private()).unwrap();
            });
            Server::new(move |tcp, _| accept(&context, tcp))
        }

        /// A program that stands before others on PATH.
        fn tool(&self, name: &str, script: &str) {
            let path = self.folder.join("bin").join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }

        /// What a reader's PATH has beside the system's programs.
        fn path(&self) -> String {
            let given = std::env::var("PATH").unwrap_or_default();
            format!("{}:{given}", self.folder.join("bin").display())
        }

        /// Puts a file that the reader has into the folder.
        fn put(&self, name: &str) {
            let path = self.folder.join("here").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let of = |host: &str| self.ca.server(host).validity(NOW, FAR).build();
            let base = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match base.split_once('.') {
                _ if base == "contoso-issuing-ca.cer" => fs::write(&path, self.ca.cert.der()).unwrap(),
                _ if base == "CertEnroll" => {
                    fs::create_dir(&path).unwrap();
                    fs::write(path.join("Contoso Issuing CA.crt"), self.ca.cert.der()).unwrap();
                }
                Some((host, "cer")) => fs::write(&path, of(&format!("{host}.contoso.com")).der()).unwrap(),
                Some((host, "pem")) => fs::write(&path, of(&format!("{host}.contoso.com")).pem()).unwrap(),
                _ if base == "checkout" => symlink(root(), &path).unwrap(),
                _ => panic!("no reader has {name}"),
            }
        }

        /// What was printed, with the names of the servers.
        fn with_names(&self, printed: &str) -> String {
            let rename = |text: String, (name, server): &(&str, Server)| {
                let port = format!("127.0.0.1:{}", server.port);
                let short = name.strip_suffix(":443").unwrap_or(name);
                text.replace(&format!("tls://{port}"), &format!("tls://{short}"))
                    .replace(&port, name)
            };
            self.servers.iter().fold(printed.to_owned(), rename)
        }
    }
}

#[test]
fn every_page_of_the_guide_is_followed() {
    let pages = fs::read_dir(root().join("docs")).unwrap();
    let pages = pages.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for page in pages.filter(|name| name.ends_with(".md")) {
        let path = format!("docs/{page}");
        assert!(
            PAGES.contains(&path.as_str()),
            "no test follows {path}: add it to `pages!`"
        );
    }
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let mut wrong = Vec::new();
    for path in PAGES.iter().chain(&["SECURITY.md", "CHANGELOG.md"]) {
        let text = page(path);
        for target in links(&text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = match file {
                "" => root().join(path),
                _ => root().join(path).parent().unwrap().join(file),
            };
            let anchored = || {
                let text = fs::read_to_string(&file).unwrap_or_default();
                text.lines().filter_map(heading).any(|heading| heading == anchor)
            };
            if !file.exists() || !(anchor.is_empty() || anchored()) {
                wrong.push(format!("{path}: {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the links of a page lead.
fn links(text: &str) -> Vec<&str> {
    let parts = text.split("](").skip(1);
    parts.filter_map(|rest| rest.split([')', '\n']).next()).collect()
}

/// What a heading is called in an address.
fn heading(line: &str) -> Option<String> {
    let title = line.strip_prefix('#')?.trim_start_matches('#').trim();
    let kept = title.to_lowercase().replace(' ', "-");
    Some(
        kept.chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
            .collect(),
    )
}

#[test]
fn every_file_that_contributing_names_is_there() {
    let text = page("CONTRIBUTING.md");
    let collection = root().join("ansible/ansible_collections/sameca/pki");
    let named = text.split('`').skip(1).step_by(2);
    let paths = named.filter(|name| name.contains('/') && name.split('/').all(is_file_name));
    let mut seen = 0;
    for path in paths.filter(|path| !path.starts_with("dist") && !path.starts_with("target/")) {
        assert!(root().join(path).exists() || collection.join(path).exists(), "{path}");
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

fn is_file_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

#[test]
fn what_lync_server_2013_checks_is_on_a_page_in_the_help_and_in_the_schema() {
    let help = crate::support::binary::call(&["check", "--help"], "");
    // A description in a schema keeps its line breaks.
    let one_line = |text: &str| {
        text.replace("\\n", " ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let places = [
        ("docs/lync.md", one_line(&page("docs/lync.md"))),
        ("--help", one_line(help.text())),
        ("the schema", one_line(&page("schemas/request.schema.json"))),
    ];
    for (place, text) in places {
        for checked in [
            "server authentication",
            "CRL distribution point",
            "1024, 2048 or 4096 bits",
            "P-256, P-384 or P-521",
            "RSASSA-PSS",
            "CNG alone",
        ] {
            assert!(text.contains(checked), "{place}: {checked}");
        }
    }
}

#[test]
fn the_readme_is_a_front_door_of_at_most_150_lines() {
    let lines = page("README.md").lines().count();
    assert!(lines <= 150, "{lines} lines: what is more has a page in docs/");
}

fn page(path: &str) -> String {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"));
    text.replace("\r\n", "\n")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
