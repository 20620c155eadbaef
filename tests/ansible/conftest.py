"""What the end-to-end tests share: the collection as a user installs it, an SSH server on the loopback, and estates.

They run the real ansible-playbook, over real SSH connections, from the built and installed artefact.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import pathlib
import pwd
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTION = ROOT / "ansible/ansible_collections/sameca/pki"
BIN = pathlib.Path(sys.executable).parent
VALID_AT = "2026-11-20T00:00:00Z"
COLLECTED_AT = "2026-11-20T06:00:00Z"

# How many hosts the loopback's SSH server plays, each on a port of its own; the one after them answers nobody.
HOSTS = 14

# The server ends by itself after so many seconds, whatever becomes of the tests.
SSHD_SECONDS = 1800


def not_run(why):
    """A test that was not run has not passed, and says so past pytest's quietness."""
    print(f"NOT RUN: {why}", file=sys.__stderr__, flush=True)
    pytest.skip(why)


@pytest.fixture(scope="session")
def work():
    """A folder that other users can enter, gone afterwards."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="same-ca-ansible-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def binary(work):
    """The program under test, where every user can start it."""
    built = pathlib.Path(os.environ.get("SAME_CA_BINARY") or ROOT / "target/debug/same-ca")
    assert built.exists(), f"build it first: cargo build --locked -p same-ca -p mint ({built})"
    path = work / "bin/same-ca"
    path.parent.mkdir()
    shutil.copy(built, path)
    path.chmod(0o755)
    return path


@pytest.fixture(scope="session")
def mint():
    """Runs the minter."""
    built = pathlib.Path(os.environ.get("SAME_CA_MINT") or ROOT / "target/debug/mint")
    assert built.exists(), f"build it first: cargo build --locked -p same-ca -p mint ({built})"

    def run(*arguments):
        subprocess.run([built, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    return run


@pytest.fixture
def estate(mint):
    """A fresh Lync estate, in a folder that other users can enter."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="same-ca-estate-"))
    path.chmod(0o755)
    mint("estate", path)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def artefact(work):
    """The collection, built."""
    subprocess.run(
        [BIN / "ansible-galaxy", "collection", "build", "--output-path", work], cwd=COLLECTION, check=True,
        stdout=subprocess.DEVNULL, env=plain_environment(),
    )
    (path,) = work.glob("sameca-pki-*.tar.gz")
    return path


@pytest.fixture(scope="session")
def installed(work, artefact):
    """The collection, installed from its artefact into an empty path."""
    path = work / "collections"
    subprocess.run(
        [BIN / "ansible-galaxy", "collection", "install", artefact, "-p", path, "--no-deps", "--offline"],
        check=True, stdout=subprocess.DEVNULL, env=dict(plain_environment(), ANSIBLE_COLLECTIONS_PATH=str(path)),
    )
    return path


def plain_environment():
    """The environment without what would change Ansible's behaviour."""
    return {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}


def free_ports(count):
    """Ports of the loopback that nobody listens on now, below those that systems give to outgoing connections."""
    with contextlib.ExitStack() as held:
        ports = []
        while len(ports) < count:
            each = held.enter_context(socket.socket())
            port = random.randrange(20000, 32000)
            with contextlib.suppress(OSError):
                each.bind(("127.0.0.1", port))
                ports.append(port)
        return ports


Sshd = collections.namedtuple("Sshd", "ports dead key log")


@pytest.fixture(scope="session")
def sshd(work):
    """An SSH server on the loopback that plays all the hosts. It ends with the tests, and by itself if they do not."""
    program = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin")
    if program is None or shutil.which("ssh") is None:
        not_run("plays over SSH (install openssh-server and openssh-client)")
    folder = work / "sshd"
    folder.mkdir(mode=0o700)
    for name in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    *ports, dead = free_ports(HOSTS + 1)
    config = [f"Port {port}" for port in ports] + [
        "ListenAddress 127.0.0.1", f"HostKey {folder}/host_key", f"AuthorizedKeysFile {folder}/authorized_keys",
        "PidFile none", "UsePAM no", "StrictModes no", "PermitRootLogin prohibit-password", "PasswordAuthentication no",
        "KbdInteractiveAuthentication no", "MaxStartups 200", "MaxSessions 100", "LogLevel VERBOSE",
        # The test of password_env sends one.
        "AcceptEnv SAME_CA_TEST_*",
    ]
    (folder / "sshd_config").write_text("\n".join(config) + "\n")
    # Where root's sshd shuts itself in; packages make it when the service starts. ansible/test makes it for several at once.
    shut_in = pathlib.Path("/run/sshd")
    made = os.geteuid() == 0 and not shut_in.exists()
    if made:
        shut_in.mkdir(mode=0o755)
    log = folder / "log"
    with open(log, "wb") as written:
        server = subprocess.Popen(
            ["timeout", str(SSHD_SECONDS), program, "-D", "-e", "-f", folder / "sshd_config"],
            stdout=written, stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + 20
        for port in ports:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                assert server.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.05)
        yield Sshd(ports, dead, folder / "user_key", log)
    finally:
        server.terminate()
        server.wait(timeout=20)
        if made:
            with contextlib.suppress(OSError):
                shut_in.rmdir()


class Plays:
    """Runs ansible-playbook from the installed collection, and keeps what it answered."""

    def __init__(self, folder, installed, sshd, binary):
        self.folder, self.installed, self.sshd, self.binary = folder, installed, sshd, binary
        self.inventory = {"all": {"hosts": {}, "vars": {}}}
        (folder / "ansible.cfg").touch()
        self._ports = iter(sshd.ports)
        self.remote_tmp = folder / "remote-tmp"
        self.inventory["all"]["vars"] = {
            "ansible_user": pwd.getpwuid(os.geteuid()).pw_name,
            "ansible_host": "127.0.0.1",
            "ansible_ssh_private_key_file": str(sshd.key),
            "ansible_python_interpreter": target_python(),
            "ansible_remote_tmp": str(self.remote_tmp),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={folder}/known_hosts -o StrictHostKeyChecking=accept-new"
                                       " -o IdentitiesOnly=yes -F /dev/null",
            "same_ca_binary": str(binary),
        }

    def host(self, name, dead=False, **variables):
        """Adds a host: its port, and what the play is to know of it."""
        port = self.sshd.dead if dead else next(self._ports)
        self.inventory["all"]["hosts"][name] = dict(variables, ansible_port=port)

    def environment(self):
        return dict(
            plain_environment(),
            ANSIBLE_COLLECTIONS_PATH=str(self.installed),
            ANSIBLE_CALLBACK_PLUGINS=str(pathlib.Path(__file__).parent / "callbacks"),
            ANSIBLE_CALLBACKS_ENABLED="record",
            ANSIBLE_CONFIG=str(self.folder / "ansible.cfg"),
            ANSIBLE_FORKS="8",
            ANSIBLE_HOME=str(self.folder / "ansible-home"),
            ANSIBLE_LOCALHOST_WARNING="false",
            ANSIBLE_LOCAL_TEMP=str(self.folder / "local-tmp"),
            ANSIBLE_NOCOLOR="true",
            ANSIBLE_PIPELINING="true",
            ANSIBLE_RETRY_FILES_ENABLED="false",
            ANSIBLE_SSH_CONTROL_PATH_DIR=str(self.folder / "cp"),
            SAME_CA_RECORD=str(self.folder / "record"),
            LC_ALL="C.UTF-8",
        )

    def run(self, play, *arguments, environment=None, timeout=300):
        """Runs a play, as YAML data or by the name of a playbook of the collection."""
        if not isinstance(play, str):
            (self.folder / "play.yml").write_text(json.dumps(play))
            play = "play.yml"
        (self.folder / "hosts.json").write_text(json.dumps(self.inventory))
        record = self.folder / "record"
        record.unlink(missing_ok=True)
        done = subprocess.run(
            [BIN / "ansible-playbook", "-i", "hosts.json", play, *map(str, arguments)], cwd=self.folder,
            env=dict(self.environment(), **(environment or {})), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=timeout,
        )
        lines = record.read_text().splitlines() if record.exists() else []
        return Run(done.returncode, done.stdout + done.stderr, [json.loads(line) for line in lines])


class Run(collections.namedtuple("Run", "code output lines")):
    """One run of ansible-playbook."""

    def of(self, host, action):
        """The one answer of a host to an action."""
        found = [line for line in self.lines if line["host"] == host and line["action"] == f"sameca.pki.{action}"]
        found = [line for line in found if line["outcome"] != "skipped"]
        assert len(found) == 1, f"{host}: {len(found)} answers\n{self.output}"
        return found[0]

    def result(self, host, action="same_ca"):
        return self.of(host, action)["result"]


def target_python():
    """The system's own Python where there is one: other users can start it. SAME_CA_TARGET_PYTHON names another."""
    if "SAME_CA_TARGET_PYTHON" in os.environ:
        return os.environ["SAME_CA_TARGET_PYTHON"]
    return "/usr/bin/python3" if pathlib.Path("/usr/bin/python3").exists() else sys.executable


@pytest.fixture
def plays(work, installed, sshd, binary):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="p", dir=work))
    folder.chmod(0o755)
    return Plays(folder, installed, sshd, binary)


def reference(estate):
    """Options that say what sets the rule in an estate."""
    return {
        "requirement": "persistent-chat",
        "host": "{{ inventory_hostname }}",
        "collected_at": COLLECTED_AT,
        "binary_path": "{{ same_ca_binary }}",
        "reference": [
            {"name": "fe01.contoso.com", "use": "Default", "source": f"{estate}/fe01/Default.pem"},
            {"name": "fe02.contoso.com", "use": "Default", "source": {"path": f"{estate}/fe02/Default.cer"}},
        ],
        "authorities": [f"{estate}/ca/CertEnroll"],
        "policy": {"profile": "lync-server-2013", "valid_at": VALID_AT},
    }


def play(*tasks, hosts="all", **keywords):
    return [dict({"hosts": hosts, "gather_facts": False, "tasks": list(tasks)}, **keywords)]


# What the tests take of the collection's own Python.
sys.path.insert(0, str(COLLECTION.parents[2]))
