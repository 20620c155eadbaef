# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

"""Runs the module with what only the controller knows."""

from __future__ import annotations

from ansible_collections.sameca.pki.plugins.plugin_utils._controller import HostAction
from ansible_collections.sameca.pki.plugins.plugin_utils._ready import report


class ActionModule(HostAction):
    MODULE = "sameca.pki.same_ca_info"

    def asked(self, arguments, task_vars):
        return report(self, arguments, task_vars) or super().asked(arguments, task_vars)
