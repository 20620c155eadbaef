# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_bytes
from ansible_collections.sameca.pki.plugins.module_utils import _runner
from ansible_collections.sameca.pki.plugins.modules import fleet_report, same_ca, same_ca_info, same_ca_reference, same_ca_request

FACTS = dict(subject="CN=new", issuer="CN=i", not_after="2027-01-01T00:00:00Z", sha1="aa", sha256="bb")


def report(**more):
    return dict(
        dict(protocol=1, tool=dict(version="0.1.0"), message="fine", status="compliant", compliant=True,
             reference=dict(authorities=[], members=[], findings=[]), subjects=[]), **more
    )


@pytest.fixture
def task(monkeypatch, capsys, tmp_path):
    """Runs a module's main with options, and with an answer in place of the binary's; what it returned, and was asked."""
    asked = []

    def run(module, options, answer=None, check=False, code=0):
        def fake(runner, arguments, stdin=b""):
            asked.append((arguments, stdin))
            for flag in fleet_report.FORMATS:
                if "--" + flag in arguments:
                    with open(arguments[arguments.index("--" + flag) + 1], "w", encoding="utf-8") as file:
                        file.write(flag)
            return code, json.dumps(answer).encode(), b""

        monkeypatch.setattr(_runner, "find", lambda path: path or "/usr/bin/same-ca")
        monkeypatch.setattr(_runner.Runner, "run", fake)
        options = dict(options, _ansible_check_mode=check, _ansible_diff=True, _ansible_remote_tmp=str(tmp_path))
        arguments = to_bytes(json.dumps(dict(ANSIBLE_MODULE_ARGS=options)))
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments)
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out)

    run.asked = asked
    return run


OPTIONS = dict(requirement="r", host="h", reference=["/fe01.pem"], subjects=[dict(name="s", source="/s.pem")])


def test_info_does_not_fail_on_a_verdict(task):
    result = task(same_ca_info, OPTIONS, report(status="noncompliant", compliant=False))
    assert not result.get("failed") and result["changed"] is False
    assert result["status"] == "noncompliant" and result["compliant"] is False
    assert result["report"]["status"] == "noncompliant"
    (arguments, stdin), = task.asked
    assert arguments == ["check"] and json.loads(stdin)["subjects"] == [dict(name="s", source="/s.pem")]


def test_the_desired_state_fails_with_the_findings(task):
    finding = dict(code="issuer-differs", severity="error", message="another CA", hint="replace it")
    bad = report(status="noncompliant", compliant=False, subjects=[dict(name="s", findings=[finding])], changed=True)
    result = task(same_ca, OPTIONS, bad)
    assert result["failed"] and "s: issuer-differs: another CA [replace it]" in result["msg"]
    assert result["changed"] is True, "what was done for others is said"
    assert result["findings"][0]["of"] == "s"


@pytest.mark.parametrize("check, arguments", [(False, ["enforce"]), (True, ["enforce", "--what-if"])])
def test_check_mode_asks_what_if(task, check, arguments):
    answer = report(changed=True, subjects=[dict(name="s", use="Default", before=None, after=FACTS)])
    result = task(same_ca, OPTIONS, answer, check=check)
    assert task.asked[0][0] == arguments
    assert result["changed"] is True
    shown, = result["diff"]
    assert shown["before"] == {} and shown["after"]["fingerprints"] == dict(sha1="aa", sha256="bb")
    assert shown["after_header"] == "s (Default)"


def test_the_backups_are_returned(task):
    answer = report(changed=True, actions=[dict(action="install", subject="s", paths=["/p"], backups=["/p.1.bak", "/k.1.bak"])])
    result = task(same_ca, OPTIONS, answer)
    assert result["backup_file"] == "/p.1.bak" and len(result["backup_files"]) == 2


@pytest.mark.parametrize("install, refused", [
    (dict(path="/c", mode="0644"), True),
    (dict(path="/c", mode=0o604), True),
    (dict(path="/c", mode="u=rw,o=r"), True),
    (dict(path="/c", mode="+r"), True),
    (dict(path="/c", mode="0640"), False),
    (dict(path="/c", mode="u=rw,g=r,o="), False),
    (dict(path="/c", privatekey_path="/k", mode="0644", privatekey_mode="0600"), False),
    (dict(path="/c", privatekey_path="/k", mode="0644", privatekey_mode="0644"), True),
    (dict(pkcs12_path="/c", mode="a+r", password="x"), True),
])
def test_a_mode_never_lets_others_read_a_key(task, install, refused):
    options = dict(OPTIONS, subjects=[dict(name="s", install=install)])
    result = task(same_ca, options, report(changed=False))
    assert bool(result.get("failed")) == refused, result
    if refused:
        assert "would let others read the private key" in result["msg"] and not task.asked


def test_a_files_mode_is_kept_as_wanted(task, tmp_path):
    path = tmp_path / "c.pem"
    path.write_text("x")
    path.chmod(0o600)
    options = dict(OPTIONS, subjects=[dict(name="s", install=dict(path=str(path), mode="0640"))])
    assert task(same_ca, options, report(changed=False), check=True)["changed"] is True
    assert path.stat().st_mode & 0o777 == 0o600
    assert task(same_ca, options, report(changed=False))["changed"] is True
    assert path.stat().st_mode & 0o777 == 0o640
    assert task(same_ca, options, report(changed=False))["changed"] is False


def test_secrets_are_neither_returned_nor_logged(task, monkeypatch):
    logged = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, msg, log_args=None: logged.append((msg, log_args)))
    key = "-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----\n"
    secret = "hunter2'\"\\"
    source = dict(content=key, privatekey_passphrase=secret)
    options = dict(OPTIONS, candidates=[source, dict(pkcs12="P12SECRET", password=secret)],
                   subjects=[dict(name="s", source=source), dict(name="t", install=dict(pkcs12_path="/p", password=secret))])
    for module in (same_ca, same_ca_info):
        text = json.dumps(task(module, options, report(changed=False))) + repr(logged)
        for word in ("hunter2", "MIIsecret", "P12SECRET"):
            assert word not in text, text
    assert logged and "hunter2" in task.asked[0][1].decode()


@pytest.mark.parametrize("options, said", [
    (dict(subjects=[dict(name="s")]), "one of the following is required"),
    (dict(subjects=[dict(name="s", source=dict(path="/a", content="b"))]), "mutually exclusive"),
    (dict(subjects=[dict(name="s", source=dict(path="/a", pasword="b"))]), "pasword"),
    (dict(subjects=[dict(name="s", source="/a")], policy=dict(valid_at="soon")), "valid_at: expected a time"),
    (dict(subjects=[dict(name="s", source="/a")], policy=dict(match="any")), "match"),
])
def test_wrong_options_are_said_as_ansible_says_them(task, options, said):
    result = task(same_ca_info, dict(OPTIONS, **options), report())
    assert result["failed"] and said in result["msg"], result


def document(name="fe01", **more):
    member = dict(name=name, read_by="other", certificate=dict(FACTS, pem="p"))
    return dict(dict(protocol=1, kind="reference", tool=dict(version="0.1.0"), members=[member], authorities=[], findings=[]), **more)


def test_a_reference_document_is_written_once(task, tmp_path):
    dest = tmp_path / "reference.json"
    options = dict(requirement="r", host="h", reference=["/fe01.pem"], dest=str(dest), mode="0640", backup=True)
    first = document(collected_at="2026-11-20T06:00:00Z")
    result = task(same_ca_reference, options, first, check=True)
    assert result["changed"] is True and not dest.exists() and result["document"] == first
    assert result["diff"]["after"]["fe01"]["fingerprints"]["sha256"] == "bb"
    assert task(same_ca_reference, options, first)["changed"] is True
    assert json.loads(dest.read_text()) == first and dest.stat().st_mode & 0o777 == 0o640
    later = dict(first, collected_at="2026-11-21T06:00:00Z")
    assert task(same_ca_reference, options, later)["changed"] is False
    assert json.loads(dest.read_text()) == first
    result = task(same_ca_reference, options, document("fe02"))
    assert result["changed"] is True and json.loads(open(result["backup_file"], encoding="utf-8").read()) == first


def test_a_reference_that_nobody_could_read_fails_and_leaves_what_was_there(task, tmp_path):
    dest = tmp_path / "reference.json"
    dest.write_text("{}")
    finding = dict(code="certificate-unreadable", severity="warning", message="no such file")
    unread = document(members=[dict(name="fe01", read_by="other", findings=[finding])])
    result = task(same_ca_reference, dict(requirement="r", reference=["/fe01.pem"], dest=str(dest)), unread)
    assert result["failed"] and dest.read_text() == "{}"


FLEET = dict(protocol=1, kind="fleet", tool=dict(version="0.1.0"), as_of="2026-11-20T06:00:00Z", status="noncompliant",
             compliant=False, message="two hosts", totals=dict(compliant=1), missing=[dict(host="late")])


def test_a_fleet_report_is_idempotent_and_hands_on_a_summary(task, tmp_path):
    dest = tmp_path / "fleet.html"
    options = dict(reports=[report(collected_at="2026-11-20T06:00:00Z"), "/srv/reports"], expected_hosts=["late"],
                   html=str(dest), max_age="7d", fail_on=["missing"], waivers=["/w.yml"],
                   as_of="20261120060000Z")
    assert task(fleet_report, options, FLEET, check=True)["changed"] is True and not dest.exists()
    result = task(fleet_report, options, FLEET)
    assert result["changed"] is True and dest.read_text() == "html"
    assert result["summary"]["missing"] == ["late"] and result["summary"]["totals"] == dict(compliant=1)
    assert task(fleet_report, options, FLEET)["changed"] is False
    arguments, stdin = task.asked[-1]
    assert arguments[:3] == ["fleet", "--format", "json"]
    assert arguments[-4:-1] == ["-", "/srv/reports", "--output"] and len(stdin.splitlines()) == 1
    for flags in (["--max-age", "7d"], ["--fail-on", "missing"], ["--waivers", "/w.yml"], ["--expected-hosts"],
                  ["--as-of", "2026-11-20T06:00:00Z"]):
        assert all(flag in arguments for flag in flags), arguments


def test_a_state_to_fail_on_fails_after_the_files_were_written(task, tmp_path):
    dest = tmp_path / "fleet.json"
    result = task(fleet_report, dict(reports=[report()], json=str(dest), fail_on=["noncompliant"]), FLEET, code=1)
    assert result["failed"] and result["msg"].startswith("two hosts; no answer: late") and dest.exists()


SECRET = "hunter2-misplaced"


@pytest.mark.parametrize("change", [
    lambda options: options.update(password=SECRET),
    lambda options: options.update(pasword={"a": [SECRET]}),
    lambda options: options["subjects"][0].update(password=SECRET),
    lambda options: options["subjects"][0].update(source=[{"path": "/x", "password": SECRET}]),
    lambda options: options["subjects"][0].update(source=f"path=/x password={SECRET}"),
    lambda options: options["subjects"][0].update(source="{'path': '/x', 'password': '%s'}" % SECRET),
    lambda options: options["subjects"][0].update(source='{"path": "/x", "password": "%s"' % SECRET),
    lambda options: options["subjects"][0]["source"].update(tls={"host": "x", "password": SECRET}),
    lambda options: options["subjects"][0]["source"].update(passphrase=SECRET),
    lambda options: options["reference"][0].update(password=SECRET),
    lambda options: options.update(authorities=[{"path": "/nonexistent", "password": SECRET}]),
    lambda options: options.update(authorities=[{"path": "/nonexistent", "pass": SECRET}]),
    lambda options: options.update(intermediates={"path": "/nonexistent", "privatekey_passphrase": SECRET}),
    lambda options: options.update(candidates=f"path=/x,password={SECRET}"),
    lambda options: options["policy"].update(password=SECRET),
    lambda options: options["policy"].update(severity={"x": SECRET}),
    lambda options: options["policy"].update(distrust=[{"path": "/x", "password": SECRET}]),
    lambda options: options.update(reference_document={"members": [], "password": SECRET}),
    lambda options: options["subjects"][0].update(install={"path": "/nonexistent/x", "key_password": SECRET}),
])
@pytest.mark.parametrize("module", [same_ca, same_ca_info])
def test_a_password_in_the_wrong_place_is_shown_nowhere(task, monkeypatch, change, module):
    logged = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, msg, log_args=None: logged.append((msg, log_args)))
    options = dict(requirement="r", host="h", policy={"valid_at": "2026-11-20T00:00:00Z"},
                   reference=[{"name": "fe01", "source": {"path": "/fe01.pem"}}], subjects=[{"name": "s", "source": {"path": "/s.pem"}}])
    change(options)
    assert SECRET not in json.dumps(task(module, options, report(changed=False))) + repr(logged)


def test_a_pkcs12_place_needs_a_passphrase_or_says_that_it_has_none(task):
    for place, refused in ((dict(), True), (dict(password=""), False), (dict(password_file="/p"), False)):
        options = dict(OPTIONS, subjects=[dict(name="s", install=dict(place, pkcs12_path="/p.pfx"))])
        result = task(same_ca, options, report(changed=False))
        assert bool(result.get("failed")) is refused and ("pkcs12_path needs" in result["msg"]) is refused, result
    assert json.loads(task.asked[0][1])["subjects"][0]["install"]["password"] == ""


def test_a_report_does_not_change_with_what_the_system_says_of_an_unreachable_host():
    texts = {
        "json": '{{"missing_reasons":[{{"host":"off","reason":"unreachable","message":"{} \\"x\\""}}]}}',
        "html": '<li>off: <span class="code">unreachable</span>: {}</li>',
        "csv": '"off","","missing","","","","","","","","","","","","","unreachable","{} ""x""","","","","",""\r\n',
        "junit": '<error type="missing" message="no report speaks of a host that was expected: unreachable: {}"/>',
        "markdown": "- off: unreachable: {}\n- next: no-binary: x\n",
    }
    for key, text in texts.items():
        one, other = (fleet_report.lasting(key, text.format(words).encode()) for words in ("Connection refused", "Broken pipe"))
        assert one == other, key
        assert one != fleet_report.lasting(key, text.format("x").replace("unreachable", "no-binary").encode()), key


def test_a_request_is_handed_over_as_it_is_and_is_neither_returned_nor_logged(monkeypatch, capsys, tmp_path):
    program = tmp_path / "same-ca"
    program.write_text("#!/bin/sh\ncat\n")
    program.chmod(0o755)
    logged = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, msg, log_args=None: logged.append([msg, log_args]))
    request = dict(protocol=1, subjects=[dict(name="s", source=dict(path="/s.pfx", password="s3cret"))])
    options = dict(request=request, binary_path=str(program), _ansible_remote_tmp=str(tmp_path))
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps(dict(ANSIBLE_MODULE_ARGS=options))))
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        same_ca_request.main()
    result = json.loads(capsys.readouterr().out)
    sent = json.loads(result.pop("answer"))
    assert sent.pop("host") and sent.pop("collected_at").endswith("Z") and sent == request
    assert result["changed"] is False and result["code"] == 0 and result["program"] == str(program)
    assert "s3cret" not in json.dumps([result, logged])
