//! The house in order: which module may know which, and what the repository must not mention.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use of the others. `app` alone sees them all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("error", &["protocol"]),
    ("asn1", &[]),
    ("pkcs12", &["asn1", "error"]),
    ("decode", &["asn1", "error", "pkcs12"]),
    ("cert", &["asn1", "error", "protocol"]),
    ("source", &["cert", "decode", "error", "json", "protocol"]),
    ("decide", &["cert", "protocol"]),
    ("explain", &["protocol"]),
    ("enforce", &["cert", "decode", "pkcs12", "protocol"]),
    ("json", &["protocol"]),
    ("render", &["json", "protocol"]),
    ("fleet", &["explain", "json", "protocol"]),
    ("output", &[]),
    ("cli", &["protocol", "render"]),
    (
        "app",
        &[
            "cert", "cli", "decide", "decode", "enforce", "error", "explain", "fleet", "json", "output", "pkcs12",
            "protocol", "render", "source",
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
fn no_files_of_a_room_use_each_other_in_a_circle() {
    let circles = circles(&uses());
    assert!(circles.is_empty(), "files that use each other:\n{}", circles.join("\n"));
}

/// A module by the names on the way to it.
type Module = Vec<String>;

/// What each file of the library uses of its own room, tests apart. That a file uses its parent does not count: the parent
/// says what the room shares.
fn uses() -> BTreeMap<Module, BTreeSet<Module>> {
    let source = root().join("src");
    let module = |path: &Path| -> Module {
        let inside = path.strip_prefix(&source).unwrap().with_extension("");
        let names = inside.iter().map(|part| part.to_str().unwrap().to_owned());
        names.filter(|name| name != "mod").collect()
    };
    let files: BTreeMap<Module, PathBuf> = files(&source).into_iter().map(|path| (module(&path), path)).collect();
    let mut uses = BTreeMap::new();
    for (module, path) in &files {
        let apart = ["main", "lib", "tests", "testing"];
        if module.iter().any(|name| apart.contains(&name.as_str())) {
            continue;
        }
        let parent = &module[..module.len() - 1];
        let children = files
            .keys()
            .filter(|other| other.split_last().is_some_and(|(_, parent)| parent == module));
        let children: Vec<&str> = children.map(|child| child.last().unwrap().as_str()).collect();
        let used = paths(&code(&fs::read_to_string(path).unwrap()), &children)
            .into_iter()
            .filter_map(|path| resolve(module, &path, &files))
            .filter(|used| used[0] == module[0] && used != module && used.as_slice() != parent);
        uses.insert(module.clone(), used.collect());
    }
    uses
}

/// The code of a file: no comments, and no tests, which stand last.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines();
    lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The paths in code that begin with `crate`, `super`, `self` or a module of its own, taken apart at their braces.
fn paths(code: &str, children: &[&str]) -> Vec<Module> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for first in ["crate", "super", "self"].iter().chain(children) {
        for (at, _) in code.match_indices(&format!("{first}::")) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|c| is_name(c) || c == ':') {
                follow(&code[at..], &[], &mut found);
            }
        }
    }
    found
}

/// Follows a path and its branches, and says how long it is.
fn follow(code: &str, way: &[String], found: &mut Vec<Module>) -> usize {
    let mut way = way.to_vec();
    let mut at = 0;
    loop {
        let rest = &code[at..];
        if rest.starts_with('{') {
            at += 1;
            while !code[at..].starts_with('}') {
                at += follow(&code[at..], &way, found);
                at += code[at..].find([',', '}', '{']).unwrap();
                at += usize::from(code[at..].starts_with(','));
                at += code[at..].len() - code[at..].trim_start().len();
            }
            return at + 1;
        }
        let name = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        way.extend((name > 0).then(|| rest[..name].to_owned()));
        at += name;
        if name > 0 && code[at..].starts_with("::") {
            at += 2;
            continue;
        }
        found.push(way);
        // White space before the name, or an asterisk in its place.
        return at + usize::from(name == 0 && !code[at..].starts_with('}'));
    }
}

/// The module that a path in another one leads into.
fn resolve(from: &Module, path: &[String], files: &BTreeMap<Module, PathBuf>) -> Option<Module> {
    let mut to = from.clone();
    for step in path {
        match step.as_str() {
            "crate" => to.clear(),
            "super" => drop(to.pop()),
            "self" => {}
            name => to.push(name.to_owned()),
        }
    }
    while !to.is_empty() && !files.contains_key(&to) {
        to.pop();
    }
    (!to.is_empty()).then_some(to)
}

/// What is left of the arrows once those are taken away that lead to files, or come from files, that lead nowhere.
fn circles(uses: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<String> {
    let mut left = uses.clone();
    loop {
        let used: BTreeSet<Module> = left.values().flatten().cloned().collect();
        let using: BTreeSet<Module> = left
            .iter()
            .filter(|(_, to)| !to.is_empty())
            .map(|(from, _)| from.clone())
            .collect();
        let before: usize = left.values().map(BTreeSet::len).sum();
        left.retain(|from, _| used.contains(from));
        left.values_mut().for_each(|to| to.retain(|to| using.contains(to)));
        if left.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    let arrow = |(from, to): (&Module, &BTreeSet<Module>)| {
        let to: Vec<String> = to.iter().map(|to| to.join("::")).collect();
        (!to.is_empty()).then(|| format!("{} -> {}", from.join("::"), to.join(", ")))
    };
    left.iter().filter_map(arrow).collect()
}

#[test]
fn circles_are_seen_however_they_are_written() {
    let found = paths(
        "use super::{a::{self, B as C}, d::*};\nlet x = crate::e::f(live::read);",
        &["live"],
    );
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    for expected in ["super::a::self", "super::a::B", "super::d", "crate::e::f", "live::read"] {
        assert!(found.iter().any(|path| path == expected), "{expected}: {found:?}");
    }
    let module = |name: &str| vec![name.to_owned()];
    let uses = |arrows: &[(&str, &str)]| {
        let mut uses = BTreeMap::<Module, BTreeSet<Module>>::new();
        for (from, to) in arrows {
            uses.entry(module(to)).or_default();
            uses.entry(module(from)).or_default().insert(module(to));
        }
        uses
    };
    assert!(circles(&uses(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    let circle = circles(&uses(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]));
    assert_eq!(circle, ["b -> c", "c -> b"]);
}

#[test]
fn every_fuzz_target_of_the_burst_is_one_of_libfuzzer_too() {
    let fuzz = root().join("tests/fuzz");
    let read = |name: &str| fs::read_to_string(fuzz.join(name)).unwrap().replace("\r\n", "\n");
    let quoted = |text: &str, before: &str| -> BTreeSet<String> {
        let after = text.split(before).skip(1);
        after.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let burst = quoted(&read("targets.rs"), "            name: \"");
    let built = quoted(&read("Cargo.toml"), "[[bin]]\nname = \"");
    let there: BTreeSet<String> = files(&fuzz.join("fuzz_targets"))
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(!burst.is_empty());
    assert_eq!((&built, &there), (&burst, &burst));
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
