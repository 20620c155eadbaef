#!/usr/bin/env python3
"""What can be told of PowerShell without PowerShell: that it parses, that Windows PowerShell 5.1 reads it as it is meant, and that
no class method hides a property. Run with files; with --self-test each rule is shown to fail on a planted fault."""

import re
import sys

import tree_sitter
import tree_sitter_powershell

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
# The grammar knows no attribute on a class, and no attribute with arguments on one of its properties.
CLASS_ATTRIBUTE = re.compile(rb"^\[DscResource\(\)\](?=\s*\n?class )|\[Validate\w+\([^\]]*\)\](?= \[\w+(\[\])?\] \$\w+$)", re.M)
# What 5.1 lacks, by the node or the text that shows it. The grammar itself knows neither ternary nor ??.
LACKING_NODES = {"&&": "&& between commands", "||": "|| between commands"}
LACKING_TEXT = {
    r"\?\.|\?\[": "?. and ?[",
    r"\?\?": "??",
    r"-Parallel\b": "ForEach-Object -Parallel",
    r"\bArgumentList\.Add\b": "ArgumentList of ProcessStartInfo",
    r"\bStandardInputEncoding\b": "StandardInputEncoding of ProcessStartInfo",
    r"\$Is(Windows|Linux|MacOS|CoreCLR)\b": "$IsWindows and its like",
    r"-AsHashtable\b": "ConvertFrom-Json -AsHashtable",
    r"\bclean\s*\{": "clean blocks",
    r"\bGet-Error\b|\bJoin-String\b|\bTest-Json\b": "a cmdlet of PowerShell 6 or later",
}
FORBIDDEN_COMMANDS = {"invoke-expression", "iex"}


def nodes(node):
    yield node
    for child in node.children:
        yield from nodes(child)


def named(node, kind):
    return [found for found in nodes(node) if found.type == kind]


def variable(node):
    """The bare name of a variable: without scope, without braces."""
    return node.text.decode().lstrip("$@").strip("{}").split(":")[-1].lower()


def code(source, root):
    """The text without comments and plain strings: what is left is code, and what strings that expand hold of it."""
    blank = bytearray(source)
    for node in nodes(root):
        if node.type in ("comment", "verbatim_string_characters", "verbatim_here_string_characters"):
            blank[node.start_byte : node.end_byte] = b" " * (node.end_byte - node.start_byte)
    return blank.decode()


def errors(node):
    if node.is_error or node.is_missing:
        yield node
    elif node.has_error:
        for child in node.children:
            yield from errors(child)


def hidden_properties(root):
    for owner in named(root, "class_statement"):
        properties = {variable(child) for item in named(owner, "class_property_definition") for child in item.children if child.type == "variable"}
        for method in named(owner, "class_method_definition"):
            for found in named(method, "variable"):
                above = found.parent
                assigned = above.type in ("class_method_parameter", "foreach_statement") or is_target(found)
                if assigned and variable(found) in properties:
                    yield found


def is_target(node):
    """Whether a variable is what is assigned, and not the object of a member that is."""
    while node.parent is not None and node.parent.type != "left_assignment_expression":
        if node.parent.type in ("member_access", "element_access", "invokation_expression", "argument_list", "script_block"):
            return False
        node = node.parent
    return node.parent is not None


def check(source):
    """The faults of a file: line and words."""
    source = source.replace(b"\r\n", b"\n")
    faults = [(number, "not ASCII: 5.1 reads it as ANSI") for number, line in enumerate(source.split(b"\n"), 1) if not line.isascii()]
    source = CLASS_ATTRIBUTE.sub(lambda found: b" " * len(found[0]), source)
    root = PARSER.parse(source).root_node
    for node in errors(root):
        faults.append((node.start_point[0] + 1, "does not parse: " + node.text.decode(errors="replace")[:60]))
    for node in nodes(root):
        if node.type in LACKING_NODES:
            faults.append((node.start_point[0] + 1, "5.1 has no " + LACKING_NODES[node.type]))
        if node.type == "command_name" and node.text.decode(errors="replace").lower() in FORBIDDEN_COMMANDS:
            faults.append((node.start_point[0] + 1, "runs text as code"))
    text = code(source, root)
    for pattern, words in LACKING_TEXT.items():
        for found in re.finditer(pattern, text, re.I):
            faults.append((text.count("\n", 0, found.start()) + 1, "5.1 has no " + words))
    for node in hidden_properties(root):
        faults.append((node.start_point[0] + 1, f"{node.text.decode()} has the name of a property of its class"))
    return sorted(set(faults))


# Each with a part of what must be said of it.
PLANTED = [
    ("not ASCII", "$a = 'Z\u00fcrich'"),
    ("does not parse", "if ($a { 1 }"),
    ("does not parse", "function A { 1"),
    ("does not parse", "@{ a = 1"),
    ("", "$a = $b ? 1 : 2"),
    ("??", "$a = $b ?? 1"),
    ("??", "$b ??= 1"),
    ("?.", "$a = ${b}?.c"),
    ("?.", "$a = ${b}?[0]"),
    ("does not parse", "class A {\n    [string] $Name\n    [void] M( { }\n}"),
    ("&& between", "a && b"),
    ("|| between", "a || b"),
    ("-Parallel", "1..2 | ForEach-Object -Parallel { $_ }"),
    ("ArgumentList", "$start.ArgumentList.Add('a')"),
    ("StandardInputEncoding", "$start.StandardInputEncoding = $utf8"),
    ("$IsWindows", "if ($IsWindows) { 1 }"),
    ("-AsHashtable", "ConvertFrom-Json $a -AsHashtable"),
    ("runs text", "Invoke-Expression $a"),
    ("name of a property", "class A {\n    [string] $Subject\n    [void] M() { $subject = 1 }\n}"),
    ("name of a property", "class A {\n    [string] $Subject\n    [void] M([string] $SUBJECT) { }\n}"),
    ("name of a property", "class A {\n    [string[]] $Name\n    [void] M() { foreach ($name in 1) { } }\n}"),
    ("name of a property", "[DscResource()]\nclass A {\n    [DscProperty()] [string] $Report\n    [void] M() { [int] $report = 1 }\n}"),
    ("name of a property", "class A {\n    [int] $N\n    [void] M() { $n += 1 }\n}"),
]
SOUND = [
    "$a = 'what ?? and ?. mean' # && -Parallel",
    "class A {\n    [string] $Name\n    [void] M() { $this.Name = 1; $other = $this.Name }\n}",
    "class A { [int] $X }\nfunction F { $x = 1 }",
    "[DscResource()]\nclass A {\n    [DscProperty(Key)] [string] $Name\n    [bool] Test() { $state = [A]::new(); $state.Name = 'a'; return $true }\n}",
]


def self_test():
    failed = [f"not found in {text!r}: {words!r}" for words, text in PLANTED if not any(words in said for _, said in check(text.encode()))]
    failed += [f"found in {text!r}: {check(text.encode())}" for text in SOUND if check(text.encode())]
    print("\n".join(failed) or f"{len(PLANTED)} planted faults are found, {len(SOUND)} sound pieces pass")
    return bool(failed)


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    failed = False
    for path in arguments:
        with open(path, "rb") as file:
            for line, words in check(file.read()):
                print(f"{path}:{line}: {words}")
                failed = True
    if not arguments:
        print("no files were given")
        failed = True
    if not failed:
        print(f"{len(arguments)} files of PowerShell are sound, as far as a grammar tells")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
