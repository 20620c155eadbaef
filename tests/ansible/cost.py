"""Measurements, not tests: what a task and the role cost beside a ping, and a thousand endpoints in one task.

    pytest -s tests/ansible/cost.py
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import time

from conftest import COLLECTED_AT, VALID_AT, play
from tls_servers import TlsServers

ROUNDS = 40
ENDPOINTS = 1000
LOCAL_HOSTS = int(os.environ.get("COST_HOSTS", "50"))
RUNS = int(os.environ.get("COST_RUNS", "5"))


def test_a_check_beside_a_ping_on_the_same_connections(plays, estate):
    """In turn, in one run; the quotient of the medians."""
    document = json.loads(subprocess.run(
        [plays.binary, "reference", f"{estate}/fe01/Default.pem", "--authority", f"{estate}/ca/CertEnroll"],
        check=True, capture_output=True,
    ).stdout)
    plays.host("fe01")
    check = {"sameca.pki.same_ca_info": {
        "requirement": "persistent-chat", "collected_at": COLLECTED_AT, "binary_path": str(plays.binary),
        "reference_document": document, "policy": {"profile": "lync-server-2013", "valid_at": VALID_AT},
        "subjects": [{"name": "fe01.contoso.com", "names": ["fe01.contoso.com"], "source": f"{estate}/fe01/WebServicesInternal.pem"}],
    }}
    tasks = [{"ansible.builtin.ping": {}}, check] * (ROUNDS + 2)
    run = plays.run(play(*tasks), timeout=600)
    assert run.code == 0, run.output
    seconds = [line["seconds"] for line in run.lines][4:]
    pings, checks = seconds[0::2], seconds[1::2]
    quotient = statistics.median(checks) / statistics.median(pings)
    print(
        f"\nping {statistics.median(pings) * 1000:.0f} ms (least {min(pings) * 1000:.0f}), same_ca_info"
        f" {statistics.median(checks) * 1000:.0f} ms (least {min(checks) * 1000:.0f}): {quotient:.3f} of a ping ({ROUNDS} pairs)"
    )


def test_the_role_over_fifty_local_hosts_beside_a_ping(plays, estate):
    """Whole plays, forks 2, in turn; medians. The wall's time is what a user waits for, the processor's what others cannot disturb."""
    subject = {"name": "fe01.contoso.com", "names": ["fe01.contoso.com"], "source": f"{estate}/fe01/WebServicesInternal.pem"}
    document = plays.folder / "reference.json"
    subprocess.run(
        [plays.binary, "reference", f"{estate}/fe01/Default.pem", "--authority", f"{estate}/ca/CertEnroll", "--output", document], check=True,
    )
    plays.inventory["all"]["hosts"] = {f"host{number:02}": {} for number in range(LOCAL_HOSTS)}
    plays.inventory["all"]["vars"].update(
        ansible_connection="local", ansible_python_interpreter="{{ ansible_playbook_python }}", persistent_chat_subjects=[subject],
        persistent_chat_reference_document=str(document), persistent_chat_policy={"valid_at": VALID_AT}, persistent_chat_reports="reports",
        persistent_chat_binary_path=str(plays.binary), persistent_chat_controller_binary_path=str(plays.binary),
    )
    ask = {"sameca.pki.same_ca_info": {
        "requirement": "persistent-chat", "binary_path": str(plays.binary), "reference_document": str(document), "subjects": [subject],
        "policy": {"valid_at": VALID_AT},
    }}
    measured = {
        "ping": play({"ansible.builtin.ping": {}}), "same_ca_info": play(ask), "role": play(roles=["sameca.pki.persistent_chat"]),
    }
    walls, processors = {name: [] for name in measured}, {name: [] for name in measured}
    for _unused in range(RUNS):
        for name, each in measured.items():
            started, used = time.monotonic(), processor_seconds()
            run = plays.run(each, environment={"ANSIBLE_FORKS": "2"}, timeout=600)
            walls[name].append(time.monotonic() - started)
            processors[name].append(processor_seconds() - used)
            assert run.code == 0, run.output[-3000:]
    print()
    for kind, seconds in (("wall", walls), ("processor", processors)):
        ping = statistics.median(seconds["ping"])
        for name, found in seconds.items():
            print(f"{kind}, {name}: {statistics.median(found):.2f} s (least {min(found):.2f}), {statistics.median(found) / ping:.2f} of ping")


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_thousand_endpoints_in_one_task(plays, mint):
    authority = "CN=Contoso Root CA,DC=contoso,DC=com"
    mint("ca", authority, plays.folder / "ca.pem")
    files = []
    for number in range(ENDPOINTS):
        files.append(plays.folder / f"web{number:04}.pem")
        mint("leaf", authority, f"web{number:04}.contoso.com", files[-1])
    subprocess.run(
        [plays.binary, "reference", files[0], "--authority", plays.folder / "ca.pem", "--output", plays.folder / "reference.json"],
        check=True,
    )
    with TlsServers(files) as servers:
        endpoints = [
            {"name": f"web{number:04}.contoso.com", "address": "127.0.0.1", "port": port} for number, port in enumerate(servers.ports)
        ]
        (plays.folder / "endpoints.json").write_text(json.dumps({
            "same_ca_endpoints": endpoints, "same_ca_reference_document": str(plays.folder / "reference.json"),
            "same_ca_policy": {"valid_at": VALID_AT}, "same_ca_binary_path": str(plays.binary), "same_ca_collected_at": COLLECTED_AT,
        }))
        started = time.monotonic()
        run = plays.run("sameca.pki.endpoints", "-e", "@endpoints.json", timeout=600)
        took = time.monotonic() - started
    task = run.of("localhost", "same_ca_info")
    print(f"\n{ENDPOINTS} endpoints: the task {task['seconds']:.1f} s, the whole play {took:.1f} s, {task['result']['report']['summary']}")
    assert run.code == 0, run.output[-3000:]
