# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

"""Runs the module for Windows, like certificate_info."""

from __future__ import annotations

from ansible_collections.sameca.pki.plugins.plugin_utils._controller import HostAction


class ActionModule(HostAction):
    MODULE = "sameca.pki.win_certificate_info"

    def named(self, arguments, task_vars):
        return arguments
