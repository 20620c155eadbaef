# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Makes a request ready on the controller, so that a host is asked by one command.

Most of what a module costs are its way to the host in five commands, and its Python, which is compiled there each time. A host
that can be given a standard input is asked without one: the command starts C(same-ca) and hands it the request. Any other host
gets the smallest module that can do that. What depends on the host, and everything that is wrong, is left to the whole module:
there is one way to say it.
"""

from __future__ import annotations

import json
import shlex

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.sameca.pki.plugins.module_utils import _argspec
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError
from ansible_collections.sameca.pki.plugins.plugin_utils._controller import in_users_folder

MODULE = "sameca.pki.same_ca_request"

SPEC = _argspec.request_options()
KNOWN = _argspec.known_options(SPEC)
VALIDATOR = ArgumentSpecValidator(SPEC, **_argspec.REQUEST_RULES)

# Before what the program says, and where the program is.
MARK = "same-ca-answers"

# Its words: the host's name and the time, where the request has them, and a path of the program, else it is looked for. The request
# comes without its first brace, and what only the host knows goes before it.
COMMAND = r"""
own=;
if [ -z "$1" ]; then
    name=$(uname -n);
    case $name in
        *.*) ;;
        *) full=$(hostname -f 2>/dev/null); case $full in localhost*) ;; *.*) name=$full ;; esac ;;
    esac;
    case $name in ""|*[!A-Za-z0-9._-]*) exit 64 ;; esac;
    own="\"host\":\"$name\",";
fi;
[ -n "$2" ] || own="$own\"collected_at\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\",";
case $3 in
    "") program=$(command -v same-ca) || program=/usr/local/bin/same-ca ;;
    */*) program=$3 ;;
    *) program=./$3 ;;
esac;
[ -f "$program" ] && [ -x "$program" ] || exit 64;
printf "%s\n" "$MARK" "$program";
{ printf "{%s" "$own"; cat; } | "$program" check
"""
# In one line, which every login shell hands on.
COMMAND = " ".join(COMMAND.split()).replace("$MARK", MARK)

# Times that a module may be given relative to the host's own.
TIMES = ("collected_at", "valid_at", "effective_from")


class NotReady(Exception):
    """The whole module has to be asked."""


def report(action, arguments, task_vars):
    """What the module same_ca_info would answer, or nothing where it has to be asked itself."""
    if action._task.async_val:
        return None
    try:
        request, params = made(arguments)
    except (NotReady, _argspec.OptionError):
        return None
    answer = by_command(action, request, arguments.get("binary_path")) or by_module(action, request, arguments, task_vars)
    if answer and "invocation" in answer:
        answer["invocation"] = {"module_args": params}
    return answer


def by_command(action, request, binary_path):
    """The answer of one command on the host, or nothing where the host cannot be asked so, or anything went wrong."""
    connection, become = action._connection, action._connection.become
    if not connection.has_pipelining or getattr(connection._shell, "SHELL_FAMILY", None) != "sh":
        return None
    password = become and become.has_option("become_pass") and become.get_option("become_pass")
    if become and not become.pipelining or password and connection.transport != "ssh":
        # The password goes the way of the request.
        return None
    words = ["/bin/sh", "-c", COMMAND, "same-ca", request.get("host", ""), request.get("collected_at", ""), str(binary_path or "")]
    command = " ".join([action._compute_environment_string()] + [shlex.quote(word) for word in words]).strip()
    try:
        with in_users_folder(action._loader):
            said = action._low_level_execute_command(command, in_data=json.dumps(request)[1:].encode("utf-8"))
    except AnsibleConnectionFailure:
        raise
    except AnsibleError:
        # A connection that takes no input after all.
        return None
    # A shell that greets does so before.
    unused, found, rest = said["stdout"].partition(MARK + "\n")
    program, unused, out = rest.partition("\n")
    if not found or said["rc"] not in (0, 1):
        return None
    return answered(request, dict(answer=out, code=said["rc"], program=program), dict(invocation={}))


def by_module(action, request, arguments, task_vars):
    """The answer of the module that is small, or nothing where the whole one has more to say."""
    answer = action.ask(MODULE, dict(request=request, binary_path=arguments.get("binary_path")), task_vars)
    own = {key: answer.pop(key, None) for key in ("answer", "code", "program")}
    if answer.get("failed") or answer.get("unreachable") or answer.get("skipped"):
        return answer
    return answered(request, own, answer)


def answered(request, own, answer):
    """What the program said, as the whole module tells it, or nothing where that one has more to say."""
    try:
        report = Runner(first_of(own), path=own["program"]).report(["check"], request)
    except (NotReady, RunnerError):
        return None
    return dict(answer, **_argspec.result(report), changed=False)


def made(arguments):
    """The request, and the options as a module returns them."""
    if of_host(arguments):
        raise NotReady
    withheld = _argspec.Withheld()
    found = VALIDATOR.validate(withheld.params(arguments, KNOWN))
    if found.error_messages or found._warnings or found._deprecations:
        raise NotReady
    params = found.validated_parameters
    request = _argspec.Mapper(params, withheld.reveal, elsewhere=True).request()
    return request, remove_values(params, found._no_log_values)


def of_host(value, key=None):
    """Whether only the host can say what an option means: its home folders, its environment, its clock, its key files."""
    if isinstance(value, str):
        if key in TIMES:
            return value.strip()[:1] in ("+", "-")
        return value.lstrip()[:1] in ("~", "{", "[") or "$" in value or "=" in value and bool(_argspec.WORDS.search(value))
    if isinstance(value, dict):
        return any(
            name == "privatekey_path" and each or name != "reference_document" and of_host(each, name) for name, each in value.items()
        ) or of_host(path_of(value.get("reference_document")))
    if isinstance(value, (list, tuple)):
        return any(of_host(each, key) for each in value)
    return False


def path_of(document):
    """Where a reference document is, if it is not given itself."""
    return document if isinstance(document, str) and "\n" not in document and document.lstrip()[:1] != "{" else None


def first_of(answered):
    """How a program is started that was started already: a second time it takes the host again."""
    left = [(answered["code"], (answered["answer"] or "").encode("utf-8", "surrogateescape"), b"")]

    def start(unused, stdin):
        if not left:
            raise NotReady
        return left.pop()

    return start
