"""What an executable is made of: crates, the C libraries that some of them carry, and the compilers' own libraries."""

import json
import os
import re
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

# Texts of licences that are no crate's own file.
COMMON = Path("/usr/share/common-licenses")


def said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@dataclass
class Component:
    """One part. `linked`: it is in the executable, rather than having helped to build it."""

    ref: str
    name: str
    version: str
    licence: str
    linked: bool
    purl: str = ""
    cpe: str = ""
    sha256: str = ""
    description: str = ""
    repository: str = ""
    uses: set = field(default_factory=set)
    texts: list = field(default_factory=list)


@dataclass
class Target:
    """A target, and what builds for it."""

    name: str
    rustc: str
    # Debian's packages that have the C library and the compiler's.
    libraries: tuple


LIBGCC = f"libgcc-{said('gcc', '-dumpversion').strip()}-dev"
LINUX = Target("x86_64-unknown-linux-gnu", "rustc", ("libc6-dev", LIBGCC))
WINDOWS = Target(
    "x86_64-win7-windows-gnu",
    os.environ.get("WINDOWS_RUSTC", "/usr/bin/rustc"),
    ("mingw-w64-x86-64-dev", "gcc-mingw-w64-x86-64-win32"),
)


def components(target, root):
    """All parts for a target by their reference, the program itself left out, and what it uses directly."""
    packages = {(p["name"], p["version"]): p for p in metadata(target)["packages"]}
    checksums = {(p["name"], p["version"]): p.get("checksum", "") for p in lock(root)}
    linked, top = tree(target, "normal,no-proc-macro")
    everything, all_top = tree(target, "normal,build")
    found = {}
    for key, uses in everything.items():
        package = packages[key]
        name, version = key
        ref = crate_ref(key)
        found[ref] = Component(
            ref=ref,
            name=name,
            version=version,
            # The older way to write a choice.
            licence=(package["license"] or "").replace("/", " OR "),
            linked=key in linked,
            purl=ref,
            sha256=checksums[key],
            description=" ".join((package["description"] or "").split()),
            repository=package["repository"] or "",
            uses={crate_ref(use) for use in uses},
            texts=texts_of(Path(package["manifest_path"]).parent),
        )
    carried(found, packages)
    compilers(found, target)
    own = {crate_ref(key) for key in top | all_top}
    own |= {ref for ref, part in found.items() if ref.startswith("compiler:")}
    return found, own


def crate_ref(key):
    return f"pkg:cargo/{key[0]}@{key[1]}"


def metadata(target):
    return json.loads(said("cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={target.name}"))


def lock(root):
    return tomllib.loads((Path(root) / "Cargo.lock").read_text())["package"]


def tree(target, edges):
    """What each crate uses, as it is built: cargo's tree knows the features, which its metadata does not."""
    lines = said("cargo", "tree", "--locked", "--target", target.name, "--edges", edges, "--prefix=depth", "--charset=ascii")
    uses, above, top = {}, [], set()
    for line in lines.splitlines():
        depth, name, version = re.match(r"(\d+)(\S+) v(\S+)", line).groups()
        key = (name, version)
        del above[int(depth):]
        if len(above) == 1:
            top.add(key)
        if above:
            uses.setdefault(key, set())
        if len(above) > 1:
            uses[above[-1]].add(key)
        above.append(key)
    return uses, top


def texts_of(folder):
    """The licences, notices and lists of authors at the top of a crate."""
    wanted = re.compile(r"(licen[sc]e|copying|notice|unlicense|copyright)", re.IGNORECASE)
    own = (file for file in sorted(folder.iterdir()) if wanted.match(file.name))
    files = []
    for entry in own:
        files += sorted(f for f in entry.rglob("*") if f.is_file()) if entry.is_dir() else [entry]
    return [(file.name, file.read_text(errors="replace")) for file in files]


def carried(found, packages):
    """The C libraries inside of crates, with versions and licences of their own."""
    for (name, version), package in packages.items():
        folder = Path(package["manifest_path"]).parent
        if crate_ref((name, version)) not in found:
            continue
        if name == "openssl-src":
            number = version.split("+")[1]
            add(
                found,
                Component(
                    ref=f"pkg:generic/openssl@{number}",
                    name="openssl",
                    version=number,
                    licence="Apache-2.0",
                    linked=True,
                    purl=f"pkg:generic/openssl@{number}",
                    cpe=f"cpe:2.3:a:openssl:openssl:{number}:*:*:*:*:*:*:*",
                    description="TLS, and signature algorithms that AWS-LC lacks",
                    repository="https://github.com/openssl/openssl",
                    texts=texts_of(folder / "openssl"),
                ),
                crate_ref((name, version)),
            )
        if name == "aws-lc-sys":
            header = (folder / "aws-lc/include/openssl/base.h").read_text()
            number = re.search(r'AWSLC_VERSION_NUMBER_STRING "(.*)"', header).group(1)
            texts = texts_of(folder / "aws-lc")
            for part in sorted((folder / "aws-lc/third_party").iterdir()):
                texts += texts_of(part)
            add(
                found,
                Component(
                    ref=f"pkg:github/aws/aws-lc@v{number}",
                    name="aws-lc",
                    version=number,
                    licence="ISC AND (Apache-2.0 OR ISC) AND Apache-2.0 AND MIT AND BSD-3-Clause",
                    linked=True,
                    purl=f"pkg:github/aws/aws-lc@v{number}",
                    description="signatures",
                    repository="https://github.com/aws/aws-lc",
                    texts=texts,
                ),
                crate_ref((name, version)),
            )


def add(found, component, user):
    found[component.ref] = component
    found[user].uses.add(component.ref)


def compilers(found, target):
    """The libraries that compilers bring: Rust's, and those of C."""
    verbose = dict(line.split(": ", 1) for line in said(target.rustc, "-vV").splitlines() if ": " in line)
    found["compiler:rust-std"] = Component(
        ref="compiler:rust-std",
        name="rust-std",
        version=verbose["release"],
        licence="MIT OR Apache-2.0",
        linked=True,
        purl=f"pkg:generic/rust-std@{verbose['release']}",
        description=f"the Rust standard library, of {verbose['commit-hash']}",
        repository="https://github.com/rust-lang/rust",
        texts=rust_texts(target.rustc),
    )
    licences = {
        "libc6-dev": ("LGPL-2.1-or-later", "the GNU C library, linked statically", ["LGPL-2.1"]),
        LIBGCC: ("GPL-3.0-or-later WITH GCC-exception-3.1", "GCC's run-time library", ["GPL-3"]),
        "mingw-w64-x86-64-dev": ("ZPL-2.1", "the start-up code and import libraries of mingw-w64", []),
        "gcc-mingw-w64-x86-64-win32": ("GPL-3.0-or-later WITH GCC-exception-3.1", "GCC's run-time library", ["GPL-3"]),
    }
    for package in target.libraries:
        licence, description, common = licences[package]
        version = said("dpkg-query", "--show", "--showformat=${Version}", package)
        texts = [("copyright", debian_copyright(package))]
        texts += [(name, (COMMON / name).read_text()) for name in common]
        found[f"compiler:{package}"] = Component(
            ref=f"compiler:{package}",
            name=package,
            version=version,
            licence=licence,
            linked=True,
            purl=f"pkg:deb/debian/{package}@{version.replace('+', '%2B').replace(':', '%3A')}?distro=debian-12",
            description=description,
            texts=texts,
        )


def rust_texts(rustc):
    """The texts of the library's licences, as rustup or Debian's package lays them down."""
    sysroot = Path(said(rustc, "--print", "sysroot").strip())
    folder = sysroot / "share/doc/rust/licenses"
    if folder.is_dir():
        return [(f"{name}.txt", (folder / f"{name}.txt").read_text()) for name in ("MIT", "Apache-2.0")]
    for package in ("libstd-rust-web-dev", "rustc-web", "libstd-rust-dev", "rustc"):
        try:
            return [("copyright", debian_copyright(package)), ("Apache-2.0", (COMMON / "Apache-2.0").read_text())]
        except FileNotFoundError:
            continue
    raise SystemExit(f"dist: no licence of the Rust standard library was found beside {rustc}")


def debian_copyright(package):
    return Path(f"/usr/share/doc/{package}/copyright").read_text()
