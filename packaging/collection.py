"""The collection's artefact: as ansible-galaxy builds it, and the same bytes each time."""

import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

from archive import tar_gz


def collection(out, stage, root, galaxy, sources, date):
    """Builds from the files that git knows, so that nothing that lies about gets in."""
    place = "ansible/ansible_collections/sameca/pki/"
    folder = Path(stage) / "collection"
    for source in sources:
        if source.startswith(place):
            copy = folder / source[len(place):]
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(root) / source, copy)
            copy.chmod((Path(root) / source).stat().st_mode)
    built = Path(stage) / "galaxy"
    subprocess.run(
        [galaxy, "collection", "build", str(folder), "--output-path", str(built)], check=True, stdout=subprocess.DEVNULL
    )
    (artefact,) = built.glob("*.tar.gz")
    files = {}
    with tarfile.open(artefact) as tar:
        for entry in tar:
            if entry.isdir():
                files[entry.name] = (None, False)
            else:
                files[entry.name] = (tar.extractfile(entry).read(), bool(entry.mode & 0o100))
    # The list of files is in the order in which the file system gave them.
    listed = json.loads(files["FILES.json"][0])
    listed["files"].sort(key=lambda file: file["name"])
    content = json.dumps(listed, indent=True).encode()
    manifest = json.loads(files["MANIFEST.json"][0])
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(content).hexdigest()
    files["FILES.json"] = (content, False)
    files["MANIFEST.json"] = (json.dumps(manifest, indent=True).encode(), False)
    tar_gz(Path(out) / artefact.name, files, date)
