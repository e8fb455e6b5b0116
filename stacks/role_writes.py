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
UNREADABLE = "a file that cannot be read"
"""In place of a task's name, for a file that is no list of tasks: what it writes nobody can tell."""
Conditions = tuple[str, ...]
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
    "pxe_os": "boot_files",
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
    """One task that changes something on a device, on one way to it. `what` is an item or an order of the ownership
    list, None when it is neither; `conditions` all have to hold for it to run, with the role's own variables resolved."""

    role: str
    path: str
    line: int
    task: str
    what: str | None
    conditions: tuple[str, ...]

    @property
    def asks(self) -> bool:
        """Whether it runs only when the item is Ansible's: by a condition that says so, or by a value that is empty
        otherwise."""
        owner = rf"rackwright_owners\W+{self.what}\b\W{{0,2}}"
        plain = re.compile(rf"{owner}\s*(==\s*'ansible'|!=\s*'pulumi')")
        empty = re.compile(rf"\{{\}}\s+if\s+{owner}\s*!=\s*'ansible'\s+(or|else)\b")
        return self.what is not None and any(
            (plain.search(c) and " or " not in c) or empty.search(c) for c in self.conditions
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
    files = {
        path.relative_to(role / part).as_posix() if part == "tasks" else f"{part}/{path.name}": path
        for part in ("tasks", "handlers")
        for path in sorted((role / part).rglob("*.y*ml"))
    }
    tasks: dict[str, list[tuple[dict[str, Any], Conditions]]] = {}
    for name, path in files.items():
        try:
            tasks[name] = list(_flat(_read(path) or [], ()))
        except (yaml.YAMLError, TypeError, AttributeError) as exc:
            mark = getattr(exc, "problem_mark", None)
            shown, line = path.relative_to(root).as_posix(), mark.line + 1 if mark else 1
            yield Write(role.name, shown, line, UNREADABLE, None, ())
    values = _values(role, [task for found in tasks.values() for task, _ in found])
    for name, found in tasks.items():
        shown = files[name].relative_to(root).as_posix()
        for way in dict.fromkeys(_ways(name, tasks, ())):
            for task, conditions in found:
                for what in _changes(role.name, task):
                    all_of = tuple(_resolved(c, values) for c in (*way, *conditions))
                    yield Write(role.name, shown, task[LINE], str(task.get("name", "")), what, all_of)


def _values(role: Path, tasks: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The role's own variables: defaults, vars, and what its tasks set."""
    out: dict[str, str] = {}
    given = [_read(role / folder / "main.yml") or {} for folder in ("defaults", "vars")]
    for task in tasks:
        given += [task.get("ansible.builtin.set_fact") or {}, task.get("vars") or {}]
    for found in given:
        out |= {name: str(value) for name, value in found.items() if name != LINE}
    return out


def _ways(
    name: str, tasks: Mapping[str, list[tuple[dict[str, Any], Conditions]]], inside: Conditions
) -> list[Conditions]:
    """The conditions of each way to a task file; one without any for a file that nothing here includes."""
    if name in inside:
        return []
    out: list[Conditions] = []
    for other, found in tasks.items():
        for task, conditions in found:
            target = task.get("ansible.builtin.include_tasks") or task.get("ansible.builtin.import_tasks")
            target = target.get("file") if isinstance(target, dict) else target
            if target == name:
                out += [(*way, *conditions) for way in _ways(other, tasks, (*inside, name))]
    return out or [()]


def _plays(path: Path, root: Path) -> Iterator[Write]:
    """Tasks that stand in a playbook itself."""
    plays = _read(path)
    for play in plays if isinstance(plays, list) else ():
        local = play.get("hosts") == "localhost" or play.get("connection") == "local"
        for part in ("pre_tasks", "tasks", "post_tasks"):
            for task, conditions in _flat(play.get(part) or [], ()):
                for what in _changes("", {**task, "delegate_to": "localhost"} if local else task):
                    shown, name = path.relative_to(root).as_posix(), str(task.get("name", ""))
                    yield Write(path.stem, shown, task[LINE], name, what, conditions)


def _flat(tasks: list[dict[str, Any]], conditions: Conditions) -> Iterator[tuple[dict[str, Any], Conditions]]:
    """Tasks outside and inside blocks, each with the conditions that hold for it; variables of a block are its
    tasks'."""
    for task in tasks:
        if not isinstance(task, dict):
            raise TypeError("not a list of tasks")
        here = task.get("when", [])
        mine = (*conditions, *(str(c) for c in (here if isinstance(here, list) else [here])))
        if "block" not in task:
            yield task, mine
            continue
        for part in ("block", "rescue", "always"):
            for inner in task.get(part) or []:
                yield from _flat(
                    [{**inner, "vars": {**(task.get("vars") or {}), **(inner.get("vars") or {})}}], mine
                )


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


class _Lines(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Plain data; every mapping knows the line it begins on. Tags of Ansible (!vault, !unsafe) are read as text."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        return {**super().construct_mapping(node, deep=deep), LINE: node.start_mark.line + 1}


_Lines.add_multi_constructor("!", lambda loader, suffix, node: str(getattr(node, "value", "")))


def _read(path: Path) -> Any:
    """The data of a YAML file, None when there is no such file."""
    if not path.is_file():
        return None
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Lines)  # noqa: S506
