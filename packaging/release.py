"""Packs what was built into dist/. Called by packaging/dist, which builds it."""

import argparse
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import collection
import debian
import powershell
from archive import plain, tar_gz, zipped
from bom import bom
from components import LINUX, WINDOWS, components
from licences import licences

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
STAGE = ROOT / "target/dist"
MODULE = "SameCADsc"
# What Windows verifies a signature of.
SIGNED = (".exe", ".ps1", ".psm1", ".psd1")
DATE = int(os.environ["SOURCE_DATE_EPOCH"])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--linux", required=True, help="the static executable")
    arguments.add_argument("--windows", help="the Windows executable; without it only what is for Linux is packed")
    arguments.add_argument("--galaxy", required=True, help="ansible-galaxy")
    asked = arguments.parse_args()

    version = one_version()
    sources = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")[:-1]
    for folder in (DIST, STAGE):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    linux(version, Path(asked.linux))
    if asked.windows:
        windows(version, Path(asked.windows), sources, Path(asked.linux))
    collection.collection(DIST, STAGE, ROOT, asked.galaxy, sources, DATE)
    sums = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(DIST.iterdir()))
    (DIST / "SHA256SUMS").write_text("".join(sums))


def one_version():
    """The version, which each part that is released says for itself."""
    says = {
        "Cargo.toml": r'^version = "(.+)"$',
        "ansible/ansible_collections/sameca/pki/galaxy.yml": r"^version: (.+)$",
        "ansible/ansible_collections/sameca/pki/roles/install/defaults/main.yml": r'^install_version: "(.+)"$',
        "dsc/SameCADsc/SameCADsc.psd1": r"^\s*ModuleVersion\s*=\s*'(.+)'$",
        "dsc/same_ca.dsc.resource.json": r'^  "version": "(.+)",?$',
        "dsc/SameCADsc/same_ca.dsc.resource.json": r'^  "version": "(.+)",?$',
        "dsc/SameCADsc/SameCACertificate.dsc.adaptedresource.json": r'^\s*"version": "(.+)",?$',
    }
    said = {file: re.search(wanted, (ROOT / file).read_text(), re.MULTILINE).group(1) for file, wanted in says.items()}
    if len(set(said.values())) != 1:
        sys.exit(f"dist: the parts are of several versions: {said}")
    return said["Cargo.toml"]


def linux(version, path):
    """The static executable alone, in an archive, and in a Debian package."""
    executable = path.read_bytes()
    name, documents = documented(version, LINUX, LINUX.name, executable)
    (DIST / name).write_bytes(executable)
    (DIST / name).chmod(0o755)
    helpers = completions(path)
    pages = manual(path)
    tar_gz(
        DIST / f"{name}.tar.gz",
        {
            "same-ca": (executable, True),
            **common(documents),
            **{f"man/{page}": (text, False) for page, text in pages.items()},
            **{f"completions/{helper}": (text, False) for helper, text in helpers.items()},
        },
        DATE,
    )
    place = "usr/share/doc/same-ca"
    debian.deb(
        DIST / f"same-ca_{version}-1_amd64.deb",
        STAGE,
        version,
        executable,
        {
            # DSC looks for manifests in the folders on PATH.
            "usr/bin/same_ca.dsc.resource.json": (ROOT / "dsc/same_ca.dsc.resource.json").read_bytes(),
            "usr/share/bash-completion/completions/same-ca": helpers["same-ca.bash"],
            "usr/share/zsh/vendor-completions/_same-ca": helpers["_same-ca"],
            "usr/share/fish/vendor_completions.d/same-ca.fish": helpers["same-ca.fish"],
        },
        {
            **{f"usr/share/man/man1/{page}": text for page, text in pages.items()},
            f"{place}/changelog": (ROOT / "CHANGELOG.md").read_bytes(),
            f"{place}/README.md": (ROOT / "README.md").read_bytes(),
            **{f"{place}/docs/{page.name}": page.read_bytes() for page in sorted((ROOT / "docs").glob("*.md"))},
            f"{place}/third-party.txt": documents["third-party.txt"][0],
            f"{place}/same-ca.cdx.json": documents["same-ca.cdx.json"][0],
        },
        DATE,
    )


def windows(version, path, sources, helper):
    """The Windows executable alone, in an archive, and in the PowerShell module."""
    executable = signed("same-ca.exe", path.read_bytes())
    name, documents = documented(version, WINDOWS, "x86_64-pc-windows-gnu", executable)
    (DIST / f"{name}.exe").write_bytes(executable)
    script = {
        file[len("dsc/examples/") :]: (signed(file, (ROOT / file).read_bytes()), False)
        for file in sources
        if file.startswith("dsc/examples/script/")
    }
    zipped(
        DIST / f"{name}.zip",
        {
            "same-ca.exe": (executable, True),
            **common(documents),
            **script,
            "completions/same-ca.ps1": (signed("same-ca.ps1", completions(helper)["_same-ca.ps1"]), False),
        },
        DATE,
    )
    module = {
        file[len(f"dsc/{MODULE}/") :]: (signed(file, (ROOT / file).read_bytes()), False)
        for file in sources
        if file.startswith(f"dsc/{MODULE}/")
    }
    module |= {
        "same-ca.exe": (executable, True),
        "README.md": plain(ROOT / "dsc/README.md"),
        **{licence: plain(ROOT / licence) for licence in ("LICENSE-MIT", "LICENSE-APACHE")},
        **documents,
    }
    powershell.pull_server(DIST, MODULE, version, module, DATE)
    powershell.nupkg(DIST, MODULE, version, module, DATE)


def documented(version, target, called, executable):
    """Writes the bill of materials and the licences of an executable; gives its released name, and both for archives."""
    name = f"same-ca-{version}-{called}"
    parts, own = components(target, ROOT)
    documents = {
        "same-ca.cdx.json": (bom(version, target, executable, parts, own, DATE), False),
        "third-party.txt": (licences(version, target, parts, ROOT), False),
    }
    for document, (content, _) in documents.items():
        (
            DIST / f"{name}{document.removeprefix('same-ca') if document.startswith('same-ca') else '.' + document}"
        ).write_bytes(content)
    return name, documents


def common(documents):
    """What is in every archive beside the executable."""
    files = {name: plain(ROOT / name) for name in ("README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE")}
    files["same_ca.dsc.resource.json"] = plain(ROOT / "dsc/same_ca.dsc.resource.json")
    files |= {f"schemas/{file.name}": plain(file) for file in sorted((ROOT / "schemas").glob("*.json"))}
    files |= {f"docs/{file.name}": plain(file) for file in sorted((ROOT / "docs").iterdir())}
    return files | documents


def signed(name, content):
    """The content after SAME_CA_SIGN, a command that signs the file whose path it is given, if there is one."""
    command = os.environ.get("SAME_CA_SIGN")
    if not command or not name.endswith(SIGNED):
        return content
    file = STAGE / "signing" / Path(name).name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    subprocess.run([*shlex.split(command), str(file)], check=True, stdout=sys.stderr)
    return file.read_bytes()


def manual(executable):
    """The manual pages: the program's own, and one a command."""

    def page(*of):
        return subprocess.run([executable, "man", *of], check=True, capture_output=True).stdout

    whole = page()
    commands = re.findall(rb"same\\-ca\\-([a-z]+)\(1\)", whole)
    return {
        "same-ca.1": whole,
        **{f"same-ca-{name.decode()}.1": page(name.decode()) for name in commands if name != b"help"},
    }


def completions(executable):
    """The completions for each shell, under the names that shells look for."""
    names = {
        "bash": "same-ca.bash",
        "zsh": "_same-ca",
        "fish": "same-ca.fish",
        "elvish": "same-ca.elv",
        "powershell": "_same-ca.ps1",
    }
    return {
        name: subprocess.run([executable, "completions", shell], check=True, capture_output=True).stdout
        for shell, name in names.items()
    }


main()
