# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

"""Gathers what the hosts of the play registered, which only the controller knows, and hands it to the module."""

from __future__ import annotations

import json

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    # One run for the whole play, as for add_host.
    BYPASS_HOST_LOOP = True

    def run(self, tmp=None, task_vars=None):
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        del tmp
        arguments = dict(self._task.args)
        hosts = arguments.get("hosts")
        if hosts is None:
            hosts = task_vars.get("ansible_play_hosts_all") or []
        elif isinstance(hosts, str):
            hosts = [host.strip() for host in hosts.split(",") if host.strip()]
        own = arguments.get("reports")
        own = [] if own is None else own if isinstance(own, list) else [own]
        expected = arguments.get("expected_hosts")
        expected = [] if expected is None else expected if isinstance(expected, list) else [expected]
        try:
            reports, names = gather(hosts, task_vars.get("hostvars") or {}, arguments.get("results") or "same_ca")
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        arguments["reports"] = reports + list(own)
        arguments["expected_hosts"] = names + [name for name in expected if name not in names]
        arguments.pop("hosts", None)
        answer = self._execute_module(
            module_name="sameca.pki.fleet_report", module_args=arguments, task_vars=task_vars
        )
        # The reports of all hosts would be repeated here.
        answer.pop("invocation", None)
        result.update(answer)
        return result


def gather(hosts, hostvars, variable):
    """The hosts' reports, each once, and the names by which they are expected.

    A host that answered is expected under the name that its report gives it, another one under its inventory's.
    """
    reports, names, seen = [], [], set()
    for host in hosts:
        values = hostvars.get(host) if hasattr(hostvars, "get") else None
        registered = values.get(variable) if values is not None else None
        found = list(of_result(registered))
        for report in found:
            key = json.dumps(report, sort_keys=True)
            if key not in seen:
                seen.add(key)
                reports.append(report)
        for name in [report.get("host") for report in found] or [host]:
            if name and name not in names:
                names.append(str(name))
    return reports, names


def of_result(registered):
    """The reports in what one task registered, one for each turn of its loop."""
    if not isinstance(registered, dict):
        return
    if isinstance(registered.get("results"), list):
        for turn in registered["results"]:
            yield from of_result(turn)
    elif isinstance(registered.get("report"), dict):
        yield registered["report"]
    elif isinstance(registered.get("subjects"), list) and "protocol" in registered:
        # A report by itself, as set_fact may have kept it.
        yield registered
