//! The texts of the help: headings, what each command is for, examples.

macro_rules! sources {
    () => {
        "\n\nA SOURCE is tls://HOST[:PORT], store:LocalMachine/My[/THUMBPRINT], - for stdin (once), or a path. Files are \
         told apart by content: PEM, DER, PKCS#7 or PKCS#12."
    };
}

pub(super) const REFERENCE: &str = "Reference, what sets the rule";
pub(super) const SUBJECTS: &str = "Subjects, what must follow it";
pub(super) const EVIDENCE: &str = "Evidence";
pub(super) const INSTALL: &str = "Installing";
pub(super) const READING: &str = "Reading";
pub(super) const POLICY: &str = "Policy";
pub(super) const CALLER: &str = "Words of the caller";
pub(super) const JUDGING: &str = "Judging";
pub(super) const FILES: &str = "Files, several in one run";
pub(super) const OUTPUT: &str = "Output";

pub(super) const EXAMPLES: &str = "\
Examples:
  same-ca check --reference fe01.pem --subject pchat01.pem --authority contoso-ca.pem
  same-ca check < request.json > report.json
  same-ca inspect pchat01.pem

Exit codes: 0 an answer was written, whatever it says; 1 with --exit-code, not compliant; 2 no answer, stderr says why.";

pub(super) const CHECK_ABOUT: &str = concat!(
    "Check subjects against a reference; changes nothing.\n\n\
     Takes the request as flags, or as JSON on stdin where no request flag is given. With flags or on a terminal the \
     report is text for people, else JSON; --format says otherwise.",
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
    "Install a fitting candidate where a certificate breaks the rule; changes nothing else.\n\n\
     A subject whose certificate is compliant is left alone. Else, of the candidates that are compliant, cover its names \
     and have their private key at hand, the one that lasts longest is installed whole or not at all, and what then stands \
     is judged again. A run that is killed leaves the old and the new files complete on disk, and the next run finishes or \
     undoes it.\n\n\
     Takes the request as JSON on stdin, where subjects have an install, or as flags.",
    sources!()
);

pub(super) const ENFORCE_EXAMPLES: &str = "\
Examples:
  same-ca enforce --what-if < request.json
  same-ca enforce < request.json > report.json
  same-ca enforce --reference fe01.pem --authority contoso-ca.pem --name www.contoso.com --candidate /etc/pki/new \\
    --install-certificate /etc/pki/www.pem --install-key /etc/pki/www.key";

pub(super) const BATCH_ABOUT: &str = "Check many requests, one a line, on all cores.\n\n\
    Reads one JSON request a line from stdin and writes one JSON report a line, in input order. A line that cannot be \
    answered gets an error object, the others their reports; the exit code is then 2.";
pub(super) const BATCH_EXAMPLES: &str = "\
Examples:
  same-ca batch < requests.ndjson > reports.ndjson
  same-ca batch --exit-code < requests.ndjson > reports.ndjson";

pub(super) const REFERENCE_ABOUT: &str = concat!(
    "Read reference servers once, into a reference document.\n\n\
     The document is JSON on stdout. It holds the certificates and how each was read, so that later checks need neither \
     the servers nor the network. Without SOURCE or a pin, a request on stdin says what to read.",
    sources!()
);

pub(super) const REFERENCE_EXAMPLES: &str = "\
Examples:
  same-ca reference tls://fe01.contoso.com:5061 tls://fe02.contoso.com:5061 \\
    --authority contoso-ca.pem > lync-internal.reference.json
  same-ca reference fe01.pem fe02.pem --output lync-internal.reference.json
  same-ca check --reference-document lync-internal.reference.json --subject pchat01.pem";

pub(super) const INSPECT_ABOUT: &str = concat!(
    "Show what sources really hold: the facts of their certificates, and which one stands for a source where one is meant.\n\n\
     Without SOURCE, a request on stdin that has subjects alone says what to look at.",
    sources!()
);

pub(super) const INSPECT_EXAMPLES: &str = "\
Examples:
  same-ca inspect pchat01.pem contoso-ca.pem
  same-ca inspect pchat01.pfx --password-file pchat01.pass
  same-ca inspect tls://fe01.contoso.com:5061 --save fe01-chain.pem";

pub(super) const DSC_ABOUT: &str = "Answer Microsoft DSC v3, as its resource SameCA/Certificate.\n\n\
    DSC calls this as the manifest says. Properties are read as JSON from stdin: the fields of a request in camelCase. \
    The state is written to stdout, a compact JSON object a line; stderr takes JSON lines, as many as DSC_TRACE_LEVEL \
    says. Any answer is exit code 0, whatever it says.";
pub(super) const DSC_EXAMPLES: &str = "\
Examples:
  same-ca dsc test < properties.json
  same-ca dsc set --what-if < properties.json
  same-ca dsc manifest > same_ca.dsc.resource.json";
pub(super) const FLEET_ABOUT: &str = "Join the reports of many hosts into one.\n\n\
    Of each host and requirement the newest report counts. Fleet reports can be joined again: whatever the order and \
    grouping, the answer is the same, byte for byte. Without REPORT, reports are read from stdin. A report that cannot be \
    read is counted and named.";
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

The folder must be there: mkdir -p ~/.local/share/bash-completion/completions";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  same-ca man > same-ca.1
  same-ca man check > same-ca-check.1";
