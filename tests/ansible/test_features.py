"""What users of the neighbouring collections look for, and a playbook as a user writes one."""

from __future__ import annotations

import datetime
import json
import os
import pwd
import re
import shutil
import subprocess

import yaml
from conftest import BIN, COLLECTED_AT, COLLECTION, VALID_AT, play, reference
from test_defects import LOCAL, local, subject, task  # noqa: F401 - fixtures

POLICY = {"valid_at": VALID_AT}


def test_a_playbook_of_a_users_own_with_nothing_but_relative_paths(local, estate):  # noqa: F811
    """It asks, enforces, restarts through a handler, gates and reports. It is started from another folder."""
    own = local.folder / "own"
    own.mkdir()
    shutil.copytree(estate / "ca/CertEnroll", own / "CertEnroll")
    for folder in ("fe01", "pchat02", "candidates"):
        shutil.copytree(estate / folder, own / folder)
    (own / "site.yml").write_text("""
- name: Read the internal servers once
  hosts: localhost
  gather_facts: false
  tasks:
    - sameca.pki.same_ca_reference:
        requirement: persistent-chat
        reference: [{name: fe01.contoso.com, use: Default, source: fe01/Default.pem}]
        authorities: [CertEnroll]
        dest: lync-internal.reference.json
        mode: "0644"
- name: Ask, and put it right
  hosts: pchat
  gather_facts: false
  roles:
    - role: sameca.pki.persistent_chat
      persistent_chat_state: "{{ state | default('checked') }}"
  # As docs/ansible.md and ansible/ansible_collections/sameca/pki/README.md show it.
  handlers:
    - name: Restart the chat service
      ansible.builtin.copy: {content: "{{ inventory_hostname }}", dest: restarted, mode: "0644"}
      listen: same-ca certificate replaced
- name: Let nothing pass but what is proven
  ansible.builtin.import_playbook: sameca.pki.gate
  vars:
    same_ca_hosts: pchat
    same_ca_reference_document: lync-internal.reference.json
    same_ca_any_of: [{path: pchat02/pchat02.pfx, password_file: pchat02/pchat02.pass}]
- hosts: pchat
  gather_facts: false
  tasks:
    - ansible.builtin.copy: {content: installed, dest: installed, mode: "0644"}
""")
    (own / "hosts.yml").write_text(yaml.safe_dump({"pchat": {"hosts": {"pchat02.contoso.com": None}, "vars": dict(
        LOCAL, persistent_chat_reference_document="lync-internal.reference.json", persistent_chat_reports="reports",
        persistent_chat_policy=POLICY, persistent_chat_collected_at=COLLECTED_AT, same_ca_policy=POLICY,
        persistent_chat_subjects=[{"name": "{{ inventory_hostname }}", "names": ["{{ inventory_hostname }}"], "install": {
            "pkcs12_path": "pchat02/pchat02.pfx", "password_file": "pchat02/pchat02.pass"}}],
        persistent_chat_candidates=[{"path": "candidates/pchat02.pfx", "password_file": "candidates/pchat02.pass"}],
    )}}))
    environment = dict(local.environment(), PATH=f"{local.binary.parent}:/usr/bin:/bin")

    def run(*arguments):
        command = [BIN / "ansible-playbook", "-i", own / "hosts.yml", own / "site.yml", *arguments]
        return subprocess.run(command, cwd=local.folder, env=environment, capture_output=True, text=True)

    def totals():
        found = json.loads((own / "reports/fleet-report.json").read_text())["totals"]
        return {state: count for state, count in found.items() if count}

    asked = run()
    assert asked.returncode != 0 and "with another key issued it" in asked.stdout and totals() == {"noncompliant": 1}, asked.stdout + asked.stderr
    assert not (own / "installed").exists() and not (own / "restarted").exists()
    put_right = run("-e", "state=enforced")
    assert put_right.returncode == 0 and totals() == {"compliant": 1}, put_right.stdout + put_right.stderr
    assert (own / "restarted").read_text() == "pchat02.contoso.com" and (own / "installed").exists()
    # The first run after a change still tells what changed since before; the next has nothing to tell.
    run("-e", "state=enforced")
    again = run("-e", "state=enforced")
    assert again.returncode == 0 and again.stdout.count("changed=0") == 2, again.stdout
    assert sorted(path.name for path in local.folder.iterdir() if path.suffix in (".json", ".html")) == []


def test_filters_and_tests_ask_the_program_on_the_controller(local, estate):  # noqa: F811
    local.add("a", binary=str(local.binary), fe01=(estate / "fe01/Default.pem").read_text(), other=f"{estate}/fe01/WebServicesInternal.pem",
              alike={"path": f"{estate}/pchat02/pchat02.pfx", "password": "contoso-2"})
    run = local.run(play(
        {"ansible.builtin.assert": {"that": [
            "other is sameca.pki.same_ca_as(fe01, binary_path=binary)", "alike is not sameca.pki.same_ca_as(fe01, binary_path=binary)",
            "fe01 is sameca.pki.same_ca_as([other], binary_path=binary)",
            "(fe01 | sameca.pki.certificate_facts(binary_path=binary, valid_at='2026-11-20T00:00:00Z')).days_left == 376",
            "(other | sameca.pki.certificate_facts(binary_path=binary)).issuer == 'CN=Contoso Issuing CA,DC=contoso,DC=com'",
        ]}},
        {"ansible.builtin.debug": {"msg": "{{ '/nonexistent.pem' | sameca.pki.certificate_facts(binary_path=binary) }}"}, "ignore_errors": True},
    ))
    assert run.code == 0 and "no certificate could be read: " in run.output, run.output


def test_certificate_info_reads_every_form_with_the_days_that_are_left(task, estate):  # noqa: F811
    sources = [f"{estate}/fe01/Default.pem", f"{estate}/fe02/Default.cer", f"{estate}/fe03/Default.p7b", f"{estate}/ca/CertEnroll",
               {"path": f"{estate}/pchat01/pchat01.pfx", "password": "contoso-1"}, "/nonexistent.pem"]
    result = task("certificate_info", dict(sources=sources, valid_at=VALID_AT, binary_path="{{ same_ca_binary }}"))
    assert not result.get("failed") and result["changed"] is False, result
    assert {one["source"] for one in result["certificates"]} == {0, 1, 2, 3, 4} and [each["source"] for each in result["findings"]] == [5]
    assert all(isinstance(one["days_left"], int) and one["sha256"] for one in result["certificates"]), result
    assert result["certificates"][0]["days_left"] == 376 and result["certificates"][0]["expired"] is False


def test_ansible_builder_reads_what_an_execution_environment_needs(installed):
    done = subprocess.run([BIN / "ansible-builder", "introspect", installed], capture_output=True, text=True, check=True)
    needs = yaml.safe_load(done.stdout)
    assert needs["python"] == [] and len(needs["system"]) == 2 and all("openssh-client" in each for each in needs["system"]), done.stdout


def test_ansible_builder_takes_the_recipe_of_the_readme(artefact, tmp_path):
    readme = (COLLECTION / "README.md").read_text()
    (recipe,) = [block for block in re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL) if block.startswith("# execution-environment.yml")]
    (tmp_path / "execution-environment.yml").write_text(recipe)
    shutil.copy(artefact, tmp_path)
    (tmp_path / "same-ca-0.1.0-x86_64-unknown-linux-gnu").touch()
    command = [BIN / "ansible-builder", "create", "-c", "context", "--output-filename", "Containerfile"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "/usr/local/bin/same-ca" in (tmp_path / "context/Containerfile").read_text()
    assert (tmp_path / "context/_build/bin/same-ca-0.1.0-x86_64-unknown-linux-gnu").exists()


def test_the_role_scheduled_leaves_a_script_that_drops_reports(local, estate):  # noqa: F811
    subprocess.run(
        [local.binary, "reference", f"{estate}/fe01/Default.pem", "--authority", f"{estate}/ca/CertEnroll", "--output", local.folder / "reference.json"],
        check=True,
    )
    local.add("pchat01.contoso.com")
    source = {"path": f"{estate}/pchat01/pchat01.pfx", "password_file": f"{estate}/pchat01/pchat01.pass"}
    role = play(roles=[{"role": "sameca.pki.scheduled", "vars": {
        "scheduled_reference_document": "reference.json", "scheduled_policy": POLICY, "scheduled_binary_path": str(local.binary),
        "scheduled_subjects": [{"name": "pchat01.contoso.com", "names": ["pchat01.contoso.com"], "source": source}],
        "scheduled_folder": f"{local.folder}/etc", "scheduled_spool": f"{local.folder}/spool", "scheduled_units": f"{local.folder}/etc",
        "scheduled_start": False,
    }}])
    for changed in (True, False):
        run = local.run(role)
        assert run.code == 0 and any(line["result"].get("changed") for line in run.lines) is changed, run.output
    subprocess.run([local.folder / "etc/same-ca.sh"], check=True)
    report = json.loads((local.folder / "spool/pchat01.contoso.com.json").read_text())
    assert report["status"] == "compliant" and report["node"] == "pchat01.contoso.com" and report["collected_at"].startswith("20")
    assert "ExecStart=" in (local.folder / "etc/same-ca.service").read_text() and "OnCalendar=" in (local.folder / "etc/same-ca.timer").read_text()


def test_a_host_is_asked_the_same_by_a_command_by_the_small_module_and_by_the_whole_one(local, estate):  # noqa: F811
    """In the background the whole module goes to the host; with su, which takes no input, the small one."""
    # Where HOME is not the user's own folder, Ansible writes the job there and looks for it here.
    local.add("pchat01.contoso.com", ansible_async_dir=str(local.folder / "async"))
    secret = {"path": f"{estate}/pchat01/pchat01.pfx", "privatekey_passphrase": "contoso-1"}
    options = dict(reference(estate), subjects=[{"name": "pchat01.contoso.com", "names": ["pchat01.contoso.com"], "source": secret}])
    del options["host"]
    cases = {
        "compliant": (options, True), "no reference": (dict(options, reference=[]), True),
        "a key apart": (dict(options, subjects=[{"name": "x", "source": {
            "path": f"{estate}/fe01/WebServicesInternal.pem", "privatekey_path": f"{estate}/fe01/WebServicesInternal.pem"}}]), False),
        "misspelt": (dict(options, subjets=[]), False),
        "refused": (dict(options, subjects=options["subjects"] * 2), True), "no program": (dict(options, binary_path="/nonexistent"), True),
        "home": (dict(options, authorities=["~/nothing"]), False), "as text": (dict(options, subjects=json.dumps(options["subjects"])), False),
    }
    tasks = []
    for name, (given, _) in cases.items():
        task = {"sameca.pki.same_ca_info": given, "ignore_errors": True}
        tasks += [
            dict(task, name=name), dict(task, name=f"{name}, su", become=True, become_method="su", become_user=pwd.getpwuid(os.geteuid()).pw_name),
            dict(task, name=f"{name}, behind", **{"async": 60, "poll": 1}),
        ]
    run = local.run(play(*tasks), "-vvv")
    answers = {line["task"]: line["result"] for line in run.lines}
    for name, (_, ready) in cases.items():
        aside = {"ansible_job_id", "finished", "started", "results_file", "ansible_async_watchdog_pid", "stdout", "stderr", "stdout_lines", "stderr_lines",
                 "warnings"}
        one, *others = [{key: each for key, each in answers[f"{name}{way}"].items() if key not in aside} for way in ("", ", su", ", behind")]
        assert others == [one, one], name
        sent = {
            way: list(dict.fromkeys(re.findall(
                r"Using module file \S*/(same_ca_\w+)\.py", re.search(rf"TASK \[{name}{way}\].*?(?=TASK \[|PLAY RECAP)", run.output, re.DOTALL).group(0)
            )))
            for way in ("", ", su")
        }
        answered = ready and name not in ("refused", "no program")
        assert sent[""] == ([] if answered else sent[", su"]), (name, sent)
        assert sent[", su"] == ["same_ca_request"] * ready + ["same_ca_info"] * (not ready or name == "refused"), (name, sent)
    assert "contoso-1" not in run.output + json.dumps(answers)
    assert answers["compliant"]["compliant"] and answers["refused"]["error"]["pointer"] == "/subjects/1", answers


def test_a_host_without_python_is_asked_over_ssh(plays, estate):
    """By one command, that has the task's environment and finds the program as a module does."""
    plays.host("bare", ansible_python_interpreter="/nonexistent/python")
    options = dict(reference(estate), subjects=[{"name": "x", "source": f"{estate}/fe01/WebServicesInternal.pem"}])
    del options["host"], options["collected_at"], options["binary_path"]
    folder = plays.folder / "it's here"
    folder.mkdir()
    (folder / "same-ca").symlink_to(plays.binary)
    asked = {"sameca.pki.same_ca_info": options, "environment": {"PATH": f"{folder}:/usr/bin:/bin"}}
    run = plays.run(play(asked), "-vvv")
    report = run.result("bare", "same_ca_info")["report"]
    assert report["status"] == "compliant" and report["host"] and report["node"] == "bare", run.output
    assert abs(datetime.datetime.fromisoformat(report["collected_at"]) - datetime.datetime.now(datetime.timezone.utc)).total_seconds() < 120
