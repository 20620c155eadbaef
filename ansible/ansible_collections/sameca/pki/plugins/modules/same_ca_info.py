#!/usr/bin/python
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

DOCUMENTATION = r"""
module: same_ca_info
short_description: Prove whether certificates were issued by the same CA as a reference
version_added: 0.1.0
description:
  - Verifies signatures to tell for each subject whether a key of the reference's CA signed its certificate.
  - The reference is the servers that set the rule. They are read by this task, or come as a reference document.
  - What cannot be determined is C(undetermined), never compliant.
  - Most hosts are asked by one command over the connection, without any Python, in a fraction of a ping's time. Where that is not
    possible (C(su) as the become method, a shell that is not a POSIX shell, C(async), paths that only the host can expand), or gives
    no answer, a module is sent to the host.
  - This module does not fail on a verdict. Use M(ansible.builtin.assert) on RV(compliant), or M(sameca.pki.same_ca), to fail.
requirements:
  - The executable C(same-ca), 0.1.0 or later, on the target.
  - Python 3.6 or later on the target, where a module is sent.
author:
  - The same-ca contributors (!UNKNOWN)
extends_documentation_fragment:
  - sameca.pki._attributes
  - sameca.pki._attributes.info_module
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
seealso:
  - module: sameca.pki.same_ca
  - module: sameca.pki.same_ca_reference
  - module: sameca.pki.fleet_report
  - module: community.crypto.x509_certificate_info
"""

EXAMPLES = r"""
- name: Ask whether the Persistent Chat server's certificate is under the CA of the Front End servers
  sameca.pki.same_ca_info:
    requirement: persistent-chat
    # Written before by sameca.pki.same_ca_reference, and read here on the controller: it needs no other host in the run.
    reference_document: "{{ lookup('ansible.builtin.file', 'lync-internal.reference.json') | from_json }}"
    subjects:
      - name: "{{ inventory_hostname }}"
        use: Default
        names: ["{{ inventory_hostname }}"]
        source:
          path: /etc/pchat/pchat.pfx
          privatekey_passphrase: "{{ pchat_passphrase }}"
    policy:
      profile: lync-server-2013
  register: same_ca

- name: Fail if it is not
  ansible.builtin.assert:
    that: same_ca.compliant
    fail_msg: "{{ same_ca.msg }}"

- name: Ask whether any certificate in a folder would do, before anything is installed
  sameca.pki.same_ca_info:
    requirement: persistent-chat
    reference_document: "{{ lookup('ansible.builtin.file', 'lync-internal.reference.json') | from_json }}"
    subjects:
      - name: "{{ inventory_hostname }}"
        names: ["{{ inventory_hostname }}"]
        any_of:
          - /etc/pchat/candidates
  register: same_ca

- name: Ask about a list of TLS endpoints at once from the controller, each against its own name
  sameca.pki.same_ca_info:
    requirement: persistent-chat
    host: "{{ inventory_hostname }}"
    reference_document: lync-internal.reference.json
    subjects: "{{ same_ca_subjects }}"
  vars:
    same_ca_subjects: >-
      {%- set subjects = [] -%}
      {%- for endpoint in endpoints -%}
      {%- set tls = {'host': endpoint.address | default(endpoint.name), 'port': endpoint.port, 'server_name': endpoint.name} -%}
      {%- set _ = subjects.append({'name': endpoint.name ~ ':' ~ endpoint.port, 'names': [endpoint.name], 'source': {'tls': tls}}) -%}
      {%- endfor -%}
      {{ subjects }}
  delegate_to: localhost
  run_once: true
  register: same_ca
"""

RETURN = r"""
report:
  description: The whole report of C(same-ca), as its JSON Schema (C(same-ca schema report)) describes it.
  returned: success
  type: dict
  sample:
    protocol: 1
    requirement: persistent-chat
    host: pchat01.contoso.com
    status: compliant
    compliant: true
    summary: {total: 1, compliant: 1, noncompliant: 0, undetermined: 0}
compliant:
  description: Whether every subject complies, with proof.
  returned: success
  type: bool
  sample: true
status:
  description: The worst status of the subjects, V(compliant), V(undetermined) or V(noncompliant).
  returned: success
  type: str
  sample: compliant
findings:
  description:
    - The findings in the order of the report, those on the reference first.
    - RV(findings[].of) names the subject or member, or is V(reference) for the reference as a whole.
  returned: success
  type: list
  elements: dict
  contains:
    of:
      description: Name of the subject or of the member of the reference.
      type: str
      returned: always
      sample: pchat02.contoso.com
    use:
      description: The server's use of the certificate.
      type: str
      returned: if given
      sample: Default
    code:
      description: The stable code of the finding.
      type: str
      returned: always
      sample: issuer-key-differs
    severity:
      description: V(error), V(doubt), V(warning) or V(info).
      type: str
      returned: always
      sample: error
    message:
      description: The finding in words.
      type: str
      returned: always
      sample: a CA of the same name, CN=Contoso Issuing CA,DC=contoso,DC=com, with another key issued it
    expected:
      description: The expected value.
      type: str
      returned: where it helps
      sample: CN=Contoso Issuing CA,DC=contoso,DC=com
    actual:
      description: The actual value.
      type: str
      returned: where it helps
      sample: CN=Fabrikam CA,DC=fabrikam,DC=com
    hint:
      description: What to do next.
      type: str
      returned: where it helps
      sample: replace it with a certificate of the reference's CA
    pointer:
      description: Which part of the request it is about, as a JSON pointer.
      type: str
      returned: where it helps
      sample: /authorities/0
error:
  description: Why C(same-ca) gave no report, with C(code), C(message) and C(pointer).
  returned: on such a failure
  type: dict
  sample: {code: bad-request, message: the name is used twice, pointer: /subjects/1}
msg:
  description: The verdict in one sentence, or why there is none.
  returned: always
  type: str
  sample: All 1 subjects are under the reference CA
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sameca.pki.plugins.module_utils import _argspec
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError
from ansible_collections.sameca.pki.plugins.module_utils._start import by_module


def main():
    module = _argspec.module_class(AnsibleModule)(
        argument_spec=_argspec.request_options(),
        supports_check_mode=True,
        **_argspec.REQUEST_RULES
    )
    try:
        runner = Runner(by_module(module), module.params["binary_path"])
        request = _argspec.Mapper(module.params, module.withheld.reveal).request()
        report = runner.report(["check"], request)
    except _argspec.OptionError as error:
        module.fail_json(msg=str(error))
    except RunnerError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(changed=False, **_argspec.result(report))


if __name__ == "__main__":
    main()
