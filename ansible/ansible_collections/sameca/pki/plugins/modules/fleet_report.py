#!/usr/bin/python
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_report
short_description: Join the reports of all hosts into one, for people and for programs
version_added: 0.1.0
description:
  - Gathers what the hosts of the play registered, calls C(same-ca fleet) once, and writes one report on the fleet in as many
    formats as you name.
  - Runs once for the whole play, like M(ansible.builtin.add_host). Delegate it to where the files belong, which is mostly the
    controller.
  - It says who never answered. A host without a report is named, and never counted as compliant.
  - Fleet reports can be joined again. So each slice of a large job writes its own, to a place that lasts, and C(same-ca
    fleet) or this module with O(reports) merges them.
requirements:
  - The executable C(same-ca), 0.1.0 or later, where the task runs.
author:
  - The same-ca contributors (!UNKNOWN)
extends_documentation_fragment:
  - ansible.builtin.files
  - sameca.pki._attributes
  - sameca.pki._attributes.platform
  - sameca.pki._attributes.actiongroup_sameca
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
  bypass_host_loop:
    description: Forces a B(global) task that does not execute per host.
    support: full
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows how many subjects have which status, before and after, if O(json) is given.
  idempotent:
    support: full
    details:
      - The same results give the same bytes. The time in the report is that of the newest result unless O(as_of) is given.
options:
  results:
    description:
      - Name of the variable that the hosts' tasks registered.
    type: str
    default: same_ca
  hosts:
    description:
      - Names in the inventory of the hosts that should have answered.
      - If not given, all hosts of the play, those that failed or were unreachable too.
    type: list
    elements: str
  reports:
    description:
      - Reports besides those of the play. Each is a report itself, or the path of a file or folder of reports, or of fleet
        reports, where the task runs.
    type: list
    elements: raw
    default: []
  expected_hosts:
    description:
      - Names, as reports have them, of hosts that should have answered, besides those of O(hosts).
    type: list
    elements: str
    default: []
  html:
    description: Where the page for people goes.
    type: path
  json:
    description: Where the fleet report itself goes.
    type: path
  csv:
    description: Where the table goes, a row for each subject.
    type: path
  junit:
    description: Where the JUnit XML goes.
    type: path
  prometheus:
    description: Where the text for Prometheus' textfile collector goes.
    type: path
  markdown:
    description: Where the summary in Markdown goes.
    type: path
  waivers:
    description: Paths, where the task runs, of files of approved exceptions.
    type: list
    elements: path
    default: []
  previous:
    description: Path, where the task runs, of an earlier fleet report, to say what has changed since.
    type: path
  as_of:
    description:
      - The time that the report is of; that of the newest result if not given.
      - An RFC 3339 or ASN.1 time, or relative to now as in C(-1h).
    type: str
  max_age:
    description: How old a result may be, such as V(7d), before it is stale.
    type: str
  fail_on:
    description: States of which the task fails if one occurs. The files are written nevertheless.
    type: list
    elements: str
    choices: [noncompliant, undetermined, stale, missing, waived, unreadable, waiver-expired, newly-failing]
    default: []
  binary_path:
    description:
      - Where the executable C(same-ca) is, where the task runs.
      - If not given, E(PATH) is searched, and then C(/usr/local/bin/same-ca) is tried.
    type: path
seealso:
  - module: sameca.pki.same_ca_info
  - module: sameca.pki.same_ca
"""

EXAMPLES = r"""
- name: Write one report on all hosts of the play
  sameca.pki.fleet_report:
    results: same_ca
    html: reports/fleet-report.html
    json: reports/fleet-report.json
    csv: reports/fleet-report.csv
    mode: "0644"
  delegate_to: localhost
  register: fleet

- name: Hand a small summary to the workflow
  ansible.builtin.set_stats:
    data:
      same_ca_fleet: "{{ fleet.summary }}"
    per_host: false
  run_once: true

- name: Join the reports of all slices, and fail unless every server kept the rule
  sameca.pki.fleet_report:
    hosts: []
    reports: [reports]
    html: all.html
    mode: "0644"
    fail_on: [noncompliant, undetermined, missing]
  delegate_to: localhost
"""

RETURN = r"""
summary:
  description: The fleet report without its lists, small enough for M(ansible.builtin.set_stats).
  returned: success, and on a failure because of O(fail_on)
  type: dict
  contains:
    status:
      description: The worst status of all.
      type: str
      returned: always
      sample: noncompliant
    compliant:
      description: Whether all of it is compliant.
      type: bool
      returned: always
      sample: false
    as_of:
      description: The time that the report is of.
      type: str
      returned: always
      sample: "2026-11-20T06:00:00Z"
    totals:
      description: How many are in which state.
      type: dict
      returned: always
      sample: {compliant: 11, waived: 0, noncompliant: 2, undetermined: 0, stale: 0, missing: 1}
    missing:
      description: Who never answered; the first hundred of them.
      type: list
      elements: str
      returned: always
      sample: [pchat03.contoso.com]
files:
  description: The files of the report, by format.
  returned: success
  type: dict
  sample: {html: reports/fleet-report.html}
msg:
  description: The report in one sentence.
  returned: always
  type: str
"""

import datetime
import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sameca.pki.plugins.module_utils import _argspec
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError

FORMATS = ("html", "json", "csv", "junit", "prometheus", "markdown")

FAIL_ON = [
    "noncompliant", "undetermined", "stale", "missing", "waived", "unreadable", "waiver-expired", "newly-failing",
]

# So many missing hosts are named in what the task returns; the report names them all.
NAMED = 100


def main():
    spec = dict(
        results=dict(type="str", default="same_ca"),
        hosts=dict(type="list", elements="str"),
        reports=dict(type="list", elements="raw", default=[]),
        expected_hosts=dict(type="list", elements="str", default=[]),
        waivers=dict(type="list", elements="path", default=[]),
        previous=dict(type="path"),
        as_of=dict(type="str"),
        max_age=dict(type="str"),
        fail_on=dict(type="list", elements="str", choices=FAIL_ON, default=[]),
        binary_path=dict(type="path"),
        html=dict(type="path"),
        json=dict(type="path"),
        csv=dict(type="path"),
        junit=dict(type="path"),
        prometheus=dict(type="path"),
        markdown=dict(type="path"),
    )
    module = AnsibleModule(argument_spec=spec, add_file_common_args=True, supports_check_mode=True)
    try:
        answer, code, made = ask(module)
    except _argspec.OptionError as error:
        module.fail_json(msg=str(error))
    except RunnerError as error:
        module.fail_json(msg=error.message, **error.details)

    result = dict(
        changed=False,
        msg=answer.get("message") or "",
        summary=summary(answer),
        files={key: module.params[key] for key in FORMATS if module.params[key]},
    )
    if module._diff and module.params["json"]:
        before, after = totals(module.params["json"]), answer.get("totals") or {}
        if before != after:
            dest = module.params["json"]
            result["diff"] = dict(before=before, after=after, before_header=dest, after_header=dest)
    for key, path in made.items():
        dest = module.params[key]
        if content(path) != content(dest):
            result["changed"] = True
            if not module.check_mode:
                module.atomic_move(path, os.path.abspath(dest))
        if os.path.exists(dest):
            arguments = module.load_file_common_arguments(module.params, path=dest)
            result["changed"] = module.set_fs_attributes_if_different(arguments, result["changed"])
    if code == 1:
        module.fail_json(**result)
    module.exit_json(**result)


def ask(module):
    """The fleet report, whether one of the states occurs that fail the task, and the files, in a folder of the task."""
    params = module.params
    now = datetime.datetime.now(datetime.timezone.utc)
    runner = Runner(params["binary_path"])
    reports, paths = [], []
    for item in params["reports"]:
        if isinstance(item, dict):
            reports.append(item)
        elif isinstance(item, str):
            paths.append(_argspec.expanded_path(item))
        else:
            raise _argspec.OptionError("reports: expected reports, or paths of them")
    arguments = ["fleet", "--format", "json"]
    if params["as_of"]:
        arguments += ["--as-of", _argspec.timestamp("as_of", params["as_of"], now)]
    if params["max_age"]:
        arguments += ["--max-age", params["max_age"]]
    for state in params["fail_on"]:
        arguments += ["--fail-on", state]
    for path in params["waivers"]:
        arguments += ["--waivers", path]
    if params["previous"]:
        arguments += ["--previous", params["previous"]]
    if params["expected_hosts"]:
        path = os.path.join(module.tmpdir, "expected-hosts")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(name + "\n" for name in params["expected_hosts"])
        arguments += ["--expected-hosts", path]
    made = {key: os.path.join(module.tmpdir, key) for key in FORMATS if params[key]}
    for key, path in made.items():
        arguments += ["--" + key, path]
    stdin = "".join(json.dumps(report, ensure_ascii=False) + "\n" for report in reports).encode("utf-8")
    # Without reports of its own it would read standard input, which then is empty.
    arguments += ["-"] + paths if reports or not paths else paths
    answer, code = runner.fleet(arguments, stdin)
    unwritten = sorted(key for key, path in made.items() if not os.path.exists(path))
    if unwritten:
        raise RunnerError(f"same-ca at {runner.path} did not write: {', '.join(unwritten)}")
    return answer, code, made


def summary(answer):
    missing = [item.get("host") if isinstance(item, dict) else item for item in answer.get("missing") or []]
    return dict(
        status=answer.get("status"),
        compliant=answer.get("compliant"),
        as_of=answer.get("as_of"),
        totals=answer.get("totals") or {},
        missing=missing[:NAMED],
    )


def content(path):
    """A file's bytes, or nothing."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def totals(path):
    """The totals of the report that is there."""
    try:
        return json.loads(content(path) or b"{}").get("totals") or {}
    except (ValueError, AttributeError):
        return {}


if __name__ == "__main__":
    main()
