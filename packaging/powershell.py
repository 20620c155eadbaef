"""The PowerShell module in the two forms that servers fetch it in: for a DSC pull server, and for a package repository."""

import hashlib
import re
import uuid
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from archive import zipped

NUSPEC = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd">
  <metadata>
    <id>{name}</id>
    <version>{version}</version>
    <authors>{authors}</authors>
    <owners>{company}</owners>
    <requireLicenseAcceptance>false</requireLicenseAcceptance>
    <description>{description}</description>
    <copyright>{copyright}</copyright>
    <projectUrl>{project}</projectUrl>
    <licenseUrl>{licence}</licenseUrl>
    <releaseNotes>{notes}</releaseNotes>
    <tags>{tags}</tags>
  </metadata>
</package>
"""

RELATIONSHIPS = """<?xml version="1.0" encoding="utf-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/{name}.nuspec" Id="R1" />
  <Relationship Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="/{core}" Id="R2" />
</Relationships>
"""

CORE = """<?xml version="1.0" encoding="utf-8"?>
<coreProperties xmlns="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <dc:creator>{authors}</dc:creator>
  <dc:description>{description}</dc:description>
  <dc:identifier>{name}</dc:identifier>
  <version>{version}</version>
  <keywords>{tags}</keywords>
</coreProperties>
"""


def pull_server(out, name, version, files, date):
    """NAME_VERSION.zip, with the module's manifest at its top, and the checksum that a pull server compares."""
    path = Path(out) / f"{name}_{version}.zip"
    zipped(path, files, date)
    # As New-DscChecksum writes it: capitals, and no end of line.
    digest = hashlib.sha256(path.read_bytes()).hexdigest().upper()
    (Path(out) / f"{path.name}.checksum").write_text(digest)


def nupkg(out, name, version, files, date):
    """NAME.VERSION.nupkg, an Open Packaging container, for Install-Module and Save-Module."""
    manifest = files[f"{name}.psd1"][0].decode("utf-8-sig")
    tags = re.search(r"Tags\s*=\s*@\(([^)]*)\)", manifest).group(1)
    words = {
        "name": name,
        "version": version,
        "authors": escape(manifest_field(manifest, "Author")),
        "company": escape(manifest_field(manifest, "CompanyName")),
        "project": escape(manifest_field(manifest, "ProjectUri")),
        "licence": escape(manifest_field(manifest, "LicenseUri")),
        "notes": escape(manifest_field(manifest, "ReleaseNotes")),
        "description": escape(manifest_field(manifest, "Description")),
        "copyright": escape(manifest_field(manifest, "Copyright")),
        # What PowerShellGet adds when it publishes a module of DSC resources.
        "tags": escape(
            " ".join(dict.fromkeys(["PSModule", "PSIncludes_DscResource", *re.findall(r"'([^']+)'", tags)]))
        ),
    }
    core = f"package/services/metadata/core-properties/{uuid.uuid5(uuid.NAMESPACE_URL, name + version).hex}.psmdcp"
    parts = {
        **files,
        f"{name}.nuspec": (NUSPEC.format(**words).encode(), False),
        "_rels/.rels": (RELATIONSHIPS.format(core=core, **words).encode(), False),
        core: (CORE.format(**words).encode(), False),
    }
    parts["[Content_Types].xml"] = (content_types(parts).encode(), False)
    zipped(Path(out) / f"{name}.{version}.nupkg", parts, date)


def manifest_field(manifest, name):
    return re.search(rf"^\s*{name}\s*=\s*'([^']*)'", manifest, re.MULTILINE).group(1)


def content_types(parts):
    """A type for each part: by its ending, and by its name where it has none."""
    known = {
        "rels": "application/vnd.openxmlformats-package.relationships+xml",
        "psmdcp": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    endings = sorted(
        {part.rsplit(".", 1)[1] for part in parts if "." in part.rsplit("/", 1)[-1].lstrip(".")} | {"rels"}
    )
    bare = sorted(part for part in parts if "." not in part.rsplit("/", 1)[-1])
    lines = ['<?xml version="1.0" encoding="utf-8"?>']
    lines += ['<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">']
    for ending in endings:
        kind = known.get(ending, "application/octet-stream")
        lines += [f"  <Default Extension={quoteattr(ending)} ContentType={quoteattr(kind)} />"]
    lines += [
        f'  <Override PartName={quoteattr("/" + part)} ContentType="application/octet-stream" />' for part in bare
    ]
    return "\n".join([*lines, "</Types>", ""])
