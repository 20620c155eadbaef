"""What went wrong for users of the collection, each once and for good."""

from __future__ import annotations

import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess

import conftest
import pytest
from conftest import BIN, COLLECTED_AT, COLLECTION, ROOT, VALID_AT, not_run, play, reference
from test_secrets import system_log  # noqa: F401 - a fixture

LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
POLICY = {"valid_at": VALID_AT}


@pytest.fixture
def local(plays):
    """Plays whose hosts are all the controller itself."""
    plays.inventory["all"]["vars"].update(LOCAL)
    plays.add = lambda name, **variables: plays.inventory["all"]["hosts"].setdefault(name, variables)
    return plays


def subject(estate, name="pchat01.contoso.com", password="contoso-1"):
    short = name.split(".", maxsplit=1)[0]
    return {"name": name, "names": [name], "source": {"path": f"{estate}/{short}/{short}.pfx", "password": password}}


def info(estate, **more):
    return {"sameca.pki.same_ca_info": dict(reference(estate), subjects=[subject(estate)], **more), "register": "same_ca"}


# Paths of the user are the user's.


@pytest.fixture
def own(local, estate):
    """A user's folder, with an inventory of two hosts and everything relative."""
    folder = local.folder / "own"
    (folder / "group_vars").mkdir(parents=True)
    shutil.copytree(estate / "ca/CertEnroll", folder / "CertEnroll")
    shutil.copytree(estate / "fe01", folder / "exported")
    for name in ("pchat01", "pchat02"):
        shutil.copytree(estate / name, folder / name)
        local.add(f"{name}.contoso.com")
    (folder / "group_vars/all.json").write_text(json.dumps({
        "persistent_chat_reference": [{"name": "fe01.contoso.com", "use": "Default", "source": "exported/Default.pem"}],
        "persistent_chat_authorities": ["CertEnroll"],
        "persistent_chat_reference_document": "lync-internal.reference.json",
        "persistent_chat_reports": "reports", "persistent_chat_policy": POLICY, "persistent_chat_collected_at": COLLECTED_AT,
        "persistent_chat_binary_path": str(local.binary), "persistent_chat_controller_binary_path": str(local.binary),
        "persistent_chat_subjects": [{
            "name": "{{ inventory_hostname }}", "names": ["{{ inventory_hostname }}"],
            "source": {"path": "{{ inventory_hostname_short }}/{{ inventory_hostname_short }}.pfx",
                       "password_file": "{{ inventory_hostname_short }}/{{ inventory_hostname_short }}.pass"},
        }],
    }))
    return folder


def of_collection(plays):
    root = plays.installed / "ansible_collections/sameca/pki"
    return {str(path.relative_to(root)) for path in root.rglob("*") if "__pycache__" not in path.parts}


@pytest.mark.parametrize("way", ["by-name", "imported"])
def test_relative_paths_in_the_collections_playbooks_are_the_users(local, own, way):
    before = of_collection(local)
    (own / "hosts.json").write_text(json.dumps(local.inventory))
    if way == "imported":
        # Started from elsewhere: what counts is the folder of the user's playbook.
        (own / "site.json").write_text(json.dumps([{"ansible.builtin.import_playbook": "sameca.pki.persistent_chat"}]))
        command, folder = [own / "site.json"], local.folder
    else:
        command, folder = ["sameca.pki.persistent_chat"], own
    done = subprocess.run(
        [BIN / "ansible-playbook", "-i", own / "hosts.json", *command], cwd=folder, env=local.environment(), capture_output=True, text=True,
    )
    assert "pchat01.contoso.com        : ok=" in done.stdout and "is not under" in done.stdout, done.stdout + done.stderr
    made = {path.name for path in (own / "reports").iterdir()}
    assert "fleet-report.html" in made and (own / "lync-internal.reference.json").exists()
    totals = json.loads((own / "reports/fleet-report.json").read_text())["totals"]
    assert (totals["compliant"], totals["noncompliant"]) == (1, 1), totals
    assert of_collection(local) == before, "nothing is written into the collection"
    # The gate reads that document, the step of reports what lies beside the playbook.
    (own / "gate.json").write_text(json.dumps([
        {"ansible.builtin.import_playbook": "sameca.pki.gate", "vars": {
            "same_ca_hosts": "pchat01.contoso.com", "same_ca_reference_document": "lync-internal.reference.json", "same_ca_policy": POLICY,
            "same_ca_binary_path": str(local.binary), "same_ca_any_of": [{"path": "pchat01/pchat01.pfx", "password": "contoso-1"}],
        }},
        {"ansible.builtin.import_playbook": "sameca.pki.report", "vars": {
            "same_ca_reports": "reports/fleet-report.json", "same_ca_report": "all/joined", "same_ca_binary_path": str(local.binary),
        }},
    ]))
    done = subprocess.run(
        [BIN / "ansible-playbook", "-i", own / "hosts.json", own / "gate.json"], cwd=own, env=local.environment(), capture_output=True, text=True,
    )
    assert done.returncode == 0 and (own / "all/joined.html").exists(), done.stdout + done.stderr
    assert of_collection(local) == before


def test_relative_paths_of_waivers_and_earlier_reports_are_the_users(local, estate):
    local.add("a")
    (local.folder / "waivers.yml").write_text("waivers: []\n")
    report = {"sameca.pki.fleet_report": {"json": "now.json", "waivers": ["waivers.yml"], "binary_path": str(local.binary)}, "delegate_to": "localhost"}
    again = {"sameca.pki.fleet_report": dict(report["sameca.pki.fleet_report"], json="next.json", previous="now.json"), "delegate_to": "localhost"}
    run = local.run(play(info(estate), report, again))
    assert run.code == 0 and (local.folder / "next.json").exists(), run.output


# Hosts that share a name.


def test_hosts_that_share_a_name_or_are_asked_from_one_place_are_records_of_their_own(local, estate):
    for name, password in (("good", "contoso-1"), ("bad", "contoso-2")):
        local.add(name, who=subject(estate, {"good": "pchat01.contoso.com", "bad": "pchat02.contoso.com"}[name], password))
    options = dict(reference(estate), subjects=["{{ who }}"])
    del options["host"]
    tasks = [
        {"sameca.pki.same_ca_info": options, "register": "same_ca", "delegate_to": "localhost"},
        {"sameca.pki.fleet_report": {"json": "fleet.json", "binary_path": str(local.binary)}, "delegate_to": "localhost"},
    ]
    run = local.run(play(*tasks))
    assert run.code == 0, run.output
    fleet = json.loads((local.folder / "fleet.json").read_text())
    assert (fleet["totals"]["compliant"], fleet["totals"]["noncompliant"], fleet["totals"]["missing"]) == (1, 1, 0), fleet["totals"]
    nodes = {line["host"]: line["result"]["report"]["node"] for line in run.lines if line["action"].endswith("same_ca_info")}
    assert nodes == {"good": "good", "bad": "bad"}
    assert len({line["result"]["report"]["host"] for line in run.lines if line["action"].endswith("same_ca_info")}) == 1


def test_a_loop_that_names_its_hosts_keeps_their_records_apart(local, estate):
    local.add("controller")
    options = dict(reference(estate), host="{{ item.name }}", subjects=["{{ item }}"])
    items = [subject(estate), subject(estate, "pchat02.contoso.com", "contoso-2")]
    run = local.run(play(
        {"sameca.pki.same_ca_info": options, "register": "same_ca", "loop": items},
        {"sameca.pki.fleet_report": {"json": "fleet.json", "binary_path": str(local.binary)}, "delegate_to": "localhost"},
    ))
    totals = json.loads((local.folder / "fleet.json").read_text())["totals"]
    assert (totals["compliant"], totals["noncompliant"], totals["missing"]) == (1, 1, 0), run.output


# Every strategy.


@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned"])
def test_the_role_reports_rightly_under_every_strategy(plays, estate, strategy):
    def add(name, who, **more):
        plays.host(name, **more, persistent_chat_subjects=[subject(estate, *who)])

    good, bad = ("pchat01.contoso.com", "contoso-1"), ("pchat02.contoso.com", "contoso-2")
    add("good", good)
    add("twin", bad)
    add("without", good, persistent_chat_binary_path="/nonexistent/same-ca")
    add("off", good, dead=True)
    plays.inventory["all"]["vars"].update(
        persistent_chat_reference=[{"name": "fe01", "source": f"{estate}/fe01/Default.pem"}], persistent_chat_policy=POLICY,
        persistent_chat_authorities=[f"{estate}/ca/CertEnroll"], persistent_chat_reports="reports",
        persistent_chat_binary_path=str(plays.binary), persistent_chat_controller_binary_path=str(plays.binary),
        # One name for all of them, as machines have that were cloned.
        persistent_chat_host="server.contoso.com",
    )
    run = plays.run(play(roles=["sameca.pki.persistent_chat"], strategy=strategy))
    failed = {line["host"] for line in run.lines if line["outcome"] == "failed"}
    assert failed == {"twin", "without", "off"} and "PLAY RECAP" in run.output, run.output
    fleet = json.loads((plays.folder / "reports/fleet-report.json").read_text())
    totals = {state: count for state, count in fleet["totals"].items() if count}
    assert totals == {"compliant": 1, "noncompliant": 1, "missing": 2}, run.output
    assert sorted(fleet["missing"]) == ["off", "without"]
    reasons = {each["host"]: each for each in fleet["missing_reasons"]}
    assert {host: each["reason"] for host, each in reasons.items()} == {"off": "unreachable", "without": "no-binary"}
    page = (plays.folder / "reports/fleet-report.html").read_text()
    assert "no-binary" in page and "there is no same-ca at /nonexistent" in page
    whole = [line["result"] for line in run.lines if line["action"] == "sameca.pki.fleet_report" and len(line["result"].get("missing", [])) == 2]
    assert {each["host"]: each["reason"] for each in whole[-1]["missing"]} == {"off": "unreachable", "without": "no-binary"}, whole
    assert "off (unreachable: " in whole[-1]["msg"] and "without (no-binary: there is no same-ca at /nonexistent" in whole[-1]["msg"]
    assert not [path for path in plays.remote_tmp.rglob("*") if path.is_file()], "files were left on a host"
    # The clock has gone on, and nothing else: nothing changes.
    before = {path.name: path.read_bytes() for path in (plays.folder / "reports").iterdir()}
    again = plays.run(play(roles=["sameca.pki.persistent_chat"], strategy=strategy))
    told = json.loads((plays.folder / "reports/fleet-report.json").read_text())["missing_reasons"]
    assert [(each["host"], each["reason"]) for each in told] == [("off", "unreachable"), ("without", "no-binary")]
    changed = [(line["host"], line["task"]) for line in again.lines if line["result"].get("changed")]
    assert not changed, changed
    if strategy == "linear":
        assert before == {path.name: path.read_bytes() for path in (plays.folder / "reports").iterdir()}


def test_a_report_in_batches_is_whole_at_the_end_and_changes_once(local, estate):
    for name, password in (("a", "contoso-1"), ("b", "contoso-1"), ("c", "contoso-2"), ("d", "contoso-1")):
        local.add(name, who=subject(estate, "pchat02.contoso.com" if name == "c" else "pchat01.contoso.com", password))
    task = {"sameca.pki.same_ca_info": dict(reference(estate), subjects=["{{ who }}"]), "register": "same_ca"}
    report = {"sameca.pki.fleet_report": {"json": "fleet.json", "binary_path": str(local.binary)}, "delegate_to": "localhost"}
    for strategy in ("linear", "free"):
        for changes in (1, 0):
            run = local.run(play(task, report, serial=2, strategy=strategy))
            assert run.code == 0, run.output
            changed = [line["result"]["changed"] for line in run.lines if line["action"] == "sameca.pki.fleet_report"]
            assert len(changed) == 4 and changed.count(True) == changes, (strategy, run.output)
            totals = json.loads((local.folder / "fleet.json").read_text())["totals"]
            assert {state: count for state, count in totals.items() if count} == {"compliant": 3, "noncompliant": 1}
        (local.folder / "fleet.json").unlink()


def test_a_host_that_fails_on_the_way_leaves_no_older_report_behind(local, estate):
    # It ends while others are at the report, and what those say comes later than what the last one says.
    for name in ("bad", "good", "slow", "last"):
        local.add(name, who=subject(estate), wait={"slow": 2, "last": 3}.get(name, 0), path="/nonexistent" if name == "bad" else str(local.binary))
    tasks = [
        {"ansible.builtin.command": "sleep {{ wait }}", "changed_when": False},
        {"sameca.pki.same_ca_info": dict(reference(estate), subjects=["{{ who }}"], binary_path="{{ path }}"), "register": "same_ca", "ignore_errors": True},
        {"sameca.pki.fleet_report": {"json": "fleet.json", "binary_path": str(local.binary)}, "delegate_to": "localhost"},
        {"ansible.builtin.fail": {"msg": "ended"}, "when": "same_ca is failed"},
    ]
    run = local.run(play(*tasks, strategy="host_pinned"))
    assert "bad" in {line["host"] for line in run.lines if line["outcome"] == "failed"}, run.output
    answers = [line["result"] for line in run.lines if line["action"] == "sameca.pki.fleet_report"]
    assert [len(re.findall("so far", answer["msg"])) for answer in answers].count(0) == 1, [answer["msg"] for answer in answers]
    fleet = json.loads((local.folder / "fleet.json").read_text())
    assert fleet["missing"] == ["bad"] and fleet["missing_reasons"][0]["reason"] == "no-binary", fleet["missing_reasons"]


def test_every_host_has_the_result_of_the_fleet_report(local, estate):
    for name in ("a", "b", "c"):
        local.add(name)
    run = local.run(play(
        info(estate),
        {"sameca.pki.fleet_report": {"json": "fleet.json", "binary_path": str(local.binary)}, "delegate_to": "localhost", "register": "fleet"},
        {"ansible.builtin.assert": {"that": ["fleet.summary.totals.compliant == 3", "fleet.files.json == 'fleet.json'"]}},
    ))
    assert run.code == 0, run.output
    answers = [line["result"] for line in run.lines if line["action"] == "sameca.pki.fleet_report"]
    assert len(answers) == 3 and [answer["changed"] for answer in answers].count(True) == 1


# Before the first byte.


IMPOSSIBLE = [
    ({"owner": "nosuchuser"}, "owner: there is no user nosuchuser"), ({"group": "nosuchgroup"}, "group: there is no group nosuchgroup"),
    ({"owner": "4294967295"}, "owner: 4294967295 is no number of a user"), ({"group": "99999999999999999999"}, "is no number of a group"),
    ({"mode": "rw-r--"}, "mode: expected permissions"), ({"privatekey_mode": "0q00"}, "privatekey_mode: expected permissions"),
    ({"mode": "77777"}, "is no permission of a file"),
]


def test_an_impossible_owner_or_mode_is_refused_before_the_first_byte(task, estate):
    place = {"path": f"{estate}/new/c.pem", "privatekey_path": f"{estate}/new/k.pem"}
    (estate / "new").mkdir()
    for wrong, said in IMPOSSIBLE:
        options = dict(reference(estate), subjects=[dict(name="x", names=["webext.contoso.com"], install=dict(place, **wrong))],
                       candidates=[f"{estate}/candidates/fe03-WebServicesExternal.pem"])
        for check in (True, False):
            result = task("same_ca", options, check=check)
            assert result["failed"] and said in result["msg"] and not result.get("changed"), result
            assert not list((estate / "new").iterdir())


def test_what_cannot_be_written_is_refused_in_check_mode_and_for_real(task, estate, tmp_path):
    document = {key: value for key, value in reference(estate).items() if key != "policy"}
    fleet = dict(binary_path="{{ same_ca_binary }}")
    dest = tmp_path / "x.json"
    for module, options, said in (
        ("same_ca_reference", dict(document, dest=str(dest), owner="nosuchuser"), "there is no user"),
        ("same_ca_reference", dict(document, dest=str(dest), mode="rubbish"), "expected permissions"),
        ("same_ca_reference", dict(document, dest=str(tmp_path / "missing/x.json")), "there is no folder"),
        ("fleet_report", dict(fleet, json=str(dest), owner="nosuchuser"), "there is no user"),
        ("fleet_report", dict(fleet, html=str(dest), mode="rubbish"), "expected permissions"),
    ):
        for check in (True, False):
            result = task(module, options, check=check)
            assert result["failed"] and said in result["msg"] and not result.get("changed"), result
    assert not dest.exists()


@pytest.fixture
def task(binary):
    """Runs a module as a target does, without Ansible around it."""

    def run(module, options, check=False, diff=False, before=""):
        options = json.loads(json.dumps(options).replace("{{ same_ca_binary }}", str(binary)).replace("{{ inventory_hostname }}", "h"))
        options = dict(options, _ansible_check_mode=check, _ansible_diff=diff, _ansible_remote_tmp="/tmp")
        code = (
            "import json, sys\nfrom ansible.module_utils import basic\n"
            "basic._ANSIBLE_ARGS = sys.stdin.buffer.read()\nbasic._ANSIBLE_PROFILE = 'legacy'\n"
            f"from ansible_collections.sameca.pki.plugins.modules import {module}\n{before}\n{module}.main()\n"
        )
        done = subprocess.run(
            [BIN / "python3", "-c", code], input=json.dumps({"ANSIBLE_MODULE_ARGS": options}), capture_output=True, text=True,
            env=dict(os.environ, PYTHONPATH=str(COLLECTION.parents[2])),
        )
        return json.loads(done.stdout or json.dumps({"stderr": done.stderr}))

    return run


def test_a_failure_after_a_change_says_what_was_changed(task, estate):
    # A full disk, a file system without owners or permissions: played by the system's calls, which fail.
    place = {"path": f"{estate}/new/c.pem", "privatekey_path": f"{estate}/new/k.pem", "mode": "0640"}
    (estate / "new").mkdir()
    options = dict(reference(estate), subjects=[dict(name="x", names=["webext.contoso.com"], install=place)],
                   candidates=[f"{estate}/candidates/fe03-WebServicesExternal.pem"])
    failing = "import os\ndef fails(*_, **__):\n    raise OSError(95, 'Operation not supported')\nos.chmod = os.lchmod = os.lchown = fails"
    result = task("same_ca", options, before=failing)
    assert result["failed"] and result["changed"] is True and result["actions"] and result["report"]["changed"] is True, result
    assert (estate / "new/c.pem").exists() and f"the mode of {estate}/new/c.pem cannot be set: operation not supported" in result["msg"], result
    for module, name, more in (("same_ca_reference", "dest", {}), ("fleet_report", "json", None)):
        dest = estate / f"new/{module}.json"
        given = dict(binary_path="{{ same_ca_binary }}") if more is None else {key: value for key, value in reference(estate).items() if key != "policy"}
        result = task(module, dict(given, **{name: str(dest)}, mode="0640"), before=failing)
        assert result["failed"] and result["changed"] is True and f"{dest} cannot be written" in result["msg"], result


# What the messages say.


def test_the_message_names_what_is_wrong_with_the_reference(task, estate, tmp_path):
    (tmp_path / "broken.json").write_text("{")
    for document, said in (
        ("/nonexistent.json", "/nonexistent.json"), (str(tmp_path / "broken.json"), "broken.json"),
        ({"kind": "reference"}, "reference_document: this is no reference document"), ("{\"members\": ", "this text is no JSON"),
        (None, "one of the following is required: reference, reference_document"),
    ):
        options = dict(reference(estate), subjects=[subject(estate)])
        del options["reference"]
        if document is not None:
            options["reference_document"] = document
        result = task("same_ca_info", options)
        assert said in result["msg"], result
        if not result.get("failed"):
            assert result["findings"][0]["code"] == "reference-missing"


def test_a_candidates_key_that_cannot_be_read_is_named(task, estate):
    for key, said in (("/nonexistent.key", "/nonexistent.key cannot be read: no such file"), (f"{estate}/fe01/Default.pem", "holds no private key in PEM")):
        source = {"path": f"{estate}/candidates/fe03-WebServicesExternal.pem", "privatekey_path": key}
        one = dict(name="x", names=["webext.contoso.com"], install={"path": f"{estate}/new.pem"})
        options = dict(reference(estate), subjects=[one])
        for where in (options, one):
            where["candidates"] = [source]
            result = task("same_ca", options)
            assert result["failed"] and said in result["msg"] and "candidates[0].privatekey_path" in result["msg"], result
            del where["candidates"]


def test_a_file_that_may_not_be_read_is_a_matter_of_become(task):
    from ansible_collections.sameca.pki.plugins.module_utils import _argspec

    finding = {"code": "certificate-unreadable", "severity": "doubt", "message": "pchat.pfx: permission denied"}
    report = {"status": "undetermined", "message": "1 of 1: x", "subjects": [{"name": "s", "findings": [finding]}]}
    result = _argspec.result(report)
    assert "become" in result["findings"][0]["hint"] and "become" in result["msg"] and "become" in _argspec.failure(report)


def test_the_role_says_that_nothing_sets_the_rule(local, estate):
    local.add("a", persistent_chat_subjects=["/x.pem"])
    run = local.run(play(roles=["sameca.pki.persistent_chat"]))
    assert run.code != 0 and "nothing sets the rule: give the internal servers (persistent_chat_reference)" in run.output, run.output
    local.inventory["all"]["vars"]["persistent_chat_reference_document"] = "nowhere.json"
    run = local.run(play(roles=["sameca.pki.persistent_chat"]))
    assert f"the reference document {local.folder}/nowhere.json cannot be read: no such file" in run.output, run.output


@pytest.mark.parametrize("variables", [{}, {"install_from": "archive", "install_archive": "missing.tar.gz"}])
def test_a_missing_file_of_the_install_role_is_named(local, variables):
    local.add("a")
    given = dict({"install_checksum": "0" * 64, "install_file": "missing-same-ca", "install_path": f"{local.folder}/same-ca"}, **variables)
    run = local.run(play(roles=[{"role": "sameca.pki.install", "vars": given}]))
    name = given.get("install_archive", given["install_file"])
    assert run.code != 0 and f"there is no file {name} on the controller: looked for as {local.folder}/files/{name}" in run.output, run.output


# The fleet report.


def test_a_play_without_an_inventory_reports_all_the_same(local, estate):
    run = local.run(play(info(estate), {
        "sameca.pki.fleet_report": {"json": "fleet.json", "binary_path": str(local.binary)},
    }, hosts="localhost", vars={"same_ca_binary": str(local.binary)}), "-i", "/dev/null")
    (local.folder / "play.json").write_text((local.folder / "play.yml").read_text())
    done = subprocess.run([BIN / "ansible-playbook", "play.json"], cwd=local.folder, env=local.environment(), capture_output=True, text=True)
    assert done.returncode == 0, run.output + done.stdout
    totals = json.loads((local.folder / "fleet.json").read_text())["totals"]
    assert (totals["compliant"], totals["missing"]) == (1, 0), totals


def test_a_host_with_a_port_in_its_name_is_not_missing(task, estate, binary):
    request = json.loads((estate / "check.json").read_text())
    asked = json.dumps(dict(request, host="web:8443"))
    report = json.loads(subprocess.run([binary, "check"], input=asked, cwd=estate, check=True, capture_output=True, text=True).stdout)
    result = task("fleet_report", dict(reports=[report], expected_hosts=["web:8443", "db[01:02]:1"], binary_path="{{ same_ca_binary }}"))
    assert "web:8443" not in result["summary"]["missing"] and "web:8443" not in result["msg"], result
    assert result["summary"]["totals"]["missing"] == 2


def test_nobody_who_answered_is_no_document_that_could_not_be_read(task):
    result = task("fleet_report", dict(binary_path="{{ same_ca_binary }}"))
    assert not result.get("failed") and "could not be read" not in result["msg"] and "No report was found" in result["msg"], result


# Diffs.


def test_a_diff_shows_an_added_authority_and_a_mode(task, estate, tmp_path):
    dest = tmp_path / "reference.json"
    options = {key: value for key, value in reference(estate).items() if key not in ("policy", "authorities")}
    options.update(dest=str(dest), mode="0644")
    assert task("same_ca_reference", options)["changed"] is True
    options["authorities"] = [f"{estate}/ca/CertEnroll"]
    for check in (True, False):
        result = task("same_ca_reference", options, check=check, diff=True)
        assert result["changed"] is True and "authorities" not in result["diff"]["before"], result
        assert len(result["diff"]["after"]["authorities"]) >= 1
    result = task("same_ca_reference", dict(options, mode="0600"), diff=True)
    assert result["changed"] is True and (result["diff"]["before"]["mode"], result["diff"]["after"]["mode"]) == ("0644", "0600")


# A reference that shrinks.


def test_a_front_end_that_is_down_does_not_shrink_the_reference(task, estate, tmp_path):
    dest = tmp_path / "reference.json"
    options = {key: value for key, value in reference(estate).items() if key != "policy"}
    options.update(dest=str(dest), mode="0644")
    whole = task("same_ca_reference", options)
    assert whole["changed"] is True and whole["unread"] == []
    before = dest.read_bytes()
    (estate / "fe02/Default.cer").unlink()
    result = task("same_ca_reference", options)
    assert result["failed"] and "fe02.contoso.com" in result["msg"] and dest.read_bytes() == before, result
    result = task("same_ca_reference", dict(options, references="any"))
    assert not result.get("failed") and result["changed"] is False and dest.read_bytes() == before, result
    assert [each["name"] for each in result["unread"]] == ["fe02.contoso.com"]
    assert any("is kept as it was" in str(words) for words in result["warnings"]) and len(result["document"]["members"]) == 2
    dest.unlink()
    result = task("same_ca_reference", dict(options, references="any"))
    assert result["changed"] is True and [member.get("unread") is not None for member in result["document"]["members"]] == [False, True]


# Logs.


def test_neither_a_reference_document_nor_reports_are_logged(local, estate, system_log):  # noqa: F811
    if system_log is None:
        not_run("what is logged (needs root, and a machine without a system log)")
    document = json.loads(subprocess.run(
        [local.binary, "reference", f"{estate}/fe01/Default.pem", "--authority", f"{estate}/ca/CertEnroll"], check=True, capture_output=True,
    ).stdout)
    local.add("a", document=document)
    options = {key: value for key, value in reference(estate).items() if key not in ("reference", "authorities")}
    run = local.run(play(
        {"sameca.pki.same_ca_info": dict(options, subjects=[subject(estate)], reference_document="{{ document }}"), "register": "same_ca"},
        {"sameca.pki.fleet_report": {"json": "fleet.json", "binary_path": str(local.binary)}, "delegate_to": "localhost"},
    ), "-vvv")
    assert run.code == 0, run.output
    lines = [line for line in system_log if "same_ca" in line or "fleet_report" in line]
    assert lines and max(map(len, lines)) < 2500, sorted(map(len, lines))
    assert "BEGIN CERTIFICATE" not in "".join(lines)


# Old Pythons.


def old_python(version):
    root = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".pyenv")
    path = ":".join(part for part in os.environ["PATH"].split(":") if "shims" not in part)
    found = [*root.glob(f"versions/{version}.*/bin/python{version}"), *filter(None, [shutil.which(f"python{version}", path=path)])]
    return str(found[0]) if found else None


def old_ansible():
    """An ansible-core that still takes old targets, where ansible/sanity has installed it."""
    found = sorted((ROOT / "target/ansible-cores").glob("2.14.*/venv/bin/ansible-playbook"))
    if not found:
        not_run("targets with an old Python (ansible/sanity has not installed ansible-core 2.14)")
    return found[0].parent


def run_on(local, python, monkeypatch, *tasks):  # noqa: F811
    monkeypatch.setattr(conftest, "BIN", old_ansible())
    local.inventory["all"]["vars"]["ansible_python_interpreter"] = python
    local.add("old")
    return local.run(play(*tasks))


def test_a_target_with_python_3_6_is_asked_kept_and_reported(local, estate, monkeypatch):
    python = old_python("3.6")
    if python is None:
        not_run("a target with Python 3.6 (there is none here)")
    options = dict(reference(estate), subjects=[dict(name="x", names=["webext.contoso.com"], install={"path": f"{estate}/new.pem", "mode": "0600"})],
                   candidates=[f"{estate}/candidates/fe03-WebServicesExternal.pem"])
    document = {key: options[key] for key in ("requirement", "reference", "authorities", "binary_path")}
    run = run_on(
        local, python, monkeypatch, info(estate), {"sameca.pki.same_ca": options},
        {"sameca.pki.same_ca_reference": dict(document, dest=f"{local.folder}/document.json", mode="0644")},
        {"sameca.pki.certificate_info": {"sources": [f"{estate}/new.pem"], "binary_path": str(local.binary)}, "register": "held"},
        {"sameca.pki.fleet_report": {"json": f"{local.folder}/fleet.json", "html": f"{local.folder}/fleet.html", "binary_path": str(local.binary)}},
        {"ansible.builtin.assert": {"that": "held.certificates | length > 0"}},
    )
    assert run.code == 0 and len(run.lines) == 6, run.output
    assert json.loads((local.folder / "fleet.json").read_text())["totals"]["compliant"] == 1


def test_a_target_with_an_older_python_is_told_so_in_one_sentence(local, estate, monkeypatch):
    python = old_python("2.7")
    if python is None:
        not_run("a target with Python 2.7 (there is none here)")
    options = dict(reference(estate), subjects=[dict(name="x", install={"path": f"{estate}/new.pem"})])
    run = run_on(local, python, monkeypatch, info(estate), {"sameca.pki.same_ca": options})
    assert run.of("old", "same_ca_info")["outcome"] == "ok", "whoever is only asked needs no Python: " + run.output
    message = run.of("old", "same_ca")["result"]["msg"]
    assert run.code != 0 and message.startswith("Python 3.6 or later is needed on the target"), run.output


def test_python_3_6_can_read_what_runs_on_targets():
    python = old_python("3.6")
    if python is None:
        not_run("Python 3.6 (there is none here)")
    files = [*(COLLECTION / "plugins/modules").glob("*.py"), *(COLLECTION / "plugins/module_utils").glob("*.py")]
    code = "import sys\nfor name in sys.argv[1:]:\n    compile(open(name, encoding='utf-8').read(), name, 'exec')"
    subprocess.run([python, "-c", code, *files], check=True)


def test_nothing_that_runs_on_targets_is_newer_than_python_3_6():
    import ast

    for path in [*(COLLECTION / "plugins/modules").glob("*.py"), *(COLLECTION / "plugins/module_utils").glob("*.py")]:
        tree = ast.parse(path.read_text(), feature_version=(3, 6))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"], path


def test_an_older_python_is_told_so_in_one_sentence():
    from ansible_collections.sameca.pki.plugins.plugin_utils import _controller

    answer = {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "  File ...\n    f\"{x}\"\nSyntaxError: invalid syntax"}
    assert _controller.explained(answer)["msg"].startswith("Python 3.6 or later is needed on the target")


# What is documented.


def test_the_source_options_are_documented_once(plays):
    shown = subprocess.run([BIN / "ansible-doc", "sameca.pki.same_ca_info"], env=plays.environment(), capture_output=True, text=True, check=True).stdout
    assert len(re.findall(r"starttls", shown)) <= 2 and len(shown.splitlines()) < 650, len(shown.splitlines())
