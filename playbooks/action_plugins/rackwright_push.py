"""Brings the switches of a batch to their rendered configurations, or puts back what was changed on them last, in
threads on the controller."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

UNDO = "-undo-of-"
"""Between the time of a run that puts back and the name of the run it puts back."""


class ActionModule(ActionBase):  # type: ignore[misc]
    """`rackwright_push: {hosts: ansible_play_batch, configs: folder, logs: folder, undo: false}`; runs once a batch.

    A dry run (`--check`) logs in, reads and shows the difference. Secrets are put in while lines are sent; neither the
    difference nor the log shows them. Every run has a folder below `logs`, as those of `rackwright push`.
    """

    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What became of every switch: `results_by_host`; `failed` when anybody has to look at one."""
        from inventory.standing import Standing
        from topology.batches import clashes
        from topology.observe.push import Checks, undo_run
        from topology.observe.push_result import PushResult, record
        from topology.observe.rollout import rollout
        from topology.observe.secrets import SecretError

        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        _, options = self.validate_argument_spec(
            {
                "hosts": {"type": "list", "elements": "str", "required": True},
                "configs": {"type": "path", "required": True},
                "logs": {"type": "path", "required": True},
                "undo": {"type": "bool", "default": False},
                "timer_min": {"type": "int", "default": 10},
                "workers": {"type": "int", "default": 20},
                "settle_s": {"type": "int", "default": 60},
                "without_timer": {"type": "bool", "default": False},
                "known_hosts": {"type": "path"},
            }
        )
        hostvars, hosts = variables["hostvars"], list(options["hosts"])
        together = clashes(Standing.from_vars(h, hostvars[h]) for h in hosts)
        if together:
            return result | {"failed": True, "msg": "refused: " + "; ".join(c.reason for c in together)}
        pairs = {h: str(hostvars[h]["rackwright_pair"]) for h in hosts if "rackwright_member" in hostvars[h]}
        logs, dry_run = Path(options["logs"]), bool(self._task.check_mode)

        def checks_of(host: str) -> Checks:
            offset_h = float(hostvars[host].get("rackwright_change_utc_offset_h", 0))
            return Checks(_neighbours(hostvars[host]), settle_s=options["settle_s"], utc_offset_h=offset_h)

        def driver_of(host: str, platform: str) -> Any:
            return _driver(hostvars[host], platform, options)

        def one(host: str) -> Any:
            try:
                return _push(host, hostvars[host], options, dry_run, driver_of, checks_of)
            except SecretError as error:
                return PushResult(host, "refused", str(error))

        def tell(found: Any) -> None:
            self._display.display(f"  {found.host}: {found.outcome}: {found.message}")

        found: list[Any] = []
        if not options["undo"]:
            found = rollout(hosts, pairs, one, workers=options["workers"], done=tell)
            _record(logs, "", found, record)
        else:
            last = last_changes(logs, hosts)
            for host in hosts:
                if host not in last:
                    found.append(PushResult(host, "no change", f"no push below {logs} has to be put back"))
                    tell(found[-1])
            try:
                for folder in sorted(set(last.values()), reverse=True):
                    back = undo_run(
                        folder, driver_of=driver_of, hosts=[h for h in hosts if last.get(h) == folder], pair_of=pairs,
                        checks_of=checks_of, revert_in_s=options["timer_min"] * 60, without_timer=options["without_timer"],
                        dry_run=dry_run, workers=options["workers"], done=tell,
                    )  # fmt: skip
                    _record(logs, f"{UNDO}{folder.name}", back, record)
                    found += back
            except (SecretError, ValueError) as error:
                return result | {"failed": True, "msg": f"nothing more was put back: {error}"}
        return result | self._told(found)

    def _told(self, found: list[Any]) -> dict[str, Any]:
        """The results as Ansible shows them."""
        changed = [r for r in found if r.outcome in ("confirmed", "would change")]
        bad = [r for r in found if not r.good]
        out: dict[str, Any] = {
            "changed": bool(changed),
            "results_by_host": {
                r.host: {"outcome": r.outcome, "message": r.message, "undo": r.undo} for r in found
            },
            "msg": "\n".join(_line(r) for r in (bad or found)),
        }
        if self._task.diff:
            out["diff"] = [{"prepared": f"{r.host}\n{r.diff}"} for r in changed if r.diff]
        return out | ({"failed": True} if bad else {})


def last_changes(logs: Path, hosts: Iterable[str]) -> dict[str, Path]:
    """The folder of the last run that changed each host; hosts without one are left out, and those where it is put
    back already: asking again never goes further back.

    Raises ValueError for a run that cannot be read.
    """
    from topology.observe.push_result import recorded

    wanted, out, back = set(hosts), {}, set()
    runs = (
        sorted((p for p in logs.iterdir() if any(p.glob("*.result.json"))), reverse=True)
        if logs.is_dir()
        else []
    )
    for folder in runs:
        for run in recorded(folder):
            if UNDO in folder.name:
                if run.outcome == "confirmed":
                    back.add((run.host, folder.name.partition(UNDO)[2]))
            elif run.changed and run.host in wanted:
                out.setdefault(run.host, folder)
    return {host: folder for host, folder in out.items() if (host, folder.name) not in back}


def _neighbours(values: Any) -> dict[str, tuple[str, str | None]]:
    return {
        str(link["interface"]): (str(link["peer"]), link.get("peer_interface"))
        for link in values.get("rackwright_links", ())
        if link.get("interface") and link["kind"] in ("uplink", "peer-link")
    }


def _driver(values: Any, platform: str, options: dict[str, Any]) -> Any:
    """A driver, not yet open. Raises SecretError when the login is not known, ValueError without platform or address."""
    from inventory.model_operations import Secret
    from topology.observe.drivers import DRIVERS, login
    from topology.observe.secrets import Vault
    from topology.observe.session import known_hosts_file

    if platform not in DRIVERS:
        raise ValueError(f"no driver for platform {platform or 'unknown'}: push it by hand")
    if "ansible_host" not in values:
        raise ValueError("no management address planned")
    secrets = {
        name: Secret.model_validate({"name": name, "title": {"en": name, "zh": name}, **dict(place)})
        for name, place in (values.get("rackwright_secrets") or {}).items()
    }
    vault = Vault(secrets, Path(v) if (v := os.environ.get("RACKWRIGHT_VAULT")) else None)
    who = login(None, None, vault)
    known = options.get("known_hosts")
    return DRIVERS[platform](
        str(values["ansible_host"]), who.user, who.password, 30,
        {"vault": vault, "known_hosts": known_hosts_file(Path(known) if known else None)},
    )  # fmt: skip


def _push(
    host: str, values: Any, options: dict[str, Any], dry_run: bool, driver_of: Any, checks_of: Any
) -> Any:
    from topology.observe.push import push
    from topology.observe.push_result import PushResult
    from topology.platforms.render import parse

    platform = str(values.get("rackwright_platform") or "")
    path = Path(options["configs"]) / f"{host}.cfg"
    if not path.is_file():
        return PushResult(host, "refused", f"no rendered configuration {path}; run build.yml")
    try:
        driver = driver_of(host, platform)
    except ValueError as error:
        return PushResult(host, "refused", str(error))
    return push(
        parse(platform, path.read_text(encoding="utf-8")), driver, checks=checks_of(host),
        revert_in_s=options["timer_min"] * 60, without_timer=options["without_timer"], dry_run=dry_run,
    )  # fmt: skip


def _line(result: Any) -> str:
    undo = f"; to undo: {result.undo}" if result.undo else ""
    return f"{result.host}: {result.outcome}: {result.message}{undo}"


def _record(logs: Path, of: str, found: list[Any], record: Any) -> None:
    """The files of a run, in a folder of its own."""
    if not found:
        return
    stamp, n = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"), 1
    folder = logs / f"{stamp}{of}"
    while folder.exists():
        n += 1
        folder = logs / f"{stamp}-{n}{of}"
    for one in found:
        record(folder, one)
