"""Plays over Windows hosts and Unix hosts at once. Windows is played by test doubles (see doubles/README.md)."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import zipfile

import pytest
import yaml
from conftest import BIN, COLLECTED_AT, COLLECTION, ROOT, VALID_AT, Plays, not_run, play

DOUBLES = pathlib.Path(__file__).parent / "doubles"
POLICY = {"profile": "lync-server-2013", "valid_at": VALID_AT}
WINDOWS = {"ansible_connection": "double.windows.winrm"}


def documented(module):
    """The argument spec that a Windows module's documentation describes, with what its script says of logging."""
    page = yaml.safe_load((COLLECTION / f"plugins/modules/{module}.yml").read_text())["DOCUMENTATION"]
    spec = {}
    for name, option in page["options"].items():
        spec[name] = {key: option[key] for key in ("type", "elements", "required", "aliases", "default", "choices") if key in option}
        spec[name]["no_log"] = name.endswith("passphrase")
        # The real module makes a dictionary of a subject that is a string; the double takes either as it is.
        if spec[name].get("elements") == "dict":
            spec[name]["elements"] = "raw"
    return spec


@pytest.fixture
def windows(work, installed, sshd, binary, tmp_path):
    """Plays with the doubles in the place of Windows."""
    collections = tmp_path / "collections"
    shutil.copytree(installed, collections)
    shutil.copytree(DOUBLES / "double", collections / "ansible_collections/double")
    shutil.copytree(DOUBLES / "ansible", collections / "ansible_collections/ansible")
    modules = collections / "ansible_collections/sameca/pki/plugins/modules"
    template = (DOUBLES / "win_module.py").read_text()
    for name in ("win_same_ca", "win_same_ca_info"):
        (modules / f"{name}.ps1").unlink()
        (modules / f"{name}.yml").unlink()
        text = template.replace("@NAME@", name).replace("@SPEC@", json.dumps(documented(name)))
        (modules / f"{name}.py").write_text(text)
    # A short path, for SSH's sockets.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="w", dir=work))
    folder.chmod(0o755)
    return Plays(folder, collections, sshd, binary)


@pytest.fixture
def machine(tmp_path, binary):
    """Makes the folder that plays a Windows server."""

    def make(name, store=(), **lync):
        folder = tmp_path / "machines" / name
        (folder / "store/My").mkdir(parents=True)
        (folder / "same-ca").symlink_to(binary)
        for file in store:
            shutil.copy(file, folder / "store/My")
        for use, file in lync.items():
            (folder / "lync" / use).mkdir(parents=True)
            shutil.copy(file, folder / "lync" / use)
        return folder

    return make


def asked(folder):
    """What the double was asked, oldest first."""
    file = folder / "asked.json"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def mixed(windows, machine, estate):
    """Two Front End Servers and a Persistent Chat server on Windows, another on Linux."""
    plays = windows
    machines = {}
    for name in ("fe01", "fe03"):
        folder = machines[name] = machine(
            name, Default=next(estate.glob(f"{name}/Default.*")), WebServicesExternal=next(path for path in estate.glob(f"{name}/WebServicesExternal.*") if path.suffix != ".key"),
        )
        plays.host(
            f"{name}.contoso.com", **WINDOWS, persistent_chat_binary_path=str(folder / "same-ca"),
            persistent_chat_host_reference=["lync:Default"], persistent_chat_subjects=["lync:WebServicesExternal"],
            persistent_chat_host_authorities=[f"{estate}/ca/CertEnroll"],
        )
    folder = machines["pchat01"] = machine("pchat01", store=[estate / "pchat01/pchat01.pfx", estate / "pchat01/pchat01.pass"])
    plays.host(
        "pchat01.contoso.com", **WINDOWS, persistent_chat_binary_path=str(folder / "same-ca"),
        persistent_chat_subjects=["store:LocalMachine/My"], persistent_chat_privatekey_passphrase="contoso-of-windows",
    )
    plays.host(
        "pchat02.contoso.com", persistent_chat_binary_path="{{ same_ca_binary }}", persistent_chat_subjects=[{
            "name": "{{ inventory_hostname }}", "use": "Default", "names": ["{{ inventory_hostname }}"],
            "source": {"path": f"{estate}/pchat02/pchat02.pfx", "password_file": f"{estate}/pchat02/pchat02.pass"},
        }],
    )
    plays.inventory["all"]["vars"].update(
        persistent_chat_reference=[{"name": "fe01.contoso.com", "use": "Default", "source": f"{estate}/fe01/Default.pem"}],
        persistent_chat_authorities=[f"{estate}/ca/CertEnroll"], persistent_chat_policy=POLICY, persistent_chat_collected_at=COLLECTED_AT,
        persistent_chat_reference_document=str(plays.folder / "lync-internal.reference.json"),
        persistent_chat_reports=str(plays.folder / "reports"), persistent_chat_controller_binary_path="{{ same_ca_binary }}",
    )
    plays.machines = machines
    return plays


def test_one_play_asks_windows_hosts_and_unix_hosts_each_with_its_module_with_a_double_of_win_same_ca(mixed, estate):
    run = mixed.run("sameca.pki.persistent_chat")
    assert run.code != 0
    failed = {line["host"] for line in run.lines if line["outcome"] == "failed"}
    assert failed == {"fe03.contoso.com", "pchat02.contoso.com"}, run.output
    for host in ("fe01", "fe03", "pchat01"):
        assert run.of(f"{host}.contoso.com", "same_ca_host")
        assert [each["module"] for each in asked(mixed.machines[host])] == ["win_same_ca_info"]
    assert run.of("pchat02.contoso.com", "same_ca_host")
    report = json.loads((mixed.folder / "reports/fleet-report.json").read_text())
    assert {state: count for state, count in report["totals"].items() if count} == {"compliant": 2, "noncompliant": 2}
    # A Front End Server's own Default certificate is its reference; the others take the document.
    (front_end,) = asked(mixed.machines["fe01"])
    assert front_end["module"] == "win_same_ca_info"
    assert front_end["options"]["reference"] == ["lync:Default"] and "reference_document" not in front_end["options"]
    assert front_end["options"]["subjects"] == ["lync:WebServicesExternal"]
    assert front_end["options"]["authorities"] == [f"{estate}/ca/CertEnroll"]
    (chat,) = asked(mixed.machines["pchat01"])
    assert chat["options"]["reference_document"]["kind"] == "reference" and "reference" not in chat["options"]
    wanted = {"requirement": "persistent-chat", "host": "pchat01.contoso.com", "node": "pchat01.contoso.com", "collected_at": COLLECTED_AT, "policy": POLICY}
    assert {key: chat["options"][key] for key in wanted} == wanted
    assert "contoso-of-windows" not in run.output + json.dumps(run.lines)


def test_enforcing_over_both_kinds_assigns_on_windows_and_installs_on_unix_with_a_double_of_win_same_ca(mixed, estate):
    hosts = mixed.inventory["all"]["hosts"]
    hosts["fe03.contoso.com"].update(
        persistent_chat_candidates=[f"{estate}/candidates/fe03-WebServicesExternal.pem"], persistent_chat_candidate_passphrase="of-the-candidate",
        persistent_chat_replace_staged=True, persistent_chat_policy=dict(POLICY, names=["webext.contoso.com"]),
    )
    subject = hosts["pchat02.contoso.com"]["persistent_chat_subjects"][0]
    source = subject.pop("source")
    subject["install"] = {"pkcs12_path": source["path"], "password_file": source["password_file"]}
    hosts["pchat02.contoso.com"]["persistent_chat_candidates"] = [
        {"path": f"{estate}/candidates/pchat02.pfx", "password_file": f"{estate}/candidates/pchat02.pass"},
    ]
    for arguments, changed in ((["--check"], True), ([], True), ([], False)):
        run = mixed.run("sameca.pki.enforce", "--limit", "fe03.contoso.com,pchat02.contoso.com", *arguments)
        if arguments:
            assert run.result("fe03.contoso.com", "same_ca_host")["changed"] is True, run.output
            continue
        assert run.code == 0, run.output
        assert run.result("fe03.contoso.com", "same_ca_host")["changed"] is changed
        assert run.result("pchat02.contoso.com", "same_ca_host")["changed"] is changed
        assert ("restart these services, when it suits: W3SVC" in run.output) is changed
    options = asked(mixed.machines["fe03"])[-1]["options"]
    assert (options["replace_staged"], options["key_exportable"], options["set_oauth_token_issuer"]) == (True, False, False)
    assert options["candidates"] == [f"{estate}/candidates/fe03-WebServicesExternal.pem"]
    assert "of-the-candidate" not in run.output + json.dumps(run.lines)


def test_the_steps_take_windows_hosts_one_by_one_with_a_double_of_win_same_ca(mixed, estate):
    (mixed.folder / "estate.json").write_text(json.dumps(mixed.inventory["all"]["vars"]))
    assert mixed.run("sameca.pki.reference", "-e", "@estate.json").code == 0
    mixed.inventory["all"]["vars"]["persistent_chat_reference"] = []
    # A Unix host, too, may have a reference of its own, and then needs no document.
    mixed.host(
        "unix", persistent_chat_binary_path="{{ same_ca_binary }}", persistent_chat_reference_document="/nowhere",
        persistent_chat_host_reference=[f"{estate}/fe01/Default.pem"], persistent_chat_host_authorities=[f"{estate}/ca/CertEnroll"],
        persistent_chat_subjects=[{
            "name": "pchat01.contoso.com", "names": ["pchat01.contoso.com"],
            "source": {"path": f"{estate}/pchat01/pchat01.pfx", "password_file": f"{estate}/pchat01/pchat01.pass"},
        }],
    )
    checked = mixed.run("sameca.pki.check", "--limit", "pchat01.contoso.com,unix")
    assert checked.code == 0, checked.output
    assert checked.result("pchat01.contoso.com", "same_ca_host")["compliant"] and checked.result("unix", "same_ca_host")["compliant"]
    assert [each["module"] for each in asked(mixed.machines["pchat01"])] == ["win_same_ca_info"]


def test_what_is_a_dictionary_reaches_the_windows_module_as_it_is_with_a_double_of_win_same_ca(mixed):
    options = {"subjects": [{"name": "x", "source": {"path": "/x"}}], "candidates": [{"path": "/c"}], "intermediates": [{"path": "/i"}], "pinned_keys": ["00"]}
    # The double of the module writes down what it is asked, and knows strings alone.
    mixed.run(play({"sameca.pki.same_ca_host": dict(
        options, requirement="x", binary_path=str(mixed.machines["pchat01"] / "same-ca"),
    )}, hosts="pchat01.contoso.com"))
    (told,) = asked(mixed.machines["pchat01"])
    assert {name: told["options"].get(name) for name in options} == options


def test_the_gate_looks_into_the_stores_of_windows_hosts_with_a_double_of_win_same_ca(windows, machine, estate):
    plays = windows
    (plays.folder / "reference.json").write_bytes(subprocess.run(
        [plays.binary, "reference", f"{estate}/fe01/Default.pem", "--authority", f"{estate}/ca/CertEnroll"], check=True, capture_output=True,
    ).stdout)
    marker = plays.folder / "installed"
    for name in ("pchat01", "pchat02"):
        folder = machine(name, store=[estate / name / f"{name}.pfx", estate / name / f"{name}.pass"])
        plays.host(f"{name}.contoso.com", **WINDOWS, same_ca_binary_path=str(folder / "same-ca"))
    source = {"path": f"{estate}/pchat01/pchat01.pfx", "password_file": f"{estate}/pchat01/pchat01.pass"}
    plays.host("linux", same_ca_any_of=[source], same_ca_names=["pchat01.contoso.com"], same_ca_binary_path=str(plays.binary))
    gate = [
        {"ansible.builtin.import_playbook": "sameca.pki.gate", "vars": {
            "same_ca_hosts": "all", "same_ca_policy": POLICY, "same_ca_reference_document": str(plays.folder / "reference.json"),
        }},
        *play({"ansible.builtin.file": {"path": str(marker), "state": "touch", "mode": "0644"}}, hosts="linux"),
    ]
    run = plays.run(gate)
    assert run.code != 0 and not marker.exists(), run.output
    assert "1 of 3 servers hold no fitting certificate" in run.output and "pchat02.contoso.com: " in run.output
    assert run.of("pchat02.contoso.com", "same_ca_host") and run.of("linux", "same_ca_host")
    plays.inventory["all"]["hosts"].pop("pchat02.contoso.com")
    run = plays.run(gate)
    assert run.code == 0 and marker.exists() and "all 2 servers" in run.output, run.output


def test_the_role_puts_the_program_and_the_module_on_windows_with_doubles_of_ansible_windows(windows, tmp_path):
    plays = windows
    files = plays.folder / "files"
    files.mkdir()
    program = files / "same-ca-0.1.0-x86_64-pc-windows-gnu.exe"
    program.write_text("#!/bin/sh\necho same-ca 0.1.0\n")
    with zipfile.ZipFile(program.with_suffix(".zip"), "w") as archive:
        archive.write(program, "same-ca.exe")
    module = ROOT / "dsc/SameCADsc"
    for package, version in (("SameCADsc_0.1.0.zip", "0.1.0"), ("other.zip", "0.0.1")):
        with zipfile.ZipFile(files / package, "w") as archive:
            for path in sorted(path for path in module.rglob("*") if path.is_file()):
                text = path.read_bytes()
                if path.suffix == ".psd1":
                    text = text.replace(b"'0.1.0'", f"'{version}'".encode())
                archive.writestr(str(path.relative_to(module)), text)
    exe, zipped, package, other = (
        hashlib.sha256((files / name).read_bytes()).hexdigest()
        for name in (program.name, program.with_suffix(".zip").name, "SameCADsc_0.1.0.zip", "other.zip")
    )
    dsc = {"install_dsc": True, "install_dsc_checksum": "sha256:" + package}
    refused = {
        "unpinned": ({}, "must be pinned"),
        "other-program": ({"install_checksum": "0" * 64}, "was pinned"),
        "module-unpinned": ({"install_checksum": exe, "install_dsc": True}, "install_dsc_checksum is no SHA-256"),
        "other-module": (dict(dsc, install_checksum=exe, install_dsc_checksum="0" * 64), "was pinned"),
        "old-module": (dict(dsc, install_checksum=exe, install_dsc_file="other.zip", install_dsc_checksum=other), "is no package of SameCADsc 0.1.0"),
        "package": ({"install_from": "package"}, "and not from a package"),
        "other-version": ({"install_version": "9.9.9", "install_file": str(program), "install_checksum": exe}, "same-ca 9.9.9 is wanted"),
    }
    installs = {
        "file": dict(dsc, install_checksum={"x86_64-pc-windows-gnu": "sha256:" + exe}),
        "archive": dict(dsc, install_from="archive", install_checksum={"x86_64-pc-windows-gnu": zipped}),
    }
    hosts = plays.inventory["all"]["hosts"]
    for name, variables in {**{name: given for name, (given, _) in refused.items()}, **installs}.items():
        hosts[name] = dict(variables, **WINDOWS, double_drive=str(tmp_path / "drives" / name))
    role = play(hosts="all", roles=["sameca.pki.install"])

    run = plays.run(role, "--limit", ",".join(refused))
    told = {line["host"]: json.dumps(line["result"]) for line in run.lines if line["outcome"] == "failed"}
    assert set(told) == set(refused), run.output
    assert not [name for name, (_, words) in refused.items() if words not in told[name]], told
    for arguments, wanted in ((["--check"], 2), ([], 2), ([], 0)):
        run = plays.run(role, "--limit", ",".join(installs), *arguments)
        assert run.code == 0, run.output
        for name in installs:
            tasks = [line["task"].split(" : ")[-1] for line in run.lines if line["host"] == name and line["result"].get("changed")]
            assert tasks == ["Put the executable in its place", "Put the DSC module in its place"][:wanted], (name, arguments, tasks)
            drive = tmp_path / "drives" / name
            assert drive.exists() is (arguments == [])
    for name in installs:
        drive = tmp_path / "drives" / name / "Program Files"
        assert (drive / "same-ca/same-ca.exe").read_bytes() == program.read_bytes()
        # Where Windows PowerShell looks, and where DSC v3 does: its manifests, their executable beside them, and the class.
        wanted = {path.relative_to(module): path.read_bytes() for path in module.rglob("*") if path.is_file()}
        wanted[pathlib.Path("same-ca.exe")] = program.read_bytes()
        assert {path.name for path in wanted if path.name.endswith(".json")} == {"same_ca.dsc.resource.json", "SameCACertificate.dsc.adaptedresource.json"}
        for place in ("WindowsPowerShell", "PowerShell"):
            there = drive / place / "Modules/SameCADsc"
            assert {path.relative_to(there): path.read_bytes() for path in there.rglob("*") if path.is_file()} == wanted, place
    # No facts were asked for, and nothing was left behind on the controller.
    assert not [line for line in run.lines if line["action"] == "ansible.builtin.setup" and line["outcome"] != "skipped"]
    assert not list(pathlib.Path(tempfile.gettempdir()).glob("ansible.*.same-ca"))


def find_pwsh():
    """PowerShell: from PATH, else unpacked from beside the repository."""
    found = shutil.which("pwsh")
    if found is None and (ROOT / "../shared/pwsh/install").exists():
        subprocess.run([ROOT / "../shared/pwsh/install", ROOT / "target/pwsh"], check=True, stdout=subprocess.DEVNULL)
        found = ROOT / "target/pwsh/pwsh"
    return found


def test_the_role_scheduled_registers_a_task_whose_script_drops_reports_with_doubles_of_ansible_windows(windows, estate, tmp_path, binary):
    drive = tmp_path / "drive"
    (windows.folder / "reference.json").write_bytes(subprocess.run(
        [binary, "reference", f"{estate}/fe01/Default.pem", "--authority", f"{estate}/ca/CertEnroll"], check=True, capture_output=True,
    ).stdout)
    source = {"path": f"{estate}/pchat01/pchat01.pfx", "password_file": f"{estate}/pchat01/pchat01.pass"}
    windows.inventory["all"]["hosts"]["pchat01.contoso.com"] = dict(WINDOWS, double_drive=str(drive))
    variables = {
        "scheduled_reference_document": "reference.json", "scheduled_policy": {"valid_at": VALID_AT},
        "scheduled_subjects": [{"name": "pchat01.contoso.com", "names": ["pchat01.contoso.com"], "source": source}],
    }

    def run(**more):
        done = windows.run(play(hosts="all", roles=[{"role": "sameca.pki.scheduled", "vars": dict(variables, **more)}]))
        return done, [line["task"].split(" : ")[-1] for line in done.lines if line["result"].get("changed")]

    done, changed = run()
    assert done.code == 0 and changed == ["Write the request", "Write the script", "Register the task"], done.output
    assert run()[1] == []
    assert run(scheduled_at="07:30")[1] == ["Register the task"]
    assert "T07:30:00" in (drive / "tasks/same-ca").read_text() and "same-ca.ps1" in (drive / "tasks/same-ca").read_text()
    done, _ = run(scheduled_at=360)
    assert done.code != 0 and "expected a time of day such as '06:00', in quotation marks, and not 360" in done.output, done.output

    pwsh = find_pwsh()
    if pwsh is None:
        not_run("the script of the scheduled task (needs pwsh)")
    folder = drive / "ProgramData/same-ca"
    script = folder / "same-ca.ps1"
    text = script.read_text().replace("C:\\ProgramData\\same-ca\\spool", f"{folder}/spool").replace("C:\\ProgramData\\same-ca", str(folder))
    script.write_text(text.replace("C:\\Program Files\\same-ca\\same-ca.exe", str(binary)))
    command = [pwsh, "-NoProfile", "-NonInteractive", "-File", script]
    environment = dict(os.environ, HOME=str(tmp_path), NO_COLOR="1", POWERSHELL_TELEMETRY_OPTOUT="1", DOTNET_SYSTEM_GLOBALIZATION_INVARIANT="1")
    subprocess.run(command, check=True, env=environment, timeout=120)
    report = json.loads((folder / "spool/pchat01.contoso.com.json").read_text())
    assert report["status"] == "compliant" and report["node"] == "pchat01.contoso.com" and report["collected_at"].startswith("20")
    # What cannot be answered leaves the report of before, and an exit code.
    (folder / "same-ca.json").write_text("{}")
    assert subprocess.run(command, env=environment, timeout=120).returncode == 2
    assert sorted(path.name for path in (folder / "spool").iterdir()) == ["pchat01.contoso.com.json"]


def test_the_runner_looks_where_the_role_puts_things():
    runner = (ROOT / "dsc/SameCADsc/SameCA.psm1").read_text()
    assert "Join-Path $env:ProgramFiles 'same-ca'" in runner and "$name = 'same-ca.exe'" in runner
    defaults = (COLLECTION / "roles/install/defaults/main.yml").read_text()
    assert r"C:\\Program Files\\same-ca\\same-ca.exe" in defaults
    assert yaml.safe_load(defaults)["install_dsc_path"] == r"C:\Program Files\WindowsPowerShell\Modules\SameCADsc"
    # DSC leaves out every folder of modules that has WindowsPowerShell in it when it looks for manifests.
    assert yaml.safe_load(defaults)["install_dsc_v3_path"] == r"C:\Program Files\PowerShell\Modules\SameCADsc"


def test_a_host_is_known_for_windows_by_its_connection_its_shell_or_its_facts(windows):
    hosts = {
        "winrm": ({"ansible_connection": "winrm"}, True), "psrp": ({"ansible_connection": "ansible.builtin.psrp"}, True),
        "ssh-powershell": ({"ansible_connection": "ssh", "ansible_shell_type": "powershell"}, True),
        "ssh-cmd": ({"ansible_shell_type": "ansible.builtin.cmd"}, True), "ssh": ({"ansible_connection": "ssh"}, False), "plain": ({}, False),
        "local": ({"ansible_connection": "local"}, False), "facts": ({"gathered": "Windows"}, True),
        "otherwise": ({"ansible_connection": "winrm", "gathered": "Debian"}, False),
    }
    windows.inventory["all"]["hosts"] = {name: dict(variables, wanted=wanted) for name, (variables, wanted) in hosts.items()}
    run = windows.run(play(
        {"ansible.builtin.set_fact": {"os_family": "{{ gathered }}", "cacheable": True}, "when": "gathered is defined"},
        {"ansible.builtin.include_vars": str(COLLECTION / "roles/install/vars/main.yml")},
        {"ansible.builtin.assert": {"that": "(install_on_windows | bool) == wanted"}},
    ))
    assert run.code == 0, run.output
    gate = yaml.safe_load((COLLECTION / "playbooks/gate.yml").read_text())[0]["vars"]["same_ca_on_windows"]
    role = yaml.safe_load((COLLECTION / "roles/install/vars/main.yml").read_text())["install_on_windows"]
    assert gate == role, "said in two places, and the same"


def test_the_examples_of_the_windows_modules_give_options_that_there_are():
    for module in ("win_same_ca", "win_same_ca_info"):
        examples = yaml.safe_load(yaml.safe_load((COLLECTION / f"plugins/modules/{module}.yml").read_text())["EXAMPLES"])
        given = [task[f"sameca.pki.{module}"] for task in examples if f"sameca.pki.{module}" in task]
        assert given
        for options in given:
            assert set(options) <= set(documented(module)), options


def test_every_playbook_is_sound_without_the_collection_for_windows(plays):
    # Whoever has no Windows target need not have ansible.windows: here it is not installed.
    plays.host("target")
    names = [f"sameca.pki.{path.stem}" for path in sorted((COLLECTION / "playbooks").glob("*.yml"))]
    command = [BIN / "ansible-playbook", "--syntax-check", "-i", "target,", *names]
    done = subprocess.run(command, env=plays.environment(), cwd=plays.folder, capture_output=True, text=True)
    assert done.returncode == 0 and all(f"/{name.split('.')[-1]}.yml" in done.stdout for name in names), done.stdout + done.stderr
    manifest = yaml.safe_load((COLLECTION / "galaxy.yml").read_text())
    assert manifest["dependencies"] == {}
    used = {found for path in (COLLECTION / "roles").rglob("*.yml") for found in re.findall(r"ansible\.windows\.(\w+):", path.read_text())}
    assert used == {path.stem for path in (DOUBLES / "ansible/windows/plugins/action").glob("*.py")}, "each has its double"
