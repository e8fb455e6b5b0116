"""A machine of QEMU started over Redfish asks our DHCP configuration, loads over TFTP and phones home with its name.

The first file it loads is a script of its network firmware (iPXE), not an operating system: the road there is real,
what would be installed is not. Run by `make slow`.
"""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

sushy = pytest.importorskip("sushy")
pytest.importorskip("sushy_tools")

from inventory import model as m  # noqa: E402
from inventory.inventory import Inventory  # noqa: E402
from inventory.plan_model import Plan  # noqa: E402
from rackwright.lab import bmc, netns  # noqa: E402
from tests.lab.slow.conftest import Needs  # noqa: E402
from tests.lab.slow.machines import program  # noqa: E402
from topology import dhcp  # noqa: E402

pytestmark = pytest.mark.slow
SPACE = f"rwpxe{os.getpid() % 100000}"
MAC, BOOT = "52:54:00:aa:00:02", "10.10.200.1"
ROM = Path("/usr/lib/ipxe/qemu/pxe-e1000.rom")
HOME = """
import http.server, sys
class Home(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[1], "a") as file:
            file.write(self.path + "\\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
http.server.HTTPServer(("0.0.0.0", 80), Home).serve_forever()
"""


@pytest.fixture
def space(needs: Needs) -> Iterator[str]:
    """A namespace with a bridge and a tap for the machine."""
    needs("ip", "kea-dhcp4", "dnsmasq", "qemu-system-x86_64", files={ROM: "ipxe-qemu"})
    try:
        netns.ip("netns", "add", SPACE)
        lines = [
            "link set lo up",
            "link add br0 type bridge",
            "tuntap add t0 mode tap",
            "link set t0 master br0",
        ]
        lines += [
            "link add v0 type veth peer name v1",
            "link set v0 master br0",
            "link set v0 up",
            "link set v1 up",
        ]
        # Kea goes by the first address of an interface; v0 gives the bridge its carrier before the machine runs: Kea opens no interface without one
        netns.ip_batch([*lines, "link set t0 up", "link set br0 up", f"addr add {BOOT}/32 dev lo"], SPACE)
        yield SPACE
    finally:
        netns.ip_batch([f"netns del {SPACE}"], force=True)


def test_a_machine_starts_over_redfish_dhcp_and_pxe_and_phones_home(
    space: str, guangxi: tuple[Inventory, Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    inventory, plan = guangxi
    delivery = m.Delivery.model_validate({"name": "box", "device": "a-ecs-001", "macs": {"p1": MAC}})
    boot = m.ManagementServer.model_validate({"name": "boot", "kind": "boot", "address": BOOT})
    known = dataclasses.replace(
        inventory, deliveries={"box": delivery}, management_servers={"boot": boot},
        fleets={k: f.model_copy(update={"os": "kylin"}) for k, f in inventory.fleets.items()},
    )  # fmt: skip
    planned = next(a for a in plan.addresses if a.device == "a-ecs-001" and a.plane == "business")
    gateway = next(p.gateway for p in plan.prefixes if p.prefix == planned.prefix)
    netns.ip_batch([f"addr add {gateway}/{planned.prefix.partition('/')[2]} dev br0"], space)

    config = dhcp.kea_config(known, plan, "A")[0]
    config["Dhcp4"]["lease-database"] = {"type": "memfile", "persist": False}
    (tmp_path / "kea.conf").write_text(json.dumps(config))
    files = tmp_path / "tftp" / "kylin"
    files.mkdir(parents=True)
    script = (
        f"#!ipxe\nimgfetch http://{BOOT}/home/${{hostname}}/${{net0/mac}}/${{net0/ip}} || true\nsleep 3600\n"
    )
    (files / "pxelinux.0").write_text(script)
    for folder in (tmp_path, tmp_path / "tftp", files):
        folder.chmod(0o755)

    home = tmp_path / "home"
    home.touch()
    commands: dict[str, list[str]] = {
        "kea": [program("kea-dhcp4"), "-c", str(tmp_path / "kea.conf")],
        "tftp": [program("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--enable-tftp",
                 f"--tftp-root={tmp_path / 'tftp'}", "--user=root", f"--pid-file={tmp_path / 'dnsmasq.pid'}"],
        "home": [sys.executable, "-c", HOME, str(home)],
    }  # fmt: skip
    environment = {**os.environ, "KEA_PIDFILE_DIR": str(tmp_path), "KEA_LOCKFILE_DIR": str(tmp_path)}
    running = []
    machine = [
        "ip", "netns", "exec", space, program("qemu-system-x86_64"), "-accel", "tcg", "-m", "128", "-display", "none",
        "-serial", "none", "-monitor", "none", "-boot", "{boot}", "-netdev", "tap,id=n0,ifname=t0,script=no,downscript=no",
        "-device", f"e1000,netdev=n0,mac={MAC},romfile={ROM}",
    ]  # fmt: skip
    row: dict[str, Any] = {
        "name": "a-ecs-001", "address": "127.1.1.1", "port": 0, "manufacturer": "Generic", "model": "QEMU", "sku": "qemu",
        "serial": "SN1", "nics": [{"name": "p1", "mac": MAC}], "supplies": [], "drives": [], "processors": [],
        "memory_gb": None, "machine": machine,
    }  # fmt: skip
    service = None
    try:
        for name, command in commands.items():
            with (tmp_path / f"{name}.log").open("wb") as log:
                running.append(
                    subprocess.Popen(["ip", "netns", "exec", space, *command], stdout=log, stderr=log, env=environment)
                )  # fmt: skip
        service = bmc.start(tmp_path, [row])
        address, port = service.ports["a-ecs-001"]
        login = sushy.auth.BasicAuth("lab", "lab")
        client = sushy.Sushy(f"https://{address}:{port}/redfish/v1", auth=login, verify=str(service.ca))
        system = client.get_system_collection().get_members()[0]
        system.set_system_boot_options(
            target=sushy.BOOT_SOURCE_TARGET_PXE, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE
        )
        system.reset_system(sushy.RESET_TYPE_FORCE_RESTART)
        deadline = time.monotonic() + 90
        while not home.read_text() and time.monotonic() < deadline:
            time.sleep(0.5)
        logs = {n: (tmp_path / f"{n}.log").read_text(errors="replace")[-1500:] for n in commands}
        assert unquote(home.read_text()).splitlines()[:1] == [f"/home/a-ecs-001/{MAC}/{planned.address}"], (
            logs
        )
        assert service.bmcs["a-ecs-001"].boots == ["Pxe"]
        system.refresh(force=True)
        assert system.boot["enabled"] == sushy.BOOT_SOURCE_ENABLED_DISABLED
        system.reset_system(sushy.RESET_TYPE_FORCE_OFF)
        assert service.bmcs["a-ecs-001"].machine is None
    finally:
        if service:
            service.close()
        for process in running:
            process.kill()
            process.wait()
