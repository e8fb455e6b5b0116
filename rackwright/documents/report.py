"""report.html: the whole plan in one file that works from a stick, without a network, in two languages."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from inventory.checks import REGISTRY, Check, Outcome, Report
from inventory.findings import Finding, Position, Status, Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.documents import address_overview, elevation, power_bars
from rackwright.documents.device_list import GROUPS, DeviceLine, device_lines
from rackwright.documents.failures import failures
from rackwright.documents.files import write_text
from rackwright.documents.port_use import USE_NAMES, PortUse, SwitchPorts, existing_uses, switch_ports
from rackwright.documents.reconcile import RESULT_NAMES, reconciled
from rackwright.documents.sheets import described
from rackwright.documents.topology_marks import page_hatching, page_style
from rackwright.figures import figures
from rackwright.summary import Summary, by_urgency, kilowatts, worst

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
_ROWS_PX = (11, 31)
_PORT_PX = 19


class Bilingual(Protocol):
    """Anything with an English and a Chinese text."""

    @property
    def en(self) -> str: ...
    @property
    def zh(self) -> str: ...


@dataclass(frozen=True, slots=True)
class CheckPage:
    """One check with its manual page: what is shown for a code."""

    code: str
    title: Text
    severity: str
    clause: str
    doc: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class PortBox:
    """One port of a faceplate drawing, px from the upper left corner; `number` is what is printed beside it."""

    port: PortUse
    x: int
    y: int
    letter: str
    number: str
    hover: str


@dataclass(frozen=True, slots=True)
class Faceplate:
    """A switch drawn from the front, with its ports counted by use."""

    switch: SwitchPorts
    width: int
    boxes: tuple[PortBox, ...]
    counts: tuple[tuple[str, int], ...]


def write_report(inventory: Inventory, plan: Plan, report: Report, summary: Summary, path: Path) -> None:
    """Write report.html. The same input gives the same bytes; raises OSError when it cannot be written."""
    write_text(path, render(inventory, plan, report, summary))


def render(inventory: Inventory, plan: Plan, report: Report, summary: Summary) -> str:
    """The report as text."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["json.dumps_kwargs"] = {
        "sort_keys": True,
        "ensure_ascii": False,
        "separators": (",", ":"),
    }
    style, head_script, script = (
        (TEMPLATES / name).read_text(encoding="utf-8")
        for name in ("report.css", "report_head.js", "report.js")
    )
    style = f"{style}{page_style()}\n"
    lines = device_lines(inventory, plan)
    context: dict[str, Any] = {
        "t": lambda en, zh: both(Text(en, zh)),
        "both": both,
        "kw": kilowatts,
        "project": inventory.project,
        "summary": summary,
        "figures": figures(summary),
        "style": Markup(style),  # noqa: S704 - our own file
        "head_script": Markup(head_script),  # noqa: S704 - our own file
        "script": Markup(script),  # noqa: S704 - our own file
        "style_hash": csp_hash(style),
        "head_hash": csp_hash(head_script),
        "script_hash": csp_hash(script),
        "groups": {group: GROUPS[group] for group in GROUPS if any(line.group == group for line in lines)},
        "frames": elevation.frames(inventory),
        "rooms": elevation.rooms(inventory, plan, lines),
        "elevation": elevation,
        "unplaced": [line for line in lines if line.rack is None],
        "rack_power": [
            (room, list(racks))
            for room, racks in groupby(power_bars.rack_power(inventory, plan), key=lambda r: r.rack.room)
        ],
        "phases": power_bars.panel_phases(inventory, plan),
        "plant": power_bars.plant_power(inventory, plan),
        "banks": [
            line for line in plan.power if line.kind == "bank" and (line.unknown or worst_bar(line).peak_w)
        ],
        "bar": power_bars.bar,
        "worst": worst_bar,
        "policy": inventory.policy,
        "faceplates": [faceplate(switch) for switch in switch_ports(inventory, plan)],
        "existing": existing_uses(inventory, plan),
        "uses": USE_NAMES,
        "bom": plan.bom,
        "described": lambda item: described(inventory, item),
        "results": RESULT_NAMES,
        "reconciled": list(reconciled(inventory)),
        "failures": failures(inventory, plan, report),
        "hatching": Markup(page_hatching()),  # noqa: S704 - our own text
        "findings": by_urgency(report.findings),
        "pages": list(check_pages(report)),
        "assumptions": grouped_assumptions(inventory),
        "proofs": plan.proofs,
        "pools": address_overview.pool_uses(inventory, plan),
        "prefixes": address_overview.prefix_uses(plan),
        "asns": plan.asns,
        "vlans": list(inventory.vlans.values()),
        "lookup": lookup(plan, lines),
        "not_evaluated": Status.NOT_EVALUATED,
    }
    return environment.get_template("report.html").render(context)


def both(text: Bilingual) -> Markup:
    """Both languages, of which the page shows one; a text that is the same in both stands once."""
    from markupsafe import Markup, escape

    if text.en == text.zh:
        return escape(text.en)
    return Markup('<span class="zh" lang="zh-CN">{}</span><span class="en" lang="en">{}</span>').format(
        text.zh, text.en
    )


def csp_hash(text: str) -> str:
    """The source expression that lets exactly this inline text through a content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def worst_bar(line: Any) -> power_bars.Bar:
    """The bar of a load line with whichever side dead weighs more."""
    return power_bars.bar(line, worst(line, one_side_dead=True).dead)


def grouped_assumptions(inventory: Inventory) -> list[tuple[list[str], str, str, Position]]:
    """Assumptions with all subjects that share one: (subjects, field, reason, place), in inventory order."""
    groups: dict[tuple[str, str, Position], list[str]] = {}
    for subject, field, reason, place in inventory.assumptions:
        groups.setdefault((field, reason, place), []).append(subject)
    return [(subjects, *key) for key, subjects in groups.items()]


def check_pages(report: Report) -> Iterator[CheckPage]:
    """Every check that ran and every code that was found, by code."""
    outcomes = {outcome.code: outcome for outcome in report.outcomes}
    severities: dict[str, Finding] = {finding.code: finding for finding in report.findings}
    for code in sorted({*outcomes, *severities}):
        rule = REGISTRY.get(code)
        yield CheckPage(
            code,
            rule.title if rule else Text(code, code),
            str(rule.severity) if rule else str(severities[code].severity) if code in severities else "",
            rule.clause if isinstance(rule, Check) else "",
            rule.doc if rule else "",
            outcomes.get(code),
        )


def faceplate(switch: SwitchPorts) -> Faceplate:
    """Where each port is drawn: blocks of one interface type, odd ports above even ones."""
    boxes: list[PortBox] = []
    x = 6
    for _, block in groupby(switch.ports, key=lambda p: (p.type, p.mgmt)):
        ports = list(block)
        for n, port in enumerate(ports):
            column, lower = divmod(n, 2) if len(ports) > 1 else (n, 0)
            gap = 5 * (column // 4) if len(ports) > 12 else 0
            digits = re.search(r"\d+$", port.port)
            number = (
                ("con" if port.use == "console" else "mgt") if port.mgmt else digits.group() if digits else ""
            )
            boxes.append(
                PortBox(
                    port,
                    x + column * _PORT_PX + gap,
                    _ROWS_PX[lower],
                    USE_NAMES[port.use][0],
                    number,
                    port_hover(port),
                )
            )
        x = boxes[-1].x + _PORT_PX + 10
    counted = Counter(port.use for port in switch.ports if not port.mgmt)
    return Faceplate(switch, x, tuple(boxes), tuple((use, counted[use]) for use in USE_NAMES if counted[use]))  # type: ignore[index]


def port_hover(port: PortUse) -> str:
    """Details of one port: use, and per cable its id and far end."""
    name = USE_NAMES[port.use][1]
    parts = [f"{port.switch} {port.port}  {name.zh} {name.en}"]
    if port.planned:
        parts[0] += f" [{port.planned}]"
    for cable, far in zip(port.cables, port.far_ends, strict=True):
        parts.append(f"{cable.id} → {far.device} {far.port or '端口未知 port unknown'}")
    return "\n".join(parts)


def lookup(plan: Plan, lines: tuple[DeviceLine, ...]) -> dict[str, list[list[Any]]]:
    """What the search box of the page knows: devices, cables and cords as short rows."""
    return {
        "devices": [
            [
                line.name,
                line.placed.rack or "" if line.placed else "",
                line.units,
                line.type.model if line.type else "",
                line.title.zh,
                line.title.en,
                line.placed.pair or "" if line.placed else "",
            ]
            for line in lines
        ],
        "cables": [
            [
                c.id, c.kind, c.type, c.a.device, c.a.port or "?", c.b.device, c.b.port or "?",
                "?" if c.stock_m is None else f"{c.stock_m:g} m",
            ]
            for c in plan.cables
        ],
        "cords": [[c.id, c.device, c.inlet, c.side.upper(), f"{c.pdu} {c.bank}", c.outlet] for c in plan.cords],
    }  # fmt: skip
