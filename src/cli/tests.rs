use clap::CommandFactory;

use crate::protocol::Distrust;

use super::values::variants;
use super::*;

/// The example lines of a help text, continuation lines joined, without what the shell does with them.
fn examples(help: &str) -> Vec<String> {
    let joined = help.replace("\\\n", " ");
    let lines = joined.lines().filter(|line| line.starts_with("  same-ca "));
    lines
        .map(|line| line.split(['<', '>']).next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn the_command_line_is_well_made() {
    Cli::command().debug_assert();
}

#[test]
fn every_example_of_every_help_is_understood() {
    let cli = Cli::command();
    for command in std::iter::once(&cli).chain(cli.get_subcommands()) {
        let help = command.get_after_help().unwrap().to_string();
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{} has no example", command.get_name());
        for example in examples {
            if let Err(error) = Cli::try_parse_from(example.split_whitespace()) {
                panic!("{example}: {error}");
            }
        }
    }
}

#[test]
fn the_words_of_the_protocol_are_the_words_of_the_flags() {
    assert_eq!(variants::<Match>(), ["key", "authority", "name"]);
    for (flag, words) in [
        ("--match", variants::<Match>()),
        ("--level", variants::<Level>()),
        ("--proof", variants::<ProofWanted>()),
        ("--references", variants::<References>()),
        ("--profile", variants::<Profile>()),
        ("--starttls", variants::<StartTls>()),
    ] {
        assert!(!words.is_empty(), "{flag}");
        for word in words {
            Cli::try_parse_from(["same-ca", "check", flag, word]).unwrap();
        }
        assert!(
            Cli::try_parse_from(["same-ca", "check", flag, "other"]).is_err(),
            "{flag}"
        );
    }
}

#[test]
fn times_and_durations_are_taken_as_people_write_them() {
    let flags = |line: &str| {
        let cli = Cli::try_parse_from(format!("same-ca check {line}").split_whitespace());
        match cli.map(|cli| cli.command) {
            Ok(Command::Check(args)) => Ok(args.request),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        }
    };
    let seconds = |text: &str| flags(&format!("--timeout {text}")).map(|flags| flags.reading.timeout);
    assert_eq!(seconds("2s"), Ok(Some(2)));
    assert_eq!(seconds("2"), Ok(Some(2)));
    assert_eq!(seconds("2m"), Ok(Some(120)));
    for wrong in ["0", "2h", "61m", "s", "-1"] {
        assert!(seconds(wrong).is_err(), "{wrong}");
    }
    assert!(seconds("2h").unwrap_err().contains("such as 10, 10s or 2m"));
    let midnight = Timestamp::parse("2026-11-20T00:00:00Z");
    assert_eq!(flags("--valid-at 2026-11-20").unwrap().valid_at, midnight);
    assert!(flags("--valid-at 20.11.2026").unwrap_err().contains("a date such as"));
}

#[test]
fn one_flag_takes_what_a_shell_makes_of_a_pattern() {
    let line = "same-ca check --reference fe01.pem fe02.pem --subject a.pem b.pem c.pem --name a b --exit-code";
    let Command::Check(args) = Cli::try_parse_from(line.split_whitespace()).unwrap().command else {
        panic!("{line}");
    };
    let numbers = (
        args.request.reference.len(),
        args.request.subject.len(),
        args.request.name.len(),
    );
    assert_eq!(numbers, (2, 3, 2));
}

#[test]
fn help_is_a_command_too_and_lists_every_command() {
    let error = Cli::try_parse_from(["same-ca", "help"]).unwrap_err();
    assert_eq!(error.kind(), clap::error::ErrorKind::DisplayHelp);
    for command in Cli::command().get_subcommands() {
        assert!(
            error.to_string().contains(&format!("  {} ", command.get_name())),
            "{}",
            command.get_name()
        );
    }
}

#[test]
fn a_password_is_never_taken_from_the_command_line() {
    let error = Cli::try_parse_from(["same-ca", "check", "--subject", "a.pfx", "--password=hunter2"]).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn an_unknown_scheme_is_refused_with_its_hint() {
    let error = Cli::try_parse_from(["same-ca", "check", "--subject", "lync:Default"])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("--subject") && error.contains("PowerShell module"),
        "{error}"
    );
}

#[test]
fn keys_are_told_with_and_without_their_digests_name() {
    let hex = "AB".repeat(32);
    let bare: KeyArg = hex.parse().unwrap();
    let named: KeyArg = format!("SHA256:{hex}").parse().unwrap();
    assert_eq!(bare.key, named.key);
    assert!("sha256:abcd".parse::<DistrustArg>().is_err());
    assert!(matches!(
        "sha256.pem".parse::<DistrustArg>().unwrap().distrust,
        Distrust::Source(_)
    ));
}
