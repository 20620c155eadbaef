#!/usr/bin/python
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

DOCUMENTATION = r"""
module: same_ca_reference
short_description: Read the servers that set the rule once, into a reference document
version_added: 0.1.0
description:
  - Reads the certificates of the internal servers, from files or from what they present by TLS, into a reference document.
  - M(sameca.pki.same_ca_info) and M(sameca.pki.same_ca) take it instead of O(reference). So a check needs none of these
    servers in its run, whatever C(--limit) or a job slice leaves out.
  - The document says of each server how it was read. What was read by TLS stays unconfirmed until something that you
    vouch for, as in O(authorities), confirms it.
  - It fails, and leaves O(dest) as it is, if a server could not be read; O(references=any) makes do with the others.
requirements:
  - Python 3.6 or later where the task runs.
  - The executable C(same-ca), 0.1.0 or later, where the task runs, which is mostly the controller.
author:
  - The same-ca contributors (!UNKNOWN)
extends_documentation_fragment:
  - ansible.builtin.files
  - sameca.pki._attributes
  - sameca.pki._attributes.paths
  - sameca.pki._attributes.platform
  - sameca.pki._attributes.actiongroup_sameca
  - sameca.pki._request
  - sameca.pki._request.reference
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
  check_mode:
    support: full
    details:
      - The servers are read in check mode too.
  diff_mode:
    support: full
    details:
      - Shows subject, issuer, expiry and fingerprints of the members before and after, the fingerprints of the CA certificates
        beside them, and permissions.
  idempotent:
    support: full
    details:
      - A document that says the same but for O(collected_at) is left as it is.
options:
  references:
    description:
      - With V(agree), the task fails if one of the servers cannot be read, because that one might use another CA.
      - With V(any), it warns, and the document names the servers that could not be read. A document in O(dest) that has what
        could not be read this time is kept, and is what the task returns.
      - As C(references) in O(sameca.pki.same_ca_info#module:policy).
    type: str
    choices: [agree, any]
    default: agree
  dest:
    description:
      - Where the document goes, whole or not at all. If not given, it is only returned.
    type: path
  backup:
    description: Keep the old document, with the time in its name.
    type: bool
    default: false
seealso:
  - module: sameca.pki.same_ca_info
  - module: sameca.pki.same_ca
"""

EXAMPLES = r"""
- name: Read the Default certificates of the Front End servers into a document on the controller
  sameca.pki.same_ca_reference:
    requirement: persistent-chat
    reference:
      - name: fe01.contoso.com
        use: Default
        source:
          tls:
            host: fe01.contoso.com
            port: 5061
      - name: fe02.contoso.com
        use: Default
        source: exported/fe02.cer
    authorities:
      - CertEnroll
    dest: lync-internal.reference.json
    mode: "0644"
  delegate_to: localhost
  run_once: true

- name: Pin the CA, where no internal server can be reached
  sameca.pki.same_ca_reference:
    requirement: persistent-chat
    reference:
      - name: Contoso Issuing CA
        authority: CertEnroll/Contoso Issuing CA.crt
    dest: lync-pinned.reference.json
    mode: "0644"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
document:
  description:
    - The reference document, as O(sameca.pki.same_ca_info#module:reference_document) takes it.
  returned: success
  type: dict
  sample:
    protocol: 1
    kind: reference
    requirement: persistent-chat
    members:
      - name: fe01.contoso.com
        use: Default
        read_by: tls
unread:
  description: The servers that could not be read, each with C(name), C(use), C(code) and C(message).
  returned: success
  type: list
  elements: dict
  sample: []
findings:
  description: What was found, each with C(of), the member that it is on, or V(reference).
  returned: success
  type: list
  elements: dict
  sample: []
error:
  description: Why C(same-ca) gave no document. Its C(code) is V(reference-unreadable) if a server could not be read.
  returned: on such a failure
  type: dict
  sample:
    code: reference-unreadable
    message: fe02.contoso.com could not be read
msg:
  description: What was read, or why it failed.
  returned: always
  type: str
  sample: 2 of 2 servers read
dest:
  description: Where the document is.
  returned: if O(dest) is given
  type: str
  sample: lync-internal.reference.json
backup_file:
  description: Name of the backup file.
  returned: changed and if O(backup) is V(true)
  type: str
  sample: lync-internal.reference.json.2026-11-20@06:00:00~
"""

import base64
import hashlib
import json
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sameca.pki.plugins.module_utils import _argspec, _files
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError
from ansible_collections.sameca.pki.plugins.module_utils._start import by_module

# What differs from one reading to the next while the servers say the same.
PASSING = ("collected_at", "host", "node", "tool")

# A document of a thousand members with their chains is a tenth of this.
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


def main():
    options = dict(_argspec.caller_options(), **_argspec.reference_options())
    options.update(
        references=dict(type="str", choices=["agree", "any"], default="agree"),
        dest=dict(type="path"),
        backup=dict(type="bool", default=False),
    )
    module = _argspec.module_class(AnsibleModule)(
        argument_spec=options,
        add_file_common_args=True,
        supports_check_mode=True,
    )
    dest, partial = module.params["dest"], module.params["references"] == "any"
    try:
        if not module.params["reference"]:
            raise _argspec.OptionError("reference: give at least one server that sets the rule")
        if dest:
            _files.refuse_place("dest", dest)
            _files.refuse_impossible(module, dest, module.params["owner"], module.params["group"], module.params["mode"])
        runner = Runner(by_module(module), module.params["binary_path"])
        request = _argspec.Mapper(module.params, module.withheld.reveal).reference_request()
        document = runner.ask(["reference"] + (["--partial"] if partial else []), request)
    except _argspec.OptionError as error:
        module.fail_json(msg=str(error))
    except RunnerError as error:
        module.fail_json(msg=error.message, **error.details)
    if document.get("kind") != "reference" or not isinstance(document.get("members"), list):
        module.fail_json(msg="same-ca at %s gave a malformed reference document" % runner.path)

    findings = _argspec.findings(dict(reference=document))
    result = dict(changed=False, document=document, findings=findings, unread=unread(document), msg=said(document))
    if not any(read(member) for member in document["members"]):
        words = ["%s: %s: %s" % (finding["of"], finding.get("code"), finding.get("message")) for finding in findings]
        words += ["%s: %s" % (each["name"], each["message"]) for each in result["unread"]]
        result["msg"] = "; ".join(["no server of the reference could be read"] + words)
        module.fail_json(**result)
    if result["unread"] and not partial:
        result["msg"] = "not every server of the reference could be read: " + said(document)
        module.fail_json(**result)
    for each in result["unread"]:
        module.warn("%s could not be read, and is missing in the reference: %s" % (each["name"], each["message"]))
    if dest:
        keep(module, dest, document, result)
    module.exit_json(**result)


def keep(module, dest, document, result):
    """Puts the document where it belongs, unless what is there says the same, or more."""
    result["dest"] = dest
    old = existing(dest)
    lost = [each["name"] for each in result["unread"] if same_member(each, old) is not None]
    if lost:
        module.warn(
            "%s is kept as it was, because it has what could not be read this time: %s" % (dest, ", ".join(lost))
        )
        result["document"] = old
    elif old is None or lasting(old) != lasting(document):
        result["changed"] = True
        if module._diff:
            _files.add_diff(result, dest, shown(old), shown(document))
        if not module.check_mode:
            if module.params["backup"] and os.path.exists(dest):
                result["backup_file"] = module.backup_local(dest)
            write(module, dest, document)
    # A failure from here on is one after a change, and says so.
    module.done = {key: value for key, value in result.items() if key != "msg"}
    _files.attributes(module, dest, result)


def said(document):
    """The document in one sentence."""
    names = ["%s (%s)" % (each["name"], each["message"]) for each in unread(document)]
    count = sum(1 for member in document["members"] if read(member))
    return "%d of %d servers read" % (count, len(document["members"])) + ("; not read: " + ", ".join(names) if names else "")


def unread(document):
    """The members that could not be read, each with why."""
    found = []
    for member in document["members"]:
        if read(member):
            continue
        why = member.get("unread") or (member.get("findings") or [{}])[0]
        each = dict(name=member.get("name"), code=why.get("code"), message=why.get("message") or "it could not be read")
        if member.get("use"):
            each["use"] = member["use"]
        found.append(each)
    return found


def same_member(each, document):
    """What a document knows of a member."""
    for member in (document or {}).get("members") or []:
        if isinstance(member, dict) and member.get("name") == each["name"] and member.get("use") == each.get("use") and read(member):
            return member
    return None


def read(member):
    """Whether a member sets a rule: a certificate or a pin."""
    return bool(member.get("certificate") or member.get("authority") or member.get("key_sha256"))


def existing(dest):
    """The document that is there, if it is one."""
    try:
        with open(dest, "rb") as file:
            document = json.loads(file.read(MAX_DOCUMENT_BYTES).decode("utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def lasting(document):
    return {key: value for key, value in document.items() if key not in PASSING}


def shown(document):
    """What a diff shows of a document: whom it holds, and what was given beside them."""
    document = document or {}
    members = {}
    for member in document.get("members") or []:
        if isinstance(member, dict):
            name = str(member.get("name")) + (" (%s)" % member["use"] if member.get("use") else "")
            certificate = member.get("certificate")
            members[name] = _argspec.facts(certificate) if certificate else {"key_sha256": member.get("key_sha256")}
            chain = member.get("chain") or (certificate or {}).get("chain")
            if chain:
                members[name]["chain"] = [brief(pem) for pem in chain]
            if member.get("unread"):
                members[name] = {"unread": member["unread"].get("message")}
    result = members
    for key in ("authorities", "intermediates"):
        if document.get(key):
            result[key] = [brief(pem) for pem in document[key]]
    for key in ("requirement", "findings"):
        if document.get(key):
            result[key] = document[key]
    return result


def brief(pem):
    """A certificate by the SHA-256 of its DER."""
    lines = [line for line in str(pem).splitlines() if line and not line.startswith("-----")]
    try:
        return _argspec.colons(hashlib.sha256(base64.b64decode("".join(lines))).hexdigest())
    except ValueError:
        return "no certificate"


def write(module, dest, document):
    """Puts the document in its place, whole or not at all."""
    handle, path = tempfile.mkstemp(dir=module.tmpdir)
    module.add_cleanup_file(path)
    with os.fdopen(handle, "wb") as file:
        file.write((json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))
    _files.move(module, path, dest)


if __name__ == "__main__":
    main()
