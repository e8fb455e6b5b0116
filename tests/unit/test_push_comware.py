"""Pushing to an emulated Comware switch: lines take effect at once, a timer takes them back."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncssh
import pytest
from napalm.base.base import NetworkDriver

from inventory.fields import Title
from inventory.model_operations import Secret
from rackwright.lab.emulator.comware import COMWARE
from rackwright.lab.emulator.comware_shell import ComwareShell
from rackwright.lab.emulator.device import Faults, Neighbour, PortState, Switch
from rackwright.lab.emulator.session import listen
from rackwright.lab.emulator.tree import from_text
from topology.model_diff import differences
from topology.observe.collect import Access, Target, collect
from topology.observe.comware import ComwareDriver, clock_offset_ms
from topology.observe.driver_base import NotOnThisPlatformError
from topology.observe.push import Checks, PushResult, push
from topology.observe.record import Record
from topology.observe.secrets import Vault
from topology.observe.session import Credentials, Timeouts
from topology.platforms.render import parse
from topology.switch_config import Port, Server, SwitchConfig

NAME, VALUE = "B-ASW-01A", "kept-out-of-sight"
WANTED = SwitchConfig(
    NAME, "h3c_comware", vlans=((101, "ecs"),),
    ports=(
        Port("10GE1/0/1", "uplink", "core:1", address="10.0.0.1/31", mtu=9000),
        Port("10GE1/0/2", "unused", "unused", enabled=False),
        Port("10GE1/0/3", "uplink", "hosts", tagged=(101,)),
    ),
    servers=(Server("snmp", "10.1.1.1", "watcher", "snmp-key"),),
)  # fmt: skip
SECRETS = {
    "snmp-key": Secret(name="snmp-key", title=Title(en="key", zh="密钥"), source="env", key="SNMP_KEY")
}


class Bench:
    """Emulated Comware switches on the loopback."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.touch()

    def switch(self, *, lonely: bool = False) -> tuple[Switch, int]:
        """A switch that sees its core, or loses it with the new configuration; and its port."""
        made: list[Switch] = []

        def seen() -> list[Neighbour]:
            gone = lonely and "10.0.0.1" in made[0].text()
            return [] if gone else [Neighbour("10GE1/0/1", "0011-2233-4455", "core", "1")]

        async def begin() -> int:
            port: int = (await listen(made[0], ComwareShell, self.key)).get_port()
            return port

        made.append(
            Switch(
                NAME, COMWARE, "S6850", "SN7", "7.1.070 Release 6616P01", {"u": "p"},
                from_text(COMWARE, f"sysname {NAME}\n#\nvlan 7\n#\n"), neighbours=seen,
                ports=lambda: [PortState("10GE1/0/1", True, True)],
            )
        )  # fmt: skip
        port = asyncio.run_coroutine_threadsafe(begin(), self.loop).result()
        public = " ".join(self.key.export_public_key().decode().split()[:2])
        with self.known_hosts.open("a") as file:
            file.write(f"[127.0.0.1]:{port} {public}\n")
        return made[0], port

    def driver(self, port: int) -> ComwareDriver:
        """A driver in a hurry."""
        options = {
            "port": port, "known_hosts": self.known_hosts, "timeouts": Timeouts(5, 1, 1),
            "vault": Vault(SECRETS, environment={"SNMP_KEY": VALUE}),
        }  # fmt: skip
        return ComwareDriver("127.0.0.1", "u", "p", 5, options)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    found = Bench(tmp_path_factory.mktemp("bench"))
    yield found

    async def end() -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    asyncio.run_coroutine_threadsafe(end(), found.loop).result()
    found.loop.call_soon_threadsafe(found.loop.stop)


def run(bench: Bench, port: int) -> PushResult:
    return push(WANTED, bench.driver(port), checks=Checks({"10GE1/0/1": ("core", "1")}, 0.5), revert_in_s=60)


def test_confirmed_saved_and_nothing_to_do_again(bench: Bench) -> None:
    switch, port = bench.switch()
    result = run(bench, port)
    assert result.outcome == "confirmed", result.message
    assert differences(WANTED, parse("h3c_comware", switch.text())) == []
    assert switch.trial is None
    assert switch.saved == switch.text()
    assert "- vlan 7" in result.diff
    assert VALUE not in "".join([result.diff, result.transcript, result.before, str(result.steps)])
    assert run(bench, port).outcome == "no change"


FAULTS: dict[str, tuple[Callable[[Faults], object], str]] = {
    "hangs between lines": (lambda f: f.hang.append("interface"), "rolled back"),
    "drops the session between lines": (lambda f: f.drop.append("interface"), "rolled back"),
    "forgets what it is told": (lambda f: setattr(f, "forget_commit", True), "refused"),
    "refuses the timer": (
        lambda f: f.lie.update({"configuration commit": " % Wrong parameter found\n"}),
        "refused",
    ),
    "refuses the login": (lambda f: setattr(f, "refuse_login", True), "unreachable"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_faulty_switch_ends_as_it_was(bench: Bench, case: str) -> None:
    make, outcome = FAULTS[case]
    switch, port = bench.switch()
    before = switch.text()
    make(switch.faults)
    result = run(bench, port)
    assert result.outcome == outcome, result.message
    assert switch.text() == before
    assert switch.trial is None


def test_a_lost_neighbour_is_rolled_back(bench: Bench) -> None:
    switch, port = bench.switch(lonely=True)
    before = switch.text()
    result = run(bench, port)
    assert result.outcome == "rolled back", result.message
    assert "core was seen before, now nobody" in result.message
    assert switch.text() == before


def test_facts_by_the_names_of_the_plan(bench: Bench, tmp_path: Path) -> None:
    _, port = bench.switch()
    access = Access(Credentials("u", "p"), None, bench.known_hosts, timeouts=Timeouts(5, 2, 2))
    facts = collect([Target(NAME, "127.0.0.1", "h3c_comware", port)], access, Record(tmp_path))[NAME]
    assert (facts.error, facts.serial, facts.model) == ("", "SN7", "S6850")
    assert [(n.port, n.system, n.remote_port) for n in facts.neighbours or ()] == [("10GE1/0/1", "core", "1")]
    assert ("10GE1/0/1", True) in [(p.name, p.up) for p in facts.ports or ()]
    assert facts.time_offset_ms is not None
    assert abs(facts.time_offset_ms) < 2000


def test_clocks_without_a_told_zone_are_not_read() -> None:
    assert clock_offset_ms("08:00:00 Beijing Thu 01/01/2026\n", 0) is None
    told = "08:00:00 Beijing Thu 01/01/2026\nTime Zone : Beijing add 08:00:00\n"
    assert clock_offset_ms(told, 1767225600.5) == 0


def test_everything_napalm_names_is_done_or_refused_with_a_reason(bench: Bench) -> None:
    written = {n for c in ComwareDriver.__mro__ if c not in (NetworkDriver, object) for n in vars(c)}
    names = {n for n, _ in inspect.getmembers(NetworkDriver, inspect.isfunction) if not n.startswith("_")}
    assert names <= written, sorted(names - written)
    for name in ("get_bgp_neighbors", "get_optics", "has_pending_commit", "ping"):
        with pytest.raises(NotOnThisPlatformError, match=f"h3c_comware: {name}: .{{20}}"):
            getattr(bench.driver(1), name)()
