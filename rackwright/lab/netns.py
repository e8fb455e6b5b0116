"""Network namespaces and the wires between them, made and removed in bulk. Never touches the machine's own network.

Every call names a namespace; commands are argument lists, never shell text. Needs root and iproute2.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
"""All frames (packet(7))."""
RUN = Path("/run/netns")
PACKAGES = {
    "ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux", "sysctl": "procps", "lldpd": "lldpd",
    "lldpcli": "lldpd", "sshd": "openssh-server", "ssh": "openssh-client", "ssh-keygen": "openssh-client",
    "nft": "nftables", "vtysh": "frr", "zebra": "frr", "bgpd": "frr", "bfdd": "frr",
    "ovs-vswitchd": "openvswitch-switch", "ovsdb-server": "openvswitch-switch", "ethtool": "ethtool", "ping": "iputils-ping",
}  # fmt: skip
"""Program -> Debian package."""
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """The lab could not be made or changed; the message says which step and what the system said."""


def missing_capabilities(programs: Sequence[str]) -> list[str]:
    """What this machine lacks for a lab, in words: root, namespaces, programs with their Debian package. Empty when
    it can."""
    from shutil import which

    out = []
    if os.geteuid() != 0:
        out.append("root: it makes network namespaces (run it with sudo)")
    elif not _may_make_namespaces():
        out.append("the right to make network namespaces (CAP_SYS_ADMIN): this root does not have it")
    for name in programs:
        if which(name) is None and not Path("/usr/sbin", name).exists():
            package = PACKAGES.get(Path(name).name)
            out.append(f"the program {name}" + (f" (Debian package {package})" if package else ""))
    if any(item.startswith("the program") for item in out):
        out.append("run scripts/lab-packages.sh, which installs them all and starts nothing")
    return out


def _may_make_namespaces() -> bool:
    done = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)  # noqa: S607
    return done.returncode == 0


def ip(*arguments: str, check: bool = True) -> str:
    """Output of one ip command. Raises LabError when it fails."""
    return _run(["ip", *arguments], check=check)


def ip_batch(lines: Iterable[str], namespace: str | None = None, *, force: bool = False) -> None:
    """Run many ip commands in one process. Raises LabError at the first that fails; `force` goes on instead."""
    text = "\n".join(lines)
    if not text:
        return
    command = [
        "ip",
        *(("-n", namespace) if namespace else ()),
        *(("-force",) if force else ()),
        "-batch",
        "-",
    ]
    done = subprocess.run(command, input=text + "\n", capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode and not force:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip()}")


def in_namespace(namespace: str, *command: str, check: bool = True, stdin: str | None = None) -> str:
    """Output of a command run in a namespace."""
    return _run(["ip", "netns", "exec", namespace, *command], check=check, stdin=stdin)


def namespaces(prefix: str) -> list[str]:
    """Names of the namespaces that begin so, sorted."""
    return sorted(p.name for p in RUN.glob(f"{prefix}*")) if RUN.is_dir() else []


def pids_in(names: Sequence[str]) -> list[int]:
    """Processes that live in any of these namespaces."""
    inodes = set()
    for name in names:
        with contextlib.suppress(OSError):
            inodes.add((RUN / name).stat().st_ino)
    out = []
    for entry in Path("/proc").iterdir() if inodes else ():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "ns/net").stat().st_ino in inodes:
                    out.append(int(entry.name))
    return out


def listening_socket(namespace: str, address: str, port: int) -> socket.socket:
    """A socket that listens inside a namespace, for use outside. Call it from the main thread.

    Raises OSError when the namespace is gone or the address is not there.
    """
    with _inside(namespace):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(100)
        return listener


def frame_socket(namespace: str, *, receives: bool) -> socket.socket:
    """A socket for whole Ethernet frames on every interface of a namespace, for use outside. Call it from the main
    thread. Raises OSError when the namespace is gone."""
    with _inside(namespace):
        kind = socket.ntohs(ETH_P_ALL) if receives else 0
        return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, kind)


@contextlib.contextmanager
def _inside(namespace: str) -> Iterator[None]:
    """This thread lives in the namespace meanwhile: what it opens there stays there."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open(str(RUN / namespace), os.O_RDONLY)
    try:
        _setns(other)
        try:
            yield
        finally:
            _setns(own)
    finally:
        os.close(own)
        os.close(other)


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _run(command: list[str], *, check: bool = True, stdin: str | None = None) -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)  # noqa: S603
    if check and done.returncode:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def unmount(point: str) -> None:
    """Detach a mount, now or as soon as nothing uses it."""
    _run(["umount", "--lazy", point], check=False)
