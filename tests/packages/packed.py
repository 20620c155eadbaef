"""Looks at what was packed: packed.py DIST. What is for Windows is looked at where it was packed too."""

import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[2]
DIST = Path(sys.argv[1])
# Folders of whoever built it.
PRIVATE = [str(ROOT).encode(), str(Path.home()).encode() + b"/"]


def main():
    version = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)
    linux = f"same-ca-{version}-x86_64-unknown-linux-gnu"
    windows = f"same-ca-{version}-x86_64-pc-windows-gnu"
    expected = {
        linux,
        f"{linux}.tar.gz",
        f"{linux}.cdx.json",
        f"{linux}.third-party.txt",
        f"same-ca_{version}-1_amd64.deb",
        f"sameca-pki-{version}.tar.gz",
        "SHA256SUMS",
    }
    whole = (DIST / f"{windows}.exe").exists()
    if whole:
        expected |= {f"{windows}.exe", f"{windows}.zip", f"{windows}.cdx.json", f"{windows}.third-party.txt"}
        expected |= {f"SameCADsc_{version}.zip", f"SameCADsc_{version}.zip.checksum", f"SameCADsc.{version}.nupkg"}
    expect("the files that are released", {file.name for file in DIST.iterdir()} == expected)
    expect(
        "SHA256SUMS",
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=DIST, check=False).returncode == 0,
    )
    expect(
        "SHA256SUMS names each of them",
        {line.split()[1] for line in (DIST / "SHA256SUMS").read_text().splitlines()} == expected - {"SHA256SUMS"},
    )

    executable(DIST / linux)
    documents(linux, linux)
    with tarfile.open(DIST / f"{linux}.tar.gz") as tar:
        entries = {entry.name: entry for entry in tar}
        packed = tar.extractfile("same-ca").read()
    expect(
        "the archive has the executable at its top",
        packed == (DIST / linux).read_bytes() and entries["same-ca"].mode == 0o755,
    )
    guide = {f"docs/{page.name}" for page in (DIST.parent / "docs").iterdir()}
    expect("the guide, to which the README beside it leads", guide <= set(entries))
    expect("a manual page a command", {f"man/same-ca-{name}.1" for name in commands(DIST / linux)} <= set(entries))
    expect(
        "owned by root, all of one date",
        {(e.uid, e.gid, e.uname, e.mtime) for e in entries.values()} == {(0, 0, "root", entries["same-ca"].mtime)},
    )
    galaxy(version)
    if whole:
        for_windows(version, windows)
    else:
        print("NOT RUN: what is packed for Windows (dist/ has only what is for Linux)", file=sys.stderr)
    print("packed: all held")


def commands(program):
    page = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
    listed = page.split("Commands:\n", 1)[1].split("\n\n", 1)[0]
    return set(re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE)) - {"help"}


def executable(path):
    content = path.read_bytes()
    named = sorted({place.decode() for place in PRIVATE if place in content})
    expect(f"{path.name} names no folder of whoever built it {named}", not named)


def documents(name, program):
    """The bill of materials, by CycloneDX's own rules and against what it is of; and the licences."""
    text = (DIST / f"{name}.cdx.json").read_text()
    faults = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
    expect(f"{name}: its bill of materials is CycloneDX 1.5 ({faults})", faults is None)
    bill = json.loads(text)
    digest = hashlib.sha256((DIST / program).read_bytes()).hexdigest()
    expect(f"{name}: it is of this executable", bill["metadata"]["component"]["hashes"][0]["content"] == digest)
    parts = {part["bom-ref"]: part for part in bill["components"]}
    known = set(parts) | {bill["metadata"]["component"]["bom-ref"]}
    mentioned = {entry["ref"] for entry in bill["dependencies"]} | {
        on for entry in bill["dependencies"] for on in entry["dependsOn"]
    }
    expect(
        f"{name}: all that depends or is depended on is listed, once",
        mentioned == known and len(parts) == len(bill["components"]),
    )
    reached, new = set(), {bill["metadata"]["component"]["bom-ref"]}
    uses = {entry["ref"]: set(entry["dependsOn"]) for entry in bill["dependencies"]}
    while new:
        reached |= new
        new = {on for ref in new for on in uses[ref]} - reached
    expect(f"{name}: the program depends on each of them", reached == known)
    names = {part["name"] for part in parts.values()}
    expect(f"{name}: the C libraries and Rust's are listed", {"openssl", "aws-lc", "rust-std"} <= names)
    licences = (DIST / f"{name}.third-party.txt").read_text()
    linked = [part for part in parts.values() if part["scope"] == "required"]
    missing = [part["name"] for part in linked if f"{part['name']} {part['version']} (" not in licences]
    expect(f"{name}: each part that is linked has the text of its licence {missing}", linked and not missing)


def galaxy(version):
    """What ansible-galaxy itself says of the artefact."""
    tool = ROOT / "target/ansible/bin/ansible-galaxy"
    with tempfile.TemporaryDirectory(prefix="same-ca.") as folder:
        here = {"cwd": folder, "check": False, "capture_output": True, "text": True}
        artefact = (DIST / f"sameca-pki-{version}.tar.gz").resolve()
        said = subprocess.run([tool, "collection", "install", "--offline", artefact, "-p", folder], **here)
        expect(f"ansible-galaxy installs the collection {said.stderr if said.returncode else ''}", said.returncode == 0)
        said = subprocess.run([tool, "collection", "verify", "--offline", "-p", folder, "sameca.pki"], **here)
        expect(
            f"ansible-galaxy verifies it {said.stdout + said.stderr if said.returncode else ''}", said.returncode == 0
        )


def for_windows(version, name):
    program = (DIST / f"{name}.exe").read_bytes()
    executable(DIST / f"{name}.exe")
    documents(name, f"{name}.exe")
    with zipfile.ZipFile(DIST / f"{name}.zip") as packed:
        expect("the Windows archive has the executable at its top", packed.read("same-ca.exe") == program)
        expect(
            "and the script, with line ends that cmd.exe reads",
            {"script/check.json"} <= set(packed.namelist()) and b"\r\n" in packed.read("script/check.cmd"),
        )

    pulled = DIST / f"SameCADsc_{version}.zip"
    digest = hashlib.sha256(pulled.read_bytes()).hexdigest().upper()
    expect("the pull server's checksum", Path(f"{pulled}.checksum").read_bytes() == digest.encode())
    module = {
        "SameCADsc.psd1",
        "SameCADsc.psm1",
        "SameCA.psm1",
        "same_ca.dsc.resource.json",
        "SameCACertificate.dsc.adaptedresource.json",
        "en-US/about_SameCADsc.help.txt",
        "same-ca.exe",
    }
    with zipfile.ZipFile(pulled) as packed:
        expect("the module, with executable and manifests, at the top of its archive", module <= set(packed.namelist()))
        expect("the module's executable", packed.read("same-ca.exe") == program)
        content = {file: packed.read(file) for file in packed.namelist()}
    with zipfile.ZipFile(DIST / f"SameCADsc.{version}.nupkg") as package:
        expect("the package has the same files", all(package.read(file) == kept for file, kept in content.items()))
        types = ElementTree.parse(io.BytesIO(package.read("[Content_Types].xml"))).getroot()
        endings = {entry.get("Extension") for entry in types if entry.get("Extension")}
        bare = {entry.get("PartName") for entry in types if entry.get("PartName")}
        parts = set(package.namelist()) - {"[Content_Types].xml"}
        untyped = [part for part in parts if f"/{part}" not in bare and part.rsplit(".", 1)[-1] not in endings]
        expect(f"each part of it has a type {untyped}", not untyped)
        relations = ElementTree.parse(io.BytesIO(package.read("_rels/.rels"))).getroot()
        expect("what it points to is there", {r.get("Target")[1:] for r in relations} <= set(package.namelist()))
        spec = ElementTree.parse(io.BytesIO(package.read("SameCADsc.nuspec"))).getroot()
        said = {field.tag.rsplit("}", 1)[-1]: field.text for field in spec[0]}
        expect("its name and version", (said["id"], said["version"]) == ("SameCADsc", version))
        expect(
            "its tags",
            {"PSModule", "PSIncludes_DscResource", "PSDscResource_SameCACertificate"} <= set(said["tags"].split()),
        )


def expect(what, held):
    if not held:
        sys.exit(f"packed: FAILED: {what}")
    print(f"packed: {what.strip()}: held")


main()
