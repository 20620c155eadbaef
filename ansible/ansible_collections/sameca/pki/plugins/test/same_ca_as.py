# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.sameca.pki.plugins.module_utils import _argspec
from ansible_collections.sameca.pki.plugins.plugin_utils._here import asked, source

# Here it is asked who issued a certificate, and not whether it still is of use.
ASIDE = {"expired": "info", "not-yet-valid": "info"}


def same_ca_as(certificate, reference, authorities=None, policy=None, binary_path=None):
    """Whether it is proven that the reference's CA issued a certificate."""
    request = {
        "protocol": 1,
        "subjects": [{"name": "certificate", "names": [], "source": source(certificate)}],
        "policy": dict({"severity": ASIDE}, **(policy or {})),
    }
    given = _argspec.as_object(reference)
    if isinstance(given, dict) and isinstance(given.get("document"), dict):
        given = given["document"]
    if isinstance(given, dict) and isinstance(given.get("members"), list):
        request["reference_document"] = given
    else:
        members = given if isinstance(given, (list, tuple)) else [given]
        request["reference"] = [{"name": f"reference {at}", "source": source(each)} for at, each in enumerate(members, 1)]
    if not request.get("reference") and "reference_document" not in request:
        raise AnsibleFilterError("same_ca_as: there is nothing to compare with")
    if authorities:
        given = authorities if isinstance(authorities, (list, tuple)) else [authorities]
        request["authorities"] = [source(each) for each in given]
    return asked(["check"], request, binary_path).get("status") == "compliant"


class TestModule:
    def tests(self):
        return {"same_ca_as": same_ca_as}
