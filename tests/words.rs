//! The words of findings: all in the table of `explain`, each with a place for every value, and none made elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use mint::Ca;
use same_ca::explain::{self, Row};
use same_ca::protocol::{Code, Phrase, Report};

use crate::support::binary::{run, same_ca};

/// Families whose texts are named by words of rooms that know no table ([`Phrase::named`]), with the rooms.
const NAMED: &[(&str, &[&str])] = &[
    (
        "file",
        &[
            "source/decoded.rs",
            "source/file.rs",
            "source/inline.rs",
            "source/reader.rs",
            "source/server.rs",
        ],
    ),
    ("found", &["decode", "source/tls"]),
    ("thing", &["decode", "pkcs12", "source/tls"]),
    ("flaw", &["asn1", "decode", "pkcs12"]),
    ("ambiguous", &["decode"]),
    ("starttls", &["source/starttls.rs"]),
    ("signature", &["cert"]),
    ("key", &["cert"]),
    ("place", &["enforce"]),
];

/// A file of the program without its tests and comments.
struct Room {
    path: String,
    code: String,
}

fn rooms() -> Vec<Room> {
    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files(&path, found),
                false => found.push(path),
            }
        }
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    found.sort();
    let room = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code = code
            .split("#[cfg(test)]\n#[cfg(feature = \"openssl\")]\nmod tests {")
            .next();
        let lines = code.unwrap_or_default().lines();
        let lines: Vec<&str> = lines.filter(|line| !line.trim_start().starts_with("//")).collect();
        Room {
            path: path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"),
            code: lines.join("\n"),
        }
    };
    let is_test = |path: &PathBuf| path.ends_with("tests.rs") || path.iter().any(|part| part == "tests");
    let rooms = found.into_iter().filter(|path| !is_test(path)).map(room);
    rooms.collect()
}

/// The rooms that find, none of which knows the words.
fn finders() -> Vec<Room> {
    let knows = |path: &str| path.starts_with("explain/") || path == "protocol/finding.rs";
    rooms().into_iter().filter(|room| !knows(&room.path)).collect()
}

/// The arguments of every call of `name(`, as they are written, without blanks at their ends.
fn calls<'c>(code: &'c str, name: &str) -> Vec<Vec<&'c str>> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(name) {
        let inside = &code[at + name.len()..];
        let (mut depth, mut quoted, mut escaped, mut start) = (0usize, false, false, 0);
        let mut arguments = Vec::new();
        for (index, c) in inside.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ if quoted => {}
                '(' | '[' | '{' => depth += 1,
                ')' if depth == 0 => {
                    arguments.push(inside[start..index].trim());
                    break;
                }
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    arguments.push(inside[start..index].trim());
                    start = index + 1;
                }
                _ => {}
            }
        }
        arguments.retain(|argument| !argument.is_empty());
        found.push(arguments);
    }
    found
}

fn literal(argument: &str) -> Option<&str> {
    argument.strip_prefix('"')?.strip_suffix('"')
}

fn code_of(argument: &str) -> Option<&'static str> {
    let variant = argument.strip_prefix("Code::")?;
    let code = Code::ALL.iter().find(|code| format!("{code:?}") == variant);
    code.map(|code| code.as_str())
}

/// The texts that a room names, and how each is written.
fn made(room: &Room) -> Vec<String> {
    let mut texts = Vec::new();
    let findings = calls(&room.code, "Finding::of(").into_iter();
    let findings = findings.chain(calls(&room.code, "rules.finding("));
    let findings = findings.chain(calls(&room.code, "rules\n            .finding("));
    let findings = findings.chain(calls(&room.code, ".finding("));
    for arguments in findings {
        let [code, text] = arguments.as_slice() else { continue };
        let Some(text) = literal(text) else { continue };
        texts.push(match code_of(code) {
            Some(code) => format!("{code}.{text}"),
            None => format!("*.{text}"),
        });
    }
    for arguments in calls(&room.code, "Phrase::of(") {
        if let [text] = arguments.as_slice() {
            texts.extend(literal(text).map(str::to_owned));
        }
    }
    texts
}

/// Every text between quotes, continued lines joined.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut characters = code.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\'' => {
                // A character, or the name of a lifetime.
                let mut ahead = characters.clone();
                let first = ahead.next();
                if first == Some('\\') || ahead.next() == Some('\'') {
                    characters.next();
                    characters.next();
                }
            }
            '"' => {
                let mut text = String::new();
                while let Some(c) = characters.next() {
                    match c {
                        '"' => break,
                        '\\' => match characters.next() {
                            Some('\n') => while characters.next_if(|c| c.is_whitespace()).is_some() {},
                            Some(c) => text.push(c),
                            None => {}
                        },
                        c => text.push(c),
                    }
                }
                found.push(text);
            }
            _ => {}
        }
    }
    found
}

fn is_named(text: &str) -> bool {
    let family = text.split('.').next().unwrap_or_default();
    NAMED.iter().any(|(named, _)| *named == family)
}

#[test]
fn every_text_that_is_named_is_in_the_table_and_every_text_of_the_table_is_named() {
    let mut named: BTreeSet<String> = BTreeSet::new();
    for room in rooms().iter().filter(|room| !room.path.starts_with("protocol/finding")) {
        named.extend(made(room));
    }
    let unknown: Vec<&String> = named.iter().filter(|text| explain::find(text).is_none()).collect();
    assert!(unknown.is_empty(), "not in the table: {unknown:?}");
    let words: BTreeSet<String> = NAMED
        .iter()
        .flat_map(|(family, places)| {
            let rooms = rooms().into_iter();
            let rooms = rooms.filter(|room| places.iter().any(|place| room.path.starts_with(place)));
            let texts = rooms.flat_map(|room| literals(&room.code));
            texts.map(|words| Phrase::named(family, &words).text.into_owned())
        })
        .collect();
    let spare: Vec<&str> = explain::rows()
        .map(|row| row.text)
        .filter(|text| !(named.contains(*text) || is_named(text) && words.contains(*text)))
        .collect();
    assert!(spare.is_empty(), "nobody says: {spare:?}");
}

#[test]
fn the_words_of_rooms_that_know_no_table_are_in_it() {
    let mut missing = Vec::new();
    let mut looked_at = 0;
    let mut look = |family: &str, room: &Room, words: &str| {
        looked_at += 1;
        let text = Phrase::named(family, words).text;
        if explain::find(&text).is_none() {
            missing.push(format!("{}: {text}: {words}", room.path));
        }
    };
    // The call or field in which a room gives its words, and the family that they are of.
    let given: &[(&str, &str, &str)] = &[
        ("source/file.rs", "Err(", "file"),
        ("source/file.rs", "map_err(|_| ", "file"),
        ("source/inline.rs", "ok_or(", "file"),
        ("source/inline.rs", "map_err(|_| ", "file"),
        ("source/", "unreadable(label, ", "file"),
        ("source/", "unreadable(path, ", "file"),
        ("source/", "unreadable(&label, ", "file"),
        ("decode/", "found(", "found"),
        ("decode/", "hinted(", "found"),
        ("decode/", "container: ", "thing"),
        ("decode/", "damaged(", "thing"),
        ("decode/", "let what = ", "thing"),
        ("pkcs12/", "damaged(", "thing"),
        ("decode/", "detail: ", "flaw"),
        ("decode/", "DamagedCertificate(", "flaw"),
        ("decode/pem.rs", "Err(", "flaw"),
        ("pkcs12/", "container: ", "thing"),
        ("pkcs12/", "let what = ", "thing"),
        ("pkcs12/", "detail: ", "flaw"),
        ("asn1/ber.rs", " => ", "flaw"),
        ("decode/pem.rs", "const ", "ambiguous"),
        ("cert/key.rs", "Err(", "key"),
        ("cert/verify/", "Verification::Unsupported(", "key"),
        ("cert/algorithm", "unsupported(", "signature"),
        ("source/starttls.rs", "refused(", "starttls"),
        ("source/starttls.rs", "why: ", "starttls"),
        ("source/starttls.rs", "Some(Err(", "starttls"),
        ("source/tls/link.rs", "Some(", "found"),
        ("enforce/", "Unfit::Why(", "place"),
        ("enforce/", "refused(", "place"),
        ("enforce/", "let why = ", "place"),
        ("enforce/mod.rs", " => ", "place"),
        ("enforce/folder/windows.rs", "return Some(", "place"),
    ];
    for room in finders() {
        for (_, before, family) in given.iter().filter(|(path, ..)| room.path.starts_with(path)) {
            for (at, _) in room.code.match_indices(before) {
                let behind = &room.code[at + before.len()..];
                let behind = match *before {
                    "const " => match behind.split_once(": &str =") {
                        Some((name, rest)) if !name.contains('\n') => rest,
                        _ => continue,
                    },
                    _ => behind,
                };
                let behind = behind.trim_start();
                let behind = behind.strip_prefix("named(), ").unwrap_or(behind);
                if !behind.starts_with('"') {
                    continue;
                }
                let words = literals(&behind[..behind.len().min(1_000)]).into_iter().next();
                if let Some(words) = words.filter(|words| !words.is_empty()) {
                    look(family, &room, &words);
                }
            }
        }
    }
    assert!(
        looked_at > 100,
        "only {looked_at} were found: the rooms give their words in another way"
    );
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_place_of_a_text_gets_its_value_where_it_is_named_and_every_value_has_a_place() {
    let mut wrong = Vec::new();
    for room in finders() {
        let rows: Vec<(String, &Row)> = made(&room)
            .into_iter()
            .filter_map(|text| explain::find(&text).map(|row| (text.clone(), row)))
            .collect();
        if rows.is_empty() {
            continue;
        }
        let mut given: BTreeSet<String> = BTreeSet::new();
        for name in ["value(", "phrase("] {
            for arguments in calls(&room.code, name) {
                given.extend(arguments.first().and_then(|name| literal(name)).map(str::to_owned));
            }
        }
        if room.code.contains(".cause(") {
            given.insert("cause".into());
        }
        let mut places: BTreeSet<&str> = BTreeSet::new();
        for (text, row) in &rows {
            for place in row.places() {
                places.insert(place);
                if !given.contains(place) {
                    wrong.push(format!("{}: {text}: nothing fills {{{place}}}", room.path));
                }
            }
        }
        for name in given.iter().filter(|name| !places.contains(name.as_str())) {
            wrong.push(format!(
                "{}: the value {name} fills no text that is named there",
                room.path
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_message_expectation_or_hint_of_a_finding_is_made_outside_the_table() {
    /// What would make words of a finding, or change them.
    const MAKES: &[&str] = &[
        "finding.message =",
        "finding.hint =",
        "finding.expected =",
        "finding.actual =",
        ".message(",
        ".hint(\"",
        ".hint(hint",
        ".hint(format!",
        ".expected(",
        ".actual(",
        "Finding::new(",
        "|finding| finding.message",
        "problem.message",
    ];
    let mut wrong = Vec::new();
    for room in finders() {
        let finds = ["decide/", "source/", "enforce/", "app/", "cert/", "decode/", "pkcs12/"];
        if !finds.iter().any(|place| room.path.starts_with(place)) {
            continue;
        }
        for makes in MAKES {
            wrong.extend(
                room.code
                    .match_indices(makes)
                    .map(|_| format!("{}: {makes}", room.path)),
            );
        }
        // A finding in braces may have its place and weight changed, and no words.
        for (at, _) in room.code.match_indices("Finding {") {
            let before = room.code[..at].trim_end();
            if before.ends_with("->")
                || before.ends_with("impl")
                || before.ends_with("for")
                || before.ends_with("struct")
            {
                continue;
            }
            let inside = room.code[at..].split_once('{').map_or("", |(_, rest)| rest);
            let mut depth = 0;
            let end = inside.find(|c| {
                depth += match c {
                    '{' => 1,
                    '}' => -1,
                    _ => 0,
                };
                depth < 0
            });
            let inside = &inside[..end.unwrap_or(inside.len())];
            for field in inside.lines().map(str::trim) {
                let name: String = field.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if ["message", "expected", "actual", "hint", "text", "values", "code"].contains(&name.as_str()) {
                    wrong.push(format!("{}: a finding in braces sets {name}", room.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn decide_knows_nothing_of_the_words() {
    for room in rooms().iter().filter(|room| room.path.starts_with("decide/")) {
        assert!(!room.code.contains("::explain"), "{}", room.path);
    }
}

#[test]
fn the_table_holds_no_words_that_administrators_do_not_use() {
    /// Words of this house that readers would have to guess, with what to write.
    const AVOIDED: &[(&str, &str)] = &[
        (" vouch", "trust"),
        ("nobody knows", "it is not known"),
        ("could not be told", "could not be determined"),
        ("anew", "again"),
        ("what stands", "the current certificate"),
        ("lends", "is used"),
        ("candidate 1", "the candidate's file"),
    ];
    let mut wrong: BTreeMap<&str, &str> = BTreeMap::new();
    for row in explain::rows() {
        for template in row.templates() {
            wrong.extend(
                AVOIDED
                    .iter()
                    .filter(|(word, _)| template.contains(word))
                    .map(|(word, _)| (row.text, *word)),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// A folder of its own with a reference, a subject, their CA and a truststore of it.
fn files() -> PathBuf {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let name = format!("words-{}", MADE.fetch_add(1, Ordering::Relaxed));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let ca = Ca::root("CN=Contoso Issuing CA");
    let fe = ca.server("fe01.contoso.com").build();
    let p = ca.server("p.contoso.com").build();
    let write = |name: &str, content: &[u8]| fs::write(folder.join(name), content).unwrap();
    write("fe01.pem", fe.pem().as_bytes());
    write("p.pem", p.pem().as_bytes());
    write("ca.pem", ca.cert.pem().as_bytes());
    write("password", b"secret\n");
    let mut stack = openssl::stack::Stack::new().unwrap();
    stack.push(ca.cert.openssl()).unwrap();
    let mut store = openssl::pkcs12::Pkcs12::builder();
    store.ca(stack);
    write("trust.p12", &store.build2("secret").unwrap().to_der().unwrap());
    folder
}

/// The answer to flags, as JSON and as text.
fn answers(folder: &Path, flags: &[&str]) -> (Report, String) {
    let ran = |format: &str| {
        let mut command = same_ca(&["check", "--format", format, "--valid-at", "2026-11-20T00:00:00Z"]);
        command.current_dir(folder).args(flags);
        let run = run(command, Vec::new());
        assert_eq!(run.code, 0, "{}", run.stderr);
        String::from_utf8(run.stdout).unwrap()
    };
    (serde_json::from_str(&ran("json")).unwrap(), ran("text"))
}

#[test]
fn who_types_flags_is_told_of_flags_in_text_and_json() {
    let folder = files();
    let (report, text) = answers(&folder, &["--reference", "fe01.pem", "--subject", "p.pem"]);
    let hint = report.subjects[0].findings[0].hint.as_deref().unwrap();
    assert!(
        hint.contains("with --authority") && !hint.contains("authorities"),
        "{hint}"
    );
    assert!(text.contains(hint), "{text}");
    let (report, _) = answers(
        &folder,
        &["--reference", "ca.pem", "--subject", "p.pem", "--authority", "ca.pem"],
    );
    let hint = report.subjects[0].findings[0].hint.as_deref().unwrap();
    assert!(
        hint.contains("--pin-authority") && !hint.contains("instead of source"),
        "{hint}"
    );
}

#[test]
fn a_password_file_is_opened_for_what_needs_one_alone_and_opens_a_truststore() {
    let folder = files();
    let with = |authority: &str, password: &str| {
        let servers = ["--reference", "fe01.pem", "--subject", "p.pem"];
        let others = ["--authority", authority, "--password-file", password];
        answers(&folder, &[servers, others].concat()).0
    };
    let report = with("ca.pem", "no-such-file");
    assert!(report.compliant, "{}", report.message);
    let report = with("trust.p12", "password");
    assert!(report.compliant, "{}", report.message);
    let report = with("trust.p12", "no-such-file");
    assert!(report.message.contains("no-such-file"), "{}", report.message);
}

#[test]
fn what_was_passed_over_is_named_by_its_file_and_thumbprint() {
    let folder = files();
    fs::create_dir_all(folder.join("store")).unwrap();
    fs::copy(folder.join("fe01.pem"), folder.join("store/one.pem")).unwrap();
    let (report, text) = answers(
        &folder,
        &[
            "--reference",
            "fe01.pem",
            "--any-of",
            "store",
            "--any-of",
            "p.pem",
            "--authority",
            "ca.pem",
            "--name",
            "x.contoso.com",
        ],
    );
    let passed = report.subjects[0].passed_over.as_ref().unwrap();
    let file = Path::new("store").join("one.pem");
    assert_eq!(passed[0].source.as_deref(), file.to_str());
    let thumbprint = passed[0].certificate.as_ref().unwrap().sha1;
    assert!(
        text.contains(&format!("passed over {} (thumbprint {thumbprint})", file.display())),
        "{text}"
    );
    assert!(!text.contains("source 1") && !text.contains("candidate 1"), "{text}");
    assert!(report.message.contains("the nearest is"), "{}", report.message);
}

#[test]
fn what_a_report_says_can_be_said_again_from_its_texts_and_values() {
    let folder = files();
    let (report, _) = answers(
        &folder,
        &[
            "--reference",
            "fe01.pem",
            "--subject",
            "p.pem",
            "--subject",
            "nowhere.pem",
        ],
    );
    let mut again = report.clone();
    let subjects = again.subjects.iter_mut().flat_map(|subject| &mut subject.findings);
    for finding in subjects.chain(&mut again.reference.findings) {
        assert_eq!(explain::flaws(&finding.text, &finding.values), Vec::<String>::new());
        finding.message.clear();
        finding.hint = None;
    }
    explain::report(&mut again, explain::Voice::Flags);
    assert_eq!(again, report);
}

#[test]
fn without_a_reference_nothing_is_said_of_its_ca() {
    let folder = files();
    for reference in ["", "--reference=no-such-file.pem"] {
        let mut arguments = vec!["--subject", "fe01.pem"];
        if !reference.is_empty() {
            arguments.push(reference);
        }
        let (_, text) = answers(&folder, &arguments);
        assert!(text.contains("There is no reference to compare it with."), "{text}");
        assert!(!text.contains("names the reference's CA"), "{text}");
    }
}

#[test]
fn a_host_in_the_place_of_a_path_is_known_with_its_port_or_by_its_domain() {
    for (path, server) in [
        ("fe01.contoso.com", Some("tls://fe01.contoso.com:443")),
        ("fe01.contoso.com:5061", Some("tls://fe01.contoso.com:5061")),
        ("fe01:5061", Some("tls://fe01:5061")),
        ("localhost:443", Some("tls://localhost:443")),
        ("fe01", None),
        ("fe01.pem", None),
        ("fe01:", None),
        ("fe01:99999", None),
        ("C:5061", None),
        (":443", None),
    ] {
        let meant = same_ca::protocol::source::looks_like_host(path);
        assert_eq!(meant.as_deref(), server, "{path}");
    }
    let (_, text) = answers(&files(), &["--reference", "fe01:5061", "--subject", "p.pem"]);
    assert!(
        text.contains("did you mean the server? Then write tls://fe01:5061"),
        "{text}"
    );
}
