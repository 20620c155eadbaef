#!/usr/bin/python
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

DOCUMENTATION = r"""
module: certificate_info
short_description: List the certificates in files, folders and servers
version_added: 0.1.0
description:
  - Reads PEM, DER, PKCS#7 and PKCS#12, told apart by content, whole folders, and what servers present by TLS.
  - Returns the facts of every certificate, with the remaining days as a number. It checks nothing; see
    M(sameca.pki.same_ca_info) for that.
  - On a Windows host M(sameca.pki.win_certificate_info) is run with the same options. It reads Windows stores too.
requirements:
  - The executable C(same-ca), 0.1.0 or later, on the target.
  - Python 3.6 or later on the target.
author:
  - The same-ca contributors (!UNKNOWN)
extends_documentation_fragment:
  - sameca.pki._attributes
  - sameca.pki._attributes.info_module
  - sameca.pki._attributes.paths
  - sameca.pki._attributes.platform
  - sameca.pki._attributes.actiongroup_sameca
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
options:
  sources:
    description:
      - What to read. Each is a string, C(tls://HOST[:PORT]) or a path, or a dictionary with the options of
        O(sameca.pki.same_ca_reference#module:reference[].source).
      - All files of a folder are read.
    type: list
    elements: raw
    required: true
  valid_at:
    description:
      - The time from which the remaining days are counted. The default is the current time.
      - An ASN.1 time as V(20261120000000Z), an RFC 3339 one, or relative to now as in V(+3w).
    type: str
  binary_path:
    description:
      - Where the executable C(same-ca) is on the target.
      - If not given, E(PATH) is searched, and then C(/usr/local/bin/same-ca) is tried.
    type: path
seealso:
  - module: sameca.pki.same_ca_info
  - module: community.crypto.x509_certificate_info
"""

EXAMPLES = r"""
- name: Look at a folder, a PKCS#12 file and a server
  sameca.pki.certificate_info:
    sources:
      - /etc/ssl/private
      - path: /etc/pchat/pchat.pfx
        password: "{{ pchat_passphrase }}"
      - tls://fe01.contoso.com:5061
  register: held

- name: Say which end within a month
  ansible.builtin.debug:
    msg: "{{ held.certificates | selectattr('days_left', 'lt', 30) | map(attribute='subject') }}"
"""

RETURN = r"""
certificates:
  description:
    - The certificates in the order of the sources, with the facts that C(same-ca inspect) gives.
  returned: success
  type: list
  elements: dict
  contains:
    source:
      description: Index of its source in O(sources), from 0.
      type: int
      returned: always
      sample: 0
    chosen:
      description: Whether it is the server's own certificate of that source, and not one of its chain.
      type: bool
      returned: always
      sample: true
    subject:
      description: Its subject.
      type: str
      returned: always
      sample: CN=fe01.contoso.com
    issuer:
      description: Its issuer.
      type: str
      returned: always
      sample: CN=Contoso Issuing CA,DC=contoso,DC=com
    not_after:
      description: Its expiry.
      type: str
      returned: always
      sample: "2027-12-01T00:00:00Z"
    days_left:
      description: Whole days until its expiry, negative if it has expired.
      type: int
      returned: always
      sample: 375
    expired:
      description: Whether it has expired.
      type: bool
      returned: always
      sample: false
    sha256:
      description: Its fingerprint.
      type: str
      returned: always
      sample: 862e5b7f5158b8af3aa512d648cfda0a885a51999cef4f21777fda91ee25d5f1
findings:
  description: What could not be read, each with C(source), C(code) and C(message).
  returned: success
  type: list
  elements: dict
  sample: []
error:
  description: Why C(same-ca) gave no answer, with C(code), C(message) and C(pointer).
  returned: on such a failure
  type: dict
  sample: {code: bad-request, message: unknown option}
msg:
  description: How many certificates were read, or why none.
  returned: always
  type: str
  sample: 3 certificates in 3 sources
"""

import datetime

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sameca.pki.plugins.module_utils import _argspec
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError
from ansible_collections.sameca.pki.plugins.module_utils._start import by_module


def main():
    module = _argspec.module_class(AnsibleModule)(
        argument_spec=dict(
            sources=dict(type="list", elements="raw", required=True),
            valid_at=dict(type="str"),
            binary_path=dict(type="path"),
        ),
        supports_check_mode=True,
    )
    now = datetime.datetime.now(datetime.timezone.utc)
    try:
        at = _argspec.timestamp("valid_at", module.params["valid_at"] or "+0s", now)
        runner = Runner(by_module(module), module.params["binary_path"])
        request = _argspec.Mapper(module.params, module.withheld.reveal).inspection()
        # Nothing holds nothing; it is no question to the program.
        answer = runner.ask(["inspect"], request) if request["subjects"] else dict(kind="inspection", subjects=[])
    except _argspec.OptionError as error:
        module.fail_json(msg=str(error))
    except RunnerError as error:
        module.fail_json(msg=error.message, **error.details)
    if answer.get("kind") != "inspection" or not isinstance(answer.get("subjects"), list):
        module.fail_json(msg="same-ca at %s gave a malformed answer" % runner.path)
    certificates, findings = _argspec.inspected(answer, at)
    count = len(module.params["sources"])
    module.exit_json(
        changed=False,
        certificates=certificates,
        findings=findings,
        msg="%s in %s" % (counted(len(certificates), "certificate"), counted(count, "source")),
    )


def counted(number, noun):
    return "%d %s%s" % (number, noun, "" if number == 1 else "s")


if __name__ == "__main__":
    main()
