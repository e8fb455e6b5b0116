"""At the end of a run, in a few lines: what changed, what failed and why, what was not looked at."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: rackwright_summary
type: aggregate
short_description: Changed, failed, not run, at the end
description:
  - Counts changes per task and lists every failure and everything a role said it did not run.
  - A role says so with a debug message that begins with C(not run:). Not run is never a pass.
"""
SHOWN = 4


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Collects while the run goes on; prints after the recap."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "rackwright_summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._changed: Counter[str] = Counter()
        self._failed: list[tuple[str, str, str]] = []
        self._not_run: dict[str, list[str]] = defaultdict(list)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Keep the hosts a play leaves out because nobody knows their address."""
        inventory = play.get_variable_manager()._inventory
        if "without_address" in str(play.hosts) and "without_address" in inventory.groups:
            lost = [h.name for h in inventory.get_hosts("without_address")]
            if lost:
                self._not_run["log in: the plan has no address for the host"] = lost

    def v2_runner_on_ok(self, result: Any) -> None:
        """Count a change; keep what was not run."""
        values = result._result
        if values.get("changed"):
            self._changed[result._task.get_name()] += 1
        for item in values.get("results") or [values]:
            message = item.get("msg") if isinstance(item, dict) else None
            if isinstance(message, str) and message.startswith("not run:"):
                self._not_run[message.partition(":")[2].strip()].append(result._host.get_name())

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Keep a failure and its reason."""
        if not ignore_errors:
            message = str(result._result.get("msg", "failed"))
            self._failed.append((result._host.get_name(), result._task.get_name(), message))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Keep a host that did not answer."""
        self._failed.append((result._host.get_name(), "reach the host", str(result._result.get("msg", ""))))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print."""
        show = self._display.display
        show("\nSUMMARY")
        dry_run = bool(context.CLIARGS.get("check"))
        word = "would change" if dry_run else "changed"
        if not self._changed:
            show("  nothing would change" if dry_run else "  nothing changed")
        for task, count in sorted(self._changed.items()):
            show(f"  {word}  {task}: {count} {'host' if count == 1 else 'hosts'}", color="yellow")
        for reason, hosts in sorted(self._not_run.items()):
            some = ", ".join(hosts[:SHOWN]) + (
                f" and {len(hosts) - SHOWN} more" if len(hosts) > SHOWN else ""
            )
            show(f"  not run  {reason} ({some})", color="cyan")
        for host, task, message in self._failed:
            first, *more = message.strip().splitlines() or [""]
            show(f"  FAILED   {host}: {task}: {first}", color="red")
            for line in more[:SHOWN]:
                show(f"           {line}", color="red")
        if self._failed or (self._changed and not dry_run):
            show(
                "  to undo a stage: ansible-playbook rollback.yml -e rackwright_stage=<stage> --limit <hosts>"
            )
