# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled or queried by the module has not changed in a relevant way.
"""

    # For modules that read only.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This action does not modify state, and gives the same answer in check mode.
  diff_mode:
    support: N/A
    details:
      - This action does not modify state.
  idempotent:
    support: full
    details:
      - This action does not modify state.
"""

    PLATFORM = r"""
options: {}
attributes:
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
"""

    ACTIONGROUP_SAMECA = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/sameca.pki.sameca) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - sameca.pki.sameca
"""

    # For modules with paths on the controller.
    PATHS = r"""
options: {}
notes:
  - Where the task runs on the controller, by C(delegate_to=localhost) or a local connection, a relative path is one beside the
    playbook. For the playbooks of this collection it is one beside the playbook given to C(ansible-playbook) that imports
    them, or in the working directory if they are called by their names. On other hosts it is one in the home folder of the
    user that Ansible logs in as.
"""
