# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Asks the program on the controller, for filters and tests."""

from __future__ import annotations

import subprocess

from ansible.errors import AnsibleFilterError
from ansible_collections.sameca.pki.plugins.module_utils import _argspec
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError


def source(value):
    """A certificate as filters are given it: PEM text, a source as a string, or a dictionary of one."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        return {"pem": value} if "-----BEGIN" in value else value
    if isinstance(value, dict):
        if isinstance(value.get("pem"), str):
            # Facts, as certificate_facts and inspect give them, hold the certificate itself.
            return {"pem": value["pem"]}
        if isinstance(value.get("content"), str):
            return {"pem": value["content"]}
        return {key: item for key, item in value.items() if item is not None}
    raise AnsibleFilterError(f"expected a certificate as PEM text, a path or a source, and not {type(value).__name__}")


def start(arguments, stdin):
    """How the controller starts a program."""
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        out, err = process.communicate(stdin)
        return process.returncode, out, err


def asked(arguments, request, binary_path):
    """What the program answers; a failure is one of the template."""
    try:
        return Runner(start, binary_path).ask(arguments, request)
    except (RunnerError, _argspec.OptionError) as error:
        raise AnsibleFilterError(str(error)) from error
