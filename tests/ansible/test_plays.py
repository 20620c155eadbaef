"""The collection's playbooks and roles, by their names, as users run them."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import pwd
import shutil
import subprocess
import tarfile

import pytest
from conftest import BIN, COLLECTED_AT, VALID_AT, play
from tls_servers import TlsServers

POLICY = {"profile": "lync-server-2013", "valid_at": VALID_AT}


@pytest.fixture
def estate_hosts(plays, estate):
    """The estate's servers as hosts, each with what it knows of itself; and one that is switched off."""
    request = json.loads((estate / "check.json").read_text())
    for host in ("fe01", "fe02", "fe03", "pchat01", "pchat02"):
        name = f"{host}.contoso.com"
        subjects = [subject for subject in request["subjects"] if subject["name"] == name]
        for subject in subjects:
            for key in ("path", "password_file"):
                if key in subject["source"]:
                    subject["source"][key] = f"{estate}/{subject['source'][key]}"
        plays.host(name, persistent_chat_subjects=subjects)
    plays.host("pchat03.contoso.com", dead=True, persistent_chat_subjects=[{"name": "x", "source": "/nonexistent"}])
    plays.inventory["all"]["vars"].update(
        persistent_chat_reference=[
            {"name": f"fe0{n}.contoso.com", "use": "Default", "source": f"{estate}/fe0{n}/Default.{ending}"}
            for n, ending in ((1, "pem"), (2, "cer"), (3, "p7b"))
        ],
        persistent_chat_authorities=[f"{estate}/ca/CertEnroll"],
        persistent_chat_policy=POLICY,
        persistent_chat_collected_at=COLLECTED_AT,
        persistent_chat_reference_document=str(plays.folder / "lync-internal.reference.json"),
        persistent_chat_reports=str(plays.folder / "reports"),
        persistent_chat_binary_path="{{ same_ca_binary }}",
        persistent_chat_controller_binary_path="{{ same_ca_binary }}",
    )
    return plays


def fleet(plays):
    return json.loads((plays.folder / "reports/fleet-report.json").read_text())


def test_the_whole_requirement_names_who_breaks_it_and_who_did_not_answer(estate_hosts):
    plays = estate_hosts
    run = plays.run("sameca.pki.persistent_chat")
    assert run.code != 0
    failed = {line["host"] for line in run.lines if line["outcome"] == "failed"}
    assert failed == {"fe03.contoso.com", "pchat02.contoso.com", "pchat03.contoso.com"}, run.output
    report = fleet(plays)
    assert report["status"] == "noncompliant"
    counted = {state: count for state, count in report["totals"].items() if count}
    assert counted == {"compliant": 3, "noncompliant": 2, "missing": 1}
    assert "pchat03.contoso.com" in json.dumps(report["missing"])
    names = {path.name for path in (plays.folder / "reports").iterdir()}
    assert names == {"fleet-report." + ending for ending in ("html", "json", "csv", "junit.xml", "prom", "md")}
    assert (plays.folder / "lync-internal.reference.json").exists()

    # The same answers give the same bytes, and nothing is changed.
    before = {path.name: path.read_bytes() for path in (plays.folder / "reports").iterdir()}
    run = plays.run("sameca.pki.persistent_chat")
    changed = [line for line in run.lines if line["result"].get("changed")]
    assert not changed, changed
    assert before == {path.name: path.read_bytes() for path in (plays.folder / "reports").iterdir()}


def test_the_three_steps_one_by_one(estate_hosts, estate):
    plays = estate_hosts
    everything = json.dumps(plays.inventory["all"]["vars"])
    (plays.folder / "estate.json").write_text(everything)
    read = plays.run("sameca.pki.reference", "-e", "@estate.json")
    assert read.code == 0, read.output
    assert plays.run("sameca.pki.reference", "-e", "@estate.json").output.count("changed=1") == 0
    # The reference's own files are no longer needed.
    shutil.rmtree(estate / "ca")
    plays.inventory["all"]["vars"]["persistent_chat_reference"] = []
    checked = plays.run("sameca.pki.check", "--limit", "pchat01.contoso.com")
    assert checked.code == 0, checked.output
    assert plays.run("sameca.pki.check", "--limit", "pchat02.contoso.com").code != 0

    # Enforced: in check mode, for real, and again.
    plays.inventory["all"]["vars"]["persistent_chat_candidates"] = [
        {"path": f"{estate}/candidates/pchat02.pfx", "password_file": f"{estate}/candidates/pchat02.pass"},
    ]
    subject = plays.inventory["all"]["hosts"]["pchat02.contoso.com"]["persistent_chat_subjects"][0]
    source = subject.pop("source")
    subject["install"] = {"pkcs12_path": source["path"], "password_file": source["password_file"]}
    for arguments, changed in ((["--check", "--diff"], True), ([], True), ([], False)):
        run = plays.run("sameca.pki.enforce", "--limit", "pchat02.contoso.com", *arguments)
        assert run.code == 0, run.output
        assert run.result("pchat02.contoso.com", "same_ca_host")["changed"] is changed

    # Two slices' reports, joined.
    slices = plays.folder / "slices"
    slices.mkdir()
    for host in ("pchat01.contoso.com", "fe03.contoso.com"):
        plays.run("sameca.pki.check", "--limit", host)
        shutil.copy(plays.folder / "reports/fleet-report.json", slices / f"{host}.json")
    arguments = ["-e", f"same_ca_reports={slices}", "-e", f"same_ca_report={plays.folder}/all", "-e", f"same_ca_binary_path={plays.binary}"]
    joined = plays.run("sameca.pki.report", *arguments)
    assert joined.code == 0, joined.output
    whole = json.loads((plays.folder / "all.json").read_text())
    assert whole["totals"]["compliant"] == 1 and whole["totals"]["noncompliant"] == 1, whole["totals"]
    again = plays.run("sameca.pki.report", *arguments)
    assert not any(line["result"].get("changed") for line in again.lines), again.output


def test_a_gate_stops_before_anything_is_installed(plays, estate):
    (plays.folder / "reference.json").write_bytes(subprocess.run(
        [plays.binary, "reference", f"{estate}/fe01/Default.pem", "--authority", f"{estate}/ca/CertEnroll"],
        check=True, capture_output=True,
    ).stdout)
    marker = plays.folder / "installed"
    for host, dead in (("pchat01", False), ("pchat02", False), ("pchat03", True)):
        source = {"path": f"{estate}/{host}/{host}.pfx", "password_file": f"{estate}/{host}/{host}.pass"}
        plays.host(f"{host}.contoso.com", dead=dead, same_ca_any_of=[source])
    gate = [
        {"ansible.builtin.import_playbook": "sameca.pki.gate", "vars": {
            "same_ca_hosts": "all", "same_ca_policy": POLICY, "same_ca_reference_document": str(plays.folder / "reference.json"),
            "same_ca_binary_path": str(plays.binary),
        }},
        *play({"ansible.builtin.file": {"path": str(marker), "state": "touch", "mode": "0644"}}),
    ]
    run = plays.run(gate)
    assert run.code != 0 and not marker.exists(), run.output
    assert "2 of 3 servers hold no fitting certificate" in run.output
    assert "pchat02.contoso.com: " in run.output and "pchat03.contoso.com: " in run.output
    # Servers that the limit leaves out are asked for too.
    run = plays.run(gate, "--limit", "pchat01.contoso.com")
    assert run.code != 0 and not marker.exists(), run.output
    assert "pchat02.contoso.com: it was not asked" in run.output
    for host in ("pchat02", "pchat03"):
        plays.inventory["all"]["hosts"].pop(f"{host}.contoso.com")
    for arguments in (["--check"], [], []):
        run = plays.run(gate, *arguments)
        assert run.code == 0 and "all 1 servers hold a fitting certificate" in run.output, run.output
    assert marker.exists()


def test_a_list_of_endpoints_is_one_task_each_against_its_own_name(plays, mint):
    authority = "CN=Contoso Root CA,DC=contoso,DC=com"
    files, endpoints = [], []
    mint("ca", authority, plays.folder / "ca.pem")
    for number in range(12):
        # One of them answers with its neighbour's certificate, one is of another CA.
        name = f"web{number:02}.contoso.com"
        file = plays.folder / f"web{number:02}.pem"
        mint("leaf", "CN=Fabrikam CA,DC=fabrikam,DC=com" if number == 7 else authority, "web00.contoso.com" if number == 3 else name, file)
        files.append(file)
        endpoints.append({"name": name, "address": "127.0.0.1"})
    subprocess.run([plays.binary, "reference", files[0], "--authority", plays.folder / "ca.pem", "--output", plays.folder / "reference.json"], check=True)
    with TlsServers(files[1:]) as servers:
        for endpoint, port in zip(endpoints[1:], servers.ports):
            endpoint["port"] = port
        (plays.folder / "endpoints.json").write_text(json.dumps({
            "same_ca_endpoints": endpoints[1:], "same_ca_reference_document": str(plays.folder / "reference.json"),
            "same_ca_policy": {"valid_at": VALID_AT}, "same_ca_binary_path": str(plays.binary), "same_ca_collected_at": COLLECTED_AT,
        }))
        run = plays.run("sameca.pki.endpoints", "-e", "@endpoints.json")
    result = run.result("localhost", "same_ca_info")
    wrong = {finding["of"].split(":")[0]: finding["code"] for finding in result["findings"] if finding["severity"] == "error"}
    assert wrong == {"web03.contoso.com": "name-mismatch", "web07.contoso.com": "issuer-differs"}, wrong
    assert result["report"]["summary"] == {"total": 11, "compliant": 9, "noncompliant": 2, "undetermined": 0}
    assert run.code != 0, "the play fails for them"


def test_hosts_that_cannot_be_logged_in_to_are_checked_from_the_controller(plays, estate):
    plays.host("pchat01.contoso.com", dead=True, persistent_chat_subjects=[{
        "name": "pchat01.contoso.com", "names": ["pchat01.contoso.com"],
        "source": {"path": f"{estate}/pchat01/pchat01.pfx", "password_file": f"{estate}/pchat01/pchat01.pass"},
    }])
    plays.inventory["all"]["vars"].update(
        persistent_chat_reference=[{"name": "fe01", "source": f"{estate}/fe01/Default.pem"}],
        persistent_chat_authorities=[f"{estate}/ca/CertEnroll"], persistent_chat_policy=POLICY,
        persistent_chat_controller_binary_path=str(plays.binary), persistent_chat_agentless=True,
    )
    run = plays.run("sameca.pki.check")
    assert run.code == 0, run.output


@pytest.fixture
def target():
    processor = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}[platform.machine().lower()]
    return f"{processor}-unknown-linux-gnu"


def test_the_role_installs_what_was_pinned_and_nothing_else(plays, target):
    files = plays.folder / "files"
    files.mkdir()
    name = f"same-ca-0.1.0-{target}"
    shutil.copy(plays.binary, files / name)
    with tarfile.open(files / f"{name}.tar.gz", "w:gz", compresslevel=1) as archive:
        archive.add(plays.binary, arcname="same-ca")
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files.iterdir()}
    plays.host("target")
    place = plays.folder / "opt/same-ca"
    place.parent.mkdir()

    def install(**variables):
        variables = dict({"install_path": str(place), "install_owner": pwd.getpwuid(os.geteuid()).pw_name}, **variables)
        return play(hosts="all", roles=[{"role": "sameca.pki.install", "vars": variables}])

    unpinned = plays.run(install())
    assert unpinned.code != 0 and "must be pinned" in unpinned.output and not place.exists()
    other = plays.run(install(install_checksum="sha256:" + "0" * 64))
    assert other.code != 0 and "was pinned" in other.output and not place.exists()
    rounds = [(["--check"], True), ([], True), ([], False)]
    archive = {"install_from": "archive", "install_archive": str(files / f"{name}.tar.gz"), "install_checksum": sums[f"{name}.tar.gz"]}
    for variables, rounds in (({"install_checksum": {target: "sha256:" + sums[name]}}, rounds), (archive, rounds[1:])):
        for arguments, changes in rounds:
            run = plays.run(install(**variables), *arguments)
            assert run.code == 0, run.output
            changed = [line["task"] for line in run.lines if line["result"].get("changed")]
            assert bool(changed) == changes, (variables, arguments, changed)
        assert subprocess.run([place, "--version"], check=True, capture_output=True, text=True).stdout == "same-ca 0.1.0\n"
        place.unlink()
    wrong = plays.run(install(install_version="9.9.9", install_file=str(files / name), install_checksum=sums[name]))
    assert wrong.code != 0 and "same-ca 9.9.9 is wanted" in wrong.output
    assert not list(plays.folder.rglob("*.same-ca")), "a folder to unpack in was left behind"


def test_the_documentation_of_every_module_and_role_can_be_read(plays):
    for kind, names in (("module", ("same_ca", "same_ca_host", "same_ca_info", "same_ca_reference", "certificate_info", "fleet_report", "win_same_ca", "win_same_ca_info")), ("role", ("install", "persistent_chat"))):
        for name in names:
            shown = subprocess.run([BIN / "ansible-doc", "-t", kind, f"sameca.pki.{name}"], env=plays.environment(), capture_output=True, text=True, check=True)
            assert "sameca.pki" in shown.stdout.lower() and "ERROR" not in shown.stderr, shown.stderr
