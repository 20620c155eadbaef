#!/usr/bin/python
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

DOCUMENTATION = r"""
module: same_ca
short_description: Keep certificates under the same CA as a reference
version_added: 0.1.0
description:
  - Checks subjects as M(sameca.pki.same_ca_info) does. Where one is not compliant and has O(subjects[].install), the
    fitting certificate among the candidates is installed there, all or nothing.
  - It fails if a subject is not compliant afterwards, with the findings in the message. What was installed for others
    stays, and C(changed) says so.
  - Compliant certificates are not changed.
  - In check mode the verdict, C(changed) and RV(actions) are those that the run would give, and nothing is touched.
  - Nothing is requested from a CA, no service is restarted, and nothing is ever added to a trust store.
requirements:
  - The executable C(same-ca), 0.1.0 or later, on the target.
  - Python 3.6 or later on the target.
author:
  - The same-ca contributors (!UNKNOWN)
extends_documentation_fragment:
  - sameca.pki._attributes
  - sameca.pki._attributes.paths
  - sameca.pki._attributes.platform
  - sameca.pki._attributes.actiongroup_sameca
  - sameca.pki._request
  - sameca.pki._request.reference
  - sameca.pki._request.subjects
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows subject, issuer, expiry and fingerprints of the certificate before and after, and never a key.
  idempotent:
    support: full
seealso:
  - module: sameca.pki.same_ca_info
  - module: sameca.pki.same_ca_reference
  - module: community.crypto.x509_certificate
"""

EXAMPLES = r"""
- name: Keep the web server's certificate under the CA of the internal servers
  sameca.pki.same_ca:
    requirement: persistent-chat
    reference_document: "{{ lookup('ansible.builtin.file', 'lync-internal.reference.json') | from_json }}"
    subjects:
      - name: "{{ inventory_hostname }}"
        use: WebServicesExternal
        names: [webext.contoso.com]
        install:
          path: /etc/web/external.pem
          privatekey_path: /etc/web/external.key
          owner: root
          mode: "0644"
          privatekey_mode: "0600"
          backup: true
    candidates:
      - path: /srv/certificates
    policy:
      profile: lync-server-2013
      renew_before: 14d
  register: same_ca

- name: Keep a PKCS#12 file under that CA, with a candidate that has a passphrase of its own
  sameca.pki.same_ca:
    requirement: persistent-chat
    reference_document: /etc/same-ca/lync-internal.reference.json
    subjects:
      - name: "{{ inventory_hostname }}"
        use: Default
        names: ["{{ inventory_hostname }}"]
        install:
          pkcs12_path: /etc/pchat/pchat.pfx
          privatekey_passphrase: "{{ pchat_passphrase }}"
    candidates:
      - path: /srv/certificates/pchat.pfx
        privatekey_passphrase: "{{ candidate_passphrase }}"
  register: same_ca
"""

RETURN = r"""
report:
  description: The whole report of C(same-ca enforce), as its JSON Schema (C(same-ca schema report)) describes it.
  returned: whenever there is one, on a failure too
  type: dict
  sample:
    protocol: 1
    requirement: persistent-chat
    status: compliant
    changed: true
compliant:
  description: Whether every subject is now proven to keep the rule.
  returned: with RV(report)
  type: bool
  sample: true
status:
  description: The worst status of the subjects, V(compliant), V(undetermined) or V(noncompliant).
  returned: with RV(report)
  type: str
  sample: compliant
findings:
  description:
    - The findings in the order of the report, each with RV(findings[].of), the subject or member that it is on.
    - See M(sameca.pki.same_ca_info) for what they hold.
  returned: with RV(report)
  type: list
  elements: dict
  contains:
    of:
      description: Name of the subject or of the member of the reference.
      type: str
      returned: always
      sample: pchat02.contoso.com
actions:
  description: What was done, or in check mode what would be.
  returned: with RV(report)
  type: list
  elements: dict
  contains:
    action:
      description: V(install) or V(recover), the latter mending what an interrupted run left.
      type: str
      returned: always
    subject:
      description: The subject's name.
      type: str
      returned: always
    certificate:
      description: SHA-256 of the certificate that was installed.
      type: str
      returned: on V(install)
    paths:
      description: The files that were written.
      type: list
      elements: str
      returned: always
restart_needed:
  description: Whether a certificate was replaced, or in check mode would be, so that its service must be restarted or reloaded.
  returned: with RV(report)
  type: bool
  sample: true
error:
  description: Why C(same-ca) gave no report, with C(code), C(message) and C(pointer).
  returned: on such a failure
  type: dict
  sample: {code: bad-request, message: the name is used twice, pointer: /subjects/1}
backup_file:
  description: Name of the backup file; the first one if there are several.
  returned: changed and if O(subjects[].install.backup) is V(true)
  type: str
  sample: /etc/pchat/pchat.pfx.20261120060000.bak
backup_files:
  description: Names of all the backup files.
  returned: changed and if O(subjects[].install.backup) is V(true)
  type: list
  elements: str
  sample: [/etc/pchat/pchat.pfx.20261120060000.bak]
msg:
  description: The verdict in one sentence, and on a failure the findings with what to do next.
  returned: always
  type: str
  sample: All 1 subjects are under the reference CA
"""

import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sameca.pki.plugins.module_utils import _argspec, _files
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError
from ansible_collections.sameca.pki.plugins.module_utils._start import by_module


def main():
    module = _argspec.module_class(AnsibleModule)(
        argument_spec=_argspec.request_options(),
        supports_check_mode=True,
        **_argspec.REQUEST_RULES
    )
    places = [place for subject in module.params["subjects"] for place in files(subject.get("install"))]
    try:
        # Before the first byte: afterwards a certificate would stand there with a wrong owner, and the task have failed.
        for place in places:
            _files.refuse_impossible(module, place["path"], place["owner"], place["group"], place["mode"], place["option"])
            if place["holds_key"] and lets_others_read(place["mode"]):
                raise _argspec.OptionError(
                    "mode %s would let others read the private key in %s" % (place["mode"], place["path"])
                )
        runner = Runner(by_module(module), module.params["binary_path"])
        request = _argspec.Mapper(module.params, module.withheld.reveal).request()
        report = runner.report(["enforce"] + (["--what-if"] if module.check_mode else []), request)
    except _argspec.OptionError as error:
        module.fail_json(msg=str(error))
    except RunnerError as error:
        module.fail_json(msg=error.message, **error.details)

    result = _argspec.result(report)
    result["actions"] = report.get("actions") or []
    result["changed"] = bool(report.get("changed"))
    result["restart_needed"] = bool(report.get("changed")) and any(
        action.get("action") == "install" for action in result["actions"]
    )
    backups = [backup for action in result["actions"] for backup in action.get("backups") or []]
    if backups:
        result["backup_file"] = backups[0]
        result["backup_files"] = backups
    diffs = certificate_diffs(report) if module._diff else []
    # A failure from here on is one after a change, and says so.
    module.done = {key: value for key, value in result.items() if key != "msg"}
    for place in places:
        result["changed"] = own(module, place, diffs) or result["changed"]
    if diffs:
        result["diff"] = diffs
    if not result["compliant"]:
        result["msg"] = _argspec.failure(report)
        module.fail_json(**result)
    module.exit_json(**result)


def files(install):
    """The files of a place, with what they should have besides their content."""
    if not install:
        return []
    named = [
        ("path", "mode", not install["privatekey_path"]),
        ("pkcs12_path", "mode", True),
        ("chain_path", "mode", False),
        ("privatekey_path", "privatekey_mode", True),
    ]
    return [
        dict(
            path=install[path],
            owner=install["owner"],
            group=install["group"],
            mode=install[mode],
            option=mode,
            holds_key=holds_key,
        )
        for path, mode, holds_key in named
        if install[path]
    ]


def lets_others_read(mode):
    """Whether permissions, octal or symbolic, give everybody something."""
    if mode is None:
        return False
    if isinstance(mode, int):
        return bool(mode & 0o7)
    text = str(mode).strip()
    if re.match(r"[0-7]+\Z", text):
        return bool(int(text, 8) & 0o7)
    clauses = (re.match(r"([ugoa]*)[+=](.*)\Z", clause) for clause in text.split(","))
    return any(
        clause and (not clause.group(1) or set("oa") & set(clause.group(1))) and set("rwxXugo") & set(clause.group(2))
        for clause in clauses
    )


def own(module, place, diffs):
    """Gives a file its owner, group and permissions; whether that changed anything."""
    if place["owner"] is None and place["group"] is None and place["mode"] is None:
        return False
    # In check mode a file that would be new is not there; then the report says already that something changes.
    if not os.path.exists(place["path"]):
        return False
    arguments = module.load_file_common_arguments(
        dict(path=place["path"], owner=place["owner"], group=place["group"], mode=place["mode"])
    )
    diff = dict(before={}, after={})
    changed = _files.give(module, arguments, diff)
    if changed and module._diff:
        diffs.append(dict(diff, before_header=place["path"], after_header=place["path"]))
    return changed


def certificate_diffs(report):
    """What a user sees of a change: the certificates' facts, never a key."""
    diffs = []
    for subject in report["subjects"]:
        before, after = _argspec.facts(subject.get("before")), _argspec.facts(subject.get("after"))
        if before == after:
            continue
        header = subject["name"] + (" (%s)" % subject["use"] if subject.get("use") else "")
        diffs.append(dict(before=before, after=after, before_header=header, after_header=header))
    return diffs


if __name__ == "__main__":
    main()
