"""Which cables are needs: what parts the project has to order, whatever a line of the plan has wrong.

A link that the inventory asks for is a need even where its line in the plan is missing or ends at the wrong
port; a surplus line is one while it makes up for nothing that is missing. A line with another optic than
its neighbours needs what they need. What is wrong is reported once, by the port and cable checks, and is no
reason to order parts, nor to say that nobody knows how many. Links of a fleet that its pair does not serve
(CAP031) need what they are planned with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from capacity.checks.connections import dark_fleets
from inventory.checks import Context
from inventory.model import Fleet, Record
from inventory.plan_model import Cable, End
from topology.checks.cable_book import Book, CableView, cable_book
from topology.checks.medium_book import as_planned, declared_for, parts_of
from topology.links import AccessLink, Key, key_of
from topology.media import Medium, declared_medium

Parts = tuple[str, str | None, str | None]
"""Cable type and optics, near end first."""
ORDERED = ("access", "uplink", "oob-uplink", "peer-link", "keepalive")
"""Kinds of cables whose optics or fixed ends are in the order."""
SURPLUS = ("PRT018", "NET030", "NET031", "NET039", "RED026")
"""Codes of lines beyond what the inventory asks for."""


def needed_cables(ctx: Context) -> list[Cable]:
    """Cables that are needs, with the parts they need; made once per run."""
    result: list[Cable] = ctx.memo("cables that are needs", lambda: _needed(ctx))
    return result


def _needed(ctx: Context) -> list[Cable]:
    book, dark = cable_book(ctx), dark_fleets(ctx)
    sound = [v for v in book.views if v.index not in book.faults]
    usual = _usual_parts(book, sound)

    def with_parts(cable: Cable, declared: Parts | None) -> Cable:
        parts = usual.get(_declaration(cable, book)) or declared
        if parts is None or parts == (cable.type, cable.a.optic, cable.b.optic):
            return cable
        kind, near, far = parts
        ends = {
            "a": cable.a.model_copy(update={"optic": near}),
            "b": cable.b.model_copy(update={"optic": far}),
        }
        return cable.model_copy(update={"type": kind, **ends})

    out = [v.cable if v.owner in dark else with_parts(v.cable, _parts(declared_for(v, book))) for v in sound]
    out += [v.cable for v in book.views if v.index in book.faults and book.faults[v.index].code == "PLN002"]
    missing = book.wanted - Counter(key_of(v.cable) for v in sound)
    out += [with_parts(cable, _parts(medium)) for cable, medium in _links(book, missing, dark)]
    lacking = Counter((kind, near) for kind, near, _, _ in missing.elements())
    asked = {(kind, near) for kind, near, _, _ in book.wanted}
    asked |= {("access", d.name) for d in book.inventory.devices.values() if _attached(d.record)}
    for view in book.views:
        fault = book.faults.get(view.index)
        if fault is None or fault.code not in SURPLUS:
            continue
        ends = view.cable.kind, view.cable.a.device
        if lacking[ends]:
            lacking[ends] -= 1
        elif fault.code != "PRT018" or ends in asked:
            out.append(view.cable)
    return out


def _attached(record: Record) -> bool:
    return isinstance(record, Fleet) and record.attach is not None


def _declaration(cable: Cable, book: Book) -> tuple[str, str, str]:
    """What declares a cable together with others: owner, kind, and the far pair of a business link."""
    device, far = book.inventory.devices.get(cable.a.device), book.inventory.devices.get(cable.b.device)
    pair = (far.owner if far else cable.b.device) if cable.kind == "access" else ""
    return device.owner if device else cable.a.device, cable.kind, pair


def _usual_parts(book: Book, sound: list[CableView]) -> dict[tuple[str, str, str], Parts]:
    """Parts that more than half of several cables of one declaration are planned with, by declaration."""
    planned: dict[tuple[str, str, str], Counter[Parts]] = {}
    for view in sound:
        planned.setdefault(_declaration(view.cable, book), Counter())[as_planned(view)] += 1
    out = {}
    for declaration, counts in planned.items():
        parts, count = max(counts.items(), key=lambda item: item[1])
        if 2 < 2 * count > counts.total():
            out[declaration] = parts
    return out


def _parts(medium: Medium | None) -> Parts | None:
    return None if medium is None else parts_of(medium)


def _links(book: Book, missing: Counter[Key], dark: set[str]) -> Iterator[tuple[Cable, Medium | None]]:
    """A cable for every link that no line of the plan serves, and its declared parts. Attached devices without
    a place or a pair need what the first of their fleet that has both is given; of a fleet with none, nobody
    can tell."""
    by_port = {(k.near, k.near_port): k.medium for links in book.access.values() for k in links}
    for (kind, near, port, far), count in sorted(missing.items()):
        if kind in ORDERED and not (kind == "access" and book.inventory.devices[near].owner in dark):
            cable = _line(kind, near, port, far)
            for _ in range(count):
                yield cable, declared_medium(book.inventory, cable, by_port.get((near, port)))
    samples: dict[str, tuple[AccessLink, ...]] = {}
    for name, links in book.access.items():
        samples.setdefault(book.inventory.devices[name].owner, links)
    for name, device in book.inventory.devices.items():
        planned = name in book.access or any(v.cable.kind == "access" for v in book.by_device.get(name, ()))
        for link in () if planned or device.owner in dark else samples.get(device.owner, ()):
            yield _line("access", name, link.near_port, link.far), link.medium


def _line(kind: str, near: str, port: str, far: str) -> Cable:
    ends = {"a": End(device=near, port=port or None), "b": End(device=far, port=None)}
    return Cable.model_construct(id="", kind=kind, type="", speed_gbps=0.0, **ends)  # type: ignore[arg-type]
