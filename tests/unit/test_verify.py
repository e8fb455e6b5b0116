"""Cables against what both ends see: swaps, rings, lost ends, dead devices, ports nobody surveyed, cables nobody planned."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Cable, Plan
from inventory.plan_store import load_plan
from rackwright.cli.verify_text import acceptance, junit_text, report, share, wrapped
from topology.facts import DeviceFacts, Evidence, SeenNeighbour, SeenPort
from topology.verify import Result, verify_cables
from topology.verify_codes import CODES, NOT_RUN, code_of
from topology.verify_devices import verify_devices

PAIR = ("A-ASW-01A", "A-ASW-01B")
EVIDENCE = (Evidence("display lldp neighbor", "2026-01-01T00:00:00Z", "raw/x.txt", "0" * 64),)


@cache
def project() -> tuple[Inventory, Plan]:
    """The real project, cut down to the cables of one pair."""
    inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
    assert inventory is not None
    assert plan is not None
    kinds = ("access", "uplink", "peer-link")
    return inventory, replace(
        plan,
        cables=tuple(
            c for c in plan.cables if c.kind in kinds and (c.a.device in PAIR or c.b.device in PAIR)
        ),
    )


@cache
def theirs() -> frozenset[str]:
    """Core switches that stand already."""
    _, plan = project()
    return frozenset(e.device for c in plan.cables for e in (c.a, c.b) if e.port is None)


def access() -> list[Cable]:
    """Cables of one member to servers."""
    return [c for c in project()[1].cables if c.kind == "access" and PAIR[0] in (c.a.device, c.b.device)]


def seen(moved: dict[str, str] | None = None, gone: tuple[str, ...] = ()) -> dict[str, DeviceFacts]:
    """What every device of ours sees. `moved`: the switch end of the first cable stands where the second's should."""
    _, plan = project()
    cables = {c.id: c for c in plan.cables}
    rows: dict[str, list[SeenNeighbour]] = {}
    for cable in plan.cables:
        a, b = cable.a, cable.b
        if moved and cable.id in moved:
            other = cables[moved[cable.id]]
            b = other.b
        for near, far in ((a, b), (b, a)):
            rows.setdefault(near.device, [])
            if near.port and cable.id not in gone:
                rows[near.device].append(SeenNeighbour(near.port, far.device, far.port or "100GE9/0/1"))
    return {
        d: DeviceFacts(
            d, neighbours=tuple(found), evidence=EVIDENCE,
            ports=tuple(SeenPort(n.port, True, True) for n in found),
        )
        for d, found in rows.items()
        if d not in theirs()
    }  # fmt: skip


def judge(facts: dict[str, DeviceFacts]) -> list[Result]:
    return verify_cables(project()[1], facts, theirs())


def bad(results: list[Result]) -> list[tuple[str, str]]:
    return [(r.subject, r.verdict) for r in results if r.verdict != "pass"]


def test_as_planned_passes_also_where_nobody_surveyed_the_port() -> None:
    results = judge(seen())
    assert len(results) == len(project()[1].cables)
    assert bad(results) == []
    assert any(c.b.port is None or c.a.port is None for c in project()[1].cables)


def test_a_swapped_pair_is_one_finding_with_both_labels_and_what_to_do() -> None:
    first, second = access()[:2]
    results = judge(seen({first.id: second.id, second.id: first.id}))
    assert bad(results) == [(f"{first.id} {second.id}", "swapped")]
    (swap,) = (r for r in results if r.verdict == "swapped")
    assert {first.label_a, first.label_b, second.label_a, second.label_b} == set(swap.labels)
    assert swap.fix is not None
    ports = [f"{PAIR[0]}:{(c.a if c.a.device == PAIR[0] else c.b).port}" for c in (first, second)]
    assert f"from {ports[0]} to {ports[1]}" in swap.fix.en
    assert f"from {ports[1]} to {ports[0]}" in swap.fix.en
    assert "接反" in swap.message.zh


def test_swapped_uplinks_to_ports_nobody_surveyed_are_one_finding_with_places_on_our_side() -> None:
    ups = [c for c in project()[1].cables if c.kind == "uplink" and PAIR[0] in (c.a.device, c.b.device)]
    ours = {c.id: (c.a if c.a.device == PAIR[0] else c.b) for c in ups}
    far = {c.id: (c.b if c.a.device == PAIR[0] else c.a) for c in ups}
    assert all(end.port is None for end in far.values())
    first = ups[0]
    second = next(c for c in ups if far[c.id].device != far[first.id].device)
    facts = seen()
    told = {
        ours[first.id].port: far[second.id].device,
        ours[second.id].port: far[first.id].device,
    }
    facts[PAIR[0]] = replace(
        facts[PAIR[0]],
        neighbours=tuple(
            replace(n, system=told.get(n.port, n.system)) for n in facts[PAIR[0]].neighbours or ()
        ),
    )
    (swap,) = (r for r in judge(facts) if r.verdict != "pass")
    assert (set(swap.subject.split()), swap.verdict) == ({first.id, second.id}, "swapped")
    assert swap.fix is not None
    one, two = (f"{PAIR[0]}:{ours[c.id].port}" for c in (first, second))
    assert f"from {one} to {two}" in swap.fix.en
    assert f"from {two} to {one}" in swap.fix.en


def without(facts: dict[str, DeviceFacts], device: str, ports: set[str | None]) -> None:
    """Take what a device hears on some of its ports out of the facts."""
    heard = facts[device].neighbours or ()
    facts[device] = replace(facts[device], neighbours=tuple(n for n in heard if n.port not in ports))


def test_one_way_names_the_direction_and_leaves_the_plugs_alone() -> None:
    cable, facts = access()[0], seen()
    without(facts, PAIR[0], {cable.a.port if cable.a.device == PAIR[0] else cable.b.port})
    (row,) = (r for r in judge(facts) if r.verdict != "pass")
    server = cable.b if cable.a.device == PAIR[0] else cable.a
    assert (row.subject, row.verdict) == (cable.id, "missing")
    assert f"nothing arrives from {server.device}:{server.port}" in row.message.en
    assert row.fix is not None
    assert "leave the plugs where they are" in row.fix.en


def test_a_device_that_shows_half_of_its_neighbours_is_not_many_broken_fibres() -> None:
    facts = seen()
    ports = {(c.a if c.a.device == PAIR[0] else c.b).port for c in access()[:4]}
    without(facts, PAIR[0], ports)
    rows = [r for r in judge(facts) if r.verdict != "pass"]
    assert {r.verdict for r in rows} == {"not run"}
    assert len({r.message.en for r in rows}) == 1
    assert f"hear {PAIR[0]} and are not among the neighbours it shows" in rows[0].message.en


def test_a_server_without_lldp_is_told_so_and_is_no_missing_cable() -> None:
    cable, facts = access()[0], seen()
    server = cable.b if cable.a.device == PAIR[0] else cable.a
    theirs = {
        e.port for c in project()[1].cables for e in (c.a, c.b) if server.device in (c.a.device, c.b.device)
    }
    for member in PAIR:
        without(facts, member, {p for p in theirs if p and p.startswith("10GE")})
    facts[server.device] = replace(facts[server.device], neighbours=None)
    rows = [r for r in judge(facts) if server.device in r.expected]
    assert {r.verdict for r in rows} == {"not run"}
    assert all(f"{server.device} sends no LLDP" in r.message.en for r in rows)
    assert "lldpd" in rows[0].message.zh


def test_a_neighbour_without_a_name_passes_when_the_other_end_names_us() -> None:
    cable, facts = access()[0], seen()
    port = (cable.a if cable.a.device == PAIR[0] else cable.b).port
    rows = [
        replace(n, system="02:00:00:00:00:09") if n.port == port else n
        for n in facts[PAIR[0]].neighbours or ()
    ]
    facts[PAIR[0]] = replace(facts[PAIR[0]], neighbours=tuple(rows))
    assert bad(judge(facts)) == []


def test_a_ring_of_three_is_one_finding() -> None:
    a, b, c = (x.id for x in access()[:3])
    results = judge(seen({a: b, b: c, c: a}))
    (found,) = bad(results)
    assert found[1] == "swapped"
    assert set(found[0].split()) == {a, b, c}


def test_two_swaps_are_two_findings() -> None:
    a, b, c, d = (x.id for x in access()[:4])
    assert [v for _, v in bad(judge(seen({a: b, b: a, c: d, d: c})))] == ["swapped", "swapped"]


def test_lost_on_one_end_or_both_is_missing_with_the_state_of_the_port() -> None:
    cable = access()[0]
    both = judge(seen(gone=(cable.id,)))
    assert bad(both) == [(cable.id, "missing")]
    facts = seen()
    end = cable.a
    own = facts[end.device]
    assert own.neighbours is not None
    facts[end.device] = replace(
        own, neighbours=tuple(n for n in own.neighbours if n.port != end.port),
        ports=(SeenPort(str(end.port), True, False),),
    )  # fmt: skip
    one = judge(facts)
    assert bad(one) == [(cable.id, "missing")]
    text = next(r for r in one if r.verdict == "missing").message.en
    assert text == f"no neighbour at {end.device}:{end.port}; link down"


def test_a_cable_to_a_free_port_is_different_and_nothing_else() -> None:
    cable = access()[0]
    facts = seen()
    server = cable.a if cable.a.device != PAIR[0] else cable.b
    old = facts[server.device]
    assert old.neighbours is not None
    facts[server.device] = replace(
        old, neighbours=tuple(replace(n, remote_port="10GE1/0/99") if n.port == server.port else n for n in old.neighbours)
    )  # fmt: skip
    results = judge(facts)
    assert bad(results) == [(cable.id, "different")]
    assert "found A-ASW-01A:10GE1/0/99" in next(r for r in results if r.verdict == "different").message.en


def test_a_dead_device_is_not_run_and_stops_nothing_else() -> None:
    cable = access()[0]
    server = cable.a.device if cable.a.device != PAIR[0] else cable.b.device
    facts = seen()
    facts[server] = DeviceFacts(server, "no session within 15 s")
    results = judge(facts)
    hanging = [c.id for c in project()[1].cables if server in (c.a.device, c.b.device)]
    assert bad(results) == [(c, "not run") for c in hanging]
    assert "no session within 15 s" in next(r for r in results if r.verdict == "not run").message.en
    assert all(r.verdict == "not run" for r in judge({n: DeviceFacts(n, "off") for n in facts}))
    assert all(r.verdict == "not run" for r in judge({}))


def test_an_unplanned_cable_is_extra() -> None:
    facts = seen()
    own = facts[PAIR[0]]
    assert own.neighbours is not None
    facts[PAIR[0]] = replace(own, neighbours=(*own.neighbours, SeenNeighbour("10GE1/0/48", "laptop", "eth0")))
    assert ("A-ASW-01A:10GE1/0/48", "extra") in bad(judge(facts))


def test_a_silent_bmc_is_not_run_unless_its_port_is_down() -> None:
    cable = access()[0]
    far = (cable.a.device, str(cable.a.port))
    blind = frozenset({far})
    facts = seen(gone=(cable.id,))
    here = cable.b
    own = facts[here.device]
    for up, verdict in ((True, "not run"), (False, "missing")):
        facts[here.device] = replace(own, ports=(SeenPort(str(here.port), True, up),))
        results = verify_cables(project()[1], facts, theirs(), blind)
        assert bad(results) == [(cable.id, verdict)]


def test_devices_against_the_plan() -> None:
    inventory, plan = project()
    facts = seen()
    name = next(c.a.device for c in access() if c.a.device != PAIR[0])
    facts[name] = replace(facts[name], mtu_bytes=1500, bond_members_up=1, time_offset_ms=250.0)
    facts[PAIR[0]] = replace(facts[PAIR[0]], version="V1", time_offset_ms=-9e5)
    facts[PAIR[1]] = replace(facts[PAIR[1]], version="V2", ports=(SeenPort("100GE1/0/1", False, False),))
    results = [r for r in verify_devices(inventory, plan, facts) if r.verdict == "different"]
    found = {(r.test, r.subject): r.message.en for r in results}
    assert found["mtu", name] == "MTU 1500 bytes, 9000 intended"
    assert found["bond", name] == "1 of 2 bond members up"
    assert found["time", name] == "clock is 250 ms fast, limit 100 ms"
    assert ("time", PAIR[0]) in found
    assert found["version", " ".join(PAIR)] == "A-ASW-01A runs V1, A-ASW-01B V2"
    assert "shut down" in found["port", "A-ASW-01B:100GE1/0/1"]


def test_what_was_not_read_is_not_run() -> None:
    inventory, plan = project()
    results = verify_devices(inventory, plan, {PAIR[0]: DeviceFacts(PAIR[0], "no session")})
    assert results
    assert {r.verdict for r in results} == {"not run"}


def test_acceptance_says_coverage_beside_the_share_that_passed() -> None:
    first, second = access()[:2]
    facts = seen({first.id: second.id, second.id: first.id})
    dead = next(c.a.device for c in access()[5:])
    facts[dead] = DeviceFacts(dead, "off")
    results = judge(facts)
    rows = acceptance(results)
    total = len(project()[1].cables)
    assert rows[0].startswith(f"cables: {total - 4} of {total} pass;")
    assert "2 swapped, 2 not run" in rows[0]
    assert "覆盖率" in rows[1]
    assert "接反 2，未执行 2" in rows[1]
    assert rows[-1] == "verdict: not accepted | 结论：不合格"
    assert acceptance(judge(seen()))[-1] == "verdict: accepted | 结论：合格"
    assert acceptance([])[-1] == "verdict: not accepted | 结论：不合格"
    assert (share(999, 1000), share(1000, 1000), share(1, 100000), share(0, 9)) == (
        "99.9 %",
        "100 %",
        "0.1 %",
        "0 %",
    )


def test_the_screen_fits_and_names_labels_and_the_move(tmp_path: object) -> None:
    first, second = access()[:2]
    text = report(judge(seen({first.id: second.id, second.id: first.id})), None)  # type: ignore[arg-type]
    assert "VER002 SWAPPED" in text
    for cable in (first, second):
        assert cable.label_a in text.replace("\n           ", " ")
    assert "to do    move plug" in text
    assert "display lldp neighbor (raw/x.txt)" in text
    assert max(len(row) for row in text.splitlines() if row.startswith("  ")) <= 120
    assert wrapped("x", "一，" * 40, 60)[1].startswith("           ")


def test_junit_counts_not_run_as_skipped() -> None:
    facts = seen(gone=(access()[0].id,))
    facts[access()[1].a.device] = DeviceFacts(access()[1].a.device, "off")
    text = junit_text(judge(facts), None)  # type: ignore[arg-type]
    assert 'failures="1" skipped="2"' in text


@pytest.mark.parametrize(("test", "verdict"), CODES)
def test_every_verdict_has_a_code_that_is_explained(test: str, verdict: str) -> None:
    from inventory.checks import REGISTRY

    page = REGISTRY[code_of(test, verdict)].doc
    assert "How to fix:" in page
    assert code_of(test, "pass") == ""
    assert code_of(test, "not run") == NOT_RUN
