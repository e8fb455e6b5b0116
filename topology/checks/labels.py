"""Ids, labels, colours and bundles: what the installer reads (PRT050, PRT066-PRT068)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from inventory.checks import Context, check, finding
from inventory.findings import Finding, Related, Severity, Text
from topology.cable_parts import LETTERS, cable_id, colour_of, joined_labels, parse_id
from topology.checks.cable_book import CableView, cable_book
from topology.checks.cable_ends import odd_numbers
from topology.checks.fabric import misdealt_cables
from topology.checks.oob_fabric import sharing_cables
from topology.checks.optics import off_medium


def _settled(ctx: Context) -> list[CableView]:
    """Cables with sound ends and the declared medium."""
    book, odd = cable_book(ctx), off_medium(ctx)
    return [v for v in book.views if v.index not in book.faults and v.index not in odd]


@check(
    "PRT050", severity=Severity.WARNING, over=_settled, title=Text("Cable id does not say what the cable is", "线缆编号与线缆不符"),
    clause="TIA-606-B: one identifier per cable",
)  # fmt: skip
def id_has_its_form(view: CableView, ctx: Context) -> Iterator[Finding]:
    """A cable id is site, class letter and running number, and site and letter are those of the cable.

    Why it matters: the installer sorts the drums by the letter; a copper cable with F lies in the wrong one.
    How to fix: take the next free number of the right class. Ids that stand twice are PLN005.
    Source: TIA-606-B; letters F fibre, C copper, D moulded copper, S serial (engineering estimate).
    Failing: `{id: A-F-12, type: copper-cat6}`
    Passing: `{id: A-C-000012, type: copper-cat6}`
    """
    parts, near = parse_id(view.cable.id), view.a.device or view.a.existing
    site = (near.site if near else None) or (parts.site if parts else "A")
    letter = LETTERS.get(view.type.kind, "F") if view.type else "F"
    if parts is not None and (parts.site, parts.letter) == (site, letter):
        return
    sample = cable_id(site, letter, parts.number if parts else 1)
    yield finding(
        "PRT050", view.cable.id,
        Text(f"a {view.cable.type} cable at site {site} has an id like {sample}", f"站点 {site} 的 {view.cable.type} 编号应形如 {sample}"),
        ctx.where(view.cable, "id"), fix=Text(f"use the next free id {site}-{letter}-…", f"使用下一个空闲编号 {site}-{letter}-…"),
    )  # fmt: skip


MOVED = ("PLN006", "RCK001", "RCK002", "RCK010", "RCK015", "RED001", "RED005", "RED007", "RED010", "RED011")
"""Codes that speak of the place a device was moved to; its labels are stale for that reason."""


@dataclass(frozen=True)
class Labelled:
    """One cable whose labels are read, or a device all of whose cables say it is somewhere else."""

    device: str
    views: tuple[CableView, ...]


def _labelled(ctx: Context) -> list[Labelled]:
    """Devices that moved under their cables first, then every other cable by itself."""
    book, odd = cable_book(ctx), odd_numbers(ctx) | sharing_cables(ctx) | misdealt_cables(ctx)
    readable = [
        v for v in book.views
        if v.index not in book.faults and v.index not in odd
        and all(e.existing or e.end.device in book.placed for e in v.ends)
    ]  # fmt: skip
    stale: dict[str, list[CableView]] = {}
    cables: Counter[str] = Counter()
    for view in readable:
        for end in (e for e in view.ends if e.end.device in book.placed):
            cables[end.end.device] += 1
            if end.side in view.stale:
                stale.setdefault(end.end.device, []).append(view)
    moved = {
        d: views for d, views in stale.items()
        if d in book.placed and len(views) > 1 and len(views) == cables[d]
    }  # fmt: skip
    spoken = {v.index for views in moved.values() for v in views}
    out = [Labelled(d, tuple(views)) for d, views in moved.items()]
    return [*out, *(Labelled("", (v,)) for v in readable if v.index not in spoken)]


@check(
    "PRT066", severity=Severity.ERROR, over=_labelled, unless=MOVED, title=Text("Label does not say where the cable ends", "标签与端点位置不符"),
    clause="TIA-606-B: label of both ends, near end first",
)  # fmt: skip
def label_is_true(subject: Labelled, ctx: Context) -> Iterator[Finding]:
    """The labels of a cable name rack, rack unit and port of both ends as they are now, near end first.

    Why it matters: the label is what the installer goes by; a stale one sends the cable to another rack.
    How to fix: remove the lines from plan/cables.yml and plan again, or put the device back.
    Source: TIA-606-B, `rack-unit:port/rack-unit:port`.
    Failing: `label_a: A01-A03-U21:p1/…` for a server in A01-A03-U23
    Passing: `label_a: A01-A03-U23:p1/…`
    """
    view, book = subject.views[0], cable_book(ctx)
    if not view.stale:
        return
    if subject.device in ctx.placed:
        placed = ctx.placed[subject.device]
        spot = f"{placed.rack}-U{placed.position:02d}" if placed.position is not None else str(placed.rack)
        yield finding(
            "PRT066", subject.device,
            Text(f"stands in {spot}, the labels of its {len(subject.views)} cables say otherwise",
                 f"位于 {spot}，其 {len(subject.views)} 条线缆的标签与此不符"),
            ctx.where(placed, "rack"),
            fix=Text("put it back, or remove its lines from plan/cables.yml and plan again",
                     "恢复原位，或删除 plan/cables.yml 中相应行后重新规划"),
            related=[Related(ctx.where(v.cable, "label_a"), f"{v.cable.id}: {v.cable.label_a}") for v in subject.views[:3]],
        )  # fmt: skip
        return
    cable = view.cable
    halves = [book.places.label(e.end.device, e.end.port) for e in view.ends]
    wanted_a, wanted_b = joined_labels(halves[0], halves[1])
    name, found, wanted = (
        ("label_a", cable.label_a, wanted_a)
        if cable.label_a != wanted_a
        else ("label_b", cable.label_b, wanted_b)
    )
    yield finding(
        "PRT066", cable.id,
        Text(f"{name} is {found}, the cable runs {wanted}", f"{name} 为 {found}，实际为 {wanted}"),
        ctx.where(cable, name), fix=Text(f"write {wanted}", f"改为 {wanted}"),
    )  # fmt: skip


def _coloured(ctx: Context) -> list[tuple[tuple[str, str], tuple[CableView, ...]]]:
    """Cables that should have one colour, by type and kind."""
    groups: dict[tuple[str, str], list[CableView]] = {}
    for view in _settled(ctx):
        if view.type is not None:
            groups.setdefault((view.type.slug, view.cable.kind), []).append(view)
    return [(key, tuple(views)) for key, views in groups.items()]


@check(
    "PRT067", severity=Severity.WARNING, over=_coloured, title=Text("Colour differs from the colour code", "线缆颜色与规范不符"),
    clause="colour code of the catalogue",
)  # fmt: skip
def colour_as_agreed(
    subject: tuple[tuple[str, str], tuple[CableView, ...]], ctx: Context
) -> Iterator[Finding]:
    """A cable has the colour of its fibre grade, or of its purpose in the colour code.

    Why it matters: colour tells business from management and OM3 from OM4 when a rack is open.
    How to fix: order the colour of the code, or change the code for the whole project.
    Source: TIA-598 for fibre; engineering estimate for copper (business blue, out-of-band green, console grey).
    Failing: `{type: copper-cat6, kind: oob, colour: blue}`
    Passing: `{type: copper-cat6, kind: oob, colour: green}`
    """
    (slug, kind), views = subject
    odd: dict[tuple[str, str], list[CableView]] = {}
    for view in views:
        wanted = colour_of(ctx.inventory, view.type, view.cable.kind, view.a.device) if view.type else ""
        if wanted and view.cable.colour != wanted:
            odd.setdefault((view.cable.colour, wanted), []).append(view)
    for (found, wanted), cables in odd.items():
        first, more = cables[0].cable, len(cables) - 1
        yield finding(
            "PRT067", first.id if not more else f"{slug}:{kind}",
            Text(f"colour {found or 'not stated'}, agreed {wanted}{f' ({more} more cables)' if more else ''}",
                 f"颜色为 {found or '未写'}，规范为 {wanted}{f'（另有 {more} 条）' if more else ''}"),
            ctx.where(first, "colour") if found else ctx.where(first, "id"),
            fix=Text(f"order {wanted}", f"订购 {wanted}"),
        )  # fmt: skip


def _bundles(ctx: Context) -> list[tuple[str, tuple[CableView, ...]]]:
    bundles: dict[str, list[CableView]] = {}
    for view in cable_book(ctx).views:
        if view.cable.bundle:
            bundles.setdefault(view.cable.bundle, []).append(view)
    return [(name, tuple(views)) for name, views in bundles.items()]


@check(
    "PRT068", severity=Severity.WARNING, over=_bundles, title=Text("Bundle too thick", "线缆捆扎过粗"),
    clause="policy: cable.bundle_max",
)  # fmt: skip
def bundle_is_thin(subject: tuple[str, tuple[CableView, ...]], ctx: Context) -> Iterator[Finding]:
    """A bundle holds no more cables than may be tied together.

    Why it matters: the inner cables of a thick bundle are crushed and warm, and none can be drawn out.
    How to fix: start a second bundle.
    Source: engineering estimate, 24 cables.
    Failing: 25 cables with `bundle: A01-A03/A-ASW-01A/1`
    Passing: 24, and the next with `bundle: A01-A03/A-ASW-01A/2`
    """
    name, views = subject
    limit = round(ctx.inventory.policy.number("cable.bundle_max"))
    if len(views) > limit:
        spot = cable_book(ctx).places.spot
        odd = next(
            (v for v in views if not name.startswith(f"{spot(v.cable.a.device)}/{v.cable.b.device}/")),
            views[-1],
        )
        yield finding(
            "PRT068", name, Text(f"{len(views)} cables in one bundle, limit {limit}", f"一捆 {len(views)} 条，上限 {limit}"),
            ctx.where(odd.cable, "bundle"), arithmetic=f"{len(views)} > {limit}",
            fix=Text(f"move {len(views) - limit} to another bundle", f"将 {len(views) - limit} 条移至另一捆"),
        )  # fmt: skip
