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
        The reference is the certificates of the servers that set the rule: every subject's certificate must be issued by \
        the CA that issued those. Verdicts rest on verified signatures, not on names.",
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
    /// Replace certificates that break the rule; changes nothing else
    #[command(long_about = ENFORCE_ABOUT, after_help = ENFORCE_EXAMPLES)]
    Enforce(Box<EnforceArgs>),
    /// Check many requests, one per line, on all cores
    #[command(long_about = BATCH_ABOUT, after_help = BATCH_EXAMPLES)]
    Batch(BatchArgs),
    /// Read the reference servers once, into a reference document
    #[command(long_about = REFERENCE_ABOUT, after_help = REFERENCE_EXAMPLES)]
    Reference(Box<ReferenceArgs>),
    /// Show what files, servers and stores contain
    #[command(long_about = INSPECT_ABOUT, after_help = INSPECT_EXAMPLES)]
    Inspect(Box<InspectArgs>),
    /// Run as the Microsoft DSC v3 resource SameCA/Certificate
    #[command(long_about = DSC_ABOUT, after_help = DSC_EXAMPLES)]
    Dsc(DscArgs),
    /// Combine the reports of many hosts into one
    #[command(long_about = FLEET_ABOUT, after_help = FLEET_EXAMPLES)]
    Fleet(Box<FleetArgs>),
    /// Print the JSON Schema of requests, reports and other documents
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
    /// Change nothing; report what a run would do
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
    /// PEM file of the subject's certificate, and of its private key unless --install-key is given
    #[arg(long, value_name = "PATH", conflicts_with = "install_pkcs12", help_heading = INSTALL)]
    pub install_certificate: Option<String>,
    /// PEM file of its private key
    #[arg(long, value_name = "PATH", requires = "install_certificate", help_heading = INSTALL)]
    pub install_key: Option<String>,
    /// PEM file of the CA certificates that the server sends with it
    #[arg(long, value_name = "PATH", requires = "install_certificate", help_heading = INSTALL)]
    pub install_chain: Option<String>,
    /// PKCS#12 file of the subject
    #[arg(long, value_name = "PATH", help_heading = INSTALL)]
    pub install_pkcs12: Option<String>,
    /// File whose first line is the password of --install-pkcs12
    #[arg(long, value_name = "PATH", requires = "install_pkcs12", help_heading = INSTALL)]
    pub install_password_file: Option<String>,
    /// How to encrypt --install-pkcs12 [default: legacy]
    #[arg(long, value_name = "HOW", value_parser = words::<Encryption>(), requires = "install_pkcs12", help_heading = INSTALL)]
    pub install_encryption: Option<Encryption>,
    /// Keep the old files, as NAME.DIGITS.bak
    #[arg(long, help_heading = INSTALL)]
    pub backup: bool,
    /// Replace a file that cannot be opened or holds no certificate, and keep the old one as NAME.DIGITS.bak
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
    /// Write the document even if servers cannot be read; it lists them as missing, and so do later checks
    #[arg(long, help_heading = OUTPUT)]
    pub partial: bool,
    /// Write the document to FILE instead of stdout, completely or not at all
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub output: Option<PathBuf>,
}

/// `same-ca inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The request; read from stdin where all of it is absent.
    #[command(flatten)]
    pub request: InspectFlags,
    /// Also write the certificates to FILE as PEM, in the order found. Look at them before you use them as authorities
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
    /// Print the state: the properties, the status with its reasons, and the report
    Get,
    /// Print the state with _inDesiredState, and on a second line the properties that differ
    Test,
    /// Reach the desired state, as enforce does, and print the state
    Set {
        /// Change nothing; print the state that would result
        #[arg(long)]
        what_if: bool,
    },
    /// Print an instance for each certificate of the subjects' stores, folders or files, one per line
    Export,
    /// Print whether the properties are valid, and if not, what is wrong and where
    Validate,
    /// Print the JSON Schema of the properties
    Schema,
    /// Print the resource manifest
    Manifest,
}

/// `same-ca fleet`.
#[derive(Debug, Args)]
pub struct FleetArgs {
    /// Reports, fleet reports or results of `dsc config`: files, folders (.json, .ndjson and .jsonl), patterns, or -
    #[arg(value_name = "REPORT")]
    pub reports: Vec<String>,
    /// Hosts that should have a report: a plain list, or an Ansible inventory in INI, YAML or JSON
    #[arg(long, value_name = "FILE", help_heading = JUDGING)]
    pub expected_hosts: Vec<PathBuf>,
    /// Hosts that are known to have no report, and why: a JSON list of {host, reason, message}
    #[arg(long, value_name = "FILE", help_heading = JUDGING)]
    pub missing: Vec<PathBuf>,
    /// Approved exceptions, each with an end date: TOML, JSON or YAML
    #[arg(long, value_name = "FILE", help_heading = JUDGING)]
    pub waivers: Vec<PathBuf>,
    /// An earlier fleet report, to show what is newly failing, fixed, still failing or gone
    #[arg(long, value_name = "REPORT", help_heading = JUDGING)]
    pub previous: Option<String>,
    /// Judge age, waivers and expiry at this time, or at the `newest` time in the reports [default: now]
    #[arg(long, value_name = "TIME", value_parser = as_of, help_heading = JUDGING)]
    pub as_of: Option<AsOf>,
    /// Treat reports older than this as stale, such as 72h, 30d or 2w
    #[arg(long, value_name = "DURATION", value_parser = span, help_heading = JUDGING)]
    pub max_age: Option<Span>,
    /// Exit with 1 if one of these occurs
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
    /// A record that could not be determined, or no report at all
    Undetermined,
    /// A record that is older than --max-age
    Stale,
    /// A report that is more than an hour ahead of --as-of
    FromFuture,
    /// An expected host without a report
    Missing,
    /// A record that waivers cover
    Waived,
    /// A file or line that could not be read
    Unreadable,
    /// A waiver past its date
    WaiverExpired,
    /// A record that did not fail in --previous and fails now
    NewlyFailing,
}

/// `same-ca schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which schema; without NAME, lists them
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
    /// Page of this command; without COMMAND, the page of same-ca itself
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// How and where a command writes its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct OutputFlags {
    /// Output format [default: text with request flags or on a terminal, otherwise json]
    #[arg(long, value_enum, help_heading = OUTPUT)]
    pub format: Option<OutputFormat>,
    /// Write the answer to FILE instead of stdout, completely or not at all
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
    /// Certificates of the servers that set the rule; one or more
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = REFERENCE)]
    pub reference: Vec<SourceArg>,
    /// A reference document, as `same-ca reference` writes it (- for stdin)
    #[arg(long, value_name = "PATH", help_heading = REFERENCE)]
    pub reference_document: Option<String>,
    /// Pin: accept the CA with this certificate, without a reference server
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = REFERENCE)]
    pub pin_authority: Vec<SourceArg>,
    /// Pin: accept the CA with this key, by the SHA-256 of its SubjectPublicKeyInfo
    #[arg(long, num_args = 1.., value_name = "SHA256", help_heading = REFERENCE)]
    pub pin_key: Vec<KeyArg>,
    /// Certificates that the reference's CA must have issued; one or more
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = SUBJECTS)]
    pub subject: Vec<SourceArg>,
    /// One subject that may have any of these certificates: one fitting certificate is enough (give --name too)
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = SUBJECTS)]
    pub any_of: Vec<SourceArg>,
    /// Name of the subject in the report, if there is only one [default: its SOURCE]
    #[arg(long, value_name = "NAME", help_heading = SUBJECTS)]
    pub subject_name: Option<String>,
    /// A host name or address that every subject's certificate must cover
    #[arg(long, num_args = 1.., value_name = "HOSTNAME", help_heading = SUBJECTS)]
    pub name: Vec<String>,
    /// Judge the subjects' validity at this time if it is later than --valid-at; for staged certificates
    #[arg(long, value_name = "TIME", value_parser = timestamp, help_heading = SUBJECTS)]
    pub effective_from: Option<Timestamp>,
    /// CA certificates that you vouch for (trusted); of a folder, all files are read
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = EVIDENCE)]
    pub authority: Vec<SourceArg>,
    /// CA certificates from anywhere (untrusted): they can prove who issued a certificate, and no more
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = EVIDENCE)]
    pub intermediate: Vec<SourceArg>,
    /// Certificates that may replace a subject's: enforce chooses among them, check uses them with --renew-before
    #[arg(long, num_args = 1.., value_name = "SOURCE", help_heading = EVIDENCE)]
    pub candidate: Vec<SourceArg>,
    /// CA certificates whose keys must not be accepted, or the SHA-256 of such a key
    #[arg(long, num_args = 1.., value_name = "SOURCE|sha256:HEX", help_heading = EVIDENCE)]
    pub distrust: Vec<DistrustArg>,
    /// How to open what is read.
    #[command(flatten)]
    pub reading: ReadingFlags,
    /// Further requirements on the subjects' certificates
    ///
    /// lync-server-2013: server authentication among the extended key usages (any purpose does not count); a CRL distribution
    /// point; a key of RSA 1024, 2048 or 4096 bits or of ECDSA on P-256, P-384 or P-521; a signature with SHA-1 (a warning) or
    /// SHA-2, not RSASSA-PSS; a private key that is not kept by CNG alone (a warning). mutual-tls: server and client
    /// authentication among the extended key usages.
    #[arg(long, value_name = "PROFILE", value_parser = words::<Profile>(), help_heading = POLICY)]
    pub profile: Option<Profile>,
    /// What counts as the same CA: the same key; the same authority, also after a proven re-key; or the same name [default: authority]
    #[arg(long = "match", value_name = "HOW", value_parser = words::<Match>(), help_heading = POLICY)]
    pub match_: Option<Match>,
    /// Which CA to compare: the one that issued the certificate, or the root above it [default: issuing]
    #[arg(long, value_name = "LEVEL", value_parser = words::<Level>(), help_heading = POLICY)]
    pub level: Option<Level>,
    /// The weakest evidence to accept [default: signature]
    #[arg(long, value_name = "EVIDENCE", value_parser = words::<ProofWanted>(), help_heading = POLICY)]
    pub proof: Option<ProofWanted>,
    /// Whether all reference servers must use one CA, or the CA of any of them is accepted [default: agree]
    #[arg(long, value_name = "HOW", value_parser = words::<References>(), help_heading = POLICY)]
    pub references: Option<References>,
    /// Judge validity at this time, such as 2026-11-20T00:00:00Z or 2026-11-20 [default: now]
    #[arg(long, value_name = "TIME", value_parser = timestamp, help_heading = POLICY)]
    pub valid_at: Option<Timestamp>,
    /// Warn this long before a certificate expires, such as 72h, 30d or 2w [default: 30d]
    #[arg(long, value_name = "DURATION", value_parser = span, help_heading = POLICY)]
    pub warn_before_expiry: Option<Span>,
    /// Replace a certificate this long before it expires, if a --candidate that fits expires later
    #[arg(long, value_name = "DURATION", value_parser = span, help_heading = POLICY)]
    pub renew_before: Option<Span>,
    /// Extended key usage that every subject must have: a name such as serverAuth, or a dotted OID
    #[arg(long, value_name = "USAGE", help_heading = POLICY)]
    pub extended_key_usage: Vec<String>,
    /// Change the severity of a finding, such as cdp-missing=warning
    #[arg(long, value_name = "CODE=SEVERITY", help_heading = POLICY)]
    pub severity: Vec<SeverityArg>,
    /// What the report repeats of the caller.
    #[command(flatten)]
    pub caller: CallerFlags,
}

/// A request to read a reference, as arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct ReferenceFlags {
    /// Certificates of the servers that set the rule: tls://HOST:PORT, a file, or - for stdin
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<SourceArg>,
    /// Pin: accept the CA with this certificate, without a reference server
    #[arg(long, value_name = "SOURCE", help_heading = REFERENCE)]
    pub pin_authority: Vec<SourceArg>,
    /// Pin: accept the CA with this key, by the SHA-256 of its SubjectPublicKeyInfo
    #[arg(long, value_name = "SHA256", help_heading = REFERENCE)]
    pub pin_key: Vec<KeyArg>,
    /// CA certificates that you vouch for (trusted); they are stored in the document
    #[arg(long, value_name = "SOURCE", help_heading = EVIDENCE)]
    pub authority: Vec<SourceArg>,
    /// CA certificates from anywhere (untrusted); they are stored in the document
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
    /// What to show: a file or folder, tls://HOST:PORT, a store, or - for stdin
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
    /// File whose first line is the password of PKCS#12 files and encrypted keys
    #[arg(long, value_name = "PATH", help_heading = READING)]
    pub password_file: Option<String>,
    /// Environment variable that holds that password
    #[arg(long, value_name = "VAR", conflicts_with = "password_file", help_heading = READING)]
    pub password_env: Option<String>,
    /// Protocol that tls:// sources speak before TLS begins
    #[arg(long, value_name = "PROTO", value_parser = words::<StartTls>(), help_heading = READING)]
    pub starttls: Option<StartTls>,
    /// Seconds to wait for each tls:// source, up to 3600 [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = READING)]
    pub timeout: Option<u32>,
    /// Server name to send to tls:// sources (SNI) [default: the host; none if empty]
    #[arg(long, value_name = "NAME", help_heading = READING)]
    pub server_name: Option<String>,
}

/// The caller's own words, which the answer repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct CallerFlags {
    /// Your name for the rule
    #[arg(long, value_name = "NAME", help_heading = CALLER)]
    pub requirement: Option<String>,
    /// The host that the report is about
    #[arg(long, value_name = "NAME", help_heading = CALLER)]
    pub host: Option<String>,
    /// The host's name in your inventory, if it differs
    #[arg(long, value_name = "NAME", help_heading = CALLER)]
    pub node: Option<String>,
    /// When the data was collected
    #[arg(long, value_name = "TIME", value_parser = timestamp, help_heading = CALLER)]
    pub collected_at: Option<Timestamp>,
}
