# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Makes a request ready on the controller, so that a host is asked for the price of a ping.

Most of what a module costs is that its Python is compiled on each host. Here it was compiled once. What depends on the host,
and everything that is wrong, is left to the whole module: there is one way to say it.
"""

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.sameca.pki.plugins.module_utils import _argspec
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError

MODULE = "sameca.pki.same_ca_request"

SPEC = _argspec.request_options()
KNOWN = _argspec.known_options(SPEC)
VALIDATOR = ArgumentSpecValidator(SPEC, **_argspec.REQUEST_RULES)

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
        answer = action.ask(MODULE, dict(request=request, binary_path=arguments.get("binary_path")), task_vars)
        own = {key: answer.pop(key, None) for key in ("answer", "code", "program")}
        if "invocation" in answer:
            answer["invocation"] = {"module_args": params}
        if answer.get("failed") or answer.get("unreachable") or answer.get("skipped"):
            return answer
        runner = Runner(first_of(own), path=own["program"])
        answer.update(_argspec.result(runner.report(["check"], request)), changed=False)
    except (NotReady, _argspec.OptionError, RunnerError):
        return None
    return answer


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
