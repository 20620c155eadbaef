//! `same-ca batch` as a process: a report a line, in order, whatever stands in the lines beside.

#[cfg(unix)]
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::thread;

use mint::{Ca, NOW_TEXT};
use serde_json::{Value, json};

use crate::support::binary::{Ran, call, folder, run, same_ca, small, spawn, write};

fn batch(stdin: impl AsRef<[u8]> + Send) -> Ran {
    call(&["batch"], stdin)
}

#[test]
fn each_line_is_answered_as_check_would() {
    let small = small();
    let own = folder("batch");
    let good = write(&own, "good.pem", small.good.pem());
    let reference = write(&own, "fe01.pem", small.fe01.pem());
    let rebuilt = Ca::root("CN=Fabrikam CA,DC=fabrikam,DC=com");
    let document = call(&["reference", &reference], "");
    assert_eq!(document.code, 0);
    let mut requests = vec![
        small.good_request(),
        small.request(json!({"pem": small.other.pem()})),
        small.request(json!(good)),
        small.request(json!("nowhere.pem")),
        small.request(json!("tls://127.0.0.1:1")),
        small.request_of(
            json!([{"name": "a", "any_of": [good, {"pem": small.other.pem()}], "names": ["pchat01.contoso.com"]}]),
        ),
    ];
    // The same subject under other references, policies and evidence, some of them given twice.
    let mut other = small.request(json!({"pem": small.other.pem()}));
    other["reference"] = json!([{"name": "pin", "authority": {"pem": rebuilt.cert.pem()}}]);
    let mut by_document = small.good_request();
    by_document["reference"] = json!(null);
    by_document["reference_document"] = document.json();
    let mut strict = small.good_request();
    strict["policy"]["profile"] = json!("mutual-tls");
    strict["candidates"] = json!([{"pem": small.good.pem()}]);
    let mut bare = small.good_request();
    bare["authorities"] = json!([]);
    bare["requirement"] = json!("x");
    requests.extend([other.clone(), by_document, strict, bare, other, small.good_request()]);
    let lines: String = requests.iter().map(|request| request.to_string() + "\n").collect();
    let answered = batch(&lines);
    assert_eq!(answered.code, 0, "{}", answered.stderr);
    let answers: Vec<_> = answered.text().lines().collect();
    assert_eq!(answers.len(), requests.len());
    for (request, answer) in requests.iter().zip(answers) {
        let alone = call(&["check"], request.to_string());
        assert_eq!(alone.text(), format!("{answer}\n"));
    }
}

#[test]
fn a_bad_line_is_answered_in_its_place_and_hides_no_other() {
    let good = small().good_request().to_string();
    let too_long = format!("{{\"protocol\":1,\"host\":\"{}\"}}", "x".repeat(1 << 20));
    let just_fits = good.replacen("{\"", &format!("{{{}\"", " ".repeat((1 << 20) - good.len())), 1);
    assert_eq!(just_fits.len(), 1 << 20);
    /// The code of the error that is expected, and its pointer.
    type Answer = Option<(&'static str, Option<&'static str>)>;
    let lines: Vec<(Vec<u8>, Answer)> = vec![
        (good.clone().into_bytes(), None),
        (Vec::new(), Some(("bad-json", None))),
        (b"   ".to_vec(), Some(("bad-json", None))),
        (b"{".to_vec(), Some(("bad-json", None))),
        (format!("{good}\r").into_bytes(), None),
        (b"\r".to_vec(), Some(("bad-json", None))),
        (b"\xff\xfe\xfd".to_vec(), Some(("bad-json", None))),
        (
            good.replacen("fe01", "fe\u{1}01", 1).into_bytes(),
            Some(("bad-json", None)),
        ),
        (b"[]".to_vec(), Some(("bad-request", Some("")))),
        (b"null".to_vec(), Some(("bad-request", Some("")))),
        (b"{\"protocol\":1}".to_vec(), Some(("bad-request", Some("/subjects")))),
        (
            good.replace("\"protocol\":1", "\"protocol\":7").into_bytes(),
            Some(("unsupported-protocol", Some("/protocol"))),
        ),
        (
            good.replace("subjects", "subject").into_bytes(),
            Some(("bad-request", Some("/subject"))),
        ),
        (
            good.replace(
                "\"policy\":{",
                "\"policy\":{\"severity\":{\"expired\":\"info\",\"expired\":\"info\"},",
            )
            .into_bytes(),
            Some(("bad-request", Some("/policy/severity"))),
        ),
        (
            good.replace(
                "\"policy\":{",
                "\"policy\":{\"severity\":{\"issuer-differs\":\"info\"},",
            )
            .into_bytes(),
            Some(("bad-request", Some("/policy/severity/issuer-differs"))),
        ),
        (format!("{good} {good}").into_bytes(), Some(("bad-json", Some("")))),
        (
            good.replacen("{\"", "{\"protocol\":1,\"", 1).into_bytes(),
            Some(("bad-request", Some(""))),
        ),
        (too_long.into_bytes(), Some(("too-large", Some("")))),
        (just_fits.clone().into_bytes(), None),
        (format!(" {just_fits}").into_bytes(), Some(("too-large", Some("")))),
        (good.clone().into_bytes(), None),
    ];
    for end in [&b"\n"[..], b""] {
        let stream = [
            lines
                .iter()
                .map(|(line, _)| line.as_slice())
                .collect::<Vec<_>>()
                .join(&b'\n'),
            end.to_vec(),
        ]
        .concat();
        let ran = batch(&stream);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert_eq!(
            ran.stderr,
            "same-ca: 17 of 21 lines could not be answered: see their errors\n"
        );
        let answers = ran.lines();
        assert_eq!(answers.len(), lines.len());
        for (number, ((line, expected), answer)) in lines.iter().zip(&answers).enumerate() {
            let line = String::from_utf8_lossy(&line[..line.len().min(300)]);
            match expected {
                None => assert_eq!(answer["status"], "compliant", "{line}: {answer}"),
                Some((code, pointer)) => {
                    crate::support::assert_valid("error", answer);
                    let error = &answer["error"];
                    assert_eq!(
                        (error["code"].as_str(), error["pointer"].as_str()),
                        (Some(*code), *pointer),
                        "{line}: {answer}"
                    );
                    assert_eq!(error["line"], number + 1, "{answer}");
                }
            }
        }
    }
}

#[test]
fn nothing_and_a_byte_order_mark_are_no_lines() {
    for (stdin, answers) in [(&b""[..], 0), (b"\n", 1), (b"\n\n", 2)] {
        assert_eq!(batch(stdin).lines().len(), answers, "{stdin:?}");
    }
    let good = small().good_request().to_string();
    let ran = batch(format!("\u{feff}{good}"));
    assert_eq!((ran.code, ran.lines().len()), (0, 1), "{}", ran.stderr);
    // A mark at the very beginning alone is none.
    assert_eq!(batch(format!("{good}\n\u{feff}{good}")).code, 2);
}

#[test]
fn order_and_line_numbers_hold_beyond_a_window_of_lines() {
    let small = small();
    let request = |number: usize| {
        let mut request = small.good_request();
        request["host"] = json!(number.to_string());
        // A few references take turns, more than are kept.
        request["reference"][0]["name"] = json!(format!("fe{}", number % 80));
        request
    };
    let bad = |number: usize| number % 1000 == 999 || [4095, 4096].contains(&number);
    let count = 4500;
    let line = |number| {
        if bad(number) {
            "{\n".into()
        } else {
            request(number).to_string() + "\n"
        }
    };
    let ran = batch((0..count).map(line).collect::<String>());
    assert_eq!(ran.code, 2);
    let answers = ran.lines();
    assert_eq!(answers.len(), count);
    for (number, answer) in answers.iter().enumerate() {
        if bad(number) {
            assert_eq!(answer["error"]["line"], number + 1);
        } else {
            assert_eq!(
                (&answer["host"], &answer["status"]),
                (&json!(number.to_string()), &json!("compliant"))
            );
            assert_eq!(answer["reference"]["members"][0]["name"], format!("fe{}", number % 80));
        }
    }
}

#[test]
fn a_stream_is_answered_as_it_comes() {
    let mut command = same_ca(&["batch"]);
    let mut child = spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped())).unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let line = small().good_request().to_string() + "\n";
    let writer = thread::spawn(move || {
        for _ in 0..9_000 {
            if input.write_all(line.as_bytes()).is_err() {
                return;
            }
        }
        // Held open: what was answered before must be there all the same.
        thread::sleep(std::time::Duration::from_millis(10));
    });
    let mut first = String::new();
    output.read_line(&mut first).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&first).unwrap()["status"], "compliant");
    drop(output);
    writer.join().unwrap();
    assert_eq!(
        child.wait().unwrap().code(),
        Some(0),
        "a reader that leaves is no trouble"
    );
}

/// The most memory that a batch held over so many lines.
#[cfg(target_os = "linux")]
fn held_over(lines: usize) -> u64 {
    let small = small();
    let mut command = same_ca(&["batch"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let drain = thread::spawn(move || {
        BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .filter(|line| line.contains("compliant"))
            .count()
    });
    let status = format!("/proc/{}/status", child.id());
    let mut request = small.good_request();
    let mut held = 0;
    for number in 0..lines {
        // Every line has a reference of its own: none may be kept for ever.
        request["reference"][0]["name"] = json!(number.to_string());
        writeln!(input, "{request}").unwrap();
        if number % 512 == 0 {
            let status = fs::read_to_string(&status).unwrap();
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
            held = peak.split_whitespace().next().unwrap().parse().unwrap();
        }
    }
    drop(input);
    assert_eq!(drain.join().unwrap(), lines);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    held
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_stream() {
    // Two windows and a little more, then three.
    let (short, long) = (held_over(8_300), held_over(12_600));
    assert!(
        long < short + short / 4,
        "{short} KiB over 8,300 lines, {long} KiB over 12,600"
    );
}

#[test]
fn relative_paths_are_those_of_the_working_directory() {
    let small = small();
    let own = folder("batch-relative");
    write(&own, "good.pem", small.good.pem());
    let mut command = same_ca(&["batch"]);
    command.current_dir(&own);
    let ran = run(command, small.request(json!("good.pem")).to_string());
    assert_eq!(ran.lines()[0]["status"], "compliant");
    assert_eq!(ran.lines()[0]["valid_at"], NOW_TEXT);
}
