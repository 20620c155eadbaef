"""A test double: the local connection under another name."""

from __future__ import annotations

from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: winrm
short_description: The local connection under another name
description: The local connection under another name, a test double.
author: The same-ca contributors
options:
  pipelining:
    default: false
    description: As every connection has it.
    type: boolean
    env: [{name: ANSIBLE_PIPELINING}]
    ini: [{section: defaults, key: pipelining}]
    vars: [{name: ansible_pipelining}]
"""


class Connection(Local):
    transport = "double.windows.winrm"
