//! Which certificate comes first.

use super::*;

// Which certificate comes first.

/// The certificate that a server on OpenSSL serves from a file; `None` where it serves none.
fn served_by_openssl(bytes: &[u8]) -> Option<Vec<u8>> {
    use openssl::ssl::{SslContext, SslMethod};
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("same-ca-served-{}-{count}.pem", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let mut builder = SslContext::builder(SslMethod::tls_server()).unwrap();
    let loaded = builder.set_certificate_chain_file(&path);
    std::fs::remove_file(&path).unwrap();
    loaded.ok()?;
    Some(builder.build().certificate()?.to_der().unwrap())
}

/// The certificate that is judged; `None` where none is, or where it is said that another may be meant.
fn judged(bytes: &[u8]) -> Option<Vec<u8>> {
    let bundle = decode(bytes, None).ok()?;
    let clear = bundle.ambiguity.is_none() && !bundle.first_is_unreadable;
    let ordered = matches!(bundle.format, Encoding::Pem | Encoding::Der);
    (clear && ordered).then(|| bundle.certificates[0].clone())
}

#[test]
fn a_file_of_which_another_reader_serves_another_certificate_is_ambiguous() {
    let (leaf, other) = (estate().leaf(), estate().authority());
    let (a, b) = (pem("CERTIFICATE", &leaf), pem("CERTIFICATE", &other));
    let key = pem("PRIVATE KEY", &estate().key());
    let labelled = |label: &str| pem(label, &leaf);
    let mut clear: Vec<(&str, Vec<u8>)> = vec![
        ("plain", format!("{a}{b}").into()),
        ("CRLF", format!("{a}{b}").replace('\n', "\r\n").into()),
        ("the key first", format!("{key}{a}{b}").into()),
        (
            "words before",
            format!("Bag Attributes\n    friendlyName: x\nsubject=CN = a\n{a}\nissuer\n{b}").into(),
        ),
        ("empty lines between", format!("\n\n{a}\n\n\n{b}").into()),
        (
            "a request first",
            format!(
                "{}{a}{b}",
                pem("CERTIFICATE REQUEST", &estate().request().to_der().unwrap())
            )
            .into(),
        ),
        (
            "parameters first",
            format!("{}{a}{b}", pem("EC PARAMETERS", &[6, 1, 7])).into(),
        ),
        ("no line end at the end", format!("{a}{}", b.trim_end()).into()),
        (
            "blanks behind the armour",
            format!("{a}{b}").replace("-----\n", "----- \n").into(),
        ),
    ];
    // One alone, however it is written, is the one.
    let alone = [
        ("alone with blanks before", format!("  {}", a.replace('\n', "\n  "))),
        ("alone under an old label", labelled("X509 CERTIFICATE")),
        ("alone with CR", a.replace('\n', "\r")),
        ("alone with a mark", format!("\u{feff}{a}")),
        (
            "alone on one line",
            a.replace('\n', "")
                .replace("-----M", "-----\nM")
                .replace("-----END", "\n-----END"),
        ),
    ];
    clear.extend(alone.map(|(what, text)| (what, text.into_bytes())));
    for (what, file) in &clear {
        assert_eq!(judged(file), Some(leaf.clone()), "{what}");
    }

    let ambiguous: Vec<(&str, Vec<u8>)> = vec![
        (
            "a label that OpenSSL does not know",
            format!("{}{b}", labelled("X.509 CERTIFICATE")).into(),
        ),
        (
            "a label that Go does not know",
            format!("{}{b}", labelled("TRUSTED CERTIFICATE")).into(),
        ),
        ("an old label", format!("{}{b}", labelled("X509 CERTIFICATE")).into()),
        ("PKCS#7 armour", format!("{}{b}", labelled("PKCS7")).into()),
        ("CMS armour", format!("{}{b}", labelled("CMS")).into()),
        ("a blank before BEGIN", format!(" {a}{b}").into()),
        ("a tab before BEGIN", format!("\t{a}{b}").into()),
        ("a mark before BEGIN", format!("\u{feff}{a}{b}").into()),
        ("words before BEGIN", format!("x{a}{b}").into()),
        ("words before BEGIN of a third", format!("x{b}{a}{b}").into()),
        ("CR alone", format!("{a}{b}").replace('\n', "\r").into()),
        ("CR alone in the first", format!("{}{b}", a.replace('\n', "\r")).into()),
        (
            "an empty line in the body",
            format!("{}{b}", a.replacen("\nMII", "\n\nMII", 1)).into(),
        ),
        (
            "headers",
            format!("{}{b}", a.replacen("\nMII", "\nX: y\n\nMII", 1)).into(),
        ),
        (
            "blanks in the body",
            format!("{}{b}", a.replacen("\nMII", "\n MII", 1)).into(),
        ),
        (
            "a body on one line",
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n{b}",
                BASE64.encode(&leaf)
            )
            .into(),
        ),
        (
            "an unusual END",
            format!(
                "{}{b}",
                a.replace("-----END CERTIFICATE-----", " -----END CERTIFICATE-----")
            )
            .into(),
        ),
        (
            "words behind END",
            format!(
                "{}{b}",
                a.replace("-----END CERTIFICATE-----", "-----END CERTIFICATE-----x")
            )
            .into(),
        ),
        (
            "words behind BEGIN",
            format!(
                "{}{b}",
                a.replace("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----x")
            )
            .into(),
        ),
        (
            "padding behind the DER",
            format!("{}{b}", pem("CERTIFICATE", &[&leaf[..], &[0]].concat())).into(),
        ),
        (
            "no END of a key before",
            format!("-----BEGIN PRIVATE KEY-----\nAAAA\n{a}{b}").into(),
        ),
        ("a NUL before", format!("a\0b\n{a}{b}").into()),
        ("DER with PEM behind it", [&leaf[..], b"\n", b.as_bytes()].concat()),
        ("DER with PEM right behind it", [&leaf[..], b.as_bytes()].concat()),
        (
            "DER with NULs and PEM behind it",
            [&leaf[..], &[0; 4], b"\n", b.as_bytes()].concat(),
        ),
        (
            "PKCS#7 with PEM behind it",
            [&estate().authority.to_der().unwrap()[..], b.as_bytes()].concat(),
        ),
    ];
    for (what, file) in &ambiguous {
        assert_eq!(judged(file), None, "{what}");
        if let Ok(bundle) = decode(file, None) {
            let said = bundle.ambiguity.is_some() || bundle.first_is_unreadable;
            assert!(said, "{what}");
        }
    }
}

#[test]
fn whenever_openssl_serves_another_certificate_than_is_judged_it_is_said() {
    let (leaf, other, third) = (
        estate().leaf(),
        estate().authority(),
        mint("third", rsa_key()).to_der().unwrap(),
    );
    let plain = |der: &[u8]| pem("CERTIFICATE", der);
    let key = pem("PRIVATE KEY", &estate().key());
    let long = |der: &[u8]| {
        format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            BASE64.encode(der)
        )
    };
    let starts: Vec<Vec<u8>> = vec![
        plain(&leaf).into(),
        pem("X509 CERTIFICATE", &leaf).into(),
        pem("X.509 CERTIFICATE", &leaf).into(),
        pem("TRUSTED CERTIFICATE", &leaf).into(),
        long(&leaf).into(),
        plain(&leaf).replace('\n', "\r").into(),
        plain(&leaf).replace('\n', "\r\n").into(),
        leaf.clone(),
        key.clone().into(),
        [key.as_bytes(), plain(&leaf).as_bytes()].concat(),
        format!("{}{}", "y".repeat(254), plain(&leaf)).into(),
        format!("{}{}", "y".repeat(508), plain(&leaf)).into(),
        format!("{}\n{}", "y".repeat(254), plain(&leaf)).into(),
        format!("\u{feff}{}", plain(&leaf)).into(),
    ];
    let pieces: [&[u8]; 22] = [
        b" ",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n",
        b"\0",
        b"-",
        b"-----",
        b"x",
        b":",
        b"=",
        b"\xef\xbb\xbf",
        b"\xff",
        b"\x80",
        b"-----BEGIN CERTIFICATE-----\n",
        b"-----END CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\n",
        b"\n\n",
        b"X: y\n\n",
        b"-----BEGIN X-----\n",
        b"CERTIFICATE",
        b"a\n",
    ];
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let (mut compared, mut differ, mut clear) = (0, 0, 0);
    for round in 0..4_000 {
        let start = &starts[round % starts.len()];
        let mut file = [&start[..], plain(&other).as_bytes(), plain(&third).as_bytes()].concat();
        // Mostly where lines begin and end, as that is where readers differ.
        for _ in 0..=random(3) {
            let lines: Vec<usize> = (0..file.len())
                .filter(|&at| file[at] == b'\n' || file[at] == b'-')
                .collect();
            let at = match (random(4), lines.is_empty()) {
                (0, _) | (_, true) => random(file.len().min(4_000)),
                _ => lines[random(lines.len().min(60))] + random(2),
            };
            match random(5) {
                0 => drop(file.drain(at.min(file.len() - 1)..(at + 1 + random(3)).min(file.len()))),
                1 => {
                    let run = b"y".repeat(random(260));
                    file.splice(at..at, run);
                }
                _ => {
                    let piece = pieces[random(pieces.len())];
                    file.splice(at..at, piece.iter().copied());
                }
            }
        }
        let judged = judged(&file);
        let Some(served) = served_by_openssl(&file) else {
            continue;
        };
        compared += 1;
        match judged {
            None => differ += 1,
            Some(judged) => {
                clear += 1;
                assert!(
                    judged == served,
                    "judged is not what is served (round {round}):\n{}",
                    String::from_utf8_lossy(&file)
                );
            }
        }
    }
    assert!(
        compared > 1_000 && clear > 200 && differ > 200,
        "{compared} served, {clear} clear, {differ} not"
    );
}
