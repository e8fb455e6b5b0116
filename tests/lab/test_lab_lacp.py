"""LACP and VLAN trunks, which the kernel of a test machine may lack: Open vSwitch in userspace, two switches, a host.

Stands alone: the lab's own switches do not forward in hardware's way, so what LACP and trunks do is shown here.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rackwright.lab import netns
from tests.lab import ovs
from tests.lab.labs import eventually

PROGRAMS = ("ip", "nft", "ethtool", "ping", *ovs.PROGRAMS)
TRUNK = ("trunks=10,20", "other_config:lacp-time=fast", "bond_mode=balance-slb")
ORDERS = (
    *(["add-br", f"sw{n}", "--", "set", "bridge", f"sw{n}", "datapath_type=netdev"] for n in (1, 2)),
    ["add-bond", "sw1", "po1", "l1a", "l2a", "lacp=active", "--", "set", "port", "po1", *TRUNK],
    ["add-bond", "sw2", "po2", "l1b", "l2b", "lacp=active", "--", "set", "port", "po2", *TRUNK],
    *(["add-port", sw, host, f"tag={vlan}"] for sw, host, vlan in (("sw1", "h1", 10), ("sw2", "h2", 10), ("sw2", "h3", 20))),
)  # fmt: skip


@dataclass
class Bench:
    """A namespace with Open vSwitch and bridges sw1 and sw2, a two-legged LACP trunk between them (VLANs 10 and 20),
    and hosts h1 (sw1, VLAN 10), h2 (sw2, VLAN 10), h3 (sw2, VLAN 20), each in a namespace."""

    fabric: str
    switch: ovs.OpenVSwitch
    hosts: dict[str, str]

    def pings(self, near: str, address: str, count: int = 1) -> int:
        """Answers of so many."""
        text = netns.in_namespace(
            self.hosts[near], "ping", "-n", "-c", str(count), "-i", "0.05", "-W", "1", address, check=False
        )
        return text.count("bytes from")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    lacking = netns.missing_capabilities(PROGRAMS)
    if lacking:
        reason = "no Open vSwitch bench here: " + "; ".join(lacking)
        if os.environ.get("RACKWRIGHT_CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    prefix, folder = f"rwt{secrets.token_hex(2)}-", Path(f"/run/{secrets.token_hex(4)}")
    folder.mkdir()
    fabric, hosts = f"{prefix}fab", {h: f"{prefix}{h}" for h in ("h1", "h2", "h3")}
    switch = ovs.OpenVSwitch(fabric, folder)
    try:
        netns.ip_batch(f"netns add {n}" for n in (fabric, *hosts.values()))
        legs = [f"link add l{n}a netns {fabric} type veth peer name l{n}b netns {fabric}" for n in (1, 2)]
        legs += [
            f"link add eth0 netns {space} type veth peer name {host} netns {fabric}"
            for host, space in hosts.items()
        ]
        netns.ip_batch(legs)
        netns.ip_batch([f"link set {d} up" for d in ("lo", "l1a", "l1b", "l2a", "l2b", *hosts)], fabric)
        for n, space in enumerate(hosts.values(), 1):
            netns.ip_batch([f"addr add 198.18.0.{n}/24 dev eth0", "link set eth0 up"], space)
            netns.in_namespace(space, "ethtool", "-K", "eth0", "tx", "off")
        switch.start(*ORDERS)
        yield Bench(fabric, switch, hosts)
    finally:
        switch.stop()
        for name in netns.namespaces(prefix):
            eventually(lambda: not netns.pids_in(netns.namespaces(prefix)))
            netns.ip("netns", "del", name)
        shutil.rmtree(folder)


@pytest.mark.parametrize("bond", ["po1", "po2"])
def test_both_ends_negotiate_lacp(bench: Bench, bond: str) -> None:
    assert eventually(lambda: bench.switch.appctl("lacp/show", bond).count("current attached") == 2)


def test_the_trunk_carries_a_vlan_and_keeps_it_apart_from_another(bench: Bench) -> None:
    assert eventually(lambda: bench.pings("h1", "198.18.0.2") == 1)
    assert bench.pings("h1", "198.18.0.3", 3) == 0


def test_a_leg_that_falls_silent_is_left_and_traffic_goes_on(bench: Bench) -> None:
    assert eventually(lambda: bench.pings("h1", "198.18.0.2") == 1)
    for device in ("l1a", "l1b"):
        rules = f'table netdev cut_{device} {{\n chain c {{\n type filter hook egress device "{device}" priority 0; policy drop;\n }}\n}}\n'
        netns.in_namespace(bench.fabric, "nft", "-f", "-", stdin=rules)
    assert eventually(lambda: "current attached" not in _leg(bench, "l1a"))
    assert "current attached" in _leg(bench, "l2a")
    assert eventually(lambda: bench.pings("h1", "198.18.0.2", 10) == 10)
    for device in ("l1a", "l1b"):
        netns.in_namespace(bench.fabric, "nft", "delete", "table", "netdev", f"cut_{device}")
    assert eventually(lambda: "current attached" in _leg(bench, "l1a"))


def _leg(bench: Bench, device: str) -> str:
    text = bench.switch.appctl("lacp/show", "po1")
    return next(part for part in text.split("member: ")[1:] if part.startswith(device)).split("\n\n")[0]
