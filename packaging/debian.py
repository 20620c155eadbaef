"""The Debian package, for Debian, Ubuntu and what comes of them: of the static executable, so it depends on nothing."""

import gzip
import os
import subprocess
from email.utils import formatdate
from pathlib import Path

from components import LINUX, said

NAME = "same-ca"
MAINTAINER = os.environ.get("SAME_CA_MAINTAINER", "The same-ca contributors <maintainers@same-ca.invalid>")

CONTROL = """Package: {name}
Version: {version}
Section: admin
Priority: optional
Architecture: amd64
Installed-Size: {size}
Maintainer: {maintainer}
Built-Using: {built}
Description: prove that certificates were issued by the same CA as others
 same-ca names the certificates that set the rule and those that must follow
 it, and says for each of the latter whether a key of the former's certificate
 authority signed it. It verifies signatures, and believes no names.
 .
 The program reads PEM, DER, PKCS#7 and PKCS#12 files and what servers present
 by TLS, puts a fitting certificate in place where it is asked to, joins the
 reports of many hosts, and is a resource of Microsoft DSC v3.
"""

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: same-ca
Comment: What is linked into the executable has licences of its own: third-party.txt.gz beside this file has them all in full.

Files: *
Copyright: The same-ca contributors
License: Expat or Apache-2.0

License: Expat
{mit}

License: Apache-2.0
 On Debian systems the text of the Apache licence 2.0 is in /usr/share/common-licenses/Apache-2.0.
"""

OVERRIDES = """# It is linked statically, and can be loaded anywhere: lintian takes it for a library.
{name}: shared-library-lacks-prerequisites [usr/bin/{name}]
# DSC looks for manifests of its resources in the folders on PATH, and nowhere else that packages may write to.
{name}: no-manual-page [usr/bin/same_ca.dsc.resource.json]
# It is no part of Debian.
{name}: initial-upload-closes-no-bugs [*]
"""

CHANGELOG = """{name} ({version}) unstable; urgency=medium

  * Release {upstream}. What changed is in changelog.gz beside this file.

 -- {maintainer}  {date}
"""


def deb(out, stage, upstream, executable, extras, texts, date):
    """Builds the package below out. `extras`: dictionary of path to content; `texts`: what to compress, likewise."""
    version = f"{upstream}-1"
    tree = Path(stage) / "deb"
    documents = f"usr/share/doc/{NAME}"
    changelog = CHANGELOG.format(
        name=NAME, version=version, upstream=upstream, maintainer=MAINTAINER, date=formatdate(date)
    ).encode()
    mit = (Path(stage).parents[1] / "LICENSE-MIT").read_text()
    files = {
        f"usr/bin/{NAME}": executable,
        **extras,
        f"{documents}/copyright": COPYRIGHT.format(mit=folded(mit)).encode(),
        **{f"{path}.gz": compressed(text) for path, text in texts.items()},
        f"usr/share/lintian/overrides/{NAME}": OVERRIDES.format(name=NAME).encode(),
        f"{documents}/changelog.Debian.gz": compressed(changelog),
    }
    for path, content in files.items():
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(0o755 if path == f"usr/bin/{NAME}" else 0o644)
    size = sum(-(-len(content) // 1024) for content in files.values())
    (tree / "DEBIAN").mkdir()
    control = CONTROL.format(name=NAME, version=version, size=size, maintainer=MAINTAINER, built=built_using())
    (tree / "DEBIAN/control").write_text(control)
    sums = subprocess.run(["md5sum", *sorted(files)], cwd=tree, check=True, capture_output=True).stdout
    (tree / "DEBIAN/md5sums").write_bytes(sums)
    for entry in sorted(tree.rglob("*"), reverse=True):
        if entry.is_dir() or entry.parent.name == "DEBIAN":
            entry.chmod(0o755 if entry.is_dir() else 0o644)
        os.utime(entry, (date, date))
    tree.chmod(0o755)
    os.utime(tree, (date, date))
    # One thread: how xz splits what it compresses depends on how many there are.
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zxz", "--threads-max=1", "--build", str(tree), str(out)],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(date)},
    )


def built_using():
    """The sources whose libraries are linked in, which Debian's policy (7.8) wants named where their licence asks for them."""
    lines = said("dpkg-query", "--show", "--showformat=${source:Package} (= ${source:Version})\n", *LINUX.libraries)
    return ", ".join(lines.splitlines())


def compressed(content):
    return gzip.compress(content, compresslevel=9, mtime=0)


def folded(text):
    """As a field of a control file goes over several lines."""
    return "\n".join(f" {line}" if line.strip() else " ." for line in text.strip().splitlines())
