#!/usr/bin/python
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

DOCUMENTATION = r"""
module: same_ca_host
short_description: Ask a host of any kind, with the module of its kind
version_added: 0.1.0
description:
  - Asks a Unix host with M(sameca.pki.same_ca_info), a Windows host with M(sameca.pki.win_same_ca_info), or the controller in the
    place of a host that nobody can log in to. With O(state=enforced) it is M(sameca.pki.same_ca) or M(sameca.pki.win_same_ca).
  - A host counts as Windows by its facts where they were gathered, else by the shell of its connection.
  - So a play over hosts of both kinds has one task, and none that is skipped. The role P(sameca.pki.persistent_chat#role) is built
    on it.
  - It fails neither on a verdict nor where there is none. RV(compliant) is true only if the rule is proven to be kept; fail by it
    after M(sameca.pki.fleet_report).
requirements:
  - What the module needs that is chosen.
author:
  - The same-ca contributors (!UNKNOWN)
extends_documentation_fragment:
  - sameca.pki._attributes
  - sameca.pki._attributes.paths
  - sameca.pki._attributes.actiongroup_sameca
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - As that of the module that is chosen.
  idempotent:
    support: full
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix, windows
options:
  state:
    description:
      - V(checked) changes nothing.
      - V(enforced) installs a fitting candidate where a subject with C(install) is not compliant.
    type: str
    choices: [checked, enforced]
    default: checked
  from_controller:
    description:
      - Whether the controller asks. The subjects then are TLS endpoints, or files on the controller.
    type: bool
    default: false
  reference_file:
    description:
      - Path on the controller of a reference document, as M(sameca.pki.same_ca_reference) writes it.
      - It is used if neither O(reference) nor O(reference_document) is given.
    type: str
  controller_binary_path:
    description: O(binary_path) with O(from_controller=true).
    type: path
  requirement:
    description: As O(sameca.pki.same_ca_info#module:requirement).
    type: str
    required: true
  host:
    description: As O(sameca.pki.same_ca_info#module:host).
    type: str
  node:
    description: As O(sameca.pki.same_ca_info#module:node).
    type: str
  collected_at:
    description: As O(sameca.pki.same_ca_info#module:collected_at).
    type: str
  binary_path:
    description: As O(sameca.pki.same_ca_info#module:binary_path), or O(sameca.pki.win_same_ca_info#module:binary_path) on Windows.
    type: path
  reference:
    description:
      - As O(sameca.pki.same_ca_info#module:reference), or O(sameca.pki.win_same_ca_info#module:reference) on Windows.
    type: list
    elements: raw
  reference_document:
    description: A reference document as data, or its path on the target.
    type: raw
  pinned_keys:
    description: As O(sameca.pki.same_ca_info#module:pinned_keys).
    type: list
    elements: str
  authorities:
    description: As O(sameca.pki.same_ca_info#module:authorities).
    type: list
    elements: raw
  intermediates:
    description: As O(sameca.pki.same_ca_info#module:intermediates).
    type: list
    elements: raw
  subjects:
    description:
      - As O(sameca.pki.same_ca_info#module:subjects), or O(sameca.pki.win_same_ca_info#module:subjects) on Windows.
    type: list
    elements: raw
    required: true
  candidates:
    description: As O(sameca.pki.same_ca_info#module:candidates), likewise.
    type: list
    elements: raw
  policy:
    description: As O(sameca.pki.same_ca_info#module:policy).
    type: dict
  privatekey_passphrase:
    description: As O(sameca.pki.win_same_ca_info#module:privatekey_passphrase); on Windows only.
    type: str
  candidate_passphrase:
    description: As O(sameca.pki.win_same_ca_info#module:candidate_passphrase); on Windows only.
    type: str
  key_exportable:
    description: As O(sameca.pki.win_same_ca#module:key_exportable).
    type: bool
    default: false
  replace_staged:
    description: As O(sameca.pki.win_same_ca#module:replace_staged).
    type: bool
    default: false
  set_oauth_token_issuer:
    description: As O(sameca.pki.win_same_ca#module:set_oauth_token_issuer).
    type: bool
    default: false
seealso:
  - module: sameca.pki.same_ca_info
  - module: sameca.pki.win_same_ca_info
  - module: sameca.pki.fleet_report
"""

EXAMPLES = r"""
- name: Ask every host, whatever it is
  sameca.pki.same_ca_host:
    requirement: persistent-chat
    reference_file: lync-internal.reference.json
    subjects: "{{ same_ca_subjects }}"
    policy:
      profile: lync-server-2013
  ignore_unreachable: true
  register: same_ca

- name: Report, with who did not answer and why
  sameca.pki.fleet_report:
    html: reports/fleet-report.html
    mode: "0644"
  delegate_to: localhost

- name: Fail where the rule is not kept
  ansible.builtin.assert:
    that: same_ca.compliant | default(false)
    fail_msg: "{{ same_ca.msg | default('the host gave no answer') }}"
"""

RETURN = r"""
report:
  description: The whole report of C(same-ca), as its JSON Schema (C(same-ca schema report)) describes it.
  returned: if there is one
  type: dict
compliant:
  description: Whether every subject complies, with proof.
  returned: always
  type: bool
  sample: true
status:
  description: The worst status of the subjects, V(compliant), V(undetermined) or V(noncompliant).
  returned: with RV(report)
  type: str
  sample: compliant
findings:
  description: The findings, as RV(sameca.pki.same_ca_info#module:findings).
  returned: with RV(report)
  type: list
  elements: dict
  sample: []
restart_needed:
  description: Whether a certificate was replaced, or in check mode would be, so that its service must be restarted or reloaded.
  returned: with O(state=enforced)
  type: bool
  sample: false
msg:
  description: The verdict in one sentence, or why there is none.
  returned: always
  type: str
  sample: All 1 subjects are under the reference CA
"""

# The action plugin of this name does all of it: it alone knows what kind of host it is.
