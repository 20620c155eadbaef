"""The Windows modules themselves, over PowerShell 7 in the place of a Windows host, beside the modules for Unix: no stand-in for a module."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from conftest import BIN, COLLECTED_AT, ROOT, VALID_AT, not_run, plain_environment

# Only what the tests themselves give: the estate's own lie beside its files.
SECRET = "contoso-1"

# What starts a module of the collection as Ansible does on the target.
UNIX = """
import runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.stdin.buffer.read(), "legacy"
runpy.run_module("ansible_collections.sameca.pki.plugins.modules." + sys.argv[1], run_name="__main__")
"""


@pytest.fixture(scope="module")
def pwsh():
    """PowerShell 7, from PATH or unpacked from beside the repository."""
    found = shutil.which("pwsh")
    installer = ROOT.parent / "shared/pwsh/install"
    if found is None and installer.exists():
        subprocess.run([installer, ROOT / "target/pwsh"], check=True, stdout=subprocess.DEVNULL)
        found = ROOT / "target/pwsh/pwsh"
    if found is None:
        not_run("the Windows modules over PowerShell 7 (need pwsh)")
    return found


def environment(folder, installed):
    return dict(
        plain_environment(), HOME=str(folder), LC_ALL="C.UTF-8", ANSIBLE_COLLECTIONS_PATH=str(installed), ANSIBLE_LOCALHOST_WARNING="false",
        ANSIBLE_NOCOLOR="true", PYTHONPATH=str(installed), POWERSHELL_TELEMETRY_OPTOUT="1", POWERSHELL_UPDATECHECK="Off",
        # The machine's own CA certificates, which the Windows modules send along: none.
        SSL_CERT_DIR=str(folder / "none"), SSL_CERT_FILE=str(folder / "none.pem"),
    )


def rows(folder, key, old, binary):
    """Requests that both families take: what each is, the module, its options, and what has to hold of both answers."""
    fe01, subject = f"{folder}/fe01/Default.pem", {
        "name": "chat", "names": ["pchat01.contoso.com"], "source": {"path": f"{folder}/pchat01/pchat01.pfx", "password": SECRET},
    }
    document = json.loads(subprocess.run(
        [binary, "reference", fe01, "--authority", f"{folder}/ca/CertEnroll"], check=True, capture_output=True,
    ).stdout)
    common = {
        "requirement": "persistent-chat", "host": "pchat01.contoso.com", "node": "pchat01", "collected_at": COLLECTED_AT, "reference": fe01,
        "subjects": subject, "authorities": f"{folder}/ca/CertEnroll", "binary_path": str(binary),
        "policy": {"profile": "lync-server-2013", "valid_at": VALID_AT},
    }
    place = {"path": f"{folder}/fe03/WebServicesExternal.pem", "privatekey_path": f"{folder}/fe03/WebServicesExternal.key"}
    mending = {"subjects": [{"name": "web", "names": ["webext.contoso.com"], "install": place}], "candidates": f"{folder}/candidates/fe03-WebServicesExternal.pem"}

    def without(*names, **more):
        return {name: value for name, value in dict(common, **more).items() if name not in names}

    good = {"status": "compliant", "changed": False}
    return {
        "a subject as a dictionary": ("info", common, good),
        "a subject as the text of a dictionary": ("info", dict(common, subjects=json.dumps(subject)), good),
        "a list as its text": ("info", dict(common, subjects=json.dumps([subject])), good),
        "a member as a dictionary": ("info", dict(common, reference=[{"name": "fe01", "use": "Default", "source": {"path": fe01}}]), good),
        "a member as a pin": ("info", dict(common, reference={"name": "CA", "authority": {"path": f"{folder}/ca/CertEnroll/Contoso Issuing CA(1).crt"}}), good),
        "pinned_keys": ("info", without("reference", pinned_keys=key), good),
        "pinned_keys beside a member": ("info", dict(common, pinned_keys=[key]), {"status": "undetermined"}),
        "a duration in collected_at": ("info", dict(common, collected_at="-1h"), good),
        "offsets in times": ("info", dict(
            common, collected_at="2026-11-20T07:00:00+01:00", policy=dict(common["policy"], valid_at="2026-11-20T00:00:00-05:00"),
        ), good),
        "times of ASN.1": ("info", dict(common, policy=dict(common["policy"], valid_at="20261120000000Z")), good),
        "a reference document": ("info", without("reference", reference_document=document), good),
        "a reference document as text": ("info", without("reference", reference_document=json.dumps(document)), good),
        "a reference document as it was registered": ("info", without("reference", reference_document={"document": document, "changed": False}), good),
        "another CA": ("info", dict(common, subjects=f"{folder}/fe03/WebServicesExternal.pem"), {"status": "noncompliant"}),
        "several, one of them in any_of": ("info", dict(common, subjects=[
            f"{folder}/fe02/Default.cer", {"name": "any", "names": ["pchat01.contoso.com"], "any_of": [subject["source"]]},
        ]), None),
        "a distrusted CA, and an intermediate": ("info", dict(
            common, intermediates={"path": f"{folder}/ca/CertEnroll"}, policy=dict(common["policy"], distrust=[{"key_sha256": key}]),
        ), None),
        "PEM text": ("info", dict(common, subjects={"name": "text", "source": {"content": pathlib.Path(fe01).read_text()}}), None),
        "a name that is used twice": ("info", dict(common, subjects=[subject, subject]), {"failed": True, "pointer": "/subjects/1"}),
        "a duration that is none": ("info", dict(common, policy={"warn_before_expiry": "soon"}), {"failed": True, "pointer": "/policy/warn_before_expiry"}),
        "a time that is none": ("info", dict(common, collected_at="yesterday"), {"failed": True}),
        "a document that is none": ("info", without("reference", reference_document={"kind": "reference"}), {"failed": True}),
        "no reference at all": ("info", without("reference"), {"failed": True}),
        "two sources in one": ("info", dict(common, subjects={"name": "x", "source": {"path": fe01, "content": "x"}}), {"failed": True}),
        "an old program": ("info", dict(common, binary_path=str(old)), {"failed": True, "version": "0.0.9"}),
        "a program that is missing": ("info", dict(common, binary_path="/nowhere/same-ca"), {"failed": True}),
        "an empty list of subjects": ("info", dict(common, subjects=[]), None),
        "an empty list of members": ("info", dict(common, reference=[]), None),
        "a subject without source": ("info", dict(common, subjects={"name": "x"}), {"failed": True}),
        "a subject with a word too much": ("info", dict(common, subjects=dict(subject, sourse="x")), {"failed": True}),
        "a passphrase behind a misspelt word": ("info", dict(common, subjects=dict(subject, source={"path": fe01, "pasword": SECRET})), {"failed": True}),
        "a passphrase beside a source": ("info", dict(common, subjects=dict(subject, password=SECRET)), {"failed": True}),
        "a passphrase of a policy": ("info", dict(common, policy={"password": SECRET}), {"failed": True}),
        "a passphrase of a place": ("info", dict(common, subjects={"name": "x", "install": {"path": "/x", "pasword": SECRET}}), {"failed": True}),
        "a subject of words": ("info", dict(common, subjects=f"name=chat source={fe01}"), None),
        "names as one string": ("info", dict(common, policy=dict(common["policy"], names="pchat01.contoso.com")), None),
        "severity": ("info", dict(common, policy=dict(common["policy"], severity={"cdp-missing": "error"})), None),
        "a severity that is none": ("info", dict(common, policy=dict(common["policy"], severity={"cdp-missing": "bad"})), {"failed": True}),
        "a policy as text": ("info", dict(common, policy=json.dumps(common["policy"])), None),
        "a choice that is none": ("info", dict(common, policy={"match": "keys"}), {"failed": True}),
        "a file that is missing": ("info", dict(common, subjects=f"{folder}/nowhere.cer"), None),
        "a wrong passphrase": ("info", dict(common, subjects=dict(subject, source={"path": f"{folder}/pchat01/pchat01.pfx", "password": "no"})), None),
        "a passphrase in a file": ("info", dict(common, subjects=dict(subject, source={
            "path": f"{folder}/pchat01/pchat01.pfx", "password_file": f"{folder}/pchat01/pchat01.pass"})), None),
        "a passphrase twice": ("info", dict(common, subjects=dict(subject, source={
            "path": f"{folder}/pchat01/pchat01.pfx", "password": "x", "password_file": f"{folder}/pchat01/pchat01.pass"})), {"failed": True}),
        "a server that does not answer": ("info", dict(common, subjects={"name": "x", "source": {"tls": {"host": "127.0.0.1", "port": 1, "timeout": 2}}}), None),
        "a server as a string": ("info", dict(common, subjects="tls://127.0.0.1:1"), None),
        "a key that is none": ("info", dict(common, pinned_keys="abc"), None),
        "names that are no ASCII": ("info", dict(common, requirement="Prüfung – 例", host="ünïcode.example"), None),
        "a place without passphrase": ("info", dict(common, subjects={"name": "x", "install": {"pkcs12_path": f"{folder}/pchat01/pchat01.pfx"}}), {"failed": True}),
        "two places in one": ("info", dict(common, subjects={"name": "x", "install": {"path": "/x", "pkcs12_path": "/y"}}), {"failed": True}),
        "a due renewal": ("info", dict(common, candidates=[subject["source"]], policy=dict(common["policy"], renew_before="99w")), None),
        "files that fit already": ("keep", dict(common, candidates=f"{folder}/candidates"), good),
        "files that would be replaced": ("foresee", dict(common, **mending), {"status": "compliant", "changed": True}),
        "files that are replaced": ("keep", dict(common, **mending), {"status": "compliant", "changed": True}),
        "files without a candidate": ("keep", dict(common, subjects=f"{folder}/fe03/WebServicesInternal.cer"), None),
    }


def compared(result, folder):
    """What has to be the same: all of an answer but what only one family has, and its words where they name options."""
    text = json.dumps(result).replace(str(folder), "ESTATE")
    answer = json.loads(text)
    names = ("changed", "failed", "status", "compliant", "report", "findings", "error", "version", "actions", "restart_needed")
    return dict({"changed": False}, **{name: answer[name] for name in names if name in answer})


def asked_of_unix(installed, folder, module, options):
    """What a module for Unix answers."""
    done = subprocess.run(
        [sys.executable, "-c", UNIX, module], input=json.dumps({"ANSIBLE_MODULE_ARGS": options}), capture_output=True, text=True,
        env=environment(folder, installed), timeout=60, check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def asked_of_windows(pwsh, installed, folder, table):
    """What the Windows modules answer to all the rows."""
    library = pathlib.Path(importlib.util.find_spec("ansible").origin).parent
    (folder / "rows.json").write_text(json.dumps(table))
    done = subprocess.run(
        [pwsh, "-NoProfile", "-NonInteractive", "-File", pathlib.Path(__file__).parent / "windows_rows.ps1", library,
         installed / "ansible_collections/sameca/pki/plugins", folder / "rows.json", folder / "answers"],
        capture_output=True, text=True, env=environment(folder, installed), stdin=subprocess.DEVNULL, timeout=300, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answers = [json.loads(line) for line in (folder / "answers").read_text().splitlines()]
    return {answer["name"]: answer["result"] for answer in answers}


def test_the_same_request_gets_the_same_answer_of_both_families(pwsh, installed, estate, binary, tmp_path):
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\ncat > /dev/null\n[ \"$1\" = --version ] && echo 'same-ca 0.0.9' || echo '{\"protocol\":1,\"tool\":{\"version\":\"0.0.9\"}}'\n")
    old.chmod(0o755)
    inspected = subprocess.run([binary, "inspect", f"{estate}/ca/CertEnroll/Contoso Issuing CA(1).crt", "--format", "json"], check=True, capture_output=True)
    key = json.loads(inspected.stdout)["subjects"][0]["sources"][0]["certificates"][0]["facts"]["key_sha256"]
    folders = {family: tmp_path / family for family in ("unix", "windows")}
    tables = {}
    for family, folder in folders.items():
        shutil.copytree(estate, folder)
        tables[family] = rows(folder, key, old, binary)
    table, results = [], {"unix": {}}
    for name in tables["unix"]:
        for family in folders:
            kind, options, _ = tables[family][name]
            module = f"same_ca{'_info' if kind == 'info' else ''}"
            options = dict(options, _ansible_check_mode=kind == "foresee")
            if family == "unix":
                results["unix"][name] = asked_of_unix(installed, tmp_path, module, options)
            else:
                table.append({"name": name, "module": f"win_{module}", "options": options})
    results["windows"] = asked_of_windows(pwsh, installed, tmp_path, table)
    different = []
    for name, (_, options, _) in tables["unix"].items():
        for family in folders:
            assert SECRET not in json.dumps(results[family][name]), (name, family)
    for name, (_, _, wanted) in tables["unix"].items():
        said = {family: results[family][name].get("msg") for family in folders}
        answers = {family: compared(results[family][name], folders[family]) for family in folders}
        if name == "a duration in collected_at":
            for answer in answers.values():
                answer["report"].pop("collected_at")
        for key, value in (wanted or {}).items():
            for family, answer in answers.items():
                given = (answer.get("error") or {}).get(key) if key == "pointer" else answer.get(key, False)
                if given != value:
                    different.append([name, family, key, given, said])
        unix, windows = answers["unix"], answers["windows"]
        different += [[name, part, unix.get(part), windows.get(part), said] for part in sorted({*unix, *windows}) if unix.get(part) != windows.get(part)]
    assert not different, "\n".join(json.dumps(each)[:2000] for each in different)


def inspected(folder, binary):
    """What certificate_info of both families is asked, and what has to hold."""
    pfx, ends = f"{folder}/pchat01/pchat01.pfx", {"valid_at": VALID_AT, "binary_path": str(binary)}
    return {
        "files": (dict(ends, sources=[f"{folder}/fe01/Default.pem", {"path": pfx, "password": SECRET}, f"{folder}/ca/CertEnroll"]), {"findings": []}),
        "one string": (dict(ends, sources=f"{folder}/fe01/Default.pem"), None),
        "a list as its text": (dict(ends, sources=json.dumps([{"path": f"{folder}/fe01/Default.pem"}])), None),
        "a text": (dict(ends, sources={"content": pathlib.Path(f"{folder}/fe01/Default.pem").read_text()}), None),
        "relative": (dict(ends, sources=f"{folder}/fe01/Default.pem", valid_at="20361120000000Z"), None),
        "nothing": (dict(ends, sources=[]), {"certificates": [], "msg": "0 certificates in 0 sources"}),
        "a missing file and a wrong passphrase": (dict(ends, sources=[f"{folder}/nowhere", {"path": pfx, "password": "no"}]), {"certificates": []}),
        "a server that does not answer": (dict(ends, sources="tls://127.0.0.1:1"), {"certificates": []}),
        "a word too much": (dict(ends, sources={"path": pfx, "pasword": SECRET}), {"failed": True}),
        "a word too much above": (dict(ends, sources=pfx, passwort=SECRET), {"failed": True}),
        "a passphrase of a server": (dict(ends, sources={"tls": {"host": "127.0.0.1", "password": SECRET}}), {"failed": True}),
        "a dictionary that is none": (dict(ends, sources="{path: x, password: %s" % SECRET), {"failed": True}),
        "two in one": (dict(ends, sources={"path": pfx, "content": "x"}), {"failed": True}),
        "a time that is none": (dict(ends, sources=pfx, valid_at="soon"), {"failed": True}),
        "no program": (dict(ends, sources=pfx, binary_path="/nowhere/same-ca"), {"failed": True}),
    }


def test_the_facts_of_certificates_are_the_same_of_both_families(pwsh, installed, estate, binary, tmp_path):
    cases = inspected(estate, binary)
    stores = {
        "a store": "store:CurrentUser/SameCAInfo", "one of a store": "", "none of a store": f"store:CurrentUser/SameCAInfo/{'0' * 40}",
        "no store": "store:CurrentUser/NoSuchStore", "no scheme": "lync2:Default", "a whole path is wanted": "relative.pem",
    }
    # A store of .NET's under the home folder, as Windows has them.
    fill = (
        "$s = New-Object Security.Cryptography.X509Certificates.X509Store 'SameCAInfo', 'CurrentUser'; $s.Open('ReadWrite')\n"
        f"$s.Add((New-Object Security.Cryptography.X509Certificates.X509Certificate2 '{estate}/pchat01/pchat01.pfx', '{SECRET}', 'PersistKeySet'))\n"
        f"$c = New-Object Security.Cryptography.X509Certificates.X509Certificate2 '{estate}/fe01/Default.pem'; $s.Add($c); $c.Thumbprint"
    )
    filled = subprocess.run(
        [pwsh, "-NoProfile", "-NonInteractive", "-Command", fill], check=True, capture_output=True, text=True, env=environment(tmp_path, installed),
    )
    stores["one of a store"] = f"store:CurrentUser/SameCAInfo/{filled.stdout.strip()}"
    table = [{"name": name, "module": "win_certificate_info", "options": options} for name, (options, _) in cases.items()]
    table += [
        {"name": name, "module": "win_certificate_info", "options": {"sources": [source], "valid_at": VALID_AT, "binary_path": str(binary)}}
        for name, source in stores.items()
    ]
    windows = asked_of_windows(pwsh, installed, tmp_path, table)
    for name, (options, wanted) in cases.items():
        unix = asked_of_unix(installed, tmp_path, "certificate_info", options)
        for each in (unix, windows[name]):
            assert SECRET not in json.dumps(each), name
            assert {key: each.get(key) for key in wanted or {}} == (wanted or {}), (name, each)
        if not unix.get("failed"):
            assert [windows[name][key] for key in ("certificates", "findings", "msg", "changed")] == \
                [unix[key] for key in ("certificates", "findings", "msg", "changed")], name
    keys = {one["subject"]: one["private_key"] for one in windows["a store"]["certificates"]}
    assert sorted(keys.values()) == [False, True] and [each for each in keys if keys[each]][0].startswith("CN=pchat01."), keys
    assert isinstance(windows["a store"]["certificates"][0]["days_left"], int)
    (one,) = windows["one of a store"]["certificates"]
    assert one["sha1"].upper() == filled.stdout.strip() and one["private_key"] is False
    assert windows["none of a store"]["certificates"] == [] and windows["none of a store"]["findings"][0]["code"] == "certificate-missing"
    (missed,) = windows["no store"]["findings"]
    assert missed["code"] == "certificate-unreadable" and "failed to open certificate store CurrentUser\\NoSuchStore" in missed["message"]
    assert "sources" in windows["no scheme"]["msg"] and "is not an absolute path" in windows["a whole path is wanted"]["msg"], windows


def test_both_windows_modules_run_over_powershell_and_tell_no_passphrase(pwsh, installed, binary, estate, tmp_path):
    # What the connection's shell calls PowerShell.
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin/PowerShell"
    script.write_text(f'#!/bin/sh\nexec "{pwsh}" "$@"\n')
    script.chmod(0o755)
    subject = f"{estate}/pchat01/pchat01.pfx"
    common = {
        "requirement": "persistent-chat", "reference": f"{estate}/fe01/Default.pem", "privatekey_passphrase": SECRET,
        "subjects": [subject, {"name": "own", "source": {"path": subject, "privatekey_passphrase": SECRET}}],
        "authorities": f"{estate}/ca/CertEnroll", "binary_path": str(binary), "collected_at": "-1h",
        "policy": {"profile": "lync-server-2013", "valid_at": VALID_AT, "names": ["pchat01.contoso.com"]},
    }
    wrong = dict(common, policy={"profile": "mutual-tls", "warn_before_expiry": "soon"})
    tasks = [
        {"name": "asked", "sameca.pki.win_same_ca_info": common},
        {"name": "kept", "sameca.pki.win_same_ca": common},
        {"name": "refused", "sameca.pki.win_same_ca_info": wrong, "ignore_errors": True},
        # The kind of host is seen to.
        {"name": "facts", "sameca.pki.certificate_info": {
            "sources": [{"path": subject, "password": SECRET}, "store:CurrentUser/My"], "binary_path": str(binary), "valid_at": VALID_AT}},
    ]
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    host = {"ansible_connection": "local", "ansible_shell_type": "powershell", "ansible_pipelining": True}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"pchat01": host}}}))
    record = tmp_path / "record"
    ran = subprocess.run(
        [BIN / "ansible-playbook", "-vvvv", "-i", "hosts.json", "play.yml"], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env=dict(
            environment(tmp_path, installed), PATH=f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}", SAME_CA_RECORD=str(record),
            ANSIBLE_CALLBACKS_ENABLED="record", ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "tests/ansible/callbacks"),
        ),
        timeout=400, check=False,
    )
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said
    assert SECRET not in said + record.read_text()
    lines = {line["task"]: line for line in map(json.loads, record.read_text().splitlines())}
    results = {name: line["result"] for name, line in lines.items()}
    for name in ("asked", "kept"):
        assert (results[name]["status"], results[name]["changed"]) == ("compliant", False), results[name]["msg"]
        # The action gives what the inventory calls the host.
        assert results[name]["report"]["node"] == "pchat01"
    assert results["kept"]["actions"] == [] and results["kept"]["failures"] == []
    assert [one["subject"] for one in results["facts"]["certificates"] if one["chosen"]] == ["CN=pchat01.contoso.com,OU=Lync,O=Contoso,C=US"], results["facts"]
    refused = results["refused"]
    assert lines["refused"]["outcome"] == "ignored" and refused["error"]["pointer"] == "/policy/warn_before_expiry", refused
    assert "policy.warn_before_expiry 'soon'" in refused["msg"] and refused["error_id"] == "SameCA.Refused"
