"""The whole host role on a machine with a kernel of its own: two cards, LACP with Open vSwitch, read by verify.

The machine starts as one that has just been installed: its address on the first card, which the switch lets through
because LACP is not there yet. The role makes the bond over that very connection.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.lab import netns
from tests.lab import ovs
from tests.lab.labs import eventually
from tests.lab.slow import machines
from tests.lab.slow.conftest import Needs

ROOT = Path(__file__).parents[3]
HOST = "a-ecs-001"
MACS = {"p1": "52:54:00:aa:01:01", "p2": "52:54:00:aa:01:02"}
TAPS = {"t1": "p1", "t2": "p2"}
CACHE = ROOT / "build" / "guests"
CARD = """[connection]
id=installed
type=ethernet
interface-name=p1
autoconnect-priority=-10

[ipv4]
method=manual
address1={address},{gateway}

[ipv6]
method=disabled
"""
SMALL = "table ip small {\n chain c {\n type filter hook input priority 0;\n ip protocol icmp ip length > 1500 drop;\n }\n}\n"
"""Large packets of the role's check do not arrive; SSH does."""
PATIENCE_S = 600
"""An interpreted machine on a busy one is slow."""
pytestmark = pytest.mark.slow


@dataclass
class Guest:
    """The machine, and where it is reached from."""

    space: str
    switch: ovs.OpenVSwitch
    folder: Path
    address: str

    @property
    def monitor(self) -> Path:
        """Where the machine takes orders."""
        return self.switch.folder / "monitor"

    @property
    def ssh(self) -> list[str]:
        """Options of every session."""
        return ["-i", str(self.folder / "key"), "-o", f"UserKnownHostsFile={self.folder / 'known_hosts'}"]

    def exec(self, *words: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command of this machine, where the guest is reached from."""
        return subprocess.run(
            ["ip", "netns", "exec", self.space, *words],
            cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def run(self, *words: str) -> str:
        """What a command says there; empty when nobody answers."""
        return self.exec(
            "ssh", *self.ssh, "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", f"root@{self.address}", *words
        ).stdout

    def command(self, **given: object) -> tuple[list[str], dict[str, str]]:
        """The stage over SSH, by a person who takes it on: command line, and what it needs in its environment."""
        tools = Path(sys.executable).parent
        variables = {
            "rackwright_build": str(self.folder / "build"), "rackwright_hold_by": "duty-manager",
            "rackwright_override_by": "duty-manager", "rackwright_override_ticket": "CHG-1", **given,
        }  # fmt: skip
        words = [
            str(tools / "ansible-playbook"), "host_network.yml", "--limit", HOST, "-u", "root", "-e", json.dumps(variables),
            "--private-key", str(self.folder / "key"), "--ssh-common-args", " ".join(self.ssh[2:]),
        ]  # fmt: skip
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        return words, {"PATH": path, "PYTHONPATH": str(ROOT), "ANSIBLE_NOCOLOR": "1"}

    def play(self) -> tuple[int, int, str]:
        """Run the stage: exit status, changes, what it said."""
        words, environment = self.command()
        done = self.exec(*words, cwd=ROOT / "playbooks", **environment)
        recap = re.search(rf"(?m)^{HOST} +: .*changed=(\d+)", done.stdout)
        return done.returncode, int(recap[1]) if recap else -1, done.stdout[-4000:] + done.stderr[-1000:]

    def begin(self, **given: object) -> subprocess.Popen[bytes]:
        """Start the stage in a process group of its own."""
        words, environment = self.command(**given)
        return subprocess.Popen(
            ["ip", "netns", "exec", self.space, *words],
            cwd=ROOT / "playbooks", env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

    def members(self) -> dict[str, str]:
        """Members of the bond and their state, as the kernel tells in /proc/net/bonding."""
        return dict(
            re.findall(
                r"Slave Interface: (\S+)\nMII Status: (\S+)", self.run("cat", "/proc/net/bonding/bond0")
            )
        )

    def agreed(self) -> int:
        """Members that LACP holds on the side of the switch."""
        return self.switch.appctl("lacp/show", "po1").count("current attached")

    def untouched(self) -> bool:
        """As installed: address on the first card, no bond, no file of one, and nothing left to go off."""
        seen = self.run(
            "nmcli -t -f NAME connection show --active; ls /etc/NetworkManager/system-connections; cat /proc/net/bonding/bond0;"
            "systemctl is-active rackwright-undo-network.timer"
        )  # fmt: skip
        return "installed" in seen.split() and "bond0" not in seen and seen.split()[-1] == "inactive"

    def verify(self) -> dict[str, tuple[str, str]]:
        """What `rackwright verify` says of it: verdict and what was found, by test."""
        done = self.exec(
            sys.executable, "-m", "rackwright", "verify", "-p", "guangxi", "--host", HOST, "--only", "servers", "--format", "json",
            "--server-key", str(self.folder / "key"), "--known-hosts", str(self.folder / "known_hosts"),
            "--out", str(self.folder / "verify"), cwd=ROOT,
        )  # fmt: skip
        rows = json.loads(done.stdout)["results"]
        return {r["test"]: (r["verdict"], r["found"]) for r in rows if r["subject"] == HOST}


@pytest.fixture(scope="module")
def guest(
    needs: Needs, guangxi: tuple[Inventory, Plan], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guest]:
    """The machine, installed and reachable on its first card."""
    tmp_path = tmp_path_factory.mktemp("guest")
    needs("ip", "qemu-system-x86_64", "mmdebstrap", "mke2fs", "cpio", "nft", "ssh-keygen", *ovs.PROGRAMS)
    system = machines.system(CACHE)
    plan = guangxi[1]
    planned = next(a for a in plan.addresses if a.device == HOST and a.plane == "business")
    gateway = next(p.gateway for p in plan.prefixes if p.prefix == planned.prefix)
    assert gateway
    width = planned.prefix.partition("/")[2]
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    (tmp_path / "known_hosts").write_text(f"{planned.address} {system.host_key}\n")
    files = {
        "etc/hostname": f"{HOST}\n",
        "root/.ssh/authorized_keys": (tmp_path / "key.pub").read_text(),
        "etc/NetworkManager/system-connections/installed.nmconnection": CARD.format(
            address=f"{planned.address}/{width}", gateway=gateway
        ),
        "etc/NetworkManager/conf.d/none-by-itself.conf": "[main]\nno-auto-default=*\n",
    } | {
        f"etc/systemd/network/10-{name}.link": f"[Match]\nMACAddress={mac}\n[Link]\nName={name}\n"
        for name, mac in MACS.items()
    }  # fmt: skip
    first = machines.initrd(system, tmp_path, files)
    space, run = f"rwg{secrets.token_hex(3)}", Path(f"/run/rwg{secrets.token_hex(4)}")
    with ExitStack() as undo:
        netns.ip("netns", "add", space)
        undo.callback(netns.ip_batch, [f"netns del {space}"], force=True)
        netns.ip_batch(
            ["link set lo up", *(w for t in TAPS for w in (f"tuntap add {t} mode tap", f"link set {t} mtu 9000 up"))],
            space,
        )  # fmt: skip
        run.mkdir()
        undo.callback(shutil.rmtree, run)
        switch = ovs.OpenVSwitch(space, run)
        undo.callback(switch.stop)
        switch.start(
            ["add-br", "sw", "--", "set", "bridge", "sw", "datapath_type=netdev"],
            ["add-bond", "sw", "po1", *TAPS, "lacp=active", "bond_mode=balance-tcp", "other_config:lacp-time=fast",
             "other_config:lacp-fallback-ab=true", "other_config:bond-primary=t1"],
            *(["set", "interface", tap, "mtu_request=9000"] for tap in TAPS),
            ["add-port", "sw", "gw", "--", "set", "interface", "gw", "type=internal", "mtu_request=9000"],
        )  # fmt: skip
        netns.ip_batch(["link set sw up", "link set gw up", f"addr add {gateway}/{width} dev gw"], space)
        # the taps are ports of the switch alone: the kernel may not answer for the gateway on them
        netns.in_namespace(space, "sysctl", "-q", "-w", "net.ipv4.conf.all.arp_ignore=1")
        netns.in_namespace(space, "ethtool", "-K", "gw", "tx", "off")
        words = machines.command(
            system,
            first,
            {tap: MACS[card] for tap, card in TAPS.items()},
            console=tmp_path / "console",
            monitor=run / "monitor",
        )
        qemu = subprocess.Popen(["ip", "netns", "exec", space, *words])
        undo.callback(qemu.wait)
        undo.callback(qemu.kill)
        made = Guest(space, switch, tmp_path, planned.address)
        assert eventually(lambda: HOST in made.run("hostname"), PATIENCE_S), (
            tmp_path / "console"
        ).read_text()[-3000:]
        yield made


def test_a_host_puts_its_network_back_when_the_controller_dies_in_the_change(guest: Guest) -> None:
    assert guest.untouched()
    stage = guest.begin(host_network_undo_min=2)
    try:
        assert eventually(lambda: guest.agreed() == 2, PATIENCE_S)
    finally:
        os.killpg(stage.pid, signal.SIGKILL)
        stage.wait()
    assert eventually(guest.untouched, PATIENCE_S)


def test_the_role_undoes_what_fails_then_bonds_two_cards_and_verify_sees_one_go(guest: Guest) -> None:
    assert guest.untouched()
    netns.in_namespace(guest.space, "nft", "-f", "-", stdin=SMALL)
    code, _, text = guest.play()
    assert code != 0
    assert f'host_network failed on {HOST} in "The largest packet passes whole to the gateway"' in text
    assert "(undone)" in text
    assert eventually(guest.untouched, PATIENCE_S), text
    netns.in_namespace(guest.space, "nft", "delete", "table", "ip", "small")

    code, changes, text = guest.play()
    assert code == 0, text
    assert changes > 0
    assert "Bonding Mode: IEEE 802.3ad" in guest.run("cat", "/proc/net/bonding/bond0"), text
    assert guest.members() == {"p1": "up", "p2": "up"}
    assert guest.agreed() == 2
    assert guest.run("systemctl", "is-active", "rackwright-undo-network.timer") == "inactive\n"
    seen = guest.verify()
    assert (seen["bond"], seen["mtu"]) == (("pass", "2 up"), ("pass", "9000 bytes"))

    code, changes, text = guest.play()
    assert (code, changes) == (0, 0), text

    machines.order(guest.monitor, "set_link n1 off")
    assert eventually(lambda: guest.members().get("p2") == "down", PATIENCE_S)
    assert guest.verify()["bond"] == ("different", "1 up")
