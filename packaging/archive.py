"""Archives that are the same bytes for the same content: sorted, owned by nobody, all of one date."""

import gzip
import io
import tarfile
import time
import zipfile
from pathlib import Path

# What a zip can say at the least.
FIRST_DATE = 315532800


def tar_gz(path, files, date):
    """Writes files, a dictionary of name to (content, whether it is executable). A folder has no content."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, (content, executable) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.mtime = date
            entry.mode = 0o755 if executable or content is None else 0o644
            entry.uname = entry.gname = "root"
            if content is None:
                entry.type = tarfile.DIRTYPE
            else:
                entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content or b""))
    with open(path, "wb") as out:
        # Neither name nor date of its own, as gzip -n.
        with gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=9, mtime=0) as compressed:
            compressed.write(packed.getvalue())


def zipped(path, files, date):
    """Writes files, as tar_gz does."""
    when = time.gmtime(max(date, FIRST_DATE))[:6]
    with zipfile.ZipFile(path, "w") as out:
        for name, (content, executable) in sorted(files.items()):
            entry = zipfile.ZipInfo(name, when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever this runs: it has the mode.
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            out.writestr(entry, content, compresslevel=9)


def plain(path):
    """A file that nobody runs."""
    return Path(path).read_bytes(), False
