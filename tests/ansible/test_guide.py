"""The pages for Ansible, followed from an empty folder by their own commands. The rules are those of tests/guide.rs."""

from __future__ import annotations

import json
import os
import re
import subprocess

import yaml
from conftest import BIN, COLLECTION, ROOT, VALID_AT, plain_environment
from tls_servers import TlsServers

README = "ansible/ansible_collections/sameca/pki/README.md"
WINDOWS = "ansible/ansible_collections/sameca/pki/docs/windows.md"

FENCE = re.compile(r"^( *)```([a-z]+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """The blocks of a page: language, text, the file that the line before says to save it as, and the mark before it."""
    text = (ROOT / page).read_text()
    for found in FENCE.finditer(text):
        before = text[: found.start()].rstrip().rsplit("\n", 1)[-1].strip()
        mark = before if before.startswith("<!-- ") else ""
        saved = re.search(r"ave this as `([^`]+)`:$", before)
        yield found[2], found[3].removesuffix("\n"), saved[1] if saved else None, mark


def shown(expected, printed):
    """Whether what was printed is what the page shows, where … stands for anything, in a line or as lines."""
    lines = ("(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + "\n" for line in expected.splitlines())
    return re.fullmatch("".join(lines), printed.rstrip() + "\n")


def follow(page, folder, environment):
    """Runs the blocks in one shell, in order, and compares what each prints with what the page shows."""
    script, pages = ["exec 2>&1"], []
    for language, text, saved, mark in blocks(page):
        if mark:
            continue
        if saved:
            script.append(f"mkdir -p \"$(dirname '{saved}')\"\ncat > '{saved}' <<'SAVED'\n{text}\nSAVED")
        elif language == "sh":
            script.append(f"{text}\nprintf '\\036'")
            pages.append([text, None])
        else:
            assert language == "text" and pages, text
            pages[-1][1] = text
    done = subprocess.run(
        ["sh", "-euc", "\n".join(script)], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=600,
    )
    printed = done.stdout.split("\x1e")
    assert done.returncode == 0, f"{pages[len(printed) - 1][0]}\n\n{printed[-1]}{done.stderr}"
    for (commands, expected), each in zip(pages, printed):
        assert expected is None or shown(expected, each), f"{commands}\n\nshown is\n{expected}\n\nand printed\n{each}"
    return printed


def run_here(page):
    """The blocks of a page that are marked as run by this file."""
    return [(language, text) for language, text, _, mark in blocks(page) if mark == "<!-- run by tests/ansible/test_guide.py -->"]


def test_the_page_on_ansible_is_followed_from_an_empty_folder(tmp_path, binary, estate):
    here, tools = tmp_path / "here", tmp_path / "bin"
    here.mkdir()
    tools.mkdir()
    # A checkout: the collection, and what `make demo` leaves.
    (here / "ansible").symlink_to(ROOT / "ansible")
    (tools / "make").write_text(f'#!/bin/sh\n[ "$*" = demo ] && mkdir -p target && cp -R {estate} target/demo\n')
    (tools / "make").chmod(0o755)
    environment = dict(
        plain_environment(), PATH=f"{tools}:{binary.parent}:{BIN}:{os.environ['PATH']}", HOME=str(tmp_path), LC_ALL="C.UTF-8",
        ANSIBLE_NOCOLOR="true", ANSIBLE_LOCALHOST_WARNING="false",
    )
    printed = follow("docs/ansible.md", here, environment)
    checked, listed, enforced, gate = printed[1:5]
    assert re.search(r"pchat02\S+ +: .*failed=1 ", checked) and re.search(r"pchat01\S+ +: .*failed=0 ", checked), checked
    assert len(listed.split()) == 6, listed
    assert re.search(r"pchat02\S+ +: ok=\d+ +changed=1 ", enforced), enforced
    assert "all 2 servers hold a fitting certificate" in gate


def test_the_page_of_the_collection_is_followed(plays, binary, estate, tmp_path):
    (_, install), (_, common), (_, own), (_, run) = run_here(README)
    copied = tmp_path / "pki"
    subprocess.run(["cp", "-R", COLLECTION, copied], check=True)
    environment = dict(plain_environment(), PATH=f"{BIN}:{os.environ['PATH']}", HOME=str(tmp_path), LC_ALL="C.UTF-8")
    subprocess.run(["sh", "-euc", install], cwd=copied, env=environment, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / ".ansible/collections/ansible_collections/sameca/pki/galaxy.yml").exists() or list(
        (tmp_path / ".ansible/collections/ansible_collections/sameca/pki").glob("MANIFEST.json")
    )

    # The requirement, where the test has the servers and the files.
    folder = plays.folder
    subprocess.run(["cp", "-R", estate / "ca/CertEnroll", folder], check=True)
    (folder / "exported").mkdir()
    subprocess.run(["cp", estate / "fe02/Default.cer", folder / "exported/fe02.cer"], check=True)
    key = subprocess.run(
        [os.environ.get("SAME_CA_MINT") or ROOT / "target/debug/mint", "key", "rsa2048-65537-fe01"], check=True,
        capture_output=True, text=True,
    ).stdout
    (folder / "server.pem").write_text((estate / "fe01/Default.pem").read_text() + key)
    plays.host("pchat01.contoso.com", pchat_passphrase="contoso-1")
    plays.inventory["all"]["children"] = {"pchat": {"hosts": {"pchat01.contoso.com": {}}}}
    with TlsServers([folder / "server.pem"]) as servers:
        for text in (common, own):
            name = re.match(r"# (\S+)\n", text)[1]
            for old, new in {
                "tls://fe01.contoso.com:5061": f"tls://127.0.0.1:{servers.ports[0]}", "/etc/pchat/pchat.pfx": f"{estate}/pchat01/pchat01.pfx",
            }.items():
                text = text.replace(old, new)
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        (folder / "reports").mkdir()
        program, inventory, hosts, *arguments = run.split()
        assert (program, inventory, hosts) == ("ansible-playbook", "-i", "hosts")
        policy = {"persistent_chat_policy": {"profile": "lync-server-2013", "valid_at": VALID_AT}}
        paths = {"persistent_chat_binary_path": str(binary), "persistent_chat_controller_binary_path": str(binary)}
        done = plays.run(*arguments, "-e", json.dumps(policy | paths))
    assert done.code == 0, done.output
    assert done.result("pchat01.contoso.com", "same_ca_host")["compliant"] is True, done.output
    assert (folder / "reports/fleet-report.html").exists()


def test_what_the_pages_name_is_in_the_collection(tmp_path):
    """Options of modules, variables of roles and playbooks, on every page, whether its blocks can be run here or not."""
    specs = {
        role.parent.parent.name: yaml.safe_load(role.read_text())["argument_specs"]["main"]["options"]
        for role in COLLECTION.glob("roles/*/meta/argument_specs.yml")
    }
    variables = {name for options in specs.values() for name in options}
    environment = dict(plain_environment(), ANSIBLE_COLLECTIONS_PATH=str(ROOT / "ansible"), HOME=str(tmp_path), LC_ALL="C.UTF-8")
    documented = json.loads(subprocess.run(
        [BIN / "ansible-doc", "-t", "module", "-j", *(f"sameca.pki.{path.stem}" for path in (COLLECTION / "plugins/modules").glob("*.py"))],
        check=True, capture_output=True, env=environment,
    ).stdout)
    options = {module: set(doc["doc"]["options"]) for module, doc in documented.items()}

    def look(node, page):
        if isinstance(node, list):
            for each in node:
                look(each, page)
        if not isinstance(node, dict):
            return
        for key, value in node.items():
            if key in options:
                assert set(value) <= options[key], f"{page}: {key} has no {set(value) - options[key]}"
            if key.startswith(("persistent_chat_", "install_", "scheduled_")):
                assert key in variables, f"{page}: no role takes {key}"
            if key == "role" and value.startswith("sameca.pki."):
                assert value.removeprefix("sameca.pki.") in specs, f"{page}: {value}"
            look(value, page)

    for page in ("docs/ansible.md", README, WINDOWS):
        for language, text, _, _ in blocks(page):
            if language == "yaml":
                look(yaml.safe_load(text), page)
            for playbook in re.findall(r"(?:import_playbook: |ansible-playbook [^\n]*?)sameca\.pki\.([a-z_]+)", text):
                assert (COLLECTION / f"playbooks/{playbook}.yml").exists(), f"{page}: {playbook}"


def test_the_page_of_the_collection_names_all_that_is_in_it():
    text = (ROOT / README).read_text()
    for kind in ("plugins/modules", "plugins/filter", "plugins/test", "playbooks", "roles"):
        for path in (COLLECTION / kind).iterdir():
            if not path.name.startswith(("_", ".")):
                assert f"`{path.stem}`" in text, f"{README} does not name {kind}/{path.stem}"
