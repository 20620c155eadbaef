# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

"""Runs the module with what only the controller knows."""

from __future__ import annotations

from ansible_collections.sameca.pki.plugins.plugin_utils._controller import HostAction, OncePerRun, comes_together


class ActionModule(HostAction):
    MODULE = "sameca.pki.same_ca_reference"

    def run(self, tmp=None, task_vars=None):
        if not self._task.run_once or comes_together(self._task):
            return super().run(tmp, task_vars)
        # Strategies that let hosts run ahead do not know run_once: the servers are read for the first host all the same.
        with OncePerRun(self._task._uuid).held() as kept:
            if "answer" not in kept:
                answer = super().run(tmp, task_vars)
                kept["answer"] = {key: item for key, item in answer.items() if key not in ("warnings", "deprecations", "exception")}
                return answer
            return dict(kept["answer"], changed=False)
