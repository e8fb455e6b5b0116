"""The platform unharmed and after its worst single failures, each with what it means in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.findings import Text, names_text
from rackwright.documents.topology_picture import darkened, inline_svg

if TYPE_CHECKING:
    from capacity.survives import Survival
    from capacity.sweep import SweepResult
    from capacity.sweep_details import Outcome
    from inventory.inventory import Inventory
    from topology.elements import Layers, SharedRisk

WORST = 4
"""Failures drawn beside the platform unharmed."""
DRAWN = 3000
"""Devices drawn in all pictures together; above, there are fewer pictures, then none. The page stays below some MB."""
_REASONS = 4

_COUNTED = {
    "device": ("device", "devices", "{} 台设备"), "psu": ("power supply", "power supplies", "{} 个电源模块"),
    "outlet": ("outlet", "outlets", "{} 个插座"), "bank": ("PDU bank", "PDU banks", "{} 个 PDU 分路"),
    "pdu": ("PDU", "PDUs", "{} 条 PDU"), "sts": ("transfer switch", "transfer switches", "{} 台静态切换开关"),
    "feed": ("feed", "feeds", "{} 路机柜供电"), "phase": ("phase", "phases", "{} 相"),
    "panel": ("row cabinet", "row cabinets", "{} 台列头柜"), "ups": ("UPS", "UPS", "{} 套 UPS"),
    "generator": ("generator", "generators", "{} 台柴油发电机"), "utility": ("utility supply", "utility supplies", "{} 路市电"),
    "cable": ("cable", "cables", "{} 条线缆"), "existing-link": ("running link", "running links", "{} 条在用链路"),
    "site-link": ("link between sites", "links between sites", "{} 条中心间链路"),
    "place": ("witness site", "witness sites", "{} 个仲裁站点"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServiceDown:
    """A service that a failure takes down and what it lacks then; `more` reasons are left out."""

    name: str
    protected: bool
    reasons: tuple[Text, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture with its caption. `risk` None: nothing failed. `lines`: what it says, as heading and text."""

    title: Text
    svg: str
    lines: tuple[tuple[Text, Text], ...]
    down: tuple[ServiceDown, ...]
    still_up: tuple[str, ...]
    risk: str | None = None


def shots(
    inventory: Inventory, layers: Layers, risks: Sequence[SharedRisk], result: SweepResult
) -> tuple[Shot, ...]:
    """The platform unharmed, then its worst single failures, as many as a page bears (`DRAWN`); maybe none."""
    from capacity.survives import survives

    devices = sum(e.kind == "device" for e in layers.elements.values())
    count = min(WORST + 1, DRAWN // devices) if devices else 0
    if not count:
        return ()
    intact = survives(inventory, layers, ())
    out = [_shot(inventory, layers, None, result.intact, intact, intact)]
    for risk, outcome, left in _worst(inventory, layers, risks, result, count - 1):
        out.append(_shot(inventory, layers, risk, outcome, left, intact))
    return tuple(out)


def _worst(
    inventory: Inventory, layers: Layers, risks: Sequence[SharedRisk], result: SweepResult, count: int
) -> Iterator[tuple[SharedRisk, Outcome, Survival]]:
    """The worst failures: most protected services down, then most services, then most devices lost. At most one
    of a kind, and none that loses the same services and devices as one before it."""
    from capacity.survives import survives

    by_key = {risk.key: risk for risk in risks}
    already = set(result.intact.down)
    protected = {s.name for s in result.services if s.protected}

    def lost(outcome: Outcome) -> int:
        failed = sum(m.startswith("device/") for m in by_key[outcome.groups[0]].members)
        return failed + outcome.dark + outcome.cut_off - result.intact.dark - result.intact.cut_off

    def rank(outcome: Outcome) -> tuple[int, int, int, int, str]:
        down, key = set(outcome.down) - already, outcome.groups[0]
        return (-len(down & protected), -len(down), -lost(outcome), -len(by_key[key].members), key)

    kinds: set[str] = set()
    effects: set[tuple[frozenset[str], frozenset[str]]] = set()
    for outcome in sorted(result.outcomes, key=rank):
        risk = by_key[outcome.groups[0]]
        worth = set(outcome.down) - already or lost(outcome) > 1
        if len(kinds) == count or not worth:
            return
        if risk.kind in kinds:
            continue
        left = survives(inventory, layers, {*risk.members, *outcome.opened})
        gone = frozenset(k for k in layers.elements if k.startswith("device/")) - frozenset(left.reached)
        effect = (frozenset(outcome.down), gone)
        if effect not in effects:
            kinds.add(risk.kind)
            effects.add(effect)
            yield risk, outcome, left


def _shot(
    inventory: Inventory,
    layers: Layers,
    risk: SharedRisk | None,
    outcome: Outcome,
    left: Survival,
    intact: Survival,
) -> Shot:
    title = (
        Text(f"{risk.title.en} fails", f"{risk.title.zh} 失效") if risk else Text("Nothing failed", "无失效")
    )
    dark = darkened(layers, left.failed, (*left.dark, *left.cut_off))
    down = tuple(
        ServiceDown(name, inventory.services[name].protected, reasons[:_REASONS], len(reasons[_REASONS:]))
        for name, reasons in sorted(
            left.reasons.items(), key=lambda r: (not inventory.services[r[0]].protected, r[0])
        )
    )
    return Shot(
        title,
        inline_svg(layers, left.failed, dark, title),
        tuple(_lines(layers, risk, outcome, left, intact, dark)),
        down,
        tuple(name for name, up in sorted(left.services.items()) if up),
        risk.key if risk else None,
    )


def _lines(
    layers: Layers,
    risk: SharedRisk | None,
    outcome: Outcome,
    left: Survival,
    intact: Survival,
    dark: frozenset[str],
) -> Iterator[tuple[Text, Text]]:
    if risk is not None:
        yield Text("fails", "失效"), counted(layers, risk.members)
        if outcome.opened:
            names = names_text(outcome.opened)
            yield Text("then opens", "随后跳闸"), Text(names, names)
    for head, devices, before in (
        (Text("without power", "断电"), left.dark, intact.dark),
        (Text("cut off", "不可达"), left.cut_off, intact.cut_off),
    ):
        yield head, _devices(devices, before)
    rest = [key for key in dark if not key.startswith("device/")]
    if rest:
        yield Text("darkened with them", "随之停用"), counted(layers, rest)
    if left.shut:
        pairs = "; ".join(f"{pair}: {how}" for pair, how in left.shut.items())
        yield Text("ports shut", "端口关闭"), Text(pairs, pairs)
    if left.oversubscription:
        yield Text("worst oversubscription", "最差收敛比"), _oversubscription(left, intact)
    for site, gbps in left.uplink_gbps.items():
        before_gbps = intact.uplink_gbps.get(site)
        if risk is None or gbps != before_gbps:
            yield Text(f"uplinks at {site}", f"{site} 上联带宽"), _bandwidth(gbps, before_gbps, risk is None)


def counted(layers: Layers, keys: Sequence[str]) -> Text:
    """Elements by kind: `46 cables, 2 devices`; the kinds with most first."""
    kinds = Counter(layers.elements[key].kind for key in keys)
    en, zh = [], []
    for kind, n in sorted(kinds.items(), key=lambda k: (-k[1], k[0])):
        one, many, chinese = _COUNTED.get(kind, (kind, kind, f"{{}} 个 {kind}"))
        en.append(f"{n} {one if n == 1 else many}")
        zh.append(chinese.format(n))
    return Text(", ".join(en), "、".join(zh))


def _devices(devices: Sequence[str], before: Sequence[str]) -> Text:
    """How many devices and the first of them; those that were lost before anything failed are said apart."""
    old = set(before)
    names = [key.partition("/")[2] for key in devices if key not in old]
    shown = f": {names_text(names)}" if names else ""
    still = len(devices) - len(names)
    if not still:
        return Text(f"{len(names)} devices{shown}", f"{len(names)} 台设备{shown}")
    return Text(
        f"{len(names)} devices{shown}; {still} already with nothing failed",
        f"{len(names)} 台设备{shown}；另有 {still} 台在无失效时即如此",
    )


def _oversubscription(left: Survival, intact: Survival) -> Text:
    now, before = left.worst_oversubscription, intact.worst_oversubscription
    if now is None:
        return Text("not evaluated: a speed is unknown", "未评估：有速率未知")
    pair, ratio = now
    text = (
        Text("no uplink left", "上联全断")
        if ratio == float("inf")
        else Text(f"{ratio:.3g}:1", f"{ratio:.3g}:1")
    )
    if before is None or before[1] >= ratio:
        return Text(f"{text.en} ({pair})", f"{text.zh}（{pair}）")
    return Text(
        f"{text.en} ({pair}), before {before[1]:.3g}:1", f"{text.zh}（{pair}），失效前 {before[1]:.3g}:1"
    )


def _bandwidth(gbps: float | None, before: float | None, unharmed: bool) -> Text:
    if gbps is None:
        return Text("not evaluated: a speed is unknown", "未评估：有速率未知")
    if unharmed or before is None:
        return Text(f"{gbps:g} Gb/s", f"{gbps:g} Gb/s")
    return Text(f"{gbps:g} of {before:g} Gb/s left", f"剩余 {gbps:g} / {before:g} Gb/s")


def left_out(layers: Layers, shown: int) -> Text | None:
    """What a large platform does not show; None when nothing is left out."""
    devices = sum(e.kind == "device" for e in layers.elements.values())
    if DRAWN // max(devices, 1) > WORST:
        return None
    return Text(
        f"{shown} of {WORST + 1} pictures are drawn: the platform has {devices} devices, and a page holds {DRAWN} of them",
        f"仅绘制 {shown} / {WORST + 1} 幅图：平台共 {devices} 台设备，单页合计最多绘制 {DRAWN} 台",
    )
