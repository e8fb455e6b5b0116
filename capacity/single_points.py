"""Findings of a failure sweep: what alone takes a protected service down, why, and what would mend it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import capacity.failure_codes  # noqa: F401  (registers the codes used here)
from capacity.survives import survives
from capacity.survives_services import UNITS, shown
from capacity.sweep import SweepResult
from capacity.sweep_details import Outcome
from inventory.checks import finding
from inventory.findings import Finding, Related, Text, names_text, ordered
from inventory.inventory import Inventory
from topology.elements import Layers, SharedRisk

_WAYS = {
    "tray": Text("lay one of the ways over other tray segments", "将其中一路改走其他走线架段"),
    "bundle": Text("lay one of the cables in another bundle", "将其中一根线缆移至其他线束"),
    "rack": Text("move one of the parts to another rack", "将其中一部分移至其他机柜"),
    "row": Text("move one of the parts to a rack of another row", "将其中一部分移至其他机柜列"),
    "pdu": Text("feed one of the parts from another PDU", "将其中一部分改接其他 PDU"),
    "bank": Text("feed one of the parts from another bank", "将其中一部分改接其他分路"),
    "phase": Text("feed one of the parts from another phase", "将其中一部分改接其他相"),
    "panel": Text("feed one of the parts from another row cabinet", "将其中一部分改由其他列头柜供电"),
    "ups": Text("feed one of the parts from the other UPS side", "将其中一部分改由另一侧 UPS 供电"),
    "sts": Text("hang one of the parts on another transfer switch", "将其中一部分改接其他静态切换开关"),
    "pair": Text("spread the servers over another pair", "将服务器分布到其他交换机对"),
    "nic": Text("give the server a second card and one cable to each", "为服务器增配网卡，每卡各接一路"),
    "line-card": Text("take one of the links to another line card", "将其中一条链路改接其他板卡"),
}
_ELSEWHERE = Text(
    "give what it joins a second way outside it, or carry the service elsewhere as well",
    "为其所关联的部分提供不经过它的第二路径，或在他处同时承载该业务",
)


def sweep_findings(
    inventory: Inventory, layers: Layers, risks: Iterable[SharedRisk], result: SweepResult
) -> list[Finding]:
    """RED050, RED051 and RED052 of a sweep, sorted. Groups that take the same services down for the same reasons
    share one finding, named after the smallest of them; the others are related."""
    protected = {s.name for s in result.services if s.protected}
    known = {risk.key: risk for risk in risks}
    out = [
        finding(
            "RED052", f"services/{state.name}",
            Text(
                f"is down although nothing has failed: {_joined(t.en for t in state.why_down)}",
                f"未发生故障即不可用：{_joined((t.zh for t in state.why_down), '；')}",
            ),
            inventory.where(inventory.services[state.name]),
            fix=Text(
                "plan or list what it lacks; until then nothing is proven about its redundancy",
                "规划或补录所缺部分；在此之前其冗余性无法证明",
            ),
        )
        for state in result.services
        if state.protected and state.up is False
    ]  # fmt: skip
    same: dict[tuple[str, tuple[str, ...], tuple[Text, ...]], list[Outcome]] = {}
    for outcome in result.single_points():
        down = tuple(s for s in outcome.down if s in protected and s not in result.intact.down)
        if not down:
            continue
        risk = known[outcome.groups[0]]
        reasons = survives(inventory, layers, {*risk.members, *outcome.opened}).reasons[down[0]]
        common = risk.kind == "software" and len(_sites(layers, risk)) > 1
        same.setdefault(("RED051" if common else "RED050", down, reasons), []).append(outcome)
    out += [
        _single(inventory, known, code, down, reasons, found) for (code, down, reasons), found in same.items()
    ]
    return ordered(out)


def _single(
    inventory: Inventory,
    known: Mapping[str, SharedRisk],
    code: str,
    down: Sequence[str],
    reasons: Sequence[Text],
    outcomes: Sequence[Outcome],
) -> Finding:
    groups = sorted((known[o.groups[0]] for o in outcomes), key=lambda r: (len(r.members), r.key))
    first = groups[0]
    worst = next(o for o in outcomes if o.groups == (first.key,))
    many = f" (and {len(groups) - 1} other shared risks)" if len(groups) > 1 else ""
    many_zh = f"（另有 {len(groups) - 1} 个共享风险同样）" if len(groups) > 1 else ""
    return finding(
        code, first.key,
        Text(
            f"alone{many} takes down {names_text(down)}: {_joined(t.en for t in reasons)}",
            f"单独失效{many_zh}即导致 {names_text(down)} 中断：{_joined((t.zh for t in reasons), '；')}",
        ),
        inventory.where(inventory.services[down[0]]),
        fix=_fix(inventory, first, worst, down[0]),
        arithmetic=_sum(inventory, worst, down[0]),
        related=_others(groups[1:]),
    )  # fmt: skip


def _others(groups: Sequence[SharedRisk]) -> list[Related]:
    """The other groups with the same effect, one line a kind."""
    kinds: dict[str, list[str]] = {}
    for group in groups:
        kinds.setdefault(group.kind, []).append(group.name)
    return [
        Related(None, f"the same: {kind} {names_text(sorted(names), 4)}")
        for kind, names in sorted(kinds.items())
    ]


def _fix(inventory: Inventory, risk: SharedRisk, outcome: Outcome, service: str) -> Text:
    short = next((c for c in outcome.capacity if c.service == service and c.left < c.needed), None)
    demand = inventory.services[service].demand
    if short is None or demand is None:
        return _WAYS.get(risk.kind, _ELSEWHERE)
    unit = UNITS[demand.measure]
    more = math.ceil(short.needed - short.left)
    if not short.left:
        return _WAYS.get(risk.kind, _ELSEWHERE)
    share = demand.critical_share * short.share
    return Text(
        f"provide {more} more {unit.en} outside it, or lower critical_share from {demand.critical_share:g} to {_floor(share)}",
        f"在其之外增加 {more}{unit.zh}，或将 critical_share 由 {demand.critical_share:g} 降至 {_floor(share)}",
    )


def _floor(share: float) -> str:
    return f"{int(share * 100) / 100:g}"


def _sum(inventory: Inventory, outcome: Outcome, service: str) -> str:
    """Capacity left against demand, where there is one."""
    demand = inventory.services[service].demand
    for c in outcome.capacity:
        if c.service == service and demand is not None and c.left < c.needed:
            return f"{c.left:g} < {shown(c.needed)} = {demand.amount:g} {demand.measure} x {demand.critical_share:g} critical / highest use"
    return ""


def _sites(layers: Layers, risk: SharedRisk) -> set[str]:
    return {site for key in risk.members for site in layers.elements[key].facts.get("site", ())}


def _joined(texts: Iterable[str], by: str = "; ") -> str:
    return by.join(texts)
