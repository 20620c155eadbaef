"""Stands in for the get-pip.py that ansible-test would download: installs pip with Python's own copy of it."""

from __future__ import annotations

import ensurepip
import pathlib
import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
bundled = sorted(pathlib.Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"))
if bundled:
    # A wheel is run as it is: to install it first would take as long again.
    pip = [sys.executable, str(bundled[-1] / "pip")]
else:
    subprocess.check_call([sys.executable, "-m", "ensurepip"])
    pip = [sys.executable, "-m", "pip"]
sys.exit(subprocess.call([*pip, "install", "--no-compile", "--upgrade", *wanted]))
