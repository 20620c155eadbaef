# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Asks the same-ca binary, and judges whether what it says is an answer. Nothing here decides anything."""

import json
import os

from ansible_collections.sameca.pki.plugins.module_utils._start import RunnerError, find

# The protocol that these modules speak, and the first version of the binary that has all that they use of it.
PROTOCOL = 1
MINIMUM_VERSION = (0, 1, 0)

# How much of what the binary says to people is repeated in a failure.
STDERR_LIMIT = 2000


class Runner:
    """The binary of one task.

    Requests and everything secret in them go through standard input alone; arguments are visible to others.
    How a program is started is given: a function of its arguments and its standard input that returns the exit code and
    both outputs, since modules have a way of their own.
    """

    def __init__(self, start, binary_path=None, path=None):
        self._start = start
        self.path = path or find(binary_path)

    def report(self, arguments, request):
        """The report on one request, of C(check) or C(enforce)."""
        answer = self.ask(arguments, request)
        if not isinstance(answer.get("status"), str) or not isinstance(answer.get("subjects"), list):
            raise self._malformed("it has no status or no subjects")
        return answer

    def ask(self, arguments, request):
        """The one document that the binary answers with."""
        return self._answer(arguments, json.dumps(request).encode("utf-8"))[0]

    def fleet(self, arguments, stdin, output):
        """The fleet report, and the exit code: 1 if one of the states occurs that it was asked to fail on.

        It comes by way of a file: it may be long, and what a module reads of a program's output it copies once for each
        few kilobytes.
        """
        answer, code = self._answer(arguments + ["--output", output], stdin, output)
        if answer.get("kind") != "fleet":
            raise self._malformed("it is no fleet report")
        return answer, code

    def _answer(self, arguments, stdin, output=None):
        code, out, err = self.run(arguments, stdin)
        if output is not None and not out and os.path.exists(output):
            with open(output, "rb") as file:
                out = file.read()
        try:
            answer = json.loads(out.decode("utf-8"))
        except ValueError:
            answer = None
        fault = answer.get("error") if isinstance(answer, dict) else None
        # A version that is too old is the likely cause of all that follows, and says more than its symptom.
        if answer is None or fault is not None or not isinstance(answer, dict) or answer.get("protocol") != PROTOCOL:
            self._check_version(self._own_version())
        if isinstance(fault, dict):
            pointer = fault.get("pointer")
            at = f" at {pointer}" if pointer else ""
            raise RunnerError(f"same-ca refused the request{at}: {fault.get('message')}", error=fault)
        if answer is None:
            raise self._malformed(f"exit code {code}, and no JSON", err)
        if not isinstance(answer, dict):
            raise self._malformed("it is not an object", err)
        if answer.get("protocol") != PROTOCOL:
            raise RunnerError(
                f"same-ca at {self.path} speaks protocol {answer.get('protocol')!r}, and this collection protocol {PROTOCOL}"
            )
        if code not in (0, 1):
            raise self._malformed(f"exit code {code}", err)
        tool = answer.get("tool")
        self._check_version(tool.get("version") if isinstance(tool, dict) else None)
        return answer, code

    def run(self, arguments, stdin=b""):
        """Runs the binary to its end."""
        try:
            return self._start([self.path] + arguments, stdin)
        except OSError as error:
            raise RunnerError(f"failed to start same-ca from {self.path}: {error.strerror}") from error

    def _own_version(self):
        out = self.run(["--version"])[1]
        words = out.decode("utf-8", "replace").split()
        return words[1] if len(words) == 2 and words[0] == "same-ca" else None

    def _check_version(self, version):
        wanted = ".".join(str(number) for number in MINIMUM_VERSION)
        if version is None:
            raise RunnerError(f"{self.path} does not say a version of same-ca: is it another program?")
        if numbers(version) < MINIMUM_VERSION:
            raise RunnerError(
                f"same-ca {version} at {self.path} is too old: this collection needs {wanted} or later"
                " (the role sameca.pki.install installs it)",
                version=version,
            )

    def _malformed(self, why, err=b""):
        said = err.decode("utf-8", "replace").strip()[:STDERR_LIMIT]
        words = f"same-ca at {self.path} gave a malformed report: {why}"
        return RunnerError(f"{words}; it said: {said}" if said else words)


def numbers(version):
    """The numbers of a version, for comparing; what follows a hyphen or a plus is left aside."""
    parts = version.split("-")[0].split("+")[0].split(".")
    return tuple(int(part) if part.isdigit() else 0 for part in parts)
