# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
name: certificate_facts
short_description: The facts of a certificate
version_added: 0.1.0
author:
  - The same-ca contributors (!UNKNOWN)
description:
  - Says what C(same-ca inspect) says of a certificate. It needs the executable C(same-ca) on the controller.
  - Of a source that holds several, it is the server's own certificate, or else the first.
options:
  _input:
    description: PEM text, a path on the controller, C(tls://HOST[:PORT]), or a dictionary of one of the protocol's sources.
    type: raw
    required: true
  binary_path:
    description: Where the executable is, if not in E(PATH) or as C(/usr/local/bin/same-ca).
    type: path
  valid_at:
    description: The time from which the remaining days are counted. The default is the current time.
    type: str
"""

EXAMPLES = r"""
- name: Say how long a certificate lasts
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'fe01.pem') | sameca.pki.certificate_facts).days_left }}"
"""

RETURN = r"""
_value:
  description: The facts, as RV(sameca.pki.certificate_info#module:certificates).
  type: dict
"""

import datetime

from ansible.errors import AnsibleFilterError
from ansible_collections.sameca.pki.plugins.module_utils import _argspec
from ansible_collections.sameca.pki.plugins.plugin_utils._here import asked, source


def certificate_facts(value, binary_path=None, valid_at=None):
    now = datetime.datetime.now(datetime.timezone.utc)
    try:
        at = _argspec.timestamp("valid_at", valid_at or "+0s", now)
    except _argspec.OptionError as error:
        raise AnsibleFilterError(str(error)) from error
    request = {"protocol": 1, "subjects": [{"name": "certificate", "source": source(value)}]}
    certificates, found = _argspec.inspected(asked(["inspect"], request, binary_path), at)
    own = [one for one in certificates if one["chosen"]] or certificates
    if not own:
        words = "; ".join(str(finding.get("message")) for finding in found) or "there is none"
        raise AnsibleFilterError(f"certificate_facts: no certificate could be read: {words}")
    return {key: item for key, item in own[0].items() if key not in ("source", "chosen")}


class FilterModule:
    def filters(self):
        return {"certificate_facts": certificate_facts}
