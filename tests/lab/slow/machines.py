"""Debian systems in a folder, and machines of QEMU: one that runs such a system with a kernel of its own (systemd,
NetworkManager, the bonding driver), and bare ones that start from the network. Interpreted (no KVM), so they run anywhere."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

SUITE = "bookworm"
"""The Debian release of the systems set up here."""
PACKAGES = (
    "busybox-static", "dbus", "dmidecode", "ethtool", "iproute2", "iputils-ping", "kmod", "network-manager",
    "openssh-server", "python3", "systemd-sysv", "udev",
)  # fmt: skip
MODULES = ("virtio_pci", "virtio_blk", "virtio_net")
"""What the kernel needs before it can read the disk, or ask the network; udev loads the rest."""
KERNEL = r"""set -eu
cd "$1"
package=$(chroot . apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
mkdir kernel
chroot . sh -c "cd /kernel && apt-get -qq download $package && dpkg-deb -x $package*.deb . && rm $package*.deb"
mv kernel/lib/modules usr/lib/
mv kernel/boot/vmlinuz-* vmlinuz
rm -r kernel
depmod --basedir "$PWD" "$(ls usr/lib/modules)"
: >etc/machine-id
"""
INIT = """#!/busybox sh
/busybox mkdir -p /dev /proc /disk
/busybox mount -t devtmpfs dev /dev
for module in {modules}; do /busybox insmod /modules/$module; done
until /busybox mount -t ext4 /dev/vda /disk 2>/dev/null; do /busybox sleep 0.1; done
/busybox cp -a /files/. /disk/
/busybox umount /dev
exec /busybox switch_root /disk /sbin/init
"""
QUIET = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_reap.service", "e2scrub_all.timer",
         "fstrim.timer", "systemd-timesyncd.service", "getty@tty1.service")  # fmt: skip
"""Not started in a guest: they only cost time."""
BIOS_CARD = Path("/usr/lib/ipxe/qemu/pxe-virtio.rom")
UEFI, UEFI_VARIABLES = Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
FIRMWARE = {BIOS_CARD: "ipxe-qemu", UEFI: "ovmf", UEFI_VARIABLES: "ovmf"}
"""Files of machines that start from the network, and the Debian packages they are in."""


def leave(reason: str) -> None:
    """Skip with a reason; fail where RACKWRIGHT_CI says that nothing may be skipped."""
    if os.environ.get("RACKWRIGHT_CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    """Where a program is."""
    return shutil.which(name) or f"/usr/sbin/{name}"


def debian(root: Path, packages: Sequence[str] = (), *options: str) -> None:
    """Set up a Debian system with these packages in a folder. Skips (fails in CI) when Debian cannot be reached."""
    wanted = [f"--include={','.join(packages)}"] if packages else []
    done = subprocess.run(
        [
            "mmdebstrap", "--mode=root", "--variant=apt", '--aptopt=Apt::Install-Recommends "false"',
            "--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
            *wanted, *options, SUITE, str(root),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        leave(f"no Debian system could be set up: {done.stderr[-800:]}")


@dataclass(frozen=True)
class System:
    """A Debian system as a disk image, and what starts it."""

    folder: Path

    @property
    def disk(self) -> Path:
        """ext4, read by many guests at once, written by none."""
        return self.folder / "disk.img"

    @property
    def kernel(self) -> Path:
        """Debian's kernel."""
        return self.folder / "vmlinuz"

    @property
    def modules(self) -> str:
        """Files of MODULES and of what they need, in the order they are loaded."""
        return (self.folder / "order").read_text()

    @property
    def host_key(self) -> str:
        """Type and public key of its SSH server."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])


def system(cache: Path) -> System:
    """The guest's system; set up once for a list of packages, then taken from the cache."""
    mark = hashlib.sha256(repr((SUITE, PACKAGES, MODULES, KERNEL, QUIET)).encode()).hexdigest()[:12]
    made, root = System(cache / f"guest-{mark}"), cache / f"guest-{mark}.{os.getpid()}"
    if made.folder.is_dir():
        return made
    out = cache / f"guest-{mark}.{os.getpid()}.out"
    try:
        out.mkdir(parents=True)
        hook = out / "kernel.sh"
        hook.write_text(KERNEL)
        debian(root, PACKAGES, f'--customize-hook=sh {hook} "$1"')
        for unit in QUIET:
            (root / "etc/systemd/system" / unit).unlink(missing_ok=True)
            (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
        (root / "vmlinuz").rename(out / "vmlinuz")
        shutil.copy(root / "etc/ssh/ssh_host_ed25519_key.pub", out / "host_key.pub")
        shutil.copy(root / "bin/busybox", out / "busybox")
        (out / "modules").mkdir()
        names = []
        for path in insmods(root):
            names.append(path.name)
            shutil.copy(path, out / "modules" / path.name)
        (out / "order").write_text(" ".join(names))
        size_mb = sum(f.lstat().st_size for f in root.rglob("*")) // 10**6 + 300
        subprocess.run(
            ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", str(root), str(out / "disk.img"), f"{size_mb}M"],
            check=True, capture_output=True,
        )  # fmt: skip
        out.rename(made.folder)
    finally:
        for rest in (root, out):
            shutil.rmtree(rest, ignore_errors=True)
    return made


def insmods(root: Path) -> list[Path]:
    """The files of MODULES with what they need, in the order they are loaded."""
    version = next((root / "usr/lib/modules").iterdir()).name
    found: dict[Path, None] = {}
    for module in MODULES:
        text = subprocess.run(
            ["chroot", str(root), "modprobe", "-S", version, "--show-depends", module],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        found |= dict.fromkeys(root / line.split()[1].lstrip("/") for line in text.splitlines())
    return list(found)


def initrd(system: System, folder: Path, files: Mapping[str, str], init: str = INIT) -> Path:
    """A first root with the drivers, these files (path -> text, all private) below /files, and `init`, which as it is
    puts them into the guest and goes on."""
    tree, out = folder / "initrd", folder / "initrd.cpio"
    shutil.copytree(system.folder / "modules", tree / "modules")
    shutil.copy(system.folder / "busybox", tree / "busybox")
    (tree / "init").write_text(init.replace("{modules}", system.modules))
    (tree / "init").chmod(0o755)
    for path, text in files.items():
        file = tree / "files" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o600)
    names = "\n".join(sorted(str(p.relative_to(tree)) for p in tree.rglob("*")))
    with out.open("wb") as file_out:
        subprocess.run(
            ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"],
            input=names.encode(), stdout=file_out, cwd=tree, check=True,
        )  # fmt: skip
    shutil.rmtree(tree)
    return out


def command(
    system: System,
    first: Path,
    taps: Mapping[str, str],
    *options: str,
    console: Path,
    monitor: Path,
    memory_mb: int = 512,
) -> list[str]:
    """The command that runs a guest: `taps` (device of the machine -> MAC address of the card on it). What the guest
    writes to its disk is gone with it. `monitor`: socket (a short path) for `order`."""
    words = [
        program("qemu-system-x86_64"), "-accel", "tcg", "-m", str(memory_mb), "-display", "none", "-no-reboot", "-monitor", f"unix:{monitor},server=on,wait=off",
        "-serial", f"file:{console}", "-kernel", str(system.kernel), "-initrd", str(first),
        "-append", "console=ttyS0 quiet net.ifnames=0 mitigations=off",
        "-drive", f"file={system.disk},format=raw,if=virtio,snapshot=on", "-object", "rng-random,id=r,filename=/dev/urandom",
        "-device", "virtio-rng-pci,rng=r", *options,
    ]  # fmt: skip
    off = ",".join(
        f"{name}=off"
        for name in (
            "csum", "gso", "guest_csum", "guest_tso4", "guest_tso6", "guest_ufo", "guest_ecn", "host_tso4", "host_tso6",
            "host_ufo",
        )
    )  # fmt: skip
    for number, (tap, mac) in enumerate(taps.items()):
        words += [
            "-netdev", f"tap,id=n{number},ifname={tap},script=no,downscript=no",
            # without a speed LACP leaves the card out; Open vSwitch in userspace takes no offloading
            "-device", f"virtio-net-pci,netdev=n{number},mac={mac},speed=10000,duplex=full,romfile=,{off}",
        ]  # fmt: skip
    return words


def bios(folder: Path, tap: str, mac: str) -> list[str]:
    """The command that runs a machine with a BIOS; its card has iPXE as its own firmware. {boot} is for the letter of
    what it starts from. What it writes to its serial line is `console` of the folder."""
    return [*_bare(folder, tap, f"mac={mac},romfile={BIOS_CARD}"), "-boot", "{boot}"]


def uefi(folder: Path, tap: str, mac: str) -> list[str]:
    """The same with UEFI, which has a network stack of its own, not iPXE; it starts from the network first."""
    shutil.copy(UEFI_VARIABLES, folder / "variables.fd")
    flash = "if=pflash,format=raw,file="
    return [
        *_bare(folder, tap, f"mac={mac},romfile=,bootindex=1"), "-machine", "q35",
        "-drive", f"{flash}{UEFI},readonly=on", "-drive", f"{flash}{folder / 'variables.fd'}",
    ]  # fmt: skip


def _bare(folder: Path, tap: str, card: str) -> list[str]:
    """A machine that has only its firmware, and one card."""
    return [
        program("qemu-system-x86_64"), "-accel", "tcg", "-m", "768", "-display", "none", "-monitor", "none",
        "-machine", "graphics=off", "-serial", f"file:{folder / 'console'}",
        "-netdev", f"tap,id=n0,ifname={tap},script=no,downscript=no",
        # Debian's iPXE is for cards without the old form of virtio
        "-device", f"virtio-net-pci,netdev=n0,disable-legacy=on,{card}",
    ]  # fmt: skip


def order(monitor: Path, line: str) -> None:
    """Give QEMU an order, as typed at its monitor."""
    with socket.socket(socket.AF_UNIX) as talk:
        talk.settimeout(30)
        talk.connect(str(monitor))
        for text in ("", f"{line}\n"):
            talk.sendall(text.encode())
            heard = b""
            while not heard.rstrip().endswith(b"(qemu)"):
                heard += talk.recv(4096)
