//! The command line: what may be written, and nothing of what it does.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::protocol::{
    Code, Distrust, Encryption, Level, Match, Profile, ProofWanted, References, Severity, Sha256Hex, Source, Span,
    StartTls, Timestamp, schema,
};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "same-ca",
    version,
    about = "Proves whether certificates were issued by the same CA as a reference's",
    long_about = "Proves whether certificates were issued by the same CA as a reference's.\n\n\
        The reference is the certificates of the servers that set the rule: the CA that issued them is the CA that \
        every subject's certificate must come from. A verdict rests on verified signatures, not on names.",
    after_help = EXAMPLES,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check subjects against a reference; changes nothing
    #[command(long_about = CHECK_ABOUT, after_help = CHECK_EXAMPLES)]
    Check(Box<CheckArgs>),
    /// Install a fitting candidate where a certificate breaks the rule; changes nothing else
    #[command(long_about = ENFORCE_ABOUT, after_help = ENFORCE_EXAMPLES)]
    Enforce(Box<EnforceArgs>),
    /// Check many requests, one a line, on all cores
    #[command(long_about = BATCH_ABOUT, after_help = BATCH_EXAMPLES)]
    Batch(BatchArgs),
    /// Read reference servers once, into a reference document
    #[command(long_about = REFERENCE_ABOUT, after_help = REFERENCE_EXAMPLES)]
    Reference(Box<ReferenceArgs>),
    /// Show what sources really hold
    #[command(long_about = INSPECT_ABOUT, after_help = INSPECT_EXAMPLES)]
    Inspect(Box<InspectArgs>),
    /// Answer Microsoft DSC v3, as its resource SameCA/Certificate
    #[command(long_about = DSC_ABOUT, after_help = DSC_EXAMPLES)]
    Dsc(DscArgs),
    /// Join the reports of many hosts into one: for auditors, administrators, pipelines and monitoring
    #[command(long_about = FLEET_ABOUT, after_help = FLEET_EXAMPLES)]
    Fleet(Box<FleetArgs>),
    /// Print the JSON Schema of what is read and written
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema(SchemaArgs),
    /// Print completions for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print a manual page
    #[command(after_help = MAN_EXAMPLES)]
    Man(ManArgs),
}

/// `same-ca check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The request; read from stdin where all of it is absent.
    #[command(flatten)]
    pub request: RequestFlags,
    /// Exit with 1 when the report is not compliant
    #[arg(long, help_heading = OUTPUT)]
    pub exit_code: bool,
    /// Where the report goes.
    #[command(flatten)]
    pub output: OutputFlags,
}

/// `same-ca enforce`.
#[derive(Debug, Args)]
pub struct EnforceArgs {
    /// The request; read from stdin where all of it is absent.
    #[command(flatten)]
    pub request: RequestFlags,
    /// Where the certificate stands, and where a candidate goes.
    #[command(flatten)]
    pub install: InstallFlags,
    /// Touch nothing, and say what a run would do
    #[arg(long, help_heading = INSTALL)]
    pub what_if: bool,
    /// Exit with 1 when the report is not compliant
    #[arg(long, help_heading = OUTPUT)]
    pub exit_code: bool,
    /// Where the report goes.
    #[command(flatten)]
    pub output: OutputFlags,
}

/// Where the one subject of a command line stands, as flags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct InstallFlags {
    /// PEM file of the subject's certificate; with its private key, unless --install-key is given
    #[arg(long, value_name = "PATH", conflicts_with = "install_pkcs12", help_heading = INSTALL)]
    pub install_certificate: Option<String>,
    /// PEM file of its private key
    #[arg(long, value_name = "PATH", requires = "install_certificate", help_heading = INSTALL)]
    pub install_key: Option<String>,
    /// PEM file of the CA certificates to send along with it
    #[arg(long, value_name = "PATH", requires = "install_certificate", help_heading = INSTALL)]
    pub install_chain: Option<String>,
    /// PKCS#12 file of the subject
    #[arg(long, value_name = "PATH", help_heading = INSTALL)]
    pub install_pkcs12: Option<String>,
    /// File whose first line is the password of --install-pkcs12
    #[arg(long, value_name = "PATH", requires = "install_pkcs12", help_heading = INSTALL)]
    pub install_password_file: Option<String>,
    /// How --install-pkcs12 is encrypted when it is written [default: legacy]
    #[arg(long, value_name = "HOW", value_parser = words::<Encryption>(), requires = "install_pkcs12", help_heading = INSTALL)]
    pub install_encryption: Option<Encryption>,
    /// Keep the old files, as NAME.DIGITS.bak
    #[arg(long, help_heading = INSTALL)]
    pub backup: bool,
    /// Replace a file that cannot be opened or holds no certificate; the old one is kept, as NAME.DIGITS.bak
    #[arg(long, help_heading = INSTALL)]
    pub replace_unreadable: bool,
}

/// `same-ca batch`.
#[derive(Debug, Args)]
pub struct BatchArgs {
    /// Exit with 1 when a report is not compliant
    #[arg(long, help_heading = OUTPUT)]
    pub exit_code: bool,
}

/// `same-ca reference`.
#[derive(Debug, Args)]
pub struct ReferenceArgs {
    /// The request; read from stdin where all of it is absent.
    #[command(flatten)]
    pub request: ReferenceFlags,
    /// Write the document though members cannot be read; it says that they are missing, and so do later checks
    #[arg(long, help_heading = OUTPUT)]
    pub partial: bool,
    /// Write the document to FILE instead of stdout, whole or not at all
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub output: Option<PathBuf>,
}

/// `same-ca inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The request; read from stdin where all of it is absent.
    #[command(flatten)]
    pub request: InspectFlags,
    /// Also write the certificates as PEM to FILE, as sent or found, whole or not at all: to be looked at before they are
    /// given as authorities
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub save: Option<PathBuf>,
    /// Where the facts go.
    #[command(flatten)]
    pub output: OutputFlags,
}

/// `same-ca dsc`.
#[derive(Debug, Args)]
pub struct DscArgs {
    /// What to do.
    #[command(subcommand)]
    pub operation: DscCommand,
}

/// The operations of the DSC resource.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum DscCommand {
    /// Write the state: the properties, the status with its reasons, and the report
    Get,
    /// Write the state with _inDesiredState, and on a second line the properties that differ
    Test,
    /// Install what brings the desired state about, as enforce does, and write the state
    Set {
        /// Change nothing; write what would be
        #[arg(long)]
        what_if: bool,
    },
    /// Write an instance, one a line, for each certificate of the subjects' sources: stores, folders or files
    Export,
    /// Write whether the properties can be asked, and if not, why and where
    Validate,
    /// Print the JSON Schema of the properties
    Schema,
    /// Print the resource manifest
    Manifest,
}

/// `same-ca fleet`.
#[derive(Debug, Args)]
pub struct FleetArgs {
    /// Reports, fleet reports, results of `dsc config`: files, folders (their .json, .ndjson and .jsonl), patterns, or -
    #[arg(value_name = "REPORT")]
    pub reports: Vec<String>,
    /// Hosts that should have reported: a list, or an Ansible inventory in INI, YAML or JSON
    #[arg(long, value_name = "FILE", help_heading = JUDGING)]
    pub expected_hosts: Vec<PathBuf>,
    /// Hosts that are known to be missing, and why: a JSON list of {host, reason, message}
    #[arg(long, value_name = "FILE", help_heading = JUDGING)]
    pub missing: Vec<PathBuf>,
    /// Exceptions that somebody answers for, until a date: TOML, JSON or YAML
    #[arg(long, value_name = "FILE", help_heading = JUDGING)]
    pub waivers: Vec<PathBuf>,
    /// The fleet report of before: what is newly failing, fixed, still failing, gone
    #[arg(long, value_name = "REPORT", help_heading = JUDGING)]
    pub previous: Option<String>,
    /// The time at which age, waivers and expiry are judged, or `newest` for the newest time in the reports [default: now]
    #[arg(long, value_name = "TIME", value_parser = as_of, help_heading = JUDGING)]
    pub as_of: Option<AsOf>,
    /// The age from which on a report is stale, such as 72h, 30d or 2w
    #[arg(long, value_name = "DURATION", value_parser = span, help_heading = JUDGING)]
    pub max_age: Option<Span>,
    /// Exit with 1 where one of these occurs
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',', help_heading = OUTPUT)]
    pub fail_on: Vec<FailOn>,
    /// The files to write beside standard output.
    #[command(flatten)]
    pub files: FleetFiles,
    /// Where the answer goes.
    #[command(flatten)]
    pub output: OutputFlags,
}

/// The instant that a fleet is judged at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AsOf {
    /// The time of the run.
    #[default]
    Clock,
    /// The newest time in the reports.
    Newest,
    /// This one.
    At(Timestamp),
}

/// The files that `same-ca fleet` writes in one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct FleetFiles {
    /// Write a page for people, in one file that needs no network
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub html: Option<PathBuf>,
    /// Write the fleet report, which can be read again
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub json: Option<PathBuf>,
    /// Write a table of all subjects
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub csv: Option<PathBuf>,
    /// Write test results as Jenkins and GitLab read them
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub junit: Option<PathBuf>,
    /// Write metrics for node_exporter's textfile collector
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub prometheus: Option<PathBuf>,
    /// Write a summary for a pull request or a wiki
    #[arg(long, value_name = "FILE", help_heading = FILES)]
    pub markdown: Option<PathBuf>,
}

/// What `--fail-on` looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// A record that breaks the rule
    Noncompliant,
    /// A record of which it could not be told, or no report at all
    Undetermined,
    /// A record that is older than --max-age
    Stale,
    /// A report that is more than an hour ahead of --as-of
    FromFuture,
    /// An expected host of which no report speaks
    Missing,
    /// A record that waivers cover
    Waived,
    /// A file or line that could not be read
    Unreadable,
    /// A waiver past its date
    WaiverExpired,
    /// A record that fails and did not before, where --previous was given
    NewlyFailing,
}

/// `same-ca schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which schema; without it, their names are listed
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(schema::NAMES))]
    pub name: Option<String>,
}

/// `same-ca completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `same-ca man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Whose page; without it, the page of same-ca itself
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// How and where a command writes its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct OutputFlags {
    /// How to write the answer [default: text with request flags or on a terminal, else json]
    #[arg(long, value_enum, help_heading = OUTPUT)]
    pub format: Option<Format>,
    /// Write the answer to FILE instead of stdout, whole or not at all
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub output: Option<PathBuf>,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For programs: one JSON document
    Json,
    /// For people
    Text,
}

/// A request to check, as flags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct RequestFlags {
    /// Servers that set the rule: one or more
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = REFERENCE)]
    pub reference: Vec<SourceArg>,
    /// A reference document, as `same-ca reference` writes it (- for stdin)
    #[arg(long, value_name = "PATH", help_heading = REFERENCE)]
    pub reference_document: Option<String>,
    /// A CA certificate that is the reference by itself: a pin
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = REFERENCE)]
    pub pin_authority: Vec<SourceArg>,
    /// The SHA-256 of a CA's SubjectPublicKeyInfo that is the reference by itself: a pin
    #[arg(long, num_args = 1.., value_name = "SHA256", help_heading = REFERENCE)]
    pub pin_key: Vec<KeyArg>,
    /// Certificates that must come from the reference's CA: one or more
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = SUBJECTS)]
    pub subject: Vec<SourceArg>,
    /// Sources of which one fitting certificate is enough: together they are one subject (give --name too)
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = SUBJECTS)]
    pub any_of: Vec<SourceArg>,
    /// What to call the subject, where the command line has only one [default: its SOURCE as typed]
    #[arg(long, value_name = "NAME", help_heading = SUBJECTS)]
    pub subject_name: Option<String>,
    /// A host name or address that every subject's certificate must cover
    #[arg(long, num_args = 1.., value_name = "HOSTNAME", help_heading = SUBJECTS)]
    pub name: Vec<String>,
    /// Judge the subjects' validity at this time, if it is later than --valid-at: for staged certificates
    #[arg(long, value_name = "TIME", value_parser = timestamp, help_heading = SUBJECTS)]
    pub effective_from: Option<Timestamp>,
    /// CA certificates that you answer for; a folder is read whole
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = EVIDENCE)]
    pub authority: Vec<SourceArg>,
    /// CA certificates that were found somewhere: they prove, and are not trusted by themselves
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = EVIDENCE)]
    pub intermediate: Vec<SourceArg>,
    /// Certificates that may replace a subject's: enforce chooses among them, check looks at them with --renew-before
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = EVIDENCE)]
    pub candidate: Vec<SourceArg>,
    /// CA certificates whose keys may not count, or the SHA-256 of such a key
    #[arg(long, num_args = 1.., value_name = "SOURCE|sha256:HEX", help_heading = EVIDENCE)]
    pub distrust: Vec<DistrustArg>,
    /// How to open what is read.
    #[command(flatten)]
    pub reading: ReadingFlags,
    /// What else the certificates must satisfy
    #[arg(long, value_name = "PROFILE", value_parser = words::<Profile>(), help_heading = POLICY)]
    pub profile: Option<Profile>,
    /// What counts as the same CA: one key, the same authority after a proven re-key too, or a name [default: authority]
    #[arg(long = "match", value_name = "HOW", value_parser = words::<Match>(), help_heading = POLICY)]
    pub match_: Option<Match>,
    /// Which CA is meant: the one that issued, or the root above it [default: issuing]
    #[arg(long, value_name = "LEVEL", value_parser = words::<Level>(), help_heading = POLICY)]
    pub level: Option<Level>,
    /// The weakest evidence that may count [default: signature]
    #[arg(long, value_name = "EVIDENCE", value_parser = words::<ProofWanted>(), help_heading = POLICY)]
    pub proof: Option<ProofWanted>,
    /// Whether the reference servers must all use one CA, or each one's is allowed [default: agree]
    #[arg(long, value_name = "HOW", value_parser = words::<References>(), help_heading = POLICY)]
    pub references: Option<References>,
    /// The time at which validity is judged, such as 2026-11-20T00:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = timestamp, help_heading = POLICY)]
    pub valid_at: Option<Timestamp>,
    /// Warn this long before a certificate ends, such as 72h, 30d or 2w [default: 30d]
    #[arg(long, value_name = "DURATION", value_parser = span, help_heading = POLICY)]
    pub warn_before_expiry: Option<Span>,
    /// Ask for a replacement this long before the end, where a --candidate that lasts longer fits
    #[arg(long, value_name = "DURATION", value_parser = span, help_heading = POLICY)]
    pub renew_before: Option<Span>,
    /// An extended key usage that every subject must have: a name such as serverAuth, or a dotted OID
    #[arg(long, value_name = "USAGE", help_heading = POLICY)]
    pub extended_key_usage: Vec<String>,
    /// Give a finding another severity, such as cdp-missing=warning
    #[arg(long, value_name = "CODE=SEVERITY", help_heading = POLICY)]
    pub severity: Vec<SeverityArg>,
    /// What the report repeats of the caller.
    #[command(flatten)]
    pub caller: CallerFlags,
}

/// A request to read a reference, as arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct ReferenceFlags {
    /// Servers that set the rule: tls://HOST:PORT, a file, or - for stdin
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<SourceArg>,
    /// A CA certificate that is the reference by itself: a pin
    #[arg(long, value_name = "SOURCE", help_heading = REFERENCE)]
    pub pin_authority: Vec<SourceArg>,
    /// The SHA-256 of a CA's SubjectPublicKeyInfo that is the reference by itself: a pin
    #[arg(long, value_name = "SHA256", help_heading = REFERENCE)]
    pub pin_key: Vec<KeyArg>,
    /// CA certificates that you answer for; they go into the document
    #[arg(long, value_name = "SOURCE", help_heading = EVIDENCE)]
    pub authority: Vec<SourceArg>,
    /// CA certificates that were found; they go into the document
    #[arg(long, value_name = "SOURCE", help_heading = EVIDENCE)]
    pub intermediate: Vec<SourceArg>,
    /// How to open what is read.
    #[command(flatten)]
    pub reading: ReadingFlags,
    /// What the document repeats of the caller.
    #[command(flatten)]
    pub caller: CallerFlags,
}

/// A request to show what sources hold, as arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct InspectFlags {
    /// What to look at: a file or folder, tls://HOST:PORT, a store, or - for stdin
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<SourceArg>,
    /// How to open what is read.
    #[command(flatten)]
    pub reading: ReadingFlags,
    /// What the answer repeats of the caller.
    #[command(flatten)]
    pub caller: CallerFlags,
}

/// How the sources on the command line are opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct ReadingFlags {
    /// File whose first line opens the PKCS#12 files and encrypted keys among the servers', subjects' and candidates'
    /// sources; CA certificates need none
    #[arg(long, value_name = "PATH", help_heading = READING)]
    pub password_file: Option<String>,
    /// Environment variable that holds that password
    #[arg(long, value_name = "VAR", conflicts_with = "password_file", help_heading = READING)]
    pub password_env: Option<String>,
    /// What the tls:// sources speak before TLS begins
    #[arg(long, value_name = "PROTO", value_parser = words::<StartTls>(), help_heading = READING)]
    pub starttls: Option<StartTls>,
    /// Seconds for each of the tls:// sources [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = READING)]
    pub timeout: Option<u32>,
    /// Name to ask the tls:// sources for [default: the host; none if empty]
    #[arg(long, value_name = "NAME", help_heading = READING)]
    pub server_name: Option<String>,
}

/// The caller's own words, which the answer repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct CallerFlags {
    /// Your name for the rule; the answer repeats it
    #[arg(long, value_name = "NAME", help_heading = CALLER)]
    pub requirement: Option<String>,
    /// Your name for the host; the answer repeats it
    #[arg(long, value_name = "NAME", help_heading = CALLER)]
    pub host: Option<String>,
    /// What your inventory calls the host, where that may differ; the answer repeats it
    #[arg(long, value_name = "NAME", help_heading = CALLER)]
    pub node: Option<String>,
    /// When what you send was collected; the answer repeats it
    #[arg(long, value_name = "TIME", value_parser = timestamp, help_heading = CALLER)]
    pub collected_at: Option<Timestamp>,
}

/// A source, and how it was typed, which is its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceArg {
    /// As typed.
    pub typed: String,
    /// What it means.
    pub source: Source,
}

impl FromStr for SourceArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let source = match text {
            "-" => Source::Stdin { password: None },
            _ => Source::parse(text)?,
        };
        Ok(SourceArg {
            typed: text.to_owned(),
            source,
        })
    }
}

/// A key by its SHA-256, and how it was typed, which is its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyArg {
    /// As typed.
    pub typed: String,
    /// The digest.
    pub key: Sha256Hex,
}

impl FromStr for KeyArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = strip_sha256(text).unwrap_or(text);
        let key = Sha256Hex::parse(digits).ok_or("expected a SHA-256: 64 hexadecimal digits")?;
        Ok(KeyArg {
            typed: text.to_owned(),
            key,
        })
    }
}

/// A source of keys that may not count, or one such key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistrustArg {
    /// As typed.
    pub typed: String,
    /// What it means.
    pub distrust: Distrust,
}

impl FromStr for DistrustArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let distrust = match strip_sha256(text) {
            Some(_) => Distrust::Key(text.parse::<KeyArg>()?.key),
            None => Distrust::Source(text.parse::<SourceArg>()?.source),
        };
        Ok(DistrustArg {
            typed: text.to_owned(),
            distrust,
        })
    }
}

/// A finding's code and the severity that it shall have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeverityArg {
    /// The code.
    pub code: Code,
    /// Its severity.
    pub severity: Severity,
}

impl FromStr for SeverityArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (code, severity) = text
            .split_once('=')
            .ok_or("expected CODE=SEVERITY, such as cdp-missing=warning")?;
        let known = Code::ALL.iter().find(|known| known.as_str() == code);
        let code = *known.ok_or("unknown finding code; the schema named request lists them, with their severities")?;
        let severity = word(severity).ok_or("expected info, warning, doubt or error as the severity")?;
        Ok(SeverityArg { code, severity })
    }
}

fn strip_sha256(text: &str) -> Option<&str> {
    let head = text.get(..7)?;
    head.eq_ignore_ascii_case("sha256:").then(|| &text[7..])
}

/// A time, or a date, which is its first instant.
fn timestamp(text: &str) -> Result<Timestamp, String> {
    let day = (text.len() == "2026-11-20".len()).then(|| format!("{text}T00:00:00Z"));
    Timestamp::parse(day.as_deref().unwrap_or(text)).ok_or_else(|| {
        "expected a time such as 2026-11-20T00:00:00Z (UTC, whole seconds), or a date such as 2026-11-20".into()
    })
}

/// Seconds, as a number or with `s` or `m` behind it.
fn seconds(text: &str) -> Result<u32, String> {
    let (number, factor) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let seconds = number.parse::<u32>().ok().and_then(|number| number.checked_mul(factor));
    seconds
        .filter(|seconds| (1..=3600).contains(seconds))
        .ok_or_else(|| "expected 1 to 3600 seconds, such as 10, 10s or 2m".into())
}

fn as_of(text: &str) -> Result<AsOf, String> {
    match text {
        "newest" => Ok(AsOf::Newest),
        "now" => Ok(AsOf::Clock),
        _ => timestamp(text)
            .map(AsOf::At)
            .map_err(|error| format!("{error}, or `newest`")),
    }
}

fn span(text: &str) -> Result<Span, String> {
    Span::parse(text).ok_or_else(|| "expected a duration such as 72h, 30d or 2w".into())
}

/// Reads one of a type's words, as the protocol writes them.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    let input: StrDeserializer<'_, ValueError> = text.into_deserializer();
    T::deserialize(input).ok()
}

/// Accepts the words that the protocol has for a type, and shows them in the help.
fn words<T: DeserializeOwned + Clone + Send + Sync + 'static>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(variants::<T>()).try_map(|text| word::<T>(&text).ok_or("unknown word"))
}

/// The words that the protocol has for a type: asks its deserializer, so that no second list can differ.
fn variants<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Ask<'a>(&'a mut &'static [&'static str]);
    impl<'de> serde::Deserializer<'de> for Ask<'_> {
        type Error = ValueError;

        fn deserialize_any<V: serde::de::Visitor<'de>>(self, _: V) -> Result<V::Value, ValueError> {
            Err(serde::de::Error::custom("asked for its words only"))
        }

        fn deserialize_enum<V: serde::de::Visitor<'de>>(
            self,
            _: &'static str,
            variants: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, ValueError> {
            *self.0 = variants;
            self.deserialize_any(visitor)
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map struct identifier ignored_any
        }
    }
    let mut words: &'static [&'static str] = &[];
    // The answer is in `words`; the deserialization itself always fails.
    let _ = T::deserialize(Ask(&mut words));
    words
}

macro_rules! sources {
    () => {
        "\n\nA SOURCE is tls://HOST[:PORT], store:LocalMachine/My[/THUMBPRINT], - for stdin (once), or a path. Files are \
         told apart by content: PEM, DER, PKCS#7 or PKCS#12."
    };
}

const REFERENCE: &str = "Reference, what sets the rule";
const SUBJECTS: &str = "Subjects, what must follow it";
const EVIDENCE: &str = "Evidence";
const INSTALL: &str = "Installing";
const READING: &str = "Reading";
const POLICY: &str = "Policy";
const CALLER: &str = "Words of the caller";
const JUDGING: &str = "Judging";
const FILES: &str = "Files, several in one run";
const OUTPUT: &str = "Output";

const EXAMPLES: &str = "\
Examples:
  same-ca check --reference fe01.pem --subject pchat01.pem --authority contoso-ca.pem
  same-ca check < request.json > report.json
  same-ca inspect pchat01.pem

Exit codes: 0 an answer was written, whatever it says; 1 with --exit-code, not compliant; 2 no answer, stderr says why.";

const CHECK_ABOUT: &str = concat!(
    "Check subjects against a reference; changes nothing.\n\n\
     Takes the request as flags, or as JSON on stdin where no request flag is given. With flags or on a terminal the \
     report is text for people, else JSON; --format says otherwise.",
    sources!()
);
const CHECK_EXAMPLES: &str = "\
Examples:
  same-ca check --reference fe01.pem --subject pchat01.pem --authority contoso-ca.pem
  same-ca check --reference tls://fe02.contoso.com:5061 --authority contoso-ca.pem \\
    --subject pchat01.pfx --password-file pchat01.pass --profile lync-server-2013
  same-ca check --reference-document lync-internal.reference.json \\
    --any-of certs --name pchat01.contoso.com
  same-ca check --exit-code < request.json > report.json";

const ENFORCE_ABOUT: &str = concat!(
    "Install a fitting candidate where a certificate breaks the rule; changes nothing else.\n\n\
     A subject whose certificate is compliant is left alone. Else, of the candidates that are compliant, cover its names \
     and have their private key at hand, the one that lasts longest is installed whole or not at all, and what then stands \
     is judged again. A run that is killed leaves the old and the new files complete on disk, and the next run finishes or \
     undoes it.\n\n\
     Takes the request as JSON on stdin, where subjects have an install, or as flags.",
    sources!()
);
const ENFORCE_EXAMPLES: &str = "\
Examples:
  same-ca enforce --what-if < request.json
  same-ca enforce < request.json > report.json
  same-ca enforce --reference fe01.pem --authority contoso-ca.pem --name www.contoso.com --candidate /etc/pki/new \\
    --install-certificate /etc/pki/www.pem --install-key /etc/pki/www.key";

const BATCH_ABOUT: &str = "Check many requests, one a line, on all cores.\n\n\
    Reads one JSON request a line from stdin and writes one JSON report a line, in input order. A line that cannot be \
    answered gets an error object, the others their reports; the exit code is then 2.";
const BATCH_EXAMPLES: &str = "\
Examples:
  same-ca batch < requests.ndjson > reports.ndjson
  same-ca batch --exit-code < requests.ndjson > reports.ndjson";

const REFERENCE_ABOUT: &str = concat!(
    "Read reference servers once, into a reference document.\n\n\
     The document is JSON on stdout. It holds the certificates and how each was read, so that later checks need neither \
     the servers nor the network. Without SOURCE or a pin, a request on stdin says what to read.",
    sources!()
);
const REFERENCE_EXAMPLES: &str = "\
Examples:
  same-ca reference tls://fe01.contoso.com:5061 tls://fe02.contoso.com:5061 \\
    --authority contoso-ca.pem > lync-internal.reference.json
  same-ca reference fe01.pem fe02.pem --output lync-internal.reference.json
  same-ca check --reference-document lync-internal.reference.json --subject pchat01.pem";

const INSPECT_ABOUT: &str = concat!(
    "Show what sources really hold: the facts of their certificates, and which one stands for a source where one is meant.\n\n\
     Without SOURCE, a request on stdin that has subjects alone says what to look at.",
    sources!()
);
const INSPECT_EXAMPLES: &str = "\
Examples:
  same-ca inspect pchat01.pem contoso-ca.pem
  same-ca inspect pchat01.pfx --password-file pchat01.pass
  same-ca inspect tls://fe01.contoso.com:5061 --save fe01-chain.pem";

const DSC_ABOUT: &str = "Answer Microsoft DSC v3, as its resource SameCA/Certificate.\n\n\
    DSC calls this as the manifest says. Properties are read as JSON from stdin: the fields of a request in camelCase. \
    The state is written to stdout, a compact JSON object a line; stderr takes JSON lines, as many as DSC_TRACE_LEVEL \
    says. Any answer is exit code 0, whatever it says.";
const DSC_EXAMPLES: &str = "\
Examples:
  same-ca dsc test < properties.json
  same-ca dsc set --what-if < properties.json
  same-ca dsc manifest > same_ca.dsc.resource.json";
const FLEET_ABOUT: &str = "Join the reports of many hosts into one.\n\n\
    Of each host and requirement the newest report counts. Fleet reports can be joined again: whatever the order and \
    grouping, the answer is the same, byte for byte. Without REPORT, reports are read from stdin. A report that cannot be \
    read is counted and named.";
const FLEET_EXAMPLES: &str = "\
Examples:
  same-ca fleet reports/
  same-ca fleet reports/ --html fleet.html --json fleet.json --expected-hosts inventory.ini
  same-ca fleet monday.json --previous last-week.json --waivers waivers.toml --max-age 7d
  same-ca fleet reports.ndjson --junit fleet.xml --fail-on noncompliant,undetermined,missing,unreadable
  same-ca fleet < reports.ndjson > fleet.json";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  same-ca schema
  same-ca schema request > request.schema.json";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  same-ca completions bash > ~/.local/share/bash-completion/completions/same-ca
  same-ca completions zsh > ~/.zfunc/_same-ca
  same-ca completions fish > ~/.config/fish/completions/same-ca.fish
  same-ca completions powershell > same-ca.ps1

The folder must be there: mkdir -p ~/.local/share/bash-completion/completions";

const MAN_EXAMPLES: &str = "\
Examples:
  same-ca man > same-ca.1
  same-ca man check > same-ca-check.1";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

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
}
