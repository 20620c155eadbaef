"""The licences of all that an executable holds, in full: most of them ask for nothing but that."""

from pathlib import Path

RULE = "=" * 100
# Section 6 of the LGPL: who has the program may link it with another version of the library.
RELINKING = """The GNU C library is linked into this executable. Its sources come with Debian, in the version named below. All of
same-ca's own sources, with the scripts that build this executable from them (packaging/static), are available under
the licences named in LICENSE-MIT and LICENSE-APACHE, so that it can be linked anew with a changed version of that library.
"""


def licences(version, target, components, root):
    """One text for all parts that are linked; the same text is printed once, with all that it is of."""
    parts = sorted((p for p in components.values() if p.linked or p.texts and carries(p)), key=lambda p: p.ref)
    texts = {}
    for part in parts:
        for name, text in part.texts or fallback(part, root):
            texts.setdefault(normal(text), []).append(f"{part.name} {part.version} ({name})")
    lines = [f"same-ca {version} for {target.name} holds what follows. Its own licence is MIT or Apache-2.0.", ""]
    if "libc6-dev" in target.libraries:
        lines += [RELINKING]
    lines += [f"{part.name} {part.version}: {part.licence}" for part in parts]
    for text, users in sorted(texts.items(), key=lambda item: item[1]):
        lines += ["", RULE, *users, RULE, "", text]
    return ("\n".join(lines) + "\n").encode()


def carries(part):
    """Whether it only helped to build, and yet what it holds got in: sources of C in a build dependency."""
    return part.name == "openssl-src"


def normal(text):
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip("\n").splitlines())


def fallback(part, root):
    """Who publishes no text says a licence whose text names nobody."""
    if "Apache-2.0" not in part.licence:
        raise SystemExit(f"dist: {part.name} {part.version} ({part.licence}) has no text of its licence")
    return [("its authors give no text; that of the Apache licence", (Path(root) / "LICENSE-APACHE").read_text())]
