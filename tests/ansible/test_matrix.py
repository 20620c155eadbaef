"""Every state that a host can be in, in check mode, then for real, then again."""

from __future__ import annotations

import os
import pathlib
import pwd
import shutil

import pytest
from conftest import not_run, play, reference

FE03 = "WebServicesExternal"


@pytest.fixture
def states(plays, estate):
    """One host for each state. Each works on files of its own."""

    def own(host, *paths):
        folder = estate / "hosts" / host
        folder.mkdir(parents=True)
        for path in paths:
            shutil.copy(estate / path, folder)
        return folder

    def pfx(folder, name, password, **more):
        return dict(
            {"name": name, "use": "Default", "names": [name],
             "install": {"pkcs12_path": f"{folder}/{name[:7]}.pfx", "password": password, "backup": True}}, **more
        )

    good, other = "pchat01.contoso.com", "pchat02.contoso.com"
    candidate = {"path": f"{estate}/candidates/pchat02.pfx", "password_file": f"{estate}/candidates/pchat02.pass"}
    web = {"path": f"{estate}/candidates/fe03-WebServicesExternal.pem"}

    def add(name, subject, candidates=(), **variables):
        plays.host(name, same_ca_subjects=[subject], same_ca_candidates=list(candidates), **variables)

    folder = own("compliant", "fe01/WebServicesInternal.pem")
    add("compliant", {"name": "fe01.contoso.com", "names": ["fe01.contoso.com"], "source": f"{folder}/WebServicesInternal.pem"})
    add("rekeyed", pfx(own("rekeyed", "pchat01/pchat01.pfx"), good, "contoso-1"))
    add("look-alike", pfx(own("look-alike", "pchat02/pchat02.pfx"), other, "contoso-2"), [candidate])
    add("look-alike-for-good", pfx(own("look-alike-for-good", "pchat02/pchat02.pfx"), other, "contoso-2"))
    folder = own("expired", "fe03/WebServicesExternal.pem", "fe03/WebServicesExternal.key")
    place = {"path": f"{folder}/{FE03}.pem", "privatekey_path": f"{folder}/{FE03}.key", "mode": "0640", "privatekey_mode": "0600"}
    add("expired", {"name": "fe03.contoso.com", "use": FE03, "names": ["webext.contoso.com"], "install": place}, [web])
    folder = own("unreadable")
    (folder / "pchat02.pfx").write_bytes(b"no certificate at all\n")
    add("unreadable", pfx(folder, other, "contoso-2"))
    add("wrong-password", pfx(own("wrong-password", "pchat02/pchat02.pfx"), other, "wrong"))
    add("unreachable", pfx(own("unreachable", "pchat01/pchat01.pfx"), good, "contoso-1"), dead=True)
    add("no-binary", pfx(own("no-binary", "pchat01/pchat01.pfx"), good, "contoso-1"), same_ca_binary="/nonexistent/same-ca")
    old = own("old-binary", "pchat01/pchat01.pfx") / "same-ca"
    old.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo same-ca 0.0.9\nexit 2\n")
    old.chmod(0o755)
    add("old-binary", pfx(old.parent, good, "contoso-1"), same_ca_binary=str(old))
    return plays


TASK = {
    "sameca.pki.same_ca": None,
    "register": "same_ca",
}


def enforce(estate):
    options = dict(reference(estate), subjects="{{ same_ca_subjects }}", candidates="{{ same_ca_candidates }}")
    return play(dict(TASK, **{"sameca.pki.same_ca": options}))


def snapshot(folder):
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


# What each host must answer: outcome in check mode and for real, whether it changes, the outcome of the run after it, and
# words of the message.
EXPECTED = {
    "compliant": ("ok", False, "ok", "compliant", ""),
    "rekeyed": ("ok", False, "ok", "compliant", ""),
    "look-alike": ("ok", True, "ok", "compliant", ""),
    "look-alike-for-good": ("failed", False, "failed", "noncompliant", "issuer-key-differs"),
    "expired": ("ok", True, "ok", "compliant", ""),
    "unreadable": ("failed", False, "failed", "undetermined", "certificate-unreadable"),
    "wrong-password": ("failed", False, "failed", "undetermined", "certificate-unreadable"),
    "unreachable": ("unreachable", False, "unreachable", None, ""),
    "no-binary": ("failed", False, "failed", None, "there is no same-ca at /nonexistent/same-ca"),
    "old-binary": ("failed", False, "failed", None, "same-ca 0.0.9 at"),
}


def test_every_state_in_check_mode_then_for_real_then_again(states, estate):
    before = snapshot(estate)
    rounds = [("check", ["--check", "--diff"]), ("real", ["--diff"]), ("again", [])]
    for name, arguments in rounds:
        run = states.run(enforce(estate), *arguments)
        assert run.code != 0, "some hosts fail"
        for host, (outcome, changes, _, status, words) in EXPECTED.items():
            line = run.of(host, "same_ca")
            said = f"{name}: {host}: {line}"
            assert line["outcome"] == outcome, said
            result = line["result"]
            assert result.get("changed", False) == (changes and name != "again"), said
            assert words in result.get("msg", ""), said
            if status is not None:
                assert result["status"] == status and result["report"]["host"] == host, said
                assert result["report"]["requirement"] == "persistent-chat", said
                assert result["report"]["collected_at"] == "2026-11-20T06:00:00Z", said
            if changes and name != "again":
                shown = result["diff"][0]
                assert shown["before"]["fingerprints"] != shown["after"]["fingerprints"], said
                assert "PRIVATE KEY" not in str(result["diff"]), said
        after = snapshot(estate)
        if name == "check":
            assert after == before, "check mode touched something"
        elif name == "real":
            touched = {path for path in after if after[path] != before.get(path)}
            hosts = {pathlib.PurePath(path).parts[1] for path in touched}
            assert hosts == {"look-alike", "expired"}, touched
            real = after
        else:
            assert after == real, "the second run touched something"
    # Each round was one over SSH: so many hosts let us in.
    assert states.sshd.log.read_text().count("Accepted publickey") >= len(EXPECTED) - 1
    expired = estate / "hosts/expired"
    assert (expired / f"{FE03}.pem").stat().st_mode & 0o777 == 0o640
    assert (expired / f"{FE03}.key").stat().st_mode & 0o777 == 0o600


def test_the_backup_is_named_and_is_what_was_there(states, estate):
    old = (estate / "hosts/look-alike/pchat02.pfx").read_bytes()
    run = states.run(enforce(estate), "--limit", "look-alike")
    result = run.result("look-alike")
    assert pathlib.Path(result["backup_file"]).read_bytes() == old
    assert result["backup_files"] == [result["backup_file"]]
    assert [action["action"] for action in result["actions"]] == ["install"]


def test_info_never_fails_on_a_verdict_and_changes_nothing(states, estate):
    options = dict(reference(estate), subjects="{{ same_ca_subjects }}")
    before = snapshot(estate)
    run = states.run(play({"sameca.pki.same_ca_info": options}))
    for host, (_, _, _, status, _) in EXPECTED.items():
        line = run.of(host, "same_ca_info")
        if status is None:
            assert line["outcome"] in ("failed", "unreachable"), line
            continue
        assert line["outcome"] == "ok" and line["result"]["changed"] is False, line
        assert line["result"]["compliant"] == (line["result"]["status"] == "compliant")
    verdict = run.result("look-alike", "same_ca_info")
    assert verdict["status"] == "noncompliant"
    assert verdict["findings"][-1]["of"] == "pchat02.contoso.com" and verdict["findings"][-1]["use"] == "Default"
    assert run.result("expired", "same_ca_info")["status"] == "noncompliant"
    assert snapshot(estate) == before


def test_one_subject_with_a_reference_document_needs_no_other_host(states, estate):
    document = states.folder / "lync-internal.reference.json"
    options = dict(reference(estate), dest=str(document), mode="0644", host="controller")
    options.pop("policy")
    read = play({"sameca.pki.same_ca_reference": options, "delegate_to": "localhost", "run_once": True,
                 "vars": {"same_ca_binary": str(states.binary), "ansible_python_interpreter": "{{ ansible_playbook_python }}"}})
    first, second = states.run(read), states.run(read)
    host = next(iter(EXPECTED))
    assert first.result(host, "same_ca_reference")["changed"] is True, first.output
    assert second.result(host, "same_ca_reference")["changed"] is False, second.output
    # The estate's own files of the reference are gone: the document is enough.
    shutil.rmtree(estate / "fe01")
    shutil.rmtree(estate / "ca")
    options = dict(reference(estate), subjects="{{ same_ca_subjects }}", candidates="{{ same_ca_candidates }}")
    for key in ("reference", "authorities"):
        options.pop(key)
    options["reference_document"] = "{{ lookup('ansible.builtin.file', 'lync-internal.reference.json') | from_json }}"
    task = play({"sameca.pki.same_ca": options})
    for arguments, changed in ((["--check"], True), ([], True), ([], False)):
        run = states.run(task, "--limit", "look-alike", *arguments)
        assert run.code == 0, run.output
        assert {line["host"] for line in run.lines} == {"look-alike"}
        assert run.result("look-alike")["changed"] is changed
        assert run.result("look-alike")["compliant"] is True


def test_become_reads_and_keeps_what_another_user_owns(plays, estate):
    if os.geteuid() != 0 or shutil.which("sudo") is None:
        not_run("become (needs root and sudo)")
    for host, owner in (("becoming", "nobody"), ("denied", "root")):
        folder = estate / "hosts" / host
        folder.mkdir(parents=True)
        shutil.copy(estate / "pchat02/pchat02.pfx", folder)
        (folder / "pchat02.pfx").chmod(0o600)
        for path in (folder, folder / "pchat02.pfx"):
            os.chown(path, pwd.getpwnam(owner).pw_uid, pwd.getpwnam(owner).pw_gid)
        subject = {
            "name": "pchat02.contoso.com", "names": ["pchat02.contoso.com"],
            "install": {"pkcs12_path": f"{folder}/pchat02.pfx", "password": "contoso-2"},
        }
        plays.host(host, same_ca_subjects=[subject], same_ca_candidates=[
            {"path": f"{estate}/candidates/pchat02.pfx", "password": "contoso-3"},
        ])
    keywords = {"become": True, "become_user": "nobody"}
    options = dict(reference(estate), subjects="{{ same_ca_subjects }}", candidates="{{ same_ca_candidates }}")
    task = play({"sameca.pki.same_ca": options}, **keywords)
    for arguments, changed in ((["--check"], True), ([], True), ([], False)):
        run = plays.run(task, *arguments)
        assert run.of("becoming", "same_ca")["outcome"] == "ok", run.output
        assert run.result("becoming")["changed"] is changed
        denied = run.of("denied", "same_ca")
        assert denied["outcome"] == "failed" and "permission denied" in denied["result"]["msg"], denied
        assert denied["result"]["changed"] is False
    installed = estate / "hosts/becoming/pchat02.pfx"
    assert installed.owner() == "nobody" and installed.stat().st_mode & 0o777 == 0o600
