"""scripts/lab-packages.sh on a Debian system that has nothing but apt: everything is there afterwards, nothing is
started or will be, and a second run does nothing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rackwright.lab.up import PROGRAMS
from tests.lab.slow.conftest import Needs
from tests.lab.slow.machines import debian

SCRIPT = Path(__file__).parents[3] / "scripts" / "lab-packages.sh"
MORE = (
    "kea-dhcp4",
    "kea-ctrl-agent",
    "pdns_server",
    "dnsmasq",
    "stress-ng",
    "fio",
    "qemu-system-x86_64",
    "mmdebstrap",
)
SERVERS = (
    "lldpd", "frr", "ssh", "openvswitch-switch", "ovs-vswitchd", "ovsdb-server", "kea-dhcp4-server", "kea-ctrl-agent",
    "pdns", "fio",
)  # fmt: skip
pytestmark = pytest.mark.slow


@pytest.fixture
def bare(needs: Needs, tmp_path: Path) -> Iterator[Path]:
    """A Debian system with apt and little else; the policy of its administrator lets services start."""
    needs("mmdebstrap", "chroot", "unshare")
    root = tmp_path / "root"
    try:
        debian(root)
        shutil.copy(SCRIPT, root / "lab-packages.sh")
        policy = root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\n# mine\nexit 0\n")
        policy.chmod(0o755)
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def install(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script in the system, with processes and mounts of its own."""
    return subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "chroot", str(root), "sh", "/lab-packages.sh", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_bare_system_gets_everything_and_starts_nothing(bare: Path) -> None:
    first = install(bare, "--slow")
    assert first.returncode == 0, first.stdout[-2000:] + first.stderr[-2000:]
    folders = [bare / f for f in ("usr/bin", "usr/sbin", "bin", "sbin", "usr/lib/frr")]
    lacking = [p for p in (*PROGRAMS, *MORE) if not any((f / Path(p).name).exists() for f in folders)]
    assert not lacking
    assert (bare / "usr/lib/ipxe/qemu/pxe-e1000.rom").exists()

    links = [
        p.name for p in (bare / "etc/systemd/system").rglob("*") if p.is_symlink() and ".wants" in str(p)
    ]
    assert not {f"{s}.service" for s in SERVERS} & set(links)
    assert not [p.name for p in (bare / "etc").glob("rc[2345].d/S*") if p.name[3:] in SERVERS]
    assert "pdns.service" in first.stdout

    assert "# mine" in (bare / "usr/sbin/policy-rc.d").read_text()
    assert not list((bare / "usr/sbin").glob("policy-rc.d.kept*"))

    again = install(bare, "--slow")
    assert (again.returncode, again.stdout) == (0, "lab-packages: everything is installed\n")
    assert install(bare, "--fast").returncode == 2
