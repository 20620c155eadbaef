"""A test double of ansible.windows.win_command: runs what stands in the folder that plays the drive."""

from __future__ import annotations

import pathlib
import re
import shlex
import subprocess

from ansible.plugins.action import ActionBase


def scheduled(command, drive):
    """What schtasks.exe does: a file for each task, in the form of its XML."""
    words = shlex.split(command.replace("\\", "\\\\").replace('\\\\"', '\\"'))
    given = dict(zip(words, words[1:]))
    file = drive / "tasks" / given["/TN"]
    if "/Create" in words:
        file.parent.mkdir(parents=True, exist_ok=True)
        program, _, rest = given["/TR"].partition(" ")
        file.write_text(f"<StartBoundary>2026-01-01T{given['/ST']}:00</StartBoundary><Command>{program}</Command><Arguments>{rest}</Arguments>")
        return dict(changed=True, rc=0, stdout="SUCCESS", stderr="")
    if file.exists():
        return dict(changed=True, rc=0, stdout=file.read_text(), stderr="")
    return dict(changed=True, failed=True, rc=1, stdout="", stderr="ERROR: The system cannot find the file specified.", msg="non-zero return code")


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        if self._task.args["_raw_params"].startswith("schtasks.exe "):
            result.update(scheduled(self._task.args["_raw_params"], pathlib.Path(task_vars["double_drive"])))
            return result
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
