# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    # What every report carries, and which binary answers.
    DOCUMENTATION = r"""
options:
  requirement:
    description:
      - Your name for the rule. Every report carries it, and a report on a fleet is grouped by it.
    type: str
    required: true
  host:
    description:
      - The host's name in the report, for people.
      - The fully qualified name of where the task runs if not given.
    type: str
  node:
    description:
      - What tells the records of hosts apart in a report on a fleet, even if some share a name or are asked from one place.
      - The name in the inventory if not given; in a loop with O(host), that.
    type: str
  collected_at:
    description:
      - When this was asked, as the report says it; the time of the run if not given.
      - An RFC 3339 or ASN.1 time, or relative to now as in C(-1h).
    type: str
  binary_path:
    description:
      - Where the executable C(same-ca) is on the target.
      - If not given, E(PATH) is searched, and then C(/usr/local/bin/same-ca) is tried, where the role
        P(sameca.pki.install#role) puts it.
    type: path
"""

    # What sets the rule.
    REFERENCE = r"""
options:
  reference:
    description:
      - The servers that set the rule, because the CA that they use is the expected CA.
      - A plain string is a source and the member's name at once.
    type: list
    elements: dict
    suboptions:
      name:
        description: What to call it.
        type: str
        required: true
      use:
        description: What the server uses the certificate for, such as V(Default).
        type: str
      source:
        description: The server's certificate. These are the options of every source; elsewhere they are not repeated.
        type: dict
        suboptions:
          spec:
            description:
              - The source as the command line of C(same-ca) takes it, C(tls://HOST[:PORT]) or a path.
              - A plain string in place of the whole dictionary means the same.
            type: str
          path:
            description:
              - Path on the target of a PEM bundle, DER, PKCS#7 or PKCS#12 file, told apart by content and not by name.
            type: path
          content:
            description: PEM text.
            type: str
            aliases: [pem]
          pkcs12:
            description: A PKCS#12 file, Base64.
            type: str
          tls:
            description: What a server presents. Reading takes no trust decision.
            type: dict
            suboptions:
              host:
                description: Name or address to connect to.
                type: str
                required: true
              port:
                description: Port to connect to.
                type: int
                default: 443
              server_name:
                description: Name to ask the server for. O(reference[].source.tls.host) if not given, none if empty.
                type: str
              starttls:
                description: What is spoken before TLS begins.
                type: str
                choices: [smtp, imap, pop3, ldap, xmpp]
              timeout:
                description: Seconds for the whole of it.
                type: int
                default: 10
          privatekey_path:
            description:
              - PEM file of the private key, where it is not in O(reference[].source.path) or O(reference[].source.content) itself.
              - The task fails if it cannot be read, or holds no private key.
            type: path
          privatekey_content:
            description: The private key itself, PEM.
            type: str
          privatekey_passphrase:
            description: What opens the PKCS#12 file or the encrypted private key.
            type: str
            aliases: [password]
          password_file:
            description: Path on the target of a file whose first line is that passphrase.
            type: path
          password_env:
            description: Environment variable on the target that holds that passphrase.
            type: str
      authority:
        description:
          - A pin. A source of exactly one CA certificate, a string as in O(reference[].source.spec) or a dictionary with
            C(path), C(content) or C(tls).
        type: raw
      key_sha256:
        description: A pin. The SHA-256 of a CA key's DER SubjectPublicKeyInfo.
        type: str
  authorities:
    description:
      - CA certificates that you answer for, each a string as in O(reference[].source.spec) or a dictionary with
        C(path) or C(content), and for a PKCS#12 file C(password). Of a folder, all files are read.
    type: list
    elements: raw
"""

    # Who must follow it, and how strictly.
    SUBJECTS = r"""
options:
  reference_document:
    description:
      - A reference document, as M(sameca.pki.same_ca_reference) writes it. Either the document itself or its path on the target.
      - It is what to use with C(--limit) and job slices, where the internal servers are no hosts of the run.
    type: raw
  pinned_keys:
    description:
      - SHA-256 of the keys of CAs that are allowed, each a member of the reference as with O(reference[].key_sha256).
    type: list
    elements: str
  subjects:
    description:
      - What must follow the rule.
      - A plain string is a source and the subject's name at once.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What to call it, such as V({{ inventory_hostname }}).
        type: str
        required: true
      use:
        description: What the server uses the certificate for.
        type: str
      names:
        description:
          - Names that the certificate must cover, all of them. They replace O(policy.names), an empty list with none.
        type: list
        elements: str
      effective_from:
        description: Judge validity at this time, if it is later than O(policy.valid_at); for a staged certificate.
        type: str
      source:
        description: Its certificate, with the options of O(reference[].source).
        type: raw
      any_of:
        description:
          - Sources, as O(reference[].source), of which one fitting certificate is enough. It needs O(subjects[].names).
          - All certificates of a source are looked at, and of a folder all files.
        type: list
        elements: raw
      candidates:
        description: Certificates that may replace what stands, for this subject alone, as O(candidates).
        type: list
        elements: raw
      install:
        description:
          - Where its certificate stands, and where M(sameca.pki.same_ca) puts a candidate.
          - M(sameca.pki.same_ca_info) only reads what stands there.
        type: dict
        suboptions:
          path:
            description: PEM file of the certificate, and of its key unless O(subjects[].install.privatekey_path) is given.
            type: path
            aliases: [certificate]
          privatekey_path:
            description: PEM file of the private key.
            type: path
            aliases: [private_key]
          chain_path:
            description:
              - PEM file of the CA certificates to send along with it.
              - Where a root issued it, there are none, and the file is left alone.
            type: path
            aliases: [chain]
          pkcs12_path:
            description: PKCS#12 file of all of them.
            type: path
          privatekey_passphrase:
            description:
              - Passphrase of O(subjects[].install.pkcs12_path). It, or a file or a variable that holds it, has to be given; an empty one
                is given as V('').
            type: str
            aliases: [password]
          password_file:
            description: Path on the target of a file whose first line is that passphrase.
            type: path
          password_env:
            description: Environment variable on the target that holds that passphrase.
            type: str
          encryption:
            description:
              - How O(subjects[].install.pkcs12_path) is encrypted when it is written.
              - V(legacy), the default, can be read by Windows Server 2012.
            type: str
            choices: [legacy, aes]
          owner:
            description: Name of the user that should own the files. What they have is kept if not given.
            type: str
          group:
            description: Name of the group that should own the files. What they have is kept if not given.
            type: str
          mode:
            description:
              - The permissions of the files. What they have is kept if not given; new files with a key are V('0600').
              - Where the file holds a private key, it must not let others read it. It is not used for
                O(subjects[].install.privatekey_path).
            type: raw
          privatekey_mode:
            description: The permissions of O(subjects[].install.privatekey_path), likewise.
            type: raw
          backup:
            description: Keep the old files beside the new ones.
            type: bool
            default: false
          replace_unreadable:
            description:
              - Whether what stands there may be replaced although it cannot be opened, or is no certificate. A backup is kept then.
            type: bool
            default: false
  intermediates:
    description:
      - CA certificates that were found somewhere. They prove, and are not trusted by themselves.
      - Written as O(authorities) are.
    type: list
    elements: raw
  candidates:
    description:
      - Certificates that may replace what stands, for every subject. One fits that is under the reference's CA, covers the
        subject's names and comes with its private key; of several, the one that lasts longest is taken.
      - Each has the options of O(reference[].source). Of a folder, all files are looked at.
    type: list
    elements: raw
  policy:
    description: How strict to be. Everything has a default.
    type: dict
    suboptions:
      profile:
        description: What else the certificates must satisfy.
        type: str
        choices: [lync-server-2013, mutual-tls]
      match:
        description:
          - What counts as the same CA. V(authority), the default, is one key or the same CA after a proven change of key.
          - V(key) is one key alone, V(name) is a name and the weakest.
        type: str
        choices: [key, authority, name]
      level:
        description: Which CA is meant, V(issuing) by default.
        type: str
        choices: [issuing, root]
      proof:
        description: The weakest evidence that may count, V(signature) by default.
        type: str
        choices: [signature, key-identifier, name]
      references:
        description: Whether the reference servers must agree, which is the default, or each one's CA is allowed.
        type: str
        choices: [agree, any]
      valid_at:
        description:
          - The time at which validity is judged; now if not given.
          - An ASN.1 time as V(20261120000000Z), an RFC 3339 one, or relative to now as in V(+3w).
        type: str
      warn_before_expiry:
        description: How long before its end a certificate is reported as ending soon, V(30d) by default.
        type: str
      renew_before:
        description: How long before its end a certificate is replaced by a candidate that lasts longer.
        type: str
      names:
        description: Names that every subject must cover.
        type: list
        elements: str
      extended_key_usage:
        description: Extended key usages that every subject must have, by name such as V(serverAuth) or dotted OID.
        type: list
        elements: str
      distrust:
        description: Keys that may not count. CA certificates as in O(authorities), or a dictionary with C(key_sha256).
        type: list
        elements: raw
      severity:
        description: Severities by code of findings that are to differ from the default, such as V(warning) for V(cdp-missing).
        type: dict
"""
