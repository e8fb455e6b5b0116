"""Cables and optics: what plugs, talks, carries and reaches (PRT051-PRT056, PRT061, PRT070)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from inventory.model import Record
from topology.checks.cable_book import CableView, cable_book
from topology.checks.length_book import length_m
from topology.checks.medium_book import (
    Cause,
    as_planned,
    causes,
    declared_for,
    declaring,
    medium_faults,
    parts_of,
)


def _sound(ctx: Context) -> list[CableView]:
    book = cable_book(ctx)
    return [v for v in book.views if v.index not in book.faults]


def _cause(code: str, view: CableView, ctx: Context) -> Iterator[Finding]:
    found: dict[int, Cause] = ctx.memo(f"topology.causes.{code}", lambda: causes(ctx, code))
    cause = found.get(view.index)
    if cause is None:
        return
    first = cause.faults[0]
    message = first.message
    if len(cause.faults) > 1:
        message = Text(
            f"{message.en} ({len(cause.faults)} cables)", f"{message.zh}（{len(cause.faults)} 条线缆）"
        )
    shown = cause.faults if cause.subject != first.view.cable.id else cause.faults[1:]
    yield finding(
        code, cause.subject, message, cause.position, fix=first.fix, arithmetic=first.arithmetic,
        related=[
            Related(ctx.where(f.view.cable, *f.part), f"{f.view.cable.id}: {f.view.a.name} to {f.view.b.name}")
            for f in shown[:3]
        ],
    )  # fmt: skip


@check(
    "PRT051", severity=Severity.ERROR, over=_sound, title=Text("Cable or optic not in the catalogue", "线缆或光模块不在目录中"),
    clause="the catalogue",
)  # fmt: skip
def cable_is_known(view: CableView, ctx: Context) -> Iterator[Finding]:
    """Cable type and optics of a cable stand in the catalogue.

    Why it matters: nothing about reach, plug or colour can be judged, and nobody knows what to order.
    How to fix: define it in the catalogue, or correct the name.
    Source: the catalogue.
    Failing: `type: fibre-om4`
    Passing: `type: fibre-om4-lc`
    """
    yield from _cause("PRT051", view, ctx)


@check(
    "PRT052", severity=Severity.ERROR, over=_sound, title=Text("Optic does not fit the port", "光模块与端口不匹配"),
    clause="form factors of the device type",
)  # fmt: skip
def optic_fits_cage(view: CableView, ctx: Context) -> Iterator[Finding]:
    """Each end has the optic its port takes: none on copper ports and moulded cables, one of a fitting form in a cage.

    Why it matters: the optic cannot be plugged, or the port stays empty; found when the rack is cabled.
    How to fix: name an optic whose `cages` hold the form factor of the port.
    Source: SFP28 takes SFP+, QSFP28 takes QSFP+ where the device type declares it.
    Failing: `optic: qsfpp-40g-sr4` at the end in 10GE1/0/1
    Passing: `optic: sfpp-10g-sr`
    """
    yield from _cause("PRT052", view, ctx)


@check(
    "PRT053", severity=Severity.ERROR, over=_sound, title=Text("Optics do not talk to each other", "两端光模块不能互通"),
    clause="IEEE 802.3: one link, one standard",
)  # fmt: skip
def optics_talk(view: CableView, ctx: Context) -> Iterator[Finding]:
    """The optics at both ends are of one standard, or declared to interoperate (SR4 and iSR4).

    Why it matters: light of 850 nm is not seen by a 1310 nm receiver; the link stays dark.
    How to fix: use one standard at both ends.
    Source: IEEE 802.3; `interoperates` of the optic.
    Failing: sfpp-10g-sr at one end, sfpp-10g-lr at the other
    Passing: qsfpp-40g-sr4 at one end, qsfpp-40g-isr4 at the other
    """
    yield from _cause("PRT053", view, ctx)


@check(
    "PRT054", severity=Severity.ERROR, over=_sound, title=Text("Cable does not fit the optic", "线缆与光模块不匹配"),
    clause="medium and connector of the optic",
)  # fmt: skip
def cable_fits_optic(view: CableView, ctx: Context) -> Iterator[Finding]:
    """The cable has the medium and, at each end, the connector of the optic or port.

    Why it matters: an MPO plug does not go into an LC socket; single-mode light is lost in multimode fibre.
    How to fix: use the cable for the optic: duplex LC for SR and LR, MPO-12 for SR4.
    Source: IEEE 802.3; connectors in the catalogue.
    Failing: `type: fibre-om4-lc` between two qsfpp-40g-sr4
    Passing: `type: fibre-om4-mpo`
    """
    yield from _cause("PRT054", view, ctx)


@check(
    "PRT055", severity=Severity.ERROR, over=_sound, title=Text("Speeds of a link differ", "链路速率不一致"),
    clause="IEEE 802.3: one link, one speed",
)  # fmt: skip
def one_speed(view: CableView, ctx: Context) -> Iterator[Finding]:
    """No optic runs faster than its port, and the speed in the plan is that of the slowest part of the link.

    Why it matters: capacity, oversubscription and configuration are all made from this speed.
    How to fix: write the speed of the slowest part, or use the optic for the port.
    Source: IEEE 802.3.
    Failing: `speed_gbps: 100` for a 40G optic in a 100G port
    Passing: `speed_gbps: 40`
    """
    yield from _cause("PRT055", view, ctx)


def _lit(ctx: Context) -> list[CableView]:
    return [
        v for v in _sound(ctx)
        if v.type is not None and v.type.kind == "fibre" and (v.a.optic or v.b.optic) and length_m(v, ctx) is not None
    ]  # fmt: skip


@check(
    "PRT056", severity=Severity.ERROR, over=_lit, title=Text("Optic does not reach", "光模块传输距离不足"),
    clause="IEEE 802.3, reach by fibre grade",
)  # fmt: skip
def optic_reaches(view: CableView, ctx: Context) -> Iterator[Finding]:
    """A fibre is no longer than its optics reach on its grade.

    Why it matters: beyond its reach a link comes up and loses frames under load, or does not come up.
    How to fix: better fibre (OM4 instead of OM3), another optic, or a switch nearer.
    Source: IEEE 802.3 (25GBASE-SR 70 m on OM3, 100 m on OM4; 40GBASE-SR4 100 and 150 m).
    Failing: 85 m of OM3 between two sfp28-25g-sr
    Passing: 85 m of OM4
    """
    if view.type is not None:
        for end in view.ends:
            if (
                end.optic is not None
                and end.optic.medium == view.type.medium
                and view.type.grade not in end.optic.reach_m
            ):
                yield lacking(
                    "PRT056", view.cable.id,
                    Text(f"reach of {end.optic.slug} on {view.type.grade or 'fibre of unknown grade'} is not known",
                         f"{end.optic.slug} 在 {view.type.grade or '未知等级光纤'} 上的传输距离未知"),
                    ctx.where(view.cable, "type"),
                    Text("add reach_m of this grade to the optic", "在光模块中补充该等级的 reach_m"),
                )  # fmt: skip
                return
    yield from _cause("PRT056", view, ctx)


@check(
    "PRT061", severity=Severity.ERROR, over=_lit, title=Text("Loss budget exceeded", "光功率预算不足"), unless=("PRT056",),
    clause="TIA-568 loss per km and mated pair against the budget of IEEE 802.3",
)  # fmt: skip
def loss_in_budget(view: CableView, ctx: Context) -> Iterator[Finding]:
    """Loss of fibre and the two mated connectors stays within the budget of the optic less a margin.

    Why it matters: a link at the end of its budget fails when a connector gathers dust.
    How to fix: a shorter run, or low-loss connectors (0.35 dB instead of 0.5 dB).
    Source: 3.5 dB/km at 850 nm and 0.4 at 1310 nm (TIA-568), 0.5 dB per mated pair and 0.3 dB margin (engineering estimates).
    Failing: 120 m of MPO between two qsfpp-40g-sr4: 0.42 + 1.0 = 1.42 > 1.5 - 0.3 dB
    Passing: 30 m: 0.105 + 1.0 = 1.11 dB
    """
    yield from _cause("PRT061", view, ctx)


@dataclass(frozen=True)
class Declared:
    """Cables whose medium one field group of the inventory declares."""

    subject: str
    owner: Record | None
    views: tuple[CableView, ...]


def _declared(ctx: Context) -> list[Declared]:
    groups: dict[str, tuple[Record | None, list[CableView]]] = {}
    for view in _sound(ctx):
        found = declaring(view, ("type",), cable_book(ctx))
        owner = found[0] if found else None
        subject = f"{getattr(owner, 'name', view.owner)}:{view.cable.kind}"
        groups.setdefault(subject, (owner, []))[1].append(view)
    return [Declared(subject, owner, tuple(views)) for subject, (owner, views) in groups.items()]


@check(
    "PRT070", severity=Severity.ERROR, over=_declared, title=Text("Cable differs from what is declared", "线缆与设计声明不一致"),
    clause="the links the inventory declares",
)  # fmt: skip
def medium_as_declared(group: Declared, ctx: Context) -> Iterator[Finding]:
    """Cable type and optics of the plan are those the inventory declares for the link.

    Why it matters: cables are ordered from the plan and optics from the order; they meet in the rack.
    How to fix: plan again with those lines removed, or change the declaration back.
    Source: `downlink`, `uplinks`, `peer_link` and `attach` of the inventory.
    Failing: `type: fibre-om3-lc` where the pair declares `cable: fibre-om4-lc`
    Passing: `type: fibre-om4-lc`
    """
    book = cable_book(ctx)
    odd: list[tuple[CableView, int, str, str]] = []
    for view in group.views:
        medium = declared_for(view, book)
        if medium is None or view.index in medium_faults(ctx):
            continue
        for i, (found, wanted) in enumerate(zip(as_planned(view), parts_of(medium), strict=True)):
            if found != wanted:
                odd.append((view, i, str(found), str(wanted)))
                break
    paths: tuple[tuple[str, ...], ...] = (("type",), ("a", "optic"), ("b", "optic"))
    everywhere = len(odd) > 1 and len(odd) == len(group.views) and group.owner is not None
    for view, i, found, wanted in odd[:1] if everywhere else odd:
        place = declaring(view, paths[i], book) if everywhere else None
        more = f", and {len(odd) - 1} more cables" if everywhere else ""
        yield finding(
            "PRT070", group.subject if everywhere else view.cable.id,
            Text(f"planned with {found}, declared {wanted}{more}", f"计划为 {found}，声明为 {wanted}{f'，另有 {len(odd) - 1} 条' if more else ''}"),
            ctx.where(place[0], *place[1]) if place else ctx.where(view.cable, *paths[i]),
            fix=Text("remove the lines from plan/cables.yml and plan again, or change the declaration back",
                     "删除 plan/cables.yml 中相应行后重新规划，或恢复声明"),
            related=[Related(ctx.where(view.cable, *paths[i]), f"{view.cable.id}: {found}")] if everywhere else
            [Related(ctx.where(p[0], *p[1]), f"declared: {wanted}")] if (p := declaring(view, paths[i], book)) else [],
        )  # fmt: skip


def off_medium(ctx: Context) -> frozenset[int]:
    """Cables whose type or optic is wrong or not the declared one; colour and id follow from that."""

    def make() -> frozenset[int]:
        book = cable_book(ctx)
        return frozenset(
            v.index
            for v in _sound(ctx)
            if v.index in medium_faults(ctx)
            or ((m := declared_for(v, book)) is not None and parts_of(m) != as_planned(v))
        )

    found: frozenset[int] = ctx.memo("topology.off_medium", make)
    return found
