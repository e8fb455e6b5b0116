"""A hold point: waits for a person; without a terminal it goes on only when someone has released it by name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsiblePromptInterrupt, AnsiblePromptNoninteractive
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]
    """`rackwright_hold: {text: what to look at, log: file}`; runs once a batch."""

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Who released the hold point; `failed` when nobody did."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, options = self.validate_argument_spec(
            {"text": {"type": "str", "required": True}, "log": {"type": "path", "required": True}}
        )
        by = str((task_vars or {}).get("rackwright_hold_by", "")).strip()
        if self._task.check_mode:
            return result | {"changed": False, "msg": f"hold point passed in a dry run: {options['text']}"}
        if not by:
            question = f"\nHOLD POINT: {options['text']}\nYour name to go on, or just Enter to stop: "
            try:
                by = self._display.prompt_until(question).decode().strip()
            except (AnsiblePromptInterrupt, AnsiblePromptNoninteractive):
                by = ""
        if not by:
            return result | {
                "failed": True,
                "msg": f"stopped at a hold point: {options['text']}\n"
                "Nothing more was changed. To go on without a person at the terminal: -e rackwright_hold_by=NAME",
            }
        row = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "event": "hold released",
               "purpose": options["text"], "by": by}  # fmt: skip
        path = Path(options["log"])
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        return result | {"changed": False, "msg": f"hold point released by {by}: {options['text']}"}
