"""Who can still talk to whom between the sites, and which side of a split holds a majority."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from capacity.drill_model import Ballot, Party
from inventory import model as m
from inventory.inventory import Inventory


def between(inventory: Inventory, one: str, two: str) -> list[str]:
    """Elements that carry traffic across the border of two sites: site links (also on the way to a third place)
    and links that run already between switches of the two."""
    wanted = {one, two}
    keys = []
    for link in inventory.site_links.values():
        stops = [s for s in (link.a, link.via, link.b) if s is not None]
        if any({x, y} == wanted for x, y in itertools.pairwise(stops)):
            keys.append(f"site-link/{link.name}")
    return sorted(keys + _existing(inventory, lambda a, b: {a, b} == wanted))


def leaving(inventory: Inventory, site: str) -> list[str]:
    """Elements that join a site to others: links that end there or pass it."""
    keys = [f"site-link/{k.name}" for k in inventory.site_links.values() if site in (k.a, k.b, k.via)]
    return sorted(keys + _existing(inventory, lambda a, b: a != b and site in (a, b)))


def _existing(inventory: Inventory, chosen: Callable[[str, str], bool]) -> list[str]:
    """Single cables of existing links whose two sites are `chosen`."""
    switches = inventory.existing_switches
    return [
        f"existing-link/{k.name}/{n}"
        for k in inventory.existing_links.values()
        if chosen(switches[k.a].site, switches[k.b].site)
        for n in range(1, k.count + 1)
    ]


SHARED = ("carrier", "conduit", "entry_a", "entry_b", "equipment")


def in_same_duct(inventory: Inventory, keys: Collection[str]) -> tuple[list[str], list[str]]:
    """(further site links that share carrier, conduit, building entry or equipment with one of `keys`, links of
    which that is not known). Entries count where both links end at the same site."""
    ours = [k for k in inventory.site_links.values() if f"site-link/{k.name}" in keys]
    shared, unknown = [], []
    for link in inventory.site_links.values():
        if link in ours:
            continue
        facts = _facts(link)
        if any(facts & _facts(other) for other in ours):
            shared.append(f"site-link/{link.name}")
        elif any(getattr(link, f) is None for f in ("carrier", "conduit", "equipment")):
            unknown.append(link.name)
    return sorted(shared), sorted(unknown)


def _facts(link: m.SiteLink) -> set[tuple[str, str, str]]:
    out = {(f, "", v) for f in ("carrier", "conduit", "equipment") if (v := getattr(link, f)) is not None}
    for site, entry in ((link.a, link.entry_a), (link.b, link.entry_b)):
        if entry is not None:
            out.add(("entry", site, entry))
    return out


@dataclass(frozen=True)
class Reach:
    """`groups`: data centres that are alive, grouped by who can reach whom, in the order of the files. `witnesses`:
    of each living witness the groups (by number) that can reach it, that of the production site first, then by name of
    the site; a witness passes no traffic on."""

    groups: tuple[tuple[str, ...], ...]
    witnesses: Mapping[str, tuple[int, ...]]


def reach(inventory: Inventory, alive: Collection[str], failed: Collection[str]) -> Reach:
    """Who can reach whom over site links and running links that have not failed. A link that passes a site needs
    that site alive."""
    centres = [s for s, site in inventory.sites.items() if s in alive and site.role != "witness"]
    joints = _live_joints(inventory, alive, failed)
    group = {s: s for s in centres}

    def root(site: str) -> str:
        while group[site] != site:
            site = group[site]
        return site

    for a, b in joints:
        if a in group and b in group:
            group[root(a)] = root(b)
    found: dict[str, list[str]] = {}
    for site in centres:
        found.setdefault(root(site), []).append(site)
    groups = tuple(tuple(sites) for sites in found.values())
    number = {site: n for n, sites in enumerate(groups) for site in sites}
    witnesses = {
        w: tuple(
            sorted({number[x] for a, b in joints for w_, x in ((a, b), (b, a)) if w_ == w and x in number})
        )
        for w, site in inventory.sites.items()
        if site.role == "witness" and w in alive
    }
    return Reach(groups, witnesses)


def _live_joints(
    inventory: Inventory, alive: Collection[str], failed: Collection[str]
) -> list[tuple[str, str]]:
    out = []
    for link in inventory.site_links.values():
        ends = [s for s in (link.a, link.via, link.b) if s is not None]
        if f"site-link/{link.name}" not in failed and all(s in alive for s in ends):
            out.append((link.a, link.b))
    switches = inventory.existing_switches
    for line in inventory.existing_links.values():
        a, b = switches[line.a], switches[line.b]
        dead = {f"device/{a.name}", f"device/{b.name}"} & set(failed)
        live = any(f"existing-link/{line.name}/{n}" not in failed for n in range(1, line.count + 1))
        if a.site != b.site and live and not dead and a.site in alive and b.site in alive:
            out.append((a.site, b.site))
    return out


def ballots(
    inventory: Inventory, quorum: m.Quorum, who: Reach, reached: Collection[str], case: str
) -> list[Ballot]:
    """Every way the votes of one quorum can fall: a witness votes once, for any one group that reaches it.

    A vote held by a fleet counts one for each of its devices in `reached` (names); another vote counts while its
    site is alive. The first way gives each witness to the first group that reaches it.
    """
    total = sum(v.votes for v in quorum.votes)
    dark: list[str] = []
    cast: dict[str, int] = {}
    living = {site for group in who.groups for site in group} | {w for w, g in who.witnesses.items() if g}
    for vote in quorum.votes:
        count, voter = (vote.votes if vote.site in living else 0), vote.site
        if vote.fleet is not None:
            names = [f"{vote.fleet}-{n:03d}" for n in range(1, inventory.fleets[vote.fleet].count + 1)]
            count, voter = min(count, sum(name in reached for name in names)), vote.fleet
        cast[vote.site] = cast.get(vote.site, 0) + count
        if count < vote.votes:
            dark.append(f"{voter} {vote.votes - count}/{vote.votes}")
    voting = [w for w, groups in who.witnesses.items() if w in cast and groups]
    out = []
    for choice in itertools.product(*(who.witnesses[w] for w in voting)):
        sides = []
        for n, sites in enumerate(who.groups):
            members = (*sites, *(w for w, chosen in zip(voting, choice, strict=True) if chosen == n))
            if any(s in cast for s in members):
                sides.append(Party(members, sum(cast.get(s, 0) for s in members), total))
        out.append(
            Ballot(quorum.name, tuple(sides), tuple(dark), quorum.automatic_failover, quorum.fencing, case)
        )
    return out
