# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
name: controller_path
short_description: A path on the controller, as the user of a playbook means it
version_added: 0.1.0
author:
  - The same-ca contributors (!UNKNOWN)
description:
  - Makes a path absolute. A relative one is one beside the playbook.
  - In a playbook of this collection, it is one beside the playbook given to C(ansible-playbook) that imports it, or in the working
    directory if the collection's playbook was called by its name.
positional: folder
options:
  _input:
    description: The path.
    type: str
    required: true
  folder:
    description: Where the playbook is, C(playbook_dir).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show where a report is
  ansible.builtin.debug:
    msg: "{{ 'reports/fleet-report.html' | sameca.pki.controller_path(playbook_dir) }}"
"""

RETURN = r"""
_value:
  description: The absolute path.
  type: str
"""

import os

from ansible_collections.sameca.pki.plugins.plugin_utils._controller import users_folder


def controller_path(path, folder):
    return os.path.normpath(os.path.join(users_folder(str(folder)), os.path.expanduser(str(path))))


class FilterModule:
    def filters(self):
        return {"controller_path": controller_path}
