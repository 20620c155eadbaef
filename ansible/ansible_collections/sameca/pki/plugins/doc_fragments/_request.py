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
      - Your name for the rule. It is in every report, and fleet reports are grouped by it.
    type: str
    required: true
  host:
    description:
      - The host's name in the report, for people.
      - The default is the fully qualified name of the host where the task runs.
    type: str
  node:
    description:
      - Identifies the host's records in a fleet report, even if hosts share a name or are checked from one place.
      - The default is the name in the inventory; in a loop that sets O(host), that host.
    type: str
  collected_at:
    description:
      - Time of the check in the report. The default is the current time.
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
      - The servers that set the rule. The CA that issued their certificates is the expected CA.
      - A plain string is both the source and the member's name.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name in the report.
        type: str
        required: true
      use:
        description: The server's use of the certificate, such as V(Default).
        type: str
      source:
        description: The server's certificate. All sources have these options; they are described only here.
        type: dict
        suboptions:
          spec:
            description:
              - The source in the form of the C(same-ca) command line, C(tls://HOST[:PORT]) or a path.
              - A plain string instead of the dictionary means the same.
            type: str
          path:
            description:
              - Path on the target of a PEM bundle, DER, PKCS#7 or PKCS#12 file, recognized by content, not by name.
            type: path
          content:
            description: PEM text.
            type: str
            aliases: [pem]
          pkcs12:
            description: The content of a PKCS#12 file, in Base64.
            type: str
          tls:
            description: The certificate that a server presents in TLS. Reading it trusts nobody.
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
                description: Name to ask the server for. O(reference[].source.tls.host) if not given, empty to send no name.
                type: str
              starttls:
                description: The protocol in which STARTTLS begins TLS.
                type: str
                choices: [smtp, imap, pop3, ldap, xmpp]
              timeout:
                description: Time limit in seconds for the whole connection.
                type: int
                default: 10
          privatekey_path:
            description:
              - PEM file of the private key, where it is not in O(reference[].source.path) or O(reference[].source.content) itself.
              - The task fails if it cannot be read, or holds no private key.
            type: path
          privatekey_content:
            description: The private key in PEM.
            type: str
          privatekey_passphrase:
            description: Passphrase of the PKCS#12 file or the encrypted private key.
            type: str
            aliases: [password]
          password_file:
            description: Path on the target of a file with that passphrase in its first line.
            type: path
          password_env:
            description: Environment variable on the target with that passphrase.
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
      - CA certificates that you trust, each a string as in O(reference[].source.spec) or a dictionary with
        C(path) or C(content), and for a PKCS#12 file C(password). All files of a folder are read.
    type: list
    elements: raw
"""

    # Who must follow it, and how strictly.
    SUBJECTS = r"""
options:
  reference_document:
    description:
      - A reference document, as M(sameca.pki.same_ca_reference) writes it. Either the document itself or its path on the target.
      - Use it with C(--limit) and job slices, where the internal servers are not among the hosts of the run.
    type: raw
  pinned_keys:
    description:
      - SHA-256 hashes of the public keys of allowed CAs; each is a member of the reference as with O(reference[].key_sha256).
    type: list
    elements: str
  subjects:
    description:
      - The certificates to check.
      - A plain string is both the source and the subject's name.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name in the report, such as V({{ inventory_hostname }}).
        type: str
        required: true
      use:
        description: The server's use of the certificate.
        type: str
      names:
        description:
          - Host names that the certificate must cover. They replace O(policy.names); an empty list means none.
        type: list
        elements: str
      effective_from:
        description: For a staged certificate, check validity at this time if it is later than O(policy.valid_at).
        type: str
      source:
        description: Its certificate, with the options of O(reference[].source).
        type: raw
      any_of:
        description:
          - Sources, as O(reference[].source), of which at least one certificate must comply. It needs O(subjects[].names).
          - All certificates of a source are checked, and all files of a folder.
        type: list
        elements: raw
      candidates:
        description: Certificates that may replace this subject's certificate, as in O(candidates).
        type: list
        elements: raw
      install:
        description:
          - The files of its certificate, into which M(sameca.pki.same_ca) installs a candidate.
          - M(sameca.pki.same_ca_info) only reads them.
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
              - PEM file of the CA certificates that the server sends with it.
              - If a root CA issued the certificate there are none, and the file is not changed.
            type: path
            aliases: [chain]
          pkcs12_path:
            description: PKCS#12 file with the certificate, its key and its chain.
            type: path
          privatekey_passphrase:
            description:
              - Passphrase of O(subjects[].install.pkcs12_path). It, or a file or variable with it, is required; an empty one
                is given as V('').
            type: str
            aliases: [password]
          password_file:
            description: Path on the target of a file with that passphrase in its first line.
            type: path
          password_env:
            description: Environment variable on the target with that passphrase.
            type: str
          encryption:
            description:
              - Encryption of O(subjects[].install.pkcs12_path) when it is written.
              - V(legacy), the default, can be read by Windows Server 2012.
            type: str
            choices: [legacy, aes]
          owner:
            description: Name of the user that should own the files. By default the owner is kept.
            type: str
          group:
            description: Name of the group that should own the files. By default the group is kept.
            type: str
          mode:
            description:
              - The permissions of the files. By default they are kept; new files with a key get V('0600').
              - They must not let others read a file with a private key. They are not used for
                O(subjects[].install.privatekey_path).
            type: raw
          privatekey_mode:
            description: The permissions of O(subjects[].install.privatekey_path), likewise.
            type: raw
          backup:
            description: Keep backups of the old files.
            type: bool
            default: false
          replace_unreadable:
            description:
              - Whether files may be replaced that cannot be opened or are not certificates. A backup is then kept.
            type: bool
            default: false
  intermediates:
    description:
      - Untrusted intermediate CA certificates, to complete chains.
      - Written as in O(authorities).
    type: list
    elements: raw
  candidates:
    description:
      - Certificates that may replace any subject's certificate. A suitable one is under the reference's CA, covers the
        subject's names and comes with its private key; of several, the one that lasts longest is taken.
      - Each has the options of O(reference[].source). All files of a folder are used.
    type: list
    elements: raw
  policy:
    description: How strict the check is. Everything has a default.
    type: dict
    suboptions:
      profile:
        description: A set of further requirements, such as those of an application.
        type: str
        choices: [lync-server-2013, mutual-tls]
      match:
        description:
          - What counts as the same CA. V(authority), the default, means the same key, or the same CA after a proven key change.
          - V(key) means the same key only. V(name) compares names only, and is the weakest.
        type: str
        choices: [key, authority, name]
      level:
        description: Which CA is meant, V(issuing) by default.
        type: str
        choices: [issuing, root]
      proof:
        description: The weakest evidence that is accepted, V(signature) by default.
        type: str
        choices: [signature, key-identifier, name]
      references:
        description: Whether the reference servers must agree (the default), or the CA of each is allowed.
        type: str
        choices: [agree, any]
      valid_at:
        description:
          - The time at which validity is checked. The default is the current time.
          - An ASN.1 time as V(20261120000000Z), an RFC 3339 one, or relative to now as in V(+3w).
        type: str
      warn_before_expiry:
        description: How long before its expiry a certificate gets a warning, V(30d) by default.
        type: str
      renew_before:
        description: How long before its expiry a certificate is replaced by a candidate with a later expiry.
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
        description: Distrusted keys, each a CA certificate as in O(authorities) or a dictionary with C(key_sha256).
        type: list
        elements: raw
      severity:
        description: Severities of findings, by code, where they should differ from the default, such as V(warning) for V(cdp-missing).
        type: dict
"""
