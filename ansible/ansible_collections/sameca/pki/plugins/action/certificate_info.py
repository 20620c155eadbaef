# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

"""Picks the module for the kind of host."""

from __future__ import annotations

from ansible_collections.sameca.pki.plugins.plugin_utils._controller import HostAction, is_windows


class ActionModule(HostAction):
    MODULE = "sameca.pki.certificate_info"

    def named(self, arguments, task_vars):
        return arguments

    def asked(self, arguments, task_vars):
        module = "sameca.pki.win_certificate_info" if is_windows(self._connection, task_vars) else self.MODULE
        return self.ask(module, arguments, task_vars)
