# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

"""Picks the module for the kind of host, by its facts or the shell of its connection."""

from __future__ import annotations

import contextlib
import json
import os

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.sameca.pki.plugins.module_utils import _argspec
from ansible_collections.sameca.pki.plugins.module_utils._runner import Runner, RunnerError
from ansible_collections.sameca.pki.plugins.plugin_utils._controller import HostAction, is_windows, users_folder
from ansible_collections.sameca.pki.plugins.plugin_utils._here import start
from ansible_collections.sameca.pki.plugins.plugin_utils._ready import report

# Options of the modules for Unix, and for Windows; the last ones of enforcing alone.
COMMON = ("requirement", "host", "node", "collected_at", "binary_path", "reference", "reference_document", "pinned_keys", "authorities",
          "intermediates", "subjects", "candidates", "policy")
UNIX = COMMON
WINDOWS = COMMON + ("privatekey_passphrase", "candidate_passphrase")
WINDOWS_ENFORCED = ("key_exportable", "replace_staged", "set_oauth_token_issuer")
OWN = ("state", "from_controller", "reference_file", "controller_binary_path")

NO_REFERENCE = (
    "nothing sets the rule: give the internal servers (persistent_chat_reference), or the path on the controller of a reference"
    " document that was made of them (persistent_chat_reference_document)"
)


class ActionModule(HostAction):
    MODULE = "sameca.pki.same_ca_host"

    def run(self, tmp=None, task_vars=None):
        task_vars = task_vars or {}
        result = super(HostAction, self).run(tmp, task_vars)
        del tmp
        try:
            answer = self.asked(self.named(dict(self._task.args), task_vars), task_vars)
        except _argspec.OptionError as error:
            answer = dict(failed=True, msg=str(error))
        except RunnerError as error:
            answer = dict(error.details, failed=True, msg=error.message)
        # The role reports before it fails, and a service is restarted even if another certificate could not be replaced.
        if answer.pop("failed", False):
            answer.setdefault("compliant", False)
            if "report" not in answer:
                answer.pop("exception", None)
        answer.setdefault("changed", False)
        if answer.get("restart_required"):
            answer["restart_needed"] = True
            services = ", ".join(str(service) for service in answer["restart_required"])
            self._display.warning(
                f"{task_vars.get('inventory_hostname')}: restart these services, when it suits: {services}"
            )
        result.update(answer)
        return result

    def asked(self, arguments, task_vars):
        """What the module of the host's kind answers."""
        unknown = sorted(set(arguments) - set(UNIX + WINDOWS + WINDOWS_ENFORCED + OWN))
        if unknown:
            raise _argspec.OptionError(f"unsupported options: {', '.join(unknown)}")
        state = arguments.get("state") or "checked"
        if state not in ("checked", "enforced"):
            raise _argspec.OptionError(f"state: expected checked or enforced, and not {state!r}")
        for key in ("requirement", "subjects"):
            if not arguments.get(key):
                raise _argspec.OptionError(f"{key} is missing")
        enforced = state == "enforced"
        from_controller = boolean(arguments.get("from_controller") or False)
        if from_controller and enforced:
            raise _argspec.OptionError("a host that is asked from the controller is only checked, and the state is enforced")
        self.find_reference(arguments)
        given = {key: value for key, value in arguments.items() if value is not None and value != ""}
        if from_controller:
            return self.from_controller({key: given[key] for key in UNIX if key in given}, given.get("controller_binary_path"))
        if is_windows(self._connection, task_vars):
            options = WINDOWS + (WINDOWS_ENFORCED if enforced else ())
            module = "sameca.pki.win_same_ca" if enforced else "sameca.pki.win_same_ca_info"
        else:
            options = UNIX
            module = "sameca.pki.same_ca" if enforced else "sameca.pki.same_ca_info"
        arguments = {key: given[key] for key in options if key in given}
        if module == "sameca.pki.same_ca_info":
            answer = report(self, arguments, task_vars)
            if answer:
                return answer
        return self.ask(module, arguments, task_vars)

    def find_reference(self, arguments):
        """Reads the reference document that lies on the controller, where nothing else sets the rule."""
        if arguments.get("reference") or arguments.get("reference_document") or arguments.get("pinned_keys"):
            # A member of its own stands in the place of the document.
            return
        arguments.pop("reference", None)
        path = arguments.get("reference_file")
        if not path:
            raise _argspec.OptionError(NO_REFERENCE)
        whole = os.path.join(users_folder(self._loader.get_basedir()), _argspec.expanded_path(str(path)))
        try:
            with open(whole, encoding="utf-8-sig") as file:
                document = json.load(file)
        except OSError as error:
            raise _argspec.OptionError(f"the reference document {whole} cannot be read: {_argspec.told(error)}") from None
        except ValueError:
            raise _argspec.OptionError(f"{whole} is no reference document: it is no JSON") from None
        if not isinstance(document, dict) or not isinstance(document.get("members"), list):
            raise _argspec.OptionError(f"{whole} is no reference document: it has no members")
        arguments["reference_document"] = document

    def from_controller(self, arguments, binary_path):
        """Asks the program right here: for hosts that nobody can log in to."""
        arguments.pop("binary_path", None)
        if binary_path:
            arguments["binary_path"] = binary_path
        withheld = _argspec.Withheld()
        spec = _argspec.request_options()
        found = ArgumentSpecValidator(spec, **_argspec.REQUEST_RULES).validate(
            withheld.params(arguments, _argspec.known_options(spec))
        )
        if found.error_messages:
            raise _argspec.OptionError(_argspec.wrong(found))
        with inside(users_folder(self._loader.get_basedir())):
            request = _argspec.Mapper(found.validated_parameters, withheld.reveal).request()
            return _argspec.result(Runner(start, found.validated_parameters.get("binary_path")).report(["check"], request))


@contextlib.contextmanager
def inside(folder):
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
