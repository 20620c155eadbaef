# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import annotations

import pytest
from ansible_collections.sameca.pki.plugins.action.fleet_report import ActionModule, gather


def result(host, **more):
    return dict(report=dict(protocol=1, host=host, subjects=[], **more), changed=False)


def test_no_strategy_refuses_it():
    # What bypasses the loop over hosts is refused by free and host_pinned, and the play ends there.
    assert not getattr(ActionModule, "BYPASS_HOST_LOOP", False)


def test_hosts_that_share_a_name_are_told_apart_by_the_inventorys():
    hostvars = {host: {"r": result("web", node=host)} for host in "ab"}
    reports, names, missing = gather(["a", "b"], hostvars, "r")
    assert len(reports) == 2 and names == ["a", "b"] and missing == []


@pytest.mark.parametrize("registered, reason", [
    ({"unreachable": True, "msg": "no route"}, "unreachable"),
    ({"failed": True, "msg": "there is no same-ca at /x: install it"}, "no-binary"),
    ({"failed": True, "msg": "MODULE FAILURE"}, "module-failure"),
    ({"compliant": False, "msg": "nothing sets the rule"}, "module-failure"),
    ({"skipped": True, "skip_reason": "Conditional result was False"}, "skipped"),
    ({"results": [{"skipped": True}, {"unreachable": True, "msg": "x"}]}, "unreachable"),
    (None, "not-asked"),
])
def test_why_a_host_is_missing_is_said(registered, reason):
    reports, names, missing = gather(["a"], {"a": {"r": registered}}, "r")
    assert [each["reason"] for each in missing] == [reason] and missing[0]["message"] and names == ["a"] and not reports


def test_who_answered_is_expected_by_the_reports_name_and_who_did_not_by_the_inventorys():
    hostvars = {"a": {"same_ca": result("a.contoso.com")}, "b": {"same_ca": {"unreachable": True, "msg": "no route"}}, "c": {}}
    reports, names, missing = gather(["a", "b", "c", "d"], hostvars, "same_ca")
    assert [report["host"] for report in reports] == ["a.contoso.com"]
    assert names == ["a.contoso.com", "b", "c", "d"]


def test_a_failed_task_that_has_a_report_answered():
    reports, names, missing = gather(["a"], {"a": {"r": dict(result("a"), failed=True)}}, "r")
    assert len(reports) == 1 and names == ["a"]


def test_a_loop_gives_a_report_each_turn():
    hostvars = {"a": {"r": {"results": [result("a", requirement="x"), result("a", requirement="y"), {"skipped": True}]}}}
    reports, names, missing = gather(["a"], hostvars, "r")
    assert [report["requirement"] for report in reports] == ["x", "y"] and names == ["a"]


def test_what_one_task_answered_for_all_hosts_counts_once():
    hostvars = {host: {"r": result("controller")} for host in "ab"}
    reports, names, missing = gather(["a", "b"], hostvars, "r")
    assert len(reports) == 1 and names == ["controller"]
