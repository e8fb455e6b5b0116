"""Single points on the way out of a server, a pair, an out-of-band switch (RED025, RED026)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from inventory import model as m
from inventory.catalog_model import DeviceType
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Severity, Text


@dataclass(frozen=True)
class CardUse:
    """Dual-homed servers of one type; `sites` counts them by site."""

    type: DeviceType
    sites: Counter[str]

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"device_types/{self.type.slug}"


def _dual_homed(ctx: Context) -> list[CardUse]:
    out: dict[str, CardUse] = {}
    for device in ctx.inventory.devices.values():
        attach = device.record.attach if isinstance(device.record, m.Fleet) else None
        if attach is not None and device.site and len(attach.interfaces) != 1:
            out.setdefault(device.type.slug, CardUse(device.type, Counter())).sites[device.site] += 1
    return [use for _, use in sorted(out.items())]


@check(
    "RED025", severity=Severity.WARNING, needs="inventory", over=_dual_homed,
    title=Text("Both links of a server on one card", "服务器双链路共用一块网卡"), clause="engineering estimate",
)  # fmt: skip
def links_on_two_cards(use: CardUse, ctx: Context) -> Iterator[Finding]:
    """The two business links of a server come from two cards.

    Why it matters: a bond over two ports of one card survives a cable or a switch, not the card, its slot or
    its firmware; in availability figures the two links are one.
    How to fix: two single-port or two dual-port cards; otherwise the cluster above has to bear the loss of a host.
    Source: engineering estimate (shared risk group of a card).
    Failing: `components: [{part: nic-2x10g-sr, count: 1}]`
    Passing: `components: [{part: nic-2x10g-sr, count: 2}]`
    """
    parts = ctx.inventory.catalog.components
    place = ctx.where(use.type, "rackwright", "components")
    cards = sum(c.count for c in use.type.rackwright.components if parts[c.part].kind == "nic")
    speeds = {i.speed_gbps for i in use.type.interfaces if not i.mgmt_only and i.speed_gbps}
    left = cards - max(0, len(speeds) - 1)
    if cards == 0:
        yield lacking(
            "RED025", use.subject,
            Text(f"number of network cards of {use.type.slug} is not stated", f"{use.type.slug} 的网卡数量未填写"),
            place, Text("list the cards under `components`", "在 `components` 中列出网卡"),
        )  # fmt: skip
    elif left <= 1:
        servers = ", ".join(f"{n} at {site}" for site, n in sorted(use.sites.items()))
        yield finding(
            "RED025", use.subject,
            Text(f"{servers} of this type have both business links on one card",
                 f"该型号服务器（{servers}）两条业务链路共用一块网卡"),
            place, arithmetic=f"{cards} card(s) for {len(speeds)} port speed(s): 1 left for the business links, 2 wanted",
            fix=Text("order a second card, or accept the loss of a host at a time", "增配一块网卡，或接受单机失效"),
        )  # fmt: skip


def _with_uplinks(ctx: Context) -> list[m.Pair]:
    return [p for _, p in sorted(ctx.inventory.pairs.items()) if p.uplinks]


def _far_ends(ctx: Context, device: str, kind: str) -> set[str]:
    return {
        c.b.device if c.a.device == device else c.a.device
        for c in ctx.cables_of.get(device, ())
        if c.kind == kind
    }


@check(
    "RED026", severity=Severity.ERROR, over=_with_uplinks,
    title=Text("All uplinks of a pair end on one switch", "交换机对全部上联集中于一台"),
    clause="GB/T 22239-2019 8.1.2.1 e",
)  # fmt: skip
def uplinks_to_two_switches(pair: m.Pair, ctx: Context) -> Iterator[Finding]:
    """The uplinks of a pair reach at least two switches above.

    Why it matters: a single switch above is a cut point: its restart takes all servers of the pair with it.
    How to fix: name two or more switches under `uplinks: {to: [...]}`.
    Source: GB/T 22239-2019 8.1.2.1 e (redundancy of key devices).
    Failing: `uplinks: {to: [A-DSW-1], per_member: 4, ...}`
    Passing: `uplinks: {to: [A-DSW-1, A-DSW-2], per_member: 4, ...}`
    """
    ends = _far_ends(ctx, f"{pair.name}A", "uplink") | _far_ends(ctx, f"{pair.name}B", "uplink")
    asked = set(pair.uplinks.to) if pair.uplinks else set()
    if len(ends) == 1 or (ends and len(asked) == 1):
        ends = asked if len(asked) == 1 else ends
        only = next(iter(ends))
        yield finding(
            "RED026", pair.name,
            Text(f"every uplink of {pair.name} ends on {only}", f"{pair.name} 的上联全部接入 {only}"),
            ctx.where(pair, "uplinks", "to"), arithmetic="1 switch above, 2 wanted",
            fix=Text("spread the uplinks over two switches", "将上联分布到两台交换机"),
        )  # fmt: skip
