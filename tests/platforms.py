"""Tiny complete platforms to fail on purpose: written as YAML, loaded and planned like any project.

    inventory, plan = planned(tmp_path / "p", platform())                  # two sites, everything in order
    inventory, plan = planned(tmp_path / "p", random_platform(Random(7)))  # odd ones: single-homed, STS, no witness …

`platform` gives plain data (section -> list of records), so a test breaks one thing by editing a record:

    data = platform(witness=True)
    record(data, "site_links", "b-w").update(via="A")

Names are the same everywhere: sites A, B (and W); racks A01-A01 …; cores A-C1, A-C2; routers A-R1, A-R2 (with
`routers=True` they are the edge); pairs A-P1 …; out-of-band A-O1, A-O2 below A-M1, A-M2; fleets a-app, a-db, a-store;
services app (needs db and store), db (quorums a-votes, b-votes and platform), store (replica groups a-store, b-store);
UPS A-UA, A-UB; panels A01-PA, A01-PB; generators A-G1, A-G2; transfer switch A-S1 in rack A01-A01 for the fleet
a-one (single cord), when asked for. Imported as `from tests.platforms import platform, planned`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import yaml

from capacity.plan import make_plan
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Plan

Data = dict[str, Any]
TODAY = date(2026, 1, 1)

_SERVER = """\
manufacturer: Generic
model: {model}
slug: {slug}
u_height: 1
is_full_depth: true
airflow: front-to-rear
interfaces:
  - {{name: p1, type: 10gbase-x-sfpp}}
  - {{name: p2, type: 10gbase-x-sfpp}}
  - {{name: BMC, type: 1000base-t, mgmt_only: true}}
power-ports: {power}
rackwright:
  kind: server
  components: {components}
  psu: {psu}
  power: {{typical_w: 200, peak_w: 300}}
  sources: {{components: sample, interfaces: sample, power: sample}}
  assumed: {{u_height: sample, is_full_depth: sample, airflow: sample, power-ports: sample, psu.count: sample,
    psu.redundancy: sample, psu.sharing: sample}}
"""
_PARTS = "{{part: cpu-c86-24c-gen3, count: 1}}, {{part: nic-2x10g-sr, count: {nics}}}"
_TWO = "[{name: PSU1, type: iec-60320-c14}, {name: PSU2, type: iec-60320-c14}]"
SERVERS = {
    "small-server": (_TWO, 1, "{count: 2, redundancy: 1+1, sharing: active}"),
    "two-card-server": (_TWO, 2, "{count: 2, redundancy: 1+1, sharing: active}"),
    "cold-server": (_TWO, 1, "{count: 2, redundancy: 1+1, sharing: cold}"),
    "hungry-server": (_TWO, 1, "{count: 2, redundancy: 2+0, sharing: active}"),
    "one-cord-server": (
        "[{name: PSU1, type: iec-60320-c14}]",
        1,
        "{count: 1, redundancy: 1+0, sharing: active}",
    ),
}
"""Device types of these platforms: 24 cores each; two cords, one or two cards, cold standby, both supplies needed,
one cord."""


def title(text: str) -> dict[str, str]:
    """The same title in both languages."""
    return {"en": text, "zh": text}


def record(data: Data, section: str, name: str) -> Data:
    """The record of that name, to be edited in place."""
    found: Data = next(r for r in data[section] if r["name"] == name)
    return found


def planned(folder: Path, data: Data) -> tuple[Inventory, Plan]:
    """The platform written to `folder` (made when missing), loaded and planned. Raises ValueError for faulty data."""
    types = folder / "catalog" / "device-types" / "Generic"
    types.mkdir(parents=True, exist_ok=True)
    for slug, (power, nics, psu) in SERVERS.items():
        parts = f"[{_PARTS.format(nics=nics)}]"
        text = _SERVER.format(model=slug, slug=slug, power=power, components=parts, psu=psu)
        (types / f"{slug}.yaml").write_text(text, encoding="utf-8")
    (folder / "project.yml").write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    loaded = load(folder)
    if loaded.inventory is None or loaded.findings:
        raise ValueError("; ".join(f.to_text() for f in loaded.findings))
    return loaded.inventory, make_plan(loaded.inventory, None, TODAY)


def platform(
    sites: Sequence[str] = ("A", "B"),
    *,
    pairs: int = 1,
    racks: int = 4,
    app: int = 2,
    db: int = 3,
    store: int = 3,
    witness: bool = False,
    routers: bool = False,
    single_corded: bool = False,
) -> Data:
    """A platform of one or two sites in which nothing is wrong. `app`, `db` and `store` count servers per site."""
    data: Data = {"project": {"name": "any", "title": title("any")}}
    for site in sites:
        _site(data, site, pairs, racks, routers, single_corded)
        _fleets(data, site, pairs, {"app": app, "db": db, "store": store})
    _services(data, list(sites))
    if len(sites) == 2:
        a, b = sites
        data["site_links"] = [_site_link("dci-1", a, b), _site_link("dci-2", a, b)]
        votes = [{"site": s, "votes": 1} for s in sites]
        if witness:
            data["sites"].append({"name": "W", "role": "witness", "title": title("W")})
            data["site_links"] += [_site_link(f"{s.lower()}-w", s, "W") for s in sites]
            votes.append({"site": "W", "votes": 1})
        data["quorums"].append(
            {"name": "platform", "title": title("platform"), "scope": "site", "votes": votes,
             "automatic_failover": witness, "fencing": "network"}
        )  # fmt: skip
        record(data, "services", "db")["quorums"].append("platform")
    return data


def _site_link(name: str, a: str, b: str) -> Data:
    return {"name": name, "a": a, "b": b, "route_km": 20.0, "bandwidth_gbps": 10.0}


def _site(data: Data, site: str, pairs: int, racks: int, routers: bool, single_corded: bool) -> None:
    """One site with its room, power, core, out-of-band network and access pairs, added to `data`."""

    def add(section: str, *records: Data) -> None:
        data.setdefault(section, []).extend(records)

    room = f"{site}01"
    feeds = {side: {"panel": f"{room}-P{side.upper()}", "breaker_a": 32.0} for side in "ab"}
    role = {"A": "production", "B": "dr"}.get(site, "dr")
    edge = [f"{site}-R1", f"{site}-R2"] if routers else []
    add("sites", {"name": site, "role": role, "title": title(site), "edge": edge})
    add("rooms", {"name": room, "site": site})
    add("rows", {
        "name": f"{room}-A", "room": room, "x_m": 1.0, "y_m": 2.0, "rack_type": "rack-42u-1200-5kw", "feeds": feeds,
        "racks": [{"name": f"{room}-A{n:02d}", "phase": f"L{(n - 1) % 3 + 1}"} for n in range(1, racks + 1)],
    })  # fmt: skip
    for side in "ab":
        ups = f"{site}-U{side.upper()}"
        add("ups", {"name": ups, "site": site, "side": side, "rated_kva": 60.0, "power_factor": 1.0})
        add("panels", {
            "name": f"{room}-P{side.upper()}", "room": room, "side": side, "ups": ups, "voltage_v": 220.0, "breaker_a": 160.0,
        })  # fmt: skip
    add("generators", *({"name": f"{site}-G{n}", "site": site, "rated_kw": 100.0} for n in (1, 2)))
    for n, (name, kind) in enumerate(
        [
            (f"{site}-C1", "core"),
            (f"{site}-C2", "core"),
            (f"{site}-M1", "oob-core"),
            (f"{site}-M2", "oob-core"),
        ]
        + [(name, "router") for name in edge]
    ):
        port = "1000base-t" if kind == "oob-core" else "40gbase-x-qsfpp"
        cards = [{"card": c, "ports": f"{c}/0/[1-8]"} for c in ("1", "2")]
        add("existing_switches", {
            "name": name, "title": title(name), "site": site, "role": kind, "room": room, "x_m": 1.0 + n, "y_m": 5.0,
            "height_u": 20, "port_type": port, "free_ports": cards,
        })  # fmt: skip
    for r, router in enumerate(edge, 1):
        for c in (1, 2):
            add("existing_links", {
                "name": f"{site}-R{r}C{c}", "a": router, "b": f"{site}-C{c}", "count": 1, "speed_gbps": 40.0,
            })  # fmt: skip
    data.setdefault("port_plans", [
        {"name": "access", "device_type": "access-10g-48s6q", "ranges": {
            "server": "10GE1/0/[1-40]", "keepalive": "10GE1/0/[47-48]", "uplink": "100GE1/0/[1-4]",
            "peer_link": "100GE1/0/[5-6]"}},
        {"name": "oob", "device_type": "oob-1g-48t6s", "ranges": {"oob": "GE1/0/[1-48]", "uplink": "10GE1/0/[1-2]"}},
    ])  # fmt: skip
    fibre = {"cable": "fibre-om4-mpo", "optic": "qsfpp-40g-sr4", "far_optic": "qsfpp-40g-sr4"}
    for n in range(1, pairs + 1):
        add("pairs", {
            "name": f"{site}-P{n}", "title": title("pair"), "device_type": "access-10g-48s6q", "site": site,
            "port_plan": "access", "downlink": {"cable": "fibre-om4-lc", "optic": "sfpp-10g-sr"},
            "uplinks": {"to": [f"{site}-C1", f"{site}-C2"], "per_member": 2, **fibre},
            "peer_link": {"count": 2, **fibre}, "keepalive": "mgmt",
        })  # fmt: skip
    for n in (1, 2):
        add("oob_switches", {
            "name": f"{site}-O{n}", "title": title("oob"), "device_type": "oob-1g-48t6s", "site": site,
            "rows": [f"{room}-A"], "port_plan": "oob", "downlink": {"cable": "copper-cat6"},
            "uplinks": {"to": [f"{site}-M1", f"{site}-M2"], "per_member": 2, "cable": "copper-cat6", "optic": "sfp-1g-t"},
        })  # fmt: skip
    if single_corded:
        add("sts", {"name": f"{site}-S1", "rack": f"{room}-A01", "rating_a": 16.0})
        add(
            "fleets",
            {**_fleet(site, "one", 1, ["app"], pairs), "device_type": "one-cord-server", "sts": f"{site}-S1"},
        )


def _fleet(site: str, name: str, count: int, service: list[str], pairs: int) -> Data:
    return {
        "name": f"{site.lower()}-{name}", "title": title(name), "role": "server", "device_type": "small-server",
        "count": count, "site": site, "service": service[0] if service else None,
        "attach": {"pairs": [f"{site}-P{n}" for n in range(1, pairs + 1)]},
        "spread": {"racks_min": min(count, 3)},
        "supplied": [{"item": "sfpp-10g-sr", "per_unit": 2}],
    }  # fmt: skip


def _fleets(data: Data, site: str, pairs: int, counts: dict[str, int]) -> None:
    low = site.lower()
    for name, count in counts.items():
        if count:
            data.setdefault("fleets", []).append(_fleet(site, name, count, [name], pairs))
    if counts.get("store"):
        data.setdefault("replica_groups", []).append(
            {"name": f"{low}-store", "fleets": [f"{low}-store"], "copies": 3, "racks_min": 3, "pairs_min": 1}
        )
    if counts.get("db"):
        data.setdefault("quorums", []).append(
            {"name": f"{low}-votes", "title": title("votes"), "scope": "rack",
             "votes": [{"site": site, "votes": counts["db"], "fleet": f"{low}-db"}]}
        )  # fmt: skip


def _services(data: Data, sites: list[str]) -> None:
    two = len(sites) == 2
    data.setdefault("quorums", [])
    votes = [q["name"] for q in data["quorums"]]
    data["services"] = [
        {"name": "store", "title": title("store"), "mode": "active-active", "sites": sites},
        {"name": "db", "title": title("db"), "mode": "primary-standby" if two else "single", "sites": sites,
         "depends_on": ["store"], "quorums": votes},
        {"name": "app", "title": title("app"), "mode": "active-active", "sites": sites, "depends_on": ["db", "store"]},
    ]  # fmt: skip


def random_platform(random: Random) -> Data:
    """A platform of two small sites with odd and weak spots, the same for the same state of `random`: some pairs
    without a peer-link or with other keepalives, single-homed fleets, demands, witness, transfer switches."""
    data = platform(
        pairs=random.choice([1, 1, 2, 3]),
        racks=random.choice([3, 4]),
        app=random.choice([1, 2]),
        db=random.choice([1, 2, 3]),
        store=random.choice([2, 3]),
        witness=random.random() < 0.5,
        routers=random.random() < 0.5,
        single_corded=random.random() < 0.4,
    )
    for pair in data["pairs"]:
        odd = random.random()
        if odd < 0.15:
            pair.pop("peer_link")
            pair["mlag"] = random.random() < 0.5
        elif odd < 0.4:
            pair["keepalive"] = "port"
        elif odd < 0.5:
            pair["keepalive"] = None
        pair["uplinks"]["per_member"] = random.choice([1, 2, 2, 4])
    for fleet in data["fleets"]:
        odd = random.random()
        fleet["spread"] = {"racks_min": 1}
        if fleet["device_type"] == "one-cord-server":
            continue
        if odd < 0.15:
            fleet["attach"]["interfaces"] = ["p1"]
        elif odd < 0.4:
            fleet["device_type"] = random.choice(["two-card-server", "cold-server", "hungry-server"])
        elif odd < 0.45:
            fleet.pop("attach")
            fleet["attach_open"] = "not decided"
    for service in data["services"]:
        if random.random() < 0.4:
            measure, each = random.choice([("cores", 24), ("devices", 1)])
            service["demand"] = {
                "measure": measure,
                "amount": float(random.choice([0.5, 1, 2, 3]) * each),
                "critical_share": random.choice([0.5, 0.8, 1.0]),
            }
        if random.random() < 0.2:
            service["sites"] = [random.choice(service["sites"])]
        if random.random() < 0.2:
            service["mode"] = random.choice(["active-active", "primary-standby", "single"])
    for group in data["replica_groups"]:
        group["domain"] = random.choice(["rack", "device", "pair"])
        if random.random() < 0.4:
            group["write_quorum"] = random.choice([1, 2, 3])
        if random.random() < 0.2:
            group.update(
                scheme="erasure", data_shards=random.choice([1, 2, 4]), parity_shards=random.choice([1, 2])
            )
    for link in data["site_links"]:
        if random.random() < 0.2 and {link["a"], link["b"]} != {"A", "B"}:
            link["via"] = "A" if "B" in (link["a"], link["b"]) else "B"
    if random.random() < 0.3:
        record(data, "quorums", "platform")["automatic_failover"] = random.random() < 0.7
    if random.random() < 0.2:
        for vote in record(data, "quorums", "platform")["votes"][:2]:
            vote["fleet"] = f"{vote['site'].lower()}-db"
    if random.random() < 0.1:
        record(data, "services", "store")["depends_on"] = ["app"]
    if random.random() < 0.3:
        data["generators"] = [{k: v for k, v in g.items() if k != "rated_kw"} for g in data["generators"]]
        data["generators"].append({**data["generators"][0], "name": "A-G3"})
    if random.random() < 0.3:
        _running_pair(data, random.random() < 0.5)
    if random.random() < 0.3 and "existing_links" not in data:
        data["existing_links"] = [{"name": "core", "a": "A-C1", "b": "B-C1", "count": random.choice([1, 2])}]
    return data


def _running_pair(data: Data, linked: bool) -> None:
    """A pair at A that stands already, A-L1 and A-L2, with the fleet a-app moved onto it; its links to the core are
    listed or not."""
    for name in ("A-L1", "A-L2"):
        data["existing_switches"].append({
            "name": name, "title": title(name), "site": "A", "role": "general-access", "pair": "A-L", "room": "A01",
            "x_m": 8.0, "y_m": 5.0, "height_u": 20, "port_type": "10gbase-x-sfpp",
            "free_ports": [{"card": "1", "ports": "1/0/[1-16]"}],
        })  # fmt: skip
        if linked:
            data.setdefault("existing_links", []).append(
                {"name": f"{name}-up", "a": name, "b": f"A-C{name[-1]}", "count": 2, "speed_gbps": 40.0}
            )
    for fleet in data["fleets"]:
        if fleet["name"] == "a-app" and "attach" in fleet:
            fleet["attach"] = {"pairs": ["A-L"]}
