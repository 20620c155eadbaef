# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Finds and starts the same-ca binary; nothing else in this collection's Python does.

It is small because each task of M(sameca.pki.same_ca_info) takes it to the host and compiles it there.
"""

import os
import shutil
import socket
import threading

# Where the role install puts the binary, for a PATH that lacks it: sudo's, or that of a login without profile.
FALLBACK = "/usr/local/bin/same-ca"


class RunnerError(Exception):
    """What the user is told when there is no answer, with what a program may want to know beside it."""

    def __init__(self, message, **details):
        super().__init__(message)
        self.message = message
        self.details = details


def fqdn():
    """The name of this host, asked of DNS only where the host does not know it itself."""
    own = socket.gethostname()
    if "." in own:
        return own
    found = socket.getfqdn(own)
    return found if "." in found and not found.startswith("localhost") else own


def by_module(module):
    """How a module starts a program."""

    def start(arguments, stdin):
        return module.run_command(
            arguments, data=stdin, binary_data=True, encoding=None, expand_user_and_vars=False, handle_exceptions=False,
            before_communicate_callback=feed,
        )

    return start


def feed(process):
    """Lets the input be written while the outputs are read. Ansible would write all of it first."""
    if process.stdin is not None:
        process.stdin = Feed(process.stdin)


class Feed:
    """The standard input of a program that may answer, or end, before it has read everything."""

    def __init__(self, pipe):
        self._pipe = pipe

    def write(self, data):
        threading.Thread(target=self._write, args=(data,), daemon=True).start()

    def close(self):
        """Done when all is written."""

    def _write(self, data):
        try:
            with self._pipe:
                self._pipe.write(data)
        except OSError:
            # It ended before, and its answer says why.
            pass


def find(binary_path):
    """Where the binary is: as given, in PATH, or where the role install puts it."""
    if binary_path:
        return _executable(binary_path)
    found = shutil.which("same-ca")
    if found is None and os.path.exists(FALLBACK):
        return _executable(FALLBACK)
    if found is None:
        raise RunnerError(
            f"same-ca was not found in PATH, nor as {FALLBACK}:"
            " install it (role sameca.pki.install), or say with binary_path where it is"
        )
    return found


def _executable(path):
    if not os.path.exists(path):
        raise RunnerError(f"there is no same-ca at {path}: install it (role sameca.pki.install), or correct binary_path")
    if os.path.isdir(path) or not os.access(path, os.X_OK):
        raise RunnerError(f"{path} is not an executable file")
    return path
