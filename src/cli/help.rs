//! The texts of the help: headings, what each command is for, examples.

macro_rules! sources {
    () => {
        "\n\nA SOURCE is tls://HOST[:PORT], store:LocalMachine/My[/THUMBPRINT], - for stdin (once), or a path. The format of a \
         file is recognised by its content: PEM, DER, PKCS#7 or PKCS#12."
    };
}

pub(super) const REFERENCE: &str = "Reference: what sets the rule";
pub(super) const SUBJECTS: &str = "Subjects: what must follow the rule";
pub(super) const EVIDENCE: &str = "Evidence";
pub(super) const INSTALL: &str = "Installing";
pub(super) const READING: &str = "Reading";
pub(super) const POLICY: &str = "Policy";
pub(super) const CALLER: &str = "Labels, copied into the report";
pub(super) const JUDGING: &str = "Judging";
pub(super) const FILES: &str = "Files (several in one run)";
pub(super) const OUTPUT: &str = "Output";

pub(super) const EXAMPLES: &str = "\
Examples:
  same-ca check --reference fe01.pem --subject pchat01.pem --authority contoso-ca.pem
  same-ca check < request.json > report.json
  same-ca inspect pchat01.pem

Exit codes: 0 if there is an answer, whatever it says; 1 with --exit-code, if not every subject is compliant; 2 if there is no
answer (stderr says why).";

pub(super) const CHECK_ABOUT: &str = concat!(
    "Check subjects against a reference; changes nothing.\n\n\
     Takes the request as flags, or as JSON on stdin if there is no request flag. With flags or on a terminal the \
     report is text, otherwise JSON; --format overrides this.",
    sources!()
);

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  same-ca check --reference fe01.pem --subject pchat01.pem --authority contoso-ca.pem
  same-ca check --reference tls://fe02.contoso.com:5061 --authority contoso-ca.pem \\
    --subject pchat01.pfx --password-file pchat01.pass --profile lync-server-2013
  same-ca check --reference-document lync-internal.reference.json \\
    --any-of certs --name pchat01.contoso.com
  same-ca check --exit-code < request.json > report.json";

pub(super) const ENFORCE_ABOUT: &str = concat!(
    "Replace certificates that break the rule; changes nothing else.\n\n\
     Keeps a certificate that is compliant. Otherwise installs, of the candidates that are compliant, cover the subject's \
     names and have their private key at hand, the one that expires last, completely or not at all, and checks the result. \
     A run that is killed leaves the old and the new files complete on disk; the next run finishes or undoes it.\n\n\
     Takes the request as JSON on stdin, with an install in its subjects, or as flags.",
    sources!()
);

pub(super) const ENFORCE_EXAMPLES: &str = "\
Examples:
  same-ca enforce --what-if < request.json
  same-ca enforce < request.json > report.json
  same-ca enforce --reference fe01.pem --authority contoso-ca.pem --name www.contoso.com --candidate /etc/pki/new \\
    --install-certificate /etc/pki/www.pem --install-key /etc/pki/www.key";

pub(super) const BATCH_ABOUT: &str = "Check many requests, one per line, on all cores.\n\n\
    Reads one JSON request per line from stdin and writes one JSON report per line, in input order. A line that cannot be \
    answered gets an error object and makes the exit code 2; the other lines get their reports.";
pub(super) const BATCH_EXAMPLES: &str = "\
Examples:
  same-ca batch < requests.ndjson > reports.ndjson
  same-ca batch --exit-code < requests.ndjson > reports.ndjson";

pub(super) const REFERENCE_ABOUT: &str = concat!(
    "Read the reference servers once, into a reference document.\n\n\
     Writes the document to stdout as JSON. It has the certificates and says how each was read, so that later checks need \
     neither the servers nor the network. Without SOURCE or a pin, reads a request from stdin.",
    sources!()
);

pub(super) const REFERENCE_EXAMPLES: &str = "\
Examples:
  same-ca reference tls://fe01.contoso.com:5061 tls://fe02.contoso.com:5061 \\
    --authority contoso-ca.pem > lync-internal.reference.json
  same-ca reference fe01.pem fe02.pem --output lync-internal.reference.json
  same-ca check --reference-document lync-internal.reference.json --subject pchat01.pem";

pub(super) const INSPECT_ABOUT: &str = concat!(
    "Show what files, servers and stores contain: each certificate, and which one a check would use.\n\n\
     Without SOURCE, reads a request from stdin that has only subjects.",
    sources!()
);

pub(super) const INSPECT_EXAMPLES: &str = "\
Examples:
  same-ca inspect pchat01.pem contoso-ca.pem
  same-ca inspect pchat01.pfx --password-file pchat01.pass
  same-ca inspect tls://fe01.contoso.com:5061 --save fe01-chain.pem";

pub(super) const DSC_ABOUT: &str = "Run as the Microsoft DSC v3 resource SameCA/Certificate.\n\n\
    DSC calls this as the manifest says. Reads the properties from stdin as JSON: the fields of a request in camelCase. \
    Writes the state to stdout, one JSON object per line, and trace messages to stderr as JSON lines, as DSC_TRACE_LEVEL \
    says. The exit code is 0 if there is an answer, whatever it says.";
pub(super) const DSC_EXAMPLES: &str = "\
Examples:
  same-ca dsc test < properties.json
  same-ca dsc set --what-if < properties.json
  same-ca dsc manifest > same_ca.dsc.resource.json";
pub(super) const FLEET_ABOUT: &str = "Combine the reports of many hosts into one.\n\n\
    For each host and requirement the newest report counts. Fleet reports can be combined again: in any order and \
    grouping, the result is the same, byte for byte. Without REPORT, reads reports from stdin. Counts and names the reports \
    that cannot be read.";
pub(super) const FLEET_EXAMPLES: &str = "\
Examples:
  same-ca fleet reports/
  same-ca fleet reports/ --html fleet.html --json fleet.json --expected-hosts inventory.ini
  same-ca fleet monday.json --previous last-week.json --waivers waivers.toml --max-age 7d
  same-ca fleet reports.ndjson --junit fleet.xml --fail-on noncompliant,undetermined,missing,unreadable
  same-ca fleet < reports.ndjson > fleet.json";

pub(super) const SCHEMA_EXAMPLES: &str = "\
Examples:
  same-ca schema
  same-ca schema request > request.schema.json";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  same-ca completions bash > ~/.local/share/bash-completion/completions/same-ca
  same-ca completions zsh > ~/.zfunc/_same-ca
  same-ca completions fish > ~/.config/fish/completions/same-ca.fish
  same-ca completions powershell > same-ca.ps1

The folder must exist: mkdir -p ~/.local/share/bash-completion/completions";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  same-ca man > same-ca.1
  same-ca man check > same-ca-check.1";
