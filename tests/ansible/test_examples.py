"""The examples that ansible-doc shows are run: as they stand, but for where files are and what time it is."""

from __future__ import annotations

import importlib.util
import json
import os
import pwd
import shutil
import subprocess

import pytest
import yaml
from conftest import COLLECTION, ROOT, VALID_AT
from tls_servers import TlsServers


def examples(module):
    """The tasks of a module's EXAMPLES, as their text."""
    path = COLLECTION / f"plugins/modules/{module}.py"
    text = path.read_text().split('EXAMPLES = r"""\n')[1].split('\n"""')[0]
    assert yaml.safe_load(text), module
    return text


def put(folder, *pairs):
    for source, name in pairs:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, path)


def run(plays, text, replaced, *arguments):
    """Runs tasks on all hosts, with files where the test has them and at the minter's time."""
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    tasks = "\n".join("    " + line for line in text.splitlines())
    defaults = {"binary_path": str(plays.binary)}
    (plays.folder / "play.yml").write_text(
        "- hosts: all\n  gather_facts: false\n"
        f"  module_defaults: {{group/sameca.pki.sameca: {json.dumps(defaults)}}}\n  tasks:\n{tasks}\n"
    )
    done = plays.run("play.yml", *arguments)
    assert done.code == 0, done.output
    return done


@pytest.fixture
def folder(plays, estate):
    """The folder of the play, with what the examples name."""
    put(plays.folder, (estate / "ca/CertEnroll", "CertEnroll"), (estate / "fe02/Default.cer", "exported/fe02.cer"))
    subprocess.run(
        [plays.binary, "reference", estate / "fe01/Default.pem", "--authority", estate / "ca/CertEnroll", "--output",
         plays.folder / "lync-internal.reference.json"], check=True,
    )
    (plays.folder / "reports").mkdir()
    (plays.folder / "etc").mkdir()
    return plays.folder


# The minter's certificates are of its own time.
AT_THAT_TIME = {"profile: lync-server-2013": f"profile: lync-server-2013\n      valid_at: {VALID_AT}"}


def test_the_examples_of_same_ca_info(plays, folder, estate):
    put(folder, (estate / "pchat01/pchat01.pfx", "etc/pchat.pfx"), (estate / "fe01/WebServicesInternal.pem", "etc/candidates/fe01.pem"))
    plays.host("pchat01.contoso.com", pchat_passphrase="contoso-1")
    text = examples("same_ca_info")
    head, tail = text.split("- name: Ask whether any certificate in a folder")
    done = run(plays, head, dict(AT_THAT_TIME, **{"/etc/pchat": f"{folder}/etc"}))
    assert done.result("pchat01.contoso.com", "same_ca_info")["compliant"] is True

    # The other two are asked without a policy, that is, at the present time: what they say of validity is the clock's.
    plays.inventory["all"]["hosts"]["pchat01.contoso.com"]["endpoints"] = endpoints = []
    pem = subprocess.run(["openssl", "pkcs12", "-in", folder / "etc/pchat.pfx", "-passin", "pass:contoso-1", "-nodes"], check=True, capture_output=True).stdout
    (folder / "server.pem").write_bytes(pem)
    with TlsServers([folder / "server.pem"] * 2) as servers:
        endpoints += [{"name": "pchat01.contoso.com", "port": port, "address": "127.0.0.1"} for port in servers.ports]
        done = run(plays, "- name: Ask whether any certificate in a folder" + tail, {"/etc/pchat": f"{folder}/etc"})
    answers = [line["result"] for line in done.lines]
    assert [answer["report"]["subjects"][0]["relation"] for answer in answers[1:]] == ["rollover"]
    assert answers[0]["findings"][-1]["code"] == "none-fits", "fe01's certificate does not cover pchat01's name"
    assert answers[1]["report"]["summary"]["total"] == 2


def test_the_examples_of_same_ca_request(plays, folder, estate):
    request = dict(
        protocol=1, policy=dict(valid_at=VALID_AT), reference=[dict(name="fe01", source=f"{estate}/fe01/Default.pem")],
        authorities=[f"{estate}/ca/CertEnroll"], subjects=[dict(name="fe02", source=f"{folder}/exported/fe02.cer")],
    )
    (folder / "request.json").write_text(json.dumps(request))
    plays.host("fe02.contoso.com")
    done = run(plays, examples("same_ca_request"), {"'request.json'": f"'{folder}/request.json'"})
    assert done.lines[-1]["result"]["msg"] == "compliant", done.output


def test_the_examples_of_same_ca(plays, folder, estate):
    put(
        folder, (estate / "fe03/WebServicesExternal.pem", "etc/web/external.pem"),
        (estate / "fe03/WebServicesExternal.key", "etc/web/external.key"), (estate / "pchat02/pchat02.pfx", "etc/pchat/pchat.pfx"),
        (estate / "candidates/fe03-WebServicesExternal.pem", "srv/fe03.pem"), (estate / "candidates/pchat02.pfx", "srv/pchat.pfx"),
        (folder / "lync-internal.reference.json", "etc/same-ca/lync-internal.reference.json"),
    )
    plays.host("pchat02.contoso.com", pchat_passphrase="contoso-2", candidate_passphrase="contoso-3")
    replaced = {"/etc/": f"{folder}/etc/", "/srv/certificates": f"{folder}/srv", "owner: root": f"owner: {pwd.getpwuid(os.geteuid()).pw_name}"}
    for arguments, changed in ((["--check", "--diff"], True), ([], True), ([], False)):
        done = run(plays, examples("same_ca"), dict(AT_THAT_TIME, **replaced), *arguments)
        first, second = [line["result"] for line in done.lines]
        assert first["changed"] is changed and second["changed"] is changed, done.output
        assert first["compliant"] and second["compliant"]


def test_the_examples_of_same_ca_reference(plays, folder, estate):
    plays.host("fe01.contoso.com")
    bundle = (estate / "fe01/Default.pem").read_text() + subprocess.run(
        [os.environ.get("SAME_CA_MINT") or ROOT / "target/debug/mint", "key", "rsa2048-65537-fe01"], check=True, capture_output=True, text=True,
    ).stdout
    (folder / "server.pem").write_text(bundle)
    with TlsServers([folder / "server.pem"]) as servers:
        for changed in (True, False):
            replaced = {"host: fe01.contoso.com": "host: 127.0.0.1", "port: 5061": f"port: {servers.ports[0]}"}
            done = run(plays, examples("same_ca_reference"), replaced)
            answers = [line["result"] for line in done.lines]
            # The first run finds the document of the fixture, which says another thing.
            assert [answer["changed"] for answer in answers] == [changed, changed], done.output
    assert answers[0]["document"]["members"][0]["read_by"] == "tls"


def test_the_examples_of_fleet_report(plays, folder, estate):
    subjects = [{"name": "pchat01", "source": {"path": f"{estate}/pchat01/pchat01.pfx", "password": "contoso-1"}}]
    plays.host("pchat01.contoso.com")
    ask = yaml.safe_dump([{
        "sameca.pki.same_ca_info": {
            "requirement": "persistent-chat", "host": "{{ inventory_hostname }}", "subjects": subjects,
            "collected_at": "2026-11-20T06:00:00Z", "policy": {"valid_at": VALID_AT},
            "reference_document": "{{ lookup('ansible.builtin.file', 'lync-internal.reference.json') | from_json }}",
        },
        "register": "same_ca",
    }])
    for changed in (True, False):
        done = run(plays, ask + examples("fleet_report"), {})
        assert [line["result"]["changed"] for line in done.lines if line["action"] == "sameca.pki.fleet_report"] == [changed, changed]
    assert (folder / "reports/fleet-report.html").exists() and (folder / "all.html").exists()
    totals = json.loads((folder / "reports/fleet-report.json").read_text())["totals"]
    assert totals["compliant"] == 1 and totals["missing"] == 0


def test_the_examples_of_same_ca_host(plays, folder, estate):
    who = {"name": "pchat01.contoso.com", "names": ["pchat01.contoso.com"],
           "source": {"path": f"{estate}/pchat01/pchat01.pfx", "password": "contoso-1"}}
    plays.host("pchat01.contoso.com", same_ca_subjects=[who])
    done = run(plays, examples("same_ca_host"), AT_THAT_TIME)
    assert done.result("pchat01.contoso.com", "same_ca_host")["compliant"] and (folder / "reports/fleet-report.html").exists()


def test_the_examples_of_certificate_info(plays, folder, estate):
    plays.host("pchat01.contoso.com", pchat_passphrase="contoso-1")
    replaced = {"/etc/ssl/private": f"{folder}/CertEnroll", "/etc/pchat/pchat.pfx": f"{estate}/pchat01/pchat01.pfx",
                "tls://fe01.contoso.com:5061": f"{estate}/fe01/Default.pem"}
    done = run(plays, examples("certificate_info"), replaced)
    assert {one["source"] for one in done.result("pchat01.contoso.com", "certificate_info")["certificates"]} == {0, 1, 2}


def test_every_module_is_run_by_its_examples():
    here = importlib.util.find_spec(__name__).origin
    with open(here, encoding="utf-8") as file:
        text = file.read()
    for path in (COLLECTION / "plugins/modules").glob("*.py"):
        assert f"test_the_examples_of_{path.stem}(" in text, path
