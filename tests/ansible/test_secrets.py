"""A passphrase and a private key, put through every option that takes one, appear nowhere but on standard input."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import threading

import pytest
from conftest import COLLECTED_AT, VALID_AT, play, reference

# Awkward on purpose: quotes and backslashes look different in a log, and what looks different is not found and hidden.
PASSPHRASE = "hunter2-Zq'\"\\x é"
WRONG = "wrong-hunter3-Zq'\"\\"


@pytest.fixture
def system_log(tmp_path):
    """What modules write to the system's log, where the log is ours to play."""
    device = pathlib.Path("/dev/log")
    lines = []
    if os.geteuid() != 0 or device.exists() or device.is_symlink():
        print("NOT RUN: secrets in the system's log (needs root, and a machine without one)", flush=True)
        yield None
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(device))
        log.settimeout(0.2)
        end = threading.Event()

        def listen():
            while not end.is_set():
                with contextlib.suppress(TimeoutError):
                    lines.append(log.recv(1 << 20).decode("utf-8", "replace"))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield lines
        finally:
            end.set()
            thread.join()
            device.unlink()


@pytest.fixture
def secrets(estate):
    """Files whose passphrase and key are known to nobody but this test: the words to look for."""
    key = subprocess.run(
        ["openssl", "pkcs12", "-in", estate / "candidates/pchat02.pfx", "-passin", "pass:contoso-3", "-nodes", "-nocerts"],
        check=True, capture_output=True, text=True,
    ).stdout
    key = key[key.index("-----BEGIN"):]
    certificates = subprocess.run(
        ["openssl", "pkcs12", "-in", estate / "candidates/pchat02.pfx", "-passin", "pass:contoso-3", "-nokeys"],
        check=True, capture_output=True, text=True,
    ).stdout
    (estate / "candidate.pem").write_text(certificates)
    (estate / "candidate.key").write_text(key)
    environment = dict(os.environ, SECRET=PASSPHRASE)
    subprocess.run(
        ["openssl", "pkcs12", "-export", "-in", estate / "candidate.pem", "-inkey", estate / "candidate.key",
         "-out", estate / "candidate.pfx", "-passout", "env:SECRET"], check=True, env=environment,
    )
    (estate / "pchat.pfx").write_bytes((estate / "candidate.pfx").read_bytes())
    return key, certificates


def spy(plays, binary):
    """The program, behind a script that writes down every process's arguments while it runs."""
    path = plays.folder / "spying-same-ca"
    path.write_text(
        "#!/bin/sh\n"
        f"for each in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $each; echo; done >> {plays.folder}/processes 2> /dev/null\n"
        f"exec {binary} \"$@\"\n"
    )
    path.chmod(0o755)
    return path


def test_secrets_appear_in_no_output_log_file_or_process_list(plays, estate, secrets, system_log, binary):
    key, certificates = secrets
    # The first lines hold the modulus, which the certificate repeats for everybody.
    body = [line for line in key.splitlines() if line and "PRIVATE KEY" not in line][8:]
    assert len(body) > 8
    with open(estate / "candidate.pfx", "rb") as file:
        inline = base64.b64encode(file.read()).decode()
    plays.host("pchat02.contoso.com", same_ca_binary=str(spy(plays, binary)))
    # In a file, as from a vault: what stands on a command line of their own is the user's to keep.
    (plays.folder / "secrets.json").write_text(json.dumps(dict(
        passphrase=PASSPHRASE, wrong=WRONG, key=key, certificates=certificates, inline=inline,
    )))
    def subject(**more):
        return dict({"name": "pchat02.contoso.com", "names": ["pchat02.contoso.com"]}, **more)

    place = {"pkcs12_path": f"{estate}/new.pfx", "privatekey_passphrase": "{{ passphrase }}"}
    sources = [
        {"path": f"{estate}/candidate.pfx", "privatekey_passphrase": "{{ passphrase }}"},
        {"path": f"{estate}/candidate.pfx", "password": "{{ wrong }}"},
        {"content": "{{ certificates }}{{ key }}"},
        {"content": "{{ certificates }}", "privatekey_content": "{{ key }}"},
        {"path": f"{estate}/candidate.pem", "privatekey_content": "{{ key }}"},
        {"path": f"{estate}/candidate.pem", "privatekey_path": f"{estate}/candidate.key"},
        {"pkcs12": "{{ inline }}", "password": "{{ passphrase }}"},
        {"pkcs12": "{{ inline }}", "password": "{{ wrong }}"},
    ]
    base = reference(estate)
    everything = [subject(name=f"s{at}", source=source) for at, source in enumerate(sources)]
    tasks = [
        {"sameca.pki.same_ca_info": dict(base, subjects=everything)},
        {"sameca.pki.same_ca_info": dict(base, subjects=[subject(any_of=sources)], candidates=sources)},
        {"sameca.pki.same_ca_reference": dict(
            {key: value for key, value in base.items() if key != "policy"},
            reference=[dict(name=f"m{at}", source=source) for at, source in enumerate(sources)],
            # Some of them cannot be opened, and what is said of them is looked through too.
            references="any",
        )},
        {"sameca.pki.same_ca": dict(base, subjects=[subject(install=place)], candidates=sources), "register": "same_ca"},
    ]
    first = sources[0]
    tasks += [
        # What goes wrong before the program is asked.
        {"sameca.pki.same_ca_info": dict(base, subjects=[subject(source=first)], binary_path="/nonexistent"), "ignore_errors": True},
        {"sameca.pki.same_ca_info": dict(base, subjects=[subject(source=dict(first, pasword="{{ passphrase }}", pem={"a": "{{ key }}"}))]),
         "ignore_errors": True},
        {"sameca.pki.same_ca_info": dict(base, subjects=[subject(source=dict(first, content="x{{ key }}"))]),
         "ignore_errors": True},
        {"sameca.pki.same_ca_info": dict(base, subjects=[subject(source=first)], policy={"valid_at": "soon"}), "ignore_errors": True},
        {"sameca.pki.same_ca": dict(base, subjects=[subject(install=dict(place, mode="0644"))]), "ignore_errors": True},
        # A request that the program refuses.
        {"sameca.pki.same_ca": dict(base, subjects=[subject(install=place), subject(install=place)]), "ignore_errors": True},
        {"sameca.pki.same_ca_info": dict(base, subjects=[subject(source=first)],
                                         authorities=[{"content": "{{ certificates }}{{ key }}", "password": "{{ passphrase }}"}])},
        {"ansible.builtin.include_role": {"name": "sameca.pki.persistent_chat"}, "vars": {
            "persistent_chat_subjects": [subject(install=place)], "persistent_chat_candidates": sources,
            "persistent_chat_reference": base["reference"], "persistent_chat_authorities": base["authorities"],
            "persistent_chat_state": "enforced", "persistent_chat_collected_at": COLLECTED_AT,
            "persistent_chat_policy": {"valid_at": VALID_AT}, "persistent_chat_binary_path": "{{ same_ca_binary }}",
            "persistent_chat_controller_binary_path": "{{ same_ca_binary }}",
            "persistent_chat_reports": str(plays.folder / "reports"),
        }},
    ]
    # Without pipelining Ansible writes the module, with its options, to a file, and removes it.
    environment = dict(ANSIBLE_PIPELINING="false", ANSIBLE_LOG_PATH=str(plays.folder / "ansible.log"))
    run = plays.run(play(*tasks, vars_files=["secrets.json"]), "-vvvv", "--diff", environment=environment, timeout=600)
    if run.code != 0:
        pytest.fail(run.output[-4000:])
    answers = [line["result"]["status"] for line in run.lines if "status" in line["result"]]
    # Of the fourth the only authorities are those of the new key, and what stands beside a member joins it to none.
    assert answers == ["undetermined", "compliant", "compliant", "undetermined", "compliant"], answers
    told = [subject["status"] for subject in run.lines[0]["result"]["report"]["subjects"]]
    assert told == ["compliant", "undetermined", *["compliant"] * 5, "undetermined"], told

    (plays.folder / "secrets.json").unlink()
    processes = (plays.folder / "processes").read_text(errors="replace")
    assert "check" in processes and "enforce" in processes
    written = {
        "output": run.output, "processes": processes,
        "results": "\n".join(map(repr, run.lines)),
        "log": (plays.folder / "ansible.log").read_text(errors="replace"),
        "system log": "\n".join(system_log or []),
    }
    if system_log is not None:
        assert "same_ca" in written["system log"], "modules log their invocation"
    for path in plays.folder.rglob("*"):
        if path.is_file() and "collections" not in path.parts:
            written[str(path)] = path.read_bytes().decode("utf-8", "replace")
    words = ["hunter2", "hunter3", *body, inline[:60], inline[-60:]]
    found = []
    for where, text in written.items():
        # As it stands, and with line ends that were escaped or wrapped.
        squeezed = re.sub(r"\\n|\s", "", text)
        found += [f"{word[:12]}… is in {where}" for word in words if word in text or word in squeezed]
    assert not found, found
    left = [str(path) for path in plays.remote_tmp.rglob("*") if path.is_file()]
    assert not left, left
