# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Owner, group and permissions of files, looked at before anything is written. It runs on Python 3.6 too."""

import grp
import os
import pwd
import re

from ansible_collections.sameca.pki.plugins.module_utils._argspec import OptionError, told


def refuse_impossible(module, path, owner, group, mode, option="mode"):
    """Says what of these could not be given to a file afterwards."""
    uid = _id("owner", owner, "user", lambda name: pwd.getpwnam(name).pw_uid)
    gid = _id("group", group, "group", lambda name: grp.getgrnam(name).gr_gid)
    try:
        there = os.stat(path)
    except OSError:
        there = None
    if os.geteuid() != 0:
        if uid is not None and uid != (there.st_uid if there else os.geteuid()):
            raise OptionError("owner: only root may give %s to %s: use become" % (path, owner))
        if gid is not None and gid != (there.st_gid if there else os.getegid()) and gid not in os.getgroups():
            raise OptionError("group: this user may not give %s to the group %s: use become" % (path, group))
    if mode is not None:
        permissions(module, mode, there, option)


def permissions(module, mode, there=None, option="mode"):
    """A mode as a number, as it would be of a file that is there or of a new one."""
    if isinstance(mode, bool) or not isinstance(mode, (int, str)):
        raise OptionError("%s: expected permissions such as '0640' or u=rw,g=r, and not %r" % (option, mode))
    try:
        number = mode if isinstance(mode, int) else int(mode, 8)
    except ValueError:
        try:
            number = module._symbolic_mode_to_octal(there or os.stat(os.devnull), mode)
        except ValueError:
            raise OptionError("%s: expected permissions such as '0640' or u=rw,g=r, and not %r" % (option, mode))
    if not 0 <= number <= 0o7777:
        raise OptionError("%s: %r is no permission of a file" % (option, mode))
    return number


def _id(option, name, kind, look_up):
    if name is None:
        return None
    if re.match(r"\d+\Z", name):
        # The last number of 32 bits means that none is given.
        if int(name) >= 2 ** 32 - 1:
            raise OptionError("%s: %s is no number of a %s" % (option, name, kind))
        return int(name)
    try:
        return look_up(name)
    except KeyError:
        raise OptionError("%s: there is no %s %s on this host" % (option, kind, name))


def refuse_place(option, path):
    """Says why a new file could not be put there."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        raise OptionError("%s: %s is a folder" % (option, path))
    if not os.path.isdir(folder):
        raise OptionError("%s: there is no folder %s" % (option, folder))
    if not os.access(folder, os.W_OK | os.X_OK) and not os.access(path, os.W_OK):
        raise OptionError("%s: permission denied to write in %s: use become, or another place" % (option, folder))


def give(module, arguments, diff):
    """Gives a file its owner, group and permissions, one by one: a failure says what was changed before it."""
    nothing = dict(secontext=[None, None, None], owner=None, group=None, mode=None, attributes=None)
    changed = False
    for key in ("secontext", "owner", "group", "mode", "attributes"):
        one = dict(arguments, **nothing)
        one[key] = arguments.get(key) or nothing[key]
        try:
            changed = module.set_fs_attributes_if_different(one, changed, diff)
        except OSError as error:
            name = "SELinux context" if key == "secontext" else key
            module.fail_json(msg="the %s of %s cannot be set: %s" % (name, arguments["path"], told(error)), path=arguments["path"])
        if changed and module.done is not None:
            module.done["changed"] = True
    return changed


def move(module, path, dest):
    """Puts a finished file in its place."""
    try:
        module.atomic_move(path, os.path.abspath(dest))
    except OSError as error:
        # Ansible moves first, and gives the new file its permissions then.
        done = dict(changed=True) if not os.path.exists(path) else {}
        module.fail_json(msg="%s cannot be written as it should be: %s" % (dest, told(error)), path=dest, **done)


def attributes(module, path, result):
    """Gives a file what its common options say; what changes, in the result and in its diff."""
    if not os.path.exists(path):
        return
    arguments = module.load_file_common_arguments(module.params, path=path)
    diff = dict(before={}, after={})
    if give(module, arguments, diff):
        result["changed"] = True
        if module._diff:
            for each in (diff["before"], diff["after"]):
                each.pop("path", None)
            add_diff(result, path, diff["before"], diff["after"])


def add_diff(result, path, before, after):
    """Adds to what is shown of a file's change: one diff a file, and no list of one."""
    diffs = result.get("diff") or []
    diffs = diffs if isinstance(diffs, list) else [diffs]
    mine = [diff for diff in diffs if diff["after_header"] == path]
    if mine:
        mine[0]["before"].update(before)
        mine[0]["after"].update(after)
    else:
        diffs = diffs + [dict(before=dict(before), after=dict(after), before_header=path, after_header=path)]
    result["diff"] = diffs[0] if len(diffs) == 1 else diffs
