#!/usr/bin/python
"""A test double of a Windows module: options and return values as its documentation says, a folder in the place of Windows.

The folder is where binary_path is: lync/USE.* is what Lync has assigned, store/My/* the machine's store. The request is built as
the PowerShell module builds it, and goes to the real program.
"""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess

from ansible.module_utils.basic import AnsibleModule

# Filled in from the documentation of the module that is played.
NAME = "@NAME@"
SPEC = json.loads(r"""@SPEC@""")


def files(folder):
    """Sources for the files of a folder, each with the password that lies beside it."""
    found = []
    for path in sorted(folder.glob("*")):
        if path.suffix == ".pass":
            continue
        password = path.with_suffix(".pass")
        found.append(dict(path=str(path), **({"password_file": str(password)} if password.exists() else {})))
    return found


def resolve(source, machine):
    if source == "store:LocalMachine/My":
        return files(machine / "store/My")
    use = re.fullmatch(r"lync:(\w+)", source)
    if use:
        return files(machine / "lync" / use[1])
    assert source.startswith(("/", "tls://")), f"'{source}' is not an absolute path"
    return [source]


def build(params, machine):
    subjects = []
    for source in params["subjects"]:
        found = resolve(source, machine)
        whole = source.startswith("store:")
        subject = dict(name=source)
        subject.update(dict(source=found[0]) if len(found) == 1 and not whole else dict(any_of=found))
        if source.startswith("lync:"):
            subject["use"] = source[5:]
        if whole and "names" not in (params["policy"] or {}):
            subject["names"] = [params["host"]]
        if params["candidates"] and not source.startswith(("/", "tls://")):
            subject["install"] = dict(by="caller")
        subjects.append(subject)
    members = [dict(name=source, source=resolve(source, machine)[0]) for source in params["reference"] or []]
    request = dict(
        protocol=1, requirement=params["requirement"], host=params["host"], node=params["node"], collected_at=params["collected_at"],
        reference=members, subjects=subjects, authorities=params["authorities"] or [], policy=params["policy"],
        candidates=[each for source in params["candidates"] or [] for each in resolve(source, machine)],
    )
    if params["reference_document"]:
        request["reference_document"] = params["reference_document"]
    return request


def ask(binary, command, request):
    done = subprocess.run([binary, command], input=json.dumps(request), capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert "error" not in report, report
    return report


def main():
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    params = module.params
    binary = pathlib.Path(params["binary_path"])
    machine = binary.parent
    with open(machine / "asked.json", "a", encoding="utf-8") as file:
        given = {key: value for key, value in params.items() if value is not None}
        file.write(json.dumps(dict(module=NAME, options=given)) + "\n")
    request = build(params, machine)
    result = dict(changed=False)
    report = ask(binary, "check" if NAME.endswith("_info") else "enforce", request)
    if not NAME.endswith("_info"):
        result.update(actions=report["actions"], restart_required=[], changed=bool(report["actions"]))
        for action in report["actions"]:
            if not module.check_mode:
                place = machine / "lync" / action["use"]
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                shutil.copy(request["candidates"][action["candidate"]]["path"] if isinstance(request["candidates"][action["candidate"]], dict)
                            else request["candidates"][action["candidate"]], place)
                result["restart_required"].append("W3SVC")
        if report["actions"] and not module.check_mode:
            report = ask(binary, "check", build(params, machine))
    result.update(report=report, status=report["status"], compliant=report["compliant"], findings=[], msg=report["message"])
    if not NAME.endswith("_info") and not report["compliant"] and not (module.check_mode and result["changed"]):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
