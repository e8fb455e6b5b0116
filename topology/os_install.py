"""Unattended installation of servers: what is installed, as a model, its kickstart text, and the model read back.

Kylin, Anolis and UOS servers are installed by the same installer, so they take kickstart files that differ in their
repositories. Passwords and keys stand in the text as `%secret:NAME%`; the stage that hands a file out puts them in.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inventory import model as m
from inventory.inventory import Device, Inventory
from inventory.plan_model import Plan
from topology.dhcp import Lacking

TEMPLATES = Path(__file__).resolve().parents[1] / "playbooks" / "roles" / "pxe_os" / "templates"
ROOT_HASH, SSH_KEY = "os-root-hash", "os-ssh-key"
"""Names of the secrets an installation needs: hash of the root password, public key of the controller."""
SECRET = re.compile(r"%secret:([^%]+)%")
HASH = re.compile(r"\$[0-9a-z]+\$[./0-9A-Za-z$=,]+")
"""A hash of a password as crypt(5) writes it."""

IPXE = """#!ipxe
# Written by Rackwright. DHCP gave this server its name; its own script stands beside. Without one it starts what it has.
chain install/${hostname}.ipxe || echo no installation for ${hostname}, or it does not start: going on with the next boot device
sleep 5
exit 1
"""
"""What iPXE loads first on every server: relative to where it came from, TFTP or HTTP. It never waits for somebody to
type, and says with its status (UEFI 2.10, 3.1.1) that the next boot device is to be tried."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One file system. `volume` empty: a partition of its own, else a logical volume of that name."""

    mount: str
    fstype: str
    size_mib: int
    volume: str = ""

    @property
    def plain(self) -> bool:
        """A partition of its own."""
        return not self.volume


LAYOUT = (
    Partition("/boot/efi", "efi", 600),
    Partition("/boot", "xfs", 1024),
    Partition("/", "xfs", 102_400, "root"),
    Partition("/var", "xfs", 61_440, "var"),
    Partition("/var/log", "xfs", 40_960, "var_log"),
    Partition("/home", "xfs", 10_240, "home"),
)
"""System disk (engineering estimate): logs and home apart, so that neither fills the system; the rest stays free."""


@dataclass(frozen=True, slots=True)
class Member:
    """One card of the bond: planned port and delivered MAC address."""

    port: str
    mac: str


@dataclass(frozen=True, slots=True)
class Bond:
    """The bond both cards are in (IEEE 802.1AX, fast LACP)."""

    name: str = "bond0"
    mode: str = "802.3ad"
    lacp_rate: str = "fast"
    hash_policy: str = "layer3+4"
    miimon_ms: int = 100
    mtu: int = 9000


@dataclass(frozen=True)
class Install:
    """What is installed on one server. `disk_gb` and `disk_count` are decimal gigabytes and number of the disks the
    system disk is one of; `tagged_vlan` is None where the switch port is untagged."""

    host: str
    fqdn: str
    os: str
    url: str
    disk_gb: int
    disk_count: int
    layout: tuple[Partition, ...]
    bond: Bond
    members: tuple[Member, ...]
    address: str
    netmask: str
    gateway: str | None
    tagged_vlan: int | None
    dns: tuple[str, ...]
    ntp: tuple[str, ...]
    root_hash: str = ROOT_HASH
    ssh_key: str = SSH_KEY


def installs(inventory: Inventory, plan: Plan) -> tuple[tuple[Install, ...], tuple[Lacking, ...]]:
    """Every server that can be installed, by name, and what the others lack.

    A server needs an operating system (fleet), a boot server of its site, a system disk in the catalogue, an address
    of its bond, delivered MAC addresses of its cards, and the two secrets by name.
    """
    addresses = {a.device: a for a in plan.addresses if a.plane == "business" and not a.released}
    prefixes = {p.prefix: p for p in plan.prefixes}
    out, lacking = [], []
    secrets = [s for s in (ROOT_HASH, SSH_KEY) if s not in inventory.secrets]
    for name in sorted(d.name for d in plan.devices):
        device = inventory.devices.get(name)
        if device is None or device.role != "server" or not isinstance(device.record, m.Fleet):
            continue
        reasons = [f"secret {s} is not in the inventory" for s in secrets]
        boot = _addresses(inventory, device.site, "boot")
        dns = _addresses(inventory, device.site, "dns")
        ntp = _addresses(inventory, device.site, "ntp")
        disk = _system_disk(inventory, device)
        address = addresses.get(name)
        members, missing = _members(inventory, device)
        if device.record.os is None:
            reasons.append(f"fleet {device.owner} has no os")
        if not boot:
            reasons.append(_without(inventory, device.site, "boot", "boot"))
        if disk is None:
            reasons.append(f"{device.type.slug} lists no SSD of known size to install on")
        if address is None:
            reasons.append("no address of a bond in the plan")
        reasons += [f"MAC address of {port} not delivered" for port in missing]
        if not dns:
            lacking.append(
                Lacking(name, f"{_without(inventory, device.site, 'dns', 'name')}: installed without")
            )
        if not ntp:
            lacking.append(
                Lacking(name, f"{_without(inventory, device.site, 'ntp', 'time')}: installed without")
            )
        if reasons or disk is None or address is None or not boot:
            lacking += [Lacking(name, f"not rendered: {reason}") for reason in reasons]
            continue
        domain = inventory.project.dns_domain
        prefix = prefixes.get(address.prefix)
        bond = Bond(address.interface, mtu=int(inventory.policy.number("net.mtu_host")))
        out.append(
            Install(
                name, f"{name}.{domain}" if domain else name, str(device.record.os),
                f"http://{boot[0]}/{device.record.os}", disk[0], disk[1], LAYOUT, bond, members, address.address,
                str(ipaddress.IPv4Network(address.prefix).netmask), prefix.gateway if prefix else None, None, dns, ntp,
            )
        )  # fmt: skip
    return tuple(out), tuple(lacking)


def render(install: Install, templates: Path = TEMPLATES) -> str:
    """The kickstart file. Raises ValueError for an operating system without a template, or a value that would end
    its line."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    if not (templates / f"{install.os}.ks.j2").is_file():
        raise ValueError(f"no template for operating system {install.os}")
    for value in _texts(install):
        if re.search(r"[\s\"'$`\\]", value):
            raise ValueError(f"{install.host}: {value!r} cannot stand in a kickstart file")
    environment = Environment(  # noqa: S701 - plain text, checked above
        loader=FileSystemLoader(templates), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template(f"{install.os}.ks.j2").render(install=install)


def ipxe(install: Install) -> str:
    """The script with which iPXE starts the installer of one server: kernel and first files from the tree of its
    operating system, the kickstart file from beside (tree layout of the Red Hat installer, as its three relatives
    have it). The installer asks DHCP again on the card it was started from. A line that fails ends the script."""
    server = install.url.removesuffix(f"/{install.os}")
    return (
        f"#!ipxe\n# {install.host}: written by Rackwright from the plan; edit the inventory instead.\n"
        f"kernel {install.url}/images/pxeboot/vmlinuz initrd=initrd.img inst.repo={install.url}"
        f" inst.ks={server}/install/{install.host}.ks ip=dhcp BOOTIF=01-${{netX/mac:hexhyp}}\n"
        f"initrd {install.url}/images/pxeboot/initrd.img\nboot\n"
    )


def filled(text: str, value: Callable[[str], str]) -> str:
    """The kickstart file with its secrets put in; `value` gives each by name. Raises ValueError, which names the secret
    and never its value, for one that would end its line or its quotes, and for a root password that is no hash."""

    def put(found: re.Match[str]) -> str:
        given = value(found[1]).strip()
        if re.search(r"[\r\n\"\\]", given):
            raise ValueError(f"secret {found[1]} has a character that cannot stand in a kickstart file")
        start = text.rfind("\n", 0, found.start()) + 1
        if text.startswith("rootpw", start) and not HASH.fullmatch(given):
            raise ValueError(f"secret {found[1]} is no hash of a password: make one with openssl passwd -6")
        return given

    return SECRET.sub(put, text)


def parse(text: str) -> Install:
    """The installation a rendered file describes. Raises ValueError when a part of it is missing."""
    lines = text.splitlines()

    def words(start: str) -> list[str]:
        found = [shlex.split(line) for line in lines if line.startswith(start)]
        if len(found) != 1:
            raise ValueError(f"expected one line `{start}`, found {len(found)}")
        return found[0]

    def variable(name: str) -> str:
        return words(f"{name}=")[0].partition("=")[2]

    url = _option(words("url "), "--url")
    network = words("network --bootproto")
    bond = dict(pair.split("=", 1) for pair in _option(network, "--bondopts").split(","))
    layout = []
    for line in lines:
        part = line.split()
        if part[:1] == ["part"] and not part[1].startswith("pv."):
            layout.append(Partition(part[1], _option(part, "--fstype"), int(_option(part, "--size"))))
        elif part[:1] == ["logvol"]:
            layout.append(
                Partition(
                    part[1], _option(part, "--fstype"), int(_option(part, "--size")), _option(part, "--name")
                )
            )
    vlan = _optional(network, "--vlanid")
    return Install(
        lines[0].removeprefix("# ").partition(":")[0],
        _option(words("network --hostname"), "--hostname"),
        url.rpartition("/")[2],
        url,
        int(variable("DISK_GB")),
        int(variable("DISK_COUNT")),
        tuple(layout),
        Bond(
            _option(network, "--device"), bond["mode"], bond["lacp_rate"], bond["xmit_hash_policy"], int(bond["miimon"]),
            int(_option(network, "--mtu")),
        ),
        tuple(Member(*member.split("=", 1)) for member in variable("MEMBERS").split()),
        _option(network, "--ip"),
        _option(network, "--netmask"),
        _optional(network, "--gateway"),
        int(vlan) if vlan else None,
        _listed(_optional(network, "--nameserver")),
        _listed(_optional(words("timezone "), "--ntpservers")),
        _reference(words("rootpw ")[-1]),
        _reference(words("sshkey ")[-1]),
    )  # fmt: skip


def _texts(install: Install) -> list[str]:
    return [
        install.host, install.fqdn, install.os, install.url, install.bond.name, install.bond.mode, install.bond.lacp_rate,
        install.bond.hash_policy, install.address, install.netmask, install.gateway or "", *install.dns, *install.ntp,
        install.root_hash, install.ssh_key, *(x for member in install.members for x in (member.port, member.mac)),
        *(x for part in install.layout for x in (part.mount, part.fstype, part.volume)),
    ]  # fmt: skip


def _addresses(inventory: Inventory, site: str | None, kind: m.ServerKind) -> tuple[str, ...]:
    return tuple(server.address for server in inventory.servers(kind, site) if server.address)


def _without(inventory: Inventory, site: str | None, kind: m.ServerKind, word: str) -> str:
    """Why there is no server of a kind: nobody listed one, or nobody has said its address."""
    names = [server.name for server in inventory.servers(kind, site)]
    if names:
        return f"address of {word} server {', '.join(names)} is not known"
    return f"no {word} server in management_servers"


def _system_disk(inventory: Inventory, device: Device) -> tuple[int, int] | None:
    """Decimal gigabytes and number of the smallest flash disks; None: none of known size."""
    sizes: dict[int, int] = {}
    for use in device.type.rackwright.components:
        part = inventory.catalog.components[use.part]
        if part.kind == "disk" and part.media in ("ssd", "nvme") and part.tb:
            size = round(part.tb * 1000)
            sizes[size] = sizes.get(size, 0) + use.count
    return min(sizes.items()) if sizes else None


def _members(inventory: Inventory, device: Device) -> tuple[tuple[Member, ...], list[str]]:
    """Cards of the bond with their MAC addresses, and ports without one."""
    delivery = inventory.delivered.get(device.name)
    macs: Mapping[str, str | None] = delivery.macs if delivery else {}
    ports = [i.name for i in device.type.interfaces if not i.mgmt_only]
    known = tuple(Member(port, mac) for port in ports if (mac := macs.get(port)))
    return known, [port for port in ports if not macs.get(port)]


def _optional(words: Sequence[str], name: str) -> str | None:
    return next((w.partition("=")[2] for w in words if w.startswith(name + "=")), None)


def _option(words: Sequence[str], name: str) -> str:
    found = _optional(words, name)
    if found is None:
        raise ValueError(f"`{' '.join(words)}` has no {name}")
    return found


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _reference(text: str) -> str:
    found = re.fullmatch(r"%secret:([-a-z0-9_]+)%", text)
    if not found:
        raise ValueError("a password or key stands in the text itself")
    return found[1]
