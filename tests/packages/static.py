"""Tries the static executable where nothing but itself is: in an empty root, with a network of its own.

Run as: static.py EXECUTABLE ORDINARY MINT [ROOT…]. ORDINARY is the same program, built as usual: both must say the same.
ROOT: folders that hold another Linux, in which names must be looked up too.
"""

import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HOST = "fe01.contoso.com"
NO_HOST = "nobody.contoso.com"
# Beside the executable, what the system that it runs on says of names.
RESOLVER = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
# As distributions have it: modules of another C library than the one that is linked in.
SWITCH = "hosts: files mymachines mdns4_minimal resolve [!UNAVAIL=return] myhostname dns\n"
# What loading one of them may come to.
TRAP = "__attribute__((constructor)) void loaded(void) { __builtin_trap(); }"
TIMEOUT = 60


def main():
    if os.environ.get("SAME_CA_OWN_NETWORK") != "1":
        enter()
    executable, ordinary, mint = (Path(name).resolve() for name in sys.argv[1:4])
    network()
    with tempfile.TemporaryDirectory(prefix="same-ca.") as folder:
        root = Path(folder)
        subprocess.run([mint, "estate", root], check=True, stdout=subprocess.DEVNULL)
        shutil.copy(executable, root / "same-ca")
        subprocess.run([mint, "leaf", "CN=Static CA,DC=contoso,DC=com", HOST, root / "server.pem"], check=True, stdout=subprocess.DEVNULL)
        serve(root / "server.pem")

        request = (root / "check.json").read_bytes()
        before = {str(file.relative_to(root)) for file in root.rglob("*")}
        expect("its version", run(root, "--version").stdout.split()[0] == b"same-ca")
        static = run(root, "check", stdin=request)
        usual = subprocess.run([ordinary, "check"], cwd=root, input=request, capture_output=True, timeout=TIMEOUT, check=False)
        expect("an estate's report, the usual build's byte for byte", static.stdout == usual.stdout and static.returncode == 0)
        expect("that report's verdict", json.loads(static.stdout)["summary"]["noncompliant"] == 2)
        expect("nothing is left behind", before == {str(file.relative_to(root)) for file in root.rglob("*")})

        (root / "etc").mkdir()
        (root / "etc/resolv.conf").write_text(RESOLVER)
        names("in an empty root", root)
        (root / "etc/nsswitch.conf").write_text(SWITCH)
        names("where the name service switch names modules that are not there", root)
        (root / "lib").mkdir()
        trap = ["cc", "-shared", "-fPIC", "-nostdlib", "-x", "c", "-", "-o", root / "lib/libnss_resolve.so.2"]
        subprocess.run(trap, input=TRAP.encode(), check=True)
        names("where it names one that ends whoever loads it", root)
        for other in map(Path, sys.argv[4:]):
            elsewhere(other, executable)
    print("static: all held")


def enter():
    """Starts itself again with a network of its own, in which it may serve what it likes."""
    own = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*own, "chroot", "/", "true"], capture_output=True, check=False).returncode:
        print("NOT RUN: the static executable in an empty root (may not unshare and chroot here)", file=sys.stderr)
        sys.exit(0)
    os.environ["SAME_CA_OWN_NETWORK"] = "1"
    os.execvp(own[0], [*own, sys.executable, *sys.argv])


def network():
    """Brings the loopback up, as `ip link set lo up` does: SIOCGIFFLAGS, then SIOCSIFFLAGS with IFF_UP."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        asked = fcntl.ioctl(probe, 0x8913, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", asked)[1]
        fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))


def serve(pem):
    """A name server that knows one name, and a TLS server of that name."""
    resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    resolver.bind(("127.0.0.1", 53))
    threading.Thread(target=resolve, args=(resolver,), daemon=True).start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listener = socket.create_server(("127.0.0.1", 443))
    threading.Thread(target=answer, args=(listener, context), daemon=True).start()


def resolve(resolver):
    while True:
        question, asker = resolver.recvfrom(512)
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]])
            at += 1 + question[at]
        known = b".".join(labels).decode().lower() == HOST
        address = known and question[at + 1:at + 3] == b"\0\1"
        head = question[:2] + (b"\x81\x80" if known else b"\x81\x83") + struct.pack(">4H", 1, int(address), 0, 0)
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("127.0.0.1")
        resolver.sendto(head + question[12:at + 5] + (record if address else b""), asker)


def answer(listener, context):
    while True:
        connection, _ = listener.accept()
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            connection.close()


def names(where, root):
    """A server is read by its name, and a name that nobody knows is an answer too."""
    read = run(root, "inspect", f"tls://{HOST}", "--format", "json")
    expect(f"a server read by name {where}", read.returncode == 0 and HOST.encode() in read.stdout and b'"findings":[]' in read.stdout, read)
    unknown = run(root, "inspect", f"tls://{NO_HOST}", "--format", "json")
    expect(f"a name that nobody knows {where}", unknown.returncode == 0 and b"unreadable" in unknown.stdout, unknown)


def elsewhere(root, executable):
    """The same under another distribution's C library and modules, its files left as they are."""
    changed = {name: root / name for name in ("etc/resolv.conf", "etc/nsswitch.conf", "same-ca")}
    kept = {file: file.read_bytes() if file.exists() else None for file in changed.values()}
    try:
        shutil.copy(executable, changed["same-ca"])
        changed["etc/resolv.conf"].write_text(RESOLVER)
        names(f"in {root.name}", root)
        changed["etc/nsswitch.conf"].write_text(SWITCH)
        names(f"in {root.name}, with every module there is", root)
    finally:
        for file, content in kept.items():
            file.unlink() if content is None else file.write_bytes(content)


def run(root, *arguments, stdin=b""):
    return subprocess.run(
        [shutil.which("chroot"), root, "/same-ca", *arguments], input=stdin, capture_output=True, timeout=TIMEOUT, check=False, env={}
    )


def expect(what, held, said=None):
    if not held:
        print(f"static: FAILED: {what}", file=sys.stderr)
        if said is not None:
            print(said, file=sys.stderr)
        sys.exit(1)
    print(f"static: {what}: held")


main()
