"""`rackwright render`: the configuration of every planned switch and the tables of appliances, and what is missing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rackwright.cli.common import (
    CLEAN,
    FINDINGS,
    UNUSABLE,
    Format,
    Project,
    leave,
    load_project,
    out,
    out_json,
    say,
)

if TYPE_CHECKING:
    from topology.switch_config import SwitchConfig

SHOWN = 6
"""Sentences shown of one host; how many more there are is said."""


@dataclass(frozen=True)
class Rendered:
    """What became of one switch. `state`: written, unchanged, refused; with --check same, differs or no file.

    `missing` is left out because nobody knows it, `doubts` are words nobody has confirmed, `faults` are why it
    could not be rendered, `differences` where the file says something else than the plan.
    """

    host: str
    platform: str
    file: str
    state: str
    missing: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()

    @property
    def bad(self) -> bool:
        """True for what has to be looked at before anything is sent."""
        return self.state in ("refused", "differs", "no file")


def run(
    name: str | None, output: Format, hosts: list[str], out_folder: Path | None, boot_folder: Path | None, *, check: bool,
    verbose: bool,
) -> None:  # fmt: skip
    """Render or check, print a line for each switch and what is missing, leave with 1 when one is refused or differs.
    Without `hosts` the files of DHCP, name and boot servers too, in `boot_folder` (default: `boot` in `out_folder`)."""
    from rackwright.cli.render_boot import render_boot, show

    project = load_project(name, output)
    if project.plan is None:
        say("no plan yet: run `rackwright plan` first")
        leave(UNUSABLE)
    configs, unstated = _wanted(project, hosts)
    build = Path("build") / project.inventory.project.name
    folder = out_folder or build / "configs"
    boot_folder = boot_folder or (out_folder or build) / "boot"
    rows = [_check_one(c, folder) if check else _render_one(c, folder) for c in configs]
    if not hosts:
        rows += _appliances(project, folder / "appliances", check=check)
    strange = [] if hosts else _strange(folder, {r.file for r in rows})
    boot = None if hosts else render_boot(project, boot_folder, check=check)
    if output is Format.JSON:
        out_json(
            {
                "folder": str(folder),
                "hosts": [asdict(r) for r in rows],
                "without_platform": unstated,
                "left_alone": strange,
                "boot": boot.data() if boot else None,
            }
        )
    else:
        _print(rows, unstated, strange, folder, verbose=verbose)
        if boot:
            show(boot, verbose=verbose)
    leave(FINDINGS if any(r.bad for r in rows) or (boot and boot.bad) else CLEAN)


def _wanted(project: Project, hosts: list[str]) -> tuple[list[SwitchConfig], list[str]]:
    """The configurations asked for, and planned switches nobody has given a platform."""
    from inventory import model as m
    from inventory.validation import near
    from topology.switch_intent import switch_configs

    assert project.plan is not None  # noqa: S101 - run() leaves without one
    configs = list(switch_configs(project.inventory, project.plan))
    known = {c.host for c in configs}
    unstated = []
    for placed in sorted(project.plan.devices, key=lambda d: d.name):
        device = project.inventory.devices.get(placed.name)
        if device and isinstance(device.record, m.Pair | m.OobSwitch) and device.record.platform is None:
            unstated.append(placed.name)
    for host in hosts:
        if host in unstated:
            say(f"{host}: its platform is not stated; write `platform:` at its pair or out-of-band switch")
            leave(UNUSABLE)
        if host in project.inventory.pairs:
            say(f"{host} is a pair: name its members {host}A and {host}B")
            leave(UNUSABLE)
        if host not in known:
            guess = near(host, sorted(known))
            say(f"no planned switch {host}" + (f"; did you mean {guess}?" if guess else ""))
            leave(UNUSABLE)
    if not configs:
        say("no planned switch has a platform: write `platform:` at pairs and out-of-band switches")
        leave(UNUSABLE)
    return [c for c in configs if not hosts or c.host in hosts], unstated


def _render_one(config: SwitchConfig, folder: Path) -> Rendered:
    from rackwright.documents.files import write_text
    from topology.platforms.limits import doubts, faults
    from topology.platforms.render import render

    path = folder / f"{config.host}.cfg"
    row = Rendered(config.host, config.platform, path.name, "refused", config.missing, doubts(config))
    if wrong := faults(config):
        return replace(row, faults=tuple(wrong))
    text = render(config)
    if path.is_file() and path.read_bytes() == text.encode():
        return replace(row, state="unchanged")
    write_text(path, text)
    return replace(row, state="written")


def _check_one(config: SwitchConfig, folder: Path) -> Rendered:
    from topology.platforms.limits import doubts, faults
    from topology.platforms.render import parse

    path = folder / f"{config.host}.cfg"
    row = Rendered(config.host, config.platform, path.name, "refused", config.missing, doubts(config))
    if wrong := faults(config):
        return replace(row, faults=tuple(wrong))
    if not path.is_file():
        return replace(row, state="no file")
    try:
        found = parse(config.platform, path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, IndexError) as error:
        return replace(row, state="differs", differences=(f"the file cannot be read: {error!r}",))
    told = tuple(differences(config, found))
    return replace(row, state="differs" if told else "same", differences=told)


def differences(planned: SwitchConfig, found: SwitchConfig) -> list[str]:
    """Where two configurations differ, one sentence a record: planned, then found."""
    told = []
    for part in fields(planned):
        if not part.compare:
            continue
        a, b = getattr(planned, part.name), getattr(found, part.name)
        if a == b:
            continue
        if isinstance(a, tuple) and isinstance(b, tuple) and part.name != "management":
            told += [f"{part.name}: {_brief(x)} is in the plan, not in the file" for x in a if x not in b]
            told += [f"{part.name}: {_brief(x)} is in the file, not in the plan" for x in b if x not in a]
            if sorted(map(str, a)) == sorted(map(str, b)):
                told.append(f"{part.name}: in another order")
        else:
            told.append(f"{part.name}: planned {_brief(a)}, found {_brief(b)}")
    return told


def _brief(value: Any) -> str:
    """A record by the fields that are set."""
    if hasattr(value, "__dataclass_fields__"):
        said = {f.name: getattr(value, f.name) for f in fields(value) if f.compare}
        return ", ".join(f"{k} {v}" for k, v in said.items() if v not in (None, "", (), False, 0))
    return "nothing" if value is None else str(value)


def _appliances(project: Project, folder: Path, *, check: bool) -> list[Rendered]:
    """The tables of firewalls and gateways; their platform is "table"."""
    from rackwright.documents.files import write_text
    from topology.appliances import appliance_files

    assert project.plan is not None  # noqa: S101 - run() leaves without one
    out_rows = []
    for file in appliance_files(project.inventory, project.plan):
        path = folder / file.name
        row = Rendered(path.stem, "table", f"{folder.name}/{file.name}", "unchanged", file.missing)
        there = path.read_bytes() if path.is_file() else None
        if check:
            same = there == file.text.encode()
            row = replace(row, state="same" if same else "no file" if there is None else "differs")
            if row.state == "differs":
                row = replace(row, differences=("the table is not the one of the plan",))
        elif there != file.text.encode():
            write_text(path, file.text)
            row = replace(row, state="written")
        out_rows.append(row)
    return out_rows


def _strange(folder: Path, expected: set[str]) -> list[str]:
    """Configuration files of no planned switch; they are told and left alone."""
    return sorted(p.name for p in folder.glob("*.cfg") if p.name not in expected) if folder.is_dir() else []


def shared(rows: list[Rendered]) -> dict[tuple[str, str], list[str]]:
    """What is missing or unconfirmed in more than two files alike, and in which: told once."""
    hosts: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for word, sentences in (("unconfirmed", row.doubts), ("missing", row.missing)):
            for sentence in dict.fromkeys(sentences):
                hosts.setdefault((word, sentence), []).append(row.host)
    return {told: names for told, names in hosts.items() if len(names) > 2}


def _print(
    rows: list[Rendered], unstated: list[str], strange: list[str], folder: Path, *, verbose: bool
) -> None:
    width = max(len(r.host) for r in rows)
    told = {} if verbose else shared(rows)
    for row in rows:
        out(f"{row.host:<{width}}  {row.platform:<12}  {row.state}")
        for word, sentences in (
            ("refused", row.faults), ("differs", row.differences), ("unconfirmed", row.doubts), ("missing", row.missing),
        ):  # fmt: skip
            own = [s for s in sentences if (word, s) not in told]
            for sentence in own if verbose else own[:SHOWN]:
                out(f"{'':<{width}}    {word}: {sentence}")
            if not verbose and len(own) > SHOWN:
                out(f"{'':<{width}}    {word}: … and {len(own) - SHOWN} more (all of them: --verbose)")
    for (word, sentence), hosts in told.items():
        more = f" and {len(hosts) - SHOWN} more" if len(hosts) > SHOWN else ""
        out(f"{word} in {len(hosts)}: {sentence}")
        out(f"  {', '.join(hosts[:SHOWN])}{more}")
    for name in unstated:
        say(f"{name}: not rendered, its platform is not stated")
    for name in strange:
        say(f"{folder / name}: belongs to no planned switch; left alone")
    counts = {s: sum(r.state == s for r in rows) for s in dict.fromkeys(r.state for r in rows)}
    lacking = sum(bool(r.missing) for r in rows)
    say(
        f"{folder}: {', '.join(f'{n} {s}' for s, n in counts.items())}; something is missing in {lacking} of {len(rows)}"
        + (f"; {len(unstated)} without a platform" if unstated else "")
    )
