"""A test double of ansible.windows.win_command: runs what stands in the folder that plays the drive."""

from __future__ import annotations

import pathlib
import re
import subprocess

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        path, rest = re.fullmatch(r'"C:\\([^"]+)" (.*)', self._task.args["_raw_params"]).groups()
        command = [pathlib.Path(task_vars["double_drive"], *path.split("\\")), *rest.split()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            result.update(failed=True, changed=False, msg=str(error))
            return result
        # The real one leaves the line's end as Windows writes it.
        result.update(changed=True, rc=done.returncode, stdout=done.stdout.replace("\n", "\r\n"), stderr=done.stderr)
        return result
