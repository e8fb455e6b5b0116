"""One failure at a time, told with its reasons: what goes dark, who is cut off, which condition fails and by how much."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from capacity.structure import evaluate
from capacity.survival import structure
from capacity.survival_open import open_points
from capacity.survives import Survival, survives
from inventory.inventory import Inventory
from tests.platforms import Data, planned, platform, record
from topology.elements import Layers
from topology.graph import layers


class Platform:
    """A platform to take parts away from."""

    def __init__(self, folder: Path, data: Data) -> None:
        self.inventory: Inventory
        self.inventory, plan = planned(folder, data)
        self.layers: Layers = layers(self.inventory, plan)
        self.cables = {c.id: c for c in plan.cables}

    def without(self, *failed: str) -> Survival:
        return survives(self.inventory, self.layers, failed)

    def cables_of(self, kind: str, *devices: str) -> list[str]:
        """Element keys of the cables of one kind that end at all these devices."""
        return [
            f"cable/{c.id}" for c in self.cables.values()
            if c.kind == kind and {c.a.device, c.b.device} >= set(devices)
        ]  # fmt: skip

    def of(self, fact: str, value: str) -> list[str]:
        """Elements with that fact."""
        return [key for key, e in self.layers.elements.items() if value in e.facts.get(fact, ())]

    def open(self) -> dict[str, list[str]]:
        out: dict[str, list[str]] = {}
        for subject, text in open_points(self.inventory, self.layers):
            assert text.zh
            out.setdefault(subject, []).append(text.en)
        return out


def why(result: Survival, service: str) -> list[str]:
    assert all(text.zh and text.zh != text.en for text in result.reasons[service])
    return [text.en for text in result.reasons[service]]


@pytest.fixture(scope="module")
def two_sites(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    return Platform(tmp_path_factory.mktemp("two"), platform(witness=True, app=2, db=5))


@pytest.fixture(scope="module")
def one_site(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    return Platform(tmp_path_factory.mktemp("one"), platform(("A",), db=5))


def test_nothing_failed(two_sites: Platform) -> None:
    whole = two_sites.without()
    assert all(whole.services.values())
    assert whole.dark == whole.cut_off == ()
    assert not whole.reasons
    assert not whole.shut
    assert whole.serving == ("app@A", "app@B", "db@A", "db@B", "store@A", "store@B")
    assert whole.joined == {"A": ("B", "W"), "B": ("A", "W"), "W": ("A", "B")}
    # 10 servers with one link to each member at 10 Gb/s, over 2 x 2 uplinks at 40 Gb/s
    assert whole.oversubscription == {"A-P1": 200 / 160, "B-P1": 200 / 160}
    assert whole.uplink_gbps == {"A": 160.0, "B": 160.0}


def test_one_side_dead_costs_nothing_both_cost_the_site(two_sites: Platform) -> None:
    side = two_sites.without("ups/A-UA")
    assert side.dark == ()
    both = two_sites.without("ups/A-UA", "ups/A-UB")
    assert len(both.dark) == 10 + 2 + 2
    assert both.services == {"app": True, "db": True, "store": True}
    assert both.serving == ("app@B", "db@B", "store@B")


def test_device_that_needs_both_supplies(tmp_path: Path) -> None:
    data = platform(("A",))
    record(data, "fleets", "a-app")["device_type"] = "hungry-server"
    result = Platform(tmp_path, data).without("panel/A01-PA")
    assert result.dark == ("device/a-app-001", "device/a-app-002")
    assert why(result, "app") == ["0 of 2 devices reached at A"]


def test_generators_of_unstated_power(tmp_path: Path) -> None:
    """Three sets, one of them spare: without utility two must run; with their power stated any one will do."""
    data = platform(("A",))
    data["generators"].append({"name": "A-G3", "site": "A", "rated_kw": 100.0})
    stated = Platform(tmp_path / "stated", data)
    for generator in data["generators"]:
        generator.pop("rated_kw")
    here = Platform(tmp_path / "unstated", data)
    assert here.without("generator/A-G1", "generator/A-G2").dark == ()
    assert here.without("utility/A", "generator/A-G1").dark == ()
    assert len(here.without("utility/A", "generator/A-G1", "generator/A-G2").dark) == 8 + 4
    assert stated.without("utility/A", "generator/A-G1", "generator/A-G2").dark == ()
    assert here.open()["sites/A"] == ["power of its generators is not stated: all but 1 of the sets must run"]


def test_lost_votes_are_counted(one_site: Platform) -> None:
    two = one_site.without("device/a-db-001", "device/a-db-002")
    assert two.services["db"]
    three = one_site.without(*(f"device/a-db-00{n}" for n in (1, 2, 3)))
    assert why(three, "db") == ["a-votes: 3 of 5 votes lost, seen from A"]
    assert why(three, "app") == ["db at A is down: a-votes: 3 of 5 votes lost, seen from A"]


def test_copies_that_can_be_spared(one_site: Platform) -> None:
    assert one_site.without("device/a-store-001").services["store"]
    lost = one_site.without("device/a-store-001", "device/a-store-002")
    assert why(lost, "store") == [
        "a-store: 2 of 3 racks lost a device, up to 2 of 3 copies gone, 1 can be spared"
    ]
    short = "a-store: 2 of 3 racks lost a device, up to 2 of 3 copies gone, 1 can be spared"
    assert why(lost, "db") == [f"store at A is down: {short}"]
    assert why(lost, "app") == [
        f"db at A is down: store at A is down: {short}",
        f"store at A is down: {short}",
    ]


def test_fewer_pairs_than_copies(tmp_path: Path) -> None:
    """Three copies, none two on one pair if it could be helped, but only two pairs: one holds two, one too many to
    lose."""
    data = platform(("A",), pairs=2, store=4)
    record(data, "replica_groups", "a-store")["domain"] = "pair"
    record(data, "fleets", "a-store")["spread"] = {"pairs_min": 2}
    here = Platform(tmp_path, data)
    assert why(here.without("device/a-store-001"), "store") == [
        "a-store: 1 of 2 pairs lost a device, up to 2 of 3 copies gone, 1 can be spared"
    ]


def test_erasure_code_over_racks(tmp_path: Path) -> None:
    """4+2 over three racks: two shards a rack, so one rack may go and two may not."""
    data = platform(("A",))
    record(data, "replica_groups", "a-store").update(scheme="erasure", data_shards=4, parity_shards=2)
    here = Platform(tmp_path, data)
    assert here.without("device/a-store-001").services["store"]
    assert not here.without("device/a-store-001", "device/a-store-002").services["store"]


@pytest.mark.parametrize(
    ("mode", "amount", "alone", "together"),
    [  # 2 servers of 24 cores at each site, 0.85 may be used: 40.8 and 81.6
        ("primary-standby", 40.8, True, True),
        ("primary-standby", 40.81, False, False),
        ("active-active", 40.8, True, True),
        ("active-active", 81.6, False, True),
        ("active-active", 81.61, False, False),
    ],
)
def test_demand(tmp_path: Path, mode: str, amount: float, alone: bool, together: bool) -> None:
    data = platform()
    record(data, "services", "app").update(mode=mode, demand={"measure": "cores", "amount": amount})
    here = Platform(tmp_path, data)
    assert here.without().services["app"] is together
    left = here.without(*here.of("site", "A"))
    assert left.services["app"] is alone
    if mode == "active-active" and together and not alone:
        assert why(left, "app")[:2] == ["48 of 96 cores left at B", "0 of 2 devices reached at A"]


def test_share_that_must_go_on(tmp_path: Path) -> None:
    data = platform()
    demand = {"measure": "devices", "amount": 4.0, "critical_share": 0.5}
    record(data, "services", "app")["demand"] = demand
    here = Platform(tmp_path, data)
    assert here.without(*here.of("site", "A")).services["app"]
    left = here.without(*here.of("site", "A"), "device/b-app-001")
    assert why(left, "app")[0] == "1 of 2 devices left at B"


def test_peer_link_lost_with_a_keepalive(two_sites: Platform) -> None:
    peers = two_sites.cables_of("peer-link", "A-P1A", "A-P1B")
    result = two_sites.without(*peers)
    assert result.shut == {"A-P1": "member-b"}
    assert result.cut_off == ()
    assert result.oversubscription["A-P1"] == 100 / 160
    with_a = two_sites.without(*peers, "device/A-P1A")
    assert with_a.shut == {}
    assert "device/a-app-001" in with_a.reached


def test_peer_link_and_keepalive_lost(two_sites: Platform) -> None:
    peers = two_sites.cables_of("peer-link", "A-P1A", "A-P1B")
    management = two_sites.cables_of("oob", "A-P1B")
    result = two_sites.without(*peers, *management)
    assert result.shut == {"A-P1": "dual-active"}
    assert len(result.cut_off) == 10
    assert result.oversubscription["A-P1"] == 0.0


def test_keepalive_over_the_switches_above(two_sites: Platform) -> None:
    """Each member on its own out-of-band switch: the keepalive needs an uplink of each."""
    homes = {m: two_sites.cables[two_sites.cables_of("oob", m)[0][6:]].b.device for m in ("A-P1A", "A-P1B")}
    assert len(set(homes.values())) == 2
    peers = two_sites.cables_of("peer-link", "A-P1A", "A-P1B")
    uplinks = two_sites.cables_of("oob-uplink", homes["A-P1A"])
    assert len(uplinks) == 2
    assert two_sites.without(*peers, uplinks[0]).shut == {"A-P1": "member-b"}
    assert two_sites.without(*peers, *uplinks).shut == {"A-P1": "dual-active"}
    assert two_sites.without(*peers, "device/A-M1").shut == {"A-P1": "member-b"}
    assert two_sites.without(*peers, "device/A-M1", "device/A-M2").shut == {"A-P1": "dual-active"}


def test_uplinks_of_one_member(two_sites: Platform) -> None:
    """The other member carries it all: over the peer-link too."""
    gone = two_sites.cables_of("uplink", "A-P1A")
    result = two_sites.without(*gone)
    assert result.cut_off == ()
    assert result.oversubscription["A-P1"] == 200 / 80
    dead = two_sites.without(*gone, *two_sites.cables_of("uplink", "A-P1B"))
    assert dead.oversubscription["A-P1"] == math.inf
    assert dead.worst_oversubscription == ("A-P1", math.inf)
    assert dead.uplink_gbps == {"A": 0.0, "B": 160.0}


def test_edge_routers(tmp_path: Path) -> None:
    here = Platform(tmp_path, platform(("A",), routers=True))
    assert here.without("device/A-R1", "device/A-C1").cut_off == ()
    result = here.without("device/A-R1", "existing-link/A-R2C1/1", "existing-link/A-R2C2/1")
    assert why(result, "store") == [
        "0 of 3 devices reached at A",
        "a-store: 3 of 3 racks lost a device, up to 3 of 3 copies gone, 1 can be spared",
    ]


def test_planes_without_a_link_between_them(tmp_path: Path) -> None:
    """Each core switch has its own router: what the cables do not join, nothing joins."""
    data = platform(("A",), routers=True)
    data["existing_links"] = [link for link in data["existing_links"] if link["name"] in ("A-R1C1", "A-R2C2")]
    here = Platform(tmp_path / "planes", data)
    first_plane = here.cables_of("uplink", "A-C1")
    assert here.without("device/A-R2").services["store"]
    assert here.without(*first_plane).services["store"]
    assert not here.without("device/A-R2", *first_plane).services["store"]
    outputs = structure(here.inventory, here.layers)
    assert not evaluate(outputs, {"device/A-R2", *first_plane})[outputs.outputs["store"]]
    assert "site/A" not in dict(here.layers.assumed)

    data["existing_links"] = data["existing_links"][:1]  # of A-C2 nothing is listed yet
    here = Platform(tmp_path / "open", data)
    assert here.without(*here.cables_of("uplink", "A-C1")).services["store"]
    assert "taken as joined" in dict(here.layers.assumed)["site/A"].en


def test_site_lost_with_and_without_witness(two_sites: Platform) -> None:
    gone = two_sites.of("site", "A")
    assert two_sites.without(*gone).services["db"]
    result = two_sites.without(*gone, "site-link/b-w")
    assert why(result, "db")[-1] == "platform: 2 of 3 votes lost, seen from B"


def test_witness_votes_for_one_side_only(two_sites: Platform) -> None:
    split = two_sites.without("site-link/dci-1", "site-link/dci-2")
    assert split.joined == {"A": ("W",), "B": ("W",), "W": ("A", "B")}
    assert "db@A" in split.serving
    assert "db@B" not in split.serving
    other = two_sites.without("site-link/dci-1", "site-link/dci-2", "site-link/a-w")
    assert "db@A" not in other.serving
    assert "db@B" in other.serving
    nobody = two_sites.without("site-link/dci-1", "site-link/dci-2", "place/W")
    assert not nobody.services["db"]
    assert "platform: 2 of 3 votes lost, seen from A" in why(nobody, "db")


def test_switched_over_by_hand(tmp_path: Path) -> None:
    """Without a witness a person decides: no vote is a condition."""
    here = Platform(tmp_path, platform())
    assert here.without(*here.of("site", "A")).services["db"]
    assert here.open()["quorums/platform"] == [
        "switched over by hand: no condition, a person decides which side goes on"
    ]


def test_dependency_at_another_site(tmp_path: Path) -> None:
    data = platform()
    record(data, "services", "store")["sites"] = ["A"]
    data["fleets"] = [f for f in data["fleets"] if f["name"] != "b-store"]
    data["replica_groups"] = [g for g in data["replica_groups"] if g["name"] != "b-store"]
    here = Platform(tmp_path, data)
    assert "db@B" in here.without("device/a-db-001").serving
    apart = here.without("site-link/dci-1", "site-link/dci-2")
    assert apart.serving == ("app@A", "db@A", "store@A")
    result = here.without("device/a-store-001", "device/a-store-002")
    short = "a-store: 2 of 3 racks lost a device, up to 2 of 3 copies gone, 1 can be spared"
    assert f"store does not serve B from A: {short}" in why(result, "db")
    cut = here.without("site-link/dci-1", "site-link/dci-2", "device/a-db-001", "device/a-db-002")
    assert "store does not serve B from A: B does not see it" in why(cut, "db")


def test_service_nobody_carries_is_not_judged(tmp_path: Path) -> None:
    data = platform(("A",))
    data["services"].append(
        {"name": "names", "title": {"en": "names", "zh": "域名"}, "mode": "single", "sites": ["A"]}
    )
    record(data, "services", "app")["depends_on"].append("names")
    here = Platform(tmp_path, data)
    result = here.without()
    assert "names" not in result.services
    assert "names" not in structure(here.inventory, here.layers).outputs
    assert result.services["app"]
    assert here.open()["services/names"] == ["no device of it is listed that is connected: not evaluated"]
    assert (
        "needs names, of which no device is listed that is connected: not evaluated"
        in here.open()["services/app"]
    )


def test_devices_of_undecided_connection_are_not_judged(tmp_path: Path) -> None:
    data = platform(("A",))
    for name in ("a-store", "a-db"):
        record(data, "fleets", name).pop("attach")
        record(data, "fleets", name)["attach_open"] = "nobody has decided"
    here = Platform(tmp_path, data)
    assert here.without().services == {"app": True}
    assert here.open()["services/store"] == ["no device of it is listed that is connected: not evaluated"]
    assert "where a-db connects is not decided: its votes count as not cast" in here.open()["quorums/a-votes"]


def test_pair_with_unknown_keepalive_is_not_judged(tmp_path: Path) -> None:
    data = platform(("A",))
    record(data, "pairs", "A-P1")["keepalive"] = None
    here = Platform(tmp_path, data)
    assert here.without(*here.cables_of("peer-link", "A-P1A", "A-P1B")).shut == {}
    assert here.open()["pairs/A-P1"] == [
        "no keepalive is stated or planned: what its loss does to the pair is not evaluated"
    ]


def test_running_switch_without_listed_links(tmp_path: Path) -> None:
    data = platform(("A",))
    for name in ("A-L1", "A-L2"):
        core = record(data, "existing_switches", "A-C1")
        data["existing_switches"].append({**core, "name": name, "role": "general-access", "pair": "A-L"})
    record(data, "fleets", "a-app")["attach"] = {"pairs": ["A-L"]}
    here = Platform(tmp_path, data)
    assert "device/a-app-001" in here.without("device/A-C1").reached
    assert "device/a-app-001" not in here.without("device/A-C1", "device/A-C2").reached
    assert here.open()["existing_switches/A-L1"] == [
        "no running link of it is listed: taken as cabled to every core switch of its site"
    ]


def test_circle_of_dependencies_holds_nothing_up(tmp_path: Path) -> None:
    data = platform(("A",))
    record(data, "services", "store")["depends_on"] = ["app"]
    here = Platform(tmp_path, data)
    assert here.without().services == {"app": False, "db": False, "store": False}
    assert why(here.without(), "store") == ["app at A is down: db at A is down"]


def test_site_without_core_is_alive_while_a_device_is(tmp_path: Path) -> None:
    data = platform(witness=True)
    core = {"A-C1", "A-C2", "A-M1", "A-M2"}
    data["existing_switches"] = [s for s in data["existing_switches"] if s["name"] not in core]
    for owner in data["pairs"] + data["oob_switches"]:
        if owner["site"] == "A":
            owner.pop("uplinks")
    here = Platform(tmp_path, data)
    assert here.without().alive == ("A", "B", "W")
    assert here.without(*here.of("site", "A")).alive == ("B", "W")
