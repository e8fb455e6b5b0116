"""Batches of random platforms: every host once, nothing together that must not be, the same whatever the order."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.standing import Share, Standing
from topology.batches import Batch, clashes, in_batches


@st.composite
def platforms(draw: st.DrawFn) -> list[Standing]:
    out: list[Standing] = []
    for number in range(draw(st.integers(0, 6))):
        site, racks = draw(st.sampled_from("AB")), draw(st.lists(st.integers(1, 5), min_size=2, max_size=2))
        out += [
            Standing(
                f"SW-{number}{m}",
                "switch",
                site,
                f"{site}{r}",
                40,
                f"SW-{number}",
                draw(st.sampled_from([None, "a", "b"])),
            )
            for m, r in zip("AB", racks, strict=True)
        ]
    for index in range(draw(st.integers(0, 40))):
        shares: list[Share] = []
        rack = f"{draw(st.integers(1, 5))}"
        for group in draw(st.lists(st.sampled_from("xyz"), unique=True, max_size=2)):
            limit = "xyz".index(group) + 1
            shares.append((group, rack if group == "z" else f"srv-{index}", limit))
        where = draw(st.sampled_from(["A", "B", None]))
        side = draw(st.sampled_from([None, None, "a", "b"]))
        out.append(Standing(f"srv-{index}", "server", where, rack, index, None, side, tuple(shares)))
    return out


def forbidden(batch: Batch, devices: dict[str, Standing]) -> list[str]:
    """Every rule, host against host, as written on the wall of the operations room."""
    rows = [devices[h] for h in batch.hosts]
    out = []
    for one, other in combinations(rows, 2):
        if one.pair and one.pair == other.pair:
            out.append(f"{one.name} and {other.name}: one pair")
        if one.site != other.site:
            out.append(f"{one.name} and {other.name}: two sites")
        if one.side and other.side and one.side != other.side:
            out.append(f"{one.name} and {other.name}: both feeds")
    units: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for group, unit, limit in row.shares:
            units[group].add(unit)
            if len(units[group]) > limit:
                out.append(f"{group}: more than {limit}")
    return out


@settings(max_examples=150, deadline=None)
@given(platforms(), st.integers(1, 3), st.sampled_from([0.1, 0.25, 0.5, 1.0]))
def test_nothing_together_that_must_not_be(devices: list[Standing], canary: int, share_max: float) -> None:
    by_name = {d.name: d for d in devices}
    found = in_batches(devices, canary=canary, share_max=share_max)
    assert sorted(h for b in found for h in b.hosts) == sorted(by_name)
    assert [b.number for b in found] == list(range(1, len(found) + 1))
    for batch in found:
        assert batch.hosts
        assert forbidden(batch, by_name) == []
        assert clashes(by_name[h] for h in batch.hosts) == ()
        if batch.step == "canary":
            assert len(batch.hosts) <= canary
        else:
            assert len(batch.hosts) <= max(1, math.floor(len(devices) * share_max))
    assert [b.step for b in found[:1]] == ["canary"] * bool(devices)


@settings(max_examples=50, deadline=None)
@given(platforms(), st.randoms(use_true_random=False))
def test_order_of_the_hosts_never_matters(devices: list[Standing], shuffler: random.Random) -> None:
    mixed = list(devices)
    shuffler.shuffle(mixed)
    assert in_batches(mixed, canary=1, share_max=0.25) == in_batches(devices, canary=1, share_max=0.25)


@settings(max_examples=100, deadline=None)
@given(platforms(), st.data())
def test_a_part_of_a_batch_is_allowed_and_clashes_are_never_missed(
    devices: list[Standing], data: st.DataObject
) -> None:
    by_name = {d.name: d for d in devices}
    if not devices:
        return
    some = tuple(data.draw(st.lists(st.sampled_from(sorted(by_name)), unique=True, max_size=8)))
    told = clashes(by_name[h] for h in some)
    assert bool(told) == bool(forbidden(Batch(1, "rest", some, False), by_name))
    for batch in in_batches(devices, canary=1, share_max=0.5):
        part = data.draw(st.lists(st.sampled_from(batch.hosts), unique=True))
        assert clashes(by_name[h] for h in part) == ()


@settings(max_examples=50, deadline=None)
@given(platforms())
def test_one_of_a_group_at_a_time(devices: list[Standing]) -> None:
    by_name = {d.name: d for d in devices}
    for batch in in_batches(devices, canary=1, share_max=1.0, one_per_group=True):
        groups = [g for h in batch.hosts for g, _, _ in by_name[h].shares]
        assert len(groups) == len(set(groups))
