"""Reads the configurations of switches, in threads on the controller, and keeps them by content."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]
    """`rackwright_backup: {hosts: ansible_play_hosts_all, folder: where}`; runs once. One dead switch stops nobody."""

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """`changed` when a configuration differs from the reading before; `failed` when a switch was not read."""
        from topology.observe.backup_store import difference, history, keep

        result: dict[str, Any] = super().run(tmp, task_vars)
        _, options = self.validate_argument_spec(
            {
                "hosts": {"type": "list", "elements": "str", "required": True},
                "folder": {"type": "path", "required": True},
                "workers": {"type": "int", "default": 20},
                "known_hosts": {"type": "path"},
            }
        )
        hostvars, folder = (task_vars or {})["hostvars"], Path(options["folder"])
        at = datetime.now(UTC).isoformat(timespec="seconds")

        def read(host: str) -> tuple[str, str, str]:
            try:
                return host, _read(hostvars[host], options.get("known_hosts")), ""
            except Exception as error:  # whatever a switch does, the others are read
                return host, "", f"{type(error).__name__}: {error}"

        with ThreadPoolExecutor(max_workers=max(1, options["workers"])) as pool:
            found = list(pool.map(read, options["hosts"]))
        changed, diffs = [], []
        for host, text, error in found:
            if error or self._task.check_mode:
                continue
            kept = keep(folder, host, text, at)
            if kept.changed:
                changed.append(host)
                rows = history(folder, host)
                if len(rows) > 1:
                    diffs.append({"prepared": difference(folder, rows[-2], rows[-1])})
        lost = [f"{host}: not read: {error}" for host, _, error in found if error]
        result |= {"changed": bool(changed), "diff": diffs, "kept": len(found) - len(lost)}
        result["msg"] = "\n".join(lost) or f"{len(found)} configurations kept, {len(changed)} new or changed"
        if lost:
            result["failed"] = True
        return result


def _read(values: Any, known_hosts: str | None) -> str:
    from topology.observe.drivers import DRIVERS, login
    from topology.observe.secrets import Vault, mask
    from topology.observe.session import known_hosts_file

    platform = values.get("rackwright_platform")
    if platform not in DRIVERS or "ansible_host" not in values:
        raise ValueError(f"platform {platform or 'unknown'}, address {values.get('ansible_host', 'unknown')}")
    vault = Vault({})
    who = login(None, None, vault)
    driver = DRIVERS[platform](
        str(values["ansible_host"]), who.user, who.password, 30,
        {"vault": vault, "known_hosts": known_hosts_file(Path(known_hosts) if known_hosts else None)},
    )  # fmt: skip
    try:
        driver.open()
        return mask(driver.running(), vault.seen)
    finally:
        driver.close()
