# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import annotations

import json

import pytest
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError
from ansible_collections.sameca.pki.plugins.plugin_utils._here import start


def program(tmp_path, text):
    path = tmp_path / "same-ca"
    path.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && {{ echo 'same-ca 0.1.0'; exit 0; }}\n{text}\n")
    path.chmod(0o755)
    return Runner(start, str(path))


def test_a_large_answer_and_a_large_request_do_not_wait_for_each_other(tmp_path):
    report = dict(protocol=1, tool=dict(name="same-ca", version="0.1.0"), status="compliant", subjects=[], message="x" * 4_000_000)
    (tmp_path / "out").write_text(json.dumps(report))
    runner = program(tmp_path, f"cat {tmp_path}/out\ncat > /dev/null")
    assert runner.report(["check"], dict(pem="y" * 4_000_000)) == report


def test_a_program_that_ends_before_it_has_read_everything_is_still_heard(tmp_path):
    error = json.dumps(dict(protocol=1, error=dict(code="bad-usage", message="not a duration")))
    with pytest.raises(RunnerError, match="refused the request: not a duration"):
        program(tmp_path, f"exec <&-\necho '{error}'\nexit 2").report(["check"], dict(pem="y" * 4_000_000))
