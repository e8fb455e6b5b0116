"""Which devices are changed together, in which order, and when a change may be made at all.

One device first, then what stands beside it, then at most a share of all, then the rest in shares. What holds for
a batch holds for every part of it, so a batch may be cut down (one rack, one site) but never joined with another.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import Literal

from inventory.inventory import Inventory
from inventory.plan_model import Plan
from inventory.standing import Standing, standings

Step = Literal["canary", "pair", "rack", "share", "rest"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Devices changed together, in order. `hold`: a person looks before the next batch begins."""

    number: int
    step: Step
    hosts: tuple[str, ...]
    hold: bool


@dataclass(frozen=True, slots=True)
class Clash:
    """Devices that must not be changed together, and why."""

    rule: Literal["pair", "site", "feed", "group"]
    hosts: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Override:
    """Who decided, under which ticket, that a change is made outside its window."""

    by: str
    ticket: str


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a change may be made now, and the sentence for the screen and the log."""

    allowed: bool
    reason: str
    overridden: bool = False


def batches(
    inventory: Inventory, plan: Plan, hosts: Iterable[str], *, canary: int | None = None,
    share_max: float | None = None, one_per_group: bool = False,
) -> tuple[Batch, ...]:  # fmt: skip
    """`hosts` (each once) in batches; canary and share from the policy unless given.

    No batch holds both members of a pair, devices of two sites, devices that hang on side a alone with such on
    side b alone, or more of a quorum, stand-in or replica group than it can spare. No batch after the canary
    exceeds `share_max` of all, or one device. Sites that are not the production site come first.
    `one_per_group` touches one device of a group at a time. Raises ValueError for a host that is not planned.
    """
    known = standings(inventory, plan)
    wanted = sorted(set(hosts))
    if unknown := [h for h in wanted if h not in known]:
        raise ValueError(f"not in the plan: {', '.join(unknown)}")
    last = [name for name, site in inventory.sites.items() if site.role == "production"]
    return in_batches(
        [known[h] for h in wanted],
        canary=int(inventory.policy.number("change.canary")) if canary is None else canary,
        share_max=inventory.policy.number("change.share_max") if share_max is None else share_max,
        one_per_group=one_per_group,
        last_sites=last,
    )


def in_batches(
    devices: Iterable[Standing], *, canary: int, share_max: float, one_per_group: bool = False,
    last_sites: Sequence[str] = (),
) -> tuple[Batch, ...]:  # fmt: skip
    """As `batches`, from standings."""
    queue = sorted(
        devices, key=lambda d: (d.site in last_sites, d.site or "", d.rack or "~", d.position, d.name)
    )
    size = max(1, math.floor(len(queue) * share_max))
    out: list[Batch] = []

    def take(step: Step, wanted: Iterable[Standing], limit: int, hold: bool) -> bool:
        chosen = _Together(one_per_group)
        for device in wanted:
            if len(chosen.names) == limit:
                break
            chosen.add(device)
        if chosen.names:
            gone = set(chosen.names)
            out.append(Batch(len(out) + 1, step, tuple(chosen.names), hold))
            queue[:] = [d for d in queue if d.name not in gone]
        return bool(chosen.names)

    first = queue[0] if queue else None
    if first is None or not take("canary", list(queue), max(1, canary), True):
        return ()
    done = set(out[0].hosts)
    if first.pair:
        take("pair", [d for d in queue if d.pair == first.pair and d.name not in done], size, True)
    elif first.rack:
        take("rack", [d for d in queue if d.rack == first.rack], size, True)
    take("share", list(queue), size, True)
    while queue:
        take("rest", list(queue), size, False)
    return tuple(out)


class _Together:
    """Devices picked for one batch so far, and what each rule has counted."""

    def __init__(self, one_per_group: bool) -> None:
        self.names: list[str] = []
        self._one = one_per_group
        self._sites: set[str | None] = set()
        self._sides: set[str] = set()
        self._pairs: set[str] = set()
        self._units: dict[str, set[str]] = defaultdict(set)

    def add(self, device: Standing) -> bool:
        """Take the device if every rule allows it beside the others; True when taken."""
        if self._sites and device.site not in self._sites:
            return False
        if device.side and self._sides - {device.side}:
            return False
        if device.pair and device.pair in self._pairs:
            return False
        units = [
            (group, device.name if self._one else unit, 1 if self._one else limit)
            for group, unit, limit in device.shares
        ]
        if any(len(self._units[group] | {unit}) > limit for group, unit, limit in units):
            return False
        self.names.append(device.name)
        self._sites.add(device.site)
        if device.side:
            self._sides.add(device.side)
        if device.pair:
            self._pairs.add(device.pair)
        for group, unit, _ in units:
            self._units[group].add(unit)
        return True


def clashes(devices: Iterable[Standing]) -> tuple[Clash, ...]:
    """Everything that forbids changing these devices together; empty when they may be."""
    rows = sorted(devices, key=lambda d: d.name)
    out: list[Clash] = []
    pairs, sites, sides = defaultdict(list), defaultdict(list), defaultdict(list)
    groups: dict[tuple[str, int], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for device in rows:
        sites[device.site or "no site"].append(device.name)
        if device.pair:
            pairs[device.pair].append(device.name)
        if device.side:
            sides[device.side].append(device.name)
        for group, unit, limit in device.shares:
            groups[group, limit][unit].append(device.name)
    for pair, names in sorted(pairs.items()):
        if len(names) > 1:
            out.append(Clash("pair", tuple(names), f"{' and '.join(names)} are both members of pair {pair}"))
    if len(sites) > 1:
        some = [names[0] for _, names in sorted(sites.items())]
        text = " and ".join(f"{len(names)} of site {site}" for site, names in sorted(sites.items()))
        out.append(Clash("site", tuple(some), f"two sites at once: {text} (for example {', '.join(some)})"))
    if len(sides) > 1:
        some = [names[0] for _, names in sorted(sides.items())]
        text = ", ".join(f"{names[0]} on side {side}" for side, names in sorted(sides.items()))
        out.append(Clash("feed", tuple(some), f"devices with one supply each, on both sides: {text}"))
    for (group, limit), units in sorted(groups.items()):
        if len(units) > limit:
            names = [n for unit in sorted(units) for n in units[unit]]
            spare = f"{limit} at a time" if limit > 1 else "one at a time"
            out.append(
                Clash(
                    "group", tuple(names), f"{group} can spare {spare}, not {len(units)}: {', '.join(names)}"
                )
            )
    return tuple(out)


def change_window(
    now: datetime, window: str, freeze: tuple[int, int], override: Override | None = None
) -> Permission:
    """Whether a change may be made at `now` (local time).

    `window` is `HH:MM-HH:MM`, over midnight where the end is the smaller; `freeze` the first and last day of the
    month on which nothing is changed, over the end of the month where the last is the smaller. An override needs
    a name and a ticket. Raises ValueError for a window that cannot be read.
    """
    begin, end = (time.fromisoformat(part.strip()) for part in window.split("-"))
    first, last = freeze
    frozen = first <= now.day <= last if first <= last else now.day >= first or now.day <= last
    clock = now.time().replace(microsecond=0)
    inside = begin <= clock < end if begin <= end else clock >= begin or clock < end
    faults = []
    if frozen:
        faults.append(f"day {now.day} is a freeze day ({first} to {last})")
    if not inside:
        where = f" ({now.tzname()})" if now.tzname() else ""
        faults.append(f"{clock:%H:%M}{where} is outside the change window {window}")
    if not faults:
        return Permission(True, f"inside the change window {window}")
    text = " and ".join(faults)
    if override is None:
        return Permission(False, f"{text}; to go on all the same, give a person and a ticket")
    if len(override.by.strip()) < 2 or len(override.ticket.strip()) < 2:
        return Permission(False, f"{text}; an override needs both a person and a ticket")
    return Permission(True, f"{text}; overridden by {override.by}, ticket {override.ticket}", True)


def may_change(inventory: Inventory, now: datetime, override: Override | None = None) -> Permission:
    """Whether the policy of a project allows a change at `now` (with a time zone)."""
    policy = inventory.policy
    local = local_now(now, policy.number("change.utc_offset_h"))
    return change_window(
        local, policy.text("change.window"), freeze_days(policy.text("change.freeze_days")), override
    )


def freeze_days(text: str) -> tuple[int, int]:
    """First and last day of `25-3`. Raises ValueError for anything else."""
    first, last = text.split("-")
    return int(first), int(last)


def local_now(now: datetime, utc_offset_h: float) -> datetime:
    """`now` (with a time zone) as the local time of the sites."""
    return now.astimezone(timezone(timedelta(hours=utc_offset_h)))
