# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

import json
import subprocess

import pytest
from ansible_collections.sameca.pki.plugins.plugin_utils import _ready

OPTIONS = dict(requirement="r", reference=["/fe01.pem"], subjects=[dict(name="s", source="/s.pem")])


class Action:
    """What the maker of requests needs of an action plugin."""

    class _task:
        async_val = 0

    class _connection:
        has_pipelining, become = False, None

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def ask(self, module, arguments, task_vars):
        self.asked.append((module, arguments))
        return dict(self.answer)


def report(**more):
    whole = dict(protocol=1, tool=dict(version="0.1.0"), message="fine", status="noncompliant", reference={}, subjects=[])
    return dict(changed=False, answer=json.dumps(dict(whole, **more)), code=0, program="/usr/bin/same-ca", invocation={})


@pytest.mark.parametrize("more", [
    dict(subjects=[dict(name="s", source="~/s.pem")]),
    dict(subjects=[dict(name="s", source=dict(path="$CERTIFICATES/s.pem"))]),
    dict(subjects=[dict(name="s", source=dict(path="/s.pem", privatekey_path="/s.key"))]),
    dict(subjects=[dict(name="s", source="path=/s.pem")]),
    dict(subjects=[dict(name="s", source="/s.pem", effective_from="+3w")]),
    dict(reference_document="~/document.json"),
    dict(binary_path="~/same-ca"),
    dict(policy=dict(valid_at="-1h")),
    dict(collected_at="+0s"),
    dict(subjets=[]),
    dict(policy=dict(match="keys")),
])
def test_what_depends_on_the_host_or_is_wrong_is_left_to_the_whole_module(more):
    action = Action(report())
    assert _ready.report(action, dict(OPTIONS, **more), {}) is None and action.asked == []


@pytest.mark.parametrize("answer", [
    report(status=None), report(protocol=2), report(tool=dict(version="0.0.1")), report(error=dict(code="bad-request")),
    dict(report(), answer="Segmentation fault"), dict(report(), code=101), dict(report(), answer="[]"),
])
def test_an_answer_that_is_none_is_left_to_the_whole_module(answer):
    assert _ready.report(Action(answer), OPTIONS, {}) is None


def test_a_request_is_made_without_the_hosts_name_and_time_and_its_secrets_are_in_no_result():
    action = Action(report())
    source = dict(path="/s.pfx", password="s3cret")
    answer = _ready.report(action, dict(OPTIONS, node="n", subjects=[dict(name="s", source=source)], reference_document=dict(members=[], x="$")), {})
    (module, arguments), = action.asked
    assert module == "sameca.pki.same_ca_request" and arguments["request"] == dict(
        protocol=1, requirement="r", node="n", reference=[dict(name="/fe01.pem", source="/fe01.pem")], subjects=[dict(name="s", source=source)],
        reference_document=dict(members=[], x="$"),
    )
    assert (answer["status"], answer["compliant"], answer["changed"]) == ("noncompliant", False, False)
    assert answer["invocation"]["module_args"]["node"] == "n" and "s3cret" not in json.dumps(answer)


def test_why_the_program_could_not_be_started_is_told_as_it_is():
    told = dict(failed=True, msg="there is no same-ca at /x")
    assert _ready.report(Action(told), OPTIONS, {}) == told


class Become:
    def __init__(self, pipelining=True, password=None):
        self.pipelining, self.password = pipelining, password

    def has_option(self, name):
        return self.password is not None

    def get_option(self, name):
        return {"become_pass": self.password}[name]


class ShellAction(Action):
    """An action on a host that can be given a standard input, with this machine's own shell."""

    class _loader:
        get_basedir = staticmethod(lambda: "/")
        set_basedir = staticmethod(lambda folder: None)

    def __init__(self, answer, become=None, transport="ssh", family="sh", greeting=""):
        super().__init__(answer)
        self._connection = type("Connection", (), dict(
            has_pipelining=True, become=become, transport=transport, _shell=type("Shell", (), dict(SHELL_FAMILY=family)),
        ))
        self.greeting, self.commands = greeting, []

    def _compute_environment_string(self):
        return "SAID_BY=environment"

    def _low_level_execute_command(self, command, in_data):
        self.commands.append(command)
        done = subprocess.run(["/bin/sh", "-c", command], input=in_data, stdout=subprocess.PIPE, check=False)
        return dict(rc=done.returncode, stdout=self.greeting + done.stdout.decode())


@pytest.fixture
def program(tmp_path):
    """A program that answers with the request as it got it, and what the environment says, in its report."""
    path = tmp_path / "it's same-ca"
    path.write_text(
        "#!/bin/sh\n[ \"$1\" = check ] || exit 9\n"
        "printf '{\"protocol\":1,\"tool\":{\"version\":\"0.1.0\"},\"message\":\"%s\",\"status\":\"noncompliant\",\"subjects\":[],\"got\":' $SAID_BY\n"
        "cat; printf '}'; exit 1\n"
    )
    path.chmod(0o755)
    return path


def test_a_host_that_takes_an_input_is_asked_by_one_command(program):
    action = ShellAction(report())
    answer = _ready.report(action, dict(OPTIONS, node="n", binary_path=str(program)), {})
    assert action.asked == [] and len(action.commands) == 1
    got = answer["report"]["got"]
    assert got["host"] and got["collected_at"].endswith("Z")
    assert (got["node"], got["subjects"]) == ("n", [dict(name="s", source="/s.pem")])
    assert (answer["status"], answer["msg"], answer["changed"]) == ("noncompliant", "environment", False)
    assert answer["invocation"]["module_args"]["node"] == "n"


def test_a_name_and_a_time_that_are_given_are_not_asked_for(program):
    action = ShellAction(report(), greeting="Welcome to Contoso\n{}\n")
    options = dict(OPTIONS, host="pchat01", collected_at="2026-11-20T06:00:00Z", binary_path=str(program))
    got = _ready.report(action, options, {})["report"]["got"]
    assert (got["host"], got["collected_at"]) == ("pchat01", "2026-11-20T06:00:00Z")


@pytest.mark.parametrize("action", [
    ShellAction(report(), family="csh"), ShellAction(report(), become=Become(pipelining=False)),
    ShellAction(report(), become=Become(password="s3cret"), transport="local"),
])
def test_a_host_that_takes_no_input_is_asked_by_the_small_module(action, program):
    answer = _ready.report(action, dict(OPTIONS, binary_path=str(program)), {})
    assert action.commands == [] and len(action.asked) == 1 and answer["msg"] == "fine"


@pytest.mark.parametrize("become", [None, Become(), Become(password="s3cret")])
def test_become_takes_the_same_way_over_ssh(become, program):
    action = ShellAction(report(), become=become)
    assert _ready.report(action, dict(OPTIONS, binary_path=str(program)), {})["msg"] == "environment"


def test_a_command_that_gives_no_answer_leaves_it_to_the_module(tmp_path):
    action = ShellAction(report())
    assert _ready.report(action, dict(OPTIONS, binary_path=str(tmp_path / "none")), {})["msg"] == "fine"
    assert len(action.commands) == len(action.asked) == 1
