# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

"""Gathers what the hosts of the play registered, which only the controller knows, and hands it to the module."""

from __future__ import annotations

import json
import os
import re
import tempfile

from ansible.errors import AnsibleActionFail
from ansible_collections.sameca.pki.plugins.plugin_utils._controller import HostAction, OncePerRun, comes_together

# What a fleet report says of a host that did not answer, by what Ansible or a module said of it.
UNREACHABLE, NO_BINARY, FAILED, SKIPPED, NOT_ASKED = "unreachable", "no-binary", "module-failure", "skipped", "not-asked"

NO_BINARY_WORDS = ("there is no same-ca at", "same-ca was not found", "is not an executable file", "same-ca.exe was not found")

# Of a reason no more is repeated.
REASON_LIMIT = 300


class ActionModule(HostAction):
    MODULE = "sameca.pki.fleet_report"
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        task_vars = task_vars or {}
        result = super(HostAction, self).run(tmp, task_vars)
        del tmp
        own, batch = task_vars.get("inventory_hostname"), task_vars.get("ansible_play_batch") or []
        together = comes_together(self._task)
        # No strategy lets an action wait for all hosts, and some let none run for all. So every host has its turn: where
        # they come together the first writes the report, else each writes what is known until then, and the last all of it.
        # The batch is no part of the name: a host that failed meanwhile is no longer in it.
        shared = OncePerRun(self._task._uuid, task_vars.get("ansible_loop_var") and task_vars.get(task_vars["ansible_loop_var"]))
        with shared.held() as kept:
            if together:
                if "answer" in kept and own in kept["batch"] and own not in kept["came"]:
                    kept["came"].append(own)
                    result.update(kept["answer"], changed=False)
                    return result
                # The first host of a batch, or one that comes again: what was kept is of another time.
                kept.update(batch=batch, came=[own], seen=kept.get("seen", []) + batch)
                kept.pop("answer", None)
            try:
                arguments, lines = self.gathered(task_vars, kept, together)
            except ValueError as error:
                raise AnsibleActionFail(str(error)) from error
            # Those who run behind, and under C(serial) the later batches.
            known = kept["seen"] if together else kept["turns"]
            waited = [host for host in task_vars.get("ansible_play_hosts") or [] if host not in known]
            if waited and not together:
                # Whether it fails is known when all have come.
                arguments.pop("fail_on", None)
            answer = self.written(arguments, lines, task_vars)
            settled(kept, answer, waited)
            if not answer.get("failed") or "summary" in answer:
                # Warnings were given, and are no data.
                kept["answer"] = {key: item for key, item in answer.items() if key not in ("warnings", "deprecations", "exception")}
        result.update(answer)
        return result

    def gathered(self, task_vars, kept, together):
        """The module's options, and the reports as lines."""
        arguments = dict(self._task.args)
        hosts = arguments.pop("hosts", None)
        if hosts is None:
            hosts = task_vars.get("ansible_play_hosts_all") or []
        elif isinstance(hosts, str):
            hosts = [host.strip() for host in hosts.split(",") if host.strip()]
        hostvars = task_vars.get("hostvars")
        # An inventory without hosts is one of length zero, and its implicit localhost has answers all the same.
        hostvars = {} if hostvars is None else hostvars
        variables = listed(arguments.get("results") or "same_ca")
        turns = kept.setdefault("turns", {})
        own = task_vars.get("inventory_hostname")
        unknown = [host for host in hosts if host == own or host not in turns or not turns[host]["answers"]]
        active = task_vars.get("ansible_play_hosts")
        for host in unknown:
            if host == own:
                values = {key: task_vars.get(key) for key in variables}
            else:
                values = hostvars[host] if host in hostvars else None
            known = of_host(values, variables, active is None or host in active)
            if host == own or together or known["answers"]:
                turns[host] = known
            else:
                kept.setdefault("silent", {})[host] = known
        reports, names, missing = joined(hosts, dict(kept.get("silent") or {}, **turns))
        inline, paths = [], []
        for item in listed(arguments.get("reports")):
            (inline if isinstance(item, dict) else paths).append(item)
        arguments["reports"] = paths
        expected = [name for name in listed(arguments.get("expected_hosts")) if name not in names]
        arguments["expected_hosts"] = names + expected
        if missing:
            arguments["missing"] = [dict(host=each["host"], reason=each["reason"], why=each["message"]) for each in missing]
        return arguments, reports + inline

    def written(self, arguments, reports, task_vars):
        """What the module answers. The reports go to it as a file: options are logged."""
        lines = "".join(json.dumps(report, ensure_ascii=False) + "\n" for report in reports)
        if lines:
            if not self._connection._shell.tmpdir:
                self._make_tmp_path()
            there = self._connection._shell.join_path(self._connection._shell.tmpdir, "reports.ndjson")
            handle, here = tempfile.mkstemp()
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(lines.encode("utf-8", "surrogateescape"))
                self._transfer_file(here, there)
            finally:
                os.unlink(here)
            self._fixup_perms2((self._connection._shell.tmpdir, there))
            arguments["reports"] = [there] + arguments["reports"]
        answer = self.ask(self.MODULE, arguments, task_vars)
        answer.pop("invocation", None)
        return answer


def settled(kept, answer, waited):
    """The answer of one turn of several: what the last one leaves behind is a change, or none."""
    digests = answer.pop("digests", None)
    if digests is None:
        return
    first = kept.setdefault("first", digests["before"])
    if waited:
        answer["changed"] = False
        answer["msg"] = f"{answer.get('msg', '')} (so far: {len(waited)} hosts have not come to the report yet)"
        kept["interim"] = True
    elif kept.get("interim"):
        answer["changed"] = digests["after"] != first


def listed(value):
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]


def of_host(values, variables, active=True):
    """What is known of one host: its reports, and why there are none."""
    values = {} if values is None else values
    registered = [values.get(variable) for variable in variables]
    answers = [report for each in registered for report in of_result(each)]
    if answers:
        return dict(answers=answers, why=None)
    reasons = [why for each in registered for why in [why_none(each)] if why]
    if not reasons:
        reasons = [(NOT_ASKED, "it was not asked" if active else "it failed, or could not be reached, before it was asked")]
    # What happened says more than what was left out.
    reasons.sort(key=lambda reason: reason[0] in (SKIPPED, NOT_ASKED))
    return dict(answers=[], why=dict(reason=reasons[0][0], message=reasons[0][1]))


def joined(hosts, known):
    """The reports of all hosts, each once; the names by which they are expected; and who did not answer, with why.

    A host that answered is expected under the name that its report gives it, another one under its inventory's.
    """
    reports, names, missing, seen = [], [], [], set()
    for host in hosts:
        answers = known.get(host, {}).get("answers") or []
        for report in answers:
            key = json.dumps(report, sort_keys=True)
            if key not in seen:
                seen.add(key)
                reports.append(report)
        for name in [report.get("node") or report.get("host") for report in answers] or [host]:
            if name and str(name) not in names:
                names.append(str(name))
        if not answers:
            why = known.get(host, {}).get("why") or dict(reason=NOT_ASKED, message="it was not asked")
            missing.append(dict(why, host=host))
    return reports, names, missing


def gather(hosts, hostvars, variable):
    """The hosts' reports, each once, the names by which they are expected, and who did not answer."""
    known = {host: of_host(hostvars[host] if host in hostvars else None, listed(variable)) for host in hosts}
    return joined(hosts, known)


def why_none(registered):
    """Why what one task registered holds no report."""
    if not isinstance(registered, dict):
        return None
    if isinstance(registered.get("results"), list) and registered["results"]:
        reasons = [why for turn in registered["results"] for why in [why_none(turn)] if why]
        reasons.sort(key=lambda reason: reason[0] in (SKIPPED, NOT_ASKED))
        return reasons[0] if reasons else None
    message = lasting(str(registered.get("msg") or registered.get("skip_reason") or ""))[:REASON_LIMIT]
    if registered.get("unreachable"):
        return UNREACHABLE, message or "it could not be reached"
    if registered.get("skipped"):
        return SKIPPED, message or "it was not asked: the task was skipped"
    if any(words in message for words in NO_BINARY_WORDS):
        return NO_BINARY, message
    return FAILED, message or "the module gave no report"


def lasting(message):
    """What is said, in one line, without what is different in each run: else the report would change with it."""
    message = re.sub(r"Warning: Permanently added .*? to the list of known hosts\.", "", message)
    message = re.sub(r"ansible-tmp-[\d.]+-\d+-\d+", "ansible-tmp", message)
    return " ".join(message.split())


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
