"""A bill of materials in CycloneDX 1.5: what an executable is made of, for those who look for vulnerable parts."""

import hashlib
import json
import time
import uuid


def bom(version, target, executable, components, own, date):
    """The document as bytes. `executable`: its content."""
    digest = hashlib.sha256(executable).hexdigest()
    top = f"pkg:generic/same-ca@{version}"
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # Made from what it describes, so that the same executable has the same document.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(date)),
            "lifecycles": [{"phase": "build"}],
            "tools": {"components": [{"type": "application", "name": "same-ca packaging/bom.py", "version": version}]},
            "component": {
                "type": "application",
                "bom-ref": top,
                "name": "same-ca",
                "version": version,
                "purl": top,
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
                "hashes": [{"alg": "SHA-256", "content": digest}],
                "properties": [{"name": "same-ca:target", "value": target.name}],
            },
        },
        "components": [described(part) for _, part in sorted(components.items())],
        "dependencies": [{"ref": top, "dependsOn": sorted(own)}]
        + [{"ref": ref, "dependsOn": sorted(part.uses)} for ref, part in sorted(components.items())],
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def described(part):
    entry = {
        "type": "library",
        "bom-ref": part.ref,
        "name": part.name,
        "version": part.version,
        "description": part.description,
        # What only helped to build is not there when the program runs.
        "scope": "required" if part.linked else "excluded",
        "licenses": [{"expression": part.licence}],
        "purl": part.purl,
    }
    if part.sha256:
        entry["hashes"] = [{"alg": "SHA-256", "content": part.sha256}]
    if part.cpe:
        entry["cpe"] = part.cpe
    if part.repository:
        entry["externalReferences"] = [{"type": "vcs", "url": part.repository}]
    return entry
