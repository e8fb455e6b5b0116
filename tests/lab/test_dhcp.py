"""Kea with the rendered configuration answers a server's first request in a namespace of its own."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory import model as m
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.lab import netns
from topology import dhcp

SERVER, CLIENT = f"rwdhcp{os.getpid() % 100000}s", f"rwdhcp{os.getpid() % 100000}c"
MAC = "52:54:00:aa:00:01"
ASK = """
import json, os, socket, struct, sys
mac, arch, user = bytes.fromhex(sys.argv[1].replace(":", "")), int(sys.argv[2]), sys.argv[3].encode()
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
line.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"e0")
line.bind(("", 68))
line.settimeout(1)
head = struct.pack("!BBBBIHH16s16s192s", 1, 1, 6, 0, 77, 0, 0x8000, b"", mac, b"")
options = b"\\x63\\x82\\x53\\x63\\x35\\x01\\x01\\x5d\\x02" + struct.pack("!H", arch)
options += (bytes([77, len(user)]) + user if user else b"") + b"\\xff"
for _ in range(10):
    line.sendto(head + options, ("255.255.255.255", 67))
    try:
        got = line.recv(2000)
        break
    except TimeoutError:
        pass
else:
    sys.exit("null")
text = lambda i: socket.inet_ntoa(got[i:i + 4])
print(json.dumps([text(16), text(20), got[108:236].rstrip(b"\\0").decode()]))
"""


@pytest.fixture
def wire() -> Iterator[None]:
    """Two namespaces and the cable between them."""
    lacking = netns.missing_capabilities(("ip", "kea-dhcp4"))
    if lacking:
        reason = "no DHCP server here: " + "; ".join(lacking)
        if os.environ.get("RACKWRIGHT_CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        netns.ip_batch([f"netns add {SERVER}", f"netns add {CLIENT}"])
        netns.ip_batch([f"link add e0 netns {SERVER} type veth peer name e0 netns {CLIENT}"])
        netns.ip_batch([f"link set e0 address {MAC}", "link set e0 up", "route add default dev e0"], CLIENT)
        netns.ip_batch(["link set lo up", "link set e0 up"], SERVER)
        yield
    finally:
        netns.ip_batch([f"netns del {SERVER}", f"netns del {CLIENT}"], force=True)


@pytest.mark.parametrize(
    ("architecture", "user_class", "file"),
    [
        (0x0007, "", "ipxe/snponly.efi"), (0x000B, "", "ipxe/snponly-arm64.efi"), (0x0000, "", "ipxe/undionly.kpxe"),
        (0x0007, "iPXE", "http://10.10.200.1/boot.ipxe"), (0x0000, "iPXE", "http://10.10.200.1/boot.ipxe"),
    ],
)  # fmt: skip
def test_a_server_gets_its_planned_address_and_first_ipxe_then_its_script(
    wire: None, guangxi: tuple[Inventory, Plan], tmp_path: Path, architecture: int, user_class: str, file: str
) -> None:
    inventory, plan = guangxi
    delivery = m.Delivery.model_validate({"name": "box", "device": "a-ecs-001", "macs": {"p1": MAC}})
    boot = m.ManagementServer.model_validate({"name": "boot", "kind": "boot", "address": "10.10.200.1"})
    known = dataclasses.replace(
        inventory, deliveries={"box": delivery}, management_servers={"boot": boot},
        fleets={k: f.model_copy(update={"os": "kylin"}) for k, f in inventory.fleets.items()},
    )  # fmt: skip
    planned = next(a for a in plan.addresses if a.device == "a-ecs-001" and a.plane == "business")
    gateway = next(p.gateway for p in plan.prefixes if p.prefix == planned.prefix)
    netns.ip_batch([f"addr add {gateway}/{planned.prefix.partition('/')[2]} dev e0"], SERVER)
    config = dhcp.kea_config(known, plan, "A")[0]
    config["Dhcp4"]["lease-database"] = {"type": "memfile", "persist": False}
    (tmp_path / "kea.conf").write_text(json.dumps(config))
    program = shutil.which("kea-dhcp4") or "/usr/sbin/kea-dhcp4"
    with (tmp_path / "log").open("w") as log:
        kea = subprocess.Popen(
            ["ip", "netns", "exec", SERVER, program, "-c", str(tmp_path / "kea.conf")], stdout=log, stderr=log,
            env={**os.environ, "KEA_PIDFILE_DIR": str(tmp_path), "KEA_LOCKFILE_DIR": str(tmp_path)},
        )  # fmt: skip
    try:
        out = netns.in_namespace(CLIENT, sys.executable, "-c", ASK, MAC, str(architecture), user_class)
    finally:
        kea.terminate()
        kea.wait()
    assert json.loads(out) == [planned.address, "10.10.200.1", file], (tmp_path / "log").read_text()
