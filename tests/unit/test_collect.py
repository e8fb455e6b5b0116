"""Reading many devices at once: emulated switches, a dead one, an interrupted run, and what servers answer."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import asyncssh
import pytest
from typer.testing import CliRunner

from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from rackwright.cli.app import app
from rackwright.cli.reach import Chosen
from rackwright.lab.emulator.device import BgpPeer, Neighbour, PortState, Switch
from rackwright.lab.emulator.session import listen
from rackwright.lab.emulator.tree import from_text
from rackwright.lab.emulator.vrp import VRP
from rackwright.lab.emulator.vrp_shell import VrpShell
from topology.facts import DeviceFacts, SeenNeighbour
from topology.observe.collect import Access, Target, collect
from topology.observe.record import Record
from topology.observe.servers import COMMANDS, server_facts
from topology.observe.session import Credentials, Timeouts
from topology.observe.vrp import bgp_of, clock_offset_ms, optics_of, ports_of
from topology.platforms.render import render
from topology.switch_intent import switch_configs

PAIR = ("A-ASW-01A", "A-ASW-01B")


class Site:
    """The two members of a pair, each on a loopback address of its own, at one port."""

    def __init__(self, folder: Path) -> None:
        inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
        assert inventory is not None
        assert plan is not None
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.switches: dict[str, Switch] = {}
        self.address: dict[str, str] = {}
        self.port = 0
        self.known_hosts = folder / "known_hosts"
        self.swapped: tuple[str, str] | None = None
        self.cables = {c.id: c for c in plan.cables if c.kind != "console"}
        self.configs = {c.host: c for c in switch_configs(inventory, plan) if c.host in PAIR}
        self.sessions_down: set[str] = set()
        texts = {name: render(c) for name, c in self.configs.items()}
        public = " ".join(self.key.export_public_key().decode().split()[:2])
        rows = []
        for n, name in enumerate(PAIR, 1):
            switch = Switch(
                name, VRP, "CE6881", f"SN{n}", "V200R020", {"u": "hush-hush"}, from_text(VRP, texts[name]),
                neighbours=partial(self.seen, name), ports=partial(self.up, name),
                bgp_peers=partial(self.peers, name),
            )  # fmt: skip
            switch.saved = switch.text()
            self.switches[name], self.address[name] = switch, f"127.81.0.{n}"
            self.port = asyncio.run_coroutine_threadsafe(
                self.begin(switch, self.address[name]), self.loop
            ).result()
            rows.append(f"[{self.address[name]}]:{self.port} {public}\n")
        self.known_hosts.write_text("".join(rows))

    async def begin(self, switch: Switch, address: str) -> int:
        """Listen; the port."""
        port: int = (await listen(switch, VrpShell, self.key, host=address, port=self.port)).get_port()
        return port

    def seen(self, name: str) -> list[Neighbour]:
        """What a switch hears, two cables swapped at the switch if asked for."""
        out = []
        for cable in self.cables.values():
            a, b = cable.a, cable.b
            if self.swapped and cable.id in self.swapped:
                other = self.cables[self.swapped[1 - self.swapped.index(cable.id)]]
                b = other.b
            for near, far in ((a, b), (b, a)):
                if near.device == name and near.port:
                    out.append(Neighbour(near.port, "00", far.device, far.port or "100GE9/0/1"))
        return out

    def peers(self, name: str) -> list[BgpPeer]:
        """Every planned BGP neighbour, established unless put down."""
        bgp = self.configs[name].bgp
        return [
            BgpPeer(p.address, p.asn, "Active" if p.address in self.sessions_down else "Established", 60)
            for p in (bgp.neighbours if bgp else ())
        ]

    def up(self, name: str) -> list[PortState]:
        """Every cabled port, up."""
        return [PortState(n.port, True, True, 10, -2.0, -2.0) for n in self.seen(name)]

    def access(self, **other: float) -> Access:
        """How to get in, in a hurry."""
        times = Timeouts(**{"connect_s": 3, "answer_s": 2, "commit_s": 2, **other})
        return Access(Credentials("u", "hush-hush"), None, self.known_hosts, timeouts=times)

    def targets(self) -> list[Target]:
        """Both members."""
        return [Target(n, self.address[n], "huawei_vrp", self.port) for n in PAIR]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("site"))
    yield found

    async def end() -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    asyncio.run_coroutine_threadsafe(end(), found.loop).result()
    found.loop.call_soon_threadsafe(found.loop.stop)


def test_facts_and_raw_answers_with_their_sums(site: Site, tmp_path: Path) -> None:
    told: list[str] = []
    facts = collect(site.targets(), site.access(), Record(tmp_path), done=lambda f, now: told.append(f.name))
    assert sorted(told) == list(PAIR)
    first = facts[PAIR[0]]
    assert (first.error, first.serial, first.model, first.version) == ("", "SN1", "CE6881", "V200R020")
    assert first.neighbours is not None
    assert len(first.neighbours) == len(site.seen(PAIR[0]))
    assert first.time_offset_ms is not None
    assert abs(first.time_offset_ms) < 2000
    for evidence in first.evidence:
        content = (tmp_path / evidence.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == evidence.sha256
        assert evidence.at.endswith("Z")
    assert "hush-hush" not in "".join(f.read_text() for f in tmp_path.rglob("*") if f.is_file())


def test_a_dead_device_a_hung_one_and_one_without_an_address_stop_nobody(site: Site, tmp_path: Path) -> None:
    site.switches[PAIR[1]].faults.hang.append("display interface brief")
    try:
        targets = [
            *site.targets(), Target("dead", "127.81.0.9", "huawei_vrp", 1), Target("nowhere", None, "huawei_vrp"),
            Target("strange", "127.81.0.9", "abacus"), Target("srv", "127.81.0.9", None, 1),
        ]  # fmt: skip
        facts = collect(targets, site.access(answer_s=1), Record(tmp_path))
    finally:
        site.switches[PAIR[1]].faults.hang.clear()
    assert list(facts) == [t.name for t in targets]
    assert facts[PAIR[0]].error == ""
    half = facts[PAIR[1]]
    assert "`display interface brief`: no answer within 1 s" in half.error
    assert half.neighbours is not None
    assert half.ports is None
    assert "no session" in facts["dead"].error
    assert facts["nowhere"].error == "no address planned"
    assert facts["strange"].error == "no driver for platform abacus"
    assert facts["srv"].error == "no login for servers given"


def test_a_slow_switch_tells_the_same_as_a_quick_one(site: Site, tmp_path: Path) -> None:
    """What is left of its login is not taken for the answers to what is asked first."""
    quick = collect(site.targets()[:1], site.access(), Record(tmp_path / "quick"))[PAIR[0]]
    site.switches[PAIR[0]].faults.slow_s = 0.15
    try:
        slow = collect(site.targets()[:1], site.access(), Record(tmp_path / "slow"))[PAIR[0]]
    finally:
        site.switches[PAIR[0]].faults.slow_s = 0.0
    for part in ("error", "serial", "neighbours", "ports", "configuration", "sessions", "hostname"):
        assert getattr(slow, part) == getattr(quick, part), part


def test_a_resumed_run_asks_only_whom_it_has_to(site: Site, tmp_path: Path) -> None:
    first = collect(site.targets()[:1], site.access(), Record(tmp_path))
    asked: dict[str, bool] = {}
    again = collect(
        site.targets(),
        site.access(),
        Record(tmp_path),
        resume=True,
        done=lambda f, now: asked.update({f.name: now}),
    )
    assert asked == {PAIR[0]: False, PAIR[1]: True}
    assert again[PAIR[0]] == first[PAIR[0]]
    tampered = next((tmp_path / "raw" / PAIR[0]).iterdir())
    tampered.write_text("something else\n")
    collect(
        site.targets(),
        site.access(),
        Record(tmp_path),
        resume=True,
        done=lambda f, now: asked.update({f.name: now}),
    )
    assert asked == {PAIR[0]: True, PAIR[1]: False}


def test_an_unreadable_or_failed_record_is_not_taken_for_facts(tmp_path: Path) -> None:
    record = Record(tmp_path)
    record.write(DeviceFacts("a", "off"))
    assert record.read("a") is None
    record.write(DeviceFacts("b", serial="1", neighbours=(SeenNeighbour("p", "s", "r"),)))
    assert record.read("b") == DeviceFacts("b", serial="1", neighbours=(SeenNeighbour("p", "s", "r"),))
    (tmp_path / "facts" / "b.json").write_text('{"name": "b"')
    assert record.read("b") is None


def test_the_verb_is_green_then_names_a_swap_then_green_again(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RACKWRIGHT_USER", "u")
    monkeypatch.setenv("RACKWRIGHT_PASSWORD", "hush-hush")
    monkeypatch.setattr(Chosen, "address", lambda _, host: site.address.get(host))
    options = [
        "verify",
        "-p",
        "guangxi",
        "--pair",
        "A-ASW-01",
        "--only",
        "switches",
        "--port",
        str(site.port),
    ]
    options += ["--known-hosts", str(site.known_hosts), "--out", str(tmp_path)]
    green = CliRunner().invoke(app, options)
    assert green.exit_code == 0, green.output
    assert "verdict: accepted | 结论：合格" in green.stdout
    cables = [c.id for c in site.cables.values() if c.kind == "access" and c.b.device == PAIR[0]][:2]
    site.swapped = (cables[0], cables[1])
    red = CliRunner().invoke(app, options)
    assert red.exit_code == 1
    assert f"VER002 SWAPPED   cable {cables[0]} {cables[1]}" in red.stdout
    data = json.loads(CliRunner().invoke(app, [*options, "--format", "json"]).stdout)
    assert [r["subject"] for r in data["results"] if r["verdict"] != "pass"] == [" ".join(cables)]
    assert "<failure" in CliRunner().invoke(app, [*options, "--format", "junit"]).stdout
    site.swapped = None
    bgp = site.configs[PAIR[0]].bgp
    assert bgp is not None
    site.sessions_down = {bgp.neighbours[0].address}
    silent = CliRunner().invoke(app, options)
    assert f"VER019 DIFFERENT session {PAIR[0]}:{bgp.neighbours[0].address}" in silent.stdout
    site.sessions_down = set()
    assert CliRunner().invoke(app, options).exit_code == 0


LLDP = {"lldp": [{"interface": [{
    "name": "ens1", "chassis": [{"id": [{"type": "mac", "value": "00:01"}], "name": [{"value": "A-ASW-01A"}]}],
    "port": [{"id": [{"type": "ifname", "value": "10GE1/0/7"}]}]}]}]}  # fmt: skip
OWN = {"lldp": [{"interface": [{"name": "ens1", "port": [{"id": [{"type": "local", "value": "p1"}]}]}]}]}
LINKS = [
    {"ifname": "lo", "flags": ["UP"], "mtu": 65536, "link_type": "loopback"},
    {
        "ifname": "ens1",
        "flags": ["UP", "LOWER_UP"],
        "mtu": 9000,
        "operstate": "UP",
        "link_type": "ether",
        "master": "bond0",
    },
    {
        "ifname": "ens2",
        "flags": ["UP"],
        "mtu": 9000,
        "operstate": "DOWN",
        "link_type": "ether",
        "master": "bond0",
    },
    {
        "ifname": "bond0",
        "flags": ["UP"],
        "mtu": 9000,
        "link_type": "ether",
        "linkinfo": {"info_kind": "bond"},
    },
]


def test_what_a_server_answers() -> None:
    texts = (
        json.dumps(OWN), json.dumps(LLDP), json.dumps(LINKS), "", "# comment\nABC123\n", "Not Specified\n",
        'PRETTY_NAME="Kylin Linux Advanced Server V10"\n',
        "0A000001,10.0.0.1,3,0.0,-0.000150,0.0,0.0,0.0,0.0,0.0,0.0,0.0,64.0,Normal\n", "a-ecs-001\n",
    )  # fmt: skip
    facts = server_facts("s", {c: (0, t) for c, t in zip(COMMANDS, texts, strict=True)})
    assert facts.neighbours == (SeenNeighbour("p1", "A-ASW-01A", "10GE1/0/7"),)
    assert (facts.serial, facts.model, facts.version) == ("ABC123", None, "Kylin Linux Advanced Server V10")
    assert (facts.bond_members_up, facts.mtu_bytes, facts.hostname) == (1, 9000, "a-ecs-001")
    assert facts.time_offset_ms == pytest.approx(0.15), "chrony says negative for fast"
    assert [(p.name, p.up) for p in facts.ports or ()] == [("p1", True), ("ens2", False)]


def test_a_member_that_is_up_and_in_no_aggregate_of_the_bond_does_not_count() -> None:
    def member(name: str, aggregator: int, mii: str = "UP") -> dict[str, object]:
        data = {"mii_status": mii, "ad_aggregator_id": aggregator}
        return {
            "ifname": name, "flags": ["UP", "LOWER_UP"], "mtu": 9000, "link_type": "ether", "master": "bond0",
            "linkinfo": {"info_slave_kind": "bond", "info_slave_data": data},
        }  # fmt: skip

    bond = {
        "ifname": "bond0", "flags": ["UP"], "mtu": 9000, "link_type": "ether",
        "linkinfo": {"info_kind": "bond", "info_data": {"mode": "802.3ad", "ad_info": {"aggregator": 1, "num_ports": 1}}},
    }  # fmt: skip

    def up(*members: dict[str, object]) -> int | None:
        return server_facts("s", {COMMANDS[2]: (0, json.dumps([*members, bond]))}).bond_members_up

    assert up(member("a", 1), member("b", 1)) == 2
    assert up(member("a", 1), member("b", 2)) == 1, "no LACP answer on b: an aggregate of its own"
    assert up(member("a", 1), member("b", 1, "DOWN")) == 1


def test_a_server_that_tells_nothing_is_not_run() -> None:
    facts = server_facts("s", dict.fromkeys(COMMANDS, (127, "not found")))
    assert facts == DeviceFacts("s")
    assert (
        server_facts(
            "s", {COMMANDS[7]: (0, "7F7F0101,,10,0,0,0,0,0,0,0,0,0,0,Not synchronised")}
        ).time_offset_ms
        is None
    )


def test_displays_of_other_versions_are_read() -> None:
    assert ports_of("100GE1/0/1     *down  down  0% 0% 0 0\nEth-Trunk1  up(l)  up 0% 0% 0 0\n") == {
        "100GE1/0/1": (False, False), "Eth-Trunk1": (True, True),
    }  # fmt: skip
    real = "Port Status RxPw(dBm) TxPw(dBm)\n10GE1/0/1 normal -3.10 -2.20\n10GE1/0/2 absent -- --\n"
    assert optics_of(real) == {"10GE1/0/1": (-3.1, -2.2)}
    assert optics_of("Port Rx(dBm) Tx(dBm)\n10GE1/0/1 -3.10 -2.20\n10GE1/0/2 - -\n") == {
        "10GE1/0/1": (-3.1, -2.2)
    }
    shown = "2026-01-01 08:00:00\nThursday\nTime Zone(Beijing) : UTC+08:00\n"
    assert clock_offset_ms(shown, 1767225600.5) == 0
    peers = bgp_of(
        " BGP local router ID        : 10.0.0.1\n Local AS number            : 65001\n"
        "  10.1.0.0        4       65100     10       12     0  00:10:05   Established        5\n"
        "  10.1.0.2        4       65100      0        0     0  00:00:00          Idle        0\n"
    )["global"]["peers"]
    assert {a: (p["is_up"], p["uptime"]) for a, p in peers.items()} == {
        "10.1.0.0": (True, 605),
        "10.1.0.2": (False, -1),
    }
