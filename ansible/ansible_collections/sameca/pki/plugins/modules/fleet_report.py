#!/usr/bin/python
# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

DOCUMENTATION = r"""
module: fleet_report
short_description: Combine the reports of all hosts into one, for people and programs
version_added: 0.1.0
description:
  - Collects what the hosts of the play registered, runs C(same-ca fleet) once, and writes one fleet report in the formats
    that you name.
  - Delegate it to the host where the files belong, usually the controller. It works under every strategy. Where all hosts
    come to a task together, as under C(linear), the first one's turn writes the report, and the others return what it
    said. Under C(free) and C(host_pinned) each host's turn writes what is known by then, and the last one all of it.
  - Every format names the hosts that did not answer, and why. They never count as compliant.
  - Fleet reports can be joined again. So each slice of a large job writes its own, to a place that lasts, and C(same-ca
    fleet) or this module with O(reports) merges them.
requirements:
  - The executable C(same-ca), 0.1.0 or later, where the task runs.
  - Python 3.6 or later where the task runs.
author:
  - The same-ca contributors (!UNKNOWN)
extends_documentation_fragment:
  - ansible.builtin.files
  - sameca.pki._attributes
  - sameca.pki._attributes.paths
  - sameca.pki._attributes.platform
  - sameca.pki._attributes.actiongroup_sameca
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows how many subjects have which status, before and after, if O(json) is given, and permissions.
  idempotent:
    support: full
    details:
      - Where nothing differs but the times of the run, the files stay as they are.
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
  missing:
    description:
      - Why hosts did not answer. The task itself finds this out of the hosts of the play.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: The host's name.
        type: str
        required: true
      reason:
        description: The kind of reason.
        type: str
        choices: [unreachable, no-binary, module-failure, skipped, not-asked]
      why:
        description: The reason in words.
        type: str
  html:
    description: Path of the HTML page. A missing folder is created, here and for the other files.
    type: path
  json:
    description: Path of the fleet report in JSON.
    type: path
  csv:
    description: Path of the CSV table, with a row per subject.
    type: path
  junit:
    description: Path of the JUnit XML.
    type: path
  prometheus:
    description: Path of the file for Prometheus' textfile collector.
    type: path
  markdown:
    description: Path of the summary in Markdown.
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
      - The time of the report. The default is that of the newest result.
      - An RFC 3339 or ASN.1 time, or relative to now as in C(-1h).
    type: str
  max_age:
    description: Age at which a result becomes stale, such as V(7d).
    type: str
  fail_on:
    description: States that make the task fail. The files are written anyway.
    type: list
    elements: str
    choices: [noncompliant, undetermined, stale, from-future, missing, waived, unreadable, waiver-expired, newly-failing]
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
      description: The number of subjects in each state.
      type: dict
      returned: always
      sample: {compliant: 11, waived: 0, noncompliant: 2, undetermined: 0, stale: 0, missing: 1}
    missing:
      description: Who never answered; the first hundred of them.
      type: list
      elements: str
      returned: always
      sample: [pchat03.contoso.com]
missing:
  description: Who did not answer, the first hundred of them, and why.
  returned: success, and on a failure because of O(fail_on)
  type: list
  elements: dict
  contains:
    host:
      description: The host's name.
      type: str
      returned: always
      sample: pchat03.contoso.com
    reason:
      description: V(unreachable), V(no-binary), V(module-failure), V(skipped) or V(not-asked).
      type: str
      returned: always
      sample: unreachable
    message:
      description: What Ansible or the module said.
      type: str
      returned: always
      sample: "Failed to connect to the host via ssh: Connection refused"
files:
  description: The files of the report, by format.
  returned: success
  type: dict
  sample: {html: reports/fleet-report.html}
error:
  description: Why C(same-ca) gave no report, with C(code), C(message) and C(pointer).
  returned: on such a failure
  type: dict
  sample: {code: bad-usage, message: "--max-age 7x: not a duration"}
msg:
  description: The report in one sentence, with who did not answer.
  returned: always
  type: str
  sample: 2 of 14 certificates are not under the reference CA
"""

import calendar
import datetime
import hashlib
import json
import os
import re
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sameca.pki.plugins.module_utils import _argspec, _files
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError
from ansible_collections.sameca.pki.plugins.module_utils._start import by_module

FORMATS = ("html", "json", "csv", "junit", "prometheus", "markdown")

FAIL_ON = [
    "noncompliant", "undetermined", "stale", "from-future", "missing", "waived", "unreadable", "waiver-expired", "newly-failing",
]

REASONS = ["unreachable", "no-binary", "module-failure", "skipped", "not-asked"]

# The file, in the task's own folder, in which the action hands over the reports of the play's hosts.
HANDED_OVER = "reports.ndjson"

# Times of the run itself, which differ from one run to the next while the hosts say the same; and what the system said of a
# host that cannot be reached, which depends on how far a connection got.
PASSING = {
    "json": r'"(?:as_of|collected_at|valid_at)":\s*"[^"]*"|"source":\s*"[^"]*",(?:\s*"line":\s*\d+,)?\s*"sha256":\s*"[0-9a-f]*"'
            r'|valid at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|"reason":\s*"unreachable",\s*"message":\s*"(?:[^"\\]|\\.)*"',
    "html": r"As of \d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|\(in -?\d+ days?\)|valid at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
            r"|>unreachable</span>: [^<]*",
    "csv": r'(?m)^((?:"(?:[^"]|"")*",){4})"[^"]*"|valid at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|"unreachable","(?:[^"]|"")*"',
    "junit": r' timestamp="[^"]*"|valid at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|expected: unreachable: [^"<]*',
    "prometheus": r"(?m)^same_ca_(?:fleet_as_of|record_collected)_timestamp_seconds(\{[^}]*\})? .*$",
    "markdown": r"(?m)As of \d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|valid at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|: unreachable: .*$",
}

# How long before the report's time a number in the page may be the time of a result.
COLLECTED_SECONDS = 400 * 24 * 3600

# So many missing hosts are named in what the task returns; the report names them all.
NAMED = 100

# So many of them in one sentence.
SAID = 5


class FleetModule(_argspec.module_class(AnsibleModule)):
    """Without the reports in its parameters: they are long, and logged with every task."""

    def _load_params(self):
        super()._load_params()
        self.reports = []
        if isinstance(self.params, dict):
            given = self.params.get("reports")
            given = given if isinstance(given, list) else [] if given is None else [given]
            given = [_argspec.as_object(item) for item in given]
            self.reports = [item for item in given if isinstance(item, dict)]
            self.params = dict(self.params, reports=[item for item in given if not isinstance(item, dict)])


def main():
    spec = dict(
        results=dict(type="str", default="same_ca"),
        hosts=dict(type="list", elements="str"),
        reports=dict(type="list", elements="raw", default=[]),
        expected_hosts=dict(type="list", elements="str", default=[]),
        missing=dict(
            type="list", elements="dict", default=[],
            options=dict(host=dict(type="str", required=True), reason=dict(type="str", choices=REASONS), why=dict(type="str")),
        ),
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
    module = FleetModule(argument_spec=spec, add_file_common_args=True, supports_check_mode=True)
    params = module.params
    places = {key: params[key] for key in FORMATS if params[key]}
    try:
        for key, path in places.items():
            _files.refuse_impossible(module, path, params["owner"], params["group"], params["mode"])
            make_folder(module, key, path)
        answer, code, made = ask(module)
    except _argspec.OptionError as error:
        module.fail_json(msg=str(error))
    except RunnerError as error:
        module.fail_json(msg=error.message, **error.details)

    missing = why_missing(answer)
    result = dict(changed=False, msg=said(answer, missing), summary=summary(answer), missing=missing[:NAMED], files=places)
    # A failure from here on is one after a change, and says so.
    module.done = result
    result["digests"] = dict(
        before={key: digest(key, path) for key, path in places.items()}, after={key: digest(key, path) for key, path in made.items()}
    )
    says_more = result["digests"]["before"] != result["digests"]["after"]
    if module._diff and params["json"]:
        before, after = totals(params["json"]), answer.get("totals") or {}
        if before != after:
            _files.add_diff(result, params["json"], before, after)
    for key, path in made.items():
        dest = places[key]
        # Where nothing but times differ all files stay; else they are of one time.
        if says_more and content(path) != content(dest):
            if not module.check_mode:
                _files.move(module, path, dest)
            result["changed"] = True
        _files.attributes(module, dest, result)
    if code == 1:
        module.fail_json(**result)
    module.exit_json(**result)


def make_folder(module, option, path):
    """The folder of a report, where there is none."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(folder):
        _files.refuse_place(option, path)
        return
    there = folder
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    if not os.path.isdir(there) or not os.access(there, os.W_OK | os.X_OK):
        raise _argspec.OptionError("%s: the folder %s cannot be made in %s" % (option, folder, there))
    if not module.check_mode:
        try:
            os.makedirs(folder, 0o755)
        except OSError as error:
            raise _argspec.OptionError("%s: the folder %s cannot be made: %s" % (option, folder, _argspec.told(error)))


def ask(module):
    """The fleet report, whether one of the states occurs that fail the task, and the files, in a folder of the task."""
    params = module.params
    now = datetime.datetime.now(datetime.timezone.utc)
    runner = Runner(by_module(module), params["binary_path"])
    reports, paths = module.reports, []
    handed_over = os.path.join(module.tmpdir, HANDED_OVER)
    lines = b""
    for item in params["reports"]:
        if not isinstance(item, str):
            raise _argspec.OptionError("reports: expected reports, or paths of them")
        if item == handed_over:
            lines = content(item) or b""
        else:
            paths.append(_argspec.expanded_path(item))
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
        # As JSON, where a colon in a name is no port and a bracket no range.
        path = os.path.join(module.tmpdir, "expected-hosts.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(params["expected_hosts"], file)
        arguments += ["--expected-hosts", path]
    if params["missing"]:
        path = os.path.join(module.tmpdir, "missing.json")
        known = [dict(host=each["host"], reason=each["reason"], message=each.get("why")) for each in params["missing"] if each.get("reason")]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(known, file)
        arguments += ["--missing", path]
    made = {key: os.path.join(module.tmpdir, key) for key in FORMATS if params[key]}
    for key, path in made.items():
        arguments += ["--" + key, path]
    stdin = lines + "".join(json.dumps(report, ensure_ascii=False) + "\n" for report in reports).encode("utf-8")
    if not stdin and not paths:
        # Nobody answered, and that is no document that could not be read.
        nothing = os.path.join(module.tmpdir, "no-reports")
        os.mkdir(nothing)
        paths = [nothing]
    arguments += ["-"] + paths if stdin else paths
    answer, code = runner.fleet(arguments, stdin, os.path.join(module.tmpdir, "answer.json"))
    unwritten = sorted(key for key, path in made.items() if not os.path.exists(path))
    if unwritten:
        raise RunnerError("same-ca at %s did not write: %s" % (runner.path, ", ".join(unwritten)))
    return answer, code, made


def named_missing(answer):
    return [item.get("host") if isinstance(item, dict) else item for item in answer.get("missing") or []]


def why_missing(answer):
    """Who did not answer, with why, as far as it is known."""
    why = {each["host"]: each for each in answer.get("missing_reasons") or []}
    found = []
    for host in named_missing(answer):
        each = why.get(host) or {}
        found.append(dict(host=host, reason=each.get("reason") or "not-asked", message=each.get("message") or "there is no report of it"))
    return found


def said(answer, missing):
    """The report in one sentence, with why hosts are missing in it."""
    message = answer.get("message") or ""
    if not missing:
        return message
    words = ["%s (%s: %s)" % (each["host"], each["reason"], each["message"]) for each in missing[:SAID]]
    more = ", and %d more" % (len(missing) - SAID) if len(missing) > SAID else ""
    return "%s; no answer: %s%s" % (message, ", ".join(words), more)


def summary(answer):
    return dict(
        status=answer.get("status"),
        compliant=answer.get("compliant"),
        as_of=answer.get("as_of"),
        totals=answer.get("totals") or {},
        missing=named_missing(answer)[:NAMED],
    )


def digest(key, path):
    """The SHA-256 of what a file says but for the times of the run, or nothing."""
    text = content(path)
    return None if text is None else hashlib.sha256(lasting(key, text)).hexdigest()


def lasting(key, text):
    """What a file says but for the times of the run."""
    text = text.decode("utf-8", "replace")
    if key == "html":
        at = re.search(r"As of (\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)", text)
        if at:
            end = calendar.timegm(time.strptime(" ".join(at.groups()), "%Y-%m-%d %H:%M:%S"))
            text = re.sub(
                r"\b[12]\d{9}\b", lambda found: "" if end - COLLECTED_SECONDS <= int(found.group(0)) <= end else found.group(0), text
            )
    return re.sub(PASSING[key], lambda found: (found.group(1) or "") if found.re.groups else "", text).encode("utf-8")


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
        return json.loads((content(path) or b"{}").decode("utf-8")).get("totals") or {}
    except (ValueError, AttributeError):
        return {}


if __name__ == "__main__":
    main()
