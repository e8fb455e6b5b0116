"""Machines of QEMU are started over Redfish, ask our DHCP configuration, and go the whole road of a network boot: iPXE over
TFTP, script, Linux over HTTP, kickstart. What is installed at its end is not real: the installer is Debian's kernel with a
script that reads its command line as the real one does. Run by `make slow`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

sushy = pytest.importorskip("sushy")
pytest.importorskip("sushy_tools")

from inventory.load import PROJECTS, load  # noqa: E402
from inventory.plan_store import load_plan  # noqa: E402
from rackwright.lab import bmc, netns  # noqa: E402
from tests.lab.labs import eventually  # noqa: E402
from tests.lab.slow import machines  # noqa: E402
from tests.lab.slow.conftest import Needs  # noqa: E402
from tests.lab.slow.machines import program  # noqa: E402
from topology import dhcp  # noqa: E402
from topology.boot_files import boot_files  # noqa: E402

pytestmark = pytest.mark.slow
SPACE = f"rwpxe{os.getpid() % 100000}"
ROOT = Path(__file__).parents[3]
CACHE, PLAYBOOKS = ROOT / "build" / "guests", ROOT / "playbooks"
SECRETS = {
    "RACKWRIGHT_OS_ROOT_HASH": "$6$salt$" + "Zq7/" * 20,
    "RACKWRIGHT_OS_SSH_KEY": "ssh-ed25519 AAAA control",
}
HOST, MAC, BOOT = "a-ecs-001", "52:54:00:aa:00:02", "10.10.200.1"
LOADERS = {"bios-x86": Path("/usr/lib/ipxe/undionly.kpxe"), "uefi-x86-64": Path("/usr/lib/ipxe/snponly.efi")}
PACKAGES = machines.FIRMWARE | dict.fromkeys(LOADERS.values(), "ipxe")
SCRIPT, OWN = f"/{dhcp.SCRIPT}", f"/install/{HOST}.ipxe"
KERNEL, FIRST, KICKSTART = (
    "/kylin/images/pxeboot/vmlinuz",
    "/kylin/images/pxeboot/initrd.img",
    f"/install/{HOST}.ks",
)
PATIENCE_S = 600
"""An interpreted machine on a busy one is slow."""

SERVER = """
import http.server, sys
class Files(http.server.SimpleHTTPRequestHandler):
    def log_request(self, code, size=0):
        with open(sys.argv[2], "a") as file:
            file.write(f"{int(code)} {self.path}\\n")
    def do_GET(self):
        if not self.path.startswith("/home/"):
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
def files(*words):
    return Files(*words, directory=sys.argv[1])
http.server.ThreadingHTTPServer(("0.0.0.0", 80), files).serve_forever()
"""
"""Serves a folder; writes status and path of each request to a file, and takes calls home."""
INSTALLER = r"""#!/busybox sh
export PATH=/bin
/busybox mkdir -p /bin /proc /sys /dev
/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
for module in {modules}; do insmod /modules/$module; done
for word in $(cat /proc/cmdline); do
  case $word in
    BOOTIF=01-*) mac=$(echo ${word#BOOTIF=01-} | tr - :) ;;
    inst.ks=*) kickstart=${word#inst.ks=} ;;
  esac
done
for card in /sys/class/net/*; do [ "$(cat $card/address)" = "$mac" ] && name=${card##*/}; done
ip link set $name up
cat >/lease <<'END'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add $ip/$mask dev $interface
ip route add default via $router
echo $hostname/$interface/$ip >/home
END
chmod 755 /lease
udhcpc -q -n -t 20 -i $name -s /lease
wget -q -O /kickstart $kickstart
server=${kickstart#http://}
wget -q -O - http://${server%%/*}/home/$(cat /home)/$(sha256sum </kickstart | cut -c 1-64)/$(base64 -w 0 </proc/cmdline | tr / _)
while true; do echo SSH-2.0-installed | nc -l -p 22; done
"""
"""What stands for the installer: it asks DHCP on the card named by BOOTIF, loads the kickstart, calls home with host
name, card, address, SHA-256 of the kickstart and its command line, and then answers as an installed host would."""
DISK_SAYS = "started from the disk"
SECTOR = bytes.fromhex("31c08ed8be1a7cac84c07406baf803eeebf5f4ebfd") + b"\0" * 5
"""First sector of a disk: writes the text behind it to the first serial line, and halts (x86, real mode)."""


@pytest.fixture(scope="module")
def system(needs: Needs) -> machines.System:
    """Debian's kernel, and drivers for it."""
    needs("mmdebstrap", "chroot", "unshare", "mke2fs", "cpio", "depmod", "qemu-system-x86_64")
    CACHE.mkdir(parents=True, exist_ok=True)
    return machines.system(CACHE)


@dataclass
class Site:
    """A boot server with our files, and the network a machine starts from."""

    folder: Path
    files: dict[str, str]
    address: str
    controller: str
    hosts: Path
    undo: ExitStack

    @property
    def root(self) -> Path:
        """What the boot server hands out, over TFTP and HTTP."""
        return self.folder / "srv"

    @property
    def console(self) -> Path:
        """What the machine has written to its serial line."""
        return self.folder / "console"

    def said(self) -> str:
        """The same as text, without what moves the cursor."""
        return self.console.read_text(errors="replace") if self.console.exists() else ""

    def requests(self) -> list[str]:
        """Status and path of what was asked over HTTP, oldest first, each once."""
        return list(dict.fromkeys(unquote((self.folder / "requests").read_text()).splitlines()))

    def home(self) -> list[str]:
        """What the machine said when it called home; empty: it has not yet."""
        calls = [
            r.removeprefix("200 /home/").split("/") for r in self.requests() if r.startswith("200 /home/")
        ]
        return calls[0] if calls else []

    def log(self, service: str) -> str:
        """What kea, tftp or http has to say."""
        return (self.folder / f"{service}.log").read_text(errors="replace")

    def told(self) -> str:
        """All there is to read when something went wrong."""
        return "\n".join(
            [*self.requests(), self.said()[-3000:], *(self.log(s)[-2000:] for s in ("kea", "tftp", "http"))]
        )


@pytest.fixture
def site(needs: Needs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A project that knows all about one server, a network of its own, and DHCP, TFTP and HTTP on it."""
    needs("ip", "kea-dhcp4", "dnsmasq", "qemu-system-x86_64", files=PACKAGES)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    folder = known_project(tmp_path)
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    assert inventory is not None
    assert plan is not None
    planned = {a.plane: a for a in plan.addresses if a.device == HOST}
    own = planned["business"]
    gateway = next(p.gateway for p in plan.prefixes if p.prefix == own.prefix)
    hosts = tmp_path / "hosts.rackwright.yml"
    hosts.write_text(yaml.safe_dump({"plugin": "rackwright", "project": str(folder)}))
    with ExitStack() as undo:
        undo.callback(netns.ip_batch, [f"netns del {SPACE}"], force=True)
        netns.ip("netns", "add", SPACE)
        # Kea opens no interface without a carrier, which v0 gives the bridge before the machine runs
        netns.ip_batch(
            [
                "link set lo up", "link add br0 type bridge", "tuntap add t0 mode tap", "link set t0 master br0",
                "link add v0 type veth peer name v1", "link set v0 master br0", "link set v0 up", "link set v1 up",
                "link set t0 up", "link set br0 up", f"addr add {gateway}/{own.prefix.partition('/')[2]} dev br0",
                f"addr add {BOOT}/32 dev lo", f"addr add {planned['bmc'].address}/32 dev lo",
            ],
            SPACE,
        )  # fmt: skip
        made = Site(
            tmp_path, boot_files(inventory, plan)[0], own.address, planned["bmc"].address, hosts, undo
        )
        serve(made)
        yield made


def known_project(parent: Path) -> Path:
    """The shipped project with a boot server, an operating system, and MAC addresses of one server."""
    folder = parent / "guangxi"
    shutil.copytree(PROJECTS / "guangxi", folder)
    delivered = {"name": "box", "device": HOST, "macs": {"p1": MAC, "p2": "52:54:00:aa:00:03"}}
    servers = [{"name": "boot", "kind": "boot", "address": BOOT}]

    def edit(name: str, change: Callable[[dict[str, Any]], object]) -> None:
        data = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        change(data)
        (folder / name).write_text(
            yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )

    edit("operations.yml", lambda d: d.update(management_servers=servers, deliveries=[delivered]))
    edit("fleets.yml", lambda d: [f.update(os="kylin") for f in d["fleets"] if f["role"] == "server"])
    return folder


def serve(site: Site) -> None:
    """DHCP as rendered; TFTP and HTTP from a folder that has iPXE and nothing else yet."""
    for architecture, path in LOADERS.items():
        hand_out(site, dhcp.LOADERS[architecture][1], path.read_bytes())
    site.folder.chmod(0o755)
    config = json.loads(site.files["dhcp/A.conf"])
    config["Dhcp4"]["lease-database"] = {"type": "memfile", "persist": False}
    (site.folder / "kea.conf").write_text(json.dumps(config))
    (site.folder / "requests").touch()
    commands = {
        "kea": [program("kea-dhcp4"), "-c", str(site.folder / "kea.conf")],
        "tftp": [program("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--enable-tftp", "--log-facility=-",
                 f"--tftp-root={site.root}", "--user=root", f"--pid-file={site.folder / 'dnsmasq.pid'}"],
        "http": [sys.executable, "-c", SERVER, str(site.root), str(site.folder / "requests")],
    }  # fmt: skip
    environment = {**os.environ, "KEA_PIDFILE_DIR": str(site.folder), "KEA_LOCKFILE_DIR": str(site.folder)}
    for name, command in commands.items():
        with (site.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", SPACE, *command], stdout=log, stderr=log, env=environment
            )
        site.undo.callback(process.wait)
        site.undo.callback(process.kill)


def hand_out(site: Site, path: str, content: bytes) -> None:
    """Put a file into the folder of the boot server."""
    (site.root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    (site.root / path.lstrip("/")).write_bytes(content)


def hand_out_rendered(site: Site, without: str = "") -> None:
    """Put what `rackwright render` writes there, but for one file."""
    for name, text in site.files.items():
        if f"/{name}" != without:
            hand_out(site, name, text.encode())


def hand_out_tree(site: Site, system: machines.System) -> None:
    """Put the installer of the operating system there."""
    hand_out(site, KERNEL, system.kernel.read_bytes())
    hand_out(site, FIRST, machines.initrd(system, site.folder, {}, INSTALLER).read_bytes())


def controller(site: Site, machine: list[str], **place: object) -> bmc.Service:
    """The management controller of a machine that is off, at its place."""
    row: dict[str, Any] = {
        "name": HOST, "manufacturer": "Generic", "model": "QEMU", "sku": "qemu", "serial": "SN1",
        "nics": [{"name": "p1", "mac": MAC}], "supplies": [], "drives": [], "processors": [], "memory_gb": None,
        "machine": ["ip", "netns", "exec", SPACE, *machine], **place,
    }  # fmt: skip
    service = bmc.start(site.folder, [row])
    site.undo.callback(service.close)
    return service


def switch_on(site: Site, machine: list[str]) -> None:
    """Start a machine from the network, once, over Redfish."""
    service = controller(site, machine, address="127.1.1.1", port=0)
    address, port = service.ports[HOST]
    login = sushy.auth.BasicAuth("lab", "lab")
    client = sushy.Sushy(f"https://{address}:{port}/redfish/v1", auth=login, verify=str(service.ca))
    system = client.get_system_collection().get_members()[0]
    system.set_system_boot_options(
        target=sushy.BOOT_SOURCE_TARGET_PXE, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE
    )
    system.reset_system(sushy.RESET_TYPE_FORCE_RESTART)
    system.refresh(force=True)
    assert service.bmcs[HOST].boots == ["Pxe"]
    assert system.boot["enabled"] == sushy.BOOT_SOURCE_ENABLED_DISABLED


def assert_came_home(site: Site, kickstart: str) -> None:
    """It asked for one thing after the other, and its address, kickstart and command line are those of the plan."""
    assert eventually(site.home, PATIENCE_S), site.told()
    asked = [r for r in site.requests() if "/home/" not in r]
    assert asked == [f"200 {path}" for path in (SCRIPT, OWN, KERNEL, FIRST, KICKSTART)], site.told()
    host, card, address, digest, line = site.home()
    assert (host, card, address) == (HOST, "eth0", site.address)
    assert digest == hashlib.sha256(kickstart.encode()).hexdigest()
    words = base64.b64decode(line.replace("_", "/")).decode().split()
    assert {
        f"inst.ks=http://{BOOT}{KICKSTART}", f"inst.repo=http://{BOOT}/kylin", f"BOOTIF=01-{MAC.replace(':', '-')}", "ip=dhcp",
    } <= set(words)  # fmt: skip


def test_a_machine_with_a_bios_goes_the_whole_road_and_calls_home(
    site: Site, system: machines.System, tmp_path: Path
) -> None:
    hand_out_rendered(site)
    hand_out_tree(site, system)
    switch_on(site, machines.bios(tmp_path, "t0", MAC))
    assert_came_home(site, site.files[KICKSTART.lstrip("/")])


def play(site: Site) -> subprocess.CompletedProcess[str]:
    """The stage as a person runs it on the boot server."""
    tools = Path(sys.executable).parent
    given = {
        "rackwright_build": str(site.folder / "build"), "pxe_os_boot_server": "localhost", "pxe_os_boot_folder": str(site.root),
        "pxe_os_delay_s": 0, "pxe_os_wait_s": PATIENCE_S, "rackwright_hold_by": "duty-manager",
    }  # fmt: skip
    return subprocess.run(
        [
            "ip", "netns", "exec", SPACE, str(tools / "ansible-playbook"), "-i", str(site.hosts), "pxe_os.yml", "--limit", HOST,
            "-e", json.dumps(given),
        ],
        cwd=PLAYBOOKS, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env=os.environ | SECRETS | {
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(PLAYBOOKS.parent), "ANSIBLE_NOCOLOR": "1",
            "RACKWRIGHT_BMC_USER": "lab", "RACKWRIGHT_BMC_PASSWORD": "lab", "RACKWRIGHT_BMC_CA": str(site.folder / "bmc-ca.pem"),
        },
    )  # fmt: skip


def test_the_stage_installs_a_machine_with_uefi_and_hands_secrets_out_meanwhile_only(
    site: Site, system: machines.System, tmp_path: Path
) -> None:
    for name, text in site.files.items():
        (tmp_path / "build/boot" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "build/boot" / name).write_text(text)
    hand_out_tree(site, system)
    service = controller(site, machines.uefi(tmp_path, "t0", MAC), address=site.controller, namespace=SPACE)
    done = play(site)
    assert done.returncode == 0, done.stdout + site.told()
    kickstart = site.files[KICKSTART.lstrip("/")]
    for name, value in SECRETS.items():
        kickstart = kickstart.replace(
            f"%secret:{name.removeprefix('RACKWRIGHT_').lower().replace('_', '-')}%", value
        )
    assert_came_home(site, kickstart)
    assert f"/ipxe/snponly.efi to {site.address}" in site.log("tftp")
    assert service.bmcs[HOST].boots == ["Pxe"]
    assert list((site.root / "install").iterdir()) == []
    again = play(site)
    assert again.returncode == 0, again.stdout
    assert "nothing changed" in again.stdout


@pytest.mark.parametrize(("without", "asked"), [(OWN, [SCRIPT]), (KERNEL, [SCRIPT, OWN])])
def test_a_machine_that_cannot_be_installed_starts_from_its_disk(
    site: Site, tmp_path: Path, without: str, asked: list[str]
) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes((SECTOR + DISK_SAYS.encode()).ljust(510, b"\0") + b"\x55\xaa" + b"\0" * 2**20)
    hand_out_rendered(site, without)
    switch_on(site, [*machines.bios(tmp_path, "t0", MAC), "-drive", f"file={disk},format=raw,if=virtio"])
    assert eventually(lambda: DISK_SAYS in site.said(), PATIENCE_S), site.told()
    assert f"no installation for {HOST}" in site.said()
    assert site.requests() == [*(f"200 {path}" for path in asked), f"404 {without}"]


def test_uefi_goes_on_with_its_next_boot_device_too(site: Site, tmp_path: Path) -> None:
    hand_out_rendered(site, without=OWN)
    switch_on(site, machines.uefi(tmp_path, "t0", MAC))
    assert eventually(lambda: ">>Start PXE over IPv6" in site.said(), PATIENCE_S), site.told()
    assert re.search(r'BdsDxe: failed to start Boot\d+ "UEFI PXEv4', site.said()), site.told()
    assert site.requests() == [f"200 {SCRIPT}", f"404 {OWN}"]
