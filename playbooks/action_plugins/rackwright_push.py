"""Brings the switches of a batch to their rendered configurations, in threads on the controller."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]
    """`rackwright_push: {hosts: ansible_play_batch, configs: folder, logs: folder}`; runs once a batch.

    A dry run (`--check`) logs in, reads and shows the difference. Secrets are put in while lines are sent; neither the
    difference nor the log shows them.
    """

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What became of every switch: `results` by host; `failed` when anybody has to look at one."""
        from inventory.standing import Standing
        from topology.batches import clashes
        from topology.observe.rollout import rollout

        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        _, options = self.validate_argument_spec(
            {
                "hosts": {"type": "list", "elements": "str", "required": True},
                "configs": {"type": "path", "required": True},
                "logs": {"type": "path", "required": True},
                "timer_min": {"type": "int", "default": 10},
                "workers": {"type": "int", "default": 20},
                "settle_s": {"type": "int", "default": 60},
                "known_hosts": {"type": "path"},
            }
        )
        hostvars, hosts = variables["hostvars"], list(options["hosts"])
        together = clashes(Standing.from_vars(h, hostvars[h]) for h in hosts)
        if together:
            return result | {"failed": True, "msg": "refused: " + "; ".join(c.reason for c in together)}
        pairs = {h: str(hostvars[h]["rackwright_pair"]) for h in hosts if "rackwright_member" in hostvars[h]}
        dry_run = bool(self._task.check_mode)

        def one(host: str) -> Any:
            return _push(host, hostvars[host], options, dry_run)

        found = rollout(
            hosts, pairs, one, workers=options["workers"],
            done=lambda r: self._display.display(f"  {r.host}: {r.outcome}: {r.message}"),
        )  # fmt: skip
        _log(Path(options["logs"]), found)
        changed = [r for r in found if r.outcome in ("confirmed", "would change")]
        bad = [r for r in found if not r.good]
        result["changed"] = bool(changed)
        result["results_by_host"] = {
            r.host: {"outcome": r.outcome, "message": r.message, "undo": r.undo} for r in found
        }
        if self._task.diff:
            result["diff"] = [{"prepared": f"{r.host}\n{r.diff}"} for r in changed if r.diff]
        result["msg"] = "\n".join(_line(r) for r in (bad or found))
        if bad:
            result["failed"] = True
        return result


def _push(host: str, values: Any, options: dict[str, Any], dry_run: bool) -> Any:
    from inventory.model_operations import Secret
    from topology.observe.drivers import DRIVERS, login
    from topology.observe.push import Checks, PushResult, push
    from topology.observe.secrets import SecretError, Vault
    from topology.observe.session import known_hosts_file
    from topology.platforms.render import parse

    platform = values.get("rackwright_platform")
    path = Path(options["configs"]) / f"{host}.cfg"
    if platform not in DRIVERS:
        return PushResult(host, "refused", f"no driver for platform {platform or 'unknown'}: push it by hand")
    if not path.is_file():
        return PushResult(host, "refused", f"no rendered configuration {path}; run build.yml")
    if "ansible_host" not in values:
        return PushResult(host, "unreachable", "no management address planned")
    secrets = {
        name: Secret.model_validate({"name": name, "title": {"en": name, "zh": name}, **dict(place)})
        for name, place in (values.get("rackwright_secrets") or {}).items()
    }
    vault = Vault(secrets, Path(v) if (v := os.environ.get("RACKWRIGHT_VAULT")) else None)
    try:
        who = login(None, None, vault)
    except SecretError as error:
        return PushResult(host, "refused", str(error))
    known = options.get("known_hosts")
    driver = DRIVERS[platform](
        str(values["ansible_host"]), who.user, who.password, 30,
        {"vault": vault, "known_hosts": known_hosts_file(Path(known) if known else None)},
    )  # fmt: skip
    neighbours = {
        str(link["interface"]): (str(link["peer"]), link.get("peer_interface"))
        for link in values.get("rackwright_links", ())
        if link.get("interface") and link["kind"] in ("uplink", "peer-link")
    }
    return push(
        parse(platform, path.read_text(encoding="utf-8")), driver,
        checks=Checks(neighbours, settle_s=options["settle_s"]), revert_in_s=options["timer_min"] * 60, dry_run=dry_run,
    )  # fmt: skip


def _line(result: Any) -> str:
    undo = f"; to undo: {result.undo}" if result.undo else ""
    return f"{result.host}: {result.outcome}: {result.message}{undo}"


def _log(folder: Path, found: list[Any]) -> None:
    """One file a switch and push: steps with times, the difference, the configuration before, what was said."""
    folder.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for r in found:
        row = {
            "host": r.host, "outcome": r.outcome, "message": r.message, "undo": r.undo, "diff": r.diff,
            "steps": [{"name": s.name, "at": s.at, "took_s": s.took_s, "ok": s.ok, "text": s.text} for s in r.steps],
            "left": list(r.left), "before": r.before, "transcript": r.transcript,
        }  # fmt: skip
        (folder / f"{r.host}-{at}.json").write_text(
            json.dumps(row, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
