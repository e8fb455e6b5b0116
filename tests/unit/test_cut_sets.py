"""Cut sets of structures with answers known in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import comb

import pytest

from capacity.cut_sets import CutSets, cut_sets, is_minimal, minimal_cut_sets
from capacity.structure import Gate, Structure
from inventory.findings import Text
from topology.elements import SharedRisk


def servers(count: int, prefix: str = "s") -> tuple[str, ...]:
    return tuple(f"device/{prefix}{n:03}" for n in range(count))


def risk(key: str, *members: str) -> SharedRisk:
    return SharedRisk(key, key.partition(":")[0], Text(key, key), tuple(sorted(members)))


def each(leaves: tuple[str, ...]) -> list[SharedRisk]:
    return [risk(leaf.replace("/", ":", 1), leaf) for leaf in leaves]


def structure(leaves: tuple[str, ...], gates: Mapping[str, Gate], output: str) -> Structure:
    return Structure(leaves, gates, {"s": output})


def brief(found: CutSets) -> list[list[tuple[int, int]]]:
    """Per class: how many of how many, part by part."""
    return [[(count, len(items)) for count, items in c.parts] for c in found.classes]


@pytest.mark.parametrize("count", [3, 64, 65, 150, 200])
def test_any_three_of_n(count: int) -> None:
    leaves = servers(count)
    found = cut_sets(structure(leaves, {"up": Gate("atleast", leaves, count - 2)}, "up"), each(leaves), "s")
    assert (found.of_order(1), found.of_order(2), found.of_order(3)) == (0, 0, comb(count, 3))
    assert brief(found) == [[(3, count)]]


def test_two_sites_fall_together_only() -> None:
    a, b = servers(40, "a"), servers(50, "b")
    gates = {
        "A": Gate("atleast", a, 39),
        "B": Gate("and", b),
        "up": Gate("or", ("A", "B")),
    }
    found = cut_sets(structure(a + b, gates, "up"), each(a + b), "s")
    assert brief(found) == [[(1, 1), (2, 40)]]  # any one of B does the same
    assert found.of_order(3) == comb(40, 2) * 50


def test_groups_of_equal_effect_are_one_item() -> None:
    leaves = ("cable/1", "cable/2", "device/x", "device/y")
    gates = {
        "x": Gate("and", ("device/x", "x:path")),
        "x:path": Gate("or", ("cable/1", "cable/2")),
        "up": Gate("or", ("x", "device/y")),
    }
    groups = [
        *each(leaves),
        risk("nic:x", "cable/1", "cable/2"),
        risk("rack:1", "device/x", "cable/1"),
        risk("oob:1", "cable/oob"),
    ]
    found = cut_sets(structure(leaves, gates, "up"), groups, "s")
    assert found.classes[0].parts == ((2, (("device:x", "nic:x", "rack:1"), ("device:y",))),)
    assert found.without_effect == 1
    assert found.expanded() == [
        ("device:x", "device:y"), ("device:y", "nic:x"), ("device:y", "rack:1"),
        ("cable:1", "cable:2", "device:y"),
    ]  # fmt: skip


def test_more_failures_may_bring_it_back() -> None:
    """B shuts its ports when the link to A is lost and A still lives: losing A too brings B back."""
    leaves = ("device/A", "device/B", "link")
    gates = {
        "alone": Gate("not", ("device/A",)),
        "B opens": Gate("or", ("link", "alone")),
        "B": Gate("and", ("device/B", "B opens")),
    }
    groups = [*each(("device/A", "device/B")), risk("link:1", "link")]
    whole = structure(leaves, gates, "B")
    assert minimal_cut_sets(whole, groups, "s") == [("device:B",), ("link:1",)]
    groups[0] = risk("device:A", "device/A")
    both = [risk("both:1", "device/A", "link"), groups[1]]
    assert minimal_cut_sets(whole, both, "s") == [("device:B",)]


def test_a_not_among_many_groups_is_searched_in_blocks() -> None:
    """Pairs of switches, each with a rule of its own; a service that needs all but two of the ports."""
    leaves: list[str] = []
    gates: dict[str, Gate] = {}
    ports = []
    for n in range(40):
        a, b, link = f"device/p{n:02}A", f"device/p{n:02}B", f"link/{n:02}"
        leaves += [a, b, link]
        gates[f"alone{n}"] = Gate("not", (a,))
        gates[f"open{n}"] = Gate("or", (link, f"alone{n}"))
        gates[f"b{n}"] = Gate("and", (b, f"open{n}"))
        gates[f"port{n}"] = Gate("or", (a, f"b{n}"))
        ports.append(f"port{n}")
    gates["up"] = Gate("and", tuple(ports))
    whole = structure(tuple(leaves), gates, "up")
    groups = each(tuple(leaves))
    assert minimal_cut_sets(whole, groups, "s") == [
        (f"device:p{n:02}A", f"device:p{n:02}B") for n in range(40)
    ]
    gates["up"] = Gate("atleast", tuple(leaves[1::3]), 0)
    gates["some"] = Gate("atleast", tuple(f"b{n}" for n in range(40)), 38)
    found = cut_sets(structure(tuple(leaves), gates, "some"), groups, "s", 3)
    assert found.of_order(3) == comb(40, 3) * 2**3
    assert brief(found) == [[(3, 40)]]
    members = {group.key: group.members for group in groups}
    some = [members[key] for key in found.expanded()[7]]
    assert is_minimal(structure(tuple(leaves), gates, "some"), "s", some)
    assert not is_minimal(structure(tuple(leaves), gates, "some"), "s", some[:2])


def test_down_already_is_the_empty_set() -> None:
    found = cut_sets(structure(("a",), {"up": Gate("or", ())}, "up"), [risk("device:a", "a")], "s")
    assert found.down_already and found.expanded() == [()]


def test_the_order_of_groups_does_not_matter() -> None:
    leaves = servers(6)
    whole = structure(leaves, {"up": Gate("atleast", leaves, 5)}, "up")
    assert cut_sets(whole, each(leaves)[::-1], "s") == cut_sets(whole, each(leaves), "s")
    assert minimal_cut_sets(whole, each(leaves), "s", 2) == [
        tuple(sorted(p)) for p in combinations((g.key for g in each(leaves)), 2)
    ]


def test_orders_outside_one_to_three_are_refused() -> None:
    with pytest.raises(ValueError, match="order 4"):
        cut_sets(structure(("a",), {"up": Gate("and", ("a",))}, "up"), [], "s", 4)
