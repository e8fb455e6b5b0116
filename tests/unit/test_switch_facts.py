"""The same site told by three platforms' command lines over SSH gives the same facts."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from rackwright.lab.emulator.device import BgpPeer, Neighbour, PortState, Switch
from rackwright.lab.emulator.session import listen
from rackwright.lab.emulator.tree import from_text
from rackwright.lab.switches import EMULATORS, emulator
from topology.facts import DeviceFacts, SeenMac, SeenNeighbour, SeenSession
from topology.observe.collect import Access, Target, collect
from topology.observe.record import Record
from topology.observe.session import Credentials, Timeouts
from topology.observe.switch_facts import READINGS

BGP = {
    "huawei_vrp": "bgp 65001\n router-id 10.0.0.1\n peer 10.1.0.0 as-number 65010\n peer 10.1.0.2 as-number 65011\n",
    "h3c_comware": "bgp 65001\n router-id 10.0.0.1\n peer 10.1.0.0 as-number 65010\n peer 10.1.0.2 as-number 65011\n",
    "ruijie_rgos": "router bgp 65001\n bgp router-id 10.0.0.1\n neighbor 10.1.0.0 remote-as 65010\n"
    " neighbor 10.1.0.2 remote-as 65011\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, DeviceFacts]]:
    """Facts by platform."""
    folder = tmp_path_factory.mktemp("facts")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    key = asyncssh.generate_private_key("ssh-ed25519")
    public = " ".join(key.export_public_key().decode().split()[:2])
    rows, targets, doors = [], [], []
    for n, platform in enumerate(sorted(EMULATORS), 1):
        dialect, shell, first, version = emulator(platform)
        text = first.format(name="sw") + BGP[platform]
        switch = Switch(
            "sw", dialect, "M1", "SN1", version, {"u": "p"}, from_text(dialect, text),
            neighbours=lambda: [Neighbour("10GE1/0/1", "02:00:00:00:00:01", "srv", "p1")],
            ports=lambda: [
                PortState("10GE1/0/1", True, True, 10, -2.5, -2.5), PortState("10GE1/0/2", True, False), PortState("GE1/0/3", True, True),
            ],
            bgp_peers=lambda: [BgpPeer("10.1.0.0", 65010, "Established", 60, 5), BgpPeer("10.1.0.2", 65011, "Active")],
            macs=lambda: [("GE1/0/3", "02:00:00:00:00:03")],
        )  # fmt: skip

        async def begin(
            switch: Switch = switch, shell: object = shell, address: str = f"127.82.0.{n}"
        ) -> int:
            doors.append(await listen(switch, shell, key, host=address, port=0))
            return int(doors[-1].get_port())

        port = asyncio.run_coroutine_threadsafe(begin(), loop).result()
        rows.append(f"[127.82.0.{n}]:{port} {public}\n")
        targets.append(Target(platform, f"127.82.0.{n}", platform, port))
    (folder / "known_hosts").write_text("".join(rows), encoding="utf-8")
    access = Access(Credentials("u", "p"), None, folder / "known_hosts", timeouts=Timeouts(5, 10, 10))
    yield collect(targets, access, Record(folder / "run"))

    async def end() -> None:
        for door in doors:
            door.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(end(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    gc.collect()  # connections end here, not while something else is being compiled


@pytest.mark.parametrize("platform", sorted(READINGS))
def test_every_platform_tells_the_same(told: dict[str, DeviceFacts], platform: str, tmp_path: Path) -> None:
    facts = told[platform]
    assert facts.error == ""
    assert facts.neighbours == (SeenNeighbour("10GE1/0/1", "srv", "p1"),)
    ports = {p.name: (p.enabled, p.up, p.rx_dbm) for p in facts.ports or ()}
    assert ports["10GE1/0/1"] == (True, True, -2.5)
    assert ports["10GE1/0/2"] == (True, False, None)
    assert facts.sessions == (SeenSession("10.1.0.0", 65010, True), SeenSession("10.1.0.2", 65011, False))
    assert facts.macs == (SeenMac("GE1/0/3", "02:00:00:00:00:03"),)
    assert (facts.serial, facts.model) == ("SN1", "M1")
    assert facts.version
    assert facts.time_offset_ms is not None
    assert abs(facts.time_offset_ms) < 5000
    assert "router-id 10.0.0.1" in (facts.configuration or "")
    assert len(facts.evidence) == len(READINGS[platform].commands)
    record = Record(tmp_path)
    record.write(facts)
    kept = record.read(platform)
    assert kept is None, "the raw answers lie elsewhere, so these facts are not trusted"
