"""A test double of ansible.windows.win_copy: copies into the folder that plays the drive."""

from __future__ import annotations

import os
import pathlib
import shutil

from ansible.plugins.action import ActionBase

OPTIONS = {"src", "content", "dest", "backup", "force", "local_follow", "remote_src", "decrypt"}


def local(path, task_vars):
    """A path of Windows, in the folder that plays its drive."""
    assert path.startswith("C:\\"), path
    return pathlib.Path(task_vars["double_drive"], *path[3:].split("\\"))


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = self._task.args
        assert set(arguments) <= OPTIONS, arguments
        if "content" in arguments:
            file = local(arguments["dest"], task_vars)
            wanted = arguments["content"].encode()
            changed = not file.exists() or file.read_bytes() != wanted
            if changed and not self._task.check_mode:
                os.makedirs(file.parent, exist_ok=True)
                file.write_bytes(wanted)
            result.update(changed=changed, dest=arguments["dest"], operation="file_copy")
            return result
        source, place = pathlib.Path(arguments["src"]), local(arguments["dest"], task_vars)
        # The real one copies the content of a folder that ends with a slash, and makes what is missing.
        assert arguments["src"].endswith("/") and source.is_dir(), arguments
        changed = False
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            to = place / file.relative_to(source)
            if to.exists() and to.read_bytes() == file.read_bytes():
                continue
            changed = True
            if not self._task.check_mode:
                os.makedirs(to.parent, exist_ok=True)
                shutil.copy(file, to)
                to.chmod(0o755)
        result.update(changed=changed, dest=arguments["dest"], operation="folder_copy")
        return result
