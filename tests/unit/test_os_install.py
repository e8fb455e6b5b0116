"""Kickstart files: rendered, read back, and read by the installers' own parser where it is there."""

import dataclasses
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topology.os_install import LAYOUT, Bond, Install, Member, Partition, parse, render

OS = ("kylin", "anolis", "uos")
EXAMPLE = Install(
    "a-ecs-001", "a-ecs-001.yb.example", "kylin", "http://10.10.200.1/kylin", 480, 1, LAYOUT, Bond(),
    (Member("p1", "52:54:00:00:00:01"), Member("p2", "52:54:00:00:00:02")), "10.10.0.9", "255.255.255.192", "10.10.0.1",
    None, ("10.10.200.2",), ("10.10.200.3", "10.10.200.4"),
)  # fmt: skip


def of(system: str) -> Install:
    """The example with another operating system."""
    return dataclasses.replace(EXAMPLE, os=system, url=f"http://10.10.200.1/{system}")


ADDRESSES = st.ip_addresses(v=4).map(str)
MACS = st.binary(min_size=6, max_size=6).map(lambda b: ":".join(f"{x:02x}" for x in b))


@st.composite
def installs(draw: st.DrawFn) -> Install:
    """Any installation that can be rendered."""
    host = draw(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True))
    system = draw(st.sampled_from(OS))
    layout = tuple(
        Partition(f"/m{n}", draw(st.sampled_from(("xfs", "ext4"))), draw(st.integers(1, 10**6)), f"v{n}")
        for n in range(draw(st.integers(0, 3)))
    )
    plain = (Partition("/boot/efi", "efi", draw(st.integers(1, 2000))),)
    return Install(
        host, host + draw(st.sampled_from(("", ".yb.example"))), system, f"http://{draw(ADDRESSES)}/{system}",
        draw(st.integers(1, 10**5)), draw(st.integers(1, 24)), plain + layout, Bond(mtu=draw(st.sampled_from((1500, 9000)))),
        tuple(Member(f"p{n}", mac) for n, mac in enumerate(draw(st.lists(MACS, min_size=1, max_size=4)), 1)),
        draw(ADDRESSES), "255.255.255.0", draw(st.none() | ADDRESSES), draw(st.none() | st.integers(1, 4094)),
        tuple(draw(st.lists(ADDRESSES, max_size=3))), tuple(draw(st.lists(ADDRESSES, max_size=3))),
    )  # fmt: skip


@given(installs())
def test_what_is_rendered_reads_back_the_same(install: Install) -> None:
    assert parse(render(install)) == install


@pytest.mark.parametrize("system", OS)
def test_the_installers_own_parser_takes_the_file(system: str, tmp_path: Path) -> None:
    pytest.importorskip(
        "pykickstart", reason="pykickstart is not installed: its reading of the files is not tested"
    )
    from pykickstart.parser import KickstartParser  # type: ignore[import-not-found, import-untyped, unused-ignore]
    from pykickstart.version import makeVersion  # type: ignore[import-not-found, import-untyped, unused-ignore]

    text = render(of(system))
    between = text.split("cat > /tmp/disk.ks <<END\n")[1].split("END\n")[0].replace("$disk", "sda")
    network = (
        text.split("cat > /tmp/network.ks <<END\n")[1].split("END\n")[0].replace("$cards", "ens1f0,ens1f1")
    )
    whole = text.replace("%include /tmp/disk.ks", between).replace("%include /tmp/network.ks", network)
    parser = KickstartParser(makeVersion("RHEL8"))
    parser.readKickstartFromString(whole)
    bond = parser.handler.network.network[0]
    assert (bond.device, bond.mtu, bond.ip, bond.gateway) == ("bond0", "9000", "10.10.0.9", "10.10.0.1")
    assert bond.bondopts == "mode=802.3ad,lacp_rate=fast,xmit_hash_policy=layer3+4,miimon=100"
    assert parser.handler.network.hostname == "a-ecs-001.yb.example"
    assert parser.handler.rootpw.isCrypted
    assert parser.handler.ignoredisk.onlyuse == ["sda"]
    assert [v.mountpoint for v in parser.handler.logvol.lvList] == ["/", "/var", "/var/log", "/home"]


@pytest.mark.parametrize("system", OS)
def test_no_password_stands_in_the_text(system: str) -> None:
    text = render(of(system))
    assert "%secret:os-root-hash%" in text
    assert "%secret:os-ssh-key%" in text
    with pytest.raises(ValueError, match="in the text itself"):
        parse(text.replace("%secret:os-root-hash%", "$6$abc"))


def test_a_value_that_would_leave_its_line_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot stand in a kickstart file"):
        render(dataclasses.replace(EXAMPLE, fqdn="a\n%post\nrm -rf /"))


def test_an_unknown_operating_system_is_refused() -> None:
    with pytest.raises(ValueError, match="no template for operating system plan9"):
        render(dataclasses.replace(EXAMPLE, os="plan9"))


def before_installing(folder: Path, disks: str, cards: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the file's %pre script with these disks (lines of lsblk) and cards (name -> MAC address)."""
    script = render(EXAMPLE).split("--log=/tmp/pre.log\n")[1].split("\n%end")[0]
    (folder / "bin").mkdir()
    stub = folder / "bin" / "lsblk"
    stub.write_text(f"#!/bin/sh\ncat <<E\n{disks}\nE\n")
    stub.chmod(0o755)
    for name, mac in cards.items():
        (folder / "net" / name).mkdir(parents=True)
        (folder / "net" / name / "address").write_text(mac + "\n")
    for there, here in (
        ("> /tmp", f"> {folder}"),
        ("/sys/class/net", f"{folder}/net"),
        ("/dev/tty1", f"{folder}/tty"),
    ):
        script = script.replace(there, here)
    return subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=False, cwd=folder,
        env={"PATH": f"{folder}/bin:{os.environ['PATH']}"},
    )  # fmt: skip


RIGHT = "sdb 480103981056 disk\nnvme0n1 1920383410176 disk\nsr0 1073741312 rom"
CARDS = {"lo": "00:00:00:00:00:00", "ens2f1": "52:54:00:00:00:02", "ens2f0": "52:54:00:00:00:01"}


def test_disk_and_cards_are_found_by_size_and_mac_address(tmp_path: Path) -> None:
    done = before_installing(tmp_path, RIGHT, CARDS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ignoredisk --only-use=sdb\n" in (tmp_path / "disk.ks").read_text()
    assert "--bondslaves=ens2f0,ens2f1 " in (tmp_path / "network.ks").read_text()


@pytest.mark.parametrize(
    ("disks", "cards", "said"),
    [
        ("nvme0n1 1920383410176 disk", CARDS, "expected 1 disks of 480 GB, found:"),
        (RIGHT + "\nsda 480103981056 disk", CARDS, "expected 1 disks of 480 GB, found: sda sdb"),
        (RIGHT, {"ens2f0": "52:54:00:00:00:01"}, "no network card has the MAC address 52:54:00:00:00:02 of port p2"),
    ],
)  # fmt: skip
def test_a_server_that_is_not_as_planned_is_not_erased(
    tmp_path: Path, disks: str, cards: dict[str, str], said: str
) -> None:
    done = before_installing(tmp_path, disks, cards)
    assert done.returncode == 1
    assert said in done.stdout
    assert said in (tmp_path / "tty").read_text()
