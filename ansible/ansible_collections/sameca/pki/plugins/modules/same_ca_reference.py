#!/usr/bin/python
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import annotations

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
  - It fails, and leaves O(dest) as it is, if no server could be read.
requirements:
  - The executable C(same-ca), 0.1.0 or later, where the task runs, which is mostly the controller.
author:
  - The same-ca contributors (!UNKNOWN)
extends_documentation_fragment:
  - ansible.builtin.files
  - sameca.pki._attributes
  - sameca.pki._attributes.platform
  - sameca.pki._attributes.actiongroup_sameca
  - sameca.pki._request
  - sameca.pki._request.reference
attributes:
  check_mode:
    support: full
    details:
      - The servers are read in check mode too.
  diff_mode:
    support: full
    details:
      - Shows subject, issuer, expiry and fingerprints of the members before and after.
  idempotent:
    support: full
    details:
      - A document that says the same but for O(collected_at) is left as it is.
options:
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
findings:
  description: What was found, each with C(of), the member that it is on, or V(reference).
  returned: success
  type: list
  elements: dict
  sample: []
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

import json
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sameca.pki.plugins.module_utils import _argspec
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError

# What differs from one reading to the next while the servers say the same.
PASSING = ("collected_at", "host", "tool")

# A document of a thousand members with their chains is a tenth of this.
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


def main():
    options = dict(_argspec.caller_options(), **_argspec.reference_options())
    module = _argspec.module_class(AnsibleModule)(
        argument_spec=dict(options, dest=dict(type="path"), backup=dict(type="bool", default=False)),
        add_file_common_args=True,
        supports_check_mode=True,
    )
    try:
        runner = Runner(module.params["binary_path"])
        request = _argspec.Mapper(module.params, module.withheld.reveal).reference_request()
        document = runner.ask(["reference"], request)
    except _argspec.OptionError as error:
        module.fail_json(msg=str(error))
    except RunnerError as error:
        module.fail_json(msg=error.message, **error.details)
    if document.get("kind") != "reference" or not isinstance(document.get("members"), list):
        module.fail_json(msg=f"same-ca at {runner.path} gave a malformed reference document")

    findings = _argspec.findings(dict(reference=document))
    result = dict(changed=False, document=document, findings=findings)
    if not any(read(member) for member in document["members"]):
        words = [f"{finding['of']}: {finding.get('code')}: {finding.get('message')}" for finding in findings]
        module.fail_json(**dict(result, msg="; ".join(["no server of the reference could be read"] + words)))

    dest = module.params["dest"]
    if dest:
        result["dest"] = dest
        old = existing(dest)
        if old is None or lasting(old) != lasting(document):
            result["changed"] = True
            if module._diff:
                result["diff"] = dict(
                    before=members(old), after=members(document), before_header=dest, after_header=dest
                )
            if not module.check_mode:
                if module.params["backup"] and os.path.exists(dest):
                    result["backup_file"] = module.backup_local(dest)
                write(module, dest, document)
        if os.path.exists(dest):
            arguments = module.load_file_common_arguments(module.params, path=dest)
            result["changed"] = module.set_fs_attributes_if_different(arguments, result["changed"])
    module.exit_json(**result)


def read(member):
    """Whether a member sets a rule: a certificate or a pin."""
    return bool(member.get("certificate") or member.get("authority") or member.get("key_sha256"))


def existing(dest):
    """The document that is there, if it is one."""
    try:
        with open(dest, "rb") as file:
            document = json.loads(file.read(MAX_DOCUMENT_BYTES))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def lasting(document):
    return {key: value for key, value in document.items() if key not in PASSING}


def members(document):
    """What a diff shows of a document."""
    shown = {}
    for member in (document or {}).get("members") or []:
        if isinstance(member, dict):
            name = str(member.get("name")) + (f" ({member['use']})" if member.get("use") else "")
            certificate = member.get("certificate")
            shown[name] = _argspec.facts(certificate) if certificate else {"key_sha256": member.get("key_sha256")}
    return shown


def write(module, dest, document):
    """Puts the document in its place, whole or not at all."""
    handle, path = tempfile.mkstemp(dir=module.tmpdir)
    module.add_cleanup_file(path)
    with os.fdopen(handle, "wb") as file:
        file.write((json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))
    module.atomic_move(path, os.path.abspath(dest))


if __name__ == "__main__":
    main()
