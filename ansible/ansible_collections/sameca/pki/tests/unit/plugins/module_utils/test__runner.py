# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

import json
import re

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sameca.pki.plugins.module_utils import _runner, _start
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError
from ansible_collections.sameca.pki.plugins.module_utils._start import by_module

REPORT = dict(protocol=1, tool=dict(name="same-ca", version="0.1.0"), status="compliant", subjects=[])


@pytest.fixture
def start():
    """How a module starts a program."""
    module = AnsibleModule.__new__(AnsibleModule)
    module._debug, module._shell, module.run_command_environ_update = False, None, {}
    module.no_log_values, module.log = set(), lambda *words, **more: None
    return by_module(module)


@pytest.fixture
def fake(tmp_path, start):
    """Makes an executable that says what it is told to."""

    def make(out, code=0, version="0.1.0", err=""):
        path = tmp_path / "same-ca"
        (tmp_path / "out").write_text(out)
        path.write_text(
            f"#!/bin/sh\n[ \"$1\" = --version ] && {{ echo 'same-ca {version}'; exit 0; }}\n"
            f"cat > {tmp_path}/stdin\necho \"$@\" > {tmp_path}/arguments\ncat {tmp_path}/out\necho '{err}' >&2\nexit {code}\n"
        )
        path.chmod(0o755)
        return Runner(start, str(path))

    return make


def test_the_request_goes_through_standard_input_alone(fake, tmp_path):
    report = fake(json.dumps(REPORT)).report(["check"], dict(password="hunter2", name="\u00e4"))
    assert report == REPORT
    assert json.loads((tmp_path / "stdin").read_text()) == dict(password="hunter2", name="\u00e4")
    assert (tmp_path / "arguments").read_text() == "check\n"


@pytest.mark.parametrize("out, code, said", [
    ("", 0, "malformed report: exit code 0, and no JSON; it said: oops"),
    ("{", 101, "malformed report: exit code 101"),
    ("[]", 0, "malformed report: it is not an object"),
    (json.dumps(dict(REPORT, protocol=2)), 0, "speaks protocol 2, and this collection protocol 1"),
    (json.dumps(dict(protocol=1, tool=dict(version="0.1.0"))), 0, "malformed report: it has no status or no subjects"),
    (json.dumps(REPORT), 2, "malformed report: exit code 2"),
    (json.dumps(dict(protocol=1, error=dict(code="bad-request", message="what?", pointer="/subjects/0"))), 2,
     "refused the request at /subjects/0: what?"),
])
def test_an_answer_that_is_no_report_has_a_message_of_its_own(fake, out, code, said):
    with pytest.raises(RunnerError, match=re.escape(said)):
        fake(out, code, err="oops").report(["check"], {})


@pytest.mark.parametrize("out", [
    json.dumps(dict(REPORT, tool=dict(version="0.0.9"))),
    "error: unrecognized subcommand",
    json.dumps(dict(protocol=1, error=dict(code="bad-usage", message="unknown command"))),
])
def test_an_old_version_is_named_whatever_its_answer(fake, out):
    with pytest.raises(RunnerError, match="same-ca 0.0.9 at .* is too old: this collection needs 0.1.0"):
        fake(out, version="0.0.9").report(["enforce"], {})


def test_another_program_of_that_name_is_seen(fake, tmp_path):
    runner = fake("hello", version="2 extra words")
    with pytest.raises(RunnerError, match="is it another program"):
        runner.report(["check"], {})


def test_a_missing_binary_is_said_with_where_it_was_looked_for(start, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(_start, "FALLBACK", str(tmp_path / "fallback"))
    with pytest.raises(RunnerError, match="not found in PATH, nor as"):
        Runner(start)
    with pytest.raises(RunnerError, match="there is no same-ca at /nonexistent"):
        Runner(start, "/nonexistent")
    with pytest.raises(RunnerError, match="is not an executable file"):
        Runner(start, str(tmp_path))


def test_path_comes_before_the_fallback(start, monkeypatch, tmp_path):
    for folder in ("path", "fallback"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same-ca").write_text("#!/bin/sh\n")
        (tmp_path / folder / "same-ca").chmod(0o755)
    monkeypatch.setattr(_start, "FALLBACK", str(tmp_path / "fallback/same-ca"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert Runner(start).path == str(tmp_path / "path/same-ca")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert Runner(start).path == str(tmp_path / "fallback/same-ca")


def test_what_is_no_program_fails_with_the_systems_words(start, tmp_path):
    path = tmp_path / "same-ca"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o755)
    with pytest.raises(RunnerError, match="failed to start same-ca from"):
        Runner(start, str(path)).report(["check"], {})


def test_a_large_answer_and_a_large_request_do_not_wait_for_each_other(fake):
    report = dict(REPORT, message="x" * 4_000_000)
    assert fake(json.dumps(report)).report(["check"], dict(pem="y" * 4_000_000))["message"] == report["message"]


def test_a_program_that_ends_before_it_has_read_everything_is_still_heard(start, tmp_path):
    path = tmp_path / "same-ca"
    error = json.dumps(dict(protocol=1, error=dict(code="bad-usage", message="--max-age 7x: not a duration")))
    path.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && {{ echo 'same-ca 0.1.0'; exit 0; }}\nexec <&-\necho '{error}'\nexit 2\n")
    path.chmod(0o755)
    with pytest.raises(RunnerError, match="refused the request: --max-age 7x"):
        Runner(start, str(path)).report(["check"], dict(pem="y" * 4_000_000))


def test_arguments_are_not_expanded(start, tmp_path, monkeypatch):
    path = tmp_path / "same-ca"
    path.write_text("#!/bin/sh\necho \"$@\"\n")
    path.chmod(0o755)
    monkeypatch.setenv("SOMETHING", "else")
    assert Runner(start, str(path)).run(["$SOMETHING", "~/x"])[1] == b"$SOMETHING ~/x\n"


@pytest.mark.parametrize("version, meant", [("0.1.0", (0, 1, 0)), ("1.20.3-rc1+x", (1, 20, 3)), ("odd", (0,))])
def test_versions_are_compared_by_their_numbers(version, meant):
    assert _runner.numbers(version) == meant
