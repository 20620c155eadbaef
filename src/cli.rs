//! The command line: what may be written, and nothing of what it does.

mod fleet_files;
mod help;
#[cfg(test)]
mod tests;
mod values;

pub use fleet_files::FleetFiles;
pub use values::{AsOf, DistrustArg, KeyArg, SeverityArg, SourceArg};

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use crate::protocol::{Encryption, Level, Match, Profile, ProofWanted, References, Span, StartTls, Timestamp, schema};

use help::{
    BATCH_ABOUT, BATCH_EXAMPLES, CALLER, CHECK_ABOUT, CHECK_EXAMPLES, COMPLETIONS_EXAMPLES, DSC_ABOUT, DSC_EXAMPLES,
    ENFORCE_ABOUT, ENFORCE_EXAMPLES, EVIDENCE, EXAMPLES, FLEET_ABOUT, FLEET_EXAMPLES, INSPECT_ABOUT, INSPECT_EXAMPLES,
    INSTALL, JUDGING, MAN_EXAMPLES, OUTPUT, POLICY, READING, REFERENCE, REFERENCE_ABOUT, REFERENCE_EXAMPLES,
    SCHEMA_EXAMPLES, SUBJECTS,
};
use values::{as_of, seconds, span, timestamp, words};

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
    pub format: Option<OutputFormat>,
    /// Write the answer to FILE instead of stdout, whole or not at all
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub output: Option<PathBuf>,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
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
