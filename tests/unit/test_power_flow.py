"""Power after a failure: published examples with their numbers, rules of sharing and opening, and Guangxi."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import combinations

import networkx as nx
import pytest

from capacity.load_lines import leg_voltage_v, load_lines, phase_voltage_v
from capacity.plant import feed_cap_w
from capacity.power_flow import Draws, flow, may_trip, power_loads, trips, worst_loads
from capacity.power_limits import Limit
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.model import Panel
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from topology.elements import Layers, SharedRisk
from topology.graph import layers as layers_of_plan
from topology.risk import shared_risks


class Plant:
    """A power layer put together by hand: paths from source to load, and what devices draw in W (or A, or kVA:
    the rules do not depend on the unit)."""

    def __init__(self, *paths: str) -> None:
        self.graph: nx.DiGraph[str] = nx.DiGraph()
        for path in paths:
            nx.add_path(self.graph, path.split())
        self.draw: dict[str, float | None] = {}
        self.limits: dict[str, Limit] = {}

    def device(self, name: str, draw: float | None, **attributes: object) -> None:
        self.graph.add_node(f"device/{name}", **attributes)
        self.draw[f"device/{name}"] = draw

    def rate(self, key: str, limit: float | None, trip: float | None = None, *opens: str) -> None:
        self.limits[key] = Limit(limit, trip, opens)

    @property
    def layers(self) -> Layers:
        return Layers({}, nx.MultiGraph(), self.graph, nx.MultiGraph(), nx.DiGraph())

    @property
    def draws(self) -> Draws:
        return Draws(self.draw, self.draw, self.limits)

    def after(self, *failed: str) -> Mapping[str, float]:
        return flow(self.layers, self.draws, failed).load_w


def single(key: str) -> SharedRisk:
    return SharedRisk(f"one:{key}", "one", Text(key, key), (key,))


# ---------------------------------------------------------------- published examples


@pytest.mark.parametrize(
    ("voltage_v", "breaker_a", "share", "phases", "watts"),
    [
        # HP, "Power basics for IT professionals", tables 4 and 5: branch circuits in North America (80 %, three
        # phases between lines: x 1.732) and in Europe (phase to neutral: x 3), in VA.
        (120, 20, 0.8, 1, 1920),
        (208, 20, 0.8, 3, 5764),
        (208, 30, 0.8, 3, 8646),
        (208, 60, 0.8, 3, 17292),
        (230, 32, 1.0, 1, 7360),
        (230, 32, 1.0, 3, 22080),
        (230, 63, 1.0, 3, 43470),
        # NetBox power feed: V x A x utilisation, x 1.732 for three phases; its defaults 120 V, 15 A, 80 %.
        (120, 15, 0.8, 1, 1440),
        (400, 32, 0.8, 3, 17735),
    ],
)
def test_published_ratings_of_feeds(
    voltage_v: float, breaker_a: float, share: float, phases: int, watts: float
) -> None:
    panel = Panel.model_validate(
        {"name": "P", "room": "A01", "side": "a", "ups": "U", "voltage_v": voltage_v, "phases": phases}
    )
    voltage = leg_voltage_v(panel) if phases == 3 else phase_voltage_v(panel)
    cap = feed_cap_w(voltage, breaker_a, max_util=share, pf=1.0, phases=3 if phases == 3 else 1)
    assert cap == pytest.approx(watts, abs=1.5)


def test_two_ups_at_40_percent_are_one_at_80() -> None:
    """Northern Power, data centres: 800 kVA on 2 x 1000 kVA, 40 % each; after the loss of one, 80 %."""
    plant = Plant("ups/A feed/a psu/x/1 device/x", "ups/B feed/b psu/x/2 device/x")
    plant.device("x", 800)
    for side in "AB":
        plant.rate(f"ups/{side}", 1000, 1000)
    normal, lost = (flow(plant.layers, plant.draws, f) for f in ((), ("ups/B",)))
    assert normal.utilisation("ups/A") == pytest.approx(0.40)
    assert lost.utilisation("ups/A") == pytest.approx(0.80)


def test_modules_in_parallel_share_what_is_left() -> None:
    """AEG Protect 1, active redundancy: 15 kVA on six modules of 4 kVA: 2.5 each, 3 with five, 3.75 with four."""
    plant = Plant(*(f"ups/M{i} panel/P psu/x/1 device/x" for i in range(6)))
    plant.device("x", 15)
    for i in range(6):
        plant.rate(f"ups/M{i}", 4, 4)
    assert plant.after()["ups/M5"] == pytest.approx(2.5)
    assert plant.after("ups/M0")["ups/M5"] == pytest.approx(3.0)
    assert plant.after("ups/M0", "ups/M1")["ups/M5"] == pytest.approx(3.75)
    third = flow(plant.layers, plant.draws, ("ups/M0", "ups/M1", "ups/M2"))
    assert [o.round for o in third.opened] == [1, 1, 1]
    assert third.opened[0].load_w == pytest.approx(5.0)
    assert third.dark == ("device/x",)


def domino() -> Plant:
    """Compaq ProLiant BL e-Class, "The Domino Effect": four enclosures of 10 A, two supplies each on two PDUs with
    output breakers of 15 A and an input limit of 24 A."""
    plant = Plant()
    for i in range(1, 5):
        for pdu in (1, 2):
            nx.add_path(plant.graph, [f"pdu/{pdu}", f"bank/{pdu}/{i}", f"psu/e{i}/{pdu}", f"device/e{i}"])
            plant.rate(f"bank/{pdu}/{i}", 15, 15)
        plant.device(f"e{i}", 10)
    for pdu in (1, 2):
        plant.rate(f"pdu/{pdu}", 24, 24)
    return plant


def test_one_supply_fails_and_two_strips_follow() -> None:
    plant = domino()
    assert plant.after()["pdu/1"] == 20
    assert plant.after()["bank/1/4"] == 5
    result = flow(plant.layers, plant.draws, ("psu/e4/2",))
    steps = [(o.round, o.element, o.load_w, o.trip_w) for o in result.opened]
    assert steps == [(1, "pdu/1", 25, 24), (2, "pdu/2", 30, 24)]
    assert result.dark == ("device/e1", "device/e2", "device/e3", "device/e4")
    assert result.highest_w["pdu/1"] == 25
    assert trips(plant.layers, plant.draws, [("psu/e4/2",), (), ("device/e1",)]) == [
        ("pdu/1", "pdu/2"),
        (),
        (),
    ]


def test_the_whole_load_falls_on_the_other_strip() -> None:
    """The same page, when PDU 1 or its source fails: 40 A on PDU 2."""
    result = flow(domino().layers, domino().draws, ("pdu/1",))
    assert [(o.round, o.element, o.load_w) for o in result.opened] == [(1, "pdu/2", 40)]


def test_13_and_14_a_are_27_of_24_a() -> None:
    """A hosting customer's question: a pair of 30 A circuits, 24 A allowed (80 %), 13 A and 14 A on them: 27 A on one
    circuit after a failure: 112.5 % of what is allowed, 90 % of the breaker, which stays closed."""
    plant = Plant("feed/a psu/x/1 device/x", "feed/b psu/x/2 device/x", "feed/b psu/y/1 device/y")
    plant.device("x", 26)
    plant.device("y", 1)
    for side in "ab":
        plant.rate(f"feed/{side}", 24, 30)
    assert (plant.after()["feed/a"], plant.after()["feed/b"]) == (13, 14)
    result = flow(plant.layers, plant.draws, ("feed/a",))
    assert result.utilisation("feed/b") == pytest.approx(1.125)
    assert result.overloaded() == ("feed/b",)
    assert result.opened == ()


def test_three_cords_of_which_two_are_needed() -> None:
    """Schneider Electric, "Dual power paths": equipment with three cords, any two needed, cannot lose one path."""
    plant = Plant("feed/a psu/x/1 device/x", "feed/a psu/x/2 device/x", "feed/b psu/x/3 device/x")
    plant.device("x", 3000, needs_psus=2)
    assert plant.after()["feed/a"] == 2000
    assert flow(plant.layers, plant.draws, ("feed/b",)).dark == ()
    assert plant.after("feed/b")["psu/x/1"] == 1500
    assert flow(plant.layers, plant.draws, ("feed/a",)).dark == ("device/x",)


def test_a_hot_spare_carries_nothing_until_the_first_supply_is_gone() -> None:
    """Dell PowerEdge R430, hot spare: the active supply carries 100 % of the load."""
    plant = Plant("feed/a psu/x/1 device/x", "feed/b psu/x/2 device/x")
    plant.device("x", 500, sharing="cold")
    assert (plant.after()["feed/a"], plant.after()["feed/b"]) == (500, 0)
    assert plant.after("psu/x/1")["feed/b"] == 500


# ---------------------------------------------------------------- rules


def rack_at_its_limit(peak_w: float) -> Plant:
    """Two feeds of 220 V x 32 A at 80 % and power factor 0.95: 5350.4 W for long, 6688 W until they open."""
    plant = Plant(
        "ups/A feed/a bank/a1 psu/x/1 device/x", "ups/B feed/b bank/b1 psu/x/2 device/x",
        "feed/a bank/a2 psu/y/1 device/y", "feed/b bank/b2 psu/y/2 device/y",
    )  # fmt: skip
    plant.device("x", peak_w / 2)
    plant.device("y", peak_w / 2)
    for side in "ab":
        plant.rate(f"feed/{side}", 220 * 32 * 0.8 * 0.95, 220 * 32 * 0.95)
    return plant


def test_a_2n_rack_at_its_limit_reads_100_percent_not_50() -> None:
    plant = rack_at_its_limit(5350.4)
    assert flow(plant.layers, plant.draws, ()).utilisation("feed/a") == pytest.approx(0.5)
    assert flow(plant.layers, plant.draws, ("ups/B",)).utilisation("feed/a") == pytest.approx(1.0)
    worst = {
        w.element: w for w in worst_loads(plant.layers, plant.draws, [single("ups/A"), single("ups/B")]).loads
    }
    assert worst["feed/a"].utilisation == pytest.approx(1.0)
    assert worst["feed/a"].failure == ("one:ups/B",)
    assert flow(plant.layers, plant.draws, ("ups/B",)).overloaded() == ()
    assert not may_trip(plant.layers, plant.draws)


def test_5_kw_on_one_feed_leaves_7_percent() -> None:
    plant = rack_at_its_limit(5000)
    assert flow(plant.layers, plant.draws, ("feed/b",)).utilisation("feed/a") == pytest.approx(
        0.9345, abs=1e-4
    )
    assert pytest.approx(23.92, abs=0.01) == 5000 / (220 * 0.95)


def test_a_breaker_at_its_rating_stays_closed_and_above_it_opens() -> None:
    plant = rack_at_its_limit(6688)
    assert flow(plant.layers, plant.draws, ("ups/B",)).opened == ()
    plant = rack_at_its_limit(6690)
    result = flow(plant.layers, plant.draws, ("ups/B",))
    assert [o.element for o in result.opened] == ["feed/a"]
    assert result.dark == ("device/x", "device/y")


def test_45_percent_on_each_side_is_90_after_the_loss_of_one() -> None:
    """200 kW of racks on 2N UPS of 222.2 kW each: the 90 % a lease allows is met on one side alone."""
    plant = Plant("ups/A feed/a psu/x/1 device/x", "ups/B feed/b psu/x/2 device/x")
    plant.device("x", 200_000)
    for side in "AB":
        plant.rate(f"ups/{side}", 200_000 / 0.9, 200_000 / 0.9)
    assert flow(plant.layers, plant.draws, ()).utilisation("ups/A") == pytest.approx(0.45)
    assert flow(plant.layers, plant.draws, ("ups/B",)).utilisation("ups/A") == pytest.approx(0.90)


def test_a_catcher_carries_one_lost_system_and_opens_at_two() -> None:
    """Two systems of 100 kW at 90 %, a third one as catcher behind transfer switches, idle in the normal state."""
    plant = Plant(
        "ups/1 sts/1 psu/x/1 device/x", "ups/C sts/1", "ups/2 sts/2 psu/y/1 device/y", "ups/C sts/2",
    )  # fmt: skip
    plant.graph.nodes["sts/1"]["prefer"], plant.graph.nodes["sts/2"]["prefer"] = "ups/1", "ups/2"
    plant.device("x", 90_000)
    plant.device("y", 90_000)
    for name in ("1", "2", "C"):
        plant.rate(f"ups/{name}", 100_000, 100_000)
    assert plant.after()["ups/C"] == 0
    assert flow(plant.layers, plant.draws, ("ups/1",)).utilisation("ups/C") == pytest.approx(0.90)
    both = flow(plant.layers, plant.draws, ("ups/1", "ups/2"))
    assert [(o.element, o.load_w) for o in both.opened] == [("ups/C", 180_000)]
    assert both.dark == ("device/x", "device/y")


def test_three_systems_at_two_thirds_are_two_at_full_load() -> None:
    """Distributed redundant, three to make two: each pair of systems carries a third of the load on dual cords."""
    plant = Plant()
    for name, (first, second) in {"x": ("1", "2"), "y": ("2", "3"), "z": ("1", "3")}.items():
        nx.add_path(plant.graph, [f"ups/{first}", f"psu/{name}/1", f"device/{name}"])
        nx.add_path(plant.graph, [f"ups/{second}", f"psu/{name}/2", f"device/{name}"])
        plant.device(name, 200)
    assert plant.after() == {**plant.after(), "ups/1": 200, "ups/2": 200, "ups/3": 200}
    assert plant.after("ups/3") == {**plant.after("ups/3"), "ups/1": 300, "ups/2": 300}


def test_a_single_cord_behind_a_transfer_switch_moves_to_the_other_source() -> None:
    plant = Plant("feed/a sts/S psu/x/1 device/x", "feed/b sts/S")
    plant.graph.nodes["sts/S"]["prefer"] = "feed/b"
    plant.device("x", 300)
    plant.rate("sts/S", 240, 300)
    assert (plant.after()["feed/a"], plant.after()["feed/b"]) == (0, 300)
    lost = flow(plant.layers, plant.draws, ("feed/b",))
    assert (lost.load_w["feed/a"], lost.utilisation("sts/S")) == (300, 1.25)
    assert lost.opened == ()
    plant.rate("sts/S", 240, 299)
    assert [o.element for o in flow(plant.layers, plant.draws, ()).opened] == ["sts/S"]


def test_the_breaker_nearest_to_the_load_opens_and_spares_the_one_above() -> None:
    """Bank and feed both above their rating: the bank opens first, and then the feed is below its own."""
    plant = Plant("feed/a bank/1 psu/x/1 device/x", "feed/a bank/2 psu/y/1 device/y")
    plant.device("x", 4000)
    plant.device("y", 3000)
    plant.rate("feed/a", 5350, 6688)
    plant.rate("bank/1", 2675, 3344)
    plant.rate("bank/2", 2675, 3344)
    result = flow(plant.layers, plant.draws, ())
    assert [(o.round, o.element) for o in result.opened] == [(1, "bank/1")]
    assert result.load_w["feed/a"] == 3000
    assert result.highest_w["feed/a"] == 7000
    assert result.dark == ("device/x",)


def test_two_breakers_open_one_after_the_other() -> None:
    """Feed a fails, bank b1 opens with the load of both sides, its feed holds; device y on b2 stays up."""
    plant = rack_at_its_limit(7000)
    for bank in ("a1", "a2", "b1", "b2"):
        plant.rate(f"bank/{bank}", 2675, 3344)
    result = flow(plant.layers, plant.draws, ("feed/a",))
    assert [(o.round, o.element, o.load_w) for o in result.opened] == [
        (1, "bank/b1", 3500),
        (1, "bank/b2", 3500),
    ]
    assert result.dark == ("device/x", "device/y")


def test_one_phase_above_its_rating_opens_all_three() -> None:
    plant = Plant("panel/P phase/P/L1 psu/x/1 device/x", "panel/P phase/P/L2 psu/y/1 device/y")
    plant.device("x", 14_000)
    plant.device("y", 1_000)
    for phase in ("L1", "L2"):
        plant.rate(f"phase/P/{phase}", 10_534, 13_167, "panel/P")
    plant.rate("panel/P", 31_601, 39_501)
    result = flow(plant.layers, plant.draws, ())
    assert [(o.element, o.cause) for o in result.opened] == [("panel/P", "phase/P/L1")]
    assert result.dark == ("device/x", "device/y")
    assert trips(plant.layers, plant.draws, [()]) == [("panel/P",)]


def test_generators_carry_what_the_utility_did_and_share_it() -> None:
    plant = Plant("utility/A ups/A psu/x/1 device/x", "generator/1 ups/A", "generator/2 ups/A")
    plant.device("x", 300)
    plant.rate("generator/1", 180, 200)
    plant.rate("generator/2", 180, 200)
    assert (plant.after()["utility/A"], plant.after()["generator/1"]) == (300, 0)
    assert plant.after("utility/A")["generator/1"] == 150
    second = flow(plant.layers, plant.draws, ("utility/A", "generator/1"))
    assert [o.element for o in second.opened] == ["generator/2"]
    worst = {
        w.element: w
        for w in worst_loads(plant.layers, plant.draws, map(single, sorted(plant.graph)), 2).loads
    }
    assert worst["generator/2"].load_w == 300
    assert worst["generator/2"].failure == ("one:generator/1", "one:utility/A")


def test_an_unknown_draw_makes_a_lower_bound_and_is_never_zero() -> None:
    plant = Plant("ups/A feed/a psu/x/1 device/x", "feed/a psu/y/1 device/y", "ups/A feed/b psu/z/1 device/z")
    plant.device("x", None)
    plant.device("y", 100)
    plant.device("z", 100)
    for key in ("ups/A", "feed/a", "feed/b"):
        plant.rate(key, 500, 500)
    result = flow(plant.layers, plant.draws, ())
    assert result.at_least["feed/a"] == result.at_least["ups/A"] == ("device/x",)
    assert "feed/b" not in result.at_least
    assert {"feed/a", "ups/A"} <= set(result.not_evaluated())
    bound = may_trip(plant.layers, plant.draws)
    assert (bool(bound), sorted(bound.unproven)) == (False, ["feed/a", "ups/A"])
    worst = {w.element: w for w in worst_loads(plant.layers, plant.draws, []).loads}
    assert worst["ups/A"].at_least == ("device/x",)
    assert flow(plant.layers, plant.draws, ("device/x",)).at_least == {}


def test_an_element_of_unknown_rating_never_opens_and_is_named() -> None:
    plant = Plant("feed/a psu/x/1 device/x")
    plant.device("x", 10_000)
    plant.rate("psu/x/1", None, None)
    result = flow(plant.layers, plant.draws, ())
    assert result.opened == ()
    assert result.not_evaluated() == ("device/x", "feed/a", "psu/x/1")
    assert may_trip(plant.layers, plant.draws).unrated == ("feed/a", "psu/x/1")


def test_two_failures_open_what_neither_opens_alone() -> None:
    """Eight devices of 100 W on two banks, 400 W each. One supply lost: 450 W on the other bank; two: 500 W, it
    opens at 475 W, and the six devices left put 600 W on the first."""
    plant = Plant()
    for i in range(8):
        nx.add_path(plant.graph, ["bank/0", f"psu/d{i}/0", f"device/d{i}"])
        nx.add_path(plant.graph, ["bank/1", f"psu/d{i}/1", f"device/d{i}"])
        plant.device(f"d{i}", 100)
    plant.rate("bank/1", 400, 475)
    risks = [single(f"psu/d{i}/0") for i in range(8)]
    for order, watts in ((1, 400), (2, 600)):
        found = {w.element: w for w in worst_loads(plant.layers, plant.draws, risks, order).loads}
        assert found["bank/0"].load_w == pytest.approx(watts)
        assert len(found["bank/0"].failure) == (order if order == 2 else 0)
    opened = flow(plant.layers, plant.draws, ("psu/d0/0", "psu/d1/0"))
    assert [(o.element, o.load_w) for o in opened.opened] == [("bank/1", 500)]
    assert opened.dark == ("device/d0", "device/d1")


def test_an_order_other_than_one_and_two_is_refused() -> None:
    with pytest.raises(ValueError, match="order 3"):
        worst_loads(Plant().layers, Plant().draws, [], 3)


# ---------------------------------------------------------------- Guangxi


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    found = load(PROJECTS / "guangxi").inventory
    assert found is not None
    return found


@pytest.fixture(scope="module")
def plan() -> Plan:
    found = load_plan(PROJECTS / "guangxi").plan
    assert found is not None
    return found


@pytest.fixture(scope="module")
def layers(inventory: Inventory, plan: Plan) -> Layers:
    return layers_of_plan(inventory, plan)


@pytest.fixture(scope="module")
def draws(inventory: Inventory, layers: Layers) -> Draws:
    return power_loads(inventory, layers)


def test_limits_of_guangxi(draws: Draws) -> None:
    limits = draws.limits
    assert limits["feed/A01-A02/a"].limit_w == pytest.approx(5350.4)
    assert limits["feed/A01-A02/a"].trip_w == pytest.approx(6688)
    assert limits["bank/A01-A02/pdu-a/B1"].limit_w == pytest.approx(2675.2)
    assert limits["outlet/A01-A02/pdu-a/B1-C13-01"].limit_w == pytest.approx(220 * 10 * 0.95)
    assert limits["ups/B-UPS-A"].limit_w == pytest.approx(90_000)
    assert limits["ups/B-UPS-A"].trip_w == pytest.approx(100_000)
    assert limits["generator/B-GEN-1"].limit_w == pytest.approx(150_000 / 1.5 * 0.9)
    assert limits["panel/A01-PA"] == Limit(None, None, why="breaker unknown")


def test_a_server_of_table_s1_moves_from_half_to_all(layers: Layers, draws: Draws) -> None:
    server = next(k for k in draws.peak_w if k.startswith("device/a-central-rdb-"))
    supplies = sorted(layers.power.predecessors(server))
    assert draws.peak_w[server] == pytest.approx(748.6, abs=0.1)
    assert draws.alloc_w[server] == pytest.approx(624.8, abs=0.1)
    assert flow(layers, draws, ()).load_w[supplies[0]] == pytest.approx(374.3, abs=0.1)
    assert flow(layers, draws, (supplies[1],)).load_w[supplies[0]] == pytest.approx(748.6, abs=0.1)


def test_nothing_opens_in_guangxi_whatever_fails(layers: Layers, draws: Draws) -> None:
    bound = may_trip(layers, draws)
    assert bound.elements == ()
    assert not bound.unproven
    assert {"panel/A01-PA", "phase/B01-PB/L3"} <= set(bound.unrated)
    assert flow(layers, draws, [k for k in layers.power if k.startswith("ups/A-UPS-A")]).dark == ()


@pytest.mark.parametrize(("column", "dead"), [("peak_w", ""), ("peak_a_dead_w", "a"), ("peak_b_dead_w", "b")])
def test_flow_agrees_with_the_load_lines_of_the_plan(
    inventory: Inventory, plan: Plan, layers: Layers, draws: Draws, column: str, dead: str
) -> None:
    """Both sides alive and either side dead: every outlet, bank, feed, phase, panel and UPS carries the same."""
    failed = [f"feed/{f.name}" for r in inventory.racks.values() for f in r.feeds.values() if f.side == dead]
    found = flow(layers, draws, failed).load_w
    on_generators = flow(layers, draws, [*failed, "utility/A", "utility/B"]).load_w
    compared = 0
    for line in load_lines(inventory, plan.devices, plan.cords):
        if line.kind == "rack":
            continue
        expected = getattr(line, column)
        if line.kind == "generator":
            site = line.element.partition("/")[0]
            sets = [k for k in on_generators if k.startswith(f"generator/{site}-")]
            assert sum(on_generators[k] for k in sets) == pytest.approx(expected, abs=0.06)
        else:
            assert found.get(f"{line.kind}/{line.element}", 0.0) == pytest.approx(expected, abs=0.06)
        compared += 1
    assert compared > 500


def test_worst_loads_of_a_rack_equal_every_pair_tried_alone(
    inventory: Inventory, layers: Layers, draws: Draws
) -> None:
    near = {f"device/{d}" for d in ("a-control-2-003",)}
    for element in ("pdu/A01-A02/pdu-a", "ups/A-UPS-A", "generator/A-GEN-1", "utility/A", "phase/A01-PA/L2"):
        near.add(element)
    risks = [
        r for r in shared_risks(inventory, layers)
        if near & set(r.members) and r.kind not in ("site", "room", "software", "cable", "nic")
    ]  # fmt: skip
    assert len(risks) > 8
    highest: dict[str, float] = {}
    for size in range(3):
        for chosen in combinations(risks, size):
            for key, watts in flow(layers, draws, {m for r in chosen for m in r.members}).highest_w.items():
                highest[key] = max(highest.get(key, 0.0), watts)
    found = {w.element: w.load_w for w in worst_loads(layers, draws, risks, 2).loads}
    assert found == pytest.approx(highest)


def test_worst_loads_hold_for_a_sample_of_all_pairs(
    inventory: Inventory, layers: Layers, draws: Draws
) -> None:
    """No pair of groups, drawn with a fixed seed, brings any element above the worst load found for it."""
    risks = shared_risks(inventory, layers)
    worst = {w.element: w for w in worst_loads(layers, draws, risks, 2).loads}
    powered = [r for r in risks if any(m in layers.power for m in r.members)]
    generator = random.Random(7)
    for _ in range(60):
        first, second = generator.sample(powered, 2)
        for key, watts in flow(layers, draws, {*first.members, *second.members}).load_w.items():
            assert watts <= worst[key].load_w * (1 + 1e-9), (first.key, second.key, key)
    members = {r.key: r.members for r in risks}
    for key in generator.sample(sorted(worst), 60):
        failed = {m for group in worst[key].failure for m in members[group]}
        assert flow(layers, draws, failed).load_w[key] == pytest.approx(worst[key].load_w)


def test_tightest_elements_of_guangxi(inventory: Inventory, layers: Layers, draws: Draws) -> None:
    found = worst_loads(layers, draws, shared_risks(inventory, layers), 1).heaviest(1)[0]
    assert found.utilisation is not None
    assert 0.5 < found.utilisation <= 1.0
    assert found.failure != ()
