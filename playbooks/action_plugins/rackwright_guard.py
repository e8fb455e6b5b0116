"""Refuses a batch that must not be changed together, and a change outside its window; writes down what it let pass."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars

FREE = {
    "rackwright_build", "rackwright_hold_by", "rackwright_in_service", "rackwright_override_by",
    "rackwright_override_ticket", "rackwright_stage", "rackwright_steps",
}  # fmt: skip
"""Variables of this project that a person may give on the command line."""
FIXED = re.compile(r"rackwright_|change_guard_|hold_wanted$|ansible_host$")
"""What else begins so comes from the plan, the policy and the playbooks; given by hand it would lift the guard, skip a
hold point or send what is meant for one device to another."""


class ActionModule(ActionBase):  # type: ignore[misc]
    """`rackwright_guard: {hosts: ansible_play_batch, lost: [], purpose: text, window: true}`; runs once a batch."""

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the guard decided: `msg` for the screen, `failed` when the batch is refused."""
        from inventory.standing import Standing
        from topology.batches import Override, change_window, clashes, freeze_days, local_now

        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        _, options = self.validate_argument_spec(
            {
                "hosts": {"type": "list", "elements": "str", "required": True},
                "lost": {"type": "list", "elements": "str", "default": []},
                "purpose": {"type": "str", "required": True},
                "window": {"type": "bool", "default": True},
                "one_per_group": {"type": "bool", "default": False},
                "log": {"type": "path", "required": True},
            }
        )
        hosts, hostvars = list(options["hosts"]), variables["hostvars"]
        faults = [
            f"{name} comes from the plan and the policy; it cannot be given on the command line"
            for name in sorted(set(load_extra_vars(self._loader)) - FREE)
            if FIXED.match(name)
        ]
        if options["lost"]:
            faults.append(
                f"no answer from {', '.join(options['lost'])}: what is down counts as being changed too; bring it back, "
                "or leave it out by --limit"
            )
        strangers = [h for h in hosts if "rackwright_kind" not in hostvars[h]]
        if strangers:
            faults.append(f"not of the plan: {', '.join(strangers)}")
        known = [Standing.from_vars(h, hostvars[h]) for h in hosts if h not in strangers]
        if options["one_per_group"]:
            known = [replace(d, shares=tuple((group, d.name, 1) for group, *_ in d.shares)) for d in known]
        faults += [c.reason for c in clashes(known)]
        said = "not asked for: nothing in service is changed"
        overridden = False
        if options["window"] and hosts and not strangers:
            first = hostvars[hosts[0]]
            override = Override(
                str(variables.get("rackwright_override_by", "")),
                str(variables.get("rackwright_override_ticket", "")),
            )
            now = local_now(datetime.now(UTC), float(first["rackwright_change_utc_offset_h"]))
            told = change_window(
                now, first["rackwright_change_window"], freeze_days(first["rackwright_change_freeze_days"]),
                override if override.by or override.ticket else None,
            )  # fmt: skip
            said, overridden = told.reason, told.overridden
            if not told.allowed and self._task.check_mode:
                said = f"{told.reason} (a dry run changes nothing and goes on)"
            elif not told.allowed:
                faults.append(
                    f"{told.reason}: -e rackwright_override_by=NAME -e rackwright_override_ticket=NUMBER"
                )
        row = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "event": "refused" if faults else "dry run" if self._task.check_mode else "allowed",
            "purpose": options["purpose"],
            "hosts": hosts,
            "window": said,
            "by": variables.get("rackwright_override_by") if overridden else os.environ.get("USER", ""),
            "ticket": variables.get("rackwright_override_ticket") if overridden else "",
            "faults": faults,
        }
        _write(Path(options["log"]), row)
        if faults:
            result |= {"failed": True, "msg": f"{options['purpose']}: refused.\n- " + "\n- ".join(faults)}
        else:
            result |= {
                "changed": False,
                "hosts": hosts,
                "msg": f"{options['purpose']} on {', '.join(hosts)}: {said}",
            }
            self._display.display(str(result["msg"]), color="yellow" if overridden else None)
        return result


def _write(path: Path, row: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
