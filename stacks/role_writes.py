"""What the roles of the playbooks write, read from their task files: the Ansible side of "one owner each".

A task is read with everything that decides whether it runs: its own conditions, those of the blocks around it, and
those under which its file is included. Nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PLAYBOOKS = Path(__file__).resolve().parent.parent / "playbooks"
LINE = "__line__"
READS = {
    "assert", "debug", "fail", "fetch", "find", "getent", "import_role", "import_tasks",
    "include_tasks", "include_vars", "meta", "package_facts", "pause", "ping", "rackwright_backup",
    "rackwright_guard", "rackwright_hold", "service_facts", "set_fact", "setup", "slurp", "stat",
    "tempfile", "wait_for", "wait_for_connection",
}  # fmt: skip
"""Modules that change nothing on a device (what they write, they write on the controller)."""
REMOTE = frozenset({"include_role", "rackwright_push", "uri"})
"""Modules that reach a device from the controller."""
COMMANDS = frozenset({"command", "expect", "raw", "script", "shell"})
"""Modules whose effect only `changed_when` tells."""

ON_HOST: Mapping[str, str] = {
    "baseline": "host_baseline",
    "burn_in": "load_test",
    "host_network": "host_network",
    "join_cluster": "cluster_membership",
    "rotate_credentials": "host_account",
    "time_dns_log": "host_time",
}
"""What a role keeps (or does once) when it writes on the host itself, by role."""
BY_PATH = (
    (r"UpdateService", "firmware_update"),
    (r"\.Reset\b", "power_cycle"),
    (r"/Bios\b", "bios_attributes"),
    (r"/EthernetInterfaces\b", "bmc_network"),
)
"""What a request to a management controller changes, by its path; the first that fits decides."""
BY_BODY = (
    (r"BootSourceOverrideEnabled\W+(Once|Disabled)", "boot_once"),
    (r"BootSourceOverrideEnabled\W+Continuous|BootOrder", "boot_order"),
    (r"PowerRestorePolicy", "power_restore"),
    (r"AssetTag", "asset_tag"),
    (r"\bNTP\b", "bmc_ntp"),
    (r"\bHostName\b", "bmc_network"),
    (r"\b(Password|RoleId|UserName)\b", "bmc_account"),
)
"""What else it changes, by its body; all that fit. A password set with the factory account replaces the factory's."""


@dataclass(frozen=True, slots=True)
class Write:
    """One task that changes something on a device. `what` is an item or an order of the ownership list, None when it
    is neither; `conditions` is all that decides whether it runs, with the role's own variables resolved."""

    role: str
    path: str
    line: int
    task: str
    what: str | None
    conditions: str

    @property
    def asks(self) -> bool:
        """Whether it runs only after asking who owns the item."""
        return self.what is not None and bool(
            re.search(rf"owners?\b\W+{self.what}\b|\b{self.what}\b[^)]*owner", self.conditions)
        )


@cache
def role_writes(playbooks: Path = PLAYBOOKS) -> tuple[Write, ...] | None:
    """Every task of roles and plays that changes something on a device, by role, file and line; None where no roles
    are (an installed package without the playbooks)."""
    roles = playbooks / "roles"
    if not roles.is_dir():
        return None
    out: list[Write] = []
    for role in sorted(p for p in roles.iterdir() if (p / "tasks").is_dir()):
        out.extend(_role(role, playbooks.parent))
    for path in sorted((*playbooks.glob("*.yml"), *(playbooks / "day2").glob("*.yml"))):
        out.extend(_plays(path, playbooks.parent))
    return tuple(out)


def writers(item: str, writes: Iterable[Write]) -> tuple[str, ...]:
    """The roles that write an item, sorted."""
    return tuple(sorted({w.role for w in writes if w.what == item}))


def unowned(writes: Iterable[Write]) -> list[Write]:
    """Tasks that change what is neither an item nor an order of the list."""
    return [w for w in writes if w.what is None]


def _role(role: Path, root: Path) -> Iterator[Write]:
    values = {}
    for folder in ("defaults", "vars"):
        for name, value in (_read(role / folder / "main.yml") or {}).items():
            values[name] = str(value)
    files = sorted((role / "tasks").glob("*.yml"))
    tasks = {path.name: _read(path) or [] for path in files}
    included: dict[str, list[str]] = {}
    for name in tasks:
        for task, conditions in _flat(tasks[name], []):
            target = task.get("ansible.builtin.include_tasks") or task.get("ansible.builtin.import_tasks")
            target = target.get("file") if isinstance(target, dict) else target
            if isinstance(target, str):
                included.setdefault(target, []).extend(conditions)
    for path in files:
        shown = path.relative_to(root).as_posix()
        for task, conditions in _flat(tasks[path.name], included.get(path.name, [])):
            for what in _changes(role.name, task):
                text = _resolved(" and ".join(conditions), values)
                yield Write(role.name, shown, task[LINE], str(task.get("name", "")), what, text)


def _plays(path: Path, root: Path) -> Iterator[Write]:
    """Tasks that stand in a playbook itself."""
    plays = _read(path)
    for play in plays if isinstance(plays, list) else ():
        local = play.get("hosts") == "localhost" or play.get("connection") == "local"
        for part in ("pre_tasks", "tasks", "post_tasks"):
            for task, conditions in _flat(play.get(part) or [], []):
                for what in _changes("", {**task, "delegate_to": "localhost"} if local else task):
                    shown, name = path.relative_to(root).as_posix(), str(task.get("name", ""))
                    yield Write(path.stem, shown, task[LINE], name, what, " and ".join(conditions))


def _flat(tasks: list[dict[str, Any]], conditions: list[str]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Tasks outside and inside blocks, each with the conditions that hold for it."""
    for task in tasks:
        here = task.get("when", [])
        mine = conditions + [str(c) for c in (here if isinstance(here, list) else [here])]
        if "block" in task:
            for part in ("block", "rescue", "always"):
                yield from _flat(task.get(part) or [], mine)
        else:
            yield task, mine


def _changes(role: str, task: Mapping[str, Any]) -> tuple[str | None, ...]:
    """What a task changes on a device: items and orders, None for what the list does not know, nothing at all."""
    module, given = _module(task)
    options = given if isinstance(given, dict) else {}
    variables = task.get("vars") or {}
    if module in READS or (task.get("delegate_to") == "localhost" and module not in REMOTE):
        return ()
    if module == "include_role":
        if options.get("name") != "redfish" or variables.get("redfish_method", "GET") == "GET":
            return ()
        return _by_redfish(str(variables.get("redfish_path")), str(variables))
    if module == "uri":
        if role == "redfish" or options.get("method", "GET") == "GET":
            return ()
        return _by_redfish(str(options.get("url")), str(options))
    if module == "rackwright_push":
        return () if task.get("check_mode") is True else ("switch_configuration",)
    if "{{ rackwright_build" in str(options.get("dest", options.get("path", ""))):
        return ()
    if module in COMMANDS and task.get("changed_when") is False and "async" not in task:
        return ()  # a look; what runs on by itself is work all the same
    return (ON_HOST.get(role),)


def _by_redfish(path: str, given: str) -> tuple[str | None, ...]:
    by_path = next((what for pattern, what in BY_PATH if re.search(pattern, path)), None)
    if by_path:
        return (by_path,)
    found = dict.fromkeys(what for pattern, what in BY_BODY if re.search(pattern, given))
    if "factory" in given and "bmc_account" in found:
        return ("factory_password",)
    return tuple(found) or (None,)


def _module(task: Mapping[str, Any]) -> tuple[str, Any]:
    """The module of a task by its short name, and what it is given. Modules are written with their collection."""
    for word, given in task.items():
        if "." in word or word.startswith("rackwright_"):
            return word.removeprefix("ansible.builtin."), given
    return "", None


def _resolved(text: str, values: Mapping[str, str]) -> str:
    """The text with the role's own variables written out, as deep as they go."""
    for _ in range(4):
        longer = re.sub(r"\b[a-z_]+\b", lambda found: values.get(found[0], found[0]), text)
        if longer == text or len(longer) > 20_000:
            break
        text = longer
    return text


class _Lines(yaml.SafeLoader):
    """Plain data; every mapping knows the line it begins on. Tags of Ansible (!vault, !unsafe) are read as text."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        return {**super().construct_mapping(node, deep=deep), LINE: node.start_mark.line + 1}


_Lines.add_multi_constructor("!", lambda loader, suffix, node: str(getattr(node, "value", "")))


def _read(path: Path) -> Any:
    """The data of a YAML file, None when there is no such file."""
    if not path.is_file():
        return None
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Lines)  # noqa: S506
