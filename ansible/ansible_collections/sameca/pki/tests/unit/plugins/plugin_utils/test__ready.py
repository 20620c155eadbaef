# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

import json

import pytest
from ansible_collections.sameca.pki.plugins.plugin_utils import _ready

OPTIONS = dict(requirement="r", reference=["/fe01.pem"], subjects=[dict(name="s", source="/s.pem")])


class Action:
    """What the maker of requests needs of an action plugin."""

    class _task:
        async_val = 0

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
