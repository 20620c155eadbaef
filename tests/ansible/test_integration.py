"""The integration targets of the collection, by ansible-test, on this machine and without a container."""

from __future__ import annotations

import os
import shutil
import subprocess

from conftest import BIN, COLLECTION, ROOT, not_run, plain_environment


def test_the_integration_targets_pass_under_ansible_test(binary, tmp_path):
    if not (ROOT / ".git").exists():
        not_run("ansible-test integration (needs a git checkout)")
    # A copy: ansible-test leaves its output beside the tests.
    whole = tmp_path / "ansible_collections/sameca/pki"
    shutil.copytree(COLLECTION, whole, ignore=shutil.ignore_patterns("output", "__pycache__"))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    path = ":".join([str(binary.parent), str(BIN)] + [part for part in os.environ["PATH"].split(":") if "shims" not in part])
    done = subprocess.run(
        [BIN / "ansible-test", "integration", "--local", "--python", "default", "--color", "no"], cwd=whole, capture_output=True, text=True,
        env=dict(plain_environment(), PATH=path, HOME=str(tmp_path)), timeout=900,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
