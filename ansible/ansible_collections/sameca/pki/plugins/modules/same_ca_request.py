#!/usr/bin/python
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

DOCUMENTATION = r"""
module: same_ca_request
short_description: Hand a finished request to same-ca
version_added: 0.1.0
description:
  - Hands a request of the protocol of C(same-ca) to C(same-ca check) on the target, and returns its answer as it is.
  - M(sameca.pki.same_ca_info) and M(sameca.pki.same_ca_host) use it, with a request that was made on the controller, for hosts that
    they cannot ask by one command, such as with C(su) as the become method. Use those, unless you make requests yourself.
  - It fails only if the executable could not be started.
requirements:
  - The executable C(same-ca), 0.1.0 or later, on the target.
  - Python 3.6 or later on the target.
author:
  - The same-ca contributors (!UNKNOWN)
extends_documentation_fragment:
  - sameca.pki._attributes
  - sameca.pki._attributes.info_module
  - sameca.pki._attributes.platform
  - sameca.pki._attributes.actiongroup_sameca
options:
  request:
    description:
      - The request, as C(same-ca schema request) describes it. It is neither logged nor returned.
      - If it has no C(host) or no C(collected_at), they are the target's own name and time.
    type: dict
    required: true
  binary_path:
    description:
      - Where the executable C(same-ca) is on the target.
      - If not given, E(PATH) is searched, and then C(/usr/local/bin/same-ca) is tried.
    type: path
seealso:
  - module: sameca.pki.same_ca_info
"""

EXAMPLES = r"""
- name: Ask with a request of your own
  sameca.pki.same_ca_request:
    request: "{{ lookup('ansible.builtin.file', 'request.json') | from_json }}"
  register: asked

- name: Show what was answered
  ansible.builtin.debug:
    msg: "{{ (asked.answer | from_json).status }}"
"""

RETURN = r"""
answer:
  description: What C(same-ca check) wrote to its standard output, a report or an error as JSON.
  returned: success
  type: str
  sample: '{"protocol":1,"status":"compliant"}'
code:
  description: Its exit code, V(0) where the answer is a report.
  returned: success
  type: int
  sample: 0
program:
  description: Which executable was started.
  returned: success
  type: str
  sample: /usr/local/bin/same-ca
msg:
  description: Why it could not be started.
  returned: failure
  type: str
  sample: "there is no same-ca at /opt/same-ca: install it (role sameca.pki.install), or correct binary_path"
"""

import json
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sameca.pki.plugins.module_utils import _start


class Module(AnsibleModule):
    """Parameters are logged and returned, and a request may hold secrets: it is taken out before."""

    def _load_params(self):
        super()._load_params()
        self.request = self.params.get("request")
        if isinstance(self.request, dict):
            self.params["request"] = {}


def main():
    module = Module(
        argument_spec=dict(request=dict(type="dict", required=True), binary_path=dict(type="path")),
        supports_check_mode=True,
    )
    request = module.request
    if not isinstance(request, dict):
        module.fail_json(msg="request: expected a dictionary")
    if "host" not in request:
        request["host"] = _start.fqdn()
    if "collected_at" not in request:
        request["collected_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    try:
        path = _start.find(module.params["binary_path"])
        code, out, unused = _start.by_module(module)([path, "check"], json.dumps(request).encode("utf-8"))
    except _start.RunnerError as error:
        module.fail_json(msg=error.message)
    except OSError as error:
        module.fail_json(msg="failed to start same-ca from %s: %s" % (path, error.strerror))
    module.exit_json(changed=False, answer=out.decode("utf-8", "replace"), code=code, program=path)


if __name__ == "__main__":
    main()
