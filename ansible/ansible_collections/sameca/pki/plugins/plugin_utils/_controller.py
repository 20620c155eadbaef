# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the action plugins share: where the user's files are, what a host is called, and what is done once in a run."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re

from ansible import constants, context
from ansible.plugins.action import ActionBase

# Where this collection's own playbooks are, which is nobody's folder of files.
PLAYBOOKS = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", "playbooks"))

# Strategies under which all hosts come to a task together, also as other collections name theirs. Others may let a host run
# ahead of the rest.
EVEN = ("linear", "debug")

OLD_PYTHON = "Python 3.6 or later is needed on the target, and this one is older: name another with ansible_python_interpreter"


def users_folder(folder):
    """What a relative path on the controller is relative to, for a play whose playbook lies in a folder.

    That folder, as everywhere in Ansible. But for the playbooks of this collection it is the folder of the playbook that was
    given to ansible-playbook, which imported them, or the working directory if they were called by their names.
    """
    here = os.path.realpath(folder or os.curdir)
    if here != PLAYBOOKS and not here.startswith(PLAYBOOKS + os.sep):
        return os.path.abspath(folder or os.curdir)
    given = [each for each in context.CLIARGS.get("args") or () if isinstance(each, str)]
    files = {os.path.dirname(os.path.abspath(each)) for each in given if os.path.isfile(each)}
    if len(files) == 1 and all(os.path.isfile(each) for each in given):
        return files.pop()
    return os.getcwd()


@contextlib.contextmanager
def in_users_folder(loader):
    """Lets what runs on the controller run in the user's own folder."""
    folder = loader.get_basedir()
    loader.set_basedir(users_folder(folder))
    try:
        yield
    finally:
        loader.set_basedir(folder)


class HostAction(ActionBase):
    """An action that hands its options to the module of its name, with what only the controller knows."""

    MODULE = None
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp=None, task_vars=None):
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        del tmp
        result.update(self.asked(self.named(dict(self._task.args), task_vars), task_vars))
        return result

    def asked(self, arguments, task_vars):
        """What the module answers to these options."""
        return self.ask(self.MODULE, arguments, task_vars)

    def named(self, arguments, task_vars):
        """Options with what the inventory calls the host."""
        if not arguments.get("node"):
            # In a loop the caller tells the records apart by the name that he gives each.
            looped = arguments.get("host") and task_vars.get("ansible_loop_var")
            node = arguments["host"] if looped else task_vars.get("inventory_hostname")
            if node:
                arguments["node"] = node
        return arguments

    def ask(self, module, arguments, task_vars):
        """Runs a module where the task runs; on the controller in the user's own folder."""
        wrap_async = self._task.async_val and not self._connection.has_native_async
        try:
            with in_users_folder(self._loader):
                answer = self._execute_module(
                    module_name=module, module_args=arguments, task_vars=task_vars, wrap_async=wrap_async
                )
        finally:
            if not wrap_async:
                self._remove_tmp_path(self._connection._shell.tmpdir)
        return explained(answer)


def explained(answer):
    """What a module answered, where its Python could not even read it."""
    said = " ".join(str(answer.get(key, "")) for key in ("module_stderr", "module_stdout", "exception"))
    if answer.get("failed") and ("SyntaxError" in said or "future feature" in said):
        answer["msg"] = OLD_PYTHON
    return answer


def is_windows(connection, task_vars):
    """By the host's facts where they were gathered, else by the way that Ansible takes to it."""
    family = (task_vars.get("ansible_facts") or {}).get("os_family")
    if family:
        return family == "Windows"
    if getattr(connection._shell, "_IS_WINDOWS", False):
        return True
    # A connection of another collection, on top of one of these.
    return bool(re.match(r"(.+[.])?(winrm|psrp)$", str(connection.transport)))


def comes_together(task):
    """Whether all hosts of the play have come to a task when the first of them is at it."""
    play = getattr(task, "play", None)
    strategy = str(getattr(play, "strategy", None) or "linear")
    return strategy.endswith(EVEN)


class OncePerRun:
    """What the hosts of one task share in one run of Ansible, one at a time, in a folder that Ansible removes at its end."""

    def __init__(self, *what):
        name = hashlib.sha256(repr(what).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self._path = os.path.join(constants.DEFAULT_LOCAL_TMP, f"same-ca-{name}")

    @contextlib.contextmanager
    def held(self):
        """What was kept, to be changed in place; other hosts wait meanwhile."""
        os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            text = file.read()
            kept = json.loads(text) if text else {}
            yield kept
            new = json.dumps(kept)
            if new != text:
                file.seek(0)
                file.truncate()
                file.write(new)
