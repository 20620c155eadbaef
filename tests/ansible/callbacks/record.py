"""Writes each task's result as one line of JSON, with how long it took."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: aggregate
short_description: Writes results as lines of JSON
description: Writes results as lines of JSON to the file that SAME_CA_RECORD names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._started = {}

    def v2_runner_on_start(self, host, task):
        self._started[(host.name, task._uuid)] = time.monotonic()

    def _record(self, outcome, result):
        host, task = result._host.name, result._task
        took = time.monotonic() - self._started.get((host, task._uuid), time.monotonic())
        line = {
            "host": host, "task": task.get_name(), "action": task.action, "outcome": outcome, "seconds": took,
            "result": json.loads(json.dumps(result._result, default=str)),
        }
        with open(os.environ["SAME_CA_RECORD"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def v2_runner_on_ok(self, result):
        self._record("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._record("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result):
        self._record("unreachable", result)

    def v2_runner_on_skipped(self, result):
        self._record("skipped", result)
